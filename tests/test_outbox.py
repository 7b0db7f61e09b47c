"""What is told of news, when, to whom and how often: rules, states of alerts, messages, pauses, order, dead letters; in real cycles."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from pipeline import cycle, letters, links, memory, outbox
from pipeline.errors import DeliveryError
from pipeline.model import Act, AlertRule, AlertState, Audience, ChangeKind, Channel, Event, QuietHours, Role, Status, Verdict, Watched
from pipeline.notify import Message
from pipeline.resolve import known_from_watch
from pipeline.store import Store
from tests.shelf import DAY, Shelf, Told, claim

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
BODY = "Harbour Data Compact"


class Post(Shelf):
    """The cycle with rules and channels, whose deliveries a test answers: `refuse` may raise for a message."""

    def __init__(
        self, *rules: AlertRule, channels: Sequence[Channel] = (), watch: Sequence[Watched] = (), store: Store | None = None
    ) -> None:
        super().__init__(store=store)
        self.got: list[tuple[str, Message]] = []
        self.refuse: Callable[[Message, Channel], None] = lambda message, channel: None
        named = dict.fromkeys(name for rule in rules for name in rule.channels)
        everywhere = {c.name: c for c in (*(Channel(name, "email", "") for name in named), *channels)}
        config = replace(self.parts.config, alerts=rules, channels=tuple(everywhere.values()), watch=tuple(watch))
        self.parts = replace(self.parts, config=config, deliver=self.deliver)

    def deliver(self, message: Message, channel: Channel) -> str:
        self.refuse(message, channel)
        self.got.append((channel.name, message))
        return f"taken {len(self.got)}"

    def later(self, after: timedelta) -> cycle.CycleReport:
        """Runs once more, with nothing new, so long after the last run."""
        self.now += after
        return cycle.run_once(self.parts, self.now)

    @property
    def subjects(self) -> list[str]:
        return [message.subject for _, message in self.got]

    def alert(self, kind: str = "") -> Any:
        [found] = [a for a in self.store.alerts() if kind in ("", a.change.kind)]
        return found


def told(name: str, *claims: Any, day: float = 0, publisher: str = "", text: str = "") -> Told:
    return Told(
        name, DAY + timedelta(days=day), text or f"{name} " + " ".join(c.quote.words for c in claims), claims, publisher or f"House {name}"
    )


def refusing(error: DeliveryError, only: Callable[[Message], bool] = lambda message: True) -> Callable[[Message, Channel], None]:
    def refuse(message: Message, channel: Channel) -> None:
        if only(message):
            raise error

    return refuse


ALL = AlertRule("all", channels=("mail",))
BUSY = DeliveryError("busy", about="mail")


@pytest.fixture
def post() -> Iterator[Post]:
    with Post(ALL) as post:
        yield post


def letter_states(post: Post) -> dict[str, int]:
    rows = post.store.query("SELECT state, count(*) AS n FROM deliveries GROUP BY state")
    return {r["state"]: r["n"] for r in rows}


# Tries, pauses, dead letters.


def test_what_is_not_taken_is_tried_after_growing_pauses_and_then_given_up(post: Post) -> None:
    tried: list[datetime] = []

    def refuse(message: Message, channel: Channel) -> None:
        tried.append(post.now)
        raise BUSY

    post.refuse = refuse
    post.read(told("exit", claim("Norvik Freight", Event.LEFT)))
    for _ in range(120):
        post.later(HOUR)
        if letter_states(post) == {"given up": 1}:
            break
    assert len(tried) == len(outbox.PAUSES) + 1
    pauses = [b - a for a, b in pairwise(tried)]
    assert pauses[:5] == sorted(pauses[:5]) and pauses[-1] > 20 * HOUR and tried[-1] - tried[0] > timedelta(days=2.5)
    # A dead letter is seen, and replayed under the id that it had.
    [dead] = post.store.letters(["given up"])
    assert dead.error == "busy" and dead.deliveries[0].delivery.tries == 8
    post.refuse = lambda message, channel: None
    assert post.later(HOUR).delivered == 0
    assert post.store.replay([dead.message], post.now) == 1
    assert post.later(MINUTE).delivered == 1
    assert post.got[0][1].id == dead.message and post.store.query("SELECT receipt FROM deliveries") == [{"receipt": "taken 1"}]


def test_a_channel_that_fails_as_nobody_foresaw_holds_up_no_other(caplog: pytest.LogCaptureFixture) -> None:
    feed = Channel("feed", "atom", "x")
    with Post(AlertRule("all", channels=("mail", "hook", "feed")), channels=[feed]) as post:

        def refuse(message: Message, channel: Channel) -> None:
            if channel.name in broken:
                raise UnicodeEncodeError("ascii", secret, 1, 2, "ordinal not in range")

        secret = "".join(["päss", "wörd"])
        broken, post.refuse = {"mail", "feed"}, refuse
        report = post.read(told("exit", claim("Norvik Freight", Event.LEFT)))
        assert [channel for channel, _ in post.got] == ["hook"] and report.delivered == 1
        assert sorted(f.what for f in report.failures) == ["feed", "mail"]
        why = report.failures[0].why
        assert "UnicodeEncodeError" in why and "please report it" in why and "\n" not in why
        rows = post.store.query("SELECT channel, tries, state FROM deliveries ORDER BY number")
        assert [(r["channel"], r["tries"], r["state"]) for r in rows] == [("mail", 1, "due"), ("hook", 1, "delivered"), ("feed", 1, "due")]
        assert "test_outbox.py" in caplog.text and secret not in caplog.text + why
        broken = set()
        post.later(HOUR)
        assert letter_states(post) == {"delivered": 3}


def test_a_damaged_store_stops_the_cycle_whichever_channel_it_met() -> None:
    from pipeline.errors import StoreError

    with Post(ALL) as post:

        def refuse(message: Message, channel: Channel) -> None:
            raise StoreError("is damaged")

        post.refuse = refuse
        with pytest.raises(StoreError):
            post.read(told("exit", claim("Norvik Freight", Event.LEFT)))


def test_a_lasting_refusal_is_a_dead_letter_at_once(post: Post) -> None:
    post.refuse = refusing(DeliveryError("410 Gone", about="mail", transient=False))
    report = post.read(told("exit", claim("Norvik Freight", Event.LEFT)))
    assert [f.why for f in report.failures] == ["410 Gone"] and letter_states(post) == {"given up": 1}


def test_the_pause_that_a_channel_asks_for_is_kept_by_all_its_messages(post: Post) -> None:
    asked: list[str] = []

    def refuse(message: Message, channel: Channel) -> None:
        asked.append(message.subject)
        raise DeliveryError("429", about="mail", retry_seconds=7200)

    post.refuse = refuse
    post.read(told("exits", *(claim(f"Member {n}", Event.LEFT, coalition=f"Body {n}") for n in range(5))))
    post.later(HOUR)
    assert len(asked) == 1, "four others were not even tried, and none before its time"
    post.refuse = lambda message, channel: None
    assert post.later(59 * MINUTE).delivered == 0
    assert post.later(2 * MINUTE).delivered == 5
    assert post.store.query("SELECT * FROM channel_pauses") == []


@pytest.mark.parametrize(("asked", "least", "most"), [(60, 2.5, 4), (2 * 86_400, 7, 10)], ids=["a minute", "two days"])
def test_what_a_server_asks_for_uses_up_no_tries(asked: float, least: float, most: float) -> None:
    with Post(ALL) as post:
        tried: dict[str, list[datetime]] = {}

        def refuse(message: Message, channel: Channel) -> None:
            tried.setdefault(message.id, []).append(post.now)
            raise DeliveryError("503", about="mail", retry_seconds=asked)

        post.refuse = refuse
        post.read(told("exits", *(claim(f"Member {n}", Event.LEFT, coalition=f"Body {n}") for n in range(3))))
        for _ in range(20):
            post.later(MINUTE)
        while not letter_states(post).get("given up"):
            post.later(HOUR)
        [first] = [times for times in tried.values() if len(times) == len(outbox.PAUSES) + 1]
        assert timedelta(days=least) < first[-1] - first[0] < timedelta(days=most)


def test_a_channel_that_is_down_rests_after_three_messages(post: Post) -> None:
    tries: list[str] = []

    def refuse(message: Message, channel: Channel) -> None:
        tries.append(message.id)
        raise BUSY

    post.refuse = refuse
    post.read(told("exits", *(claim(f"Member {n}", Event.LEFT, coalition=f"Body {n}") for n in range(9))))
    assert len(tries) == outbox.FAILURES_IN_A_ROW


def test_messages_of_one_coalition_keep_their_order_and_others_pass(post: Post) -> None:
    post.refuse = refusing(BUSY, lambda m: "Altera" in m.subject)
    exits = [claim(name, Event.LEFT) for name in ("Altera Lines", "Norvik Freight")]
    post.read(told("exits", *exits, claim("Kaspel", Event.LEFT, coalition="Amber Pact")))
    assert post.subjects == ["high: Amber Pact: Kaspel left"]
    post.read(told("third", claim("Port of Ghent", Event.LEFT), day=0.01))
    assert len(post.got) == 1
    post.refuse = lambda message, channel: None
    post.later(HOUR)
    assert post.subjects[1:] == [f"high: {BODY}: {name} left" for name in ("Altera Lines", "Norvik Freight", "Port of Ghent")]


def test_what_is_given_up_holds_nobody_back(post: Post) -> None:
    post.refuse = refusing(DeliveryError("no", about="mail", transient=False), lambda m: "Altera" in m.subject)
    post.read(told("exits", *(claim(name, Event.LEFT) for name in ("Altera Lines", "Norvik Freight"))))
    assert post.subjects == [f"high: {BODY}: Norvik Freight left"]


def test_a_message_whose_receipt_was_lost_is_sent_again_under_its_id() -> None:
    with Post(replace(ALL, group_minutes=0)) as post:

        def killed(message: Message, channel: Channel) -> None:
            post.got.append((channel.name, message))
            raise KeyboardInterrupt  # after the server took it, before the receipt is kept

        post.refuse = killed
        with pytest.raises(KeyboardInterrupt):
            post.read(told("exits", claim("Norvik Freight", Event.LEFT), claim("Altera Lines", Event.LEFT)))
        post.refuse = lambda message, channel: None
        post.read(told("third", claim("Port of Ghent", Event.LEFT), day=0.01))
        first, again, third = (message for _, message in post.got)
        assert first.id == again.id != third.id and first.document == again.document and len(first.document["alerts"]) == 2


# Groups.


def test_twenty_departures_of_one_day_are_one_message() -> None:
    with Post(replace(ALL, group_minutes=600)) as post:
        for n in range(20):
            post.read(told(f"exit-{n}", claim(f"Member {n:02}", Event.LEFT), day=n / 100))
        assert post.got == []
        post.later(7 * HOUR)
        [(_, message)] = post.got
        assert message.subject == f"high: {BODY}: 20 changes"
        assert all(f"Member {n:02}" in message.text and f"Member {n:02}" in message.html for n in range(20))
        assert len(message.document["alerts"]) == 20 and len(post.store.alerts()) == 20
        assert {r["receipt"] for r in post.store.query("SELECT receipt FROM deliveries")} == {"taken 1"}


def test_one_departure_that_is_never_confirmed_ends_no_group() -> None:
    with Post(replace(ALL, least_sources=2, group_minutes=60)) as post:
        post.read(told("lone", claim("Lone One", Event.LEFT)))
        post.later(timedelta(days=1))
        for n in range(4):
            for source in range(2):
                post.read(told(f"exit-{n}-{source}", claim(f"Member {n}", Event.LEFT), day=1.2 + n / 500 + source / 1000))
        assert post.got == []
        post.later(2 * HOUR)
        assert post.subjects == [f"high: {BODY}: 4 changes"]


def test_what_comes_later_of_one_in_a_group_goes_into_its_page_and_thread(tmp_path: Path) -> None:
    from pipeline import notify

    folder = Channel("files", "file", str(tmp_path), settings={"html": True})
    with Post(replace(ALL, group_minutes=30, channels=("mail", "files")), channels=[folder]) as post:

        def deliver(message: Message, channel: Channel) -> str:
            return notify.deliver(message, channel) if channel.kind == "file" else post.deliver(message, channel)

        def page() -> str:
            [found] = tmp_path.glob("*.md")
            assert [p.with_suffix(".md") for p in tmp_path.glob("*.html")] == [found]
            return " ".join(found.read_text(encoding="utf-8").split())

        post.parts = replace(post.parts, deliver=deliver)
        post.read(told("exits", *(claim(f"Member {n}", Event.LEFT) for n in range(3))))
        assert post.later(HOUR).delivered == 2
        whole = post.got[0][1]
        assert whole.subject == f"high: {BODY}: Member 0, Member 1 and Member 2 left" and "Member 2" in page()
        confirm(post, 2, "Member 1")
        assert "Member 1 left: 2 independent sources tell of it now." in page() and "Member 0" in page()
        post.read(told("denial", claim("Member 2", Event.LEFT, status=Status.DENIED), day=1))
        assert "Member 2 left: This alert of 5 March 2024 is open again because of what was told since." in page()
        confirm(post, 13, "Member 1"), confirm(post, 14, "Member 1")
        assert "Member 1 left: 4 independent" in page() and "Member 2 left: This alert of 5 March 2024 was opened again" in page()
        replies = [m for channel, m in post.got[1:] if channel == "mail"]
        assert [m.kind for m in replies] == ["alert.updated", "alert.reopened", "alert.updated"]
        assert {(m.thread, m.thread_subject) for m in replies} == {(whole.id, whole.subject)}
        assert "Member 0" not in replies[0].text, "a reply tells what is new"


def test_a_launch_is_one_sentence() -> None:
    with Post(replace(ALL, group_minutes=0)) as post:
        post.read(told("launch", *(claim(name, role=Role.FOUNDER) for name in ("Norvik", "Altera", "Kaspel"))))
        assert post.subjects == [f"normal: {BODY}: Altera, Kaspel and Norvik joined as founders"]


# Rules.


@pytest.mark.parametrize(
    ("rule", "raised"),
    [
        (AlertRule("role", roles=frozenset({Role.FOUNDER})), 1),
        (AlertRule("other role", roles=frozenset({Role.OBSERVER})), 0),
        (AlertRule("kind of body", coalition_kinds=frozenset({"compact"})), 1),
        (AlertRule("other kind of body", coalition_kinds=frozenset({"cartel"})), 0),
    ],
)
def test_rules_on_roles_and_kinds_of_bodies(rule: AlertRule, raised: int) -> None:
    with Post(rule, watch=[Watched(BODY, ("HDC",), "compact"), Watched("Oil Club", (), "cartel")]) as post:
        post.parts.identities.learn(known_from_watch(post.parts.config.watch))
        report = post.read(told("launch", claim("Norvik Freight", role=Role.FOUNDER)))
        assert len(report.alerts) == raised


def test_a_second_source_is_waited_for_up_to_a_time() -> None:
    with Post(replace(ALL, least_sources=2, wait_minutes=360)) as post:
        post.read(told("one", claim("Norvik Freight", Event.LEFT)))
        assert post.got == [] and len(post.store.alerts()) == 1
        post.read(told("two", claim("Norvik Freight", Event.LEFT), day=0.1))
        [(_, message)] = post.got
        assert "2 independent sources" in message.text and "was waited for" not in message.text
        post.read(told("other", claim("Altera Lines", Event.LEFT), day=0.2))
        assert post.later(5 * HOUR).delivered == 0
        assert post.later(2 * HOUR).delivered == 1
        assert "It was waited for a second independent source, and none was heard." in post.got[1][1].text


def test_how_many_sources_were_waited_for_is_told() -> None:
    with Post(replace(ALL, least_sources=3, wait_minutes=60)) as post:
        post.read(told("one", claim("Norvik Freight", Event.LEFT)))
        assert post.later(2 * HOUR).delivered == 1
        assert "It was waited for 3 independent sources, and 1 could be heard." in post.got[0][1].text


def test_without_a_time_it_waits_until_the_second_source_is_there() -> None:
    with Post(replace(ALL, least_sources=2)) as post:
        post.read(told("one", claim("Norvik Freight", Event.LEFT)))
        assert post.later(timedelta(days=9)).delivered == 0
        post.read(told("two", claim("Norvik Freight", Event.LEFT, "2024-03-05"), day=10))
        assert post.subjects == [f"high: {BODY}: Norvik Freight left"]


def test_a_copy_is_no_second_source() -> None:
    words = " ".join(f"word{n}" for n in range(80))
    with Post(replace(ALL, least_sources=2)) as post:
        post.read(told("one", claim("Norvik Freight", Event.LEFT), text=f"Norvik Freight left. {words}", publisher="Wire"))
        post.read(told("two", claim("Norvik Freight", Event.LEFT), text=f"Norvik Freight left. {words}.", publisher="Gazette", day=0.1))
        assert post.got == [] and post.store.alerts()[0].sources == 1


def test_quiet_hours_hold_messages_back() -> None:
    night = QuietHours(time(22), time(7), UTC)
    rules = AlertRule("exits", kinds=frozenset({ChangeKind.MEMBER_LEFT}), channels=("mail",)), replace(ALL, quiet=night)
    with Post(*rules) as post:
        post.read(told("joined", claim("Altera Lines"), day=0.6), now=DAY + 15 * HOUR)  # 23:00
        assert post.got == []
        post.read(told("exit", claim("Norvik Freight", Event.LEFT), day=0.62))
        assert post.subjects == [f"high: {BODY}: Norvik Freight left"], "the rule that has no quiet hours tells at once"
        assert post.later(6 * HOUR).delivered == 0
        assert post.later(3 * HOUR).delivered == 1
        assert post.store.query("SELECT DISTINCT tries FROM deliveries") == [{"tries": 1}]


def test_a_channel_has_quiet_hours_of_its_own() -> None:
    with Post(ALL, channels=[Channel("mail", "email", "", QuietHours(time(0), time(23, 59), UTC))]) as post:
        post.read(told("exit", claim("Norvik Freight", Event.LEFT)))
        assert post.got == []


def test_a_rule_that_is_muted_sends_nothing_then_nor_later() -> None:
    with Post(replace(ALL, mute_until=DAY + timedelta(days=3))) as post:
        report = post.read(told("exit", claim("Norvik Freight", Event.LEFT)))
        assert len(report.alerts) == 1 and post.later(timedelta(days=4)).delivered == 0
        post.read(told("next", claim("Altera Lines", Event.LEFT), day=5))
        assert post.subjects == [f"high: {BODY}: Altera Lines left"]


def silence(post: Post, until: datetime, *names: str) -> None:
    """Mutes rules in the configuration, as a person does between two runs."""
    rules = [replace(rule, mute_until=until) if rule.name in names else rule for rule in post.parts.config.alerts]
    post.parts = replace(post.parts, config=replace(post.parts.config, alerts=tuple(rules)))


def test_a_rule_that_is_muted_later_sends_no_more_evidence_and_no_denial(post: Post) -> None:
    confirm(post, 0)
    silence(post, DAY + timedelta(days=3), "all")
    confirm(post, 1)
    report = post.read(told("denial", claim("Norvik Freight", Event.LEFT, status=Status.DENIED), day=1))
    assert len(post.got) == 1 and [c.kind for c in report.changes] == ["claim_disputed"]
    assert post.alert("member_left").state is AlertState.REOPENED, "it is kept, and not sent"
    assert post.later(timedelta(days=4)).delivered == 0
    confirm(post, 60, "Altera Lines")
    assert len(post.got) == 2


@pytest.mark.parametrize("waiting", [{"group_minutes": 60}, {"least_sources": 2, "wait_minutes": 60}], ids=["group", "second source"])
def test_what_waits_when_its_rule_is_muted_is_not_sent(waiting: dict[str, Any]) -> None:
    with Post(replace(ALL, **waiting)) as post:
        confirm(post, 0)
        silence(post, DAY + timedelta(days=3), "all")
        assert post.later(2 * HOUR).delivered == 0 and letter_states(post) == {"dropped": 1}
        assert post.later(timedelta(days=4)).delivered == 0


def test_what_a_resting_channel_held_back_is_not_sent_after_the_mute(post: Post) -> None:
    post.refuse = refusing(DeliveryError("429", about="mail", retry_seconds=7200))
    post.read(told("exits", *(claim(name, Event.LEFT, coalition=f"Body {name}") for name in ("Altera", "Norvik"))))
    silence(post, post.now + HOUR, "all")
    post.later(30 * MINUTE)
    post.refuse = lambda message, channel: None
    post.later(2 * HOUR)
    assert letter_states(post) == {"dropped": 1, "delivered": 1}, "the one that was tried before waits for another try"


def test_a_denial_goes_by_an_unmuted_rule_where_that_of_its_alert_is_muted() -> None:
    rules = [
        AlertRule("joins", kinds=frozenset({ChangeKind.MEMBER_JOINED}), channels=("mail",), go_on=True),
        AlertRule("also", kinds=frozenset({ChangeKind.MEMBER_JOINED}), channels=("chat",)),
        AlertRule("rest", channels=("mail",)),
    ]
    with Post(*rules) as post:
        post.read(told("launch", claim("Altera Lines")))
        silence(post, DAY + timedelta(days=3), "joins")
        post.read(told("more", claim("Altera Lines"), day=0.5))
        post.read(told("denial", claim("Altera Lines", Event.JOINED, status=Status.DENIED), day=1))
        assert [(channel, m.kind) for channel, m in post.got] == [
            ("mail", "alert.raised"), ("chat", "alert.raised"), ("chat", "alert.updated"), ("chat", "alert.reopened"),
            ("mail", "alert.raised"),
        ]  # fmt: skip


def test_rules_that_go_on_add_channels() -> None:
    rules = [
        AlertRule("first", channels=("mail",), go_on=True),
        AlertRule("second", channels=("hook", "mail")),
        AlertRule("third", channels=("x",)),
    ]
    with Post(*rules) as post:
        report = post.read(told("exit", claim("Norvik Freight", Event.LEFT)))
        assert [(a.rule, a.channels) for a in report.alerts] == [("first", ("mail", "hook"))]
        assert [channel for channel, _ in post.got] == ["mail", "hook"]


# States.


def confirm(post: Post, n: int, member: str = "Norvik Freight") -> None:
    post.read(told(f"more-{n}", claim(member, Event.LEFT), day=n / 10))


def test_more_sources_update_the_alert_in_its_thread() -> None:
    with Post(replace(ALL, channels=("mail", "log")), channels=[Channel("log", "log", "")]) as post:
        for n in range(9):
            confirm(post, n)
        alert = post.alert()
        assert (alert.state, alert.sources, len(post.store.alerts())) == (AlertState.UPDATED, 9, 1)
        mails = [message for channel, message in post.got if channel == "mail"]
        assert [m.kind for m in mails] == ["alert.raised", "alert.updated", "alert.updated", "alert.updated"]
        assert [int(m.text.split(" independent sources tell of it now.")[0].split()[-1]) for m in mails[1:]] == [2, 4, 8]
        assert {m.thread for m in mails[1:]} == {mails[0].id} and len({m.id for m in mails}) == 4
        assert {m.name for m in mails} == {mails[0].name}, "a file of it is written over"
        assert len([1 for channel, _ in post.got if channel == "log"]) == 1, "a log has no threads"


@pytest.mark.parametrize("act", [Act.ACKNOWLEDGED, Act.MUTED])
def test_what_was_acknowledged_or_muted_is_not_told_again(post: Post, act: Act) -> None:
    confirm(post, 0)
    outbox.turn(post.store, [post.alert().id], act, "ada", post.now, note="board told")
    confirm(post, 1)
    assert len(post.got) == 1 and post.alert().state == act.value and post.alert().sources == 2
    assert [(t.act, t.by, t.note) for t in post.store.turns(post.alert().id)] == [
        (Act.RAISED, "", ""),
        (act, "ada", "board told"),
        (Act.UPDATED, "", ""),
    ]


def test_a_mute_ends_at_its_time_or_by_hand(post: Post) -> None:
    confirm(post, 0)
    outbox.turn(post.store, [post.alert().id], Act.MUTED, "ada", post.now, until=post.now + HOUR)
    confirm(post, 1)  # a day's tenth later: the hour is over
    assert len(post.got) == 2
    outbox.turn(post.store, [post.alert().id], Act.MUTED, "ada", post.now)
    confirm(post, 2), confirm(post, 3)
    assert len(post.got) == 2
    outbox.turn(post.store, [post.alert().id], Act.UNMUTED, "bob", post.now)
    for n in range(4, 8):
        confirm(post, n)
    assert len(post.got) == 3


def test_what_is_muted_before_it_is_sent_is_dropped(post: Post) -> None:
    post.refuse = refusing(BUSY)
    confirm(post, 0)
    outbox.turn(post.store, [post.alert().id], Act.MUTED, "ada", post.now)
    post.refuse = lambda message, channel: None
    assert post.later(HOUR).delivered == 0 and letter_states(post) == {"dropped": 1}


def test_a_denial_reopens_the_right_alert_in_its_thread(post: Post) -> None:
    post.read(told("launch", claim("Norvik Freight"), claim("Altera Lines"), claim("Norvik Freight", coalition="Amber Pact")))
    ids = {a.change.member.name + a.change.coalition.name: a.id for a in post.store.alerts() if a.change.member}
    outbox.turn(post.store, [ids["Altera Lines" + BODY]], Act.ACKNOWLEDGED, "ada", post.now)
    before = len(post.got)
    report = post.read(told("denial", claim("Altera Lines", Event.JOINED, status=Status.DENIED), day=1))
    assert [c.kind for c in report.changes] == ["claim_disputed"] and len(report.alerts) == 1
    states = {a.id: a.state for a in post.store.alerts() if a.change.kind == "member_joined"}
    assert states.pop(ids["Altera Lines" + BODY]) is AlertState.REOPENED and set(states.values()) == {AlertState.OPEN}
    [(channel, message)] = post.got[before:]
    first = next(m for _, m in post.got if "Altera" in m.subject)
    assert (channel, message.kind, message.thread) == ("mail", "alert.reopened", first.id)
    assert message.subject == f"reopened: {BODY}: Altera Lines was reported as a member; that is disputed"
    assert message.thread_subject == first.subject and "is open again because of what was told since" in message.text
    [turn] = [t for t in post.store.turns(ids["Altera Lines" + BODY]) if t.act is Act.REOPENED]
    assert turn.change == report.changes[0].id


def test_a_denial_goes_by_its_own_rule_to_channels_that_did_not_hear_of_it() -> None:
    rules = [
        AlertRule("joins", kinds=frozenset({ChangeKind.MEMBER_JOINED}), channels=("mail",)),
        AlertRule("rest", channels=("mail", "hook")),
    ]
    with Post(*rules) as post:
        post.read(told("launch", claim("Altera Lines")))
        post.read(told("denial", claim("Altera Lines", Event.JOINED, status=Status.DENIED), day=1))
        assert [(channel, m.kind) for channel, m in post.got] == [
            ("mail", "alert.raised"), ("mail", "alert.reopened"), ("hook", "alert.raised"),
        ]  # fmt: skip


def test_a_denial_ends_the_wait_for_a_second_source() -> None:
    with Post(replace(ALL, least_sources=2)) as post:
        post.read(told("launch", claim("Altera Lines")))
        post.read(told("denial", claim("Altera Lines", Event.JOINED, status=Status.DENIED), day=1))
        assert [m.kind for _, m in post.got] == ["alert.raised", "alert.reopened"]


def test_a_judgement_reopens_the_alert(post: Post) -> None:
    post.read(told("launch", claim("Altera Lines")))
    [alert] = post.store.alerts()
    key = next(iter(alert.change.evidence)).statement.key
    judgement = replace(memory.about(post.store, Verdict.WRONG, key), by="ada", at=post.now, note="a slip")
    memory.judge(post.store, judgement, post.now, outbox.rulebook(post.parts.config, post.parts.identities))
    post.later(MINUTE)
    assert post.alert("member_joined").state is AlertState.REOPENED
    assert post.got[1][1].kind == "alert.reopened" and "a person's judgement (number 1)" in " ".join(post.got[1][1].text.split())


def test_a_correction_of_the_same_article_reopens_the_alert(post: Post) -> None:
    post.read(told("launch", claim("Altera Lines"), claim("Norvik Freight")))
    report = post.read(
        replace(told("launch", claim("Norvik Freight"), text="Edited: Norvik Freight joined."), published=DAY), now=DAY + 30 * HOUR
    )
    assert [c.kind for c in report.changes] == ["claim_corrected"]
    assert {a.change.member.name: a.state for a in post.store.alerts() if a.change.kind == "member_joined"} == {
        "Altera Lines": "reopened",
        "Norvik Freight": "open",
    }


# Feeds, links, what rules would do.


@pytest.mark.parametrize("kind", ["atom", "jsonfeed"])
def test_a_feed_lists_each_alert_once_and_is_the_same_for_the_same_alerts(kind: str) -> None:
    from pipeline import feeds
    from pipeline.model import Feed, Page

    channel = Channel("feed", kind, "x", settings={"title": "Alerts", "url": "https://desk.example/alerts"})
    with Post(AlertRule("all", channels=("feed",)), channels=[channel]) as post:
        post.read(told("exits", claim("Norvik Freight", Event.LEFT), claim("<b>Altera & Sons</b>", Event.LEFT)))
        post.read(told("third", claim("Port of Ghent", Event.LEFT), day=1))
        first, last = (message.text for _, message in post.got)
        address = "https://desk.example/alerts"
        read = feeds.parse(Page(address, address, 200, (), last.encode(), post.now), Feed("x", address))
        assert [e.title for e in read.entries] == [
            f"high: {BODY}: Port of Ghent left", f"high: {BODY}: <b>Altera & Sons</b> left", f"high: {BODY}: Norvik Freight left",
        ]  # fmt: skip
        assert len({e.guid for e in read.entries}) == 3 and all(e.published and e.guid.startswith("urn:uuid:") for e in read.entries)
        said = read.entries[1].content if kind == "atom" else json.loads(last)["items"][1]["content_html"]
        assert "<b>Altera" not in said and "&lt;b&gt;Altera" in said
        entries = [letters.FeedEntry(a.change, a.id, a.severity, a.state, a.raised, a.raised) for a in post.store.alerts()[::-1]]
        assert letters.feed(kind, entries, "Alerts", address) == last != first
        outbox.turn(post.store, [post.store.alerts()[0].id], Act.ACKNOWLEDGED, "ada", post.now)
        post.read(told("more", claim("Norvik Freight", Event.LEFT), day=2))
        assert "This alert is acknowledged." in post.got[-1][1].text


FEED = Channel("feed", "atom", "x")


def listed(post: Post) -> set[str]:
    """The alerts that the feed lists as it was last written, each once."""
    ids = [e.text for e in ElementTree.fromstring(post.got[-1][1].text).iter("{http://www.w3.org/2005/Atom}id")][1:]
    assert len(ids) == len(set(ids))
    alerts = {letters.urn(a.id): a.id for a in post.store.alerts()}
    return {alerts[id or ""] for id in ids}


def received(post: Post, since: datetime = DAY) -> set[str]:
    """The alerts for which the feed's receipts are kept."""
    rows = post.store.query("SELECT alert, tried FROM deliveries WHERE channel = 'feed' AND state = 'delivered' AND receipt <> ''")
    return {r["alert"] for r in rows if datetime.fromisoformat(r["tried"]) > since}


