"""The outbox: plans what is told of a reading's changes, and sends what is due.

What is planned is written in the transaction of its changes. Sending is at least once: a message's id is kept before it is sent for
the first time, its receipt afterwards, and one whose receipt was lost in a crash is sent again under the same id. What a channel does
not take is tried again after growing pauses, or when the channel asks for it; what it never takes becomes a dead letter. Messages about
one coalition reach a channel in the order of their changes: one that waits for another try holds back those behind it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count

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
"""No channel is heeded that asks for a longer pause."""
FAILURES_IN_A_ROW = 3
"""After so many messages that a channel did not take it rests, and the others are not tried."""
BATCH = 200
FEED_ENTRIES = 200
"""Alerts that a feed lists: readers ask every hour or every day."""

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
        self.store.bundle(self.now)
        while batch := self.store.due_messages(self.now, BATCH):
            feeds: dict[str, list[Delivery]] = {}
            for message in batch:
                first = message[0].delivery
                channel = self.channels.get(first.channel)
                if channel and channel.kind in notify.FEED_KINDS and isinstance(message[0], DueDelivery):
                    feeds.setdefault(channel.name, []).append(first)
                else:
                    self._one(message, channel)
            for name, deliveries in feeds.items():
                self._feed(self.channels[name], deliveries)
        return Sent(self.delivered, tuple(self.failures))

    def _one(self, message: tuple[Due, ...], channel: Channel | None) -> None:
        first = message[0].delivery
        about = {(first.channel, m.delivery.coalition) for m in message if m.delivery.coalition}
        if first.channel in self.resting or about & self.stuck:
            return
        if channel is None:
            error = DeliveryError("no channel of this name is configured", about=first.channel, transient=False)
            self._failed(first, error, about)
            return
        if until := self._quiet(message, channel):
            self.store.postpone(first.message, until)
            return
        unwanted = [m for m in message if isinstance(m, DueDelivery) and alerts.is_muted(m.state, m.muted_until, self.now)]
        if unwanted:
            self.store.drop([m.delivery.id for m in unwanted], "the alert was muted")
            message = tuple(m for m in message if m not in unwanted)
            if not message:
                return
        try:
            receipt = self.deliver(self._message(message, channel), channel)
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

    def _feed(self, channel: Channel, deliveries: list[Delivery]) -> None:
        """Writes a feed once for all that is due in it; the same alerts make the same file."""
        told = self.store.told_to(channel.name, [d.id for d in deliveries], FEED_ENTRIES)
        turned = self.store.last_turns(a.id for a in told)
        entries = [letters.FeedEntry(a.change, a.id, a.severity, a.state, a.raised, turned.get(a.id, a.raised)) for a in told]
        body = letters.feed(channel.kind, entries, channel.settings.get("title") or channel.name, channel.settings.get("url", ""))
        try:
            receipt = self.deliver(notify.Message(channel.name, channel.name, "", text=body), channel)
        except DeliveryError as error:
            for delivery in deliveries:
                self._failed(delivery, error, set())
        else:
            for delivery in deliveries:
                self._taken(delivery, receipt)

    def _taken(self, delivery: Delivery, receipt: str) -> None:
        self.in_a_row[delivery.channel] = 0
        self.delivered += 1
        self.store.save_receipt(delivery, self.now, receipt)

    def _failed(self, delivery: Delivery, error: DeliveryError, about: set[tuple[str, str]]) -> None:
        why = str(error).removeprefix(f"{error.about}: ")
        self.failures.append(Skipped(delivery.channel, why))
        asked = min(timedelta(seconds=max(1.0, error.retry_seconds)), LONGEST_PAUSE) if error.retry_seconds is not None else None
        retry = self.now + (asked or pause(delivery.message, delivery.tries)) if error.transient and delivery.tries < len(PAUSES) else None
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
    """A message that would be sent: where, when, and its number, which those that go in a group share."""

    channel: str
    at: datetime
    message: int


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A change, and what the rules would send of it: the first rule that fits (empty: none), and each channel with its moment.

    `waits` says what is waited for before anything is sent.
    """

    change: Change
    rule: str
    alert: Alert | None
    sends: tuple[Sending, ...] = ()
    waits: str = ""


def rehearse(changes: Sequence[Change], book: alerts.Rulebook, channels: Sequence[Channel]) -> tuple[Rehearsed, ...]:
    """Says what the present rules would have sent of changes, each at the moment when it was learned; nothing is kept or sent."""
    rules = {rule.name: rule for rule in book.rules}
    quiet = {c.name: c.quiet for c in channels}
    found = []
    going: dict[tuple[str, str], tuple[datetime, int]] = {}
    numbers = count(1)
    for change in changes:
        at = change.detected_at
        planned = alerts.plan((change,), book, at)
        alert = planned.alerts[0] if planned.alerts else None
        sends, waits = [], ""
        for d in planned.deliveries:
            due, number = d.due, 0
            if d.bundle:
                # What waits for one bundle goes when the first of it goes, if that is not gone yet.
                begun = going.get((d.channel, d.bundle))
                due, number = begun if begun and begun[0] >= at else (due, next(numbers))
                going[d.channel, d.bundle] = due, number
            for hours in (quiet.get(d.channel), rules[d.rule].quiet if d.rule in rules else None):
                due = alerts.quiet_until(hours, due) or due
            if change.sources < d.least_sources:
                until = f" until {d.waits_until:%Y-%m-%d %H:%M}" if d.waits_until else ""
                waits = f"waits for {d.least_sources} independent sources{until}, has {change.sources}"
            sends.append(Sending(d.channel, due, number or next(numbers)))
        found.append(Rehearsed(change, alert.rule if alert else "", alert, tuple(sends), waits))
    return tuple(found)
