"""Plays a month in the life of a daemon: 300 feeds on 60 hosts, one poll in twenty goes wrong, and some days are restarts.

    python -m tests.month_daemon [--days 30] [--feeds 300] [--restarts 50]     # prints what it measured; exits with 1 where it is wrong

The clock is turned by hand, the jobs, the store and HTTP are real: the hosts are 127.0.1.1 and up. Held to: memory at the end of the last
day within 5 % of the third's, a write-ahead log and a folder of copies that stay small, every article told once, no host asked before
its Retry-After is over, nine of ten unchanged polls answered 304, and a daemon that is killed again and again (a real process, by
SIGKILL) asks no feed twice in an hour.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from pipeline import config
from pipeline.jobs import Job, Jobs
from pipeline.model import Article, Claim, Detection, Event, Quote, Status
from pipeline.store import Store
from tests.kill_daemon import name
from tests.kill_run_once import damage
from tests.newsroom import NOON, Newsroom

FEEDS_A_HOST = 5
FAULTS = 0.05
LOOK = timedelta(minutes=10)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LISTED = 30
MOST_LOG_BYTES = 16_000_000
MOST_BYTES_AN_ARTICLE = 60_000
BACKUPS = 2
_JOINED = re.compile(r"([A-Z]\w+ [A-Z]\w+) joined the (\w+ \w+ Compact)")


class Joins:
    """Finds who joined which compact."""

    version = "joins"

    def detect(self, article: Article) -> Detection:
        found = {m[1]: m for m in _JOINED.finditer(article.text)}
        claims = (
            Claim(m[2], m[1], Event.JOINED, Status.COMPLETED, Quote(m[0], "text", m.start()), 0.9, coalition_aliases=())
            for m in found.values()
        )
        return Detection(tuple(claims))


@dataclass
class Wire:
    """A feed: how often it brings something, what it lists, and what it last answered."""

    every: timedelta
    next: datetime
    items: list[tuple[int, datetime]] = field(default_factory=list)
    version: int = 0
    given: int = -1


class World:
    """The hosts and what they publish, at the hour that `now` says; one thread serves them all and remembers next to nothing."""

    def __init__(self, feeds: int, seed: int) -> None:
        self.chance = random.Random(seed)
        self.now = NOON
        self.published = 0
        self.counts: Counter[str] = Counter()
        self.rests: dict[str, tuple[datetime, datetime]] = {}
        self.wrong: list[str] = []
        self.faults = FAULTS
        # From a wire that brings something every few hours to an association that writes once a fortnight.
        spans = [timedelta(hours=self.chance.choice((4, 12, 24, 72, 168, 336))) for _ in range(feeds)]
        self.wires = [Wire(span, NOON + span * self.chance.random()) for span in spans]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.hosts = [f"127.0.1.{n + 1}" for n in range(-(-feeds // FEEDS_A_HOST))]
        self._server = asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result()
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self) -> asyncio.Server:
        first = await asyncio.start_server(self._talk, self.hosts[0], 0)
        port = first.sockets[0].getsockname()[1]
        self._others = [await asyncio.start_server(self._talk, host, port) for host in self.hosts[1:]]
        return first

    def close(self) -> None:
        async def end() -> None:
            for server in (self._server, *self._others):
                server.close()
            await asyncio.sleep(0.1)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def url(self, feed: int, path: str) -> str:
        return f"http://{self.hosts[feed // FEEDS_A_HOST]}:{self.port}{path}"

    def advance(self, now: datetime) -> None:
        """Publishes what is due by then."""
        for feed, wire in enumerate(self.wires):
            while wire.next <= now:
                self._publish(feed, wire)
                wire.next += wire.every * self.chance.uniform(0.5, 1.5)
        self.now = now

    def _publish(self, feed: int, wire: Wire) -> None:
        wire.items = [(self.published, wire.next), *wire.items][:LISTED]
        self.published += 1
        wire.version += 1

    def _item(self, feed: int, number: int, at: datetime) -> str:
        who, path = name(number), f"/a/{number}/{feed}/{at.isoformat()}"
        item = f"<item><title>News of {who}</title><link>{self.url(feed, path)}</link><guid>{path}</guid>"
        return f"{item}<pubDate>{format_datetime(at)}</pubDate></item>"

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                headers = {}
                while (more := await reader.readline()) not in (b"\r\n", b""):
                    key, _, value = more.decode("latin-1").partition(":")
                    headers[key.lower()] = value.strip()
                path = line.split()[1].decode()
                going_on = self._answer(path, headers, writer)
                await writer.drain()
                if not going_on:
                    break
        except (ConnectionError, ValueError):
            pass
        finally:
            writer.close()

    def _answer(self, path: str, headers: dict[str, str], writer: asyncio.StreamWriter) -> bool:
        host = headers["host"].rpartition(":")[0]
        begun, until = self.rests.get(host, (self.now, self.now))
        if begun < self.now < until:  # what was on its way when it was asked for is no breach
            self.wrong.append(f"{host} was asked {until - self.now} before its Retry-After was over")
        if path.startswith("/feed/"):
            return self._feed(int(path.removeprefix("/feed/")), host, headers, writer)
        if path.startswith("/a/"):
            self.counts["pages"] += 1
            return _send(writer, 200, _page(*path.split("/")[2:]), "text/html; charset=utf-8")
        return _send(writer, 404, "")

    def _feed(self, number: int, host: str, headers: dict[str, str], writer: asyncio.StreamWriter) -> bool:
        wire, tag = self.wires[number], f'"{self.wires[number].version}"'
        self.counts["polls"] += 1
        if self.chance.random() < self.faults:
            self.counts["faults"] += 1
            return self._fault(host, writer)
        if wire.version == wire.given:
            self.counts["unchanged"] += 1
        wire.given = wire.version
        if headers.get("if-none-match") == tag:
            self.counts["304"] += 1
            return _send(writer, 304, "", etag=tag)
        items = "".join(self._item(number, *item) for item in wire.items)
        channel = f"<title>Feed {number}</title><link>x</link><description>d</description>{items}"
        return _send(writer, 200, f"<rss version='2.0'><channel>{channel}</channel></rss>", "application/rss+xml", etag=tag)

    def _fault(self, host: str, writer: asyncio.StreamWriter) -> bool:
        match self.chance.choice(("500", "429", "503", "404", "cut", "page", "silence")):
            case "500":
                return _send(writer, 500, "oops")
            case "404":
                return _send(writer, 404, "")
            case "page":
                return _send(writer, 200, "<html><body>We are moving house.</body></html>", "text/html")
            case "cut":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nContent-Length: 9999\r\n\r\n<rss><channel>")
                return False
            case "silence":
                return False
            case status:
                seconds = self.chance.randrange(30, 7200)
                self.rests[host] = (self.now, self.now + timedelta(seconds=seconds))
                self.counts["rests"] += 1
                return _send(writer, int(status), "slow down", retry_after=seconds)


def _page(number: str, feed: str, published: str) -> str:
    """An article, made anew each time from what its path says, as items are: the memory that is measured is also that of the play."""
    who, body = name(int(number)), name(int(feed)).replace(" ", "th ", 1) + " Compact"
    head = f"<html lang=en><head><title>News of {who}</title><meta property='article:published_time' content='{published}'>"
    more = "".join(f"<p>Nothing else is known of {who} than what it said here, in paragraph {n} of this report.</p>" for n in range(4))
    said = f"<p>{who} joined the {body} on Tuesday, it said in a statement to this paper.</p>"
    return f"{head}</head><body><article><h1>News of {who}</h1>{said}{more}</article></body></html>"


def _send(writer: asyncio.StreamWriter, status: int, body: str, type: str = "text/plain", *, etag: str = "", retry_after: int = 0) -> bool:
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {type}\r\n" + (f"ETag: {etag}\r\n" if etag else "")
    head += f"Retry-After: {retry_after}\r\n" if retry_after else ""
    payload = body.encode()
    length = "" if status == 304 else f"Content-Length: {len(payload)}\r\n"
    writer.write(f"{head}{length}\r\n".encode() + payload)
    return True


def resident() -> int:
    """Bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@dataclass
