"""A body's own page of members → names, and what is different from the names that stood there before → claims.

`read` takes the names by a CSS selector, or finds the longest consistent list, table column, wall of logos or grid of cards by
itself. A page without enough names is a ParseError, and so is one on which more have vanished than the rule allows: a broken page
is no mass exit. It follows no second page, and concludes nothing from a name that a first reading does not show.

What is concluded (the day is that of the reading):

- first reading: who is listed is a member (`member`); it is knowledge to begin with, and the cycle tells no one of it;
- a name that the last complete reading did not have: it joined by that day, where that reading is no older than `RECENT_DAYS` and
  the list grew by no more than `GROWTH`. An older reading does not tell when, and a list that doubles shows more than it did: then
  it is only observed as a member;
- a name that is gone: it left by that day; where the news had said so already, the statement of the news is confirmed;
- a name that vanished together with the coming of a fuller or shorter form of it is the same member under another spelling;
- a name that this list let go and lists again within `BACK_DAYS`: the list corrects itself;
- a name still listed `LAG_DAYS` after the news last told of its exit (pages lag): the exit is disputed, once. An exit that is
  older than `OLD_DAYS` is history: whoever is listed now has come back;
- a member that the news said had joined and that neither this reading nor the last one lists, `LAG_DAYS` after the news last told of
  it: it is said to be missing (`absent`), once, which disputes the joining and takes no one out. Nothing is said of joinings older
  than `OLD_DAYS`, by a list of those with one role alone, of a name that may stand there in another spelling, or of more members at
  once than may vanish: such a list leaves members out, or names them otherwise.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import lxml.html
import soupsieve
from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString
from lxml.etree import LxmlError

from pipeline.articles.blocks import logo_name, tidy
from pipeline.articles.blocks import read as read_blocks
from pipeline.articles.charset import decode
from pipeline.errors import ParseError
from pipeline.model import Claim, Event, Evidence, Membership, Page, PartialDate, Quote, Role, Roster, RosterRule, Standing, Status
from pipeline.text import fold

VERSION = "roster-1"
"""Names this reader in evidence, where articles have the detector's version."""
RECENT_DAYS = 60
"""Two readings further apart than this do not tell when a new name joined; the bound that `diff` has for what is recent."""
GROWTH = 0.5
"""Share of new names beyond which a list shows more than it did (all members, no longer the founders alone)."""
LAG_DAYS = 30
"""A page of members may be this long behind the news before it contradicts it. Chosen by hand: most pages are kept monthly."""
WHOLE = frozenset({None, Role.MEMBER, Role.SIGNATORY})
"""Roles that a list of all members gives; one of founders, of a board or of observers says nothing of the others."""
OLD_DAYS = 365
BACK_DAYS = 14
SURE = 0.95
"""Confidence of what a body's own list says; 0.9 where a name is gone, which a slip of its editor can do."""
GONE = 0.9
LEAST_NAMED = 0.7
"""Share of a group's elements that must hold a name for the group to be a list of names."""
LONGEST_NAME = 90
NAMED = 3.0
"""How much a heading or class that speaks of members counts for a group of names: news beside a roster are often more than it."""

_UNITS = frozenset("li td th dt article figure div section a p span strong b summary button h2 h3 h4 h5 h6 img".split())
_HEADINGS = ["h1", "h2", "h3", "h4", "h5", "h6"]
_UNREAD = ["script", "style", "noscript", "template", "svg", "select", "nav", "form", "iframe"]
_BLOCKS = frozenset(
    "address article aside dd div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 header li main ol p section td th tr ul".split()
)
_MEMBERS = re.compile(
    r"member|signator|participant|partner|part(?:y|ies) to|adherent|supporter|endorser|who we are|roster|our network|"
    r"(?:participating|member) (?:states|countries|companies|organi[sz]ations|institutions)",
    re.I,
)
_FORMER = re.compile(r"\b(?:former|past|previous|withdrawn|alumni|ex-members?)\b", re.I)
_NO_NAME = re.compile(
    r"(?:https?:|www\.)\S*|\S+@\S+|[\W\d_]*|(?:\d{1,2} )?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\w*\.? \d[\d, ]*"
    r"|(?:read|learn|find out|see|show|load|view) (?:more|all)\b.*|(?:visit|go to) .*|website|home|contact(?: us)?|about(?: us)?",
    re.I,
)
_NOTE = re.compile(r"\s*(?:\[\d{1,3}\]|[*†‡§¹²³]+)+$")
_ASIDE = re.compile(r"\s+[—–|·-]\s+.*$|\s*[:;]\s.*$|\s*[\n\t].*$")
_VARYING = re.compile(r"\d|^(?:odd|even|first|last|active|current|hidden|visible|alignleft|alignright)$")


