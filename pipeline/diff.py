"""Evidence → memberships, and what one more article changes about them: the rules of "What a change is".

Both work on the same thing: the course of a pair (coalition, member), or of a coalition itself, which is the list of its
happenings in the order in which they took effect, each with all its evidence. An article is heard claim by claim: each is a
happening that is new, one that is known (told again, or sharper), or a denial of one. What is new is a change.

There is no clock here and no memory: `now` and the evidence come in. Nothing is inferred from silence. The few English words
that it reads in a quotation only tell a correction from a dispute, and a role that turned from a role that is mentioned.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from pipeline.model import (
    COALITION_EVENTS,
    Change,
    ChangeKind,
    Event,
    Evidence,
    Membership,
    PartialDate,
    Party,
    Role,
    Standing,
    Status,
)
from pipeline.text import fold

RECENT_DAYS = 60
"""An event older than this when it is told, or when we learn of it, is history. Chosen on the project's storylines."""
SAME_DAYS = 7
"""Two dates of one event may differ by this much: signed on a Friday, in force on the Monday, printed on the Wednesday."""
COPY_DAYS = 3
"""The same undated statement within these days is the same report, passed on."""
RETOLD_DAYS = 14
"""A second report of an entry within these days speaks of the same entry, whatever role it gives."""

Stated = tuple[str, str, str, str, str]

_EXIT = frozenset({Event.LEFT, Event.EXPELLED})
_HAPPENED = frozenset({Event.JOINED, Event.LEFT, Event.EXPELLED, Event.SUSPENDED})
_AFFILIATE = frozenset({Role.OBSERVER, Role.PARTNER})
_OUTCOMES = {
    Event.WILL_JOIN: frozenset({Event.JOINED, Event.DECLINED}),
    Event.WILL_LEAVE: frozenset({Event.LEFT}),
    Event.MEMBER: frozenset({Event.LEFT, Event.SUSPENDED, Event.WILL_LEAVE}),
}
"""What makes the telling of a plan, or of a membership, in the same article no news of its own."""
_ONCE = frozenset({Role.FOUNDER, Role.SIGNATORY})
"""Roles that one has by an act that is done once: an undated "signed in its first year" is that act told again."""
_TELLING_ROLES = frozenset({Role.FOUNDER, Role.LEAD, Role.BOARD, Role.SIGNATORY})

_CORRECTS = re.compile(
    r"\bcorrect(?:ion|ions|ed|ing)\b|\bwrong(?:ly)?\b|\bmistaken(?:ly)?\b|\berroneous(?:ly)?\b|\bin error\b|\binaccurate(?:ly)?\b"
    r"|\bincorrect(?:ly)?\b|\bmisstated\b|\bmisreported\b|\bclarif(?:y|ied|ication)\b|\bretract(?:s|ed|ion)?\b"
    r"|\b(?:we|I|our report|an earlier version)(?: had| have)? (?:wrote|reported|said|stated|gave)\b"
    r"|\b(?:has|have|had) since (?:confirmed|clarified|established)\b|\bturned out\b"
    r"|,? (?:and )?not (?:in|on|since|from) (?:\d|January|February|March|April|May|June|July|August|September|October|November|December)",
    re.I,
)
"""Words by which a text takes back or sets right what was reported, its own or another's."""
_DENIAL_VERB = re.compile(
    r"\b(?:den(?:y|ies|ied|ying)|reject\w*|dismiss\w*|said|says|say|told|tells|call(?:s|ed)|insist\w*|according to)\b", re.I
)
"""A party speaks: what follows is its word against the report, not the publisher's correction."""
_TURNS = re.compile(
    r"\b(?:take|takes|took|taken|taking) over\b|\b(?:become|becomes|became|becoming)\b|\b(?:elected|appointed|named|promoted|upgraded)\b"
    r"|\b(?:succeed|succeeds|succeeded|replac\w+)\b|\bnew (?:chair\w*|president|head|leader|lead)\b|\bstep(?:s|ped)? up\b",
    re.I,
)
"""Words that say that a role was not always so."""


@dataclass(slots=True)
class _Happening:
    """Something that happened once, told by any number of articles. `aside` puts it before what else is of that day."""

    event: Event
    denied: bool
    status: Status
    when: PartialDate | None
    day: date
    said: date
    role: Role | None
    evidence: list[Evidence]
    aside: bool = False
    dropped: date | None = None
    quiet: bool = False

    def place(self) -> tuple[date, bool]:
        return (self.day, not self.aside)


