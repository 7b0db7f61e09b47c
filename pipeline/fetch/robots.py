"""The robots.txt of hosts (RFC 9309): asked for once a day, kept, and heeded by whoever asks here first."""

from __future__ import annotations

import asyncio
import re

from protego import Protego
from yarl import URL

from pipeline.errors import FetchError, Trouble
from pipeline.fetch.client import Client
from pipeline.fetch.values import FetchSettings, PageRequest
from pipeline.model import Page

_BYTES = 512_000  # RFC 9309 section 2.5: at least 500 kibibytes of a robots.txt are to be read
_SECONDS = 24 * 3600  # section 2.4: not to be kept for longer than a day
_RETRY_SECONDS = 600
_MOST_KEPT = 5000
LONGEST_DELAY = 60.0
"""A crawl-delay above a minute is taken for one: a site with ten articles a day would not be read within it."""


class Robots:
    """What the hosts allow; it belongs to the thread of its event loop."""

    def __init__(self, settings: FetchSettings, client: Client) -> None:
        self._settings, self._client = settings, client
        self._agent = _product(settings.user_agent)
        self._known: dict[str, tuple[asyncio.Task[Protego | FetchError], float]] = {}

    async def ask(self, url: URL, request: PageRequest) -> float:
        """Gives the seconds that a host wants between two requests; raises FetchError where it closes the address, or cannot be had."""
        loop, origin = asyncio.get_running_loop(), str(url.origin())
        task, since = self._known.get(origin, (None, 0.0))
        if task is not None and task.done():
            failed = task.cancelled() or isinstance(task.result(), FetchError)
            if loop.time() - since > (_RETRY_SECONDS if failed else _SECONDS):
                task = None
        if task is None:
            while len(self._known) >= _MOST_KEPT:
                self._known.pop(next(iter(self._known)))
            task = loop.create_task(self._read(f"{origin}/robots.txt"))
            self._known[origin] = (task, loop.time())
        rules = await asyncio.shield(task)
        if isinstance(rules, FetchError):
            raise FetchError(
                f"the robots.txt of {url.host} cannot be had: {rules.args[0]}",
                about=request.url,
                transient=rules.transient,
                kind=Trouble.ROBOTS,
                retry_after=rules.retry_after,
                host=rules.host,
            )
        if not rules.can_fetch(str(url), self._agent):
            raise FetchError(
                f"the robots.txt of {url.host} does not allow this page", about=request.url, transient=False, kind=Trouble.ROBOTS
            )
        delay = rules.crawl_delay(self._agent)
        return min(float(delay), LONGEST_DELAY) if delay else 0.0

    async def close(self) -> None:
        tasks = [task for task, _ in self._known.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, address: str) -> Protego | FetchError:
        """Reads a robots.txt: one that is not there allows everything, one that cannot be had nothing (sections 2.3.1.3 and 2.3.1.4)."""
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                found = await self._client.follow(PageRequest(address), cut_at=_BYTES)
        except TimeoutError:
            return FetchError(f"no complete answer within {self._settings.timeout_seconds:g} seconds", about=address, kind=Trouble.DEADLINE)
        except FetchError as error:
            if error.status is not None and 300 <= error.status < 500 and error.status != 429:
                return Protego.parse("")
            return error
        return Protego.parse(found.body.decode("utf-8", "replace") if isinstance(found, Page) else "")


def _product(agent: str) -> str:
    """The token by which a robots.txt names us (RFC 9309 section 2.2.1).

    >>> _product("pipeline/0.1.0 (news monitor)")
    'pipeline'
    """
    found = re.match(r"[A-Za-z_-]+", agent)
    return found.group() if found else agent
