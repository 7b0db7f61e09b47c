"""Blocks → the article's own: three readings vote which paragraphs are the article, the page's tree says what belongs between them.

trafilatura is the best single reading (measured in tests/bench_articles.py), but cuts articles in two at an advertisement,
and drops lists of linked names, pictures with names and short lines; the blocks of the tree have them, in their place. So
its output is one vote on each block, beside what the page itself calls its article and the place where text gathers
(`weighing`); the text is taken from the tree. A page that is too large for it is read by the others. Nothing is rewritten here.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import trafilatura
from lxml.etree import LxmlError, strip_elements
from lxml.html import HtmlElement

from pipeline.articles.blocks import Block, Kind, Mark, Reading, is_numeric, tidy
from pipeline.articles.gates import is_wall
from pipeline.articles.weighing import gathered
from pipeline.text import fold

EXTRACTOR_STEPS = 250_000
"""Sum of the depths of a page's elements above which the extractor is left out: 12,000 elements in 20 levels take it half a
second, 9,000 in 200 levels six. News pages have 30,000 to 60,000."""
EXTRACTOR_CHARS = 600_000
LEAST_SHARE = 1 / 3
"""Of the tree's own reading, which the extractor must find to be believed (the rule and share of the public benchmark)."""

ONE_MIND, LEAST_OF_ONE_MIND = 0.95, 600
"""Share of the text that the two quick readings take both, and its characters, from which the slow one is not asked: on the pages of
the tests it changed nothing there for the better."""
UNSURE = 0.6
"""Agreement below which a body should not be trusted: with two readings of one mind and the third of another it is 0.67."""
LEAST_CARDS = 3
LONGEST_CARD = 700
"""Characters of a teaser with its headline; the longest that news sites write have 500."""
LEAST_HEADLINE = 4
"""Words of a headline; most names of members are shorter."""
LEAST_CONSENT_WORDS = 3
LEAST_TOLD = 100
"""Words of the text in structured data from which it is the article rather than its summary."""
MOST_WALLS = 5
LONGEST_OFFER = 900
"""Characters of an offer with its plans and prices."""
LEAST_BEFORE = 60
LEAST_REQUEST = 150
LINES_OF_HEAD = 4
"""Blocks among which a byline or a day stands alone: under a standfirst and key points too."""

