"""Decides when a feed is asked again, and says why: from what the last answer brought, what the server and the feed ask for, and
how often it failed. It also decides when a feed's address is another one from now on.

It never gives a feed up, never asks earlier than a server allows (Retry-After), and never more often than the shortest interval.
Everything comes in as arguments: nothing here asks a server, a clock or a store.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import pairwise
from statistics import median

from pipeline.errors import FetchError, Trouble
from pipeline.model import NO_HINTS, UNMOVED, Entry, FeedHints, Move, Plan

FIRST = 60.0
"""Minutes between the first polls of a feed of which nothing is known."""
SHORTEST, LONGEST = 15.0, 1440.0
"""Bounds of an interval that adapts, in minutes: no newsroom needs to be asked more often, and a day late is still news."""
LONGEST_PAUSE = timedelta(days=1)
"""A feed that fails is asked at doubling distances, but once a day at least; one that said 410 for a week, once a week."""
GONE_FOR = timedelta(days=7)
TAKEN_OVER_AFTER = timedelta(days=7)
"""A permanent redirect is believed after a week of the same answer: a hijacked or mistaken one is mended within days."""
BACK_AFTER = 10
"""An address that was taken over and failed so often is given up for the configured one."""
FULL_READ_AFTER, FULL_READ_POLLS = timedelta(days=7), 20
"""Some servers answer 304 for ever: after both a week and so many conditional polls one asks without conditions."""
UNANSWERED = timedelta(hours=1)
"""A feed that was asked and whose answer was not kept (a crash, a restart) is not asked again for so long, and the next time for
twice as long: what a feed answers may be what ends the program."""

_WEIGHTS = {
    Trouble.DNS_TEMPORARY: 0.25,
    **dict.fromkeys((Trouble.CONNECT, Trouble.DEADLINE, Trouble.BROKEN, Trouble.STOPPED), 0.5),
}
"""How much a failure weighs that tells little of the feed: a resolver that was busy, a line that was down. All others weigh 1, and
answers of a server that promise to pass (429, 503 …) ½."""


@dataclass(frozen=True, slots=True)
class Pace:
    """What is known of how a feed is to be asked. `minutes` is its present interval, 0 before the first answer."""

    name: str
    interval_minutes: int
    adaptive: bool = True
    minutes: float = 0.0
    strain: float = 0.0
    failures: int = 0
    failing_since: datetime | None = None
    hints: FeedHints = NO_HINTS


def after_answer(
    pace: Pace, now: datetime, *, new: int = 0, total: int = 0, first: Sequence[Entry] = (), fresh_seconds: float = 0.0
) -> Plan:
    """Plans the next poll after an answer: `new` of `total` entries were not known, all of them `first` where nothing had been read.

    The interval shortens with the share of new entries and lengthens while there are none. What the server (`fresh_seconds`, see
    `freshness`) and the feed ask for lengthens it, up to `LONGEST`; an interval that a person set stays what it is.
    """
    if not pace.adaptive:
        minutes, why = float(pace.interval_minutes), f"every {_span(pace.interval_minutes)}, as configured"
    else:
        minutes, why = _adapted(pace, new, total, first)
        asked, who = max((pace.hints.minutes, "the feed asks for it"), (fresh_seconds / 60, "the answer is fresh for so long"))
        if min(asked, LONGEST) > minutes:
            asked = min(asked, LONGEST)
            why = f"every {_span(asked)}: {who}"
            return _due(pace, now, asked, why, minutes)
    return _due(pace, now, minutes, why, minutes)


def _adapted(pace: Pace, new: int, total: int, first: Sequence[Entry]) -> tuple[float, str]:
    if first:
        minutes = _bounded(_half_gap(first) or FIRST)
        return minutes, f"every {_span(minutes)}: so its latest entries came"
    if not pace.minutes:
        return FIRST, f"every {_span(FIRST)}: nothing is known of it yet"
    before = pace.minutes
    share = new / total if total else 0.0
    if not new:
        minutes = _bounded(before * 1.25)
        return minutes, f"every {_span(minutes)}: nothing new at the last poll"
    # More than half of the entries new: some may have come and gone between two polls. A few: the interval is about right.
    minutes = _bounded(before * (0.5 if share > 0.5 else 0.75 if share > 0.1 else 0.9))
    return minutes, f"every {_span(minutes)}: {new} of {total} entries were new"


def _half_gap(entries: Sequence[Entry]) -> float:
    """Half the usual distance of the latest entries in minutes; 0 where too few have a date."""
    dates = sorted((e.published for e in entries if e.published), reverse=True)[:12]
    gaps = [(later - earlier).total_seconds() / 60 for later, earlier in pairwise(dates)]
    return median(gaps) / 2 if len(gaps) >= 3 else 0.0


def _bounded(minutes: float) -> float:
    return min(max(minutes, SHORTEST), LONGEST)


def _due(pace: Pace, now: datetime, minutes: float, why: str, learned: float) -> Plan:
    # Up to a tenth earlier than its interval, later than what others ask for, the same for a feed each day: feeds that were added
    # together do not fall due together for ever.
    spread = int.from_bytes(hashlib.blake2b(f"{pace.name} {now:%Y-%m-%d}".encode(), digest_size=2).digest()) / 65_535 / 10
    if pace.adaptive:
        minutes = max(SHORTEST, minutes * (1 - spread)) if minutes == learned else minutes * (1 + spread)
    due, slept = _awake(now + timedelta(minutes=minutes), pace.hints)
    return Plan(due, why + (f", but {slept}" if slept else ""), learned)


def _awake(due: datetime, hints: FeedHints) -> tuple[datetime, str]:
    """Moves a poll out of the hours and days (UTC) in which the feed says that nothing comes."""
    if not hints.skip_hours and not hints.skip_days:
        return due, ""
    for hours in range(25 + 24 * 7):
        then = due if not hours else due.replace(minute=0, second=0, microsecond=0) + timedelta(hours=hours)
        if then.hour not in hints.skip_hours and then.weekday() not in hints.skip_days:
            return then, "the feed sleeps until then (skipHours, skipDays)" if hours else ""
    return due, ""  # it never wakes: nobody means that


def after_failure(pace: Pace, now: datetime, error: Exception, said: str) -> Plan:
    """Plans the next poll after a failure, `said` in a few words: the interval doubles with each failure, by its weight."""
    strain = pace.strain + _weight(error)
    base = pace.minutes or pace.interval_minutes
    longest = LONGEST_PAUSE
    since = pace.failing_since or now
    if getattr(error, "status", None) == 410 and now - since >= GONE_FOR:
        longest = 7 * LONGEST_PAUSE
    pause = min(timedelta(minutes=base * 2 ** min(strain, 16)), max(longest, timedelta(minutes=base)))
    failures = pace.failures + 1
    why = f"after {failures} failure{'s' if failures > 1 else ''} in a row ({said})"
    return Plan(now + pause, why, pace.minutes, strain, since)


def waits(plan: Plan, until: datetime, site: str) -> Plan:
    """The plan of a feed whose site asked to be left alone: never earlier than that."""
    return replace(plan, due=until, why=f"{site} asked to be left alone until then (Retry-After)") if until > plan.due else plan


def _weight(error: Exception) -> float:
    if not isinstance(error, FetchError):
        return 1.0
    return 0.5 if error.kind is Trouble.STATUS and error.transient else _WEIGHTS.get(error.kind, 1.0)


def unanswered(in_vain: int) -> timedelta:
    """For how long a feed is not asked again where no answer is kept this time either, after so many times in a row.

    >>> [unanswered(n) / UNANSWERED for n in (0, 1, 4, 5, 99)]
    [1.0, 2.0, 16.0, 24.0, 24.0]
    """
    return min(timedelta(seconds=UNANSWERED.total_seconds() * 2 ** min(in_vain, 16)), LONGEST_PAUSE)


def wants_full_read(last_full: datetime | None, polls: int, now: datetime) -> bool:
    """Whether to ask without conditions, `polls` after the last time that this was done."""
    return last_full is None or (polls >= FULL_READ_POLLS and now - last_full >= FULL_READ_AFTER)


def moving(move: Move, target: str, now: datetime) -> Move:
    """Follows where a feed's permanent redirect led at a poll that went well, `target` empty where there was none.

    >>> monday = datetime(2024, 3, 4, tzinfo=UTC)
    >>> week = moving(moving(Move(), "https://new.example/f", monday), "https://new.example/f", monday + timedelta(days=7))
    >>> week.address, week.to
    ('https://new.example/f', '')
    """
    if not target or target == move.address:
        return Move(move.address)
    if target != move.to or move.since is None:
        return Move(move.address, target, now)
    return Move(target) if now - move.since >= TAKEN_OVER_AFTER else move


def going_back(move: Move, failures: int) -> Move:
    """Goes back to the configured address where the one that was taken over failed too often."""
    return UNMOVED if move.address and failures >= BACK_AFTER else move


_AGE = re.compile(r"(?:^|[\s,])(?:s-maxage|max-age)\s*=\s*\"?(\d{1,9})", re.I)


def freshness(cache_control: str = "", expires: str = "", date: str = "", age: str = "") -> float:
    """For how many seconds an answer says that it stays the same (RFC 9111 section 4.2); 0 where it does not say.

    >>> freshness("public, max-age=3600", age="600"), freshness("no-cache, max-age=60"), freshness("max-age=0", "x")
    (3000.0, 0.0, 0.0)
    >>> freshness("", "Tue, 05 Mar 2024 09:00:00 GMT", "Tue, 05 Mar 2024 08:00:00 GMT")
    3600.0
    """
    if "no-cache" in cache_control or "no-store" in cache_control:
        return 0.0
    if found := _AGE.search(cache_control):
        return max(0.0, float(found[1]) - (int(age) if re.fullmatch(r"\d{1,9}", age, re.ASCII) else 0))
    until, begin = _http_date(expires), _http_date(date)
    return max(0.0, (until - begin).total_seconds()) if until and begin else 0.0


def _http_date(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value) if value else None
    except (ValueError, TypeError, IndexError):
        return None
    return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found


def _span(minutes: float) -> str:
    """Writes a length of time as a person says it.

    >>> _span(45), _span(90), _span(1440), _span(60), _span(20.4)
    ('45 min', '1 h 30 min', '24 h', '1 h', '20 min')
    """
    whole = round(minutes)
    hours, rest = divmod(whole, 60)
    if not hours:
        return f"{whole} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"
