"""Claims → statements: whose names they are.

A name becomes a party by what is known of its spelling (`Identities`) and by what the article itself says of it (the claim's
aliases). Likeness alone never makes two names one: it takes an equal spelling once case, accents and legal forms are gone, a
known alias, or an alias that the article gives. An acronym that could be several bodies is nobody's until the article spells
it out. A short form of a member holds within its coalition only: "Brazil" is a handball federation among federations.

Nothing is read from files here: the loaders take text. `resolve` changes nothing; what it learned is handed back.
"""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime

from pipeline.model import (
    COALITION_EVENTS,
    KEY,
    KEY_WITHIN,
    Calling,
    Claim,
    Event,
    Evidence,
    KnownName,
    Lesson,
    Naming,
    Party,
    Skipped,
    Statement,
    Status,
    Watched,
)
from pipeline.text import fold

CONFIG, GAZETTEER, STATES, COMPANIES, IGOS = "config", "gazetteer", "states", "companies", "igos"
"""Where a spelling is known from; any other source is the address of the article that taught it."""

COALITION, ACRONYM, MEMBER, STATE, SPEAKER = "coalition", "coalition acronym", "member", "state", "state speaker"
"""Kinds of spelling. A speaker is a capital, a seat of government or the people: it stands for a state among states only."""
_FULL = frozenset({MEMBER, STATE, COALITION})
"""Kinds of name that stay the same name without legal forms and styles of states."""
DEMONYM = "demonym"
"""Kind of what stands for a state before a word for its government alone: "the Norwegian authorities"."""
WITHIN = "within:"
"""Kind of a short form that stands for a member in one coalition alone; the coalition's key follows."""

_LONGEST_FORM = 6
_LONGEST_WORDS = 500
_SENTENCES = re.compile(r"(?<=[.!?])\s+(?=[A-Z\d“\"‘'])|\n+")
_TIER = {CONFIG: 0, GAZETTEER: 2, STATES: 3, COMPANIES: 3, IGOS: 4}
_LEARNED = 1
_FORMER = "former:"
_WITHDRAWN_CODES = frozenset({"SUN", "YUG", "SCG", "CSK", "DDR", "ZAR", "VDR", "YMD", "RHO", "ANT", "PCI"})
"""Codes of states that are no more (ISO 3166-3): their capital speaks for who is there today."""
_CITIES = re.compile(r"\b(?:cit(?:y|ies)|mayors?|municipal\w*|towns?|capitals?|metropol\w*|urban)\b", re.I)
_INTO = re.compile(
    r"\binto\b|\b(?:absorbed|swallowed|taken over) by\b|\b(?:become|becomes|became|becoming|be) part of\b"
    r"|\bto (?:form|create|make|found|become)\b",
    re.I,
)
"""Words after which a merger names the body that goes on; "merged with" says it of neither."""
_ABSORBS = re.compile(r"\b(?:absorb(?:s|ed)?|swallow(?:s|ed)?|takes? over|took over|has taken over)\b", re.I)
"""Words before which that body stands."""
_MERGER = re.compile(r"\bmerg(?:e|es|ed|er|ing)\b|\bfusion\b", re.I)
_CAPITALS = re.compile(r"[A-Z][\w&.'’+-]*(?:(?: (?:of|for|on|and|the|in))* [A-Z][\w&.'’+-]*)*")
_ACRONYM_OF = re.compile(r"(?P<name>.+?)\s*\((?P<acronym>[^()]{2,15})\)")


@dataclass(frozen=True, slots=True)
class Forms:
    """Words around a name that do not tell two bodies apart. Each form is a tuple of folded words."""

    legal: frozenset[tuple[str, ...]] = frozenset()
    before: frozenset[tuple[str, ...]] = frozenset()
    group: frozenset[tuple[str, ...]] = frozenset()
    state: frozenset[tuple[str, ...]] = frozenset()
    office: frozenset[tuple[str, ...]] = frozenset()
    government: frozenset[tuple[str, ...]] = frozenset()
    vague: frozenset[str] = frozenset()

    def bare(self, name: str) -> str:
        """Folds a name and takes legal forms, "Group" and a state's style off it, as long as something is left.

        >>> forms = forms_from("[legal]\\nplc\\nco\\n[group]\\ngroup\\n[state]\\nisle of")
        >>> forms.bare("Kirkwall & Rowe plc"), forms.bare("Isle of Grimsay"), forms.bare("Group"), forms.bare("Harl & Co.")
        ('kirkwall and rowe', 'grimsay', 'group', 'harl')
        """
        words = tuple(fold(name).split())
        words = _without_first(words, self.office)
        words = _without_first(words, self.state)
        words = _without_first(words, self.before)
        shorter = _without_last(words, self.legal)
        while shorter != words:
            words, shorter = shorter, _without_last(shorter, self.legal)
        return " ".join(_without_last(words, self.group))


