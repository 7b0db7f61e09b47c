"""A daemon that is killed tells all that it had to tell, once; the long form is `python -m tests.kill_daemon 200`."""

from __future__ import annotations

from tests.kill_daemon import lives


def test_a_killed_daemon_loses_nothing_and_repeats_nothing() -> None:
    killed, published, wrong = lives(2)
    assert wrong == [] and killed == 2 and published == 6
