"""Plain text → article: which lines are paragraphs, which are lines of one that was wrapped, and whether the first is a headline.

It changes no word and their order never; what it decides is where lines end, because a sentence and a roster end with theirs.
"""

from __future__ import annotations

import re
from datetime import datetime
from itertools import pairwise

from pipeline.model import Article

WRAPPED_AT = range(50, 101)
"""Widths in characters at which mails and text files are wrapped: 65 to 80 mostly, some at 60 or 100."""
LEAST_WRAPPED = 40
"""A shorter line ends where its writer wanted: it is a name in a list, a heading, or the end of a paragraph."""
LONGEST_HEADLINE = 200

_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")
_BULLET = re.compile(r"\s*[•·▪●○◦‣*-]\s")


def from_text(text: str, title: str = "", published: datetime | None = None, url: str = "") -> Article:
    """Gives the article that plain text is. Text with blank lines is kept as it is, but for lines that were wrapped.

    Text without them has a paragraph a line: each becomes one, but items of a list stay together, and so do lines that
    were broken within a sentence (the next begins with a small letter).

    >>> from_text("One.\\nTwo.").text, from_text("One.\\n\\nTwo\\nthree.").text, from_text("Members:\\n- A\\n- B").text
    ('One.\\n\\nTwo.', 'One.\\n\\nTwo\\nthree.', 'Members:\\n\\n- A\\n- B')
    """
    text = _unwrapped(text)
    if "\n" in text.strip() and not _BLANK_LINE.search(text.strip()):
        lines = [line for line in text.splitlines() if line.strip()]
        made = lines[0]
        for before, line in pairwise(lines):
            same = line.lstrip()[:1].islower() or (_BULLET.match(before) and _BULLET.match(line))
            made += ("\n" if same else "\n\n") + line
        text = made
    return Article(url=url, title=title, text=text, published=published)


def parted(text: str) -> tuple[str, str]:
    """Parts a headline from the text below it: a short first line that ends like no sentence, with a blank or a long line after it.

    >>> parted("Nordix joins the pact\\n\\nNordix joined on Monday."), parted("Nordix joined on Monday.\\n\\nNobody else did.")[0]
    (('Nordix joins the pact', 'Nordix joined on Monday.'), '')
    """
    first, _, rest = text.strip().partition("\n")
    second = rest.partition("\n")[0].strip()
    ends_open = not first.rstrip().endswith((".", ":", ",", ";", "!", "?", "”", '"'))
    if rest.strip() and ends_open and len(first) <= LONGEST_HEADLINE and (not second or len(second) > LONGEST_HEADLINE // 2):
        return first.strip(), rest.strip()
    return "", text.strip()


def _unwrapped(text: str) -> str:
    """Joins lines that somebody's editor broke at a fixed width.

    A break was forced where the first word of the next line would have stuck out beyond the longest line. Most breaks within
    paragraphs must look so; in a list of names hardly one does.

    >>> _unwrapped("The Sedge Pact was launched on Monday by Corran Lines and\\nAlder Rail, which share\\ndata.").count("\\n")
    0
    """
    lines = text.split("\n")
    width = max(map(len, lines))
    inside = [
        (place, before, line.split(maxsplit=1)[0])
        for place, (before, line) in enumerate(pairwise(lines))
        if before.strip() and line.strip() and not _BULLET.match(line)
    ]
    forced = {place for place, before, word in inside if len(before) >= LEAST_WRAPPED and len(before.rstrip()) + 1 + len(word) > width}
    begun = {place for place, before, word in inside if len(before) >= LEAST_WRAPPED and word[0].islower()}
    if width not in WRAPPED_AT or len(forced | begun) * 2 < len(inside):
        return text
    small = {place for place, _, word in inside if word[0].islower()}
    made = lines[0]
    joined = False
    for place, line in enumerate(lines[1:]):
        joined = place in forced or place in begun or (joined and place in small)
        made = f"{made.rstrip()} {line.lstrip()}" if joined else f"{made}\n{line}"
    return made
