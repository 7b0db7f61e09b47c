"""How to train: values only, so that a plan can be made and shown where torch is missing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train. `layers` are those of the starting weights that are kept; `tokens` bounds a batch: its rows times its longest row;
    `checkpoint` is the steps between two checkpoints, `longest` the tokens that the model is given at once.

    `epochs` says how many steps there are: as many as it takes to go so often through everything. What the network has learned, it is
    shown less often: a row whose worst loss was below `known` when it was last shown comes back with the chance `again` only. An event
    of which there are fewer than `rare` mentions counts more, by the root of how few they are, up to four times. With `frozen`, so many
    of the first layers stay as they are, and with them the words and what is known of places.
    """

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
    known: float = 0.2
    again: float = 0.3
    rare: int = 400
    frozen: int = 0


JUDGE = Plan(epochs=4, layers=tuple(range(6)), rate=2.5e-4, longest=192)
"""How the judge of names is trained: a small network, since it reads every article that passes the gate."""

ON = Plan(seed=13, epochs=3, rate=6e-5, frozen=4)
"""How a tagger that has been trained is trained on: with smaller steps, since most of the way is behind it, and the first third of its
layers left alone, which shortens a step by a fifth. At the full rate it forgets; with small batches too its figures went to and fro."""
