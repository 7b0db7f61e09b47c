"""Rosters in the whole cycle, on real HTTP and a real store: what a body's own page tells, and how it goes with the news."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path

import pytest

from pipeline.model import ChangeKind, Standing
from tests.test_cycle import DAY, EXIT, FOUNDED, LAUNCH, NOW, Desk, kinds
from tests.web import Answer, Site

MEMBERS = ("Norvik Freight", "Altera Lines", "Port of Ghent", "Kaspel Bank", "Tessaly Institute", "Harl & Co.")
WEEK = timedelta(days=7)
RULE = '[[rosters]]\nname = "Compact"\nurl = "{}"\ncoalition = "Harbour Data Compact"\n'


class Body(Desk):
    """A desk that reads a page of members beside its feed."""

    def list(self, names: Sequence[str], more: str = "", **headers: str) -> None:
        listed = "".join(f"<li><a href='/m'>{escape(n)}</a></li>" for n in names)
        self.site.put("/members", f"<html><title>Members</title><main><h1>Our members</h1><ul>{listed}</ul>{more}</main>", headers=headers)

    def stands(self, name: str) -> Standing | None:
        with self.store() as store:
            body = store.find_coalition("Harbour Data Compact")
            assert body
            return next((m.standing for m in store.memberships(body.key) if m.member.name == name), None)


@pytest.fixture
def body(tmp_path: Path) -> Iterator[Body]:
    with Site() as site:
        site.put("/robots.txt", "User-agent: *\nAllow: /\n", type="text/plain")
        site.put(
            "/feed.xml", "<?xml version='1.0'?><rss version='2.0'><channel><title>W</title></channel></rss>", type="application/rss+xml"
        )
        desk = Body(site, tmp_path)
        desk.extra = RULE.format(site.url("/members"))
        yield desk


def test_a_first_reading_is_knowledge_and_no_news(body: Body) -> None:
    body.list(MEMBERS)
    report = body.run()
    assert report.changes == () and report.alerts == () and report.as_json()["rosters"] == {"polled": 1, "failed": 0}
    assert body.stands("Harl & Co.") is Standing.IN
    with body.store() as store:
        (words,) = [
            e.quote
            for e in store.evidence_about(["harbour data compact"])
            if e.statement.member and e.statement.member.name == "Kaspel Bank"
        ]
        assert words == "Kaspel Bank is listed on 5 March 2024."
        assert store.query("SELECT count(*) AS n FROM roster_names") == [{"n": 6}]


def test_later_readings_tell_who_came_and_who_went(body: Body) -> None:
    body.list(MEMBERS)
    body.run()
    body.list((*MEMBERS[:2], *MEMBERS[3:], "Vantage Rail"))
    report = body.run(NOW + WEEK)
    assert kinds(report) == [("member_joined", "Vantage Rail"), ("member_left", "Port of Ghent")]
    left = next(c for c in report.changes if c.kind is ChangeKind.MEMBER_LEFT)
    assert str(left.effective) == "2024-03-12" and left.confidence == 0.9
    (words,) = left.evidence
    assert words.quote == "Port of Ghent is no longer listed on 12 March 2024; it was listed on 5 March 2024."
    assert words.article.startswith(body.site.url("/members#Compact-2024-03-12")) and words.publisher == "Harbour Data Compact"
    assert body.stands("Port of Ghent") is Standing.OUT
    assert body.run(NOW + 2 * WEEK).changes == ()


def test_order_case_accents_and_legal_forms_are_no_change(body: Body) -> None:
    body.list(MEMBERS)
    body.run()
    body.list(["HARL & CO", "Tessály Institute", "Kaspel Bank plc", "the Port of Ghent", "ALTERA LINES", "norvik freight"])
    assert body.run(NOW + WEEK).changes == ()
    body.list(["Harl and Co.", "Tessaly", "Kaspel Bank", "Port of Ghent", "Altera Lines", "Norvik Freight"])
    assert body.run(NOW + 2 * WEEK).changes == ()
    body.list(["Harl & Co.", "Kaspel Bank", "Port of Ghent", "Altera Lines", "Norvik Freight"])
    assert kinds(body.run(NOW + 3 * WEEK)) == [("member_left", "Tessaly Institute")]


@pytest.mark.parametrize(
    ("names", "status", "said"),
    [
        (MEMBERS[:3], 200, "3 of the 6 that it listed on 5 March 2024 are gone, where 1 may vanish at once"),
        ((), 200, "is no complete list of members"),
        ((), 503, "503"),
    ],
)
def test_a_broken_page_is_an_error_and_no_mass_exit(body: Body, names: tuple[str, ...], status: int, said: str) -> None:
    body.list(MEMBERS, ETag='"1"')
    body.run()
    if names:
        body.list(names, ETag='"2"')
    else:
        body.site.put("/members", "<html><nav><ul><li>Home Page</li><li>News Room</li><li>Our Members</li></ul></nav>"
                      "<h1>Oops</h1><p>Something went wrong. Please try again later.</p>", status=status)  # fmt: skip
    report = body.run(NOW + WEEK)
    (failure,) = report.failures
    assert report.changes == () and failure.what == "Compact" and said in failure.why and not report.every_feed_failed
    with body.store() as store:
        health = store.feed_health()
        assert [f.what for f in health.failing] == ["Compact"]
    assert body.stands("Port of Ghent") is Standing.IN
    assert body.run(NOW + WEEK + timedelta(hours=1)).failures == report.failures
    body.list((*MEMBERS[:2], *MEMBERS[3:]))
    assert kinds(body.run(NOW + 2 * WEEK)) == [("member_left", "Port of Ghent")]


def test_an_unchanged_page_is_not_sent_again(body: Body) -> None:
    body.list(MEMBERS)
    answers: list[str] = []

    def answer(asked: object) -> Answer:
        seen = getattr(asked, "headers", {}).get("if-none-match", "")
        answers.append(seen)
        listed = "<h1>Members</h1>" + "".join(f"<li>{escape(n)}</li>" for n in MEMBERS)
        return Answer(b"", 304) if seen else Answer(listed.encode(), 200, {"ETag": '"1"'})

    body.site.on("/members", answer)
    body.run()
    report = body.run(NOW + WEEK)
    assert answers == ["", '"1"'] and report.failures == () and report.changes == ()
    assert body.run(NOW + WEEK + timedelta(hours=1), everything=False).rosters == 0


def test_the_news_is_confirmed_and_not_told_twice(body: Body) -> None:
    body.list(MEMBERS)
    body.publish("launch", "Carriers found Harbour Data Compact", LAUNCH)
    assert kinds(body.run()) == FOUNDED
    body.publish("exit", "Altera Lines leaves Harbour Data Compact", EXIT, DAY + 2 * WEEK)
    assert kinds(body.run(NOW + 2 * WEEK)) == [("member_left", "Altera Lines")]
    body.list((MEMBERS[0], *MEMBERS[2:]))
    assert body.run(NOW + 3 * WEEK).changes == ()
    with body.store() as store:
        (told,) = [c for c in store.changes() if c.kind is ChangeKind.MEMBER_LEFT]
        assert {e.publisher for e in told.evidence} == {"127.0.0.1", "Harbour Data Compact"}


def test_a_member_that_the_news_says_left_and_that_stays_listed_is_disputed_once(body: Body) -> None:
    body.list(MEMBERS)
    body.publish("launch", "Carriers found Harbour Data Compact", LAUNCH)
    body.run()
    body.publish("exit", "Altera Lines leaves Harbour Data Compact", EXIT, DAY + 2 * WEEK)
    body.run(NOW + 2 * WEEK)
    assert body.run(NOW + 4 * WEEK).changes == ()  # pages lag
    assert kinds(body.run(NOW + 7 * WEEK)) == [("claim_disputed", "Altera Lines")]
    assert body.run(NOW + 8 * WEEK).changes == ()
    body.list((MEMBERS[0], *MEMBERS[2:]))
    assert kinds(body.run(NOW + 9 * WEEK)) == [("member_left", "Altera Lines")]


def test_a_joining_that_the_list_does_not_show_is_disputed_once_and_stands(body: Body) -> None:
    body.list((MEMBERS[0], *MEMBERS[2:]))
    body.publish("launch", "Carriers found Harbour Data Compact", LAUNCH)
    assert kinds(body.run()) == FOUNDED
    assert body.run(NOW + 3 * WEEK).changes == ()  # pages lag
    report = body.run(NOW + 6 * WEEK)
    assert kinds(report) == [("claim_disputed", "Altera Lines")]
    assert report.changes[0].evidence[0].quote == "Altera Lines is not listed on 16 April 2024, though it was said to have joined."
    assert body.stands("Altera Lines") is Standing.IN
    assert body.run(NOW + 7 * WEEK).changes == ()
    body.list(MEMBERS)
    assert body.run(NOW + 8 * WEEK).changes == () and body.stands("Altera Lines") is Standing.IN


def test_another_selector_begins_anew(body: Body) -> None:
    body.list(MEMBERS, more="<div id=o><p>Old Harbour</p><p>New Harbour</p><p>Third Harbour</p></div>")
    body.run()
    body.extra += 'selector = "#o p"\nrole = "observer"\n'
    assert body.run(NOW + WEEK).changes == ()
    assert body.stands("Third Harbour") is Standing.IN and body.stands("Norvik Freight") is Standing.IN


def test_what_a_roster_says_is_saved_with_its_names_or_not_at_all(body: Body) -> None:
    body.list(MEMBERS)
    body.run()
    body.list(MEMBERS[1:])
    body.run(datetime(2024, 3, 8, tzinfo=UTC))
    with body.store() as store:
        (row,) = store.query(
            "SELECT count(*) AS n FROM roster_readings r JOIN articles a ON a.id = r.article JOIN evidence e ON e.article = a.id"
            " WHERE e.quote LIKE '%no longer listed%'"
        )
        assert row == {"n": 1}


@pytest.mark.parametrize(("before", "after"), [("Kaspel Bank", "KB"), ("DNB", "DNB Bank"), ("Kaspel", "Kaspel Bank of Norland")])
def test_another_form_of_a_name_is_the_same_member(body: Body, before: str, after: str) -> None:
    body.list((*MEMBERS[:3], before))
    body.run()
    body.list((after, *MEMBERS[:3]))
    expected = [] if after != "KB" else [("member_joined", "KB"), ("member_left", "Kaspel Bank")]  # initials may be anybody's
    assert kinds(body.run(NOW + WEEK)) == expected
    body.list(MEMBERS[:3])
    assert [kind for kind, _ in kinds(body.run(NOW + 2 * WEEK))] == ["member_left"]
    with body.store() as store:
        assert all(m.standing is Standing.OUT for m in store.memberships("harbour data compact") if m.member.name not in MEMBERS)


def test_a_long_roster_of_states_is_read_in_good_time(body: Body) -> None:
    body.list([*(f"Member {n:04} Works" for n in range(600)), "France", "The Gambia"])
    assert body.run().changes == ()
    body.list([*(f"Member {n:04} Works" for n in range(1, 600)), "france", "Gambia"])
    assert kinds(body.run(NOW + WEEK)) == [("member_left", "Member 0000 Works")]


def test_a_roster_that_fails_is_asked_again_as_a_feed_would_be(body: Body) -> None:
    body.extra = body.extra.replace("coalition", "interval_minutes = 60\ncoalition")
    body.list(MEMBERS)
    body.run()
    body.site.put("/members", "later", status=503)
    body.run(NOW + WEEK)
    body.run(NOW + WEEK + timedelta(hours=2))
    # Twice half a failure, for a server that promises to be back: double the interval, and not four times.
    with body.store() as store:
        kept = store.query("SELECT next_due, due_why, strain, failures FROM rosters")
    assert kept == [
        {
            "next_due": (NOW + WEEK + timedelta(hours=4)).isoformat(),
            "due_why": "after 2 failures in a row (answered 503 Service Unavailable)",
            "strain": 1.0,
            "failures": 2,
        }
    ]
    body.list(MEMBERS)
    assert body.run(NOW + WEEK + timedelta(hours=3), everything=False).rosters == 0
    assert body.run(NOW + WEEK + timedelta(hours=5), everything=False).rosters == 1
    with body.store() as store:
        assert store.query("SELECT strain, failures, failing_since FROM rosters") == [{"strain": 0.0, "failures": 0, "failing_since": None}]
