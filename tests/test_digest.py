"""What a digest tells, in which order and in which words."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest

from pipeline.digest import QUOTES_SHOWN, build, describe
from pipeline.model import Change, ChangeKind, Event, PartialDate, Role, Status
from tests.made import MORNING, change, words

K = ChangeKind
UNTIL = MORNING + timedelta(days=1)


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (change(K.COALITION_FORMED, None), "Harbour Compact was formed"),
        (change(K.COALITION_FORMED, None, status=Status.PLANNED), "Harbour Compact is to be formed"),
        (change(K.COALITION_DISSOLVED, None, status=Status.PROPOSED), "Harbour Compact may be dissolved"),
        (change(K.COALITION_SUSPENDED, None), "Harbour Compact suspended its work"),
        (change(K.MEMBER_JOINED), "Norvik joined"),
        (change(K.MEMBER_JOINED, role=Role.MEMBER), "Norvik joined"),
        (change(K.MEMBER_JOINED, role=Role.FOUNDER), "Norvik joined as a founder"),
        (change(K.MEMBER_JOINED, role=Role.SIGNATORY), "Norvik joined as a signatory"),
        (change(K.MEMBER_JOINED, before="out", after="in"), "Norvik joined again"),
        (change(K.MEMBER_JOINED, before="suspended", after="in"), "Norvik is back after a suspension"),
        (change(K.MEMBER_OBSERVED), "Norvik is a member"),
        (change(K.MEMBER_OBSERVED, role=Role.OBSERVER), "Norvik is an observer"),
        (change(K.MEMBER_LEFT), "Norvik left"),
        (change(K.MEMBER_SUSPENDED), "Norvik was suspended"),
        (change(K.MEMBER_EXPELLED), "Norvik was expelled"),
        (change(K.JOIN_ANNOUNCED, status=Status.PLANNED), "Norvik is set to join"),
        (change(K.JOIN_ANNOUNCED, status=Status.PROPOSED), "Norvik may join"),
        (change(K.LEAVE_ANNOUNCED, status=Status.PLANNED), "Norvik is set to leave"),
        (change(K.LEAVE_ANNOUNCED, status=Status.PROPOSED), "Norvik may leave"),
        (change(K.JOIN_DECLINED), "Norvik will not join (declined or turned down)"),
        (change(K.ABSENCE_NOTED), "Norvik is not a member"),
        (change(K.ROLE_CHANGED, role=Role.OBSERVER, before="member"), "Norvik became an observer (before: a member)"),
        (change(K.ROLE_CHANGED, role=Role.LEAD, before="None", after="lead"), "Norvik became a leading member"),
        (change(K.CLAIM_DISPUTED, status=Status.DENIED, before="in", after="out"), "Norvik was reported as a member; that is disputed"),
        (change(K.CLAIM_CORRECTED, before="in", after="entering"), "Norvik was reported as a member; corrected: about to join"),
        (change(K.CLAIM_CORRECTED, before="in"), "Norvik was reported as a member; that is taken back"),
        (change(K.CLAIM_CORRECTED, before="2025-05-01", after="2025-05"), "Norvik was reported as of 1 May 2025; corrected: of May 2025"),
        (
            change(K.CLAIM_DISPUTED, None, words("No.", event=Event.FORMED), before="completed", after="denied"),
            "Harbour Compact was reported as formed; that is disputed",
        ),
        (
            change(K.COALITION_RENAMED, None, before="Old Compact", after="Harbour Compact"),
            "Harbour Compact was renamed (before: Old Compact)",
        ),
        (change(K.COALITION_FORMED, None, before="planned", after="completed"), "Harbour Compact was formed"),
        (change(K.MEMBER_LEFT, status=Status.DENIED), "Norvik left (denied)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_happened_is_said_in_plain_words(told: Change, sentence: str) -> None:
    assert describe(told) == sentence


@pytest.mark.parametrize("kind", list(ChangeKind))
def test_every_kind_status_and_role_has_its_words(kind: ChangeKind) -> None:
    for status, role in product(Status, [None, *Role]):
        one = change(kind, None if kind.startswith("coalition") else "Norvik", status=status, role=role)
        assert len(describe(one).split()) > 1
        assert build([one], MORNING, UNTIL).changes == 1


def test_changes_are_grouped_by_coalition_and_the_important_comes_first() -> None:
    digest = build(
        [
            change(K.MEMBER_JOINED, "Altera", coalition="Quiet Forum"),
            change(K.MEMBER_JOINED, "Altera"),
            change(K.MEMBER_LEFT, "Kestrel"),
            change(K.JOIN_ANNOUNCED, "Brix", coalition="Rumour League", status=Status.PROPOSED),
        ],
        MORNING,
        UNTIL,
    )
    assert [g.coalition for g in digest.news] == ["Harbour Compact", "Quiet Forum", "Rumour League"]
    assert [line.kind for line in digest.news[0].lines] == [K.MEMBER_LEFT, K.MEMBER_JOINED]


def test_what_is_old_or_only_learned_goes_below_the_news() -> None:
    digest = build(
        [change(K.MEMBER_JOINED, "Old", historic=True), change(K.MEMBER_OBSERVED, "Seen"), change(K.MEMBER_JOINED, "New")], MORNING, UNTIL
    )
    assert [line.who for g in digest.news for line in g.lines] == ["New"]
    assert [line.who for g in digest.background for line in g.lines] == ["Old", "Seen"]
    assert digest.changes == 3


def test_members_that_the_same_words_tell_of_share_a_line() -> None:
    launch = words("The compact was founded by Norvik, Altera and the Port of Ghent.")
    digest = build(
        [change(K.MEMBER_JOINED, name, launch, role=Role.FOUNDER) for name in ("Norvik", "Altera", "Port of Ghent")], MORNING, UNTIL
    )
    (line,) = digest.news[0].lines
    assert (line.who, line.what, line.sources) == ("Altera, Norvik and Port of Ghent", "joined as founders", 1)
    assert len(line.changes) == 3 and len(line.quotes) == 1


def test_each_member_of_a_roster_keeps_its_own_words() -> None:
    names = ("Altera", "Brix", "Norvik")
    digest = build([change(K.MEMBER_JOINED, name, words(name), role=Role.SIGNATORY) for name in names], MORNING, UNTIL)
    (line,) = digest.news[0].lines
    assert (line.who, line.what) == ("Altera, Brix and Norvik", "joined as signatories")
    assert [q.words for q in line.quotes] == [names]


@pytest.mark.parametrize(
    "other",
    [
        change(K.MEMBER_JOINED, "Altera", words("Both joined.", url="https://other.example/")),
        change(K.MEMBER_JOINED, "Altera", words("Both joined."), role=Role.LEAD),
        change(K.MEMBER_JOINED, "Altera", words("Both joined."), effective=PartialDate(2025, 6, 1)),
        change(K.MEMBER_JOINED, "Altera", words("Both joined."), status=Status.PLANNED),
        change(K.MEMBER_LEFT, "Altera", words("Both joined.")),
    ],
)
def test_members_of_whom_different_things_are_told_do_not(other: Change) -> None:
    digest = build([change(K.MEMBER_JOINED, "Norvik", words("Both joined.")), other], MORNING, UNTIL)
    assert len(digest.news[0].lines) == 2


def test_the_least_sure_of_a_line_gives_its_confidence() -> None:
    both = words("Both joined.")
    digest = build([change(K.MEMBER_JOINED, "A", both, confidence=0.9), change(K.MEMBER_JOINED, "B", both, confidence=0.6)], MORNING, UNTIL)
    assert digest.news[0].lines[0].confidence == 0.6


def test_quotations_come_from_different_stories_first_and_the_rest_is_counted() -> None:
    wire = [words(f"Norvik joined, it said. {i}", url=f"https://copy{i}.example/", story="wire", confidence=0.95) for i in range(5)]
    own = words("Norvik is in.", url="https://own.example/", confidence=0.5)
    (line,) = build([change(K.MEMBER_JOINED, "Norvik", *wire, own)], MORNING, UNTIL).news[0].lines
    assert len(line.quotes) == QUOTES_SHOWN and line.more == 3
    assert [q.url for q in line.quotes[:2]] == ["https://copy0.example/", "https://own.example/"]
    assert line.sources == 2


def test_the_same_words_in_a_copy_are_quoted_once() -> None:
    copies = [words("Norvik joined.", url=f"https://copy{i}.example/", story="wire") for i in range(3)]
    (line,) = build([change(K.MEMBER_JOINED, "Norvik", *copies)], MORNING, UNTIL).news[0].lines
    assert [q.url for q in line.quotes] == ["https://copy0.example/"] and line.more == 2 and line.sources == 1


def test_withdrawn_words_stand_behind_those_that_still_hold() -> None:
    gone = words("It joined.", url="https://gone.example/", withdrawn=MORNING, confidence=1.0)
    (line,) = build([change(K.CLAIM_CORRECTED, "Norvik", gone, words("It did not join."))], MORNING, UNTIL).news[0].lines
    assert [q.words for q in line.quotes] == [("It did not join.",), ("It joined.",)]


@pytest.mark.parametrize(
    ("told", "when"),
    [
        (change(K.MEMBER_JOINED, effective=PartialDate(2025, 5, 1)), "1 May 2025"),
        (change(K.MEMBER_JOINED, effective=PartialDate(2025, 5)), "May 2025"),
        (change(K.MEMBER_JOINED, effective=PartialDate(2025)), "2025"),
        (change(K.MEMBER_JOINED), "reported 14 May 2025"),
        (change(K.MEMBER_JOINED, "Norvik", words("In.", published=None)), "found 14 May 2025, date not stated"),
    ],
)
def test_the_date_is_as_exact_as_it_is_known(told: Change, when: str) -> None:
    assert build([told], MORNING, UNTIL).news[0].lines[0].when == when


def test_the_same_changes_in_another_order_give_the_same_digest() -> None:
    told = [change(K.MEMBER_JOINED, name, words(f"{name} joined.")) for name in ("C", "A", "B")] + [
        change(K.COALITION_FORMED, None, coalition="Z"),
        change(K.MEMBER_LEFT, "D", coalition="Y"),
    ]
    assert build(told, MORNING, UNTIL) == build(told[::-1], MORNING, UNTIL)


def test_no_changes_are_an_empty_digest() -> None:
    digest = build([], MORNING, UNTIL)
    assert digest.news == digest.background == () and digest.changes == 0
