"""Says what a sentence tells of each name and the coalition in question, by rules over the masked sentence.

These are the rules that are sure: what they do not know they leave to the learned tagger, which has the same `label`. They see
masks and never names, so that they cannot be right about one name and wrong about another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline.detect.spans import BOUNDARY, IN_QUESTION, NAME, OTHER, PERSON, PLACE, STATE, Label, Masked
from pipeline.model import Event, Role, Status


class Roles(Protocol):
    """A role stage: gives for each masked sentence a label for each of its mentions, in order."""

    def label(self, masked: Sequence[Masked]) -> list[tuple[Label, ...]]: ...


NOTHING = Label(None, 0.0)

_MASK = re.compile(r"\[unused\d\]")
_LETTER = {IN_QUESTION: "C", OTHER: "O", PERSON: "P", STATE: "M", NAME: "M", PLACE: "L"}

# One member, with what may stand before it in a list; in the shorthand every mention is a letter with its number: «M3».
_ONE = (
    r"(?:(?:the|a|an|its|their|rival|fellow)\s)?(?:(?!has\b|have\b|had\b|is\b|was\b|were\b|are\b|will\b|would\b|said\b|joined\b|left\b|but\b|and\b|with\b|who\b|which\b|after\b|to\b|in\b|not\b)[a-z][\w-]*\s){0,4}"
    r"«[MOL]\d+»(?:\s'\s|\s['’]s(?:\s[a-z][\w-]*){1,3}|\s\([^()«»]*(?:«\w\d+»)?[^()«»]*\))?"
)
_SEP = r"\s*(?:,\s*and|;\s*and|,|;|and|&|as well as|along with|plus|·|/)\s*"
_LIST = rf"{_ONE}(?:{_SEP}{_ONE}){{0,70}}"
_GAP = r"(?:[^.;:«»]{0,40}?)"
_C = r"(?:(?:the|its|a|an|new|so-called)\s){0,2}(?:[\w-]+\s){0,3}?«C\d+»"
_HAVE = r"(?:(?:has|have|had|having|also|officially|formally|just|now|already|both|all|each|recently|today|then|later|quietly|finally|subsequently|since|only|first)\s){0,3}"
_JOINED = (
    r"(?:joined|rejoined|joins|rejoins|join|signed(?: up)?(?: to| on to| onto)?|signs(?: up)?(?: to| on to| onto)?|acceded to|accedes to|entered|enters|ratified|ratifies|"
    r"(?:was|were|been|being|is|are) (?:admitted|accepted|received|readmitted|welcomed|taken|voted|elected) (?:to|into|as (?:an? )?(?:[\w-]+ )?(?:members?|signator(?:y|ies)) (?:of|by|to)|by)|"
    r"bec[ao]mes?|put (?:its|their) (?:names?|signatures?) to|added (?:its|their) (?:names?|signatures?) to|took (?:its|their) seats? (?:in|on|at)|came aboard|signed onto|endorsed)"
)
_MEMBER_WORD = r"(?:members?|signator(?:y|ies)|participants?|backers|supporters|part(?:y|ies)|states? part(?:y|ies)|member states|countries|companies|organi[sz]ations|participating \w+)"


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern over the shorthand; the group `l` holds the names it labels, `c` the coalition where it labels that."""

    pattern: re.Pattern[str]
    event: Event
    status: Status = Status.COMPLETED
    role: Role | None = None
    sure: float = 0.8


def _rule(pattern: str, event: Event, *, status: Status = Status.COMPLETED, role: Role | None = None, sure: float = 0.8) -> Rule:
    for word, meaning in (("LIST", rf"(?P<l>{_LIST})"), ("GAP", _GAP), ("HAVE", _HAVE), ("JOINED", _JOINED), ("MEMBERS", _MEMBER_WORD)):
        pattern = pattern.replace(f"<{word}>", meaning)
    pattern = pattern.replace("<FORMED>", _C.replace("«C", "(?P<c>«C") + ")").replace("<C>", _C)
    return Rule(re.compile(pattern, re.I), event, status, role, sure)


