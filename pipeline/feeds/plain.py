"""The fast way to read RSS 2.0 and Atom 1.0: fifty times as fast as feedparser, for documents that it reads as feedparser does.

It takes a document only where each of its elements is one whose part in feedparser's reading is known here (`mixin.py` and
`namespaces/` of feedparser 6.0.14): known elements once, others without a part in what an entry becomes. At the first one that is
not, it gives the whole document up, and feedparser reads it: elements within texts, several titles, `xml:base`, podcasts, RDF,
document types, anything that is not well-formed. `tests/test_plain_feeds.py` holds the two readings against each other.
"""

from __future__ import annotations

import contextlib
import re
from xml.etree.ElementTree import Element, ParseError, XMLParser, fromstring

from feedparser.mixin import _FeedParserMixin
from feedparser.util import FeedParserDict

from pipeline.feeds.dates import read_date
from pipeline.feeds.offers import authors, longest, title, web_address
from pipeline.model import Entry, Feed, ParsedFeed
from pipeline.text import digest

_ATOM = "http://www.w3.org/2005/Atom"
_DC = "http://purl.org/dc/elements/1.1/"
_CONTENT = "http://purl.org/rss/1.0/modules/content/"
_MEDIA = ("http://search.yahoo.com/mrss/", "http://search.yahoo.com/mrss")
_FEEDBURNER = "http://rssnamespace.org/feedburner/ext/1.0"

_ATOM_LINK = f"{{{_ATOM}}}link"
_IN_ATOM = f"{{{_ATOM}}}"
_CREATOR = f"{{{_DC}}}creator"
_ORIGLINK = f"{{{_FEEDBURNER}}}origLink"
_ITEM_ASIDE = frozenset({"category", "comments", "enclosure", "source"})
_BY_TEXT_ALONE = frozenset({"published", "updated"})
_PERMALINK = ["isPermaLink"]
_TYPES = {"text": "text/plain", "text/plain": "text/plain", "html": "text/html", "text/html": "text/html"}

_REFERENCE = re.compile("&([A-Za-z0-9_]+);")
_HEAD = re.compile(r"\s*(?:<\?[^<>]*\?>\s*|<!--(?:[^-]|-(?!-))*-->\s*)*<(?:rss|feed)[\s>]")
_HANDLED_PREFIXES = {
    prefix.lower()
    for prefix in {*_FeedParserMixin.namespaces.values(), "xhtml", "svg", "math"}
    if prefix in {"svg", "math"}
    or (prefix and any(name.startswith((f"_start_{prefix}_", f"_end_{prefix}_")) for name in dir(_FeedParserMixin)))
}
"""Prefixes that feedparser does something for; it goes by them even where they stand for another module."""
_KNOWN_NAMESPACES = {uri.lower(): prefix for uri, prefix in _FeedParserMixin.namespaces.items()}
_LEAVES = frozenset({"slash", "wfw", "sy", "thr", "trackback", "pingback", "creativeCommons", "cc", "feedburner", "prism", "admin"})
"""Modules of which feedparser takes nothing that an entry here has, apart from the two elements below."""
_DC_ASIDE = frozenset({"subject", "language", "publisher", "rights", "identifier", "type", "format", "source", "coverage", "relation"})
_MEDIA_ASIDE = frozenset(
    "group content thumbnail credit rating restriction keywords category player license copyright text hash community adult "
    "starRating statistics backLink backLinks".split()
)
_CHANNEL_ASIDE = frozenset(
    "description language copyright managingEditor webMaster pubDate lastBuildDate category generator docs cloud ttl rating".split()
)
_MENDABLE = (
    (b"\xc2", re.compile(rb"\xc2[\x80-\x9f]|\xc3[\x82-\xb4]\xc2[\x80-\xbf]")),
    (b"#", re.compile(rb"&#(?:0*1(?:2[89]|[3-8][0-9]|9[01])|[xX]0*[89abAB][0-9a-fA-F]);")),
)
"""What stands in a document where feedparser would mend a text of it: control characters that stand for those of Windows-1252, UTF-8
that was taken for Latin-1 and encoded again, and either by reference. The beginnings, which must be there, are for speed alone."""
_WINDOWS = re.compile(rb"\xc2[\x80-\x9f]")
_MOST_ATTRIBUTES = 50
_NAMES_ADDRESS = frozenset({"base", "{http://www.w3.org/XML/1998/namespace}base"})


class _Odd(Exception):
    """The document is not for this reader."""