def exits(n: int, day: float = 0, name: str = "") -> list[Told]:
    """Articles that tell of so many exits, thirty each."""
    return [
        told(f"exits-{name}{k}", *(claim(f"Member {name}{m}", Event.LEFT) for m in range(k, min(k + 30, n))), day=day)
        for k in range(0, n, 30)
    ]


def test_what_has_a_receipt_for_a_feed_stands_in_it() -> None:
    with Post(AlertRule("all", channels=("feed",)), channels=[FEED]) as post:
        post.read(*exits(270))
        assert len(received(post)) == 270 and received(post) == listed(post)
        assert len(post.got) == 1, "it is written once"
        first = received(post)
        post.read(told("later", claim("Altera Lines", Event.LEFT), day=2))
        assert listed(post) == received(post)
        report = post.read(told("last", claim("Port of Ghent", Event.LEFT), day=9))
        assert report.delivered == 1 and len(listed(post)) == outbox.FEED_ENTRIES, "old ones go, down to a number"
        assert "<subtitle>72 earlier alerts no longer stand here: `pipeline alerts` lists them all.</subtitle>" in post.got[-1][1].text
        [gone, *_] = first - listed(post)
        member = next(a.change.member.name for a in post.store.alerts() if a.id == gone)
        post.read(told("denial", claim(member, Event.LEFT, status=Status.DENIED), day=10))
        assert gone in listed(post), "what is told anew stands there anew"


