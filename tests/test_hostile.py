"""A server that does everything wrong: each fetch ends by its deadline with the right kind of error, in bounded memory, and alone."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from socket import socket

import pytest
import trustme

from pipeline.errors import FetchError, Trouble
from pipeline.fetch import Fetcher, FetchSettings, Outcome, PageRequest
from pipeline.model import Page
from tests.hostile import CLOSED, HEAD, Hole, brotli_bomb, gzip_bomb, plain, redirects, repeats, says, silent, zstd_bomb

SETTINGS = FetchSettings(allow_private_addresses=True, concurrency=100, per_host=100, max_body_megabytes=1)
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

FLOOD = {Trouble.TOO_LARGE, Trouble.DEADLINE}
"""What ends a flood: the cap, or on a machine that is too busy to get there the deadline. `test_fetch` holds the cap by itself."""

BEHAVIOURS: dict[str, tuple[Callable[[Hole, socket], None], set[Trouble]]] = {
    "silence": (silent, {Trouble.DEADLINE}),
    "drip in the body": (repeats(HEAD + CLOSED, b"x", 0.05), {Trouble.DEADLINE}),
    "drip in the head": (repeats(HEAD, b"X-More: 1\r\n", 0.05), {Trouble.DEADLINE, Trouble.PROTOCOL}),
    "drip in the status": (repeats(b"HTTP/1.1 200 ", b"O", 0.05), {Trouble.DEADLINE, Trouble.PROTOCOL}),
    "drip in chunks": (repeats(CHUNKED, b"1\r\nx\r\n", 0.05), {Trouble.DEADLINE}),
    "endless": (repeats(HEAD + CLOSED, b"x" * 65_536), FLOOD),
    "endless chunks": (repeats(CHUNKED, b"10000\r\n" + b"x" * 65_536 + b"\r\n"), FLOOD),
    "endless head": (repeats(HEAD, b"X-More: " + b"x" * 1000 + b"\r\n"), {Trouble.PROTOCOL, Trouble.DEADLINE}),
    "endless header": (repeats(HEAD + b"X-More: ", b"x" * 65_536), {Trouble.PROTOCOL}),
    "endless status": (repeats(b"HTTP/1.1 200 ", b"O" * 65_536), {Trouble.PROTOCOL}),
    "endless continues": (repeats(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.001), {Trouble.DEADLINE, Trouble.PROTOCOL}),
    "a long chunk header": (repeats(CHUNKED, b"0" * 65_536), {Trouble.BROKEN, Trouble.PROTOCOL, Trouble.DEADLINE}),
    "endless trailers": (repeats(CHUNKED + b"0\r\n", b"X-More: 1\r\n"), {Trouble.BROKEN, Trouble.PROTOCOL, Trouble.DEADLINE}),
    "gzip bomb": (gzip_bomb(), FLOOD),
    "brotli bomb": (brotli_bomb(), FLOOD),
    "zstd bomb": (zstd_bomb(), FLOOD),
    "bomb after a redirect": (redirects("/gzip%20bomb"), FLOOD),
    "truncated": (says(HEAD + b"Content-Length: 1000\r\n" + CLOSED + b"half"), {Trouble.BROKEN}),
    "truncated chunk": (says(CHUNKED + b"ff\r\nhalf"), {Trouble.BROKEN}),
    "no last chunk": (says(CHUNKED + b"4\r\nhalf\r\n"), {Trouble.BROKEN}),
    "a chunk that is too long": (says(CHUNKED + b"2\r\nlonger\r\n0\r\n\r\n"), {Trouble.BROKEN, Trouble.PROTOCOL}),
    "a chunk of no number": (says(CHUNKED + b"zz\r\nxx\r\n0\r\n\r\n"), {Trouble.BROKEN, Trouble.PROTOCOL}),
    "a chunk below zero": (says(CHUNKED + b"-5\r\nxx\r\n0\r\n\r\n"), {Trouble.BROKEN, Trouble.PROTOCOL}),
    "a chunk of the size of a planet": (
        says(CHUNKED + b"ffffffffffffffffff\r\nxx"),
        {Trouble.BROKEN, Trouble.PROTOCOL, Trouble.TOO_LARGE},
    ),
    "a length below zero": (says(HEAD + b"Content-Length: -1\r\n" + CLOSED + b"x"), {Trouble.PROTOCOL}),
    "a length of no number": (says(HEAD + b"Content-Length: ten\r\n" + CLOSED + b"x"), {Trouble.PROTOCOL}),
    "two lengths": (says(HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n" + CLOSED + b"xx"), {Trouble.PROTOCOL}),
    "a length that is a lie": (says(HEAD + b"Content-Length: 99999999999\r\n" + CLOSED + b"x"), {Trouble.TOO_LARGE}),
    "gzip that is none": (says(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n" + CLOSED + b"plain"), {Trouble.ENCODING}),
    "nothing": (says(b""), {Trouble.BROKEN}),
    "noise": (says(bytes(range(256)) * 20), {Trouble.PROTOCOL, Trouble.BROKEN}),
    "HTTP 0.9": (says(b"<html>hello</html>"), {Trouble.PROTOCOL, Trouble.BROKEN}),
    "HTTP 9": (says(b"HTTP/9.9 200 OK\r\n\r\n"), {Trouble.PROTOCOL, Trouble.BROKEN}),
    "a status of no number": (says(b"HTTP/1.1 OK 200\r\n\r\n"), {Trouble.PROTOCOL, Trouble.BROKEN}),
    "a header without a name": (says(b"HTTP/1.1 200 OK\r\n: x\r\n\r\n"), {Trouble.PROTOCOL}),
    "half a head": (says(HEAD), {Trouble.BROKEN, Trouble.PROTOCOL}),
    "an SSH server": (says(b"SSH-2.0-OpenSSH_9.6\r\n"), {Trouble.PROTOCOL, Trouble.BROKEN}),
}


def fetched(urls: list[str], settings: FetchSettings | None = None) -> dict[str, tuple[Outcome, float]]:
    """Fetches all at once and gives each outcome with the seconds after which it came."""
    begun = time.monotonic()
    with Fetcher(settings or replace(SETTINGS, timeout_seconds=patience())) as fetcher:
        return {request.url: (outcome, time.monotonic() - begun) for request, outcome in fetcher.fetch([PageRequest(u) for u in urls])}


@cache
def patience() -> float:
    """A deadline that an answer which comes at once meets here with ease: a second, and more on a machine with much else to do."""
    begun = time.monotonic()
    with Hole({}) as hole, Fetcher(replace(SETTINGS, timeout_seconds=60)) as fetcher:
        list(fetcher.fetch([PageRequest(hole.url(f"/{n}")) for n in range(60)]))
    return min(20.0, max(1.0, 5 * (time.monotonic() - begun)))


def peak() -> int:
    """The most memory that this process has had since the last `forget_peak`, in bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) * 1024


