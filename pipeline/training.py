"""The door to training: `pipeline train` makes a tagger of the corpus, shows how far it is and says what to do with it.

It needs the extra "train", and says so in one line where that is missing. A run that was broken off goes on where it was when it is
called again in the same way. The packaged model is left alone: to use the new one is a person's decision.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.errors import PipelineError, UsageError, install

DEFAULT_OUT = Path("var/model")
CONFIDENCE = "confidence.json"
MODEL_FILES = ("judge.onnx", "judge-tokenizer.json", "tagger.onnx", "tokenizer.json", "card.json", CONFIDENCE)

Command = Callable[[str, Callable[[argparse.Namespace], int], str, str], argparse.ArgumentParser]
Teacher = Callable[..., Mapping[str, Any]]
"""`pipeline.train.train`, or what a test puts in its place."""


def add_commands(command: Command) -> None:
    """Adds the parser of `pipeline train`."""
    sub = command(
        "train",
        train,
        f"train the models that read what a text says of each name; needs more packages: {install('train')}",
        "pipeline train --out var/model --epochs 6",
    )
    sub.add_argument("--out", type=Path, default=DEFAULT_OUT, metavar="DIR", help=f"where the model is written; without it {DEFAULT_OUT}")
    sub.add_argument("--epochs", type=int, metavar="N", help="how often to go through the material")
    sub.add_argument("--frames", type=int, metavar="N", help="how many sentences to make of the frames, each time")
    sub.add_argument("--from", dest="since", type=Path, metavar="DIR", help="train the tagger of this model on, and keep its judge")
    sub.add_argument("--refit", action="store_true", help="train nothing: measure the model in --out again, after the rules have changed")
    sub.add_argument("--everything", action="store_true", help="learn from what is kept apart too; the model then has no figures")


def train(args: argparse.Namespace, teacher: Teacher | None = None) -> int:
    """Trains, and prints what came of it; raises UsageError for numbers that make no sense, PipelineError where something is missing."""
    from dataclasses import replace

    import pipeline.train as recipe
    from pipeline import screen

    for name in ("epochs", "frames"):
        if getattr(args, name) is not None and getattr(args, name) < 1:
            raise UsageError(f"--{name} takes a number from 1 on")
    course = recipe.Course(everything=args.everything, since=args.since, plan=recipe.ON if args.since else recipe.Plan())
    if args.epochs is not None:
        course = replace(course, plan=replace(course.plan, epochs=args.epochs))
    if args.frames is not None:
        course = replace(course, frames=args.frames)
    try:
        if args.refit:
            print("\n".join(report(recipe.refit(args.out), args.out)))
            return 0
        with screen.progress() as tell:
            tell("steps", 0, 1)  # the material is read for some time before the first step is told
            card = (teacher or recipe.train)(
                args.out, datetime.now(UTC).date(), course=course, progress=lambda step, steps, loss: tell("steps", step, steps)
            )
    except recipe.RecipeError as problem:
        raise PipelineError(str(problem)) from problem
    except OSError as problem:
        raise PipelineError(f"cannot be written: {problem.strerror}", about=str(args.out)) from problem
    except KeyboardInterrupt:
        print("Stopped. The same command goes on from the last checkpoint.", file=sys.stderr)
        raise
    print("\n".join(report(card, args.out)))
    return 0


def report(card: Mapping[str, Any], out: Path) -> Iterator[str]:
    """Gives the lines that say how good a model is and how it is used.

    >>> print("\\n".join(report({"figures": {}, "samples_an_epoch": {"judge": 2, "tagger": 3}}, Path("m"))))  # doctest: +ELLIPSIS
    m/tagger.onnx learned from 3 sentences an epoch, m/judge.onnx from 2 passages.
    Nothing was kept apart, so there are no figures: measure it on articles that it has not seen.
    ...
    """
    samples = card["samples_an_epoch"]
    judge = f"from {samples['judge']} passages" if samples["judge"] else "is the one that was there"
    told = f"learned from {samples['tagger']} sentences an epoch, {out / 'judge.onnx'} {judge}"
    yield f"{out / 'tagger.onnx'} {told}."
    figures: Mapping[str, Any] = card["figures"]
    if figures:
        yield "On what was kept apart, mention by mention:"
        width = max(map(len, figures))
        for name, one in figures.items():
            rest = [
                f"{what} {_number(one[key])}"
                for what, key in (("status", "status_accuracy"), ("role", "role_accuracy"))
                if one.get(key) is not None
            ]
            yield (
                f"  {name:<{width}}  precision {_number(one['precision'])}  recall {_number(one['recall'])}  f1 {_number(one['f1'])}"
                f"  {'  '.join(rest)}".rstrip()
                + f"  ({one['mentions']} mentions)"
            )
        if "articles" in card:
            yield _of_articles(card["articles"])
    else:
        yield "Nothing was kept apart, so there are no figures: measure it on articles that it has not seen."
    folder = shlex.quote(str(out))
    yield "To see what it does to whole articles:"
    yield f"  pipeline evaluate GOLD.jsonl --model {folder}"
    yield "To use it, copy it into the package:"
    copied = " ".join(f"{folder}/{name}" for name in MODEL_FILES if figures or name != CONFIDENCE)
    yield f"  mkdir -p pipeline/knowledge/model && cp {copied} pipeline/knowledge/model/"


def _of_articles(found: Mapping[str, Any]) -> str:
    """What a detector with the model makes of whole articles, in one line."""
    rates = found["coarse"]
    return (
        f"On {found['articles']} whole articles: precision {_number(rates['precision'])}  recall {_number(rates['recall'])}"
        f"  f1 {_number(rates['f1'])}  ({found['false_alarms']} of {found['irrelevant']} without facts raise something)"
    )


def _number(value: float) -> str:
    return f"{value:.3f}"
