"""What is handed to a channel, in every form that one may ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """What to hand over. `name` is stable and tells files apart, `id` is stable and tells messages apart; an empty body is left out.

    `kind` is what it is about ("alert.raised", "alert.updated", "alert.reopened", "notice", "digest", "test"), `thread` the id of the
    message that it follows, and `thread_subject` what that one was called. `document` says the same as plain values. `earlier` is the
    receipt of those who took it at an earlier try.
    """

    name: str
    subject: str
    markdown: str
    html: str = ""
    text: str = ""
    id: str = ""
    kind: str = "alert.raised"
    made: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    thread: str = ""
    thread_subject: str = ""
    severity: str = ""
    document: Mapping[str, Any] = field(default_factory=dict, hash=False)
    earlier: str = ""