@pytest.mark.parametrize(
    ("earlier", "waiting", "said"),
    [
        (0, 0, None),
        (1, 0, "1 earlier alert no longer stands here: `pipeline alerts` lists them all."),
        (0, 2, "2 more alerts wait until there is room."),
        (2, 1, "2 earlier alerts no longer stand here: `pipeline alerts` lists them all. 1 more alert waits until there is room."),
    ],
)
def test_a_feed_says_what_is_beyond_it(earlier: int, waiting: int, said: str | None) -> None:
    atom, jsonfeed = (letters.feed(kind, [], "Alerts", earlier=earlier, waiting=waiting) for kind in ("atom", "jsonfeed"))
    assert ElementTree.fromstring(atom).findtext("{http://www.w3.org/2005/Atom}subtitle") == said
    assert json.loads(jsonfeed).get("description") == said


def test_what_goes_together_stands_in_a_feed_with_all_its_alerts() -> None:
    with Post(AlertRule("all", channels=("feed",), group_minutes=0), channels=[FEED]) as post:
        post.read(*exits(7))
        assert len(listed(post)) == 7 == len(received(post))


def test_what_a_feed_has_no_room_for_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "FEED_MOST", 5)
    monkeypatch.setattr(outbox, "FEED_ENTRIES", 2)
    with Post(AlertRule("all", channels=("feed",)), channels=[FEED]) as post:
        report = post.read(*exits(12))
        first = received(post)
        assert len(first) == 5 and first == listed(post) and report.delivered == 5
        assert [f.what for f in report.failures] == ["feed"] and "the feed is full" in report.failures[0].why
        assert "<subtitle>7 more alerts wait until there is room.</subtitle>" in post.got[-1][1].text
        post.read(told("more", claim("Member 0", Event.LEFT), day=1))
        assert len(post.got) == 2 and listed(post) == first, "one that stands there is kept up to date"
        while letter_states(post).get("due"):
            post.later(6 * HOUR)
            assert received(post, post.now - outbox.FEED_STAYS) <= listed(post) and len(listed(post)) <= 7
        assert len(received(post)) == 12 and not {"given up", "dropped"} & letter_states(post).keys()
        assert {r["tries"] for r in post.store.query("SELECT tries FROM deliveries WHERE act = 'raised'")} == {1}


