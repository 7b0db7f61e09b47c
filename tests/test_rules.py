"""What a person wants to be told, read from a configuration: channels, rules, audiences, the desk; and every mistake in them."""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pipeline.config import Config, load
from pipeline.errors import ConfigError
from pipeline.model import AlertRule, Audience, ChangeKind, Channel, QuietHours, Role, Severity
from pipeline.rules import DeskSettings, last_due

LEAST = '[[feeds]]\nname = "w"\nurl = "https://wire.example/feed.xml"\n'
BERLIN = ZoneInfo("Europe/Berlin")
EVERYTHING = """
[desk]
address = "https://desk.example/alerts"
secret_env = "DESK_KEY"

[[watch]]
name = "Harbour Data Compact"
kind = "alliance"

[[channels]]
name = "mail"
kind = "email"
host = "smtp.example.org"
port = 2525
security = "tls"
username = "desk"
password_env = "SMTP_PASSWORD"
from = "Pipeline <pipeline@example.org>"
to = ["a@example.org", "The desk <b@example.org>"]
list_id = "alerts.example.org"
quiet_hours = "22:00-07:00"
timezone = "Europe/Berlin"

[[channels]]
name = "hook"
kind = "webhook"
url = "https://hooks.example.org/p"
secret_env = "HOOK_SECRET"
allow_private_addresses = true

[[channels]]
name = "secret hook"
kind = "webhook"
url_env = "HOOK_URL"

[[channels]]
name = "chat"
kind = "apprise"
urls_env = "CHAT_URLS"
allow_private_addresses = true

[[channels]]
name = "feed"
kind = "atom"
file = "out/alerts.xml"
title = "Alerts"
url = "https://desk.example/alerts.xml"

[[channels]]
name = "json"
kind = "jsonfeed"
file = "out/alerts.json"

[[channels]]
name = "files"
kind = "file"
folder = "out"
html = true

[[channels]]
name = "log"
kind = "log"

[[alerts]]
name = "exits"
kinds = ["member_left"]
coalition_kinds = ["alliance"]
roles = ["founder"]
least_sources = 2
wait_minutes = 360
group_minutes = 60
quiet_hours = "12:30-13:00"
mute_until = 2025-06-01
timezone = "Europe/Berlin"
updates = false
go_on = true
channels = ["mail"]

[[digests]]
name = "board"
title = "For the board"
cron = "0 8 * * MON-FRI"
timezone = "Europe/Berlin"
kinds = ["member_left"]
coalitions = ["Harbour Data Compact"]
least_severity = "normal"
channels = ["mail", "files"]
"""


def read(folder: Path, text: str) -> Config:
    path = folder / "p.toml"
    path.write_text(text + LEAST, encoding="utf-8")
    return load(path)


def test_everything_that_can_be_asked_for(tmp_path: Path) -> None:
    found = read(tmp_path, EVERYTHING)
    mail, hook, secret, chat, feed, json, files, log = found.channels
    assert mail.quiet == QuietHours(time(22), time(7), BERLIN)
    assert mail.settings == {
        "host": "smtp.example.org",
        "port": 2525,
        "security": "tls",
        "username": "desk",
        "password_env": "SMTP_PASSWORD",
        "from": "Pipeline <pipeline@example.org>",
        "to": ("a@example.org", "The desk <b@example.org>"),
        "list_id": "alerts.example.org",
        "ca_file": "",
    }
    assert (hook.target, hook.settings["secret_env"], hook.settings["allow_private_addresses"]) == (
        "https://hooks.example.org/p",
        "HOOK_SECRET",
        True,
    )
    assert (secret.target, secret.settings["url_env"], chat.settings) == (
        "",
        "HOOK_URL",
        {"urls_env": "CHAT_URLS", "allow_private_addresses": True},
    )
    assert feed == Channel(
        "feed", "atom", str(tmp_path / "out" / "alerts.xml"), settings={"title": "Alerts", "url": "https://desk.example/alerts.xml"}
    )
    assert json.kind == "jsonfeed" and files.settings == {"html": True} and log.target == ""
    assert found.alerts == (
        AlertRule(
            "exits",
            frozenset({ChangeKind.MEMBER_LEFT}),
            channels=("mail",),
            coalition_kinds=frozenset({"alliance"}),
            roles=frozenset({Role.FOUNDER}),
            least_sources=2,
            wait_minutes=360,
            group_minutes=60,
            quiet=QuietHours(time(12, 30), time(13), BERLIN),
            mute_until=datetime(2025, 5, 31, 22, tzinfo=UTC),
            updates=False,
            go_on=True,
        ),
    )
    rule = AlertRule(
        "board",
        frozenset({ChangeKind.MEMBER_LEFT}),
        ("Harbour Data Compact",),
        least_severity=Severity.NORMAL,
        channels=("mail", "files"),
    )
    assert found.audiences == (Audience("board", rule, "0 8 * * MON-FRI", BERLIN, "For the board"),)
    assert found.desk == DeskSettings("https://desk.example/alerts", "DESK_KEY")


