"""The daemon's jobs: what each does, when it is due next, and how it is ended in time.

A job opens the store, does its work and closes it again, so that a person can run a command in between. Its due time stands in the
store: one that was missed is done once, soon after the start, and one that is not due yet waits. Every job is on a leash: it ends
between two steps when it is told to, or when its time is up, and what is hung at the other end of a line is let go. It knows no
scheduler and no signals: whoever calls it says what time it is.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from pipeline import app, cycle, notify, outbox, rules
from pipeline.config import Config
from pipeline.errors import DeliveryError, FetchError, PipelineError, Stopped, StoreError
from pipeline.fetch import Fetcher, Note, Outcome, PageRequest, Unchanged
from pipeline.fetch.archive import Archive
from pipeline.model import Channel
from pipeline.store import JobState, Store
from pipeline.store.opening import LockedError

_log = logging.getLogger("pipeline.jobs")


class Job(StrEnum):
    """`tick` reads the feeds that are due and the articles that wait, `digests` makes those whose hour has come."""

    TICK = "tick"
    DELIVER = "deliver"
    DIGESTS = "digests"
    ROSTERS = "rosters"
    PRUNE = "prune"
    BACKUP = "backup"


LONGEST = {
    Job.TICK: 300.0,
    Job.DELIVER: 180.0,
    Job.DIGESTS: 120.0,
    Job.ROSTERS: 300.0,
    Job.PRUNE: 1800.0,
    Job.BACKUP: 1800.0,
}
"""Seconds after which a job is ended: what it had not done is due again at once, after the other jobs have had their turn."""
GRACE_SECONDS = 120.0
"""After its time a job may work off so long what it has got."""
HAND_OVER_SECONDS = 120.0
"""For one message to one channel, whatever its server does."""
LOCK_SECONDS = 5.0
"""A job waits for another program that writes to the store; after that it is done at the next look."""
DAY = timedelta(days=1)
FIRST_KEEPING = timedelta(minutes=10)
SHRINK_FROM = 0.2
"""Share of the file that is free before it is written anew (VACUUM), which takes room for a second one."""
ROSTERS_LOOK = timedelta(hours=1)
DIGESTS_LOOK = timedelta(hours=1)
RETRY = timedelta(minutes=5)
"""The pause after a job that failed; it doubles with each failure, up to a day or the job's own distance."""
MOST_DOUBLINGS = 2
"""So often the pause between two looks doubles while they fail; an idle daemon of five looks counts as stuck."""
_BACKUP_NAME = "pipeline-%Y-%m-%dT%H%MZ.db"
_BACKUPS = "pipeline-????-??-??T????Z.db"


class Leash:
    """Ends a job. When its `seconds` are over it waits for nobody any more (`tug`): what was tied to it is let go, and what it has
    got by then is worked off. `GRACE_SECONDS` later, or when the program ends (`pull`), it ends between two steps as well."""

    def __init__(self, seconds: float) -> None:
        self.moved = time.monotonic()
        self.ends = self.moved + seconds
        self.why = ""
        self._seconds = seconds
        self._pulled = False
        self._tied: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    def check(self, *, waiting: bool = False) -> None:
        """Says that the job goes on; raises Stopped where it shall not, and before `waiting` for somebody where its time is up."""
        self.moved = time.monotonic()
        if self.moved >= self.ends:
            self.tug()
        if self._pulled or (self.why and (waiting or self.moved >= self.ends + GRACE_SECONDS)):
            raise Stopped(self.why)

    def tug(self, why: str = "") -> None:
        """Lets go what the job waits for, from any thread; a second time changes nothing."""
        with self._lock:
            tied = [] if self.why else list(self._tied)
            self.why = self.why or why or f"it took longer than {self._seconds:g} seconds"
        for let_go in tied:
            let_go()

    def pull(self, why: str) -> None:
        """Ends the job at its next step, from any thread."""
        self._pulled = True
        self.tug(why)

    @contextmanager
    def tied(self, let_go: Callable[[], None]) -> Iterator[None]:
        """Calls `let_go` where the job is to wait no longer while the block lasts."""
        with self._lock:
            self._tied.append(let_go)
            tugged = bool(self.why)
        if tugged:
            let_go()
        try:
            yield
        finally:
            with self._lock:
                self._tied.remove(let_go)


