"""Finds the names in sentences: capitalised chunks, known phrases and the entries of rosters, each with its kind.

It says where a name begins and ends and what sort of thing bears it. It does not say which names are coalitions (`inventory`)
nor what is said of them (`roles`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from pipeline.detect.lexicon import ORGAN, Lexicon, Phrases
from pipeline.detect.spans import Mention, MentionKind, Sentence, SentenceKind
from pipeline.text import fold

_TOKEN = re.compile(r"(?:[A-Z]\.){2,}|[A-Za-z]\.[a-z]\.[A-Z]\.|[^\W_]+(?:[-‑–.’'/][^\W_]+)*(?:\+(?!\w))?(?:['’](?=\s[A-Z]))?|[^\s]")
_POSSESSIVE = re.compile(r"['’]s$")
_LEGAL = frozenset(
    "inc inc. corp corp. corporation co co. company ltd ltd. limited plc llc llp ag sa s.a. nv n.v. se gmbh asa a/s as ab oy oyj spa "
    "s.p.a. bv b.v. kg kgaa s.l. sl pty (pty) kk k.k. sas sarl bhd pte".split()
)
_LINKS = frozenset(
    "of for de da do del della dello di du des dos das la le les el van von der den zur zum für y e et und op ten ter al en à".split()
)
_HEAD_LINKS = frozenset(["on", "against", "to", "in", "at", "with"])
_ARTICLES = frozenset({"the", "la", "le", "los", "las", "der", "die", "das", "l'"})
_CALENDAR = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september october "
    "november december jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun gmt est cet utc".split()
)
_TITLES = frozenset(
    "president minister chancellor king queen prince princess senator rep secretary commissioner chairman chairwoman chair "
    "chairperson ceo cfo cto coo director spokesman spokeswoman spokesperson governor mayor ambassador general colonel captain dr mr "
    "mrs ms prof professor sir lord lady pope bishop archbishop judge justice sheikh emir sultan premier deputy vice prime foreign "
    "finance trade energy chief executive analyst founder congressman congresswoman lawmaker leader head economist lawyer attorney".split()
)
_PERSON_TITLES = frozenset(
    "mr mrs ms dr prof professor sir lord lady president chancellor senator pope king queen prince princess minister".split()
)
_AFTER_PERSON = re.compile(
    r"\s*,\s*(?:who\b|\d{2}\s*,|(?:its|their|the|an?|his|her)?\s*(?:[\w’'-]+\s){0,4}?(?:chief|president|chair\w*|director|head|"
    r"minister|secretary|spokes\w+|analyst|"
    r"professor|economist|founder|officer|lawyer|partner|governor|mayor|ceo|cto|cfo|executive|manager|fellow|vice|researcher|"
    r"commissioner|senator|leader)\b)",
    re.I,
)
_SAID_BEFORE = re.compile(r"(?:\bsaid|\bsays|\badded|\btold|\bexplained|\bwarned|\bargued|\bwrote|\basked|\bjoked)\s+(?:the\s)?$")
_TITLE_BEFORE = re.compile(
    r"\b(?:spokes(?:man|woman|person)|analyst|lawyer|economist|chief executive|president|minister|secretary|chair(?:man|woman|"
    r"person)?|director|"
    r"ambassador|commissioner|professor|founder|boss|ceo|officer|lawmaker|governor|mayor|king|queen|leader)\s+$",
    re.I,
)
_PLACE_BEFORE = re.compile(r"\b(?:in|at|near|from|outside|around|across|to|through|over|via)\s+(?:the\s+)?$")
_NUMBER_WORD = re.compile(r"(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[ -]\w+)?|hundreds?|thousands?|dozens?|scores")
_CONTINENT = re.compile(
    r"(?:(?:North|South|Latin|Central|East|West|Western|Eastern|Southern|Northern)(?:ern)?\s)?(?:Europe|Asia|Africa|America|Americas|Pacific|Arctic|Antarctica)"
)
_SEAT_OF = re.compile(r"\b(?:Inc|Corp|Ltd|Co|plc|AG|A/S|S\.A|GmbH|AB|AS|SE|N\.V|B\.V|LLC)\.?\sof\s(?:the\s)?$")
_THING = re.compile(
    r"\b(?:Act|Bill|Law|Street|Avenue|Road|Prize|Award|Awards|Day|Week|Year|Summit|Cup|Games|Index|River|Sea|Ocean|Island|Islands|Mountains?|Valley|Airport|"
    r"Square|Hall|Hotel|Stadium|Palace|Programme|Report|Review|Code|Directive|Regulation|Standard)$"
)
"""Names of laws, places, days and prizes: they are members of nothing."""
_ORGANISATION_WORD = frozenset(
    "university institute college bank ministry department agency company group holdings labs laboratory laboratories semiconductor "
    "systems technologies technology electric energy power foundation trust fund church party authority office school hospital clinic "
    "museum airlines airways motors motor pharma capital partners insurance reinsurance federation association union society council "
    "centre center academy polytechnic software networks telecom industries international bancorp media press times "
    "post news journal".split()
)
_DESCRIPTORS = frozenset(
    "lender rival carrier chipmaker carmaker automaker insurer reinsurer retailer neighbour neighbor newcomer startup operator "
    "publisher brewer drugmaker utility supplier lawmaker member members signatory signatories founder founders both only even then "
    "now when while as after before since if but and or nor so yet also still not nobody everyone joining including like with from by "
    "at in on for to of into alongside among amid besides unlike despite without under within against between the a an its their our "
    "his her this that these those one two three four five six seven eight nine ten dozens today yesterday earlier last first later "
    "meanwhile however elsewhere there here where who what why how is are was were has have had will would can could may might should "
    "must did does do it he she they we you i".split()
)
_CAMPUSES = frozenset(
    "berkeley davis irvine merced riverside los san santa urbana-champaign chicago springfield austin dallas arlington madison "
    "milwaukee ann dearborn amherst boston lowell chapel charlotte greensboro baltimore park boulder denver".split()
)
"""First words of the campus that follows a state university's name after a comma ("University of California, Berkeley")."""
_HEADLINE_WORDS = frozenset(
    verb + ending
    for verb in (
        "sign seal join quit leav leave form launch back enter exit found creat create unveil reject ditch snub renew mull weigh eye "
        "plan seek "
        "boost push lead head hail slam praise urge split shake rock hit call block stall test name add admit welcom welcome expel "
        "suspend invit "
        "invite new more former rival global big"
    ).split()
    for ending in ("", "s", "es", "d", "ed", "ing")
)
"""Words before a body's name in a headline that are no part of it."""
_ORGANS = frozenset("board committee secretariat presidency chair summit delegates members signatories".split())
"""Organs of a body and its people: "the Executive Board of the Kite Federation" is no name, the Kite Federation is."""
_REGIONAL = frozenset(
    "european african asian american arab nordic baltic pacific atlantic caribbean eurasian mediterranean transatlantic".split()
)
_LOWER_HEADS = frozenset(
    "protocol treaty convention accord accords pact charter declaration coalition alliance bloc union zone commonwealth "
    "compact pledge network scheme grouping forum league".split()
)
_NO_NAMES = frozenset(
    "ai it ict iot ceo cfo cto coo ngo ngos gdp co2 esg r&d pr hr tv ipo faq q&a ok am pm ad bc id url pdf usd eur gbp vat iso eds "
    "ends phd mp mps mep meps gpu gpus cpu cpus api apis b2b 5g 4g 6g 3g ev evs llm llms agm".split()
)
"""Acronyms of things that nobody is a member of."""
_DOMAIN = re.compile(r"[a-z][a-z0-9-]*\.(?:io|ai|dev|app|studio|haus)")
"""Names that are written as an address ("bark.ai"); other endings are too often addresses."""
_PREFIXED = re.compile(r"(?:ex|pro|anti|non|mid|post|pre|then|former|intra|trans|sub|self|co)-[A-Z]")
_COMPOUND = re.compile(r"-(?:led|based|backed|sponsored|run|listed|owned|born|brokered|wide|sized|made|style|era|dominated|controlled)$")
_LOWER_ENTRY = re.compile(r",\s+(?:the\s(?:[a-z-]+\s){1,3})?(?P<name>[a-z][\w•.-]{3,})(?:,|,?\s+and)\s+(?:the\s(?:[a-z-]+\s){1,3})?")
_LOWER = frozenset("abcdefghijklmnopqrstuvwxyz")
_VERBS = frozenset("was is has had said says will would left joined signed quit and".split())
_SAYS = re.compile(r"\s+(?:said|say|have|had|has|are|were|will|would|joined|left|quit|want\w*|did|do|signed)\b")
_ROSTER_END = re.compile(
    r"\s+[–—]\s+|\s+--?\s+|\s\((?!Pty\b|Pvt\b|Private\b)|:\s|,?\s+represented\b|,?\s+which\b|,?\s+whose\b|,\s+(?=[a-z])"
)
_ROSTER_PART = re.compile(r"\s*(?:;|\s·\s|\s\|\s|\s•\s)\s*")


