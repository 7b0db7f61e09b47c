"""Words and their lists: how a sentence is cut into words, and what a capital, a title or an ending says of them.

Only spelling counts here; which words make a name is `names`' to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pipeline.detect.spans import Sentence, SentenceKind
from pipeline.text import fold

TOKEN = re.compile(
    r"(?:[A-Z]\.){2,}|(?:[A-Z]|Ste?|Mt|Mrs?|Ms|Dr|Prof)\.(?=\s[A-Z][^\W\d_])|[A-Za-z]\.[a-z]\.[A-Z]\.|[^\W_]+(?:(?:[-‑–.’'/]|\+(?=[^\W\d_]))[^\W_]+)*(?:\+(?!\w))?(?:['’](?=\s[A-Z]))?|[^\s]"
)
POSSESSIVE = re.compile(r"['’]s$")
LEGAL = frozenset(
    "inc inc. corp corp. corporation co co. company ltd ltd. limited plc llc llp ag sa s.a. nv n.v. se gmbh asa a/s as ab oy oyj spa "
    "s.p.a. bv b.v. lda lda. ltda kg kgaa s.l. sl pty (pty) kk k.k. sas sarl bhd pte".split()
)
LINKS = frozenset(
    "of for de da do del dei degli della delle dello di du des dos das la le les el van von der den zur zum für vom voor för dla za y e et "
    "und och og op ten ter al en à".split()
)
HEAD_LINKS = frozenset(["on", "against", "to", "in", "at", "with"])
ARTICLES = frozenset({"the", "la", "le", "les", "los", "las", "der", "die", "das", "l'"})
CALENDAR = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september october "
    "november december jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat gmt est cet utc".split()
)
TITLES = frozenset(
    "president minister chancellor king queen prince princess senator rep secretary commissioner chairman chairwoman chair "
    "chairperson ceo cfo cto coo director spokesman spokeswoman spokesperson governor mayor ambassador general colonel captain dr mr "
    "mrs ms prof professor sir lord lady pope bishop archbishop judge justice sheikh emir sultan premier deputy vice prime foreign "
    "finance trade energy chief executive analyst founder congressman congresswoman lawmaker leader head economist lawyer attorney".split()
)
PERSON_TITLES = frozenset(
    "mr mrs ms dr prof professor sir lord lady president chancellor senator pope king queen prince princess minister".split()
)
AFTER_PERSON = re.compile(
    r"\s*,\s*(?:who\b|\d{2}\s*,|(?:its|their|the|an?|his|her)?\s*(?:[\w’'-]+\s){0,4}?(?:chief|president|chair\w*|director|head|"
    r"minister|secretary|spokes\w+|analyst|"
    r"professor|economist|founder|officer|lawyer|partner|governor|mayor|ceo|cto|cfo|executive|manager|fellow|vice|researcher|"
    r"commissioner|senator|leader)\b)",
    re.I,
)
SAID_BEFORE = re.compile(r"(?:\bsaid|\bsays|\badded|\btold|\bexplained|\bwarned|\bargued|\bwrote|\basked|\bjoked)\s+(?:the\s)?$")
SPEAKING = frozenset("said says told asked warned argued wrote added mr mrs ms dr".split())
TITLE_BEFORE = re.compile(
    r"\b(?:spokes(?:man|woman|person)|analyst|lawyer|economist|chief executive|president|minister|secretary|chair(?:man|woman|"
    r"person)?|director|"
    r"ambassador|commissioner|professor|founder|boss|ceo|officer|lawmaker|governor|mayor|king|queen|leader)\s+$",
    re.I,
)
LISTED = re.compile(r"(?:,|,?\s+and|\s*&|;)\s+(?:the\s+)?")
PLACE_BEFORE = re.compile(r"\b(?:in|at|near|from|outside|around|across|to|through|over|via)\s+(?:the\s+)?$")
NUMBER_WORD = re.compile(r"(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[ -]\w+)?|hundreds?|thousands?|dozens?|scores")
CONTINENT = re.compile(
    r"(?:(?:North|South|Latin|Central|East|West|Western|Eastern|Southern|Northern)(?:ern)?\s)?(?:Europe|Asia|Africa|America|Americas|Pacific|Arctic|Antarctica)"
)
SEAT_OF = re.compile(r"\b(?:Inc|Corp|Ltd|Co|plc|AG|A/S|S\.A|GmbH|AB|AS|SE|N\.V|B\.V|LLC)\.?\sof\s(?:the\s)?$")
THING = re.compile(
    r"\b(?:Act|Bill|Law|Street|Avenue|Road|Prize|Award|Awards|Day|Week|Year|Summit|Cup|Games|Index|River|Sea|Ocean|Island|Islands|Mountains?|Valley|Airport|"
    r"Square|Hall|Hotel|Stadium|Palace|Programme|Report|Review|Code|Directive|Regulation|Standard)$"
)
"""Names of laws, places, days and prizes: they are members of nothing."""
ORGANISATION_WORD = frozenset(
    "university institute college bank ministry department agency company group holdings labs laboratory laboratories semiconductor "
    "systems technologies technology electric energy power foundation trust fund church party authority office school hospital clinic "
    "museum airlines airways motors motor pharma capital partners insurance reinsurance federation association union society council "
    "centre center academy polytechnic software networks telecom industries international bancorp media press times "
    "post news journal aerospace".split()
)
DESCRIPTORS = frozenset(
    "lender rival carrier chipmaker carmaker automaker insurer reinsurer retailer neighbour neighbor newcomer startup operator "
    "publisher brewer drugmaker utility supplier lawmaker member members signatory signatories founder founders both only even then "
    "now when while as after before since if but and or nor so yet also still not nobody everyone joining including like with from by "
    "at in on for to of into alongside among amid besides unlike despite without under within against between the a an its their our "
    "his her this that these those one two three four five six seven eight nine ten dozens today yesterday earlier last first later "
    "meanwhile however elsewhere there here where who what why how is are was were has have had will would can could may might should "
    "must did does do it he she they we you i neither either fellow because though although whether once until".split()
)
STARTERS = frozenset(
    "port church city town kingdom republic bank university institute college museum ministry diocese archdiocese order chamber bar "
    "school library archive house duchy principality sultanate emirate county canton province commune hospital confederation "
    "federation union league alliance association coalition company brothers sisters friends bread women mothers doctors teachers "
    "farmers".split()
)
"""Ordinary words that begin names before "of" and "for": "Port of Kobe", "Brothers of Italy", "Bread for the World"."""
TRADING = frozenset(
    "line lines trust group holding holdings systems technologies technology energy power electric pharma capital partners insurance "
    "airlines airways motors motor software networks telecom industries semiconductor laboratories labs steel aerospace shipping foods "
    "oil gas chemicals re records".split()
)
"""Last words of firms' names: what follows with "of" is where the firm is ("Maersk Line of Denmark")."""
PORTFOLIOS = frozenset(
    "affairs agriculture aviation business children climate commerce communications communities community competition construction "
    "consumer consumers cooperation culture customs defence defense development digital digitalisation ecology economics economy "
    "education employment energy enterprise environment environmental equality europe family fisheries fishing food foreign forestry "
    "forests foreigners health heritage home housing human immigration industries industry information infrastructure innovation "
    "integration interior international internet investment justice labor labour land lands livestock local maritime marine media "
    "migration mineral minerals mines mining nature natural oceans petroleum planning ports public railways regional religious research "
    "resources rural science sciences security services shipping skills social sport sports standards statistics strategy supply "
    "sustainability technology telecommunications tourism trade transition transport urban veterans waste water welfare women work "
    "works youth".split()
)
"""What ministries are for: their names list it ("the Ministry of Trade, Industry and Fisheries")."""
MINISTRIES = frozenset("ministry department directorate secretariat".split())
TRADES = frozenset(
    "workers employees engineers officers operators producers exporters importers manufacturers growers farmers traders dealers owners "
    "miners teachers nurses journalists professionals advisors advisers managers shippers carriers distributors retailers".split()
)
"""People of one trade: the last word of their unions' and federations' names ("the United Food and Commercial Workers")."""
CAMPUSES = frozenset(
    "berkeley davis irvine merced riverside los san santa urbana-champaign chicago springfield austin dallas arlington madison "
    "milwaukee ann dearborn amherst boston lowell chapel charlotte greensboro baltimore park boulder denver".split()
)
"""First words of the campus that follows a state university's name after a comma ("University of California, Berkeley")."""
HEADLINE_WORDS = frozenset(
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
ORGANS = frozenset("board committee secretariat presidency chair summit delegates members signatories".split())
"""Organs of a body and its people: "the Executive Board of the Kite Federation" is no name, the Kite Federation is."""
REGIONAL = frozenset(
    "european african asian american arab nordic baltic pacific atlantic caribbean eurasian mediterranean transatlantic".split()
)
WORLDWIDE = frozenset("world international global".split()) | REGIONAL
"""What a body that has no place in its name begins with: the town behind it is where it sits."""
SUBJECTS = frozenset(
    "climate change trade peace defence defense customs monetary nuclear fisheries fishing gas oil arms border power-sharing".split()
)
"""What a text in lower case is about: "the Paris climate agreement", "the Iran nuclear accord"."""
ADOPTS = frozenset(
    "adopt adopts adopted adopting join joins joined joining enter enters entered entering leave leaves left leaving quit quits use uses "
    "using in into rejected reject introduce introduced introduces take took taking".split()
)
SWITCHES = frozenset("over switch switched switches switching convert converted changeover conversion move moved accession".split())
AFTER_ADOPTED = frozenset("and on in at by as but when after before from next this or if since with who that which only than".split())
LONGEST_PHRASE = 14
"""Words of the longest known name that is looked for."""
LOWER_HEADS = frozenset(
    "protocol treaty convention accord accords pact charter declaration coalition alliance bloc union zone commonwealth "
    "compact pledge network scheme grouping forum league".split()
)
NO_NAMES = frozenset(
    "ai it ict iot ceo cfo cto coo ngo ngos gdp co2 esg r&d pr hr tv ipo faq q&a ok am pm ad bc id url pdf usd eur gbp vat iso eds "
    "ends phd mp mps mep meps gpu gpus cpu cpus api apis b2b 5g 4g 6g 3g ev evs llm llms agm".split()
)
"""Acronyms of things that nobody is a member of."""
DIGITS_FIRST = re.compile(r"\d+(?!(?:nth|min|mins|hrs|mln|bln|bps|pts|fold|odd|ish|year|gbp|usd|eur|[kmgt]wh?|[kmgt]hz|sqm)$)[a-z]{3,}")
"""Names of digits and lower-case letters ("60plus", "611tel"); measures are none."""
NUMBERED_END = re.compile(r"\s*(?:$|[,.;:)’']|(?:and|or|is|was|has|had|will|said|says|joined|left|quit|signed|are|were)\b)")
DOMAIN = re.compile(r"[a-z][a-z0-9-]*\.(?:io|ai|dev|app|studio|haus)")
"""Names that are written as an address ("bark.ai"); other endings are too often addresses."""
PREFIXED = re.compile(r"(?:ex|pro|anti|non|mid|post|pre|then|former|intra|trans|sub|self|co)-[A-Z]")
COMPOUND = re.compile(r"-(?:led|based|backed|sponsored|run|listed|owned|born|brokered|wide|sized|made|style|era|dominated|controlled)$")
LOWER_ENTRY = re.compile(r",\s+(?:the\s(?:[a-z-]+\s){1,3})?(?P<name>[a-z][\w•.-]{3,})(?:,|,?\s+and)\s+(?:the\s(?:[a-z-]+\s){1,3})?")
CITY_WORD = re.compile(r"\b(?:cit(?:y|ies)|mayors?|municipalit(?:y|ies)|towns?|boroughs?|town halls?|ports)\b", re.I)
CITIES_NAME = re.compile(r"\b(?:Cities|Mayors|Towns|Municipalities|Metropolises|Ports|Boroughs)\b")
MANY_CITY_WORDS = 3
"""Words for cities in an article whose members are cities: there a capital stands for itself and not for its state."""
LOWER = frozenset("abcdefghijklmnopqrstuvwxyz")
VERBS = frozenset("was is has had said says will would left joined signed quit and".split())
SAYS = re.compile(r"\s+(?:said|say|have|had|has|are|were|will|would|joined|left|quit|want\w*|did|do|signed)\b")
ROSTER_END = re.compile(
    r"\s+[–—]\s+|\s+--?\s+|\s\((?!Pty\b|Pvt\b|Private\b)|:\s|,?\s+represented\b|,?\s+which\b|,?\s+whose\b|,\s+(?=[a-z])|,\s+(?=\d{1,2}\s[A-Z][a-z]+\s\d{4})"
)
ROSTER_LABEL = re.compile(r"(?P<label>[^:;|–—]{1,60}?)(?:(?P<mark>:)|\s[|–—])\s+(?=\S)")
"""What stands before a roster's names: "Japan: …", "Banks | …", "Austria – …"."""
JOINED_LAST = re.compile(r"and(?:,[^,;]{1,40},)?\s+")
DESCRIBED = re.compile(r"(?:(?!of\b|and\b|for\b)[a-z-]+\s){1,3}(?=[A-Z])")
LAST_LOWER = re.compile(r"(?:,|\sand|&)\s+(?P<name>[a-z][\w-]{4,})\s*[.;]?\s*$")
KINDS_OF_STATE = frozenset("member partner participating observer contracting founding signatory candidate third host".split())
"""What treaties call the states in and around them: "the Participating States" bear no name."""
MOST_LOWER = 3
"""Ordinary words of an entry in a roster: more make prose."""
ROSTER_PART = re.compile(r"\s*(?:;|\s·\s|\s\|\s|\s•\s)\s*")
YEAR_LAST = re.compile(r"(?<=\w),?\s+(?:1[89]|20)\d\d$")
"""The year behind a roster's name, since when it is in."""
PRONOUNS = frozenset("We They It I You He She".split())


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
    for match in TOKEN.finditer(text):
        word, start = match.group(), match.start()
        possessive = POSSESSIVE.search(word)
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

    >>> is_capital("eVax"), is_capital("vaccine"), is_capital("2024"), is_capital("9Rivers"), is_capital("60plus"), is_capital("20th")
    (True, False, False, True, True, False)
    """
    return (any(c.isupper() for c in word) or bool(DOMAIN.fullmatch(word) or DIGITS_FIRST.fullmatch(word))) and not PREFIXED.match(word)


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
    alone: frozenset[str]
    """Runs of two and more capitalised words that nothing goes on with, folded: names that need no "of" after them."""


def usage_of(sentences: Sequence[Sentence]) -> Usage:
    """Counts the words that stand capitalised in the middle of a sentence, and those in lower case."""
    capital: set[str] = set()
    lower: set[str] = set()
    alone: set[str] = set()
    for sentence in sentences:
        if sentence.kind is SentenceKind.HEADLINE or is_title_case(sentence.text):
            continue
        opening = True
        words = tokens(sentence.text)
        alone |= set(_runs(words))
        for token in words:
            if not token.text[0].isalnum():
                opening = opening or token.text in '“"‘:('
                continue
            if not is_capital(token.text):
                lower.add(token.folded)
            elif not opening:
                capital.add(token.folded)
            opening = False
    return Usage(frozenset(capital), frozenset(lower), frozenset(alone))


def _runs(words: Sequence[Token]) -> Iterator[str]:
    start = None
    for at, word in enumerate((*words, None)):
        if word is not None and word.text[0].isalnum() and is_capital(word.text) and word.folded not in CALENDAR:
            start = at if start is None else start
            continue
        if start is not None and at - start > 1 and (word is None or word.text not in LINKS | HEAD_LINKS | {"&", "and"}):
            yield " ".join(w.folded for w in words[start:at])
        start = None


def text_of(words: Sequence[Token], start: int, end: int) -> str:
    """The words from `start` on, up to `end`, as a text."""
    return " ".join(w.text for w in words[start:end])
