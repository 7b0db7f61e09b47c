"""Message → e-mail: over SMTP with TLS, as text and HTML, with the headers by which mail programs sort, thread and stay silent.

One message goes to all addresses of its channel in one transaction. Where a server takes it for some of them, the receipt of those
is kept, and only the others get it at the next try.
"""

from __future__ import annotations

import base64
import os
import smtplib
import ssl
from collections.abc import Mapping
from datetime import UTC
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipeline.errors import DeliveryError
from pipeline.model import Channel
from pipeline.notify.message import Message
from pipeline.notify.secrets import scrubbed, secret

STARTTLS, TLS, NONE = "starttls", "tls", "none"
SECURITY = (STARTTLS, TLS, NONE)
PORTS = {STARTTLS: 587, TLS: 465, NONE: 25}
"""RFC 8314 section 3.3 and RFC 6409: submission with TLS from the start, with STARTTLS, and relaying."""
TIMEOUT_SECONDS = 30.0
_SIGNED_IN, _GO_ON = 235, 334
"""RFC 4954."""
_ALERTS_NAMED = 50
_LONGEST_LINE = 60
"""Characters that a display name may have in a header."""


def send(message: Message, channel: Channel) -> str:
    """Sends a message and gives who took it; raises DeliveryError, transient for what RFC 5321 calls so (4yz) and for connections."""
    settings = channel.settings
    password = secret(settings["password_env"], channel.name) if settings.get("password_env") else ""
    to = tuple(settings["to"])
    have = tuple(address for address in to if address in message.earlier.split())
    rest = [address for address in to if address not in have]
    if not rest:
        return " ".join(have)
    try:
        with _connected(channel, password) as server:
            refused = server.send_message(compose(message, channel), _bare(settings["from"]), [_bare(a) for a in rest])
            answer = "taken by " + settings["host"]
    except smtplib.SMTPRecipientsRefused as problem:
        # Nobody got it.
        raise _refusal(problem.recipients, channel, password, " ".join(have)) from problem
    except smtplib.SMTPResponseException as problem:
        said = f"{settings['host']} said {problem.smtp_code} {_words(problem.smtp_error)}"
        # A password that is not taken may be put right, and then the message is not lost.
        lasting = problem.smtp_code >= 500 and not isinstance(problem, smtplib.SMTPAuthenticationError | smtplib.SMTPConnectError)
        raise DeliveryError(scrubbed(said, [password]), about=channel.name, transient=not lasting) from problem
    except (smtplib.SMTPException, OSError, ValueError) as problem:
        # A ValueError is what no host can be called, or what is no SMTP.
        mend = "; check its host, username and password" if isinstance(problem, ValueError) else ""
        said = scrubbed(f"{settings['host']} cannot be sent to: {str(problem) or type(problem).__name__}{mend}", [password])
        raise DeliveryError(said, about=channel.name) from problem
    if refused:
        taken = [a for a in to if _bare(a) not in refused]
        raise _refusal(refused, channel, password, " ".join(taken))
    return f"{answer}: {' '.join(to)}"


def _connected(channel: Channel, password: str) -> smtplib.SMTP:
    """Connects, with TLS where the channel says so, and signs in; a server without STARTTLS gets nothing."""
    settings = channel.settings
    security = settings.get("security", STARTTLS)
    host, port = settings["host"], settings.get("port") or PORTS[security]
    server: smtplib.SMTP
    if security == TLS:
        server = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=_trust(settings))
    else:
        server = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
    try:
        if security == STARTTLS:
            server.starttls(context=_trust(settings))
        if settings.get("username"):
            _sign_in(server, settings["username"], password)
    except BaseException:
        server.close()
        raise
    return server


