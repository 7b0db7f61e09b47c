"""Whose turn it is, by a clock that is turned by hand: shares of hosts, pauses between requests, and sites that want to be left alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pipeline.errors import FetchError, Trouble
from pipeline.fetch.client import LONGEST_RETRY_AFTER, retry_after
from pipeline.fetch.turns import Batch, Site, Turns
from pipeline.fetch.values import FetchSettings, PageRequest


class Hall:
    """Turns with a clock of their own; `begin` gives the addresses that may begin now, and `at` moves the clock."""

    def __init__(self, *urls: str, **settings: Any) -> None:
        self.now = 100.0
        self.alarms: list[tuple[float, Callable[[], None]]] = []
        self.answered: list[FetchError] = []
        self.running: list[tuple[str, Site]] = []
        given = FetchSettings(**{"concurrency": 10, "per_host": 2, "pause_seconds": 0.0, **settings})
        self.turns: Turns[object] = Turns(given, lambda: self.now, lambda wait, call: self.alarms.append((self.now + wait, call)))
        self.batch: Batch[object] = Batch([PageRequest(u) for u in urls], lambda results: None)
        self.turns.batches.append(self.batch)

    def begin(self) -> list[str]:
        begun = []
        while turn := self.turns.take(lambda: None, lambda batch, request, error: self.answered.append(error)):
            begun.append(turn[1].url)
            self.running.append((turn[1].url, turn[2]))
        return begun

    def end(self, count: int = 1) -> None:
        for _, site in self.running[:count]:
            self.turns.done(site)
        self.batch.open -= count
        del self.running[:count]

    def at(self, seconds: float) -> list[str]:
        self.now = 100.0 + seconds
        due = [call for when, call in self.alarms if when <= self.now]
        self.alarms = [(when, call) for when, call in self.alarms if when > self.now]
        for call in due:
            call()
        return self.begin()


def many(host: str, count: int) -> list[str]:
    return [f"https://{host}/{n}" for n in range(count)]


def test_hosts_take_turns_and_none_has_more_than_its_share() -> None:
    hall = Hall(*many("a.example", 4), *many("b.example", 1), "https://A.example:443/late", "http://a.example/plain")
    assert hall.begin() == ["https://a.example/0", "https://b.example/0", "https://a.example/1"]
    assert hall.begin() == []
    hall.end()
    assert hall.begin() == ["https://a.example/2"]
    hall.end(3)
    assert hall.begin() == ["https://a.example/3", "https://A.example:443/late"]


def test_no_more_than_so_many_at_once_over_all() -> None:
    hall = Hall(*(f"https://h{n}.example/" for n in range(9)), concurrency=4)
    assert len(hall.begin()) == 4
    hall.end(2)
    assert len(hall.begin()) == 2


def test_requests_to_one_host_begin_a_pause_apart_and_this_machine_is_spared() -> None:
    hall = Hall(*many("a.example", 3), *many("127.0.0.1", 2), pause_seconds=0.5)
    assert hall.begin() == ["https://a.example/0", "https://127.0.0.1/0", "https://127.0.0.1/1"]
    assert hall.at(0.4) == []
    assert hall.at(0.5) == ["https://a.example/1"]
    hall.end(4)
    assert hall.at(0.9) == []
    assert hall.at(1.0) == ["https://a.example/2"]


def test_a_site_that_asked_for_it_is_left_alone_and_what_waits_long_is_answered() -> None:
    hall = Hall(*many("a.example", 2), *many("b.example", 1))
    hall.turns.hold({"a.example": 60.0, "b.example": 2.0})
    assert hall.begin() == []
    assert [(e.kind, e.retry_after, e.host) for e in hall.answered] == [(Trouble.HELD, 60.0, "a.example")] * 2
    assert hall.at(1.9) == []
    assert hall.at(2.0) == ["https://b.example/0"]
    assert hall.turns.held("a.example") == 58.0
    hall.turns.hold({})
    assert hall.turns.held("a.example") == 0.0


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        ("0", "", 0.0),
        (" 3600 ", "", 3600.0),
        ("99999999", "", LONGEST_RETRY_AFTER),
        ("-5", "", None),
        ("1.5", "", None),
        ("Tue, 05 Mar 2024 10:00:00 GMT", "Tue, 05 Mar 2024 09:59:00 GMT", 60.0),
        ("Tue, 05 Mar 2024 10:00:00 GMT", "Tue, 05 Mar 2024 11:00:00 GMT", None),
        ("Tue, 05 Mar 2019 10:00:00 GMT", "", None),
        ("٣", "", None),
        ("", "", None),
    ],
)
def test_what_a_server_asks_for(value: str, date: str, seconds: float | None) -> None:
    assert retry_after(value, date) == seconds
