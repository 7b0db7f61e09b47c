"""Reads the configuration: one TOML file becomes one `Config`, or one `ConfigError` with every problem in it.

Each problem begins with its key (`feeds[0].url: …`) and says what is allowed. It makes no folder, opens no store and asks no
server: whether an address answers is found out by fetching it. A key it does not know is a problem, never ignored.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import soupsieve

from pipeline import duties, rules
from pipeline.errors import ConfigError
from pipeline.fetch import FetchSettings, user_agent
from pipeline.fetch.archive import ArchiveSettings
from pipeline.model import AlertRule, Audience, Channel, Feed, Owner, Role, RosterRule, Watched

DEFAULT_STORE = "var/pipeline.db"


@dataclass(frozen=True, slots=True)
class DigestSettings:
    """What a digest covers where nobody says otherwise, and the names of the channels that it goes to."""

    days: int = 7
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that a person can set. `base` is the folder that relative paths go by; all paths in here are absolute."""

    path: Path
    base: Path
    store_path: Path
    fetch: FetchSettings
    feeds: tuple[Feed, ...]
    watch: tuple[Watched, ...] = ()
    alerts: tuple[AlertRule, ...] = ()
    channels: tuple[Channel, ...] = ()
    digest: DigestSettings = DigestSettings()
    rosters: tuple[RosterRule, ...] = ()
    audiences: tuple[Audience, ...] = ()
    desk: rules.DeskSettings = field(default_factory=rules.DeskSettings)
    archive: ArchiveSettings | None = None
    owners: tuple[Owner, ...] = ()
    daemon: duties.DaemonSettings = field(default_factory=duties.DaemonSettings)
    keep: duties.KeepSettings = field(default_factory=duties.KeepSettings)
    notices: duties.NoticeSettings = field(default_factory=duties.NoticeSettings)


def load(path: Path) -> Config:
    """Reads a configuration file; raises ConfigError with every problem that it has.

    Relative paths go by the folder of the file, or by that folder's parent where it is called `config`.
    """
    try:
        path = _absolute(path)
        text = path.read_bytes().decode("utf-8-sig")
        document = tomllib.loads(text)
    except FileNotFoundError:
        raise ConfigError(("there is no such file; name another with --config or PIPELINE_CONFIG",), about=str(path)) from None
    except OSError as error:
        raise ConfigError((f"cannot be read ({error.strerror})",), about=str(path)) from error
    except _NoPath as error:
        raise ConfigError((str(error),), about=str(path)) from error
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise ConfigError((f"line {line} is not UTF-8 text",), about=str(path)) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError((f"is not valid TOML: {error}",), about=str(path)) from error
    except RecursionError as error:
        raise ConfigError(("is nested too deeply to be a configuration",), about=str(path)) from error
    problems: list[str] = []
    config = _read(_Table("", document, problems), path)
    if problems:
        raise ConfigError(tuple(problems), about=str(path))
    return config


class _NoPath(Exception):
    """A text that names no file on any system."""


def _absolute(path: Path, base: Path = Path()) -> Path:
    """Makes a path absolute without following links, which Path.resolve would do, out of config/."""
    if "\0" in str(path):
        raise _NoPath("has a NUL character in it, which no path can have")
    if any(len(os.fsencode(part)) > 255 for part in path.parts):
        raise _NoPath("has a name of more than 255 bytes in it, which no folder can hold")
    try:
        return Path(os.path.abspath(base / path.expanduser()))  # noqa: PTH100
    except RuntimeError as error:  # "~name" where nobody is called so
        raise _NoPath(f"begins with {path.parts[0]!r}, and the home folder of that user is not known") from error


