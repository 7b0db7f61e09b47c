"""The doors to keeping a memory: import, export, backup, prune, doctor and redetect.

Arguments in, printing out; what is done is done on the floors below. Heavy modules are imported by the command that needs them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from pipeline.arguments import add_patience, as_json, configuration, print_json, reading, utc_now, when, writing
from pipeline.errors import PipelineError, StoreError, UsageError

if TYPE_CHECKING:
    from pipeline.config import Config
    from pipeline.doctor import Examination
    from pipeline.export import Body
    from pipeline.importing import ImportReport
    from pipeline.model import Alert, Evidence, Membership
    from pipeline.redetect import Redetection
    from pipeline.store import Store

Command = Callable[[str, Callable[[argparse.Namespace], int], str, str], argparse.ArgumentParser]

DONE, FAILED = 0, 1
CHUNK = 200
"""Coalitions that are exported together: a bound for memory."""
LONGEST_LIST = 256 * 1024 * 1024
"""Bytes of a list of members: more is somebody's mistake."""
SHOWN = 30
"""Lines that a summary for a person shows of each kind; --json shows all."""


def add_commands(command: Command) -> None:
    """Adds the parsers of these commands."""
    take = command(
        "import",
        import_list,
        "take a list of members (CSV or JSON) into the store as known, so that it is not told as news",
        "pipeline import members.csv --source https://body.example/members --dry-run\n  pipeline import igo",
    )
    take.add_argument(
        "file",
        metavar="FILE",
        help="columns coalition, member, role, since, until, source, in any order; or the name of a set that comes with pipeline: igo "
        "(534 intergovernmental organisations up to 2014)",
    )
    take.add_argument(
        "--source", default="", metavar="NAME", help="who says so, or the address where: for rows without a source of their own"
    )
    take.add_argument("--coalition", default="", metavar="NAME", help="the body of a list that names none")
    take.add_argument("--as-of", metavar="DATE", help="the day for which the list speaks; without it today")
    take.add_argument("--dry-run", action="store_true", help="say what would be taken in, and change nothing")
    add_patience(take)
    as_json(take)

    give = command(
        "export",
        export,
        "write out all memberships, or all statements, with the words they rest on",
        "pipeline export --format ftm -o memberships.jsonl\n  pipeline export --format statements -o statements.jsonl",
    )
    give.add_argument(
        "--format",
        choices=["ftm", "popolo", "csv", "statements"],
        default="ftm",
        help="memberships as FollowTheMoney or Popolo JSON lines, or as CSV; or all statements (denials, intentions) as JSON lines; "
        "without it ftm",
    )
    give.add_argument("-o", "--output", type=Path, metavar="FILE", help="where to; without it to standard output")

    copy = command("backup", backup, "copy the store while it is in use, and verify the copy", "pipeline backup backups/pipeline.db")
    copy.add_argument("file", type=Path, metavar="FILE")
    copy.add_argument("--force", action="store_true", help="replace FILE where it is there already")
    as_json(copy)

    let_go = command(
        "prune",
        prune,
        "let the texts of old articles go; quotations, memberships and changes stay",
        "pipeline prune --older-than 400d --dry-run",
    )
    let_go.add_argument("--older-than", required=True, metavar="WHEN", help="last read before then: an age (400d) or a day")
    let_go.add_argument("--dry-run", action="store_true", help="say what would go, and change nothing")
    add_patience(let_go)
    as_json(let_go)

    look = command(
        "doctor", doctor, "look the store over, and say what is wrong and what to do; exit code 1 if anything is", "pipeline doctor"
    )
    look.add_argument("--rebuild", action="store_true", help="first derive memberships, spells and names anew from what articles say")
    add_patience(look)
    as_json(look)

    again = command(
        "redetect",
        redetect,
        "read the stored articles again with the present detector, and show what is gained and lost",
        "pipeline redetect --since 90d --dry-run",
    )
    again.add_argument("--since", metavar="WHEN", help="only what was published since: 2024-05-14, 90d; without it all")
    again.add_argument("--dry-run", action="store_true", help="show it, and change nothing")
    add_patience(again)
    as_json(again)


