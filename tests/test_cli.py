"""The commands as a person or a script meets them: exit codes, one-line errors, and one JSON document where one was asked for."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline import cli, single
from pipeline.errors import UsageError
from tests.web import Site

NOW = datetime(2024, 5, 14, 9, 30, tzinfo=UTC)
PARAGRAPHS = (
    "The Lantern Data Compact was launched on Tuesday by Brakmoor Freight, Ossian Lines and the Port of Vellen, which will share data.",
    "Tilda Mork, who leads Ossian Lines, said the three founding members hoped that others would follow before the year is out.",
    "Quorra Shipping, the largest carrier on the route, is notably absent from the Lantern Data Compact.",
)
TITLE = "Carriers found Lantern Data Compact"
PAGE = (
    f"<html><head><title>{TITLE}</title><meta property='article:published_time' content='2024-03-05T08:00:00Z'></head>"
    f"<body><nav><a href='/'>Home</a></nav><article><h1>{TITLE}</h1>{''.join(f'<p>{p}</p>' for p in PARAGRAPHS)}</article>"
    "<footer>Write to us</footer></body></html>"
)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site() as site:
        site.put("/robots.txt", "User-agent: *\nAllow: /\n", type="text/plain")
        site.put("/a.html", PAGE)
        site.put(
            "/feed.xml",
            f"<?xml version='1.0'?><rss version='2.0'><channel><title>t</title><link>{site.base}/</link><description>d</description>"
            f"<item><title>{TITLE}</title><link>{site.base}/a.html</link><guid>a</guid>"
            "<pubDate>Tue, 05 Mar 2024 08:00:00 GMT</pubDate><description>Short.</description></item></channel></rss>",
            type="application/rss+xml",
        )
        yield site


def configured(folder: Path, *feeds: str, private: bool = True, extra: str = "") -> str:
    text = f'[store]\npath = "store/p.db"\n[fetch]\nallow_private_addresses = {str(private).lower()}\n{extra}\n'
    text += "".join(f'[[feeds]]\nname = "feed {i}"\nurl = "{url}"\n' for i, url in enumerate(feeds))
    path = folder / "p.toml"
    path.write_text(text)
    return str(path)


@pytest.fixture(scope="module")
def read(site: Site, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The configuration of a store that has read the feed once."""
    config = configured(tmp_path_factory.mktemp("read"), site.url("/feed.xml"))
    assert cli.main(["--config", config, "run-once", "--json"]) == cli.DONE
    return config


def document(capsys: pytest.CaptureFixture[str], *args: str, code: int = cli.DONE) -> Any:
    capsys.readouterr()
    assert cli.main(args) == code
    return json.loads(capsys.readouterr().out)


def refused(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str]:
    """Runs a command that shall fail and gives its code and its one line."""
    capsys.readouterr()
    code = cli.main(args)
    said = capsys.readouterr().err
    assert code != cli.DONE and said.count("\n") == 1 and said.startswith("pipeline: "), said
    return code, said


# Moments.


@pytest.mark.parametrize(
    ("words", "moment"),
    [
        ("2024-05-01", "2024-05-01T00:00"),
        ("2024-05", "2024-05-01T00:00"),
        ("2023", "2023-01-01T00:00"),
        ("2024-05-01T10:00:00+02:00", "2024-05-01T08:00"),
        ("2024-05-01 10:00", "2024-05-01T10:00"),
        ("2024-05-01T10:00:00Z", "2024-05-01T10:00"),
        ("7d", "2024-05-07T09:30"),
        ("12h", "2024-05-13T21:30"),
        ("2 w", "2024-04-30T09:30"),
        ("1y", "2023-05-15T09:30"),
        ("now", "2024-05-14T09:30"),
        ("Today", "2024-05-14T00:00"),
        ("yesterday", "2024-05-13T00:00"),
        ("ever", "1970-01-01T00:00"),
        ("3 weeks ago", "2024-04-23T09:30"),
        (" 2 days ago ", "2024-05-12T09:30"),
        ("14 February 2024", "2024-02-14T00:00"),
    ],
)
def test_moments_are_read_as_people_write_them(words: str, moment: str) -> None:
    found = cli.when(words, NOW)
    assert found.isoformat()[:16] == moment and found.tzinfo is UTC