def forget_peak() -> int:
    Path("/proc/self/clear_refs").write_text("5")
    return peak()


def test_each_ends_by_its_deadline_with_the_right_kind_in_little_memory_and_holds_nobody_up() -> None:
    answers = {"/" + name.replace(" ", "%20"): answer for name, (answer, _) in BEHAVIOURS.items()}
    with Hole(answers) as hole:
        good = [hole.url(f"/good?{n}") for n in range(20)]
        bad = {hole.url(path): kinds for path, (_, kinds) in zip(answers, BEHAVIOURS.values(), strict=True)}
        fetched(good[:1])
        before = forget_peak()
        found = fetched([*bad, *good])
        grown = peak() - before
    for url, kinds in bad.items():
        outcome, seconds = found[url]
        assert isinstance(outcome, FetchError), url
        assert outcome.kind in kinds, (url, outcome, outcome.kind)
        assert "\n" not in str(outcome) and seconds < patience() + 1, (url, seconds)
    assert all(isinstance(found[url][0], Page) for url in good)
    assert grown < 64 * 1024 * 1024


LEADS_TO_THE_PAGE = [
    *("page", "/page", "./page", "../page", "x/../page", "//127.0.0.1:{port}/page", "http://127.0.0.1:{port}/page", "/page#part"),
    *("/page?a=b&c=d", "/page?", "/page?q=%20%2f", "/page?q=é", "  /page  ", "/page?q=a b", "http://user:word@127.0.0.1:{port}/page"),
    *("HTTP://127.0.0.1:{port}/page", "http://127.0.0.1:{port}//../page", "/page?twice"),
]
LEADS_NOWHERE = [
    ("ftp://127.0.0.1/x", Trouble.ADDRESS),
    ("file:///etc/passwd", Trouble.ADDRESS),
    ("gopher://127.0.0.1:70/_x", Trouble.ADDRESS),
    ("data:text/html,x", Trouble.ADDRESS),
    ("javascript:alert(1)", Trouble.ADDRESS),
    ("about:blank", Trouble.ADDRESS),
    ("unix:/var/run/docker.sock", Trouble.ADDRESS),
    ("mailto:desk@wire.example", Trouble.ADDRESS),
    ("http://", Trouble.REDIRECTS),  # relative to where it stands: itself
    ("http://[::1", Trouble.ADDRESS),
    ("http://[nonsense]/", Trouble.ADDRESS),
    ("http://127.0.0.1:99999/", Trouble.ADDRESS),
    ("http://127.0.0.1:0/", Trouble.ADDRESS),
    ("http://127.0.0.1:x/", Trouble.ADDRESS),
    ("http://169.254.169.254/latest/meta-data/", Trouble.REFUSED),
    ("http://[fe80::1]/", Trouble.REFUSED),
    ("http://[::ffff:169.254.169.254]/", Trouble.REFUSED),
    ("http://no-such-host.invalid/", Trouble.DNS),
    ("/again", Trouble.REDIRECTS),
    ("?again", Trouble.REDIRECTS),
    ("/" + "x" * 100_000, Trouble.PROTOCOL),
]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_of_every_shape_lead_to_the_page(status: int) -> None:
    behaviours = {f"/{n}": redirects(location, status) for n, location in enumerate(LEADS_TO_THE_PAGE)}
    with Hole({**behaviours, "/page": plain}) as hole:
        found = fetched([hole.url(path) for path in behaviours])
        for n, location in enumerate(LEADS_TO_THE_PAGE):
            outcome, _ = found[hole.url(f"/{n}")]
            assert isinstance(outcome, Page), (location, outcome)
            assert outcome.body == b"ok" and (outcome.moved != "") == (status in {301, 308})


