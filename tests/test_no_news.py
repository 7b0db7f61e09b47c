"""What looks new and is not: the same bytes, another order, new guids, other white space, clocks that tick. None of it raises an alert."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from pipeline import app, cycle
from tests.newsroom import COALITION, NOON, Literal, Newsroom
from tests.web import Answer, Asked

HOUR = timedelta(hours=1)
MEMBERS = ("Norvik Freight", "Altera Lines", "Kestrel Energy")


def item(number: int, member: str, link: str, *, guid: str = "", title: str = "", minutes: int = 0) -> str:
    stamp = format_datetime(NOON + timedelta(minutes=minutes))
    return (
        f"<item><title>{title or f'News of {member}'}</title><link>{link}</link><guid isPermaLink='false'>{guid or number}</guid>"
        f"<pubDate>{stamp}</pubDate></item>"
    )


def feed(*items: str, stamp: str = "") -> Answer:
    head = f"<title>Feed</title><link>x</link><description>d</description>{stamp}"
    body = f"<rss version='2.0'><channel>{head}{''.join(items)}</channel></rss>"
    return Answer(body.encode(), 200, {"Content-Type": "application/rss+xml"})


Turn = Callable[[list[str], int], Answer]
TURNS: dict[str, Turn] = {
    "the same bytes": lambda links, n: feed(*(item(i, m, links[i]) for i, m in enumerate(MEMBERS))),
    "another order": lambda links, n: feed(*(item(i % 3, MEMBERS[i % 3], links[i % 3]) for i in range(n, n + 3))),
    "new guids": lambda links, n: feed(*(item(i, m, links[i], guid=f"{n}-{i}") for i, m in enumerate(MEMBERS))),
    "white space": lambda links, n: feed(*(item(i, m, links[i], title=f"News  {' ' * (n % 5)}of\n {m}") for i, m in enumerate(MEMBERS))),
    "ticking times": lambda links, n: feed(
        *(item(i, m, links[i], minutes=n) for i, m in enumerate(MEMBERS)), stamp=f"<lastBuildDate>{n}</lastBuildDate>"
    ),
    "links with a session": lambda links, n: feed(
        *(item(i, m, f"{links[i]}?utm_source=feed{n}&amp;utm_medium=rss", guid=f"g{i}") for i, m in enumerate(MEMBERS))
    ),
}


@pytest.mark.parametrize("turn", TURNS)
def test_nothing_new_is_told_however_it_is_dressed(turn: str, tmp_path: Path) -> None:
    times = 100 if turn == "the same bytes" else 20
    with Newsroom(1) as room:
        room.publish(0, *MEMBERS)
        links = [room.site.url(f"/article/0/{n}") for n in range(3)]
        asked = 0

        def page(number: int) -> Callable[[Asked], Answer]:
            # A page whose clock ticks and whose white space changes, as those of many systems do.
            def answer(request: Asked) -> Answer:
                said = f"<p>{MEMBERS[number]}  joined the{' ' * (1 + asked % 3)}{COALITION} on Tuesday, it said in a statement.</p>"
                more = "".join(f"<p>Of {MEMBERS[number]} nothing else is known, as paragraph {n} of this says.</p>" for n in range(4))
                head = f"<html lang=en><head><title>News of {MEMBERS[number]}</title></head>"
                body = f"{head}<body><div>Now: 12:{asked % 60:02d}</div><article>{said}\n{' ' * (asked % 7)}{more}</article></body></html>"
                return Answer(body.encode(), 200, {"Content-Type": "text/html; charset=utf-8"})

            return answer

        for n in range(3):
            room.site.on(f"/article/0/{n}", page(n))
        room.faults[0] = lambda request: TURNS[turn](links, asked)
        with app.open_parts(room.configuration(tmp_path), detector=Literal()) as parts:
            first = cycle.run_once(parts, NOON)
            assert len(first.changes) == len(first.alerts) == 3
            for asked in range(1, times + 1):
                report = cycle.run_once(parts, NOON + asked * HOUR)
                assert (report.changes, report.alerts, report.delivered, report.failures) == ((), (), 0, ()), asked
            states = parts.store.query("SELECT DISTINCT state, act FROM alerts JOIN alert_turns ON alert = alerts.id")
            assert states == [{"state": "open", "act": "raised"}], "nor is one told again"
