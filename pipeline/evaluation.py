"""The door to the figures: `pipeline evaluate` runs the packaged detector over gold articles and shows how it fared.

It opens no store and no network. A row that cannot be read ends the run, named by its line, before anything is printed.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import ParseError, UsageError

if TYPE_CHECKING:
    from pipeline.cycle import Detecting
    from pipeline.detect.bodies import Judge
    from pipeline.detect.lexicon import Lexicon
    from pipeline.gold import GoldArticle
    from pipeline.losses import Loss
    from pipeline.scoring import Compared, Rates, Score

DRAWS = 1000
"""Resamples of the bootstrap: the ends of an interval are then steady to about half a point (Efron and Tibshirani 1993)."""
SEED = 20240514
"""Of the bootstrap, fixed so that two runs on the same claims give the same intervals."""

Command = Callable[[str, Callable[[argparse.Namespace], int], str, str], argparse.ArgumentParser]


def add_commands(command: Command) -> None:
    """Adds the parser of `pipeline evaluate`."""
    sub = command(
        "evaluate",
        _evaluate,
        "run the detector over articles whose facts are known, and say how good it is and where it fails",
        "pipeline evaluate tests/corpus/tech/articles.jsonl --errors 20",
    )
    sub.add_argument("gold", metavar="GOLD.jsonl", type=Path, help="rows {id, title, text, published, relevant, coalitions, facts}")
    sub.add_argument("--errors", type=int, default=0, metavar="N", help="show the first N facts that were missed and claims that are wrong")
    sub.add_argument("--least-confidence", type=float, default=0.0, metavar="X", help="leave out claims that are less sure, from 0 to 1")
    sub.add_argument("--model", type=Path, metavar="DIR", help="the tagger that `pipeline train` wrote there, in place of the packaged one")
    sub.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def _evaluate(args: argparse.Namespace) -> int:
    from pipeline import app, screen
    from pipeline.text import json_text

    if not 0 <= args.least_confidence <= 1:
        raise UsageError("--least-confidence takes a number from 0 to 1")
    if args.errors < 0:
        raise UsageError("--errors takes a number from 0 on")
    gold = read_rows(args.gold)
    detector = app.load_detector(model=args.model)
    with screen.progress(quiet=args.json) as tell:
        measured = measure(
            gold,
            detector,
            app.load_lexicon(),
            detector.judge,
            least_confidence=args.least_confidence,
            progress=lambda done: tell("articles", done, len(gold)),
        )
    if args.json:
        print(json_text(measured.as_json(str(args.gold), args.errors)))
    else:
        show(measured, args.errors)
    return 0


def read_rows(path: Path) -> tuple[GoldArticle, ...]:
    """Reads a file of gold articles; raises UsageError that names the line that cannot be read."""
    from pipeline.gold import read_gold

    articles = []
    seen: dict[str, int] = {}
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as problem:
        raise UsageError(f"cannot be read: {problem.strerror}", about=str(path)) from problem
    except UnicodeDecodeError as problem:
        raise UsageError("is no UTF-8 text", about=str(path)) from problem
    for number, line in enumerate(text.split("\n"), 1):  # a text may hold what str.splitlines takes for an end of line
        if not line.strip():
            continue
        about = f"{path}, line {number}"
        try:
            one = read_gold(json.loads(line))
        except ParseError as problem:
            raise UsageError(str(problem), about=about) from problem
        except (ValueError, RecursionError) as problem:
            raise UsageError(f"is no JSON: {problem}", about=about) from problem
        if one.id in seen:
            raise UsageError(f"has the id {one.id!r} of line {seen[one.id]}", about=about)
        seen[one.id] = number
        articles.append(one)
    if not articles:
        raise UsageError("holds no article", about=str(path))
    return tuple(articles)


@dataclass(frozen=True, slots=True)
class Measured:
    """How a detector fared: its version, the figures, and all that was missed or wrong. `skipped` counts why articles were left alone."""

    detector: str
    least_confidence: float
    score: Score
    losses: tuple[Loss, ...]
    skipped: tuple[tuple[str, int], ...]

    def stages(self) -> tuple[tuple[str, str, int], ...]:
        """How often what went wrong, the stages in their order."""
        from pipeline.losses import Fault, Stage

        count = Counter(loss.why for loss in self.losses)
        kinds: list[tuple[str, Stage | Fault]] = [*(("missed", why) for why in Stage), *(("wrong", why) for why in Fault)]
        return tuple((kind, why.value, count[why]) for kind, why in kinds if count[why])

    def as_json(self, gold: str, errors: int) -> dict[str, Any]:
        """One document with everything; `errors` of the losses are told one by one."""
        stages: dict[str, dict[str, int]] = {"missed": {}, "wrong": {}}
        for kind, why, count in self.stages():
            stages[kind][why] = count
        return {
            "gold": gold,
            "detector": self.detector,
            "least_confidence": self.least_confidence,
            **self.score.as_json(),
            "bootstrap": {"draws": DRAWS, "seed": SEED, "percent": 95},
            "skipped": dict(self.skipped),
            "stages": stages,
            "errors": [loss.as_json() for loss in self.losses[:errors]],
        }


def measure(
    gold: Sequence[GoldArticle],
    detector: Detecting,
    lexicon: Lexicon,
    judge: Judge | None = None,
    *,
    least_confidence: float = 0.0,
    progress: Callable[[int], None] | None = None,
) -> Measured:
    """Runs a detector over gold articles; `lexicon` and `judge` are its own, with which the stages are gone
    through again."""
    import numpy as np

    from pipeline.losses import losses
    from pipeline.scoring import compare, score

    compared: list[Compared] = []
    lost: list[Loss] = []
    skipped: Counter[str] = Counter()
    for number, one in enumerate(gold, 1):
        detection = detector.detect(one.article)
        skipped.update([detection.skipped] if detection.skipped else [])
        unsure = [c for c in detection.claims if c.confidence < least_confidence]
        compared.append(compare(one, [c for c in detection.claims if c.confidence >= least_confidence]))
        lost += losses(compared[-1], detection, lexicon, unsure, judge)
        if progress:
            progress(number)
    draws = np.random.default_rng(SEED).multinomial(len(gold), [1 / len(gold)] * len(gold), size=DRAWS)
    version = str(getattr(detector, "version", ""))
    return Measured(version, least_confidence, score(compared, draws), tuple(lost), tuple(skipped.most_common()))


def show(measured: Measured, errors: int) -> None:
    """Prints the figures for a person."""
    from pipeline import screen

    found = measured.score
    calibration = found.calibration
    overall = [
        (need.value, *_rates(rates), *(_interval(found.intervals[need][name]) for name in ("precision", "recall", "f1")))
        for need, rates in found.overall.items()
    ]
    spans = ["precision 95 %", "recall 95 %", "f1 95 %"]
    screen.table(["agreeing", *_RATES, *spans], overall, empty="")
    print()
    screen.table(["direction", *_RATES], [(d.value, *_rates(r)) for d, r in found.by_direction.items()], empty="No fact and no claim.")
    print()
    screen.table(["event", *_RATES], [(e.value, *_rates(r)) for e, r in found.by_event.items()], empty="No fact and no claim.")
    print()
    facts: list[tuple[object, ...]] = [
        ("detector", measured.detector),
        ("articles", found.articles),
        ("relevant articles with a claim", f"{found.found} of {found.relevant}"),
        ("false alarms on irrelevant articles", f"{found.false_alarms} of {found.negatives}"),
        *((f"left alone: {why}", count) for why, count in measured.skipped),
        *(
            (f"{name} right, of the right claims", f"{_percent(share.accuracy)} of {share.of}")
            for name, share in (("role", found.role), ("date", found.date))
        ),
        ("status right, of the right pairs", f"{_percent(found.status.accuracy)} of {found.status.of}"),
        ("expected calibration error", "-" if calibration.expected_error is None else f"{calibration.expected_error:.3f}"),
        ("precision at confidence 0.8 and more", f"{_percent(calibration.sure.accuracy)} of {calibration.sure.of}"),
    ]
    screen.table(["what", "figure"], facts, empty="")
    print()
    bins = [(b.claims, f"{b.confidence:.3f}", f"{b.right:.3f}") for b in calibration.bins]
    screen.table(["claims", "confidence", "right"], bins, empty="No claim.")
    print()
    screen.table(["errors", "stage", "count"], measured.stages(), empty="No error.")
    if errors:
        print()
        rows = [
            (loss.article, loss.why.value, loss.event.value, loss.member, loss.coalition, loss.words) for loss in measured.losses[:errors]
        ]
        screen.table(["article", "stage", "event", "member", "coalition", "words"], rows, empty="No error.", short="words")


_RATES = ("precision", "recall", "f1", "right", "said", "true")


def _rates(rates: Rates) -> tuple[object, ...]:
    return f"{rates.precision:.3f}", f"{rates.recall:.3f}", f"{rates.f1:.3f}", rates.right, rates.said, rates.true


def _interval(ends: tuple[float, float]) -> str:
    return f"{ends[0]:.3f}-{ends[1]:.3f}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
