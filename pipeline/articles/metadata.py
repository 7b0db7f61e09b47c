"""What a page says of itself: title, time, author, publisher, address, language. It prefers what is written for machines,
checks one source against another, and leaves empty what no source says: nothing is guessed from the shape of a page.

Structured data is JSON-LD, microdata, OpenGraph and the meta names that publishers use; what the page shows a reader comes
after it. An author is a person or a house that the page names as such: the site itself, a desk or an account is none.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urljoin, urlsplit, urlunsplit

from lxml.html import HtmlElement

from pipeline.articles.authors import author, said_in, string_of
from pipeline.articles.blocks import Block, Kind, Mark, Reading, tidy, words_of
from pipeline.articles.times import publication
from pipeline.text import fold

MOST_STRUCTURED_DATA = 1_000_000
"""Characters of one JSON-LD block above which it is left unread."""


@dataclass(frozen=True, slots=True)
class About:
    """What a page says of itself; `body` is the text that its structured data carries, often none. `headings` are its h1.

    `nodes` and `metas` are its structured data as they stand; `foreign` is a canonical address that is another site's.
    """

    title: str
    published: datetime | None
    author: str
    site: str
    url: str
    language: str
    body: str
    headings: tuple[str, ...]
    nodes: tuple[dict[str, object], ...] = ()
    metas: dict[str, list[str]] = field(default_factory=dict)
    foreign: str = ""


_ARTICLE_TYPE = re.compile(r"(?:.*(?:Article|Posting)|Report|PressRelease|Review)$")
_PAGE_TYPE = re.compile(r"(?:Web|Item|About|Collection)Page$")
_TIME_NAMES = (
    "article:published_time",
    "og:article:published_time",
    "datepublished",
    "og:published_time",
    "article.published",
    "published_time",
    "publish-date",
    "publish_date",
    "publishdate",
    "publication_date",
    "publicationdate",
    "pubdate",
    "published",
    "parsely-pub-date",
    "sailthru.date",
    "cxenseparse:recs:publishtime",
    "dc.date.issued",
    "dcterms.issued",
    "dc.date.created",
    "dcterms.created",
    "dc.date",
    "dcterms.date",
    "citation_publication_date",
    "article_date_original",
    "originalpublicationdate",
    "bt:pubdate",
    "date",
    "og:pubdate",
)
_URL_DAY = re.compile(r"/((?:19|20)\d{2})[/-](\d{1,2})[/-](\d{1,2})(?:/|-|$)")
_UPDATED = re.compile(r"\b(?:updated|modified|edited|corrected)\b", re.I)
_TRACKING = re.compile(
    r"(?:utm_\w+|fbclid|gclid|gclsrc|dclid|msclkid|twclid|yclid|igshid|mc_cid|mc_eid|_hsenc|_hsmi|mkt_tok|cmpid|ncid|ito|at_\w+|ns_\w+|smid|smtyp|sh|guccounter|guce_\w+)$",
    re.I,
)
_TITLED = re.compile(r"\b(?:title|headline)\b")
_SEPARATOR = re.compile(r"\s+(?:[|\-–—·•:»«›~]|::|\|\|)\s+|\s*\|\s*|:\s+")
_DAYED = re.compile(
    r"^\W*(?:[^.!?]{0,40}\b)?(?:\d{1,2}(?:st|nd|rd|th)?\.? (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?,? \d{4}"
    r"|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}|\d{4}-\d{2}-\d{2})\b.{0,30}$",
    re.I,
)
MOST_PROPERTIES = 400
"""Elements with microdata that are read: lists of products have thousands."""
_SECOND_LEVEL = frozenset({"co", "com", "org", "net", "gov", "ac", "edu", "gob", "gouv", "or", "ne", "go", "gv", "mil", "nom", "asso"})
_THREE_LETTERS = {"eng": "en", "fra": "fr", "fre": "fr", "deu": "de", "ger": "de", "spa": "es", "por": "pt", "ita": "it", "nld": "nl"}


def about(root: HtmlElement, reading: Reading, url: str = "", latest: datetime | None = None) -> About:
    """Reads what a page says of itself. `url` is where it was had from; times after `latest` are not believed."""
    metas = _metas(root)
    nodes = _structured(root)
    properties = _properties(root)
    headings = _headings(reading.blocks)
    home = next((" ".join(b.lines) for b in reading.blocks if b.element.tag == "h1" and _is_link_home(b)), "")
    node = _article_node(nodes, url, headings)
    address = canonical(root, metas, url)
    tab = _tab(root)
    site = _site(metas, nodes, node, properties) or home or _site_in(tab, headings) or host_of(address or url)
    bylines = [b for b in reading.blocks if b.mark is Mark.BYLINE]
    times = [string_of(node.get(key)) for key in ("datePublished", "dateCreated", "uploadDate")]
    times += [value for name in _TIME_NAMES for value in metas.get(name, ())]
    times += properties.get("datePublished", []) + properties.get("dateCreated", [])
    times += _shown_times(reading)
    times += [" ".join(b.lines) for b in bylines if not _UPDATED.search(" ".join(b.lines))]
    times += _lines_by_the_title(reading.blocks, headings)
    day = _URL_DAY.search(urlsplit(address or url).path)
    times += ["-".join(day.groups())] if day else []
    times += _early_lines(reading.blocks)
    return About(
        title=_title(tab, metas, node, headings, site, address or url, properties),
        published=publication(times, latest),
        author=author(metas, node, root, properties, bylines, reading.blocks, site),
        site=site,
        url=address or url,
        language=_language(root, metas, node),
        body=string_of(node.get("articleBody"), lines=True),
        headings=headings,
        nodes=tuple(nodes),
        metas=metas,
        foreign=next((link for link in linked(root, "canonical") if _is_foreign(link, address or url)), ""),
    )


def canonical(root: HtmlElement, metas: dict[str, list[str]], url: str) -> str:
    """Gives the address that a page names as its own where that can be true, cleaned; else an empty string.

    Another site's address is not believed (any page could pass for any other), nor is a front page for an article.
    """
    links = linked(root, "canonical")
    for candidate in (*links, *metas.get("og:url", ())):
        try:
            address = clean_url(urljoin(url, candidate.strip()) if candidate.strip() else "")
            there, here = urlsplit(address), urlsplit(url)
            if there.scheme not in {"http", "https"} or not there.hostname:
                continue
            foreign = bool(here.hostname) and registrable(there.hostname) != registrable(here.hostname or "")
            if foreign and not (here.hostname or "").endswith((".ampproject.org", "webcache.googleusercontent.com")):
                continue
            if url and there.path in {"", "/"} and not there.query and (here.path not in {"", "/"} or here.query):
                continue
        except ValueError:
            continue  # an address that cannot be taken apart
        return address
    return ""


def _is_foreign(link: str, url: str) -> bool:
    there, here = host_of(link), host_of(url)
    return bool(there and here) and registrable(there) != registrable(here)


def clean_url(url: str) -> str:
    """Gives an address without fragment, tracking parameters, user and default port; what is no address stays as it is.

    >>> clean_url("HTTPS://Example.org:443/a?utm_source=x&id=7#top")
    'https://example.org/a?id=7'
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return url
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return url
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    if port and port != {"http": 80, "https": 443}[parts.scheme]:
        host = f"{host}:{port}"
    query = "&".join(p for p in parts.query.split("&") if p and not _TRACKING.match(p.split("=", 1)[0]))
    return urlunsplit((parts.scheme, host, parts.path or "/", query, ""))