def forms_from(text: str, heads: str = "") -> Forms:
    """Reads the sections of `name-forms.txt`; the first words of the lines of `heads.txt` make references, not names."""
    sections: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    section = ""
    for line in _lines(text):
        if line.startswith("["):
            section = line.strip("[]")
        else:
            sections[section].append(tuple(fold(f"x {line}").split()[1:]))  # alone, the "A" of "A/S" would be an article
    vague = {words[0] for words in sections["vague"]} | {line.split()[0] for line in _lines(heads)}
    return Forms(
        legal=frozenset(sections["legal"]),
        before=frozenset(sections["before"]),
        group=frozenset(sections["group"]),
        state=frozenset(sections["state"]),
        office=frozenset(sections["office"]),
        government=frozenset(sections["government"]),
        vague=frozenset(vague),
    )


def known_from_watch(watched: Iterable[Watched]) -> tuple[KnownName, ...]:
    """Gives the spellings of the configured watch list; its names are what the bodies are called everywhere."""
    return tuple(
        KnownName(spelling, Party(fold(body.name), body.name), COALITION, CONFIG)
        for body in watched
        for spelling in dict.fromkeys((body.name, *body.aliases))
    )


def known_from_gazetteer(text: str) -> tuple[KnownName, ...]:
    """Gives the spellings of `gazetteer-coalitions.csv`: names, acronyms, aliases and former names."""
    names: list[KnownName] = []
    for row in _rows(text):
        party = Party(fold(row["name"]), row["name"])
        names.append(KnownName(row["name"], party, COALITION, GAZETTEER))
        names += [KnownName(a, party, ACRONYM, GAZETTEER) for a in _listed(row["acronym"])]
        for alias in _listed(row["aliases"]):
            names.append(KnownName(alias, party, ACRONYM if is_acronym(alias) else COALITION, GAZETTEER))
    return tuple(names)


def known_from_igos(text: str) -> tuple[KnownName, ...]:
    """Gives the names and acronyms of `igos.csv`, each name before its acronyms; a name's own "(ACRONYM)" is taken off it."""
    names: list[KnownName] = []
    for row in _rows(text):
        found = _ACRONYM_OF.fullmatch(row["name"])
        name = found["name"] if found else row["name"]
        party = Party(fold(name), name)
        names.append(KnownName(name, party, COALITION, IGOS))
        names += [KnownName(a, party, ACRONYM, IGOS) for a in dict.fromkeys((row["acronym"], found["acronym"] if found else "")) if a]
    return tuple(names)


def known_from_states(text: str) -> tuple[KnownName, ...]:
    """Gives the names of `states.csv`, keyed by ISO 3166-1 code, and who speaks for them: capitals, seats, peoples."""
    names: list[KnownName] = []
    speakers: dict[str, list[KnownName]] = defaultdict(list)
    demonyms: dict[str, list[KnownName]] = defaultdict(list)
    for row in _rows(text):
        gone = not row["iso3"] or row["iso3"] in _WITHDRAWN_CODES
        party = Party(f"state:{row['iso3'] or fold(row['name'])}", row["name"])
        names += [KnownName(n, party, STATE, STATES) for n in dict.fromkeys((row["name"], *_listed(row["aliases"])))]
        for spelling in dict.fromkeys(_listed(row["demonyms"])):
            if not (gone and demonyms[fold(spelling)]):
                demonyms[fold(spelling)].append(KnownName(spelling, party, DEMONYM, STATES))
        for spelling in dict.fromkeys((*_listed(row["government_metonyms"]), row["capital"], *_listed(row["nationals"]))):
            if spelling and not (gone and speakers[fold(spelling)]):
                speakers[fold(spelling)].append(KnownName(spelling, party, SPEAKER, STATES))
    return (*names, *(name for several in (*speakers.values(), *demonyms.values()) for name in several))


def places_from(text: str) -> frozenset[str]:
    """Gives the folded words of `states.csv` that name a state, its people or its capital; short and little words are left out.

    >>> sorted(places_from("name,demonyms,nationals,capital,aliases\\nIsle of Grimsay,Grimsayan,Grimsayans,Stromholm,"))
    ['grimsay', 'grimsayan', 'grimsayans', 'isle', 'stromholm']
    """
    columns = ("name", "demonyms", "nationals", "capital", "aliases")
    words = (word for row in _rows(text) for c in columns for name in _listed(row[c]) for word in fold(name).split())
    return frozenset(word for word in words if len(word) > 3)


