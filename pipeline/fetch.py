"""Gets pages over HTTP: conditionally, politely, guarded, and every one of them by its deadline.

A `Fetcher` keeps an event loop with aiohttp in a thread of its own and hands results out one by one, as they complete. What
goes wrong with one address is a value, never an exception, and never the end of the others. It refuses addresses that are
not http or https, private networks (unless the settings allow them), bodies above the cap, more than ten redirects, and
pages that a robots.txt closes where the request says to heed it. It tries nothing twice, keeps no cookies from one fetch to
the next and reads no meaning into what it gets.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import queue
import re
import socket
import threading
from collections import Counter, deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from types import TracebackType
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from protego import Protego
from yarl import URL

from pipeline import __version__
from pipeline.errors import FetchError
from pipeline.model import Page


def user_agent(contact: str = "") -> str:
    """Names the product and whom to ask about it, as a polite robot does.

    >>> user_agent("mailto:desk@wire.example").endswith("(news monitor; mailto:desk@wire.example)")
    True
    """
    return f"pipeline/{__version__} (news monitor{f'; {contact}' if contact else ''})"


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """How to fetch. `timeout_seconds` counts from the look-up of the name to the last byte, megabytes are 1 000 000 bytes."""

    user_agent: str = field(default_factory=user_agent)
    timeout_seconds: float = 20.0
    max_body_megabytes: float = 10.0
    concurrency: int = 8
    per_host: int = 2
    allow_private_addresses: bool = False


@dataclass(frozen=True, slots=True)
class PageRequest:
    """An address to fetch. `etag` and `last_modified` are sent back as they came; `robots` says to heed robots.txt."""

    url: str
    etag: str = ""
    last_modified: str = ""
    robots: bool = False


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The server says that nothing changed since the answer that `etag` and `last_modified` came from (304)."""

    url: str


Outcome = Page | Unchanged | FetchError

MOST_REDIRECTS = 10
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_WORTH_ANOTHER_TRY = frozenset({408, 421, 423, 425, 429, 500, 502, 503, 504})
_ROBOTS_BYTES = 512_000  # RFC 9309 section 2.5: at least 500 kibibytes of a robots.txt are to be read
_ROBOTS_SECONDS = 24 * 3600  # section 2.4: not to be kept for longer than a day
_ROBOTS_RETRY_SECONDS = 600
_DNS_SECONDS = 300
_LONGEST_HEADER = 64_000  # aiohttp stops at 8190, which the content security policies of some newspapers exceed


