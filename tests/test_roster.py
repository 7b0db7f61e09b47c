"""Names on pages of members in the styles that bodies use, and what a later reading of them says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from html import escape

import pytest

from pipeline.errors import ParseError
from pipeline.model import Claim, Event, Evidence, Membership, Page, PartialDate, Party, Role, RosterRule, Standing, Statement, Status
from pipeline.roster import VERSION, Past, bounded, claims, read, words
from pipeline.text import fold

WHEN = datetime(2025, 5, 14, 8, tzinfo=UTC)
TODAY = WHEN.date()
NAMES = ("Norvik Freight", "Altera Lines", "Port of Ghent", "eVax", "Kaspel Bank plc", "Harl & Co.", "Tessaly Institute")
RULE = RosterRule("compact", "https://compact.example/members", "Harbour Data Compact")


def page(body: str, title: str = "Members – Harbour Data Compact", url: str = RULE.url) -> Page:
    whole = (
        f"<!doctype html><html><head><title>{title}</title></head><body>"
        "<nav><ul class='menu'>" + "".join(f"<li><a href='/{n}'>Our Topic {n}</a></li>" for n in range(12)) + "</ul></nav>"
        f"<main><h1>{title}</h1><p>The compact is open to all who sail.</p>{body}</main>"
        "<footer><ul>" + "".join(f"<li><a href='/{n}'>Imprint Page {n}</a></li>" for n in range(12)) + "</ul></footer></body></html>"
    )
    return Page(url, url, 200, (("content-type", "text/html; charset=utf-8"),), whole.encode(), WHEN)


def each(template: str, names: tuple[str, ...] = NAMES) -> str:
    return "".join(template.format(escape(name), n) for n, name in enumerate(names))


STYLES = {
    "list": f"<ul>{each('<li>{}</li>')}</ul>",
    "list of links": f"<ul class='members'>{each('<li class=odd{1}><a href=/m/{1}>{0}</a><sup>[{1}]</sup></li>')}</ul>",
    "lines with asides": f"<ul>{each('<li><a href=/m/{1}>{0}</a> – joined in 2021, by letter</li>')}</ul>",
    "table": f"<table><tr><th>No.</th><th>Member</th><th>Seat</th></tr>{each('<tr><td>{1}</td><td>{0}</td><td>Norway</td></tr>')}</table>",
    "table with a date": f"<table><tbody>{each('<tr><td>{0}</td><td>{1} May 2021</td><td>www.m{1}.example</td></tr>')}</tbody></table>",
    "logos": "<div class='wall'>" + each('<div class=logo><img src=/l{1}.png alt="{0} logo"></div>') + "</div>",
    "logos in links": each("<a href='https://m{1}.example'><img src=/l{1}.png alt='Logo of {0}'></a>"),
    "cards": "<div class=grid>" + each("<div class='card card-{1}'><img src=/l{1}.png alt=''><h3>{0}</h3><p>Carries goods and people.</p>"
             "<a href=/m/{1}>Read more</a></div>") + "</div>",
    "cards without headings": "<section>" + each("<div class='card'><div class='land'>Norway</div><div class='name'>{0}</div></div>")
                              + "</section>",
    "rows of cards": "".join(
        "<div class=row>" + each("<div class=col><p class=n><strong>{0}</strong></p></div>", part) + "</div>"
        for part in (NAMES[:4], NAMES[4:])
    ),
    "by letter": "".join(f"<h3>{n[0]}</h3><ul><li>{escape(n)}</li></ul>" for n in NAMES),
    "lines": "<p>" + each("{0}<br>") + "</p>",
    "paragraphs": each("<p>{0}</p>"),
    "gallery": each("<figure class='img'><a href=/{1}><img src=/{1}.png alt=''></a><figcaption>{0}</figcaption></figure>"),
    "folded": each("<details><summary>{0}</summary><p>About {0}. It sails.</p></details>"),
    "links with labels": "<div>" + each("<a href=/m/{1} aria-label='{0}'><svg></svg></a>") + "</div>",
    "lists in a list": "<ul>" + each("<li><h4>{0}</h4><ul><li>Website</li><li>Contact Person {1}</li></ul></li>") + "</ul>",
    "titles of pictures": each("<div class=m><img src=/{1}.png title='{0}'></div>"),
    "definitions": f"<dl>{each('<dt>{0}</dt><dd>Sails the northern route since it was founded.</dd>')}</dl>",
}  # fmt: skip


@pytest.mark.parametrize("style", STYLES)
def test_names_are_found_by_themselves(style: str) -> None:
    assert read(page(STYLES[style]), RULE).names == NAMES


def test_former_members_and_longer_lists_elsewhere_are_left_out() -> None:
    news = "<div class=news>" + "".join(f"<h4>Carriers meet again in harbour number {n}</h4>" for n in range(20)) + "</div>"
    gone = "<h2>Former members</h2><ul>" + each("<li>Gone {0}</li>") + "</ul>"
    assert read(page(f"<h2>Members</h2>{STYLES['list']}{gone}{news}"), RULE).names == NAMES


def test_a_menu_of_an_error_page_is_no_roster() -> None:
    menu = "<div class=header>" + "".join(f"<a href='/{n}'>Section {n}</a>" for n in range(9)) + "</div>"
    with pytest.raises(ParseError, match="no list of names"):
        read(page(menu + "<p>Try again later.</p>", "Service Unavailable"), RULE)


def test_a_selector_takes_what_it_names_and_nothing_else() -> None:
    rule = RosterRule("r", RULE.url, "Harbour Data Compact", selector="#board li")
    body = "<ul id=board><li>Norvik Freight<br>Oslo</li><li><img alt='Altera Lines logo'></li><li>NORVIK FREIGHT</li><li>Kaspel</li></ul>"
    assert read(page(STYLES["list"] + body), rule).names == ("Norvik Freight", "Altera Lines", "Kaspel")


@pytest.mark.parametrize(
    ("body", "rule", "said"),
    [
        ("<p>Something went wrong. Please try again later.</p>", RULE, "no list of names under a word for members was found"),
        ("<ul><li>Norvik Freight</li><li>Altera Lines</li></ul>", RULE, "the longest list has 2"),
        (STYLES["list"], RosterRule("r", RULE.url, "c", selector=".x li"), "the selector '.x li' finds 0"),
        (STYLES["list"], RosterRule("r", RULE.url, "c", least_members=8), "has 7 where least_members is 8"),
    ],
)
def test_a_page_without_enough_names_is_an_error(body: str, rule: RosterRule, said: str) -> None:
    with pytest.raises(ParseError, match=said):
        read(page(body), rule)


def test_bytes_that_are_no_page_are_an_error() -> None:
    with pytest.raises(ParseError):
        read(Page(RULE.url, RULE.url, 200, (), b"%PDF-1.7 \x00\x01\x02", WHEN), RULE)
    with pytest.raises(ParseError):
        read(Page(RULE.url, RULE.url, 200, (), b"", WHEN), RULE)


@pytest.mark.parametrize(
    ("left", "share", "passes"), [(7, 0.2, True), (6, 0.2, True), (5, 0.2, False), (5, 0.3, True), (6, 0.0, False), (1, 1.0, True)]
)
def test_more_than_the_share_may_not_vanish(left: int, share: float, passes: bool) -> None:
    rule = RosterRule("r", RULE.url, "c", most_vanishing=share)
    keys = {n: fold(n) for n in NAMES}
    if passes:
        bounded(rule, Past(NAMES, WHEN), NAMES[:left], keys)
    else:
        with pytest.raises(ParseError, match="are gone"):
            bounded(rule, Past(NAMES, WHEN), NAMES[:left], keys)


def exit_of(name: str, on: date, *, detector: str = "d", status: Status = Status.COMPLETED) -> Evidence:
    at = datetime(on.year, on.month, on.day, tzinfo=UTC)
    said = Statement(Party("hdc", "Harbour Data Compact"), Party(fold(name), name), Event.LEFT, status)
    where = f"{RULE.url}#x" if detector == VERSION else "https://wire.example/a"
    return Evidence(said, where, "Wire", "s", f"{name} left.", 0.9, detector, at, at, at)


def joining_of(name: str, on: date, *, event: Event = Event.JOINED, detector: str = "d") -> Evidence:
    told = exit_of(name, on, detector=detector)
    return replace(told, statement=replace(told.statement, event=event), quote=f"{name}: {event}")


def say(
    now: tuple[str, ...],
    before: tuple[str, ...] | None,
    *told: Evidence,
    read: date = date(2025, 5, 7),
    standing: dict[str, Standing] | None = None,
    today: date = TODAY,
    rule: RosterRule = RULE,
) -> list[tuple[str, str, str]]:
    past = None if before is None else Past(before, datetime(read.year, read.month, read.day, tzinfo=UTC))
    names = {*now, *(before or ())}
    stands = {
        fold(n): Membership(Party("hdc", "H"), Party(fold(n), n), s, None, None, PartialDate(2025, 4, 1) if s is Standing.OUT else None)
        for n, s in (standing or {}).items()
    }
    made = claims(rule, now, past, {n: fold(n) for n in names}, stands, told, today)
    return sorted((str(c.event) if c.status is Status.COMPLETED else f"not {c.event}", c.member or "", str(c.date or "")) for c in made)


A, B, C, D = NAMES[:4]
CASES: dict[str, tuple[list[tuple[str, str, str]], list[tuple[str, str, str]]]] = {
    "a first reading lists members": (say((A, B), None), [("member", B, ""), ("member", A, "")]),
    "nothing new": (say((A, B), (B, A)), []),
    "a new name joined": (say((A, B, C), (A, B)), [("joined", C, "2025-05-14")]),
    "one whose joining was news is confirmed": (say((A, B, C), (A, B), standing={C: Standing.IN}), [("member", C, "")]),
    "one who was about to join has": (say((A, B, C), (A, B), standing={C: Standing.ENTERING}), [("joined", C, "2025-05-14")]),
    "after a long pause nobody knows when": (say((A, B, C), (A, B), read=date(2025, 1, 1)), [("member", C, "")]),
    "a list that doubles shows more than it did": (say((A, B, C, D), (A, B)), [("member", C, ""), ("member", D, "")]),
    "a vanished name left": (say((A,), (A, B)), [("left", B, "2025-05-14")]),
    "an exit that was news is confirmed": (say((A,), (A, B), standing={B: Standing.OUT}), [("left", B, "2025-04-01")]),
    "another spelling is the same member": (say((A, "Altera"), (A, "Altera Lines")), [("member", "Altera Lines", "")]),
    "a page lags behind the news": (
        say((A, B), (A, B), exit_of(B, date(2025, 5, 1)), standing={B: Standing.OUT}),
        [],
    ),
    "still listed after a month": (
        say((A, B), (A, B), exit_of(B, date(2025, 4, 1)), standing={B: Standing.OUT}),
        [("not left", B, "")],
    ),
    "disputed once": (
        say(
            (A, B), (A, B), exit_of(B, date(2025, 4, 1)), exit_of(B, date(2025, 2, 1), detector=VERSION, status=Status.DENIED),
            standing={B: Standing.OUT},
        ),
        [],
    ),
    "a first reading after a recent exit": (
        say((A, B), None, exit_of(B, date(2025, 5, 1)), standing={B: Standing.OUT}),
        [("member", A, "")],
    ),
    "a first reading long after an exit": (
        say((B,), None, exit_of(B, date(2019, 5, 1)), standing={B: Standing.OUT}),
        [("member", B, "")],
    ),
    "the list corrects itself": (
        say((A, B), (A,), exit_of(B, date(2025, 5, 7), detector=VERSION), standing={B: Standing.OUT}),
        [("not left", B, "")],
    ),
    "back after an exit": (
        say((A, B), (A,), exit_of(B, date(2025, 1, 7), detector=VERSION), standing={B: Standing.OUT}),
        [("joined", B, "2025-05-14")],
    ),
    "a joining that the page does not show yet": (
        say((A, B), (A, B), joining_of(C, date(2025, 5, 1)), standing={C: Standing.IN}),
        [],
    ),
    "never listed, two months after the news": (
        say((A, B), (A, B), joining_of(C, date(2025, 3, 1)), standing={C: Standing.IN}),
        [("absent", C, "")],
    ),
    "not by a first reading": (
        say((A, B), None, joining_of(C, date(2025, 3, 1)), standing={C: Standing.IN}),
        [("member", A, ""), ("member", B, "")],
    ),
    "said to be missing once": (
        say(
            (A, B), (A, B), joining_of(C, date(2025, 3, 1)), joining_of(C, date(2025, 4, 20), event=Event.ABSENT, detector=VERSION),
            standing={C: Standing.IN},
        ),
        [],
    ),
    "an old joining is not looked for": (
        say((A, B), (A, B), joining_of(C, date(2019, 3, 1)), standing={C: Standing.IN}),
        [],
    ),
    "who was only said to be in is not looked for": (
        say((A, B), (A, B), joining_of(C, date(2025, 3, 1), event=Event.MEMBER), standing={C: Standing.IN}),
        [],
    ),
    "it may be listed in another spelling": (
        say((A, B), (A, B), joining_of("Altera", date(2025, 3, 1)), standing={"Altera": Standing.IN}),
        [],
    ),
    "a list that leaves out many is another list": (
        say(
            (A, B), (A, B), joining_of(C, date(2025, 3, 1)), joining_of(D, date(2025, 3, 1)),
            standing={C: Standing.IN, D: Standing.IN},
        ),
        [],
    ),
    "a list of founders says nothing of the others": (
        say(
            (A, B), (A, B), joining_of(C, date(2025, 3, 1)),
            standing={C: Standing.IN}, rule=replace(RULE, role=Role.FOUNDER),
        ),
        [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_a_reading_says(case: str) -> None:
    said, expected = CASES[case]
    assert said == sorted(expected)


def test_every_claim_has_its_words_in_the_text_that_is_kept() -> None:
    made = claims(RULE, (A, C), Past((A, B), WHEN), {n: fold(n) for n in NAMES}, {}, (), TODAY)
    title, text, placed = words(RULE, (A, C), made, TODAY)
    assert title == "Harbour Data Compact: its list of members on 14 May 2025" and len(placed) == 2
    assert all(text[c.quote.start :].startswith(c.quote.words) for c in placed if isinstance(c, Claim))
    assert "Altera Lines is no longer listed on 14 May 2025; it was listed on 14 May 2025." in text and text.endswith(f"• {A}\n• {C}")