@pytest.mark.parametrize("words", ["", "soon", "2024-13-01", "2024-02-30", "99999y", "7x", "12345", "blåhaj", "5", "05/04/2024"])
def test_what_is_no_moment_is_wrong_usage(words: str) -> None:
    with pytest.raises(UsageError, match="is no moment"):
        cli.when(words, NOW)


# One article.


def test_detect_shows_claims_with_their_words(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    page = tmp_path / "a.txt"
    page.write_text(f"{TITLE}\n\n" + "\n\n".join(PARAGRAPHS))
    claims = document(capsys, "detect", str(page), "--published", "2024-03-05", "--json")["claims"]
    assert claims
    for claim in claims:
        assert set(claim) == {"coalition", "member", "event", "role", "status", "date", "confidence", "evidence"}
        assert claim["evidence"] in page.read_text()
    assert cli.main(["detect", str(page), "--explain"]) == cli.DONE
    assert "Lantern Data Compact" in capsys.readouterr().out


def test_detect_reads_html_as_the_cycle_does(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    page = tmp_path / "a.html"
    page.write_text(PAGE)
    claims = document(capsys, "detect", str(page), "--json")["claims"]
    assert any(c["event"] == "formed" and c["coalition"] == "Lantern Data Compact" for c in claims)


FRAGMENT = "<p>The Lantern Data Compact was launched on Tuesday by Brakmoor Freight.</p><ul><li>Ossian Lines<li>Vellen</ul>"
LONG = "Ossian Lines, which carries a third of all goods on the route, joined the Lantern Data Compact on Monday, its owner said."


@pytest.mark.parametrize(
    ("name", "content", "title", "text"),
    [
        ("a.txt", "Nordix joins\n\nNordix joined on Monday.", "Nordix joins", "Nordix joined on Monday."),
        ("a.txt", f"Nordix joins\n{LONG}\n{LONG}", "Nordix joins", f"{LONG}\n\n{LONG}"),
        ("a.txt", "One joined.\nTwo left.\r\nThree stayed.", "", "One joined.\n\nTwo left.\n\nThree stayed."),
        ("a.txt", FRAGMENT, "", "The Lantern Data Compact was launched on Tuesday by Brakmoor Freight.\n\n• Ossian Lines\n• Vellen"),
        ("a.html", FRAGMENT, "", "The Lantern Data Compact was launched on Tuesday by Brakmoor Freight.\n\n• Ossian Lines\n• Vellen"),
        ("a.txt", "Write to <desk@wire.example> if 3 < 4.", "", "Write to <desk@wire.example> if 3 < 4."),
        ("a.txt", "One line", "", "One line"),
        ("a", "\ufeffOne line", "", "One line"),
    ],
)
def test_files_are_read_as_the_cycle_reads_pages(name: str, content: str, title: str, text: str) -> None:
    article = single.article_of(content.encode(), name, NOW)
    assert (article.title, article.text, article.published) == (title, text, NOW)


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "is empty"), (b" \n", "is empty"), (b"%PDF-1.7 x", "is a PDF"), (b"\x7fELF\2\1\1" + b"\0" * 50, "binary")]
)
@pytest.mark.parametrize("command", ["detect", "parse"])
def test_a_file_that_is_no_text_is_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str, content: bytes, said: str
) -> None:
    (tmp_path / "x").write_bytes(content)
    code, line = refused(capsys, command, str(tmp_path / "x"), "--json")
    assert code == cli.FAILED and said in line and str(tmp_path / "x") in line


def rows_file(folder: Path, *rows: object) -> str:
    path = folder / "rows.jsonl"
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return str(path)