def parse(text: str, feed: Feed, base: str) -> ParsedFeed | None:
    """Reads the text of a document, or gives None for one that feedparser is to read; relative addresses go by `base`."""
    if not _HEAD.match(text, 0, 4000):
        return None
    try:
        encoded = text.encode() if text[:1] == "<" else text.strip().encode()
        # The same parser as feedparser's, told as there that the document is UTF-8. Document types, and with them entities, were
        # ruled out by the beginning.
        root = fromstring(encoded, XMLParser(encoding="utf-8"))
        _unbased(root)
        strangers = _strangers(text)
        mend = any(begin in encoded and shape.search(encoded) for begin, shape in _MENDABLE)
        reader = _Reader(feed, base, mend, strangers)
        if root.tag == "rss":
            return reader.rss(root)
        return reader.atom(root) if root.tag == f"{{{_ATOM}}}feed" else None
    except (ParseError, UnicodeEncodeError, _Odd):
        return None


class _Reader:
    """Reads one document; `mend` says that texts of it may need mending, `strangers` are modules that have no part in an entry."""

    def __init__(self, feed: Feed, base: str, mend: bool, strangers: frozenset[str]) -> None:
        self.feed, self.base, self.mend, self.strangers = feed, base, mend, strangers

    def _words(self, element: Element) -> str:
        """The text of an element without others in it, as feedparser keeps it."""
        if len(element):
            raise _Odd
        text = (element.text or "").strip()
        if len(text) > 2000 and text.count("=") > 300:
            raise _Odd  # a tag with hundreds of attributes may be in it, which is left out
        return _mended(text) if self.mend and not text.isascii() else text

    def rss(self, root: Element) -> ParsedFeed:
        if len(root) != 1 or root[0].tag != "channel" or root[0].attrib or "version" not in root.attrib:
            raise _Odd
        items, name, site = [], "", ""
        titled = 0
        for element in root[0]:
            tag = element.tag
            if tag == "item":
                items.append(element)
            elif tag == "title":
                titled += 1
                name = self._words(element)
            elif tag == "link":
                site = _rss_link(self._words(element))
            elif tag == _ATOM_LINK:
                rel, kind, href = _atom_link(element)
                site = href if rel == "alternate" and kind in {"text/html", "html", "application/xhtml+xml", "xhtml"} else site
            elif tag == "image":
                _image(element)
            elif tag in {"skipHours", "skipDays"}:
                _bare(element, {"hour", "day"})
            elif tag in _CHANNEL_ASIDE:
                _aside(element)
            elif not isinstance(tag, str) or not tag.startswith("{"):
                raise _Odd
            else:
                self._outside(element)
        if titled > 1:
            raise _Odd
        site = web_address(site, self.base) or self.base
        raw = [self._rss_item(item, site) for item in items]
        return _whole(title(name, _guessed(name), atom=False), raw)

    def _rss_item(self, item: Element, base: str) -> Entry | None:
        if item.attrib:
            raise _Odd
        found: dict[str, str] = {}
        links: list[tuple[str, str]] = []
        names: list[str] = []
        loose = ""
        other_title = source = False
        for element in item:
            tag = element.tag
            if (key := _RSS_ONCE.get(tag)) is not None:
                if key in found or (key not in _BY_TEXT_ALONE and (given := element.keys()) and not (key == "id" and given == _PERMALINK)):
                    raise _Odd
                found[key] = self._words(element)
                if key == "id" and given and element.get("isPermaLink") != "true":
                    found["id alone"] = ""
            elif tag == "link":
                if element.keys():
                    raise _Odd
                links.append(("text/html", _rss_link(self._words(element))))
            elif tag == _ATOM_LINK:
                rel, kind, href = _atom_link(element)
                if rel == "alternate":
                    links.append((kind, href))
            elif tag == _CREATOR or tag == "author":
                name, loose = _author(self._words(element))
                names.append(name)
            elif tag in _ITEM_ASIDE:
                _aside(element)
                source = source or tag == "source"
            elif not tag.startswith("{"):
                raise _Odd
            else:
                other_title = self._outside(element) or other_title
        if other_title and (not found.get("title") or source):
            raise _Odd
        contents = [found[k] for k in ("content",) if k in found]
        # Without a description the content is copied to where the description would be: as long, and so never chosen before it.
        texts = [*contents, found["description"]] if "description" in found else contents
        words = found.get("title", "")
        return self._entry(
            base, found, links, title(words, _guessed(words), atom=False), longest(texts), authors(names) or " ".join(loose.split())
        )

    def atom(self, root: Element) -> ParsedFeed:
        entries, name, kind = [], "", ""
        titled = 0
        for element in root:
            tag = element.tag
            if not isinstance(tag, str):
                raise _Odd
            namespace, _, local = tag[1:].partition("}") if tag.startswith("{") else ("", "", tag)
            if namespace != _ATOM:
                if not namespace:
                    raise _Odd
                self._outside(element)
            elif local == "entry":
                entries.append(element)
            elif local == "title":
                titled += 1
                name, kind = self._typed(element)
            elif local == "link":
                _atom_link(element)
            elif local in {"author", "contributor"}:
                _person(element)
            elif local in {"id", "updated", "subtitle", "generator", "icon", "logo", "rights", "category"}:
                _aside(element)
            else:
                raise _Odd
        if titled > 1:
            raise _Odd
        raw = [self._atom_entry(entry) for entry in entries]
        return _whole(title(name, kind, atom=True), raw)

    def _atom_entry(self, entry: Element) -> Entry | None:
        _unbased(entry)
        found: dict[str, str] = {}
        kinds: dict[str, str] = {}
        links: list[tuple[str, str]] = []
        names: list[str] = []
        other_title = False
        for element in entry:
            tag = element.tag
            if not tag.startswith(_IN_ATOM):
                if tag == _ORIGLINK:
                    if "origlink" in found or element.keys():
                        raise _Odd
                    found["origlink"] = self._words(element)
                else:
                    other_title = self._outside(element) or other_title
                continue
            local = tag[len(_IN_ATOM) :]
            if local in {"title", "summary", "content"}:
                if local in found:
                    raise _Odd
                found[local], kinds[local] = self._typed(element)
            elif local in {"id", "published", "updated"}:
                if local in found:
                    raise _Odd
                _unbased(element)
                found[local] = self._words(element)
            elif local == "link":
                rel, kind, href = _atom_link(element)
                if rel == "alternate":
                    links.append((kind, href))
            elif local == "author":
                names.append(_person(element))
            elif local == "contributor":
                _person(element)
            elif local in {"category", "rights"}:
                _aside(element)
            else:
                raise _Odd
        if other_title and not found.get("title"):
            raise _Odd
        texts = [found[k] for k in ("content", "summary") if k in found]
        words = title(found.get("title", ""), kinds.get("title", ""), atom=True)
        return self._entry(self.base, found, links, words, longest(texts), authors(names))

    def _outside(self, element: Element) -> bool:
        """Takes an element of a module that has no part in an entry; tells whether it may have brought another title."""
        tag = element.tag
        if not isinstance(tag, str) or not tag.startswith("{"):
            raise _Odd
        namespace, _, local = tag[1:].partition("}")
        _unbased(element)
        if namespace in _MEDIA:
            if local == "title":
                if len(element):
                    raise _Odd
                return True
            if local not in _MEDIA_ASIDE:
                raise _Odd
            return sum(self._outside(part) for part in element) > 0  # each of them is looked at
        if len(element):
            raise _Odd
        known = _KNOWN_NAMESPACES.get(namespace.lower())
        if known is None:
            if namespace not in self.strangers:
                raise _Odd
        elif known == "dc":
            if local not in _DC_ASIDE:
                raise _Odd
        elif known not in _LEAVES or local.lower() in {"origlink", "browserfriendly"}:
            raise _Odd
        return False

    def _typed(self, element: Element) -> tuple[str, str]:
        """The text of an element of Atom and what it is: `text/plain` or `text/html`."""
        kind = "text/plain"
        for name, value in element.items():
            if name == "type":
                if value.lower() not in _TYPES:
                    raise _Odd
                kind = _TYPES[value.lower()]
            elif name == "mode" or name in _NAMES_ADDRESS:
                raise _Odd
        return self._words(element), kind

    def _entry(self, base: str, found: dict[str, str], links: list[tuple[str, str]], words: str, content: str, author: str) -> Entry | None:
        guid = found.get("id", "")
        url = web_address(found["origlink"], base) if "origlink" in found else ""
        if not url:
            links.sort(key=lambda link: "html" not in link[0])
            url = next((u for _, href in links if (u := web_address(href, base))), "")
        if not url and "id alone" in found:
            if links:
                raise _Odd
        elif not url and guid.strip().startswith(("http://", "https://")):
            url = web_address(guid.strip(), "")
        if not (url or words or content):
            return None
        published = read_date(found["published"]) if "published" in found else None
        updated = read_date(found["updated"]) if "updated" in found else None
        return Entry(
            self.feed.name,
            " ".join(guid.split()) or url or digest(words, content),
            url,
            words,
            content,
            published or updated,
            updated,
            author,
        )


