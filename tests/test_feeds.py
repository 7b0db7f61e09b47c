"""Feeds of every kind, whole and broken: what is read is right, what is left out is said."""

from __future__ import annotations

import contextlib
import gzip
import json
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.errors import ParseError
from pipeline.feeds import parse, read_date
from pipeline.model import Feed, FeedHints, Page, ParsedFeed

FEED = Feed("Harbour wire", "https://wire.example/feed.xml")
NOON = datetime(2024, 3, 5, 12, tzinfo=UTC)


def page(body: bytes | str, content_type: str = "application/xml", url: str = FEED.url) -> Page:
    content = body.encode() if isinstance(body, str) else body
    return Page(url, url, 200, (("content-type", content_type),), content, NOON)


def read(body: bytes | str, content_type: str = "application/xml") -> ParsedFeed:
    return parse(page(body, content_type), FEED)


def rss(*items: str, head: str = "", version: str = "2.0") -> str:
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<rss version="{version}" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        f' xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Harbour wire</title>{head}{"".join(items)}</channel></rss>'
    )


def atom(*entries: str, base: str = "") -> str:
    return f'<feed xmlns="http://www.w3.org/2005/Atom"{base}><title type="html">Port &amp;amp; tide</title>{"".join(entries)}</feed>'


ITEM = (
    "<item><title>Two ports join</title><link>https://wire.example/a</link><guid isPermaLink='false'>a</guid>"
    "<pubDate>Tue, 05 Mar 2024 08:00:00 GMT</pubDate><description>Short.</description></item>"
)

FORMATS: dict[str, str | bytes] = {
    "RSS 0.91": rss("<item><title>One</title><link>https://wire.example/1</link><description>D</description></item>", version="0.91"),
    "RSS 0.92": rss("<item><title>One</title><link>https://wire.example/1</link></item>", version="0.92"),
    "RSS 0.90": """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://my.netscape.com/rdf/simple/0.9/">
        <channel><title>t</title></channel><item><title>One</title><link>https://wire.example/1</link></item></rdf:RDF>""",
    "RSS 1.0": """<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
        xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://wire.example/"><title>t</title></channel>
        <item rdf:about="https://wire.example/1"><title>One</title><link>https://wire.example/1</link>
        <dc:date>2024-03-05T09:00:00+01:00</dc:date></item></rdf:RDF>""",
    "RSS 2.0": rss("<item><title>One</title><guid>https://wire.example/1</guid></item>"),
    "RSS without a version": "<rss><channel><item><title>One</title><link>https://wire.example/1</link></item></channel></rss>",
    "RSS that begins with its channel": "<channel><item><title>One</title><link>https://wire.example/1</link></item></channel>",
    "Atom": atom("<entry><id>urn:1</id><title>One</title><link href='https://wire.example/1'/></entry>"),
    "Atom 0.3": """<feed version="0.3" xmlns="http://purl.org/atom/ns#"><title>t</title><entry><title>One</title>
        <link rel="alternate" type="text/html" href="https://wire.example/1"/><issued>2024-03-05T08:00:00Z</issued></entry></feed>""",
    "Atom with a prefix": """<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:entry><a:title>One</a:title>
        <a:link href="https://wire.example/1"/></a:entry></a:feed>""",
    "JSON Feed": json.dumps(
        {"version": "https://jsonfeed.org/version/1.1", "items": [{"id": 1, "title": "One", "url": "https://wire.example/1"}]}
    ),
    "JSON Feed without a version": '{"items": [{"title": "One", "external_url": "https://wire.example/1"}]}',
    "blank lines and a mark first": "\ufeff\n\n  " + rss("<item><title>One</title><link>https://wire.example/1</link></item>"),
    "UTF-16": rss("<item><title>One</title><link>https://wire.example/1</link></item>").encode("utf-16"),
    "UTF-32": rss("<item><title>One</title><link>https://wire.example/1</link></item>").encode("utf-32"),
    "a comment that names html": "<!-- <html> -->" + rss("<item><title>One</title><link>https://wire.example/1</link></item>"),
    "a document type": '<?xml version="1.0"?><!DOCTYPE rss PUBLIC "-//N//DTD RSS 0.91//EN" "http://n.example/rss.dtd" [<!ENTITY x "<y>">]>'
    "<rss version='0.91'><channel><item><title>One</title><link>https://wire.example/1</link></item></channel></rss>",
    "a control character": rss("<item><title>O\x0bne</title><link>https://wire.example/1</link></item>"),
}


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_is_read(kind: str) -> None:
    found = read(FORMATS[kind])
    assert [(e.title, e.url, e.feed) for e in found.entries] == [("One", "https://wire.example/1", "Harbour wire")]
    assert found.partial == ""
    assert found.entries[0].guid


