"""Says which small words go on with a name ("of the", "for", "and") and which part it from what follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pipeline.detect.lexicon import ORGAN, Lexicon
from pipeline.detect.words import (
    ARTICLES,
    CALENDAR,
    HEAD_LINKS,
    KINDS_OF_STATE,
    LEGAL,
    LINKS,
    LONGEST_PHRASE,
    ORGANISATION_WORD,
    ORGANS,
    PERSON_TITLES,
    REGIONAL,
    SPEAKING,
    STARTERS,
    TITLES,
    TRADES,
    TRADING,
    WORLDWIDE,
    Token,
    Usage,
    is_capital,
    text_of,
)
from pipeline.text import fold


class Links:
    """The small words of one article. `can_be_name` says of a token whether it may be a name's, in a line of capitals or another."""

    def __init__(self, lexicon: Lexicon, usage: Usage, can_be_name: Callable[[Token, bool], bool]) -> None:
        self._lexicon = lexicon
        self._usage = usage
        self._can_be_name = can_be_name

    def words(self, words: Sequence[Token], start: int, at: int, title_case: bool) -> int:
        """How many words join the name so far to its next capital ("of the", "for", "and"), 0 where the name ends."""
        word = words[at].text
        ahead = at + 1
        while ahead < len(words) and words[ahead].text.lower() in ARTICLES | {"de", "d'"} and ahead - at < 3:
            ahead += 1
        if ahead >= len(words) or not is_capital(words[ahead].text) or words[ahead].folded in CALENDAR:
            return 0
        if words[ahead].start - words[ahead - 1].end != 1 or (title_case and not self._can_be_name(words[ahead], title_case)):
            return 0
        before = words[at - 1].folded
        if word in LINKS:
            if at - start > 1 and (words[start].text in self._lexicon.given or (start and words[start - 1].folded in SPEAKING)):
                return 0  # "Ines Marchetti of Vantor", "said Aldo Grimaz of Torre"
            if word == "of" and (
                before in TITLES
                or (before.removesuffix("s") in TITLES and before != "heads")
                or (before in ORGANS and not self._is_trade(words, at, ahead))
                or (before in {"government", "governments"} and not self._is_purpose(words, at, ahead))
                or (at - start > 1 and words[start].folded in PERSON_TITLES | KINDS_OF_STATE)
                or (before == "state" and words[start].folded in {"heads", "head"})
                or ORGAN.fullmatch(text_of(words, start, at))
                or (at - start == 1 and before in self._lexicon.demonyms)
            ):
                return 0
            if word == "of" and ahead == at + 2 and self._is_whole_body(words, start, ahead):
                return 0  # "the Supreme Council of the Gulf Cooperation Council"
            if word == "of" and not self._takes_of(words, start, at, ahead):
                return 0
            if word == "for" and before.endswith("s") and words[ahead].folded in self._lexicon.common:
                return ahead - at  # "Mothers for Air"
            if word == "for" and self._ends_in_head(words, start, ahead):
                return ahead - at  # "Lending for Net Zero Compact", "Medicines for Malaria Venture"
            if word == "for" and not (
                before in self._lexicon.heads or before in ORGANISATION_WORD | STARTERS or before in {"commons", "lawyers"}
            ):
                return 0
            return ahead - at
        if word in HEAD_LINKS:
            head = self._lexicon.heads.get(before)
            fits = head is not None and head.in_names
            if not fits and word in {"on", "against"} and start and words[start - 1].text.lower() in {"the", "a"}:
                # "the Vienna Code on Armed Drones": ordinary words on both sides make one name.
                fits = before in self._lexicon.common and ahead == at + 1 and words[ahead].folded in self._lexicon.common
            if fits and words[ahead].folded == "new" and ahead + 1 < len(words) and words[ahead + 1].folded == "year":
                fits = False
            # "the Pledge on Model Testing", but "the Council in Paris" and "the Harbour Pact to Kuma".
            if fits and word in {"in", "to", "at", "with"}:
                fits = (
                    words[ahead].folded in self._lexicon.common
                    and ahead == at + 1
                    and words[ahead].folded not in self._lexicon.firms._by_first
                )
            return ahead - at if fits else 0
        if word == "and":
            return 1 if self._and_belongs(words, start, at) else 0
        return 0

    def _ends_in_head(self, words: Sequence[Token], start: int, at: int) -> bool:
        """Whether ordinary words on both sides of a "for" run up to the head of one name."""
        end = at
        while end < len(words) and is_capital(words[end].text) and (end == at or words[end].start - words[end - 1].end == 1):
            end += 1
        plain = all(self._is_plain(w.folded) for w in words[start : at - 1])
        head = self._lexicon.heads.get(words[end - 1].folded)
        named = (head is not None and head.in_names) or words[end - 1].folded in {"venture", "institute", "centre", "center", "trust"}
        return plain and named and end - at > 1 and start > 0 and words[start - 1].text.lower() == "the"

    def _is_plain(self, word: str) -> bool:
        return word in self._lexicon.common or self._lexicon.is_inflected(word)

    def _is_plural(self, word: Token) -> bool:
        return word.folded.endswith("s") and self._is_plain(word.folded)

    def _is_whole_body(self, words: Sequence[Token], start: int, at: int) -> bool:
        """Whether a known body is named whole at `at`, and what stands before it is only an organ, an act or a part of it."""
        folded = [w.folded for w in words[at : at + LONGEST_PHRASE]]
        hit = self._lexicon.coalitions.longest(folded, 0)
        if not hit or hit[0] < 2:
            return False
        end = at + hit[0]
        goes_on = end < len(words) and is_capital(words[end].text)
        return (
            not goes_on
            and words[at - 3].folded not in self._lexicon.heads
            and self._lexicon.coalitions.exact(text_of(words, start, end)) is None
        )

    def _is_trade(self, words: Sequence[Token], at: int, ahead: int) -> bool:
        """Whether an organ's word is the head of a name of its own: "Chicago Board of Trade", no "Board of the Kite Federation"."""
        return ahead == at + 1 and words[ahead].folded in self._lexicon.common and not words[ahead].folded.endswith("s")

    def _is_purpose(self, words: Sequence[Token], at: int, ahead: int) -> bool:
        """Whether a government is named by what it is for: "Government of Common Purpose", no "Government of India"."""
        return ahead == at + 1 and ahead + 1 < len(words) and all(w.folded in self._lexicon.common for w in words[ahead : ahead + 2])

    def _takes_of(self, words: Sequence[Token], start: int, at: int, ahead: int) -> bool:
        """Whether "of" goes on with the name ("Port of Ghent") and does not tell where its bearer is ("Temasek of Singapore"),
        who leads it ("the League of Dario Franz") or whom it joins ("the Bay Pact of Chile, Peru and Kuma")."""
        if words[at - 1].text == ".":
            return False  # "Corvane Pharma Inc. of Boston"
        before = words[at - 1].folded
        if before.rstrip(".") in LEGAL or words[at - 1].text.lower() in LEGAL:
            return False
        folded = [w.folded for w in words[ahead : ahead + 4]]
        if words[ahead].text in self._lexicon.given and ahead + 1 < len(words) and words[ahead + 1].text[0].isupper():
            return False
        name = text_of(words, start, at)
        several = at - start > 1
        if several and (self._lexicon.firms.exact(name) or (before in TRADING and self._lexicon.place(folded, 0))):
            return False
        if several and self._names_parties(words, ahead):
            return False
        place = self._lexicon.place(folded, 0)
        if several and words[start].folded in WORLDWIDE and self._is_town(words[ahead]):
            return False  # "the World Halal Council of Jakarta"
        if at - start > 2 and place and " ".join(folded[:place]) in self._lexicon.cities and fold(name) in self._usage.alone:
            return False  # "the Fair Pod Platform of Rotterdam", elsewhere "the Fair Pod Platform"
        if several and place and before in self._lexicon.common and before not in ORGANISATION_WORD | STARTERS | self._lexicon.heads.keys():
            town = " ".join(folded[:place])
            led = start and words[start - 1].text.lower() == "the"
            if (town in self._lexicon.cities or town in self._lexicon.seats) and not led and all(w.text != "of" for w in words[start:at]):
                return False  # "Lagoon Mutual of Brisbane"
        if before in ORGANISATION_WORD or before in self._lexicon.heads or before in self._lexicon.common:
            return True
        if several and fold(name) in self._usage.alone:
            return False
        plural = before.endswith("s") or sum(c.isupper() for c in words[at - 1].text) > 1
        if start and words[start - 1].text.lower() == "the" and at - start == 1 and not plural:
            return True  # "the Lapidarium of Brno", but "the Moderates of Sweden"
        goes_on = ahead + place < len(words) and is_capital(words[ahead + place].text)  # "Gulf of Guinea Gas Exporters' Club"
        return not place or goes_on

    def _is_town(self, word: Token) -> bool:
        return word.folded in self._lexicon.cities or word.folded in self._lexicon.seats

    def _names_parties(self, words: Sequence[Token], at: int) -> bool:
        """Whether two and more states or firms are listed here: "of Russia, Belarus and Kazakhstan"."""
        found = 0
        while at < len(words):
            folded = [w.folded for w in words[at : at + 6]]
            hit = self._lexicon.states.longest(folded, 0) or self._lexicon.firms.longest(folded, 0)
            if not hit:
                return False
            at, found = at + hit[0], found + 1
            if at >= len(words) or words[at].text not in {",", "and"}:
                break
            while at < len(words) and words[at].text in {",", "and", "the"}:
                at += 1
        return found > 1

    def _and_belongs(self, words: Sequence[Token], start: int, at: int) -> bool:
        """Whether an "and" is part of a name: "the Grid and Wheels Consortium", not "Norvik and the Harbour Pact"."""
        if at + 1 >= len(words) or not is_capital(words[at + 1].text):
            return False
        end = at + 1
        while end < len(words) and is_capital(words[end].text) and (end == at + 1 or words[end].start - words[end - 1].end == 1):
            end += 1
        last = words[end - 1].folded
        head = last in ORGANISATION_WORD or (last in self._lexicon.heads and self._lexicon.heads[last].in_names)
        if (
            end < len(words)
            and words[end].text == "of"
            and words[at + 1].folded in {"midwives", "friends", "producers", "workers", "exporters"}
        ):
            return True
        left = words[start:at]
        if left[-1].text[-1] in "'’":
            return True  # "the Schoolmasters' and Mistresses' Union"
        if (
            start > 0
            and words[start - 1].text.lower() == "the"
            and last in TRADES
            and left[-1].folded not in self._lexicon.heads
            and all(self._is_plain(w.folded) for w in (*left, *words[at + 1 : end]))
        ):
            return True  # "the United Food and Commercial Workers"
        if (end - at < 3 and not (head and end - at >= 2)) or not head:
            # "Office for Budget and Growth", "Institute of Science and Technology": a plain word after "of" or "for".
            linked = any(w.text in {"of", "for", "on"} for w in left)
            place = left[-1].folded in self._lexicon.seats or self._lexicon.states.exact(left[-1].text) is not None
            goes_on = end < len(words) and words[end].text == "of"  # "the Board of Trade and Brothers of Italy"
            return linked and not place and not goes_on and all(self._is_plain(w.folded) for w in words[at + 1 : end])
        if end - at == 3 and self._is_plural(left[-1]) and self._is_plural(words[at + 1]):
            return True  # "the Bangladesh Garment Manufacturers and Exporters Association"
        plain = all(
            w.folded in self._lexicon.common or w.folded in self._lexicon.demonyms or w.folded in REGIONAL
            for w in left
            if w.text[0].isupper()
        )
        preceded = start > 0 and words[start - 1].text.lower() == "the"
        return plain and (preceded or all(w.folded in self._lexicon.common for w in words[at + 1 : end - 1]))
