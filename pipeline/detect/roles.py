"""Says what a sentence tells of each name and the coalition in question, by rules over the masked sentence.

These are the rules that are sure: what they do not know they leave to the learned tagger, which has the same `label`. They see
masks and never names, so that they cannot be right about one name and wrong about another.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from pipeline.detect.spans import BOUNDARY, IN_QUESTION, NAME, OTHER, PERSON, PLACE, STATE, Label, Masked
from pipeline.model import COALITION_EVENTS, Event, Role, Status


class Roles(Protocol):
    """A role stage: gives for each masked text a label for each of its mentions, in order."""

    def label(self, masked: Sequence[Masked]) -> list[tuple[Label, ...]]: ...


NOTHING = Label(None, 0.0)

_MASK = re.compile(r"\[unused\d\]")
_LETTER = {IN_QUESTION: "C", OTHER: "O", PERSON: "P", STATE: "M", NAME: "M", PLACE: "M"}

_OWNER = re.compile(
    r"«[MO]\d+»\s(?:['’]s\s(?:[a-z][\w-]*\s){0,3}|(?:developer|maker|owner|parent|subsidiary|unit|operator|supplier|rival|partner|"
    r"chain|creator|firm|company|start-up|startup|lender|carrier|airline|broadcaster|charity)\s)(?=«[MO])"
)
"""An owner, a product or a home in front of the name that is meant: "ChatGPT developer OpenAI", "Claude's Anthropic", "the Ontario firm
Sault Forge"."""
_WHENCE = re.compile(
    rf"(?:{re.escape(NAME)}|{re.escape(OTHER)})\s(?:\(\s|of\s|from\s)(?P<where>{re.escape(STATE)}|{re.escape(PLACE)})(?=\s(?:\)|,|and\b|;|\.|$))"
)
"""Where the bearer of a name is from: "Terna (Italy)", "Pomona of Graz". "From" and "of" count where a list goes on or ends."""
_VERBS = (
    "has have had is was were are will would said joined left but and with who which after to in not as by from into of on at for that than"
)
_DESCRIBED = rf"(?:(?:[Tt]he|a|an|its|their|rival|fellow)\s)?(?:(?!(?:{'|'.join(_VERBS.split())})\b)[a-z][\w-]*\s){{0,4}}"
_ENTRY = r"«[MO]\d+»(?:\s\([^()«»]*(?:«\w\d+»)?[^()«»]*\))?"
_SEPARATOR = r"\s*(?:,\s*and|;\s*and|,|;|and|&|as well as|along with|plus|·|/)\s*"
_LIST = re.compile(rf"{_ENTRY}(?:{_SEPARATOR}{_DESCRIBED}{_ENTRY})+")


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern over the shorthand; the group `l` holds the names it labels, `c` the coalition where it labels that."""

    pattern: re.Pattern[str]
    event: Event | None
    status: Status
    role: Role | None
    sure: float


def read_rules(text: str) -> tuple[Rule, ...]:
    """Reads the rules of a text in the form that the header of `role-rules.txt` explains; raises ValueError for a line that is none."""
    words: dict[str, str] = {}
    rules = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("let "):
            _, name, meaning = line.split(" ", 2)
            words[f"<{name}>"] = _spelt_out(meaning, words)
            continue
        event, status, role, sure, pattern = line.split("\t")
        spelt = re.compile(_spelt_out(pattern, words), re.I)
        rules.append(Rule(spelt, None if event == "-" else Event(event), Status(status), None if role == "-" else Role(role), float(sure)))
    return tuple(rules)


def _spelt_out(pattern: str, words: Mapping[str, str]) -> str:
    for word, meaning in words.items():
        pattern = pattern.replace(word, meaning)
    return pattern


class RuleRoles:
    """The rule role stage."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)

    def label(self, masked: Sequence[Masked]) -> list[tuple[Label, ...]]:
        """Labels each sentence's mentions; the first rule that speaks of a mention decides."""
        return [self._labels(one) for one in masked]

    def _labels(self, masked: Masked) -> tuple[Label, ...]:
        shorthand, first = _shorthand(masked)
        labels: dict[int, Label] = {}
        for rule in self._rules:
            group = "l" if "l" in rule.pattern.groupindex else "c"
            for found in rule.pattern.finditer(shorthand):
                # A rule that does not name the coalition ("the members include …") speaks of the last one named before it.
                before = re.findall(r"«([CO])", shorthand[: found.start()])
                if rule.event and "«C" not in found.group() and before and before[-1] != "C":
                    continue
                for number in _numbers(found.group(group)):
                    if number >= first:
                        labels.setdefault(number - first, Label(rule.event, rule.sure, rule.status, rule.role))
        return tuple(labels.get(i, NOTHING) for i in range(len(masked.mentions)))


