"""The learned role stage: says for every name of a masked excerpt what the text tells of it and the coalition in question.

It sees mask tokens only, never a name.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.detect.network import Network
from pipeline.detect.spans import MASKS, WAY_OF, Label, Masked
from pipeline.model import Event, Role, Status

EVENTS: tuple[Event | None, ...] = (None, *Event)
STATUSES: tuple[Status, ...] = tuple(Status)
ROLES: tuple[Role | None, ...] = (None, *Role)
"""What the outputs of the model stand for, in order."""

ORDER = " ".join([*(e or "-" for e in EVENTS), "/", *STATUSES, "/", *(r or "-" for r in ROLES)])

NOTHING = Label(None, 0.0)

LONGEST = 384
"""Tokens that the model is given at once, an excerpt with its context; it was trained on no more."""


class Tagger:
    """Labels the mentions of masked texts with a trained model."""

    def __init__(self, model: bytes | str, tokenizer: bytes) -> None:
        """Loads a model, from its bytes or a path; raises ModelError for what is none, and for one with other labels."""
        self._network = Network(model, tokenizer, MASKS, LONGEST, ORDER)

    def label(self, masked: Sequence[Masked]) -> list[tuple[Label, ...]]:
        """Gives a label for each mention of each masked text, in order."""
        answers = self._network.answers([(one.text, len(one.mentions)) for one in masked], ("event", "status", "role"))
        return [
            tuple(_label(*chances) for chances in found) if found else (NOTHING,) * len(one.mentions)
            for one, found in zip(masked, answers, strict=True)
        ]


_ALIKE = np.array([[WAY_OF[a] == WAY_OF[b] for b in EVENTS] for a in EVENTS], dtype=np.float32)

LEAST = 0.1
"""Events that are less likely are not told of at all: what is made of a weak one is for those who see the whole article."""


def _label(events: np.ndarray, statuses: np.ndarray, roles: np.ndarray) -> Label:
    """The most likely event of the most likely way, with the probability of the way."""
    ways = _ALIKE @ events
    best = 1 + int((ways[1:] + events[1:] * 1e-3).argmax())
    if ways[best] < LEAST:
        return Label(None, float(events[0]))
    return Label(EVENTS[best], float(ways[best]), STATUSES[int(statuses.argmax())], ROLES[int(roles.argmax())])