class Tally:
    """What has been counted since the start: "fetches" by kind and outcome, "seconds" by stage, "jobs" by name and outcome,
    "deliveries" by outcome. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, Counter[tuple[str, ...]]] = {}

    def add(self, what: str, *labels: str, amount: float = 1) -> None:
        with self._lock:
            self._counts.setdefault(what, Counter())[labels] += amount  # type: ignore[assignment]

    def counts(self, what: str) -> dict[tuple[str, ...], float]:
        with self._lock:
            return dict(self._counts.get(what, {}))


class CountingFetcher(Fetcher):
    """Fetches, and counts how it ended: "ok", "unchanged", or the kind of the error."""

    def __init__(self, config: Config, tally: Tally) -> None:
        self._archive = Archive(config.archive) if config.archive else None
        super().__init__(config.fetch, self._archive.keep if self._archive else None)
        self._tally = tally

    def fetch(self, requests: Sequence[PageRequest], note: Note | None = None) -> Generator[tuple[PageRequest, Outcome], None, None]:
        """As a Fetcher does; raises Stopped where it has been closed."""
        try:
            for request, outcome in super().fetch(requests, note):
                how = "unchanged" if isinstance(outcome, Unchanged) else outcome.kind if isinstance(outcome, FetchError) else "ok"
                self._tally.add("fetches", "page" if request.robots else "feed", how)
                yield request, outcome
        except RuntimeError as error:
            if self._closed:
                raise Stopped("fetching was stopped") from error
            raise

    def close(self) -> None:
        super().close()
        if self._archive is not None:
            self._archive.close()


@dataclass(frozen=True, slots=True)
class Done:
    """How a job ended: "done", "cut short" or "failed", what there is to say of it (empty: it found nothing to do), when it is due
    next, and what was told of on the way."""

    job: Job
    outcome: str
    said: str
    due: datetime
    seconds: float
    failures: int = 0
    report: cycle.CycleReport | None = None


class Jobs:
    """The jobs over one configuration. `detector` and `deliver` take the place of our own, `look_seconds` of the configured ones."""

    def __init__(
        self,
        config: Config,
        tally: Tally | None = None,
        *,
        look_seconds: float = 0.0,
        detector: cycle.Detecting | None = None,
        deliver: outbox.Deliver = notify.deliver,
    ) -> None:
        self.config = config
        self.tally = tally or Tally()
        self.look = timedelta(seconds=look_seconds or config.daemon.look_seconds)
        self._detector = detector
        self._deliver = deliver
        self._fetcher: CountingFetcher | None = None
        self._failures: Counter[Job] = Counter()

    def close(self) -> None:
        """Closes what is kept from job to job."""
        self._let_go()

    def due(self, now: datetime) -> dict[Job, datetime]:
        """Gives when each job is due: as the store has it, but never later than its distance from now. Raises StoreError.

        What was noted by a clock that was ahead is taken back first.
        """
        with Store.open(self.config.store_path, lock_wait=LOCK_SECONDS) as store:
            if mended := store.mend_clock(now):
                _log.warning("the clock was ahead: what was noted by it (%d rows) is taken back", mended)
            known = store.jobs()
        # The first time the news come first.
        first = {job: now + (FIRST_KEEPING if job in (Job.PRUNE, Job.BACKUP) else timedelta(0)) for job in Job}
        return {job: min(known[job].due, now + self._distance(job)) if job in known else first[job] for job in Job}

    def perform(self, job: Job, now: datetime, leash: Leash | None = None) -> Done:
        """Does a job, and keeps how it ended. A failure is a value, a bug is not."""
        leash = leash or Leash(LONGEST[job])
        begun = time.monotonic()
        timer = threading.Timer(max(0.0, leash.ends - begun), leash.tug)
        timer.daemon = True
        timer.start()
        report: cycle.CycleReport | None = None
        failures = 0
        try:
            with leash.tied(self._let_go):
                said, due, report = self._work(job, now, leash)
            outcome = "cut short" if report and report.cut_short else "done"
        except Stopped as told:
            outcome, said, due = "cut short", str(told), now
        except PipelineError as problem:
            if leash.why:  # a statement that was interrupted says so too
                outcome, said, due = "cut short", leash.why, now
            else:
                failures = self._failures[job] + 1
                pause = min(RETRY * 2 ** min(failures - 1, 9), self._distance(job))
                if job in _OFTEN:
                    # Who holds the store is soon done; what else fails may have asked many pages in vain.
                    pause = self.look * (1 if isinstance(problem, LockedError) else 2 ** min(failures - 1, MOST_DOUBLINGS))
                outcome, said, due = "failed", str(problem), now + pause
        finally:
            timer.cancel()
        self._failures[job] = failures
        done = Done(job, outcome, said, due, time.monotonic() - begun, failures, report)
        self.tally.add("jobs", job, outcome)
        if report:
            for stage, spent in report.seconds.items():
                self.tally.add("seconds", stage, amount=spent)
            self.tally.add("deliveries", "delivered", amount=report.delivered)
            self.tally.add("deliveries", "failed", amount=sum(f.what in self._channels() for f in report.failures))
        self._keep(done, now)
        return done

    def _channels(self) -> set[str]:
        return {c.name for c in self.config.channels}

    def _keep(self, done: Done, now: datetime) -> None:
        """Keeps how a job ended; where that cannot be written the log and the endpoint say it, and the next look goes on."""
        ended = now + timedelta(seconds=done.seconds)
        state = JobState(done.job, done.due, now, ended, done.outcome, done.failures, done.said, done.seconds)
        with suppress(StoreError), Store.open(self.config.store_path, wait=1.0) as store:
            store.save_job(state)

    def _work(self, job: Job, now: datetime, leash: Leash) -> tuple[str, datetime, cycle.CycleReport | None]:
        if job is Job.PRUNE:
            return self._prune(now, leash), now + self._distance(job), None
        if job is Job.BACKUP:
            return self._backup(now, leash), now + self._distance(job), None
        with Store.open(self.config.store_path, lock_wait=LOCK_SECONDS) as store:
            if job in _ASKING:
                store.need_room()
            if job is Job.TICK:
                store.sync_feeds(self.config.feeds, now)
            if job is Job.ROSTERS:
                store.sync_rosters(self.config.rosters, now)
            if job is Job.DIGESTS:
                made = cycle.plan_digests(store, self.config, now)
                return (f"{made} digests made" if made else ""), self._next(job, store, now), None
            report = None
            if self._is_due(job, store, now):
                with app.open_parts(self.config, detector=self._detector, store=store, fetcher=self._fetching()) as parts:
                    on = replace(parts, deliver=bounded(self._deliver, leash))
                    report = cycle.run_once(on, now, everything=False, progress=lambda stage, done, total: leash.check(), only=_STAGES[job])
                report = replace(report, cut_short=report.cut_short and (leash.why or report.cut_short))
            due = now if report and report.cut_short else self._next(job, store, now)
        return (said_of(report) if report else ""), due, report

    def _fetching(self) -> CountingFetcher:
        if self._fetcher is None:
            self._fetcher = CountingFetcher(self.config, self.tally)
        return self._fetcher

    def _let_go(self) -> None:
        """Ends what is being fetched: the next job gets a fetcher of its own."""
        fetcher, self._fetcher = self._fetcher, None
        if fetcher is not None:
            fetcher.close()

    def _is_due(self, job: Job, store: Store, now: datetime) -> bool:
        ask = {Job.TICK: store.next_reading, Job.ROSTERS: store.next_roster, Job.DELIVER: store.next_delivery}[job]
        at = ask()
        return at is not None and at <= now

    def _next(self, job: Job, store: Store, now: datetime) -> datetime:
        if job is Job.DIGESTS:
            return min([now + DIGESTS_LOOK, *filter(None, (rules.next_due(a, now) for a in self.config.audiences)), _midnight(now)])
        if job is Job.ROSTERS:
            return max(now + self.look, min(store.next_roster() or now + ROSTERS_LOOK, now + ROSTERS_LOOK))
        return now + self.look

    def _distance(self, job: Job) -> timedelta:
        """How far a job's next time can be."""
        return {
            Job.ROSTERS: ROSTERS_LOOK,
            Job.DIGESTS: DIGESTS_LOOK,
            Job.PRUNE: DAY,
            Job.BACKUP: timedelta(hours=self.config.keep.backup_hours),
        }.get(job, self.look)

    # Keeping.

    def _prune(self, now: datetime, leash: Leash) -> str:
        """Lets old reports of runs go, and the texts of old articles where that is asked for."""
        keep = self.config.keep
        with Store.open(self.config.store_path, lock_wait=LOCK_SECONDS) as store, leash.tied(store.interrupt):
            leash.check(waiting=True)
            said = [f"{gone} reports of old runs went"] if (gone := store.tidy_up(now)) else []
            if keep.texts_days:
                leash.check(waiting=True)
                pruned = store.prune(now - timedelta(days=keep.texts_days), now, shrink_from=SHRINK_FROM)
                if pruned.articles or pruned.texts:
                    said += [f"{pruned.articles} articles and {pruned.texts} texts went, the file is {pruned.size_after / 1e6:.1f} MB"]
        return "; ".join(said)

    def _backup(self, now: datetime, leash: Leash) -> str:
        folder, keep = self.config.keep.backup_folder, self.config.keep
        if folder is None:
            return ""
        path = folder / now.astimezone(UTC).strftime(_BACKUP_NAME)
        with Store.open(self.config.store_path, read_only=True) as store, leash.tied(store.interrupt):
            made = store.backup(path, force=True, going_on=lambda: leash.check(waiting=True))
        for old in sorted(folder.glob(_BACKUPS))[: -keep.backups]:
            with suppress(OSError):  # one that stays is tried again with the next copy
                old.unlink()
        return f"{path.name}: {made.size / 1e6:.1f} MB, verified"


