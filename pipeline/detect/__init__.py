"""From one article to its claims: who formed, joined, left or is absent from which coalition, with the words that say so.

    gate → segment → names → inventory → reference → roles → status and date → claims

Pure: knowledge and the role stage are handed in. It reads one article at a time and knows of others only the names of coalitions
that it is told to `learn`; making "Ankara" and "Turkey" one member across articles is `resolve`'s work. Text in another language
than English is left alone and counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from pipeline.detect.analysis import Analysis, Excerpt, Question, analyse
from pipeline.detect.bodies import Judge
from pipeline.detect.claims import Claims, Said, Settled
from pipeline.detect.confidence import Confidence
from pipeline.detect.gate import Gate, language_of
from pipeline.detect.lexicon import FILES, Lexicon
from pipeline.detect.roles import NOTHING, Roles, RuleRoles, agreed, read_rules
from pipeline.detect.spans import WAY_OF, Label
from pipeline.model import COALITION_EVENTS, Article, Claim, Detection, KnownName

__all__ = ["FILES", "VERSION", "Confidence", "Detector"]

VERSION = "tagger-5.1"
"""Names the detector in evidence, so that claims of an older one can be told apart: raised with every change of rules or model."""

LANGUAGES = frozenset({"", "en"})
"""Languages that are read; an empty code is a text too short to tell."""

RIVAL = 0.9
"""A body of which the same is said less surely than this share of the surest is not meant (kept-apart articles)."""
SELDOM_MEANT = 0.92
"""How a body that the sentence does not name counts among those that it may mean."""
LEAST = 0.4
"""Claims of less confidence are not made (kept-apart articles)."""
_MEMBERSHIP = re.compile(
    r"\b(?:members?|membership|signator\w+|signed|joined|accession|founding|founders?|joins?|quit|left|withdr\w+)\b", re.I
)


class Detector:
    """Detects the claims of articles; made once, used for many. It knows more by what it is told to `learn`."""

    version = VERSION

    def __init__(
        self,
        lexicon: Lexicon,
        rules: Roles,
        tagger: Roles | None = None,
        confidence: Confidence | None = None,
        judge: Judge | None = None,
    ) -> None:
        self._lexicon = lexicon
        self._gate = Gate(lexicon)
        self._rules = rules
        self._tagger = tagger
        self.judge = judge
        self.confidence = confidence or Confidence()
        self._learned: dict[str, str] = {}

    @classmethod
    def read(
        cls,
        texts: Mapping[str, str],
        tagger: Roles | None = None,
        watched: Iterable[tuple[str, Sequence[str]]] = (),
        confidence: Confidence | None = None,
        judge: Judge | None = None,
    ) -> Detector:
        """Makes a detector of the texts named in `FILES`; `watched` adds coalitions with their aliases.

        Without the learned `tagger` and `judge` the rules work alone: they are sure of little and miss most.
        """
        rules = RuleRoles(read_rules(texts["role-rules.txt"]))
        return cls(Lexicon.read(texts, watched), rules, tagger, confidence, judge)

    def learn(self, names: Iterable[KnownName]) -> None:
        """Takes in coalitions that an article introduced, so that the next may call them by an acronym and no more.

        A body goes by the spelling that was learned of it first: what is learned in one run or in two comes to the same.
        """
        for known in names:
            listed = self._lexicon.coalitions.exact(known.party.name)
            name = self._learned.setdefault(known.party.key, known.party.name if listed or known.spelling.isupper() else known.spelling)
            self._lexicon.learn(name, known.spelling)

    def detect(self, article: Article) -> Detection:
        """Gives the claims of an article, in reading order, or the reason why it was not read further."""
        analysis = self._analysed(article)
        if isinstance(analysis, str):
            return Detection((), skipped=analysis)
        excerpts = tuple(analysis.excerpts())
        claims = (self._weighed(one) for one in self._settled(article, analysis, excerpts))
        return Detection(tuple(c for c in claims if c.confidence >= LEAST), trace=tuple(_trace(analysis, excerpts)))

    def candidates(self, article: Article) -> tuple[Settled, ...]:
        """Gives all claims that the stages think of, the doubtful ones too, as sure as the stages are of each."""
        analysis = self._analysed(article)
        return () if isinstance(analysis, str) else self._settled(article, analysis, tuple(analysis.excerpts()))

    def _weighed(self, one: Settled) -> Claim:
        confidence = self.confidence.of(one.claim.confidence, one.signs)
        because = f"confidence {confidence:.2f}: {one.signs.in_words()}"
        return replace(one.claim, confidence=confidence, because=(*one.claim.because, because))

    def _analysed(self, article: Article) -> Analysis | str:
        """The article as the stages before the roles see it, or the reason why it is not read further."""
        language = article.language.lower()[:2] or language_of(article.text)
        if language not in LANGUAGES:
            return f"language {language}"
        if not self._gate.passes(article.title, article.text):
            return "no word of membership"
        analysis = analyse(article, self._lexicon, self.judge)
        return analysis if analysis.coalitions else "no coalition"

    def _settled(self, article: Article, analysis: Analysis, excerpts: Sequence[Excerpt]) -> tuple[Settled, ...]:
        said = [
            Said(question, mention, label)
            for question, labels in self._labels(excerpts)
            for mention, label in zip(question.masked.mentions, labels, strict=True)
            if label.event is not None
        ]
        return Claims(article, analysis, self._lexicon).settle(_told(_without_rivals(said), analysis))

    def _labels(self, excerpts: Sequence[Excerpt]) -> Iterator[tuple[Question, tuple[Label, ...]]]:
        """The labels of each question: the tagger reads an excerpt at once, the rules sentence by sentence."""
        learned = self._tagger.label([e.masked for e in excerpts]) if self._tagger else [()] * len(excerpts)
        # A rule sees one sentence: where that names another body, it cannot tell that the one asked about is not meant.
        sure = iter(self._rules.label([q.masked for e in excerpts for q in e.questions if _is_for_rules(q)]))
        for excerpt, labels in zip(excerpts, learned, strict=True):
            at = 0
            for question in excerpt.questions:
                count = len(question.masked.mentions)
                by_rule = next(sure) if _is_for_rules(question) else (NOTHING,) * count
                yield question, agreed(question.masked, labels[at : at + count], by_rule) if labels else by_rule
                at += count


def _is_for_rules(question: Question) -> bool:
    return question.named or all(mention.coalition is None for mention in question.masked.mentions)


def _sure(one: Said) -> float:
    """How sure it is that a body is told of, among others that may be meant: a sentence mostly names whom it means."""
    return one.label.probability * (1.0 if one.question.named else SELDOM_MEANT)


def _without_rivals(said: list[Said]) -> list[Said]:
    """Drops what was said of the wrong coalition, where a sentence was asked about several.

    Of those that the same is said of, the surest is meant, and others that are about as sure: one may join two at once. Of those that
    the sentence does not name only the surest can be.
    And a body that is told of as a member ("Suspended: the Canoe Union of Belarus") takes no members in the same sentence.
    """
    chosen: dict[tuple[int, int], Said] = {}
    surest: dict[tuple[int, int, object], float] = {}
    told: dict[tuple[int, int], float] = {}
    for one in said:
        key, sure = (one.question.sentence, one.mention.start), _sure(one)
        surest[(*key, WAY_OF[one.label.event])] = max(surest.get((*key, WAY_OF[one.label.event]), 0.0), sure)
        if not one.question.named:
            before = chosen.get(key)
            if before is None or sure > _sure(before):
                chosen[key] = one
        if (
            one.mention.coalition is not None
            and one.mention.coalition != one.question.coalition
            and one.label.event not in COALITION_EVENTS
        ):
            as_member = (one.question.sentence, one.mention.coalition)
            told[as_member] = max(told.get(as_member, 0.0), one.label.probability)
    return [
        one
        for one in said
        for key in [(one.question.sentence, one.mention.start)]
        if (one.question.named or chosen[key] is one)
        and _sure(one) >= RIVAL * surest[(*key, WAY_OF[one.label.event])]
        and one.label.probability >= told.get((one.question.sentence, one.question.coalition), 0.0)
    ]


def _told(said: list[Said], analysis: Analysis) -> list[Said]:
    """Drops what sentences that name no coalition seem to tell in an article that has nothing to tell of it.

    News that names the EU once in passing tells of joinings of many other kinds. A coalition is told of where a sentence that
    names it tells something, or where the article has words of membership again and again.
    """
    if sum(len(_MEMBERSHIP.findall(s.text)) for s in analysis.sentences) >= 2:
        return said
    told = {s.question.coalition for s in said if (s.question.named or s.question.listed) and s.label.probability >= LEAST}
    return [s for s in said if s.question.named or s.question.coalition in told]


def _trace(analysis: Analysis, excerpts: tuple[Excerpt, ...]) -> Iterator[str]:
    for body in analysis.coalitions:
        yield f"inventory: {body.name} ({body.how}); also {', '.join(body.aliases) or 'nothing else'}"
    for excerpt in excerpts:
        yield f"asked of {analysis.coalitions[excerpt.coalition].name}: {excerpt.masked.text}"
