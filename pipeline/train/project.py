"""Projects the facts of annotated articles onto masked excerpts, as the stages before the roles pose them at run time.

So that training sees the names, references and contexts that these stages get right, and what they get wrong. A fact labels the
mention of its member in the sentences that its evidence touches. Where a member's facts stand elsewhere, the sentence may repeat
them or say nothing: both are right. A fact whose sentence is not asked about labels nothing; `Projection.lost` counts them.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from pipeline.detect.analysis import Analysis, Question, analyse
from pipeline.detect.bodies import Passage
from pipeline.detect.lexicon import Lexicon
from pipeline.detect.spans import Mention, MentionKind
from pipeline.detect.tagger import EVENTS, ROLES, STATUSES
from pipeline.model import Article, Event, Role, Status
from pipeline.text import fold
from pipeline.train.sample import IGNORED, NONE, UNKNOWN, Sample, Target

_LEGAL = frozenset(
    (
        "inc",
        "corp",
        "corporation",
        "co",
        "company",
        "ltd",
        "limited",
        "plc",
        "llc",
        "ag",
        "sa",
        "nv",
        "se",
        "gmbh",
        "group",
        "holdings",
        "bv",
        "as",
    )
)


@dataclass(frozen=True, slots=True)
class Fact:
    """A gold fact, with the folded spellings of its parties and the places of its evidence: (part, start, end)."""

    coalition: frozenset[str]
    member: frozenset[str]
    events: tuple[Event, ...]
    status: Status | None
    role: Role | None
    places: tuple[tuple[str, int, int], ...]
    optional: bool


@dataclass(frozen=True, slots=True)
class Projection:
    """The samples of one article; `facts` counts those that some sample teaches, `lost` those that none does."""

    samples: tuple[Sample, ...]
    facts: int
    lost: int


def settled(event: Event, status: Status) -> Event:
    """The event as it is to be named: a joining that is only planned is `will_join`, a leaving `will_leave`.

    >>> settled(Event.MEMBER, Status.PROPOSED).value
    'will_join'
    """
    if status in (Status.PLANNED, Status.PROPOSED):
        return {Event.JOINED: Event.WILL_JOIN, Event.MEMBER: Event.WILL_JOIN, Event.LEFT: Event.WILL_LEAVE}.get(event, event)
    return event


def spelled(name: str) -> str:
    """A name without case, accents, article and company endings.

    >>> spelled("The Tempra Sensors GmbH")
    'tempra sensors'
    """
    words = re.sub(r"[^\w\s]+", " ", re.sub(r"['’]s\b", "", fold(name))).split()
    while len(words) > 1 and words[0] in ("the", "a", "an"):
        words = words[1:]
    while len(words) > 1 and words[-1] in _LEGAL:
        words = words[:-1]
    return " ".join(words)


class _Annotated:
    """A judge that knows the annotation: sure of the bodies that facts are told of, half sure of others that show themselves as one.

    `mistaken` lets it take one other name in so many for a body, always the same ones: nothing is told of them.
    """

    MISTAKEN = 12

    def __init__(self, row: Mapping[str, Any], mistaken: bool) -> None:
        told = {fact["coalition"] for fact in row["facts"]}
        self._bodies = {spelled(n) for c in row["coalitions"] if c["name"] in told for n in (c["name"], *c.get("aliases", ()))}
        self._members = {spelled(n) for f in row["facts"] if f["member"] for n in (f["member"], *(f.get("member_aliases") or ()))}
        self._id, self._mistaken = row["id"], mistaken

    def judge(self, passages: Sequence[Passage]) -> list[tuple[float, ...]]:
        return [tuple(self._chance(name) for name in passage.names) for passage in passages]

    def _chance(self, name: str) -> float:
        plain = spelled(name)
        if plain in self._bodies:
            return 0.95
        odd = self._mistaken and plain not in self._members and zlib.crc32(f"{self._id}/{plain}".encode()) % self.MISTAKEN == 0
        return 0.7 if odd else 0.3


class Projector:
    """Projects articles. `lexicon` is the run-time knowledge."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon

    def keys(self, names: Iterable[str]) -> frozenset[str]:
        """The spellings that mean the same as the names: a demonym and a capital mean the state.

        Georgia and "Georgian" meet in the state's own name.
        """
        found: set[str] = set()
        for name in names:
            plain = spelled(name)
            state = self.lexicon.states.exact(name) or self.lexicon.demonyms.get(fold(name)) or self.lexicon.seats.get(fold(name))
            found |= {plain, *({spelled(state)} if state else ())}
        return frozenset(found - {""})

    def facts(self, row: Mapping[str, Any]) -> tuple[Fact, ...]:
        """The facts of an annotated article."""
        aliases = {c["name"]: (c["name"], *c.get("aliases", ())) for c in row["coalitions"]}
        parts = {"title": row["title"] or "", "text": row["text"]}
        found = []
        for fact in row["facts"]:
            status = Status(fact["status"])
            statuses = {status, Status(fact.get("alt_status") or status)}
            events = [settled(Event(e), s) for e in (fact["event"], fact.get("alt_event") or fact["event"]) for s in sorted(statuses)]
            quotes = [fact["evidence"], *(again["evidence"] for again in fact.get("also", ()))]
            places = [
                (part, at.start(), at.end())
                for quote in quotes
                for part, text in parts.items()
                for at in re.finditer(re.escape(quote), text)
            ]
            found.append(
                Fact(
                    frozenset(spelled(name) for name in aliases.get(fact["coalition"], (fact["coalition"],))),
                    self.keys([fact["member"], *(fact.get("member_aliases") or ())]) if fact["member"] else frozenset(),
                    tuple(dict.fromkeys(events)),
                    status if len(statuses) == 1 else None,
                    Role(fact["role"]) if fact["role"] else None,
                    tuple(places),
                    bool(fact.get("optional")),
                )
            )
        return tuple(found)

    def project(self, row: Mapping[str, Any], told: bool = False) -> Projection:
        """The samples of an annotated article; `told` gives the stages its coalitions as if they stood in the gazetteer.

        Either way its bodies are judged as the annotation has them, so that the questions are those that a good judge leads to; where
        nothing is told, some other names are taken for bodies too, as a judge does now and then.
        """
        article = Article(row.get("url") or "", row["title"] or "", row["text"])
        facts = self.facts(row)
        lexicon = self._told(row) if told else self.lexicon
        analysis = analyse(article, lexicon, _Annotated(row, mistaken=not told))
        samples: list[Sample] = []
        used: set[Fact] = set()
        for excerpt in analysis.excerpts():
            targets = tuple(t for question in excerpt.questions for t in self._targets(analysis, question, facts, used))
            if any(t.events for t in targets):
                samples.append(Sample(excerpt.masked.text, targets, f"{row.get('file', 'article')}:{row['id']}"))
        taught = sum(fact in used for fact in facts)
        return Projection(tuple(samples), taught, len(facts) - taught)

    def _told(self, row: Mapping[str, Any]) -> Lexicon:
        """The knowledge, with the coalitions of the article put into the gazetteer."""
        known = self.lexicon
        told = replace(known, coalitions=deepcopy(known.coalitions), acronyms=dict(known.acronyms), sorts=dict(known.sorts))
        for coalition in row["coalitions"]:
            for name in (coalition["name"], *coalition.get("aliases", ())):
                if name.lower().startswith("the "):  # "the alliance" is a reference, and not for a gazetteer
                    continue
                if name.isupper() and " " not in name:
                    told.acronyms[name] = (coalition["name"],)
                else:
                    told.coalitions.add(name, coalition["name"])
        return told

    def _targets(self, analysis: Analysis, question: Question, facts: Sequence[Fact], used: set[Fact]) -> tuple[Target, ...]:
        sentence = analysis.sentences[question.sentence]
        body = frozenset(spelled(name) for name in analysis.coalitions[question.coalition].names)
        about = [fact for fact in facts if fact.coalition & body]
        span = (sentence.part, sentence.start, sentence.start + len(sentence.text))
        here = {fact for fact in about if any(_touch(place, span) for place in fact.places)}
        stray = [fact for fact in facts if fact not in about and any(_touch(place, span) for place in fact.places)]
        targets = []
        for mention in question.masked.mentions:
            own = mention.coalition == question.coalition and mention.coalition is not None
            mine = [fact for fact in about if (not fact.member if own else bool(fact.member) and self._means(mention, fact))]
            now = [fact for fact in mine if fact in here]
            if now:
                used.update(now)
                targets.append(_labelled(now, sentence.part, sentence.start + mention.start, sentence.start + mention.end))
            elif mine:
                targets.append(Target(tuple(sorted({0} | {EVENTS.index(e) for fact in mine for e in fact.events}))))
            elif not about and any(not own and fact.member and self._means(mention, fact) for fact in stray):
                targets.append(UNKNOWN)  # the body may be one of the gold by a name that the gold does not list
            elif mention.kind is MentionKind.REFERENCE and not own:
                targets.append(UNKNOWN)
            else:
                targets.append(NONE)
        return tuple(targets)

    def _means(self, mention: Mention, fact: Fact) -> bool:
        """Whether a mention stands for the fact's member, by its own words or those that it refers to."""
        names = mention.members or (mention.surface,)
        if self.keys(names) & fact.member:
            return True
        if mention.members or len(mention.surface) < 4:
            return False
        words = spelled(mention.surface).split()
        return any(_part_of(words, name.split()) or _part_of(name.split(), words) for name in fact.member)


