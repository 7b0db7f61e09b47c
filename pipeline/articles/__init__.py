"""HTML → article: the title, the readable text, when and by whom it was published, and where.

It refuses what is no readable page (empty, PDF, a feed, a page whose text is made by a script) with a `ParseError`, and
never guesses a time or an author that the page does not state. It fetches nothing. Every page ends in time: a page of too
many elements is read without the slow extractor, and what lies beyond `PAGE_CHARS` is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from html import unescape

import lxml.html
import py3langid
from lxml.etree import LxmlError
from lxml.html import HtmlElement

from pipeline.articles import addresses, body, gates, metadata
from pipeline.articles.blocks import Mark, read, tidy
from pipeline.articles.charset import decode, repaired
from pipeline.articles.metadata import clean_url
from pipeline.articles.plain_text import from_text, parted
from pipeline.errors import ParseError
from pipeline.model import Article, Entry, Page

__all__ = [
    "MOST_PAGES",
    "PAGE_CHARS",
    "Found",
    "clean_url",
    "examine",
    "examine_html",
    "from_entry",
    "from_text",
    "joined",
    "looks_like_html",
    "parse",
    "parse_html",
]

PAGE_CHARS = 8_000_000
"""Characters of a page that are read at most; the largest live blog seen in the benchmark has 1.3 million."""
MOST_PAGES = 20
"""Pages of one article that are worth fetching; slide shows have more, of a line each."""
LANGUAGE_CHARS = 200
"""Characters of text below which a language is not guessed: names in a short item pass for any language."""

_NO_TEXT = "has no readable text (it may be written by a script when a browser shows it)"
_PROLOG = re.compile(r"\s*(?:<\?xml[^>]*\?>\s*)?")
_FEED = re.compile(r"\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)?<(?:rss|feed|rdf:RDF|urlset|sitemapindex)\b", re.I | re.S)
_TAG = re.compile(
    r"<!doctype\s+html|<(?:br|hr|img|meta|link)\b[^<>]*>|</(?:html|head|body|p|div|span|ul|ol|li|a|h[1-6]|article"
    r"|section|table|tr|td|em|strong|b|i|title|main|blockquote)\s*>",
    re.I,
)
_NO_PAGE = re.compile(
    r"enable javascript|javascript is (?:disabled|required)|are you a (?:robot|human)|verify (?:that )?you are (?:a )?human|access denied"
    r"|checking your browser|unusual traffic|captcha|request blocked",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Found:
    """An article with what its page says of the text: `partial` is why it is not whole, empty where it is.

    `agreement` is how far the readings of the page agree, 0 to 1 by characters (1 too for what needed no choice); `next_page`
    and `print_version` are addresses on the same site, `source` the address or name of where it was first published.
    """

    article: Article
    agreement: float = 1.0
    partial: str = ""
    next_page: str = ""
    print_version: str = ""
    source: str = ""

    @property
    def is_sure(self) -> bool:
        return self.agreement >= body.UNSURE


def parse(page: Page) -> Article:
    """Reads a fetched page; raises ParseError, about its address, where it holds no article."""
    return examine(page).article


def examine(page: Page) -> Found:
    """Reads a fetched page and what it says of its text; raises ParseError, about its address, where it holds no article."""
    return _examine(page.body, page.final_url or page.url, page.header("content-type"), page.fetched + timedelta(days=1))


def parse_html(html: bytes | str, url: str = "", content_type: str = "") -> Article:
    """Reads a page from its HTML, bytes or text; raises ParseError where it holds no article."""
    return examine_html(html, url, content_type).article


def examine_html(html: bytes | str, url: str = "", content_type: str = "") -> Found:
    """Reads a page, and what it says of its text, from its HTML; raises ParseError where it holds no article."""
    return _examine(html, url, content_type, None)


def joined(first: Article, more: Iterable[Article]) -> Article:
    """Gives the article whose text goes on on further pages, in their order; what each page repeats is there once.

    To be asked with the pages that `Found.next_page` leads to, `MOST_PAGES` at most.

    >>> joined(Article("u", "T", "One.\\n\\nTwo."), [Article("u2", "T", "One.\\n\\nThree.")]).text
    'One.\\n\\nTwo.\\n\\nThree.'
    """
    paragraphs = first.text.split("\n\n")
    for article in more:
        known = set(paragraphs)
        paragraphs += [p for p in article.text.split("\n\n") if p not in known and p != article.title]
    return replace(first, text="\n\n".join(paragraphs))


def from_entry(entry: Entry, site: str = "") -> Article:
    """Reads an article from the feed's own text of it, marked `origin="feed"`; raises ParseError where that has no word."""
    title = _stripped(entry.title)
    if looks_like_html(entry.content):
        reading = read(_tree(f"<div>{entry.content}</div>", entry.url))
        blocks = [b for b in reading.blocks if not body.is_boilerplate(" ".join(b.lines))]
        # Feeds wrap their text in whatever their template has; only where some of it is not noise, the noise is left out.
        blocks = [b for b in blocks if b.mark is not Mark.NOISE] or blocks
        text = body.plain(body.without_head(blocks, [title]))
    else:
        text = from_text(unescape(entry.content)).text.strip()
    if not (title or text):
        raise ParseError("the feed gives neither title nor text", about=entry.url or entry.guid)
    return Article(
        url=clean_url(entry.url),
        title=title,
        text=text,
        published=entry.published or entry.updated,
        author=tidy(entry.author),
        site=site or metadata.host_of(entry.url),
        language=_language(text),
        origin="feed",
    )


