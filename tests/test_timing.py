"""When events took effect, and what role members have, by tables of sentences with invented names."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from pipeline.app import load_detector
from pipeline.detect import Detector
from pipeline.detect.dates import dates
from pipeline.detect.segment import sentences
from pipeline.detect.timing import Timing, date_of, possible
from pipeline.model import Article, Claim, Event, Role, Status

DAY = date(2024, 5, 16)
"""A Thursday, on which all sentences here were published."""


@pytest.mark.parametrize(
    ("text", "ahead", "expected"),
    [
        ("It left on 3 October last year.", False, ["2023-10-03"]),
        ("It starts on 3 October next year.", True, ["2025-10-03"]),
        ("It left last Thursday.", False, ["2024-05-09"]),
        ("It left overnight.", False, ["2024-05-16"]),
        ("It joined on the 11th of this month.", False, ["2024-05-11"]),
        ("It left on the 28th.", False, ["2024-04-28"]),
        ("It left last autumn.", False, ["2023"]),
        ("It will join next spring.", True, ["2025"]),
        ("It will leave in six months' time.", True, ["2024-11"]),
        ("It left twenty-five years ago.", False, ["1999"]),
        ("It left three weeks ago.", False, ["2024-04"]),
        ("Three weeks ago it left.", False, ["2024-04"]),
        ("It was formed a year ago this week.", False, ["2023-05"]),
        ("It was set up in 2021 and renamed a year later.", False, ["2021", "2022"]),
        ("It entered in 1961, a year after the start.", False, ["1961", "1960"]),
        ("It came in in March 2019, others the following month.", False, ["2019-03", "2019-04"]),
        ("It left on the last day of 1972.", False, ["1972-12-31"]),
        ("February: Norvik and Kuma", False, ["2024-02"]),
        ("It has paid for 12 months and 3 days.", False, []),
        ("It adopts the code on Saturday.", True, ["2024-05-18"]),
        ("Its council voted on Monday to leave.", True, ["2024-05-13"]),
        ("It will be suspended in April unless it pays.", False, ["2025-04"]),
    ],
)
def test_phrases(text: str, ahead: bool, expected: list[str]) -> None:
    assert [str(when.date) for when in dates(text, DAY, ahead=ahead)] == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("It has left, its minister said on Tuesday.", [True]),
        ("On Tuesday the ministry announced that it had left in March.", [True, False]),
        ("It will pay in from 10 July, the scheme said.", [False]),
    ],
)
def test_days_on_which_somebody_spoke(text: str, told: list[bool]) -> None:
    assert [when.told for when in dates(text, DAY)] == told


@pytest.mark.parametrize(
    ("event", "text", "name", "expected"),
    [
        (Event.JOINED, "Peru and Chile, which joined in 2012 and 2013 respectively, spoke.", "Peru", "2012"),
        (Event.JOINED, "Peru and Chile, which joined in 2012 and 2013 respectively, spoke.", "Chile", "2013"),
        (Event.JOINED, "Peru came in 1984, Chile in 1995, Laos and Cuba in 1997.", "Chile", "1995"),
        (Event.JOINED, "Peru came in 1984, Chile in 1995, Laos and Cuba in 1997.", "Laos", "1997"),
        (Event.LEFT, "Norvik quit on Friday, barely two years after joining.", "Norvik", "2024-05-10"),
        (Event.JOINED, "Norvik quit on Friday, barely two years after joining.", "Norvik", "2022"),
        (Event.JOINED, "Norvik has joined the pact, five weeks after it stayed away from the launch.", "Norvik", "None"),
        (Event.LEFT, "Norvik, which ratified on 1 March 2000, denounced it with effect from 31 December 2011.", "Norvik", "2011-12-31"),
        (Event.LEFT, "Norvik is back, having been in from 1996 to 2009.", "Norvik", "2009"),
        (Event.LEFT, "Norvik was a member until 2020.", "Norvik", "2020"),
        (Event.LEFT, "The league, which has met since March 2022, lost Norvik on Monday.", "Norvik", "2024-05-13"),
        (Event.JOINED, "Norvik, which had been expelled in 2009, was readmitted.", "Norvik", "None"),
        (Event.LEFT, "The exit of Norvik, announced a year ago, is now effective.", "Norvik", "None"),
        (Event.MEMBER, "Norvik has belonged to it since 3 March 2019 and met it in May.", "Norvik", "2019-03-03"),
        (Event.MEMBER, "Norvik, a member, met it in May.", "Norvik", "None"),
    ],
)
def test_the_date_of_an_event_among_others(event: Event, text: str, name: str, expected: str) -> None:
    fit = possible(event, Status.COMPLETED, dates(text, DAY), text, DAY)
    start = text.index(name)
    assert str(date_of(event, text, start, start + len(name), fit)) == expected


@pytest.mark.parametrize(
    ("event", "status", "text", "expected"),
    [
        (Event.WILL_LEAVE, Status.PLANNED, "Norvik said on Monday that it would pull out on 1 July.", "2024-07-01"),
        (Event.WILL_LEAVE, Status.PLANNED, "Norvik said on Monday that it would pull out.", "None"),
        (Event.WILL_LEAVE, Status.PLANNED, "Norvik said on Monday that it would pull out. It takes effect on 1 July.", "2024-07-01"),
        (Event.WILL_JOIN, Status.PROPOSED, "Norvik applied in March 2023.", "2023-03"),
        (Event.WILL_JOIN, Status.PROPOSED, "Norvik, which left in 2020, may apply again.", "None"),
        (Event.JOINED, Status.COMPLETED, "Norvik has joined the pact.", "2024-05-16"),
        (Event.MEMBER, Status.COMPLETED, "Norvik is a member.", "None"),
    ],
)
def test_the_date_of_the_first_sentence(event: Event, status: Status, text: str, expected: str) -> None:
    timing = Timing(sentences(Article("https://wire.example/a", "", text)), DAY)
    assert str(timing.of(event, status, 0, 0, 6)[0]) == expected


def test_a_sentence_goes_on_about_the_time_of_the_one_before() -> None:
    text = "It met. It wrote. It spoke. The pact was signed in 2011. Norvik took part in it. Three newcomers were named: Kuma is one."
    timing = Timing(sentences(Article("https://wire.example/a", "", text)), DAY)
    assert [str(timing.of(Event.JOINED, Status.COMPLETED, number, 0, 6)[0]) for number in (4, 5)] == ["2011", "2011"]
    new = Timing(sentences(Article("https://wire.example/a", "", text.replace("Norvik took part in it", "Norvik is new"))), DAY)
    assert str(new.of(Event.JOINED, Status.COMPLETED, 4, 0, 6)[0]) == "2024-05-16"


@pytest.fixture(scope="module")
def detector() -> Detector:
    return load_detector()


def told(detector: Detector, text: str) -> dict[str, Claim]:
    article = Article("https://wire.example/a", "", text, datetime(2024, 5, 16, tzinfo=UTC))
    return {claim.member or "": claim for claim in detector.detect(article).claims}


def test_founders_came_in_at_the_launch(detector: Detector) -> None:
    text = (
        "Norvik Freight has joined the Harbour Data Alliance, the group said on Tuesday. "
        "The Harbour Data Alliance was founded in 2019 by Altera Shipping and Kuma Lines."
    )
    found = told(detector, text)
    assert {name: (str(found[name].date), found[name].role) for name in ("Norvik Freight", "Altera Shipping")} == {
        "Norvik Freight": ("2024-05-14", Role.MEMBER),
        "Altera Shipping": ("2019", Role.FOUNDER),
    }


def test_one_signs_a_text(detector: Detector) -> None:
    found = told(detector, "Norvik Freight and Kuma Lines signed the Clean Ports Charter on Tuesday.")
    assert {name: claim.role for name, claim in found.items() if name} == {"Norvik Freight": Role.SIGNATORY, "Kuma Lines": Role.SIGNATORY}
