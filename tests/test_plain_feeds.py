"""The fast reader of feeds reads as feedparser does, or not at all: both are held against each other on whole and broken documents."""

from __future__ import annotations

import itertools
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import ParseError
from pipeline.feeds import odd, plain
from pipeline.feeds.offers import printable
from pipeline.model import Feed, ParsedFeed
from tests import bench_polling, test_feeds

FEED = Feed("Harbour wire", "https://wire.example/feed.xml")


def both(text: str) -> tuple[ParsedFeed | None, ParsedFeed | str]:
    """The fast reading, None where it gives the document up, and feedparser's."""
    slow: ParsedFeed | str
    try:
        slow = odd.parse(printable(text).strip(), FEED, FEED.url, FEED.url)
    except ParseError as error:
        slow = str(error)
    return plain.parse(text, FEED, FEED.url), slow


def alike(text: str) -> bool:
    """Whether the fast reader took the document; it must then have read it as feedparser does."""
    fast, slow = both(text)
    if fast is None:
        return False
    assert fast == slow
    return True


def test_the_feeds_of_the_everyday_are_read_fast() -> None:
    for number, first in itertools.product(range(8), (0, 1)):
        assert alike(bench_polling.feed(number, first).decode())


WORDPRESS = """<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"
 xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:wfw="http://wellformedweb.org/CommentAPI/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/"
 xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" xmlns:slash="http://purl.org/rss/1.0/modules/slash/" xmlns:own="https://own.example/">
<channel><title>Harbour &#038; tide</title><atom:link href="https://wire.example/feed/" rel="self" type="application/rss+xml" />
<link>https://wire.example</link><description>All</description><lastBuildDate>Tue, 05 Mar 2024 08:00:00 +0000</lastBuildDate>
<language>en-GB</language><sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>1</sy:updateFrequency>
<generator>https://wordpress.org/?v=6.4</generator><image><url>https://wire.example/i.png</url><title>Tide</title>
<link>https://wire.example/image</link><width>32</width></image>
<item><title>Two ports &#8217;join&#8217; &amp; leave</title><link>https://wire.example/a?x=1&amp;y=2</link><comments>https://wire.example/a#c</comments>
<dc:creator><![CDATA[Tamsin Roe]]></dc:creator><pubDate>Tue, 05 Mar 2024 08:00:00 +0000</pubDate><category><![CDATA[Ports]]></category>
<guid isPermaLink="false">https://wire.example/?p=1</guid><description><![CDATA[<p>Short &hellip;</p>]]></description>
<content:encoded><![CDATA[<p>Long <b>text</b> here, longer than the summary.</p>]]></content:encoded>
<wfw:commentRss>https://wire.example/a/feed</wfw:commentRss><slash:comments>0</slash:comments><own:id>17</own:id>
<enclosure url="https://wire.example/a.mp3" length="1" type="audio/mpeg"/><media:content url="https://wire.example/a.jpg" medium="image">
<media:title type="html">a-picture</media:title><media:credit>Ito</media:credit></media:content>
<media:thumbnail url="https://wire.example/t.jpg"/></item>
<item><title>Zürich &lt;em&gt;joins&lt;/em&gt;</title><link>/relative</link><guid>https://wire.example/b</guid>
<author>desk@wire.org (Desk)</author></item></channel></rss>"""
ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xmlns:thr="http://purl.org/syndication/thread/1.0" xml:lang="en">
<title type="html">Harbour &amp;amp; tide</title><link rel="self" href="https://wire.example/atom"/><link href="https://wire.example/"/>
<id>urn:x</id><updated>2024-03-05T08:00:00Z</updated><author><name>Desk</name></author><generator uri="x">y</generator>
<entry><title type="text">1 &lt; 2 &amp;amp; so on</title><link rel="alternate" type="text/html" href="a.html"/><id>tag:a</id>
<published>2024-03-05T10:00:00+02:00</published><updated>2024-03-06T00:00:00Z</updated><author><name>Roe</name><uri>https://r.example</uri></author>
<author><name>Ito &amp; Co</name><email>i@wire.example</email></author><category term="x" scheme="y"/>
<summary type="html">&lt;p&gt;Short&lt;/p&gt;</summary>
<content type="html">&lt;p&gt;Long, much longer&lt;/p&gt;</content></entry></feed>"""


def test_well_known_shapes_are_read_fast() -> None:
    assert alike(WORDPRESS) and alike(ATOM)
    fast, _ = both(WORDPRESS)
    assert fast and [(e.title, e.url, e.author) for e in fast.entries] == [
        ("Two ports ’join’ & leave", "https://wire.example/a?x=1&y=2", "Tamsin Roe"),
        ("Zürich joins", "https://wire.example/relative", "Desk"),
    ]


def documents() -> list[str]:
    listed = [b if isinstance(b, str) else b.decode("utf-8", "replace") for b in test_feeds.FORMATS.values()]
    listed += [test_feeds.rss(f"<item><title>T</title>{inside}</item>") for inside, _ in test_feeds.ADDRESSES]
    listed += [body for body, _, _ in test_feeds.BROKEN.values()]
    return [*listed, WORDPRESS, ATOM, *(bench_polling.feed(n, 0).decode() for n in range(4))]


@pytest.mark.parametrize("document", documents(), ids=lambda d: d[:20])
def test_documents_of_every_kind_are_read_alike_or_left_to_feedparser(document: str) -> None:
    alike(document)


PIECES = [
    *re.findall(r"<[^<>]+>", WORDPRESS + ATOM),
    *(
        "<title>",
        "</title>",
        "<title type='xhtml'>",
        "<title>A &lt;b&gt;bold&lt;/b&gt; word</title>",
        "<link>",
        "</link>",
        "<link>x&amp;amp;y</link>",
    ),
    *("<dc:title>D</dc:title>", "<media:title>M</media:title>", "<media:description>MD</media:description>", "<source url='x'>S</source>"),
    *(
        "<dc:date>2024-03-05</dc:date>",
        "<author>a@b.example</author>",
        "<author>Roe (r@b.example)</author>",
        "<guid>http:///x</guid>",
        "<guid isPermaLink='false'>http://x.example/</guid>",
    ),
    *("<description>&lt;p&gt;x</description>", "<description><p>x</p></description>", "<content:encoded>y</content:encoded>", "<id>i</id>"),
    *(
        "<atom:link href='/z'/>",
        "<atom:link rel='Alternate' type='TEXT/HTML' href='https://z.example/'/>",
        "<atom:updated>2024</atom:updated>",
    ),
    *(
        "<image><title>I</title><link>https://i.example/</link></image>",
        "<itunes:author>P</itunes:author>",
        "<foo:bar>q</foo:bar>",
        "<bar>q</bar>",
    ),
    *(
        "caf\u00c3\u00a9",
        "\u0092",
        "é",
        "&#146;",
        "&amp;nbsp;",
        "&nbsp;",
        "<!-- c -->",
        "<?pi x?>",
        "<![CDATA[<b>c</b>]]>",
        " ",
        "\n",
        "text",
    ),
    *(
        "<media:group>",
        "</media:group>",
        "<category>c</category>",
        "<x:y xmlns:x='urn:x' z='1'>w</x:y>",
        "<dc:creator/>",
        "<pubDate/>",
        "<entry/>",
    ),
    *(
        "<item/>",
        "<item><title>Only</title></item>",
        "<own:title>t</own:title>",
        "<own:a b='c'/>",
        "<rights type='html'>r</rights>",
        "<item rdf:about='x'>",
    ),
]


@settings(max_examples=400, deadline=None)
@given(st.randoms(use_true_random=False))
def test_documents_that_were_cut_up_and_put_together_again_are_read_alike(rng: random.Random) -> None:
    text = rng.choice([WORDPRESS, ATOM])
    for _ in range(rng.randint(1, 4)):
        # Between two tags, so that many stay well-formed; in the middle of anything now and then.
        places = [m.end() for m in re.finditer(r">", text)] if rng.random() < 0.9 else list(range(len(text)))
        at = rng.choice(places)
        match rng.randrange(3):
            case 0:
                text = text[:at] + rng.choice(PIECES) + text[at:]
            case 1:
                elements = [m.span() for m in re.finditer(r"<([\w:]+)(?: [^<>]*)?>[^<>]*</\1>|<[^<>]+/>", text)]
                begin, end = rng.choice(elements)
                text = text[:begin] + text[end:]
            case _:
                elements = [m.span() for m in re.finditer(r"<([\w:]+)(?: [^<>]*)?>[^<>]*</\1>|<[^<>]+/>", text)]
                begin, end = rng.choice(elements)
                text = text[:at] + text[begin:end] + text[at:]
    alike(text)
