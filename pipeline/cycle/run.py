"""What a cycle works with, what it counts on the way, and what it reports in the end."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from pipeline import cell, notify, outbox, render
from pipeline.config import Config
from pipeline.errors import FetchError, PipelineError, Stopped, Trouble
from pipeline.fetch import Fetcher, Outcome, PageRequest
from pipeline.fetch.archive import Replay
from pipeline.model import Alert, Article, Change, Channel, Detection, KnownName, Skipped
from pipeline.owners import Owners
from pipeline.resolve import Identities
from pipeline.store import Store

Tell = Callable[[str, int, int], None]
"""Told which stage is at work, how much of it is done, and how much there is. By raising `Stopped` it ends the cycle there."""
STAGES = ("feeds", "articles", "revisits", "rosters", "digests", "deliveries")
"""What a cycle does, in this order."""
STOPPED = frozenset({Trouble.STOPPED, Trouble.UNASKED})
"""A fetcher that was closed says nothing of the address."""


class Detecting(Protocol):
    """What finds the claims of an article: the detector, or a test's table of known ones. `version` is kept beside each claim."""

    @property
    def version(self) -> str: ...

    def detect(self, article: Article) -> Detection: ...


@dataclass(frozen=True, slots=True)
class Parts:
    """All that a cycle needs; `app.open_parts` puts it together. By `teach` identities and detector grow with what an article
    taught, and let go of what no article teaches any more."""

    config: Config
    store: Store
    fetcher: Fetcher | Replay
    detector: Detecting
    identities: Identities
    teach: Callable[[Sequence[KnownName], Sequence[KnownName]], None]
    deliver: Callable[[notify.Message, Channel], str] = notify.deliver
    owners: Owners = field(default_factory=Owners)
    cell: cell.Cell = field(default_factory=cell.shared)


@dataclass(frozen=True, slots=True)
class CycleReport:
    """What one cycle did. `failures` names feeds, articles and channels that failed, `partial` the feeds and articles that were cut off,
    `skipped` counts the reasons for which articles and claims were looked at no further, `cut_short` says why the cycle ended before
    its end (empty: it did not), and `seconds` how long each stage took. Of the pages that were `revisited` some were `edited`, and some
    had been `taken_down`."""

    run: int
    started: datetime
    finished: datetime
    polled: int = 0
    unchanged: int = 0
    failed_feeds: int = 0
    rosters: int = 0
    failed_rosters: int = 0
    new: int = 0
    updated: int = 0
    parsed: int = 0
    failed_articles: int = 0
    duplicates: int = 0
    revisited: int = 0
    edited: int = 0
    taken_down: int = 0
    claims: int = 0
    delivered: int = 0
    changes: tuple[Change, ...] = ()
    alerts: tuple[Alert, ...] = ()
    failures: tuple[Skipped, ...] = ()
    partial: tuple[Skipped, ...] = ()
    skipped: Mapping[str, int] = field(default_factory=dict)
    cut_short: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def every_feed_failed(self) -> bool:
        """Whether feeds (or rosters) were asked for and none of them could be read."""
        return 0 < self.polled + self.rosters == self.failed_feeds + self.failed_rosters

    def as_json(self) -> dict[str, Any]:
        """Gives the document of `pipeline run-once --json`."""
        return {
            "run": {"id": self.run, "started": self.started.isoformat(), "finished": self.finished.isoformat()},
            "feeds": {"polled": self.polled, "unchanged": self.unchanged, "failed": self.failed_feeds, "partial": _pairs(self.partial)},
            "rosters": {"polled": self.rosters, "failed": self.failed_rosters},
            "entries": {"new": self.new, "updated": self.updated},
            "articles": {"parsed": self.parsed, "failed": self.failed_articles, "duplicates": self.duplicates},
            "revisits": {"asked": self.revisited, "edited": self.edited, "taken_down": self.taken_down},
            "claims": self.claims,
            "changes": [render.change_document(c) for c in self.changes],
            "alerts": [{"id": a.id, "change": a.change, "severity": a.severity, "channels": list(a.channels)} for a in self.alerts],
            "deliveries": {"delivered": self.delivered},
            "skipped": dict(self.skipped),
            "failures": _pairs(self.failures),
            **({"cut_short": self.cut_short} if self.cut_short else {}),
            "seconds": {stage: round(seconds, 3) for stage, seconds in self.seconds.items()},
        }


class Run:
    """One run of the cycle: its counts, and what all its stages need."""

    def __init__(self, parts: Parts, now: datetime, everything: bool, tell: Tell, run: int) -> None:
        self.parts, self.store, self.now, self.everything, self.tell, self.run = parts, parts.store, now, everything, tell, run
        self.counts: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()
        self.failures: list[Skipped] = []
        self.partial: list[Skipped] = []
        self.changes: list[Change] = []
        self.alerts: list[Alert] = []
        self.told: set[str] = set()
        self.seconds: dict[str, float] = {}
        self.cut_short = ""
        self.waited: Stopped | None = None
        self.book = outbox.rulebook(parts.config, parts.identities)
        self.begun = time.monotonic()
        self.holds = self.store.holds(now)
        self.new_holds: dict[str, datetime] = {}
        parts.fetcher.hold({site: (until - now).total_seconds() for site, until in self.holds.items()})

    def report(self, finished: datetime) -> CycleReport:
        return CycleReport(
            self.run,
            self.now,
            finished,
            **self.counts,
            changes=tuple(self.changes),
            alerts=tuple(self.alerts),
            failures=tuple(self.failures),
            partial=tuple(self.partial),
            skipped=dict(sorted(self.skipped.items())),
            cut_short=self.cut_short,
            seconds=dict(self.seconds),
        )

    def _outcomes(self, requests: Iterable[PageRequest]) -> Iterator[tuple[PageRequest, Outcome]]:
        """Fetches; raises Stopped where the fetcher was closed meanwhile, which tells nothing of the address."""
        for request, outcome in self.parts.fetcher.fetch(tuple(requests)):
            if isinstance(outcome, FetchError) and outcome.kind in STOPPED:
                raise Stopped("fetching was stopped")
            yield request, outcome

    def _hold(self, error: FetchError) -> datetime:
        """Leaves a site alone for as long as it asked for, to the second, counted from now and not from the beginning of the run."""
        until = self.moment() + timedelta(seconds=math.ceil(error.retry_after or 0))
        self.holds[error.host] = max(until, self.holds.get(error.host, until))
        self.new_holds[error.host] = self.holds[error.host]
        return until

    def moment(self) -> datetime:
        """The present moment by the clock of this run, which began at `now`."""
        return self.now + timedelta(seconds=time.monotonic() - self.begun)


def writable(text: str) -> str:
    """Replaces half characters, which JSON can spell and no file can hold.

    >>> writable("caf\\ud800"), writable("café")
    ('caf?', 'café')
    """
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def why_of(error: PipelineError) -> str:
    """What went wrong, without what it is about: the report has that beside it."""
    return str(error).removeprefix(f"{error.about}: ")


def _pairs(several: Sequence[Skipped]) -> list[dict[str, str]]:
    return [{"what": s.what, "why": s.why} for s in several]