class Month:
    """What a month came to."""

    ticks: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    log: int = 0
    store: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    published: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.ticks, n=20)[-1]


def month(days: int, feeds: int, seed: int = 1) -> Month:
    """Plays so many days, and a last one without faults in which all that is left is told."""
    world, came = World(feeds, seed), Month()
    with tempfile.TemporaryDirectory() as scratch:
        settings = _configuration(world, feeds, Path(scratch))
        jobs = Jobs(settings, detector=Joins())
        due = jobs.due(NOON)
        now = NOON
        for day in range(days + 1):
            world.faults = FAULTS if day < days else 0.0
            ends = NOON + (day + 1) * DAY
            if day % 7 == 3:  # the daemon is upgraded and begins anew
                jobs.close()
                jobs = Jobs(settings, detector=Joins())
                due = jobs.due(now)
            while now < ends:
                world.advance(now)
                for job in [job for job in Job if due[job] <= now]:
                    begun = time.perf_counter()
                    done = jobs.perform(job, now)
                    if job is Job.TICK:
                        came.ticks.append(time.perf_counter() - begun)
                    if done.outcome != "done":
                        came.wrong.append(f"{now}: {job} {done.outcome}: {done.said}")
                    due[job] = max(done.due, now + timedelta(seconds=1))
                log = Path(f"{settings.store_path}-wal")
                came.log = max(came.log, log.stat().st_size if log.exists() else 0)
                now += LOOK
            gc.collect()
            came.memory.append(resident())
        jobs.close()
        world.close()
        came.counts, came.published, came.store = world.counts, world.published, settings.store_path.stat().st_size
        came.wrong += world.wrong + [f"the store: {what}" for what in damage(settings.store_path)]
        came.wrong += _untold(settings, world)
        copies = len(list((Path(scratch) / "copies").iterdir()))
        if copies > BACKUPS:
            came.wrong.append(f"{copies} copies are kept")
    came.wrong += _bounds(came, days)
    return came


