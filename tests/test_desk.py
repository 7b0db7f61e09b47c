"""The signed links in messages, followed: what they show, what they let a person do, and what they refuse."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp.test_utils import TestClient, TestServer
from lxml import html as lxml_html

from pipeline import cli, desk, links
from pipeline.model import AlertRule, Event
from pipeline.rules import DeskSettings
from pipeline.store import Store
from tests.shelf import claim
from tests.test_outbox import Post, told
from tests.test_render import FORBIDDEN, NASTY

KEY = "a key of the desk"
Visit = Callable[[TestClient[Any, Any], str], Awaitable[None]]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[Path, str, str]]:
    """A store with two alerts: its path, and their ids."""
    path = tmp_path / "store.db"
    with Post(AlertRule("all", channels=("mail",)), store=Store.open(path)) as post:
        post.read(told("exits", claim("Altera Lines", Event.LEFT), claim("Norvik Freight", Event.LEFT)))
        one, other = (a.id for a in post.store.alerts())
    yield path, one, other


def address(alert: str, key: str = KEY, at: datetime | None = None) -> str:
    url = urlsplit(links.link(links.Desk("https://desk.example/behind/a/proxy", key), alert, "mail", at or datetime.now(UTC)))
    return f"{url.path}?{url.query}"


def visit(path: Path, visitor: Visit) -> None:
    async def go() -> None:
        async with TestClient(TestServer(desk.application(path, KEY, wait_seconds=0.3))) as client:
            await visitor(client, "")

    asyncio.run(go())


def states(path: Path) -> list[tuple[str, str]]:
    with Store.open(path, read_only=True) as store:
        return [(a.change.member.name, a.state) for a in store.alerts() if a.change.member]


def test_a_link_shows_its_alert_and_acts_on_it(place: tuple[Path, str, str]) -> None:
    path, one, _ = place

    async def go(client: TestClient[Any, Any], _: str) -> None:
        async with client.get(address(one)) as shown:
            page = await shown.text()
            assert shown.status == 200 and "Altera Lines" in page and "Norvik" not in page and "is open" in page
            assert (
                shown.headers["Content-Security-Policy"].startswith("default-src 'none'") and shown.headers["Cache-Control"] == "no-store"
            )
        assert states(path)[0] == ("Altera Lines", "open"), "looking changes nothing"
        async with client.post(address(one), data={"act": "acknowledged", "by": "Ada", "note": "board told"}) as done:
            page = await done.text()
            assert "It is kept that this alert was acknowledged." in page and "acknowledged by Ada, by the link of mail: board told" in page
        async with client.post(address(one), data={"act": "muted", "days": "7"}) as done:
            assert "muted until" in await done.text()
        async with client.post(address(one), data={"act": "noted", "note": " "}) as done:
            assert "The note was empty" in await done.text()

    visit(path, go)
    assert states(path) == [("Altera Lines", "muted"), ("Norvik Freight", "open")]
    with Store.open(path, read_only=True) as store:
        turns = store.turns(one)
        assert [(t.act, t.by) for t in turns[1:]] == [("acknowledged", "Ada, by the link of mail"), ("muted", "a reader of mail")]
        assert turns[2].until and (turns[2].until - turns[2].at).days == 7


def test_a_link_to_a_group_acts_on_all_that_its_message_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "store.db"
    monkeypatch.setenv("DESK_KEY", KEY)
    with Post(AlertRule("all", channels=("mail",), group_minutes=0), store=Store.open(path)) as post:
        asked = replace(post.parts.config, desk=DeskSettings("https://desk.example/", "DESK_KEY"))
        post.parts = replace(post.parts, config=asked)
        now = datetime.now(UTC)
        post.read(told("exits", claim("Altera Lines", Event.LEFT), claim("Norvik Freight", Event.LEFT)), now=now)
        post.read(told("more", claim("Kaspel", Event.LEFT), day=1), now=now)
    url = urlsplit(post.got[0][1].document["link"])
    link = f"{url.path}?{url.query}"
    assert url.path == f"/message/{post.got[0][1].id}" and "Altera" in post.got[0][1].text

    async def go(client: TestClient[Any, Any], _: str) -> None:
        async with client.get(link) as shown:
            page = await shown.text()
            assert shown.status == 200 and "Altera Lines" in page and "Norvik" in page and "Kaspel" not in page and "2 open" in page
        async with client.post(link, data={"act": "acknowledged", "by": "Ada"}) as done:
            page = await done.text()
            assert "these alerts were acknowledged" in page and "acknowledged by Ada, by the link of mail (2 alerts)" in page
        for bad in (link.replace("/message/", "/alert/"), link.replace(post.got[0][1].id, post.got[1][1].id)):
            async with client.get(bad) as answer:
                assert answer.status == 403

    visit(path, go)
    assert states(path) == [("Altera Lines", "acknowledged"), ("Norvik Freight", "acknowledged"), ("Kaspel", "open")]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_not_signed_is_refused(place: tuple[Path, str, str], method: str) -> None:
    path, one, other = place
    good = address(one)
    bad = [
        good.split("?")[0],
        good.replace(one, other),
        good.replace("for=mail", "for=boss"),
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        address(one, key="another key"),
        address(one, at=datetime(2020, 1, 1, tzinfo=UTC)),
        good + "&for=boss",
        good.replace(one, "../../etc/passwd"),
    ]

    async def go(client: TestClient[Any, Any], _: str) -> None:
        for url in bad:
            async with client.request(method, url, data={"act": "muted"} if method == "POST" else None) as answer:
                # A second value of a name is not looked at, so that one link alone stays what it was.
                assert answer.status in ((200,) if url.endswith("&for=boss") else (403, 404)), url

    visit(path, go)
    assert states(path)[1] == ("Norvik Freight", "open")


@pytest.mark.parametrize("form", [{}, {"act": "raised"}, {"act": "reopened"}, {"act": "drop table"}])
def test_what_no_form_says_is_refused(place: tuple[Path, str, str], form: dict[str, str]) -> None:
    async def go(client: TestClient[Any, Any], _: str) -> None:
        async with client.post(address(place[1]), data=form) as answer:
            assert answer.status == 400

    visit(place[0], go)


def test_a_form_waits_for_the_store_and_says_when_it_cannot_have_it(place: tuple[Path, str, str]) -> None:
    path, one, _ = place

    async def go(client: TestClient[Any, Any], _: str) -> None:
        with Store.open(path):
            async with client.post(address(one), data={"act": "acknowledged"}) as answer:
                assert answer.status == 503 and answer.headers["Retry-After"] == "60" and "nothing was kept" in await answer.text()
        async with client.post(address(one), data={"act": "acknowledged"}) as answer:
            assert answer.status == 200

    visit(path, go)


@pytest.mark.parametrize("text", [t for t in NASTY.values() if len(t) < 900], ids=[k for k, t in NASTY.items() if len(t) < 900])
def test_what_people_write_is_only_words(place: tuple[Path, str, str], text: str) -> None:
    path, one, _ = place

    async def go(client: TestClient[Any, Any], _: str) -> None:
        hostile = text.encode("utf-8", "replace").decode()
        async with client.post(address(one), data={"act": "noted", "note": f"x{hostile}", "by": hostile}) as answer:
            page = await answer.text()
        async with client.post(address(one), data={"act": "noted", "note": "x", "by": "Ada"}) as answer:
            plain = await answer.text()
        assert not FORBIDDEN.search(page)
        tags = [[e.tag for e in lxml_html.fromstring(p).iter()] for p in (page, plain)]
        assert [*tags[0], "li"] == tags[1]

    visit(path, go)


def test_there_is_no_desk_without_an_address(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "p.toml"
    least = '[[feeds]]\nname = "w"\nurl = "https://wire.example/feed.xml"\n'
    path.write_text(least)
    assert cli.main(["--config", str(path), "desk"]) == cli.WRONG and "there is no desk" in capsys.readouterr().err
    path.write_text(f'[desk]\naddress = "https://desk.example"\nsecret_env = "DESK_KEY_9"\n{least}')
    assert cli.main(["--config", str(path), "desk", "--listen", "here"]) == cli.WRONG
    assert cli.main(["--config", str(path), "desk"]) == cli.FAILED and "DESK_KEY_9 is not set" in capsys.readouterr().err
