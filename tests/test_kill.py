"""A run that is killed leaves a sound store, and the next one makes good what it left undone."""

from __future__ import annotations

import os

import pytest

from tests.kill_run_once import trials


@pytest.mark.skipif(not hasattr(os, "fork"), reason="runs are forked")
def test_a_killed_run_is_made_good_by_the_next() -> None:
    """The long form is `python -m tests.kill_run_once 200`."""
    killed, statements, wrong = trials(6)
    assert wrong == []
    assert killed >= 3 and statements > 1000
