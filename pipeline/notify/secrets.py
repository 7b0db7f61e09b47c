"""Secrets: read from the environment at the moment of use, and taken out of every text that leaves a channel."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from urllib.parse import unquote

from pipeline.errors import DeliveryError

_LEAST = 4
"""Characters that a secret has at least to be looked for: a shorter one would blot out words."""


def secret(variable: str, about: str) -> str:
    """Gives the value of a variable of the environment; raises DeliveryError (set it, and the next try finds it) where it is not set."""
    value = os.environ.get(variable, "").strip()
    if not value:
        raise DeliveryError(f"the environment variable {variable} is not set: it holds the secret of this channel", about=about)
    return value


def scrubbed(text: str, secrets: Iterable[str]) -> str:
    """Gives a text without the secrets, whole or in the parts that an address has.

    >>> scrubbed("cannot connect to hooks.example/T1/B2/s3cr3t", ["https://hooks.example/T1/B2/s3cr3t"])
    'cannot connect to hooks.example/T1/B2/***'
    >>> scrubbed("nobody signs in by p@ssw0rd", ["mailto://desk:p%40ssw0rd@mail.example"])
    'nobody signs in by ***'
    """
    whole = [s for s in secrets if len(s) >= _LEAST]
    parts = [part for s in whole if "://" in s for part in re.split(r"[/?&=:@]+", s.partition("://")[2])[1:]]
    # Libraries know what stands in an address without its escapes.
    for found in sorted({*whole, *(p for part in parts for p in (part, unquote(part)) if len(p) >= _LEAST)}, key=len, reverse=True):
        text = text.replace(found, "***")
    return text
