"""Reading stored articles again with a newer detector: what is shown before, what is changed, and that no flood of alerts follows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline import app, config, cycle, doctor, upkeep
from pipeline.fetch import Fetcher
from pipeline.model import Article, Claim, Detection, Event, PartialDate, Quote, Status
from pipeline.redetect import Redetection, redetect
from pipeline.resolve import Identities
from pipeline.store import Store
from tests.test_cycle import DAY, EXIT, LAUNCH, NOW, Desk, rss
from tests.web import Site

ALERTS = '[[channels]]\nname = "desk"\nkind = "file"\nfolder = "told"\n[[alerts]]\nname = "everything"\nchannels = ["desk"]\n'
Said = tuple[str | None, Event, str]
"""Member, event and date."""


class Table:
    """A detector that says of an article what its table has for the words in it."""

    def __init__(self, version: str, table: dict[str, tuple[Said, ...]]) -> None:
        self.version, self.table, self.read = version, table, list[str]()

    def detect(self, article: Article) -> Detection:
        self.read.append(article.url)
        return Detection(
            tuple(
                Claim(
                    "Harbour Data Compact",
                    member,
                    event,
                    Status.COMPLETED,
                    Quote(words, "text", article.text.index(words)),
                    0.9,
                    date=PartialDate.parse(day) if day else None,
                )
                for words, said in self.table.items()
                if words in article.text
                for member, event, day in said
            )
        )


OLDER = {
    "was launched on Tuesday by": ((None, Event.FORMED, ""), ("Norvik Freight", Event.JOINED, ""), ("Tamsin Roe", Event.JOINED, "")),
    "was leaving the Harbour Data Compact": (("Altera Lines", Event.LEFT, ""),),
}
NEWER = {
    "was launched on Tuesday by": (
        (None, Event.FORMED, ""),
        ("Norvik Freight", Event.JOINED, "2024-03-05"),
        ("Port of Ghent", Event.JOINED, "2024-03-05"),
    ),
    "was leaving the Harbour Data Compact": (("Altera Lines", Event.LEFT, ""),),
}


class Corner(Desk):
    """A desk that knows no names but those of its own articles, and is set up in no time."""

    @contextmanager
    def parts(self) -> Iterator[cycle.Parts]:
        path = self.folder / "pipeline.toml"
        path.write_text(
            '[store]\npath = "var/store.db"\n[fetch]\nallow_private_addresses = true\n[[feeds]]\nname = "wire"\n'
            f'url = "{self.site.url("/feed.xml")}"\n{self.extra}',
            encoding="utf-8",
        )
        settings = config.load(path)
        with Store.open(settings.store_path) as store, Fetcher(settings.fetch) as fetcher:
            identities = Identities(store.known_names())
            yield cycle.Parts(settings, store, fetcher, self.gold, identities, identities.learn, self._deliver)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Site() as site:
        site.put("/robots.txt", "User-agent: *\nAllow: /\n", type="text/plain")
        site.put("/feed.xml", rss(), type="application/rss+xml")
        desk = Corner(site, tmp_path)
        desk.gold = Table("d1", OLDER)  # type: ignore[assignment]
        desk.extra = ALERTS
        desk.publish("launch", "Carriers found Harbour Data Compact", LAUNCH)
        desk.run(NOW)
        desk.publish("exit", "Altera leaves", EXIT, DAY + timedelta(days=90))
        desk.run(NOW + timedelta(days=90))
        desk.told.clear()
        yield desk


def again(desk: Desk, table: dict[str, tuple[Said, ...]], days: int = 100, version: str = "d2", **more: bool) -> Redetection:
    desk.gold = Table(version, table)  # type: ignore[assignment]
    with desk.parts() as parts:
        return redetect(parts, NOW + timedelta(days=days), **more)


def dump(desk: Desk) -> list[str]:
    with desk.store() as store:
        return list(store.db.conn.iterdump())


def told(report: Redetection) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Changes gained and lost."""
    return tuple(  # type: ignore[return-value]
        sorted((c.kind.value, c.member.name if c.member else "") for c in changes) for changes in (report.gained, report.lost)
    )


