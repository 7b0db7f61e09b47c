"""Reads the bytes of a feed into entries: RSS 0.9x to 2.0, RSS 1.0 (RDF) and Atom with feedparser, JSON Feed by itself.

It keeps what can be read of an ill-formed or cut-off document and says so in `ParsedFeed.partial`. It refuses what is no feed
at all (a PDF, a web page, nothing), dates it cannot be sure of, addresses that are not on the web, and feedparser's own ways
with dates, encodings and document types: those are settled here before or after. It fetches nothing and knows no clock.
"""

from __future__ import annotations

import codecs
import html.entities
import io
import json
import re
import xml.sax
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit

import feedparser

from pipeline.errors import ParseError
from pipeline.model import Entry, Feed, Page, ParsedFeed
from pipeline.text import digest


def parse(page: Page, feed: Feed) -> ParsedFeed:
    """Reads a fetched feed document; entries keep the order of the document.

    Raises ParseError, in one line, for bytes that are no feed: empty, a PDF or another binary file, a web page, other XML.
    """
    about = page.url or feed.url
    if not page.body.strip(b" \t\r\n\x00\xef\xbb\xbf"):
        raise ParseError("is empty", about=about)
    if kind := _binary_kind(page.body):
        raise ParseError(f"is {kind}, not a feed", about=about)
    text = _decode(page.body, page.header("content-type")).translate(_NOT_IN_XML).strip()
    base = page.final_url or page.url or feed.url
    parsed = _parse_json(text, feed, base, about) if text.startswith(("{", "[")) else _parse_xml(text, feed, base, about)
    return replace(parsed, entries=_with_own_guids(parsed.entries))


# What the bytes are.

_SIGNATURES = (
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "gzip-compressed data"),
    (b"\x89PNG", "an image"),
    (b"GIF8", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"RIFF", "a media file"),
    (b"ID3", "a media file"),
    (b"OggS", "a media file"),
    (b"\xd0\xcf\x11\xe0", "an Office document"),
)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(rb"""^\s*<\?xml[^<>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']""")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
# Python would also take "punycode" or "unicode_escape" for a charset, which are no charsets and slow on long texts.
_CHARSETS = re.compile(
    r"iso-?8859|iso-?2022|iso2022|windows|cp\d|utf|us-?ascii|ascii|latin|koi8|big5|gb|hz|euc|shift|s?jis|mac|tis|viscii", re.I
)
_SEVEN_BIT = re.compile(r"iso-?2022|iso2022|hz|utf-?7", re.I)
_NOT_IN_XML = {c: None for c in (*range(0x20), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF) if c not in {9, 10, 13}}


def _binary_kind(body: bytes) -> str:
    """Names the kind of file that the bytes begin like, or gives an empty string for text."""
    if b"%PDF-" in body[:1024] and b"<" not in body[: body.find(b"%PDF-")]:
        return "a PDF"
    for signature, kind in _SIGNATURES:
        if body.startswith(signature):
            return kind
    wide = body.startswith(tuple(bom for bom, _ in _BOMS)) or body[:4] in (b"<\0?\0", b"\0<\0?", b"<\0r\0", b"\0<\0r", b"<\0f\0", b"\0<\0f")
    return "a binary file" if b"\0" in body[:1024] and not wide else ""


def _decode(body: bytes, content_type: str) -> str:
    """Decodes a document: byte order mark, then UTF-8 where the bytes are UTF-8, then what is declared, then Windows-1252.

    UTF-8 goes before the declaration because servers that add `charset=iso-8859-1` to everything are common, and text in
    another encoding is hardly ever valid UTF-8; the seven-bit encodings of East Asia are, so a declaration of one is heeded.
    """
    for bom, name in _BOMS:
        if body.startswith(bom):
            return body[len(bom) :].decode(name, "replace")
    if body[:1] == b"\0" or body[1:2] == b"\0":
        return body.decode("utf-16-be" if body[:1] == b"\0" else "utf-16-le", "replace")
    declared = [m.group(1) for m in [_CHARSET.search(content_type)] if m]
    declared += [m.group(1).decode("ascii", "replace") for m in [_DECLARED.match(body)] if m]
    for name in declared:
        if _SEVEN_BIT.match(name) and (text := _try(body, name)) is not None:
            return text
    text = body.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    if not broken:
        return text
    for name in declared:
        if not name.lower().startswith(("utf-8", "utf8", "utf-16", "utf-32")) and (found := _try(body, name)) is not None:
            return found
    readable = sum(c > "\x7f" for c in text) - broken
    return text if readable >= broken else body.decode("cp1252", "replace")


