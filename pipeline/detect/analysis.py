"""Runs the stages that come before the roles over one article and poses the questions: what does this sentence say of each
name and that coalition?
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipeline.detect.bodies import Judge, judged
from pipeline.detect.excerpts import cuts, masked
from pipeline.detect.inventory import Coalition, Inventory
from pipeline.detect.lexicon import Lexicon
from pipeline.detect.names import Names
from pipeline.detect.reference import References
from pipeline.detect.segment import sentences
from pipeline.detect.spans import BOUNDARY, Masked, Mention, Sentence, SentenceKind, mask
from pipeline.model import Article

_BETWEEN = re.compile(
    r"\s*(?:,|;|and|,\s*and|&|as well as|along with)\s*(?:the\s)?"
    r"(?:(?!(?:including|consisting|comprising|namely|such|like|are|is|was|were|with|by|of|from|in|to|for|at|on|between|among|which|who|that|has|"
    r"have|will)\b)[a-z'’-]+\s){0,4}"
)
_LEADS = re.compile(
    r"\b(?:in|at|of|to|from|into|within|by|for|with|on|join\w*|left|leav\w+|quit\w*|sign\w*|launch\w*|form\w*|found\w*)\s+(?:the\s+)?$",
    re.I,
)
IN_PASSING = 0.05
"""A body that the article tells memberships of with less chance than this is only named in it."""
MOST_COALITIONS = 6
"""An excerpt is asked about at most so many coalitions: more are a list of bodies, not news of each."""


@dataclass(frozen=True, slots=True)
class Question:
    """A sentence (by its number) and a coalition (by its place in the inventory), masked for the role stage."""

    sentence: int
    coalition: int
    masked: Masked
    named: bool
    """Whether the sentence itself speaks of the coalition, by name or reference."""
    listed: bool
    """Whether the sentence is an entry of a list that a line introduces."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """As much of the article as the tagger reads at once, masked for one coalition, and the questions of its sentences.

    The mentions of `masked` are those of the questions, one after the other.
    """

    coalition: int
    masked: Masked
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Analysis:
    """An article as the stages before the roles see it."""

    sentences: tuple[Sentence, ...]
    mentions: tuple[tuple[Mention, ...], ...]
    coalitions: tuple[Coalition, ...]
    main: int | None

    def questions(self) -> Iterator[Question]:
        """Poses the questions, those of an excerpt together."""
        for excerpt in self.excerpts():
            yield from excerpt.questions

    def excerpts(self) -> Iterator[Excerpt]:
        """Masks each excerpt for the coalitions that it may tell of: those it speaks of, the last one before it, and the article's own."""
        recent: int | None = None
        leads = {s.text: i for i, s in enumerate(self.sentences)}
        for span in cuts(self.sentences):
            here = list(dict.fromkeys(c for n in span for c in self._spoken_of(n)))
            first = self.sentences[span.start]
            lead = leads.get(_lead_line(first.lead)) if first.lead else None
            before = self._spoken_of(lead)[-1:] if lead is not None else self._one(recent)
            told = [c for c in dict.fromkeys([*before, *here, *self._one(self.main)]) if self.coalitions[c].chance >= IN_PASSING]
            likely = sorted(told, key=lambda c: -self.coalitions[c].chance)[:MOST_COALITIONS]
            for coalition in sorted(likely, key=told.index) if any(self.mentions[n] for n in span) else ():
                yield Excerpt(
                    coalition,
                    masked(self.sentences, self.mentions, span, coalition, lead),
                    tuple(self._question(n, coalition, leads) for n in span if self.mentions[n]),
                )
            recent = here[-1] if here else recent

    def _question(self, number: int, coalition: int, leads: Mapping[str, int]) -> Question:
        sentence = self.sentences[number]
        lead = leads.get(_lead_line(sentence.lead)) if sentence.kind is SentenceKind.BULLET and sentence.lead else None
        context = lead if lead is not None else self._before(number)
        text = mask(sentence.text, self.mentions[number], coalition)
        if context is not None:
            text = f"{mask(self.sentences[context].text, self.mentions[context], coalition)} {BOUNDARY} {text}"
        named = coalition in self._spoken_of(number)
        return Question(number, coalition, Masked(text, self.mentions[number]), named, lead is not None)

    @staticmethod
    def _one(coalition: int | None) -> list[int]:
        return [] if coalition is None else [coalition]

    def _spoken_of(self, number: int | None) -> list[int]:
        """The coalitions that a sentence speaks of, by place: not those that it lists as members of another."""
        if number is None:
            return []
        return [m.coalition for m in self.mentions[number] if m.coalition is not None and self._is_told_of(number, m.coalition)]

    def _is_told_of(self, number: int, coalition: int) -> bool:
        return self.coalitions[coalition].chance >= IN_PASSING and not self._is_listed(number, coalition)

    def _is_listed(self, number: int, coalition: int) -> bool:
        """Whether a coalition is only one name of a list here, between others that are none: it is spoken of as a member."""
        mentions, text = self.mentions[number], self.sentences[number].text
        at = [i for i, m in enumerate(mentions) if m.coalition == coalition]
        if len(at) != 1:
            return False
        first = last = at[0]
        while first and _BETWEEN.fullmatch(text[mentions[first - 1].end : mentions[first].start]):
            first -= 1
        while last + 1 < len(mentions) and _BETWEEN.fullmatch(text[mentions[last].end : mentions[last + 1].start]):
            last += 1
        others = sum(m.coalition is None for m in mentions[first : last + 1])
        # "In the Harbour Pact, Norvik and Kuma agreed": the first of a row after such a word is where the others are.
        return others > 1 and not (first == at[0] and _LEADS.search(text[: mentions[first].start]))

    def _before(self, number: int) -> int | None:
        if number == 0 or self.sentences[number].part != self.sentences[number - 1].part:
            return None
        return number - 1


def _lead_line(lead: str) -> str:
    """The line that introduces a list, without the sub-heading that `segment` may have put behind it."""
    return lead[: lead.rindex(":") + 1] if ":" in lead else lead


def analyse(article: Article, lexicon: Lexicon, judge: Judge | None = None) -> Analysis:
    """Finds the sentences, names, coalitions and references of an article; without a `judge` bodies show themselves by rules alone."""
    cut = sentences(article)
    names = Names(cut, lexicon)
    inventory = Inventory(cut, names.mentions, lexicon, judged(judge, cut, names.mentions) if judge else None)
    references = References(cut, inventory, lexicon)
    return Analysis(cut, references.mentions, tuple(inventory.coalitions), references.main)
