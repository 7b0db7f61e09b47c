"""A server on 127.0.0.1 that does everything wrong, byte by byte: each path is a function that writes to the open socket.

with Hole({"/drip": drip}) as hole:
    ... fetch hole.url("/drip") ...
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Mapping
from types import TracebackType

import brotli

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
CLOSED = b"Connection: close\r\n\r\n"


class Hole:
    """The server, up while its `with` block lasts. `closing` is set when it ends, so that endless answers end too."""

    def __init__(self, behaviours: Mapping[str, Callable[[Hole, socket.socket], None]], tls: ssl.SSLContext | None = None) -> None:
        self._behaviours, self._tls = behaviours, tls
        self.closing = threading.Event()
        self.connections = 0
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}"

    def __enter__(self) -> Hole:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.closing.set()
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.settimeout(20)
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            asked = b""
            while b"\r\n\r\n" not in asked:
                piece = connection.recv(4096)
                if not piece:
                    return
                asked += piece
                if asked[:1] == b"\x16":  # a client that begins with TLS waits for an answer in kind
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                    return
            path = asked.split(b" ")[1].decode("latin-1")
            self._behaviours.get(path.partition("?")[0], plain)(self, connection)


def plain(hole: Hole, to: socket.socket) -> None:
    to.sendall(HEAD + b"Content-Length: 2\r\n" + CLOSED + b"ok")


def says(raw: bytes) -> Callable[[Hole, socket.socket], None]:
    """Sends some bytes and closes."""
    return lambda hole, to: to.sendall(raw)


def repeats(head: bytes, piece: bytes, seconds: float = 0.0) -> Callable[[Hole, socket.socket], None]:
    """Sends a piece over and over, with a pause between, until the server closes."""

    def answer(hole: Hole, to: socket.socket) -> None:
        to.sendall(head)
        while not hole.closing.wait(seconds) if seconds else not hole.closing.is_set():
            to.sendall(piece)

    return answer


def silent(hole: Hole, to: socket.socket) -> None:
    hole.closing.wait(30)


def redirects(location: str, status: int = 302, more: bytes = b"") -> Callable[[Hole, socket.socket], None]:
    """Redirects to a place, in which {port} stands for the server's own."""

    def answer(hole: Hole, to: socket.socket) -> None:
        place = location.replace("{port}", str(hole.port)).encode()
        to.sendall(b"HTTP/1.1 %d Moved\r\nLocation: %s\r\n" % (status, place) + (more or b"Content-Length: 0\r\n" + CLOSED))

    return answer


def gzip_bomb() -> Callable[[Hole, socket.socket], None]:
    """An endless gzip stream of zeros, a thousand times as large unpacked: each piece ends in a full flush, so it can be repeated."""
    packer = zlib.compressobj(9, wbits=-15)
    piece = packer.compress(b"\0" * 1_000_000) + packer.flush(zlib.Z_FULL_FLUSH)
    return repeats(HEAD + b"Content-Encoding: gzip\r\n" + CLOSED + b"\x1f\x8b\x08\0\0\0\0\0\0\x03", piece)


def brotli_bomb(megabytes: int = 400) -> Callable[[Hole, socket.socket], None]:
    packer = brotli.Compressor(quality=1)
    packed = b"".join(packer.process(b"\0" * 1_000_000) for _ in range(megabytes)) + packer.finish()
    return says(HEAD + b"Content-Encoding: br\r\n" + CLOSED + packed)


def zstd_bomb(megabytes: int = 400) -> Callable[[Hole, socket.socket], None]:
    from backports import zstd

    packer = zstd.ZstdCompressor()
    packed = b"".join(packer.compress(b"\0" * 1_000_000) for _ in range(megabytes)) + packer.flush()
    return says(HEAD + b"Content-Encoding: zstd\r\n" + CLOSED + packed)
