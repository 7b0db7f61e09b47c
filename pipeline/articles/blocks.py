"""HTML tree → blocks in reading order: paragraphs, headings, lists and tables, each with where it stood and what marks it as noise.

It reads the whole page and decides nothing about what the article is; `body` does. Scripts, forms' controls and hidden
elements are not read at all. It works on lxml trees, whose depth the parser bounds at 256.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from itertools import chain, islice, pairwise

from lxml.html import HtmlElement

BULLET = "• "
LEAST_LOGOS = 3
"""Pictures in a row that make a roster of logos; two are a picture and its neighbour."""
LEAST_DEPTH = 15
"""Levels that an element of a flat page counts as: it has its own cost, whatever is above it."""
LEAST_LINKS = 3
"""Paragraphs in a row that are a link each and make a list."""
LEAST_BARE_LINES = 4
"""Short lines parted by <br> that make a list; three are a postal address."""


class Kind(StrEnum):
    PARAGRAPH = "paragraph"
    HEADING = "heading"
    LIST = "list"
    TABLE = "table"
    LOGO = "logo"


class Mark(StrEnum):
    """Why a block is not the article's text; NONE says nothing of whether it is."""

    NONE = ""
    NOISE = "noise"
    BYLINE = "byline"
    CAPTION = "caption"


@dataclass(slots=True, eq=False)
class Block:
    """One block: `lines` without bullets, `links` the addresses in it, `linked` how many of its characters are links."""

    kind: Kind
    lines: tuple[str, ...]
    element: HtmlElement
    mark: Mark = Mark.NONE
    linked: int = 0
    links: tuple[str, ...] = ()
    head: str = ""

    @property
    def chars(self) -> int:
        return sum(map(len, self.lines))

    @property
    def is_roll(self) -> bool:
        return self.kind in {Kind.LIST, Kind.TABLE}

    @property
    def link_share(self) -> float:
        return self.linked / max(1, self.chars)

    @property
    def text(self) -> str:
        if self.kind in {Kind.LIST, Kind.TABLE}:
            return "\n".join(([self.head] if self.head else []) + [BULLET + line for line in self.lines])
        return "\n".join(self.lines)


@dataclass(slots=True)
class Reading:
    """What a walk over a page gives: its blocks, and the <time> elements that are not in noise as (machine, shown).

    `noise` are the outermost elements that are no part of any article. `steps` is the sum of the depths of all elements (at
    least `LEAST_DEPTH` each), which is what extractors that look down from each element cost.
    """

    blocks: list[Block] = field(default_factory=list)
    times: list[tuple[str, str]] = field(default_factory=list)
    noise: list[HtmlElement] = field(default_factory=list)
    steps: int = 0


