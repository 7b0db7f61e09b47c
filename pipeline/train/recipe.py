"""From the corpus to a model: what is trained on, what is kept apart, in which order, and what is written down of it.

Kept apart are every fifth article of each file and the frames of some phenomena, chosen by hash and so the same for ever:
a text that has once been kept apart is never trained on because another was added.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

from pipeline.detect.bodies import CANDIDATE
from pipeline.detect.judge import ORDER as JUDGE_ORDER
from pipeline.detect.judge import LearnedJudge
from pipeline.detect.lexicon import Lexicon
from pipeline.detect.network import Encoder
from pipeline.detect.spans import MASKS, Label
from pipeline.detect.tagger import EVENTS, Tagger
from pipeline.detect.tagger import ORDER as TAGGER_ORDER
from pipeline.model import Event
from pipeline.train.frames import Filler, Frame, read_frames, read_phrases
from pipeline.train.measure import labels_of, measure, measure_bodies
from pipeline.train.passages import Passages
from pipeline.train.plan import JUDGE, Plan
from pipeline.train.project import Projector
from pipeline.train.sample import Sample
from pipeline.train.starting import RecipeError

CALIBRATION = "calibration.json"
"""The reliability table of a model, a file of its own beside the card."""

APART = 20
"""The share of the phenomena whose frames are kept apart, in percent."""


@dataclass(frozen=True, slots=True)
class Material:
    """What there is to learn from. `counts` says how much each file holds."""

    frames: tuple[Frame, ...]
    phrases: Mapping[str, tuple[str, ...]]
    articles: tuple[dict[str, Any], ...]
    counts: Mapping[str, int]


def read_material(corpus: Path) -> Material:
    """Reads the corpus; raises RecipeError where a file of it is missing."""
    counts: dict[str, int] = {}
    frames: list[Frame] = []
    articles: list[dict[str, Any]] = []
    try:
        for path in sorted(corpus.glob("*.jsonl")):
            text = path.read_text(encoding="utf-8")
            if path.name.startswith("frames"):
                frames += read_frames(text)
            else:
                articles += [{**json.loads(line), "file": path.stem} for line in text.splitlines() if line.strip()]
            counts[path.name] = sum(1 for line in text.splitlines() if line.strip())
        phrases = read_phrases((corpus / "phrases.txt").read_text(encoding="utf-8"))
    except OSError as error:
        raise RecipeError(f"the training corpus cannot be read: {error}") from error
    if not frames:
        raise RecipeError(f"there are no frames in {corpus}")
    return Material(tuple(frames), phrases, tuple(articles), counts)


def texts_of(material: Material) -> list[str]:
    """All texts of the material, whose words a tokenizer has to know."""
    texts = [f"{a['title'] or ''} {a['text']}" for a in material.articles] + [f.text for f in material.frames]
    return texts + [line for lines in material.phrases.values() for line in lines]


def _hash(text: str) -> int:
    return zlib.crc32(text.encode())


def split(material: Material) -> tuple[Material, Material]:
    """Parts what is trained on from what is kept apart: frames by phenomenon, articles one by one."""
    # Those that bear an event's name are all there is of it: nothing is learned of it without them.
    names = {frame.phenomenon for frame in material.frames if frame.phenomenon.replace("-", "_") not in set(Event)}
    apart = {name for name in names if _hash(f"frames/{name}") % 100 < APART}
    held = {a["id"] for a in material.articles if _hash(a["file"] + a["id"]) % 5 == 0}
    return (
        replace(
            material,
            frames=tuple(f for f in material.frames if f.phenomenon not in apart),
            articles=tuple(a for a in material.articles if a["id"] not in held),
        ),
        replace(
            material,
            frames=tuple(f for f in material.frames if f.phenomenon in apart),
            articles=tuple(a for a in material.articles if a["id"] in held),
        ),
    )


class Lessons:
    """The samples of each epoch: frames filled anew each time, and the sentences of the articles."""

    def __init__(self, material: Material, projector: Projector | None, seed: int, frames: int) -> None:
        self._material, self._seed, self._frames = material, seed, frames
        self.articles: list[tuple[tuple[Sample, ...], tuple[Sample, ...]]] = []
        self.passages: Passages | None = None
        self.lost = 0
        if projector:
            self.passages = Passages(material.articles, projector.lexicon)
            for row in material.articles:
                told, alone = projector.project(row, told=True), projector.project(row)
                self.articles.append((told.samples, alone.samples))
                self.lost += told.lost

    def sentences(self, epoch: int) -> list[Sample]:
        """The tagger's samples of an epoch, the same ones each time: half of the articles as the stages see them alone, half told of
        their bodies, and the other way round in the next."""
        frames = Filler(self._material.frames, self._material.phrases, Random(f"{self._seed}/lessons/{epoch}"))
        articles = (views[(number + epoch) % 2] for number, views in enumerate(self.articles))
        return [*frames.samples(self._frames), *dict.fromkeys(sample for samples in articles for sample in samples)]

    def names(self, epoch: int) -> list[Sample]:
        """The judge's samples of an epoch, the same ones each time."""
        return self.passages.drawn(Random(f"{self._seed}/passages/{epoch}")) if self.passages else []


def tests_of(material: Material, projector: Projector) -> dict[str, list[Sample]]:
    """What a tagger is scored on, by kind: filled frames that are kept apart, and sentences of articles that are."""
    filler = Filler(material.frames, material.phrases, Random("kept apart"))
    tests = {"frames": list(filler.samples(2000))} if material.frames else {}
    for row in material.articles:
        tests.setdefault(row["file"], []).extend(projector.project(row, told=True).samples)
    return tests


