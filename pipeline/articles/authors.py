"""Who wrote an article: names of people and houses, from what is written for machines, else from bylines and elements called author.

It names nobody where the page names nobody: the site itself, its newsroom, an account or an address is no author.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Sequence

from lxml.html import HtmlElement

from pipeline.articles.blocks import Block, Kind, Mark, tidy, words_of
from pipeline.text import fold

_AUTHOR_NAMES = ("author", "article:author", "dc.creator", "dcterms.creator", "parsely-author", "sailthru.author", "byl", "citation_author")
_NOT_AUTHORS = frozenset(
    [
        *"admin administrator webmaster root editor editors unknown author authors null none undefined guest anonymous redaction".split(),
        *"redaktion staff newsroom user default wordpress site by n/a follow".split(),
        *("staff writer", "staff reporter", "web desk", "news desk", "our correspondent", "press release", "super user", "site admin"),
    ]
)
_BY = re.compile(
    r"^(?:(?:story |text |words |written |reported |reporting |posted |published |article )?by|authors?|text|words|interview)[: ]+", re.I
)
_NAME = r"[A-ZÀ-Þ][\w.'’-]*(?: (?:[A-ZÀ-Þ][\w.'’-]*|de|van|von|der|da|la|el|al|bin|di|du|le|den)){0,4}"
_BYLINE = re.compile(
    rf"(?:(?i:(?:story |text |words |written |reported |reporting |posted )?by|authors?|text|words|interview)[: ]+)({_NAME}.{{0,120}})$"
)
_BY_WITHIN = re.compile(rf"\b[Bb]y:? ({_NAME}(?:(?:, | and | & ){_NAME}){{0,4}})")
_AUTHOR_CLASS = re.compile(r"(?:^|-)(?:author|authors|byline|by-line|writer)(?:-|$)")
_NOT_AUTHOR_CLASS = re.compile(r"\b(?:bio|box|card|comment|image|img|photo|avatar|thumb|related|about|social|follow|date|time)\b")
_POSITION = re.compile(
    r"\b(?:editors?|correspondents?|reporters?|writers?|staff|bureau|chief|columnists?|producers?|analysts?|contributors?|desk|news|fellow|professor"
    r"|director|journalists?|agency|agencies|today|press)\b",
    re.I,
)
_OF_SITE = re.compile(r"\s*\((?:[A-Za-z .]{2,40})\)$")
_ROOM = tuple(
    "staff newsroom editors editorialteam editorialstaff editorialboard editorial newsdesk team reporters reporter staffwriter online news "
    "webdesk desk bureau correspondent contributor".split()
)
_AFTER_NAME = re.compile(r"\s*(?:[|·•\n]|,? (?:published|updated|posted)\b|\s[–—-]\s|\bon \d|\d{4}-).*", re.I | re.S)
_NAMED = re.compile(r"[\w.'’\- &,]{2,120}")


def author(
    metas: dict[str, list[str]],
    node: dict[str, object],
    root: HtmlElement,
    properties: dict[str, list[str]],
    bylines: Sequence[Block],
    blocks: Sequence[Block],
    site: str,
) -> str:
    """Who wrote it: the names that the first source which has any gives."""
    written = node.get("author") or node.get("creator")
    people = [string_of(p) for p in (written if isinstance(written, list) else [written])[:10]]
    early = [b for b in blocks[:40] if b.kind is Kind.PARAGRAPH and b.mark is not Mark.NOISE and b.chars < 160]
    sources: Iterable[Callable[[], Iterable[str]]] = (
        lambda: people,
        *(lambda name=name: metas.get(name, ()) for name in _AUTHOR_NAMES),
        lambda: properties.get("author", ()),
        lambda: (said.group(1) for b in (*bylines, *early) for line in b.lines if (said := _BYLINE.match(line)) and not line.endswith(".")),
        lambda: (said.group(1) for b in bylines for line in b.lines if (said := _BY_WITHIN.search(line))),
        lambda: _named_authors(root, blocks),
    )
    for source in sources:
        names = [name for text in source() for name in names_in(text, site)]
        if names:
            return ", ".join(dict.fromkeys(names))
    return ""


def _named_authors(root: HtmlElement, blocks: Sequence[Block]) -> list[str]:
    """The text of elements that are called author or byline, up to the first that is so called twice: those of teasers come after."""
    noise = {id(b.element) for b in blocks if b.mark is Mark.NOISE}
    found: list[str] = []
    place = None
    for element in root.xpath(
        "//*[@rel='author' or contains(@class, 'author') or contains(@class, 'byline') or contains(@class, 'Author')]"
    )[:50]:
        words = words_of(element.get("class", ""))
        if element.get("rel") != "author" and not (_AUTHOR_CLASS.search(words) and not _NOT_AUTHOR_CLASS.search(words)):
            continue
        if any(id(above) in noise for above in (element, *element.iterancestors())):
            continue
        said = said_in(element)
        if not said or len(said) > 80:
            continue
        if place is not None and place not in {
            element.getparent(),
            element.getparent().getparent() if element.getparent() is not None else None,
        }:
            break
        place = element.getparent()
        found.append(said)
    return found


def names_in(byline: str, site: str = "") -> list[str]:
    """Gives the names of people and houses in a byline; none where it is an address, an account, a desk or the site itself.

    >>> names_in("By Ana Reuss and Bo Lindt, Harbour Post", "Harbour Post"), names_in("admin"), names_in("https://x.example/ana")
    (['Ana Reuss', 'Bo Lindt'], [], [])
    """
    text = tidy(byline)
    text = _BY.sub("", text, count=1)
    text = _AFTER_NAME.sub("", text)
    if len(text) > 200:
        return []
    names = []
    for number, part in enumerate(re.split(r"\s*[,;]\s*(?:and\s+)?|\s+(?:and|&|und|et|y|with)\s+(?=[A-ZÀ-Þ])", text)):
        name = _OF_SITE.sub("", part.strip(" ,;·|-–—.")) if site else part.strip(" ,;·|-–—.")
        if site:
            name = re.sub(rf"\s+(?:for|at|of|in)\s+(?:the\s+)?{re.escape(site)}$", "", name, flags=re.I)
        if not name or name.startswith(("http://", "https://", "www.", "@", "/", "#")) or "@" in name or len(name) > 80:
            continue
        if name.casefold() in _NOT_AUTHORS or not _NAMED.fullmatch(name) or _is_the_site(name, site):
            continue
        if number and (len(name.split()) == 1 or _POSITION.search(name) or not name[:1].isupper()):
            continue  # "Ana Reuss, Brussels", "Ana Reuss, business editor"
        names.append(name)
    return names


def _is_the_site(name: str, site: str) -> bool:
    """Whether an author's name is that of the site, or of its newsroom: then nobody is named."""
    mine, its = fold(name).replace(" ", ""), fold(site).replace(" ", "")
    for word in _ROOM:
        mine = mine.removesuffix(word)
    return not mine or (
        bool(its) and mine.removeprefix("the") in {its.removeprefix("the"), its.removesuffix("com").removeprefix("the"), ""}
    )


def string_of(value: object, lines: bool = False) -> str:
    """The text in a JSON-LD value, whatever shape it was given: a string, an object with a name, a list of these."""
    for _ in range(4):
        if isinstance(value, list):
            value = value[0] if value else ""
        elif isinstance(value, dict):
            value = value.get("name") or value.get("@value") or value.get("@id") or ""
    if not isinstance(value, str):
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""
    text = html.unescape(html.unescape(value)) if "&" in value else value
    if lines:
        text = re.sub(r"</p>|<br\s*/?>\s*<br\s*/?>", "\n\n", re.sub(r"<p\b[^>]*>", "", text))
        return re.sub(r"<[a-z/][^<>]{0,500}>", "", text, flags=re.I)
    return tidy(re.sub(r"<[a-z/][^<>]{0,200}>", "", text, flags=re.I))


def said_in(element: HtmlElement) -> str:
    """The text of an element; nothing where it is far longer than any name or headline."""
    text: list[str] = []
    for piece in element.itertext():
        text.append(piece)
        if len(text) > 50:
            return ""
    said = tidy(" ".join(text))
    return said if len(said) < 500 else ""
