"""Finds the coalitions that an article speaks of, with the names each goes by in it.

A coalition is known from the gazetteer or the watch list, or shows itself: by the head of its name (the Harbour Pact), by an
introduction ("a new alliance called Kith"), by what is done to it (one is a member of it, one signs it), or by how it reads to the
learned judge of `bodies`. Names that only look like one are refused. It does not resolve "the bloc": that is `reference`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipeline.detect.lexicon import ORGAN, Lexicon
from pipeline.detect.spans import Mention, MentionKind, Sentence, SentenceKind
from pipeline.detect.words import NUMBER_WORD
from pipeline.text import fold

_DEFINED = re.compile(
    r"\s*\(\s*(?:the\s|or\s|hereinafter\s(?:referred to as\s|called\s)?|from \d{4}:\s|"
    r"known as\s)*[\"“‘']?(?:the\s)?([^()\"”’]{2,60}?)[\"”’']?\s*\)"
)
_BETTER_KNOWN = re.compile(
    r",?\s+(?:(?:also |better |commonly |widely |formerly |previously |once |originally )?(?:known|called|branded|abbreviated|"
    r"shortened)(?: as| to)?|or|a\.k\.a\.)\s+(?:the\s)?[\"“‘']?$",
    re.I,
)
_INTRODUCED = re.compile(
    r"\b(?:{heads})\b(?:\s+of\s+[\w\s-]{{2,40}}?)?(?:\s+(?:that is|to be|is|was|are|now|formally|officially))*"
    r"(?:\s*,\s*(?:called|named|dubbed|known as)?|\s+(?:called|named|dubbed|titled|entitled|known as|christened|baptised|under the "
    r"name(?: of)?))\s*(?:the\s+)?[\"“‘']?$"
)
_MEMBER_OF = re.compile(
    r"\b(?:(?:members?|countries|nations|member states|membership|signator(?:y|ies)|co-?signator(?:y|ies)|"
    r"membership rolls|ranks|parties|party|states? part(?:y|ies)|"
    r"backers|supporters|observer|adherents?|withdrawal|"
    r"departure|exit|accession|secession|expulsion|suspension|admission|entry|application)\s+(?:of|to|from|in|into|at|for)|"
    r"(?:joined|joins|join|joining|rejoined?|rejoins|quit|quits|quitting|acceded to|accede to|accedes to|signed up to|sign up to|"
    r"signed on to|signed onto|signs up to|"
    r"resign(?:ed|s|ing)? from|dropp?(?:ed|s|ing)? out of|opt(?:ed|s|ing)? out of|broke with|breaks with|"
    r"(?:turn(?:ed|s|ing)?|turned) (?:its|their|his) backs? on|part(?:ed|s|ing)? (?:ways |company )?with|tore up|tears up|"
    r"(?:put|puts|putting) (?:its|their|his|her) (?:names?|signatures?|stamp) (?:to|under)|walk(?:ed|s|ing)? away from|"
    r"handed in (?:its|their) notice to|gave notice to|give up (?:its|their) seat (?:at|in|on)|given up (?:its|their) seat (?:at|in|on)|"
    r"readmitted (?:to|into)|taken into|let into|"
    r"withdrew from|withdraw from|withdraws from|withdrawn from|withdrawing from|pulled out of|pulls out of|pull out of|pulling out "
    r"of|walked out of|walks out of|"
    r"expelled from|suspended from|ejected from|excluded from|thrown out of|left|leaves|leave|leaving|ratified|ratify|admitted to|"
    r"admitted into|accepted into|signed up with|sign up with|signs up with|deserted|desert|defected to|"
    r"belongs to|belong to|belonged to|affiliated to|"
    r"returned to|return to|returns to|kicked out of|barred from|banned from|invited to join|applied to|"
    r"invitation to join|enter|entered|entering|exits?|exited|exiting))\s+"
    r"(?:the\s+)?[\"“‘']?$",
    re.I,
)
_STRONG_MEMBER_OF = re.compile(
    r"\b(?:members?|membership|signator(?:y|ies)|states? part(?:y|ies)|accession|acced\w+)\s+(?:of|to|in)\s+(?:the\s+)?[\"“‘']?$", re.I
)
_OWNS_MEMBERS = re.compile(
    r"^,?\s+to which\b[^.]{0,60}\bbelong|^[\"”’']?(?:(?:['’]s?)\s+(?:\w+\s){0,2}?(?:members?|membership|"
    r"signatories|member states|founding members?|founders|board of "
    r"directors)\b|"
    r"\s+(?:members|member states|membership|signatories|member countries|said it had (?:admitted|suspended|expelled)|has "
    r"(?:admitted|suspended|expelled|welcomed)|(?:admitted|suspended|expelled|welcomed|admits|suspends|expels|welcomes)\b))"
)
_FORMED = re.compile(
    r"\b(?:launch(?:ed|es|ing)?|form(?:ed|s|ing)?|found(?:ed|s|ing)|creat(?:ed|es|ing)|establish(?:ed|es|ing)|unveil(?:ed|s|ing)|set "
    r"up|announc(?:ed|es|ing)|"
    r"start(?:ed|s|ing)|launch of|formation of|creation of|sign(?:ed|s|ing)?|adopt(?:ed|s)?)\s+(?:(?:a|an|the|its|their|"
    r"new)\s+){0,2}[\"“‘']?$",
    re.I,
)
_TEXT_ON = re.compile(r"^(?:[A-Z][\w’'-]*\s){1,4}(?:on|against)\s[A-Z]")
"""A text with its place or kind before its head and its subject after it: "Washington Agreement on Gold"."""
_COMPANY_END = re.compile(
    r"\b(?:Inc|Corp|Corporation|Co|Ltd|Limited|plc|LLC|GmbH|AG|S\.?A|N\.?V|Holdings|Bank|Bancorp|Partners|Capital|Airlines|Systems|"
    r"Solutions|Ventures|Management|Pharma)\.?$"
)


_ORGAN_OF = re.compile(
    r"(?:(?:Executive|Governing|General|Supervisory|Steering|Ministerial) )?(?:Council|Board|Board of Directors|Assembly|Committee|"
    r"Secretariat|Presidency|Bureau|Conference) of (?:the )?(?=[A-Z])"
    r"|(?:(?:Founding|Constitutive) )?(?:Treaty|Charter|Constitution|Statutes?) (?:on|of|establishing) (?:the )?(?=[A-Z])"
)

_ORGAN_BEHIND = re.compile(
    r" (?:(?:Foreign|Finance|Trade|Energy|Environment|Interior|Health|Defen[cs]e) )?(?:Ministers|Leaders|Congress|Summit|"
    r"Secretariat|Presidency|(?:General |Parliamentary )?Assembly)$"
)

READS_AS_ONE = "reads as one"
"""How a name was recognised that shows no sign of being a body: the judge's doing."""
A_BODY = 0.6
"""The chance from which a name that shows no sign of it is a body all the same."""


