"""Reads what a person wants to be told: alert rules, channels, audiences of digests, and the desk. Part of reading the configuration.

Everything is checked here, when it is read: cron expressions, time zones, clock times, addresses of mail and web. Secrets are not
read: a channel names the environment's variables that hold them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from email.utils import parseaddr
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from pipeline import notify
from pipeline.model import AlertRule, Audience, ChangeKind, Channel, QuietHours, Role, Severity
from pipeline.notify.mail import SECURITY

if TYPE_CHECKING:
    from pipeline.config import _Table

MOST_MINUTES = 7 * 24 * 60
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MAIL = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")
_CLOCK = re.compile(r"\s*(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s*")


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """Where `pipeline desk` can be reached, and the environment's variable with the key that signs links to it; empty: no links."""

    address: str = ""
    secret_env: str = ""


def read_rule(table: _Table, channels: list[str], kinds: list[str]) -> AlertRule:
    """Reads one table of [[alerts]]; `kinds` are those of the watch list."""
    given = AlertRule("")
    rule = AlertRule(
        name=table.text("name"),
        channels=table.references("channels", channels, "channel"),
        least_severity=table.choice("least_severity", Severity, given.least_severity),
        least_sources=table.number("least_sources", int, given.least_sources, least=1, most=100),
        wait_minutes=table.number("wait_minutes", int, given.wait_minutes, least=0, most=MOST_MINUTES),
        group_minutes=table.number("group_minutes", int, 0, least=0, most=24 * 60) if "group_minutes" in table.values else None,
        quiet=_quiet(table),
        mute_until=_moment(table, "mute_until"),
        updates=table.flag("updates", given.updates),
        go_on=table.flag("go_on", given.go_on),
        **_choice(table, kinds),
    )
    table.finish()
    if rule.wait_minutes and rule.least_sources == 1:
        table.note("wait_minutes", "there is nothing to wait for; say how many sources with least_sources = 2")
    return rule


def _choice(table: _Table, kinds: list[str]) -> dict[str, Any]:
    """What picks changes, for rules and audiences alike."""
    return {
        "kinds": frozenset(table.choices("kinds", ChangeKind)),
        "coalitions": table.texts("coalitions"),
        "members": table.texts("members"),
        "coalition_kinds": frozenset(table.references("coalition_kinds", kinds, "kind on the watch list")),
        "roles": frozenset(table.choices("roles", Role)),
        "least_confidence": table.number("least_confidence", float, 0.0, least=0, most=1),
    }


def read_audience(table: _Table, channels: list[str], kinds: list[str], kind_of: Mapping[str, str]) -> Audience:
    """Reads one table of [[digests]]; `kind_of` gives the kind of each channel by its name."""
    zone = _zone(table)
    cron = table.text("cron")
    name = table.text("name")
    rule = AlertRule(
        name=name,
        channels=table.references("channels", channels, "channel"),
        least_severity=table.choice("least_severity", Severity, Severity.LOW),
        **_choice(table, kinds),
    )
    audience = Audience(name, rule, cron, zone, table.text("title", ""))
    refuse_feeds(table, rule.channels, kind_of, "digests")
    table.finish()
    if cron:
        try:
            next(CronSim(cron, datetime(2025, 1, 1, tzinfo=UTC)))
        except (CronSimError, StopIteration) as error:
            why = f" ({error})" if str(error) else ""
            table.note(
                "cron", f'{cron!r} is no cron expression that ever comes{why}: write minute, hour, day, month, weekday, like "0 8 * * 1-5"'
            )
    if not rule.channels and "channels" not in table.wrong:
        table.note("channels", "there is none, so nobody would get it")
    return audience


def refuse_feeds(table: _Table, channels: Sequence[str], kind_of: Mapping[str, str], what: str) -> None:
    """Notes the channels of a table that are feeds of alerts, where something else is to be told."""
    for place, name in enumerate(channels):
        if kind_of.get(name) in notify.FEED_KINDS:
            table.note(f"channels[{place}]", f"{name!r} is a feed of alerts, which holds no {what}; name another channel")


def last_due(audience: Audience, now: datetime) -> tuple[datetime, datetime] | None:
    """Gives the last moment up to `now` for which the digest of an audience is asked, with the one before; None for never."""
    local = now.astimezone(audience.zone)
    # It counts back from before the moment that it is given, and the very minute counts.
    back = CronSim(audience.cron, local.replace(second=0, microsecond=0) + timedelta(minutes=1), reverse=True)
    last, before = next(back, None), next(back, None)
    return (last.astimezone(UTC), before.astimezone(UTC)) if last and before else None


def next_due(audience: Audience, now: datetime) -> datetime | None:
    """Gives the next moment after `now` for which the digest of an audience is asked; None for never."""
    found = next(CronSim(audience.cron, now.astimezone(audience.zone)), None)
    return found.astimezone(UTC) if found else None


def read_channel(table: _Table, base: Path) -> Channel:
    """Reads one table of [[channels]]."""
    kind = table.one_of("kind", notify.KINDS, "kind of channel")
    name = table.text("name")
    if kind not in notify.KINDS:
        table.skip()
        return Channel(name, kind, "")
    quiet = _quiet(table)
    target, settings = _READ[kind](table, base)
    table.finish()
    return Channel(name, kind, target, quiet, settings)


