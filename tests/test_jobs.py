"""The daemon's jobs, one by one, at given moments: what they do, when they are due next, and how they are ended in time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline import notify
from pipeline.config import Config
from pipeline.jobs import Job, Jobs, Leash
from pipeline.model import Channel
from pipeline.store import JobState, Store
from pipeline.store.opening import Lock
from tests.newsroom import NOON, Literal, Newsroom, files
from tests.web import Answer, Asked

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def room() -> Iterator[Newsroom]:
    with Newsroom(3) as room:
        yield room


Working = Callable[..., Jobs]


@pytest.fixture
def working() -> Iterator[Working]:
    """Makes jobs, and closes them at the end."""
    made: list[Jobs] = []

    def working(config: Config, **more: Any) -> Jobs:
        made.append(Jobs(config, detector=Literal(), **more))
        return made[-1]

    yield working
    for jobs in made:
        jobs.close()


def test_a_tick_reads_what_is_due_and_a_delivery_tells_it(room: Newsroom, working: Working, tmp_path: Path) -> None:
    room.publish(0, "Norvik Freight", "Altera Lines")
    jobs = working(room.configuration(tmp_path))
    assert set(jobs.due(NOON)) == set(Job) and jobs.due(NOON)[Job.TICK] == NOON
    done = jobs.perform(Job.TICK, NOON)
    assert (done.outcome, done.due) == ("done", NOON + MINUTE) and "3 feeds read" in done.said and "2 changes" in done.said
    assert files(tmp_path) == []
    assert "2 delivered" in jobs.perform(Job.DELIVER, NOON).said and len(files(tmp_path)) == 2
    # Nothing is due: nothing is asked, nothing is said, and the store has its next hour.
    quiet = jobs.perform(Job.TICK, NOON + MINUTE)
    assert (quiet.said, quiet.report, room.polls(0)) == ("", None, 1)
    assert working(jobs.config).due(NOON + MINUTE)[Job.TICK] == NOON + 2 * MINUTE
    assert jobs.tally.counts("fetches")[("feed", "ok")] == 3 and jobs.tally.counts("jobs")[("tick", "done")] == 2
    jobs.perform(Job.TICK, NOON + 2 * HOUR)
    assert jobs.tally.counts("fetches")[("feed", "unchanged")] == 3


def test_a_restart_neither_forgets_nor_hurries(room: Newsroom, working: Working, tmp_path: Path) -> None:
    config = room.configuration(tmp_path, '[keep]\nbackup_folder = "copies"\nbackups = 2\n')
    jobs = working(config)
    assert jobs.due(NOON)[Job.BACKUP] > NOON, "the news come first"
    for hours in range(4):
        assert jobs.perform(Job.BACKUP, NOON + hours * HOUR).due == NOON + hours * HOUR + DAY
    assert [p.name for p in sorted((tmp_path / "copies").iterdir())] == ["pipeline-2026-03-04T1400Z.db", "pipeline-2026-03-04T1500Z.db"]
    for hour in range(4, 9):  # five restarts
        assert working(config).due(NOON + hour * HOUR)[Job.BACKUP] == NOON + 3 * HOUR + DAY
    assert working(config).due(NOON + 3 * DAY)[Job.BACKUP] < NOON + 3 * DAY, "what was missed is due, once"
    with Store.open(config.store_path) as store:
        store.save_job(JobState("backup", NOON + 400 * DAY))
    assert working(config).due(NOON)[Job.BACKUP] == NOON + DAY, "a due time that cannot be is mended"


def test_what_another_writes_is_waited_for_and_told(room: Newsroom, working: Working, tmp_path: Path) -> None:
    config = room.configuration(tmp_path)
    jobs = working(config)
    jobs.perform(Job.PRUNE, NOON)
    lock = Lock(config.store_path)
    threading.Timer(0.3, lock.release).start()
    assert jobs.perform(Job.TICK, NOON).outcome == "done"


def test_a_failure_is_tried_again_ever_later(room: Newsroom, working: Working, tmp_path: Path) -> None:
    config = room.configuration(tmp_path, '[keep]\nbackup_folder = "copies"\n')
    jobs = working(config)
    jobs.perform(Job.PRUNE, NOON)
    (tmp_path / "copies").write_text("in the way")
    pauses = []
    for _ in range(12):
        done = jobs.perform(Job.BACKUP, NOON)
        assert done.outcome == "failed" and "cannot be written" in done.said
        pauses.append((done.due - NOON) / MINUTE)
    assert pauses[:4] == [5, 10, 20, 40] and pauses[-1] == 24 * 60
    with Store.open(config.store_path) as store:
        assert store.jobs()["backup"].failures == 12
    (tmp_path / "copies").unlink()
    assert jobs.perform(Job.BACKUP, NOON).failures == 0


# In time.


def hanging(room: Newsroom, jobs: Jobs, leash: Leash, kind: str, number: int) -> Callable[[Asked], Answer]:
    """Ends the wait once so many others of a kind have been fetched, and never answers itself."""

    def answer(asked: Asked) -> Answer:
        while jobs.tally.counts("fetches").get((kind, "ok"), 0) < number and not room.site.closing.wait(0.02):
            pass
        leash.tug("time is up")
        return room.site.hang()

    return answer


def test_a_feed_that_hangs_holds_nobody_up(room: Newsroom, working: Working, tmp_path: Path) -> None:
    room.publish(1, "Norvik Freight")
    jobs = working(room.configuration(tmp_path, timeout=60))
    leash = Leash(100)
    room.faults[0] = hanging(room, jobs, leash, "feed", 2)
    done = jobs.perform(Job.TICK, NOON, leash)
    assert done.outcome == "cut short" and "2 feeds read" in done.said and "time is up" in done.said
    assert done.due == NOON, "what was left is done after the other jobs"
    with Store.open(jobs.config.store_path, read_only=True) as store:
        states = {s.feed.name: s for s in store.due_feeds(NOON + DAY)}
        assert states["feed 0"].failures == 0, "that we stopped is no failure of the feed"
        assert store.query("SELECT count(*) AS n FROM runs WHERE finished IS NULL")[0]["n"] == 0


def test_pages_that_came_in_time_are_read(room: Newsroom, working: Working, tmp_path: Path) -> None:
    room.publish(1, "Norvik Freight", "Altera Lines")
    jobs = working(room.configuration(tmp_path, timeout=60))
    leash = Leash(100)
    room.site.on("/article/1/1", hanging(room, jobs, leash, "page", 1))
    done = jobs.perform(Job.TICK, NOON, leash)
    assert done.outcome == "cut short" and done.report and done.report.parsed == 1
    with Store.open(jobs.config.store_path, read_only=True) as store:
        assert store.query("SELECT * FROM at_work") == [], "that we stopped is no fault of an article"


def test_a_job_that_is_told_to_stop_ends(room: Newsroom, working: Working, tmp_path: Path) -> None:
    for n in range(3):
        room.hangs(n)
    jobs = working(room.configuration(tmp_path, timeout=60))
    leash = Leash(100)
    room.faults[1] = lambda asked: leash.pull("the daemon is stopping") or room.site.hang()  # type: ignore[func-returns-value]
    done = jobs.perform(Job.TICK, NOON, leash)
    assert done.outcome == "cut short" and "the daemon is stopping" in done.said


@pytest.mark.parametrize("how", ["pull", "tug"])
def test_a_channel_that_hangs_is_let_go(room: Newsroom, working: Working, tmp_path: Path, how: str) -> None:
    room.publish(0, "Norvik Freight")
    hung = threading.Event()

    def hang(message: notify.Message, channel: Channel) -> str:
        hung.set()
        room.site.closing.wait(60)
        return "too late"

    jobs = working(room.configuration(tmp_path), deliver=hang)
    jobs.perform(Job.TICK, NOON)
    leash = Leash(100)
    threading.Thread(target=lambda: hung.wait(20) and getattr(leash, how)("enough")).start()
    done = jobs.perform(Job.DELIVER, NOON, leash)
    assert (done.outcome, done.due) == ("cut short", NOON)
    again = working(jobs.config)
    assert "1 delivered" in again.perform(Job.DELIVER, NOON).said and len(files(tmp_path)) == 1


def test_a_backup_is_ended_in_the_middle(room: Newsroom, working: Working, tmp_path: Path) -> None:
    jobs = working(room.configuration(tmp_path, '[keep]\nbackup_folder = "copies"\n'))
    jobs.perform(Job.PRUNE, NOON)
    leash = Leash(100)
    leash.tug("enough")
    assert jobs.perform(Job.BACKUP, NOON, leash).outcome == "cut short"
    assert [p.name for p in (tmp_path / "copies").iterdir()] == []


# The clock.

BERLIN = '[[digests]]\nname = "board"\ncron = "0 8 * * *"\ntimezone = "Europe/Berlin"\nchannels = ["files"]\n'
NIGHTLY = '[[digests]]\nname = "night"\ncron = "30 2 * * *"\ntimezone = "Europe/Berlin"\nchannels = ["files"]\n'


def ends(config: Config) -> list[datetime]:
    with Store.open(config.store_path, read_only=True) as store:
        rows = store.query("SELECT until FROM deliveries WHERE alert IS NULL ORDER BY until")
    return [datetime.fromisoformat(r["until"]) for r in rows]


@pytest.mark.parametrize("night", [datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC)], ids=["spring", "autumn"])
@pytest.mark.parametrize("digest", [BERLIN, NIGHTLY], ids=["morning", "night"])
def test_a_night_in_which_the_clocks_change_has_one_digest(
    room: Newsroom, working: Working, tmp_path: Path, night: datetime, digest: str
) -> None:
    config = room.configuration(tmp_path, digest)
    jobs = working(config)
    jobs.perform(Job.TICK, night)
    due = night
    while due < night + 2 * DAY:
        due = max(jobs.perform(Job.DIGESTS, due).due, due + MINUTE)
    told = ends(config)
    local = [at.astimezone(config.audiences[0].zone).date() for at in told]
    assert len(set(local)) == len(local) and len([d for d in local if d > night.date()]) == 2, told


def test_a_clock_that_was_a_day_ahead_costs_nothing(room: Newsroom, working: Working, tmp_path: Path) -> None:
    room.publish(0, "Norvik Freight")
    config = room.configuration(tmp_path, BERLIN)
    jobs = working(config)
    for job in (Job.TICK, Job.DIGESTS, Job.DELIVER):
        jobs.perform(job, NOON)
    polls = room.polls(0)
    for job in (Job.TICK, Job.DIGESTS, Job.DELIVER):
        jobs.perform(job, NOON + DAY)  # it is not: the clock is wrong
    assert room.polls(0) == polls + 1
    room.publish(0, "Altera Lines", at=NOON + HOUR)
    again = working(config)
    due = again.due(NOON + HOUR)
    assert due[Job.TICK] <= NOON + HOUR + MINUTE
    again.perform(Job.TICK, NOON + HOUR)
    assert room.polls(0) == polls + 1, "no storm"
    again.perform(Job.TICK, NOON + 3 * HOUR)
    assert room.polls(0) == polls + 2, "and no day of silence"
    # What was learned meanwhile is in the next digest, and the one of that morning is not sent twice.
    for hours in range(3, 48, 5):
        again.perform(Job.DIGESTS, NOON + hours * HOUR)
        again.perform(Job.DELIVER, NOON + hours * HOUR)
    told = [(tmp_path / "told" / name).read_text() for name in files(tmp_path) if name.startswith("digest")]
    assert sum("Altera Lines" in text for text in told) == 1
    with Store.open(config.store_path, read_only=True) as store:
        ids = store.query("SELECT count(*) AS n, count(DISTINCT id) AS ids FROM deliveries WHERE alert IS NULL")
    assert ids[0]["n"] == ids[0]["ids"] == len(told)


def test_an_article_from_the_future_is_no_newer_than_the_day_it_is_read(room: Newsroom, working: Working, tmp_path: Path) -> None:
    room.publish(0, "Norvik Freight", at=NOON + 400 * DAY)
    room.publish(0, "Altera Lines", at=NOON + 3 * HOUR)  # as far as that a clock may be wrong, or a zone be left out
    done = working(room.configuration(tmp_path)).perform(Job.TICK, NOON)
    assert done.report and done.report.skipped["dates of publication in the future"] == 1 and len(done.report.changes) == 2
    with Store.open(tmp_path / "store.db", read_only=True) as store:
        dates = {r["title"]: r["published"] for r in store.query("SELECT title, published FROM articles")}
        assert dates == {"News of Norvik Freight": None, "News of Altera Lines": (NOON + 3 * HOUR).isoformat()}


def test_after_a_long_sleep_each_feed_is_asked_once(room: Newsroom, working: Working, tmp_path: Path) -> None:
    jobs = working(room.configuration(tmp_path, BERLIN))
    jobs.perform(Job.TICK, NOON)
    for minutes in range(5):
        jobs.perform(Job.TICK, NOON + 8 * HOUR + minutes * MINUTE)
    assert [room.polls(n) for n in range(3)] == [2, 2, 2]
