"""`pipeline alerts`, `outbox`, `channels` and `rules`: what was told, what waits, whether it arrives, and what rules would tell.

Parsers and printing alone: what an act on an alert means, and what is sent when, stands in `outbox`.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pipeline.arguments import add_patience, as_json, print_json, when, writing
from pipeline.errors import DeliveryError, PipelineError, UsageError
from pipeline.model import Act, AlertRule, QuietHours, RaisedAlert, Severity

if TYPE_CHECKING:
    from pipeline.config import Config
    from pipeline.outbox import Rehearsed, Sending
    from pipeline.store import Due, Kept, Store

Command = Callable[[str, Callable[[argparse.Namespace], int], str, str], argparse.ArgumentParser]
Load = Callable[[argparse.Namespace], "Config"]

DUE, DELIVERED, GIVEN_UP, DROPPED = "due", "delivered", "given up", "dropped"
_ACTS = {
    "ack": (Act.ACKNOWLEDGED, "somebody has taken note of it: more evidence is told no more, a denial is"),
    "mute": (Act.MUTED, "nothing more is told of it, until a denial or correction opens it again"),
    "unmute": (Act.UNMUTED, "it is told of again"),
    "note": (Act.NOTED, "a few words are kept with it"),
}


def add_commands(command: Command, load: Load) -> None:
    """Adds the parsers of all that is about being told."""
    _add_alerts(command, load)
    _add_outbox(command, load)
    _add_channels(command, load)
    _add_rules(command, load)
    _add_desk(command, load)


def _now() -> datetime:
    return datetime.now(UTC)


# Alerts.


def _add_alerts(command: Command, load: Load) -> None:
    sub = command(
        "alerts",
        lambda args: _list_alerts(args, load),
        "list the alerts of a time with their states; acknowledge, mute or note them",
        "pipeline alerts --since 7d\n  pipeline alerts show 5d41c0\n  pipeline alerts ack 5d41c0 --note 'told the board'\n"
        "  pipeline alerts mute 5d41c0 --until 2025-06-01",
    )
    sub.add_argument("--since", default="30d", metavar="WHEN", help="raised since then (without it: 30d)")
    sub.add_argument("--state", metavar="STATE", help="only those: open, updated, reopened, acknowledged or muted")
    as_json(sub)
    verbs = sub.add_subparsers(title="acts", metavar="ACT")
    show = verbs.add_parser("show", help="show one with its words and its log", description="Shows an alert with its words and its log.")
    show.add_argument("alert", metavar="ALERT", help="its number, or the beginning of it")
    show.set_defaults(run=lambda args: _show_alert(args, load))
    as_json(show, default=argparse.SUPPRESS)
    for name, (act, about) in _ACTS.items():
        verb = verbs.add_parser(name, help=about, description=about[0].upper() + about[1:] + ".")
        several = act is not Act.NOTED
        verb.add_argument("alert", nargs="+" if several else None, metavar="ALERT", help="its number, or the beginning of it")
        if act is Act.NOTED:
            verb.add_argument("note", metavar="WORDS")
        else:
            verb.add_argument("--note", default="", metavar="WORDS", help="why")
        if act is Act.MUTED:
            verb.add_argument("--until", metavar="WHEN", help="for how long (without it: until somebody unmutes it)")
        verb.add_argument("--by", default="", metavar="NAME", help="who does it (without it the user of this machine)")
        verb.set_defaults(run=lambda args, act=act: _act(args, load, act))
        add_patience(verb)
        as_json(verb, default=argparse.SUPPRESS)


def _who(args: argparse.Namespace) -> str:
    try:
        return args.by.strip() or getpass.getuser()
    except (OSError, KeyError) as error:
        raise UsageError("say who does it: --by NAME") from error


def _list_alerts(args: argparse.Namespace, load: Load) -> int:
    from pipeline import screen
    from pipeline.digest import describe
    from pipeline.model import AlertState
    from pipeline.store import Store

    if args.state is not None and args.state not in list(AlertState):
        raise UsageError(f"{args.state!r} is no state: write {', '.join(AlertState)}")
    with Store.open(load(args).store_path, read_only=True) as store:
        found = [a for a in store.alerts(when(args.since, _now())) if args.state in (None, a.state)]
    if args.json:
        print_json({"alerts": [_alert_document(a) for a in found]})
        return 0
    screen.table(
        ["alert", "raised", "state", "severity", "coalition", "what", "sources"],
        [
            (a.id, f"{a.raised:%Y-%m-%d %H:%M}", a.state, a.severity, a.change.coalition.name, describe(a.change), a.change.sources)
            for a in found
        ],
        empty="No alert was raised in this time.",
    )
    return 0


def _find(store: Store, beginning: str) -> str:
    found = store.alert_ids(beginning) if beginning.strip() else ()
    if len(found) != 1:
        said = "more than one alert begins so: write more of it" if found else "no alert of that number is known"
        raise UsageError(f"{said}; `pipeline alerts` shows the numbers", about=beginning)
    return found[0]


def _show_alert(args: argparse.Namespace, load: Load) -> int:
    from pipeline import digest, letters, render
    from pipeline.store import Store

    with Store.open(load(args).store_path, read_only=True) as store:
        [alert] = store.alerts(ids=[_find(store, args.alert)])
        turns = store.turns(alert.id)
        changes = store.changes_of(t.change for t in turns if t.change)
    if args.json:
        log = [
            {
                "act": t.act,
                "at": t.at.isoformat(),
                "by": t.by or None,
                "note": t.note or None,
                "until": t.until.isoformat() if t.until else None,
                "change": render.change_document(changes[t.change]) if t.change else None,
            }
            for t in turns
        ]
        print_json({**_alert_document(alert), "change": render.change_document(alert.change), "log": log})
        return 0
    print(render.text(digest.build([alert.change], alert.raised, alert.raised)))
    print(f"Alert {alert.id}: {alert.severity}, {alert.state}, by the rule {render.plain(alert.rule)}")
    for t in turns:
        because = f" because {render.plain(digest.describe(changes[t.change]))}" if t.change else ""
        print("\n".join(render.hang(f"  {letters.turn_line(t)}{because}", render.WIDTH, "    ")))
    return 0


def _act(args: argparse.Namespace, load: Load, act: Act) -> int:
    from pipeline import outbox

    if act is Act.NOTED and not args.note.strip():
        raise UsageError("the note is empty")
    with writing(load(args), args.wait) as store:
        now = _now()
        until = _later(args.until, now) if getattr(args, "until", None) else None
        asked = args.alert if isinstance(args.alert, list) else [args.alert]
        ids = list(dict.fromkeys(_find(store, beginning) for beginning in asked))
        found = outbox.turn(store, ids, act, _who(args), now, note=args.note, until=until)
    if getattr(args, "json", False):
        print_json(_alert_document(found[0]) if len(found) == 1 else {"alerts": [_alert_document(a) for a in found]})
        return 0
    for alert in found:
        print(f"Alert {alert.id} is {alert.state} now" + (f" until {until:%Y-%m-%d %H:%M} UTC." if until else "."))
    return 0


def _later(words: str, now: datetime) -> datetime:
    """Reads a moment to come: a day, or how long from now (`3d` is in three days)."""
    moment = when(words, now)
    later = now + (now - moment) if words.strip()[-1:].lower() in "hdwmy" and words.strip()[:1].isdigit() and "-" not in words else moment
    if later <= now:
        raise UsageError(f"{words!r} is over: write a day to come, or how long (3d, 12h)")
    return later


def _alert_document(a: RaisedAlert) -> dict[str, Any]:
    return {
        "id": a.id,
        "change": a.change.id,
        "kind": a.change.kind,
        "coalition": a.change.coalition.name,
        "member": a.change.member.name if a.change.member else None,
        "rule": a.rule,
        "severity": a.severity,
        "state": a.state,
        "muted_until": a.muted_until.isoformat() if a.muted_until else None,
        "raised": a.raised.isoformat(),
        "sources": a.change.sources,
        "told": list(a.told),
        "waiting": list(a.waiting),
    }


# The outbox.


def _add_outbox(command: Command, load: Load) -> None:
    sub = command(
        "outbox",
        lambda args: _list_outbox(args, load, [DUE]),
        "list the messages that wait for their channel; those given up; send and replay",
        "pipeline outbox\n  pipeline outbox dead\n  pipeline outbox replay 5d41c0\n  pipeline outbox replay --all --channel mail\n"
        "  pipeline outbox send",
    )
    sub.add_argument("--channel", default="", metavar="NAME", help="only those of one channel")
    as_json(sub)
    verbs = sub.add_subparsers(title="what to do", metavar="DO")
    for name, states, about in (
        ("dead", [GIVEN_UP], "list the messages that were given up, and why"),
        ("sent", [DELIVERED], "list the messages that arrived, with their receipts"),
        ("dropped", [DROPPED], "list what was not to be told any more, and why"),
    ):
        verb = verbs.add_parser(name, help=about, description=about[0].upper() + about[1:] + ".")
        verb.set_defaults(run=lambda args, states=states: _list_outbox(args, load, states))
        verb.add_argument("--channel", default=argparse.SUPPRESS, metavar="NAME", help="only those of one channel")
        as_json(verb, default=argparse.SUPPRESS)
    replay = verbs.add_parser("replay", help="send what was given up again", description="Sends what was given up again, under its id.")
    replay.add_argument("message", nargs="?", default="", metavar="MESSAGE", help="its number, or the beginning of it")
    replay.add_argument("--all", action="store_true", help="all that were given up")
    replay.add_argument("--channel", default=argparse.SUPPRESS, metavar="NAME", help="only those of one channel")
    replay.set_defaults(run=lambda args: _replay(args, load))
    add_patience(replay)
    as_json(replay, default=argparse.SUPPRESS)
    send = verbs.add_parser("send", help="send what is due, and read no feed", description="Sends what is due, and reads no feed.")
    send.set_defaults(run=lambda args: _send(args, load))
    add_patience(send)
    as_json(send, default=argparse.SUPPRESS)


def _list_outbox(args: argparse.Namespace, load: Load, states: Sequence[str]) -> int:
    from pipeline import screen
    from pipeline.store import Store

    with Store.open(load(args).store_path, read_only=True) as store:
        found = store.letters(states, args.channel)
    if args.json:
        print_json({"messages": [_letter_document(k) for k in found]})
        return 0
    empty = {
        DUE: "No message waits.",
        GIVEN_UP: "No message was given up.",
        DELIVERED: "No message was sent yet.",
        DROPPED: "No message was dropped.",
    }[states[0]]
    delivered = states[0] == DELIVERED
    said = {DELIVERED: "receipt", DROPPED: "why"}.get(states[0], "last error")
    screen.table(
        ["message", "channel", "about", "due" if not delivered else "sent", "tries", said],
        [
            (
                k.message,
                k.deliveries[0].delivery.channel,
                _about(k.deliveries),
                f"{(k.tried if delivered and k.tried else k.deliveries[0].delivery.due):%Y-%m-%d %H:%M}",
                k.deliveries[0].delivery.tries,
                k.deliveries[0].delivery.receipt if delivered else k.error or _waits(k.deliveries[0]),
            )
            for k in found
        ],
        empty=empty,
        short="last error",
    )
    return 0


def _about(deliveries: Sequence[Due]) -> str:
    from pipeline.letters import subject
    from pipeline.notices import sentence
    from pipeline.store import DueDigest, DueNotice

    first = deliveries[0]
    if isinstance(first, DueNotice):
        if len(deliveries) > 1:
            return f"{len(deliveries)} notices"
        return sentence(first.notice, first.delivery.act)
    if isinstance(first, DueDigest):
        return f"digest{f' {first.audience}' if first.audience else ''} up to {first.until:%Y-%m-%d %H:%M}"
    if len(deliveries) > 1:
        return f"{first.change.coalition.name}: {len(deliveries)} changes"
    act = f"{first.delivery.act}: " if first.delivery.act is not Act.RAISED else ""
    return act + subject(first.alert, first.change)


def _waits(due: Due) -> str:
    """Says what a message waits for that was not tried yet, besides its time."""
    from pipeline.store import DueDelivery

    d = due.delivery
    if not isinstance(due, DueDelivery) or d.tries or due.alert.sources >= d.least_sources:
        return ""
    until = f" until {d.waits_until:%Y-%m-%d %H:%M}" if d.waits_until else ""
    return f"waits for {d.least_sources} independent sources{until}, has {due.alert.sources}"


def _letter_document(k: Kept) -> dict[str, Any]:
    first = k.deliveries[0].delivery
    return {
        "message": k.message,
        "channel": first.channel,
        "about": _about(k.deliveries),
        "alerts": [d.delivery.alert for d in k.deliveries if d.delivery.alert],
        "state": k.state,
        "due": first.due.isoformat(),
        "tries": first.tries,
        "tried": k.tried.isoformat() if k.tried else None,
        "receipt": first.receipt,
        "error": k.error,
        "waits": _waits(k.deliveries[0]) or None,
    }


def _replay(args: argparse.Namespace, load: Load) -> int:
    from pipeline.render import counted

    if bool(args.message) == args.all:
        raise UsageError("say which message to replay, or --all")
    with writing(load(args), args.wait) as store:
        found = store.letters([GIVEN_UP], args.channel, args.message, limit=1_000_000)
        if args.message and len(found) != 1:
            said = "more than one message begins so: write more of it" if found else "no message of that number was given up"
            raise UsageError(f"{said}; `pipeline outbox dead` shows the numbers", about=args.message)
        store.replay([k.message for k in found], _now())
    if args.json:
        print_json({"replayed": [k.message for k in found]})
    else:
        print(f"{counted(len(found), 'message')} will be sent again by the next run, or now by `pipeline outbox send`.")
    return 0


def _send(args: argparse.Namespace, load: Load) -> int:
    from pipeline import app, cycle, outbox, screen
    from pipeline.render import counted, plain

    config = load(args)
    if any(channel.kind == "log" for channel in config.channels):
        screen.log_to_stderr()
    with app.open_memory(config, lock_wait=args.wait) as (store, identities):
        sent = cycle.send_due(store, config, outbox.rulebook(config, identities), _now())
    if args.json:
        print_json({"delivered": sent.delivered, "failures": [{"channel": f.what, "why": f.why} for f in sent.failures]})
    else:
        print(f"{counted(sent.delivered, 'message')} sent, {len(sent.failures)} failed.")
        for failure in sent.failures:
            print(f"- {plain(failure.what)}: {plain(failure.why)}")
    return 0 if sent.delivered or not sent.failures else 1


# Channels.


def _add_channels(command: Command, load: Load) -> None:
    sub = command(
        "channels",
        lambda args: _list_channels(args, load),
        "list the channels with what waits for them; send a message to test one",
        "pipeline channels\n  pipeline channels test mail",
    )
    as_json(sub)
    verbs = sub.add_subparsers(title="what to do", metavar="DO")
    test = verbs.add_parser("test", help="send a test message to a channel", description="Sends a test message to a channel, now.")
    test.add_argument("name", metavar="NAME")
    test.set_defaults(run=lambda args: _test_channel(args, load))
    as_json(test, default=argparse.SUPPRESS)


def _list_channels(args: argparse.Namespace, load: Load) -> int:
    from pipeline import screen
    from pipeline.store import Store

    config = load(args)
    with Store.open(config.store_path, read_only=True) as store:
        counts = store.channel_counts()
    rows = [
        {
            "channel": c.name,
            "kind": c.kind,
            "to": c.target,
            **{state: counts.get((c.name, state), 0) for state in (DUE, DELIVERED, GIVEN_UP)},
        }
        for c in config.channels
    ]
    if args.json:
        print_json({"channels": rows})
    else:
        columns = ["channel", "kind", "to", DUE, DELIVERED, GIVEN_UP]
        screen.table(columns, [[row[c] for c in columns] for row in rows], empty="No channel is configured.")
    return 0


def _test_channel(args: argparse.Namespace, load: Load) -> int:
    from pipeline import cycle, screen

    config = load(args)
    channel = next((c for c in config.channels if c.name == args.name), None)
    if channel is None:
        names = ", ".join(c.name for c in config.channels) or "none is configured"
        raise UsageError(f"there is no channel of that name: {names}", about=args.name)
    if channel.kind == "log":
        screen.log_to_stderr()
    try:
        receipt = cycle.try_channel(channel, _now())
    except DeliveryError as error:
        again = "" if not error.transient else "; a real message would be tried again"
        raise PipelineError(f"{str(error).removeprefix(f'{error.about}: ')}{again}", about=channel.name) from error
    if args.json:
        print_json({"channel": channel.name, "receipt": receipt})
    else:
        print(f"{channel.name}: {receipt}")
    return 0


# Rules.


def _add_rules(command: Command, load: Load) -> None:
    sub = command(
        "rules",
        lambda args: _list_rules(args, load),
        "list the alert rules; say what they would have sent",
        "pipeline rules\n  pipeline rules test --since 90d",
    )
    as_json(sub)
    verbs = sub.add_subparsers(title="what to do", metavar="DO")
    test = verbs.add_parser("test", help="say what they would have sent", description="Says what the rules would have sent; sends nothing.")
    test.add_argument("--since", default="30d", metavar="WHEN", help="of what was learned since then (without it: 30d)")
    test.set_defaults(run=lambda args: _test_rules(args, load))
    as_json(test, default=argparse.SUPPRESS)


def _list_rules(args: argparse.Namespace, load: Load) -> int:
    from pipeline import screen

    config = load(args)
    if args.json:
        print_json({"rules": [_rule_document(r) for r in config.alerts]})
    else:
        shown = [(r.name, _picks(r), ", ".join(r.channels), _holds_back(r)) for r in config.alerts]
        screen.table(["rule", "picks", "channels", "holds back"], shown, empty="There is no rule: what happens is told, to no channel.")
    return 0


def _rule_document(r: AlertRule) -> dict[str, Any]:
    return {
        "rule": r.name,
        "channels": list(r.channels),
        **{name: sorted(getattr(r, name)) for name in ("kinds", "coalitions", "members", "coalition_kinds", "roles")},
        "least_severity": r.least_severity,
        "least_confidence": r.least_confidence,
        "least_sources": r.least_sources,
        "wait_minutes": r.wait_minutes,
        "group_minutes": r.group_minutes,
        "quiet_hours": _hours(r.quiet) if r.quiet else None,
        "mute_until": r.mute_until.isoformat() if r.mute_until else None,
        "updates": r.updates,
        "go_on": r.go_on,
    }


def _hours(q: QuietHours) -> str:
    return f"{q.begin:%H:%M}-{q.end:%H:%M} {q.zone}"


def _picks(r: AlertRule) -> str:
    """Says which changes a rule picks; what it leaves open is not said."""
    lists = [", ".join(sorted(some)) for some in (r.kinds, r.coalitions, r.members, r.coalition_kinds, r.roles) if some]
    least = [f"{r.least_severity} severity at least"] * (r.least_severity is not Severity.LOW)
    least += [f"confidence {r.least_confidence:.0%} at least"] * bool(r.least_confidence)
    return "; ".join([*lists, *least]) or "all"


def _holds_back(r: AlertRule) -> str:
    """Says what keeps a rule's messages back."""
    said = []
    if r.least_sources > 1:
        said.append(f"until {r.least_sources} sources" + (f", for {r.wait_minutes:g} minutes" if r.wait_minutes else ""))
    if r.group_minutes is not None:
        said.append(f"grouped, {r.group_minutes} minutes")
    said += [f"quiet {_hours(r.quiet)}"] if r.quiet else []
    said += [f"muted until {r.mute_until:%Y-%m-%d %H:%M}"] if r.mute_until else []
    return "; ".join(said)


