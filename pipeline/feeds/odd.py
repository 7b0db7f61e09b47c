"""Reads XML feeds with feedparser: RSS 0.9x to 2.0, RSS 1.0 (RDF) and Atom, well-formed or not.

It keeps what can be read of an ill-formed or cut-off document and says so in `ParsedFeed.partial`. feedparser's own ways with dates,
encodings and document types are settled before or after.
"""

from __future__ import annotations

import html.entities
import io
import re
import xml.sax
from collections.abc import Mapping
from typing import Any

import feedparser

from pipeline.errors import ParseError
from pipeline.feeds.dates import read_date
from pipeline.feeds.offers import authors, longest, printable, title, web_address
from pipeline.model import Entry, Feed, ParsedFeed
from pipeline.text import digest

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


def parse(text: str, feed: Feed, base: str, about: str) -> ParsedFeed:
    """Reads the text of a document; relative addresses go by `base`. Raises ParseError for what is no feed."""
    start, root = root_of(text)
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
    site = web_address(_string(whole, "link"), base) or base
    entries = tuple(e for e in (_entry(r, feed, base if atom else site, atom) for r in raw) if e)
    if len(entries) < len(raw) and not partial:
        partial = f"{len(raw) - len(entries)} of {len(raw)} entries had neither title, link nor text"
    return ParsedFeed(_title_of(whole, atom), entries, partial)


def root_of(text: str) -> tuple[int, str]:
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
    return web_address(html.unescape(href.group(1)), base) if href else ""


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
    words, content = _title_of(raw, atom), _content_of(raw)
    if not (url or words or content):
        return None
    published = read_date(_string(raw, "published")) or read_date(_string(raw, "created"))
    updated = read_date(_string(raw, "updated"))
    return Entry(
        feed=feed.name,
        guid=" ".join(_string(raw, "id").split()) or url or digest(words, content),
        url=url,
        title=words,
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
        if url := web_address(candidate, base):
            return url
    if raw.get("guidislink") is False and "link" not in raw:
        return ""  # isPermaLink="false": its publisher says that the guid leads nowhere, whatever it looks like
    guid = _string(raw, "id").strip()
    return web_address(guid, "") if guid.startswith(("http://", "https://")) else ""


def _title_of(raw: Mapping[str, Any], atom: bool) -> str:
    detail = raw.get("title_detail")
    return printable(title(_string(raw, "title"), str(detail.get("type", "")) if isinstance(detail, dict) else "", atom))


def _content_of(raw: Mapping[str, Any]) -> str:
    """Takes the longest text that the entry offers, its content before its summary where both are as long."""
    offers = [c for c in _list(raw, "content") if isinstance(c, dict) and re.match(r"text/|application/xhtml", str(c.get("type", "text/")))]
    return printable(longest([*(_string(c, "value") for c in offers), _string(raw, "summary")])).strip()


def _author_of(raw: Mapping[str, Any]) -> str:
    named = authors(_string(a, "name") for a in _list(raw, "authors") if isinstance(a, dict))
    return named or " ".join(_string(raw, "author").split())


def _string(raw: Mapping[str, Any], key: str) -> str:
    # dict.get, because feedparser's own get answers `updated` with `published`, and a stray tag can put anything anywhere.
    value = dict.get(raw, key) if isinstance(raw, dict) else None
    return value if isinstance(value, str) else ""


def _list(raw: Mapping[str, Any], key: str) -> list[Any]:
    value = dict.get(raw, key) if isinstance(raw, dict) else None
    return value if isinstance(value, list) else []
