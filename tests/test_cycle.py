"""The whole cycle on real HTTP and a real store, with known claims in the detector's place: what is told, and that it is told once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from pathlib import Path

import pytest

from pipeline import app, articles, config, cycle
from pipeline.cell import Cell
from pipeline.errors import DeliveryError, StoreError
from pipeline.model import Article, Channel, Claim, Detection, Event, Quote, Status
from pipeline.notify import Message
from pipeline.store import Store
from tests.web import Answer, Asked, Site

DAY = datetime(2024, 3, 5, 8, tzinfo=UTC)
NOW = DAY + timedelta(hours=10)
HOUR = timedelta(hours=1)

LAUNCH = (
    "The Harbour Data Compact was launched on Tuesday by Norvik Freight, Altera Lines and the Port of Ghent, which will share their "
    "arrival data from the summer on. The three founders want to shorten the queues before the locks, where ships now wait for two "
    "days in the mean.",
    "Tamsin Roe, who leads Altera Lines, said that the three founding members hoped that others would follow before the year is out. "
    "The rules of the compact are short: who takes data gives data, and nobody sells what was given. A small office in the old customs "
    "house will keep the books.",
)
EXIT = (
    "Altera Lines said on Friday that it was leaving the Harbour Data Compact, barely three months after it helped to found it. The "
    "carrier will keep its own arrival forecasts to itself from July on.",
    "The remaining members regretted the step. The office of the compact said that the rules would be looked at again in the autumn, "
    "when the first year's figures are in, and that the door stayed open for everybody who once belonged.",
)


class Gold:
    """Says of an article what the test wrote down for the sentences that it holds."""

    version = "gold"

    def __init__(self) -> None:
        self.table: dict[str, tuple[tuple[str | None, Event], ...]] = {
            "was launched on Tuesday by": (
                (None, Event.FORMED),
                ("Norvik Freight", Event.JOINED),
                ("Altera Lines", Event.JOINED),
                ("Port of Ghent", Event.JOINED),
            ),
            "was leaving the Harbour Data Compact": (("Altera Lines", Event.LEFT),),
        }
        self.read: list[str] = []

    def detect(self, article: Article) -> Detection:
        self.read.append(article.url)
        claims = [
            Claim("Harbour Data Compact", member, event, Status.COMPLETED, Quote(words, "text", article.text.index(words)), 0.9)
            for words, said in self.table.items()
            if words in article.text
            for member, event in said
        ]
        return Detection(tuple(claims), skipped="" if claims else "no word of membership")


def page(title: str, paragraphs: Sequence[str], published: datetime = DAY, more: str = "") -> str:
    body = "".join(f"<p>{escape(p)}</p>" for p in paragraphs)
    return (
        f"<!doctype html><html lang='en'><head><title>{escape(title)}</title>"
        f"<meta property='article:published_time' content='{published.isoformat()}'>{more}</head><body><nav><a href='/'>Home</a></nav>"
        f"<article><h1>{escape(title)}</h1>{body}</article><footer>Contact</footer></body></html>"
    )


def rss(*entries: tuple[str, str, str, datetime], text: str = "Short.") -> str:
    """A feed of (guid, address, title, time)."""
    inner = "".join(
        f"<item><title>{escape(title)}</title>{f'<link>{escape(url)}</link>' if url else ''}<guid isPermaLink='false'>{guid}</guid>"
        f"<pubDate>{format_datetime(at)}</pubDate><description>{escape(text)}</description></item>"
        for guid, url, title, at in entries
    )
    head = "<title>Wire</title><link>x</link><description>d</description>"
    return f"<?xml version='1.0'?><rss version='2.0'><channel>{head}{inner}</channel></rss>"


class Desk:
    """A web site with a feed, a configuration that reads it, and the store that it fills."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site, self.folder, self.gold, self.told = site, folder, Gold(), list[tuple[str, Message]]()
        self.feeds = {"wire": "/feed.xml"}
        self.extra = ""
        self.entries: list[tuple[str, str, str, datetime]] = []
        self.failing_channel = ""

    def publish(self, name: str, title: str, paragraphs: Sequence[str], at: datetime = DAY, *, guid: str = "", more: str = "") -> str:
        """Puts a page on the site and an entry at the head of the feed; gives the page's address."""
        url = self.site.put(f"/{name}.html", page(title, paragraphs, at, more))
        self.entries.insert(0, (guid or name, url, title, at))
        self.site.put("/feed.xml", rss(*self.entries), type="application/rss+xml")
        return url

    @contextmanager
    def parts(self) -> Iterator[cycle.Parts]:
        path = self.folder / "pipeline.toml"
        listed = "".join(f'[[feeds]]\nname = "{n}"\nurl = "{self.site.url(p)}"\npublisher = "{n.title()}"\n' for n, p in self.feeds.items())
        path.write_text(
            f'[store]\npath = "var/store.db"\n[fetch]\nallow_private_addresses = true\ntimeout_seconds = 5\n{listed}{self.extra}',
            encoding="utf-8",
        )
        with app.open_parts(config.load(path), detector=self.gold) as parts:
            yield replace(parts, deliver=self._deliver)

    def _deliver(self, message: Message, channel: Channel) -> str:
        if channel.name == self.failing_channel:
            raise DeliveryError("the folder is full", about=channel.name)
        self.told.append((channel.name, message))
        return "taken"

    def run(self, now: datetime = NOW, *, everything: bool = True) -> cycle.CycleReport:
        with self.parts() as parts:
            return cycle.run_once(parts, now, everything=everything)

    @contextmanager
    def store(self) -> Iterator[Store]:
        with Store.open(self.folder / "var" / "store.db", read_only=True) as store:
            yield store


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Site() as site:
        site.put("/robots.txt", "User-agent: *\nAllow: /\n", type="text/plain")
        site.put("/feed.xml", rss(), type="application/rss+xml")
        yield Desk(site, tmp_path)


