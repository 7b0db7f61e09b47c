"""What stands between a reader and the text of a page: a paywall, or a request for consent that is all there is.

It tells; it gets around nothing. A page is called partial only where it says so itself, in structured data or in words
that are addressed to the reader; a long text with an offer under it is whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pipeline.articles.blocks import Block

PAYWALL = "the page shows only the beginning: the rest is for subscribers"
CONSENT = "is a request for consent to cookies, not the article"

LONGEST_PREVIEW = 2500
"""Characters of text that pages show before a paywall at most; what is longer and has no wall in words counts as whole."""
SHORT_OF_WHOLE = 1200
"""Characters below which a page that says that it is not free is taken at its word without a wall in words."""
LONGEST_CALL = 300

_WALL = re.compile(
    r"(?:subscribe|register|sign up|log ?in|sign in|become a member|join)\b.{0,40}\bto (?:continue|keep|unlock|read|access)\b"
    r"|to (?:continue|keep) reading|to (?:read|access|unlock) (?:the (?:rest|full|whole|entire)"
    r"|this) (?:of )?(?:this )?(?:article|story|content|post|text)?"
    r"|(?:continue|keep) reading (?:for|with|by)\b|(?:this|the) (?:article|story|content|post|page) is (?:only |exclusively )?"
    r"(?:available |reserved |accessible )?(?:only |exclusively )?(?:for|to) (?:our |paying |paid |registered )*(?:subscribers"
    r"|members|readers|users)"
    r"|(?:for )?subscribers[- ]only|subscriber[- ]only|exclusive to (?:subscribers|members)|(?:only )?for (?:paid|paying) subscribers"
    r"|unlock (?:this|the) (?:article|story)|you(?:['’]ve| have) (?:reached|read|used) (?:your|the|all)\b.{0,40}\b(?:limit"
    r"|articles|stories)"
    r"|subscribe to (?:unlock|continue|keep|read)|(?:you have |there are )?\d+ ?% (?:of this article )?(?:left|remaining) to read"
    r"|premium (?:article|content)$",
    re.I,
)


def is_partial(blocks: Sequence[Block], nodes: Iterable[dict[str, object]], chars: int) -> bool:
    """Whether a page with `chars` characters of text keeps the rest for subscribers.

    `nodes` are its structured data (`isAccessibleForFree`, schema.org, is what search engines ask paywalled sites for).
    """
    said = {str(value).casefold() for node in nodes for value in (node.get("isAccessibleForFree"),) if value is not None}
    walled = any(block.chars <= LONGEST_CALL and _WALL.search(" ".join(block.lines)) for block in blocks)
    if said & {"false", "no", "0", "http://schema.org/false", "https://schema.org/false"}:
        return chars < SHORT_OF_WHOLE or (walled and chars < LONGEST_PREVIEW * 2)
    return walled and chars < LONGEST_PREVIEW and not said & {"true", "yes", "1"}


def is_wall(text: str) -> bool:
    """Whether a short text asks to subscribe or log in before more is shown.

    >>> is_wall("Subscribe to continue reading"), is_wall("Members will subscribe to the pact in May, the minister said.")
    (True, False)
    """
    return len(text) <= LONGEST_CALL and bool(_WALL.search(text))
