"""What the README shows is what the program does: its commands are understood, and its digest is the one that the demo makes.

When the demo's digest or the model's figures change on purpose, `.venv/bin/python -m tests.test_readme` writes the new ones into the
README.
"""

from __future__ import annotations

import json
import re
import shlex
import tempfile
import tomllib
from pathlib import Path

import pytest

from pipeline import cli, config, cycle, demo, detect, render, scoring
from tests.test_floors import FLOORS

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
FIGURES = re.compile(r"(<!-- figures -->\n```text\n)(.*?)(```\n<!-- /figures -->)", re.DOTALL)
DIGEST = re.compile(r"(<!-- digest -->\n```text\n)(.*?)(```\n<!-- /digest -->)", re.DOTALL)


def between(mark: str) -> str:
    found = re.search(rf"<!-- {mark} -->\n```\w*\n(.*?)```\n<!-- /{mark} -->", README.read_text(encoding="utf-8"), re.DOTALL)
    assert found, f"the README has no part {mark}"
    return found[1].strip()


def commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    called = [re.findall(r"(?:^|[\s(/])pipeline ((?!\.)[^|)&]+)", line) for line in lines]
    return [args.strip() for several in called for args in several]


def test_commands_are_found() -> None:
    assert len(commands()) > 12 and "run-once" in commands()


@pytest.mark.parametrize("args", commands())
def test_every_command_is_understood(args: str) -> None:
    words = shlex.split(args, comments=True)
    if words:
        assert callable(cli.build_parser().parse_args(words).run)


def test_every_command_of_the_program_is_shown() -> None:
    shown = {shlex.split(args, comments=True)[0] for args in commands()}
    parser = cli.build_parser()
    known = next(set(a.choices) for a in parser._actions if a.dest == "COMMAND" or isinstance(a.choices, dict))
    assert known == shown


def test_the_flow_is_that_of_the_cycle() -> None:
    shown = [line.strip() for line in README.read_text(encoding="utf-8").splitlines()]
    flow = [line.strip() for line in (cycle.__doc__ or "").splitlines() if line.startswith("    ")]
    assert flow and all(line in shown for line in flow)


def test_the_configuration_shown_is_enough(tmp_path: Path) -> None:
    block = re.search(r"```toml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert block and tomllib.loads(block[1])
    (tmp_path / "p.toml").write_text(block[1])
    assert [f.name for f in config.load(tmp_path / "p.toml").feeds] == ["Example wire"]


def test_every_module_stands_on_a_floor_of_the_picture() -> None:
    picture = README.read_text(encoding="utf-8").split("## Floors")[1]
    there = {p.stem for p in (ROOT / "pipeline").iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()} & set(FLOORS)
    assert [name for name in sorted(there) if not re.search(rf"\b{name}\b", picture)] == []


def test_the_two_commands_begin_from_nothing() -> None:
    for mark in ("main", "tests"):
        assert between(mark).startswith("python3 -m venv .venv && .venv/bin/pip install")
    assert between("tests").endswith(".venv/bin/python -m pytest")


def test_the_digest_shown_is_that_of_the_demo(tmp_path: Path) -> None:
    shown = DIGEST.search(README.read_text(encoding="utf-8"))
    assert shown and shown[2] == digest(tmp_path), "run .venv/bin/python -m tests.test_readme where the new digest is the better one"


def test_the_figures_shown_are_those_of_the_model() -> None:
    shown = FIGURES.search(README.read_text(encoding="utf-8"))
    assert shown and shown[2] == figures(), "run .venv/bin/python -m tests.test_readme"


def figures() -> str:
    """How well the detector reads, by the card of the packaged model (`pipeline train --refit` writes it)."""
    card = json.loads((ROOT / "pipeline" / "knowledge" / "model" / "card.json").read_text(encoding="utf-8"))["articles"]
    assert card["version"] == detect.VERSION, "the rules have changed: pipeline train --refit"
    rates, right = card["coarse"], card["right"]
    ways = ", ".join(f"{way.replace('_', ' ')} {one['f1']:.2f}" for way, one in card["by_direction"].items())
    lines = (
        f"{card['articles']} articles; {card['irrelevant']} of them say nothing of coalitions, and {card['false_alarms']} of those raise "
        "something",
        f"of what it tells {rates['precision']:.0%} is right, of what they say it tells {rates['recall']:.0%} (F1 {rates['f1']:.2f})",
        f"right where the rest is: role {right['role']:.0%}, date {right['date']:.0%}, status {right['status']:.0%}",
        f"F1 by what happens: {ways}",
        f"told with a confidence of {scoring.SURE:.0%} or more: {card['sure']['claims']} claims, of which "
        f"{card['sure']['right'] / card['sure']['claims']:.0%} are right",
    )
    return "\n".join(lines) + "\n"


def digest(folder: Path) -> str:
    """The demo's digest; the port, which is another one each time, is taken out."""
    return re.sub(r"(?<=127\.0\.0\.1:)\d+", "PORT", render.text(demo.play(folder).digest))


def write() -> None:
    with tempfile.TemporaryDirectory() as folder:
        fresh = digest(Path(folder))
    text = README.read_text(encoding="utf-8")
    text = DIGEST.sub(lambda m: m[1] + fresh + m[3], text)
    README.write_text(FIGURES.sub(lambda m: m[1] + figures() + m[3], text), encoding="utf-8")


if __name__ == "__main__":
    write()
