"""The stage of the articles: fetches the pages behind new entries, and makes of each what the store learns by it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import quote, urlsplit

from pipeline import articles, memory, outbox, revisiting
from pipeline.cycle.run import Run, why_of, writable
from pipeline.errors import FetchError, ParseError, PipelineError, Stopped, StoreError, Trouble
from pipeline.fetch import Outcome, PageRequest, site_of
from pipeline.model import Article, Change, ChangeKind, Detection, Entry, Evidence, Lesson, Page, Skipped
from pipeline.resolve import ACRONYM, COALITION, in_words, resolve, witness
from pipeline.store import Answered, PendingEntry, Reading, StoredArticle
from pipeline.store.reads import STORY_LIKENESS
from pipeline.text import resemblance, sketch

BATCH = 200
"""Entries fetched together and then read in the order of their publication: a bound for memory, large enough for a day's feed."""
TRIES = 3
"""A page that could not be had for a passing reason is asked for so often."""
AHEAD = timedelta(days=1)
"""Nowhere on earth an article can be of a later day than the next."""
FATAL = 5
"""After so many programs that ended while an article was at work that is told: once may be the machine's doing, or a person's."""
FATAL_PAUSE = timedelta(seconds=10)
"""After the first of them it is tried again so much later, after each further one four times as much: the others come first."""
RETRY = timedelta(minutes=15)
"""The first pause before a page is tried again; each further one is four times as long."""


@dataclass(frozen=True, slots=True)
class Words:
    """An article on its way into the store: where it came from and what went wrong on the way, how often it was tried before, and
    the address of the page on which it goes on. `answered` is the page that it was read from, None where that does not hold all of it."""

    article: Article
    entries: tuple[Entry, ...]
    publisher: str
    addresses: tuple[str, ...]
    why: str = ""
    retry: datetime | None = None
    tries: int = 0
    next_page: str = ""
    answered: Answered | None = None


