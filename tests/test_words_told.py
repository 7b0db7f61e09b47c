"""A change shows the words that it was told with, whatever its articles say by now, and says where they were edited since."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline import cycle, redetect, render
from pipeline.model import Change, ChangeKind
from tests.shelf import DAY, Shelf, Told, claim

FILLER = " ".join(f"word{n}" for n in range(80))
FIRST, SECOND, THIRD = "Norvik joined the pact.", "Norvik has joined the pact today.", "The pact has a new member, Norvik."


def told(*quotes: str, name: str = "a", days: int = 0, publisher: str = "The Wire") -> Told:
    claims = tuple(claim("Norvik", date="2024-03-05", quote=quote) for quote in quotes[:1])
    return Told(name, DAY + timedelta(days=days), f"{' '.join(quotes)} {name} {FILLER}", claims, publisher)


def at(hours: int) -> timedelta:
    return timedelta(hours=hours)


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with Shelf() as shelf:
        yield shelf


def of_kind(shelf: Shelf, kind: ChangeKind = ChangeKind.MEMBER_JOINED) -> Change:
    return next(c for c in shelf.store.changes() if c.kind is kind)


def words(shelf: Shelf, kind: ChangeKind = ChangeKind.MEMBER_JOINED) -> list[tuple[str, object]]:
    return [(e.quote, e.stood_until) for e in of_kind(shelf, kind).evidence]


def logged(shelf: Shelf, kind: str = "member_joined") -> list[object]:
    return [r["words"] for r in shelf.store.query(f"SELECT words FROM change_log WHERE kind = '{kind}'")]


def test_words_that_still_stand_are_shown_as_ever(shelf: Shelf) -> None:
    shelf.read(told(FIRST))
    shelf.read(told(FIRST, "More is known by now."), now=DAY + at(3))
    assert words(shelf) == [(FIRST, None)] and logged(shelf) == [FIRST]


def test_words_that_were_edited_are_shown_as_they_were_told(shelf: Shelf) -> None:
    shelf.read(told(FIRST))
    for hours, quote in ((3, SECOND), (6, THIRD)):
        assert shelf.read(told(quote), now=DAY + at(hours)).changes == ()
    assert words(shelf) == [(FIRST, DAY + at(3))] and logged(shelf) == [FIRST]
    assert shelf.store.evidence_of(shelf.store.article(told().url))[0].quote == THIRD  # type: ignore[arg-type]


def test_words_that_an_edit_put_back_stand(shelf: Shelf) -> None:
    for hours, quote in ((1, FIRST), (3, SECOND), (6, FIRST)):
        shelf.read(told(quote), now=DAY + at(hours))
    assert words(shelf) == [(FIRST, None)]


def test_words_that_were_withdrawn_are_said_to_be_edited_by_the_change_and_not_by_its_correction(shelf: Shelf) -> None:
    shelf.read(told(FIRST))
    shelf.read(replace(told("Nothing of the kind."), claims=()), now=DAY + at(3))
    assert words(shelf) == [(FIRST, DAY + at(3))]
    assert words(shelf, ChangeKind.CLAIM_CORRECTED) == [(FIRST, None)]


def test_a_correction_keeps_its_words_when_they_are_said_again_otherwise(shelf: Shelf) -> None:
    shelf.read(told(FIRST))
    shelf.read(replace(told("Nothing of the kind."), claims=()), now=DAY + at(3))
    shelf.read(told(SECOND), now=DAY + at(6))
    assert [quote for quote, _ in words(shelf, ChangeKind.CLAIM_CORRECTED)] == [FIRST] and logged(shelf, "claim_corrected") == [FIRST]
    assert {c.evidence[0].quote for c in shelf.store.changes() if c.kind is ChangeKind.MEMBER_JOINED} == {FIRST, SECOND}


def test_words_that_came_later_are_shown_as_they_came(shelf: Shelf) -> None:
    shelf.read(told(FIRST))
    other = told("Norvik is in, says the Quay.", name="b", days=1, publisher="Quay")
    shelf.read(other)
    shelf.read(replace(told("It is in.", name="b", days=1, publisher="Quay")), now=DAY + at(40))
    assert words(shelf) == [(FIRST, None), ("Norvik is in, says the Quay.", DAY + at(40))]


def test_what_a_newer_detector_reads_otherwise_was_not_edited(shelf: Shelf) -> None:
    shelf.read(told(FIRST, SECOND))
    url = next(iter(shelf.articles))
    shelf.articles[url] = replace(shelf.articles[url], claims=(claim("Norvik", date="2024-03-05", quote=SECOND),))
    shelf.version = "newer"
    redetect.redetect(shelf.parts, DAY + at(5))
    assert words(shelf) == [(FIRST, None)]


def test_a_digest_says_so_in_every_form(shelf: Shelf) -> None:
    shelf.read(told(FIRST))
    shelf.read(told(SECOND), now=DAY + at(3))
    page = cycle.make_digest(shelf.store, DAY, DAY + at(30))
    for form in (render.markdown(page), render.text(page), render.fragment(page)):
        assert FIRST in form and SECOND not in form and "edited since (5 March 2024)" in " ".join(form.replace("\\", "").split())
    (quotation,) = render.digest_document(page)["news"][0]["lines"][0]["quotes"]
    assert quotation["words"] == [FIRST] and quotation["edited"] == "2024-03-05"
    (document,) = render.change_document(of_kind(shelf))["evidence"]
    assert (document["quote"], document["edited"]) == (FIRST, (DAY + at(3)).isoformat())
