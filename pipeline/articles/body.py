"""Blocks → the article's own: an extractor says which paragraphs are the article, the page's tree says what belongs between them.

trafilatura finds the body (measured against the others in tests/bench_articles.py), but drops lists of linked names,
pictures with names and short lines; the blocks of the tree have them, in their place. So its output is only used to
recognise blocks (the seeds), and the text is taken from the tree. Where it finds next to nothing, or the page is too
large for it, the seeds are the paragraphs of the element that holds most of them. Nothing is rewritten here.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

import trafilatura
from lxml.etree import LxmlError, strip_elements
from lxml.html import HtmlElement

from pipeline.articles.blocks import Block, Kind, Mark, Reading, is_numeric, tidy
from pipeline.text import fold

EXTRACTOR_STEPS = 250_000
"""Sum of the depths of a page's elements above which the extractor is left out: 12,000 elements in 20 levels take it half a
second, 9,000 in 200 levels six. News pages have 30,000 to 60,000."""
EXTRACTOR_CHARS = 600_000
LEAST_SHARE = 1 / 3
"""Of the tree's own reading, which the extractor must find to be believed (the rule and share of the public benchmark)."""

_WORD = re.compile(r"\w+")
_SENTENCE = re.compile(r"[.!?…][\"”’')\]]*$")
_ENDS_OPEN = re.compile(r":$")
_RELATED = re.compile(
    r"(?:related|recommended|most (?:read|popular|viewed|shared)|popular|trending|more (?:from|on|in|news|stories|like|briefs)"
    r"|read (?:more|next|also|on)|also read|see also|you (?:may|might) (?:also|like)|up next|latest|recent (?:posts|news|articles|stories)"
    r"|in (?:other|this) (?:news|section|article)|share|follow|tags?|topics?|filed under|categor(?:y|ies)|comments?"
    r"|leave a (?:reply|comment)|newsletters?|subscribe|sign up|advertisement|contents|table of contents"
    r"|sections?|navigation|menu|editors?['’]s? picks?|sponsored|promoted|quick links|useful links|links|elsewhere)\b",
    re.I,
)
_BOILERPLATE = re.compile(
    r"(?:we (?:value|care about|respect) your privacy|(?:this|our) (?:web)?site uses cookies|we(?: and our (?:\d+ )?partners)? use cookies"
    r"|accept (?:all|cookies)\b.{0,20}$|sign up (?:for|to)\b.{0,80}(?:newsletter|inbox|updates|alerts|briefing)"
    r"|subscribe (?:to|now|for)\b.{0,100}$|get (?:the|our)\b.{0,60}(?:newsletter|inbox)|(?:read|see|learn|find out|discover) more\b.{0,3}$"
    r"|(?:read more|also read|read also|see also|related|recommended|more|watch|listen|don['’]t miss)\s*[:|»]"
    r"|advertisement$|news provided by\b|(?:story|article) continues below|(?:copyright )?(?:©|\(c\) ?\d|copyright \d)|all rights reserved"
    r"|click here\b.{0,60}$|follow (?:us|@)|share (?:this|on|via)\b.{0,40}$|(?:listen|watch)(?: to)? (?:this|the)? ?(?:article|story|video)"
    r"|skip to (?:main )?content|back to top|print(?: this)?(?: page| article)?$|copy link|loading\b.{0,3}$"
    r"|(?:please )?enable javascript|view comments|comments? \(\d+\)|\d+ comments?$|sponsored content$"
    r"|photo(?:graph)?(?: by| credit)?:|image(?: credit)?:|file photo|the post .{3,200} appeared first on|continue reading\b"
    r"|report a (?:typo|mistake)|support (?:our|independent) journalism)",
    re.I,
)
_BYLINE = re.compile(
    r"(?:(?:[Ww]ritten |[Rr]eport(?:ed|ing) |[Pp]osted )?[Bb]y:? +)(?:[A-Z][\w.'’-]*|and|&|de|van|von|der|da|la|el|al|bin)"
    r"(?:[ ,]+(?:[A-Z][\w.'’-]*|and|&|de|van|von|der|da|la|el|al|bin|in))*(?:\s*[·|•—–/].*| - .*)?$"
)
_TIME = r"(?:\d{1,2}[:.]\d{2}(?::\d{2})?(?:\s*[ap]\.?m\.?)?(?:\s*\(?(?:[A-Z]{2,4}|[+-]\d{2}:?\d{2}|local time)\)?)?)"
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DAY = (
    rf"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,? +)?(?:\d{{1,2}}(?:st|nd|rd|th)? +{_MONTH},? +\d{{4}}"
    rf"|{_MONTH} +\d{{1,2}}(?:st|nd|rd|th)?,? +\d{{4}}"
    r"|\d{4}-\d{2}-\d{2}(?:T[\d:.+Z-]+)?|\d{1,2}[/.]\d{1,2}[/.]\d{2,4})"
)
_DATE_LINE = re.compile(
    r"(?:(?:first )?(?:published|posted|updated|last (?:updated|modified)|modified|date|released?|issued)(?: on| at)?:? *)?"
    rf"(?:{_TIME},? *)?{_DAY}(?:(?:,| at| [·|–-])? *{_TIME})?(?:\s*[·|•–—-].{{0,40}})?$"
    r"|(?:published|posted|updated|last updated|modified)\b(?=:|.*\d| by ).{0,60}$|\d+ (?:min(?:ute)?s?|hours?|days?) (?:read|ago)$"
    r"|\d+[- ]min(?:ute)?(?: read)?$|(?:estimated )?reading time\b.{0,20}$",
    re.I,
)
_PARTED = re.compile(r"\s+[|·•]\s+")
"""What stands between a name and a day in a line that has nothing else: "Abel Thorne | Tuesday, 6 May 2025"."""
_SOCIAL = frozenset(
    "facebook twitter x linkedin whatsapp email e-mail mail print reddit telegram instagram youtube pinterest copy link bluesky "
    "threads mastodon share rss tiktok save messenger pocket flipboard sms line viber xing tumblr".split()
)
_MEMBERS = re.compile(r"\b(?:members?|signator(?:y|ies)|signed|partners?|founding|founders?|parties|states|organi[sz]ations)\b", re.I)
_ROSTER = re.compile(
    r"\b(?:members?|membership|signator(?:y|ies)|signed|partners?|founding|founders?|participants?|participating|supporters?|endorse\w*|companies|organi[sz]ations|"
    r"countries|states|nations|institutions|universities|associations|backers|include[sd]?|including|comprises?|join(?:ed|ing|s)?|consists?|following|are|list)\b",
    re.I,
)


