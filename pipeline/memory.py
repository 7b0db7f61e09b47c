"""What is remembered, from what was said: weighing one article, a person's judgements, and rebuilding it all from the log.

The log (statements, and the evidence for them) is what articles said; it is added to and never edited. Where members stand is
derived from it, under the judgements and renamings that hold. A judgement changes no statement: it is kept beside the log, and
what follows from the log is derived anew, so that undoing it leaves things as they were.

What a judgement takes back, it says: one change of the kind `claim_corrected` for each thing that was told and rested on nothing
else, with the number of the judgement. It says nothing else; undoing a judgement, or finding that two names are one, is no news.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pipeline import diff
from pipeline.model import (
    Change,
    Evidence,
    Membership,
)
from pipeline.store import Rulings, Store

CHUNK = 200
"""Coalitions that are derived anew together: a bound for memory."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """What one article's statements count as, and what follows. `members` is None where all of `coalitions` were derived anew."""

    rulings: Rulings
    counted: tuple[Evidence, ...]
    coalitions: tuple[str, ...]
    members: tuple[str, ...] | None
    memberships: tuple[Membership, ...]
    changes: tuple[Change, ...]


def weigh(
    store: Store,
    fresh: Sequence[Evidence],
    withdrawn: Sequence[Evidence],
    now: datetime,
    *,
    detector: str = "",
    moved: tuple[str, str] = ("", ""),
) -> Weighed:
    """Weighs what one article (version) states, and states no longer, against what is remembered; nothing is written.

    `moved` is the address under which the article was known, and the one that it has now. What another version of the
    `detector` had found in it is no correction of the publisher's.
    """
    before, after = store.rulings(), store.rulings_with(fresh, withdrawn)
    counted, gone = _counted(after, fresh), _counted(after, withdrawn)
    stirred = {key for key in {*before.counts_as, *after.counts_as} if before.root(key) != after.root(key)}
    stirred |= {before.root(key) for key in stirred} | {after.root(key) for key in stirred}
    coalitions = {e.statement.coalition.key for e in (*counted, *gone)}
    if stirred:
        coalitions |= {of.root(key) for key in store.coalitions_with(before.kin(stirred) | after.kin(stirred)) for of in (before, after)}
    members: set[str] | None = {e.statement.member.key for e in (*counted, *gone) if e.statement.member}

    def known_of(members: set[str] | None) -> tuple[Evidence, ...]:
        known = store.evidence_about(coalitions, members=members, rulings=after)
        return tuple(replace(e, article=moved[1]) if e.article == moved[0] else e for e in known) if moved[0] != moved[1] else known

    known = known_of(None if stirred else members)
    living = _living(known, counted, gone)
    if stirred or diff.ends(known) != diff.ends(living):
        members = None
        known = known_of(None)
        living = _living(known, counted, gone)
    taken_back = tuple(e for e in gone if e.detector == detector)
    return Weighed(
        after,
        counted,
        tuple(sorted(coalitions)),
        None if members is None else tuple(sorted(members)),
        diff.derive(living),
        diff.diff(known, (*counted, *taken_back), now),
    )


def _counted(rulings: Rulings, evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    return tuple(e for e in map(rulings.count, evidence) if e)


def _living(known: Sequence[Evidence], fresh: Sequence[Evidence], withdrawn: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """The living evidence once an article is saved: what is said again keeps the day on which it was first seen."""
    gone = {(e.log_key, e.article) for e in withdrawn}
    said = {(e.log_key, e.article): e for e in known if (e.log_key, e.article) not in gone}
    for e in fresh:
        pair = (e.log_key, e.article)
        said[pair] = replace(e, first_seen=said[pair].first_seen) if pair in said else e
    return tuple(said.values())