_RSS_ONCE = {
    "title": "title",
    "guid": "id",
    "pubDate": "published",
    "description": "description",
    f"{{{_CONTENT}}}encoded": "content",
    f"{{{_DC}}}date": "updated",
    _ORIGLINK: "origlink",
}


def _whole(name: str, raw: list[Entry | None]) -> ParsedFeed:
    entries = tuple(e for e in raw if e)
    partial = f"{len(raw) - len(entries)} of {len(raw)} entries had neither title, link nor text" if len(entries) < len(raw) else ""
    return ParsedFeed(name, entries, partial)


# One element.


def _mended(text: str) -> str:
    """Reads UTF-8 that was taken for Latin-1, and the control characters that stand for Windows-1252, as feedparser does."""
    with contextlib.suppress(UnicodeError):
        text = text.encode("iso-8859-1").decode("utf-8")
    if _WINDOWS.search(text.encode()):
        raise _Odd
    return text


def _guessed(text: str) -> str:
    return "text/html" if ("<" in text or "&" in text) and _FeedParserMixin.looks_like_html(text) else "text/plain"


def _rss_link(text: str) -> str:
    return _plain_address(_REFERENCE.sub(r"&\g<1>", text.replace("&amp;", "&")) if "&" in text and ";" in text else text)


def _plain_address(text: str) -> str:
    if ":///" in text:
        raise _Odd  # feedparser takes slashes out
    return text


