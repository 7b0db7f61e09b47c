"""Reads JSON Feed (jsonfeed.org, versions 1 and 1.1), with as much tolerance as the XML: a document that breaks off keeps its items."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.errors import ParseError
from pipeline.feeds.dates import read_date
from pipeline.feeds.offers import authors, longest, printable, web_address
from pipeline.model import Entry, Feed, ParsedFeed
from pipeline.text import digest

_ITEMS = re.compile(r'"items"\s*:\s*\[')
_COMMA = re.compile(r"[\s,]*")


def parse(text: str, feed: Feed, base: str, about: str) -> ParsedFeed:
    """Reads the text of a document; relative addresses go by the site that it names, or by `base`. Raises ParseError."""
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
    site = web_address(_word(document, "home_page_url"), base) or base
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
    url = next((u for u in (web_address(_word(raw, k), base) for k in ("url", "external_url")) if u), "")
    if not url and guid.startswith(("http://", "https://")):
        url = web_address(guid, "")
    title = " ".join(_word(raw, "title").split())
    content = longest([_word(raw, k).strip() for k in ("content_html", "content_text", "summary")])
    if not (url or title or content):
        return None
    listed = raw.get("authors")
    named = [a for a in [*(listed if isinstance(listed, list) else []), raw.get("author")] if isinstance(a, dict)]
    published, updated = read_date(_word(raw, "date_published")), read_date(_word(raw, "date_modified"))
    return Entry(
        feed=feed.name,
        guid=" ".join(guid.split()) or url or digest(title, content),
        url=url,
        title=title,
        content=content,
        published=published or updated,
        updated=updated,
        author=authors(_word(a, "name") for a in named),
    )


def _word(raw: Mapping[str, Any], key: str) -> str:
    value = raw.get(key)
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = f"{value}"
    return printable(value) if isinstance(value, str) else ""
