"""Digest → Markdown, HTML, text or JSON. Here everything that came from outside is made safe for the medium it goes into.

Names, quotations and addresses are other people's words: in HTML they cannot become markup, in Markdown they cannot become
structure, on a terminal they cannot move the cursor or turn the reading direction, and only web addresses become links.
It writes no file and reads none: the HTML template is handed in.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from html import escape
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import jinja2
from markupsafe import Markup

from pipeline.digest import Digest, Group, Line, Quotation, long_date
from pipeline.model import Change, Evidence, FailingFeed, FeedHealth, Severity
from pipeline.strip import in_words, svg
from pipeline.text import json_text, shown

WIDTH = 80
LONGEST_NAME, LONGEST_QUOTATION, LONGEST_ADDRESS = 300, 1000, 2000
"""Characters shown of a piece of outside text: a name of a megabyte must not become the digest."""
PIECES_SHOWN = 60
NAMES_SHOWN = 20
_NO_CUT = PIECES_SHOWN * (LONGEST_QUOTATION + 10)

Document = dict[str, Any]

_MARKDOWN = re.compile(r"([\\`*_\[\]<>|~#${}]|&(?=#?\w+;))")
_MARKDOWN_START = re.compile(r"^(\s*)([-+=:]|\d+(?=[.)]))")
_BARE_LINK = re.compile(r"(?i)(?<=[a-z])(:)(?=//)|(?<=\bwww)(\.)|(@)")


def plain(text: str, longest: int = LONGEST_NAME) -> str:
    """Gives text on one line without anything that a terminal or a reader's eye would obey instead of show.

    Control characters, escape sequences' ESC, bidirectional controls, invisible and private characters go; white space becomes
    single spaces; what is longer than `longest` characters is cut with an ellipsis. The two joiners stay inside words, where
    Persian and Hindi need them.

    >>> plain("Nor\\x1b[31mvik\\u202e\\r\\nFreight"), plain("abcdef", 4)
    ('Nor[31mvik Freight', 'abc…')
    """
    text = text[: longest * 4 + 100]  # enough for the cut below; a megabyte need not be walked through character by character
    clean = text if text.isprintable() else "".join(map(shown, text))
    line = " ".join(clean.split())
    return line if len(line) <= longest else line[: max(0, longest - 1)].rstrip() + "…"


def web_address(url: str) -> str:
    """Gives an address that is safe to put behind a link in any medium, or an empty string where it is no web address.

    >>> web_address("https://a.example/x y?q=<b>"), web_address("javascript:alert(1)"), web_address("https:///x")
    ('https://a.example/x%20y?q=%3Cb%3E', '', '')
    """
    url = url.strip(" ")
    if len(url) > LONGEST_ADDRESS or any(shown(c) != c for c in url):
        return ""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:  # "http://[::1" has no end to its host
        return ""
    if parts.scheme not in ("http", "https") or not host or any(c in "<>\"'`()\\ " for c in parts.netloc):
        return ""
    path, query, fragment = (quote(part, safe="/:@!$&*+,;=?%~") for part in (parts.path, parts.query, parts.fragment))
    return urlunsplit((parts.scheme, parts.netloc, path, query, fragment))


def escape_markdown(text: str, longest: int = LONGEST_NAME) -> str:
    """Gives text that Markdown (CommonMark, and GitHub's tables and bare links) shows as it is, wherever it stands.

    >>> print(escape_markdown("# [x](http://y) *z* | `w`"))
    \\# \\[x\\](http\\://y) \\*z\\* \\| \\`w\\`
    """
    escaped = _MARKDOWN.sub(r"\\\1", plain(text, longest))
    escaped = _BARE_LINK.sub(lambda m: "\\" + m[0], escaped)
    return _MARKDOWN_START.sub(lambda m: m[1] + (m[2] + "\\" if m[2].isdigit() else "\\" + m[2]), escaped)


def shortened(value: Any, longest: int = LONGEST_ADDRESS) -> Any:
    """Gives plain values with their texts cut to `longest` characters: a name of a megabyte must not become a message.

    >>> shortened({"name": ["abcdef", 7]}, 4)
    {'name': ['abc…', 7]}
    """
    if isinstance(value, str):
        return value if len(value) <= longest else value[: longest - 1] + "…"
    if isinstance(value, dict):
        return {key: shortened(one, longest) for key, one in value.items()}
    return [shortened(one, longest) for one in value] if isinstance(value, list | tuple) else value


# What every medium says in the same words.


def heading(digest: Digest) -> str:
    """Gives the title line of a digest."""
    return f"{name(digest)}: {period(digest)}" if period(digest) else name(digest)


def name(digest: Digest) -> str:
    """Gives what a digest is called, without its period."""
    return plain(digest.title) or ("" if digest.is_alert else "Who joined, who left")


def period(digest: Digest) -> str:
    """Says of which time a digest tells; an alert is of no period."""
    since, until = moment(digest.since), moment(digest.until)
    return "" if digest.is_alert else since if since == until else f"{since} to {until}"


def opening(digest: Digest) -> tuple[str, ...]:
    """Gives the sentences before the first line: how much there is, or what is to be said of an alert."""
    return tuple(map(plain, digest.notes)) if digest.is_alert else (tally(digest), *map(plain, digest.notes))


BACKGROUND_NOTE = "Older events told for the first time, and memberships that were learned of."
DISPUTED_NOTE = "Contradicted, and not settled by anybody since."
EXPECTED_NOTE = "Announced for a day that is over. Nothing says that it happened, and nothing says that it did not."


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a digest; the first one, the news, has no title. `more` says what of it is not shown."""

    title: str
    note: str
    groups: tuple[Group, ...]
    more: str = ""


def sections(digest: Digest) -> tuple[Section, ...]:
    """Gives the parts of a digest that hold anything, the important first."""
    found = (
        Section("", "", digest.news),
        Section("Expected, and not heard of since", EXPECTED_NOTE, digest.expected),
        Section("Still disputed", DISPUTED_NOTE, digest.disputed, f"… and {digest.more_disputed} more." if digest.more_disputed else ""),
        Section("Background", BACKGROUND_NOTE, digest.background),
    )
    return tuple(section for section in found if section.groups)


def tally(digest: Digest) -> str:
    """Says in one sentence how much there is."""
    lines = [line for group in digest.news for line in group.lines]
    told = sum(len(line.changes) for line in lines)
    if not digest.changes:
        return "Nothing changed in this period."
    if not told:
        return f"Nothing new happened in this period; {counted(digest.changes, 'thing')} learned of the past or of what already is."
    more = f", and {digest.changes - told} more for the background" if digest.changes > told else ""
    return f"{counted(told, 'change')} in {counted(len(digest.news), 'coalition')}{more}."


def listening(feeds: FeedHealth | None) -> str:
    """Says whether somebody listened: silence means something only where the feeds could be read."""
    if feeds is None:
        return ""
    failing, unasked = len(feeds.failing), len(feeds.unasked)
    total = feeds.read + failing + unasked
    if not feeds.read and not failing:
        return "No feed has been read yet."
    last = f", last on {moment(feeds.last_success)}" if feeds.last_success else ""
    if total == 1:
        return "The only feed is failing:" if failing else f"The only feed was read{last}."
    but = [f"{failing} failing"] * bool(failing) + [f"{unasked} not asked yet"] * bool(unasked)
    if not but:
        return f"All {total} feeds were read{last}."
    return f"{feeds.read} of {total} feeds were read{last}; {', '.join(but)}{':' if failing else '.'}"


def failure(feed: FailingFeed) -> str:
    """Says why a feed could not be read, and when it last was."""
    return f"{plain(feed.why)}; {f'last read on {moment(feed.last_read)}' if feed.last_read else 'never read'}"


def awaiting(feeds: FeedHealth | None) -> str:
    """Names the feeds that nobody has asked yet; very many are counted."""
    if feeds is None or not feeds.unasked:
        return ""
    names = [plain(name) for name in feeds.unasked[:NAMES_SHOWN]]
    left = len(feeds.unasked) - len(names)
    return f"Not asked yet: {', '.join(names)}{f' and {left} more' if left else ''}."


def stillness(feeds: FeedHealth | None) -> str:
    """Says how many feeds have brought nothing for long; their silence may be theirs, or a feed that has moved."""
    if feeds is None or not feeds.stale:
        return ""
    return "1 feed has brought nothing for long:" if len(feeds.stale) == 1 else f"{len(feeds.stale)} feeds have brought nothing for long:"


def strangeness(feeds: FeedHealth | None) -> str:
    """Says how many feeds a person should look at."""
    if feeds is None or not feeds.strange:
        return ""
    return "1 feed is not what it was:" if len(feeds.strange) == 1 else f"{len(feeds.strange)} feeds are not what they were:"


def basis(line: Line) -> str:
    """Says how much a line rests on."""
    return f"{line.when} · confidence {line.confidence:.0%} · {counted(line.sources, 'independent source')}"


def counted(n: int, word: str) -> str:
    """Gives a number with its noun.

    >>> counted(1, "feed"), counted(0, "feed")
    ('1 feed', '0 feeds')
    """
    return f"{n} {word}{'' if n == 1 else 's'}"


def moment(at: datetime) -> str:
    """Gives a moment as people write it; at midnight the day alone."""
    return long_date(at.date()) + (at.strftime(" %H:%M UTC") if at.hour or at.minute else "")


def _source(quotation: Quotation) -> str:
    said = f", {long_date(quotation.published)}" if quotation.published else ""
    edited = f", edited since ({long_date(quotation.edited)})" if quotation.edited else ""
    return f"{quotation.publisher or urlsplit(web_address(quotation.url)).hostname or 'unknown publisher'}{said}{edited}"


def pieces(quotation: Quotation) -> str:
    """Gives the words of a quotation, each piece in its own quotation marks; very many pieces are counted."""
    shown = [f"“{plain(words, LONGEST_QUOTATION)}”" for words in quotation.words[:PIECES_SHOWN]]
    left = len(quotation.words) - len(shown)
    return " ".join(shown) + (f" and {left} more" if left else "")


def _more(line: Line) -> str:
    return f"and {counted(line.more, 'more article')}" if line.more else ""


# The four media.


def markdown(digest: Digest) -> str:
    """Gives the digest as Markdown that also reads well unrendered."""
    out = [f"# {escape_markdown(heading(digest))}"]
    for sentence in opening(digest):
        out += ["", escape_markdown(sentence, LONGEST_QUOTATION)]
    for section in sections(digest):
        if section.title:
            out += ["", f"## {section.title}", "", section.note]
        for group in section.groups:
            out += ["", f"{'###' if section.title else '##'} {escape_markdown(group.coalition)}", ""]
            out += [in_words(group.strip), ""] if group.strip else []
            for line in group.lines:
                out += _markdown_line(line)
        out += ["", section.more] * bool(section.more)
    if digest.link:
        out += ["", f"[{ACT_ON_IT}](<{web_address(digest.link)}>)"]
    if digest.feeds:
        out += ["", "---", "", listening(digest.feeds)]
        out += [""] * bool(digest.feeds.failing)
        out += [f"- {escape_markdown(f.what)}: {escape_markdown(failure(f), LONGEST_QUOTATION)}" for f in digest.feeds.failing]
        out += ["", escape_markdown(awaiting(digest.feeds), _NO_CUT)] * bool(digest.feeds.unasked)
        out += ["", stillness(digest.feeds), ""] * bool(digest.feeds.stale)
        out += [f"- {escape_markdown(f.what)}: {escape_markdown(f.why)}" for f in digest.feeds.stale]
        out += ["", strangeness(digest.feeds), ""] * bool(digest.feeds.strange)
        out += [f"- {escape_markdown(f.what)}: {escape_markdown(f.why)}" for f in digest.feeds.strange]
    return _spaced(out)


ACT_ON_IT = "Acknowledge, mute or note"


def _markdown_line(line: Line) -> list[str]:
    mark = "Important: " if line.severity is Severity.HIGH else ""
    out = [f"- {mark}**{escape_markdown(line.who, LONGEST_QUOTATION)}** {escape_markdown(line.what)}  ", f"  {basis(line)}"]
    for quotation in line.quotes:
        source, url = escape_markdown(_source(quotation)), web_address(quotation.url)
        link = f"[{source}](<{url}>)" if url else f"{source} (no web address)"
        out += ["", f"  > {escape_markdown(pieces(quotation), _NO_CUT)} — {link}"]
    out += ["", f"  {_more(line)}"] * bool(line.more)
    return [*out, ""]


def text(digest: Digest, width: int = WIDTH) -> str:
    """Gives the digest as text of at most `width` columns, addresses excepted, for a terminal or a mail's plain part."""
    title = heading(digest)
    out = [*textwrap.wrap(title, width), "=" * min(width, len(title)), ""]
    for sentence in opening(digest):
        out += [*textwrap.wrap(sentence, width), ""]
    for section in sections(digest):
        if section.title:
            out += ["", section.title.upper(), *textwrap.wrap(section.note, width)]
        for group in section.groups:
            name = plain(group.coalition)
            out += ["", *textwrap.wrap(name, width), "-" * min(width, len(name))]
            out += [in_words(group.strip), ""] if group.strip else []
            for line in group.lines:
                out += _text_line(line, width)
        out += ["", section.more] * bool(section.more)
    if digest.link:
        out += ["", f"{ACT_ON_IT}:", web_address(digest.link)]
    if digest.feeds:
        out += ["", *textwrap.wrap(listening(digest.feeds), width)]
        for failing in digest.feeds.failing:
            out += hang(f"  - {plain(failing.what)}: {failure(failing)}", width, "    ")
        out += ["", *textwrap.wrap(awaiting(digest.feeds), width)] * bool(digest.feeds.unasked)
        out += ["", stillness(digest.feeds)] * bool(digest.feeds.stale)
        for f in digest.feeds.stale:
            out += hang(f"  - {plain(f.what)}: {plain(f.why)}", width, "    ")
        out += ["", strangeness(digest.feeds)] * bool(digest.feeds.strange)
        for f in digest.feeds.strange:
            out += hang(f"  - {plain(f.what)}: {plain(f.why)}", width, "    ")
    return _spaced(out)


def _spaced(lines: list[str]) -> str:
    """Joins lines with at most one empty line between two."""
    return "\n".join(line for line, before in zip(lines, ["", *lines], strict=False) if line or before).strip("\n") + "\n"


def _text_line(line: Line, width: int) -> list[str]:
    mark = "! " if line.severity is Severity.HIGH else "* "
    out = hang(f"{mark}{plain(line.who, LONGEST_QUOTATION)} {plain(line.what)}", width, "  ")
    out += hang(f"  {basis(line)}", width, "  ")
    for quotation in line.quotes:
        out += hang(f"    {pieces(quotation)}", width, "     ")
        out += hang(f"      {plain(_source(quotation))}", width, "      ")
        out.append(f"      {web_address(quotation.url) or 'no web address'}")
    out += [f"    {_more(line)}"] * bool(line.more)
    return [*out, ""]


def hang(paragraph: str, width: int, indent: str) -> list[str]:
    """Gives the lines of a paragraph that brings its own first indent; a word longer than a line is broken."""
    first = paragraph[: len(paragraph) - len(paragraph.lstrip())]
    return textwrap.wrap(paragraph.lstrip(), width, initial_indent=first, subsequent_indent=indent)


def html(digest: Digest, template: str, **more: Any) -> str:
    """Gives the digest as one self-contained page, from the text of a Jinja template (`templates/digest.html`).

    What a template needs besides is given by name, and escaped by it.
    """
    page = _page(template)
    return page.render(
        digest=digest,
        heading=heading(digest),
        name=name(digest),
        period=period(digest),
        opening=opening(digest),
        sections=sections(digest),
        listening=listening(digest.feeds),
        failure=failure,
        awaiting=awaiting(digest.feeds),
        stillness=stillness(digest.feeds),
        strangeness=strangeness(digest.feeds),
        act_on_it=ACT_ON_IT,
        basis=basis,
        pieces=pieces,
        source=_source,
        more=_more,
        picture=lambda strip: Markup(svg(strip)),  # our own numbers and words, and nobody else's
        in_words=in_words,
        **more,
    )


def fragment(digest: Digest) -> str:
    """Gives the lines of a digest as a piece of HTML without any style, for feed readers, which bring their own."""
    out = [f"<p>{escape(sentence)}</p>" for sentence in opening(digest)]
    for section in sections(digest):
        for line in (line for group in section.groups for line in group.lines):
            mark = "Important: " if line.severity is Severity.HIGH else ""
            out.append(f"<p>{mark}<strong>{escape(plain(line.who, LONGEST_QUOTATION))}</strong> {escape(plain(line.what))}</p>")
            out.append(f"<p>{escape(basis(line))}</p>")
            for quotation in line.quotes:
                url, source = web_address(quotation.url), escape(plain(_source(quotation)))
                link = f'<a href="{escape(url)}">{source}</a>' if url else f"{source} (no web address)"
                out.append(f"<blockquote><p>{escape(pieces(quotation))}</p><p>{link}</p></blockquote>")
            out += [f"<p>{escape(_more(line))}</p>"] * bool(line.more)
    return "\n".join(out)


@lru_cache(maxsize=4)
def _page(template: str) -> jinja2.Template:
    return _ENVIRONMENT.from_string(template)


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(plain=plain, web_address=web_address)
    environment.globals.update(longest_quotation=LONGEST_QUOTATION)
    return environment


_ENVIRONMENT = _environment()


def as_json(digest: Digest) -> str:
    """Gives the digest as a JSON document: the very words, unshortened."""
    return json_text(digest_document(digest)) + "\n"


def digest_document(digest: Digest) -> Document:
    """Gives the digest as plain values."""
    return {
        "since": digest.since.isoformat(),
        "until": digest.until.isoformat(),
        "changes": digest.changes,
        "news": [_group_document(g) for g in digest.news],
        "expected": [_group_document(g) for g in digest.expected],
        "disputed": [_group_document(g) for g in digest.disputed],
        "more_disputed": digest.more_disputed,
        "background": [_group_document(g) for g in digest.background],
        "feeds": _feeds_document(digest.feeds),
    }


def _group_document(group: Group) -> Document:
    months = [{"month": f"{m.first:%Y-%m}", "came": m.came, "went": m.went} for m in group.strip.months] if group.strip else None
    return {"coalition": group.coalition, "months": months, "lines": [_line_document(line) for line in group.lines]}


def _line_document(line: Line) -> Document:
    return {
        "who": line.who,
        "what": line.what,
        "kind": line.kind,
        "members": list(line.members),
        "role": line.role,
        "status": line.status,
        "effective": str(line.effective) if line.effective else None,
        "when": line.when,
        "severity": line.severity,
        "confidence": round(line.confidence, 4),
        "sources": line.sources,
        "quotes": [
            {
                "words": list(q.words),
                "url": q.url,
                "publisher": q.publisher,
                "published": q.published.isoformat() if q.published else None,
                **({"edited": q.edited.isoformat()} if q.edited else {}),
            }
            for q in line.quotes
        ],
        "more": line.more,
        "changes": list(line.changes),
    }


def _feeds_document(feeds: FeedHealth | None) -> Document | None:
    if feeds is None:
        return None
    return {
        "read": feeds.read,
        "failing": [
            {"feed": f.what, "reason": f.why, "last_success": f.last_read.isoformat() if f.last_read else None} for f in feeds.failing
        ],
        "unasked": list(feeds.unasked),
        "stale": [{"feed": f.what, "reason": f.why} for f in feeds.stale],
        "strange": [{"feed": f.what, "reason": f.why} for f in feeds.strange],
        "last_success": feeds.last_success.isoformat() if feeds.last_success else None,
    }


def change_document(change: Change) -> Document:
    """Gives one change as the command-line contract has it."""
    return {
        "id": change.id,
        "kind": change.kind,
        "coalition": change.coalition.name,
        "member": change.member.name if change.member else None,
        "role": change.role,
        "status": change.status,
        "effective": str(change.effective) if change.effective else None,
        "detected_at": change.detected_at.isoformat(),
        "confidence": round(change.confidence, 4),
        "sources": change.sources,
        "historic": change.historic,
        "judgement": change.judgement or None,
        "taken_down": change.taken_down,
        "evidence": [evidence_document(e) for e in change.evidence],
    }


def evidence_document(e: Evidence) -> Document:
    """Gives the words that something rests on, as plain values for JSON; `edited` only where they stand there no longer."""
    published = e.published.isoformat() if e.published else None
    edited = {"edited": e.stood_until.isoformat()} if e.stood_until else {}
    return {"url": e.article, "publisher": e.publisher, "published": published, "quote": e.quote, **edited}