@dataclass(slots=True)
class _State:
    """Where a member stands. `known` is whether words told of its entry, `seen` the day on which it was merely said to be in."""

    place: Standing = Standing.UNKNOWN
    suspended: bool = False
    entering: bool = False
    leaving: bool = False
    declined: bool = False
    known: bool = False
    seen: date | None = None
    role: Role | None = None
    since: PartialDate | None = None
    until: PartialDate | None = None

    @property
    def affiliate(self) -> bool:
        return self.role in _AFFILIATE

    def standing(self) -> Standing:
        if self.place is Standing.IN:
            return Standing.SUSPENDED if self.suspended else Standing.LEAVING if self.leaving else Standing.IN
        if self.entering:
            return Standing.ENTERING
        if self.place is Standing.OUT:
            return Standing.OUT
        return Standing.DECLINED if self.declined else self.place


@dataclass(slots=True)
class _Told:
    """A change in the making: `of` is the happening that it tells."""

    kind: ChangeKind
    of: _Happening
    evidence: list[Evidence]
    before: str = ""
    after: str = ""
    role: Role | None = None
    when: PartialDate | None = None
    timeless: bool = False


@dataclass(slots=True)
class _Course:
    """The happenings of one pair or of one coalition, ordered by effect."""

    happenings: list[_Happening] = field(default_factory=list)

    def add(self, happening: _Happening) -> None:
        self.happenings.append(happening)
        self.happenings.sort(key=_Happening.place)

    def living(self) -> list[_Happening]:
        return [h for h in self.happenings if h.dropped is None]

    def state(self, until: date | None = None, *, aside: bool = False) -> _State:
        """Folds what took effect up to and with a day; `aside` stops before what that day itself brought."""
        state = _State()
        for h in self.living():
            if until is None or h.day < until or (h.day == until and not (aside and not h.aside)):
                _apply(state, h)
        return state


def derive(evidence: Iterable[Evidence], as_of: date | None = None) -> tuple[Membership, ...]:
    """Gives where every member stands, from statements in any order; `as_of` leaves out what took effect after that day.

    The members of a coalition that was dissolved or merged are out from that day. Withdrawn evidence does not count.
    """
    pairs, bodies = _grouped(e for e in evidence if not e.withdrawn)
    ends = {key: end for key, course in bodies.items() if (end := _ended(_read_all(course, coalition=True), as_of))}
    memberships = []
    for pair, told in pairs.items():
        state = _read_all(told).state(as_of)
        standing, until = state.standing(), state.until if state.place is Standing.OUT else None
        if (end := ends.get(pair[0])) and state.place is Standing.IN and not _in_after(told, end.day):
            standing, until = Standing.OUT, end.when
        if standing is Standing.UNKNOWN and as_of and all(e.said_on() > as_of for e in told):
            continue
        since = state.since if state.place in {Standing.IN, Standing.OUT} else None
        memberships.append(Membership(_called(told, coalition=True), _called(told), standing, state.role, since, until))
    return tuple(sorted(memberships, key=lambda m: (m.coalition.key, m.member.key)))


def diff(known: Sequence[Evidence], fresh: Sequence[Evidence], now: datetime) -> tuple[Change, ...]:
    """Gives what is new to a reader who knew all that was known, when one article (version) says what `fresh` holds.

    `known` is all living evidence about the coalitions that `fresh` speaks of. Fresh evidence that carries `withdrawn` takes the
    same article's statement back: what rested on nothing else is corrected, and what the new version only says otherwise (a
    sharper date) is the same event still.
    """
    back = [e for e in fresh if e.withdrawn]
    told = [e for e in fresh if not e.withdrawn]
    gone = {(_stated(e), e.article) for e in back}
    before = [e for e in known if not e.withdrawn and not (gone and (_stated(e), e.article) in gone)]
    restated = {_subject(e) for e in told}
    remembered = [*before, *(e for e in back if _subject(e) in restated)]
    pairs, bodies = _grouped(remembered, only=told)
    fresh_pairs, fresh_bodies = _grouped(told)
    copies = _copies(before, told)
    changes: list[Change] = []
    for key, batch in fresh_bodies.items():
        course = _read_all(bodies.get(key, ()), coalition=True)
        changes += [_change(t, course, now) for t in _hear_body(course, batch, copies)]
    for pair, batch in fresh_pairs.items():
        course = _read_all(pairs.get(pair, ()))
        changes += [_change(t, course, now) for t in _hear_pair(course, batch, copies)]
    changes += _taken_back(known, before, told, back, now)
    return tuple({change.id: change for change in reversed(changes)}.values())[::-1]


def _subject(e: Evidence) -> tuple[str, str, Event, bool]:
    return (*_pair(e), _family(e.statement.event), e.statement.status is Status.DENIED)


def _stated(e: Evidence) -> Stated:
    """What is stated, as `Statement.key` has it, without the price of hashing it."""
    return (*_pair(e), e.statement.event, e.statement.status, str(e.statement.date or ""))


