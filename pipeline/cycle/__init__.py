"""The only cycle there is: what `pipeline run-once`, the daemon's job, the demo and every test call.

    due feeds | fetch | parse feed → Entry | unseen
      | fetch | parse article → Article | cluster → Story | detect → Claim | resolve → Statement + Evidence
      | derive membership before and after | diff → Change | choose → Alert | enqueue → Delivery
      | save                       one transaction an article: all of it, or nothing
    pages due again | fetch | compare with what was read → Article, or taken down | detect … save, as above
    due rosters | fetch | read names | compare with the last complete reading → Claim | resolve … save, as above
    due deliveries | deliver | record receipt
    changes of a period | digest | render | deliver

It joins the parts and decides little itself: the order of reading, what is tried again and when, and what counts as a copy of
what was read. A feed or an article that fails is a value in the report; a damaged store or a bug stops the cycle, and whatever
was not saved is read again next time.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from datetime import datetime, timedelta

from pipeline import memory
from pipeline.cycle.asking import FeedStage
from pipeline.cycle.listing import RosterStage
from pipeline.cycle.reading import Words
from pipeline.cycle.revisiting import RevisitStage
from pipeline.cycle.run import STAGES, CycleReport, Detecting, Parts, Tell
from pipeline.cycle.telling import TellingStage, make_digest, plan_digests, send_due, take_notice, try_channel
from pipeline.errors import Stopped
from pipeline.store import Reading, StoredArticle

__all__ = [
    "STAGES",
    "CycleReport",
    "Detecting",
    "Parts",
    "Tell",
    "make_digest",
    "plan_digests",
    "poll_feeds",
    "read_again",
    "run_once",
    "send_due",
    "try_channel",
]


ASKING = frozenset({"feeds", "articles", "revisits", "rosters"})
"""Stages that ask others for something."""


def run_once(
    parts: Parts, now: datetime, *, everything: bool = True, progress: Tell | None = None, only: Collection[str] = STAGES
) -> CycleReport:
    """Does one full cycle as of `now`, or `only` some of its stages, and reports it; without `everything` only what is due is polled
    and tried again.

    `started` and every time that is kept is `now`; `finished` is `now` and the seconds that the cycle took. Raises StoreError.
    """
    begun = time.monotonic()
    if ASKING & {*only}:
        parts.store.need_room()
    cycle = _Cycle(parts, now, everything, progress or (lambda stage, done, total: None), parts.store.start_run(now))
    memory.complete(parts.store, now, parts.owners)
    work = (cycle.poll_feeds, cycle.read_articles, cycle.revisit_pages, cycle.poll_rosters, cycle.plan_digests, cycle.deliver)
    stage = begun
    for name, do in zip(STAGES, work, strict=True):
        if name in only and not cycle.cut_short:
            try:
                do()
            except Stopped as told:
                cycle.cut_short = str(told) or "it was told to stop"
            if name in ("feeds", "rosters"):
                take_notice(parts.store, parts.config, now)
            cycle.seconds[name] = time.monotonic() - stage
            stage += cycle.seconds[name]
    parts.store.save_holds(cycle.new_holds, now)
    finished = now + timedelta(seconds=time.monotonic() - begun)
    report = cycle.report(finished)
    parts.store.finish_run(report.run, report.as_json(), finished)
    return report


def poll_feeds(parts: Parts, now: datetime, *, everything: bool = True, progress: Tell | None = None) -> CycleReport:
    """Does the first part of a cycle alone: asks the feeds and keeps their entries, to be read by the next cycle. Raises StoreError."""
    begun = time.monotonic()
    cycle = _Cycle(parts, now, everything, progress or (lambda stage, done, total: None), parts.store.start_run(now))
    cycle.poll_feeds()
    report = cycle.report(now + timedelta(seconds=time.monotonic() - begun))
    parts.store.finish_run(report.run, report.as_json(), report.finished)
    return report


def read_again(parts: Parts, stored: StoredArticle, now: datetime, run: int) -> Reading:
    """Gives what the present detector makes of a stored article, to be saved in the place of what another one made of it."""
    cycle = _Cycle(parts, now, True, lambda stage, done, total: None, run)
    return cycle._reading(Words(stored.article, (), stored.publisher, ()), stored)


class _Cycle(FeedStage, RevisitStage, RosterStage, TellingStage):
    """One run with all its stages."""
