"""Bytes → text: which character set a page is written in, and whether it is text at all.

Order of trust: a byte order mark, the HTTP header, the page's own declaration, UTF-8, a guess from the bytes. It refuses
what is no text (PDF, images, archives, bytes full of NUL) with a `ParseError` that names the thing; it never refuses a
page for bad bytes in the middle of it: those become U+FFFD.
"""

from __future__ import annotations

import codecs
import re

import ftfy
from charset_normalizer import from_bytes

from pipeline.errors import ParseError

SNIFFED_BYTES = 4096
"""How far a declaration is looked for; the HTML standard asks for 1024, real heads put scripts before it."""
GUESSED_BYTES = 20_000

_SIGNATURES = (
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive or office document"),
    (b"\xd0\xcf\x11\xe0", "an office document"),
    (b"\x89PNG", "an image"),
    (b"GIF8", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"\x1f\x8b", "compressed data"),
    (b"\x00\x00\x01\x00", "an image"),
    (b"ID3", "a sound file"),
    (b"{\\rtf", "an RTF document"),
)
_FOREIGN_TYPES = (
    ("application/pdf", "a PDF"),
    ("image/", "an image"),
    ("audio/", "a sound file"),
    ("video/", "a video"),
    ("font/", "a font"),
    ("application/zip", "a ZIP archive"),
    ("application/json", "JSON"),
    ("application/msword", "an office document"),
    ("application/vnd.", "an office document"),
)
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_DECLARED = re.compile(
    rb"""<meta[^>]{0,300}?charset\s*=\s*["']?\s*([\w:.-]{1,40})|<\?xml[^>]{0,100}?encoding\s*=\s*["']([\w:.-]{1,40})""", re.I
)
_HEADER = re.compile(r"""charset\s*=\s*["']?\s*([\w:.-]{1,40})""", re.I)
# The first byte of a character of two or three in UTF-8 as cp1252 shows it, then one of those that follow it.
_GARBLED = re.compile(
    "[\u00c2-\u00c5\u00c3\u00d0\u00d1\u00e2][\u0080-\u00bf"
    "\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
)
# Python's codecs hold things that are no character sets of pages (idna, punycode, unicode_escape): only these are let in.
_LET_IN = re.compile(
    r"utf-8|utf-8-sig|utf-16(-[bl]e)?|ascii|cp\d+|iso8859-\d+|koi8-[rut]|gb18030|gbk|gb2312|big5(hkscs)?|shift_jis(_2004|x0213)?"
    r"|euc_(jp|kr|jis_2004|jisx0213)|iso2022_(jp|kr)(_\w+)?|mac-\w+|tis-620|johab|hz|ptcp154"
)
# What pages that say the first mean is the second (WHATWG Encoding Standard).
_MEANS = {
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "iso8859-9": "cp1254",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "utf-16": "utf-16-le",
    "utf-8-sig": "utf-8",
}


def decode(body: bytes, content_type: str = "") -> str:
    """Gives the text of a page's bytes; raises ParseError where they are empty or no text.

    >>> decode("Zürich".encode("latin-1"), "text/html; charset=iso-8859-1"), decode("Zürich".encode())
    ('Zürich', 'Zürich')
    """
    if not body.strip():
        raise ParseError("is empty")
    refuse_binary(body, content_type)
    for mark, name in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    declared = _DECLARED.search(body[:SNIFFED_BYTES])
    named = _HEADER.search(content_type)
    candidates = [_codec(named.group(1))] if named else []
    if declared:
        written = _codec((declared.group(1) or declared.group(2)).decode("ascii"))
        # A declaration that could be read as ASCII cannot be true of UTF-16.
        candidates.append("utf-8" if written.startswith("utf-16") else written)
    candidates = [c for c in candidates if c]
    # Latin-1 is claimed by servers that know nothing of the page; bytes above ASCII that are valid UTF-8 are UTF-8.
    if not candidates or candidates[0] == "cp1252":
        candidates.insert(0, "utf-8")
    if "utf-8" not in candidates:
        candidates.append("utf-8")
    for name in candidates:
        text = _strictly(body, name)
        if text is not None:
            return text
    first = candidates[0] if len(candidates) == 1 or candidates[0] != "utf-8" else candidates[1]
    if first != "utf-8" or named or declared or _nearly_utf8(body):
        return body.decode(first, "replace")
    if _is_latin(body):  # a guess takes short Western texts for any of a dozen code pages
        return body.decode("cp1252", "replace")
    guess = from_bytes(body[:GUESSED_BYTES]).best()
    return body.decode(_codec(guess.encoding) if guess and _codec(guess.encoding) else "cp1252", "replace")


def repaired(text: str) -> str:
    """Gives text whose UTF-8 was once read as another character set, as it was meant; other text as it is.

    >>> repaired("ZÃ¼rich said â€œnoâ€\x9d"), repaired("Zürich, São Paulo, Â")
    ('Zürich said “no”', 'Zürich, São Paulo, Â')
    """
    if not _GARBLED.search(text):
        return text
    return "\n".join(ftfy.fix_encoding(line) if _GARBLED.search(line) else line for line in text.split("\n"))


def refuse_binary(body: bytes, content_type: str = "") -> None:
    """Raises ParseError where the bytes, or the type they were sent as, are not those of a text."""
    start = body[:64].lstrip()
    for signature, name in _SIGNATURES:
        if start.startswith(signature):
            raise ParseError(f"is {name}, not a page that can be read")
    if start[:1] != b"<":  # servers send pages as all sorts of types
        sent_as = content_type.strip().lower()
        for prefix, name in _FOREIGN_TYPES:
            if sent_as.startswith(prefix):
                raise ParseError(f"is {name}, not a page that can be read")
    head = body[:SNIFFED_BYTES]
    wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or "utf-16" in content_type.lower()
    control = sum(head.count(bytes((c,))) for c in (*range(9), *range(14, 27), 28, 29, 30, 31))
    if not wide and control > len(head) // 50:
        raise ParseError("is binary, not a page that can be read")


def _codec(label: str) -> str:
    try:
        name = codecs.lookup(label).name
    except (LookupError, ValueError):
        return ""
    return _MEANS.get(name, name) if _LET_IN.fullmatch(name) else ""


def _strictly(body: bytes, name: str) -> str | None:
    try:
        return body.decode(name)
    except UnicodeDecodeError as problem:
        if name == "utf-8" and problem.start >= len(body) - 3:  # cut off within the last character
            return body.decode(name, "ignore")
        return None


def _is_latin(body: bytes) -> bool:
    """Whether bytes above ASCII are rare among the letters, as in Western languages and in no others."""
    sample = re.sub(rb"<[^>]*>", b"", body[:GUESSED_BYTES])
    above = sum(b > 127 for b in sample)
    return above * 5 < sum(chr(b).isalpha() for b in sample if b < 128) + above


def _nearly_utf8(body: bytes) -> bool:
    """Whether bad bytes are few enough to be damage in a UTF-8 page: under one in a hundred of those above ASCII."""
    sample = body[: GUESSED_BYTES * 5]
    above = sum(b > 127 for b in sample)
    return sample.decode("utf-8", "replace").count("\ufffd") * 100 < above
