"""Gets pages over HTTP: conditionally, politely, guarded, and every one of them by its deadline.

A `Fetcher` keeps an event loop with one aiohttp session in a thread of its own and hands results out one by one, as they complete.
What goes wrong with one address is a value, never an exception, and never the end of the others. It refuses addresses that are
not http or https, private networks (unless the settings allow them), bodies above the cap, more than ten redirects, sites that
asked to be left alone (Retry-After), and pages that a robots.txt closes where the request says to heed it. It tries nothing twice,
keeps no cookies from one fetch to the next and reads no meaning into what it gets.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from types import TracebackType

from yarl import URL

from pipeline.errors import FetchError, Trouble
from pipeline.fetch.client import LONGEST_RETRY_AFTER, MOST_REDIRECTS, Client, Tape
from pipeline.fetch.robots import Robots
from pipeline.fetch.turns import Batch, Site, Turns, resting
from pipeline.fetch.values import FetchSettings, Outcome, PageRequest, Unchanged, site, site_of, user_agent
from pipeline.model import Page

__all__ = [
    "LONGEST_RETRY_AFTER",
    "MOST_REDIRECTS",
    "FetchSettings",
    "Fetcher",
    "Note",
    "Outcome",
    "PageRequest",
    "Tape",
    "Unchanged",
    "site_of",
    "user_agent",
]

_TICK = 0.05
"""Seconds between two looks for requests that are past their deadline: one look costs less than a timer for each request."""

_Leave = asyncio.Future[None]
"""What a request waits for that shall be noted before it is sent."""
_Batch = Batch[Outcome | BaseException | _Leave]
_Results = list[tuple[PageRequest, Outcome | BaseException | _Leave]]
Note = Callable[[Sequence[PageRequest]], None]


class Fetcher:
    """Fetches pages; use it as a context manager, from any thread. It is quiet until the first `fetch`.

    `tape` is told of every answer as it came, in the thread of the loop.
    """

    def __init__(self, settings: FetchSettings | None = None, tape: Tape | None = None) -> None:
        self._settings = settings or FetchSettings()
        self._tape = tape
        self._lock = threading.Lock()
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._held: dict[str, float] = {}
        # What follows belongs to the thread of the loop.
        self._client = Client(self._settings, tape)
        self._robots = Robots(self._settings, self._client)
        self._turns: Turns[Outcome | BaseException | _Leave]
        self._tasks: dict[asyncio.Task[None], _Batch] = {}
        self._deadlines: dict[asyncio.Task[None], float] = {}
        self._ended: dict[asyncio.Task[None], Trouble] = {}
        self._full: list[_Batch] = []
        self._watching = False

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def hold(self, seconds: Mapping[str, float]) -> None:
        """Leaves sites (see `site_of`) alone for so many seconds from now on, and forgets which others had asked for that."""
        with self._lock:
            self._held = dict(seconds)
            if self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._turns.hold, self._held)

    def fetch(self, requests: Sequence[PageRequest], note: Note | None = None) -> Generator[tuple[PageRequest, Outcome], None, None]:
        """Yields every request with its outcome, as they complete, each by its deadline; an address that fails is a FetchError.

        `note` is told of requests before they are sent, by the handful and in the thread of the reader: what it writes down is there
        when the program is killed in the middle of them. Hosts are served side by side and no host gets more than `per_host` requests
        at once, whatever the order of the requests. A reader who is slow slows the fetching down, and one who stops stops it.
        """
        if not requests:
            return
        arrived: queue.SimpleQueue[_Results] = queue.SimpleQueue()
        batch: _Batch = Batch(requests, arrived.put, noted=note is not None)
        self._start(batch)
        left = len(requests)
        try:
            while left:
                # Results come by the handful: handing each over alone would cost as much as fetching it.
                results = arrived.get()
                if note is not None:
                    results = self._noted(results, note)
                for request, outcome in results:
                    if not isinstance(outcome, Page | Unchanged | FetchError):
                        assert isinstance(outcome, BaseException)
                        raise outcome  # a bug, not an address
                    yield request, outcome
                left -= len(results)
                self._tell(self._taken, batch, len(results))
        finally:
            self._tell(self._forget, batch)

    def _noted(self, results: _Results, note: Note) -> _Results:
        """Notes the requests that are about to be sent and lets them go; gives the others, which are done."""
        asking = [(request, leave) for request, leave in results if isinstance(leave, asyncio.Future)]
        if not asking:
            return results
        note([request for request, _ in asking])
        self._tell(_let_go, [leave for _, leave in asking])
        return [(request, outcome) for request, outcome in results if not isinstance(outcome, asyncio.Future)]

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
                loop = self._loop = _new_loop()
                self._turns = Turns(self._settings, loop.time, loop.call_later)
                self._turns.hold(self._held)
                self._thread = threading.Thread(target=loop.run_forever, name="fetch", daemon=True)
                self._thread.start()
            self._loop.call_soon_threadsafe(self._begin, batch)

    def _tell(self, what: Callable[..., None], *about: object) -> None:
        """Has the loop call something; a loop that is closed has nothing left to be told."""
        with self._lock:
            if self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(what, *about)

    # Who is fetched when. All of this runs in the thread of the loop.

    def _begin(self, batch: _Batch) -> None:
        self._turns.batches.append(batch)
        self._pump()

    def _taken(self, batch: _Batch, count: int) -> None:
        batch.open -= count
        self._pump()

    def _forget(self, batch: _Batch) -> None:
        self._turns.forget(batch)
        for task in [task for task, its in self._tasks.items() if its is batch]:
            self._end(task, Trouble.STOPPED)
        self._pump()

    def _pump(self) -> None:
        """Starts what may start."""
        while not self._closed and (turn := self._turns.take(self._pump, self._unasked)):
            task = asyncio.get_running_loop().create_task(self._work(*turn))
            self._tasks[task] = turn[0]
        if self._tasks and not self._watching:
            self._watching = True
            asyncio.get_running_loop().call_later(_TICK, self._watch)

    def _watch(self) -> None:
        """Ends the requests that are past their deadline."""
        now = asyncio.get_running_loop().time()
        for task, when in list(self._deadlines.items()):
            if now >= when:
                self._end(task, Trouble.DEADLINE)
        self._watching = bool(self._tasks)
        if self._watching:
            asyncio.get_running_loop().call_later(_TICK, self._watch)

    def _end(self, task: asyncio.Task[None], why: Trouble) -> None:
        self._deadlines.pop(task, None)
        if self._ended.setdefault(task, why) is why:
            task.cancel()

    def _unasked(self, batch: _Batch, request: PageRequest, outcome: FetchError) -> None:
        batch.open += 1
        self._give(batch, request, outcome)

    def _give(self, batch: _Batch, request: PageRequest, outcome: Outcome | BaseException | _Leave) -> None:
        if not batch.results:
            if not self._full:
                asyncio.get_running_loop().call_soon(self._hand_over)
            self._full.append(batch)
        batch.results.append((request, outcome))

    def _hand_over(self) -> None:
        for batch in self._full:
            batch.hand_over(batch.results)
            batch.results = []
        self._full.clear()

    async def _work(self, batch: _Batch, request: PageRequest, site: Site) -> None:
        """Fetches one request after the other for as long as there is one whose turn it is."""
        task = asyncio.current_task()
        assert task is not None
        turn: tuple[_Batch, PageRequest, Site] | None = (batch, request, site)
        try:
            while turn:
                batch, request, site = turn
                self._tasks[task] = batch
                outcome: Outcome | BaseException
                leave = asyncio.get_running_loop().create_future()
                try:
                    if batch.noted:
                        self._give(batch, request, leave)
                        await leave
                    outcome = await self._outcome(task, request, site)
                except asyncio.CancelledError:
                    why = self._ended.pop(task, None)
                    if why is None:
                        raise
                    task.uncancel()
                    unasked = batch.noted and (leave.cancelled() or not leave.done())
                    stopped = _stopped(request, Trouble.UNASKED if unasked else Trouble.STOPPED)
                    outcome = self._late(request) if why is Trouble.DEADLINE else stopped
                except Exception as bug:  # noqa: BLE001 - it is raised again in the thread of the reader
                    outcome = bug
                self._deadlines.pop(task, None)
                if isinstance(outcome, FetchError) and outcome.retry_after and outcome.kind is not Trouble.HELD:
                    self._turns.rest(outcome.host, outcome.retry_after)
                self._give(batch, request, outcome)
                self._turns.done(site)
                turn = None if self._closed else self._turns.take(self._pump, self._unasked)
        finally:
            del self._tasks[task]

    async def _outcome(self, task: asyncio.Task[None], request: PageRequest, at: Site) -> Outcome:
        loop = asyncio.get_running_loop()
        self._deadlines[task] = loop.time() + self._settings.timeout_seconds
        try:
            if not request.robots:
                return await self._client.follow(request, self._ask_rest if self._turns.resting else None)
            return await self._client.follow(request, lambda url, request: self._ask(url, request, task, at))
        except FetchError as error:
            return error

    async def _ask_rest(self, url: URL, request: PageRequest) -> None:
        """Raises FetchError where a redirect leads to a site that asked to be left alone."""
        seconds = self._turns.held(site(url))
        if seconds > 0 and str(url) != request.url:
            raise resting(PageRequest(str(url)), seconds)

    async def _ask(self, url: URL, request: PageRequest, task: asyncio.Task[None], at: Site) -> None:
        """Heeds the robots.txt of a host, and its crawl-delay: waiting for that does not count towards the deadline."""
        await self._ask_rest(url, request)
        delay = await self._robots.ask(url, request)
        if not delay or site(url) != at.name:
            return
        loop = asyncio.get_running_loop()
        begin = max(loop.time(), at.page_at)
        at.page_at = begin + delay
        at.pause = max(at.pause, delay)
        if begin > loop.time():
            self._deadlines.pop(task, None)
            await asyncio.sleep(begin - loop.time())
            self._deadlines[task] = loop.time() + self._settings.timeout_seconds

    def _late(self, request: PageRequest) -> FetchError:
        seconds = self._settings.timeout_seconds
        return FetchError(f"no complete answer within {seconds:g} seconds", about=request.url, kind=Trouble.DEADLINE)

    async def _shut(self) -> None:
        tasks = list(self._tasks)
        for batch in list(self._turns.batches):
            for requests in batch.waiting.values():
                for request in requests:
                    self._unasked(batch, request, _stopped(request, Trouble.UNASKED))
            batch.waiting.clear()
            batch.ready.clear()
        for task in tasks:
            self._end(task, Trouble.STOPPED)
        await asyncio.gather(*tasks, return_exceptions=True)
        self._hand_over()
        await self._robots.close()
        await self._client.close()
        await asyncio.sleep(0)  # lets transports that were closed just now say goodbye to the loop


def _new_loop() -> asyncio.AbstractEventLoop:
    """A loop of uvloop where that installs: a tenth less time for each request."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _let_go(waiting: Sequence[_Leave]) -> None:
    for leave in waiting:
        if not leave.done():  # it was stopped meanwhile
            leave.set_result(None)


def _stopped(request: PageRequest, kind: Trouble = Trouble.STOPPED) -> FetchError:
    return FetchError("fetching was stopped", about=request.url, kind=kind)
