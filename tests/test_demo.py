"""The demo plays the whole storyline through the real cycle, and leaves a store that the commands can look into."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from lxml import html as lxml_html

from pipeline import articles, cli, demo, feeds
from pipeline.model import ChangeKind, Feed, Page

K = ChangeKind
LATER = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> demo.Played:
    return demo.play(tmp_path_factory.mktemp("demo") / "here")


def test_the_storyline_has_what_it_promises() -> None:
    story = demo.storyline()
    assert len(story.articles) >= 8 and len(story.papers) == 3
    assert (story.days[-1] - story.days[0]).days > 300
    bodies = [a.body for a in story.articles]
    copies = [(a, b) for a in story.articles for b in story.articles if a.slug != b.slug and a.body in b.body]
    assert len(copies) == 2 and all(a.paper != b.paper and a.day < b.day for a, b in copies), "two copies on another publisher"
    assert any("Correction" in a.title for a in story.articles)
    assert sum("Alliance" not in b and "Pact" not in b and "Charter" not in b for b in bodies) == 1, "one article is beside the point"


def test_every_page_is_a_whole_page_that_reads_as_its_article() -> None:
    story = demo.storyline()
    press = demo.Press(story, "http://127.0.0.1:1")
    press.today = story.days[-1]
    for told in story.articles:
        status, content_type, body = press.answer(told.path)
        url = press.base + told.path
        article = articles.parse(Page(url, url, status, (("content-type", content_type),), body, LATER))
        assert article.title == told.title and article.published == told.published and article.url == url
        assert article.site == told.paper.name
        for paragraph in lxml_html.fromstring(f"<div>{told.body}</div>").iter("p", "li"):
            assert " ".join(paragraph.text_content().split()) in " ".join(article.text.split()).replace("• ", "")
        assert not re.search(r"newsletter|cookie|Subscribe|send a tip|Crossword", article.text)


def test_feeds_of_three_kinds_grow_day_by_day() -> None:
    story = demo.storyline()
    press = demo.Press(story, "http://127.0.0.1:1")
    listed = []
    for press.today in (date(2024, 12, 31), date(2025, 6, 30), date(2025, 12, 31)):
        found = []
        for paper in story.papers:
            url = f"http://127.0.0.1:1/{paper.slug}/feed"
            status, content_type, body = press.answer(f"/{paper.slug}/feed")
            page = Page(url, url, status, (("content-type", content_type),), body, LATER)
            parsed = feeds.parse(page, Feed(paper.name, url))
            assert parsed.title == paper.name and not parsed.partial
            found += parsed.entries
        listed.append({e.guid for e in found})
        assert all(e.published and e.published.date() <= press.today for e in found)
        assert all(press.answer(e.url.removeprefix(press.base))[0] == 200 for e in found)
    assert not listed[0] and listed[0] < listed[1] < listed[2] and len(listed[2]) == len(story.articles)
    assert press.answer("/robots.txt")[0] == 200 and press.answer("/nothing")[0] == 404


def test_what_is_not_printed_yet_is_not_served() -> None:
    story = demo.storyline()
    press = demo.Press(story, "http://127.0.0.1:1")
    press.today = story.days[0]
    assert press.answer(story.articles[0].path)[0] == 200
    assert press.answer(story.articles[-1].path)[0] == 404


def told_on(played: demo.Played, day: str) -> set[tuple[str, str | None]]:
    return {
        (c.kind.value, c.member.name if c.member else None) for d, report in played.reports if d.isoformat() == day for c in report.changes
    }


def test_every_day_is_read_without_a_failure(played: demo.Played) -> None:
    assert [day for day, _ in played.reports] == list(demo.storyline().days)
    for _, report in played.reports:
        assert not report.failures and report.new == report.parsed == 1


def test_the_launch_the_joining_and_the_exit_are_told(played: demo.Played) -> None:
    launch = told_on(played, "2025-01-14")
    assert (K.COALITION_FORMED, None) in launch
    founders = {"Corvane Motors", "Lumen Cell", "Ostra Mining", "Tessaly Institute"}
    assert {name for kind, name in launch if kind == K.MEMBER_JOINED} == founders
    assert {name for kind, name in launch if kind == K.ABSENCE_NOTED} == {"Halden Auto", "Brightway Energy"}
    assert told_on(played, "2025-02-20") == {(K.MEMBER_JOINED, "Brightway Energy")}
    assert (K.LEAVE_ANNOUNCED, "Merrowland") in told_on(played, "2025-03-11")
    assert told_on(played, "2025-05-06") == {(K.MEMBER_SUSPENDED, "Ostra Mining")}
    assert told_on(played, "2025-07-01") == {(K.MEMBER_LEFT, "Merrowland")}
    assert {name for _, name in told_on(played, "2025-09-23")} == {"Halden Auto", "Pell Logistics", "Sunder Steel"}


@pytest.mark.parametrize("day", ["2025-01-15", "2025-04-08", "2025-05-07", "2025-08-19"])
def test_copies_the_recap_and_the_storm_tell_nothing(played: demo.Played, day: str) -> None:
    assert told_on(played, day) == set()


def test_the_correction_takes_the_newcomer_back(played: demo.Played) -> None:
    kinds = {kind for kind, name in told_on(played, "2025-09-25") if name == "Sunder Steel"}
    assert kinds & {K.CLAIM_CORRECTED, K.CLAIM_DISPUTED}


def test_the_digest_is_of_the_year(played: demo.Played) -> None:
    told = sum(len(report.changes) for _, report in played.reports)
    assert played.digest.changes == told
    assert {g.coalition for g in played.digest.news} == {"Battery Passport Alliance", "Amber Coast Fisheries Pact", "Plain Label Charter"}
    assert all(line.quotes for group in played.digest.news for line in group.lines)


def test_the_store_can_be_looked_into(played: demo.Played, capsys: pytest.CaptureFixture[str]) -> None:
    for words in demo.NEXT_COMMANDS:
        args = [w.strip('"') for w in re.findall(r'"[^"]*"|\S+', words)]
        assert cli.main(["--config", str(played.config), *args]) == cli.DONE
        assert "Ostra Mining" in capsys.readouterr().out


def test_a_folder_with_a_demo_is_left_alone(played: demo.Played, capsys: pytest.CaptureFixture[str]) -> None:
    before = played.store.read_bytes()
    assert cli.main(["demo", "--keep", str(played.store.parent)]) == cli.FAILED
    assert "empty folder" in capsys.readouterr().err and played.store.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert cli.main(["demo", "--keep", str(tmp_path / "file" / "inside")]) == cli.FAILED
    assert capsys.readouterr().err.count("\n") == 1


def test_the_command_ends_with_the_digest_and_where_to_look(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["demo", "--keep", str(tmp_path / "a")]) == cli.DONE
    out = capsys.readouterr().out
    assert out.startswith("Who joined, who left") and str(tmp_path / "a" / "demo.db") in out
    assert out.count("pipeline --config") == 2
    assert cli.main(["demo", "--keep", str(tmp_path / "b"), "--json"]) == cli.DONE
    document = json.loads(capsys.readouterr().out)
    assert document["digest"]["changes"] > 10 and Path(document["store"]).exists()
