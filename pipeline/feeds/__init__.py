"""Reads the bytes of a feed into entries: RSS 0.9x to 2.0, RSS 1.0 (RDF), Atom, JSON Feed and news sitemaps.

Plain RSS 2.0 and Atom is read by `plain`, which takes only what it reads as feedparser does; everything else goes to feedparser
(`odd`). It keeps what can be read of an ill-formed or cut-off document and says so in `ParsedFeed.partial`. It refuses what is no
feed at all (a PDF, a web page, nothing), dates it cannot be sure of and addresses that are not on the web. It fetches nothing and
knows no clock.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from pipeline.errors import ParseError
from pipeline.feeds import jsonfeed, odd, plain, sitemap
from pipeline.feeds.dates import read_date
from pipeline.feeds.decoding import binary_kind, decode
from pipeline.feeds.hints import deleted, hints
from pipeline.feeds.offers import printable
from pipeline.model import Entry, Feed, Page, ParsedFeed
from pipeline.text import digest

__all__ = ["parse", "quick", "read_date"]


def parse(page: Page, feed: Feed) -> ParsedFeed:
    """Reads a fetched feed document; entries keep the order of the document.

    Raises ParseError, in one line, for bytes that are no feed: empty, a PDF or another binary file, a web page, other XML.
    """
    return quick(page, feed) or _slow(page, feed)


def quick(page: Page, feed: Feed) -> ParsedFeed | None:
    """Reads a document of the usual kind, in a time that grows with its length and no faster; gives None for any other.

    What others read (feedparser and its regular expressions) may take minutes for a document that is made for that: whoever reads
    what strangers send gives `parse` a limit, and asks here first. Raises ParseError as `parse` does.
    """
    about = page.url or feed.url
    if not page.body.strip(b" \t\r\n\x00\xef\xbb\xbf"):
        raise ParseError("is empty", about=about)
    if kind := binary_kind(page.body):
        raise ParseError(f"is {kind}, not a feed", about=about)
    text = decode(page.body, page.header("content-type"))
    parsed = plain.parse(text, feed, _base(page, feed))
    return parsed and replace(_with_own_guids(parsed), hints=hints(text), deleted=deleted(text))


def _slow(page: Page, feed: Feed) -> ParsedFeed:
    about, base = page.url or feed.url, _base(page, feed)
    text = printable(decode(page.body, page.header("content-type"))).strip()
    if text.startswith(("{", "[")):
        return _with_own_guids(jsonfeed.parse(text, feed, base, about))
    parsed = sitemap.parse(text, feed, base, about) or odd.parse(text, feed, base, about)
    return replace(_with_own_guids(parsed), hints=hints(text), deleted=deleted(text))


def _base(page: Page, feed: Feed) -> str:
    return page.final_url or page.url or feed.url


def _with_own_guids(parsed: ParsedFeed) -> ParsedFeed:
    """Leaves out what is in the document twice, and goes by the address where one guid stands for several entries."""
    guids = {e.guid for e in parsed.entries}
    if len(guids) == len(parsed.entries):
        return parsed
    addresses = Counter(guid for guid, _ in {(e.guid, e.url or e.title) for e in parsed.entries})
    own: dict[str, Entry] = {}
    for entry in parsed.entries:
        shared = addresses[entry.guid] > 1
        kept = replace(entry, guid=entry.url or digest(entry.guid, entry.title)) if shared else entry
        own.setdefault(kept.guid, kept)
    return replace(parsed, entries=tuple(own.values()))