def choose(root: HtmlElement, reading: Reading, url: str = "") -> tuple[Block, ...]:
    """Gives the blocks that are the article's body, in reading order; empty where the page has none.

    Takes the elements that were marked as noise, and scripts, out of the tree: the extractor is the slowest step by far, and
    half as slow without them.
    """
    blocks = reading.blocks
    own = _own_seeds(blocks)
    small = reading.steps <= EXTRACTOR_STEPS and _weight(blocks) <= EXTRACTOR_CHARS
    found: list[Block] = []
    if small:
        for element in reading.noise:
            if element.getparent() is not None:
                element.drop_tree()
        strip_elements(root, "script", "style", "noscript", "template", "svg", "iframe", "select", with_tail=False)
        found = _extracted_seeds(root, blocks)
    told = _weight(b for b in found if b.kind is not Kind.HEADING)
    seeds = found if told > LEAST_SHARE * _weight(own) else own
    return _assembled(blocks, seeds, url) if seeds else ()


def without_head(blocks: Sequence[Block], titles: Iterable[str]) -> tuple[Block, ...]:
    """Takes from the beginning the title where it is repeated, bylines and lines of dates, and from the end headings of nothing."""
    known = {fold(title) for title in titles} - {""}
    kept: list[Block] = []
    begun = False
    for block in blocks:
        text = " ".join(block.lines)
        if not begun and block.kind is Kind.HEADING and fold(text) in known:
            kept.clear()  # the rubric above the headline
        if not begun and (fold(text) in known or block.mark is Mark.BYLINE or is_byline(text)):
            continue
        if block.kind is Kind.HEADING and fold(text) in known:
            continue
        begun = begun or (block.kind is Kind.PARAGRAPH and (len(text) >= 100 or bool(_SENTENCE.search(text))))
        kept.append(block)
    while kept and (kept[-1].kind is Kind.HEADING or (len(kept) > 1 and is_byline(" ".join(kept[-1].lines)))):
        kept.pop()
    return tuple(kept)


