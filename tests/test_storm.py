"""Many feeds due at once, a tenth of them hung; the long form is `python -m tests.storm_daemon 500`."""

from __future__ import annotations

from tests.storm_daemon import one_cycle


def test_hung_feeds_hold_nobody_up_and_nobody_is_left_out() -> None:
    _, wrong = one_cycle(40)
    assert wrong == []
