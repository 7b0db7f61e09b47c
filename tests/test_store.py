"""What the store keeps, what it gives back, and which files it leaves alone."""

from __future__ import annotations

import dataclasses
import os
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.errors import StoreError
from pipeline.model import (
    Alert,
    Article,
    Change,
    ChangeKind,
    Claim,
    Delivery,
    Entry,
    Event,
    Evidence,
    Feed,
    KnownName,
    Membership,
    PartialDate,
    Party,
    Plan,
    Quote,
    Role,
    Severity,
    Standing,
    Statement,
    Status,
)
from pipeline.store import Poll, PollCounts, Reading, Store
from pipeline.store.schema import APPLICATION_ID

NOW = datetime(2024, 3, 5, 9, tzinfo=UTC)
FEED = Feed("wire", "https://wire.example/feed.xml", "The Wire", 60)
COMPACT = Party("c-compact", "Harbour Data Compact")
NORVIK = Party("m-norvik", "Norvik Freight")
ALTERA = Party("m-altera", "Altera Lines")
WORDS = (
    "The Harbour Data Compact was launched on Tuesday by Norvik Freight and Altera Lines, which will share arrival data with each other "
    "and with the port. The founders hope that other carriers will follow before the year is out, said a spokeswoman who declined to "
    "name any. The largest carrier on the route has so far stayed away from the talks and did not answer questions about its plans."
)


def entry(guid: str = "a", url: str = "", title: str = "Carriers found compact", **more: object) -> Entry:
    return Entry("wire", guid, url or f"https://wire.example/{guid}", title, "Short.", NOW, **more)  # type: ignore[arg-type]


def article(name: str = "a", text: str = WORDS, title: str = "Carriers found compact", published: datetime | None = NOW) -> Article:
    return Article(f"https://wire.example/{name}", title, text, published, site="The Wire", language="en")


def evidence(of: Article, member: Party | None = NORVIK, event: Event = Event.JOINED, at: datetime = NOW, **more: object) -> Evidence:
    statement = Statement(COMPACT, member, event, Status.COMPLETED, PartialDate(2024, 3, 5))
    return Evidence(statement, of.url, of.site, "s", "launched by Norvik Freight", 0.9, "d1", at, at, of.published, **more)  # type: ignore[arg-type]


def reading(of: Article, *proofs: Evidence, entries: tuple[Entry, ...] = (), at: datetime = NOW, **more: object) -> Reading:
    members = tuple(
        Membership(COMPACT, e.statement.member, Standing.IN, Role.MEMBER, PartialDate(2024, 3, 5)) for e in proofs if e.statement.member
    )
    whole = Reading(of, entries, "s", "The Wire", "d1", evidence=proofs, coalitions=("c-compact",), memberships=members)
    return dataclasses.replace(whole, **more)  # type: ignore[arg-type]


def joined(proof: Evidence, at: datetime = NOW) -> Change:
    member = proof.statement.member
    return Change(ChangeKind.MEMBER_JOINED, COMPACT, member, Status.COMPLETED, at, 0.9, (proof,), Role.FOUNDER, PartialDate(2024, 3, 5))


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(None) as opened:
        opened.sync_feeds([FEED], NOW)
        yield opened


# Opening.


def test_the_folder_and_the_file_are_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "store.db"
    with Store.open(path) as store:
        assert store.query("PRAGMA journal_mode") == [{"journal_mode": "wal"}]
        assert store.query("PRAGMA application_id") == [{"application_id": APPLICATION_ID}]
        assert store.query("SELECT 1 AS one") == [{"one": 1}]
    with Store.open(path) as again:
        assert again.counts()["articles"] == 0


def test_every_table_is_strict_and_foreign_keys_hold(store: Store) -> None:
    tables = store.query("SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%'")
    assert {t["name"] for t in tables if not t["strict"]} <= {"_sqlite_migrations"}
    with pytest.raises(sqlite3.IntegrityError):
        store.db.execute("INSERT INTO addresses VALUES ('https://x.example/', 77)")