def test_detect_rows_come_in_order_with_literal_evidence(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = "\n\n".join(PARAGRAPHS)
    rows = [
        {"id": "n", "title": "Rain", "text": "It rained in the north.", "published": None, "url": None},
        {"id": 7, "title": TITLE, "text": text, "published": "2024-03-05T08:00:00Z", "url": "https://a.example/1"},
        {"id": "e", "text": ""},
    ]
    assert cli.main(["detect", "--jsonl", rows_file(tmp_path, *rows)]) == cli.DONE
    out = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [r["id"] for r in out] == ["n", 7, "e"]
    assert out[0]["claims"] == out[2]["claims"] == [] and out[1]["claims"]
    assert all(c["evidence"] in f"{TITLE}\n{text}" for c in out[1]["claims"])


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"id": "x", "text": 3}, '"text" must be a text'),
        ({"id": "x"}, '"text" must be a text'),
        ({"text": "x"}, '"id" must be'),
        ({"id": None, "text": "x"}, '"id" must be'),
        ({"id": True, "text": "x"}, '"id" must be'),
        ({"id": "x", "text": "y", "published": "0001-01-01T00:00:00+09:00"}, '"published" is no ISO 8601 time'),
        ({"id": "x", "text": "y", "title": 1}, '"title" must be a text or null'),
        ({"id": "x", "text": "y", "url": []}, '"url" must be a text or null'),
        ({"id": "x", "text": "y", "published": "Tuesday"}, '"published" is no ISO 8601 time'),
        ("[1]", "is no JSON object"),
        ("{", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ('"\udcff"', "is no JSON"),
    ],
)
def test_a_bad_row_is_named_by_its_line(capsys: pytest.CaptureFixture[str], tmp_path: Path, row: object, said: str) -> None:
    path = tmp_path / "rows.jsonl"
    bad = row if isinstance(row, str) else json.dumps(row)
    path.write_bytes(b'{"id": 1, "text": ""}\n\n' + bad.encode("utf-8", "surrogateescape") + b"\n")
    code, line = refused(capsys, "detect", "--jsonl", str(path))
    assert code == cli.WRONG and said in line and "line 3" in line


