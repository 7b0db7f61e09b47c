"""What is fetched is kept as WARC files and read from them as if it came from the network."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from pipeline.errors import FetchError, Trouble, UsageError
from pipeline.fetch import Fetcher, FetchSettings, Outcome, PageRequest, Unchanged
from pipeline.fetch.archive import Archive, ArchiveSettings, Replay
from pipeline.model import Page
from tests.web import Site

SETTINGS = FetchSettings(allow_private_addresses=True, timeout_seconds=20)


def asked(fetcher: Fetcher | Replay, *requests: PageRequest) -> list[Outcome]:
    found = dict(fetcher.fetch(requests))
    return [found[r] for r in requests]


def test_what_was_fetched_is_read_back_as_it_came(tmp_path: Path) -> None:
    with Site() as site, Archive(ArchiveSettings(tmp_path)) as archive:
        import gzip

        site.put("/a", gzip.compress("<p>Zürich</p>".encode()), headers={"Content-Encoding": "gzip", "ETag": '"1"', "X-Odd": "caf\xe9"})
        site.redirect("/moved", site.url("/a"), 301)
        site.put("/gone", "x", status=410)
        wanted = [PageRequest(site.url(path)) for path in ("/a", "/moved", "/gone")]
        with Fetcher(SETTINGS, archive.keep) as fetcher:
            live = asked(fetcher, *wanted)
            site.put("/a", status=304)
            [same] = asked(fetcher, PageRequest(site.url("/a"), '"1"'))
        assert isinstance(same, Unchanged)
        archive.close()
        [path] = tmp_path.iterdir()
        assert path.name.endswith(".warc.gz")
        with path.open("rb") as file:
            kinds = [record.rec_type for record in ArchiveIterator(file)]
        assert sorted(kinds) == ["request"] * 5 + ["response"] * 4 + ["revisit", "warcinfo"]
        replay = Replay(tmp_path)
        kept = asked(replay, *wanted)
    for before, after in zip(live[:2], kept[:2], strict=True):
        assert isinstance(before, Page) and isinstance(after, Page)
        assert (after.body, after.final_url, after.status, after.moved) == (before.body, before.final_url, 200, before.moved)
        assert after.header("etag") == '"1"' and after.header("content-encoding") == "gzip"
        assert abs(after.fetched - before.fetched) < timedelta(seconds=60)
    assert isinstance(kept[2], FetchError) and kept[2].status == 410
    [unchanged, absent] = asked(replay, PageRequest(wanted[0].url, '"1"'), PageRequest("https://wire.example/never"))
    assert isinstance(unchanged, Unchanged)
    assert isinstance(absent, FetchError) and absent.kind is Trouble.ABSENT


def test_a_file_ends_where_it_has_grown_large_and_a_broken_one_is_read_to_the_break(tmp_path: Path) -> None:
    at = datetime(2024, 3, 5, 8, tzinfo=UTC)
    with Archive(ArchiveSettings(tmp_path, 0.003)) as archive:
        for n in range(4):
            url = f"https://wire.example/{n}"
            archive.keep(PageRequest(url), url, 200, (("content-type", "text/html"),), bytes(range(256)) * 40, at + n * timedelta(days=1))
            archive.keep(PageRequest(url), "https://wire.example/", 200, (), f"day {n}".encode(), at + n * timedelta(days=1))
    paths = sorted(tmp_path.iterdir())
    assert len(paths) > 1
    paths[-1].write_bytes(paths[-1].read_bytes()[:-300])
    replay = Replay(tmp_path)
    assert isinstance(asked(replay, PageRequest("https://wire.example/0"))[0], Page)
    [early] = asked(Replay(tmp_path, at + timedelta(days=1, hours=1)), PageRequest("https://wire.example/"))
    assert isinstance(early, Page) and early.body == b"day 1"


def test_no_folder_no_replay(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder with WARC files"):
        Replay(tmp_path / "none")
