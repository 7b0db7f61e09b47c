"""`pipeline train`: from the corpus to a model of the tagger, in one resumable run on two cores. Needs the extra "train".

This module itself needs no torch, so that the command can say what is missing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from pipeline.detect import Detector
from pipeline.detect.judge import LearnedJudge
from pipeline.detect.lexicon import FILES, Lexicon
from pipeline.detect.tagger import Tagger
from pipeline.errors import install
from pipeline.train.confidence import CONFIDENCE, fitted
from pipeline.train.plan import ON, Plan
from pipeline.train.recipe import Course, read_material, run, split
from pipeline.train.starting import RecipeError

CORPUS = Path(__file__).parent / "corpus"
"""Where the training material lies in a checkout; a wheel leaves it out."""

NEEDED = ("torch", "safetensors", "onnx")

__all__ = ["CORPUS", "NEEDED", "ON", "Course", "Plan", "RecipeError", "refit", "train"]


def train(
    out: Path,
    today: date,
    corpus: Path = CORPUS,
    course: Course | None = None,
    progress: Callable[[int, int, float], None] | None = None,
) -> dict[str, object]:
    """Trains the judge and the tagger and returns their card; writes judge.onnx, judge-tokenizer.json, tagger.onnx, tokenizer.json,
    card.json, calibration.json (how often the tagger is right, name by name) and confidence.json (how often the detector's claims
    are) to the folder `out`.

    `progress` is told the step, the steps in all and the loss. Raises RecipeError where a package or the corpus is missing.
    """
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise RecipeError(f"training needs {', '.join(missing)}: {install('train')}")
    card = run(corpus, Lexicon.read(_texts()), out, today, course, progress)
    if course and course.everything:
        (out / CONFIDENCE).unlink(missing_ok=True)  # it was another model's
        return card
    return refit(out, corpus)


def refit(out: Path, corpus: Path = CORPUS) -> dict[str, object]:
    """Measures the model in a folder on the articles that are kept apart, as the stages around it are now; writes its confidence.json
    and what it found into its card.json, and returns the card. Raises RecipeError where there is no model, or one of everything."""
    try:
        card: dict[str, object] = json.loads((out / "card.json").read_text(encoding="utf-8"))
        tagger = Tagger((out / "tagger.onnx").read_bytes(), (out / "tokenizer.json").read_bytes())
        judge = LearnedJudge((out / "judge.onnx").read_bytes(), (out / "judge-tokenizer.json").read_bytes())
    except (OSError, ValueError) as error:
        raise RecipeError(f"there is no model to measure in {out}: {error}") from error
    if card.get("kept_apart") == "nothing":
        raise RecipeError(f"the model in {out} has learned from all articles: none is left to measure it on")
    _, apart = split(read_material(corpus))
    confidence, card["articles"] = fitted(Detector.read(_texts(), tagger, judge=judge), apart.articles)
    (out / CONFIDENCE).write_text(confidence, encoding="utf-8")
    (out / "card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    return card


def _texts() -> dict[str, str]:
    knowledge = files("pipeline").joinpath("knowledge")
    return {name: knowledge.joinpath(name).read_text(encoding="utf-8") for name in FILES}
