"""Alerts → what a person reads of them: a subject, a text, a page, the same as plain values, and feeds of all of them.

It words and renders what is told; it decides neither whether nor when. What came from outside is made safe for its medium by `render`;
a feed is the same bytes for the same alerts.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

from pipeline import digest, notices, render
from pipeline.links import MESSAGE, Desk, link
from pipeline.model import Act, Alert, AlertState, AlertTurn, Change, Notice, RaisedAlert, Severity
from pipeline.text import json_text

SUBJECT_LENGTH = 200
_ATOM = "http://www.w3.org/2005/Atom"
_NAMESPACE = uuid.UUID("6f2a3c1e-6a0d-5d0c-9b43-1d3f0b8f5a77")
"""Makes alerts' ids into URNs of their own (RFC 9562 section 5.5)."""


@dataclass(frozen=True, slots=True)
class ToldAlert:
    """An alert with the change that raised it, what is told of it, and by which change it was reopened.

    `least_sources` is how many sources were waited for.
    """

    alert: Alert
    change: Change
    act: Act
    reopened_by: Change | None
    least_sources: int
    raised: datetime


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent of one or several alerts, in every form."""

    subject: str
    thread_subject: str
    severity: Severity
    markdown: str
    html: str
    text: str
    document: Mapping[str, Any]


EVERY_FORM = frozenset({"markdown", "html", "text"})


def alert_letter(
    told: Sequence[ToldAlert],
    template: str,
    desk: Desk | None,
    channel: str,
    forms: Collection[str] = EVERY_FORM,
    thread: Sequence[ToldAlert] = (),
    message: str = "",
) -> Letter:
    """Words one or several alerts that go in one message; a form that is not asked for stays empty.

    `thread` are the alerts of the message that this one follows, where it follows one; `message` is the id by which several are
    acted on together.
    """
    first = told[0]
    changes = [c for t in told for c in (t.reopened_by, t.change) if c is not None]
    page = replace(
        digest.build(changes, first.change.detected_at, first.change.detected_at),
        is_alert=True,
        notes=_notes(told),
        link=_link(desk, told, channel, message) if desk else "",
    )
    # What was only learned is in the background of a digest; here it is what the message is about.
    page = replace(page, news=(*page.news, *page.background), background=())
    own = _known_by(told)
    if len(told) == 1 and first.act is Act.REOPENED and first.reopened_by is not None:
        title = render.plain(f"reopened: {_where(first.change)}{digest.describe(first.reopened_by)}", SUBJECT_LENGTH)
    else:
        acts = {t.act for t in told}
        turned = "reopened: " if Act.REOPENED in acts else "update: " if Act.UPDATED in acts else ""
        title = render.plain(f"{turned}{own}", SUBJECT_LENGTH)
    page = replace(page, title=title)
    return Letter(
        title,
        _known_by(thread) if thread else own,
        _weight(told),
        render.markdown(page) if "markdown" in forms else "",
        render.html(page, template) if "html" in forms else "",
        render.text(page) if "text" in forms else "",
        _document(told, page.link),
    )


def _link(desk: Desk, told: Sequence[ToldAlert], channel: str, message: str) -> str:
    if len(told) == 1:
        return link(desk, told[0].alert.id, channel, told[0].raised)
    return link(desk, message, channel, told[0].raised, MESSAGE) if message else ""


def _weight(told: Sequence[ToldAlert]) -> Severity:
    return max((t.alert.severity for t in told), key=[Severity.LOW, Severity.NORMAL, Severity.HIGH].index)


def _known_by(told: Sequence[ToldAlert]) -> str:
    """The line by which a message is known: that of its alert, or what several come to."""
    first = told[0]
    if len(told) == 1:
        return subject(first.alert, first.change)
    # By its first words alone: mail programs find a thread by its subject, which must not turn as more is heard.
    changes = [replace(t.change, evidence=t.change.evidence[:1]) for t in told]
    page = digest.build(changes, first.change.detected_at, first.change.detected_at)
    lines = [line for group in (*page.news, *page.background) for line in group.lines]
    said = f"{lines[0].who} {lines[0].what}" if len(lines) == 1 else f"{sum(len(line.changes) for line in lines)} changes"
    return render.plain(f"{_weight(told)}: {first.change.coalition.name}: {said}", SUBJECT_LENGTH)


def subject(alert: Alert, change: Change) -> str:
    """Gives the line by which an alert is known: how important it is, where and what."""
    return render.plain(f"{alert.severity}: {_where(change)}{digest.describe(change)}", SUBJECT_LENGTH)


def _where(change: Change) -> str:
    return f"{change.coalition.name}: " if change.member else ""


def _notes(told: Sequence[ToldAlert]) -> tuple[str, ...]:
    notes = []
    for t in told:
        which = f"{digest.describe(t.change)}: " if len(told) > 1 else ""
        if t.act is Act.UPDATED:
            notes.append(f"{which}{t.change.sources} independent sources tell of it now.")
        if t.reopened_by is not None:
            by = f"a person's judgement (number {t.reopened_by.judgement})" if t.reopened_by.judgement else "what was told since"
            by = "its publisher, who took its article down" if t.reopened_by.taken_down else by
            opened = "is open again" if t.act is Act.REOPENED else "was opened again"
            notes.append(f"{which}This alert of {digest.long_date(t.raised.date())} {opened} because of {by}.")
    alone = [t for t in told if t.act is Act.RAISED and t.change.sources < t.least_sources]
    if alone:
        wanted, had = max(t.least_sources for t in alone), min(t.change.sources for t in alone)
        more = "a second independent source, and none was" if wanted == 2 else f"{wanted} independent sources, and {had or 'none'} could be"
        notes.append(f"It was waited for {more} heard.")
    return tuple(notes)


def _document(told: Sequence[ToldAlert], address: str) -> dict[str, Any]:
    alerts = [
        {
            "id": t.alert.id,
            "act": t.act,
            "severity": t.alert.severity,
            "rule": t.alert.rule,
            "raised": t.raised.astimezone(UTC).isoformat(),
            "subject": subject(t.alert, t.change),
            "change": render.change_document(t.change),
            **({"reopened_by": render.change_document(t.reopened_by)} if t.reopened_by else {}),
        }
        for t in told
    ]
    return {"alerts": render.shortened(alerts), **({"link": address} if address else {})}


# Notices.


def notice_letter(told: Sequence[tuple[Notice, Act]], at: datetime, template: str, forms: Collection[str] = EVERY_FORM) -> Letter:
    """Words one or several notices that go in one message; each is told as it was raised, or how it ended."""
    said = [notices.sentence(n, act) for n, act in told]
    first = said[0] if len(said) == 1 else f"{len(said)} notices about feeds: {said[0]}"
    title = render.plain(f"notice: {first.removesuffix('.')}", SUBJECT_LENGTH)
    begun = notices.sentence(told[0][0])
    page = digest.Digest(at, at, (), (), title=title, notes=tuple(said), is_alert=True)
    document = [
        {
            **{"id": n.id, "act": act, "about": n.about, "kind": n.kind, "text": text, "since": n.since.astimezone(UTC).isoformat()},
            **({"ended": n.ended.astimezone(UTC).isoformat()} if n.ended and act is Act.ENDED else {}),
        }
        for (n, act), text in zip(told, said, strict=True)
    ]
    return Letter(
        title,
        render.plain(f"notice: {begun.removesuffix('.')}", SUBJECT_LENGTH),
        Severity.NORMAL,
        render.markdown(page) if "markdown" in forms else "",
        render.html(page, template) if "html" in forms else "",
        render.text(page) if "text" in forms else "",
        {"notices": render.shortened(document)},
    )


# The desk.


def desk_page(alerts: Sequence[RaisedAlert], turns: Sequence[AlertTurn], template: str, *, said: str = "", acting: bool = True) -> str:
    """Gives the page on which a person can act on alerts: their words, what has happened to them, and the form."""
    first = alerts[0]
    told = [ToldAlert(Alert(a.change.id, a.rule, a.severity), a.change, Act.RAISED, None, 1, a.raised) for a in alerts]
    states = Counter(a.state for a in alerts)
    if len(alerts) == 1:
        note = f"This alert was raised on {digest.long_date(first.raised.date())} and is {first.state}."
    else:
        note = f"These alerts went together: {', '.join(f'{n} {state}' for state, n in states.items())}."
    page = digest.build([a.change for a in alerts], first.change.detected_at, first.change.detected_at)
    page = replace(page, news=(*page.news, *page.background), background=(), is_alert=True, title=_known_by(told), notes=(note,))
    log = Counter(turn_line(t) for t in sorted(turns, key=lambda t: t.at))
    lines = [f"{line} ({n} alerts)" if n > 1 else line for line, n in log.items()]
    return render.html(page, template, said=said, acting=acting, log=lines)


def plain_page(heading: str, said: str, template: str) -> str:
    """Gives a page that only says something."""
    moment = datetime(1970, 1, 1, tzinfo=UTC)
    page = digest.Digest(moment, moment, (), (), title=heading, notes=(said,), is_alert=True)
    return render.html(page, template, said="", acting=False, log=[])


def turn_line(t: AlertTurn) -> str:
    """Says in a line what happened to an alert, when and by whom; `note` is other people's words.

    >>> turn_line(AlertTurn("a", Act.ACKNOWLEDGED, datetime(2025, 5, 14, 8, tzinfo=UTC), "ada", "board told"))
    '14 May 2025 08:00 UTC: acknowledged by ada: board told'
    """
    by = f" by {render.plain(t.by)}" if t.by else ""
    until = f" until {render.moment(t.until)}" if t.until else ""
    more = f", {t.sources} independent sources" if t.act is Act.UPDATED else ""
    why = f": {render.plain(t.note, 1000)}" if t.note else ""
    return f"{render.moment(t.at)}: {t.act}{more}{until}{by}{why}"


# Feeds.


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """An alert as a feed lists it."""

    change: Change
    id: str
    severity: Severity
    state: AlertState
    raised: datetime
    turned: datetime


def feed(kind: str, entries: Sequence[FeedEntry], title: str, address: str = "", *, earlier: int = 0, waiting: int = 0) -> str:
    """Gives the feed of alerts, newest first: "atom" (RFC 4287) or "jsonfeed" (version 1.1). `address` is where it can be had.

    `earlier` is how many alerts no longer stand in it, and `waiting` how many it has no room for yet: it says so.
    """
    return (_atom if kind == "atom" else _jsonfeed)(entries, title, address, _beyond(earlier, waiting))


def _beyond(earlier: int, waiting: int) -> str:
    said = [f"{render.counted(earlier, 'earlier alert')} no longer stand{'s' * (earlier == 1)} here: `pipeline alerts` lists them all."]
    said += [f"{render.counted(waiting, 'more alert')} wait{'s' * (waiting == 1)} until there is room."]
    return " ".join(sentence for sentence, n in zip(said, (earlier, waiting), strict=True) if n)


def urn(id: str) -> str:
    """Gives the id under which feeds list an alert."""
    return f"urn:uuid:{uuid.uuid5(_NAMESPACE, id)}"


def _told(entry: FeedEntry) -> tuple[str, digest.Digest]:
    alert = Alert(entry.change.id, "", entry.severity)
    page = digest.build([entry.change], entry.change.detected_at, entry.change.detected_at)
    state = (f"This alert is {entry.state}.",) if entry.state is not AlertState.OPEN else ()
    page = replace(page, news=(*page.news, *page.background), background=(), is_alert=True, notes=state)
    return subject(alert, entry.change), page


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _page_of(entry: FeedEntry) -> str:
    return next((a for e in entry.change.evidence if (a := render.web_address(e.article))), "")


def _atom(entries: Sequence[FeedEntry], title: str, address: str, beyond: str) -> str:
    ElementTree.register_namespace("", _ATOM)
    root = ElementTree.Element(f"{{{_ATOM}}}feed")

    def add(parent: ElementTree.Element, name: str, text: str = "", **attributes: str) -> ElementTree.Element:
        element = ElementTree.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
        element.text = _xml(text) or None
        return element

    add(root, "id", urn(f"feed {address or title}"))
    add(root, "title", render.plain(title))
    if beyond:
        add(root, "subtitle", beyond)
    add(root, "updated", _stamp(max((e.turned for e in entries), default=datetime(1970, 1, 1, tzinfo=UTC))))
    if address:
        add(root, "link", rel="self", href=address)
    add(add(root, "author"), "name", "pipeline")
    for entry in entries:
        one = add(root, "entry")
        heading, page = _told(entry)
        add(one, "id", urn(entry.id))
        add(one, "title", heading)
        add(one, "published", _stamp(entry.raised))
        add(one, "updated", _stamp(entry.turned))
        # RFC 4287 asks for an alternate link where there is content only in the feed: the first article that says so.
        if there := _page_of(entry):
            add(one, "link", rel="alternate", href=there)
        for term in (entry.change.kind, entry.severity):
            add(one, "category", term=term)
        add(one, "content", render.fragment(page), type="html")
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _xml(text: str) -> str:
    """Text without what XML 1.0 cannot hold; `plain` has taken out nearly all of it already."""
    return "".join(c for c in text if c in "\n\t" or (c >= " " and c not in "\ufffe\uffff" and not "\ud800" <= c <= "\udfff"))


def _jsonfeed(entries: Sequence[FeedEntry], title: str, address: str, beyond: str) -> str:
    items = []
    for entry in entries:
        heading, page = _told(entry)
        there = _page_of(entry)
        items.append(
            {
                "id": urn(entry.id),
                **({"url": there} if there else {}),
                "title": heading,
                "content_html": render.fragment(page),
                "content_text": render.text(page),
                "date_published": _stamp(entry.raised),
                "date_modified": _stamp(entry.turned),
                "tags": [entry.change.kind, entry.severity],
                "_pipeline": {"alert": entry.id, "state": entry.state, "change": render.shortened(render.change_document(entry.change))},
            }
        )
    head = {"version": "https://jsonfeed.org/version/1.1", "title": render.plain(title), **({"description": beyond} if beyond else {})}
    return json_text({**head, **({"feed_url": quote(address, safe=":/?&=%~")} if address else {}), "items": items}) + "\n"
