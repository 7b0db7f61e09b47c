"""Reads the line of a roster: names taken whole, with what stands around them left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from pipeline.detect.lexicon import Lexicon
from pipeline.detect.spans import Sentence, SentenceKind
from pipeline.detect.words import (
    DESCRIBED,
    DESCRIPTORS,
    JOINED_LAST,
    LAST_LOWER,
    LEGAL,
    LINKS,
    MOST_LOWER,
    PRONOUNS,
    ROSTER_END,
    ROSTER_LABEL,
    ROSTER_PART,
    VERBS,
    YEAR_LAST,
    is_capital,
    tokens,
)
from pipeline.text import fold


class Rosters:
    """Finds the names of a roster's line. `chunks` are the capitalised ones of any text, for what in it is a sentence after all."""

    def __init__(self, lexicon: Lexicon, chunks: Callable[[Sentence], tuple[tuple[int, int], ...]]) -> None:
        self._lexicon = lexicon
        self._chunks = chunks

    def names(self, sentence: Sentence) -> tuple[tuple[int, int], ...]:
        """The names of a roster's line, taken whole: they need no capital ("lowlight") and may hold commas and "and"."""
        text = sentence.text
        label = ROSTER_LABEL.match(text)
        if label and label.group("mark") != ":" and not self._is_category(label.group("label")):
            label = None  # "Kuma – a maker of kites", "Kuma | Austin"
        start = label.end() if label else 0
        pieces, at = [], start
        for cut in ROSTER_PART.finditer(text, start):
            pieces.append((at, cut.start()))
            at = cut.end()
        pieces = [(a, b) for a, b in (*pieces, (at, len(text))) if text[a:b].strip(" .;")]
        if not label and len(pieces) == 2 and " | " in text and self._lexicon.place([w.folded for w in tokens(text[slice(*pieces[1])])], 0):
            pieces = pieces[:1]  # a table's row: the member and where it is
        if label and len(pieces) == 1 and not (self._is_category(label.group("label")) and self._is_entry(text[start:])):
            return ()
        plain = [ROSTER_END.split(text[a:b].strip(), maxsplit=1)[0] if len(pieces) > 1 else text[a:b] for a, b in pieces]
        if any(len(_lower(piece.split())) > MOST_LOWER for piece in plain):
            return ()
        # The label may name the body: "From the Wave Energy Association: Albatross Buoys; Barra Bobbers".
        found = (
            list(self._chunks(replace(sentence, text=text[: label.end("label")], kind=SentenceKind.BODY)))
            if label and self._lexicon.states.exact(label.group("label")) is None
            else []
        )
        seated = sum(self._seat(text[a:b]) > 0 for a, b in pieces) > 1
        dated = sum(bool(YEAR_LAST.search(text[a:b].rstrip(" .;"))) for a, b in pieces) > 1
        for a, b in pieces:
            piece = text[a:b]
            shift = len(piece) - len(piece.lstrip())
            piece = piece.strip()
            if self._is_row(piece, bool(label) and len(pieces) == 1) or " and the " in ROSTER_END.split(piece, maxsplit=1)[0]:
                inner = list(self._chunks(replace(sentence, text=piece, kind=SentenceKind.BODY)))
                if inner and (last := LAST_LOWER.search(piece, inner[-1][1])) and last.group("name") not in self._lexicon.common:
                    inner.append(last.span("name"))
                found += [(a + shift + x, a + shift + y) for x, y in inner]
                continue
            if joined := JOINED_LAST.match(piece):
                shift, piece = shift + joined.end(), piece[joined.end() :]
            if seated and (seat := self._seat(piece)):
                piece = piece[:seat]
            if shortened := ROSTER_END.search(piece):
                piece = piece[: shortened.start()]
            if piece.endswith(".") and piece.rsplit(None, 1)[-1].lower().rstrip(".") + "." not in LEGAL:
                piece = piece[:-1]
            piece = piece.rstrip(" ,;")
            if (year := YEAR_LAST.search(piece)) and (dated or self._lexicon.states.exact(piece[: year.start()])):
                piece = piece[: year.start()]  # "Hungary 1989", "Kuma Kites, 2004"
            if piece.lower().startswith("the ") and len(piece) > 4:
                shift, piece = shift + 4, piece[4:]
            if (described := DESCRIBED.match(piece)) and all(w in self._lexicon.common for w in described.group().split()):
                shift, piece = shift + described.end(), piece[described.end() :]  # "cable owner EllaLink"
            words = piece.split()
            if not words or len(words) > 10 or (len(pieces) == 1 and self._reads_as_prose(words)):
                if len(pieces) == 1:
                    return ()
                continue
            found.append((a + shift, a + shift + len(piece)))
        return tuple(found)

    def _seat(self, piece: str) -> int:
        """Where the town begins that stands behind a roster's name ("Bluewick, Mumbai"), 0 where none does."""
        name, comma, town = piece.rstrip(" .;").rpartition(", ")
        folded = fold(town)
        return len(name) if comma and (folded in self._lexicon.cities or folded in self._lexicon.seats) else 0

    def _is_category(self, label: str) -> bool:
        """Whether a roster's label sorts its names: by country ("Japan") or by what they are ("Banks", "for the cities")."""
        words = label.split()
        return (
            self._lexicon.states.exact(label) is not None
            or fold(label) in self._lexicon.cities | self._lexicon.seats.keys()
            or (words[-1].endswith("s") and (words[-1].lower() in self._lexicon.common or self._lexicon.is_inflected(words[-1].lower())))
        )

    def _is_entry(self, text: str) -> bool:
        first = text.split(maxsplit=1)[0]
        return first[0].isupper() or first in {"the"} or (first.isalpha() and first not in self._lexicon.common)

    def _is_row(self, piece: str, labelled: bool) -> bool:
        """Whether one piece of a roster holds several names, parted by commas ("Austria, Bavaria, Czechia"), and no remark."""
        parts = [p.removeprefix("and ").removeprefix("the ") for p in re.split(r",\s+", piece.rstrip(" .;"))]
        if any(p.lower().rstrip(".") in LEGAL or not p or len(p.split()) > 7 for p in parts) or "(" in piece:
            return False
        return len(parts) > (1 if labelled else 2) and sum(is_capital(p.split()[0]) for p in parts) >= len(parts) - 1

    def _reads_as_prose(self, words: Sequence[str]) -> bool:
        lower = _lower(words)
        return (
            len(lower) > 1
            or words[0] in PRONOUNS
            or words[-1] in VERBS | {"were", "are", "be"}
            or (len(words) > 1 and bool(lower) and not any(is_capital(w) for w in words[1:]))
            or (len(words) == 1 and words[0].lower() in DESCRIPTORS)
        )


def _lower(words: Sequence[str]) -> list[str]:
    """The words that no name has: those in lower case that join nothing."""
    return [w for w in words if w[:1].islower() and w.lower() not in LINKS and w not in {"and", "the", "on", "&"}]
