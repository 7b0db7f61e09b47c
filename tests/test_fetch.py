"""Fetching against a real server on 127.0.0.1: what arrives, what is refused, and that everything ends in time."""

from __future__ import annotations

import asyncio
import gzip
import socket
import threading
import time
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from pipeline.errors import FetchError, Trouble
from pipeline.fetch import Fetcher, FetchSettings, Outcome, PageRequest, Unchanged, user_agent
from pipeline.fetch.guard import Refused, fence, refusal
from pipeline.model import Page
from tests.web import Answer, Asked, Site


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


def settings(**changes: Any) -> FetchSettings:
    return FetchSettings(**{"allow_private_addresses": True, "timeout_seconds": 5.0, **changes})


def get(url: str, *, etag: str = "", last_modified: str = "", robots: bool = False, **changes: Any) -> Outcome:
    with Fetcher(settings(**changes)) as fetcher:
        [(request, outcome)] = fetcher.fetch([PageRequest(url, etag, last_modified, robots)])
    assert request.url == url
    return outcome


def page(outcome: Outcome) -> Page:
    assert isinstance(outcome, Page), outcome
    return outcome


def error(outcome: Outcome) -> FetchError:
    assert isinstance(outcome, FetchError), outcome
    return outcome


def test_a_page_comes_with_what_came_with_it(site: Site) -> None:
    url = site.put("/a", "<p>Zürich</p>", headers={"ETag": 'W/"x"', "X-Port": "Ghent"})
    found = page(get(url))
    assert (found.url, found.final_url, found.status, found.body) == (url, url, 200, "<p>Zürich</p>".encode())
    assert (found.header("ETag"), found.header("x-port"), found.fetched.tzname()) == ('W/"x"', "Ghent", "UTC")
    [asked] = site.requests
    assert asked.headers["user-agent"] == user_agent()
    assert "gzip" in asked.headers["accept-encoding"]
    assert "if-none-match" not in asked.headers and "cookie" not in asked.headers


def test_the_validators_go_back_byte_for_byte(site: Site) -> None:
    etag, modified = 'W/"weird  étag, with \\ things"', "Tue,  05 Mar 2024 8:00:00 GMT"
    url = site.put("/same", status=304)
    assert get(url, etag=etag, last_modified=modified) == Unchanged(url)
    asked = site.requests[0].headers
    assert asked["if-none-match"].encode("latin-1") == etag.encode()
    assert asked["if-modified-since"] == modified


def test_validators_that_could_not_be_sent_as_they_came_stay_away(site: Site) -> None:
    url = site.put("/a", "x", headers={"ETag": '"\xff"'})
    etag = page(get(url)).header("etag")
    etag.encode()
    page(get(url, etag=etag, last_modified="now\r\nX-Injected: 1"))
    assert not {"if-none-match", "if-modified-since", "x-injected"} & set(site.requests[-1].headers)


def test_304_to_a_question_that_had_no_condition_is_an_error(site: Site) -> None:
    assert error(get(site.put("/same", status=304))).status == 304


STATUSES = [
    (404, "answered 404 Not Found", False),
    (410, "answered 410 Gone", False),
    (403, "answered 403 Forbidden", False),
    (429, "answered 429 Too Many Requests", True),
    (500, "answered 500 Internal Server Error", True),
    (501, "answered 501 Not Implemented", False),
    (503, "answered 503 Service Unavailable", True),
    (522, "answered 522", True),
    (302, "answered 302 Found", False),
]


@pytest.mark.parametrize(("status", "message", "transient"), STATUSES)
def test_statuses(site: Site, status: int, message: str, transient: bool) -> None:
    found = error(get(site.put("/x", "no", status=status)))
    assert (str(found), found.status, found.transient) == (f"{site.url('/x')}: {message}", status, transient)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "raw deflate"])
def test_compressed_answers_are_unpacked(site: Site, encoding: str) -> None:
    raw = zlib.compressobj(wbits=-15)
    packed = {
        "gzip": gzip.compress(b"tide " * 1000),
        "deflate": zlib.compress(b"tide " * 1000),
        "raw deflate": raw.compress(b"tide " * 1000) + raw.flush(),
    }
    url = site.put("/z", packed[encoding], headers={"Content-Encoding": encoding.split()[-1]})
    assert page(get(url)).body == b"tide " * 1000


