"""The outbox: plans what is told of a reading's changes, and sends what is due.

What is planned is written in the transaction of its changes. Sending is at least once: a message's id is kept before it is sent for
the first time, its receipt afterwards, and one whose receipt was lost in a crash is sent again under the same id. What a channel does
not take is tried again after growing pauses, and not before the channel asks for it; what it never takes becomes a dead letter. Messages
about one coalition reach a channel in the order of their changes: one that waits for another try holds back those behind it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby

from pipeline import alerts, letters, links, notify, templates
from pipeline.config import Config
from pipeline.errors import DeliveryError
from pipeline.model import Act, Alert, AlertTurn, Change, Channel, Delivery, Evidence, RaisedAlert, Skipped
from pipeline.resolve import Identities
from pipeline.store import Due, DueDelivery, DueDigest, DueNotice, Store
from pipeline.text import digest

PAUSES = tuple(timedelta(minutes=m) for m in (5, 15, 60, 240, 720, 1440, 1440))
"""Before each further try; after the last of them, nearly three days after the first, a message becomes a dead letter."""
SPREAD = 0.1
"""Each pause is longer or shorter by up to this share, so that messages that failed together are not all tried again at once."""
LONGEST_PAUSE = timedelta(days=1)
"""A channel that asks for a longer pause is asked again after this one."""
FAILURES_IN_A_ROW = 3
"""After so many messages that a channel did not take it rests, and the others are not tried."""
BATCH = 200
FEED_STAYS = timedelta(days=3)
"""For so long at least an alert stands in a feed after the feed was last told of it: readers ask every hour, or after a weekend."""
FEED_ENTRIES = 200
"""So many alerts a feed lists at least, as far as there are any."""
FEED_MOST = 2000
"""No more alerts than this are told to a feed in the time for which they stand in it (a file of 2 to 4 MB): what is beyond waits."""
_FULL = "the feed is full"

Deliver = Callable[[notify.Message, Channel], str]
DigestPage = Callable[[DueDigest, Channel], notify.Message]


def rulebook(config: Config, identities: Identities) -> alerts.Rulebook:
    """Gives what the configuration says about alerts, with the kinds of the bodies on its watch list."""
    kinds = {}
    for watched in config.watch:
        found = identities.coalition(watched.name)
        if watched.kind and found:
            kinds[identities.root(found.key)] = watched.kind
    threadless, mirrors = (
        frozenset(c.name for c in config.channels if c.kind in some) for some in (notify.THREADLESS_KINDS, notify.MIRROR_KINDS)
    )
    return alerts.Rulebook(config.alerts, identities, kinds, threadless, mirrors)


def plan(
    store: Store,
    changes: Sequence[Change],
    book: alerts.Rulebook,
    now: datetime,
    told: Iterable[tuple[Evidence, frozenset[str]]] = (),
) -> alerts.Plan:
    """Plans what is told of the changes of one reading, and of what it adds to earlier ones; it only reads the store.

    `told` are the pieces of evidence of the reading, each with the keys of all statements that tell the same.
    """
    earlier = []
    for change in changes:
        if (found := alerts.contradicted(change, _alerts_about(store, change))) is not None:
            earlier.append((change, found))
    return alerts.plan(changes, book, now, earlier, _grown(store, changes, told))


def _alerts_about(store: Store, change: Change) -> tuple[RaisedAlert, ...]:
    if not alerts.contradicts(change):
        return ()
    rulings = store.rulings()
    members = rulings.kin((change.member.key,)) if change.member else None
    return store.alerts_about(rulings.kin((change.coalition.key,)), members)


def _grown(store: Store, changes: Sequence[Change], told: Iterable[tuple[Evidence, frozenset[str]]]) -> tuple[RaisedAlert, ...]:
    """The alerts that have one more independent source by this reading: near-copies of it, or the same owner's, are none."""
    own = {e.log_key for change in changes for e in change.evidence}
    found: dict[str, RaisedAlert] = {}
    for e, keys in told:
        if not keys & own and (alert := store.alert_grown_by(e, keys)) is not None:
            found.setdefault(alert.id, alert)
    return tuple(found.values())


