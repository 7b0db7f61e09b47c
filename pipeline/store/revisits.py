"""Pages that are read again for their corrections: which are due, and what became of asking for them.

When a page is due, and what of what comes back counts, is decided elsewhere (`pipeline.revisiting`) and handed in.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import datetime

from pipeline.store.polling import Polling
from pipeline.store.reads import moment, surely, time_of
from pipeline.store.values import Answered, Revisit
from pipeline.store.writes import save_revisit


class Revisits(Polling):
    """The half of the store that has to do with pages that are read again."""

    def due_revisits(self, now: datetime, limit: int, of_a_site: int, held: Collection[str] = ()) -> tuple[Revisit, ...]:
        """Gives pages that are due to be read again, the longest waiting first, so many of a site and none of those that are `held`."""
        rows = self._rows(
            "SELECT * FROM (SELECT r.*, row_number() OVER (PARTITION BY site ORDER BY due, article) AS place FROM revisits r"
            " WHERE due <= :now AND site NOT IN (SELECT value FROM json_each(:held))) WHERE place <= :of_a_site"
            " ORDER BY due, article LIMIT :limit",
            {"now": moment(now), "held": json.dumps(sorted(held)), "of_a_site": of_a_site, "limit": limit},
        )
        return tuple(
            Revisit(
                r["article"],
                Answered(r["address"], r["site"], r["etag"], r["last_modified"], r["body_hash"]),
                surely(r["since"]),
                surely(r["due"]),
                time_of(r["gone_since"]),
                r["in_vain"],
            )
            for r in rows
        )

    def ask_revisits(self, until: Mapping[int, datetime | None]) -> None:
        """Notes that pages (by the numbers of their articles) are being asked for: where no answer is kept they are due then."""
        with self._writing() as db:
            db.executemany("DELETE FROM revisits WHERE article = ?", [(id,) for id, at in until.items() if at is None])
            db.executemany(
                "UPDATE revisits SET due = ?, in_vain = in_vain + 1 WHERE article = ?", [(moment(at), id) for id, at in until.items() if at]
            )

    def save_revisit(self, revisit: Revisit, now: datetime, *, stands: bool = False) -> None:
        """Keeps how asking for a page ended and when it is due next. Where it `stands` as it was its article was seen again."""
        with self._writing() as db:
            save_revisit(db, revisit)
            if stands:
                db.execute("UPDATE articles SET last_read = ? WHERE id = ?", (moment(now), revisit.article))
                db.execute("UPDATE evidence SET last_seen = ? WHERE article = ? AND withdrawn IS NULL", (moment(now), revisit.article))

    def gone_pages(self, site: str) -> int:
        """Counts the pages of a site that were said to be gone, and of which that is not settled."""
        return int(self._rows("SELECT count(*) FROM revisits WHERE site = ? AND gone_since IS NOT NULL", (site,))[0][0])