_WORD = re.compile(r"\w+")
_CONSENT_WORDS = re.compile(
    r"\b(?:cookies?|consent|personal(?:is|iz)ed (?:ads?|advertising|content)|personal data|unique identifiers?|geolocation"
    r"|legitimate interests?"
    r"|vendors?|privacy (?:policy|settings|preferences)|opt[- ]out|gdpr|ad partners|store and/or access|device scanning"
    r"|partners|advertising)\b",
    re.I,
)
_BEFORE = re.compile(
    r"before you (?:continue|go on)|your (?:privacy|data|cookies?)\b|we value your privacy|(?:cookie )?consent\b"
    r"|privacy (?:choices|settings)",
    re.I,
)
_ADDRESSED = re.compile(r"\b(?:we|our|us|you|your)\b", re.I)
_SENTENCE = re.compile(r"[.!?…][\"”’')\]]*$")
_ENDS_OPEN = re.compile(r":$")
_RELATED = re.compile(
    r"(?:related|recommended|most (?:read|popular|viewed|shared)|popular|trending|more (?:from|on|in|news|stories|like|briefs)"
    r"|read (?:more|next|also|on)|also read|see also|you (?:may|might) (?:also|like)|up next|latest|recent (?:posts|news|articles|stories)"
    r"|in (?:other|this) (?:news|section|article)|share|follow|tags?|topics?|filed under|categor(?:y|ies)|comments?"
    r"|leave a (?:reply|comment)|newsletters?|subscribe|sign up|advertisement|contents|table of contents"
    r"|sections?|navigation|menu|editors?['’]s? picks?|sponsored|promoted|quick links|useful links|links|elsewhere"
    r"|keep reading|continue reading|unlock|about the authors?|recommended)\b",
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
    r"|report a (?:typo|mistake)|support (?:our|independent) journalism"
    r"|image (?:source|caption)\b.{0,80}$|already (?:a |have )?(?:an? )?(?:subscri|member|account|registered)"
    r"|keep reading for\b|subscribe (?:today|here)\b"
    r"|(?:this (?:article|story|content) is|exclusively) (?:available )?(?:only )?(?:for|to) (?:our )?(?:paying )?(?:subscribers|members)"
    r"|to (?:read|continue reading|access) (?:the (?:rest|full)|this)\b.{0,60}\b(?:subscribe|sign|log|register)|unlock (?:this|the|full)\b"
    r"|a version of this (?:article|story) (?:appear|was first|first)|(?:our standards|read our|editorial standards):|skip advertisement"
    r"|get the app|click here to get\b|story highlights$|(?:please )?(?:log|sign) in to (?:read|comment|continue)"
    r"|(?:tags?|topics?|filed under|categor(?:y|ies)|labels?|share):\s|print(?:ed)? from\b|close window$"
    r"|you (?:have|['’]ve) (?:reached|read|hit) (?:your|the|all)\b.{0,60}\b(?:limit|articles|free)|purchase licensing rights"
    r"|if you (?:buy|purchase) (?:something|through)|we may (?:earn|receive) (?:a |an )?(?:affiliate )?commission"
    r"|this site is protected by recaptcha|by (?:signing up|subscribing|submitting|clicking)\b.{0,120}\b(?:terms|privacy|agree))",
    re.I,
)
_PROMOTION = re.compile(
    r"\b(?:sign up|subscribe|register|straight to your inbox|in your inbox|delivered to your|cancel (?:any ?time|whenever)"
    r"|free trial)\b.{0,200}"
    r"\b(?:here|inbox|newsletters?|briefing|email|emails|subscri\w+|trial|digital access|every (?:day|week|morning|weekend)|updates)\b",
    re.I,
)
"""What asks for a subscription somewhere in a short paragraph rather than at its beginning."""
_DAYS_AND_TIMES = re.compile(
    r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov"
    r"|dec)[a-z]*\b|\d+(?:st|nd|rd|th)?"
    r"|\b(?:[ap]\.?m\.?|utc|gmt|[ecmp][sd]?t|ist|bst|cest|cet|hkt|eastern|daylight|standard|time|last|first|published|posted"
    r"|updated|modified|on|at|ago"
    r"|hours?|hrs?|min(?:ute)?s?|days?|weeks?|months?|years?|read|date|created)\b|[\W_]",
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
_GLUED = re.compile(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=\d)(?=[A-Z])")
_POST = re.compile(r"\b(?:editor|correspondent|reporter|writer|columnist|producer|analyst|bureau chief|staff)s?\b", re.I)
_SAID_OF = re.compile(
    r"((?:[A-Z][\w.'’-]*[ ,]+){1,4}?)(?:is|was|are|covers?|writes?|reports?|has|joined|lives|works|teaches|edits|contributed"
    r"|can be reached|based)\b"
)
_PARTED = re.compile(r"\s+[|·•]\s+")
"""What stands between a name and a day in a line that has nothing else: "Abel Thorne | Tuesday, 6 May 2025"."""
_SOCIAL = frozenset(
    "facebook twitter x linkedin whatsapp email e-mail mail print reddit telegram instagram youtube pinterest copy link bluesky "
    "threads mastodon share rss tiktok save messenger pocket flipboard sms line viber xing tumblr".split()
)
_MEMBERS = re.compile(r"\b(?:members?|signator(?:y|ies)|signed|partners?|founding|founders?|parties|states|organi[sz]ations)\b", re.I)
_ROSTER = re.compile(
    r"\b(?:members?|membership|signator(?:y|ies)|signed|partners?|founding|founders?|participants?|participating|supporters?"
    r"|endorse\w*|companies|organi[sz]ations|"
    r"countries|states|nations|institutions|universities|associations|backers|include[sd]?|including|comprises?|join(?:ed"
    r"|ing|s)?|consists?|following|are|list)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Choice:
    """The blocks that are the article's body, and how far the readings of the page agree on them: 0 to 1, by characters.

    1 means that all three took the same paragraphs; below `UNSURE` the page should not be trusted without a look.
    """

    blocks: tuple[Block, ...]
    agreement: float


def choose(root: HtmlElement, reading: Reading, url: str = "", title: str = "", told: str = "") -> Choice:
    """Gives the blocks that are the article's body, in reading order; none where the page has none.

    Three readings vote on each paragraph: the place where text gathers, what the page calls its article, and trafilatura's
    where these two are not of one mind. Two of them take it. `told` is the text in the page's structured data: where it is long
    enough to be the whole article, it votes too (it is there on a tenth of pages and right on nine tenths of them: a voice, no
    master). Where no two take anything together, the extractor's is believed unless it found next to nothing.

    Takes the elements that were marked as noise, and scripts, out of the tree: the extractor is the slowest step by far, and
    half as slow without them.
    """
    blocks = reading.blocks
    mark_cards(blocks, url)
    mark_consent(blocks, title)
    mark_walls(blocks)
    own = _own_seeds(blocks)
    gathering = gathered(blocks)
    found: list[Block] = []
    of_one_mind = _are_of_one_mind(own, gathering)
    if not of_one_mind and reading.steps <= EXTRACTOR_STEPS and _weight(blocks) <= EXTRACTOR_CHARS:
        for element in reading.noise:
            if element.getparent() is not None:
                element.drop_tree()
        strip_elements(root, "script", "style", "noscript", "template", "svg", "iframe", "select", with_tail=False)
        found = _extracted_seeds(root, blocks)
    written = _told_by(told, blocks) if len(told.split()) >= LEAST_TOLD else []
    seeds, agreement = _voted(blocks, own, gathering, found, written, voters=2 if of_one_mind else 3)
    return Choice(_assembled(blocks, seeds, url) if seeds else (), agreement)


def _are_of_one_mind(own: Sequence[Block], gathering: Sequence[Block]) -> bool:
    """Whether the two quick readings take the same text, and enough of it: the slow one would be outvoted."""
    mine, theirs = set(own), set(gathering)
    either = _weight(mine | theirs)
    return either >= LEAST_OF_ONE_MIND and _weight(mine & theirs) >= ONE_MIND * either


def _voted(
    blocks: Sequence[Block], own: list[Block], gathering: list[Block], found: list[Block], written: list[Block], *, voters: int
) -> tuple[list[Block], float]:
    """The blocks that two of the readings take, and how far all agree; `voters` were asked at least."""
    readings = [reading for reading in (own, gathering, found, written) if reading]
    if not readings:
        return [], 0.0
    votes = Counter(block for reading in readings for block in reading)
    prose = [b for b in votes if b.kind is Kind.PARAGRAPH]
    weight = _weight(prose)
    agreement = sum(votes[b] * b.chars for b in prose) / (max(voters, len(readings)) * weight) if weight else 0.0
    # Lists, headings and short lines are told by the extractor, where it is asked: the others read prose.
    spoken = set(found if voters > 2 else gathering)
    taken = [b for b in blocks if (b in spoken if _is_aside(b) else votes[b] >= 2)]
    told = _weight(b for b in found if b.kind is not Kind.HEADING)
    if _weight(b for b in taken if b.kind is Kind.PARAGRAPH) < LEAST_SHARE * max(told, _weight(own)):
        taken = found if told > LEAST_SHARE * _weight(own) else own
    return taken, agreement


def mark_cards(blocks: Sequence[Block], url: str = "") -> None:
    """Marks as noise what teases other stories: neighbours of one make, each with a headline that is a link and few words.

    Three at least; lists of names are none, for their links are shorter or lead to other sites. The rubric above goes with
    its cards.
    """
    chars: dict[HtmlElement, int] = defaultdict(int)
    headlines: dict[HtmlElement, int] = defaultdict(int)
    for block in blocks:
        if block.mark is Mark.NOISE:
            continue
        text = " ".join(block.lines)
        teasing = block.link_share > 0.8 and len(text.split()) >= LEAST_HEADLINE and not block.is_roll
        teasing = teasing and not _links_out(block, urlsplit(url).hostname or "")
        for above in (block.element, *block.element.iterancestors()):
            chars[above] += block.chars
            headlines[above] += teasing * len(text)
    alike: dict[tuple[HtmlElement | None, object, str], list[HtmlElement]] = defaultdict(list)
    for element in chars:
        alike[element.getparent(), element.tag, element.get("class", "")].append(element)
    cards: set[HtmlElement] = set()
    for row in alike.values():
        teasers = [e for e in row if headlines[e] and chars[e] <= LONGEST_CARD and headlines[e] * 20 >= chars[e]]
        if len(teasers) >= LEAST_CARDS and len(teasers) * 4 >= len(row) * 3:
            cards.update(teasers)
    if not cards:
        return
    for block in blocks:
        if block.mark is Mark.NONE and any(e in cards for e in (block.element, *block.element.iterancestors())):
            block.mark = Mark.NOISE


def mark_consent(blocks: Sequence[Block], title: str = "") -> None:
    """Marks as noise the paragraphs that ask for consent to cookies, unless the story is about them."""
    if _CONSENT_WORDS.search(title):
        return
    for block in blocks:
        if block.mark is Mark.NONE and is_consent(" ".join(block.lines)):
            block.mark = Mark.NOISE


def mark_walls(blocks: Sequence[Block]) -> None:
    """Marks as noise what asks to subscribe before more is shown, with the offer around it: the largest element that has little
    text and none of the article's before the words that give it away."""
    walls = [n for n, b in enumerate(blocks) if b.mark is Mark.NONE and is_wall(" ".join(b.lines))]
    for number in walls[:MOST_WALLS]:
        chain = {element: level for level, element in enumerate((blocks[number].element, *blocks[number].element.iterancestors()))}
        held: list[list[int]] = [[] for _ in chain]  # by the nearest element that holds both a block and the wall
        for n, b in enumerate(blocks):
            held[next(chain[e] for e in (b.element, *b.element.iterancestors()) if e in chain)].append(n)
        inside = {number}
        chars = before = 0
        for level in held:
            chars += sum(blocks[n].chars for n in level)
            before += sum(blocks[n].chars for n in level if n < number)
            if chars > LONGEST_OFFER or before > LEAST_BEFORE:
                break
            inside.update(level)
        for n in inside:
            blocks[n].mark = Mark.NOISE


def asks_for_consent(blocks: Sequence[Block], title: str, chars: int) -> bool:
    """Whether a page with so many characters of text is mostly a request for consent."""
    asked = sum(b.chars for b in blocks if is_consent(" ".join(b.lines)))
    return asked > max(chars, LEAST_REQUEST) or (asked > 0 and bool(_BEFORE.match(title)))


def is_consent(text: str) -> bool:
    """Whether a text asks a reader for consent: three of the words that all such texts share.

    >>> is_consent("We and our partners store cookies and unique identifiers. You may consent or refuse.")
    True
    >>> is_consent("The regulator fined the firm over cookies, it said on Monday.")
    False
    """
    return len({w.casefold() for w in _CONSENT_WORDS.findall(text)}) >= LEAST_CONSENT_WORDS and bool(_ADDRESSED.search(text))


def without_head(blocks: Sequence[Block], titles: Iterable[str], author: str = "") -> tuple[Block, ...]:
    """Takes from the beginning the title where it is repeated, bylines and lines of dates, and from the end headings of nothing
    and what is said of the author."""
    known = {fold(title) for title in titles} - {""}
    names = {fold(name) for name in author.split(", ")} - {""}
    kept: list[Block] = []
    begun = signed = False
    for block in blocks:
        text = " ".join(block.lines)
        if not begun and block.kind is Kind.HEADING and fold(text) in known:
            kept.clear()  # the rubric above the headline
        if not begun and block.kind is Kind.PARAGRAPH and len(block.lines) > 1:
            block = _without_first_lines(block, known)
            text = " ".join(block.lines)
        if not begun and (fold(text) in known or fold(text) in names or block.mark is Mark.BYLINE):
            signed = signed or fold(text) not in known
            continue
        if len(kept) < LINES_OF_HEAD and len(block.lines) == 1 and is_byline(block.lines[0]):
            signed = signed or fold(text) not in known
            continue
        if block.kind is Kind.HEADING and fold(text) in known:
            continue
        told = block.kind is Kind.PARAGRAPH and _is_sentence(text)
        if signed and not begun and not told and block.kind is Kind.PARAGRAPH and len(text) < 60 and _POST.search(text):
            continue  # "Business reporter, Quayside Daily"
        begun = begun or told
        kept.append(block)
    while kept and (kept[-1].kind is Kind.HEADING or (len(kept) > 1 and _is_tail(" ".join(kept[-1].lines), names))):
        kept.pop()
    return tuple(kept)


def _without_first_lines(block: Block, known: set[str]) -> Block:
    """A paragraph without the headline, byline and day that old pages part from the text by line breaks only."""
    lines = list(block.lines)
    while len(lines) > 1 and (fold(lines[0]) in known or is_byline(lines[0])):
        lines.pop(0)
    return replace(block, lines=tuple(lines)) if len(lines) < len(block.lines) else block


def _is_tail(text: str, names: set[str]) -> bool:
    """Whether a last paragraph is a byline or says who the author is."""
    if is_byline(text):
        return True
    said = _SAID_OF.match(text)
    return bool(said and len(text) < 400 and fold(said.group(1)) in names)


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
    if (_BYLINE.match(line) and len(line.split()) <= 20) or _DATE_LINE.match(line):
        return True
    # "201401:00 AM UTCUpdated": spans that only a style sheet parts
    return len(line) <= 100 and bool(re.search(r"\d{4}|\bago\b|\bread\b", line)) and not _DAYS_AND_TIMES.sub("", _GLUED.sub(" ", line))


def is_boilerplate(line: str) -> bool:
    """Whether a short line is what pages say around articles: cookies, newsletters, sharing, copyright."""
    return len(line) < 300 and bool(_BOILERPLATE.match(line) or (len(line) < 220 and _PROMOTION.search(line)))


def _weight(blocks: Iterable[Block]) -> int:
    return sum(b.chars for b in blocks)


def _is_aside(block: Block) -> bool:
    """Whether a block is no prose, which is all that the other readings look for."""
    return block.kind is not Kind.PARAGRAPH or not _is_sentence(" ".join(block.lines))


def _is_sentence(text: str) -> bool:
    return len(text) >= 80 or bool(_SENTENCE.search(text))


def _is_prose(block: Block) -> bool:
    return block.kind is Kind.PARAGRAPH and block.link_share < 0.5


def _extracted_seeds(root: HtmlElement, blocks: Sequence[Block]) -> list[Block]:
    """The blocks that the extractor holds for the article; shorter ones than a 4-gram only where it has them as a line."""
    return _told_by(extracted(root), blocks)


def _told_by(text: str, blocks: Sequence[Block]) -> list[Block]:
    """The blocks whose words are in a text."""
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