def test_a_trial_shows_what_would_be_and_changes_nothing(desk: Desk) -> None:
    before = dump(desk)
    report = again(desk, NEWER, trial=True)
    assert dump(desk) == before
    assert (report.articles, report.trial, report.version) == (2, True, "d2")
    assert {(t.gained, t.claim.member, str(t.claim.date or "")) for t in report.claims} == {
        (True, "Norvik Freight", "2024-03-05"),
        (False, "Norvik Freight", ""),
        (True, "Port of Ghent", "2024-03-05"),
        (False, "Tamsin Roe", ""),
    }
    turned = {t.of.member.name: (t.before and t.before.standing.value, t.after and t.after.standing.value) for t in report.memberships}
    assert turned == {"Norvik Freight": ("in", "in"), "Port of Ghent": (None, "in"), "Tamsin Roe": ("in", None)}
    assert told(report) == ([("member_joined", "Port of Ghent")], [("member_joined", "Tamsin Roe")])
    document = report.as_json()
    assert json.loads(json.dumps(document)) == document and document["applied"] is False


def test_applying_does_what_the_trial_showed(desk: Desk) -> None:
    trial = again(desk, NEWER, trial=True)
    applied = again(desk, NEWER)
    assert replace(applied, trial=True).as_json() == trial.as_json()
    with desk.store() as store:
        rows = store.query("SELECT member, standing, since FROM current_membership ORDER BY member")
        assert [tuple(r.values()) for r in rows] == [
            ("Altera Lines", "out", None),
            ("Norvik Freight", "in", "2024-03-05"),
            ("Port of Ghent", "in", "2024-03-05"),
        ]
        log = {r["member"]: r for r in store.query("SELECT * FROM change_log WHERE kind = 'member_joined'")}
        assert (log["Port of Ghent"]["learned_by"], log["Port of Ghent"]["historic"]) == ("redetection", 1)
        assert (log["Norvik Freight"]["learned_by"], log["Norvik Freight"]["living_evidence"]) == ("cycle", 1)
        assert log["Tamsin Roe"]["living_evidence"] == 0
        assert store.query("SELECT DISTINCT detector FROM evidence WHERE withdrawn IS NULL") == [{"detector": "d2"}]
        assert {r["detector"] for r in store.query("SELECT detector FROM claims")} == {"d1", "d2"}
        assert doctor.examine(store, NOW + timedelta(days=100)).is_well is False  # the feed was not asked for 100 days
        assert [f.check for f in doctor.examine(store, NOW).findings if f.wrong] == []


def test_a_second_redetection_finds_nothing_to_read(desk: Desk) -> None:
    again(desk, NEWER)
    report = again(desk, NEWER)
    assert (report.articles, report.claims, report.gained, report.lost, report.memberships) == (0, (), (), (), ())
    back = again(desk, OLDER, version="d1")
    assert told(back)[1] == [("member_joined", "Port of Ghent")]


def test_the_same_findings_change_the_version_and_nothing_else(desk: Desk) -> None:
    last_read = "SELECT id, last_read FROM articles ORDER BY id"
    with desk.store() as store:
        before = store.query(last_read)
    report = again(desk, OLDER)
    assert (report.articles, report.claims, report.memberships, report.gained, report.lost, report.alerts) == (2, (), (), (), (), ())
    with desk.store() as store:
        assert {r["detector"] for r in store.query("SELECT detector FROM evidence")} == {"d2"}
        assert store.query(last_read) == before


def test_old_news_raises_no_alert_whatever_the_rules_say_and_fresh_news_does(desk: Desk) -> None:
    late = again(desk, NEWER, days=100, trial=True)
    assert (late.alerts, [c.historic for c in late.gained]) == ((), [True])
    soon = again(desk, {**NEWER, "was leaving the Harbour Data Compact": (("Norvik Freight", Event.LEFT, ""),)}, days=93)
    by_member = {c.member.name: c.historic for c in soon.gained if c.member}
    assert by_member == {"Port of Ghent": True, "Norvik Freight": False}
    assert [a.channels for a in soon.alerts] == [("desk",)]
    assert desk.told == []
    desk.run(NOW + timedelta(days=93))
    assert [m.subject for _, m in desk.told] == ["high: Harbour Data Compact: Norvik Freight left"]


