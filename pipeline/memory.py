"""What is remembered, from what was said: weighing one article, a person's judgements, and rebuilding it all from the log.

The log (statements, and the evidence for them) is what articles said; it is added to and never edited. Where members stand is
derived from it, under the judgements and renamings that hold. A judgement changes no statement: it is kept beside the log, and
what follows from the log is derived anew, so that undoing it leaves things as they were.

What a judgement takes back, it says: one change of the kind `claim_corrected` for each thing that was told and rested on nothing
else, with the number of the judgement. It says nothing else; undoing a judgement, or finding that two names are one, is no news.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from difflib import get_close_matches

from pipeline import alerts, diff, outbox
from pipeline.errors import PipelineError, UsageError
from pipeline.likeness import Alike, alike
from pipeline.model import (
    Alert,
    Change,
    ChangeKind,
    Event,
    Evidence,
    History,
    Judgement,
    KnownName,
    Membership,
    Overdue,
    PartialDate,
    Party,
    Role,
    Standing,
    Status,
    Verdict,
)
from pipeline.owners import Owners
from pipeline.resolve import Forms
from pipeline.store import Gists, Judging, KeptGist, Pair, Rulings, Store
from pipeline.store.reads import is_renaming
from pipeline.text import fold

CHUNK = 200
"""Coalitions that are derived anew together: a bound for memory."""
GIST_FROM = 64
"""Pieces of evidence about one pair from which on only those are read that decide: fewer are read in less time than it takes to choose."""
OVERDUE_DAYS = 120
"""Nobody waits for longer for what was announced: it came to nothing, or it happened and nobody wrote of it."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """What one article's statements count as, and what follows. `stirred` is whether the rulings are others than before, `members`
    is None where all of `coalitions` were derived anew; `retold` says which statements tell the same happening as a fresh one; `gists`
    is None where those of `coalitions` are to be let go."""

    rulings: Rulings
    stirred: bool
    counted: tuple[Evidence, ...]
    coalitions: tuple[str, ...]
    members: tuple[str, ...] | None
    memberships: tuple[Membership, ...]
    changes: tuple[Change, ...]
    retold: dict[str, frozenset[str]]
    gists: Gists | None = None

    def tellings(self) -> list[tuple[Evidence, frozenset[str]]]:
        """What counts, each with the keys of all statements that tell the same."""
        return [(e, frozenset(self.rulings.alike(e)) | self.retold.get(e.log_key, frozenset())) for e in self.counted]


def weigh(
    store: Store,
    fresh: Sequence[Evidence],
    withdrawn: Sequence[Evidence],
    now: datetime,
    *,
    learned: Sequence[KnownName] = (),
    unlearned: Sequence[KnownName] = (),
    detector: str = "",
    moved: tuple[str, str] = ("", ""),
) -> Weighed:
    """Weighs what one article (version) states, and states no longer, against what is remembered; nothing is written.

    `moved` is the address under which the article was known, and the one that it has now. What another version of the
    `detector` had found in it is no correction of the publisher's.
    """
    before, after = store.rulings(), store.rulings_with(fresh, withdrawn, learned, unlearned)
    counted, gone = _counted(after, fresh), _counted(after, withdrawn)
    stirred: set[str] = set()
    inside: set[str] = set()
    if after is not before:
        stirred = {key for key in {*before.counts_as, *after.counts_as} if before.root(key) != after.root(key)}
        pairs = {*before.within, *after.within}
        inside = {c for c, m in pairs if before.member(c, m) != after.member(c, m)}
    stirred |= {before.root(key) for key in stirred} | {after.root(key) for key in stirred}
    coalitions = {e.statement.coalition.key for e in (*counted, *gone)} | {of.root(c) for c in inside for of in (before, after)}
    if stirred:
        coalitions |= {of.root(key) for key in store.coalitions_with(before.kin(stirred) | after.kin(stirred)) for of in (before, after)}
    coalitions |= {e.successor.key for e in (*counted, *gone) if e.successor}
    stirred |= inside
    merged = store.merged_with(coalitions, after) | (store.merged_with(coalitions, before) if stirred else set())
    # Only what is published after all that is known finds the same in the gist of it.
    plain = not (stirred or withdrawn or any(moved)) and merged == coalitions
    coalitions = merged
    spoken_of = {e.statement.member.key for e in (*counted, *gone) if e.statement.member}
    members: set[str] | None = spoken_of

    def known_of(members: set[str] | None) -> tuple[Evidence, ...]:
        known = store.evidence_about(coalitions, members=members, rulings=after)
        return tuple(replace(e, article=moved[1]) if e.article == moved[0] else e for e in known) if moved[0] != moved[1] else known

    kept: dict[Pair, KeptGist] = {}
    if plain:
        told, kept = store.deciding_about(coalitions, spoken_of, after, fresh[0].story if fresh else "")
        if kept and not _may_rest_on_gists(told, counted, kept, after):
            told, plain = known_of(members), False
    else:
        told = known_of(None if stirred else members)
    living = _living(told, counted, gone)
    gists = _gists(living, counted, kept, after) if plain else None
    of_bodies = any(e.statement.member is None for e in (*counted, *gone))
    if stirred or (of_bodies and diff.ends(told) != diff.ends(living)):
        members = None
        told = known_of(None)
        living = _living(told, counted, gone)
    taken_back = tuple(e for e in gone if e.detector == detector)
    return Weighed(
        after,
        after is not before,
        counted,
        tuple(sorted(coalitions)),
        None if members is None else tuple(sorted(members)),
        diff.derive(living),
        diff.diff(told, (*counted, *taken_back), now),
        diff.retellings(living, counted),
        gists,
    )


def _may_rest_on_gists(told: Sequence[Evidence], fresh: Sequence[Evidence], kept: Mapping[Pair, KeptGist], rulings: Rulings) -> bool:
    """Whether an article comes after all that is known of the pairs that have a gist, and nobody judged what is said of them."""
    begins = {pair: diff.place_of(e) for e in fresh if (pair := diff.pair_of(e)) in kept}
    about = [e for e in told if diff.pair_of(e) in kept]
    judged = any(e.log_key in rulings.verdicts for e in (*about, *fresh)) if rulings.verdicts else False
    return not judged and all(diff.place_of(e) < begins[pair] for e in about if (pair := diff.pair_of(e)) in begins)


def _gists(living: Sequence[Evidence], fresh: Sequence[Evidence], kept: Mapping[Pair, KeptGist], rulings: Rulings) -> Gists:
    """Gives what becomes of the gists of the pairs that an article speaks of: they grow, and are made anew when they have grown much."""
    made: dict[Pair, tuple[int, Sequence[Evidence]]] = {}
    added: dict[Pair, Sequence[Evidence]] = {}
    gone: set[Pair] = set()
    of_pair: dict[Pair, list[Evidence]] = {diff.pair_of(e): [] for e in fresh}
    for e in living:
        if (pair := diff.pair_of(e)) in of_pair:
            of_pair[pair].append(e)
    for pair, told in of_pair.items():
        new = [e for e in fresh if diff.pair_of(e) == pair]
        gist = kept.get(pair)
        if gist and not diff.serves(told, gist.stories):
            gone.add(pair)
        elif gist and gist.rows + len(new) < GIST_FROM + 2 * gist.made:
            added[pair] = new
        elif gist or (len(told) > GIST_FROM and _is_last(told, new) and not any(e.log_key in rulings.verdicts for e in told)):
            gist_of_it = diff.gist(told, gist.stories if gist else 0)
            made[pair] = gist_of_it.stories, gist_of_it.evidence
    return Gists(made, added, gone)


def _is_last(told: Sequence[Evidence], new: Sequence[Evidence]) -> bool:
    return max(map(diff.place_of, told)) == diff.place_of(new[0])


def _counted(rulings: Rulings, evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    return tuple(e for e in map(rulings.count, evidence) if e)


def _living(known: Sequence[Evidence], fresh: Sequence[Evidence], withdrawn: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """The living evidence once an article is saved: what is said again keeps the day on which it was first seen."""
    gone = {(e.log_key, e.article) for e in withdrawn}
    said = {(e.log_key, e.article): e for e in known if (e.log_key, e.article) not in gone}
    for e in fresh:
        pair = (e.log_key, e.article)
        said[pair] = replace(e, first_seen=said[pair].first_seen) if pair in said else e
    return tuple(said.values())


# Judgements.


@dataclass(frozen=True, slots=True)
class Judged:
    """What a judgement, or undoing it, came to: the memberships that are different now, before and after, and what was told."""

    judgement: Judgement
    before: tuple[Membership, ...]
    after: tuple[Membership, ...]
    changes: tuple[Change, ...] = ()
    alerts: tuple[Alert, ...] = ()


def same(store: Store, one: str, other: str) -> Judgement:
    """Gives the judgement, to be signed and made, that the party of one name counts as that of the other. Raises PipelineError."""
    lesser, greater = find(store, one), find(store, other)
    if lesser.key == greater.key:
        raise UsageError("these names are one already: articles use both for it")
    return _unsigned(Verdict.SAME, one=lesser.key, other=greater.key)


def different(store: Store, one: str, other: str, forms: Forms) -> Judgement:
    """Gives the judgement that two names mean two parties, though likeness, a renaming or an article's alias says otherwise.

    Where both are names of one party, that which is not its first one becomes a party of its own. Raises PipelineError.
    """
    lesser, greater = find(store, one), find(store, other)
    if lesser.key != greater.key:
        return _unsigned(Verdict.DIFFERENT, one=lesser.key, other=greater.key)
    for name in (one, other):
        own = fold(name) if store.coalitions_with([lesser.key]) & {lesser.key} else forms.bare(name)
        if own and lesser.key not in {own, name}:
            return _unsigned(Verdict.DIFFERENT, one=own, other=lesser.key, value=name)
    raise UsageError("these are one name: give two")


def about(store: Store, verdict: Verdict, statement: str, article: str = "", value: str = "") -> Judgement:
    """Gives the judgement on the statement whose key begins so, in one article or wherever it is made. Raises PipelineError.

    `value` is the role or date that it should have, "none" for none.
    """
    keys = store.statement_keys(statement) if statement.strip() else ()
    if len(keys) != 1:
        said = "more than one statement begins so: write more of it" if keys else "no statement of that number is known"
        raise UsageError(f"{said}; `pipeline review` and `pipeline timeline` show the numbers", about=statement)
    spoken = store.evidence_for(keys[0])
    if article:
        stored = store.article(article)
        article = stored.article.url if stored else article
        if article not in {e.article for e in spoken}:
            raise UsageError("this article does not make that statement", about=article)
    value = "" if value == "none" else value
    try:
        if verdict is Verdict.ROLE and value:
            Role(value)
        elif verdict is Verdict.DATE and value:
            value = str(PartialDate.parse(value))
    except ValueError as error:
        allowed = f"is no role: write {', '.join(Role)} or none"
        raise UsageError(allowed if verdict is Verdict.ROLE else str(error), about=value) from error
    if verdict is Verdict.DATE and value == str(spoken[0].statement.date or ""):
        raise UsageError("the statement has that date already")
    return _unsigned(verdict, statement=keys[0], article=article, value=value)


def explain(store: Store, judgement: Judgement) -> str:
    """Says in one line what was decided, by whom, when and why."""
    names = {p.key: p.name for key in (judgement.one, judgement.other) if key for p in store.find_parties(key) if p.key == key}
    one = names.get(judgement.one, judgement.value or judgement.one)
    other = names.get(judgement.other, judgement.other)
    spoken = store.evidence_for(judgement.statement) if judgement.statement else ()
    claim = f"that {in_words(spoken[0])}" if spoken else ""
    where = f", in {judgement.article}," if judgement.article else ""
    said = {
        Verdict.SAME: f"“{one}” is another name of “{other}”",
        Verdict.DIFFERENT: f"“{one}” and “{other}” are different",
        Verdict.WRONG: f"it is wrong{where} {claim}",
        Verdict.RIGHT: f"it is right{where} {claim}",
        Verdict.ROLE: f"the role is {judgement.value or 'not known'}{where} where it is said {claim}",
        Verdict.DATE: f"the date is {judgement.value or 'not known'}{where} where it is said {claim}",
    }[judgement.verdict]
    note = f": {judgement.note}" if judgement.note else ""
    undone = f" (undone by {judgement.undone_by} on {judgement.undone.date()})" if judgement.undone else ""
    return f"{judgement.id}. {judgement.by} decided on {judgement.at.date()} that {said}{note}{undone}"


def in_words(e: Evidence) -> str:
    """Says in a few words what evidence states: who, what, where and when."""
    s = e.statement
    status = "" if s.status is Status.COMPLETED else f" ({s.status})"
    who = f"{s.member.name}, " if s.member else ""
    return f"{who}{s.coalition.name}: {s.event.replace('_', ' ')}{status}{f', {s.date}' if s.date else ''}"


def _unsigned(verdict: Verdict, *, one: str = "", other: str = "", statement: str = "", article: str = "", value: str = "") -> Judgement:
    return Judgement(verdict, "", datetime.min.replace(tzinfo=UTC), "", one, other, statement, article, value)


def find(store: Store, name: str) -> Party:
    """Gives the party of that name, coalitions before members, the one that most is said of. Raises PipelineError, with near names."""
    found = store.find_parties(name)
    if not found:
        known = list(dict.fromkeys(fold(s.party.name) for s in store.spoken_of()))
        words = set(fold(name).split())
        fuller = [n for n in known if words <= set(n.split())]
        close = list(dict.fromkeys([*fuller, *get_close_matches(fold(name), known, n=3, cutoff=0.6)]))[:3]
        near = f"; near names: {', '.join(close)}" if close else ""
        raise PipelineError(f"nothing was said of a party of that name{near}", about=name)
    return found[0]


def judge(store: Store, judgement: Judgement, now: datetime, book: alerts.Rulebook | None = None) -> Judged:
    """Keeps a judgement and derives anew what it bears on. Raises UsageError where it contradicts one that holds, or says nothing.

    The rules of `book` choose the alerts for what it takes back; the alerts on that are reopened.
    """
    holding = [j for j in store.judgements() if not j.undone]
    judgement = replace(judgement, id=max((j.id for j in store.judgements()), default=0) + 1)
    _check(store, judgement, holding)
    return _follow(store, judgement, [*holding, judgement], now, book or alerts.Rulebook())


def undo(store: Store, id: int, by: str, now: datetime) -> Judged:
    """Takes a judgement back: all is as the log, and the judgements that still hold, have it. Raises UsageError.

    Nothing is told of it: what the judgement took back was true for the store before, and is again.
    """
    found = next((j for j in store.judgements() if j.id == id), None)
    if found is None:
        raise UsageError(f"there is no judgement {id}: `pipeline review log` shows them all")
    if found.undone:
        raise UsageError(f"judgement {id} was undone by {found.undone_by} on {found.undone.date()} already")
    rest = [j for j in store.judgements() if not j.undone and j.id != id]
    return _follow(store, replace(found, undone=now, undone_by=by), rest, now, alerts.Rulebook())


def _check(store: Store, judgement: Judgement, holding: Sequence[Judgement]) -> None:
    rulings, about = store.rulings(), {judgement.one, judgement.other}
    if judgement.verdict is Verdict.SAME:
        if rulings.root(judgement.one) == rulings.root(judgement.other):
            raise UsageError("these names are one already: `pipeline review log` shows why, unless an article says so")
        apart = next((j for j in holding if j.verdict is Verdict.DIFFERENT and {j.one, j.other} == about), None)
        if apart:
            raise UsageError(f"judgement {apart.id} says that they are different: `pipeline review undo {apart.id}` takes it back")
    elif judgement.verdict is Verdict.DIFFERENT:
        same = next((j for j in holding if j.verdict is Verdict.SAME and {j.one, j.other} == about), None)
        if same:
            raise UsageError(f"judgement {same.id} says that they are the same: `pipeline review undo {same.id}` takes it back")
        if any(j.verdict is Verdict.DIFFERENT and {j.one, j.other} == about and j.value == judgement.value for j in holding):
            raise UsageError("these names are held apart already")
    else:
        about_truth = {Verdict.WRONG, Verdict.RIGHT}
        for j in holding:
            alike = j.verdict is judgement.verdict or {j.verdict, judgement.verdict} <= about_truth
            if alike and j.statement == judgement.statement and (not j.article or not judgement.article or j.article == judgement.article):
                raise UsageError(f"judgement {j.id} ({j.verdict}) is about it already: `pipeline review undo {j.id}` takes it back")


def _follow(store: Store, judgement: Judgement, holding: Sequence[Judgement], now: datetime, book: alerts.Rulebook) -> Judged:
    """Derives what follows when exactly these judgements hold, and keeps it."""
    before, after = store.rulings(), store.rulings_from(holding)
    spoken = store.evidence_for(judgement.statement) if judgement.statement else ()
    about = {judgement.one, judgement.other, *(e.statement.coalition.key for e in spoken[:1])} - {""}
    about |= {rulings.root(key) for key in about for rulings in (before, after)}
    touched = store.coalitions_with(before.kin(about) | after.kin(about))
    if spoken and not is_renaming(spoken[0]):
        touched = before.kin(about) | after.kin(about)  # what is said of one coalition moves no other, but by a merger
    touched = {rulings.root(key) for key in touched for rulings in (before, after)} | touched | about
    coalitions = tuple(sorted(store.merged_with(touched, before) | store.merged_with(touched, after)))
    known = store.evidence_about(coalitions, rulings=before)
    was, memberships = diff.derive(known), diff.derive(store.evidence_about(coalitions, rulings=after))
    changes = () if judgement.undone else _taken_back(judgement, known, spoken, before, after, now)
    told = outbox.plan(store, changes, book, now)
    parties = [Party(judgement.one, judgement.value)] if judgement.verdict is Verdict.DIFFERENT and judgement.value else []
    judging = Judging(judgement, after, tuple(parties), coalitions, memberships, changes, told.alerts, told.deliveries, told.turns)
    store.save_judging(judging, now)
    turned = tuple(m for m in was if m not in memberships), tuple(m for m in memberships if m not in was)
    return Judged(judgement, *turned, changes, told.alerts)


def _taken_back(
    judgement: Judgement, known: Sequence[Evidence], spoken: Sequence[Evidence], before: Rulings, after: Rulings, now: datetime
) -> tuple[Change, ...]:
    """One correction for each thing that counted and rested on what the judgement finds wrong; a gap that it fills takes nothing back."""
    pairs = [(was, after.count(e)) for e in spoken if not e.withdrawn and (was := before.count(e))]
    changes: tuple[Change, ...] = ()
    if judgement.verdict is Verdict.WRONG:
        void = tuple(was for was, now_is in pairs if now_is is None)
        told = diff.diff(known, [replace(e, withdrawn=now) for e in void], now)
        changes = tuple(replace(c, evidence=void) for c in told if c.kind is ChangeKind.CLAIM_CORRECTED)
    elif judgement.verdict is Verdict.ROLE:
        other = [(was, e) for was, e in pairs if e and was.role and was.role is not e.role]
        changes = (
            _corrected([was for was, _ in other], str(other[0][0].role), other[0][1], str(other[0][1].role or ""), now) if other else ()
        )
    elif judgement.verdict is Verdict.DATE:
        other = [(was, e) for was, e in pairs if e and was.statement.date and was.statement.date != e.statement.date]
        if other:
            was, e = other[0]
            changes = _corrected([x for x, _ in other], str(was.statement.date), e, str(e.statement.date or ""), now)
    return tuple(replace(c, confidence=1.0, judgement=judgement.id) for c in changes)


def _corrected(was: Sequence[Evidence], before: str, e: Evidence, after: str, now: datetime) -> tuple[Change, ...]:
    s = e.statement
    change = Change(
        ChangeKind.CLAIM_CORRECTED, s.coalition, s.member, s.status, now, 1.0, tuple(was), e.role, s.date, before=before, after=after
    )
    return (change,)


# What needs a person.


def look_alikes(store: Store, forms: Forms, places: Set[str], limit: int) -> tuple[Alike, ...]:
    """Gives parties whose names may be one's, the most alike first. It leaves out what a person decided, states (which are known
    by their names), and parties of which one article speaks side by side."""
    decided = {frozenset((j.one, j.other)) for j in store.judgements() if j.verdict is Verdict.DIFFERENT and not j.undone}
    spoken = [s for s in store.spoken_of() if not s.party.key.startswith("state:")]
    pairs = [
        pair
        for coalitions in (True, False)
        for pair in alike([(s.party, s.statements) for s in spoken if s.coalition is coalitions], forms, places)
    ]
    found: list[Alike] = []
    for pair in sorted(pairs, key=lambda a: -a.score):
        keys = frozenset((pair.one.key, pair.other.key))
        if len(found) < limit and keys not in decided and not store.named_together(pair.one.key, pair.other.key):
            decided.add(keys)
            found.append(pair)
    return tuple(found)


def sides(store: Store, dispute: Change) -> tuple[tuple[Evidence, ...], ...]:
    """Gives the living statements about what is disputed, each with all its evidence: those for it and those against it."""
    members, root = [dispute.member.key] if dispute.member else [], store.rulings().root(dispute.coalition.key)
    found = [e for e in store.evidence_about([dispute.coalition.key], members=members) if e.statement.coalition.key == root]
    events = {e.statement.event for e in dispute.evidence}
    own = [e for e in found if bool(e.statement.member) == bool(dispute.member) and (dispute.member or e.statement.event in events)]
    return tuple(tuple(x for x in store.evidence_for(key) if not x.withdrawn) for key in dict.fromkeys(e.log_key for e in own))


# What was expected.


def overdue(store: Store, today: date) -> tuple[Overdue, ...]:
    """Gives what was announced for a day that is over, up to `OVERDUE_DAYS` ago, and of which nothing was heard since."""
    expected: dict[str, dict[str, Event]] = {}
    for m in store.intending():
        event = Event.WILL_JOIN if m.standing is Standing.ENTERING else Event.WILL_LEAVE
        expected.setdefault(m.coalition.key, {})[m.member.key] = event
    found = []
    for coalition, members in expected.items():
        for history in diff.histories(store.evidence_about([coalition], members=members)):
            m = history.membership
            steps = [s for s in history.steps if s.event is members.get(m.member.key) and s.status is not Status.DENIED and not s.dropped]
            last = steps[-1] if steps else None
            if last and last.when and 0 < (today - last.when.latest()).days <= OVERDUE_DAYS:
                found.append(Overdue(m.coalition, m.member, last.event, last.when, last.role, last.evidence))
    return tuple(found)


# Both clocks.


def known(store: Store, coalition: str, as_of: date | None = None, known_at: datetime | None = None) -> tuple[Membership, ...]:
    """Gives where the members of a coalition (key) stood on a day, as it was known at a moment; without either, the present."""
    if as_of is None and known_at is None:
        return store.memberships(store.rulings().root(coalition))
    rulings = store.rulings(known_at)
    said = store.evidence_about([coalition], known_at, rulings=rulings, briefly=True)
    return diff.derive(said, as_of, of={rulings.root(coalition)}, spells=False)


def timeline(store: Store, party: str, known_at: datetime | None = None) -> tuple[History, ...]:
    """Gives the histories of all members of a coalition (key), or of one party's memberships, as they were known at a moment."""
    rulings = store.rulings(known_at)
    root = rulings.root(party)
    joined = {rulings.root(key) for key in store.coalitions_with(rulings.kin([root]))} - {root}
    own = diff.histories(store.evidence_about([root], known_at, rulings=rulings), of={root})
    theirs = {root, *(party.key for (_, member), party in rulings.within.items() if member == root)}
    of_others = diff.histories(store.evidence_about(joined, known_at, members=theirs, rulings=rulings))

    def is_theirs(m: Membership) -> bool:
        return m.coalition.key != root and m.member.key in {root, rulings.member(m.coalition.key, root)}

    return (*own, *(h for h in of_others if is_theirs(h.membership)))