def _try(body: bytes, name: str) -> str | None:
    if not _CHARSETS.match(name):
        return None
    if re.fullmatch(r"iso-?8859-?1|latin-?1", name, re.I):
        name = "cp1252"  # what browsers take it for (WHATWG Encoding): the quotation marks of Windows live there
    try:
        return body.decode("gb18030" if name.lower() == "gb2312" else name)
    except (UnicodeError, LookupError):
        return None


# XML.

_FEED_ROOTS = frozenset({"rss", "feed", "rdf", "channel"})
_NAME = re.compile(r"<([A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)")
_FEED_START = re.compile(r"<(?:\w+:)?(?:rss|feed|rdf)[\s>]", re.I)
_ALTERNATE = re.compile(r"<link\b[^<>]{0,500}application/(?:rss|atom|feed)\+[^<>]{0,500}>", re.I)
_HREF = re.compile(r"""href\s*=\s*["']?([^"'\s<>]+)""", re.I)
_ENTITY = re.compile(r"<!\[CDATA\[.*?(?:\]\]>|\Z)|&([A-Za-z][A-Za-z0-9]{1,31};)", re.S)
_LONG_TAG = re.compile(r"<[^<>]{2000,}>")
_ENTRY_END = re.compile(r"</(?:\w+:)?(?:item|entry)\s*>", re.I)
_ENTRY_START = re.compile(r"<(?:\w+:)?(?:item|entry)[\s>]", re.I)
_ROOT_END = re.compile(r"</(?:\w+:)?(?:rss|feed|rdf|channel)\s*>", re.I)
_XML_OWN = frozenset({"lt;", "gt;", "amp;", "quot;", "apos;"})
_MOST_ATTRIBUTES = 300


def _parse_xml(text: str, feed: Feed, base: str, about: str) -> ParsedFeed:
    start, root = _root(text)
    if root == "html":
        offered = _feed_of_page(text, base)
        raise ParseError("is an HTML page, not a feed" + (f"; it points to the feed {offered}" if offered else ""), about=about)
    stray = ""
    if root not in _FEED_ROOTS:
        # A warning of the program that writes the feed, printed in front of it, is the usual case.
        found = _FEED_START.search(text, 0, 65536)
        if not found or root:
            raise ParseError(f"is XML, but no feed (it begins with <{root}>)" if root else "is plain text, not a feed", about=about)
        start, stray = found.start(), "there is other text in front of it"
    # The declaration and the document type go: the text is decoded by now, and own entities are a way to blow it up.
    # feedparser needs quadratic time for white space in front of the root (90 kB took 10 s) and for a tag of thousands of attributes.
    prolog, document = text[:start], _ENTITY.sub(_as_number, text[start:])
    slim = _LONG_TAG.sub(lambda m: "" if m.group().count("=") > _MOST_ATTRIBUTES else m.group(), document)
    if slim != document:
        stray = "a tag with hundreds of attributes was left out"
    try:
        found_feed = feedparser.parse(
            io.BytesIO(slim.encode()),
            response_headers={"content-type": "application/xml; charset=utf-8"},
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError, xml.sax.SAXException) as error:
        raise ParseError(f"cannot be read as a feed ({type(error).__name__} in feedparser)", about=about) from error
    raw = [e for e in found_feed.entries if isinstance(e, dict)]
    if not raw and not found_feed.get("version"):
        raise ParseError(f"is XML, but no feed (it begins with <{root}>)", about=about)
    partial = stray
    problem = found_feed.get("bozo_exception")
    if isinstance(problem, xml.sax.SAXException):
        partial, cut = _what_is_wrong(slim, problem, prolog.count("\n"))
        raw = raw[:-1] if cut else raw
    atom = str(found_feed.get("version", "")).startswith("atom")
    whole = found_feed.feed if isinstance(found_feed.feed, dict) else {}
    site = _web_address(_string(whole, "link"), base) or base
    entries = tuple(e for e in (_entry(r, feed, base if atom else site, atom) for r in raw) if e)
    if len(entries) < len(raw) and not partial:
        partial = f"{len(raw) - len(entries)} of {len(raw)} entries had neither title, link nor text"
    return ParsedFeed(_title_of(whole, atom), entries, partial)


def _root(text: str) -> tuple[int, str]:
    """Finds the first element: its place and its name in lower case without prefix; the name is empty where text comes first."""
    at, end = 0, len(text)
    while at < end:
        if text[at].isspace():
            at += 1
        elif text.startswith("<?", at):
            at = _after(text, "?>", at)
        elif text.startswith("<!--", at):
            at = _after(text, "-->", at)
        elif text.startswith("<!", at):
            if text[at : at + 14].lower() == "<!doctype html":
                return at, "html"
            bracket, close = text.find("[", at), text.find(">", at)
            at = _after(text, ">", _after(text, "]", at) if 0 <= bracket < close else at)
        else:
            found = _NAME.match(text, at)
            return at, found.group(2).lower() if found else ""
    return end, ""


