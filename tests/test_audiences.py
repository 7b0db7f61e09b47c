"""Digests by cron and time zone: when one is made, for whom, of what; what was expected, what is disputed, who has gone quiet."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pipeline import cycle, render, strip, templates
from pipeline.config import Config
from pipeline.digest import DISPUTES_SHOWN
from pipeline.model import AlertRule, Audience, ChangeKind, Channel, Event, FailingFeed, Feed, FeedHealth, Severity, Status
from pipeline.store import Poll
from tests.shelf import DAY, claim
from tests.test_outbox import BUSY, HOUR, Post, refusing, told

BERLIN = ZoneInfo("Europe/Berlin")


def audience(name: str, rule: AlertRule | None = None, cron: str = "0 8 * * *", **more: str) -> Audience:
    return Audience(name, replace(rule or AlertRule(name), name=name, channels=("mail",)), cron, BERLIN, **more)


def post_for(*audiences: Audience) -> Post:
    post = Post(AlertRule("none", least_confidence=1.0), channels=[Channel("mail", "email", "")])
    post.parts = replace(post.parts, config=replace(post.parts.config, audiences=audiences))
    return post


def test_a_digest_comes_at_its_time_and_tells_what_was_learned_since_the_last() -> None:
    with post_for(audience("board", title="For the board")) as post:
        post.read(told("exit", claim("Norvik Freight", Event.LEFT)), now=datetime(2024, 3, 5, 6, tzinfo=UTC))
        first = post.got.pop()[1]  # that of the day before, as soon as there is anything to go by
        assert "Norvik" not in first.text and first.name == "digest-2024-03-04-0800-board"
        post.later(timedelta(minutes=59))
        assert post.got == []
        post.later(timedelta(minutes=1))
        [(channel, message)] = post.got
        assert (channel, message.kind, message.name) == ("mail", "digest", "digest-2024-03-05-0800-board")
        assert (
            message.subject == "For the board: 4 March 2024 07:00 UTC to 5 March 2024 07:00 UTC" and "Norvik Freight left" in message.text
        )
        assert post.later(HOUR).delivered == 0
        # The program slept for four days: one digest tells all of them.
        post.read(told("exit 2", claim("Altera Lines", Event.LEFT), day=1), now=datetime(2024, 3, 9, 12, tzinfo=UTC))
        last = post.got[-1][1]
        assert len(post.got) == 2 and last.name == "digest-2024-03-09-0800-board" and last.made == datetime(2024, 3, 9, 7, tzinfo=UTC)
        # What was learned at noon is told the next morning, and nothing is told twice.
        assert "Altera" not in last.text and "Norvik" not in last.text
        post.later(20 * HOUR)
        assert "Altera Lines left" in post.got[-1][1].text


def test_each_audience_gets_its_own() -> None:
    exits = audience("exits", AlertRule("", kinds=frozenset({ChangeKind.MEMBER_LEFT})))
    amber = audience("amber", AlertRule("", coalitions=("Amber Pact",), least_severity=Severity.NORMAL))
    with post_for(exits, amber) as post:
        post.read(
            told(
                "news",
                claim("Norvik", Event.LEFT),
                claim("Kaspel", coalition="Amber Pact"),
                claim("Sereth", Event.MEMBER, coalition="Amber Pact"),
            ),
            now=DAY,
        )
        post.got.clear()
        post.later(24 * HOUR)
        texts = {message.name.rpartition("-")[2]: message.text for _, message in post.got}
        assert "Norvik left" in texts["exits"] and "Kaspel" not in texts["exits"]
        assert "Kaspel joined" in texts["amber"] and "Norvik" not in texts["amber"] and "Sereth" not in texts["amber"]


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(lambda config: replace(config, audiences=()), id="the audience is gone"),
        pytest.param(
            lambda config: replace(config, audiences=(audience("other", config.audiences[0].rule),)), id="the audience has another name"
        ),
        pytest.param(
            lambda config: replace(
                config, audiences=(replace(config.audiences[0], rule=replace(config.audiences[0].rule, channels=("hook",))),)
            ),
            id="the channel is taken off its list",
        ),
    ],
)
def test_a_digest_that_nobody_asks_for_any_more_is_dropped_and_comes_with_its_audience(changed: Callable[[Config], Config]) -> None:
    exits = audience("exits", AlertRule("", kinds=frozenset({ChangeKind.MEMBER_LEFT})), title="Who went")
    with post_for(exits) as post:
        asked = post.parts.config
        post.refuse = refusing(BUSY)
        post.read(told("news", claim("Norvik", Event.LEFT), claim("Altera")), now=DAY)
        post.later(23 * HOUR)  # the digest of the day is made, and waits for another try
        post.refuse = lambda message, channel: None
        post.parts = replace(post.parts, config=changed(asked))
        post.later(HOUR / 2)
        assert not [m.name for channel, m in post.got if channel == "mail" and m.name.endswith("-exits")]
        dropped = post.store.letters(["dropped"])
        assert {k.error for k in dropped} == {"the configuration sends no digest exits to mail any more"}
        # Nothing of it is lost to who asks for it again, and what others should not read was read by nobody.
        post.got.clear()
        post.parts = replace(post.parts, config=asked)
        post.later(HOUR / 4)
        [(_, message)] = post.got
        assert message.subject.startswith("Who went: ") and "Norvik left" in message.text and "Altera" not in message.text


def test_what_was_announced_and_did_not_happen_is_told() -> None:
    with Post(AlertRule("none", least_confidence=1.0)) as post:
        planned = claim("Altera Lines", Event.WILL_JOIN, "2024-04-01", status=Status.PLANNED)
        leaving = claim("Norvik Freight", Event.WILL_LEAVE, "2024-04", status=Status.PLANNED)
        other = claim("Port of Ghent", Event.WILL_JOIN, "2024-04-01", status=Status.PLANNED)
        post.read(told("plans", claim("Norvik Freight"), planned, other), told("more", leaving, day=0.1))
        post.read(told("done", claim("Port of Ghent", Event.JOINED, "2024-04-01"), day=28))

        def expected(until: datetime) -> list[tuple[str, str]]:
            found = cycle.make_digest(post.store, until - timedelta(days=7), until)
            return [(line.who, line.when) for group in found.expected for line in group.lines]

        assert expected(datetime(2024, 4, 1, 9, tzinfo=UTC)) == []
        assert expected(datetime(2024, 4, 8, tzinfo=UTC)) == [("Altera Lines", "expected 1 April 2024, 7 days ago")]
        both = datetime(2024, 5, 2, tzinfo=UTC)
        assert [who for who, _ in expected(both)] == ["Altera Lines", "Norvik Freight"]
        page = cycle.make_digest(post.store, both - timedelta(days=7), both)
        assert "EXPECTED, AND NOT HEARD OF SINCE" in render.text(page) and page.changes == 0
        assert "Altera Lines was set to join; nothing was heard of it since" in render.text(page) and "“Altera Lines" in render.text(page)
        assert expected(datetime(2025, 5, 2, tzinfo=UTC)) == []


def test_older_disputes_stay_in_sight_until_somebody_decides() -> None:
    with Post(AlertRule("none", least_confidence=1.0)) as post:
        post.read(told("launch", claim("Altera Lines")))
        post.read(told("denial", claim("Altera Lines", Event.JOINED, status=Status.DENIED), day=1))
        fresh = cycle.make_digest(post.store, DAY, DAY + timedelta(days=3))
        later = cycle.make_digest(post.store, DAY + timedelta(days=3), DAY + timedelta(days=9))
        assert fresh.disputed == () and "that is disputed" in render.text(fresh)
        assert later.news == () and [g.lines[0].who for g in later.disputed] == ["Altera Lines"] and "STILL DISPUTED" in render.text(later)


def test_an_audience_of_exits_is_told_that_one_is_denied() -> None:
    exits = AlertRule("exits", kinds=frozenset({ChangeKind.MEMBER_LEFT}))
    with post_for(audience("exits", exits)) as post:
        post.read(told("exit", claim("Norvik Freight", Event.LEFT), claim("Altera Lines", Event.LEFT)), now=DAY)
        post.read(told("denial", claim("Norvik Freight", Event.LEFT, status=Status.DENIED), day=0.2), now=DAY + 5 * HOUR)
        post.read(told("other", claim("Port of Ghent", Event.LEFT), day=0.9), now=DAY + 25 * HOUR)
        page = next(m for _, m in post.got if "Norvik" in m.text)
        news, _, disputed = page.text.partition("STILL DISPUTED")
        assert "Altera Lines and Norvik Freight left" in news and "Norvik Freight was reported as no longer a member" in disputed
        assert "Altera" not in disputed


def test_no_dispute_is_hidden_by_those_of_others_and_what_is_not_shown_is_counted() -> None:
    with Post(AlertRule("none", least_confidence=1.0)) as post:
        many = [f"Member {n:02}" for n in range(DISPUTES_SHOWN + 3)]
        post.read(told("own", claim("Kaspel", coalition="Amber Pact")))
        post.read(told("no", claim("Kaspel", Event.JOINED, coalition="Amber Pact", status=Status.DENIED), day=1))
        post.read(told("launch", *(claim(name) for name in many), day=2))
        post.read(told("denial", *(claim(name, Event.JOINED, status=Status.DENIED) for name in many), day=3))
        later = post.now + timedelta(days=5)
        amber = audience("amber", AlertRule("", coalitions=("Amber Pact",)))
        theirs = cycle.make_digest(post.store, later - HOUR, later, amber)
        assert [(g.coalition, g.lines[0].who) for g in theirs.disputed] == [("Amber Pact", "Kaspel")] and theirs.more_disputed == 0
        page = cycle.make_digest(post.store, later - HOUR, later)
        assert sum(len(line.changes) for g in page.disputed for line in g.lines) == DISPUTES_SHOWN and page.more_disputed == 4
        for shown in (render.text(page), render.markdown(page), render.html(page, templates.read("digest.html"))):
            assert shown.count("… and 4 more.") == 1
        assert "… and" not in render.text(theirs)
        assert json.loads(render.as_json(page))["more_disputed"] == 4


def test_each_coalition_has_its_strip_once_wherever_it_is_spoken_of() -> None:
    def grown(body: str) -> Any:
        return claim("Somebody", coalition=body)

    bodies = ("News Pact", "Plan Pact", "Dispute Pact", "Old Pact")
    with Post(AlertRule("none", least_confidence=1.0)) as post:
        post.read(told("before", *map(grown, bodies)))
        post.read(told("disputed", claim("Kaspel", coalition="Dispute Pact"), day=1))
        post.read(told("denied", claim("Kaspel", Event.JOINED, coalition="Dispute Pact", status=Status.DENIED), day=2))
        post.read(told("plan", claim("Kaspel", Event.WILL_JOIN, "2024-03-20", coalition="Plan Pact", status=Status.PLANNED), day=3))
        since = post.now + HOUR
        seen = [claim("Altera", Event.MEMBER, coalition=body) for body in ("News Pact", "Old Pact")]
        post.read(told("now", claim("Norvik", coalition="News Pact"), *seen, day=28))
        page = cycle.make_digest(post.store, since, post.now + HOUR)
        parts = {"news": page.news, "expected": page.expected, "disputed": page.disputed, "background": page.background}
        shown = {name: [(g.coalition, g.strip is not None) for g in groups] for name, groups in parts.items()}
        assert shown == {
            "news": [("News Pact", True)],
            "expected": [("Plan Pact", True)],
            "disputed": [("Dispute Pact", True)],
            "background": [("News Pact", False), ("Old Pact", True)],
        }
        assert render.html(page, templates.read("digest.html")).count("<svg") == 4


def test_the_proof_of_silence_says_of_each_feed_how_it_is() -> None:
    with Post(AlertRule("none", least_confidence=1.0)) as post:
        post.read(told("exit", claim("Norvik Freight", Event.LEFT)))
        read = post.now
        feeds = [Feed(name, f"https://{name}.example/feed.xml") for name in ("lost", "new", "wire")]
        post.store.sync_feeds(feeds, post.now)
        post.store.save_polls([Poll("lost", error="404"), Poll("wire", unchanged=True)], post.now + HOUR)
        post.store.save_polls([Poll("wire", error="gone")], post.now + 2 * HOUR)
        page = cycle.make_digest(post.store, read, read + 4 * HOUR)
        assert page.feeds == FeedHealth(
            0, (FailingFeed("lost", "404"), FailingFeed("wire", "gone", read + HOUR)), read + HOUR, unasked=("new",)
        )
        text = " ".join(render.text(page).split())
        assert "0 of 3 feeds were read, last on 5 March 2024 10:00 UTC; 2 failing, 1 not asked yet:" in text
        assert "- lost: 404; never read - wire: gone; last read on 5 March 2024 10:00 UTC Not asked yet: new." in text
        # What was never asked is named as such, however long that is, and as nothing else.
        months = cycle.make_digest(post.store, read, read + timedelta(days=90))
        assert months.feeds and months.feeds.unasked == ("new",) and "new" not in {f.what for f in months.feeds.stale}
        failing = json.loads(render.as_json(page))["feeds"]["failing"]
        assert [f["last_success"] for f in failing] == [None, (read + HOUR).isoformat()]


def test_a_feed_that_went_quiet_is_named() -> None:
    with Post(AlertRule("none", least_confidence=1.0)) as post:
        post.read(told("exit", claim("Norvik Freight", Event.LEFT)))
        post.later(timedelta(days=70))
        page = cycle.make_digest(post.store, post.now - HOUR, post.now)
        assert page.feeds and [(f.what, f.why) for f in page.feeds.stale] == [("wire", "nothing new since 5 March 2024")]
        for shown in (
            render.text(page),
            render.markdown(page),
            render.html(page, templates.read("digest.html")),
        ):
            assert "1 feed has brought nothing for long:" in shown and "nothing new since" in shown.replace("\\", "")
        unasked = cycle.make_digest(post.store, post.now, post.now + timedelta(days=4))
        assert unasked.feeds and unasked.feeds.stale[0].why == "was last read on 14 May 2024, and not asked since"


def test_the_strip_counts_twelve_months() -> None:
    told_of = [
        (ChangeKind.MEMBER_JOINED, "2024-06-01"), (ChangeKind.MEMBER_JOINED, "2025-05"), (ChangeKind.MEMBER_LEFT, "2025-05-14"),
        (ChangeKind.MEMBER_JOINED, "2024-05-31"), (ChangeKind.MEMBER_OBSERVED, "2025-05-02"), (ChangeKind.MEMBER_JOINED, "2025-06-01"),
    ]  # fmt: skip
    found = strip.build(told_of, date(2025, 5, 14))
    assert found and (found.came, found.went, len(found.months)) == (2, 1, 12)
    assert strip.in_words(found) == "In 12 months: 2 came, 1 went."
    assert strip.in_detail(found) == "Jun 2024: 1 came; May 2025: 1 came, 1 went"
    assert strip.svg(found).count("<rect") == 3
    assert strip.build(told_of[3:], date(2025, 5, 14)) is None


@pytest.mark.parametrize("until", [date(2025, m, 28) for m in range(1, 13)])
def test_a_strip_ends_with_the_month_of_its_digest(until: date) -> None:
    found = strip.build([(ChangeKind.MEMBER_JOINED, until.isoformat())], until)
    assert found and found.months[-1].first == until.replace(day=1) and found.months[-1].came == 1
