"""The command line: reads arguments, calls the floor below, prints, and says by its exit code how it went.

Exit codes: 0 done, 1 the command could not do its work, 2 wrong usage or wrong configuration. With --json, standard output holds
one JSON document and nothing else. An expected error is one line that says what to do; a traceback means a bug. Nothing is decided
here about coalitions, and heavy modules are imported by the command that needs them, so that help comes at once.
"""

from __future__ import annotations

import argparse
import errno
import json
import logging
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import __version__, evaluation, review, signals, sources, timeline, training, upkeep
from pipeline import daemon as keeper
from pipeline.arguments import DEFAULT_CONFIG, as_json, configuration, print_json, reading, utc_now, when
from pipeline.errors import ConfigError, PipelineError, UsageError

if TYPE_CHECKING:
    from pipeline.config import Config
    from pipeline.model import Membership, Party
    from pipeline.store import Store

DONE, FAILED, WRONG = 0, 1, 2
INTERRUPTED, PIPE_CLOSED = 130, 141
"""What a shell shows for a program ended by SIGINT or SIGPIPE (128 + signal)."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and gives its exit code."""
    # trafilatura logs a line for each page that it can make nothing of; what comes of such a page stands in the report.
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    _open_missing_streams()
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
        _drop_output()
        return PIPE_CLOSED
    except OSError as problem:
        if problem.errno not in _CANNOT_PRINT or problem.filename is not None:
            raise
        _drop_output()
        _complain(f"the output cannot be written: {problem.strerror}")
        return FAILED
    return code


_CANNOT_PRINT = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
"""What writing to standard output fails with where that is a file; what a store or a folder meets is translated where it is met."""


def _open_missing_streams() -> None:
    """Puts nothing in the place of standard streams that the caller closed (`pipeline … >&-`): Python leaves None there."""
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: SIM115, PTH123 - it is to stay open
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123


def _drop_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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

    def since(sub: argparse.ArgumentParser) -> None:
        about = 'from when on: 2024-05-14, 7d, yesterday, "3 weeks ago" (UTC); without it the days that [digest] in the configuration says'
        sub.add_argument("--since", metavar="WHEN", help=about)

    run = command("run-once", run_once, "read every feed now, and tell what changed", "pipeline run-once")
    run.add_argument("--due", action="store_true", help="read only the feeds that are due")
    run.add_argument("--replay", type=Path, metavar="FOLDER", help="read from the WARC files of a folder instead of the network")
    keeper.waiting(run, "wait while another pipeline writes to the store")
    as_json(run)

    keeper.add_commands(command)

    show = command(
        "digest",
        show_digest,
        "tell what changed in a period, with the words it rests on",
        "pipeline digest --since 7d --format html > digest.html",
    )
    since(show)
    show.add_argument("--audience", metavar="NAME", help="as one of [[digests]] in the configuration gets it")
    show.add_argument("--format", choices=["markdown", "html", "text", "json"], default="text", help="without it: text")

    changed = command("changes", changes, "list the changes of a period, the newest last", "pipeline changes --since yesterday")
    since(changed)
    as_json(changed)

    who = command(
        "members", members, "list who belongs to a coalition, now or on a day", 'pipeline members "AI Alliance" --as-of 2024-03-01'
    )
    who.add_argument("coalition", metavar="COALITION", help="its name, or another name for it")
    who.add_argument("--as-of", metavar="DATE", help="on which day (without it: today)")
    who.add_argument("--known-at", metavar="WHEN", help="as it was known at that moment (without it: now)")
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

    review.add_commands(command, configuration)
    timeline.add_commands(command, configuration, lambda words: when(words, utc_now()))
    signals.add_commands(command, configuration)
    evaluation.add_commands(command)
    sources.add_commands(command)
    training.add_commands(command)
    upkeep.add_commands(command)
    return parser


def _period(args: argparse.Namespace, config: Config) -> tuple[datetime, datetime]:
    now = utc_now()
    if args.since is None:
        return now - timedelta(days=config.digest.days), now
    since = when(args.since, now)
    if since > now:
        raise UsageError(f"--since {args.since!r} lies in the future: nothing can have changed since then")
    return since, now


# The commands.


def run_once(args: argparse.Namespace) -> int:
    from pipeline import app, cycle, render, screen
    from pipeline.digest import build

    config = configuration(args)
    if any(channel.kind == "log" for channel in config.channels):
        screen.log_to_stderr()
    with app.open_parts(config, replay=args.replay, lock_wait=args.wait) as parts:
        with screen.progress(quiet=args.json) as progress:
            report = cycle.run_once(parts, utc_now(), everything=not args.due, progress=progress)
        digest = build(report.changes, report.started, report.finished, parts.store.feed_health())
    if args.json:
        print_json(report.as_json())
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


def show_digest(args: argparse.Namespace) -> int:
    from pipeline import app, cycle, outbox, render, templates

    config = configuration(args)
    since, until = _period(args, config)
    audience = next((a for a in config.audiences if a.name == args.audience), None)
    if args.audience is not None and audience is None:
        names = ", ".join(a.name for a in config.audiences) or "none is configured"
        raise UsageError(f"there is no audience of that name: {names}", about=args.audience)
    with reading(config) as store:
        book = outbox.rulebook(config, app.known_identities(config, store)) if audience else None
        digest = cycle.make_digest(store, since, until, audience, book)
    if args.format == "html":
        print(render.html(digest, templates.read("digest.html")), end="")
    else:
        form = {"markdown": render.markdown, "text": render.text, "json": render.as_json}[args.format]
        print(form(digest), end="")
    return DONE


