"""Keeps the jobs going until a signal ends it: one after the other in one thread, the heartbeat beside them in another.

It decides when, not what: the jobs are in `pipeline.jobs`, their due times in the store. SIGTERM and SIGINT end it within
`STOP_SECONDS` and a little, SIGHUP reads the configuration again. A job that fails is logged and tried again; what the daemon knows
of itself can be asked over HTTP, and systemd is told that it lives for as long as the store answers and the work advances.
"""

from __future__ import annotations

import json
import logging
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import FrameType

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from pipeline import __version__, logs
from pipeline import config as configuration
from pipeline.config import Config
from pipeline.daemon import endpoint, systemd
from pipeline.errors import ConfigError, StoreError
from pipeline.health import Health, Life, Seen, Work, judge
from pipeline.jobs import LONGEST, Done, Job, Jobs, Leash, Tally
from pipeline.store import Pulse, Store
from pipeline.store.opening import Lock, LockedError, look, make_folder

STOP_SECONDS = 12.0
"""What is at work when a signal comes has so long to end; what has not ended then is cut off, and done again after the next start."""
BEAT_SECONDS = 15.0
BEATS_A_LOOK = 4
"""Every so many heartbeats the queues are looked at as well."""
JUMP_SECONDS = 30.0
"""So much more or less than the time that went by makes a jump of the clock: it was set, or the machine slept."""
DAEMON_LOCK = ".daemon"
"""Ending of the file beside the store that a daemon holds for its whole life."""
BUG_PAUSE = timedelta(minutes=1)

_log = logging.getLogger("pipeline.daemon")


def run(config: Config, *, look_seconds: float = 0.0, wait: float = 0.0, log: str = "") -> None:
    """Keeps the jobs going until SIGTERM or SIGINT; a second signal ends the process at once.

    `wait` is for how many seconds another daemon of the same store is waited for. Raises StoreError where there is another one, and
    where the store cannot be opened.
    """
    logs.to_stderr(log or config.daemon.log)
    # Its warnings that a job is still running are no news: one at a time is what was asked for.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    look(config.store_path)
    make_folder(config.store_path)
    try:
        lock = Lock(config.store_path, ending=DAEMON_LOCK, wait=max(wait, 1.0))
    except LockedError as error:
        who = f" ({error.holder})" if error.holder else ""
        raise StoreError(
            f"another daemon{who} keeps this store: stop it, or let this one stand by with --wait", about=error.about
        ) from error
    try:
        Keeper(config, lock, look_seconds=look_seconds, log=log).run()
    finally:
        lock.release()