@dataclass(frozen=True, slots=True)
class Past:
    """The last complete reading of a roster: its names, and when they were read."""

    names: tuple[str, ...]
    read: datetime


def read(page: Page, rule: RosterRule) -> Roster:
    """Reads the names on a page of members; raises ParseError where there are fewer than the rule's least number."""
    about = page.final_url or page.url
    try:
        text = decode(page.body, page.header("content-type"))
    except ParseError as problem:
        raise ParseError(str(problem), about=about) from problem
    if rule.selector:
        names = _unique(_name(element) for element in soupsieve.select(rule.selector, BeautifulSoup(text, "lxml")))
        found, hint = rule.selector, f"the selector {rule.selector!r} finds {len(names)}"
    else:
        names, found = _found(text, about)
        hint = (
            f"the longest list has {len(names)}"
            if names
            else "no list of names under a word for members was found (a selector can say where it is)"
        )
    if len(names) < rule.least_members:
        raise ParseError(f"is no complete list of members: {hint} where least_members is {rule.least_members}", about=about)
    return Roster(names, found)


def bounded(rule: RosterRule, past: Past | None, names: Sequence[str], keys: Mapping[str, str]) -> None:
    """Raises ParseError where more members have vanished since the last complete reading than the rule allows.

    One may always go, unless the rule allows none. `keys` gives the member that each name stands for.
    """
    if past is None:
        return
    before, here = {keys[n] for n in past.names}, {keys[n] for n in names}
    gone = len(before - here) - len(_respelled(past.names, names, keys))
    allowed = max(int(rule.most_vanishing * len(before)), 1 if rule.most_vanishing else 0)
    if gone > allowed:
        raise ParseError(
            f"lists {len(here)} members, and {gone} of the {len(before)} that it listed on {_day(past.read.date())} are gone, "
            f"where {allowed} may vanish at once: nothing was concluded; where it is right, raise most_vanishing for a while",
            about=rule.url,
        )


def listing(rule: RosterRule, names: Iterable[str]) -> tuple[Claim, ...]:
    """Gives one static claim for each name, to resolve whom it stands for."""
    return tuple(_claim(rule, name, Event.MEMBER, f"{name} is listed.") for name in names)


def unlisted(standing: Mapping[str, Membership], listed: Iterable[str]) -> tuple[str, ...]:
    """Gives those who are in and whose keys are not among the `listed` ones, of now and before."""
    here = set(listed)
    return tuple(key for key, m in standing.items() if m.standing is Standing.IN and key not in here)


def claims(
    rule: RosterRule,
    names: Sequence[str],
    past: Past | None,
    keys: Mapping[str, str],
    standing: Mapping[str, Membership],
    told: Sequence[Evidence],
    today: date,
) -> tuple[Claim, ...]:
    """Gives what a complete reading says that is worth keeping, each claim with a sentence of its own for words.

    `keys` gives the member that each name, of now and before, stands for; `standing` what was derived of the members of the
    coalition, `told` the evidence about those who are out, or in and `unlisted`.
    """
    exits = _Exits(rule, told)
    earlier = {keys[n]: n for n in past.names} if past else {}
    here = {keys[n]: n for n in names}
    respelled = _respelled(past.names, names, keys) if past else {}
    fresh = [n for key, n in here.items() if key not in earlier and n not in respelled]
    timely = past is not None and (today - past.read.date()).days <= RECENT_DAYS and len(fresh) <= max(1, GROWTH * len(earlier))
    on = _day(today)
    made: list[Claim] = []
    for key, name in here.items():
        stands = standing.get(key)
        out = stands is not None and stands.standing is Standing.OUT
        if name in respelled:
            # Said of the old name, which is known: the new one is then known as well, as another name of the same member.
            sentence = f"{name} is listed on {on}, where {respelled[name]} was listed before."
            made.append(replace(_claim(rule, respelled[name], Event.MEMBER, sentence), member_aliases=(name,)))
        elif out and past and key not in earlier and exits.own(key, today):
            made.append(_claim(rule, name, Event.LEFT, f"{name} is listed again on {on}.", Status.DENIED))
        elif out and (past is None or key in earlier) and exits.contradicted(key, today):
            made.append(_claim(rule, name, Event.LEFT, f"{name} is still listed on {on}.", Status.DENIED))
        elif past is None:
            if not out or exits.old(key, today):
                made.append(_claim(rule, name, Event.MEMBER, f"{name} is listed on {on}."))
        elif key not in earlier:
            sentence = f"{name} is new on the list of {on}; the list before it is that of {_day(past.read.date())}."
            inside = stands is not None and stands.standing in {Standing.IN, Standing.SUSPENDED, Standing.LEAVING}
            if inside or not (timely or out):
                made.append(_claim(rule, name, Event.MEMBER, sentence))
            else:
                made.append(replace(_claim(rule, name, Event.JOINED, sentence), date=_partial(today)))
    for key, name in earlier.items():
        if key not in here and name not in respelled.values():
            stands = standing.get(key)
            out = stands is not None and stands.standing is Standing.OUT
            assert past is not None
            sentence = f"{name} is no longer listed on {on}; it was listed on {_day(past.read.date())}."
            # The statement of the news is confirmed under its own date; the page only tells by when.
            when = stands.until if out and stands else _partial(today)
            made.append(replace(_claim(rule, name, Event.LEFT, sentence), date=when, confidence=GONE, role=None))
    return (*made, *(_missing(rule, names, keys, standing, told, today) if past else ()))


