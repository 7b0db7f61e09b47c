"""Changes of a period → a digest: what to tell, in which order, in which words, resting on which quotations.

It decides what is said; `render` decides how it looks. It reads no store and no clock, and it leaves no change out: what is
old or was merely learned goes below the news, never away. Names and quotations pass through unescaped, as they were found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from pipeline.alerts import severity
from pipeline.model import (
    COALITION_EVENTS,
    Change,
    ChangeKind,
    Event,
    Evidence,
    FeedHealth,
    Overdue,
    PartialDate,
    Role,
    Severity,
    Standing,
    Status,
    independent,
)
from pipeline.strip import Strip

QUOTES_SHOWN = 3
"""Articles quoted under one line: more are counted, not shown; the store has them all."""
DISPUTES_SHOWN = 50
"""Older disputes that a digest tells of, the newest of them: more are counted, and are for `pipeline review`."""

_WEIGHT = {Severity.HIGH: 0, Severity.NORMAL: 1, Severity.LOW: 2}
_ORDER = tuple(ChangeKind)
_MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]


@dataclass(frozen=True, slots=True)
class Quotation:
    """Exact pieces of one article, and where they stand: several where each member of a line has words of its own. `edited` is the day
    since when one of them stands there no longer."""

    words: tuple[str, ...]
    url: str
    publisher: str
    published: date | None
    edited: date | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to tell. `who` and `what` read as one sentence; `more` counts the articles whose words are not shown.

    `when` says the date as exactly as it is known, `day` is the first day that it can be.

    Several members share a line where the same articles tell the same of each (a launch with twenty founders); `confidence` is
    then that of the least sure of them.
    """

    who: str
    what: str
    kind: ChangeKind
    members: tuple[str, ...]
    role: Role | None
    status: Status
    effective: PartialDate | None
    when: str
    day: date
    severity: Severity
    confidence: float
    sources: int
    quotes: tuple[Quotation, ...]
    more: int
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """What is told of one coalition: the important first, then in the order in which it happened. `strip` is its last twelve months."""

    coalition: str
    lines: tuple[Line, ...]
    strip: Strip | None = None


@dataclass(frozen=True, slots=True)
class Digest:
    """What became different from `since` to `until` (record time): `news`, and below it `background`.

    Background is what the store learned that did not just happen: events long past and memberships that were only observed.
    `disputed` are older claims that are in dispute still, and `more_disputed` how many of them are not shown; `expected` is what was
    announced for a time that is over. `feeds` is None where nobody asked how the feeds are. A digest that is an alert has a `title` and
    `notes` of its own, and no tally; `link` is where a person can act on it.
    """

    since: datetime
    until: datetime
    news: tuple[Group, ...]
    background: tuple[Group, ...]
    feeds: FeedHealth | None = None
    disputed: tuple[Group, ...] = ()
    more_disputed: int = 0
    expected: tuple[Group, ...] = ()
    title: str = ""
    notes: tuple[str, ...] = ()
    link: str = ""
    is_alert: bool = False

    @property
    def changes(self) -> int:
        """How many changes are told, background included."""
        return sum(len(line.changes) for group in (*self.news, *self.background) for line in group.lines)


def build(
    changes: Sequence[Change],
    since: datetime,
    until: datetime,
    feeds: FeedHealth | None = None,
    *,
    disputed: Sequence[Change] = (),
    overdue: Sequence[Overdue] = (),
    strips: Mapping[str, Strip] | None = None,
    title: str = "",
) -> Digest:
    """Orders and words the changes of a period; which changes belong to it is the caller's to say.

    `disputed` are none of them, the newest first. `strips` are by coalition key; each is shown once, where its coalition is first
    spoken of.
    """
    unshown = dict(strips or {})
    # In the order in which a reader meets them.
    news = _groups((c for c in changes if not _is_background(c)), unshown)
    expected = _expected(overdue, until.date(), unshown)
    disputes = _groups(disputed[:DISPUTES_SHOWN], unshown)
    background = _groups((c for c in changes if _is_background(c)), unshown)
    return Digest(
        since=since,
        until=until,
        news=news,
        background=background,
        feeds=feeds,
        disputed=disputes,
        more_disputed=len(disputed[DISPUTES_SHOWN:]),
        expected=expected,
        title=title,
    )


