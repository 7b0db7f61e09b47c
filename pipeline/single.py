"""One article, or one row of many, at a time: what `pipeline detect` and `pipeline parse` do with it.

No store is opened and nothing is remembered. A row that cannot be read ends the run, named by its line; what was printed
before it stands.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, NoReturn

from pipeline import app, articles, screen
from pipeline.cell import shared
from pipeline.errors import FetchError, ParseError, UsageError
from pipeline.fetch import Fetcher, FetchSettings, PageRequest
from pipeline.model import Article, Claim, Page
from pipeline.text import json_text

LONGEST_INPUT = 64 * 1024 * 1024
"""Bytes read of one article or one row: more is somebody's mistake."""


def detect(name: str, published: datetime | None, *, as_json: bool, explain: bool) -> None:
    """Prints what one article says about coalitions; `name` is a file, or - for standard input."""
    article = article_of(_read(name), name, published)
    detection = app.load_detector().detect(article)
    if as_json:
        document: dict[str, Any] = {"claims": [claim_row(c) for c in detection.claims]}
        if explain:
            document |= {
                "skipped": detection.skipped,
                "trace": list(detection.trace),
                "because": [list(c.because) for c in detection.claims],
            }
        print(json_text(document))
    else:
        print(screen.claims(detection, explain=explain), end="")


def parse(source: str, settings: Callable[[], FetchSettings], *, as_json: bool) -> None:
    """Prints what can be read of a page: a file, an address, or - for standard input."""
    if source.lower().startswith(("http://", "https://")):
        article = _fetched(source, settings())
    else:
        article = article_of(_read(source), source, None)
    if as_json:
        document = {
            "title": article.title,
            "text": article.text,
            "published": article.published.isoformat() if article.published else None,
            "author": article.author,
            "site": article.site,
            "url": article.url,
            "language": article.language,
        }
        print(json_text(document))
    else:
        print(screen.article_text(article), end="")


def _fetched(url: str, settings: FetchSettings) -> Article:
    with Fetcher(settings) as fetcher:
        for _, outcome in fetcher.fetch([PageRequest(url)]):
            if isinstance(outcome, Page):
                return shared().call(articles.parse, outcome, about=url)
            if isinstance(outcome, FetchError):
                raise outcome
    raise FetchError("gave no page", about=url)


def _read(name: str) -> bytes:
    """Reads a whole article; raises UsageError for a file that cannot be read or is far too long."""
    with _opened(name) as file:
        body = file.read(LONGEST_INPUT + 1)
    if len(body) > LONGEST_INPUT:
        raise UsageError(f"is longer than {LONGEST_INPUT >> 20} MB, which no article is", about=name)
    return body


@contextmanager
def _opened(name: str) -> Iterator[IO[bytes]]:
    if name == "-":
        if sys.stdin.isatty():
            print("Reading from the keyboard: end with Ctrl-D.", file=sys.stderr)
        yield sys.stdin.buffer
        return
    with ExitStack() as stack:
        try:
            file = stack.enter_context(Path(name).open("rb"))
        except OSError as problem:
            raise UsageError(f"cannot be read: {problem.strerror}", about=name) from problem
        yield file


def article_of(body: bytes, name: str, published: datetime | None) -> Article:
    """Makes an article of a file as the cycle reads pages: HTML by its name or its looks, else plain text. A day that was given wins.

    Raises ParseError, about the file, for what holds no article.
    """
    kind = "text/html" if name.lower().endswith((".html", ".htm", ".xhtml")) else "text/plain"
    try:
        article = shared().call(articles.parse_html, body, "", kind)
    except ParseError as problem:
        raise ParseError(str(problem), about="standard input" if name == "-" else name) from problem
    return replace(article, published=published) if published else article


def claim_row(claim: Claim) -> dict[str, Any]:
    """Gives a claim with the keys of the command-line contract."""
    return {
        "coalition": claim.coalition,
        "member": claim.member,
        "event": claim.event,
        "role": claim.role,
        "status": claim.status,
        "date": str(claim.date) if claim.date else None,
        "confidence": round(claim.confidence, 4),
        "evidence": claim.quote.words,
    }


def detect_rows(name: str) -> None:
    """Prints a row of claims for each row read, in the same order; raises UsageError that names the line of a bad one."""
    detector = None
    with _opened(name) as file:
        for number, line in enumerate(_lines(file, name), 1):
            if not line.strip():
                continue
            key, article = _row(line, f"{'standard input' if name == '-' else name}, line {number}")
            detector = detector or app.load_detector()
            claims = detector.detect(article).claims
            # A reader at the other end of a pipe gets each row as it is done.
            print(json_text({"id": key, "claims": [claim_row(c) for c in claims]}, indent=None), flush=True)


def _lines(file: IO[bytes], name: str) -> Iterator[bytes]:
    while line := file.readline(LONGEST_INPUT + 1):
        if len(line) > LONGEST_INPUT:
            raise UsageError(f"a row is longer than {LONGEST_INPUT >> 20} MB", about=name)
        yield line


def _row(line: bytes, about: str) -> tuple[Any, Article]:
    """Reads one row of `detect --jsonl`; raises UsageError that names the line and what is wrong with it."""

    def wrong(why: str) -> NoReturn:
        raise UsageError(why, about=about)

    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as problem:
        raise UsageError(f"is no JSON: {problem}", about=about) from problem
    if not isinstance(row, dict):
        wrong("is no JSON object")
    if not isinstance(row.get("id"), str | int) or isinstance(row["id"], bool):
        wrong('"id" must be a text or a number')
    if not isinstance(row.get("text"), str):
        wrong('"text" must be a text')
    for key in ("title", "url", "published"):
        if not isinstance(row.get(key), str | None):
            wrong(f'"{key}" must be a text or null')
    published = None
    if row.get("published"):
        try:
            published = datetime.fromisoformat(row["published"])
            published = published.astimezone(UTC) if published.tzinfo else published.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            wrong(f'"published" is no ISO 8601 time: {row["published"]!r}')
    return row["id"], Article(url=row.get("url") or "", title=row.get("title") or "", text=row["text"], published=published)
