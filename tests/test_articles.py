"""Articles: each page of tests/pages must come out exactly as the text beside it, and no bytes may do worse than a ParseError."""

from __future__ import annotations

import json
import textwrap
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.articles import examine, examine_html, from_entry, from_text, gates, joined, looks_like_html, parse, parse_html
from pipeline.articles.addresses import follows
from pipeline.articles.authors import names_in
from pipeline.articles.body import is_boilerplate, is_byline
from pipeline.articles.charset import decode, repaired
from pipeline.articles.metadata import without_site
from pipeline.articles.times import publication
from pipeline.errors import ParseError
from pipeline.model import Article, Entry, Page
from tests.bench_articles import f1

PAGES = Path(__file__).parent / "pages"
READ = datetime(2034, 1, 1, tzinfo=UTC)


def page(body: bytes, url: str = "https://news.example/2024/a", content_type: str = "text/html", fetched: datetime = READ) -> Page:
    return Page(url, url, 200, (("content-type", content_type),), body, fetched)


# page: (address, title, published, author, site, canonical address, language)
ABOUT = {
    "agency": (
        "https://rivercom.example/en/news/812",
        "Eight States sign Declaration on River Ice",
        "2029-07-30T09:00:00+00:00",
        "",
        "River Commission",
        "https://rivercom.example/en/news/812",
        "en",
    ),
    "amp": (
        "https://www.lanterntech.example/2032/06/tessara-quits-frontier-bench/amp?utm_medium=feed",
        "Tessara quits Frontier Bench over test leaks",
        "2032-06-21T21:00:00+00:00",
        "Priya Holm",
        "Lantern Tech",
        "https://www.lanterntech.example/2032/06/tessara-quits-frontier-bench",
        "en",
    ),
    "blog": (
        "https://tinkerhaus.example/blog/plain-protocol/?fbclid=1#more",
        "Why we joined the Plain Protocol Group",
        "2029-02-11T10:42:17+00:00",
        "Renske Aalto",
        "Tinkerhaus",
        "https://tinkerhaus.example/blog/plain-protocol/",
        "en",
    ),
    "br-text": (
        "http://herald.example/art.php?id=9",
        "Kestria Herald : Ferry alliance sinks",
        "2031-03-05T00:00:00+00:00",
        "",
        "herald.example",
        "http://herald.example/art.php?id=9",
        "en",
    ),
    "broken": (
        "http://grainpost.example/split.htm",
        "Millers' guild splits in two",
        "2026-03-09T00:00:00+00:00",
        "",
        "grainpost.example",
        "http://grainpost.example/split.htm",
        "en",
    ),
    "cards": ("https://ppg.example/who", "Who we are", None, "", "Plain Protocol Group", "https://ppg.example/who", "en"),
    "cluttered": (
        "https://quayside.example/2028/11/harbour-league?utm_source=rss&utm_medium=feed",
        "Harbour league admits two ports, shelves a third",
        "2028-11-20T07:15:00+00:00",
        "Imre Castell",
        "Quayside Daily",
        "https://quayside.example/2028/11/harbour-league",
        "en",
    ),
    "cut-in-two": (
        "https://leaf.example/insurers",
        "Insurers return to climate club",
        "2029-06-18T14:00:00+00:00",
        "",
        "Ledger & Leaf",
        "https://leaf.example/insurers",
        "en",
    ),
    "feature": (
        "https://longtable.example/club",
        "The club that could not say no",
        "2030-01-12T08:00:00+00:00",
        "Wen Laskaris",
        "Long Table",
        "https://longtable.example/club",
        "en",
    ),
    "german": (
        "https://flussbote.example/1",
        "Stadtwerke Ister verlassen die Wärmeallianz",
        "2030-12-05T06:30:00+00:00",
        "Jörg Ähnlich",
        "Flussbote",
        "https://flussbote.example/1",
        "de",
    ),
    "island": (
        "https://ister.example/roofs",
        "Two more councils abandon Green Roof Charter",
        "2032-10-11T15:00:41+00:00",
        "Bo Lindt",
        "the Ister Guardian",
        "https://ister.example/roofs",
        "en",
    ),
    "letter": (
        "https://oddtreaties.example/p/club",
        "The club of clubs",
        "2030-05-02T06:01:11+00:00",
        "Noor Halim",
        "Odd Treaties",
        "https://oddtreaties.example/p/club",
        "en",
    ),
    "live": (
        "https://velledger.example/live/1",
        "Lune summit live: Saint Aurel applies to join the Inland Waters Convention",
        "2027-05-03T06:00:00+00:00",
        "",
        "The Vel Ledger",
        "https://velledger.example/live/1",
        "en",
    ),
    "logos": ("https://chc.example/members", "Our members", None, "", "Clean Hull Coalition", "https://chc.example/members", "en"),
    "minimal": ("", "", None, "", "", "", "en"),
    "ministry": (
        "https://trade.tessaly.example/pr.aspx?id=114",
        "Tessaly ratifies the Corridor Treaty",
        "2028-06-09T00:00:00+00:00",
        "",
        "trade.tessaly.example",
        "https://trade.tessaly.example/pr.aspx?id=114",
        "en",
    ),
    "old-layout": (
        "http://www.cco.example/n6.html",
        "Six new members",
        "2003-03-03T00:00:00+00:00",
        "",
        "CCO News",
        "http://www.cco.example/n6.html",
        "en",
    ),
    "open-letter": (
        "https://nighttrain.example/letter",
        "An open letter on night trains",
        None,
        "",
        "Night Train Pact",
        "https://nighttrain.example/letter",
        "en",
    ),
    "press-roster": (
        "https://www.pressgrid.example/releases/open-actuator-alliance-884120?tc=eml",
        "Forty Organisations Launch the Open Actuator Alliance",
        "2030-09-17T13:00:00+00:00",
        "Open Actuator Alliance",
        "PressGrid",
        "https://www.pressgrid.example/releases/open-actuator-alliance-884120",
        "en",
    ),
    "script-only": (
        "https://citypaper.example/a",
        "Pact of mayors grows",
        "2033-02-01T09:00:00+00:00",
        "",
        "CityPaper",
        "https://citypaper.example/a",
        "en",
    ),
    "short": (
        "https://volt.example/b",
        "In brief: Elmont joins Grid Pact",
        "2031-08-30T12:00:00+00:00",
        "",
        "Volt Weekly",
        "https://volt.example/b",
        "en",
    ),
    "sidebar": (
        "https://circuit.example/c",
        "Standards body elects a new chair",
        "2029-10-02T04:00:00+00:00",
        "",
        "Circuit Review",
        "https://circuit.example/c",
        "en",
    ),
    "table-roster": (
        "https://en.openpedia.example/wiki/Inland_Waters_Convention",
        "Inland Waters Convention",
        None,
        "",
        "Openpedia",
        "https://en.openpedia.example/wiki/Inland_Waters_Convention",
        "en",
    ),
    "telex": ("https://telex.example/9", "Brellis and Tessaly end pact", None, "", "telex.example", "https://telex.example/9", "en"),
    "tiers": ("https://ctg.example/membership", "Membership", None, "", "Copper-to-Glass Forum", "https://ctg.example/membership", "en"),
    "wire-story": (
        "https://www.northernwire.example/world/brellis-pact-2031-04-07/?taid=5&utm_campaign=x",
        "Brellis becomes ninth state to quit Meridian Fisheries Pact",
        "2031-04-07T16:05:00+00:00",
        "Odile Varga, Sam Orrin",
        "Northern Wire",
        "https://www.northernwire.example/world/brellis-pact-2031-04-07/",
        "en",
    ),
}


