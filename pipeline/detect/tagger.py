"""The learned role stage: says for every name of a masked sentence what the sentence says of it and the coalition in question.

It sees mask tokens only, never a name.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.detect.network import Network
from pipeline.detect.spans import MASKS, Label, Masked
from pipeline.model import Event, Role, Status

EVENTS: tuple[Event | None, ...] = (None, *Event)
STATUSES: tuple[Status, ...] = tuple(Status)
ROLES: tuple[Role | None, ...] = (None, *Role)
"""What the outputs of the model stand for, in order."""

ORDER = " ".join([*(e or "-" for e in EVENTS), "/", *STATUSES, "/", *(r or "-" for r in ROLES)])

NOTHING = Label(None, 0.0)


class Tagger:
    """Labels the mentions of masked sentences with a trained model."""

    def __init__(self, model: bytes | str, tokenizer: bytes) -> None:
        """Loads a model, from its bytes or a path; raises ModelError for what is none, and for one with other labels."""
        self._network = Network(model, tokenizer, MASKS, ORDER)

    def label(self, masked: Sequence[Masked]) -> list[tuple[Label, ...]]:
        """Gives a label for each mention of each masked sentence, in order."""
        answers = self._network.answers([(one.text, len(one.mentions)) for one in masked], ("event", "status", "role"))
        return [
            tuple(_label(*chances) for chances in found) if found else (NOTHING,) * len(one.mentions)
            for one, found in zip(masked, answers, strict=True)
        ]


def _label(events: np.ndarray, statuses: np.ndarray, roles: np.ndarray) -> Label:
    best = int(events.argmax())
    event = EVENTS[best]
    return Label(event, float(events[best]), STATUSES[int(statuses.argmax())], ROLES[int(roles.argmax())] if event else None)
