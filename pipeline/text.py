"""Pure functions on strings that every floor needs: folding names, hashing values, sketching texts, taking out what would be obeyed.

No knowledge of the field lives here: legal forms, demonyms and the like are data files that `resolve` and `detect` read.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from functools import lru_cache
from typing import Any

SKETCH_SIZE = 64
"""Hashes kept of a text: 64 give a standard error of about 0.06 on the share of common shingles (Broder 1997)."""
SHINGLE_WORDS = 5

_JOINERS = "\u200c\u200d"
_NOT_ASCII = re.compile(r"[^\n -~]")
_POSSESSIVE = re.compile(r"['’]s\b")
_NOT_WORD = re.compile(r"[^\w+]+|_")
_WORD = re.compile(r"\w+")


@lru_cache(maxsize=16_384)  # the names of the lists that are loaded at the start
def fold(name: str) -> str:
    """Folds a name to the form under which two spellings of it are equal.

    Case, accents, punctuation, possessives and a leading article go; a plus sign stays, because OPEC+ is not OPEC.

    >>> fold("The Crédit Océan’s"), fold("Johnson & Johnson"), fold("OPEC+")
    ('credit ocean', 'johnson and johnson', 'opec+')
    """
    if name.isascii() and name.isalnum():  # most calls are for one plain word
        return name.lower()
    text = unicodedata.normalize("NFKD", name.replace("&", " and ")).casefold()
    text = "".join(c for c in text if not unicodedata.combining(c))
    words = _NOT_WORD.sub(" ", _POSSESSIVE.sub("", text)).split()
    if len(words) > 1 and words[0] in {"the", "a", "an"}:
        words = words[1:]
    return " ".join(words)


def one_line(text: str) -> str:
    """Makes each run of white space one blank, and takes it away at both ends.

    >>> one_line(" two\\n ports"), one_line("two ports")
    ('two ports', 'two ports')
    """
    # Most texts are so already, which is seen several times as fast: no white space but the blank is printable.
    if text.isprintable() and "  " not in text and text[:1] != " " and text[-1:] != " ":
        return text
    return " ".join(text.split())


def shown(c: str) -> str:
    """Gives a character as it can be shown: nothing for what a terminal or a reader's eye would obey (controls, bidirectional ones too,
    invisible and private characters), a blank for white space, and the joiners, which Persian and Hindi need inside words.

    >>> shown("a"), shown("\\x1b"), shown("\\u202e"), shown("\\n"), shown("\\ud800")
    ('a', '', '', ' ', '�')
    """
    if c.isspace():
        return " "
    if c.isprintable() or c in _JOINERS:
        return c
    return "\ufffd" if unicodedata.category(c) == "Cs" else ""


def json_text(document: Any, *, indent: int | None = 2) -> str:
    """Gives a JSON document that is the same value when read and harmless when shown: what `shown` drops is escaped.

    >>> print(json_text({"name": "Crédit\\u202e\\x9b"}, indent=None))
    {"name": "Crédit\\u202e\\u009b"}
    """
    written = json.dumps(document, ensure_ascii=False, indent=indent)
    return _NOT_ASCII.sub(lambda m: m[0] if m[0].isprintable() or m[0] in _JOINERS else _json_escape(m[0]), written)


def _json_escape(c: str) -> str:
    return json.dumps(c)[1:-1] if ord(c) > 127 else f"\\u{ord(c):04x}"


def digest(*parts: str) -> str:
    """Gives a stable identifier of 16 hexadecimal digits for a sequence of strings.

    >>> digest("a", "bc") == digest("a", "bc"), digest("a", "bc") == digest("ab", "c"), len(digest("a"))
    (True, False, 16)
    """
    together = b""
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        together += len(encoded).to_bytes(4, "big") + encoded
    return hashlib.blake2b(together, digest_size=8).hexdigest()


def sketch(text: str) -> tuple[int, ...]:
    """Gives the bottom-k sketch of a text: its `SKETCH_SIZE` smallest shingle hashes, ascending, each under 2**63.

    Two texts are near-copies when their sketches share a good part (see `resemblance`). White space, case and
    punctuation do not count.

    >>> len(sketch("one two three four five six")), sketch("One two, three four five") == sketch("one two three four FIVE!")
    (2, True)
    """
    words = _WORD.findall(text.casefold())
    shingles = {" ".join(words[i : i + SHINGLE_WORDS]) for i in range(max(1, len(words) - SHINGLE_WORDS + 1))} if words else set()
    hashes = (int.from_bytes(hashlib.blake2b(s.encode(), digest_size=8).digest(), "big") >> 1 for s in shingles)
    return tuple(sorted(hashes)[:SKETCH_SIZE])


def resemblance(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """Estimates the Jaccard likeness, 0 to 1, of two texts from their sketches (Broder 1997, bottom-k).

    >>> resemblance((1, 2, 3), (1, 2, 3)), resemblance((1, 2), (3, 4)), resemblance((), ())
    (1.0, 0.0, 0.0)
    """
    union = sorted({*one, *other})[: min(SKETCH_SIZE, max(len(one), len(other)))]
    both = set(one) & set(other)
    return sum(h in both for h in union) / len(union) if union else 0.0