def _expected(overdue: Sequence[Overdue], today: date, strips: dict[str, Strip]) -> tuple[Group, ...]:
    by_coalition: dict[str, tuple[str, list[Line]]] = {}
    for o in sorted(overdue, key=lambda o: (o.coalition.name, o.when.latest(), o.member.name.casefold())):
        quotes = _quotations(o.evidence)
        line = Line(
            who=o.member.name,
            what=f"was set to {'join' if o.event is Event.WILL_JOIN else 'leave'}; nothing was heard of it since",
            kind=ChangeKind.JOIN_ANNOUNCED if o.event is Event.WILL_JOIN else ChangeKind.LEAVE_ANNOUNCED,
            members=(o.member.name,),
            role=o.role,
            status=Status.PLANNED,
            effective=o.when,
            when=f"expected {long_date(o.when)}, {_days((today - o.when.latest()).days)} ago",
            day=o.when.latest(),
            severity=Severity.NORMAL,
            confidence=max(e.confidence for e in o.evidence),
            sources=independent(o.evidence),
            quotes=quotes[:1],
            more=len({e.article for e in o.evidence} - {q.url for q in quotes[:1]}),
            changes=(),
        )
        by_coalition.setdefault(o.coalition.key, (o.coalition.name, []))[1].append(line)
    return tuple(Group(name, tuple(lines), strips.pop(key, None)) for key, (name, lines) in by_coalition.items())


def _days(n: int) -> str:
    return f"{n} day{'' if n == 1 else 's'}"


def _is_background(change: Change) -> bool:
    return change.historic or change.kind is ChangeKind.MEMBER_OBSERVED


def _groups(changes: Iterable[Change], strips: dict[str, Strip]) -> tuple[Group, ...]:
    """Groups changes by coalition, the important first; a strip that is given to a group is taken out of `strips`."""
    by_coalition: dict[str, list[Change]] = {}
    for change in changes:
        by_coalition.setdefault(change.coalition.key, []).append(change)
    groups = [Group(of[-1].coalition.name, _lines(of), strips.pop(key, None)) for key, of in by_coalition.items()]
    return tuple(sorted(groups, key=lambda g: (_WEIGHT[g.lines[0].severity], -sum(len(line.changes) for line in g.lines), g.coalition)))


def _lines(changes: Sequence[Change]) -> tuple[Line, ...]:
    alike: dict[object, list[Change]] = {}
    for change in changes:
        articles = frozenset(e.article for e in change.evidence)
        told = (change.kind, change.status, change.role, _what(change, several=False), _when(change), articles)
        alike.setdefault((told, None if change.member else change.id), []).append(change)
    return tuple(sorted((_line(of) for of in alike.values()), key=_rank))


def _rank(line: Line) -> tuple[int, date, int, str]:
    """The important first, then in the order in which it happened; a founding comes before the joining of its founders."""
    return _WEIGHT[line.severity], line.day, _ORDER.index(line.kind), line.who


def _line(changes: Sequence[Change]) -> Line:
    changes = sorted(changes, key=lambda c: (c.member.name.casefold() if c.member else "", c.id))
    first = changes[0]
    members = tuple(sorted({c.member.name for c in changes if c.member}, key=str.casefold))
    evidence = tuple(e for c in changes for e in c.evidence)
    quotes = _quotations(evidence)
    return Line(
        who=_listed(members) or first.coalition.name,
        what=_what(first, len(members) > 1),
        kind=first.kind,
        members=members,
        role=first.role,
        status=first.status,
        effective=first.effective,
        when=_when(first),
        day=first.effective.earliest() if first.effective else _said(first) or first.detected_at.date(),
        severity=min((severity(c) for c in changes), key=_WEIGHT.__getitem__),
        confidence=min(c.confidence for c in changes),
        sources=independent(evidence),
        quotes=quotes[:QUOTES_SHOWN],
        more=len({e.article for e in evidence} - {q.url for q in quotes[:QUOTES_SHOWN]}),
        changes=tuple(c.id for c in changes),
    )


