"""`pipeline feeds` at the command line, against a server on 127.0.0.1: what is listed, added, found, checked, taken in and given out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline import cli
from pipeline.errors import ParseError
from pipeline.feeds import discovery, opml
from pipeline.model import Feed
from tests.test_feeds import ITEM, rss
from tests.web import Site


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


class Desk:
    """A configuration with one feed, and the command that goes by it."""

    def __init__(self, folder: Path, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
        self.path, self.capsys = folder / "pipeline.toml", capsys
        site.put("/feed.xml", rss(ITEM), type="application/rss+xml", headers={"ETag": '"1"'})
        self.path.write_text(
            '[store]\npath = "store.db"\n[fetch]\nallow_private_addresses = true\n'
            f'[[feeds]]\nname = "Wire"\nurl = "{site.url("/feed.xml")}"\n',
            encoding="utf-8",
        )

    def run(self, *words: str, code: int = 0) -> tuple[str, str]:
        assert cli.main(["--config", str(self.path), "feeds", *words]) == code
        said = self.capsys.readouterr()
        return said.out, said.err

    def json(self, *words: str, code: int = 0) -> Any:
        return json.loads(self.run(*words, "--json", code=code)[0])

    def names(self) -> list[tuple[str, bool]]:
        return [(f["name"], f["added"]) for f in self.json("list")["feeds"]]


@pytest.fixture
def desk(tmp_path: Path, site: Site, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, site, capsys)


def test_feeds_are_listed_with_their_state_the_next_due_time_and_its_reason(desk: Desk) -> None:
    [new] = desk.json()["feeds"]
    assert (new["state"], new["next_due"], new["added"]) == ("new", None, False)
    assert cli.main(["--config", str(desk.path), "run-once", "--json"]) == 0
    desk.capsys.readouterr()
    [read] = desk.json("list")["feeds"]
    assert read["state"] == "well" and read["next_due"] and read["why"].startswith("every ") and read["last_read"]
    shown, _ = desk.run()
    assert "Wire" in shown and read["why"] in shown


def test_a_feed_is_added_by_its_address_or_its_site_and_taken_out_again(desk: Desk, site: Site) -> None:
    site.put("/news.xml", rss(ITEM, head="").replace("Harbour wire", "Harbour news"), type="application/rss+xml")
    site.put("/", "<html><head><link rel='alternate' type='application/rss+xml' href='/news.xml' title='x'></head></html>")
    assert desk.json("add", site.url("/"))["added"] == {"name": "Harbour news", "url": site.url("/news.xml")}
    assert desk.names() == [("Harbour news", True), ("Wire", False)]
    _, said = desk.run("add", site.url("/news.xml/"), "--unchecked", code=1)
    assert "is read already, as Harbour news" in said
    _, said = desk.run("remove", "Wire", code=1)
    assert "take it out there" in said and str(desk.path) in said
    assert cli.main(["--config", str(desk.path), "run-once", "--json"]) == 0
    assert json.loads(desk.capsys.readouterr().out)["feeds"]["polled"] == 2
    desk.run("remove", "harbour news")
    assert desk.names() == [("Wire", False)]
    _, said = desk.run("remove", "Harbour", code=1)
    assert "no feed has this name or address" in said


def test_what_is_no_feed_and_what_has_several_is_not_added(desk: Desk, site: Site) -> None:
    site.put("/", "<html><body>Nothing</body></html>")
    _, said = desk.run("add", site.url("/"), code=1)
    assert "is no feed" in said or "is read already" in said  # its usual place is the feed that is configured
    links = "".join(f"<link rel='alternate' type='application/rss+xml' href='/{n}.xml'>" for n in "ab")
    site.put("/two", f"<html><head>{links}</head></html>")
    for n in "ab":
        site.put(f"/{n}.xml", rss(ITEM), type="application/rss+xml")
    _, said = desk.run("add", site.url("/two"), code=1)
    assert "has several feeds, add one of them" in said and site.url("/b.xml") in said
    assert [f["url"] for f in desk.json("discover", site.url("/two"))["feeds"]] == [site.url("/a.xml"), site.url("/b.xml")]
    assert "it must begin with http" in desk.run("add", "ftp://wire.example/x", code=2)[1]
    assert "404" in desk.run("add", site.url("/none"), code=1)[1]


def test_feeds_are_checked_without_keeping_anything(desk: Desk, site: Site) -> None:
    [well] = desk.json("check")["feeds"]
    assert (well["ok"], well["entries"], well["newest"], well["said"]) == (True, 1, "2024-03-05 08:00", "")
    site.put("/feed.xml", "<html></html>")
    [broken] = desk.json("check", "Wire", code=1)["feeds"]
    assert not broken["ok"] and "HTML page" in broken["said"]
    assert desk.json()["feeds"][0]["state"] == "new"


def test_opml_goes_in_and_comes_out(desk: Desk, site: Site, tmp_path: Path) -> None:
    listed = tmp_path / "in.opml"
    listed.write_text(
        f"<?xml version='1.0'?><opml version='1.0'><body><outline text='News & more'><outline type='rss' text='Tide'"
        f" xmlUrl='https://tide.example/f'/><outline text='Wire' xmlUrl='https://other.example/f'/><outline type='rss' text='None'/>"
        f"<outline xmlUrl='{site.url('/feed.xml')}'/></outline></body></opml>",
        encoding="utf-8",
    )
    dry = desk.json("import", str(listed), "--dry-run")
    assert [f["name"] for f in dry["added"]] == ["Tide", "Wire (other.example)"] and len(desk.names()) == 1
    assert [s["why"] for s in dry["skipped"]] == ["has no address of the web", "is read already, as Wire"]
    assert desk.json("import", str(listed))["added"] == dry["added"]
    assert desk.names() == [("Tide", True), ("Wire", False), ("Wire (other.example)", True)]
    feeds, skipped = opml.read(desk.run("export")[0].encode())
    assert skipped == () and [f.name for f in feeds] == ["Tide", "Wire", "Wire (other.example)"]
    desk.run("export", "-o", str(tmp_path / "out.opml"))
    assert opml.read((tmp_path / "out.opml").read_bytes())[0] == feeds
    assert "cannot be read" in desk.run("import", str(tmp_path / "none.opml"), code=2)[1]


@pytest.mark.parametrize("body", [b"", b"{}", b"<rss/>", b"<opml>", b"<!DOCTYPE opml [<!ENTITY a 'x'>]><opml>&a;</opml>"])
def test_what_is_no_list_is_said(body: bytes) -> None:
    with pytest.raises(ParseError):
        opml.read(body)


def test_any_feed_survives_the_way_out_and_in() -> None:
    feeds = (Feed("A & B <c> \"d\" 'é' ☃", "https://a.example/?x=1&y=2"), Feed("two", "https://b.example/"))
    assert [(f.name, f.url) for f in opml.read(opml.write(feeds, "T").encode())[0]] == [(f.name, f.url) for f in feeds]


PAGES = [
    ("<link rel='alternate' type='application/atom+xml' href='a.xml'>", ["https://w.example/n/a.xml"]),
    ("<base href='/x/'><LINK HREF=a.xml TYPE='application/rss+xml; charset=utf-8' REL='alternate feed'>", ["https://w.example/x/a.xml"]),
    ("<link rel=stylesheet type='application/rss+xml' href=a.xml>", []),
    ("<a href='/rss'>RSS</a> <a href='/feedback'>Write to us</a> <a href='/news'>News</a>", ["https://w.example/rss"]),
    (
        "<link rel=alternate type='application/rss+xml' href=/comments/feed title='Comments'><link rel=alternate"
        " type='application/feed+json' href='/feed.json'>",
        ["https://w.example/feed.json", "https://w.example/comments/feed"],
    ),
    ("<link rel=alternate type='application/rss+xml' href='javascript:x'>", []),
]


@pytest.mark.parametrize(("page", "found"), PAGES)
def test_what_a_page_offers(page: str, found: list[str]) -> None:
    assert [o.url for o in discovery.offers(page, "https://w.example/n/")] == found