def _read_file(table: _Table, base: Path) -> tuple[str, dict[str, Any]]:
    folder = table.path("folder", base)
    settings = {"html": True} if table.flag("html", False) else {}
    if folder.is_file():
        table.note("folder", f"{str(folder)!r} is a file, not a folder")
    return str(folder), settings


def _read_log(table: _Table, base: Path) -> tuple[str, dict[str, Any]]:
    return "", {}


def _read_mail(table: _Table, base: Path) -> tuple[str, dict[str, Any]]:
    to = table.texts("to")
    security = table.one_of("security", SECURITY, "way to keep mail secret")
    settings = {
        "host": table.text("host"),
        "port": table.number("port", int, 0, least=0, most=65535),
        "security": security,
        "username": table.text("username", ""),
        "password_env": _variable(table, "password_env", needed=False),
        "from": table.text("from"),
        "to": to,
        "list_id": table.text("list_id", ""),
        "ca_file": str(table.path("ca_file", base)) if "ca_file" in table.values else "",
    }
    if not to and "to" not in table.wrong:
        table.note("to", "there is no address; write a list of them")
    for key, addresses in (("from", [str(settings["from"])]), ("to", list(to))):
        for address in addresses:
            if address and not _is_mail(address):
                table.note(key, f'{address!r} is no address of mail, like "desk@example.org" or "The desk <desk@example.org>"')
    if settings["username"] and not settings["password_env"]:
        table.note("password_env", "is missing: it names the environment variable that holds the password of username")
    if settings["username"] and security == "none":
        table.note("security", "the password would go over the network in the clear; use starttls or tls")
    return ", ".join(to), settings


def _is_mail(address: str) -> bool:
    name, bare = parseaddr(address)
    alone = address in (bare, f"<{bare}>") or address.endswith(f" <{bare}>")
    return alone and bool(_MAIL.fullmatch(bare)) and bare.isascii() and name.isprintable() and address.isprintable()


def _read_webhook(table: _Table, base: Path) -> tuple[str, dict[str, Any]]:
    settings = {
        "url_env": _variable(table, "url_env", needed=False),
        "secret_env": _variable(table, "secret_env", needed=False),
        "allow_private_addresses": table.flag("allow_private_addresses", False),
    }
    if settings["url_env"]:
        if "url" in table.values:
            table.note("url", "there is a url_env as well; one of them is enough")
            table.skip("url")
        return "", settings
    return table.address("url"), settings


def _read_apprise(table: _Table, base: Path) -> tuple[str, dict[str, Any]]:
    settings = {
        "urls_env": _variable(table, "urls_env", needed=True),
        "allow_private_addresses": table.flag("allow_private_addresses", False),
    }
    return "", settings


def _read_feed(table: _Table, base: Path) -> tuple[str, dict[str, Any]]:
    path = table.path("file", base)
    settings = {"title": table.text("title", ""), "url": table.address("url") if "url" in table.values else ""}
    if "file" not in table.wrong and path.is_dir():
        table.note("file", f"{str(path)!r} is a folder; name a file in it")
    return str(path), settings


_READ = {
    "file": _read_file,
    "log": _read_log,
    "email": _read_mail,
    "webhook": _read_webhook,
    "apprise": _read_apprise,
    "atom": _read_feed,
    "jsonfeed": _read_feed,
}


def read_desk(table: _Table) -> DeskSettings:
    """Reads the table [desk]."""
    address = table.address("address") if "address" in table.values else ""
    settings = DeskSettings(address, _variable(table, "secret_env", needed=bool(address)))
    table.finish()
    return settings


def _variable(table: _Table, key: str, *, needed: bool) -> str:
    name = table.text(key) if needed else table.text(key, "")
    if name and not _VARIABLE.fullmatch(name):
        # A secret that was written here by mistake is not shown.
        table.note(key, 'names an environment variable, like "DESK_SECRET"; what is written here is none')
    return name


def _zone(table: _Table) -> tzinfo:
    name = table.text("timezone", "UTC")
    try:
        return ZoneInfo(name)
    except (ValueError, OSError) as error:  # ZoneInfoNotFoundError is a KeyError
        table.note("timezone", f'{name!r} is no time zone, like "Europe/Berlin" ({type(error).__name__})')
    except KeyError:
        table.note("timezone", f'{name!r} is no time zone, like "Europe/Berlin"')
    return UTC


def _quiet(table: _Table) -> QuietHours | None:
    zone = _zone(table)
    said = table.text("quiet_hours", "")
    if not said:
        return None
    found = _CLOCK.fullmatch(said)
    try:
        if found:
            hours = [int(g) for g in found.groups()]
            return QuietHours(time(hours[0], hours[1]), time(hours[2] % 24, hours[3]), zone)
    except ValueError:
        pass
    table.note("quiet_hours", f'{said!r} is no time of the day, like "22:00-07:00"')
    return None


def _moment(table: _Table, key: str) -> datetime | None:
    value = table.moment(key)
    if value is None:
        return None
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    zone = _zone(table)
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
