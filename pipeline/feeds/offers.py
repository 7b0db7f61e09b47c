"""What the readers of all formats share: how the words, addresses and authors that a document offers become those of an entry.

Pure text in, pure text out; which element was which is settled before, and so is that there are no characters in it that XML may not
hold (`printable`).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from urllib.parse import urljoin, urlsplit

from pipeline.feeds.decoding import NOT_IN_XML
from pipeline.text import one_line

_TAG = re.compile(r"<[/!A-Za-z][^<>]*>")
_UNSEEN = re.compile(r"<(script|style)\b[^<>]*>.*?(?:</\1\s*>|\Z)", re.I | re.S)
_INLINE = re.compile(r"</?(?:a|abbr|b|br|cite|em|i|p|q|small|span|strong|sub|sup|u)\b[^<>]*>", re.I)
_SPOTLESS = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9/_.,~%!$&'()*+:@=-]*)(?:\?[A-Za-z0-9/_.,~%!$&'()*+:@=?-]+)?")
"""Addresses that stay what they are when they are joined to a base and written anew."""


def printable(text: str) -> str:
    """Takes out the characters that no XML document may hold."""
    return NOT_IN_XML.sub("", text) if NOT_IN_XML.search(text) else text


def plain(markup: str) -> str:
    """Gives the text of a piece of HTML in one line.

    >>> plain("<p>Two&nbsp;ports</p><p>join</p>")
    'Two ports join'
    """
    if "<" in markup:
        if "<s" in markup or "<S" in markup:
            markup = _UNSEEN.sub("", markup)
        markup = _TAG.sub(" " if "<p" in markup or "<br" in markup else "", markup)
    return one_line(printable(html.unescape(markup)) if "&" in markup else markup)


def title(text: str, kind: str, atom: bool) -> str:
    """Gives a title in one line: of HTML where `kind` says so, else as its format has it."""
    if "html" in kind:
        return plain(text)
    if not atom:
        # RSS does not say what a title is. Written twice escaped ("&amp;amp;") is the common case, a literal "&amp;" the rare one.
        text = _INLINE.sub("", text) if "<" in text else text
        text = printable(html.unescape(text)) if "&" in text else text
    return one_line(text)


def longest(texts: Sequence[str]) -> str:
    """Takes the text with most words to it, the first of several.

    >>> longest(["<p>Short</p>", "Rather longer", ""])
    'Rather longer'
    """
    best = texts[0] if texts else ""
    for text in texts[1:]:
        # What is left of a text is never longer than the text, so that the beginning of the other one decides in most cases.
        if len(text) > _at_least(best, len(text)) and len(plain(text)) > len(plain(best)):
            best = text
    return best.strip()


def _at_least(markup: str, enough: int) -> int:
    """A length that the text of a piece of HTML has at least, from its beginning alone."""
    cut = markup.rfind(">", 0, 2 * enough + 200) + 1 if len(markup) > enough else 0
    return len(plain(markup[:cut])) if cut else 0


def authors(names: Iterable[str]) -> str:
    """Joins the names of authors, each once."""
    return ", ".join(dict.fromkeys(one_line(html.unescape(n) if "&" in n else n) for n in names if n))


def web_address(address: str, base: str) -> str:
    """Makes an address absolute; gives an empty string for what is not on the web (`mailto:`, `urn:`, no host).

    >>> web_address("//o.example/x", "https://a.example/"), web_address("mailto:desk@a.example", "https://a.example/")
    ('https://o.example/x', '')
    """
    if _SPOTLESS.fullmatch(address):
        return address
    try:
        url = urljoin(base, address.translate({9: None, 10: None, 13: None}).strip()) if address.strip() else ""
        parts = urlsplit(url)
        return url if parts.scheme in {"http", "https"} and parts.hostname else ""
    except ValueError:
        return ""