def is_byline(line: str) -> bool:
    """Whether a line only says who wrote it or when.

    >>> is_byline("By Staff Writer · 2024-05-14T09:30:00Z"), is_byline("Published 14 May 2024"), is_byline("By Tuesday, three had left.")
    (True, True, False)
    """
    if len(line) > 160 or (line.endswith((".", "!", "?")) and len(line.split()) > 6):
        return False
    who, _, when = _PARTED.sub("\n", line, count=1).partition("\n")
    if when and len(who.split()) <= 6 and not re.search(r"\d", who) and _DATE_LINE.match(when):
        return True
    return bool((_BYLINE.match(line) and len(line.split()) <= 20) or _DATE_LINE.match(line))


def is_boilerplate(line: str) -> bool:
    """Whether a short line is what pages say around articles: cookies, newsletters, sharing, copyright."""
    return len(line) < 300 and bool(_BOILERPLATE.match(line))


def _weight(blocks: Iterable[Block]) -> int:
    return sum(b.chars for b in blocks)


def _is_prose(block: Block) -> bool:
    return block.kind is Kind.PARAGRAPH and block.link_share < 0.5


def _extracted_seeds(root: HtmlElement, blocks: Sequence[Block]) -> list[Block]:
    """The blocks that the extractor holds for the article; shorter ones than a 4-gram only where it has them as a line."""
    text = extracted(root)
    if not text:
        return []
    lines: set[str] = set()
    grams: set[tuple[str, ...]] = set()
    for line in text.splitlines():
        words = _words(line)
        lines.add(" ".join(words))
        grams.update(_grams(words))
    return [b for b in blocks if b.mark is Mark.NONE and b.kind is not Kind.LOGO and _is_told(b, lines, grams)]


def extracted(root: HtmlElement) -> str:
    """Gives the extractor's text of a page, empty where it finds none or fails on the page."""
    try:
        document = trafilatura.bare_extraction(root, include_comments=False, fast=True, with_metadata=False)
    except (ValueError, TypeError, AttributeError, IndexError, KeyError, AssertionError, RecursionError, LxmlError):
        return ""  # a page that breaks it is read by the tree alone
    text = getattr(document, "text", None)
    return text if isinstance(text, str) else ""


def _words(line: str) -> list[str]:
    return _WORD.findall(line.casefold())


def _grams(words: Sequence[str]) -> Iterable[tuple[str, ...]]:
    return zip(words, words[1:], words[2:], words[3:], strict=False)


def _is_told(block: Block, lines: set[str], grams: set[tuple[str, ...]]) -> bool:
    told = 0
    for line in block.lines:
        words = _words(line)
        mine = list(_grams(words))
        told += " ".join(words) in lines or (bool(mine) and sum(g in grams for g in mine) > 0.6 * len(mine))
    return told * 2 >= len(block.lines)