def looks_like_html(text: str) -> bool:
    """Whether a text is HTML rather than plain: it declares itself, or closes an element that pages have.

    >>> looks_like_html("<p>Three joined.</p>"), looks_like_html("a < b and <Acme> joined"), looks_like_html("One<br/>two")
    (True, False, True)
    """
    return bool(_TAG.search(text[:20_000]))


def _examine(html: bytes | str, url: str, content_type: str, latest: datetime | None) -> Found:
    try:
        text = decode(html, content_type) if isinstance(html, bytes) else html
    except ParseError as problem:
        raise ParseError(str(problem), about=url) from problem
    if not text.strip():
        raise ParseError("is empty", about=url)
    if _FEED.match(text):
        raise ParseError("is a feed or site map, not a page", about=url)
    text = text[:PAGE_CHARS].replace("\0", "").encode("utf-8", "replace").decode()  # lone surrogates go
    if not looks_like_html(text) and ("<" not in text or content_type.startswith("text/plain")):
        title, rest = parted(text.replace("\r\n", "\n").replace("\r", "\n"))
        plain = from_text(rest, title, url=clean_url(url))
        if not any(c.isalnum() for c in plain.text):
            raise ParseError("has no readable text", about=url)
        return Found(replace(plain, site=metadata.host_of(url), language=_language(plain.text)))
    root = _tree(text, url)
    reading = read(root)
    about = metadata.about(root, reading, url, latest)
    told = "\n\n".join(p for p in (tidy(part) for part in re.split(r"\n\s*\n|\r\n\s*\r\n", about.body)) if p)
    following, printed = addresses.next_page(root, url), addresses.print_version(root, url)
    choice = body.choose(root, reading, url, about.title, told)
    article = body.plain(body.without_head(choice.blocks, [about.title, about.site, *about.headings], about.author))
    agreement = choice.agreement
    partial = gates.is_partial(reading.blocks, about.nodes, len(article))
    # Pages that a script writes, and some behind a wall, carry their text whole in the structured data alone.
    if len(told) > 100 and len(article) * (1.2 if partial else 3) < len(told):
        article, agreement, partial = told, 1.0, False
    if len(article) < gates.LONGEST_CALL and body.asks_for_consent(reading.blocks, about.title, len(article)):
        raise ParseError(gates.CONSENT, about=url)
    if not any(c.isalnum() for c in article):
        behind = "is behind a paywall and shows no text" if partial else _NO_TEXT
        raise ParseError(behind, about=url)
    if len(article) < 400 and _NO_PAGE.search(f"{about.title} {article}"):
        raise ParseError("is a check for robots or for JavaScript, not the article", about=url)
    made = Article(
        url=clean_url(about.url),
        title=repaired(about.title),
        text=repaired(article),
        published=about.published,
        author=repaired(about.author),
        site=repaired(about.site),
        language=about.language or _language(article),
    )
    first = addresses.source(about.metas, about.foreign, article)
    return Found(made, agreement, gates.PAYWALL if partial else "", following, printed, first if first != made.url else "")


def _tree(text: str, url: str) -> HtmlElement:
    """The page's tree; raises ParseError where there is no element in it."""
    text = text[_PROLOG.match(text).end() :] if text.lstrip().startswith("<?xml") else text  # type: ignore[union-attr]
    parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        root = lxml.html.document_fromstring(text.replace("\0", "").encode("utf-8", "replace"), parser=parser)
    except (LxmlError, ValueError) as problem:
        raise ParseError("has no readable text", about=url) from problem
    if not isinstance(root, HtmlElement):
        raise ParseError("has no readable text", about=url)
    return root


def _stripped(title: str) -> str:
    return tidy(_tree(f"<div>{title}</div>", "").text_content() if looks_like_html(title) else unescape(title))


def _language(text: str) -> str:
    """The language that a text is in, or nothing where it is too short to tell."""
    if len(text) < LANGUAGE_CHARS:
        return ""
    return metadata.language_code(str(py3langid.classify(text[:3000])[0]))
