"""A cycle without a network, for tests that run it hundreds of times: articles on a shelf, known claims, and a real store in memory.

with Shelf(known_names) as shelf:
    shelf.read(Told("launch", DAY, "Norvik Freight joined the Harbour Data Compact.", (claim("Norvik Freight"),)))
    shelf.state()
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from types import TracebackType
from typing import Any

from pipeline import config, cycle
from pipeline.errors import FetchError, Trouble
from pipeline.fetch import FetchSettings, Note, Outcome, PageRequest
from pipeline.model import Article, Claim, Detection, Event, Feed, KnownName, Page, PartialDate, Quote, Role, Status
from pipeline.resolve import Forms, Identities
from pipeline.store import Store
from pipeline.text import digest

DAY = datetime(2024, 3, 5, 8, tzinfo=UTC)
FEED = "https://wire.example/feed.xml"


@dataclass(frozen=True)
class Told:
    """An article: its name in the address, when it was published, its words, and what it says."""

    name: str
    published: datetime
    text: str
    claims: tuple[Claim, ...]
    publisher: str = "The Wire"

    def __repr__(self) -> str:
        return self.name

    @property
    def url(self) -> str:
        return f"https://{''.join(self.publisher.lower().split())}.example/{self.name}"


def claim(
    member: str | None,
    event: Event = Event.JOINED,
    date: str = "",
    *,
    coalition: str = "Harbour Data Compact",
    status: Status = Status.COMPLETED,
    role: Role | None = None,
    also: tuple[str, ...] = (),
    sure: float = 0.9,
    quote: str = "",
) -> Claim:
    said = quote or f"{member or coalition} {event} {coalition} {status} {date}"
    return Claim(coalition, member, event, status, Quote(said), sure, role, PartialDate.parse(date) if date else None, also)


class Shelf:
    """Feeds the only cycle there is, one article or many at a time; it stands in for the fetcher and for the detector."""

    version = "gold"

    def __init__(self, known: Iterable[KnownName] = (), forms: Forms | None = None, store: Store | None = None) -> None:
        self.store = store or Store.open(None)
        self.articles: dict[str, Told] = {}
        self.listed: list[Told] = []
        self.now = DAY
        settings = config.Config(path=Path("none.toml"), base=Path(), store_path=Path(), fetch=FetchSettings(), feeds=(Feed("wire", FEED),))
        identities = Identities(known, forms)
        self.parts = cycle.Parts(settings, self.store, self, self, identities, identities.learn)  # type: ignore[arg-type]

    def __enter__(self) -> Shelf:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.store.close()

    def hold(self, seconds: Mapping[str, float]) -> None:
        assert not seconds, "no site on a shelf asks to be left alone"

    def fetch(self, requests: Sequence[PageRequest], note: Note | None = None) -> Iterator[tuple[PageRequest, Outcome]]:
        for request in requests:
            if request.url != FEED and request.url not in self.articles:  # it was read from another shelf
                yield request, FetchError("answered 404 Not Found", about=request.url, transient=False, status=404, kind=Trouble.STATUS)
                continue
            body = self._feed() if request.url == FEED else self._page(self.articles[request.url])
            yield request, Page(request.url, request.url, 200, (), body.encode(), self.now)

    def _feed(self) -> str:
        entries = "".join(
            f"<item><title>{escape(t.name)}</title><link>{escape(t.url)}</link><guid>{escape(t.url + str(n))}</guid>"
            f"<description>{digest(t.text)}</description></item>"
            for n, t in enumerate(self.listed)
        )
        return f"<rss version='2.0'><channel><title>Wire</title><link>x</link><description>d</description>{entries}</channel></rss>"

    def _page(self, told: Told) -> str:
        body = "".join(f"<p>{escape(p)}</p>" for p in told.text.split("\n\n"))
        return (
            f"<html lang='en'><head><title>{escape(told.name)}</title><meta property='og:site_name' content='{escape(told.publisher)}'>"
            f"<meta property='article:published_time' content='{told.published.isoformat()}'></head>"
            f"<body><article><h1>{escape(told.name)}</h1>{body}</article></body></html>"
        )

    def detect(self, article: Article) -> Detection:
        return Detection(self.articles[article.url].claims)

    def read(self, *told: Told, now: datetime | None = None) -> cycle.CycleReport:
        """Runs the cycle over these articles, at the hour of the last of them unless told otherwise."""
        self.articles |= {t.url: t for t in told}
        self.listed += told
        self.now = now or max(t.published for t in told) + timedelta(hours=1)
        return cycle.run_once(self.parts, self.now)

    def state(self) -> dict[str, list[dict[str, Any]]]:
        """The derived state as SQL shows it, without the time at which each row was written."""
        columns = "coalition, member, standing, role, since, until"
        return {
            "memberships": self.store.query(f"SELECT {columns} FROM memberships ORDER BY coalition, member"),
            "spells": self.store.query("SELECT * FROM membership_spells"),
            "redirects": self.store.query("SELECT * FROM redirects ORDER BY party"),
            "shown": self.store.query("SELECT * FROM current_membership"),
        }
