"""What training begins with: networks as others trained them, or a model of ours that is to be trained on. Needs torch and onnx."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.train import export, network, starting
from pipeline.train.network import Weights
from pipeline.train.plan import Plan
from pipeline.train.starting import RecipeError
from pipeline.train.vocabulary import numbers_in, reduced


@dataclass(frozen=True, slots=True)
class Beginnings:
    """What training begins with: the weights of both networks (no judge's where it is kept as `kept`), their tokenizers, and what the card
    says of them."""

    judge: Weights
    tagger: Weights
    full: str
    tokenizer: str
    told: Mapping[str, object]
    kept: bytes = b""


def first(texts: Sequence[str], plan: Plan, judged: Plan) -> Beginnings:
    """Both networks as others trained them, their vocabularies cut to what the texts need; raises RecipeError where they are missing."""
    with starting.opened(starting.MINILM) as small, starting.opened(starting.MPNET) as great:
        theirs = (small / starting.TOKENIZER).read_text(encoding="utf-8")
        # The judge reads names, which are rare words: it keeps them all. The tagger reads what stands between them.
        full, words = reduced(theirs, texts, until=len(theirs))
        tokenizer, _ = reduced(theirs, texts)
        numbers = numbers_in((great / starting.TOKENIZER).read_text(encoding="utf-8"), tokenizer)
        judge = network.starting_weights(small / starting.WEIGHTS, words, judged, ("body",))
        tagger = network.starting_weights(great / starting.WEIGHTS, numbers, plan, ("event", "status", "role"))
    return Beginnings(judge, tagger, full, tokenizer, {"judge": asdict(starting.MINILM), "tagger": asdict(starting.MPNET)})


def further(folder: Path) -> Beginnings:
    """The tagger of a model of ours as it is, and its judge to be kept; raises RecipeError where the folder holds no model."""
    try:
        judge, tagger = ((folder / f"{name}.onnx").read_bytes() for name in ("judge", "tagger"))
        full, tokenizer = ((folder / name).read_text(encoding="utf-8") for name in ("judge-tokenizer.json", "tokenizer.json"))
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        weights = network.further_weights(export.weights_of(tagger))
    except (OSError, ValueError) as error:
        raise RecipeError(f"there is no model to go on from in {folder}: {error}") from error
    told = {
        "model": {name: hashlib.sha256(model).hexdigest() for name, model in (("judge", judge), ("tagger", tagger))},
        "card": {**card, "figures": {}},
    }
    return Beginnings({}, weights, full, tokenizer, told, judge)