def test_an_encoding_that_is_a_lie_is_one_clear_line(site: Site) -> None:
    found = error(get(site.put("/z", b"plain text", headers={"Content-Encoding": "gzip"})))
    assert "cannot be decoded" in str(found)


def test_large_bodies_are_refused_by_their_length_without_being_read(site: Site) -> None:
    found = error(get(site.put("/big", b"x" * 1000, length=30_000_000)))
    assert str(found) == f"{site.url('/big')}: is larger than 10 MB (max_body_megabytes in [fetch])"
    assert not found.transient


def test_reading_stops_at_the_cap_where_the_length_is_not_told(site: Site) -> None:
    sent = []

    def endless() -> Iterator[bytes]:
        while True:
            sent.append(1)
            yield b"x" * 100_000

    found = error(get(site.put("/endless", endless()), max_body_megabytes=0.5))
    assert "larger than 0.5 MB" in str(found)
    assert len(sent) < 200


def test_the_cap_counts_what_is_unpacked(site: Site) -> None:
    url = site.put("/bomb", gzip.compress(b"\0" * 50_000_000), headers={"Content-Encoding": "gzip"})
    assert "larger than 1 MB" in str(error(get(url, max_body_megabytes=1)))
    assert len(page(get(site.put("/fits", b"x" * 1_000_000), max_body_megabytes=1)).body) == 1_000_000


def test_redirects_are_followed_to_the_page(site: Site) -> None:
    url = site.redirect("/one", "two?x=1", 301)
    site.redirect("/two", site.url("/three#part"), 308)
    site.put("/three", "here")
    found = page(get(url))
    assert (found.url, found.final_url, found.body) == (url, site.url("/three"), b"here")


BAD_TARGETS = [
    ("/loop", "more than 10 redirects"),
    ("ftp://wire.example/x", "redirects to 'ftp://wire.example/x', which is no address of the web (http:// or https://)"),
    ("file:///etc/passwd", "redirects to 'file:///etc/passwd', which is no address of the web (http:// or https://)"),
    ("http://[::bad", "no address of the web"),
    ("http://169.254.169.254/latest", "169.254.169.254 is refused: it is a link-local or multicast address"),
]


@pytest.mark.parametrize(("target", "message"), BAD_TARGETS)
def test_redirects_that_lead_nowhere(site: Site, target: str, message: str) -> None:
    found = error(get(site.redirect("/loop", target)))
    assert message in str(found) and not found.transient
    assert len(site.requests) <= 11


def test_cookies_last_for_one_fetch(site: Site) -> None:
    base = site.base.replace("127.0.0.1", "localhost")

    def wall(asked: Asked) -> Answer:
        if "seen=1" in asked.headers.get("cookie", ""):
            return Answer(b"through")
        return Answer(status=302, headers={"Location": "/wall", "Set-Cookie": "seen=1; Path=/"})

    site.on("/wall", wall)
    with Fetcher(settings()) as fetcher:
        for _ in range(2):
            [(_, outcome)] = fetcher.fetch([PageRequest(f"{base}/wall")])
            assert page(outcome).body == b"through"
    assert [bool(asked.headers.get("cookie")) for asked in site.requests] == [False, True, False, True]


@pytest.mark.parametrize(
    "url", ["ftp://wire.example/x", "wire.example/x", "", "http://", "http://x:99999/", "javascript:1", "http://[1", "http:///x"]
)
def test_addresses_that_are_none(url: str) -> None:
    found = error(get(url))
    assert "no address of the web (http:// or https://)" in str(found) and not found.transient


PRIVATE_URLS = [
    "http://127.0.0.1:{port}/",
    "http://localhost:{port}/",
    "http://[::1]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://0.0.0.0:{port}/",
]


@pytest.mark.parametrize("url", PRIVATE_URLS)
def test_private_networks_are_refused_where_the_connection_is_made(site: Site, url: str) -> None:
    found = error(get(url.format(port=site.base.rpartition(":")[2]), allow_private_addresses=False))
    assert "private network (set allow_private_addresses in [fetch]" in str(found)
    assert not found.transient and not site.requests


