"""Writes what a machine needs to keep the daemon running: a unit for systemd; and a Containerfile, rules for Prometheus and a board for
Grafana. It starts nothing and asks systemd for nothing: it says what to do next."""

from __future__ import annotations

import json
import os
import pwd
import re
import shutil
import sys
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from pipeline import templates
from pipeline.config import Config
from pipeline.errors import UsageError

UNIT = "pipeline.service"
FILES = ("Containerfile", "prometheus-rules.yml", "grafana-board.json")
SYSTEM_FOLDER = Path("/etc/systemd/system")


def user_folder() -> Path:
    """Where systemd looks for the units of a user (systemd.unit(5))."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user"


def unit(config: Config, *, system: bool, user: str = "") -> str:
    """Gives the unit. A system's one runs as `user`, without it as the owner of the configuration, and may write to the folders that
    the configuration names and nowhere else. Raises UsageError for a user that is not there."""
    whose = user or _owner(config)
    try:
        pwd.getpwnam(whose)
    except KeyError as error:
        raise UsageError(f"there is no user called {whose!r}: make one with `useradd --system`, or name another with --run-as") from error
    # % begins a specifier in a unit, and $ a variable of the command.
    environment = Environment(trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined, autoescape=False)
    return environment.from_string(templates.read(UNIT)).render(
        system=system,
        user=whose,
        command=_quoted(_program().replace("$", "$$")),
        config=_quoted(str(config.path).replace("$", "$$")),
        environment=str(config.path.parent / "pipeline.env").replace("%", "%%"),
        folders=[_quoted(str(folder)) for folder in folders(config)],
    )


def folders(config: Config) -> tuple[Path, ...]:
    """The folders that the daemon writes to: of the store, its copies, the archive, and the channels that are files."""
    found = [config.store_path.parent, config.keep.backup_folder, config.archive.folder if config.archive else None]
    for channel in config.channels:
        if channel.kind == "file":
            found.append(Path(channel.target))
        elif channel.kind in {"atom", "jsonfeed"}:
            found.append(Path(channel.target).parent)
    return tuple(dict.fromkeys(folder for folder in found if folder))


def make_folders(config: Config, user: str = "") -> None:
    """Makes those of the folders that are missing, for the user of the unit: systemd starts nothing where one of them is not there."""
    for folder in folders(config):
        try:
            if not folder.exists():
                folder.mkdir(parents=True)
                shutil.chown(folder, user or _owner(config))
        except OSError as error:
            raise UsageError(f"cannot be made ({error.strerror}): make it, and give it to the unit's user", about=str(folder)) from error


def _owner(config: Config) -> str:
    return pwd.getpwuid(config.path.stat().st_uid).pw_name


def write(path: Path, text: str, *, force: bool) -> None:
    """Writes a file; raises UsageError where another one stands there (unless `force`), or it cannot be written."""
    try:
        if path.exists() and path.read_text(encoding="utf-8", errors="replace") != text and not force:
            raise UsageError("is there already, and is another one: say --force to replace it", about=str(path))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot be written ({error.strerror})", about=str(path)) from error


def _program() -> str:
    """This program, as it is called by its whole path."""
    beside = Path(sys.executable).with_name("pipeline")
    return str(beside) if beside.exists() else shutil.which("pipeline") or f"{sys.executable} -m pipeline"


def _quoted(path: str) -> str:
    """A path as a unit takes it, where % begins a specifier."""
    return _whole(path.replace("%", "%%"))


def _whole(path: str) -> str:
    return path if path.endswith(" -m pipeline") or not re.search(r"[\s\"'\\;]", path) else json.dumps(path, ensure_ascii=False)