# Sending.


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of the messages that were due: how many arrived, and which channels failed and why, once for each message."""

    delivered: int = 0
    failures: tuple[Skipped, ...] = ()


def send(store: Store, config: Config, deliver: Deliver, page: DigestPage, now: datetime) -> Sent:
    """Sends all that is due; `page` makes the message of a digest. Raises StoreError; a channel that fails is a value."""
    return _Sending(store, config, deliver, page, now).all()


class _Sending:
    def __init__(self, store: Store, config: Config, deliver: Deliver, page: DigestPage, now: datetime) -> None:
        self.store, self.config, self.deliver, self.page, self.now = store, config, deliver, page, now
        self.channels = {c.name: c for c in config.channels}
        self.rules = {rule.name: rule for rule in config.alerts}
        self.template = templates.read("digest.html")
        self.failures: list[Skipped] = []
        self.desk = self._desk()
        self.delivered = 0
        self.in_a_row: Counter[str] = Counter()
        self.resting: set[str] = set()
        self.stuck: set[tuple[str, str]] = set()

    def _desk(self) -> links.Desk | None:
        """Where alerts can be acted on; without its key messages go out without a link, and the report says why."""
        asked = self.config.desk
        if not asked.address:
            return None
        try:
            return links.Desk(asked.address, notify.secret(asked.secret_env, "desk"))
        except DeliveryError as error:
            self.failures.append(Skipped("desk", str(error).removeprefix("desk: ")))
            return None

    def all(self) -> Sent:
        if silent := [rule.name for rule in self.config.alerts if alerts.is_silent(rule, self.now)]:
            self.store.drop_due_by(silent, self.now, "its rule was muted")
        self.store.bundle(self.now)
        for channel in self.channels.values():
            if channel.kind in notify.FEED_KINDS:
                self._feed(channel)
        while batch := self.store.due_messages(self.now, BATCH):
            for message in batch:
                self._one(message, self.channels.get(message[0].delivery.channel))
        return Sent(self.delivered, tuple(self.failures))

    def _one(self, message: tuple[Due, ...], channel: Channel | None) -> None:
        first = message[0].delivery
        about = {(first.channel, m.delivery.coalition) for m in message if m.delivery.coalition}
        if first.channel in self.resting or about & self.stuck:
            return
        if channel is None or channel.kind in notify.FEED_KINDS:
            # What was made for a channel of this name before it became a feed is not to be written over the feed.
            why = "it is a feed, which holds alerts alone" if channel else "no channel of this name is configured"
            self._failed(first, DeliveryError(why, about=first.channel, transient=False), about)
            return
        if until := self._quiet(message, channel):
            self.store.postpone([first.message], until)
            return
        unwanted = [m for m in message if isinstance(m, DueDelivery) and alerts.is_muted(m.state, m.muted_until, self.now)]
        if unwanted:
            self.store.drop([m.delivery.id for m in unwanted], "the alert was muted")
            message = tuple(m for m in message if m not in unwanted)
            if not message:
                return
        try:
            receipt = notify.attempt(lambda: self.deliver(self._message(message, channel), channel), channel.name)
        except DeliveryError as error:
            self._failed(first, error, about)
        else:
            self._taken(first, receipt)

    def _message(self, message: tuple[Due, ...], channel: Channel) -> notify.Message:
        first = message[0]
        if isinstance(first, DueDigest):
            return replace(self.page(first, channel), id=first.delivery.message, earlier=first.delivery.receipt)
        forms = notify.FORMS.get(channel.kind, frozenset())
        if channel.kind == "file" and not channel.settings.get("html"):
            forms -= {"html"}
        if isinstance(first, DueNotice):
            return self._notices([m for m in message if isinstance(m, DueNotice)], first, forms)
        told = tuple(m for m in message if isinstance(m, DueDelivery))
        follows = first.thread if first.thread != first.delivery.message else ""
        begun = (self.store.letter(follows) if follows else ()) or told
        shown = self._as_it_stands(begun, told) if channel.kind in notify.MIRROR_KINDS else [_told(m) for m in told]
        letter = letters.alert_letter(
            shown, self.template, self.desk, channel.name, forms, [_told(m) for m in begun], begun[0].delivery.message
        )
        name = f"{begun[0].change.detected_at:%Y-%m-%d}-{begun[0].alert.id if len(begun) == 1 else begun[0].delivery.message}"
        return notify.Message(
            name,
            letter.subject,
            letter.markdown,
            letter.html,
            letter.text,
            first.delivery.message,
            f"alert.{first.delivery.act}",
            first.made or self.now,
            follows,
            letter.thread_subject,
            letter.severity,
            letter.document,
            first.delivery.receipt,
        )

    def _as_it_stands(self, begun: Sequence[DueDelivery], told: Sequence[DueDelivery]) -> list[letters.ToldAlert]:
        """All that a page which is written over is about, with what is told now and what has been told of it since it was begun."""
        now = {m.alert.id: m for m in told}
        reopened = self.store.reopenings(m.alert.id for m in begun)
        pages = [_told(now.get(m.alert.id, m)) for m in begun]
        return [replace(page, reopened_by=page.reopened_by or reopened.get(page.alert.id)) for page in pages]

    def _notices(self, told: list[DueNotice], first: DueNotice, forms: frozenset[str]) -> notify.Message:
        made = first.made or self.now
        letter = letters.notice_letter([(m.notice, m.delivery.act) for m in told], made, self.template, forms)
        id = first.delivery.message
        return notify.Message(
            *(f"{made:%Y-%m-%d}-notice-{id}", letter.subject, letter.markdown, letter.html, letter.text, id, "notice", made),
            *(first.thread if first.thread != id else "", letter.thread_subject, letter.severity, letter.document, first.delivery.receipt),
        )

    def _quiet(self, message: tuple[Due, ...], channel: Channel) -> datetime | None:
        rule = self.rules.get(message[0].delivery.rule)
        ends = [alerts.quiet_until(quiet, self.now) for quiet in (channel.quiet, rule.quiet if rule else None)]
        return max((end for end in ends if end), default=None)

    def _feed(self, channel: Channel) -> None:
        """Writes a feed once for all that is due in it; the same alerts make the same file."""
        messages = self._with_room(channel, self.store.due_in(channel.name, self.now))
        if not messages:
            return
        told = [d.id for message in messages for d in message]
        try:
            receipt = notify.attempt(lambda: self.deliver(self._feed_of(channel, told), channel), channel.name)
        except DeliveryError as error:
            for message in messages:
                self._failed(message[0], error, set())
        else:
            for message in messages:
                self._taken(message[0], receipt)

    def _with_room(self, channel: Channel, messages: Sequence[tuple[Delivery, ...]]) -> list[tuple[Delivery, ...]]:
        """The messages that a feed has room for; the others wait until the first of those that stand in it may go."""
        standing = self.store.told_since(channel.name, self.now - FEED_STAYS) if messages else {}
        fitting, beyond, alerts_of = [], [], set(standing)
        for message in messages:
            with_it = alerts_of | {d.alert for d in message}
            if len(with_it) <= max(FEED_MOST, len(alerts_of)):
                fitting.append(message)
                alerts_of = with_it
            else:
                beyond.append(message[0].message)
        if beyond:
            until = min((*standing.values(), self.now)) + FEED_STAYS
            self.store.postpone(beyond, until, _FULL)
            said = f"{_FULL}: it holds {FEED_MOST} alerts of the last {FEED_STAYS.days} days; what is more waits until some of them may go"
            self.failures.append(Skipped(channel.name, said))
        return fitting

    def _feed_of(self, channel: Channel, deliveries: Sequence[str]) -> notify.Message:
        told = self.store.told_to(channel.name, deliveries, self.now - FEED_STAYS, FEED_ENTRIES)
        turned = self.store.last_turns(a.id for a in told)
        entries = [letters.FeedEntry(a.change, a.id, a.severity, a.state, a.raised, turned.get(a.id, a.raised)) for a in told]
        all_told, waiting = self.store.told_in_all(channel.name, deliveries, _FULL)
        settings = channel.settings
        title = settings.get("title") or channel.name
        body = letters.feed(channel.kind, entries, title, settings.get("url", ""), earlier=all_told - len(told), waiting=waiting)
        return notify.Message(channel.name, channel.name, "", text=body)

    def _taken(self, delivery: Delivery, receipt: str) -> None:
        self.in_a_row[delivery.channel] = 0
        self.delivered += 1
        self.store.save_receipt(delivery, self.now, receipt)

    def _failed(self, delivery: Delivery, error: DeliveryError, about: set[tuple[str, str]]) -> None:
        why = str(error).removeprefix(f"{error.about}: ")
        self.failures.append(Skipped(delivery.channel, why))
        asked = min(timedelta(seconds=max(1.0, error.retry_seconds)), LONGEST_PAUSE) if error.retry_seconds is not None else timedelta()
        again = error.transient and delivery.tries < len(PAUSES)
        # A server that asks for a minute again and again must not have used up all tries within the hour.
        retry = self.now + max(asked, pause(delivery.message, delivery.tries)) if again else None
        self.store.save_receipt(delivery, self.now, error=why, retry=retry, taken=error.taken or delivery.receipt)
        if retry is None:
            return
        self.stuck |= about
        self.in_a_row[delivery.channel] += 1
        if asked or self.in_a_row[delivery.channel] >= FAILURES_IN_A_ROW:
            self.resting.add(delivery.channel)
            self.store.pause_channel(delivery.channel, self.now + (asked or PAUSES[0]), why)


def pause(message: str, tries: int) -> timedelta:
    """Gives the pause after a try that failed, the first being 0.

    >>> 4.5 <= pause("a", 0).total_seconds() / 60 <= 5.5, pause("a", 0) == pause("b", 0)
    (True, False)
    """
    place = int(digest(message, str(tries)), 16) / 2**64
    return PAUSES[min(tries, len(PAUSES) - 1)] * (1 - SPREAD + 2 * SPREAD * place)


def _told(due: DueDelivery) -> letters.ToldAlert:
    return letters.ToldAlert(
        due.alert, due.change, due.delivery.act, due.reopened_by, due.delivery.least_sources, due.raised or due.change.detected_at
    )


# What a person does to an alert.


def turn(
    store: Store, ids: Iterable[str], act: Act, by: str, now: datetime, *, note: str = "", until: datetime | None = None
) -> tuple[RaisedAlert, ...]:
    """Acknowledges, mutes, unmutes or notes alerts, all or none, and gives them as they are then; raises StoreError."""
    turns = [AlertTurn(alert, act, now, by, note, until) for alert in ids]
    store.save_turns(turns)
    return store.alerts(ids=[t.alert for t in turns])


# What rules would do.


@dataclass(frozen=True, slots=True)
class Sending:
    """A message that would be sent: where, when, and its number, which those that go in a group share.

    `act` is what it tells, by which `rule`, with how many independent `sources` then; `about` is the change whose alert it is about,
    where that is another one: a denial is told in the thread of what it denies.
    """

    channel: str
    at: datetime
    message: int
    act: Act = Act.RAISED
    rule: str = ""
    sources: int = 1
    about: Change | None = None


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A change, and what the rules would send of it: the first rule that fits (empty: none), and each channel with its moment.

    `waits` says what was waited for when it was learned, before anything was sent.
    """

    change: Change
    rule: str
    alert: Alert | None
    sends: tuple[Sending, ...] = ()
    waits: str = ""


