"""Polls feeds of every temper through simulated weeks, and proves by the servers' own logs that nobody is bothered.

    python -m tests.politeness [--days 31]

Real servers on 127.0.0.1, the real fetcher and the real store; only the time is made: from each moment at which a feed is due to the
next. A short form is part of the tests (`test_politeness.py`).
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path

from pipeline.config import Config
from pipeline.cycle import Parts, poll_feeds
from pipeline.fetch import Fetcher, FetchSettings
from pipeline.model import Feed
from pipeline.store import FeedState, Store
from tests.web import Answer, Asked, Site

BEGIN = datetime(2024, 3, 1, tzinfo=UTC)


@dataclass
class Visit:
    at: datetime
    path: str
    status: int
    conditional: bool
    unchanged: bool


@dataclass
class Server:
    """A site whose answers go by the simulated time, and which keeps a log of its visitors."""

    site: Site
    now: datetime = BEGIN
    log: list[Visit] = field(default_factory=list)
    alone_until: datetime = BEGIN
    seen: Counter[str] = field(default_factory=Counter)

    def answer(self, asked: Asked) -> Answer:
        path = asked.path
        self.seen[path] += 1
        conditional = "if-none-match" in asked.headers or "if-modified-since" in asked.headers
        tag, body = self.content(path)
        answer = Answer(body, 200, {"ETag": tag})
        if path == "/gone":
            answer = Answer(b"", 410)
        elif path == "/broken":
            answer = Answer(b"", 500)
        elif path == "/moved":
            answer = Answer(b"", 301, {"Location": "/quiet?moved"})
        elif path in {"/seconds", "/date"} and self.seen[path] % 3 == 2:
            self.alone_until = self.now.replace(microsecond=0) + timedelta(hours=5, seconds=7)
            later = "18007" if path == "/seconds" else format_datetime(self.alone_until, usegmt=True)
            date = format_datetime(self.now.replace(microsecond=0), usegmt=True)
            answer = Answer(b"", 429 if path == "/seconds" else 503, {"Retry-After": later, "Date": date})
        elif asked.headers.get("if-none-match") == tag and path != "/liar":
            answer = Answer(b"", 304, {"ETag": tag})
        last = [v for v in self.log if v.path == path and v.status in {200, 304}][-1:]
        same = bool(last) and self.content(path, last[0].at)[1] == body
        self.log.append(Visit(self.now, path, answer.status, conditional, same and answer.status in {200, 304}))
        return answer

    def content(self, path: str, at: datetime | None = None) -> tuple[str, bytes]:
        at = at or self.now
        count = int((at - BEGIN) / timedelta(hours=3)) if path.startswith("/busy") else 0
        entries = "".join(
            f"<item><title>No {n}</title><link>https://wire.example/{n}</link></item>" for n in range(count, max(-1, count - 20), -1)
        )
        tag = f'"{count}"' if path != "/liar" else f'"{at.timestamp()}"'
        return tag, f"<rss version='2.0'><channel><title>{path}</title>{entries}</channel></rss>".encode()


def simulate(days: float, folder: Path) -> tuple[dict[str, Server], tuple[FeedState, ...]]:
    """Polls through so many days; gives the servers with their logs, and what is known of the feeds at the end."""
    paths = {
        "calm": ("/quiet", "/busy", "/liar", "/moved"),
        "strict": ("/seconds", "/neighbour"),
        "dated": ("/date",),
        "lost": ("/gone", "/broken"),
    }
    with ExitStack() as stack:
        servers = {name: Server(stack.enter_context(Site())) for name in paths}
        feeds = []
        for name, listed in paths.items():
            for path in listed:
                feeds.append(Feed(path, servers[name].site.on(path, servers[name].answer)))
        servers["calm"].site.on("/quiet?moved", servers["calm"].answer)
        settings = FetchSettings(allow_private_addresses=True, timeout_seconds=60)
        config = Config(folder / "x.toml", folder, folder / "store.db", settings, tuple(feeds))
        store = stack.enter_context(Store.open(config.store_path))
        fetcher = stack.enter_context(Fetcher(settings))
        parts = Parts(config, store, fetcher, None, None, lambda names: None)  # type: ignore[arg-type]
        now = BEGIN
        while now < BEGIN + timedelta(days=days):
            for server in servers.values():
                server.now = now
            poll_feeds(parts, now, everything=False)
            now = max(now + timedelta(seconds=1), min(s.next_due for s in store.feed_states() if s.next_due))
        return servers, store.feed_states()


def verdict(servers: dict[str, Server], days: float) -> list[str]:
    """What the logs have against the visitor; nothing where it was polite."""
    complaints = []
    unchanged: list[Visit] = []
    for name, server in servers.items():
        if server.site.most_at_once > 2:
            complaints.append(f"{name} saw {server.site.most_at_once} at once")
        held = asked_at = BEGIN
        for visit in server.log:
            # The moment is made for a whole round: what was asked for within one is heeded from the next on.
            if visit.at < held and visit.at != asked_at:
                complaints.append(f"{name} was asked for {visit.path} at {visit.at}, and had asked to be left alone until {held}")
            if visit.status in {429, 503}:
                held, asked_at = visit.at + timedelta(seconds=18_007), visit.at
        for path in {v.path for v in server.log}:
            visits = [v for v in server.log if v.path == path]
            close = [b.at for a, b in pairwise(visits) if b.at - a.at < timedelta(minutes=13)]
            complaints += [f"{path} was asked again after less than a quarter of an hour, at {close[0]}"] if close else []
        unchanged += [v for v in server.log if v.unchanged]
    share = sum(v.conditional for v in unchanged) / max(1, len(unchanged))
    if share < 0.9:
        complaints.append(f"{share:.1%} of {len(unchanged)} unchanged polls were conditional")
    lost = [v for v in servers["lost"].log if v.at > BEGIN + timedelta(days=days - 2)]
    if len(lost) > 6:
        complaints.append(f"feeds that are lost were asked {len(lost)} times in the last two days")
    return complaints


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--days", type=float, default=31)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        servers, states = simulate(args.days, Path(folder))
    for name, server in servers.items():
        counts = Counter((v.path, v.status) for v in server.log)
        print(name, ", ".join(f"{path} {status}: {n}" for (path, status), n in sorted(counts.items())))
    unchanged = [v for server in servers.values() for v in server.log if v.unchanged]
    print(f"{sum(v.conditional for v in unchanged)} of {len(unchanged)} unchanged polls were conditional")
    for state in states:
        print(f"{state.feed.name}: {state.due_why}; {state.address}")
    for complaint in verdict(servers, args.days):
        print("COMPLAINT:", complaint)


if __name__ == "__main__":
    main()
