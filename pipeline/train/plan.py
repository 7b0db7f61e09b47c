"""How to train: values only, so that a plan can be made and shown where torch is missing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train. `layers` are those of the starting weights that are kept; `tokens` bounds a batch: its rows times its longest row;
    `checkpoint` is the steps between two checkpoints, `longest` the tokens that the model is given at once."""

    seed: int = 7
    epochs: int = 3
    layers: tuple[int, ...] = tuple(range(12))
    rate: float = 8e-5
    tokens: int = 2048
    dropout: float = 0.1
    smoothing: float = 0.05
    threads: int = 2
    decay: float = 0.01
    warm_up: float = 0.06
    checkpoint: int = 100
    longest: int = 384


JUDGE = Plan(epochs=4, layers=tuple(range(6)), rate=2.5e-4, longest=192)
"""How the judge of names is trained: a small network, since it reads every article that passes the gate."""
