"""The one family of errors: what went wrong, about what, and what to do, in one line.

Errors of libraries are translated into these at the edge of the library and chained. A bug stays what it is: nothing here
wraps a `TypeError`.
"""

from __future__ import annotations


class PipelineError(Exception):
    """Something that a person can act on; `str()` of it is one line without a traceback."""

    def __init__(self, message: str, *, about: str = "") -> None:
        super().__init__(message)
        self.about = about

    def __str__(self) -> str:
        message = " ".join(super().__str__().split())
        return f"{self.about}: {message}" if self.about else message


class ConfigError(PipelineError):
    """The configuration cannot be used; `problems` holds every one of them, each with its key."""

    def __init__(self, problems: tuple[str, ...], *, about: str = "") -> None:
        super().__init__("; ".join(problems), about=about)
        self.problems = problems


class FetchError(PipelineError):
    """An address did not give its bytes; `transient` says whether trying again later can help."""

    def __init__(self, message: str, *, about: str = "", transient: bool = True, status: int | None = None) -> None:
        super().__init__(message, about=about)
        self.transient = transient
        self.status = status


class ParseError(PipelineError):
    """Bytes were read that are not what they should be (a PDF for a feed, an empty page)."""


class StoreError(PipelineError):
    """The store cannot be opened, read or written: locked, damaged, foreign, or of a newer version."""


class DeliveryError(PipelineError):
    """A channel did not take a message; `transient` says whether trying again later can help."""

    def __init__(self, message: str, *, about: str = "", transient: bool = True) -> None:
        super().__init__(message, about=about)
        self.transient = transient


class UsageError(PipelineError):
    """What was asked for on the command line cannot be understood."""
