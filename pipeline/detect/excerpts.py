"""Cuts an article into excerpts and masks each for one coalition: what the learned role stage reads at once.

A sentence alone often does not say what it tells of: "Norvik followed in May." An excerpt is as much of the article as the network can
read, so that what stands before and after decides too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from pipeline.detect.spans import BOUNDARY, Masked, Mention, Sentence, SentenceKind, mask

WORDS = 220
"""Words of an excerpt at most, a longer sentence apart: with its names masked and its context it mostly fits into one window."""
SORTS = frozenset(
    "accord accords affairs agency agreement airlines airways alliance area army assembly association authority bank bar bishops "
    "bloc board body boss bureau cabinet cartel centre center chair chairman chairwoman chamber chancellor charter church city club "
    "coalition code college commission commissioner committee community compact company confederation conference congress "
    "consortium convention cooperation corporation council countries court covenant database day days declaration delegation "
    "democrats department deputies deputy diet director directive embassy energy envoy exchange executive exhibition fair "
    "federation festival force forces forum foundation framework front fund game games general government governor group guild "
    "holdings house industries initiative institute insurance judge king laboratory labs law league list lords makers market member "
    "members memorandum minister ministers ministry mission mobile month motors movement museum nations navy network networks "
    "office officer official organisation organization pact panel parliament partners partnership party peninsula people pledge police "
    "pool power premier president press prime prince principles programme program project protocol queen region register registry "
    "report representative representatives republic reserve resolution rights river road roundtable savings scheme school sea "
    "secretariat secretary secretary-general securities senate senator service services ship signatories sir society solutions "
    "spokesman spokesperson spokeswoman standard standards state states statute strategy street summit supporters systems table "
    "task technologies technology telecom territory times trade treasurer treasury treaty tribunal trust union united university "
    "week world year zone".split()
)
"""Words that say what sort of thing a name names ("pact", "bank", "members"): they stay readable behind its mask. Written from the last
words of names in the training articles, the telling ones only: none says which pact or bank it is."""
CONTEXT = 45
"""Words at most of what stands before an excerpt that is given with it, the headline not counted."""


def cuts(sentences: Sequence[Sentence]) -> list[range]:
    """The excerpts of an article, as ranges of sentences: as few as can be, of about the same length.

    >>> from pipeline.detect.segment import sentences
    >>> from pipeline.model import Article
    >>> cuts(sentences(Article("", "T", "One two. " * 150)))
    [range(0, 76), range(76, 151)]
    """
    lengths = [len(sentence.text.split()) for sentence in sentences]
    if not lengths:
        return []
    share = sum(lengths) / math.ceil(sum(lengths) / WORDS)
    found, start, words = [], 0, 0.0
    for number, long in enumerate(lengths):
        # A sentence on the border goes where more of it belongs.
        if number > start and words + long / 2 > share:
            found.append(range(start, number))
            start, words = number, words - share
        words += long
    return [*found, range(start, len(lengths))]


def masked(
    sentences: Sequence[Sentence], mentions: Sequence[tuple[Mention, ...]], excerpt: range, coalition: int, lead: int | None
) -> Masked:
    """An excerpt with its names masked for a coalition in question, behind its context: the headline, and the line that introduces the
    list that it begins in (`lead`) or the sentences before it."""

    def shown(numbers: Iterable[int]) -> str:
        return " ".join(_line(sentences[n], mask(sentences[n].text, mentions[n], coalition, SORTS)) for n in numbers)

    own, context = shown(excerpt), shown(_context(sentences, excerpt.start, lead))
    names = tuple(mention for n in excerpt for mention in mentions[n])
    return Masked(f"{context} {BOUNDARY} {own}" if context else own, names)


def _context(sentences: Sequence[Sentence], start: int, lead: int | None) -> Iterator[int]:
    if start == 0:
        return
    if sentences[0].kind is SentenceKind.HEADLINE:
        yield 0
    if lead is not None and lead < start:
        yield from {lead} - {0}
        return
    first, words = start, 0
    while first > 1 and (words := words + len(sentences[first - 1].text.split())) <= CONTEXT:
        first -= 1
    yield from range(first, start)


def _line(sentence: Sentence, text: str) -> str:
    """The text with what its layout said: a bullet is one, and a headline ends."""
    if sentence.kind is SentenceKind.BULLET:
        return f"* {text}"
    if sentence.kind is SentenceKind.BODY or text.endswith((".", ":", "?", "!")):
        return text
    return f"{text} :"