_RULES = (
    # Coalitions come and go.
    _rule(
        r"(?:formed|launch(?:ed|es|ing)?|founded|created|established|unveil(?:ed|s|ing)?|set up|formation of|launch of|creation of|launched their own|founding of)\s(?:[^.;:«»]{0,60}?[,:]?\s)?<FORMED>",
        Event.FORMED,
    ),
    _rule(
        r"<FORMED>(?:\s\([^()]*\))?,?\s(?:was|were|has been|is being|had been)\s(?:\w+\s)?(?:formed|launched|founded|created|established|set up|unveiled|born)\b",
        Event.FORMED,
    ),
    _rule(r"<FORMED>(?:\s\([^()]*\))?\s(?:launches|launched|is born)\b", Event.FORMED),
    _rule(r"(?:announced?|announcing)\s(?:today\s)?the (?:launch|formation|creation|founding) of\s<FORMED>", Event.FORMED),
    _rule(r"<FORMED>\s(?:is|was|has been|will be|had)\s(?:to be\s)?(?:dissolved|disbanded|wound up|shut down|broken up)", Event.DISSOLVED),
    _rule(r"<FORMED>\s(?:has\s)?(?:disbanded|dissolved|folded|ceased to exist)", Event.DISSOLVED),
    _rule(r"(?:dissolve|disband|wind up|dissolution of|end of)\s<FORMED>", Event.DISSOLVED),
    _rule(r"«O\d+»\s(?:is|was|has been)?\s?(?:now\s)?(?:renamed|called|rebranded(?: as)?|becomes|became)\s<FORMED>", Event.RENAMED),
    # Founders and first signatories.
    _rule(r"led by\s<LIST>\s(?:has|have|had)?\s?(?:formed|launched|founded|created|set up)\b", Event.JOINED, role=Role.LEAD, sure=0.85),
    _rule(r"<C>[^.;:«»]{0,30},?\s(?:led|spearheaded|headed)\sby\s<LIST>", Event.JOINED, role=Role.LEAD),
    _rule(
        r"<LIST>\s<HAVE>(?:launched|launch|formed|founded|created|established|co-founded|set up|unveiled|teamed up to (?:launch|form|create))\s<GAP><C>",
        Event.JOINED,
        role=Role.FOUNDER,
    ),
    _rule(
        r"<C><GAP>\s(?:launched|founded|formed|created|established|co-founded|set up|signed)(?:\s[^.;:«»]{0,30})?\sby\s(?:[^.;:«»]{0,30}?(?:including|,|:)\s)?<LIST>",
        Event.JOINED,
        role=Role.FOUNDER,
    ),
    _rule(
        r"founding (?:members|signatories|companies|partners)[^.;:«»]{0,30}(?:are|include|including|were|:|,)\s<LIST>",
        Event.JOINED,
        role=Role.FOUNDER,
    ),
    _rule(
        r"founding (?:members|signatories|partners)[^«»]{0,60}\[SEP\]\s(?:[^«»:]{0,40}:\s)?<LIST>",
        Event.JOINED,
        role=Role.FOUNDER,
        sure=0.85,
    ),
    # Joining.
    _rule(r"joining\s<LIST>\s(?:in|at|as)\s(?:members of\s)?<C>", Event.JOINED),
    _rule(
        r"joining\s[^.:;]{0,80}?\s(?:in|at)\s<C>\s(?:are|is|were|was)\s(?:[^.;:«»]{0,60}?(?:including|among them|such as)\s)?<LIST>",
        Event.JOINED,
        role=Role.MEMBER,
    ),
    _rule(
        r"<LIST>,?\s<HAVE>(?:joined|rejoined|joins|rejoins|join|signed(?: up)?(?: to| on to| onto)?|signs(?: up)?(?: to| on to| onto)?|acceded to|entered|ratified|endorsed|put (?:its|their) names? to|added (?:its|their) (?:names?|signatures?) to)\s<GAP><C>",
        Event.JOINED,
        sure=0.85,
    ),
    _rule(
        r"<LIST>,?\s<HAVE>(?:was|were|been|is|are)\s(?:admitted|accepted|received|readmitted|voted|taken)\s(?:to|into|by|in)\s<GAP><C>",
        Event.JOINED,
    ),
    _rule(r"<LIST>,?\s<HAVE>bec[ao]mes?\s<GAP>(?:member|signatory|party|partner|participant)s?\s(?:of|to|in)\s<C>", Event.JOINED),
    _rule(r"<C>\s(?:\([^()]*\)\s)?<HAVE>(?:admitted|admits|added|adds|welcomed|welcomes|accepted|accepts|welcoming)\s<LIST>", Event.JOINED),
    _rule(
        r"(?:new members|newest members?|newcomers|new signatories|latest signatories)[^.;:«»]{0,30}(?:are|include|including|is|:|,)\s<LIST>",
        Event.JOINED,
    ),
    _rule(
        r"(?:sign|signed|signing|signed onto|signed on to)\s(?:up to\s)?<C>[^.;:«»]{0,50},?\s(?:including|among them)\s<LIST>",
        Event.JOINED,
        role=Role.SIGNATORY,
    ),
    _rule(r"\bsign\s<C>[^.;:«»]{0,60},\sincluding\s<LIST>", Event.JOINED, role=Role.SIGNATORY),
    _rule(r"<LIST>\s<HAVE>signed\s(?:up to|on to|onto)?\s?<C>", Event.JOINED, role=Role.SIGNATORY, sure=0.9),
    # Being in.
    _rule(
        r"<C>\s(?:also\s)?(?:includes|counts|comprises|lists|has among its members)\s<GAP>(?:including\s|:\s|,\s)?<LIST>",
        Event.MEMBER,
        role=Role.MEMBER,
    ),
    _rule(r"<MEMBERS>[^.;:«»]{0,30}(?:include|includes|are|including|such as|like|:)\s<LIST>", Event.MEMBER, role=Role.MEMBER),
    _rule(
        r"<LIST>,\s(?:an?|one of the|both|all|also|the \w+)\s(?:\w+\s){0,2}(?:members?|signator(?:y|ies))\s(?:of|to)\s<C>",
        Event.MEMBER,
        role=Role.MEMBER,
    ),
    _rule(
        r"<LIST>\s(?:is|are|remains?|was|were)\s(?:already\s|also\s|both\s|all\s|still\s)?(?:an?\s)?(?:[\w-]+\s){0,2}(?:members?|signator(?:y|ies)|part(?:y|ies))\s(?:of|to|in)\s<C>",
        Event.MEMBER,
        role=Role.MEMBER,
    ),
    _rule(r"<MEMBERS>[^«»]{0,60}\[SEP\]\s(?:[^«»:]{0,40}:\s)?<LIST>", Event.MEMBER, role=Role.MEMBER, sure=0.75),
    # Going.
    _rule(
        r"<LIST>,?\s<HAVE>(?:left|quit|quits|leaves|exited|exits|withdrew from|withdraws from|withdrawn from|pulled out of|pulls out of|walked out of|walks out of|dropped out of|departed|abandoned)\s<GAP><C>",
        Event.LEFT,
        sure=0.85,
    ),
    _rule(r"(?:departure|withdrawal|exit)\sof\s<LIST>\sfrom\s<C>", Event.LEFT),
    _rule(r"<LIST>\s['’]s\s(?:departure|withdrawal|exit)\sfrom\s<C>", Event.LEFT),
    _rule(
        r"<LIST>\s(?:will|would|is to|are to|plans to|plan to|intends to|is set to|are set to|is leaving|are leaving|to)\s(?:formally\s)?(?:leave|quit|exit|withdraw from|pull out of|walk away from|leaving)\s<GAP><C>",
        Event.WILL_LEAVE,
        status=Status.PLANNED,
        sure=0.85,
    ),
    _rule(
        r"<LIST>\s(?:may|might|could|is considering|are considering|threatens to|threatened to|has threatened to|is weighing)\s(?:leave|leaving|quit|quitting|withdraw(?:ing)? from|exit|exiting|pull(?:ing)? out of)\s<GAP><C>",
        Event.WILL_LEAVE,
        status=Status.PROPOSED,
    ),
    _rule(r"<LIST>\s<HAVE>(?:is|are|was|were|been)\s(?:\w+\s)?suspended\s(?:from|by)\s<C>", Event.SUSPENDED, sure=0.85),
    _rule(r"<C>\s<HAVE>(?:suspended|suspends)\s<LIST>", Event.SUSPENDED, sure=0.85),
    _rule(
        r"<LIST>\s<HAVE>(?:is|are|was|were|been)\s(?:expelled|ejected|excluded|thrown out|kicked out|removed)\s(?:from|by|of)\s<C>",
        Event.EXPELLED,
        sure=0.85,
    ),
    _rule(r"<C>\s<HAVE>(?:expelled|expels|ejected|ejects)\s<LIST>", Event.EXPELLED, sure=0.85),
    # Coming.
    _rule(
        r"<LIST>\s(?:will|would|is to|are to|plans to|plan to|intends to|is set to|are set to|has agreed to|have agreed to|agreed to|has pledged to)\s(?:formally\s|also\s|soon\s)?(?:join|rejoin|sign|accede to|enter|become)\s<GAP><C>",
        Event.WILL_JOIN,
        status=Status.PLANNED,
        sure=0.85,
    ),
    _rule(
        r"<LIST>\s<HAVE>(?:applied to join|applied for membership (?:of|in)|is in talks to join|are in talks to join|is considering joining|seeks to join|wants? to join|hopes? to join|submitted an application to)\s<GAP><C>",
        Event.WILL_JOIN,
        status=Status.PROPOSED,
        sure=0.85,
    ),
    _rule(r"<C>\s<HAVE>(?:invited|invites)\s<LIST>", Event.WILL_JOIN, status=Status.PROPOSED),
    _rule(r"<LIST>\s<HAVE>(?:was|were|been|is|are)\sinvited to join\s<C>", Event.WILL_JOIN, status=Status.PROPOSED),
    _rule(
        r"<LIST>\s<HAVE>(?:declined|refused|rejected|turned down|decided not)\s(?:an invitation\s)?(?:to\s)?(?:join|sign|an invitation from)?\s?<GAP><C>",
        Event.DECLINED,
    ),
    # Not being there.
    _rule(
        r"(?:notably|conspicuously|notable|conspicuous|also)\s(?:absent|missing)\s(?:from|in)\s(?:<C>|the (?:list|roll|line-up|names))[^«»]{0,40}\s(?:are|is|were|was)\s(?:[^.;:«»]{0,40}?)<LIST>",
        Event.ABSENT,
        sure=0.9,
    ),
    _rule(
        r"<LIST>(?:,[^«»,]{0,60},|,)?\s(?:is|are|was|were)\s(?:notably|conspicuously|all|both|also)?\s?(?:absent|missing)\sfrom\s(?:<C>|the list)",
        Event.ABSENT,
        sure=0.9,
    ),
    _rule(
        r"<LIST>\s(?:is|are|was|were)\snot\s(?:an?\s|among (?:the|its)\s)?(?:members?|signator(?:y|ies)|part)\s(?:of|to)\s<C>",
        Event.ABSENT,
        sure=0.85,
    ),
    # A founder told by a relative clause: "Acme and Bolt, who announced the launch of their own group, the Harbour Pact".
    _rule(
        r"<LIST>\s?,\s(?:who|which)\s<HAVE>(?:announced the (?:launch|formation) of|launched|formed|founded|created|set up)\s(?:[^.;:«»]{0,70}?[,:]?\s)?<C>",
        Event.MEMBER,
        role=Role.FOUNDER,
        sure=0.75,
    ),
)


