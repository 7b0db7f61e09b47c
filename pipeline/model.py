"""The values that flow through the house: frozen, slotted, tuples for sequences, aware UTC datetimes.

Nothing here reads, writes, fetches or decides; a value only checks that it can exist. The words are those of the glossary
in the README: a claim is what one article says, a statement is a claim whose names have been resolved, evidence ties a
statement to the words of an article, a membership is the state derived from statements, a change is what became different.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, tzinfo
from enum import StrEnum
from typing import Any

from pipeline.text import digest


class Event(StrEnum):
    """What a text says of a coalition (the first five) or of a member of it (the rest)."""

    FORMED = "formed"
    DISSOLVED = "dissolved"
    RENAMED = "renamed"
    MERGED = "merged"
    SUSPENDED_OPERATIONS = "suspended_operations"
    JOINED = "joined"
    MEMBER = "member"
    LEFT = "left"
    SUSPENDED = "suspended"
    EXPELLED = "expelled"
    WILL_JOIN = "will_join"
    WILL_LEAVE = "will_leave"
    DECLINED = "declined"
    ABSENT = "absent"


COALITION_EVENTS = frozenset({Event.FORMED, Event.DISSOLVED, Event.RENAMED, Event.MERGED, Event.SUSPENDED_OPERATIONS})
"""Events that are said of the coalition itself, with no member."""


class Status(StrEnum):
    """How far an event has come, as the text has it."""

    COMPLETED = "completed"
    PLANNED = "planned"
    PROPOSED = "proposed"
    DENIED = "denied"


class Role(StrEnum):
    FOUNDER = "founder"
    LEAD = "lead"
    MEMBER = "member"
    SIGNATORY = "signatory"
    OBSERVER = "observer"
    PARTNER = "partner"
    BOARD = "board"


class Standing(StrEnum):
    """Where a member stands in a coalition, derived from statements."""

    IN = "in"
    OUT = "out"
    SUSPENDED = "suspended"
    ENTERING = "entering"
    LEAVING = "leaving"
    DECLINED = "declined"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class ChangeKind(StrEnum):
    COALITION_FORMED = "coalition_formed"
    COALITION_DISSOLVED = "coalition_dissolved"
    COALITION_RENAMED = "coalition_renamed"
    COALITION_MERGED = "coalition_merged"
    COALITION_SUSPENDED = "coalition_suspended"
    MEMBER_JOINED = "member_joined"
    MEMBER_OBSERVED = "member_observed"
    MEMBER_LEFT = "member_left"
    MEMBER_SUSPENDED = "member_suspended"
    MEMBER_EXPELLED = "member_expelled"
    JOIN_ANNOUNCED = "join_announced"
    LEAVE_ANNOUNCED = "leave_announced"
    JOIN_DECLINED = "join_declined"
    ABSENCE_NOTED = "absence_noted"
    ROLE_CHANGED = "role_changed"
    CLAIM_DISPUTED = "claim_disputed"
    CLAIM_CORRECTED = "claim_corrected"


class Verdict(StrEnum):
    """What a person can decide: of two parties, or of a statement."""

    SAME = "same"
    DIFFERENT = "different"
    WRONG = "wrong"
    RIGHT = "right"
    ROLE = "role"
    DATE = "date"


class Severity(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


_PARTIAL = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?")


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A day, a month or a year: as exact as the text was (`2024-05-14`, `2024-05`, `2024`)."""

    year: int
    month: int | None = None
    day: int | None = None
    _first: date = field(init=False, repr=False, compare=False)
    _text: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.day is not None and self.month is None:
            raise ValueError("a day needs its month")
        # Kept, because memory asks each date many times when it weighs an article.
        object.__setattr__(self, "_first", date(self.year, self.month or 1, self.day or 1))  # raises ValueError where there is none
        object.__setattr__(self, "_text", "-".join(f"{p:02d}" for p in (self.year, self.month, self.day) if p is not None))

    @classmethod
    def parse(cls, text: str) -> PartialDate:
        """Reads `YYYY`, `YYYY-MM` or `YYYY-MM-DD`; raises ValueError for anything else.

        >>> str(PartialDate.parse("2024-05")), PartialDate.parse("2024-02-29").latest().isoformat()
        ('2024-05', '2024-02-29')
        """
        found = _PARTIAL.fullmatch(text.strip())
        if not found:
            raise ValueError(f"{text!r} is no date: write YYYY, YYYY-MM or YYYY-MM-DD")
        year, month, day = (int(g) if g else None for g in found.groups())
        assert year is not None
        return cls(year, month, day)

    def __str__(self) -> str:
        return self._text

    def earliest(self) -> date:
        """The first day that it can mean."""
        return self._first

    def latest(self) -> date:
        """The last day that it can mean.

        >>> PartialDate(2024, 2).latest().isoformat()
        '2024-02-29'
        """
        if self.day is not None:
            return self._first
        month = self.month or 12
        return date(self.year, month, calendar.monthrange(self.year, month)[1])

    def covers(self, other: PartialDate) -> bool:
        """Whether `other` is the same time, said as exactly or more exactly.

        >>> PartialDate(2024).covers(PartialDate(2024, 5)), PartialDate(2024, 5).covers(PartialDate(2024))
        (True, False)
        """
        return self.earliest() <= other.earliest() and other.latest() <= self.latest()