def _read(root: _Table, path: Path) -> Config:
    """Reads the whole document; where it noted problems, what it gives back is not to be used."""
    base = path.parent.parent if path.parent.name == "config" else path.parent
    store = root.table("store")
    store_path = store.path("path", base, DEFAULT_STORE)
    store.finish()
    if "path" not in store.wrong and store_path.is_dir():
        store.note("path", f"{str(store_path)!r} is a folder; name a file in it, like {DEFAULT_STORE!r}")
    settings = _fetch(root.table("fetch"))
    archive = _archive(root.table("archive"), base) if "archive" in root.values else None
    if archive is None:
        root.table("archive")  # a key that may be there
    feeds = root.tables("feeds", _feed)
    rosters = root.tables("rosters", _roster)
    channels = root.tables("channels", lambda table: rules.read_channel(table, base))
    watch = root.tables("watch", _watched)
    owners = root.tables("owners", _owner)
    names = {table.values.get("name") for table in root.subtables("channels")} | {c.name for c in channels}
    known = sorted(name for name in names if isinstance(name, str))
    kinds = sorted({w.kind for w in watch if w.kind})
    kind_of = {name: str(t.values.get("kind", "file")) for t in root.subtables("channels") if isinstance(name := t.values.get("name"), str)}
    alerts = root.tables("alerts", lambda table: rules.read_rule(table, known, kinds))
    audiences = root.tables("digests", lambda table: rules.read_audience(table, known, kinds, kind_of))
    desk = rules.read_desk(root.table("desk"))
    daemon = duties.read_daemon(root.table("daemon"))
    keep = duties.read_keep(root.table("keep"), base)
    notices = duties.read_notices(root.table("notices"), kind_of)
    digest = root.table("digest")
    digest_settings = DigestSettings(
        days=digest.number("days", int, DigestSettings().days, least=1, most=366), channels=digest.references("channels", known, "channel")
    )
    rules.refuse_feeds(digest, digest_settings.channels, kind_of, "digests")
    digest.finish()
    root.finish()
    if not root.subtables("feeds") and not root.subtables("rosters") and "feeds" not in root.values:
        advice = "or write feeds = [] and use `pipeline feeds add`"
        root.note("feeds", f"there is none; add at least one [[feeds]] table with a name and a url, {advice}")
    for key in ("feeds", "rosters", "channels", "watch", "alerts", "digests", "owners"):
        _unique(root, key, "name")
    _unique(root, "feeds", "url")
    told = (alerts, channels, digest_settings, rosters, audiences, desk)
    return Config(path, base, store_path, settings, feeds, watch, *told, archive, owners, daemon, keep, notices)


def _fetch(table: _Table) -> FetchSettings:
    given = FetchSettings()
    contact = table.text("contact", "")
    settings = FetchSettings(
        user_agent=table.text("user_agent", user_agent(contact)),
        timeout_seconds=table.number("timeout_seconds", float, given.timeout_seconds, least=1, most=600),
        max_body_megabytes=table.number("max_body_megabytes", float, given.max_body_megabytes, least=0.01, most=1000),
        concurrency=table.number("concurrency", int, given.concurrency, least=1, most=1000),
        per_host=table.number("per_host", int, given.per_host, least=1, most=1000),
        pause_seconds=table.number("pause_seconds", float, given.pause_seconds, least=0, most=600),
        allow_private_addresses=table.flag("allow_private_addresses", given.allow_private_addresses),
        proxy=table.address("proxy", "proxy") if "proxy" in table.values else "",
    )
    table.finish()
    if not settings.user_agent.isascii() or not settings.user_agent.isprintable():
        table.note("contact" if contact else "user_agent", "only plain ASCII characters can be sent in it")
    return settings


def _archive(table: _Table, base: Path) -> ArchiveSettings:
    settings = ArchiveSettings(table.path("folder", base), table.number("megabytes", float, 1000.0, least=1, most=1_000_000))
    table.finish()
    if "folder" not in table.wrong and settings.folder.is_file():
        table.note("folder", f"{str(settings.folder)!r} is a file, not a folder")
    return settings


def _feed(table: _Table) -> Feed:
    feed = Feed(
        name=table.text("name"),
        url=table.address("url"),
        publisher=table.text("publisher", ""),
        interval_minutes=table.number("interval_minutes", int, 60, least=1, most=43_200),
        adaptive="interval_minutes" not in table.values,
    )
    table.finish()
    return feed


def _roster(table: _Table) -> RosterRule:
    given = RosterRule("", "", "")
    rule = RosterRule(
        name=table.text("name"),
        url=table.address("url"),
        coalition=table.text("coalition"),
        selector=table.text("selector", ""),
        role=table.chosen("role", Role),
        least_members=table.number("least_members", int, given.least_members, least=1, most=100_000),
        most_vanishing=table.number("most_vanishing", float, given.most_vanishing, least=0, most=1),
        interval_minutes=table.number("interval_minutes", int, given.interval_minutes, least=1, most=43_200),
    )
    table.finish()
    try:
        soupsieve.compile(rule.selector or "*")
    except soupsieve.SelectorSyntaxError as error:
        table.note("selector", f"{rule.selector!r} is no CSS selector: {str(error).splitlines()[0]}")
    return rule


def _watched(table: _Table) -> Watched:
    watched = Watched(table.text("name"), table.texts("aliases"), table.text("kind", ""))
    table.finish()
    return watched


