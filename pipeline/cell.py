"""A process of its own in which documents of strangers are read: one that takes too long or too much memory is ended, and only it.

What reads a document is a function of the core; this knows none of them. A check of the time between two steps would not do: the
step that takes for ever is one regular expression or one parser in C. A limit that the kernel keeps ends those too.

The process begins with the first call, serves one call after the other, and goes when it was idle for a while. It has two limits:
the time that it computes, by which it ends itself, so that a busy machine is not held against a document, and three times as much by
the clock, at which the caller ends it.
"""

from __future__ import annotations

import functools
import importlib
import resource
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from typing import Any, TypeVar

from pipeline.errors import ParseError

SECONDS = 20.0
"""How long one document may compute: a thousand times what a usual one takes."""
PATIENCE = 3
"""How many times as long it may take by the clock."""
START_SECONDS = 120.0
"""How long the process may take to begin."""
MEGABYTES = 3000
"""Address space of the process, as the kernel counts it: a page of the largest size needs less than half of it."""
IDLE_SECONDS = 120.0
"""A process that was asked for nothing for so long goes, and gives its memory back."""
_BEGIN = """
import sys
from multiprocessing.connection import Connection
link = Connection(int(sys.argv[1]))
sys.path[:] = link.recv()
from pipeline.cell import serve
serve(link)
"""

_T = TypeVar("_T")


class Cell:
    """Calls functions in a process of its own. From any thread, one call at a time."""

    def __init__(self, seconds: float = SECONDS, megabytes: int = MEGABYTES) -> None:
        self.seconds, self.megabytes = seconds, megabytes
        self._lock = threading.Lock()
        self._link: Connection | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._end: Callable[[], object] = lambda: None
        self._loaded: set[str] = set()
        self._used = 0.0

    def call(self, function: Callable[..., _T], *arguments: Any, about: str = "") -> _T:
        """Gives what a function of a module makes of its arguments; all of them, and what comes of it, can be pickled.

        Raises what the function raises; ParseError, about `about`, where it computes for longer than `seconds` or its process dies of
        it.

        >>> Cell().call(divmod, 7, 2)
        (3, 1)
        """
        with self._lock:
            try:
                # What the process loads before it can begin is not the document's doing, and takes long on a busy machine.
                if function.__module__ not in self._loaded or time.monotonic() - self._used > IDLE_SECONDS / 2:
                    self._load(function.__module__)
                outcome, error = self._answer(function, arguments, self.seconds)
            except (EOFError, OSError) as gone:
                late = isinstance(gone, TimeoutError) or self._code() == -signal.SIGPROF
                self._close()
                if late:
                    raise ParseError(f"takes longer than {self.seconds:g} seconds to read and was given up", about=about) from gone
                raise ParseError("cannot be read: it ends the process that reads it, or needs too much memory", about=about) from gone
            except BaseException:
                self._close()  # an answer that comes too late is not taken for that of the next call
                raise
        if error is not None:
            raise error
        return outcome  # type: ignore[no-any-return]

    def close(self) -> None:
        """Ends the process; a later call begins another one."""
        with self._lock:
            self._close()

    def _answer(self, function: Callable[..., Any], arguments: tuple[Any, ...], seconds: float) -> tuple[Any, Exception | None]:
        assert self._link is not None
        self._link.send((function, arguments, seconds))
        if not self._link.poll(PATIENCE * seconds):
            raise TimeoutError
        outcome, error = self._link.recv()
        self._used = time.monotonic()
        return outcome, error

    def _load(self, module: str) -> None:
        """Begins the process where there is none that will stay, and has it load a module."""
        if self._link is not None and time.monotonic() - self._used > IDLE_SECONDS / 2:
            self._close()  # it may be going just now
        if self._link is None:
            ours, theirs = Pipe()
            with theirs:
                process = subprocess.Popen(
                    [sys.executable, "-c", _BEGIN, str(theirs.fileno())],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                )
            self._link, self._process, self._end = ours, process, weakref.finalize(self, _end, process, ours)
            ours.send(sys.path)
            ours.send(self.megabytes)
        self._answer(load, (module,), START_SECONDS)
        self._loaded.add(module)

    def _code(self) -> int | None:
        """How the process ended, None where it did not."""
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(1) if self._process else None
        return None

    def _close(self) -> None:
        self._end()
        self._link = None
        self._loaded.clear()


@functools.cache
def shared() -> Cell:
    """The one cell of this process, for all who bring none of their own."""
    return Cell()


def serve(link: Connection) -> None:
    """Answers calls until the caller is gone, or silent for `IDLE_SECONDS`. This is what the process does; nobody else calls it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the caller, who then ends this process
    limit = link.recv() * 1_000_000
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    with suppress(EOFError, OSError):
        while link.poll(IDLE_SECONDS):
            function, arguments, seconds = link.recv()
            # Both end the process, also in the middle of a function in C; the second where the caller is gone who would have done so.
            signal.setitimer(signal.ITIMER_PROF, seconds)
            signal.setitimer(signal.ITIMER_REAL, PATIENCE * seconds + 2)
            outcome: Any = None
            error: Exception | None = None
            try:
                outcome = function(*arguments)
            except (MemoryError, RecursionError) as much:
                error = ParseError(f"cannot be read: it is nested too deeply or needs too much memory ({type(much).__name__})")
            except Exception as raised:  # noqa: BLE001 - it is raised again by the caller, with the place where it came from
                error = raised
                raised.add_note(f"in the process that reads documents, at {_place(raised)}")
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.setitimer(signal.ITIMER_REAL, 0)
            link.send((outcome, error))


def load(module: str) -> None:
    """Loads a module, for the calls of its functions."""
    importlib.import_module(module)


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "an unknown place"


def _end(process: subprocess.Popen[bytes], link: Connection) -> None:
    link.close()
    process.kill()
    process.wait()
