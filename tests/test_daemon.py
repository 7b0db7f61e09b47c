"""The daemon as a process: signals, one writer, the endpoint, systemd; and how it judges itself."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline import cli, config, logs
from pipeline.daemon.systemd import Notify, watchdog_seconds
from pipeline.errors import ConfigError
from pipeline.health import Life, Seen, Work, judge
from pipeline.store import Store
from pipeline.store.opening import Lock, LockedError, holder
from tests.newsroom import Newsroom

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PORT = '[daemon]\nendpoint = "127.0.0.1:0"\n'


@pytest.fixture
def room() -> Iterator[Newsroom]:
    with Newsroom(3) as room:
        yield room


class Running:
    """A daemon; `lines` are what it has logged so far."""

    def __init__(self, path: Path, *args: str, **env: str) -> None:
        command = [sys.executable, "-m", "pipeline", "--config", str(path), "daemon", "--look-every", "1", *args]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **env})
        self.lines: list[str] = []
        self._told = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            with self._told:
                self.lines.append(line.rstrip())
                self._told.notify_all()

    def says(self, words: str, seconds: float = 120) -> str:
        """Waits for a line with these words."""
        with self._told:
            found = self._told.wait_for(lambda: next((line for line in self.lines if words in line), ""), seconds)
        assert found, self.lines
        return found

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Stops it and gives how many seconds that took."""
        begun = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(60)
        self._reader.join(10)
        assert code == 0 and not any("Traceback" in line for line in self.lines), self.lines
        return time.monotonic() - begun


@contextmanager
def running(path: Path, *args: str, **env: str) -> Iterator[Running]:
    daemon = Running(path, *args, **env)
    try:
        yield daemon
    finally:
        daemon.process.kill()
        daemon.process.wait()
        daemon._reader.join(10)
        assert daemon.process.stderr
        daemon.process.stderr.close()


def asked(address: str, path: str, host: str = "") -> tuple[int, str]:
    request = urllib.request.Request(f"http://{address}{path}", headers={"Host": host} if host else {})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_a_day_in_its_life(room: Newsroom, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = room.write(tmp_path, PORT)
    store = tmp_path / "store.db"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        heard: list[str] = []
        listening = threading.Thread(target=lambda: heard.extend(iter(lambda: systemd.recv(4096).decode(), "bye")), daemon=True)
        listening.start()
        with running(path, "--log", "json", NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="3000000") as daemon:
            daemon.says('"job": "tick"')
            said = json.loads(daemon.says("feeds read"))
            assert said["level"] == "info" and said["feeds"]["polled"] == 3 and datetime.fromisoformat(said["at"]).tzinfo
            address = json.loads(daemon.says("asked at"))["message"].rpartition("http://")[2]

            # Another daemon says who keeps the store; a status is asked of the one that does.
            assert cli.main(["--config", str(path), "daemon"]) == cli.FAILED
            assert f"process {daemon.process.pid}: pipeline --config" in capsys.readouterr().err
            assert cli.main(["--config", str(path), "status", "--json"]) == cli.DONE
            status = json.loads(capsys.readouterr().out)
            assert (status["healthy"], status["ready"], status["daemon"]["process"]) == (True, True, daemon.process.pid)
            assert status["feeds"]["configured"] == 3 and {j["job"] for j in status["jobs"]} >= {"tick", "deliver"}
            assert cli.main(["--config", str(path), "status"]) == cli.DONE and "healthy" in capsys.readouterr().out

            assert asked(address, "/healthz")[0] == asked(address, "/readyz")[0] == 200
            assert asked(address, "/healthz", host="evil.example")[0] == 403 and asked(address, "/nothing")[0] == 404
            metrics = asked(address, "/metrics")[1]
            assert 'pipeline_feeds{state="configured"} 3.0' in metrics
            assert 'pipeline_fetches_total{kind="feed",outcome="ok"} 3.0' in metrics

            # A configuration that is wrong changes nothing, a right one is taken over.
            right = path.read_text(encoding="utf-8")
            path.write_text(right + '[[feeds]]\nname = "x"\nurl = "gopher://x"\n', encoding="utf-8")
            daemon.process.send_signal(signal.SIGHUP)
            assert "feeds[3].url" in daemon.says("not taken over")
            room.publish(0, "Norvik Freight")
            path.write_text(right.replace('name = "feed 0"', 'name = "other"'), encoding="utf-8")
            daemon.process.send_signal(signal.SIGHUP)
            daemon.says("the configuration was read again: 3 feeds")
            daemon.says('"new": 1')

            # run-once beside it waits for its turn; the store is never written by two.
            assert cli.main(["--config", str(path), "run-once", "--wait", "60", "--json"]) == cli.DONE
            assert json.loads(capsys.readouterr().out)["feeds"]["polled"] == 3
            assert daemon.stop(signal.SIGINT) < 15
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"bye", str(tmp_path / "notify"))
        listening.join(10)
    words = "\n".join(heard)
    assert heard[0].startswith("READY=1") and "WATCHDOG=1" in words and "RELOADING=1\nMONOTONIC_USEC=" in words and "STOPPING=1" in words
    assert cli.main(["--config", str(path), "status", "--json"]) == cli.FAILED
    assert "no daemon keeps this store" in json.loads(capsys.readouterr().out)["why"][0]
    assert holder(store, ".daemon") is None


