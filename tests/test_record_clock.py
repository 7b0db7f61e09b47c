"""What was known when: nothing that is learned later, taken back, edited or judged changes the answer about an earlier moment."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pipeline import cli, memory
from pipeline.model import Claim, Event, Role, Status, Verdict
from pipeline.store import Store
from tests.shelf import DAY, Shelf, Told, claim
from tests.test_cli import configured, document, refused
from tests.test_readme import README

COMPACT = "harbour data compact"
AGES = date(2030, 1, 1)
Step = Callable[[Shelf, datetime], object]


def told(name: str, *claims: Claim, day: int = 0, version: int = 0, publisher: str = "The Wire") -> Step:
    """The step in which an article is read, or another version of it."""
    words = " ".join(f"{name}{version}word{n}" for n in range(80))
    article = Told(name, DAY + timedelta(days=day), words, claims, publisher)
    return lambda shelf, now: shelf.read(article, now=now)


def judged(verdict: Verdict, member: str, value: str = "") -> Step:
    def judge(shelf: Shelf, now: datetime) -> object:
        rows = shelf.store.query("SELECT statement, member FROM statement_log WHERE event = 'joined' ORDER BY known_from")
        key = next(r["statement"] for r in rows if r["member"] == member)
        return memory.judge(shelf.store, replace(memory.about(shelf.store, verdict, key, value=value), by="ada", at=now), now)

    return judge


def undone(id: int) -> Step:
    return lambda shelf, now: memory.undo(shelf.store, id, "ada", now)


NORVIK = claim("Norvik Freight", date="2024-03-01")
STORIES: dict[str, tuple[Step, ...]] = {
    "withdrawn and said again": (told("a", NORVIK), told("a", version=1), told("a", NORVIK, version=2)),
    "withdrawn": (told("a", NORVIK, claim("Altera Lines", date="2024-03-02")), told("a", NORVIK, version=1)),
    "another role": (
        told("a", claim("Norvik Freight", date="2024-03-01", role=Role.OBSERVER)),
        told("a", claim("Norvik Freight", date="2024-03-01", role=Role.MEMBER), version=1),
        told("a", claim("Norvik Freight", date="2024-03-01", role=Role.FOUNDER), version=2),
    ),
    "another day of publication": (
        told("in", NORVIK),
        told("out", claim("Norvik Freight", Event.LEFT), day=5),
        told("out", claim("Norvik Freight", Event.LEFT), day=9, version=1),
    ),
    "a renaming that is withdrawn": (
        told("in", NORVIK),
        told("new", claim(None, Event.RENAMED, "2024-03-04", coalition="Open Harbour Compact", also=("Harbour Data Compact",))),
        told("one", claim("Altera Lines", date="2024-03-05", coalition="Open Harbour Compact")),
        told("new", version=1),
    ),
    "a definition that is withdrawn": (
        told("short", claim("Norvik Freight", date="2024-03-01", coalition="HDC")),
        told("long", claim("Altera Lines", date="2024-03-02", also=("HDC",))),
        told("more", claim("Selmer Rail", date="2024-03-03", coalition="HDC"), publisher="Quay News"),
        told("long", claim("Altera Lines", date="2024-03-02"), version=1),
        told("last", claim("Tern Shipping", date="2024-03-03", coalition="HDC"), publisher="Quay News"),
    ),
    "wrong, undone, and wrong again": (
        told("a", NORVIK, claim("Altera Lines", date="2024-03-02")),
        judged(Verdict.WRONG, "Norvik Freight"),
        undone(1),
        told("b", NORVIK, publisher="Quay News"),
        judged(Verdict.WRONG, "Norvik Freight"),
        told("a", claim("Norvik Freight", date="2024-03-01", role=Role.LEAD), version=1),
    ),
    "another role and another date": (
        told("a", NORVIK),
        judged(Verdict.ROLE, "Norvik Freight", "observer"),
        judged(Verdict.DATE, "Norvik Freight", "2024-02"),
        undone(1),
        told("a", claim("Norvik Freight", date="2024-03-01", role=Role.LEAD), version=1),
    ),
}


def moment_of(step: int) -> datetime:
    return DAY + timedelta(days=10 * (step + 1))


def play(shelf: Shelf, steps: tuple[Step, ...]) -> None:
    for number, step in enumerate(steps):
        step(shelf, moment_of(number))


def members(store: Store, known_at: datetime | None, as_of: date | None = AGES) -> list[tuple[Any, ...]]:
    found = memory.known(store, COMPACT, as_of, known_at)
    return sorted((m.coalition.key, m.member.key, m.standing, m.role or "", str(m.since), str(m.until)) for m in found)


def spells(store: Store, known_at: datetime | None) -> list[tuple[Any, ...]]:
    """The timeline, without what a party is called now."""
    return [
        (h.membership.member.key, s.role, s.since, s.until, s.standing, [(e.article, e.quote, e.published) for e in s.evidence])
        for h in memory.timeline(store, COMPACT, known_at)
        for s in h.membership.spells
    ]


def lines(store: Store, known_at: datetime) -> list[dict[str, Any]]:
    at = known_at.isoformat()
    return store.query(
        "SELECT known_from, statement, effective, event, status, role, published, words, url, counts, judged FROM statement_log"
        f" WHERE known_from <= '{at}' AND (known_until IS NULL OR known_until > '{at}') ORDER BY url, statement"
    )


@pytest.mark.parametrize("story", STORIES)
def test_what_was_known_then_is_what_a_store_that_stopped_then_knows(story: str) -> None:
    steps = STORIES[story]
    with Shelf() as later:
        play(later, steps)
        for number in range(len(steps)):
            asked = moment_of(number) + timedelta(days=5)
            with Shelf() as then:
                play(then, steps[: number + 1])
                for as_of in (AGES, date(2024, 3, 12)):
                    assert members(later.store, asked, as_of) == members(then.store, None, as_of), (number, as_of)
                assert lines(later.store, asked) == lines(then.store, asked), number
                assert spells(later.store, asked) == spells(then.store, None), number


@pytest.mark.parametrize("story", STORIES)
def test_the_lines_of_a_statement_do_not_overlap(story: str) -> None:
    with Shelf() as shelf:
        play(shelf, STORIES[story])
        rows = shelf.store.query("SELECT statement, url, known_from, known_until FROM statement_log ORDER BY statement, url, known_from")
    for one, other in pairwise(rows):
        if (one["statement"], one["url"]) == (other["statement"], other["url"]):
            assert one["known_until"] and one["known_until"] <= other["known_from"], (one, other)


def test_a_log_of_what_counted_heeds_the_judgements_that_held_then() -> None:
    with Shelf() as shelf:
        play(shelf, STORIES["wrong, undone, and wrong again"][:3])
        of_norvik = "SELECT known_from, known_until, counts, judged FROM statement_log WHERE member = 'Norvik Freight' ORDER BY 1"
        days = [moment_of(n).isoformat() for n in range(3)]
        assert [tuple(r.values()) for r in shelf.store.query(of_norvik)] == [
            (days[0], days[1], 1, None),
            (days[1], days[2], 0, "wrong"),
            (days[2], None, 1, None),
        ]


def test_a_judgement_without_a_date_does_not_reach_later_words_in_the_log_either() -> None:
    with Shelf() as shelf:
        told("a", claim("Norvik Freight"))(shelf, moment_of(0))
        judged(Verdict.WRONG, "Norvik Freight")(shelf, moment_of(1))
        told("b", claim("Norvik Freight"), day=300, publisher="Quay News")(shelf, DAY + timedelta(days=301))
        rows = shelf.store.query("SELECT url, counts FROM statement_log ORDER BY known_from")
    assert [(r["url"][-1], r["counts"]) for r in rows] == [("a", 1), ("a", 0), ("b", 1)]


def test_what_is_said_again_word_for_word_is_one_line_and_one_source() -> None:
    with Shelf() as shelf:
        told("a", NORVIK)(shelf, moment_of(0))
        told("a", NORVIK, version=1)(shelf, moment_of(1))
        assert len(shelf.store.query("SELECT * FROM statement_log")) == 1
        told("a", version=2)(shelf, moment_of(2))
        told("a", NORVIK, version=3)(shelf, moment_of(3))
        assert shelf.store.query("SELECT sources FROM current_membership") == [{"sources": 1}]
        assert shelf.store.query("SELECT count(*) AS n FROM evidence") == [{"n": 1}]
        before = shelf.state()
        assert memory.rebuild(shelf.store, moment_of(4)) == 0 and shelf.state() == before
        shelf.store.prune(moment_of(9), moment_of(9))
        assert members(shelf.store, moment_of(2) + timedelta(days=1)) == [] != members(shelf.store, moment_of(1))


@pytest.mark.parametrize(
    ("first", "then", "kinds"),
    [
        (Role.OBSERVER, Role.MEMBER, [("claim_corrected", "observer", "member")]),
        (Role.LEAD, Role.MEMBER, [("claim_corrected", "lead", "member")]),
        (None, Role.MEMBER, []),
        (Role.MEMBER, Role.MEMBER, []),
    ],
)
def test_another_role_after_an_edit_is_a_correction(first: Role | None, then: Role, kinds: list[tuple[str, str, str]]) -> None:
    with Shelf() as shelf:
        told("a", replace(NORVIK, role=first))(shelf, moment_of(0))
        told("a", replace(NORVIK, role=then), version=1)(shelf, moment_of(1))
        changes = shelf.store.changes()[1:]
        assert [(c.kind, c.before, c.after) for c in changes] == kinds
        assert shelf.store.memberships(COMPACT)[0].role is then
        before = shelf.state()
        assert memory.rebuild(shelf.store, moment_of(2)) == 0 and shelf.state() == before
        shelf.version = "newer"
        told("a", replace(NORVIK, role=Role.PARTNER), version=2)(shelf, moment_of(3))
        assert len(shelf.store.changes()) == 1 + len(kinds), "another version of the detector is no correction of the publisher's"


# In SQL.


@pytest.fixture
def configuration(tmp_path: Path) -> str:
    path = configured(tmp_path, "https://wire.example/feed.xml")
    (tmp_path / "store").mkdir()
    with Shelf(store=Store.open(tmp_path / "store" / "p.db")) as shelf:
        play(shelf, STORIES["wrong, undone, and wrong again"])
        told("exit", claim("Altera Lines", Event.LEFT, "2024-04-20"), day=60)(shelf, DAY + timedelta(days=61))
        told("plan", claim("Selmer Rail", Event.WILL_JOIN, "2024-09", status=Status.PLANNED), day=62)(shelf, DAY + timedelta(days=63))
    return path


@pytest.mark.parametrize("as_of", [None, "2024-03-03", "2024-05-01"])
@pytest.mark.parametrize("known_at", [None, "2024-03-10", "2024-03-20", "2024-03-30", "2024-04-20", "2024-06-01"])
def test_sql_answers_as_the_command_does(
    capsys: pytest.CaptureFixture[str], configuration: str, as_of: str | None, known_at: str | None
) -> None:
    clocks = [*(["--as-of", as_of] if as_of else []), *(["--known-at", known_at] if known_at else [])]
    said = document(capsys, "--config", configuration, "members", "Harbour Data Compact", *clocks, "--json")["members"]
    day, moment = (f"'{v}'" if v else "NULL" for v in (as_of, known_at))
    sql = f"SELECT m.value FROM json_each(members_at('Harbour Data Compact', {day}, {moment})) m"
    rows = document(capsys, "--config", configuration, "query", sql, "--json")
    assert sorted(json.loads(r["value"])["member"] for r in rows) == sorted(m["member"] for m in said)
    assert {m["member"]: m for m in map(json.loads, (r["value"] for r in rows))} == {m["member"]: m for m in said}


def test_sql_says_what_is_wrong_with_a_day(capsys: pytest.CaptureFixture[str], configuration: str) -> None:
    code, said = refused(capsys, "--config", configuration, "query", "SELECT members_at('Harbour Data Compact', 'no day', NULL)")
    assert code == cli.WRONG and "'no day' is no moment" in said
    rows = document(capsys, "--config", configuration, "query", "SELECT members_at('No Such Body', NULL, NULL) AS m", "--json")
    assert rows == [{"m": "[]"}]


def test_the_question_in_the_readme_is_answered(capsys: pytest.CaptureFixture[str], configuration: str) -> None:
    [sql] = re.findall(r"```sql\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    asked = sql.replace("AI Alliance", "harbour data compact").replace("2024-02-15", "2024-03-30")
    rows = document(capsys, "--config", configuration, "query", asked, "--json")
    assert rows == []  # on the first of March nobody had told of it
    rows = document(capsys, "--config", configuration, "query", asked.replace("2024-03-01", "2024-03-02"), "--json")
    assert rows == [{"member": "Altera Lines", "standing": "in", "role": None}]
