"""What the stages of the detector hand to each other: sentences, mentions and masked texts. Values only.

    article → segment → Sentence → names → Mention → inventory → coalitions → reference → Mention with a coalition
            → masked, once for each (excerpt, coalition in question) → roles → Label for each mention

A masked text replaces every mention by one token that says its kind, so that a model or a rule sees how things are said
and never who is meant: a name that nobody has seen before cannot hurt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from pipeline.model import Event, Role, Status


class SentenceKind(StrEnum):
    HEADLINE = "headline"
    BODY = "body"
    BULLET = "bullet"
    HEADING = "heading"


class MentionKind(StrEnum):
    ORGANISATION = "organisation"
    STATE = "state"
    PERSON = "person"
    PLACE = "place"
    COALITION = "coalition"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with its place: `start` counts characters in the article's `part` ("title" or "text").

    `block` numbers the paragraphs; `lead` is the line that introduces a bullet or a list ("The founding members are:").
    """

    text: str
    part: str
    start: int
    kind: SentenceKind
    block: int
    lead: str = ""


@dataclass(frozen=True, slots=True)
class Mention:
    """A name or a reference in a sentence: `start` and `end` count characters in the sentence's text.

    `coalition` is the index in the article's inventory that a coalition's name or a reference stands for, None where it
    stands for none. `members` are the names that a reference to members ("the two countries") stands for.
    """

    start: int
    end: int
    surface: str
    kind: MentionKind
    coalition: int | None = None
    members: tuple[str, ...] = ()

    def moved(self, by: int) -> Mention:
        """The same mention, `by` characters further on."""
        return replace(self, start=self.start + by, end=self.end + by)


IN_QUESTION, OTHER, PERSON, STATE, NAME, PLACE = "[unused1]", "[unused2]", "[unused3]", "[unused4]", "[unused5]", "[unused6]"
"""Mask tokens: the coalition in question, another coalition, a person, a state, an organisation or unknown name, a place.

They are unused entries of BERT's vocabulary, so that a tokenizer keeps each whole.
"""

MASKS = (IN_QUESTION, OTHER, PERSON, STATE, NAME, PLACE)

BOUNDARY = "[SEP]"
"""Parts the context (what stands before, the line that introduces a list) from what is asked about."""

TOKEN_OF = {
    MentionKind.PERSON: PERSON,
    MentionKind.STATE: STATE,
    MentionKind.ORGANISATION: NAME,
    MentionKind.PLACE: PLACE,
    MentionKind.COALITION: OTHER,
    MentionKind.REFERENCE: OTHER,
}


@dataclass(frozen=True, slots=True)
class Masked:
    """A sentence or an excerpt with its names masked for one coalition in question.

    `text` holds a mask token for each mention, parted by spaces from what is around it: first those of the context (if any),
    `BOUNDARY`, then those of the text itself. `mentions` are those of the text alone, in order: the labels wanted are theirs.
    """

    text: str
    mentions: tuple[Mention, ...]


@dataclass(frozen=True, slots=True)
class Label:
    """What is said of one mention and the coalition in question; `event` None is nothing. `probability` is that of the event."""

    event: Event | None
    probability: float
    status: Status = Status.COMPLETED
    role: Role | None = None


_WAYS = ({Event.JOINED, Event.MEMBER}, {Event.LEFT, Event.SUSPENDED, Event.EXPELLED}, {Event.DECLINED, Event.ABSENT})
"""Events that point the same way: who is in, who is out, who stays out. What they share is surer than each."""
WAY_OF: dict[Event | None, object] = {event: next((n for n, way in enumerate(_WAYS) if event in way), event) for event in (None, *Event)}
"""The way that an event points, to be compared: events of one way have the same."""

_TOKEN = re.compile(r"\[(unused\d+|SEP|CLS|MASK|PAD|UNK)\]")


def unmarked(text: str) -> str:
    """A text without marks of its own: what an article writes in the models' own tokens is put in other brackets.

    >>> unmarked("The [SEP] and [unused1] tokens [1]")
    'The (SEP) and (unused1) tokens [1]'
    """
    return _TOKEN.sub(r"(\1)", text)


def mask(text: str, mentions: tuple[Mention, ...], coalition: int | None, shown: frozenset[str] = frozenset()) -> str:
    """Replaces each mention by its mask token, with the one of `coalition` in question told from the others.

    Where the last word of a name is one of `shown`, it stays behind the mask: what sort of thing is named, never which.

    >>> one = Mention(0, 5, "Ghana", MentionKind.STATE)
    >>> two = Mention(13, 23, "the accord", MentionKind.REFERENCE, coalition=0)
    >>> mask("Ghana signed the accord.", (one, two), 0)
    '[unused4] signed [unused1] .'
    >>> mask("Ghana signed the accord.", (one, two), None, frozenset({"accord"}))
    '[unused4] signed [unused2] accord .'
    """
    pieces, at = [], 0
    for mention in mentions:
        token = IN_QUESTION if mention.coalition is not None and mention.coalition == coalition else TOKEN_OF[mention.kind]
        word = mention.surface.rsplit(None, 1)[-1].lower() if shown else ""
        pieces += [unmarked(text[at : mention.start]), f" {token} ", f"{word} " if word in shown else ""]
        at = mention.end
    pieces.append(unmarked(text[at:]))
    return " ".join("".join(pieces).split())
