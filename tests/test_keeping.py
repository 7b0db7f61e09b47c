"""Copies of a store, letting old words go, and the doctor: what stays, what goes, what is wrong and what to do about it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline import cli, diff, doctor
from pipeline.errors import StoreError
from pipeline.model import Event, Feed, Role, Statement, Status
from pipeline.model import PartialDate as Day
from pipeline.store import Poll, Store
from tests.test_cli import configured, document, refused
from tests.test_store import ALTERA, COMPACT, FEED, NORVIK, NOW, article, entry, evidence, joined, reading

DAY = timedelta(days=1)
LATER = NOW + 500 * DAY
OLD = NOW + 100 * DAY


def filled(path: Path | None, pages: int = 0) -> Store:
    """A store with an old article that a change rests on, one that nothing rests on, an edited one and a new one."""
    store = Store.open(path)
    store.sync_feeds([FEED], NOW)
    names = ("a", "b", "edited", *(f"p{n}" for n in range(pages)))
    store.save_poll(Poll("wire", tuple(entry(name) for name in names)), NOW)
    a, b, edited, new = (article(name, text=f"{article().text} {name} " + "filler words " * 40) for name in ("a", "b", "edited", "new"))
    proof = evidence(a)
    store.save_reading(reading(a, proof, entries=(entry("a"),), changes=(joined(proof),)), NOW)
    store.save_reading(replace(reading(b, entries=(entry("b"),)), story="s-b", coalitions=()), NOW)
    for n in range(pages):
        page = article(f"p{n}", text=f"{n} " + f"words of page {n} that nobody will ask for again " * 40)
        store.save_reading(replace(reading(page, entries=(entry(f"p{n}"),)), story=f"s-{n}", coalitions=()), NOW)
    first = evidence(edited, ALTERA)
    store.save_reading(replace(reading(edited, first, entries=(entry("edited"),)), story="s-e", members=(ALTERA.key,)), NOW)
    former = store.article(edited.url)
    second = replace(edited, text=edited.text + " More was said.")
    store.save_reading(replace(reading(second, evidence(second, ALTERA), former=former), story="s-e", members=(ALTERA.key,)), NOW)
    store.save_reading(replace(reading(new, evidence(new, NORVIK, Event.MEMBER, at=LATER)), story="s-n", members=()), LATER)
    state = diff.derive(store.evidence_about([COMPACT.key]))
    store.save_state([COMPACT.key], state, NOW)
    return store


@pytest.fixture
def store() -> Iterator[Store]:
    with filled(None) as store:
        yield store


def config_for(tmp_path: Path) -> tuple[str, Path]:
    """A configuration, and where its store lies."""
    config = configured(tmp_path, "https://wire.example/feed.xml")
    path = tmp_path / "store" / "p.db"
    path.parent.mkdir()
    return config, path


# Backup.


def test_a_copy_is_a_store_with_the_same_rows(tmp_path: Path) -> None:
    with filled(tmp_path / "p.db") as store:
        made = store.backup(tmp_path / "copies" / "b.db")
        assert made.size == made.path.stat().st_size > 0
        assert made.rows["articles"] == 4
        counts, changes = store.counts(), store.changes()
    assert [p.name for p in made.path.parent.iterdir()] == ["b.db"]
    with Store.open(made.path) as copy:
        assert (copy.counts(), copy.changes()) == (counts, changes)
        assert copy.search("filler")


def test_a_copy_is_made_while_a_writer_writes(tmp_path: Path) -> None:
    path = tmp_path / "p.db"
    filled(path, pages=30).close()
    stop = threading.Event()

    def write() -> None:
        with Store.open(path) as writer:
            n = 0
            while not stop.is_set():
                writer.save_poll(Poll("wire", (entry(f"more-{n}"),)), NOW)
                n += 1

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for n in range(5):
            with Store.open(path, read_only=True) as reader:
                made = reader.backup(tmp_path / f"b{n}.db")
            with Store.open(made.path, read_only=True) as copy:
                assert copy.query("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
                assert copy.counts()["entries"] == made.rows["entries"]
    finally:
        stop.set()
        thread.join()


def test_a_file_that_is_there_is_replaced_only_when_told(tmp_path: Path) -> None:
    target = tmp_path / "b.db"
    target.write_text("mine")
    with filled(tmp_path / "p.db") as store:
        with pytest.raises(StoreError, match="--force"):
            store.backup(target)
        assert target.read_text() == "mine"
        with pytest.raises(StoreError, match="the store itself"):
            store.backup(tmp_path / "p.db", force=True)
        store.backup(target, force=True)
    Store.open(target, read_only=True).close()


def test_a_damaged_store_gives_no_copy(tmp_path: Path) -> None:
    path = tmp_path / "p.db"
    filled(path, pages=60).close()
    last = path.stat().st_size // 4096
    with path.open("r+b") as file:
        for page in range(last - 30, last - 5):
            file.seek(page * 4096 + 8)
            file.write(b"\xff" * 2000)
    with Store.open(path, read_only=True) as store, pytest.raises(StoreError, match="damaged"):
        store.backup(tmp_path / "b.db")
    assert sorted(p.name for p in tmp_path.iterdir() if not p.name.startswith("p.db")) == []


def test_the_command_says_what_it_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config, path = config_for(tmp_path)
    filled(path).close()
    made = document(capsys, "--config", config, "backup", str(tmp_path / "b.db"), "--json")
    assert (made["rows"]["changes"], made["file"]) == (1, str(tmp_path / "b.db"))
    assert refused(capsys, "--config", config, "backup", str(tmp_path / "b.db"))[0] == cli.FAILED
    assert cli.main(["--config", config, "backup", str(tmp_path / "b.db"), "--force"]) == cli.DONE
    assert "verified" in capsys.readouterr().out


# Pruning.


def test_old_words_go_and_what_was_learned_stays(store: Store) -> None:
    memory = (store.evidence_about([COMPACT.key]), store.memberships(COMPACT.key), store.changes(), store.query("SELECT * FROM change_log"))
    gone = store.prune(OLD, LATER)
    assert (gone.articles, gone.texts, gone.versions, gone.kept) == (1, 2, 1, 1)
    assert gone.text > 1000
    assert (store.evidence_about([COMPACT.key]), store.memberships(COMPACT.key), store.changes()) == memory[:3]
    assert store.query("SELECT * FROM change_log") == memory[3]
    kept = store.article("https://wire.example/a")
    assert kept and (kept.article.title, kept.article.text) == ("Carriers found compact", "")
    assert store.article("https://wire.example/b") is None
    assert [a.url for a in store.search("filler")] == ["https://wire.example/new"]
    assert store.query("PRAGMA foreign_key_check") == []
    assert store.query("SELECT count(*) AS n FROM stories WHERE id NOT IN (SELECT story FROM articles)") == [{"n": 0}]
    assert doctor.examine(store, NOW).is_well


def test_a_trial_counts_the_same_and_changes_nothing(store: Store) -> None:
    before = list(store.db.conn.iterdump())
    trial = store.prune(OLD, LATER, trial=True)
    assert list(store.db.conn.iterdump()) == before
    assert trial == store.prune(OLD, LATER)
    again = store.prune(OLD, LATER)
    assert (again.articles, again.texts, again.entries, again.text) == (0, 0, 0, 0)


def test_the_newest_entries_of_a_feed_stay_so_that_they_do_not_come_back_as_news(tmp_path: Path) -> None:
    with filled(tmp_path / "p.db", pages=250) as store:
        gone = store.prune(OLD, LATER)
        assert gone.entries == 253 - 200
        assert gone.size_after < gone.size_before
        # The feed lists what it listed before: nothing of it is new.
        left = {(r["guid"]) for r in store.query("SELECT guid FROM entries")}
        counts = store.save_poll(Poll("wire", tuple(entry(guid) for guid in sorted(left))), LATER)
        assert (counts.new, counts.updated) == (0, 0)
        assert store.pending_count(LATER) == 0


def test_an_entry_that_waits_to_be_read_keeps_its_article(store: Store) -> None:
    store.save_poll(Poll("wire", (entry("b", title="Another title"),)), LATER)
    assert store.pending_count(LATER, everything=True) == 1
    assert store.prune(OLD, LATER).articles == 0


def test_an_article_read_again_after_pruning_has_its_words_again(store: Store) -> None:
    former = store.article("https://wire.example/a")
    store.prune(OLD, LATER)
    a = article("a", text="Unheard words about Norvik Freight. " * 30)
    pruned = store.article(a.url)
    assert former and pruned and pruned.article.fingerprint != a.fingerprint
    store.save_reading(reading(a, evidence(a), former=pruned), LATER)
    assert store.query("SELECT count(*) AS n FROM articles WHERE pruned IS NOT NULL") == [{"n": 1}]
    assert [x.url for x in store.search("unheard")] == [a.url]


def test_the_command_prunes_by_age(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config, path = config_for(tmp_path)
    filled(path).close()
    trial = document(capsys, "--config", config, "prune", "--older-than", "2024-12-31", "--dry-run", "--json")
    assert (trial["pruned"], trial["articles"], trial["texts"], trial["file_bytes"]) == (False, 1, 2, None)
    assert cli.main(["--config", config, "prune", "--older-than", "2024-12-31"]) == cli.DONE
    assert "1 article that nothing rests on, the texts of 2 more" in capsys.readouterr().out
    code, said = refused(capsys, "--config", config, "prune", "--older-than", "2099-01-01")
    assert code == cli.WRONG and "past" in said


# The doctor.


def spoiled(sql: str, *parameters: object) -> Callable[[sqlite3.Connection], None]:
    def spoil(db: sqlite3.Connection) -> None:
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute(sql, parameters)
        db.commit()

    return spoil


@pytest.mark.parametrize(
    ("spoil", "check", "said"),
    [
        (spoiled("DELETE FROM stories"), "foreign keys", "rows of articles"),
        (spoiled("DELETE FROM evidence"), "orphans", "statements without any evidence"),
        (spoiled("UPDATE evidence SET withdrawn = '2024-03-05T09:00:00+00:00'"), "memberships", "2 memberships without any evidence"),
        (spoiled("DELETE FROM change_evidence"), "orphans", "1 change without any evidence"),
        (spoiled("UPDATE memberships SET standing = 'out', until = '2024'"), "memberships", "2 memberships other than the evidence gives"),
        (spoiled("DELETE FROM memberships WHERE member = 'm-altera'"), "memberships", "m-altera in c-compact"),
        (spoiled("UPDATE statements SET date = '2031-02' WHERE member = 'm-norvik'"), "dates", "dated in the future"),
        (spoiled("INSERT INTO articles_fts (articles_fts) VALUES ('delete-all')"), "search index", "search index"),
    ],
)
def test_what_is_wrong_is_found_with_what_to_do(store: Store, spoil: Callable[[sqlite3.Connection], None], check: str, said: str) -> None:
    assert doctor.examine(store, NOW).is_well
    spoil(store.db.conn)
    examination = doctor.examine(store, NOW)
    assert not examination.is_well
    found = [f for f in examination.findings if f.check == check and f.wrong]
    assert found and said in found[0].what and found[0].advice


def test_a_plan_for_a_day_to_come_is_no_mistake(store: Store) -> None:
    later = article("plan")
    proof = replace(evidence(later), statement=Statement(COMPACT, NORVIK, Event.WILL_LEAVE, Status.PLANNED, Day(2031, 1)), role=Role.MEMBER)
    store.save_reading(replace(reading(later, proof), members=(), memberships=()), NOW)
    store.save_state([COMPACT.key], diff.derive(store.evidence_about([COMPACT.key])), NOW)
    assert [f for f in doctor.examine(store, NOW).findings if f.check == "dates"] == []


@pytest.mark.parametrize(
    ("polls", "days", "wrong", "said"),
    [
        ([Poll("wire", (entry(),))], 1, None, ""),
        ([Poll("wire", (entry(),))], 10, True, "was not asked for 10 days"),
        ([Poll("wire", error="the server said 404")], 4, True, "was never read: the server said 404"),
        ([Poll("wire", (entry(),)), Poll("wire", error="timed out")], 2, None, ""),
        ([Poll("wire", (entry(),)), Poll("wire", error="timed out")], 4, True, "was last read on 2024-03-05: timed out"),
    ],
)
def test_feeds_that_are_lost_are_named(polls: list[Poll], days: int, wrong: bool | None, said: str) -> None:
    with Store.open(None) as store:
        store.sync_feeds([FEED, Feed("gone", "https://gone.example/", "", 60)], NOW)
        store.sync_feeds([FEED], NOW)
        for poll in polls:
            store.save_poll(poll, NOW)
        found = [f for f in doctor.examine(store, NOW + days * DAY).findings if f.check == "feeds"]
        assert [(f.wrong, said in f.what) for f in found] == ([] if wrong is None else [(wrong, True)])


def test_a_feed_that_is_read_and_brings_nothing_has_gone_quiet() -> None:
    with Store.open(None) as store:
        store.sync_feeds([FEED], NOW)
        store.save_poll(Poll("wire", (entry(),)), NOW)
        store.save_poll(Poll("wire", unchanged=True), NOW + 90 * DAY)
        found = [f for f in doctor.examine(store, NOW + 90 * DAY).findings if f.check == "feeds"]
        assert [(f.wrong, f.what) for f in found] == [(False, "wire has gone quiet: nothing new for 90 days")]


def test_the_note_on_sqlite_depends_on_its_version(store: Store) -> None:
    seen = store.inspect(NOW)
    assert [f.wrong for f in doctor._sqlite(replace(seen, sqlite=(3, 40, 1)))] == [False]
    assert doctor._sqlite(replace(seen, sqlite=(3, 51, 3))) == []


def test_the_command_fails_when_something_is_wrong_and_rebuilds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config, path = config_for(tmp_path)
    with filled(path) as store:
        store.sync_feeds([], NOW)
    assert document(capsys, "--config", config, "doctor", "--json")["well"] is True
    with sqlite3.connect(path) as db:
        tables = ("memberships", "spells", "redirects", "parties")
        was = {table: db.execute(f"SELECT * FROM {table}").fetchall() for table in tables}
        assert was["memberships"] and was["spells"] and was["parties"]
        db.execute("UPDATE memberships SET standing = 'declined'")
        db.execute("UPDATE parties SET name = 'Nobody'")
        db.execute("DELETE FROM spells")
    db.close()
    assert document(capsys, "--config", config, "doctor", "--json", code=cli.FAILED)["well"] is False
    assert cli.main(["--config", config, "doctor"]) == cli.FAILED
    assert "--rebuild" in capsys.readouterr().out
    assert cli.main(["--config", config, "doctor", "--rebuild"]) == cli.DONE
    said = capsys.readouterr().out
    assert "all is well" in said and said.startswith(f"{len(was['memberships'])} memberships")
    with sqlite3.connect(path) as db:
        rebuilt = {table: db.execute(f"SELECT * FROM {table}").fetchall() for table in tables}
    db.close()
    derived = slice(0, 6)  # all but the time of deriving
    assert [r[derived] for r in rebuilt["memberships"]] == [r[derived] for r in was["memberships"]]
    assert all(rebuilt[table] == was[table] for table in tables[1:])


def test_a_store_that_cannot_be_read_is_a_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config, path = config_for(tmp_path)
    path.write_text("no database at all " * 100)
    found = document(capsys, "--config", config, "doctor", "--json", code=cli.FAILED)
    assert "is no SQLite database" in found["findings"][0]["what"]


def test_damage_is_found(tmp_path: Path) -> None:
    path = tmp_path / "p.db"
    filled(path, pages=60).close()
    with path.open("r+b") as file:
        file.seek(30 * 4096)
        file.write(b"\xff" * 4096)
    with Store.open(path, read_only=True) as store:
        try:
            examination = doctor.examine(store, NOW)
        except StoreError as error:
            assert "damaged" in str(error)
        else:
            assert any(f.check == "integrity" for f in examination.findings)


def test_a_moment_without_a_zone_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        store.prune(datetime(2024, 1, 1), NOW)  # noqa: DTZ001
    assert NOW.tzinfo is UTC
