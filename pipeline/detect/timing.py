"""Says when an event took effect: which of a sentence's dates is its own, and what holds where the sentence gives none.

A date that cannot be told is None: none is better than a wrong one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from itertools import pairwise

from pipeline.detect.dates import When, dates
from pipeline.detect.spans import Sentence, SentenceKind
from pipeline.model import Event, PartialDate, Status

OPENING = 3
"""Sentences of the body that tell the news itself, in wire stories and releases alike."""

_ANNOUNCES = re.compile(
    r"\b(?:announces|launches|joins|welcomes|is (?:pleased|proud|delighted)|are (?:pleased|proud|delighted)|we welcome)\b"
)
"""What a release without a date word says of its own day."""
_BEFORE_THAT = re.compile(r"\b(?:had|earlier|previously|once|used to|former|ago)\b")
_JUST_NOW = re.compile(
    r"\b(?:has|have) (?!been\b|had\b)\w+|\b(?:has|have) been \w+(?:ed|n|t)\b|\bwe welcome\b|\b(?:is|are) joining\b", re.I
)
"""The present perfect, by which news tells of its own day: "has resigned from the council"."""
_AT_ONCE = re.compile(r"\b(?:with immediate effect|effective immediately|says it (?:is|has)|is suspending|becomes|announces)\b")
_ASIDES = re.compile(r",?\s(?:which|who|whom|whose|that|where|after|because|although|though|until)\s[^,;:.]*")
_NEW = re.compile(r"\bnew\b|\bnewly\b|\bnewest\b|\blatest\b|\bfor the first time\b|\bnow\b", re.I)
"""What is called new is the article's news, whatever the sentence before tells."""
_TWO_DATES = re.compile(r"\brespectively\b")
_SINCE = re.compile(r"since\b", re.I)
_UNTIL = re.compile(r"until\b", re.I)
_SPAN = re.compile(r"\s?(?:to|until|till|through|[–-])\b")
_BEGINS = frozenset({Event.JOINED, Event.MEMBER, Event.ABSENT, Event.FORMED, Event.RENAMED, Event.MERGED})
_EFFECTIVE = re.compile(r"\b(?:effect|effective|force)(?:\s(?:from|on|as of|as from|at|in))?\s*$", re.I)
"""What stands before the day from which something holds, whatever other days the sentence has."""
BACK = 2
"""So many sentences back the time is looked for of which a sentence without a date goes on to tell."""
RECENT = 45
"""What lies so many days back is no news any more."""
REACH = 6
"""A plan's day is looked for so many sentences on either side."""
_EFFECT = re.compile(
    r"\b(?:effect|effective|into force|becomes?|as of|from|join|leav|withdraw|membership|accession|start|begin|last day|"
    r"expire|until|out)",
    re.I,
)
_ASKS = re.compile(
    r"\b(?:re)?appl|\bask|\binvit|\brequest|\bsought|\bput in\b|\bsubmi|\bhanded in|\bdeposit|\bsent in|\bpapers?\b|\bpending", re.I
)
_HAPPENS = {
    event: re.compile(rf"\b(?:{words}|follow|likewise|the same|did so)", re.I)
    for event, words in {
        Event.JOINED: r"join|found|co-found|rejoin|re-?ent|sign|acced|access|admit|admis|becam|becom|enter|entr|came|come|"
        r"back|welcom|accept|"
        r"return|ratif|let in|part of|took up|added|arriv|readmi|launch|set up|set it up|form|creat|establish|belong|lift|"
        r"restor|resum|reinstat|putt? (?:its|their) name",
        Event.LEFT: r"left|leav|quit|exit|withdr|pull|walk|depart|drop|gone|went|resign|ceas|laps|out of|out\b|end|desert|"
        r"abandon|cancel|g[ai]ve(?:n|s)? up|revok|denounc|terminat|expir|struck|tore|conclud|stepp|took",
        Event.SUSPENDED: r"suspen|barr|froze|freez",
        Event.EXPELLED: r"expel|expul|throw|threw|thrown|eject|exclu|kick|remov|struck|put out|shut out",
        Event.WILL_JOIN: r"appl|invit|join|sign|acced|access|enter|become|approv|agree|admit|talk|bid|come|effect|follow|vote",
        Event.WILL_LEAVE: r"leav|quit|exit|withdr|pull|depart|go\b|out\b|end\b|ends\b|expir|laps|effect|follow",
        Event.FORMED: r"form|found|creat|launch|establish|set|began|begin|start|born|birth|sign|date|unveil|made|life|built",
        Event.DISSOLVED: r"dissol|disband|clos|shut|end|fold|wound|ceas|expir|buried|collapse|over\b",
        Event.SUSPENDED_OPERATIONS: r"suspen|halt|stop|froze|paus",
        Event.RENAMED: r"renam|call|chang|name|known|becom|becam",
        Event.MERGED: r"merg|fold|join|absor|unit|one\b",
        Event.DECLINED: r"declin|reject|refus|turn|no\b|not\b|against",
    }.items()
}
"""Words that tell an event, to find the date beside them: "Spain joined in 1961, left in 1969"."""
_BESIDE = re.compile(r"\s\((?:\w+\s){0,3}|,?(?:\s(?:and|in|on|since|from|early|late|back|only|then|[A-Z][\w’'-]+),?)*\s?")
"""What may stand between a name and its own date: "Brunei in 1984, Laos and Myanmar in 1997"."""
_ASIDE = re.compile(r"\b(?:which|who|whose|whom)\s[^,;:]*$|,\s(?!and\b)\w+(?:ed|en|wn)\b[^,;:]*$")
"""What opens a clause that only says something more of a name: ", which joined in"; ", suspended in"."""
_CUT = re.compile(
    r"[;:]|(?<!\d),\s(?=(?:and|but|while|which|who|whose|when|where|whereas|after|before|as|because|though|although)\b)"
    r"|\band\b(?=\s(?:[A-Z]|(?:was|were|has|have|had|is|then|later|now|in|on)\b|\w+(?:ed|t|ew)\b))|\b(?:while|whereas|when|"
    r"where|because)\b"
    r"|\b(?:after|before)\b(?=\s\w+ing\b|\s[a-z]+\s|\s[A-Z])|\bthat\b"
)
"""Where one clause ends and the next begins, as far as words show it."""