def rehearse(changes: Sequence[Change], config: Config, book: alerts.Rulebook, since: datetime | None = None) -> tuple[Rehearsed, ...]:
    """Says what the rules of `book` would have sent since a moment of changes, given in the order in which they were learned.

    It plays how they came, with each further article that told of them, in a store of its own, through all that plans and sends
    but for the channels; nothing is kept or sent. What channels did not take, and what people did to alerts, is not played.
    """
    with Store.open(None) as store:
        return _Rehearsal(store, config, book).of(changes, since)


class _Rehearsal(_Sending):
    """Sending to channels that take everything at once, by a clock that is set from one moment to the next."""

    def __init__(self, store: Store, config: Config, book: alerts.Rulebook) -> None:
        # A feed is no page here to be written again and again: what is new in it goes to it as to any other channel, at all hours.
        self.feeds = frozenset(c.name for c in config.channels if c.kind in notify.FEED_KINDS)
        channels = tuple(replace(c, kind="file") if c.name in self.feeds else c for c in config.channels)
        begin = datetime.min.replace(tzinfo=UTC)
        super().__init__(
            store, replace(config, channels=channels), lambda message, channel: "rehearsed", lambda due, channel: _NOTHING, begin
        )
        self.book = book
        self.known: dict[str, Change] = {}
        self.rehearsed: dict[str, Rehearsed] = {}
        self.kin: dict[str, set[str]] = {}
        self.messages = 0

    def of(self, changes: Sequence[Change], since: datetime | None) -> tuple[Rehearsed, ...]:
        told = sorted((as_known for change in changes for as_known in _as_it_grew(change)), key=lambda known: known[0])
        for at, several in groupby(told, key=lambda known: known[0]):
            self._until(at)
            self.now = at
            for _, change in several:
                self._hear(change)
            self.all()
        self._until(None)
        found = (replace(self.rehearsed[c.id], change=c) for c in changes)
        shown = (replace(r, sends=tuple(s for s in r.sends if not since or s.at >= since)) for r in found)
        return _numbered([r for r in shown if r.sends or not since or r.change.detected_at >= since])

    def _until(self, end: datetime | None) -> None:
        """Sends what falls due before a moment, or ever."""
        while (due := self.store.next_delivery()) and due > self.now and (end is None or due < end):
            self.now = due
            self.all()

    def _hear(self, change: Change) -> None:
        """Plans what is told of a change that is learned, or of which one more article tells."""
        first, self.known[change.id] = change.id not in self.known, change
        if first:
            earlier = [(change, former)] if (former := self._contradicted(change)) else []
            planned = alerts.plan((change,), self.book, self.now, earlier)
            alert = planned.alerts[0] if planned.alerts else None
            self.rehearsed[change.id] = Rehearsed(change, alert.rule if alert else "", alert, (), _awaited(change, planned.deliveries))
        else:
            planned = alerts.plan((), self.book, self.now, grown=self._grown(change))
        self.store.save_told((change,) if first else (), planned.alerts, planned.deliveries, planned.turns, self.now)

    def _contradicted(self, change: Change) -> RaisedAlert | None:
        for party in filter(None, (change.coalition, change.member)):
            self.kin.setdefault(self.book.identities.root(party.key), set()).add(party.key)
        if not alerts.contradicts(change):
            return None
        bodies, members = (self.kin[self.book.identities.root(p.key)] if p else None for p in (change.coalition, change.member))
        assert bodies is not None
        return alerts.contradicted(change, [replace(a, change=self.known[a.change.id]) for a in self.store.alerts_about(bodies, members)])

    def _grown(self, change: Change) -> list[RaisedAlert]:
        alert = self.rehearsed[change.id].alert
        raised = self.store.alerts(ids=[alert.id]) if alert else ()
        return [replace(a, sources=change.sources) for a in raised if change.sources > a.sources]

    # What would be sent.

    def _desk(self) -> None:
        return None

    def _message(self, message: tuple[Due, ...], channel: Channel) -> notify.Message:
        self.messages += 1
        for due in message:
            if isinstance(due, DueDelivery):
                d = due.delivery
                cause = d.change or due.change.id
                about = self.known[due.change.id] if d.change else None
                sending = Sending(channel.name, self.now, self.messages, d.act, d.rule, due.alert.sources, about)
                row = self.rehearsed[cause]
                self.rehearsed[cause] = replace(row, sends=(*row.sends, sending))
        return _NOTHING

    def _quiet(self, message: tuple[Due, ...], channel: Channel) -> datetime | None:
        return None if channel.name in self.feeds else super()._quiet(message, channel)


