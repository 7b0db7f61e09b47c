"""Settles what the role stage said into claims: names in full, roles, dates, one claim for each fact."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pipeline.detect.analysis import Analysis, Question
from pipeline.detect.dates import date_of, dates, news_day
from pipeline.detect.lexicon import Lexicon
from pipeline.detect.spans import Label, Mention, MentionKind, Sentence, SentenceKind
from pipeline.model import COALITION_EVENTS, Article, Claim, Event, PartialDate, Quote, Role, Status
from pipeline.text import fold

CHANCE_COUNTS = 0.5
"""How much the judge's chance of the body counts beside the tagger's of the event, as an exponent (kept-apart articles)."""
OPENING = 3
"""Sentences of the body that tell the news itself, in wire stories and releases alike."""

_ASKS = re.compile(
    r"^[\"“‘']?\s*(?:Has|Have|Had|Is|Are|Was|Were|Will|Would|Did|Does|Do|Can|Could|Should|May|Who|What|Why|Which|How|Where|When)\b"
    r"[^.]*\?[\"”’']?$"
)
"""A question tells nothing: "Has Norvik joined the pact or not?"."""
_BEFORE_THAT = re.compile(r"\b(?:had|earlier|previously|once|used to|former|ago)\b")
_PAST = re.compile(r"\b(?:had|has|have|was|were|did|left|quit|joined|signed|became|met|told|said|agreed)\b")
_JUST_NOW = re.compile(
    r"\b(?:has|have) (?:now |also |just |today |thus |thereby )?(?:been )?(?!been\b)\w+(?:ed|n|ft|it|me)\b"
    r"|\bwe welcome\b|\b(?:is|are) joining\b",
    re.I,
)
"""The present perfect, by which news tells of its own day: "has resigned from the council"."""
_AT_ONCE = re.compile(r"\b(?:with immediate effect|effective immediately|says it (?:is|has)|is suspending|becomes|announces)\b")
_DIRECTION = {Event.MEMBER: Event.JOINED}
_HOW_SURE = {"known by name": 1.0, "known by acronym": 0.97, "head of its name": 0.97}


@dataclass(frozen=True, slots=True)
class Said:
    """A label with its question, before names are settled."""

    question: Question
    mention: Mention
    label: Label


class Claims:
    """Settles the labels of one article into claims."""

    def __init__(self, article: Article, analysis: Analysis, lexicon: Lexicon) -> None:
        self._article = article
        self._analysis = analysis
        self._lexicon = lexicon
        self._day = article.published.date() if article.published else None
        self._full = self._full_names()
        self._in_text = {
            fold(m.surface) for s, ms in zip(analysis.sentences, analysis.mentions, strict=True) if s.part == "text" for m in ms
        }
        body = [s for s in analysis.sentences if s.part == "text" and s.kind is SentenceKind.BODY]
        self._opening = {(s.part, s.start) for s in body[:OPENING]}
        self._news_day = news_day(tuple(s.text for s in body[:OPENING]), self._day)

    def settle(self, said: list[Said]) -> Iterator[Claim]:
        best: dict[tuple[str, str, Event, bool], Claim] = {}
        for one in said:
            for claim in self._claims(one):
                key = (
                    fold(claim.coalition),
                    fold(claim.member or ""),
                    _DIRECTION.get(claim.event, claim.event),
                    claim.status is Status.DENIED,
                )
                best[key] = _better(best[key], claim) if key in best else claim
        formed = {fold(c.coalition): c.date for c in best.values() if c.event is Event.FORMED and c.date}
        absent = {(fold(c.coalition), fold(c.member or "")): c.confidence for c in best.values() if c.event is Event.ABSENT}
        for claim in best.values():
            outside = absent.get((fold(claim.coalition), fold(claim.member or "")), 0.0)
            if claim.event is Event.MEMBER and claim.confidence < outside:
                continue  # who is "notably absent" is no member in the next sentence, where it "said only that it was watching"
            launch = formed.get(fold(claim.coalition))
            if claim.event is Event.JOINED and claim.date is None and launch and not _BEFORE_THAT.search(claim.quote.words):
                claim = replace(claim, date=launch)  # in an article that tells of the launch, who is told of came in with it
            yield claim

    def _claims(self, one: Said) -> Iterator[Claim]:
        label, mention = one.label, one.mention
        assert label.event is not None
        body = self._analysis.coalitions[one.question.coalition]
        sentence = self._analysis.sentences[one.question.sentence]
        if _ASKS.search(sentence.text) or sentence.kind is SentenceKind.HEADING:
            return  # questions tell nothing, and the headings of a roster ("Governments") are none of its names
        if label.event in COALITION_EVENTS:
            if mention.coalition != one.question.coalition:
                return
            members: tuple[str | None, ...] = (None,)
        else:
            if (
                mention.kind in {MentionKind.PERSON, MentionKind.PLACE, MentionKind.REFERENCE}
                or mention.coalition == one.question.coalition
            ):
                return
            members = tuple(self._member(m, mention) for m in (mention.members or (mention.surface,)))
        found = dates(sentence.text, self._day, ahead=label.status is Status.PLANNED)
        if label.status is Status.COMPLETED:
            found = tuple(when for when in found if not when.deadline)
        day = date_of(label.event, sentence.text, mention.start, mention.end, found)
        if day is None and not found:
            day = self._day_of_news(label, sentence)
        name = _coalition_name(body.names)
        how = _HOW_SURE.get(body.how, 0.92)
        near = 1.0 if one.question.named or sentence.kind is SentenceKind.BULLET else 0.85
        confidence = round(label.probability * how * near * body.chance**CHANCE_COUNTS, 3)
        because = (
            f"{sentence.kind}: {sentence.text[:160]}",
            f"coalition {name}: {body.how}" + ("" if one.question.named else ", not named in the sentence"),
            f"{label.event} {label.probability:.2f}, {label.status}",
        )
        for member in members:
            if member is not None and (fold(member) in {fold(n) for n in body.names} or not self._is_told_of(member, sentence)):
                continue
            yield Claim(
                coalition=name,
                member=member,
                event=label.event,
                status=label.status,
                quote=Quote(sentence.text, sentence.part, sentence.start),
                confidence=confidence,
                role=self._role(label, body.sort),
                date=day,
                coalition_aliases=tuple(n for n in body.names if n != name),
                because=because,
            )

    def _is_told_of(self, member: str, sentence: Sentence) -> bool:
        """Whether a headline's name is one: the text has it too, or it is known ("Calls It" of "1994 Group Calls It a Day" is none)."""
        if sentence.kind is not SentenceKind.HEADLINE or not self._in_text:
            return True
        folded = fold(member)
        known = self._lexicon.states.exact(member) or self._lexicon.firms.exact(member) or folded in self._lexicon.nationals
        return bool(known) or any(f" {folded} " in f" {name} " for name in self._in_text)

    def _day_of_news(self, label: Label, sentence: Sentence) -> PartialDate | None:
        """The day of what a sentence without a date reports as the article's news: in the opening, a list, the present tense."""
        if label.event in {Event.MEMBER, Event.ABSENT} or label.status is not Status.COMPLETED or _BEFORE_THAT.search(sentence.text):
            return None
        if _AT_ONCE.search(sentence.text) and self._day:
            return PartialDate(self._day.year, self._day.month, self._day.day)
        if (sentence.part, sentence.start) in self._opening or sentence.kind in {SentenceKind.BULLET, SentenceKind.HEADLINE}:
            if self._news_day is None and self._day and not _PAST.search(sentence.text):
                return PartialDate(self._day.year, self._day.month, self._day.day)  # "Bulgaria adopts the euro"
            return self._news_day
        if self._day and _JUST_NOW.search(sentence.text) and label.event not in {Event.WILL_JOIN, Event.WILL_LEAVE}:
            return self._news_day or PartialDate(self._day.year, self._day.month, self._day.day)
        return None

    def _role(self, label: Label, sort: str) -> Role | None:
        if label.event in COALITION_EVENTS:
            return None
        if label.role is Role.SIGNATORY and sort == "body":
            return Role.MEMBER  # one signs a text and belongs to a body
        if label.role is not None or label.event not in {Event.JOINED, Event.MEMBER}:
            return label.role
        return Role.SIGNATORY if sort == "text" and label.event is Event.JOINED else Role.MEMBER

    def _member(self, surface: str, mention: Mention) -> str:
        """The member's name in full, as this article has it; a capital or demonym that acts for a state is the state."""
        folded = fold(surface)
        if mention.kind is MentionKind.STATE:
            # "Luanda" and "the Danes" are the state, "Britain" and "the Republic of Korea" are names of it.
            state = self._lexicon.seats.get(folded) or self._lexicon.nationals.get(folded)
            return state or surface
        return self._full.get(folded, surface)

    def _full_names(self) -> dict[str, str]:
        """Short forms to the only longer name that begins with them and was used first ("Norlund A/S", later "Norlund").

        A name that stands before any longer one is one of its own: Google, in an article that comes to Google Cloud.
        """
        order: dict[str, str] = {}
        by_place = sorted(zip(self._analysis.sentences, self._analysis.mentions, strict=True), key=lambda pair: pair[0].part == "title")
        for mention in (m for _, ms in by_place for m in ms):  # a headline shortens names before the text has told them
            if mention.kind is MentionKind.ORGANISATION and not mention.members and mention.coalition is None:
                order.setdefault(fold(mention.surface), mention.surface)
        full: dict[str, str] = {}
        seen: list[str] = []
        for folded in order:
            longer = [other for other in seen if other.startswith(folded + " ")]
            if longer:
                longest = max(longer, key=len)
                if all(longest.startswith(other) for other in longer):
                    full[folded] = order[longest]
            seen.append(folded)
        return full


def _coalition_name(names: tuple[str, ...]) -> str:
    """What to call a body: its first name, or where that is an acronym the first full one."""
    first = names[0]
    if " " in first:
        return first
    return next((n for n in names if " " in n and fold(n) != fold(first)), first)


def _better(one: Claim, other: Claim) -> Claim:
    """The surer of two claims of one fact, with the date and role that only the other knows; joining says more than being in."""
    event = Event.JOINED if {one.event, other.event} == {Event.JOINED, Event.MEMBER} else None
    if event:
        first, second = (one, other) if one.event is event else (other, one)
    else:
        first, second = (one, other) if one.confidence >= other.confidence else (other, one)
    role = first.role if first.role not in {None, Role.MEMBER} else second.role or first.role
    return replace(first, role=role, date=first.date or second.date, confidence=max(first.confidence, second.confidence))
