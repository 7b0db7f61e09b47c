"""Digest → Markdown, HTML, text or JSON. Here everything that came from outside is made safe for the medium it goes into.

Names, quotations and addresses are other people's words: in HTML they cannot become markup, in Markdown they cannot become
structure, on a terminal they cannot move the cursor or turn the reading direction, and only web addresses become links.
It writes no file and reads none: the HTML template is handed in.
"""

from __future__ import annotations

import json
import re
import textwrap
import unicodedata
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import jinja2

from pipeline.digest import Digest, Group, Line, Quotation, long_date
from pipeline.model import Change, FeedHealth, Severity

WIDTH = 80
LONGEST_NAME, LONGEST_QUOTATION, LONGEST_ADDRESS = 300, 1000, 2000
"""Characters shown of a piece of outside text: a name of a megabyte must not become the digest."""
PIECES_SHOWN = 60
_NO_CUT = PIECES_SHOWN * (LONGEST_QUOTATION + 10)

Document = dict[str, Any]

_MARKDOWN = re.compile(r"([\\`*_\[\]<>|~#${}]|&(?=#?\w+;))")
_MARKDOWN_START = re.compile(r"^(\s*)([-+=:]|\d+(?=[.)]))")
_BARE_LINK = re.compile(r"(?i)(?<=[a-z])(:)(?=//)|(?<=\bwww)(\.)|(@)")
_NOT_ASCII = re.compile(r"[^\n -~]")
_JOINERS = "\u200c\u200d"


def plain(text: str, longest: int = LONGEST_NAME) -> str:
    """Gives text on one line without anything that a terminal or a reader's eye would obey instead of show.

    Control characters, escape sequences' ESC, bidirectional controls, invisible and private characters go; white space becomes
    single spaces; what is longer than `longest` characters is cut with an ellipsis. The two joiners stay inside words, where
    Persian and Hindi need them.

    >>> plain("Nor\\x1b[31mvik\\u202e\\r\\nFreight"), plain("abcdef", 4)
    ('Nor[31mvik Freight', 'abc…')
    """
    text = text[: longest * 4 + 100]  # enough for the cut below; a megabyte need not be walked through character by character
    shown = "".join(_shown(c) for c in text)
    line = " ".join(shown.split())
    return line if len(line) <= longest else line[: max(0, longest - 1)].rstrip() + "…"


def _shown(c: str) -> str:
    if c.isspace():
        return " "
    if c.isprintable() or c in _JOINERS:
        return c
    return "\ufffd" if unicodedata.category(c) == "Cs" else ""


def web_address(url: str) -> str:
    """Gives an address that is safe to put behind a link in any medium, or an empty string where it is no web address.

    >>> web_address("https://a.example/x y?q=<b>"), web_address("javascript:alert(1)"), web_address("https:///x")
    ('https://a.example/x%20y?q=%3Cb%3E', '', '')
    """
    url = url.strip(" ")
    if len(url) > LONGEST_ADDRESS or any(_shown(c) != c for c in url):
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


def json_text(document: Any, *, indent: int | None = 2) -> str:
    """Gives a JSON document that is the same value when read and harmless when shown: what `plain` drops is escaped.

    >>> print(json_text({"name": "Crédit\\u202e\\x9b"}, indent=None))
    {"name": "Crédit\\u202e\\u009b"}
    """
    written = json.dumps(document, ensure_ascii=False, indent=indent)
    return _NOT_ASCII.sub(lambda m: m[0] if m[0].isprintable() or m[0] in _JOINERS else _json_escape(m[0]), written)


def _json_escape(c: str) -> str:
    return json.dumps(c)[1:-1] if ord(c) > 127 else f"\\u{ord(c):04x}"


# What every medium says in the same words.


def heading(digest: Digest) -> str:
    """Gives the title line of a digest."""
    since, until = _moment(digest.since), _moment(digest.until)
    return f"Who joined, who left: {since if since == until else f'{since} to {until}'}"


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
    total = feeds.read + len(feeds.failing)
    if not total:
        return "No feed has been read yet."
    last = f", last on {_moment(feeds.last_success)}" if feeds.last_success else ""
    if not feeds.failing:
        return f"All {total} feeds were read{last}." if total > 1 else f"The only feed was read{last}."
    if total == 1:
        return f"The only feed is failing{last.replace(', last', '; it was last read')}:"
    return f"{feeds.read} of {total} feeds were read{last}; {len(feeds.failing)} failing:"


