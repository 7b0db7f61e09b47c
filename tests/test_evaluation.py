"""How the detector is measured: every figure here was worked out by hand, and each stage has an article that is lost there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import app, cli, evaluation
from pipeline.detect.bodies import Passage
from pipeline.detect.lexicon import Lexicon
from pipeline.errors import ParseError
from pipeline.gold import GoldArticle, name_key, read_gold
from pipeline.losses import Fault, Stage, losses
from pipeline.model import Article, Claim, Detection, Event, PartialDate, Quote, Role, Status
from pipeline.scoring import Compared, Need, Rates, compare, score

PACT = {"name": "Harbour Pact", "aliases": ["the Pact of Ports", "HP"]}


def fact(event: str, member: str | None = "Norvik", **more: Any) -> dict[str, Any]:
    return {"coalition": "Harbour Pact", "member": member, "event": event, "status": "completed", **more}


def gold(*facts: dict[str, Any], **more: Any) -> GoldArticle:
    return read_gold({"id": "a", "title": "", "text": "x", "relevant": True, "coalitions": [PACT], "facts": list(facts), **more})


def claim(event: str, member: str | None = "Norvik", status: str = "completed", **more: Any) -> Claim:
    given: dict[str, Any] = {"coalition": "Harbour Pact", "confidence": 0.9, "quote": Quote("words"), **more}
    return Claim(member=member, event=Event(event), status=Status(status), **given)


def rights(one: Compared) -> tuple[int, int, int]:
    return len(one.pairs[Need.STRICT]), len(one.pairs[Need.COARSE]), len(one.pairs[Need.PAIR])


@pytest.mark.parametrize(
    ("facts", "claims", "right"),
    [
        pytest.param([fact("joined")], [claim("joined")], (1, 1, 1), id="the same"),
        pytest.param([fact("joined")], [claim("member")], (0, 1, 1), id="another event of the direction"),
        pytest.param([fact("joined")], [claim("left")], (0, 0, 1), id="another direction"),
        pytest.param([fact("joined")], [claim("joined", "Altera")], (0, 0, 0), id="another member"),
        pytest.param([fact("joined")], [claim("joined", coalition="Vellen Pact")], (0, 0, 0), id="another coalition"),
        pytest.param([fact("joined")], [claim("joined", coalition="hp")], (1, 1, 1), id="an alias of the coalition"),
        pytest.param(
            [fact("joined", member_aliases=["Norvik Shipping"])], [claim("joined", "Norvik Shipping A.G.")], (0, 0, 0), id="legal form"
        ),
        pytest.param([fact("joined", "Norvik AG")], [claim("joined", "the NÓRVIK")], (1, 1, 1), id="a name in other dress"),
        pytest.param([fact("joined", status="planned")], [claim("will_join", status="proposed")], (1, 1, 1), id="a planned joining"),
        pytest.param([fact("will_join", status="planned")], [claim("member", status="planned")], (1, 1, 1), id="a member to be"),
        pytest.param([fact("left", status="proposed")], [claim("will_leave", status="planned")], (1, 1, 1), id="a proposed leaving"),
        pytest.param([fact("joined", status="planned")], [claim("joined")], (0, 0, 1), id="what is planned is not done"),
        pytest.param([fact("left", status="denied")], [claim("left")], (0, 0, 1), id="a denial is not the thing denied"),
        pytest.param([fact("left", status="denied")], [claim("expelled", status="denied")], (0, 1, 1), id="denied, by direction"),
        pytest.param([fact("joined", alt_event="absent")], [claim("declined")], (0, 1, 1), id="a second reading, by direction"),
        pytest.param([fact("left", alt_event="will_leave", alt_status="planned")], [claim("will_leave")], (1, 1, 1), id="either reading"),
        pytest.param([fact("left", alt_status="denied")], [claim("left", status="denied")], (1, 1, 1), id="a second status"),
        pytest.param([fact("joined"), fact("member")], [claim("member")], (1, 1, 1), id="a direction told twice is one fact"),
        pytest.param([fact("joined")], [claim("joined"), claim("member")], (1, 1, 1), id="and so is one said twice"),
        pytest.param([fact("joined"), fact("left")], [claim("left"), claim("joined")], (2, 2, 2), id="in any order"),
        pytest.param([fact("formed", None)], [claim("formed", "Norvik")], (1, 1, 1), id="the coalition itself has no member"),
        pytest.param([fact("formed", None)], [claim("joined")], (0, 0, 0), id="a member is not the coalition"),
        pytest.param([fact("dissolved", None)], [claim("suspended_operations", None)], (0, 1, 1), id="an end is an end"),
    ],
)
def test_what_agrees(facts: list[dict[str, Any]], claims: list[Claim], right: tuple[int, int, int]) -> None:
    assert rights(compare(gold(*facts), claims)) == right


def test_a_claim_that_says_a_direction_twice_is_counted_once() -> None:
    one = compare(gold(fact("joined")), [claim("joined"), claim("member"), claim("joined", "the Norvik")])
    assert (len(one.claims), len(one.facts)) == (1, 1)


def test_what_is_only_implied_counts_neither_way() -> None:
    article = gold(fact("joined"), fact("member", "Altera", optional=True))
    silent = compare(article, [claim("joined"), claim("member", "Altera"), claim("left", "Altera")])
    assert (len(silent.claims), len(silent.facts), rights(silent)) == (1, 1, (1, 1, 1))
    other = compare(article, [claim("joined", "Brix")])
    assert (len(other.claims), rights(other)) == (1, (0, 0, 0))


def test_a_fact_is_kept_apart_from_one_that_is_implied() -> None:
    article = gold(fact("left"), fact("joined", optional=True))
    assert rights(compare(article, [claim("left"), claim("joined")])) == (1, 1, 1)


def three() -> list[Compared]:
    """Two right of three said of four told, by hand, on a relevant article, one with nothing in it and one that implies something."""
    told = gold(
        fact("joined", role="founder", date="2024-05"),
        fact("left", "Altera", date="2024"),
        fact("will_join", "Brix", status="proposed", role="observer"),
        fact("formed", None),
    )
    said = [
        claim("member", confidence=0.95, role=Role.FOUNDER, date=PartialDate(2024, 5, 14)),
        claim("left", "Altera", confidence=0.85, date=PartialDate(2023)),
        claim("joined", "Brix", confidence=0.35),
    ]
    nothing = read_gold({"id": "b", "text": "x", "relevant": False, "facts": [], "coalitions": []})
    implied = gold(fact("member", optional=True), id="c", relevant=False)
    return [compare(told, said), compare(nothing, [claim("left", confidence=0.4)]), compare(implied, [claim("left")])]


def test_figures_by_hand() -> None:
    found = score(three())
    assert found.overall == {Need.STRICT: Rates(1, 4, 4), Need.COARSE: Rates(2, 4, 4), Need.PAIR: Rates(3, 4, 4)}
    assert (found.overall[Need.COARSE].precision, found.overall[Need.COARSE].recall, found.overall[Need.COARSE].f1) == (0.5, 0.5, 0.5)
    assert (found.articles, found.relevant, found.found, found.negatives, found.false_alarms) == (3, 1, 1, 1, 1)
    assert {d.value: (r.right, r.said, r.true) for d, r in found.by_direction.items()} == {
        "formed": (0, 0, 1),
        "in": (1, 2, 1),
        "out": (1, 2, 1),
        "entering": (0, 0, 1),
    }
    assert {e.value: (r.right, r.said, r.true) for e, r in found.by_event.items()} == {
        "formed": (0, 0, 1),
        "joined": (0, 1, 1),
        "member": (0, 1, 0),
        "left": (1, 2, 1),
        "will_join": (0, 0, 1),
    }
    assert [(s.right, s.of) for s in (found.role, found.date, found.status)] == [(1, 1), (1, 2), (2, 3)]


def test_calibration_by_hand() -> None:
    found = score(three()).calibration
    assert [(b.claims, b.confidence, b.right) for b in found.bins] == [(1, 0.35, 0.0), (1, 0.4, 0.0), (1, 0.85, 1.0), (1, 0.95, 1.0)]
    assert found.expected_error == round((0.35 + 0.4 + 0.15 + 0.05) / 4, 4)
    assert (found.sure.right, found.sure.of) == (2, 2)
    assert score([compare(gold(fact("joined")), [])]).calibration.expected_error is None


def test_a_second_reading_counts_where_its_fact_does() -> None:
    found = score([compare(gold(fact("left", alt_event="will_leave")), [claim("will_leave")])])
    assert {d.value: (r.right, r.said, r.true) for d, r in found.by_direction.items()} == {"out": (1, 1, 1)}
    assert {e.value: r.precision for e, r in found.by_event.items()} == {"left": 1.0}


def test_intervals_are_those_of_the_draws() -> None:
    hit, miss = compare(gold(fact("joined")), [claim("joined")]), compare(gold(fact("joined")), [])
    found = score([hit, miss], np.array([[2, 0]] * 5 + [[0, 2]] * 5)).intervals[Need.COARSE]
    assert found == {"precision": (1.0, 1.0), "recall": (0.0, 1.0), "f1": (0.0, 1.0)}
    steady = score([hit, miss], np.array([[1, 1]] * 7)).intervals[Need.STRICT]
    assert steady == {"precision": (1.0, 1.0), "recall": (0.5, 0.5), "f1": (0.6667, 0.6667)}
    with pytest.raises(ValueError, match="3 articles were drawn from"):
        score([hit, miss], np.ones((4, 3), dtype=int))


def test_nothing_said_of_nothing_told_is_no_error() -> None:
    empty = score([compare(read_gold({"id": "n", "text": "", "relevant": False}), [])], np.ones((3, 1), dtype=int))
    assert empty.overall[Need.COARSE].f1 == 1.0
    assert empty.by_event == {}


# Where a fact was lost.


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return app.load_lexicon()


TEXT = (
    "The Vellen Accord was signed by Kelda Rail.\n\n"
    "Norvik Shipping and Altera Lines joined the Harbour Pact on Monday. Brix Freight, a rival, said nothing.\n\n"
    # Further on the article is about the Harbour Pact alone.
    + "The port lay quiet. " * 60
    + "Osk Freight unloaded. The Harbour Pact is old."
)


def lost(lexicon: Lexicon, told: dict[str, Any], *claims: Claim, skipped: str = "", unsure: tuple[Claim, ...] = ()) -> list[Stage | Fault]:
    article = gold(told, text=TEXT, coalitions=[PACT, {"name": "Vellen Accord"}])
    return [loss.why for loss in losses(compare(article, claims), Detection(claims, skipped=skipped), lexicon, unsure)]


NORVIK = "Norvik Shipping"


class KnowsKelp:
    """A judge that takes Kelp, which shows no sign of it, for a body."""

    def judge(self, passages: Sequence[Passage]) -> list[tuple[float, ...]]:
        return [tuple(0.9 * (name == "Kelp") for name in passage.names) for passage in passages]


def test_a_body_that_only_the_judge_finds_is_found(lexicon: Lexicon) -> None:
    article = gold(fact("joined", NORVIK, coalition="Kelp"), text="Norvik Shipping joined Kelp on Monday.", coalitions=[{"name": "Kelp"}])
    compared = compare(article, [])
    assert [loss.why for judge in (None, KnowsKelp()) for loss in losses(compared, Detection(()), lexicon, (), judge)] == [
        Stage.NO_BODY,
        Stage.NOTHING,
    ]


@pytest.mark.parametrize(
    ("told", "claims", "skipped", "stages"),
    [
        (fact("joined", NORVIK), [], "language de", [Stage.LANGUAGE]),
        (fact("joined", NORVIK), [], "no word of membership", [Stage.GATE]),
        (fact("joined", NORVIK), [], "no coalition", [Stage.NO_BODY]),
        (fact("joined", NORVIK, coalition="Lumen Compact"), [], "", [Stage.NO_BODY]),
        (fact("joined", "Kuma"), [], "", [Stage.NO_MENTION]),
        (fact("joined", "Osk Freight", coalition="Vellen Accord"), [], "", [Stage.NOT_ASKED]),
        (fact("joined", NORVIK), [], "", [Stage.NOTHING]),
        (fact("joined", NORVIK), [claim("left", NORVIK)], "", [Stage.OTHER_EVENT, Fault.EVENT]),
        (fact("joined", NORVIK), [claim("joined", NORVIK, "denied")], "", [Stage.OTHER_EVENT, Fault.DENIAL]),
        (fact("joined", NORVIK), [claim("joined", NORVIK, coalition="Vellen Accord")], "", [Stage.OTHER_BODY, Fault.NO_MEMBER]),
        (
            fact("joined", NORVIK),
            [claim("joined", NORVIK, coalition="Pact", coalition_aliases=("Harbour Pact",))],
            "",
            [Stage.NAME_OF_BODY, Fault.NAME_OF_BODY],
        ),
        (fact("joined", NORVIK), [claim("joined", NORVIK), claim("left", "Brix Freight")], "", [Fault.NO_MEMBER]),
        (fact("joined", NORVIK), [claim("joined", NORVIK), claim("dissolved", None)], "", [Fault.EVENT]),
        (fact("joined", NORVIK), [claim("joined", NORVIK), claim("joined", NORVIK, coalition="HP")], "", [Fault.TWICE]),
        (fact("joined", NORVIK), [claim("joined", NORVIK), claim("joined", coalition="Credit Union")], "", [Fault.NO_BODY]),
        (fact("dissolved", None), [claim("formed", None)], "", [Stage.OTHER_EVENT, Fault.EVENT]),
        (fact("dissolved", None), [], "", [Stage.NOTHING]),
    ],
)
def test_where_a_fact_was_lost(
    lexicon: Lexicon, told: dict[str, Any], claims: list[Claim], skipped: str, stages: list[Stage | Fault]
) -> None:
    assert lost(lexicon, told, *claims, skipped=skipped) == stages


def test_what_was_left_out_for_its_confidence_is_told_apart(lexicon: Lexicon) -> None:
    assert lost(lexicon, fact("joined", NORVIK), unsure=(claim("joined", NORVIK),)) == [Stage.UNSURE]


# Reading and the command.


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ([], "no JSON object"),
        ({"text": "x"}, '"id"'),
        ({"id": "a"}, '"text"'),
        ({"id": "a", "text": "x", "title": 3}, '"title"'),
        ({"id": "a", "text": "x", "facts": {}}, '"facts"'),
        ({"id": "a", "text": "x", "facts": [{"coalition": "C", "event": "joins"}]}, "joins"),
        ({"id": "a", "text": "x", "facts": [{"coalition": "C"}]}, '"event"'),
        ({"id": "a", "text": "x", "facts": [{"event": "left"}]}, '"coalition"'),
        ({"id": "a", "text": "x", "facts": [{"coalition": "C", "event": "left", "role": "king"}]}, "king"),
        ({"id": "a", "text": "x", "coalitions": [{"name": "C", "aliases": "D"}]}, '"aliases"'),
        ({"id": "a", "text": "x", "published": "May"}, "ISO 8601"),
    ],
)
def test_a_row_that_cannot_be_read_says_why(row: object, said: str) -> None:
    with pytest.raises(ParseError, match=said):
        read_gold(row)


def test_times_are_in_utc() -> None:
    for text in ("2024-05-14T11:30:00+02:00", "2024-05-14T09:30:00Z", "2024-05-14T09:30:00"):
        assert gold(published=text).article.published == datetime.fromisoformat("2024-05-14T09:30:00+00:00")


def test_names_keep_what_parts_them() -> None:
    assert name_key("Group of Seven") != name_key("Group of Eight")
    assert name_key("Holdings") == "holdings"


ROWS = [
    {
        "id": "n1",
        "title": "Norvik joins Harbour Pact",
        "text": "Norvik Shipping joined the Harbour Pact on Monday.\n\nAltera Lines is not a member of the pact.",
        "published": "2024-05-14T09:30:00Z",
        "relevant": True,
        "coalitions": [PACT],
        "facts": [
            fact("joined", "Norvik Shipping", member_aliases=["Norvik"], role="member", date="2024-05-13"),
            fact("absent", "Altera Lines"),
        ],
    },
    {"id": "n2", "title": "Rain in the north", "text": "It rained.", "relevant": False, "coalitions": [], "facts": []},
]


@pytest.fixture
def gold_file(tmp_path: Path) -> Path:
    path = tmp_path / "gold.jsonl"
    path.write_text("\n".join(map(json.dumps, ROWS)) + "\n\n")
    return path


def test_the_command_prints_one_document(gold_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["evaluate", str(gold_file), "--json", "--errors", "9"]) == cli.DONE
    found = json.loads(capsys.readouterr().out)
    assert found["articles"] == {"all": 2, "relevant": 1, "found": 1, "negatives": 1, "false_alarms": 0}
    assert found["coarse"]["true"] == 2 and found["coarse"]["right"] >= 1
    assert found["coarse"]["interval"]["f1"][0] <= found["coarse"]["f1"] <= found["coarse"]["interval"]["f1"][1]
    assert found["skipped"] == {"no word of membership": 1}
    assert sum(sum(kind.values()) for kind in found["stages"].values()) == len(found["errors"])
    assert cli.main(["evaluate", str(gold_file), "--json", "--errors", "9"]) == cli.DONE
    assert json.loads(capsys.readouterr().out) == found


def test_a_higher_bar_leaves_claims_out(gold_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["evaluate", str(gold_file), "--json", "--least-confidence", "1"]) == cli.DONE
    found = json.loads(capsys.readouterr().out)
    assert found["coarse"]["said"] == 0 and found["coarse"]["precision"] == 1.0
    assert found["stages"]["missed"]["less sure than wanted"] >= 1 and found["stages"]["wrong"] == {}


def test_the_tables_name_every_figure(gold_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["evaluate", str(gold_file), "--errors", "3"]) == cli.DONE
    shown = capsys.readouterr().out
    for words in ("strict", "coarse", "pair", "in\t", "joined", "false alarms", "calibration", "confidence 0.8", "role right", "status"):
        assert words in shown
    assert all(len(part.splitlines()) > 0 for part in shown.split("\n\n"))


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("", [], "no article"),
        ("{}", [], "line 1"),
        ('{"id": 1, "text": ""}\nnonsense', [], "line 2: is no JSON"),
        ('{"id": 1, "text": ""}\n{"id": "1", "text": ""}', [], "has the id '1' of line 1"),
        ('{"id": 1, "text": ""}', ["--least-confidence", "2"], "from 0 to 1"),
        ('{"id": 1, "text": ""}', ["--errors", "-1"], "from 0 on"),
        ('{"id": 1, "text": ""}', ["--model", "/nowhere"], "holds no model"),
    ],
)
def test_wrong_usage_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, options: list[str], said: str) -> None:
    path = tmp_path / "gold.jsonl"
    path.write_text(text)
    assert cli.main(["evaluate", str(path), *options]) == cli.WRONG
    complaint = capsys.readouterr().err
    assert said in complaint and complaint.count("\n") == 1


def test_a_missing_file_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["evaluate", str(tmp_path / "none.jsonl")]) == cli.WRONG
    assert "cannot be read" in capsys.readouterr().err


def test_a_detector_is_measured_by_what_it_says(lexicon: Lexicon) -> None:
    class Sure:
        version = "sure-1"

        def detect(self, article: Article) -> Detection:
            told = (claim("joined", "Norvik Shipping", date=PartialDate(2024, 5, 13), role=Role.MEMBER), claim("absent", "Altera Lines"))
            return Detection(told if article.title.startswith("Norvik") else (), skipped="" if "Norvik" in article.title else "language xx")

    found = evaluation.measure([read_gold(row) for row in ROWS], Sure(), lexicon)
    assert (found.detector, found.losses, found.skipped) == ("sure-1", (), (("language xx", 1),))
    assert found.score.overall[Need.STRICT].f1 == found.score.role.accuracy == found.score.date.accuracy == 1.0
