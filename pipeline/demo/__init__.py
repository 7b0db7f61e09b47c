"""A year of invented news, served on 127.0.0.1 and read day by day by the real cycle: the program at work without a network.

The storyline, the papers and their pages are files beside this one. Nothing here stands in for a part of the program: the same
fetching, detecting, storing and telling runs as on any day, only the day is handed in.
"""

from __future__ import annotations

import json
import threading
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jinja2
from markupsafe import Markup

from pipeline import app, config, cycle
from pipeline.digest import Digest
from pipeline.errors import PipelineError

PUBLISHED_AT = time(8, 0, tzinfo=UTC)
READ_AT = time(18, 0, tzinfo=UTC)
NEXT_COMMANDS = ('members "Battery Passport Alliance" --as-of 2025-06-01', "changes --since 2025-01-01")
"""What to type next, after `pipeline --config FILE`."""
CONFIG_NAME, STORE_NAME = "demo.toml", "demo.db"
_ATOM = "http://www.w3.org/2005/Atom"


@dataclass(frozen=True, slots=True)
class Paper:
    """An invented publisher and the kind of feed that it has: rss, atom or json."""

    name: str
    slug: str
    feed: str


@dataclass(frozen=True, slots=True)
class Told:
    """One article of the storyline. `body` is the HTML between the paper's own header and footer."""

    slug: str
    paper: Paper
    day: date
    author: str
    title: str
    body: str

    @property
    def published(self) -> datetime:
        return datetime.combine(self.day, PUBLISHED_AT)

    @property
    def path(self) -> str:
        return f"/{self.paper.slug}/{self.day:%Y/%m}/{self.slug}.html"

    @property
    def address(self) -> str:
        """The article's lasting identifier, which its feed gives as guid; nothing is served there."""
        return f"https://{self.paper.slug}.example/{self.day:%Y/%m}/{self.slug}.html"


@dataclass(frozen=True, slots=True)
class Storyline:
    """All that is told, in the order of its days."""

    papers: tuple[Paper, ...]
    articles: tuple[Told, ...]

    @property
    def days(self) -> tuple[date, ...]:
        return tuple(sorted({a.day for a in self.articles}))


def storyline() -> Storyline:
    """Reads the bundled storyline."""
    told = tomllib.loads(_file("storyline.toml"))
    papers = {p["name"]: Paper(**p) for p in told["papers"]}
    articles: dict[str, Told] = {}
    for row in told["articles"]:
        original = articles.get(row.get("copy_of", ""))
        articles[row["slug"]] = Told(
            slug=row["slug"],
            paper=papers[row["paper"]],
            day=row["day"],
            author=original.author if original else row["author"],
            title=row["title"],
            body=row.get("before", "") + (original.body if original else row["body"]),
        )
    return Storyline(tuple(papers.values()), tuple(sorted(articles.values(), key=lambda a: a.day)))


def _file(name: str) -> str:
    return resources.files(__name__).joinpath(name).read_text(encoding="utf-8")


