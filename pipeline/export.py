"""What is known → other programs' forms: FollowTheMoney and Popolo as JSON lines, and CSV that `pipeline import` reads again.

One line is one thing; the same store gives the same lines in the same order. What is written are memberships, spell by spell, each
with the words it rests on. Who only announced, declined or was missed was no member: such pairs are counted there, and stand in the form
that has all statements, those that deny, announce or miss something among them. No file is opened here.

FollowTheMoney (schemata `Organization`, `PublicBody`, `Article`, `Membership` of its model 4): members are `LegalEntity`s, so that a
state, for which it has no schema, is a `PublicBody`. Popolo: `Organization` and `Membership` with `member`, `organization_id` and
`sources`, told apart by `@type`. Neither has a word for what is denied or only announced, so that statements are lines of their own
making; their parties have the ids that they have in the other two forms.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.model import Event, Evidence, Membership, Party, Spell, Status, independent
from pipeline.render import evidence_document
from pipeline.text import digest

COLUMNS = ("coalition", "member", "role", "since", "until", "standing", "sources", "source", "words")
"""Of the CSV form; the first five and `source` are those of `pipeline import`."""


@dataclass(frozen=True, slots=True)
class Body:
    """One coalition with all that is exported of it: the memberships as `diff.derive` gives them, and all evidence about it."""

    coalition: Party
    memberships: tuple[Membership, ...]
    evidence: tuple[Evidence, ...]
    titles: Mapping[str, str] = field(default_factory=dict)


def follow_the_money(bodies: Iterable[Body]) -> Iterator[str]:
    """Gives FollowTheMoney entities as JSON lines; an entity comes before the memberships that speak of it."""
    written: set[str] = set()

    def once(entity: dict[str, Any]) -> Iterator[str]:
        if entity["id"] not in written:
            written.add(entity["id"])
            yield _line(entity)

    for body in bodies:
        whole = _entity(_party_id(body.coalition), "Organization", _about_body(body))
        stays = _stays(body)
        if not stays and not whole["properties"].keys() - {"name"}:
            continue
        yield from once(whole)
        for m, place, spell in stays:
            schema = "PublicBody" if m.member.key.startswith("state:") else "Organization"
            yield from once(_entity(_party_id(m.member), schema, {"name": [_plain(m.member.name)]}))
            for e in _proofs(spell):
                yield from once(_article(e, body.titles.get(e.article, "")))
            yield from once(_ftm_membership(m, place, spell))


def popolo(bodies: Iterable[Body]) -> Iterator[str]:
    """Gives Popolo organizations and memberships as JSON lines; an organization comes before its memberships."""
    written: set[str] = set()
    for body in bodies:
        stays = _stays(body)
        founded, dissolved = _told_date(body, Event.FORMED), _told_date(body, Event.DISSOLVED)
        for party in (body.coalition, *(m.member for m, _, _ in stays)):
            if party.key in written:
                continue
            written.add(party.key)
            own = party == body.coalition
            yield _line(
                {
                    "@type": "Organization",
                    "id": _party_id(party),
                    "name": party.name,
                    **({"classification": "coalition"} if own else {"classification": "state"} if party.key.startswith("state:") else {}),
                    **({"other_names": [{"name": n} for n in _other_names(body)]} if own and _other_names(body) else {}),
                    **({"founding_date": founded} if own and founded else {}),
                    **({"dissolution_date": dissolved} if own and dissolved else {}),
                }
            )
        for m, place, spell in stays:
            yield _line(
                {
                    "@type": "Membership",
                    "id": _membership_id(m, place),
                    "label": f"{m.member.name} in {m.coalition.name}",
                    **({"role": spell.role} if spell.role else {}),
                    "member": {"@type": "Organization", "id": _party_id(m.member), "name": m.member.name},
                    "organization_id": _party_id(m.coalition),
                    **({"start_date": str(spell.since)} if spell.since else {}),
                    **({"end_date": str(spell.until)} if spell.until else {}),
                    "sources": [{"url": e.article, "note": e.quote} for e in _proofs(spell)],
                }
            )


def table(bodies: Iterable[Body]) -> Iterator[str]:
    """Gives the lines of a CSV table, its header first, one line for each spell of membership."""
    yield _csv_line(COLUMNS)
    for body in bodies:
        for m, _, spell in _stays(body):
            proofs = _proofs(spell)
            best = proofs[0]
            yield _csv_line(
                (
                    m.coalition.name,
                    m.member.name,
                    spell.role or "",
                    str(spell.since or ""),
                    str(spell.until or ""),
                    spell.standing,
                    str(independent(proofs)),
                    best.article,
                    " ".join(best.quote.split()),
                )
            )


def statements(bodies: Iterable[Body]) -> Iterator[str]:
    """Gives what articles state and what counts of it, as JSON lines, one for each statement, with all its evidence, oldest first."""
    for body in bodies:
        said: dict[str, list[Evidence]] = {}
        for e in sorted(body.evidence, key=lambda e: (e.said_on(), e.article, e.log_key)):
            said.setdefault(e.statement.key, []).append(e)
        for key, spoken in said.items():
            s = spoken[0].statement
            yield _line(
                {
                    "@type": "Statement",
                    "id": f"statement-{key}",
                    "coalition": {"id": _party_id(s.coalition), "name": s.coalition.name},
                    "member": {"id": _party_id(s.member), "name": s.member.name} if s.member else None,
                    "event": s.event,
                    "status": s.status,
                    "date": str(s.date) if s.date else None,
                    "sources": independent(spoken),
                    "evidence": [_evidence(e) for e in spoken],
                }
            )


def _evidence(e: Evidence) -> dict[str, Any]:
    return {
        "statement": e.log_key,
        **evidence_document(e),
        "first_seen": e.first_seen.isoformat(),
        "role": e.role,
        "coalition_said": e.coalition_said,
        "member_said": e.member_said or None,
        "confidence": round(e.confidence, 4),
        "detector": e.detector,
    }


FORMATS: Mapping[str, Callable[[Iterable[Body]], Iterator[str]]] = {
    "ftm": follow_the_money,
    "popolo": popolo,
    "csv": table,
    "statements": statements,
}


def left_out(bodies: Iterable[Body]) -> Counter[str]:
    """Counts the pairs that are no membership and never were, by where they stand."""
    return Counter(str(m.standing) for body in bodies for m in body.memberships if not m.spells)


def _stays(body: Body) -> list[tuple[Membership, int, Spell]]:
    return [
        (m, n, spell) for m in sorted(body.memberships, key=lambda m: m.member.key) for n, spell in enumerate(m.spells) if spell.evidence
    ]


def _proofs(spell: Spell) -> list[Evidence]:
    """The evidence of a spell, the surest first, and of equals what was said first."""
    return sorted(spell.evidence, key=lambda e: (-e.confidence, e.said_on(), e.article, e.quote))


def _about_body(body: Body) -> dict[str, Sequence[str]]:
    return {
        "name": [_plain(body.coalition.name)],
        "alias": _other_names(body),
        "incorporationDate": _few(_told_date(body, Event.FORMED)),
        "dissolutionDate": _few(_told_date(body, Event.DISSOLVED)),
    }


def _other_names(body: Body) -> list[str]:
    said = {
        name for e in body.evidence for name in (e.coalition_said, "" if e.successor else e.other_name, e.statement.coalition.name) if name
    }
    return sorted({_plain(name) for name in said} - {_plain(body.coalition.name)})


def _told_date(body: Body, event: Event) -> str:
    """The date that most stories give for an event of the coalition itself; none where it was denied."""
    told = [e for e in body.evidence if e.statement.member is None and e.statement.event is event]
    if any(e.statement.status is Status.DENIED for e in told):
        return ""
    stories = {(str(e.statement.date), e.story) for e in told if e.statement.date and e.statement.status is Status.COMPLETED}
    counted = Counter(day for day, _ in stories)
    return min(counted, key=lambda day: (-counted[day], -len(day), day), default="")


def _ftm_membership(m: Membership, place: int, spell: Spell) -> dict[str, Any]:
    proofs = _proofs(spell)
    return _entity(
        _membership_id(m, place),
        "Membership",
        {
            "member": [_party_id(m.member)],
            "organization": [_party_id(m.coalition)],
            "role": _few(spell.role),
            "status": [spell.standing],
            "startDate": _few(spell.since),
            "endDate": _few(spell.until),
            "description": [e.quote for e in proofs],
            "sourceUrl": [e.article for e in proofs if _is_address(e.article)],
            "publisher": [e.publisher for e in proofs],
            "proof": [_article_id(e) for e in proofs],
            "retrievedAt": [str(min(e.first_seen for e in proofs).date())],
            "recordId": [e.log_key for e in proofs],
        },
    )


def _article(e: Evidence, title: str) -> dict[str, Any]:
    return _entity(
        _article_id(e),
        "Article",
        {
            "title": _few(title),
            "publishedAt": _few(e.published.date() if e.published else None),
            "sourceUrl": _few(e.article if _is_address(e.article) else None),
            "publisher": _few(e.publisher),
        },
    )


def _entity(id: str, schema: str, properties: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Makes an entity; as in FollowTheMoney each property has several values, none of them twice, and none is left out for being empty."""
    kept = {name: list(dict.fromkeys(str(v) for v in values if v)) for name, values in properties.items()}
    return {"id": id, "schema": schema, "properties": {name: values for name, values in kept.items() if values}}


def _plain(name: str) -> str:
    return " ".join(name.split())


def _few(value: object) -> list[str]:
    return [str(value)] if value else []


def _party_id(party: Party) -> str:
    return f"party-{digest('party', party.key)}"


def _membership_id(m: Membership, place: int) -> str:
    return f"membership-{digest('membership', m.coalition.key, m.member.key, str(place))}"


def _article_id(e: Evidence) -> str:
    return f"article-{digest('article', e.article)}"


def _is_address(url: str) -> bool:
    return url.startswith(("http://", "https://"))


def _line(thing: Mapping[str, Any]) -> str:
    return json.dumps(thing, ensure_ascii=False, sort_keys=False) + "\n"


def _csv_line(fields: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(fields)
    return out.getvalue()