def kinds(report: cycle.CycleReport) -> list[tuple[str, str]]:
    return sorted((c.kind.value, c.member.name if c.member else "") for c in report.changes)


FOUNDED = [
    ("coalition_formed", ""),
    ("member_joined", "Altera Lines"),
    ("member_joined", "Norvik Freight"),
    ("member_joined", "Port of Ghent"),
]


def test_a_launch_is_read_told_and_kept(desk: Desk) -> None:
    url = desk.publish("launch", "Carriers found Harbour Data Compact", LAUNCH)
    report = desk.run()
    assert kinds(report) == FOUNDED
    document = report.as_json()
    assert json.loads(json.dumps(document)) == document
    assert document["feeds"] == {"polled": 1, "unchanged": 0, "failed": 0, "partial": []}
    assert document["entries"] == {"new": 1, "updated": 0}
    assert document["articles"] == {"parsed": 1, "failed": 0, "duplicates": 0}
    assert (document["claims"], document["failures"], document["run"]["id"]) == (4, [], 1)
    for change in document["changes"]:
        assert {"id", "kind", "coalition", "member", "role", "status", "effective", "detected_at", "confidence", "sources"} <= set(change)
        assert [(e["url"], e["quote"]) for e in change["evidence"]] == [(url, "was launched on Tuesday by")]
    with desk.store() as store:
        assert [m.member.name for m in store.memberships(store.find_coalition("harbour data compact").key)] == [  # type: ignore[union-attr]
            "Altera Lines", "Norvik Freight", "Port of Ghent",
        ]  # fmt: skip
        assert len(store.changes()) == 4
        assert json.loads(store.query("SELECT report FROM runs")[0]["report"]) == document


def test_the_same_input_again_tells_nothing(desk: Desk) -> None:
    desk.publish("launch", "Carriers found Harbour Data Compact", LAUNCH)
    desk.run()
    for turn in range(1, 3):
        report = desk.run(NOW + turn * HOUR)
        assert (report.changes, report.alerts, report.new, report.parsed, report.duplicates) == ((), (), 0, 0, 0)
        assert report.unchanged == 1
    assert len(desk.gold.read) == 1


