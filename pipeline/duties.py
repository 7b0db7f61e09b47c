"""Reads what the daemon shall do beside reading: where it can be asked how it is, how it logs, what it keeps, and who is told of feeds
that break. Part of reading the configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.rules import refuse_feeds

if TYPE_CHECKING:
    from pipeline.config import _Table

LOGS = ("text", "json")
ENDPOINT = "127.0.0.1:8471"
OFF = "off"
MOST_LOOK_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class DaemonSettings:
    """How the daemon works: seconds between two looks for what is due, and where it answers over HTTP (empty host: nowhere).

    Port 0 stands for any that is free. `log` is "text" for people or "json" for machines.
    """

    look_seconds: float = 60.0
    host: str = ENDPOINT.partition(":")[0]
    port: int = int(ENDPOINT.partition(":")[2])
    log: str = LOGS[0]


@dataclass(frozen=True, slots=True)
class KeepSettings:
    """What is kept: copies of the store in a folder (None: none), every so many hours, the last so many of them; and the texts of
    articles for so many days (0: for ever)."""

    backup_folder: Path | None = None
    backup_hours: int = 24
    backups: int = 7
    texts_days: int = 0


@dataclass(frozen=True, slots=True)
class NoticeSettings:
    """Which channels are told of feeds that break, move, go quiet or serve something else, after how many failures in a row, and after
    how many days without anything new."""

    channels: tuple[str, ...] = ()
    failures: int = 4
    quiet_days: int = 60


def read_notices(table: _Table, channels: Mapping[str, str]) -> NoticeSettings:
    """Reads the table [notices]; `channels` gives the kind of each channel by its name."""
    given = NoticeSettings()
    settings = NoticeSettings(
        table.references("channels", sorted(channels), "channel"),
        table.number("failures", int, given.failures, least=1, most=100),
        table.number("quiet_days", int, given.quiet_days, least=1, most=3660),
    )
    table.finish()
    refuse_feeds(table, settings.channels, channels, "notices")
    return settings


def read_daemon(table: _Table) -> DaemonSettings:
    """Reads the table [daemon]."""
    given = DaemonSettings()
    endpoint = table.text("endpoint", ENDPOINT)
    found = re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):(\d{1,5})", endpoint)
    host, port = ("", 0) if endpoint == OFF else (found[1].strip("[]"), int(found[2])) if found else (given.host, 65_536)
    if port > 65_535 and "endpoint" not in table.wrong:
        table.note("endpoint", f'{endpoint!r} is no host and port, like "{ENDPOINT}"; "{OFF}" stands for none')
    settings = DaemonSettings(
        table.number("look_seconds", float, given.look_seconds, least=1, most=MOST_LOOK_SECONDS),
        host,
        port,
        table.one_of("log", LOGS, "form of a log"),
    )
    table.finish()
    return settings


def read_keep(table: _Table, base: Path) -> KeepSettings:
    """Reads the table [keep]."""
    given = KeepSettings()
    folder = table.path("backup_folder", base) if "backup_folder" in table.values else None
    if folder is not None and folder.is_file():
        table.note("backup_folder", f"{str(folder)!r} is a file, not a folder")
    settings = KeepSettings(
        folder,
        table.number("backup_hours", int, given.backup_hours, least=1, most=24 * 31),
        table.number("backups", int, given.backups, least=1, most=1000),
        table.number("texts_days", int, given.texts_days, least=0, most=36_500),
    )
    table.finish()
    if settings.texts_days and settings.texts_days < 30:
        table.note("texts_days", "a redetection needs the texts of a month at least: write 30 or more, or 0 to keep them for ever")
    return settings