def test_redirects_that_lead_nowhere_say_so() -> None:
    behaviours = {f"/{n}": redirects(location) for n, (location, _) in enumerate(LEADS_NOWHERE)}
    again = {"/again": redirects("/again")}
    more = {"/drip": redirects("/page", more=b"Transfer-Encoding: chunked\r\n\r\n"), "/empty": redirects("")}
    with Hole({**behaviours, **again, **more}) as hole:
        found = fetched([hole.url(f"/{n}") for n in range(len(LEADS_NOWHERE))])
        for n, (location, kind) in enumerate(LEADS_NOWHERE):
            outcome, seconds = found[hole.url(f"/{n}")]
            assert isinstance(outcome, FetchError), location
            assert (outcome.kind, seconds < patience() + 1) == (kind, True), (location, outcome)
        others = fetched([hole.url("/drip"), hole.url("/empty")])
        assert isinstance(others[hole.url("/drip")][0], Page)
        assert "302" in str(others[hole.url("/empty")][0])


TLS = {
    "of nobody we trust": ("127.0.0.1", False),
    "of another host": ("wire.example", True),
}


@pytest.mark.parametrize("kind", TLS)
def test_certificates_that_are_not_valid_end_it(kind: str) -> None:
    name, _ = TLS[kind]
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    with Hole({}, context) as hole:
        outcome, _ = fetched([hole.url("/")])[hole.url("/")]
    assert isinstance(outcome, FetchError) and outcome.kind is Trouble.TLS
    assert "certificate" in str(outcome)


def test_plain_words_where_tls_is_expected_end_it() -> None:
    with Hole({}) as hole:
        url = hole.url("/").replace("http:", "https:")
        outcome, _ = fetched([url])[url]
    assert isinstance(outcome, FetchError) and outcome.kind is Trouble.TLS