def test_a_new_guid_or_address_for_the_same_article_is_a_duplicate(desk: Desk) -> None:
    desk.publish("launch", "Carriers found Harbour Data Compact", LAUNCH)
    desk.run()
    desk.publish("launch", "Carriers found Harbour Data Compact", LAUNCH, guid="served-again")
    desk.publish("moved", "Carriers found Harbour Data Compact", LAUNCH)
    report = desk.run(NOW + HOUR)
    assert (report.new, report.duplicates, report.parsed, report.changes) == (2, 2, 0, ())
    assert len(desk.gold.read) == 1


def test_two_feeds_with_one_article_fetch_it_once(desk: Desk) -> None:
    url = desk.publish("launch", "Carriers found Harbour Data Compact", LAUNCH)
    desk.feeds["other"] = "/other.xml"
    desk.site.put("/other.xml", rss(("x", url, "Carriers found Harbour Data Compact", DAY)), type="application/rss+xml")
    report = desk.run()
    assert (report.polled, report.new, report.parsed) == (2, 2, 1)
    assert len(desk.site.asked("/launch.html")) == 1 and kinds(report) == FOUNDED


def test_a_syndicated_copy_is_one_story_and_no_second_change(desk: Desk) -> None:
    desk.publish("launch", "Carriers found Harbour Data Compact", LAUNCH)
    desk.run()
    shortened = (LAUNCH[0], LAUNCH[1].split(". The rules")[0] + ".")
    desk.publish("copy", "Port data: three founders sign compact", shortened, DAY + 20 * HOUR)
    report = desk.run(NOW + 24 * HOUR)
    assert (report.parsed, report.changes, report.alerts) == (1, (), ())
    with desk.store() as store:
        assert store.counts()["stories"] == 1 and store.counts()["articles"] == 2
        assert {(len(c.evidence), c.sources) for c in store.changes()} == {(2, 1)}


def test_articles_are_read_in_the_order_of_their_publication(desk: Desk) -> None:
    later = DAY + timedelta(days=90)
    exit_url = desk.publish("exit", "Altera Lines leaves compact", EXIT, later)
    launch_url = desk.publish("launch", "Carriers found Harbour Data Compact", LAUNCH)
    report = desk.run(later + HOUR)
    assert desk.gold.read == [launch_url, exit_url]
    assert ("member_left", "Altera Lines") in kinds(report)


def test_an_edit_is_a_new_version_and_what_it_no_longer_says_is_withdrawn(desk: Desk) -> None:
    desk.publish("launch", "Carriers found Harbour Data Compact", LAUNCH)
    desk.run()
    desk.entries.clear()
    edited = tuple(p.replace("was launched on Tuesday by", "may be launched by") for p in LAUNCH)
    desk.publish("launch", "Carriers may found Harbour Data Compact", edited)
    report = desk.run(NOW + HOUR)
    assert (report.updated, report.parsed) == (1, 1)
    assert kinds(report) == sorted(("claim_corrected", member) for _, member in FOUNDED)
    with desk.store() as store:
        assert store.query("SELECT version FROM articles") == [{"version": 2}]
        assert store.evidence_about(["harbour data compact"]) == ()
        assert len(store.evidence_about(["harbour data compact"], known_at=NOW)) == 4
        assert store.query("SELECT * FROM current_membership") == []


