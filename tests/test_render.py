"""A digest in each medium, and that nothing in it can be anything but words there."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree
from lxml import html as lxml_html
from markdown_it import MarkdownIt

from pipeline import render, templates
from pipeline.digest import Digest, build
from pipeline.model import ChangeKind, FailingFeed, FeedHealth, PartialDate, Role
from tests.made import MORNING, change, words

K = ChangeKind
EARLIER, UNTIL = MORNING - timedelta(days=12), MORNING + timedelta(days=7)
TEMPLATE = templates.read("digest.html")

NASTY = {
    "script": "<script>alert(1)</script>",
    "closing tags": "</blockquote></li></main></body></html><h1>mine</h1>",
    "attribute": '" onmouseover="alert(1)" x=\'',
    "entities": "&lt;b&gt; &amp; &#60;i&#62; &copy",
    "template": "{{ 7 * 7 }} {% raw %} {# no #} ${7*7}",
    "markdown link": "[click](https://evil.example) ![pic](https://evil.example/p.png) [ref]: https://evil.example",
    "autolink": "<https://evil.example> https://evil.example/x www.evil.example mail@evil.example",
    "emphasis": "**bold** __bold__ *it* _it_ ~~gone~~ `code` ``co`de``",
    "heading": "# Heading",
    "list": "- item",
    "plus list": "+ item",
    "numbered": "1. item",
    "numbered too": "2) item",
    "quote": "> quoted",
    "rule": "---",
    "setext": "===",
    "fence": "```python",
    "table": "a | b | c",
    "html comment": "<!-- hidden",
    "cdata": "<![CDATA[ x ]]>",
    "backslashes": "\\ \\\\ \\[x\\](y)",
    "newlines": "one\n\n# two\r\n- three\u2028four\u2029five\x85six\x0bseven",
    "escape sequences": "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b31m \x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\",
    "control": "a\x00b\x08\x08c\x7fd\rE",
    "bidi": "Norvik \u202egnp.exe\u202c \u2066x\u2069 \u200f\u061c",
    "invisible": "Nor\u200bvik\ufeff\u00ad\u2060 \U000e0041\U000e0042",
    "surrogate": "half \ud83d pair",
    "private": "\ue000\U0010ffff",
    "emoji and joiners": "👩‍🚀 می‌خواهم",
    "long": "x" * 1_000_000,
    "long words": "Norvik " * 100_000,
    "empty": "",
    "spaces": "   ",
}
FORBIDDEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u200b\u200e\u200f\u061c\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)

ADDRESSES = {
    "https://wire.example/a?b=1&c=2#d": "https://wire.example/a?b=1&c=2#d",
    "http://wire.example": "http://wire.example",
    "https://wire.example/a b": "https://wire.example/a%20b",
    "https://wire.example/(a)": "https://wire.example/%28a%29",
    "https://wire.example/<script>": "https://wire.example/%3Cscript%3E",
    'https://wire.example/"onload="x': "https://wire.example/%22onload=%22x",
    "https://wire.example/é": "https://wire.example/%C3%A9",
    "https://wire.example/%E2%80%AE": "https://wire.example/%E2%80%AE",
    "https://wire.example/`[x]{y}|z\\": "https://wire.example/%60%5Bx%5D%7By%7D%7Cz%5C",
    "javascript:alert(1)": "",
    "JavaScript:alert(1)": "",
    " javascript:alert(1)": "",
    "java\nscript:alert(1)": "",
    "data:text/html,<script>": "",
    "vbscript:x": "",
    "file:///etc/passwd": "",
    "ftp://wire.example/": "",
    "//wire.example/x": "",
    "/relative": "",
    "https:relative": "",
    "https://": "",
    "http://[::1": "",
    "https://wire.example/\x1b[31m": "",
    "https://wire.example/\u202e": "",
    "https://wire.example/\n[x](javascript:y)": "",
    "https://wire.exam>ple/": "",
    "https://a.example/" + "x" * 5000: "",
    "": "",
}


def one(text: str, url: str = "https://wire.example/a") -> Digest:
    """A digest in which every piece that comes from outside is `text`."""
    told = change(
        K.CLAIM_CORRECTED,
        text,
        words(text, url=url, publisher=text),
        coalition=text,
        before=text,
        after=text,
        effective=PartialDate(2025, 5),
    )
    return build([told], MORNING, UNTIL, FeedHealth(1, (FailingFeed(text, text),), MORNING, unasked=(text, text)))


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_text_holds_nothing_that_a_terminal_obeys(text: str) -> None:
    shown = render.text(one(text))
    assert not FORBIDDEN.search(shown)
    assert all(len(line) <= render.WIDTH for line in shown.splitlines())
    assert len(shown) < 20_000


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_html_has_no_element_of_theirs(text: str) -> None:
    shown = render.html(one(text), TEMPLATE)
    plain_words = render.html(one("Norvik"), TEMPLATE)
    assert not FORBIDDEN.search(shown)
    tree, expected = (lxml_html.fromstring(page) for page in (shown, plain_words))
    assert [(e.tag, sorted(e.attrib)) for e in tree.iter()] == [(e.tag, sorted(e.attrib)) for e in expected.iter()]
    assert [e.get("href") for e in tree.iter("a")] == ["https://wire.example/a"]
    assert len(shown) < 40_000


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_markdown_has_no_structure_of_theirs(text: str) -> None:
    reader = MarkdownIt("gfm-like", {"html": True, "linkify": False})
    shown = render.markdown(one(text))
    assert not FORBIDDEN.search(shown)
    expected = [(t.type, t.tag) for t in reader.parse(render.markdown(one("Norvik")))]
    tokens = reader.parse(shown)
    if text.strip():
        assert [(t.type, t.tag) for t in tokens] == expected
    inner = [c for t in tokens for c in t.children or ()]
    assert [c.attrs["href"] for c in inner if c.type == "link_open"] == ["https://wire.example/a"]
    assert not any(c.type in ("image", "html_inline", "code_inline", "em_open", "s_open") for c in inner)


@pytest.mark.parametrize("text", [t for t in NASTY.values() if t.strip() and len(t) < 1000])
def test_markdown_shows_the_very_words(text: str) -> None:
    tokens = MarkdownIt("commonmark").parse(render.markdown(one(text)))
    said = "".join(c.content for t in tokens for c in t.children or ())
    assert render.plain(text) in said


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_json_keeps_the_very_words_and_shows_no_control(text: str) -> None:
    shown = render.as_json(one(text))
    assert not FORBIDDEN.search(shown)
    quotation = json.loads(shown)["news"][0]["lines"][0]["quotes"][0]
    assert quotation["words"] == [text]


def test_bare_addresses_of_theirs_become_no_links_on_pages_that_look_for_them() -> None:
    shown = render.markdown(one(NASTY["autolink"]))
    assert not re.search(r"(?<!<)https?://|www\.|\w@", shown)


@pytest.mark.parametrize(("url", "link"), ADDRESSES.items())
def test_only_web_addresses_become_links(url: str, link: str) -> None:
    assert render.web_address(url) == link
    digest = one("Norvik", url)
    page = lxml_html.fromstring(render.html(digest, TEMPLATE))
    assert [e.get("href") for e in page.iter("a")] == [link] * bool(link)
    inner = [c for t in MarkdownIt("commonmark").parse(render.markdown(digest)) for c in t.children or ()]
    assert len([c for c in inner if c.type == "link_open"]) == bool(link)
    assert ("no web address" in render.text(digest)) == (not link)


def test_the_page_stands_alone_and_runs_nothing() -> None:
    page = lxml_html.fromstring(render.html(one("Norvik"), TEMPLATE))
    assert not list(page.iter("script", "img", "iframe", "link", "object", "embed", "form"))
    assert not re.search(r"url\(|@import", etree.tostring(page, encoding="unicode"))
    assert page.get("lang") == "en" and page.find(".//meta[@name='viewport']") is not None
    style = page.findtext(".//style") or ""
    assert "prefers-color-scheme: dark" in style


def test_every_line_has_its_words_link_date_confidence_and_sources() -> None:
    told = change(K.MEMBER_JOINED, "Norvik", words("Norvik joined on Friday."), effective=PartialDate(2025, 5, 9), role=Role.FOUNDER)
    digest = build([told], MORNING, UNTIL)
    for shown in (render.text(digest), render.markdown(digest), render.html(digest, TEMPLATE)):
        for wanted in (
            "Norvik joined on Friday.",
            "https://wire.example/a",
            "9 May 2025",
            "confidence 90%",
            "1 independent source",
            "Example Wire",
        ):
            assert wanted in shown
    for shown in (render.text(digest), lxml_html.fromstring(render.html(digest, TEMPLATE)).text_content()):
        assert "Norvik joined as a founder" in shown
    assert "**Norvik** joined as a founder" in render.markdown(digest)


def test_the_plain_text_reads_like_this() -> None:
    digest = build(
        [
            change(K.MEMBER_LEFT, "Kestrel", words("Kestrel left on Monday.", publisher="Quay News"), effective=PartialDate(2025, 5, 12)),
            change(K.MEMBER_OBSERVED, "Altera", words("Altera, a member since 2019,", url="https://wire.example/b")),
        ],
        MORNING,
        UNTIL,
        FeedHealth(3, (FailingFeed("Dead wire", "404 Not Found", EARLIER),), MORNING, unasked=("New wire", "Newer wire")),
    )
    assert (
        render.text(digest)
        == """\
