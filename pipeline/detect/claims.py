"""Settles what the role stage said into claims: names in full, roles, dates, one claim for each fact."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pipeline.detect.analysis import Analysis, Question
from pipeline.detect.confidence import Signs
from pipeline.detect.lexicon import Lexicon
from pipeline.detect.spans import Label, Mention, MentionKind, Sentence, SentenceKind
from pipeline.detect.timing import Timing
from pipeline.model import COALITION_EVENTS, Article, Claim, Event, Quote, Role, Status
from pipeline.text import fold

LAUNCHED = 0.5
"""How sure the stages must be of a launch for it to say since when its members are in, and as what: much in the news begins."""
NOT_NAMED = 0.85
"""How sure it is that a sentence means a body that it does not name."""
CHANCE_COUNTS = 0.5
"""How much the judge's chance of the body counts beside the tagger's of the event, as an exponent (kept-apart articles)."""
_ASKS = re.compile(
    r"^[\"“‘']?\s*(?:Has|Have|Had|Is|Are|Was|Were|Will|Would|Did|Does|Do|Can|Could|Should|May|Who|What|Why|Which|How|Where|When)\b"
    r"[^.]*\?[\"”’']?$"
)
"""A question tells nothing: "Has Norvik joined the pact or not?"."""
_TAKES_BACK = re.compile(
    r"^(?:(?!\b(?:not|never)\b|n['’]t\b).)*?"
    r"(?:\b(?:earlier|previous|original|first) versions? of (?:this|the|our) (?:article|story|report|item|post|piece|page|release)\b"
    r"|\b(?:wrongly|incorrectly|mistakenly|erroneously|inaccurately) (?:said|stated|reported|wrote|suggested|listed|named|described)\b"
    r"|\b(?:said|stated|reported|wrote|suggested|listed) (?:wrongly|incorrectly|mistakenly|erroneously|in error|by mistake)\b)",
    re.I | re.S,
)
"""Nor does what a correction repeats: "An earlier version of this story said that Norvik had joined the pact. It has not.";
but "Norvik is not a member, as we wrongly said" does."""
_BEFORE_THAT = re.compile(r"\b(?:had|earlier|previously|once|used to|former|ago)\b")
_BOARD = r"(?:(?<!on )boards?|steering (?:committee|group)|executive committee|governing (?:council|committee))"
_ON_BOARD = re.compile(
    rf"\b(?:seats?|place|sits?|sitting|elected|re-elected|joins?|joined|named|appointed|serves?|members?|made up of|"
    rf"consists)\b[^.;:]{{0,50}}"
    rf"(?<!of )\bthe\s[^.;:]{{0,20}}\b{_BOARD}\b|\b{_BOARD}\b[^.;:]{{0,30}}\b(?:are|is|consists?|made up|sits?|elected|"
    rf"members?|includes?|seats?)\b",
    re.I,
)
_BELONGS = re.compile(r"\bmember|\bbelong|\badmi", re.I)
_SIGNS = re.compile(r"\bsign(?:ed|s|ing|ator)|\bsignature|endors|\bback", re.I)
_FOUNDS = re.compile(r"\bfound|co-found|\blaunch|\binitiat|\bset up\b|\bstart", re.I)
_COMES_LATER = re.compile(
    r"\bjoin|\bnew\b|\bacce(?:d|ss)|\badmi|\bback\b|\bagain\b|\bre-?|\bwelcom|\balready|\bbecome|\bbecame|\bfollow", re.I
)
_DIRECTION = {Event.MEMBER: Event.JOINED, Event.DECLINED: Event.ABSENT}
_HOW_SURE = {"known by name": 1.0, "known by acronym": 0.97, "head of its name": 0.97}


@dataclass(frozen=True, slots=True)
class Said:
    """A label with its question, before names are settled."""

    question: Question
    mention: Mention
    label: Label


@dataclass(frozen=True, slots=True)
class Settled:
    """A claim, as sure as the stages are of it, and what speaks for it."""

    claim: Claim
    signs: Signs


@dataclass(frozen=True, slots=True)
class _Dated:
    """A claim, whether its date is its sentence's `own` or only follows from the article's day, what sort its coalition is, what speaks
    for it, and the sentences that tell it."""

    claim: Claim
    own: bool
    sort: str
    signs: Signs
    sentences: frozenset[int]


class Claims:
    """Settles the labels of one article into claims."""

    def __init__(self, article: Article, analysis: Analysis, lexicon: Lexicon) -> None:
        self._article = article
        self._analysis = analysis
        self._lexicon = lexicon
        self._full = self._full_names()
        self._in_text = {
            fold(m.surface) for s, ms in zip(analysis.sentences, analysis.mentions, strict=True) if s.part == "text" for m in ms
        }
        day = article.published.date() if article.published else None
        self._timing = Timing(analysis.sentences, day)

    def settle(self, said: list[Said]) -> tuple[Settled, ...]:
        """Gives one claim for each fact that is told, the doubtful ones too."""
        found = tuple(self._agreeing(said))
        sure: dict[str, list[float]] = {}
        for dated in found:
            sure.setdefault(fold(dated.claim.coalition), []).append(dated.claim.confidence)
        for of in sure.values():
            of.sort(reverse=True)
        return tuple(
            Settled(d.claim, replace(d.signs, repeated=len(d.sentences) > 1, fellow=_surest_other(sure[fold(d.claim.coalition)], d.claim)))
            for d in found
        )

    def _agreeing(self, said: list[Said]) -> Iterator[_Dated]:
        """The claims, without those that others make unlikely, and with what others say of their dates and roles."""
        best: dict[tuple[str, str, Event, bool], _Dated] = {}
        for one in said:
            for dated in self._claims(one):
                claim = dated.claim
                key = (
                    fold(claim.coalition),
                    fold(claim.member or ""),
                    _DIRECTION.get(claim.event, claim.event),
                    claim.status is Status.DENIED,
                )
                best[key] = _better(best[key], dated) if key in best else dated
        settled = [dated.claim for dated in best.values()]
        formed = {
            fold(d.claim.coalition): d
            for d in best.values()
            if d.claim.event is Event.FORMED and d.claim.status is not Status.DENIED and d.claim.confidence >= LAUNCHED
        }
        roles = Counter((fold(c.coalition), c.role) for c in settled if c.event is Event.JOINED)
        inside = {(fold(c.coalition), fold(c.member or "")): c.confidence for c in settled if c.event in {Event.JOINED, Event.MEMBER}}
        joined = {
            (fold(c.coalition), fold(c.member or "")): c.confidence
            for c in settled
            if c.event is Event.JOINED and c.status is not Status.DENIED
        }
        absent = {(fold(c.coalition), fold(c.member or "")): c.confidence for c in settled if c.event is Event.ABSENT}
        for dated in best.values():
            claim = dated.claim
            pair = fold(claim.coalition), fold(claim.member or "")
            if claim.event is Event.ABSENT:
                if claim.confidence < inside.get(pair, 0.0) / 2:
                    continue  # who surely joined is no absent one for a doubtful word
                if claim.confidence < joined.get(pair, 0.0) and not _BEFORE_THAT.search(claim.quote.words):
                    continue  # nor for a surer one, unless it is of the time before: "had long stayed out"
            outside = absent.get(pair, 0.0)
            if claim.event is Event.MEMBER and claim.confidence < outside:
                continue  # who is "notably absent" is no member in the next sentence, where it "said only that it was watching"
            launch = formed.get(fold(claim.coalition))
            if launch and launch.claim.date and not dated.own and self._came_with(claim, launch.claim):
                claim = replace(claim, date=launch.claim.date)
            if launch:
                claim = replace(claim, role=_role_at_launch(claim, launch, dated.sort))
            if claim.role is Role.FOUNDER and dated.sort == "text" and not _FOUNDS.search(claim.quote.words):
                body = fold(claim.coalition)
                if roles[body, Role.SIGNATORY] > roles[body, Role.FOUNDER]:
                    claim = replace(claim, role=Role.SIGNATORY)  # where most have signed, all have
            yield replace(dated, claim=claim)

    def _came_with(self, claim: Claim, launch: Claim) -> bool:
        """Whether a member came in when the body was launched: a founder did, and whoever joins in an article that tells of the launch."""
        if launch.date is None or _BEFORE_THAT.search(claim.quote.words):
            return False
        if launch.status is Status.PLANNED:
            return claim.event is Event.WILL_JOIN and claim.status is Status.PLANNED and claim.date is None
        return claim.event is Event.JOINED and (claim.role is Role.FOUNDER or (claim.date is None and self._timing.is_news(launch.date)))

    def _claims(self, one: Said) -> Iterator[_Dated]:
        label, mention = one.label, one.mention
        assert label.event is not None
        body = self._analysis.coalitions[one.question.coalition]
        sentence = self._analysis.sentences[one.question.sentence]
        if _ASKS.search(sentence.text) or _TAKES_BACK.search(sentence.text) or sentence.kind is SentenceKind.HEADING:
            return  # questions and corrections tell nothing, and the headings of a roster ("Governments") are none of its names
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
        day, own = self._timing.of(label.event, label.status, one.question.sentence, mention.start, mention.end)
        name = _coalition_name(body.names)
        how = _HOW_SURE.get(body.how, 0.92)
        near = 1.0 if one.question.named or sentence.kind is SentenceKind.BULLET else NOT_NAMED
        confidence = round(label.probability * how * near * body.chance**CHANCE_COUNTS, 3)
        because = (
            f"{sentence.kind}: {sentence.text[:160]}",
            f"coalition {name}: {body.how}" + ("" if one.question.named else ", not named in the sentence"),
            f"{label.event} {label.probability:.2f}, {label.status}",
        )
        signs = Signs(
            label.probability,
            body.chance,
            max(other.chance for other in self._analysis.coalitions),
            known=bool(body.known),
            unmarked=body.how not in _HOW_SURE,
            acronym=body.name.isupper(),
        )
        for member in members:
            if member is not None and (fold(member) in {fold(n) for n in body.names} or not self._is_told_of(member, sentence)):
                continue
            claim = Claim(
                coalition=name,
                member=member,
                event=label.event,
                status=label.status,
                quote=Quote(sentence.text, sentence.part, sentence.start),
                confidence=confidence,
                role=self._role(label, body.sort, sentence),
                date=day,
                coalition_aliases=tuple(n for n in body.names if n != name),
                because=because,
            )
            yield _Dated(claim, own, body.sort, signs, frozenset({one.question.sentence}))

    def _is_told_of(self, member: str, sentence: Sentence) -> bool:
        """Whether a headline's name is one: the text has it too, or it is known ("Calls It" of "1994 Group Calls It a Day" is none)."""
        if sentence.kind is not SentenceKind.HEADLINE or not self._in_text:
            return True
        folded = fold(member)
        known = self._lexicon.states.exact(member) or self._lexicon.firms.exact(member) or folded in self._lexicon.nationals
        return bool(known) or any(f" {folded} " in f" {name} " for name in self._in_text)

    def _role(self, label: Label, sort: str, sentence: Sentence) -> Role | None:
        if label.event in COALITION_EVENTS:
            return None
        role = label.role
        if role in {None, Role.MEMBER} and label.event in {Event.JOINED, Event.MEMBER, Event.LEFT, Event.ABSENT}:
            if sort == "text" and not _BELONGS.search(sentence.text):
                role = Role.SIGNATORY
            elif label.event in {Event.JOINED, Event.MEMBER} and _ON_BOARD.search(sentence.text):
                role = Role.BOARD
        if (
            role is Role.FOUNDER
            and sort == "text"
            and _SIGNS.search(sentence.text + sentence.lead)
            and not _FOUNDS.search(sentence.text + sentence.lead)
        ):
            role = Role.SIGNATORY
        return role or (Role.MEMBER if label.event in {Event.JOINED, Event.MEMBER} else None)

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


