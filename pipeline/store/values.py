"""What passes between the store and the cycle: the values that only these two need.

Nothing here reads or writes. The values that other parts know too stand in `pipeline.model`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.model import (
    KEY,
    KEY_WITHIN,
    NO_HINTS,
    UNMOVED,
    Alert,
    AlertState,
    AlertTurn,
    Article,
    Calling,
    Change,
    Claim,
    Delivery,
    Entry,
    Event,
    Evidence,
    Feed,
    FeedHints,
    Judgement,
    KnownName,
    Lesson,
    Looks,
    Membership,
    Move,
    Notice,
    Party,
    RosterRule,
)
from pipeline.store.rulings import Rulings


@dataclass(frozen=True, slots=True)
class FeedState:
    """A feed with what its last poll left behind: validators, the hash of its body, failures in a row, when it is due and why.

    `minutes`, `strain` and `failing_since` are those of its last `Plan`; `full_read` is when it was last asked without
    conditions, `conditional_polls` how often it was asked with them since. `added` tells a feed that was added by a command. `in_vain`
    counts how often in a row it was asked and no answer could be kept, because the program ended before.
    """

    feed: Feed
    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""
    failures: int = 0
    next_due: datetime | None = None
    due_why: str = ""
    minutes: float = 0.0
    strain: float = 0.0
    failing_since: datetime | None = None
    hints: FeedHints = NO_HINTS
    move: Move = UNMOVED
    full_read: datetime | None = None
    conditional_polls: int = 0
    last_polled: datetime | None = None
    last_read: datetime | None = None
    last_error: str = ""
    partial: str = ""
    title: str = ""
    added: bool = False
    in_vain: int = 0
    looks: Looks = field(default_factory=Looks)

    @property
    def address(self) -> str:
        """Where it is asked for: the configured address, or the one that was taken over from a permanent redirect."""
        return self.move.address or self.feed.url


@dataclass(frozen=True, slots=True)
class Poll:
    """How one poll of a feed ended: with entries, `unchanged`, or with the `error` that stopped it.

    An unchanged answer keeps the validators that are there unless it brings others; None keeps `hints`, `move` and `looks`. `full` tells
    a poll without conditions.
    """

    feed: str
    entries: tuple[Entry, ...] = ()
    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""
    partial: str = ""
    unchanged: bool = False
    error: str = ""
    hints: FeedHints | None = None
    move: Move | None = None
    full: bool = False
    title: str = ""
    deleted: tuple[str, ...] = ()
    looks: Looks | None = None


@dataclass(frozen=True, slots=True)
class RosterState:
    """A configured roster with what its last poll left behind, and the names of its last complete reading with their time.

    `names` is empty and `read` None where the page was never read completely under its present rule; `failures` in a row weigh
    `strain` together.
    """

    rule: RosterRule
    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""
    names: tuple[str, ...] = ()
    read: datetime | None = None
    failures: int = 0
    strain: float = 0.0
    failing_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class RosterPoll:
    """How one poll of a roster ended: with the names of a complete reading, or with the `error` that stopped it.

    Without validators and hash of its own an answer keeps those that are there: the page was unchanged.
    """

    name: str
    names: tuple[str, ...] = ()
    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class PollCounts:
    """What a poll brought: entries that were not known, and those whose words are others. `mended` counts those that came under
    another guid, `kept_out` those that were let go before."""

    new: int = 0
    updated: int = 0
    mended: int = 0
    kept_out: int = 0


NOTHING = PollCounts()


@dataclass(frozen=True, slots=True)
class PendingEntry:
    """An entry whose article has not been read, or is to be tried again; `tries` counts the fetches that failed."""

    entry: Entry
    publisher: str
    feed_url: str
    tries: int = 0


@dataclass(frozen=True, slots=True)
class StoredArticle:
    """An article as it lies in the store. `version` counts from 1 and grows with every edit; `taken_down` tells that its publisher
    took it down."""

    id: int
    article: Article
    story: str
    version: int
    publisher: str
    sketch: tuple[int, ...]
    taken_down: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer that an article was read from: the address that was asked for, its site, its validators and the hash of its body."""

    address: str
    site: str
    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""


@dataclass(frozen=True, slots=True)
class Revisit:
    """A page that is `due` to be read again, of an article (by its number) that was read at `since`; None where it is no more.

    `gone_since` is when it was first said to be gone. `in_vain` counts how often in a row it was asked for and the program ended
    before the answer was kept.
    """

    article: int
    answered: Answered
    since: datetime
    due: datetime | None
    gone_since: datetime | None = None
    in_vain: int = 0


Pair = tuple[str, str]
"""Keys of coalition and member; the latter is empty for what is said of the coalition itself."""


@dataclass(frozen=True, slots=True)
class KeptGist:
    """A gist as it is kept: how many `stories` it has of each happening at least, of how many rows it was `made`, and how many it has."""

    stories: int
    made: int
    rows: int


