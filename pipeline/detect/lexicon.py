"""The detector's knowledge, read from texts that `app` loads: words, heads, states, firms, coalitions and look-alikes.

It finds known phrases among words and says what a word can be. It has no file access and knows no single article.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.text import fold

FILES = (
    "common-words.txt",
    "given-names.txt",
    "cities.txt",
    "heads.txt",
    "states.csv",
    "companies.csv",
    "gazetteer-coalitions.csv",
    "igos.csv",
    "not-coalitions.csv",
    "role-rules.txt",
)
"""The names of the texts that the detector is made of."""

ORGAN = re.compile(
    r"(?:(?:Annual |Extraordinary )?General (?:Assembly|Meeting|Council)|"
    r"(?:Executive|Supreme|Supervisory|Governing|Steering|Advisory|Ministerial|Security|Management|Technical)\s(?:Board|Committee|Council|Group)|"
    r"Board(?: of \w+)?|National Assembly|Secretariat|Parliament|Congress|House of \w+|Supreme Court|City Council)"
)
"""Names of organs of bodies and of states: nobody joins them as a member of a coalition."""

_ACRONYM = re.compile(r"[A-Z][A-Za-z0-9]*[A-Z0-9][A-Za-z0-9+]*\+?|[A-Z]{2,}")


@dataclass(frozen=True, slots=True)
class Head:
    """What a head noun says of a name that ends in it: see the header of `heads.txt`."""

    strong: bool
    in_names: bool
    sort: str
    rare: bool = False


class Phrases:
    """Known phrases by their folded words, found as the longest that begins at a word."""

    def __init__(self) -> None:
        self._by_first: dict[str, dict[tuple[str, ...], str]] = {}

    def add(self, phrase: str, meaning: str) -> None:
        words = tuple(fold(phrase).split())
        if words:
            self._by_first.setdefault(words[0], {}).setdefault(words, meaning)

    def exact(self, phrase: str) -> str | None:
        """The meaning of the whole phrase, None where it is not known."""
        words = tuple(fold(phrase).split())
        return self._by_first.get(words[0], {}).get(words) if words else None

    def longest(self, words: Sequence[str], at: int) -> tuple[int, str] | None:
        """The longest known phrase that begins at `words[at]` (folded): how many words, and its meaning."""
        choices = self._by_first.get(words[at])
        if not choices:
            return None
        best = max((c for c in choices if tuple(words[at : at + len(c)]) == c), key=len, default=None)
        return (len(best), choices[best]) if best else None


@dataclass(slots=True)
class Lexicon:
    """All that the stages know before they have read an article."""

    common: frozenset[str] = frozenset()
    given: frozenset[str] = frozenset()
    heads: dict[str, Head] = field(default_factory=dict)
    states: Phrases = field(default_factory=Phrases)
    """State names, nationals and other names of states, to the state's name."""
    demonyms: dict[str, str] = field(default_factory=dict)
    """Adjectives ("Malawian") to the state's name."""
    nationals: dict[str, str] = field(default_factory=dict)
    """The people of a state ("Danes", "Malawian"), folded, to the state's name."""
    seats: dict[str, str] = field(default_factory=dict)
    """Capitals and other metonyms of governments, folded, to the state's name."""
    cities: frozenset[str] = frozenset()
    """Cities that are no capitals, folded."""
    firms: Phrases = field(default_factory=Phrases)
    coalitions: Phrases = field(default_factory=Phrases)
    """Full names and aliases of coalitions to their name."""
    lower_names: Phrases = field(default_factory=Phrases)
    """Names of coalitions that are written without a capital ("oneworld", "the eurozone")."""
    lower_tails: Phrases = field(default_factory=Phrases)
    """Names of coalitions that begin with a capital and end without one ("Paris climate agreement", "Schengen area")."""
    adopted: Phrases = field(default_factory=Phrases)
    """Names that mean the body only where one adopts, joins or leaves it, listed with their article ("the euro")."""
    acronyms: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Acronyms as written to the coalitions that bear them."""
    sorts: dict[str, str] = field(default_factory=dict)
    """A known coalition's name to the kind that the gazetteer gives it."""
    look_alikes: frozenset[str] = frozenset()
    look_alike_patterns: tuple[re.Pattern[str], ...] = ()

    @classmethod
    def read(cls, texts: Mapping[str, str], watched: Iterable[tuple[str, Sequence[str]]] = ()) -> Lexicon:
        """Builds the knowledge from the texts named in `FILES`; `watched` adds names with aliases from the configuration."""
        lexicon = cls(
            common=frozenset(_lines(texts["common-words.txt"])),
            given=frozenset(" ".join(_lines(texts["given-names.txt"])).split()),
            cities=frozenset(fold(line) for line in _lines(texts["cities.txt"])),
        )
        for line in _lines(texts["heads.txt"]):
            word, strength, sort = line.split()
            lexicon.heads[word] = Head(strength == "strong", strength != "never", sort, strength == "rare")
        lexicon._read_states(texts["states.csv"])
        for row in _rows(texts["companies.csv"]):
            for name in (row["name"], *_aliases(row["aliases"])):
                lexicon.firms.add(name, row["name"])
        for name, aliases in watched:
            lexicon._add_coalition(name, "", aliases, "")
        for row in _rows(texts["gazetteer-coalitions.csv"]):
            # An earlier name is a body of its own in an article that tells of the renaming; `resolve` knows that both are one.
            aliases = [a for a in row["aliases"].split("|") if a and not a.startswith("former:")]
            lexicon._add_coalition(row["name"], row["acronym"], _aliases("|".join(aliases)), row["kind"])
            for former in (a.removeprefix("former:") for a in row["aliases"].split("|") if a.startswith("former:")):
                lexicon._add_coalition(former, "", (), row["kind"])
        for row in _rows(texts["igos.csv"]):
            name = re.sub(r"\s*\([^)]*\)", "", row["name"]).strip()
            if len(name.split()) > 1:
                lexicon._add_coalition(name, row["acronym"] if _ACRONYM.fullmatch(row["acronym"]) else "", (), "treaty")
        rows = [row["name_or_pattern"] for row in _rows(texts["not-coalitions.csv"])]
        lexicon.look_alikes = frozenset(fold(r) for r in rows if not r.startswith("re:"))
        lexicon.look_alike_patterns = tuple(re.compile(r[3:]) for r in rows if r.startswith("re:"))
        return lexicon

    def learn(self, name: str, spelling: str) -> None:
        """Adds a spelling of a coalition that an article introduced; the watch list and the gazetteer go before it."""
        self._add_coalition(name, "", (spelling,), "")

    def _read_states(self, text: str) -> None:
        for row in _rows(text):
            name = row["name"]
            for spelling in (name, *_aliases(row["aliases"]), *_aliases(row["nationals"])):
                self.states.add(spelling, name)
            for adjective in _aliases(row["demonyms"]):
                self.demonyms.setdefault(fold(adjective), name)
            for people in (*_aliases(row["nationals"]), *_aliases(row["demonyms"])):
                self.nationals.setdefault(fold(people), name)
            for seat in _aliases(row["government_metonyms"]):
                self.seats.setdefault(fold(seat), name)

    def _add_coalition(self, name: str, acronym: str, aliases: Sequence[str], kind: str) -> None:
        lower = {a for a in aliases if a == a.lower()}
        if fold(name) in self.common and fold(name) not in lower:
            return
        known = self.coalitions.exact(name) or name
        self.sorts.setdefault(known, kind)
        for spelling in (name, *aliases):
            if spelling in lower and spelling.startswith("the "):
                self.adopted.add(spelling, known)
                continue
            if spelling in lower:
                self.lower_names.add(spelling, known)
            elif spelling.rsplit(" ", 1)[-1].islower():
                self.lower_tails.add(spelling, known)
            # One short word ("Together", "Quad") is too easily something else: it counts only as an acronym, as written.
            if len(spelling.split()) > 1 or (len(spelling) > 5 and fold(spelling) not in self.common and not _ACRONYM.fullmatch(spelling)):
                self.coalitions.add(spelling, known)
            elif spelling and spelling[0].isupper():
                self._add_acronym(spelling, known)
        if acronym:
            self._add_acronym(acronym, known)

    def _add_acronym(self, acronym: str, known: str) -> None:
        bearers = self.acronyms.get(acronym, ())
        if known not in bearers:
            self.acronyms[acronym] = (*bearers, known)

    def is_inflected(self, word: str) -> bool:
        """Whether a folded word is a form of a common one."""
        if word.endswith("ably") or word.endswith("ibly"):
            return True
        return any(
            word.endswith(end) and (word[: -len(end)] in self.common or word[: -len(end)] + "e" in self.common)
            for end in ("s", "es", "ed", "ing", "ly", "d")
        )

    def head_of(self, name: str) -> Head | None:
        """The head noun's entry for a name: its last word, or the last before "of", "for", "on" and the like.

        The Alliance for Data is an alliance, the Compact of the North a compact.
        """
        words = name.split()
        for i, word in enumerate(words):
            if i and word in {"of", "for", "on", "to", "against", "in", "with", "between"}:
                head = self.heads.get(words[i - 1].lower().strip("\"'’"))
                if head and head.in_names:
                    return head
        last = self.heads.get(words[-1].lower().strip("\"'’”")) if words else None
        return last if last and last.in_names else None

    def place(self, words: Sequence[str], at: int) -> int:
        """The number of words of the state, seat of government or city that is named at `words[at]` (folded), 0 where none is."""
        state = self.states.longest(words, at)
        runs = ((n, " ".join(words[at : at + n])) for n in (3, 2, 1) if at + n <= len(words))
        cities = (n for n, name in runs if name in self.seats or name in self.cities)
        return max(state[0] if state else 0, next(cities, 0))

    def is_look_alike(self, name: str) -> bool:
        """Whether a name only looks like a coalition's: a football league, a credit union, the Soviet Union."""
        return fold(name) in self.look_alikes or any(p.search(name) for p in self.look_alike_patterns)


def _lines(text: str) -> Iterator[str]:
    return (line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))


def _rows(text: str) -> Iterator[dict[str, str]]:
    return csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))


def _aliases(cell: str) -> tuple[str, ...]:
    """The aliases of a cell, those of earlier names among them; a remark in parentheses is not part of a name."""
    names = (part.removeprefix("former:").strip() for part in cell.split("|"))
    return tuple(re.sub(r"\s*\([^)]*\)$", "", n) for n in names if n)
