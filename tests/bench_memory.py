"""How long one article takes to remember, and a question to answer, in a store of a given size. Not a test: run it by hand.

    python -m tests.bench_memory 10000 100000 1000000 [--keep FOLDER] [--profile] [--told 100 1000 5000]

The store is filled in bulk with invented articles, a fifth as many statements, and one coalition for 200 articles; the largest
coalition has a hundredth of the statements. Then 300 more articles are read as the cycle reads them, detection aside: what is known of
their address, their near-copies, whose names they are, what they change, and all of it saved. Of these, a quarter tell of a new
member, a quarter of an exit, a quarter repeat what is known, and a quarter are a copy of another article or say nothing.

With `--told` it is the time for an article about one member of which so many articles of sixty houses told before.
"""

from __future__ import annotations

import argparse
import cProfile
import itertools
import pstats
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import app, cycle, memory
from pipeline.config import Config
from pipeline.cycle.reading import Words
from pipeline.fetch import FetchSettings
from pipeline.model import Article, Claim, Detection, Event, Feed, PartialDate, Party, Quote, Statement, Status
from pipeline.store import Store
from pipeline.store.reads import INDEXED_HASHES, moment
from pipeline.text import SKETCH_SIZE, fold
from tests.shelf import Shelf, Told, claim

BEGIN = datetime(2015, 1, 1, tzinfo=UTC)
DAYS = 3600
NOW = BEGIN + timedelta(days=DAYS)
WORDS = 180
FRESH = 300
FEED = Feed("wire", "https://wire.example/feed.xml", "Wire")
SYLLABLES = ["ka", "lo", "mi", "ten", "ra", "vo", "shi", "del", "nor", "bru", "es", "tal", "gor", "wen", "pa", "qui"]


