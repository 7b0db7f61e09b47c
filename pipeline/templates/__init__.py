"""The page templates that come with the program: reads them from the package, and decides nothing."""

from __future__ import annotations

from importlib import resources

_STYLE = "/* page.css */"


def read(name: str) -> str:
    """Gives the text of a template, with the style that all pages share; raises FileNotFoundError for a name that is not in here."""
    text = resources.files(__name__).joinpath(name).read_text(encoding="utf-8")
    return text.replace(_STYLE, resources.files(__name__).joinpath("page.css").read_text(encoding="utf-8")) if _STYLE in text else text