def registrable(host: str) -> str:
    """Gives the part of a host that one owner registers, by shape: two labels, three under the likes of co.uk.

    >>> registrable("www.example.co.uk"), registrable("amp.example.org"), registrable("127.0.0.1")
    ('example.co.uk', 'example.org', '127.0.0.1')
    """
    labels = host.casefold().strip(".").split(".")
    if ":" in host or labels[-1].isdigit():
        return host
    return ".".join(labels[-3:] if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL else labels[-2:])


def language_code(tag: str) -> str:
    """Gives the ISO 639-1 code of a language tag, or an empty string.

    >>> language_code("en-GB"), language_code("pt_BR"), language_code("eng"), language_code("English")
    ('en', 'pt', 'en', '')
    """
    first = re.split(r"[-_,; ]", tag.strip().casefold())[0]
    first = _THREE_LETTERS.get(first, first)
    return first if re.fullmatch(r"[a-z]{2}", first) else ""


def linked(root: HtmlElement, relation: str) -> list[str]:
    """The addresses that the <link> elements of a page name for a relation (canonical, amphtml, next), as they are written."""
    return [e.get("href", "") for e in root.iter("link") if relation in e.get("rel", "").casefold().split()]


def _metas(root: HtmlElement) -> dict[str, list[str]]:
    metas: dict[str, list[str]] = {}
    for element in root.iter("meta"):
        value = tidy(html.unescape(element.get("content") or ""))
        for attribute in ("property", "name", "itemprop", "http-equiv"):
            name = element.get(attribute)
            if name and value:
                metas.setdefault(name.casefold().strip(), []).append(value)
    return metas


def _properties(root: HtmlElement) -> dict[str, list[str]]:
    """The microdata of a page by their names; of one that has a name in it, such as an author, that name."""
    found: dict[str, list[str]] = {}
    for element in root.xpath("//*[@itemprop]")[:MOST_PROPERTIES]:
        source = next(iter(element.xpath(".//*[@itemprop='name']")), element)
        value = source.get("content") or source.get("datetime") or said_in(source)
        for name in element.get("itemprop", "").split():
            if value:
                found.setdefault(name, []).append(value)
    return found


