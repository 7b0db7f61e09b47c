"""Whose names they are and what they are called, in whatever order the articles come that say so."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import memory
from pipeline.model import Claim, Event, KnownName, Party, Status
from pipeline.resolve import CONFIG, STATE, STATES, Forms, forms_from
from tests.shelf import DAY, Shelf, Told, claim

LATER = DAY + timedelta(days=400)
FORMS: Forms = forms_from("[legal]\nplc\na/s\nag\n[group]\ngroup")
BRAZIL = KnownName("Brazil", Party("state:BRA", "Brazil"), STATE, STATES)


def told(name: str, days: int, *claims: Claim, publisher: str = "The Wire") -> Told:
    words = " ".join(f"{name}{n} {c.quote.words}" for n in range(12) for c in claims)
    return Told(name, DAY + timedelta(days=days), words, claims, publisher)


def short(member: str, *aliases: str, event: Event = Event.JOINED, date: str = "", coalition: str = "Kelp Grain Forum") -> Claim:
    return replace(claim(member, event, date, coalition=coalition), member_aliases=aliases)


ARTICLES = (
    told("short", 0, claim("Norlund", date="2024-03", coalition="KGF")),
    told("spelled", 9, short("Norlund Shipping A/S", "Norlund"), claim("Aurel Motors", coalition="Kelp Grain Forum", also=("KGF",))),
    told("bare", 20, short("Norlund Shipping", event=Event.MEMBER), short("Aurel Motors AG", event=Event.MEMBER), publisher="Quay News"),
    told("exit", 60, claim("Norlund", Event.LEFT, "2024-05-01", coalition="KGF"), publisher="Quay News"),
    told("federation", 70, short("Brazilian Grain Board", "Brazil")),
    told("state", 80, claim("Brazil", Event.LEFT, "2024-05-20", coalition="Kelp Grain Forum")),
    told("elsewhere", 90, claim("Brazil", date="2024-06-01", coalition="Moss Charter")),
    told("renamed", 100, claim(None, Event.RENAMED, "2024-06-10", coalition="Open Grain Forum", also=("Kelp Grain Forum",))),
)


def shown(shelf: Shelf) -> list[object]:
    """What a person sees, all of it by name."""
    views = ("current_membership", "membership_spells")
    return [*(shelf.store.query(f"SELECT * FROM {view}") for view in views), [c.name for c in shelf.store.coalitions()]]


EXPECTED = [
    ("Moss Charter", "Brazil", "in", "2024-06-01", None),
    ("Open Grain Forum", "Aurel Motors", "in", None, None),
    ("Open Grain Forum", "Brazilian Grain Board", "out", None, "2024-05-20"),
    ("Open Grain Forum", "Norlund Shipping A/S", "out", "2024-03", "2024-05-01"),
]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.permutations(ARTICLES))
def test_names_and_who_they_are_do_not_depend_on_what_came_first(order: list[Told]) -> None:
    with Shelf([BRAZIL], FORMS) as shelf, Shelf([BRAZIL], FORMS) as of_that_day:
        for n, article in enumerate(order):
            shelf.read(article, now=LATER + timedelta(hours=n))
        of_that_day.read(*ARTICLES, now=LATER)
        rows = of_that_day.store.query("SELECT coalition, member, standing, since, until FROM current_membership")
        assert sorted(tuple(r.values()) for r in rows) == EXPECTED
        assert shown(shelf) == shown(of_that_day)
        assert memory.rebuild(shelf.store, LATER + timedelta(days=9)) == 0 and shown(shelf) == shown(of_that_day)


def test_what_an_article_says_of_a_short_form_tells_nothing_twice() -> None:
    with Shelf((), FORMS) as shelf:
        first = shelf.read(ARTICLES[0], now=LATER).changes
        assert [c.kind for c in first] == ["member_joined"]
        report = shelf.read(told("full", 3, short("Norlund Shipping", "Norlund", date="2024-03", coalition="KGF")), now=LATER)
        assert report.changes == ()
        [history] = memory.timeline(shelf.store, memory.find(shelf.store, "Norlund Shipping").key)
        assert {e.member_said for s in history.steps for e in s.evidence} == {"Norlund", "Norlund Shipping"}
        [log] = shelf.store.query("SELECT member_counts_as FROM statement_log WHERE member = 'Norlund'")
        assert log["member_counts_as"] == "Norlund Shipping"
        assert memory.timeline(shelf.store, "norlund") == (history,)
        known = memory.known(shelf.store, memory.find(shelf.store, "KGF").key, known_at=LATER - timedelta(minutes=1))
        assert known == ()


def test_a_person_goes_before_an_article_that_spells_a_short_form_out() -> None:
    with Shelf((), FORMS) as shelf:
        shelf.read(told("a", 0, short("Norlund", event=Event.MEMBER)), told("b", 5, short("Norlund Shipping", event=Event.MEMBER)))
        decided = memory.different(shelf.store, "Norlund", "Norlund Shipping", FORMS)
        memory.judge(shelf.store, replace(decided, by="ada", at=LATER), LATER)
        shelf.read(told("c", 9, short("Norlund Shipping", "Norlund", event=Event.MEMBER)))
        assert [m.member.name for m in shelf.store.memberships("kelp grain forum")] == ["Norlund", "Norlund Shipping"]
        memory.undo(shelf.store, 1, "ada", LATER)
        assert [m.member.name for m in shelf.store.memberships("kelp grain forum")] == ["Norlund Shipping"]


def test_the_configuration_names_what_it_watches() -> None:
    watched = KnownName("Kelp Grain Forum", Party("kelp grain forum", "The Forum"), "coalition", CONFIG)
    with Shelf((), FORMS) as shelf:
        shelf.read(told("a", 0, short("Norvik")))
        store = shelf.store
        assert [c.name for c in store.coalitions()] == ["Kelp Grain Forum"]
        with Shelf([watched], FORMS, store) as again:
            again.read(told("b", 5, short("Altera")), now=LATER)
            assert [c.name for c in store.coalitions()] == ["The Forum"]


def test_a_renaming_that_is_only_planned_renames_nothing() -> None:
    with Shelf((), FORMS) as shelf:
        shelf.read(told("a", 0, short("Norvik")))
        plan = claim(None, Event.RENAMED, coalition="Open Grain Forum", also=("Kelp Grain Forum",), status=Status.PLANNED)
        shelf.read(told("b", 5, plan))
        assert [c.name for c in shelf.store.coalitions()] == ["Kelp Grain Forum"]
