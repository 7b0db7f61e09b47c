"""`pipeline review`: what needs a person, and what people decided.

Parsers and printing alone: what a judgement means and what follows from it stands in `memory`. Nothing is decided here, and likeness
of names is only ever shown.
"""

from __future__ import annotations

import argparse
import getpass
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.arguments import add_patience, as_json, writing
from pipeline.errors import UsageError
from pipeline.model import Change, Evidence, Judgement, Membership, Verdict

if TYPE_CHECKING:
    from pipeline.config import Config
    from pipeline.likeness import Alike
    from pipeline.store import Store

Command = Callable[[str, Callable[[argparse.Namespace], int], str, str], argparse.ArgumentParser]
Load = Callable[[argparse.Namespace], "Config"]

UNSURE = 0.6
"""Claims that are less sure are shown for review. Chosen by hand: in the demo's year the least sure is 0.66."""
SHOWN = 20

_ON_STATEMENTS = {
    "wrong": (Verdict.WRONG, "a statement is wrong: its evidence counts no more"),
    "right": (Verdict.RIGHT, "a statement is right: it is sure, and no longer asked about"),
    "role": (Verdict.ROLE, "the role in a statement is another one"),
    "date": (Verdict.DATE, "the date of a statement is another one"),
}


def add_commands(command: Command, load: Load) -> None:
    """Adds the parsers of `pipeline review` and of what one can say there."""
    sub = command(
        "review",
        lambda args: _list(args, load),
        "show what needs a person: names that may be one, unsure claims, disputes; and decide",
        'pipeline review\n  pipeline review same "Norvik" "Norvik Freight" --note "its own site says so"\n'
        "  pipeline review wrong 5d41c0ffee --by ada\n  pipeline review undo 3",
    )
    sub.add_argument("--below", type=float, default=UNSURE, metavar="X", help=f"show claims that are less sure (without it {UNSURE})")
    sub.add_argument("--limit", type=int, default=SHOWN, metavar="N", help=f"show so many of each kind (without it {SHOWN})")
    as_json(sub)
    verbs = sub.add_subparsers(title="judgements", metavar="JUDGEMENT")
    for verdict, about in ((Verdict.SAME, "two names mean one party"), (Verdict.DIFFERENT, "two names mean two parties")):
        verb = verbs.add_parser(verdict, help=about, description=f"Decides that {about}.")
        verb.add_argument(
            "one", metavar="NAME", help="a name, as articles write it" + (", that gives way" if verdict is Verdict.SAME else "")
        )
        verb.add_argument("other", metavar="OTHER", help="the other name" + (", that stays" if verdict is Verdict.SAME else ""))
        verb.set_defaults(run=lambda args, verdict=verdict: _judge_names(args, load, verdict))
        _signed(verb)
    for name, (verdict, about) in _ON_STATEMENTS.items():
        verb = verbs.add_parser(name, help=about, description=f"Decides that {about}.")
        verb.add_argument("statement", metavar="STATEMENT", help="its number, or the beginning of it")
        if verdict in {Verdict.ROLE, Verdict.DATE}:
            verb.add_argument("value", metavar=name.upper(), help="what it is; none where it is not known")
        verb.add_argument("--article", default="", metavar="URL", help="judge what this article says, and no other that says the same")
        verb.set_defaults(run=lambda args, verdict=verdict: _judge_statement(args, load, verdict))
        _signed(verb)
    undo = verbs.add_parser("undo", help="take a judgement back", description="Takes a judgement back: all is as it was without it.")
    undo.add_argument("judgement", type=int, metavar="ID", help="its number, as `pipeline review log` shows it")
    undo.set_defaults(run=lambda args: _undo(args, load))
    _signed(undo, note=False)
    log = verbs.add_parser("log", help="show all judgements, the undone ones too", description="Shows what was decided, by whom and why.")
    log.set_defaults(run=lambda args: _log(args, load))
    as_json(log, default=argparse.SUPPRESS)


def _signed(sub: argparse.ArgumentParser, *, note: bool = True) -> None:
    sub.add_argument("--by", default="", metavar="NAME", help="who decides (without it the user of this machine)")
    if note:
        sub.add_argument("--note", default="", metavar="WORDS", help="why")
    add_patience(sub)
    as_json(sub, default=argparse.SUPPRESS)


