"""Reads the test files of feedparser's own source package and lists where the reading here differs from feedparser's.

    pip download --no-binary :all: --no-deps feedparser==6.0.14 && tar xf feedparser-6.0.14.tar.gz
    python -m tests.feedparser_files feedparser-6.0.14/tests [--all]

Entries, titles, links and dates are compared. Where feedparser is known to be wrong, or reads what no entry here has, the difference
has its reason beside it (`REASONS`); what has none counts against the share that is shown at the end.
"""

from __future__ import annotations

import argparse
import io
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import feedparser

from pipeline.errors import ParseError
from pipeline.feeds import parse
from pipeline.feeds.decoding import decode
from pipeline.feeds.offers import plain
from pipeline.feeds.plain import parse as read_fast
from pipeline.model import Entry, Feed, Page

FEED = Feed("test", "https://wire.example/feed.xml")
_HEADER = re.compile(rb"^Header:\s*([\w-]+):\s*(.+)$", re.M)


def page_of(path: Path) -> Page:
    """A test file as if it had been fetched: its comment may name headers."""
    body = path.read_bytes()
    found = {name.decode().lower(): value.decode("latin-1").strip() for name, value in _HEADER.findall(body[:2000])}
    headers = {"content-type": "application/xml", **found}
    address = headers.get("content-location", "")
    where = address if address.startswith("http") else FEED.url
    return Page(FEED.url, where, 200, tuple(headers.items()), body, datetime(2024, 3, 5, tzinfo=UTC))


def differences(page: Page) -> Iterator[tuple[str, str, str]]:
    """Gives each difference: what differs, how feedparser reads it, and how it is read here."""
    theirs = feedparser.parse(io.BytesIO(page.body), response_headers={**dict(page.headers), "content-location": page.final_url})
    listed = [e for e in theirs.entries if isinstance(e, dict) and _says_something(e)]
    try:
        ours: tuple[Entry, ...] = parse(page, FEED).entries
    except ParseError as error:
        if listed:
            yield "entries", str(len(listed)), str(error)
        return
    if len(listed) != len(ours):
        yield "entries", str(len(listed)), str(len(ours))
        return
    for their, our in zip(listed, ours, strict=True):
        # What feedparser calls a title may be HTML; as text both must say the same.
        title = plain(str(their.get("title", "")))
        if _bare(title) not in {_bare(our.title), _bare(plain(our.title))}:
            yield "title", title, our.title
        link = str(their.get("link", ""))
        if link.startswith(("http://", "https://")) and link != our.url:
            yield "link", link, our.url
        date = dict.get(their, "published_parsed") or dict.get(their, "created_parsed") or dict.get(their, "updated_parsed")
        when = datetime(*date[:6], tzinfo=UTC) if date else None
        if when != (our.published.replace(microsecond=0) if our.published else None):
            said = str(their.get("published") or their.get("created") or dict.get(their, "updated"))
            yield "date", f"{when} ({said})", str(our.published)


def _says_something(entry: Any) -> bool:
    """Whether an entry has a title, a link or a text: one that has none of them is none here."""
    link = str(entry.get("link", ""))
    return bool(entry.get("title") or entry.get("summary") or any(c.get("value") for c in entry.get("content", []))) or link.startswith(
        "http"
    )


def _bare(title: str) -> str:
    return "".join(title.split())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--all", action="store_true", help="list the differences that have a reason as well")
    args = parser.parse_args()
    files = sorted(args.folder.rglob("*.xml"))
    counts: Counter[str] = Counter()
    for path in files:
        page = page_of(path)
        name = path.relative_to(args.folder).as_posix()
        counts["read fast"] += read_fast(decode(page.body, page.header("content-type")), FEED, FEED.url) is not None
        found = list(differences(page))
        why = next((why for pattern, why in REASONS if re.search(pattern, name)), "") if found else ""
        counts["alike" if not found else "other, with a reason" if why else "other"] += 1
        if found and (args.all or not why):
            for what, theirs, ours in found:
                print(f"{name}: {what}: {theirs[:100]!r} here {ours[:100]!r}" + (f" ({why})" if why else ""))
    print(f"{len(files)} files: {dict(counts)}; {1 - counts['other'] / len(files):.2%} alike or with a reason")


REASONS = [
    (r"sanitize/entry_title_on", "a title that is an image without words, and nothing else: no entry here"),
    (r"sanitize/entry_title_crazy", "feedparser takes a broken comment for the end of the title"),
    (r"entry_content_base64", "a content that is no text, and nothing else: no entry here"),
    (r"entry_id_with_attributes|http_entry_id_base|node_precedence/atom10_id", "an id without words or address: no entry here"),
    (r"entry_content_xml_lang_blank_3|node_precedence/atom10_title", "two entries with the same words and no id are one here"),
    (r"illformed/chardet", "feedparser guesses an encoding that is not declared where chardet is installed only"),
    (r"rdf_item_rdf_about", "the address that names an item of RSS 1.0 is that of the article (section 5.5), and leads to it here"),
    (r"http_content_language_entry_title_inherit_2", "feedparser takes a number as guid for an address"),
]
"""Why the reading of some files is another one, by a pattern of their names."""


if __name__ == "__main__":
    main()
