"""Reads news sitemaps: lists of addresses with title and day, as publishers make them for search engines (sitemap-news/0.9).

A sitemap without news says nothing of what is new, and an index of sitemaps lists no articles: both are refused, and said so.
"""

from __future__ import annotations

import re

from lxml import etree

from pipeline.errors import ParseError
from pipeline.feeds.dates import read_date
from pipeline.feeds.offers import title as line
from pipeline.feeds.offers import web_address
from pipeline.model import Entry, Feed, ParsedFeed

_ROOT = re.compile(r"\s*(?:<\?[^>]*\?>\s*|<!--.*?-->\s*)*<(?:\w+:)?(urlset|sitemapindex)[\s>]", re.S)
_NEWS = "http://www.google.com/schemas/sitemap-news/0.9"
_LOC = re.compile(r"<(?:\w+:)?loc>\s*([^<\s]+)", re.I)


def parse(text: str, feed: Feed, base: str, about: str) -> ParsedFeed | None:
    """Reads the text of a sitemap; gives None for another document. Raises ParseError for one that lists no news.

    The address is the guid; what was changed after it was published has that day as its update. A document that breaks off keeps
    what stands before.
    """
    root = _ROOT.match(text, 0, 20_000)
    if not root:
        return None
    if root[1] == "sitemapindex":
        inner = _LOC.search(text)
        raise ParseError("is an index of sitemaps, not a feed" + (f"; it points to {inner[1]}" if inner else ""), about=about)
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    document = etree.fromstring(text[text.rindex("<", 0, root.end(1)) :].encode(), parser)
    if document is None:
        raise ParseError("is a sitemap that cannot be read", about=about)
    entries, without = [], 0
    for listed in document.iterfind("{*}url"):
        url = web_address(_text(listed, "{*}loc"), base)
        title = line(_text(listed, "{*}news/{*}title"), "", atom=True)
        if not url or not title:
            without += 1
            continue
        published = read_date(_text(listed, "{*}news/{*}publication_date"))
        updated = read_date(_text(listed, "{*}lastmod"))
        entries.append(Entry(feed.name, url, url, title, "", published or updated, updated))
    if not entries and (without or _NEWS not in document.nsmap.values()):
        raise ParseError("is a sitemap without news (its addresses have no titles), not a feed", about=about)
    partial = f"{without} of {without + len(entries)} addresses had no title" if without else ""
    if parser.error_log and not partial:
        partial = f"it is not well-formed XML ({parser.error_log[0].message})"
    return ParsedFeed("", tuple(entries), partial)


def _text(element: etree._Element, path: str) -> str:
    return (element.findtext(path) or "").strip()
