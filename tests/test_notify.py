"""What a channel holds after a message, after the same message again, and after it could not be written."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from pipeline.errors import DeliveryError
from pipeline.model import Channel
from pipeline.notify import Message, deliver


def test_a_message_is_written_in_both_forms(tmp_path: Path) -> None:
    channel = Channel("files", "file", str(tmp_path / "var" / "digests"))
    receipt = deliver(Message("2024-05-14-daily", "Daily", "# Daily\n", "<!doctype html>\n"), channel)
    folder = tmp_path / "var" / "digests"
    assert sorted(p.name for p in folder.iterdir()) == ["2024-05-14-daily.html", "2024-05-14-daily.md"]
    assert (folder / "2024-05-14-daily.md").read_text() == "# Daily\n"
    assert "2024-05-14-daily.md" in receipt and str(folder) in receipt


def test_the_same_message_again_is_written_over_and_not_doubled(tmp_path: Path) -> None:
    channel = Channel("files", "file", str(tmp_path))
    for body in ("one source", "two sources"):
        deliver(Message("ab12", "Alert", body), channel)
    assert [p.name for p in tmp_path.iterdir()] == ["ab12.md"]
    assert (tmp_path / "ab12.md").read_text() == "two sources"


def test_what_a_killed_writer_left_goes_with_the_next_one(tmp_path: Path) -> None:
    (tmp_path / ".ab12.md.part").write_text("half a mess")
    deliver(Message("ab12", "Alert", "whole"), Channel("files", "file", str(tmp_path)))
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("ab12.md", "whole")]


def test_no_link_that_lies_in_the_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    (tmp_path / ".ab12.md.part").symlink_to(tmp_path / "precious")
    with pytest.raises(DeliveryError, match="cannot write to the folder"):
        deliver(Message("ab12", "Alert", "whole"), Channel("files", "file", str(tmp_path)))
    assert (tmp_path / "precious").read_text() == "mine"


@pytest.mark.parametrize("name", ["../../escape", "/etc/passwd", "a/b", "..", "", "x\0y", "a\nb", "ü" * 300, "con: <|>?*"])
def test_no_name_leaves_the_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "in"
    deliver(Message(name, "s", "body"), Channel("files", "file", str(folder)))
    assert [p.parent for p in tmp_path.rglob("*.md")] == [folder]


def test_lone_surrogates_in_a_body_are_written_as_question_marks(tmp_path: Path) -> None:
    deliver(Message("m", "s", "caf\ud800"), Channel("files", "file", str(tmp_path)))
    assert (tmp_path / "m.md").read_text() == "caf?"


def test_a_folder_that_cannot_be_made_is_a_transient_delivery_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")
    with pytest.raises(DeliveryError, match="files: cannot write to the folder") as caught:
        deliver(Message("m", "s", "b"), Channel("files", "file", str(tmp_path / "taken")))
    assert caught.value.transient


def test_an_unknown_kind_is_a_lasting_delivery_error() -> None:
    with pytest.raises(DeliveryError, match="pigeon") as caught:
        deliver(Message("m", "s", "b"), Channel("c", "pigeon", "roof"))
    assert not caught.value.transient


def test_the_log_channel_writes_one_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="pipeline.notify"):
        assert deliver(Message("m", "Norvik joined", "b"), Channel("c", "log", "")) == "logged"
    assert caplog.messages == ["c: Norvik joined"]