@pytest.mark.parametrize(
    ("status", "body", "why", "asked"),
    [(503, "later", "503", 3), (404, "gone", "404", 1), (200, "%PDF-1.7", "", 1), (200, "", "empty", 1)],
)
def test_a_page_that_cannot_be_had_is_read_from_the_feed_and_tried_again(desk: Desk, status: int, body: str, why: str, asked: int) -> None:
    desk.publish("launch", "Carriers found Harbour Data Compact", LAUNCH)
    whole = page("Carriers found Harbour Data Compact", LAUNCH)
    desk.site.put("/feed.xml", rss(*desk.entries, text=LAUNCH[0]), type="application/rss+xml")
    desk.site.put("/launch.html", body, status=status)
    first = desk.run()
    assert (first.parsed, first.failed_articles) == (0, 1) and kinds(first) == FOUNDED
    assert [f.what for f in first.failures] == [desk.site.url("/launch.html")] and why in first.failures[0].why
    for turn in range(1, 5):
        again = desk.run(NOW + turn * 24 * HOUR)
        assert again.changes == ()
    assert len(desk.site.asked("/launch.html")) == asked
    desk.site.put("/launch.html", whole)
    assert desk.run(NOW + 9 * 24 * HOUR).parsed == 0


def test_a_page_that_is_had_later_becomes_the_new_version_of_what_the_feed_said(desk: Desk) -> None:
    desk.publish("launch", "Carriers found Harbour Data Compact", LAUNCH)
    desk.site.put("/launch.html", "later", status=503)
    assert desk.run().claims == 0
    desk.site.put("/launch.html", page("Carriers found Harbour Data Compact", LAUNCH))
    assert desk.run(NOW + timedelta(minutes=1), everything=False).parsed == 0
    report = desk.run(NOW + HOUR, everything=False)
    assert (report.parsed, report.failed_articles) == (1, 0) and kinds(report) == FOUNDED
    with desk.store() as store:
        assert store.query("SELECT version, origin FROM articles") == [{"version": 2, "origin": "page"}]
        assert store.query("SELECT origin FROM former_versions") == [{"origin": "feed"}]


def test_a_page_takes_nothing_back_that_the_feed_alone_said(desk: Desk) -> None:
    desk.publish("launch", "Carriers found Harbour Data Compact", LAUNCH)
    desk.site.put("/feed.xml", rss(*desk.entries, text=LAUNCH[0]), type="application/rss+xml")
    desk.site.put("/launch.html", "later", status=503)
    assert kinds(desk.run()) == FOUNDED
    desk.site.put("/launch.html", page("Carriers found Harbour Data Compact", LAUNCH[1:]))
    report = desk.run(NOW + HOUR)
    assert (report.parsed, report.changes) == (1, ())
    with desk.store() as store:
        assert len(store.evidence_about(["harbour data compact"])) == 4


def test_a_page_that_was_read_is_not_given_up_for_the_feeds_words(desk: Desk) -> None:
    desk.publish("launch", "Carriers found Harbour Data Compact", LAUNCH)
    desk.run()
    desk.site.put("/launch.html", "later", status=503)
    desk.site.put("/feed.xml", rss(*desk.entries, text="Another summary."), type="application/rss+xml")
    report = desk.run(NOW + HOUR)
    assert (report.updated, report.failed_articles) == (1, 1)
    with desk.store() as store:
        assert store.query("SELECT version, origin FROM articles") == [{"version": 1, "origin": "page"}]
        assert len(store.evidence_about(["harbour data compact"])) == 4


def test_an_entry_without_an_address_is_read_from_its_own_words(desk: Desk) -> None:
    desk.site.put("/feed.xml", rss(("a b", "", "Carriers found compact", DAY), text=LAUNCH[0]), type="application/rss+xml")
    report = desk.run()
    assert (report.parsed, report.failed_articles) == (1, 0) and kinds(report) == FOUNDED
    assert report.changes[0].evidence[0].article == desk.site.url("/feed.xml") + "#a%20b"


def test_one_canonical_address_for_all_pages_is_not_believed(desk: Desk) -> None:
    lie = f"<link rel='canonical' href='{desk.site.url('/news')}'>"
    desk.publish("launch", "Carriers found Harbour Data Compact", LAUNCH, more=lie)
    desk.publish("exit", "Altera Lines leaves compact", EXIT, DAY + 2 * HOUR, more=lie)
    report = desk.run()
    assert (report.parsed, report.duplicates) == (2, 0)
    with desk.store() as store:
        assert store.counts()["articles"] == 2 and len(store.evidence_about(["harbour data compact"])) == 5


