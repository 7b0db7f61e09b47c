"""Reads the dates of feeds: RFC 822 and its many mistakes, ISO 8601, the order of the C library, and numbers where one order makes sense.

It refuses to guess: a date that could mean two moments is none. It reads no other text and knows no clock.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_HOURS_OF_ZONES = {
    **dict.fromkeys(("", "Z", "UT", "UTC", "GMT", "WET"), 0.0),
    **{"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7},
    **{"AKST": -9, "AKDT": -8, "HST": -10, "NST": -3.5, "NDT": -2.5, "ADT": -3, "ART": -3, "BRT": -3},
    **{"WEST": 1, "BST": 1, "CET": 1, "MET": 1, "CEST": 2, "MEST": 2, "EET": 2, "EEST": 3, "MSK": 3, "TRT": 3},
    **{"WAT": 1, "CAT": 2, "SAST": 2, "EAT": 3, "HKT": 8, "SGT": 8, "AWST": 8, "JST": 9, "KST": 9},
    **{"ACST": 9.5, "ACDT": 10.5, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13},
}
"""Hours east of Greenwich. North America as RFC 822 section 5.1 has it, the rest from the IANA time zone database.

Names that stand for several offsets (IST, AST, ET) are left out on purpose: a date in such a zone is not read.
"""

_MONTH_NAMES = "January February March April May June July August September October November December"
_MONTHS = {n.lower(): i for i, name in enumerate(re.findall(r"\w+", _MONTH_NAMES), 1) for n in (name, name[:3])} | {"sept": 9}
_MONTH = r"(?P<month>[A-Za-z]{3,9})\.?"
_WEEKDAY = re.compile(r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?\s*,?\s+", re.I)
_COMMENT = re.compile(r"\s*\([^()]*\)$")
_YEAR_LAST = re.compile(
    rf"{_MONTH}\s+(?P<day>\d{{1,2}})\s+(?P<clock>\d{{1,2}}:\d\d(?::\d\d)?(?:\s+[A-Z+:\d-]+)?)\s+(?P<year>\d{{4}})", re.A
)
_DAYS = tuple(
    re.compile(pattern, re.A)
    for pattern in (
        r"(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})(?!\d)",
        r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)(?!\d)",
        rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[\s-]+{_MONTH},?[\s-]+(?P<year>\d{{4}}|\d\d)(?!\d)",
        rf"{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})(?!\d)",
        r"(?P<first>\d{1,2})(?P<mark>[-/.])(?P<second>\d{1,2})(?P=mark)(?P<year>\d{4})(?!\d)",
    )
)
_CLOCK = re.compile(
    r"(?:(?:\s*[T,]\s*|\s+(?:at\s+|-\s+)?)(?P<hour>\d{1,2}):?(?P<minute>\d\d)(?::?(?P<second>\d\d)(?:[.,]\d+)?)?"
    r"(?:\s*(?P<half>[AP])\.?M\.?)?(?:\s*(?P<zone>[A-Z]{1,5})?\s?(?P<offset>[+-]\d{1,2}(?::?\d\d)?)?)?)?\s*",
    re.A | re.I,
)


_USUAL = re.compile(
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?(\d{1,2}) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (\d{4})"
    r" (\d\d):(\d\d):(\d\d) (?:GMT|UTC|Z|([+-]\d\d)(\d\d))",
    re.A,
)
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-](?:0\d|1[0-3]):[0-5]\d)", re.A)


def _usual(raw: str) -> datetime | None:
    """Reads the two shapes in which nearly all dates come, several times as fast as the others; None for all else."""
    try:
        if _ISO.fullmatch(raw):
            moment = datetime.fromisoformat(raw).astimezone(UTC)
        elif found := _USUAL.fullmatch(raw):
            day, month, year, hour, minute, second, hours, minutes = found.groups()
            moment = datetime(int(year), _MONTHS[month.lower()], int(day), int(hour), int(minute), int(second), tzinfo=UTC)
            if hours:
                if int(hours) > 13 or int(hours) < -13 or minutes > "59":
                    return None
                offset = timedelta(hours=abs(int(hours)), minutes=int(minutes))
                moment = moment - offset if hours[0] == "+" else moment + offset
        else:
            return None
    except ValueError:
        return None
    return moment if 1901 <= moment.year <= 8999 and moment.timestamp() else None


@lru_cache(maxsize=1024)
def read_date(raw: str) -> datetime | None:
    """Reads a date of a feed as an aware UTC datetime, or gives None where it cannot be sure which moment is meant.

    It reads RFC 822 and its many mistakes, ISO 8601 with W3CDTF, the C library's order, and numbers parted by slashes where
    only one order makes sense. A time without a zone is taken as UTC, a day without a time as its midnight. None stands for
    an unknown or ambiguous zone, for 03/04/2026, for a month alone, for a day that does not exist, and for the year 1 and
    the first second of 1970, which are what programs write that have no date.

    >>> read_date("Tue, 04 Aug 2026 10:00:00 CEST").isoformat(), read_date("2026/08/04 10:00").isoformat()
    ('2026-08-04T08:00:00+00:00', '2026-08-04T10:00:00+00:00')
    >>> read_date("03/04/2026"), read_date("4 Aug 2026 10:00 IST"), read_date("2026-02-30")
    (None, None, None)
    """
    if moment := _usual(raw):
        return moment
    text = _WEEKDAY.sub("", _COMMENT.sub("", " ".join(raw[:100].split())), count=1)
    if swapped := _YEAR_LAST.fullmatch(text):
        text = "{month} {day} {year} {clock}".format(**swapped.groupdict())
    for shape in _DAYS:
        if found := shape.match(text):
            clock = _CLOCK.fullmatch(text, found.end())
            return _moment(found.groupdict(), clock.groupdict()) if clock else None
    return None


def _moment(day: Mapping[str, str | None], clock: Mapping[str, str | None]) -> datetime | None:
    number, month = _day_and_month(day)
    hours = _offset_hours((clock["zone"] or "").upper(), clock["offset"] or "")
    hour, minute, second = (int(clock[k] or 0) for k in ("hour", "minute", "second"))
    year = int(day["year"] or 0)
    if len(day["year"] or "") == 2:
        year += 2000 if year < 50 else 1900  # RFC 2822 section 4.3
    if half := (clock["half"] or "").upper():
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "P" else 0)
    past_midnight = (hour, minute, second) == (24, 0, 0)  # ISO 8601 lets a day end so
    if not number or not month or hours is None or not 1900 <= year <= 9000:
        return None
    try:
        local = datetime(year, month, number, 0 if past_midnight else hour, minute, min(second, 59) if second == 60 else second, tzinfo=UTC)
    except ValueError:
        return None
    moment = local + timedelta(days=int(past_midnight)) - timedelta(hours=hours)
    return None if moment == datetime(1970, 1, 1, tzinfo=UTC) else moment


def _day_and_month(day: Mapping[str, str | None]) -> tuple[int, int]:
    """Gives day and month as numbers, 0 for a month that is none and for an order that could be the other way round."""
    if "first" in day:
        first, second = int(day["first"] or 0), int(day["second"] or 0)
        if day["mark"] == "." or first > 12 or first == second:  # with full stops the day always comes first
            return first, second
        return (second, first) if second > 12 else (0, 0)
    month = (day["month"] or "").lower()
    if month.isdigit():
        return int(day["day"] or 0), int(month)
    return int(day["day"] or 0), _MONTHS.get(month, 0)


def _offset_hours(zone: str, offset: str) -> float | None:
    """Gives hours east of Greenwich for `CEST`, `+0200` or `GMT+2`; None where that is not known."""
    if zone not in _HOURS_OF_ZONES or (offset and zone not in {"", "UTC", "GMT", "UT"}):
        return None
    digits = offset[1:].replace(":", "")
    if not digits:
        return _HOURS_OF_ZONES[zone]
    if len(digits) == 3 or (len(digits) == 1 and not zone):
        return None
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    if hours > 14 or minutes > 59:
        return None
    return (-1 if offset[0] == "-" else 1) * (hours + minutes / 60)