class Fetcher:
    """Fetches pages; use it as a context manager, from any thread. It is quiet until the first `fetch`."""

    def __init__(self, settings: FetchSettings | None = None) -> None:
        self._settings = settings or FetchSettings()
        self._lock = threading.Lock()
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        # What follows belongs to the thread of the loop.
        self._session: aiohttp.ClientSession | None = None
        self._batches: list[_Batch] = []
        self._active = 0
        self._active_hosts: Counter[str] = Counter()
        self._robots: dict[str, tuple[asyncio.Task[Protego | FetchError], float]] = {}

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def fetch(self, requests: Sequence[PageRequest]) -> Generator[tuple[PageRequest, Outcome], None, None]:
        """Yields every request with its outcome, as they complete, each by its deadline; an address that fails is a FetchError.

        Hosts are served side by side and no host gets more than `per_host` requests at once, whatever the order of the
        requests. A reader who is slow slows the fetching down, and one who stops stops it.
        """
        if not requests:
            return
        batch = _Batch(requests)
        self._start(batch)
        try:
            for _ in range(len(requests)):
                request, outcome = batch.results.get()
                if not isinstance(outcome, Page | Unchanged | FetchError):
                    raise outcome  # a bug, not an address
                self._tell(self._taken, batch)
                yield request, outcome
        finally:
            self._tell(self._forget, batch)

    def close(self) -> None:
        """Stops what is under way (it ends as FetchError), closes every connection and waits for the thread."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._shut(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        with self._lock:
            loop.close()

    def _start(self, batch: _Batch) -> None:
        with self._lock:
            if self._closed:
                raise RuntimeError("this fetcher is closed")
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="fetch", daemon=True)
                self._thread.start()
            self._loop.call_soon_threadsafe(self._begin, batch)

    def _tell(self, what: Callable[[_Batch], None], batch: _Batch) -> None:
        """Has the loop call something; a loop that is closed has nothing left to be told."""
        with self._lock:
            if self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(what, batch)

    # Who is fetched when. All of this runs in the thread of the loop.

    def _begin(self, batch: _Batch) -> None:
        self._batches.append(batch)
        self._pump()

    def _taken(self, batch: _Batch) -> None:
        batch.untaken -= 1
        self._pump()

    def _forget(self, batch: _Batch) -> None:
        batch.waiting.clear()
        for task in batch.tasks:
            task.cancel()
        if batch in self._batches:
            self._batches.remove(batch)
        self._pump()

    def _pump(self) -> None:
        """Starts what may start: turn by turn over batches and hosts, so that one slow host holds nobody else up."""
        started = not self._closed
        while started:
            started = False
            for batch in self._batches:
                for host in list(batch.waiting):
                    if self._active >= self._settings.concurrency:
                        return
                    if len(batch.tasks) + batch.untaken >= 2 * self._settings.concurrency:
                        break
                    if self._active_hosts[host] < self._settings.per_host:
                        self._run(batch, host)
                        started = True

    def _run(self, batch: _Batch, host: str) -> None:
        request = batch.next_of(host)
        self._active += 1
        self._active_hosts[host] += 1
        task = asyncio.get_running_loop().create_task(self._outcome(request))
        batch.tasks.add(task)

        def done(task: asyncio.Task[Outcome]) -> None:
            batch.tasks.discard(task)
            self._active -= 1
            self._active_hosts[host] -= 1
            if not self._active_hosts[host]:
                del self._active_hosts[host]
            if not task.cancelled():
                batch.untaken += 1
                batch.results.put((request, task.exception() or task.result()))
            elif batch in self._batches:
                batch.results.put((request, _stopped(request)))
            self._pump()

        task.add_done_callback(done)

    async def _shut(self) -> None:
        tasks: list[asyncio.Task[Any]] = [task for task, _ in self._robots.values()]
        for batch in self._batches:
            batch.stop()
            tasks.extend(batch.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
        await asyncio.sleep(0)  # lets transports that were closed just now say goodbye to the loop

    # One address.

    async def _outcome(self, request: PageRequest) -> Outcome:
        seconds = self._settings.timeout_seconds
        try:
            async with asyncio.timeout(seconds):
                return await self._follow(request)
        except TimeoutError:
            return FetchError(f"no complete answer within {seconds:g} seconds", about=request.url)
        except FetchError as error:
            return error

    async def _follow(self, request: PageRequest, *, cut_at: int = 0) -> Page | Unchanged:
        """Follows an address to its page, heeding robots.txt and the guard at every hop; raises FetchError, TimeoutError."""
        url = _checked(request.url, request.url)
        cookies = aiohttp.CookieJar()  # some publishers redirect in circles until their cookie comes back
        for _ in range(MOST_REDIRECTS + 1):
            if request.robots:
                await self._ask_robots(url, request)
            try:
                async with self._open().get(
                    url, headers=_conditions(request), cookies=cookies.filter_cookies(url), allow_redirects=False
                ) as response:
                    cookies.update_cookies(response.cookies, response.url)
                    target = response.headers.get("Location", "")
                    if response.status not in _REDIRECTS or not target:
                        return await self._answer(request, response, cut_at)
                    url = _checked(str(_joined(response.url, target)), request.url)
            except (aiohttp.ClientError, OSError, ValueError) as error:
                if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ClientError):
                    raise
                raise _translated(error, url, request.url) from error
        raise FetchError(f"more than {MOST_REDIRECTS} redirects", about=request.url, transient=False, status=302)

    async def _answer(self, request: PageRequest, response: aiohttp.ClientResponse, cut_at: int) -> Page | Unchanged:
        status = response.status
        if status == 304 and _conditions(request):
            return Unchanged(request.url)
        if not 200 <= status < 300:
            phrase = next((f" {known.phrase}" for known in HTTPStatus if known == status), "")
            again = status in _WORTH_ANOTHER_TRY or (status >= 500 and not phrase)
            raise FetchError(f"answered {status}{phrase}", about=request.url, transient=again, status=status)
        limit = cut_at or int(self._settings.max_body_megabytes * 1_000_000)
        body = bytearray()
        if cut_at or (response.content_length or 0) <= limit:
            async for piece in response.content.iter_any():
                body += piece
                if len(body) > limit:
                    break
        if not cut_at and max(len(body), response.content_length or 0) > limit:
            megabytes = self._settings.max_body_megabytes
            raise FetchError(f"is larger than {megabytes:g} MB (max_body_megabytes in [fetch])", about=request.url, transient=False)
        headers = tuple((name.decode("latin-1").lower(), _readable(value)) for name, value in response.raw_headers)
        return Page(request.url, str(response.url), status, headers, bytes(body[:limit]), datetime.now(UTC))

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=0,
                limit_per_host=self._settings.per_host,
                ttl_dns_cache=_DNS_SECONDS,
                resolver=_Lookup(),
                socket_factory=self._guarded_socket,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": self._settings.user_agent, "Accept": "*/*"},
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),  # the deadline is ours
                max_line_size=_LONGEST_HEADER,
                max_field_size=_LONGEST_HEADER,
            )
        return self._session

    def _guarded_socket(self, address: Any) -> socket.socket:
        """Makes the socket for an address that has been looked up: the last place before a connection, and the only way to one."""
        family, kind, protocol, _, place = address
        refusal = _refusal(str(place[0]), allow_private=self._settings.allow_private_addresses)
        if refusal:
            raise _Refused(refusal)
        return socket.socket(family, kind, protocol)

    # robots.txt (RFC 9309)

    async def _ask_robots(self, url: URL, request: PageRequest) -> None:
        """Raises FetchError where the robots.txt of a host closes an address, or cannot be had."""
        loop, origin = asyncio.get_running_loop(), str(url.origin())
        task, since = self._robots.get(origin, (None, 0.0))
        if task is not None and task.done():
            failed = task.cancelled() or isinstance(task.result(), FetchError)
            if loop.time() - since > (_ROBOTS_RETRY_SECONDS if failed else _ROBOTS_SECONDS):
                task = None
        if task is None:
            task = loop.create_task(self._read_robots(f"{origin}/robots.txt"))
            self._robots[origin] = (task, loop.time())
        rules = await asyncio.shield(task)
        if isinstance(rules, FetchError):
            raise FetchError(f"the robots.txt of {url.host} cannot be had: {rules.args[0]}", about=request.url, transient=rules.transient)
        if not rules.can_fetch(str(url), _product(self._settings.user_agent)):
            raise FetchError(f"the robots.txt of {url.host} does not allow this page", about=request.url, transient=False)

    async def _read_robots(self, address: str) -> Protego | FetchError:
        """Reads a robots.txt: one that is not there allows everything, one that cannot be had nothing (sections 2.3.1.3 and 2.3.1.4)."""
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                found = await self._follow(PageRequest(address), cut_at=_ROBOTS_BYTES)
        except TimeoutError:
            return FetchError(f"no complete answer within {self._settings.timeout_seconds:g} seconds", about=address)
        except FetchError as error:
            if error.status is not None and 300 <= error.status < 500 and error.status != 429:
                return Protego.parse("")
            return error
        return Protego.parse(found.body.decode("utf-8", "replace") if isinstance(found, Page) else "")


class _Batch:
    """The requests of one call of `fetch`: what waits, host by host, what runs, and what its reader has not taken yet."""

    def __init__(self, requests: Sequence[PageRequest]) -> None:
        self.waiting: dict[str, deque[PageRequest]] = {}
        self.tasks: set[asyncio.Task[Outcome]] = set()
        self.untaken = 0
        self.results: queue.SimpleQueue[tuple[PageRequest, Outcome | BaseException]] = queue.SimpleQueue()
        for request in requests:
            self.waiting.setdefault(_host(request.url), deque()).append(request)

    def next_of(self, host: str) -> PageRequest:
        """Takes the next request for a host that waits."""
        waiting = self.waiting[host]
        request = waiting.popleft()
        if not waiting:
            del self.waiting[host]
        return request

    def stop(self) -> None:
        """Answers what still waits, so that a reader in another thread is not left hanging."""
        for requests in self.waiting.values():
            for request in requests:
                self.results.put((request, _stopped(request)))
        self.waiting.clear()


def _stopped(request: PageRequest) -> FetchError:
    return FetchError("fetching was stopped", about=request.url)


class _Lookup(AbstractResolver):
    """Looks names up in threads that nobody waits for: one that hangs holds up neither the others nor the end of the program."""

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[ResolveResult]] = loop.create_future()

        def settle(found: list[ResolveResult] | OSError) -> None:
            if answer.done():
                return
            if isinstance(found, OSError):
                answer.set_exception(found)
            else:
                answer.set_result(found)

        def look_up() -> None:
            found: list[ResolveResult] | OSError
            try:
                found = [
                    ResolveResult(hostname=host, host=str(place[0]), port=port, family=kind, proto=protocol, flags=socket.AI_NUMERICHOST)
                    for kind, _, protocol, _, place in socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
                ]
            except OSError as error:
                found = error
            except UnicodeError:  # a label of more than 63 characters
                found = socket.gaierror(socket.EAI_NONAME, "this cannot be the name of a host")
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(settle, found)

        threading.Thread(target=look_up, name=f"look-up {host}", daemon=True).start()
        return await answer

    async def close(self) -> None:
        pass


class _Refused(OSError):
    """The guard refused an address; its text has no address in it, so that refusals of several addresses are equal."""


_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_ALSO_PRIVATE = tuple(ipaddress.ip_network(n) for n in ("192.0.0.0/24", "64:ff9b:1::/48", "fec0::/10"))


def _refusal(address: str, *, allow_private: bool) -> str:
    """Says why an IP address is not to be connected to, or gives an empty string.

    What IPv6 wraps around an IPv4 address (mapped, compatible, 6to4, NAT64) is judged by what is inside. Link-local
    addresses, where clouds keep their secrets, stay closed even where private networks are open.

    >>> _refusal("93.184.215.14", allow_private=False), _refusal("127.0.0.1", allow_private=True)
    ('', '')
    >>> _refusal("::ffff:10.0.0.1", allow_private=False)
    'it is on a private network (set allow_private_addresses in [fetch] to allow that)'
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inside = ip.ipv4_mapped or ip.sixtofour
        if inside is None and (ip in _NAT64 or int(ip) >> 32 == 0) and int(ip) > 1:
            inside = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        ip = inside or ip
    if ip.is_link_local or ip.is_multicast:
        return "it is a link-local or multicast address, which is private and never fetched"
    if not allow_private and (not ip.is_global or any(ip in network for network in _ALSO_PRIVATE)):
        return "it is on a private network (set allow_private_addresses in [fetch] to allow that)"
    return ""


