"""Notices: what a person is told of feeds that break, move, go quiet or serve something else, once, and again when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipeline import cli, config
from pipeline.cycle import make_digest, reading
from pipeline.errors import ConfigError
from pipeline.jobs import Job, Jobs
from pipeline.model import Looks, Notice, NoticeKind
from pipeline.notices import ACCEPTED_AFTER, EVERY_SOURCE, Source, judge, recognise, sentence
from pipeline.store import Store
from tests.newsroom import NOON, Literal, Newsroom, files
from tests.web import Answer, Asked

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BROKEN, MOVED, CHANGED, QUIET, LEFT_OUT = NoticeKind
TOLD = '[notices]\nchannels = ["files"]\nfailures = 3\nquiet_days = 20\n'


def judged(*sources: Source, standing: tuple[Notice, ...] = (), now: datetime = NOON) -> tuple[list[str], list[str]]:
    raised, ended = judge(sources, standing, now, failures=3, silence=20 * DAY)
    return [f"{n.about} {n.kind}" for n in raised], [f"{n.about} {n.outcome}" for n in ended]


def source(name: str, **more: object) -> Source:
    return replace(Source(name, NOON - 99 * DAY, NOON, NOON, brought=NOON - DAY), **more)  # type: ignore[arg-type]


def lost(name: str, failures: int, since: timedelta = DAY) -> Source:
    return source(name, failures=failures, since=NOON - since, read=NOON - since - HOUR, error="answered 404")


WELL = source("well")


@pytest.mark.parametrize(
    ("sources", "raised"),
    [
        ((WELL, lost("a", 2)), []),
        ((WELL, lost("a", 3)), ["a broken"]),
        ((lost("a", 3),), ["a broken"]),
        ((WELL, source("a", address="https://new.example/")), ["a moved"]),
        ((WELL, source("a", brought=NOON - 20 * DAY)), ["a quiet"]),
        ((WELL, source("a", brought=None)), []),
        ((WELL, replace(lost("a", 1), brought=NOON - 50 * DAY)), []),
        ((WELL, source("a", looks=Looks("A", ("a.example",), 2, NOON - DAY, "Luck", ("luck.example",)))), []),
        ((WELL, source("a", looks=Looks("A", ("a.example",), 3, NOON - DAY, "Luck", ("luck.example",)))), ["a changed"]),
        # No feed could be read: that is us.
        ((lost("a", 3), lost("b", 4), lost("c", 1)), [" broken"]),
        # The network is back and one was read; those that were not asked since are not told of one by one.
        ((replace(lost("a", 3), polled=NOON - 2 * HOUR), replace(lost("b", 4), polled=NOON - HOUR), WELL), []),
    ],
)
def test_what_is_worth_a_notice(sources: tuple[Source, ...], raised: list[str]) -> None:
    assert judged(*sources) == (raised, [])


def test_a_notice_stands_until_it_is_over() -> None:
    [notice], _ = judge((WELL, lost("a", 3)), (), NOON, failures=3, silence=20 * DAY)
    assert sentence(notice) == "a cannot be read: 3 failures in a row since 3 March 2026 (answered 404)."
    assert judged(WELL, lost("a", 4), standing=(notice,)) == ([], [])
    assert judged(WELL, source("a"), standing=(notice,), now=NOON + 3 * DAY) == ([], ["a is read again, after 4 days"])
    assert judged(WELL, standing=(notice,)) == ([], ["a "]), "of what is configured no longer nobody is told"
    quiet = Notice("a", QUIET, "has brought nothing new", NOON - 20 * DAY, NOON)
    assert judged(WELL, replace(lost("a", 1), brought=NOON - 20 * DAY), standing=(quiet,)) == ([], []), "a failure is no news"
    every = Notice(EVERY_SOURCE, BROKEN, "No feed could be read", NOON, NOON)
    assert judged(WELL, lost("a", 1), standing=(every,)) == ([], [" Feeds are read again"])


def test_a_feed_is_known_by_its_name_or_by_the_sites_it_lists() -> None:
    known = recognise(Looks(), "Quay Dispatch", ["www.quay.example", "quay.example"], NOON)
    assert known == Looks("Quay Dispatch", ("quay.example",))
    assert recognise(known, "The Quay", ["quay.example"], NOON).title == "The Quay"
    assert recognise(known, "quay  dispatch", ["elsewhere.example"], NOON).sites == ("elsewhere.example", "quay.example")
    assert recognise(known, "", [], NOON) is known, "a feed without articles tells nothing"
    odd = recognise(known, "Luck", ["luck.example"], NOON)
    assert (odd.odd, odd.sites, odd.odd_since) == (1, known.sites, NOON)
    assert recognise(odd, "Quay Dispatch", ["quay.example"], NOON).odd == 0
    late = recognise(odd, "Luck", ["luck.example"], NOON + ACCEPTED_AFTER)
    assert (late.odd, late.sites, late.adopted) == (0, ("luck.example",), True)
    assert judged(source("a", looks=late), standing=(Notice("a", CHANGED, "", NOON, NOON),))[1] == [
        "a serves the same still, which is taken for its own now"
    ]


# Through the jobs.


class Days:
    """The daemon's jobs over a newsroom, hour by hour."""

    def __init__(self, room: Newsroom, folder: Path, more: str = TOLD) -> None:
        self.room, self.folder = room, folder
        self.config = room.configuration(folder, more, interval=360)
        self.jobs = Jobs(self.config, detector=Literal())
        self.now = NOON

    def go(self, span: timedelta, *, delivering: bool = True) -> None:
        """Lets time go by, from one moment at which something is due to the next."""
        ends = self.now + span
        while self.now < ends:
            self.jobs.perform(Job.TICK, self.now)
            if delivering:
                self.jobs.perform(Job.DELIVER, self.now)
            with Store.open(self.config.store_path, read_only=True) as store:
                self.now = min(max(store.next_reading() or ends, self.now + HOUR), ends)

    def told(self) -> list[str]:
        """The notices that were delivered, in their order, a line each."""
        found = []
        for name in sorted(files(self.folder), key=lambda n: (self.folder / "told" / n).stat().st_mtime_ns):
            if "-notice-" in name:
                lines = (self.folder / "told" / name).read_text(encoding="utf-8").splitlines()
                found += [line.replace("\\", "") for line in lines if line and not line.startswith("#")]
        return found

    def standing(self) -> list[str]:
        with Store.open(self.config.store_path, read_only=True) as store:
            return [f"{n.about} {n.kind}" for n in store.notices()]