Who joined, who left: 14 May 2025 08:00 UTC to 21 May 2025 08:00 UTC
====================================================================

1 change in 1 coalition, and 1 more for the background.

Harbour Compact
---------------
! Kestrel left
  12 May 2025 · confidence 90% · 1 independent source
    “Kestrel left on Monday.”
      Quay News, 14 May 2025
      https://wire.example/a

BACKGROUND
Older events told for the first time, and memberships that were learned of.

Harbour Compact
---------------
* Altera is a member
  reported 14 May 2025 · confidence 90% · 1 independent source
    “Altera, a member since 2019,”
      Example Wire, 14 May 2025
      https://wire.example/b

3 of 6 feeds were read, last on 14 May 2025 08:00 UTC; 1 failing, 2 not asked
yet:
  - Dead wire: 404 Not Found; last read on 2 May 2025 08:00 UTC

Not asked yet: New wire, Newer wire.
"""
    )


@pytest.mark.parametrize(
    ("feeds", "said"),
    [
        (None, ""),
        (FeedHealth(0), "No feed has been read yet."),
        (FeedHealth(1, (), MORNING), "The only feed was read, last on 14 May 2025 08:00 UTC."),
        (FeedHealth(20, (), datetime(2025, 5, 14, tzinfo=UTC)), "All 20 feeds were read, last on 14 May 2025."),
        (FeedHealth(0, (FailingFeed("a", "gone"),)), "The only feed is failing:"),
        (FeedHealth(0, (FailingFeed("a", "gone", MORNING),), MORNING), "gone; last read on 14 May 2025 08:00 UTC"),
        (FeedHealth(0, (FailingFeed("a", "gone"),)), "gone; never read"),
        (FeedHealth(1, (FailingFeed("a", "gone"),), MORNING), "1 of 2 feeds were read, last on 14 May 2025 08:00 UTC; 1 failing:"),
        (
            FeedHealth(1, (FailingFeed("a", "gone"),), MORNING, unasked=("b", "c")),
            "1 of 4 feeds were read, last on 14 May 2025 08:00 UTC; 1 failing, 2 not asked yet:",
        ),
        (FeedHealth(1, (), MORNING, unasked=("b",)), "1 of 2 feeds were read, last on 14 May 2025 08:00 UTC; 1 not asked yet."),
        (FeedHealth(0, unasked=("b",)), "No feed has been read yet."),
        (FeedHealth(0, unasked=("b",)), "Not asked yet: b."),
        (FeedHealth(9, unasked=tuple(f"n{n}" for n in range(99))), "n18, n19 and 79 more."),
    ],
)
def test_silence_is_proved(feeds: FeedHealth | None, said: str) -> None:
    digest = build([], MORNING, UNTIL, feeds)
    for shown in (render.text(digest), render.markdown(digest), render.html(digest, TEMPLATE)):
        assert "Nothing changed in this period." in shown
        assert said in " ".join(shown.replace("\\", "").split())
    assert json.loads(render.as_json(digest))["changes"] == 0


def test_the_words_of_a_long_roster_are_shown_up_to_a_bound() -> None:
    told = [change(K.MEMBER_JOINED, f"Member {i:02}", words(f"M{i:02}")) for i in range(render.PIECES_SHOWN + 5)]
    shown = render.text(build(told, MORNING, UNTIL))
    assert shown.count("“") == render.PIECES_SHOWN and "and 5 more" in " ".join(shown.split())


def test_a_single_moment_is_said_once() -> None:
    assert render.heading(build([], MORNING, MORNING)) == "Who joined, who left: 14 May 2025 08:00 UTC"


def test_a_thousand_changes_are_rendered_in_every_medium() -> None:
    told = [
        change(K.MEMBER_JOINED, f"Member {i}", words("Joined.", url=f"https://{i}.example/"), coalition=f"Body {i % 40}")
        for i in range(1000)
    ]
    digest = build(told, MORNING, UNTIL)
    assert render.text(digest).count("joined\n") == 1000
    assert render.markdown(digest).count("** joined") == 1000
    assert render.html(digest, TEMPLATE).count("</strong> joined") == 1000