def basis(line: Line) -> str:
    """Says how much a line rests on."""
    return f"{line.when} · confidence {line.confidence:.0%} · {counted(line.sources, 'independent source')}"


def counted(n: int, word: str) -> str:
    """Gives a number with its noun.

    >>> counted(1, "feed"), counted(0, "feed")
    ('1 feed', '0 feeds')
    """
    return f"{n} {word}{'' if n == 1 else 's'}"


def _moment(at: datetime) -> str:
    return long_date(at.date()) + (at.strftime(" %H:%M UTC") if at.hour or at.minute else "")


def _source(quotation: Quotation) -> str:
    said = f", {long_date(quotation.published)}" if quotation.published else ""
    return f"{quotation.publisher or urlsplit(web_address(quotation.url)).hostname or 'unknown publisher'}{said}"


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
    out = [f"# {heading(digest)}", "", tally(digest)]
    for title, groups in (("", digest.news), ("Background", digest.background)):
        if groups and title:
            out += ["", f"## {title}", "", BACKGROUND_NOTE]
        for group in groups:
            out += ["", f"{'###' if title else '##'} {escape_markdown(group.coalition)}", ""]
            for line in group.lines:
                out += _markdown_line(line)
    if digest.feeds:
        out += ["", "---", "", listening(digest.feeds)]
        out += [""] * bool(digest.feeds.failing)
        out += [f"- {escape_markdown(f.what)}: {escape_markdown(f.why)}" for f in digest.feeds.failing]
    return _spaced(out)


def _markdown_line(line: Line) -> list[str]:
    mark = "Important: " if line.severity is Severity.HIGH else ""
    out = [f"- {mark}**{escape_markdown(line.who, LONGEST_QUOTATION)}** {escape_markdown(line.what)}  ", f"  {basis(line)}"]
    for quotation in line.quotes:
        source, url = escape_markdown(_source(quotation)), web_address(quotation.url)
        link = f"[{source}](<{url}>)" if url else f"{source} (no web address)"
        out += ["", f"  > {escape_markdown(pieces(quotation), _NO_CUT)} — {link}"]
    out += ["", f"  {_more(line)}"] * bool(line.more)
    return [*out, ""]


BACKGROUND_NOTE = "Older events told for the first time, and memberships that were learned of."


def text(digest: Digest, width: int = WIDTH) -> str:
    """Gives the digest as text of at most `width` columns, addresses excepted, for a terminal or a mail's plain part."""
    title = heading(digest)
    out = [*textwrap.wrap(title, width), "=" * min(width, len(title)), "", *textwrap.wrap(tally(digest), width)]
    for section, groups in (("", digest.news), ("Background", digest.background)):
        if groups and section:
            out += ["", section.upper(), *textwrap.wrap(BACKGROUND_NOTE, width)]
        for group in groups:
            name = plain(group.coalition)
            out += ["", *textwrap.wrap(name, width), "-" * min(width, len(name))]
            for line in group.lines:
                out += _text_line(line, width)
    if digest.feeds:
        out += ["", *textwrap.wrap(listening(digest.feeds), width)]
        for f in digest.feeds.failing:
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


def html(digest: Digest, template: str) -> str:
    """Gives the digest as one self-contained page, from the text of a Jinja template (`templates/digest.html`)."""
    page = _ENVIRONMENT.from_string(template)
    return page.render(
        digest=digest,
        heading=heading(digest),
        tally=tally(digest),
        listening=listening(digest.feeds),
        background_note=BACKGROUND_NOTE,
        basis=basis,
        pieces=pieces,
        source=_source,
        more=_more,
    )


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
        "background": [_group_document(g) for g in digest.background],
        "feeds": _feeds_document(digest.feeds),
    }


def _group_document(group: Group) -> Document:
    return {"coalition": group.coalition, "lines": [_line_document(line) for line in group.lines]}


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
            {"words": list(q.words), "url": q.url, "publisher": q.publisher, "published": q.published.isoformat() if q.published else None}
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
        "failing": [{"feed": f.what, "reason": f.why} for f in feeds.failing],
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
        "evidence": [
            {
                "url": e.article,
                "publisher": e.publisher,
                "published": e.published.isoformat() if e.published else None,
                "quote": e.quote,
            }
            for e in change.evidence
        ],
    }
