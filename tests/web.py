"""A small threaded web server on 127.0.0.1 whose answers a test writes down, for everything that speaks HTTP.

    with Site() as site:
        site.put("/feed.xml", b"<rss/>", type="application/rss+xml", headers={"ETag": '"1"'})
        site.on("/late", lambda asked: site.hang())
        ... fetch site.url("/feed.xml") ...
        assert site.asked("/feed.xml")[0].headers["user-agent"]

It answers 404 for what was not put, keeps every request in the order of arrival, and lets hanging answers go when it closes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any


@dataclass(frozen=True)
class Asked:
    """A request as it arrived; `headers` has lower-case names, `path` keeps its query."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    """`body` may be an iterable of pieces, sent as they come; `length` is sent instead of the true length, -1 sends none."""

    body: bytes | Iterable[bytes] = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None


class Site:
    """A server that is up while its `with` block lasts."""

    def __init__(self) -> None:
        self.requests: list[Asked] = []
        self.closing = threading.Event()
        self.most_at_once = 0
        self._at_once = 0
        self._counting = threading.Lock()
        self._answers: dict[str, Callable[[Asked], Answer]] = {}
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                asked = Asked(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                with site._counting:
                    site.requests.append(asked)
                    site._at_once += 1
                    site.most_at_once = max(site.most_at_once, site._at_once)
                try:
                    self._send(site.answer(asked))
                except ConnectionError:
                    self.close_connection = True
                finally:
                    with site._counting:
                        site._at_once -= 1

            do_POST = do_GET

            def _send(self, answer: Answer) -> None:
                pieces = [answer.body] if isinstance(answer.body, bytes) else answer.body
                length = answer.length
                if length is None:
                    length = len(answer.body) if isinstance(answer.body, bytes) else -1
                self.send_response_only(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                if length >= 0:
                    self.send_header("Content-Length", str(length))
                self.end_headers()
                for piece in pieces:
                    self.wfile.write(piece)

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Site:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def url(self, path: str = "/") -> str:
        return self.base + path

    def asked(self, path: str) -> list[Asked]:
        """The requests for a path, whatever their query."""
        return [r for r in list(self.requests) if r.path.split("?")[0] == path]

    def put(
        self,
        path: str,
        body: bytes | str | Iterable[bytes] = b"",
        *,
        status: int = 200,
        type: str = "text/html; charset=utf-8",
        headers: Mapping[str, str] | None = None,
        length: int | None = None,
    ) -> str:
        """Writes down what a path answers (again and again) and gives its address."""
        content = body.encode() if isinstance(body, str) else body
        answer = Answer(content, status, {"Content-Type": type, **(headers or {})}, length)
        self._answers[path] = lambda asked: answer
        return self.url(path)

    def on(self, path: str, answer: Callable[[Asked], Answer]) -> str:
        """Lets a function answer for a path and gives its address."""
        self._answers[path] = answer
        return self.url(path)

    def redirect(self, path: str, to: str, status: int = 302) -> str:
        return self.put(path, status=status, headers={"Location": to})

    def hang(self) -> Answer:
        """Answers only when the site closes."""
        self.closing.wait(60)
        raise ConnectionAbortedError

    def drip(self, piece: bytes = b".", seconds: float = 0.05) -> Iterable[bytes]:
        """A body that comes piece by piece until the site closes."""
        while not self.closing.wait(seconds):
            yield piece

    def answer(self, asked: Asked) -> Answer:
        found = self._answers.get(asked.path) or self._answers.get(asked.path.split("?")[0])
        return found(asked) if found else Answer(b"nothing here", 404, {"Content-Type": "text/plain"})