def _copies(known: Sequence[Evidence], fresh: Sequence[Evidence]) -> frozenset[Stated]:
    """The statements that were made before: with the same date, in the same story, or undated within `COPY_DAYS`.

    The same statement with another role is heard, since the role is no part of what is stated.
    """
    earlier: dict[Stated, list[Evidence]] = {_stated(e): [] for e in fresh}
    pairs = {_pair(e) for e in fresh}
    for e in known:
        if _pair(e) in pairs and _stated(e) in earlier:
            earlier[_stated(e)].append(e)
    return frozenset(
        _stated(e)
        for e in fresh
        for x in earlier[_stated(e)]
        if e.role in {None, x.role}
        and (
            e.statement.date
            or x.article == e.article
            or (x.story and x.story == e.story)
            or abs((x.said_on() - e.said_on()).days) <= COPY_DAYS
        )
    )


# Placing statements in time.


def _grouped(
    evidence: Iterable[Evidence], only: Sequence[Evidence] | None = None
) -> tuple[dict[tuple[str, str], list[Evidence]], dict[str, list[Evidence]]]:
    wanted = None if only is None else {_pair(e) for e in only}
    pairs: dict[tuple[str, str], list[Evidence]] = defaultdict(list)
    bodies: dict[str, list[Evidence]] = defaultdict(list)
    for e in evidence:
        if wanted is not None and _pair(e) not in wanted:
            continue
        if e.statement.member is None:
            bodies[e.statement.coalition.key].append(e)
        else:
            pairs[_pair(e)].append(e)
    return pairs, bodies


def _pair(e: Evidence) -> tuple[str, str]:
    return (e.statement.coalition.key, e.statement.member.key if e.statement.member else "")


def _read_all(evidence: Iterable[Evidence], *, coalition: bool = False) -> _Course:
    """Hears articles in the order in which they were published, so that the order of arrival does not count."""
    articles: dict[tuple[date, str, str], list[Evidence]] = defaultdict(list)
    for e in evidence:
        when = e.published or e.first_seen
        articles[(e.said_on(), when.isoformat(), e.article)].append(e)
    course = _Course()
    for _, batch in sorted(articles.items()):
        (_hear_body if coalition else _hear_pair)(course, batch)
    return course


def _window(e: Evidence) -> tuple[date, date]:
    """The first and the last day on which it can have taken effect; an intention with a day to come counts from when it was said."""
    said = e.said_on()
    when = e.statement.date
    if when is None:
        return said, said
    if when.earliest() > said:
        intention = e.statement.status in {Status.PLANNED, Status.PROPOSED} or e.statement.event in {Event.WILL_JOIN, Event.WILL_LEAVE}
        return (said, said) if intention else (when.earliest(), when.earliest())
    return when.earliest(), min(when.latest(), said)


def _days_apart(one: PartialDate, other: PartialDate) -> int:
    """Days between two dates: 0 where one covers the other. A year, or two months, that differ are not neighbours by a day."""
    if one.covers(other) or other.covers(one):
        return 0
    first, second = sorted((one, other), key=PartialDate.earliest)
    rough = not (one.month and other.month and (one.day or other.day))
    return (second.earliest() - (first.earliest() if rough else first.latest())).days


def _sharper(one: PartialDate | None, other: PartialDate | None) -> PartialDate | None:
    if one is None or other is None:
        return one or other
    return other if one.covers(other) else one


def _family(event: Event) -> Event:
    return Event.LEFT if event in _EXIT else event


# A pair: one member of one coalition.


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


def _apply(state: _State, h: _Happening) -> None:
    if h.denied:
        _apply_denial(state, h)
        return
    match h.event:
        case Event.JOINED:
            if state.place is not Standing.IN or (state.since is None and not state.known):
                state.since = h.when
            state.place, state.known, state.until = Standing.IN, True, None
            state.suspended = state.leaving = state.entering = state.declined = False
            state.role = h.role or state.role
        case Event.MEMBER:
            if state.place is not Standing.IN:
                state.place, state.known, state.since, state.until, state.role = Standing.IN, False, None, None, None
                state.entering = state.declined = False
                state.seen = h.said
            if state.role is None or (state.role is Role.MEMBER and h.role in _TELLING_ROLES) or (h.role and _turns(h)):
                state.role = h.role
            if state.since is None:
                state.since = h.when
        case Event.LEFT | Event.EXPELLED:
            state.place, state.until = Standing.OUT, h.when
            state.suspended = state.leaving = state.entering = False
        case Event.SUSPENDED:
            state.place, state.suspended = Standing.IN, True
            state.seen = state.seen or h.said
        case Event.WILL_JOIN:
            state.entering, state.declined = True, False
        case Event.WILL_LEAVE:
            if state.place is not Standing.IN:
                state.place, state.seen = Standing.IN, h.said
            state.leaving = True
        case Event.DECLINED:
            state.declined, state.entering = True, False
        case Event.ABSENT:
            if state.place is Standing.UNKNOWN and not state.entering:
                state.place = Standing.ABSENT
        case _:
            raise ValueError(f"{h.event} is no event of a member")