@dataclass(frozen=True, slots=True)
class Gists:
    """What reading one article does to gists: those that are `made` anew (with the stories that each has), the pairs of those that
    its evidence is `added` to, and the pairs of those that are let go."""

    made: Mapping[Pair, tuple[int, Sequence[Evidence]]]
    added: Mapping[Pair, Sequence[Evidence]]
    gone: Collection[Pair] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """All that reading one article brought: `save_reading` writes the whole of it, or nothing.

    `former` is the stored article that this is a new version of. `addresses` are all those that led to it. `retry` is when
    its page shall be tried again, None where the entries are done with. `memberships` is the state of `coalitions` (keys) after
    this article, of all their members or of `members` (keys) alone; a row of theirs that is not among it goes. `evidence` and
    `withdrawn` are what the article itself states; `counted` is what of it counts, and as what, where judgements make a
    difference; `rulings` are those that hold from now on, `stirred` whether they are others than before. `retold` gives, by the
    statement (key) of each piece of evidence, the statements that told the same happening. `turns` are those of earlier alerts.
    `owner` is the house behind the publisher. `gists` is what becomes of those of its pairs; None lets go of all of the coalitions'.
    `callings` are the names under which it shows parties; None where those of its statements are. `lessons` are all the definitions that
    the article holds, `unlearned` the names that no article defines any more. `answered` is the page that it was read from, where that
    is to be read again at `revisit`. `taken_down` tells that its publisher took the article down: its words stay, and state nothing.
    """

    article: Article
    entries: tuple[Entry, ...]
    story: str
    publisher: str
    detector: str
    former: StoredArticle | None = None
    addresses: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    skipped: str = ""
    learned: tuple[KnownName, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    counted: tuple[Evidence, ...] | None = None
    retold: Mapping[str, frozenset[str]] = field(default_factory=dict)
    withdrawn: tuple[Evidence, ...] = ()
    rulings: Rulings | None = None
    stirred: bool = False
    coalitions: tuple[str, ...] = ()
    members: tuple[str, ...] | None = None
    memberships: tuple[Membership, ...] = ()
    changes: tuple[Change, ...] = ()
    alerts: tuple[Alert, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    turns: tuple[AlertTurn, ...] = ()
    run: int | None = None
    why: str = ""
    retry: datetime | None = None
    owner: str = ""
    gists: Gists | None = None
    callings: tuple[Calling, ...] | None = None
    lessons: tuple[Lesson, ...] = ()
    unlearned: tuple[KnownName, ...] = ()
    answered: Answered | None = None
    revisit: datetime | None = None
    taken_down: bool = False

    @property
    def renames(self) -> bool:
        """Whether the article may change which names are one: it tells, or tells no longer, of another name, or defines one."""
        if self.rulings is not None:
            return self.stirred
        told = any(e.statement.event is Event.RENAMED for e in (*self.evidence, *self.withdrawn))
        return told or any(n.kind == KEY or n.kind.startswith(KEY_WITHIN) for n in self.learned)


@dataclass(frozen=True, slots=True)
class DueDigest:
    """A digest that waits for its channel, and the period that it covers."""

    delivery: Delivery
    since: datetime
    until: datetime
    audience: str = ""


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """A delivery that waits for its channel, with the alert, the change that raised it, and the one that reopened it, if any.

    `thread` is the message in which the channel was first told of the alert, empty where it was not bundled yet.
    """

    delivery: Delivery
    alert: Alert
    change: Change
    reopened_by: Change | None = None
    thread: str = ""
    state: AlertState = AlertState.OPEN
    muted_until: datetime | None = None
    raised: datetime | None = None
    made: datetime | None = None


@dataclass(frozen=True, slots=True)
class DueNotice:
    """A delivery that waits for its channel, with the notice that it tells of. `thread` is the message in which the channel was told
    that it was raised."""

    delivery: Delivery
    notice: Notice
    thread: str = ""
    made: datetime | None = None


Due = DueDelivery | DueDigest | DueNotice


@dataclass(frozen=True, slots=True)
class Kept:
    """A message as it is kept: `state` is "due", "delivered", "given up" (a dead letter) or "dropped"."""

    message: str
    state: str
    error: str
    tried: datetime | None
    deliveries: tuple[Due, ...]


@dataclass(frozen=True, slots=True)
class Judging:
    """A judgement that is made, or undone, with all that follows: `save_judging` writes the whole of it, or nothing.

    `rulings` are those that hold from now on, `memberships` the whole state of `coalitions` (keys) under them. `parties` are
    those that the judgement itself names.
    """

    judgement: Judgement
    rulings: Rulings
    parties: tuple[Party, ...] = ()
    coalitions: tuple[str, ...] = ()
    memberships: tuple[Membership, ...] = ()
    changes: tuple[Change, ...] = ()
    alerts: tuple[Alert, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    turns: tuple[AlertTurn, ...] = ()
