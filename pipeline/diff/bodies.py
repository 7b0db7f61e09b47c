"""Hearing what an article says of a coalition itself: formed, renamed, merged, suspended, dissolved, or none of it."""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import date

from pipeline.diff.course import (
    CORRECTS,
    KIND,
    RECENT_DAYS,
    SAME_DAYS,
    Course,
    Happening,
    Stated,
    Told,
    corrects,
    days_apart,
    other_date,
    sharper,
    stated_by,
    window,
)
from pipeline.model import (
    ChangeKind,
    Event,
    Evidence,
    Status,
)
from pipeline.text import fold


def hear_body(course: Course, batch: Sequence[Evidence], copies: Set[Stated] = frozenset()) -> list[Told]:
    """Hears what one article says of a coalition itself, and gives what was new."""
    told: list[Told] = []
    for e in sorted(batch, key=lambda e: (window(e)[0], e.statement.status is Status.DENIED, stated_by(e), e.quote)):
        if stated_by(e) not in copies:
            told += _hear_event(course, told, e)
    return told


def _hear_event(course: Course, told: Sequence[Told], e: Evidence) -> list[Told]:
    event, status, when = e.statement.event, e.statement.status, e.statement.date
    first, last = window(e)
    known = [h for h in course.living() if h.event is event and not h.denied and not _began_anew(course, h, last)]
    if event is Event.RENAMED:
        known = [h for h in known if _same_renaming(h, e)]
    elif event is Event.MERGED:
        known = [h for h in known if _same_merger(h, e)]
    h = next((h for h in known if h.status is Status.COMPLETED), known[-1] if known else None)
    if status is Status.DENIED:
        if h is None:
            return []
        h.dropped = e.said_on()
        corrected = h.status is Status.COMPLETED and (bool(CORRECTS.search(e.quote)) or corrects(h, e))
        kind = ChangeKind.CLAIM_CORRECTED if corrected else ChangeKind.CLAIM_DISPUTED
        return [Told(kind, h, [e], str(h.status), "denied", None, when, timeless=True)]
    if h is not None and not _advances(h.status, status):
        for earlier in told:
            if earlier.of is h:
                earlier.evidence.append(e)
        if h.status is Status.COMPLETED and status is Status.COMPLETED and when and h.when and days_apart(h.when, when) > SAME_DAYS:
            return other_date(course, h, e, when)
        h.evidence.append(e)
        if status is h.status:
            h.when = sharper(h.when, when)
        return []
    if any(x.dropped and x.event is event and e.said_on() < x.dropped for x in course.happenings):
        return []
    happening = Happening(event, False, status, when, first, e.said_on(), None, [e])
    course.add(happening)
    before = e.other_name if event is Event.RENAMED else str(h.status) if h else ""
    after = e.statement.coalition.name if event is Event.RENAMED else str(status)
    return [Told(KIND[event], happening, [e], before, after, None, when)]


def _advances(before: Status, after: Status) -> bool:
    order = [Status.PROPOSED, Status.PLANNED, Status.COMPLETED]
    return order.index(after) > order.index(before)


def _began_anew(course: Course, h: Happening, day: date) -> bool:
    """Whether a coalition that ended was formed again, or one that was formed ended, between a happening and a day."""
    ends = {Event.DISSOLVED, Event.MERGED, Event.SUSPENDED_OPERATIONS}
    opposite = ends if h.event is Event.FORMED else {Event.FORMED} if h.event in ends else set()
    return any(x.event in opposite and x.status is Status.COMPLETED and h.day < x.day < day for x in course.living())


def _same_renaming(h: Happening, e: Evidence) -> bool:
    names = {fold(x.other_name) for x in h.evidence if x.other_name}
    if names and e.other_name:
        return fold(e.other_name) in names
    return h.when is None or e.statement.date is None or days_apart(h.when, e.statement.date) <= RECENT_DAYS


def _same_merger(h: Happening, e: Evidence) -> bool:
    """Whether a merger is one told before: a body may take in several others, and go over into another one in the end."""
    if not e.successor:
        return True
    took_in = {takes_in(x) for x in h.evidence if x.successor}
    if not takes_in(e):
        return took_in != {True}
    near = h.when is None or e.statement.date is None or days_apart(h.when, e.statement.date) <= RECENT_DAYS
    return took_in != {False} and near


def takes_in(e: Evidence) -> bool:
    """Whether a body is said to have merged in the sense that others were merged into it."""
    return e.successor is not None and e.successor.key == e.statement.coalition.key


def ended(course: Course, as_of: date | None) -> Happening | None:
    """The end of a coalition, where it has one and was not formed again; one that others were merged into goes on."""
    ends = [h for h in course.living() if h.event in {Event.DISSOLVED, Event.MERGED} and h.status is Status.COMPLETED]
    ends = [h for h in ends if not any(map(takes_in, h.evidence))]
    ends = [h for h in ends if as_of is None or h.day <= as_of]
    return ends[-1] if ends and not _began_anew(course, ends[-1], date.max) else None