def _apply_denial(state: _State, h: _Happening) -> None:
    match h.event:
        case Event.WILL_JOIN:
            state.entering = state.declined = False
            if state.place is Standing.ABSENT:
                state.place = Standing.UNKNOWN
        case Event.WILL_LEAVE:
            state.leaving = False
            if state.place is Standing.UNKNOWN:
                state.place, state.seen = Standing.IN, h.said
        case Event.LEFT | Event.EXPELLED | Event.SUSPENDED:
            if state.place is Standing.UNKNOWN:
                state.place, state.seen = Standing.IN, h.said
        case _:
            pass


def _turns(h: _Happening) -> bool:
    return any(_TURNS.search(e.quote) for e in h.evidence)


def _hear_pair(course: _Course, batch: Sequence[Evidence], copies: Set[Stated] = frozenset()) -> list[_Told]:
    """Hears what one article says of one member, in the order in which it happened, and gives what was new.

    Copies are not heard a second time, but what stands beside them in the article is understood with them.
    """
    settled = [(act, e) for e in batch if (act := _settled(e))]
    if not settled:
        return []
    said = batch[0].said_on()
    happened = [(event, e) for (event, denied), e in settled if event in _HAPPENED and not denied]
    dated = [(event, e) for event, e in happened if e.statement.date and _is_recent(e)]
    news = max((_window(e) for _, e in dated), default=None, key=lambda window: window[1])
    dated_news = {_family(event) for event, _ in dated}
    fresh_news = dated_news | {_family(event) for event, e in happened if e.statement.date is None}
    stated = {_family(event) for (event, denied), _ in settled if not denied}
    denied_too = {event for (event, denied), _ in settled if denied}
    state = course.state(said)
    back = state.place is Standing.OUT or state.suspended

    def order(row: tuple[tuple[Event, bool], Evidence]) -> tuple[date, bool, int, Stated]:
        (event, denied), e = row
        day, aside = _window(e)[0], False
        if e.statement.date is None and news and _is_background(event, denied, dated_news):
            day, aside = news[0], True
        return day, not aside, _rank(event, denied, back), _stated(e)

    told: list[_Told] = []
    for (event, denied), e in sorted(settled, key=order):
        if _stated(e) in copies:
            continue
        day, forward, _, _ = order(((event, denied), e))
        follows = fresh_news | (stated - _HAPPENED)
        quiet = not denied and (bool(_OUTCOMES.get(event, frozenset()) & follows) or (event in _OUTCOMES and event in denied_too))
        told += _hear(course, told, e, event, denied, day if not forward else None, quiet)
    return told


def _is_recent(e: Evidence) -> bool:
    return (e.said_on() - _window(e)[1]).days <= RECENT_DAYS


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
    return _family(event) not in news


def _rank(event: Event, denied: bool, back: bool) -> int:
    """Order of undated statements within an article: what is known of comes first, intentions after what happened."""
    if denied:
        return 8 if event in {Event.WILL_JOIN, Event.WILL_LEAVE} else 0
    happened = [Event.SUSPENDED, Event.LEFT, Event.JOINED] if back else [Event.JOINED, Event.SUSPENDED, Event.LEFT]
    return {
        **{h: 1 + i for i, h in enumerate(happened)},
        Event.MEMBER: 4,
        Event.WILL_JOIN: 5,
        Event.WILL_LEAVE: 6,
        Event.DECLINED: 7,
        Event.ABSENT: 9,
    }.get(_family(event), 10)


def _hear(course: _Course, told: Sequence[_Told], e: Evidence, event: Event, denied: bool, aside: date | None, quiet: bool) -> list[_Told]:
    first, last = (aside, aside) if aside else _window(e)
    if denied:
        return _hear_denial(course, e, event, last, bool(aside))
    again = _same(course, e, event, first, last)
    if again:
        return _hear_again(course, told, again, e)
    moved = _moved(course, e, event, last)
    if moved and e.statement.date:
        return _other_date(course, moved, e, e.statement.date)
    for day in dict.fromkeys((last, first)):
        if _is_effective(course, e, event, day, aside=bool(aside)):
            break
    else:
        return _hear_differently(course, e, event, first)
    happening = _Happening(event, False, e.statement.status, e.statement.date, day, e.said_on(), e.role, [e], aside=bool(aside))
    quiet = quiet or _is_superseded(course, happening) or (event is Event.JOINED and _was_in_unsaid(course, day))
    state = course.state(day, aside=bool(aside))
    before = state.standing() if course.happenings else ""
    kind = _KIND[event]
    if event is Event.ABSENT and state.place is Standing.IN:
        kind = ChangeKind.CLAIM_DISPUTED
    happening.quiet = quiet
    course.add(happening)
    if quiet:
        return []
    after = course.state(day).standing()
    return [_Told(kind, happening, [e], before, after, e.role, e.statement.date)]


