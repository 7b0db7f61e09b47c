"""Looks the names of hosts up, in threads that nobody waits for; aiohttp's connector keeps the answers for a while."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading

from aiohttp.abc import AbstractResolver, ResolveResult


class Lookup(AbstractResolver):
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
