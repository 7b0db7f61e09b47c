"""How often a feed asks to be read, and which of its entries it takes back: read from the words around the entries, in any format."""

from __future__ import annotations

import html
import re

from pipeline.model import NO_HINTS, FeedHints

_FIRST_ENTRY = re.compile(r"<(?:\w+:)?(?:item|entry)[\s>]", re.I)
_TTL = re.compile(r"<ttl>\s*(\d{1,6})\s*</ttl>", re.I)
_PERIOD = re.compile(r"<(?:sy|syn):updatePeriod>\s*(hourly|daily|weekly|monthly|yearly)\s*<", re.I)
_FREQUENCY = re.compile(r"<(?:sy|syn):updateFrequency>\s*(\d{1,4})\s*<", re.I)
_HOURS = re.compile(r"<skipHours>(.{0,2000}?)</skipHours>", re.I | re.S)
_DAYS = re.compile(r"<skipDays>(.{0,1000}?)</skipDays>", re.I | re.S)
_HOUR = re.compile(r"<hour>\s*(\d{1,2})\s*</hour>", re.I)
_DAY = re.compile(r"<day>\s*(mon|tues|wednes|thurs|fri|satur|sun)day\s*</day>", re.I)
_DAYS_OF_WEEK = ("mon", "tues", "wednes", "thurs", "fri", "satur", "sun")
_PERIODS = {"hourly": 60, "daily": 1440, "weekly": 10_080, "monthly": 43_200, "yearly": 525_600}
_DELETED = re.compile(r"""<(?:\w+:)?deleted-entry\b[^<>]{0,1000}?\bref\s*=\s*["']([^"'<>]{1,1000})["']""", re.I)


def hints(document: str) -> FeedHints:
    """Reads `ttl`, `skipHours` and `skipDays` (RSS 2.0) and the syndication module (`sy:updatePeriod`, RSS 1.0).

    >>> hints("<rss><channel><ttl>90</ttl><skipHours><hour>24</hour><hour>3</hour></skipHours><item>").skip_hours == {0, 3}
    True
    >>> hints("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>").minutes
    30.0
    """
    first = _FIRST_ENTRY.search(document)
    head = document[: first.start() if first else 20_000][:20_000]
    asked = [float(found[1]) for found in [_TTL.search(head)] if found]
    if period := _PERIOD.search(head):
        times = _FREQUENCY.search(head)
        asked.append(_PERIODS[period[1].lower()] / max(1, int(times[1]) if times else 1))
    hours = frozenset(int(h) % 24 for found in [_HOURS.search(head)] if found for h in _HOUR.findall(found[1]) if int(h) <= 24)
    days = frozenset(_DAYS_OF_WEEK.index(d.lower()) for found in [_DAYS.search(head)] if found for d in _DAY.findall(found[1]))
    return FeedHints(max(asked), hours, days) if asked else FeedHints(0.0, hours, days) if hours or days else NO_HINTS


def deleted(document: str) -> tuple[str, ...]:
    """Gives the guids of entries that an Atom feed takes back (RFC 6721)."""
    if "deleted-entry" not in document:
        return ()
    return tuple(dict.fromkeys(" ".join(html.unescape(ref).split()) for ref in _DELETED.findall(document)))
