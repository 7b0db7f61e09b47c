"""A merger ends the memberships in what merged and carries them on, in its own words, whatever came in first."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from pipeline import memory
from pipeline.model import Claim, Event, Quote, Role, Standing, Status, Verdict
from pipeline.resolve import Identities, resolve
from tests.shelf import Shelf, claim
from tests.test_memory import LATER, decide, told

KELP, MOSS, UNION = "Kelp Charter", "Moss Forum", "Tidal Union"
WORDS = "The Kelp Charter and the Moss Forum merged on Monday into a new body, the Tidal Union."


def merged(name: str, *, date: str = "2024-06-03", quote: str = WORDS, status: Status = Status.COMPLETED) -> Claim:
    return claim(None, Event.MERGED, date, coalition=name, quote=quote, status=status)


KELP_LIST = told("kelp", 0, claim("Norvik Freight", date="2024-03-01", coalition=KELP), claim("Altera Lines", Event.MEMBER, coalition=KELP))
MOSS_LIST = told(
    "moss",
    10,
    claim("Port of Ghent", Event.MEMBER, coalition=MOSS, role=Role.OBSERVER),
    claim("Selmer Rail", date="2024-02-01", coalition=MOSS, role=Role.LEAD),
    claim("Tern Shipping", Event.SUSPENDED, "2024-03-10", coalition=MOSS),
)
EXIT = told("exit", 60, claim("Altera Lines", Event.LEFT, "2024-05-02", coalition=KELP))
MERGER = told("merger", 91, merged(KELP), merged(MOSS), claim(None, Event.FORMED, "2024-06-03", coalition=UNION, quote=WORDS))
LEAVER = told("leaver", 150, claim("Norvik Freight", Event.LEFT, "2024-08-01", coalition=UNION))
LATE = told("late", 200, claim("Osprey Bank", date="2023-11", coalition=KELP))
STORY = (KELP_LIST, MOSS_LIST, EXIT, MERGER, LEAVER, LATE)


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with Shelf() as shelf:
        yield shelf


def standings(shelf: Shelf, coalition: str, as_of: date | None = None) -> dict[str, str]:
    return {m.member.name: str(m.standing) for m in memory.known(shelf.store, coalition.lower(), as_of)}


def test_members_are_out_of_what_merged_and_in_what_came_of_it(shelf: Shelf) -> None:
    for article in (KELP_LIST, MOSS_LIST, EXIT, MERGER):
        report = shelf.read(article)
    assert {(c.kind, c.coalition.name) for c in report.changes} == {
        ("coalition_merged", KELP),
        ("coalition_merged", MOSS),
        ("coalition_formed", UNION),
    }
    assert standings(shelf, KELP) == {"Norvik Freight": "out", "Altera Lines": "out"}
    assert set(standings(shelf, MOSS).values()) == {"out"}
    went = {"Norvik Freight": "in", "Port of Ghent": "in", "Selmer Rail": "in", "Tern Shipping": "suspended"}
    assert standings(shelf, UNION) == went
    assert standings(shelf, UNION, date(2024, 6, 2)) == {} and standings(shelf, UNION, date(2024, 6, 3)) == went
    assert standings(shelf, KELP, date(2024, 6, 2))["Norvik Freight"] == "in"
    rows = shelf.store.query("SELECT member, role, since, first_words, url FROM membership_spells WHERE coalition = 'Tidal Union'")
    assert [(r["member"], r["role"]) for r in rows][:3] == [("Norvik Freight", None), ("Port of Ghent", "observer"), ("Selmer Rail", None)]
    assert {(r["since"], r["first_words"], r["url"]) for r in rows} == {("2024-06-03", WORDS, MERGER.url)}
    shown = shelf.store.query("SELECT sources, last_words FROM current_membership WHERE coalition = 'Tidal Union'")
    assert {tuple(r.values()) for r in shown} == {(1, WORDS)}
    for body, event in ((KELP, "merged"), (UNION, "joined")):
        [history] = [h for h in memory.timeline(shelf.store, body.lower()) if h.membership.member.name == "Norvik Freight"]
        step = history.steps[-1]
        assert (step.event, str(step.when), {e.quote for e in step.evidence}) == (event, "2024-06-03", {WORDS})
        assert {e.article for e in history.membership.spells[-1].evidence} >= {MERGER.url}
    of_member = memory.timeline(shelf.store, "norvik freight")
    assert [(h.membership.coalition.name, h.membership.standing) for h in of_member] == [(KELP, "out"), (UNION, "in")]


def test_what_is_carried_on_goes_on_from_there_and_is_told_once(shelf: Shelf) -> None:
    shelf.read(*STORY[:4])
    assert [(c.kind, c.before, c.after) for c in shelf.read(LEAVER).changes] == [("member_left", "in", "out")]
    recap = told("recap", 160, claim("Port of Ghent", Event.MEMBER, coalition=UNION), claim("Selmer Rail", coalition=UNION))
    assert shelf.read(recap).changes == ()
    [change] = shelf.read(LATE).changes
    assert (change.kind, change.coalition.name, change.historic) == ("member_joined", KELP, True)
    assert standings(shelf, UNION)["Osprey Bank"] == "in" and standings(shelf, KELP)["Osprey Bank"] == "out"
    assert memory.rebuild(shelf.store, LATER) == 0


def test_any_order_of_arrival_ends_in_the_same_memberships() -> None:
    ends = []
    for n, order in enumerate(itertools.permutations(STORY)):
        if n % 60 == 0:  # a dozen of the 720
            with Shelf() as shelf:
                for hour, article in enumerate(order):
                    shelf.read(article, now=LATER.replace(hour=hour))
                assert memory.rebuild(shelf.store, LATER) == 0
                ends.append(shelf.state())
    assert all(end == ends[0] for end in ends)


def test_an_article_says_who_does_not_go_along(shelf: Shelf) -> None:
    stays = claim("Norvik Freight", Event.DECLINED, coalition=UNION)
    gone = claim("Selmer Rail", Event.LEFT, "2024-06-03", coalition=MOSS)
    shelf.read(*STORY[:3], told("merger", 91, *MERGER.claims, stays, gone))
    assert standings(shelf, UNION) == {"Norvik Freight": "declined", "Port of Ghent": "in", "Tern Shipping": "suspended"}


def test_a_merger_that_is_found_wrong_or_denied_carries_nothing_on(shelf: Shelf) -> None:
    shelf.read(*STORY[:3])
    before = shelf.state()
    shelf.read(MERGER)
    after = shelf.state()
    for n, body in enumerate((KELP, MOSS)):
        rows = shelf.store.query(f"SELECT statement FROM statement_log WHERE event = 'merged' AND coalition = '{body}'")
        decide(shelf, memory.about(shelf.store, Verdict.WRONG, rows[0]["statement"]), days=300 + n)
    assert shelf.state() == before and memory.rebuild(shelf.store, LATER) == 0
    for judgement in (1, 2):
        memory.undo(shelf.store, judgement, "ada", LATER)
    assert shelf.state() == after
    shelf.read(told("no", 330, merged(KELP, date="", status=Status.DENIED, quote="There was no merger, the Kelp Charter said.")))
    assert standings(shelf, KELP)["Norvik Freight"] == "in" and "Norvik Freight" not in standings(shelf, UNION)


def test_a_body_that_takes_others_in_goes_on_and_chains_hold(shelf: Shelf) -> None:
    into = "The Kelp Charter was folded into the Moss Forum."
    shelf.read(*STORY[:3], told("fold", 91, merged(KELP, quote=into), merged(MOSS, quote=into)))
    assert standings(shelf, MOSS) == {"Norvik Freight": "in", "Port of Ghent": "in", "Selmer Rail": "in", "Tern Shipping": "suspended"}
    last = "The Moss Forum has become part of the Tidal Union."
    joined = claim("Heron Air", date="2024-01-01", coalition=UNION)
    shelf.read(told("chain", 120, merged(MOSS, date="2024-07-02", quote=last), joined))
    assert standings(shelf, UNION) == {
        **dict.fromkeys(("Heron Air", "Norvik Freight", "Port of Ghent", "Selmer Rail"), "in"),
        "Tern Shipping": "suspended",
    }
    assert memory.rebuild(shelf.store, LATER) == 0


def test_a_successor_that_is_renamed_keeps_whom_it_got(shelf: Shelf) -> None:
    shelf.read(*STORY[:4])
    shelf.read(told("named", 120, claim(None, Event.RENAMED, "2024-07-01", coalition="Open Tidal Union", also=(UNION,))))
    assert standings(shelf, UNION) == standings(shelf, "Open Tidal Union") != {}
    assert memory.rebuild(shelf.store, LATER) == 0


@pytest.mark.parametrize(
    ("words", "others", "successor"),
    [
        (WORDS, [(UNION, Event.FORMED, "")], UNION),
        ("Kelp and Moss become one, effective 1 July.", [(UNION, Event.FORMED, "2024-06-03")], UNION),
        ("Kelp and Moss become one.", [(UNION, Event.FORMED, "2021")], None),
        ("The charter has been merged into the Union with immediate effect.", [(UNION, Event.RENAMED, "")], UNION),
        ("The Moss Forum absorbed the Kelp Charter.", [(MOSS, Event.MERGED, "")], MOSS),
        ("The Kelp Charter was absorbed by the Moss Forum.", [(MOSS, Event.MERGED, "")], MOSS),
        ("The Kelp Charter merged with the Moss Forum.", [(MOSS, Event.MERGED, "")], None),
        ("The Kelp Charter and the Moss Forum merged.", [(MOSS, Event.MERGED, ""), (UNION, Event.JOINED, "")], None),
    ],
)
def test_the_words_name_what_goes_on(words: str, others: list[tuple[str, Event, str]], successor: str | None) -> None:
    said: list[Any] = [claim("Norvik" if e is Event.JOINED else None, e, d, coalition=c, quote=f"{c} {e}") for c, e, d in others]
    found = resolve([merged(KELP, quote=words), *said], Identities(()), "a").statements[0]
    assert (found.successor.name if found.successor else None) == successor
    assert found.other_name == (successor or "") and Quote(words) == found.claim.quote


def test_standing_of_a_carried_member_can_be_disputed(shelf: Shelf) -> None:
    shelf.read(*STORY[:4])
    no = claim("Norvik Freight", Event.MEMBER, coalition=UNION, status=Status.DENIED, quote="Norvik says it is no member of the union.")
    assert [c.kind for c in shelf.read(told("no", 100, no)).changes] == ["claim_disputed"]
    assert standings(shelf, UNION)["Norvik Freight"] != str(Standing.IN)
