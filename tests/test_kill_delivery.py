"""What is told survives the death of the program: nothing is lost, and nothing is told under two ids."""

from __future__ import annotations

import os

import pytest

from tests.kill_delivery import trial


@pytest.mark.skipif(not hasattr(os, "fork"), reason="lives are forked")
def test_nothing_is_lost_or_told_twice_when_the_program_is_killed() -> None:
    """The long form is `python -m tests.kill_delivery 10000`."""
    found = trial(80, mean_life=0.2)
    assert found.wrong == ()
    assert found.killed >= 2 and found.refusals > 10