def _owner(table: _Table) -> Owner:
    owner = Owner(table.text("name"), table.texts("publishers"))
    table.finish()
    return owner


def _unique(root: _Table, tables: str, key: str) -> None:
    first: dict[str, str] = {}
    for table in root.subtables(tables):
        value = table.values.get(key)
        if isinstance(value, str) and value.strip():
            earlier = first.setdefault(value.strip(), table.where)
            if earlier != table.where:
                table.note(key, f"{value!r} is taken by {earlier}; every one needs its own")


_Number = TypeVar("_Number", int, float)
_Choice = TypeVar("_Choice", bound=StrEnum)
_Read = TypeVar("_Read")


class _Table:
    """One TOML table that hands out typed values, notes what is wrong with them, and knows which keys were asked for.

    A value that is wrong is noted once and replaced by a harmless one, so that reading goes on to the next problem.
    """

    def __init__(self, where: str, values: Mapping[str, Any], problems: list[str]) -> None:
        self.where = where
        self.values = values
        self.wrong: set[str] = set()
        self._asked: list[str] = []
        self._problems = problems

    def note(self, key: str, problem: str) -> None:
        self.wrong.add(key)
        self._problems.append(f"{self._key(key)}: {problem}")

    def finish(self) -> None:
        """Notes every key that nobody asked for."""
        for key in self.values:
            if key not in self._asked:
                self.note(key, f"unknown key{_allowed(key, self._asked)}")

    def text(self, key: str, default: str | None = None) -> str:
        value = self._get(key, default, str, "a text in quotation marks")
        if isinstance(value, str) and not value.strip() and value != default:
            self.note(key, "is empty")
        return " ".join(value.split()) if isinstance(value, str) else ""

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._get(key, [], list, 'a list of texts, like ["one", "two"]')
        texts = []
        for place, text in enumerate(value if isinstance(value, list) else []):
            if isinstance(text, str) and text.strip():
                texts.append(" ".join(text.split()))
            else:
                self.note(f"{key}[{place}]", f"{_shown(text)} must be a text in quotation marks, and not empty")
        return tuple(texts)

    def flag(self, key: str, default: bool) -> bool:
        return bool(self._get(key, default, bool, "true or false"))

    def number(self, key: str, kind: type[_Number], default: _Number, *, least: float, most: float) -> _Number:
        what = f"a {'whole ' if kind is int else ''}number from {least:g} to {most:g}"
        value = self._get(key, default, (int,) if kind is int else (int, float), what)
        if value is None or not least <= value <= most:
            if value is not None:
                self.note(key, f"{_shown(value)} must be {what}")
            return default
        return kind(value)

    def choice(self, key: str, kind: type[_Choice], default: _Choice) -> _Choice:
        value = self._get(key, default.value, str, "one of " + ", ".join(kind))
        return self._chosen(key, value, kind) or default

    def one_of(self, key: str, names: Sequence[str], what: str) -> str:
        """One of a few words, the first where there is none."""
        value = self.text(key, names[0])
        if key not in self.wrong and value not in names:
            self.note(key, f"{value!r} is no {what}{_allowed(value, names)}")
        return value

    def chosen(self, key: str, kind: type[_Choice]) -> _Choice | None:
        """A choice that may be left out."""
        return self._chosen(key, self._get(key, "", str, "one of " + ", ".join(kind)) or None, kind)

    def choices(self, key: str, kind: type[_Choice]) -> tuple[_Choice, ...]:
        found = (self._chosen(f"{key}[{place}]", text, kind) for place, text in enumerate(self.texts(key)))
        return tuple(choice for choice in found if choice is not None)

    def references(self, key: str, names: list[str], what: str) -> tuple[str, ...]:
        texts = self.texts(key)
        for place, text in enumerate(texts):
            if text not in names:
                self.note(f"{key}[{place}]", f"there is no {what} called {text!r}{_allowed(text, names) or '; none is configured'}")
        return texts

    def path(self, key: str, base: Path, default: str | None = None) -> Path:
        text = self.text(key, default)
        given = self.values.get(key)
        try:  # as it was written: a folder may have two blanks in its name
            return _absolute(Path(given if isinstance(given, str) else text), base)
        except _NoPath as error:
            self.note(key, str(error))
            return base

    def address(self, key: str, what: str = "feed") -> str:
        text = self.text(key)
        if text and key not in self.wrong and (problem := wrong_address(text)):
            self.note(key, f"{text!r} {problem.replace('a feed', f'a {what}')}")
        return text

    def moment(self, key: str) -> date | None:
        """A day or a moment, as TOML writes them; None where there is none."""
        value = self._get(key, False, date, "a day or a moment, like 2025-05-14 or 2025-05-14T08:00:00Z")
        return value if isinstance(value, date) else None

    def skip(self, *keys: str) -> None:
        """Leaves keys unread, or all that there are, because what they mean depends on one that is wrong."""
        self._asked.extend(keys or self.values)

    def table(self, key: str) -> _Table:
        value = self._get(key, {}, dict, f"a table, written [{key}]")
        return _Table(self._key(key), value if isinstance(value, dict) else {}, self._problems)

    def tables(self, key: str, read: Callable[[_Table], _Read]) -> tuple[_Read, ...]:
        value = self._get(key, [], list, f"a list of tables, each written [[{key}]]")
        for place, table in enumerate(value if isinstance(value, list) else []):
            if not isinstance(table, dict):
                self.note(f"{key}[{place}]", f"{_shown(table)} must be a table, written [[{key}]]")
        return tuple(read(table) for table in self.subtables(key))

    def subtables(self, key: str) -> tuple[_Table, ...]:
        """The tables of a list as they stand, whatever is wrong with them."""
        value = self.values.get(key)
        listed = value if isinstance(value, list) else []
        return tuple(_Table(f"{self._key(key)}[{i}]", t, self._problems) for i, t in enumerate(listed) if isinstance(t, dict))

    def _key(self, key: str) -> str:
        return f"{self.where}.{key}" if self.where else key

    def _get(self, key: str, default: Any, kind: type | tuple[type, ...], what: str) -> Any:
        """Gives a value of the right kind, the default for a key that is not there, and None for a wrong one."""
        self._asked.append(key)
        value = self.values.get(key)
        if value is None:
            if default is None:
                self.note(key, f"is missing; it must be {what}")
            return default
        # In Python a flag is a number, in TOML it is not.
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.note(key, f"{_shown(value)} must be {what}")
            return None
        return value

    def _chosen(self, key: str, value: Any, kind: type[_Choice]) -> _Choice | None:
        if value in list(kind):
            return kind(value)
        if value is not None:
            self.note(key, f"{value!r} is not allowed{_allowed(value, list(kind))}")
        return None