def known_from_companies(text: str) -> tuple[KnownName, ...]:
    """Gives the names, short forms and former names of `companies.csv`."""
    return tuple(
        KnownName(spelling, Party(fold(row["name"]), row["name"]), MEMBER, COMPANIES)
        for row in _rows(text)
        for spelling in dict.fromkeys((row["name"], *_listed(row["aliases"])))
    )


class Identities:
    """What is known of spellings. The configured watch list goes before what articles taught, then gazetteer, states, companies.

    A body that the watch list names and the gazetteer (or an article) knows too keeps the older key, under the configured name.
    """

    def __init__(self, known: Iterable[KnownName], forms: Forms | None = None) -> None:
        self.forms = forms or Forms()
        self._by_spelling: dict[str, list[KnownName]] = defaultdict(list)
        # Members that articles call by a name of their own, by its folded form: most of all that a store learns, in a third of the memory.
        self._plain: dict[str, str] = {}
        self._by_bare: dict[str, list[KnownName]] = defaultdict(list)  # but for those, most of them, that are spelled so
        self._called: dict[str, tuple[int, str]] = {}
        self._defined: set[tuple[str, str, str]] = set()
        self._roots: Mapping[str, str] = {}
        self._apart: Set[tuple[str, str]] = frozenset()
        known = tuple(known)
        self.learn(name for name in known if name.source != CONFIG)
        configured: dict[str, list[KnownName]] = defaultdict(list)
        for name in known:
            if name.source == CONFIG:
                configured[name.party.key].append(name)
        for names in configured.values():
            older = next(filter(None, (self.coalition(name.spelling) for name in names)), None)
            self.learn(replace(name, party=Party(older.key, name.party.name)) if older else name for name in names)

    def learn(self, names: Iterable[KnownName], unlearned: Iterable[KnownName] = ()) -> None:
        """Takes in more spellings, those that `resolve` handed back among them; a spelling known of the party already is left.

        What is `unlearned` is let go first, as far as an article taught it."""
        for name in unlearned:
            self._forget(name)
        for name in names:
            if name.kind == KEY or name.kind.startswith(KEY_WITHIN):
                self._defined.add((name.spelling, name.party.key, name.kind))
                continue  # heeded by `rule`, which knows what people say to it
            spelling = fold(name.spelling)
            entries = self._entries(spelling)
            if any(e.party.key == name.party.key and e.kind == name.kind and _tier(e) <= _tier(name) for e in entries):
                continue
            if not entries and name.party.key not in self._called and name == _plain(spelling, name.spelling, name.source):
                self._plain[spelling] = name.spelling
            else:
                self._by_spelling[spelling].append(name)
                self._call(name)
            if name.kind in _FULL and (bare := self.forms.bare(name.spelling)) != spelling:
                self._by_bare[bare].append(name)

    def _call(self, name: KnownName) -> None:
        rank = _tier(name)
        if rank <= self._called.get(name.party.key, (9, ""))[0]:
            self._called[name.party.key] = (rank, name.party.name)

    def _entries(self, spelling: str) -> list[KnownName]:
        """What is known of a folded spelling, in the order of learning."""
        known = self._by_spelling.get(spelling, [])
        return [_plain(spelling, self._plain[spelling]), *known] if spelling in self._plain else known

    def _forget(self, name: KnownName) -> None:
        self._defined.discard((name.spelling, name.party.key, name.kind))
        if (name.kind, name.party.key) == (MEMBER, fold(name.spelling)):
            self._plain.pop(name.party.key, None)
        for index, spelling in ((self._by_spelling, fold(name.spelling)), (self._by_bare, self.forms.bare(name.spelling))):
            if spelling in index:
                index[spelling] = [
                    e
                    for e in index[spelling]
                    if (fold(e.spelling), e.party.key, e.kind) != (fold(name.spelling), name.party.key, name.kind) or _tier(e) != _LEARNED
                ]

    def rule(self, roots: Mapping[str, str], apart: Iterable[tuple[str, str]] = ()) -> None:
        """Heeds what people decided, and what renamings say, in place of what was heeded before.

        `roots` are the keys of parties that count as another one: a spelling that only such parties share is not ambiguous.
        `apart` are a party's key and a folded spelling that is not its own.
        """
        self._roots, self._apart = dict(roots), frozenset(apart)

    def root(self, key: str) -> str:
        """The key of the party that a party counts as: its own, for most."""
        return self._roots.get(key, key)

    def spelled(self, name: str) -> tuple[KnownName, ...]:
        """Everything that is known of one spelling."""
        spelling = fold(name)
        entries = self._entries(spelling)
        return tuple(e for e in entries if (e.party.key, spelling) not in self._apart) if self._apart else tuple(entries)

    def coalition(self, name: str) -> Party | None:
        """Gives the coalition that a spelling stands for: by its name or alias, or by an acronym that only one body has.

        >>> names = known_from_gazetteer("name,acronym,aliases\\nKelp Charter,KC,\\nMoss Forum,MF,\\nMint Forum,MF,")
        >>> Identities(names).coalition("the KELP CHARTER").key, Identities(names).coalition("MF")
        ('kelp charter', None)
        """
        entries = self.spelled(name)
        names = [e for e in entries if e.kind == COALITION]
        found = self._best(names) or (self._best([e for e in entries if e.kind == ACRONYM]) if not names else None)
        return found.party if found else None

    def _best(self, entries: Sequence[KnownName]) -> KnownName | None:
        """The one party that the best source among the entries knows; None where that source knows several."""
        if not entries:
            return None
        best = min(map(_tier, entries))
        top = [e for e in entries if _tier(e) == best]
        return top[-1] if len({self.root(e.party.key) for e in top}) == 1 else None

    def called(self, key: str, otherwise: str) -> str:
        """The name that a party goes by, where it is known."""
        return self._called.get(key, (9, self._plain.get(key, otherwise)))[1]

    def listed_as(self, key: str) -> str:
        """The name that the configuration or our lists give a party; empty where it has its name from articles."""
        rank, name = self._called.get(key, (_LEARNED, ""))
        return "" if rank == _LEARNED else name

    def configured(self, key: str) -> bool:
        """Whether the watch list gives this party its name."""
        return self._called.get(key, (9, ""))[0] == _TIER[CONFIG]

    def member(self, name: str, coalition: Party | None = None, *, among_states: bool = False) -> KnownName | None:
        """Gives what a spelling is known as when it names a member of a coalition.

        A short form that this coalition's articles taught goes first. Capitals, seats and peoples stand for a state only
        `among_states`.
        """
        entries = self.spelled(name)
        if coalition:
            own = self._best([e for e in entries if self.is_within(e, coalition)])
            if own:
                return own
        exact = [e for e in entries if not e.kind.startswith(WITHIN) and e.kind != DEMONYM]
        kinds = [{MEMBER, STATE, COALITION}, {ACRONYM}]
        if among_states:
            kinds.insert(1, {SPEAKER})
        for wanted in kinds:
            found = self._best([e for e in exact if e.kind in wanted])
            if found:
                return found
        if any(e.kind == SPEAKER for e in exact):
            return None
        if government := self._government(name):
            return government
        bare = self.forms.bare(name)
        alike = [
            e
            for e in (*self._entries(bare), *self._by_bare.get(bare, ()))
            if e.kind in _FULL and not (self._apart and {(e.party.key, bare), (e.party.key, fold(name))} & self._apart)
        ]
        spelled = [e for e in self.spelled(bare) if e.kind not in {DEMONYM, SPEAKER}] if bare != fold(name) else []
        return self._best(alike) or self._best(spelled)

    def _government(self, name: str) -> KnownName | None:
        """Gives the state whose government is named by its people, or by itself: "the Norwegian government", "US authorities"."""
        words = tuple(fold(name).split())
        whose = " ".join(_without_last(words, self.forms.government))
        named = [e for e in self.spelled(whose) if e.kind in {DEMONYM, STATE}] if whose != " ".join(words) else []
        found = self._best(named)
        return replace(found, kind=SPEAKER) if found else None

    def defines(self, name: KnownName) -> bool:
        """Whether an article has defined a key in this way before."""
        return (name.spelling, name.party.key, name.kind) in self._defined

    def listed(self, key: str) -> bool:
        """Whether a body is known from the configuration or from our lists under the name that is its key."""
        return any(e.party.key == key and e.source in _TIER for e in self._by_spelling.get(key, ()))

    def is_within(self, name: KnownName, coalition: Party) -> bool:
        """Whether a spelling is a short form that holds in this coalition."""
        return name.kind.startswith(WITHIN) and self.root(name.kind.removeprefix(WITHIN)) == self.root(coalition.key)


