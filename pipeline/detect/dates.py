"""Reads date phrases: what "on Tuesday", "in July" or "a year later" mean on the day on which a sentence was published.

A phrase that cannot be told is left out: none is better than a wrong one. Nothing here knows what happened; which phrase is the
date of an event is for `timing` to say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from pipeline.model import PartialDate

_MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug", "september sep sept",
         "october oct", "november nov", "december dec"), start=1)
    for name in names.split()
}  # fmt: skip
_DAYS = {name: number for number, name in enumerate(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"])}
_ONES = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_NUMBERS = {"a": 1, "an": 1, **{word: number for number, word in enumerate(_ONES.split(), start=1)}, **_TENS}
_ORDINALS = {
    word: number
    for number, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth".split(), start=1
    )
}
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
"""Seasons with the month in which each begins."""
_HOLIDAYS = {
    "christmas eve": (12, 24),
    "christmas": (12, None),
    "new year's eve": (12, 31),
    "new year's day": (1, 1),
    "new year": (1, None),
}

_MONTH = (
    r"(?P<month>Jan(?:uary|\.)?|Feb(?:ruary|\.)?|Mar(?:ch|\.)?|Apr(?:il|\.)?|May|June?|July?|"
    r"Aug(?:ust|\.)?|Sept?(?:ember|\.)?|Oct(?:ober|\.)?|Nov(?:ember|\.)?|Dec(?:ember|\.)?)"
)
_YEAR = r"(?P<year>(?:1[6-9]|20)\d{2})"
_OF_YEAR = rf"(?:,? (?:of )?{_YEAR}| (?:of )?(?P<relyear>last|this|next) year)"
_COUNT = rf"(?P<count>\d{{1,3}}|(?i:(?:{'|'.join(_TENS)})-(?:{'|'.join(_ONES.split()[:9])})|{'|'.join(_NUMBERS)}))(?P<half> and a half)?"
_UNIT = r"(?P<unit>decade|year|month|week|day)s?"
_IN = (
    r"(?:[Ii]n|[Ss]ince|[Bb]y|[Uu]ntil|[Tt]ill|[Dd]uring|[Ff]rom|[Oo]f|[Tt]o|[Ff]or|[Tt]hrough|[Aa]round|[Ee]arly|[Ll]ate|[Mm]id-?|"
    r"[Bb]efore|[Aa]fter|[Bb]etween|[Bb]ack in|[Aa]s of|[Tt]his past)"
)
_PHRASES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: day)?(?: of)? {_MONTH}{_OF_YEAR}?\b",
        rf"\b(?P<ordinal>{'|'.join(_ORDINALS)})(?: day)? of {_MONTH}{_OF_YEAR}?\b",
        rf"\b{_MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?:{_OF_YEAR}\b)?",
        r"\b[Oo]n the (?P<dayof>\d{1,2})(?:st|nd|rd|th)\b(?! (?:anniversary|birthday|floor))(?P<thismonth>(?: day)? of this month)?",
        r"\b(?P<iso>\d{4}-\d{2}-\d{2})\b",
        rf"\b{_MONTH}{_OF_YEAR}\b",
        rf"\b(?P<rel>[Ll]ast|[Nn]ext|[Tt]his) {_MONTH}\b",
        rf"\b(?:[Bb]y |[Aa]t |[Bb]efore )?(?:the )?(?P<end>year-end|year['’]s end|(?:end|close) of (?:the|this|next) (?:year|month)|"
        rf"(?:end|close) of {_YEAR.replace('year', 'endyear')}|(?:the|this) year (?:is|was) (?:out|over)|end of last (?:year|month))\b",
        rf"\b(?:{_IN}|and|or)[ -]{_MONTH}\b(?! \d)",
        r"\b(?P<holiday>New Year['’]s (?:Day|Eve)|[Tt]he New Year|[Tt]he new year|New Year|Christmas(?: Eve)?|[Tt]he turn of the year)\b",
        r"\b(?:(?P<side>[Ll]ast|[Nn]ext|[Tt]his) )?(?P<weekday>Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)(?:['’]s)?"
        r"(?P<week> (?:of )?last week| week)?\b",
        r"\b(?P<edge>first|last) day of (?:the year )?(?P<endyear>\d{4})\b",
        rf"^{_MONTH}(?=:| [–—-] )",
        rf"\b{_COUNT} {_UNIT}['’]? (?P<way>ago(?: this (?:week|month)| today)?|earlier|sooner|before|later|afterwards|after|"
        rf"from now|hence)\b",
        rf"\b[Ii]n {_COUNT} {_UNIT}(?P<ahead>['’] time|['’]s time)?\b",
        r"\b(?P<next>[Tt]he (?:(?:year|month|day)(?= (?P<far>after|before)\b) |(?:following|previous|next|same) (?:year|month|day)\b)|"
        r"(?<!of )\b[Tt]h(?:at|e very same|is same) (?:year|month|day)\b|"
        r"[Oo]n the same day)(?:after|before)?\b",
        r"\b(?P<word>[Tt]oday|[Yy]esterday|[Tt]omorrow|[Tt]onight|[Tt]his (?:morning|afternoon|evening|day)|[Ll]ast night|[Oo]vernight|"
        r"(?:at|since) midnight(?! (?:on|between)))\b",
        r"\b(?P<span>[Tt]his (?:year|month|week|weekend)|[Ll]ast (?:year|month|week|weekend)|[Nn]ext (?:year|month|week))\b",
        rf"\b(?:(?P<side>[Ll]ast|[Tt]his|[Nn]ext|[Tt]he following) |{_IN} (?:the )?(?:early |late )?|"
        rf"[Tt]he )(?P<season>spring|summer|autumn|"
        rf"fall|winter)\b(?: of {_YEAR}| {_YEAR.replace('year', 'endyear')})?",
        rf"(?:\b(?:{_IN}|[Ss]pring|[Ss]ummer|[Aa]utumn|[Ww]inter|[Ff]ounded|[Ee]stablished|[Cc]reated|and|or|than|year)[ -]|\(){_YEAR}\b"
        r"(?!\s?(?:%|percent|km|people|members|companies|euros|dollars|hectares|tonnes))",
        rf"(?<=, ){_YEAR}(?=[,;.])",
    )
)  # fmt: skip

_DEADLINE = re.compile(r"\b(?:by|until|before)(?:\sthe)?(?:\s(?:end|start|beginning))?(?:\sof)?\s*$", re.I)
_COMES = re.compile(r"(?:['’]ll|\bwon['’]t)\b|\b(?:will|would|must|shall|due|expected|hopes?|plans?|may|might|can|is to|are to)\b")
"""What stands before a month or weekday that is to come: "on which the assembly will decide in December"."""
_COMES_OF_PLANS = re.compile(
    rf"{_COMES.pattern}|\b(?:to (?!the\b|an?\b|its\b|their\b|this\b)[a-z]+|from|as of|effective|(?:is|are) \w+ing|intends?|wants?)\b"
)
"""The same in a sentence that is known to tell of a plan."""
_THEN_COMES = re.compile(r",?\s(?:it\s|they\s)?(?:will|would)\b")
_DONE = re.compile(
    r"\b(?:was|were|had|(?:has|have)(?! (?:an?|the|to|no)\b)|did|took|made|gave|put|sent|met|chose|went|came|left|said|told|"
    r"wrote|won|held|got|became|began|"
    r"brought|let|lost|paid|saw|set|stood|threw|withdrew|quit|(?<!be )(?!need|indeed)\w{3,}ed)\b"
)
"""What stands before a weekday or month that is over, though the sentence tells of a plan: "voted on Monday to leave"."""
_SAYS = (
    r"(?:sa(?:id|ys|ying)|told|tells|announc\w+|report(?:ed|s)|confirm(?:ed|s)|wrote|writes|declar(?:ed|es)|added|stated?|disclosed|"
    r"revealed|(?:made|making) (?:it )?public|notif\w+|inform(?:ed|s)|repeated|hinted|denied|quoted)"
)
_TOLD_BEFORE = re.compile(rf"\b{_SAYS}(?:\s(?!(?:that|it|they|he|she|would|will|to|and|but|which|who)\b)[^\s,;:]+){{0,4}}\s*$")
_TOLD_AFTER = re.compile(rf"^,?\s(?:(?!(?:that|which|who|when|and|but)\b)[^\s,;:]+\s){{0,5}}{_SAYS}\b")
_OPENS = re.compile(r"(?:^|[,;:]\s)(?:[Oo]n\s|[Ii]n\s)?$")
"""What stands before a date that opens its clause: "On Tuesday the ministry said"."""


@dataclass(frozen=True, slots=True)
class When:
    """A date phrase: what it means and where it stands in the sentence.

    A `deadline` ("by the end of April") says when something was to be done, not when something was. One that is `told` is the
    day on which somebody spoke. One that is `tied` belongs to the words right after it: "two years after joining".
    """

    date: PartialDate
    start: int
    end: int
    deadline: bool = False
    told: bool = False
    tied: bool = False


def dates(text: str, published: date | None, *, ahead: bool = False, before: PartialDate | None = None) -> tuple[When, ...]:
    """Finds the date phrases of a sentence, by place.

    `published` is the day the article is dated; without it relative phrases ("on Tuesday") mean nothing. `ahead` reads
    phrases without a year as of the future ("in March" of a plan), otherwise as of the past. `before` is the date that the
    sentence before gave: "a year later" counts from it where the sentence has none of its own.

    >>> [str(w.date) for w in dates("It left on Tuesday, two years after joining in July 2022.", date(2024, 5, 16))]
    ['2024-05-14', '2022-07']
    >>> [str(w.date) for w in dates("It will join in January and sign by the end of the year.", date(2024, 5, 16), ahead=True)]
    ['2025-01', '2024-12']
    >>> [str(w.date) for w in dates("It was set up in 2021 and renamed a year later.", None)]
    ['2021', '2022']
    """
    matches: list[re.Match[str]] = []
    for phrase in _PHRASES:
        for match in phrase.finditer(text):
            if not any(match.start() < m.end() and m.start() < match.end() for m in matches):
                matches.append(match)
    matches.sort(key=lambda m: m.start())
    found: list[When] = []
    for match, following in zip(matches, [*matches[1:], None][: len(matches)], strict=True):
        parts = match.groupdict()
        prefix = text[: match.start()]
        told = bool(_TOLD_BEFORE.search(prefix) or (_OPENS.search(prefix) and _TOLD_AFTER.match(text[match.end() :])))
        coming = not told and (bool(_THEN_COMES.match(text, match.end())) or _is_to_come(re.split(r"[;:]|\.\s", prefix)[-1], ahead))
        tied = parts.get("way") in {"after", "before"} and not re.match(r"\s*(?:[,.;:)]|$|and\b)", text[match.end() :])
        try:
            if parts.get("way") or parts.get("next"):
                # "two years after joining in July 2022": the sharper date that follows says the same.
                if tied and following and following.start() - match.end() < 40:
                    continue
                anchor = found[-1].date if found else None
                meaning = _counted(parts, published, anchor, before, tied)
            else:
                meaning = _meaning(parts, match.group(), published, coming)
        except (ValueError, OverflowError):  # "31 June": a misprint says nothing
            continue
        if meaning:
            core = min(match.start(name) for name, part in parts.items() if part)
            found.append(When(meaning, match.start(), match.end(), bool(_DEADLINE.search(text[:core])), told, tied))
    return tuple(found)


def _is_to_come(prefix: str, ahead: bool) -> bool:
    """Whether a date after these words lies ahead: the last word that points one way counts; without one, as the sentence is told."""
    comes = max((m.start() for m in (_COMES_OF_PLANS if ahead else _COMES).finditer(prefix)), default=-1)
    done = max((m.start() for m in _DONE.finditer(prefix)), default=-1)
    return comes > done or (ahead and comes == done)


def _meaning(parts: dict[str, str | None], phrase: str, published: date | None, ahead: bool) -> PartialDate | None:
    if parts.get("iso"):
        return PartialDate.parse(parts["iso"] or "")
    month = _MONTHS.get((parts.get("month") or "").lower().rstrip("."))
    day = int(parts["day"] or 0) if parts.get("day") else _ORDINALS.get(parts.get("ordinal") or "")
    if year := int(parts.get("year") or 0):
        return PartialDate(year, month, day)
    if year := int(parts.get("endyear") or 0):
        if edge := parts.get("edge"):
            return PartialDate(year, 1, 1) if edge == "first" else PartialDate(year, 12, 31)
        return PartialDate(year, 12 if parts.get("end") else None)
    if published is None:
        return None
    if month and parts.get("relyear"):
        return PartialDate(published.year + _step(parts.get("relyear")), month, day)
    if month:
        return _nearest(month, day, published, ahead, (parts.get("rel") or "").lower())
    return _relative(parts, published, ahead, phrase.lower())


def _step(word: str | None) -> int:
    """Which way a word points: -1 last, 1 next, 0 this one."""
    first = (word or "").lower().split()[:1]
    return -1 if first in (["last"], ["previous"]) else 1 if first in (["next"], ["following"]) else 0


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
        side = _step(parts.get("side"))
        if parts.get("week"):
            return _whole(published - timedelta(days=published.weekday() - _DAYS[weekday.lower()] + 7)) if "last" in phrase else None
        if side > 0 or (ahead and not side):
            return _whole(published + timedelta(days=(7 - back) % 7 or 7 * (side > 0)))
        return _whole(published - timedelta(days=back or (7 if side < 0 else 0)))
    if word := parts.get("word"):
        shift = {"yesterday": -1, "tomorrow": 1, "last night": -1}.get(word.lower(), 0)
        return _whole(published + timedelta(days=shift))
    if parts.get("count"):  # "in a year", "in two months' time": only of what is to come
        return _shifted(_whole(published), parts, 1) if ahead or parts.get("ahead") else None
    if end := parts.get("end"):
        if "month" in end:
            return _month(published, _step(end.removeprefix("end of ").removeprefix("close of ")))
        return PartialDate(published.year + ("next" in end) - ("last" in end), 12)
    if season := parts.get("season"):
        return _season(season, parts.get("side"), published, ahead)
    if holiday := parts.get("holiday"):
        return _holiday(holiday.lower().replace("’", "'").removeprefix("the "), published, ahead)
    if dayof := parts.get("dayof"):
        months = published.year * 12 + published.month - 1
        if not parts.get("thismonth"):
            months += (ahead and int(dayof) < published.day) - (not ahead and int(dayof) > published.day)
        return PartialDate(months // 12, months % 12 + 1, int(dayof))
    span = (parts.get("span") or "").lower()
    if span.endswith(("week", "weekend")):
        week = published + timedelta(days=7 * _step(span))
        return PartialDate(week.year, week.month)
    if span.endswith("month"):
        return _month(published, _step(span))
    return PartialDate(published.year + _step(span)) if span else None


def _season(season: str, side: str | None, published: date, ahead: bool) -> PartialDate:
    begins, step = _SEASONS[season], _step(side)
    if step > 0 or ahead:
        return PartialDate(published.year + (begins < published.month or (step > 0 and begins == published.month)))
    # "Last autumn" and "in the autumn" of something that happened are the latest that has begun; a winter begins in the year before.
    return PartialDate(published.year - (begins > published.month or (step < 0 and begins == published.month)))


def _holiday(holiday: str, published: date, ahead: bool) -> PartialDate:
    month, day = _HOLIDAYS.get(holiday, (1, None))
    first = (month, day or (28 if month == 12 else 1))
    over = first <= (published.month, published.day)
    return PartialDate(published.year + (1 if ahead and over else 0 if ahead or over else -1), month, day)


def _counted(
    parts: dict[str, str | None], published: date | None, anchor: PartialDate | None, before: PartialDate | None, tied: bool
) -> PartialDate | None:
    """What counts from another date: "a year later", "two days before", "that year", and "ago" from the day of publication."""
    today = _whole(published) if published else None
    if parts.get("next"):
        phrase = (parts["next"] or "").lower()
        base = anchor or before
        if base is None:
            return None
        unit = phrase.split()[-1]
        whole = PartialDate(base.year, base.month if unit != "year" else None, base.day if unit == "day" else None)
        if (unit != "year" and base.month is None) or (unit == "day" and base.day is None):
            return base if "same" in phrase or "that" in phrase else None
        sign = {"after": 1, "before": -1}.get(parts.get("far") or "", 1 if "following" in phrase or "next" in phrase else 0)
        return _shifted(whole, {"count": "one", "unit": unit}, sign - ("previous" in phrase))
    way = parts["way"] or ""
    if way.startswith("ago ") and today and parts["unit"] == "year":  # "a year ago this week"
        past = _shifted(today, parts, -1)
        return PartialDate(past.year, today.month) if past else None
    if way.startswith("ago") or way in {"from now", "hence"}:
        return _shifted(today, parts, -1 if way.startswith("ago") else 1, vague=True)
    if tied:
        return _shifted(anchor or today, parts, -1 if way == "after" else 1)
    if way in {"later", "afterwards", "after"}:
        return _shifted(anchor or before, parts, 1)
    return _shifted(anchor or before or today, parts, -1)


def _shifted(base: PartialDate | None, parts: dict[str, str | None], sign: int, vague: bool = False) -> PartialDate | None:
    """A date moved by a count of units, as exact as the unit; None where the base is less exact than that."""
    if base is None:
        return None
    word, unit = (parts["count"] or "").lower(), parts["unit"]
    tens, _, ones = word.partition("-")
    count = sign * (int(word) if word.isdigit() else _NUMBERS[tens] + (_NUMBERS[ones] if ones else 0))
    if unit in {"year", "decade"}:
        return PartialDate(base.year + count * (10 if unit == "decade" else 1))
    if unit == "month":
        return _month(base.earliest(), count) if base.month else None
    if base.day is None:
        return None
    moved = _whole(base.earliest() + timedelta(days=count * (7 if unit == "week" else 1)))
    return PartialDate(moved.year, moved.month) if unit == "week" and vague else moved


def _month(day: date, by: int) -> PartialDate:
    months = day.year * 12 + day.month - 1 + by
    return PartialDate(months // 12, months % 12 + 1)


def _whole(day: date) -> PartialDate:
    return PartialDate(day.year, day.month, day.day)