_OFTEN = frozenset({Job.TICK, Job.DELIVER})
_ASKING = frozenset({Job.TICK, Job.ROSTERS})
_STAGES: dict[Job, tuple[str, ...]] = {
    Job.TICK: ("feeds", "articles", "revisits"),
    Job.ROSTERS: ("rosters",),
    Job.DELIVER: ("deliveries",),
}


def bounded(deliver: outbox.Deliver, leash: Leash, seconds: float = HAND_OVER_SECONDS) -> outbox.Deliver:
    """Gives a way to deliver that ends within `seconds` and as soon as the leash is tugged, whatever the other end does.

    What is hung is left to itself in its thread: where it arrives after all, it arrives again later under the same id.
    """

    def hand_over(message: notify.Message, channel: Channel) -> str:
        leash.check(waiting=True)
        answers: queue.SimpleQueue[str | BaseException] = queue.SimpleQueue()

        def work() -> None:
            try:
                answers.put(deliver(message, channel))
            except BaseException as problem:  # noqa: BLE001 - it is raised again where the answer is waited for
                answers.put(problem)

        with leash.tied(lambda: answers.put(Stopped(leash.why))):
            threading.Thread(target=work, name=f"deliver {channel.name}", daemon=True).start()
            try:
                answer = answers.get(timeout=seconds)
            except queue.Empty:
                raise DeliveryError(f"no end within {seconds:g} seconds", about=channel.name) from None
        if isinstance(answer, BaseException):
            raise answer
        return answer

    return hand_over


def said_of(report: cycle.CycleReport) -> str:
    """Says in one line what a cycle brought, without what it found none of.

    >>> at = datetime(2024, 5, 14, tzinfo=UTC)
    >>> said_of(cycle.CycleReport(1, at, at, polled=2, unchanged=1, delivered=1)), said_of(cycle.CycleReport(1, at, at))
    ('2 feeds read, 1 unchanged; 1 delivered', '')
    """
    feeds = report.polled + report.rosters
    failed = report.failed_feeds + report.failed_rosters
    said = []
    if feeds:
        said.append(f"{feeds} feeds read, {report.unchanged} unchanged" + (f", {failed} failed" if failed else ""))
    counts = (
        (report.new, "new entries"),
        (report.parsed, "articles"),
        (report.failed_articles, "articles failed"),
        (report.edited, "articles edited"),
        (report.taken_down, "articles taken down"),
        (len(report.changes), "changes"),
        (len(report.alerts), "alerts"),
        (report.delivered, "delivered"),
    )
    said += [f"{n} {what}" for n, what in counts if n]
    return "; ".join([*said, *([f"cut short: {report.cut_short}"] if report.cut_short else [])])


def _midnight(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + DAY
