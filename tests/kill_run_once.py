"""Kills `run_once` with SIGKILL at random points, and holds what is left to what an undisturbed run leaves.

    python -m tests.kill_run_once [200] [--seed N] [--own-detector]    # prints one line; exits with 1 where anything differs

The storylines of the corpus are served on 127.0.0.1 as a feed and its pages, beside a roster; the annotated facts stand in for the
detector. Each trial reads all of it into a new store and is killed: one half at a random statement of SQL (so in the midst of
transactions), the other at a random time (so also while it opens, fetches, parses, commits and writes files). Then the file is
checked, the next run completes, and every table (but the numbers of runs) and every delivered file must be as they would have been.

The runs happen in processes that are forked off one small nursery without threads, which has imported everything once.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self
from urllib.parse import urlsplit

from pipeline import app, config, cycle
from pipeline.model import Article, Claim, Detection, Event, PartialDate, Quote, Role, Status
from tests.web import Site

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CORPUS = Path(__file__).parent / "corpus"
MEMBERS = ("Norvik Freight", "Altera Lines", "Port of Ghent", "Kaspel Bank", "Tessaly Institute")
LONGEST = 60.0
"""Seconds that a run may take on a busy machine."""


def stories() -> list[dict[str, Any]]:
    """The annotated articles of the corpus, with an address of their own on the local site."""
    rows = [json.loads(line) for path in sorted(CORPUS.glob("*/stories.jsonl")) for line in path.read_text(encoding="utf-8").splitlines()]
    return sorted(rows, key=lambda row: (row["published"], row["id"]))


class Gold:
    """Says of an article the facts that are annotated for it, by the end of its address."""

    version = "gold"

    def __init__(self) -> None:
        self._facts = {row["id"]: row for row in stories()}

    def detect(self, article: Article) -> Detection:
        row = self._facts.get(urlsplit(article.url).path.strip("/"))
        return Detection(tuple(claims_of(row)) if row else ())


def claims_of(row: dict[str, Any]) -> Iterator[Claim]:
    aliases = {body["name"]: tuple(body["aliases"]) for body in row["coalitions"]}
    for fact in row["facts"]:
        yield Claim(
            fact["coalition"],
            fact["member"],
            Event(fact["event"]),
            Status(fact["status"]),
            Quote(fact["evidence"], "text", 0),
            0.9,
            Role(fact["role"]) if fact["role"] else None,
            PartialDate.parse(fact["date"]) if fact["date"] else None,
            aliases.get(fact["coalition"], ()),
            tuple(fact["member_aliases"]),
        )


def serve(site: Site) -> None:
    """Puts the storylines, their feed and a roster on a site."""
    site.put("/robots.txt", "User-agent: *\nAllow: /\n", type="text/plain")
    inner = ""
    for row in stories():
        body = "".join(f"<p>{escape(p)}</p>" for p in row["text"].split("\n\n"))
        stamp = f"<meta property='article:published_time' content='{row['published']}'>"
        title = escape(row["title"])
        page = f"<html lang=en><head><title>{title}</title>{stamp}</head><body><article><h1>{title}</h1>{body}"
        url = site.put(f"/{row['id']}", page + "</article></body></html>")
        at = format_datetime(datetime.fromisoformat(row["published"]))
        inner += f"<item><title>{escape(row['title'])}</title><link>{url}</link><guid>{row['id']}</guid><pubDate>{at}</pubDate></item>"
    site.put("/feed.xml", f"<rss version='2.0'><channel><title>Wire</title>{inner}</channel></rss>", type="application/rss+xml")
    site.put("/members", "<h1>Members</h1><ul>" + "".join(f"<li>{name}</li>" for name in MEMBERS) + "</ul>")


def configure(folder: Path, base: str) -> Path:
    path = folder / "pipeline.toml"
    path.write_text(
        f'[store]\npath = "store.db"\n[fetch]\nallow_private_addresses = true\ntimeout_seconds = 50\nper_host = 8\n'
        f'[[feeds]]\nname = "wire"\nurl = "{base}/feed.xml"\n'
        f'[[rosters]]\nname = "compact"\nurl = "{base}/members"\ncoalition = "Harbour Data Compact"\n'
        f'[[channels]]\nname = "files"\nkind = "file"\nfolder = "told"\n[[alerts]]\nname = "all"\nchannels = ["files"]\n',
        encoding="utf-8",
    )
    return path


def run(path: Path, kill_at: int, tally: Path | None = None, *, own: bool = False) -> None:
    """Does one cycle; its process ends at the given statement of SQL (0: never). The number of statements is left in `tally`."""
    said = 0

    def traced(statement: str) -> None:
        nonlocal said
        said += 1
        if said == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    with app.open_parts(config.load(path), detector=None if own else Gold()) as parts:
        parts.store.db.conn.set_trace_callback(traced)
        cycle.run_once(parts, NOW)
    if tally:
        tally.write_text(str(said), encoding="utf-8")


def nursery() -> None:
    """Forks a run for each line of standard input, kills it when it is time, and says how it ended."""
    app.load_identities()
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                run(Path(job["config"]), job["kill_at"], Path(job["tally"]) if job["tally"] else None, own=job["own"])
                code = 0
            finally:
                sys.stderr.flush()
                os._exit(code)
        if job["after"] is not None:
            # What has ended by itself waits for `waitpid`, so that its number cannot be another process's by now.
            time.sleep(job["after"])
            os.kill(child, signal.SIGKILL)
        print(os.waitpid(child, 0)[1], flush=True)


class Nursery:
    """The process that runs are forked from; with `own` they use the program's own detector."""

    def __init__(self, *, own: bool = False) -> None:
        self._own = own

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.kill_run_once", "--nursery"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1])
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._pipe(self._process.stdin).close()
        self._process.wait()
        self._pipe(self._process.stdout).close()

    def run(self, path: Path, *, kill_at: int = 0, after: float | None = None, tally: Path | None = None) -> int:
        """Runs a cycle, killed at a statement or after seconds, and gives how its process ended: 0 by itself, 9 killed."""
        job = {"config": str(path), "kill_at": kill_at, "after": after, "tally": str(tally) if tally else "", "own": self._own}
        self._pipe(self._process.stdin).write(json.dumps(job) + "\n")
        self._pipe(self._process.stdin).flush()
        return int(self._pipe(self._process.stdout).readline())

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe


@dataclass(frozen=True)
class Left:
    """What a run left behind: the rows of every table, and the delivered files."""

    tables: dict[str, list[tuple[Any, ...]]]
    files: dict[str, str]

    def differs(self, other: Left) -> list[str]:
        found = [f"files: {sorted(set(self.files.items()) ^ set(other.files.items()))[:2]}"] if self.files != other.files else []
        for name in sorted({*self.tables, *other.tables}):
            one, two = self.tables.get(name, []), other.tables.get(name, [])
            if one != two:
                found.append(f"{name}: {[row for row in one if row not in two][:2]} against {[row for row in two if row not in one][:2]}")
        return found


def left(folder: Path) -> Left:
    tables: dict[str, list[tuple[Any, ...]]] = {}
    connection = sqlite3.connect(folder / "store.db")
    names = [r[0] for r in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    for name in names:
        # A feed that was asked once more has another number of polls, and is due when these say; an article over which the program
        # was killed has that counted, and waited.
        paced = {"feeds": {"next_due", "due_why", "minutes", "conditional_polls"}, "entries": {"fatal", "next_try"}}.get(name, set())
        columns = [r[1] for r in connection.execute(f"PRAGMA table_info({name})") if r[1] not in {"run", *paced}]
        if name not in {"runs", "_sqlite_migrations"} and not name.startswith(("sqlite_", "articles_fts")):
            tables[name] = sorted(connection.execute(f"SELECT {', '.join(columns)} FROM {name}").fetchall(), key=repr)
    connection.close()
    told = folder / "told"
    files = {p.name: p.read_text(encoding="utf-8") for p in sorted(told.iterdir()) if not p.name.startswith(".")} if told.exists() else {}
    return Left(tables, files)


def damage(path: Path) -> list[str]:
    """What SQLite finds wrong with a store; a store that was killed before it was made is sound."""
    if not path.exists():
        return []
    connection = sqlite3.connect(path)
    found = [r[0] for r in connection.execute("PRAGMA integrity_check") if r[0] != "ok"]
    found += [f"foreign key of {r[0]} to {r[2]}" for r in connection.execute("PRAGMA foreign_key_check")]
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'articles_fts'").fetchone():
        try:
            connection.execute("INSERT INTO articles_fts (articles_fts, rank) VALUES ('integrity-check', 1)")
        except sqlite3.DatabaseError as error:
            found.append(f"the search index: {error}")
    connection.close()
    return found


@contextmanager
def bench(*, own: bool) -> Iterator[tuple[Site, Nursery, Path]]:
    with Site() as site, Nursery(own=own) as nursery, tempfile.TemporaryDirectory() as folder:
        serve(site)
        yield site, nursery, Path(folder)


def trials(number: int, seed: int = 1, *, own: bool = False) -> tuple[int, int, list[str]]:
    """Gives how many runs were killed in time, how many statements a run has, and everything that was wrong."""
    chance, wrong, killed = random.Random(seed), list[str](), 0
    with bench(own=own) as (site, nursery, folder):
        place = folder / "place"  # one and the same for all, because receipts name it
        place.mkdir()
        path = configure(place, site.base)
        begun = time.monotonic()
        assert nursery.run(path, tally=folder / "tally") == 0
        seconds = time.monotonic() - begun
        statements = int((folder / "tally").read_text(encoding="utf-8"))
        expected = left(place)
        assert expected.tables["changes"] and expected.files and expected.tables["roster_names"]
        for trial in range(number):
            shutil.rmtree(place)
            place.mkdir()
            path = configure(place, site.base)
            if trial % 2:
                point = f"after {(after := chance.uniform(0, seconds)):.3f} s"
                ended = nursery.run(path, after=after)
            else:
                point = f"at statement {(at := chance.randint(1, statements))}"
                ended = nursery.run(path, kill_at=at)
            killed += ended == signal.SIGKILL
            wrong += [f"killed {point}: {what}" for what in damage(place / "store.db")]
            if (again := nursery.run(path)) != 0:
                wrong.append(f"killed {point}: the next run ended with {again}")
            else:
                wrong += [f"killed {point}: {what}" for what in (*damage(place / "store.db"), *left(place).differs(expected))]
    return killed, statements, wrong


def main() -> int:
    parser = argparse.ArgumentParser(description="Kills run_once at random points.")
    parser.add_argument("number", nargs="?", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--own-detector", action="store_true", help="use the program's own detector instead of the annotated facts")
    parser.add_argument("--nursery", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.nursery:
        nursery()
        return 0
    begun = time.monotonic()
    killed, statements, wrong = trials(args.number, args.seed, own=args.own_detector)
    print(*wrong[:20], sep="\n")
    print(
        f"{args.number} runs of {statements} statements, {killed} killed in time, {len(wrong)} things wrong, "
        f"{time.monotonic() - begun:.0f} s"
    )
    return bool(wrong)


if __name__ == "__main__":
    raise SystemExit(main())
