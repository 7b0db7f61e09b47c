"""The command line: reads arguments, calls the floor below, prints, and says by its exit code how it went.

Exit codes: 0 done, 1 the command could not do its work, 2 wrong usage or wrong configuration. With --json, standard output holds
one JSON document and nothing else. An expected error is one line that says what to do; a traceback means a bug. Nothing is decided
here about coalitions, and heavy modules are imported by the command that needs them, so that help comes at once.
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

from pipeline import __version__
from pipeline.errors import ConfigError, FetchError, PipelineError

if TYPE_CHECKING:
    from pipeline.config import Config
    from pipeline.model import Article, Claim
    from pipeline.store import Store

DONE, FAILED, WRONG = 0, 1, 2
INTERRUPTED, PIPE_CLOSED = 130, 141
"""What a shell shows for a program ended by SIGINT or SIGPIPE (128 + signal)."""

DEFAULT_CONFIG = "config/pipeline.toml"
LONGEST_INPUT = 64 * 1024 * 1024
"""Bytes read of one article or one row: more is somebody's mistake."""


class UsageError(PipelineError):
    """What was asked for cannot be understood; exit code 2."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and gives its exit code."""
    # trafilatura logs a line for each page that it can make nothing of; what comes of such a page stands in the report.
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    parser = build_parser()
    try:
        args = parser.parse_args(argv)
        code: int = args.run(args)
        sys.stdout.flush()
    except ConfigError as problem:
        for line in problem.problems:
            _complain(f"{problem.about}: {line}" if problem.about else line)
        return WRONG
    except UsageError as problem:
        _complain(str(problem))
        return WRONG
    except PipelineError as problem:
        _complain(str(problem))
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Python flushes standard output once more at exit; the reader has gone, so that flush must go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    return code


def _complain(message: str) -> None:
    from pipeline.render import plain

    print(f"pipeline: {plain(message, 2000)}", file=sys.stderr)


# Arguments.


