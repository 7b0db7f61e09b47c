"""The course of a pair (coalition, member), or of a coalition itself: its happenings in the order in which they took effect.

Values and folds, and how statements are placed in time. What an article says about a course is heard in `members` and `bodies`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

from pipeline.model import (
    ChangeKind,
    Event,
    Evidence,
    PartialDate,
    Role,
    Standing,
    Status,
)

RECENT_DAYS = 60
"""An event older than this when it is told, or when we learn of it, is history. Chosen on the project's storylines."""
SAME_DAYS = 7
"""Two dates of one event may differ by this much: signed on a Friday, in force on the Monday, printed on the Wednesday."""

Stated = tuple[str, str, str, str, str]
"""Keys of coalition and member, event, status and date: what `Statement.key` hashes."""

STALE_DAYS = 365
"""Undated words that somebody is in may have been this long out of date when they were written. Beyond that they are taken for what
they say: it came back on a day that nobody told. Chosen by hand, as the year after which a list of members outdoes an old exit."""

EXIT = frozenset({Event.LEFT, Event.EXPELLED})
ENDS = frozenset({Event.DISSOLVED, Event.MERGED})
HAPPENED = frozenset({Event.JOINED, Event.LEFT, Event.EXPELLED, Event.SUSPENDED})
AFFILIATE = frozenset({Role.OBSERVER, Role.PARTNER})
OFFICES = frozenset({Role.LEAD, Role.BOARD})
"""Roles that are taken up and laid down while one stays a member."""
ONCE = frozenset({Role.FOUNDER, Role.SIGNATORY})
"""Roles that one has by an act that is done once: an undated "signed in its first year" is that act told again, and a member of which
it is learned has had it all along."""
_SAYS_IN = frozenset({Event.MEMBER, Event.SUSPENDED, Event.WILL_LEAVE})

