"""A mail server on 127.0.0.1 that keeps what it takes, for everything that sends mail.

    with MailSink() as sink:
        ... send to 127.0.0.1, sink.port ...
        assert sink.taken[0].mail["Subject"] == "…"

What it answers is a test's to say: `sink.answers` is asked for each recipient and each message, and an answer that does not begin with 2
is a refusal. With `tls` it offers STARTTLS under a certificate that it makes for itself.
"""

from __future__ import annotations

import email
import email.policy
import socket
import ssl
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass(frozen=True)
class Taken:
    """A message that was taken: for whom, and what it was."""

    to: tuple[str, ...]
    mail: EmailMessage
    raw: bytes

    @property
    def text(self) -> str:
        part = self.mail.get_body(("plain",))
        assert isinstance(part, EmailMessage)
        return str(part.get_content())

    @property
    def html(self) -> str:
        part = self.mail.get_body(("html",))
        assert isinstance(part, EmailMessage)
        return str(part.get_content())


class MailSink:
    """A server that is up while its `with` block lasts."""

    def __init__(self, *, tls: Path | None = None, password: str = "") -> None:
        self.taken: list[Taken] = []
        self.answers: Callable[[str], str] = lambda about: "250 OK"
        self.certificate: Path | None = None
        sink = self
        more: dict[str, Any] = {}
        if tls is not None:
            self.certificate, key = make_certificate(tls)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate, key)
            more |= {"tls_context": context, "require_starttls": True}
        if password:
            more |= {"auth_required": True, "auth_require_tls": tls is not None, "authenticator": _Authenticator(password)}

        class Handler:
            async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
                answer = sink.answers(address)
                if answer.startswith("2"):
                    envelope.rcpt_tos.append(address)
                return answer

            async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
                raw = envelope.content if isinstance(envelope.content, bytes) else b""
                answer = sink.answers("DATA")
                if answer.startswith("2"):
                    mail = email.message_from_bytes(raw, policy=email.policy.default)
                    assert isinstance(mail, EmailMessage)
                    sink.taken.append(Taken(tuple(envelope.rcpt_tos), mail, raw))
                return answer

        # Its controller cannot be told to take any port that is free.
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self._controller = Controller(Handler(), hostname="127.0.0.1", port=self.port, **more)

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._controller.stop()


class _Authenticator:
    def __init__(self, password: str) -> None:
        self._password = password.encode()

    def __call__(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        good = isinstance(data, LoginPassword) and data.password == self._password
        return AuthResult(success=good, handled=False)


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Makes a certificate for 127.0.0.1 that signs itself, and its key."""
    certificate, key = folder / "sink.pem", folder / "sink.key"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([*command.split(), "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    return certificate, key