_KIND = {
    Event.JOINED: ChangeKind.MEMBER_JOINED,
    Event.MEMBER: ChangeKind.MEMBER_OBSERVED,
    Event.LEFT: ChangeKind.MEMBER_LEFT,
    Event.SUSPENDED: ChangeKind.MEMBER_SUSPENDED,
    Event.EXPELLED: ChangeKind.MEMBER_EXPELLED,
    Event.WILL_JOIN: ChangeKind.JOIN_ANNOUNCED,
    Event.WILL_LEAVE: ChangeKind.LEAVE_ANNOUNCED,
    Event.DECLINED: ChangeKind.JOIN_DECLINED,
    Event.ABSENT: ChangeKind.ABSENCE_NOTED,
    Event.FORMED: ChangeKind.COALITION_FORMED,
    Event.DISSOLVED: ChangeKind.COALITION_DISSOLVED,
    Event.RENAMED: ChangeKind.COALITION_RENAMED,
    Event.MERGED: ChangeKind.COALITION_MERGED,
    Event.SUSPENDED_OPERATIONS: ChangeKind.COALITION_SUSPENDED,
}


def _same(course: _Course, e: Evidence, event: Event, first: date, last: date) -> _Happening | None:
    """The happening that a statement tells again: same kind, and dates that agree or one that was not given."""
    when = e.statement.date
    for h in reversed(course.happenings):
        if h.denied or _family(h.event) is not _family(event):
            continue
        if when and h.when:
            same = _days_apart(h.when, when) <= SAME_DAYS and (h.dropped is None or e.said_on() <= _grace(h.dropped))
        elif h.dropped:
            same = when is None and e.said_on() < h.dropped
        elif when is None:
            same = event is Event.JOINED and e.role in _ONCE and e.role is h.role
        else:
            same = event in _HAPPENED and first <= h.day and not _between(course, event, first, h)
        if same:
            return h
    return None


def _moved(course: _Course, e: Evidence, event: Event, last: date) -> _Happening | None:
    """The later happening of the same kind that a statement gives an earlier date: set right, or not far off."""
    when = e.statement.date
    if when is None or event not in _HAPPENED:
        return None
    for h in course.living():
        if h.when and h.day > last and not h.denied and _family(h.event) is _family(event) and not _between(course, event, last, h):
            near = _days_apart(h.when, when) <= RECENT_DAYS
            return h if near or _CORRECTS.search(e.quote) or _takes_back(h, e) else None
    return None


def _takes_back(h: _Happening, e: Evidence) -> bool:
    """Whether a new version of an article says otherwise what its withdrawn version said."""
    return any(x.withdrawn and x.article == e.article for x in h.evidence)


def _grace(day: date) -> date:
    return date.fromordinal(day.toordinal() + RETOLD_DAYS)


def _between(course: _Course, event: Event, first: date, h: _Happening) -> bool:
    """Whether something that undoes an event stands between a day and a later happening of its kind."""
    opposite = _EXIT | {Event.SUSPENDED} if event is Event.JOINED else {Event.JOINED, Event.MEMBER}
    return any(x.event in opposite and not x.denied and first <= x.day <= h.day and x is not h for x in course.living())


def _is_effective(course: _Course, e: Evidence, event: Event, day: date, *, aside: bool) -> bool:
    """Whether a statement says anything new about the state in which its day finds the member."""
    state = course.state(day, aside=aside)
    inside = state.place is Standing.IN
    match event:
        case Event.JOINED:
            if not inside:
                return True
            upgraded = state.affiliate and e.role is not None and e.role not in _AFFILIATE and not _just_told(course, e)
            noticed = not state.known and e.statement.date is not None and state.seen is not None and day > _later(state.seen)
            return state.suspended or upgraded or noticed
        case Event.MEMBER:
            return not inside and not any(_implies_in(h) for h in course.living() if h.day > day)
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
                return not (state.affiliate or state.suspended or any(h.event is Event.ABSENT and h.day >= day for h in course.living()))
            return state.standing() is Standing.UNKNOWN and not any(_implies_in(h) for h in course.living() if h.day > day)
        case _:
            raise ValueError(f"{event} is no event of a member")


def _later(day: date) -> date:
    return date.fromordinal(day.toordinal() + SAME_DAYS)


def _just_told(course: _Course, e: Evidence) -> bool:
    """Whether an undated report of an entry follows another so closely that both must mean the same entry."""
    return e.statement.date is None and any(
        h.event is Event.JOINED and not h.denied and abs((e.said_on() - h.said).days) <= RETOLD_DAYS for h in course.living()
    )