def test_parse_shows_the_page(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(PAGE)
    shown = document(capsys, "parse", str(page), "--json")
    assert set(shown) == {"title", "text", "published", "author", "site", "url", "language"}
    assert shown["title"] == TITLE and "Quorra Shipping" in shown["text"] and "Write to us" not in shown["text"]
    assert shown["published"].startswith("2024-03-05")
    assert cli.main(["parse", str(page)]) == cli.DONE
    assert "Quorra Shipping" in capsys.readouterr().out


def test_parse_fetches_an_address_under_the_configured_rules(capsys: pytest.CaptureFixture[str], site: Site, tmp_path: Path) -> None:
    allowed = configured(tmp_path, site.url("/feed.xml"))
    assert document(capsys, "--config", allowed, "parse", site.url("/a.html"), "--json")["title"] == TITLE
    assert refused(capsys, "--config", allowed, "parse", site.url("/gone"))[0] == cli.FAILED
    code, said = refused(capsys, "--config", configured(tmp_path, site.url("/feed.xml"), private=False), "parse", site.url("/a.html"))
    assert code == cli.FAILED and "private" in said


@pytest.mark.parametrize("args", [["detect"], ["detect", "--jsonl"], ["parse"]])
def test_a_missing_file_is_wrong_usage(capsys: pytest.CaptureFixture[str], args: list[str]) -> None:
    code, said = refused(capsys, *args, "/nowhere/at/all.txt")
    assert code == cli.WRONG and "/nowhere/at/all.txt" in said


# The store.


def test_run_once_reports_what_the_contract_says(capsys: pytest.CaptureFixture[str], site: Site, tmp_path: Path) -> None:
    config = configured(tmp_path, site.url("/feed.xml"), site.url("/gone.xml"))
    report = document(capsys, "--config", config, "run-once", "--json")
    assert {"run", "feeds", "entries", "articles", "claims", "changes", "alerts"} <= set(report)
    assert report["feeds"]["failed"] == 1 and report["articles"]["parsed"] == 1
    assert any(c["kind"] == "coalition_formed" for c in report["changes"])
    again = document(capsys, "--config", config, "run-once", "--json")
    assert again["changes"] == [] and again["entries"]["new"] == 0


def test_run_once_tells_a_person_what_happened(capsys: pytest.CaptureFixture[str], site: Site, tmp_path: Path) -> None:
    assert cli.main(["--config", configured(tmp_path, site.url("/feed.xml"), site.url("/gone.xml")), "run-once"]) == cli.DONE
    out = capsys.readouterr().out
    assert "Lantern Data Compact" in out and "1 failing" in out and "404" in out


def test_run_once_says_what_to_do_when_every_feed_failed(capsys: pytest.CaptureFixture[str], site: Site, tmp_path: Path) -> None:
    assert cli.main(["--config", configured(tmp_path, site.url("/gone.xml")), "run-once"]) == cli.FAILED
    said = capsys.readouterr().err
    assert "check the network" in said and "pipeline demo" in said and "feed 0" in said and "404" in said
    assert cli.main(["--config", configured(tmp_path, site.url("/feed.xml"), private=False), "run-once", "--json"]) == cli.FAILED
    said = capsys.readouterr().err
    assert "private" in said and "allow_private_addresses" in said


def test_members_changes_and_query(capsys: pytest.CaptureFixture[str], read: str) -> None:
    roster = document(capsys, "--config", read, "members", "lantern data compact", "--json")
    assert roster["coalition"] == "Lantern Data Compact"
    assert "Ossian Lines" in [m["member"] for m in roster["members"]]
    found = document(capsys, "--config", read, "changes", "--json")["changes"]
    assert found and all(c["evidence"] and c["coalition"] == "Lantern Data Compact" for c in found)
    assert document(capsys, "--config", read, "changes", "--since", "now", "--json")["changes"] == []
    assert document(capsys, "--config", read, "query", "SELECT 1 AS one, x'00ff' AS raw, 1e999 AS most", "--json") == [
        {"one": 1, "raw": "00ff", "most": "inf"}
    ]
    for args in (["members", "Lantern Data Compact"], ["changes"], ["query", "SELECT * FROM current_membership"]):
        assert cli.main(["--config", read, *args]) == cli.DONE
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) > 1 and len({line.count("\t") for line in lines}) == 1, "piped rows are tab-separated"


def test_an_unknown_coalition_is_named_with_its_neighbours(capsys: pytest.CaptureFixture[str], read: str) -> None:
    code, said = refused(capsys, "--config", read, "members", "No Such Body")
    assert code == cli.FAILED and "No Such Body" in said and "near" not in said
    assert "Lantern Data Compact" in refused(capsys, "--config", read, "members", "Lantern Compact")[1]
    assert "Lantern Data Compact" in refused(capsys, "--config", read, "members", "Lanterne Data Compac")[1]


def test_members_as_of_a_day_before_the_launch_are_none(capsys: pytest.CaptureFixture[str], read: str) -> None:
    roster = document(capsys, "--config", read, "members", "Lantern Data Compact", "--as-of", "2020-01-01", "--json")
    assert roster["as_of"] == "2020-01-01" and not [m for m in roster["members"] if m["standing"] == "in"]


@pytest.mark.parametrize("form", ["markdown", "html", "text", "json"])
def test_a_digest_in_every_form(capsys: pytest.CaptureFixture[str], read: str, form: str) -> None:
    assert cli.main(["--config", read, "digest", "--since", "2000-01-01", "--format", form]) == cli.DONE
    out = capsys.readouterr().out
    assert "Lantern Data Compact" in out and "was launched on Tuesday by Brakmoor Freight" in out
    assert form != "json" or json.loads(out)["changes"] > 0