@pytest.fixture
def days(tmp_path: Path) -> Iterator[Days]:
    with Newsroom(3) as room:
        days = Days(room, tmp_path)
        yield days
        days.jobs.close()


def missing(asked: Asked) -> Answer:
    return Answer(b"gone", 404)


def test_a_feed_that_breaks_is_told_once_and_once_when_it_is_read_again(days: Days, capsys: pytest.CaptureFixture[str]) -> None:
    days.go(HOUR)
    days.room.faults[1] = missing
    days.go(3 * DAY)
    assert days.standing() == ["feed 1 broken"]
    [line] = days.told()
    assert line.startswith("feed 1 cannot be read: 3 failures in a row since 4 March 2026") and "404" in line
    assert cli.main(["--config", str(days.config.path), "status"]) == cli.FAILED  # there is no daemon
    assert "notice     feed 1 cannot be read" in capsys.readouterr().out
    del days.room.faults[1]
    days.go(DAY)
    assert days.standing() == [] and days.told()[1:] == ["feed 1 is read again, after 3 days."]
    with Store.open(days.config.store_path, read_only=True) as store:
        kept = store.query("SELECT tells, state FROM delivery_log ORDER BY made")
    assert [(r["tells"], r["state"]) for r in kept] == [("notice raised", "delivered"), ("notice ended", "delivered")]
    assert cli.main(["--config", str(days.config.path), "outbox", "sent"]) == cli.DONE
    assert "feed 1 is read again" in capsys.readouterr().out


def test_a_network_that_is_down_is_one_notice(days: Days) -> None:
    days.go(HOUR)
    for n in range(3):
        days.room.faults[n] = missing
    days.go(3 * DAY)
    assert days.standing() == [f"{EVERY_SOURCE} broken"] and len(days.told()) == 1
    days.room.faults.clear()
    days.go(DAY)
    assert days.standing() == [] and days.told()[1:] == ["Feeds are read again."]


def test_what_is_over_before_it_is_sent_is_not_sent(days: Days) -> None:
    days.go(HOUR)
    days.room.faults[1] = missing
    days.go(3 * DAY, delivering=False)
    del days.room.faults[1]
    days.go(DAY, delivering=False)
    with Store.open(days.config.store_path, read_only=True) as store:
        kept = [(r["tells"], r["state"]) for r in store.query("SELECT tells, state FROM delivery_log")]
        assert kept == [("notice raised", "dropped")] and len(store.notices(standing=False)) == 1