@pytest.mark.parametrize("url", ["http://2130706433/", "http://127.1/", "http://0x7f000001/", "http://0177.0.0.1/"])
def test_odd_ways_of_writing_127_0_0_1_do_not_help(url: str) -> None:
    found = error(get(url, allow_private_addresses=False))
    assert not found.transient or "looked up" in str(found)


ADDRESSES = {
    "open": "93.184.215.14 2606:2800:21f:cb07::1 ::ffff:93.184.215.14 64:ff9b::5db8:d70e 2002:5db8:d70e::1",
    "private": "127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 100.64.0.1 0.0.0.0 192.0.0.9 198.18.0.1 203.0.113.5 240.0.0.1 255.255.255.255 "
    ":: ::1 ::ffff:10.0.0.1 ::7f00:1 64:ff9b::7f00:1 64:ff9b:1::1 2002:7f00:1::1 fc00::1 fec0::1 2001:db8::1 2001::1",
    "closed": "169.254.169.254 fd00:ec2::254 168.63.129.16 100.100.100.200 ::ffff:169.254.169.254 fe80::1 fe80::1%eth0 224.0.0.1 ff02::1",
}


@pytest.mark.parametrize(("kind", "address"), [(kind, address) for kind, line in ADDRESSES.items() for address in line.split()])
def test_which_addresses_are_private(kind: str, address: str) -> None:
    assert bool(refusal(address, allow_private=False)) == (kind != "open")
    assert bool(refusal(address, allow_private=True)) == (kind == "closed")


def test_failures_of_the_network_are_one_line_and_worth_another_try(site: Site) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{taken.getsockname()[1]}/"
    cases = {
        closed: "cannot connect to 127.0.0.1",
        "http://no-such-host.invalid/": "the name no-such-host.invalid cannot be looked up",
        f"http://{'a' * 64}.example/": "cannot be looked up (this cannot be the name of a host)",
        site.put("/short", b"half", length=100): "the answer broke off",
        site.on("/cut", lambda asked: (_ for _ in ()).throw(ConnectionAbortedError)): "broke the connection off",
        site.base.replace("http:", "https:"): "no secure connection to 127.0.0.1",
    }
    with Fetcher(settings()) as fetcher:
        outcomes = {request.url: error(outcome) for request, outcome in fetcher.fetch([PageRequest(url) for url in cases])}
    for url, message in cases.items():
        assert message in str(outcomes[url]), url
        assert outcomes[url].transient and "\n" not in str(outcomes[url])


def test_an_answer_that_is_not_http() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def gopher() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"i welcome to the hole\tfake\t(NULL)\t0\r\n.\r\n")

        thread = threading.Thread(target=gopher)
        thread.start()
        found = error(get(f"http://127.0.0.1:{server.getsockname()[1]}/"))
        thread.join()
    assert "is not HTTP" in str(found)


@pytest.mark.parametrize("kind", ["silence", "drip", "slow robots"])
def test_everything_ends_by_its_deadline(site: Site, kind: str) -> None:
    if kind == "drip":
        site.put("/late", site.drip())
    else:
        site.on("/late" if kind == "silence" else "/robots.txt", lambda asked: site.hang())
    started = time.monotonic()
    found = error(get(site.url("/late"), timeout_seconds=0.4, robots=kind == "slow robots"))
    assert time.monotonic() - started < 3
    assert "within 0.4 seconds" in str(found) and found.transient


def test_results_come_as_they_complete_and_one_slow_host_holds_nobody_up(site: Site) -> None:
    site.on("/slow", lambda asked: site.hang())
    site.put("/quick", "x")
    slow = [PageRequest(site.url(f"/slow?{i}")) for i in range(20)]
    quick = PageRequest(site.url("/quick").replace("127.0.0.1", "localhost"))
    with Fetcher(settings(concurrency=3, per_host=2)) as fetcher:
        results = fetcher.fetch([*slow, quick])
        request, outcome = next(results)
        assert request == quick and page(outcome).body == b"x"


