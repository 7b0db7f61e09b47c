"""The learned role stage: how sentences become windows, and how scores become labels. Its quality is judged in training."""

from __future__ import annotations

import pytest

from pipeline.detect.bodies import CANDIDATE, END, Passage
from pipeline.detect.judge import LearnedJudge
from pipeline.detect.network import HEAD, Encoder, ModelError
from pipeline.detect.spans import MASKS, Label, Masked, Mention, MentionKind
from pipeline.detect.tagger import LONGEST, Tagger
from pipeline.model import Event, Role, Status
from tests import tiny

WORDS = ["joined", "left", "and", "the", ",", "."]
TOKENIZER = tiny.tokenizer(WORDS).encode()
STATE = tiny.SPECIAL.index("[unused4]")
NAMED = tiny.SPECIAL.index("[unused5]")
MODEL = tiny.model(
    {STATE: (Event.LEFT, Status.DENIED, Role.MEMBER), NAMED: (Event.JOINED, Status.COMPLETED, Role.FOUNDER)}, len(tiny.SPECIAL) + len(WORDS)
)
SOMEBODY = Mention(0, 0, "", MentionKind.ORGANISATION)


def masked(text: str, mentions: int) -> Masked:
    return Masked(text, (SOMEBODY,) * mentions)


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    return Tagger(MODEL, TOKENIZER)


def events(labels: tuple[Label, ...]) -> list[Event | None]:
    return [label.event for label in labels]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("[unused5] joined [unused1] .", [Event.JOINED, None]),
        ("[unused4] left the [unused1] , [unused5] joined .", [Event.LEFT, None, Event.JOINED]),
        ("[unused4] left . [SEP] [unused5] joined [unused1] .", [Event.JOINED, None]),
        ("joined and left", []),
    ],
)
def test_each_mention_of_the_sentence_gets_a_label(tagger: Tagger, text: str, wanted: list[Event | None]) -> None:
    assert events(tagger.label([masked(text, len(wanted))])[0]) == wanted


def test_a_label_has_the_status_and_the_role_of_its_mention(tagger: Tagger) -> None:
    (label,) = tagger.label([masked("[unused5] joined", 1)])[0]
    assert (label.status, label.role, 0.8 < label.probability < 1) == (Status.COMPLETED, Role.FOUNDER, True)


def test_nothing_has_no_role(tagger: Tagger) -> None:
    (label,) = tagger.label([masked("the [unused1]", 1)])[0]
    assert (label.event, label.role) == (None, None)


def test_answers_come_in_the_order_of_the_questions(tagger: Tagger) -> None:
    asked = [masked("[unused5] , " * n + "[unused4]", n + 1) for n in (30, 0, 70, 3, 0, 12)]
    answers = tagger.label(asked)
    assert [len(a) for a in answers] == [31, 1, 71, 4, 1, 13]
    assert all(events(a) == [Event.JOINED] * (len(a) - 1) + [Event.LEFT] for a in answers)
    assert answers == tagger.label(asked)


def test_an_article_that_writes_mask_tokens_itself_gets_no_label(tagger: Tagger) -> None:
    assert events(tagger.label([masked("the [unused5] joined [unused1]", 1)])[0]) == [None]


def test_no_sentence_no_answer(tagger: Tagger) -> None:
    assert tagger.label([]) == []


@pytest.mark.parametrize("names", [1, 40, 94, 95, 96, 200, 400])
def test_every_mention_of_a_long_roster_stands_in_one_window(names: int) -> None:
    encoder = Encoder(TOKENIZER, MASKS, LONGEST)
    windows = encoder.windows("left . [SEP] the [unused1] joined " + "[unused5] , " * names)
    assert [mention for window in windows for _, mention in window.places] == list(range(names + 1))
    assert all(len(window.ids) <= LONGEST for window in windows)
    assert all(window.ids[place] in encoder.marks for window in windows for place, _ in window.places)
    assert all(window.ids[1 : HEAD + 1] == windows[1].ids[1 : HEAD + 1] for window in windows[2:])


def test_a_long_context_loses_its_beginning() -> None:
    encoder = Encoder(TOKENIZER, MASKS, LONGEST)
    (window,) = encoder.windows("left " + "the " * 500 + "joined [SEP] [unused5] left [unused1] .")
    assert len(window.ids) == LONGEST
    assert window.ids.count(encoder.boundary) == 2
    assert len(window.places) == 2


@pytest.mark.parametrize(
    ("model", "tokenizer", "said"),
    [
        (b"", TOKENIZER, "the model cannot be read"),
        (b"\x00\x01 no model", TOKENIZER, "the model cannot be read"),
        (tiny.model({}, 4, order="- joined"), TOKENIZER, "train it again"),
        (MODEL, b"{}", "the tokenizer cannot be read"),
        (MODEL, tiny.tokenizer([]).replace(MASKS[2], "[other]").encode(), "lacks"),
    ],
)
def test_what_is_no_model_is_refused(model: bytes, tokenizer: bytes, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        Tagger(model, tokenizer)


def test_the_judge_gives_each_name_a_chance() -> None:
    words = ["kuma", "left", "harbour", "pact"]
    tokenizer = tiny.tokenizer(words).encode()
    judge = LearnedJudge(tiny.judge([tiny.SPECIAL.index(CANDIDATE)], len(tiny.SPECIAL) + len(words)), tokenizer)
    marked = Passage(f"{CANDIDATE} Kuma {END} left {CANDIDATE} Harbour Pact {END}", ("Kuma", "Harbour Pact"))
    forged = Passage(f"{CANDIDATE} Kuma {END} left {CANDIDATE}", ("Kuma",))
    found = judge.judge([marked, forged])
    assert [len(chances) for chances in found] == [2, 0]
    assert min(found[0]) > 0.9


def test_a_tagger_is_no_judge() -> None:
    with pytest.raises(ModelError, match="train it again"):
        LearnedJudge(MODEL, tiny.tokenizer(WORDS).encode())