def _implies_in(h: _Happening) -> bool:
    return not h.denied and h.event in {Event.JOINED, Event.MEMBER, Event.SUSPENDED, Event.WILL_LEAVE, Event.LEFT, Event.EXPELLED}


def _was_in_unsaid(course: _Course, day: date) -> bool:
    """Whether the next thing known after a day is that the member was in: its entry then refines and tells nothing new."""
    later = next((h for h in course.living() if h.day > day and _implies_in(h)), None)
    return later is not None and later.event in {Event.MEMBER, Event.SUSPENDED, Event.WILL_LEAVE}


def _is_next_step(course: _Course, e: Evidence, event: Event) -> bool:
    """Whether an intention has gone a step further: talks became an agreement, or an act is dated after the last was told."""
    last = next(h for h in reversed(course.living()) if h.event is event and not h.denied)
    if last.status is Status.PROPOSED and e.statement.status is Status.PLANNED:
        return True
    when = e.statement.date
    return when is not None and last.said < when.earliest() <= e.said_on()


def _is_superseded(course: _Course, happening: _Happening) -> bool:
    """Whether an intention, or that somebody was missing, is told only now that its outcome is known."""
    if happening.event in {Event.WILL_JOIN, Event.WILL_LEAVE, Event.ABSENT, Event.MEMBER}:
        return any(h.event in _HAPPENED | {Event.DECLINED} and h.day > happening.day for h in course.living())
    return False


def _hear_again(course: _Course, told: Sequence[_Told], h: _Happening, e: Evidence) -> list[_Told]:
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
            return [_Told(_KIND[h.event], h, [e], "proposed", "planned", e.role, e.statement.date)]
    role_before = h.role
    changes = _other_role(course, h, e) if h.event is Event.JOINED and h.dropped is None else []
    h.evidence.append(e)
    h.when = _sharper(h.when, e.statement.date)
    if role_before is None or changes:
        h.role = e.role or role_before
    if e.statement.date and h.when == e.statement.date and h.dropped is None:
        first, last = _window(e)
        h.day = min(max(h.day, first), last)
        course.happenings.sort(key=_Happening.place)
    return changes


def _other_role(course: _Course, h: _Happening, e: Evidence) -> list[_Told]:
    """One entry cannot be both as a partner and as a full member: the later word on it is a correction or a dispute."""
    if e.role is None or h.role is None or (h.role in _AFFILIATE) == (e.role in _AFFILIATE):
        return []
    if not _corrects(h, e) and not _CORRECTS.search(e.quote):
        return []
    common = {"before": str(h.role), "after": str(e.role), "role": e.role, "when": h.when}
    return [
        _Told(ChangeKind.CLAIM_CORRECTED, h, [e], timeless=True, **common),  # type: ignore[arg-type]
        _Told(ChangeKind.ROLE_CHANGED, h, [e], timeless=True, **common),  # type: ignore[arg-type]
    ]


def _corrects(h: _Happening, e: Evidence) -> bool:
    """Whether the same publisher takes its own report back, in its own voice."""
    return any(x.publisher == e.publisher and x.article != e.article for x in h.evidence) and not _DENIAL_VERB.search(e.quote)


def _hear_differently(course: _Course, e: Evidence, event: Event, first: date) -> list[_Told]:
    """Hears a statement that finds the member where it says already: another date, another role, or nothing new."""
    known = [h for h in course.living() if not h.denied and _family(h.event) is _family(event)]
    if event is Event.MEMBER:
        return _hear_role(course, e)
    if not known or event not in _HAPPENED:
        if known:
            known[-1].evidence.append(e)
        return []
    h = next((h for h in reversed(known) if h.day <= first), known[0])
    when = e.statement.date
    if when is None or h.when is None or _days_apart(h.when, when) <= SAME_DAYS:
        return _hear_again(course, (), h, e)
    return _other_date(course, h, e, when)


def _other_date(course: _Course, h: _Happening, e: Evidence, when: PartialDate) -> list[_Told]:
    """Tells another date of what happened once: a correction by its words, a dispute where the dates lie far apart."""
    assert h.when is not None
    before, apart = str(h.when), _days_apart(h.when, when)
    said_before = any(x.statement.date and _days_apart(x.statement.date, when) <= SAME_DAYS for x in h.evidence)
    h.evidence.append(e)
    if said_before:
        return []
    if _CORRECTS.search(e.quote) or _takes_back(h, e):
        h.when, h.day = when, _window(e)[0]
        course.happenings.sort(key=_Happening.place)
        return [_Told(ChangeKind.CLAIM_CORRECTED, h, [e], before, str(when), e.role, when, timeless=True)]
    if apart > RECENT_DAYS and e.statement.event in _HAPPENED and when.earliest() > h.day and _is_recent(e):
        # What lies between was missed: the news of a day goes before the memory of another.
        standing = course.state(when.earliest()).standing()
        again = _Happening(e.statement.event, False, e.statement.status, when, when.earliest(), e.said_on(), e.role, [e])
        course.add(again)
        return [_Told(_KIND[again.event], again, [e], standing, course.state(again.day).standing(), e.role, when)]
    if apart > RECENT_DAYS and not h.quiet:
        return [_Told(ChangeKind.CLAIM_DISPUTED, h, [e], before, str(when), e.role, when, timeless=True)]
    return []


