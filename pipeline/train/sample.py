"""A training sample: a masked sentence, and what is said of each of its mentions.

A target names the events that would be right (mostly one; several where a text can be read in two ways, or where it says
elsewhere what this sentence may or may not repeat), a status and a role. Where nothing is known, nothing is taught.
While a sentence is still put together from parts, a mention and its target travel inside the text as one mark, which may be
copied, moved and cut out like any word; `finish` turns the marks into mask tokens and targets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.detect.spans import BOUNDARY, MASKS
from pipeline.detect.tagger import EVENTS, ROLES, STATUSES
from pipeline.model import Event, Role, Status

IGNORED = -100
"""The index that PyTorch's cross entropy leaves out by default."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is said of a mention: indices into EVENTS (none: not known), STATUSES and ROLES (or IGNORED).

    Of a name in a passage, `body` says whether it is one that memberships are told of: 1, 0 or IGNORED.
    """

    events: tuple[int, ...]
    status: int = IGNORED
    role: int = IGNORED
    body: int = IGNORED

    def teaches(self) -> bool:
        """Whether anything is known of it."""
        return bool(self.events) or self.body != IGNORED


NONE = Target((0,))
UNKNOWN = Target(())
BODY, NO_BODY = Target((), body=1), Target((), body=0)


@dataclass(frozen=True, slots=True)
class Sample:
    """A masked sentence (with its context, as in spans.Masked) and the targets of its mentions. `source` tells where it is from."""

    text: str
    targets: tuple[Target, ...]
    source: str


def target(event: Event | None, status: Status | None = None, role: Role | None = None) -> Target:
    """The target of known labels; a status or role that is not given is not taught.

    >>> target(Event.JOINED, Status.COMPLETED)
    Target(events=(6,), status=0, role=-100, body=-100)
    """
    return Target(
        (EVENTS.index(event),),
        IGNORED if status is None or event is None else STATUSES.index(status),
        IGNORED if role is None or event is None else ROLES.index(role),
    )


_MARK = re.compile(r"⟦(\d)\|([\d.]*)\|(-?\d+)\|(-?\d+)⟧")


def mark(mask: str, wanted: Target = NONE) -> str:
    """A mention inside a text in the making.

    >>> mark("[unused4]", Target((6,), 0))
    '⟦3|6|0|-100⟧'
    """
    return f"⟦{MASKS.index(mask)}|{'.'.join(map(str, wanted.events))}|{wanted.status}|{wanted.role}⟧"


def unlabelled(text: str) -> str:
    """The same text with nothing said of its mentions.

    >>> unlabelled("⟦3|6|0|-100⟧ joined")
    '⟦3|0|-100|-100⟧ joined'
    """
    return _MARK.sub(lambda found: mark(MASKS[int(found[1])]), text)


def swapped(text: str, masks: dict[str, str]) -> str:
    """The same text with some kinds of mention turned into others, their targets kept.

    >>> swapped("⟦0|0|-100|-100⟧ met", {"[unused1]": "[unused2]"})
    '⟦1|0|-100|-100⟧ met'
    """
    return _MARK.sub(lambda found: f"⟦{MASKS.index(masks.get(MASKS[int(found[1])], MASKS[int(found[1])]))}{found[0][2:]}", text)


def holds(text: str, mask: str) -> bool:
    """Whether a text in the making holds a mention of that kind."""
    return f"⟦{MASKS.index(mask)}|" in text


def finish(context: str, sentence: str, source: str) -> Sample:
    """Turns marks into mask tokens; the targets are those of the sentence, the context has none.

    >>> finish("", "⟦3|6|0|-100⟧ joined ⟦0|0|-100|-100⟧.", "doc").text
    '[unused4] joined [unused1] .'
    """
    targets = tuple(
        Target(tuple(int(event) for event in found[2].split(".") if event), int(found[3]), int(found[4]))
        for found in _MARK.finditer(sentence)
    )

    def plain(text: str) -> str:
        return " ".join(_MARK.sub(lambda found: f" {MASKS[int(found[1])]} ", text).split())

    return Sample(f"{plain(context)} {BOUNDARY} {plain(sentence)}" if context.strip() else plain(sentence), targets, source)
