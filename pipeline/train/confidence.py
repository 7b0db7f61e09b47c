"""Measures a detector on whole articles that nothing was trained on, and fits how often its claims are right by how sure the stages
are of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.detect import Detector
from pipeline.gold import read_gold
from pipeline.scoring import Score, answers, compare, knots, score

CONFIDENCE = "confidence.json"
"""The file beside a model that `detect.Calibration` reads."""


def fitted(detector: Detector, rows: Sequence[Mapping[str, Any]]) -> tuple[str, dict[str, object]]:
    """Gives the text of a calibration, fitted on what a detector that has none says of annotated articles, and for the model's card how
    good that is."""
    gold = [read_gold(row) for row in rows]
    compared = [compare(one, detector.detect(one.article).claims) for one in gold]
    found = answers(compared)
    text = json.dumps({"claims": len(found), "articles": len(gold), "knots": knots(found)}, indent=1) + "\n"
    return text, {"version": detector.version, **_figures(score(compared))}


def _figures(found: Score) -> dict[str, object]:
    rates = {
        str(need): {"precision": round(one.precision, 3), "recall": round(one.recall, 3), "f1": round(one.f1, 3)}
        for need, one in found.overall.items()
    }
    shares = {name: share.accuracy for name, share in (("role", found.role), ("date", found.date), ("status", found.status))}
    return {
        "articles": found.articles,
        "irrelevant": found.negatives,
        "false_alarms": found.false_alarms,
        **rates,
        "right": {name: None if share is None else round(share, 3) for name, share in shares.items()},
        "by_direction": {str(way): {"f1": round(one.f1, 3), "facts": one.true} for way, one in found.by_direction.items()},
    }