def test_feeds_that_fail_leave_the_rest(desk: Desk) -> None:
    desk.publish("launch", "Carriers found Harbour Data Compact", LAUNCH)
    desk.feeds |= {"gone": "/gone.xml", "pdf": "/pdf.xml", "empty": "/empty.xml"}
    desk.site.put("/pdf.xml", b"%PDF-1.7 not a feed", type="application/pdf")
    desk.site.put("/empty.xml", b"")
    report = desk.run()
    assert (report.polled, report.failed_feeds, report.parsed, report.every_feed_failed) == (4, 3, 1, False)
    said = {f.what: f.why for f in report.failures}
    assert set(said) == {"gone", "pdf", "empty"} and "404" in said["gone"] and "PDF" in said["pdf"] and "empty" in said["empty"]
    with desk.store() as store:
        health = store.feed_health()
        assert health.read == 1 and {s.what for s in health.failing} == set(said) and health.last_success == NOW


def test_every_feed_failing_is_said(desk: Desk) -> None:
    desk.site.put("/feed.xml", b"", status=500)
    report = desk.run()
    assert report.every_feed_failed and report.failures[0].what == "wire"


def test_validators_and_equal_bytes_spare_the_reading(desk: Desk) -> None:
    desk.publish("launch", "Carriers found Harbour Data Compact", LAUNCH)
    desk.run()
    assert desk.run(NOW + HOUR).unchanged == 1
    feed = rss(*desk.entries, text="Edited.")

    def answer(asked: Asked) -> Answer:
        known = asked.headers.get("if-none-match") == '"2"'
        return Answer(status=304) if known else Answer(feed.encode(), headers={"ETag": '"2"', "Content-Type": "application/rss+xml"})

    desk.site.on("/feed.xml", answer)
    assert desk.run(NOW + 2 * HOUR).updated == 1
    assert desk.run(NOW + 3 * HOUR).unchanged == 1
    assert desk.site.asked("/feed.xml")[-1].headers["if-none-match"] == '"2"'


def test_only_what_is_due_is_polled_on_schedule(desk: Desk) -> None:
    desk.run()
    assert desk.run(NOW + timedelta(minutes=30), everything=False).polled == 0
    assert desk.run(NOW + timedelta(minutes=60), everything=False).polled == 1


def test_a_crash_loses_nothing_and_leaves_nothing_half_done(desk: Desk) -> None:
    desk.publish("launch", "Carriers found Harbour Data Compact", LAUNCH)
    desk.publish("exit", "Altera Lines leaves compact", EXIT, DAY + 2 * HOUR)
    with desk.parts() as parts:
        # The second article meets a full disk in the middle of being saved.
        parts.store.db.execute(
            "CREATE TEMP TRIGGER breaks BEFORE INSERT ON changes WHEN new.kind = 'member_left' BEGIN SELECT RAISE(ABORT, 'no room'); END"
        )
        with pytest.raises(sqlite3.IntegrityError, match="no room"):
            cycle.run_once(parts, NOW)
    with desk.store() as store:
        assert (store.counts()["articles"], store.counts()["changes"], store.counts()["pending"]) == (1, 4, 1)
        assert store.query("SELECT finished FROM runs") == [{"finished": None}]
        assert store.query("SELECT * FROM pragma_foreign_key_check") == []
    report = desk.run(NOW + HOUR)
    assert kinds(report) == [("member_left", "Altera Lines")]
    assert desk.run(NOW + 2 * HOUR).changes == ()