def _missing(
    rule: RosterRule,
    names: Sequence[str],
    keys: Mapping[str, str],
    standing: Mapping[str, Membership],
    told: Sequence[Evidence],
    today: date,
) -> tuple[Claim, ...]:
    """Says of whom the news told that it joined, and no complete reading lists, that it is missing."""
    if rule.role not in WHOLE:
        return ()
    joined, said = defaultdict[str, list[date]](list), set[str]()
    for e in told:
        if e.withdrawn or not e.statement.member:
            continue
        if e.statement.event is Event.ABSENT and _is_own(rule, e):
            said.add(e.statement.member.key)
        elif e.statement.event is Event.JOINED and e.statement.status is Status.COMPLETED and e.detector != VERSION:
            joined[e.statement.member.key].append(max(e.said_on(), e.statement.date.earliest() if e.statement.date else date.min))
    made: list[Claim] = []
    for key in unlisted(standing, keys.values()):
        days, name = joined.get(key), standing[key].member.name
        if not days or key in said or not LAG_DAYS < (today - max(days)).days <= OLD_DAYS:
            continue
        if not any(_within(name, n) or _within(n, name) for n in names):
            sentence = f"{name} is not listed on {_day(today)}, though it was said to have joined."
            made.append(replace(_claim(rule, name, Event.ABSENT, sentence), confidence=GONE, role=None))
    return tuple(made) if len(made) <= max(int(rule.most_vanishing * len(names)), 1) else ()


def words(rule: RosterRule, names: Sequence[str], said: Sequence[Claim], today: date) -> tuple[str, str, tuple[Claim, ...]]:
    """Gives title and text of a reading, and the claims with the places of their words in it."""
    parts, placed, at = [], [], 0
    for claim in said:
        placed.append(replace(claim, quote=replace(claim.quote, start=at)))
        parts.append(claim.quote.words)
        at += len(claim.quote.words) + 2
    listed = "\n".join(f"• {name}" for name in names)
    return f"{rule.coalition}: its list of members on {_day(today)}", "\n\n".join((*parts, listed)), tuple(placed)


class _Exits:
    """When exits were told, and by whom."""

    def __init__(self, rule: RosterRule, told: Sequence[Evidence]) -> None:
        self._told: dict[str, list[Evidence]] = defaultdict(list)
        self._rule = rule
        for e in told:
            if e.statement.member and e.statement.event in {Event.LEFT, Event.EXPELLED} and not e.withdrawn:
                self._told[e.statement.member.key].append(e)

    def _days(self, key: str) -> list[date]:
        return [e.said_on() for e in self._told[key] if e.statement.status is Status.COMPLETED]

    def own(self, key: str, today: date) -> bool:
        """Whether nobody but this list itself told of the exit, and not long ago."""
        completed = [e for e in self._told[key] if e.statement.status is Status.COMPLETED]
        return bool(completed) and all(_is_own(self._rule, e) and (today - e.said_on()).days <= BACK_DAYS for e in completed)

    def contradicted(self, key: str, today: date) -> bool:
        days = self._days(key)
        disputed = any(e.statement.status is Status.DENIED and _is_own(self._rule, e) for e in self._told[key])
        return bool(days) and not disputed and LAG_DAYS < (today - max(days)).days <= OLD_DAYS

    def old(self, key: str, today: date) -> bool:
        days = self._days(key)
        return not days or (today - max(days)).days > OLD_DAYS


