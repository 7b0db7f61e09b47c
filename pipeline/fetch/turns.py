"""Whose turn it is: so many requests at once over all sites, so many at one, with pauses between, and none while a site rests.

Hosts are served side by side, turn by turn over the batches that wait. Nothing here connects to anything; the thread of the event
loop calls it, and every answer costs the same however many hosts wait.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from pipeline.errors import FetchError, Trouble
from pipeline.fetch.guard import is_own_machine
from pipeline.fetch.values import FetchSettings, PageRequest, site_of

SHORT_WAIT = 3.0
"""Seconds that a request waits for a site that asked to be left alone; for longer it is answered with that."""


@dataclass(slots=True)
class Site:
    """One host: how many requests are under way to it, when the next (and the next page, for a crawl-delay that was learned on the
    way) may begin, and until when it is left alone. All times are those of the loop."""

    name: str
    pause: float = 0.0
    active: int = 0
    next_at: float = 0.0
    page_at: float = 0.0
    held_until: float = 0.0


_Out = TypeVar("_Out")


class Batch(Generic[_Out]):
    """The requests of one call: what waits, host by host, and what its reader has not taken yet. Where they are `noted` each waits for
    its reader before it is sent."""

    def __init__(
        self, requests: Sequence[PageRequest], hand_over: Callable[[list[tuple[PageRequest, _Out]]], None], *, noted: bool = False
    ) -> None:
        self.noted = noted
        self.waiting: dict[str, deque[PageRequest]] = {}
        for request in requests:
            self.waiting.setdefault(site_of(request.url), deque()).append(request)
        self.ready = deque(self.waiting)
        self.blocked: set[str] = set()
        self.open = 0
        """Requests that are under way, and results that the reader has not taken."""
        self.dropped = False
        self.results: list[tuple[PageRequest, _Out]] = []
        self.hand_over = hand_over


class Turns(Generic[_Out]):
    """The batches that wait and the sites that they wait for. `later` calls `wake` after so many seconds."""

    def __init__(self, settings: FetchSettings, clock: Callable[[], float], later: Callable[[float, Callable[[], None]], object]) -> None:
        self._settings, self._clock, self._later = settings, clock, later
        self._sites: dict[str, Site] = {}
        self.batches: deque[Batch[_Out]] = deque()
        self.active = 0
        self.resting = False
        """Whether any site has asked to be left alone."""

    def site(self, name: str) -> Site:
        found = self._sites.get(name)
        if found is None:
            host = name.rpartition(":")[0] if name.rpartition(":")[2].isdigit() and name.count(":") == 1 else name
            found = self._sites[name] = Site(name, 0.0 if is_own_machine(host) else self._settings.pause_seconds)
        return found

    def hold(self, seconds: Mapping[str, float]) -> None:
        """Leaves these sites alone for so long from now on, and no others."""
        for site in self._sites.values():
            site.held_until = 0.0
        for name, length in seconds.items():
            self.rest(name, length)

    def rest(self, name: str, seconds: float) -> None:
        """Leaves a site alone for so long, as it asked for."""
        self.resting = True
        site = self.site(name)
        site.held_until = max(site.held_until, self._clock() + seconds)

    def held(self, name: str) -> float:
        """For how many seconds more a site is to be left alone, 0 for one that is not."""
        site = self._sites.get(name)
        return max(0.0, site.held_until - self._clock()) if site else 0.0

    def take(
        self, wake: Callable[[], None], answer: Callable[[Batch[_Out], PageRequest, FetchError], None]
    ) -> tuple[Batch[_Out], PageRequest, Site] | None:
        """Gives the next request that may begin now, None where there is none; `wake` is called when one may again.

        What waits for a site that is to be left alone for long is answered with that.
        """
        if self.active >= self._settings.concurrency:
            return None
        window = 2 * self._settings.concurrency
        now = self._clock()
        for _ in range(len(self.batches)):
            batch = self.batches[0]
            self.batches.rotate(-1)
            while batch.ready and batch.open < window:
                name = batch.ready.popleft()
                site, waiting = self.site(name), batch.waiting[name]
                if site.held_until - now > SHORT_WAIT:
                    del batch.waiting[name]
                    for request in waiting:
                        answer(batch, request, resting(request, site.held_until - now))
                    continue
                if site.active >= self._settings.per_host:
                    batch.blocked.add(name)
                    continue
                begin = max(site.next_at, site.held_until)
                if begin > now:
                    self._later(begin - now, lambda batch=batch, name=name: self._ready(batch, name, wake))  # type: ignore[misc]
                    continue
                request = waiting.popleft()
                if waiting:
                    batch.ready.append(name)
                else:
                    del batch.waiting[name]
                site.active += 1
                site.next_at = now + site.pause
                self.active += 1
                batch.open += 1
                return batch, request, site
        return None

    def done(self, site: Site) -> None:
        """Counts a request that ended; its site may be asked again."""
        self.active -= 1
        site.active -= 1
        for batch in self.batches:
            if site.name in batch.blocked:
                batch.blocked.discard(site.name)
                batch.ready.append(site.name)

    def forget(self, batch: Batch[_Out]) -> None:
        batch.dropped = True
        batch.waiting.clear()
        batch.ready.clear()
        batch.blocked.clear()
        if batch in self.batches:
            self.batches.remove(batch)

    @staticmethod
    def _ready(batch: Batch[_Out], name: str, wake: Callable[[], None]) -> None:
        if name in batch.waiting:
            batch.ready.append(name)
            wake()


def resting(request: PageRequest, seconds: float) -> FetchError:
    """What a request is answered with whose site is to be left alone."""
    return FetchError(
        f"{site_of(request.url)} asked to be left alone for {seconds:.0f} seconds more",
        about=request.url,
        kind=Trouble.HELD,
        retry_after=seconds,
        host=site_of(request.url),
    )