def _who(args: argparse.Namespace) -> str:
    try:
        return args.by.strip() or getpass.getuser()
    except (OSError, KeyError) as error:
        raise UsageError("say who decides: --by NAME") from error


# What needs a person.


def _list(args: argparse.Namespace, load: Load) -> int:
    from pipeline import memory
    from pipeline.store import Store
    from pipeline.text import json_text

    if not 0 <= args.below <= 1:
        raise UsageError("--below takes a number from 0 to 1")
    if args.limit < 0:
        raise UsageError("--limit takes a number from 0 on")
    with Store.open(load(args).store_path, read_only=True) as store:
        alike = _alike(store, args.limit)
        unsure = store.unsure(args.below, args.limit)
        disputed = [(c, memory.sides(store, c)) for c in store.disputed(args.limit)]
    if args.json:
        document = {
            "alike": [_alike_document(a) for a in alike],
            "unsure": [_statement_document(spoken) for spoken in unsure],
            "disputed": [_dispute_document(c, spoken) for c, spoken in disputed],
        }
        print(json_text(document))
        return 0
    lines = [*_alike_lines(alike), *_unsure_lines(unsure), *_disputed_lines(disputed)]
    print("\n".join(lines) if lines else "Nothing needs a person.")
    return 0


def _alike(store: Store, limit: int) -> tuple[Alike, ...]:
    from pipeline import app, memory

    return memory.look_alikes(store, app.load_forms(), app.load_places(), limit)


def _alike_document(a: Alike) -> dict[str, Any]:
    return {
        "one": {"key": a.one.key, "name": a.one.name},
        "other": {"key": a.other.key, "name": a.other.name},
        "likeness": a.score,
        "because": a.because,
        "decide": [["same", a.one.key, a.other.key], ["different", a.one.key, a.other.key]],
    }


def _statement_document(spoken: Sequence[Evidence]) -> dict[str, Any]:
    e = spoken[0]
    s = e.statement
    return {
        "statement": e.log_key,
        "coalition": s.coalition.name,
        "member": s.member.name if s.member else None,
        "event": s.event,
        "status": s.status,
        "date": str(s.date) if s.date else None,
        "role": e.role,
        "confidence": round(max(x.confidence for x in spoken), 4),
        "evidence": [
            {"url": x.article, "publisher": x.publisher, "published": x.published.isoformat() if x.published else None, "quote": x.quote}
            for x in spoken
        ],
        "decide": [["wrong", e.log_key], ["right", e.log_key]],
    }


def _dispute_document(change: Change, spoken: Sequence[Sequence[Evidence]]) -> dict[str, Any]:
    return {
        "change": change.id,
        "coalition": change.coalition.name,
        "member": change.member.name if change.member else None,
        "before": change.before,
        "after": change.after,
        "detected_at": change.detected_at.isoformat(),
        "statements": [_statement_document(s) for s in spoken],
    }


def _alike_lines(alike: Sequence[Alike]) -> Iterator[str]:
    from pipeline.render import plain

    if alike:
        yield f"Names that may be one ({len(alike)}). Decide with: pipeline review same NAME OTHER, or: different NAME OTHER"
    for a in alike:
        yield f"  {plain(a.one.name)}  ~  {plain(a.other.name)}   {a.score:.0%}, {a.because}"
    if alike:
        yield ""


def _unsure_lines(unsure: Sequence[Sequence[Evidence]]) -> Iterator[str]:
    if unsure:
        yield f"Claims that are not sure ({len(unsure)}). Decide with: pipeline review right STATEMENT, or: wrong STATEMENT"
    for spoken in unsure:
        yield from _spoken_lines(spoken)
    if unsure:
        yield ""


def _disputed_lines(disputed: Sequence[tuple[Change, Sequence[Sequence[Evidence]]]]) -> Iterator[str]:
    from pipeline.digest import describe
    from pipeline.render import plain

    if disputed:
        yield f"Disputes ({len(disputed)}). Decide with: pipeline review wrong STATEMENT, of the one that is not so; or: right STATEMENT"
    for change, statements in disputed:
        yield f"  {plain(change.coalition.name)}: {plain(describe(change))}"
        for spoken in statements:
            yield from (f"  {line}" for line in _spoken_lines(spoken))


