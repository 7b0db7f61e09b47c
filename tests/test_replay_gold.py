"""The storylines of the project's corpus, replayed step by step with the annotated facts in the detector's place.

What is measured is memory alone: names to identities, statements to changes. A step is right when its changes are exactly those
that a reader who read the earlier steps should be told.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.diff import derive, diff
from pipeline.model import Change, Claim, Event, Evidence, PartialDate, Quote, Role, Status
from pipeline.resolve import (
    Identities,
    forms_from,
    known_from_companies,
    known_from_gazetteer,
    known_from_igos,
    known_from_states,
    resolve,
    witness,
)
from pipeline.text import fold

CORPUS = Path(__file__).parent / "corpus"
KNOWLEDGE = Path(__file__).parents[1] / "pipeline" / "knowledge"
SUFFIXES = {
    "inc",
    "corp",
    "corporation",
    "co",
    "company",
    "ltd",
    "limited",
    "plc",
    "llc",
    "ag",
    "sa",
    "nv",
    "se",
    "gmbh",
    "group",
    "holdings",
}


def _knowledge(name: str) -> str:
    return (KNOWLEDGE / name).read_text(encoding="utf-8")


KNOWN = (
    *known_from_gazetteer(_knowledge("gazetteer-coalitions.csv")),
    *known_from_igos(_knowledge("igos.csv")),
    *known_from_states(_knowledge("states.csv")),
    *known_from_companies(_knowledge("companies.csv")),
)
FORMS = forms_from(_knowledge("name-forms.txt"), _knowledge("heads.txt"))


def _stories() -> dict[str, list[dict[str, Any]]]:
    stories: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for path in sorted(CORPUS.glob("*/stories.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            article = json.loads(line)
            stories[article["story"]].append(article)
    return {name: sorted(articles, key=lambda a: a["step"]) for name, articles in stories.items()}


STORIES = _stories()


def _same_name(name: str | None) -> str:
    """Folds as the scorer of the corpus does: company suffixes do not count."""
    words = fold(name or "").split()
    while len(words) > 1 and words[-1] in SUFFIXES:
        words = words[:-1]
    return " ".join(words)


def claims_of(article: dict[str, Any]) -> list[Claim]:
    aliases = {body["name"]: tuple(body["aliases"]) for body in article["coalitions"]}
    return [
        Claim(
            coalition=fact["coalition"],
            member=fact["member"],
            event=Event(fact["event"]),
            status=Status(fact["status"]),
            quote=Quote(fact["evidence"], "text", max(article["text"].find(fact["evidence"]), 0)),
            confidence=0.9,
            role=Role(fact["role"]) if fact["role"] else None,
            date=PartialDate.parse(fact["date"]) if fact["date"] else None,
            coalition_aliases=aliases.get(fact["coalition"], ()),
            member_aliases=tuple(fact["member_aliases"]),
        )
        for fact in article["facts"]
    ]


def replay(articles: list[dict[str, Any]], identities: Identities | None = None) -> tuple[list[tuple[Change, ...]], list[Evidence]]:
    """Gives the changes that each step raises, and all the evidence in the end."""
    identities = identities or Identities(KNOWN, FORMS)
    evidence: list[Evidence] = []
    steps: list[tuple[Change, ...]] = []
    for article in articles:
        published = datetime.fromisoformat(article["published"])
        now = published + timedelta(minutes=10)
        resolution = resolve(claims_of(article), identities, article["url"])
        identities.learn(resolution.learned)
        fresh = [
            witness(
                resolved,
                article=article["url"],
                publisher=article["publisher"],
                story=article["url"],
                detector="gold",
                seen=now,
                published=published,
            )
            for resolved in resolution.statements
        ]
        touched = {e.statement.coalition.key for e in fresh}
        steps.append(diff([e for e in evidence if e.statement.coalition.key in touched], fresh, now))
        evidence += fresh
    return steps, evidence


def _names(articles: list[dict[str, Any]]) -> dict[str, set[str]]:
    table: dict[str, set[str]] = defaultdict(set)
    for article in articles:
        for body in article["coalitions"]:
            table[_same_name(body["name"])] |= {_same_name(n) for n in (body["name"], *body["aliases"])} - {""}
        for fact in article["facts"]:
            if fact["member"]:
                table[_same_name(fact["member"])] |= {_same_name(n) for n in (fact["member"], *fact["member_aliases"])} - {""}
    return table


@dataclass
class Score:
    right: int = 0
    said: int = 0
    expected: int = 0
    steps: int = 0
    exact: int = 0

    @property
    def f1(self) -> float:
        return 2 * self.right / (self.said + self.expected)


def score_step(score: Score, article: dict[str, Any], said: Sequence[Change], story: list[dict[str, Any]]) -> list[str]:
    """Adds what one step raised to the score, and gives what was missed and what should not have been raised."""
    names = _names(story)
    left = [
        (c["kind"], names.get(_same_name(c["coalition"]), set()) | {_same_name(c["coalition"])}, names.get(m, set()) | {m})
        for c in article["changes"]
        for m in [_same_name(c["member"])]
    ]
    score.expected += len(left)
    errors = []
    for change in said:
        coalition, member = _same_name(change.coalition.name), _same_name(change.member.name if change.member else "")
        hit = next((e for e in left if e[0] == change.kind and coalition in e[1] and member in e[2]), None)
        if hit:
            left.remove(hit)
            score.right += 1
        else:
            errors.append(f"{article['id']} raised {change.kind} {member} -> {coalition}")
    errors += [f"{article['id']} missed {kind} {sorted(member)} -> {sorted(coalition)}" for kind, coalition, member in left]
    score.said += len(said)
    score.steps += 1
    score.exact += not errors
    return errors


def _score(stories: dict[str, list[dict[str, Any]]]) -> tuple[Score, list[str]]:
    score, errors = Score(), []
    for articles in stories.values():
        for article, said in zip(articles, replay(articles)[0], strict=True):
            errors += score_step(score, article, said, articles)
    return score, errors


def test_steps_are_exactly_right() -> None:
    score, errors = _score(STORIES)
    print(score, f"F1 {score.f1:.3f}", *errors, sep="\n")
    assert score.exact / score.steps >= 0.95, errors
    assert score.f1 >= 0.98, errors


@pytest.mark.parametrize("story", sorted(STORIES))
def test_reading_a_story_again_raises_nothing(story: str) -> None:
    identities = Identities(KNOWN, FORMS)
    _, evidence = replay(STORIES[story], identities)
    by_article: dict[str, list[Evidence]] = defaultdict(list)
    for e in evidence:
        by_article[e.article].append(e)
    now = max(e.first_seen for e in evidence) + timedelta(minutes=1)
    for article, fresh in by_article.items():
        assert diff(evidence, fresh, now) == (), article


@pytest.mark.parametrize("story", sorted(STORIES))
def test_no_order_of_arrival_changes_where_members_stand(story: str) -> None:
    _, evidence = replay(STORIES[story])
    assert derive(evidence) == derive(reversed(evidence)) == derive(sorted(evidence, key=lambda e: e.statement.key))