def news_day(opening: Sequence[str], published: date | None) -> PartialDate | None:
    """Finds the day that an article's opening sentences give for its news: "on Tuesday" or "today", not the day of something older.

    >>> str(news_day(("Nine banks signed on Tuesday.", "It began in 2019."), date(2024, 5, 16)))
    '2024-05-14'
    """
    if published is None:
        return None
    for text in opening:
        for when in dates(text, published):
            if when.date.day is not None and 0 <= (published - when.date.earliest()).days <= 7:
                return when.date
    return PartialDate(published.year, published.month, published.day) if any(_ANNOUNCES.search(text) for text in opening) else None


class Timing:
    """The times of one article's events."""

    def __init__(self, sentences: Sequence[Sentence], published: date | None) -> None:
        self._sentences = sentences
        self._published = published
        body = [n for n, s in enumerate(sentences) if s.part == "text" and s.kind is SentenceKind.BODY]
        self._opening = set(body[:OPENING])
        self._news_day = news_day([sentences[n].text for n in body[:OPENING]], published)
        self._found: dict[tuple[int, bool], tuple[When, ...]] = {}

    def of(self, event: Event, status: Status, number: int, start: int, end: int) -> tuple[PartialDate | None, bool]:
        """When an event took effect that sentence `number` tells of a name at `start` to `end`, and whether the sentence itself says so."""
        text = self._sentences[number].text
        found = self._dates(number, status in {Status.PLANNED, Status.PROPOSED})
        fit = possible(event, status, found, text, self._published)
        day = date_of(event, text, start, end, fit)
        if day is not None:
            return day, True
        if any(not when.tied for when in fit):
            return None, False
        if event in {Event.WILL_JOIN, Event.WILL_LEAVE} or status is Status.PLANNED:
            return self._effect(event, status, number), False
        return self._unsaid(event, status, self._sentences[number], number), False

    def is_news(self, day: PartialDate) -> bool:
        """Whether a date is of the article's own days."""
        return self._published is None or (self._published - day.latest()).days <= RECENT

    def _dates(self, number: int, ahead: bool) -> tuple[When, ...]:
        if (number, ahead) not in self._found:
            self._found[number, ahead] = dates(self._sentences[number].text, self._published, ahead=ahead, before=self._before(number))
        return self._found[number, ahead]

    def _before(self, number: int) -> PartialDate | None:
        """The last date that the sentence before gives."""
        if number == 0 or self._sentences[number - 1].part != self._sentences[number].part:
            return None
        found = dates(self._sentences[number - 1].text, self._published)
        over = [w.date for w in found if self._published is None or w.date.earliest() <= self._published]
        return over[-1] if over else None

    def _effect(self, event: Event, status: Status, number: int) -> PartialDate | None:
        """The day from which a plan is to hold, where a sentence near the one that tells of it gives one."""
        if status is not Status.PLANNED or self._published is None:
            return None
        near = sorted(range(len(self._sentences)), key=lambda n: (abs(n - number), n < number))
        for other in near[1 : 2 * REACH + 1]:
            text = self._sentences[other].text
            for when in self._dates(other, True):
                if when.date.latest() > self._published and not when.told and _EFFECT.search(text):
                    return when.date
        return None

    def _unsaid(self, event: Event, status: Status, sentence: Sentence, number: int) -> PartialDate | None:
        """The day of what a sentence without a date reports as the article's news: in the opening, a list, the present tense."""
        if event in {Event.MEMBER, Event.ABSENT} or status is not Status.COMPLETED or _BEFORE_THAT.search(_ASIDES.sub("", sentence.text)):
            return None
        if self._published is None:
            return None
        today = PartialDate(self._published.year, self._published.month, self._published.day)
        if _AT_ONCE.search(sentence.text):
            return today
        if number in self._opening or sentence.kind is SentenceKind.HEADLINE or _JUST_NOW.search(sentence.text):
            return self._news_day or today
        if sentence.kind is SentenceKind.BULLET:
            led = dates(sentence.lead, self._published)
            return led[-1].date if led else self._news_day or today
        if event is Event.DECLINED:
            return None
        return self._topic(number) or self._news_day or today

    def _topic(self, number: int) -> PartialDate | None:
        """The older time of which the sentences before tell, where they tell of one."""
        sentence = self._sentences[number]
        if _NEW.search(sentence.text):
            return None
        for other in range(number - 1, max(-1, number - 1 - BACK), -1):
            before = self._sentences[other]
            if before.part != sentence.part or before.block < sentence.block - 1:
                break
            found = [w for w in self._dates(other, False) if not w.told and not w.deadline]
            if found:
                last = found[-1].date
                return last if self._published and last.earliest() <= self._published else None
        return None