# The whole of it.


def rebuild(store: Store, now: datetime) -> int:
    """Derives everything anew from the log and the judgements, and gives how many memberships had not been as they should be.

    Nothing is told: a rebuilding tells of a fault in the store, not of the world. Names of an older version's that no article says any more
    are let go of first.
    """
    wrong = 0
    with store.together():
        store.unlearn_unsaid(now)
        rulings = store.rulings()
        roots = sorted({rulings.root(key) for key in store.coalition_keys()})
        store.save_redirects()
        store.show_names()
        for start in range(0, len(roots), CHUNK):
            chunk = roots[start : start + CHUNK]
            derived = diff.derive(store.evidence_about(chunk), of=frozenset(chunk))
            keys = sorted(rulings.kin(chunk))
            saved = {m for key in keys for m in store.memberships(key)}
            wrong += len({shape[:2] for shape in {_shape(m) for m in saved} ^ {_shape(m) for m in derived}})
            store.save_state(keys, derived, now)
    return wrong


def complete(store: Store, now: datetime, owners: Owners) -> None:
    """Derives what a store that an older version wrote does not have yet, or that rests on another listing of owners."""
    with store.together():
        other = store.lists_owners_by() != owners.fingerprint and store.save_owners(owners.of, owners.fingerprint) > 0
        if other or store.lacks_spells():
            rebuild(store, now)


def _shape(m: Membership) -> tuple[object, ...]:
    return (m.coalition.key, m.member.key, m.standing, m.role, m.since, m.until)
