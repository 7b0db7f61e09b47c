"""Answers the signed links in messages: a page that shows an alert, or those that went together, and a form to acknowledge, mute,
unmute or note them.

Looking changes nothing, whoever or whatever follows the link: only sending the form does. A link opens what its message was about and
nothing else; there is no list and no search. It speaks HTTP and is meant to stand behind a proxy that speaks HTTPS.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

from aiohttp import web

from pipeline import letters, links, outbox, templates
from pipeline.arguments import PATIENCE_SECONDS
from pipeline.errors import StoreError
from pipeline.model import Act, RaisedAlert
from pipeline.store import Store

_LONGEST_FORM = 16_384
_LONGEST_NAME, _LONGEST_NOTE = 80, 1000
_ACTS = {act.value: act for act in (Act.ACKNOWLEDGED, Act.MUTED, Act.UNMUTED, Act.NOTED)}
_DAYS = {"1": 1, "7": 7, "30": 30}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "no-store",
}

_log = logging.getLogger("pipeline.desk")


def serve(store: Path, key: str, host: str, port: int) -> None:
    """Answers until SIGTERM or SIGINT. Raises OSError where the port cannot be had."""
    web.run_app(application(store, key), host=host, port=port, print=None, access_log=None)


def application(store: Path, key: str, wait_seconds: float = PATIENCE_SECONDS) -> web.Application:
    """Gives the web application; `key` signs and checks the links."""
    app = web.Application(client_max_size=_LONGEST_FORM)
    desk = _Desk(store, key, wait_seconds)
    # A proxy may hand the whole path on, or what comes after its own part of it.
    app.router.add_get("/{before:.*}{kind:alert|message}/{id}", desk.show)
    app.router.add_post("/{before:.*}{kind:alert|message}/{id}", desk.act)
    return app


class _Desk:
    def __init__(self, store: Path, key: str, wait_seconds: float) -> None:
        self._store, self._key, self._wait, self._template = store, key, wait_seconds, templates.read("desk.html")

    async def show(self, request: web.Request) -> web.Response:
        allowed = self._allowed(request)
        if allowed is None:
            return self._refused()
        return await asyncio.to_thread(self._page, allowed, "")

    async def act(self, request: web.Request) -> web.Response:
        allowed = self._allowed(request)
        if allowed is None:
            return self._refused()
        try:
            form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        except ValueError:
            form = {}
        if form.get("act") not in _ACTS:
            return self._told("This cannot be done", "The form said nothing that can be done.", HTTPStatus.BAD_REQUEST)
        return await asyncio.to_thread(self._turn, allowed, form)

    def _allowed(self, request: web.Request) -> links.Pass | None:
        return links.check(self._key, request.match_info["kind"], request.match_info["id"], dict(request.query), datetime.now(UTC))

    def _refused(self) -> web.Response:
        return self._told("This link does not work", "It is too old, or it was not copied whole.", HTTPStatus.FORBIDDEN)

    def _told(self, heading: str, said: str, status: HTTPStatus) -> web.Response:
        return _answer(letters.plain_page(heading, said, self._template), status)

    def _page(self, allowed: links.Pass, said: str) -> web.Response:
        try:
            with Store.open(self._store, read_only=True) as store:
                found = _alerts(store, allowed)
                turns = [turn for alert in found for turn in store.turns(alert.id)]
        except StoreError as problem:
            return self._unavailable(problem)
        return _answer(letters.desk_page(found, turns, self._template, said=said), HTTPStatus.OK) if found else self._gone()

    def _gone(self) -> web.Response:
        return self._told("This alert is gone", "The store knows no alert of this number.", HTTPStatus.NOT_FOUND)

    def _turn(self, allowed: links.Pass, form: Mapping[str, str]) -> web.Response:
        act = _ACTS[form["act"]]
        note, name = form.get("note", "").strip()[:_LONGEST_NOTE], " ".join(form.get("by", "").split())[:_LONGEST_NAME]
        if act is Act.NOTED and not note:
            return self._page(allowed, "The note was empty; nothing was kept.")
        days = _DAYS.get(form.get("days", ""), 0)
        by = f"{name}, by the link of {allowed.channel}" if name else f"a reader of {allowed.channel}"
        try:
            with Store.open(self._store, lock_wait=self._wait) as store:
                now = datetime.now(UTC)
                until = now + timedelta(days=days) if act is Act.MUTED and days else None
                found = _alerts(store, allowed)
                outbox.turn(store, [a.id for a in found], act, by, now, note=note, until=until)
        except StoreError as problem:
            return self._unavailable(problem)
        which = "this alert was" if len(found) == 1 else "these alerts were"
        return self._page(allowed, f"It is kept that {which} {act}.")

    def _unavailable(self, problem: StoreError) -> web.Response:
        _log.warning("%s", problem)
        said = "The store is in use just now, and nothing was kept. Please try again in a minute."
        response = self._told("Please try again", said, HTTPStatus.SERVICE_UNAVAILABLE)
        response.headers["Retry-After"] = "60"
        return response


def _alerts(store: Store, allowed: links.Pass) -> tuple[RaisedAlert, ...]:
    """What a link is about: an alert, or all that its message told of."""
    ids = [allowed.id] if allowed.kind == links.ALERT else [due.alert.id for due in store.letter(allowed.id)]
    return store.alerts(ids=ids)


def _answer(page: str, status: HTTPStatus) -> web.Response:
    return web.Response(text=page, status=status, content_type="text/html", charset="utf-8", headers=_HEADERS)
