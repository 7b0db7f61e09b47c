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

_OF_A_WALL = (
    *("to continue", "to keep", "to unlock", "to read", "to access", "reading", "unlock", "subscri", "premium"),
    *("members", "readers", "users", "you have", "you've", "you’ve"),
)
"""One of these is in each text that the pattern finds; looking for them is a tenth of the work."""


def is_partial(blocks: Sequence[Block], nodes: Iterable[dict[str, object]], chars: int) -> bool:
    """Whether a page with `chars` characters of text keeps the rest for subscribers.

    `nodes` are its structured data (`isAccessibleForFree`, schema.org, is what search engines ask paywalled sites for).
    """
    said = {str(value).casefold() for node in nodes for value in (node.get("isAccessibleForFree"),) if value is not None}
    if said & {"false", "no", "0", "http://schema.org/false", "https://schema.org/false"}:
        return chars < SHORT_OF_WHOLE or (chars < LONGEST_PREVIEW * 2 and _is_walled(blocks))
    return chars < LONGEST_PREVIEW and not said & {"true", "yes", "1"} and _is_walled(blocks)


def _is_walled(blocks: Sequence[Block]) -> bool:
    return any(block.chars <= LONGEST_CALL and is_wall(" ".join(block.lines)) for block in blocks)


def is_wall(text: str) -> bool:
    """Whether a short text asks to subscribe or log in before more is shown.

    >>> is_wall("Subscribe to continue reading"), is_wall("Members will subscribe to the pact in May, the minister said.")
    (True, False)
    """
    if len(text) > LONGEST_CALL:
        return False
    lowered = text.lower()
    return any(word in lowered for word in _OF_A_WALL) and bool(_WALL.search(text))
