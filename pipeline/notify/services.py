"""Message → the services that Apprise speaks to (Slack, Teams, Discord, ntfy, Matrix and a hundred more).

Apprise keeps its tries in memory: here each service is asked once, and those that took the message are not asked again. The addresses
hold tokens, so they come from the environment and stand in no error. What chats would obey (mentions, their markup) is defused. The
guard of `fetch` is around all that Apprise connects to, a proxy too: none on a private network unless the channel allows it.
"""

from __future__ import annotations

import re

from pipeline.errors import DeliveryError, install
from pipeline.fetch.guard import fence
from pipeline.model import Channel
from pipeline.notify.message import Message
from pipeline.notify.secrets import scrubbed, secret
from pipeline.text import digest, shown

_ADDRESS = re.compile(r"""(https?://[^\s<>()\[\]{}"'`|\\^“”‘’‹›«»]+)""")
_IN_ADDRESSES = str.maketrans({c: f"%{ord(c):02X}" for c in "@*_~"})
"""An address with these as escapes is the same one (RFC 3986 section 6.2.2.2), and no chat finds a mention or markup in it."""
_LOOK_ALIKES = str.maketrans("@<>*_`~|[]\\", "＠‹›∗＿ˋ∼｜［］＼")
_HEADING = re.compile(r"#(?=#*(?:\s|$))", re.MULTILINE)


def notify(message: Message, channel: Channel) -> str:
    """Hands a message to every service of a channel; raises DeliveryError where one does not take it, or Apprise is not installed."""
    try:
        import apprise
    except ImportError as problem:
        raise DeliveryError(f"Apprise is not installed: {install('apprise')}", about=channel.name) from problem
    urls = secret(channel.settings["urls_env"], channel.name).split()
    have, failed = set(message.earlier.split()), []
    lasting = True
    for url in urls:
        mark = digest(url)
        if mark in have:
            continue
        service = apprise.Apprise.instantiate(url, suppress_exceptions=True)
        name = url.partition("://")[0]
        if service is None:
            failed.append(f"{name}: Apprise knows no such address")
            lasting = False
            continue
        why = ""
        with (
            fence(allow_private=bool(channel.settings.get("allow_private_addresses"))) as walls,
            apprise.LogCapture(  # type: ignore[no-untyped-call]
                level=apprise.logging.WARNING, fmt="%(message)s"
            ) as said,
        ):
            try:
                taken = service.notify(title=defused(message.subject), body=defused(message.text or message.markdown))
            except Exception as problem:  # noqa: BLE001 - of its hundred services not each keeps its own troubles to itself
                taken, why = False, f"Apprise failed over it ({type(problem).__name__}: {problem}); check its address"
            why = why or " ".join(said.getvalue().strip().splitlines()[-1:])
        if taken:
            have.add(mark)
        elif walls.refused:
            failed.append(f"{name}: its address is private or never fetched; allow_private_addresses = true allows private networks")
        else:
            lasting = False
            failed.append(f"{name}: {scrubbed(why, urls) or 'it did not take the message'}")
    receipt = " ".join(sorted(have))
    if failed:
        raise DeliveryError("; ".join(failed), about=channel.name, transient=not lasting, taken=receipt)
    return receipt


def defused(text: str) -> str:
    """Gives text in which chats find nobody to call, no markup and nothing that hides or turns words; addresses of the web still work.

    What chats read as markup they read so many ways that no escape holds in all of them: characters that look alike take its place.

    >>> print(defused("<!channel> **@everyone** see [x](https://a.example/@b_c)"))
    ‹!channel› ∗∗＠everyone∗∗ see ［x］(https://a.example/%40b%5Fc)
    """
    clean = text if text.isprintable() else "".join(c if c == "\n" else shown(c) for c in text)
    pieces = _ADDRESS.split(clean)
    return "".join(
        p.translate(_IN_ADDRESSES) if place % 2 else _HEADING.sub("＃", p.translate(_LOOK_ALIKES)) for place, p in enumerate(pieces)
    )