@dataclass(slots=True)
class Coalition:
    """One body of an article's inventory. `how` says how it was recognised; `sort` is body, text or power.

    `chance` is how likely the article tells memberships of it; 1 where nobody judged.
    """

    name: str
    how: str
    sort: str = "body"
    head: str = ""
    aliases: list[str] = field(default_factory=list)
    known: str = ""
    mentions: int = 0
    in_title: bool = False
    chance: float = 1.0

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.aliases)


_POWER = re.compile(
    r"(?:\b(?:the|a|an|his|her|its|their)|['’]s?)\s+(?:so-called\s)?(?:[\w’'-]+\s){0,2}?(?P<name>(?:(?:ruling|governing|government|unity|"
    r"rainbow|caretaker|emergency|grand|minority|opposition|(?:two|three|four|five|six|seven|eight|multi)-party|traffic-light|"
    r"power-sharing|centre-left|center-left|centre-right|center-right|right-wing|left-wing|coalition)\s)+(?:coalition|"
    r"government|cabinet|administration|alliance|executive))\b(?!\s+(?:officials?|offices?|agenc|spending|bonds?|debt|buildings?)\b)"
    r"|\b(?:the|his|her|this|a)\s+(?:new\s|current\s|outgoing\s|three-way\s)?(?P<bare>coalition)\b(?!\s+(?:of|"
    r"forces|troops|soldiers|military|warplanes|aircraft|planes|for)\b)",
    re.I,
)
_POLITICS = re.compile(
    r"\b(?:part(?:y|ies)|parliament\w*|ministers?|cabinet|lawmakers|deputies|seats|election|vote|opposition|prime minister)\b", re.I
)