def test_nothing_but_alerts_is_written_over_a_feed() -> None:
    audience = Audience("board", AlertRule("board", channels=("feed",)), "0 8 * * *", UTC)
    with Post(AlertRule("all", channels=("feed",)), channels=[replace(FEED, kind="email")]) as post:
        post.refuse = refusing(BUSY, lambda m: m.kind == "digest")
        post.parts = replace(post.parts, config=replace(post.parts.config, audiences=(audience,)))
        post.read(told("exit", claim("Norvik Freight", Event.LEFT)))
        # The digest waits for its channel, which then becomes a feed.
        post.parts = replace(post.parts, config=replace(post.parts.config, channels=(FEED,)))
        before, post.refuse = len(post.got), lambda message, channel: None
        report = post.later(HOUR)
        assert len(post.got) == before and [f.why for f in report.failures] == ["it is a feed, which holds alerts alone"]


def test_a_signed_link_opens_one_alert_for_ninety_days() -> None:
    from urllib.parse import parse_qsl, urlsplit

    desk = links.Desk("https://desk.example/x/", "a key")
    address = urlsplit(links.link(desk, "ab12", "mail & co", DAY))
    assert address.path == "/x/alert/ab12"
    query = dict(parse_qsl(address.query))
    assert links.check("a key", "alert", "ab12", query, DAY) == links.Pass("alert", "ab12", "mail & co")
    assert links.check("a key", "alert", "ab12", query, DAY + timedelta(days=90)) and not links.check(
        "a key", "alert", "ab12", query, DAY + timedelta(days=91)
    )
    assert not links.check("another", "alert", "ab12", query, DAY) and not links.check("a key", "alert", "ab13", query, DAY)
    for key in ("for", "until", "sign"):
        assert not links.check("a key", "alert", "ab12", {**query, key: query[key] + "9"}, DAY)
        assert not links.check("a key", "alert", "ab12", {k: v for k, v in query.items() if k != key}, DAY)


