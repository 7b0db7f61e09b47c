"""Pages that people read: valid HTML whatever is in them, and in Chromium readable at the width of a phone and of a desk, light and dark.

Chromium and axe-core find what they can find by themselves; where they are not installed those tests are skipped.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from html import unescape
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import html5lib
import pytest

from pipeline import digest, letters, links, render, strip, templates
from pipeline.model import (
    Act,
    Alert,
    AlertState,
    AlertTurn,
    ChangeKind,
    Event,
    FailingFeed,
    FeedHealth,
    Overdue,
    PartialDate,
    RaisedAlert,
    Severity,
    Skipped,
)
from tests.made import MORNING, change, party, words
from tests.test_render import NASTY

K = ChangeKind
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WIDTHS = (390, 1280)
LOOKED_AT = ("digest", "alert", "desk")
DESK = links.Desk("https://desk.example", "key")


def axe() -> Path | None:
    """The script of axe-core: of the package for Python, or the one that `AXE_CORE` names."""
    if named := os.environ.get("AXE_CORE"):
        return Path(named)
    found = find_spec("axe_core_python")
    return Path(found.origin).parent / "axe.min.js" if found and found.origin else None


def a_digest(text: str = "") -> digest.Digest:
    """A digest with something in every part of it; `text` takes the place of all words that come from outside."""

    def said(own: str) -> str:
        return text or own

    exits = [
        change(K.MEMBER_LEFT, said(f"Member {n}"), words(said(f"Member {n} left on Monday."), url=f"https://w{n}.example/a"))
        for n in range(4)
    ]
    news = [*exits, change(K.COALITION_FORMED, None, words(said("It was founded.")), coalition=said("Amber Coast Fisheries Pact"))]
    learned = change(K.MEMBER_OBSERVED, said("Altera"), words(said("Altera, a member since 2019,"), publisher=said("Quay News")))
    disputed = change(
        K.CLAIM_DISPUTED, said("Kaspel"), words(said("Kaspel never joined.")), before="in", detected_at=MORNING - timedelta(days=9)
    )
    late = Overdue(
        party(said("Moss Charter")), party(said("Norvik")), Event.WILL_JOIN, PartialDate(2025, 4), None, (words(said("In April.")),)
    )
    months = [(K.MEMBER_JOINED, "2024-09"), (K.MEMBER_JOINED, "2025-01-02"), (K.MEMBER_LEFT, "2025-05-12")]
    drawn = strip.build(months, MORNING.date())
    assert drawn
    feeds = FeedHealth(
        3,
        (FailingFeed(said("Dead wire"), said("404 Not Found")),),
        MORNING,
        (Skipped(said("Old wire"), said("nothing new")),),
        unasked=(said("New wire"),),
    )
    strips = dict.fromkeys((*(c.coalition.key for c in news), late.coalition.key), drawn)
    return digest.build([*news, learned], MORNING, MORNING + timedelta(days=7), feeds, disputed=[disputed], overdue=[late], strips=strips,
                        title=said("For the board"))  # fmt: skip


def pages(text: str = "") -> dict[str, str]:
    """Every kind of page there is."""
    template = templates.read("digest.html")
    told = change(K.MEMBER_LEFT, text or "Norvik Freight", words(text or "Norvik Freight left on Monday.", publisher=text or "Quay News"))
    raised = RaisedAlert(told.id, told, "exits", Severity.HIGH, AlertState.OPEN, None, 1, MORNING)
    turns = [AlertTurn(told.id, Act.RAISED, MORNING), AlertTurn(told.id, Act.NOTED, MORNING, text or "Ada", text or "board told")]
    alert = letters.ToldAlert(Alert(told.id, "exits", Severity.HIGH), told, Act.RAISED, None, 1, MORNING)
    return {
        "digest": render.html(a_digest(text), template),
        "nothing": render.html(digest.build([], MORNING, MORNING + timedelta(days=1), FeedHealth(20, (), MORNING)), template),
        "alert": letters.alert_letter([alert], template, DESK, "mail").html,
        "desk": letters.desk_page([raised], turns, templates.read("desk.html"), said="It is kept."),
        "refusal": letters.plain_page("This link does not work", "It is too old.", templates.read("desk.html")),
    }


@pytest.mark.parametrize("text", ["", *NASTY.values()], ids=["plain", *NASTY])
def test_every_page_is_valid_whatever_is_in_it(text: str) -> None:
    expected = pages()
    for name, page in pages(text).items():
        html5lib.HTMLParser(strict=True).parse(page)
        ids = re.findall(r'\sid="([^"]*)"', page)
        assert len(ids) == len(set(ids)) and "<script" not in page and "javascript:" not in page.lower().replace("&#", ""), name
        if text.strip():
            assert [*_tags(page)] == [*_tags(expected[name])] or name == "digest", name


def _tags(page: str) -> list[str]:
    return re.findall(r"<(/?[a-z][a-z0-9]*)", page)


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
@pytest.mark.parametrize("kind", ["atom", "jsonfeed"])
def test_no_word_of_theirs_breaks_a_feed(kind: str, text: str) -> None:
    from lxml import etree

    def listed(said: str, url: str) -> str:
        told = change(K.MEMBER_LEFT, said, words(said, url=url, publisher=said), coalition=said)
        return letters.feed(
            kind, [letters.FeedEntry(told, told.id, Severity.HIGH, AlertState.OPEN, MORNING, MORNING)], said, "https://desk.example/"
        )

    shown = listed(text, "https://wire.example/a")
    bad = listed(text, f"javascript:{text}")
    assert "javascript:" not in (bad if kind == "atom" else json.dumps({**json.loads(bad)["items"][0], "_pipeline": ""}))
    if kind == "atom":
        root, plain = (etree.fromstring(page.encode()) for page in (shown, listed("Norvik", "https://wire.example/a")))
        assert [e.tag for e in root.iter()] == [e.tag for e in plain.iter()]
        [body] = [e.text or "" for e in root.iter("{http://www.w3.org/2005/Atom}content")]
    else:
        body = json.loads(shown)["items"][0]["content_html"]
    html5lib.HTMLParser(strict=True).parseFragment(body)
    assert {t.strip("/") for t in _tags(body)} <= {"p", "strong", "blockquote", "a"} and len(shown) < 30_000


SCRIPT = """
<script>
const pages = PAGES, widths = WIDTHS, found = [];
async function look() {
  for (const [name, text] of Object.entries(pages)) for (const width of widths) {
    const frame = document.createElement('iframe');
    frame.width = width; frame.height = 900; frame.srcdoc = text;
    const loaded = new Promise(done => frame.onload = done);
    document.body.append(frame);
    await loaded;
    const inner = frame.contentWindow, of = frame.contentDocument;
    const script = of.createElement('script');
    script.textContent = document.getElementById('axe').textContent;
    of.head.append(script);
    const told = await inner.axe.run(of, {resultTypes: ['violations']});
    const box = e => e.getBoundingClientRect();
    found.push({
      name, width, dark: inner.matchMedia('(prefers-color-scheme: dark)').matches, ground: inner.getComputedStyle(of.body).backgroundColor,
      too_wide: of.documentElement.scrollWidth > inner.innerWidth,
      tall_enough: [...of.querySelectorAll('button')].every(b => box(b).height >= 44),
      picture: [...of.querySelectorAll('svg')].every(s => box(s).width > 200 && box(s).height > 20 && box(s).right <= inner.innerWidth),
      violations: told.violations.map(v => [v.id, v.impact, v.nodes.map(n => n.html.slice(0, 200))]),
    });
    frame.remove();
  }
  const out = document.createElement('pre');
  out.id = 'found'; out.textContent = JSON.stringify(found);
  document.body.append(out);
}
look();
</script>
"""


@cache
def seen(dark: bool) -> list[Mapping[str, Any]]:
    """What Chromium and axe-core say of every page at every width, light or dark."""
    script = axe()
    if CHROMIUM is None or script is None:
        pytest.skip("chromium, or axe-core (pip install axe-core-python), is not here")
    inside = SCRIPT.replace(
        "PAGES", json.dumps({name: page for name, page in pages().items() if name in LOOKED_AT}).replace("</", "<\\/")
    ).replace("WIDTHS", json.dumps(WIDTHS))
    library = script.read_text(encoding="utf-8").replace("</script", "<\\/script")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "all.html"
        page.write_text(
            f'<!doctype html><title>all</title><body><script id="axe" type="text/plain">{library}</script>{inside}', encoding="utf-8"
        )
        how = f"--headless --no-sandbox --disable-gpu --virtual-time-budget=60000 --blink-settings=preferredColorScheme={0 if dark else 1}"
        command = [CHROMIUM, *how.split(), f"--user-data-dir={folder}/profile", "--dump-dom", page.as_uri()]
        shown = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False).stdout
    found = re.search(r'<pre id="found">(.*?)</pre>', shown, re.DOTALL)
    assert found, shown[-2000:]
    rows: list[Mapping[str, Any]] = json.loads(unescape(found[1]))
    assert len(rows) == len(LOOKED_AT) * len(WIDTHS) and {r["dark"] for r in rows} == {dark}
    return rows


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_pages_are_accessible_and_fit_phones_and_desks(dark: bool) -> None:
    for row in seen(dark):
        where = f"{row['name']} at {row['width']}"
        assert row["violations"] == [], where
        assert not row["too_wide"] and row["tall_enough"] and row["picture"], where
        assert row["ground"] == ("rgb(21, 25, 30)" if dark else "rgb(255, 255, 255)"), where