MOST_OF_A_DEAL = 2
"""Parties of a bilateral deal, which is no coalition (the corpus's rulings)."""
_UNNAMED_TEXT = re.compile(
    r"\b(?:sign|signs|signed|signing|back|backed|adopted|endorsed|made|make|unveiled|launched)\s+(?:on to\s|onto\s|up to\s)?(?:an?|"
    r"their own)\s+"
    r"(?P<name>(?:(?!letter|deal|contract)[a-z][\w-]*\s){0,3}?(?P<head>pledge|accord|pact|charter|declaration|compact|covenant|treaty|convention)"
    r"(?:\s(?:to|on|for|against|banning)\s[\w-]+(?:\s[\w-]+){0,7}?)?)"
    r"(?=[,.;:]|\s(?:and|but|in|at|with|after|that|which|last|next|this|on)\b|$)"
)
"""A text that parties sign and that the article gives no name: "sign a pledge to develop artificial intelligence responsibly"."""
_MANY_PARTIES = re.compile(
    rf"\b(?:\d{{1,3}}|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|(?:{NUMBER_WORD.pattern})(?: of)?)\s(?:\w+\s)?"
    r"(?:states|countries|nations|governments|companies|firms|banks|cities|ports|universities|organi[sz]ations)\b",
    re.I,
)
"""Parties that a sentence counts and does not name: "Ninety-one states"."""


