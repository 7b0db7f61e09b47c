"""The stage of the pages that are read again: what was corrected, or taken down, without a word in the feed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from pipeline import articles, revisiting
from pipeline.cycle.reading import ArticleStage, Words, answered_by
from pipeline.cycle.run import STOPPED
from pipeline.errors import FetchError, ParseError, Stopped, Trouble
from pipeline.fetch import Outcome, PageRequest
from pipeline.fetch.archive import Replay
from pipeline.model import Detection, Entry, Page
from pipeline.store import PendingEntry, Revisit, StoredArticle

AT_ONCE, OF_A_SITE = 40, 4
"""So many pages are asked for in one cycle, and so many of one site: a daemon looks every minute, so that even after a week without one
all are asked for within hours, and a site that wants a minute between two requests holds up nobody for long."""
GONE = 410
"""What a server answers of a page that was there, is not, and will not be again (RFC 9110 section 15.5.11). Another site, where a
redirect led, can say that of nothing but its own pages."""
UNREADABLE = "pages that could not be read again"


class RevisitStage(ArticleStage):
    """The stage of the pages that are read again."""

    def revisit_pages(self) -> None:
        """Asks for some of the pages that are due, whoever began the run, and keeps what came of each."""
        if isinstance(self.parts.fetcher, Replay):
            return  # an archive has no later answer than the one that was read
        due = self.store.due_revisits(self.now, AT_ONCE, OF_A_SITE, self.holds)
        asking = {self._request(revisit): revisit for revisit in due}

        def note(requests: Sequence[PageRequest]) -> None:
            self.store.ask_revisits({r.article: revisiting.unanswered(r.in_vain, self.now) for r in map(asking.__getitem__, requests)})

        stopped = ""
        self.tell("revisits", 0, len(asking))
        for request, outcome in self.parts.fetcher.fetch(tuple(asking), note):
            if isinstance(outcome, FetchError) and outcome.kind in STOPPED:
                stopped = str(outcome)
                continue
            self._revisit(replace(asking[request], in_vain=0), outcome)
            self.counts["revisited"] += 1
            self.tell("revisits", self.counts["revisited"], len(asking))
        self.store.save_holds(self.new_holds, self.now)
        self.new_holds = {}
        if stopped:
            raise Stopped(stopped)

    def _request(self, revisit: Revisit) -> PageRequest:
        """The last time it is asked without conditions: some servers say that nothing changed whatever they are asked."""
        a = revisit.answered
        last = revisiting.following(revisit.since, self.now) is None
        return PageRequest(a.address, robots=True) if last else PageRequest(a.address, a.etag, a.last_modified, robots=True)

    def _revisit(self, revisit: Revisit, outcome: Outcome) -> None:
        """Keeps what came of asking for a page: an edit, a retraction that is sure, or only when it is due next."""
        if isinstance(outcome, Page):
            self._read_page(revisit, outcome)
        elif not isinstance(outcome, FetchError):
            self.store.save_revisit(self._next(revisit), self.now, stands=True)
        elif outcome.kind is Trouble.STATUS and outcome.status == GONE and outcome.host == revisit.answered.site:
            self._gone(replace(revisit, gone_since=revisit.gone_since or self.now), revisit.gone_since)
        elif (until := self._hold(outcome) if outcome.retry_after else None) and outcome.kind is Trouble.HELD:
            self.store.save_revisit(replace(revisit, due=until), self.now)
        else:
            self._let_be(revisit, UNREADABLE)

    def _next(self, revisit: Revisit) -> Revisit:
        """The page when it was there."""
        return replace(revisit, due=revisiting.following(revisit.since, self.now), gone_since=None)

    def _let_be(self, revisit: Revisit, why: str) -> None:
        """Takes nothing from what came; a page that was said to be gone is neither there nor gone for that."""
        self.skipped[why] += 1
        if revisit.gone_since is None:
            self.store.save_revisit(self._next(revisit), self.now)
        else:
            self.store.save_revisit(replace(revisit, due=revisiting.while_gone(revisit.gone_since, self.now)), self.now)

    def _read_page(self, revisit: Revisit, page: Page) -> None:
        """Reads a page that came: an edit of its article is a new version of it, all else changes nothing."""
        now_answered = answered_by(revisit.answered.address, page)
        there = replace(self._next(revisit), answered=now_answered)
        if now_answered.body_hash == revisit.answered.body_hash:
            self.store.save_revisit(there, self.now, stands=True)
            return
        stored, _ = self.store.read_again(revisit.article)
        words = self._whole(stored, revisit, page)
        if words is None:
            self._let_be(revisit, UNREADABLE)
            return
        words, former = self._known(words)
        if former is None or former.id != stored.id:
            self._let_be(revisit, "pages that hold another article now")
        elif former.article.fingerprint == words.article.fingerprint and not former.taken_down:
            self.store.save_revisit(there, self.now, stands=True)
        elif why := revisiting.why_not_an_edit(former.article, former.sketch, words.article):
            self._let_be(revisit, why)
        else:
            with self.store.together():
                self._learn(words, former)
                self.store.save_revisit(there, self.now)
            self.counts["edited"] += 1

    def _whole(self, stored: StoredArticle, revisit: Revisit, page: Page) -> Words | None:
        """Gives the article of a page with what was known of it filled in; None where no article can be had, or not the whole of it."""
        known, address = stored.article, revisit.answered.address
        entry = Entry("", known.url, address, known.title, "", known.published, author=known.author)
        try:
            found = self.parts.cell.call(articles.examine, page, about=page.url)
        except ParseError:
            return None
        article = self._completed(found.article, PendingEntry(entry, stored.publisher, ""))
        words = Words(article, (), article.site or stored.publisher, (address, page.final_url), answered=revisit.answered)
        if found.next_page:
            words = next(self._followed([replace(words, next_page=found.next_page)]))
        return words if words.answered and not found.partial else None

    def _gone(self, revisit: Revisit, before: datetime | None) -> None:
        """Takes down an article whose page was said to be gone `before`, and is again; else that is kept until it is asked once more."""
        assert revisit.gone_since
        due = revisiting.while_gone(revisit.gone_since, self.now)
        self.store.save_revisit(replace(revisit, due=due), self.now)
        if due is None or not revisiting.is_confirmed(before, self.store.gone_pages(revisit.answered.site), self.now):
            self.skipped["pages that are said to be gone"] += 1
            return
        stored, claims = self.store.read_again(revisit.article)
        with self.store.together():
            if living := self.store.evidence_of(stored):
                # It states nothing any more, as after an edit that took all of it out; its words and what was found in them stay.
                words = Words(stored.article, (), stored.publisher, ())
                reading = self._weighed(words, Detection(()), living[0].detector, stored.story, stored, taken_down=True)
                self._save(replace(reading, claims=claims))
                self.counts["taken_down"] += 1
            self.store.save_revisit(replace(revisit, due=None), self.now)
