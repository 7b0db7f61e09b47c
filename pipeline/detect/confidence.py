"""Turns how sure the stages are of a claim into how often such claims are right.

The knots are fitted on articles that nothing was trained on (`pipeline train` writes them); between two of them it goes straight.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Calibration:
    """Knots of (sureness, share right), both from 0 to 1 and rising. Without knots a sureness stays what it is."""

    knots: tuple[tuple[float, float], ...] = ()

    @classmethod
    def read(cls, text: str) -> Calibration:
        """Reads the JSON that `pipeline train` writes; raises ValueError for anything else."""
        found = json.loads(text)
        knots = tuple((float(raw), float(right)) for raw, right in found["knots"])
        if list(knots) != sorted(knots):
            raise ValueError("the knots of a calibration must rise")
        return cls(knots)

    def of(self, sureness: float) -> float:
        """The confidence, 0 to 1, that a sureness stands for.

        >>> Calibration(((0.2, 0.1), (0.6, 0.5), (1.0, 0.9))).of(0.8)
        0.7
        """
        if not self.knots:
            return sureness
        at = bisect_right(self.knots, (sureness, 1.0))
        if at == 0:
            return self.knots[0][1]
        if at == len(self.knots):
            return self.knots[-1][1]
        (low, below), (high, above) = self.knots[at - 1], self.knots[at]
        return round(below + (above - below) * (sureness - low) / (high - low), 4)


def fit(pairs: Sequence[tuple[float, bool]], least: int = 40) -> Calibration:
    """Fits knots to pairs of sureness and whether it was right: groups of at least `least`, merged until they rise (isotonic).

    >>> fit([(0.2, False)] * 40 + [(0.9, True)] * 40).knots
    ((0.2, 0.0238), (0.9, 0.9762))
    """
    ordered = sorted(pairs)
    groups: list[list[tuple[float, bool]]] = []
    for start in range(0, len(ordered), least):
        groups.append(list(ordered[start : start + least]))
    if len(groups) > 1 and len(groups[-1]) < least:
        groups[-2] += groups.pop()
    at = 0
    while at + 1 < len(groups):  # pool adjacent violators (Ayer et al. 1955)
        if _share(groups[at]) > _share(groups[at + 1]):
            groups[at] += groups.pop(at + 1)
            at = max(at - 1, 0)
        else:
            at += 1
    return Calibration(tuple((round(sum(s for s, _ in g) / len(g), 4), round(_share(g), 4)) for g in groups))


def _share(group: Sequence[tuple[float, bool]]) -> float:
    """The share that was right, with one more of each so that forty of forty are not certain (Laplace)."""
    return (sum(right for _, right in group) + 1) / (len(group) + 2)
