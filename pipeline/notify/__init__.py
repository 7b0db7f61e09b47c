"""Message → channel: hands it over in the way of the channel's kind, and gives back a receipt.

It words nothing and decides nothing: whether, when and how often to try is the caller's. A message has an id and a name that stay the
same however often it is delivered, so that a file is written over and never doubled, and a receiver can drop what it has already.
Passwords, signing secrets and addresses that are secrets come from the environment when they are used, and stand in no error.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping

from pipeline.errors import DeliveryError, Stopped, StoreError
from pipeline.model import Channel
from pipeline.notify import files, mail, services, webhook
from pipeline.notify.files import file_stem
from pipeline.notify.message import Message
from pipeline.notify.secrets import secret

__all__ = ["FEED_KINDS", "FORMS", "KINDS", "MIRROR_KINDS", "THREADLESS_KINDS", "Message", "attempt", "deliver", "file_stem", "secret"]

_log = logging.getLogger("pipeline.notify")

_WAYS: Mapping[str, Callable[[Message, Channel], str]] = {
    "file": files.write,
    "log": files.log,
    "email": mail.send,
    "webhook": webhook.post,
    "apprise": services.notify,
    "atom": files.write_feed,
    "jsonfeed": files.write_feed,
}
KINDS = tuple(_WAYS)
"""The kinds of channel there are: files in a folder, a line in the program's log, e-mail, a signed webhook, the services of Apprise,
and one file that is an Atom or a JSON feed of all alerts."""
FORMS: Mapping[str, frozenset[str]] = {
    "file": frozenset({"markdown", "html"}),
    "email": frozenset({"text", "html"}),
    "apprise": frozenset({"text"}),
}
"""The forms of a message that a kind sends; the others make do with its subject, or with its plain values."""
FEED_KINDS = frozenset({"atom", "jsonfeed"})
MIRROR_KINDS = FEED_KINDS | {"file"}
"""Kinds in which a message about an alert is written over by the next one about it."""
THREADLESS_KINDS = frozenset({"log", "apprise"})
"""Kinds in which a second message about an alert would stand beside the first one as if it were news."""


def deliver(message: Message, channel: Channel) -> str:
    """Hands a message to a channel and gives the receipt: where it went, or what the channel answered.

    Raises DeliveryError, which says whether trying again can help, and when the channel asks for it.
    """
    way = _WAYS.get(channel.kind)
    if way is None:
        raise DeliveryError(f"there is no channel of kind {channel.kind!r}: use {', '.join(KINDS)}", about=channel.name, transient=False)
    return way(message, channel)


def attempt(hand_over: Callable[[], str], about: str) -> str:
    """Does what hands a message to a channel, and gives its receipt: what goes wrong in a way that nobody foresaw is a DeliveryError
    too, so that one channel never stops the others.

    The log gets the places where it happened, and not its words: those of a library may hold an address or a password.
    """
    try:
        return hand_over()
    except (DeliveryError, StoreError, Stopped):
        raise
    except Exception as problem:
        _log.error("%s: %s, raised at\n%s", about, _kinds(problem), "".join(traceback.format_tb(problem.__traceback__)).rstrip())
        said = f"a mistake of the program ({_kinds(problem)}); the log says where it happened: please report it"
        raise DeliveryError(said, about=about) from problem


def _kinds(problem: BaseException) -> str:
    """What sort of exception it is, and by which it came about."""
    cause = problem.__cause__ or (None if problem.__suppress_context__ else problem.__context__)
    return f"{type(problem).__name__}{f' by {_kinds(cause)}' if cause else ''}"
