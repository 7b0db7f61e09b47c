"""How the daemon is, as one document: asked of the daemon itself where it answers, else read from beside and in its store."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from pipeline import __version__
from pipeline.errors import StoreError
from pipeline.health import Health, Life, judge
from pipeline.model import Notice
from pipeline.notices import sentence
from pipeline.render import counted, plain
from pipeline.store import JobState, Pulse, Store
from pipeline.store.opening import Holder, holder

if TYPE_CHECKING:
    from pipeline.config import Config
    from pipeline.daemon.keeper import Keeper

ASK_SECONDS = 5.0
NOTICES_SHOWN = 20
_LONGEST_ANSWER = 1 << 20


def of_keeper(keeper: Keeper) -> dict[str, Any]:
    """Gives the document of a daemon from within."""
    health, pulse = keeper.seen()
    life = keeper.life()
    daemon = {
        "version": __version__,
        "since": keeper.started.isoformat(timespec="seconds"),
        "at_work": {"job": life.work.job, "seconds": round(life.work.seconds, 1)} if life.work else None,
    }
    return _document(health, daemon, pulse, *_told(keeper.config))


def asked(config: Config, now: datetime) -> dict[str, Any]:
    """Gives the document of the daemon that keeps the store of a configuration, or says that there is none."""
    from pipeline.daemon.keeper import DAEMON_LOCK, seen_in

    found = holder(config.store_path, DAEMON_LOCK)
    if found and (answer := _answer(found)) is not None:
        return {**answer, "daemon": {"process": found.process, "command": found.command, **answer["daemon"]}}
    pulse, trouble = None, ""
    try:
        with Store.open(config.store_path, read_only=True, wait=2.0) as store:
            pulse = store.pulse(now)
    except StoreError as error:
        trouble = str(error)
    if found is None:
        health = Health(stuck=("no daemon keeps this store: start one with `pipeline daemon`", *([trouble] if trouble else [])))
        return _document(health, None, pulse, *_told(config))
    # It does not answer over HTTP (or shall not): what its jobs left in the store tells whether it advances.
    jobs, notices = _told(config)
    tick = jobs.get("tick")
    since = max(filter(None, (found.since, tick.ended if tick else None)), default=now)
    life = Life((now - since).total_seconds(), config.daemon.look_seconds, True, trouble)
    daemon = {"process": found.process, "command": found.command, "since": found.since.isoformat() if found.since else None}
    return _document(judge(life, seen_in(pulse)), daemon, pulse, jobs, notices)


def _answer(found: Holder) -> dict[str, Any] | None:
    """What the daemon says of itself; None where it does not answer. A proxy is not asked for it."""
    try:
        address = json.loads(found.says).get("endpoint")
        if not address:
            return None
        host = address.rpartition(":")[0]
        asked_for = address.replace("0.0.0.0", "127.0.0.1") if host == "0.0.0.0" else address
        with build_opener(ProxyHandler({})).open(f"http://{asked_for}/status", timeout=ASK_SECONDS) as answer:
            document = json.loads(answer.read(_LONGEST_ANSWER))
    except (URLError, OSError, HTTPException, ValueError, AttributeError):
        return None
    return document if isinstance(document, dict) and isinstance(document.get("daemon"), dict) else None


def _told(config: Config) -> tuple[dict[str, JobState], tuple[Notice, ...]]:
    """How the jobs ended, and the notices that are not over."""
    try:
        with Store.open(config.store_path, read_only=True, wait=2.0) as store:
            return store.jobs(), store.notices()
    except StoreError:
        return {}, ()  # the health says why


def _document(
    health: Health, daemon: dict[str, Any] | None, pulse: Pulse | None, jobs: dict[str, JobState], notices: tuple[Notice, ...]
) -> dict[str, Any]:
    return {
        **health.as_json(),
        "daemon": daemon,
        "jobs": [
            {
                "job": j.name,
                "outcome": j.outcome,
                "ended": _text(j.ended),
                "due": _text(j.due),
                "failures": j.failures,
                "seconds": round(j.seconds, 3),
                "said": j.said,
            }
            for j in jobs.values()
        ],
        "notices": [{"about": n.about, "kind": n.kind, "since": _text(n.since), "text": sentence(n)} for n in notices],
        "feeds": None
        if pulse is None
        else {
            **{"configured": pulse.feeds, "due": pulse.due, "failing": pulse.failing, "quiet": pulse.quiet},
            "last_read": _text(pulse.read),
        },
        "queues": None
        if pulse is None
        else {
            name: {"length": n, "since": _text(since)}
            for name, n, since in (
                ("feeds", pulse.due, pulse.due_since),
                ("articles", pulse.unread, pulse.unread_since),
                ("deliveries", pulse.unsent, pulse.unsent_since),
            )
        }
        | {"dead_letters": pulse.dead},
        "kept": None
        if pulse is None
        else {"articles": pulse.articles, "claims": pulse.claims, "changes": pulse.changes, "alerts": pulse.alerts},
        "store": None if pulse is None else {"bytes": pulse.file_bytes, "log_bytes": pulse.log_bytes},
    }


def _text(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="seconds") if at else None


def shown(document: dict[str, Any], now: datetime) -> str:
    """Gives the document as a person reads it."""
    daemon, feeds, queues = document["daemon"], document["feeds"], document["queues"]
    state = "healthy" if document["healthy"] else "UNHEALTHY"
    lines = [f"{state}{'' if document['ready'] or not daemon else ', not ready yet'}"]
    lines += [f"  ! {plain(why, 500)}" for why in document["why"]]
    lines += [f"  - {plain(note, 500)}" for note in document["notes"]]
    if daemon:
        at_work = daemon.get("at_work")
        doing = f", at work on {at_work['job']} for {at_work['seconds']:.0f} s" if at_work else ""
        since = f" since {_short(daemon['since'])}" if daemon.get("since") else ""
        lines.append(f"daemon     process {daemon.get('process', '?')}{since}{doing}")
    if feeds:
        lines.append(
            f"feeds      {feeds['configured']}: {feeds['due']} due, {feeds['failing']} failing, {feeds['quiet']} quiet; "
            f"last read {_ago(feeds['last_read'], now)}"
        )
    if queues:
        for name in ("articles", "deliveries"):
            n, since = queues[name]["length"], queues[name]["since"]
            lines.append(f"{name:10} {n} waiting{f', the oldest since {_short(since)}' if since else ''}")
        if queues["dead_letters"]:
            lines.append(f"           {counted(queues['dead_letters'], 'dead letter')}: see `pipeline outbox dead`")
    if kept := document["kept"]:
        lines.append(f"kept       {', '.join(f'{n} {what}' for what, n in kept.items())}")
    if store := document["store"]:
        lines.append(f"store      {store['bytes'] / 1e6:.1f} MB, {store['log_bytes'] / 1e6:.1f} MB in its log")
    lines += [f"notice     {plain(notice['text'], 500)}" for notice in document.get("notices", [])[:NOTICES_SHOWN]]
    more = len(document.get("notices", [])) - NOTICES_SHOWN
    lines += [f"           and {more} more"] * (more > 0)
    for job in document["jobs"]:
        said = f": {plain(job['said'], 120)}" if job["said"] else ""
        often = f", {job['failures']} times in a row" if job["failures"] > 1 else ""
        lines.append(f"{job['job']:10} {job['outcome']}{often} {_ago(job['ended'], now)}, next {_short(job['due'])}{said}")
    return "\n".join(lines) + "\n"


def _short(text: str | None) -> str:
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M} UTC" if text else "never"


def _ago(text: str | None, now: datetime) -> str:
    if not text:
        return "never"
    seconds = max(0.0, (now - datetime.fromisoformat(text)).total_seconds())
    return f"{seconds:.0f} s ago" if seconds < 120 else f"{seconds / 60:.0f} min ago" if seconds < 7200 else _short(text)