def test_a_host_gets_no_more_than_its_share_at_once(site: Site) -> None:
    both = threading.Barrier(2)

    def answer(asked: Asked) -> Answer:
        both.wait(10)  # two come at once, or this breaks
        return Answer(b"x")

    site.on("/page", answer)
    with Fetcher(settings(concurrency=8, per_host=2)) as fetcher:
        outcomes = [outcome for _, outcome in fetcher.fetch([PageRequest(site.url(f"/page?{i}")) for i in range(10)])]
    assert all(page(outcome).body == b"x" for outcome in outcomes)
    assert site.most_at_once == 2


def test_a_reader_who_stops_early_stops_the_fetching_and_leaves_the_fetcher_usable(site: Site) -> None:
    site.put("/a", "x")
    site.on("/slow", lambda asked: site.hang())
    with Fetcher(settings(concurrency=2, per_host=1)) as fetcher:
        results = fetcher.fetch([PageRequest(site.url("/a")), *(PageRequest(site.url(f"/slow?{i}")) for i in range(50))])
        page(next(results)[1])
        results.close()
        [(_, outcome)] = fetcher.fetch([PageRequest(site.url("/a"))])
        assert page(outcome).body == b"x"
    assert len(site.asked("/slow")) <= 1


def test_a_reader_who_pauses_is_waited_for_and_blocks_nobody(site: Site) -> None:
    site.put("/a", "x")
    with Fetcher(settings(concurrency=2, per_host=2)) as fetcher:
        paused = fetcher.fetch([PageRequest(site.url(f"/a?{i}")) for i in range(30)])
        next(paused)
        assert len([*fetcher.fetch([PageRequest(site.url(f"/a?other{i}")) for i in range(20)])]) == 20
        assert len([asked for asked in site.requests if "other" not in asked.path]) <= 5
        assert len([*paused]) == 29


def test_closing_ends_what_is_under_way_and_nothing_is_fetched_afterwards(site: Site) -> None:
    begun = threading.Event()

    def hang(asked: Asked) -> Answer:
        begun.set()
        return site.hang()

    site.on("/slow", hang)
    fetcher = Fetcher(settings(per_host=1))

    def close() -> None:
        begun.wait(10)
        fetcher.close()

    closer = threading.Thread(target=close)
    closer.start()
    outcomes = [error(outcome) for _, outcome in fetcher.fetch([PageRequest(site.url("/slow")) for _ in range(3)])]
    closer.join()
    assert ["fetching was stopped" in str(outcome) for outcome in outcomes] == [True] * 3
    fetcher.close()
    with pytest.raises(RuntimeError, match="closed"):
        next(fetcher.fetch([PageRequest(site.url("/slow"))]))


def test_a_fetcher_that_fetches_nothing_starts_nothing() -> None:
    before = threading.active_count()
    with Fetcher() as fetcher:
        assert list(fetcher.fetch([])) == []
        Fetcher()
    assert threading.active_count() == before


def test_many_requests_over_one_fetcher(site: Site) -> None:
    site.on("/n", lambda asked: Answer(asked.path.encode()))
    requests = [PageRequest(site.url(f"/n?{i}")) for i in range(120)]
    with Fetcher(settings()) as fetcher:
        for _ in range(2):
            found = {request: page(outcome).body for request, outcome in fetcher.fetch(requests)}
            assert found == {r: f"/n?{i}".encode() for i, r in enumerate(requests)}


ROBOTS = [
    (200, "User-agent: *\nDisallow: /closed\n", "/open", ""),
    (200, "User-agent: *\nDisallow: /closed\n", "/closed", "does not allow this page"),
    (200, "User-agent: pipeline\nDisallow: /\n\nUser-agent: *\nAllow: /\n", "/open", "does not allow this page"),
    (200, "User-agent: other\nDisallow: /\n", "/open", ""),
    (200, "\x00\x01 not a robots file", "/open", ""),
    (404, "", "/open", ""),
    (403, "", "/open", ""),
    (503, "", "/open", "cannot be had: answered 503 Service Unavailable"),
    (429, "", "/open", "cannot be had: answered 429 Too Many Requests"),
    (200, "# " + "x" * 600_000 + "\nUser-agent: *\nDisallow: /\n", "/open", ""),
]