def test_a_feed_that_serves_something_else_or_goes_quiet_is_told(days: Days) -> None:
    for n in range(3):
        days.room.publish(n, f"Norvik {n}")
    days.go(2 * HOUR)
    spam = "".join(f"<item><title>Win {n}</title><link>https://luck.example/{n}</link><guid>{n}</guid></item>" for n in range(3))

    def hijacked(asked: Asked) -> Answer:
        body = f"<rss version='2.0'><channel><title>Luck</title><link>x</link><description>d</description>{spam}</channel></rss>"
        return Answer(body.encode(), 200, {"Content-Type": "application/rss+xml"})

    days.room.faults[2] = hijacked
    days.go(DAY)
    [line] = days.told()
    assert "feed 2 seems to serve something else" in line and "luck.example" in line and "“Luck” (before: “Feed 2”)" in line
    with Store.open(days.config.store_path, read_only=True) as store:
        strange = make_digest(store, NOON, days.now).feeds
        assert strange and [s.what for s in strange.strange] == ["feed 2"]
    del days.room.faults[2]
    days.go(DAY)
    assert days.told()[1:] == ["feed 2 is itself again."]
    days.go(20 * DAY)
    assert sorted(days.standing()) == [f"feed {n} quiet" for n in range(3)]
    days.room.publish(0, "Altera Lines")
    days.go(2 * DAY)
    assert days.told()[-1] == "feed 0 brings news again."


def test_a_feed_that_moved_for_good_is_told(days: Days) -> None:
    days.room.site.redirect("/feed/1", days.room.site.url("/feed/0"), 301)
    days.go(8 * DAY)
    assert days.standing() == ["feed 1 moved"]
    [line] = days.told()
    assert "feed 1 has moved for good and is read at" in line and "/feed/0" in line


# What ends the program.


class Fatal(Literal):
    """A detector that a certain article breaks."""

    def detect(self, article):  # type: ignore[no-untyped-def]
        if "Poison" in article.text:
            raise MemoryError("as good as a crash")
        return super().detect(article)


def test_an_article_that_ends_the_program_comes_ever_later_and_is_told_after_a_few_times(days: Days) -> None:
    for n, name in enumerate(("Norvik Freight", "Poison Pill", "Altera Lines")):
        days.room.publish(0, name, at=NOON - timedelta(hours=9 - n))
    jobs = Jobs(days.config, detector=Fatal())
    with pytest.raises(MemoryError):
        jobs.perform(Job.TICK, days.now)
    done = jobs.perform(Job.TICK, days.now)
    assert done.outcome == "done" and done.report and [c.member.name for c in done.report.changes if c.member] == ["Altera Lines"]
    for _ in range(reading.FATAL - 1):  # the others come first, and it is tried ever later
        days.now += 2 * HOUR
        with pytest.raises(MemoryError):
            jobs.perform(Job.TICK, days.now)
        assert jobs.perform(Job.TICK, days.now).outcome == "done"
    jobs.perform(Job.DELIVER, days.now)
    assert days.standing() == [] and len(days.told()) == 1 and "ended the program 5 times" in days.told()[0]
    for _ in range(3):  # once a day from some time on, and it is not told again
        days.now += DAY
        with pytest.raises(MemoryError):
            jobs.perform(Job.TICK, days.now)
        days.now += 12 * HOUR
        assert jobs.perform(Job.TICK, days.now).outcome == "done"
    jobs.close()
    days.go(2 * DAY)  # with a detector that reads it
    assert len(days.told()) == 1
    with Store.open(days.config.store_path, read_only=True) as store:
        states = store.query("SELECT title, state, why, fatal FROM entries ORDER BY published")
    assert [(r["state"], r["why"], r["fatal"]) for r in states] == [("settled", "", 0)] * 3


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ('[notices]\nchannels = ["post"]\n', "notices.channels[0]"),
        ("[notices]\nfailures = 0\n", "notices.failures"),
        ('[[channels]]\nname = "atom"\nkind = "atom"\nfile = "a.xml"\n[notices]\nchannels = ["atom"]\n', "notices.channels[0]"),
    ],
)
def test_what_is_wrong_in_the_configuration_is_told(tmp_path: Path, more: str, problem: str) -> None:
    path = tmp_path / "p.toml"
    path.write_text('[[feeds]]\nname = "w"\nurl = "https://wire.example/"\n' + more, encoding="utf-8")
    with pytest.raises(ConfigError) as told:
        config.load(path)
    assert [p.split(":")[0] for p in told.value.problems] == [problem]