def _sign_in(server: smtplib.SMTP, user: str, password: str) -> None:
    """Signs in by the ways of smtplib, which know ASCII alone, or in UTF-8, as RFC 4616 has it; raises SMTPException."""
    if (user + password).isascii():
        server.login(user, password)
        return
    server.ehlo_or_helo_if_needed()
    ways = server.esmtp_features.get("auth", "").upper().split()
    if "PLAIN" in ways:
        code, said = server.docmd("AUTH", f"PLAIN {_base64(f'{chr(0)}{user}{chr(0)}{password}')}")
    elif "LOGIN" in ways:
        code, said = server.docmd("AUTH", f"LOGIN {_base64(user)}")
        if code == _GO_ON:
            code, said = server.docmd(_base64(password))
    else:
        raise smtplib.SMTPNotSupportedError(
            "a name or password that is not ASCII needs AUTH PLAIN or LOGIN, which it does not offer: set another one"
        )
    if code != _SIGNED_IN:
        raise smtplib.SMTPAuthenticationError(code, said)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _trust(settings: Mapping[str, Any]) -> ssl.SSLContext:
    """Gives the authorities that a server's certificate must come from: those of the channel, or of the system."""
    system = ssl.get_default_verify_paths()
    authorities = settings.get("ca_file") or system.cafile or system.capath or os.devnull
    try:
        changed = Path(authorities).stat().st_mtime_ns
    except OSError:  # a missing file is told of by those who read it
        changed = 0
    return _context(settings.get("ca_file") or "", changed)


@lru_cache(maxsize=8)
def _context(ca_file: str, changed: int) -> ssl.SSLContext:
    """Reading the hundred and more authorities of a system takes 20 ms, several times as long as all else that a mail takes."""
    return ssl.create_default_context(cafile=ca_file or None)


def _refusal(refused: dict[str, tuple[int, bytes]], channel: Channel, password: str, taken: str) -> DeliveryError:
    said = "; ".join(f"{address} was refused: {code} {_words(why)}" for address, (code, why) in sorted(refused.items()))
    again = any(code < 500 for code, _ in refused.values())
    return DeliveryError(scrubbed(said, [password]), about=channel.name, transient=again, taken=taken)


def _words(said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:300]


def compose(message: Message, channel: Channel) -> EmailMessage:
    """Gives the message as mail: RFC 5322, with List-Id (RFC 2919), Auto-Submitted (RFC 3834) and the headers of its thread."""
    mail = EmailMessage(policy=SMTP)
    sender = channel.settings["from"]
    domain = _bare(sender).rpartition("@")[2] or "localhost"
    first = message.thread and message.thread != message.id
    mail["From"] = _address(sender)
    mail["To"] = [_address(address) for address in channel.settings["to"]]
    mail["Subject"] = _line(f"Re: {message.thread_subject}" if first and message.thread_subject else message.subject)
    mail["Date"] = format_datetime(message.made.astimezone(UTC))
    mail["Message-ID"] = f"<{message.id}@{domain}>"
    if first:
        mail["In-Reply-To"] = mail["References"] = f"<{message.thread}@{domain}>"
    mail["List-Id"] = f"{_name(channel.name)} <{channel.settings.get('list_id') or f'{_label(channel.name)}.pipeline.{domain}'}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail["X-Pipeline-Kind"] = _line(message.kind)
    if ids := [alert["id"] for alert in message.document.get("alerts", ())]:
        mail["X-Pipeline-Alert"] = " ".join(ids[:_ALERTS_NAMED])
    if message.severity == "high":
        mail["Importance"] = "high"
    mail.set_content(_whole(message.text or message.markdown), cte="quoted-printable")
    if message.html:
        mail.add_alternative(_whole(message.html), subtype="html", cte="quoted-printable")
    return mail


def _whole(text: str) -> str:
    """Text without half characters, which no mail can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _line(text: str) -> str:
    """A header is one line, whatever came in: a line break in it would begin another header."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _name(name: str) -> str:
    kept = "".join(c for c in name if c.isascii() and (c.isalnum() or c in " ._-"))
    return f'"{_line(kept)[:_LONGEST_LINE] or "pipeline"}"'


def _label(name: str) -> str:
    """A name as a label of a domain.

    >>> _label("Desk (Ülm) 2"), _label("…")
    ('desk-lm-2', 'alerts')
    """
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in name.lower() if c.isascii())
    return "-".join(part for part in kept.split("-") if part)[:_LONGEST_LINE] or "alerts"


def _bare(address: str) -> str:
    return parseaddr(address)[1]


def _address(address: str) -> Address:
    name, bare = parseaddr(address)
    return Address(_line(name), addr_spec=bare)
