"""Independent sources are counted by stories and by owners, and who owns what can be said in the configuration."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pipeline import app, memory
from pipeline.model import Owner
from pipeline.owners import Owners
from tests.shelf import DAY, Shelf, Told, claim

LISTED = app.load_owners()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("BBC News", "https://www.bbc.co.uk/news/1"), ("BBC World", "https://feeds.bbci.co.uk/2"), True),
        (("The Times", "https://www.thetimes.com/1"), ("MarketWatch", "https://www.marketwatch.com/2"), True),
        (("Reuters", "https://wire.example/1"), ("", "https://www.reuters.com/2"), True),
        (("Quay News", "https://news.quay.example/1"), ("Quay Blog", "https://blog.quay.example/2"), True),
        (("News", "https://quay.co.uk/1"), ("News", "https://tern.co.uk/2"), False),
        (("Ada", "https://ada.substack.com/p/1"), ("Bo", "https://bo.substack.com/p/1"), False),
        (("Ada", "https://medium.com/@ada/1"), ("Bo", "https://medium.com/@bo/1"), False),
        (("The Wire", "http://127.0.0.1:8080/1"), ("Quay News", "http://127.0.0.1:8080/2"), False),
        (("The Wire", "import:list.csv"), ("the wire", "import:other.csv"), True),
    ],
)
def test_who_belongs_together(one: tuple[str, str], other: tuple[str, str], same: bool) -> None:
    assert (LISTED.of(*one) == LISTED.of(*other)) is same


def test_the_configuration_goes_before_the_list() -> None:
    own = app.load_owners((Owner("Mine", ("bbc.co.uk", "Quay News")),))
    assert (
        own.of("BBC", "https://www.bbc.co.uk/1")
        == own.of("Quay News", "https://q.example/1")
        == "Mine"
        != own.of("BBC", "https://bbc.com/")
    )
    assert own.fingerprint != LISTED.fingerprint == app.load_owners().fingerprint


def _told(name: str, publisher: str, days: int) -> Told:
    words = " ".join(f"{name}{n} Norvik Freight joined the Harbour Data Compact, the {publisher} says." for n in range(12))
    return Told(name, DAY + timedelta(days=days), words, (claim("Norvik Freight", date="2024-03-05"),), publisher)


def test_stories_of_one_owner_are_one_source_and_another_listing_counts_anew() -> None:
    with Shelf() as shelf:
        shelf.read(_told("a", "The Wire", 0), _told("b", "The Wire", 2), _told("c", "Quay News", 3), _told("d", "Tern Times", 4))

        def counts() -> set[int]:
            views = {
                view: shelf.store.query(f"SELECT sources FROM {view}") for view in ("change_log", "current_membership", "membership_spells")
            }
            [change] = shelf.store.changes()
            return {change.sources, *(row["sources"] for rows in views.values() for row in rows)}

        assert counts() == {3}
        memory.complete(shelf.store, DAY, Owners([Owner("Port Media", ("quaynews.example", "The Wire"))]))
        assert counts() == {2}
        assert memory.rebuild(shelf.store, DAY) == 0 and counts() == {2}
