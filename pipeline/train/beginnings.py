"""What the networks begin with: weights as others trained them, or the tagger of a model of ours that is to be trained on. Needs torch
and onnx."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pipeline.train import export, network, starting
from pipeline.train.network import Weights
from pipeline.train.plan import Plan
from pipeline.train.starting import RecipeError
from pipeline.train.vocabulary import numbers_in, reduced


@dataclass(frozen=True, slots=True)
class Beginning:
    """The weights of a network before training, its tokenizer, and what the card says of both."""

    weights: Weights
    tokenizer: str
    told: Mapping[str, object]


def of_judge(texts: Sequence[str], plan: Plan) -> Beginning:
    """MiniLM. It reads names, which are rare words: it keeps all of its own that the texts have. Raises RecipeError where it is missing."""
    with starting.opened(starting.MINILM) as folder:
        theirs = (folder / starting.TOKENIZER).read_text(encoding="utf-8")
        tokenizer, words = reduced(theirs, texts, until=len(theirs))
        return Beginning(network.starting_weights(folder / starting.WEIGHTS, words, plan, ("body",)), tokenizer, asdict(starting.MINILM))


def of_tagger(texts: Sequence[str], plan: Plan) -> Beginning:
    """MPNet. It reads what stands between names: the frequent words are enough. Raises RecipeError where it is missing."""
    with starting.opened(starting.MINILM) as small, starting.opened(starting.MPNET) as folder:
        tokenizer, _ = reduced((small / starting.TOKENIZER).read_text(encoding="utf-8"), texts)
        words = numbers_in((folder / starting.TOKENIZER).read_text(encoding="utf-8"), tokenizer)
        weights = network.starting_weights(folder / starting.WEIGHTS, words, plan, ("event", "status", "role"))
        return Beginning(weights, tokenizer, asdict(starting.MPNET))


def of_model(folder: Path) -> Beginning:
    """The tagger of a model that was trained before; raises RecipeError where the folder holds none."""
    model, begun = _earlier(folder, "tagger", "tokenizer.json")
    try:
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        weights = network.further_weights(export.weights_of(model))
    except (OSError, ValueError) as error:
        raise RecipeError(f"there is no model to go on from in {folder}: {error}") from error
    return replace(begun, weights=weights, told={**begun.told, "card": {**card, "figures": {}}})


def kept_judge(folder: Path) -> tuple[bytes, Beginning]:
    """The judge of a model that was trained before, as it is: it gains nothing from a further course. Raises RecipeError where the folder
    holds none."""
    return _earlier(folder, "judge", "judge-tokenizer.json")


def _earlier(folder: Path, name: str, tokenizer: str) -> tuple[bytes, Beginning]:
    try:
        model = (folder / f"{name}.onnx").read_bytes()
        words = (folder / tokenizer).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise RecipeError(f"there is no model to go on from in {folder}: {error}") from error
    return model, Beginning({}, words, {"name": f"an earlier {name}", "sha256": hashlib.sha256(model).hexdigest()})
