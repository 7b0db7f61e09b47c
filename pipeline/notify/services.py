"""Message → the services that Apprise speaks to (Slack, Teams, Discord, ntfy, Matrix and a hundred more).

Apprise keeps its tries in memory: here each service is asked once, and those that took the message are not asked again. The addresses
hold tokens, so they come from the environment and stand in no error. What chats would obey (mentions, their markup) is defused.
"""

from __future__ import annotations

import re

from pipeline.errors import DeliveryError
from pipeline.model import Channel
from pipeline.notify.message import Message
from pipeline.notify.secrets import scrubbed, secret
from pipeline.text import digest

_ADDRESS = re.compile(r"(https?://\S+)")


def notify(message: Message, channel: Channel) -> str:
    """Hands a message to every service of a channel; raises DeliveryError where one does not take it, or Apprise is not installed."""
    try:
        import apprise
    except ImportError as problem:
        advice = "Apprise is not installed: pip install 'pipeline[apprise]'"
        raise DeliveryError(advice, about=channel.name) from problem
    urls = secret(channel.settings["urls_env"], channel.name).split()
    have, failed = set(message.earlier.split()), []
    for url in urls:
        mark = digest(url)
        if mark in have:
            continue
        service = apprise.Apprise.instantiate(url, suppress_exceptions=True)
        name = url.partition("://")[0]
        if service is None:
            failed.append(f"{name}: Apprise knows no such address")
            continue
        with apprise.LogCapture(  # type: ignore[no-untyped-call]
            level=apprise.logging.WARNING, fmt="%(message)s"
        ) as said:
            taken = service.notify(title=defused(message.subject), body=defused(message.text or message.markdown))
            why = said.getvalue().strip().splitlines()[-1:]
        if taken:
            have.add(mark)
        else:
            failed.append(f"{name}: {scrubbed(why[0], urls) if why else 'it did not take the message'}")
    receipt = " ".join(sorted(have))
    if failed:
        raise DeliveryError("; ".join(failed), about=channel.name, taken=receipt)
    return receipt


def defused(text: str) -> str:
    """Gives text in which chats find nobody to call and no markup, addresses of the web apart.

    >>> defused("<!channel> @everyone see https://a.example/@b")
    '‹!channel› ＠everyone see https://a.example/@b'
    """
    pieces = _ADDRESS.split(text)
    return "".join(p if place % 2 else p.replace("@", "＠").replace("<", "‹").replace(">", "›") for place, p in enumerate(pieces))
