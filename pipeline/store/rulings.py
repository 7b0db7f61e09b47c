"""What a piece of evidence counts as, once people's judgements and the renamings of coalitions are taken into account.

What an article says is kept as it was said and is never rewritten. When it is read back, it counts as the statement that it
makes, as another one (the party that it names is the same as another, its role or date is set right), or as none (it is wrong).
That is computed from the log each time, so that a judgement which is undone leaves no trace.

Nothing here reads, writes or knows a time: the judgements and renamings come in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from pipeline.model import Evidence, Judgement, PartialDate, Party, Role, Verdict
from pipeline.text import fold

LATE_COPIES = timedelta(days=14)
"""A judgement on a statement without a date holds for what was published until so long after it: the same words a year later
speak of another event. Copies of a wire story are reprinted within these days (as `STORY_DAYS` has it)."""


@dataclass(frozen=True, slots=True)
class Rulings:
    """The judgements that hold, ready to be applied.

    `counts_as` has the key of each party that counts as another one, and that other one; `apart` the spellings of a party that
    are a party of their own; `verdicts` what was decided of statements, by their key, in the order of deciding; `under` the keys that
    count as a party, by its key. `within` has, by the keys of a coalition and of what others took for its member, the member that it
    is there, and `others` the keys that so count as a member somewhere, by its key.
    """

    counts_as: Mapping[str, Party] = field(default_factory=dict)
    apart: Mapping[tuple[str, str], Party] = field(default_factory=dict)
    verdicts: Mapping[str, Sequence[Judgement]] = field(default_factory=dict)
    under: Mapping[str, Collection[str]] = field(default_factory=dict)
    within: Mapping[tuple[str, str], Party] = field(default_factory=dict)
    others: Mapping[str, Collection[str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.counts_as or self.apart or self.verdicts or self.within)

    def roots(self) -> dict[str, str]:
        """The key of each party that counts as another one, and the key of that one."""
        return {key: party.key for key, party in self.counts_as.items()}

    def root(self, key: str) -> str:
        """The key of the party that a party counts as: its own, for most."""
        party = self.counts_as.get(key)
        return party.key if party else key

    def kin(self, keys: Iterable[str]) -> set[str]:
        """All the keys under which evidence may be kept that counts for the given parties."""
        found = {self.root(key) for key in keys}
        found = found.union(*(self.under.get(root, ()) for root in found))
        if self.apart:
            found = found | {key for (key, _), own in self.apart.items() if own.key in found}
        return found.union(*(self.others.get(key, ()) for key in found)) if self.others else found

    def alike(self, e: Evidence) -> set[str]:
        """The keys of the statements that would count as the same as a counted piece of evidence, its own among them."""
        statement, keys = e.statement, {e.log_key}
        if self.counts_as or self.within:
            own = statement.member.key if statement.member else ""
            others = self.others.get(own, ())
            for coalition in self.kin((statement.coalition.key,)):
                for member in self.kin((own,)) if own else ("",):
                    if member in others and self.member(self.root(coalition), self.root(member)) != own:
                        continue  # the short form of another coalition's member
                    parties = Party(coalition, coalition), Party(member, member) if member else None
                    keys.add(replace(statement, coalition=parties[0], member=parties[1]).key)
        return keys

    def party(self, party: Party, said: str) -> Party:
        """The party that a name counts as, which was resolved to `party` and spelled `said`."""
        own = self.apart.get((party.key, fold(said))) if self.apart and said else None
        party = own or party
        return self.counts_as.get(party.key, party)

    def member(self, coalition: str, member: str) -> str:
        """The key of whom a member (key) of a coalition (key) counts as there; both keys are those that count."""
        party = self.within.get((coalition, member))
        return party.key if party else member

    def count(self, e: Evidence) -> Evidence | None:
        """What a piece of evidence counts as; None for one that counts no more, and for a body that is said to be its own member."""
        if not self:
            return e
        key = e.statement.key if self.verdicts else ""
        statement, role, confidence = e.statement, e.role, e.confidence
        wrong = False
        for judgement in self.verdicts.get(key, ()):
            if not covers(judgement, e):
                continue
            match judgement.verdict:
                case Verdict.WRONG:
                    wrong = True
                case Verdict.RIGHT:
                    wrong, confidence = False, 1.0
                case Verdict.ROLE:
                    role = Role(judgement.value) if judgement.value else None
                case Verdict.DATE:
                    statement = replace(statement, date=PartialDate.parse(judgement.value) if judgement.value else None)
        if wrong:
            return None
        coalition = self.party(statement.coalition, e.coalition_said)
        member = self.party(statement.member, e.member_said) if statement.member else None
        member = self.within.get((coalition.key, member.key), member) if member else None
        if member and member.key == coalition.key:
            return None
        statement = replace(statement, coalition=coalition, member=member)
        successor = self.party(e.successor, e.other_name) if e.successor else None
        if (statement, role, confidence, successor) == (e.statement, e.role, e.confidence, e.successor):
            return e
        return replace(e, statement=statement, role=role, confidence=confidence, successor=successor, logged=key or e.statement.key)


def covers(judgement: Judgement, e: Evidence) -> bool:
    """Whether a judgement about a statement holds for one piece of evidence of that statement."""
    if judgement.article:
        return judgement.article == e.article
    return e.statement.date is not None or (e.published or e.first_seen) <= judgement.at + LATE_COPIES


@dataclass(frozen=True, slots=True)
class Definition:
    """An article's word that the party of a key is another one: "Lusaka Vaccine Compact (LVC)", where LVC had become a party of its
    own. `rivals` are the keys of others that this spelling is learned for. Where it holds `within` one coalition (key) alone, it is a
    member's, and so is "Brazil" for its federation."""

    key: str
    party: Party
    rivals: tuple[str, ...] = ()
    within: str = ""


