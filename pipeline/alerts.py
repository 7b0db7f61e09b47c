"""Changes → alerts: how much a change matters, which rule of the configuration, if any, picks it, and what is sent of it, when.

It raises at most one alert a change, by the first rule that fits: more evidence updates it, and a denial or a correction of its
change reopens it. It plans deliveries and makes none. It knows no watch list: what a person cares about is said by rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pipeline.diff.course import family
from pipeline.model import (
    Act,
    Alert,
    AlertRule,
    AlertState,
    AlertTurn,
    Change,
    ChangeKind,
    Delivery,
    Evidence,
    Party,
    QuietHours,
    RaisedAlert,
    Severity,
    Status,
)
from pipeline.resolve import Identities
from pipeline.text import digest, fold

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


def choose(
    changes: Sequence[Change], rules: Sequence[AlertRule], identities: Identities | None = None, kinds: Mapping[str, str] | None = None
) -> tuple[Alert, ...]:
    """Gives at most one alert for each change, by the first rule that fits; without rules, `EVERYTHING` is the only one.

    A rule's coalitions and members are keys of parties or names: as they are spelled (case, accents and articles do not count),
    and with `identities` any other name that is known of the same party, an acronym that only one has among them. `kinds` gives
    the kind of a coalition by its key. An alert goes to the channels of its rule, and of those after it where it says to go on.
    """
    known = identities or Identities(())
    alerts: dict[str, Alert] = {}
    for change in changes:
        fitting = fitting_rules(change, rules, known, kinds or {})
        if fitting:
            channels = tuple(dict.fromkeys(channel for rule in fitting for channel in rule.channels))
            alert = Alert(change.id, fitting[0].name, severity(change), channels, max(1, change.sources))
            alerts.setdefault(alert.id, alert)
    return tuple(alerts.values())


def fitting_rules(change: Change, rules: Sequence[AlertRule], known: Identities, kinds: Mapping[str, str]) -> tuple[AlertRule, ...]:
    """Gives the rules that pick a change: the first that fits, and those after it for as long as they say to go on."""
    found = []
    for rule in rules or (EVERYTHING,):
        if fits(change, rule, known, kinds):
            found.append(rule)
            if not rule.go_on:
                break
    return tuple(found)


def fits(change: Change, rule: AlertRule, known: Identities, kinds: Mapping[str, str]) -> bool:
    """Whether a rule picks a change."""
    return (
        (not rule.kinds or change.kind in rule.kinds)
        and (not rule.roles or change.role in rule.roles)
        and change.confidence >= rule.least_confidence
        and _RANK[severity(change)] >= _RANK[rule.least_severity]
        and (not rule.coalition_kinds or kinds.get(known.root(change.coalition.key), "") in rule.coalition_kinds)
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


# What is sent of it.


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All that is asked to choose and to plan: the rules, what is known of names, and the kinds of coalitions by their keys.

    Channels that are `threadless` are not told of more evidence; those that are `mirrors` (files, feeds) show every alert as it is, and
    are written over whenever one has more.
    """

    rules: tuple[AlertRule, ...] = ()
    identities: Identities = field(default_factory=lambda: Identities(()))
    kinds: Mapping[str, str] = field(default_factory=dict)
    threadless: frozenset[str] = frozenset()
    mirrors: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Plan:
    """What one reading raises, does to earlier alerts, and sends."""

    alerts: tuple[Alert, ...] = ()
    turns: tuple[AlertTurn, ...] = ()
    deliveries: tuple[Delivery, ...] = ()


def plan(
    changes: Sequence[Change],
    book: Rulebook,
    now: datetime,
    earlier: Sequence[tuple[Change, RaisedAlert]] = (),
    grown: Sequence[RaisedAlert] = (),
) -> Plan:
    """Plans alerts, turns and deliveries for the changes of one reading.

    `earlier` pairs a change that disputes or takes back with the alert on what it contradicts (`contradicted`): the channels that were
    told of that one are told in its thread, and only the others by an alert of its own. `grown` are alerts that one more independent
    source tells of, with the number that it makes.
    """
    rules, known, kinds = book.rules, book.identities, book.kinds
    raised = choose(changes, rules, known, kinds)
    by_id = {change.id: change for change in changes}
    named = {rule.name: rule for rule in rules}
    turns, deliveries = [], []
    told: set[tuple[str, str]] = set()
    for dispute, former in earlier:
        turns.append(AlertTurn(former.id, Act.REOPENED, now, change=dispute.id))
        for channel in (*former.told, *former.waiting):
            by = former.rules.get(channel, former.rule)
            if not is_silent(named.get(by, EVERYTHING), now):
                id = digest(former.id, channel, dispute.id)
                deliveries.append(Delivery(id, former.id, channel, now, act=Act.REOPENED, rule=by, change=dispute.id))
                told.add((dispute.id, channel))
    for alert in raised:
        change = by_id[alert.change]
        for rule in fitting_rules(change, rules, known, kinds):
            for channel in rule.channels if not is_silent(rule, now) else ():
                if (change.id, channel) not in told:
                    told.add((change.id, channel))
                    deliveries.append(_first(alert, change, rule, channel, now))
    for more in grown:
        turns.append(AlertTurn(more.id, Act.UPDATED, now, sources=more.sources))
        for channel in more.told:
            by = more.rules.get(channel, more.rule)
            rule = named.get(by, EVERYTHING)
            again = channel not in book.threadless and _is_told_again(more, rule, now)
            if not is_silent(rule, now) and (channel in book.mirrors or again):
                id = digest(more.id, channel, str(more.sources))
                deliveries.append(Delivery(id, more.id, channel, now, act=Act.UPDATED, rule=by))
    return Plan(raised, tuple(turns), tuple(deliveries))


