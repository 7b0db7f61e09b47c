"""The only cycle there is: what `pipeline run-once`, the daemon's job, the demo and every test call.

    due feeds | fetch | parse feed → Entry | unseen
      | fetch | parse article → Article | cluster → Story | detect → Claim | resolve → Statement + Evidence
      | derive membership before and after | diff → Change | choose → Alert | enqueue → Delivery
      | save                       one transaction an article: all of it, or nothing
    due rosters | fetch | read names | compare with the last complete reading → Claim | resolve … save, as above
    due deliveries | deliver | record receipt
    changes of a period | digest | render | deliver

It joins the parts and decides little itself: the order of reading, what is tried again and when, and what counts as a copy of
what was read. A feed or an article that fails is a value in the report; a damaged store or a bug stops the cycle, and whatever
was not saved is read again next time.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

from pipeline import alerts, articles, digest, feeds, memory, notify, outbox, pacing, render, roster, rules, strip, templates
from pipeline.config import Config
from pipeline.errors import FetchError, ParseError, PipelineError, Stopped, Trouble
from pipeline.fetch import Fetcher, Outcome, PageRequest, site_of
from pipeline.fetch.archive import Replay
from pipeline.model import (
    Alert,
    Article,
    Audience,
    Change,
    ChangeKind,
    Channel,
    Delivery,
    Detection,
    Entry,
    Event,
    Evidence,
    KnownName,
    Overdue,
    Page,
    Plan,
    Skipped,
    Standing,
    Status,
)
from pipeline.owners import Owners
from pipeline.resolve import Identities, parties_of, resolve, witness
from pipeline.store import (
    DueDigest,
    FeedState,
    PendingEntry,
    Poll,
    PollCounts,
    Reading,
    RosterPoll,
    RosterState,
    Store,
    StoredArticle,
)
from pipeline.store.reads import STORY_LIKENESS
from pipeline.text import digest as hashed
from pipeline.text import resemblance, sketch

POLLS_TOGETHER, POLLS_SECONDS = 64, 0.5
"""So many answers of feeds are kept in one transaction, or those of so many seconds."""
BATCH = 200
"""Entries fetched together and then read in the order of their publication: a bound for memory, large enough for a day's feed."""
TRIES = 3
"""A page that could not be had for a passing reason is asked for so often."""
RETRY = timedelta(minutes=15)
"""The first pause before a page is tried again; each further one is four times as long."""
DISPUTES_SHOWN = 50
"""Disputes that a digest looks at: more are for `pipeline review`."""

Tell = Callable[[str, int, int], None]
"""Told which stage is at work, how much of it is done, and how much there is. By raising `Stopped` it ends the cycle there."""
STAGES = ("feeds", "articles", "rosters", "digests", "deliveries")
"""What a cycle does, in this order."""
_STOPPED = frozenset({Trouble.STOPPED, Trouble.UNASKED})
"""A fetcher that was closed says nothing of the address."""


class Detecting(Protocol):
    """What finds the claims of an article: the detector, or a test's table of known ones. `version` is kept beside each claim."""

    @property
    def version(self) -> str: ...

    def detect(self, article: Article) -> Detection: ...


@dataclass(frozen=True, slots=True)
class Parts:
    """All that a cycle needs; `app.open_parts` puts it together. By `teach` identities and detector grow with what an article taught."""

    config: Config
    store: Store
    fetcher: Fetcher | Replay
    detector: Detecting
    identities: Identities
    teach: Callable[[Sequence[KnownName]], None]
    deliver: Callable[[notify.Message, Channel], str] = notify.deliver
    owners: Owners = field(default_factory=Owners)


