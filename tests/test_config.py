"""The configuration: the least that works, everything at once, and every problem in one report."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from pipeline.config import Config, DigestSettings, load
from pipeline.errors import ConfigError
from pipeline.fetch import FetchSettings, user_agent
from pipeline.fetch.archive import ArchiveSettings
from pipeline.model import AlertRule, ChangeKind, Channel, Feed, Role, RosterRule, Severity, Watched

LEAST = '[[feeds]]\nname = "Harbour wire"\nurl = "https://wire.example/feed.xml"\n'

EVERYTHING = """
[store]
path = "data/history.db"

[fetch]
contact = "mailto:desk@wire.example"
timeout_seconds = 7
max_body_megabytes = 2.5
concurrency = 3
per_host = 1
pause_seconds = 2
proxy = "http://proxy.example:3128"
allow_private_addresses = true

[[feeds]]
name = "Harbour wire"
url = "https://wire.example/feed.xml"
publisher = "Wire"
interval_minutes = 15

[[feeds]]
name = "Tide"
url = "http://[2606:2800::1]:8080/tide?x=%20"

[[watch]]
name = "Harbour Data Compact"
aliases = ["HDC", "the Compact"]
kind = "alliance"

[[channels]]
name = "files"
kind = "file"
folder = "out/digests"

[[alerts]]
name = "exits"
kinds = ["member_left", "leave_announced"]
coalitions = ["Harbour Data Compact"]
members = ["Altera Lines"]
least_confidence = 0.5
least_severity = "high"
channels = ["files"]