@pytest.mark.parametrize(("status", "body", "path", "message"), ROBOTS)
def test_robots(site: Site, status: int, body: str, path: str, message: str) -> None:
    site.put("/robots.txt", body, status=status, type="text/plain")
    url = site.put(path, "x")
    outcome = get(url, robots=True)
    if message:
        assert message in str(error(outcome))
        assert error(outcome).transient == (status != 200) and not site.asked(path)
    else:
        assert page(outcome).body == b"x"
    page(get(url))  # a request that does not ask for it goes through


def test_robots_is_asked_for_once_a_host_and_again_where_a_redirect_leads_elsewhere(site: Site) -> None:
    with Site() as other:
        site.put("/a", "x")
        site.redirect("/away", other.put("/closed", "x"))
        other.put("/robots.txt", "User-agent: *\nDisallow: /", type="text/plain")
        with Fetcher(settings()) as fetcher:
            requests = [PageRequest(site.url(path), robots=True) for path in ("/a", "/a?1", "/a?2", "/away")]
            outcomes = {request.url: outcome for request, outcome in fetcher.fetch(requests)}
        assert "does not allow" in str(error(outcomes[site.url("/away")]))
        assert (len(site.asked("/robots.txt")), len(other.asked("/robots.txt")), len(other.asked("/closed"))) == (1, 1, 0)


def test_a_refused_robots_says_private_too(site: Site) -> None:
    assert "private" in str(error(get(site.url("/a"), robots=True, allow_private_addresses=False)))


def test_names_of_hosts_are_looked_up_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    look_up = socket.getaddrinfo

    def counting(*args: Any) -> Any:
        asked.append(args[0])
        return look_up(*args)

    monkeypatch.setattr(socket, "getaddrinfo", counting)
    site.put("/a", "x", headers={"Connection": "close"})
    base = site.base.replace("127.0.0.1", "localhost")
    with Fetcher(settings()) as fetcher:
        outcomes = [outcome for _, outcome in fetcher.fetch([PageRequest(f"{base}/a?{i}") for i in range(5)])]
    assert all(isinstance(outcome, Page) for outcome in outcomes)
    assert asked == ["localhost"]