def is_acronym(name: str) -> bool:
    """Whether a name looks like an acronym: one short word, more than half of whose letters are capitals.

    >>> [is_acronym(n) for n in ("IBHU", "C2PA", "CoSAI", "OPEC+", "eVax", "Lantern", "AI Pact")]
    [True, True, True, True, False, False, False]
    """
    letters = [c for c in name if c.isalpha()]
    capitals = sum(c.isupper() for c in letters)
    return " " not in name.strip() and 2 <= len(name.strip()) <= 10 and capitals >= 2 and capitals * 2 > len(letters)


@dataclass(frozen=True, slots=True)
class Resolved:
    """A claim and what it states. `other_name` is the former name of a coalition that was renamed, `successor` the body that one was
    merged into; that one is itself where another was merged into it."""

    claim: Claim
    statement: Statement
    other_name: str = ""
    successor: Party | None = None


@dataclass(frozen=True, slots=True)
class Resolution:
    """What one article states, the spellings it taught, the claims that were left out, and the names by which it calls the parties.

    `lessons` are the definitions that it holds, those that were known before among them."""

    statements: tuple[Resolved, ...]
    learned: tuple[KnownName, ...]
    skipped: tuple[Skipped, ...] = ()
    callings: tuple[Calling, ...] = ()
    lessons: tuple[Lesson, ...] = ()