def test_a_stop_between_articles_keeps_those_that_were_read(desk: Desk) -> None:
    desk.publish("launch", "Carriers found Harbour Data Compact", LAUNCH)
    desk.publish("exit", "Altera Lines leaves compact", EXIT, DAY + 2 * HOUR)

    class Stop(Exception):
        pass

    def tell(stage: str, done: int, total: int) -> None:
        assert done <= total
        if (stage, done) == ("articles", 1):
            raise Stop

    with desk.parts() as parts, pytest.raises(Stop):
        cycle.run_once(parts, NOW, progress=tell)
    assert kinds(desk.run(NOW + HOUR)) == [("member_left", "Altera Lines")]


def test_a_locked_store_stops_the_cycle(desk: Desk) -> None:
    with desk.parts(), pytest.raises(StoreError, match="locked"):
        desk.run()


RULES = """
[[channels]]
name = "files"
kind = "file"
folder = "var/alerts"
[[alerts]]
name = "exits"
kinds = ["member_left"]
channels = ["files"]
"""


def test_an_alert_is_delivered_once_and_tried_again_when_its_channel_fails(desk: Desk) -> None:
    desk.extra = RULES
    desk.publish("launch", "Carriers found Harbour Data Compact", LAUNCH)
    desk.publish("exit", "Altera Lines leaves compact", EXIT, DAY + 2 * HOUR)
    desk.failing_channel = "files"
    report = desk.run()
    assert [a.rule for a in report.alerts] == ["exits"] and report.delivered == 0
    assert [(f.what, f.why) for f in report.failures] == [("files", "the folder is full")]
    desk.failing_channel = ""
    assert desk.run(NOW + timedelta(minutes=1)).delivered == 0
    assert desk.run(NOW + HOUR).delivered == 1
    assert desk.run(NOW + 2 * HOUR).delivered == 0
    ((channel, message),) = desk.told
    assert (channel, message.name) == ("files", f"{NOW:%Y-%m-%d}-{report.alerts[0].id}")
    assert message.subject == "high: Harbour Data Compact: Altera Lines left" and "was leaving the Harbour Data Compact" in message.markdown


def test_an_alert_for_a_channel_that_went_is_given_up(desk: Desk) -> None:
    desk.extra = RULES
    desk.publish("launch", "Carriers found Harbour Data Compact", LAUNCH)
    desk.publish("exit", "Altera Lines leaves compact", EXIT, DAY + 2 * HOUR)
    desk.failing_channel = "files"
    desk.run()
    desk.extra = ""
    report = desk.run(NOW + HOUR)
    assert "no channel" in report.failures[0].why and desk.run(NOW + 2 * HOUR).failures == ()


WEEKLY = """
[[channels]]
name = "files"
kind = "file"
folder = "var/digests"
[digest]
days = 7
channels = ["files"]
"""


def test_a_digest_goes_out_when_its_days_are_over(desk: Desk) -> None:
    desk.extra = WEEKLY
    desk.publish("launch", "Carriers found Harbour Data Compact", LAUNCH)
    report = desk.run()
    assert report.delivered == 1
    ((channel, message),) = desk.told
    assert (channel, message.name) == ("files", f"digest-{NOW:%Y-%m-%d}")
    assert "Norvik Freight" in message.markdown and message.html.startswith("<!doctype html>") and "\n" not in message.subject
    desk.publish("exit", "Altera Lines leaves compact", EXIT, DAY + 2 * HOUR)
    assert desk.run(NOW + timedelta(days=3)).delivered == desk.run(NOW + timedelta(days=6)).delivered == 0
    # A few seconds earlier than a week later is a week later.
    assert desk.run(NOW + timedelta(days=7, seconds=-5)).delivered == 1
    assert desk.run(NOW + timedelta(days=7, hours=1)).delivered == 0
    second = desk.told[1][1]
    assert "Altera Lines" in second.markdown and "was launched on Tuesday" not in second.markdown
    # Silence is told, too.
    assert desk.run(NOW + timedelta(days=14)).delivered == 1 and "Nothing changed" in desk.told[2][1].markdown