def possible(event: Event, status: Status, found: Sequence[When], text: str, published: date | None) -> tuple[When, ...]:
    """Leaves out the dates that cannot be the event's: past ones of a plan, deadlines of what was done, and what is only to come."""
    if status is Status.COMPLETED:
        ends = event not in _BEGINS
        fit = tuple(w for w in found if not w.deadline or (ends and _led(_UNTIL, text, w)))
        if event in {Event.MEMBER, Event.ABSENT}:
            return fit
        # Of a span ("in from 1996 to 2009") its end is that of leaving; "since" tells when something began.
        spans = {(one, other) for one, other in pairwise(fit) if _SPAN.match(text, one.end, other.end)}
        fit = tuple(w for w in fit if not any(w is (one if ends else other) for one, other in spans))
        fit = tuple(w for w in fit if not (ends and event is not Event.SUSPENDED and _led(_SINCE, text, w)))
        if published:
            # "Its exit, announced a year ago, is now effective": what was said then is not what happened then.
            fit = tuple(w for w in fit if not w.told or (published - w.date.latest()).days <= RECENT)
            fit = tuple(w for w in fit if (w.date.earliest() - published).days <= 31) or fit
        words = [m.start() for m in _HAPPENS[event].finditer(text)] if event in _HAPPENS else []
        return tuple(
            w
            for w in fit
            if not (words and _is_foreign(event, text, w) and _ASIDE.search(text[: w.start]) and all(_parted(text, w, at) for at in words))
        )
    if published is None:
        return tuple(found)
    if event in {Event.WILL_JOIN, Event.WILL_LEAVE} or status is Status.PLANNED:
        return tuple(w for w in found if w.date.latest() > published or (status is Status.PROPOSED and not w.told and _asked(text, w)))
    return tuple(found)