def test_an_entry_with_everything() -> None:
    found = read(
        rss(
            "<item><title>Two ports &amp;amp; a quay &lt;em&gt;join&lt;/em&gt;</title><link>\n https://wire.example/a?x=1&amp;y=2 \n</link>"
            "<guid isPermaLink='false'> tag:a </guid><pubDate>Tue, 05 Mar 2024 10:00:00 CET</pubDate><dc:creator>Tamsin Roe</dc:creator>"
            "<description>Short.</description>"
            "<content:encoded><![CDATA[<p>The <b>whole</b> story&nbsp;here.</p>]]></content:encoded></item>"
        )
    )
    entry = found.entries[0]
    assert found.title == "Harbour wire"
    assert (entry.title, entry.url, entry.guid) == ("Two ports & a quay join", "https://wire.example/a?x=1&y=2", "tag:a")
    assert (entry.published, entry.author) == (datetime(2024, 3, 5, 9, tzinfo=UTC), "Tamsin Roe")
    assert entry.content == "<p>The <b>whole</b> story&nbsp;here.</p>"


def test_an_atom_entry_with_everything() -> None:
    found = read(
        atom(
            "<entry><id>tag:b</id><title type='text'>1 &lt; 2 &amp;amp; so on</title><updated>2024-03-06T00:00:00Z</updated>"
            "<link rel='enclosure' href='https://wire.example/b.mp3'/><link rel='alternate' type='application/json' href='b.json'/>"
            "<link rel='alternate' type='text/html' href='b.html'/>"
            "<published>2024-03-05T10:00:00+02:00</published><author><name>Roe</name></author><author><name>Ito</name></author>"
            "<summary>Much longer than the content of this entry is.</summary>"
            "<content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><p>Brief</p></div></content></entry>",
            base=" xml:base='https://wire.example/news/'",
        )
    )
    entry = found.entries[0]
    assert (found.title, found.partial) == ("Port & tide", "")
    assert (entry.title, entry.url) == ("1 < 2 &amp; so on", "https://wire.example/news/b.html")
    assert (entry.published, entry.updated) == (datetime(2024, 3, 5, 8, tzinfo=UTC), datetime(2024, 3, 6, tzinfo=UTC))
    assert entry.author == "Roe, Ito"
    assert entry.content == "Much longer than the content of this entry is."


def test_a_json_entry_with_everything() -> None:
    document = {
        "version": "https://jsonfeed.org/version/1",
        "title": "Tide",
        "home_page_url": "https://tide.example/",
        "items": [
            {
                "id": 7,
                "url": "/seven",
                "title": " Seven\n ports ",
                "content_html": "<p>All seven</p>",
                "summary": "Seven",
                "date_published": "2024-03-05T10:00:00+02:00",
                "date_modified": "2024/03/06 10:00",
                "author": {"name": "Roe"},
                "authors": [{"name": "Ito"}, "nobody"],
            },
            {"id": "https://tide.example/eight", "content_text": "a < b \ud800\x00"},
        ],
    }
    found = read(json.dumps(document), "application/feed+json")
    first, second = found.entries
    assert (found.title, found.partial) == ("Tide", "")
    assert (first.guid, first.url, first.title, first.content) == ("7", "https://tide.example/seven", "Seven ports", "<p>All seven</p>")
    assert (first.published, first.updated) == (datetime(2024, 3, 5, 8, tzinfo=UTC), datetime(2024, 3, 6, 10, tzinfo=UTC))
    assert first.author == "Ito, Roe"
    assert (second.url, second.title, second.content) == ("https://tide.example/eight", "", "a < b")


