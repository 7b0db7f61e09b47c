"""Memberships in other programs' forms: the schemata they must keep to, the words they rest on, and the same lines every time."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipeline import cli, diff, export
from pipeline.model import Event, Party, Role, Statement, Status
from pipeline.model import PartialDate as Day
from tests.made import MORNING, party, words
from tests.test_cli import configured, refused

COMPACT = party("Harbour Compact")
FRANCE = Party("state:FRA", "France")

EXPECTED_PROPERTIES = {
    "Organization": {"name", "alias", "incorporationDate", "dissolutionDate"},
    "PublicBody": {"name"},
    "Article": {"title", "publishedAt", "sourceUrl", "publisher"},
    "Membership": {
        "member", "organization", "role", "status", "startDate", "endDate", "description", "sourceUrl", "publisher", "proof",
        "retrievedAt", "recordId",
    },
}  # fmt: skip
"""A part of the properties of these schemata in FollowTheMoney 4.11, against whose own model the output was checked once."""


def said(member: Party | None, event: Event, when: str = "", url: str = "https://wire.example/a", **more: Any) -> Any:
    statement = Statement(COMPACT, member, event, Status.COMPLETED, Day.parse(when) if when else None)
    quote = f"{member.name if member else 'It'} {event}"
    return replace(words(quote, url=url), statement=statement, coalition_said="the Compact of Harbours", **more)


EVIDENCE = (
    said(None, Event.FORMED, "2020"),
    said(None, Event.FORMED, "2020", "https://other.example/f"),
    said(None, Event.FORMED, "2021", "https://third.example/f"),
    said(party("Norvik"), Event.JOINED, "2021-03", role=Role.FOUNDER),
    said(party("Norvik"), Event.LEFT, "2022"),
    said(party("Norvik"), Event.JOINED, "2024-05-02", "https://other.example/b", confidence=0.7),
    said(FRANCE, Event.MEMBER, "", "import:members.csv"),
    said(party("Altera"), Event.DECLINED, ""),
)


def bodies() -> list[export.Body]:
    return [export.Body(COMPACT, diff.derive(EVIDENCE), EVIDENCE, {"https://wire.example/a": "Norvik joins"})]


def lines(form: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in export.FORMATS[form](bodies())]


def test_follow_the_money_has_entities_before_the_memberships_that_speak_of_them() -> None:
    entities = lines("ftm")
    seen: set[str] = set()
    for entity in entities:
        assert entity.keys() == {"id", "schema", "properties"}
        assert entity["properties"].keys() <= EXPECTED_PROPERTIES[entity["schema"]]
        assert all(isinstance(v, str) and v for values in entity["properties"].values() for v in values)
        for reference in ("member", "organization", "proof"):
            assert set(entity["properties"].get(reference, ())) <= seen
        assert entity["id"] not in seen
        seen.add(entity["id"])
    assert [e["schema"] for e in entities].count("Membership") == 3
    assert {e["schema"] for e in entities} == EXPECTED_PROPERTIES.keys()


def test_each_spell_is_a_membership_with_its_words_and_sources() -> None:
    entities = {e["id"]: e for e in lines("ftm")}
    spells = [e["properties"] for e in entities.values() if e["schema"] == "Membership"]
    names = [entities[s["member"][0]]["properties"]["name"][0] for s in spells]
    assert names == ["Norvik", "Norvik", "France"]
    first, second, third = spells
    assert (first["role"], first["startDate"], first["endDate"], first["status"]) == (["founder"], ["2021-03"], ["2022"], ["out"])
    assert first["description"] == ["Norvik joined", "Norvik left"]
    assert (second["startDate"], second["sourceUrl"], "endDate" in second) == (["2024-05-02"], ["https://other.example/b"], False)
    assert "sourceUrl" not in third and entities[third["proof"][0]]["schema"] == "Article"
    assert entities[first["proof"][0]]["properties"] == {
        "title": ["Norvik joins"],
        "publishedAt": [MORNING.date().isoformat()],
        "sourceUrl": ["https://wire.example/a"],
        "publisher": ["Example Wire"],
    }
    coalition = entities[first["organization"][0]]["properties"]
    assert coalition == {"name": ["Harbour Compact"], "alias": ["the Compact of Harbours"], "incorporationDate": ["2020"]}


def test_popolo_has_organizations_and_memberships_with_sources() -> None:
    things = lines("popolo")
    assert {t["@type"] for t in things} == {"Organization", "Membership"}
    whole, *_ = things
    assert (whole["name"], whole["founding_date"], whole["other_names"]) == (
        "Harbour Compact",
        "2020",
        [{"name": "the Compact of Harbours"}],
    )
    spell = next(t for t in things if t["@type"] == "Membership")
    assert (spell["organization_id"], spell["member"]["name"], spell["role"]) == (whole["id"], "Norvik", "founder")
    assert (spell["start_date"], spell["end_date"]) == ("2021-03", "2022")
    assert spell["sources"] == [
        {"url": "https://wire.example/a", "note": "Norvik joined"},
        {"url": "https://wire.example/a", "note": "Norvik left"},
    ]


def test_csv_is_a_list_that_can_be_imported_again() -> None:
    from pipeline import intake

    text = "".join(export.table(bodies()))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(r["member"], r["role"], r["since"], r["until"], r["standing"]) for r in rows] == [
        ("Norvik", "founder", "2021-03", "2022", "out"),
        ("Norvik", "founder", "2024-05-02", "", "in"),
        ("France", "", "", "", "in"),
    ]
    again = intake.read(text, date(2026, 1, 1))
    assert [(r.member, str(r.since or "")) for r in again.rows] == [("Norvik", "2021-03"), ("Norvik", "2024-05-02"), ("France", "")]
    assert again.skipped == ()


def test_who_never_was_a_member_is_counted_and_stands_among_the_statements() -> None:
    assert export.left_out(bodies()) == {"declined": 1}
    assert "Altera" not in "".join(export.table(bodies()))
    declined = next(s for s in lines("statements") if s["event"] == "declined")
    assert declined["member"]["name"] == "Altera" and declined["evidence"][0]["quote"] == "Altera declined"


def test_statements_are_all_that_counts_each_with_its_evidence() -> None:
    found = lines("statements")
    assert {(s["event"], s["date"], (s["member"] or {}).get("name"), len(s["evidence"])) for s in found} == {
        ("joined", "2021-03", "Norvik", 1),
        ("left", "2022", "Norvik", 1),
        ("joined", "2024-05-02", "Norvik", 1),
        ("member", None, "France", 1),
        ("declined", None, "Altera", 1),
        ("formed", "2020", None, 2),
        ("formed", "2021", None, 1),
    }
    assert len(found) == 7 and {s["status"] for s in found} == {"completed"}
    denied = replace(said(party("Norvik"), Event.LEFT), statement=Statement(COMPACT, party("Norvik"), Event.LEFT, Status.DENIED))
    planned = replace(
        said(FRANCE, Event.WILL_LEAVE), statement=Statement(COMPACT, FRANCE, Event.WILL_LEAVE, Status.PLANNED, Day.parse("2030"))
    )
    absent = said(party("Selmer"), Event.ABSENT)
    body = replace(bodies()[0], evidence=(denied, planned, absent))
    more = [json.loads(line) for line in export.statements([body])]
    assert {(s["event"], s["status"], s["date"]) for s in more} == {
        ("left", "denied", None),
        ("will_leave", "planned", "2030"),
        ("absent", "completed", None),
    }
    assert len({s["id"] for s in (*found, *more)}) == len(found) + len(more)


def test_parties_of_statements_are_those_of_the_memberships() -> None:
    ids = {t["id"] for t in lines("popolo") if t["@type"] == "Organization"} | {e["id"] for e in lines("ftm")}
    assert {s["coalition"]["id"] for s in lines("statements")} <= ids
    assert {s["member"]["id"] for s in lines("statements") if s["member"] and s["member"]["name"] != "Altera"} <= ids


def test_the_order_of_the_evidence_does_not_count() -> None:
    turned = [replace(bodies()[0], evidence=EVIDENCE[::-1], memberships=diff.derive(EVIDENCE[::-1]))]
    for form in export.FORMATS.values():
        assert list(form(turned)) == list(form(bodies()))


def test_the_command_writes_a_whole_file_or_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = configured(tmp_path, "https://wire.example/feed.xml")
    members = tmp_path / "members.csv"
    members.write_text("coalition,member,since\nKelp Charter,Norvik,2021\n", encoding="utf-8")
    assert cli.main(["--config", config, "import", str(members)]) == cli.DONE
    out = tmp_path / "out.jsonl"
    for form in export.FORMATS:
        capsys.readouterr()
        assert cli.main(["--config", config, "export", "--format", form, "-o", str(out)]) == cli.DONE
        written = out.read_text(encoding="utf-8")
        assert cli.main(["--config", config, "export", "--format", form]) == cli.DONE
        assert capsys.readouterr().out == written
        assert "Norvik" in written
    code, told = refused(capsys, "--config", config, "export", "-o", str(tmp_path / "none" / "out.jsonl"))
    assert code == cli.FAILED and "cannot be written" in told
    assert not list(tmp_path.glob(".*.part"))