# Reading: a type for each moment between an address and an article.


@dataclass(frozen=True, slots=True)
class Feed:
    """A configured source. `publisher` names the house behind it where the pages do not say. An `adaptive` interval begins with
    `interval_minutes` and follows what the feed brings; one that a person set stays."""

    name: str
    url: str
    publisher: str = ""
    interval_minutes: int = 60
    adaptive: bool = True


@dataclass(frozen=True, slots=True)
class FeedHints:
    """How often a feed asks to be read (ttl, sy:updatePeriod): not within `minutes`, in no `skip_hours` and on no `skip_days` (UTC,
    Monday is 0)."""

    minutes: float = 0.0
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()


NO_HINTS = FeedHints()


@dataclass(frozen=True, slots=True)
class Move:
    """Where a feed has gone: the `address` that was taken over (empty: the configured one), and where a permanent redirect has led
    `to` since when."""

    address: str = ""
    to: str = ""
    since: datetime | None = None


UNMOVED = Move()


@dataclass(frozen=True, slots=True)
class Plan:
    """When a feed is due next, and why. `minutes` is its interval, 0 where it is not known yet, `strain` the weight of its failures."""

    due: datetime
    why: str
    minutes: float = 0.0
    strain: float = 0.0
    failing_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class RosterRule:
    """A body's own page of members, and how to read it.

    `selector` is a CSS selector of the names, empty where they are found by themselves; `role` is what all listed have. Fewer
    than `least_members` names, or more than the share `most_vanishing` of the last complete reading gone at once, is a broken
    page and no news.
    """

    name: str
    url: str
    coalition: str
    selector: str = ""
    role: Role | None = None
    least_members: int = 3
    most_vanishing: float = 0.2
    interval_minutes: int = 1440