def resolve(claims: Sequence[Claim], identities: Identities, source: str = "") -> Resolution:
    """Gives the statements of ONE article's claims; `source` is its address, for the spellings that it teaches.

    A party keeps the name that the article calls it, unless the watch list names it or the article only named a capital, a
    people or initials of a state. Claims that state the same are one, the surest of them.
    """
    reading = _Reading(claims, identities, source)
    best: dict[str, Resolved] = {}
    skipped: list[Skipped] = []
    for claim in claims:
        coalition = reading.coalition(claim)
        member = reading.member(claim, coalition) if claim.member and claim.event not in COALITION_EVENTS else None
        if member and identities.root(member.key) == identities.root(coalition.key):
            skipped.append(Skipped(f"{claim.member} in {claim.coalition}", "a coalition is no member of itself"))
            continue
        if member is None and claim.event not in COALITION_EVENTS:
            skipped.append(Skipped(f"{claim.event} in {claim.coalition}", "names no member"))
            continue
        statement = Statement(coalition, member, claim.event, claim.status, claim.date)
        kept = best.get(statement.key)
        if kept is None or claim.confidence > kept.claim.confidence:
            into = reading.merged_into(claim)
            best[statement.key] = Resolved(claim, statement, into.name if into else reading.former_name(claim), into)
    renamed = (
        Calling(replace(r.statement.coalition, name=r.claim.coalition), Naming.RENAMED, r.statement.date)
        for r in best.values()
        if (r.statement.event, r.statement.status) == (Event.RENAMED, Status.COMPLETED)
    )
    return Resolution(
        tuple(best.values()),
        tuple(reading.learned),
        tuple(skipped),
        tuple(dict.fromkeys((*reading.callings, *renamed))),
        tuple(reading.lessons.values()),
    )


def in_words(lessons: Sequence[Lesson], *texts: str) -> tuple[Lesson, ...]:
    """Gives lessons with the words of the article in which they stand: the sentence that has the name and its fuller one, else the
    first that has the name.

    >>> lesson = Lesson(KnownName("ZPA", Party("zonal pear alliance", "Zonal Pear Alliance")), "ZPA")
    >>> in_words([lesson], "ZPA grows", "It grew. The Zonal Pear Alliance (ZPA) said so. ZPA has nine members.")[0].words
    'The Zonal Pear Alliance (ZPA) said so.'
    """
    sentences = [s.strip() for text in texts for s in _SENTENCES.split(text) if s.strip()] if lessons else []

    def words_of(lesson: Lesson) -> str:
        short, full = fold(lesson.said), fold(lesson.name.party.name)
        said = [s for s in sentences if lesson.said in s] or [s for s in sentences if short in fold(s)]
        both = (s for s in said if short != full and full in fold(s))
        return next(both, said[0] if said else "")[:_LONGEST_WORDS]

    return tuple(replace(lesson, words=words_of(lesson)) for lesson in lessons)


def parties_of(
    claims: Sequence[Claim], identities: Identities, source: str = ""
) -> tuple[tuple[tuple[Party, Party], ...], tuple[KnownName, ...]]:
    """Gives coalition and member of each claim about a member, in the order of the claims, and what was learned from their names.

    Unlike `resolve` it keeps every claim, two that state the same among them: a list of members is weighed as a whole.
    """
    reading = _Reading(claims, identities, source)
    named = tuple((coalition := reading.coalition(claim), reading.member(claim, coalition)) for claim in claims)
    return named, tuple(reading.learned)


def witness(
    resolved: Resolved,
    *,
    article: str,
    publisher: str,
    story: str,
    detector: str,
    seen: datetime,
    published: datetime | None = None,
    owner: str = "",
) -> Evidence:
    """Gives the evidence for a statement in the words of its article, first and last seen at `seen`."""
    claim = resolved.claim
    return Evidence(
        statement=resolved.statement,
        article=article,
        publisher=publisher,
        story=story,
        quote=claim.quote.words,
        confidence=claim.confidence,
        detector=detector,
        first_seen=seen,
        last_seen=seen,
        published=published,
        role=claim.role,
        other_name=resolved.other_name,
        coalition_said=claim.coalition,
        member_said=claim.member or "",
        owner=owner,
        successor=resolved.successor,
    )