def rehearsed(post: Post, *rules: AlertRule, since: datetime | None = None) -> tuple[outbox.Rehearsed, ...]:
    config = replace(post.parts.config, alerts=rules or post.parts.config.alerts)
    changes = post.store.changes_to_rehearse(since or DAY - timedelta(days=9))
    return outbox.rehearse(changes, config, outbox.rulebook(config, post.parts.identities), since)


def test_what_rules_would_have_sent() -> None:
    night = QuietHours(time(22), time(8), UTC)
    rules = (
        AlertRule("exits", kinds=frozenset({ChangeKind.MEMBER_LEFT}), channels=("mail",), quiet=night),
        AlertRule("sure", channels=("mail",), least_sources=2, wait_minutes=60),
    )
    with Post(ALL) as post:
        post.read(told("exit", claim("Norvik Freight", Event.LEFT)), now=DAY - HOUR)
        post.read(told("joined", claim("Altera Lines"), day=0.1))
        exit_, joined = rehearsed(post, *rules)
        assert (exit_.rule, exit_.sends, exit_.waits) == ("exits", (outbox.Sending("mail", DAY, 1, rule="exits"),), "")
        assert joined.rule == "sure" and joined.waits == "waits for 2 independent sources until 2024-03-05 12:24, has 1"
        assert [s.at for s in joined.sends] == [post.now + HOUR]
        assert rehearsed(post, AlertRule("none", least_confidence=1.0))[0].rule == ""


