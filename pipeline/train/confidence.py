"""Measures a detector on whole articles that nothing was trained on, and fits how often its claims are right by what speaks for them."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pipeline.detect import LEAST, Detector
from pipeline.detect.claims import Settled
from pipeline.detect.confidence import NAMES, Confidence
from pipeline.gold import GoldArticle, read_gold
from pipeline.scoring import Compared, Need, Score, compare, score
from pipeline.train.starting import RecipeError

CONFIDENCE = "confidence.json"
"""The file beside a model that `detect.Confidence` reads."""

IRRELEVANT_COUNT = 4.0
"""A claim of an article that tells nothing counts for so many: feeds of general news have as many more such articles as the corpus has."""
PARTS = 5
"""Each fifth of the articles is measured with weights that were fitted on the others."""
PENALTY = 1.0
"""On the squares of the weights, but for the one that counts always."""


@dataclass(frozen=True, slots=True)
class _Tried:
    """An article, what the stages think of it, which of that counts and which is right."""

    gold: GoldArticle
    candidates: tuple[Settled, ...]
    counts: tuple[bool, ...]
    right: tuple[bool, ...]
    weight: float

    def said(self, confidence: Confidence) -> Compared:
        """What a detector with that confidence says of it."""
        sure = [(one.claim, confidence.of(one.claim.confidence, one.signs)) for one in self.candidates]
        return compare(self.gold, [replace(claim, confidence=chance) for claim, chance in sure if chance >= LEAST])


def fitted(detector: Detector, rows: Sequence[Mapping[str, Any]]) -> tuple[str, dict[str, object]]:
    """Gives the text of a confidence that is fitted on what a detector thinks of annotated articles, and for the model's card how good
    the detector is with such a one.

    What is measured was never fitted on: each part of the articles has the weights of the others. Raises RecipeError where the detector
    thinks of nothing in any of them.
    """
    tried = [_tried(detector, read_gold(row)) for row in rows]
    parts = [zlib.crc32(one.gold.id.encode()) % PARTS for one in tried]
    of_others = [_fit([one for one, part in zip(tried, parts, strict=True) if part != own]) for own in range(PARTS)]
    compared = [one.said(of_others[part]) for one, part in zip(tried, parts, strict=True)]
    weights = {name: round(weight, 4) for name, weight in _fit(tried).weights.items()}
    if not weights:
        raise RecipeError("nothing is found in the articles that were kept apart: there is nothing to fit confidences on")
    claims = sum(map(len, (one.candidates for one in tried)))
    text = json.dumps({"claims": claims, "articles": len(tried), "irrelevant_count": IRRELEVANT_COUNT, "weights": weights}, indent=1)
    return text + "\n", {"version": detector.version, **_figures(score(compared))}


def _tried(detector: Detector, gold: GoldArticle) -> _Tried:
    candidates = detector.candidates(gold.article)
    compared = compare(gold, [one.claim for one in candidates])
    counted = {id(one.claim) for one in compared.claims}
    right = {id(compared.claims[place].claim) for place, _ in compared.pairs[Need.COARSE]}
    return _Tried(
        gold,
        candidates,
        tuple(id(one.claim) in counted for one in candidates),
        tuple(id(one.claim) in right for one in candidates),
        IRRELEVANT_COUNT if compared.is_negative else 1.0,
    )


def _fit(tried: Sequence[_Tried]) -> Confidence:
    """Fits the weights by Newton's method; with nothing to fit them on, none."""
    rows = [
        ((1.0, *one.signs.numbers()), right, article.weight)
        for article in tried
        for one, counts, right in zip(article.candidates, article.counts, article.right, strict=True)
        if counts
    ]
    if not rows:
        return Confidence()
    signs, right, counts = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    penalty = PENALTY * np.eye(len(NAMES))
    penalty[0, 0] = 0.0
    weights = np.zeros(len(NAMES))
    for _ in range(25):
        chances = 1 / (1 + np.exp(-signs @ weights))
        slope = signs.T @ (counts * (right - chances)) - penalty @ weights
        curve = (signs * (counts * chances * (1 - chances))[:, None]).T @ signs + penalty
        weights += np.linalg.lstsq(curve, slope, rcond=None)[0]
    return Confidence(dict(zip(NAMES, weights.tolist(), strict=True)))


def _figures(found: Score) -> dict[str, object]:
    rates = {
        str(need): {"precision": round(one.precision, 3), "recall": round(one.recall, 3), "f1": round(one.f1, 3)}
        for need, one in found.overall.items()
    }
    shares = {name: share.accuracy for name, share in (("role", found.role), ("date", found.date), ("status", found.status))}
    sure = found.calibration.sure
    return {
        "articles": found.articles,
        "irrelevant": found.negatives,
        "false_alarms": found.false_alarms,
        **rates,
        "right": {name: None if share is None else round(share, 3) for name, share in shares.items()},
        "by_direction": {str(way): {"f1": round(one.f1, 3), "facts": one.true} for way, one in found.by_direction.items()},
        "sure": {"claims": sure.of, "right": sure.right},
    }
