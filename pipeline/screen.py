"""What a person sees on a terminal: tables, progress and summaries. Piped, tables become lines of tab-separated values.

Other people's words are cleaned by `render.plain` before they come here or here; no style markup is ever read out of them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

from pipeline import logs
from pipeline.detect import spans
from pipeline.digest import describe, long_date
from pipeline.model import Article, Change, Claim, Detection, Membership, PartialDate
from pipeline.render import LONGEST_QUOTATION, WIDTH, counted, hang, plain

if TYPE_CHECKING:
    from pipeline.cycle import CycleReport

_Value = TypeVar("_Value")
_Key = TypeVar("_Key", bound=Hashable)

FAILURES_SHOWN = 8
SHORT_COLUMN = 30
LEAST_COLUMN = 9
"""Columns of a terminal that a column of a table needs: in fewer, names stand letter by letter, and then not at all."""

Tell = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Tell]:
    """Shows a bar for each stage on standard error while the block lasts, when that is a terminal; else shows nothing."""
    if quiet or not sys.stderr.isatty():
        yield lambda stage, done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def tell(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(plain(stage), total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield tell


def log_to_stderr() -> None:
    """Writes what the program logs to standard error, a line each with its moment in UTC; a second call changes nothing."""
    logs.to_stderr()


def run_summary(report: CycleReport) -> str:
    """Says in a few lines what a cycle read, and which articles and channels it could not."""
    feeds = f"{counted(report.polled, 'feed')} asked, {report.unchanged} unchanged, {report.failed_feeds} failed"
    new = f"{report.new} new {'entry' if report.new == 1 else 'entries'}"
    entries = f"{new}, {counted(report.parsed, 'article')} read, {report.duplicates} seen before, {report.failed_articles} failed"
    if report.revisited:
        again = f"{counted(report.revisited, 'page')} read again, {report.edited} edited, {report.taken_down} taken down"
        entries = f"{entries}; {again}"
    told = f"{counted(report.claims, 'claim')}, {counted(len(report.changes), 'change')}, {counted(len(report.alerts), 'alert')}"
    told += f", {report.delivered} delivered" if report.delivered else ""
    lines = [f"{feeds}; {entries}; {told}."]
    lines += [f"- {plain(f.what)} was read in part: {plain(f.why)}" for f in report.partial]
    others = report.failures[report.failed_feeds :]  # the feeds come first, and the digest names them
    lines += [f"- {plain(f.what)}: {plain(f.why)}" for f in others[:FAILURES_SHOWN]]
    if len(others) > FAILURES_SHOWN:
        lines.append(f"- and {len(others) - FAILURES_SHOWN} more that could not be read")
    return "\n".join(line for text in lines for line in hang(text, WIDTH, "  ")) + "\n"


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str, short: str = "") -> None:
    """Prints rows: as a table on a terminal, as tab-separated lines with a first line of names when piped.

    On a terminal the column called `short` is cut to one line, and left out where there is no room beside the others. Where the
    terminal is too narrow for those, each row is a block of lines, one a value.
    """
    cells = [[plain("" if v is None else str(v), LONGEST_QUOTATION) for v in row] for row in rows]
    if not sys.stdout.isatty():
        for row in [[plain(c) for c in columns], *cells]:
            print("\t".join(row))
        return
    if not rows:
        print(empty)
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(markup=False, highlight=False, emoji=False)
    if console.width < LEAST_COLUMN * len(columns):
        print("\n\n".join("\n".join(_block(columns, row, console.width)) for row in cells))
        return
    if short in columns and console.width < LEAST_COLUMN * len(columns) + 2 * SHORT_COLUMN:
        place = columns.index(short)
        columns, cells = [*columns[:place], *columns[place + 1 :]], [[*row[:place], *row[place + 1 :]] for row in cells]
    shown = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        if name == short:
            shown.add_column(Text(plain(name)), no_wrap=True, overflow="ellipsis", max_width=SHORT_COLUMN)
        else:
            shown.add_column(Text(plain(name)), overflow="fold")
    for row in cells:
        shown.add_row(*map(Text, row))
    console.print(shown)


def _block(columns: Sequence[str], row: Sequence[str], width: int) -> list[str]:
    """One row as lines of name and value; what is empty is left out."""
    return [
        line for name, cell in zip(columns, row, strict=True) if cell for line in hang(f"{plain(name)}: {cell}", max(width, 12), "    ")
    ]


def rows(found: Sequence[dict[str, Any]]) -> None:
    """Prints the rows of a query."""
    columns = list(found[0]) if found else []
    table(columns, [list(row.values()) for row in found], empty="No rows.")


def changes(found: Sequence[Change]) -> None:
    """Prints changes, one a row, in the order in which they came."""
    table(
        ["found", "coalition", "what", "effective", "confidence", "sources", "words"],
        [
            (
                c.detected_at.date().isoformat(),
                c.coalition.name,
                describe(c),
                c.effective,
                f"{c.confidence:.0%}",
                c.sources,
                f"{c.evidence[0].quote}{' (edited since)' if c.evidence[0].stood_until else ''}" if c.evidence else "",
            )
            for c in found
        ],
        empty="Nothing changed in this period.",
        short="words",
    )


def members(coalition: str, found: Sequence[Membership], as_of: date | None) -> None:
    """Prints the members of a coalition."""
    if sys.stdout.isatty():
        print(f"{plain(coalition)}{f', on {long_date(as_of)}' if as_of else ''}")
    table(
        ["member", "standing", "role", "since", "until"],
        [(m.member.name, m.standing, m.role, m.since, m.until) for m in found],
        empty="No member is known.",
    )


def article_text(article: Article) -> str:
    """Gives an article as it can be shown: what is known of it, then its paragraphs."""
    lines = [plain(article.title) or "(no title)"]
    day = PartialDate(article.published.year, article.published.month, article.published.day) if article.published else None
    facts = (long_date(day) if day else "no date found", article.author, article.site, article.language, article.url)
    lines += [" · ".join(plain(f) for f in facts if f), ""]
    for paragraph in article.text.split("\n"):
        lines += hang(plain(paragraph, len(paragraph) + 1), WIDTH, "") or [""]
    return "\n".join(lines) + "\n"


def claims(detection: Detection, *, explain: bool = False) -> str:
    """Gives the claims of one article, coalition by coalition, those of the same words together, and with `explain` the reasons.

    What one sentence says of several members alike is one line: a launch with twenty founders is no twenty lines.
    """
    lines: list[str] = []
    for coalition, said in _grouped(detection.claims, lambda c: c.coalition).items():
        lines += hang(plain(coalition), WIDTH, "")
        for words, several in _grouped(said, lambda c: c.quote.words).items():
            for alike in _grouped(several, lambda c: (c.member is None, c.event, c.status, c.role, c.date)).values():
                lines += hang(f"  {_told(alike)}", WIDTH, "    ")
                lines += _reasons(alike, words) if explain else []
            lines += [*hang(f"      “{plain(words, LONGEST_QUOTATION)}”", WIDTH, "       "), ""]
    if not detection.claims:
        lines = [f"Nothing about coalitions{f': {plain(detection.skipped)}' if detection.skipped else '.'}", ""]
    if explain and detection.trace:
        lines += ["How it was read", *(line for step in detection.trace for line in hang(f"  - {_legible(step)}", WIDTH, "    "))]
    return "\n".join(lines).rstrip("\n") + "\n"


def _grouped(several: Iterable[_Value], key: Callable[[_Value], _Key]) -> dict[_Key, list[_Value]]:
    """Groups values that have the same key, in the order of their first, wherever they stand."""
    groups: dict[_Key, list[_Value]] = {}
    for value in several:
        groups.setdefault(key(value), []).append(value)
    return groups


def _told(alike: Sequence[Claim]) -> str:
    """What claims of the same event say, of one member or of several: the least sure of them says how sure it is."""
    first = alike[0]
    event = first.event.replace("_", " ")
    facts = [event if first.status == "completed" else f"{event} ({first.status})"]
    if first.role and first.role != "member":
        facts.append(f"as {first.role}")
    if first.date:
        facts.append(long_date(first.date))
    who = ", ".join(dict.fromkeys(plain(c.member) for c in alike if c.member))
    sure = min(c.confidence for c in alike)
    return f"{', '.join(facts)}{f': {who}' if who else ''} · confidence {sure:.0%}"


def _reasons(alike: Sequence[Claim], words: str) -> list[str]:
    """Why these claims were made, once where it is the same for all; the sentence itself is not told again."""
    lines: list[str] = []
    groups = _grouped(alike, lambda c: c.because)
    for because, several in groups.items():
        whose = f" ({', '.join(plain(c.member) for c in several if c.member)})" if len(groups) > 1 else ""
        parted = [step.partition(": ") for step in because]
        steps = [f"found in: {kind}" if rest and words.startswith(rest) else kind + colon + rest for kind, colon, rest in parted]
        lines += hang(f"    why{whose}: {'; '.join(plain(s, LONGEST_QUOTATION) for s in steps)}", WIDTH, "      ")
    return lines


_IN_WORDS = {
    spans.IN_QUESTION: "‹it›",
    spans.OTHER: "‹another body›",
    spans.PERSON: "‹person›",
    spans.STATE: "‹state›",
    spans.NAME: "‹name›",
    spans.PLACE: "‹place›",
    spans.BOUNDARY: "/",
}
"""What the detector puts in the place of names, so that it learns words and no names, as a person reads it."""


def _legible(step: str) -> str:
    for mask, word in _IN_WORDS.items():
        step = step.replace(mask, word)
    return plain(step, LONGEST_QUOTATION)