def build_parser() -> argparse.ArgumentParser:
    """Gives the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="pipeline",
        description="Reads news feeds, tells who formed, joined and left which coalition, and keeps the history.",
        epilog="Try `pipeline demo`: it needs no network. Each command has an example in its own help: `pipeline digest --help`.",
    )
    parser.add_argument("--version", action="version", version=f"pipeline {__version__}")
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help=f"the configuration; without it $PIPELINE_CONFIG, else {DEFAULT_CONFIG}",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, run: Callable[[argparse.Namespace], int], about: str, example: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name,
            help=about,
            description=about[0].upper() + about[1:] + ".",
            epilog=f"Example:\n  {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.set_defaults(run=run)
        return sub

    def as_json(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--json", action="store_true", help="print one JSON document and nothing else")

    def since(sub: argparse.ArgumentParser, default: str) -> None:
        sub.add_argument(
            "--since",
            metavar="WHEN",
            default=default,
            help=f'from when on: 2024-05-14, 7d, yesterday, "3 weeks ago" (UTC; without it {default})',
        )

    run = command("run-once", run_once, "read every feed now, and tell what changed", "pipeline run-once")
    run.add_argument("--due", action="store_true", help="read only the feeds that are due")
    as_json(run)

    keep = command(
        "daemon", daemon, "keep reading feeds as they fall due, until told to stop", "pipeline --config config/pipeline.toml daemon"
    )
    keep.add_argument("--look-every", type=float, default=60.0, metavar="SECONDS", help="how often to look for due feeds; without it 60")

    show = command(
        "digest",
        show_digest,
        "tell what changed in a period, with the words it rests on",
        "pipeline digest --since 7d --format html > digest.html",
    )
    since(show, "7d")
    show.add_argument("--format", choices=["markdown", "html", "text", "json"], default="text", help="without it: text")

    changed = command("changes", changes, "list the changes of a period, the newest last", "pipeline changes --since yesterday")
    since(changed, "30d")
    as_json(changed)

    who = command(
        "members", members, "list who belongs to a coalition, now or on a day", 'pipeline members "AI Alliance" --as-of 2024-03-01'
    )
    who.add_argument("coalition", metavar="COALITION", help="its name, or another name for it")
    who.add_argument("--as-of", metavar="DATE", help="on which day (without it: today)")
    as_json(who)

    ask = command("query", query, "ask the store in SQL; it is only read", 'pipeline query "SELECT * FROM current_membership LIMIT 5"')
    ask.add_argument("sql", metavar="SQL")
    as_json(ask)

    find = command(
        "detect",
        detect,
        "show what one article says about coalitions; needs no store and no network",
        "pipeline detect article.txt --published 2024-05-14\n  pipeline detect --jsonl rows.jsonl > claims.jsonl",
    )
    find.add_argument("file", metavar="FILE", nargs="?", default="-", help="text or HTML; - or nothing: standard input")
    find.add_argument("--jsonl", action="store_true", help="read rows {id, title, text, published, url}; write rows {id, claims}")
    find.add_argument("--published", metavar="DATE", help="the day it was published, where the text does not say")
    find.add_argument("--explain", action="store_true", help="say step by step why")
    as_json(find)

    read = command(
        "parse", parse, "show what can be read of a page: title, text, date, author", "pipeline parse https://example.org/news/1 --json"
    )
    read.add_argument("source", metavar="FILE|URL", nargs="?", default="-", help="- or nothing: standard input")
    as_json(read)

    command(
        "check-config",
        check_config,
        "check the configuration and say everything that is wrong with it",
        "pipeline --config my.toml check-config",
    )

    play = command("demo", demo, "play a year of invented news on this machine; needs no network", "pipeline demo")
    play.add_argument("--keep", type=Path, metavar="DIR", help="where the store is left; without it a new folder for passing files")
    as_json(play)
    return parser


def when(words: str, now: datetime) -> datetime:
    """Reads a moment as people write it, in UTC; raises UsageError.

    >>> now = datetime(2024, 5, 14, 9, 30, tzinfo=UTC)
    >>> [str(when(w, now))[:16] for w in ("2024-05-01", "2024-05", "7d", "12h", "yesterday")]
    ['2024-05-01 00:00', '2024-05-01 00:00', '2024-05-07 09:30', '2024-05-13 21:30', '2024-05-13 00:00']
    """
    text = words.strip()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    named = {"now": now, "today": midnight, "yesterday": midnight - timedelta(days=1), "ever": datetime(1970, 1, 1, tzinfo=UTC)}
    if text.lower() in named:
        return named[text.lower()]
    try:
        if short := re.fullmatch(r"(\d{1,5})\s*([hdwmy])", text.lower()):
            days = {"h": 1 / 24, "d": 1, "w": 7, "m": 30, "y": 365}[short[2]]
            return now - timedelta(days=int(short[1]) * days)
        if re.fullmatch(r"\d{4}(-\d{2}){0,2}", text):
            from pipeline.model import PartialDate

            return datetime.combine(PartialDate.parse(text).earliest(), datetime.min.time(), tzinfo=UTC)
        if re.match(r"\d{4}-\d{2}-\d{2}[T ]", text):
            moment = datetime.fromisoformat(text)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        spoken = _spoken(text, now)
    except (ValueError, OverflowError) as problem:
        raise UsageError(f"{words!r} is no moment: {problem}") from problem
    if spoken is None:
        raise UsageError(f'{words!r} is no moment: write a day (2024-05-14), an age (7d, 12h, 2w) or words ("yesterday", "3 weeks ago")')
    return spoken


def _spoken(text: str, now: datetime) -> datetime | None:
    import dateparser

    found = dateparser.parse(
        text,
        languages=["en"],
        settings={
            "RELATIVE_BASE": now.replace(tzinfo=None),
            "TIMEZONE": "UTC",
            "RETURN_AS_TIMEZONE_AWARE": True,
            "PREFER_DATES_FROM": "past",
        },
    )
    return found.astimezone(UTC) if found else None


def _now() -> datetime:
    return datetime.now(UTC)


# The store and the configuration.


def _config(args: argparse.Namespace) -> Config:
    from pipeline import config

    path: Path = args.config or Path(os.environ.get("PIPELINE_CONFIG") or DEFAULT_CONFIG)
    return config.load(path)


@contextmanager
def _reading(args: argparse.Namespace) -> Iterator[Store]:
    """The store for a command that only reads; a missing one is made, so that a new installation answers with nothing found."""
    from pipeline.store import Store

    path = _config(args).store_path
    if not path.exists():
        Store.open(path).close()
    with Store.open(path, read_only=True) as store:
        yield store


def _print_json(document: Any) -> None:
    from pipeline.render import json_text

    print(json_text(document))


# The commands.


def run_once(args: argparse.Namespace) -> int:
    from pipeline import app, cycle, render, screen
    from pipeline.digest import build

    with app.open_parts(_config(args)) as parts:
        with screen.progress(quiet=args.json) as progress:
            report = cycle.run_once(parts, _now(), everything=not args.due, progress=progress)
        digest = build(report.changes, report.started, report.finished, parts.store.feed_health())
    if args.json:
        _print_json(report.as_json())
    elif not report.every_feed_failed:
        print(screen.run_summary(report))
        print(render.text(digest), end="")
    if report.every_feed_failed:
        advice = "no feed could be read: check the network and the addresses; `pipeline demo` needs no network"
        if any("private" in failure.why for failure in report.failures):
            advice += "; feeds on private addresses are read only with allow_private_addresses = true under [fetch]"
        _complain(advice)
        for failure in report.failures:
            _complain(failure.why if failure.why.startswith(failure.what) else f"{failure.what}: {failure.why}")
        return FAILED
    return DONE


def daemon(args: argparse.Namespace) -> int:
    from pipeline import daemon as keeper

    if args.look_every <= 0:
        raise UsageError("--look-every takes seconds, more than 0")
    keeper.run(_config(args), args.look_every)
    return DONE


def show_digest(args: argparse.Namespace) -> int:
    from pipeline import cycle, render, templates

    now = _now()
    since = when(args.since, now)
    with _reading(args) as store:
        digest = cycle.make_digest(store, since, now)
    if args.format == "html":
        print(render.html(digest, templates.read("digest.html")), end="")
    else:
        form = {"markdown": render.markdown, "text": render.text, "json": render.as_json}[args.format]
        print(form(digest), end="")
    return DONE


def changes(args: argparse.Namespace) -> int:
    from pipeline import render, screen

    now = _now()
    since = when(args.since, now)
    with _reading(args) as store:
        found = store.changes(since, now)
    if args.json:
        _print_json({"since": since.isoformat(), "until": now.isoformat(), "changes": [render.change_document(c) for c in found]})
    else:
        screen.changes(found)
    return DONE


def members(args: argparse.Namespace) -> int:
    from pipeline import diff, screen
    from pipeline.model import Standing

    as_of = _day(args.as_of) if args.as_of else None
    with _reading(args) as store:
        coalition = store.find_coalition(args.coalition)
        if coalition is None:
            raise PipelineError(f"no coalition of that name is known{_near(args.coalition, store)}", about=args.coalition)
        found = diff.derive(store.evidence_about([coalition.key]), as_of) if as_of else store.memberships(coalition.key)
    found = tuple(sorted(found, key=lambda m: (list(Standing).index(m.standing), m.member.name.casefold())))
    if args.json:
        _print_json(
            {
                "coalition": coalition.name,
                "as_of": as_of.isoformat() if as_of else None,
                "members": [
                    {
                        "member": m.member.name,
                        "standing": m.standing,
                        "role": m.role,
                        "since": str(m.since) if m.since else None,
                        "until": str(m.until) if m.until else None,
                    }
                    for m in found
                ],
            }
        )
    else:
        screen.members(coalition.name, found, as_of)
    return DONE


def _day(words: str) -> date:
    return when(words, _now()).date()


def _near(name: str, store: Store) -> str:
    import difflib

    from pipeline.text import fold

    names = {fold(c.name): c.name for c in store.coalitions()}
    wanted = fold(name)
    close = difflib.get_close_matches(wanted, names, n=3, cutoff=0.6)
    close += [n for n in sorted(names) if n not in close and set(wanted.split()) & set(n.split()) - {"of", "the", "and", "for"}]
    return f"; near names: {', '.join(names[n] for n in close[:3])}" if close else ""


def query(args: argparse.Namespace) -> int:
    from pipeline import screen

    with _reading(args) as store:
        rows = store.query(args.sql)
    if args.json:
        _print_json(rows)
    else:
        screen.rows(rows)
    return DONE


def check_config(args: argparse.Namespace) -> int:
    from pipeline.render import counted

    config = _config(args)
    parts = (
        counted(len(config.feeds), "feed"),
        counted(len(config.watch), "coalition") + " watched",
        counted(len(config.alerts), "alert rule"),
        counted(len(config.channels), "channel"),
    )
    print(f"{config.path} is right: {', '.join(parts)}; the store is {config.store_path}")
    return DONE


def demo(args: argparse.Namespace) -> int:
    from pipeline import demo as stage
    from pipeline import render, screen

    folder: Path = args.keep or _passing_folder()
    with screen.progress(quiet=args.json) as progress:
        played = stage.play(folder, progress)
    if args.json:
        _print_json({"store": str(played.store), "config": str(played.config), "digest": render.digest_document(played.digest)})
        return DONE
    print(render.text(played.digest))
    print(f"The store is {played.store}. Look into it:")
    for words in stage.NEXT_COMMANDS:
        print(f"  pipeline --config {shlex_quote(str(played.config))} {words}")
    return DONE


def _passing_folder() -> Path:
    import tempfile

    return Path(tempfile.mkdtemp(prefix="pipeline-demo-"))


def shlex_quote(text: str) -> str:
    import shlex

    return shlex.quote(text)


# One article.


def detect(args: argparse.Namespace) -> int:
    if args.jsonl:
        if args.json or args.explain or args.published:
            raise UsageError("--jsonl takes its days from the rows and prints rows: leave out --json, --explain and --published")
        return _detect_rows(args.file)
    from pipeline import app, screen

    published = when(args.published, _now()) if args.published else None
    article = _article(_read(args.file), args.file, published)
    detection = app.load_detector().detect(article)
    if args.json:
        document: dict[str, Any] = {"claims": [claim_row(c) for c in detection.claims]}
        if args.explain:
            document |= {
                "skipped": detection.skipped,
                "trace": list(detection.trace),
                "because": [list(c.because) for c in detection.claims],
            }
        _print_json(document)
    else:
        print(screen.claims(detection, explain=args.explain), end="")
    return DONE


def parse(args: argparse.Namespace) -> int:
    from pipeline import screen

    source: str = args.source
    article = _fetched(args, source) if re.match(r"(?i)https?://", source) else _article(_read(source), source, None)
    if args.json:
        _print_json(
            {
                "title": article.title,
                "text": article.text,
                "published": article.published.isoformat() if article.published else None,
                "author": article.author,
                "site": article.site,
                "url": article.url,
                "language": article.language,
            }
        )
    else:
        print(screen.article_text(article), end="")
    return DONE


def _fetched(args: argparse.Namespace, url: str) -> Article:
    from pipeline import articles
    from pipeline.fetch import Fetcher, FetchSettings, PageRequest
    from pipeline.model import Page

    # A page can be looked at without any configuration; one that is named, or lies where it is looked for, is kept to.
    named = args.config or os.environ.get("PIPELINE_CONFIG") or Path(DEFAULT_CONFIG).exists()
    settings = _config(args).fetch if named else FetchSettings()
    with Fetcher(settings) as fetcher:
        for _, outcome in fetcher.fetch([PageRequest(url)]):
            if isinstance(outcome, Page):
                return articles.parse(outcome)
            if isinstance(outcome, FetchError):
                raise outcome
    raise FetchError("gave no page", about=url)


def _read(name: str) -> bytes:
    """Reads a whole article; raises UsageError for a file that cannot be read or is far too long."""
    with _opened(name) as file:
        body = file.read(LONGEST_INPUT + 1)
    if len(body) > LONGEST_INPUT:
        raise UsageError(f"is longer than {LONGEST_INPUT >> 20} MB, which no article is", about=name)
    return body


@contextmanager
def _opened(name: str) -> Iterator[IO[bytes]]:
    if name == "-":
        if sys.stdin.isatty():
            print("Reading from the keyboard: end with Ctrl-D.", file=sys.stderr)
        yield sys.stdin.buffer
        return
    try:
        with Path(name).open("rb") as file:
            yield file
    except OSError as problem:
        raise UsageError(f"cannot be read: {problem.strerror}", about=name) from problem


def _article(body: bytes, name: str, published: datetime | None) -> Article:
    """Makes an article of a file: HTML as the cycle reads it, anything else as plain text. A day that was given wins."""
    from dataclasses import replace

    from pipeline import articles

    head = body[:2000].lstrip().lower()
    if name.lower().endswith((".html", ".htm")) or head.startswith((b"<!doctype", b"<html", b"<?xml")) or b"<body" in head:
        article = articles.parse_html(body)
        return replace(article, published=published) if published else article
    return plain_article(body.decode("utf-8-sig", "replace"), published)


def plain_article(text: str, published: datetime | None) -> Article:
    """Makes an article of plain text: a short first line that is no sentence is its title.

    Where nothing parts the lines and they are long, each line is a paragraph; short lines are one paragraph that was wrapped.

    >>> plain_article("Nordix joins the pact\\n\\nNordix joined on Monday.", None).title
    'Nordix joins the pact'
    >>> plain_article("Nordix joined on Monday.\\n\\nNobody else did.", None).text
    'Nordix joined on Monday.\\n\\nNobody else did.'
    """
    from pipeline.model import Article

    lines = [line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").strip().split("\n")]
    title = ""
    if (
        len(lines) > 1
        and len(lines[0]) <= 200
        and not lines[0].endswith((".", ":", ",", ";", "”", '"'))
        and (not lines[1] or len(lines[1]) > 100)
    ):
        title, lines = lines[0], lines[1:]
    body = "\n".join(lines).strip()
    if "\n\n" not in body and sum(map(len, lines)) > 100 * len(lines):
        body = "\n\n".join(line for line in lines if line)
    return Article(url="", title=title, text=body, published=published)


def claim_row(claim: Claim) -> dict[str, Any]:
    """Gives a claim with the keys of the command-line contract."""
    return {
        "coalition": claim.coalition,
        "member": claim.member,
        "event": claim.event,
        "role": claim.role,
        "status": claim.status,
        "date": str(claim.date) if claim.date else None,
        "confidence": round(claim.confidence, 4),
        "evidence": claim.quote.words,
    }


def _detect_rows(name: str) -> int:
    from pipeline import app
    from pipeline.render import json_text

    detector = None
    with _opened(name) as file:
        for number, line in enumerate(_lines(file, name), 1):
            if not line.strip():
                continue
            key, article = _row(line, f"{'standard input' if name == '-' else name}, line {number}")
            detector = detector or app.load_detector()
            claims = detector.detect(article).claims
            # A reader at the other end of a pipe gets each row as it is done.
            print(json_text({"id": key, "claims": [claim_row(c) for c in claims]}, indent=None), flush=True)
    return DONE


def _lines(file: IO[bytes], name: str) -> Iterator[bytes]:
    while line := file.readline(LONGEST_INPUT + 1):
        if len(line) > LONGEST_INPUT:
            raise UsageError(f"a row is longer than {LONGEST_INPUT >> 20} MB", about=name)
        yield line


def _row(line: bytes, about: str) -> tuple[Any, Article]:
    """Reads one row of `detect --jsonl`; raises UsageError that names the line and what is wrong with it."""
    import json

    from pipeline.model import Article

    def wrong(why: str) -> NoReturn:
        raise UsageError(why, about=about)

    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as problem:
        raise UsageError(f"is no JSON: {problem}", about=about) from problem
    if not isinstance(row, dict):
        wrong("is no JSON object")
    if not isinstance(row.get("id"), str | int):
        wrong('"id" must be a text or a number')
    if not isinstance(row.get("text"), str):
        wrong('"text" must be a text')
    for key in ("title", "url", "published"):
        if not isinstance(row.get(key), str | None):
            wrong(f'"{key}" must be a text or null')
    published = None
    if row.get("published"):
        try:
            published = datetime.fromisoformat(row["published"])
        except ValueError:
            wrong(f'"published" is no ISO 8601 time: {row["published"]!r}')
        published = published.astimezone(UTC) if published.tzinfo else published.replace(tzinfo=UTC)
    return row["id"], Article(url=row.get("url") or "", title=row.get("title") or "", text=row["text"], published=published)


if __name__ == "__main__":
    sys.exit(main())
