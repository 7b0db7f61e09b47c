"""Scores what was detected against gold: precision, recall and F1, roles, dates, statuses, calibration, intervals.

A claim is right where coalition, member and event are those of one gold fact that no other claim has taken: `strict` wants the event
itself, `coarse` its direction (in, out, entering, …), `pair` coalition and member alone. Names are compared by `gold.name_key`, with
any name allowed that the gold side gives. Facts that are only implied count neither way. Pure counting: why a fact was lost is for
`losses` to say, and chance comes in from outside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from pipeline.gold import DIRECTIONS, Direction, GoldArticle, GoldFact, name_key, name_keys, settled
from pipeline.model import COALITION_EVENTS, Claim, Event

SURE = 0.8
"""The confidence from which on a claim is called sure: alerts rest on such claims."""
BINS = 10
"""Bins of the expected calibration error, as is usual (Guo et al. 2017)."""
MIDDLE = (2.5, 97.5)
"""The percentiles between which 95 % of the draws lie."""


class Need(StrEnum):
    """What has to agree for a claim to be right."""

    STRICT = "strict"
    COARSE = "coarse"
    PAIR = "pair"


@dataclass(frozen=True, slots=True)
class Said:
    """A claim as it is compared: `coalition` is the key of what its coalition is called, `bodies` the keys of all names it goes by."""

    claim: Claim
    coalition: str
    bodies: frozenset[str]
    member: str
    event: Event
    denied: bool

    @property
    def direction(self) -> Direction:
        return DIRECTIONS[self.event]

    def is_of(self, fact: GoldFact) -> bool:
        """Whether it speaks of the coalition and the member that the fact speaks of."""
        return self.coalition in fact.coalition_keys and self.of_member(fact)

    def of_member(self, fact: GoldFact) -> bool:
        return self.member in fact.member_keys if fact.member_keys else not self.member

    def points_as(self, fact: GoldFact) -> bool:
        """Whether it points the way that the fact points, and is denied where that is."""
        return (self.direction, self.denied) in fact.directions

    def agrees(self, fact: GoldFact, need: Need) -> bool:
        if not self.is_of(fact):
            return False
        if need is Need.STRICT:
            return (self.event, self.denied) in fact.readings
        return need is Need.PAIR or self.points_as(fact)


def said(claims: Iterable[Claim]) -> tuple[Said, ...]:
    """Gives claims as they are compared: of two that say the same of one member, the first."""
    found: dict[tuple[str, str, Direction, bool], Said] = {}
    for claim in claims:
        event, denied = settled(claim.event, claim.status)
        coalition = name_key(claim.coalition)
        member = "" if event in COALITION_EVENTS else name_key(claim.member)
        bodies = name_keys([claim.coalition, *claim.coalition_aliases])
        found.setdefault((coalition, member, DIRECTIONS[event], denied), Said(claim, coalition, bodies, member, event, denied))
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class Compared:
    """One article's claims beside its facts, both without what counts neither way; `pairs` are places of (claim, fact) that agree."""

    gold: GoldArticle
    claims: tuple[Said, ...]
    facts: tuple[GoldFact, ...]
    pairs: Mapping[Need, tuple[tuple[int, int], ...]]

    @property
    def missed(self) -> tuple[GoldFact, ...]:
        """The facts that no claim tells, not even by direction."""
        found = {fact for _, fact in self.pairs[Need.COARSE]}
        return tuple(fact for place, fact in enumerate(self.facts) if place not in found)

    @property
    def wrong(self) -> tuple[Said, ...]:
        """The claims that tell no fact, not even by direction."""
        found = {claim for claim, _ in self.pairs[Need.COARSE]}
        return tuple(claim for place, claim in enumerate(self.claims) if place not in found)

    @property
    def is_negative(self) -> bool:
        """Whether nothing at all should be said of the article."""
        return not self.gold.relevant and not any(fact.optional for fact in self.gold.facts)


def compare(gold: GoldArticle, claims: Iterable[Claim]) -> Compared:
    """Pairs the claims of an article with its facts, first come first served.

    A claim about a coalition and a member of which the text only implies something is left out, unless it tells a fact.
    """
    facts = tuple(f for f in gold.facts if not f.optional)
    implied = [f for f in gold.facts if f.optional]
    counted = tuple(
        one for one in said(claims) if any(one.agrees(f, Need.COARSE) for f in facts) or not any(one.agrees(f, Need.PAIR) for f in implied)
    )
    return Compared(gold, counted, facts, {need: _match(counted, facts, need) for need in Need})


