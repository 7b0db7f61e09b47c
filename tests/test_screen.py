"""What a person sees: claims in blocks, reasons in words, tables that fit the terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from dataclasses import replace

import pytest

from pipeline import screen
from pipeline.detect import spans
from pipeline.model import Claim, Detection, Event, PartialDate, Quote, Role, Status

LAUNCH = "The Sedge Pact was launched by Corran Lines and Alder Rail."
JOINED = Claim(
    "Sedge Pact", "Corran Lines", Event.JOINED, Status.COMPLETED, Quote(LAUNCH), 0.8, Role.FOUNDER, PartialDate(2024, 5, 13),
    because=(f"body: {LAUNCH}", "coalition Sedge Pact: head of its name", "joined 0.80, completed"),
)  # fmt: skip


def test_what_a_sentence_says_of_several_is_one_line_and_the_sentence_stands_once() -> None:
    claims = (
        JOINED,
        replace(JOINED, member=None, event=Event.FORMED, role=None),
        replace(JOINED, member="Tarn Ferries", event=Event.WILL_JOIN, status=Status.PROPOSED, role=None, date=None, quote=Quote("It may.")),
        replace(JOINED, coalition="Moss Forum"),
        replace(JOINED, member="Alder Rail", confidence=0.7),
    )
    assert screen.claims(Detection(claims)) == (
        "Sedge Pact\n"
        "  joined, as founder, 13 May 2024: Corran Lines, Alder Rail · confidence 70%\n"
        "  formed, 13 May 2024 · confidence 80%\n"
        "      “The Sedge Pact was launched by Corran Lines and Alder Rail.”\n"
        "\n"
        "  will join (proposed): Tarn Ferries · confidence 80%\n"
        "      “It may.”\n"
        "\n"
        "Moss Forum\n"
        "  joined, as founder, 13 May 2024: Corran Lines · confidence 80%\n"
        "      “The Sedge Pact was launched by Corran Lines and Alder Rail.”\n"
    )


def test_reasons_are_told_once_and_the_steps_in_words() -> None:
    other = replace(JOINED, member="Alder Rail", because=("a hunch",))
    trace = (f"asked of Sedge Pact: {spans.IN_QUESTION} was launched by {spans.NAME}",)
    shown = " ".join(screen.claims(Detection((JOINED, replace(JOINED, member="Tarn Ferries"), other), trace=trace), explain=True).split())
    assert "why (Corran Lines, Tarn Ferries): found in: body; coalition Sedge Pact: head of its name; joined 0.80, completed" in shown
    assert "why (Alder Rail): a hunch" in shown
    assert "How it was read - asked of Sedge Pact: ‹it› was launched by ‹name›" in shown and "unused" not in shown


def test_nothing_says_why() -> None:
    assert screen.claims(Detection((), "no word of membership")) == "Nothing about coalitions: no word of membership\n"


def printed(width: int) -> str:
    """What a program prints on a terminal of that width."""
    rows = "['Sedge Pact', 'Corran Lines joined', '2024-05-13', 'The Sedge Pact was launched by Corran Lines.']"
    call = f"from pipeline import screen; screen.table(['body', 'what', 'when', 'words'], [{rows}], empty='', short='words')"
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    environment = {k: v for k, v in os.environ.items() if k not in {"COLUMNS", "LINES"}} | {"TERM": "xterm", "NO_COLOR": "1"}
    with subprocess.Popen([sys.executable, "-c", call], stdout=theirs, stderr=theirs, env=environment) as program:
        os.close(theirs)
        said = b""
        try:
            while piece := os.read(ours, 65536):
                said += piece
        except OSError:  # how Linux says that the other end is closed
            pass
        os.close(ours)
        assert program.wait() == 0, said
    return re.sub(r"\x1b\[[0-9;]*m", "", said.decode())


@pytest.mark.parametrize("width", [24, 60, 120])
def test_a_table_fits_its_terminal_and_loses_no_value(width: int) -> None:
    lines = printed(width).splitlines()
    assert max(map(len, lines)) <= width
    words = " ".join(" ".join(lines).split())
    assert "Corran Lines joined" in words and "2024-05-13" in words
    assert ("words:" in words, "launched" in words) == (width == 24, width != 60)