@dataclass(frozen=True, slots=True)
class Token:
    text: str
    start: int
    end: int
    folded: str


@lru_cache(maxsize=4096)
def tokens(text: str) -> tuple[Token, ...]:
    """Cuts a sentence into words and marks; a possessive 's is a token of its own.

    >>> [t.text for t in tokens("IBM's A/S, 3M & eVax.")]
    ['IBM', "'s", 'A/S', ',', '3M', '&', 'eVax', '.']
    """
    found = []
    for match in _TOKEN.finditer(text):
        word, start = match.group(), match.start()
        possessive = _POSSESSIVE.search(word)
        if possessive and len(word) > 2:
            cut = start + possessive.start()
            found.append(Token(text[start:cut], start, cut, fold(text[start:cut])))
            found.append(Token(possessive.group(), cut, match.end(), "'s"))
        else:
            found.append(Token(word, start, match.end(), fold(word)))
    return tuple(found)


@lru_cache(maxsize=65_536)
def is_capital(word: str) -> bool:
    """Whether a word can be part of a name: an upper-case letter anywhere in it (eVax, 3M, iRobot).

    >>> is_capital("eVax"), is_capital("vaccine"), is_capital("2024"), is_capital("9Rivers")
    (True, False, False, True)
    """
    return (any(c.isupper() for c in word) or bool(_DOMAIN.fullmatch(word))) and not _PREFIXED.match(word)