def test_a_digest_that_its_channel_does_not_take_is_tried_again_as_it_was(desk: Desk) -> None:
    desk.extra = WEEKLY
    desk.publish("launch", "Carriers found Harbour Data Compact", LAUNCH)
    desk.failing_channel = "files"
    assert [f.why for f in desk.run().failures] == ["the folder is full"]
    desk.failing_channel = ""
    desk.publish("exit", "Altera Lines leaves compact", EXIT, DAY + 2 * HOUR)
    assert desk.run(NOW + HOUR).delivered == 1
    (told,) = (message for _, message in desk.told)
    assert told.name == f"digest-{NOW:%Y-%m-%d}" and "Norvik Freight" in told.markdown and "was leaving" not in told.markdown


def test_no_digest_is_sent_before_anything_was_read(desk: Desk) -> None:
    desk.extra = WEEKLY
    desk.site.put("/feed.xml", status=500)
    assert desk.run().delivered == 0
    desk.site.put("/feed.xml", rss(), type="application/rss+xml")
    assert desk.run(NOW + HOUR).delivered == 1


def test_names_that_were_learned_are_known_to_the_next_run(desk: Desk) -> None:
    desk.publish("launch", "Carriers found Harbour Data Compact", LAUNCH)
    desk.run()
    with desk.parts() as parts:
        found = parts.identities.coalition("The Harbour Data COMPACT")
        assert found and found.name == "Harbour Data Compact"


def test_the_digest_tells_the_period_and_the_health_of_the_feeds(desk: Desk) -> None:
    desk.publish("launch", "Carriers found Harbour Data Compact", LAUNCH)
    desk.run()
    with desk.store() as store:
        told = cycle.make_digest(store, NOW - HOUR, NOW + HOUR)
        assert told.feeds and told.feeds.read == 1
        assert len(store.changes(NOW - HOUR, NOW + HOUR)) == 4
        assert store.changes(NOW + HOUR, NOW + 2 * HOUR) == ()


def test_half_characters_do_no_harm(desk: Desk) -> None:
    words = {"version": "https://jsonfeed.org/version/1.1", "title": "t",
             "items": [{"id": "a\ud800", "title": "Caf\ud800 news", "content_text": LAUNCH[0] + " \udfff"}]}  # fmt: skip
    desk.site.put("/feed.xml", json.dumps(words), type="application/feed+json")
    assert kinds(desk.run()) == FOUNDED
    assert desk.run(NOW + HOUR).changes == ()


def test_an_exit_a_return_and_an_exit_read_in_one_run_are_three_changes(desk: Desk) -> None:
    desk.gold.table = {
        "was left by": (("Altera Lines", Event.LEFT),),
        "is back": (("Altera Lines", Event.JOINED),),
        "has gone": (("Altera Lines", Event.LEFT),),
    }
    said = (
        "The Harbour Data Compact was left by Altera Lines",
        "Altera Lines is back in the Harbour Data Compact",
        "Altera Lines has gone",
    )
    for turn, words in enumerate(said):
        desk.publish(f"turn-{turn}", f"News {turn}", (f"{words}, its office said on Monday.",), DAY + turn * 100 * 24 * HOUR)
    report = desk.run(NOW + 300 * 24 * HOUR)
    assert [c.kind.value for c in report.changes] == ["member_left", "member_joined", "member_left"]
    assert len({c.id for c in report.changes}) == 3


def test_a_page_behind_a_paywall_is_told_as_read_in_part_and_the_feeds_longer_text_is_read(desk: Desk) -> None:
    wall = '<script type=\'application/ld+json\'>{"@type":"NewsArticle","isAccessibleForFree":false}</script>'
    url = desk.publish("launch", "A compact is launched", [LAUNCH[1][:120]], more=wall)
    desk.site.put("/feed.xml", rss(*desk.entries, text=" ".join(LAUNCH)), type="application/rss+xml")
    report = desk.run()
    assert [(p.what, "for subscribers" in p.why) for p in report.partial] == [(url, True)]
    assert not report.failures and kinds(report) == sorted([*FOUNDED])
    with desk.store() as store:
        assert LAUNCH[0] in store.query("SELECT text FROM articles")[0]["text"]


