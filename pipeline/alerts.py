"""Changes → alerts: how much a change matters, and which rule of the configuration, if any, picks it.

It raises at most one alert a change, by the first rule that fits, and decides nothing about delivery. It knows no watch list:
what a person cares about is said by rules.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.model import Alert, AlertRule, Change, ChangeKind, Party, Severity, Status
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


def choose(changes: Sequence[Change], rules: Sequence[AlertRule]) -> tuple[Alert, ...]:
    """Gives at most one alert for each change, by the first rule that fits; without rules, `EVERYTHING` is the only one.

    A rule's coalitions and members are names (case, accents and articles do not count) or keys of parties.
    """
    alerts: dict[str, Alert] = {}
    for change in changes:
        rule = next((rule for rule in rules or (EVERYTHING,) if _fits(change, rule)), None)
        if rule:
            alert = Alert(change=change.id, rule=rule.name, severity=severity(change), channels=rule.channels)
            alerts.setdefault(alert.id, alert)
    return tuple(alerts.values())


def _fits(change: Change, rule: AlertRule) -> bool:
    return (
        (not rule.kinds or change.kind in rule.kinds)
        and change.confidence >= rule.least_confidence
        and _RANK[severity(change)] >= _RANK[rule.least_severity]
        and (not rule.coalitions or _named(change.coalition, rule.coalitions))
        and (not rule.members or (change.member is not None and _named(change.member, rule.members)))
    )


def _named(party: Party, names: tuple[str, ...]) -> bool:
    spellings = {party.key, fold(party.name)}
    return any(name in spellings or fold(name) in spellings for name in names)
