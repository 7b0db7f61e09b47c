"""Feeds on 127.0.0.1 that grow, and a detector that takes their articles at their word: for tests of the daemon.

with Newsroom(3) as room:
    room.publish(0, "Norvik Freight")        # feed 0 tells that Norvik Freight joined
    jobs = Jobs(room.configuration(tmp_path), detector=Literal())
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline import config
from pipeline.model import Article, Claim, Detection, Event, Quote, Status
from tests.web import Answer, Asked, Site

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
COALITION = "Harbour Data Compact"
_JOINED = re.compile(rf"([A-Z][\w ]+?) joined the {COALITION}")


class Literal:
    """Finds "NAME joined the Harbour Data Compact" and nothing else."""

    version = "literal"

    def detect(self, article: Article) -> Detection:
        found = _JOINED.finditer(article.text)
        return Detection(
            tuple(
                Claim(COALITION, m[1], Event.JOINED, Status.COMPLETED, Quote(m[0], "text", m.start()), 0.9)
                for m in {m[1]: m for m in found}.values()
            )
        )


class Newsroom:
    """Some feeds with what they have published; `faults` answers in the place of a feed."""

    def __init__(self, feeds: int) -> None:
        self.site = Site()
        self.told: list[list[str]] = [[] for _ in range(feeds)]
        self.faults: dict[int, Callable[[Asked], Answer]] = {}
        self.site.put("/robots.txt", "User-agent: *\nAllow: /\n", type="text/plain")
        for number in range(feeds):
            self.site.on(f"/feed/{number}", lambda asked, number=number: self.feed(number, asked))

    def __enter__(self) -> Self:
        self.site.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.site.__exit__(kind, error, trace)

    def publish(self, feed: int, *members: str, at: datetime = NOON) -> None:
        """Lets a feed tell of each member that it joined, in an article of its own."""
        for member in members:
            path = f"/article/{feed}/{len(self.told[feed])}"
            body = f"<p>{member} joined the {COALITION} on Tuesday, it said in a statement to this paper.</p>"
            stamp = f"<meta property='article:published_time' content='{at.isoformat()}'>"
            head = f"<html lang=en><head><title>News of {member}</title>{stamp}</head>"
            more = "".join(f"<p>Of {member} nothing else is known than what was said here, in paragraph {n}.</p>" for n in range(3))
            self.site.put(path, f"{head}<body><article><h1>News of {member}</h1>{body}{more}</article></body></html>")
            self.told[feed].append(
                f"<item><title>News of {member}</title><link>{self.site.url(path)}</link><guid>{path}</guid>"
                f"<pubDate>{format_datetime(at)}</pubDate></item>"
            )

    def feed(self, number: int, asked: Asked) -> Answer:
        if number in self.faults:
            return self.faults[number](asked)
        tag = f'"{len(self.told[number])}"'
        if asked.headers.get("if-none-match") == tag:
            return Answer(status=304, headers={"ETag": tag})
        items = "".join(reversed(self.told[number][-50:]))
        body = f"<rss version='2.0'><channel><title>Feed {number}</title><link>x</link><description>d</description>{items}</channel></rss>"
        return Answer(body.encode(), 200, {"Content-Type": "application/rss+xml", "ETag": tag})

    def hangs(self, number: int) -> None:
        """Lets a feed take requests and answer none."""
        self.faults[number] = lambda asked: self.site.hang()

    def polls(self, number: int) -> int:
        return len(self.site.asked(f"/feed/{number}"))

    def write(self, folder: Path, more: str = "", *, timeout: float = 5, interval: int = 60) -> Path:
        """Writes a configuration of all feeds, with a folder of files as its channel."""
        path = folder / "pipeline.toml"
        feeds = "".join(
            f'[[feeds]]\nname = "feed {n}"\nurl = "{self.site.url(f"/feed/{n}")}"\ninterval_minutes = {interval}\n'
            for n in range(len(self.told))
        )
        path.write_text(
            f'[store]\npath = "store.db"\n[fetch]\nallow_private_addresses = true\ntimeout_seconds = {timeout}\nper_host = 50\n{feeds}'
            '[[channels]]\nname = "files"\nfolder = "told"\n[[alerts]]\nname = "all"\nchannels = ["files"]\n' + more,
            encoding="utf-8",
        )
        return path

    def configuration(self, folder: Path, more: str = "", *, timeout: float = 5, interval: int = 60) -> config.Config:
        return config.load(self.write(folder, more, timeout=timeout, interval=interval))


def files(folder: Path) -> list[str]:
    """The delivered messages, by name."""
    told = folder / "told"
    return sorted(p.name for p in told.glob("*.md")) if told.exists() else []