_NOTHING = notify.Message("", "", "")


def _as_it_grew(change: Change) -> Iterator[tuple[datetime, Change]]:
    """A change as it stood when it was learned, and as it stood when each later article told of it."""
    heard = [e for e in change.evidence if e.first_seen <= change.detected_at]
    yield change.detected_at, replace(change, evidence=tuple(heard))
    later = sorted((e for e in change.evidence if e.first_seen > change.detected_at), key=lambda e: e.first_seen)
    for (at, _), some in groupby(later, key=lambda e: (e.first_seen, e.article)):
        heard += some
        yield at, replace(change, evidence=tuple(heard))


def _awaited(change: Change, deliveries: Sequence[Delivery]) -> str:
    d = next((d for d in deliveries if change.sources < d.least_sources), None)
    if d is None:
        return ""
    until = f" until {d.waits_until:%Y-%m-%d %H:%M}" if d.waits_until else ""
    return f"waits for {d.least_sources} independent sources{until}, has {change.sources}"


def _numbered(found: Sequence[Rehearsed]) -> tuple[Rehearsed, ...]:
    """Numbers the messages from 1 on in the order in which they would be sent."""
    numbers: dict[int, int] = {}
    for s in sorted((s for r in found for s in r.sends), key=lambda s: (s.at, s.message)):
        numbers.setdefault(s.message, len(numbers) + 1)
    return tuple(replace(r, sends=tuple(replace(s, message=numbers[s.message]) for s in r.sends)) for r in found)
