"""The state of the sources → notices: what a person should know of a feed that breaks, goes quiet, moves or serves something else.

A notice is raised once and ended once; what holds in between is told of no further. It decides what holds, and words it; when and
to whom it goes is the outbox's. Where nothing at all can be read it is us and not them: that is one notice, not one for each feed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pipeline.model import Act, Looks, Notice, NoticeKind
from pipeline.text import fold

EVERY_SOURCE = ""
"""What a notice is about that is about all sources."""
ACCEPTED_AFTER = timedelta(days=30)
"""What a feed serves for so long is taken for its own."""
SITES_KEPT = 20
"""Sites whose articles a feed lists, the latest first: of the feeds of the configuration shipped only collections list more than ten."""


@dataclass(frozen=True, slots=True)
class Source:
    """A configured feed or roster, as far as notices go by it.

    `polled` is when it was last asked and `read` when that last went well, `failures` counts those in a row `since` a moment, `error` is
    the last of them. `brought` is when it last brought an entry that was new; None for a roster, whose silence means nothing.
    `address` is where it moved for good, empty where it did not. `looks` are None where nothing is known of them.
    """

    name: str
    first_seen: datetime
    polled: datetime | None = None
    read: datetime | None = None
    failures: int = 0
    since: datetime | None = None
    error: str = ""
    brought: datetime | None = None
    address: str = ""
    looks: Looks | None = None


def judge(
    sources: Sequence[Source], standing: Iterable[Notice], now: datetime, *, failures: int, silence: timedelta
) -> tuple[tuple[Notice, ...], tuple[Notice, ...]]:
    """Gives the notices that are to be raised now, and the standing ones that are over, with their `outcome`.

    A source counts as broken after so many `failures` in a row, and as quiet after so long a `silence`. A notice about a source that is
    configured no longer ends without an outcome: nobody needs to be told of it.
    """
    found = {(n.about, n.kind): n for source in sources for n in _holding(source, now, silence)}
    known = {s.name: s for s in sources}
    if lost := _all_lost(sources, now, failures):
        found[lost.about, lost.kind] = lost
    open_ = {(n.about, n.kind): n for n in standing}
    raised = [n for key, n in found.items() if key not in open_ and (n is lost or _is_worth_it(n, known[n.about], sources, failures))]
    ended = [
        replace(n, ended=now, outcome=_outcome(n, known.get(n.about), now))
        for key, n in open_.items()
        if key not in found and (n.about in known or n.about == EVERY_SOURCE)
    ]
    ended += [replace(n, ended=now) for key, n in open_.items() if n.about and n.about not in known]
    return tuple(raised), tuple(ended)


def _holding(s: Source, now: datetime, silence: timedelta) -> Iterable[Notice]:
    """What can be said of one source as it stands, whether or not it is worth a notice."""
    if s.failures:
        why = f"cannot be read: {s.failures} failures in a row since {_day(s.since or s.first_seen)} ({s.error})"
        yield Notice(s.name, NoticeKind.BROKEN, why, s.since or s.first_seen, now)
    if s.address:
        yield Notice(
            s.name, NoticeKind.MOVED, f"has moved for good and is read at {s.address}: write that into the configuration", now, now
        )
    looks = s.looks
    if looks and looks.odd and looks.odd_since:
        called = f", calls itself “{looks.odd_title}” (before: “{looks.title}”)" if fold(looks.odd_title) != fold(looks.title) else ""
        before = f" instead of {', '.join(looks.sites[:3])}" if looks.sites else ""
        lists = f"it lists articles of {', '.join(looks.odd_sites[:3])}{before}{called}"
        why = f"seems to serve something else since {_day(looks.odd_since)}: {lists}"
        yield Notice(s.name, NoticeKind.CHANGED, why, looks.odd_since, now)
    if s.brought and now - s.brought >= silence:
        yield Notice(s.name, NoticeKind.QUIET, f"has brought nothing new since {_day(s.brought)}", s.brought, now)


def _is_worth_it(notice: Notice, own: Source, sources: Sequence[Source], failures: int) -> bool:
    """Whether what holds has held for long enough, and is the source's own doing."""
    match notice.kind:
        case NoticeKind.BROKEN:
            others = [s for s in sources if s is not own]
            # Others were read while this one failed: after a night without a network each would else be told of as it is asked again.
            alone = not others or any(o.read and own.polled and notice.since <= o.read <= own.polled for o in others)
            return own.failures >= failures and alone
        case NoticeKind.CHANGED:
            return own.looks is not None and own.looks.odd >= failures
        case NoticeKind.QUIET:
            return not own.failures
        case _:
            return True


def _all_lost(sources: Sequence[Source], now: datetime, failures: int) -> Notice | None:
    """The notice that no source can be read, where several were asked in vain and none was read since the first of them failed."""
    lost = [s for s in sources if s.failures and s.since]
    if len(lost) < 2 or max(s.failures for s in lost) < failures:
        return None
    since = min(s.since for s in lost if s.since and s.failures >= failures)
    if any(s.read and s.read >= since for s in sources):
        return None
    error = max(lost, key=lambda s: s.failures).error
    return Notice(EVERY_SOURCE, NoticeKind.BROKEN, f"No feed could be read since {_day(since)}: {error}", since, now)


def _outcome(n: Notice, s: Source | None, now: datetime) -> str:
    if n.about == EVERY_SOURCE:
        return "Feeds are read again"
    days = (now - n.since).days
    match n.kind:
        case NoticeKind.BROKEN:
            return f"is read again, after {days} days" if days > 1 else "is read again"
        case NoticeKind.MOVED:
            return "is asked at its configured address again"
        case NoticeKind.CHANGED:
            return "is itself again" if s and s.looks and not s.looks.adopted else "serves the same still, which is taken for its own now"
        case _:
            return "brings news again"


def sentence(notice: Notice, act: Act = Act.RAISED) -> str:
    """Says a notice in one sentence: as it was raised, or how it ended."""
    said = notice.outcome if act is Act.ENDED else notice.why
    return f"{notice.about} {said}." if notice.about and notice.kind is not NoticeKind.LEFT_OUT else f"{said}."


def recognise(known: Looks, title: str, sites: Sequence[str], now: datetime) -> Looks:
    """Compares what an answer looks like with how the feed is known: its name, and the sites whose articles it lists.

    One of the two must be as it was. An answer without articles tells nothing; what looks otherwise for `ACCEPTED_AFTER` is its own.

    >>> known = Looks("Quay", ("quay.example",))
    >>> at = datetime(2025, 5, 14)
    >>> recognise(known, "Quay", ["new.example"], at).odd, recognise(known, "Luck", ["luck.example"], at).odd
    (0, 1)
    """
    fresh = tuple(dict.fromkeys(site.removeprefix("www.") for site in sites if site))
    if not fresh:
        return known
    same = not known.sites or bool({*fresh} & {*known.sites}) or (bool(title) and fold(title) == fold(known.title))
    late = known.odd_since is not None and now - known.odd_since >= ACCEPTED_AFTER
    if same or late:
        sites_ = fresh if late and not same else tuple(dict.fromkeys((*fresh, *known.sites)))
        return Looks(title or known.title, sites_[:SITES_KEPT], adopted=late and not same)
    return replace(known, odd=known.odd + 1, odd_since=known.odd_since or now, odd_title=title, odd_sites=fresh[:SITES_KEPT])


def unchanged(known: Looks) -> Looks:
    """What is known of a feed that answered the same as last time: what was odd is odd once more."""
    return replace(known, odd=known.odd + 1) if known.odd else known


def _day(at: datetime) -> str:
    return f"{at.day} {at:%B %Y}"
