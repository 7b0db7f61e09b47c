"""Signed links: an address that lets whoever has it act on one alert, or on those of one message, and on nothing else, until a day.

It makes and checks addresses. It opens no page and knows no secret of its own: the key comes in. A link that was looked at has done
nothing yet, because mail programs and scanners open links by themselves: acting takes a POST.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

LASTS = timedelta(days=90)
"""How long a link works from the day on which its alert was raised."""
_SIGNATURE_BYTES = 16


@dataclass(frozen=True, slots=True)
class Desk:
    """Where alerts can be acted on: the address of `pipeline desk` as readers reach it, and the key that signs."""

    address: str
    key: str


@dataclass(frozen=True, slots=True)
class Pass:
    """What a link lets its holder do: act on an alert, or on all of a message, in the name of the channel that carried it."""

    kind: str
    id: str
    channel: str


ALERT, MESSAGE = "alert", "message"


def link(desk: Desk, id: str, channel: str, raised: datetime, kind: str = ALERT) -> str:
    """Gives the address that lets the readers of a channel act on an alert, or on all alerts of a message.

    >>> desk = Desk("https://desk.example/", "key")
    >>> address = link(desk, "ab12", "mail", datetime(2025, 5, 14, tzinfo=UTC))
    >>> address[:61]
    'https://desk.example/alert/ab12?for=mail&until=20250812&sign='
    """
    until = f"{(raised + LASTS).astimezone(UTC):%Y%m%d}"
    query = urlencode({"for": channel, "until": until, "sign": _sign(desk.key, kind, id, channel, until)})
    return f"{desk.address.rstrip('/')}/{kind}/{quote(id, safe='')}?{query}"


def check(key: str, kind: str, id: str, query: Mapping[str, str], now: datetime) -> Pass | None:
    """Gives what a link allows; None for one that is too old, or that this key did not sign."""
    channel, until = query.get("for", ""), query.get("until", "")
    signed = hmac.compare_digest(_sign(key, kind, id, channel, until).encode(), query.get("sign", "").encode("utf-8", "replace"))
    return Pass(kind, id, channel) if signed and until >= f"{now.astimezone(UTC):%Y%m%d}" else None


def _sign(key: str, kind: str, *parts: str) -> str:
    # Those for alerts came first, and are in people's mail: they are signed without their kind.
    said = "\0".join(parts if kind == ALERT else (f"{kind}:{parts[0]}", *parts[1:])).encode("utf-8", "replace")
    signature = hmac.new(key.encode("utf-8", "replace"), said, hashlib.sha256).digest()[:_SIGNATURE_BYTES]
    return base64.urlsafe_b64encode(signature).decode().rstrip("=")
