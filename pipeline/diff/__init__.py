"""Evidence → memberships, and what one more article changes about them: the rules of "What a change is".

Both work on the same thing: the course of a pair (coalition, member), or of a coalition itself, which is the list of its
happenings in the order in which they took effect, each with all its evidence. An article is heard claim by claim: each is a
happening that is new, one that is known (told again, or sharper), or a denial of one. What is new is a change.

There is no clock here and no memory: `now` and the evidence come in. Nothing is inferred from silence. The few English words
that it reads in a quotation only tell a correction from a dispute, and a role that turned from a role that is mentioned.

Where reports do not agree: an exit told with its day goes before undated words that somebody is in, written before it was told
(`course.is_stale`). The end of a coalition is a happening of each of its pairs. An earlier day of joining with no exit between is a
dispute and not a second joining (`members._moved`). What is read late is heard in the order of publication as well, and what a later
article told already is left out (`_unheard`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime

from pipeline.diff.bodies import ended, hear_body
from pipeline.diff.course import (
    ENDS,
    EXIT,
    RECENT_DAYS,
    SAME_DAYS,
    Course,
    Happening,
    Stated,
    Stay,
    Told,
    days_apart,
    family,
    pair_of,
    stated_by,
)
from pipeline.diff.gist import gist, serves
from pipeline.diff.members import hear_pair
from pipeline.diff.mergers import carried, successor
from pipeline.diff.reading import place_of, read_all, tell_all
from pipeline.model import (
    COALITION_EVENTS,
    Change,
    ChangeKind,
    Event,
    Evidence,
    History,
    Membership,
    Party,
    Spell,
    Standing,
    Status,
    Step,
)

__all__ = ["COPY_DAYS", "derive", "diff", "ends", "gist", "histories", "pair_of", "place_of", "retellings", "serves"]

COPY_DAYS = 3
"""The same undated statement within these days is the same report, passed on."""


def derive(
    evidence: Iterable[Evidence], as_of: date | None = None, *, of: Collection[str] | None = None, spells: bool = True
) -> tuple[Membership, ...]:
    """Gives where every member stands, from statements in any order; `as_of` leaves out what took effect after that day.

    The members of a coalition that was dissolved or merged are out from that day, and those of one that was merged into another
    are in that other one from then (see `mergers`), for which its evidence is needed as well: `of` (keys) leaves its own
    memberships out. Withdrawn evidence does not count. Without `spells` only the standing is told, and not how it came to that.
    """
    return tuple(membership for membership, _, _ in _derived(evidence, as_of, of, spells))


def histories(evidence: Iterable[Evidence], as_of: date | None = None, *, of: Collection[str] | None = None) -> tuple[History, ...]:
    """Gives, for the same memberships as `derive`, step by step what was told of each; what was denied later is among it.

    The end of a coalition is the last step of those who were in it.
    """
    return tuple(
        History(
            membership,
            tuple(
                Step(h.event, Status.DENIED if h.denied else h.status, h.when, h.day, h.role, h.dropped, tuple(dict.fromkeys(h.evidence)))
                for h in course.happenings
                if (as_of is None or h.day <= as_of) and (h is not course.end or ended_it)
            ),
        )
        for membership, course, ended_it in _derived(evidence, as_of, of)
    )


def _derived(
    evidence: Iterable[Evidence], as_of: date | None, of: Collection[str] | None, spells: bool = True
) -> list[tuple[Membership, Course, bool]]:
    """Derives memberships, each with its course and whether the end of the coalition ended it."""
    pairs, bodies = _grouped(e for e in evidence if not e.withdrawn)
    courses = {key: read_all(told, coalition=True) for key, told in bodies.items()}
    ends = {key: end for key, course in courses.items() if (end := ended(course, as_of))}
    for pair, added in carried(pairs, courses, read_all).items():
        pairs[pair] = [*pairs.get(pair, ()), *added]
    derived = []
    for pair, told in pairs.items():
        if of is not None and pair[0] not in of:
            continue
        course = read_all(told, end=ends.get(pair[0]))
        state = course.state(as_of)
        standing, until = state.standing(), state.until if state.place is Standing.OUT else None
        stays = course.stays(as_of) if spells else []
        if standing is Standing.UNKNOWN and as_of and all(e.said_on() > as_of for e in told):
            continue
        since = state.since if state.place in {Standing.IN, Standing.OUT} else None
        course_of_stays = tuple(Spell(s.standing, s.role, s.since, s.until, _words(s)) for s in stays)
        parties = _called(told, coalition=True), _called(told)
        ended_it = state.place is Standing.OUT and state.over is not None and state.exit is state.over
        derived.append((Membership(*parties, standing, state.role, since, until, course_of_stays), course, ended_it))
    return sorted(derived, key=lambda row: (row[0].coalition.key, row[0].member.key))


def _words(stay: Stay) -> tuple[Evidence, ...]:
    return tuple({id(e): e for h in stay.happenings for e in h.evidence}.values())  # by identity: to hash each takes longer than to read it


def ends(evidence: Iterable[Evidence]) -> dict[str, tuple[date, str, frozenset[str]]]:
    """Gives the day on which each coalition ended, by key, with the successor's key and the articles that tell of a merger.

    Where one more article moves them, the standing of every member may turn; else only that of the members it speaks of.
    """
    _, bodies = _grouped(e for e in evidence if not e.withdrawn)
    found = {}
    for key, told in bodies.items():
        course = read_all(told, coalition=True)
        if end := ended(course, None):
            into = successor(course, end) if end.event is Event.MERGED else None
            found[key] = end.day, into.key if into else "", frozenset(e.article for e in end.evidence)
    return found


def diff(known: Sequence[Evidence], fresh: Sequence[Evidence], now: datetime) -> tuple[Change, ...]:
    """Gives what is new to a reader who knew all that was known, when one article (version) says what `fresh` holds.

    `known` is all living evidence about the pairs and the coalitions that `fresh` speaks of, and of those that were merged into
    them; more does no harm. Fresh evidence
    that carries `withdrawn` takes the same article's statement back: what rested on nothing else is corrected, and what the new
    version only says otherwise (a sharper date) is the same event still.
    """
    back = [e for e in fresh if e.withdrawn]
    told = [e for e in fresh if not e.withdrawn]
    gone = {(stated_by(e), e.article) for e in back}
    before = _and_carried(e for e in known if not e.withdrawn and not (gone and (stated_by(e), e.article) in gone))
    restated = {_subject(e) for e in told}
    remembered = [*before, *(e for e in back if _subject(e) in restated)]
    pairs, bodies = _grouped(remembered, only=told)
    fresh_pairs, fresh_bodies = _grouped(told)
    copies = _copies(before, told)
    changes: list[Change] = []
    ends: dict[str, Happening | None] = {}
    for key in dict.fromkeys((*fresh_bodies, *(coalition for coalition, _ in fresh_pairs))):
        of_body, batch = bodies.get(key, []), fresh_bodies.get(key, [])
        course = read_all(of_body, coalition=True)
        found = hear_body(course, batch, copies)
        changes += [_change(t, course, now) for t in _unheard(found, of_body, batch, coalition=True)]
        ends[key] = ended(course, None)
    for pair, batch in fresh_pairs.items():
        end = ends[pair[0]]
        course = read_all(pairs.get(pair, ()), end=end)
        found = hear_pair(course, batch, copies)
        changes += [_change(t, course, now) for t in _unheard(found, pairs.get(pair, ()), batch, end=end)]
    if back:
        changes += _taken_back(_and_carried(known), before, told, back, now)
    return tuple({change.id: change for change in reversed(changes)}.values())[::-1]


def _unheard(
    told: Sequence[Told], known: Sequence[Evidence], batch: Sequence[Evidence], *, coalition: bool = False, end: Happening | None = None
) -> list[Told]:
    """Leaves out what an article that is read late seems to tell, and what later ones told already.

    "N was suspended", of 11 September, read after a recap that dates it "in September": heard after the recap it comes before it.
    So all is heard once more in the order of publication, where the recap is found to tell of the same.
    """
    living = [e for e in known if not e.withdrawn]
    if not told or not any(place_of(e) > place_of(batch[0]) for e in living):
        return list(told)
    course, _all = tell_all((*living, *batch), coalition=coalition, end=end)
    before = Counter(_shown(t) for t in tell_all(living, coalition=coalition, end=end)[1])
    after, heard = Counter(map(_shown, _all)), {id(e) for e in living}
    edited = len(living) < len(known)

    def is_new(t: Told) -> bool:
        if t.timeless:
            return edited or after[_shown(t)] > before[_shown(t)]
        own = {id(e) for e in t.evidence}
        of = [h for h in course.happenings if any(id(e) in own for e in h.evidence)]
        return bool(of) and not any(id(e) in heard and _may_be_one(e, t) for h in of for e in h.evidence)

    return [t for t in told if is_new(t)]


def _shown(t: Told) -> tuple[ChangeKind, str]:
    return t.kind, t.after if t.kind is ChangeKind.ROLE_CHANGED else ""


def _may_be_one(e: Evidence, t: Told) -> bool:
    """Whether known words may tell of the same as what seems new: of the same kind, with dates that agree or one that was not given."""
    when = t.of.when
    agree = when is None or e.statement.date is None or days_apart(e.statement.date, when) <= SAME_DAYS
    return agree and family(e.statement.event) is family(t.of.event)


def retellings(known: Iterable[Evidence], fresh: Sequence[Evidence]) -> dict[str, frozenset[str]]:
    """Gives, by the key of each fresh statement, the keys of all statements that tell the same happening: one with its date, one
    without, one that is sharper. `known` is all living evidence about what `fresh` speaks of."""
    pairs, bodies = _grouped((*(e for e in known if not e.withdrawn), *fresh), only=fresh)
    keys = {e.log_key for e in fresh}
    told_bodies = [told for told in bodies.values() if any(e.log_key in keys for e in told)]
    courses = [*(read_all(told) for told in pairs.values()), *(read_all(told, coalition=True) for told in told_bodies)]
    found: dict[str, frozenset[str]] = {}
    for course in courses:
        for h in course.happenings:
            told = frozenset(e.log_key for e in h.evidence)
            for key in told & keys if len(told) > 1 else ():
                found[key] = found.get(key, frozenset()) | told
    return found


def _and_carried(evidence: Iterable[Evidence]) -> list[Evidence]:
    """Adds what mergers carry on to evidence."""
    told = list(evidence)
    if not any(e.successor for e in told):
        return told
    pairs, bodies = _grouped(e for e in told if not e.withdrawn)
    courses = {key: read_all(of_body, coalition=True) for key, of_body in bodies.items()}
    return [*told, *(e for added in carried(pairs, courses, read_all).values() for e in added)]


def _subject(e: Evidence) -> tuple[str, str, Event, bool]:
    return (*pair_of(e), family(e.statement.event), e.statement.status is Status.DENIED)


def _copies(known: Sequence[Evidence], fresh: Sequence[Evidence]) -> frozenset[Stated]:
    """The statements that were made before: with the same date, in the same story, or undated within `COPY_DAYS`.

    The same statement with another role is heard, since the role is no part of what is stated.
    """
    earlier: dict[Stated, list[Evidence]] = {stated_by(e): [] for e in fresh}
    pairs = {pair_of(e) for e in fresh}
    for e in known:
        if pair_of(e) in pairs and stated_by(e) in earlier:
            earlier[stated_by(e)].append(e)
    return frozenset(
        stated_by(e)
        for e in fresh
        for x in earlier[stated_by(e)]
        if e.role in {None, x.role}
        and (
            e.statement.date
            or x.article == e.article
            or (x.story and x.story == e.story)
            or abs((x.said_on() - e.said_on()).days) <= COPY_DAYS
        )
    )


def _grouped(
    evidence: Iterable[Evidence], only: Sequence[Evidence] | None = None
) -> tuple[dict[tuple[str, str], list[Evidence]], dict[str, list[Evidence]]]:
    wanted = None if only is None else {pair for e in only for pair in (pair_of(e), (e.statement.coalition.key, ""))}
    pairs: dict[tuple[str, str], list[Evidence]] = defaultdict(list)
    bodies: dict[str, list[Evidence]] = defaultdict(list)
    for e in evidence:
        if wanted is not None and pair_of(e) not in wanted:
            continue
        if e.statement.member is None:
            bodies[e.statement.coalition.key].append(e)
        else:
            pairs[pair_of(e)].append(e)
    return pairs, bodies


def _change(told: Told, course: Course, now: datetime) -> Change:
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


def _is_undone(course: Course, h: Happening) -> bool:
    """Whether something that undoes an event took effect after it, or the coalition was over by then."""
    if course.state(h.day).over:
        return True
    undoing: frozenset[Event] = frozenset()
    if h.event in EXIT:
        undoing = frozenset({Event.JOINED})
    elif h.event in {Event.JOINED, Event.MEMBER}:
        undoing = EXIT | ENDS
    elif h.event is Event.SUSPENDED:
        undoing = EXIT | ENDS | {Event.JOINED}
    return any(x.event in undoing and not x.denied and x.place() > h.place() for x in course.living())


def _taken_back(
    known: Sequence[Evidence], before: Sequence[Evidence], told: Sequence[Evidence], back: Sequence[Evidence], now: datetime
) -> tuple[Change, ...]:
    """Corrections for what rested on withdrawn evidence alone, one for each event that no other words carry."""
    changes: dict[tuple[str, str, Event, bool], Change] = {}
    for e in back:
        key = _subject(e)
        carried = any(_subject(x) == key for x in (*before, *told))
        was_known = any(stated_by(x) == stated_by(e) and x.article == e.article for x in known)
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
    course = read_all(e for e in evidence if pair_of(e) == pair_of(like) and not e.withdrawn)
    return str(course.state().standing()) if course.happenings else ""


def _called(told: Sequence[Evidence], *, coalition: bool = False) -> Party:
    """The party under its fullest name: no initials where there is better, then the name that was said first."""
    parties = [(party, e) for e in told if (party := e.statement.coalition if coalition else e.statement.member)]
    if len({party.name for party, _ in parties}) == 1:
        return parties[0][0]
    first: dict[str, tuple[date, Party]] = {}
    for party, e in parties:
        said = e.said_on()
        if party.name not in first or said < first[party.name][0]:
            first[party.name] = said, party
    return min(first.items(), key=lambda row: (" " not in row[0] and row[0].isupper(), row[1][0], row[0]))[1][1]
