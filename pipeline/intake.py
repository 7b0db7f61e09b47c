"""Lists of members that a person hands in → spells of membership → claims: the first knowledge of a new store.

A list is CSV (comma, semicolon or tab) or JSON, a row for each spell of membership. Its columns may stand in any order and go by
any of the names in `COLUMNS`. A row that cannot be used is handed back with its line and the reason: nothing is lost silently, and
nothing is guessed. Spells of one member that touch or overlap are one. No file is opened here, and whose names they are is decided
in `resolve`.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from pipeline.errors import ParseError
from pipeline.model import Claim, Event, PartialDate, Quote, Role, Skipped, Status
from pipeline.text import fold

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "coalition": ("coalition", "organisation", "organization", "body", "where", "igo"),
    "member": ("member", "who", "state", "country", "company", "member name"),
    "acronym": ("acronym", "coalition acronym", "abbreviation"),
    "role": ("role", "status", "membership type"),
    "since": ("since", "joined", "start", "start date", "from"),
    "until": ("until", "left", "end", "end date", "to"),
    "source": ("source", "source url", "url"),
}
"""What a column is called. `coalition` (or `acronym` in its place) and `member` are needed; a list of one body's members may leave
the coalition to the command line."""

ROLES: Mapping[str, Role] = {
    **{role.value: role for role in Role},
    "full member": Role.MEMBER,
    "member state": Role.MEMBER,
    "founding member": Role.FOUNDER,
    "associate": Role.PARTNER,
    "associate member": Role.PARTNER,
    "affiliate": Role.PARTNER,
    "party": Role.SIGNATORY,
    "chair": Role.LEAD,
    "board member": Role.BOARD,
}
"""What a role may be called. `associate` is how the Correlates of War call those who take part without a vote."""

_AFFILIATE = frozenset({Role.OBSERVER, Role.PARTNER})
_LONGEST_NAME = 300


@dataclass(frozen=True, slots=True)
class Row:
    """One spell as the list has it: `words` are the row itself, `line` says where it stands; `end_…` where another row tells its end."""

    line: str
    coalition: str
    member: str
    words: str
    acronym: str = ""
    role: Role | None = None
    since: PartialDate | None = None
    until: PartialDate | None = None
    source: str = ""
    end_line: str = ""
    end_words: str = ""


@dataclass(frozen=True, slots=True)
class MemberList:
    """What a list held: its rows, what was left out and why, the columns that mean nothing to us, and what it says of itself."""

    rows: tuple[Row, ...]
    skipped: tuple[Skipped, ...] = ()
    unknown_columns: tuple[str, ...] = ()
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Glossary:
    """What a list calls bodies (by their acronyms) and members, where that is not how we call them."""

    bodies: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, str] = field(default_factory=dict)


PLAIN = Glossary()


def read(text: str, as_of: date, coalition: str = "", glossary: Glossary = PLAIN) -> MemberList:
    """Reads a list; `as_of` is the day that it speaks for, `coalition` the body of a list that names none.

    Raises ParseError for a text that is no such list at all.

    >>> read("member,since\\nNorvik,2021\\nAltera,soon\\n", date(2024, 1, 1), "Kelp Charter").skipped[0].what
    'line 3'
    """
    if not text.strip():
        raise ParseError("holds nothing: a list has a header and a row for each spell of membership")
    notes, fields = ("", _json_rows(text)) if text.lstrip()[:1] in "[{" else _csv_rows(text)
    rows: list[Row] = []
    skipped: list[Skipped] = []
    unknown: dict[str, None] = {}
    for line, words, given in fields:
        if isinstance(given, str):
            skipped.append(Skipped(line, given))
            continue
        known, others = _named(given)
        unknown |= dict.fromkeys(others)
        found = _row(line, words, known, as_of, coalition, glossary)
        if isinstance(found, Row):
            rows.append(found)
        else:
            skipped.append(Skipped(line, found))
    return MemberList(tuple(rows), tuple(skipped), tuple(unknown), notes)


def names_from(text: str) -> dict[str, str]:
    """Reads a table of two columns, what a list calls a party and what we call it.

    >>> names_from("# of 1990\\nstate,name\\nZaire,Democratic Republic of the Congo\\n")
    {'Zaire': 'Democratic Republic of the Congo'}
    """
    rows = csv.reader(line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    next(rows)
    return {row[0]: row[1] for row in rows}


def spells(rows: Iterable[Row]) -> tuple[tuple[Row, ...], int]:
    """Gives the spells of ONE member in ONE coalition in their order, and how many rows told of a spell that another had told of.

    Spells that touch (until 1990, since 1991) or overlap are one, unless the role is another. Two lists of names for one state
    overlap: "Germany" and "German Federal Republic".
    """
    kept: list[Row] = []
    merged = 0
    for row in sorted(rows, key=lambda r: (r.since.earliest() if r.since else date.min, str(r.since or ""), str(r.until or "9"))):
        last = kept[-1] if kept else None
        if last is None or not _touches(last, row):
            kept.append(row)
        elif _same_role(last, row) or not (_upgrades(last, row) or _follows(last, row)):
            until = _later(last.until, row.until)
            if until != last.until:
                last = replace(last, until=until, end_line=row.line, end_words=row.words)
            kept[-1] = last
            merged += 1
        else:
            kept.append(row)
    return tuple(kept), merged


def claims(course: Sequence[Row], as_of: date) -> Iterator[Claim]:
    """Gives what the spells of one member say: it joined, it left, or where no day is given that it is a member.

    The end of a spell that lies after the day for which the list speaks is a plan.
    """
    for place, row in enumerate(course):
        following = course[place + 1] if place + 1 < len(course) else None
        if row.since:
            yield _claim(row, Event.JOINED, Status.COMPLETED, row.since)
        elif row.until is None:
            yield _claim(row, Event.MEMBER, Status.COMPLETED, None)
        # An observer that became a member did not leave in between.
        if row.until and not (following and _touches(row, following) and _upgrades(row, following)):
            status = Status.PLANNED if row.until.earliest() > as_of else Status.COMPLETED
            end = replace(row, line=row.end_line or row.line, words=row.end_words or row.words)
            yield _claim(end, Event.LEFT, status, row.until)


def naming(row: Row) -> Claim:
    """Gives the claim that names the parties of a row and no more, for finding out who they are."""
    return _claim(row, Event.MEMBER, Status.COMPLETED, None)


def _claim(row: Row, event: Event, status: Status, when: PartialDate | None) -> Claim:
    aliases = (row.acronym,) if row.acronym and fold(row.acronym) != fold(row.coalition) else ()
    quote = Quote(row.words, "text")
    return Claim(row.coalition, row.member, event, status, quote, 1.0, row.role, when, aliases, because=(row.line,))


def _csv_rows(text: str) -> tuple[str, Iterator[tuple[str, str, Mapping[str, Any] | str]]]:
    lines = text.splitlines(keepends=True)
    first = next((n for n, line in enumerate(lines) if line.strip() and not line.startswith("#")), None)
    if first is None:
        raise ParseError("holds comments only: a list has a header and a row for each spell of membership")
    notes = " ".join(line.lstrip("# ").strip() for line in lines[:first] if line.startswith("#"))
    delimiter = max(",;\t", key=lines[first].count)
    return notes, _split_rows(lines[first:], first, delimiter)


def _split_rows(lines: Sequence[str], before: int, delimiter: str) -> Iterator[tuple[str, str, Mapping[str, Any] | str]]:
    reader = csv.reader(lines, delimiter=delimiter)
    header = next(reader)
    begun = reader.line_num
    while True:
        try:
            fields = next(reader, None)
        except csv.Error as error:
            yield f"line {before + begun + 1}", "", f"is no row of a table: {error}"
            begun = reader.line_num
            continue
        if fields is None:
            return
        line = f"line {before + begun + 1}"
        words = "".join(lines[begun : reader.line_num]).strip()
        begun = reader.line_num
        if not any(f.strip() for f in fields):
            continue
        if len(fields) > len(header) and any(f.strip() for f in fields[len(header) :]):
            yield line, words, f"has {len(fields)} fields where the header has {len(header)}: is there a comma without quotes?"
            continue
        yield line, words, dict(zip(header, fields, strict=False))


def _json_rows(text: str) -> Iterator[tuple[str, str, Mapping[str, Any] | str]]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"is no JSON: {error}") from error
    if isinstance(document, dict):
        document = next((v for k, v in document.items() if fold(str(k)) in {"memberships", "members", "rows"}), document)
    if not isinstance(document, list):
        raise ParseError('is no list: write [{"coalition": …, "member": …, "since": …}, …], or {"memberships": […]}')
    for number, entry in enumerate(document, 1):
        words = json.dumps(entry, ensure_ascii=False)
        yield f"row {number}", words, entry if isinstance(entry, dict) else "is no object with named fields"


def _named(given: Mapping[str, Any]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Gives the fields under our own names, the first column of several that mean the same, and the columns that mean nothing."""
    fields = {" ".join(str(k).replace("_", " ").split()).casefold(): _text(v) for k, v in given.items()}
    known = {ours: next(fields[t] for t in theirs if t in fields) for ours, theirs in COLUMNS.items() if any(t in fields for t in theirs)}
    meant = {t for theirs in COLUMNS.values() for t in theirs}
    return known, tuple(str(k) for k in given if " ".join(str(k).replace("_", " ").split()).casefold() not in meant)