# Being led into one's own network.

TARGETS = """
127.0.0.1 127.0.0.2 127.255.255.254 127.1 127.0.1 2130706433 0x7f000001 0x7f.0.0.1 0177.0.0.1 017700000001 0 0.0.0.0 localhost LOCALHOST
localhost. [::1] [::] [0:0:0:0:0:0:0:1] [::ffff:127.0.0.1] [::ffff:7f00:1] [::127.0.0.1] [::ffff:0:127.0.0.1] [64:ff9b::127.0.0.1]
[64:ff9b:1::127.0.0.1] [2002:7f00:1::] [2001:0:7f00:1::] [fe80::5efe:7f00:1] [fe80::1] [fc00::1] [fd00:ec2::254] [fec0::1] [ff02::1]
10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 100.64.0.1 169.254.169.254 192.0.0.192 198.18.0.1 224.0.0.1 240.0.0.1
255.255.255.255 192.0.2.1 198.51.100.1 203.0.113.1 168.63.129.16 100.100.100.200 user@127.0.0.1 127.0.0.1%2f@127.0.0.1 ①②⑦.⓪.⓪.①
""".split()


def test_none_of_the_ways_into_the_own_network_makes_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    connected: list[object] = []
    monkeypatch.setattr(socket, "connect", lambda self, place: connected.append(place))
    closed = FetchSettings(timeout_seconds=3, concurrency=100, per_host=100)
    assert len(TARGETS) > 30
    with Hole({}) as hole:
        direct = [f"http://{target}:{hole.port}/" for target in TARGETS]
        for url, (outcome, _) in fetched(direct, closed).items():
            assert isinstance(outcome, FetchError) and outcome.kind in {Trouble.REFUSED, Trouble.ADDRESS, Trouble.DNS}, (url, outcome)
        assert hole.connections == 0 and not connected


def test_a_redirect_into_the_own_network_is_not_followed() -> None:
    # Where private networks are open the hops to what stays closed are refused; the guard is the same on the first and the last hop.
    closed = ["169.254.169.254", "[::ffff:169.254.169.254]", "[fe80::1]", "168.63.129.16", "[fd00:ec2::254]", "224.0.0.1"]
    with Hole({f"/{n}": redirects(f"http://{target}/") for n, target in enumerate(closed)}) as hole:
        for url, (outcome, _) in fetched([hole.url(f"/{n}") for n in range(len(closed))]).items():
            assert isinstance(outcome, FetchError) and outcome.kind is Trouble.REFUSED, url


def test_a_name_is_judged_by_what_it_leads_to_when_the_connection_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    with Hole({}) as hole:
        monkeypatch.setattr("socket.getaddrinfo", lambda host, port, *more: [(2, 1, 6, "", ("127.0.0.1", port))])
        url = hole.url("/", "harmless.example")
        outcome, _ = fetched([url], FetchSettings(timeout_seconds=3))[url]
        assert isinstance(outcome, FetchError) and outcome.kind is Trouble.REFUSED and hole.connections == 0


def test_through_a_proxy_the_target_is_judged_before_it_is_asked_for() -> None:
    asked: list[bytes] = []

    def proxy(hole: Hole, to: socket) -> None:
        asked.append(b"x")
        to.sendall(HEAD + b"Content-Length: 5\r\n" + CLOSED + b"proxy")

    with Hole({}) as hole:
        hole._behaviours = {"http://93.184.215.14/a": proxy}
        settings = FetchSettings(timeout_seconds=3, proxy=hole.url("").rstrip("/"))
        found = fetched(["http://93.184.215.14/a", "http://127.0.0.1/a", "http://169.254.169.254/", "http://localhost:1/"], settings)
    page, *refused = (outcome for outcome, _ in (found[u] for u in sorted(found, key=lambda u: "93." not in u)))
    assert isinstance(page, Page) and page.body == b"proxy" and asked == [b"x"]
    assert all(isinstance(r, FetchError) and r.kind is Trouble.REFUSED for r in refused)
