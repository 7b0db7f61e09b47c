"""The gist of a pair, or of a coalition itself, of which thousands of articles tell: those of them that can still decide anything.

Most of what is said of a well-known member was said before and turns nothing. Each article is heard in its order, and one that left
the course as it was is left out, unless it is the first to bring what later words are held against: a statement, a publisher, an
owner, a former name. Whatever is published after all that is known then finds the same course in the gist as in the whole, and says
the same. What is older, takes something back or joins names is for the whole.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pipeline.diff.bodies import hear_body
from pipeline.diff.course import LAYS_DOWN, TURNS, Course, Happening
from pipeline.diff.members import hear_pair
from pipeline.diff.reading import articles_of
from pipeline.model import Evidence
from pipeline.text import fold

ROOM = 16
"""By how many the owners behind a pair may grow before its gist has too few stories to count independent sources by."""


@dataclass(frozen=True, slots=True)
class Gist:
    """What decides of a pair. Of each happening it has all `stories`, or so many that its owners are fewer."""

    evidence: tuple[Evidence, ...]
    stories: int


def serves(evidence: Iterable[Evidence], stories: int) -> bool:
    """Whether a gist, and what came since, has enough stories still to count independent sources by."""
    return _owners(evidence) < stories


def gist(evidence: Iterable[Evidence], stories: int = 0) -> Gist:
    """Gives the gist of all living evidence of one pair, or of one coalition itself; or of its gist and what came since, for which
    `stories` is what that gist had."""
    told = tuple(evidence)
    articles = articles_of(told)
    stories = stories or _owners(told) + ROOM
    named = Counter(address for batch in articles for address in {e.article for e in batch})
    if any(e.successor for e in told) or max(named.values(), default=0) > 1:
        return Gist(told, stories)  # a merger is counted by all its words, and an article of two times is beside itself
    course, seen, of_happening = Course(telling=False), set[object](), defaultdict[int, set[str]](set)
    last: dict[object, int] = {}
    kept: set[int] = {0, len(articles) - 1}
    for number, batch in enumerate(articles):
        shape, heard = _shape(course), {id(h): len(h.evidence) for h in course.happenings}
        (hear_body if batch[0].statement.member is None else hear_pair)(course, batch)
        added = [(h, e) for h in course.happenings for e in h.evidence[heard.get(id(h), 0) :]]
        marks = {*_marks(batch), *(mark for h, e in added for mark in _marks_of(h, e))}
        grown = any(e.story not in of_happening[id(h)] and len(of_happening[id(h)]) < stories for h, e in added)
        if grown or not marks <= seen or _shape(course) != shape:
            kept.add(number)
            seen |= marks
            for h, e in added:
                of_happening[id(h)].add(e.story)
        last |= {(e.log_key, e.role): number for e in batch}
    kept |= set(last.values())  # an undated statement is a copy of the last one that was made like it
    return Gist(tuple(e for number, batch in enumerate(articles) if number in kept for e in batch), stories)


def _owners(evidence: Iterable[Evidence]) -> int:
    return len({e.owner or e.story for e in evidence})


def _shape(course: Course) -> list[tuple[object, ...]]:
    """All that a course is, but for the words that tell of it."""
    return [(id(h), h.event, h.denied, h.status, h.when, h.day, h.said, h.role, h.aside, h.dropped, h.quiet) for h in course.happenings]


def _marks(batch: Sequence[Evidence]) -> Iterator[object]:
    """What the first article that has it is kept for, whether it told of a happening or not."""
    for e in batch:
        s = e.statement
        yield (e.log_key, e.role)
        yield (s.coalition.name, s.member.name if s.member else "")


def _marks_of(h: Happening, e: Evidence) -> Iterator[object]:
    """What the first article that has it is kept for, happening by happening."""
    yield (id(h), "key", e.log_key)
    yield (id(h), "publisher", e.publisher)
    yield (id(h), "owner", e.owner or e.story)
    if e.other_name:
        yield (id(h), "name", fold(e.other_name))
    if TURNS.search(e.quote):
        yield (id(h), "turns")
    if LAYS_DOWN.search(e.quote):
        yield (id(h), "lays down")