def test_a_missing_store_is_made_for_a_reader(tmp_path: Path) -> None:
    with Store.open(tmp_path / "var" / "store.db", read_only=True) as store:
        assert store.changes() == ()
        with pytest.raises(StoreError, match="cannot be written"):
            store.start_run(NOW)


def foreign_text(path: Path) -> None:
    path.write_bytes(b"this is no database at all, but somebody's notes\n" * 50)


def foreign_short(path: Path) -> None:
    path.write_bytes(b"x")


def foreign_tables(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE music (title)")
    db.close()


def foreign_mark(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("PRAGMA application_id = 7")
    db.execute("VACUUM")
    db.close()


def ours_from_the_future(path: Path) -> None:
    Store.open(path).close()
    with sqlite3.connect(path) as db:
        db.execute("INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('pipeline', 'of_tomorrow', '2099')")
    db.close()


def ours_cut_off(path: Path) -> None:
    Store.open(path).close()
    path.write_bytes(path.read_bytes()[:8192])


def ours_overwritten(path: Path) -> None:
    Store.open(path).close()
    whole = bytearray(path.read_bytes())
    whole[100:4096] = b"\xff" * 3996
    path.write_bytes(bytes(whole))


def a_folder(path: Path) -> None:
    path.mkdir()


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (foreign_text, "no SQLite database"),
        (foreign_short, "no SQLite database"),
        (foreign_tables, "another program"),
        (foreign_mark, "another program"),
        (ours_from_the_future, "newer version"),
        (ours_cut_off, "damaged"),
        (ours_overwritten, "damaged"),
        (a_folder, "is a folder"),
        (a_pipe, "is a device or a pipe"),
    ],
)
@pytest.mark.parametrize("read_only", [False, True])
def test_what_cannot_be_used_is_named_and_left_alone(tmp_path: Path, make: Callable[[Path], None], said: str, read_only: bool) -> None:
    path = tmp_path / "store.db"
    make(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(StoreError, match=said) as caught:
        Store.open(path, read_only=read_only)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    assert not path.is_file() or path.read_bytes() == before
    if make.__name__.startswith("foreign"):
        assert [p.name for p in tmp_path.iterdir()] == ["store.db"]


def test_an_empty_file_and_an_empty_database_will_do(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    db = sqlite3.connect(tmp_path / "vacuumed.db")
    db.execute("PRAGMA user_version = 1")
    db.close()
    for name in ("empty.db", "vacuumed.db"):
        Store.open(tmp_path / name).close()
        Store.open(tmp_path / name, read_only=True).close()


def test_a_second_writer_is_told_who_holds_the_store(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Store.open(path) as first:
        with pytest.raises(StoreError, match=rf"locked.*process {os.getpid()}"):
            Store.open(path)
        with Store.open(path, read_only=True) as reader:
            first.sync_feeds([FEED], NOW)
            assert [f.feed.name for f in reader.due_feeds(NOW)] == ["wire"]
    Store.open(path).close()


def test_the_lock_goes_with_a_killed_process(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    holds = textwrap.dedent(
        """
        import os, signal, sys
        from pathlib import Path
        from pipeline.store import Store
        Store.open(Path(sys.argv[1]))
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    assert subprocess.run([sys.executable, "-c", holds, str(path)], check=False).returncode == -9
    Store.open(path).close()


def test_a_program_that_holds_the_file_is_waited_for_and_named(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Store.open(path, wait=0.05) as store:
        shell = sqlite3.connect(path, isolation_level=None)
        shell.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked by another program"):
            store.sync_feeds([FEED], NOW)
        shell.execute("ROLLBACK")
        shell.close()
        store.sync_feeds([FEED], NOW)


def test_a_folder_that_cannot_be_written_is_named() -> None:
    # No right is missing to root, who runs tests in a container; but nobody makes a folder under /proc.
    with pytest.raises(StoreError, match="cannot be made"):
        Store.open(Path("/proc/nowhere/store.db"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_in_a_folder_without_the_right_to_write_is_named(tmp_path: Path) -> None:
    Store.open(tmp_path / "store.db").close()
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(StoreError, match="right"):
            Store.open(tmp_path / "store.db")
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_store_where_nothing_may_be_written_can_be_read(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        store.sync_feeds([FEED], NOW)
    (tmp_path / "store.db").chmod(0o400)
    tmp_path.chmod(0o500)
    try:
        with Store.open(tmp_path / "store.db", read_only=True) as store:
            assert store.counts()["feeds"] == 1 and store.query("SELECT name FROM feeds") == [{"name": "wire"}]
    finally:
        tmp_path.chmod(0o700)


def test_text_that_is_no_text_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Store.open(path) as store:
        store.sync_feeds([FEED], NOW)
        store.db.execute("UPDATE feeds SET publisher = CAST(x'ff41' AS TEXT)")
    with pytest.raises(StoreError, match="damaged"), Store.open(path, read_only=True) as store:
        store.due_feeds(NOW, everything=True)


def test_damage_in_the_middle_is_told_when_it_is_met(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Store.open(path) as store:
        store.sync_feeds([FEED], NOW)
        store.save_poll(Poll("wire", tuple(entry(str(n), author="x" * 500) for n in range(200))), NOW)
    whole = bytearray(path.read_bytes())
    for page in range(3, len(whole) // 4096):
        whole[page * 4096 : page * 4096 + 2000] = b"\xff" * 2000
    path.write_bytes(bytes(whole))
    with pytest.raises(StoreError, match="damaged"), Store.open(path) as store:
        store.pending(NOW, 100)


# Feeds and entries.


def test_a_poll_makes_new_and_changed_entries_wait(store: Store) -> None:
    assert store.save_poll(Poll("wire", (entry("a"), entry("b")), etag="1", body_hash="h"), NOW) == PollCounts(2, 0)
    assert store.save_poll(Poll("wire", (entry("a"), entry("b"))), NOW) == PollCounts(0, 0)
    store.settle_entry(entry("a"), NOW, "nothing to read")
    assert [p.entry.guid for p in store.pending(NOW + timedelta(hours=1), 9)] == ["b"]
    assert store.save_poll(Poll("wire", (entry("a", title="Edited"),)), NOW) == PollCounts(0, 1)
    found = store.pending(NOW + timedelta(hours=1), 9)
    assert [(p.entry.guid, p.entry.title, p.publisher, p.tries) for p in found] == [
        ("a", "Edited", "The Wire", 0),
        ("b", "Carriers found compact", "The Wire", 0),
    ]


def test_a_feed_that_rewrites_its_entries_at_every_poll_is_calmed(store: Store) -> None:
    for turn in range(9):
        store.save_poll(Poll("wire", (entry("a", title=f"Title {turn}"),)), NOW)
    assert store.pending(NOW, 9) == ()
    assert store.pending_count(NOW, everything=True) == 1


def test_a_poll_is_kept_with_its_plan(store: Store) -> None:
    due = NOW + timedelta(hours=3)
    counted: list[PollCounts] = []

    def plan(poll: Poll, found: PollCounts) -> Plan:
        counted.append(found)
        return Plan(due, "because", 90.0, 1.5, NOW)

    store.save_polls([Poll("wire", error="gone")], NOW, plan)
    state = store.feed_states()[0]
    assert (state.failures, state.next_due, state.due_why, state.minutes, state.strain) == (1, due, "because", 90.0, 1.5)
    assert (state.last_error, state.failing_since, store.due_feeds(NOW)) == ("gone", NOW, ())
    assert store.feed_health().failing[0].why == "gone"
    store.save_polls([Poll("wire", (entry("a"),), full=True)], NOW, plan)
    store.save_polls([Poll("wire", unchanged=True)], NOW)
    state = store.feed_states()[0]
    assert (state.failures, state.strain, state.failing_since, state.last_error) == (0, 0.0, None, "")
    assert (state.next_due, state.full_read, state.conditional_polls) == (due, NOW, 1)
    assert counted == [PollCounts(), PollCounts(1)]
    assert (store.feed_health().read, store.feed_health().last_success) == (1, NOW)


def test_a_feed_that_was_asked_and_did_not_answer_is_not_asked_after_each_restart(store: Store) -> None:
    store.ask_feeds({"wire": NOW + timedelta(hours=1)}, "asked at 09:00 UTC")
    assert store.due_feeds(NOW + timedelta(minutes=59)) == ()
    assert [s.due_why for s in store.due_feeds(NOW + timedelta(hours=1))] == ["asked at 09:00 UTC"]
    # A feed over which the program ends each time has an error of its own, until an answer is kept.
    store.ask_feeds({"wire": NOW + timedelta(hours=2)}, "asked at 10:00 UTC")
    [source] = store.sources()
    assert (store.feed_states()[0].in_vain, source["failures"], source["error"]) == (2, 2, "the program ended before an answer was kept")
    store.save_polls([Poll("wire", unchanged=True)], NOW)
    assert (store.feed_states()[0].in_vain, store.sources()[0]["failures"]) == (0, 0)


def test_sites_that_asked_to_be_left_alone_are_kept_until_then(store: Store) -> None:
    store.save_holds({"wire.example": NOW + timedelta(hours=2), "a.example": NOW + timedelta(seconds=5)}, NOW)
    store.save_holds({"wire.example": NOW + timedelta(hours=1)}, NOW)
    assert store.holds(NOW + timedelta(minutes=1)) == {"wire.example": NOW + timedelta(hours=2)}
    assert store.holds(NOW + timedelta(hours=2)) == {}


def test_entries_that_come_under_new_guids_are_the_same_entries(store: Store) -> None:
    def at(guid: str, url: str, title: str = "T") -> Entry:
        return entry(guid, url=url, title=title)

    store.save_poll(Poll("wire", (at("1", "https://w.example/1"), at("2", "https://w.example/2"))), NOW)
    assert store.save_poll(Poll("wire", (at("x1", "https://w.example/1"), at("2", "https://w.example/2"))), NOW) == PollCounts(mended=1)
    assert store.save_poll(Poll("wire", (at("x2", "https://w.example/1", "Edited"),)), NOW) == PollCounts(0, 1, 1)
    both = (at("x2", "https://w.example/1", "Edited"), at("x3", "https://w.example/1"))
    assert store.save_poll(Poll("wire", both), NOW) == PollCounts(1)  # listed side by side: two entries at one address
    assert store.counts()["entries"] == 3


def test_what_a_feed_takes_back_is_not_read(store: Store) -> None:
    store.save_poll(Poll("wire", (entry("a"), entry("b"))), NOW)
    store.save_poll(Poll("wire", (entry("b"),), deleted=("a",)), NOW)
    assert [p.entry.guid for p in store.pending(NOW, 9)] == ["b"]


def test_an_entry_is_not_read_again_for_ever(store: Store) -> None:
    counts = [store.save_poll(Poll("wire", (entry("a", title=f"Title {turn}"),)), NOW).updated for turn in range(40)]
    assert sum(counts) == 12


def test_added_feeds_stay_until_they_are_removed_or_configured(store: Store) -> None:
    added = Feed("tide", "https://tide.example/f")
    store.add_feeds([added], NOW)
    store.sync_feeds([FEED], NOW)
    assert [(s.feed.name, s.added) for s in store.feed_states()] == [("tide", True), ("wire", False)]
    store.remove_feed("tide")
    store.remove_feed("wire")
    assert [s.feed.name for s in store.feed_states()] == ["wire"]
    store.add_feeds([added], NOW)
    store.sync_feeds([FEED, dataclasses.replace(added, name="Tide tables")], NOW)
    assert [(s.feed.name, s.added) for s in store.feed_states()] == [("Tide tables", False), ("wire", False)]
    store.sync_feeds([added], NOW)
    assert [(s.feed.name, s.added) for s in store.feed_states()] == [("tide", False)]


def test_a_feed_that_moves_forgets_its_validators_and_one_that_goes_is_not_polled(store: Store) -> None:
    store.save_poll(Poll("wire", (), etag='"1"', last_modified="Tue", body_hash="h"), NOW)
    store.sync_feeds([FEED], NOW)
    assert store.due_feeds(NOW, everything=True)[0].etag == '"1"'
    store.sync_feeds([dataclasses.replace(FEED, url="https://wire.example/new.xml")], NOW)
    moved = store.due_feeds(NOW)[0]
    assert (moved.feed.url, moved.etag, moved.last_modified, moved.body_hash) == ("https://wire.example/new.xml", "", "", "")
    store.sync_feeds([], NOW)
    assert store.due_feeds(NOW, everything=True) == ()


def test_an_entry_that_failed_waits_for_its_time_unless_everything_is_asked_for(store: Store) -> None:
    store.save_poll(Poll("wire", (entry("a"),)), NOW)
    store.settle_entry(entry("a"), NOW, "timed out", retry=NOW + timedelta(minutes=15))
    soon, later = NOW + timedelta(minutes=1), NOW + timedelta(minutes=15)
    assert store.pending(NOW, 9, everything=True) == ()
    assert store.pending(soon, 9) == ()
    assert [p.tries for p in store.pending(soon, 9, everything=True)] == [1]
    assert [p.tries for p in store.pending(later, 9)] == [1]


# Articles, stories, versions.


def test_a_reading_is_given_back_as_it_was(store: Store) -> None:
    of = article()
    proof = evidence(of, role=Role.FOUNDER)
    claim = Claim("the compact", "Norvik", Event.JOINED, Status.COMPLETED, Quote("Norvik Freight", "text", 55), 0.9, date=PartialDate(2024))
    change = joined(proof)
    alert = Alert(change.id, "all", Severity.HIGH, ("files",))
    delivery = Delivery("dl", alert.id, "files", NOW)
    learned = KnownName("HDC", COMPACT, "coalition", of.url)
    store.save_poll(Poll("wire", (entry(),)), NOW)
    store.save_reading(
        reading(of, proof, entries=(entry(),), claims=(claim,), learned=(learned,), changes=(change,), alerts=(alert,),
                deliveries=(delivery,), addresses=("https://wire.example/a?utm=1",)),
        NOW,
    )  # fmt: skip
    found = store.article("https://wire.example/a?utm=1")
    assert found and found.article == of and (found.version, found.story) == (1, "s")
    assert store.article_of(entry()) == found
    assert store.evidence_about(["c-compact"]) == (proof,) == store.evidence_of(found)
    assert store.known_names() == (learned,)
    assert store.changes() == (change,)
    assert store.changes()[0].id == change.id
    assert store.memberships("c-compact") == (Membership(COMPACT, NORVIK, Standing.IN, Role.MEMBER, PartialDate(2024, 3, 5)),)
    due = store.due_deliveries(NOW)
    expected = replace(delivery, coalition=change.coalition.key, message=delivery.id)
    assert [(d.delivery, d.alert, d.change) for d in due] == [(expected, alert, change)]
    assert store.pending(NOW + timedelta(1), 9) == ()
    assert store.coalitions() == (COMPACT,)
    assert [store.find_coalition(name) for name in ("c-compact", "the harbour DATA compact", "hdc", "No Such Body", "Norvik Freight")] == [
        COMPACT, COMPACT, COMPACT, None, None,
    ]  # fmt: skip


def test_an_error_halfway_leaves_nothing_of_the_article(store: Store) -> None:
    of = article()
    proof = evidence(of)
    change = joined(proof)
    store.save_poll(Poll("wire", (entry(),)), NOW)
    before = list(store.db.conn.iterdump())
    # The alert names a change that there is not, and alerts are written near the end.
    with pytest.raises(sqlite3.IntegrityError):
        store.save_reading(reading(of, proof, entries=(entry(),), changes=(change,), alerts=(Alert("none", "r", Severity.LOW),)), NOW)
    assert list(store.db.conn.iterdump()) == before
    store.save_reading(reading(of, proof, entries=(entry(),), changes=(change,)), NOW)
    assert store.counts()["changes"] == 1


def test_an_edit_keeps_the_former_words_and_withdraws_what_it_no_longer_says(store: Store) -> None:
    of = article()
    norvik, altera = evidence(of), evidence(of, ALTERA)
    store.save_reading(reading(of, norvik, altera), NOW)
    former = store.article(of.url)
    later = NOW + timedelta(hours=3)
    edited = article(text=WORDS.replace("and Altera Lines", "and Brightwater"))
    again = evidence(edited, at=later)
    store.save_reading(reading(edited, again, former=former, withdrawn=(altera,), at=later), later)
    found = store.article(of.url)
    assert found and found.version == 2 and found.article == edited
    assert store.query("SELECT version, text = ? AS same FROM former_versions".replace("?", f"'{WORDS}'")) == [{"version": 1, "same": 1}]
    living = store.evidence_about(["c-compact"])
    assert [(e.statement.member, e.first_seen, e.last_seen) for e in living] == [(NORVIK, NOW, later)]
    as_known_before = store.evidence_about(["c-compact"], known_at=NOW + timedelta(hours=1))
    assert {e.statement.member for e in as_known_before} == {NORVIK, ALTERA}
    assert [a.url for a in store.search("Brightwater")] == [of.url] and store.search("Altera") == ()
    assert [m.member for m in store.memberships("c-compact")] == [NORVIK]


def test_evidence_that_is_withdrawn_and_said_again_lives(store: Store) -> None:
    of = article()
    proof = evidence(of)
    store.save_reading(reading(of, proof), NOW)
    edited = article(text=WORDS + " More.")
    store.save_reading(reading(edited, former=store.article(of.url), withdrawn=(proof,)), NOW)
    assert store.evidence_about(["c-compact"]) == ()
    store.save_reading(reading(of, proof, former=store.article(of.url)), NOW)
    assert store.evidence_about(["c-compact"]) == (proof,)


def test_a_duplicate_settles_its_entry_and_adds_its_address(store: Store) -> None:
    of = article()
    store.save_reading(reading(of, evidence(of)), NOW)
    stored = store.article(of.url)
    assert stored
    store.save_poll(Poll("wire", (entry("b"),)), NOW)
    later = NOW + timedelta(hours=1)
    store.save_duplicate((entry("b"),), stored, ("https://wire.example/b",), later)
    assert store.article("https://wire.example/b") == stored and store.pending(later + timedelta(1), 9) == ()
    assert store.evidence_about(["c-compact"])[0].last_seen == later


def test_more_evidence_grows_the_change_that_it_supports(store: Store) -> None:
    one, other = article("a"), dataclasses.replace(article("b"), url="https://other.example/b")
    proof = evidence(one)
    store.save_reading(reading(one, proof, changes=(joined(proof),)), NOW)
    store.save_reading(reading(other, evidence(other), story="s2"), NOW)
    (change,) = store.changes()
    assert (len(change.evidence), change.sources) == (2, 2)


def test_the_same_words_of_the_same_publisher_and_host_are_one_article(store: Store) -> None:
    of = article()
    store.save_reading(reading(of), NOW)
    here = dataclasses.replace(of, url="https://wire.example/copy")
    there = dataclasses.replace(of, url="https://other.example/a")
    found = store.twin(here, "The Wire")
    assert found and found.article == of
    assert store.twin(there, "The Wire") is None and store.twin(here, "Another paper") is None


@pytest.mark.parametrize(
    ("text", "days", "same"),
    [
        (WORDS, 1, True),
        (WORDS.replace("Tuesday", "Tuesday afternoon").replace(", said a spokeswoman who declined to name any", ""), 2, True),
        (" ".join(WORDS.split()[:40]) + " In other news, " + " ".join(f"word{n}" for n in range(20)), 0, True),
        (WORDS, 15, False),
        (WORDS, -14, True),
        (" ".join(f"another{n}" for n in range(80)), 1, False),
        ("Subscribe to read on.", 0, False),
    ],
)
def test_near_copies_within_a_fortnight_are_one_story(store: Store, text: str, days: int, same: bool) -> None:
    of = article()
    store.save_reading(reading(of, story=store.story_for(of, NOW)), NOW)
    copy = article("copy", text, published=NOW + timedelta(days=days))
    assert (store.story_for(copy, NOW) == store.story_for(of, NOW)) is same


def test_short_texts_stand_alone(store: Store) -> None:
    of = article("a", "This article is for subscribers only. Sign in to read on.")
    store.save_reading(reading(of, story=store.story_for(of, NOW)), NOW)
    assert store.story_for(article("b", of.text), NOW) != store.story_for(of, NOW)


# Asking by hand.


def test_the_views_read_well(store: Store) -> None:
    of = article()
    norvik, altera = evidence(of), evidence(of, ALTERA)
    store.save_reading(reading(of, norvik, altera, changes=(joined(norvik),)), NOW)
    assert store.query("SELECT * FROM coalition_roster") == [
        {"coalition": "Harbour Data Compact", "members": 2, "roster": "Altera Lines; Norvik Freight"}
    ]
    assert store.query("SELECT member, standing, role, since, sources, last_words FROM current_membership")[1] == {
        "member": "Norvik Freight", "standing": "in", "role": "member", "since": "2024-03-05", "sources": 1,
        "last_words": "launched by Norvik Freight",
    }  # fmt: skip
    assert store.query("SELECT kind, coalition, member, effective, sources, words, url FROM change_log") == [
        {"kind": "member_joined", "coalition": "Harbour Data Compact", "member": "Norvik Freight", "effective": "2024-03-05",
         "sources": 1, "words": "launched by Norvik Freight", "url": "https://wire.example/a"}
    ]  # fmt: skip


@pytest.mark.parametrize("where", ["memory", "file"])
@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("CREATE TABLE t (x)", "refused"),
        ("DELETE FROM articles", "refused"),
        ("INSERT INTO runs (started) VALUES ('x') RETURNING id", "refused"),
        ("PRAGMA journal_mode = DELETE", "refused"),
        ("PRAGMA writable_schema", "refused"),
        ("ATTACH 'other.db' AS other", "refused"),
        ("VACUUM INTO 'copy.db'", "refused"),
        ("BEGIN", "refused"),
        ("SELECT load_extension('x')", "refused"),
        ("SELECT 1; SELECT 2", "one SELECT"),
        ("SELECT 1; DELETE FROM articles", "one SELECT"),
        ("SELEKT", "syntax error"),
        ("", "no rows"),
        ("SELECT absent FROM articles", "no such column"),
        ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n", "longer than"),
        ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100001) SELECT i FROM n", "LIMIT"),
        ("SELECT randomblob(900000000)", "too big"),
        ("SELECT 'a\0b'", "cannot be run"),
    ],
)
def test_a_query_that_is_no_single_short_reading_is_refused(tmp_path: Path, where: str, sql: str, said: str) -> None:
    with Store.open(tmp_path / "store.db" if where == "file" else None) as store:
        with pytest.raises(StoreError, match=said) as caught:
            store.query(sql, seconds=0.5 if said == "longer than" else 30)
        assert "\n" not in str(caught.value)
        assert store.query("SELECT count(*) AS n, x'00ff' AS b, 1 AS b FROM articles") == [{"n": 0, "b": "00ff", "b_2": 1}]
        store.sync_feeds([FEED], NOW)
    assert {p.name for p in tmp_path.iterdir()} <= {"store.db", "store.db.lock"}


def test_a_notice_under_all_that_a_publisher_prints_hides_no_copy(store: Store) -> None:
    notice = " This text may be shared freely as long as its author and its publisher are both named and nothing in it is changed at all."
    texts = [" ".join(f"w{n}x{place}" for place in range(120)) + notice for n in range(120)]
    for n, text in enumerate(texts):
        of = article(f"n{n}", text, title=f"News {n}")
        story = store.story_for(of, NOW)
        assert story == store.story_for(article(f"n{n}", text), NOW)
        store.save_reading(reading(of, story=story), NOW)
    assert store.query("SELECT count(DISTINCT story) AS n FROM articles") == [{"n": 120}]
    copy = article("copy", texts[3] + " And a line of its own.")
    found = store.article("https://wire.example/n3")
    assert found and store.story_for(copy, NOW) == found.story


def test_a_search_takes_any_words_for_words(store: Store) -> None:
    of = article()
    store.save_reading(reading(of), NOW)
    assert [a.url for a in store.search("harbour compact")] == [of.url]
    for odd in ('"', "AND", "a OR", "title:", "NEAR(", "*", "-", "(", "^x", 'harbour" OR "x', ""):
        store.search(odd)
    assert store.query("SELECT title FROM articles_fts WHERE articles_fts MATCH 'arrival'") == [{"title": of.title}]


# Deliveries and runs.


def test_a_delivery_is_due_until_it_has_its_receipt_or_is_given_up(store: Store) -> None:
    of = article()
    proof = evidence(of)
    change = joined(proof)
    alert = Alert(change.id, "all", Severity.HIGH, ("files", "log"))
    both = (Delivery("d1", alert.id, "files", NOW), Delivery("d2", alert.id, "log", NOW))
    store.save_reading(reading(of, proof, changes=(change,), alerts=(alert,), deliveries=both), NOW)
    store.save_receipt(both[0], NOW, receipt="written")
    store.save_receipt(both[1], NOW, error="no room", retry=NOW + timedelta(hours=1))
    assert store.due_deliveries(NOW) == ()
    later = NOW + timedelta(hours=1)
    assert [(d.delivery.id, d.delivery.tries) for d in store.due_deliveries(later)] == [("d2", 1)]
    store.save_receipt(both[1], later, error="no room")
    assert store.due_deliveries(later + timedelta(days=9)) == ()
    assert store.query("SELECT id, state, tries, receipt FROM deliveries ORDER BY id") == [
        {"id": "d1", "state": "delivered", "tries": 1, "receipt": "written"},
        {"id": "d2", "state": "given up", "tries": 2, "receipt": ""},
    ]


def test_changes_are_given_by_period_and_by_run(store: Store) -> None:
    run = store.start_run(NOW)
    of = article()
    norvik, altera = evidence(of), evidence(of, ALTERA)
    later = NOW + timedelta(days=2)
    store.save_reading(reading(of, norvik, changes=(joined(norvik),), run=run), NOW)
    store.save_reading(reading(article("b"), altera, former=None, changes=(joined(altera, later),)), later)
    store.finish_run(run, {"claims": 1}, NOW)

    def members(**period: object) -> list[str]:
        return [c.member.name for c in store.changes(**period) if c.member]  # type: ignore[arg-type]

    assert members() == ["Norvik Freight", "Altera Lines"]
    assert members(since=later) == ["Altera Lines"]
    assert members(until=NOW) == ["Norvik Freight"]
    assert members(run=run) == ["Norvik Freight"]
    assert store.query("SELECT report FROM runs") == [{"report": '{"claims": 1}'}]