@dataclass(frozen=True, slots=True)
class Roster:
    """The names on a page of members, as they stand there and in its order, each once; `found` says where they were."""

    names: tuple[str, ...]
    found: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Fetched bytes with what came with them. `headers` has lower-case names; `url` is what was asked for.

    `moved` is where permanent redirects (301, 308) led, up to the first that was not; empty where there was none.
    """

    url: str
    final_url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    fetched: datetime
    moved: str = ""

    def header(self, name: str) -> str:
        """The first header of that name, or an empty string."""
        return next((value for key, value in self.headers if key == name.lower()), "")


@dataclass(frozen=True, slots=True)
class Entry:
    """One feed item as published. `content` is the feed's own text of it, HTML or plain, possibly empty."""

    feed: str
    guid: str
    url: str
    title: str
    content: str = ""
    published: datetime | None = None
    updated: datetime | None = None
    author: str = ""


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """What a feed document held. `partial` says in a few words why entries may be missing; empty where all could be read.

    `hints` is how often it asks to be read, `deleted` the guids of entries that it takes back (RFC 6721).
    """

    title: str
    entries: tuple[Entry, ...]
    partial: str = ""
    hints: FeedHints = NO_HINTS
    deleted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Article:
    """A readable article: paragraphs of `text` are parted by a blank line, list items are lines that begin with "• ".

    `url` is the canonical address, `site` the publisher, `language` an ISO 639-1 code or empty where it is not known,
    `origin` is "page" or, where the page could not be had, "feed".
    """

    url: str
    title: str
    text: str
    published: datetime | None = None
    author: str = ""
    site: str = ""
    language: str = ""
    origin: str = "page"

    @property
    def fingerprint(self) -> str:
        """Equal for two versions with the same words, whatever their white space."""
        return digest(" ".join(self.title.split()), " ".join(self.text.split()))


# Detection and memory.


