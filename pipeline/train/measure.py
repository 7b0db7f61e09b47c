"""Scores a tagger alone: on masked sentences whose targets are known, mention by mention."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.detect.bodies import Passage
from pipeline.detect.judge import LearnedJudge
from pipeline.detect.spans import Label, Masked, Mention, MentionKind
from pipeline.detect.tagger import EVENTS, ROLES, STATUSES, Tagger
from pipeline.train.passages import names_of
from pipeline.train.sample import IGNORED, Sample


@dataclass(frozen=True, slots=True)
class Figures:
    """Right, said and true labels, by event and in all; and how often status and role are right where the event is."""

    right: Counter[str]
    said: Counter[str]
    true: Counter[str]
    status: tuple[int, int]
    role: tuple[int, int]

    def f1(self, event: str = "") -> float:
        """The F1 of an event, or of all events.

        >>> Figures(Counter(left=1), Counter(left=2), Counter(left=1), (0, 0), (0, 0)).f1("left")
        0.6667
        """
        right, said, true = ((c[event] if event else c.total()) for c in (self.right, self.said, self.true))
        return round(2 * right / (said + true), 4) if said + true else 0.0

    def as_json(self) -> dict[str, object]:
        """What a model card shows."""
        total = (self.right.total(), self.said.total(), self.true.total())
        return {
            "f1": self.f1(),
            "precision": round(total[0] / total[1], 4) if total[1] else 0.0,
            "recall": round(total[0] / total[2], 4) if total[2] else 0.0,
            "mentions": total[2],
            "by_event": {event: {"f1": self.f1(event), "true": self.true[event]} for event in sorted(self.true)},
            "status_accuracy": round(self.status[0] / self.status[1], 4) if self.status[1] else None,
            "role_accuracy": round(self.role[0] / self.role[1], 4) if self.role[1] else None,
        }


def labels_of(tagger: Tagger, samples: Sequence[Sample]) -> list[tuple[Label, ...]]:
    """What the tagger says of the mentions of each sample."""
    nobody = Mention(0, 0, "", MentionKind.ORGANISATION)
    return tagger.label([Masked(sample.text, (nobody,) * len(sample.targets)) for sample in samples])


def measure(samples: Sequence[Sample], labels: Sequence[Sequence[Label]]) -> Figures:
    """Compares labels with targets; a mention whose target is not known counts neither way."""
    right: Counter[str] = Counter()
    said: Counter[str] = Counter()
    true: Counter[str] = Counter()
    status, role = [0, 0], [0, 0]
    for sample, answer in zip(samples, labels, strict=True):
        for wanted, label in zip(sample.targets, answer, strict=True):
            if not wanted.events:
                continue
            event = EVENTS[wanted.events[0]]
            if len(wanted.events) > 1:  # any of them is right, and saying nothing too where that is one of them
                event = label.event if EVENTS.index(label.event) in wanted.events else event
            if event:
                true[event] += 1
            if label.event:
                said[label.event] += 1
            if event is None or label.event is not event:
                continue
            right[event] += 1
            if wanted.status != IGNORED:
                status[0] += label.status is STATUSES[wanted.status]
                status[1] += 1
            if wanted.role != IGNORED:
                role[0] += label.role is ROLES[wanted.role]
                role[1] += 1
    return Figures(right, said, true, (status[0], status[1]), (role[0], role[1]))


def measure_bodies(samples: Sequence[Sample], judge: LearnedJudge, from_chance: float = 0.5) -> dict[str, float]:
    """How well the judge tells bodies from other names, from a chance on; names about which nothing is known count neither way."""
    answers = judge.judge([Passage(sample.text, tuple(names_of(sample))) for sample in samples])
    pairs = [
        (chance >= from_chance, wanted.body == 1)
        for sample, chances in zip(samples, answers, strict=True)
        for chance, wanted in zip(chances, sample.targets, strict=True)
        if wanted.teaches()
    ]
    right, said, true = sum(a and b for a, b in pairs), sum(a for a, _ in pairs), sum(b for _, b in pairs)
    return {
        "names": len(pairs),
        "f1": round(2 * right / (said + true), 4) if said + true else 0.0,
        "precision": round(right / said, 4) if said else 0.0,
        "recall": round(right / true, 4) if true else 0.0,
        "mentions": true,
    }