class Inventory:
    """The coalitions of one article; `mentions` are the sentences' mentions with those of coalitions marked."""

    def __init__(
        self,
        sentences: Sequence[Sentence],
        mentions: Sequence[Sequence[Mention]],
        lexicon: Lexicon,
        judged: Mapping[str, float] | None = None,
    ) -> None:
        self._lexicon = lexicon
        self._judged = judged or {}
        self._heads = "|".join(sorted(h for h in lexicon.heads if h.isalpha()))
        self._introduced = re.compile(_INTRODUCED.pattern.replace("{heads}", self._heads).replace("{{", "{").replace("}}", "}"))
        self._explained = re.compile(
            rf"^(?:\s\([^)]*\))?[\"”’']?\s?,\s+(?:the|a|an|its|their|another|one)\s+(?!(?:[\w'’-]+\s){{0,3}}?"
            rf"(?:members?|part|partners?|backers?|supporters?|signator\w+|founders?|parent|subsidiary|affiliate|arm|unit|wing) of\b)"
            rf"(?:[\w'’-]+\s){{0,5}}?(?P<head>{self._heads})\b",
            re.I,
        )
        self.coalitions: list[Coalition] = []
        self._by_name: dict[str, int] = {}
        members = {fold(m.surface) for ms in mentions for m in ms if m.kind in {MentionKind.STATE, MentionKind.PERSON}}
        self._full_names = {fold(m.surface) for ms in mentions for m in ms}
        evidence = self._evidence(sentences, mentions)
        times = Counter(fold(m.surface) for ms in mentions for m in ms)
        for sentence, of_sentence in zip(sentences, mentions, strict=True):
            for mention in of_sentence:
                if fold(mention.surface) not in members:
                    self._consider(sentence, mention, evidence, times)
        self._unnamed_powers(sentences)
        self._define(sentences, mentions)
        self._organs()
        self._short_forms(mentions)
        self._initials()
        self._bare_names()
        self._beginnings()
        self._headlines(sentences, mentions)
        self._drop_merged()
        unnamed = [self._unnamed_text(s, ms) for s, ms in zip(sentences, mentions, strict=True)]
        self.mentions = tuple(
            tuple(sorted((*(self._marked(m) for m in of_sentence), *extra), key=lambda m: m.start))
            for of_sentence, extra in zip(mentions, unnamed, strict=True)
        )
        for body in self.coalitions:
            body.chance = max((self._judged[fold(n)] for n in body.names if fold(n) in self._judged), default=1.0)
        for sentence, of_sentence in zip(sentences, self.mentions, strict=True):
            for mention in of_sentence:
                if mention.coalition is not None:
                    body = self.coalitions[mention.coalition]
                    body.mentions += 1
                    body.in_title = body.in_title or sentence.part == "title"

    def index(self, name: str) -> int | None:
        """The place of the coalition that goes by `name` in this article, None where there is none."""
        return self._by_name.get(fold(name))

    def _evidence(self, sentences: Sequence[Sentence], mentions: Sequence[Sequence[Mention]]) -> dict[str, set[str]]:
        """For each folded name, the signs in the text that it is something one belongs to."""
        signs: dict[str, set[str]] = {}
        for sentence, of_sentence in zip(sentences, mentions, strict=True):
            for mention in of_sentence:
                before, after = sentence.text[: mention.start], sentence.text[mention.end :]
                found = signs.setdefault(fold(mention.surface), set())
                if self._introduced.search(before):
                    found.add("introduced")
                if _STRONG_MEMBER_OF.search(before):
                    found.add("member of")
                elif _MEMBER_OF.search(before):
                    found.add("joined or left")
                if explained := self._explained.search(after):
                    found.add("explained")
                    if self._lexicon.heads[explained.group("head").lower()].strong:
                        found.add("explained as one")
                if _OWNS_MEMBERS.search(after):
                    found.add("has members")
                if _FORMED.search(before):
                    found.add("formed")
                if (defined := _DEFINED.match(after)) and self._fits(mention.surface, defined.group(1)):
                    found.add("defined")
        return signs

    def _consider(self, sentence: Sentence, mention: Mention, evidence: dict[str, set[str]], times: Counter[str]) -> None:
        name, lexicon = mention.surface, self._lexicon
        folded = fold(name)
        if folded in self._by_name or mention.kind in {MentionKind.PERSON, MentionKind.STATE}:
            return
        signs = evidence.get(folded, set())
        if known := lexicon.coalitions.exact(name) or lexicon.lower_names.exact(name) or lexicon.adopted.exact(name):
            self._add(Coalition(name, "known by name", self._sort(known), known=known))
            return
        if self._judged.get(folded, 0.0) >= A_BODY and not ORGAN.fullmatch(name):
            head = lexicon.head_of(name)
            self._add(Coalition(name, READS_AS_ONE, head.sort if head else "body"))
            return
        if ORGAN.fullmatch(name) or lexicon.is_look_alike(name) or self._contains_look_alike(sentence, mention):
            return
        # NASA and the EBU bear acronyms of bodies that one can belong to: a firm or agency is one only where the text says so.
        if (bearers := lexicon.acronyms.get(name)) and (signs or lexicon.firms.exact(name) is None):
            known = self._bearer(name, bearers)
            if known is not None and (signs or name.isupper() or fold(name) not in lexicon.common):
                self._add(Coalition(name, "known by acronym", self._sort(known), known=known))
                return
        head = lexicon.head_of(name) or ("defined" in signs and lexicon.heads.get(name.split()[-1].lower())) or None
        single = " " not in name
        if head and not single and not _COMPANY_END.search(name) and lexicon.firms.exact(name) is None:
            if (head.strong or (head.sort == "text" and _TEXT_ON.search(name))) and self._is_news_of(name):
                self._add(Coalition(name, "head of its name", head.sort))
                return
            if signs or times[folded] > 1:
                how = ", ".join(sorted(signs)) or "named more than once"
                self._add(Coalition(name, f"head of its name, {how}", head.sort))
                return
        if mention.kind is MentionKind.ORGANISATION and lexicon.firms.exact(name) is None and not _COMPANY_END.search(name):
            if "explained as one" in signs or ("explained" in signs and len(signs) > 1):
                self._add(Coalition(name, "explained as one"))
            elif "introduced" in signs and self._is_new_name(sentence, mention):
                self._add(Coalition(name, "introduced as one"))
            elif "member of" in signs and sentence.kind is not SentenceKind.HEADLINE and not single:
                self._add(Coalition(name, "has members"))
            elif name.isupper() and len(name) > 2 and signs & {"member of", "joined or left", "has members"}:
                self._add(Coalition(name, "acronym that one joins"))

    def _unnamed_text(self, sentence: Sentence, mentions: Sequence[Mention]) -> tuple[Mention, ...]:
        """Takes in a pledge without a name, where the sentence names or counts three or more that may have signed it: two make a deal."""
        found = _UNNAMED_TEXT.search(sentence.text)
        if not found:
            return ()
        if sum(m.kind is not MentionKind.PERSON for m in mentions) <= MOST_OF_A_DEAL and not _MANY_PARTIES.search(sentence.text):
            return ()
        start, end = found.span("name")
        name = found.group("name").strip()
        if any(m.start < end and start < m.end for m in mentions) or any(c.head == found.group("head") for c in self.coalitions):
            return ()
        self._add(Coalition(name, "a text without a name", "text"))
        at = self._by_name[fold(name)]
        self.coalitions[at].head = found.group("head")
        self._alias(at, found.group("head"))
        return (Mention(start, start + len(name), name, MentionKind.COALITION, coalition=at),)

    def _unnamed_powers(self, sentences: Sequence[Sentence]) -> None:
        """Takes in a governing coalition that has no name ("the ruling coalition", "the unity government"), by what it is called."""
        if any(c.sort == "power" or c.head == "coalition" for c in self.coalitions):
            return
        text = "\n".join(s.text for s in sentences)
        if not _POLITICS.search(text):
            return
        calls = [m.group("name") or m.group("bare") for m in _POWER.finditer(text)]
        if calls:
            name = max(calls, key=lambda c: (len(c.split()) > 1, -calls.index(c))).lower()
            self._add(Coalition(name, "a government's coalition", "power"))
            for alias in ("coalition", "government", "cabinet", "executive"):
                if alias in name.split() or any(alias == c.lower() for c in calls):
                    self._alias(self._by_name[fold(name)], alias)

    def _is_new_name(self, sentence: Sentence, mention: Mention) -> bool:
        """Whether the words before introduce the name itself and not a list of members ("a group, Acme and Bolt, …")."""
        before = sentence.text[: mention.start]
        if re.search(r"(?:called|named|dubbed|titled|entitled|known as|christened|baptised|name(?: of)?)\s+(?:the\s+)?[\"“‘']?$", before):
            return True
        after = sentence.text[mention.end :]
        return bool(
            re.search(r"\b(?:new|a|an|its|rival|older|own)\s+(?:[\w-]+\s+){0,4}\w+\s*,\s*(?:the\s+)?[\"“‘']?$", before)
        ) and not re.match(r"\s*(?:,\s+(?:the\s+)?[A-Z]|and\s+(?:the\s+)?[A-Z])", after)

    def _is_news_of(self, name: str) -> bool:
        """Whether a name with a strong head is more than the head with a common adjective ("New Alliance", "National League")."""
        words = [w for w in name.split() if w[:1].isupper() or w[:1].isdigit()]
        return len(words) > 1

    def _contains_look_alike(self, sentence: Sentence, mention: Mention) -> bool:
        around = sentence.text[max(0, mention.start - 30) : mention.end + 20]
        return any(
            (found := p.search(around)) and found.group() and found.group().split()[-1] in mention.surface.split()
            for p in self._lexicon.look_alike_patterns
        )

    def _bearer(self, acronym: str, bearers: Sequence[str]) -> str | None:
        """The coalition that an acronym stands for here: the one named in full, or the only one; "" where it is one of several."""
        named = [b for b in bearers if fold(b) in self._full_names]
        if named:
            return named[0]
        return bearers[0] if len(bearers) == 1 else ""

    def _sort(self, known: str) -> str:
        head = self._lexicon.head_of(known)
        if head:
            return head.sort
        return "text" if self._lexicon.sorts.get(known) in {"pledge", "treaty"} else "body"

    def _add(self, coalition: Coalition) -> None:
        folded = fold(coalition.name)
        if coalition.known:
            for at, other in enumerate(self.coalitions):
                if other.known == coalition.known:
                    if self._lexicon.adopted.exact(other.name) and other.name != coalition.name:
                        other.aliases.append(other.name)  # the euro area, where an article calls it by its money too
                        other.name = coalition.name
                    if coalition.name not in other.names:
                        other.aliases.append(coalition.name)
                    self._by_name[folded] = at
                    return
        words = coalition.name.split()
        coalition.head = next((w.lower() for w in words if w.lower() in self._lexicon.heads), words[-1].lower())
        last = words[-1].lower()
        if last in self._lexicon.heads:
            coalition.head = last
        self._by_name[folded] = len(self.coalitions)
        self.coalitions.append(coalition)

    def _alias(self, at: int, name: str) -> None:
        folded = fold(name)
        if not folded or self._by_name.get(folded) == at:
            return
        other = self._by_name.get(folded)
        if other is not None:
            self._merge(at, other)
            return
        self._by_name[folded] = at
        self.coalitions[at].aliases.append(name)

    def _merge(self, at: int, other: int) -> None:
        """Makes two entries one: an acronym was met before the name that it stands for."""
        keep, drop = self.coalitions[at], self.coalitions[other]
        keep.aliases += [n for n in drop.names if n not in keep.names]
        keep.known = keep.known or drop.known
        for name, index in list(self._by_name.items()):
            if index == other:
                self._by_name[name] = at

    def _drop_merged(self) -> None:
        live = sorted(set(self._by_name.values()))
        place = {old: new for new, old in enumerate(live)}
        self.coalitions = [self.coalitions[at] for at in live]
        self._by_name = {name: place[at] for name, at in self._by_name.items()}

    def _define(self, sentences: Sequence[Sentence], mentions: Sequence[Sequence[Mention]]) -> None:
        """Learns the aliases that the article itself gives: "(NZBA)", ("the Montrose Charter"), "better known as ACEA"."""
        for sentence, of_sentence in zip(sentences, mentions, strict=True):
            for number, mention in enumerate(of_sentence):
                at = self.index(mention.surface)
                if at is None:
                    continue
                after = sentence.text[mention.end :]
                if (defined := _DEFINED.match(after)) and self._fits(mention.surface, defined.group(1)):
                    self._alias(at, defined.group(1).strip())
                if number + 1 < len(of_sentence):
                    following = of_sentence[number + 1]
                    if _BETTER_KNOWN.fullmatch(sentence.text[mention.end : following.start]):
                        self._alias(at, following.surface)

    def _fits(self, name: str, alias: str) -> bool:
        alias = alias.strip()
        if not alias or alias[0].islower() or len(alias.split()) > 6:
            return False
        if " " in alias:
            return fold(alias).split()[-1] in fold(name).split()
        letters = re.sub(r"[^A-Za-z]", "", alias).lower()
        initials = "".join(w[0] for w in fold(name).split())
        return len(letters) > 1 and letters[0] in {initials[:1], fold(name)[:1]} and sum(c.isupper() for c in alias) > 1

    def _short_forms(self, mentions: Sequence[Sequence[Mention]]) -> None:
        """Takes "Lusaka Compact" for the Lusaka Vaccine Compact: the same head and a subset of its words, where only one body fits."""
        ends: dict[str, set[int]] = {}
        for at, body in enumerate(self.coalitions):
            for words in (fold(n).split() for n in body.names):
                for word in (words[0], words[-1]):
                    ends.setdefault(word, set()).add(at)
        for mention in {fold(m.surface): m for ms in mentions for m in ms if m.kind is not MentionKind.PERSON}.values():
            folded = fold(mention.surface)
            words = folded.split()
            own = self._by_name.get(folded)
            if not words or (own is not None and self.coalitions[own].known):
                continue
            # A short form keeps the last word of the name or its beginning: no other body can fit.
            near = {self._live(at) for at in ends.get(words[0], set()) | ends.get(words[-1], set())}
            fitting = [at for at in near if at != own and any(_is_short(words, fold(n).split()) for n in self.coalitions[at].names)]
            if len(fitting) == 1 and (own is not None or len(words) > 1 or words[0] in self._lexicon.heads):
                if own is None:
                    self._alias(fitting[0], mention.surface)
                elif self.coalitions[own].name == mention.surface:
                    self._merge(fitting[0], own)

    def _initials(self) -> None:
        """Takes "SSN" for the Stable Settlement Network, without being told, where the initials are those of one body alone."""
        for acronym in [body.name for body in self.coalitions if body.name.isupper() and " " not in body.name and len(body.name) > 2]:
            own = self._by_name[fold(acronym)]
            fitting = {self._live(at) for at, body in enumerate(self.coalitions) if any(acronym in initials(n) for n in body.names)} - {own}
            if len(fitting) == 1 and not self.coalitions[own].known:
                self._merge(fitting.pop(), own)

    def _bare_names(self) -> None:
        """Takes "the OPEC+ alliance" for OPEC+, where the article or the gazetteer has the name without the common word behind it."""
        for body in list(self.coalitions):
            bare, _, head = body.name.rpartition(" ")
            if not bare or not head.islower() or head not in self._lexicon.heads:
                continue
            own, at = self._by_name[fold(body.name)], self._by_name.get(fold(bare))
            if at is not None and at != own and bare in self.coalitions[at].names:  # OPEC+ is not OPEC
                self._merge(at, own)

    def _beginnings(self) -> None:
        """Takes "Libra", which shows no sign of being a body, for the Libra Association, where only one body's name begins so.

        An acronym stands for a body of its own: the EPA Forum is a forum of the EPA.
        """
        for body in list(self.coalitions):
            if body.how != READS_AS_ONE or body.aliases or body.name.isupper():
                continue
            own, begun = self._by_name[fold(body.name)], f"{fold(body.name)} "
            fitting = {self._live(at) for at, other in enumerate(self.coalitions) if any(fold(n).startswith(begun) for n in other.names)}
            if len(fitting - {own}) == 1 and self._lexicon.head_of(self.coalitions[min(fitting - {own})].name):
                self._merge(min(fitting - {own}), own)

    def _headlines(self, sentences: Sequence[Sentence], mentions: Sequence[Sequence[Mention]]) -> None:
        """Takes the "Two-Way Charging Consortium" of a headline in capitals for the only consortium that the text names, and the "Gulf
        Bloc" for the only body with the Gulf in its name: such a headline writes what a body is as if it were its name."""
        pairs = list(zip(sentences, mentions, strict=True))
        in_text = {self.index(m.surface) for s, ms in pairs if s.part == "text" for m in ms}
        for sentence, of_sentence in pairs:
            if sentence.part == "text" or any(len(word) > 3 and word[:1].islower() for word in sentence.text.split()):
                continue
            for own in {self.index(m.surface) for m in of_sentence} - in_text - {None}:
                assert own is not None
                body = self.coalitions[own]
                if body.known or body.head not in self._lexicon.heads:
                    continue
                named = {at: {w for n in self.coalitions[at].names for w in fold(n).split()} for at in in_text if at is not None}
                like = [at for at in named if self.coalitions[at].head == body.head] or [
                    at for at, words in named.items() if set(fold(body.name).split()[:-1]) & words - {"of", "for", "on", "and", "the"}
                ]
                if len(like) == 1:
                    self._merge(like[0], own)

    def _organs(self) -> None:
        """Takes the Council of the Harbour Union for the Harbour Union, and the treaty on it: what an organ does, its body does, and who
        signs its treaty comes into it."""
        for body in list(self.coalitions):
            organ = _ORGAN_OF.match(body.name)
            at = self._by_name.get(fold(body.name[organ.end() :])) if organ else None
            own = self._by_name[fold(body.name)]
            if at is not None and at != own and not body.known:
                self._merge(at, own)
        for body in [b for b in self.coalitions if not b.known and _ORGAN_BEHIND.search(b.name)]:
            bearer, own = _ORGAN_BEHIND.sub("", body.name), self._by_name[fold(body.name)]
            at = self._by_name.get(fold(bearer))
            if at is None and (known := self._lexicon.coalitions.exact(bearer) or self._only_bearer(bearer)):
                self._add(Coalition(bearer, "known by name", self._sort(known), known=known))
                at = self._by_name[fold(bearer)]
            if at is not None and at != own:
                self._merge(at, own)  # "G7 Foreign Ministers", "Pear Union General Assembly"

    def _only_bearer(self, acronym: str) -> str | None:
        bearers = self._lexicon.acronyms.get(acronym, ())
        return self._bearer(acronym, bearers) if bearers else None

    def _live(self, at: int) -> int:
        """The entry that a merged one has become part of."""
        return self._by_name.get(fold(self.coalitions[at].name), at)

    def _marked(self, mention: Mention) -> Mention:
        at = self.index(mention.surface)
        if at is None or mention.kind is MentionKind.PERSON:
            return mention
        return replace(mention, kind=MentionKind.COALITION, coalition=at)


def initials(name: str) -> frozenset[str]:
    """The acronyms that a name's first letters make, with and without its small words.

    >>> sorted(initials("Association for the Rights of Gulls")), sorted(initials("Harbour"))
    (['AFTROG', 'ARG'], [])
    """
    words = [w for w in re.split(r"[\s-]+", name) if w[:1].isalpha()]
    great = [w for w in words if w[0].isupper()]
    return frozenset("".join(w[0].upper() for w in some) for some in (words, great) if len(some) > 1)


def _is_short(short: Sequence[str], full: Sequence[str]) -> bool:
    """Whether `short` leaves out words of `full` in order and keeps its last ("lusaka compact", "lusaka vaccine compact").

    >>> _is_short(["lusaka", "compact"], ["lusaka", "vaccine", "compact"]), _is_short(["compact"], ["lusaka", "compact"])
    (True, True)
    """
    if not short or len(short) >= len(full):
        return False
    rest = iter(full)
    if not all(word in rest for word in short):
        return False
    return short[-1] == full[-1] or (len(short) > 1 and list(short) == list(full[: len(short)]))