MAIL = "[[channels]]\nname = 'm'\nkind = 'email'\nhost = 'h'\nfrom = 'p@a.example'\nto = ['d@a.example']\n"
HOOK = "[[channels]]\nname = 'h'\nkind = 'webhook'\n"
RULE = "[[alerts]]\nname = 'r'\n"
DIGEST = "[[channels]]\nname = 'l'\nkind = 'log'\n[[digests]]\nname = 'd'\nchannels = ['l']\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (MAIL.replace("host = 'h'\n", ""), "channels[0].host: is missing"),
        (MAIL.replace("'d@a.example'", ""), "channels[0].to: there is no address"),
        (MAIL.replace("'d@a.example'", "'desk'"), "channels[0].to: 'desk' is no address of mail"),
        (MAIL.replace("p@a.example", "p@a.example, q@a.example"), "channels[0].from: "),
        (MAIL + "security = 'ssl'\n", "channels[0].security: 'ssl' is no way to keep mail secret"),
        (MAIL + "username = 'u'\n", "channels[0].password_env: is missing"),
        (MAIL + "username = 'u'\npassword_env = 'P'\nsecurity = 'none'\n", "channels[0].security: the password would go over"),
        (MAIL + "password = 'hunter2'\n", "channels[0].password: unknown key"),
        (MAIL + "quiet_hours = '25:00-07:00'\n", "channels[0].quiet_hours: '25:00-07:00' is no time of the day"),
        (MAIL + "quiet_hours = '22-7'\n", "channels[0].quiet_hours: '22-7' is no time of the day"),
        (MAIL + "timezone = 'Mars/Olympus'\n", "channels[0].timezone: 'Mars/Olympus' is no time zone"),
        (MAIL + "timezone = '../../etc/passwd'\n", "channels[0].timezone: '../../etc/passwd' is no time zone"),
        (HOOK, "channels[0].url: is missing"),
        (HOOK + "url = 'ftp://a.example'\n", "channels[0].url: 'ftp://a.example'"),
        (HOOK + "url = 'https://a.example'\nurl_env = 'U'\n", "channels[0].url: there is a url_env as well"),
        (HOOK + "url_env = 'https://a.example/s3cret'\n", "channels[0].url_env: names an environment variable"),
        ("[[channels]]\nname = 'a'\nkind = 'apprise'\n", "channels[0].urls_env: is missing"),
        ("[[channels]]\nname = 'a'\nkind = 'atom'\n", "channels[0].file: is missing"),
        ("[[channels]]\nname = 'a'\nkind = 'atom'\nfile = '.'\n", "channels[0].file: "),
        (RULE + "least_sources = 0\n", "alerts[0].least_sources: 0 must be"),
        (RULE + "wait_minutes = 10\n", "alerts[0].wait_minutes: there is nothing to wait for"),
        (RULE + "group_minutes = 'day'\n", "alerts[0].group_minutes: 'day' must be"),
        (RULE + "mute_until = '2025-06-01'\n", "alerts[0].mute_until: '2025-06-01' must be a day"),
        (RULE + "mute_until = true\n", "alerts[0].mute_until: true must be a day"),
        (RULE + "roles = ['guest']\n", "alerts[0].roles[0]: 'guest' is not allowed"),
        (RULE + "coalition_kinds = ['cartel']\n", "alerts[0].coalition_kinds[0]: there is no kind on the watch list called 'cartel'"),
        (DIGEST, "digests[0].cron: is missing"),
        (DIGEST + "cron = '0 25 * * *'\n", "digests[0].cron: '0 25 * * *' is no cron expression"),
        (DIGEST + "cron = 'daily'\n", "digests[0].cron: 'daily' is no cron expression"),
        (DIGEST + "cron = '0 8 30 2 *'\n", "digests[0].cron: '0 8 30 2 *' is no cron expression"),
        (DIGEST.replace("channels = ['l']", "channels = []") + "cron = '0 8 * * *'\n", "digests[0].channels: there is none"),
        ("[desk]\naddress = 'https://d.example'\n", "desk.secret_env: is missing"),
    ],
)
def test_mistakes_are_told_with_their_key(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert len(caught.value.problems) == 1 and caught.value.problems[0].startswith(problem)
    assert "s3cret" not in str(caught.value)


def audience(cron: str, zone: str = "Europe/Berlin") -> Audience:
    return Audience("d", AlertRule("d"), cron, ZoneInfo(zone))


@pytest.mark.parametrize(
    ("cron", "now", "last", "before"),
    [
        ("0 8 * * *", "2025-05-14 06:00", "2025-05-14 06:00", "2025-05-13 06:00"),
        ("0 8 * * *", "2025-05-14 05:59", "2025-05-13 06:00", "2025-05-12 06:00"),
        ("0 8 * * *", "2025-05-14 06:00:59", "2025-05-14 06:00", "2025-05-13 06:00"),
        ("0 8 * * 1-5", "2025-05-12 05:00", "2025-05-09 06:00", "2025-05-08 06:00"),  # a Monday before eight: Friday's was the last
        ("0 8 * * 0", "2025-05-14 12:00", "2025-05-11 06:00", "2025-05-04 06:00"),  # 0 is Sunday, as in cron(8)
        # Clocks go from 02:00 to 03:00 on 30 March 2025, and back from 03:00 to 02:00 on 26 October.
        ("0 8 * * *", "2025-03-30 12:00", "2025-03-30 06:00", "2025-03-29 07:00"),
        ("0 8 * * *", "2025-10-26 12:00", "2025-10-26 07:00", "2025-10-25 06:00"),
    ],
)
def test_when_a_digest_is_asked_for(cron: str, now: str, last: str, before: str) -> None:
    at, one, two = (datetime.fromisoformat(t).replace(tzinfo=UTC) for t in (now, last, before))
    assert last_due(audience(cron), at) == (one, two)


@pytest.mark.parametrize(("cron", "day"), [("30 2 * * *", 30), ("30 2 * * *", 26)])
def test_an_hour_that_does_not_exist_or_comes_twice_is_one_digest(cron: str, day: int) -> None:
    month = 3 if day == 30 else 10
    moments = {
        last_due(audience(cron), datetime(2025, month, day, hour, minute, tzinfo=UTC)) for hour in range(3, 12) for minute in (0, 30)
    }
    assert len(moments) == 1
