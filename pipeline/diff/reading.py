"""Hearing all that was ever said of a pair, or of a coalition itself, in the order in which it was published."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from pipeline.diff.bodies import hear_body
from pipeline.diff.course import Course, Happening, Told
from pipeline.diff.members import hear_pair
from pipeline.model import Evidence


def place_of(e: Evidence) -> tuple[datetime, str]:
    """Where the article of some evidence stands in the order of hearing."""
    return (e.published or e.first_seen, e.article)


def articles_of(evidence: Iterable[Evidence]) -> list[list[Evidence]]:
    """Parts evidence into articles, in the order of hearing."""
    told = list(evidence)
    if len(told) == 1:  # most members of a large body are spoken of once
        return [told]
    articles: dict[tuple[datetime, str], list[Evidence]] = defaultdict(list)
    for e in told:
        articles[place_of(e)].append(e)
    return [articles[place] for place in sorted(articles)]


def read_all(evidence: Iterable[Evidence], *, coalition: bool = False, end: Happening | None = None) -> Course:
    """Hears articles in the order in which they were published, so that the order of arrival does not count.

    Of a pair they are heard knowing of the `end` of its coalition.
    """
    return tell_all(evidence, coalition=coalition, end=end)[0]


def tell_all(evidence: Iterable[Evidence], *, coalition: bool = False, end: Happening | None = None) -> tuple[Course, list[Told]]:
    """Hears articles as `read_all` does, and gives as well what a reader of them all was told, without the state around each."""
    course, told = Course(telling=False, end=end), list[Told]()
    for batch in articles_of(evidence):
        told += (hear_body if coalition else hear_pair)(course, batch)
    course.telling = True
    return course, told