def _own_seeds(blocks: Sequence[Block]) -> list[Block]:
    """The paragraphs of the element that the page calls its article, or that holds most of them."""
    prose = [b for b in blocks if b.mark is Mark.NONE and _is_prose(b) and not is_boilerplate(b.text)]
    candidates = [b for b in prose if b.chars >= 25 or len(b.lines) > 1 or _SENTENCE.search(b.text)]
    rolls = [b for b in blocks if b.mark is Mark.NONE and b.is_roll and b.link_share < 0.5 and not _is_social(b)]
    if _weight(candidates) < 0.25 * _weight(rolls):
        either = {*candidates, *rolls}
        candidates = [b for b in blocks if b in either]
    held: dict[HtmlElement, int] = defaultdict(int)
    for block in candidates:
        for above in (block.element, *block.element.iterancestors("article", "main", "div", "section", "td")):
            if above.tag in {"article", "main"} or above.get("role") == "main" or above.get("itemprop") == "articleBody":
                held[above] += block.chars
    # The innermost region that holds nearly as much as the best: an articleBody within its article.
    best = max(held.values(), default=0)
    if best >= 0.3 * _weight(candidates) and held:
        region = max((e for e, n in held.items() if n >= 0.8 * best), key=lambda e: sum(1 for _ in e.iterancestors()))
    else:
        region = _centre(candidates)
    return [b for b in candidates if region is None or b.element is region or region in b.element.iterancestors()]


def _centre(seeds: Sequence[Block], share: float = 0.8) -> HtmlElement | None:
    """The deepest element that holds that share of the seeds' text."""
    weights: dict[HtmlElement, int] = defaultdict(int)
    for block in seeds:
        weights[block.element] += block.chars
    totals: dict[HtmlElement, int] = defaultdict(int)
    depth: dict[HtmlElement, int] = {}
    for element, weight in weights.items():
        chain = [element, *element.iterancestors()]
        for level, above in enumerate(reversed(chain)):
            totals[above] += weight
            depth[above] = level
    whole = sum(weights.values())
    holding = [e for e, total in totals.items() if total >= share * whole]
    return max(holding, key=lambda e: depth[e], default=None)


def _assembled(blocks: Sequence[Block], seeds: Sequence[Block], url: str) -> tuple[Block, ...]:
    """The seeds with what stands between and beside them and is no noise."""
    prose = [b for b in seeds if b.kind is Kind.PARAGRAPH] or list(seeds)
    centre = _centre(prose)
    region = _region(centre)
    inside = set(region.iter()) if region is not None else set()
    seeded = set(seeds)
    parents = {b.element.getparent() for b in prose}
    order = [n for n, b in enumerate(blocks) if b in seeded and (b.element in inside or b.is_roll)]
    if not order:
        return tuple(seeds)
    first, last = order[0], order[-1]
    host = urlsplit(url).hostname or ""
    chosen: list[Block] = []
    shut = False  # under a heading of related things
    heads = [n for n, b in enumerate(blocks[:first]) if b.element.tag == "h1" and b.mark is not Mark.NOISE]
    opening = range(heads[-1] if heads else first, first)  # between the headline and the text: a standfirst, key points
    for number, block in enumerate(blocks):
        text = " ".join(block.lines)
        here = block.element in inside or number in opening
        if block.kind is Kind.HEADING:
            if number > first and block.element.tag == "h1" and _article_of(block) not in {None, _article_of(blocks[first])}:
                break  # the next story of a page that goes on for ever
            if block.mark is Mark.NONE and here:
                shut = bool(_RELATED.match(text)) and not _MEMBERS.search(text)
                if not shut:
                    chosen.append(block)
            continue
        if block.mark in {Mark.NOISE, Mark.CAPTION} or is_boilerplate(text):
            continue
        if block.kind is Kind.PARAGRAPH:
            if block.link_share > 0.8 or (len(text.split()) <= 5 and not _SENTENCE.search(text) and _RELATED.match(text)):
                shut = shut or bool(_RELATED.match(text) and block.link_share < 0.5)
                continue
            told = block in seeded and (here or first <= number <= last)
            between = here and first < number < last and block.link_share < 0.5
            beside = here and block.element.getparent() in parents and block.link_share < 0.5
            grown = between and ((len(text) >= 60 and bool(_SENTENCE.search(text))) or _is_quoted(block))
            grown = grown or (number in opening and block.link_share < 0.5 and len(text) >= 40)
            if told or (
                not shut
                and (grown or (beside and (first < number < last or number in opening or _SENTENCE.search(text) or len(text) >= 80)))
            ):
                shut = shut and not told
                if block.mark is Mark.NONE or told:
                    chosen.append(block)
        elif block.is_roll and not (shut and block not in seeded):
            before = next((b for b in reversed(chosen) if b.kind is not Kind.HEADING), None)
            led = (bool(chosen) and chosen[-1].kind is Kind.HEADING) or (before is not None and bool(_ENDS_OPEN.search(before.text)))
            if (led or not _is_social(block)) and _is_roll_of_article(block, block in seeded, here, led, chosen, host):
                chosen.append(block)
    return tuple(_without_empty_headings(chosen))


