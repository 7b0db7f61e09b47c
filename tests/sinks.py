"""A mail server on 127.0.0.1 that keeps what it takes, for everything that sends mail.

    with MailSink() as sink:
        ... send to 127.0.0.1, sink.port ...
        assert sink.taken[0].mail["Subject"] == "…"

What it answers is a test's to say: `sink.answers` is asked for each recipient and each message, and an answer that does not begin with 2
is a refusal. With `tls`, a folder, it offers STARTTLS; `certificate` is that of its authority. Who signs in does so by one of `ways`.
"""

from __future__ import annotations

import email
import email.policy
import socket
import ssl
from collections.abc import Callable, Collection
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import trustme
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

    def __init__(self, *, tls: Path | None = None, password: str = "", ways: Collection[str] = ("PLAIN", "LOGIN")) -> None:
        self.taken: list[Taken] = []
        self.answers: Callable[[str], str] = lambda about: "250 OK"
        self.certificate: Path | None = None
        sink = self
        more: dict[str, Any] = {}
        if tls is not None:
            authority, self.certificate = trustme.CA(), tls / "authority.pem"
            authority.cert_pem.write_to_path(self.certificate)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert("127.0.0.1").configure_cert(context)
            more |= {"tls_context": context, "require_starttls": True}
        if password:
            more |= {"auth_required": True, "auth_require_tls": tls is not None, "authenticator": _Authenticator(password)}
            more |= {"auth_exclude_mechanism": {"PLAIN", "LOGIN"} - {*ways}}

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
