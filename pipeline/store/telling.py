"""Alerts and what is sent of them: what waits for which channel, in which message, in which order, and what became of it.

A delivery is written in the transaction of its change and keeps its receipt. It goes in a message, whose id is decided and kept
before the message is sent for the first time, so that one that is sent again after a crash can be known for the same. Nothing is
sent from here, and what an alert's turns mean is decided elsewhere.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pipeline.model import (
    Act,
    Alert,
    AlertState,
    AlertTurn,
    Change,
    ChangeKind,
    Delivery,
    Evidence,
    Membership,
    Notice,
    NoticeKind,
    RaisedAlert,
    Severity,
    Skipped,
    Standing,
)
from pipeline.store.keeping import SILENT, UNREAD, Keeping
from pipeline.store.reads import moment, surely, time_of
from pipeline.store.values import Due, DueDelivery, DueDigest, DueNotice, Kept
from pipeline.store.writes import save_turns
from pipeline.text import digest

MOST_IN_A_MESSAGE = 100
"""Changes that go in one message: more are a digest, and mail servers and chats refuse what is too long."""
LONGEST_HELD = timedelta(days=10)
"""No rule with an end holds a message back for longer: it waits for a week and groups for a day, and quiet hours end within one."""

_READY = """d.state = 'due' AND d.due <= :now
    AND (d.tries > 0 OR d.least_sources <= coalesce((SELECT sources FROM alerts WHERE id = d.alert), 1) OR d.waits_until <= :now)"""
_IN_TURN = """NOT EXISTS (SELECT 1 FROM channel_pauses p WHERE p.channel = d.channel AND p.until > :now)
    AND NOT EXISTS (SELECT 1 FROM deliveries e WHERE e.state = 'due' AND e.tries > 0 AND e.channel = d.channel
        AND e.coalition = d.coalition AND e.coalition <> '' AND e.number < d.number AND e.due > :now)"""
"""Whether the channel is not resting, and no earlier message about the same coalition waits there for another try."""
_ALERTS = """
SELECT a.*, h.rowid AS place, (SELECT json_group_array(DISTINCT d.channel) FROM deliveries d WHERE d.alert = a.id AND d.act = 'raised'
        AND d.state = 'delivered') AS told,
    (SELECT json_group_array(DISTINCT d.channel) FROM deliveries d WHERE d.alert = a.id AND d.act = 'raised' AND d.state = 'due')
        AS waiting,
    (SELECT json_group_object(d.channel, d.rule) FROM deliveries d WHERE d.alert = a.id AND d.act = 'raised' AND d.rule NOT IN ('', a.rule))
        AS rules