class _Reading:
    """One article's names: which of its coalitions are one, and who its members are."""

    def __init__(self, claims: Sequence[Claim], identities: Identities, source: str) -> None:
        self.identities, self.forms, self.source = identities, identities.forms, source
        self.learned: list[KnownName] = []
        self.lessons: dict[tuple[str, str, str], Lesson] = {}
        self.callings: list[Calling] = []
        self._taught: set[tuple[str, str, str]] = set()
        self._coalitions: dict[str, Party] = {}
        self._claims = claims
        self._renamed = {
            fold(n) for c in claims if c.event is Event.RENAMED for n in (c.coalition, self.former_name(c)) if not is_acronym(n)
        }
        for names, renamed in self._bodies(claims):
            party = self._identify(names, renamed)
            self._coalitions |= {fold(name): party for name in names}
        self._states = {
            self.coalition(claim).key
            for claim in claims
            if claim.member and (known := identities.member(claim.member)) and known.kind == STATE and not _CITIES.search(claim.coalition)
        }
        self._members: dict[tuple[str, str], Party] = {}
        self._read_members(claims)

    def coalition(self, claim: Claim) -> Party:
        return self._coalitions[fold(claim.coalition)]

    def member(self, claim: Claim, coalition: Party) -> Party:
        assert claim.member is not None
        return self._members[(coalition.key, fold(claim.member))]

    def former_name(self, claim: Claim) -> str:
        if claim.event is not Event.RENAMED:
            return ""
        return next((a for a in claim.coalition_aliases if self._is_name(a) and not is_acronym(a)), "")

    def merged_into(self, claim: Claim) -> Party | None:
        """The body that goes on after a merger: the one that the words name as such, else the one that was formed by it."""
        if claim.event is not Event.MERGED or claim.status is Status.DENIED:
            return None
        words = claim.quote.words
        if found := _INTO.search(words):
            named = self._first_named(words[found.end() :])
            if named:
                return named
        if (found := _ABSORBS.search(words)) and (named := self._first_named(words[: found.start()])):
            return named
        merging = {self.coalition(c).key: c for c in self._claims if c.event is Event.MERGED}
        formed = {
            body.key: body
            for c in self._claims
            if c.event is Event.FORMED and c.status is not Status.DENIED and (body := self.coalition(c)).key not in merging
            if (c.date and c.date == claim.date) or _MERGER.search(c.quote.words) or self._first_named(words, {body.key})
        }
        return next(iter(formed.values())) if len(formed) == 1 else None

    def _first_named(self, words: str, among: Set[str] | None = None) -> Party | None:
        """The coalition of the article that is named first in some words, by a name or as "the Compact"; else one that is known."""
        text = f" {fold(f'x {words}')} "  # alone, the article at the beginning would go
        places: list[tuple[int, int, str]] = []
        spoken = {name: party for name, party in self._coalitions.items() if among is None or party.key in among}
        heads: dict[str, set[str]] = defaultdict(set)
        for name, party in spoken.items():
            heads[name.split()[-1]].add(party.key)
        for name in spoken:
            if (at := text.find(f" {name} ")) >= 0:
                places.append((at, -len(name), name))
            head = name.split()[-1]
            if len(heads[head]) == 1 and (at := text.find(f" the {head} ")) >= 0:
                places.append((at, -len(head), name))
        if places:
            return spoken[min(places)[2]]
        known = (self.identities.coalition(name) for name in _CAPITALS.findall(words)) if among is None else ()
        return next(filter(None, known), None)

    def _bodies(self, claims: Sequence[Claim]) -> list[tuple[list[str], bool]]:
        """Groups of names that the article uses for one coalition each, the name that claims carry first.

        References ("the alliance") join nothing: two bodies of one article may share them.
        """
        bodies: list[tuple[list[str], bool]] = []
        for claim in claims:
            names = list(dict.fromkeys((claim.coalition, *(a for a in claim.coalition_aliases if self._is_name(a)))))
            renamed = claim.event is Event.RENAMED
            apart: list[tuple[list[str], bool]] = []
            folded = {fold(n) for n in names}
            for others, was_renamed in bodies:
                if folded & {fold(n) for n in others}:
                    names = list(dict.fromkeys((*others, *names)))
                    folded |= {fold(n) for n in others}
                    renamed = renamed or was_renamed
                else:
                    apart.append((others, was_renamed))
            bodies = [*apart, (names, renamed)]
        mains = {fold(claim.coalition) for claim in claims}
        return [
            (sorted(names, key=lambda n: (fold(n) not in mains, is_acronym(n), -len(fold(n)), fold(n))), renamed)
            for names, renamed in bodies
        ]

    def _identify(self, names: Sequence[str], renamed: bool) -> Party:
        """Finds the one coalition behind the names, or founds it, and teaches the names that others may rely on."""
        main = names[0]
        known = {name: party for name in names if (party := self.identities.coalition(name))}
        if renamed:
            known = {n: p for n, p in known.items() if n != main} or known
        trusted = [name for name in names if name in known and self._may_decide(name, main, known[name], renamed)]
        key = known[trusted[0]].key if trusted else fold(main)
        full = [n for n in names if not is_acronym(n)]
        canonical = self.identities.called(key, "")
        if not self.identities.configured(key) and (renamed or not canonical or (is_acronym(canonical) and full)):
            canonical = full[0] if full else main
        party = Party(key, canonical)
        if self.identities.configured(key):
            self.callings.append(Calling(party, Naming.CONFIG))
        else:
            fuller = [n for n in full if is_acronym(main) and _short_for(main, [n])]
            self.callings += [Calling(Party(key, name)) for name in (main, *fuller[:1])]
        if not trusted and is_acronym(main) and self.identities.spelled(main):
            return party  # initials that could be several bodies' teach nothing
        for name in names:
            if name == main or renamed or _short_for(name, [n for n in (*full, canonical) if n != name]):
                self._define(name, party, tied=len(names) > 1)
                kind = ACRONYM if is_acronym(name) else COALITION
                if name != main or party.key in {fold(n) for n in names[1:]}:
                    self._say(KnownName(name, party, kind, self.source), name)
                self._teach(name, party, kind)
        return party if self.identities.configured(key) else Party(key, main)

    def _may_decide(self, name: str, main: str, party: Party, renamed: bool) -> bool:
        """An acronym says who a body is only where the article has no full name for it, or one that fits what is known.

        "Oslo Drone Accord (ODA)" is not the Orphan Data Alliance.
        """
        if name == main or renamed or not is_acronym(name):
            return True
        return is_acronym(main) or _short_for(main, [party.name]) or _short_for(party.name, [main])

    def _read_members(self, claims: Sequence[Claim]) -> None:
        for claim in claims:
            if not claim.member or claim.event in COALITION_EVENTS:
                continue
            coalition = self.coalition(claim)
            place = (coalition.key, fold(claim.member))
            if place in self._members:
                continue
            party = self._member(claim.member, claim.member_aliases, coalition)
            self._members[place] = party
            for alias in claim.member_aliases:
                if self.forms.bare(alias) != self.forms.bare(claim.member):
                    self._define_within(alias, party, coalition)
                    named = replace(party, name=self.identities.called(party.key, party.name))
                    self._say(KnownName(alias, named, WITHIN + coalition.key, self.source), alias)
                    self._teach(alias, named, WITHIN + coalition.key)

    def _member(self, name: str, aliases: Sequence[str], coalition: Party) -> Party:
        among_states = coalition.key in self._states
        known = self.identities.member(name, coalition, among_states=among_states)
        if known is None:
            candidates = (self.identities.member(a, coalition) for a in aliases if not is_acronym(a))
            # A short form that other articles taught stands for this member by `_define_within`, whichever of the two was met first.
            related = [
                c
                for c in candidates
                if c and (self.identities.is_within(c, coalition) or (c.source in _TIER and _short_for(c.spelling, [name])))
            ]
            known = related[0] if related and related[0].kind != STATE else None
            if known and self.identities.is_within(known, coalition):
                self._teach(name, known.party, MEMBER)
        if known is None:
            party = Party(self.forms.bare(name), name)
            self._teach(name, party, MEMBER)
            self.callings.append(Calling(party))
            return party
        listed = self.identities.listed_as(known.party.key)
        short = known.kind == SPEAKER or self.identities.is_within(known, coalition)
        stands_for = short or (known.kind == STATE and (is_acronym(name) or "." in name))
        if stands_for or self.identities.configured(known.party.key):
            if listed:  # else the short form says nothing of what it is called
                naming = Naming.CONFIG if self.identities.configured(known.party.key) else Naming.SAID
                self.callings.append(Calling(Party(known.party.key, listed), naming))
            return Party(known.party.key, self.identities.called(known.party.key, known.party.name))
        self.callings.append(Calling(Party(known.party.key, name)))
        return Party(known.party.key, name)

    def _define_within(self, alias: str, party: Party, coalition: Party) -> None:
        """Learns that whoever earlier articles took a short form for is, in this coalition, the member that this article spells out.

        "Norlund" was read before "Norlund Shipping (Norlund)", or "Brazil" before its federation. What it stands for in this coalition
        already was learned from another article, and two that differ are weighed when they are heeded.
        """
        known = self.identities.member(alias, among_states=coalition.key in self._states)
        if known and self.identities.root(known.party.key) not in {self.identities.root(party.key), self.identities.root(coalition.key)}:
            self._say(KnownName(known.party.key, party, KEY_WITHIN + coalition.key, self.source), alias)
            self._teach(known.party.key, party, KEY_WITHIN + coalition.key)

    def _define(self, name: str, party: Party, *, tied: bool) -> None:
        """Learns that a body which an earlier article founded under this very name is the one that this article spells out.

        "The LVC" was read before "Lusaka Vaccine Compact (LVC)". A body of our lists is never given to another one, and what the
        evidence of a renaming tells is left to it. An article repeats what another one defined where the two names are `tied` in it.
        """
        own, known = fold(name), self.identities.coalition(name)
        definition = KnownName(own, party, KEY, self.source)
        if self.identities.defines(definition):
            if tied:
                self._say(definition, name)
            return
        if known is None or known.key != own or self.identities.root(own) == self.identities.root(party.key):
            return
        if own not in self._renamed and not self.identities.listed(own):
            self._say(definition, name)
            self.learned.append(definition)

    def _say(self, name: KnownName, said: str) -> None:
        """Notes that the article itself says so, whether or not it was known."""
        self.lessons.setdefault((fold(name.spelling), name.party.key, name.kind), Lesson(name, said))

    def _is_name(self, alias: str) -> bool:
        """Whether an alias is a name and no reference: capitals throughout, and more than head nouns."""
        words = re.findall(r"[^\W_][\w+.'’&-]*", re.sub(r"^(?:the|a|an)\s+", "", alias.strip(), flags=re.I))
        telling = [w for w in words if w.lower() not in {"of", "the", "and", "for", "on", "in", "to", "against", "de", "du", "des", "la"}]
        return (
            bool(telling)
            and all(w[0].isupper() or w[0].isdigit() or any(c.isupper() for c in w) for w in telling)
            and not all(fold(w) in self.forms.vague for w in telling)
        )

    def _teach(self, spelling: str, party: Party, kind: str) -> None:
        lesson = (fold(spelling), party.key, kind)
        if kind in {COALITION, ACRONYM}:
            resolved = self.identities.coalition(spelling)
            known = resolved is not None and resolved.key == party.key
        elif kind.startswith(KEY_WITHIN):
            known = self.identities.defines(KnownName(spelling, party, kind))
        else:
            known = any(e.party.key == party.key and e.kind == kind for e in self.identities.spelled(spelling))
        if lesson not in self._taught and not known and fold(spelling):
            self._taught.add(lesson)
            self.learned.append(KnownName(spelling, party, kind, self.source))