ADDRESSES = [
    ("<link>https://o.example/x</link>", "https://o.example/x"),
    ("<link>/x</link>", "https://wire.example/x"),
    ("<link>//o.example/x</link>", "https://o.example/x"),
    ("<link>mailto:desk@wire.example</link>", ""),
    ("<link>javascript:alert(1)</link>", ""),
    ("<link>http://[bad</link>", ""),
    ("<link></link><guid>https://o.example/g</guid>", "https://o.example/g"),
    ("<guid isPermaLink='true'>https://o.example/g</guid>", "https://o.example/g"),
    ("<guid isPermaLink='false'>https://o.example/g</guid>", ""),
    ("<guid isPermaLink='false'>https://o.example/g</guid><category>c</category><foo>x</foo>", ""),
    ("<guid>4711</guid>", ""),
    ("<link>urn:x</link><guid>https://o.example/g</guid>", "https://o.example/g"),
    ("<link>https://o.example/?a=1&amp;b=2</link>", "https://o.example/?a=1&b=2"),
    ("<link><![CDATA[ https://o.example/?a=1&b=2 ]]></link>", "https://o.example/?a=1&b=2"),
    (
        "<link>https://proxy.example/~r/1</link><f:origLink xmlns:f='http://rssnamespace.org/feedburner/ext/1.0'>https://o.example/x</f:origLink>",
        "https://o.example/x",
    ),
]


@pytest.mark.parametrize(("inside", "url"), ADDRESSES)
def test_addresses(inside: str, url: str) -> None:
    assert [e.url for e in read(rss(f"<item><title>T</title>{inside}</item>")).entries] == [url]


def test_relative_links_of_rss_go_by_the_site_and_not_by_the_host_that_serves_the_feed() -> None:
    found = read(rss("<item><title>T</title><link>/x</link></item>", head="<link>https://site.example/news/</link>"))
    assert found.entries[0].url == "https://site.example/x"


def test_guids() -> None:
    same = rss(
        "<item><guid>1</guid><title>A</title><link>https://wire.example/a</link></item>",
        "<item><guid>1</guid><title>B</title><link>https://wire.example/b</link></item>",
        "<item><title>C</title></item>",
        "<item><title>C</title></item>",
        "<item><guid>2</guid><title>D</title><link>https://wire.example/d</link></item>",
        "<item><guid>2</guid><title>D once more</title><link>https://wire.example/d</link></item>",
    )
    entries = read(same).entries
    assert [e.title for e in entries] == ["A", "B", "C", "D"]
    assert [e.guid for e in entries[:2]] == ["https://wire.example/a", "https://wire.example/b"]
    assert entries == read(same).entries


def test_entries_without_anything_are_counted() -> None:
    found = read(rss(ITEM, "<item><category>x</category></item>"))
    assert len(found.entries) == 1
    assert found.partial == "1 of 2 entries had neither title, link nor text"


def test_an_empty_feed_is_a_feed() -> None:
    assert read(rss()) == ParsedFeed("Harbour wire", (), "")
    assert read(atom()).entries == ()
    assert read('{"items": []}').entries == ()