@dataclass(frozen=True, slots=True)
class CycleReport:
    """What one cycle did. `failures` names feeds, articles and channels that failed, `partial` the feeds and articles that were cut off,
    `skipped` counts the reasons for which articles and claims were looked at no further, `cut_short` says why the cycle ended before
    its end (empty: it did not), and `seconds` how long each stage took."""

    run: int
    started: datetime
    finished: datetime
    polled: int = 0
    unchanged: int = 0
    failed_feeds: int = 0
    rosters: int = 0
    failed_rosters: int = 0
    new: int = 0
    updated: int = 0
    parsed: int = 0
    failed_articles: int = 0
    duplicates: int = 0
    claims: int = 0
    delivered: int = 0
    changes: tuple[Change, ...] = ()
    alerts: tuple[Alert, ...] = ()
    failures: tuple[Skipped, ...] = ()
    partial: tuple[Skipped, ...] = ()
    skipped: Mapping[str, int] = field(default_factory=dict)
    cut_short: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def every_feed_failed(self) -> bool:
        """Whether feeds (or rosters) were asked for and none of them could be read."""
        return 0 < self.polled + self.rosters == self.failed_feeds + self.failed_rosters

    def as_json(self) -> dict[str, Any]:
        """Gives the document of `pipeline run-once --json`."""
        return {
            "run": {"id": self.run, "started": self.started.isoformat(), "finished": self.finished.isoformat()},
            "feeds": {"polled": self.polled, "unchanged": self.unchanged, "failed": self.failed_feeds, "partial": _pairs(self.partial)},
            "rosters": {"polled": self.rosters, "failed": self.failed_rosters},
            "entries": {"new": self.new, "updated": self.updated},
            "articles": {"parsed": self.parsed, "failed": self.failed_articles, "duplicates": self.duplicates},
            "claims": self.claims,
            "changes": [render.change_document(c) for c in self.changes],
            "alerts": [{"id": a.id, "change": a.change, "severity": a.severity, "channels": list(a.channels)} for a in self.alerts],
            "deliveries": {"delivered": self.delivered},
            "skipped": dict(self.skipped),
            "failures": _pairs(self.failures),
            **({"cut_short": self.cut_short} if self.cut_short else {}),
            "seconds": {stage: round(seconds, 3) for stage, seconds in self.seconds.items()},
        }


def run_once(
    parts: Parts, now: datetime, *, everything: bool = True, progress: Tell | None = None, only: Collection[str] = STAGES
) -> CycleReport:
    """Does one full cycle as of `now`, or `only` some of its stages, and reports it; without `everything` only what is due is polled
    and tried again.

    `started` and every time that is kept is `now`; `finished` is `now` and the seconds that the cycle took. Raises StoreError.
    """
    begun = time.monotonic()
    cycle = _Cycle(parts, now, everything, progress or (lambda stage, done, total: None), parts.store.start_run(now))
    memory.complete(parts.store, now, parts.owners)
    work = (cycle.poll_feeds, cycle.read_articles, cycle.poll_rosters, cycle.plan_digests, cycle.deliver)
    stage = begun
    for name, do in zip(STAGES, work, strict=True):
        if name in only and not cycle.cut_short:
            try:
                do()
            except Stopped as told:
                cycle.cut_short = str(told) or "it was told to stop"
            cycle.seconds[name] = time.monotonic() - stage
            stage += cycle.seconds[name]
    parts.store.save_holds(cycle.new_holds, now)
    finished = now + timedelta(seconds=time.monotonic() - begun)
    report = cycle.report(finished)
    parts.store.finish_run(report.run, report.as_json(), finished)
    return report


def poll_feeds(parts: Parts, now: datetime, *, everything: bool = True, progress: Tell | None = None) -> CycleReport:
    """Does the first part of a cycle alone: asks the feeds and keeps their entries, to be read by the next cycle. Raises StoreError."""
    begun = time.monotonic()
    cycle = _Cycle(parts, now, everything, progress or (lambda stage, done, total: None), parts.store.start_run(now))
    cycle.poll_feeds()
    report = cycle.report(now + timedelta(seconds=time.monotonic() - begun))
    parts.store.finish_run(report.run, report.as_json(), report.finished)
    return report


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
    disputed = [c for c in store.disputed(DISPUTES_SHOWN) if c.detected_at < since and is_theirs(c)]
    first = datetime.combine(strip.first_month(until.date()), datetime.min.time(), UTC)
    strips = {key: strip.build(store.course_of(key, first), until.date()) for key in dict.fromkeys(c.coalition.key for c in changes)}
    return digest.build(
        changes,
        since,
        until,
        replace(store.feed_health(), stale=store.stale_feeds(until)),
        disputed=disputed,
        overdue=overdue,
        strips={key: found for key, found in strips.items() if found},
        title=audience.title if audience else "",
    )


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
    template = templates.read("digest.html")

    def page(due: DueDigest, channel: Channel) -> notify.Message:
        audience = next((a for a in config.audiences if a.name == due.audience), None)
        told = make_digest(store, due.since, due.until, audience, book)
        whose = f"-{due.audience}" if due.audience else ""
        forms = render.heading(told), render.markdown(told), render.html(told, template), render.text(told)
        document = render.shortened(render.digest_document(told))
        return notify.Message(f"digest-{due.until:%Y-%m-%d}{whose}", *forms, kind="digest", made=due.until, document=document)

    return outbox.send(store, config, deliver, page, now)