def is_title_case(text: str) -> bool:
    """Whether a headline capitalises ordinary words, so that a capital says little.

    >>> is_title_case("Angola to Walk Away From OPEC After Quota Row"), is_title_case("Angola to leave oil cartel OPEC")
    (True, False)
    """
    words = [w for w in re.findall(r"[^\W\d_]+", text) if len(w) > 3]
    return len(words) >= 3 and sum(w[0].isupper() for w in words) >= 0.7 * len(words)


@dataclass(frozen=True, slots=True)
class Usage:
    """How the article's running text writes its words: what a capital at the start of a sentence or in a headline may mean."""

    capital: frozenset[str]
    lower: frozenset[str]
    chunks: Counter[str]


def usage_of(sentences: Sequence[Sentence]) -> Usage:
    """Counts the words that stand capitalised in the middle of a sentence, and those in lower case."""
    capital: set[str] = set()
    lower: set[str] = set()
    for sentence in sentences:
        if sentence.kind is SentenceKind.HEADLINE or is_title_case(sentence.text):
            continue
        opening = True
        for token in tokens(sentence.text):
            if not token.text[0].isalnum():
                opening = opening or token.text in '“"‘:('
                continue
            if not is_capital(token.text):
                lower.add(token.folded)
            elif not opening:
                capital.add(token.folded)
            opening = False
    return Usage(frozenset(capital), frozenset(lower), Counter())


