"""Answers over HTTP how the daemon is: /healthz and /readyz (200 or 503), /metrics for Prometheus, /status as JSON.

It is meant for this machine: it listens on the loopback address unless the configuration says otherwise, changes nothing, and shows no
words of articles. Where it listens on the loopback address alone it answers no request that was made for another host, so that a page
in somebody's browser cannot read it by a name of its own (DNS rebinding).
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aiohttp import web
from yarl import URL

from pipeline.daemon import metrics, status

if TYPE_CHECKING:
    from pipeline.daemon.keeper import Keeper

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
AT_ONCE = 2
"""Requests that are answered at once: each reads the store, and nobody needs more."""
_log = logging.getLogger("pipeline.daemon")


@contextmanager
def serving(keeper: Keeper, host: str, port: int) -> Iterator[str]:
    """Answers while the block lasts, and gives the address; an empty one without a host, and where the port cannot be had."""
    if not host:
        yield ""
        return
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="endpoint", daemon=True)
    thread.start()
    runner = web.AppRunner(application(keeper, host), access_log=None, shutdown_timeout=1.0)
    address = ""
    try:
        try:
            address = asyncio.run_coroutine_threadsafe(_start(runner, host, port), loop).result(10)
        except OSError as error:
            _log.warning(
                "daemon.endpoint: http://%s:%d cannot be had (%s); nobody can ask how it is there", host, port, error.strerror or error
            )
        yield address
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


async def _start(runner: web.AppRunner, host: str, port: int) -> str:
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    bound = runner.addresses[0]
    return f"[{bound[0]}]:{bound[1]}" if ":" in bound[0] else f"{bound[0]}:{bound[1]}"


def application(keeper: Keeper, host: str) -> web.Application:
    """Gives the web application."""
    turns = asyncio.Semaphore(AT_ONCE)

    @web.middleware
    async def guarded(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.StreamResponse:
        if host in LOOPBACK and (URL(f"http://{request.host}").host or "") not in LOOPBACK:
            raise web.HTTPForbidden(text="ask for 127.0.0.1\n")
        async with turns:
            return await handler(request)

    app = web.Application(client_max_size=1024, middlewares=[guarded])

    async def healthz(request: web.Request) -> web.Response:
        health, _ = await asyncio.to_thread(keeper.seen)
        return web.json_response(health.as_json(), status=200 if health.is_well else 503)

    async def readyz(request: web.Request) -> web.Response:
        health, _ = await asyncio.to_thread(keeper.seen)
        return web.json_response(health.as_json(), status=200 if health.is_ready else 503)

    async def scraped(request: web.Request) -> web.Response:
        body = await asyncio.to_thread(metrics.text, keeper)
        return web.Response(body=body, headers={"Content-Type": metrics.CONTENT_TYPE})

    async def shown(request: web.Request) -> web.Response:
        return web.json_response(await asyncio.to_thread(status.of_keeper, keeper))

    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", scraped)
    app.router.add_get("/status", shown)
    return app
