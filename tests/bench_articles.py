"""Measures extractors on the pages of tests/pages: the body's F1, date, author, title and site, and pages a CPU-second, in one run.

    python tests/bench_articles.py [--rounds N] [--unseen] [--worst N] [--only NAME]

`pages/` and `pages/tuned/` are what the pipeline was made to pass; `pages/unseen/` has layouts that were written before
and not looked at while it was tuned: `--unseen` measures on them alone. F1 is that of the article-extraction benchmark
(runs of four words, precision and recall averaged over the pages) and, beside it, that of single words, averaged over pages.
Metadata are right where they are equal (title and site without regard to case and marks; a date by its UTC day; authors as a
set), and `made up` counts the pages without an author for which one was named. Each page is measured for speed as it is and
padded to the weight of a real one: 120 cards of other stories and 60 kB of script.

The peers are measured where they are installed: `pip install readability-lxml resiliparse newspaper4k goose3`.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import trafilatura

from pipeline.articles import parse_html
from pipeline.articles.charset import decode
from pipeline.errors import ParseError
from pipeline.text import fold

PAGES = Path(__file__).parent / "pages"


@dataclass(frozen=True)
class Case:
    name: str
    html: str
    gold: str
    about: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Got:
    """What an extractor found; None for a part that it does not look for."""

    text: str = ""
    title: str | None = None
    published: str | None = None
    author: str | None = None
    site: str | None = None


Extractor = Callable[[str, str], Got]


def cases(unseen: bool) -> list[Case]:
    folders = [PAGES / "unseen"] if unseen else [PAGES, PAGES / "tuned"]
    made = []
    for folder in folders:
        table = folder / "about.json"
        about = json.loads(table.read_text("utf-8")) if table.exists() else {}
        for page in sorted(folder.glob("*.html")):
            gold = page.with_suffix(".txt").read_text("utf-8").strip()
            made.append(Case(page.stem, decode(page.read_bytes()), gold, about.get(page.stem, {})))
    return made


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def f1(gold: str, got: str) -> float:
    """Gives the F1 of the words of a text against those it should have, as multisets."""
    want, have = Counter(words(gold)), Counter(words(got))
    both = (want & have).total()
    return 2 * both / (want.total() + have.total()) if both else 0.0


def _grams(text: str) -> Counter[tuple[str, ...]]:
    tokens = words(text)
    return Counter(zip(*(tokens[n:] for n in range(4)), strict=False)) if len(tokens) > 3 else Counter([tuple(tokens)])


def gram_f1(pairs: list[tuple[str, str]]) -> float:
    """F1 from the means of precision and recall over pages, of runs of four words (the article-extraction benchmark's figure)."""
    precisions, recalls = [], []
    for gold, got in pairs:
        want, have = _grams(gold), _grams(got)
        both = (want & have).total()
        precisions.append(both / have.total() if words(got) else 0.0)
        recalls.append(both / want.total())
    precision, recall = sum(precisions) / len(pairs), sum(recalls) / len(pairs)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def padded(html: str) -> str:
    """Gives the page with what surrounds articles on real sites, some 85 kB of it."""
    card = '<div class="card"><a href="/s/{0}"><img src="{0}.jpg" alt=""><h3>Another headline of the day, no. {0}</h3></a><i>2h</i></div>'
    cards = "".join(card.format(n) for n in range(120))
    bare = html.replace("</html>", "").replace("</body>", "")
    return f'{bare}<div class="recirculation">{cards}</div><script>{"var x = 1;" * 6000}</script></body></html>'


def the_pipeline(html: str, url: str) -> Got:
    try:
        article = parse_html(html, url)
    except ParseError:
        return Got("", "", "", "", "")
    published = article.published.isoformat() if article.published else ""
    return Got(article.text, article.title, published, article.author, article.site)


def of_trafilatura(with_metadata: bool = False, **options: bool) -> Extractor:
    def extract(html: str, url: str) -> Got:
        found: Any = trafilatura.bare_extraction(
            html, url=url or None, include_comments=False, with_metadata=with_metadata, deduplicate=False, **options
        )
        if found is None:
            return Got("", "", "", "", "") if with_metadata else Got()
        text = found.text or ""
        if not with_metadata:
            return Got(text)
        return Got(text, found.title or "", found.date or "", (found.author or "").replace("; ", ", "), found.sitename or "")

    return extract


def extractors() -> dict[str, Extractor]:
    found: dict[str, Extractor] = {
        "pipeline": the_pipeline,
        "trafilatura": of_trafilatura(),
        "trafilatura + metadata": of_trafilatura(True),
        "trafilatura fast": of_trafilatura(fast=True),
        "trafilatura precision": of_trafilatura(favor_precision=True),
    }
    try:
        from readability import Document

        def of_readability(html: str, url: str) -> Got:
            import lxml.html

            document = Document(html)
            return Got(str(lxml.html.fromstring(document.summary()).text_content()), title=document.short_title())

        found["readability-lxml"] = of_readability
    except ImportError:
        print("readability-lxml is not installed", file=sys.stderr)
    try:
        from resiliparse.extract.html2text import extract_plain_text  # type: ignore[import-not-found]

        found["resiliparse"] = lambda html, url: Got(str(extract_plain_text(html, main_content=True, alt_texts=False)))
    except ImportError:
        print("resiliparse is not installed", file=sys.stderr)
    try:
        import newspaper  # type: ignore[import-not-found]

        def of_newspaper(html: str, url: str) -> Got:
            article = newspaper.article(url or "https://a.example/x", input_html=html, language="en", fetch_images=False)
            date = article.publish_date.isoformat() if article.publish_date else ""
            site = str(article.meta_site_name or "")
            return Got(article.text or "", article.title or "", date, ", ".join(article.authors), site)

        found["newspaper4k"] = of_newspaper
    except ImportError:
        print("newspaper4k is not installed", file=sys.stderr)
    try:
        from goose3 import Goose  # type: ignore[import-not-found]

        goose = Goose({"enable_image_fetching": False})

        def of_goose(html: str, url: str) -> Got:
            article = goose.extract(raw_html=html)
            when = str(article.publish_date or "")
            return Got(article.cleaned_text or "", article.title or "", when, ", ".join(article.authors or []))

        found["goose3"] = of_goose
    except ImportError:
        print("goose3 is not installed", file=sys.stderr)
    return found


def speed(extract: Extractor, pages: list[tuple[str, str]], rounds: int) -> float:
    """Gives pages a CPU-second, the median of the rounds."""
    took = []
    for _ in range(rounds):
        start = time.process_time()
        for html, url in pages:
            guarded(extract, html, url)
        took.append(time.process_time() - start)
    return len(pages) / sorted(took)[len(took) // 2]


def guarded(extract: Extractor, html: str, url: str) -> Got:
    """What an extractor finds; a page that a library fails on is one on which it finds nothing."""
    try:
        return extract(html, url)
    except Exception as problem:  # noqa: BLE001  a peer may raise anything
        print(f"{type(problem).__name__} on {url}: {problem}"[:200], file=sys.stderr)
        return Got()


def _day(written: str) -> str:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return written[:10]
    return (moment.astimezone(UTC) if moment.tzinfo else moment).date().isoformat()


def _same(part: str, gold: str, got: str) -> bool:
    if part == "published":
        return bool(got) and _day(gold) == _day(got)
    if part == "author":
        return {fold(a) for a in gold.split(", ")} == {fold(a) for a in got.split(", ")}
    return fold(gold) == fold(got)


def metadata_scores(pages: list[Case], got: list[Got], worst: bool) -> str:
    """The shares that are right, and how often an author was made up."""
    shown = []
    for part in ("published", "author", "title", "site"):
        asked = [(c, c.about[part], getattr(g, part)) for c, g in zip(pages, got, strict=True) if part in c.about]
        if part == "author":
            none = [value for _, gold, value in asked if not gold and value is not None]
            invented = f"{sum(map(bool, none))}/{len(none)}"
            asked = [a for a in asked if a[1]]
        if not asked or asked[0][2] is None:
            shown.append(f"{'-':>7}")
            continue
        right = [_same(part, gold, value or "") for _, gold, value in asked]
        shown.append(f"{sum(right) / len(right):7.3f}")
        if worst:
            for (case, gold, value), fine in zip(asked, right, strict=True):
                if not fine:
                    print(f"    {case.name}: {part} {value!r}, not {gold!r}")
    return "".join(shown) + f"{invented if '-' not in shown[1] else '-':>9}"


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--unseen", action="store_true")
    arguments.add_argument("--worst", type=int, default=0, help="show the pages that each extractor reads worst")
    arguments.add_argument("--only", default="", help="extractors whose name begins so")
    asked = arguments.parse_args()
    pages = cases(asked.unseen)
    print(f"{len(pages)} pages, {sum(len(c.html) for c in pages) / len(pages) / 1000:.1f} kB each on average")
    print(f"{'extractor':24}{'F1':>7}{'words':>7}{'date':>7}{'author':>7}{'title':>7}{'site':>7}{'made up':>9}{'pages/s':>9}{'padded':>9}")
    for name, extract in extractors().items():
        if not name.startswith(asked.only):
            continue
        got = [guarded(extract, c.html, c.about.get("address", "")) for c in pages]
        scores = {c.name: f1(c.gold, g.text) for c, g in zip(pages, got, strict=True)}
        about = metadata_scores(pages, got, bool(asked.worst))
        grams = gram_f1([(c.gold, g.text) for c, g in zip(pages, got, strict=True)])
        speeds = (
            [
                speed(extract, [(c.html, c.about.get("address", "")) for c in pages], asked.rounds),
                speed(extract, [(padded(c.html), c.about.get("address", "")) for c in pages], asked.rounds),
            ]
            if asked.rounds
            else [0.0, 0.0]
        )
        mean = sum(scores.values()) / len(scores)
        print(f"{name:24}{grams:7.3f}{mean:7.3f}{about}{speeds[0]:9.0f}{speeds[1]:9.0f}")
        for page in sorted(scores, key=lambda page: scores[page])[: asked.worst]:
            print(f"    {page}: {scores[page]:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
