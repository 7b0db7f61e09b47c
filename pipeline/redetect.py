"""Reads the stored articles again with the present detector, and says what would be gained and lost before anything is changed.

Only articles that another version of the detector read last are read again; lists and rosters, which no detector read, and articles
whose words were pruned are left as they are. What the older version had found and the newer does not is withdrawn, and stays in the
log. What follows:

- A change that rests on withdrawn words alone is lost: it stays in the log, marked by having no living evidence, it is not told as
  corrected (the publisher corrected nothing), and what waits to be delivered about it is given up.
- A change that is gained carries the run of this redetection (`learned_by` in the view `change_log`). It is news only where an
  article of the last `NEWS_DAYS` days tells of it: then the rules of the configuration raise alerts as ever. All others are marked as
  history and raise none, whatever the rules say, so that a better detector brings no flood.

Each article is one transaction; a redetection that was cut short goes on where it stopped when it is called again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pipeline import outbox, render
from pipeline.cycle import Parts, read_again
from pipeline.diff.course import family, pair_of
from pipeline.model import Alert, Change, Claim, Evidence, Membership, Status
from pipeline.store import Reading

NEWS_DAYS = 7
"""What an article of so many days ago tells is news still: a digest of the week has not gone out."""

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class ClaimTurn:
    """A claim that one article makes now and did not, or did and does no longer."""

    gained: bool
    article: str
    claim: Claim


@dataclass(frozen=True, slots=True)
class MembershipTurn:
    """Where a member stood and stands; None where there was or is no membership at all."""

    before: Membership | None
    after: Membership | None

    @property
    def of(self) -> Membership:
        found = self.after or self.before
        assert found is not None
        return found


@dataclass(frozen=True, slots=True)
class Redetection:
    """What a redetection did, or on trial would do. `pruned` counts articles that cannot be read again."""

    version: str
    trial: bool
    articles: int
    pruned: int
    claims: tuple[ClaimTurn, ...]
    memberships: tuple[MembershipTurn, ...]
    gained: tuple[Change, ...]
    lost: tuple[Change, ...]
    alerts: tuple[Alert, ...]
    lost_alerts: tuple[Alert, ...]
    given_up: int

    def alerts_gained(self) -> list[tuple[Alert, Change]]:
        """Gives the alerts that are raised, each with what it tells."""
        return _telling(self.alerts, self.gained)

    def alerts_lost(self) -> list[tuple[Alert, Change]]:
        """Gives the alerts that were raised and rest on nothing any more, each with what it told."""
        return _telling(self.lost_alerts, self.lost)

    def as_json(self) -> dict[str, Any]:
        """Gives the document of `pipeline redetect --json`."""
        return {
            "detector": self.version,
            "applied": not self.trial,
            "articles": self.articles,
            "pruned": self.pruned,
            "claims": {
                "gained": [_claim_document(t) for t in self.claims if t.gained],
                "lost": [_claim_document(t) for t in self.claims if not t.gained],
            },
            "memberships": [
                {
                    "coalition": t.of.coalition.name,
                    "member": t.of.member.name,
                    "before": _state_document(t.before),
                    "after": _state_document(t.after),
                }
                for t in self.memberships
            ],
            "changes": {
                "gained": [{**render.change_document(c), "historic": c.historic} for c in self.gained],
                "lost": [render.change_document(c) for c in self.lost],
            },
            "alerts": {
                "gained": [_alert_document(a, c) for a, c in self.alerts_gained()],
                "lost": [_alert_document(a, c) for a, c in self.alerts_lost()],
                "deliveries_given_up": self.given_up,
            },
        }


def redetect(
    parts: Parts, now: datetime, *, since: datetime | None = None, trial: bool = False, progress: Tell | None = None
) -> Redetection:
    """Reads again what was published since a moment, oldest first; on `trial` all of it is undone when the report is made."""
    store, tell = parts.store, progress or (lambda stage, done, total: None)
    waiting = store.detected_before(parts.detector.version, since)
    with _undone(parts, trial):
        run = store.start_run(now, "redetection")
        before = _Before(parts)
        turns: list[ClaimTurn] = []
        gained: list[Change] = []
        raised: list[Alert] = []
        tell("articles", 0, len(waiting))
        for place, number in enumerate(waiting):
            stored, said = store.read_again(number)
            # Two changes of one kind of one member, both without a date, are told apart by when they were learned.
            reading = _as_history(read_again(parts, stored, now + timedelta(microseconds=place), run), parts, now)
            before.note(reading)
            turns += _turns(stored.article.url, said, reading.claims)
            gained += reading.changes
            raised += reading.alerts
            store.save_again(reading, now + timedelta(microseconds=place), _heirs(reading))
            parts.teach(reading.learned, reading.unlearned)
            if reading.renames:
                parts.identities.rule(store.rulings().roots(), store.rulings().apart)
            tell("articles", place + 1, len(waiting))
        lost = store.changes_named(before.standing - store.changes_that_stand())
        given_up = store.give_up_deliveries([c.id for c in lost], f"detector {parts.detector.version} no longer finds it")
        report = Redetection(
            parts.detector.version,
            trial,
            len(waiting),
            store.pruned_count(),
            tuple(turns),
            before.turned(),
            tuple(gained),
            lost,
            tuple(raised),
            store.alerts_on([c.id for c in lost]),
            given_up,
        )
        store.finish_run(run, _summary(report), now)
    return report


@contextmanager
def _undone(parts: Parts, trial: bool) -> Iterator[None]:
    if trial:
        with parts.store.together(trial=True):
            yield
    else:
        yield


class _Before:
    """What stood before, of the coalitions that are touched."""

    def __init__(self, parts: Parts) -> None:
        self.store = parts.store
        self.standing = self.store.changes_that_stand()
        self.memberships: dict[str, dict[str, Membership]] = {}

    def note(self, reading: Reading) -> None:
        for key in reading.coalitions:
            if key not in self.memberships:
                self.memberships[key] = self._present(key)

    def turned(self) -> tuple[MembershipTurn, ...]:
        found = []
        for key, was in sorted(self.memberships.items()):
            present = self._present(key)
            for member in sorted({*was, *present}):
                one, other = was.get(member), present.get(member)
                if _state(one) != _state(other):
                    found.append(MembershipTurn(one, other))
        return tuple(found)

    def _present(self, key: str) -> dict[str, Membership]:
        return {m.member.key: m for m in self.store.memberships(key)}


def _as_history(reading: Reading, parts: Parts, now: datetime) -> Reading:
    """Marks what no article of these days tells as history, and raises alerts for the rest only."""
    newest = now.date() - timedelta(days=NEWS_DAYS)
    changes = tuple(replace(c, historic=c.historic or max(e.said_on() for e in c.evidence) < newest) for c in reading.changes)
    told = outbox.plan(parts.store, [c for c in changes if not c.historic], outbox.rulebook(parts.config, parts.identities), now)
    return replace(reading, changes=changes, alerts=told.alerts, deliveries=told.deliveries, turns=told.turns)


def _heirs(reading: Reading) -> list[tuple[str, str]]:
    """Pairs statements (keys) that are withdrawn with those by which the same article tells the same event now, with another date say."""
    fresh = {_event_of(e): e.log_key for e in reading.evidence}
    return [(e.log_key, fresh[_event_of(e)]) for e in reading.withdrawn if _event_of(e) in fresh]


def _event_of(e: Evidence) -> tuple[str, str, str, bool]:
    return (*pair_of(e), family(e.statement.event), e.statement.status is Status.DENIED)


def _turns(url: str, before: tuple[Claim, ...], after: tuple[Claim, ...]) -> list[ClaimTurn]:
    had, has = Counter(map(_said, before)), Counter(map(_said, after))
    gained, lost = has - had, had - has
    turns = []
    for claims, left, is_gain in ((after, gained, True), (before, lost, False)):
        for claim in claims:
            if left[_said(claim)] > 0:
                left[_said(claim)] -= 1
                turns.append(ClaimTurn(is_gain, url, claim))
    return turns


def _said(c: Claim) -> tuple[str, ...]:
    return (c.coalition, c.member or "", c.event, c.status, c.role or "", str(c.date or ""))


def _state(m: Membership | None) -> tuple[str, ...] | None:
    return (m.standing, m.role or "", str(m.since or ""), str(m.until or "")) if m else None


def _claim_document(turn: ClaimTurn) -> dict[str, Any]:
    c = turn.claim
    return {
        "article": turn.article,
        "coalition": c.coalition,
        "member": c.member,
        "event": c.event,
        "role": c.role,
        "status": c.status,
        "date": str(c.date) if c.date else None,
        "evidence": c.quote.words,
    }


def _telling(alerts: Sequence[Alert], changes: Sequence[Change]) -> list[tuple[Alert, Change]]:
    by_id = {c.id: c for c in changes}
    return [(a, by_id[a.change]) for a in alerts]


def _alert_document(alert: Alert, change: Change) -> dict[str, Any]:
    return {
        "id": alert.id,
        "change": alert.change,
        "kind": change.kind,
        "coalition": change.coalition.name,
        "member": change.member.name if change.member else None,
        "rule": alert.rule,
        "severity": alert.severity,
        "channels": list(alert.channels),
    }


def _state_document(m: Membership | None) -> dict[str, Any] | None:
    if m is None:
        return None
    return {
        "standing": m.standing,
        "role": m.role,
        "since": str(m.since) if m.since else None,
        "until": str(m.until) if m.until else None,
    }


def _summary(report: Redetection) -> dict[str, Any]:
    return {
        "redetection": report.version,
        "articles": report.articles,
        "claims": {"gained": sum(t.gained for t in report.claims), "lost": sum(not t.gained for t in report.claims)},
        "memberships": len(report.memberships),
        "changes": {"gained": len(report.gained), "lost": len(report.lost)},
        "alerts": {"gained": len(report.alerts), "lost": len(report.lost_alerts)},
    }
