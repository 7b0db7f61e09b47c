"""Kills the program with SIGKILL at random while it learns and tells, and holds what the receivers saw to what its store says.

    python -m tests.kill_delivery [10000] [--seed N]     # prints one line; exits with 1 where anything is wrong

A generated wire tells of that many changes, ten an article, in forty coalitions; each goes to a mail server, a webhook, a folder of files
and an Atom feed, all real and on 127.0.0.1. The receivers misbehave at random: they answer 451, 429 and 503 with Retry-After, 500, take a
message and break off before the answer, and are down for a while. The program is killed again and again, at a random statement of
SQL (so in the midst of transactions) or after a random time (so also between a receiver's answer and its receipt), until all is told.

Then: nothing was lost, no alert was told under two ids, the messages about a coalition came in the order of its changes, files and
feed hold each alert once, every receipt is of a message that its receiver took, and what the feed has a receipt for stands in it for
its time.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self
from xml.etree import ElementTree

from pipeline import config, cycle, letters, notify, outbox
from pipeline.fetch import Note, Outcome, PageRequest
from pipeline.model import Page
from pipeline.store import Store
from tests.shelf import DAY, FEED, Shelf, Told, claim
from tests.sinks import MailSink
from tests.web import Answer, Asked, Site

EACH = 10
COALITIONS = 40
AT_ONCE = 40
"""Articles that the feed lists at a time."""
STEP = timedelta(minutes=20)
"""How far the clock goes on from one cycle to the next: pauses between tries are minutes to hours."""
MOST_CYCLES = 5000
MOST_LIVES = 300


def article(number: int) -> Told:
    coalition = f"Harbour Pact {number % COALITIONS:02}"
    claims = [claim(f"Member {number:04} {place}", coalition=coalition) for place in range(EACH)]
    words = " ".join(c.quote.words + "." for c in claims)
    return Told(f"a{number:05}", DAY + timedelta(minutes=number), f"News {number}. {words} Nobody else was named.", tuple(claims))


class Wire(Shelf):
    """The cycle over a store in a file, whose feed lists what has not been read yet."""

    def __init__(self, folder: Path, articles: int) -> None:
        super().__init__(store=Store.open(folder / "store.db"))
        self.until = articles
        asked = config.load(folder / "pipeline.toml")
        self.parts = replace(self.parts, config=replace(asked, feeds=self.parts.config.feeds), deliver=notify.deliver)

    def fetch(self, requests: Sequence[PageRequest], note: Note | None = None) -> Iterator[tuple[PageRequest, Outcome]]:
        read = self.store.counts()["articles"]
        some = [article(n) for n in range(read, min(read + AT_ONCE, self.until))]
        self.listed = some
        for request in requests:
            if request.url != FEED and request.url not in self.articles:
                told = article(int(request.url.rpartition("/a")[2]))
                self.articles[told.url] = told
            body = self._feed() if request.url == FEED else self._page(self.articles[request.url])
            yield request, Page(request.url, request.url, 200, (), body.encode(), self.now)

    def cycles(self, most: int) -> bool:
        """Runs cycles, each later than the last one; gives whether all is read and told."""
        for _ in range(most):
            row = self.store.query("SELECT coalesce(max(id), 0) AS n FROM runs")[0]
            self.now = DAY + timedelta(days=30) + STEP * row["n"]
            cycle.run_once(self.parts, self.now)
            waiting = self.store.query("SELECT count(*) AS n FROM deliveries WHERE state = 'due'")[0]["n"]
            if self.store.counts()["articles"] == self.until and not waiting:
                return True
        return False


def live(folder: Path, articles: int, kill_at: int) -> int:
    """One life of the program: it ends at the given statement of SQL (0: when all is told)."""
    said = 0

    def traced(statement: str) -> None:
        nonlocal said
        said += 1
        if said == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    with Wire(folder, articles) as wire:
        wire.store.db.conn.set_trace_callback(traced)
        return 0 if wire.cycles(MOST_CYCLES) else 3


def nursery() -> None:
    """Forks a life for each line of standard input, kills it when it is time, and says how it ended."""
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = live(Path(job["folder"]), job["articles"], job["kill_at"])
            finally:
                sys.stderr.flush()
                os._exit(code)
        if job["after"] is not None:
            ends = time.monotonic() + job["after"]
            while time.monotonic() < ends and os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                time.sleep(0.02)
            os.kill(child, signal.SIGKILL)  # one that has ended waits for `waitpid`, so the number is still its own
        print(os.waitpid(child, 0)[1], flush=True)


class Nursery:
    """The process without threads that lives are forked from."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.kill_delivery", "--nursery"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1])
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def live(self, folder: Path, articles: int, *, kill_at: int = 0, after: float | None = None) -> int:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps({"folder": str(folder), "articles": articles, "kill_at": kill_at, "after": after}) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@dataclass
class Receivers:
    """A mail server and a webhook that misbehave; what each took, in order: the id of the message and the alerts in it."""

    chance: random.Random
    down: range
    hooked: list[tuple[str, str]] = field(default_factory=list)
    mailed: list[tuple[str, str]] = field(default_factory=list)
    hook_asked: int = 0
    mail_asked: int = 0
    broken: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def hook(self, asked: Asked) -> Answer:
        with self._lock:
            self.hook_asked += 1
            if self.hook_asked in self.down:
                raise ConnectionAbortedError
            roll = self.chance.random()
            if roll < 0.002:
                return Answer(b"slow down", 429, {"Retry-After": "1500"})
            if roll < 0.004:
                return Answer(b"later", 503, {"Retry-After": "90"})
            if roll < 0.007:
                return Answer(b"oops", 500)
            alerts = json.loads(asked.body)["data"]["alerts"]
            self.hooked.append((asked.headers["webhook-id"].removeprefix("msg_"), alerts[0]["id"]))
            if roll < 0.015:
                self.broken += 1
                raise ConnectionAbortedError  # it has it, and the sender does not know
            return Answer(b"", 204)

    def mail(self, about: str) -> str:
        if about != "DATA":
            return "250 OK"
        with self._lock:
            self.mail_asked += 1
            if self.mail_asked in self.down:
                return "421 going down"
            return "451 not now" if self.chance.random() < 0.01 else "250 OK"


