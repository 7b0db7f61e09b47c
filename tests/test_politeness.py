"""Feeds of every temper through nine simulated days; the month is `python -m tests.politeness`."""

from __future__ import annotations

from pathlib import Path

from tests import politeness


def test_nobody_is_bothered_and_nothing_is_missed(tmp_path: Path) -> None:
    servers, states = politeness.simulate(9, tmp_path)
    assert politeness.verdict(servers, 9) == []
    known = {s.feed.name: s for s in states}
    assert known["/moved"].address.endswith("/quiet?moved"), "a permanent redirect is taken over after seven days"
    assert known["/gone"].failures > 5 and known["/gone"].next_due, "a feed that is gone is asked on"
    assert [s.feed.name for s in states if not s.due_why] == []
    visits = [v for v in servers["calm"].log if v.path == "/busy"]
    assert len(visits) > 30 and known["/busy"].minutes < known["/quiet"].minutes
    full = [v for v in servers["calm"].log if v.path == "/quiet" and not v.conditional]
    assert len(full) < len([v for v in servers["calm"].log if v.path == "/quiet"])
