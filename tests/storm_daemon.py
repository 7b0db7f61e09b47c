"""Lets many feeds fall due at once, a tenth of them hung, and stops the daemon in the middle.

    python -m tests.storm_daemon [500]      # prints one line; exits with 1 where anything is wrong

None of the healthy feeds may be left out, all of them are read in one cycle, a SIGTERM in the middle ends the daemon within 15 seconds,
and the next start goes on with those that were not asked; those that were, and hung, are due in an hour.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pipeline.fetch import FetchSettings
from pipeline.jobs import Job, Jobs
from pipeline.store import Store
from tests.newsroom import NOON, Literal, Newsroom

TIMEOUT = 3.0
STOP_SECONDS = 15.0
CONCURRENCY = FetchSettings().concurrency


def one_cycle(number: int) -> tuple[float, list[str]]:
    """Gives how many seconds one tick over all feeds took, and what was wrong."""
    wrong: list[str] = []
    hung = set(range(0, number, 10))
    with Newsroom(number) as room, tempfile.TemporaryDirectory() as scratch:
        for feed in hung:
            room.hangs(feed)
        jobs = Jobs(room.configuration(Path(scratch), timeout=TIMEOUT), detector=Literal())
        begun = time.monotonic()
        done = jobs.perform(Job.TICK, NOON)
        seconds = time.monotonic() - begun
        jobs.close()
        with Store.open(Path(scratch) / "store.db", read_only=True) as store:
            read = {s.feed.name for s in store.feed_states() if s.last_read}
        wrong += [f"feed {n} was left out" for n in range(number) if n not in hung and f"feed {n}" not in read]
        wrong += [f"feed {n} was asked {room.polls(n)} times" for n in range(number) if room.polls(n) != 1]
        if done.outcome != "done":
            wrong.append(f"the cycle was {done.outcome}: {done.said}")
    return seconds, wrong


def stopped(number: int) -> tuple[float, list[str]]:
    """Gives how many seconds a SIGTERM in the middle took to end the daemon, and what was wrong."""
    wrong: list[str] = []
    hung = set(range(0, number, 10))
    with Newsroom(number) as room, tempfile.TemporaryDirectory() as scratch:
        for feed in hung:
            room.hangs(feed)
        path = room.write(Path(scratch), '[daemon]\nendpoint = "off"\n', timeout=60)
        command = [sys.executable, "-m", "pipeline", "--config", str(path), "daemon", "--look-every", "1"]

        def asked() -> int:
            return sum(room.polls(n) > 0 for n in range(number))

        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as daemon:
            begun = time.monotonic()
            while asked() < number / 10 and time.monotonic() - begun < 120:
                time.sleep(0.01)
            begun = time.monotonic()
            daemon.send_signal(signal.SIGTERM)
            code = daemon.wait(60)
            seconds = time.monotonic() - begun
        first = asked()
        room.faults.clear()
        if code or seconds > STOP_SECONDS:
            wrong.append(f"it ended with {code} after {seconds:.1f} s")
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as daemon:
            begun = time.monotonic()
            while asked() < number - CONCURRENCY and time.monotonic() - begun < 60:
                time.sleep(0.05)
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(60)
        with Store.open(Path(scratch) / "store.db", read_only=True) as store:
            why = {s.feed.name: s.due_why for s in store.feed_states()}
        # Whose request was on its way when the signal came may have been asked, for all that we know.
        left = [n for n in range(number) if not room.polls(n)]
        wrong += [f"feed {n} was never asked" for n in left if "no answer kept" not in why[f"feed {n}"]]
        if len(left) > CONCURRENCY:
            wrong.append(f"{len(left)} feeds were never asked")
        wrong += [f"feed {n} was asked {room.polls(n)} times" for n in range(number) if room.polls(n) > 1]
        if first == number:
            wrong.append("all had been asked before the signal: it was not in the middle")
    return seconds, wrong


def main() -> int:
    parser = argparse.ArgumentParser(description="Lets many feeds fall due at once.")
    parser.add_argument("number", nargs="?", type=int, default=500)
    args = parser.parse_args()
    cycle, wrong = one_cycle(args.number)
    stop, more = stopped(args.number)
    print(*[*wrong, *more][:20], sep="\n")
    print(f"{args.number} feeds in {cycle:.1f} s, stopped in {stop:.1f} s, {len(wrong) + len(more)} things wrong")
    return bool(wrong or more)


if __name__ == "__main__":
    raise SystemExit(main())
