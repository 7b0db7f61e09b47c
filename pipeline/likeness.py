"""Names that may mean one party: a proposal for a person, and never more than that.

Two names are alike when each word of the one has its like in the other: the same, the same but for a slip, or its abbreviation; the
longer name may have words besides. Names that differ in a number, in a place or in the sort of body that they name ("Forum",
"Alliance") are never proposed: "Sahel Grain Forum II", "Nordic Grain Forum" and "Sahel Grain Alliance" are three more bodies.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from difflib import SequenceMatcher

from pipeline.model import Party
from pipeline.resolve import Forms, is_acronym
from pipeline.text import fold

SLIP = 0.8
"""Least likeness of two words that are one with a slip in it: "norvik" and "norvick" have 0.92, "cocoa" and "coffee" 0.55."""
SHORTEST_SLIP = 5
"""Shorter words differ by a letter and mean another thing."""
RARE = 3
"""A short name is proposed for a fuller one where no more parties than this share its words."""
COMMON = 60
"""A word that more parties share tells nothing of who is alike; pairs are looked for by the rarer words."""

_LITTLE = frozenset("of the and for on in to against de du des la le et der die das und".split())
_ROMAN = re.compile(r"(?=[ivx])(?:x{0,3})(?:ix|iv|v?i{0,3})")
_SIDES = frozenset("north south east west northern southern eastern western central upper lower new".split())


@dataclass(frozen=True, slots=True)
class Alike:
    """Two parties whose names may be one's: `one` is the lesser known or the shorter, `score` how alike they are, 0 to 1."""

    one: Party
    other: Party
    score: float
    because: str


def alike(parties: Sequence[tuple[Party, int]], forms: Forms, places: Set[str]) -> tuple[Alike, ...]:
    """Gives the pairs of parties with names that may be one, the most alike first; each comes with how much is said of it.

    `places` are folded words that name a place, a people or a state; `forms` has the legal forms and the sorts of bodies.

    >>> names = [(Party(n, n), 1) for n in ("Norvik Freight", "Norvick Freight AS", "Kelp Charter 2024", "Kelp Charter 2025")]
    >>> [(a.one.name, a.other.name) for a in alike(names, Forms(legal=frozenset({("as",)})), frozenset())]
    [('Norvik Freight', 'Norvick Freight AS')]
    """
    names = {party.key: tuple(w for w in forms.bare(party.name).split() if w not in _LITTLE) for party, _ in parties}
    known = {party.key: party for party, _ in parties}
    said = {party.key: count for party, count in parties}
    bearers: dict[str, set[str]] = defaultdict(set)
    for key, words in names.items():
        for word in words:
            bearers[word].add(key)
            if len(word) >= SHORTEST_SLIP:
                bearers[f"{word[:3]}…"].add(key)
                bearers[f"…{word[-4:]}"].add(key)
        if len(words) > 1:
            bearers["".join(w[0] for w in words)].add(key)
    pairs = {
        (one, other)
        for several in bearers.values()
        if 1 < len(several) <= COMMON
        for one in several
        for other in several
        if one < other
    }  # fmt: skip
    found = []
    for one, other in pairs:
        score, because = _likeness(known[one].name, known[other].name, names[one], names[other], forms, places, bearers)
        if score:
            lesser, greater = sorted((one, other), key=lambda k: (said[k], len(known[k].name), k))
            found.append(Alike(known[lesser], known[greater], round(score, 2), because))
    return tuple(sorted(found, key=lambda a: (-a.score, a.one.key, a.other.key)))


def _likeness(
    name: str, other_name: str, words: Sequence[str], others: Sequence[str], forms: Forms, places: Set[str], bearers: dict[str, set[str]]
) -> tuple[float, str]:
    if not words or not others:
        return 0.0, ""
    if is_acronym(name) != is_acronym(other_name):
        short, full = (name, others) if is_acronym(name) else (other_name, words)
        initials = "".join(w[0] for w in full if not w.isdigit())
        return (0.7, "the one has the initials of the other") if len(full) > 2 and fold(short) == initials else (0.0, "")
    if is_acronym(name) or _marks(words, places) != _marks(others, places):
        return 0.0, ""
    sort, other_sort = ({w for w in of if w in forms.vague} for of in (words, others))
    if sort != other_sort and sort and other_sort:
        return 0.0, ""
    if sorted(words) == sorted(others) or "".join(words) == "".join(others):
        return 0.97, "the words are the same"
    fewer, more = (words, list(others)) if len(words) <= len(others) else (others, list(words))
    scores = []
    for word in fewer:
        best = max(more, key=lambda w: _same_word(word, w), default="")
        if not best or not _same_word(word, best):
            return 0.0, ""
        scores.append(_same_word(word, best))
        more.remove(best)
    score = sum(scores) / len(scores)
    if not more:
        return 0.95 * score, "the words are the same but for a slip"
    rare = len(set.intersection(*(bearers[w] for w in fewer))) <= RARE if min(scores) == 1 else False
    telling = any(len(w) >= SHORTEST_SLIP and w not in forms.vague and w not in places for w in fewer)
    return (0.8 * score, "the one is a short form of the other") if rare and telling else (0.0, "")


def _same_word(one: str, other: str) -> float:
    if one == other:
        return 1.0
    if min(len(one), len(other)) < SHORTEST_SLIP or one[0] != other[0]:
        return 0.0
    likeness = SequenceMatcher(None, one, other, autojunk=False).ratio()
    return likeness if likeness >= SLIP else 0.0


def _marks(words: Iterable[str], places: Set[str]) -> frozenset[str]:
    """The numbers and the places in a name: two names of one party have the same."""
    return frozenset(w for w in words if w in places or w in _SIDES or any(c.isdigit() for c in w) or _ROMAN.fullmatch(w))