def _test_rules(args: argparse.Namespace, load: Load) -> int:
    from pipeline import app, outbox, screen
    from pipeline.digest import describe
    from pipeline.render import counted
    from pipeline.store import Store

    config = load(args)
    since = when(args.since, _now())
    with Store.open(config.store_path, read_only=True) as store:
        changes = store.changes_to_rehearse(since)
        identities = app.known_identities(config, store)
    found = outbox.rehearse(changes, config, outbox.rulebook(config, identities), since)
    if args.json:
        print_json(
            {
                "changes": [
                    {
                        "change": r.change.id,
                        "coalition": r.change.coalition.name,
                        "what": describe(r.change),
                        "learned": r.change.detected_at.isoformat(),
                        "rule": r.rule or None,
                        "severity": r.alert.severity if r.alert else None,
                        "sends": [_sending_document(s) for s in r.sends],
                        "waits": r.waits or None,
                    }
                    for r in found
                ]
            }
        )
        return 0
    together = Counter(s.message for r in found for s in r.sends)
    lines = sorted((line for r in found for line in _rehearsed_lines(r, since, together)), key=lambda line: line[0])
    screen.table(
        ["when", "coalition", "what", "rule", "sends"],
        [(f"{at:%Y-%m-%d %H:%M}", *rest) for at, *rest in lines],
        empty="Nothing changed in this time.",
    )
    if found and sys.stdout.isatty():
        raised = sum(bool(r.rule) for r in found)
        print(f"{counted(len(found), 'change')}, {counted(raised, 'alert')}, {counted(len(together), 'message')}.")
    return 0


