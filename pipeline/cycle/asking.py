"""The stage of the feeds: asks those that are due, keeps what they bring, and plans when each is asked next."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from pipeline import feeds, notices, pacing
from pipeline.cell import Cell
from pipeline.cycle.run import STOPPED, Run, why_of, writable
from pipeline.errors import FetchError, ParseError, PipelineError, Stopped, Trouble
from pipeline.fetch import Outcome, PageRequest, site_of
from pipeline.model import Entry, Page, Plan, Skipped
from pipeline.store import FeedState, Poll, PollCounts

POLLS_TOGETHER, POLLS_SECONDS = 64, 0.5
"""So many answers of feeds are kept in one transaction, or those of so many seconds."""


class FeedStage(Run):
    """The stage of the feeds."""

    def poll_feeds(self) -> None:
        """Asks the feeds that are due, side by side, and keeps what they bring by the handful."""
        self.store.sync_feeds(self.parts.config.feeds, self.now)
        due = self._not_held(self.store.due_feeds(self.now, self.everything))
        asking: dict[PageRequest, list[FeedState]] = {}
        for state in due:
            full = pacing.wants_full_read(state.full_read, state.conditional_polls, self.now)
            request = PageRequest(state.address) if full else PageRequest(state.address, state.etag, state.last_modified)
            asking.setdefault(request, []).append(state)
        self.tell("feeds", 0, len(due))
        begun = time.monotonic()
        answers: list[_Answer] = []
        stopped = ""

        def note(requests: Sequence[PageRequest]) -> None:
            # Where this run is cut short these are due later, and not as soon as the next one begins; what was not asked stays due.
            asked = {s.feed.name: self.now + pacing.unanswered(s.in_vain) for request in requests for s in asking[request]}
            self.store.ask_feeds(asked, f"asked at {self.now:%H:%M} UTC, no answer kept")

        try:
            for request, outcome in self.parts.fetcher.fetch(tuple(asking), note):
                if isinstance(outcome, FetchError) and outcome.kind in STOPPED:
                    stopped = str(outcome)
                    continue
                answers += (self._answer(state, request, outcome) for state in asking[request])
                if len(answers) >= POLLS_TOGETHER or time.monotonic() - begun > POLLS_SECONDS:
                    self._keep(answers)
                    answers, begun = [], time.monotonic()
                    with suppress(Stopped):  # it ends when the fetcher has handed over what it has
                        self.tell("feeds", self.counts["polled"], len(due))
        except Stopped as told:
            stopped = str(told)
        self._keep(answers)
        if stopped:
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
        return _read_answer(state, request, outcome, self.now, self.parts.cell)

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


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a feed answered: the poll to keep, None where its site asked to be left alone, the error behind it, and for how many
    seconds the answer stays fresh."""

    state: FeedState
    poll: Poll | None
    error: PipelineError | None = None
    fresh: float = 0.0


def _read_answer(state: FeedState, request: PageRequest, outcome: Outcome, now: datetime, cell: Cell) -> _Answer:
    name = state.feed.name
    if isinstance(outcome, FetchError):
        if outcome.kind is Trouble.HELD:
            return _Answer(state, None, outcome)
        return _Answer(state, Poll(name, error=why_of(outcome), move=pacing.going_back(state.move, state.failures + 1)), outcome)
    fresh = pacing.freshness(*(outcome.header(h) for h in ("cache-control", "expires", "date", "age")))
    move = pacing.moving(state.move, outcome.moved, now) if outcome.moved or state.move.to else None
    validators = (outcome.header("etag"), outcome.header("last-modified"))
    looks = notices.unchanged(state.looks) if state.looks.odd else None
    if not isinstance(outcome, Page):
        return _Answer(state, Poll(name, (), *validators, unchanged=True, move=move, looks=looks), fresh=fresh)
    full = not (request.etag or request.last_modified)
    # Half of the servers of feeds give no validators; equal bytes have no new entries either.
    body_hash = hashlib.blake2b(outcome.body, digest_size=16).hexdigest()
    if body_hash == state.body_hash:
        return _Answer(state, Poll(name, (), *validators, body_hash, unchanged=True, move=move, full=full, looks=looks), fresh=fresh)
    try:
        parsed = feeds.quick(outcome, state.feed) or cell.call(feeds.parse, outcome, state.feed, about=outcome.url)
    except ParseError as error:
        return _Answer(state, Poll(name, error=why_of(error)), error)
    entries = _writable_entries(parsed.entries)
    poll = Poll(
        *(name, entries, *validators, body_hash, parsed.partial),
        hints=parsed.hints,
        move=move,
        full=full,
        title=writable(parsed.title),
        deleted=parsed.deleted,
        looks=notices.recognise(state.looks, writable(parsed.title), [site_of(e.url) for e in entries], now),
    )
    return _Answer(state, poll, fresh=fresh)


def _writable_entries(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    try:
        "".join([text for e in entries for text in (e.guid, e.url, e.title, e.content, e.author)]).encode()
    except UnicodeEncodeError:
        return tuple(map(_writable_entry, entries))
    return entries


def _writable_entry(entry: Entry) -> Entry:
    return replace(
        entry,
        guid=writable(entry.guid),
        url=writable(entry.url),
        title=writable(entry.title),
        content=writable(entry.content),
        author=writable(entry.author),
    )
