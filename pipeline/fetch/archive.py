"""Keeps what was fetched as WARC files (ISO 28500), and reads from them in the network's place: the basis of replays and tests.

Bodies are kept as they were read, unpacked; the headers that told how they were packed keep their values under other names, as web
archives do. It is no cache: nothing that was kept changes what is fetched. It needs `warcio` (the extra "archive").
"""

from __future__ import annotations

import io
import os
import threading
import zlib
from collections import defaultdict
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urljoin, urlsplit

from pipeline import __version__
from pipeline.errors import FetchError, StoreError, Trouble, UsageError, install
from pipeline.fetch.client import MOST_REDIRECTS, Headers
from pipeline.fetch.values import Outcome, PageRequest, Unchanged
from pipeline.model import Page

_PACKED = {"content-encoding", "transfer-encoding", "content-length"}
_AS_IT_WAS = "x-archive-orig-"
_NOT_MODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class ArchiveSettings:
    """Where what is fetched is kept; a new file begins where one has grown to so many megabytes (1 000 000 bytes)."""

    folder: Path
    megabytes: float = 1000.0


class Archive:
    """Writes WARC files; `keep` is the tape of a `Fetcher`. The file at work ends in `.open`, and is renamed when it is closed.

    Raises UsageError where `warcio` is not installed, and StoreError where the folder cannot be written.
    """

    def __init__(self, settings: ArchiveSettings) -> None:
        _needs_warcio()
        self._settings = settings
        self._lock = threading.Lock()
        self._file: io.BufferedWriter | None = None
        self._writer: Any = None
        self._path = Path()
        self._number = 0
        try:
            settings.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"the folder of the archive cannot be made ({error.strerror})", about=str(settings.folder)) from error

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def keep(self, request: PageRequest, url: str, status: int, headers: Headers, body: bytes, at: datetime) -> None:
        """Writes a request and its answer. Raises StoreError where the disk does not take it."""
        from warcio.statusandheaders import StatusAndHeaders

        path = urlsplit(url)
        asked = [("Host", path.netloc)]
        asked += [("If-None-Match", request.etag)] if request.etag else []
        asked += [("If-Modified-Since", request.last_modified)] if request.last_modified else []
        line = (path.path or "/") + (f"?{path.query}" if path.query else "")
        phrase = next((f"{status} {known.phrase}" for known in HTTPStatus if known == status), str(status))
        given = [(f"{_AS_IT_WAS}{name}" if name in _PACKED else name, value) for name, value in headers]
        given.append(("content-length", str(len(body))))
        date = {"WARC-Date": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
        kind = "revisit" if status == 304 else "response"
        profile = {"WARC-Profile": _NOT_MODIFIED} if status == 304 else {}
        with self._lock:
            try:
                writer = self._open(at)
                answer = writer.create_warc_record(
                    url,
                    kind,
                    payload=io.BytesIO(body),
                    length=len(body),
                    http_headers=StatusAndHeaders(phrase, given, protocol="HTTP/1.1"),
                    warc_headers_dict=date | profile,
                )
                question = writer.create_warc_record(
                    url,
                    "request",
                    http_headers=StatusAndHeaders(f"GET {line} HTTP/1.1", asked, is_http_request=True),
                    warc_headers_dict=dict(date),
                )
                writer.write_request_response_pair(question, answer)
                assert self._file is not None
                if self._file.tell() >= self._settings.megabytes * 1_000_000:
                    self._finish()
            except OSError as error:
                raise StoreError(f"the archive cannot be written ({error.strerror})", about=str(self._path)) from error

    def close(self) -> None:
        """Closes the file at work; a second call does nothing."""
        with self._lock:
            self._finish()

    def _open(self, at: datetime) -> Any:
        from warcio.warcwriter import WARCWriter

        if self._file is None:
            self._number += 1
            name = f"pipeline-{at:%Y%m%d%H%M%S}-{os.getpid()}-{self._number:05d}.warc.gz"
            self._path = self._settings.folder / name
            self._file = self._path.with_name(name + ".open").open("wb")
            self._writer = WARCWriter(self._file, gzip=True, warc_version="1.1")
            about = {"software": f"pipeline/{__version__}", "format": "WARC File Format 1.1"}
            self._writer.write_record(self._writer.create_warcinfo_record(name, about))
        return self._writer

    def _finish(self) -> None:
        if self._file is not None:
            self._file.close()
            self._path.with_name(self._path.name + ".open").rename(self._path)
            self._file = None


@dataclass(frozen=True, slots=True)
class _Kept:
    at: datetime
    status: int
    path: Path
    offset: int


class Replay:
    """Answers from the WARC files of a folder as a `Fetcher` answers from the network; nothing is connected to.

    Of several answers of an address it gives the last, or the last up to the moment `at`. What is not there is a FetchError.
    Raises UsageError where `warcio` is not installed, or there is no such folder.
    """

    def __init__(self, folder: Path, at: datetime | None = None) -> None:
        _needs_warcio()
        if not folder.is_dir():
            raise UsageError("is no folder with WARC files", about=str(folder))
        self._at = at
        self._kept: dict[str, list[_Kept]] = defaultdict(list)
        self.unread: list[str] = []
        """Files that break off or are damaged; what stands before that is used."""
        for path in sorted((*folder.glob("*.warc"), *folder.glob("*.warc.gz"), *folder.glob("*.warc.gz.open"))):
            self._index(path)

    def __enter__(self) -> Replay:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._kept.clear()

    def hold(self, seconds: Mapping[str, float]) -> None:
        """No server is asked, so none has to be left alone."""

    def fetch(
        self, requests: Sequence[PageRequest], note: Callable[[Sequence[PageRequest]], None] | None = None
    ) -> Generator[tuple[PageRequest, Outcome], None, None]:
        """Yields every request with its outcome, in their order; `note` is told of each before."""
        for request in requests:
            if note is not None:
                note([request])
            yield request, self._outcome(request)

    def _outcome(self, request: PageRequest) -> Outcome:
        url, moved, for_good = request.url, "", True
        for _ in range(MOST_REDIRECTS + 1):
            kept = [k for k in self._kept.get(_bare(url), ()) if self._at is None or k.at <= self._at]
            if not kept:
                return FetchError("is not in the archive", about=request.url, transient=False, kind=Trouble.ABSENT)
            last = max(kept, key=lambda k: k.at)
            headers, body = _read(last)
            target = dict(headers).get("location", "")
            if last.status in _REDIRECTS and target:
                url = urljoin(url, target)
                for_good = for_good and last.status in {301, 308}
                moved = url if for_good else moved
                continue
            if not 200 <= last.status < 300:
                again = last.status >= 500 or last.status == 429
                return FetchError(f"answered {last.status}", about=request.url, status=last.status, transient=again, kind=Trouble.STATUS)
            same = dict(headers)
            if (request.etag and same.get("etag") == request.etag) or (
                not request.etag and request.last_modified and same.get("last-modified") == request.last_modified
            ):
                return Unchanged(request.url, headers, moved)
            return Page(request.url, url, last.status, headers, body, last.at, moved)
        return FetchError(f"more than {MOST_REDIRECTS} redirects", about=request.url, transient=False, kind=Trouble.REDIRECTS)

    def _index(self, path: Path) -> None:
        from warcio.archiveiterator import ArchiveIterator
        from warcio.exceptions import ArchiveLoadFailed

        try:
            with path.open("rb") as file:
                records = ArchiveIterator(file)
                for record in records:
                    url = record.rec_headers.get_header("WARC-Target-URI") or ""
                    if record.rec_type == "response" and record.http_headers is not None:
                        offset = records.get_record_offset()
                        status = int(record.http_headers.get_statuscode() or 0)
                        self._kept[_bare(url)].append(_Kept(_date(record.rec_headers.get_header("WARC-Date")), status, path, offset))
        except (ArchiveLoadFailed, OSError, EOFError, ValueError, zlib.error) as error:
            self.unread.append(f"{path.name}: {error}")


def _read(kept: _Kept) -> tuple[Headers, bytes]:
    from warcio.archiveiterator import ArchiveIterator

    with kept.path.open("rb") as file:
        file.seek(kept.offset)
        record = next(iter(ArchiveIterator(file)))
        headers = tuple((name.lower().removeprefix(_AS_IT_WAS), value) for name, value in record.http_headers.headers)
        return headers, record.content_stream().read()


def _bare(url: str) -> str:
    return url.strip().partition("#")[0]


def _date(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _needs_warcio() -> None:
    try:
        import warcio  # noqa: F401
    except ImportError as error:
        raise UsageError(f"an archive needs another package: {install('archive')}") from error
