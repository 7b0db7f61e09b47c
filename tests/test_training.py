"""The door to training, with a teacher of our own: what it asks for, and what it says afterwards or when something is missing."""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from pipeline import app, cli, training
from pipeline.detect import Confidence
from pipeline.detect.confidence import Signs
from pipeline.errors import PipelineError, UsageError
from pipeline.train import CORPUS, ON, Course, RecipeError, refit
from pipeline.train.confidence import fitted
from pipeline.train.recipe import read_material, split

FIGURES = {"f1": 0.61, "precision": 0.5932, "recall": 0.6278, "mentions": 812, "status_accuracy": 0.93, "role_accuracy": None}
ARTICLES = {"articles": 9, "irrelevant": 4, "false_alarms": 1, "coarse": {"precision": 0.7, "recall": 0.6, "f1": 0.646}}
CARD = {"articles": ARTICLES, "samples_an_epoch": {"judge": 3, "tagger": 12}, "figures": {"frames": FIGURES, "releases": FIGURES}}


def arguments(*words: str) -> argparse.Namespace:
    return cli.build_parser().parse_args(["train", *words])


class Teacher:
    """Takes what it is asked for and gives a card, or fails."""

    def __init__(self, failure: BaseException | None = None) -> None:
        self.failure = failure
        self.asked: tuple[Path, Course] | None = None

    def __call__(self, out: Path, today: date, *, course: Course, progress: Callable[[int, int, float], None]) -> Mapping[str, Any]:
        self.asked = (out, course)
        progress(50, 100, 0.7)
        if self.failure:
            raise self.failure
        return CARD if not course.everything else {**CARD, "figures": {}}


def test_options_reach_the_recipe() -> None:
    teacher = Teacher()
    assert training.train(arguments("--out", "m", "--epochs", "2", "--frames", "30", "--everything"), teacher) == 0
    assert teacher.asked is not None
    out, course = teacher.asked
    assert (out, course.plan.epochs, course.frames, course.everything) == (Path("m"), 2, 30, True)


def test_without_options_the_recipe_decides() -> None:
    teacher = Teacher()
    training.train(arguments(), teacher)
    assert teacher.asked == (Path("var/model"), Course())


def test_a_model_is_trained_on_by_its_own_plan() -> None:
    teacher = Teacher()
    training.train(arguments("--from", "pipeline/knowledge/model", "--epochs", "1"), teacher)
    assert teacher.asked is not None
    _, course = teacher.asked
    assert (course.since, course.plan) == (Path("pipeline/knowledge/model"), replace(ON, epochs=1))


def test_it_says_how_good_the_model_is_and_how_to_use_it(capsys: pytest.CaptureFixture[str]) -> None:
    training.train(arguments("--out", "my model"), Teacher())
    shown = capsys.readouterr().out
    assert "releases  precision 0.593  recall 0.628  f1 0.610  status 0.930  (812 mentions)" in shown
    assert "On 9 whole articles: precision 0.700  recall 0.600  f1 0.646  (1 of 4 without facts raise something)" in shown
    assert "role" not in shown
    copied = next(line for line in shown.splitlines() if "cp " in line)
    assert shlex.split(copied)[-2:] == ["my model/confidence.json", "pipeline/knowledge/model/"]
    measured = next(line for line in shown.splitlines() if "pipeline evaluate" in line)
    assert cli.build_parser().parse_args(shlex.split(measured)[1:]).model == Path("my model")


def test_a_model_that_saw_everything_has_no_figures(capsys: pytest.CaptureFixture[str]) -> None:
    training.train(arguments("--everything"), Teacher())
    shown = capsys.readouterr().out
    assert "no figures" in shown and "confidence.json" not in shown


def test_a_confidence_is_fitted_on_articles_that_were_kept_apart() -> None:
    _, apart = split(read_material(CORPUS))
    text, figures = fitted(app.load_detector(), apart.articles[:60])
    confidence = Confidence.read(text)
    assert json.loads(text)["articles"] == figures["articles"] == 60
    sure = Signs(said=0.95, told=0.9, surest=0.9, fellow=0.9, known=True)
    assert confidence.of(0.5, sure) > confidence.of(0.5, Signs(said=0.3, told=0.3, surest=0.9)), "the learned order of things"
    assert 0 < figures["sure"]["right"] <= figures["sure"]["claims"]  # type: ignore[index]


def test_a_confidence_needs_something_that_was_found() -> None:
    _, apart = split(read_material(CORPUS))
    with pytest.raises(RecipeError, match="nothing to fit"):
        fitted(app.load_detector(), [{**row, "text": "It rained.", "title": "Weather"} for row in apart.articles[:3]])


def test_a_model_is_measured_again_when_the_rules_around_it_have_changed(tmp_path: Path) -> None:
    model, corpus = tmp_path / "model", tmp_path / "corpus"
    shutil.copytree(str(resources.files("pipeline").joinpath("knowledge", "model")), model)
    corpus.mkdir()
    for name in ("phrases.txt", "frames-news.jsonl", "wires.jsonl"):
        shutil.copy(CORPUS / name, corpus)
    before = json.loads((model / "card.json").read_text(encoding="utf-8"))
    (model / "confidence.json").unlink()
    card = refit(model, corpus)
    _, apart = split(read_material(corpus))
    assert json.loads((model / "card.json").read_text(encoding="utf-8")) == card
    assert card["articles"]["articles"] == len(apart.articles) > 10  # type: ignore[index]
    assert {**card, "articles": 0} == {**before, "articles": 0} and (model / "confidence.json").exists()


def test_what_cannot_be_measured_again_is_said(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="no model to measure"):
        training.train(arguments("--refit", "--out", str(tmp_path)))
    shutil.copytree(str(resources.files("pipeline").joinpath("knowledge", "model")), tmp_path, dirs_exist_ok=True)
    (tmp_path / "card.json").write_text('{"kept_apart": "nothing"}', encoding="utf-8")
    with pytest.raises(PipelineError, match="learned from all articles"):
        training.train(arguments("--refit", "--out", str(tmp_path)))


@pytest.mark.parametrize("option", ["--epochs", "--frames"])
def test_numbers_begin_with_one(option: str) -> None:
    with pytest.raises(UsageError, match=option):
        training.train(arguments(option, "0"), Teacher())


@pytest.mark.parametrize(
    ("failure", "said"),
    [(RecipeError("training needs torch: pip install"), "needs torch"), (PermissionError(13, "Permission denied"), "cannot be written")],
)
def test_what_is_missing_is_an_error_to_act_on(failure: Exception, said: str) -> None:
    with pytest.raises(PipelineError, match=said):
        training.train(arguments(), Teacher(failure))


def test_a_run_that_is_stopped_says_that_it_can_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt):
        training.train(arguments(), Teacher(KeyboardInterrupt()))
    assert "goes on from the last checkpoint" in capsys.readouterr().err


@pytest.mark.skipif(find_spec("torch") is not None, reason="nothing is missing here")
def test_without_the_extra_it_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["train", "--out", str(tmp_path / "m")]) == cli.FAILED
    complaint = capsys.readouterr().err
    assert "pip install 'pipeline[train]'" in complaint and complaint.count("\n") == 1
    assert not (tmp_path / "m").exists()