def _tab(root: HtmlElement) -> str:
    """What the page's tab shows: its <title>, not that of a drawing in it."""
    for element in root.iter("title"):
        if next(element.iterancestors("svg"), None) is None and tidy(element.text_content()):
            return tidy(html.unescape(element.text_content()))
    return ""


def _site_in(tab: str, headings: Sequence[str]) -> str:
    """The site's name where the tab shows it around the headline.

    >>> _site_in("Nine join | Harbour Post", ["Nine join"]), _site_in("Harbour Post: Nine join", ["Nine join"]), _site_in("Nine join", [])
    ('Harbour Post', 'Harbour Post', '')
    """
    for heading in headings:
        before, found, after = tab.partition(heading)
        if not found or len(heading) < 6:
            continue
        for rest in (after, before):
            parts = [p.strip() for p in _SEPARATOR.split(f" {rest} ") if p.strip()]
            if parts and (rest is before or _SEPARATOR.match(f" {rest.lstrip()}" if rest[:1].isspace() else rest)):
                name = parts[-1] if rest is after else parts[0]
                if len(name.split()) <= 6 and any(c.isalpha() for c in name):
                    return name.strip(" |-–—·:")
    return ""


def _early_lines(blocks: Sequence[Block]) -> list[str]:
    """Lines among the first of the page that are a day and little else: what pages without any machine's words have."""
    early = [line for b in blocks[:60] if b.mark is not Mark.NOISE and not b.is_roll for line in b.lines[:4]]
    return [line for line in early if len(line) < 80 and not _UPDATED.search(line) and _DAYED.search(line)][:3]


def _structured(root: HtmlElement) -> list[dict[str, object]]:
    """All nodes of all JSON-LD blocks, in order; a block that is no JSON is left out, as browsers and search engines do."""
    nodes: list[dict[str, object]] = []
    for tag in root.iter("script"):
        if "ld+json" not in tag.get("type", ""):
            continue
        text = re.sub(r"^\s*(?:<!--|//\s*<!\[CDATA\[|<!\[CDATA\[)|(?:-->|//\s*\]\]>|\]\]>)\s*;?\s*$", "", tag.text_content())
        if not text.strip() or len(text) > MOST_STRUCTURED_DATA:
            continue
        try:
            loaded = json.loads(text.strip().rstrip(";"), strict=False)
        except (ValueError, RecursionError):
            continue
        nodes.extend(_nodes(loaded))
    return nodes


def _nodes(loaded: object) -> Iterator[dict[str, object]]:
    waiting = [loaded]
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, list):
            waiting[:0] = value[:200]
        elif isinstance(value, dict):
            yield value
            waiting[:0] = [value[key] for key in ("@graph", "mainEntity") if isinstance(value.get(key), list | dict)]


def _types(node: dict[str, object]) -> list[str]:
    kind = node.get("@type")
    return [str(k).rsplit("/", 1)[-1] for k in kind] if isinstance(kind, list) else [str(kind or "").rsplit("/", 1)[-1]]


def _article_node(nodes: Sequence[dict[str, object]], url: str, headings: Sequence[str]) -> dict[str, object]:
    """The node that is about this page's article: the one with its headline or address, else the first article, else the page."""
    articles = [n for n in nodes if any(_ARTICLE_TYPE.match(t) for t in _types(n))]
    known = {fold(h) for h in headings} - {""}
    for node in articles:
        if fold(string_of(node.get("headline"))) in known or (url and string_of(node.get("url")) == url):
            return node
    if articles:
        return articles[0]
    return next((n for n in nodes if any(_PAGE_TYPE.match(t) for t in _types(n)) and "datePublished" in n), {})


def _site(
    metas: dict[str, list[str]], nodes: Sequence[dict[str, object]], node: dict[str, object], properties: dict[str, list[str]]
) -> str:
    named = [*metas.get("og:site_name", ()), string_of(node.get("publisher")), *properties.get("publisher", ())]
    named += [string_of(n.get("name")) for n in nodes if "WebSite" in _types(n)]
    named += [*metas.get("application-name", ()), *metas.get("dc.publisher", ())]
    for name in named:
        if name and len(name) <= 80 and not name.startswith(("http://", "https://", "#")):
            return str(name)
    return ""


