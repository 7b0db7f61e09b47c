"""The learned judge of names: says how likely each marked name of a passage is a body that the article tells memberships of."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.detect.bodies import CANDIDATE, Passage
from pipeline.detect.network import Network

ANSWERS = (False, True)
"""What the output of the model stands for, in order."""

ORDER = "no body / body"

LONGEST = 192
"""Tokens that the model is given at once; it was trained on no more."""


class LearnedJudge:
    """Judges the names of passages with a trained model."""

    def __init__(self, model: bytes | str, tokenizer: bytes) -> None:
        """Loads a model, from its bytes or a path; raises ModelError for what is none, and for one with other answers."""
        self._network = Network(model, tokenizer, (CANDIDATE,), LONGEST, ORDER)

    def judge(self, passages: Sequence[Passage]) -> list[tuple[float, ...]]:
        """Gives for each passage the probability of each of its names, in order; none where it holds marks of its own."""
        answers = self._network.answers([(one.text, len(one.names)) for one in passages], ("body",))
        return [tuple(float(chances[1]) for (chances,) in found) for found in answers]
