"""Finds the feeds of a site in one of its pages: what the page announces, what it links to, and where feeds usually are.

It reads the page alone: whether an address answers with a feed is found out by asking it.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from pipeline.feeds.offers import plain, web_address

USUAL_PLACES = tuple("feed/ rss.xml feed.xml atom.xml index.xml rss/ feed.json ?feed=rss2 sitemap-news.xml news-sitemap.xml".split())
"""Where the programs that run most sites put their feeds, from the root of the site."""
_LINK = re.compile(r"<link\b([^<>]{1,2000})>", re.I)
_ANCHOR = re.compile(r"<a\b([^<>]{1,2000})>(.{0,200}?)</a>", re.I | re.S)
_BASE = re.compile(r"<base\b([^<>]{1,1000})>", re.I)
_ATTRIBUTE = re.compile(r"""([a-z-]{2,20})\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+))""", re.I)
_TYPES = {"application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml", "application/x-rss+xml"}
_LOOKS_LIKE_FEED = re.compile(r"(?:/|\b)(?:rss|feed|atom)s?(?:/|\.xml|\.rdf|\.json|$|\?)|\.rss$|\.atom$", re.I)
_COMMENTS = re.compile(r"comment|kommentar|reply|replies", re.I)
_MOST = 30


@dataclass(frozen=True, slots=True)
class Offer:
    """An address where a feed may be, and what is said of it there. An `announced` one stands in the head of the page as a feed."""

    url: str
    title: str = ""
    announced: bool = False


def offers(page: str, address: str) -> tuple[Offer, ...]:
    """Gives where the feeds of a page may be, the likeliest first; feeds of comments come last.

    >>> offers("<link rel=alternate type='application/rss+xml' title=News href=/f.xml>", "https://w.example/")
    (Offer(url='https://w.example/f.xml', title='News', announced=True),)
    """
    page = page[:1_000_000]
    based = _BASE.search(page)
    base = urljoin(address, _attributes(based[1]).get("href", "")) if based else address
    found: dict[str, Offer] = {}
    for link in _LINK.finditer(page):
        given = _attributes(link[1])
        kind = given.get("type", "").partition(";")[0].strip().lower()
        if "alternate" in given.get("rel", "").lower().split() and kind in _TYPES:
            _offer(found, given.get("href", ""), base, given.get("title", ""), announced=True)
    for anchor in _ANCHOR.finditer(page):
        href = _attributes(anchor[1]).get("href", "")
        if _LOOKS_LIKE_FEED.search(href.partition("#")[0]) and len(found) < _MOST:
            _offer(found, href, base, plain(anchor[2]), announced=False)
    return tuple(sorted(found.values(), key=lambda o: (bool(_COMMENTS.search(o.url + o.title)), not o.announced)))


def guesses(address: str) -> tuple[Offer, ...]:
    """Gives the usual places of feeds of the site that an address belongs to."""
    parts = urlsplit(address)
    return tuple(Offer(f"{parts.scheme}://{parts.netloc}/{place}") for place in USUAL_PLACES)


def _offer(found: dict[str, Offer], href: str, base: str, title: str, *, announced: bool) -> None:
    url = web_address(href.strip().replace("feed://", "https://"), base).partition("#")[0]
    if url:
        found.setdefault(url, Offer(url, plain(title)[:200], announced))


def _attributes(inside: str) -> dict[str, str]:
    return {name.lower(): html.unescape(a or b or c) for name, a, b, c in _ATTRIBUTE.findall(inside)}
