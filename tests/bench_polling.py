"""How fast feeds are polled, everything stored, beside the library `reader` in the same round.

    python -m tests.bench_polling [--feeds 1000] [--rounds 3] [--latency 50,200 --hosts 500] [--plain] [--reader /path/to/python]

A server in a process of its own answers at once, or after a latency, with feeds of 30 entries (half RSS, half Atom; a quarter with
whole articles), gzipped where that is accepted. Each round polls all feeds for the first time, then unchanged (304), then with a new
entry in one of twenty; with --plain there are no validators and the second pass brings the same bytes again. Each design runs in
a process of its own, whose peak of memory is told; the clock begins when its library is imported and knows the feeds. `--reader`
names the Python in whose environment reader is installed (`pip install reader sgmllib3k`); ratios are formed within a round, and the
medians of the rounds are shown.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import hashlib
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

ENTRIES = 30
DAY = datetime(2026, 11, 20, 8, tzinfo=UTC)
WORDS = """coalition government minister parliament vote budget reform alliance party leader talks agreement deal opposition member
states union council summit statement sources official region election campaign majority crisis debate policy energy climate trade
border treaty partner network consortium accession bid Wahl Regierung élection accord président größte Änderung naïve façade""".split()


# The feeds, and the server that gives them.


def feed(number: int, first: int) -> bytes:
    """The bytes of a feed whose newest entry is number `first` + 29."""
    entries = []
    for place in reversed(range(first, first + ENTRIES)):
        rng = random.Random(number * 100_003 + place)

        def text(length: int, rng: random.Random = rng) -> str:
            return " ".join(rng.choices(WORDS, k=length)).capitalize() + "."

        whole = "".join(f"<p>{text(65)}</p>" for _ in range(5)) if number % 4 == 0 else ""
        summary = f'<p>{text(36)} <a href="https://example.org/{place}">Read more</a></p><img src="https://img.example/{place}.jpg"/>'
        link = f"https://news{number % 97}.example.org/2026/11/{place:05d}/{'-'.join(rng.choices(WORDS[:30], k=5))}.html?a=rss&b=feed"
        entries.append((f"tag:news{number}.example.org,2026:{place}", text(9) + " & more", link, summary, whole, place))
    parts = [_rss_entry(*e) if number % 2 == 0 else _atom_entry(*e) for e in entries]
    if number % 2 == 0:
        head = (
            '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
            ' xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>'
            f"<title>Outlet {number}</title><link>https://news{number}.example.org/</link><description>All news</description><ttl>15</ttl>"
        )
        return f"{head}{''.join(parts)}</channel></rss>".encode()
    head = (
        f'<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom"><title>Outlet {number}</title>'
        f'<link href="https://news{number}.example.org/"/><id>urn:feed:{number}</id><updated>{DAY.isoformat()}</updated>'
    )
    return f"{head}{''.join(parts)}</feed>".encode()


def _rss_entry(guid: str, title: str, link: str, summary: str, whole: str, place: int) -> str:
    content = f"<content:encoded><![CDATA[{whole}]]></content:encoded>" if whole else ""
    return (
        f'<item><title>{escape(title)}</title><link>{escape(link)}</link><guid isPermaLink="false">{guid}</guid>'
        f"<pubDate>{format_datetime(DAY + timedelta(minutes=place))}</pubDate><dc:creator><![CDATA[Zoë Roe]]></dc:creator>"
        f"<category>trade</category><description><![CDATA[{summary}]]></description>{content}</item>\n"
    )


def _atom_entry(guid: str, title: str, link: str, summary: str, whole: str, place: int) -> str:
    at = (DAY + timedelta(minutes=place)).isoformat()
    content = f'<content type="html">{escape(whole)}</content>' if whole else ""
    return (
        f'<entry><title type="html">{escape(escape(title))}</title><link rel="alternate" href="{escape(link)}"/><id>{guid}</id>'
        f"<published>{at}</published><updated>{at}</updated><author><name>Zoë Roe</name></author>"
        f'<summary type="html">{escape(summary)}</summary>{content}</entry>\n'
    )


class Web:
    """Answers /v/N (with validators), /n/N (without), /latency/LOW/HIGH in ms, /bump/K, /reset."""

    def __init__(self, count: int) -> None:
        self.base = [self._answers(n, 0) for n in range(count)]
        self.feeds = list(self.base)
        self.delays = [0.0] * count

    def _answers(self, number: int, first: int) -> dict[str, bytes]:
        body = feed(number, first)
        tag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'.encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/xml; charset=utf-8\r\nVary: Accept-Encoding\r\n"
        known = b"ETag: " + tag + b"\r\nLast-Modified: Fri, 20 Nov 2026 09:00:00 GMT\r\nCache-Control: max-age=300\r\n"
        packed = gzip.compress(body, 6, mtime=0)
        tail = b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed
        return {"tag": tag, "v": head + known + tail, "n": head + tail, "304": b"HTTP/1.1 304 Not Modified\r\n" + known + b"\r\n"}

    def answer(self, head: bytes) -> tuple[float, bytes]:
        path = head.split(b" ", 2)[1].decode().split("/")
        if path[1] in {"v", "n"}:
            number = int(path[2])
            answers = self.feeds[number]
            same = path[1] == "v" and answers["tag"] in head
            return self.delays[number], answers["304" if same else path[1]]
        if path[1] == "latency":
            rng = random.Random(7)
            self.delays = [rng.uniform(int(path[2]), int(path[3])) / 1000 for _ in self.delays]
        elif path[1] == "bump":
            for number in random.Random(11).sample(range(len(self.feeds)), int(path[2])):
                self.feeds[number] = self._answers(number, 1)
        elif path[1] == "reset":
            self.feeds = list(self.base)
        return 0.0, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Talk(asyncio.Protocol):
    def __init__(self, web: Web) -> None:
        self.web, self.buffer = web, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.to = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head, self.buffer = self.buffer[:end], self.buffer[end + 4 :]
            delay, answer = self.web.answer(head)
            if delay:
                asyncio.get_running_loop().call_later(delay, self.to.write, answer)
            else:
                self.to.write(answer)


async def serve(port: int, count: int, hosts: int) -> None:
    web = Web(count)
    places = ["127.0.0.1", *(_host(n, hosts) for n in range(hosts if hosts > 1 else 0))]
    server = await asyncio.get_running_loop().create_server(lambda: Talk(web), places, port, backlog=2048)
    print("ready", flush=True)
    await server.serve_forever()


def _host(number: int, hosts: int) -> str:
    return f"127.0.{1 + (number % hosts) // 250}.{1 + (number % hosts) % 250}" if hosts > 1 else "127.0.0.1"


# The designs.


def passes_of_pipeline(urls: list[str], folder: Path, plain: bool, at_once: int, per_host: int) -> Any:
    from pipeline.config import Config
    from pipeline.cycle import Parts, poll_feeds
    from pipeline.fetch import Fetcher, FetchSettings
    from pipeline.model import Feed
    from pipeline.store import Store

    settings = FetchSettings(concurrency=at_once, per_host=per_host, allow_private_addresses=True, timeout_seconds=60)
    feeds = tuple(Feed(f"feed {n}", url) for n, url in enumerate(urls))
    config = Config(folder / "x.toml", folder, folder / "store.db", settings, feeds)
    with Store.open(config.store_path) as store, Fetcher(settings) as fetcher:
        # Polling needs neither a detector nor names.
        parts = Parts(config, store, fetcher, None, None, lambda names: None)  # type: ignore[arg-type]
        now = datetime.now(UTC)
        store.sync_feeds(feeds, now)
        yield {}
        while True:
            report = poll_feeds(parts, now)
            now += timedelta(hours=2)
            yield {"new": report.new, "unchanged": report.unchanged, "failed": report.failed_feeds}


def passes_of_reader(urls: list[str], folder: Path) -> Any:
    from reader import make_reader  # type: ignore[import-not-found,unused-ignore]

    reader = make_reader(str(folder / "reader.db"))
    for url in urls:
        reader.add_feed(url)
    yield {}
    while True:
        new = unchanged = failed = 0
        for result in reader.update_feeds_iter(workers=8, scheduled=False):
            if isinstance(result.value, Exception):
                failed += 1
            elif result.value is None:
                unchanged += 1
            else:
                new += result.value.new
        yield {"new": new, "unchanged": unchanged, "failed": failed}


def work(args: argparse.Namespace) -> None:
    """Makes the passes of one design and prints what they took."""
    kind = "n" if args.plain else "v"
    urls = [f"http://{_host(n, args.hosts)}:{args.port}/{kind}/{n}" for n in range(args.feeds)]
    told = []
    with tempfile.TemporaryDirectory() as folder:
        _ask(args.port, "/reset")
        per_host = args.at_once if args.hosts == 1 else 2
        design = (
            passes_of_reader(urls, Path(folder))
            if args.work == "reader"
            else passes_of_pipeline(urls, Path(folder), args.plain, args.at_once, per_host)
        )
        next(design)
        for name in ("first", "same") if args.plain else ("first", "unchanged", "one in twenty new"):
            if name == "one in twenty new":
                _ask(args.port, f"/bump/{args.feeds // 20}")
            begun, cpu = time.perf_counter(), time.process_time()
            counts = next(design)
            seconds = time.perf_counter() - begun
            told.append({"pass": name, "feeds_a_second": args.feeds / seconds, "cpu_seconds": time.process_time() - cpu, **counts})
        design.close()
    print(json.dumps({"passes": told, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000}))


def _ask(port: int, path: str) -> None:
    urllib.request.urlopen(f"http://127.0.0.1:{port}{path}").read()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--feeds", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--hosts", type=int, default=1)
    parser.add_argument("--latency", default="0,0", help="milliseconds, from,to")
    parser.add_argument("--plain", action="store_true", help="without validators")
    parser.add_argument("--at-once", type=int, default=100)
    parser.add_argument("--port", type=int, default=8907)
    parser.add_argument("--reader", default="", help="the Python in whose environment reader is installed")
    parser.add_argument("--work", default="", help=argparse.SUPPRESS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        asyncio.run(serve(args.port, args.feeds, args.hosts))
        return
    if args.work:
        work(args)
        return
    same = [f"--feeds={args.feeds}", f"--hosts={args.hosts}", f"--port={args.port}", f"--at-once={args.at_once}"]
    same += ["--plain"] if args.plain else []
    server = subprocess.Popen([sys.executable, "-m", "tests.bench_polling", "--serve", *same], stdout=subprocess.PIPE)
    runs: dict[str, list[Any]] = {}
    try:
        assert server.stdout and server.stdout.readline() == b"ready\n"
        _ask(args.port, "/latency/" + args.latency.replace(",", "/"))
        for _ in range(args.rounds):
            for design, python in [*([("reader", args.reader)] if args.reader else []), ("pipeline", sys.executable)]:
                done = subprocess.run([python, __file__, "--work", design, *same], capture_output=True, text=True, check=True)
                runs.setdefault(design, []).append(json.loads(done.stdout.splitlines()[-1]))
    finally:
        server.terminate()
        server.wait()
    for design, rounds in runs.items():
        peak = statistics.median(r["peak_mb"] for r in rounds)
        for n, name in enumerate(p["pass"] for p in rounds[0]["passes"]):
            speed = statistics.median(r["passes"][n]["feeds_a_second"] for r in rounds)
            cpu = statistics.median(r["passes"][n]["cpu_seconds"] for r in rounds)
            pairs = zip(rounds, runs.get("reader", []), strict=False)
            times = [r["passes"][n]["feeds_a_second"] / base["passes"][n]["feeds_a_second"] for r, base in pairs]
            ratio = f"{statistics.median(times):6.1f} × reader" if times else ""
            counts = ", ".join(f"{k} {rounds[0]['passes'][n][k]}" for k in ("new", "unchanged", "failed"))
            print(f"{design:9} {name:18} {speed:9.0f} feeds/s {ratio:16} {cpu:6.2f} CPU s  {peak:4.0f} MB  {counts}")


if __name__ == "__main__":
    main()