def test_every_page_is_in_the_table() -> None:
    assert sorted(ABOUT) == sorted(p.stem for p in PAGES.glob("*.html"))


@pytest.mark.parametrize("name", sorted(ABOUT))
def test_pages_come_out_exactly(name: str) -> None:
    article = parse(page((PAGES / f"{name}.html").read_bytes(), ABOUT[name][0], "text/html"))
    assert article.text == (PAGES / f"{name}.txt").read_text("utf-8").strip()
    assert article.origin == "page"


@pytest.mark.parametrize("name", sorted(ABOUT))
def test_pages_say_what_they_are(name: str) -> None:
    address, *expected = ABOUT[name]
    article = parse_html((PAGES / f"{name}.html").read_bytes(), address)
    published = article.published.isoformat() if article.published else None
    assert [article.title, published, article.author, article.site, article.url, article.language] == expected


STORY = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title} | Mill &amp; Weir</title>
<meta property="og:title" content="{title}"><meta property="og:site_name" content="Mill &amp; Weir">
<meta property="article:published_time" content="2024-05-14T09:30:00Z"><link rel="canonical" href="http://127.0.0.1:8123/s1.html">
<script type="application/ld+json">{{"@type":"NewsArticle","headline":"{title}","datePublished":"2024-05-14T09:30:00Z"}}</script></head>
<body><header><nav><ul><li><a href="/">Home</a></li><li><a href="/world">World</a></li></ul></nav></header>
<div class="cookie">We value your privacy. Our 600 partners join us in storing cookies. <button>Accept all</button></div>
<main><article><h1>{title}</h1>
<p class="byline">By Desk Writer &middot; <time datetime="2024-05-14T09:30:00Z">2024-05-14T09:30:00Z</time></p>
{body}</article><aside><h2>Most read</h2><ul><li><a href="/x1">Brisk Systems leaves the Plain Protocol Group</a></li>
<li><a href="/x2">Nine new members for the Tide Pact</a></li></ul></aside></main>
<footer><p>&copy; Mill &amp; Weir. Join our newsletter. Members of the press may quote this page.</p></footer></body></html>"""


@pytest.mark.parametrize(
    "blocks",
    [
        ["Elmont joined the Grid Pact on Monday."],
        ["Grid Pact", "• Elmont Energy\n• Hollin AG\n• Ister Systems"],
        [
            "The Grid Pact took in two firms.",
            "They are:",
            "• Elmont Energy\n• Hollin AG",
            "Nobody left.",
            "A third, Farrow & Co., “may follow”.",
        ],
        ["By Monday night four states had signed.", "Updated rules came into force.", "Copyright holders joined the Fair Use Pact in May."],
        ["Short.", "Members", "• A", "More: the pact has a sequel."][:3],
        ["14 states signed.", "Published figures put the cost at 3 million.", "Related firms stayed away.", "Share prices fell."],
    ],
)
def test_story_pages_keep_their_paragraphs_and_bullets(blocks: list[str]) -> None:
    def tag(block: str) -> str:
        block = block.replace("&", "&amp;")
        if block.startswith("• "):
            return "<ul>" + "".join(f"<li>{line[2:]}</li>" for line in block.split("\n")) + "</ul>"
        return f"<p>{block}</p>"

    html = STORY.format(title="Grid Pact grows, again", body="\n".join(map(tag, blocks)))
    article = parse_html(html.encode(), "http://127.0.0.1:8123/s1.html", "text/html; charset=utf-8")
    assert article.text == "\n\n".join(blocks)
    assert (article.title, article.site, article.url) == ("Grid Pact grows, again", "Mill & Weir", "http://127.0.0.1:8123/s1.html")
    assert article.published == datetime(2024, 5, 14, 9, 30, tzinfo=UTC)


def test_title_is_not_repeated_as_first_paragraph() -> None:
    html = "<title>Nine join the Pact</title><div><h2>Nine join the Pact</h2><p>Nine join the Pact</p><p>They joined, it said.</p></div>"
    assert parse_html(html).text == "They joined, it said."


@pytest.mark.parametrize(
    ("body", "content_type", "has"),
    [
        ("Zürich joined.".encode(), "text/html; charset=utf-8", "Zürich"),
        ("Zürich joined.".encode(), "text/html; charset=ISO-8859-1", "Zürich"),  # servers say so of everything
        ("Zürich joined.".encode("cp1252"), "text/html; charset=ISO-8859-1", "Zürich"),
        ("“Zürich” joined".encode("cp1252"), "", "“Zürich”"),
        (b'<meta charset="windows-1250">' + "Łódź joined".encode("cp1250"), "text/html", "Łódź"),
        (b'<meta http-equiv="Content-Type" content="text/html; charset=shift_jis">' + "東京が加盟".encode("cp932"), "", "東京が加盟"),
        ("\ufeffŁódź joined".encode(), "text/html; charset=iso-8859-1", "Łódź"),
        ("\ufeffŁódź joined".encode("utf-16-le"), "", "Łódź"),
        (b'<meta charset="utf-16">' + "Łódź joined".encode(), "", "Łódź"),
        ("Łódź joined".encode()[:-1] + "ł".encode()[:1], "text/html; charset=utf-8", "Łódź"),  # cut off within a character
        (("Vilnius ir Kaunas " * 40).encode() + b"\xff" + "Łódź".encode() * 60, "", "Łódź"),  # one bad byte
        ("Zürich".encode(), "text/html; charset=idna", "Zürich"),
        ("Zürich".encode(), "text/html; charset=no-such-thing", "Zürich"),
        ("Москва присоединилась к пакту, сообщили в понедельник представители семи стран. ".encode("cp1251") * 8, "", "Москва"),
    ],
)
def test_charsets(body: bytes, content_type: str, has: str) -> None:
    assert has in decode(body, content_type)


@pytest.mark.parametrize(
    ("body", "content_type", "says"),
    [
        (b"", "text/html", "is empty"),
        (b"  \n ", "text/html", "is empty"),
        (b"%PDF-1.7 1 0 obj", "text/html", "is a PDF"),
        (b"whatever", "application/pdf", "is a PDF"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "", "is an image"),
        (b"PK\x03\x04\x14\x00", "application/octet-stream", "is a ZIP archive"),
        (b"\x00\x01\x02\x03" * 400, "text/html", "is binary"),
        (b'{"a": 1}', "application/json; charset=utf-8", "is JSON"),
        (b"<?xml version='1.0'?><rss version='2.0'><channel></channel></rss>", "text/xml", "is a feed"),
        (
            b"<html><head><title>App</title></head><body><div id=root></div><script>go()</script></body></html>",
            "text/html",
            "no readable text",
        ),
        (b"<html><body><nav><a href=/>Home</a></nav><footer>Contact</footer></body></html>", "", "no readable text"),
        (b"<!-- only a comment -->", "text/html", "no readable text"),
        (b"<h1>Checking your browser</h1><p>Please verify you are human to go on to the site.</p>", "text/html", "check for robots"),
    ],
)
def test_what_is_no_article_is_refused_in_one_line(body: bytes, content_type: str, says: str) -> None:
    with pytest.raises(ParseError, match=says) as caught:
        parse(page(body, content_type=content_type))
    assert "\n" not in str(caught.value) and str(caught.value).startswith("https://news.example/2024/a: ")


@pytest.mark.parametrize(
    ("candidates", "expected"),
    [
        (["2024-05-14"], "2024-05-14T00:00:00+00:00"),
        (["2024-05-14T09:30:00Z"], "2024-05-14T09:30:00+00:00"),
        (["2024-05-14T23:30:00-07:00"], "2024-05-15T06:30:00+00:00"),
        (["2024-05-14T09:30:00.123+0530"], "2024-05-14T04:00:00+00:00"),
        (["2024-05-14 09:30:00 UTC"], "2024-05-14T09:30:00+00:00"),
        (["2024-05-14T23:30"], "2024-05-14T23:30:00+00:00"),  # no zone: the day that was written stays
        (["2024-05-14T23:30", "2024-05-14T23:30:00-07:00"], "2024-05-15T06:30:00+00:00"),  # the same moment, with its zone
        (["2024-05-14T23:30", "2024-05-20T10:00:00Z"], "2024-05-14T23:30:00+00:00"),
        (["2024-05-14", "2024-05-14T08:00:00+02:00"], "2024-05-14T06:00:00+00:00"),
        (["Tue, 14 May 2024 09:30:00 +0200"], "2024-05-14T07:30:00+00:00"),
        (["Tuesday, May 14th, 2024"], "2024-05-14T00:00:00+00:00"),
        (["14 Sept. 2024"], "2024-09-14T00:00:00+00:00"),
        (["1715679000"], "2024-05-14T09:30:00+00:00"),
        (["1715679000000"], "2024-05-14T09:30:00+00:00"),
        (["20240514"], "2024-05-14T00:00:00+00:00"),
        (["05/06/2024"], None),  # May or June
        (["yesterday", "", "2024-13-45", "1970-01-01T00:00:00Z", "0001-01-01"], None),
        (["2099-01-01", "2024-05-14"], "2024-05-14T00:00:00+00:00"),  # later than the page was read
        (["2024-05-14T09:30:00+99:00"], None),
    ],
)
def test_times(candidates: list[str], expected: str | None) -> None:
    found = publication(candidates, READ)
    assert (found.isoformat() if found else None) == expected


def test_a_time_after_the_page_was_read_is_not_believed() -> None:
    body = b"<meta property='article:published_time' content='2031-01-01T00:00:00Z'><p>Elmont joined the Grid Pact on Monday.</p>"
    assert parse(page(body, "https://a.example/x", fetched=datetime(2024, 1, 1, tzinfo=UTC))).published is None
    assert parse(page(body, "https://a.example/x", fetched=datetime(2031, 1, 1, tzinfo=UTC))).published == datetime(2031, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("head", "url", "expected"),
    [
        ('<link rel="canonical" href="/b#x">', "https://a.example/z", "https://a.example/b"),
        (
            '<link rel="canonical" href="https://www.a.example/b?id=1&utm_source=q">',
            "https://m.a.example/z",
            "https://www.a.example/b?id=1",
        ),
        ('<link rel="canonical" href="https://evil.test/b">', "https://a.example/z?gclid=1", "https://a.example/z"),  # not its to say
        (
            '<link rel="canonical" href="https://a.example/">',
            "https://a.example/z",
            "https://a.example/z",
        ),  # every page names the front page
        ('<link rel="canonical" href="javascript:alert(1)">', "https://a.example/z", "https://a.example/z"),
        ('<link rel="canonical" href="https://[broken/">', "https://a.example/z", "https://a.example/z"),
        ('<meta property="og:url" content="https://a.example/og">', "https://a.example/z", "https://a.example/og"),
        ('<link rel="canonical" href="https://news.co.uk/b">', "https://other.co.uk/z", "https://other.co.uk/z"),
        ('<link rel="canonical" href="https://a.example/b">', "https://a-example.cdn.ampproject.org/c/z", "https://a.example/b"),
        ('<link rel="canonical" href="https://a.example/b">', "", "https://a.example/b"),
    ],
)
def test_canonical_addresses(head: str, url: str, expected: str) -> None:
    assert parse_html(f"<html><head>{head}</head><body><p>Elmont joined the Grid Pact on Monday.</p></body></html>", url).url == expected


@pytest.mark.parametrize(
    ("title", "site", "url", "expected"),
    [
        ("Nine join | The Post", "The Post", "", "Nine join"),
        ("Nine join - Harbour Post", "", "https://www.harbourpost.example/a", "Nine join"),
        ("Harbour Post: Nine join", "Harbour Post", "", "Nine join"),
        ("Nine join – six leave", "Harbour Post", "", "Nine join – six leave"),
        ("Post-war pact", "Post", "", "Post-war pact"),
        ("Harbour Post", "Harbour Post", "", "Harbour Post"),
    ],
)
def test_titles_lose_the_site(title: str, site: str, url: str, expected: str) -> None:
    assert without_site(title, site, url) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("By Ana Reuss", True),
        ("By Ana Reuss and Per van Quint | 5 May 2024", True),
        ("Published: 5 May 2024, 10:15 GMT", True),
        ("5 min read", True),
        ("Abel Thorne | Tuesday, 06 May 2025", True),
        ("The editors · 25 September 2025", True),
        ("Brakmoor Freight | founder | 2019", False),
        ("Corran Lines joined the pact on Monday | 6 May 2025", False),
        ("Mon, May 5, 2024 at 10:15 AM EST", True),
        ("By Monday night four states had signed.", False),
        ("Updated rules come into force", False),
        ("5 May 2024 was the day on which it began, he said.", False),
    ],
)
def test_bylines(line: str, expected: bool) -> None:
    assert is_byline(line) is expected


@pytest.mark.parametrize(
    "line", ["Copyright holders joined the pact.", "Share prices fell.", "More than nine joined.", "Advertisement fell by a third."]
)
def test_sentences_are_no_boilerplate(line: str) -> None:
    assert not is_boilerplate(line)


def test_rosters_of_networks_are_members_and_share_bars_are_not() -> None:
    html = (
        "<article><h1>Four found a forum</h1><p>The Forum Against Harm was founded on Monday by these four companies:</p>"
        "<ul><li>Facebook</li><li>Twitter</li><li>YouTube</li><li>Reddit</li></ul><p>It will sit in Lune and meet twice a year.</p>"
        '<ul><li><a href="/s1">Facebook</a></li><li><a href="/s2">Twitter</a></li><li><a href="/s3">Email</a></li></ul></article>'
    )
    text = parse_html(html).text
    assert "• Facebook\n• Twitter\n• YouTube\n• Reddit" in text and "Email" not in text


SENTENCE = "The Grid Pact was launched on Monday by Elmont Energy and Hollin AG, which will share their lines."


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (  # a page that goes on with the next story
            f"<article><h1>One joins</h1><p>{SENTENCE}</p></article>"
            "<article><h1>Of dogs</h1><p>Dogs run in the park of Lune, it said.</p></article>",
            [SENTENCE],
        ),
        (  # the masthead is an h1, and most of the words are comments
            f"<header><h1><a href='/'>Volt</a></h1></header><div><h2 class='entry-title'>T</h2><p>{SENTENCE}</p>"
            f"<p>No more.</p></div><div id='comments'><p>{SENTENCE * 9}</p></div>",
            [SENTENCE, "No more."],
        ),
        (  # members that are a link each, under one paragraph; then news that are too
            f"<main><h1>T</h1><p>{SENTENCE}</p><h2>Signatories</h2><div><a href='/1'>Acme</a></div><div><a href='/2'>Brisk</a></div>"
            "<div><a href='/3'>Calder</a></div><h2>Latest news</h2><ul><li><a href='/n'>Charter signed by three</a></li></ul></main>",
            [SENTENCE, "Signatories", "• Acme\n• Brisk\n• Calder"],
        ),
        (  # cells of paragraphs and of logos
            f"<main><p>{SENTENCE}</p><table><tr><th>Name</th><th>Land</th></tr><tr><td><p>Acme</p></td><td>Norlund</td></tr>"
            "<tr><td><img alt='Brisk logo'></td><td>Lune</td></tr></table></main>",
            [SENTENCE, "Name — Land\n• Acme — Norlund\n• Brisk — Lune"],
        ),
        (  # a gallery is no roster
            f"<article><p>{SENTENCE}</p><img alt='a man walks'><p></p><img alt='rain on a roof'><p></p><img alt='two boats'></article>",
            [SENTENCE],
        ),
        ("<main><h1>Members</h1><ul><li><a href='https://a.example'>Acme</a></li><li>Brisk</li></ul></main>", ["• Acme\n• Brisk"]),
        (
            f"<p>{SENTENCE}</p><p>Members:<br>- Acme<br>- Brisk<br>Both are new.</p>",
            [SENTENCE, "Members:", "• Acme\n• Brisk", "Both are new."],
        ),
        (
            f"<p>{SENTENCE}</p><p>They are:</p><p>Acme<br>Brisk<br>Calder<br>Dovane</p>",
            [SENTENCE, "They are:", "• Acme\n• Brisk\n• Calder\n• Dovane"],
        ),
        (f"<p>{SENTENCE}</p><p>•Acme</p><p>• Brisk</p>", [SENTENCE, "• Acme\n• Brisk"]),
        (f"<p hidden>Gone.</p><p style='display: none'>Gone too.</p><p>{SENTENCE}<span class='sr-only'> opens anew</span></p>", [SENTENCE]),
        (f"<p>{SENTENCE}</p><ul><li>Acme<ul><li>Acme Labs</li></ul></li><li>Brisk</li></ul>", [SENTENCE, "• Acme\n• Acme Labs\n• Brisk"]),
        ("<p>Nord\u00adlund\u200b joined\u00a0the   Pact,\nit said.</p>", ["Nordlund joined the Pact, it said."]),
    ],
)
def test_shapes(html: str, expected: list[str]) -> None:
    assert parse_html(f"<title>T</title>{html}", "https://volt.example/x").text.split("\n\n") == expected


ENTRY = Entry(
    "wire", "g1", "https://www.wire.example/a?utm_source=rss#x", "Nine <b>join</b> &amp; stay", published=READ, author=" Ana  Reuss "
)


def entry(content: str, title: str = ENTRY.title) -> Entry:
    return Entry(ENTRY.feed, ENTRY.guid, ENTRY.url, title, content, ENTRY.published, None, ENTRY.author)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<p>Nine joined.</p><ul><li>A</li><li>B</li></ul><p>The post Nine join appeared first on Wire.</p>", "Nine joined.\n\n• A\n• B"),
        ("Nine joined.\nNone left.", "Nine joined.\n\nNone left."),
        ("Nine joined &amp; stayed.", "Nine joined & stayed."),
        ("Nine joined.<br><br>None left.", "Nine joined.\n\nNone left."),
        ("<div class='sidebar'><p>Nine joined.</p></div>", "Nine joined."),
        ("", ""),
    ],
)
def test_entries_are_read_from_the_feed(content: str, text: str) -> None:
    article = from_entry(entry(content), "The Wire")
    assert (article.text, article.title, article.author) == (text, "Nine join & stay", "Ana Reuss")
    assert (article.url, article.site, article.origin, article.published) == ("https://www.wire.example/a", "The Wire", "feed", READ)


def test_an_entry_without_a_word_is_refused() -> None:
    assert from_entry(entry("x", "")).site == "wire.example"
    with pytest.raises(ParseError, match="neither title nor text"):
        from_entry(entry(" <br> ", ""))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One.\n\nTwo  here.\n", "One.\n\nTwo  here.\n"),
        ("One.\r\n\r\nTwo.", "One.\r\n\r\nTwo."),
        ("One.\n \t\nTwo\nthree.", "One.\n \t\nTwo\nthree."),
        ("One.\nTwo.\nThree.", "One.\n\nTwo.\n\nThree."),
        ("  One line. ", "  One line. "),
        ("The pact was\nsigned on Monday.", "The pact was\nsigned on Monday."),
        ("Members:\n- A\n- B\nEnd.", "Members:\n\n- A\n- B\n\nEnd."),
        ("", ""),
        # A list of names, one of them long, is no wrapped paragraph.
        (
            "Members:\n\nCorran Lines\nInternational Association of Ferry and Railway Operators\nAlder Rail\neLink\nTarn Ferries",
            "Members:\n\nCorran Lines\nInternational Association of Ferry and Railway Operators\nAlder Rail\neLink\nTarn Ferries",
        ),
    ],
)
def test_plain_text(text: str, expected: str) -> None:
    assert from_text(text).text == expected


@pytest.mark.parametrize("width", [60, 72, 80])
def test_lines_that_an_editor_wrapped_are_one_paragraph(width: int) -> None:
    paragraphs = (
        "The Sedge Pact was launched on Monday by Corran Lines, Alder Rail and the port of Ellin, which will share their timetables. "
        "Tarn Ferries, the oldest line on the sound, said that it would decide in the autumn whether it joined them.",
        "The pact has an office and a flag, and nobody has to pay for either of them before the year is out.",
    )
    wrapped = "\n\n".join(textwrap.fill(p, width) for p in paragraphs)
    assert wrapped.count("\n") > 4 and from_text(wrapped).text == "\n\n".join(paragraphs)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<!DOCTYPE html><p>x", True),
        ("<p>One joined.</p>", True),
        ("One<br>two", True),
        ("AT&T <Acme> and 3 < 4 > 2", False),
        ("Plain words.", False),
        ("", False),
    ],
)
def test_html_is_told_from_text(text: str, expected: bool) -> None:
    assert looks_like_html(text) is expected


LINE = "<p>The Grid Pact was <b>launched</b> on <a href='/x'>Monday</a> by Elmont Energy and Hollin AG, which share their lines.</p>"


@pytest.mark.parametrize(
    "html",
    [
        "<article><h1>T</h1>" + LINE * 8000 + "</article>",
        "<main>" + ("<article class='post related'><h2>Head</h2>" + LINE * 4 + "</article>") * 2000 + "</main>",
        "<div class='sidebar'>" * 200 + LINE * 3000,
        "<table>" + "<tr><td>Elmont</td><td>Norlund</td></tr>" * 25000 + "</table>",
        "<ul><li>" * 5000 + "Hello.",
        "<p>" + "By A " * 200000,
        "<p>" + "word and " * 110000,
        "<title>" + " - " * 300000 + "</title><p>x</p>",
        "<script type='application/ld+json'>" + "[" * 500000 + "</script><p>Elmont joined the Grid Pact.</p>",
        "<" * 1000000,
        "<p>x</p>" + "<a " * 300000,
    ],
    ids=[
        "paragraphs",
        "live",
        "nested-noise",
        "table",
        "nested-lists",
        "bylines",
        "one-paragraph",
        "title",
        "json",
        "brackets",
        "unclosed",
    ],
)
def test_large_pages_end_in_time(html: str) -> None:
    start = time.process_time()
    try:
        parse_html(html, "https://a.example/x")
    except ParseError as problem:
        assert "\n" not in str(problem)
    assert time.process_time() - start < 10  # a quiet machine takes under 2; a slow or shared one must not fail


HTML_PIECES = st.sampled_from(
    """<p>|</p>|<ul>|<li>|</ul>|<div class='sidebar'>|<div class=byline>|</div>|<table>|<tr>|<td>|<th>|</table>|<h1>|</h1>|<br>|<main>
    <a href='//[x'>|</a>|<article>|<aside>|<dl>|<dt>|<dd>|<blockquote>|<footer>|<pre>|<sup>1</sup>|&amp;|&#0;|&#xD800;|<!-- -->
    <![CDATA[|]]>|<?xml?>|<svg>|<title>|</title>|• |- |<form>|<input>|<nav>|<figcaption>|<time datetime="9999-99-99">|<img alt='Acme logo'>
    <html lang='"<'>|\0|\ud800|Acme joined the Pact on Monday, it said. |By Ana Reuss|2024-05-14|<link rel=canonical href="http://a:b/">
    <meta property="og:url" content="http://[">
    <script type="application/ld+json">{"@type":"NewsArticle","author":[[1]],"headline":{"a":[]},"datePublished":[1]}</script>""".replace(
        "\n    ", "|"
    ).split("|")
)


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=400),
    st.sampled_from(["", "text/html", "text/plain", "text/html; charset=utf-16", "text/html; charset=\x00", "image/png"]),
)
@example(b"<", "text/html")
@example(b"<?xml version='1.0'?>", "text/html")
@example(b"\xff\xfe<\x00", "")
def test_any_bytes_give_an_article_or_a_parse_error(body: bytes, content_type: str) -> None:
    try:
        article = parse(page(body, content_type=content_type))
    except ParseError as problem:
        assert "\n" not in str(problem)
    else:
        assert isinstance(article, Article) and article.text.strip()
        article.text.encode()


@settings(max_examples=150, deadline=None)
@given(st.lists(HTML_PIECES, max_size=40))
def test_any_soup_gives_an_article_or_a_parse_error(pieces: list[str]) -> None:
    try:
        article = parse_html("".join(pieces), "https://a.example/x")
    except ParseError as problem:
        assert "\n" not in str(problem)
    else:
        assert article.text.strip() and article.text == article.text.strip()
        (article.title + article.text + article.author + article.site).encode()
        assert article.published is None or article.published.tzinfo is not None


@settings(deadline=None)
@given(st.text())
def test_plain_text_keeps_its_words(text: str) -> None:
    assert from_text(text).text.split() == text.split()
    assert from_entry(entry(text)).origin == "feed"


@pytest.mark.parametrize(("folder", "least"), [("tuned", 0.985), ("unseen", 0.96)])
def test_the_sets_of_layouts_are_read_well(folder: str, least: float) -> None:
    """The second set was written before the extractor was tuned and not looked at meanwhile: it may only get better."""
    scores = {}
    about = json.loads((PAGES / folder / "about.json").read_text("utf-8"))
    wrong: dict[str, int] = {"title": 0, "published": 0, "author": 0, "site": 0}
    for name, gold in about.items():
        article = parse_html((PAGES / folder / f"{name}.html").read_bytes(), gold["address"])
        scores[name] = f1((PAGES / folder / f"{name}.txt").read_text("utf-8"), article.text)
        published = article.published.date().isoformat() if article.published else ""
        wrong["published"] += published != gold["published"][:10]
        wrong["title"] += article.title != gold["title"]
        wrong["author"] += article.author != gold["author"]
        wrong["site"] += article.site != gold["site"]
    assert sum(scores.values()) / len(scores) >= least, sorted(scores.items(), key=lambda s: s[1])[:5]
    assert all(count <= len(about) * 0.15 for count in wrong.values()), wrong
    assert wrong["published"] <= len(about) * 0.03, wrong


WALL = "<div class='offer'><h3>Subscribe to continue reading</h3><p>Four weeks for one mark. Cancel whenever you like.</p></div>"
NOT_FREE = '<script type="application/ld+json">{"@type":"NewsArticle","headline":"T","isAccessibleForFree":%s%s}</script>'


@pytest.mark.parametrize(
    ("html", "partial"),
    [
        (f"<article><h1>T</h1><p>{SENTENCE}</p>{WALL}</article>", True),
        (NOT_FREE % ("false", "") + f"<article><h1>T</h1><p>{SENTENCE}</p></article>", True),
        (NOT_FREE % ('"False"', "") + f"<article><h1>T</h1><p>{SENTENCE}</p></article>", True),
        (NOT_FREE % ("true", "") + f"<article><h1>T</h1><p>{SENTENCE}</p>{WALL}</article>", False),  # an offer, on a page that is free
        (f"<article><h1>T</h1>{f'<p>{SENTENCE}</p>' * 40}{WALL}</article>", False),  # an offer under a whole article
        (f"<article><h1>T</h1><p>{SENTENCE}</p><p>Members will subscribe to the pact in May.</p></article>", False),
        (  # the wall hides what the structured data have
            NOT_FREE % ("false", ',"articleBody":"' + f"{SENTENCE} " * 9 + '"') + f"<article><h1>T</h1><p>{SENTENCE}</p>{WALL}</article>",
            False,
        ),
    ],
)
def test_paywalls_are_said_and_leave_nothing_of_theirs(html: str, partial: bool) -> None:
    found = examine_html(html, "https://a.example/x")
    assert found.partial == (gates.PAYWALL if partial else "")
    assert found.article.text.startswith(SENTENCE) and "continue reading" not in found.article.text and "Cancel" not in found.article.text


def test_a_page_that_only_asks_for_consent_is_refused() -> None:
    ask = "We and our 800 partners store cookies and unique identifiers on your device for personalised advertising, unless you refuse. "
    html = f"<title>Volt</title><div class='q'><h1>Before you go on</h1><p>{ask}</p><p>{ask}</p><button>Accept</button></div>"
    with pytest.raises(ParseError, match="request for consent"):
        examine(page(html.encode()))
    told = parse_html(f"<title>T</title><article><h1>T</h1><p>{SENTENCE}</p><p>{SENTENCE} Twice.</p></article><div><p>{ask}</p></div>").text
    assert told == f"{SENTENCE}\n\n{SENTENCE} Twice."


@pytest.mark.parametrize(
    ("url", "link", "expected"),
    [
        ("https://a.example/s", "<a rel='next' href='/s?page=2'>2</a>", "https://a.example/s?page=2"),
        ("https://a.example/s.html", "<a href='s-2.html'>Next page</a>", "https://a.example/s-2.html"),
        ("https://a.example/s?id=4&page=2", "<a href='?id=4&page=3'>Next »</a>", "https://a.example/s?id=4&page=3"),
        ("https://a.example/s/", "<link rel=next href='https://a.example/s/2/'>", "https://a.example/s/2/"),
        ("https://a.example/s", "<link rel=next href='https://a.example/another-post'>", ""),  # WordPress: the next post
        ("https://a.example/s", "<a href='https://b.example/s?page=2'>Next</a>", ""),
        ("https://a.example/s?page=2", "<a href='/s'>1</a><a href='/s?page=2'>2</a>", ""),  # the last one
        ("https://a.example/s", "<a href='//[x'>Next</a>", ""),
    ],
)
def test_the_next_page_is_named_where_its_address_says_so(url: str, link: str, expected: str) -> None:
    assert examine_html(f"<title>T</title><article><p>{SENTENCE}</p></article>{link}", url).next_page == expected


def test_pages_are_joined_without_what_they_repeat() -> None:
    one, two = (Article(f"https://a.example/{n}", "T", f"The same standfirst.\n\nPage {n}.") for n in (1, 2))
    assert joined(one, [two]).text == "The same standfirst.\n\nPage 1.\n\nPage 2."
    assert joined(one, []) == one and not follows("https://a.example/1", "https://a.example/1")


@pytest.mark.parametrize(
    ("html", "source"),
    [
        ("<meta name='syndication-source' content='https://b.example/first'>", "https://b.example/first"),
        ("<link rel='canonical' href='https://b.example/first'>", "https://b.example/first"),
        ("<p>This article was originally published by Harbour Post.</p>", "Harbour Post"),
        ("<link rel='canonical' href='https://www.a.example/x'>", ""),
    ],
)
def test_where_a_text_was_first_published_is_told(html: str, source: str) -> None:
    found = examine_html(f"<title>T</title><article><p>{SENTENCE}</p>{html}</article>", "https://a.example/x")
    assert found.source == source and found.article.url.endswith("a.example/x")


def test_print_versions_are_named() -> None:
    html = f"<title>T</title><article><p>{SENTENCE}</p></article><a href='javascript:print()'>Print</a><a href='?print=1'>Print version</a>"
    assert examine_html(html, "https://a.example/x").print_version == "https://a.example/x?print=1"


@pytest.mark.parametrize(
    ("garbled", "meant"),
    [
        ("ZÃ¼rich joined", "Zürich joined"),
        ("the pactâ€™s members", "the pact’s members"),
        ("Zürich, São Paulo and Łódź joined; “À bientôt”.", "Zürich, São Paulo and Łódź joined; “À bientôt”."),
        ("naÃ¯ve cafÃ© pact", "naïve café pact"),
    ],
)
def test_garbled_text_is_repaired(garbled: str, meant: str) -> None:
    assert repaired(garbled) == meant


@pytest.mark.parametrize(
    ("byline", "site", "names"),
    [
        ("By Ana Reuss and Bo Lindt", "", ["Ana Reuss", "Bo Lindt"]),
        ("Ana Reuss, Bo Lindt and Per van Quint", "", ["Ana Reuss", "Bo Lindt", "Per van Quint"]),
        ("Ana Reuss, Harbour Post", "Harbour Post", ["Ana Reuss"]),
        ("By Ana Reuss, business editor", "", ["Ana Reuss"]),
        ("Ana Reuss for Harbour Post", "Harbour Post", ["Ana Reuss"]),
        ("Harbour Post Staff", "The Harbour Post", []),
        ("Staff Reporter", "", []),
        ("@ana", "", []),
        ("Ministry of Ports", "", ["Ministry of Ports"]),
    ],
)
def test_names_in_bylines(byline: str, site: str, names: list[str]) -> None:
    assert names_in(byline, site) == names


def test_teasers_in_a_row_are_left_out_and_members_in_a_row_are_not() -> None:
    card = "<div class='c'><h3><a href='/{0}'>{1}</a></h3><p>{2}</p></div>"
    story = f"<h1>T</h1><p>{SENTENCE}</p><p>{SENTENCE} Twice.</p>"
    teasers = "".join(
        card.format(n, f"Ministers quarrel over fish no. {n}", "They met in Lune until late, and nobody won it.") for n in range(4)
    )
    names = "".join(card.format(n, f"Acme {n}", "A firm in Lune that makes ropes and nets.") for n in range(4))
    assert "quarrel" not in parse_html(f"<main>{story}{teasers}</main>", "https://a.example/x").text
    assert "Acme 3" in parse_html(f"<main>{story}{names}</main>", "https://a.example/x").text