def _surest_other(sure: Sequence[float], claim: Claim) -> float:
    """How sure the surest claim beside one of those of a coalition is, which come in falling order; 0 where there is none."""
    return next(iter(sure[1:2] if sure[0] == claim.confidence else sure), 0.0)


def _coalition_name(names: tuple[str, ...]) -> str:
    """What to call a body: its first name, or where that is an acronym the first full one."""
    first = names[0]
    if " " in first:
        return first
    # "R3 consortium" is no fuller name than "R3"
    return next((n for n in names if " " in n and not fold(n).startswith(f"{fold(first)} ") and fold(n) != fold(first)), first)


def _is_sharper(one: _Dated, other: _Dated) -> bool:
    """Whether a date says the same as another and more, or the other is none; what a sentence itself says is not changed for a guess."""
    if one.claim.date is None or one.own < other.own:
        return False
    return other.claim.date is None or (other.claim.date != one.claim.date and other.claim.date.covers(one.claim.date))


def _role_at_launch(claim: Claim, launch: _Dated, sort: str) -> Role | None:
    """The role of a member in an article that tells of the launch: who comes in with it founds the body, or signs the text."""
    if claim.role is not Role.MEMBER or claim.status is Status.DENIED or _COMES_LATER.search(claim.quote.words):
        return claim.role
    if claim.event is Event.JOINED and launch.claim.status is Status.COMPLETED:
        together = launch.own and claim.date == launch.claim.date
    else:
        together = claim.event is Event.WILL_JOIN and launch.claim.status is Status.PLANNED
    return (Role.SIGNATORY if sort == "text" else Role.FOUNDER) if together else claim.role


def _better(one: _Dated, other: _Dated) -> _Dated:
    """The surer of two claims of one fact, with the date and role that only the other knows; joining says more than being in.

    A date that a sentence gives goes before one that only follows from the article's day.
    """
    event = Event.JOINED if {one.claim.event, other.claim.event} == {Event.JOINED, Event.MEMBER} else None
    if event:
        first, second = (one, other) if one.claim.event is event else (other, one)
    else:
        first, second = (one, other) if one.claim.confidence >= other.claim.confidence else (other, one)
    role = first.claim.role if first.claim.role not in {None, Role.MEMBER} else second.claim.role or first.claim.role
    dated = second if second.own > first.own or _is_sharper(second, first) else first
    sure = max(first.claim.confidence, second.claim.confidence)
    return _Dated(
        replace(first.claim, role=role, date=dated.claim.date, confidence=sure),
        dated.own,
        first.sort,
        replace(first.signs, said=max(first.signs.said, second.signs.said)),
        first.sentences | second.sentences,
    )