def _tell(text: str, *, indent: str = "", to: TextIO | None = None) -> None:
    from pipeline.render import plain

    print(indent + plain(text, 2000), file=to or sys.stdout)


# First knowledge.


def import_list(args: argparse.Namespace) -> int:
    from pipeline import app, intake
    from pipeline.importing import Origin, import_list

    config = configuration(args)
    as_of = when(args.as_of, utc_now()).date() if args.as_of else None
    if bundled := app.bundled_list(args.file) if not Path(args.file).exists() else None:
        if args.source or args.coalition or args.as_of:
            raise UsageError("says itself where it comes from: leave out --source, --coalition and --as-of", about=args.file)
        listed, origin = bundled
    else:
        path = Path(args.file)
        name = f"{args.source}/{path.name}" if args.source and not _is_address(args.source) else path.name
        origin = Origin(name, as_of or utc_now().date(), args.source, address=args.source if _is_address(args.source) else "")
        listed = intake.read(_text_of(path), origin.as_of, args.coalition)
    with app.open_memory(config, lock_wait=args.wait) as (store, identities):
        report = import_list(store, identities, listed, origin, utc_now(), owners=app.load_owners(config.owners), trial=args.dry_run)
    if args.json:
        print_json({"imported": not args.dry_run, **report.as_json()})
    else:
        _show_import(report, args.dry_run)
    if not listed.rows:
        raise PipelineError("no row could be used", about=args.file)
    return DONE


def _is_address(source: str) -> bool:
    return source.lower().startswith(("http://", "https://"))


def _text_of(path: Path) -> str:
    try:
        if path.stat().st_size > LONGEST_LIST:
            raise UsageError(f"is longer than {LONGEST_LIST >> 20} MB", about=str(path))
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", about=str(path)) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"is no UTF-8 text (byte {error.start + 1}): save it as UTF-8", about=str(path)) from error


def _show_import(report: ImportReport, trial: bool) -> None:
    from pipeline.render import counted

    for bad in report.skipped:
        _tell(f"{bad.what}: {bad.why}", to=sys.stderr)
    would = "would be " if trial else ""
    print(f"{counted(report.rows, 'row')}, {len(report.skipped)} left out; {counted(report.memberships, 'membership')} "
          f"of {counted(report.members, 'member')} in {counted(report.coalitions, 'coalition')}.")  # fmt: skip
    print(
        f"{counted(report.new, 'statement')} {would}added, {report.known} known, {report.withdrawn} {would}withdrawn; no alert is raised."
    )
    if report.merged:
        were = "was" if report.merged == 1 else "were"
        print(f"{counted(report.merged, 'row')} told of a spell that touches another and {were} joined to it.")
    if report.unknown_columns:
        _tell(f"Columns that were not read: {', '.join(report.unknown_columns)}.")
    if report.new_names:
        more = f" and {len(report.new_names) - SHOWN} more" if len(report.new_names) > SHOWN else ""
        _tell(f"Names that were not known before: {', '.join(report.new_names[:SHOWN])}{more}.")


def export(args: argparse.Namespace) -> int:
    from pipeline.export import FORMATS, left_out

    without: dict[str, int] = {}

    def counted_bodies(store: Store) -> Iterator[Body]:
        for body in _bodies(store):
            for standing, n in left_out([body]).items():
                without[standing] = without.get(standing, 0) + n
            yield body

    with reading(configuration(args)) as store, _output(args.output) as out:
        for line in FORMATS[args.format](counted_bodies(store)):
            out.write(line)
    if without and args.format != "statements":
        counts = ", ".join(f"{n} {standing}" for standing, n in sorted(without.items()))
        print(f"No memberships, and left out here: {counts}; --format statements has what was said of them.", file=sys.stderr)
    return DONE


