"""What a merger carries on: who was in a body on the day on which it went over into another one is in that other one from then.

It comes as evidence like any other, in the words that tell of the merger, so that it is derived, dated, disputed and shown as what
was said outright is; it is never written to the log. Where an article says of a member itself how it went, that goes before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from pipeline.diff.bodies import ended, takes_in
from pipeline.diff.course import AFFILIATE, EXIT, Course, Happening
from pipeline.model import Event, Evidence, PartialDate, Party, Role, Standing, Statement, Status

Pairs = dict[tuple[str, str], list[Evidence]]
"""Evidence by the keys of coalition and member."""

_NOT_IN = EXIT | {Event.DECLINED, Event.ABSENT}
_CARRIED_ROLES = AFFILIATE | {Role.MEMBER, Role.SIGNATORY}
"""An office is not carried on: who led the one body is no leader of the other."""


def successor(course: Course, end: Happening) -> Party | None:
    """Gives the body that most articles say this one was merged into, of those that tell of its end; else of the plan for it."""
    tellings = [end, *(h for h in reversed(course.living()) if h.event is Event.MERGED and h is not end)]
    for h in tellings:
        named = [e.successor for e in h.evidence if e.successor and not takes_in(e)]
        if named:
            counted = Counter(party.key for party in named)
            best = min(counted, key=lambda key: (-counted[key], key))
            return next(party for party in named if party.key == best)
    return None


def carried(pairs: Mapping[tuple[str, str], Sequence[Evidence]], bodies: Mapping[str, Course], read: Callable[..., Course]) -> Pairs:
    """Gives the evidence that mergers add, by pair. `bodies` are the courses of coalitions, `read` hears evidence of one pair.

    A suspended member is a suspended one of the new body; one that joined the old body again later stays where it is, too.
    """
    mergers = []
    for key, course in bodies.items():
        end = ended(course, None)
        if end and end.event is Event.MERGED and (into := successor(course, end)):
            mergers.append((end, key, into))
    added: Pairs = {}
    seen: set[tuple[str, str]] = set()
    while sum(_carry_on(added, seen, pairs, read, *merger) for merger in sorted(mergers, key=lambda m: (m[0].day, m[1]))):
        pass  # what was carried into a body may be carried on by its own merger
    return added


def _carry_on(
    added: Pairs,
    seen: set[tuple[str, str]],
    pairs: Mapping[tuple[str, str], Sequence[Evidence]],
    read: Callable[..., Course],
    end: Happening,
    key: str,
    into: Party,
) -> bool:
    """Adds what one merger carries on, for members (by `key` and their own) not `seen` before, and says whether there were any."""
    spoken = [e for e in end.evidence if e.successor and e.successor.key == into.key] or end.evidence
    articles, grew = {e.article for e in spoken}, False
    for member in sorted({member for coalition, member in (*pairs, *added) if coalition == key} - {into.key}):
        if (key, member) in seen:
            continue
        was = [*pairs.get((key, member), ()), *added.get((key, member), ())]
        own = [*pairs.get((into.key, member), ()), *added.get((into.key, member), ())]
        state = read(was).state(end.day)
        if state.place is Standing.IN:
            seen.add((key, member))
        if state.place is not Standing.IN or read(own).state(end.day).place is Standing.IN or any(_refuses(e, articles) for e in own):
            continue
        party = was[0].statement.member
        assert party is not None
        when = end.when or PartialDate(end.day.year, end.day.month, end.day.day)
        for event in (Event.JOINED, Event.SUSPENDED) if state.suspended else (Event.JOINED,):
            new = [_carry(e, into, party, event, when, state.role) for e in spoken]
            added.setdefault((into.key, member), []).extend(new)
        grew = True
    return grew


def _refuses(e: Evidence, articles: set[str]) -> bool:
    """Whether an article that tells of the merger says of a member that it did not go along."""
    said = e.statement
    return e.article in articles and (said.event in _NOT_IN or said.status is Status.DENIED)


def _carry(e: Evidence, into: Party, member: Party, event: Event, when: PartialDate, role: Role | None) -> Evidence:
    return replace(
        e,
        statement=Statement(into, member, event, Status.COMPLETED, when),
        role=role if role in _CARRIED_ROLES else None,
        other_name="",
        successor=None,
        coalition_said="",
        member_said="",
        logged=e.log_key,
    )
