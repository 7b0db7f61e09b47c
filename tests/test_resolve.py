"""Whose name it is: tables of spellings, and short articles in a row that teach them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model import Claim, Event, KnownName, PartialDate, Party, Quote, Role, Status, Watched
from pipeline.resolve import (
    Identities,
    Resolution,
    forms_from,
    known_from_companies,
    known_from_gazetteer,
    known_from_igos,
    known_from_states,
    known_from_watch,
    resolve,
    witness,
)

KNOWLEDGE = Path(__file__).parents[1] / "pipeline" / "knowledge"


def _knowledge(name: str) -> str:
    return (KNOWLEDGE / name).read_text(encoding="utf-8")


FORMS = forms_from(
    _knowledge("name-forms.txt"), "# heads\nalliance strong body\nforum strong body\ncompact strong text\ncoalition strong body\n"
)
LISTED = (
    *known_from_gazetteer(_knowledge("gazetteer-coalitions.csv")),
    *known_from_igos(_knowledge("igos.csv")),
    *known_from_states(_knowledge("states.csv")),
    *known_from_companies(_knowledge("companies.csv")),
)
WATCHED = (Watched("Frontier Model Forum", ("The Frontier Forum",), "forum"), Watched("Net Zero Banks", ("NZBA",)))


def identities(*more: KnownName) -> Identities:
    return Identities((*LISTED, *more, *known_from_watch(WATCHED)), FORMS)


def claim(
    coalition: str,
    member: str | None = "Harl & Co.",
    event: Event = Event.JOINED,
    *,
    aliases: tuple[str, ...] = (),
    also: tuple[str, ...] = (),
    confidence: float = 0.9,
    when: str = "",
) -> Claim:
    return Claim(
        coalition,
        member,
        event,
        Status.COMPLETED,
        Quote("signed on the quay"),
        confidence,
        Role.MEMBER,
        PartialDate.parse(when) if when else None,
        coalition_aliases=aliases,
        member_aliases=also,
    )


def read(known: Identities, *claims: Claim) -> Resolution:
    """Resolves one article and learns from it, as the cycle does."""
    resolution = resolve(claims, known, "https://quay.example/a")
    known.learn(resolution.learned)
    return resolution


def keys(resolution: Resolution) -> list[tuple[str, str]]:
    return [(r.statement.coalition.key, r.statement.member.key if r.statement.member else "") for r in resolution.statements]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Norlund A/S", "Norlund"),
        ("Officine Brandi S.p.A.", "OFFICINE BRANDI SpA"),
        ("Genoma Iberia, S.L.", "Genoma Iberia"),
        ("Orchard Biologics, Inc.", "Orchard Biologics"),
        ("Baobab & Sons (Pty) Ltd", "Baobab and Sons"),
        ("Soška Elektrarna d.d.", "Soska Elektrarna"),
        ("eVax GmbH", "eVax"),
        ("Pacific Volt & Light Co.", "Pacific Volt & Light"),
        ("Tessel Holding B.V.", "Tessel"),
        ("AB Lindqvist", "Lindqvist AB"),
        ("Hôpital Saint-Amable", "the Hopital Saint Amable"),
        ("Republic of Faraldia", "Faraldia"),
        ("Isle of Grimsay", "Grimsay"),
        ("Government of Faraldia", "Faraldia"),
        ("Sony Group", "Sony"),
        ("IBM", "International Business Machines"),
        ("Facebook", "Meta Platforms"),
        ("the U.S.", "United States"),
        ("Türkiye", "Turkey"),
        ("Federated States of Micronesia", "Micronesia"),
        ("the Norwegian government", "Norway"),
        ("German authorities", "Germany"),
        ("the German federal government", "Germany"),
        ("US administration", "United States"),
        ("Burma", "Myanmar"),
        ("Burmese government", "Union of Burma"),
    ],
)
def test_spellings_of_one_member(one: str, other: str) -> None:
    known = identities()
    assert keys(read(known, claim("Kelp Charter", one))) == keys(read(known, claim("Kelp Charter", other)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Volvo Cars", "Volvo Group"),
        ("Daimler Truck", "Mercedes-Benz"),
        ("Ford", "Ford of Europe"),
        ("North Korea", "South Korea"),
        ("Guinea", "Equatorial Guinea"),
        ("Bank of Arden", "Arden"),
        ("University of Twickel", "Twickel"),
        ("Northwall", "Northwell"),
        ("Arden 1", "Arden 2"),
        ("Norwegian ASA", "Norway"),
        ("Norwegian", "the Norwegian government"),
        ("Congolese government", "Congo"),
    ],
)
def test_likeness_makes_no_two_members_one(one: str, other: str) -> None:
    known = identities()
    assert keys(read(known, claim("Kelp Charter", one))) != keys(read(known, claim("Kelp Charter", other)))


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Frontier Model Forum", "frontier model forum"),
        ("The Frontier Forum", "frontier model forum"),
        ("European Automobile Manufacturers’ Association", "european automobile manufacturers association"),
        ("ACEA", "european automobile manufacturers association"),
        ("South Pacific Forum", "pacific islands forum"),
        ("OPEC+", "opec+"),
        ("the Lantern Coalition", "lantern coalition"),
    ],
)
def test_coalition(name: str, key: str) -> None:
    assert keys(read(identities(), claim(name)))[0][0] == key


def test_an_acronym_of_several_bodies_is_nobodys() -> None:
    known = identities(*known_from_gazetteer("name,acronym,aliases\nMoss Quarry Circle,MQC,\nMint Quality Council,MQC,\n"))
    assert known.coalition("MQC") is None
    assert keys(read(known, claim("MQC")))[0][0] == "mqc"
    assert keys(read(known, claim("Mint Quality Council", aliases=("MQC",))))[0][0] == "mint quality council"
    assert keys(read(known, claim("MQC")))[0][0] == "mint quality council", "what an article spelled out goes before the list"


def test_an_acronym_does_not_take_another_bodys_name_over() -> None:
    known = identities()
    read(known, claim("Orphan Data Alliance", aliases=("ODA",)))
    assert keys(read(known, claim("Oslo Drone Accord", aliases=("ODA",))))[0][0] == "oslo drone accord"
    assert keys(read(known, claim("ODA")))[0][0] == "oda", "now it could be either"


def test_an_acronym_that_an_article_defines_is_learned() -> None:
    known = identities()
    read(known, claim("International Sand Rowing Union", aliases=("ISRU", "the union")))
    second = read(known, claim("ISRU", aliases=("the union",)))
    assert keys(second)[0][0] == "international sand rowing union"
    assert second.statements[0].statement.coalition.name == "ISRU", "a change speaks of it as its article does"
    assert second.learned == ()


def test_a_body_first_met_by_its_initials_keeps_its_key_and_gains_its_name() -> None:
    known = identities()
    read(known, claim("TSRU"))
    full = read(known, claim("Tidal Sand Rowing Union", aliases=("TSRU",)))
    assert keys(full)[0][0] == "tsru"
    assert known.called("tsru", "") == "Tidal Sand Rowing Union"
    assert keys(read(known, claim("the Tidal Sand Rowing Union")))[0][0] == "tsru"


def test_short_names_that_an_article_gives_are_learned_and_references_are_not() -> None:
    known = identities()
    read(known, claim("Lantern Coalition", aliases=("the Lantern", "the coalition", "three-way pact", "Basel", "Dovas's coalition")))
    assert keys(read(known, claim("the Lantern")))[0][0] == "lantern coalition"
    for stranger in ("Basel", "three-way pact", "Dovas's coalition"):
        assert keys(read(known, claim(stranger)))[0][0] != "lantern coalition"


def test_two_bodies_of_one_article_that_share_a_reference_stay_two() -> None:
    found = read(identities(), claim("Kelp Alliance", aliases=("the alliance",)), claim("Moss Alliance", aliases=("the alliance",)))
    assert [key for key, _ in keys(found)] == ["kelp alliance", "moss alliance"]


def test_names_of_one_article_that_aliases_tie_together_are_one() -> None:
    found = read(identities(), claim("KTA", "Arden"), claim("Kelp Trade Alliance", "Bergen", aliases=("KTA",)))
    assert {key for key, _ in keys(found)} == {"kta"} or {key for key, _ in keys(found)} == {"kelp trade alliance"}


def test_a_new_name_carries_the_old_key_on() -> None:
    known = identities()
    read(known, claim("Orphan Data Alliance", aliases=("ODA",)))
    renamed = read(known, claim("Rare Disease Commons", None, Event.RENAMED, aliases=("Orphan Data Alliance", "the alliance")))
    (resolved,) = renamed.statements
    assert resolved.statement.coalition == Party("orphan data alliance", "Rare Disease Commons")
    assert resolved.other_name == "Orphan Data Alliance"
    for name in ("Rare Disease Commons", "Orphan Data Alliance", "ODA"):
        assert keys(read(known, claim(name)))[0][0] == "orphan data alliance"
    assert known.called("orphan data alliance", "") == "Rare Disease Commons"


def test_the_watch_list_names_a_body_that_the_gazetteer_knows_without_a_second_key() -> None:
    known = Identities((*LISTED, *known_from_watch((Watched("Carmakers of Europe", ("ACEA",)),))), FORMS)
    (resolved,) = read(known, claim("European Automobile Manufacturers' Association")).statements
    assert resolved.statement.coalition == Party("european automobile manufacturers association", "Carmakers of Europe")


def test_the_watch_list_goes_before_an_acronym_of_the_gazetteer() -> None:
    assert read(identities(), claim("NZBA")).statements[0].statement.coalition.name == "Net Zero Banks"


@pytest.mark.parametrize(
    ("coalition", "beside", "member", "key"),
    [
        ("Kelp Treaty", "Zambia", "Lilongwe", "state:MWI"),
        ("Kelp Treaty", "Zambia", "Luanda", "state:AGO"),
        ("Kelp Treaty", "Zambia", "the Danes", "state:DNK"),
        ("Kelp Treaty", "Zambia", "Moscow", "state:RUS"),
        ("Kelp Treaty", "Zambia", "Berlin", "state:DEU"),
        ("Kelp Treaty", "Acme Freight", "Lilongwe", "lilongwe"),
        ("Network of Kelp Cities", "Zambia", "Lilongwe", "lilongwe"),
        ("Kelp Treaty", "Zambia", "Malawi", "state:MWI"),
        ("Kelp Treaty", "Acme Freight", "Malawi", "state:MWI"),
    ],
)
def test_who_speaks_for_a_state(coalition: str, beside: str, member: str, key: str) -> None:
    found = keys(read(identities(), claim(coalition, beside), claim(coalition, member)))
    assert found[1][1] == key


def test_a_state_named_by_its_capital_is_called_by_its_name() -> None:
    found = read(identities(), claim("Kelp Treaty", "Zambia"), claim("Kelp Treaty", "Luanda"))
    assert found.statements[1].statement.member == Party("state:AGO", "Angola")
    found = read(identities(), claim("Kelp Treaty", "the Norwegian government"))
    assert found.statements[0].statement.member == Party("state:NOR", "Norway")


def test_a_short_form_holds_within_its_coalition_alone() -> None:
    known = identities()
    read(known, claim("Sand Rowing Union", "Confederação Brasileira de Remo", also=("Brazil",)))
    own = read(known, claim("Sand Rowing Union", "Brazil"))
    assert own.statements[0].statement.member == Party("confederacao brasileira de remo", "Confederação Brasileira de Remo")
    assert keys(read(known, claim("Kelp Treaty", "Brazil")))[0][1] == "state:BRA"


def test_an_alias_tells_who_a_new_spelling_is() -> None:
    known = identities()
    read(known, claim("Lantern Coalition", "Coastal Greens", also=("the Greens",)))
    assert keys(read(known, claim("Lantern Coalition", "Green Coast Party", also=("the Greens",))))[0][1] == "coastal greens"


def test_a_coalition_may_belong_to_another_but_not_to_itself() -> None:
    found = read(identities(), claim("World Trade Organization", "European Union"), claim("Kelp Pact", "the KELP PACT"))
    assert keys(found) == [("world trade organization", "european union")]
    assert [s.why for s in found.skipped] == ["a coalition is no member of itself"]


def test_a_claim_without_the_member_it_needs_is_left_out_and_counted() -> None:
    found = read(identities(), claim("Kelp Pact", None))
    assert (found.statements, len(found.skipped)) == ((), 1)


def test_claims_that_state_the_same_are_one_the_surest() -> None:
    found = read(identities(), claim("Kelp Pact", "Norlund", confidence=0.5), claim("the Kelp Pact", "Norlund A/S", confidence=0.8))
    assert [r.claim.confidence for r in found.statements] == [0.8]


def test_a_member_known_by_its_own_name_alone_is_known_like_any_other() -> None:
    known = identities()
    plain = KnownName("Kestrel Bay", Party("kestrel bay", "Kestrel Bay"), "member", "https://a.example/1")
    known.learn([plain, plain])
    assert [e.party for e in known.spelled("the KESTREL BAY")] == [plain.party]
    assert known.member("Kestrel Bay plc") and known.called("kestrel bay", "?") == "Kestrel Bay"
    # Another party of that spelling makes it nobody's; another name of the party is what it is called from then on.
    other = KnownName("Kestrel Bay", Party("kestrel bay authority", "Kestrel Bay Authority"), "member", "https://b.example/2")
    longer = KnownName("Kestrel Bay Harbour", Party("kestrel bay", "Kestrel Bay Harbour"), "member", "https://b.example/2")
    known.learn([other, longer])
    assert known.member("Kestrel Bay") is None and len(known.spelled("Kestrel Bay")) == 2
    assert known.called("kestrel bay", "?") == "Kestrel Bay Harbour"
    known.learn((), [plain])
    assert known.member("Kestrel Bay") == other


def test_what_is_learned_can_be_kept_and_given_back() -> None:
    first = resolve(
        [claim("Sand Rowing Union", "Danubia Grid", aliases=("SRU",), also=("Danubia",))], identities(), "https://quay.example/a"
    )
    assert all(name.source == "https://quay.example/a" for name in first.learned)
    again = identities(*first.learned)
    assert keys(read(again, claim("SRU", "Danubia"))) == keys(first)
    assert resolve([claim("SRU", "Danubia")], again).learned == ()


def test_evidence_holds_the_words_and_the_moments() -> None:
    now = datetime(2024, 5, 14, 10, tzinfo=UTC)
    (resolved,) = read(identities(), claim("Kelp Pact", "Norlund", when="2024-05")).statements
    evidence = witness(resolved, article="https://quay.example/a", publisher="Quay", story="s", detector="1", seen=now)
    assert (evidence.quote, evidence.role, evidence.confidence) == ("signed on the quay", Role.MEMBER, 0.9)
    assert (evidence.first_seen, evidence.last_seen, evidence.published) == (now, now, None)


def test_the_lists_are_read_whole() -> None:
    assert len({n.party.key for n in known_from_gazetteer(_knowledge("gazetteer-coalitions.csv"))}) > 2700
    assert len({n.party.key for n in known_from_states(_knowledge("states.csv"))}) > 280
    assert len({n.party.key for n in known_from_companies(_knowledge("companies.csv"))}) > 1000
    assert len({n.party.key for n in known_from_igos(_knowledge("igos.csv"))}) > 500


NAMES = st.text(st.characters(categories=["Lu", "Ll", "Nd", "Zs", "Po"]), min_size=1, max_size=20)
KNOWN = identities()


@given(st.lists(st.tuples(NAMES, NAMES, st.lists(NAMES, max_size=2)), max_size=5), st.randoms(use_true_random=False))
def test_any_names_resolve_and_the_order_of_claims_does_not_count(rows: list[tuple[str, str, list[str]]], random: object) -> None:
    claims = [claim(coalition, member, aliases=tuple(aliases)) for coalition, member, aliases in rows]
    shuffled = list(claims)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    first, second = resolve(claims, KNOWN), resolve(shuffled, KNOWN)
    assert len(first.statements) + len(first.skipped) <= len(claims)
    assert {k for k, _ in keys(first)} == {k for k, _ in keys(second)}