def rule(
    judgements: Iterable[Judgement], renamings: Iterable[Evidence], names: Mapping[str, str], definitions: Iterable[Definition] = ()
) -> Rulings:
    """Gives the rulings that follow from judgements (none of them undone), from living evidence of completed renamings, and from
    definitions.

    An article that says that a body was renamed makes its two names one party, where both had become one each; so does one that
    spells out what was read before as initials, unless they could be several bodies'. People come before articles: what they
    hold apart is not joined, and a renaming that they found wrong joins nothing. `names` are what parties are called, by key.
    """
    judgements = sorted(judgements, key=lambda j: j.id)
    verdicts: dict[str, list[Judgement]] = defaultdict(list)
    apart: dict[tuple[str, str], Party] = {}
    two: set[frozenset[str]] = set()
    links: list[tuple[str, str]] = []
    called: dict[str, str] = {}
    for j in judgements:
        if j.verdict is Verdict.SAME:
            links.append((j.one, j.other))
        elif j.verdict is Verdict.DIFFERENT:
            two.add(frozenset((j.one, j.other)))
            if j.value:
                apart[(j.other, fold(j.value))] = Party(j.one, names.get(j.one, j.value))
        else:
            verdicts[j.statement].append(j)
    statements_only = Rulings(verdicts=verdicts)
    for e in sorted(renamings, key=lambda e: (e.published or e.first_seen, e.article, e.statement.key)):
        counted = statements_only.count(e)
        if counted is None:
            continue
        body = counted.statement.coalition
        called.setdefault(body.key, body.name)
        for name in (e.coalition_said, e.other_name):
            key = fold(name)
            if (
                key
                and key != body.key
                and not _is_initials(name)
                and frozenset((key, body.key)) not in two
                and (body.key, key) not in apart
            ):
                links.append((key, body.key))
    roots = _joined(links)
    defined = []
    inside: dict[tuple[str, str], set[str]] = defaultdict(set)
    for d in sorted(definitions, key=lambda d: (d.key, d.party.key, d.within)):
        called.setdefault(d.party.key, d.party.name)
        if frozenset((d.key, d.party.key)) in two:
            continue
        if d.within:
            inside[(d.within, d.key)].add(d.party.key)
        elif all(roots.get(r, r) == roots.get(d.party.key, d.party.key) for r in d.rivals):
            defined.append((d.key, d.party.key))
    roots = _joined([*links, *defined])
    counts_as = {key: Party(root, names.get(root) or called.get(root) or root) for key, root in roots.items()}
    under: dict[str, set[str]] = defaultdict(set)
    for key, root in roots.items():
        under[root].add(key)
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for (coalition, key), parties in inside.items():
        found[(roots.get(coalition, coalition), roots.get(key, key))] |= {roots.get(party, party) for party in parties}
    # A short form of two members is nobody's, and no member is a short form of itself, nor of the body.
    within = {
        (coalition, key): Party(party, names.get(party) or called.get(party) or party)
        for (coalition, key), parties in found.items()
        for party in parties
        if len(parties) == 1 and party not in {key, coalition}
    }
    others: dict[str, set[str]] = defaultdict(set)
    for (_, key), party in within.items():
        others[party.key] |= {key, *under.get(key, ())}
    return Rulings(counts_as, apart, dict(verdicts), dict(under), within, dict(others))


def _is_initials(name: str) -> bool:
    return " " not in name.strip() and sum(c.isupper() for c in name) > 1


def _joined(links: Collection[tuple[str, str]]) -> dict[str, str]:
    """Joins parties link by link, the first of each going over to the second, and gives the root of each that has another.

    >>> _joined([("a", "b"), ("b", "c"), ("c", "a"), ("d", "b")])
    {'a': 'c', 'b': 'c', 'd': 'c'}
    """
    over: dict[str, str] = {}

    def root(key: str) -> str:
        while key in over:
            key = over[key]
        return key

    for one, other in links:
        if root(one) != root(other):
            over[root(one)] = root(other)
    return {key: root(key) for key in sorted(over)}