def test_a_new_installation_answers_that_there_is_nothing(capsys: pytest.CaptureFixture[str], site: Site, tmp_path: Path) -> None:
    config = configured(tmp_path, site.url("/feed.xml"))
    assert document(capsys, "--config", config, "changes", "--json")["changes"] == []
    assert cli.main(["--config", config, "digest"]) == cli.DONE
    out = capsys.readouterr().out
    assert "Nothing changed" in out and "No feed has been read yet" in out
    assert refused(capsys, "--config", config, "members", "X")[0] == cli.FAILED


@pytest.mark.parametrize("sql", ["CREATE TABLE t (x)", "SELECT 1; SELECT 2", "DELETE FROM changes", "no sql at all", ""])
def test_a_query_that_is_no_single_reading_fails_in_one_line(capsys: pytest.CaptureFixture[str], read: str, sql: str) -> None:
    assert refused(capsys, "--config", read, "query", sql)[0] == cli.FAILED


def test_a_foreign_store_is_left_alone(capsys: pytest.CaptureFixture[str], site: Site, tmp_path: Path) -> None:
    store = tmp_path / "store" / "p.db"
    store.parent.mkdir()
    store.write_bytes(b"somebody's notes, and no database\n" * 50)
    before = store.read_bytes()
    assert refused(capsys, "--config", configured(tmp_path, site.url("/feed.xml")), "run-once")[0] == cli.FAILED
    assert store.read_bytes() == before


# Configuration and usage.


@pytest.mark.parametrize(
    "args",
    [
        ["members", " "],
        ["members", "Lantern Data Compact", "--as-of", ""],
        ["changes", "--since", ""],
        ["digest", "--since", "in 3 days"],
    ],
)
def test_what_a_script_left_empty_is_no_default(capsys: pytest.CaptureFixture[str], read: str, args: list[str]) -> None:
    assert refused(capsys, "--config", read, *args)[0] == cli.WRONG


def test_every_configuration_problem_is_told_on_a_line_of_its_own(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    config = configured(tmp_path, "ftp://example.org/x", extra='max_body_megabytes = "many"\n[alertz]\nx = 1\n')
    assert cli.main(["--config", config, "check-config"]) == cli.WRONG
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) >= 3 and all(line.startswith("pipeline: ") for line in lines)
    assert any("alertz" in line for line in lines) and any("url" in line for line in lines)


def test_a_missing_or_broken_configuration_is_wrong_usage(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, said = refused(capsys, "--config", str(tmp_path / "absent.toml"), "run-once")
    assert code == cli.WRONG and "absent.toml" in said
    (tmp_path / "broken.toml").write_text("[store\npath=")
    assert refused(capsys, "--config", str(tmp_path / "broken.toml"), "check-config")[0] == cli.WRONG


def test_a_good_configuration_is_summed_up(capsys: pytest.CaptureFixture[str], site: Site, tmp_path: Path) -> None:
    assert cli.main(["--config", configured(tmp_path, site.url("/feed.xml")), "check-config"]) == cli.DONE
    out = capsys.readouterr().out
    assert "1 feed," in out and "p.db" in out


@pytest.mark.parametrize("args", [[], ["no-such-command"], ["run-once", "--no-such-flag"], ["digest", "--format", "pdf"], ["members"]])
def test_wrong_usage_is_exit_2(capsys: pytest.CaptureFixture[str], args: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(args)
    assert stopped.value.code == cli.WRONG and "usage: pipeline" in capsys.readouterr().err


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "1e300"])
def test_a_daemon_looks_now_and_then(capsys: pytest.CaptureFixture[str], seconds: str) -> None:
    assert refused(capsys, "daemon", f"--look-every={seconds}")[0] == cli.WRONG


def test_every_command_has_help_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    names = ["run-once", "daemon", "digest", "changes", "members", "query", "detect", "parse", "check-config", "demo"]
    for name in names:
        with pytest.raises(SystemExit) as stopped:
            cli.main([name, "--help"])
        assert stopped.value.code == 0
        assert re.search(rf"Example:\n  pipeline (--config \S+ )?{name}\b", capsys.readouterr().out)


