"""A store that an older release left is brought up to date without losing a row; each release leaves a dump of its own behind."""

from __future__ import annotations

import sqlite3
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline import diff, memory
from pipeline.errors import StoreError
from pipeline.store import Store
from pipeline.store.opening import Lock

NOW = datetime(2025, 1, 1, tzinfo=UTC)
DUMPS = sorted((Path(__file__).parent / "schemas").glob("*.sql"))


def restore(dump: Path, path: Path) -> dict[str, Counter[tuple[tuple[str, object], ...]]]:
    """Makes the store of a dump and gives the rows of its tables, the search index apart."""
    with sqlite3.connect(path) as old:
        old.executescript(dump.read_text(encoding="utf-8"))
        found = rows(old)
    old.close()
    return found


def rows(db: sqlite3.Connection) -> dict[str, Counter[tuple[tuple[str, object], ...]]]:
    names = [r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%\\_fts%' ESCAPE '\\'")]
    found = {}
    for name in names:
        cursor = db.execute(f'SELECT * FROM "{name}"')
        columns = [c[0] for c in cursor.description]
        found[name] = Counter(tuple(zip(columns, row, strict=True)) for row in cursor)
    return found


@pytest.mark.parametrize("dump", DUMPS, ids=[d.stem for d in DUMPS])
def test_a_store_of_an_older_release_is_brought_up_to_date_without_loss(dump: Path, tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    before = restore(dump, path)
    assert all(before.values()), "each table of the dump has a row"
    with Store.open(path) as store:
        after = rows(store.db.conn)
        for table, had in before.items():
            has = after[table] if table != "_sqlite_migrations" else had
            kept = Counter({tuple((c, v) for c, v in row if c in dict(next(iter(had)))): n for row, n in has.items()})
            assert kept == had, table
        assert store.query("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
        assert store.query("PRAGMA foreign_key_check") == []
        with Store.open(None) as fresh:
            shape = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_autoindex%' ORDER BY type, name"
            assert store.query(shape) == fresh.query(shape)


@pytest.mark.parametrize("dump", DUMPS, ids=[d.stem for d in DUMPS])
def test_a_store_of_an_older_release_is_understood(dump: Path, tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    restore(dump, path)
    with Store.open(path) as store:
        coalition = store.find_coalition("Harbour Data Compact")
        assert coalition
        assert store.memberships(coalition.key) == diff.derive(store.evidence_about([coalition.key]))
        assert {c.kind for c in store.changes()} == {"member_joined", "claim_corrected", "member_left"}
        assert [a.title for a in store.search("named by mistake")] == ["Carriers found compact"]
        assert store.due_deliveries(datetime(2030, 1, 1, tzinfo=UTC)) == ()
        assert store.query("SELECT count(*) AS n FROM evidence WHERE known_from <> first_seen") == [{"n": 0}]


@pytest.mark.parametrize("dump", DUMPS, ids=[d.stem for d in DUMPS])
@pytest.mark.parametrize(("words", "stays"), [("", False), (" The compact (HDC) grows.", True)], ids=["said no more", "said still"])
def test_a_name_of_an_older_release_is_heeded_while_the_article_that_taught_it_says_so(
    dump: Path, words: str, stays: bool, tmp_path: Path
) -> None:
    path = tmp_path / "old.db"
    restore(dump, path)
    with sqlite3.connect(path) as old:
        old.execute("UPDATE articles SET text = text || ? WHERE id = 1", (words,))
    old.close()
    with Store.open(path) as store:
        assert "HDC" in {n.spelling for n in store.known_names()}
        memory.rebuild(store, NOW)
        assert ("HDC" in {n.spelling for n in store.known_names()}) is stays
        assert [r["known_until"] for r in store.query("SELECT known_until FROM former_names")] == ([] if stays else [NOW.isoformat()])
        article = store.article("https://wire.example/a")
        assert article and [n.spelling for n in store.unlearned_by(article)] == (["HDC"] if stays else [])


def test_the_dump_of_the_first_release_is_there() -> None:
    assert "0.1.0" in [d.stem for d in DUMPS]


def test_reading_brings_an_older_store_up_to_date_or_says_what_stands_in_the_way(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    restore(DUMPS[0], path)
    held = Lock(path)
    with pytest.raises(
        StoreError, match=r"older version of pipeline and must be brought up to date first, but the store is locked: .*wait until"
    ):
        Store.open(path, read_only=True)
    held.release()
    with Store.open(path, read_only=True) as store:
        assert store.find_coalition("Harbour Data Compact")
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            store.db.execute("DELETE FROM parties")