def host_of(url: str) -> str:
    """Gives the host of an address without www, or an empty string."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    return str(host).removeprefix("www.")


def _title(
    tab: str,
    metas: dict[str, list[str]],
    node: dict[str, object],
    headings: Sequence[str],
    site: str,
    url: str,
    properties: dict[str, list[str]],
) -> str:
    """The headline: an h1 that another source confirms, else what is written for machines, without the site's name."""
    headline = string_of(node.get("headline")) or next(iter(properties.get("headline", ())), "")
    shared = [*metas.get("og:title", ()), *metas.get("twitter:title", ()), *metas.get("dc.title", ()), *metas.get("parsely-title", ())]
    bare = [without_site(t, site, url) for t in (headline, *shared, tab) if t]
    folded = [fold(t) for t in bare]
    for heading in headings:
        mine = fold(heading)
        begins = tab.casefold().startswith(heading.casefold()) and _SEPARATOR.match(tab[len(heading) :])
        if mine and (begins or mine in folded or (len(mine) > 12 and any(o.startswith(mine) or o.endswith(mine) for o in folded))):
            return without_site(heading, site, url)
    # Sites that set their own name as the only h1 are not titled by it.
    named = {fold(site), fold(host_of(url).split(".")[0])}
    own = [h for h in headings if fold(h) not in named and fold(h)]
    if bare and headline:
        return bare[0]
    if len(own) == 1 and (not bare or len(own[0]) > 20):
        return own[0]
    return next((t for t in bare if fold(t) not in named), own[0] if own else bare[0] if bare else "")


def without_site(title: str, site: str, url: str = "") -> str:
    """Gives a title without the site's name before or after it.

    >>> without_site("Nine join the Tide Pact | World | Harbour Post", "Harbour Post"), without_site("AI - a pact", "News")
    ('Nine join the Tide Pact', 'AI - a pact')
    """
    names = {fold(site).replace(" ", ""), fold(host_of(url)).replace(" ", ""), registrable(host_of(url)).split(".")[0]} - {""}
    title = tidy(title)
    parts = list(_SEPARATOR.finditer(title))
    if parts:
        last, first = parts[-1], parts[0]
        tail, head = fold(title[last.end() :]).replace(" ", ""), fold(title[: first.start()]).replace(" ", "")
        if last.start() > 0 and _is_site(tail, names):
            rest = title[: last.start()]
            sections = list(re.finditer(r"\s*\|\s*", rest))
            # A section stands between headline and site where both are parted by bars.
            if sections and "|" in last.group() and len(rest[sections[-1].end() :].split()) <= 2:
                rest = rest[: sections[-1].start()]
            return rest
        if _is_site(head, names):
            return title[first.end() :]
    return title


def _is_site(part: str, names: Iterable[str]) -> bool:
    return bool(part) and any(
        part == n or n in {part.removesuffix("com"), part.removeprefix("the"), f"the{part}"} for n in names if len(n) > 3
    )


def _shown_times(reading: Reading) -> list[str]:
    """What <time> elements say, the first that is not an update first; later ones are those of comments and teasers."""
    shown = [(machine or text) for machine, text in reading.times if not _UPDATED.search(text)]
    return shown[:1]


def _headings(blocks: Sequence[Block]) -> tuple[str, ...]:
    """The h1 of a page, or where it has none the headings that its style sheet calls a title or headline."""
    heads = [b for b in blocks if b.kind is Kind.HEADING and b.mark is not Mark.NOISE and not _is_link_home(b)]
    first = [b for b in heads if b.element.tag == "h1"] or [b for b in heads if _TITLED.search(words_of(b.element.get("class", "")))][:1]
    return tuple(" ".join(b.lines) for b in first)


def _is_link_home(block: Block) -> bool:
    """Whether a heading is the site's name in its masthead."""
    return block.link_share > 0.8 and any(urlpath in {"", "/", "./", "index.html"} for urlpath in map(_path_of, block.links))


def _path_of(link: str) -> str:
    try:
        return urlsplit(link.strip()).path
    except ValueError:
        return link


def _lines_by_the_title(blocks: Sequence[Block], headings: Sequence[str]) -> list[str]:
    """Short lines just above or below the headline: press offices write the date there and nowhere else."""
    at = [n for n, b in enumerate(blocks) if b.kind is Kind.HEADING and b.mark is not Mark.NOISE and " ".join(b.lines) in headings]
    if not at:
        return []
    near = [b for b in blocks[max(0, at[0] - 2) : at[0] + 5] if b.kind is Kind.PARAGRAPH and b.mark is not Mark.NOISE and b.chars < 80]
    return [line for b in near for line in b.lines if not _UPDATED.search(line)]


def _language(root: HtmlElement, metas: dict[str, list[str]], node: dict[str, object]) -> str:
    top = root.getroottree().getroot()
    said = [top.get("lang") or top.get("{http://www.w3.org/XML/1998/namespace}lang") or top.get("xml:lang") or ""]
    said += [*metas.get("og:locale", ()), string_of(node.get("inLanguage"))]
    said += [*metas.get("content-language", ()), *metas.get("dc.language", ())]
    return next((code for code in map(language_code, said) if code), "")