def _configuration(world: World, feeds: int, folder: Path) -> config.Config:
    path = folder / "pipeline.toml"
    listed = "".join(f'[[feeds]]\nname = "feed {n}"\nurl = "{world.url(n, f"/feed/{n}")}"\n' for n in range(feeds))
    path.write_text(
        '[store]\npath = "store.db"\n[fetch]\nallow_private_addresses = true\ntimeout_seconds = 10\n'
        + listed
        + '[[channels]]\nname = "files"\n'
        'folder = "told"\n[[alerts]]\nname = "all"\nchannels = ["files"]\n[notices]\nchannels = ["files"]\n'
        f'[daemon]\nlook_seconds = {LOOK.total_seconds():g}\n[keep]\nbackup_folder = "copies"\nbackups = {BACKUPS}\n',
        encoding="utf-8",
    )
    return config.load(path)


def _untold(settings: config.Config, world: World) -> list[str]:
    """Which members are not known, known twice, or not told of."""
    with Store.open(settings.store_path, read_only=True) as store:
        rows = store.query("SELECT m.name AS who, count(*) AS n FROM changes h JOIN parties m ON m.key = h.member GROUP BY 1")
        waiting = store.query("SELECT count(*) AS n FROM deliveries WHERE state = 'due'")[0]["n"]
        listed = store.query("SELECT count(*) AS n FROM entries")[0]["n"]
    told = {r["who"]: r["n"] for r in rows}
    wrong = [f"{who} was told of {n} times" for who, n in told.items() if n != 1]
    # What fell out of a feed's list while it could not be read is nobody's fault; what was listed is told.
    if len(told) < listed:
        wrong.append(f"{listed} articles were listed and {len(told)} members are known, of {world.published}")
    return wrong + ([f"{waiting} deliveries wait"] if waiting else [])


