"""A day of eight feeds in the life of a daemon, and a few restarts; the long form is `python -m tests.month_daemon`."""

from __future__ import annotations

from tests.month_daemon import month, restarts


def test_a_day() -> None:
    came = month(1, 8)
    assert came.wrong == []
    assert came.published > 5 and came.counts["faults"] and came.counts["304"] > 20


def test_a_daemon_that_is_killed_again_and_again_asks_nobody_twice_an_hour() -> None:
    assert restarts(2, 12) == []