def _text(value: Any) -> str:
    return "" if value is None else " ".join(str(value).split())


def _row(line: str, words: str, fields: Mapping[str, str], as_of: date, coalition: str, glossary: Glossary) -> Row | str:
    """Gives a row, or why it cannot be used."""
    if "member" not in fields:
        return "has no member: name a column " + " or ".join(COLUMNS["member"][:3])
    acronym = fields.get("acronym", "")
    body = fields.get("coalition", "")
    if not body and acronym in glossary.bodies:
        body, acronym = glossary.bodies[acronym], ""
    body = body or coalition or acronym
    if not body:
        return "names no coalition: name a column " + " or ".join(COLUMNS["coalition"][:3])
    member = glossary.members.get(fields["member"], fields["member"])
    if not fold(member) or not fold(body):
        return "names no member" if not fold(member) else "names no coalition"
    if max(len(member), len(body)) > _LONGEST_NAME:
        return f"has a name of more than {_LONGEST_NAME} characters"
    role = fields.get("role", "")
    if role and role.casefold() not in ROLES:
        return f"has an unknown role {role!r}: write one of {', '.join(Role)}"
    dates: list[PartialDate | None] = []
    for end in ("since", "until"):
        try:
            dates.append(PartialDate.parse(fields[end]) if fields.get(end) else None)
        except ValueError as error:
            return f"has no usable {end}: {error}"
    since, until = dates
    if since and until and until.latest() < since.earliest():
        return f"ends ({until}) before it begins ({since})"
    if since and since.earliest() > as_of:
        return f"begins ({since}) after the day for which the list speaks ({as_of}): say another with --as-of"
    return Row(line, body, member, words, acronym, ROLES[role.casefold()] if role else None, since, until, fields.get("source", ""))


def _touches(one: Row, other: Row) -> bool:
    return one.until is None or other.since is None or other.since.earliest() <= one.until.latest() + timedelta(days=1)


def _follows(one: Row, other: Row) -> bool:
    return one.until is not None and other.since is not None and other.since.earliest() > one.until.latest()


def _same_role(one: Row, other: Row) -> bool:
    return (one.role or Role.MEMBER) is (other.role or Role.MEMBER)


def _upgrades(one: Row, other: Row) -> bool:
    return one.role in _AFFILIATE and other.role not in _AFFILIATE


def _later(one: PartialDate | None, other: PartialDate | None) -> PartialDate | None:
    """The later end of two spells; none is open, and so later than any."""
    return None if one is None or other is None else max(one, other, key=lambda d: (d.latest(), -d.earliest().toordinal()))
