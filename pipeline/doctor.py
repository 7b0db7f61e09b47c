"""Looks a store over and says what is wrong with it, and what to do about each thing.

It reads and never mends. A finding is `wrong` (something is broken or a rule of ours does not hold: the command fails) or a `note`
(worth knowing, and nothing to be done, or for a person to decide).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline import diff
from pipeline.model import Membership
from pipeline.store import Store
from pipeline.store.keeping import SILENT, UNREAD, FeedSilence, Inspection

FIXED_IN_SQLITE = (3, 51, 3)
"""Before it, two connections that write and checkpoint at once could damage a file in WAL mode (SQLite release notes)."""
CHUNK = 200
"""Coalitions that are derived together: a bound for memory."""
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """Something found: `check` names what was looked at, `advice` says what to do."""

    check: str
    wrong: bool
    what: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Examination:
    """All that was found, and the checks that were made."""

    findings: tuple[Finding, ...]
    checks: tuple[str, ...]

    @property
    def is_well(self) -> bool:
        return not any(f.wrong for f in self.findings)

    def as_json(self) -> dict[str, Any]:
        """Gives the document of `pipeline doctor --json`."""
        return {
            "well": self.is_well,
            "checks": list(self.checks),
            "findings": [{"check": f.check, "wrong": f.wrong, "what": f.what, "advice": f.advice} for f in self.findings],
        }


def examine(store: Store, now: datetime) -> Examination:
    """Examines a store as of `now`; a damaged one is examined as far as it can be read. Raises StoreError where not even that."""
    seen = store.inspect(now)
    checks: dict[str, Callable[[], Sequence[Finding]]] = {
        "integrity": lambda: _integrity(seen),
        "foreign keys": lambda: _foreign_keys(seen),
        "SQLite": lambda: _sqlite(seen),
        "search index": lambda: _search(seen),
        "orphans": lambda: _orphans(seen),
        "dates": lambda: _dates(seen),
        "memberships": lambda: _memberships(store),
        "runs and deliveries": lambda: _runs(seen),
        "feeds": lambda: [f for feed in seen.feeds for f in _feed(feed, now)],
    }
    findings = [finding for check in checks.values() for finding in check()]
    return Examination(tuple(findings), tuple(checks))


def _integrity(seen: Inspection) -> list[Finding]:
    advice = "stop pipeline, put back the last backup (`pipeline backup` makes one), and check the disk"
    return [Finding("integrity", True, f"the file is damaged: {said}", advice) for said in seen.integrity]


def _foreign_keys(seen: Inspection) -> list[Finding]:
    advice = "another program wrote to the file: put back the last backup"
    return [Finding("foreign keys", True, f"{said} point at rows that are not there", advice) for said in seen.foreign_keys]


def _sqlite(seen: Inspection) -> list[Finding]:
    version = ".".join(map(str, seen.sqlite))
    if seen.sqlite >= FIXED_IN_SQLITE:
        return []
    wal = (
        f"SQLite is {version}; before 3.51.3 two programs that write at once could damage the file. pipeline lets one writer in only, "
        "so this does not touch you"
    )
    return [Finding("SQLite", False, wal, "let no other program write to the file, a `sqlite3` shell included")]


def _search(seen: Inspection) -> list[Finding]:
    if not seen.unsearchable:
        return []
    advice = "put back the last backup, or rebuild the index: sqlite3 FILE \"INSERT INTO articles_fts (articles_fts) VALUES ('rebuild')\""
    return [Finding("search index", True, f"{abs(seen.unsearchable)} articles are missing from the search index or too many", advice)]


def _orphans(seen: Inspection) -> list[Finding]:
    found = []
    if seen.statements_without_evidence:
        what = _some(seen.statements_without_evidence, "statement", "without any evidence")
        found.append(Finding("orphans", True, what, "another program wrote to the file: put back the last backup"))
    if seen.changes_without_evidence:
        what = _some(seen.changes_without_evidence, "change", "without any evidence")
        found.append(Finding("orphans", True, what, "another program wrote to the file: put back the last backup"))
    if seen.stories_without_articles:
        found.append(
            Finding("orphans", False, f"{seen.stories_without_articles} stories without articles", "`pipeline prune` takes them away")
        )
    return found


def _dates(seen: Inspection) -> list[Finding]:
    if not seen.dated_in_the_future:
        return []
    what = _some(seen.dated_in_the_future, "statement", "of what happened, dated in the future")
    return [Finding("dates", True, what, "the dates were misread: look at the articles, and set them right with `pipeline review`")]


def _memberships(store: Store) -> list[Finding]:
    """Compares what is saved with what follows from the evidence."""
    bare: list[str] = []
    other: list[str] = []
    rulings = store.rulings()
    keys = sorted({rulings.root(key) for key in store.coalition_keys()})
    for begin in range(0, len(keys), CHUNK):
        some = keys[begin : begin + CHUNK]
        evidence = store.evidence_about(some)
        derived = {(m.coalition.key, m.member.key): _state(m) for m in diff.derive(evidence, of=frozenset(some))}
        told = {(e.statement.coalition.key, e.statement.member.key) for e in evidence if e.statement.member} | derived.keys()
        saved = {(m.coalition.key, m.member.key): m for key in sorted(rulings.kin(some)) for m in store.memberships(key)}
        bare += [_called(m) for pair, m in saved.items() if pair not in told]
        other += [_called(m) for pair, m in saved.items() if pair in told and _state(m) != derived.get(pair)]
        other += [f"{member} in {coalition}" for coalition, member in derived.keys() - saved.keys()]
    found = []
    if bare:
        what = _some(bare, "membership", "without any evidence")
        found.append(Finding("memberships", True, what, "another program wrote to the file: `pipeline doctor --rebuild` derives them anew"))
    if other:
        what = _some(other, "membership", "other than the evidence gives")
        found.append(Finding("memberships", True, what, "`pipeline doctor --rebuild` derives them anew"))
    return found


def _state(m: Membership) -> tuple[str, ...]:
    return (m.standing, str(m.role or ""), str(m.since or ""), str(m.until or ""))


def _called(m: Membership) -> str:
    return f"{m.member.name} in {m.coalition.name}"


def _runs(seen: Inspection) -> list[Finding]:
    found = []
    if seen.unfinished_runs:
        what = f"{seen.unfinished_runs} runs were cut short; what they had not saved was read by the next one"
        found.append(Finding("runs and deliveries", False, what))
    if seen.given_up:
        advice = "`pipeline outbox dead` says why, and `pipeline outbox replay` sends them again"
        found.append(Finding("runs and deliveries", False, f"{seen.given_up} deliveries were given up", advice))
    return found


def _feed(feed: FeedSilence, now: datetime) -> list[Finding]:
    unread = now - (feed.last_read or feed.first_seen)
    if feed.failures and unread > UNREAD:
        since = f"was last read on {feed.last_read:%Y-%m-%d}" if feed.last_read else "was never read"
        return [Finding("feeds", True, f"{feed.name} {since}: {feed.error}", "mend its address in the configuration, or take it out")]
    if unread > UNREAD:
        advice = "is the daemon running? `pipeline run-once` reads every feed now"
        return [Finding("feeds", True, f"{feed.name} was not asked for {unread.days} days", advice)]
    silence = now - (feed.last_new or feed.first_seen)
    if silence > SILENT:
        advice = "look whether the site has moved its feed"
        return [Finding("feeds", False, f"{feed.name} has gone quiet: nothing new for {silence.days} days", advice)]
    return []


def _some(names: Sequence[str], noun: str, rest: str) -> str:
    """Counts and names a few.

    >>> _some(["a", "b"], "statement", "without any evidence"), _some(["a"], "change", "more")
    ('2 statements without any evidence: a; b', '1 change more: a')
    """
    shown = "; ".join(names[:_SHOWN]) + ("; …" if len(names) > _SHOWN else "")
    return f"{len(names)} {noun}{'s' if len(names) != 1 else ''} {rest}: {shown}"
