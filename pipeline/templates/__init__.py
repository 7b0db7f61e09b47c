"""The page templates that come with the program: reads them from the package, and decides nothing.

A template names the parts that it shares with others on a line of its own, as a comment: `{# part head.html #}`, in a style sheet
`/* part page.css */`.
"""

from __future__ import annotations

import re
from importlib import resources

_PART = re.compile(r"^(?:\{#|/\*) part ([a-z.]+) (?:#\}|\*/)\n", re.MULTILINE)


def read(name: str) -> str:
    """Gives the text of a template with its parts in their places; raises FileNotFoundError for a name that is not in here."""
    text = resources.files(__name__).joinpath(name).read_text(encoding="utf-8")
    return _PART.sub(lambda part: read(part[1]), text)
