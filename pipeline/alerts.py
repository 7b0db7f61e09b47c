"""Changes → alerts: how much a change matters, and which rule of the configuration, if any, picks it.

It raises at most one alert a change, by the first rule that fits, and decides nothing about delivery. It knows no watch list:
what a person cares about is said by rules.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.model import Alert, AlertRule, Change, ChangeKind, Party, Severity, Status
from pipeline.resolve import Identities
from pipeline.text import fold

EVERYTHING = AlertRule(name="all", least_severity=Severity.NORMAL)
"""The rule that stands in for an empty list: what happens, and not what was merely learned."""

_LOW = frozenset({ChangeKind.MEMBER_OBSERVED, ChangeKind.ABSENCE_NOTED})
_HIGH = frozenset(
    {
        ChangeKind.COALITION_DISSOLVED,
        ChangeKind.COALITION_MERGED,
        ChangeKind.COALITION_SUSPENDED,
        ChangeKind.MEMBER_LEFT,
        ChangeKind.MEMBER_SUSPENDED,
        ChangeKind.MEMBER_EXPELLED,
        ChangeKind.CLAIM_DISPUTED,
        ChangeKind.CLAIM_CORRECTED,
    }
)
_RANK = {Severity.LOW: 0, Severity.NORMAL: 1, Severity.HIGH: 2}


def severity(change: Change) -> Severity:
    """Says how much a change matters.

    Low is what is learned and does not happen now: a member observed, an absence, an old event told late, a rumour (status
    proposed). High is what shrinks a coalition (an exit, a suspension, an end) and what takes back something told before (a
    denial, a correction). All else is normal: a founding, a joining, a plan, a refusal, a role.
    """
    if change.historic or change.kind in _LOW or change.status is Status.PROPOSED:
        return Severity.LOW
    return Severity.HIGH if change.kind in _HIGH else Severity.NORMAL


def choose(changes: Sequence[Change], rules: Sequence[AlertRule], identities: Identities | None = None) -> tuple[Alert, ...]:
    """Gives at most one alert for each change, by the first rule that fits; without rules, `EVERYTHING` is the only one.

    A rule's coalitions and members are keys of parties or names: as they are spelled (case, accents and articles do not count),
    and with `identities` any other name that is known of the same party, an acronym that only one has among them.
    """
    known = identities or Identities(())
    alerts: dict[str, Alert] = {}
    for change in changes:
        rule = next((rule for rule in rules or (EVERYTHING,) if _fits(change, rule, known)), None)
        if rule:
            alert = Alert(change=change.id, rule=rule.name, severity=severity(change), channels=rule.channels)
            alerts.setdefault(alert.id, alert)
    return tuple(alerts.values())


def _fits(change: Change, rule: AlertRule, known: Identities) -> bool:
    return (
        (not rule.kinds or change.kind in rule.kinds)
        and change.confidence >= rule.least_confidence
        and _RANK[severity(change)] >= _RANK[rule.least_severity]
        and (not rule.coalitions or any(_is(change.coalition, name, known.coalition(name), known) for name in rule.coalitions))
        and (not rule.members or any(_is_member(change, name, known) for name in rule.members))
    )


def _is_member(change: Change, name: str, known: Identities) -> bool:
    if change.member is None:
        return False
    found = known.member(name, change.coalition)
    return _is(change.member, name, found.party if found else None, known)


def _is(party: Party, name: str, found: Party | None, known: Identities) -> bool:
    if name == party.key or fold(name) in {party.key, fold(party.name)}:
        return True
    return found is not None and known.root(found.key) == known.root(party.key)
