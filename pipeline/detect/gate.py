"""Decides cheaply whether an article deserves the other stages: it reads words, not sentences.

It is generous: what it lets through costs milliseconds, what it stops is lost. Whole articles are gated, because a third of
the facts stand in sentences that name no coalition.
"""

from __future__ import annotations

import re

from pipeline.detect.lexicon import Lexicon

_MEMBERSHIP = re.compile(
    r"\b(?:re)?(?:join|sign|acced|admit|admission|accept|member|found|form|launch|creat|establish|left|leav|quit|exit|with(?:draw|drew)|pull|depart|drop|"
    r"suspen|expel|expul|exclu|eject|invit|appl(?:y|ied|ication)|declin|reject|refus|absent|missing|includ|ratif|endors|unveil|rename|merg|dissol|disband|"
    r"walk(?:ed|s|ing)? (?:out|away)|back in|entry|enter|observer|signator|pledg|commit|part of|led by|belong)",
    re.I,
)
_MARK = re.compile(r"[A-Z][\w&+.-]*")


class Gate:
    """Lets an article pass that has a word of membership and something one can belong to."""

    def __init__(self, lexicon: Lexicon) -> None:
        heads = sorted(word for word, head in lexicon.heads.items() if word.isalpha())
        self._bodies = re.compile(rf"\b(?:{'|'.join(heads)})s?\b", re.I)
        self._lexicon = lexicon  # which grows by what articles introduce

    def passes(self, title: str, text: str) -> bool:
        """Whether title and text together hold both signs."""
        whole = f"{title}\n{text}"
        if not _MEMBERSHIP.search(whole):
            return False
        return bool(self._bodies.search(whole)) or any(
            w in self._lexicon.acronyms or w in self._lexicon.sorts for w in _MARK.findall(whole)
        )


def has_trigger(sentence: str) -> bool:
    """Whether a sentence holds a word of membership at all.

    >>> has_trigger("Ghana signed the accord."), has_trigger("It rained in the north.")
    (True, False)
    """
    return bool(_MEMBERSHIP.search(sentence))