def _atom_link(element: Element) -> tuple[str, str, str]:
    attributes = dict(element.items())
    if len(element) or "href" not in attributes or "url" in attributes or "uri" in attributes:
        raise _Odd
    _unbased(element)
    rel = attributes.get("rel", "alternate").lower()
    kind = attributes.get("type", "application/atom+xml" if rel == "self" else "text/html").lower()
    return rel, kind, _plain_address(attributes["href"])


def _person(element: Element) -> str:
    """The name of an author of Atom; feedparser keeps it as it stands."""
    named = ""
    if (element.text or "").strip():
        raise _Odd
    _unbased(element)
    for part in element:
        if part.tag not in _OF_A_PERSON or len(part) or part.keys() or (part.tail or "").strip():
            raise _Odd
        if part.tag == f"{{{_ATOM}}}name":
            if named:
                raise _Odd
            named = (part.text or "").strip()
    if not named:
        raise _Odd
    return named


_OF_A_PERSON = {f"{{{_ATOM}}}{name}" for name in ("name", "uri", "email")}


class _Authors:
    """What feedparser makes of the words of an author: it finds the address of e-mail in them."""

    _sync = _FeedParserMixin._sync_author_detail

    def __init__(self, words: str) -> None:
        self.context = FeedParserDict(author=words, authors=[FeedParserDict()])
        self._sync()

    def _get_context(self) -> FeedParserDict:
        return self.context


def _author(words: str) -> tuple[str, str]:
    """The name in the words of an author, and the words themselves."""
    if "@" not in words:
        return words, words
    context = _Authors(words).context
    name = dict.get(context["authors"][-1], "name")
    return name if isinstance(name, str) else "", words


def _aside(element: Element) -> None:
    """Takes an element that has no part in an entry and none within it."""
    if len(element):
        raise _Odd
    _unbased(element)


def _bare(element: Element, names: set[str]) -> None:
    if element.attrib or any(part.tag not in names or len(part) or part.attrib for part in element):
        raise _Odd


def _image(element: Element) -> None:
    _bare(element, {"title", "link", "description", "url", "width", "height"})


def _unbased(element: Element) -> None:
    """Gives up where addresses within an element go by another one, or where it has too many attributes."""
    given = element.keys()
    if given and (len(given) > _MOST_ATTRIBUTES or not _NAMES_ADDRESS.isdisjoint(given)):
        raise _Odd


def _strangers(text: str) -> frozenset[str]:
    """The modules of a document that feedparser does not know. It goes by their prefixes, and its handlers by those: a stranger must
    not be called like a module that it knows, nor have no prefix at all."""
    strangers = set()
    for prefix, uri, other in _DECLARED.findall(text):
        uri = uri or other
        known = _KNOWN_NAMESPACES.get(uri.lower())
        if prefix.lower() in _HANDLED_PREFIXES and known != prefix.lower():
            raise _Odd
        if known is None:
            strangers.add(uri)
    if strangers and not strangers.isdisjoint(uri or other for uri, other in _DEFAULT.findall(text)):
        raise _Odd
    return frozenset(strangers)


_DECLARED = re.compile(r"""xmlns:([^\s=<>"']{1,50})\s{0,9}=\s{0,9}(?:"([^"<]{0,500})"|'([^'<]{0,500})')""")
_DEFAULT = re.compile(r"""xmlns\s{0,9}=\s{0,9}(?:"([^"<]{0,500})"|'([^'<]{0,500})')""")
