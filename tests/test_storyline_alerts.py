"""The storylines of the project's corpus, alerted as they come in: one alert a change, none for copies and recaps, and each denial or
correction reopens the alert that it is about, in the thread of that one.

What is expected was read off the articles and their annotated changes, not off what the program does.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from pipeline.model import Act, AlertRule
from pipeline.resolve import Identities
from tests.shelf import Told
from tests.test_outbox import Post
from tests.test_replay_gold import FORMS, KNOWN, STORIES, Score, claims_of, score_step

REOPENED = {
    # which article denies or corrects what: who, and the article and the kind of the change whose alert is to be open again
    "c109": [("", "c106", "coalition_formed")],  # founded in 1991, not in 1992
    "c118": [("Corvane Pharma Inc.", "c116", "join_announced")],  # "No agreement exists"
    "c120": [("Norlund A/S", "c119", "member_suspended")],  # "That was wrong"
    "c124": [("Nordvagn AB", "c121", "join_announced")],  # never was a candidate
    "c129": [("Saint Orsola", "c127", "leave_announced")],  # "a fairy tale without the fairy"
    "c130": [("Lowmark", "c129", "member_left")],  # took effect in May, not at once: the exit, not the threat or the suspension
    "ds103": [("Palau", "ds101", "leave_announced"), ("Federated States of Micronesia", "ds101", "leave_announced")],
    "ds404": [("Social Justice Party", "ds403", "join_announced")],  # the talks, not its refusal in February
    "ds405": [("Coastal Greens", "ds404", "leave_announced")],  # the threat is withdrawn
    "ds503": [
        ("Confederação Brasileira de Handebol de Praia", "ds501", "join_announced"),
        ("Confederação Brasileira de Handebol de Praia", "ds501", "leave_announced"),
        ("Danish Strandhåndbold Forbund", "ds501", "member_left"),  # of the union; that it joined the rival stands
    ],
    "ds603": [("Orchard Biologics, Inc.", "ds602", "leave_announced"), ("3M", "ds602", "member_joined")],
}


@pytest.mark.parametrize("story", sorted(STORIES))
def test_a_storyline_is_alerted_change_by_change(story: str) -> None:
    identities = Identities(KNOWN, FORMS)
    with Post(AlertRule("all", channels=("mail",))) as post:
        post.parts = replace(post.parts, identities=identities, teach=identities.learn)
        raised_in: dict[str, str] = {}
        for article in STORIES[story]:
            published = datetime.fromisoformat(article["published"])
            told = Told(article["id"], published, article["text"], tuple(claims_of(article)), article["publisher"])
            seen, before = len(post.got), {(a.id, t.change) for a in post.store.alerts() for t in post.store.turns(a.id)}
            report = post.read(told, now=published + timedelta(minutes=10))
            # The changes are those that the annotators would tell, and each is one alert and one message.
            assert score_step(Score(), article, report.changes, STORIES[story]) == []
            assert sorted(a.change for a in report.alerts) == sorted(c.id for c in report.changes) and report.failures == ()
            raised_in |= {a.id: article["id"] for a in report.alerts}
            sent = [m for _, m in post.got[seen:] if m.kind in ("alert.raised", "alert.reopened")]
            assert len(sent) == len(report.changes)
            # What is denied or corrected opens its alert again, in the thread of that one, and no other.
            turned = [
                (a, t)
                for a in post.store.alerts()
                for t in post.store.turns(a.id)
                if t.act is Act.REOPENED and (a.id, t.change) not in before
            ]
            found = [(a.change.member.name if a.change.member else "", raised_in[a.id], str(a.change.kind)) for a, _ in turned]
            assert sorted(found) == sorted(REOPENED.get(article["id"], []))
            first = {d["id"]: m.id for _, m in post.got for d in m.document["alerts"] if m.kind == "alert.raised"}
            assert sorted(m.thread for m in sent if m.kind == "alert.reopened") == sorted(first[a.id] for a, _ in turned)
            # The same words in another house, and the same article again, are no news and no second source.
            seen = len(post.got)
            copy = replace(told, name=f"{told.name}-copy", publisher=f"House {told.name}", text=f"{told.text}\n\nPassed on by a partner.")
            again = post.read(copy, told, now=published + timedelta(minutes=20))
            assert (again.changes, again.alerts, post.got[seen:]) == ((), (), [])
        assert set(Counter(m.id for _, m in post.got).values()) <= {1}