def _asked(text: str, when: When) -> bool:
    """Whether a date is that of an application or invitation: there is nothing later that a proposal could be dated by."""
    return bool(_ASKS.search(_CUT.split(text[: when.start])[-1]))


def date_of(event: Event, text: str, start: int, end: int, found: Sequence[When]) -> PartialDate | None:
    """Chooses the date of an event that is told of a name at `start` to `end`: the one beside the event's own words.

    Membership has a date only where the text says since when.

    >>> text = "Spain joined in 1961, left in 1969 and came back in 1983."
    >>> [str(date_of(e, text, 0, 5, dates(text, None))) for e in (Event.JOINED, Event.LEFT, Event.MEMBER)]
    ['1961', '1969', 'None']
    """
    if event in {Event.MEMBER, Event.ABSENT}:
        return next((w.date for w in found if _led(_SINCE, text, w)), None)
    if not found:
        return None
    if len(found) == 1 and not found[0].tied:
        return found[0].date
    if len(found) == 2 and _TWO_DATES.search(text, found[1].end):
        return found[not re.match(r"\s+and\b", text[end:])].date  # "Peru and Chile, which joined in 2012 and 2013 respectively"
    beside = next((w for w in found if w.start >= end and _BESIDE.fullmatch(text, end, w.start)), None)
    if beside:
        return beside.date
    words = [m.start() for m in _HAPPENS[event].finditer(text)] if event in _HAPPENS else []
    words = words or [start]
    best = min(
        (
            (_cost(event, text, start, end, w, at), n)
            for n, w in enumerate(found)
            for at in words
            # "has joined, five weeks after it stayed away from the launch": what is dated is the other thing
            if not (w.tied and min(words) < w.start)
        ),
        default=None,
    )
    return found[best[1]].date if best else None


def _cost(event: Event, text: str, start: int, end: int, when: When, word: int) -> float:
    """How far apart a date, a word that tells the event and the name it is told of are, in words; a new clause is some words more."""
    cost = _apart(text, when.start, when.end, word) * 1.0 + _apart(text, start, end, word) * 0.5
    cost -= 8.0 * bool(_EFFECTIVE.search(text[: when.start]))
    cost += 8.0 * _is_foreign(event, text, when)
    return cost + (2.0 if when.start < word else 0.0) + (3.0 if word < start else 0.0) + (4.0 if when.told else 0.0)


def _led(word: re.Pattern[str], text: str, when: When) -> bool:
    """Whether a date follows that word, which the phrase itself may hold ("since March", "since 3 March")."""
    before = text[: when.start].rsplit(None, 1)[-1:]
    return bool(word.match(text, when.start) or (before and word.fullmatch(before[0])))


def _parted(text: str, when: When, at: int) -> bool:
    """Whether a new clause begins between a date and a word; a comma ends the aside that holds the date."""
    return bool(_CUT.search(text, at, when.start)) if at < when.start else "," in text[when.end : at]


def _is_foreign(event: Event, text: str, when: When) -> bool:
    """Whether a date belongs to another event: the last word before it that tells one, in its clause, is of others only."""
    before = text[: when.start]
    cut = max((m.end() for m in _CUT.finditer(before)), default=0)
    last, of = -1, set[Event]()
    for other, words in _HAPPENS.items():
        for m in words.finditer(before, cut):
            if m.start() > last:
                last, of = m.start(), {other}
            elif m.start() == last:
                of.add(other)
    return bool(of) and event not in of


def _apart(text: str, start: int, end: int, at: int) -> float:
    between = text[end:at] if at >= end else text[at:start] if at < start else ""
    return len(between.split()) + 6.0 * len(_CUT.findall(between))
