"""Measures body extractors on the pages of tests/pages: F1 of words, pages whose text comes out exactly, pages a CPU-second.

    python tests/bench_articles.py [ROUNDS]

Speed is also measured with each page padded to the weight of a real one: 120 cards of other stories and 60 kB of script.

The pages are our own and the pipeline was made to pass them, so its figure says that it does what they ask and no more;
the figures of the libraries, which were not, say what each of them drops. readability-lxml and resiliparse are only
measured where they are installed (`pip install readability-lxml resiliparse`).
"""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import trafilatura

from pipeline.articles import body, metadata, parse_html
from pipeline.articles.blocks import read
from pipeline.articles.charset import decode
from pipeline.errors import ParseError

PAGES = Path(__file__).parent / "pages"
Extractor = Callable[[str], str]


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.casefold()))


def f1(gold: str, got: str) -> float:
    """Gives the F1 of the words of a text against those it should have, as multisets."""
    want, have = words(gold), words(got)
    both = (want & have).total()
    return 2 * both / (want.total() + have.total()) if both else 0.0


def padded(html: str) -> str:
    """Gives the page with what surrounds articles on real sites, some 85 kB of it."""
    card = '<div class="card"><a href="/s/{0}"><img src="{0}.jpg" alt=""><h3>Another headline of the day, no. {0}</h3></a><i>2h</i></div>'
    cards = "".join(card.format(n) for n in range(120))
    bare = html.replace("</html>", "").replace("</body>", "")
    return f'{bare}<div class="recirculation">{cards}</div><script>{"var x = 1;" * 6000}</script></body></html>'


def of_trafilatura(**options: bool) -> Extractor:
    return lambda html: trafilatura.extract(html, include_comments=False, **options) or ""


def the_pipeline(html: str) -> str:
    try:
        return parse_html(html).text
    except ParseError:
        return ""


def the_tree_alone(html: str) -> str:
    """What the pipeline reads without an extractor: its fallback."""
    import lxml.html

    reading = read(lxml.html.document_fromstring(html.encode(), parser=lxml.html.HTMLParser(encoding="utf-8", remove_comments=True)))
    seeds = body._own_seeds(reading.blocks)
    blocks = body._assembled(reading.blocks, seeds, "") if seeds else ()
    return body.plain(body.without_head(blocks, metadata._headings(reading.blocks)))


def extractors() -> dict[str, Extractor]:
    found: dict[str, Extractor] = {
        "pipeline": the_pipeline,
        "pipeline, tree alone": the_tree_alone,
        "trafilatura": of_trafilatura(),
        "trafilatura fast": of_trafilatura(fast=True),
        "trafilatura precision": of_trafilatura(favor_precision=True),
        "trafilatura recall": of_trafilatura(favor_recall=True),
    }
    try:
        from readability import Document

        def of_readability(html: str) -> str:
            import lxml.html

            return str(lxml.html.fromstring(Document(html).summary()).text_content())

        found["readability-lxml"] = of_readability
    except ImportError:
        print("readability-lxml is not installed", file=sys.stderr)
    try:
        from resiliparse.extract.html2text import extract_plain_text  # type: ignore[import-not-found]

        found["resiliparse"] = lambda html: str(extract_plain_text(html, main_content=True, alt_texts=False))
    except ImportError:
        print("resiliparse is not installed", file=sys.stderr)
    return found


def speed(extract: Extractor, pages: list[str], rounds: int) -> float:
    """Gives pages a CPU-second, the median of the rounds."""
    took = []
    for _ in range(rounds):
        start = time.process_time()
        for html in pages:
            extract(html)
        took.append(time.process_time() - start)
    return len(pages) / sorted(took)[len(took) // 2]


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    pages = [(p.stem, decode(p.read_bytes()), p.with_suffix(".txt").read_text("utf-8").strip()) for p in sorted(PAGES.glob("*.html"))]
    print(f"{len(pages)} pages, {sum(len(h) for _, h, _ in pages) / len(pages) / 1000:.1f} kB each on average")
    print(f"{'extractor':24}{'F1':>7}{'worst':>8}  {'':18}{'exact':>6}{'pages/s':>9}{'padded':>9}")
    for name, extract in extractors().items():
        scores = {page: f1(gold, extract(html)) for page, html, gold in pages}
        exact = sum(extract(html).strip() == gold for _, html, gold in pages)
        speeds = [speed(extract, [html for _, html, _ in pages], rounds), speed(extract, [padded(html) for _, html, _ in pages], rounds)]
        worst = min(scores, key=lambda page: scores[page])
        print(
            f"{name:24}{sum(scores.values()) / len(scores):7.3f}{scores[worst]:8.3f}  {worst:18}{exact:6}{speeds[0]:9.0f}{speeds[1]:9.0f}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
