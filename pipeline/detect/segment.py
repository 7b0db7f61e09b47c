"""Cuts an article into sentences with their place and kind. It reads layout and punctuation, never meaning.

Rosters keep the line that introduces them (`Sentence.lead`): a bullet says nothing without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.detect.spans import Sentence, SentenceKind
from pipeline.model import Article

_BULLET = re.compile(r"\s*(?:[•*·‣▪●○◦–—-]|\d{1,2}[.)])\s+(?=\S)")
_LINE = re.compile(r"[^\n]+")
_END = re.compile(r"[.!?…]+[\"”’')\]]*(?=\s+[\"“‘'(\[]?[^\s\W]|\s*$)")
_DATELINE = re.compile(
    r"(?:\([\w .]+\)\s*)?[A-ZÀ-Þ][A-ZÀ-Þ.'’ -]+(?:,\s*[\w.’' ]+){0,3}\s*(?:\([\w .,]+\)\s*)?(?:[–—―]|--|\s-)\s*(?=\S)"
    r"|\((?:[A-Z][\w.&]*\s?){1,4}\)\s+(?:[–—-]+\s*)?(?=[A-Z])"
    r"|[A-Z]{2,6}\s+-\s+(?=[A-Z])"
)
_ABOUT = re.compile(
    r"About (?:the )?(?P<name>[^.,;:()]{2,80}?) (?=The [A-Z]|(?P=name)\b(?! (?:and|&|of|for)\b)|[A-Z]{3,8} (?:is|was|has)\b)"
)
"""The heading of a company's note on itself, where it has run into its text: "About Tethys Tethys is a foundation"."""
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof sen rep gen col gov st no nos vs etc jan feb mar apr jun jul aug sep sept oct nov dec mt ft u.s u.k u.n e.g "
    "i.e inc corp co ltd bros jr sr s.p.a s.a b.v n.v s.l pty approx est a.m p.m art sec fig dept univ assn cos rev hon pres".split()
)
_COMPANY_ENDINGS = frozenset("inc corp co ltd bros s.p.a s.a b.v n.v s.l pty plc u.s u.k u.n a.m p.m etc jr sr".split())
_OPENERS = frozenset(
    "the a an it its in on at he she they this that these those but and as with for we our if when while after before since both all "
    "no not however meanwhile also according last earlier later among under there other another only some each by from to one two "
    "three".split()
)
_SENTENCE_SIGNS = re.compile(r"[.!?]")
LONGEST_NAME = 12
"""Words of the longest name that a list is thought to hold, its remark in parentheses included."""
HEADING_WORDS = 9
"""A line of at most so many words without an end mark is a heading or a name in a list; counted on the training releases."""


def sentences(article: Article) -> tuple[Sentence, ...]:
    """Cuts title and text into sentences, in reading order.

    >>> [s.text for s in sentences(Article("", "T", "Acme Inc. left. Bolt Ltd. stayed, it said."))]
    ['T', 'Acme Inc. left.', 'Bolt Ltd. stayed, it said.']
    """
    found = [Sentence(article.title, "title", 0, SentenceKind.HEADLINE, -1)] if article.title.strip() else []
    found.extend(_body(article.text))
    return tuple(found)


