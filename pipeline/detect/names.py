"""Finds the names in sentences: capitalised chunks, known phrases and the entries of rosters, each with its kind.

It says where a name begins and ends and what sort of thing bears it. It does not say which names are coalitions (`inventory`)
nor what is said of them (`roles`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from pipeline.detect.lexicon import Lexicon, Phrases
from pipeline.detect.links import Links
from pipeline.detect.rosters import Rosters
from pipeline.detect.spans import Mention, MentionKind, Sentence, SentenceKind
from pipeline.detect.words import (
    ADOPTS,
    AFTER_ADOPTED,
    AFTER_PERSON,
    ARTICLES,
    CALENDAR,
    CAMPUSES,
    CITIES_NAME,
    CITY_WORD,
    COMPOUND,
    CONTINENT,
    DESCRIPTORS,
    HEAD_LINKS,
    HEADLINE_WORDS,
    KINDS_OF_STATE,
    LEGAL,
    LINKS,
    LISTED,
    LONGEST_PHRASE,
    LOWER,
    LOWER_ENTRY,
    LOWER_HEADS,
    MANY_CITY_WORDS,
    MINISTRIES,
    NO_NAMES,
    NUMBER_WORD,
    NUMBERED_END,
    ORGANISATION_WORD,
    PERSON_TITLES,
    PLACE_BEFORE,
    PORTFOLIOS,
    SAID_BEFORE,
    SAYS,
    SEAT_OF,
    STARTERS,
    SUBJECTS,
    SWITCHES,
    THING,
    TITLE_BEFORE,
    TITLES,
    TRADING,
    VERBS,
    Token,
    is_capital,
    is_title_case,
    text_of,
    tokens,
    usage_of,
)
from pipeline.text import fold


class Names:
    """Finds the mentions of one article's sentences, with what the whole article tells about its names."""

    def __init__(self, sentences: Sequence[Sentence], lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._usage = usage_of(sentences)
        self._people: set[str] = set()
        self._of_cities = self._tells_of_cities(sentences)
        self._shouting = False
        self._told = Phrases()
        self._links = Links(lexicon, self._usage, self._can_be_name)
        self._rosters = Rosters(lexicon, self._chunks)
        chunked = {i: self._chunks(s) for i, s in enumerate(sentences) if s.kind is not SentenceKind.HEADLINE}
        body = {fold(name): name for i, c in chunked.items() for a, b in c if " " in (name := sentences[i].text[a:b])}
        for name in body.values():
            self._told.add(name, name)
        chunked |= {i: self._as_in_body(s, self._chunks(s), set(body)) for i, s in enumerate(sentences) if s.kind is SentenceKind.HEADLINE}
        self.mentions = tuple(tuple(self._kinds(s, c)) for i, s in enumerate(sentences) for c in (chunked[i],))
        if not self._of_cities:
            self.mentions = tuple(tuple(self._cities(s, ms)) for s, ms in zip(sentences, self.mentions, strict=True))
        # A surname alone is a person once its bearer has been named in full anywhere in the article.
        self.mentions = tuple(
            tuple(
                Mention(m.start, m.end, m.surface, MentionKind.PERSON)
                if m.kind is MentionKind.ORGANISATION and self._is_surname(m.surface)
                else m
                for m in of_sentence
            )
            for of_sentence in self.mentions
        )

    def _tells_of_cities(self, sentences: Sequence[Sentence]) -> bool:
        """Whether the article is about cities as members: then "Riga" is Riga and not Latvia."""
        text = " ".join(s.text for s in sentences)
        return len(CITY_WORD.findall(text)) >= (1 if CITIES_NAME.search(text) else MANY_CITY_WORDS)

    def _cities(self, sentence: Sentence, mentions: Sequence[Mention]) -> Iterator[Mention]:
        """Takes the capitals of a list with another city in it for cities: "Copenhagen, Gothenburg and Riga"."""
        lists: list[list[Mention]] = []
        for mention in mentions:
            if lists and LISTED.fullmatch(sentence.text[lists[-1][-1].end : mention.start]):
                lists[-1].append(mention)
            else:
                lists.append([mention])
        for of_list in lists:
            folded = [fold(m.surface) for m in of_list]
            states = any(m.kind is MentionKind.STATE and f not in self._lexicon.seats for m, f in zip(of_list, folded, strict=True))
            cities = not states and any(f in self._lexicon.cities for f in folded)
            for mention, name in zip(of_list, folded, strict=True):
                seat = mention.kind is MentionKind.STATE and name in self._lexicon.seats
                yield replace(mention, kind=MentionKind.ORGANISATION) if seat and cities else mention

    def _is_surname(self, surface: str) -> bool:
        return " " not in surface and fold(surface) in self._people and self._lexicon.firms.exact(surface) is None

    def _chunks(self, sentence: Sentence) -> tuple[tuple[int, int], ...]:
        if sentence.kind is SentenceKind.BULLET and (roster := self._rosters.names(sentence)):
            return roster
        words = tokens(sentence.text)
        folded = [w.folded for w in words]
        title_case = sentence.kind in {SentenceKind.HEADLINE, SentenceKind.HEADING} and is_title_case(sentence.text)
        self._shouting = sentence.text.isupper() and len(words) > 3
        title_case = title_case or self._shouting
        found, at, opening = [], 0, True
        while at < len(words):
            word = words[at]
            if not word.text[0].isalnum():
                opening = opening or word.text in '“"‘:([' or (word.text in "-–—" and title_case)
                at += 1
                continue
            if not title_case and self._is_numbered(words, at):
                found.append((word.start, words[at + 1].end))
                at, opening = at + 2, False
                continue
            known = self._known(words, folded, at)
            if opening and not known and word.text in {"The", "A", "An"}:
                at, opening = at + 1, False
                continue
            end = self._extend(words, folded, at, title_case, known)
            if end <= at:
                opening = False
                at += 1
                continue
            start = at
            if not known:
                start = self._trim(words, at, end, opening, title_case)
                while at < start < end - 1 and words[start].text in LINKS | {"and"}:
                    start += 1  # "So do Norvik and Kuma", "Those of Vantor"
            opening = False
            at = end
            if not title_case and not self._is_known(text_of(words, start, end)) and (lower := self._lower_head(words, start, end)):
                end = at = lower
            for first, last in self._parted(words, start, end):
                first, last = self._untitled(words, first, last)
                if first < last and not self._is_nothing(words, first, last, title_case):
                    found.append((words[first].start, words[last - 1].end))
        return self._with_lower(sentence.text, found)

    def _with_lower(self, text: str, chunks: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
        """Adds names in lower case that stand in a list between others: "Aktor & Pinion, bluewick, H2H"."""
        found = list(chunks)
        for (_, end), (start, _) in pairwise(chunks):
            if gap := LOWER_ENTRY.fullmatch(text[end:start]):
                word = gap.group("name")
                if word not in self._lexicon.common and not self._lexicon.is_inflected(word):
                    found.append((end + gap.start("name"), end + gap.end("name")))
        return tuple(sorted(found))

    def _is_numbered(self, words: Sequence[Token], at: int) -> bool:
        """Whether a number begins a body's name here: "the 1994 Group"."""
        if not words[at].text.isdigit() or at + 1 == len(words) or not words[at + 1].text[0].isupper():
            return False
        if words[at + 1].folded in CALENDAR:
            return False
        head = self._lexicon.heads.get(words[at + 1].folded)
        return head is not None and head.in_names

    def _lower_head(self, words: Sequence[Token], start: int, end: int) -> int:
        """The end of a name whose head is in lower case, as house styles write it: "the Kyoto protocol", "the Sharon coalition"."""
        before = [w.text.lower() for w in words[max(0, start - 2) : start]]
        if (
            not {"the", "'s", "’s"} & set(before)
            or (before[-1:] != before[:1] and is_capital(words[start - 1].text))
            or not 0 < end - start < 3
        ):
            return 0
        ahead = end
        while ahead < len(words) and words[ahead].text in SUBJECTS:
            ahead += 1
        if ahead > end and ahead < len(words) and words[ahead].text in {"agreement", "deal"}:
            return ahead + 1
        return ahead + 1 if ahead < len(words) and words[ahead].text in LOWER_HEADS else 0

    def _as_in_body(self, sentence: Sentence, chunks: tuple[tuple[int, int], ...], body: set[str]) -> tuple[tuple[int, int], ...]:
        """Cuts a headline's names to what the body calls them: "Seal Lantern Coalition" is the Lantern Coalition."""
        found = []
        for start, end in chunks:
            words = tokens(sentence.text[start:end])
            shorter = (w.start for w in words[1:] if fold(sentence.text[start + w.start : end]) in body)
            if fold(sentence.text[start:end]) not in body and (cut := next(shorter, None)):
                start += cut
            found.append((start, end))
        headed = tuple(self._headed(sentence, found))
        return tuple(sorted((*(c for c in found if not any(a <= c[0] and c[1] <= b for a, b in headed)), *headed)))

    def _headed(self, sentence: Sentence, chunks: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """Finds bodies that only a Title Case headline names, by a strong head ("Open Trials Consortium Suspends")."""
        words = tokens(sentence.text)
        for at, word in enumerate(words):
            head = self._lexicon.heads.get(word.folded)
            if not (head and head.strong and word.text[0].isupper()) or any(a <= word.start < b for a, b in chunks):
                continue
            first = at
            while (
                first
                and at - first < 4
                and is_capital(words[first - 1].text)
                and words[first - 1].folded not in HEADLINE_WORDS | DESCRIPTORS | CALENDAR
            ):
                first -= 1
            last = at + 1
            while last + 1 < len(words) and words[last].text in {"on", "for", "of", "at"} and is_capital(words[last + 1].text):
                last += 2
            inside = [(a, b) for a, b in chunks if words[first].start <= a and b <= words[last - 1].end]
            if first < at and len(inside) == len([1 for a, b in chunks if a < words[last - 1].end and words[first].start < b]):
                yield words[first].start, words[last - 1].end

    def _known(self, words: Sequence[Token], folded: Sequence[str], at: int) -> int:
        """The number of words of a known phrase that begins here with a capital, 0 where there is none."""
        if not is_capital(words[at].text):
            lower = self._lexicon.lower_names.longest(folded, at)
            return lower[0] if lower else self._adopted(words, folded, at)
        # A possessive mark and the dots of "E.ON" are no words of a phrase.
        flat = [(part, i) for i, f in enumerate(folded[at : at + LONGEST_PHRASE]) if f != "'s" for part in f.split()]
        parts = [part for part, _ in flat]
        if not parts:
            return 0
        lengths = []
        for phrases in (self._lexicon.coalitions, self._lexicon.firms, self._lexicon.states, self._told, self._lexicon.lower_tails):
            hit = phrases.longest(parts, 0)
            if not hit or hit[0] == len(flat) == LONGEST_PHRASE:
                continue
            last = flat[hit[0] - 1][1]
            whole = hit[0] == len(flat) or flat[hit[0]][1] != last
            if whole and last and (words[at + last].text[:1] not in LOWER or phrases is self._lexicon.lower_tails):
                lengths.append(last + 1)
        return max(lengths, default=0)

    def _adopted(self, words: Sequence[Token], folded: Sequence[str], at: int) -> int:
        hit = self._lexicon.adopted.longest(folded, at)
        if not hit or at < 2 or words[at - 1].text.lower() != "the":
            return 0
        if at + hit[0] < len(words) and words[at + hit[0]].text[:1] in LOWER and words[at + hit[0]].text not in AFTER_ADOPTED:
            return 0  # "the euro fell", "the euro exchange rate"
        before = words[at - 2].folded
        return hit[0] if before in ADOPTS or (before == "to" and at > 2 and words[at - 3].folded in SWITCHES) else 0

    def _is_of_its_name(self, words: Sequence[Token], at: int) -> bool:
        """Whether a possessive mark is a part of a name: nothing is owned ("Sotheby's, Lloyd's and McDonald's joined"), or what a firm of
        that name trades as follows ("Moody's Analytics"). The names of places and of known firms own what follows them."""
        owner, after = words[at - 1], words[at + 1 : at + 3]
        firm = self._lexicon.firms.exact(owner.text)
        if not after or (firm and "'s" not in firm) or self._lexicon.place([owner.folded], 0) or owner.folded in self._lexicon.demonyms:
            return False
        if after[0].folded in ORGANISATION_WORD | TRADING | {"analytics", "register"} and is_capital(after[0].text):
            return not (after[1:] and is_capital(after[1].text)) and not self._lexicon.coalitions.exact(owner.text)
        return after[0].text in {","} | VERBS

    def _portfolios(self, words: Sequence[Token], start: int, at: int) -> int:
        """The end of what a ministry is for, where its list goes on at a comma or an "and"; else `at`."""
        named = {w.folded for w in words[start:at]}
        if (
            words[at].text not in {",", "and"}
            or not named & MINISTRIES
            or not named & {"of", "for"}
            or words[at - 1].folded not in PORTFOLIOS
        ):
            return at
        end, closed = at, False
        while end < len(words) and words[end].text in {",", "and"} and not closed:
            closed = words[end].text == "and"
            end += 1
            if words[end - 1].text == "," and end < len(words) and words[end].text == "and":
                closed, end = True, end + 1
            first = end
            while end < len(words) and is_capital(words[end].text) and words[end].folded in PORTFOLIOS:
                end += 1
            if end == first:
                return at
        return end if closed else at

    def _extend(self, words: Sequence[Token], folded: Sequence[str], at: int, title_case: bool, known: int) -> int:
        """The end of the name that begins at `at`: `at` itself where none begins."""
        if not known and not self._can_be_name(words[at], title_case):
            return at
        end = at + max(known, 1)
        if known > 1 and words[end - 1].text[:1] in LOWER:
            return end  # "the West African bloc" of "the West African bloc ECOWAS"
        while end < len(words):
            word, gap = words[end], words[end].start - words[end - 1].end
            following = words[end + 1] if end + 1 < len(words) else None
            if word.text == "'s" or word.text == "’s":
                # "Boston Children's Hospital" is one name, "Meta's AI Alliance" two: the word before tells.
                owner = words[end - 1].folded
                ordinary = end - at == 1 and owner in self._lexicon.common and owner not in self._lexicon.heads
                if following and is_capital(following.text) and (ordinary or owner in {"children", "women", "men", "people"}):
                    end += 2
                    continue
                if end - at == 1 and self._is_of_its_name(words, end):
                    end += 1
                    continue
                break
            if (end_of_list := self._portfolios(words, at, end)) > end:
                end = end_of_list
                continue
            if word.text == "&" and following and is_capital(following.text):
                end += 2
                continue
            if word.text in {",", "("} and following and following.text.lower().strip("()") in LEGAL and is_capital(following.text):
                closing = (
                    end + 2 < len(words)
                    and words[end + 2].text in {".", ")"}
                    and (words[end + 2].text == ")" or _dot_belongs(words, end + 2))
                )
                end += 3 if closing else 2
                continue
            if word.text == "." and words[end - 1].text.lower() in LEGAL and gap == 0 and _dot_belongs(words, end):
                end += 1
                continue
            if gap == 1 and self._is_number_of(words, at, end):
                end += 1
                continue
            if gap == 0 or not word.text[0].isalnum():
                if word.text == "," and following and following.folded in CAMPUSES and text_of(words, at, end).startswith("University of "):
                    end += 2
                    continue
                break
            if word.text in {"plc", "llc", "ltd", "oyj", "gmbh"}:
                end += 1
                continue
            if is_capital(word.text) or (
                word.text.isdigit() and len(word.text) < 4 and words[end - 1].folded in {"group", "club", "vision", "agenda", "of"}
            ):
                if word.folded in CALENDAR or (title_case and not self._can_be_name(word, title_case)):
                    break
                hit = self._known(words, folded, end)
                goes_on = (
                    end + hit < len(words) and words[end + hit].text[0].isupper() and words[end + hit].start - words[end + hit - 1].end == 1
                )
                if hit and not goes_on and self._stands_alone(words, at, end) and words[end - 1].folded not in LINKS:
                    break
                end += max(hit, 1)
                continue
            step = self._links.words(words, at, end, title_case)
            if not step:
                break
            end += step
        return end

    def _is_number_of(self, words: Sequence[Token], start: int, at: int) -> bool:
        """Whether a number ends a name: "Lithos 7 and Kuma", "Climate Pledge 80+", "Vision 2030"; not "Article 7"."""
        number, before = words[at].text, words[at - 1]
        if not number[0].isdigit() or before.folded in CALENDAR:
            return False
        if number.endswith("+") and number[:-1].isdigit():
            return True
        rest = "".join(w.text + " " for w in words[at + 1 : at + 2])
        if not number.isdigit() or not NUMBERED_END.match(rest) or self._lexicon.states.exact(before.text) is not None:
            return False
        if len(number) == 4:
            return at - start > 1 and 2025 <= int(number) <= 2060 and before.folded in self._lexicon.common
        return len(number) < 3 and before.folded not in self._lexicon.common and before.folded not in self._lexicon.heads

    def _stands_alone(self, words: Sequence[Token], start: int, end: int) -> bool:
        text = text_of(words, start, end)
        return self._lexicon.states.exact(text) is not None

    def _can_be_name(self, word: Token, title_case: bool) -> bool:
        if not is_capital(word.text) or word.folded in CALENDAR:
            return False
        if not title_case:
            return True
        return self._means_name(word)

    def _means_name(self, word: Token) -> bool:
        """Whether a capital that every word would have here is a name's: what the body and the word lists tell."""
        if len(word.text) > 1 and not self._shouting and (sum(c.isupper() for c in word.text) > 1 or not word.text[0].isupper()):
            return True
        if word.folded in self._usage.capital:
            return True
        if word.folded in self._usage.lower or word.folded in DESCRIPTORS:
            return False
        return word.folded not in self._lexicon.common and not self._lexicon.is_inflected(word.folded)

    def _trim(self, words: Sequence[Token], start: int, end: int, opening: bool, title_case: bool) -> int:
        """Drops words at the front that are only there for the capital of a sentence ("Joining IBM", "Lender Nordix")."""
        if not opening:
            while end - start > 1 and words[start].folded in ARTICLES and (words[start].text != "THE" or self._shouting):
                start += 1
            return start
        first = words[start]
        if (
            first.folded.endswith("s")
            and end - start > 3
            and words[start + 1].text == "of"
            and words[start + 2].text == "the"
            and not self._means_name(first)
        ):
            return start + 3  # "Delegates of the Coral Seas Confederation"
        single = end - start == 1
        if single:
            # "Continental was in SkyTeam": a firm's name that is a common word too, where a verb follows.
            firm = self._lexicon.firms.exact(first.text) and end < len(words) and words[end].text in VERBS
            return start if firm or self._means_name(first) else end
        if words[start + 1].text == "&":
            return start  # "Brewer & Moxon"
        if first.folded.endswith("s") and not self._means_name(first) and self._is_party(text_of(words, start + 1, end)):
            return start + 1  # "Importers Egypt and Algeria"
        if first.folded in DESCRIPTORS or (
            first.folded.endswith("ing") and first.folded in self._lexicon.common and first.folded not in self._usage.capital
        ):
            return start + 1 if words[start + 1].text not in {"'s", "’s"} else start
        if (
            words[start + 1].text in LINKS | HEAD_LINKS
            and not self._means_name(first)
            and not self._lexicon.head_of(text_of(words, start, end))
        ):
            known = self._lexicon.firms.exact(text_of(words, start, end)) or first.folded in ORGANISATION_WORD | STARTERS
            rest = start + 2 if not known else start
            while rest < end and words[rest].text.lower() in ARTICLES:
                rest += 1
            return rest
        return start

    def _parted(self, words: Sequence[Token], start: int, end: int) -> Iterator[tuple[int, int]]:
        """Parts a person from the house in front of the name: "IBM Chairman Arvind Krishna", "Meta Nick Clegg"."""
        for at in range(start + 1, end - 1):
            if words[at].text in self._lexicon.given and end - at <= 3 and all(w.text[0].isupper() for w in words[at:end]):
                if self._lexicon.head_of(text_of(words, at, end)):
                    break  # "Lake Victoria Transit Agreement"
                if words[at - 1].text.lower() not in LINKS and words[at - 1].text != "&":
                    yield start, at
                    yield at, end
                    return
                break
        if start < end:
            yield start, end

    def _is_party(self, name: str) -> bool:
        return self._lexicon.states.exact(name) is not None or self._is_known(name)

    def _is_known(self, name: str) -> bool:
        return name in self._lexicon.acronyms or self._lexicon.coalitions.exact(name) is not None

    def _untitled(self, words: Sequence[Token], start: int, end: int) -> tuple[int, int]:
        if end - start > 1 and self._is_described(words, start, end):
            start += 1  # "Turkish EU membership", "Korean Hapshin", "the Tigrayan TPLF"
        while end - start > 1 and (
            (words[start].folded in {"the", "a", "an"} and (words[start].text != "THE" or self._shouting))
            or COMPOUND.search(words[start].text)
        ):
            start += 1  # "American-led Artemis Accords" are the Artemis Accords
        if self._is_office(words, start):
            while start < end and (words[start].folded in PORTFOLIOS or (words[start].text in LINKS | {",", "and"})):
                start += 1  # "the Minister of Foreign Affairs of Egypt" speaks for Egypt
        while end - start > 1 and words[end - 1].folded in TITLES - {"trade", "energy", "finance", "foreign", "general", "prime"}:
            end -= 1
        while end - start > 1 and not (words[end - 1].text[-1].isalnum() or words[end - 1].text[-1] in ".+)"):
            end -= 1
        return start, end

    def _is_office(self, words: Sequence[Token], at: int) -> bool:
        """Whether what a minister is for is told here: "the Minister of Petroleum and Mineral Resources"."""
        while at > 1 and (words[at - 1].folded in PORTFOLIOS or words[at - 1].text in {",", "and"}):
            at -= 1
        return at > 1 and words[at - 1].text in {"of", "for"} and words[at - 2].folded in {"minister", "ministers"}

    def _is_described(self, words: Sequence[Token], start: int, end: int) -> bool:
        """Whether the first word only says where the bearer of the rest is from."""
        first, rest = words[start], words[end - 1]
        national = first.folded in self._lexicon.demonyms
        if national and self._is_known(text_of(words, start + 1, end)):
            return True
        if self._is_party(text_of(words, start, end)):
            return False  # "Saudi Arabia"
        if end - start != 2 or first.text.isupper():
            return False
        if rest.text.isupper() and len(rest.text) > 2 and rest.text.isalpha():
            return national or (first.text[0] == rest.text[0] and first.folded not in self._lexicon.common and rest.folded not in LEGAL)
        return (
            national
            and words[start - 1].text.lower() == "the"
            and rest.folded not in self._lexicon.common | ORGANISATION_WORD
            and rest.folded not in self._lexicon.heads
            and not rest.folded.endswith("s")
            and self._lexicon.firms.exact(text_of(words, start, end)) is None
            and not self._lexicon.is_inflected(rest.folded)
        )

    def _is_nothing(self, words: Sequence[Token], start: int, end: int, title_case: bool) -> bool:
        if words[end - 1].folded in {"membership", "accession"} and not self._shouting:
            return True  # "Associate Membership of the Kite Federation"
        if end - start > 1:
            of_states = (
                end - start == 2 and words[start].folded in KINDS_OF_STATE and words[end - 1].folded in {"state", "states", "parties"}
            )
            rank = words[end - 1].folded in {"member", "members", "signatory", "signatories"}
            return of_states or (rank and all(w.folded in self._lexicon.common for w in words[start : end - 1]))
        word = words[start]
        if word.folded.endswith("s") and word.folded[:-1] in TITLES:
            return True  # "the Presidents of Chile and of Peru"
        if word.folded == "states" and words[start - 1].text.lower() != "the":
            return True
        if (
            word.folded in NO_NAMES
            or NUMBER_WORD.fullmatch(word.folded)
            or (("’" in word.text or "'" in word.text) and re.split("['’]", word.text)[0].lower() in DESCRIPTORS)
        ):
            return True
        return word.folded in CALENDAR or word.text in {"I", "A"} or (word.folded in DESCRIPTORS and word.text[1:].islower())

    def _kinds(self, sentence: Sentence, chunks: Sequence[tuple[int, int]]) -> Iterator[Mention]:
        for start, end in chunks:
            surface = sentence.text[start:end]
            kind, start = self._kind(sentence.text, start, end)
            if kind is not None:
                yield Mention(start, end, sentence.text[start:end] if start != end else surface, kind)

    def _kind(self, text: str, start: int, end: int) -> tuple[MentionKind | None, int]:
        surface, before, after = text[start:end], text[:start], text[end:]
        lexicon = self._lexicon
        words = surface.split()
        folded = fold(surface)
        # Titles in front of a name: the rest is a person, whatever it looks like.
        cut = 0
        while cut < len(words) - 1 and fold(words[cut]) in TITLES:
            cut += 1
        if cut and (fold(words[cut - 1]) in PERSON_TITLES or words[cut].split("-")[0] in lexicon.given or AFTER_PERSON.match(after)):
            inner = start + surface.index(words[cut], sum(len(w) for w in words[:cut]))
            self._remember(words[cut:])
            return MentionKind.PERSON, inner
        if folded in lexicon.demonyms and lexicon.firms.exact(surface) is None:
            plural = re.search(r"\b[Tt]he\s+$", before) and SAYS.match(after)
            return (MentionKind.STATE if plural else None), start
        if lexicon.states.exact(surface) is not None:
            return MentionKind.STATE, start
        if lexicon.firms.exact(surface) is not None or lexicon.coalitions.exact(surface) is not None or surface in lexicon.acronyms:
            return MentionKind.ORGANISATION, start
        if folded in lexicon.seats:
            acts = MentionKind.ORGANISATION if self._of_cities else MentionKind.STATE
            return (MentionKind.PLACE if PLACE_BEFORE.search(before) else acts), start
        if all(fold(w) in lexicon.demonyms for w in re.split(r"[\s-]", surface) if w):
            return None, start
        if lexicon.head_of(surface):
            return MentionKind.ORGANISATION, start
        last = fold(words[-1]) if words else ""
        if last in ORGANISATION_WORD or last.rstrip(".") in LEGAL or fold(words[0]) in ORGANISATION_WORD or "&" in words:
            return MentionKind.ORGANISATION, start
        if 1 < len(words) <= 4 and (
            words[0].split("-")[0] in lexicon.given
            or SAID_BEFORE.search(before)
            or AFTER_PERSON.match(after)
            or (TITLE_BEFORE.search(before) and words[0][1:].islower())
            or re.fullmatch(r"(?:[A-Z]\.\s?)+[A-Z][\w’'-]+", surface)
        ):
            self._remember(words)
            return MentionKind.PERSON, start
        if len(words) == 1 and (
            re.search(r"\b(?:Mr|Mrs|Ms|Dr|Prof)\.?\s+$", before) or (AFTER_PERSON.match(after) and TITLE_BEFORE.search(before))
        ):
            self._remember(words)
            return MentionKind.PERSON, start
        if len(words) == 1 and words[0] in lexicon.given:
            return MentionKind.PERSON, start
        if THING.search(surface) or CONTINENT.fullmatch(surface) or SEAT_OF.search(before):
            return MentionKind.PLACE, start
        return MentionKind.ORGANISATION, start

    def _remember(self, words: Sequence[str]) -> None:
        if words:
            self._people.add(fold(words[-1]))


def _dot_belongs(words: Sequence[Token], at: int) -> bool:
    """Whether a dot after a legal form is the form's own: that of "Acme Inc." is, that of "Acme plc." ends a sentence."""
    return words[at - 1].text.lower() not in {
        "plc",
        "llc",
        "ltda",
        "group",
        "company",
        "limited",
        "corporation",
        "gmbh",
        "ag",
        "sa",
        "se",
        "ab",
        "a/s",
        "asa",
    }