FROM alerts a JOIN changes h ON h.id = a.change
"""


class Telling(Keeping):
    """The half of the store that keeps what people are told."""

    # What is to be sent.

    def bundle(self, now: datetime) -> None:
        """Decides which of the deliveries that are ready and may go together go in one message, and keeps it."""
        rows = self._rows(
            f"SELECT d.id, d.channel, d.bundle FROM deliveries d WHERE d.message IS NULL AND {_READY} ORDER BY d.number",
            {"now": moment(now)},
        )
        together: dict[tuple[str, str], list[str]] = {}
        for r in rows:
            together.setdefault((r["channel"], r["bundle"]), []).append(r["id"])
        if together:
            with self._writing() as db:
                for (channel, _), ids in together.items():
                    for begin in range(0, len(ids), MOST_IN_A_MESSAGE):
                        some = ids[begin : begin + MOST_IN_A_MESSAGE]
                        message = some[0] if len(some) == 1 else digest("message", channel, *some)
                        db.executemany("UPDATE deliveries SET message = ? WHERE id = ?", [(message, id) for id in some])

    def due_messages(self, now: datetime, limit: int) -> tuple[tuple[Due, ...], ...]:
        """Gives messages whose time has come, those about one coalition in the order of their changes, each with its deliveries."""
        rows = self._rows(
            f"SELECT DISTINCT message FROM (SELECT d.message, d.number FROM deliveries d WHERE d.message IS NOT NULL AND {_READY}"
            f" AND {_IN_TURN} ORDER BY d.number LIMIT :limit)",
            {"now": moment(now), "limit": limit},
        )
        return self._messages([r["message"] for r in rows])

    def due_in(self, channel: str, now: datetime) -> tuple[tuple[Delivery, ...], ...]:
        """Gives the deliveries about alerts whose time has come in one channel, message by message."""
        rows = self._rows(
            f"SELECT d.* FROM deliveries d WHERE d.channel = :channel AND d.alert IS NOT NULL AND d.message IS NOT NULL AND {_READY}"
            f" AND {_IN_TURN} ORDER BY d.number",
            {"channel": channel, "now": moment(now)},
        )
        together: dict[str, list[Delivery]] = {}
        for r in rows:
            together.setdefault(r["message"], []).append(_delivery(r))
        return tuple(map(tuple, together.values()))

    def due_deliveries(self, now: datetime) -> tuple[DueDelivery, ...]:
        """Gives the deliveries about alerts whose time has come, in the order of their changes."""
        rows = self._rows(f"SELECT d.* FROM deliveries d WHERE d.alert IS NOT NULL AND {_READY} ORDER BY d.number", {"now": moment(now)})
        return tuple(due for due in self._due(rows) if isinstance(due, DueDelivery))

    def letter(self, message: str) -> tuple[DueDelivery, ...]:
        """Gives what went, or is to go, in a message about alerts: its deliveries as they stand now, in the order of their changes."""
        return tuple(due for due in self._messages([message])[0] if isinstance(due, DueDelivery))

    def _messages(self, messages: Sequence[str]) -> tuple[tuple[Due, ...], ...]:
        rows = self._rows(
            "SELECT * FROM deliveries WHERE message IN (SELECT value FROM json_each(?)) AND state <> 'dropped' ORDER BY number",
            (json.dumps(messages),),
        )
        together: dict[str, list[Due]] = {message: [] for message in messages}
        for row, due in zip(rows, self._due(rows), strict=True):
            together[row["message"]].append(due)
        return tuple(map(tuple, together.values()))

    def _due(self, rows: Sequence[sqlite3.Row]) -> list[Due]:
        found = {r["id"]: r for r in self._rows(f"{_ALERTS} WHERE a.id IN (SELECT value FROM json_each(?))", (_ids(rows, "alert"),))}
        wanted = {r["change"] for r in found.values()} | {r["change"] for r in rows if r["change"]}
        changes = self.changes_of(wanted)
        threads = {
            (r["alert"], r["channel"]): r["message"]
            for r in self._rows(
                "SELECT alert, channel, message FROM deliveries WHERE act = 'raised' AND alert IN (SELECT value FROM json_each(?))",
                (_ids(rows, "alert"),),
            )
        }
        notices = {
            r["id"]: notice_of(r)
            for r in self._rows("SELECT * FROM notices WHERE id IN (SELECT value FROM json_each(?))", (_ids(rows, "notice"),))
        }
        due: list[Due] = []
        for r in rows:
            delivery = _delivery(r)
            if r["notice"] is not None:
                due.append(DueNotice(delivery, notices[r["notice"]], self._raised_in(r), surely(r["made"])))
                continue
            if r["alert"] is None:
                due.append(DueDigest(delivery, surely(r["since"]), surely(r["until"]), r["audience"]))
                continue
            a = found[r["alert"]]
            due.append(
                DueDelivery(
                    delivery,
                    Alert(a["change"], a["rule"], Severity(a["severity"]), tuple(json.loads(a["channels"])), a["sources"]),
                    changes[a["change"]],
                    changes.get(r["change"] or ""),
                    threads.get((r["alert"], r["channel"])) or "",
                    AlertState(a["state"]),
                    time_of(a["muted_until"]),
                    surely(a["raised"]),
                    surely(r["made"]),
                )
            )
        return due

    def _raised_in(self, r: sqlite3.Row) -> str:
        """The message in which a channel was told of a notice that is over."""
        if r["act"] != Act.ENDED:
            return ""
        asked = "SELECT message FROM deliveries WHERE notice = ? AND channel = ? AND act = 'raised'"
        found = self._rows(asked, (r["notice"], r["channel"]))
        return (found[0]["message"] or "") if found else ""

    def due_digests(self, now: datetime) -> tuple[DueDigest, ...]:
        """Gives the digests whose time has come, in the order in which they were made."""
        rows = self._rows(f"SELECT d.* FROM deliveries d WHERE d.since IS NOT NULL AND {_READY} ORDER BY d.number", {"now": moment(now)})
        return tuple(due for due in self._due(rows) if isinstance(due, DueDigest))

    def next_delivery(self) -> datetime | None:
        """Gives the moment at which the next delivery falls due; None where none waits."""
        row = self._rows(
            "SELECT min(max(d.due, coalesce(p.until, ''), iif(d.tries = 0 AND d.least_sources >"
            " coalesce((SELECT sources FROM alerts WHERE id = d.alert), 1), coalesce(d.waits_until, '9'), ''))) AS next"
            " FROM deliveries d LEFT JOIN channel_pauses p ON p.channel = d.channel WHERE d.state = 'due'"
        )[0]
        return None if row["next"] is None or row["next"].startswith("9") else surely(row["next"])

    # What became of it.

    def save_receipt(
        self, delivery: Delivery, now: datetime, receipt: str = "", error: str = "", retry: datetime | None = None, taken: str = ""
    ) -> None:
        """Keeps for all that went in one message what the channel answered: a receipt, or an error with the time of the next try,
        or with none to give up. `taken` is the receipt of those who have it already where a message was taken in part."""
        with self._writing() as db:
            state = "delivered" if not error else "due" if retry else "given up"
            db.execute(
                "UPDATE deliveries SET tries = tries + 1, tried = ?, state = ?, receipt = ?, last_error = ?, due = ?"
                " WHERE message = ? AND state = 'due'",
                (moment(now), state, taken if error else receipt, error, moment(retry or now), delivery.message or delivery.id),
            )
            if not error:
                db.execute("DELETE FROM channel_pauses WHERE channel = ? AND until <= ?", (delivery.channel, moment(now)))

    def postpone(self, messages: Iterable[str], due: datetime, why: str = "") -> None:
        """Lets messages wait until a moment; that is no try."""
        with self._writing() as db:
            db.executemany(
                "UPDATE deliveries SET due = ?, last_error = coalesce(nullif(?, ''), last_error) WHERE message = ? AND state = 'due'",
                [(moment(due), why, message) for message in messages],
            )

    def drop(self, deliveries: Iterable[str], why: str) -> None:
        """Lets go of deliveries (ids) that are not to be told any more, and keeps the reason."""
        with self._writing() as db:
            db.executemany(
                "UPDATE deliveries SET state = 'dropped', last_error = ? WHERE id = ? AND state = 'due'", [(why, id) for id in deliveries]
            )

    def drop_due_by(self, rules: Iterable[str], now: datetime, why: str) -> None:
        """Lets go of all that rules (by their names) have due, be its channel resting or not, and keeps the reason."""
        with self._writing() as db:
            db.execute(
                "UPDATE deliveries AS d SET state = 'dropped', last_error = :why"
                f" WHERE d.rule IN (SELECT value FROM json_each(:rules)) AND {_READY}",
                {"rules": json.dumps(list(rules)), "now": moment(now), "why": why},
            )

    def pause_channel(self, channel: str, until: datetime, why: str) -> None:
        """Lets a channel rest: nothing is sent to it before that moment."""
        with self._writing() as db:
            db.execute(
                "INSERT INTO channel_pauses VALUES (?1, ?2, ?3) ON CONFLICT (channel) DO UPDATE SET until = max(until, ?2), why = ?3",
                (channel, moment(until), why),
            )

    def replay(self, messages: Iterable[str], now: datetime) -> int:
        """Makes dead letters wait again as if they had never been tried, under the ids that they had; gives how many deliveries."""
        with self._writing() as db:
            found = 0
            for message in messages:
                found += db.execute(
                    "UPDATE deliveries SET state = 'due', due = ?, tries = 0 WHERE message = ? AND state = 'given up'",
                    (moment(now), message),
                ).rowcount
                db.execute("DELETE FROM channel_pauses WHERE channel = (SELECT channel FROM deliveries WHERE message = ?)", (message,))
            return found

    def letters(self, states: Iterable[str], channel: str = "", beginning: str = "", limit: int = 1000) -> tuple[Kept, ...]:
        """Gives messages as they are kept, those last made first: what waits, what was given up, what was delivered."""
        rows = self._rows(
            "SELECT DISTINCT coalesce(message, id) AS message FROM deliveries WHERE state IN (SELECT value FROM json_each(?1))"
            " AND (?2 = '' OR channel = ?2) AND substr(coalesce(message, id), 1, length(?3)) = ?3 ORDER BY number DESC LIMIT ?4",
            (json.dumps(list(states)), channel, beginning, limit),
        )
        wanted = [r["message"] for r in rows]
        of = self._rows(
            "SELECT *, coalesce(message, id) AS letter FROM deliveries WHERE coalesce(message, id) IN (SELECT value FROM json_each(?))"
            " ORDER BY number",
            (json.dumps(wanted),),
        )
        due = self._due(of)
        together: dict[str, list[Due]] = {message: [] for message in wanted}
        how: dict[str, sqlite3.Row] = {}
        for row, one in zip(of, due, strict=True):
            together[row["letter"]].append(one)
            how[row["letter"]] = row
        return tuple(
            Kept(message, how[message]["state"], how[message]["last_error"], time_of(how[message]["tried"]), tuple(together[message]))
            for message in wanted
        )

    def channel_counts(self) -> dict[tuple[str, str], int]:
        """Counts messages by channel and state."""
        rows = self._rows("SELECT channel, state, count(DISTINCT coalesce(message, id)) AS n FROM deliveries GROUP BY channel, state")
        return {(r["channel"], r["state"]): r["n"] for r in rows}

    def last_digest(self, channel: str, audience: str = "") -> datetime | None:
        """Gives the end of the last period of which a digest was made for a channel and audience, whether it has arrived or not; one
        that was dropped told nothing."""
        row = self._rows(
            "SELECT max(until) AS until FROM deliveries WHERE channel = ? AND audience = ? AND since IS NOT NULL AND state <> 'dropped'",
            (channel, audience),
        )[0]
        return time_of(row["until"])

    def enqueue_digest(self, due: DueDigest) -> None:
        """Makes a digest wait for its channel; one that was dropped and is asked for again waits again."""
        d = due.delivery
        with self._writing() as db:
            db.execute(
                "INSERT INTO deliveries (id, channel, due, made, since, until, audience, message) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET state = 'due', due = excluded.due, since = excluded.since, tries = 0, last_error = ''"
                " WHERE state = 'dropped'",
                (d.id, d.channel, moment(d.due), moment(d.due), moment(due.since), moment(due.until), due.audience, d.id),
            )

    # Alerts.

    def alerts(self, since: datetime | None = None, ids: Iterable[str] | None = None) -> tuple[RaisedAlert, ...]:
        """Gives the alerts raised since a moment, or those of the ids, in the order in which they were raised."""
        rows = self._rows(
            f"{_ALERTS} WHERE (?1 IS NULL OR a.raised >= ?1) AND (?2 IS NULL OR a.id IN (SELECT value FROM json_each(?2)))"
            " ORDER BY a.rowid",
            (moment(since) if since else None, json.dumps(sorted(ids)) if ids is not None else None),
        )
        return self._raised(rows)

    def alert_ids(self, beginning: str) -> tuple[str, ...]:
        """Gives the ids of alerts that begin so, two at most: one is found, two are not told apart."""
        rows = self._rows("SELECT id FROM alerts WHERE id >= ?1 AND id < ?1 || 'g' ORDER BY id LIMIT 2", (beginning.lower(),))
        return tuple(r["id"] for r in rows)

    def alerts_about(self, coalitions: Iterable[str], members: Iterable[str] | None) -> tuple[RaisedAlert, ...]:
        """Gives the alerts on what was told of coalitions (keys) themselves, or of members (keys) of theirs, the newest change first.

        What disputes or takes back is not among it.
        """
        among = "h.member IS NULL" if members is None else "h.member IN (SELECT value FROM json_each(:members))"
        rows = self._rows(
            f"{_ALERTS} WHERE h.coalition IN (SELECT value FROM json_each(:coalitions)) AND {among}"
            " AND h.kind NOT IN ('claim_disputed', 'claim_corrected') ORDER BY h.detected_at DESC, h.rowid DESC",
            {"coalitions": json.dumps(sorted(coalitions)), "members": json.dumps(sorted(members or ()))},
        )
        return self._raised(rows)

    def alert_grown_by(self, e: Evidence, statements: Iterable[str]) -> RaisedAlert | None:
        """Gives the alert on the latest change that rests on one of the statements (keys), with the number of independent sources that
        it has with one more piece of evidence; None where it raised none, or has no more than before."""
        rows = self._rows(
            "SELECT a.id, a.sources, h.id AS change FROM json_each(?) k CROSS JOIN change_statements s ON s.statement = k.value"
            " JOIN changes h ON h.id = s.change LEFT JOIN alerts a ON a.change = h.id ORDER BY h.detected_at DESC, h.rowid DESC LIMIT 1",
            (json.dumps(sorted(statements)),),
        )
        if not rows or not rows[0]["id"]:
            return None
        [told] = self._rows(
            "SELECT min(count(DISTINCT story), count(DISTINCT owner)) AS sources FROM (SELECT a.story, iif(a.owner = '', a.story, a.owner)"
            " AS owner FROM change_evidence l JOIN evidence e ON e.id = l.evidence JOIN articles a ON a.id = e.article WHERE l.change = ?1"
            " UNION ALL SELECT ?2, ?3)",
            (rows[0]["change"], e.story, e.owner or e.story),
        )
        if told["sources"] <= rows[0]["sources"]:
            return None
        return replace(self.alerts(ids=[rows[0]["id"]])[0], sources=told["sources"])

    def turns(self, alert: str) -> tuple[AlertTurn, ...]:
        """Gives the log of an alert."""
        return tuple(
            AlertTurn(r["alert"], Act(r["act"]), surely(r["at"]), r["by"], r["note"], time_of(r["until"]), r["change"] or "", r["sources"])
            for r in self._rows("SELECT * FROM alert_turns WHERE alert = ? ORDER BY id", (alert,))
        )

    def save_turns(self, turns: Sequence[AlertTurn]) -> None:
        """Keeps what a person did to alerts."""
        with self._writing() as db:
            save_turns(db, turns)

    def told_to(self, channel: str, also: Iterable[str], since: datetime, least: int) -> tuple[RaisedAlert, ...]:
        """Gives the alerts that a channel was told of after a moment, or is told of `also` now (deliveries), the newest first; and of
        all that it was ever told of the newest `least`."""
        rows = self._rows(
            "WITH told AS (SELECT alert, tried FROM deliveries WHERE channel = :channel AND alert IS NOT NULL AND state = 'delivered'"
            " UNION ALL SELECT alert, NULL FROM deliveries WHERE id IN (SELECT value FROM json_each(:also)))"
            f" {_ALERTS} WHERE a.id IN (SELECT alert FROM told WHERE tried IS NULL OR tried > :since) OR a.id IN (SELECT id FROM alerts"
            " WHERE id IN (SELECT alert FROM told) ORDER BY raised DESC, rowid DESC LIMIT :least) ORDER BY a.raised DESC, a.rowid DESC",
            {"channel": channel, "also": json.dumps(list(also)), "since": moment(since), "least": least},
        )
        return self._raised(rows)

    def told_since(self, channel: str, since: datetime) -> dict[str, datetime]:
        """Gives the alerts (ids) that a channel was told of after a moment, each with when that was last."""
        rows = self._rows(
            "SELECT alert, max(tried) AS tried FROM deliveries"
            " WHERE channel = ? AND alert IS NOT NULL AND state = 'delivered' AND tried > ? GROUP BY alert",
            (channel, moment(since)),
        )
        return {r["alert"]: surely(r["tried"]) for r in rows}

    def told_in_all(self, channel: str, also: Iterable[str], why: str) -> tuple[int, int]:
        """Counts the alerts that a channel was ever told of, or is told of `also` now (deliveries); and those that wait for a reason."""
        row = self._rows(
            "SELECT count(DISTINCT iif(state = 'delivered' OR id IN (SELECT value FROM json_each(?2)), alert, NULL)) AS told,"
            " count(DISTINCT iif(state = 'due' AND last_error = ?3, alert, NULL)) AS waiting FROM deliveries WHERE channel = ?1",
            (channel, json.dumps(list(also)), why),
        )[0]
        return row["told"], row["waiting"]

    def changes_of(self, ids: Iterable[str]) -> dict[str, Change]:
        """Gives the changes of these ids."""
        rows = self._rows(
            "SELECT h.*, c.name AS coalition_name, m.name AS member_name FROM changes h JOIN parties c ON c.key = h.coalition"
            " LEFT JOIN parties m ON m.key = h.member WHERE h.id IN (SELECT value FROM json_each(?))",
            (json.dumps(sorted(set(ids))),),
        )
        return dict(zip((r["id"] for r in rows), self._with_evidence(rows), strict=True))

    def changes_to_rehearse(self, since: datetime) -> tuple[Change, ...]:
        """Gives the changes of which something may be told since a moment, in the order in which they were learned.

        They are those learned since or so shortly before that they may have waited, those of which articles told since, and those of
        coalitions of which something was disputed or taken back since. What a redetection found of history is told of to nobody.
        """
        disputed = self._rows(
            "SELECT DISTINCT coalition FROM changes WHERE detected_at >= ? AND kind IN ('claim_disputed', 'claim_corrected')",
            (moment(since),),
        )
        rows = self._rows(
            "SELECT h.*, c.name AS coalition_name, m.name AS member_name FROM changes h JOIN parties c ON c.key = h.coalition"
            " LEFT JOIN parties m ON m.key = h.member LEFT JOIN runs r ON r.id = h.run WHERE NOT (h.historic AND r.kind IS 'redetection')"
            " AND h.id IN (SELECT id FROM changes WHERE detected_at >= :before"
            " UNION SELECT l.change FROM evidence e JOIN change_evidence l ON l.evidence = e.id WHERE e.first_seen >= :since"
            " UNION SELECT id FROM changes WHERE coalition IN (SELECT value FROM json_each(:disputed)))"
            " ORDER BY h.detected_at, h.rowid",
            {
                "before": moment(since - LONGEST_HELD if since.year > 1 else since),
                "since": moment(since),
                "disputed": json.dumps(sorted(self.rulings().kin(r["coalition"] for r in disputed))),
            },
        )
        return self._with_evidence(rows)

    def last_turns(self, alerts: Iterable[str]) -> dict[str, datetime]:
        """Gives the moment of the last line in the log of each alert."""
        rows = self._rows(
            "SELECT alert, max(at) AS at FROM alert_turns WHERE alert IN (SELECT value FROM json_each(?)) GROUP BY alert",
            (json.dumps(sorted(alerts)),),
        )
        return {r["alert"]: surely(r["at"]) for r in rows}

    def reopenings(self, alerts: Iterable[str]) -> dict[str, Change]:
        """Gives the last change by which each of the alerts was opened again; those that never were are not among it."""
        rows = self._rows(
            "SELECT alert, change FROM alert_turns WHERE act = 'reopened' AND change IS NOT NULL"
            " AND alert IN (SELECT value FROM json_each(?)) ORDER BY id",
            (json.dumps(sorted(alerts)),),
        )
        last = {r["alert"]: r["change"] for r in rows}
        changes = self.changes_of(last.values())
        return {alert: changes[change] for alert, change in last.items()}

    def _raised(self, rows: Sequence[sqlite3.Row]) -> tuple[RaisedAlert, ...]:
        changes = self.changes_of(r["change"] for r in rows)
        return tuple(
            RaisedAlert(
                r["id"],
                changes[r["change"]],
                r["rule"],
                Severity(r["severity"]),
                AlertState(r["state"]),
                time_of(r["muted_until"]),
                r["sources"],
                surely(r["raised"]),
                tuple(sorted(json.loads(r["told"]))),
                tuple(sorted(json.loads(r["waiting"]))),
                json.loads(r["rules"]),
            )
            for r in rows
        )

    # Digests.

    def intending(self) -> tuple[Membership, ...]:
        """Gives the saved memberships of those who are about to come or to go."""
        rows = self._rows("SELECT DISTINCT coalition FROM memberships WHERE standing IN ('entering', 'leaving') ORDER BY coalition")
        about = {Standing.ENTERING, Standing.LEAVING}
        return tuple(m for r in rows for m in self.memberships(r["coalition"]) if m.standing in about)

    def stale_feeds(self, now: datetime) -> tuple[Skipped, ...]:
        """Gives the feeds that nobody asked for days, and those that were read and brought nothing for long, and says since when.

        One that was never asked at all is not among them.
        """
        found = []
        for feed in self.silences():
            silence = now - (feed.last_new or feed.first_seen)
            if feed.last_read and now - feed.last_read > UNREAD and not feed.error:
                found.append(Skipped(feed.name, f"was last read on {_day(feed.last_read)}, and not asked since"))
            elif silence > SILENT and (feed.last_read or feed.error):
                since = f"since {_day(feed.last_new)}" if feed.last_new else "ever"
                found.append(Skipped(feed.name, f"nothing new {since}"))
        return tuple(found)

    def course_of(self, coalition: str, since: datetime) -> tuple[tuple[ChangeKind, str], ...]:
        """Gives what was told of the members of a coalition (key) since a moment: its kind, and the day on which it took effect, or
        was learned where no day is known."""
        rows = self._rows(
            "SELECT kind, CASE WHEN length(effective) >= 7 THEN effective ELSE substr(detected_at, 1, 10) END AS day FROM changes"
            " WHERE coalition = ? AND member IS NOT NULL AND (detected_at >= ?2 OR effective >= substr(?2, 1, 10)) ORDER BY day, id",
            (coalition, moment(since)),
        )
        return tuple((ChangeKind(r["kind"]), r["day"]) for r in rows)


def _delivery(r: sqlite3.Row) -> Delivery:
    return Delivery(
        r["id"],
        r["alert"] or "",
        r["channel"],
        surely(r["due"]),
        r["tries"],
        r["receipt"],
        Act(r["act"]),
        r["rule"],
        r["change"] or "",
        r["coalition"],
        r["least_sources"],
        time_of(r["waits_until"]),
        r["bundle"],
        r["message"] or "",
        r["notice"] or "",
    )


def notice_of(r: sqlite3.Row) -> Notice:
    """A notice as it is kept."""
    return Notice(
        *(r["about"], NoticeKind(r["kind"]), r["why"], surely(r["since"]), surely(r["raised"]), time_of(r["ended"]), r["outcome"])
    )


def _day(at: datetime) -> str:
    return f"{at.day} {at:%B %Y}"


def _ids(rows: Iterable[Any], column: str) -> str:
    return json.dumps(sorted({r[column] for r in rows if r[column]}))
