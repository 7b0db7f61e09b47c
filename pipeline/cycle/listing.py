"""The stage of the rosters: compares what a body's own page of members says with its last complete reading."""

from __future__ import annotations

import hashlib
from urllib.parse import quote, urlsplit

from pipeline import pacing, roster
from pipeline.cycle.reading import ArticleStage, Words
from pipeline.cycle.run import why_of, writable
from pipeline.errors import FetchError, ParseError
from pipeline.fetch import Outcome, PageRequest, site_of
from pipeline.model import Article, Detection, Page, Plan, Skipped, Standing
from pipeline.resolve import parties_of
from pipeline.store import Reading, RosterPoll, RosterState
from pipeline.text import digest as hashed


class RosterStage(ArticleStage):
    """The stage of the rosters; what one says goes the way of an article."""

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
                    self.failures.append(Skipped(state.rule.name, why_of(error)))
                    if isinstance(error, FetchError) and error.retry_after:
                        self._hold(error)
                    self.store.save_roster(RosterPoll(state.rule.name, error=why_of(error)), self.now, self._pace(state, error))
                self.tell("rosters", self.counts["rosters"], len(due))

    def _poll_roster(self, state: RosterState, outcome: Outcome) -> None:
        """Reads a roster, unchanged or not: the news may have come to contradict it. Raises FetchError and ParseError."""
        if isinstance(outcome, FetchError):
            raise outcome
        poll = RosterPoll(state.rule.name, state.names)
        if isinstance(outcome, Page):
            body_hash = hashlib.blake2b(outcome.body, digest_size=16).hexdigest()
            if body_hash != state.body_hash:
                names = tuple(map(writable, self.parts.cell.call(roster.read, outcome, state.rule, about=outcome.url).names))
                poll = RosterPoll(state.rule.name, names, outcome.header("etag"), outcome.header("last-modified"), body_hash)
        reading = self._roster_reading(state, poll.names)
        self.store.save_roster(poll, self.now, self._pace(state), reading)
        if reading:
            self.parts.teach(reading.learned, reading.unlearned)
            self.counts["claims"] += len(reading.claims)
            self.changes += reading.changes
            self.alerts += reading.alerts

    def _pace(self, state: RosterState, error: FetchError | ParseError | None = None) -> Plan:
        """Plans the next poll as that of a feed with an interval of its own."""
        rule = state.rule
        pace = pacing.Pace(
            rule.name,
            rule.interval_minutes,
            adaptive=False,
            strain=state.strain,
            failures=state.failures,
            failing_since=state.failing_since,
        )
        if error is None:
            return pacing.after_answer(pace, self.now)
        plan, site = pacing.after_failure(pace, self.now, error, why_of(error)), site_of(rule.url)
        return pacing.waits(plan, self.holds[site], site) if site in self.holds else plan

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
        asked = [*out, *roster.unlisted(standing, keys.values())]
        told = [e for e in self.store.evidence_about([coalition], members=asked) if e.statement.coalition.key == coalition] if asked else []
        said = roster.claims(rule, names, past, keys, standing, told, self.now.date())
        if not said:
            return None
        title, text, said = roster.words(rule, names, said, self.now.date())
        # Each reading that says something is an article of its own: a later one takes nothing back of what an earlier one said.
        url = f"{rule.url}#{quote(rule.name, safe='')}-{self.now:%Y-%m-%dT%H:%M:%SZ}"
        article = Article(url, title, text, self.now, site=urlsplit(rule.url).hostname or "")
        story = hashed("roster", rule.url, rule.coalition)
        return self._weighed(Words(article, (), rule.coalition, ()), Detection(said), roster.VERSION, story, first=past is None)