def _hear_role(course: _Course, e: Evidence) -> list[_Told]:
    """Hears that a member is in, which was known: at most its role has turned, and only where the words say so."""
    day = _window(e)[1]
    before = course.state(day).role
    turned = e.role is not None and before is not None and e.role is not before and bool(_TURNS.search(e.quote))
    same = [h for h in course.living() if h.event is Event.MEMBER and not h.denied and h.role is e.role]
    if same and not turned:
        same[-1].evidence.append(e)
        return []
    happening = _Happening(Event.MEMBER, False, e.statement.status, e.statement.date, day, e.said_on(), e.role, [e], quiet=not turned)
    course.add(happening)
    return [_Told(ChangeKind.ROLE_CHANGED, happening, [e], str(before), str(e.role), e.role, e.statement.date)] if turned else []


def _hear_denial(course: _Course, e: Evidence, event: Event, day: date, aside: bool) -> list[_Told]:
    """Hears that something is not so. It is told where it contradicts what stands; a denied happening no longer counts."""
    state = course.state(day, aside=aside)
    target = _denied(course, state, event, day)
    if target is None:
        return []
    before = state.standing()
    happened = event not in {Event.WILL_JOIN, Event.WILL_LEAVE}
    if happened:
        for h in course.living():
            if not h.denied and _family(h.event) is _family(target.event) and (h is target or h.day >= target.day):
                h.dropped = e.said_on()
    course.add(_Happening(event, True, Status.DENIED, e.statement.date, day, e.said_on(), e.role, [e], aside=aside))
    corrected = happened and (bool(_CORRECTS.search(e.quote)) or _corrects(target, e))
    kind = ChangeKind.CLAIM_CORRECTED if corrected else ChangeKind.CLAIM_DISPUTED
    after = course.state(day, aside=aside).standing()
    return [_Told(kind, target, [e], before, after, e.role, e.statement.date, timeless=True)]


def _denied(course: _Course, state: _State, event: Event, day: date) -> _Happening | None:
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
    kinds = {Event.JOINED, Event.MEMBER} if event in {Event.JOINED, Event.MEMBER} else _EXIT if event in _EXIT else {event}
    found = [h for h in course.living() if h.event in kinds and not h.denied and h.day <= day]
    return found[-1] if standing and found else None


# A coalition itself.


def _hear_body(course: _Course, batch: Sequence[Evidence], copies: Set[Stated] = frozenset()) -> list[_Told]:
    """Hears what one article says of a coalition itself, and gives what was new."""
    told: list[_Told] = []
    for e in sorted(batch, key=lambda e: (_window(e)[0], e.statement.status is Status.DENIED, _stated(e))):
        if _stated(e) not in copies:
            told += _hear_event(course, told, e)
    return told


def _hear_event(course: _Course, told: Sequence[_Told], e: Evidence) -> list[_Told]:
    event, status, when = e.statement.event, e.statement.status, e.statement.date
    first, last = _window(e)
    known = [h for h in course.living() if h.event is event and not h.denied and not _began_anew(course, h, last)]
    if event is Event.RENAMED:
        known = [h for h in known if _same_renaming(h, e)]
    h = next((h for h in known if h.status is Status.COMPLETED), known[-1] if known else None)
    if status is Status.DENIED:
        if h is None:
            return []
        h.dropped = e.said_on()
        corrected = h.status is Status.COMPLETED and (bool(_CORRECTS.search(e.quote)) or _corrects(h, e))
        kind = ChangeKind.CLAIM_CORRECTED if corrected else ChangeKind.CLAIM_DISPUTED
        return [_Told(kind, h, [e], str(h.status), "denied", None, when, timeless=True)]
    if h is not None and not _advances(h.status, status):
        for earlier in told:
            if earlier.of is h:
                earlier.evidence.append(e)
        if h.status is Status.COMPLETED and status is Status.COMPLETED and when and h.when and _days_apart(h.when, when) > SAME_DAYS:
            return _other_date(course, h, e, when)
        h.evidence.append(e)
        if status is h.status:
            h.when = _sharper(h.when, when)
        return []
    if any(x.dropped and x.event is event and e.said_on() < x.dropped for x in course.happenings):
        return []
    happening = _Happening(event, False, status, when, first, e.said_on(), None, [e])
    course.add(happening)
    before = e.other_name if event is Event.RENAMED else str(h.status) if h else ""
    after = e.statement.coalition.name if event is Event.RENAMED else str(status)
    return [_Told(_KIND[event], happening, [e], before, after, None, when)]


