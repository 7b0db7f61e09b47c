"""Definitions: what an article says that a name means is kept with its words, shown, and heeded for as long as an article says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from pipeline import redetect
from pipeline.model import Claim
from tests.shelf import DAY, Shelf, Told, claim

FILLER = " ".join(f"word{n}" for n in range(60))
BODY = "Zonal Pear Alliance"
DEFINES = f"The {BODY} (ZPA) took Norvik Freight in."
DEFINITION = claim("Norvik Freight", date="2024-03-01", coalition=BODY, also=("ZPA",))
PLAINLY = claim("Norvik Freight", date="2024-03-01", coalition=BODY)


def told(name: str, day: int, *claims: Claim, words: str = "", publisher: str = "The Wire") -> Told:
    text = f"{words or f'{BODY} took Norvik Freight in.'}\n\n{name}{day} {FILLER} " + " ".join(f"{name}{day}{n}" for n in range(40))
    return Told(name, DAY + timedelta(days=day), text, claims, publisher)


def at(day: int) -> datetime:
    return DAY + timedelta(days=day, hours=1)


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with Shelf() as shelf:
        yield shelf


def whose(shelf: Shelf, day: int, name: str = "ZPA") -> str:
    """The key of the coalition that an article of a day means by a name."""
    report = shelf.read(told(f"asks{day}", day, claim(f"Member {day}", date="2024-03-10", coalition=name), publisher=f"House {day}"))
    return report.changes[0].coalition.key


def log(shelf: Shelf, columns: str = "name, stands_for, words, heeded, known_until IS NULL AS living") -> list[tuple[Any, ...]]:
    return [tuple(r.values()) for r in shelf.store.query(f"SELECT {columns} FROM definition_log ORDER BY known_from")]


def test_a_definition_is_shown_with_the_words_it_rests_on(shelf: Shelf) -> None:
    shelf.read(told("a", 0, DEFINITION, words=DEFINES))
    assert log(shelf) == [("ZPA", BODY, DEFINES, 1, 1)]
    assert whose(shelf, 1) == BODY.lower()


def test_a_definition_that_an_edit_takes_back_is_unlearned(shelf: Shelf) -> None:
    shelf.read(told("a", 0, DEFINITION, words=DEFINES))
    assert whose(shelf, 1) == BODY.lower()
    shelf.read(told("a", 0, PLAINLY), now=at(3))
    assert log(shelf) == [("ZPA", BODY, DEFINES, 0, 0)]
    assert whose(shelf, 4) == "zpa"


@pytest.mark.parametrize(("version", "living"), [("claims nothing of it", 1), ("says so in other words", 1), ("says so no more", 0)])
def test_what_still_stands_in_an_edited_article_is_still_said(shelf: Shelf, version: str, living: int) -> None:
    shelf.read(told("a", 0, DEFINITION, words=DEFINES))
    edited = {
        "claims nothing of it": told("a", 0, words=f"{DEFINES} It was a long day."),
        "says so in other words": told("a", 0, DEFINITION, words="ZPA, as the Zonal Pear Alliance is called, took Norvik Freight in."),
        "says so no more": told("a", 0, PLAINLY),
    }
    shelf.read(edited[version], now=at(3))
    assert [living for *_, living in log(shelf)] == [living]


def test_a_definition_stays_while_another_article_says_so(shelf: Shelf) -> None:
    shelf.read(told("a", 0, DEFINITION, words=DEFINES))
    shelf.read(told("b", 1, replace(DEFINITION, member="Altera Lines"), words=f"The {BODY} (ZPA) grows.", publisher="Quay News"))
    shelf.read(told("a", 0, PLAINLY), now=at(3))
    assert [(words, heeded) for _, _, words, heeded, _ in log(shelf)] == [(DEFINES, 1), (f"The {BODY} (ZPA) grows.", 1)]
    assert whose(shelf, 4) == BODY.lower()
    shelf.read(told("b", 1, replace(PLAINLY, member="Altera Lines"), publisher="Quay News"), now=at(5))
    assert whose(shelf, 6) == "zpa"


def test_what_is_said_again_is_learned_again(shelf: Shelf) -> None:
    shelf.read(told("a", 0, DEFINITION, words=DEFINES))
    shelf.read(told("a", 0, PLAINLY), now=at(3))
    shelf.read(told("a", 0, DEFINITION, words=f"{DEFINES} Again."), now=at(5))
    assert [(heeded, living) for *_, heeded, living in log(shelf)] == [(1, 0), (1, 1)]
    assert whose(shelf, 6) == BODY.lower()


def test_two_histories_that_a_definition_made_one_part_when_it_is_taken_back(shelf: Shelf) -> None:
    shelf.read(told("early", 0, claim("Altera Lines", date="2024-03-02", coalition="ZPA"), publisher="Quay News"))
    shelf.read(told("a", 1, DEFINITION, words=DEFINES))
    rows = "SELECT coalition, member FROM memberships ORDER BY member"
    assert [tuple(r.values()) for r in shelf.store.query(rows)] == [("zpa", "altera lines"), ("zpa", "norvik freight")]
    shelf.read(told("a", 1, PLAINLY), now=at(3))
    assert [tuple(r.values()) for r in shelf.store.query(rows)] == [("zpa", "altera lines"), (BODY.lower(), "norvik freight")]
    assert shelf.store.query("SELECT * FROM redirects") == []


def test_a_members_short_form_is_unlearned_too(shelf: Shelf) -> None:
    full = replace(claim("Norvik Freight Shipping", date="2024-03-01", coalition=BODY), member_aliases=("Norvik",))
    shelf.read(told("a", 0, full, words="Norvik Freight Shipping (Norvik) came in."))
    assert log(shelf, "name, stands_for, within") == [("Norvik", "Norvik Freight Shipping", BODY)]
    shelf.read(told("a", 0, replace(full, member_aliases=())), now=at(3))
    shelf.read(told("b", 4, claim("Norvik", date="2024-03-04", coalition=BODY), publisher="Quay News"))
    members = shelf.store.query("SELECT member FROM memberships ORDER BY member")
    assert [r["member"] for r in members] == ["norvik", "norvik freight shipping"]


def test_a_new_start_knows_what_the_run_knew(shelf: Shelf) -> None:
    shelf.read(told("a", 0, DEFINITION, words=DEFINES))
    shelf.read(told("a", 0, PLAINLY), now=at(3))
    assert "ZPA" not in {n.spelling for n in shelf.store.known_names()}


def test_a_newer_detector_that_finds_no_definition_unlearns_it(shelf: Shelf) -> None:
    shelf.read(told("a", 0, DEFINITION, words="Some words of the short and the long name."))
    url = next(iter(shelf.articles))
    shelf.articles[url] = replace(shelf.articles[url], claims=(PLAINLY,))
    shelf.version = "newer"
    redetect.redetect(shelf.parts, at(3))
    assert [living for *_, living in log(shelf)] == [0]
    assert whose(shelf, 4) == "zpa"
