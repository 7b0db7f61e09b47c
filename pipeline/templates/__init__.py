"""The page templates that come with the program: reads them from the package, and decides nothing."""

from __future__ import annotations

from importlib import resources


def read(name: str) -> str:
    """Gives the text of a template; raises FileNotFoundError for a name that is not in this package."""
    return resources.files(__name__).joinpath(name).read_text(encoding="utf-8")