def _sending_document(s: Sending) -> dict[str, Any]:
    return {
        "channel": s.channel,
        "at": s.at.isoformat(),
        "message": s.message,
        "act": s.act,
        "rule": s.rule or None,
        "sources": s.sources,
        "about": s.about.id if s.about else None,
    }


def _rehearsed_lines(r: Rehearsed, since: datetime, together: Counter[int]) -> Iterator[tuple[datetime, str, str, str, str]]:
    """What happens to a change in the order of time: that nothing is sent of it yet, or at all, and each act that is told."""
    from pipeline.digest import describe

    told = r.change.coalition.name, describe(r.change)
    if (r.waits or not r.sends) and r.change.detected_at >= since:
        yield (r.change.detected_at, *told, r.rule or "no rule", r.waits or "nothing")
    for (at, act, rule, sources), some in groupby(r.sends, key=lambda s: (s.at, s.act, s.rule, s.sources)):
        acts = {Act.UPDATED: f"updated, {sources} sources", Act.REOPENED: "reopened"}
        sends = list(some)
        what = acts.get(act, "")
        if sends[0].about:
            what += f" ({describe(sends[0].about)})"
        channels = ", ".join(_channel(s.channel, together[s.message]) for s in sends)
        yield (at, *told, rule, f"{what}: {channels}" if what else channels)


def _channel(name: str, of: int) -> str:
    return name + (f" (one message with {of - 1} more)" if of > 1 else "")


# The desk.


def _add_desk(command: Command, load: Load) -> None:
    sub = command(
        "desk",
        lambda args: _serve_desk(args, load),
        "answer the signed links in messages: a page to acknowledge, mute or note an alert",
        "pipeline desk --listen 127.0.0.1:8321",
    )
    sub.add_argument("--listen", default="127.0.0.1:8321", metavar="HOST:PORT", help="where (without it: 127.0.0.1:8321)")


def _serve_desk(args: argparse.Namespace, load: Load) -> int:
    from pipeline import desk
    from pipeline.notify import secret

    config = load(args)
    if not config.desk.address:
        raise UsageError('there is no desk: set address = "https://…" and secret_env = "…" under [desk] in the configuration')
    host, colon, port = args.listen.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise UsageError("write a host and a port, like 127.0.0.1:8321", about=args.listen)
    desk.serve(config.store_path, secret(config.desk.secret_env, "desk"), host.strip("[]"), int(port))
    return 0