def configure(folder: Path, hook: str, mail_port: int) -> None:
    (folder / "pipeline.toml").write_text(
        '[store]\npath = "store.db"\n[[feeds]]\nname = "wire"\nurl = "https://wire.example/feed.xml"\n'
        f'[[channels]]\nname = "hook"\nkind = "webhook"\nurl = "{hook}"\nallow_private_addresses = true\n'
        f'[[channels]]\nname = "mail"\nkind = "email"\nhost = "127.0.0.1"\nport = {mail_port}\nsecurity = "none"\n'
        'from = "p@desk.example"\nto = ["d@desk.example"]\n'
        '[[channels]]\nname = "files"\nfolder = "told"\n[[channels]]\nname = "feed"\nkind = "atom"\nfile = "feed.xml"\n'
        '[[alerts]]\nname = "all"\nchannels = ["hook", "mail", "files", "feed"]\n',
        encoding="utf-8",
    )


@dataclass(frozen=True)
class Result:
    """What a trial came to."""

    changes: int
    lives: int
    killed: int
    repeats: int
    refusals: int
    wrong: tuple[str, ...]


def trial(changes: int, seed: int = 1, mean_life: float = 4.0) -> Result:
    """Lets the program live and die until all is told, and gives what is wrong with what was told."""
    chance = random.Random(seed)
    articles = changes // EACH
    receivers = Receivers(random.Random(seed + 1), range(changes // 5, changes // 5 + 25))
    with tempfile.TemporaryDirectory() as place, Site() as site, MailSink() as sink, Nursery() as nest:
        folder = Path(place)
        configure(folder, site.on("/hook", receivers.hook), sink.port)
        sink.answers = receivers.mail
        lives = killed = 0
        while True:
            lives += 1
            if chance.random() < 0.5:
                ended = nest.live(folder, articles, after=chance.uniform(0.05, 2 * mean_life))
            else:
                ended = nest.live(folder, articles, kill_at=chance.randint(1, int(4000 * mean_life)))
            killed += ended == signal.SIGKILL
            if ended not in (0, signal.SIGKILL) or lives == MOST_LIVES:
                return Result(changes, lives, killed, 0, 0, (f"life {lives} ended with {ended}, and not all is told",))
            if ended == 0:
                break
        receivers.mailed = [(str(t.mail["Message-ID"]).strip("<>").split("@")[0], str(t.mail["X-Pipeline-Alert"])) for t in sink.taken]
        wrong = tuple(judged(folder, changes, receivers))
        repeats = sum(len(told) - len(set(told)) for told in (receivers.hooked, receivers.mailed))
        refusals = receivers.hook_asked + receivers.mail_asked - len(receivers.hooked) - len(receivers.mailed)
        return Result(changes, lives, killed, repeats, refusals, wrong)


def judged(folder: Path, changes: int, receivers: Receivers) -> Iterator[str]:
    """Gives everything that is wrong."""
    db = sqlite3.connect(folder / "store.db")
    found = [r[0] for r in db.execute("PRAGMA integrity_check") if r[0] != "ok"]
    yield from found
    [(n, alerts)] = db.execute("SELECT (SELECT count(*) FROM changes), (SELECT count(*) FROM alerts)").fetchall()
    if (n, alerts) != (changes, changes):
        yield f"{n} changes and {alerts} alerts of {changes}"
    rows = db.execute("SELECT channel, alert, message, coalition, state, receipt, tried FROM deliveries ORDER BY number").fetchall()
    db.close()
    for name, told in (("hook", receivers.hooked), ("mail", receivers.mailed)):
        own = [r for r in rows if r[0] == name]
        kept = {r[1]: r[2] for r in own if r[4] == "delivered" and r[5]}
        if len(kept) != changes:
            yield f"{name}: {len(kept)} receipts of {changes}"
        ids: dict[str, set[str]] = {}
        for message, alert in told:
            ids.setdefault(alert, set()).add(message)
        lost = kept.keys() - ids.keys()
        if lost:
            yield f"{name}: {len(lost)} lost, {sorted(lost)[:3]}"
        twice = [alert for alert, of in ids.items() if len(of) > 1]
        if twice:
            yield f"{name}: {len(twice)} told under two ids, {twice[:3]}"
        other = [alert for alert, message in kept.items() if message not in ids.get(alert, ())]
        if other:
            yield f"{name}: {len(other)} receipts of what it did not take, {other[:3]}"
        place = {r[1]: (r[3], number) for number, r in enumerate(own)}
        reached: dict[str, int] = {}
        for alert in dict.fromkeys(alert for _, alert in told):
            coalition, number = place[alert]
            if number < reached.get(coalition, -1):
                yield f"{name}: {alert} of {coalition} came too late"
            reached[coalition] = number
    files = sorted(p.name for p in (folder / "told").iterdir())
    wanted = sorted({r[1] for r in rows})
    if sorted(name[11:-3] for name in files) != wanted:
        yield f"files: {len(files)} of {len(wanted)}"
    receipts = {r[1]: datetime.fromisoformat(r[6]) for r in rows if r[0] == "feed" and r[4] == "delivered" and r[5]}
    yield from _judged_feed(folder / "feed.xml", receipts, changes)


def _judged_feed(path: Path, receipts: dict[str, datetime], changes: int) -> Iterator[str]:
    """Holds a feed to its receipts: what was told in the time for which alerts stand in it is there, once, and nothing unknown."""
    listed = [e.text or "" for e in ElementTree.parse(path).iter("{http://www.w3.org/2005/Atom}id")][1:]
    if len(receipts) != changes:
        yield f"feed: {len(receipts)} receipts of {changes}"
    if len(listed) != len(set(listed)):
        yield f"feed: {len(listed)} entries, {len(set(listed))} different"
    written = max(receipts.values())
    standing = {letters.urn(alert) for alert, told in receipts.items() if told > written - outbox.FEED_STAYS}
    if lost := standing - {*listed}:
        yield f"feed: {len(lost)} of {len(standing)} receipts are of what does not stand in it"
    if strange := {*listed} - {letters.urn(alert) for alert in receipts}:
        yield f"feed: {len(strange)} entries without a receipt"
    if len(listed) < min(outbox.FEED_ENTRIES, changes) or len(standing) > outbox.FEED_MOST:
        yield f"feed: {len(listed)} entries, {len(standing)} of them told lately"


def main() -> int:
    parser = argparse.ArgumentParser(description="Kills the program while it tells.")
    parser.add_argument("number", nargs="?", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--life", type=float, default=4.0, metavar="SECONDS", help="how long a life is in the mean (without it 4)")
    parser.add_argument("--nursery", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.nursery:
        nursery()
        return 0
    begun = time.monotonic()
    found = trial(args.number, args.seed, args.life)
    print(*found.wrong[:20], sep="\n")
    print(
        f"{found.changes} changes, 4 channels; {found.lives} lives, {found.killed} killed; {found.refusals} refusals, {found.repeats}"
        f" repeats under the same id; {len(found.wrong)} things wrong; {time.monotonic() - begun:.0f} s"
    )
    return bool(found.wrong)


if __name__ == "__main__":
    raise SystemExit(main())
