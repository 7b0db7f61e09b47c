"""Makes the samples that teach what a body is: passages of annotated articles, each name marked, true where the article tells memberships
of it.

The names are told by their surroundings as much as by their shape: now and then they are exchanged for others of the same kind, so
that no name can be learned by heart. It leaves open what the annotation leaves open: a name that is part of a body's name, or holds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Any

from pipeline.detect.bodies import CANDIDATE, END, passages
from pipeline.detect.lexicon import Lexicon
from pipeline.detect.names import Names
from pipeline.detect.segment import sentences
from pipeline.model import Article
from pipeline.train.project import spelled
from pipeline.train.sample import BODY, NO_BODY, UNKNOWN, Sample, Target

EXCHANGED = 0.4
"""The share of passages in which names are exchanged, each time they are drawn."""

_NAME = re.compile(rf"{re.escape(CANDIDATE)} (.*?) {re.escape(END)}")


class Passages:
    """The passages of annotated articles. `bodies` and `others` are the names that stand in them, to exchange for each other."""

    def __init__(self, rows: Iterable[Mapping[str, Any]], lexicon: Lexicon) -> None:
        self.samples: tuple[Sample, ...] = tuple(dict.fromkeys(sample for row in rows for sample in body_samples(row, lexicon)))
        bodies: set[str] = set()
        others: set[str] = set()
        for sample in self.samples:
            for name, wanted in zip(names_of(sample), sample.targets, strict=True):
                (bodies if wanted.body == BODY.body else others).add(name)
        self._pools = {
            (known, short): tuple(sorted(name for name in names if _is_short(name) is short))
            for known, names in ((True, bodies | set(lexicon.acronyms)), (False, others - bodies))
            for short in (False, True)
        }

    def drawn(self, random: Random, share: float = 1.0) -> list[Sample]:
        """The samples of an epoch, or a share of them, some with their names exchanged."""
        chosen = [sample for sample in self.samples if random.random() < share]
        return [self._exchanged(sample, random) if random.random() < EXCHANGED else sample for sample in chosen]

    def _exchanged(self, sample: Sample, random: Random) -> Sample:
        """The same passage about others: each name becomes one of the same kind, wherever it stands."""
        names = names_of(sample)
        kinds = dict(zip(names, sample.targets, strict=True))
        new = {
            name: random.choice(pool)
            for name, wanted in kinds.items()
            if wanted.teaches() and (pool := self._pools[(wanted.body == BODY.body, _is_short(name))]) and random.random() < 0.7
        }
        text = _NAME.sub(lambda found: f"{CANDIDATE} {new.get(found[1], found[1])} {END}", sample.text)
        return Sample(text, sample.targets, sample.source)


def names_of(sample: Sample) -> list[str]:
    """The names that a passage marks, in order."""
    return _NAME.findall(sample.text)


def _is_short(name: str) -> bool:
    """Whether a name is an acronym or one word, which is told by other signs than a long one."""
    return " " not in name


def body_samples(row: Mapping[str, Any], lexicon: Lexicon) -> list[Sample]:
    """The passages of an annotated article, as the stage before the inventory sees its names."""
    cut = sentences(Article(row.get("url") or "", row["title"] or "", row["text"]))
    told = {fact["coalition"] for fact in row["facts"]}
    known = [c for c in row["coalitions"] if c["name"] in told]
    bodies = {spelled(name) for c in known for name in (c["name"], *c.get("aliases", ()))}
    return [
        Sample(passage.text, tuple(_wanted(spelled(name), bodies) for name in passage.names), f"{row.get('file', 'article')}:{row['id']}")
        for passage in passages(cut, Names(cut, lexicon).mentions)
    ]


def _wanted(name: str, bodies: set[str]) -> Target:
    """What is known of a name: a part of a body's name may be a short form of it, or not.

    >>> _wanted("harbour pact", {"harbour pact"}).body, _wanted("norvik", {"harbour pact"}).body, _wanted("pact", {"harbour pact"}).body
    (1, 0, -100)
    """
    if name in bodies:
        return BODY
    words = name.split()
    return UNKNOWN if any(_holds(body.split(), words) or _holds(words, body.split()) for body in bodies) else NO_BODY


def _holds(long: Sequence[str], short: Sequence[str]) -> bool:
    return any(list(long[at : at + len(short)]) == list(short) for at in range(len(long) - len(short) + 1))