def _after(text: str, mark: str, at: int) -> int:
    found = text.find(mark, at)
    return len(text) if found < 0 else found + len(mark)


def _feed_of_page(text: str, base: str) -> str:
    link = _ALTERNATE.search(text, 0, 200_000)
    href = _HREF.search(link.group()) if link else None
    return _web_address(html.unescape(href.group(1)), base) if href else ""


def _as_number(found: re.Match[str]) -> str:
    """Writes the entities of HTML, which XML does not know, as numbers; everything else stays."""
    name = found.group(1)
    if not name or name in _XML_OWN or name not in html.entities.html5:
        return found.group()
    return "".join(f"&#{ord(c)};" for c in html.entities.html5[name])


def _what_is_wrong(document: str, problem: xml.sax.SAXException, lines_before: int) -> tuple[str, bool]:
    """Says why entries may be missing, and whether the last one was cut off in the middle: its address may be, too."""
    if not _ROOT_END.search(document, max(0, len(document) - 2000)):
        ends = [m.end() for m in _ENTRY_END.finditer(document)]
        cut = bool(_ENTRY_START.search(document, ends[-1] if ends else 0))
        return "it is cut off" + (" in the middle of an entry" if cut else " before its end"), cut
    line = getattr(problem, "getLineNumber", lambda: None)()
    where = f"line {line - 1 + lines_before}: " if line else ""
    return f"it is not well-formed XML ({where}{problem.getMessage()})", False


def _entry(raw: Mapping[str, Any], feed: Feed, base: str, atom: bool) -> Entry | None:
    url = _link_of(raw, base)
    title, content = _title_of(raw, atom), _content_of(raw)
    if not (url or title or content):
        return None
    published = read_date(_string(raw, "published")) or read_date(_string(raw, "created"))
    updated = read_date(_string(raw, "updated"))
    return Entry(
        feed=feed.name,
        guid=" ".join(_string(raw, "id").split()) or url or digest(title, content),
        url=url,
        title=title,
        content=content,
        published=published or updated,
        updated=updated,
        author=_author_of(raw),
    )


def _link_of(raw: Mapping[str, Any], base: str) -> str:
    """Takes the address of the article: what FeedBurner hid, the alternate link (a page before anything else), an address as guid."""
    links = [link for link in _list(raw, "links") if isinstance(link, dict) and str(link.get("rel", "alternate")) == "alternate"]
    links.sort(key=lambda link: "html" not in str(link.get("type", "text/html")))
    # Not its own `link`: feedparser puts a guid there, whatever it looks like ("4711" became a page of the site).
    for candidate in (_string(raw, "feedburner_origlink"), *(_string(link, "href") for link in links)):
        if url := _web_address(candidate, base):
            return url
    guid = _string(raw, "id").strip()
    return _web_address(guid, "") if guid.startswith(("http://", "https://")) else ""


def _title_of(raw: Mapping[str, Any], atom: bool) -> str:
    title, detail = _string(raw, "title"), raw.get("title_detail")
    kind = str(detail.get("type", "")) if isinstance(detail, dict) else ""
    if "html" in kind:
        return _plain(title)
    # RSS does not say what a title is. Written twice escaped ("&amp;amp;") is the common case, a literal "&amp;" the rare one.
    return " ".join((title if atom else html.unescape(_INLINE.sub("", title))).translate(_NOT_IN_XML).split())


def _content_of(raw: Mapping[str, Any]) -> str:
    """Takes the longest text that the entry offers, its content before its summary where both are as long."""
    offers = [c for c in _list(raw, "content") if isinstance(c, dict) and re.match(r"text/|application/xhtml", str(c.get("type", "text/")))]
    texts = [_string(c, "value") for c in offers] + [_string(raw, "summary")]
    return max(texts, key=lambda t: len(_plain(t))).translate(_NOT_IN_XML).strip()


def _author_of(raw: Mapping[str, Any]) -> str:
    names = [_string(a, "name") for a in _list(raw, "authors") if isinstance(a, dict)]
    return ", ".join(dict.fromkeys(" ".join(html.unescape(n).split()) for n in names if n)) or " ".join(_string(raw, "author").split())


def _string(raw: Mapping[str, Any], key: str) -> str:
    # dict.get, because feedparser's own get answers `updated` with `published`, and a stray tag can put anything anywhere.
    value = dict.get(raw, key) if isinstance(raw, dict) else None
    return value if isinstance(value, str) else ""


