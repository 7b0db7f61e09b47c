"""What a channel sends over the wire, what it makes of each answer, and that nothing hostile gets out of its place there."""

from __future__ import annotations

import gc
import json
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt

from pipeline import letters, templates
from pipeline.errors import DeliveryError
from pipeline.model import Act, Alert, Channel, Severity
from pipeline.notify import Message, deliver
from pipeline.notify.mail import compose
from pipeline.notify.webhook import sign
from tests.made import change, words
from tests.sinks import MailSink
from tests.test_render import FORBIDDEN, NASTY
from tests.web import Answer, Asked, Site

MADE = datetime(2025, 5, 14, 8, tzinfo=UTC)
SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


def message(subject: str = "high: Harbour Compact: Norvik left", **more: Any) -> Message:
    given: dict[str, Any] = {"text": "Norvik left.\n", "html": "<!doctype html><p>Norvik left.", "id": "ab12", "made": MADE}
    return Message("2025-05-14-ab12", subject, "# Norvik left\n", **given | {"document": {"alerts": []}} | more)


# Mail.


@pytest.fixture
def sink() -> Iterator[MailSink]:
    with MailSink() as sink:
        yield sink


def mail_channel(sink: MailSink, **more: Any) -> Channel:
    settings = {"host": "127.0.0.1", "port": sink.port, "security": "none", "from": "Pipeline <pipeline@desk.example>"}
    return Channel("Desk mail", "email", "", settings={**settings, "to": ("a@desk.example", "b@desk.example"), **more})


def test_a_mail_has_both_parts_and_the_headers_that_sort_and_thread_it(sink: MailSink) -> None:
    assert deliver(message(), mail_channel(sink)) == "taken by 127.0.0.1: a@desk.example b@desk.example"
    deliver(message(id="cd34", thread="ab12", thread_subject="high: Harbour Compact: Norvik left"), mail_channel(sink))
    first, reply = sink.taken
    assert first.to == ("a@desk.example", "b@desk.example") and first.text.strip() == "Norvik left." and "<p>Norvik left." in first.html
    assert first.mail["Message-ID"] == "<ab12@desk.example>" and first.mail["In-Reply-To"] is None
    assert first.mail["List-Id"] == '"Desk mail" <desk-mail.pipeline.desk.example>' and first.mail["Auto-Submitted"] == "auto-generated"
    assert first.mail["Date"].datetime == MADE and first.mail["Subject"] == "high: Harbour Compact: Norvik left"
    assert reply.mail["In-Reply-To"] == reply.mail["References"] == "<ab12@desk.example>"
    assert reply.mail["Subject"] == "Re: high: Harbour Compact: Norvik left" and reply.mail["Message-ID"] == "<cd34@desk.example>"


def test_mail_goes_over_tls_with_a_password_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_PASSWORD", "sesame-open")
    with MailSink(tls=tmp_path, password="sesame-open") as sink:
        secure = {"security": "starttls", "username": "desk", "password_env": "DESK_PASSWORD", "ca_file": str(sink.certificate)}
        assert deliver(message(), mail_channel(sink, **secure)).startswith("taken")
        with pytest.raises(DeliveryError, match="certificate") as caught:
            deliver(message(), mail_channel(sink, **secure | {"ca_file": ""}))
        assert caught.value.transient
        monkeypatch.setenv("DESK_PASSWORD", "wrong-password")
        with pytest.raises(DeliveryError, match="535") as caught:
            deliver(message(), mail_channel(sink, **secure))
        assert caught.value.transient and "wrong-password" not in str(caught.value)
        monkeypatch.delenv("DESK_PASSWORD")
        with pytest.raises(DeliveryError, match="DESK_PASSWORD is not set"):
            deliver(message(), mail_channel(sink, **secure))