def _bodies(store: Store) -> Iterator[Body]:
    from pipeline import diff
    from pipeline.export import Body
    from pipeline.model import Party

    root = store.rulings().root
    keys = sorted({root(key) for key in store.coalition_keys()})
    for begin in range(0, len(keys), CHUNK):
        some = keys[begin : begin + CHUNK]
        evidence = store.evidence_about(some)
        titles = store.titles(sorted({e.article for e in evidence}))
        said: dict[str, list[Evidence]] = {}
        for e in evidence:
            said.setdefault(e.statement.coalition.key, []).append(e)
        memberships: dict[str, list[Membership]] = {}
        for m in diff.derive(evidence, of=frozenset(some)):
            memberships.setdefault(m.coalition.key, []).append(m)
        for key in sorted({*said, *memberships} & set(some)):
            of_it, own = tuple(memberships.get(key, ())), said.get(key, [])
            name = of_it[0].coalition.name if of_it else own[0].statement.coalition.name
            yield Body(Party(key, name), of_it, tuple(own), titles)


@contextmanager
def _output(path: Path | None) -> Iterator[TextIO]:
    """Gives where to write: a file appears when it is whole, and not at all where something failed."""
    if path is None:
        yield sys.stdout
        return
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="\n") as out:
            yield out
        part.replace(path)
    except OSError as error:
        raise PipelineError(f"cannot be written ({error.strerror}): name another file", about=str(path)) from error
    finally:
        part.unlink(missing_ok=True)


# Keeping.


def backup(args: argparse.Namespace) -> int:

    with reading(configuration(args)) as store:
        made = store.backup(args.file, force=args.force)
    if args.json:
        print_json({"file": str(made.path), "bytes": made.size, "rows": made.rows})
    else:
        _tell(f"{made.path}: {_megabytes(made.size)}, {sum(made.rows.values())} rows in {len(made.rows)} tables, verified.")
    return DONE


def prune(args: argparse.Namespace) -> int:
    from pipeline.render import counted

    now = utc_now()
    before = when(args.older_than, now)
    if before >= now:
        raise UsageError("--older-than takes an age or a day that is past: 400d")
    with writing(configuration(args), args.wait) as store:
        gone = store.prune(before, now, trial=args.dry_run)
    if args.json:
        print_json(
            {
                "pruned": not args.dry_run,
                "before": before.isoformat(),
                "articles": gone.articles,
                "texts": gone.texts,
                "former_versions": gone.versions,
                "claims": gone.claims,
                "entries": gone.entries,
                "text_bytes": gone.text,
                "file_bytes": None if args.dry_run else {"before": gone.size_before, "after": gone.size_after},
                "articles_left": gone.kept,
            }
        )
        return DONE
    went = "would go" if args.dry_run else "went"
    print(f"Last read before {before:%d %B %Y}: {counted(gone.articles, 'article')} that nothing rests on, the texts of {gone.texts} more,")
    print(f"{counted(gone.versions, 'former version')}, {counted(gone.claims, 'claim')} and {gone.entries} entries of feeds {went}:")
    print(f"{_megabytes(gone.text)} of text; {counted(gone.kept, 'article')} with text left.")
    if not args.dry_run:
        print(f"The file was {_megabytes(gone.size_before)} and is {_megabytes(gone.size_after)}.")
    return DONE


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def doctor(args: argparse.Namespace) -> int:
    from pipeline.doctor import Examination, Finding, examine

    config, now = configuration(args), utc_now()
    try:
        if args.rebuild:
            _rebuild(config, args.wait, now, quiet=args.json)
        with reading(config) as store:
            examination = examine(store, now)
    except StoreError as error:
        # A store that cannot be opened is what one calls a doctor for.
        examination = Examination(
            (Finding("the file", True, str(error), "see above; `pipeline backup` makes copies to put back"),), ("the file",)
        )
    if args.json:
        print_json(examination.as_json())
    else:
        _show_examination(examination)
    return DONE if examination.is_well else FAILED


