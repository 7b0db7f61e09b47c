"""The corpus's storylines through the whole program but for the detector: real pages over HTTP, the real cycle, a real store.

The annotated facts stand in the detector's place, so what is measured is everything else: reading, naming, remembering, telling.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from email.utils import format_datetime
from html import escape
from pathlib import Path
from typing import Any

from pipeline import app, config, cycle, memory
from pipeline.model import Article, Detection
from tests.shelf import Shelf, Told
from tests.test_replay_gold import FORMS, KNOWN, STORIES, Score, claims_of, score_step
from tests.web import Site


class Gold:
    """Says of an article what its annotators wrote down."""

    version = "gold"

    def __init__(self, articles: list[dict[str, Any]]) -> None:
        self.by_name = {a["id"]: a for a in articles}

    def detect(self, article: Article) -> Detection:
        name = article.url.rsplit("/", 1)[1].removesuffix(".html")
        return Detection(tuple(claims_of(self.by_name[name])))


def _page(article: dict[str, Any]) -> str:
    body = "".join(f"<p>{escape(p)}</p>" for p in article["text"].split("\n\n"))
    return (
        f"<!doctype html><html lang='en'><head><title>{escape(article['title'])} | {escape(article['publisher'])}</title>"
        f"<meta property='og:site_name' content='{escape(article['publisher'])}'>"
        f"<meta property='article:published_time' content='{article['published']}'></head>"
        f"<body><nav><a href='/'>Home</a></nav><article><h1>{escape(article['title'])}</h1>{body}</article>"
        "<aside><h2>Most read</h2><ul><li><a href='/x'>Tern Shipping leaves the Harbour Data Compact</a></li></ul></aside></body></html>"
    )


def _feed(site: Site, articles: list[dict[str, Any]]) -> str:
    entries = "".join(
        f"<item><title>{escape(a['title'])}</title><link>{site.url()}{a['id']}.html</link><guid>{a['id']}</guid>"
        f"<pubDate>{format_datetime(datetime.fromisoformat(a['published']))}</pubDate></item>"
        for a in reversed(articles)
    )
    return f"<rss version='2.0'><channel><title>Wire</title><link>x</link><description>d</description>{entries}</channel></rss>"


def test_every_step_of_the_storylines_through_http_cycle_and_store(tmp_path: Path) -> None:
    score, errors = Score(), []
    for name, articles in STORIES.items():
        toml = tmp_path / f"{name}.toml"
        with Site() as site:
            site.put("/robots.txt", "User-agent: *\nAllow: /\n", type="text/plain")
            toml.write_text(
                f'[store]\npath = "{name}.db"\n[fetch]\nallow_private_addresses = true\n'
                f'[[feeds]]\nname = "story"\nurl = "{site.url()}feed.xml"\n'
            )
            with app.open_parts(config.load(toml), detector=Gold(articles)) as parts:
                now = datetime.fromisoformat(articles[0]["published"])
                for step, article in enumerate(articles):
                    site.put(f"/{article['id']}.html", _page(article))
                    site.put("/feed.xml", _feed(site, articles[: step + 1]), type="application/rss+xml")
                    now = datetime.fromisoformat(article["published"]) + timedelta(minutes=10)
                    report = cycle.run_once(parts, now)
                    assert (report.parsed, report.failures) == (1, ()), article["id"]
                    errors += score_step(score, article, report.changes, articles)
                assert cycle.run_once(parts, now + timedelta(hours=1)).changes == ()
                assert memory.rebuild(parts.store, now) == 0
                assert parts.store.query("SELECT * FROM pragma_foreign_key_check") == []
    print(score, f"F1 {score.f1:.3f}", *errors, sep="\n")
    assert score.exact / score.steps >= 0.95, errors
    assert score.f1 >= 0.98, errors


def _standings(told: list[Told], *, together: bool) -> list[tuple[Any, ...]]:
    """Where the members of each coalition stand in the end, under the names that a person sees."""
    end = max(datetime.fromisoformat(a["published"]) for articles in STORIES.values() for a in articles) + timedelta(days=1)
    with Shelf(KNOWN, FORMS) as shelf:
        for n, batch in enumerate([told] if together else [[t] for t in told]):
            shelf.read(*batch, now=end + timedelta(hours=n))
        rows = shelf.store.query("SELECT coalition, member, standing, role, since, until FROM current_membership")
        return sorted(tuple(map(str, r.values())) for r in rows)


def test_storylines_in_any_order_of_arrival_end_in_the_same_memberships_under_the_same_names() -> None:
    chance = random.Random(20240514)
    for articles in STORIES.values():
        told = [Told(a["id"], datetime.fromisoformat(a["published"]), a["text"], tuple(claims_of(a)), a["publisher"]) for a in articles]
        expected = _standings(told, together=True)
        for _ in range(3):
            order = chance.sample(told, len(told))
            assert _standings(order, together=False) == expected, order