@pytest.mark.parametrize("way", ["PLAIN", "LOGIN"])
def test_a_password_may_be_of_any_characters(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_PASSWORD", "pässwörd1")
    with MailSink(tls=tmp_path, password="pässwörd1", ways=[way]) as sink:
        secure = {"security": "starttls", "username": "désk", "password_env": "DESK_PASSWORD", "ca_file": str(sink.certificate)}
        assert deliver(message(), mail_channel(sink, **secure)).startswith("taken")
        monkeypatch.setenv("DESK_PASSWORD", "falsch-ö")
        with pytest.raises(DeliveryError, match="535") as caught:
            deliver(message(), mail_channel(sink, **secure))
        assert caught.value.transient and "falsch" not in str(caught.value)


def test_a_server_that_takes_no_such_password_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_PASSWORD", "pässwörd1")
    with MailSink(tls=tmp_path, password="pässwörd1", ways=[]) as sink:
        secure = {"security": "starttls", "username": "desk", "password_env": "DESK_PASSWORD", "ca_file": str(sink.certificate)}
        with pytest.raises(DeliveryError, match="not ASCII needs AUTH PLAIN or LOGIN") as caught:
            deliver(message(), mail_channel(sink, **secure))
        assert caught.value.transient


@pytest.mark.parametrize("host", ["mail..example", f"{'a' * 70}.example"])
def test_a_host_that_nothing_can_be_called_is_told_of(sink: MailSink, host: str) -> None:
    with pytest.raises(DeliveryError, match="check its host") as caught:
        deliver(message(), mail_channel(sink, host=host))
    assert caught.value.transient


def test_authorities_are_read_anew_when_they_change(tmp_path: Path) -> None:
    for _ in range(2):
        with MailSink(tls=tmp_path) as sink:  # each has an authority of its own, in the same file
            assert deliver(message(), mail_channel(sink, security="starttls", ca_file=str(sink.certificate))).startswith("taken")


def test_a_server_without_tls_gets_nothing_where_tls_is_asked(sink: MailSink) -> None:
    with pytest.raises(DeliveryError, match="STARTTLS"):
        deliver(message(), mail_channel(sink, security="starttls"))
    assert sink.taken == []


@pytest.mark.parametrize(
    ("answer", "at", "transient"),
    [
        ("451 try again later", "DATA", True),
        ("554 no", "DATA", False),
        ("450 greylisted", "", True),
        ("550 no such user", "", False),
    ],
)
def test_what_a_mail_server_refuses(sink: MailSink, answer: str, at: str, transient: bool) -> None:
    sink.answers = lambda about: answer if not at or about == at else "250 OK"
    with pytest.raises(DeliveryError, match=answer.split()[0]) as caught:
        deliver(message(), mail_channel(sink))
    assert caught.value.transient is transient


def test_who_has_a_mail_already_does_not_get_it_again(sink: MailSink) -> None:
    sink.answers = lambda about: "450 greylisted" if about.startswith("b@") else "250 OK"
    with pytest.raises(DeliveryError, match=re.escape("b@desk.example was refused: 450")) as caught:
        deliver(message(), mail_channel(sink))
    assert caught.value.taken == "a@desk.example" and caught.value.transient
    sink.answers = lambda about: "250 OK"
    deliver(message(earlier=caught.value.taken), mail_channel(sink))
    assert [t.to for t in sink.taken] == [("a@desk.example",), ("b@desk.example",)]


def test_a_mail_server_that_is_down_is_tried_again(sink: MailSink) -> None:
    with pytest.raises(DeliveryError) as caught:
        deliver(message(), mail_channel(sink, port=1))
    assert caught.value.transient


@pytest.mark.parametrize("text", [t for t in NASTY.values() if len(t) < 10_000], ids=[k for k, t in NASTY.items() if len(t) < 10_000])
def test_no_header_of_theirs_gets_into_a_mail(sink: MailSink, text: str) -> None:
    hostile = text + "\r\nBcc: everybody@evil.example\r\n\r\nbody"
    deliver(message(hostile, text=hostile, thread="x", thread_subject=hostile), mail_channel(sink))
    [taken] = sink.taken
    expected = compose(message(thread="x", thread_subject="s"), mail_channel(sink))
    assert sorted(k.lower() for k in taken.mail if k.lower() != "x-peer") == sorted(k.lower() for k in expected)
    assert taken.to == ("a@desk.example", "b@desk.example")
    assert all(len(line) <= 998 for line in taken.raw.split(b"\r\n"))


# Webhooks.


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


def hook(url: str, **more: Any) -> Channel:
    return Channel("hook", "webhook", url, settings={"allow_private_addresses": True, **more})


def test_a_webhook_is_signed_and_has_an_id_that_stays(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", f"{SECRET} whsec_{'QUJD' * 8}")
    url = site.put("/hook", status=204)
    for _ in range(2):
        assert (
            deliver(message(document={"alerts": [{"id": "x", "subject": "Café"}]}), hook(url, secret_env="HOOK_SECRET")) == "204 No Content"
        )
    one, two = site.asked("/hook")
    assert one.headers["webhook-id"] == two.headers["webhook-id"] == "msg_ab12" and one.body == two.body
    said = json.loads(one.body)
    assert (said["type"], said["timestamp"], said["data"]["alerts"][0]["subject"]) == ("alert.raised", "2025-05-14T08:00:00+00:00", "Café")
    at = int(one.headers["webhook-timestamp"])
    assert abs(at - datetime.now(UTC).timestamp()) < 60
    signatures = one.headers["webhook-signature"].split()
    assert signatures == [sign(key, "msg_ab12", at, one.body) for key in (SECRET, f"whsec_{'QUJD' * 8}")]


@pytest.mark.parametrize(
    ("status", "retry_after", "transient", "seconds"),
    [
        (429, "120", True, 120),
        (503, "7", True, 7),
        (503, "Fri, 31 Dec 1999 23:59:59 GMT", True, None),
        (503, "soon", True, None),
        (500, "", True, None),
        (404, "", True, None),
        (403, "", True, None),
        (400, "", False, None),
        (410, "", False, None),
        (413, "", False, None),
        (302, "", False, None),
    ],
)
def test_what_a_webhook_answers(site: Site, status: int, retry_after: str, transient: bool, seconds: float | None) -> None:
    headers = {"Retry-After": retry_after} if retry_after else {}
    url = site.put("/hook", "not now", status=status, headers={**headers, "Location": site.url("/elsewhere")})
    with pytest.raises(DeliveryError, match=f"127.0.0.1 answered {status}") as caught:
        deliver(message(), hook(url))
    assert (caught.value.transient, caught.value.retry_seconds) == (transient, seconds)
    assert site.asked("/elsewhere") == []


def test_a_webhook_on_a_private_network_is_refused_unless_it_is_allowed(site: Site) -> None:
    url = site.put("/hook")
    with pytest.raises(DeliveryError, match="private") as caught:
        deliver(message(), Channel("hook", "webhook", url))
    assert not caught.value.transient and site.requests == []
    with pytest.raises(DeliveryError, match="private"):
        deliver(message(), Channel("hook", "webhook", url.replace("127.0.0.1", "localhost")))


def test_an_address_that_is_a_secret_stands_in_no_error(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HOOK_URL", site.put("/services/T0KEN99/s3cretpath", "no T0KEN99 is known", status=500))
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    with caplog.at_level(logging.DEBUG), pytest.raises(DeliveryError) as caught:
        deliver(message(), hook("", url_env="HOOK_URL", secret_env="HOOK_SECRET"))
    assert "T0KEN99" not in str(caught.value) + caplog.text and "s3cretpath" not in str(caught.value) + caplog.text
    monkeypatch.setenv("HOOK_SECRET", "not base64!")
    with pytest.raises(DeliveryError, match="base64") as caught:
        deliver(message(), hook("", url_env="HOOK_URL", secret_env="HOOK_SECRET"))
    assert "not base64!" not in str(caught.value)


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_a_webhook_says_the_very_words_and_shows_no_control(text: str, site: Site) -> None:
    deliver(message(document={"alerts": [{"subject": text}]}), hook(site.put("/hook")))
    [asked] = site.asked("/hook")
    assert not FORBIDDEN.search(asked.body.decode()) and json.loads(asked.body)["data"]["alerts"][0]["subject"] == text


@pytest.mark.parametrize(
    "url", ["http://[bad/s3cret", "https://h.example:x/s3cret", "http://127.0.0.1:99999/s3cret", "ftp://h.example/s3cret", "s3cret"]
)
def test_an_address_that_is_none_is_told_of_in_a_line(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_URL", url)
    with pytest.raises(DeliveryError, match="environment variable HOOK_URL must be like https://") as caught:
        deliver(message(), hook("", url_env="HOOK_URL"))
    assert caught.value.transient and "s3cret" not in str(caught.value)


def test_a_secret_that_is_not_ascii_is_told_of(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", "whsec_schlüssel")
    with pytest.raises(DeliveryError, match="is not base64: make one with") as caught:
        deliver(message(), hook(site.put("/hook"), secret_env="HOOK_SECRET"))
    assert "schlüssel" not in str(caught.value)


def test_a_webhook_that_breaks_off_is_tried_again(site: Site) -> None:
    def breaking(asked: Asked) -> Answer:
        raise ConnectionAbortedError

    with pytest.raises(DeliveryError) as caught:
        deliver(message(), hook(site.on("/hook", breaking)))
    assert caught.value.transient


# Apprise.


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # its own modules import what Python lets go
def test_apprise_asks_only_the_service_that_failed_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("apprise")
    site.put("/good", "ok")
    site.put("/bad", "no", status=500)
    base = site.base.removeprefix("http://")
    monkeypatch.setenv("SERVICES", f"json://{base}/good json://{base}/bad?token=s3cr3t")
    channel = Channel("chat", "apprise", "", settings={"urls_env": "SERVICES", "allow_private_addresses": True})
    with pytest.raises(DeliveryError) as caught:
        deliver(message("high: <!channel> @everyone", text="see https://a.example/@b"), channel)
    assert caught.value.transient and caught.value.taken and "s3cr3t" not in str(caught.value)
    site.put("/bad", "ok")
    deliver(message(earlier=caught.value.taken), channel)
    assert (len(site.asked("/good")), len(site.asked("/bad"))) == (1, 2)
    said = site.asked("/good")[0].body.decode()
    assert "@everyone" not in json.loads(said)["title"] and "see https://a.example/%40b" in said


HOSTILE = {
    **NASTY,
    "link with a pretty text": "[Your bank](https://evil.example/login) ![p](https://evil.example/p.png) [Your bank] (https://evil.example)",
    "mention in an address": "https://x.example/<!channel> https://@everyone https://x.example/@here/@room https://x.example/<@U123>",
    "markup in an address": "https://x.example/_it_/__bold__/*it*/**bold**/~~gone~~/`code`/[x](y)/||hidden||",
    "mentions": "@everyone @channel @all <!here|here> <@123> <@&456> <#789> <https://evil.example|Your bank>",
    "headings": "## Heading\n### Another ##\n-# small",
    "hidden": "||hidden|| >!hidden!< ~~gone~~ ~gone~",
}
OWN = "https://wire.example/@desk/a_b*c/~d?e=f@g"
CHATS = {
    "json": ("json://{}/chat", "title", "message"),
    "ntfy": ("ntfy://{}/topic", "title", "message"),
    "mattermost": ("mmost://{}/3ccdd113474722377935511fc85d3dd4", "text", "text"),
    "rocket chat": ("rocket://3ccdd113474722377935511fc85d3dd4/abcabc3ccdd113474722377935511fc85d3dd4@{}/#general", "text", "text"),
}
"""The services of Apprise whose host can be told, and where title and text stand in what they post."""


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_nothing_that_a_chat_obeys_gets_into_it(text: str, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("apprise")
    reader = MarkdownIt("gfm-like", {"html": True, "linkify": False})

    def posted(words: str) -> list[str]:
        letter = letter_about(words, OWN)
        site.requests.clear()
        deliver(message(letter.subject, text=letter.text), Channel("chat", "apprise", "", settings=settings))
        said = [json.loads(asked.body) for asked in site.requests]
        assert len(said) == len(CHATS)
        return ["\n".join(dict.fromkeys((one[title], one[body]))) for one, (_, title, body) in zip(said, CHATS.values(), strict=True)]

    settings = {"urls_env": "SERVICES", "allow_private_addresses": True}
    monkeypatch.setenv("SERVICES", " ".join(url.format(site.base.removeprefix("http://")) for url, _, _ in CHATS.values()))
    monkeypatch.setattr(site, "answer", lambda asked: Answer(b"ok"))
    for said, harmless in zip(posted(text), posted("Norvik"), strict=True):
        said = said.replace("\r\n", "\n")
        assert not FORBIDDEN.search(said) and not set(said) & set("@<>[]`|*_\\~")
        assert re.search(r"^ +https://wire\.example/%40desk/a%5Fb%2Ac/%7Ed\?e=f%40g$", said, re.MULTILINE), "our own link works"
        tokens = reader.parse(said)
        kinds = {t.type for t in tokens} | {c.type for t in tokens for c in t.children or ()}
        assert not kinds & {"link_open", "image", "em_open", "strong_open", "s_open", "code_inline", "html_inline", "fence", "table_open"}
        headings = sum(t.type == "heading_open" for t in tokens)
        assert headings <= sum(t.type == "heading_open" for t in reader.parse(harmless.replace("\r\n", "\n")))
        assert all(unquote(there) == OWN for there in re.findall(r"https://wire\.example\S+", said))


def letter_about(text: str, url: str) -> letters.Letter:
    told = change("member_left", text, words(text, url=url, publisher=text), coalition=text)  # type: ignore[arg-type]
    alert = letters.ToldAlert(Alert(told.id, "r", Severity.HIGH), told, Act.RAISED, None, 1, MADE)
    return letters.alert_letter([alert], templates.read("digest.html"), None, "chat", {"text"})


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433"])
def test_apprise_connects_to_no_private_network_unless_it_is_allowed(host: str, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("apprise")
    site.put("/chat", "ok")
    port = site.base.rpartition(":")[2]
    monkeypatch.setenv("SERVICES", f"json://{host}:{port}/chat")
    with pytest.raises(DeliveryError, match="allow_private_addresses = true") as caught:
        deliver(message(), Channel("chat", "apprise", "", settings={"urls_env": "SERVICES"}))
    assert not caught.value.transient and site.asked("/chat") == []
    deliver(message(), Channel("chat", "apprise", "", settings={"urls_env": "SERVICES", "allow_private_addresses": True}))
    assert len(site.asked("/chat")) == 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("url", ["json://{}/latest", "rsyslog://{}", "mailto://a:b@desk.example?smtp={}&mode=insecure"])
def test_apprise_never_reaches_what_clouds_keep_to_themselves(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("apprise")
    monkeypatch.setenv("SERVICES", url.format("169.254.169.254"))
    with pytest.raises(DeliveryError, match="never fetched"):
        deliver(message(), Channel("chat", "apprise", "", settings={"urls_env": "SERVICES", "allow_private_addresses": True}))
    gc.collect()  # a service leaves its socket open where it raises


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_service_that_fails_over_a_message_does_not_keep_it_from_the_others(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("apprise")
    from apprise.plugins.custom_xml import NotifyXML

    def fail(self: NotifyXML, **message: Any) -> bool:
        raise KeyError("s3cr3t")

    monkeypatch.setattr(NotifyXML, "send", fail)
    site.put("/good", "ok")
    base = site.base.removeprefix("http://")
    monkeypatch.setenv("SERVICES", f"xml://{base}/s3cr3t json://{base}/good")
    channel = Channel("chat", "apprise", "", settings={"urls_env": "SERVICES", "allow_private_addresses": True})
    with pytest.raises(DeliveryError, match=re.escape("xml: Apprise failed over it (KeyError")) as caught:
        deliver(message(), channel)
    assert caught.value.transient and caught.value.taken and "s3cr3t" not in str(caught.value)
    assert len(site.asked("/good")) == 1


def test_without_apprise_the_advice_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "apprise", None)
    with pytest.raises(DeliveryError, match=re.escape("pip install -e '.[apprise]' in a clone")):
        deliver(message(), Channel("chat", "apprise", "", settings={"urls_env": "SERVICES"}))


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_nothing_that_a_log_obeys_gets_into_it(text: str, caplog: pytest.LogCaptureFixture) -> None:
    told = change("member_left", text, words(text), coalition=text)  # type: ignore[arg-type]
    subject = letters.subject(Alert(told.id, "r", Severity.HIGH), told)
    with caplog.at_level(logging.INFO, logger="pipeline.notify"):
        deliver(message(subject), Channel("log", "log", ""))
    assert not FORBIDDEN.search(caplog.messages[0]) and "\n" not in caplog.messages[0] and len(caplog.messages[0]) < 300