CORRECTS = re.compile(
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
TURNS = re.compile(
    r"\b(?:take|takes|took|taken|taking) over\b|\b(?:become|becomes|became|becoming)\b|\b(?:elected|appointed|named|promoted|upgraded)\b"
    r"|\b(?:succeed|succeeds|succeeded|replac\w+)\b|\bnew (?:chair\w*|president|head|leader|lead)\b|\bstep(?:s|ped)? up\b"
    r"|\b(?:chaired|presided|led|headed)\b[^.;]{0,60}\bsince\b(?! (?:its|the) (?:found|launch|creat|start|begin|incep|establish))",
    re.I,
)
"""Words that say that a role was not always so."""
LAYS_DOWN = re.compile(
    r"\b(?:step(?:s|ped|ping)?|stood|stands) (?:down|aside|back)\b"
    r"|\bresign(?:s|ed|ing)? (?:as|(?:from )?(?:the|its) (?:chair|presidency|lead|board))\b"
    r"|\b(?:hand(?:s|ed|ing)?|pass(?:es|ed|ing)?) (?:over|on) (?:the|its) (?:chair|presidency|lead)|\bno longer (?:chair|lead|head|preside)"
    r"|\b(?:gave|gives|giving|given) up (?:the|its) (?:chair|presidency|lead|seat)|\b(?:relinquish|vacat)\w* (?:the|its) \w+"
    r"|\bterm (?:as \w+ )?(?:has )?(?:ended|expired)\b",
    re.I,
)
"""Words that say that an office ended."""


@dataclass(slots=True)
class Happening:
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
class State:
    """Where a member stands. `known` is whether words told of its entry, `seen` the day on which it was merely said to be in; `exit` is
    what put it out last, and `over` the end of the coalition where that has come."""

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
    exit: Happening | None = None
    over: Happening | None = None

    @property
    def affiliate(self) -> bool:
        return self.role in AFFILIATE

    def standing(self) -> Standing:
        if self.place is Standing.IN:
            return Standing.SUSPENDED if self.suspended else Standing.LEAVING if self.leaving else Standing.IN
        if self.entering:
            return Standing.ENTERING
        if self.place is Standing.OUT:
            return Standing.OUT
        return Standing.DECLINED if self.declined else self.place


@dataclass(slots=True)
class Told:
    """A change in the making: `of` is the happening that it tells."""

    kind: ChangeKind
    of: Happening
    evidence: list[Evidence]
    before: str = ""
    after: str = ""
    role: Role | None = None
    when: PartialDate | None = None
    timeless: bool = False


@dataclass(slots=True)
class Stay:
    """A stay of the member in the coalition in the making: what was told of it, and the state in which it ended."""

    happenings: list[Happening]
    standing: Standing = Standing.UNKNOWN
    role: Role | None = None
    since: PartialDate | None = None
    until: PartialDate | None = None


@dataclass(slots=True)
class Course:
    """The happenings of one pair or of one coalition, ordered by effect. What is only read tells nothing of the state after each.

    The `end` of the coalition is one of them in the course of a pair: it puts out who is in.
    """

    happenings: list[Happening] = field(default_factory=list)
    telling: bool = True
    end: Happening | None = None

    def __post_init__(self) -> None:
        if self.end:
            self.add(self.end)

    def add(self, happening: Happening) -> None:
        self.happenings.append(happening)
        if len(self.happenings) > 1 and self.happenings[-2].place() > happening.place():
            self.happenings.sort(key=Happening.place)

    def living(self) -> list[Happening]:
        return [h for h in self.happenings if h.dropped is None]

    def state(self, until: date | None = None, *, aside: bool = False) -> State:
        """Folds what took effect up to and with a day; `aside` stops before what that day itself brought."""
        state = State()
        for h in self.happenings:
            if h.dropped is None and (until is None or h.day < until or (h.day == until and not (aside and not h.aside))):
                _apply(state, h)
        return state

    def stays(self, until: date | None = None) -> list[Stay]:
        """Parts the course, up to and with a day, into the member's stays; an exit without an entry ends a stay of its own."""
        state, stays, inside = State(), list[Stay](), False
        for h in self.living():
            if until is not None and h.day > until:
                break
            before = state.place
            _apply(state, h)
            if not inside and (state.place is Standing.IN or (state.place is Standing.OUT and before is not Standing.OUT)):
                stays.append(Stay([]))
                inside = True
            if inside:
                stay, inside = stays[-1], state.place is Standing.IN
                stay.happenings.append(h)
                stay.standing, stay.role, stay.since = state.standing(), state.role, state.since
                stay.until = None if inside else state.until
        return stays


def stated_by(e: Evidence) -> Stated:
    """What is stated, as `Statement.key` has it, without the price of hashing it."""
    return (*pair_of(e), e.statement.event, e.statement.status, str(e.statement.date or ""))


def pair_of(e: Evidence) -> tuple[str, str]:
    """The keys of coalition and member; the latter is empty for an event of the coalition."""
    return (e.statement.coalition.key, e.statement.member.key if e.statement.member else "")


def window(e: Evidence) -> tuple[date, date]:
    """The first and the last day on which it can have taken effect; an intention with a day to come counts from when it was said."""
    said = e.said_on()
    when = e.statement.date
    if when is None:
        return said, said
    if when.earliest() > said:
        intention = e.statement.status in {Status.PLANNED, Status.PROPOSED} or e.statement.event in {Event.WILL_JOIN, Event.WILL_LEAVE}
        return (said, said) if intention else (when.earliest(), when.earliest())
    return when.earliest(), min(when.latest(), said)


def days_apart(one: PartialDate, other: PartialDate) -> int:
    """Days between two dates: 0 where one covers the other. A year, or two months, that differ are not neighbours by a day."""
    if one == other or one.covers(other) or other.covers(one):
        return 0
    first, second = sorted((one, other), key=PartialDate.earliest)
    rough = not (one.month and other.month and (one.day or other.day))
    return (second.earliest() - (first.earliest() if rough else first.latest())).days


def sharper(one: PartialDate | None, other: PartialDate | None) -> PartialDate | None:
    """The more exact of two dates that may be one, else the first."""
    if one is None or other is None:
        return one or other
    return other if one.covers(other) else one


def family(event: Event) -> Event:
    """The kind of event under which reports of one happening may differ: left or expelled, it is out."""
    return Event.LEFT if event in EXIT else event


def is_stale(h: Happening, exit_day: date, exit_told: date) -> bool:
    """Whether words that somebody is in say only that their writer did not know of its exit, which news told after them.

    "N is a member", of 3 July, brings nobody back who is on the 13th said to have left on the 1st: a return has to be told.
    """
    undated = h.when is None or h.event is Event.WILL_LEAVE  # its date is that of the exit to come
    return h.event in _SAYS_IN and undated and h.said < exit_told and 0 <= (h.day - exit_day).days <= STALE_DAYS


def turns(e: Evidence, before: Role | None) -> bool:
    """Whether words say that a role was another one before."""
    return bool(TURNS.search(e.quote)) or (before in OFFICES and bool(LAYS_DOWN.search(e.quote)))


def _apply(state: State, h: Happening) -> None:
    if h.denied:
        _apply_denial(state, h)
        if state.over and state.place is Standing.IN:
            _put_out(state, state.over)
        return
    if state.over and (h.event is Event.JOINED or h.event in _SAYS_IN) and not _begins_anew(state, h):
        state.role = state.role or h.role
        if state.place is not Standing.OUT:
            _put_out(state, state.over)  # whoever is said to be in a body that is over was in it to the end
        return
    if state.exit and state.place is Standing.OUT and is_stale(h, state.exit.day, state.exit.said):
        return
    match h.event:
        case Event.DISSOLVED | Event.MERGED:
            state.over = h
            if state.place is Standing.IN:
                _put_out(state, h)
        case Event.JOINED:
            watched = state.place is Standing.IN and state.affiliate and not state.suspended
            if state.place is not Standing.IN or (state.since is None and not state.known):
                state.since = h.when
            state.place, state.known, state.until = Standing.IN, True, None
            state.suspended = state.leaving = state.entering = state.declined = False
            state.role = h.role or (Role.MEMBER if watched else state.role)  # what an observer joins as is a member
        case Event.MEMBER:
            if state.place is not Standing.IN:
                state.place, state.known, state.since, state.until, state.role = Standing.IN, False, None, None, None
                state.entering = state.declined = False
                state.seen = h.said
            learned = state.role is None or (state.role is Role.MEMBER and h.role in ONCE)
            if learned or (h.role and any(turns(e, state.role) for e in h.evidence)):
                state.role = h.role
            if state.since is None:
                state.since = h.when
        case Event.LEFT | Event.EXPELLED:
            _put_out(state, h)
        case Event.SUSPENDED:
            _enter_unseen(state)
            state.place, state.suspended = Standing.IN, True
            state.seen = state.seen or h.said
        case Event.WILL_JOIN:
            state.entering, state.declined = True, False
        case Event.WILL_LEAVE:
            if state.place is not Standing.IN:
                _enter_unseen(state)
                state.place, state.seen = Standing.IN, h.said
            state.leaving = True
        case Event.DECLINED:
            state.declined, state.entering = True, False
        case Event.ABSENT:
            if state.place is Standing.UNKNOWN and not state.entering:
                state.place = Standing.ABSENT
        case _:
            raise ValueError(f"{h.event} is no event of a member")


def _put_out(state: State, h: Happening) -> None:
    state.place, state.until, state.exit = Standing.OUT, h.when, h
    state.suspended = state.leaving = state.entering = False


def _begins_anew(state: State, h: Happening) -> bool:
    """Whether somebody joined on a day after the end of the coalition, which then goes on for it. Without a day it is an old joining."""
    if state.over and h.event is Event.JOINED and h.when and h.when.earliest() > state.over.day:
        state.over = None
        return True
    return False


def _enter_unseen(state: State) -> None:
    """Who was out and leaves, or is suspended, has come back on a day that nobody told."""
    if state.place is Standing.OUT:
        state.since, state.until, state.known = None, None, False


def _apply_denial(state: State, h: Happening) -> None:
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


def is_recent(e: Evidence) -> bool:
    """Whether it was told within `RECENT_DAYS` of its day."""
    return (e.said_on() - window(e)[1]).days <= RECENT_DAYS


KIND = {
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


def takes_back(h: Happening, e: Evidence) -> bool:
    """Whether a new version of an article says otherwise what its withdrawn version said."""
    return any(x.withdrawn and x.article == e.article for x in h.evidence)


def corrects(h: Happening, e: Evidence) -> bool:
    """Whether the same publisher takes its own report back, in its own voice."""
    return any(x.publisher == e.publisher and x.article != e.article for x in h.evidence) and not _DENIAL_VERB.search(e.quote)


def other_date(course: Course, h: Happening, e: Evidence, when: PartialDate) -> list[Told]:
    """Tells another date of what happened once: a correction by its words, a dispute where the dates lie far apart."""
    assert h.when is not None
    before, apart = str(h.when), days_apart(h.when, when)
    said_before = any(x.statement.date and days_apart(x.statement.date, when) <= SAME_DAYS for x in h.evidence)
    h.evidence.append(e)
    if said_before:
        return []
    if CORRECTS.search(e.quote) or takes_back(h, e):
        h.when, h.day = when, window(e)[0]
        course.happenings.sort(key=Happening.place)
        return [Told(ChangeKind.CLAIM_CORRECTED, h, [e], before, str(when), e.role, when, timeless=True)]
    if apart > RECENT_DAYS and e.statement.event in HAPPENED and when.earliest() > h.day and is_recent(e):
        # What lies between was missed: the news of a day goes before the memory of another.
        standing = course.state(when.earliest()).standing() if course.telling else ""
        again = Happening(e.statement.event, False, e.statement.status, when, when.earliest(), e.said_on(), e.role, [e])
        course.add(again)
        after = course.state(again.day).standing() if course.telling else ""
        return [Told(KIND[again.event], again, [e], standing, after, e.role, when)]
    if apart > RECENT_DAYS and not h.quiet:
        return [Told(ChangeKind.CLAIM_DISPUTED, h, [e], before, str(when), e.role, when, timeless=True)]
    return []
