"""From the bytes of a document to its text, and what kind of file they are where they are no text."""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

_SIGNATURES = (
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "gzip-compressed data"),
    (b"\x89PNG", "an image"),
    (b"GIF8", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"RIFF", "a media file"),
    (b"ID3", "a media file"),
    (b"OggS", "a media file"),
    (b"\xd0\xcf\x11\xe0", "an Office document"),
)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(rb"""^\s*<\?xml[^<>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']""")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
# Python would also take "punycode" or "unicode_escape" for a charset, which are no charsets and slow on long texts.
_CHARSETS = re.compile(
    r"iso-?8859|iso-?2022|iso2022|windows|cp\d|utf|us-?ascii|ascii|latin|koi8|big5|gb|hz|euc|shift|s?jis|mac|tis|viscii", re.I
)
_GUESSED_BYTES = 20_000
_MARKUP = re.compile(rb"<[^<>]{0,2000}>")
_SEVEN_BIT = re.compile(r"iso-?2022|iso2022|hz|utf-?7", re.I)
NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that no XML document may hold, half characters among them."""


def binary_kind(body: bytes) -> str:
    """Names the kind of file that the bytes begin like, or gives an empty string for text."""
    if b"%PDF-" in body[:1024] and b"<" not in body[: body.find(b"%PDF-")]:
        return "a PDF"
    for signature, kind in _SIGNATURES:
        if body.startswith(signature):
            return kind
    wide = body.startswith(tuple(bom for bom, _ in _BOMS)) or body[:4] in (b"<\0?\0", b"\0<\0?", b"<\0r\0", b"\0<\0r", b"<\0f\0", b"\0<\0f")
    return "a binary file" if b"\0" in body[:1024] and not wide else ""


def decode(body: bytes, content_type: str) -> str:
    """Decodes a document: byte order mark, then UTF-8 where the bytes are UTF-8, then what is declared, then Windows-1252.

    UTF-8 goes before the declaration because servers that add `charset=iso-8859-1` to everything are common, and text in
    another encoding is hardly ever valid UTF-8; the seven-bit encodings of East Asia are, so a declaration of one is heeded.
    """
    for bom, name in _BOMS:
        if body.startswith(bom):
            return body[len(bom) :].decode(name, "replace")
    if body[:1] == b"\0" or body[1:2] == b"\0":
        return body.decode("utf-16-be" if body[:1] == b"\0" else "utf-16-le", "replace")
    declared = [m.group(1) for m in [_CHARSET.search(content_type)] if m]
    declared += [m.group(1).decode("ascii", "replace") for m in [_DECLARED.match(body)] if m]
    for name in declared:
        if _SEVEN_BIT.match(name) and (text := _try(body, name)) is not None:
            return text
    text = body.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    if not broken:
        return text
    for name in declared:
        if not name.lower().startswith(("utf-8", "utf8", "utf-16", "utf-32")) and (found := _try(body, name)) is not None:
            return found
    readable = sum(c > "\x7f" for c in text) - broken
    if readable >= broken:
        return text
    return (None if declared else _guess(body)) or body.decode("cp1252", "replace")


def _guess(body: bytes) -> str | None:
    """Guesses the encoding of a document that names none, from its words."""
    words = _MARKUP.sub(b" ", body)[:_GUESSED_BYTES]
    high = sum(byte > 0x7F for byte in words)
    if high < len(re.findall(rb"[A-Za-z]", words)) // 4:
        return None  # the West, as its letters say: a guess takes short texts for any of a dozen code pages
    best = from_bytes(words).best()
    return None if best is None else _try(body, best.encoding.replace("_", "-"))


def _try(body: bytes, name: str) -> str | None:
    if not _CHARSETS.match(name):
        return None
    if re.fullmatch(r"iso-?8859-?1|latin-?1", name, re.I):
        name = "cp1252"  # what browsers take it for (WHATWG Encoding): the quotation marks of Windows live there
    try:
        return body.decode("gb18030" if name.lower() == "gb2312" else name)
    except (UnicodeError, LookupError):
        return None