def test_a_stop_in_the_middle_is_short_and_the_next_start_goes_on(room: Newsroom, tmp_path: Path) -> None:
    for n in (0, 1):
        room.hangs(n)
    room.publish(2, "Norvik Freight")
    path = room.write(tmp_path, '[daemon]\nendpoint = "off"\n', timeout=60)
    with running(path) as daemon:
        ends = time.monotonic() + 120
        while not (room.polls(0) and room.polls(1) and room.polls(2)):
            assert time.monotonic() < ends
            time.sleep(0.05)
        assert daemon.stop() < 15
        assert not any("ERROR" in line for line in daemon.lines), daemon.lines
    room.faults.clear()
    with running(path) as daemon:
        daemon.says("articles")
        daemon.stop()
    with Store.open(tmp_path / "store.db", read_only=True) as store:
        feeds = {r["name"]: r for r in store.query("SELECT name, failures, last_read, due_why FROM feeds")}
    assert all(f["failures"] == 0 for f in feeds.values()), "that we stopped is no failure of theirs"
    assert feeds["feed 2"]["last_read"] and "no answer kept" in feeds["feed 0"]["due_why"]
    assert room.polls(0) == 1, "what was asked is not asked again at each start"


def test_the_holder_of_a_lock_is_told(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Store.open(path):
        with pytest.raises(LockedError, match=rf"process {os.getpid()}: .*--wait") as told:
            Store.open(path)
        assert told.value.holder and told.value.holder.since
        begun = time.monotonic()
        with pytest.raises(LockedError):
            Store.open(path, lock_wait=0.3)
        assert time.monotonic() - begun >= 0.3
    Store.open(path).close()
    lock = Lock(path, ending=".daemon", says='{"endpoint": "x"}')
    found = holder(path, ".daemon")
    assert found and found.says == '{"endpoint": "x"}'
    lock.release()
    assert holder(path, ".daemon") is None


# How it judges itself.

WELL = Life(idle=10, looks=60)
SEEN = Seen(NOON, 3, asked=NOON, read=NOON, first_seen=NOON - 100 * HOUR)


@pytest.mark.parametrize(
    ("life", "seen", "is_well", "is_ready", "why"),
    [
        (WELL, SEEN, True, True, ""),
        (WELL, None, True, True, ""),
        (replace(WELL, looked=False), SEEN, True, False, "first look"),
        (replace(WELL, store="is locked"), None, False, False, "the store does not answer: is locked"),
        (replace(WELL, idle=300), SEEN, True, True, ""),
        (replace(WELL, idle=361), SEEN, False, False, "no look for 361 seconds"),
        (replace(WELL, idle=500, work=Work("tick", 300, 300)), SEEN, True, True, ""),
        (replace(WELL, work=Work("tick", 361, 300)), SEEN, False, False, "tick has been at work"),
        (replace(WELL, troubles=(("backup", "disk full", 9999.0),)), SEEN, True, True, ""),
        (replace(WELL, troubles=(("tick", "disk full", 200.0),)), SEEN, True, True, ""),
        (replace(WELL, troubles=(("tick", "disk full", 301.0),)), SEEN, False, True, "tick fails: disk full"),
        (WELL, replace(SEEN, read=NOON - 3 * HOUR), False, True, "though some were asked"),
        (WELL, replace(SEEN, read=None), False, True, "though some were asked"),
        (WELL, replace(SEEN, read=NOON - HOUR), True, True, ""),
        (WELL, replace(SEEN, read=NOON - 9 * HOUR, asked=NOON - 9 * HOUR), True, True, ""),
        (WELL, replace(SEEN, read=NOON - 9 * HOUR, asked=NOON - 9 * HOUR, due_since=NOON - 3 * HOUR), False, True, "some are due"),
        (WELL, replace(SEEN, read=None, first_seen=NOON - HOUR), True, True, ""),
        (WELL, Seen(NOON), True, True, ""),
    ],
)
def test_health(life: Life, seen: Seen | None, is_well: bool, is_ready: bool, why: str) -> None:
    health = judge(life, seen)
    assert (health.is_well, health.is_ready) == (is_well, is_ready)
    assert why in " ".join(health.as_json()["why"]) and bool(health.as_json()["why"]) == bool(why)


def test_systemd_that_is_not_there_is_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    Notify("").ready("x")
    Notify(str(tmp_path / "none")).ready("x")
    assert "systemd cannot be told" in caplog.text
    for usec, pid, seconds in (("", "", 0.0), ("x", "", 0.0), ("30000000", "", 30.0), ("1", "1", 0.0), ("2000000", str(os.getpid()), 2.0)):
        monkeypatch.setenv("WATCHDOG_USEC", usec)
        monkeypatch.setenv("WATCHDOG_PID", pid)
        assert watchdog_seconds() == seconds


def test_a_log_is_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    log = logging.getLogger("pipeline.test")
    root = logging.getLogger("pipeline")
    before = list(root.handlers)
    try:
        for form, check in (("json", lambda line: json.loads(line)["message"]), ("text", lambda line: line)):
            logs.to_stderr(form)
            log.info("two\nlines \x1b[31m of %s", "it", extra={"fields": {"job": "tick"}})
            [line] = capsys.readouterr().err.splitlines()
            assert "lines" in check(line) and "\x1b" not in line
            assert form == "text" or json.loads(line)["job"] == "tick"
    finally:
        for name in ("pipeline", "apscheduler"):
            logger = logging.getLogger(name)
            logger.handlers = [h for h in logger.handlers if h in before]


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ('[daemon]\nendpoint = "here"\n', "daemon.endpoint"),
        ('[daemon]\nendpoint = "127.0.0.1:99999"\n', "daemon.endpoint"),
        ("[daemon]\nendpoint = 3\n", "daemon.endpoint"),
        ('[daemon]\nlog = "xml"\n', "daemon.log"),
        ("[daemon]\nlook_seconds = 0\n", "daemon.look_seconds"),
        ("[daemon]\nother = 1\n", "daemon.other"),
        ("[keep]\ntexts_days = 3\n", "keep.texts_days"),
        ("[keep]\nbackups = 0\n", "keep.backups"),
        ('[keep]\nbackup_folder = "p.toml"\n', "keep.backup_folder"),
    ],
)
def test_what_is_wrong_in_the_configuration_is_told(tmp_path: Path, more: str, problem: str) -> None:
    path = tmp_path / "p.toml"
    path.write_text('[[feeds]]\nname = "w"\nurl = "https://wire.example/"\n' + more, encoding="utf-8")
    with pytest.raises(ConfigError) as told:
        config.load(path)
    assert [p.split(":")[0] for p in told.value.problems] == [problem]


def test_the_endpoint_can_be_elsewhere_or_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    found: list[Any] = []
    for endpoint in ('"off"', '"[::1]:9000"', '"0.0.0.0:80"'):
        path.write_text(f'[[feeds]]\nname = "w"\nurl = "https://wire.example/"\n[daemon]\nendpoint = {endpoint}\n', encoding="utf-8")
        settings = config.load(path).daemon
        found.append((settings.host, settings.port))
    assert found == [("", 0), ("::1", 9000), ("0.0.0.0", 80)]
