"""The storylines of the project's corpus, alerted as they come in: one alert a change, none for copies and recaps, and each denial or
correction reopens the alert that it is about, in the thread of that one."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from pipeline.model import Act, AlertRule
from pipeline.resolve import Identities
from tests.shelf import Told
from tests.test_outbox import Post
from tests.test_replay_gold import FORMS, KNOWN, STORIES, claims_of

REOPENED = {
    # which article denies or corrects what: (kind, date) of the change whose alert is to be open again
    ("c109", ""): ("coalition_formed", "1992"),
    ("c118", "Corvane Pharma"): ("join_announced", "None"),
    ("c120", "Norlund"): ("member_suspended", "2024-05"),
    ("c124", "Nordvagn AB"): ("join_announced", "None"),
    ("c129", "Saint Orsola"): ("leave_announced", "None"),
    ("c130", "Lowmark"): ("member_left", "2024-04-09"),
    ("ds103", "Palau"): ("leave_announced", "2021-02-09"),
    ("ds103", "Federated States of Micronesia"): ("leave_announced", "2021-02-09"),
    ("ds404", "Social Justice Party"): ("join_announced", "2024-09-17"),
    ("ds405", "Coastal Greens"): ("leave_announced", "2024-09-23"),
    ("ds503", "Confederação Brasileira de Handebol de Praia", "entering"): ("join_announced", "None"),
    ("ds503", "Confederação Brasileira de Handebol de Praia", "leaving"): ("leave_announced", "None"),
    ("ds503", "Danish Strandhåndbold Forbund"): ("member_left", "2023-09-04"),
    ("ds603", "Orchard Biologics, Inc."): ("leave_announced", "None"),
    ("ds603", "3M"): ("member_joined", "2025-06-09"),
}


@pytest.mark.parametrize("story", sorted(STORIES))
def test_a_storyline_is_alerted_change_by_change(story: str) -> None:
    identities = Identities(KNOWN, FORMS)
    with Post(AlertRule("all", channels=("mail",))) as post:
        post.parts = replace(post.parts, identities=identities, teach=identities.learn)
        for article in STORIES[story]:
            published = datetime.fromisoformat(article["published"])
            told = Told(article["id"], published, article["text"], tuple(claims_of(article)), article["publisher"])
            seen = len(post.got)
            report = post.read(told, now=published + timedelta(minutes=10))
            assert len(report.alerts) == len(report.changes) and report.failures == ()
            sent = post.got[seen:]
            # Each change is one message: an alert of its own, or a word in the thread of the alert that it is about.
            news = [m for _, m in sent if m.kind in ("alert.raised", "alert.reopened")]
            assert len(news) == len(report.changes)
            for change in report.changes:
                if change.kind in ("claim_disputed", "claim_corrected"):
                    assert change.member is None or change.member.name
                    name = change.member.name if change.member else ""
                    wanted = REOPENED.get((article["id"], name)) or REOPENED[(article["id"], name, change.before)]
                    turned = [
                        a for a in post.store.alerts() for t in post.store.turns(a.id) if (t.act, t.change) == (Act.REOPENED, change.id)
                    ]
                    assert [(a.change.kind, str(a.change.effective)) for a in turned] == [wanted]
                    of = {d["id"]: m for _, m in post.got for d in m.document["alerts"] if m.kind == "alert.raised"}
                    assert of[turned[0].id].id in [m.thread for m in news]
            # The same words in another house, and the same article again, are no news and no second source.
            seen = len(post.got)
            copy = replace(told, name=f"{told.name}-copy", publisher=f"House {told.name}", text=f"{told.text}\n\nPassed on by a partner.")
            again = post.read(copy, told, now=published + timedelta(minutes=20))
            assert (again.changes, again.alerts, post.got[seen:]) == ((), (), [])
        threads = Counter(m.id for _, m in post.got)
        assert set(threads.values()) <= {1}
