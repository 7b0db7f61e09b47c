"""Written times → UTC. It reads the forms that have one reading (ISO 8601, RFC 5322, English month names, Unix seconds) and
leaves what has two, such as 05/06/2024, unread: no time is better than a wrong one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from pipeline.articles.blocks import tidy

EARLIEST_YEAR = 1990
"""No page is older than the web; 1970 is an empty field, 1601 and 0001 are other systems' zero."""
ZONE_SPREAD = timedelta(hours=14)
"""The farthest that local time stands from UTC (Kiribati, UTC+14)."""

_MONTHS = {m: n for n, m in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_MONTH = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
    r"\.?"
)
_DAY_MONTH = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)? +{_MONTH},? +(\d{{4}})\b", re.I)
_MONTH_DAY = re.compile(rf"\b{_MONTH} +(\d{{1,2}})(?:st|nd|rd|th)?,? +(\d{{4}})\b", re.I)
_ISO = re.compile(
    r"\b(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?(?: ?(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?))?)?", re.I
)
_SLASHED = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})\b")


def publication(candidates: Iterable[str], latest: datetime | None = None) -> datetime | None:
    """Gives the first of the candidates that is a time, in UTC.

    One without a zone keeps the day and hour that were written (a reader's "on Tuesday" hangs on the day), unless a later
    candidate says the same moment with its zone.

    >>> publication(["soon", "2024-05-14T09:30:00"]).isoformat(), publication(["2024-05-14", "2024-05-14T22:30:00-05:00"]).isoformat()
    ('2024-05-14T09:30:00+00:00', '2024-05-15T03:30:00+00:00')
    """
    found = [moment for moment in map(moment_of, candidates) if moment and moment.year >= EARLIEST_YEAR]
    aware = [m.astimezone(UTC) if m.tzinfo else None for m in found]
    for first, exact in zip(found, aware, strict=True):
        chosen = exact or first.replace(tzinfo=UTC)
        if not exact:
            written = first.replace(tzinfo=None)
            day_only = (first.hour, first.minute, first.second) == (0, 0, 0)
            for other, sharper in zip(found, aware, strict=True):
                same = other.date() == first.date() if day_only else abs(other.replace(tzinfo=None) - written) < timedelta(minutes=1)
                near = sharper is not None and abs(sharper - chosen) <= ZONE_SPREAD + timedelta(days=day_only)
                if sharper is not None and near and (same or not day_only):
                    chosen = sharper
                    break
        if latest is None or chosen <= latest:
            return chosen
    return None


def moment_of(text: str) -> datetime | None:
    """Reads one written time, naive where it names no zone; gives None for what can be read in two ways.

    >>> moment_of("14 May 2024"), moment_of("Tue, 14 May 2024 09:30:00 GMT").isoformat(), moment_of("05/06/2024")
    (datetime.datetime(2024, 5, 14, 0, 0), '2024-05-14T09:30:00+00:00', None)
    """
    text = tidy(text)[:200]
    if not text:
        return None
    try:
        return _moment(text)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None  # no such day


def _moment(text: str) -> datetime | None:
    if text.isdecimal() and text.isascii() and len(text) in {10, 13}:
        return datetime.fromtimestamp(int(text[:10]), UTC)
    found = _ISO.search(text)
    if found:
        year, month, day, hour, minute, second, zone = found.groups()
        moment = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))  # noqa: DTZ001
        if not zone:
            return moment
        return moment.replace(tzinfo=datetime.fromisoformat(f"2000-01-01T00:00:00{_offset(zone)}").tzinfo)
    if re.match(r"(?:\w{3,9},? )?\d{1,2} \w{3} \d{4} \d{1,2}:", text):
        sent = parsedate_to_datetime(text)
        return sent.replace(tzinfo=UTC) if text.endswith("-0000") else sent
    for pattern, order in ((_DAY_MONTH, (2, 1, 0)), (_MONTH_DAY, (2, 0, 1))):
        found = pattern.search(text)
        if found:
            year, month, day = (found.groups()[i] for i in order)
            return datetime(int(year), _MONTHS[month[:3].casefold()], int(day))  # noqa: DTZ001
    found = _SLASHED.search(text) or re.fullmatch(r"(\d{4})(\d{2})(\d{2})", text)
    return datetime(*map(int, found.groups())) if found else None  # type: ignore[arg-type]  # noqa: DTZ001


def _offset(zone: str) -> str:
    if zone.upper() in {"Z", "UTC", "GMT"}:
        return "+00:00"
    digits = zone[1:].replace(":", "")
    return f"{zone[0]}{digits[:2]}:{digits[2:] or '00'}"
