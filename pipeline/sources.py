"""`pipeline feeds`: which feeds are read, when each is asked next and why, and adding, checking and finding them.

The configuration file stays its owner's: feeds that are added here are kept in the store, beside those of the configuration, go with
its backups and are taken out here again. Asking servers goes through the same guarded fetcher as everything else.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pipeline.arguments import add_patience, as_json, configuration, print_json, reading, utc_now, writing
from pipeline.errors import FetchError, ParseError, PipelineError, UsageError
from pipeline.model import Feed, Page, Skipped

if TYPE_CHECKING:
    from pipeline.config import Config
    from pipeline.feeds.discovery import Offer
    from pipeline.fetch import Fetcher
    from pipeline.model import ParsedFeed
    from pipeline.store import FeedState

Command = Callable[[str, Callable[[argparse.Namespace], int], str, str], argparse.ArgumentParser]


def add_commands(command: Command) -> None:
    """Adds the parsers of `pipeline feeds` and of what can be done there."""
    sub = command(
        "feeds",
        _list,
        "list the feeds with their state, the next due time and its reason; add, remove, check and find them",
        "pipeline feeds\n  pipeline feeds add https://wire.example/\n  pipeline feeds import subscriptions.opml --dry-run",
    )
    as_json(sub)
    verbs = sub.add_subparsers(title="what to do", metavar="VERB")

    def verb(name: str, run: Callable[[argparse.Namespace], int], about: str) -> argparse.ArgumentParser:
        made = verbs.add_parser(name, help=about, description=about[0].upper() + about[1:] + ".")
        made.set_defaults(run=run)
        as_json(made, default=argparse.SUPPRESS)
        return made

    verb("list", _list, "list the feeds (the same as no verb)")
    add = verb("add", _add, "add a feed by its address, or that of a site; it is asked whether it is one")
    add.add_argument("address", metavar="ADDRESS")
    add.add_argument("--name", default="", metavar="NAME", help="what to call it (without it as it calls itself)")
    add.add_argument("--publisher", default="", metavar="NAME", help="the house behind it, where its pages do not say")
    add.add_argument("--interval", type=int, default=0, metavar="MINUTES", help="ask so often (without it the interval adapts)")
    add.add_argument("--unchecked", action="store_true", help="add it without asking it first")
    add_patience(add)
    remove = verb("remove", _remove, "stop reading a feed that was added; what was learned from it stays")
    remove.add_argument("feed", metavar="NAME|ADDRESS")
    add_patience(remove)
    check = verb("check", _check, "ask feeds now and say what they give, keeping nothing; exit code 1 where one cannot be read")
    check.add_argument("feeds", metavar="NAME|ADDRESS", nargs="*", help="without any: all")
    discover = verb("discover", _discover, "find the feeds of a site")
    discover.add_argument("address", metavar="ADDRESS")
    take = verb("import", _import, "add the feeds of an OPML list")
    take.add_argument("file", metavar="FILE", help="- for standard input")
    take.add_argument("--dry-run", action="store_true", help="only say what would be added")
    add_patience(take)
    give = verb("export", _export, "write all feeds as an OPML list")
    give.add_argument("-o", "--output", metavar="FILE", default="-", help="without it: standard output")


# What is read, and when.


def state_of(state: FeedState, now: datetime) -> str:
    """Says in a word or two how a feed is.

    An address that was taken over from a permanent redirect, or is about to be, is told by the word "moved".
    """
    if state.last_polled is None:
        return "new"
    if state.failures:
        return f"failing ({state.failures} in a row)"
    if state.move.address or state.move.to:
        return "moved"
    return "read in part" if state.partial else "well"


def _document(state: FeedState, now: datetime) -> dict[str, Any]:
    def time(at: datetime | None) -> str | None:
        return at.isoformat() if at else None

    return {
        "name": state.feed.name,
        "url": state.feed.url,
        "asked_at": state.address,
        "moved_to": state.move.to or None,
        "moved_since": time(state.move.since),
        "title": state.title,
        "publisher": state.feed.publisher,
        "added": state.added,
        "state": state_of(state, now),
        "next_due": time(state.next_due),
        "why": state.due_why,
        "interval_minutes": round(state.minutes, 1) or state.feed.interval_minutes,
        "adaptive": state.feed.adaptive,
        "last_polled": time(state.last_polled),
        "last_read": time(state.last_read),
        "failures": state.failures,
        "error": state.last_error,
        "partial": state.partial,
    }


def _list(args: argparse.Namespace) -> int:
    from pipeline import screen

    config, now = configuration(args), utc_now()
    with reading(config) as store:
        states = _with_configured(store.feed_states(), config)
        holds = store.holds(now)
    if args.json:
        print_json({"feeds": [_document(s, now) for s in states], "held": {site: at.isoformat() for site, at in holds.items()}})
        return 0
    columns = ("feed", "state", "next due", "why", "last read", "address")
    rows = []
    for s in states:
        why = s.due_why or ("never asked" if s.last_polled is None else "")
        moved = f" (moves to {s.move.to})" if s.move.to else ""
        due = f"{s.next_due:%Y-%m-%d %H:%M}" if s.next_due and s.next_due > now else "now"
        last = f"{s.last_read:%Y-%m-%d %H:%M}" if s.last_read else "never"
        rows.append((s.feed.name, state_of(s, now), due, why, last, s.address + moved))
    screen.table(columns, rows, empty="no feed is configured or added; `pipeline feeds add ADDRESS` adds one")
    return 0


def _with_configured(states: Sequence[FeedState], config: Config) -> list[FeedState]:
    """The feeds of the store with those of the configuration that no run has seen yet, and without those that left it."""
    from pipeline.store import FeedState

    known = {s.feed.name: s for s in states}
    configured = {f.name: f for f in config.feeds}
    addresses = {f.url for f in config.feeds}
    listed = [known.get(name) or FeedState(feed) for name, feed in configured.items()]
    listed += [s for s in states if s.added and s.feed.name not in configured and s.feed.url not in addresses]
    return sorted(listed, key=lambda s: s.feed.name.casefold())


# Adding and removing.


def _add(args: argparse.Namespace) -> int:
    from pipeline.config import wrong_address

    config = configuration(args)
    address = args.address if "://" in args.address else f"https://{args.address}"
    if problem := wrong_address(address):
        raise UsageError(f"{args.address!r} {problem}")
    if args.interval and not 1 <= args.interval <= 43_200:
        raise UsageError("--interval takes minutes from 1 to 43200, which is a month")
    title = ""
    if not args.unchecked:
        found = _one_feed(_seek(config, address), address)
        address, title = found.url, found.title
    feed = Feed(
        args.name or title or urlsplit(address).hostname or address,
        address,
        args.publisher,
        args.interval or Feed("", "").interval_minutes,
        adaptive=not args.interval,
    )
    added = _keep(config, args.wait, [feed], named=bool(args.name))
    if isinstance(added[0], Skipped):
        raise PipelineError(added[0].why, about=added[0].what)
    if args.json:
        print_json({"added": {"name": added[0].name, "url": added[0].url}})
    else:
        print(f"added {added[0].name}: {added[0].url}; the next run reads it")
    return 0


def _keep(config: Config, wait: float, feeds: Iterable[Feed], *, named: bool = False, trial: bool = False) -> list[Feed | Skipped]:
    """Adds what is not there yet, under a name of its own; gives each feed as it was added, or why it was not."""
    with writing(config, wait) as store:
        there = _with_configured(store.feed_states(), config)
        addresses = {_same(s.feed.url): s.feed.name for s in there} | {_same(s.address): s.feed.name for s in there}
        names = {s.feed.name for s in there}
        made: list[Feed | Skipped] = []
        for feed in feeds:
            if known := addresses.get(_same(feed.url)):
                made.append(Skipped(feed.url, f"is read already, as {known}"))
            elif named and feed.name in names:
                made.append(Skipped(feed.name, "is the name of another feed: give another with --name"))
            else:
                feed = replace(feed, name=_own_name(feed, names))
                names.add(feed.name)
                addresses[_same(feed.url)] = feed.name
                made.append(feed)
        if not trial:
            store.add_feeds([f for f in made if isinstance(f, Feed)], utc_now())
    return made


def _same(address: str) -> str:
    """An address without what makes no difference: the scheme, `www.` and a slash at the end."""
    parts = urlsplit(address)
    host = (parts.netloc or "").lower().removeprefix("www.")
    return host + parts.path.rstrip("/") + (f"?{parts.query}" if parts.query else "")


def _own_name(feed: Feed, names: set[str]) -> str:
    wanted = feed.name or urlsplit(feed.url).hostname or feed.url
    if wanted not in names:
        return wanted
    for name in (f"{wanted} ({urlsplit(feed.url).hostname})", *(f"{wanted} ({n})" for n in range(2, 10_000))):
        if name not in names:
            return name
    return feed.url


def _remove(args: argparse.Namespace) -> int:
    config = configuration(args)
    with writing(config, args.wait) as store:
        state = _named(args.feed, _with_configured(store.feed_states(), config))
        if not state.added:
            raise PipelineError(f"stands in {config.path}: take it out there", about=state.feed.name)
        store.remove_feed(state.feed.name)
    if args.json:
        print_json({"removed": {"name": state.feed.name, "url": state.feed.url}})
    else:
        print(f"removed {state.feed.name}; what was learned from it stays")
    return 0


def _named(words: str, states: Sequence[FeedState]) -> FeedState:
    found = [s for s in states if words in {s.feed.name, s.feed.url, s.address}]
    found = found or [s for s in states if s.feed.name.casefold() == words.casefold() or _same(s.feed.url) == _same(words)]
    if len(found) != 1:
        near = [s.feed.name for s in states if words.casefold() in s.feed.name.casefold()][:5]
        raise PipelineError("no feed has this name or address" + (f"; near names: {', '.join(near)}" if near else ""), about=words)
    return found[0]


# Asking servers.


@dataclass(frozen=True, slots=True)
class _Found:
    """A feed that answered as one."""

    url: str
    title: str
    parsed: ParsedFeed
    page: Page


def _seek(config: Config, address: str) -> list[_Found]:
    """Gives the feed behind an address, or the feeds of the site that it belongs to; raises FetchError where it does not answer."""
    from pipeline.feeds import discovery
    from pipeline.fetch import Fetcher, PageRequest

    with Fetcher(config.fetch) as fetcher:
        [(_, outcome)] = fetcher.fetch([PageRequest(address)])
        if not isinstance(outcome, Page):
            raise outcome if isinstance(outcome, FetchError) else PipelineError("did not answer with a page", about=address)
        if found := _read(outcome):
            return [found]
        from pipeline.feeds.decoding import decode

        offered = discovery.offers(decode(outcome.body, outcome.header("content-type")), outcome.final_url)
        found_there = list(_try(fetcher, offered))
        return found_there or list(_try(fetcher, discovery.guesses(outcome.final_url)))


def _try(fetcher: Fetcher, offers: Sequence[Offer]) -> Iterator[_Found]:
    """Asks the places and gives those that are feeds, in their order."""
    from pipeline.fetch import PageRequest

    answers = {r.url: outcome for r, outcome in fetcher.fetch([PageRequest(o.url) for o in offers])}
    seen = set()
    for offer in offers:
        outcome = answers[offer.url]
        found = _read(outcome) if isinstance(outcome, Page) else None
        if found and found.page.final_url not in seen:
            seen.add(found.page.final_url)
            yield replace(found, title=found.title or offer.title)


def _parsed(page: Page, feed: Feed) -> ParsedFeed:
    from pipeline import feeds
    from pipeline.cell import shared

    return feeds.quick(page, feed) or shared().call(feeds.parse, page, feed, about=page.url)


def _read(page: Page) -> _Found | None:
    address = page.moved or page.url
    try:
        parsed = _parsed(page, Feed("", page.url))
    except ParseError:
        return None
    return _Found(address, parsed.title, parsed, page)


def _one_feed(found: Sequence[_Found], address: str) -> _Found:
    if not found:
        raise PipelineError("is no feed, and no feed of its site was found", about=address)
    if len(found) > 1 and all(f.url != address for f in found):
        listed = "; ".join(f"{f.url} ({f.title or 'no title'}, {len(f.parsed.entries)} entries)" for f in found[:10])
        raise PipelineError(f"has several feeds, add one of them: {listed}", about=address)
    return found[0]


def _discover(args: argparse.Namespace) -> int:
    from pipeline import screen
    from pipeline.config import wrong_address

    config = configuration(args)
    address = args.address if "://" in args.address else f"https://{args.address}"
    if problem := wrong_address(address):
        raise UsageError(f"{args.address!r} {problem}")
    found = _seek(config, address)
    if args.json:
        print_json({"feeds": [{"url": f.url, "title": f.title, "entries": len(f.parsed.entries)} for f in found]})
    else:
        rows = [(f.url, f.title, len(f.parsed.entries), _newest(f.parsed)) for f in found]
        screen.table(("address", "title", "entries", "newest"), rows, empty="no feed was found")
    return 0 if found else 1


def _newest(parsed: ParsedFeed) -> str:
    dates = [e.published for e in parsed.entries if e.published]
    return f"{max(dates):%Y-%m-%d %H:%M}" if dates else ""


def _check(args: argparse.Namespace) -> int:
    from pipeline import screen
    from pipeline.fetch import Fetcher, PageRequest

    config = configuration(args)
    with reading(config) as store:
        states = _with_configured(store.feed_states(), config)
    asked = [_named(words, states) for words in args.feeds] or states
    checked: list[dict[str, Any]] = []
    with Fetcher(config.fetch) as fetcher:
        answers = {r.url: outcome for r, outcome in fetcher.fetch([PageRequest(a) for a in dict.fromkeys(s.address for s in asked)])}
    for state in asked:
        outcome = answers[state.address]
        row: dict[str, Any] = {"name": state.feed.name, "url": state.address, "ok": False, "entries": 0, "newest": "", "said": ""}
        if isinstance(outcome, Page):
            try:
                parsed = _parsed(outcome, state.feed)
            except ParseError as error:
                row["said"] = str(error).removeprefix(f"{error.about}: ")
            else:
                notes = [parsed.partial] if parsed.partial else []
                notes += [f"moved for good to {outcome.moved}"] if outcome.moved else []
                notes += [] if outcome.header("etag") or outcome.header("last-modified") else ["sends no validators"]
                row |= {"ok": True, "entries": len(parsed.entries), "newest": _newest(parsed), "said": "; ".join(notes)}
        elif isinstance(outcome, FetchError):
            row["said"] = str(outcome).removeprefix(f"{outcome.about}: ")
        checked.append(row)
    if args.json:
        print_json({"feeds": checked})
    else:
        rows = [(r["name"], "well" if r["ok"] else "cannot be read", r["entries"], r["newest"], r["said"]) for r in checked]
        screen.table(("feed", "state", "entries", "newest", "what is to be said"), rows, empty="no feed is configured or added")
    return 0 if all(r["ok"] for r in checked) else 1


# Lists of other readers.


def _import(args: argparse.Namespace) -> int:
    from pipeline.feeds import opml

    config = configuration(args)
    try:
        body = sys.stdin.buffer.read() if args.file == "-" else Path(args.file).read_bytes()
    except OSError as error:
        raise UsageError(f"cannot be read ({error.strerror})", about=args.file) from error
    try:
        feeds, skipped = opml.read(body)
    except ParseError as error:
        raise ParseError(str(error), about=args.file) from error
    made = _keep(config, args.wait, feeds, trial=args.dry_run)
    added = [f for f in made if isinstance(f, Feed)]
    skipped += tuple(s for s in made if isinstance(s, Skipped))
    if args.json:
        document = {"added": [{"name": f.name, "url": f.url} for f in added], "skipped": [{"what": s.what, "why": s.why} for s in skipped]}
        print_json(document)
        return 0
    for s in skipped:
        print(f"{s.what}: {s.why}", file=sys.stderr)
    would = "would be added" if args.dry_run else "added"
    print(f"{len(added)} feeds {would}, {len(skipped)} left out")
    return 0


def _export(args: argparse.Namespace) -> int:
    from pipeline.feeds import opml

    config = configuration(args)
    with reading(config) as store:
        states = _with_configured(store.feed_states(), config)
    text = opml.write((replace(s.feed, url=s.address) for s in states), "Feeds of pipeline")
    if args.output == "-":
        print(text, end="")
        return 0
    try:
        Path(args.output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot be written ({error.strerror})", about=args.output) from error
    print(f"{len(states)} feeds written to {args.output}")
    return 0