def changes(args: argparse.Namespace) -> int:
    from pipeline import render, screen

    config = configuration(args)
    since, until = _period(args, config)
    with reading(config) as store:
        found = store.changes(since, until)
    if args.json:
        print_json({"since": since.isoformat(), "until": until.isoformat(), "changes": [render.change_document(c) for c in found]})
    else:
        screen.changes(found)
    return DONE


def members(args: argparse.Namespace) -> int:
    from pipeline import memory, screen
    from pipeline.model import Standing

    if not args.coalition.strip():
        raise UsageError("COALITION is empty: write the name of one")
    as_of = _day(args.as_of) if args.as_of is not None else None
    known_at = when(args.known_at, utc_now()) if args.known_at is not None else None
    config = configuration(args)
    with reading(config) as store:
        coalition = _coalition(config, store, args.coalition)
        if coalition is None:
            raise PipelineError(f"no coalition of that name is known{_near(args.coalition, store)}", about=args.coalition)
        found = memory.known(store, coalition.key, as_of, known_at)
    found = tuple(sorted(found, key=lambda m: (list(Standing).index(m.standing), m.member.name.casefold())))
    if args.json:
        print_json(
            {
                "coalition": coalition.name,
                "as_of": as_of.isoformat() if as_of else None,
                "known_at": known_at.isoformat() if known_at else None,
                "members": [_member_document(m) for m in found],
            }
        )
    else:
        screen.members(coalition.name, found, as_of)
    return DONE


def _coalition(config: Config, store: Store, name: str) -> Party | None:
    """The coalition of that name, by what the store learned, else by all that is known of spellings."""
    if found := store.find_coalition(name):
        return found
    from pipeline import app

    party = app.look_up(config, store, name)
    return store.find_coalition(party.key) if party else None


def _member_document(m: Membership) -> dict[str, Any]:
    return {
        "member": m.member.name,
        "standing": m.standing,
        "role": m.role,
        "since": str(m.since) if m.since else None,
        "until": str(m.until) if m.until else None,
    }


def _members_at(config: Config, store: Store) -> Callable[[str | None, str | None, str | None], str]:
    """Gives the SQL function `members_at`: what `pipeline members --as-of --known-at` says, as JSON; null is the present."""
    from pipeline import memory

    def members_at(coalition: str | None, as_of: str | None, known_at: str | None) -> str:
        found = _coalition(config, store, coalition) if coalition else None
        day, moment = as_of and _day(str(as_of)), known_at and when(str(known_at), utc_now())
        members = memory.known(store, found.key, day or None, moment or None) if found else ()
        return json.dumps([_member_document(m) for m in members], ensure_ascii=False)

    return members_at


def _day(words: str) -> date:
    return when(words, utc_now()).date()


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

    config = configuration(args)
    with reading(config) as store:
        rows = store.query(args.sql, functions={"members_at": _members_at(config, store)})
    if args.json:
        print_json(rows)
    else:
        screen.rows(rows)
    return DONE


def check_config(args: argparse.Namespace) -> int:
    from pipeline.render import counted

    config = configuration(args)
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
        print_json({"store": str(played.store), "config": str(played.config), "digest": render.digest_document(played.digest)})
        return DONE
    print(render.text(played.digest))
    print(f"The store is {played.store}. Look into it:")
    for words in stage.NEXT_COMMANDS:
        print(f"  {_program()} --config {shlex.quote(str(played.config))} {words}")
    return DONE


def _program() -> str:
    """How to call this program again from here: in a fresh virtual environment it is on nobody's path."""
    import shutil

    if shutil.which("pipeline"):
        return "pipeline"
    called = Path(sys.argv[0])
    return str(called) if called.name == "pipeline" else f"{sys.executable} -m pipeline"


def _passing_folder() -> Path:
    import tempfile

    return Path(tempfile.mkdtemp(prefix="pipeline-demo-"))


# One article.


def detect(args: argparse.Namespace) -> int:
    from pipeline import single

    if args.jsonl:
        if args.json or args.explain or args.published:
            raise UsageError("--jsonl takes its days from the rows and prints rows: leave out --json, --explain and --published")
        single.detect_rows(args.file)
    else:
        published = when(args.published, utc_now()) if args.published is not None else None
        single.detect(args.file, published, as_json=args.json, explain=args.explain)
    return DONE


def parse(args: argparse.Namespace) -> int:
    from pipeline import single
    from pipeline.fetch import FetchSettings

    # A page can be looked at without any configuration; one that is named, or lies where it is looked for, is kept to.
    named = args.config or os.environ.get("PIPELINE_CONFIG") or Path(DEFAULT_CONFIG).exists()
    single.parse(args.source, lambda: configuration(args).fetch if named else FetchSettings(), as_json=args.json)
    return DONE


if __name__ == "__main__":
    sys.exit(main())
