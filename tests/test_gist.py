"""That the gist of a pair decides as all that was said of it does, however much is said, and that a store that reads it ends the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import memory
from pipeline.diff import derive, diff, gist, retellings, serves
from pipeline.diff.gist import ROOM
from pipeline.model import Event, Evidence, Membership, Role, Status
from tests.shelf import DAY, Shelf, Told, claim
from tests.test_diff import said

DATES = ["", "", "", "2023", "2024-02", "2024-02-10", "2024-03-01", "2024-06", "2025"]
QUOTES = ["as the log has it", "a correction: it was wrong", "became its chair", "said it denied that", "had reported"]
OF_MEMBER = ["member"] * 3 + ["joined"] * 2 + ["left", "suspended", "expelled", "will_join", "will_leave", "declined", "absent"]
OF_BODY = ["formed", "formed", "dissolved", "renamed", "suspended_operations"]
ROLES = ["", "", "", *map(str, Role)]


@st.composite
def articles(draw: Any, events: list[str]) -> list[tuple[Evidence, ...]]:
    """Articles in the order of their publication, most of which repeat what was said."""
    told, day = [], DAY.replace(hour=9)
    for number in range(draw(st.integers(2, 26))):
        day += timedelta(days=draw(st.sampled_from([0, 0, 1, 1, 2, 9, 40, 200])), minutes=1)
        publisher = draw(st.sampled_from("ABCDE"))
        story = draw(st.sampled_from([f"s{number}", f"s{number}", f"s{number}", "wire", "ticker"]))
        words = []
        for place in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
            e = said(
                "2024-01-01",
                draw(st.sampled_from(events)),
                draw(st.sampled_from(DATES)),
                status=draw(st.sampled_from(["completed"] * 6 + ["planned", "proposed", "denied"])),
                role=draw(st.sampled_from(ROLES)) if events is OF_MEMBER else "",
                words=draw(st.sampled_from([QUOTES[0]] * 4 + QUOTES)) + f" ({place})",
                other=draw(st.sampled_from(["", "Moss Pact", "Fern Pact"])) if events is OF_BODY else "",
            )
            words.append(_at(e, day, number, publisher, story, draw(st.sampled_from(["one", "two", "three", ""]))))
        told.append(tuple(words))
    return told


def _at(e: Evidence, day: Any, number: int, publisher: str, story: str, owner: str) -> Evidence:
    seen = day + timedelta(minutes=5)
    return replace(
        e, article=f"https://{publisher}.example/{number}", publisher=publisher, story=story, owner=owner, published=day, first_seen=seen,
        last_seen=seen,
    )  # fmt: skip


def shown(memberships: Sequence[Membership]) -> list[Any]:
    return [(m, [(s.standing, s.role, s.since, s.until, s.sources, s.evidence[0]) for s in m.spells]) for m in memberships]


def copies(known: Sequence[Evidence], fresh: Sequence[Evidence]) -> list[Evidence]:
    """What the store adds to a gist: of each statement and role in the same story what one article says."""
    first: dict[Any, str] = {}
    for e in known:
        if e.story == fresh[0].story:
            first.setdefault((e.log_key, e.role), e.article)
    return [e for e in known if e.article in first.values()]


@pytest.mark.parametrize("events", [OF_MEMBER, OF_BODY], ids=["member", "body"])
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_the_gist_decides_as_the_whole_does(events: list[str], data: st.DataObject) -> None:
    told = data.draw(articles(events))
    whole: list[Evidence] = []
    kept: list[Evidence] = []
    stories = 0
    for batch in told:
        now = batch[0].first_seen
        thin = list(dict.fromkeys([*kept, *copies(whole, batch)]))
        assert diff(thin, batch, now) == diff(whole, batch, now)
        whole += batch
        thin += batch
        kept += batch
        assert shown(derive(thin)) == shown(derive(whole))
        assert retellings(thin, batch) == retellings(whole, batch)
        if not serves(kept, stories) or data.draw(st.booleans()):
            found = gist(kept, stories) if serves(kept, stories) else gist(whole)
            kept, stories = list(found.evidence), found.stories


def test_what_is_only_repeated_is_left_out() -> None:
    said_again = [_at(said("2024-01-01", "member"), DAY + timedelta(days=n), n, f"P{n % 7}", f"s{n}", f"o{n % 7}") for n in range(500)]
    found = gist(said_again)
    assert len(found.evidence) <= 7 + ROOM + 2
    [whole], [few] = derive(said_again), derive(found.evidence)
    assert whole.spells[0].sources == few.spells[0].sources == 7
    assert serves(found.evidence, found.stories)
    more = [_at(said("2024-01-01", "member"), DAY + timedelta(days=900 + n), 900 + n, "P", f"n{n}", f"new{n}") for n in range(ROOM)]
    assert not serves((*found.evidence, *more), found.stories)


def test_a_pair_of_which_much_is_said_is_remembered_as_one_of_which_all_is_read() -> None:
    """The second shelf lets go of its gists before each article, so that it reads all that was ever said."""
    with Shelf() as shelf, Shelf() as whole:
        for number in range(memory.GIST_FROM * 3):
            article = _one_of_many(number)
            whole.store.db.execute("DELETE FROM gists")
            report, of_all = (s.read(article, now=DAY + timedelta(days=number, hours=2)) for s in (shelf, whole))
            assert [(c.id, c.before, c.after) for c in report.changes] == [(c.id, c.before, c.after) for c in of_all.changes]
        assert shelf.state() == whole.state()
        grown = [s.store.query("SELECT change, count(*) AS n FROM change_evidence GROUP BY change ORDER BY change") for s in (shelf, whole)]
        assert grown[0] == grown[1] and len(shelf.store.changes()) > 4
        [gist_of_it] = shelf.store.query("SELECT json_array_length(evidence) AS n FROM gists WHERE member <> ''")
        assert gist_of_it["n"] < memory.GIST_FROM * 2
        was = shelf.state()
        # What is older than all that is known, and what a person decides, is for the whole.
        for s in (shelf, whole):
            s.read(_one_of_many(-400, Event.LEFT, "2022-12"), now=DAY + timedelta(days=700))
        assert shelf.state() == whole.state() != was
        assert memory.rebuild(shelf.store, DAY + timedelta(days=800)) == 0


def _one_of_many(number: int, event: Event = Event.MEMBER, date: str = "") -> Told:
    event = {70: Event.WILL_LEAVE, 100: Event.LEFT, 130: Event.JOINED, 160: Event.SUSPENDED}.get(number, event)
    words = " ".join(f"w{number}x{n}" for n in range(40))
    said_of_body = (claim(None, Event.FORMED, "2001", status=Status.COMPLETED),) if number % 3 == 0 else ()
    return Told(f"a{number}", DAY + timedelta(days=number), words, (claim("Norvik Freight", event, date), *said_of_body), f"P{number % 9}")