def _body(text: str) -> Iterator[Sentence]:
    lines = list(_LINE.finditer(text))
    block, last_end, lead, heading = 0, 0, "", ""
    for number, line in enumerate(lines):
        gap = text[last_end : line.start()]
        block += number == 0 or gap.count("\n") > 0
        last_end = line.end()
        start, content = line.start(), line.group()
        marker = _BULLET.match(content)
        following = lines[number + 1].group() if number + 1 < len(lines) else ""
        stripped = content.strip()
        if marker and not (marker.group().strip() in "–—-" and _SENTENCE_SIGNS.search(content) and len(content) > 200):
            body = content[marker.end() :]
            yield from _cut(body, start + marker.end(), SentenceKind.BULLET, block, _join(lead, heading))
            continue
        if stripped.endswith(":"):
            yield from _cut(
                content, start, SentenceKind.HEADING if len(stripped.split()) <= HEADING_WORDS else SentenceKind.BODY, block, ""
            )
            lead, heading = _last_sentence(stripped), ""
            continue
        if len(stripped.split()) <= HEADING_WORDS and not re.search(r"[.!?…:;][\"”’')]*$", stripped):
            in_list = bool(lead) and not _BULLET.match(following)
            if (in_list and text[line.end() : line.end() + 2] != "\n\n") or (in_list and number and _short(lines[number - 1].group())):
                # A roster without marks: one name a line under a line that ends in a colon.
                yield from _cut(content, start, SentenceKind.BULLET, block, _join(lead, heading))
            else:
                heading = stripped
                lead = lead if _BULLET.match(following) or _is_list(following) else ""
                yield from _cut(content, start, SentenceKind.HEADING, block, lead)
            continue
        if _is_list(content) or (lead and not _SENTENCE_SIGNS.search(stripped[-1:]) and len(stripped) < 160):
            yield from _cut(content, start, SentenceKind.BULLET, block, _join(lead, heading))
            continue
        lead = heading = ""
        yield from _cut(content, start, SentenceKind.BODY, block, "")


def _short(line: str) -> bool:
    stripped = line.strip()
    return len(stripped.split()) <= HEADING_WORDS and not _SENTENCE_SIGNS.search(stripped[-1:])


def _is_list(line: str) -> bool:
    """Whether a line is names parted by semicolons, middle dots or bars, with at most a short label before them."""
    if max(line.count("; "), line.count(" · "), line.count(" | "), line.count(" • ")) < 2:
        return False
    parts = [p.removeprefix("and ").removeprefix("the ") for p in re.split(r"; | · | \| | • ", line.split(": ", 1)[-1]) if p]
    # Prose has semicolons too ("… seized power; in 1974 …"): its parts are long and begin in lower case.
    return all(len(p.split()) <= LONGEST_NAME for p in parts) and sum(not p[0].islower() for p in parts) >= 0.6 * len(parts)


def _join(lead: str, heading: str) -> str:
    return f"{lead} {heading}".strip() if lead != heading else lead


def _last_sentence(line: str) -> str:
    parts = [line[a:b] for a, b in _bounds(line)]
    return parts[-1] if parts else line


def _bounds(line: str) -> Iterator[tuple[int, int]]:
    start = 0
    for end in _END.finditer(line):
        word = line[start : end.start()].rsplit(None, 1)[-1:]
        before = word[0].lower().strip("\"“‘'([") if word else ""
        rest = line[end.end() :].lstrip()
        follower = re.match(r"[\"“‘'(\[]?([^\W\d_]+)", rest)
        if end.group()[0] == "." and rest:
            opener = follower and follower.group(1).lower() in _OPENERS and follower.group(1)[0].isupper()
            if rest[0].islower() or (before in _ABBREVIATIONS and not (before in _COMPANY_ENDINGS and opener)):
                continue
            if re.fullmatch(r"[^\W\d_](?:\.[^\W\d_])*", before) and not opener:  # initials: "J. Ferreira", "A.P. Brandt"
                continue
        elif rest and rest[0].islower():  # "Noted!" is a name in the middle of a sentence
            continue
        yield start, end.end()
        start = end.end() + len(line[end.end() :]) - len(rest)
    if line[start:].strip():
        yield start, len(line)


def _cut(line: str, start: int, kind: SentenceKind, block: int, lead: str) -> Iterator[Sentence]:
    offset = 0
    if kind is SentenceKind.BODY and (dateline := _DATELINE.match(line)) and dateline.end() < 90:
        offset = dateline.end()
    if kind is SentenceKind.BODY and (about := _ABOUT.match(line)):
        yield Sentence(about.group().rstrip(), "text", start, SentenceKind.HEADING, block, lead)
        offset = about.end()
    for a, b in _bounds(line[offset:]):
        piece = line[offset + a : offset + b]
        lead_space = len(piece) - len(piece.lstrip())
        if piece.strip():
            yield Sentence(piece.strip(), "text", start + offset + a + lead_space, kind, block, lead)
