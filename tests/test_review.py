"""`pipeline review` and `pipeline timeline` as a person and a script meet them; and which names are taken for alike."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline import app, cli
from pipeline.likeness import alike
from pipeline.model import Event, Party, Status
from pipeline.resolve import Forms
from pipeline.store import Store
from pipeline.text import fold
from tests.shelf import DAY, Shelf, Told, claim

FORMS = Forms(vague=frozenset({"forum", "alliance", "compact", "council"}), legal=frozenset({("ag",), ("plc",)}))


@pytest.mark.parametrize(
    ("one", "other", "are"),
    [
        ("Norvik Freight", "Norvick Freight", True),
        ("Norvik Freight", "Norvik Freight AG", True),
        ("Freight Norvik", "Norvik Freight", True),
        ("Sea Grain Forum", "SeaGrain Forum", True),
        ("Corvane", "Corvane Pharmaceuticals", True),
        ("Sahel Grain Resilience Forum", "SGRF", True),
        ("Lantern", "Lantern Alliance", True),
        ("International Cocoa Council", "International Coffee Council", False),
        ("Kelp Forum II", "Kelp Forum III", False),
        ("Kelp Forum 2024", "Kelp Forum", False),
        ("Grimsay Kelp Forum", "Arvenne Kelp Forum", False),
        ("North Kelp Alliance", "South Kelp Alliance", False),
        ("Kelp Alliance", "Kelp Council", False),
        ("The Forum", "The Alliance", False),
        ("Port of Ghent", "Ports of Ghent", False),
        ("Tern", "Fern", False),
        ("NATO", "ATO", False),
        ("«»", "()", False),
    ],
)
def test_names_that_may_be_one(one: str, other: str, are: bool) -> None:
    parties = [(Party(fold(n) or n, n), 1) for n in (one, other)]
    assert bool(alike(parties, FORMS, frozenset({"grimsay", "arvenne", "ghent"}))) is are


def test_thousands_of_names_are_looked_through_in_seconds() -> None:
    parties = [(Party(f"k{n}", f"{chr(97 + n % 26)}older{n:04d}x Grain {chr(97 + n // 200 % 26)}uild"), 1) for n in range(5000)]
    began = datetime.now(UTC)
    alike(parties, FORMS, frozenset())
    assert datetime.now(UTC) - began < timedelta(seconds=30)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[str]:
    """A configuration whose store holds a joining, its denial, a rumour, and a name with a slip."""
    words = "The harbour office said so on Tuesday in a note of few words. "
    told = [
        Told("launch", DAY, words * 9, (claim("Norvik Freight", date="2024-03-05"), claim("Altera Lines", date="2024-03-05"))),
        Told("no", DAY + timedelta(days=9), f"No. {words * 5}", (claim("Altera Lines", status=Status.DENIED),), "Quay News"),
        Told("exit", DAY + timedelta(days=60), f"Out. {words * 3}", (claim("Norvick Freight", Event.LEFT, "2024-05-01", sure=0.5),)),
    ]
    with Shelf(store=Store.open(tmp_path / "store.db")) as shelf:
        for article in told:
            shelf.read(article)
    path = tmp_path / "p.toml"
    path.write_text('[store]\npath = "store.db"\n[[feeds]]\nname = "wire"\nurl = "https://wire.example/feed.xml"\n')
    yield str(path)


def run(place: str, *args: str, capsys: pytest.CaptureFixture[str], code: int = 0) -> str:
    assert cli.main(["--config", place, *args]) == code
    captured = capsys.readouterr()
    return captured.err if code else captured.out


def document(place: str, *args: str, capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(run(place, *args, "--json", capsys=capsys))


def test_a_person_decides_and_takes_it_back(place: str, capsys: pytest.CaptureFixture[str]) -> None:
    needs = document(place, "review", capsys=capsys)
    assert [(a["one"]["name"], a["other"]["name"]) for a in needs["alike"]] in (
        [("Norvik Freight", "Norvick Freight")],
        [("Norvick Freight", "Norvik Freight")],
    )
    assert [(u["member"], u["confidence"]) for u in needs["unsure"]] == [("Norvick Freight", 0.5)]
    assert [d["member"] for d in needs["disputed"]] == ["Altera Lines"] and len(needs["disputed"][0]["statements"]) == 2
    shown = run(place, "review", capsys=capsys)
    assert "Norvick Freight" in shown and needs["unsure"][0]["statement"] in shown and "disputed" in shown

    said = run(place, "review", "same", "Norvick Freight", "Norvik Freight", "--by", "ada", "--note", "a slip", capsys=capsys)
    assert "1. ada decided" in said and "a slip" in said and "- Norvik Freight in Harbour Data Compact: in" in said
    assert "+ Norvik Freight in Harbour Data Compact: out" in said
    [history] = document(place, "timeline", "norvick freight", capsys=capsys)["histories"]
    assert [(s["since"], s["until"], s["sources"]) for s in history["spells"]] == [("2024-03-05", "2024-05-01", 1)]  # both by one house
    for e in history["spells"][0]["evidence"]:
        assert e["quote"] and e["url"].startswith("https://") and e["publisher"] and e["statement"]

    denial = next(s["statement"] for s in needs["disputed"][0]["statements"] if s["status"] == "denied")
    done = document(place, "review", "wrong", denial[:8], "--by", "bo", capsys=capsys)
    assert (done["judgement"]["id"], done["judgement"]["by"], [m["standing"] for m in done["after"]]) == (2, "bo", ["in"])
    assert document(place, "review", capsys=capsys)["disputed"] == []
    log = document(place, "review", "log", capsys=capsys)["judgements"]
    assert [(j["verdict"], j["undone"]) for j in log] == [("same", None), ("wrong", None)]
    assert "undone" in run(place, "review", "undo", "1", capsys=capsys)
    assert document(place, "review", "log", capsys=capsys)["judgements"][0]["undone"]
    assert [a["likeness"] for a in document(place, "review", capsys=capsys)["alike"]] == [a["likeness"] for a in needs["alike"]]


def test_what_is_taken_back_is_a_change_that_names_the_judgement(place: str, capsys: pytest.CaptureFixture[str]) -> None:
    statement = document(place, "timeline", "Norvik Freight", capsys=capsys)["histories"][0]["steps"][0]["evidence"][0]["statement"]
    done = document(place, "review", "wrong", statement, capsys=capsys)
    assert [(c["kind"], c["judgement"]) for c in done["changes"]] == [("claim_corrected", 1)]
    assert "that is taken back (judgement 1)" in run(place, "changes", "--since", "1d", capsys=capsys)


@pytest.mark.parametrize(
    ("args", "code", "why"),
    [
        (("review", "same", "Nobody", "Norvik Freight"), 1, "nothing was said"),
        (("review", "same", "Norvik Freigh", "Altera Lines"), 1, "norvik freight"),
        (("review", "wrong", "zzzz"), 2, "no statement"),
        (("review", "undo", "9"), 2, "no judgement 9"),
        (("review", "--below", "7"), 2, "from 0 to 1"),
        (("timeline", " "), 2, "empty"),
        (("timeline", "Nobody"), 1, "nothing was said"),
        (("members", "Harbour Data Compact", "--known-at", "soonish"), 2, "no moment"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    place: str, args: tuple[str, ...], code: int, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = run(place, *args, capsys=capsys, code=code)
    assert why in said and said.count("\n") == 1


def test_members_as_they_were_known(place: str, capsys: pytest.CaptureFixture[str]) -> None:
    def members(*args: str) -> dict[str, str]:
        found = document(place, "members", "Harbour Data Compact", *args, capsys=capsys)
        return {m["member"]: m["standing"] for m in found["members"]}

    assert members("--known-at", "2024-03-06") == {"Norvik Freight": "in", "Altera Lines": "in"}
    assert "Altera Lines" not in {m for m, s in members("--known-at", "2024-04-01").items() if s == "in"}
    assert members("--known-at", "2024-01-01") == {}
    shown = run(place, "timeline", "Harbour Data Compact", "--known-at", "2024-03-06", capsys=capsys)
    assert "    2024-03-05: joined" in shown and "Norvick" not in shown


def test_places_and_forms_come_with_the_package() -> None:
    assert {"ghana", "ghanaian", "accra"} <= app.load_places() and "alliance" in app.load_forms().vague
