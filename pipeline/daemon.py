"""Keeps the cycle running: looks every minute for feeds that are due, until a signal ends it.

When feeds are due is written in the store, not here; the scheduler holds one job and decides nothing. Each look opens the store
and closes it again, so that a person can run a command in between. A look that fails is logged, and the next one tries again.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from datetime import UTC, datetime
from types import FrameType

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from pipeline import app, cycle
from pipeline.config import Config
from pipeline.errors import PipelineError
from pipeline.render import plain
from pipeline.screen import log_to_stderr

LOOK_SECONDS = 60.0
"""How often to look for due feeds: the shortest interval that a feed can have is a few minutes."""

MOST_LOOK_SECONDS = 86_400.0

_log = logging.getLogger("pipeline.daemon")


class Stopped(Exception):
    """The look in progress ends here, because a signal came; what was saved stays saved."""


def run(config: Config, look_seconds: float = LOOK_SECONDS) -> None:
    """Looks for due feeds every `look_seconds` until SIGTERM or SIGINT; a second signal ends the process at once."""
    log_to_stderr()
    # Its warning that a look is still running is no news: one at a time is what was asked for.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    stopping = threading.Event()
    scheduler = BackgroundScheduler(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(1)},
        # Of 50 jobs due at once 30 were skipped without a word under the default grace time of a second.
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
    )
    scheduler.add_job(look, "interval", (config, stopping), seconds=look_seconds, next_run_time=datetime.now(UTC), id="look")
    reader, writer = os.pipe()

    def told_to_stop(number: int, frame: FrameType | None) -> None:
        # Only what is safe in the middle of anything: the main thread waits at the other end of the pipe.
        signal.signal(number, signal.SIG_DFL)
        os.write(writer, b".")

    former = {number: signal.signal(number, told_to_stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        scheduler.start()
        _log.info("started: %d feeds, a look every %g seconds", len(config.feeds), look_seconds)
        os.read(reader, 1)
        _log.info("stopping: the article at hand is finished first")
        stopping.set()
        scheduler.shutdown(wait=True)
        _log.info("stopped")
    finally:
        for number, before in former.items():
            signal.signal(number, before)
        os.close(reader)
        os.close(writer)


def look(config: Config, stopping: threading.Event) -> None:
    """Reads the feeds that are due and writes one line about it to the log."""

    def go_on(stage: str, done: int, total: int) -> None:
        if stopping.is_set():
            raise Stopped

    began = time.monotonic()
    try:
        with app.open_parts(config) as parts:
            report = cycle.run_once(parts, datetime.now(UTC), everything=False, progress=go_on)
    except Stopped:
        _log.info("a look ended early; the rest is read next time")
    except PipelineError as problem:
        _log.error("%s; the next look tries again", plain(str(problem), 2000))
    else:
        _log.info("%s in %.1f s", cycle_line(report), time.monotonic() - began)


def cycle_line(report: cycle.CycleReport) -> str:
    """Says in one line what a look brought."""
    document = report.as_json()
    feeds, entries, articles = document["feeds"], document["entries"], document["articles"]
    return (
        f"{feeds['polled']} feeds read, {feeds['unchanged']} unchanged, {feeds['failed']} failed; {entries['new']} new entries; "
        f"{articles['parsed']} articles, {articles['failed']} failed; {len(document['changes'])} changes, {len(document['alerts'])} alerts"
    )