def reliability(samples: Sequence[Sample], labels: Sequence[Sequence[Label]]) -> list[dict[str, float]]:
    """How often an event is right, by the probability that it was said with: ten rows from 0 to 1."""
    said: list[list[tuple[float, bool]]] = [[] for _ in range(10)]
    for sample, answer in zip(samples, labels, strict=True):
        for wanted, label in zip(sample.targets, answer, strict=True):
            if wanted.events and label.event:
                said[min(int(label.probability * 10), 9)].append((label.probability, EVENTS.index(label.event) in wanted.events))
    return [
        {"said": len(row), "probability": round(sum(p for p, _ in row) / len(row), 4), "right": round(sum(r for _, r in row) / len(row), 4)}
        for row in said
        if row
    ]


@dataclass(frozen=True, slots=True)
class Course:
    """What to train on and how: `frames` samples of frames an epoch, articles or not, all of the material or the kept part apart.

    `since` is the folder of a model whose tagger is trained on and whose judge is kept; without it both begin at their starting weights.
    """

    plan: Plan = Plan()  # noqa: RUF009 - frozen
    judge: Plan = JUDGE
    frames: int = 3_000
    articles: bool = True
    everything: bool = False
    since: Path | None = None


def run(
    corpus: Path,
    lexicon: Lexicon,
    out: Path,
    today: date,
    course: Course | None = None,
    progress: Callable[[int, int, float], None] | None = None,
) -> dict[str, object]:
    """Trains the judge and the tagger and writes them, their tokenizers and card.json to `out`; returns the card.

    Raises RecipeError where something is missing. A run that was broken off goes on from its checkpoints in `out`.
    """
    from pipeline.train import beginnings, export, learn, network  # torch and onnx are only there with the extra "train"

    course = course or Course()
    out.mkdir(parents=True, exist_ok=True)
    material = read_material(corpus)
    kept, apart = split(material)
    projector = Projector(lexicon)
    lessons = Lessons(material if course.everything else kept, projector if course.articles else None, course.plan.seed, course.frames)
    texts, models, begun = texts_of(material), {}, {}
    if course.since:
        models["judge"], begun["judge"] = beginnings.kept_judge(course.since)
    elif lessons.passages:
        judge = begun["judge"] = beginnings.of_judge(texts, course.judge)
        encoder = Encoder(judge.tokenizer.encode(), (CANDIDATE,), course.judge.longest)
        learn.train(judge.weights, lessons.names, encoder, course.judge, out / "judge.pt", progress)
        reaches = learn.reaches(judge.weights, lessons.names(0), encoder, course.judge)
        models["judge"] = export.quantised(export.graph(network.plain(judge.weights), JUDGE_ORDER, reaches))
    if "judge" in begun:
        (out / "judge-tokenizer.json").write_text(begun["judge"].tokenizer, encoding="utf-8")
    tagger = begun["tagger"] = beginnings.of_model(course.since) if course.since else beginnings.of_tagger(texts, course.plan)
    encoder = Encoder(tagger.tokenizer.encode(), MASKS, course.plan.longest)
    learn.train(tagger.weights, lessons.sentences, encoder, course.plan, out / "tagger.pt", progress)
    reaches = learn.reaches(tagger.weights, lessons.sentences(0), encoder, course.plan)
    models["tagger"] = export.quantised(export.graph(network.plain(tagger.weights), TAGGER_ORDER, reaches))
    (out / "tokenizer.json").write_text(tagger.tokenizer, encoding="utf-8")
    for name, model in models.items():
        (out / f"{name}.onnx").write_bytes(model)
    card: dict[str, object] = {
        "trained_on": today.isoformat(),
        "starting_weights": {name: one.told for name, one in begun.items()},
        "material": dict(material.counts),
        "course": {**asdict(course), "since": course.since.name if course.since else None},
        "samples_an_epoch": {"judge": 0 if course.since else len(lessons.names(0)), "tagger": len(lessons.sentences(0))},
        "kept_apart": "nothing" if course.everything else {"frames": len(apart.frames), "articles": len(apart.articles)},
        "sha256": {name: hashlib.sha256(model).hexdigest() for name, model in models.items()},
        "figures": {},
    }
    if not course.everything:
        card["figures"], table = figures(apart, projector, models, {name: one.tokenizer.encode() for name, one in begun.items()})
        (out / CALIBRATION).write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    else:
        (out / CALIBRATION).unlink(missing_ok=True)  # it was another model's
    (out / "card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    return card


def figures(
    apart: Material, projector: Projector, models: Mapping[str, bytes], tokenizers: Mapping[str, bytes]
) -> tuple[dict[str, object], list[dict[str, float]]]:
    """How good the models are on what was kept apart, mention by mention and name by name, and how often a probability is right."""
    tagger = Tagger(models["tagger"], tokenizers["tagger"])
    tests = tests_of(apart, projector)
    answers = {name: labels_of(tagger, samples) for name, samples in tests.items()}
    found: dict[str, object] = {name: measure(samples, answers[name]).as_json() for name, samples in tests.items()}
    articles = [name for name in tests if name != "frames"]
    if "judge" in models:
        judge = LearnedJudge(models["judge"], tokenizers["judge"])
        found["bodies"] = measure_bodies(Passages(apart.articles, projector.lexicon).samples, judge)
    return found, reliability([s for n in articles for s in tests[n]], [a for n in articles for a in answers[n]])
