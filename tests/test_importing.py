"""Lists of members: what is read of them, what is left out and why, and what the store knows afterwards without telling it as news."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline import app, cli, diff, intake
from pipeline.errors import ParseError
from pipeline.importing import ImportReport, Origin, import_list
from pipeline.model import Owner, Role, Skipped, Standing, independent
from pipeline.owners import Owners
from pipeline.resolve import Identities
from pipeline.store import Store
from tests.test_cli import configured, document, refused

AS_OF = date(2024, 6, 30)
NOW = datetime(2024, 7, 1, 9, tzinfo=UTC)
LIST = """# Members of the Kelp Charter
coalition,member,role,since,until,source
Kelp Charter,Norvik Freight,founder,2021-03-05,,
Kelp Charter,Altera Lines,member,2021-03-05,2023,https://kelp.example/history
"Kelp Charter","Port of Ghent, Belgium",observer,2022,,
Kelp Charter,Quorra Shipping,,,,
"""


def read(text: str, **more: Any) -> intake.MemberList:
    return intake.read(text, AS_OF, **more)


# Reading.


@pytest.mark.parametrize(
    "text",
    [
        "coalition,member,since\nKelp Charter,Norvik,2021\n",
        "since;who;where\n2021;Norvik;Kelp Charter\n",
        "Organisation\tMember\tStart Date\nKelp Charter\tNorvik\t2021\n",
        "# a note\n\nbody,company,from\n\nKelp Charter, Norvik ,2021\n",
        '[{"member": "Norvik", "coalition": "Kelp Charter", "since": 2021}]',
        '{"title": "x", "memberships": [{"who": "Norvik", "where": "Kelp Charter", "start_date": "2021"}]}',
    ],
)
def test_columns_stand_in_any_order_under_several_names(text: str) -> None:
    listed = read(text)
    assert [(r.coalition, r.member, str(r.since)) for r in listed.rows] == [("Kelp Charter", "Norvik", "2021")]
    assert listed.skipped == ()


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("Kelp Charter,,2021,,", "names no member"),
        (",Norvik,2021,,", "names no coalition"),
        ("Kelp Charter,Norvik,soon,,", "no usable since: 'soon' is no date"),
        ("Kelp Charter,Norvik,2021-02-30,,", "no usable since"),
        ("Kelp Charter,Norvik,2021,2020,", "ends (2020) before it begins (2021)"),
        ("Kelp Charter,Norvik,2025,,", "begins (2025) after the day for which the list speaks (2024-06-30)"),
        ("Kelp Charter,Norvik,2021,,janitor", "unknown role 'janitor'"),
        ("Kelp Charter,Norvik, Ltd,2021,,member", "has 6 fields where the header has 5"),
        (f"Kelp Charter,{'N' * 301},2021,,", "a name of more than 300 characters"),
        ("Kelp Charter,---,2021,,", "names no member"),
    ],
)
def test_a_bad_row_is_told_with_its_line_and_the_rest_is_read(row: str, why: str) -> None:
    listed = read(f"coalition,member,since,until,role\nKelp Charter,Altera,2020,,\n{row}\nKelp Charter,Quorra,2020,,\n")
    assert [r.member for r in listed.rows] == ["Altera", "Quorra"]
    assert [s.what for s in listed.skipped] == ["line 3"]
    assert why in listed.skipped[0].why


def test_lines_are_counted_over_comments_and_over_rows_of_several_lines() -> None:
    listed = read('# one\n# two\ncoalition,member,since\n"Kelp\nCharter",Norvik,2021\nKelp Charter,Altera,when\n')
    assert [(r.line, r.coalition) for r in listed.rows] == [("line 4", "Kelp Charter")]
    assert listed.skipped[0].what == "line 6"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds nothing"),
        ("# only\n", "comments only"),
        ("[1, 2", "is no JSON"),
        ('{"a": 1}', "is no list"),
        ("[" * 100_000, "is no JSON"),
    ],
)
def test_what_is_no_list_is_refused(text: str, said: str) -> None:
    with pytest.raises(ParseError, match=said):
        read(text)


def test_columns_that_mean_nothing_are_named_and_a_missing_one_is_told() -> None:
    assert read("coalition,member,budget\nKelp Charter,Norvik,3\n").unknown_columns == ("budget",)
    assert read("coalition,budget\nKelp Charter,3\n").skipped == (Skipped("line 2", "has no member: name a column member or who or state"),)
    assert read("member\nNorvik\n").skipped[0].why.startswith("names no coalition: name a column")
    assert [r.coalition for r in read("member\nNorvik\n", coalition="Kelp Charter").rows] == ["Kelp Charter"]


@pytest.mark.parametrize(
    ("rows", "course", "merged"),
    [
        ("2000,2005,member 2007,,member", "2000-2005 2007-", 0),
        ("2000,2005,member 2006,,member", "2000-", 1),
        ("2000,2005,member 2003,2004,member", "2000-2005", 1),
        ("2003,,member 2000,2001,member", "2000-2001 2003-", 0),
        ("2000,2005,observer 2006,,member", "2000-2005 2006-", 0),
        ("2000,2005,member 2006,,observer", "2000-2005 2006-", 0),
        ("2000,2005,member 2004,,observer", "2000-", 1),
        ("2000,2005-06-30,member 2005-07-01,,member", "2000-", 1),
        ("2000,2005-06-30,member 2005-07-02,,member", "2000-2005-06-30 2005-07-02-", 0),
        (",,member 2003,2004,member", "-", 1),
    ],
)
def test_spells_that_touch_are_one(rows: str, course: str, merged: int) -> None:
    text = "coalition,member,since,until,role\n" + "".join(f"Kelp Charter,Norvik,{row}\n" for row in rows.split())
    found, joined = intake.spells(read(text).rows)
    assert (" ".join(f"{s.since or ''}-{s.until or ''}" for s in found), joined) == (course, merged)


# Taking in.


def take(store: Store, text: str = LIST, name: str = "members.csv", now: datetime = NOW, **more: Any) -> ImportReport:
    identities = Identities(store.known_names())
    return import_list(store, identities, read(text), Origin(name, AS_OF), now, **more)


def standing(store: Store) -> dict[str, tuple[str, str, str, str]]:
    return {
        m.member.name: (m.standing.value, m.role or "", str(m.since or ""), str(m.until or ""))
        for c in store.coalitions()
        for m in store.memberships(c.key)
    }


def test_a_list_is_known_with_its_rows_for_evidence_and_raises_nothing() -> None:
    with Store.open(None) as store:
        report = take(store)
        assert (report.rows, report.new, report.memberships, report.coalitions, report.members, report.skipped) == (4, 5, 4, 1, 4, ())
        assert standing(store) == {
            "Norvik Freight": ("in", "founder", "2021-03-05", ""),
            "Altera Lines": ("out", "member", "2021-03-05", "2023"),
            "Port of Ghent, Belgium": ("in", "observer", "2022", ""),
            "Quorra Shipping": ("in", "", "", ""),
        }
        told = store.evidence_about([c.key for c in store.coalitions()])
        assert {e.quote for e in told if e.statement.member and e.statement.member.name == "Altera Lines"} == {LIST.splitlines()[3]}
        assert {e.article for e in told} == {"import:members.csv", "https://kelp.example/history#import=members.csv"}
        assert {e.publisher for e in told} == {"members.csv", "kelp.example"}
        assert {e.said_on() for e in told} == {AS_OF}
        for row in store.query("SELECT a.text, c.quote, c.start, c.because FROM claims c JOIN articles a ON a.id = c.article"):
            assert row["text"][row["start"] :].startswith(row["quote"])
            assert row["because"].startswith('["line ')
        counts = store.counts()
        assert (counts["changes"], counts["alerts"], counts["deliveries"]) == (0, 0, 0)


def test_a_list_and_the_news_of_its_house_are_one_source(tmp_path: Path) -> None:
    owners = Owners([Owner("Quay Media", ("quay.example",))])
    text = "coalition,member,since,source\nKelp Charter,Norvik,2020,https://lists.quay.example/kelp\n"
    with Store.open(tmp_path / "p.db") as store:
        take(store, text, owners=owners)
        assert [r["owner"] for r in store.query("SELECT owner FROM articles")] == ["Quay Media"]
        [known] = store.evidence_about([c.key for c in store.coalitions()])
        assert known.owner == "Quay Media"
        assert independent((known, replace(known, article="https://quay.example/news", story="another"))) == 1


def test_the_same_list_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "p.db"
    with Store.open(path) as store:
        take(store)
        before = list(store.db.conn.iterdump())
        again = take(store, now=NOW + timedelta(days=9))
        assert (again.new, again.known, again.withdrawn) == (0, 5, 0)
        assert list(store.db.conn.iterdump()) == before


def test_an_edited_list_adds_what_is_new_and_withdraws_what_it_says_no_longer() -> None:
    with Store.open(None) as store:
        take(store)
        edited = LIST.replace("Quorra Shipping,,,,", "Brakmoor,,2024,,")
        report = take(store, edited, now=NOW + timedelta(days=1))
        assert (report.new, report.known, report.withdrawn) == (1, 4, 1)
        assert standing(store).keys() == {"Norvik Freight", "Altera Lines", "Port of Ghent, Belgium", "Brakmoor"}
        assert store.counts()["changes"] == 0


def test_a_trial_says_what_would_be_and_changes_nothing() -> None:
    with Store.open(None) as store:
        before = list(store.db.conn.iterdump())
        report = take(store, trial=True)
        assert (report.new, report.memberships) == (5, 4)
        assert list(store.db.conn.iterdump()) == before


def test_two_lists_of_one_source_stand_side_by_side() -> None:
    with Store.open(None) as store:
        take(store, "coalition,member,source\nKelp Charter,Norvik,https://kelp.example/\n", "a.csv")
        take(store, "coalition,member,source\nKelp Charter,Altera,https://kelp.example/\n", "b.csv")
        assert standing(store).keys() == {"Norvik", "Altera"}


def test_what_was_imported_is_no_news_when_an_article_tells_it() -> None:
    with Store.open(None) as store:
        take(store)
        coalition = store.find_coalition("Kelp Charter")
        assert coalition
        known = store.evidence_about([coalition.key])
        joined = next(e for e in known if e.statement.member and e.statement.member.name == "Norvik Freight")
        from dataclasses import replace

        story = replace(joined, article="https://wire.example/a", story="s", quote="Norvik, a founder of the charter", detector="d")
        assert diff.diff(known, [story], NOW) == ()


def test_an_end_that_is_still_to_come_is_a_plan() -> None:
    with Store.open(None) as store:
        take(store, "coalition,member,since,until\nKelp Charter,Norvik,2021,2027\n")
        assert standing(store) == {"Norvik": ("leaving", "", "2021", "")}


def test_rows_whose_member_is_the_coalition_itself_are_told() -> None:
    with Store.open(None) as store:
        report = take(store, "coalition,member\nKelp Charter,Norvik\nKelp Charter,the Kelp Charter\n")
        assert report.skipped == (Skipped("line 3", "a coalition is no member of itself"),)


# The set that comes along.


@pytest.fixture(scope="module")
def igo() -> Any:
    with Store.open(None) as store:
        bundled = app.bundled_list("igo")
        assert bundled
        listed, origin = bundled
        identities = app.load_identities()
        report = import_list(store, identities, listed, origin, NOW)
        yield store, listed, report


def test_every_spell_of_the_set_is_read_and_taken_in(igo: Any) -> None:
    store, listed, report = igo
    assert (len(listed.rows), listed.skipped, listed.unknown_columns, report.skipped) == (18_927, (), (), ())
    assert report.new == store.counts()["evidence"] > 22_000
    assert (store.counts()["changes"], store.counts()["alerts"]) == (0, 0)
    assert "Correlates of War" in listed.notes


@pytest.mark.parametrize(
    ("coalition", "member", "expected"),
    [
        ("Association of African Central Banks", "Cameroon", (Standing.IN, "1990", "", "1977-1988 1990-")),
        ("North American Free Trade Agreement", "Canada", (Standing.IN, "1993", "", "1993-")),
        ("Warsaw Treaty Organization", "Albania", (Standing.OUT, "1955", "1968", "1955-1968")),
        ("European Organization for Nuclear Research", "Germany", (Standing.IN, "1955", "", "1955-")),
        ("African Union", "Republic of the Congo", (Standing.IN, "2002", "", "2002-")),
        ("African Union", "Democratic Republic of the Congo", (Standing.IN, "2006", "", "2002-2002 2006-")),
    ],
)
def test_spells_of_the_set_are_the_memberships(igo: Any, coalition: str, member: str, expected: tuple[Standing, str, str, str]) -> None:
    store, _, _ = igo
    found = store.find_coalition(coalition)
    assert found, coalition
    derived = diff.derive(store.evidence_about([found.key]))
    m = next(m for m in derived if m.member.name == member)
    spells = " ".join(f"{s.since or ''}-{s.until or ''}" for s in m.spells)
    assert (m.standing, str(m.since or ""), str(m.until or ""), spells) == expected


def test_the_set_that_is_shipped_has_its_source() -> None:
    text = app._knowledge("igo_memberships.csv")
    assert text.startswith("# Membership spells") and "Correlates of War" in text.splitlines()[1]
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    names = {row["acronym"] for row in csv.DictReader(line for line in app._knowledge("igos.csv").splitlines() if not line.startswith("#"))}
    assert len(rows) == 18_927 and {row["acronym"] for row in rows} <= names


# The command.


def test_the_command_takes_in_a_list_and_tells_bad_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = configured(tmp_path, "https://wire.example/feed.xml")
    path = tmp_path / "members.csv"
    path.write_text(LIST + "Kelp Charter,Nobody,member,never,,\n", encoding="utf-8")
    trial = document(capsys, "--config", config, "import", str(path), "--as-of", "2024-06-30", "--dry-run", "--json")
    assert (trial["imported"], trial["statements"], trial["skipped"][0]["what"]) == (
        False,
        {"new": 5, "known": 0, "withdrawn": 0},
        "line 7",
    )
    assert cli.main(["--config", config, "import", str(path), "--as-of", "2024-06-30", "--source", "https://kelp.example/list"]) == cli.DONE
    said = capsys.readouterr()
    assert "line 7: has no usable since" in said.err
    assert "5 rows, 1 left out; 4 memberships of 4 members in 1 coalition" in said.out
    rows = document(capsys, "--config", config, "members", "Kelp Charter", "--json")["members"]
    assert {(r["member"], r["standing"]) for r in rows} >= {("Norvik Freight", "in"), ("Altera Lines", "out")}
    changes = document(capsys, "--config", config, "changes", "--since", "ever", "--json")
    assert changes["changes"] == []


@pytest.mark.parametrize(
    ("content", "args", "code", "said"),
    [
        (None, (), cli.WRONG, "cannot be read"),
        (b"coalition,member\nKelp,\xff\xfe\n", (), cli.WRONG, "no UTF-8"),
        (b"{}", (), cli.FAILED, "is no list"),
        (b"coalition,member\nKelp Charter,Norvik\n", ("--as-of", "someday or other"), cli.WRONG, "no moment"),
    ],
)
def test_what_cannot_be_taken_in_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, args: tuple[str, ...], code: int, said: str
) -> None:
    path = tmp_path / "list.csv"
    if content is not None:
        path.write_bytes(content)
    found = refused(capsys, "--config", configured(tmp_path, "https://wire.example/feed.xml"), "import", str(path), *args)
    assert found[0] == code and said in found[1]


def test_a_list_without_one_good_row_fails_and_tells_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "list.json"
    path.write_text(json.dumps([{"member": ""}, {"member": "Norvik"}]), encoding="utf-8")
    assert cli.main(["--config", configured(tmp_path, "https://wire.example/feed.xml"), "import", str(path)]) == cli.FAILED
    assert [line.split(":")[0] for line in capsys.readouterr().err.splitlines()] == ["row 1", "row 2", "pipeline"]


def test_roles_of_a_list_are_read_as_people_write_them() -> None:
    rows = read("coalition,member,role\nKelp,A,Founding Member\nKelp,B,ASSOCIATE\nKelp,C,\n").rows
    assert [r.role for r in rows] == [Role.FOUNDER, Role.PARTNER, None]


def test_what_is_imported_is_found_by_the_names_that_news_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = configured(tmp_path, "https://wire.example/feed.xml")
    listed = tmp_path / "list.csv"
    listed.write_text("where,who,since\nNorth Atlantic Treaty Organization,Iceland,1949\nKelp Charter,Norlund Shipping A/S,2020\n")
    assert cli.main(["--config", config, "import", str(listed)]) == cli.DONE
    capsys.readouterr()
    found = document(capsys, "--config", config, "members", "NATO", "--as-of", "1950-01-01", "--json")
    assert [(m["member"], m["since"]) for m in found["members"]] == [("Iceland", "1949")]
    by_capital = document(capsys, "--config", config, "timeline", "Reykjavik", "--json")
    assert [h["coalition"] for h in by_capital["histories"]] == ["North Atlantic Treaty Organization"]
    assert "near names: norlund shipping a s" in refused(capsys, "--config", config, "timeline", "Norlund")[1]
