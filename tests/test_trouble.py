"""Trouble with the disk: it is full, read-only, locked, or its log is kept from being folded back. It is told in words or as a degraded
state, nothing is damaged, and what was left undone is done as soon as the trouble is over, without anybody's help."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline import app, cli, cycle
from pipeline import config as configuration
from pipeline.config import Config
from pipeline.errors import StoreError
from pipeline.health import LONGEST_LOG, Life, Seen, judge
from pipeline.jobs import Job, Jobs
from pipeline.store import Store
from tests.kill_run_once import damage
from tests.newsroom import NOON, Literal, Newsroom, files
from tests.test_daemon import running

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NAMES = [f"Norvik {word}" for word in "Freight Lines Energy Motors Mining Foods Bank Steel Rail Air Sea Land".split()]


@pytest.fixture
def room() -> Iterator[Newsroom]:
    with Newsroom(2) as room:
        yield room


def told(folder: Path) -> list[str]:
    """Whom the files in the folder tell of, each as often as it is told."""
    found = []
    for name in files(folder):
        text = (folder / "told" / name).read_text(encoding="utf-8")
        found += [n for n in NAMES if f"**{n}** joined" in text]
    return sorted(found)


def sound(config: Config) -> None:
    assert damage(config.store_path) == []


def test_a_store_that_cannot_grow_says_so_and_goes_on_when_it_can(room: Newsroom, tmp_path: Path) -> None:
    room.publish(0, *NAMES)
    config = room.configuration(tmp_path)
    with app.open_parts(config, detector=Literal()) as parts:
        pages = parts.store.query("PRAGMA page_count")[0]["page_count"]
        parts.store.db.execute(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(StoreError, match=r"cannot grow \(the disk is full\): make room"):
            cycle.run_once(parts, NOON)
    sound(config)
    with app.open_parts(config, detector=Literal()) as parts:
        cycle.run_once(parts, NOON + HOUR)
    assert told(tmp_path) == sorted(NAMES)
    sound(config)


def test_a_store_that_another_program_holds_is_waited_for(room: Newsroom, tmp_path: Path) -> None:
    room.publish(0, NAMES[0])
    config = room.configuration(tmp_path)
    jobs = Jobs(config, detector=Literal())
    jobs.perform(Job.PRUNE, NOON)
    with closing(sqlite3.connect(config.store_path)) as shell:
        shell.execute("BEGIN IMMEDIATE")  # as a `sqlite3` shell in which somebody has begun to write
        done = jobs.perform(Job.TICK, NOON)
        assert done.outcome == "failed" and "is locked by another program: close it" in done.said and done.due == NOON + MINUTE
        assert jobs.perform(Job.TICK, done.due).due == done.due + 2 * MINUTE, "what fails is asked for ever less often"
        assert room.polls(0) == 0, "nobody is asked for what cannot be kept"
        with Store.open(config.store_path, read_only=True) as reader:
            assert reader.answers() is None
        shell.rollback()
    assert jobs.perform(Job.TICK, NOON + 5 * MINUTE).outcome == "done"
    jobs.perform(Job.DELIVER, NOON + 5 * MINUTE)
    jobs.close()
    assert told(tmp_path) == [NAMES[0]]
    sound(config)


def test_a_reader_that_never_ends_keeps_the_log_and_nothing_else(room: Newsroom, tmp_path: Path) -> None:
    config = room.configuration(tmp_path)
    jobs = Jobs(config, detector=Literal())
    jobs.perform(Job.PRUNE, NOON)
    log = Path(f"{config.store_path}-wal")
    with closing(sqlite3.connect(config.store_path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        before = reader.execute("SELECT count(*) FROM feeds").fetchone()
        for hour in range(1, 5):
            room.publish(0, NAMES[hour])
            assert jobs.perform(Job.TICK, NOON + hour * HOUR).outcome == "done"
            jobs.perform(Job.DELIVER, NOON + hour * HOUR)
            assert jobs.perform(Job.PRUNE, NOON + hour * HOUR).outcome == "done"
        pinned = log.stat().st_size
        assert pinned > 100_000 and told(tmp_path) == sorted(NAMES[1:5])
        with Store.open(config.store_path, read_only=True) as other:
            assert other.pulse(NOON).log_bytes == pinned
        assert reader.execute("SELECT count(*) FROM feeds").fetchone() == before, "it reads what was there when it began"
    jobs.perform(Job.TICK, NOON + 9 * HOUR)
    jobs.close()
    assert not log.exists() or log.stat().st_size == 0
    sound(config)
    well = Life(idle=1, looks=60)
    seen = Seen(NOON, 2, read=NOON, first_seen=NOON - HOUR)
    assert judge(well, seen).notes == ()
    health = judge(well, replace(seen, log_bytes=LONGEST_LOG + 1))
    assert health.is_well and "a program that reads the store keeps it" in health.notes[0]


# A file system of its own, which can be filled and made read-only under a running daemon.


@contextmanager
def small_disk(at: Path, megabytes: int = 48) -> Iterator[Path]:
    """A tmpfs; the test is skipped where this may not be mounted."""
    at.mkdir()
    if (
        os.geteuid()
        or subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(at)], capture_output=True).returncode
    ):
        pytest.skip("only root may mount a file system")
    try:
        yield at
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)


def waits(until: Callable[[], object], seconds: float = 240) -> None:
    ends = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_a_disk_that_fills_up_under_a_running_daemon(room: Newsroom, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with small_disk(tmp_path / "disk") as disk:
        path = room.write(tmp_path, '[daemon]\nendpoint = "127.0.0.1:0"\n')
        path.write_text(path.read_text(encoding="utf-8").replace('"store.db"', '"disk/store.db"'), encoding="utf-8")
        store = disk / "store.db"
        with running(path) as daemon:
            daemon.says("2 feeds read")
            # All but full: nobody is asked for what could not be kept.
            filler = disk / "filler"
            filler.write_bytes(b"\0" * 40_000_000)
            assert "make room; it is tried again at" in daemon.says("tick: " + str(store) + ": the store has hardly room to grow")
            daemon.says("unhealthy: tick fails")
            assert cli.main(["--config", str(path), "status", "--json"]) == cli.FAILED
            assert "hardly room" in json.loads(capsys.readouterr().out)["why"][0]
            assert cli.main(["--config", str(path), "changes"]) == cli.DONE, "what is known can be read"
            capsys.readouterr()
            filler.unlink()
            daemon.says("tick: it works again")
            # Full to the last byte: whichever job writes first says so, and that it is over.
            with filler.open("wb", buffering=0) as file, pytest.raises(OSError):
                while True:
                    file.write(b"\0" * 65_536)
            full = daemon.says("the disk is full): make room")
            filler.unlink()
            [job] = re.findall(rf"(\w+): {re.escape(str(store))}", full)
            waits(lambda: any(f"{job}: it works again" in line for line in daemon.lines[daemon.lines.index(full) :]))
            daemon.stop()
        assert damage(store) == []


def test_a_disk_that_turns_read_only(room: Newsroom, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    room.publish(0, NAMES[0], NAMES[1])
    with small_disk(tmp_path / "disk") as disk:
        path = room.write(tmp_path)
        path.write_text(path.read_text(encoding="utf-8").replace('"store.db"', '"disk/store.db"'), encoding="utf-8")
        jobs = Jobs(configuration.load(path), detector=Literal())
        jobs.perform(Job.PRUNE, NOON)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        done = jobs.perform(Job.TICK, NOON)
        assert done.outcome == "failed" and "give yourself the right to write" in done.said and room.polls(0) == 0
        assert cli.main(["--config", str(path), "run-once"]) == cli.FAILED
        assert "give yourself the right to write" in capsys.readouterr().err
        assert cli.main(["--config", str(path), "changes", "--json"]) == cli.DONE, "what is known can be read"
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        for job in (Job.TICK, Job.DELIVER):
            assert jobs.perform(job, NOON + MINUTE).outcome == "done"
        jobs.close()
        assert told(tmp_path) == sorted(NAMES[:2])
        assert damage(disk / "store.db") == []
