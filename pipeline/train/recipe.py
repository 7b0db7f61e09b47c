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

from pipeline.detect.lexicon import Lexicon
from pipeline.detect.spans import Label
from pipeline.detect.tagger import EVENTS, Encoder, Tagger
from pipeline.model import Event
from pipeline.train import starting
from pipeline.train.frames import Filler, Frame, read_frames, read_phrases
from pipeline.train.measure import labels_of, measure
from pipeline.train.plan import TEACHER, Plan
from pipeline.train.project import Projector, project_all
from pipeline.train.sample import Sample
from pipeline.train.starting import RecipeError
from pipeline.train.vocabulary import numbers_in, reduced

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

    def __init__(self, material: Material, projector: Projector | None, seed: int, frames: int, negatives: float = 1.0) -> None:
        self._material, self._seed, self._frames, self._negatives = material, seed, frames, negatives
        self.articles: tuple[Sample, ...] = ()
        self.lost = 0
        if projector:
            found: dict[Sample, None] = {}
            for told in (True, False):
                for projection in project_all(material.articles, projector, told):
                    found.update(dict.fromkeys(projection.samples))
                    self.lost += projection.lost if told else 0
            self.articles = tuple(found)

    def of(self, epoch: int) -> list[Sample]:
        """The samples of an epoch, the same ones each time: of those that label nothing, only a share is drawn each time."""
        random = Random(f"{self._seed}/lessons/{epoch}")
        chosen = [s for s in self.articles if any(t.events and t.events != (0,) for t in s.targets) or random.random() < self._negatives]
        return [*Filler(self._material.frames, self._material.phrases, random).samples(self._frames), *chosen]


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

    A `teacher` is trained first where there is one, and the tagger learns from its answers as well as from the corpus.
    """

    plan: Plan = Plan()  # noqa: RUF009 - frozen
    teacher: Plan | None = TEACHER
    frames: int = 10_000
    articles: bool = True
    everything: bool = False


def run(
    corpus: Path,
    lexicon: Lexicon,
    out: Path,
    today: date,
    course: Course | None = None,
    progress: Callable[[int, int, float], None] | None = None,
) -> dict[str, object]:
    """Trains a tagger and writes tagger.onnx, tokenizer.json and card.json to `out`; returns the card.

    Raises RecipeError where something is missing. A run that was broken off goes on from its checkpoints in `out`.
    """
    from pipeline.train import export, learn, network  # torch and onnx are only there with the extra "train"

    course = course or Course()
    out.mkdir(parents=True, exist_ok=True)
    material = read_material(corpus)
    kept, apart = split(material)
    projector = Projector(lexicon)
    lessons = Lessons(material if course.everything else kept, projector if course.articles else None, course.plan.seed, course.frames)
    texts = [f"{a['title'] or ''} {a['text']}" for a in material.articles] + [f.text for f in material.frames]
    texts += [line for lines in material.phrases.values() for line in lines]
    with starting.opened(starting.MINILM) as folder:
        tokenizer, words = reduced((folder / starting.TOKENIZER).read_text(encoding="utf-8"), texts)
        start = network.starting_weights(folder / starting.WEIGHTS, words, course.plan)
    encoder = Encoder(tokenizer.encode())
    teacher = None
    if course.teacher:
        with starting.opened(starting.MPNET) as folder:
            numbers = numbers_in((folder / starting.TOKENIZER).read_text(encoding="utf-8"), tokenizer)
            great = network.starting_weights(folder / starting.WEIGHTS, numbers, course.teacher)
        teacher = learn.train(great, lessons.of, encoder, course.teacher, out / "teacher.pt", progress)
    trained = learn.train(start, lessons.of, encoder, course.plan, out / "checkpoint.pt", progress, teacher)
    model = export.quantised(export.graph({name: tensor.detach().numpy() for name, tensor in trained.items()}))
    card = {
        "trained_on": today.isoformat(),
        "starting_weights": [asdict(family) for family in (starting.MINILM, *((starting.MPNET,) if teacher else ()))],
        "material": dict(material.counts),
        "course": asdict(course),
        "samples_an_epoch": len(lessons.of(0)),
        "article_samples": len(lessons.articles),
        "kept_apart": "nothing" if course.everything else {"frames": len(apart.frames), "articles": len(apart.articles)},
        "words": len(words),
        "model_sha256": hashlib.sha256(model).hexdigest(),
        "figures": {},
    }
    if not course.everything:
        tagger = Tagger(model, tokenizer.encode())
        tests = tests_of(apart, projector)
        answers = {name: labels_of(tagger, samples) for name, samples in tests.items()}
        card["figures"] = {name: measure(samples, answers[name]).as_json() for name, samples in tests.items()}
        articles = [name for name in tests if name != "frames"]
        table = reliability([s for n in articles for s in tests[n]], [a for n in articles for a in answers[n]])
        (out / CALIBRATION).write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    else:
        (out / CALIBRATION).unlink(missing_ok=True)  # it was another model's
    (out / "tagger.onnx").write_bytes(model)
    (out / "tokenizer.json").write_text(tokenizer, encoding="utf-8")
    (out / "card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    return card