def _advances(before: Status, after: Status) -> bool:
    order = [Status.PROPOSED, Status.PLANNED, Status.COMPLETED]
    return order.index(after) > order.index(before)


def _began_anew(course: _Course, h: _Happening, day: date) -> bool:
    """Whether a coalition that ended was formed again, or one that was formed ended, between a happening and a day."""
    ends = {Event.DISSOLVED, Event.MERGED, Event.SUSPENDED_OPERATIONS}
    opposite = ends if h.event is Event.FORMED else {Event.FORMED} if h.event in ends else set()
    return any(x.event in opposite and x.status is Status.COMPLETED and h.day < x.day < day for x in course.living())


def _same_renaming(h: _Happening, e: Evidence) -> bool:
    names = {fold(x.other_name) for x in h.evidence if x.other_name}
    if names and e.other_name:
        return fold(e.other_name) in names
    return h.when is None or e.statement.date is None or _days_apart(h.when, e.statement.date) <= RECENT_DAYS


def _ended(course: _Course, as_of: date | None) -> _Happening | None:
    """The end of a coalition, where it has one and was not formed again."""
    ends = [h for h in course.living() if h.event in {Event.DISSOLVED, Event.MERGED} and h.status is Status.COMPLETED]
    ends = [h for h in ends if as_of is None or h.day <= as_of]
    return ends[-1] if ends and not _began_anew(course, ends[-1], date.max) else None


def _in_after(told: Sequence[Evidence], day: date) -> bool:
    return any(e.statement.event is Event.JOINED and e.statement.date and e.statement.date.earliest() > day for e in told)


# From a happening to a change.


def _change(told: _Told, course: _Course, now: datetime) -> Change:
    e = told.evidence[0]
    day = told.of.day if not told.timeless else e.said_on()
    old = (now.date() - day).days > RECENT_DAYS
    undone = not told.timeless and told.of.event not in COALITION_EVENTS and _is_undone(course, told.of)
    return Change(
        kind=told.kind,
        coalition=e.statement.coalition,
        member=e.statement.member,
        status=e.statement.status,
        detected_at=now,
        confidence=max(x.confidence for x in told.evidence),
        evidence=tuple(dict.fromkeys(told.evidence)),
        role=told.role,
        effective=told.when,
        before=str(told.before),
        after=str(told.after),
        historic=old or undone,
    )


def _is_undone(course: _Course, h: _Happening) -> bool:
    """Whether something that undoes an event took effect after it."""
    undoing: frozenset[Event] = frozenset()
    if h.event in _EXIT:
        undoing = frozenset({Event.JOINED})
    elif h.event in {Event.JOINED, Event.MEMBER}:
        undoing = _EXIT
    elif h.event is Event.SUSPENDED:
        undoing = _EXIT | {Event.JOINED}
    return any(x.event in undoing and not x.denied and x.place() > h.place() for x in course.living())


def _taken_back(
    known: Sequence[Evidence], before: Sequence[Evidence], told: Sequence[Evidence], back: Sequence[Evidence], now: datetime
) -> tuple[Change, ...]:
    """Corrections for what rested on withdrawn evidence alone, one for each event that no other words carry."""
    changes: dict[tuple[str, str, Event, bool], Change] = {}
    for e in back:
        key = _subject(e)
        carried = any(_subject(x) == key for x in (*before, *told))
        was_known = any(_stated(x) == _stated(e) and x.article == e.article for x in known)
        if carried or not was_known or e.statement.status is Status.DENIED:
            continue
        standing, after = _standing(known, e), _standing((*before, *told), e)
        changes.setdefault(
            key,
            Change(
                kind=ChangeKind.CLAIM_CORRECTED,
                coalition=e.statement.coalition,
                member=e.statement.member,
                status=e.statement.status,
                detected_at=now,
                confidence=e.confidence,
                evidence=(e,),
                role=e.role,
                effective=e.statement.date,
                before=standing,
                after=after,
            ),
        )
    return tuple(changes.values())


def _standing(evidence: Iterable[Evidence], like: Evidence) -> str:
    if like.statement.member is None:
        return str(like.statement.status)
    course = _read_all(e for e in evidence if _pair(e) == _pair(like) and not e.withdrawn)
    return str(course.state().standing()) if course.happenings else ""


def _called(told: Sequence[Evidence], *, coalition: bool = False) -> Party:
    """The party under its fullest name: no initials where there is better, then the name that was said first."""
    named = [(e, e.statement.coalition if coalition else e.statement.member) for e in told]
    _, party = min(
        ((e, p) for e, p in named if p),
        key=lambda row: (" " not in row[1].name and row[1].name.isupper(), row[0].said_on(), row[1].name),
    )
    return replace(party)
