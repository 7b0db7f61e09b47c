"""How to train: values only, so that a plan can be made and shown where torch is missing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train. `layers` are those of the starting weights that are kept; `tokens` bounds a batch: its rows times its longest row;
    `checkpoint` is the steps between two checkpoints. `taught` is the share of a teacher in the loss, `warmth` softens its answers."""

    seed: int = 7
    epochs: int = 5
    layers: tuple[int, ...] = tuple(range(6))
    rate: float = 2.5e-4
    tokens: int = 2048
    dropout: float = 0.1
    smoothing: float = 0.05
    threads: int = 2
    decay: float = 0.01
    warm_up: float = 0.06
    checkpoint: int = 200
    taught: float = 0.7
    warmth: float = 2.0


TEACHER = Plan(epochs=3, layers=tuple(range(12)), rate=8e-5)
"""How the larger network is trained that the tagger learns from."""