def test_what_would_go_together_is_told_as_one_message() -> None:
    with Post(ALL) as post:
        for n, hours in enumerate((0, 1, 3)):
            post.read(told(f"exit-{n}", claim(f"Member {n}", Event.LEFT)), now=DAY + hours * HOUR)
        found = [r.sends[0] for r in rehearsed(post, replace(ALL, group_minutes=90))]
        assert [(s.at - DAY, s.message) for s in found] == [(1.5 * HOUR, 1), (1.5 * HOUR, 1), (4.5 * HOUR, 2)]


def exits_of(*names: str, **more: Any) -> list[Any]:
    return [claim(name, Event.LEFT, **more) for name in names]


NEWS = {
    0: told("launch", claim("Altera Lines"), claim("Norvik Freight")),
    2: told("exits", *exits_of("Kaspel", "Sereth")),
    3: told("second", claim("Altera Lines")),
    4: told("third", claim("Altera Lines"), *exits_of("Port of Ghent", coalition="Amber Pact")),
    5: told("fourth", claim("Altera Lines"), *exits_of("Merrowland")),
    9: told("fifth", *exits_of("Valdoria")),
    20: told("denial", claim("Altera Lines", Event.JOINED, status=Status.DENIED)),
    31: told("late", *exits_of("Kaspel")),
    33: told("denied too", claim("Sereth", Event.LEFT, status=Status.DENIED)),
}
"""Hours, and what is read then: launches, exits, confirmations at once and a day later, denials."""
JOINS = AlertRule("joins", kinds=frozenset({ChangeKind.MEMBER_JOINED}), channels=("mail",))