BROKEN = {
    "a bare ampersand": (rss(ITEM, ITEM.replace(">a<", ">b<").replace("join", "join & leave")), 2, "not well-formed XML (line 2"),
    "an open tag": (rss(ITEM, ITEM.replace(">a<", ">b<").replace("Short.", "<b>Short.")), 2, "not well-formed XML (line 2"),
    "an unknown prefix": (rss(ITEM.replace("<title>", "<zz:x>1</zz:x><title>")), 1, "not well-formed"),
    "cut between two entries": (rss(ITEM, ITEM.replace(">a<", ">b<"))[:-16], 2, "cut off before its end"),
    "cut in the middle of an address": (rss(ITEM, ITEM.replace(">a<", ">b<"))[:-150], 1, "cut off in the middle of an entry"),
    "cut in a CDATA section": (rss(ITEM)[:-16] + "<item><title>B</title><description><![CDATA[<p>And then", 1, "in the middle of an entry"),
    "a warning of the server in front": ("Warning: no cache in /srv/feed.php\n" + rss(ITEM), 1, "other text in front"),
    "JSON that is cut off": ('{"title": "x", "items": [{"id": "1", "title": "One"}, {"id": "2", "title": "Tw', 1, "cut off"),
    "JSON with strange items": ('{"items": [null, 3, {"title": "One"}, {}]}', 1, "3 of 4"),
    "a tag with very many attributes": (
        rss(ITEM.replace("<title>", "<x " + " ".join(f"a{i}='1'" for i in range(20_000)) + "/><title>")),
        1,
        "hundreds of attributes",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_feeds_keep_what_can_be_read_and_say_so(kind: str) -> None:
    body, count, partial = BROKEN[kind]
    found = read(body)
    assert len(found.entries) == count
    assert partial in found.partial
    if "title" not in kind and body.startswith("<?xml"):
        assert (found.entries[0].url, found.entries[0].title) == ("https://wire.example/a", "Two ports join")


def test_entities_of_html_are_understood_and_entities_of_its_own_are_not_expanded() -> None:
    assert read(rss(ITEM.replace("Two", "Caf&eacute; &ndash; two"))).entries[0].title == "Café – two ports join"
    bomb = '<!DOCTYPE rss [<!ENTITY a "' + "x" * 1000 + '">]>' + rss(ITEM.replace("Short.", "&a;" * 1000)).partition("?>")[2]
    assert len(read(bomb).entries[0].content) < 10_000


SITEMAP = """<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
 xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"><url><loc>https://wire.example/a?x=1&amp;y=2</loc><lastmod>2024-03-06</lastmod>
<news:news><news:publication><news:name>Wire</news:name><news:language>en</news:language></news:publication>
<news:publication_date>2024-03-05T08:00:00+00:00</news:publication_date><news:title>Two ports &amp; a quay</news:title></news:news></url>
<url><loc>https://wire.example/about</loc></url></urlset>"""


def test_a_news_sitemap_is_read() -> None:
    found = read(SITEMAP)
    [entry] = found.entries
    assert (entry.title, entry.url, entry.guid) == ("Two ports & a quay", "https://wire.example/a?x=1&y=2", entry.url)
    assert (entry.published, entry.updated) == (datetime(2024, 3, 5, 8, tzinfo=UTC), datetime(2024, 3, 6, tzinfo=UTC))
    assert found.partial == "1 of 2 addresses had no title"
    assert "not well-formed" in read(SITEMAP[:-60].replace("<url><loc>https://wire.example/about</loc>", "")).partial
    with pytest.raises(ParseError, match=r"index of sitemaps, not a feed; it points to https://wire\.example/news\.xml"):
        read(
            "<sitemapindex xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><sitemap><loc>https://wire.example/news.xml</loc></sitemap>"
        )


HINTS = [
    ("<ttl>90</ttl>", FeedHints(90.0)),
    ("<ttl>soon</ttl>", FeedHints()),
    ("<sy:updatePeriod>daily</sy:updatePeriod>", FeedHints(1440.0)),
    ("<sy:updatePeriod> hourly </sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency><ttl>10</ttl>", FeedHints(30.0)),
    ("<skipHours><hour>0</hour><hour>24</hour><hour>23</hour><hour>77</hour></skipHours>", FeedHints(0.0, frozenset({0, 23}))),
    ("<skipDays><day>Sunday</day><day>Someday</day></skipDays>", FeedHints(0.0, frozenset(), frozenset({6}))),
]


@pytest.mark.parametrize(("inside", "hints"), HINTS)
def test_what_a_feed_asks_for(inside: str, hints: FeedHints) -> None:
    assert read(rss(ITEM, head=inside)).hints == hints
    assert read(rss(ITEM.replace("<title>", inside + "<title>"))).hints == FeedHints()


def test_entries_that_a_feed_takes_back() -> None:
    gone = "<at:deleted-entry xmlns:at='http://purl.org/atompub/tombstones/1.0' ref='tag:a &amp; b' when='2024-03-05T08:00:00Z'/>"
    found = read(atom("<entry><id>tag:c</id><title>C</title></entry>" + gone))
    assert (found.deleted, [e.guid for e in found.entries]) == (("tag:a & b",), ["tag:c"])


UNDECLARED = [
    ("euc-jp", "ゲーム三昧な正月の港のニュースを集めました"),
    ("koi8-r", "Как пережить новогоднюю ночь в порту, если все суда стоят на рейде, а буксиров не хватает даже для половины из них"),
    ("cp1252", "Zürich – Häfen"),
]


@pytest.mark.parametrize(("encoding", "title"), UNDECLARED)
def test_an_encoding_that_nobody_names_is_guessed(encoding: str, title: str) -> None:
    body = "<rss version='2.0'><channel>" + f"<item><title>{title}</title><description>{title}, {title}</description></item>" * 3
    assert read((body + "</channel></rss>").encode(encoding)).entries[0].title == title


ENCODINGS = [
    ("utf-8", "utf-8", "application/xml"),
    ("utf-8", "iso-8859-1", "application/xml; charset=iso-8859-1"),
    ("iso-8859-1", "iso-8859-1", "application/xml"),
    ("cp1252", "iso-8859-1", "text/xml"),
    ("cp1252", "", "text/xml; charset=windows-1252"),
    ("cp1252", "", ""),
    ("cp1252", "utf-8", "text/xml; charset=utf-8"),
    ("utf-16-le", "utf-16", "application/xml"),
    ("utf-8", "punycode", "application/xml; charset=idna"),
]


@pytest.mark.parametrize(("true", "declared", "content_type"), ENCODINGS)
def test_encodings(true: str, declared: str, content_type: str) -> None:
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    body = declaration + rss(ITEM.replace("Two", "Zürich, Orléans and")).partition("?>")[2].lstrip()
    assert read(body.encode(true), content_type).entries[0].title == "Zürich, Orléans and ports join"


def test_seven_bit_encodings_are_believed() -> None:
    body = '<?xml version="1.0" encoding="iso-2022-jp"?>' + rss(ITEM.replace("Two ports join", "港湾同盟")).partition("?>")[2]
    assert read(body.encode("iso-2022-jp")).entries[0].title == "港湾同盟"


NO_FEEDS = [
    (b"", "is empty"),
    (b" \r\n\t", "is empty"),
    (b"\xef\xbb\xbf", "is empty"),
    (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "is a PDF, not a feed"),
    (b"\n\n%PDF-1.4 not a feed", "is a PDF, not a feed"),
    (b"PK\x03\x04rest", "is a ZIP archive, not a feed"),
    (gzip.compress(b"<rss/>"), "is gzip-compressed data, not a feed"),
    (b"\x89PNG\r\n\x1a\n", "is an image, not a feed"),
    (b"\x00\x01\x02" * 50, "is a binary file, not a feed"),
    (b"<!doctype html><title>x</title>", "is an HTML page, not a feed"),
    (b"<!-- c --><HTML><body>x", "is an HTML page, not a feed"),
    (
        b"<html><head><link rel='alternate' type='application/rss+xml' href='/feed?a=1&amp;b=2'>",
        "is an HTML page, not a feed; it points to the feed https://wire.example/feed?a=1&b=2",
    ),
    (b"<?xml version='1.0'?><opml version='2.0'><body/></opml>", "is XML, but no feed (it begins with <opml>)"),
    (
        b"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'/>",
        "is a sitemap without news (its addresses have no titles), not a feed",
    ),
    (b"Service unavailable", "is plain text, not a feed"),
    (b'{"error": "no"}', 'is JSON, but no JSON Feed (it has no list of "items")'),
    (b"[1, 2]", 'is JSON, but no JSON Feed (it has no list of "items")'),
    (b'{"items": [', "is neither XML nor well-formed JSON, so no feed"),
    (b"[" * 100_000, "is neither XML nor well-formed JSON, so no feed"),
]


@pytest.mark.parametrize(("body", "message"), NO_FEEDS)
def test_what_is_no_feed_is_said_in_one_line(body: bytes, message: str) -> None:
    with pytest.raises(ParseError) as raised:
        read(body, "application/rss+xml")
    assert str(raised.value) == f"https://wire.example/feed.xml: {message}"


DATES = [
    ("Tue, 05 Mar 2024 08:00:00 GMT", "2024-03-05T08:00:00"),
    ("Tue, 5 Mar 24 8:00 EST", "2024-03-05T13:00:00"),
    ("Wed, 05 Mar 2024 08:00:00 +0100 (CET)", "2024-03-05T07:00:00"),
    ("Tue, 04 Aug 2026 10:00:00 CEST", "2026-08-04T08:00:00"),
    ("Tue, 04 Aug 2026 10:00:00 AEST", "2026-08-04T00:00:00"),
    ("Tue, 04 Aug 2026 10:00:00 -0000", "2026-08-04T10:00:00"),
    ("Tue, 04 Aug 2026 10:00:00 GMT+2", "2026-08-04T08:00:00"),
    ("Tue, 04 Aug 2026 10:00:00 UTC-03:30", "2026-08-04T13:30:00"),
    ("Tuesday, 4th August 2026", "2026-08-04T00:00:00"),
    ("Tue, 04 Aug 2026 24:00:00 GMT", "2026-08-05T00:00:00"),
    ("Tue, 30 Jun 2026 23:59:60 GMT", "2026-06-30T23:59:59"),
    ("4 Aug 2026 10:00:00 PM", "2026-08-04T22:00:00"),
    ("Sept. 5, 2024 at 12:30 a.m. EDT", "2024-09-05T04:30:00"),
    ("Tue Aug  4 10:00:00 2026", "2026-08-04T10:00:00"),
    ("Tue Aug 04 10:00:00 CEST 2026", "2026-08-04T08:00:00"),
    ("04-Aug-2026 10:00", "2026-08-04T10:00:00"),
    ("Mon, 01 Jan 96 10:00:00 GMT", "1996-01-01T10:00:00"),
    ("2026-08-04T10:00:00Z", "2026-08-04T10:00:00"),
    ("2026-08-04t10:00:00.123456+02:00", "2026-08-04T08:00:00"),
    ("2026-08-04 10:00:00 +0200", "2026-08-04T08:00:00"),
    ("2026-08-04T10:00", "2026-08-04T10:00:00"),
    ("2026-08-04", "2026-08-04T00:00:00"),
    ("20260804T100000Z", "2026-08-04T10:00:00"),
    ("2026/08/04 10:00", "2026-08-04T10:00:00"),
    ("2026/8/4", "2026-08-04T00:00:00"),
    ("14/08/2026 10:00", "2026-08-14T10:00:00"),
    ("08/14/2026", "2026-08-14T00:00:00"),
    ("08/08/2026", "2026-08-08T00:00:00"),
    ("04.08.2026 10:00", "2026-08-04T10:00:00"),
    ("03/04/2026", None),
    ("03-04-2026", None),
    ("2026-08", None),
    ("2026", None),
    ("2026-02-30", None),
    ("2026-13-01", None),
    ("2026/14/08", None),
    ("2026-08-04T25:00:00Z", None),
    ("Tue, 04 Aug 2026 10:00:00 IST", None),
    ("Tue, 04 Aug 2026 10:00:00 XYZ", None),
    ("Tue, 04 Aug 2026 10:00:00 +9900", None),
    ("Tue, 04 Aug 2026 13:00 PM", None),
    ("Di, 04 Mrz 2026 10:00:00 +0100", None),
    ("0001-01-01T00:00:00Z", None),
    ("1970-01-01T00:00:00Z", None),
    ("1785837600", None),
    ("2026-W32-2", None),
    ("yesterday", None),
    ("", None),
]


@pytest.mark.parametrize(("raw", "expected"), DATES)
def test_dates(raw: str, expected: str | None) -> None:
    found = read_date(raw)
    assert (found.isoformat() if found else None) == (f"{expected}+00:00" if expected else None)
    in_feed = read(rss(f"<item><title>T</title><pubDate>{raw}</pubDate></item>")).entries[0]
    assert in_feed.published == found


def test_the_time_of_an_entry_falls_back_to_its_update() -> None:
    entry = read(atom("<entry><title>T</title><updated>2024-03-05T08:00:00Z</updated></entry>")).entries[0]
    assert entry.published == entry.updated == datetime(2024, 3, 5, 8, tzinfo=UTC)
    entry = read(rss(ITEM)).entries[0]
    assert entry.updated is None


@given(st.integers(631_152_000, 3_786_912_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)))
def test_any_moment_is_read_back(moment: datetime) -> None:
    for form in ("%a, %d %b %Y %H:%M:%S +0000", "%Y-%m-%dT%H:%M:%SZ", "%Y/%m/%d %H:%M:%S", "%B %d, %Y %I:%M:%S %p", "%a %b %d %H:%M:%S %Y"):
        assert read_date(moment.strftime(form)) == moment


@given(st.text(max_size=60))
@example("9" * 60)
@example("01/01/0000")
def test_any_text_is_a_date_or_none(raw: str) -> None:
    found = read_date(raw)
    assert found is None or found.tzinfo is UTC


PIECES = st.sampled_from(
    [
        *(
            "<rss version='2.0'>",
            "<channel>",
            "<item>",
            "</item>",
            "<title>",
            "</title>",
            "<link>",
            "</link>",
            "<guid>",
            "</guid>",
            "<feed>",
        ),
        *(
            "<entry>",
            "</entry>",
            "<content type='xhtml'>",
            "</content>",
            "<div>",
            "</div>",
            "<![CDATA[",
            "]]>",
            "<!--",
            "-->",
            "&amp;",
            "&",
            "&#x",
        ),
        *(
            "<",
            ">",
            "'",
            '"',
            "https://a.example/",
            "2024-03-05",
            "<pubDate>",
            "</pubDate>",
            "<!DOCTYPE",
            "[",
            "<links>",
            "<authors>",
            "<author>",
        ),
        *(
            "<content_detail>",
            "<title_detail>",
            "<links/>",
            "xml:base='http://['",
            "\x00",
            "\ud7ff",
            "<svg>",
            "</svg>",
            "<image>",
            "<source>",
        ),
        *(
            '{"items": [',
            '{"title": "x"}',
            "]}",
            "<?xml version='1.0' encoding='utf-16'?>",
            "</",
            "<a b='c'",
            " ",
            "\n",
            "<updated/>",
            "<media:content url='x'/>",
        ),
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.lists(PIECES, max_size=40).map(lambda p: "".join(p).encode("utf-8", "replace"))))
def test_any_bytes_are_a_feed_or_a_parse_error(body: bytes) -> None:
    for front in (b"", b"<rss version='2.0'><channel><item>", b"<feed xmlns='http://www.w3.org/2005/Atom'><entry>"):
        try:
            found = parse(page(front + body), FEED)
        except ParseError as error:
            assert str(error) == " ".join(str(error).split())
        else:
            for entry in found.entries:
                for value in (entry.guid, entry.url, entry.title, entry.content, entry.author):
                    value.encode()
            assert len({e.guid for e in found.entries}) == len(found.entries)


HOSTILE = {
    "white space in front": " \n" * 300_000,
    "tags": "<a>" * 30_000,
    "entries": "<item>" * 20_000,
    "open CDATA": "<![CDATA[" * 60_000,
    "open comments": "<!--" * 100_000,
    "ampersands": "&" * 300_000,
    "open tags": "<a b='" * 50_000,
    "attributes": "<a " + " ".join(f"a{i}='1'" for i in range(50_000)) + ">",
    "angles": "<" * 200_000,
    "white space": "<item><title>" + " " * 300_000,
    "digits in a date": "<item><title>x</title><pubDate>" + "1" * 300_000 + "</pubDate>",
    "links to nowhere": "<link " * 50_000,
    "document types": "<!DOCTYPE [" * 30_000,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_documents_do_not_take_long(kind: str) -> None:
    for front in ("", "<rss version='2.0'><channel>", "<html>", '{"items": ['):
        started = time.thread_time()
        with contextlib.suppress(ParseError):
            read(front + HOSTILE[kind])
        assert time.thread_time() - started < 5  # they take well under one; the unguarded ones took minutes


def test_the_error_names_the_address_that_was_asked_for() -> None:
    moved = replace(page(b""), final_url="https://elsewhere.example/")
    with pytest.raises(ParseError, match=r"^https://wire\.example/feed\.xml: is empty$"):
        parse(moved, FEED)
