"""Message → webhook after the Standard Webhooks specification: a signed POST of JSON with an id, the moment of the try and a signature.

The guard of `fetch` holds here too: only web addresses, and none on a private network unless the channel allows it; redirects are not
followed. The receiver drops repeats by their id. https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import time
from datetime import UTC
from functools import partial
from http import HTTPStatus
from urllib.parse import urlsplit

import aiohttp

from pipeline.errors import DeliveryError
from pipeline.fetch import user_agent
from pipeline.fetch.client import retry_after
from pipeline.fetch.guard import Refused, guarded
from pipeline.fetch.lookup import Lookup
from pipeline.model import Channel
from pipeline.notify.message import Message
from pipeline.notify.secrets import scrubbed, secret
from pipeline.text import json_text

TIMEOUT_SECONDS = 20.0
"""The specification asks senders to wait for 15 to 30 seconds."""
_LASTING = frozenset({400, 405, 406, 410, 411, 413, 414, 415, 422})
"""Answers that another try of the same message will get again; 410 asks never to come back. All else may be mended at the other end."""
_ANSWER_BYTES = 200


def post(message: Message, channel: Channel) -> str:
    """Posts a message and gives the answer's status; raises DeliveryError, with the pause that a Retry-After asks for."""
    settings = channel.settings
    secrets = secret(settings["secret_env"], channel.name).split() if settings.get("secret_env") else []
    url = secret(settings["url_env"], channel.name) if settings.get("url_env") else channel.target
    host = _host(url, channel)
    told = {"type": message.kind, "timestamp": message.made.astimezone(UTC).isoformat(), "data": dict(message.document)}
    body = json_text(told, indent=None).encode()
    at = int(time.time())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": user_agent(),
        "webhook-id": f"msg_{message.id}",
        "webhook-timestamp": str(at),
    }
    try:
        if secrets:
            headers["webhook-signature"] = " ".join(sign(key, headers["webhook-id"], at, body) for key in secrets)
        status, answer, again_after = asyncio.run(_post(url, body, headers, allow_private=bool(settings.get("allow_private_addresses"))))
    except aiohttp.InvalidURL as problem:
        raise _no_address(channel) from problem
    except (aiohttp.ClientError, OSError, ValueError) as problem:
        reason = getattr(problem, "os_error", None) or problem
        late = isinstance(problem, TimeoutError) and not str(problem)
        said = f"no complete answer within {TIMEOUT_SECONDS:g} seconds" if late else str(reason) or type(reason).__name__
        if isinstance(reason, Refused):
            said = "its address is private or never fetched; allow_private_addresses = true allows private networks"
        lasting = isinstance(reason, Refused)
        raise DeliveryError(scrubbed(f"{host}: {said}", [url, *secrets]), about=channel.name, transient=not lasting) from problem
    if 200 <= status < 300:
        return f"{status} {_phrase(status)}".strip()
    said = scrubbed(f"{host} answered {status} {_phrase(status)}{f': {answer}' if answer else ''}", [url, *secrets])
    lasting = status in _LASTING or 300 <= status < 400
    raise DeliveryError(said, about=channel.name, transient=not lasting, retry_seconds=retry_after(*again_after))


async def _post(url: str, body: bytes, headers: dict[str, str], *, allow_private: bool) -> tuple[int, str, tuple[str, str]]:
    async with asyncio.timeout(TIMEOUT_SECONDS):
        connector = aiohttp.TCPConnector(resolver=Lookup(), socket_factory=partial(guarded, allow_private=allow_private))
        async with (
            aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None)) as session,
            session.post(url, data=body, headers=headers, allow_redirects=False) as response,
        ):
            answer = await response.content.read(_ANSWER_BYTES)
            words = "".join(c if c.isprintable() else " " for c in answer.decode("utf-8", "replace"))
            asked = response.headers.get("Retry-After", ""), response.headers.get("Date", "")
            return response.status, " ".join(words.split()), asked


def sign(key: str, id: str, at: int, body: bytes) -> str:
    """Gives the signature of a message: HMAC-SHA256 of id, seconds and body under the key ("whsec_" and base64), as "v1,…".

    Raises ValueError for a key that is no base64. The example is the specification's own.

    >>> sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    try:
        bare = base64.b64decode(key.removeprefix("whsec_"), validate=True)
    except ValueError as problem:  # binascii.Error, or another one for what is not ASCII
        raise ValueError(
            'the signing secret is not base64: make one with `head -c 32 /dev/urandom | base64`, "whsec_" before it'
        ) from problem
    signed = hmac.new(bare, f"{id}.{at}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"


def _host(url: str, channel: Channel) -> str:
    try:
        parts = urlsplit(url)
    except ValueError as problem:  # "http://[::1" has no end to its host
        raise _no_address(channel) from problem
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise _no_address(channel)
    return parts.hostname


def _no_address(channel: Channel) -> DeliveryError:
    """Another try finds it where it was put right."""
    where = channel.settings.get("url_env")
    mend = f"the environment variable {where}" if where else "its url"
    return DeliveryError(f"its address is none of the web: {mend} must be like https://hooks.example.org/x", about=channel.name)


def _phrase(status: int) -> str:
    return next((known.phrase for known in HTTPStatus if known == status), "")