# <head> is read: where <body> is left out, the parser puts an <article> that follows the title into it.
_SKIPPED = frozenset(
    "script style noscript template svg math iframe object embed canvas video audio map title meta link button select input textarea "
    "datalist progress meter amp-ad amp-analytics amp-social-share amp-sidebar".split()
)
_INLINE = frozenset(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i img ins kbd label mark nobr q rp rt ruby s samp small span strike "
    "strong sub sup time tt u var wbr amp-img picture source".split()
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_LISTS = frozenset({"ul", "ol", "dl", "menu", "dir"})
_NEVER_MARKED = frozenset({"html", "body", "main", "article"})
_NOISY_ROLES = frozenset("navigation contentinfo search dialog alertdialog menu menubar toolbar banner complementary".split())
# Words of class and id. Left out because real themes put them on whole articles: tag-x, widget, header, teaser, legal.
_FOREIGN = re.compile(
    r"\b(?:comments?|comment-list|respond|disqus|cookies?|cookiebar|consent|gdpr|onetrust|cmp|privacy-(?:banner|notice))\b"
)
_NOISE = re.compile(
    r"\b(?:newsletters?|subscribe|subscription|signup|sign-up|promo|promotion|related|recommend(?:ed|ations?)|recirc(?:ulation)?|most-(?:read|popular|viewed)"
    r"|mostread|trending|popular|share|sharing|sharebar|sharedaddy|social|breadcrumbs?|sidebar|side-bar"
    r"|advert|advertisement|ads?|adsbygoogle|sponsored|taboola|outbrain|tags|tag-list|topics-list|pagination|pager|author-(?:bio|box|card)|about-author|paywall"
    r"|modal|popup|pop-up|skip-link|skip-to|more-(?:stories|from|news|on|articles)|read-(?:more|next|also)|see-also|also-(?:like|read)"
    r"|next-up|up-next|footer|site-footer|site-header|menu|nav|navbar|navigation|masthead|toolbar|sr-only|visually-hidden|screen-reader-text"
    r"|copyright|donate|donation|app-banner|live-score|ticker|editsection|pull-?quotes?|noprint|site-sub)\b"
)
_BYLINE = re.compile(
    r"\b(?:by-?line|dateline|timestamp|time-stamp|pub(?:lished|lication)?-?date|post-?(?:meta|date|info)|entry-?(?:meta|date)|article-?(?:meta|date|info)"
    r"|story-?(?:meta|date)|meta-?(?:data|info)|author|authors|posted-on|date|reading-?time|read-?time|published|updated)\b"
)
_CAPTION = re.compile(r"\b(?:caption|figcaption|wp-caption-text|image-credit|photo-credit|credit|photo-info)\b")
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NOT_LETTER = re.compile(r"[^A-Za-z]+")
_SPACE = re.compile(r"\s+")
_GONE = re.compile("[\u00ad\u200b\u200c\u2060\ufeff\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")
_BREAK = "\u2028"
_BULLETED = re.compile(r"^\s*[•·▪●○◦‣∙■□*-]\s+(?=\S*\w)")
_ROUND_BULLET = re.compile(r"^\s*[•▪●○◦‣∙■□]\s*(?=\S*\w)")
_FOOTNOTE = re.compile(r"\[?\d{1,3}\]?")
_ENDS = re.compile(r"[.!?…:;,][\"”’')\]]*$")
_LOGO_WORDS = re.compile(
    r"^(?:the )?(?:logo|logotype|icon|image|picture)(?: of|:)?\s+|[\s_–-]*\b(?:logo|logotype)\b.*$|\.(?:png|jpe?g|svg|webp|gif)$", re.I
)
_NO_NAME = re.compile(r"(?:logo|image|photo|picture|icon|banner|avatar|placeholder|img)?\W*\d*", re.I)
_NUMBER = re.compile(r"[\W\d]*|[+-]?[$€£]?[\d.,]+\s*(?:%|m|bn|k)?", re.I)


@lru_cache(maxsize=4096)
def words_of(attribute: str) -> str:
    """Gives the words of a class or id, lower case, joined by hyphens.

    >>> words_of("relatedStories  site-footer__inner")
    'related-stories-site-footer-inner'
    """
    return _NOT_LETTER.sub("-", _CAMEL.sub("-", attribute)).strip("-").lower()


@lru_cache(maxsize=4096)
def _named_mark(words: str) -> str:
    if _FOREIGN.search(words):
        return "foreign"
    if _NOISE.search(words):
        return "noise"
    if _BYLINE.search(words):
        return "byline"
    return "caption" if _CAPTION.search(words) else ""


def tidy(text: str) -> str:
    """Gives text on one line with single spaces, without soft hyphens, zero-width and control characters."""
    return _SPACE.sub(" ", _GONE.sub("", text)).strip()


def read(root: HtmlElement) -> Reading:
    """Reads a tree into blocks, in reading order."""
    walk = _Walk(root)
    walk.visit(root, root, Mark.NONE, None)
    walk.flush(root, Mark.NONE)
    return Reading(list(_merged(walk.blocks)), walk.times, walk.noise, walk.steps)


class _Walk:
    """The state of one walk: the run of inline text that is being gathered, and what has been flushed."""

    def __init__(self, root: HtmlElement) -> None:
        self.blocks: list[Block] = []
        self.times: list[tuple[str, str]] = []
        self.noise: list[HtmlElement] = []
        self.steps = 0
        self._depth = 1
        self._run: list[str] = []
        self._linked = 0
        self._links: list[str] = []
        self._alts: list[str] = []
        # Of each element that holds paragraphs, how much; and those that hold the headline or the main part. Asked at each
        # element whose name sounds like noise, so counted once: nested side bars took seconds.
        self._prose: dict[HtmlElement, int] = defaultdict(int)
        for paragraph in root.iter("p"):
            chars = len(paragraph.text or "") + sum(len(c.tail or "") for c in paragraph)
            for above in (paragraph, *paragraph.iterancestors()):
                self._prose[above] += chars
        said = chain((e for e in root.iter("h1", "main") if tidy(e.text_content())), root.xpath("//*[@itemprop='articleBody']"))
        self._article = {above for e in islice(said, 1000) for above in (e, *e.iterancestors())}
        self._all_prose = self._prose.get(root, 0)

    def visit(self, element: HtmlElement, owner: HtmlElement, mark: Mark, link: str | None) -> None:
        """Reads one element. `owner` is the block element that inline text belongs to, `link` the address it is in."""
        tag = element.tag
        self.steps += max(self._depth, LEAST_DEPTH)
        if not isinstance(tag, str) or tag in _SKIPPED or self._is_hidden(element):
            return
        if tag == "br":
            self._run.append(_BREAK)
            return
        if tag in {"img", "amp-img"}:
            self._alts.append(element.get("alt") or element.get("title") or "")
            return
        if tag == "sup" and _FOOTNOTE.fullmatch((element.text_content() or "").strip()):
            return
        block = tag not in _INLINE
        outer = mark
        if mark is not Mark.NOISE:
            own = self._mark(element, tag, block)
            if own is Mark.NOISE:
                self.noise.append(element)
                if not block:
                    return
            mark = own if own is Mark.NOISE or mark is Mark.NONE else mark
        if tag == "time" and mark is not Mark.NOISE:
            self.times.append((element.get("datetime") or "", tidy(element.text_content())))
        if tag == "a":
            link = element.get("href") or ""
            self._links.append(link)
        if block:
            self.flush(owner, outer)
            if (tag in _LISTS and self._list(element, mark)) or (tag == "table" and self._table(element, mark)):
                return
        self._text(element.text, link, tag == "pre")
        inner = element if block else owner
        self._depth += 1
        for child in element:
            self.visit(child, inner, mark, link)
            self._text(child.tail, link, tag == "pre")
        self._depth -= 1
        if block:
            self.flush(element, mark, Kind.HEADING if tag in _HEADINGS else Kind.PARAGRAPH)

    def flush(self, owner: HtmlElement, mark: Mark, kind: Kind = Kind.PARAGRAPH) -> None:
        """Closes the run of inline text into blocks that belong to `owner`."""
        text = "".join(self._run)
        if tidy(text.replace(_BREAK, " ")):
            for number, lines in enumerate(_paragraphs(text)):
                linked, links = (self._linked, tuple(self._links)) if number == 0 else (0, ())
                for made, part in _listed(lines) if kind is Kind.PARAGRAPH else [(kind, tuple(lines))]:
                    self.blocks.append(Block(made, part, owner, mark, min(linked, sum(map(len, part))), links))
        elif self._alts:
            names = [name for name in map(logo_name, self._alts) if name]
            if len(names) == 1:
                self.blocks.append(Block(Kind.LOGO, (names[0],), owner, mark, 0, tuple(self._links)))
        self._run, self._linked, self._links, self._alts = [], 0, [], []

    def _text(self, text: str | None, link: str | None, verbatim: bool) -> None:
        if not text:
            return
        text = _GONE.sub("", text).replace(_BREAK, " ")
        if verbatim:
            text = re.sub(r"\n[ \t\r]*\n\s*", _BREAK * 2, text)
        text = _SPACE.sub(lambda m: _BREAK * 2 if _BREAK * 2 in m.group() else " ", text) if verbatim else _SPACE.sub(" ", text)
        self._run.append(text)
        if link is not None:
            self._linked += len(text.strip())

    def _within(self, element: HtmlElement, mark: Mark, only: HtmlElement | None = None) -> list[Block]:
        """The blocks inside an element, or inside that child of it `only`, read apart from those of the page."""
        kept, self.blocks = self.blocks, []
        self._depth += 2
        if only is not None:
            self.visit(only, element, mark, None)
        else:
            self._text(element.text, None, False)
            for child in element:
                self.visit(child, element, mark, None)
                self._text(child.tail, None, False)
            self.flush(element, mark)
        self._depth -= 2
        made, self.blocks = self.blocks, kept
        return made

    def _list(self, element: HtmlElement, mark: Mark) -> bool:
        """Adds a list as one block; where its parts are articles rather than lines, their blocks one by one."""
        parts: list[list[Block]] = []
        for child in element:
            if not isinstance(child.tag, str) or child.tag in _SKIPPED or self._is_hidden(child):
                continue
            own = self._mark(child, child.tag, True) if mark is Mark.NONE else mark
            inner = self._within(element if child.tag in _LISTS else child, own, only=child if child.tag in _LISTS else None)
            inner = [b for b in inner if b.mark is not Mark.NOISE] or inner if mark is not Mark.NOISE else inner
            if child.tag == "dd" and parts:
                parts[-1].extend(inner)
            elif inner:
                parts.append(inner)
        if any(_is_article(part) for part in parts):
            for part in parts:
                self.blocks.extend(part)
            return True
        lines: list[str] = []
        noisy = 0
        for part in parts:
            noisy += all(b.mark is Mark.NOISE for b in part)
            lines.extend(_item_lines(part))
        if lines:
            inner = [b for part in parts for b in part]
            links = tuple(link for b in inner for link in b.links)
            found = Mark.NOISE if mark is Mark.NONE and noisy * 2 > len(parts) else mark
            self.blocks.append(Block(Kind.LIST, tuple(lines), element, found, sum(b.linked for b in inner), links))
        return True

    def _table(self, element: HtmlElement, mark: Mark) -> bool:
        """Adds a table of short cells as one block; gives False for a table that lays out a page."""
        if next(element.iterdescendants("table"), None) is not None:
            return False
        rows = [[c for c in row if c.tag in {"td", "th"}] for row in element.iter("tr")]
        rows = [row for row in rows if row]
        if len(rows) < 2 or (max(map(len, rows)) < 2 and len(rows) < LEAST_LOGOS):
            return False
        cells = [[self._within(cell, mark) for cell in row] for row in rows]
        if any((len(cell) > 1 and _is_article(cell)) or sum(b.chars for b in cell) > 400 for row in cells for cell in row):
            return False
        head, lines = "", []
        for number, (row, blocks) in enumerate(zip(rows, cells, strict=True)):
            texts = [" ".join(" ".join(b.lines) for b in cell) for cell in blocks]
            line = " — ".join(t for t in texts if t)
            if number == 0 and all(c.tag == "th" for c in row) and len(row) > 1:
                head = line
            elif line:
                lines.append(line)
        inner = [b for row in cells for cell in row for b in cell]
        caption = element.find("caption")
        if lines and caption is not None:
            self.blocks.extend(Block(Kind.HEADING, b.lines, element, mark) for b in self._within(caption, mark))
        if lines:
            links = tuple(link for b in inner for link in b.links)
            self.blocks.append(Block(Kind.TABLE, tuple(lines), element, mark, sum(b.linked for b in inner), links, head))
        return True

    def _is_hidden(self, element: HtmlElement) -> bool:
        if not element.attrib:
            return False
        return (
            ("hidden" in element.attrib and element.get("hidden") != "until-found")
            or (element.get("aria-hidden") == "true" and element.tag not in {"div", "section", "main", "article", "body"})
            or bool(_HIDDEN_STYLE.search(element.get("style", "")))
        )

    def _mark(self, element: HtmlElement, tag: str, block: bool) -> Mark:
        """What an element's tag, role and names say of the text in it."""
        if tag in _NEVER_MARKED:
            return Mark.NONE
        if tag == "nav" or (element.get("role") in _NOISY_ROLES and not self._holds_the_article(element)):
            return Mark.NOISE
        if tag == "figcaption":
            return Mark.CAPTION
        if tag == "address":
            return Mark.BYLINE if len(tidy(element.text_content())) < 250 else Mark.NONE
        if tag == "footer":
            quoted = next(element.iterancestors("blockquote"), None) is not None
            return Mark.NONE if quoted or self._holds_the_article(element) else Mark.NOISE
        if tag == "aside" and (next(element.iterancestors("article"), None) is None or _link_share(element) > 0.5):
            return Mark.NONE if self._holds_the_article(element) else Mark.NOISE
        if tag == "header" and next(element.iterancestors("article", "main"), None) is None and not self._holds_the_article(element):
            return Mark.NOISE
        if tag == "form" and len(tidy(element.text_content())) < 600 and not self._holds_most(element):
            return Mark.NOISE if element.xpath("descendant::*[self::input[not(@type='hidden')] or self::textarea][1]") else Mark.NONE
        names = f"{element.get('class', '')} {element.get('id', '')}"
        if names == " ":
            return Mark.BYLINE if element.get("rel") == "author" or element.get("itemprop") in {"author", "datePublished"} else Mark.NONE
        found = _named_mark(words_of(names))
        if not found or (not block and found in {"byline", "caption"}):
            return Mark.NONE
        if found in {"foreign", "noise"}:
            guarded = self._holds_the_article(element) if found == "foreign" else self._holds_most(element)
            return Mark.NONE if guarded else Mark.NOISE
        if found == "byline":
            return Mark.BYLINE if len(tidy(element.text_content())) < 250 else Mark.NONE
        return Mark.CAPTION if len(tidy(element.text_content())) < 500 else Mark.NONE

    def _holds_the_article(self, element: HtmlElement) -> bool:
        """Whether the headline or the main part is inside; <article> says nothing, because a card of a related story is one."""
        return element in self._article

    def _holds_most(self, element: HtmlElement) -> bool:
        """As above, or more than half of the page's paragraphs: themes name layouts after their side bars."""
        return self._holds_the_article(element) or self._prose.get(element, 0) * 2 > self._all_prose > 400


def logo_name(alt: str) -> str:
    """Gives the name that a logo's text stands for, or nothing.

    >>> logo_name("Acme Corp logo"), logo_name("Logo of Nordhaven AG"), logo_name("image 12"), logo_name("globex-logo.png")
    ('Acme Corp', 'Nordhaven AG', '', 'globex')
    """
    name = tidy(_LOGO_WORDS.sub("", _LOGO_WORDS.sub("", tidy(alt))))
    return "" if len(name) > 80 or _NO_NAME.fullmatch(name) else name


def is_numeric(line: str) -> bool:
    """Whether most of a table row's cells are figures: results and prices, no roster."""
    cells = line.split(" — ")
    return sum(bool(_NUMBER.fullmatch(c)) for c in cells) * 2 > len(cells)


def _link_share(element: HtmlElement) -> float:
    return sum(len(tidy(a.text_content())) for a in element.iter("a")) / max(1, len(tidy(element.text_content())))


def _is_article(part: list[Block]) -> bool:
    """Whether what stands in one list item or table cell is a text of its own."""
    texts = [b for b in part if b.kind is Kind.PARAGRAPH]
    return (len(texts) > 1 and sum(b.chars for b in texts) > 300) or any(b.element.tag == "h1" for b in part)


def _item_lines(part: list[Block]) -> list[str]:
    """One list item as a line, and the lines of the lists nested in it."""
    line = ""
    nested: list[str] = []
    for block in part:
        if block.is_roll:
            nested.extend(block.lines)
        elif block.kind is not Kind.LOGO:
            text = " ".join(block.lines)
            between = " — " if len(line) <= 80 and not _ENDS.search(line) else " "
            line = f"{line}{between}{text}" if line else text
    if not line and not nested:
        line = next((b.lines[0] for b in part if b.kind is Kind.LOGO), "")
    line = _ROUND_BULLET.sub("", line, count=1)
    return ([line] if line else []) + nested


def _paragraphs(text: str) -> Iterator[list[str]]:
    """The lines of each paragraph of a run: one <br> parts lines, two part paragraphs."""
    for paragraph in re.split(rf"\s*{_BREAK}\s*{_BREAK}[\s{_BREAK}]*", text):
        lines = [line for line in (tidy(part) for part in paragraph.split(_BREAK)) if line]
        if lines:
            yield lines


def _listed(lines: list[str]) -> Iterable[tuple[Kind, tuple[str, ...]]]:
    """Finds the list that a paragraph's lines are, by their bullets or by their shape."""
    bulleted = [bool(_BULLETED.match(line)) for line in lines]
    if sum(bulleted) > 1:
        first = bulleted.index(True)
        last = len(lines) - bulleted[::-1].index(True)
        made = []
        if first:
            made.append((Kind.PARAGRAPH, tuple(lines[:first])))
        made.append((Kind.LIST, tuple(_BULLETED.sub("", line, count=1) for line in lines[first:last])))
        if last < len(lines):
            made.append((Kind.PARAGRAPH, tuple(lines[last:])))
        return made
    if len(lines) >= LEAST_BARE_LINES and all(len(line) <= 80 and not _ENDS.search(line) for line in lines):
        return [(Kind.LIST, tuple(lines))]
    return [(Kind.PARAGRAPH, tuple(lines))]


def _merged(blocks: list[Block]) -> Iterator[Block]:
    """Makes one list of blocks in a row that are parts of one: logos, lines with bullets, stray items, links."""
    captioned = {id(after) for before, after in pairwise(blocks) if before.kind is Kind.LOGO and after.mark is Mark.CAPTION}
    blocks = [b for b in blocks if id(b) not in captioned]
    at = 0
    while at < len(blocks):
        end = at + 1
        for belongs, least in _RUNS:
            end = at
            while end < len(blocks) and belongs(blocks[end]) and blocks[end].mark is blocks[at].mark:
                end += 1
            if end - at >= least:
                yield from _joined(blocks[at:end])
                break
        else:
            end = at + 1
            if blocks[at].kind is not Kind.LOGO:
                yield blocks[at]
        at = end


def _joined(blocks: list[Block]) -> Iterator[Block]:
    lines = tuple(_unbulleted(" ".join(b.lines)) for b in blocks)
    # Pictures in a row whose texts are no names are the photographs of a gallery.
    if blocks[0].kind is Kind.LOGO and sum(map(_is_name, lines)) * 3 < len(lines) * 2:
        return
    links = tuple(link for b in blocks for link in b.links)
    yield Block(Kind.LIST, lines, blocks[0].element, blocks[0].mark, sum(b.linked for b in blocks), links)


def _is_name(text: str) -> bool:
    """Whether most words begin as names do; short ones between them do not count."""
    words = [w for w in text.split() if len(w) > 3 or w[:1].isupper()]
    return len(words) <= 10 and sum(not w[:1].islower() for w in words) * 3 >= len(words) * 2


def _is_logo(block: Block) -> bool:
    return block.kind is Kind.LOGO


def _is_line(block: Block) -> bool:
    return block.kind is Kind.PARAGRAPH and len(block.lines) == 1


def _is_bulleted(block: Block) -> bool:
    return _is_line(block) and _unbulleted(block.lines[0]) != block.lines[0]


def _is_surely_bulleted(block: Block) -> bool:
    return _is_line(block) and bool(_ROUND_BULLET.match(block.lines[0]))


def _is_stray(block: Block) -> bool:
    """Whether it is an <li> whose list was lost in broken HTML; those of lists are read by `_list`."""
    return block.kind is Kind.PARAGRAPH and block.element.tag == "li" and block.element.getparent().tag not in _LISTS


def _is_link(block: Block) -> bool:
    return _is_line(block) and block.link_share > 0.8 and len(block.lines[0].split()) <= 12


def _unbulleted(line: str) -> str:
    return (_BULLETED if _BULLETED.match(line) else _ROUND_BULLET).sub("", line, count=1)


_RUNS: tuple[tuple[Callable[[Block], bool], int], ...] = (
    (_is_logo, LEAST_LOGOS),
    (_is_bulleted, 2),
    (_is_surely_bulleted, 1),
    (_is_stray, 1),
    (_is_link, LEAST_LINKS),
)
"""What makes blocks in a row parts of one list, and how many it takes."""
