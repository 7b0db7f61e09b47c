"""Holds every module to its floor: imports go downwards only, and the core computes without a clock, a file or a network.

The imports are read from the source with `ast`, so that a module that nobody imports yet is held to them too.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import pipeline

PACKAGE = Path(pipeline.__file__).parent

WORDS, CORE, SHELL, CYCLE, DOORS = range(5)
FLOORS = {
    "errors": WORDS,
    "model": WORDS,
    "text": WORDS,
    "alerts": CORE,
    "articles": CORE,
    "detect": CORE,
    "diff": CORE,
    "digest": CORE,
    "export": CORE,
    "feeds": CORE,
    "gold": CORE,
    "health": CORE,
    "intake": CORE,
    "letters": CORE,
    "likeness": CORE,
    "links": CORE,
    "losses": CORE,
    "notices": CORE,
    "pacing": CORE,
    "owners": CORE,
    "render": CORE,
    "resolve": CORE,
    "revisiting": CORE,
    "roster": CORE,
    "scoring": CORE,
    "strip": CORE,
    "cell": SHELL,
    "config": SHELL,
    "duties": SHELL,
    "fetch": SHELL,
    "knowledge": SHELL,
    "notify": SHELL,
    "rules": SHELL,
    "store": SHELL,
    "templates": SHELL,
    "app": CYCLE,
    "cycle": CYCLE,
    "doctor": CYCLE,
    "importing": CYCLE,
    "jobs": CYCLE,
    "memory": CYCLE,
    "outbox": CYCLE,
    "redetect": CYCLE,
    "__main__": DOORS,
    "arguments": DOORS,
    "backfill": DOORS,
    "cli": DOORS,
    "daemon": DOORS,
    "demo": DOORS,
    "desk": DOORS,
    "evaluation": DOORS,
    "logs": DOORS,
    "review": DOORS,
    "screen": DOORS,
    "signals": DOORS,
    "single": DOORS,
    "site": DOORS,
    "sources": DOORS,
    "timeline": DOORS,
    "train": DOORS,
    "training": DOORS,
    "upkeep": DOORS,
}
MAY_IMPORT = {
    WORDS: {WORDS},
    CORE: {WORDS, CORE},
    SHELL: {WORDS, SHELL},
    CYCLE: {WORDS, CORE, SHELL, CYCLE},
    DOORS: {WORDS, CORE, SHELL, CYCLE, DOORS},
}

REACHES_OUT = frozenset(
    """
    aiohttp apscheduler argparse asyncio concurrent ctypes fcntl getpass glob http logging multiprocessing os pathlib pickle platform
    random requests rich secrets select selectors shelve shutil signal smtplib socket socketserver sqlite3 sqlite_utils ssl subprocess
    sys tempfile threading time urllib.request urllib3 webbrowser
    """.split()
)
"""Modules that the two lower floors leave alone; urllib.parse computes and is welcome."""
CLOCK_AND_CHANCE = frozenset({"now", "utcnow", "today", "uuid1", "uuid4", "getenv"})
OPENS = frozenset({"open", "input", "print", "exec", "eval", "__import__", "breakpoint"})


def breaches(source: str, module: str) -> Iterator[str]:
    """Gives each breach of the floors in the source of a module that is named from the package down ("store.schema")."""
    name, _, _ = module.partition(".")
    if name not in FLOORS:
        yield f"{module} stands on no floor: say in tests/test_floors.py on which"
        return
    floor = FLOORS[name]
    tree = ast.parse(source)
    for line, target in _imports(tree, module):
        top, _, rest = target.partition(".")
        if top == "pipeline":
            below, _, _ = rest.partition(".")
            if below in FLOORS and FLOORS[below] not in MAY_IMPORT[floor]:
                yield f"{module}:{line} imports {target}, which is not below it"
        elif floor in (WORDS, CORE) and any(target == reach or target.startswith(f"{reach}.") for reach in REACHES_OUT):
            yield f"{module}:{line} imports {target}, and the core only computes"
        elif top in ("sqlite3", "sqlite_utils") and name != "store":
            yield f"{module}:{line} imports {target}: SQL stands in the store alone"
    if floor in (WORDS, CORE):
        for node in ast.walk(tree):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Name) and called.id in OPENS:
                yield f"{module}:{node.lineno} calls {called.id}()"  # type: ignore[attr-defined]
            elif isinstance(called, ast.Attribute) and called.attr in CLOCK_AND_CHANCE:
                yield f"{module}:{node.lineno} calls .{called.attr}(): the time comes in as an argument"  # type: ignore[attr-defined]


def _imports(tree: ast.AST, module: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                # For "store.schema" one dot is the package store; a package's own __init__ is named "store.__init__" here.
                above = ["pipeline", *module.split(".")][: -node.level]
                base = ".".join([*above, *([base] if base else [])])
            # "from pipeline import fetch" and "from urllib import request" import a module by its second name.
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def modules() -> list[tuple[str, Path]]:
    paths = sorted(PACKAGE.rglob("*.py"))
    return [(".".join(path.relative_to(PACKAGE).with_suffix("").parts), path) for path in paths if path != PACKAGE / "__init__.py"]


@pytest.mark.parametrize(("module", "path"), modules(), ids=[m for m, _ in modules()])
def test_a_module_keeps_to_its_floor(module: str, path: Path) -> None:
    assert list(breaches(path.read_text(encoding="utf-8"), module)) == []


def test_the_front_of_the_package_imports_nothing() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    assert [target for _, target in _imports(tree, "__init__")] == []


@pytest.mark.parametrize(
    ("module", "source", "said"),
    [
        ("diff", "from pipeline.store import Store", "not below it"),
        ("diff", "from pipeline import store", "not below it"),
        ("diff", "def f():\n    import pipeline.fetch", "not below it"),
        ("detect.names", "from ..fetch import Fetcher", "not below it"),
        ("detect.__init__", "from .. import store", "not below it"),
        ("store.schema", "from pipeline.diff import diff", "not below it"),
        ("config", "from pipeline.alerts import choose", "not below it"),
        ("model", "from pipeline.diff import diff", "not below it"),
        ("cycle", "from pipeline.cli import main", "not below it"),
        ("resolve", "import os.path", "only computes"),
        ("resolve", "from urllib import request", "only computes"),
        ("resolve", "import urllib.request", "only computes"),
        ("resolve", "from urllib.request import urlopen", "only computes"),
        ("text", "import random", "only computes"),
        ("render", "import logging", "only computes"),
        ("digest", "from datetime import datetime\nx = datetime.now()", "the time comes in"),
        ("digest", "import datetime\nx = datetime.date.today()", "the time comes in"),
        ("feeds", "x = open('feed.xml')", "calls open()"),
        ("cycle", "import sqlite3", "SQL stands in the store"),
        ("cli", "import sqlite_utils", "SQL stands in the store"),
        ("helpers", "", "stands on no floor"),
    ],
)
def test_a_breach_is_caught(module: str, source: str, said: str) -> None:
    assert any(said in breach for breach in breaches(source, module))


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("diff", "from pipeline.model import Change\nfrom datetime import datetime, timedelta\nfrom urllib.parse import urlsplit"),
        ("detect.names", "from . import spans\nfrom .spans import Span\nfrom pipeline.text import fold"),
        ("store.schema", "import sqlite3\nfrom pipeline.model import Change\nfrom . import migrations"),
        ("cycle", "from pipeline.store import Store\nfrom pipeline import diff"),
        ("cli", "import sys\nfrom pipeline import app"),
    ],
)
def test_what_is_allowed_passes(module: str, source: str) -> None:
    assert list(breaches(source, module)) == []


def test_the_names_of_modules_that_reach_out_are_spelled_right() -> None:
    standard = {name for name in REACHES_OUT if "." not in name} - {"aiohttp", "apscheduler", "requests", "rich", "sqlite_utils", "urllib3"}
    assert standard <= sys.stdlib_module_names
