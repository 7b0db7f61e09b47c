"""Hearing what an article says of one member of one coalition, claim by claim, against the course of the pair.

A claim is a happening that is new, one that is known (told again, or sharper), or the denial of one. Only what is new is told.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import date

from pipeline.diff.course import (
    AFFILIATE,
    CORRECTS,
    EXIT,
    HAPPENED,
    KIND,
    LAYS_DOWN,
    OFFICES,
    ONCE,
    RECENT_DAYS,
    SAME_DAYS,
    TURNS,
    Course,
    Happening,
    State,
    Stated,
    Told,
    corrects,
    days_apart,
    family,
    is_recent,
    is_stale,
    other_date,
    sharper,
    stated_by,
    takes_back,
    turns,
    window,
)
from pipeline.model import (
    ChangeKind,
    Event,
    Evidence,
    Role,
    Standing,
    Status,
)

RETOLD_DAYS = 14
"""A second report of an entry within these days speaks of the same entry, whatever role it gives."""
_OUTCOMES = {
    Event.WILL_JOIN: frozenset({Event.JOINED, Event.DECLINED}),
    Event.WILL_LEAVE: frozenset({Event.LEFT}),
    Event.MEMBER: frozenset({Event.LEFT, Event.SUSPENDED, Event.WILL_LEAVE}),
}
"""What makes the telling of a plan, or of a membership, in the same article no news of its own."""
_RANK = {
    event: 1 + place
    for place, event in enumerate(
        (Event.JOINED, Event.SUSPENDED, Event.LEFT, Event.MEMBER, Event.WILL_JOIN, Event.WILL_LEAVE, Event.DECLINED)
    )
} | {Event.ABSENT: 9}
_RANK_BACK = _RANK | {Event.SUSPENDED: 1, Event.LEFT: 2, Event.JOINED: 3}


def _settled(e: Evidence) -> tuple[Event, bool] | None:
    """What a statement amounts to: a joining that is only planned is an intention. None where it changes nothing."""
    event, status = e.statement.event, e.statement.status
    if status is Status.DENIED:
        return event, True
    if status in {Status.PLANNED, Status.PROPOSED}:
        if event in {Event.JOINED, Event.MEMBER}:
            return Event.WILL_JOIN, False
        if event is Event.LEFT:
            return Event.WILL_LEAVE, False
        if event in {Event.SUSPENDED, Event.EXPELLED, Event.DECLINED}:
            return None
    return event, False


def hear_pair(course: Course, batch: Sequence[Evidence], copies: Set[Stated] = frozenset()) -> list[Told]:
    """Hears what one article says of one member, in the order in which it happened, and gives what was new.

    Copies are not heard a second time, but what stands beside them in the article is understood with them.
    """
    settled = [(act, e) for e in batch if (act := _settled(e))]
    if not settled:
        return []
    if len(settled) == 1:
        (event, denied), e = settled[0]
        return _hear(course, (), e, event, denied, None) if not copies or stated_by(e) not in copies else []
    said = batch[0].said_on()
    happened = [(event, e) for (event, denied), e in settled if event in HAPPENED and not denied]
    dated = [(event, e) for event, e in happened if e.statement.date and is_recent(e)]
    news = max((window(e) for _, e in dated), default=None, key=lambda window: window[1])
    dated_news = {family(event) for event, _ in dated}
    fresh_news = dated_news | {family(event) for event, e in happened if e.statement.date is None}
    stated = {family(event) for (event, denied), _ in settled if not denied}
    denied_too = {event for (event, denied), _ in settled if denied}
    parted = any(event in EXIT for event, _ in happened)
    state = course.state(said)
    back = state.place is Standing.OUT or state.suspended

    def order(row: tuple[tuple[Event, bool], Evidence]) -> tuple[date, bool, int, Stated, str, str]:
        (event, denied), e = row
        day, aside = window(e)[0], False
        if e.statement.date is None and news and _is_background(event, denied, dated_news):
            day, aside = news[0], True
        return day, not aside, _rank(event, denied, back), stated_by(e), str(e.role or ""), e.quote

    told: list[Told] = []
    for (event, denied), e in sorted(settled, key=order):
        if stated_by(e) in copies:
            continue
        day, forward, *_ = order(((event, denied), e))
        follows = fresh_news | (stated - HAPPENED)
        quiet = not denied and (bool(_OUTCOMES.get(event, frozenset()) & follows) or (event in _OUTCOMES and event in denied_too))
        told += _hear(course, told, e, event, denied, day if not forward else None, quiet, parted=parted)
    return told


def _is_background(event: Event, denied: bool, news: set[Event]) -> bool:
    """Whether an undated statement tells what came before the dated news of its article.

    "Both were gone by early 2023 … since 1 January it has been a member again": the exit came before the return. But an
    application that stands beside an exit is for the time after it.
    """
    if denied and event not in {Event.WILL_JOIN, Event.WILL_LEAVE}:
        return False
    if event is Event.WILL_JOIN:
        return Event.JOINED in news
    if event in {Event.WILL_LEAVE, Event.MEMBER}:
        return Event.LEFT in news
    return family(event) not in news


def _rank(event: Event, denied: bool, back: bool) -> int:
    """Order of undated statements within an article: what is known of comes first, intentions after what happened."""
    if denied:
        return 8 if event in {Event.WILL_JOIN, Event.WILL_LEAVE} else 0
    return (_RANK_BACK if back else _RANK).get(family(event), 10)


def _hear(
    course: Course,
    told: Sequence[Told],
    e: Evidence,
    event: Event,
    denied: bool,
    aside: date | None,
    quiet: bool = False,
    *,
    parted: bool = False,
) -> list[Told]:
    """Hears one statement; `aside` is the day of the news before which an undated one took effect, and `parted` whether its article
    tells of an exit as well."""
    first, last = (aside, aside) if aside else window(e)
    if denied:
        return _hear_denial(course, e, event, last, bool(aside))
    again = _same(course, e, event, first, last)
    if again:
        return _hear_again(course, told, again, e)
    if event in EXIT and _is_the_end(course, e, 0):
        return []
    moved = _moved(course, e, event, last, parted)
    if moved and e.statement.date:
        return other_date(course, moved, e, e.statement.date)
    for day in dict.fromkeys((last, first)):
        if _is_effective(course, e, event, day, aside=bool(aside)):
            break
    else:
        return _hear_differently(course, e, event, first)
    happening = Happening(event, False, e.statement.status, e.statement.date, day, e.said_on(), e.role, [e], aside=bool(aside))
    quiet = quiet or _is_superseded(course, happening) or (event is Event.JOINED and _was_in_unsaid(course, day))
    quiet = quiet or (event in EXIT and _is_the_end(course, e, SAME_DAYS))
    happening.quiet = quiet
    if quiet or not course.telling:
        course.add(happening)
        return [] if quiet else [Told(KIND[event], happening, [e])]  # what follows in the article is heard with it
    state = course.state(day, aside=bool(aside))
    before = state.standing() if any(h is not course.end for h in course.happenings) else ""
    kind = KIND[event]
    if event is Event.ABSENT and state.place is Standing.IN:
        kind = ChangeKind.CLAIM_DISPUTED
    course.add(happening)
    return [Told(kind, happening, [e], before, course.state(day).standing(), e.role, e.statement.date)]


def _same(course: Course, e: Evidence, event: Event, first: date, last: date) -> Happening | None:
    """The happening that a statement tells again: same kind, and dates that agree or one that was not given."""
    when = e.statement.date
    for h in reversed(course.happenings):
        if h.denied or family(h.event) is not family(event):
            continue
        if when and h.when:
            same = days_apart(h.when, when) <= SAME_DAYS and (h.dropped is None or e.said_on() <= _grace(h.dropped))
        elif h.dropped:
            same = when is None and e.said_on() < h.dropped
        elif when is None:
            same = event is Event.JOINED and e.role in ONCE and e.role is h.role
        else:
            same = event in HAPPENED and first <= h.day and not _between(course, e, event, first, h)
        if same:
            return h
    return None


def _moved(course: Course, e: Evidence, event: Event, last: date, parted: bool) -> Happening | None:
    """The later happening of the same kind that a statement gives an earlier date: set right, not far off, or in conflict.

    A joining with no exit between the two days is one joining, and of its days only one can be right: the memory of an earlier one
    disputes what was recorded. It is history where it was news in its day, or where the one was as an observer and the other was not.
    """
    when = e.statement.date
    if when is None or event not in HAPPENED:
        return None
    for h in course.living():
        if h.when and h.day > last and not h.denied and family(h.event) is family(event) and not _between(course, e, event, last, h):
            near = days_apart(h.when, when) <= RECENT_DAYS
            one_entry = event is Event.JOINED and not parted and (h.role in AFFILIATE) == (e.role in AFFILIATE)
            in_conflict = one_entry and not is_recent(e)
            return h if near or in_conflict or CORRECTS.search(e.quote) or takes_back(h, e) else None
    return None


def _is_the_end(course: Course, e: Evidence, days: int) -> bool:
    """Whether an exit within so many days is the end of the coalition, told of one of its members."""
    end = course.end
    if end is None:
        return False
    if e.statement.date and end.when:
        return days_apart(end.when, e.statement.date) <= days
    return abs((window(e)[1] - end.day).days) <= days


def _grace(day: date) -> date:
    return date.fromordinal(day.toordinal() + RETOLD_DAYS)


def _between(course: Course, e: Evidence, event: Event, first: date, h: Happening) -> bool:
    """Whether something that undoes an event stands between a day that a statement gives it and a later happening of its kind."""
    opposite = EXIT | {Event.SUSPENDED} if event is Event.JOINED else frozenset({Event.JOINED, Event.MEMBER})
    return any(
        x.event in opposite
        and not x.denied
        and first <= x.day
        and x.place() <= h.place()
        and x is not h
        and not (event in EXIT and is_stale(x, first, e.said_on()))
        for x in course.living()
    )


def _is_effective(course: Course, e: Evidence, event: Event, day: date, *, aside: bool) -> bool:
    """Whether a statement says anything new about the state in which its day finds the member."""
    state = course.state(day, aside=aside)
    inside = state.place is Standing.IN
    match event:
        case Event.JOINED:
            if not inside:
                over = state.over if state.place is Standing.OUT else None
                return over is None or (e.statement.date is not None and e.statement.date.earliest() > over.day)
            upgraded = state.affiliate and e.role is not None and e.role not in AFFILIATE and not _just_told(course, e)
            noticed = not state.known and e.statement.date is not None and state.seen is not None and day > _later(state.seen)
            return state.suspended or upgraded or noticed
        case Event.MEMBER:
            out = state.place is Standing.OUT and (state.over is not None or _knows_no_exit(state, e, day))
            return not inside and not out and not any(_implies_in(h) for h in course.living() if h.day > day)
        case Event.LEFT | Event.EXPELLED:
            return state.place is not Standing.OUT
        case Event.SUSPENDED:
            return not state.suspended and state.place is not Standing.OUT
        case Event.WILL_JOIN:
            if state.entering:
                return _is_next_step(course, e, event)
            return not inside or state.affiliate or state.suspended
        case Event.WILL_LEAVE:
            if state.leaving:
                return _is_next_step(course, e, event)
            return state.place is not Standing.OUT
        case Event.DECLINED:
            return not state.declined and (not inside or state.affiliate)
        case Event.ABSENT:
            if inside:
                return not (state.affiliate or state.suspended or _is_missed(course, day))
            return state.standing() is Standing.UNKNOWN and not any(_implies_in(h) for h in course.living() if h.day > day)
        case _:
            raise ValueError(f"{event} is no event of a member")


def _knows_no_exit(state: State, e: Evidence, day: date) -> bool:
    said = Happening(Event.MEMBER, False, e.statement.status, e.statement.date, day, e.said_on(), e.role, [e])
    return state.exit is not None and is_stale(said, state.exit.day, state.exit.said)


def _is_missed(course: Course, day: date) -> bool:
    """Whether a member was said to be missing already, since it was last told that it came in."""
    entries = [h for h in course.living() if not h.denied and h.event in {Event.JOINED, Event.MEMBER} and not h.quiet]
    return any(h.event is Event.ABSENT and (h.day >= day or not any(h.day <= x.day <= day for x in entries)) for h in course.living())


def _later(day: date) -> date:
    return date.fromordinal(day.toordinal() + SAME_DAYS)


def _just_told(course: Course, e: Evidence) -> bool:
    """Whether an undated report of an entry follows another so closely that both must mean the same entry."""
    return e.statement.date is None and any(
        h.event is Event.JOINED and not h.denied and abs((e.said_on() - h.said).days) <= RETOLD_DAYS for h in course.living()
    )


def _implies_in(h: Happening) -> bool:
    return not h.denied and h.event in {Event.JOINED, Event.MEMBER, Event.SUSPENDED, Event.WILL_LEAVE, Event.LEFT, Event.EXPELLED}


def _was_in_unsaid(course: Course, day: date) -> bool:
    """Whether the next thing known after a day is that the member was in: its entry then refines and tells nothing new."""
    later = next((h for h in course.living() if h.day > day and _implies_in(h)), None)
    return later is not None and later.event in {Event.MEMBER, Event.SUSPENDED, Event.WILL_LEAVE}


def _is_next_step(course: Course, e: Evidence, event: Event) -> bool:
    """Whether an intention has gone a step further: talks became an agreement, or an act is dated after the last was told."""
    last = next(h for h in reversed(course.living()) if h.event is event and not h.denied)
    if last.status is Status.PROPOSED and e.statement.status is Status.PLANNED:
        return True
    when = e.statement.date
    return when is not None and last.said < when.earliest() <= e.said_on()


def _is_superseded(course: Course, happening: Happening) -> bool:
    """Whether an intention, or that somebody was missing, is told only now that its outcome is known."""
    if happening.event in {Event.WILL_JOIN, Event.WILL_LEAVE, Event.ABSENT, Event.MEMBER}:
        return any(h.event in HAPPENED | {Event.DECLINED} and h.day > happening.day for h in course.living())
    return False


def _hear_again(course: Course, told: Sequence[Told], h: Happening, e: Evidence) -> list[Told]:
    """Adds evidence to a known happening and sharpens it; a second step of an intention, or another role, is told."""
    for earlier in told:
        if earlier.of is h:
            earlier.evidence.append(e)
            h.evidence.append(e)
            return []
    if h.event in {Event.WILL_JOIN, Event.WILL_LEAVE} and h.status is Status.PROPOSED and e.statement.status is Status.PLANNED:
        h.status = Status.PLANNED
        if h.dropped is None and h is next((x for x in reversed(course.living()) if not x.denied), None):
            h.evidence.append(e)
            return [Told(KIND[h.event], h, [e], "proposed", "planned", e.role, e.statement.date)]
    role_before = h.role
    changes = _other_role(course, h, e) if h.event is Event.JOINED and h.dropped is None else []
    h.evidence.append(e)
    h.when = sharper(h.when, e.statement.date)
    if role_before is None or changes:
        h.role = e.role or role_before
    if e.statement.date and h.when == e.statement.date and h.dropped is None:
        first, last = window(e)
        h.day = min(max(h.day, first), last)
        course.happenings.sort(key=Happening.place)
    return changes


def _other_role(course: Course, h: Happening, e: Evidence) -> list[Told]:
    """One entry cannot be both as a partner and as a full member: the later word on it is a correction or a dispute."""
    if e.role is None or h.role is None or h.role is e.role:
        return []
    common = {"before": str(h.role), "after": str(e.role), "role": e.role, "when": h.when}
    if _rewrites(h, e):
        return [Told(ChangeKind.CLAIM_CORRECTED, h, [e], timeless=True, **common)]  # type: ignore[arg-type]
    if (h.role in AFFILIATE) == (e.role in AFFILIATE) or not (corrects(h, e) or CORRECTS.search(e.quote)):
        return []
    return [
        Told(ChangeKind.CLAIM_CORRECTED, h, [e], timeless=True, **common),  # type: ignore[arg-type]
        Told(ChangeKind.ROLE_CHANGED, h, [e], timeless=True, **common),  # type: ignore[arg-type]
    ]


def _rewrites(h: Happening, e: Evidence) -> bool:
    """Whether the very article that gave an entry its role gives it another one now that it was edited."""
    return any((x.article, x.log_key, x.detector, x.role) == (e.article, e.log_key, e.detector, h.role) for x in h.evidence)


def _hear_differently(course: Course, e: Evidence, event: Event, first: date) -> list[Told]:
    """Hears a statement that finds the member where it says already: another date, another role, or nothing new."""
    known = [h for h in course.living() if not h.denied and family(h.event) is family(event)]
    if event is Event.MEMBER:
        return _hear_role(course, e)
    if not known or event not in HAPPENED:
        if known:
            known[-1].evidence.append(e)
        return []
    h = next((h for h in reversed(known) if h.day <= first), known[0])
    when = e.statement.date
    if when is None or h.when is None or days_apart(h.when, when) <= SAME_DAYS:
        return _hear_again(course, (), h, e)
    return other_date(course, h, e, when)


def _hear_role(course: Course, e: Evidence) -> list[Told]:
    """Hears that a member is in, which was known: at most its role has turned, and only where the words say so."""
    day = window(e)[1]
    state = course.state(day)
    before = state.role if state.place is Standing.IN else None
    role = _role_left(e, before)
    turned = before is not None and role is not None and role is not before and turns(e, before)
    same = [h for h in course.living() if h.event is Event.MEMBER and not h.denied and h.role is role]
    if same and not turned:
        same[-1].evidence.append(e)
        return []
    happening = Happening(Event.MEMBER, False, e.statement.status, e.statement.date, day, e.said_on(), role, [e], quiet=not turned)
    course.add(happening)
    return [Told(ChangeKind.ROLE_CHANGED, happening, [e], str(before), str(role), role, e.statement.date)] if turned else []


def _role_left(e: Evidence, before: Role | None) -> Role | None:
    """The role that words leave a member with: who lays down its office is a member still, though they do not say so."""
    if e.role is None and before in OFFICES and LAYS_DOWN.search(e.quote) and not TURNS.search(e.quote):
        return Role.MEMBER
    return e.role


def _hear_denial(course: Course, e: Evidence, event: Event, day: date, aside: bool) -> list[Told]:
    """Hears that something is not so. It is told where it contradicts what stands; a denied happening no longer counts."""
    state = course.state(day, aside=aside)
    target = _denied(course, state, event, day)
    if target is None:
        return []
    before = state.standing()
    happened = event not in {Event.WILL_JOIN, Event.WILL_LEAVE}
    if happened:
        for h in course.living():
            if not h.denied and family(h.event) is family(target.event) and (h is target or h.day >= target.day):
                h.dropped = e.said_on()
    course.add(Happening(event, True, Status.DENIED, e.statement.date, day, e.said_on(), e.role, [e], aside=aside))
    corrected = happened and (bool(CORRECTS.search(e.quote)) or corrects(target, e))
    kind = ChangeKind.CLAIM_CORRECTED if corrected else ChangeKind.CLAIM_DISPUTED
    after = course.state(day, aside=aside).standing()
    return [Told(kind, target, [e], before, after, e.role, e.statement.date, timeless=True)]


def _denied(course: Course, state: State, event: Event, day: date) -> Happening | None:
    """What a denial contradicts, where it still stands on that day."""
    standing = {
        Event.WILL_JOIN: state.entering,
        Event.WILL_LEAVE: state.leaving,
        Event.LEFT: state.place is Standing.OUT,
        Event.EXPELLED: state.place is Standing.OUT,
        Event.SUSPENDED: state.suspended,
        Event.JOINED: state.place is Standing.IN,
        Event.MEMBER: state.place is Standing.IN,
        Event.DECLINED: state.declined,
        Event.ABSENT: state.place is Standing.ABSENT,
    }[event]
    kinds = {Event.JOINED, Event.MEMBER} if event in {Event.JOINED, Event.MEMBER} else EXIT if event in EXIT else {event}
    found = [h for h in course.living() if h.event in kinds and not h.denied and h.day <= day]
    return found[-1] if standing and found else None
