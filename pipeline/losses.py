"""Says at which stage of the detector a fact was lost, and what is wrong with a claim that no fact bears out.

It looks at what the stages before the roles found (`detect.analysis`) and at what was claimed in the end. It mends nothing, and
where several stages went wrong it names the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pipeline.detect.analysis import Analysis, analyse
from pipeline.detect.bodies import Judge
from pipeline.detect.lexicon import Lexicon
from pipeline.detect.spans import Mention, MentionKind
from pipeline.gold import GoldFact, name_keys
from pipeline.model import Claim, Detection, Event
from pipeline.scoring import Compared, Need, Said, said
from pipeline.text import fold


class Stage(StrEnum):
    """Where a fact was lost, in the order of the stages; the values are what a person reads."""

    LANGUAGE = "taken for another language"
    GATE = "stopped at the gate"
    NO_BODY = "coalition not found"
    NAME_OF_BODY = "coalition called otherwise"
    NO_MENTION = "member not found"
    NOT_ASKED = "not asked"
    OTHER_BODY = "said of another coalition"
    OTHER_EVENT = "another event said"
    NOTHING = "nothing said"
    UNSURE = "less sure than wanted"


class Fault(StrEnum):
    """What is wrong with a claim; the values are what a person reads."""

    NO_BODY = "no such coalition"
    NAME_OF_BODY = "coalition called otherwise"
    NO_MEMBER = "nothing is said of that member"
    EVENT = "wrong event"
    DENIAL = "denied where it is not, or not where it is"
    TWICE = "said twice"


@dataclass(frozen=True, slots=True)
class Loss:
    """A fact that was missed (`why` is a Stage) or a claim that is wrong (`why` is a Fault), with its words."""

    article: str
    why: Stage | Fault
    event: Event
    member: str | None
    coalition: str
    words: str
    confidence: float | None = None

    def as_json(self) -> dict[str, object]:
        return {
            "article": self.article,
            "kind": "missed" if isinstance(self.why, Stage) else "wrong",
            "stage": self.why,
            "event": self.event,
            "member": self.member,
            "coalition": self.coalition,
            "evidence": self.words,
            "confidence": self.confidence,
        }


def losses(
    compared: Compared, detection: Detection, lexicon: Lexicon, unsure: Sequence[Claim] = (), judge: Judge | None = None
) -> Iterator[Loss]:
    """Gives what was missed and what is wrong in one article. `unsure` are claims that were left out for their confidence; `judge` is the
    detector's own, with which its bodies were found."""
    if compared.missed:
        analysis = None if detection.skipped else analyse(compared.gold.article, lexicon, judge)
        for fact in compared.missed:
            stage = _stage(fact, compared, detection, analysis, lexicon, said(unsure))
            yield Loss(compared.gold.id, stage, fact.event, fact.member, fact.coalition, fact.evidence)
    for one in compared.wrong:
        claim = one.claim
        yield Loss(compared.gold.id, _fault(one, compared), one.event, claim.member, claim.coalition, claim.quote.words, claim.confidence)


def _stage(
    fact: GoldFact, compared: Compared, detection: Detection, analysis: Analysis | None, lexicon: Lexicon, unsure: Sequence[Said]
) -> Stage:
    if any(one.agrees(fact, Need.COARSE) for one in unsure):
        return Stage.UNSURE
    if analysis is None:
        if detection.skipped.startswith("language"):
            return Stage.LANGUAGE
        return Stage.NO_BODY if "coalition" in detection.skipped else Stage.GATE
    everything = (*compared.claims, *unsure)
    of_member = [one for one in everything if one.of_member(fact)]
    of_both = [one for one in of_member if one.bodies & fact.coalition_keys]
    if any(one.points_as(fact) and one.coalition not in fact.coalition_keys for one in of_both):
        return Stage.NAME_OF_BODY
    bodies = {place for place, body in enumerate(analysis.coalitions) if name_keys(body.names) & fact.coalition_keys}
    if not bodies:
        return Stage.NO_BODY

    def meant(mention: Mention, coalition: int) -> bool:
        if fact.member_keys:
            return bool(_keys(mention, lexicon) & fact.member_keys)
        return mention.coalition == coalition

    if fact.member_keys and not any(_keys(m, lexicon) & fact.member_keys for ms in analysis.mentions for m in ms):
        return Stage.NO_MENTION
    if not any(q.coalition in bodies and any(meant(m, q.coalition) for m in q.masked.mentions) for q in analysis.questions()):
        return Stage.NOT_ASKED
    if of_both:
        return Stage.OTHER_EVENT
    if any(one.points_as(fact) for one in of_member) and fact.member_keys:
        return Stage.OTHER_BODY
    return Stage.NOTHING


def _keys(mention: Mention, lexicon: Lexicon) -> frozenset[str]:
    """The keys of the names that a mention can stand for: a capital or a people stands for its state too."""
    names: list[str | None] = [*(mention.members or (mention.surface,))]
    if mention.kind is MentionKind.STATE:
        names += [lexicon.seats.get(fold(mention.surface)), lexicon.nationals.get(fold(mention.surface))]
    return name_keys(names)


def _fault(one: Said, compared: Compared) -> Fault:
    known = frozenset().union(*compared.gold.coalitions, *(fact.coalition_keys for fact in compared.gold.facts))
    if one.coalition not in known:
        return Fault.NAME_OF_BODY if one.bodies & known else Fault.NO_BODY
    facts = [fact for fact in compared.facts if one.is_of(fact)]
    if not facts:
        return Fault.NO_MEMBER if one.member else Fault.EVENT
    if any(one.points_as(fact) for fact in facts):
        return Fault.TWICE
    return Fault.DENIAL if any(one.direction is way for fact in facts for way, _ in fact.directions) else Fault.EVENT