def _match(claims: Sequence[Said], facts: Sequence[GoldFact], need: Need) -> tuple[tuple[int, int], ...]:
    taken: set[int] = set()
    pairs = []
    for place, claim in enumerate(claims):
        fact = next((n for n, f in enumerate(facts) if n not in taken and claim.agrees(f, need)), None)
        if fact is not None:
            taken.add(fact)
            pairs.append((place, fact))
    return tuple(pairs)


@dataclass(frozen=True, slots=True)
class Rates:
    """Right, said and true, and what follows from them. Where nothing was said nothing was wrong: precision is 1."""

    right: int
    said: int
    true: int

    @property
    def precision(self) -> float:
        return self.right / self.said if self.said else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0

    def as_json(self) -> dict[str, Any]:
        """The figures with four decimals.

        >>> Rates(1, 2, 1).as_json()
        {'precision': 0.5, 'recall': 1.0, 'f1': 0.6667, 'right': 1, 'said': 2, 'true': 1}
        """
        rounded = {"precision": round(self.precision, 4), "recall": round(self.recall, 4), "f1": round(self.f1, 4)}
        return {**rounded, "right": self.right, "said": self.said, "true": self.true}


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many were right; `accuracy` is None where there were none."""

    right: int
    of: int

    @property
    def accuracy(self) -> float | None:
        return round(self.right / self.of, 4) if self.of else None


@dataclass(frozen=True, slots=True)
class Bin:
    """Claims of about the same confidence: how many, their mean confidence, and the share that is right by direction."""

    claims: int
    confidence: float
    right: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far confidences can be trusted; `sure` are the claims of at least `SURE`. `expected_error` is None where nothing was said."""

    expected_error: float | None
    bins: tuple[Bin, ...]
    sure: Share


Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Score:
    """All figures over some articles; `intervals` holds precision, recall and F1 of each need."""

    articles: int
    relevant: int
    found: int
    negatives: int
    false_alarms: int
    overall: Mapping[Need, Rates]
    intervals: Mapping[Need, Mapping[str, Interval]]
    by_event: Mapping[Event, Rates]
    by_direction: Mapping[Direction, Rates]
    role: Share
    date: Share
    status: Share
    calibration: Calibration

    def as_json(self) -> dict[str, Any]:
        """One document with everything, for a program."""
        overall: dict[str, Any] = {
            need: {**rates.as_json(), "interval": {name: list(ends) for name, ends in self.intervals.get(need, {}).items()}}
            for need, rates in self.overall.items()
        }
        return {
            "articles": {
                "all": self.articles,
                "relevant": self.relevant,
                "found": self.found,
                "negatives": self.negatives,
                "false_alarms": self.false_alarms,
            },
            **overall,
            "by_event": {event: rates.as_json() for event, rates in self.by_event.items()},
            "by_direction": {direction: rates.as_json() for direction, rates in self.by_direction.items()},
            "role_accuracy": self.role.accuracy,
            "date_accuracy": self.date.accuracy,
            "status_accuracy": self.status.accuracy,
            "counted": {"roles": self.role.of, "dates": self.date.of, "statuses": self.status.of},
            "calibration": {
                "expected_error": self.calibration.expected_error,
                "bins": [{"claims": b.claims, "confidence": b.confidence, "right": b.right} for b in self.calibration.bins],
                "sure": {
                    "least_confidence": SURE,
                    "claims": self.calibration.sure.of,
                    "right": self.calibration.sure.right,
                    "precision": self.calibration.sure.accuracy,
                },
            },
        }


def score(compared: Sequence[Compared], draws: np.ndarray | None = None) -> Score:
    """Sums up articles. `draws` are the resamples of the bootstrap: a row each, saying how often each article was drawn.

    Raises ValueError where the draws are of another number of articles.
    """
    positive = [one for one in compared if one.gold.relevant]
    negative = [one for one in compared if one.is_negative]
    counts = np.array([_counts(one) for one in compared], dtype=np.int64).reshape(len(compared), len(Need) * 3)
    totals = counts.sum(axis=0).tolist()
    return Score(
        articles=len(compared),
        relevant=len(positive),
        found=sum(bool(one.claims) for one in positive),
        negatives=len(negative),
        false_alarms=sum(bool(one.claims) for one in negative),
        overall={need: Rates(*totals[3 * n : 3 * n + 3]) for n, need in enumerate(Need)},
        intervals={} if draws is None else _intervals(counts, draws),
        by_event=_by(compared, Need.STRICT),
        by_direction=_by(compared, Need.COARSE),
        role=_share(_roles(compared)),
        date=_share(_dates(compared)),
        status=_share(_statuses(compared)),
        calibration=_calibration(compared),
    )