class ArticleStage(Run):
    """The stage of the articles."""

    def read_articles(self) -> None:
        """Reads the articles that wait; one over which the program ended comes later each time, and after several times that is told."""
        for notice in self.store.own_up(FATAL, FATAL_PAUSE, self.parts.config.notices.channels, self.now):
            self.failures.append(Skipped(notice.about, notice.why))
        try:
            self._read_all()
        except (PipelineError, Stopped, KeyboardInterrupt):
            with suppress(StoreError):
                self.store.take_up((), self.now)  # whatever it was, it was not the article; after a bug it stays at work, and counts
            raise
        self.store.take_up((), self.now)

    def _read_all(self) -> None:
        total, done = self.store.pending_count(self.now, self.everything), 0
        self.tell("articles", done, total)
        while batch := self.store.pending(self.now, BATCH, self.everything):
            found = self._fetch(batch)
            self.store.save_holds(self.new_holds, self.now)
            self.new_holds = {}
            if found:
                # Loading the detector takes the most time and memory of all: where the program ends in it, it is no article's doing.
                assert self.parts.detector.version
            for words in sorted(found, key=lambda w: (w.article.published or self.now, w.article.url)):
                self._read(words)
                done += len(words.entries)
                self.tell("articles", done, total)
            if self.waited:
                raise self.waited

    def _fetch(self, batch: Sequence[PendingEntry]) -> list[Words]:
        """Fetches the pages of a batch, each address once, and parses them as they arrive; settles what gave no words."""
        by_address: dict[str, list[PendingEntry]] = {}
        found: list[Words | None] = []
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
        whole = [words for words in found if words is not None and not words.next_page]
        if not self.waited:
            try:
                whole.extend(self._followed([words for words in found if words is not None and words.next_page]))
            except Stopped as told:
                self.waited = told  # what goes on on pages that were not asked for stays to be read
        return whole

    def _followed(self, found: Sequence[Words]) -> Iterator[Words]:
        """Follows articles of several pages to their end, side by side, and gives each as it is complete."""
        going_on: list[Words] = list(found)
        for number in range(2, articles.MOST_PAGES + 1):
            asked: dict[str, list[Words]] = {}
            for words in going_on:
                asked.setdefault(words.next_page, []).append(words)
            going_on = []
            for request, outcome in self._outcomes(PageRequest(url, robots=True) for url in asked):
                for words in asked[request.url]:
                    longer = self._with_page(words, number, outcome)
                    if longer.next_page:
                        going_on.append(longer)
                    else:
                        yield longer
        yield from going_on

    def _with_page(self, words: Words, number: int, outcome: Outcome) -> Words:
        """Gives an article with the words of one page more. One whose next page cannot be had is read as far as it goes, and asked for
        once more where that may help."""
        until = self._hold(outcome) if isinstance(outcome, FetchError) and outcome.retry_after else None
        if isinstance(outcome, Page):
            try:
                found = self.parts.cell.call(articles.examine, outcome, about=outcome.url)
            except ParseError as error:
                why, transient = why_of(error), False
            else:
                longer = articles.joined(words.article, [found.article])
                goes_on = longer.text != words.article.text and not found.partial
                return replace(words, article=replace(longer, text=writable(longer.text)), next_page=found.next_page if goes_on else "")
        elif isinstance(outcome, FetchError):
            why, transient = why_of(outcome), outcome.transient
        else:
            why, transient = "was answered as unchanged though nothing was known of it", False
        why = f"page {number} of it: {why}"
        self.partial.append(Skipped(words.addresses[0], why))
        retry = self._next_try(words.tries, until) if transient else None
        return replace(words, why=why if retry else "", retry=retry, next_page="", answered=None)

    def _next_try(self, tries: int, until: datetime | None) -> datetime | None:
        """When a page that could not be had for a passing reason is asked for again, None where it was tried often enough."""
        return max(self.now + RETRY * 4**tries, until or self.now) if tries + 1 < TRIES else None

    def _words(self, group: tuple[PendingEntry, ...], outcome: Outcome | None) -> Words | None:
        """Gives the article behind entries of one address: its page, else what the feed itself said, else nothing."""
        first = group[0]
        entries = tuple(p.entry for p in group)
        tries = max(p.tries for p in group)
        why, transient = "", False
        until = self._hold(outcome) if isinstance(outcome, FetchError) and outcome.retry_after else None
        if until and isinstance(outcome, FetchError) and outcome.kind is Trouble.HELD:
            self.store.postpone_entries(entries, self.now, until)
            return None
        if isinstance(outcome, Page):
            try:
                found = self.parts.cell.call(articles.examine, outcome, about=outcome.url)
                article = found.article
                if found.partial:
                    self.partial.append(Skipped(first.entry.url, found.partial))
                    article = self._longer(article, first)
                return Words(
                    self._completed(article, first),
                    entries,
                    article.site or _house(first),
                    (first.entry.url, outcome.final_url),
                    tries=tries,
                    next_page="" if found.partial else found.next_page,
                    answered=None if found.partial else answered_by(first.entry.url, outcome),
                )
            except ParseError as error:
                why = why_of(error)
        elif isinstance(outcome, FetchError):
            why, transient = why_of(outcome), outcome.transient
        elif outcome is not None:
            why = "the page was answered as unchanged though nothing was known of it"
        retry = self._next_try(tries, until) if transient else None
        if why:
            self.counts["failed_articles"] += 1
            self.failures.append(Skipped(first.entry.url, why))
        try:
            article = self._from_entry(first)
        except ParseError as error:
            if not why:
                self.counts["failed_articles"] += 1
                self.failures.append(Skipped(first.entry.guid, why_of(error)))
            for entry in entries:
                self.store.settle_entry(entry, self.now, why or why_of(error), retry)
            return None
        return Words(self._completed(article, first), entries, _house(first), (first.entry.url,), why, retry)

    def _completed(self, article: Article, pending: PendingEntry) -> Article:
        """Fills in from the entry what a page does not tell; an article without any address has its place in the feed for one.

        A date of publication that has not come yet is the mistake of a clock: what it dates would stand above all later news.
        """
        entry = pending.entry
        dates = [at for at in (article.published, entry.published) if at]
        believed = [at for at in dates if at <= self.now + AHEAD]
        if len(believed) < len(dates):
            self.skipped["dates of publication in the future"] += 1
        return replace(
            article,
            url=article.url or entry.url or f"{articles.clean_url(pending.feed_url)}#{quote(entry.guid, safe='')}",
            title=writable(article.title or entry.title),
            text=writable(article.text),
            author=writable(article.author),
            site=writable(article.site),
            published=believed[0] if believed else None,
        )

    def _longer(self, article: Article, pending: PendingEntry) -> Article:
        """The article of a page that shows only its beginning, with the feed's own text where that is longer."""
        try:
            told = self._from_entry(pending)
        except ParseError:
            return article  # the feed has no words either
        return replace(article, text=told.text) if len(told.text) > len(article.text) else article

    def _from_entry(self, pending: PendingEntry) -> Article:
        return self.parts.cell.call(articles.from_entry, pending.entry, pending.publisher, about=pending.entry.url)

    def _read(self, words: Words) -> None:
        """Reads one article: a copy of what was read is settled, all else goes through detection into the store."""
        if words.entries:
            self.store.take_up(words.entries, self.now)
        words, former = self._known(words)
        article = words.article
        same = former is not None and former.article.fingerprint == article.fingerprint and not former.taken_down
        if former and (same or (article.origin == "feed" and former.article.origin == "page")):
            # A page that was read once is not given up for the feed's few words because today it could not be had.
            if words.why:
                for entry in words.entries:
                    self.store.settle_entry(entry, self.now, words.why, words.retry)
            else:
                self.counts["duplicates"] += 1
                self.store.save_duplicate(words.entries, former, words.addresses, self.now)
            return
        self._learn(words, former, revisit=revisiting.first(self.now, article.published))

    def _learn(self, words: Words, former: StoredArticle | None, *, revisit: datetime | None = None) -> None:
        """Keeps what an article says; where it says anything, its page is read again at `revisit`."""
        reading = self._reading(words, former)
        if revisit and words.answered and reading.evidence:
            reading = replace(reading, answered=words.answered, revisit=revisit)
        self._save(reading)
        self.counts.update(parsed=not words.why, claims=len(reading.claims))
        if reading.skipped:
            self.skipped[reading.skipped] += 1

    def _save(self, reading: Reading) -> None:
        self.store.save_reading(reading, self.now)
        self.parts.teach(reading.learned, reading.unlearned)
        if reading.renames:
            self.parts.identities.rule(self.store.rulings().roots(), self.store.rulings().apart)
        self.changes += reading.changes
        self.alerts += reading.alerts

    def _known(self, words: Words) -> tuple[Words, StoredArticle | None]:
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

    def _reading(self, words: Words, former: StoredArticle | None) -> Reading:
        story = former.story if former else self.store.story_for(words.article, self.now)
        return self._weighed(words, self.parts.detector.detect(words.article), self.parts.detector.version, story, former)

    def _weighed(
        self,
        words: Words,
        detection: Detection,
        version: str,
        story: str,
        former: StoredArticle | None = None,
        *,
        first: bool = False,
        taken_down: bool = False,
    ) -> Reading:
        """Resolves what was detected and weighs it against what was known; of a `first` knowledge nothing is told as observed, and an
        article that was `taken_down` says nothing any more, whatever its words are."""
        article, parts = words.article, self.parts
        revised = former if former and former.article.origin == article.origin else None
        # What nobody but this article taught is not held against its new version.
        own = [n for n in self.store.unlearned_by(revised) if n.kind in {COALITION, ACRONYM}] if revised else []
        parts.identities.learn((), own)
        resolution = resolve(detection.claims, parts.identities, article.url)
        parts.identities.learn(own)
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
        lessons = self._lessons(resolution.lessons, article, revised) if not taken_down else ()
        unlearned = self.store.unlearned_by(revised, lessons) if revised else ()
        moved = (former.article.url, article.url) if former else ("", "")
        # What another version of the detector had found is no correction of the publisher's.
        weighed = memory.weigh(
            self.store, fresh, withdrawn, self.now, learned=resolution.learned, unlearned=unlearned, detector=version, moved=moved
        )
        changes = weighed.changes
        if first:
            changes = tuple(c for c in changes if c.kind is not ChangeKind.MEMBER_OBSERVED)
        changes = self._apart(tuple(replace(c, taken_down=True) for c in changes) if taken_down else changes)
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
            gists=weighed.gists,
            callings=resolution.callings,
            lessons=lessons,
            unlearned=unlearned,
            taken_down=taken_down,
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

    def _lessons(self, said: Sequence[Lesson], article: Article, former: StoredArticle | None) -> tuple[Lesson, ...]:
        """Gives the definitions that an article holds: what its claims rest on, and what stands there still, though none does."""
        words = f"{article.title}\n{article.text}"
        standing = tuple(x for x in self.store.lessons_of(former) if x.words and x.words in words) if former else ()
        return (*in_words(said, article.title, article.text), *standing)

    def _withdrawn(self, former: StoredArticle | None, article: Article, stated: set[str]) -> tuple[Evidence, ...]:
        """Gives what an edited article says no longer; the page that follows the feed's few words takes nothing of them back."""
        if former is None or former.article.origin != article.origin:
            return ()
        gone = (e for e in self.store.evidence_of(former) if e.log_key not in stated)
        return tuple(replace(e, article=article.url, withdrawn=self.now) for e in gone)


def answered_by(address: str, page: Page) -> Answered:
    """What is kept of the answer that an article was read from, to ask again for what changed since.

    Where the address is another site's, which counts clicks or shortens addresses, the page is asked for where it was: what becomes of
    that site says nothing of the article.
    """
    site = site_of(page.final_url)
    body_hash = hashlib.blake2b(page.body, digest_size=16).hexdigest()
    own = address if site_of(address) == site else page.final_url
    return Answered(own, site, page.header("etag"), page.header("last-modified"), body_hash)


def _house(pending: PendingEntry) -> str:
    return pending.publisher or urlsplit(pending.entry.url or pending.feed_url).hostname or pending.entry.feed
