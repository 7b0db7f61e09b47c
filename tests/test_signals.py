"""The commands about being told: `alerts`, `outbox`, `channels` and `rules`, on a real store."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline import cli
from pipeline.errors import DeliveryError
from pipeline.model import AlertRule, Event, Status
from pipeline.store import Store
from pipeline.store.opening import Lock
from tests.shelf import claim
from tests.test_outbox import HOUR, Post, refusing, told
from tests.web import Site

CONFIG = """
[store]
path = "store.db"
[[feeds]]
name = "w"
url = "https://wire.example/feed.xml"
[[channels]]
name = "files"
folder = "told"
[[channels]]
name = "mail"
kind = "webhook"
url = "{hook}"
allow_private_addresses = true
[[digests]]
name = "exits only"
title = "Who went"
cron = "0 8 * * *"
kinds = ["member_left"]
coalitions = ["harbour data COMPACT"]
channels = ["files"]
[[alerts]]
name = "exits"
kinds = ["member_left"]
least_sources = 2
wait_minutes = 60
channels = ["files"]
"""


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture
def config(tmp_path: Path, site: Site) -> str:
    """A store with two alerts, one of them a dead letter, and a configuration of it."""
    path = tmp_path / "p.toml"
    path.write_text(CONFIG.format(hook=site.url("/hook")), encoding="utf-8")
    with Post(AlertRule("all", channels=("mail",)), store=Store.open(tmp_path / "store.db")) as post:
        post.refuse = refusing(DeliveryError("410 Gone", about="mail", transient=False), lambda m: "Altera" in m.subject)
        post.read(told("exits", claim("Altera Lines", Event.LEFT), claim("Norvik Freight", Event.LEFT)))
        post.refuse = refusing(DeliveryError("busy", about="mail"))
        post.read(told("joins", claim("Port of Ghent")), now=post.now + HOUR)
    return str(path)


def said(capsys: pytest.CaptureFixture[str], config: str, *args: str) -> str:
    assert cli.main(["--config", config, *args]) == cli.DONE
    return capsys.readouterr().out


def document(capsys: pytest.CaptureFixture[str], config: str, *args: str) -> Any:
    return json.loads(said(capsys, config, *args, "--json"))


def wrong(capsys: pytest.CaptureFixture[str], config: str, *args: str) -> str:
    assert cli.main(["--config", config, *args]) == cli.WRONG
    return capsys.readouterr().err


def test_alerts_are_listed_shown_and_acted_on(capsys: pytest.CaptureFixture[str], config: str) -> None:
    found = document(capsys, config, "alerts", "--since", "ever")["alerts"]
    assert [(a["member"], a["state"], a["told"], a["waiting"]) for a in found] == [
        ("Altera Lines", "open", [], []),
        ("Norvik Freight", "open", ["mail"], []),
        ("Port of Ghent", "open", [], ["mail"]),
    ]
    id = found[0]["id"]
    assert "is acknowledged now" in said(capsys, config, "alerts", "ack", id[:8], "--by", "ada", "--note", "board told")
    assert "muted now until 2999-01-01" in said(capsys, config, "alerts", "mute", id, "--until", "2999-01-01", "--by", "bob")
    assert "is open now" in said(capsys, config, "alerts", "unmute", id)
    assert document(capsys, config, "alerts", "note", id, "seen \x1b[31m", "--by", "eve")["state"] == "open"
    shown = document(capsys, config, "alerts", "show", id)
    assert [(t["act"], t["by"]) for t in shown["log"]][:3] == [("raised", None), ("acknowledged", "ada"), ("muted", "bob")]
    assert shown["change"]["evidence"][0]["quote"]
    text = said(capsys, config, "alerts", "show", id)
    assert "Altera Lines left" in text and "acknowledged by ada: board told" in text and "\x1b" not in text
    assert [a["id"] for a in document(capsys, config, "alerts", "--since", "ever", "--state", "acknowledged")["alerts"]] == []
    assert "Norvik Freight left" in said(capsys, config, "alerts", "--since", "ever")


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (["alerts", "--state", "angry"], "is no state"),
        (["alerts", "show", "zz"], "no alert of that number"),
        (["alerts", "ack", ""], "no alert of that number"),
        (["alerts", "mute", "ALERT", "--until", "2001-01-01"], "is over"),
        (["alerts", "note", "ALERT", " "], "the note is empty"),
        (["outbox", "replay"], "say which message"),
        (["outbox", "replay", "zz"], "no message of that number was given up"),
        (["channels", "test", "fax"], "there is no channel of that name: files, mail"),
    ],
)
def test_what_cannot_be_done_is_said(capsys: pytest.CaptureFixture[str], config: str, args: list[str], why: str) -> None:
    id = document(capsys, config, "alerts", "--since", "ever")["alerts"][0]["id"]
    assert why in wrong(capsys, config, *(id if a == "ALERT" else a for a in args))


def test_dead_letters_are_seen_and_replayed(capsys: pytest.CaptureFixture[str], config: str, site: Site) -> None:
    site.put("/hook", status=204)
    [dead] = document(capsys, config, "outbox", "dead")["messages"]
    assert (dead["channel"], dead["error"], dead["tries"]) == ("mail", "410 Gone", 1) and "Altera Lines left" in dead["about"]
    [waiting] = document(capsys, config, "outbox")["messages"]
    assert waiting["error"] == "busy" and waiting["waits"] is None and "Port of Ghent joined" in waiting["about"]
    [sent] = document(capsys, config, "outbox", "sent")["messages"]
    assert sent["receipt"] == "taken 1"
    assert document(capsys, config, "outbox", "replay", dead["message"])["replayed"] == [dead["message"]]
    assert document(capsys, config, "outbox", "send") == {"delivered": 2, "failures": []}
    assert [r.headers["webhook-id"] for r in site.asked("/hook")] == [f"msg_{dead['message']}", f"msg_{waiting['message']}"]
    assert "No message was given up." not in said(capsys, config, "outbox", "dead") and "204 No Content" in said(
        capsys, config, "outbox", "sent"
    )
    assert document(capsys, config, "outbox", "replay", "--all") == {"replayed": []}
    rows = document(capsys, config, "channels")["channels"]
    assert [(c["channel"], c["kind"], c["due"], c["delivered"], c["given up"]) for c in rows] == [
        ("files", "file", 0, 0, 0),
        ("mail", "webhook", 0, 3, 0),
    ]


def test_the_list_says_what_a_message_waits_for(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text(CONFIG.format(hook="https://hook.example/"), encoding="utf-8")
    with Post(AlertRule("sure", channels=("mail",), least_sources=2), store=Store.open(tmp_path / "store.db")) as post:
        post.read(told("exit", claim("Altera Lines", Event.LEFT)))
    [waiting] = document(capsys, str(path), "outbox")["messages"]
    assert waiting["waits"] == "waits for 2 independent sources, has 1"
    assert "waits for 2" in said(capsys, str(path), "outbox")


@pytest.mark.parametrize(
    "args",
    [
        ["alerts", "ack", "ALERT"],
        ["alerts", "mute", "ALERT", "--until", "3d"],
        ["alerts", "unmute", "ALERT"],
        ["alerts", "note", "ALERT", "seen"],
        ["outbox", "replay", "--all"],
        ["outbox", "send"],
        ["review", "different", "Norvik Freight", "Altera Lines"],
        ["feeds", "add", "https://other.example/feed.xml", "--unchecked"],
        ["prune", "--older-than", "400d"],
        ["import", "MEMBERS"],
    ],
    ids=lambda args: " ".join(args[:2]),
)
def test_a_command_that_writes_waits_for_another_one_that_does(
    capsys: pytest.CaptureFixture[str], config: str, site: Site, tmp_path: Path, args: list[str]
) -> None:
    site.put("/hook", status=204)
    (tmp_path / "members.csv").write_text("coalition,member\nAmber Pact,Kaspel\n", encoding="utf-8")
    alert = document(capsys, config, "alerts", "--since", "ever")["alerts"][0]["id"]
    args = [{"ALERT": alert, "MEMBERS": str(tmp_path / "members.csv")}.get(a, a) for a in args]
    lock = Lock(tmp_path / "store.db")
    assert cli.main(["--config", config, *args, "--wait", "0"]) == cli.FAILED
    assert "the store is locked" in "".join(capsys.readouterr())
    release = threading.Timer(0.3, lock.release)
    release.start()
    assert cli.main(["--config", config, *args]) == cli.DONE
    release.join()


def test_what_was_dropped_is_listed_with_the_reason(capsys: pytest.CaptureFixture[str], config: str, tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        [waiting] = store.letters(["due"])
        store.drop([waiting.message], "the alert was muted")
    [dropped] = document(capsys, config, "outbox", "dropped")["messages"]
    assert (dropped["state"], dropped["error"]) == ("dropped", "the alert was muted")
    assert "the alert was muted" in said(capsys, config, "outbox", "dropped")


def test_a_channel_is_tested(capsys: pytest.CaptureFixture[str], config: str, site: Site, tmp_path: Path) -> None:
    site.put("/hook", status=204)
    assert "mail: 204 No Content" in said(capsys, config, "channels", "test", "mail")
    body = json.loads(site.asked("/hook")[0].body)
    assert body["type"] == "test" and "A test of the channel mail" in body["data"]["test"]
    assert document(capsys, config, "channels", "test", "files")["channel"] == "files"
    assert "A test of the channel files" in next((tmp_path / "told").glob("*.md")).read_text(encoding="utf-8")
    site.put("/hook", "no", status=500)
    assert cli.main(["--config", config, "channels", "test", "mail"]) == cli.FAILED
    assert "answered 500" in capsys.readouterr().err


def test_a_channel_that_cannot_work_is_told_of_in_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "p.toml"
    path.write_text('feeds = []\n[[channels]]\nname = "hook"\nkind = "webhook"\nurl_env = "HOOK"\n', encoding="utf-8")
    monkeypatch.setenv("HOOK", "https://[s3cret/x")
    assert cli.main(["--config", str(path), "channels", "test", "hook"]) == cli.FAILED
    [line] = capsys.readouterr().err.splitlines()
    assert "hook: its address is none of the web" in line and "HOOK must be like" in line and "s3cret" not in line


def test_rules_say_what_they_would_have_sent(capsys: pytest.CaptureFixture[str], config: str) -> None:
    found = document(capsys, config, "rules", "test", "--since", "ever")["changes"]
    assert [(c["what"], c["rule"], len(c["sends"])) for c in found] == [
        ("Altera Lines left", "exits", 1), ("Norvik Freight left", "exits", 1), ("Port of Ghent joined", None, 0),
    ]  # fmt: skip
    assert "waits for 2 independent sources" in found[0]["waits"]
    assert said(capsys, config, "rules", "test", "--since", "ever").count("no rule") == 1
    assert set(found[0]) == {"change", "coalition", "what", "learned", "rule", "severity", "sends", "waits"}
    assert set(found[0]["sends"][0]) == {"channel", "at", "message", "act", "rule", "sources", "about"}
    [rule] = document(capsys, config, "rules")["rules"]
    assert (rule["rule"], rule["kinds"], rule["least_sources"], rule["wait_minutes"]) == ("exits", ["member_left"], 2, 60)
    assert "until 2 sources, for 60 minutes" in " ".join(said(capsys, config, "rules").split())


def test_what_rules_would_have_sent_is_told_in_the_order_of_time(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    joins = '[[alerts]]\nname = "joins"\nkinds = ["member_joined"]\nleast_sources = 2\nchannels = ["files", "mail"]\n'
    path.write_text(CONFIG.format(hook="https://hook.example/").partition("[[alerts]]")[0] + joins, encoding="utf-8")
    with Post(AlertRule("none", least_confidence=1.0), store=Store.open(tmp_path / "store.db")) as post:
        post.read(told("one", claim("Altera Lines")))
        post.read(told("two", claim("Altera Lines"), day=5))
        post.read(told("denial", claim("Altera Lines", Event.JOINED, status=Status.DENIED), day=6))

    def lines(since: str) -> list[list[str]]:
        shown = said(capsys, str(path), "rules", "test", "--since", since).splitlines()
        return [[row.split("\t")[place] for place in (0, 3, 4)] for row in shown]

    asked = ["when", "rule", "sends"]
    reopened = ["2024-03-11 09:00", "joins", "reopened (Altera Lines joined): files, mail"]
    assert lines("ever") == [
        asked,
        ["2024-03-05 09:00", "joins", "waits for 2 independent sources, has 1"],
        ["2024-03-10 09:00", "joins", "files, mail"],
        reopened,
    ]
    assert lines("2024-03-11") == [asked, reopened]
    joined, denied = document(capsys, str(path), "rules", "test", "--since", "ever")["changes"]
    assert denied["rule"] is None and {s["about"] for s in denied["sends"]} == {joined["change"]}


def test_a_digest_as_an_audience_gets_it(capsys: pytest.CaptureFixture[str], config: str) -> None:
    text = said(capsys, config, "digest", "--since", "ever", "--audience", "exits only")
    assert text.startswith("Who went: ") and "Norvik Freight left" in text and "Port of Ghent" not in text
    assert "there is no audience of that name: exits only" in wrong(capsys, config, "digest", "--audience", "everybody")