class Press:
    """The papers of a storyline as web pages and feeds, as far as they have been printed by `today`."""

    def __init__(self, story: Storyline, base: str) -> None:
        self.story, self.base, self.today = story, base, date.min

    @property
    def out(self) -> tuple[Told, ...]:
        """What has been printed, the newest first, as feeds have it."""
        return tuple(a for a in reversed(self.story.articles) if a.day <= self.today)

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Gives status, content type and body for a path."""
        if path == "/robots.txt":
            return 200, "text/plain", b"User-agent: *\nAllow: /\n"
        for paper in self.story.papers:
            if path == f"/{paper.slug}/feed":
                return 200, *self._feed(paper)
        for article in self.out:
            if path == article.path:
                return 200, "text/html; charset=utf-8", self._page(article).encode()
        return 404, "text/plain", b"Nothing is printed here.\n"

    def _feed(self, paper: Paper) -> tuple[str, bytes]:
        articles = [a for a in self.out if a.paper == paper]
        form: dict[str, Callable[[Paper, list[Told]], tuple[str, bytes]]] = {"rss": self._rss, "atom": self._atom, "json": self._json}
        return form[paper.feed](paper, articles)

    def _rss(self, paper: Paper, articles: list[Told]) -> tuple[str, bytes]:
        root = ET.Element("rss", version="2.0")
        channel = ET.SubElement(root, "channel")
        _children(channel, title=paper.name, link=self.base, description=f"News from {paper.name}")
        for a in articles:
            _children(
                ET.SubElement(channel, "item"),
                title=a.title,
                link=self.base + a.path,
                guid=a.address,
                pubDate=format_datetime(a.published, usegmt=True),
                description=_summary(a),
            )
        return "application/rss+xml; charset=utf-8", _xml(root)

    def _atom(self, paper: Paper, articles: list[Told]) -> tuple[str, bytes]:
        root = ET.Element("feed", xmlns=_ATOM)
        newest = articles[0].published if articles else datetime.combine(self.story.days[0], PUBLISHED_AT)
        _children(root, id=f"https://{paper.slug}.example/", title=paper.name, updated=newest.isoformat())
        for a in articles:
            entry = ET.SubElement(root, "entry")
            _children(
                entry, id=a.address, title=a.title, published=a.published.isoformat(), updated=a.published.isoformat(), summary=_summary(a)
            )
            ET.SubElement(entry, "link", rel="alternate", type="text/html", href=self.base + a.path)
        return "application/atom+xml; charset=utf-8", _xml(root)

    def _json(self, paper: Paper, articles: list[Told]) -> tuple[str, bytes]:
        document = {
            "version": "https://jsonfeed.org/version/1.1",
            "title": paper.name,
            "items": [
                {
                    "id": a.address,
                    "url": self.base + a.path,
                    "title": a.title,
                    "summary": _summary(a),
                    "date_published": a.published.isoformat(),
                    "authors": [{"name": a.author}],
                }
                for a in articles
            ],
        }
        return "application/feed+json; charset=utf-8", json.dumps(document).encode()

    def _page(self, article: Told) -> str:
        linked = {
            "@context": "https://schema.org",
            "@type": "NewsArticle",
            "headline": article.title,
            "datePublished": article.published.isoformat(),
            "author": {"@type": "Person", "name": article.author},
            "publisher": {"@type": "Organization", "name": article.paper.name},
        }
        return self._templates[article.paper.feed].render(
            article=article, body=Markup(article.body), linked=linked, canonical=self.base + article.path
        )

    @cached_property
    def _templates(self) -> dict[str, jinja2.Template]:
        environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
        return {p.feed: environment.from_string(_file(f"page-{p.feed}.html")) for p in self.story.papers}


def _children(parent: ET.Element, **texts: str) -> None:
    for name, text in texts.items():
        ET.SubElement(parent, name).text = text


def _xml(root: ET.Element) -> bytes:
    body: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return body


def _summary(article: Told) -> str:
    return f"{article.title}. Read on in {article.paper.name}."


@contextmanager
def serve(story: Storyline) -> Iterator[Press]:
    """Serves the papers on a free port of 127.0.0.1 while the block lasts."""
    press = Press(story, "")

    class Counter(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, content_type, body = press.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Stays silent: the terminal belongs to the digest."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Counter)
    press.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield press
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True, slots=True)
class Played:
    """What a run of the storyline left behind: the digest of its year, the configuration and store to look into, and its days."""

    digest: Digest
    config: Path
    store: Path
    reports: tuple[tuple[date, cycle.CycleReport], ...]


def play(folder: Path, tell: cycle.Tell = lambda stage, done, total: None) -> Played:
    """Plays the storyline into a new store in `folder`, telling how many of its days have been read.

    Raises PipelineError where the folder holds a demo already or cannot be written.
    """
    story = storyline()
    place = folder / CONFIG_NAME
    if (folder / STORE_NAME).exists():
        raise PipelineError("holds a demo already; name an empty folder", about=str(folder))
    with serve(story) as press:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            place.write_text(_config_text(story, press.base), encoding="utf-8")
        except OSError as problem:
            raise PipelineError(f"cannot be written: {problem.strerror}; name another folder", about=str(folder)) from problem
        reports = []
        with app.open_parts(config.load(place)) as parts:
            for read, day in enumerate(story.days):
                tell("days", read, len(story.days))
                press.today = day
                reports.append((day, cycle.run_once(parts, datetime.combine(day, READ_AT))))
            first, last = story.days[0], story.days[-1]
            digest = cycle.make_digest(parts.store, _midnight(first), _midnight(last) + timedelta(days=1))
    return Played(digest, place, folder / STORE_NAME, tuple(reports))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0, 0, tzinfo=UTC))


def _config_text(story: Storyline, base: str) -> str:
    lines = [
        "# Written by `pipeline demo`. Its feeds were served on this machine while the demo ran, and are gone now.",
        "[store]",
        f'path = "{STORE_NAME}"',
        "[fetch]",
        "allow_private_addresses = true",
    ]
    for paper in story.papers:
        lines += ["[[feeds]]", f'name = "{paper.name}"', f'url = "{base}/{paper.slug}/feed"', f'publisher = "{paper.name}"']
    return "\n".join(lines) + "\n"