def try_channel(channel: Channel, now: datetime) -> str:
    """Sends a message that says that it is a test, and gives the receipt; raises DeliveryError. The outbox is not asked."""
    words = f"A test of the channel {channel.name}, of {now:%Y-%m-%d %H:%M} UTC."
    told = digest.Digest(now, now, (), (), title=f"Test of {channel.name}", notes=(words, "Nothing happened."), is_alert=True)
    forms = render.heading(told), render.markdown(told), render.html(told, templates.read("digest.html")), render.text(told)
    id = hashed("test", channel.name, now.isoformat())
    if channel.kind in notify.FEED_KINDS:
        # A feed holds alerts and nothing else: what can be tested is whether its folder can be written.
        return notify.files.try_folder(channel)
    return notify.deliver(notify.Message(f"test-{id}", *forms, id=id, kind="test", made=now, document={"test": words}), channel)


def read_again(parts: Parts, stored: StoredArticle, now: datetime, run: int) -> Reading:
    """Gives what the present detector makes of a stored article, to be saved in the place of what another one made of it."""
    cycle = _Cycle(parts, now, True, lambda stage, done, total: None, run)
    return cycle._reading(_Words(stored.article, (), stored.publisher, ()), stored)


@dataclass(frozen=True, slots=True)
class _Words:
    """An article on its way into the store: where it came from and what went wrong on the way."""

    article: Article
    entries: tuple[Entry, ...]
    publisher: str
    addresses: tuple[str, ...]
    why: str = ""
    retry: datetime | None = None