@dataclass(frozen=True, slots=True)
class Quote:
    """Exact words of an article and their place: `part` is "title" or "text", `start` counts characters in it."""

    words: str
    part: str = "text"
    start: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """What ONE article says, in its own names. `member` is None for an event of the coalition itself.

    `because` tells a person why: stage by stage, a few words each.
    """

    coalition: str
    member: str | None
    event: Event
    status: Status
    quote: Quote
    confidence: float
    role: Role | None = None
    date: PartialDate | None = None
    coalition_aliases: tuple[str, ...] = ()
    member_aliases: tuple[str, ...] = ()
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Party:
    """A resolved identity, member or coalition: `key` never changes, `name` is what to call it."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Statement:
    """A claim whose names have been resolved; equal statements of many articles are one."""

    coalition: Party
    member: Party | None
    event: Event
    status: Status
    date: PartialDate | None = None
    _key: str = field(default="", init=False, repr=False, compare=False)

    @property
    def key(self) -> str:
        """The hash of what is stated; the names that the parties go by do not count."""
        if not self._key:  # kept, because it is asked for many times when an article is weighed
            hashed = digest(self.coalition.key, self.member.key if self.member else "", self.event, self.status, str(self.date or ""))
            object.__setattr__(self, "_key", hashed)
        return self._key


@dataclass(frozen=True, slots=True)
class Evidence:
    """Ties a statement to the words of one article.

    `story` is the cluster of near-copies that the article belongs to: near-copies are no independent sources.
    `published` is the article's own time, `first_seen` when this store learned of it (the record clock).
    `other_name` is the coalition's former name, for a statement that it was renamed, or the name of the body that it was merged
    into, which is the `successor`. `owner` is the house that its publisher belongs to. `coalition_said` and `member_said` are the
    names in the article's own spelling. `logged` is the key of the statement that the article itself
    makes, where a person's judgement (or a renaming) lets it count as another one; empty where it counts as what it says.
    `stood_until` is when an edit took the words away, where they are shown for what was told before that.
    """

    statement: Statement
    article: str
    publisher: str
    story: str
    quote: str
    confidence: float
    detector: str
    first_seen: datetime
    last_seen: datetime
    published: datetime | None = None
    role: Role | None = None
    other_name: str = ""
    withdrawn: datetime | None = None
    coalition_said: str = ""
    member_said: str = ""
    logged: str = ""
    owner: str = ""
    successor: Party | None = None
    stood_until: datetime | None = None

    @property
    def log_key(self) -> str:
        """The key of the statement under which it is kept, whatever it counts as."""
        return self.logged or self.statement.key

    def said_on(self) -> date:
        """The day on which it was said: publication, or where that is unknown the day we read it."""
        return (self.published or self.first_seen).date()


def independent(evidence: Iterable[Evidence]) -> int:
    """Counts the independent sources of evidence: no more than it has stories, and no more than owners stand behind it.

    Forty houses that print one wire story are one source, and so is one house with three stories, or with three addresses.
    Where nobody looked up the owners, the stories are what counts.
    """
    found = tuple(evidence)
    return min(len({e.story for e in found}), len({e.owner or e.story for e in found}))


@dataclass(frozen=True, slots=True)
class Spell:
    """One stay of a member in a coalition, from its entry to its exit, with all the words that tell of it.

    `standing` is where the stay ended (out) or stands today; `role` is the last one that was told.
    """

    standing: Standing
    role: Role | None
    since: PartialDate | None
    until: PartialDate | None
    evidence: tuple[Evidence, ...]

    @property
    def sources(self) -> int:
        return independent(self.evidence)


@dataclass(frozen=True, slots=True)
class Membership:
    """State derived from statements, never edited by hand. `since` and `until` are valid time, `spells` its whole course."""

    coalition: Party
    member: Party
    standing: Standing
    role: Role | None = None
    since: PartialDate | None = None
    until: PartialDate | None = None
    spells: tuple[Spell, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that was told of a member, once, by any number of articles. `day` is where it stands in the order of effect;
    `dropped` is the day on which it was denied, after which it counts no more."""

    event: Event
    status: Status
    when: PartialDate | None
    day: date
    role: Role | None
    dropped: date | None
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class History:
    """All that is known of one member of one coalition: where it stands, and step by step what was told, ordered by effect."""

    membership: Membership
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What became different for a reader who knew all that was known before.

    `effective` is when it took effect in the world, `detected_at` when we learned it. `historic` marks an old event that is
    told for the first time: it is news to the store, not in the world. `sources` counts independent ones. `judgement` is the
    number of the person's decision that brought it about, 0 where the news did. `taken_down` tells that it is taken back because the
    article that it rested on was taken down by its publisher.
    """

    kind: ChangeKind
    coalition: Party
    member: Party | None
    status: Status
    detected_at: datetime
    confidence: float
    evidence: tuple[Evidence, ...]
    role: Role | None = None
    effective: PartialDate | None = None
    before: str = ""
    after: str = ""
    historic: bool = False
    judgement: int = 0
    taken_down: bool = False

    @property
    def id(self) -> str:
        """The hash of what changed, and of the moment of learning, so that a second exit is a second change."""
        return digest(
            self.kind, self.coalition.key, self.member.key if self.member else "", str(self.effective or ""), self.detected_at.isoformat()
        )

    @property
    def sources(self) -> int:
        return independent(self.evidence)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A person's decision, kept with who made it, when and why; `undone` is when it was taken back.

    SAME: the party `one` counts as `other`. DIFFERENT: they are two; with a `value`, that spelling of `other` is the party
    `one`. The others are about a `statement` (key), in one `article` (address) or wherever it is made; the `value` of ROLE and
    DATE is what it should be, empty for none.
    """

    verdict: Verdict
    by: str
    at: datetime
    note: str = ""
    one: str = ""
    other: str = ""
    statement: str = ""
    article: str = ""
    value: str = ""
    id: int = 0
    undone: datetime | None = None
    undone_by: str = ""


class Act(StrEnum):
    """What happens to an alert: the first three by the news, the next by a person. A notice is raised and ended."""

    RAISED = "raised"
    UPDATED = "updated"
    REOPENED = "reopened"
    ACKNOWLEDGED = "acknowledged"
    MUTED = "muted"
    UNMUTED = "unmuted"
    NOTED = "noted"
    ENDED = "ended"


class AlertState(StrEnum):
    OPEN = "open"
    UPDATED = "updated"
    REOPENED = "reopened"
    ACKNOWLEDGED = "acknowledged"
    MUTED = "muted"


