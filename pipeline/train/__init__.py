"""`pipeline train`: from the corpus to a model of the tagger, in one resumable run on two cores. Needs the extra "train".

This module itself needs no torch, so that the command can say what is missing.
"""

from __future__ import annotations

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

__all__ = ["CORPUS", "NEEDED", "ON", "Course", "Plan", "RecipeError", "train"]


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
    knowledge = files("pipeline").joinpath("knowledge")
    texts = {name: knowledge.joinpath(name).read_text(encoding="utf-8") for name in FILES}
    card = run(corpus, Lexicon.read(texts), out, today, course, progress)
    if course and course.everything:
        (out / CONFIDENCE).unlink(missing_ok=True)  # it was another model's
    else:
        tagger = Tagger((out / "tagger.onnx").read_bytes(), (out / "tokenizer.json").read_bytes())
        judge = LearnedJudge((out / "judge.onnx").read_bytes(), (out / "judge-tokenizer.json").read_bytes())
        _, apart = split(read_material(corpus))
        (out / CONFIDENCE).write_text(fitted(Detector.read(texts, tagger, judge=judge), apart.articles), encoding="utf-8")
    return card
