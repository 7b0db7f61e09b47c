"""The last two stages: digests of what changed, and what is due in the outbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pipeline import alerts, digest, memory, notices, notify, outbox, render, rules, strip, templates
from pipeline.config import Config
from pipeline.cycle.run import Run
from pipeline.model import Audience, Change, ChangeKind, Channel, Delivery, Event, NoticeKind, Overdue, Skipped, Status
from pipeline.store import DueDigest, Store
from pipeline.text import digest as hashed


class TellingStage(Run):
    """The stages of the digests and deliveries."""

    def plan_digests(self) -> None:
        plan_digests(self.store, self.parts.config, self.now)

    def deliver(self) -> None:
        """Hands over what is due. A message whose receipt was lost in a crash is handed over again under the same id."""
        sent = send_due(self.store, self.parts.config, self.book, self.now, self.parts.deliver)
        self.counts["delivered"] += sent.delivered
        self.failures += sent.failures


def take_notice(store: Store, config: Config, now: datetime) -> None:
    """Raises the notices that are due about feeds and rosters as they stand, and ends those that are over; raises StoreError."""
    asked = config.notices
    sources = [notices.Source(**s) for s in store.sources()]
    raised, ended = notices.judge(sources, store.notices(), now, failures=asked.failures, silence=timedelta(days=asked.quiet_days))
    if raised or ended:
        store.save_notices(raised, ended, asked.channels, now)


def plan_digests(store: Store, config: Config, now: datetime) -> int:
    """Makes the digests due whose time has come, to the channels that get them, once a feed has been read; gives how many."""
    if not store.feed_health().last_success:
        return 0
    due = [*_due_by_days(store, config, now), *(d for a in config.audiences for d in _due_by_cron(store, a, now))]
    for digest_ in due:
        store.enqueue_digest(digest_)
    return len(due)


def _due_by_days(store: Store, config: Config, now: datetime) -> Iterator[DueDigest]:
    """Whole days of UTC are counted, so that a run a few seconds earlier than last week's is not a week too early; the first
    digest is sent at once."""
    wanted = config.digest
    for channel in wanted.channels:
        last = store.last_digest(channel)
        if last is None or (now.date() - last.date()).days >= wanted.days:
            # What was learned at the very end of the last one was told in it.
            since = last + timedelta(microseconds=1) if last else now - timedelta(days=wanted.days)
            yield DueDigest(Delivery(hashed("digest", channel, now.isoformat()), "", channel, now), since, now)


def _due_by_cron(store: Store, audience: Audience, now: datetime) -> Iterator[DueDigest]:
    """Of several times that went by unseen (the program did not run) one digest tells all."""
    due = rules.last_due(audience, now)
    for channel in audience.rule.channels if due else ():
        assert due
        until, before = due
        last = store.last_digest(channel, audience.name)
        if last is None or last < until:
            since = last + timedelta(microseconds=1) if last else before
            delivery = Delivery(hashed("digest", audience.name, channel, until.isoformat()), "", channel, now)
            yield DueDigest(delivery, since, until, audience.name)


def make_digest(
    store: Store, since: datetime, until: datetime, audience: Audience | None = None, book: alerts.Rulebook | None = None
) -> digest.Digest:
    """Gives the digest of what was learned from `since` to `until`: what changed, what is disputed still, what was expected and not
    heard of, and the health of the feeds. An audience gets what its rule picks."""
    book = book or alerts.Rulebook()

    def is_theirs(change: Change) -> bool:
        return audience is None or alerts.fits(change, audience.rule, book.identities, book.kinds)

    changes = [c for c in store.changes(since, until) if is_theirs(c)]
    overdue = [o for o in memory.overdue(store, until.date()) if is_theirs(_as_announced(o, until))]
    # Nobody is told of an exit without its denial because their rule asks for exits alone.
    told, about = {c.id for c in changes}, {(c.coalition.key, c.member) for c in changes}
    disputed = [
        c
        for c in store.disputed()
        if (c.detected_at < since and is_theirs(c))
        or (c.detected_at <= until and (c.coalition.key, c.member) in about and c.id not in told)
    ]
    first = datetime.combine(strip.first_month(until.date()), datetime.min.time(), UTC)
    spoken_of = [*(c.coalition for c in changes), *(o.coalition for o in overdue)]
    spoken_of += [c.coalition for c in disputed[: digest.DISPUTES_SHOWN]]
    strips = {key: strip.build(store.course_of(key, first), until.date()) for key in dict.fromkeys(c.key for c in spoken_of)}
    return digest.build(
        changes,
        since,
        until,
        replace(store.feed_health(), stale=store.stale_feeds(until), strange=_strange(store)),
        disputed=disputed,
        overdue=overdue,
        strips={key: found for key, found in strips.items() if found},
        title=audience.title if audience else "",
    )


def _strange(store: Store) -> tuple[Skipped, ...]:
    """The feeds that are read and are not what they were."""
    kinds = {NoticeKind.MOVED, NoticeKind.CHANGED}
    return tuple(Skipped(n.about, n.why) for n in store.notices() if n.kind in kinds)


def _as_announced(o: Overdue, now: datetime) -> Change:
    """The change that told of it, as far as the rule of an audience looks at it."""
    kind = ChangeKind.JOIN_ANNOUNCED if o.event is Event.WILL_JOIN else ChangeKind.LEAVE_ANNOUNCED
    sure = max(e.confidence for e in o.evidence)
    return Change(kind, o.coalition, o.member, Status.PLANNED, now, sure, o.evidence, o.role, o.when)


def send_due(
    store: Store,
    config: Config,
    book: alerts.Rulebook,
    now: datetime,
    deliver: Callable[[notify.Message, Channel], str] = notify.deliver,
) -> outbox.Sent:
    """Sends the alerts and digests that are due; raises StoreError."""
    _drop_unwanted(store, config, now)
    template = templates.read("digest.html")

    def page(due: DueDigest, channel: Channel) -> notify.Message:
        audience = next((a for a in config.audiences if a.name == due.audience), None)
        told = make_digest(store, due.since, due.until, audience, book)
        # The hour is part of the name, in the time of its readers: two digests of one day are two files.
        at = f"{due.until.astimezone(audience.zone):%Y-%m-%d-%H%M}" if audience else f"{due.until:%Y-%m-%d}"
        whose = f"-{due.audience}" if due.audience else ""
        forms = render.heading(told), render.markdown(told), render.html(told, template), render.text(told)
        document = render.shortened(render.digest_document(told))
        return notify.Message(f"digest-{at}{whose}", *forms, kind="digest", made=due.until, document=document)

    return outbox.send(store, config, deliver, page, now)


def _drop_unwanted(store: Store, config: Config, now: datetime) -> None:
    """Lets go of the digests that nobody asks for any more. Without its audience there is no telling what one of them should leave
    out, and who was taken off a list wants none of it; what it would have told is told again where its audience comes back."""
    wanted = {("", channel) for channel in config.digest.channels} | {(a.name, c) for a in config.audiences for c in a.rule.channels}
    for due in store.due_digests(now):
        channel = due.delivery.channel
        if (due.audience, channel) not in wanted:
            whose = f" {due.audience}" if due.audience else ""
            store.drop([due.delivery.id], f"the configuration sends no digest{whose} to {channel} any more")


def try_channel(channel: Channel, now: datetime) -> str:
    """Sends a message that says that it is a test, and gives the receipt; raises DeliveryError. The outbox is not asked."""
    words = f"A test of the channel {channel.name}, of {now:%Y-%m-%d %H:%M} UTC."
    told = digest.Digest(now, now, (), (), title=f"Test of {channel.name}", notes=(words, "Nothing happened."), is_alert=True)
    forms = render.heading(told), render.markdown(told), render.html(told, templates.read("digest.html")), render.text(told)
    id = hashed("test", channel.name, now.isoformat())
    message = notify.Message(f"test-{id}", *forms, id=id, kind="test", made=now, document={"test": words})

    def hand_over() -> str:
        # A feed holds alerts and nothing else: what can be tested is whether its folder can be written.
        return notify.files.try_folder(channel) if channel.kind in notify.FEED_KINDS else notify.deliver(message, channel)

    return notify.attempt(hand_over, channel.name)