def test_a_look_up_that_hangs_ends_by_its_deadline_and_holds_up_neither_others_nor_the_end(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo

    def slow(*args: Any) -> Any:
        if args[0] == "slow.example":
            site.closing.wait(20)
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return look_up(*args)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    site.put("/a", "x")
    requests = [*(PageRequest(f"http://slow.example/{i}") for i in range(3)), PageRequest(site.url("/a").replace("127.0.0.1", "localhost"))]
    started = time.monotonic()
    with Fetcher(settings(timeout_seconds=0.5)) as fetcher:
        outcomes = {request.url: outcome for request, outcome in fetcher.fetch(requests)}
    assert time.monotonic() - started < 5
    assert ["within 0.5 seconds" in str(error(outcomes[request.url])) for request in requests[:3]] == [True] * 3
    assert page(outcomes[requests[3].url]).body == b"x"


def test_a_site_that_asks_to_be_left_alone_is_asked_nothing_more(site: Site) -> None:
    site.put("/busy", "later", status=429, headers={"Retry-After": "120"})
    site.put("/a", "x")
    with Fetcher(settings(per_host=1)) as fetcher:
        found = [error(outcome) for _, outcome in fetcher.fetch([PageRequest(site.url("/busy")), PageRequest(site.url("/a"))])]
        assert [(e.kind, e.retry_after and round(e.retry_after)) for e in found] == [(Trouble.STATUS, 120), (Trouble.HELD, 120)]
        [(_, held)] = fetcher.fetch([PageRequest(site.url("/a"))])
        assert "asked to be left alone for 120 seconds more" in str(error(held)) and not site.asked("/a")
        with Site() as other:
            [(_, led)] = fetcher.fetch([PageRequest(other.redirect("/there", site.url("/a")))])
            assert error(led).kind is Trouble.HELD
        fetcher.hold({})
        [(_, free)] = fetcher.fetch([PageRequest(site.url("/a"))])
        assert page(free).body == b"x"


def test_the_crawl_delay_of_a_robots_txt_is_kept_to(site: Site) -> None:
    times: list[float] = []

    def answer(asked: Asked) -> Answer:
        times.append(time.monotonic())
        return Answer(b"x")

    site.put("/robots.txt", "User-agent: *\nCrawl-delay: 0.3\n", type="text/plain")
    site.on("/page", answer)
    with Fetcher(settings()) as fetcher:
        requests = [PageRequest(site.url(f"/page?{n}"), robots=True) for n in range(4)]
        assert all(isinstance(outcome, Page) for _, outcome in fetcher.fetch(requests))
    # The server is late by itself now and then, the visitor never early: what counts is the whole.
    assert times[-1] - times[0] > 0.75


@pytest.mark.parametrize(("status", "moved"), [(301, True), (308, True), (302, False), (307, False)])
def test_where_a_feed_has_moved_for_good_is_told(site: Site, status: int, moved: bool) -> None:
    site.put("/new", "x", headers={"ETag": "1"})
    url = site.redirect("/old", "/new", status)
    assert page(get(url)).moved == (site.url("/new") if moved else "")
    site.redirect("/passing", "/old", 302)
    assert page(get(site.url("/passing"))).moved == ""


# A fence around libraries that connect by themselves.


def knock(port: int, host: str = "127.0.0.1") -> None:
    with socket.socket() as own:
        own.connect((host, port))


def test_a_fence_holds_for_its_thread_while_it_stands(site: Site) -> None:
    port = int(site.base.rpartition(":")[2])
    passed: list[int] = []
    stands = threading.Event()
    outside = threading.Thread(target=lambda: stands.wait() and passed.append(knock(port) or port))  # type: ignore[func-returns-value]
    outside.start()
    with fence() as walls:
        stands.set()
        for host in ("127.0.0.1", "localhost", "127.1"):
            with pytest.raises(Refused):
                knock(port, host)
        with pytest.raises(Refused), socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            datagrams.sendto(b"x", ("127.0.0.1", port))
        assert len(walls.refused) == 4
        one, other = socket.socketpair()
        with one, other:
            one.sendall(b"x")
        with fence(allow_private=True) as ours:
            knock(port)
            with pytest.raises(Refused):
                knock(80, "169.254.169.254")
        assert len(ours.refused) == 1
        with pytest.raises(Refused):
            knock(port)
        outside.join()
    knock(port)
    assert passed == [port]


def test_a_fence_holds_for_threads_that_are_started_in_it_and_for_theirs(site: Site) -> None:
    port = int(site.base.rpartition(":")[2])
    left, caught = threading.Event(), []

    def late() -> None:
        left.wait()
        for knocking in (lambda: knock(port), lambda: asyncio.run(asyncio.open_connection("127.0.0.1", port))):
            try:
                knocking()
            except Refused:
                caught.append("refused")

    def nest() -> None:
        inner = threading.Thread(target=late)
        inner.start()
        inner.join()

    with fence() as walls:
        outer = threading.Thread(target=nest)
        outer.start()
    left.set()
    outer.join()
    knock(port)
    assert caught == ["refused"] * 2 and len(walls.refused) == 2


def test_what_is_about_to_be_asked_is_noted_before_and_nothing_else(site: Site) -> None:
    noted: set[str] = set()
    early: list[str] = []

    def answer(asked: Asked) -> Answer:
        if site.url(asked.path) not in noted:
            early.append(asked.path)
        return Answer(b"x")

    requests = [PageRequest(site.on(f"/{n}", answer)) for n in range(30)]
    with Fetcher(settings(concurrency=2, per_host=2)) as fetcher:
        found = [request for request, _ in fetcher.fetch(requests, lambda some: noted.update(r.url for r in some))]
        assert len(found) == len(noted) == 30 and early == []
        noted.clear()
        some = fetcher.fetch(requests, lambda some: noted.update(r.url for r in some))
        next(some)
        some.close()  # as when the program is killed here
        assert len(noted) < 10 and {site.url(r.path) for r in site.requests[30:]} <= noted


def test_a_note_that_cannot_be_written_ends_the_fetching(site: Site) -> None:
    def note(some: object) -> None:
        raise OSError("no room")

    with Fetcher(settings()) as fetcher, pytest.raises(OSError, match="no room"):
        list(fetcher.fetch([PageRequest(site.put("/a", "x"))], note))
    assert site.requests == []