def _host(address: str) -> str:
    try:
        return (URL(address).host or "").lower()
    except ValueError:
        return ""


def _checked(address: str, about: str) -> URL:
    """Reads an address; raises FetchError for what is not http or https or names no host."""
    try:
        url = URL(address.strip())
        if url.scheme in {"http", "https"} and url.host and url.port:
            return url
    except ValueError:
        pass
    what = "is" if address == about else f"redirects to {address[:200]!r}, which is"
    raise FetchError(f"{what} no address of the web (http:// or https://)", about=about, transient=False)


def _joined(base: URL, location: str) -> str:
    try:
        return str(base.join(URL(location)))
    except ValueError:
        return location


def _conditions(request: PageRequest) -> dict[str, str]:
    """The conditional headers of a request, as the server wrote them; one that could not be sent as it came is left out."""
    wanted = {"If-None-Match": request.etag, "If-Modified-Since": request.last_modified}
    return {name: value for name, value in wanted.items() if value and value.isprintable()}


def _readable(value: bytes) -> str:
    """Decodes the value of a header; what is not UTF-8 keeps its bytes visible, and unprintable, so that it is not sent back.

    >>> _readable(b'W/"caf\\xc3\\xa9"'), _readable(b'"\\xff"').isprintable()
    ('W/"café"', False)
    """
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("utf-8", "backslashreplace") + "\ufffe"


