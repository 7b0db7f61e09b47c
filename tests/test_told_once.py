"""However the articles of several storylines come in — in any interleaving, again, under another guid, as copies, with polls that bring
nothing and programs that begin anew in between — each change is told once, and it is the same changes. Where the steps of one storyline
come in any order, what is learned first differs, but still nothing is told twice, and the end is the same."""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import app, config, cycle, memory
from pipeline.model import Article, Detection
from tests.kill_run_once import claims_of, stories
from tests.shelf import Shelf, Told
from tests.test_replay_gold import FORMS, KNOWN
from tests.web import Site

NOW = datetime(2026, 1, 1, tzinfo=UTC)
STEPS: dict[str, list[dict[str, Any]]] = defaultdict(list)
for _row in stories():
    STEPS[_row["story"]].append(_row)
for _rows in STEPS.values():
    _rows.sort(key=lambda row: row["step"])


class Gold:
    """Says of an article, and of its copies, the facts that are annotated for it."""

    version = "gold"

    def __init__(self) -> None:
        self._facts = {row["id"]: row for rows in STEPS.values() for row in rows}

    def detect(self, article: Article) -> Detection:
        row = self._facts.get(urlsplit(article.url).path.strip("/").partition("-")[0])
        return Detection(tuple(claims_of(row)) if row else ())


@dataclass(frozen=True)
class Op:
    """One thing that happens: "first", "again" (another guid), "copy" (another house), "poll" or "restart"."""

    what: str
    row: dict[str, Any] | None = None


class Wire:
    """A site with one feed, and the cycle that reads it."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site, self.path, self.items = site, folder / "pipeline.toml", list[str]()
        site.put("/robots.txt", "User-agent: *\nAllow: /\n", type="text/plain")
        self.path.write_text(
            f'[store]\npath = "{folder}/store.db"\n[fetch]\nallow_private_addresses = true\n[[feeds]]\nname = "wire"\n'
            f'url = "{site.url("/feed.xml")}"\n',
            encoding="utf-8",
        )

    def publish(self, row: dict[str, Any], name: str, house: str, more: str = "") -> None:
        paragraphs = "".join(f"<p>{escape(p)}</p>" for p in (*row["text"].split("\n\n"), *([more] if more else [])))
        at = datetime.fromisoformat(row["published"])
        head = (
            f"<title>{escape(row['title'])}</title><meta property='article:published_time' content='{at.isoformat()}'>"
            f"<meta property='og:site_name' content='{escape(house)}'>"
        )
        url = self.site.put(f"/{row['id']}{name}", f"<html lang=en><head>{head}</head><body><article>{paragraphs}</article></body></html>")
        guid = f"{row['id']}{name}{len(self.items)}"
        self.items.insert(0, f"<item><title>{escape(row['title'])}</title><link>{url}</link><guid isPermaLink='false'>{guid}</guid>"
                             f"<pubDate>{format_datetime(at)}</pubDate></item>")  # fmt: skip

    def play(self, ops: Sequence[Op]) -> Counter[tuple[str, ...]]:
        """Gives how often each change was told."""
        told: Counter[tuple[str, ...]] = Counter()
        with ExitStack() as stack:
            parts = stack.enter_context(app.open_parts(config.load(self.path), detector=Gold()))
            for minute, op in enumerate(ops):
                if op.what == "restart":
                    stack.pop_all().close()
                    parts = stack.enter_context(app.open_parts(config.load(self.path), detector=Gold()))
                elif op.row and op.what == "copy":
                    self.publish(op.row, f"-copy{minute}", f"House {minute}", "This report is passed on from a partner.")
                elif op.row:
                    self.publish(op.row, "", op.row["publisher"])
                feed = f"<rss version='2.0'><channel><title>Wire</title>{''.join(self.items)}</channel></rss>"
                self.site.put("/feed.xml", feed, type="application/rss+xml")
                report = cycle.run_once(parts, NOW + timedelta(minutes=minute))
                assert report.failures == ()
                for c in report.changes:
                    told[(c.kind, c.coalition.key, c.member.key if c.member else "", str(c.effective or ""), c.before, c.after)] += 1
        return told


def play(ops: Sequence[Op]) -> Counter[tuple[str, ...]]:
    with Site() as site, tempfile.TemporaryDirectory() as folder:
        return Wire(site, Path(folder)).play(ops)


@cache
def plainly(story: str) -> Counter[tuple[str, ...]]:
    return play([Op("first", row) for row in STEPS[story]])


@st.composite
def arrivals(draw: st.DrawFn) -> tuple[list[str], list[Op]]:
    """Two storylines in any interleaving that keeps the order within each, with repeats strewn in."""
    chosen = draw(st.lists(st.sampled_from(sorted(STEPS)), min_size=2, max_size=2, unique=True))
    left = {name: list(STEPS[name]) for name in chosen}
    ops: list[Op] = []
    out: list[dict[str, Any]] = []
    while any(left.values()):
        name = draw(st.sampled_from([n for n in chosen if left[n]]))
        out.append(left[name].pop(0))
        ops.append(Op("first", out[-1]))
        for what in draw(st.lists(st.sampled_from(["again", "copy", "copy", "poll", "restart"]), max_size=2)):
            ops.append(Op(what, draw(st.sampled_from(out)) if what in {"again", "copy"} else None))
    return chosen, ops


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), print_blob=False)
@given(arrivals())
def test_each_change_is_told_once(arrived: tuple[list[str], list[Op]]) -> None:
    chosen, ops = arrived
    expected = plainly(chosen[0]) + plainly(chosen[1])
    told = play(ops)
    assert told == expected, f"{[(op.what, op.row['id'] if op.row else '') for op in ops]}: {told - expected} and not {expected - told}"


def shelved(rows: Sequence[dict[str, Any]]) -> tuple[Counter[tuple[str, ...]], list[tuple[Any, ...]]]:
    """Reads articles one by one, all of them long after they were written; gives how often each change was told, and the end.

    Both under the names that are shown in the end: which of a body's names became its key depends on which was met first.
    """
    with Shelf(KNOWN, FORMS) as shelf:
        for hour, row in enumerate(rows):
            article = Told(row["id"], datetime.fromisoformat(row["published"]), row["text"], tuple(claims_of(row)), row["publisher"])
            shelf.read(article, now=NOW + timedelta(hours=hour))
        assert memory.rebuild(shelf.store, NOW) == 0
        end = shelf.store.query("SELECT coalition, member, standing, role, since, until FROM current_membership")
        told = Counter(tuple(row.values()) for row in shelf.store.query("SELECT kind, coalition, member FROM change_log"))
        return told, sorted((tuple(row.values()) for row in end), key=str)


@cache
def shelved_plainly(story: str) -> tuple[Counter[tuple[str, ...]], list[tuple[Any, ...]]]:
    return shelved(STEPS[story])


@pytest.mark.parametrize("story", sorted(STEPS))
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck), print_blob=False)
@given(data=st.data())
def test_no_order_of_the_steps_tells_a_change_twice(story: str, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(STEPS[story]))))
    expected, end = shelved_plainly(story)
    told, ended = shelved([STEPS[story][step] for step in order])
    assert {change: n for change, n in told.items() if n > max(expected[change], 1)} == {}
    assert ended == end
