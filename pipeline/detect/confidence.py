"""Says of a claim how often such claims are right: by how sure the stages were of it, and by what else the article tells.

A logistic regression. Its weights are fitted on articles that nothing was trained on (`pipeline train` writes them).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field, fields

_LEAST, _MOST = 0.02, 0.98


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for a claim. The first four are chances from 0 to 1.

    `said` is how surely its words tell its event, `told` how likely the article tells memberships of its coalition, and `surest` how
    likely it does so of that body of which this is likeliest. `fellow` is how sure the stages are of another claim about the same
    coalition, the surest: one report of a body that nothing else is said of is more often wrong. Then whether the body is `known` by its
    name, shows no sign of being one (`unmarked`) or goes by an `acronym`, and whether the claim is `repeated` in another sentence.
    """

    said: float
    told: float = 1.0
    surest: float = 1.0
    fellow: float = 0.0
    known: bool = False
    unmarked: bool = False
    acronym: bool = False
    repeated: bool = False

    def numbers(self) -> tuple[float, ...]:
        """What the regression is over: the chances as log odds.

        >>> Signs(said=0.5, told=0.5, known=True).numbers()[:5:4]
        (0.0, 1.0)
        """
        return tuple(float(value) if isinstance(value, bool) else _log_odds(value) for value in astuple(self))

    def in_words(self) -> str:
        """What speaks for the claim, for people.

        >>> Signs(said=0.85, told=0.9, fellow=0.7, repeated=True).in_words()
        'its words 0.85, that the article tells of this body 0.90, the surest other claim about it 0.70, told in several sentences'
        """
        words = [f"its words {self.said:.2f}, that the article tells of this body {self.told:.2f}"]
        words += [f"the surest other claim about it {self.fellow:.2f}"] if self.fellow else ["no other claim about it"]
        return ", ".join((*words, *["told in several sentences"] * self.repeated))


NAMES = ("always", *(one.name for one in fields(Signs)))
"""The weights of a regression; `always` is what counts whatever the signs are."""


@dataclass(frozen=True, slots=True)
class Confidence:
    """Weights by `NAMES`. Without any, a claim is as sure as its stages were."""

    weights: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str) -> Confidence:
        """Reads the JSON that `pipeline train` writes; raises ValueError for anything else."""
        try:
            weights = {str(name): float(weight) for name, weight in json.loads(text)["weights"].items()}
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"no weights of confidence: {error!r}") from error
        if set(weights) != set(NAMES):
            raise ValueError(f"the weights of confidence are {', '.join(weights)}, not {', '.join(NAMES)}")
        return cls(weights)

    def of(self, sureness: float, signs: Signs) -> float:
        """How often claims with such signs are right, from 0 to 1.

        >>> Confidence({name: float(name == "said") for name in NAMES}).of(0.3, Signs(said=0.75))
        0.75
        """
        if not self.weights:
            return sureness
        odds = self.weights["always"] + sum(self.weights[name] * x for name, x in zip(NAMES[1:], signs.numbers(), strict=True))
        return round(1 / (1 + math.exp(-max(-30.0, min(30.0, odds)))), 4)


def _log_odds(chance: float) -> float:
    held = min(max(chance, _LEAST), _MOST)
    return math.log(held / (1 - held))