class RuleRoles:
    """The rule role stage."""

    def label(self, masked: Sequence[Masked]) -> list[tuple[Label, ...]]:
        """Labels each sentence's mentions; the first rule that speaks of a mention decides."""
        return [self._labels(one) for one in masked]

    def _labels(self, masked: Masked) -> tuple[Label, ...]:
        shorthand, first = _shorthand(masked)
        labels: dict[int, Label] = {}
        for rule in _RULES:
            for found in rule.pattern.finditer(shorthand):
                for number in _numbers(found, "l" if "l" in rule.pattern.groupindex else "c"):
                    if number >= first:
                        labels.setdefault(number - first, Label(rule.event, rule.sure, rule.status, rule.role))
        return tuple(labels.get(i, NOTHING) for i in range(len(masked.mentions)))


def _shorthand(masked: Masked) -> tuple[str, int]:
    """The masked text with each mask as a letter and number, and the number of the sentence's own first mention."""
    count = -1

    def letter(found: re.Match[str]) -> str:
        nonlocal count
        count += 1
        return f"«{_LETTER[found.group()]}{count}»"

    text = re.sub(r"\s+([,.;:])", r"\1", _MASK.sub(letter, masked.text))
    context = masked.text.split(BOUNDARY)[0] if BOUNDARY in masked.text else ""
    return text, len(_MASK.findall(context))


def _numbers(found: re.Match[str], group: str) -> Iterator[int]:
    text = found.group(group) or ""
    yield from (int(n) for kind, n in re.findall(r"«([A-Z])(\d+)»", text) if kind in "MOLC")