def _region(centre: HtmlElement | None) -> HtmlElement | None:
    """What the page itself declares to be its article or main part around the centre; else the centre, or what a lone paragraph is in."""
    if centre is None:
        return None
    for above in (centre, *centre.iterancestors()):
        if above.tag in {"article", "main"} or above.get("role") == "main" or above.get("itemprop") == "articleBody":
            return above
    return centre.getparent() if centre.tag == "p" and centre.getparent() is not None else centre


def _article_of(block: Block) -> HtmlElement | None:
    return next(block.element.iterancestors("article"), None)


def _is_quoted(block: Block) -> bool:
    return block.element.tag == "blockquote" or next(block.element.iterancestors("blockquote"), None) is not None


def _is_roll_of_article(block: Block, told: bool, here: bool, led: bool, chosen: Sequence[Block], host: str) -> bool:
    """Whether a list or table is a part of the article: told by the extractor, or in its place and no list of links to other pages."""
    words = sum(len(line.split()) for line in block.lines) / max(1, len(block.lines))
    if block.kind is Kind.TABLE and sum(map(is_numeric, block.lines)) * 2 > len(block.lines):
        return False
    headlines = block.link_share > 0.7 and words >= 6 and not _links_out(block, host)
    if headlines:
        return False
    if not here:
        return False
    if told or block.link_share < 0.3:
        return bool(chosen) or told
    lead = " ".join(chosen[-1].lines) if chosen else ""
    return bool(chosen) and (_links_out(block, host) or (led and bool(_ROSTER.search(lead))) or lead.endswith(":"))


def _links_out(block: Block, host: str) -> bool:
    """Whether most links of a block lead to other sites."""
    hosts = [urlsplit(link.strip()).hostname if link.startswith(("http", "//")) else None for link in _whole(block.links)]
    return bool(hosts) and sum(h is not None and h != host for h in hosts) * 2 > len(hosts)


def _whole(links: Iterable[str]) -> list[str]:
    """The links that can be taken apart: an address with a broken IPv6 host cannot."""
    return [link for link in links if "[" not in link and "]" not in link]


def _is_social(block: Block) -> bool:
    """Whether it is a bar of links to share by; networks that are named without links may well be members."""
    return bool(block.links) and sum(
        any(w in _SOCIAL for w in line.casefold().split()) and len(line.split()) <= 4 for line in block.lines
    ) * 2 > len(block.lines)


def _without_empty_headings(blocks: Sequence[Block]) -> list[Block]:
    """Headings that nothing follows before the next of the same or a higher rank are those of what was left out."""
    kept: list[Block] = []
    for number, block in enumerate(blocks):
        if block.kind is Kind.HEADING:
            after = blocks[number + 1] if number + 1 < len(blocks) else None
            if after is None or (after.kind is Kind.HEADING and _rank(after) <= _rank(block) and _rank(block) > 1):
                continue
        kept.append(block)
    return kept


def _rank(block: Block) -> int:
    tag = str(block.element.tag)
    return int(tag[1]) if len(tag) == 2 and tag[1].isdigit() else 6


def plain(blocks: Sequence[Block]) -> str:
    """Gives the text of blocks: paragraphs parted by a blank line, list items as lines that begin with a bullet."""
    return "\n\n".join(b.text for b in blocks if tidy(b.text))