class _Cycle:
    """One run: its counts, and the stages that add to them."""

    def __init__(self, parts: Parts, now: datetime, everything: bool, tell: Tell, run: int) -> None:
        self.parts, self.store, self.now, self.everything, self.tell, self.run = parts, parts.store, now, everything, tell, run
        self.counts: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()
        self.failures: list[Skipped] = []
        self.partial: list[Skipped] = []
        self.changes: list[Change] = []
        self.alerts: list[Alert] = []
        self.told: set[str] = set()
        self.seconds: dict[str, float] = {}
        self.cut_short = ""
        self.waited: Stopped | None = None
        self.book = outbox.rulebook(parts.config, parts.identities)
        self.begun = time.monotonic()
        self.holds = self.store.holds(now)
        self.new_holds: dict[str, datetime] = {}
        parts.fetcher.hold({site: (until - now).total_seconds() for site, until in self.holds.items()})

    def report(self, finished: datetime) -> CycleReport:
        return CycleReport(
            self.run,
            self.now,
            finished,
            **self.counts,
            changes=tuple(self.changes),
            alerts=tuple(self.alerts),
            failures=tuple(self.failures),
            partial=tuple(self.partial),
            skipped=dict(sorted(self.skipped.items())),
            cut_short=self.cut_short,
            seconds=dict(self.seconds),
        )

    def _outcomes(self, requests: Iterable[PageRequest]) -> Iterator[tuple[PageRequest, Outcome]]:
        """Fetches; raises Stopped where the fetcher was closed meanwhile, which tells nothing of the address."""
        for request, outcome in self.parts.fetcher.fetch(tuple(requests)):
            if isinstance(outcome, FetchError) and outcome.kind in _STOPPED:
                raise Stopped("fetching was stopped")
            yield request, outcome

    # Feeds.

    def poll_feeds(self) -> None:
        """Asks the feeds that are due, side by side, and keeps what they bring by the handful."""
        self.store.sync_feeds(self.parts.config.feeds, self.now)
        due = self._not_held(self.store.due_feeds(self.now, self.everything))
        # Where this run is cut short they are due in an hour, and not as soon as the next one begins.
        self.store.ask_feeds([s.feed.name for s in due], self.now + pacing.UNANSWERED, f"asked at {self.now:%H:%M} UTC, no answer kept")
        asking: dict[PageRequest, list[FeedState]] = {}
        for state in due:
            full = pacing.wants_full_read(state.full_read, state.conditional_polls, self.now)
            request = PageRequest(state.address) if full else PageRequest(state.address, state.etag, state.last_modified)
            asking.setdefault(request, []).append(state)
        self.tell("feeds", 0, len(due))
        begun = time.monotonic()
        answers: list[_Answer] = []
        left, stopped = dict(asking), ""
        with self.store.sparing():
            try:
                for request, outcome in self.parts.fetcher.fetch(tuple(asking)):
                    if isinstance(outcome, FetchError) and outcome.kind in _STOPPED:
                        stopped = str(outcome)
                        if outcome.kind is Trouble.STOPPED:
                            del left[request]  # it may have been asked
                        continue
                    answers += (self._answer(state, request, outcome) for state in left.pop(request))
                    if len(answers) >= POLLS_TOGETHER or time.monotonic() - begun > POLLS_SECONDS:
                        self._keep(answers)
                        answers, begun = [], time.monotonic()
                        with suppress(Stopped):  # it ends when the fetcher has handed over what it has
                            self.tell("feeds", self.counts["polled"], len(due))
            except Stopped as told:
                stopped = str(told)
            self._keep(answers)
        if stopped:
            # What was not asked is due as it was.
            self.store.save_plans({s.feed.name: Plan(s.next_due or self.now, s.due_why) for some in left.values() for s in some})
            raise Stopped(stopped)
        self.tell("feeds", self.counts["polled"], len(due))

    def _not_held(self, due: Sequence[FeedState]) -> list[FeedState]:
        """Leaves out the feeds of sites that asked to be left alone, and notes until when."""
        if not self.holds:
            return list(due)
        asked, waiting = [], {}
        for state in due:
            until = self.holds.get(site := site_of(state.address))
            if until is None:
                asked.append(state)
            else:
                waiting[state.feed.name] = pacing.waits(Plan(self.now, ""), until, site)
        self.store.save_plans(waiting)
        self.skipped.update({"feeds whose sites asked to be left alone for now": len(waiting)} if waiting else {})
        return asked

    def _answer(self, state: FeedState, request: PageRequest, outcome: Outcome) -> _Answer:
        if isinstance(outcome, FetchError) and outcome.retry_after:
            self._hold(outcome)
        return _read_answer(state, request, outcome, self.now)

    def _hold(self, error: FetchError) -> datetime:
        """Leaves a site alone for as long as it asked for, to the second, counted from now and not from the beginning of the run."""
        until = self.moment() + timedelta(seconds=math.ceil(error.retry_after or 0))
        self.holds[error.host] = max(until, self.holds.get(error.host, until))
        self.new_holds[error.host] = self.holds[error.host]
        return until

    def moment(self) -> datetime:
        """The present moment by the clock of this run, which began at `now`."""
        return self.now + timedelta(seconds=time.monotonic() - self.begun)

    def _keep(self, answers: Sequence[_Answer]) -> None:
        """Keeps the answers of some feeds in one transaction, and plans when each is asked next."""
        held = {a.state.feed.name: a for a in answers if a.poll is None}
        kept = {a.state.feed.name: a for a in answers if a.poll is not None}
        with self.store.together():
            polls = [a.poll for a in kept.values() if a.poll]
            counts = self.store.save_polls(polls, self.now, lambda poll, found: self._plan(kept[poll.feed], found))
            until = {name: self.holds.get(site_of(a.state.address), self.now + pacing.UNANSWERED) for name, a in held.items()}
            self.store.save_plans({n: pacing.waits(Plan(self.now, ""), until[n], site_of(a.state.address)) for n, a in held.items()})
            if self.new_holds:
                self.store.save_holds(self.new_holds, self.now)
        self.new_holds = {}
        self.skipped.update({"feeds whose sites asked to be left alone for now": len(held)} if held else {})
        self.counts["polled"] += len(polls)
        for poll, found in zip(polls, counts, strict=True):
            self.counts.update(new=found.new, updated=found.updated, unchanged=poll.unchanged, failed_feeds=bool(poll.error))
            if poll.error:
                self.failures.append(Skipped(poll.feed, poll.error))
            if poll.partial:
                self.partial.append(Skipped(poll.feed, poll.partial))
            if found.kept_out:
                self.skipped["entries that were let go before"] += found.kept_out

    def _plan(self, answer: _Answer, found: PollCounts) -> Plan:
        state, poll = answer.state, answer.poll
        assert poll is not None
        feed = state.feed
        hints = state.hints if poll.hints is None else poll.hints
        pace = pacing.Pace(
            *(feed.name, feed.interval_minutes, feed.adaptive, state.minutes, state.strain, state.failures, state.failing_since, hints)
        )
        if answer.error is None:
            first = poll.entries if state.last_read is None else ()
            return pacing.after_answer(pace, self.now, new=found.new, total=len(poll.entries), first=first, fresh_seconds=answer.fresh)
        plan = pacing.after_failure(pace, self.now, answer.error, poll.error)
        host = getattr(answer.error, "host", "")
        return pacing.waits(plan, self.holds[host], host) if host in self.holds else plan

    # Articles.

    def read_articles(self) -> None:
        total, done = self.store.pending_count(self.now, self.everything), 0
        self.tell("articles", done, total)
        while batch := self.store.pending(self.now, BATCH, self.everything):
            found = self._fetch(batch)
            self.store.save_holds(self.new_holds, self.now)
            self.new_holds = {}
            for words in sorted(found, key=lambda w: (w.article.published or self.now, w.article.url)):
                self._read(words)
                done += len(words.entries)
                self.tell("articles", done, total)
            if self.waited:
                raise self.waited

    def _fetch(self, batch: Sequence[PendingEntry]) -> list[_Words]:
        """Fetches the pages of a batch, each address once, and parses them as they arrive; settles what gave no words."""
        by_address: dict[str, list[PendingEntry]] = {}
        found: list[_Words | None] = []
        for pending in batch:
            if until := self.holds.get(site_of(pending.entry.url)) if self.holds else None:
                self.store.postpone_entries((pending.entry,), self.now, until)
            elif pending.entry.url:
                by_address.setdefault(pending.entry.url, []).append(pending)
            else:
                found.append(self._words((pending,), None))
        try:
            for request, outcome in self._outcomes(PageRequest(url, robots=True) for url in by_address):
                found.append(self._words(tuple(by_address[request.url]), outcome))
        except Stopped as told:
            # What has come is read: a site that is left alone for a minute between two pages would else never be read.
            self.waited = told
        return [words for words in found if words is not None]

    def _words(self, group: tuple[PendingEntry, ...], outcome: Outcome | None) -> _Words | None:
        """Gives the article behind entries of one address: its page, else what the feed itself said, else nothing."""
        first = group[0]
        entries = tuple(p.entry for p in group)
        why, transient = "", False
        until = self._hold(outcome) if isinstance(outcome, FetchError) and outcome.retry_after else None
        if until and isinstance(outcome, FetchError) and outcome.kind is Trouble.HELD:
            self.store.postpone_entries(entries, self.now, until)
            return None
        if isinstance(outcome, Page):
            try:
                found = articles.examine(outcome)
                article = found.article
                if found.partial:
                    self.partial.append(Skipped(first.entry.url, found.partial))
                    article = _longer(article, first)
                return _Words(_completed(article, first), entries, article.site or _house(first), (first.entry.url, outcome.final_url))
            except ParseError as error:
                why = _why(error)
        elif isinstance(outcome, FetchError):
            why, transient = _why(outcome), outcome.transient
        elif outcome is not None:
            why = "the page was answered as unchanged though nothing was known of it"
        tries = max(p.tries for p in group)
        retry = max(self.now + RETRY * 4**tries, until or self.now) if transient and tries + 1 < TRIES else None
        if why:
            self.counts["failed_articles"] += 1
            self.failures.append(Skipped(first.entry.url, why))
        try:
            article = articles.from_entry(first.entry, first.publisher)
        except ParseError as error:
            if not why:
                self.counts["failed_articles"] += 1
                self.failures.append(Skipped(first.entry.guid, _why(error)))
            for entry in entries:
                self.store.settle_entry(entry, self.now, why or _why(error), retry)
            return None
        return _Words(_completed(article, first), entries, _house(first), (first.entry.url,), why, retry)

    def _read(self, words: _Words) -> None:
        """Reads one article: a copy of what was read is settled, all else goes through detection into the store."""
        words, former = self._known(words)
        article = words.article
        same = former is not None and former.article.fingerprint == article.fingerprint
        if former and (same or (article.origin == "feed" and former.article.origin == "page")):
            # A page that was read once is not given up for the feed's few words because today it could not be had.
            if words.why:
                for entry in words.entries:
                    self.store.settle_entry(entry, self.now, words.why, words.retry)
            else:
                self.counts["duplicates"] += 1
                self.store.save_duplicate(words.entries, former, words.addresses, self.now)
            return
        reading = self._reading(words, former)
        self.store.save_reading(reading, self.now)
        self.parts.teach(reading.learned)
        if reading.renames:
            self.parts.identities.rule(self.store.rulings().roots(), self.store.rulings().apart)
        self.counts.update(parsed=not words.why, claims=len(reading.claims))
        self.changes += reading.changes
        self.alerts += reading.alerts
        if reading.skipped:
            self.skipped[reading.skipped] += 1

    def _known(self, words: _Words) -> tuple[_Words, StoredArticle | None]:
        """Gives the stored article that this is another version of, or the very same."""
        article = words.article
        before = next(filter(None, map(self.store.article_of, words.entries)), None)
        before = before or next(filter(None, map(self.store.article, words.addresses)), None)
        named = self.store.article(article.url)
        other_page = named and named.article.origin == "page" and (before is None or before.id != named.id)
        if named and other_page and resemblance(named.sketch, sketch(article.text)) < STORY_LIKENESS:
            # Some sites name one address as the canonical one of all their pages: it is believed where the words are alike.
            own = words.addresses[-1]
            return replace(words, article=replace(article, url=own)), before or self.store.article(own)
        return words, named or before or self.store.twin(article, words.publisher)

    def _reading(self, words: _Words, former: StoredArticle | None) -> Reading:
        story = former.story if former else self.store.story_for(words.article, self.now)
        return self._weighed(words, self.parts.detector.detect(words.article), self.parts.detector.version, story, former)

    def _weighed(
        self, words: _Words, detection: Detection, version: str, story: str, former: StoredArticle | None = None, *, first: bool = False
    ) -> Reading:
        """Resolves what was detected and weighs it against what was known; of a `first` knowledge nothing is told as observed."""
        article, parts = words.article, self.parts
        resolution = resolve(detection.claims, parts.identities, article.url)
        self.skipped.update(s.why for s in resolution.skipped)
        owner = parts.owners.of(words.publisher, article.url)
        fresh = tuple(
            witness(
                resolved,
                article=article.url,
                publisher=words.publisher,
                story=story,
                detector=version,
                seen=self.now,
                published=article.published,
                owner=owner,
            )
            for resolved in resolution.statements
        )
        withdrawn = self._withdrawn(former, article, {e.statement.key for e in fresh})
        moved = (former.article.url, article.url) if former else ("", "")
        # What another version of the detector had found is no correction of the publisher's.
        weighed = memory.weigh(self.store, fresh, withdrawn, self.now, learned=resolution.learned, detector=version, moved=moved)
        changes = weighed.changes
        if first:
            changes = tuple(c for c in changes if c.kind is not ChangeKind.MEMBER_OBSERVED)
        changes = self._apart(changes)
        told = outbox.plan(self.store, changes, self.book, self.now, weighed.tellings())
        return Reading(
            article,
            words.entries,
            story,
            words.publisher,
            version,
            former=former,
            addresses=words.addresses,
            claims=detection.claims,
            skipped=detection.skipped,
            learned=resolution.learned,
            evidence=fresh,
            counted=weighed.counted,
            retold=weighed.retold,
            withdrawn=withdrawn,
            rulings=weighed.rulings,
            stirred=weighed.stirred,
            coalitions=weighed.coalitions,
            members=weighed.members,
            memberships=weighed.memberships,
            changes=changes,
            alerts=told.alerts,
            deliveries=told.deliveries,
            turns=told.turns,
            run=self.run,
            why=words.why,
            retry=words.retry,
            owner=owner,
        )

    def _apart(self, changes: tuple[Change, ...]) -> tuple[Change, ...]:
        """Tells apart what one run learns twice: old articles of an exit, a return and an exit, all without a date, read together."""
        apart = []
        for change in changes:
            while change.id in self.told:
                change = replace(change, detected_at=change.detected_at + timedelta(microseconds=1))
            self.told.add(change.id)
            apart.append(change)
        return tuple(apart)

    def _withdrawn(self, former: StoredArticle | None, article: Article, stated: set[str]) -> tuple[Evidence, ...]:
        """Gives what an edited article says no longer; the page that follows the feed's few words takes nothing of them back."""
        if former is None or former.article.origin != article.origin:
            return ()
        gone = (e for e in self.store.evidence_of(former) if e.log_key not in stated)
        return tuple(replace(e, article=article.url, withdrawn=self.now) for e in gone)

    # Rosters.

    def poll_rosters(self) -> None:
        rules = self.parts.config.rosters
        self.store.sync_rosters(rules, self.now)
        asking: dict[PageRequest, list[RosterState]] = {}
        due = [s for s in self.store.due_rosters(rules, self.now, self.everything) if site_of(s.rule.url) not in self.holds]
        for state in due:
            asking.setdefault(PageRequest(state.rule.url, state.etag, state.last_modified, robots=True), []).append(state)
        self.tell("rosters", 0, len(due))
        for request, outcome in self._outcomes(asking):
            for state in asking[request]:
                self.counts["rosters"] += 1
                try:
                    self._poll_roster(state, outcome)
                except (FetchError, ParseError) as error:
                    self.counts["failed_rosters"] += 1
                    self.failures.append(Skipped(state.rule.name, _why(error)))
                    self.store.save_roster(RosterPoll(state.rule.name, error=_why(error)), self.now)
                    if isinstance(error, FetchError) and error.retry_after:
                        self._hold(error)
                self.tell("rosters", self.counts["rosters"], len(due))

    def _poll_roster(self, state: RosterState, outcome: Outcome) -> None:
        """Reads a roster, unchanged or not: the news may have come to contradict it. Raises FetchError and ParseError."""
        if isinstance(outcome, FetchError):
            raise outcome
        poll = RosterPoll(state.rule.name, state.names)
        if isinstance(outcome, Page):
            body_hash = hashlib.blake2b(outcome.body, digest_size=16).hexdigest()
            if body_hash != state.body_hash:
                names = tuple(map(_writable, roster.read(outcome, state.rule).names))
                poll = RosterPoll(state.rule.name, names, outcome.header("etag"), outcome.header("last-modified"), body_hash)
        reading = self._roster_reading(state, poll.names)
        self.store.save_roster(poll, self.now, reading)
        if reading:
            self.parts.teach(reading.learned)
            self.counts["claims"] += len(reading.claims)
            self.changes += reading.changes
            self.alerts += reading.alerts

    def _roster_reading(self, state: RosterState, names: tuple[str, ...]) -> Reading | None:
        """Gives what a complete reading says that is worth keeping, as an article of the body; raises ParseError for a broken one."""
        rule = state.rule
        past = roster.Past(state.names, state.read) if state.read else None
        listed = roster.listing(rule, dict.fromkeys((*names, *state.names)))
        parties, _ = parties_of(listed, self.parts.identities, rule.url)
        root = self.store.rulings().root
        keys = {claim.member or "": root(member.key) for claim, (_, member) in zip(listed, parties, strict=True)}
        roster.bounded(rule, past, names, keys)
        coalition = root(parties[0][0].key)
        standing = {m.member.key: m for m in self.store.memberships(coalition)}
        out = [key for key in set(keys.values()) if key in standing and standing[key].standing is Standing.OUT]
        told = [e for e in self.store.evidence_about([coalition], members=out) if e.statement.coalition.key == coalition] if out else []
        said = roster.claims(rule, names, past, keys, standing, told, self.now.date())
        if not said:
            return None
        title, text, said = roster.words(rule, names, said, self.now.date())
        # Each reading that says something is an article of its own: a later one takes nothing back of what an earlier one said.
        url = f"{rule.url}#{quote(rule.name, safe='')}-{self.now:%Y-%m-%dT%H:%M:%SZ}"
        article = Article(url, title, text, self.now, site=urlsplit(rule.url).hostname or "")
        story = hashed("roster", rule.url, rule.coalition)
        return self._weighed(_Words(article, (), rule.coalition, ()), Detection(said), roster.VERSION, story, first=past is None)

    # Deliveries.

    def deliver(self) -> None:
        """Hands over what is due. A message whose receipt was lost in a crash is handed over again under the same id."""
        sent = send_due(self.store, self.parts.config, self.book, self.now, self.parts.deliver)
        self.counts["delivered"] += sent.delivered
        self.failures += sent.failures

    def plan_digests(self) -> None:
        plan_digests(self.store, self.parts.config, self.now)


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


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a feed answered: the poll to keep, None where its site asked to be left alone, the error behind it, and for how many
    seconds the answer stays fresh."""

    state: FeedState
    poll: Poll | None
    error: PipelineError | None = None
    fresh: float = 0.0


def _read_answer(state: FeedState, request: PageRequest, outcome: Outcome, now: datetime) -> _Answer:
    name = state.feed.name
    if isinstance(outcome, FetchError):
        if outcome.kind is Trouble.HELD:
            return _Answer(state, None, outcome)
        return _Answer(state, Poll(name, error=_why(outcome), move=pacing.going_back(state.move, state.failures + 1)), outcome)
    fresh = pacing.freshness(*(outcome.header(h) for h in ("cache-control", "expires", "date", "age")))
    move = pacing.moving(state.move, outcome.moved, now) if outcome.moved or state.move.to else None
    validators = (outcome.header("etag"), outcome.header("last-modified"))
    if not isinstance(outcome, Page):
        return _Answer(state, Poll(name, (), *validators, unchanged=True, move=move), fresh=fresh)
    full = not (request.etag or request.last_modified)
    # Half of the servers of feeds give no validators; equal bytes have no new entries either.
    body_hash = hashlib.blake2b(outcome.body, digest_size=16).hexdigest()
    if body_hash == state.body_hash:
        return _Answer(state, Poll(name, (), *validators, body_hash, unchanged=True, move=move, full=full), fresh=fresh)
    try:
        parsed = feeds.parse(outcome, state.feed)
    except ParseError as error:
        return _Answer(state, Poll(name, error=_why(error)), error)
    entries = _writable_entries(parsed.entries)
    poll = Poll(
        *(name, entries, *validators, body_hash, parsed.partial),
        hints=parsed.hints,
        move=move,
        full=full,
        title=_writable(parsed.title),
        deleted=parsed.deleted,
    )
    return _Answer(state, poll, fresh=fresh)


def _longer(article: Article, pending: PendingEntry) -> Article:
    """The article of a page that shows only its beginning, with the feed's own text where that is longer."""
    try:
        told = articles.from_entry(pending.entry, pending.publisher)
    except ParseError:
        return article  # the feed has no words either
    return replace(article, text=told.text) if len(told.text) > len(article.text) else article