class Keeper:
    """The daemon over one store, whose `lock` it holds."""

    def __init__(self, config: Config, lock: Lock, *, look_seconds: float = 0.0, log: str = "") -> None:
        self.config = config
        self.tally = Tally()
        self.started = datetime.now(UTC)
        self.health = Health()
        self.systemd = systemd.Notify()
        self._lock, self._look_seconds, self._form = lock, look_seconds, log
        self._jobs = Jobs(config, self.tally, look_seconds=look_seconds)
        self._next_jobs: Jobs | None = None
        self._stopping = threading.Event()
        self._idle = threading.Condition()
        # What follows is written by the thread that works and read by the others.
        self._work: tuple[Job, Leash, float] | None = None
        self._ticked = time.monotonic()
        self._looked = False
        self._troubles: dict[str, tuple[str, float]] = {}
        self._seen: Seen | None = None
        self._store_trouble = ""
        self._beats = 0
        self._due: dict[Job, datetime] = {}
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(1), "heart": ThreadPoolExecutor(1)},
            # Of 50 jobs due at once 30 were skipped without a word under the default grace time of a second.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    # Its life.

    def run(self) -> None:
        """Works until a signal comes. Raises StoreError where the store cannot be opened to begin with."""
        self._first()
        asked = self.config.daemon
        with _signals() as reader, endpoint.serving(self, asked.host, asked.port) as address:
            self._say(address)
            self._scheduler.start()
            for job, due in self._due.items():
                self._plan(job, due)
            self._plan_heartbeat()
            _log.info(
                "started: %d feeds, %d rosters, a look every %g seconds%s",
                *(len(self.config.feeds), len(self.config.rosters), self._jobs.look.total_seconds()),
                f", asked at http://{address}" if address else "",
            )
            self.systemd.ready("the first look is at work")
            try:
                self._watch(reader)
            finally:
                self._end()
        _log.info("stopped")

    def _first(self) -> None:
        """Reads from the store when the jobs are due; where another program writes to it, all are due when it is done."""
        now = datetime.now(UTC)
        try:
            self._due = self._jobs.due(now)
        except LockedError as error:
            _log.warning("%s", error)
            self._due = dict.fromkeys(Job, now)

    def _say(self, address: str) -> None:
        """Leaves beside the store where this daemon can be asked, for `pipeline status`."""
        self._lock.say(json.dumps({"version": __version__, "endpoint": address, "config": str(self.config.path)}))

    def _watch(self, reader: int) -> None:
        """Waits for signals, and for the clock to jump; ends when it is told to stop."""
        offset = time.time() - time.monotonic()
        while True:
            ready, _, _ = select.select([reader], [], [], 1.0)
            for number in os.read(reader, 64) if ready else b"":
                if number == signal.SIGHUP:
                    self._reload()
                else:
                    return
            now = time.time() - time.monotonic()
            if abs(now - offset) > JUMP_SECONDS:
                _log.warning("the clock jumped by %+.0f seconds: it was set, or the machine slept", now - offset)
                self._jumped()
            offset = now

    def _end(self) -> None:
        _log.info("stopping: the article at hand is finished first")
        self.systemd.stopping()
        self._stopping.set()
        ends = time.monotonic() + STOP_SECONDS
        with self._idle:
            if self._work:
                self._work[1].pull("the daemon is stopping")
            idle = self._idle.wait_for(lambda: self._work is None, max(0.0, ends - time.monotonic()))
            at_work = self._work[0] if self._work else ""
        if not idle:
            # Its thread cannot be ended, only the process: what it had not saved is as after a crash, and done again.
            _log.error("%s did not end within %g seconds and is cut off; it is done again after the next start", at_work, STOP_SECONDS)
            logging.shutdown()
            os._exit(0)
        self._scheduler.shutdown(wait=True)
        self._jobs.close()

    # Jobs.

    def _plan(self, job: Job, due: datetime) -> None:
        self._due[job] = due
        if not self._stopping.is_set():
            self._scheduler.add_job(self._do, "date", (job,), run_date=due, id=job, replace_existing=True)

    def _plan_heartbeat(self) -> None:
        seconds = min(BEAT_SECONDS, systemd.watchdog_seconds() / 3 or BEAT_SECONDS)
        first = datetime.now(UTC)
        self._scheduler.add_job(
            self._beat, "interval", seconds=seconds, next_run_time=first, id="heartbeat", executor="heart", replace_existing=True
        )

    def _jumped(self) -> None:
        """Plans all anew where the clock was set back: the scheduler would sleep until the hour that it had in mind."""
        now = datetime.now(UTC)
        for job, due in self._due.items():
            if self._work is None or self._work[0] is not job:
                self._plan(job, min(due, now))
        self._plan_heartbeat()

    def _do(self, job: Job) -> None:
        leash = Leash(LONGEST[job])
        with self._idle:
            if self._stopping.is_set():
                return
            self._work = (job, leash, time.monotonic())
        if self._next_jobs is not None:
            self._jobs.close()
            self._jobs, self._next_jobs = self._next_jobs, None
        now, begun = datetime.now(UTC), time.monotonic()
        try:
            done = self._jobs.perform(job, now, leash)
        except Exception as bug:  # noqa: BLE001 - it is logged with its traceback, and the other jobs go on
            _log.critical("%s: a bug", job, exc_info=bug, extra={"fields": {"job": job}})
            self.tally.add("jobs", job, "bug")
            done = Done(job, "failed", f"a bug: {bug!r}", now + BUG_PAUSE, time.monotonic() - begun)
        self._tell(done)
        with self._idle:
            self._work = None
            self._idle.notify_all()
        if job is Job.TICK:
            self._ticked = time.monotonic()
            if not self._looked and done.outcome != "failed":
                self._looked = True
        self._plan(job, done.due)
        if (done.report and done.report.alerts) or (job is Job.DIGESTS and done.said):
            self._plan(Job.DELIVER, datetime.now(UTC))

    def _tell(self, done: Done) -> None:
        """Writes what a job did to the log, and nothing where it found nothing to do."""
        fields = {"job": done.job, "outcome": done.outcome, "seconds": round(done.seconds, 3)}
        if done.report:
            fields |= {k: v for k, v in done.report.as_json().items() if k in {"run", "feeds", "rosters", "entries", "articles", "claims"}}
            fields |= {"changes": len(done.report.changes), "alerts": len(done.report.alerts), "delivered": done.report.delivered}
        extra = {"fields": fields}
        if done.outcome == "failed":
            again = f"{done.due:%Y-%m-%d %H:%M:%S} UTC"
            _log.error("%s: %s; it is tried again at %s", done.job, done.said, again, extra=extra)
            _, since = self._troubles.get(done.job, ("", time.monotonic()))
            self._troubles[done.job] = (done.said, since)
            return
        if self._troubles.pop(done.job, None):
            _log.info("%s: it works again", done.job, extra=extra)
        if done.said:
            _log.info("%s: %s in %.1f s", done.job, done.said, done.seconds, extra=extra)
        for failure in done.report.failures if done.report else ():
            _log.warning("%s: %s", failure.what, failure.why, extra={"fields": {"job": done.job, "about": failure.what}})

    # How it is.

    def life(self) -> Life:
        """Gives what the daemon knows of itself; for any thread."""
        now, work = time.monotonic(), self._work
        return Life(
            now - self._ticked,
            self._jobs.look.total_seconds(),
            self._looked,
            self._store_trouble,
            Work(work[0], now - work[2], LONGEST[work[0]], now - work[1].moved) if work else None,
            tuple((job, said, now - since) for job, (said, since) in sorted(self._troubles.copy().items())),
        )

    def seen(self) -> tuple[Health, Pulse | None]:
        """Asks the store, and gives how the daemon is; for any thread."""
        pulse = None
        try:
            with Store.open(self.config.store_path, read_only=True, wait=2.0) as store:
                pulse = store.pulse(datetime.now(UTC))
            self._store_trouble = ""
        except StoreError as error:
            self._store_trouble = str(error)
        return judge(self.life(), seen_in(pulse)), pulse

    def _beat(self) -> None:
        """Asks the store for the least, and tells systemd and the log how the daemon is."""
        pulse = None
        try:
            with Store.open(self.config.store_path, read_only=True, wait=2.0) as store:
                store.answers()
                if self._beats % BEATS_A_LOOK == 0:
                    pulse = store.pulse(datetime.now(UTC), counted=False)
            self._store_trouble = ""
        except StoreError as error:
            self._store_trouble = str(error)
        self._beats += 1
        self._seen = seen_in(pulse) or self._seen
        self._show(judge(self.life(), self._seen))

    def _show(self, health: Health) -> None:
        before, self.health = self.health, health
        problems = [*health.stuck, *health.sick]
        if problems and not {*problems[:1]} <= {*before.stuck, *before.sick} and before.is_well:
            _log.error("unhealthy: %s", "; ".join(problems), extra={"fields": {"healthy": False}})
        elif health.is_well and not before.is_well:
            _log.info("healthy again", extra={"fields": {"healthy": True}})
        for note in health.notes:
            if note not in before.notes and note.partition(":")[0] not in list(Job):  # of jobs that fail it was told already
                _log.warning("%s", note)
        work = self._work
        status = "; ".join(problems) or (f"{work[0]} is at work" if work else f"next look at {self._due[Job.TICK]:%H:%M:%S} UTC")
        if health.stuck:
            self.systemd.status(status)  # and the watchdog goes hungry
        else:
            self.systemd.alive(status)

    # The configuration.

    def _reload(self) -> None:
        """Reads the configuration again; one that is wrong changes nothing, and every problem in it is logged."""
        self.systemd.reloading()
        try:
            fresh = configuration.load(self.config.path)
        except ConfigError as error:
            for problem in error.problems:
                _log.error("the configuration is not taken over: %s", problem)
            self.systemd.ready("the configuration was read again, is wrong and was not taken over")
            return
        old = self.config
        for key, before, after in (
            ("store.path", old.store_path, fresh.store_path),
            ("daemon.endpoint", (old.daemon.host, old.daemon.port), (fresh.daemon.host, fresh.daemon.port)),
        ):
            if before != after:
                _log.warning("%s: another one is used after a restart; all else is taken over", key)
        self.config = replace(fresh, store_path=old.store_path)
        logs.to_stderr(self._form or fresh.daemon.log)
        self._next_jobs = Jobs(self.config, self.tally, look_seconds=self._look_seconds)
        _log.info("the configuration was read again: %d feeds, %d rosters", len(fresh.feeds), len(fresh.rosters))
        self.systemd.ready("the configuration was read again")
        now = datetime.now(UTC)
        for job in (Job.TICK, Job.DIGESTS, Job.ROSTERS):
            if self._work is None or self._work[0] is not job:
                self._plan(job, now)


def seen_in(pulse: Pulse | None) -> Seen | None:
    """Gives of what a store shows that which health goes by."""
    if pulse is None:
        return None
    return Seen(pulse.at, pulse.feeds, pulse.asked, pulse.read, pulse.due_since, pulse.first_seen, pulse.log_bytes)


@contextmanager
def _signals() -> Iterator[int]:
    """Gives the end of a pipe out of which the numbers of signals come while the block lasts."""
    reader, writer = os.pipe()

    def told(number: int, frame: FrameType | None) -> None:
        # Only what is safe in the middle of anything: the main thread waits at the other end of the pipe.
        if number != signal.SIGHUP:
            signal.signal(number, signal.SIG_DFL)
        os.write(writer, bytes([number]))

    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    former: dict[int, Callable[[int, FrameType | None], object] | int | None] = {n: signal.signal(n, told) for n in numbers}
    try:
        yield reader
    finally:
        for number, before in former.items():
            signal.signal(number, before)
        os.close(reader)
        os.close(writer)