[digest]
days = 1
channels = ["files"]
"""


def write(folder: Path, text: str | bytes, name: str = "pipeline.toml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def problems(folder: Path, text: str | bytes) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as raised:
        load(write(folder, text))
    assert "\n" not in str(raised.value) and "pipeline.toml" in str(raised.value)
    return raised.value.problems


def test_the_least_that_works(tmp_path: Path) -> None:
    path = write(tmp_path, LEAST)
    assert load(path) == Config(
        path, tmp_path, tmp_path / "var" / "pipeline.db", FetchSettings(), (Feed("Harbour wire", "https://wire.example/feed.xml"),)
    )


def test_the_example_of_the_contract(tmp_path: Path) -> None:
    text = f'[store]\npath = "{tmp_path}/x/store.db"\n[fetch]\nallow_private_addresses = true\n\n{LEAST}'
    found = load(write(tmp_path, text))
    assert found.store_path == tmp_path / "x" / "store.db" and found.fetch.allow_private_addresses


def test_everything_that_can_be_set(tmp_path: Path) -> None:
    found = load(write(tmp_path, EVERYTHING))
    assert found.store_path == tmp_path / "data" / "history.db"
    assert found.fetch == FetchSettings(user_agent("mailto:desk@wire.example"), 7.0, 2.5, 3, 1, 2.0, True, "http://proxy.example:3128")
    assert found.feeds[0] == Feed("Harbour wire", "https://wire.example/feed.xml", "Wire", 15, adaptive=False)
    assert found.watch == (Watched("Harbour Data Compact", ("HDC", "the Compact"), "alliance"),)
    assert found.channels == (Channel("files", "file", str(tmp_path / "out" / "digests")),)
    assert found.alerts == (
        AlertRule(
            "exits",
            frozenset({ChangeKind.MEMBER_LEFT, ChangeKind.LEAVE_ANNOUNCED}),
            ("Harbour Data Compact",),
            ("Altera Lines",),
            0.5,
            Severity.HIGH,
            ("files",),
        ),
    )
    assert found.digest == DigestSettings(1, ("files",))


def test_an_archive_is_kept_where_it_is_asked_for(tmp_path: Path) -> None:
    assert load(write(tmp_path, LEAST)).archive is None
    found = load(write(tmp_path, "[archive]\nfolder = 'var/warc'\nmegabytes = 50\n" + LEAST))
    assert found.archive == ArchiveSettings(tmp_path / "var" / "warc", 50.0)
    assert problems(tmp_path, "[archive]\n" + LEAST) == ("archive.folder: is missing; it must be a text in quotation marks",)


def test_relative_paths_go_by_the_parent_of_a_folder_called_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, LEAST, "house/config/pipeline.toml")
    monkeypatch.chdir(tmp_path / "house")
    found = load(Path("config/pipeline.toml"))
    assert (found.base, found.store_path) == (tmp_path / "house", tmp_path / "house" / "var" / "pipeline.db")
    linked = tmp_path / "other" / "config" / "pipeline.toml"
    linked.parent.mkdir(parents=True)
    linked.symlink_to(tmp_path / "house" / "config" / "pipeline.toml")
    assert load(linked).base == tmp_path / "other"


def test_a_byte_order_mark_and_the_ends_of_lines_of_windows_are_no_problem(tmp_path: Path) -> None:
    assert load(write(tmp_path, b"\xef\xbb\xbf" + LEAST.replace("\n", "\r\n").encode())).feeds


ROSTER = "[[rosters]]\nname = 'Compact'\nurl = 'https://a.example/members'\ncoalition = 'Harbour Data Compact'\n"


def test_a_roster_and_no_feed_will_do(tmp_path: Path) -> None:
    found = load(write(tmp_path, ROSTER + "selector = '.members li'\nrole = 'observer'\nmost_vanishing = 0.5\ninterval_minutes = 60\n"))
    assert found.feeds == () and found.rosters == (
        RosterRule("Compact", "https://a.example/members", "Harbour Data Compact", ".members li", Role.OBSERVER, 3, 0.5, 60),
    )
    assert load(write(tmp_path, ROSTER)).rosters[0].role is None


ONE_PROBLEM = [
    (
        "[alertz]\nx = 1\n",
        "alertz: unknown key; did you mean 'alerts'? allowed: alerts, archive, channels, daemon, desk, digest, digests, feeds, fetch, "
        "keep, notices, owners, rosters, store, watch",
    ),
    ("[[rosters]]\nname = 'r'\nurl = 'https://a.example'\n", "rosters[0].coalition: is missing; it must be a text in quotation marks"),
    (ROSTER + "selector = 'ul >> li'\n", "rosters[0].selector: 'ul >> li' is no CSS selector: "),
    (ROSTER + "role = 'guest'\n", "rosters[0].role: 'guest' is not allowed; allowed: "),
    (ROSTER + "most_vanishing = 2\n", "rosters[0].most_vanishing: 2 must be a number from 0 to 1"),
    (ROSTER + "least_members = 0\n", "rosters[0].least_members: 0 must be a whole number from 1 to 100000"),
    (ROSTER + "selektor = 'li'\n", "rosters[0].selektor: unknown key; did you mean 'selector'?"),
    ("[store]\npaht = 'x'\n", "store.paht: unknown key; did you mean 'path'? allowed: path"),
    ("[store]\npath = 3\n", "store.path: 3 must be a text in quotation marks"),
    ("[store]\npath = ''\n", "store.path: is empty"),
    ("store = 'x.db'\n", "store: 'x.db' must be a table, written [store]"),
    ("[fetch]\nmax_body_megabytes = 'many'\n", "fetch.max_body_megabytes: 'many' must be a number from 0.01 to 1000"),
    ("[fetch]\nmax_body_megabytes = nan\n", "fetch.max_body_megabytes: nan must be a number from 0.01 to 1000"),
    ("[fetch]\ntimeout_seconds = 0\n", "fetch.timeout_seconds: 0 must be a number from 1 to 600"),
    ("[fetch]\nconcurrency = 2.5\n", "fetch.concurrency: 2.5 must be a whole number from 1 to 100"),
    ('[fetch]\nproxy = "proxy.example"\n', "fetch.proxy: 'proxy.example' is no address of a proxy: it must begin with http:// or https://"),
    ("[fetch]\nper_host = true\n", "fetch.per_host: true must be a whole number from 1 to 1000"),
    ("[fetch]\nallow_private_addresses = 'yes'\n", "fetch.allow_private_addresses: 'yes' must be true or false"),
    ("[fetch]\nallow_private_addresses = 1\n", "fetch.allow_private_addresses: 1 must be true or false"),
    ("[fetch]\ncontact = 'Zoë'\n", "fetch.contact: only plain ASCII characters can be sent in it"),
    ("[fetch]\nuser_agent = ''\n", "fetch.user_agent: is empty"),
    ("[[watch]]\naliases = ['x']\n", "watch[0].name: is missing; it must be a text in quotation marks"),
    ("[[watch]]\nname = 'x'\naliases = 'y'\n", 'watch[0].aliases: \'y\' must be a list of texts, like ["one", "two"]'),
    ("[[watch]]\nname = 'x'\naliases = ['y', 4]\n", "watch[0].aliases[1]: 4 must be a text in quotation marks, and not empty"),
    ("[watch]\nname = 'x'\n", "watch: a table must be a list of tables, each written [[watch]]"),
    ("watch = ['x']\n", "watch[0]: 'x' must be a table, written [[watch]]"),
    ("[[watch]]\nname = 'x'\n[[watch]]\nname = 'x'\n", "watch[1].name: 'x' is taken by watch[0]; every one needs its own"),
    ("[[channels]]\nname = 'f'\n", "channels[0].folder: is missing; it must be a text in quotation marks"),
    (
        "[[channels]]\nname = 'f'\nfolder = 'o'\nkind = 'fax'\n",
        "channels[0].kind: 'fax' is no kind of channel; allowed: apprise, atom, email, file, jsonfeed, log, webhook",
    ),
    (
        "[[alerts]]\nname = 'a'\nkinds = ['member_gone']\n",
        "alerts[0].kinds[0]: 'member_gone' is not allowed; did you mean 'member_joined'?",
    ),
    (
        "[[alerts]]\nname = 'a'\nleast_severity = 'urgent'\n",
        "alerts[0].least_severity: 'urgent' is not allowed; allowed: high, low, normal",
    ),
    ("[[alerts]]\nname = 'a'\nleast_confidence = 70\n", "alerts[0].least_confidence: 70 must be a number from 0 to 1"),
    ("[[alerts]]\nname = 'a'\nchannels = ['fiels']\n", "alerts[0].channels[0]: there is no channel called 'fiels'; none is configured"),
    (
        "[[channels]]\nname='files'\nfolder='o'\n[digest]\nchannels = ['fiels']\n",
        "digest.channels[0]: there is no channel called 'fiels'; did you",
    ),
    (
        "[[channels]]\nname='feed'\nkind='atom'\nfile='a.xml'\n[digest]\nchannels = ['feed']\n",
        "digest.channels[0]: 'feed' is a feed of alerts, which holds no digests; name another channel",
    ),
    (
        "[[channels]]\nname='feed'\nkind='jsonfeed'\nfile='a.json'\n[[digests]]\nname='d'\ncron='0 8 * * *'\nchannels = ['feed']\n",
        "digests[0].channels[0]: 'feed' is a feed of alerts, which holds no digests; name another channel",
    ),
    (
        "[[channels]]\nname='feed'\nkind='atom'\nfile='a.xml'\n[notices]\nchannels = ['feed']\n",
        "notices.channels[0]: 'feed' is a feed of alerts, which holds no notices; name another channel",
    ),
    ("[digest]\ndays = 0\n", "digest.days: 0 must be a whole number from 1 to 366"),
    (
        "[[feeds]]\nname = 'Harbour wire'\nurl = 'https://o.example/'\n",
        "feeds[1].name: 'Harbour wire' is taken by feeds[0]; every one needs its own",
    ),
    (
        "[[feeds]]\nname = 'x'\nurl = 'https://wire.example/feed.xml'\n",
        "feeds[1].url: 'https://wire.example/feed.xml' is taken by feeds[0]",
    ),
    ("[[feeds]]\nname = 'x'\nurl = 2026-08-04\n", "feeds[0].url: 2026-08-04 must be a text in quotation marks"),
    (
        "[[feeds]]\nname = 'x'\nurl = 'https://o.example/'\ninterval = 5\n",
        "feeds[0].interval: unknown key; did you mean 'interval_minutes'?",
    ),
]


@pytest.mark.parametrize(("text", "problem"), ONE_PROBLEM)
def test_problems_name_their_key_and_what_is_allowed(tmp_path: Path, text: str, problem: str) -> None:
    [found] = problems(tmp_path, text + LEAST)
    assert found.startswith(problem)


ADDRESSES = [
    ("ftp://wire.example/x", "must begin with http:// or https://"),
    ("wire.example/feed", "must begin with http:// or https://"),
    ("http:/wire.example", "must begin with http:// or https://"),
    ("javascript:alert(1)", "must begin with http:// or https://"),
    ("https://", "it names no host"),
    ("https:///feed", "it names no host"),
    ("https://wire example/", "there must be no blanks in it"),
    ("https://wire.example:99999/", "Port out of range"),
    ("https://wire.example:0/", "its port is 0"),
    ("https://[::1/", "Invalid IPv6 URL"),
    ("https://300.1.1.1/", "300.1.1.1 is neither a name nor an IP address"),
    ("https://-wire.example/", "-wire.example cannot be the name of a host"),
    ("https://wire..example/", "wire..example cannot be the name of a host"),
]


@pytest.mark.parametrize(("url", "problem"), ADDRESSES)
def test_addresses_of_feeds(tmp_path: Path, url: str, problem: str) -> None:
    [found] = problems(tmp_path, f'[[feeds]]\nname = "x"\nurl = "{url}"\n')
    assert found.startswith(f"feeds[0].url: {url!r} is no address of a feed: ") and problem in found


@pytest.mark.parametrize(
    "url", ["http://localhost/", "https://zürich.example/", "http://127.0.0.1:8000/f", "HTTPS://a_b.example/", "http://x.example./"]
)
def test_addresses_that_are_fine(tmp_path: Path, url: str) -> None:
    assert load(write(tmp_path, f'[[feeds]]\nname = "x"\nurl = "{url}"\n')).feeds[0].url == url


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        '[fetch]\nmax_body_megabytes = "many"\nper_hosts = 2\n[alertz]\nx = 1\n[[feeds]]\nname = "a"\nurl = "ftp://example.org/x"\n'
        '[[feeds]]\nurl = "https://b.example/"\n[[alerts]]\nname = "r"\nchannels = ["nowhere"]\nleast_confidence = "high"\n',
    )
    keys = [problem.partition(":")[0] for problem in found]
    assert sorted(keys) == sorted(
        [
            "fetch.max_body_megabytes",
            "fetch.per_hosts",
            "alertz",
            "feeds[0].url",
            "feeds[1].name",
            "alerts[0].channels[0]",
            "alerts[0].least_confidence",
        ]
    )


def test_there_must_be_a_feed(tmp_path: Path) -> None:
    assert problems(tmp_path, "") == (
        "feeds: there is none; add at least one [[feeds]] table with a name and a url, or write feeds = [] and use `pipeline feeds add`",
    )
    assert load(write(tmp_path, "feeds = []\n")).feeds == ()


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.toml: there is no such file; name another with --config or PIPELINE_CONFIG"):
        load(tmp_path / "absent.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path)
    assert "line 1" in problems(tmp_path, "[store\npath=")[0]
    assert problems(tmp_path, b"[store]\npath = '\xff'\n") == ("line 2 is not UTF-8 text",)
    assert "line 2" in problems(tmp_path, "a = 1\na = 2\n")[0]
    assert "nested" in problems(tmp_path, "a = " + "[" * 100_000)[0]


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("~nobody-is-called-so/p.db", "begins with '~nobody-is-called-so'"),
        (r"a\u0000b.db", "has a NUL character"),
        ("x" * 300, "more than 255 bytes"),
    ],
)
def test_paths_that_name_no_file(tmp_path: Path, path: str, problem: str) -> None:
    [found] = problems(tmp_path, f'[store]\npath = "{path}"\n' + LEAST)
    assert found.startswith("store.path: ") and problem in found


def test_a_path_is_taken_as_it_was_written(tmp_path: Path) -> None:
    assert load(write(tmp_path, '[store]\npath = "two  blanks/p.db"\n' + LEAST)).store_path == tmp_path / "two  blanks" / "p.db"
    with pytest.raises(ConfigError, match="nobody-is-called-so"):
        load(Path("~nobody-is-called-so/p.toml"))


def test_a_channel_into_the_log_has_no_folder(tmp_path: Path) -> None:
    assert load(write(tmp_path, '[[channels]]\nname = "desk"\nkind = "log"\n' + LEAST)).channels == (Channel("desk", "log", ""),)
    [found] = problems(tmp_path, '[[channels]]\nname = "desk"\nkind = "log"\nfolder = "out"\n' + LEAST)
    assert found.startswith("channels[0].folder: unknown key")


def test_folders_and_files_in_each_others_place(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "notes").write_text("x")
    found = problems(tmp_path, "[store]\npath = 'out'\n[[channels]]\nname = 'f'\nfolder = 'notes'\n" + LEAST)
    assert ["is a folder" in found[0], "is a file, not a folder" in found[1], len(found)] == [True, True, 2]


def test_the_configuration_that_comes_with_the_project() -> None:
    path = Path(__file__).parent.parent / "config" / "pipeline.toml"
    found = load(path)
    assert len(found.feeds) >= 20 and found.channels and found.alerts
    assert found.store_path == path.parent.parent / "var" / "pipeline.db"
    names = {name for watched in found.watch for name in (watched.name, *watched.aliases)}
    assert {"AI Alliance", "Frontier Model Forum", "The Frontier Forum"} <= names
    assert any("voluntary" in name.lower() for name in names)
    assert not found.fetch.allow_private_addresses
    tomllib.loads(path.read_text(encoding="utf-8"))
