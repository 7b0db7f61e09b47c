"""When a feed is asked again, and why: tables of what came and what follows, without a clock or a server."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipeline import pacing
from pipeline.errors import FetchError, ParseError, Trouble
from pipeline.model import UNMOVED, Entry, FeedHints, Move, Plan

NOW = datetime(2024, 3, 5, 12, tzinfo=UTC)
PACE = pacing.Pace("wire", 60, minutes=60.0)
HOUR = timedelta(hours=1)


def minutes(plan: Plan) -> float:
    return (plan.due - NOW).total_seconds() / 60


ADAPTED = [
    (0, 30, 75.0, "nothing new at the last poll"),
    (1, 30, 54.0, "1 of 30 entries were new"),
    (6, 30, 45.0, "6 of 30 entries were new"),
    (30, 30, 30.0, "30 of 30 entries were new"),
]


@pytest.mark.parametrize(("new", "total", "expected", "why"), ADAPTED)
def test_the_interval_follows_the_share_of_new_entries(new: int, total: int, expected: float, why: str) -> None:
    plan = pacing.after_answer(PACE, NOW, new=new, total=total)
    assert plan.minutes == expected and why in plan.why
    assert expected * 0.9 <= minutes(plan) <= expected


def test_the_interval_stays_within_its_bounds_and_comes_back() -> None:
    pace, seen = PACE, []
    for _ in range(60):
        pace = replace(pace, minutes=pacing.after_answer(pace, NOW).minutes)
    seen.append(pace.minutes)
    for _ in range(60):
        plan = pacing.after_answer(pace, NOW, new=30, total=30)
        pace = replace(pace, minutes=plan.minutes)
    assert [*seen, pace.minutes] == [pacing.LONGEST, pacing.SHORTEST]
    assert minutes(plan) == pacing.SHORTEST


def test_a_first_reading_is_paced_by_the_dates_of_its_entries() -> None:
    entries = [Entry("wire", str(n), "", "T", published=NOW - n * timedelta(hours=4)) for n in range(10)]
    fresh = replace(PACE, minutes=0.0)
    assert pacing.after_answer(fresh, NOW, new=10, total=10, first=entries).minutes == 120.0
    undated = [replace(e, published=None) for e in entries]
    assert pacing.after_answer(fresh, NOW, new=10, total=10, first=undated).minutes == pacing.FIRST
    assert pacing.after_answer(fresh, NOW).minutes == pacing.FIRST


ASKED = [
    (FeedHints(180.0), 0.0, 180.0, "the feed asks for it"),
    (FeedHints(10.0), 0.0, 75.0, "nothing new"),
    (FeedHints(), 7200.0, 120.0, "the answer is fresh for so long"),
    (FeedHints(100_000.0), 0.0, 1440.0, "the feed asks for it"),
    (FeedHints(), 1e9, 1440.0, "the answer is fresh"),
]


@pytest.mark.parametrize(("hints", "fresh", "expected", "why"), ASKED)
def test_what_feed_and_server_ask_for_is_heeded_within_bounds(hints: FeedHints, fresh: float, expected: float, why: str) -> None:
    plan = pacing.after_answer(replace(PACE, hints=hints), NOW, fresh_seconds=fresh)
    assert why in plan.why and plan.minutes == 75.0
    least = expected if expected != 75.0 else 67.5
    assert least <= minutes(plan) <= expected * 1.1


def test_an_interval_that_a_person_set_stays() -> None:
    plan = pacing.after_answer(replace(PACE, adaptive=False, interval_minutes=20, hints=FeedHints(600.0)), NOW, fresh_seconds=9e9)
    assert (minutes(plan), plan.why) == (20.0, "every 20 min, as configured")


def test_a_feed_is_not_asked_while_it_sleeps() -> None:
    night = FeedHints(0.0, frozenset({13, 14, 15}))
    plan = pacing.after_answer(replace(PACE, hints=night), NOW)
    assert plan.due == NOW.replace(hour=16) and "sleeps until then" in plan.why
    tuesday = FeedHints(0.0, frozenset(), frozenset({1}))
    assert pacing.after_answer(replace(PACE, hints=tuesday), NOW).due == datetime(2024, 3, 6, tzinfo=UTC)
    always = FeedHints(0.0, frozenset(range(24)))
    assert minutes(pacing.after_answer(replace(PACE, hints=always), NOW)) <= 75.0


def fetch_error(kind: Trouble, **more: object) -> FetchError:
    return FetchError("x", kind=kind, **more)  # type: ignore[arg-type]


WEIGHTS = [
    (fetch_error(Trouble.STATUS, status=404, transient=False), 1.0),
    (fetch_error(Trouble.STATUS, status=410, transient=False), 1.0),
    (fetch_error(Trouble.STATUS, status=503, transient=True), 0.5),
    (fetch_error(Trouble.STATUS, status=429, transient=True), 0.5),
    (fetch_error(Trouble.DEADLINE), 0.5),
    (fetch_error(Trouble.CONNECT), 0.5),
    (fetch_error(Trouble.BROKEN), 0.5),
    (fetch_error(Trouble.TLS), 1.0),
    (fetch_error(Trouble.DNS), 1.0),
    (fetch_error(Trouble.DNS_TEMPORARY), 0.25),
    (ParseError("is a PDF"), 1.0),
]


@pytest.mark.parametrize(("error", "weight"), WEIGHTS, ids=lambda v: getattr(v, "kind", None))
def test_failures_weigh_by_what_they_tell_of_the_feed(error: Exception, weight: float) -> None:
    plan = pacing.after_failure(replace(PACE, strain=2.0, failures=3), NOW, error, "no answer")
    assert plan.strain == 2.0 + weight and minutes(plan) == pytest.approx(60 * 2 ** (2 + weight))
    assert plan.why == "after 4 failures in a row (no answer)"


def test_a_feed_that_fails_is_asked_once_a_day_at_least_and_one_that_is_gone_once_a_week() -> None:
    gone = fetch_error(Trouble.STATUS, status=410, transient=False)
    pace, distances = replace(PACE, failing_since=NOW), []
    for failure in range(12):
        plan = pacing.after_failure(replace(pace, failing_since=NOW if failure < 9 else NOW - timedelta(days=8)), NOW, gone, "gone")
        pace = replace(pace, strain=plan.strain, failures=pace.failures + 1)
        distances.append((plan.due - NOW) / HOUR)
    assert distances == [2, 4, 8, 16, 24, 24, 24, 24, 24, 168, 168, 168]


def test_a_site_that_asked_to_be_left_alone_is_asked_no_earlier() -> None:
    plan = Plan(NOW + HOUR, "every hour")
    until = NOW + timedelta(hours=3, seconds=7)
    assert pacing.waits(plan, until, "wire.example").due == until
    assert "wire.example asked to be left alone" in pacing.waits(plan, until, "wire.example").why
    assert pacing.waits(plan, NOW, "wire.example") == plan


def test_a_permanent_redirect_is_taken_over_after_seven_days_of_the_same_answer() -> None:
    there, elsewhere = "https://new.example/f", "https://other.example/f"
    move = UNMOVED
    for day in range(7):
        move = pacing.moving(move, there, NOW + timedelta(days=day))
        assert (move.address, move.to, move.since) == ("", there, NOW)
    assert pacing.moving(move, "", NOW + timedelta(days=7)) == UNMOVED
    assert pacing.moving(move, elsewhere, NOW + timedelta(days=7)) == Move("", elsewhere, NOW + timedelta(days=7))
    moved = pacing.moving(move, there, NOW + timedelta(days=7))
    assert moved == Move(there)
    assert pacing.going_back(moved, 9) == moved and pacing.going_back(moved, 10) == UNMOVED


@pytest.mark.parametrize(("days", "polls", "wanted"), [(0, 0, False), (6, 500, False), (8, 3, False), (8, 20, True)])
def test_now_and_then_a_feed_is_read_in_full(days: int, polls: int, wanted: bool) -> None:
    assert pacing.wants_full_read(NOW - timedelta(days=days), polls, NOW) is wanted
    assert pacing.wants_full_read(None, 0, NOW)
