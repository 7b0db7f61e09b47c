"""One address at a time: follows it to its page over a connection that is kept, guarded at every hop, and reads it up to the cap.

It knows neither who waits nor for how long: deadlines, limits of hosts and robots.txt are settled by the callers. It keeps no
cookies from one fetch to the next and tries nothing twice.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import aiohttp
from yarl import URL

from pipeline.errors import FetchError, Trouble
from pipeline.fetch.guard import Refused, guarded, refusal
from pipeline.fetch.lookup import Lookup
from pipeline.fetch.values import FetchSettings, PageRequest, Unchanged, site
from pipeline.model import Page

Headers = tuple[tuple[str, str], ...]
Tape = Callable[[PageRequest, str, int, Headers, bytes, datetime], None]
"""Told of each answer as it came, hop by hop: the request, the address asked, its status, headers and body."""
Ask = Callable[[URL, PageRequest], Awaitable[None]]

MOST_REDIRECTS = 10
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_FOR_GOOD = frozenset({301, 308})
_WORTH_ANOTHER_TRY = frozenset({408, 421, 423, 425, 429, 500, 502, 503, 504})
_DNS_SECONDS = 300
_LONGEST_HEADER = 64_000  # aiohttp stops at 8190, which the content security policies of some newspapers exceed
LONGEST_RETRY_AFTER = 31 * 86_400.0
"""A server that asks to be left alone for longer than a month has made a mistake: seconds for milliseconds, mostly."""


class Client:
    """A session with its connections; it belongs to the thread of its event loop. `tape` is told of every answer."""

    def __init__(self, settings: FetchSettings, tape: Tape | None = None) -> None:
        self._settings = settings
        self._tape = tape
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def follow(self, request: PageRequest, ask: Ask | None = None, *, cut_at: int = 0) -> Page | Unchanged:
        """Follows an address to its page; `ask` may refuse each hop. `cut_at` takes the beginning of a longer body.

        Raises FetchError.
        """
        url = _checked(request.url, request.url)
        headers = _conditions(request)
        cookies: aiohttp.CookieJar | None = None  # some publishers redirect in circles until their cookie comes back
        moved, for_good = "", True
        for _ in range(MOST_REDIRECTS + 1):
            if ask is not None:
                await ask(url, request)
            if self._settings.proxy:
                await self._guard_target(url, request)
            sent = cookies.filter_cookies(url) if cookies is not None else None
            try:
                async with self._open().get(url, headers=headers, cookies=sent, allow_redirects=False) as response:
                    target = response.headers.get("Location", "") if response.status in _REDIRECTS else ""
                    if not target:
                        return await self._answer(request, response, moved, cut_at)
                    if "Set-Cookie" in response.headers:
                        cookies = aiohttp.CookieJar() if cookies is None else cookies
                        cookies.update_cookies(response.cookies, response.url)
                    self._keep(request, response, b"")
                    there = _checked(_joined(response.url, target), request.url)
                    for_good = for_good and response.status in _FOR_GOOD
                    moved = str(there) if for_good else moved
                    if there.host == url.host and there.origin() != url.origin():
                        response.close()  # from http to https: the connection left open would count against the host
                    url = there
            except (aiohttp.ClientError, OSError, ValueError) as error:
                raise _translated(error, url, request.url) from error
        raise FetchError(f"more than {MOST_REDIRECTS} redirects", about=request.url, transient=False, status=302, kind=Trouble.REDIRECTS)

    async def _answer(self, request: PageRequest, response: aiohttp.ClientResponse, moved: str, cut_at: int) -> Page | Unchanged:
        status = response.status
        headers = tuple((name.decode("latin-1").lower(), _readable(value)) for name, value in response.raw_headers)
        if status == 304 and (request.etag or request.last_modified) and _conditions(request):
            if self._tape:
                self._keep(request, response, b"", headers)
            return Unchanged(request.url, headers, moved)
        if not 200 <= status < 300:
            if self._tape:
                self._keep(request, response, b"", headers)
            phrase = next((f" {known.phrase}" for known in HTTPStatus if known == status), "")
            raise FetchError(
                f"answered {status}{phrase}",
                about=request.url,
                transient=status in _WORTH_ANOTHER_TRY or (status >= 500 and not phrase),
                status=status,
                kind=Trouble.STATUS,
                retry_after=retry_after(response.headers.get("Retry-After", ""), response.headers.get("Date", "")),
                host=site(response.url),
            )
        limit = cut_at or int(self._settings.max_body_megabytes * 1_000_000)
        told = response.content_length or 0
        pieces: list[bytes] = []
        size = 0
        if cut_at or told <= limit:
            while piece := await response.content.readany():
                pieces.append(piece)
                size += len(piece)
                if size > limit:
                    response.close()  # what else is on its way is not waited for
                    break
        if not cut_at and max(size, told) > limit:
            response.close()
            megabytes = self._settings.max_body_megabytes
            raise FetchError(
                f"is larger than {megabytes:g} MB (max_body_megabytes in [fetch])",
                about=request.url,
                transient=False,
                kind=Trouble.TOO_LARGE,
            )
        body = b"".join(pieces)[:limit]
        if self._tape:
            self._keep(request, response, body, headers)
        return Page(request.url, str(response.url), status, headers, body, datetime.now(UTC), moved)

    def _keep(self, request: PageRequest, response: aiohttp.ClientResponse, body: bytes, headers: Headers | None = None) -> None:
        if self._tape:
            if headers is None:
                headers = tuple((name.decode("latin-1").lower(), _readable(value)) for name, value in response.raw_headers)
            self._tape(request, str(response.url), response.status, headers, body, datetime.now(UTC))

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=0,
                limit_per_host=0 if self._settings.proxy else self._settings.per_host,
                ttl_dns_cache=_DNS_SECONDS,
                resolver=Lookup(),
                # Through a proxy this machine connects to nothing else, and a proxy lies on a private network as a rule.
                socket_factory=None if self._settings.proxy else self._guarded_socket,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                proxy=self._settings.proxy or None,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": self._settings.user_agent, "Accept": "*/*"},
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),  # the deadline is the caller's
                max_line_size=_LONGEST_HEADER,
                max_field_size=_LONGEST_HEADER,
            )
        return self._session

    def _guarded_socket(self, address: Any) -> socket.socket:
        return guarded(address, allow_private=self._settings.allow_private_addresses)

    async def _guard_target(self, url: URL, request: PageRequest) -> None:
        """Judges where a proxy is about to be sent. A name that cannot be looked up from here is left to the proxy."""
        host = url.host or ""
        try:
            places = [str(ipaddress.ip_address(host))]
        except ValueError:
            try:
                places = [str(found["host"]) for found in await Lookup().resolve(host, url.port or 0)]
            except OSError:
                return
        for place in places:
            if why := refusal(place, allow_private=self._settings.allow_private_addresses):
                raise FetchError(f"{host} is refused: {why}", about=request.url, transient=False, kind=Trouble.REFUSED)


def retry_after(value: str, date: str = "") -> float | None:
    """For how many seconds a server asks to be left alone; None where it does not say so (RFC 9110 section 10.2.3).

    A moment counts from the server's own `Date`, where there is one: the clocks of servers are often wrong.

    >>> retry_after("120"), retry_after("soon"), retry_after("Fri, 31 Dec 2027 00:01:00 GMT", "Fri, 31 Dec 2027 00:00:00 GMT")
    (120.0, None, 60.0)
    """
    value = value.strip()
    if re.fullmatch(r"\d{1,12}", value, re.ASCII):
        return min(float(value), LONGEST_RETRY_AFTER)
    until = _http_date(value)
    if until is None:
        return None
    seconds = (until - (_http_date(date) or datetime.now(UTC))).total_seconds()
    return min(seconds, LONGEST_RETRY_AFTER) if seconds > 0 else None


def _http_date(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value) if value else None
    except (ValueError, TypeError, IndexError):
        return None
    return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found


def _checked(address: str, about: str) -> URL:
    """Reads an address; raises FetchError for what is not http or https or names no host."""
    try:
        url = URL(address.strip())
        if url.scheme in {"http", "https"} and url.host and url.port:
            return url
    except ValueError:
        pass
    what = "is" if address == about else f"redirects to {address[:200]!r}, which is"
    raise FetchError(f"{what} no address of the web (http:// or https://)", about=about, transient=False, kind=Trouble.ADDRESS)


def _joined(base: URL, location: str) -> str:
    try:
        return str(base.join(URL(location)))
    except ValueError:
        return location


def _conditions(request: PageRequest) -> dict[str, str] | None:
    """The conditional headers of a request, as the server wrote them; one that could not be sent as it came is left out."""
    if not request.etag and not request.last_modified:
        return None
    wanted = {"If-None-Match": request.etag, "If-Modified-Since": request.last_modified}
    return {name: value for name, value in wanted.items() if value and value.isprintable()} or None


def _readable(value: bytes) -> str:
    """Decodes the value of a header; what is not UTF-8 keeps its bytes visible, and unprintable, so that it is not sent back.

    >>> _readable(b'W/"caf\\xc3\\xa9"'), _readable(b'"\\xff"').isprintable()
    ('W/"café"', False)
    """
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("utf-8", "backslashreplace") + "\ufffe"


def _translated(error: Exception, url: URL, about: str) -> FetchError:
    """Puts an error of aiohttp into one line: what is wrong, of which kind, and whether trying again can help."""
    host, cause = url.host or "", getattr(error, "os_error", None)
    if isinstance(cause, Refused):
        return FetchError(f"{host} is refused: {cause}", about=about, transient=False, kind=Trouble.REFUSED)
    if isinstance(error, aiohttp.InvalidURL):
        return FetchError(f"{host} is no host that can be fetched from", about=about, transient=False, kind=Trouble.ADDRESS)
    reason = getattr(cause, "strerror", None) or str(cause or "") or str(error) or type(error).__name__
    kind = Trouble.BROKEN
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        said = f"the name {host} cannot be looked up ({reason})"
        kind = Trouble.DNS_TEMPORARY if getattr(cause, "errno", None) == socket.EAI_AGAIN else Trouble.DNS
    elif isinstance(error, aiohttp.ClientConnectorCertificateError):
        said = f"the certificate of {host} is not valid ({getattr(error.certificate_error, 'verify_message', error.certificate_error)})"
        kind = Trouble.TLS
    elif isinstance(error, aiohttp.ClientConnectorSSLError):
        said, kind = f"no secure connection to {host} ({reason})", Trouble.TLS
    elif isinstance(error, aiohttp.ClientHttpProxyError):
        said, kind = f"the proxy does not lead to {host} ({error.status} {error.message})", Trouble.CONNECT
    elif isinstance(error, aiohttp.ClientConnectorError):
        said, kind = f"cannot connect to {host} ({reason})", Trouble.CONNECT
    elif isinstance(error, aiohttp.ClientPayloadError):
        said = f"the answer broke off or cannot be decoded ({reason})"
        kind = Trouble.ENCODING if "decode" in reason.lower() else Trouble.BROKEN
    elif isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError):
        said = f"{host} broke the connection off"
    elif isinstance(error, aiohttp.ClientResponseError):
        said, kind = f"the answer of {host} is not HTTP ({error.message})", Trouble.PROTOCOL
    else:
        said = f"cannot be fetched ({reason})"
    return FetchError(said, about=about, kind=kind)
