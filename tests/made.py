"""Changes made by hand, for the tests of what is told of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pipeline.model import Change, ChangeKind, Event, Evidence, Party, Statement, Status
from pipeline.text import fold

MORNING = datetime(2025, 5, 14, 8, 0, tzinfo=UTC)


def party(name: str) -> Party:
    return Party(fold(name), name)


def words(
    quote: str,
    *,
    event: Event = Event.JOINED,
    url: str = "https://wire.example/a",
    publisher: str = "Example Wire",
    story: str = "",
    **more: Any,
) -> Evidence:
    """Evidence with these words; each address is a story of its own unless told otherwise."""
    given: dict[str, Any] = {"confidence": 0.9, "detector": "test", "first_seen": MORNING, "last_seen": MORNING, "published": MORNING}
    statement = Statement(party("Harbour Compact"), party("Norvik"), event, Status.COMPLETED)
    return Evidence(statement=statement, article=url, publisher=publisher, story=story or url, quote=quote, **given | more)


def change(kind: ChangeKind, member: str | None = "Norvik", *evidence: Evidence, coalition: str = "Harbour Compact", **more: Any) -> Change:
    given: dict[str, Any] = {"status": Status.COMPLETED, "detected_at": MORNING, "confidence": 0.9}
    return Change(
        kind=kind,
        coalition=party(coalition),
        member=party(member) if member else None,
        evidence=evidence or (words("Norvik joined the Harbour Compact."),),
        **given | more,
    )
