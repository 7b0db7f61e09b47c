"""Which changes become alerts: tables of kinds, severities and rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pipeline.alerts import EVERYTHING, choose, severity
from pipeline.model import AlertRule, Change, ChangeKind, KnownName, Party, Severity, Status
from pipeline.resolve import ACRONYM, COALITION, MEMBER, STATE, WITHIN, Identities

WHEN = datetime(2024, 5, 14, 9, tzinfo=UTC)
JOINED = Change(
    kind=ChangeKind.MEMBER_JOINED,
    coalition=Party("kelp charter", "Kelp Charter"),
    member=Party("state:AGO", "Angola"),
    status=Status.COMPLETED,
    detected_at=WHEN,
    confidence=0.8,
    evidence=(),
)


@pytest.mark.parametrize(
    ("kind", "status", "historic", "expected"),
    [
        (ChangeKind.MEMBER_JOINED, Status.COMPLETED, False, Severity.NORMAL),
        (ChangeKind.MEMBER_JOINED, Status.COMPLETED, True, Severity.LOW),
        (ChangeKind.COALITION_FORMED, Status.PLANNED, False, Severity.NORMAL),
        (ChangeKind.JOIN_ANNOUNCED, Status.PLANNED, False, Severity.NORMAL),
        (ChangeKind.JOIN_ANNOUNCED, Status.PROPOSED, False, Severity.LOW),
        (ChangeKind.MEMBER_OBSERVED, Status.COMPLETED, False, Severity.LOW),
        (ChangeKind.ABSENCE_NOTED, Status.COMPLETED, False, Severity.LOW),
        (ChangeKind.MEMBER_LEFT, Status.COMPLETED, False, Severity.HIGH),
        (ChangeKind.MEMBER_LEFT, Status.COMPLETED, True, Severity.LOW),
        (ChangeKind.MEMBER_EXPELLED, Status.COMPLETED, False, Severity.HIGH),
        (ChangeKind.COALITION_DISSOLVED, Status.COMPLETED, False, Severity.HIGH),
        (ChangeKind.CLAIM_DISPUTED, Status.DENIED, False, Severity.HIGH),
        (ChangeKind.CLAIM_CORRECTED, Status.DENIED, False, Severity.HIGH),
    ],
)
def test_severity(kind: ChangeKind, status: Status, historic: bool, expected: Severity) -> None:
    assert severity(replace(JOINED, kind=kind, status=status, historic=historic)) is expected


def test_every_kind_has_a_severity() -> None:
    assert {severity(replace(JOINED, kind=kind)) for kind in ChangeKind} == set(Severity)


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        (AlertRule("any"), True),
        (AlertRule("kind", kinds=frozenset({ChangeKind.MEMBER_JOINED})), True),
        (AlertRule("other kind", kinds=frozenset({ChangeKind.MEMBER_LEFT})), False),
        (AlertRule("coalition", coalitions=("the KELP Charter",)), True),
        (AlertRule("other coalition", coalitions=("Moss Charter",)), False),
        (AlertRule("member by name", members=("angola",)), True),
        (AlertRule("member by key", members=("state:AGO",)), True),
        (AlertRule("other member", members=("Benin",)), False),
        (AlertRule("sure", least_confidence=0.8), True),
        (AlertRule("surer", least_confidence=0.81), False),
        (AlertRule("normal", least_severity=Severity.NORMAL), True),
        (AlertRule("high", least_severity=Severity.HIGH), False),
    ],
)
def test_rule(rule: AlertRule, fits: bool) -> None:
    assert [a.rule for a in choose([JOINED], [rule])] == ([rule.name] if fits else [])


def test_first_rule_wins_and_gives_its_channels() -> None:
    rules = [AlertRule("left", kinds=frozenset({ChangeKind.MEMBER_LEFT})), AlertRule("a", channels=("desk",)), AlertRule("b")]
    (alert,) = choose([JOINED], rules)
    assert (alert.rule, alert.change, alert.severity, alert.channels) == ("a", JOINED.id, Severity.NORMAL, ("desk",))


def test_without_rules_what_happens_is_told_and_what_is_learned_is_not() -> None:
    observed = replace(JOINED, kind=ChangeKind.MEMBER_OBSERVED)
    assert [(a.change, a.rule) for a in choose([observed, JOINED], [])] == [(JOINED.id, EVERYTHING.name)]


def test_a_change_that_comes_twice_is_one_alert() -> None:
    assert len(choose([JOINED, JOINED], [])) == 1


def test_a_rule_on_members_leaves_events_of_the_coalition_alone() -> None:
    formed = replace(JOINED, kind=ChangeKind.COALITION_FORMED, member=None)
    assert choose([formed], [AlertRule("member", members=("Angola",))]) == ()


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        (AlertRule("acronym", coalitions=("KC",)), True),
        (AlertRule("former name", coalitions=("Charter of the Kelp Growers",)), True),
        (AlertRule("acronym of two", coalitions=("KCX",)), False),
        (AlertRule("another body", coalitions=("Moss Charter",)), False),
        (AlertRule("alias of the member", members=("Republic of Angola",)), True),
        (AlertRule("short form within the body", members=("the republic",)), True),
        (AlertRule("another member", members=("Benin",)), False),
        (AlertRule("counted as one", coalitions=("Seaweed Charter",)), True),
    ],
)
def test_a_rule_goes_by_every_name_that_is_known(rule: AlertRule, fits: bool) -> None:
    kelp, moss, angola = JOINED.coalition, Party("moss charter", "Moss Charter"), Party("state:AGO", "Angola")
    names = [
        KnownName("Kelp Charter", kelp, COALITION, "config"),
        KnownName("KC", kelp, ACRONYM, "config"),
        KnownName("Charter of the Kelp Growers", kelp, COALITION, "gazetteer"),
        KnownName("Moss Charter", moss, COALITION, "gazetteer"),
        KnownName("KCX", kelp, ACRONYM, "gazetteer"),
        KnownName("KCX", moss, ACRONYM, "gazetteer"),
        KnownName("Seaweed Charter", Party("seaweed charter", "Seaweed Charter"), COALITION, "gazetteer"),
        KnownName("Republic of Angola", angola, STATE, "states"),
        KnownName("the republic", angola, WITHIN + kelp.key, "https://wire.example/a"),
        KnownName("Benin", Party("state:BEN", "Benin"), MEMBER, "states"),
    ]
    identities = Identities(names)
    identities.rule({"seaweed charter": "kelp charter"})
    assert [a.rule for a in choose([JOINED], [rule], identities)] == ([rule.name] if fits else [])