def _bounds(came: Month, days: int) -> list[str]:
    wrong = []
    if days >= 4 and came.memory[days - 1] > came.memory[2] * 1.05:
        wrong.append(f"memory grew from {came.memory[2] / 1e6:.1f} MB on the third day to {came.memory[days - 1] / 1e6:.1f} MB")
    if came.log > MOST_LOG_BYTES:
        wrong.append(f"the log grew to {came.log / 1e6:.1f} MB")
    if came.store > 4_000_000 + MOST_BYTES_AN_ARTICLE * came.published:
        wrong.append(f"the store grew to {came.store / 1e6:.1f} MB for {came.published} articles")
    if came.counts["304"] < 0.9 * came.counts["unchanged"]:
        wrong.append(f"{came.counts['304']} of {came.counts['unchanged']} unchanged polls were answered 304")
    return wrong


def restarts(number: int, feeds: int = 20, seed: int = 1) -> list[str]:
    """Kills a daemon so often within an hour, and gives which feeds were asked more than once."""
    chance = random.Random(seed)
    with Newsroom(feeds) as room, tempfile.TemporaryDirectory() as scratch:
        for feed in range(0, feeds, 4):
            room.hangs(feed)
        path = room.write(Path(scratch), '[daemon]\nendpoint = "off"\n', timeout=60)
        command = [sys.executable, "-m", "pipeline", "--config", str(path), "daemon", "--look-every", "1"]
        begun, startup = time.monotonic(), 2.0
        for life in range(number + 1):
            with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as daemon:
                assert daemon.stderr
                born = time.monotonic()
                daemon.stderr.readline()  # it has started
                startup = time.monotonic() - born
                # The last life is long enough for all that no earlier one came to.
                time.sleep(chance.uniform(0, startup) if life < number else 4 * startup)
                daemon.kill()
        wrong = [f"feed {n} was asked {room.polls(n)} times" for n in range(feeds) if room.polls(n) > 1]
        with Store.open(Path(scratch) / "store.db", read_only=True) as store:
            why = {s.feed.name: s.due_why for s in store.feed_states()}
        # What was noted in the moment before the kill may not have been sent: it waits as if it had been.
        wrong += [f"feed {n} was never asked" for n in range(feeds) if not room.polls(n) and "no answer kept" not in why[f"feed {n}"]]
        if time.monotonic() - begun > HOUR.total_seconds():
            wrong.append("it took longer than an hour, after which a feed may be asked again")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description="Plays a month in the life of a daemon.")
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--feeds", type=int, default=300)
    parser.add_argument("--restarts", type=int, default=50)
    args = parser.parse_args()
    begun = time.monotonic()
    came = month(args.days, args.feeds)
    again = restarts(args.restarts)
    wrong = [*came.wrong, *again]
    print(*wrong[:20], sep="\n")
    counts, memory = (
        came.counts,
        [f"{m / 1e6:.0f}" for m in (came.memory[0], came.memory[min(2, args.days - 1)], came.memory[args.days - 1])],
    )
    print(
        f"{args.days} days, {args.feeds} feeds: {counts['polls']} polls, {counts['faults']} faults, {counts['rests']} rests asked for, "
        f"{counts['304']} of {counts['unchanged']} unchanged polls answered 304; {came.published} articles; "
        f"{len(came.ticks)} ticks, p95 {came.p95:.2f} s; memory {', '.join(memory)} MB on the first, third and last day; "
        f"store {came.store / 1e6:.1f} MB, log {came.log / 1e6:.1f} MB at most; {args.restarts} restarts; "
        f"{len(wrong)} things wrong, {time.monotonic() - begun:.0f} s"
    )
    return bool(wrong)


if __name__ == "__main__":
    raise SystemExit(main())