def _part_of(short: Sequence[str], long: Sequence[str]) -> bool:
    """Whether the shorter name begins or ends the longer one and makes up half of it: where a chunk began early or ended late."""
    if not short or len(short) >= len(long) or 2 * len(short) < len(long) or max(map(len, short)) < 4:
        return False
    return list(long[: len(short)]) == list(short) or list(long[-len(short) :]) == list(short)


def _touch(one: tuple[str, int, int], other: tuple[str, int, int]) -> bool:
    return one[0] == other[0] and one[1] < other[2] and other[1] < one[2]


def _labelled(facts: Sequence[Fact], part: str, start: int, end: int) -> Target:
    """The target of a mention that several facts may be about: those whose evidence holds it come first, the shortest first."""
    inside = [fact for fact in facts if any(p == part and a <= start and end <= b for p, a, b in fact.places)] or list(facts)
    events = {event for fact in inside for event in fact.events}
    statuses, roles = {fact.status for fact in inside}, {fact.role for fact in inside}
    known = {EVENTS.index(event) for event in events} | ({0} if all(fact.optional for fact in inside) else set())
    status = statuses.pop() if len(statuses) == 1 else None
    role = roles.pop() if len(roles) == 1 else None
    taught = role is not None and all(event in (Event.JOINED, Event.MEMBER, Event.WILL_JOIN) for event in events)
    first = EVENTS.index(inside[0].events[0])
    order = (first, *sorted(known - {first}))
    return Target(order, IGNORED if status is None else STATUSES.index(status), ROLES.index(role) if taught and role else IGNORED)