class Names:
    """Finds the mentions of one article's sentences, with what the whole article tells about its names."""

    def __init__(self, sentences: Sequence[Sentence], lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._usage = usage_of(sentences)
        self._people: set[str] = set()
        self._shouting = False
        self._told = Phrases()
        chunked = {i: self._chunks(s) for i, s in enumerate(sentences) if s.kind is not SentenceKind.HEADLINE}
        body = {fold(name): name for i, c in chunked.items() for a, b in c if " " in (name := sentences[i].text[a:b])}
        for name in body.values():
            self._told.add(name, name)
        chunked |= {i: self._as_in_body(s, self._chunks(s), set(body)) for i, s in enumerate(sentences) if s.kind is SentenceKind.HEADLINE}
        self.mentions = tuple(tuple(self._kinds(s, c)) for i, s in enumerate(sentences) for c in (chunked[i],))
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

    def _is_surname(self, surface: str) -> bool:
        return " " not in surface and fold(surface) in self._people and self._lexicon.firms.exact(surface) is None

    def _chunks(self, sentence: Sentence) -> tuple[tuple[int, int], ...]:
        if sentence.kind is SentenceKind.BULLET and (roster := self._roster(sentence)):
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
            end = self._extend(words, folded, at, title_case, known)
            if end <= at:
                opening = False
                at += 1
                continue
            start = at
            if not known:
                start = self._trim(words, at, end, opening, title_case)
            opening = False
            at = end
            if not title_case and not self._is_known(_text(words, start, end)) and (lower := self._lower_head(words, start, end)):
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
            if gap := _LOWER_ENTRY.fullmatch(text[end:start]):
                word = gap.group("name")
                if word not in self._lexicon.common and not self._inflected(word):
                    found.append((end + gap.start("name"), end + gap.end("name")))
        return tuple(sorted(found))

    def _is_numbered(self, words: Sequence[Token], at: int) -> bool:
        """Whether a number begins a body's name here: "the 1994 Group"."""
        if not words[at].text.isdigit() or at + 1 == len(words) or not words[at + 1].text[0].isupper():
            return False
        if words[at + 1].folded in _CALENDAR:
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
        while ahead < len(words) and words[ahead].text in {
            "climate",
            "change",
            "trade",
            "peace",
            "defence",
            "defense",
            "customs",
            "monetary",
        }:
            ahead += 1
        return ahead + 1 if ahead < len(words) and words[ahead].text in _LOWER_HEADS else 0

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
                and words[first - 1].folded not in _HEADLINE_WORDS | _DESCRIPTORS | _CALENDAR
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
            return lower[0] if lower else 0
        lengths = [
            hit[0]
            for phrases in (self._lexicon.coalitions, self._lexicon.firms, self._lexicon.states, self._told)
            if (hit := phrases.longest(folded, at)) and hit[0] > 1 and words[at + hit[0] - 1].text[:1] not in _LOWER
        ]
        return max(lengths, default=0)

    def _extend(self, words: Sequence[Token], folded: Sequence[str], at: int, title_case: bool, known: int) -> int:
        """The end of the name that begins at `at`: `at` itself where none begins."""
        if not known and not self._can_be_name(words[at], title_case):
            return at
        end = at + max(known, 1)
        while end < len(words):
            word, gap = words[end], words[end].start - words[end - 1].end
            following = words[end + 1] if end + 1 < len(words) else None
            if word.text == "'s" or word.text == "’s":
                # "Children's Hospital of Arden" is one name, "Meta's AI Alliance" two: the word before tells.
                owner = words[end - 1].folded
                if (
                    following
                    and is_capital(following.text)
                    and end - at == 1
                    and owner in self._lexicon.common
                    and owner not in self._lexicon.heads
                ):
                    end += 2
                    continue
                break
            if word.text == "&" and following and is_capital(following.text):
                end += 2
                continue
            if word.text in {",", "("} and following and following.text.lower().strip("()") in _LEGAL and is_capital(following.text):
                closing = (
                    end + 2 < len(words)
                    and words[end + 2].text in {".", ")"}
                    and (words[end + 2].text == ")" or _dot_belongs(words, end + 2))
                )
                end += 3 if closing else 2
                continue
            if word.text == "." and words[end - 1].text.lower() in _LEGAL and gap == 0 and _dot_belongs(words, end):
                end += 1
                continue
            if gap == 0 or not word.text[0].isalnum():
                if word.text == "," and following and following.folded in _CAMPUSES and _text(words, at, end).startswith("University of "):
                    end += 2
                    continue
                break
            if word.text in {"plc", "llc", "ltd", "oyj", "gmbh"}:
                end += 1
                continue
            if is_capital(word.text) or (
                word.text.isdigit() and len(word.text) < 4 and words[end - 1].folded in {"group", "club", "vision", "agenda", "of"}
            ):
                if word.folded in _CALENDAR or (title_case and not self._can_be_name(word, title_case)):
                    break
                hit = self._known(words, folded, end)
                if hit and end - at >= 1 and self._stands_alone(words, at, end) and words[end - 1].folded not in _LINKS:
                    break
                end += max(hit, 1)
                continue
            step = self._link(words, at, end, title_case)
            if not step:
                break
            end += step
        return end

    def _stands_alone(self, words: Sequence[Token], start: int, end: int) -> bool:
        text = _text(words, start, end)
        return self._lexicon.states.exact(text) is not None

    def _link(self, words: Sequence[Token], start: int, at: int, title_case: bool) -> int:
        """How many words join the name so far to its next capital ("of the", "for", "and"), 0 where the name ends."""
        word = words[at].text
        ahead = at + 1
        while ahead < len(words) and words[ahead].text.lower() in _ARTICLES | {"de", "d'"} and ahead - at < 3:
            ahead += 1
        if ahead >= len(words) or not is_capital(words[ahead].text) or words[ahead].folded in _CALENDAR:
            return 0
        if words[ahead].start - words[ahead - 1].end != 1 or (title_case and not self._can_be_name(words[ahead], title_case)):
            return 0
        before = words[at - 1].folded
        if word in _LINKS:
            if words[start].text in self._lexicon.given and at - start > 1:
                return 0  # "Ines Marchetti of Vantor"
            if word == "of" and (
                before in _TITLES
                or before in _ORGANS
                or ORGAN.fullmatch(_text(words, start, at))
                or (at - start == 1 and before in self._lexicon.demonyms)
            ):
                return 0
            if word == "of" and not self._takes_of(words, start, at, ahead):
                return 0
            if word == "for" and before.endswith("s") and words[ahead].folded in self._lexicon.common:
                return ahead - at  # "Mothers for Air"
            if word == "for" and not (
                before in self._lexicon.heads or before in _ORGANISATION_WORD or before in {"commons", "doctors", "lawyers", "women"}
            ):
                return 0
            return ahead - at
        if word in _HEAD_LINKS:
            head = self._lexicon.heads.get(before)
            fits = head is not None and head.in_names
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

    def _takes_of(self, words: Sequence[Token], start: int, at: int, ahead: int) -> bool:
        """Whether "of" goes on with the name ("Port of Ghent") and does not tell where its bearer is ("Temasek of Singapore")."""
        if words[at - 1].text == ".":
            return False  # "Corvane Pharma Inc. of Boston"
        before = words[at - 1].folded
        if before.rstrip(".") in _LEGAL or words[at - 1].text.lower() in _LEGAL:
            return False
        if before in _ORGANISATION_WORD or before in self._lexicon.heads or before in self._lexicon.common:
            return True
        place = words[ahead].folded
        known_place = (
            place in self._lexicon.seats or self._lexicon.states.longest([w.folded for w in words[ahead : ahead + 4]], 0) is not None
        )
        goes_on = ahead + 1 < len(words) and is_capital(words[ahead + 1].text)  # "Gulf of Guinea Gas Exporters' Club"
        return goes_on or not known_place

    def _and_belongs(self, words: Sequence[Token], start: int, at: int) -> bool:
        """Whether an "and" is part of a name: "the Grid and Wheels Consortium", not "Norvik and the Harbour Pact"."""
        if at + 1 >= len(words) or not is_capital(words[at + 1].text):
            return False
        end = at + 1
        while end < len(words) and is_capital(words[end].text) and (end == at + 1 or words[end].start - words[end - 1].end == 1):
            end += 1
        last = words[end - 1].folded
        head = last in _ORGANISATION_WORD or (last in self._lexicon.heads and self._lexicon.heads[last].in_names)
        if (
            end < len(words)
            and words[end].text == "of"
            and words[at + 1].folded in {"midwives", "friends", "producers", "workers", "exporters"}
        ):
            return True
        left = words[start:at]
        if left[-1].text[-1] in "'’":
            return True  # "the Schoolmasters' and Mistresses' Union"
        if (end - at < 3 and not (head and end - at >= 2)) or not head:
            # "Office for Budget and Growth", "Institute of Science and Technology": a plain word after "of" or "for".
            linked = any(w.text in {"of", "for", "on"} for w in left)
            place = left[-1].folded in self._lexicon.seats or self._lexicon.states.exact(left[-1].text) is not None
            return linked and not place and all(w.folded in self._lexicon.common for w in words[at + 1 : end])
        plain = all(
            w.folded in self._lexicon.common or w.folded in self._lexicon.demonyms or w.folded in _REGIONAL
            for w in left
            if w.text[0].isupper()
        )
        preceded = start > 0 and words[start - 1].text.lower() == "the"
        return plain and (preceded or all(w.folded in self._lexicon.common for w in words[at + 1 : end - 1]))

    def _can_be_name(self, word: Token, title_case: bool) -> bool:
        if not is_capital(word.text) or word.folded in _CALENDAR:
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
        if word.folded in self._usage.lower or word.folded in _DESCRIPTORS:
            return False
        return word.folded not in self._lexicon.common and not self._inflected(word.folded)

    def _inflected(self, word: str) -> bool:
        common = self._lexicon.common
        if word.endswith("ably") or word.endswith("ibly"):
            return True
        return any(
            word.endswith(e) and (word[: -len(e)] in common or word[: -len(e)] + "e" in common) for e in ("s", "es", "ed", "ing", "ly", "d")
        )

    def _trim(self, words: Sequence[Token], start: int, end: int, opening: bool, title_case: bool) -> int:
        """Drops words at the front that are only there for the capital of a sentence ("Joining IBM", "Lender Nordix")."""
        if not opening:
            while end - start > 1 and words[start].folded in _ARTICLES:
                start += 1
            return start
        first = words[start]
        if first.text in {"The", "A", "An"}:
            return start + 1
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
            firm = self._lexicon.firms.exact(first.text) and end < len(words) and words[end].text in _VERBS
            return start if firm or self._means_name(first) else end
        if first.folded in _DESCRIPTORS or (
            first.folded.endswith("ing") and first.folded in self._lexicon.common and first.folded not in self._usage.capital
        ):
            return start + 1 if words[start + 1].text not in {"'s", "’s"} else start
        if (
            words[start + 1].text in _LINKS | _HEAD_LINKS
            and not self._means_name(first)
            and not self._lexicon.head_of(_text(words, start, end))
        ):
            known = self._lexicon.firms.exact(_text(words, start, end)) or first.folded in _ORGANISATION_WORD
            rest = start + 2 if not known else start
            while rest < end and words[rest].text.lower() in _ARTICLES:
                rest += 1
            return rest
        return start

    def _parted(self, words: Sequence[Token], start: int, end: int) -> Iterator[tuple[int, int]]:
        """Parts a person from the house in front of the name: "IBM Chairman Arvind Krishna", "Meta Nick Clegg"."""
        for at in range(start + 1, end - 1):
            if words[at].text in self._lexicon.given and end - at <= 3 and all(w.text[0].isupper() for w in words[at:end]):
                if words[at - 1].text.lower() not in _LINKS and words[at - 1].text != "&":
                    yield start, at
                    yield at, end
                    return
                break
        if start < end:
            yield start, end

    def _is_known(self, name: str) -> bool:
        return name in self._lexicon.acronyms or self._lexicon.coalitions.exact(name) is not None

    def _untitled(self, words: Sequence[Token], start: int, end: int) -> tuple[int, int]:
        if end - start > 1 and words[start].folded in self._lexicon.demonyms and self._is_known(_text(words, start + 1, end)):
            start += 1  # "Turkish EU membership"
        while end - start > 1 and (words[start].folded in {"the", "a", "an"} or _COMPOUND.search(words[start].text)):
            start += 1  # "American-led Artemis Accords" are the Artemis Accords
        while end - start > 1 and words[end - 1].folded in _TITLES - {"trade", "energy", "finance", "foreign", "general", "prime"}:
            end -= 1
        while end - start > 1 and not (words[end - 1].text[-1].isalnum() or words[end - 1].text[-1] in ".+)"):
            end -= 1
        return start, end

    def _is_nothing(self, words: Sequence[Token], start: int, end: int, title_case: bool) -> bool:
        if end - start > 1:
            return False
        word = words[start]
        if (
            word.folded in _NO_NAMES
            or _NUMBER_WORD.fullmatch(word.folded)
            or (("’" in word.text or "'" in word.text) and re.split("['’]", word.text)[0].lower() in _DESCRIPTORS)
        ):
            return True
        return word.folded in _CALENDAR or word.text in {"I", "A"} or (word.folded in _DESCRIPTORS and word.text[1:].islower())

    def _roster(self, sentence: Sentence) -> tuple[tuple[int, int], ...]:
        """The names of a roster's line, taken whole: they need no capital ("lowlight") and may hold commas and "and"."""
        text = sentence.text
        label = re.match(r"[^:;]{1,60}:\s+(?=\S)", text)
        start = label.end() if label else 0
        pieces, at = [], start
        for cut in _ROSTER_PART.finditer(text, start):
            pieces.append((at, cut.start()))
            at = cut.end()
        pieces.append((at, len(text)))
        if label and len(pieces) == 1:
            return ()
        # The label may name the body: "From the Wave Energy Association: Albatross Buoys; Barra Bobbers".
        found = (
            list(self._chunks(replace(sentence, text=text[: label.start(0) + label.group().index(":")], kind=SentenceKind.BODY)))
            if label
            else []
        )
        for a, b in pieces:
            piece = text[a:b]
            shift = len(piece) - len(piece.lstrip())
            piece = piece.strip()
            if piece.startswith("and "):
                shift, piece = shift + 4, piece[4:]
            if shortened := _ROSTER_END.search(piece):
                piece = piece[: shortened.start()]
            if piece.endswith(".") and piece.rsplit(None, 1)[-1].lower().rstrip(".") + "." not in _LEGAL:
                piece = piece[:-1]
            piece = piece.rstrip(" ,;")
            if piece.lower().startswith("the ") and len(piece) > 4:
                shift, piece = shift + 4, piece[4:]
            words = piece.split()
            if not words or len(words) > 10 or (len(pieces) == 1 and self._reads_as_prose(words)):
                if len(pieces) == 1:
                    return ()
                continue
            found.append((a + shift, a + shift + len(piece)))
        return tuple(found)

    def _reads_as_prose(self, words: Sequence[str]) -> bool:
        lower = [w for w in words if w[:1].islower() and w.lower() not in _LINKS and w not in {"and", "the", "on", "&"}]
        return (
            len(lower) > 1
            or (len(words) > 1 and bool(lower) and not any(is_capital(w) for w in words[1:]))
            or (len(words) == 1 and words[0].lower() in _DESCRIPTORS)
        )

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
        while cut < len(words) - 1 and fold(words[cut]) in _TITLES:
            cut += 1
        if cut and (fold(words[cut - 1]) in _PERSON_TITLES or words[cut].split("-")[0] in lexicon.given or _AFTER_PERSON.match(after)):
            inner = start + surface.index(words[cut], sum(len(w) for w in words[:cut]))
            self._remember(words[cut:])
            return MentionKind.PERSON, inner
        if folded in lexicon.demonyms and lexicon.firms.exact(surface) is None:
            plural = re.search(r"\b[Tt]he\s+$", before) and _SAYS.match(after)
            return (MentionKind.STATE if plural else None), start
        if lexicon.states.exact(surface) is not None:
            return MentionKind.STATE, start
        if lexicon.firms.exact(surface) is not None or lexicon.coalitions.exact(surface) is not None or surface in lexicon.acronyms:
            return MentionKind.ORGANISATION, start
        if folded in lexicon.seats:
            return (MentionKind.PLACE if _PLACE_BEFORE.search(before) else MentionKind.STATE), start
        if all(fold(w) in lexicon.demonyms for w in re.split(r"[\s-]", surface) if w):
            return None, start
        if lexicon.head_of(surface):
            return MentionKind.ORGANISATION, start
        last = fold(words[-1]) if words else ""
        if last in _ORGANISATION_WORD or last.rstrip(".") in _LEGAL or fold(words[0]) in _ORGANISATION_WORD or "&" in words:
            return MentionKind.ORGANISATION, start
        if 1 < len(words) <= 4 and (
            words[0].split("-")[0] in lexicon.given
            or _SAID_BEFORE.search(before)
            or _AFTER_PERSON.match(after)
            or (_TITLE_BEFORE.search(before) and words[0][1:].islower())
            or re.fullmatch(r"(?:[A-Z]\.\s?)+[A-Z][\w’'-]+", surface)
        ):
            self._remember(words)
            return MentionKind.PERSON, start
        if len(words) == 1 and (
            re.search(r"\b(?:Mr|Mrs|Ms|Dr|Prof)\.?\s+$", before) or (_AFTER_PERSON.match(after) and _TITLE_BEFORE.search(before))
        ):
            self._remember(words)
            return MentionKind.PERSON, start
        if len(words) == 1 and words[0] in lexicon.given:
            return MentionKind.PERSON, start
        if _THING.search(surface) or _CONTINENT.fullmatch(surface) or _SEAT_OF.search(before):
            return MentionKind.PLACE, start
        return MentionKind.ORGANISATION, start

    def _remember(self, words: Sequence[str]) -> None:
        if words:
            self._people.add(fold(words[-1]))


def _text(words: Sequence[Token], start: int, end: int) -> str:
    return " ".join(w.text for w in words[start:end])


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