def _is_own(rule: RosterRule, e: Evidence) -> bool:
    return e.detector == VERSION and e.article.startswith(rule.url + "#")


def _claim(rule: RosterRule, name: str, event: Event, sentence: str, status: Status = Status.COMPLETED) -> Claim:
    role = None if event is Event.LEFT else rule.role
    because = (f"the list of members that {rule.coalition} keeps itself ({rule.name})",)
    return Claim(rule.coalition, name, event, status, Quote(sentence), SURE, role=role, because=because)


def _respelled(before: Sequence[str], now: Sequence[str], keys: Mapping[str, str]) -> dict[str, str]:
    """New names to the vanished ones that they spell otherwise: the words of one stand in the other, in order, and in no third.

    >>> keys = {"DNB Bank": "dnb bank", "DNB": "dnb", "Harl": "harl"}
    >>> _respelled(["DNB Bank", "Harl"], ["Harl", "DNB"], keys)
    {'DNB': 'DNB Bank'}
    """
    here, was = {keys[n] for n in now}, {keys[n] for n in before}
    gone = [n for n in before if keys[n] not in here]
    come = [n for n in now if keys[n] not in was]
    pairs = [(new, old) for new in come for old in gone if _within(new, old) or _within(old, new)]
    return {new: old for new, old in pairs if sum(p[0] == new for p in pairs) == 1 and sum(p[1] == old for p in pairs) == 1}


def _within(shorter: str, longer: str) -> bool:
    rest = iter(fold(longer).split())
    return bool(fold(shorter)) and all(word in rest for word in fold(shorter).split())


def _partial(day: date) -> PartialDate:
    return PartialDate(day.year, day.month, day.day)


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


# Names on a page.


def _found(text: str, about: str) -> tuple[tuple[str, ...], str]:
    """The longest consistent run of names outside of menus and footers, where anything says that it is one of members.

    An error page has its menus, too: a page that nowhere speaks of members gives none.
    """
    if not text.strip():
        raise ParseError("is empty", about=about)
    soup = BeautifulSoup(_without_noise(text), "lxml")
    titled = bool(_MEMBERS.search(" ".join(tidy(t.get_text(" ")) for t in soup.find_all(["title", "h1"]))))
    best: tuple[float, tuple[str, ...], str] = (0.0, (), "")
    for elements, where, over in _groups(soup):
        named = bool(_MEMBERS.search(over))
        names = [_name(e) for e in elements] if named or titled else []
        likely = [n for n in names if n and _is_name(n)]
        unique = _unique(likely)
        if len(unique) < 2 or len(likely) < LEAST_NAMED * len(names) or len(unique) < LEAST_NAMED * len(likely):
            continue
        score = len(unique) * (len(likely) / len(names)) * (NAMED if named else 1.0)
        if sum(len(n.split()) for n in unique) > 5 * len(unique):
            score /= NAMED  # headlines
        if score > best[0]:
            # In a list of names one that is written small is a name as well.
            best = (score, _unique(n for n in names if _is_name(n) or (_is_name(n.title()) and len(n.split()) < 5)), where)
    return best[1], best[2]


def _without_noise(text: str) -> str:
    """The page without what the reader of articles calls noise: menus, footers, side bars, consent banners."""
    try:
        parser = lxml.html.HTMLParser(encoding="utf-8")
        root = lxml.html.document_fromstring(text.replace("\0", "").encode("utf-8", "replace"), parser=parser)
    except (LxmlError, ValueError):
        return text
    for element in read_blocks(root).noise:
        if element.getparent() is not None:
            element.drop_tree()
    return str(lxml.html.tostring(root, encoding="unicode"))