@dataclass(frozen=True)
class World:
    """The invented world of a size: its coalitions, and which members each has."""

    articles: int

    @property
    def statements(self) -> int:
        return self.articles // 5

    @property
    def coalitions(self) -> int:
        return max(20, self.articles // 200)

    def sizes(self) -> list[int]:
        """Statements of each coalition: the first has a hundredth of all, the others share the rest evenly."""
        large = max(1, self.statements // 100)
        rest, others = self.statements - large, self.coalitions - 1
        return [large, *(rest // others + (n < rest % others) for n in range(others))]


def coalition(number: int) -> str:
    return f"{_word(number)} {('Alliance', 'Pact', 'Forum', 'Compact')[number % 4]}"


def member(number: int) -> str:
    return f"{_word(number * 7 + 3)} {('Lines', 'Bank', 'Works', 'Energy', 'Freight')[number % 5]}"


def _word(number: int) -> str:
    made = ""
    while number or not made:
        number, rest = divmod(number, 16)
        made += SYLLABLES[rest]
    return made.title()


def fill(store: Store, world: World) -> None:
    """Fills a new store in bulk; derived rows are those that the cycle would have written."""
    db = store.db.conn
    # Through the write-ahead log a million articles took an hour: each page that is read is looked for in gigabytes of it.
    db.execute("PRAGMA synchronous = OFF")
    db.execute("PRAGMA journal_mode = OFF")
    store.sync_feeds([FEED], BEGIN)
    rng = np.random.default_rng(1)
    vocabulary = np.array([_word(n).lower() for n in range(20_000)])
    hashes = rng.integers(0, 2**62, size=(world.articles, SKETCH_SIZE), dtype=np.int64)
    hashes.sort(axis=1)
    days = np.sort(rng.integers(0, DAYS, size=world.articles))
    times = [moment(BEGIN + timedelta(days=n)) for n in range(DAYS)]
    with store.db.atomic():
        db.executemany("INSERT INTO stories VALUES (?, ?)", ((f"s{n}", times[days[n]]) for n in range(world.articles)))
        for first in range(0, world.articles, 10_000):
            many = range(first, min(first + 10_000, world.articles))
            texts = vocabulary[rng.integers(0, len(vocabulary), size=(len(many), WORDS))]
            db.executemany(
                "INSERT INTO articles (id, url, title, text, published, author, site, publisher, language, origin, fingerprint, sketch,"
                " story, detector, first_seen, last_read)"
                " VALUES (?, ?, ?, ?, ?, '', 'wire.example', 'Wire', 'en', 'page', ?, ?, ?, 'b', ?, ?)",
                (
                    (n + 1, _url(n), " ".join(words[:8]), " ".join(words), at, f"{n:016x}", row.tobytes(), f"s{n}", at, at)
                    for n, words, row in zip(many, texts.tolist(), hashes[first : first + len(many)], strict=True)
                    for at in (times[days[n]],)
                ),
            )
            db.executemany("INSERT INTO addresses VALUES (?, ?)", sorted((_url(n), n + 1) for n in many))
            db.executemany(
                "INSERT INTO entries (feed, guid, url, title, content, published, author, fingerprint, state, next_try, article,"
                " first_seen)"
                " VALUES ('wire', ?, ?, 't', '', ?, '', '', 'settled', ?, ?, ?)",
                ((f"g{n:08}", _url(n), at, at, n + 1, at) for n in many for at in (times[days[n]],)),
            )
        first_day = BEGIN.date().toordinal()
        flat = hashes[:, :INDEXED_HASHES].ravel()
        order = np.argsort(flat, kind="stable")
        article_of = order // INDEXED_HASHES
        db.executemany(
            "INSERT INTO sketches (hash, day, article) VALUES (?, ?, ?)",
            zip(flat[order].tolist(), (days[article_of] + first_day).tolist(), (article_of + 1).tolist(), strict=True),
        )
        _fill_knowledge(db, world, times, days)
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("PRAGMA journal_mode = WAL")


def _fill_knowledge(db: Any, world: World, times: list[str], days: Any) -> None:
    names = sorted({coalition(c) for c in range(world.coalitions)} | {member(m) for m in range(_members(world))})
    db.executemany("INSERT INTO parties VALUES (?, ?, ?)", ((fold(n), n, fold(n)) for n in names))
    db.executemany(
        "INSERT INTO names VALUES (?, ?, ?, ?, 'https://wire.example/0', ?)",
        (
            (n, fold(n), fold(n), "coalition" if n.split()[1] in {"Alliance", "Pact", "Forum", "Compact"} else "member", times[0])
            for n in names
        ),
    )
    statements, evidence, memberships = list[Any](), list[Any](), list[Any]()
    rows = ((c, n) for c, size in enumerate(world.sizes()) for n in range(size))
    for place, (c, n) in enumerate(rows):
        article = place * 5 % world.articles
        at = times[days[article]]
        body, who = Party(fold(coalition(c)), ""), Party(fold(member((c * 31 + n // 2) % _members(world))), "")
        event = Event.LEFT if n % 8 == 7 else Event.MEMBER if n % 2 else Event.JOINED
        when = PartialDate.parse(at[:10]) if event is not Event.MEMBER else None
        said = Statement(body, who, event, Status.COMPLETED, when)
        statements.append((said.key, body.key, who.key, event.value, "completed", str(when) if when else None))
        evidence.append((said.key, article + 1, "They said so.", at, at, at))
        memberships.append((body.key, who.key, "out" if event is Event.LEFT else "in", at[:10], at))
    for c in range(world.coalitions):
        at = times[days[c]]
        formed = Statement(Party(fold(coalition(c)), ""), None, Event.FORMED, Status.COMPLETED)
        statements.append((formed.key, formed.coalition.key, None, "formed", "completed", None))
        evidence.append((formed.key, c + 1, "They said so.", at, at, at))
    db.executemany("INSERT OR IGNORE INTO statements VALUES (?, ?, ?, ?, ?, ?)", statements)
    db.executemany(
        "INSERT INTO evidence (statement, article, quote, other_name, confidence, detector, published, first_seen, last_seen,"
        " known_from) VALUES (?1, ?2, ?3, '', 0.9, 'b', ?4, ?5, ?6, ?5)",
        evidence,
    )
    db.executemany("INSERT OR REPLACE INTO memberships (coalition, member, standing, since, derived) VALUES (?, ?, ?, ?, ?)", memberships)


def _members(world: World) -> int:
    return max(500, world.statements // 10)


def _url(number: int) -> str:
    return f"https://wire.example/{number:08}"


class Gold:
    """Says of the fresh articles what was made up for them."""

    version = "b"

    def __init__(self) -> None:
        self.said: dict[str, tuple[Claim, ...]] = {}

    def detect(self, article: Article) -> Detection:
        return Detection(self.said.get(article.url, ()))


def fresh(world: World, gold: Gold, begin: int) -> Iterator[Article]:
    """New articles, evenly of four sorts, about coalitions of every size."""
    chance = random.Random(begin)
    sizes = world.sizes()
    before = ""
    for n in range(begin, begin + FRESH):
        text = " ".join(_word(chance.randrange(20_000)).lower() for _ in range(WORDS))
        url = f"https://wire.example/fresh-{n}"
        if n % 8 == 7:
            text = before + " And one more line."
        before = text
        body = 0 if n % 20 == 0 else chance.randrange(world.coalitions)
        who = (body * 31 + chance.randrange(max(1, sizes[body] // 2))) % _members(world)
        sort = n % 4
        name = f"{_word(900_000_000 + n)} Holdings" if sort == 0 else member(who)
        event = (Event.JOINED, Event.LEFT, Event.MEMBER, Event.MEMBER)[sort]
        day = (NOW - timedelta(days=1)).date()
        when = PartialDate(day.year, day.month, day.day) if sort < 2 else None
        if sort < 3:
            claim = Claim(coalition(body), name, event, Status.COMPLETED, Quote("They said so."), 0.9, date=when)
            other = replace(claim, member=member((who + 1) % _members(world)), event=Event.MEMBER, date=None)
            gold.said[url] = (claim, other)
        yield Article(url, f"News {n} of {name}", text, NOW - timedelta(hours=n % 24), site="wire.example", language="en")


def measure(path: Path, world: World, *, profile: bool) -> None:
    config = Config(path, path.parent, path, FetchSettings(), (FEED,))
    gold = Gold()
    with Store.open(path) as store:
        begin = int(store.query("SELECT max(id) AS n FROM articles")[0]["n"])
    articles = list(fresh(world, gold, begin))
    begun = time.perf_counter()
    with app.open_parts(config, detector=gold) as parts:
        opened = time.perf_counter() - begun
        run = cycle._Cycle(parts, NOW, True, lambda stage, done, total: None, parts.store.start_run(NOW))
        took: list[float] = []
        waited: list[float] = []
        profiler = cProfile.Profile()
        for article in articles:
            words = cycle.Words(article, (), "Wire", (article.url,))
            begun, worked = time.perf_counter(), time.process_time()
            if profile:
                profiler.enable()
            run._read(words)
            profiler.disable()
            took.append((time.process_time() - worked) * 1000)
            waited.append((time.perf_counter() - begun) * 1000)
        store, asked = parts.store, []
        as_of = date(2020, 6, 1)
        for number in itertools.chain([0] * 5, range(1, 30)):
            begun = time.perf_counter()
            found = store.find_coalition(coalition(number))
            assert found
            memory.known(store, found.key, as_of)
            asked.append((time.perf_counter() - begun) * 1000)
        took.sort()
        waited.sort()
        print(
            f"{world.articles:>9,} articles {world.statements:>8,} statements {world.coalitions:>6,} coalitions | article: "
            f"median {statistics.median(took):.2f} ms, 95 % {took[int(FRESH * 0.95)]:.2f} ms, most {took[-1]:.1f} ms of processor, "
            f"median {statistics.median(waited):.2f} ms of waiting | members --as-of: median {statistics.median(asked[5:]):.2f} ms, "
            f"largest ({world.sizes()[0]} statements) {statistics.median(asked[:5]):.1f} ms | open {opened:.2f} s | "
            f"{path.stat().st_size / world.articles:.0f} bytes an article | {len(run.changes)} changes",
            flush=True,
        )
        if profile:
            pstats.Stats(profiler).sort_stats("cumulative").print_stats(28)


def measure_pair(times: int) -> None:
    """Times 40 further articles about a member that was told of so many times."""
    took = []
    with Shelf() as shelf:
        houses = [f"Quay {n}" for n in range(60)]
        first = [
            Told("launch", NOW, "launch " * 9, (claim(None, Event.FORMED, "2024-03-05"), claim("Norvik", date="2024-03-05"))),
            Told("member", NOW + timedelta(hours=1), "is in " * 9, (claim("Norvik", Event.MEMBER),)),
        ]
        shelf.read(*first)
        db = shelf.store.db.conn
        keys = [r["key"] for r in db.execute("SELECT key FROM statements")]
        with shelf.store.db.atomic():
            for n in range(times):
                at, house = moment(NOW + timedelta(hours=2 + n)), houses[n % len(houses)]
                db.execute("INSERT INTO stories VALUES (?, ?)", (f"s{n}", at))
                db.execute(
                    "INSERT INTO articles (id, url, title, text, published, author, site, publisher, owner, language, origin, fingerprint,"
                    " sketch, story, detector, first_seen, last_read)"
                    " VALUES (?1, ?2, '', '', ?3, '', '', ?4, ?4, 'en', 'page', ?2, x'', ?5, 'gold', ?3, ?3)",
                    (n + 10, f"https://told.example/{n}", at, house, f"s{n}"),
                )
                db.execute("INSERT INTO addresses VALUES (?, ?)", (f"https://told.example/{n}", n + 10))
                db.execute(
                    "INSERT INTO evidence (statement, article, quote, other_name, confidence, detector, published, first_seen, last_seen)"
                    " VALUES (?1, ?2, 'as is known', '', 0.9, 'gold', ?3, ?3, ?3)",
                    (keys[n % len(keys)], n + 10, at),
                )
        run = cycle._Cycle(shelf.parts, NOW, True, lambda stage, done, total: None, shelf.store.start_run(NOW))
        for n in range(40):
            at = NOW + timedelta(hours=times + n + 3)
            said = (claim("Norvik", Event.MEMBER), claim(None, Event.FORMED)) if n % 2 else (claim("Norvik", date="2024-03"),)
            told = Told(f"more{n}", at, " ".join(f"w{n}x{m}" for m in range(40)), said, houses[n])
            shelf.articles[told.url] = told
            words = Words(Article(told.url, told.name, told.text, at, site=told.publisher), (), told.publisher, (told.url,))
            worked = time.process_time()
            run._read(words)
            took.append((time.process_time() - worked) * 1000)
    print(f"told of {times:>6,} times | article: first {took[0]:.1f} ms, then median {statistics.median(took[1:]):.2f} ms of processor")


def main() -> None:
    parser = argparse.ArgumentParser(description="Times the memory at several sizes.")
    parser.add_argument("sizes", nargs="*", type=int)
    parser.add_argument("--keep", type=Path, help="a folder for the stores, which are filled once")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--told", nargs="*", type=int, default=[], help="how often a member was told of")
    args = parser.parse_args()
    for times in args.told:
        measure_pair(times)
    with tempfile.TemporaryDirectory() as folder:
        for size in args.sizes or ([] if args.told else [10_000, 100_000]):
            path = (args.keep or Path(folder)) / f"bench-{size}.db"
            world = World(size)
            if not path.exists():
                begun = time.perf_counter()
                with Store.open(path) as store:
                    fill(store, world)
                print(f"filled in {time.perf_counter() - begun:.0f} s")
            measure(path, world, profile=args.profile)


if __name__ == "__main__":
    main()