def agreed(masked: Masked, learned: Sequence[Label], sure: Sequence[Label]) -> tuple[Label, ...]:
    """What the learned tagger and the rules say together of the mentions of a sentence, and one voice for each list.

    The names of one list are said of together: "Norvik, Kuma and nine others left" gives one label to all. Rules speak where
    the tagger says nothing, and raise what both say.
    """
    labels = [_one(a, b) for a, b in zip(learned, sure, strict=True)]
    for at in owners(masked):
        labels[at] = NOTHING  # of "Claude AI's Anthropic" the firm is told of
    for group in lists(masked):
        voices: dict[Event | None, float] = {}
        for at in group:
            voices[labels[at].event] = voices.get(labels[at].event, 0.0) + labels[at].probability
        event = max(voices, key=lambda e: voices[e])
        speaker = max((labels[at] for at in group if labels[at].event is event), key=lambda label: label.probability)
        share = voices[event] / len(group)
        roles = Counter(labels[at].role for at in group if labels[at].event is event)
        for at in group:
            if labels[at].event is not event:
                labels[at] = replace(speaker, probability=share)
            labels[at] = replace(labels[at], role=roles.most_common(1)[0][0])
    return tuple(labels)


def _one(learned: Label, sure: Label) -> Label:
    """What both say of one mention: the tagger, but for what it only suspects; then the rules.

    So they do of a body that ends or is renamed, which the tagger has seldom seen and takes for a beginning; and of what somebody "may"
    or "will" do where the tagger has it done: the rule has heard the word.
    """
    if sure.probability >= OVERRULES:
        return sure
    if sure.event is None:
        return learned
    if learned.event is None:
        return sure
    if learned.event is sure.event:
        role = learned.role if sure.role in {None, Role.MEMBER} else sure.role
        return replace(learned, probability=max(learned.probability, sure.probability), role=role)
    seldom = learned.event is Event.FORMED and sure.event in COALITION_EVENTS
    planned = _PLANNED.get(learned.event) is sure.event
    return sure if seldom or planned or learned.probability < WEAK else learned


_PLANNED = {Event.LEFT: Event.WILL_LEAVE, Event.JOINED: Event.WILL_JOIN, Event.MEMBER: Event.WILL_JOIN}

WEAK = 0.4
"""What the tagger is less sure of gives way to a rule that says something else."""
OVERRULES = 0.9
"""A rule of this sureness goes before the tagger: rows that a sentence only lists, which it can take for anything."""


def owners(masked: Masked) -> list[int]:
    """The places of mentions that only say whose another is, or where it is from.

    >>> owners(Masked("[unused5] 's rival [unused5] left [unused1] .", tuple("abc")))
    [0]
    >>> owners(Masked("[unused5] ( [unused4] ), and [unused5] of [unused4] , joined [unused1] .", tuple("abcde")))
    [1, 3]
    """
    shorthand, first = _shorthand(masked)
    kept = {int(n) for numbers in re.findall(r"«\w([\d,]+)»", shorthand) for n in numbers.split(",")}
    kept -= {len(_MASK.findall(masked.text[: found.start("where")])) for found in _WHENCE.finditer(masked.text)}
    return [at for at in range(len(masked.mentions)) if at + first not in kept]


def lists(masked: Masked) -> list[tuple[int, ...]]:
    """The lists of two or more names in a sentence, as places in its mentions.

    >>> lists(Masked("[unused5] [SEP] [unused5] , [unused5] and [unused5] left [unused1] .", ()))
    [(0, 1, 2)]
    """
    shorthand, first = _shorthand(masked)
    found = (tuple(int(n) - first for n in numbers.split(",")) for numbers in re.findall(r"«M([\d,]+)»", shorthand))
    return [group for group in found if len(group) > 1 and group[0] >= 0]


def _shorthand(masked: Masked) -> tuple[str, int]:
    """The masked text with each mask as a letter and number and each list as one, and the number of the sentence's own first mention.

    >>> _shorthand(Masked("[unused5] , the maker [unused5] and [unused4] left [unused1] .", ()))
    ('«M0,1,2» left «C3».', 0)
    """
    count = -1

    def letter(found: re.Match[str]) -> str:
        nonlocal count
        count += 1
        return f"«{_LETTER[found.group()]}{count}»"

    text = re.sub(r"\s+([,.;:])", r"\1", _MASK.sub(letter, masked.text))
    text = _LIST.sub(lambda m: f"«M{','.join(str(n) for n in _numbers(m.group()))}»", _OWNER.sub("", text))
    context = masked.text.split(BOUNDARY)[0] if BOUNDARY in masked.text else ""
    return text, len(_MASK.findall(context))


def _numbers(text: str) -> list[int]:
    return [int(n) for numbers in re.findall(r"«[MOC]([\d,]+)»", text) for n in numbers.split(",")]