def _groups(soup: BeautifulSoup) -> Iterator[tuple[list[Tag], str, str]]:
    """Elements of one shape, with that shape and the words over them; lists under a heading of former members are left out."""
    for tag in soup(_UNREAD):
        tag.decompose()
    shapes: dict[str, list[Tag]] = defaultdict(list)
    over: dict[str, str] = {}
    heading = ""
    for element in soup.find_all(True):
        above = heading
        if element.name in _HEADINGS:
            heading = tidy(element.get_text(" "))
        if element.name not in _UNITS or _FORMER.search(above):
            continue
        if element.name == "th" and element.parent is not None and element.parent.find("td", recursive=False) is None:
            continue
        for named in (True, False):
            shape = _shape(element, named)
            shapes[shape].append(element)
            over.setdefault(shape, f"{above} {_names_of(element)}")
    for shape, elements in shapes.items():
        if len(elements) > 1:
            yield elements, shape, over[shape]
    for broken in soup.find_all(["p", "div", "td"]):
        if len(broken.find_all("br", recursive=False)) > 1:
            lines = [BeautifulSoup(f"<i>{line}</i>", "lxml").i for line in re.split(r"<br\s*/?>", broken.decode_contents())]
            yield [line for line in lines if line and line.get_text(strip=True)], f"{broken.name} br", _names_of(broken)


def _shape(element: Tag, named: bool) -> str:
    parts = []
    levels = 3 if named else 5
    for at in (element, *list(element.parents)[: levels - 1]):
        classes = [c for c in at.get_attribute_list("class") if c and not _VARYING.search(c)] if named else []
        parts.append(".".join([at.name, *classes]))
    column = f"[{len(element.find_previous_siblings(['td', 'th'])) + 1}]" if element.name in {"td", "th"} else ""
    if column:
        parts = ["cell" + column, *parts[1:]]
    return " > ".join(reversed(parts))


def _names_of(element: Tag) -> str:
    """The classes and identifiers around an element."""
    around = [element, *list(element.parents)[:3]]
    return " ".join(str(word) for at in around for word in (*at.get_attribute_list("class"), at.get("id")) if word)


def _name(element: Tag) -> str:
    """The name that an element stands for: its heading, its first line, or where it has no words the text of its picture."""
    if element.name == "img":
        return logo_name(str(element.get("alt") or element.get("title") or ""))
    heading = element.find(_HEADINGS) if element.name not in _HEADINGS else None
    line = next(_lines(heading), "") if isinstance(heading, Tag) else ""
    line = line or next(_lines(element), "")
    if not line:
        picture = element.find("img", alt=True)
        told = picture.get("alt") if isinstance(picture, Tag) else element.get("aria-label") or element.get("title")
        return logo_name(str(told or ""))
    name = tidy(_NOTE.sub("", line)).lstrip("•·▪●○◦‣*- ")
    shorter = tidy(_NOTE.sub("", _ASIDE.sub("", name)))
    return shorter or name


def _lines(element: Tag) -> Iterator[str]:
    """The lines of an element as a browser breaks them, as far as they are asked for."""
    run: list[str] = []
    for piece in _pieces(element):
        if piece != "\n":
            run.append(" ".join(piece.split("\n")))
        elif run:
            if text := tidy("".join(run)):
                yield text
            run = []
    if text := tidy("".join(run)):
        yield text


def _pieces(element: Tag) -> Iterator[str]:
    """The texts in an element, without footnotes; a line's end where a block begins or ends."""
    for part in element.children:
        if isinstance(part, Tag):
            ends = part.name in _BLOCKS or part.name == "br"
            if ends:
                yield "\n"
            if part.name != "sup":
                yield from _pieces(part)
            if ends:
                yield "\n"
        elif type(part) is NavigableString:
            yield str(part)


def _is_name(text: str) -> bool:
    """Whether a line is as short as a name, and most of its words begin as names do."""
    words = [w for w in text.split() if len(w) > 3 or any(c.isupper() for c in w)]
    if not 2 <= len(text) <= LONGEST_NAME or not words or len(words) > 12 or _NO_NAME.fullmatch(text):
        return False
    if text.endswith(("?", "!", "…")) or (text.endswith(".") and len(words[-1]) > 5):  # "Acme Corp." ends like a sentence and is none
        return False
    return sum(not w[:1].islower() or any(c.isupper() for c in w) for w in words) * 3 >= len(words) * 2


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    """Each name once, whatever its case and accents, in the order of the page."""
    first: dict[str, str] = {}
    for name in names:
        if fold(name):
            first.setdefault(fold(name), name)
    return tuple(first.values())
