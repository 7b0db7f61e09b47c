"""What a change is, in tables: who said what on which day, and what a reader is told after each article."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.diff import derive, diff
from pipeline.model import Change, ChangeKind, Event, Evidence, PartialDate, Party, Role, Standing, Statement, Status

KELP = Party("kelp charter", "Kelp Charter")
ARDEN = Party("arden shipping", "Arden Shipping")


def said(
    day: str,
    event: str,
    when: str = "",
    *,
    status: str = "completed",
    role: str = "",
    by: str = "Quay Post",
    words: str = "as the harbour log has it",
    other: str = "",
    member: Party = ARDEN,
) -> Evidence:
    """One thing that an article of that day, one a publisher, says of the pair (or of the coalition)."""
    kind = Event(event)
    of_coalition = kind in {Event.FORMED, Event.DISSOLVED, Event.RENAMED, Event.MERGED, Event.SUSPENDED_OPERATIONS}
    published = datetime.fromisoformat(day).replace(hour=9, tzinfo=UTC)
    address = f"https://{by.lower().replace(' ', '-')}.example/{day}"
    return Evidence(
        statement=Statement(KELP, None if of_coalition else member, kind, Status(status), PartialDate.parse(when) if when else None),
        article=address,
        publisher=by,
        story=address,
        quote=words,
        confidence=0.9,
        detector="test",
        first_seen=published + timedelta(minutes=5),
        last_seen=published + timedelta(minutes=5),
        published=published,
        role=Role(role) if role else None,
        other_name=other,
    )


def tell(*articles: Evidence | tuple[Evidence, ...]) -> list[list[Change]]:
    """The changes that each article raises, read in the order given, each soon after it was published."""
    known: list[Evidence] = []
    steps = []
    for article in articles:
        fresh = article if isinstance(article, tuple) else (article,)
        steps.append(list(diff(known, fresh, max(e.first_seen for e in (*known, *fresh)))))
        known += fresh
    return steps


def kinds(*articles: Evidence | tuple[Evidence, ...]) -> list[str]:
    return [" ".join(sorted(c.kind + (" (old)" if c.historic else "") for c in step)) for step in tell(*articles)]


JOINED = said("2024-05-15", "joined", "2024-05-14")
LEFT = said("2024-09-02", "left", "2024-09-01")

NEWS_OF_EXIT = said("2024-09-13", "left", "2024-09-01", by="Kai Heute")
STALE = said("2024-09-03", "member", by="Dock Daily")
OVER = said("2024-12-01", "dissolved", "2024-11-30")
JOINED_OVER = ["member_joined", "coalition_dissolved"]
LAID_DOWN = "Arden stepped down as chair and stays a member"

TABLE: list[tuple[str, list[Evidence | tuple[Evidence, ...]], list[str]]] = [
    # Told once.
    ("a joining", [JOINED], ["member_joined"]),
    ("the same elsewhere", [JOINED, said("2024-05-16", "joined", "2024-05-14", by="Dock Daily")], ["member_joined", ""]),
    ("a recap months later", [JOINED, said("2024-08-01", "joined", "2024-05", by="Dock Daily")], ["member_joined", ""]),
    ("a recap without a date", [JOINED, said("2024-08-01", "joined", by="Dock Daily")], ["member_joined", ""]),
    ("first vague, then sharp", [said("2024-05-20", "joined"), said("2024-05-28", "joined", "2024-05-14")], ["member_joined", ""]),
    ("is in, as is known", [JOINED, said("2024-06-01", "member")], ["member_joined", ""]),
    ("joins and is in, in one text", [(JOINED, said("2024-05-15", "member"))], ["member_joined"]),
    (
        "a second exit is a second change",
        [JOINED, LEFT, said("2025-01-10", "joined", "2025-01-09"), said("2025-06-03", "left", "2025-06-02")],
        ["member_joined", "member_left", "member_joined", "member_left"],
    ),
    (
        "undated exits on both sides of a return",
        [JOINED, said("2024-09-02", "left"), said("2024-11-02", "joined"), said("2025-03-02", "left")],
        ["member_joined", "member_left", "member_joined", "member_left"],
    ),
    # Order by effect.
    (
        "an old exit in a new text undoes nothing",
        [said("2024-05-15", "joined", "2024-05-14"), said("2024-06-01", "left", "2019")],
        ["member_joined", "member_left (old)"],
    ),
    ("an old event told first now", [said("2024-05-15", "joined", "2016-03")], ["member_joined (old)"]),
    (
        "an exit told together with the entry long before",
        [(said("2024-09-02", "joined", "2019"), LEFT)],
        ["member_joined (old) member_left"],
    ),
    ("an old article read late", [LEFT, said("2023-02-01", "joined", "2023-01-31")], ["member_left", "member_joined (old)"]),
    (
        "a dated return beside an undated exit",
        [(said("2024-09-02", "left"), said("2024-09-02", "joined", "2024-09-01"))],
        ["member_joined member_left (old)"],
    ),
    ("a dated exit beside an undated entry", [JOINED, (LEFT, said("2024-09-02", "joined"))], ["member_joined", "member_left"]),
    (
        "a founder of the first hour",
        [(said("2024-05-15", "joined", role="founder")), LEFT, said("2024-12-01", "joined", role="founder")],
        ["member_joined", "member_left", ""],
    ),
    # An exit that news tells with its day, and words written by those who did not know of it.
    ("a mention between the day and its news", [JOINED, STALE, NEWS_OF_EXIT], ["member_joined", "", "member_left"]),
    ("the mention is read last", [JOINED, NEWS_OF_EXIT, STALE], ["member_joined", "member_left", ""]),
    (
        "a plan between the day and its news",
        [JOINED, said("2024-09-03", "will_leave", "2024-12", status="planned"), NEWS_OF_EXIT],
        ["member_joined", "leave_announced", "member_left"],
    ),
    (
        "told undated, then mentioned, then dated",
        [JOINED, said("2024-09-02", "left"), said("2024-09-04", "left", "2024-09-01"), said("2024-09-05", "left")],
        ["member_joined", "member_left", "", ""],
    ),
    (
        "an exit told without its day does not become two",
        [JOINED, STALE, said("2024-09-10", "left"), said("2024-09-13", "left", "2024-09-01", by="Dock Daily")],
        ["member_joined", "", "member_left", ""],
    ),
    # Read late: older than what is known.
    (
        "suspended, as a recap had it",
        [said("2024-03-18", "suspended", "2023-09"), said("2023-09-11", "suspended")],
        ["member_suspended (old)", ""],
    ),
    (
        "an exit that a recap told with the return",
        [(said("2025-01-09", "joined", "2025-01-01"), said("2025-01-09", "left")), said("2024-12-09", "left", "2023")],
        ["member_joined member_left (old)", ""],
    ),
    ("a refusal, recalled", [said("2025-02-27", "declined"), said("2024-01-12", "declined")], ["join_declined", ""]),
    (
        "a dispute that is told already",
        [
            said("2024-05-15", "will_join", status="planned"),
            said("2024-05-25", "will_join", status="denied", by="Dock Daily"),
            said("2024-05-20", "will_join", status="denied"),
        ],
        ["join_announced", "claim_disputed", ""],
    ),
    ("an earlier exit is one of its own", [LEFT, said("2019-03-02", "left", "2019-03-01")], ["member_left", "member_left (old)"]),
    # The coalition is over.
    ("its end, told of a member", [JOINED, OVER, said("2024-12-05", "left", "2024-11-30", by="Dock Daily")], [*JOINED_OVER, ""]),
    (
        "its end, told of a member before",
        [JOINED, said("2024-11-30", "left"), OVER],
        ["member_joined", "member_left", "coalition_dissolved"],
    ),
    ("its end, a few days apart", [JOINED, OVER, said("2024-12-05", "left", "2024-12-02", by="Dock Daily")], [*JOINED_OVER, ""]),
    (
        "its end and an exit in one text",
        [JOINED, (OVER, said("2024-12-01", "left", "2024-11-30"))],
        ["member_joined", "coalition_dissolved"],
    ),
    ("out, says an undated text", [JOINED, OVER, said("2025-02-05", "left")], [*JOINED_OVER, ""]),
    ("in, says a text that did not hear of it", [JOINED, OVER, said("2025-02-05", "member")], [*JOINED_OVER, ""]),
    ("a former member is met", [OVER, said("2025-02-05", "member")], ["coalition_dissolved", "member_observed (old)"]),
    ("the exit of one that is not known", [OVER, said("2024-12-20", "left")], ["coalition_dissolved", "member_left (old)"]),
    ("an exit before the end", [JOINED, OVER, said("2024-12-05", "left", "2024-11-10")], [*JOINED_OVER, "member_left"]),
    ("a joining without a day after the end", [JOINED, OVER, said("2025-02-05", "joined")], [*JOINED_OVER, ""]),
    ("a joining after the end", [JOINED, OVER, said("2025-02-05", "joined", "2025-02-04")], [*JOINED_OVER, "member_joined"]),
    ("an old joining, read after the end", [OVER, JOINED], ["coalition_dissolved", "member_joined (old)"]),
    # Learning is not happening.
    ("a static mention", [said("2024-05-15", "member")], ["member_observed"]),
    ("an entry before the mention", [said("2024-05-15", "member"), said("2024-06-01", "joined", "2019")], ["member_observed", ""]),
    ("an entry of unknown date after the mention", [said("2024-05-15", "member"), said("2024-06-01", "joined")], ["member_observed", ""]),
    (
        "an entry after the mention",
        [said("2024-05-15", "member"), said("2024-07-02", "joined", "2024-07-01")],
        ["member_observed", "member_joined"],
    ),
    ("whoever leaves was in", [said("2024-05-15", "will_leave", status="planned"), said("2024-05-20", "member")], ["leave_announced", ""]),
    ("a suspended member is a member", [said("2024-05-15", "suspended"), said("2024-05-20", "member")], ["member_suspended", ""]),
    ("back in, it seems", [JOINED, LEFT, said("2025-03-01", "member")], ["member_joined", "member_left", "member_observed"]),
    ("missing", [said("2024-05-15", "absent")], ["absence_noted"]),
    (
        "missing, twice, though it is in",
        [JOINED, said("2024-08-01", "absent"), said("2024-10-01", "absent", by="Dock Daily")],
        ["member_joined", "claim_disputed", ""],
    ),
    ("missing, twice", [said("2024-05-15", "absent"), said("2024-07-15", "absent")], ["absence_noted", ""]),
    ("missing since it left", [LEFT, said("2024-10-01", "absent")], ["member_left", ""]),
    ("missing since it refused", [said("2024-05-15", "declined"), said("2024-10-01", "absent")], ["join_declined", ""]),
    # Intentions have a life.
    (
        "announced, then done",
        [said("2024-05-15", "will_join", status="planned"), said("2024-07-02", "joined", "2024-07-01")],
        ["join_announced", "member_joined"],
    ),
    ("a planned joining is an announcement", [said("2024-05-15", "joined", "2024-07-01", status="planned")], ["join_announced"]),
    (
        "announced again",
        [said("2024-05-15", "will_join", status="planned"), said("2024-06-15", "will_join", status="planned")],
        ["join_announced", ""],
    ),
    (
        "announced, recalled after",
        [
            said("2024-05-15", "will_join", status="planned"),
            said("2024-07-02", "joined"),
            said("2024-08-02", "will_join", status="planned"),
        ],
        ["join_announced", "member_joined", ""],
    ),
    (
        "talks become an agreement",
        [said("2024-05-15", "will_join", status="proposed"), said("2024-06-15", "will_join", status="planned")],
        ["join_announced", "join_announced"],
    ),
    (
        "talks go on",
        [said("2024-05-15", "will_join", status="proposed"), said("2024-06-15", "will_join", status="proposed")],
        ["join_announced", ""],
    ),
    (
        "talks, then a dated application",
        [said("2024-05-15", "will_join", status="proposed"), said("2024-06-15", "will_join", "2024-06-12", status="proposed")],
        ["join_announced", "join_announced"],
    ),
    (
        "a day is set",
        [said("2024-05-15", "will_leave", status="planned"), said("2024-06-15", "will_leave", "2024-12-31", status="planned")],
        ["leave_announced", ""],
    ),
    (
        "invited, declined, in one text",
        [(said("2024-05-15", "will_join", status="proposed"), said("2024-05-15", "declined"))],
        ["join_declined"],
    ),
    (
        "announced, declined, then in",
        [said("2024-05-15", "will_join", status="planned"), said("2024-06-15", "declined"), said("2024-09-15", "joined")],
        ["join_announced", "join_declined", "member_joined"],
    ),
    (
        "leaves as announced",
        [said("2024-05-15", "will_leave", "2024-08-31", status="planned"), said("2024-09-02", "left", "2024-08-31")],
        ["leave_announced", "member_left"],
    ),
    ("out, asks to come back", [(LEFT, said("2024-09-02", "will_join", status="proposed"))], ["join_announced member_left"]),
    (
        "an observer applies",
        [said("2024-05-15", "joined", role="observer"), said("2024-07-15", "will_join", status="proposed", role="member")],
        ["member_joined", "join_announced"],
    ),
    (
        "an observer becomes a member",
        [said("2024-05-15", "joined", "2024-05-14", role="observer"), said("2025-02-02", "joined", "2025-02-01", role="member")],
        ["member_joined", "member_joined"],
    ),
    ("a threat to suspend is no suspension", [JOINED, said("2024-06-01", "suspended", status="proposed")], ["member_joined", ""]),
    # Suspended, let back in, thrown out.
    (
        "suspended and readmitted",
        [JOINED, said("2024-06-02", "suspended", "2024-06-01"), said("2024-08-02", "joined", "2024-08-01")],
        ["member_joined", "member_suspended", "member_joined"],
    ),
    (
        "expelled is out",
        [JOINED, said("2024-06-02", "expelled", "2024-06-01"), said("2024-07-02", "left")],
        ["member_joined", "member_expelled", ""],
    ),
    # Contradiction is news.
    (
        "denies that it will join",
        [said("2024-05-15", "will_join", status="proposed"), said("2024-05-20", "will_join", status="denied")],
        ["join_announced", "claim_disputed"],
    ),
    (
        "denied twice",
        [
            said("2024-05-15", "will_leave", status="proposed"),
            said("2024-05-20", "will_leave", status="denied"),
            said("2024-08-20", "will_leave", status="denied"),
        ],
        ["leave_announced", "claim_disputed", ""],
    ),
    ("denies what nobody said", [said("2024-05-20", "will_join", status="denied")], [""]),
    (
        "reported and denied in one text",
        [(said("2024-05-20", "will_join", status="proposed"), said("2024-05-20", "will_join", status="denied"))],
        ["claim_disputed"],
    ),
    (
        "denies an exit",
        [JOINED, LEFT, said("2024-09-05", "left", status="denied", words="the company denied that it had left")],
        ["member_joined", "member_left", "claim_disputed"],
    ),
    (
        "an exit is set right",
        [JOINED, LEFT, said("2024-09-05", "left", status="denied", words="Correction: it has not left")],
        ["member_joined", "member_left", "claim_corrected"],
    ),
    (
        "another paper denies in its own voice",
        [LEFT, said("2024-09-05", "left", status="denied", by="Dock Daily", words="It has not left")],
        ["member_left", "claim_disputed"],
    ),
    (
        "the paper takes its own report back",
        [LEFT, said("2024-09-05", "left", status="denied", words="It has not left")],
        ["member_left", "claim_corrected"],
    ),
    (
        "corrected, then the old story is passed on",
        [LEFT, said("2024-09-05", "left", status="denied"), said("2024-09-06", "left", "2024-09-01", by="Dock Daily")],
        ["member_left", "claim_corrected", ""],
    ),
    ("said not to be in, though it is", [JOINED, said("2024-08-01", "absent")], ["member_joined", "claim_disputed"]),
    (
        "another day, set right",
        [LEFT, said("2024-10-02", "left", "2024-09-20", words="The exit date given earlier was wrong")],
        ["member_left", "claim_corrected"],
    ),
    ("another day, a little apart", [LEFT, said("2024-10-02", "left", "2024-09-04", by="Dock Daily")], ["member_left", ""]),
    (
        "another day, far apart, both past",
        [LEFT, said("2025-10-02", "left", "2025-03-20", by="Dock Daily")],
        ["member_left", "claim_disputed"],
    ),
    (
        "an earlier day of joining, with no exit between",
        [JOINED, said("2024-05-16", "joined", "2023-01-10", by="Dock Daily"), said("2024-05-17", "joined", "2023-01-10", by="Kai Heute")],
        ["member_joined", "claim_disputed", ""],
    ),
    (
        "an earlier day of joining, set right",
        [JOINED, said("2024-05-16", "joined", "2023-01-10", words="Correction: it joined in January 2023")],
        ["member_joined", "claim_corrected"],
    ),
    (
        "an earlier joining beside the exit after it",
        [JOINED, (said("2024-05-16", "joined", "2016"), said("2024-05-16", "left", "2020"))],
        ["member_joined", "member_joined (old) member_left (old)"],
    ),
    (
        "an earlier joining that was news in its day",
        [JOINED, said("2016-03-03", "joined", "2016-03-02")],
        ["member_joined", "member_joined (old)"],
    ),
    ("another day, far apart, just now", [LEFT, said("2025-10-02", "left", "2025-10-01", by="Dock Daily")], ["member_left", "member_left"]),
    # Roles.
    ("a role that was unknown", [JOINED, said("2024-06-01", "member", role="board")], ["member_joined", ""]),
    (
        "a role that is mentioned",
        [said("2024-05-15", "member", role="member"), said("2024-06-01", "member", role="lead", words="its president, of Arden")],
        ["member_observed", ""],
    ),
    (
        "a role that turned",
        [said("2024-05-15", "member", role="member"), said("2024-06-01", "member", role="lead", words="Arden took over the chair")],
        ["member_observed", "role_changed"],
    ),
    (
        "a role that turned, told twice",
        [
            said("2024-05-15", "member", role="member"),
            said("2024-06-01", "member", role="lead", words="Arden took over the chair"),
            said("2024-06-02", "member", role="lead", by="Dock Daily", words="Arden has taken over the chair"),
        ],
        ["member_observed", "role_changed", ""],
    ),
    (
        "a role that has turned since a day",
        [
            said("2024-05-15", "member", role="member"),
            said("2024-06-01", "member", role="lead", words="Arden, which has chaired it since May"),
        ],
        ["member_observed", "role_changed"],
    ),
    (
        "a mention of an office does not hide that it is taken over",
        [
            said("2024-05-15", "joined", role="member"),
            said("2024-06-01", "member", role="lead", words="Arden, which chairs it"),
            said("2024-06-12", "member", role="lead", by="Dock Daily", words="Arden has taken over the chair"),
        ],
        ["member_joined", "", "role_changed"],
    ),
    *(
        (
            f"an office is laid down, its role given as {role or 'unknown'}",
            [said("2024-05-15", "joined", role="lead"), said("2024-06-01", "member", role=role, words=LAID_DOWN)],
            ["member_joined", "role_changed"],
        )
        for role in ("member", "")
    ),
    (
        "who holds no office lays none down",
        [said("2024-05-15", "joined", role="founder"), said("2024-06-01", "member", role="member", words=LAID_DOWN)],
        ["member_joined", ""],
    ),
    (
        "joined as a partner, no, as a member",
        [said("2024-05-15", "joined", role="partner"), said("2024-05-18", "joined", role="member", words="It has signed as a full member")],
        ["member_joined", "claim_corrected role_changed"],
    ),
    (
        "a founder is a member",
        [said("2024-05-15", "joined", role="founder"), said("2024-05-18", "joined", role="member")],
        ["member_joined", ""],
    ),
    # A coalition itself.
    ("formed", [said("2024-05-15", "formed", "2024-05-14")], ["coalition_formed"]),
    ("formed long ago", [said("2024-05-15", "formed", "1992")], ["coalition_formed (old)"]),
    (
        "formed, again and again",
        [said("2024-05-15", "formed", "2024-05-14"), said("2024-05-16", "formed"), said("2025-05-15", "formed", "2024")],
        ["coalition_formed", "", ""],
    ),
    (
        "planned, then done",
        [said("2024-05-15", "formed", "2024-09", status="planned"), said("2024-09-11", "formed", "2024-09-10")],
        ["coalition_formed", "coalition_formed"],
    ),
    (
        "the plan recalled",
        [said("2024-09-11", "formed", "2024-09-10"), said("2024-09-20", "formed", status="planned")],
        ["coalition_formed", ""],
    ),
    (
        "another year, set right",
        [said("2024-05-15", "formed", "1992"), said("2024-08-15", "formed", "1991", words="founded in 1991, not in 1992")],
        ["coalition_formed (old)", "claim_corrected"],
    ),
    (
        "another year",
        [said("2024-05-15", "formed", "1992"), said("2024-08-15", "formed", "1991")],
        ["coalition_formed (old)", "claim_disputed"],
    ),
    (
        "renamed",
        [said("2024-05-15", "renamed", "2024-05-14", other="Weed Charter"), said("2024-07-15", "renamed", other="Weed Charter")],
        ["coalition_renamed", ""],
    ),
    (
        "renamed twice",
        [said("2024-05-15", "renamed", other="Weed Charter"), said("2024-07-15", "renamed", other="Kelp Pact")],
        ["coalition_renamed", "coalition_renamed"],
    ),
    ("merged", [said("2024-05-15", "merged"), said("2024-07-15", "merged")], ["coalition_merged", ""]),
    ("a merger nobody reported is denied", [said("2024-05-15", "merged", status="denied")], [""]),
    (
        "a reported merger is denied",
        [said("2024-05-15", "merged", status="proposed"), said("2024-05-18", "merged", status="denied")],
        ["coalition_merged", "claim_disputed"],
    ),
    (
        "dissolved, formed anew",
        [
            said("2024-05-15", "dissolved", "2024-05-14"),
            said("2025-05-15", "formed", "2025-05-14"),
            said("2026-05-15", "dissolved", "2026-05-14"),
        ],
        ["coalition_dissolved", "coalition_formed", "coalition_dissolved"],
    ),
    ("activities suspended", [said("2024-05-15", "suspended_operations", "2024-05-14")], ["coalition_suspended"]),
]


@pytest.mark.parametrize(("articles", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_what_is_told(articles: list[Evidence | tuple[Evidence, ...]], expected: list[str]) -> None:
    assert kinds(*articles) == expected


STANDINGS: list[tuple[str, list[Evidence], str, tuple[str, str, str]]] = [
    ("in", [JOINED], "", ("in", "2024-05-14", "")),
    ("out", [JOINED, LEFT], "", ("out", "2024-05-14", "2024-09-01")),
    ("before the exit", [JOINED, LEFT], "2024-08-31", ("in", "2024-05-14", "")),
    ("back", [JOINED, LEFT, said("2025-01-10", "joined", "2025-01-09")], "", ("in", "2025-01-09", "")),
    ("sharper", [said("2024-05-20", "joined"), said("2024-06-20", "joined", "2024-05-14")], "", ("in", "2024-05-14", "")),
    ("vaguer", [JOINED, said("2024-06-20", "joined", "2024")], "", ("in", "2024-05-14", "")),
    ("observed, then the entry", [said("2024-05-20", "member"), said("2024-06-20", "joined", "2019-04")], "", ("in", "2019-04", "")),
    ("an old exit undoes nothing", [JOINED, said("2024-06-20", "left", "2019-04")], "", ("in", "2024-05-14", "")),
    ("entering", [said("2024-05-20", "will_join", status="planned")], "", ("entering", "", "")),
    ("leaving", [JOINED, said("2024-06-20", "will_leave", "2024-12-31", status="planned")], "", ("leaving", "2024-05-14", "")),
    ("suspended", [JOINED, said("2024-06-20", "suspended", "2024-06-19")], "", ("suspended", "2024-05-14", "")),
    (
        "suspension lifted",
        [JOINED, said("2024-06-20", "suspended"), said("2024-07-20", "joined", "2024-07-19")],
        "",
        ("in", "2024-05-14", ""),
    ),
    ("declined", [said("2024-05-20", "declined")], "", ("declined", "", "")),
    ("absent", [said("2024-05-20", "absent")], "", ("absent", "", "")),
    ("an exit that was denied", [JOINED, LEFT, said("2024-09-05", "left", status="denied")], "", ("in", "2024-05-14", "")),
    (
        "an exit that was denied, on its day",
        [JOINED, LEFT, said("2024-09-05", "left", status="denied")],
        "2024-09-02",
        ("in", "2024-05-14", ""),
    ),
    (
        "a plan that was denied",
        [said("2024-05-20", "will_join", status="planned"), said("2024-05-25", "will_join", status="denied")],
        "",
        ("unknown", "", ""),
    ),
    ("the end of the coalition", [JOINED, said("2024-12-01", "dissolved", "2024-11-30")], "", ("out", "2024-05-14", "2024-11-30")),
    ("before the end", [JOINED, said("2024-12-01", "dissolved", "2024-11-30")], "2024-11-29", ("in", "2024-05-14", "")),
    ("out, whatever was written before it was told", [JOINED, STALE, NEWS_OF_EXIT], "", ("out", "2024-05-14", "2024-09-01")),
    (
        "out, a plan was older news",
        [JOINED, said("2024-09-03", "will_leave", status="planned"), NEWS_OF_EXIT],
        "",
        ("out", "2024-05-14", "2024-09-01"),
    ),
    ("a return is told", [JOINED, STALE, NEWS_OF_EXIT, said("2024-09-21", "joined", "2024-09-20")], "", ("in", "2024-09-20", "")),
    ("a dated mention after the exit", [JOINED, said("2024-09-03", "member", "2024-09-02"), NEWS_OF_EXIT], "", ("in", "2024-09-02", "")),
    ("in again, years after an exit", [said("2024-09-03", "member"), said("2024-10-01", "left", "2019")], "", ("in", "", "")),
    (
        "the end, whatever is said after it",
        [JOINED, OVER, said("2025-02-05", "member"), said("2025-02-06", "left")],
        "",
        ("out", "2024-05-14", "2024-11-30"),
    ),
    ("a joining after the end", [JOINED, OVER, said("2025-02-05", "joined", "2025-02-04")], "", ("in", "2025-02-04", "")),
    (
        "an earlier day is disputed, not taken",
        [JOINED, said("2024-05-16", "joined", "2023-01-10", by="Dock Daily")],
        "",
        ("in", "2024-05-14", ""),
    ),
    ("missing from a list, and in", [JOINED, said("2024-08-01", "absent")], "", ("in", "2024-05-14", "")),
    ("withdrawn words do not count", [JOINED, replace(LEFT, withdrawn=LEFT.first_seen)], "", ("in", "2024-05-14", "")),
]


@pytest.mark.parametrize(("evidence", "day", "expected"), [row[1:] for row in STANDINGS], ids=[row[0] for row in STANDINGS])
def test_where_a_member_stands(evidence: list[Evidence], day: str, expected: tuple[str, str, str]) -> None:
    for order in (evidence, evidence[::-1]):
        (membership,) = derive(order, date.fromisoformat(day) if day else None)
        assert (str(membership.standing), str(membership.since or ""), str(membership.until or "")) == expected


ROLES: list[tuple[str, list[Evidence], str]] = [
    (
        "an office laid down",
        [said("2024-05-15", "joined", role="lead"), said("2024-06-01", "member", role="member", words=LAID_DOWN)],
        "member",
    ),
    (
        "an office mentioned does not turn what is known",
        [said("2024-05-15", "joined", role="member"), said("2024-06-01", "member", role="lead")],
        "member",
    ),
    ("an office where no role was known", [JOINED, said("2024-06-01", "member", role="lead")], "lead"),
    ("a founder was one all along", [said("2024-05-15", "joined", role="member"), said("2024-06-01", "member", role="founder")], "founder"),
    (
        "an observer that joined is a member",
        [said("2024-05-15", "joined", "2024-05-14", role="observer"), said("2025-02-02", "joined", "2025-02-01")],
        "member",
    ),
    (
        "an observer that is let back in observes",
        [
            said("2024-05-15", "joined", "2024-05-14", role="observer"),
            said("2024-07-02", "suspended", "2024-07-01"),
            said("2024-09-02", "joined", "2024-09-01"),
        ],
        "observer",
    ),
]


@pytest.mark.parametrize(("evidence", "role"), [row[1:] for row in ROLES], ids=[row[0] for row in ROLES])
def test_which_role_a_member_has(evidence: list[Evidence], role: str) -> None:
    for order in (evidence, evidence[::-1]):
        (membership,) = derive(order)
        assert str(membership.role or "") == role


def test_nothing_is_known_before_anything_was_said() -> None:
    assert derive([JOINED], date(2024, 1, 1)) == ()


def test_a_membership_goes_by_the_fullest_name() -> None:
    short = said("2024-05-15", "joined", "2024-05-14", member=Party(ARDEN.key, "ARD"))
    assert derive([short, said("2024-06-15", "member")])[0].member.name == "Arden Shipping"


def test_a_change_carries_its_words_and_its_date() -> None:
    (change,) = tell((JOINED, replace(JOINED, quote="joined, in other words", confidence=0.95)))[0]
    assert (str(change.effective), change.before, change.after, change.sources) == ("2024-05-14", "", "in", 1)
    assert {e.quote for e in change.evidence} == {"as the harbour log has it", "joined, in other words"}
    assert (change.confidence, change.member, change.coalition) == (0.95, ARDEN, KELP)


def test_the_state_before_and_after_is_told() -> None:
    (change,) = tell(JOINED, LEFT)[1]
    assert (change.before, change.after) == ("in", "out")


def test_a_retracted_article_is_a_correction() -> None:
    (change,) = diff([JOINED, LEFT], [replace(LEFT, withdrawn=LEFT.last_seen)], LEFT.last_seen)
    assert (change.kind, change.before, change.after) == (ChangeKind.CLAIM_CORRECTED, "out", "in")


def test_words_withdrawn_by_one_article_and_said_by_another_stand() -> None:
    other = said("2024-09-03", "left", "2024-09-01", by="Dock Daily")
    assert diff([JOINED, LEFT, other], [replace(LEFT, withdrawn=LEFT.last_seen)], other.last_seen) == ()


def test_an_edit_that_only_sharpens_the_date_tells_nothing() -> None:
    vague = said("2024-09-02", "left")
    assert diff([JOINED, vague], [replace(vague, withdrawn=vague.last_seen), LEFT], LEFT.last_seen) == ()


def test_an_edit_that_moves_the_date_is_a_correction() -> None:
    moved = said("2024-09-02", "left", "2024-08-01")
    (change,) = diff([JOINED, LEFT], [replace(LEFT, withdrawn=LEFT.last_seen), moved], LEFT.last_seen)
    assert (change.kind, change.before, change.after) == (ChangeKind.CLAIM_CORRECTED, "2024-09-01", "2024-08-01")


def test_an_edit_from_gone_to_going_takes_the_exit_back_and_tells_the_plan() -> None:
    plan = said("2024-09-02", "will_leave", "2024-12-31", status="planned")
    changes = diff([JOINED, LEFT], [replace(LEFT, withdrawn=LEFT.last_seen), plan], LEFT.last_seen)
    assert [c.kind for c in changes] == [ChangeKind.LEAVE_ANNOUNCED, ChangeKind.CLAIM_CORRECTED]


def test_a_near_copy_tells_nothing_whatever_its_day() -> None:
    undated = said("2024-09-02", "left")
    back = said("2024-11-02", "joined", "2024-11-01")
    copy = replace(said("2024-12-01", "left", by="Dock Daily"), story=undated.story)
    assert diff([JOINED, undated, back], [copy], copy.first_seen) == ()


def test_the_coalitions_members_do_not_mix() -> None:
    other = said("2024-05-15", "joined", "2024-05-14", member=Party("bergen lines", "Bergen Lines"))
    assert kinds(JOINED, other) == ["member_joined", "member_joined"]


# Properties.

DAYS = st.dates(date(2020, 1, 1), date(2026, 12, 31))


@st.composite
def evidence(draw: st.DrawFn) -> Evidence:
    event = draw(st.sampled_from(list(Event)))
    day = draw(DAYS)
    when = draw(st.none() | DAYS)
    form = draw(st.sampled_from(["%Y", "%Y-%m", "%Y-%m-%d"]))
    return said(
        day.isoformat(),
        event,
        when.strftime(form) if when else "",
        status=draw(st.sampled_from(list(Status))),
        role=draw(st.sampled_from(["", *Role])),
        by=draw(st.sampled_from(["Quay Post", "Dock Daily"])),
        words=draw(st.sampled_from(["was told", "that was wrong", "took over the chair"])),
        member=draw(st.sampled_from([ARDEN, Party("bergen lines", "Bergen Lines")])),
    )


@settings(max_examples=150, deadline=None)
@given(st.lists(evidence(), max_size=12), st.randoms(use_true_random=False))
def test_no_order_of_arrival_changes_the_memberships(told: list[Evidence], random: object) -> None:
    shuffled = list(told)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert derive(shuffled) == derive(told)


@settings(max_examples=150, deadline=None)
@given(st.lists(evidence(), min_size=1, max_size=10), st.data())
def test_a_repeat_is_no_change(told: list[Evidence], data: st.DataObject) -> None:
    again = data.draw(st.sampled_from(told))
    now = datetime(2027, 1, 1, tzinfo=UTC)
    same_article = [e for e in told if e.article == again.article]
    assert diff(told, same_article, now) == ()
    assert diff(told, [replace(again, first_seen=now, last_seen=now)], now) == ()


@settings(max_examples=150, deadline=None)
@given(st.lists(evidence(), min_size=1, max_size=10))
def test_what_was_read_raises_nothing_at_any_later_time(told: list[Evidence]) -> None:
    now = datetime(2027, 1, 1, tzinfo=UTC)
    articles: dict[str, list[Evidence]] = {}
    for e in told:
        articles.setdefault(e.article, []).append(e)
    known: list[Evidence] = []
    for fresh in articles.values():
        ids = [c.id for c in diff(known, fresh, now)]
        assert len(ids) == len(set(ids))
        known += fresh
        for earlier in articles.values():
            if earlier[0] in known:
                assert diff(known, earlier, now) == ()


@settings(max_examples=100, deadline=None)
@given(st.lists(evidence(), max_size=10), evidence())
def test_every_change_has_its_words(told: list[Evidence], fresh: Evidence) -> None:
    for change in diff(told, [fresh], datetime(2027, 1, 1, tzinfo=UTC)):
        assert change.evidence == (fresh,)
        assert (
            change.historic or change.kind in {ChangeKind.CLAIM_CORRECTED, ChangeKind.CLAIM_DISPUTED} or (2027 - fresh.said_on().year) <= 1
        )


@settings(max_examples=100, deadline=None)
@given(st.lists(evidence(), max_size=12))
def test_standings_say_where_and_dates_say_when(told: list[Evidence]) -> None:
    for membership in derive(told):
        assert membership.until is None or membership.standing in {Standing.OUT, Standing.ENTERING, Standing.DECLINED}