def _completed(article: Article, pending: PendingEntry) -> Article:
    """Fills in from the entry what a page does not tell; an article without any address has its place in the feed for one."""
    entry = pending.entry
    return replace(
        article,
        url=article.url or entry.url or f"{articles.clean_url(pending.feed_url)}#{quote(entry.guid, safe='')}",
        title=_writable(article.title or entry.title),
        text=_writable(article.text),
        author=_writable(article.author),
        site=_writable(article.site),
        published=article.published or entry.published,
    )


def _writable_entries(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    try:
        "".join([text for e in entries for text in (e.guid, e.url, e.title, e.content, e.author)]).encode()
    except UnicodeEncodeError:
        return tuple(map(_writable_entry, entries))
    return entries


def _writable_entry(entry: Entry) -> Entry:
    return replace(
        entry,
        guid=_writable(entry.guid),
        url=_writable(entry.url),
        title=_writable(entry.title),
        content=_writable(entry.content),
        author=_writable(entry.author),
    )


def _writable(text: str) -> str:
    """Replaces half characters, which JSON can spell and no file can hold.

    >>> _writable("caf\\ud800"), _writable("café")
    ('caf?', 'café')
    """
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _house(pending: PendingEntry) -> str:
    return pending.publisher or urlsplit(pending.entry.url or pending.feed_url).hostname or pending.entry.feed


def _why(error: PipelineError) -> str:
    """What went wrong, without what it is about: the report has that beside it."""
    return str(error).removeprefix(f"{error.about}: ")


def _pairs(several: Sequence[Skipped]) -> list[dict[str, str]]:
    return [{"what": s.what, "why": s.why} for s in several]