def _short_for(name: str, fuller: Sequence[str]) -> bool:
    """Whether a name is built from a fuller one: its initials, or some of its words in their order.

    >>> _short_for("LVC", ["Lusaka Vaccine Compact"]), _short_for("the Lantern", ["Lantern Coalition"]), _short_for("Basel", ["Kelp Union"])
    (True, True, False)
    """
    short = fold(name).split()
    for full in fuller:
        words = fold(full).split()
        rest = iter(words)
        if short != words and all(word in rest for word in short):
            return True
        if is_acronym(name):
            letters = iter("".join(words))
            wanted = fold(name).replace("+", "").replace(" ", "")
            if wanted and words and wanted[0] == words[0][0] and all(c.isdigit() or c in letters for c in wanted):
                return True
    return False


def _plain(folded: str, spelling: str, source: str = "an article") -> KnownName:
    """A member known by nothing but its own name, as an article gave it."""
    return KnownName(spelling, Party(folded, spelling), MEMBER, "" if source in _TIER else source)


def _tier(name: KnownName) -> int:
    return _TIER.get(name.source, _LEARNED)


def _without_last(words: tuple[str, ...], forms: Set[tuple[str, ...]]) -> tuple[str, ...]:
    for length in range(min(len(words) - 1, _LONGEST_FORM), 0, -1):
        if words[-length:] in forms:
            rest = words[:-length]
            return rest[:-1] if rest[-1] == "and" and len(rest) > 1 else rest
    return words


def _without_first(words: tuple[str, ...], forms: Set[tuple[str, ...]]) -> tuple[str, ...]:
    for length in range(min(len(words) - 1, _LONGEST_FORM), 0, -1):
        if words[:length] in forms:
            return words[length:]
    return words


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _rows(text: str) -> list[dict[str, str]]:
    body = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))
    return list(csv.DictReader(io.StringIO(body)))


def _listed(text: str) -> list[str]:
    return [part.strip().removeprefix(_FORMER) for part in text.split("|") if part.strip()]
