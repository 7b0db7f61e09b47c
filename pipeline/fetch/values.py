"""What goes into a fetch and what comes out of it: settings, requests, outcomes. Nothing here reaches out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

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
    """How to fetch. `timeout_seconds` counts from the look-up of the name to the last byte, megabytes are 1 000 000 bytes.

    `pause_seconds` lie between the beginnings of two requests to one site; this machine itself is asked without a pause. `proxy`
    is the address of an HTTP proxy that everything goes through, empty for none.
    """

    user_agent: str = field(default_factory=user_agent)
    timeout_seconds: float = 20.0
    max_body_megabytes: float = 10.0
    concurrency: int = 32
    per_host: int = 2
    pause_seconds: float = 0.5
    allow_private_addresses: bool = False
    proxy: str = ""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """An address to fetch. `etag` and `last_modified` are sent back as they came; `robots` says to heed robots.txt."""

    url: str
    etag: str = ""
    last_modified: str = ""
    robots: bool = False


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The server says that nothing changed since the answer that `etag` and `last_modified` came from (304).

    `headers` are those of this answer, `moved` is where permanent redirects led (see `Page.moved`).
    """

    url: str
    headers: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    moved: str = field(default="", compare=False)

    def header(self, name: str) -> str:
        """The first header of that name, or an empty string."""
        return next((value for key, value in self.headers if key == name.lower()), "")


Outcome = Page | Unchanged | FetchError


def site_of(address: str) -> str:
    """The host of an address, with its port where that is not the usual one: what limits, pauses and Retry-After go by.

    >>> site_of("https://Wire.example/a"), site_of("http://wire.example:80/b"), site_of("http://127.0.0.1:8080/"), site_of("x")
    ('wire.example', 'wire.example', '127.0.0.1:8080', '')
    """
    # The entries of a feed nearly all lie on one site: what comes before the path says it, and is looked into once.
    origin = _ORIGIN.match(address)
    return _site_of(origin[0] if origin else address)


_ORIGIN = re.compile(r"\s*[a-z][a-z0-9+.-]*://[^/?#]*", re.IGNORECASE | re.ASCII)


@lru_cache(maxsize=1024)
def _site_of(address: str) -> str:
    try:
        return site(URL(address.strip()))
    except ValueError:
        return ""


def site(url: URL) -> str:
    """The same of a parsed address."""
    host = url.host or ""
    return host if url.explicit_port in {None, 80, 443} else f"{host}:{url.explicit_port}"