def several(desk: Desk, *pages: Sequence[str]) -> str:
    """Publishes an article that goes on from page to page, and gives its address."""
    title = "Carriers found Harbour Data Compact"
    for number in range(1, len(pages) + 1):
        following = f"<link rel='next' href='/launch.html?page={number + 1}'>" if number < len(pages) else ""
        text = page(title, pages[number - 1], more=following)
        if number == 1:
            url = desk.publish("launch", title, pages[0], more=following)
        else:
            desk.site.put(f"/launch.html?page={number}", text)
    return url


def test_an_article_of_several_pages_is_stored_whole(desk: Desk) -> None:
    more = ["The third page tells how the queues came about, and who had warned of them for years before the locks were closed."]
    url = several(desk, LAUNCH[1:], [LAUNCH[1], LAUNCH[0]], more)
    report = desk.run()
    assert (report.parsed, report.partial, kinds(report)) == (1, (), FOUNDED)
    with desk.store() as store:
        stored = store.query("SELECT url, text FROM articles")
    assert stored == [{"url": url, "text": "\n\n".join([LAUNCH[1], LAUNCH[0], *more])}]  # what page two repeats is there once
    asked = [a.path for a in desk.site.requests if a.path.startswith("/launch")]
    assert asked == ["/launch.html", "/launch.html?page=2", "/launch.html?page=3"]


def test_an_article_whose_next_page_cannot_be_had_is_read_as_far_as_it_goes_and_again_later(desk: Desk) -> None:
    url = several(desk, LAUNCH[:1], LAUNCH[1:])
    desk.site.put("/launch.html?page=2", "later", status=503)
    report = desk.run()
    assert kinds(report) == FOUNDED and [(p.what, "page 2 of it: answered 503" in p.why) for p in report.partial] == [(url, True)]
    desk.site.put("/launch.html?page=2", page("Carriers found Harbour Data Compact", LAUNCH[1:]))
    assert desk.run(NOW + timedelta(minutes=1), everything=False).parsed == 0
    report = desk.run(NOW + HOUR, everything=False)
    assert (report.parsed, report.partial, report.changes) == (1, (), ())
    with desk.store() as store:
        assert store.query("SELECT version, text FROM articles") == [{"version": 2, "text": "\n\n".join(LAUNCH)}]


def test_pages_that_number_themselves_for_ever_are_not_followed_for_ever(desk: Desk) -> None:
    def answer(asked: Asked) -> Answer:
        number = int(asked.path.rpartition("=")[2]) if "=" in asked.path else 1
        words = [LAUNCH[0], f"Page {number} has a paragraph of its own, which no other page of this story has, about lock number {number}."]
        return Answer(page("Locks", words, more=f"<link rel='next' href='/launch.html?page={number + 1}'>").encode())

    desk.publish("launch", "Locks", LAUNCH)
    for number in range(1, 30):
        desk.site.on("/launch.html" + (f"?page={number}" if number > 1 else ""), answer)
    assert desk.run().parsed == 1
    assert len([a for a in desk.site.requests if a.path.startswith("/launch")]) == articles.MOST_PAGES


def test_documents_that_take_for_ever_cost_their_limit_and_hold_nobody_up(desk: Desk) -> None:
    desk.publish("launch", "Carriers found Harbour Data Compact", LAUNCH)
    slow = desk.publish("slow", "Slow", LAUNCH, more="x" + "<p>x " * 1_500_000)  # half a minute, honestly spent on each paragraph
    with desk.parts() as parts:
        cell = Cell(seconds=2)
        report = cycle.run_once(replace(parts, cell=cell), NOW)
        cell.close()
    assert kinds(report) == FOUNDED
    assert {f.what: f.why for f in report.failures}[slow] == "takes longer than 2 seconds to read and was given up"
