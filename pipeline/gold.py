"""Reads gold articles: what a text says about coalitions, written down by a person, to measure the detector against.

A row holds an article and its facts, in the form of the rows of `tests/corpus`. Reading is parsing: what cannot be understood is
an error that says why, and nothing is guessed. How a detector fares against gold is `scoring`'s work.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from pipeline.errors import ParseError
from pipeline.model import Article, Event, Role, Status
from pipeline.text import fold


class Direction(StrEnum):
    """Which way an event points: what it means for who is in, whatever it is called."""

    FORMED = "formed"
    ENDED = "ended"
    RENAMED = "renamed"
    IN = "in"
    OUT = "out"
    ENTERING = "entering"
    LEAVING = "leaving"
    NOT_IN = "not_in"


DIRECTIONS = {
    Event.FORMED: Direction.FORMED,
    Event.DISSOLVED: Direction.ENDED,
    Event.SUSPENDED_OPERATIONS: Direction.ENDED,
    Event.RENAMED: Direction.RENAMED,
    Event.MERGED: Direction.RENAMED,
    Event.JOINED: Direction.IN,
    Event.MEMBER: Direction.IN,
    Event.LEFT: Direction.OUT,
    Event.SUSPENDED: Direction.OUT,
    Event.EXPELLED: Direction.OUT,
    Event.WILL_JOIN: Direction.ENTERING,
    Event.WILL_LEAVE: Direction.LEAVING,
    Event.DECLINED: Direction.NOT_IN,
    Event.ABSENT: Direction.NOT_IN,
}

_AHEAD = {Event.JOINED: Event.WILL_JOIN, Event.MEMBER: Event.WILL_JOIN, Event.LEFT: Event.WILL_LEAVE}
_LEGAL = frozenset("inc corp corporation co company ltd limited plc llc ag sa nv se gmbh group holdings".split())
"""Forms at the end of a name that a reader would not count as a difference; fewer than `resolve` knows, so that scores stay comparable."""
_BETWEEN_WORDS = re.compile(r"[^a-z0-9]+")

Reading = tuple[Event, bool]
"""An event and whether it is denied."""


def name_key(name: str | None) -> str:
    """Gives what two names have in common that are the same to a reader: case, accents, articles and legal forms do not count.

    >>> name_key("The Tempra Sensors GmbH"), name_key("AT&T Inc."), name_key("Group"), name_key(None)
    ('tempra sensors', 'at and t', 'group', '')
    """
    words = _BETWEEN_WORDS.sub(" ", fold(name or "")).split()
    while words and words[0] in {"the", "a", "an"}:
        words = words[1:]
    while len(words) > 1 and words[-1] in _LEGAL:
        words = words[:-1]
    return " ".join(words)


def name_keys(names: Sequence[str | None]) -> frozenset[str]:
    """Gives the keys of several names of one party; empty ones are left out."""
    return frozenset(map(name_key, names)) - {""}


def settled(event: Event, status: Status | None) -> Reading:
    """Gives the event that counts: who joins only in plan or proposal will join, and who leaves so will leave.

    >>> settled(Event.JOINED, Status.PLANNED)[0].value, settled(Event.WILL_LEAVE, Status.DENIED)
    ('will_join', (<Event.WILL_LEAVE: 'will_leave'>, True))
    """
    ahead = status in {Status.PLANNED, Status.PROPOSED}
    return _AHEAD.get(event, event) if ahead else event, status is Status.DENIED


@dataclass(frozen=True, slots=True)
class GoldFact:
    """One fact that an article tells. `readings` are the events that would be right, `event` is the first of them.

    `coalition_keys` and `member_keys` are those of all names that the party goes by; a fact of the coalition itself has no
    member keys. An `optional` fact is implied rather than said, and counts neither way.
    """

    coalition: str
    member: str | None
    event: Event
    denied: bool
    coalition_keys: frozenset[str]
    member_keys: frozenset[str]
    readings: frozenset[Reading]
    statuses: frozenset[Status]
    role: Role | None = None
    date: str = ""
    evidence: str = ""
    optional: bool = False

    @property
    def direction(self) -> Direction:
        return DIRECTIONS[self.event]

    @property
    def directions(self) -> frozenset[tuple[Direction, bool]]:
        return frozenset((DIRECTIONS[event], denied) for event, denied in self.readings)


@dataclass(frozen=True, slots=True)
class GoldArticle:
    """An article with all that it says. `coalitions` are the keys of each coalition that it speaks of, whether or not with facts."""

    id: str
    article: Article
    relevant: bool
    coalitions: tuple[frozenset[str], ...]
    facts: tuple[GoldFact, ...]


def read_gold(row: object) -> GoldArticle:
    """Reads one row; raises ParseError that says which key is wrong and how.

    >>> read_gold({"id": 1, "text": "Ghana left.", "facts": [], "coalitions": [], "relevant": False}).article.text
    'Ghana left.'
    """
    if not isinstance(row, Mapping):
        raise ParseError("is no JSON object")
    if not isinstance(row.get("id"), str | int):
        raise ParseError('"id" must be a text or a number')
    if not isinstance(row.get("text"), str):
        raise ParseError('"text" must be a text')
    bodies = _rows(row, "coalitions")
    named: dict[str, frozenset[str]] = {}
    for body in bodies:
        name = _text(body, "name")
        named[name_key(name)] = name_keys([name, *_names(body, "aliases")])
    facts: dict[tuple[str, str, Direction, bool, bool], GoldFact] = {}
    for told in _rows(row, "facts"):
        fact = _fact(told, named)
        # A direction that is told twice is one fact, and either event is right.
        key = (name_key(fact.coalition), name_key(fact.member), fact.direction, fact.denied, fact.optional)
        first = facts.get(key)
        facts[key] = replace(first, readings=first.readings | fact.readings, statuses=first.statuses | fact.statuses) if first else fact
    return GoldArticle(
        id=str(row["id"]),
        article=Article(url=_text(row, "url"), title=_text(row, "title"), text=row["text"], published=_moment(_text(row, "published"))),
        relevant=row.get("relevant", True) is not False,
        coalitions=tuple(named.values()),
        facts=tuple(facts.values()),
    )


def _fact(told: Mapping[str, Any], named: Mapping[str, frozenset[str]]) -> GoldFact:
    try:
        events = [Event(told[key]) for key in ("event", "alt_event") if told.get(key)]
        status = Status(told["status"]) if told.get("status") else None
        statuses = [status, Status(told["alt_status"]) if told.get("alt_status") else status]
        role = Role(told["role"]) if told.get("role") else None
    except ValueError as problem:
        raise ParseError(f"a fact has an unknown word: {problem}") from problem
    if not events or not told.get("event"):
        raise ParseError('a fact needs an "event"')
    coalition, member = _text(told, "coalition"), _text(told, "member") or None
    if not name_key(coalition):
        raise ParseError('a fact needs a "coalition"')
    event, denied = settled(events[0], status)
    return GoldFact(
        coalition=coalition,
        member=member,
        event=event,
        denied=denied,
        coalition_keys=named.get(name_key(coalition), frozenset()) | {name_key(coalition)},
        member_keys=name_keys([member, *_names(told, "member_aliases")]),
        readings=frozenset(settled(e, s) for e in events for s in statuses),
        statuses=frozenset(s for s in statuses if s),
        role=role,
        date=_text(told, "date"),
        evidence=_text(told, "evidence"),
        optional=bool(told.get("optional")),
    )


def _rows(row: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
    found = row.get(key)
    found = [] if found is None else found
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
        raise ParseError(f'"{key}" must be a list of objects')
    return found


def _text(row: Mapping[str, Any], key: str) -> str:
    found = row.get(key)
    if not isinstance(found, str | None):
        raise ParseError(f'"{key}" must be a text or null')
    return found or ""


def _names(row: Mapping[str, Any], key: str) -> list[str]:
    found = row.get(key)
    found = [] if found is None else found
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise ParseError(f'"{key}" must be a list of texts')
    return found


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as problem:
        raise ParseError(f'"published" is no ISO 8601 time: {text!r}') from problem
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