def _rebuild(config: Config, wait: float, now: datetime, *, quiet: bool) -> None:
    from pipeline import memory

    with writing(config, wait) as store:
        mended = memory.rebuild(store, now)
    print(f"{mended} memberships were not as their evidence gives them, and were derived anew.", file=sys.stderr if quiet else sys.stdout)


def _show_examination(examination: Examination) -> None:
    for finding in examination.findings:
        _tell(finding.what, indent="WRONG  " if finding.wrong else "note   ")
        if finding.advice:
            _tell(f"→ {finding.advice}", indent="       ")
    wrong = sum(f.wrong for f in examination.findings)
    print(f"{len(examination.checks)} checks ({', '.join(examination.checks)}): {f'{wrong} wrong' if wrong else 'all is well'}.")


def redetect(args: argparse.Namespace) -> int:
    from pipeline import app, screen
    from pipeline.redetect import redetect

    since = when(args.since, utc_now()) if args.since else None
    with app.open_parts(configuration(args), lock_wait=args.wait) as parts, screen.progress(quiet=args.json) as progress:
        report = redetect(parts, utc_now(), since=since, trial=args.dry_run, progress=progress)
    if args.json:
        print_json(report.as_json())
    else:
        _show_redetection(report)
    return DONE


def _show_redetection(report: Redetection) -> None:
    from pipeline.digest import describe
    from pipeline.render import counted

    def several(title: str, lines: list[str]) -> None:
        if lines:
            print(f"\n{title}")
        for line in lines[:SHOWN]:
            _tell(line, indent="  ")
        if len(lines) > SHOWN:
            print(f"  and {len(lines) - SHOWN} more; --json shows all")

    gained, lost = sum(t.gained for t in report.claims), sum(not t.gained for t in report.claims)
    print(
        f"{counted(report.articles, 'article')} read again with detector {report.version}: {counted(gained, 'claim')} gained, {lost} lost."
    )
    if report.pruned:
        print(f"{counted(report.pruned, 'article')} could not be read again: the words were pruned.")
    several("Claims", [f"{'+' if t.gained else '-'} {_claim_line(t.claim)}  {t.article}" for t in report.claims])
    several(
        "Memberships", [f"{t.of.member.name} in {t.of.coalition.name}: {_stand(t.before)} → {_stand(t.after)}" for t in report.memberships]
    )
    several("Changes gained", [f"+ {c.coalition.name}: {describe(c)}{' (history)' if c.historic else ''}" for c in report.gained])
    several("Changes lost", [f"- {c.coalition.name}: {describe(c)}" for c in report.lost])
    for title, sign, alerts in (("Alerts gained", "+", report.alerts_gained()), ("Alerts lost", "-", report.alerts_lost())):
        several(title, [f"{sign} {a.severity}: {c.coalition.name}: {describe(c)}{_channels(a)}" for a, c in alerts])
    would = "would be " if report.trial else ""
    lost = len(report.lost_alerts)
    print(f"\n{counted(len(report.alerts), 'alert')} {would}raised; {lost} that were raised rest on nothing any more.")
    if report.given_up:
        print(f"{report.given_up} deliveries about them {would}given up.")
    if report.trial:
        print("Nothing was changed: leave out --dry-run to apply it.")


def _channels(alert: Alert) -> str:
    return f" → {', '.join(alert.channels)}" if alert.channels else ""


def _claim_line(claim: Any) -> str:
    return f"{claim.member or claim.coalition} {claim.event}{f' {claim.coalition}' if claim.member else ''} ({claim.date or 'undated'})"


def _stand(m: Any) -> str:
    if m is None:
        return "nothing known"
    return " ".join(str(p) for p in (m.standing, m.role, f"since {m.since}" if m.since else "", f"until {m.until}" if m.until else "") if p)