def _quotations(evidence: Iterable[Evidence]) -> tuple[Quotation, ...]:
    """The words to show: one article of each story before a second of any, what still stands before what was withdrawn.

    A copy that has no words of its own is not quoted again; of articles that are about as sure the first to say it is.
    """
    by_article: dict[str, list[Evidence]] = {}
    for e in sorted(
        evidence, key=lambda e: (e.withdrawn is not None, -round(e.confidence, 1), e.said_on(), -e.confidence, e.article, e.quote)
    ):
        by_article.setdefault(e.article, []).append(e)
    told: Counter[str] = Counter()
    said: set[tuple[str, str]] = set()
    places = []
    for place, several in enumerate(by_article.values()):
        e = several[0]
        own = tuple(dict.fromkeys(x.quote for x in several if (x.story, x.quote) not in said))
        if own:
            said.update((e.story, words) for words in own)
            published = e.published.date() if e.published else None
            edited = max((x.stood_until.date() for x in several if x.stood_until), default=None)
            places.append((told[e.story], place, Quotation(own, e.article, e.publisher, published, edited)))
            told[e.story] += 1
    return tuple(quotation for _, _, quotation in sorted(places, key=lambda p: p[:2]))


def _listed(names: Sequence[str]) -> str:
    """
    >>> _listed(["A"]), _listed(["A", "B"]), _listed(["A", "B", "C"])
    ('A', 'A and B', 'A, B and C')
    """
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def long_date(day: PartialDate | date) -> str:
    """Gives a date as people write it, as exact as it is.

    >>> long_date(PartialDate(2024, 5, 14)), long_date(PartialDate(2024, 5)), long_date(PartialDate(2024))
    ('14 May 2024', 'May 2024', '2024')
    """
    parts = (str(day.day) if day.day else "", _MONTHS[day.month - 1] if day.month else "", str(day.year))
    return " ".join(p for p in parts if p)


def _said(change: Change) -> date | None:
    return min((e.published.date() for e in change.evidence if e.published), default=None)


def _when(change: Change) -> str:
    if change.effective:
        return long_date(change.effective)
    said = _said(change)
    return f"reported {long_date(said)}" if said else f"found {long_date(change.detected_at.date())}, date not stated"


_ROLES = {
    Role.FOUNDER: ("a founder", "founders"),
    Role.LEAD: ("a leading member", "leading members"),
    Role.MEMBER: ("a member", "members"),
    Role.SIGNATORY: ("a signatory", "signatories"),
    Role.OBSERVER: ("an observer", "observers"),
    Role.PARTNER: ("a partner", "partners"),
    Role.BOARD: ("a member of the board", "members of the board"),
}
_COALITION_WORDS = {
    # completed, planned, proposed
    ChangeKind.COALITION_FORMED: ("was formed", "is to be formed", "may be formed"),
    ChangeKind.COALITION_DISSOLVED: ("was dissolved", "is to be dissolved", "may be dissolved"),
    ChangeKind.COALITION_RENAMED: ("was renamed", "is to be renamed", "may be renamed"),
    ChangeKind.COALITION_MERGED: ("merged", "is to merge", "may merge"),
    ChangeKind.COALITION_SUSPENDED: ("suspended its work", "is to suspend its work", "may suspend its work"),
}


