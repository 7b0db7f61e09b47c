"""Decides cheaply whether an article deserves the other stages: it reads words, not sentences.

It is generous: what it lets through costs milliseconds, what it stops is lost. Whole articles are gated, because a third of
the facts stand in sentences that name no coalition.
"""

from __future__ import annotations

import re
from collections import Counter

from pipeline.detect.lexicon import Lexicon

_MEMBERSHIP = re.compile(
    r"\b(?:re)?(?:join|sign|acced|admit|admission|accept|member|found|form|launch|creat|establish|left|leav|quit|exit|with(?:draw|drew)|pull|depart|drop|"
    r"suspen|expel|expul|exclu|eject|invit|appl(?:y|ied|ication)|declin|reject|refus|absent|missing|includ|ratif|endors|unveil|rename|merg|dissol|disband|"
    r"walk(?:ed|s|ing)? (?:out|away)|back in|entry|enter|observer|signator|pledg|commit|part of|led by|belong|"
    # how short news puts it: the union took Morocco back, has been out of OPEC since, went over to the euro, has lost four firms
    r"set up|setting up|partner|affiliat|associat|contribut|welcom|barr(?:ed|ing)|bars\b|sever(?:ed|s|ing)|br(?:oke|eak|oken)\b|"
    r"detach|remov|desert|t(?:ook|ak(?:e|es|en|ing)) (?:\w+ ){0,3}(?:in|back|out|seats?|part)\b|let in|los(?:t|es|ing)|"
    r"wound (?:down|up)|out of|inside|names? to|vot(?:ed|es|e) in|shut|went over|gone over|us(?:e|ing) the|"
    r"adher|becom|new name|(?:be|are|is|was|were) out\b|groups\b|"
    r"(?:taken|received|let|voted|voting) (?:[\w’'-]+ ){0,2}in(?:to)?\b|froze|freez|bar (?:[\w’'-]+ ){1,3}from|outside (?:the|it)\b|"
    r"adopts? (?:a|the)\b|will be in\b|seat (?:in|on|at)|said no to|sponsors?\b|patrons?\b|elect(?:s|ed) (?:officers|chair)|coming back|"
    r"given up|fight together|allies\b|opened its doors|hand over the papers|blocked|to back\b|may take on|"
    r"called? (?:\w+ ){0,4}into being|saw the light|no longer|countr(?:y|ies) (?:for|since)|got out|has been in\b|would like to)",
    re.I,
)
_MARK = re.compile(r"[A-Z][\w&+.-]*")


class Gate:
    """Lets an article pass that has a word of membership and something one can belong to."""

    def __init__(self, lexicon: Lexicon) -> None:
        heads = sorted(word for word, head in lexicon.heads.items() if word.isalpha() and not head.rare)
        rare = sorted(word.capitalize() for word, head in lexicon.heads.items() if head.rare)
        self._bodies = re.compile(rf"\b(?:(?i:{'|'.join(heads)})(?i:s)?|{'|'.join(rare)})\b")
        self._lexicon = lexicon  # which grows by what articles introduce

    def passes(self, title: str, text: str) -> bool:
        """Whether title and text together hold both signs."""
        whole = f"{title}\n{text}"
        if not _MEMBERSHIP.search(whole):
            return False
        return bool(self._bodies.search(whole)) or any(
            w in self._lexicon.acronyms or w in self._lexicon.sorts for w in _MARK.findall(whole)
        )


_FUNCTION_WORDS = {
    "en": "the of and to in is that for it with as was on by at from has have which will".split(),
    "de": "der die und das den von mit ist im für dass nicht dem des ein eine auch sich wird".split(),
    "fr": "le la les des et du une dans est pour que qui sur avec au par il pas sont".split(),
    "es": "el los las del que una por con para su se al es como más fue han sus".split(),
    "it": "il di che della per una con del sono gli è non le nel alla più dei anche".split(),
    "pt": "os da do que uma para com não dos no na em ao por foi mais são das".split(),
    "nl": "het een van en dat met voor op zijn niet aan ook werd door naar bij wordt".split(),
}
_WORD = re.compile(r"[^\W\d_]+")
LEAST_WORDS = 12
"""Function words of a language that a text must have at the least for it to be told by them."""


def language_of(text: str) -> str:
    """Tells the language of a text by its function words: an ISO 639-1 code, or empty where it is too short to tell.

    Only languages that such news is written in are known; a text is another's than English where it has twice as many
    of that one's words.

    >>> language_of("Der Rat und die Länder, die von der Union mit dem Vertrag in das Bündnis gehen, ist nicht für den"), language_of("No")
    ('de', '')
    """
    words = Counter(_WORD.findall(text[:6000].lower()))
    counts = {code: sum(words[w] for w in known) for code, known in _FUNCTION_WORDS.items()}
    best = max(counts, key=lambda code: counts[code])
    if counts[best] < LEAST_WORDS or (best != "en" and counts[best] < 2 * counts["en"]):
        return "en" if counts["en"] >= LEAST_WORDS else ""
    return best
