"""Asks of every name of an article whether it is a body that the article tells memberships of. The judge is learned.

A name shows its shape ("Harbour Pact") and its surroundings show what is done with it ("has pulled out of Horizon Circle"); a name
that only looks like a body, and one that is only named in passing, are told from one that matters. States and persons are never asked
about. What is made of the answers is `inventory`'s and `analysis`'s work.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline.detect.spans import Mention, MentionKind, Sentence, unmarked
from pipeline.text import fold

CANDIDATE, END = "[unused7]", "[unused8]"
"""Stand before and behind each name that is asked about; unused entries of BERT's vocabulary, as the masks are."""

WORDS_AT_ONCE = 110
"""Words of a passage: with its marks it mostly fits into one window of the model."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Sentences with their names marked; `names` are these, in order."""

    text: str
    names: tuple[str, ...]


class Judge(Protocol):
    """Gives for each passage the probability of each of its names that it is a body told of, in order; none where it cannot tell."""

    def judge(self, passages: Sequence[Passage]) -> list[tuple[float, ...]]: ...


def passages(sentences: Sequence[Sentence], mentions: Sequence[Sequence[Mention]]) -> list[Passage]:
    """Marks the names of an article's sentences, several sentences a passage; those without such names are left out."""
    found: list[Passage] = []
    texts: list[str] = []
    names: list[str] = []
    words = 0
    for sentence, of_sentence in zip(sentences, mentions, strict=True):
        asked = [m for m in of_sentence if m.kind not in {MentionKind.STATE, MentionKind.PERSON, MentionKind.REFERENCE}]
        if not asked:
            continue
        long = len(sentence.text.split()) + 2 * len(asked)
        if texts and words + long > WORDS_AT_ONCE:
            found.append(Passage(" ".join(texts), tuple(names)))
            texts, names, words = [], [], 0
        texts.append(_marked(sentence.text, asked))
        names += [m.surface for m in asked]
        words += long
    if texts:
        found.append(Passage(" ".join(texts), tuple(names)))
    return found


def _marked(text: str, mentions: Sequence[Mention]) -> str:
    pieces, at = [], 0
    for mention in mentions:
        pieces += [unmarked(text[at : mention.start]), f" {CANDIDATE} {unmarked(text[mention.start : mention.end])} {END} "]
        at = mention.end
    pieces.append(unmarked(text[at:]))
    return " ".join("".join(pieces).split())


def judged(judge: Judge, sentences: Sequence[Sentence], mentions: Sequence[Sequence[Mention]]) -> Mapping[str, float]:
    """Gives for each folded name the highest probability that it has anywhere in the article."""
    asked = passages(sentences, mentions)
    best: dict[str, float] = defaultdict(float)
    for passage, chances in zip(asked, judge.judge(asked), strict=True):
        # A passage without an answer says nothing of its names: they are left to what else is known of them.
        for name, chance in zip(passage.names, chances, strict=True) if chances else ():
            best[fold(name)] = max(best[fold(name)], chance)
    return best
