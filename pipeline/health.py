"""Says how a daemon is: from what it knows of itself, and from what its store shows. Pure; nothing is measured here.

Four things make it unhealthy: the store does not answer, the work does not advance, it fails (a full disk, a store that cannot be
written), and no feed could be read for two hours although some were asked. All else that is wrong (a copy that could not be made, a
program that keeps the store's log from being folded back) is a note.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

UNREAD = timedelta(hours=2)
"""Where feeds are asked and none is read for so long, it is us and not them."""
LATE_LOOKS = 5
"""Looks that may be missed before the work counts as stuck: a machine under load is late, and not hung."""
SLACK_SECONDS = 60.0
NEEDED = ("tick", "deliver")
"""Jobs without which nothing is read or told; of one that fails a person is told where it fails for so many looks as may be missed."""
LONGEST_LOG = 64_000_000
"""Bytes: SQLite folds its log back at 4 MB, and at a few times that after a long job, unless somebody reads from it all the while."""


@dataclass(frozen=True, slots=True)
class Work:
    """A job at work: for how long, after how many seconds it is ended, and for how long nothing of it has been done."""

    job: str
    seconds: float
    longest: float
    still: float = 0.0


@dataclass(frozen=True, slots=True)
class Life:
    """What a daemon knows of itself. `idle` is how many seconds ago a tick ended (or it began, before the first), `looks` the seconds
    between two. `troubles` are jobs that failed last, each with what it said and for how many seconds it has been failing; `store` is
    why the store did not answer, empty where it did. `looked` is whether a first tick has ended."""

    idle: float
    looks: float
    looked: bool = True
    store: str = ""
    work: Work | None = None
    troubles: tuple[tuple[str, str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """What a store shows that matters here: how many feeds, when one was last asked and read, since when one is due, since when there
    are any, and the size of the log beside the store."""

    at: datetime
    feeds: int = 0
    asked: datetime | None = None
    read: datetime | None = None
    due_since: datetime | None = None
    first_seen: datetime | None = None
    log_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Health:
    """`stuck` says what only a restart can mend, `sick` what makes it unhealthy beside that, `waiting` why it is not ready, and `notes`
    what else is wrong."""

    stuck: tuple[str, ...] = ()
    sick: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_well(self) -> bool:
        return not self.stuck and not self.sick

    @property
    def is_ready(self) -> bool:
        return not self.stuck and not self.waiting

    def as_json(self) -> dict[str, Any]:
        """Gives what the endpoint answers."""
        return {"healthy": self.is_well, "ready": self.is_ready, "why": [*self.stuck, *self.sick, *self.waiting], "notes": list(self.notes)}


def judge(life: Life, seen: Seen | None) -> Health:
    """Judges a daemon; without `seen` by what it knows of itself alone.

    >>> judge(Life(idle=10, looks=60), None).is_well, judge(Life(idle=10, looks=60, store="is locked"), None).stuck
    (True, ('the store does not answer: is locked',))
    """
    stuck = [f"the store does not answer: {life.store}"] if life.store else []
    stuck += [late] if (late := _stuck(life)) else []
    failing = {job: said for job, said, seconds in life.troubles if job in NEEDED and seconds > life.looks * LATE_LOOKS}
    sick = [f"{job} fails: {said}" for job, said in failing.items()]
    sick += [unread] if seen and (unread := _unread(seen)) else []
    waiting = [] if life.looked else ["the first look is not done yet"]
    notes = [f"{job}: {said}" for job, said, _ in life.troubles if job not in failing]
    if seen and seen.log_bytes > LONGEST_LOG:
        notes.append(
            f"the log beside the store is larger than {LONGEST_LOG // 1_000_000} MB: a program that reads the store keeps it; end that"
        )
    return Health(tuple(stuck), tuple(sick), tuple(waiting), tuple(notes))


def _stuck(life: Life) -> str:
    """Says what does not advance; empty where all does."""
    work = life.work
    if work:
        if work.seconds > work.longest + SLACK_SECONDS:
            return f"{work.job} has been at work for {work.seconds:.0f} seconds, and should have ended after {work.longest:.0f}"
        return ""
    if life.idle > life.looks * LATE_LOOKS + SLACK_SECONDS:
        return f"no look for {life.idle:.0f} seconds, where one is due every {life.looks:g}"
    return ""


def _unread(seen: Seen) -> str:
    """Says since when no feed could be read although some were asked, or are due and are not asked."""
    if not seen.feeds or seen.first_seen is None or seen.at - seen.first_seen < UNREAD:
        return ""
    since = seen.read or seen.first_seen
    if seen.at - since < UNREAD:
        return ""
    asked_in_vain = seen.asked is not None and seen.at - seen.asked < UNREAD
    overdue = seen.due_since is not None and seen.at - seen.due_since >= UNREAD
    if not asked_in_vain and not overdue:
        return ""  # none was due: their intervals are long
    return f"no feed was read since {since:%Y-%m-%d %H:%M} UTC, {'though some were asked' if asked_in_vain else 'though some are due'}"