@dataclass(frozen=True, slots=True)
class Alert:
    """A change picked by a rule. Its id is the pair, so that running again raises nothing twice.

    `sources` counts the independent stories behind it when it was raised, or as far as its log has come.
    """

    change: str
    rule: str
    severity: Severity
    channels: tuple[str, ...] = ()
    sources: int = 1

    @property
    def id(self) -> str:
        return digest(self.change, self.rule)


@dataclass(frozen=True, slots=True)
class AlertTurn:
    """One line of an alert's log: what happened to it, when, and by whom (empty for the news itself).

    `change` is the change that reopened it, `sources` how many independent ones an update found, `until` how long it is muted (None
    for as long as nobody takes it back).
    """

    alert: str
    act: Act
    at: datetime
    by: str = ""
    note: str = ""
    until: datetime | None = None
    change: str = ""
    sources: int = 0


@dataclass(frozen=True, slots=True)
class RaisedAlert:
    """An alert that was raised, as far as what comes later needs to know it.

    `told` are the channels that have been told of it, `waiting` those that a first message still waits for, and `rules` by which rule
    each of them is told, where that is another one than the alert's.
    """

    id: str
    change: Change
    rule: str
    severity: Severity
    state: AlertState
    muted_until: datetime | None
    sources: int
    raised: datetime
    told: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    rules: Mapping[str, str] = field(default_factory=dict, hash=False)


