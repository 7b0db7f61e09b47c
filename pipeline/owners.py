"""Who is behind a publisher: what two houses of one owner say is not said twice.

A publisher is known by the site of its articles, else by its name. What nobody lists together counts as one where it shares a site
(`news.example.org` and `www.example.org`), and as two where it does not: a name alone never makes two houses one, unless it is listed.
Nothing is read from files or asked of a network here.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from pipeline.model import Owner
from pipeline.text import digest, fold

HOSTS_MANY = "-"
"""The owner under which sites are listed that host many houses."""

_SECOND_LEVELS = frozenset("ac co com edu gob gouv gov govt go ltd ne net nom or org plc".split())
"""Labels below which a country's registry gives out names: example.co.uk, example.org.au. Longer ones are listed where it matters."""


class Owners:
    """What is known of owners: of houses that are listed twice the first listing holds, so the configuration is given first."""

    def __init__(self, owners: Iterable[Owner] = ()) -> None:
        self._sites: dict[str, str] = {}
        self._names: dict[str, str] = {}
        for owner in owners:
            for house in (*owner.publishers, *(() if owner.name == HOSTS_MANY else (owner.name,))):
                if is_site(house):
                    self._sites.setdefault(house.lower(), owner.name)
                else:
                    self._names.setdefault(fold(house), owner.name)
        self.fingerprint = digest(*(f"{k}={v}" for of in (self._sites, self._names) for k, v in sorted(of.items())))

    def of(self, publisher: str, url: str) -> str:
        """Gives the owner of an article by its publisher's name and its address: a listed name, else the site, else the publisher.

        >>> owners = Owners([Owner("Quay Media", ("quay.example", "The Northern Courier")), Owner("-", ("blogs.example",))])
        >>> [owners.of(*a) for a in (("Quay", "https://www.quay.example/1"), ("The Northern Courier", "https://nc.example/1"))]
        ['Quay Media', 'Quay Media']
        >>> [owners.of("Ada", f"https://{h}/1") for h in ("news.tern.co.uk", "ada.blogs.example", "blogs.example", "127.0.0.1:80")]
        ['tern.co.uk', 'ada.blogs.example', 'ada', 'ada']
        """
        host = host_of(url)
        labels = host.split(".")
        found = next((self._sites[site] for n in range(len(labels)) if (site := ".".join(labels[n:])) in self._sites), "")
        if found and found != HOSTS_MANY:
            return found
        if listed := self._names.get(fold(publisher)):
            return listed
        if found:
            return host if host not in self._sites else fold(publisher) or host
        return site_of(host) or fold(publisher) or url


def owners_from(text: str) -> tuple[Owner, ...]:
    """Reads `owners.csv`: a row an owner, its houses parted by |."""
    body = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))
    rows = csv.DictReader(io.StringIO(body))
    return tuple(Owner(row["owner"], tuple(h.strip() for h in row["houses"].split("|") if h.strip())) for row in rows)


def is_site(house: str) -> bool:
    """Whether a house is listed by an address of its site.

    >>> is_site("example.org"), is_site("The Wire"), is_site("Yahoo!")
    (True, False, False)
    """
    return "." in house.strip(".") and not any(c.isspace() for c in house)


def site_of(host: str) -> str:
    """Gives the registered name that a host lies below; empty for a number, a name without a dot, or none at all.

    >>> [site_of(h) for h in ("news.example.co.uk", "www.example.org", "127.0.0.1", "localhost")]
    ['example.co.uk', 'example.org', '', '']
    """
    labels = host.split(".")
    if len(labels) < 2 or _is_number(host):
        return ""
    country = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVELS
    return ".".join(labels[-3 if country else -2 :])


@lru_cache(maxsize=4096)
def host_of(url: str) -> str:
    """Gives the host of an address in small letters; empty where it has none, or is no address."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_number(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False
