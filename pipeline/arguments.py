"""What the arguments of commands mean: which configuration, which store, which moment; and the one way to print JSON.

The doors share these. Nothing is decided here about coalitions, and heavy modules are imported where they are needed, so that help
comes at once.
"""

from __future__ import annotations

import argparse
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import UsageError

if TYPE_CHECKING:
    from pipeline.config import Config
    from pipeline.store import Store

DEFAULT_CONFIG = "config/pipeline.toml"
PATIENCE_SECONDS = 20.0
"""How long a person's command, or form, waits for a cycle that writes to the store: most are done by then, and a proxy waits for a
minute."""


def as_json(sub: argparse.ArgumentParser, **more: Any) -> None:
    """Adds --json to a command."""
    sub.add_argument("--json", action="store_true", help="print one JSON document and nothing else", **more)


def print_json(document: Any) -> None:
    from pipeline.text import json_text

    print(json_text(document))


def configuration(args: argparse.Namespace) -> Config:
    """Loads the configuration that the command line, the environment or the custom names; raises ConfigError."""
    from pipeline import config

    path: Path = args.config or Path(os.environ.get("PIPELINE_CONFIG") or DEFAULT_CONFIG)
    return config.load(path)


def reading(config: Config) -> Store:
    """Opens the store for a command that only reads; a missing one is made, so that a new installation answers that there is nothing."""
    from pipeline.store import Store

    return Store.open(config.store_path, read_only=True)


def writing(config: Config, wait: float) -> Store:
    """Opens the store for a command that writes, and waits so many seconds (`add_patience`) for another one that does."""
    from pipeline.store import Store

    return Store.open(config.store_path, lock_wait=wait)


def add_patience(sub: argparse.ArgumentParser) -> None:
    """Adds --wait to a command that writes and is done at once."""
    about = f"how long to wait while another pipeline writes to the store (without it: {PATIENCE_SECONDS:g}; inf: until it is done)"
    sub.add_argument("--wait", type=seconds, default=PATIENCE_SECONDS, metavar="SECONDS", help=about)


def seconds(words: str) -> float:
    """Reads how many seconds to wait."""
    value = float(words)
    if not value >= 0:
        raise argparse.ArgumentTypeError(f"{words} is no time to wait: write seconds, 0 or more")
    return value


def when(words: str, now: datetime) -> datetime:
    """Reads a moment as people write it, in UTC; raises UsageError.

    >>> now = datetime(2024, 5, 14, 9, 30, tzinfo=UTC)
    >>> [str(when(w, now))[:16] for w in ("2024-05-01", "2024-05", "7d", "12h", "yesterday")]
    ['2024-05-01 00:00', '2024-05-01 00:00', '2024-05-07 09:30', '2024-05-13 21:30', '2024-05-13 00:00']
    """
    text = words.strip()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    named = {"now": now, "today": midnight, "yesterday": midnight - timedelta(days=1), "ever": datetime(1970, 1, 1, tzinfo=UTC)}
    if text.lower() in named:
        return named[text.lower()]
    try:
        if short := re.fullmatch(r"(\d{1,5})\s*([hdwmy])", text.lower()):
            days = {"h": 1 / 24, "d": 1, "w": 7, "m": 30, "y": 365}[short[2]]
            return now - timedelta(days=int(short[1]) * days)
        if re.fullmatch(r"\d{4}(-\d{2}){0,2}", text):
            from pipeline.model import PartialDate

            return datetime.combine(PartialDate.parse(text).earliest(), datetime.min.time(), tzinfo=UTC)
        if re.match(r"\d{4}-\d{2}-\d{2}[T ]", text):
            moment = datetime.fromisoformat(text)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        # Numbers alone are guessed at: 5 was the fifth month, 20 the twentieth day, 05/04/2024 the fourth of May.
        spoken = _spoken(text, now) if any(c.isalpha() for c in text) else None
    except (ValueError, OverflowError) as problem:
        raise UsageError(f"{words!r} is no moment: {problem}") from problem
    if spoken is None:
        raise UsageError(f'{words!r} is no moment: write a day (2024-05-14), an age (7d, 12h, 2w) or words ("yesterday", "3 weeks ago")')
    return spoken


def _spoken(text: str, now: datetime) -> datetime | None:
    import dateparser

    found = dateparser.parse(
        text,
        languages=["en"],
        settings={
            "RELATIVE_BASE": now.replace(tzinfo=None),
            "TIMEZONE": "UTC",
            "RETURN_AS_TIMEZONE_AWARE": True,
            "PREFER_DATES_FROM": "past",
        },
    )
    return found.astimezone(UTC) if found else None


def utc_now() -> datetime:
    return datetime.now(UTC)
