"""A list of members → what the store knows from the start: statements with the rows of the list for evidence, and no news.

Each source of a list (its own `source` column, else the list itself) is kept as one article whose text is its rows. A second
import of the same list changes nothing; of an edited one, it adds what is new and withdraws what the list no longer says. No change
is told and no alert is raised, then or later: what is imported counts as known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any
from urllib.parse import quote, urlsplit

from pipeline import diff, intake
from pipeline.model import Article, Claim, Evidence, KnownName, Party, Skipped, Statement
from pipeline.owners import Owners
from pipeline.resolve import ACRONYM, Identities, Resolved, parties_of, witness
from pipeline.store import Reading, Store
from pipeline.text import digest

DETECTOR = "import"
"""Stands in the place of the detector's version beside what a person handed in; no detector reads it again."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a list comes from: the `name` of its file or set, who is behind it, and the day for which it speaks.

    `address` is where it was published, for rows that give no source of their own.
    """

    name: str
    as_of: date
    publisher: str = ""
    title: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, or on trial would do: rows read, statements by what became of them, and what was left out and why."""

    rows: int
    new: int
    known: int
    withdrawn: int
    merged: int
    coalitions: int
    members: int
    memberships: int
    new_names: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    unknown_columns: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Gives the document of `pipeline import --json`."""
        return {
            "rows": self.rows,
            "statements": {"new": self.new, "known": self.known, "withdrawn": self.withdrawn},
            "merged": self.merged,
            "coalitions": self.coalitions,
            "members": self.members,
            "memberships": self.memberships,
            "new_names": list(self.new_names),
            "skipped": [{"what": s.what, "why": s.why} for s in self.skipped],
            "unknown_columns": list(self.unknown_columns),
        }


def import_list(
    store: Store,
    identities: Identities,
    listed: intake.MemberList,
    origin: Origin,
    now: datetime,
    *,
    owners: Owners | None = None,
    trial: bool = False,
) -> ImportReport:
    """Takes a list into the store in one transaction; on `trial` it is undone, and the report says what would have been."""
    sources: dict[str, list[intake.Row]] = defaultdict(list)
    for row in listed.rows:
        sources[row.source or origin.address].append(row)
    owners = owners or Owners()
    taken = [_take(store, identities, owners, source, rows, listed, origin, now) for source, rows in sorted(sources.items())]
    readings = [t.reading for t in taken if t.is_news]
    said = [e.statement for t in taken for e in t.reading.evidence]
    touched = {e.statement.coalition.key for r in readings for e in (*r.evidence, *r.withdrawn)}
    skipped = (*listed.skipped, *(s for t in taken for s in t.skipped))
    learned = [n for t in taken for n in t.reading.learned if n.kind != ACRONYM]
    report = ImportReport(
        rows=len(listed.rows) + len(listed.skipped),
        new=len(said) - sum(t.known for t in taken),
        known=sum(t.known for t in taken),
        withdrawn=sum(len(r.withdrawn) for r in readings),
        merged=sum(t.merged for t in taken),
        coalitions=len({s.coalition.key for s in said}),
        members=len({s.member.key for s in said if s.member}),
        memberships=len({(s.coalition.key, s.member.key) for s in said if s.member}),
        new_names=tuple(dict.fromkeys(n.spelling for n in learned)),
        skipped=skipped,
        unknown_columns=listed.unknown_columns,
    )
    if readings:
        with store.together(trial=trial):
            run = store.start_run(now, "import")
            for reading in readings:
                store.save_reading(reading, now)
            rulings = store.rulings()
            bodies = store.merged_with({rulings.root(key) for key in touched})
            store.save_state(sorted(rulings.kin(bodies)), diff.derive(store.evidence_about(bodies)), now)
            store.finish_run(run, {"import": origin.name, **report.as_json()}, now)
    return report


@dataclass(frozen=True, slots=True)
class _Taken:
    """One source of a list on its way into the store: `known` counts the statements that were there before."""

    reading: Reading
    known: int
    merged: int
    is_news: bool
    skipped: tuple[Skipped, ...]


def _take(
    store: Store,
    identities: Identities,
    owners: Owners,
    source: str,
    rows: Sequence[intake.Row],
    listed: intake.MemberList,
    origin: Origin,
    now: datetime,
) -> _Taken:
    article, places = _article(source, rows, listed, origin)
    owner = owners.of(article.site, article.url)
    courses, learned, skipped = _courses(rows, identities, article.url)
    evidence: dict[str, Evidence] = {}
    claims: list[Claim] = []
    merged = 0
    for (coalition, member), of_pair in courses.items():
        spells, joined = intake.spells(of_pair)
        merged += joined
        for claim in intake.claims(spells, origin.as_of):
            placed = replace(claim, quote=replace(claim.quote, start=places[claim.quote.words]))
            claims.append(placed)
            found = witness(
                Resolved(placed, Statement(coalition, member, claim.event, claim.status, claim.date)),
                article=article.url,
                publisher=article.site,
                story=digest("story", article.url),
                detector=DETECTOR,
                seen=now,
                published=article.published,
                owner=owner,
            )
            evidence.setdefault(found.statement.key, found)
    former = store.article(article.url)
    there = {e.statement.key: e for e in store.evidence_of(former)} if former else {}
    reading = Reading(
        article,
        (),
        digest("story", article.url),
        article.site,
        DETECTOR,
        former=former,
        claims=tuple(claims),
        learned=learned,
        evidence=tuple(evidence.values()),
        withdrawn=tuple(replace(e, withdrawn=now) for key, e in there.items() if key not in evidence),
        owner=owner,
    )
    same = former is not None and former.article.fingerprint == article.fingerprint and set(there) == set(evidence)
    return _Taken(reading, len(set(there) & set(evidence)), merged, not same, tuple(skipped))


def _courses(
    rows: Sequence[intake.Row], identities: Identities, address: str
) -> tuple[dict[tuple[Party, Party], list[intake.Row]], tuple[KnownName, ...], list[Skipped]]:
    """Gives the rows of each member of each coalition, whatever they call them."""
    bodies: dict[str, list[intake.Row]] = defaultdict(list)
    for row in rows:
        bodies[row.coalition].append(row)
    called: dict[tuple[str, str], tuple[Party, Party]] = {}
    courses: dict[tuple[str, str], list[intake.Row]] = defaultdict(list)
    learned: list[KnownName] = []
    skipped: list[Skipped] = []
    # Body by body: names are weighed against all the others of one text, and 19,000 rows at once would take minutes.
    for of_body in bodies.values():
        named, taught = parties_of([intake.naming(row) for row in of_body], identities, address)
        identities.learn(taught)
        learned += taught
        for row, (coalition, member) in zip(of_body, named, strict=True):
            if coalition.key == member.key:
                skipped.append(Skipped(row.line, "a coalition is no member of itself"))
                continue
            pair = (coalition.key, member.key)
            called.setdefault(pair, (coalition, member))
            courses[pair].append(row)
    return {called[pair]: of_pair for pair, of_pair in courses.items()}, tuple(learned), skipped


def _article(source: str, rows: Sequence[intake.Row], listed: intake.MemberList, origin: Origin) -> tuple[Article, dict[str, int]]:
    """Makes the article that a list stands for, with the places of its rows: its address is that of its source, its text the rows."""
    is_address = source.lower().startswith(("http://", "https://"))
    if is_address:
        url, publisher = f"{source}#import={quote(origin.name)}", urlsplit(source).hostname or source
    else:
        place = "/".join(part for part in (source, origin.name) if part)
        url, publisher = f"import:{place}", source or origin.publisher or origin.name
    text = f"{listed.notes}\n\n" if listed.notes else ""
    places: dict[str, int] = {}
    length, lines = len(text), []
    for row in rows:
        places.setdefault(row.words, length)
        lines.append(row.words)
        length += len(row.words) + 1
    published = datetime.combine(origin.as_of, time(), UTC)
    return Article(url, origin.title or f"List of members: {origin.name}", text + "\n".join(lines), published, site=publisher), places