def _what(change: Change, several: bool) -> str:
    """What happened, as the rest of a sentence that begins with the names."""
    kind, proposed = change.kind, change.status is Status.PROPOSED
    be, was = ("are", "were") if several else ("is", "was")
    role = _ROLES[change.role][several] if change.role else ""
    as_role = f" as {role}" if role and change.role is not Role.MEMBER else ""
    match kind:
        case ChangeKind.MEMBER_JOINED:
            back = f"{be} back after a suspension" if change.before == Standing.SUSPENDED else ""
            said = back or f"joined{' again' if change.before == Standing.OUT else ''}{as_role}"
        case ChangeKind.MEMBER_OBSERVED:
            said = f"{be} {role or _ROLES[Role.MEMBER][several]}"
        case ChangeKind.MEMBER_LEFT:
            said = "left"
        case ChangeKind.MEMBER_SUSPENDED:
            said = f"{was} suspended"
        case ChangeKind.MEMBER_EXPELLED:
            said = f"{was} expelled"
        case ChangeKind.JOIN_ANNOUNCED:
            said = f"may join{as_role}" if proposed else f"{be} set to join{as_role}"
        case ChangeKind.LEAVE_ANNOUNCED:
            said = "may leave" if proposed else f"{be} set to leave"
        case ChangeKind.JOIN_DECLINED:
            said = "will not join (declined or turned down)"
        case ChangeKind.ABSENCE_NOTED:
            said = f"{be} not {_ROLES[Role.MEMBER][several]}"
        case ChangeKind.ROLE_CHANGED:
            new = role or _ROLES[Role.MEMBER][several]
            said = f"became {new}" + (f" (before: {_as_said(change.before)})" if change.before not in ("", "None") else "")
        case ChangeKind.CLAIM_DISPUTED:
            said = f"{was} reported as {_as_said(change.before, change)}; that is disputed"
        case ChangeKind.CLAIM_CORRECTED:
            now = _as_said(change.after, change) if change.after else ""
            said = f"{was} reported as {_as_said(change.before, change)}; " + (f"corrected: {now}" if now else "that is taken back")
            said += f" (judgement {change.judgement})" if change.judgement else ""
            said += " (its article was taken down by the publisher)" if change.taken_down else ""
        case _:
            completed, planned, maybe = _COALITION_WORDS[kind]
            said = {Status.PLANNED: planned, Status.PROPOSED: maybe}.get(change.status, completed)
            if kind is ChangeKind.COALITION_RENAMED and change.before:
                said += f" (before: {change.before})"
    disputing = kind in (ChangeKind.CLAIM_DISPUTED, ChangeKind.CLAIM_CORRECTED)
    return f"{said} (denied)" if change.status is Status.DENIED and not disputing else said


_STANDINGS = {
    Standing.IN: "a member",
    Standing.OUT: "no longer a member",
    Standing.SUSPENDED: "suspended",
    Standing.ENTERING: "about to join",
    Standing.LEAVING: "about to leave",
    Standing.DECLINED: "not joining",
    Standing.ABSENT: "not a member",
    Standing.UNKNOWN: "of unknown standing",
}
_STATUSES = {Status.COMPLETED: "", Status.PLANNED: "to be ", Status.PROPOSED: "perhaps to be ", Status.DENIED: "not "}


def _as_said(state: str, change: Change | None = None) -> str:
    """Words for what `Change.before` and `after` hold: a standing, a status of the coalition's event, a role or a date."""
    if state in _STANDINGS:
        return _STANDINGS[Standing(state)]
    if state in list(Role):
        return _ROLES[Role(state)][0]
    if state in _STATUSES and change and change.evidence:
        event = change.evidence[0].statement.event
        return _STATUSES[Status(state)] + event.replace("_", " ") if event in COALITION_EVENTS else state
    try:
        return f"of {long_date(PartialDate.parse(state))}"
    except ValueError:
        return state or "something else"


def describe(change: Change) -> str:
    """Gives one change as a sentence without its coalition: who, and what happened."""
    name = change.member.name if change.member else change.coalition.name
    return f"{name} {_what(change, several=False)}"