@pytest.mark.parametrize(
    "rules",
    [
        (ALL,),
        (JOINS,),
        (JOINS, replace(ALL, channels=("mail", "hook"))),
        (replace(ALL, least_sources=2),),
        (replace(ALL, least_sources=2, wait_minutes=120),),
        (replace(ALL, least_sources=2, wait_minutes=120, group_minutes=60),),
        (replace(ALL, group_minutes=0),),
        (replace(ALL, group_minutes=180),),
        (replace(ALL, quiet=QuietHours(time(10), time(14), UTC)),),
        (replace(ALL, updates=False),),
        (replace(JOINS, go_on=True), replace(ALL, name="rest", channels=("mail", "hook", "log"))),
        (replace(ALL, mute_until=DAY + 8 * HOUR),),
        (replace(ALL, channels=("feed", "files", "mail"), quiet=QuietHours(time(10), time(14), UTC)),),
        (replace(ALL, channels=()),),
    ],
)
def test_a_rehearsal_says_what_was_really_sent_and_when(rules: tuple[AlertRule, ...]) -> None:
    channels = [Channel(name, kind, "") for name, kind in (("feed", "atom"), ("files", "file"), ("log", "log"))]
    with Post(*rules, channels=channels) as post:
        for hour in range(40):
            if hour in NEWS:
                post.read(NEWS[hour], now=DAY + hour * HOUR)
            else:
                post.later(HOUR)
        rows = post.store.query(
            "SELECT d.tried, d.channel, d.act, d.rule, d.message, d.alert FROM deliveries d WHERE state = 'delivered' ORDER BY number"
        )
        really = [(r["tried"], r["channel"], r["act"], r["rule"], r["alert"], r["message"]) for r in rows]
        found = rehearsed(post)
        alert_of = {a.change.id: a.id for a in post.store.alerts()}
        said = [
            (s.at.isoformat(), s.channel, s.act.value, s.rule, alert_of[(s.about or r.change).id], s.message)
            for r in found
            for s in r.sends
        ]
        assert sorted(row[:5] for row in said) == sorted(row[:5] for row in really)
        assert _groups(said) == _groups(really)
        assert {r.change.id: r.rule for r in found if r.rule} == {a.change.id: a.rule for a in post.store.alerts()}
        # What is told of since a later moment is the same, whatever came before it.
        since = DAY + 19 * HOUR
        later = [
            (s.at.isoformat(), s.channel, s.act.value, s.rule, alert_of[(s.about or r.change).id])
            for r in rehearsed(post, since=since)
            for s in r.sends
        ]
        assert sorted(later) == sorted(row[:5] for row in said if row[0] >= since.isoformat())