def _first(alert: Alert, change: Change, rule: AlertRule, channel: str, now: datetime) -> Delivery:
    waits = now + timedelta(minutes=rule.wait_minutes) if rule.wait_minutes and rule.least_sources > 1 else None
    grouped = rule.group_minutes is not None
    return Delivery(
        digest(alert.id, channel),
        alert.id,
        channel,
        now + timedelta(minutes=rule.group_minutes or 0),
        rule=rule.name,
        coalition=change.coalition.key,
        least_sources=rule.least_sources,
        waits_until=waits,
        bundle=digest(rule.name, change.coalition.key) if grouped else "",
    )


def _is_told_again(alert: RaisedAlert, rule: AlertRule, now: datetime) -> bool:
    """Whether one more source is worth a message: the second, then at each doubling, so that a story that runs makes no noise."""
    doubled = alert.sources >= 2 and alert.sources & (alert.sources - 1) == 0
    return rule.updates and doubled and alert.state is not AlertState.ACKNOWLEDGED and not is_muted(alert.state, alert.muted_until, now)


def is_silent(rule: AlertRule, now: datetime) -> bool:
    """Whether a rule is muted at a moment: what it has to tell then is not told, nor later."""
    return rule.mute_until is not None and rule.mute_until > now


def is_muted(state: AlertState, until: datetime | None, now: datetime) -> bool:
    """Whether an alert is muted at a moment: for good, or until a later one."""
    return state is AlertState.MUTED and (until is None or until > now)


def contradicted(change: Change, alerts: Sequence[RaisedAlert]) -> RaisedAlert | None:
    """Gives the alert on what a dispute or a correction is about, out of those on the same pair, the newest first.

    It is the one that rests on the very words that were taken back, else the newest of the same kind of event, that of the same date
    before another.
    """
    if not contradicts(change):
        return None
    taken = {(e.log_key, e.article) for e in change.evidence if e.withdrawn or change.judgement}
    for alert in alerts:
        if any((e.log_key, e.article) in taken for e in alert.change.evidence):
            return alert
    families = {_family(e) for e in change.evidence}
    alike = [a for a in alerts if a.change.detected_at <= change.detected_at and {_family(e) for e in a.change.evidence} & families]
    dated = [a for a in alike if change.effective and a.change.effective and _near(change, a.change)]
    return next(iter((*dated, *alike)), None)


def contradicts(change: Change) -> bool:
    """Whether a change disputes or takes back what was told before."""
    return change.kind in {ChangeKind.CLAIM_DISPUTED, ChangeKind.CLAIM_CORRECTED}


_ALIKE = {"will_join": "joined", "member": "joined", "absent": "joined", "declined": "joined", "will_leave": "left"}


def _family(e: Evidence) -> str:
    """What an event is about: coming in or going out, told as a plan, a fact, or that it is not so.

    A body's own events are each a kind of their own.
    """
    event = str(family(e.statement.event))
    return _ALIKE.get(event, event)


def _near(one: Change, other: Change) -> bool:
    assert one.effective and other.effective
    return one.effective.covers(other.effective) or other.effective.covers(one.effective)


def quiet_until(quiet: QuietHours | None, now: datetime) -> datetime | None:
    """Gives the end of the quiet hours that a moment falls in, None where it falls in none.

    >>> from datetime import UTC, time
    >>> night = QuietHours(time(22), time(7), UTC)
    >>> str(quiet_until(night, datetime(2025, 5, 14, 23, tzinfo=UTC))), quiet_until(night, datetime(2025, 5, 14, 7, tzinfo=UTC))
    ('2025-05-15 07:00:00+00:00', None)
    """
    if quiet is None or quiet.begin == quiet.end:
        return None
    local = now.astimezone(quiet.zone)
    for day in (local.date() - timedelta(days=1), local.date()):
        begin = datetime.combine(day, quiet.begin, quiet.zone)
        end = datetime.combine(day + timedelta(days=quiet.begin > quiet.end), quiet.end, quiet.zone)
        if begin <= local < end:
            # Never earlier than now: where clocks are put back an hour comes twice.
            return max(end.astimezone(now.tzinfo), now + timedelta(minutes=1))
    return None