def test_a_trial_names_the_alerts_that_would_be_gained_and_lost(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    newer = {**OLDER, "was leaving the Harbour Data Compact": (("Norvik Freight", Event.LEFT, ""),)}
    report = again(desk, newer, days=93, trial=True)
    alerts = report.as_json()["alerts"]
    gained, lost = ([(a["kind"], a["member"], a["coalition"], a["channels"]) for a in alerts[which]] for which in ("gained", "lost"))
    assert gained == [("member_left", "Norvik Freight", "Harbour Data Compact", ["desk"])]
    assert lost == [("member_left", "Altera Lines", "Harbour Data Compact", ["desk"])]
    assert {a["rule"] for which in ("gained", "lost") for a in alerts[which]} == {"everything"}
    upkeep._show_redetection(report)
    said = capsys.readouterr().out
    assert "Alerts gained\n  + high: Harbour Data Compact: Norvik Freight left → desk" in said
    assert "Alerts lost\n  - high: Harbour Data Compact: Altera Lines left → desk" in said
    assert "1 alert would be raised; 1 that were raised rest on nothing any more." in said


def test_a_long_list_of_alerts_is_cut_for_a_person_and_whole_in_json(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    many = tuple((f"Carrier {n}", Event.LEFT, "") for n in range(upkeep.SHOWN + 5))
    report = again(desk, {**OLDER, "was leaving the Harbour Data Compact": many}, days=93, trial=True)
    assert len(report.as_json()["alerts"]["gained"]) == upkeep.SHOWN + 5
    upkeep._show_redetection(report)
    part = capsys.readouterr().out.split("Alerts gained\n")[1].split("\n\n")[0]
    assert len(part.splitlines()) == upkeep.SHOWN + 1 and "and 5 more; --json shows all" in part


def test_what_waits_to_be_delivered_about_a_lost_change_is_given_up(desk: Desk) -> None:
    desk.failing_channel = "desk"
    desk.publish("second", "Quorra joins", ("Quorra Shipping joined the Harbour Data Compact on Monday, the carrier said.",), NOW)
    desk.gold = Table("d1", {"Quorra Shipping joined": (("Quorra Shipping", Event.JOINED, ""),)})  # type: ignore[assignment]
    desk.run(NOW + timedelta(hours=1))
    report = again(desk, OLDER, days=1)
    assert (told(report)[1], len(report.lost_alerts), report.given_up) == ([("member_joined", "Quorra Shipping")], 1, 1)
    desk.failing_channel = ""
    desk.run(NOW + timedelta(days=2))
    assert desk.told == []


def test_since_leaves_older_articles_alone(desk: Desk) -> None:
    desk.gold = Table("d2", NEWER)  # type: ignore[assignment]
    with desk.parts() as parts:
        report = redetect(parts, NOW + timedelta(days=100), since=DAY + timedelta(days=30))
    assert report.articles == 1
    with desk.store() as store:
        assert {r["title"]: r["detector"] for r in store.query("SELECT title, detector FROM articles")} == {
            "Carriers found Harbour Data Compact": "d1",
            "Altera leaves": "d2",
        }


def test_lists_and_pruned_articles_are_left_alone(desk: Desk, tmp_path: Path) -> None:
    from pipeline import intake
    from pipeline.importing import Origin, import_list

    path = desk.folder / "pipeline.toml"
    with app.open_memory(config.load(path)) as (store, identities):
        listed = intake.read("coalition,member\nHarbour Data Compact,Brakmoor\n", DAY.date())
        import_list(store, identities, listed, Origin("list.csv", DAY.date()), NOW)
    with Store.open(desk.folder / "var" / "store.db") as store:
        store.prune(NOW + timedelta(days=99), NOW + timedelta(days=99))
    report = again(desk, {})
    assert (report.articles, report.pruned, report.lost) == (0, 2, ())


def test_two_changes_of_one_kind_and_member_are_told_apart(desk: Desk) -> None:
    desk.publish(
        "back", "Altera is back", ("Altera Lines is back in the Harbour Data Compact, the office said.",), DAY + timedelta(days=200)
    )
    desk.publish("out", "Altera is out", ("Altera Lines was leaving the Harbour Data Compact again.",), DAY + timedelta(days=300))
    desk.run(NOW + timedelta(days=301))
    table = {**OLDER, "is back in": (("Altera Lines", Event.JOINED, ""),)}
    report = again(desk, {**table, "was launched on Tuesday by": (("Altera Lines", Event.JOINED, ""),)}, days=400)
    assert len({c.id for c in report.gained}) == len(report.gained) > 1


def test_a_cut_short_redetection_goes_on_where_it_stopped(desk: Desk) -> None:
    class Breaking(Table):
        def detect(self, article: Article) -> Detection:
            if self.read:
                raise KeyboardInterrupt
            return super().detect(article)

    desk.gold = Breaking("d2", NEWER)  # type: ignore[assignment]
    with desk.parts() as parts, pytest.raises(KeyboardInterrupt):
        redetect(parts, NOW + timedelta(days=100))
    report = again(desk, NEWER)
    assert report.articles == 1
    with desk.store() as store:
        assert {r["detector"] for r in store.query("SELECT detector FROM articles")} == {"d2"}
