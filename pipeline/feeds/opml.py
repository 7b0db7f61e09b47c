"""OPML in and out: lists of feeds as other readers write and take them (opml.org, version 2.0).

It takes what stands there: outlines with an address, in any depth. Whether a feed answers is found out elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree.ElementTree import Element, ParseError, SubElement, fromstring, indent, tostring

from pipeline.errors import ParseError as NoList
from pipeline.feeds.decoding import decode
from pipeline.feeds.offers import printable, web_address
from pipeline.model import Feed, Skipped
from pipeline.text import one_line

_BARE_AMPERSAND = re.compile(r"&(?!(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|amp|lt|gt|quot|apos);)")


def read(body: bytes) -> tuple[tuple[Feed, ...], tuple[Skipped, ...]]:
    """Reads the feeds of an OPML document, each address once, and what was left out. Raises ParseError for another document.

    >>> feeds, _ = read(b"<opml><body><outline text='News'><outline text='Wire' xmlUrl='https://w.example/f'/></outline></body></opml>")
    >>> feeds[0].name, feeds[0].url
    ('Wire', 'https://w.example/f')
    """
    text = printable(decode(body, "")).strip()
    if "<!DOCTYPE" in text[:2000] or "<!ENTITY" in text:
        raise NoList("has a document type of its own, which an OPML list does not need")
    try:
        root = fromstring(_BARE_AMPERSAND.sub("&amp;", re.sub(r"^<\?xml[^>]*\?>", "", text)))
    except ParseError as error:
        raise NoList(f"is no OPML list: {error}") from error
    if root.tag.rpartition("}")[2].lower() != "opml":
        raise NoList(f"is no OPML list (it begins with <{root.tag[:50]}>)")
    feeds: dict[str, Feed] = {}
    skipped = []
    for outline in root.iter():
        given = {name.lower(): one_line(value) for name, value in outline.attrib.items()}
        if outline.tag.rpartition("}")[2].lower() != "outline" or not (given.get("xmlurl") or given.get("type", "").lower() == "rss"):
            continue
        address = web_address(given.get("xmlurl", ""), "")
        name = given.get("title") or given.get("text") or ""
        if not address:
            skipped.append(Skipped(name or given.get("xmlurl", "") or "an outline", "has no address of the web"))
        elif address not in feeds:
            feeds[address] = Feed(name, address)
    return tuple(feeds.values()), tuple(skipped)


def write(feeds: Iterable[Feed], title: str) -> str:
    """Writes feeds as an OPML document."""
    root = Element("opml", version="2.0")
    SubElement(SubElement(root, "head"), "title").text = title
    body = SubElement(root, "body")
    for feed in feeds:
        SubElement(body, "outline", type="rss", text=printable(feed.name), title=printable(feed.name), xmlUrl=feed.url)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"