def _spoken_lines(spoken: Sequence[Evidence]) -> Iterator[str]:
    from pipeline.memory import in_words
    from pipeline.render import plain

    e = max(spoken, key=lambda e: e.confidence)
    more = f" and {len(spoken) - 1} more" if len(spoken) > 1 else ""
    yield f"  {e.log_key}  {plain(in_words(e))}   {e.confidence:.0%}"
    yield f"    “{plain(e.quote)}” {plain(e.publisher)}, {e.said_on()}, {plain(e.article)}{more}"


# What people decide.


def _judge_names(args: argparse.Namespace, load: Load, verdict: Verdict) -> int:
    from pipeline import app, memory

    def judgement(store: Store) -> Judgement:
        if verdict is Verdict.SAME:
            return memory.same(store, args.one, args.other)
        return memory.different(store, args.one, args.other, app.load_forms())

    return _judge(args, load(args), judgement)


def _judge_statement(args: argparse.Namespace, load: Load, verdict: Verdict) -> int:
    from pipeline import memory

    value = getattr(args, "value", "")
    return _judge(args, load(args), lambda store: memory.about(store, verdict, args.statement, args.article, value))


def _judge(args: argparse.Namespace, config: Config, judgement: Callable[[Store], Judgement]) -> int:
    from pipeline import app, memory, outbox

    _existing(config.store_path)
    with app.open_memory(config, lock_wait=args.wait) as (store, identities):
        now = datetime.now(UTC)
        signed = replace(judgement(store), by=_who(args), at=now, note=args.note)
        judged = memory.judge(store, signed, now, outbox.rulebook(config, identities))
        _tell(args, store, judged)
    return 0


def _undo(args: argparse.Namespace, load: Load) -> int:
    from pipeline import memory

    config = load(args)
    _existing(config.store_path)
    with writing(config, args.wait) as store:
        _tell(args, store, memory.undo(store, args.judgement, _who(args), datetime.now(UTC)))
    return 0


def _existing(path: Path) -> None:
    if not path.exists():
        raise UsageError("there is no store yet: `pipeline run-once` makes it", about=str(path))


def _tell(args: argparse.Namespace, store: Store, judged: Any) -> None:
    from pipeline import memory
    from pipeline.render import change_document, plain
    from pipeline.text import json_text

    if args.json:
        document = {
            "judgement": _judgement_document(store, judged.judgement),
            "before": [_membership_document(m) for m in judged.before],
            "after": [_membership_document(m) for m in judged.after],
            "changes": [change_document(c) for c in judged.changes],
        }
        print(json_text(document))
        return
    print(plain(memory.explain(store, judged.judgement), 2000))
    for sign, memberships in (("-", judged.before), ("+", judged.after)):
        for m in memberships:
            print(f"{sign} {plain(m.member.name)} in {plain(m.coalition.name)}: {_state(m)}")
    if not judged.before and not judged.after:
        print("No membership is different for it.")
    for change in judged.changes:
        print(f"Told as a change: {change.kind.replace('_', ' ')} ({change.id})")


def _state(m: Membership) -> str:
    since = f", since {m.since}" if m.since else ""
    return f"{m.standing}{f' as {m.role}' if m.role else ''}{since}{f', until {m.until}' if m.until else ''}"


def _membership_document(m: Membership) -> dict[str, Any]:
    return {
        "coalition": m.coalition.name,
        "member": m.member.name,
        "standing": m.standing,
        "role": m.role,
        "since": str(m.since) if m.since else None,
        "until": str(m.until) if m.until else None,
    }


def _judgement_document(store: Store, j: Judgement) -> dict[str, Any]:
    from pipeline.memory import explain

    return {
        "id": j.id,
        "verdict": j.verdict,
        "by": j.by,
        "at": j.at.isoformat(),
        "note": j.note,
        "one": j.one or None,
        "other": j.other or None,
        "statement": j.statement or None,
        "article": j.article or None,
        "value": j.value or None,
        "undone": j.undone.isoformat() if j.undone else None,
        "undone_by": j.undone_by or None,
        "explanation": explain(store, j),
    }


def _log(args: argparse.Namespace, load: Load) -> int:
    from pipeline import memory
    from pipeline.render import plain
    from pipeline.store import Store
    from pipeline.text import json_text

    with Store.open(load(args).store_path, read_only=True) as store:
        judgements = store.judgements()
        if args.json:
            print(json_text({"judgements": [_judgement_document(store, j) for j in judgements]}))
            return 0
        for j in judgements:
            print(plain(memory.explain(store, j), 2000))
    if not judgements:
        print("Nothing was decided yet.")
    return 0
