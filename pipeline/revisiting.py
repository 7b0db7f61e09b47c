"""When the page of an article is read again after it was told, and what of what comes back is taken for an edit or a retraction.

Publishers correct a page and leave its entry in the feed as it is. So the page of an article that says something of a coalition is
asked for a few times more, ever later. It is believed only where it is surely the same article with other words: a page that is
broken, walled off or another one corrects nothing, and that it is missing (404) says nothing. That it is gone (410) is a word of its
publisher's; it counts where it is said twice, a day apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from pipeline.model import Article
from pipeline.text import resemblance, sketch

AFTER = (timedelta(hours=6), timedelta(days=1), timedelta(days=3), timedelta(days=7))
"""How long after an article was read its page is read again. A desk mends its own mistakes within hours, the next day those that readers
and the people concerned write in about, within a week those that had to be looked into. Four requests an article are little beside
those that the feed itself costs in that week."""
CONFIRMED_AFTER = timedelta(days=1)
"""After so long a page that was said to be gone is asked for once more: a move to another system is over by then."""
UNCONFIRMED_AFTER = timedelta(days=7)
"""Where that was not said again for so long, because the page could not be had, nobody asks any more."""
MOST_GONE = 3
"""So many pages of one site can be gone at once. More are the doing of a server that answers so for all, and no retraction."""
OLD = timedelta(days=30)
"""Pages of articles that were older when they were read are not read again: what would be corrected is, and an archive of years that is
read at once would be asked for four times more."""
MOST_IN_VAIN = 3
"""A page over which the program ended so often is let be."""
ASKED_AGAIN = timedelta(hours=1)
"""A page of which no answer was kept, because the program ended, is asked for again after so long, and twice as long each time."""
LEAST_LIKENESS = 0.2
"""Least resemblance of an edit with what was read, as of near-copies: unlike articles have 0.02 at most, and where one sentence in three
is rewritten half of it is left."""
LEAST_SHARE = 0.5
"""A page with less than this share of the former text is cut off or walled off, whatever it says."""


def first(read: datetime, published: datetime | None) -> datetime | None:
    """When the page of an article is read again first; None where it is too old for that."""
    return None if published and read - published > OLD else read + AFTER[0]


def following(read: datetime, now: datetime) -> datetime | None:
    """When it is read again next, None where it was read often enough. What was missed meanwhile is not made up for.

    >>> read = datetime(2024, 3, 4)
    >>> [str(following(read, read + timedelta(hours=h))) for h in (6, 80, 168)]
    ['2024-03-05 00:00:00', '2024-03-11 00:00:00', 'None']
    """
    return next((read + after for after in AFTER if read + after > now), None)


def while_gone(gone_since: datetime, now: datetime) -> datetime | None:
    """When a page that was said to be gone is asked for again; None where that was not confirmed for long."""
    return now + CONFIRMED_AFTER if now - gone_since < UNCONFIRMED_AFTER else None


def is_confirmed(gone_since: datetime | None, gone_there: int, now: datetime) -> bool:
    """Whether a page that is said to be gone was surely taken down, where `gone_there` pages of its site are gone, itself among them."""
    return gone_since is not None and now - gone_since >= CONFIRMED_AFTER and gone_there <= MOST_GONE


def unanswered(in_vain: int, now: datetime) -> datetime | None:
    """When a page is asked for again where no answer is kept this time either, after so many times in a row; None: no more.

    >>> [str(unanswered(n, datetime(2024, 3, 4))) for n in (0, 1, 2)]
    ['2024-03-04 01:00:00', '2024-03-04 02:00:00', 'None']
    """
    return now + ASKED_AGAIN * 2**in_vain if in_vain + 1 < MOST_IN_VAIN else None


def why_not_an_edit(former: Article, sketch_of_it: Iterable[int], found: Article) -> str:
    """Says why what was found in the place of an article corrects nothing of it; empty where it is an edit."""
    if len(found.text) < LEAST_SHARE * len(former.text):
        return "pages that are far shorter than they were"
    if resemblance(tuple(sketch_of_it), sketch(found.text)) < LEAST_LIKENESS:
        return "pages that hold another article now"
    return ""