def _product(agent: str) -> str:
    """The token by which a robots.txt names us (RFC 9309 section 2.2.1).

    >>> _product("pipeline/0.1.0 (news monitor)")
    'pipeline'
    """
    found = re.match(r"[A-Za-z_-]+", agent)
    return found.group() if found else agent


def _translated(error: Exception, url: URL, about: str) -> FetchError:
    """Puts an error of aiohttp into one line: what is wrong, and whether trying again can help."""
    host, cause = url.host or "", getattr(error, "os_error", None)
    if isinstance(cause, _Refused):
        return FetchError(f"{host} is refused: {cause}", about=about, transient=False)
    if isinstance(error, aiohttp.InvalidURL):
        return FetchError(f"{host} is no host that can be fetched from", about=about, transient=False)
    reason = getattr(cause, "strerror", None) or str(cause or "") or str(error) or type(error).__name__
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        said = f"the name {host} cannot be looked up ({reason})"
    elif isinstance(error, aiohttp.ClientConnectorCertificateError):
        said = f"the certificate of {host} is not valid ({getattr(error.certificate_error, 'verify_message', error.certificate_error)})"
    elif isinstance(error, aiohttp.ClientConnectorSSLError):
        said = f"no secure connection to {host} ({reason})"
    elif isinstance(error, aiohttp.ClientConnectorError):
        said = f"cannot connect to {host} ({reason})"
    elif isinstance(error, aiohttp.ClientPayloadError):
        said = f"the answer broke off or cannot be decoded ({reason})"
    elif isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError):
        said = f"{host} broke the connection off"
    elif isinstance(error, aiohttp.ClientResponseError):
        said = f"the answer of {host} is not HTTP ({error.message})"
    else:
        said = f"cannot be fetched ({reason})"
    return FetchError(said, about=about)
