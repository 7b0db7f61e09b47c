"""Documents that would take for ever, or all the memory, cost their limit and nothing else."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest

from pipeline.cell import PATIENCE, Cell
from pipeline.errors import ParseError


def test_what_is_made_in_the_cell_is_given_back_and_its_process_is_kept() -> None:
    cell = Cell()
    first, second = cell.call(os.getpid), cell.call(os.getpid)
    assert first == second != os.getpid()
    cell.close()
    assert not Path(f"/proc/{first}").exists()


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (re.fullmatch, ("(a+)+b", "a" * 60)),  # in C, and never asks whether it is to stop
        (time.sleep, (3600,)),
    ],
    ids=["a regular expression that runs away", "a wait"],
)
def test_what_takes_too_long_is_ended_at_the_limit_and_the_next_call_is_served(function: object, arguments: tuple[object, ...]) -> None:
    cell = Cell(seconds=1)
    before = cell.call(os.getpid)
    begun = time.monotonic()
    with pytest.raises(ParseError, match=r"^https://slow\.example/: takes longer than 1 seconds"):
        cell.call(function, *arguments, about="https://slow.example/")  # type: ignore[arg-type]
    assert time.monotonic() - begun < PATIENCE + 2
    assert cell.call(os.getpid) != before
    assert not Path(f"/proc/{before}").exists()
    cell.close()


def test_what_needs_too_much_memory_is_an_error_and_not_the_end_of_the_machine() -> None:
    cell = Cell(megabytes=600)
    with pytest.raises(ParseError, match="needs too much memory"):
        cell.call(bytes, 2_000_000_000)
    assert cell.call(len, b"abc") == 3
    cell.close()


def test_what_ends_its_process_is_an_error_and_the_next_call_is_served() -> None:
    cell = Cell()
    with pytest.raises(ParseError, match="ends the process"):
        cell.call(os._exit, 3)  # type: ignore[arg-type]
    assert cell.call(len, b"abc") == 3
    cell.close()


def test_an_error_comes_back_as_it_was_raised() -> None:
    cell = Cell()
    with pytest.raises(ValueError, match="invalid literal") as raised:
        cell.call(int, "many")
    assert "in the process that reads documents" in raised.value.__notes__[0]
    cell.close()


def test_a_cell_that_is_forgotten_leaves_no_process_behind() -> None:
    cell = Cell()
    process = cell.call(os.getpid)
    del cell
    assert not Path(f"/proc/{process}").exists()