class NoticeKind(StrEnum):
    """What there is to notice: a source that cannot be read, has moved for good, serves something else or brings nothing; and an
    article that is left out of its turn because reading it ended the program."""

    BROKEN = "broken"
    MOVED = "moved"
    CHANGED = "changed"
    QUIET = "quiet"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about a source that a person should know. `about` is its name, an article's address, or empty for all sources.

    It holds `since` a moment, and was noticed when it was `raised`. `why` says it in words, `outcome` how it `ended`.
    """

    about: str
    kind: NoticeKind
    why: str
    since: datetime
    raised: datetime
    ended: datetime | None = None
    outcome: str = ""

    @property
    def id(self) -> str:
        """The same thing noticed a second time, later, is another notice."""
        return digest("notice", self.about, self.kind, self.raised.isoformat())


@dataclass(frozen=True, slots=True)
class Looks:
    """By what a feed is known: how it calls itself, and the `sites` whose articles it lists.

    `odd` counts the answers in a row that had neither, since `odd_since`, with the title and sites of the last one; `adopted` tells
    that what looked odd for long was taken for its own just now.
    """

    title: str = ""
    sites: tuple[str, ...] = ()
    odd: int = 0
    odd_since: datetime | None = None
    odd_title: str = ""
    odd_sites: tuple[str, ...] = ()
    adopted: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """An alert, a notice, or with neither a digest, on its way to one channel.

    `receipt` is what the channel answered, or of those who have it already where it took a message in part. `act` is what is told of
    the alert, and `change` the change that says so, where that is another one than the alert's. `least_sources` independent sources
    are waited for, until `waits_until` (None: without end). Deliveries of one `bundle` may go together; `message` is what they went
    in, and stays the same however often it is tried.
    """

    id: str
    alert: str
    channel: str
    due: datetime
    tries: int = 0
    receipt: str = ""
    act: Act = Act.RAISED
    rule: str = ""
    change: str = ""
    coalition: str = ""
    least_sources: int = 1
    waits_until: datetime | None = None
    bundle: str = ""
    message: str = ""
    notice: str = ""


KEY = "key"
"""The kind of a `KnownName` whose spelling is the key of a party that an article defines as another one."""
KEY_WITHIN = "key within:"
"""The same within one coalition alone, whose key follows: an article says that what others took for the party of that key is another."""


@dataclass(frozen=True, slots=True)
class KnownName:
    """A spelling that stands for a party. `source` is where we have it from: config, gazetteer or an article's address."""

    spelling: str
    party: Party
    kind: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one article says of a name beside the one that it uses: "Zonal Pear Alliance (ZPA)". `said` is the name as it spells it, and
    `words` are where it does."""

    name: KnownName
    said: str
    words: str = ""


class Naming(StrEnum):
    """Where a name comes from that a party may be shown under: from the configuration, from words that it was renamed, or from what
    articles call it."""

    CONFIG = "config"
    RENAMED = "renamed"
    SAID = "said"


@dataclass(frozen=True, slots=True)
class Calling:
    """A name that a party may be shown under. `when` is the day from which it is called so, where it was renamed; None for the day of
    the article."""

    party: Party
    naming: Naming = Naming.SAID
    when: PartialDate | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something left out, and why: counted and shown, never silent."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Detection:
    """What the detector made of one article. `skipped` is why it looked no further, empty where it did."""

    claims: tuple[Claim, ...]
    skipped: str = ""
    trace: tuple[str, ...] = field(default=(), repr=False)


# What a person asks for.


@dataclass(frozen=True, slots=True)
class Watched:
    """A body of the watch list: its name, the other names that mean it, and what kind of body it is."""

    name: str
    aliases: tuple[str, ...] = ()
    kind: str = ""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """A time of the day in which nothing is sent. Where it begins later than it ends, it goes over midnight."""

    begin: time
    end: time
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class AlertRule:
    """Which changes become alerts, when, and where they go. An empty tuple or set stands for all.

    `coalition_kinds` are kinds of bodies as the watch list has them. Of a change with fewer than `least_sources` independent sources
    nothing is sent until it has them, or `wait_minutes` (0: for ever) are over. What falls due within `group_minutes` goes in one
    message a coalition; None sends each by itself. While it is muted it sends nothing, and nothing later. Where it says to `go_on`,
    the rules after it may add their channels.
    """

    name: str
    kinds: frozenset[ChangeKind] = frozenset()
    coalitions: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    least_confidence: float = 0.0
    least_severity: Severity = Severity.LOW
    channels: tuple[str, ...] = ()
    coalition_kinds: frozenset[str] = frozenset()
    roles: frozenset[Role] = frozenset()
    least_sources: int = 1
    wait_minutes: int = 0
    group_minutes: int | None = None
    quiet: QuietHours | None = None
    mute_until: datetime | None = None
    updates: bool = True
    go_on: bool = False


@dataclass(frozen=True, slots=True)
class Owner:
    """A house and the publishers that belong to it, each by its name or by an address of its site (`example.org`)."""

    name: str
    publishers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Channel:
    """Where messages go: `target` is a folder, a file or an address, as its `kind` needs it.

    Secrets are never in here: `settings` holds the names of the environment's variables that have them, and all else that only its
    kind knows.
    """

    name: str
    kind: str
    target: str
    quiet: QuietHours | None = None
    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Audience:
    """Who gets a digest, of what, and when: `cron` is a cron expression, read in `zone`; `rule` says which changes and which channels."""

    name: str
    rule: AlertRule
    cron: str
    zone: tzinfo
    title: str = ""


@dataclass(frozen=True, slots=True)
class FailingFeed:
    """A feed that could not be read last time: why, and when it last was."""

    what: str
    why: str
    last_read: datetime | None = None


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """The proof of silence: how many feeds could be read last time, which could not and why, and when one last was.

    `stale` are those that were read, or should have been, and brought nothing for long; `strange` those that moved for good or seem to
    serve something else; `unasked` (names) those that nobody has asked yet.
    """

    read: int
    failing: tuple[FailingFeed, ...] = ()
    last_success: datetime | None = None
    stale: tuple[Skipped, ...] = ()
    strange: tuple[Skipped, ...] = ()
    unasked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Overdue:
    """A joining or leaving that was announced for a time that is over, and of which nothing was heard since."""

    coalition: Party
    member: Party
    event: Event
    when: PartialDate
    role: Role | None
    evidence: tuple[Evidence, ...]
