"""Reads when something took effect: date phrases in a sentence, held against the day on which it was published.

A date that cannot be told is None: none is better than a wrong one. Nothing here knows what happened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from pipeline.model import Event, PartialDate

_MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug", "september sep sept",
         "october oct", "november nov", "december dec"), start=1)
    for name in names.split()
}  # fmt: skip
_DAYS = {name: number for number, name in enumerate(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"])}
_NUMBERS = {word: number for number, word in enumerate("a two three four five six seven eight nine ten eleven twelve".split(), start=1)}
_ORDINALS = {
    word: number for number, word in enumerate("first second third fourth fifth sixth seventh eighth ninth tenth".split(), start=1)
}
_MONTH = (
    r"(?P<month>Jan(?:uary|\.)?|Feb(?:ruary|\.)?|Mar(?:ch|\.)?|Apr(?:il|\.)?|May|June?|July?|"
    r"Aug(?:ust|\.)?|Sept?(?:ember|\.)?|Oct(?:ober|\.)?|Nov(?:ember|\.)?|Dec(?:ember|\.)?)"
)
_PHRASES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: day)?(?: of)? {_MONTH}(?:,? (?P<year>\d{{4}}))?\b",
        rf"\b(?P<ordinal>{'|'.join(_ORDINALS)})(?: day)? of {_MONTH}(?:,? (?P<year>\d{{4}}))?\b",
        rf"\b{_MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (?P<year>\d{{4}})\b)?",
        r"\b(?P<iso>\d{4}-\d{2}-\d{2})\b",
        rf"\b{_MONTH},? (?:of )?(?P<year>\d{{4}})\b",
        rf"\b(?P<rel>last|next|this) {_MONTH}\b",
        r"\b(?:by |at |before )?(?:the )?(?P<end>year-end|end of (?:the|this) year|end of (?P<endyear>\d{4})|end of next year)\b",
        rf"\b(?:[Ii]n|[Ss]ince|[Bb]y|[Uu]ntil|[Dd]uring|[Ff]rom|[Oo]f|early|late|mid|[Bb]ack in)[ -]{_MONTH}\b(?! \d)",
        r"\b(?:on |On |last |this |next |late |early |by |before |until )?(?P<weekday>Monday|Tuesday|Wednesday|Thursday|Friday|"
        r"Saturday|Sunday)\b",
        rf"\b(?:just |barely |some |about |nearly |almost )?(?P<ago>\d{{1,3}}|{'|'.join(_NUMBERS)}) (?P<unit>year|month)s? (?:ago|"
        rf"earlier|after|before)\b",
        r"\band (?P<year>(?:19|20)\d{2})(?=,? respectively)",
        r"\b(?P<word>[Tt]oday|[Yy]esterday|[Tt]omorrow|[Tt]onight|[Tt]his morning)\b",
        r"\b(?P<span>(?:[Ee]arlier |[Ll]ater )?[Tt]his (?:year|month|week)|[Ll]ast (?:year|month|week)|[Nn]ext (?:year|month|week))\b",
        r"\b(?P<season>[Ll]ast (?:spring|summer|autumn|fall|winter))\b",
        r"(?:\b(?:[Ii]n|[Ss]ince|[Bb]y|[Uu]ntil|[Dd]uring|[Ff]rom|[Oo]f|[Ee]arly|[Ll]ate|mid-?|[Bb]efore|[Aa]fter|[Uu]ntil|[Ss]pring|"
        r"[Ss]ummer|[Aa]utumn|[Ww]inter|back in)[ -]|\()(?P<year>(?:19|20)\d{2})\b(?!\s?(?:%|percent|km|people|members|companies|"
        r"euros|dollars))",
    )
)


_ANNOUNCES = re.compile(
    r"\b(?:announces|launches|joins|welcomes|is (?:pleased|proud|delighted)|are (?:pleased|proud|delighted)|we welcome)\b"
)
"""What a release without a date word says of its own day."""
_DEADLINE = re.compile(r"\b(?:by|until|before)(?:\sthe)?(?:\s(?:end|start|beginning))?(?:\sof)?\s*$", re.I)
_AHEAD = re.compile(r"\b(?:will|would|must|shall|due|expected|hopes?|plans?|may|might)\b[^.;]*$")
"""What stands before a month that is to come: "on which the assembly will decide in December"."""
_TWO_DATES = re.compile(r"\brespectively\b")
_HAPPENS = {
    Event.JOINED: r"join|found|co-found|rejoin|sign|acced|admit|becam|becom|enter|came|come|back|welcom|accept|return|ratif|let in|part of",
    Event.LEFT: r"left|leav|quit|exit|withdr|pull|walk|depart|drop|gone|went|resign|ceas|laps|out of|out\b|end",
    Event.SUSPENDED: r"suspen|barr|froze",
    Event.EXPELLED: r"expel|expul|throw|threw|thrown|eject|exclu|kick|remov",
    Event.WILL_JOIN: r"appl|invit|join|sign|acced|enter|become|approv|agree|admit|talk|bid",
    Event.WILL_LEAVE: r"leav|quit|exit|withdr|pull|depart|notice|go\b|out of",
    Event.FORMED: r"form|found|creat|launch|establish|set up|began|begin|start|born|sign|date",
    Event.DISSOLVED: r"dissol|disband|clos|shut|end|fold|wound",
    Event.RENAMED: r"renam|call|chang|name",
    Event.MERGED: r"merg|fold|join|absor",
    Event.DECLINED: r"declin|reject|refus|turn|no\b",
}
"""Words that tell an event, to find the date beside them: "Spain joined in 1961, left in 1969"."""


@dataclass(frozen=True, slots=True)
class When:
    """A date phrase: what it means and where it stands in the sentence.

    A `deadline` ("by the end of April") says when something was to be done, not when something was.
    """

    date: PartialDate
    start: int
    end: int
    deadline: bool = False


def dates(text: str, published: date | None, *, ahead: bool = False) -> tuple[When, ...]:
    """Finds the date phrases of a sentence, by place.

    `published` is the day the article is dated; without it relative phrases ("on Tuesday") mean nothing. `ahead` reads
    phrases without a year as of the future ("in March" of a plan), otherwise as of the past.

    >>> [str(w.date) for w in dates("It left on Tuesday, two years after joining in July 2022.", date(2024, 5, 16))]
    ['2024-05-14', '2022-07']
    >>> [str(w.date) for w in dates("It will join in January and sign by the end of the year.", date(2024, 5, 16), ahead=True)]
    ['2025-01', '2024-12']
    """
    found: list[When] = []
    for phrase in _PHRASES:
        for match in phrase.finditer(text):
            if any(match.start() < w.end and w.start < match.end() for w in found):
                continue
            meaning = _meaning(match, published, ahead or bool(_AHEAD.search(text[: match.start()])))
            if meaning:
                core = min(match.start(name) for name, part in match.groupdict().items() if part)
                found.append(When(meaning, match.start(), match.end(), bool(_DEADLINE.search(text[:core]))))
    found.sort(key=lambda w: w.start)
    # "two years after joining in July 2022": the sharper date that follows says the same.
    return tuple(
        w
        for w, following in zip(found, [*found[1:], None][: len(found)], strict=True)
        if not (
            following
            and "year" in text[w.start : w.end]
            and text[w.start : w.end].endswith(("after", "before"))
            and following.start - w.end < 40
        )
    )


def _meaning(match: re.Match[str], published: date | None, ahead: bool) -> PartialDate | None:
    parts = match.groupdict()
    try:
        if parts.get("iso"):
            return PartialDate.parse(parts["iso"])
        month = _MONTHS[parts["month"].lower().rstrip(".")] if parts.get("month") else None
        year = int(parts["year"]) if parts.get("year") else None
        day = int(parts["day"]) if parts.get("day") else _ORDINALS.get(parts.get("ordinal") or "")
        if year:
            return PartialDate(year, month, day)
        if published is None:
            return PartialDate(int(parts["endyear"]), 12) if parts.get("endyear") else None
        if month:
            return _nearest(month, day, published, ahead, parts.get("rel") or "")
        return _relative(parts, published, ahead, match.group().lower())
    except ValueError:  # "31 June": a misprint says nothing
        return None


def _nearest(month: int, day: int | None, published: date, ahead: bool, relation: str) -> PartialDate:
    year = published.year
    if ahead or relation == "next":
        if (month, day or 31) < (published.month, published.day):
            year += 1
    # A month without a year is of the last twelve months; a day may lie a little ahead ("on 1 July" of a release dated 28 June).
    elif (
        month > published.month
        or (month == published.month and day and day > published.day + 7)
        or (relation == "last" and month >= published.month)
    ):
        near = day is not None and 0 < (PartialDate(year, month, day).earliest() - published).days <= 31
        year -= 0 if near else 1
    return PartialDate(year, month, day)


def _relative(parts: dict[str, str | None], published: date, ahead: bool, phrase: str) -> PartialDate | None:
    if weekday := parts.get("weekday"):
        back = (published.weekday() - _DAYS[weekday.lower()]) % 7
        # "Argentina will withdraw, its spokesman said on Wednesday": a bare weekday is the past, whatever is planned.
        if phrase.startswith(("next", "by", "before", "until")):
            return _whole(published + timedelta(days=(7 - back) % 7 or 7))
        return _whole(published - timedelta(days=back))
    if word := parts.get("word"):
        shift = {"yesterday": -1, "tomorrow": 1}.get(word.lower(), 0)
        return _whole(published + timedelta(days=shift))
    if ago := parts.get("ago"):
        back = int(ago) if ago.isdigit() else _NUMBERS[ago]
        months = published.year * 12 + published.month - 1 - back
        return PartialDate(published.year - back) if parts["unit"] == "year" else PartialDate(months // 12, months % 12 + 1)
    if parts.get("end"):
        return PartialDate(int(parts["endyear"] or 0) or published.year + ("next" in phrase), 12)
    if season := parts.get("season"):
        begins = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}[season.split()[1]]
        return PartialDate(published.year - (begins >= published.month))
    span = (parts.get("span") or "").lower()
    step = -1 if span.startswith("last") else 1 if span.startswith("next") else 0
    if span.endswith("week"):
        week = published + timedelta(days=7 * step)
        return PartialDate(week.year, week.month)
    if span.endswith("month"):
        months = published.year * 12 + published.month - 1 + step
        return PartialDate(months // 12, months % 12 + 1)
    if span.endswith("year"):
        return PartialDate(published.year + step)
    return None


def _whole(day: date) -> PartialDate:
    return PartialDate(day.year, day.month, day.day)


def news_day(opening: tuple[str, ...], published: date | None) -> PartialDate | None:
    """The day that an article's opening sentences give for its news: "on Tuesday" or "today", not the day of something older.

    >>> str(news_day(("Nine banks signed on Tuesday.", "It began in 2019."), date(2024, 5, 16)))
    '2024-05-14'
    """
    if published is None:
        return None
    for text in opening:
        for when in dates(text, published):
            if when.date.day is not None and 0 <= (published - when.date.earliest()).days <= 7:
                return when.date
    return _whole(published) if any(_ANNOUNCES.search(text) for text in opening) else None


def date_of(event: Event, text: str, start: int, end: int, found: tuple[When, ...]) -> PartialDate | None:
    """Chooses the date of an event that is told of a name at `start` to `end`: the one beside the event's own words.

    Membership has a date only where the text says since when.

    >>> text = "Spain joined in 1961, left in 1969 and came back in 1983."
    >>> [str(date_of(e, text, 0, 5, dates(text, None))) for e in (Event.JOINED, Event.LEFT, Event.MEMBER)]
    ['1961', '1969', 'None']
    """
    if event in {Event.MEMBER, Event.ABSENT}:
        return next(
            (w.date for w in found if re.search(r"\bsince\s*$", text[: w.start]) or text[w.start :].startswith(("since", "Since"))), None
        )
    if len(found) == 2 and _TWO_DATES.search(text, found[1].end):
        return found[not re.match(r"\s+and\b", text[end:])].date  # "Peru and Chile, which joined in 2012 and 2013 respectively"
    if len(found) > 1 and event in _HAPPENS and not text[end : end + 3].strip().startswith("("):
        told = [m for m in re.finditer(rf"\b(?:{_HAPPENS[event]})", text, re.I) if m.start() >= end]
        for word in told[:1]:
            following = [w for w in found if w.start >= word.start()]
            if following and not re.search(r"[;:]|,\s(?:and|but|while|which|who)\b", text[word.end() : following[0].start]):
                return following[0].date
    return nearest(found, start, end, text)


def nearest(found: tuple[When, ...], start: int, end: int, text: str) -> PartialDate | None:
    """Chooses the date that belongs to words at `start` to `end`: in parentheses right after them, in their clause, else the only one.

    >>> text = "Qatar left in 2019 and Ecuador followed in 2020."
    >>> str(nearest(dates(text, None), 23, 30, text))
    '2020'
    """
    if not found:
        return None
    after = [w for w in found if w.start >= end]
    before = [w for w in found if w.end <= start]
    if after and after[0].start - end <= 3 and text[end : after[0].start + 1].strip().startswith("("):
        return after[0].date
    if len(found) == 1:
        return found[0].date
    clauses: Iterator[re.Match[str]] = re.finditer(
        r"[;:]|,\s(?:and|but|while|which|who)\b|\band\b(?=\s+[A-Z])|\bwhile\b|\bafter\b|\bbefore\b", text
    )
    cuts = [c.start() for c in clauses]
    same = [w for w in after if not any(end <= c < w.start for c in cuts)]
    if same:
        return same[0].date
    same = [w for w in before if not any(w.end <= c < start for c in cuts)]
    if same:
        return same[-1].date
    return (after or before[-1:] or found)[0].date
