"""Fits how often claims are right, by how sure the stages are of them: on whole articles that nothing was trained on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.detect import Detector
from pipeline.gold import read_gold
from pipeline.scoring import answers, compare, knots

CONFIDENCE = "confidence.json"
"""The file beside a model that `detect.Calibration` reads."""


def fitted(detector: Detector, rows: Sequence[Mapping[str, Any]]) -> str:
    """Gives the text of a calibration, fitted on what a detector that has none says of annotated articles."""
    gold = [read_gold(row) for row in rows]
    found = answers(compare(one, detector.detect(one.article).claims) for one in gold)
    return json.dumps({"claims": len(found), "articles": len(gold), "knots": knots(found)}, indent=1) + "\n"