def _list(raw: Mapping[str, Any], key: str) -> list[Any]:
    value = dict.get(raw, key) if isinstance(raw, dict) else None
    return value if isinstance(value, list) else []


_TAG = re.compile(r"<[/!A-Za-z][^<>]*>")
_INLINE = re.compile(r"</?(?:a|abbr|b|br|cite|em|i|p|q|small|span|strong|sub|sup|u)\b[^<>]*>", re.I)


def _plain(markup: str) -> str:
    return " ".join(html.unescape(_TAG.sub(" " if "<p" in markup or "<br" in markup else "", markup)).translate(_NOT_IN_XML).split())


def _web_address(address: str, base: str) -> str:
    """Makes an address absolute; gives an empty string for what is not on the web (`mailto:`, `urn:`, no host)."""
    try:
        url = urljoin(base, address.translate({9: None, 10: None, 13: None}).strip()) if address.strip() else ""
        parts = urlsplit(url)
        return url if parts.scheme in {"http", "https"} and parts.hostname else ""
    except ValueError:
        return ""


def _with_own_guids(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Leaves out what is in the document twice, and goes by the address where one guid stands for several entries."""
    addresses = Counter(guid for guid, _ in {(e.guid, e.url or e.title) for e in entries})
    own: dict[str, Entry] = {}
    for entry in entries:
        shared = addresses[entry.guid] > 1
        kept = replace(entry, guid=entry.url or digest(entry.guid, entry.title)) if shared else entry
        own.setdefault(kept.guid, kept)
    return tuple(own.values())


# JSON Feed (jsonfeed.org, versions 1 and 1.1), read with as much tolerance as the XML.

_ITEMS = re.compile(r'"items"\s*:\s*\[')
_COMMA = re.compile(r"[\s,]*")


def _parse_json(text: str, feed: Feed, base: str, about: str) -> ParsedFeed:
    partial = ""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document, partial = {"items": list(_readable_objects(text))}, "it is cut off or not well-formed JSON"
        if not document["items"]:
            raise ParseError("is neither XML nor well-formed JSON, so no feed", about=about) from None
    if not isinstance(document, dict) or not isinstance(document.get("items"), list):
        raise ParseError('is JSON, but no JSON Feed (it has no list of "items")', about=about)
    raw = document["items"]
    site = _web_address(_word(document, "home_page_url"), base) or base
    entries = tuple(e for e in (_json_entry(r, feed, site) for r in raw if isinstance(r, dict)) if e)
    if len(entries) < len(raw) and not partial:
        partial = f"{len(raw) - len(entries)} of {len(raw)} entries had neither title, link nor text"
    return ParsedFeed(" ".join(_word(document, "title").split()), entries, partial)


def _readable_objects(text: str) -> Iterator[object]:
    """Yields the whole objects of the list of items, up to the place where the document breaks off."""
    start = _ITEMS.search(text)
    decoder, at = json.JSONDecoder(), start.end() if start else len(text)
    while at < len(text):
        blank = _COMMA.match(text, at)
        try:
            found, at = decoder.raw_decode(text, blank.end() if blank else at)
        except (ValueError, RecursionError):
            return
        yield found


def _json_entry(raw: Mapping[str, Any], feed: Feed, base: str) -> Entry | None:
    guid = _word(raw, "id")
    url = next((u for u in (_web_address(_word(raw, k), base) for k in ("url", "external_url")) if u), "")
    if not url and guid.startswith(("http://", "https://")):
        url = _web_address(guid, "")
    title = " ".join(_word(raw, "title").split())
    content = max((_word(raw, k).strip() for k in ("content_html", "content_text", "summary")), key=lambda t: len(_plain(t)))
    if not (url or title or content):
        return None
    listed = raw.get("authors")
    authors = [a for a in [*(listed if isinstance(listed, list) else []), raw.get("author")] if isinstance(a, dict)]
    names = dict.fromkeys(" ".join(_word(a, "name").split()) for a in authors)
    published, updated = read_date(_word(raw, "date_published")), read_date(_word(raw, "date_modified"))
    return Entry(
        feed=feed.name,
        guid=" ".join(guid.split()) or url or digest(title, content),
        url=url,
        title=title,
        content=content,
        published=published or updated,
        updated=updated,
        author=", ".join(n for n in names if n),
    )


def _word(raw: Mapping[str, Any], key: str) -> str:
    value = raw.get(key)
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = f"{value}"
    return value.translate(_NOT_IN_XML) if isinstance(value, str) else ""


# Dates.

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