def _groups(sent: Sequence[tuple[Any, ...]]) -> set[frozenset[tuple[Any, ...]]]:
    """Which deliveries went in one message, whatever its number."""
    messages: dict[Any, set[tuple[Any, ...]]] = {}
    for *row, message in sent:
        messages.setdefault(message, set()).add(tuple(row))
    return {frozenset(several) for several in messages.values()}


def test_links_are_in_messages_where_there_is_a_desk(monkeypatch: pytest.MonkeyPatch, post: Post) -> None:
    from pipeline.rules import DeskSettings

    monkeypatch.setenv("DESK_KEY", "a key")
    config = replace(post.parts.config, desk=DeskSettings("https://desk.example", "DESK_KEY"))
    post.parts = replace(post.parts, config=config)
    confirm(post, 0)
    message = post.got[0][1]
    assert all("https://desk.example/alert/" in form for form in (message.text, message.html))
    assert message.document["link"].startswith("https://desk.example/alert/") and "a key" not in str(message)
    monkeypatch.delenv("DESK_KEY")
    report = post.read(told("next", claim("Altera Lines", Event.LEFT), day=1))
    assert "desk.example" not in post.got[-1][1].text and ("desk", True) in {(f.what, "DESK_KEY" in f.why) for f in report.failures}


def test_files_and_pages_of_an_alert_are_written_over(tmp_path: Path) -> None:
    from pipeline import notify

    channel = Channel("files", "file", str(tmp_path), settings={"html": True})
    with Post(AlertRule("all", channels=("files",)), channels=[channel]) as post:
        post.parts = replace(post.parts, deliver=notify.deliver)
        for n in range(4):
            confirm(post, n)
        post.read(told("denial", claim("Norvik Freight", Event.LEFT, status=Status.DENIED), day=2))
        assert sorted(p.suffix for p in tmp_path.iterdir()) == [".html", ".md"]
        assert "is open again" in next(tmp_path.glob("*.md")).read_text(encoding="utf-8")
