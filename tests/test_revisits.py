"""Pages that are read again: what was corrected, or taken down, without a word in the feed, on real HTTP and in a real store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline import cycle, revisiting
from pipeline.digest import describe
from pipeline.fetch.archive import Replay
from pipeline.model import Article, ChangeKind
from pipeline.store import Store
from pipeline.text import sketch
from tests.test_cycle import DAY, EXIT, FOUNDED, LAUNCH, NOW, Desk, kinds, page, rss
from tests.web import Answer, Asked, Site

HOUR = timedelta(hours=1)
TITLE = "Carriers found Harbour Data Compact"
TAKEN_BACK = [(str(ChangeKind.CLAIM_CORRECTED), member) for _, member in FOUNDED]
EDITED = tuple(p.replace("was launched on Tuesday by", "may be launched by") for p in LAUNCH)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Site() as site:
        site.put("/robots.txt", "User-agent: *\nAllow: /\n", type="text/plain")
        site.put("/feed.xml", rss(), type="application/rss+xml")
        yield Desk(site, tmp_path)


def launch(desk: Desk, now: datetime = NOW, at: datetime = DAY) -> None:
    desk.publish("launch", TITLE, LAUNCH, at)
    assert kinds(desk.run(now)) == FOUNDED


def asked(desk: Desk, path: str = "/launch.html") -> int:
    return len(desk.site.asked(path))


def revise(desk: Desk, *paragraphs: str, title: str = TITLE) -> None:
    """Changes the page, and nothing in the feed."""
    desk.site.put("/launch.html", page(title, paragraphs))


def gone(desk: Desk, path: str = "/launch.html", status: int = 410) -> None:
    desk.site.put(path, "It is gone.", status=status)


def living(desk: Desk) -> int:
    with desk.store() as store:
        return len(store.evidence_about(["harbour data compact"]))


def waiting(desk: Desk) -> list[tuple[str, str | None]]:
    with desk.store() as store:
        return [(r["due"], r["gone_since"]) for r in store.query("SELECT due, gone_since FROM revisits ORDER BY article")]


def test_a_correction_that_no_feed_tells_of_is_found_and_told(desk: Desk) -> None:
    launch(desk)
    revise(desk, *EDITED)
    assert desk.run(NOW + 5 * HOUR).revisited == 0
    report = desk.run(NOW + 6 * HOUR)
    assert (report.revisited, report.edited, report.parsed) == (1, 1, 1) and kinds(report) == TAKEN_BACK
    assert report.as_json()["revisits"] == {"asked": 1, "edited": 1, "taken_down": 0}
    with desk.store() as store:
        assert store.query("SELECT version, taken_down FROM articles") == [{"version": 2, "taken_down": None}]
        assert store.query("SELECT * FROM current_membership") == []
    assert not any(c.taken_down for c in report.changes)


def test_a_page_is_read_again_a_few_times_at_growing_distances(desk: Desk) -> None:
    launch(desk)
    looks = (1, 5, 6, 7, 23, 24, 25, 71, 72, 73, 167, 168, 169, 336, 500)
    times = [hour for hour in looks if desk.run(NOW + hour * HOUR, everything=False).revisited]
    assert times == [6, 24, 72, 168]
    assert asked(desk) == 5 and waiting(desk) == []
    assert len(desk.gold.read) == 1, "what did not change is not read for claims again"


def test_what_was_missed_is_asked_for_once_and_a_restart_forgets_nothing(desk: Desk) -> None:
    launch(desk)
    assert desk.run(NOW + 100 * HOUR).revisited == 1  # each run opens the store anew
    assert desk.run(NOW + 101 * HOUR).revisited == 0
    assert waiting(desk) == [((NOW + 168 * HOUR).isoformat(), None)]


@pytest.mark.parametrize(
    ("published", "words", "read_again"),
    [(DAY, LAUNCH, 1), (DAY - timedelta(days=40), LAUNCH, 0), (DAY, ("Nothing is said of any body here.", LAUNCH[1]), 0)],
    ids=["an article with claims", "an old one", "one without claims"],
)
def test_pages_are_read_again_of_new_articles_that_say_something(
    desk: Desk, published: datetime, words: tuple[str, ...], read_again: int
) -> None:
    desk.publish("launch", TITLE, words, published)
    desk.run()
    assert desk.run(NOW + 7 * HOUR).revisited == read_again


def test_an_article_that_only_the_feed_has_is_not_asked_for_again(desk: Desk) -> None:
    desk.publish("launch", TITLE, LAUNCH)
    desk.site.put("/feed.xml", rss(*desk.entries, text=LAUNCH[0]), type="application/rss+xml")
    gone(desk)
    assert kinds(desk.run()) == FOUNDED
    assert [desk.run(NOW + hours * HOUR).revisited for hours in (7, 30, 80)] == [0, 0, 0]
    assert living(desk) == 4


def validated(body: str, headers: dict[str, str]) -> Callable[[Asked], Answer]:
    def answer(request: Asked) -> Answer:
        same = request.headers.get("if-none-match") == headers.get("ETag", "-")
        same = same or request.headers.get("if-modified-since") == headers.get("Last-Modified", "-")
        return Answer(b"" if same else body.encode(), 304 if same else 200, {"Content-Type": "text/html", **headers})

    return answer


@pytest.mark.parametrize(
    ("headers", "sent"),
    [
        ({"ETag": '"1"'}, {"if-none-match": '"1"'}),
        ({"Last-Modified": "Tue, 05 Mar 2024 08:00:00 GMT"}, {"if-modified-since": "Tue, 05 Mar 2024 08:00:00 GMT"}),
        ({}, {}),
    ],
    ids=["an ETag", "a date", "its bytes"],
)
def test_a_page_is_asked_whether_it_changed_and_at_last_without_conditions(
    desk: Desk, headers: dict[str, str], sent: dict[str, str]
) -> None:
    desk.publish("launch", TITLE, LAUNCH)
    desk.site.on("/launch.html", validated(page(TITLE, LAUNCH), headers))
    desk.run()
    for hours in (6, 24, 72, 168):
        report = desk.run(NOW + hours * HOUR)
        assert (report.revisited, report.edited, report.changes) == (1, 0, ())
        with desk.store() as store:
            assert store.query("SELECT DISTINCT last_seen FROM evidence") == [{"last_seen": (NOW + hours * HOUR).isoformat()}]
    conditions = [{k: v for k, v in a.headers.items() if k.startswith("if-")} for a in desk.site.asked("/launch.html")]
    assert conditions == [{}, sent, sent, sent, {}]


WALL = "Subscribe to continue reading."
BROKEN: dict[str, Callable[[Desk], object]] = {
    "a server that fails": lambda desk: gone(desk, status=503),
    "a page that is not found": lambda desk: gone(desk, status=404),
    "a page that is forbidden": lambda desk: gone(desk, status=403),
    "an empty page": lambda desk: desk.site.put("/launch.html", ""),
    "no page": lambda desk: desk.site.put("/launch.html", "%PDF-1.7", type="application/pdf"),
    "a request for consent": lambda desk: revise(desk, "We use cookies. Accept all cookies to go on.", title="Before you continue"),
    "a check for robots": lambda desk: revise(desk, "Checking your browser before you go on.", title="Just a moment"),
    "a wall": lambda desk: revise(desk, LAUNCH[1], WALL),
    "a page that is far shorter": lambda desk: revise(desk, "Tamsin Roe leads Altera Lines."),
    "another article": lambda desk: revise(desk, *EXIT, *EXIT, title="Altera leaves"),
    "the front page": lambda desk: (
        desk.site.redirect("/launch.html", desk.site.url("/")),
        desk.site.put("/", page("The Wire", [f"Headline number {n} of the day tells of other things." for n in range(20)])),
    ),
    "what robots may not read": lambda desk: desk.site.put("/robots.txt", "User-agent: *\nDisallow: /launch\n", type="text/plain"),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_what_is_no_correction_does_no_harm(desk: Desk, broken: str) -> None:
    launch(desk)
    BROKEN[broken](desk)
    for hours in (6, 24, 72, 168, 200):
        report = desk.run(NOW + hours * HOUR)
        assert (report.changes, report.edited, report.taken_down, report.failures) == ((), 0, 0, ())
        assert report.revisited == (hours < 200) == bool(report.skipped)
    assert living(desk) == 4
    with desk.store() as store:
        assert store.query("SELECT version, taken_down FROM articles") == [{"version": 1, "taken_down": None}]


def test_after_a_broken_answer_a_correction_is_still_found(desk: Desk) -> None:
    launch(desk)
    gone(desk, status=503)
    desk.run(NOW + 6 * HOUR)
    revise(desk, *EDITED)
    assert kinds(desk.run(NOW + 24 * HOUR)) == TAKEN_BACK


def test_a_page_of_a_site_that_asks_to_be_left_alone_waits(desk: Desk) -> None:
    launch(desk)
    desk.site.put("/launch.html", "Later.", status=503, headers={"Retry-After": str(30 * 3600)})
    assert desk.run(NOW + 6 * HOUR).revisited == 1
    assert desk.run(NOW + 25 * HOUR, everything=False).revisited == 0
    revise(desk, *EDITED)
    assert kinds(desk.run(NOW + 37 * HOUR, everything=False)) == TAKEN_BACK


def test_so_many_pages_of_a_site_are_asked_for_in_one_cycle(desk: Desk) -> None:
    for n in range(6):
        desk.publish(f"launch{n}", f"{TITLE} {n}", (*LAUNCH, " ".join(f"word{n}x{k}" for k in range(200))))
    desk.run()
    assert [desk.run(NOW + 6 * HOUR + n * timedelta(minutes=1), everything=False).revisited for n in range(3)] == [4, 2, 0]


def test_an_edit_of_an_edit_is_found_and_is_asked_for_no_more_often(desk: Desk) -> None:
    launch(desk)
    found = []
    for hours in (6, 24, 72, 168, 336):
        revise(desk, *LAUNCH, f"At {hours} o'clock the office had nothing to add.")
        report = desk.run(NOW + hours * HOUR)
        found.append((report.revisited, report.edited, report.changes))
    assert found == [(1, 1, ())] * 4 + [(0, 0, ())]
    assert living(desk) == 4


def test_a_page_that_is_gone_for_good_is_taken_down_when_it_is_said_twice(desk: Desk) -> None:
    launch(desk)
    gone(desk)
    first = desk.run(NOW + 6 * HOUR)
    assert (first.changes, first.skipped) == ((), {"pages that are said to be gone": 1}) and living(desk) == 4
    assert waiting(desk) == [((NOW + 30 * HOUR).isoformat(), (NOW + 6 * HOUR).isoformat())]
    assert desk.run(NOW + 29 * HOUR).revisited == 0
    report = desk.run(NOW + 30 * HOUR)
    assert (report.taken_down, report.edited) == (1, 0) and kinds(report) == TAKEN_BACK
    assert {describe(c) for c in report.changes if c.member and c.member.name == "Altera Lines"} == {
        "Altera Lines was reported as a member; that is taken back (its article was taken down by the publisher)"
    }
    assert {e.quote for c in report.changes for e in c.evidence} == {"was launched on Tuesday by"}
    assert living(desk) == 0 and waiting(desk) == []
    with desk.store() as store:
        assert store.changes()[4:] == report.changes, "it is told the same from the store"
        assert LAUNCH[0] in str(store.query("SELECT text FROM articles")) and store.query("SELECT count(*) AS n FROM claims") == [{"n": 4}]
        assert len(store.evidence_about(["harbour data compact"], known_at=NOW + 29 * HOUR)) == 4
        assert store.query("SELECT * FROM current_membership") == []
        assert store.detected_before("newer") == (), "no newer detector reads it back in"
    assert desk.run(NOW + 60 * HOUR).revisited == 0


def test_what_another_article_says_as_well_stands_when_one_is_taken_down(desk: Desk) -> None:
    desk.publish("other", "Port data", (LAUNCH[0], EXIT[1]), DAY + HOUR)
    launch_url = desk.publish("launch", TITLE, LAUNCH)
    desk.run()
    gone(desk)
    reports = [desk.run(NOW + hours * HOUR) for hours in (6, 30)]
    assert [(r.taken_down, r.changes) for r in reports] == [(0, ()), (1, ())]
    with desk.store() as store:
        assert {e.article for e in store.evidence_about(["harbour data compact"])} == {desk.site.url("/other.html")} != {launch_url}
        assert len(store.query("SELECT * FROM current_membership")) == 3


@pytest.mark.parametrize(
    ("then", "changed"),
    [(404, False), (503, False), (200, False), (410, True)],
    ids=["not found", "a failure", "the page is back", "gone again"],
)
def test_only_the_same_answer_confirms_that_a_page_is_gone(desk: Desk, then: int, changed: bool) -> None:
    launch(desk)
    gone(desk)
    desk.run(NOW + 6 * HOUR)
    desk.site.put("/launch.html", page(TITLE, LAUNCH), status=then)
    report = desk.run(NOW + 30 * HOUR)
    assert bool(report.changes) is changed
    assert [since is not None for _, since in waiting(desk)] == ([] if changed else [then != 200])


def test_a_page_is_asked_for_where_it_is_and_no_other_site_can_say_that_it_is_gone(desk: Desk) -> None:
    with Site() as clicks, Site() as other:
        desk.publish("launch", TITLE, LAUNCH)
        desk.entries[0] = ("launch", clicks.redirect("/c/1", desk.site.url("/launch.html")), TITLE, DAY)
        desk.site.put("/feed.xml", rss(*desk.entries), type="application/rss+xml")
        assert kinds(desk.run()) == FOUNDED
        clicks.put("/c/1", "The service was ended.", status=410)
        assert desk.run(NOW + 6 * HOUR).skipped == {} and len(clicks.asked("/c/1")) == 1
        desk.site.redirect("/launch.html", other.put("/launch.html", "It is gone.", status=410))
        reports = [desk.run(NOW + hours * HOUR) for hours in (24, 72)]
    assert [r.skipped for r in reports] == [{"pages that could not be read again": 1}] * 2 and living(desk) == 4


def test_a_page_of_which_it_is_never_confirmed_is_let_be(desk: Desk) -> None:
    launch(desk)
    gone(desk)
    desk.run(NOW + 6 * HOUR)
    gone(desk, status=404)
    days = [day for day in (1, 2, 3, 4, 5, 6, 7, 8, 30) if desk.run(NOW + day * 24 * HOUR + 6 * HOUR).revisited]
    assert days == [1, 2, 3, 4, 5, 6, 7] and waiting(desk) == [] and living(desk) == 4


def test_a_server_that_says_so_of_many_pages_retracts_none(desk: Desk) -> None:
    names = [f"launch{n}" for n in range(4)]
    for name in names:
        desk.publish(name, f"{TITLE} {name}", (*LAUNCH, " ".join(f"{name}x{k}" for k in range(200))))
    desk.run()
    for name in names:
        gone(desk, f"/{name}.html")
    reports = [desk.run(NOW + hours * HOUR) for hours in (6, 30, 54)]
    assert [(r.revisited, r.taken_down, r.changes) for r in reports] == [(4, 0, ())] * 3


def test_an_article_that_comes_back_says_again_what_it_said(desk: Desk) -> None:
    launch(desk)
    gone(desk)
    desk.run(NOW + 6 * HOUR)
    desk.run(NOW + 30 * HOUR)
    assert living(desk) == 0
    desk.publish("launch", TITLE, LAUNCH, guid="again")
    report = desk.run(NOW + 40 * HOUR)
    assert report.parsed == 1 and living(desk) == 4
    with desk.store() as store:
        assert store.query("SELECT version, taken_down FROM articles") == [{"version": 1, "taken_down": None}]
        assert len(store.query("SELECT * FROM current_membership")) == 3
        taken_back = [c for c in store.changes() if c.kind is ChangeKind.CLAIM_CORRECTED]
        assert taken_back and all(c.taken_down for c in taken_back), "what was told stays told"


def test_an_alert_that_rested_on_an_article_is_reopened_when_it_is_taken_down(desk: Desk) -> None:
    desk.extra = (
        '[[channels]]\nname = "files"\nfolder = "told"\n[[alerts]]\nname = "all"\nkinds = ["member_joined"]\nchannels = ["files"]\n'
    )
    launch(desk)
    gone(desk)
    desk.run(NOW + 6 * HOUR)
    desk.run(NOW + 30 * HOUR)
    with desk.store() as store:
        assert {a["state"] for a in store.query("SELECT state FROM alerts")} == {"reopened"}
    words = [" ".join(message.markdown.split()) for _, message in desk.told]
    assert any("(its article was taken down by the publisher)" in said and "who took its article down" in said for said in words)


def test_a_page_over_which_the_program_ends_is_let_be_after_some_times(desk: Desk) -> None:
    launch(desk)
    revise(desk, *EDITED)

    class Killed(BaseException):
        pass

    def end(article: Article) -> None:
        raise Killed

    desk.gold.detect = end  # type: ignore[assignment, method-assign]
    times = []
    for hours in (6, 7, 8, 9, 10, 13, 40):
        try:
            desk.run(NOW + hours * HOUR, everything=False)
        except Killed:
            times.append(hours)
    assert times == [6, 7, 9] and waiting(desk) == []


def test_an_archive_is_not_asked_for_what_came_later(desk: Desk, tmp_path: Path) -> None:
    launch(desk)
    before = waiting(desk)
    (tmp_path / "archive").mkdir()
    with desk.parts() as parts:
        report = cycle.run_once(replace(parts, fetcher=Replay(tmp_path / "archive")), NOW + 7 * HOUR)
    assert report.revisited == 0 and waiting(desk) == before


def test_a_clock_that_was_ahead_delays_no_page(desk: Desk) -> None:
    ahead = NOW + timedelta(days=300)
    launch(desk, ahead, ahead)
    with Store.open(desk.folder / "var" / "store.db") as store:
        assert store.mend_clock(NOW)
    assert waiting(desk) == [(NOW.isoformat(), None)]


def article(*words: str) -> Article:
    return Article("https://wire.example/a", "T", " ".join(words))


WORDS = [f"word{n}" for n in range(120)]
NEWER = [f"other{n}" for n in range(120)]


@pytest.mark.parametrize(
    ("found", "why"),
    [
        ((*WORDS, "Correction:", "it", "was", "not"), ""),
        ((*WORDS[:50], *NEWER[:20], *WORDS[70:]), ""),
        ((*WORDS[:80], *NEWER[:40]), ""),
        (WORDS[:70], ""),
        (WORDS[:50], "pages that are far shorter than they were"),
        ((), "pages that are far shorter than they were"),
        (NEWER, "pages that hold another article now"),
        ((*WORDS[:10], *NEWER), "pages that hold another article now"),
    ],
)
def test_an_edit_keeps_most_of_the_words(found: tuple[str, ...], why: str) -> None:
    former = article(*WORDS)
    assert revisiting.why_not_an_edit(former, sketch(former.text), article(*found)) == why


@pytest.mark.parametrize(
    ("days_old", "due"), [(0, timedelta(hours=6)), (30, timedelta(hours=6)), (31, None)], ids=["new", "a month old", "older"]
)
def test_when_a_page_is_read_again_first(days_old: int, due: timedelta | None) -> None:
    read = datetime(2024, 3, 5, tzinfo=UTC)
    assert revisiting.first(read, read - timedelta(days=days_old)) == (read + due if due else None)
