"""The one family of errors: what went wrong, about what, and what to do, in one line.

Errors of libraries are translated into these at the edge of the library and chained. A bug stays what it is: nothing here
wraps a `TypeError`.
"""

from __future__ import annotations

from enum import StrEnum


def install(extra: str) -> str:
    """Says how to add an extra's packages, where the project was cloned and where it was installed.

    >>> install("train")
    "pip install -e '.[train]' in a clone, pip install 'pipeline[train]' elsewhere"
    """
    return f"pip install -e '.[{extra}]' in a clone, pip install 'pipeline[{extra}]' elsewhere"


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


class Trouble(StrEnum):
    """What kept an address from giving its bytes: how long to wait before the next try goes by it."""

    ADDRESS = "address"  # no address of the web
    REFUSED = "refused"  # the guard closes the network that it lies on
    DNS = "dns"
    DNS_TEMPORARY = "dns-temporary"
    CONNECT = "connect"
    TLS = "tls"
    PROTOCOL = "protocol"  # an answer that is not HTTP
    BROKEN = "broken"  # the answer broke off
    ENCODING = "encoding"  # the answer is not compressed as it says
    TOO_LARGE = "too-large"
    REDIRECTS = "redirects"
    STATUS = "status"
    DEADLINE = "deadline"
    ROBOTS = "robots"
    HELD = "held"  # the server asked to be left alone until later
    STOPPED = "stopped"  # by us, while it was being asked
    UNASKED = "unasked"  # stopped by us before it was asked
    ABSENT = "absent"  # not in the archive that is read from


class FetchError(PipelineError):
    """An address did not give its bytes; `transient` says whether trying again later can help.

    `retry_after` is for how many seconds the server asked to be left alone, and `host` which one it was; None and empty where it
    said nothing.
    """

    def __init__(
        self,
        message: str,
        *,
        about: str = "",
        transient: bool = True,
        status: int | None = None,
        kind: Trouble = Trouble.CONNECT,
        retry_after: float | None = None,
        host: str = "",
    ) -> None:
        super().__init__(message, about=about)
        self.transient = transient
        self.status = status
        self.kind = kind
        self.retry_after = retry_after
        self.host = host


class ParseError(PipelineError):
    """Bytes were read that are not what they should be (a PDF for a feed, an empty page)."""


class StoreError(PipelineError):
    """The store cannot be opened, read or written: locked, damaged, foreign, or of a newer version."""


class DeliveryError(PipelineError):
    """A channel did not take a message; `transient` says whether trying again later can help.

    `retry_seconds` is when the channel wants to be asked again, None where it does not say. `taken` is the receipt of those who have
    the message already, where a channel has several.
    """

    def __init__(
        self, message: str, *, about: str = "", transient: bool = True, retry_seconds: float | None = None, taken: str = ""
    ) -> None:
        super().__init__(message, about=about)
        self.transient = transient
        self.retry_seconds = retry_seconds
        self.taken = taken


class Stopped(Exception):
    """What is being done shall end here, between two steps: nothing is wrong, and what was saved stays saved."""


class UsageError(PipelineError):
    """What was asked for on the command line cannot be understood."""
