"""What is asked of the store for a person's review: names that may be one, claims that are unsure, and what is disputed."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.model import Change, Evidence, Party
from pipeline.store.reads import Reads

_JUDGED = "SELECT 1 FROM judgements j WHERE j.statement = t.key AND j.undone_at IS NULL"

_ABOUT = "SELECT key FROM statements WHERE coalition = :{0} UNION SELECT key FROM statements WHERE member = :{0}"


@dataclass(frozen=True, slots=True)
class Spoken:
    """A party that something is said of: as a coalition or as a member, and by how many statements."""

    party: Party
    coalition: bool
    statements: int


class Reviewing(Reads):
    """The part of the store that a review asks."""

    def spoken_of(self) -> tuple[Spoken, ...]:
        """Gives every party that living evidence speaks of; one that counts as another is not among them."""
        counts_as = self.rulings().counts_as
        rows = self._rows(
            "SELECT p.key, p.name, s.coalition, s.n FROM (SELECT coalition AS key, 1 AS coalition, count(*) AS n FROM statements"
            " GROUP BY coalition UNION ALL SELECT member, 0, count(*) FROM statements WHERE member IS NOT NULL GROUP BY member) s"
            " JOIN parties p ON p.key = s.key ORDER BY p.key, s.coalition DESC"
        )
        return tuple(Spoken(Party(r["key"], r["name"]), bool(r["coalition"]), r["n"]) for r in rows if r["key"] not in counts_as)

    def named_together(self, one: str, other: str) -> bool:
        """Whether an article speaks of both parties (keys), of each by its own name: it holds them apart."""
        rows = self._rows(
            f"SELECT 1 FROM evidence WHERE statement IN ({_ABOUT.format('one')}) AND article IN"
            f" (SELECT article FROM evidence WHERE statement IN ({_ABOUT.format('other')})) LIMIT 1",
            {"one": one, "other": other},
        )
        return bool(rows)

    def unsure(self, below: float, limit: int) -> tuple[tuple[Evidence, ...], ...]:
        """Gives the statements whose surest living evidence is less sure than `below` and that nobody judged, the newest first."""
        rows = self._rows(
            "SELECT t.key FROM statements t JOIN evidence e ON e.statement = t.key WHERE e.withdrawn IS NULL"
            f" AND NOT EXISTS ({_JUDGED}) GROUP BY t.key HAVING max(e.confidence) < ?"
            " ORDER BY max(coalesce(e.published, e.first_seen)) DESC, t.key LIMIT ?",
            (below, limit),
        )
        return tuple(self.evidence_for(r["key"]) for r in rows)

    def disputed(self, limit: int | None = None) -> tuple[Change, ...]:
        """Gives the disputes after which nobody judged a statement about the same member and coalition, the newest first; all of them
        without a limit."""
        rows = self._rows(
            "SELECT h.*, c.name AS coalition_name, m.name AS member_name FROM changes h JOIN parties c ON c.key = h.coalition"
            " LEFT JOIN parties m ON m.key = h.member WHERE h.kind = 'claim_disputed' AND NOT EXISTS (SELECT 1 FROM judgements j"
            " JOIN statements t ON t.key = j.statement WHERE t.coalition = h.coalition AND t.member IS h.member"
            " AND j.undone_at IS NULL AND j.made_at >= h.detected_at) ORDER BY h.detected_at DESC, h.rowid LIMIT ?",
            (-1 if limit is None else limit,),  # SQLite takes -1 for no limit
        )
        return self._with_evidence(rows)

    def statement_keys(self, beginning: str) -> tuple[str, ...]:
        """Gives the keys of statements that begin so, two at most: one is found, two are not told apart."""
        rows = self._rows(
            "SELECT key FROM statements WHERE key >= ?1 AND key < ?1 || 'g' ORDER BY key LIMIT 2", (beginning.lower(),)
        )  # keys are hexadecimal digits, and "g" comes after them
        return tuple(r["key"] for r in rows)