def _counts(one: Compared) -> list[int]:
    return [n for need in Need for n in (len(one.pairs[need]), len(one.claims), len(one.facts))]


def _intervals(counts: np.ndarray, draws: np.ndarray) -> dict[Need, dict[str, Interval]]:
    if draws.shape[1] != len(counts):
        raise ValueError(f"{draws.shape[1]} articles were drawn from, {len(counts)} were scored")
    totals = (draws @ counts).astype(float)
    found = {}
    for n, need in enumerate(Need):
        right, spoken, true = (totals[:, 3 * n + k] for k in range(3))
        precision = np.divide(right, spoken, out=np.ones_like(right), where=spoken > 0)
        recall = np.divide(right, true, out=np.ones_like(right), where=true > 0)
        f1 = np.divide(2 * precision * recall, precision + recall, out=np.zeros_like(right), where=precision + recall > 0)
        found[need] = {name: _ends(values) for name, values in (("precision", precision), ("recall", recall), ("f1", f1))}
    return found


def _ends(values: np.ndarray) -> Interval:
    low, high = np.percentile(values, MIDDLE) if len(values) else (0.0, 0.0)
    return round(float(low), 4), round(float(high), 4)


def _by(compared: Sequence[Compared], need: Need) -> dict[Any, Rates]:
    """Rates by event or direction. A right claim counts where its fact does, though a second reading of the fact was met."""
    right: Counter[Any] = Counter()
    spoken: Counter[Any] = Counter()
    true: Counter[Any] = Counter()

    def kind(one: Said | GoldFact) -> Event | Direction:
        return one.event if need is Need.STRICT else one.direction

    for one in compared:
        fact_of = dict(one.pairs[need])
        true.update(map(kind, one.facts))
        right.update(kind(one.facts[fact]) for fact in fact_of.values())
        spoken.update(kind(one.facts[fact_of[n]] if n in fact_of else claim) for n, claim in enumerate(one.claims))
    return {name: Rates(right[name], spoken[name], true[name]) for name in [*Event, *Direction] if spoken[name] or true[name]}


def _right(compared: Sequence[Compared]) -> Iterable[tuple[Claim, GoldFact]]:
    for one in compared:
        for claim, fact in one.pairs[Need.COARSE]:
            yield one.claims[claim].claim, one.facts[fact]


def _roles(compared: Sequence[Compared]) -> list[bool]:
    return [claim.role is fact.role for claim, fact in _right(compared) if fact.role]


def _dates(compared: Sequence[Compared]) -> list[bool]:
    """A date that is sharper than the gold one is right."""
    return [str(claim.date or "").startswith(fact.date) for claim, fact in _right(compared) if fact.date]


def _statuses(compared: Sequence[Compared]) -> list[bool]:
    """Statuses where coalition and member are right: of the fact that points the same way, where there is one, else of any."""
    found = []
    for one in compared:
        pairs = dict(one.pairs[Need.COARSE])
        taken = set(pairs.values())
        rest = [(n, f) for n, f in one.pairs[Need.PAIR] if n not in pairs and f not in taken]
        for claim, fact in [*pairs.items(), *rest]:
            if one.facts[fact].statuses:
                found.append(one.claims[claim].claim.status in one.facts[fact].statuses)
    return found


def _share(answers: Sequence[bool]) -> Share:
    return Share(sum(answers), len(answers))


def _calibration(compared: Sequence[Compared]) -> Calibration:
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    everything = answers(compared)
    for sure, right in everything:
        bins[min(int(sure * BINS), BINS - 1)].append((sure, right))
    rows = tuple(
        Bin(len(row), round(sum(p for p, _ in row) / len(row), 4), round(sum(ok for _, ok in row) / len(row), 4)) for row in bins if row
    )
    gaps = sum(abs(sum(p for p, _ in row) - sum(ok for _, ok in row)) for row in bins)
    error = round(gaps / len(everything), 4) if everything else None
    return Calibration(error, rows, _share([ok for p, ok in everything if p >= SURE]))


def answers(compared: Iterable[Compared]) -> list[tuple[float, bool]]:
    """Gives the confidence of each claim and whether it is right by direction, in reading order."""
    return [
        (claim.claim.confidence, any(place == right for right, _ in one.pairs[Need.COARSE]))
        for one in compared
        for place, claim in enumerate(one.claims)
    ]