def _allowed(given: str, names: Iterable[str]) -> str:
    """Says what a name could have been, the likeliest first.

    >>> _allowed("alertz", ["alerts", "feeds"]), _allowed("x", [])
    ("; did you mean 'alerts'? allowed: alerts, feeds", '')
    """
    names = [str(name) for name in names]
    near = difflib.get_close_matches(given, names, n=1)
    return (f"; did you mean {near[0]!r}?" if near else ";") + f" allowed: {', '.join(sorted(names))}" if names else ""


def _shown(value: Any) -> str:
    """Shows a value as it stands in TOML, cut short where it is long."""
    text = str(value).lower() if isinstance(value, bool) else repr(value) if isinstance(value, str | int | float) else ""
    kind = "a table" if isinstance(value, dict) else "a list" if isinstance(value, list) else str(value)
    return text[:60] + ("…" if len(text) > 60 else "") if text else kind


_LABEL = re.compile(r"(?!-)[^\W_](?:[\w-]{0,61}[^\W_])?|[^\W_]", re.UNICODE)


def wrong_address(address: str) -> str:
    """Says what is wrong with the address of a feed, or gives an empty string.

    >>> wrong_address("https://wire.example/feed.xml"), wrong_address("ftp://wire.example/")
    ('', 'is no address of a feed: it must begin with http:// or https://')
    """
    if address.partition(":")[0].lower() not in {"http", "https"} or not re.match(r"https?://", address, re.I):
        return "is no address of a feed: it must begin with http:// or https://"
    if not address.isprintable() or " " in address:
        return "is no address of a feed: there must be no blanks in it"
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        return f"is no address of a feed: {error}"
    if ":" in host:
        return ""  # urlsplit has looked at addresses in brackets
    if not host or port == 0:
        return "is no address of a feed: it names no host" if not host else "is no address of a feed: its port is 0"
    if re.fullmatch(r"[\d.]+", host):
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            return f"is no address of a feed: {host} is neither a name nor an IP address"
    if not all(_LABEL.fullmatch(label) or "_" in label for label in host.rstrip(".").split(".")):
        return f"is no address of a feed: {host} cannot be the name of a host"
    return ""