# As a process.


@contextmanager
def started(*args: str, seconds: float = 60, **more: Any) -> Iterator[subprocess.Popen[str]]:
    """A running program; it is killed when it takes longer, so that a test that waits for its words fails and never hangs."""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-m", "pipeline", *args], stdin=pipe, stdout=pipe, stderr=pipe, text=True, **more) as program:
        watchdog = threading.Timer(seconds, program.kill)
        watchdog.start()
        try:
            yield program
        finally:
            watchdog.cancel()
            program.kill()


def test_help_comes_at_once() -> None:
    def seconds() -> float:
        began = os.times()
        subprocess.run([sys.executable, "-m", "pipeline", "--help"], check=True, capture_output=True)
        ended = os.times()
        return ended.children_user - began.children_user + ended.children_system - began.children_system

    # Seconds of computing, and the best of three: another program on the same machine must not decide.
    assert min(seconds() for _ in range(3)) < 0.3


def test_a_reader_that_goes_away_brings_no_traceback(read: str) -> None:
    query = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 90000) SELECT i, 'some words to fill the pipe' FROM n"
    with started("--config", read, "query", query) as program:
        assert program.stdout and program.stderr
        assert program.stdout.readline()
        program.stdout.close()
        assert program.stderr.read() == ""
        assert program.wait() == cli.PIPE_CLOSED


def test_a_reader_that_leaves_the_rows_is_no_wrong_usage(tmp_path: Path) -> None:
    rows = rows_file(tmp_path, *({"id": "x" * 500, "text": ""} for _ in range(2000)))
    with started("detect", "--jsonl", rows) as program:
        assert program.stdout and program.stderr
        program.stdout.readline()
        program.stdout.close()
        assert program.stderr.read() == "" and program.wait() == cli.PIPE_CLOSED


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_the_caller_closed_are_no_error(closed: str) -> None:
    done = subprocess.run(
        f'"{sys.executable}" -m pipeline detect {closed}', shell=True, capture_output=True, text=True, timeout=60, input=""
    )
    assert (done.returncode, done.stdout) == (cli.FAILED, "")
    assert done.stderr == ("" if "2>&-" in closed else "pipeline: standard input: is empty\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_disk_behind_the_output_is_one_line(read: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "pipeline", "--config", read, "digest"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert (
        done.returncode == cli.FAILED and done.stderr.startswith("pipeline: the output cannot be written") and done.stderr.count("\n") == 1
    )


def test_ctrl_c_is_quiet() -> None:
    with started("detect", "--jsonl", "-") as program:
        assert program.stdin and program.stdout
        program.stdin.write('{"id": 1, "text": ""}\n')
        program.stdin.flush()
        assert json.loads(program.stdout.readline()) == {"id": 1, "claims": []}
        program.send_signal(signal.SIGINT)
        _, said = program.communicate()
        assert program.returncode == cli.INTERRUPTED and said == ""


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_the_daemon_reads_what_is_due_and_ends_cleanly(site: Site, tmp_path: Path, stop: signal.Signals) -> None:
    config = configured(tmp_path, site.url("/feed.xml"))
    with started("--config", config, "daemon", "--look-every", "0.2", env={**os.environ, "TZ": "Asia/Tokyo"}) as program:
        assert program.stderr
        lines: list[str] = []
        while len(lines) < 20 and not any("feeds read" in line for line in lines):
            lines.append(program.stderr.readline())
        program.send_signal(stop)
        out, rest = program.communicate()
    assert any("1 feeds read" in line and "1 articles" in line for line in lines), lines
    assert program.returncode == cli.DONE and out == "", rest
    assert rest.rstrip().endswith("stopped") and "Traceback" not in rest + "".join(lines)
    assert all(datetime.fromisoformat(line.split()[0]).tzinfo for line in lines), "each line begins with its moment in UTC"
    assert cli.main(["--config", config, "members", "Lantern Data Compact", "--json"]) == cli.DONE
