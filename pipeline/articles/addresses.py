"""The other addresses of an article: its next page, the page made for printing, and where it was first published.

It gives what the page itself links to, and fetches nothing. The next page is believed only where its address is that of
this page but for a number one higher: older WordPress names the next POST by the same `rel="next"`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

from lxml.html import HtmlElement

from pipeline.articles.blocks import tidy

MOST_LINKS = 3000
"""Links of a page that are looked at; the largest index pages have twice as many."""

_NEXT = re.compile(r"(?:next(?: page)?|continue(?: reading)?|page \d{1,2}|\d{1,2}|weiter|suivant[e]?|siguiente)\W*$", re.I)
_PRINT = re.compile(
    r"(?:print(?: (?:this|page|version|article|story|friendly))*|printer[- ]friendly(?: version)?|single page"
    r"|view (?:all|as one page)|on one page)$",
    re.I,
)
_NUMBER_IN_QUERY = re.compile(r"(?:^|&)(?:page|p|pg|pagenumber|seite|pagina|paged)=(\d{1,3})(?=&|$)", re.I)
_NUMBER_IN_PATH = re.compile(r"(?:/(?:page|seite|p)?[/-]?(\d{1,2})|[-_,](?:page|p|seite)?[-_]?(\d{1,2}))(?=(?:\.[a-z]{3,5})?/?$)", re.I)


def next_page(root: HtmlElement, url: str) -> str:
    """Gives the address of the page on which the article goes on, or an empty string.

    Raises nothing: an address that cannot be taken apart is no next page.
    """
    for link in _links_to_next(root):
        try:
            address = urljoin(url, link.strip()).split("#", 1)[0]
            if follows(url, address):
                return address
        except ValueError:
            continue  # an address that cannot be taken apart
    return ""


def _links_to_next(root: HtmlElement) -> Iterator[str]:
    for element in root.iter("link"):
        if "next" in element.get("rel", "").casefold().split():
            yield element.get("href", "")
    anchors = [e for _, e in zip(range(MOST_LINKS), root.iter("a"), strict=False) if e.get("href")]
    for element in anchors:
        if "next" in element.get("rel", "").casefold().split():
            yield element.get("href", "")
    for element in anchors:
        text = tidy(element.text_content())
        if len(text) < 20 and _NEXT.match(text):
            yield element.get("href", "")


def follows(url: str, address: str) -> bool:
    """Whether an address is that of the page after another, by the number in it.

    >>> follows("https://a.example/story", "https://a.example/story?page=2"), follows("https://a.example/s/2", "https://a.example/s/3")
    (True, True)
    >>> follows("https://a.example/story", "https://a.example/other"), follows("https://a.example/s?page=2", "https://a.example/s?page=4")
    (False, False)
    """
    here, there = _numbered(url), _numbered(address)
    return here[0] == there[0] and there[1] == here[1] + 1


def _numbered(url: str) -> tuple[tuple[str, str, str], int]:
    """An address without the number of its page, and that number: 1 where it has none."""
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.")
    query, path = parts.query, parts.path.rstrip("/")
    found = _NUMBER_IN_QUERY.search(query)
    if found:
        return (host, path, (query[: found.start()] + query[found.end() :]).strip("&")), int(found.group(1))
    found = _NUMBER_IN_PATH.search(path)
    if found and int(found.group(1) or found.group(2)) < 50:
        return (host, path[: found.start()] + path[found.end() :], query), int(found.group(1) or found.group(2))
    return (host, path, query), 1


def print_version(root: HtmlElement, url: str) -> str:
    """Gives the address of the page that has the article in one piece, made for printing, on the same site; or an empty string."""
    for _, element in zip(range(MOST_LINKS), root.iter("a"), strict=False):
        link = element.get("href", "")
        text = tidy(element.text_content() or element.get("title", ""))
        if not link or len(text) > 40 or not _PRINT.match(text) or link.casefold().startswith(("javascript:", "#", "mailto:")):
            continue
        try:
            address = urljoin(url, link.strip())
            if urlsplit(address).hostname == urlsplit(url).hostname and address.split("#")[0] != url.split("#")[0]:
                return str(address)
        except ValueError:
            continue  # an address that cannot be taken apart
    return ""


_FIRST_IN = re.compile(
    r"(?:this|the) (?:article|story|post|piece|report)(?:,.{0,60},)? (?:was )?(?:first|originally) (?:published|appeared|posted|ran)"
    r"(?: here)?(?: (?:in|on|by|at))? (?:the )?([A-ZÀ-Þ][\w’'&.-]*(?: [A-ZÀ-Þ&][\w’'&.-]*){0,4})",
    re.I,
)


def source(metas: dict[str, list[str]], foreign: str, text: str) -> str:
    """Gives where the article was first published: an address that the page names for that, or the name in its last words.

    `foreign` is a canonical address on another site, which is no identity of this page but says whose the words are.

    >>> source({}, "", "Nine joined. This article was originally published by Harbour Post.")
    'Harbour Post'
    """
    named = [*metas.get("syndication-source", ()), *metas.get("original-source", ()), foreign]
    address = next((link for link in named if link.startswith(("http://", "https://"))), "")
    found = _FIRST_IN.search(text[-600:])
    return address or (found.group(1).rstrip(".") if found else "")
