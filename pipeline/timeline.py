"""`pipeline timeline`: the whole course of a coalition's members, or of one party's memberships, with the words for each step."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pipeline.errors import UsageError
from pipeline.model import Evidence, History, Party, Spell, Step

if TYPE_CHECKING:
    from pipeline.config import Config

Command = Callable[[str, Callable[[argparse.Namespace], int], str, str], argparse.ArgumentParser]
Load = Callable[[argparse.Namespace], "Config"]


def add_commands(command: Command, load: Load, when: Callable[[str], datetime]) -> None:
    """Adds the parser of `pipeline timeline`; `when` reads a moment as people write it."""
    sub = command(
        "timeline",
        lambda args: _timeline(args, load, when),
        "show when each member came, went and in which role, with the words that say so",
        'pipeline timeline "AI Alliance"\n  pipeline timeline "Norvik Freight" --known-at 2024-02-15',
    )
    sub.add_argument("name", metavar="COALITION|MEMBER", help="the name of either, or another name for it")
    sub.add_argument("--known-at", metavar="WHEN", help="as it was known at that moment (without it: now)")
    sub.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def _timeline(args: argparse.Namespace, load: Load, when: Callable[[str], datetime]) -> int:
    from pipeline import app, memory
    from pipeline.render import plain
    from pipeline.store import Store
    from pipeline.text import json_text

    if not args.name.strip():
        raise UsageError("COALITION|MEMBER is empty: write the name of one")
    known_at = when(args.known_at) if args.known_at is not None else None
    config = load(args)
    with Store.open(config.store_path, read_only=True) as store:
        party = app.look_up(config, store, args.name) if not store.find_parties(args.name) else None
        party = party or memory.find(store, args.name)
        found = memory.timeline(store, party.key, known_at)
    if args.json:
        document = {
            "name": party.name,
            "known_at": known_at.isoformat() if known_at else None,
            "histories": [_history_document(h) for h in found],
        }
        print(json_text(document))
        return 0
    for history in found:
        for depth, line in _lines(history, party):
            print(" " * depth + plain(line, len(line) + 1))
    if not found:
        print("Nothing was known of it then." if known_at else "Nothing is known of it.")
    return 0


def _lines(history: History, asked: Party) -> Iterator[tuple[int, str]]:
    """Gives each line with how far it is indented."""
    m = history.membership
    yield 0, m.member.name if m.coalition.key == asked.key else f"{m.member.name} in {m.coalition.name}"
    for spell in m.spells:
        yield 2, _spell(spell)
    if not m.spells:
        yield 2, m.standing
    for step in history.steps:
        yield 4, _step(step)
        for e in _by_article(step.evidence):
            yield 6, f"{e.log_key}  “{_short(e.quote)}”"
            yield 8, f"{e.publisher}, {e.said_on()}, {e.article}"
    yield 0, ""


def _spell(spell: Spell) -> str:
    role = f", as {spell.role}" if spell.role else ""
    ends = f"until {spell.until or 'an unknown day'}" if spell.standing == "out" else spell.standing
    return f"since {spell.since or 'an unknown day'}, {ends}{role} ({spell.sources} independent source{'s' if spell.sources != 1 else ''})"


def _step(step: Step) -> str:
    status = "" if step.status == "completed" else f" ({step.status})"
    role = f" as {step.role}" if step.role else ""
    dropped = f"; denied on {step.dropped}, it counts no more" if step.dropped else ""
    return f"{step.when or f'said {step.day}'}: {step.event.replace('_', ' ')}{status}{role}{dropped}"


def _short(quote: str) -> str:
    from pipeline.render import LONGEST_QUOTATION, plain

    return plain(quote, LONGEST_QUOTATION)


def _by_article(evidence: Sequence[Evidence]) -> list[Evidence]:
    return sorted(evidence, key=lambda e: (e.said_on(), e.article, e.log_key))


def _history_document(history: History) -> dict[str, Any]:
    m = history.membership
    return {
        "coalition": m.coalition.name,
        "member": m.member.name,
        "standing": m.standing,
        "spells": [
            {
                "role": s.role,
                "since": str(s.since) if s.since else None,
                "until": str(s.until) if s.until else None,
                "standing": s.standing,
                "sources": s.sources,
                "evidence": [_evidence_document(e) for e in _by_article(s.evidence)],
            }
            for s in m.spells
        ],
        "steps": [
            {
                "event": s.event,
                "status": s.status,
                "date": str(s.when) if s.when else None,
                "day": s.day.isoformat(),
                "role": s.role,
                "dropped": s.dropped.isoformat() if s.dropped else None,
                "evidence": [_evidence_document(e) for e in _by_article(s.evidence)],
            }
            for s in history.steps
        ],
    }


def _evidence_document(e: Evidence) -> dict[str, Any]:
    from pipeline.render import evidence_document

    said = evidence_document(e)
    return {"statement": e.log_key, **said, "first_seen": e.first_seen.isoformat(), "confidence": round(e.confidence, 4)}
