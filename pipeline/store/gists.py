"""The gists of pairs of which very much was said: which rows of evidence still decide, so that the others need not be read.

A gist is no knowledge: whatever turns what evidence counts as lets go of it, and the next article about the pair makes it anew from
all that was ever said.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping

from pipeline.model import Evidence
from pipeline.store.reads import EVIDENCE, Reads, evidence_from
from pipeline.store.rulings import Rulings
from pipeline.store.values import Gists, KeptGist, Pair


class GistReads(Reads):
    """The part of the store that reads what decides."""

    def deciding_about(
        self, coalitions: Collection[str], members: Collection[str], rulings: Rulings, story: str
    ) -> tuple[tuple[Evidence, ...], dict[Pair, KeptGist]]:
        """Gives what `evidence_about` gives of coalitions and members (keys), of pairs that have a gist that alone, with the gists.

        What other articles of a `story` say is among it, because the same statement in one story is a copy. Coalitions that were
        merged are not for here.
        """
        rows = self._rows(
            "SELECT * FROM gists WHERE coalition IN (SELECT value FROM json_each(?)) AND member IN (SELECT value FROM json_each(?))",
            (json.dumps(sorted(coalitions)), json.dumps(["", *sorted(members)])),
        )
        if not rows:
            return self.evidence_about(coalitions, members=members, rulings=rulings), {}
        pairs = {(c, m) for c in coalitions for m in ("", *members)}
        kept: dict[Pair, KeptGist] = {}
        ids: set[int] = set()
        for r in rows:
            of_pair = json.loads(r["evidence"])
            kept[(r["coalition"], r["member"])] = KeptGist(r["stories"], r["made"], len(of_pair))
            ids.update(of_pair)
        ids |= self._copies(kept, rulings, story)
        found = self._rows(
            f"{EVIDENCE} WHERE e.id IN (SELECT value FROM json_each(?)) AND e.withdrawn IS NULL"
            f" UNION ALL {EVIDENCE} WHERE t.key IN (SELECT s.key FROM json_each(?) p CROSS JOIN statements s"
            " ON s.coalition = json_extract(p.value, '$[0]') AND s.member IS json_extract(p.value, '$[1]')) AND e.withdrawn IS NULL",
            (json.dumps(sorted(ids)), _logged(pairs - kept.keys(), rulings)),
        )
        counted = (e for e in map(rulings.count, map(evidence_from, found)) if e)
        wanted = {(rulings.root(c), rulings.root(m) if m else "") for c, m in pairs}
        told = [e for e in counted if (e.statement.coalition.key, e.statement.member.key if e.statement.member else "") in wanted]
        return tuple(sorted(told, key=lambda e: e.published or e.first_seen)), kept

    def _copies(self, pairs: Collection[Pair], rulings: Rulings, story: str) -> set[int]:
        """Gives of each statement about the pairs, with each role, what one article of a story says of these pairs."""
        rows = self._rows(
            "WITH said AS (SELECT e.id, e.article, e.role, t.key, t.coalition, t.member FROM json_each(?2) p"
            " CROSS JOIN articles a CROSS JOIN evidence e ON e.article = a.id JOIN statements t ON t.key = e.statement"
            " WHERE a.story = ?1 AND t.coalition = json_extract(p.value, '$[0]') AND t.member IS json_extract(p.value, '$[1]')"
            " AND e.withdrawn IS NULL)"
            " SELECT id FROM said WHERE article IN (SELECT min(article) FROM said GROUP BY key, role)",
            (story, _logged(pairs, rulings)),
        )
        return {r["id"] for r in rows}


def _logged(pairs: Iterable[Pair], rulings: Rulings) -> str:
    """The pairs under which evidence may be kept that counts for the given ones, as JSON; for a coalition itself the member is null."""
    found = {
        (c, m)
        for coalition, member in pairs
        for c in rulings.kin((coalition,))
        for m in (sorted(rulings.kin((member,))) if member else ("",))
    }
    return json.dumps([(c, m or None) for c, m in sorted(found)])


def save_gists(db: sqlite3.Connection, gists: Gists, ids: Mapping[str, int]) -> None:
    """Keeps what an article does to gists; `ids` are the rows of its own evidence, by the key of the statement."""
    db.executemany("DELETE FROM gists WHERE coalition = ? AND member = ?", list(gists.gone))
    db.executemany(
        "UPDATE gists SET evidence = json_insert(evidence, '$[#]', ?) WHERE coalition = ? AND member = ?",
        [(ids[e.log_key], *pair) for pair, added in gists.added.items() for e in added],
    )
    db.executemany(
        "INSERT OR REPLACE INTO gists (coalition, member, stories, made, evidence) VALUES (?1, ?2, ?3, ?4, (SELECT json_group_array(e.id)"
        " FROM json_each(?5) k JOIN evidence e ON e.statement = json_extract(k.value, '$[0]') AND e.article ="
        " (SELECT article FROM addresses WHERE url = json_extract(k.value, '$[1]'))))",
        [(*pair, stories, len(told), json.dumps([(e.log_key, e.article) for e in told])) for pair, (stories, told) in gists.made.items()],
    )


def drop_gists(db: sqlite3.Connection, coalitions: Iterable[str] | None = None) -> None:
    """Lets go of all gists, or of those of some coalitions (keys)."""
    among = "" if coalitions is None else " WHERE coalition IN (SELECT value FROM json_each(?))"
    db.execute(f"DELETE FROM gists{among}", () if coalitions is None else (json.dumps(sorted(set(coalitions))),))
