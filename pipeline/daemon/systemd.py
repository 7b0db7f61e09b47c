"""Tells systemd how the daemon is (sd_notify(3)): ready, reloading, stopping, alive. Does nothing where systemd does not ask."""

from __future__ import annotations

import logging
import os
import socket
import time

_log = logging.getLogger("pipeline.daemon")


class Notify:
    """The notification socket of the unit, if there is one."""

    def __init__(self, address: str | None = None) -> None:
        self._address = os.environ.get("NOTIFY_SOCKET", "") if address is None else address

    def ready(self, status: str) -> None:
        self._send(f"READY=1\nSTATUS={status}")

    def reloading(self) -> None:
        # systemd wants to know when it began, on its own clock (Type=notify-reload).
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        self._send("STOPPING=1\nSTATUS=stopping: the article at hand is finished first")

    def alive(self, status: str) -> None:
        """Feeds the watchdog."""
        self._send(f"WATCHDOG=1\nSTATUS={status}")

    def status(self, status: str) -> None:
        self._send(f"STATUS={status}")

    def _send(self, said: str) -> None:
        if not self._address:
            return
        # A leading @ stands for the abstract namespace.
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as to:
                to.settimeout(1)
                to.sendto(said.encode(), address)
        except OSError as error:
            _log.warning("systemd cannot be told: %s", error)


def watchdog_seconds() -> float:
    """Gives after how many seconds without a sign of life systemd ends this process; 0 where it does not watch it.

    Raises nothing: what is no number is as if it were not there.
    """
    asked, whose = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not asked.isdigit() or (whose and whose != str(os.getpid())):
        return 0.0
    return int(asked) / 1e6
