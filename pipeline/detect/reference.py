"""Resolves what stands for a name: "the bloc" and "the 40-member alliance" to a coalition, "the two countries" and "the company"
to members named before.

It works by head noun, sort and nearness, never by meaning. A reference that fits nothing stays unresolved and is left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.detect.inventory import Coalition, Inventory
from pipeline.detect.lexicon import Lexicon
from pipeline.detect.spans import Mention, MentionKind, Sentence

_NUMBERS = {
    w: n for n, w in enumerate(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"])
}
_COUNT = "|".join(list(_NUMBERS)[2:])
_GENERIC = frozenset(
    "group grouping bloc body organisation organization club alliance coalition consortium association union federation network forum "
    "league cartel initiative partnership council community camp outfit scheme lobby fold family movement".split()
)
_TEXTS = frozenset(
    "pact accord accords treaty charter agreement pledge declaration compact convention protocol commitment commitments covenant deal "
    "text document principles initiative".split()
)
_PLURAL_MEMBERS = re.compile(
    rf"\b(?:(?:[Tt]he|[Tt]hose|[Tt]hese|[Aa]ll|[Tt]he other|[Tt]he same)\s+(?P<count>{_COUNT}|pair|duo|trio|quartet|quintet|latter)"
    r"(?:\s+(?:\w+\s){0,2}?(?:countries|nations|states|companies|firms|banks|lenders|members|partners|parties|organisations|organizations|carmakers|insurers|airlines|universities|"
    r"federations|groups|operators|governments|neighbours|neighbors|sponsors|founders|republics))?"
    r"|(?P<both>[Bb]oth)(?:\s+(?:countries|nations|states|companies|firms|banks|lenders|parties|organisations|groups|governments|carmakers))?"
    r"|(?P<those>[Tt]hose|[Tt]hese) (?:countries|nations|states|companies|firms|banks|members|partners|parties))\b(?!\s+of\b)"
)
_SINGLE_MEMBER = re.compile(
    r"\b[Tt]he\s+(?:[A-Z][a-z]+(?:ian|ese|ish|an|ch|i|ic|er|-based)\s+|(?:[\w-]+\s){0,2}?)?"
    r"(company|firm|country|nation|kingdom|republic|bank|lender|carmaker|automaker|chipmaker|insurer|reinsurer|airline|carrier|university|retailer|utility|party|operator|"
    r"drugmaker|startup|start-up|miner|brewer|publisher|foundation|charity|port|city|maker)\b(?![-’'](?!s))"
)
_PRONOUN = re.compile(
    r"^(?:[\"“‘']\s*)?(It|They)\b(?!\s+(?:is|was|were|are)\s+(?:unclear|not clear|the (?:first|second|third|latest)\s+time))"
    r"(?!\s+(?:are|were|include)\s+(?:the\s)?[A-Z0-9])"  # "They are Norvik and Kuma": whoever follows, not who was named before
)
_NAMES_FOLLOW = re.compile(r"\s+(?:are|were|is|was|include)\s+(?:the\s)?[A-Z0-9]")


class References:
    """Resolves the references of one article's sentences, in reading order.

    `mentions` holds for each sentence its names and its resolved references, by place.
    """

    def __init__(self, sentences: Sequence[Sentence], inventory: Inventory, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._inventory = inventory
        self._live = range(len(inventory.coalitions))
        heads = sorted((h for h in lexicon.heads if h.isalpha()), key=len, reverse=True)
        self._phrase = re.compile(
            rf"\b(?:[Tt]he|[Tt]his|[Tt]hat|[Tt]hese|[Ii]ts|[Oo]ur)\s+(?P<count>(?:(?!(?:in|of|on|for|to|and|with|at|by|from|as|that|is|was)\s)[\w'’-]+\s){{0,3}}?)(?P<head>{'|'.join(heads)})\b(?!-)(?!\s+(?:of|for|between)\b)",
            re.I,
        )
        self._recent: list[int] = []
        self._seen: set[int] = set()
        self._members: list[tuple[Mention, ...]] = []
        self._subject: Mention | None = None
        self.main = self._main()
        found = []
        for sentence, names in zip(sentences, inventory.mentions, strict=True):
            found.append(self._resolve(sentence, names))
        self.mentions: tuple[tuple[Mention, ...], ...] = tuple(found)

    def _main(self) -> int | None:
        """The coalition that the article is about: the most named, one in the title counting for three more, and likely told of."""
        return max(self._live, key=lambda at: self._weight(self._inventory.coalitions[at]), default=None)

    def _weight(self, body: Coalition) -> float:
        return (body.mentions + 3 * body.in_title) * body.chance

    def _resolve(self, sentence: Sentence, names: tuple[Mention, ...]) -> tuple[Mention, ...]:
        taken = [(m.start, m.end) for m in names]
        found = list(names)
        for phrase in self._phrase.finditer(sentence.text):
            start, end = phrase.span()
            if any(a < end and start < b for a, b in taken) or any(0 <= m.start - end <= 1 for m in names):
                continue  # "the parents' association Klein & Zeldzaam": the name says who is meant
            if any(
                w in phrase.group("count").lower().split() for w in ("new", "own", "two", "three", "four", "rival", "other", "trade")
            ) and phrase.group("head").lower() not in {"union"}:
                continue
            here = [m for m in names if m.coalition is not None and m.end <= start]
            beside = next((m.coalition for m in names if m.coalition is not None and sentence.text[m.end : start] == ", "), None)
            at = (
                beside
                if beside is not None
                else self._coalition(phrase.group("head").lower(), [m.coalition for m in here if m.coalition is not None])
            )
            if at is not None:
                found.append(Mention(start, end, phrase.group(), MentionKind.REFERENCE, coalition=at))
                taken.append((start, end))
        found += self._to_members(sentence, names, taken)
        found.sort(key=lambda m: m.start)
        for mention in found:
            if mention.coalition is not None:
                self._recent.append(mention.coalition)
                self._seen.add(mention.coalition)
        members = tuple(m for m in names if m.kind in {MentionKind.ORGANISATION, MentionKind.STATE} and m.coalition is None)
        if members:
            self._members.append(members)
        self._subject = next((m for m in found if m.kind is not MentionKind.PERSON), self._subject if not found else None)
        return tuple(found)

    def _coalition(self, head: str, here: list[int]) -> int | None:
        bodies = self._inventory.coalitions
        sort = self._lexicon.heads[head].sort
        powers = [at for at in self._live if bodies[at].sort == "power"]
        if sort == "power":
            return powers[0] if powers else None
        exact = [at for at in self._live if any(head in n.lower().split() for n in bodies[at].names)]
        if exact:
            fitting = exact
        elif head in _TEXTS or (sort == "text" and not self._lexicon.heads[head].rare):
            fitting = [at for at in self._live if bodies[at].sort == "text"]
        elif head in _GENERIC:
            fitting = [at for at in self._live if bodies[at].sort == "body"] or [at for at in self._live if bodies[at].sort != "power"]
        else:
            return None
        # What has not been named yet is not meant ("the group" before the group's name is).
        fitting = [at for at in fitting if at in self._seen or at in here]
        if not fitting:
            return None
        recent = next((at for at in [*reversed(here), *reversed(self._recent[-4:])] if at in fitting), None)
        if self.main in fitting and (recent is None or self._weight(bodies[self.main]) >= 2 * self._weight(bodies[recent])):
            return self.main
        return recent if recent is not None else max(fitting, key=lambda at: self._weight(bodies[at]))

    def _to_members(self, sentence: Sentence, names: Sequence[Mention], taken: list[tuple[int, int]]) -> list[Mention]:
        found: list[Mention] = []
        for phrase in _PLURAL_MEMBERS.finditer(sentence.text):
            start, end = phrase.span()
            if any(a < end and start < b for a, b in taken):
                continue
            bare = re.search(
                r"(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|latter|[Bb]oth|pair|duo|trio)$", phrase.group()
            )
            if _NAMES_FOLLOW.match(sentence.text, end):
                continue
            if bare and not re.match(
                r"\s*(?:[,.;:]|have|had|has|were|was|are|will|would|said|say|also|then|did|do|signed|joined|left)\b|\s*[,.;:]",
                sentence.text[end:],
            ):
                continue  # "The two clubs" are no members
            word = phrase.group("count") or ("two" if phrase.group("both") else "")
            size = {"pair": 2, "duo": 2, "trio": 3, "quartet": 4, "quintet": 5, "latter": 1}.get(word, _NUMBERS.get(word, 0))
            if chosen := self._last_list(size):
                kind = chosen[0].kind
                found.append(Mention(start, end, phrase.group(), kind, members=tuple(m.surface for m in chosen)))
                taken.append((start, end))
        for single in _SINGLE_MEMBER.finditer(sentence.text):
            start, end = single.span()
            if any(a < end and start < b for a, b in taken) or sentence.text[end : end + 4].startswith((" of ", "-")):
                continue
            if any(0 <= m.start - end <= 6 for m in names):  # "the fuel retailer Petrolux": the name says it
                continue
            if subject := self._last_subject(single.group(1)):
                found.append(Mention(start, end, single.group(), subject.kind, members=(subject.surface,)))
                taken.append((start, end))
        if (pronoun := _PRONOUN.match(sentence.text)) and not any(a < pronoun.end(1) for a, _ in taken):
            subject = self._subject
            if pronoun.group(1) == "It" and subject is not None and subject.coalition is not None:
                found.append(Mention(pronoun.start(1), pronoun.end(1), "It", MentionKind.REFERENCE, coalition=subject.coalition))
                return found
            alone = self._last_subject("")
            kept = self._last_list(0) if pronoun.group(1) == "They" else (alone,) if alone else ()
            if kept:
                found.append(
                    Mention(pronoun.start(1), pronoun.end(1), pronoun.group(1), kept[0].kind, members=tuple(m.surface for m in kept))
                )
        return found

    def _last_list(self, size: int) -> tuple[Mention, ...]:
        """The members of the last list of that size (0: of two or more) within the last four sentences that named any."""
        for members in reversed(self._members[-4:]):
            distinct = tuple({m.surface: m for m in members}.values())
            if (size and len(distinct) == size) or (not size and len(distinct) > 1):
                return distinct
            if size == 1 and distinct:
                return distinct[-1:]
        return ()

    def _last_subject(self, noun: str) -> Mention | None:
        """The first name of the last sentence that named one, of the kind that the noun asks for."""
        wanted = (
            {MentionKind.STATE} if noun in {"country", "nation", "kingdom", "republic"} else {MentionKind.ORGANISATION} if noun else None
        )
        for members in reversed(self._members[-2:]):
            fitting = [m for m in members if wanted is None or m.kind in wanted]
            if fitting:
                return fitting[0]
        return None
