"""The guard against being led into one's own network: which IP addresses are never connected to.

It judges the address that a connection is about to be made to, after the name was looked up and on every hop of a redirect, so
that neither a name that answers differently the second time nor a redirect gets round it. It looks up nothing itself and knows no
names: whoever connects asks it, by `refusal` or with the socket of `guarded`. What a library connects to by itself is judged within
a `fence`.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Refused(OSError):
    """The guard refused an address; its text has no address in it, so that refusals of several addresses are equal."""


def _networks(*listed: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(n) for line in listed for n in line.split())


_NEVER = _networks(
    "169.254.0.0/16 fe80::/10",  # link-local, where clouds keep the secrets of their machines
    "224.0.0.0/4 ff00::/8",  # multicast
    "168.63.129.16/32",  # a cloud's wire server: it looks public and answers only from within
    "fd00:ec2::254/128 fd20:ce::254/128",  # the same by IPv6
    "100.100.100.200/32 192.0.0.192/32",
)
_PRIVATE = _networks(
    # The registries of special-purpose addresses of IANA (RFC 6890 and its updates), and site-local (RFC 3879). Written out,
    # because what `is_global` says differs between versions of Python.
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 192.168.0.0/16",
    "198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 240.0.0.0/4",
    "::/128 ::1/128 100::/64 100:0:0:1::/64 2001::/23 2001:db8::/32 3fff::/20 5f00::/16 fc00::/7 fec0::/10 64:ff9b:1::/48",
)
_WRAPS = tuple(
    (ipaddress.IPv6Network(network), shift)
    for network, shift in (
        ("::ffff:0:0/96", 0),  # IPv4-mapped
        ("::ffff:0:0:0/96", 0),  # IPv4-translated (RFC 2765)
        ("64:ff9b::/96", 0),  # NAT64 (RFC 6052)
        ("2002::/16", 80),  # 6to4
        ("::/96", 0),  # IPv4-compatible
    )
)
"""What IPv6 wraps around an IPv4 address, and by how many bits the inside is to be shifted."""


def refusal(address: str, *, allow_private: bool = False) -> str:
    """Says why an IP address is not to be connected to, or gives an empty string.

    What IPv6 wraps around an IPv4 address (mapped, compatible, translated, 6to4, NAT64, ISATAP) is judged by what is inside.
    Link-local and multicast addresses stay closed even where private networks are open. Raises ValueError for what is no IP address.

    >>> refusal("93.184.215.14"), refusal("127.0.0.1", allow_private=True)
    ('', '')
    >>> refusal("::ffff:10.0.0.1")
    'it is on a private network (set allow_private_addresses in [fetch] to allow that)'
    """
    ip = _inside(ipaddress.ip_address(address.partition("%")[0]))
    if any(ip in network for network in _NEVER):
        return "it is a link-local or multicast address or a cloud's own, which is private and never fetched"
    if not allow_private and any(ip in network for network in _PRIVATE):
        return "it is on a private network (set allow_private_addresses in [fetch] to allow that)"
    return ""


def _inside(ip: _Address) -> _Address:
    """The IPv4 address within an IPv6 one; `::` and `::1` are their own."""
    if isinstance(ip, ipaddress.IPv4Address) or int(ip) <= 1:
        return ip
    for network, shift in _WRAPS:
        if ip in network:
            return ipaddress.IPv4Address((int(ip) >> shift) & 0xFFFFFFFF)
    if (int(ip) >> 32) & 0xFDFFFFFF == 0x5EFE:  # ISATAP (RFC 5214): an interface ::0:5efe:a.b.c.d or ::200:5efe:a.b.c.d
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip


def is_own_machine(host: str) -> bool:
    """Whether a host is this very machine by its name or number; nothing is looked up.

    >>> [is_own_machine(h) for h in ("localhost", "127.0.0.1", "::1", "wire.example")]
    [True, True, True, False]
    """
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return _inside(ipaddress.ip_address(host)).is_loopback
    except ValueError:
        return False


def guarded(address: Any, *, allow_private: bool = False) -> socket.socket:
    """Makes the socket for an address that has been looked up: the last place before a connection; raises Refused.

    `address` is a tuple as `getaddrinfo` gives it, which is also what the `socket_factory` of aiohttp's connector is called with.
    """
    family, kind, protocol, _, place = address
    if why := refusal(str(place[0]), allow_private=allow_private):
        raise Refused(why)
    return socket.socket(family, kind, protocol)


# A fence around libraries that make their own connections.

_CONNECTS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})


@dataclass(eq=False, slots=True)
class Fence:
    """What a fence lets through, and the reasons for which it turned connections away."""

    allow_private: bool
    refused: list[str] = field(default_factory=list)


_around: ContextVar[Fence | None] = ContextVar("fence", default=None)
_inherited: WeakKeyDictionary[threading.Thread, Fence] = WeakKeyDictionary()
"""The fences in which threads were started: they hold in those as long as they live."""


@contextmanager
def fence(*, allow_private: bool = False) -> Iterator[Fence]:
    """Keeps what runs within it from connecting to an address that is refused, whichever library asks: Refused is raised there.

    It holds for all sockets of Python in this thread and in those that are started from it, after names were looked up and on each hop
    of a redirect; sockets of this machine alone (a desktop's bus) are no network. Libraries may swallow what is raised: `refused` tells.
    """
    _watch()
    made = Fence(allow_private)
    token = _around.set(made)
    try:
        yield made
    finally:
        _around.reset(token)


@cache
def _watch() -> None:
    """Audit hooks (PEP 578) see each connection just before it is made; they cannot be taken away again, so there is one.

    The start of a thread is no audit event before Python 3.12, and threads inherit no context before 3.14: who starts one is noted.
    """
    sys.addaudithook(_judge)
    begin = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        if made := _standing():
            _inherited[thread] = made
        begin(thread)

    threading.Thread.start = start  # type: ignore[assignment]


def _judge(event: str, args: tuple[Any, ...]) -> None:
    if event not in _CONNECTS or (made := _standing()) is None:
        return
    asked, place = args[0], args[1]
    if asked.family in (socket.AF_INET, socket.AF_INET6) and place is not None:
        for address in _addresses(str(place[0])):
            if why := refusal(address, allow_private=made.allow_private):
                made.refused.append(why)
                raise Refused(why)


def _standing() -> Fence | None:
    """The fence around this thread."""
    return _around.get() or (_inherited.get(threading.current_thread()) if _inherited else None)


def _addresses(host: str) -> list[str]:
    """What a library that hands a name to its socket will reach: nearly all of them look it up before."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return [str(found[4][0]) for found in socket.getaddrinfo(host, None)]
    return [host]
