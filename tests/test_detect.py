"""The detector, stage by stage and whole, on sentences and articles of our own with invented names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from importlib import resources

import pytest

from pipeline.app import load_detector, load_lexicon
from pipeline.detect import FILES, LEAST, Confidence, Detector
from pipeline.detect.analysis import analyse
from pipeline.detect.bodies import CANDIDATE, END, Passage, passages
from pipeline.detect.confidence import NAMES
from pipeline.detect.dates import dates
from pipeline.detect.gate import Gate
from pipeline.detect.lexicon import Lexicon
from pipeline.detect.names import Names
from pipeline.detect.roles import NOTHING, RuleRoles, agreed, read_rules
from pipeline.detect.segment import sentences
from pipeline.detect.spans import BOUNDARY, Label, Masked, Mention, MentionKind, SentenceKind
from pipeline.model import Article, Claim, Event, Status

LAUNCH = """As makers of seabed robots race each other to the ocean floor, a group of survey firms led by Norvane and Kuma has formed a \
new organization, the Abyssal Alliance, to map it together. The firms said on Tuesday that they would share their charts.

Joining Norvane and Kuma in the Abyssal Alliance are over 40 companies, including Oku Electric, Tessara Systems, Blue Hat, \
Hoshi Group, 9Rivers, Quillon and the Benthic Foundation.

To draw in scholars, the Abyssal Alliance also includes several research institutions, including KELP, Brightwater Clinic, \
Wexmoor University, Saint-Clair Polytechnic, University of Castelmonte, The University of Rovanj, and Gorica University.

"The deep is nobody's garden," Norvane chief scientist Kevin Marlow said.

Notably absent from the Abyssal Alliance are leading robot makers Larkspur, Deepcore, Finder developer Anselm, and Scuttle \
maker Vantor, who announced the launch of their own group dedicated to careful mapping, The Trench Forum, in July.

Earlier this year, the ministry met with leading robot makers to sign a pledge to map the seabed responsibly, including \
Larkspur, Deepcore, Kuma, and Pelagia. In September, Norvane, Tessara Systems, Norvane, and Blue Hat signed onto the pledge."""


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return load_detector()._lexicon


def article(text: str, title: str = "", published: str = "2023-12-06") -> Article:
    return Article("https://wire.example/a", title, text, datetime.fromisoformat(published).replace(tzinfo=UTC))


def claims(text: str, title: str = "", published: str = "2023-12-06") -> tuple[Claim, ...]:
    return load_detector().detect(article(text, title, published)).claims


def members(found: tuple[Claim, ...], coalition: str, *events: Event) -> set[str]:
    return {c.member or "" for c in found if c.coalition == coalition and c.event in events}


def test_a_launch_is_read_whole() -> None:
    found = claims(LAUNCH)
    within = members(found, "Abyssal Alliance", Event.JOINED, Event.MEMBER)
    assert within == {
        *(
            "Norvane",
            "Kuma",
            "Oku Electric",
            "Tessara Systems",
            "Blue Hat",
            "Hoshi Group",
            "9Rivers",
            "Quillon",
            "Benthic Foundation",
            "KELP",
        ),
        *("Brightwater Clinic", "Wexmoor University", "Saint-Clair Polytechnic", "University of Castelmonte", "University of Rovanj"),
        "Gorica University",
    }
    assert {c.member for c in found if c.coalition == "Abyssal Alliance" and c.role == "lead"} == {"Norvane", "Kuma"}
    assert members(found, "Abyssal Alliance", Event.ABSENT) == {"Larkspur", "Deepcore", "Anselm", "Vantor"}
    assert members(found, "Trench Forum", Event.JOINED, Event.MEMBER) == {"Larkspur", "Deepcore", "Anselm", "Vantor"}
    assert {(c.coalition, str(c.date)) for c in found if c.event is Event.FORMED} == {
        ("Abyssal Alliance", "2023-12-05"),
        ("Trench Forum", "2023-07"),
    }
    pledge = [c.member for c in found if c.coalition.startswith("pledge") and c.event is Event.JOINED]
    assert sorted(m or "" for m in pledge) == ["Blue Hat", "Deepcore", "Kuma", "Larkspur", "Norvane", "Pelagia", "Tessara Systems"]
    assert not [c for c in found if "Marlow" in (c.member or "")], "a person is a member of nothing"


def test_evidence_is_a_literal_piece_of_the_article() -> None:
    for claim in claims(LAUNCH, title="Seabed firms form alliance"):
        assert LAUNCH[claim.quote.start :].startswith(claim.quote.words)
        assert 0 < claim.confidence <= 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Rain fell in the north on Monday. Nobody was surprised.", "nothing is said of a body"),
        (
            "Dana Whitlock, a founding member of the search team, has left the firm to join Alliance Compute Inc. as chief operator.",
            "employment",
        ),
        ("Ostby United joined the Premier League after beating Marl Rovers.", "a sports league"),
    ],
)
def test_ordinary_news_raises_nothing(text: str, why: str) -> None:
    assert claims(text) == (), why


def test_another_language_is_left_alone() -> None:
    found = load_detector().detect(Article("u", "", "Norvane ist der Abyssal Alliance beigetreten.", language="de"))
    assert (found.claims, found.skipped) == ((), "language de")
    unmarked = (
        "Norvane a rejoint la Marl Alliance lundi, et les trois membres du bloc, qui est dans la capitale pour la réunion, ont dit que "
        "le pacte avec les autres pays est une bonne chose pour la région."
    )
    assert load_detector().detect(Article("u", "", unmarked)).skipped == "language fr"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Acme Inc. left. The rest stayed.", ["Acme Inc. left.", "The rest stayed."]),
        ('"Noted!" is a name, said J. Marl. He left.', ['"Noted!" is a name, said J. Marl.', "He left."]),
        ("LUANDA, Dec 21 — Angola left.", ["Angola left."]),
        ("Members:\n• Acme\n• Bolt Co., Ltd.", ["Members:", "Acme", "Bolt Co., Ltd."]),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert [s.text for s in sentences(article(text))] == expected


def test_rosters_keep_the_line_that_introduces_them() -> None:
    found = sentences(
        article("The founding signatories:\n\nGovernments\n• Zambia\n• Malawi\n\nIndustry\n• Baobab & Sons (Pty) Ltd\n\nZambia will chair.")
    )
    bullets = {s.text: s.lead for s in found if s.kind is SentenceKind.BULLET}
    assert bullets["Malawi"] == "The founding signatories: Governments"
    assert bullets["Baobab & Sons (Pty) Ltd"] == "The founding signatories: Industry"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "It was signed by Johansen & Dahl ASA, 9Rivers, eVax GmbH and Orchard, Inc. on Tuesday.",
            ["Johansen & Dahl ASA", "9Rivers", "eVax GmbH", "Orchard, Inc."],
        ),
        (
            "Then the University of California, Berkeley and the Port of Ghent came in.",
            ["University of California, Berkeley", "Port of Ghent"],
        ),
        ("Only the Grid and Wheels Consortium and Norvik stayed.", ["Grid and Wheels Consortium", "Norvik"]),
        ("There, the American-led Marl Accords and Kuma's cloud arm met.", ["Marl Accords", "Kuma"]),
        ("Lender Nordix and Joining members left.", ["Nordix"]),
        ("Nobody at the Pledge on Model Testing met on Friday.", ["Pledge on Model Testing"]),
        # Where a name's bearer is, who leads it and whom it joins is no part of it; what it is the port or church of is.
        ("LIFX of Melbourne left, as did Varn Line of Denmark.", ["LIFX", "Melbourne", "Varn Line", "Denmark"]),
        ("Beacon Life of Toronto is reviewing it.", ["Beacon Life", "Toronto"]),
        ("The Moderates of Sweden met the League of Matteo Franz.", ["Moderates", "Sweden", "League"]),
        (
            "The Customs Union of Peru, Chile and Ghana met the Church of Norway and the Bank of Japan.",
            ["Customs Union", "Peru", "Chile", "Ghana", "Church of Norway", "Bank of Japan"],
        ),
        (
            "Signed by the Lapidarium of Brno, the Varn City Board of Trade and Brothers of Italy.",
            ["Lapidarium of Brno", "Varn City Board of Trade", "Brothers of Italy"],
        ),
        ("The Presidents of Chile and of Peru met the Government of Osmark.", ["Chile", "Peru", "Government", "Osmark"]),
        ("Brothers of Italy stayed.", ["Brothers of Italy"]),
        ("The Supreme Council of the African Union met.", ["Supreme Council", "African Union"]),
        # Words before a name that describe it or only open the sentence.
        ("Neither Varn nor Kuma signed.", ["Varn", "Kuma"]),
        ("Fellow OPEC producers stayed.", ["OPEC"]),
        ("Importers Egypt and Algeria signed.", ["Egypt", "Algeria"]),
        ("The Tigrayan TPLF and the Danish Kamstrup left, with Saudi Arabia.", ["TPLF", "Kamstrup", "Saudi Arabia"]),
        ("So do Varnox and Kuma. Those of Vantor went.", ["Varnox", "Kuma"]),
        ("Brewer & Moxon left.", ["Brewer & Moxon"]),
        # Names of digits, marks and initials.
        ("Signed by Lithos 7, 60plus, 611tel and St. Odo's on Friday.", ["Lithos 7", "60plus", "611tel", "St. Odo"]),
        ("Varn paid 40mln for 3pts in the Climate Pledge 80+ under Article 7.", ["Varn", "Climate Pledge 80+", "Article"]),
        ("Signed by J. Lauritz & Sons, G+D Mobile and A.P. Varn Group.", ["J. Lauritz & Sons", "G+D Mobile", "A.P. Varn Group"]),
        (
            "The Ta'ang National Liberation Army and the Myanmar National Democratic Alliance Army left.",
            ["Ta'ang National Liberation Army", "Myanmar National Democratic Alliance Army"],
        ),
        ("He quit the European People's Party and E.ON.", ["European People's Party", "E.ON"]),
        # Names with a preposition in them, and with a head in lower case.
        (
            "The Lending for Net Zero Compact and the Vienna Code on Armed Drones stand.",
            ["Lending for Net Zero Compact", "Vienna Code on Armed Drones"],
        ),
        ("They left the Spring Coalition on New Year.", ["Spring Coalition", "New Year"]),
        ("It left the Paris climate agreement and the Iran nuclear accord.", ["Paris climate agreement", "Iran nuclear accord"]),
        ("The West African bloc ECOWAS met.", ["West African bloc", "ECOWAS"]),
        # The euro is what states adopt; as money it is no name.
        ("Varnia will adopt the euro in 2030.", ["Varnia", "euro"]),
        ("In Varnia the euro fell to the euro's low.", ["Varnia"]),
        (
            "The Bangladesh Garment Manufacturers and Exporters Association and the United Food and Commercial Workers signed.",
            ["Bangladesh Garment Manufacturers and Exporters Association", "United Food and Commercial Workers"],
        ),
        (
            "The Ministry of Trade, Industry and Fisheries and the Ministry of Energy, Norvik and Shell signed.",
            ["Ministry of Trade, Industry and Fisheries", "Ministry of Energy", "Norvik", "Shell"],
        ),
        ("The Minister of Petroleum and Mineral Resources of Egypt signed.", ["Minister", "Egypt"]),
        (
            "The National Library for the Blind and Boston Children's Hospital.",
            ["National Library for the Blind", "Boston Children's Hospital"],
        ),
        ("Norvik, Sotheby's and Moody's Analytics joined.", ["Norvik", "Sotheby's", "Moody's Analytics"]),
        ("Denmark's Vantor and Norvik's chairman stayed.", ["Denmark", "Vantor", "Norvik"]),
        (
            "Banca dei Due Golfi, Universitat de les Illes Roges, Zavod za Redko Kri.",
            ["Banca dei Due Golfi", "Universitat de les Illes Roges", "Zavod za Redko Kri"],
        ),
        ("Strategic Members of the Bay Pact are Vantor and Kuma.", ["Bay Pact", "Vantor", "Kuma"]),
    ],
)
def test_names(text: str, expected: list[str], lexicon: Lexicon) -> None:
    found = Names(sentences(article(text)), lexicon).mentions[0]
    assert [m.surface for m in found if m.kind is not MentionKind.PERSON] == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["Japan: Port of Kobe", "Germany: Hamburg Harbour, bremenharbour"], ["Port of Kobe", "Hamburg Harbour", "bremenharbour"]),
        (["Austria – ÖH Register", "Estonia – harno"], ["ÖH Register", "harno"]),
        (["for the states: Austria, Bavaria and Slovakia;"], ["Austria", "Bavaria", "Slovakia"]),
        (
            ["Varn, Kuma, EWZ Oku; Landis+Gyr and the Danish Kamstrup; and KU Bern"],
            "Varn|Kuma|EWZ Oku|Landis+Gyr|Kamstrup|KU Bern".split("|"),
        ),
        (["Bluewick, Mumbai; Varn Company, Tampere; and, at last, Dumb Switch Inc."], ["Bluewick", "Varn Company", "Dumb Switch Inc."]),
        (["Osmark, 4 June 2019; Swabia, 20 June 2019; cable owner Varn"], ["Osmark", "Swabia", "Varn"]),
        (["Kuma – a maker of kites"], ["Kuma"]),
        (["to lift the suspension of Varnrail, which has paid;"], ["Varnrail"]),
        (["Hungary 1989"], ["Hungary"]),
        (["Kuma Kites 1989 | Varn Buoys, 2004"], ["Kuma Kites", "Varn Buoys"]),
        (["Studio 1984"], ["Studio 1984"]),
        (["We establish the Harbour Pact."], ["Harbour Pact"]),
        (["Bolivia, Suriname and Uruguay were represented and did not sign."], ["Bolivia", "Suriname", "Uruguay"]),
    ],
)
def test_names_of_rosters(lines: list[str], expected: list[str], lexicon: Lexicon) -> None:
    cut = sentences(article("The signatories are:\n" + "\n".join(f"• {line}" for line in lines)))
    found = [m.surface for s, ms in zip(cut, Names(cut, lexicon).mentions, strict=True) for m in ms if s.kind is SentenceKind.BULLET]
    assert found == expected


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Its members include Copenhagen, Gothenburg and Riga.", MentionKind.ORGANISATION),
        ("Riga signed after talks of the mayors in the Eurasian League of Twin Cities.", MentionKind.ORGANISATION),
        ("Officials said Riga, Tallinn and Ghana signed.", MentionKind.STATE),
    ],
)
def test_a_capital_among_cities_is_a_city(text: str, kind: MentionKind, lexicon: Lexicon) -> None:
    found = Names(sentences(article(text)), lexicon).mentions[0]
    assert {m.kind for m in found if m.surface == "Riga"} == {kind}


@pytest.mark.parametrize(
    ("text", "surface", "kind"),
    [
        ("It was a mistake, said Ines Marchetti of Vantor.", "Ines Marchetti", MentionKind.PERSON),
        ("On Friday Ghana signed.", "Ghana", MentionKind.STATE),
        ("Officials said Lilongwe applied.", "Lilongwe", MentionKind.STATE),
        ("They met in Lilongwe.", "Lilongwe", MentionKind.PLACE),
        ("The chair, Thandi Mokoe, 44, resigned.", "Thandi Mokoe", MentionKind.PERSON),
    ],
)
def test_kinds_of_names(text: str, surface: str, kind: MentionKind, lexicon: Lexicon) -> None:
    found = Names(sentences(article(text)), lexicon).mentions[0]
    assert {m.surface: m.kind for m in found}[surface] is kind


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Nine banks signed the Montrose Charter for Fair Finance (“the Montrose Charter”). The Montrose Charter binds them.",
         {"Montrose Charter for Fair Finance": {"Montrose Charter"}}),
        ("The International Marble Board (IMB) met. Members of the IMB agreed.", {"International Marble Board": {"IMB"}}),
        ("Cumulo left the Sovereign Cloud Council to join Open Regions, a looser group.",
         {"Sovereign Cloud Council": set(), "Open Regions": set()}),
        ("Alliance Compute Inc. hired a lawyer. He had left the Marl Credit Union.", {}),
        ("Delegates met at the Executive Board of the Kite Federation.", {"Kite Federation": set()}),
        ("Nine banks signed the Varnport Agreement on Gold.", {"Varnport Agreement on Gold": set()}),
        ("Varn resigned from the Engaged Owners Circle.", {"Engaged Owners Circle": set()}),
        ("Ghana will call on Friday, and Varn flies with oneworld.", {"oneworld": set()}),
        ("Professor Ćorić spoke at Varn University, a member of the national council.", {}),
        ("The Fair Pod Platform of Rotterdam met. Varn left the Fair Pod Platform.", {"Fair Pod Platform": set()}),
        ("Kuma, in THE Alliance with Varn, left.", {"THE Alliance": set()}),
        ("The Greens quit Osmark's ruling coalition, its ministers said.", {"ruling coalition": {"coalition"}}),
        ("The party left the so-called traffic-light coalition.", {"traffic-light coalition": {"coalition"}}),
        ("The Varn Unionists, a party, left the four-party executive.", {"four-party executive": {"executive"}}),
    ],
)  # fmt: skip
def test_inventory(text: str, expected: dict[str, set[str]], lexicon: Lexicon) -> None:
    found = analyse(article(text), lexicon).coalitions
    assert {c.name: set(c.aliases) for c in found} == expected


@pytest.mark.parametrize(
    ("text", "chances", "expected"),
    [
        ("Varn left the Tidal Association. Kuma stays in Tidal.", {"Tidal": 0.9}, {"Tidal Association": {"Tidal"}}),
        ("The TDL Forum met. Kuma stays in TDL.", {"TDL": 0.9}, {"TDL Forum": set(), "TDL": set()}),  # a forum of another body's
        ("The Tidal Association met the Tidal Union. Kuma left Tidal.", {"Tidal": 0.9},
         {"Tidal Association": set(), "Tidal Union": set(), "Tidal": set()}),
        ("Nine states signed the Treaty on the Tidal Union. The Tidal Union has a seat.", {},
         {"Tidal Union": {"Treaty on the Tidal Union"}}),
    ],
)  # fmt: skip
def test_a_body_under_a_part_of_its_name(text: str, chances: dict[str, float], expected: dict[str, set[str]], lexicon: Lexicon) -> None:
    judge = Says(**{"Tidal_Association": 0.9, "Tidal_Union": 0.9, "TDL_Forum": 0.9, **chances})
    assert {c.name: set(c.aliases) for c in analyse(article(text), lexicon, judge).coalitions} == expected


@pytest.mark.parametrize(
    ("text", "reference", "meaning"),
    [
        ("Norvik joined the Harbour Pact. The pact has nine parties.", "The pact", "Harbour Pact"),
        ("The Tidal Forum met the Harbour Pact. The 40-member forum agreed.", "The 40-member forum", "Tidal Forum"),
    ],
)
def test_references_to_coalitions(text: str, reference: str, meaning: str, lexicon: Lexicon) -> None:
    found = analyse(article(text), lexicon)
    resolved = {m.surface: m.coalition for ms in found.mentions for m in ms if m.kind is MentionKind.REFERENCE}
    assert found.coalitions[resolved[reference] or 0].name == meaning


def test_references_to_members(lexicon: Lexicon) -> None:
    found = analyse(article("Peru and Chile left the Andes Pact. The two countries had founded it. The company Acme stayed."), lexicon)
    resolved = {m.surface: m.members for ms in found.mentions for m in ms if m.members}
    assert resolved == {"The two countries": ("Peru", "Chile")}


@pytest.mark.parametrize(
    ("text", "ahead", "expected"),
    [
        ("It left on Tuesday.", False, "2024-05-14"),
        ("It signed today.", False, "2024-05-16"),
        ("It left in July.", False, "2023-07"),
        ("It will join in July.", True, "2024-07"),
        ("It leaves at the end of this year.", True, "2024-12"),
        ("It joined in late 2016.", False, "2016"),
        ("It has been in since March 3, 2019.", False, "2019-03-03"),
        ("It left 33 years ago.", False, "1991"),
        ("It left on 31 June.", False, "None"),
        ("It has 2024 members.", False, "None"),
        ("It may leave.", True, "None"),
        ("It leaves on the first of July.", True, "2024-07-01"),
        ("It has applied, and the assembly will decide in March.", False, "2025-03"),
    ],
)
def test_dates(text: str, ahead: bool, expected: str) -> None:
    found = dates(text, date(2024, 5, 16), ahead=ahead)
    assert [str(when.date) for when in found] == ([] if expected == "None" else [expected])


def test_a_deadline_is_no_day_of_what_was_done() -> None:
    text = "The Marl Pact met today. The Marl Pact has suspended Norvik because it did not pay by the end of April."
    assert [str(c.date) for c in claims(text, published="2024-05-16") if c.member == "Norvik"] != ["2024-04"]
    assert [when.deadline for when in dates("It paid by the end of April, on 3 May.", date(2024, 5, 16))] == [True, False]


def test_a_state_is_named_by_its_capital() -> None:
    text = "The Marl Pact met on Monday. Santiago joined the Marl Pact on Monday, officials said. Norvik left the Marl Pact."
    assert {(c.member, c.event) for c in claims(text) if c.member} == {("Chile", Event.JOINED), ("Norvik", Event.LEFT)}


@pytest.mark.parametrize(
    ("sentence", "member", "event", "status"),
    [
        ("Norvik has joined the Marl Pact.", "Norvik", Event.JOINED, Status.COMPLETED),
        ("Norvik will leave the Marl Pact.", "Norvik", Event.WILL_LEAVE, Status.PLANNED),
        ("Norvik may quit the Marl Pact.", "Norvik", Event.WILL_LEAVE, Status.PROPOSED),
        ("The Marl Pact expelled Norvik on Friday.", "Norvik", Event.EXPELLED, Status.COMPLETED),
        ("Norvik was suspended from the Marl Pact.", "Norvik", Event.SUSPENDED, Status.COMPLETED),
        ("Norvik has applied to join the Marl Pact.", "Norvik", Event.WILL_JOIN, Status.PROPOSED),
        ("Kuma and Norvik are not members of the Marl Pact.", "Norvik", Event.ABSENT, Status.COMPLETED),
    ],
)
def test_rules_that_are_sure(sentence: str, member: str, event: Event, status: Status) -> None:
    by_rules = Detector.read({name: resources.files("pipeline").joinpath("knowledge", name).read_text(encoding="utf-8") for name in FILES})
    found = {c.member: (c.event, c.status) for c in by_rules.detect(article(f"The Marl Pact met today. {sentence}")).claims}
    assert found[member] == (event, status)


@pytest.mark.parametrize(
    ("text", "bodies"),
    [
        ("Canada and Japan are members of the G7 Foreign Ministers.", {"G7"}),
        ("The Pear Union met. The Pear Union General Assembly admitted Norvik.", {"Pear Union"}),
        ("The bakers of Norvik left the World Bread Council of Jakarta.", {"World Bread Council"}),
        ("Norvik and Kuma joined the Lake Victoria Transit Agreement.", {"Lake Victoria Transit Agreement"}),
    ],
)
def test_what_is_part_of_a_bodys_name(text: str, bodies: set[str]) -> None:
    assert {c.name for c in analyse(article(text), load_lexicon(), load_detector().judge).coalitions} == bodies


@pytest.mark.parametrize(
    ("sentence", "body"),
    [
        (
            "Ninety-one states and the Tide Union signed a treaty to curb seabed mining in Tarn last week.",
            "treaty to curb seabed mining",
        ),
        ("Norvik, Kuma and Varn signed a treaty to curb seabed mining.", "treaty to curb seabed mining"),
        ("Norvik and Kuma signed a treaty to curb seabed mining.", ""),
        ("Norvik signed a deal with 30 banks.", ""),
    ],
)
def test_texts_without_a_name(sentence: str, body: str) -> None:
    bodies = {c.name for c in analyse(article(sentence), load_lexicon()).coalitions if c.how == "a text without a name"}
    assert bodies == ({body} if body else set())


def test_a_headline_in_capitals_says_what_a_body_is() -> None:
    text = "TARN - The Sail & Oars Consortium exists. Norvik, Kuma and Varn joined the Sail & Oars Consortium on Wednesday."
    for title, bodies in {
        "Two-Way Rowing Consortium Is Founded in Tarn, Minus One": {"Sail & Oars Consortium"},
        "Sail Alliance Is Founded in Tarn": {"Sail & Oars Consortium"},
        "Two-Way Rowing Forum Is Founded in Tarn": {"Two-Way Rowing Forum", "Sail & Oars Consortium"},
    }.items():
        assert {c.name for c in analyse(article(text, title), load_lexicon()).coalitions} == bodies, title


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("Correction: An earlier version of this story said that Norvik had joined the Marl Pact. It has not.", False),
        ("The newspaper wrongly reported on Monday that Norvik had joined the Marl Pact.", False),
        ("Norvik has not joined the Marl Pact but left the Marl Pact, as we wrongly reported.", True),
        ("Norvik has stepped down as chair of the Marl Pact and stays a member.", False),
        ("Norvik has handed over the presidency of the Marl Pact to Kuma.", False),
        ("Norvik has stepped down as chair and left the Marl Pact.", True),
        ("Norvik has joined the Marl Pact, a version of which was read out on Monday.", True),
        ("Norvik has given up its seat and left the Marl Pact.", True),
    ],
)
def test_what_is_taken_back_and_who_gives_up_an_office(sentence: str, told: bool) -> None:
    found = claims(f"The Marl Pact met in Tarn today. {sentence}")
    assert bool([c for c in found if c.member == "Norvik" and c.event in {Event.JOINED, Event.LEFT}]) is told


def test_rules_are_read_from_their_text() -> None:
    rules = read_rules("# a remark\nlet C «C\\d+»\njoined\tcompleted\tfounder\t0.8\t(?P<l>«M\\d+») made <C>\n")
    assert [(r.event, r.sure) for r in rules] == [(Event.JOINED, 0.8)]
    with pytest.raises(ValueError, match="bogus"):
        read_rules("bogus\tcompleted\t-\t0.8\tx\n")


def test_a_list_has_one_voice() -> None:
    joined, left, nothing = Label(Event.JOINED, 0.9), Label(Event.LEFT, 0.4), Label(None, 0.6)
    mentions = tuple(Mention(i, i + 1, "x", MentionKind.ORGANISATION) for i in range(4))
    masked = Masked("[unused5] , [unused5] and [unused5] joined ; [unused5] watched .", mentions)
    voices = agreed(masked, (joined, left, joined, nothing), (NOTHING,) * 4)
    assert [label.event for label in voices] == [Event.JOINED, Event.JOINED, Event.JOINED, None]


def with_confidence(**weights: float) -> Detector:
    texts = {name: resources.files("pipeline").joinpath("knowledge", name).read_text(encoding="utf-8") for name in FILES}
    return Detector.read(texts, confidence=Confidence({name: weights.get(name, 0.0) for name in NAMES}))


def test_a_claim_is_as_sure_as_such_claims_are_right() -> None:
    text = article("Norvik has joined the Marl Pact.")
    assert [(c.member, c.event, c.confidence) for c in with_confidence(always=0.5).detect(text).claims] == [
        ("Norvik", Event.JOINED, 0.6225)
    ]
    assert LEAST > 0.3 and with_confidence(always=-1.0).detect(text).claims == (), (
        "claims that are wrong more often than right are not made"
    )


def test_what_speaks_for_a_claim() -> None:
    alone = with_confidence().candidates(article("Norvik has joined the Marl Pact."))
    assert [(one.claim.member, one.signs.fellow, one.signs.repeated) for one in alone] == [("Norvik", 0.0, False)]
    text = (
        "Norvik has joined the Marl Pact. Kuma has quit the Marl Pact. Norvik joined the Marl Pact at noon, and Varn joined the Tide Pact."
    )
    several = {(one.claim.member, one.claim.coalition): one for one in with_confidence().candidates(article(text))}
    norvik, kuma, varn = several["Norvik", "Marl Pact"], several["Kuma", "Marl Pact"], several["Varn", "Tide Pact"]
    assert (norvik.signs.repeated, kuma.signs.repeated) == (True, False)
    assert (norvik.signs.fellow, kuma.signs.fellow, varn.signs.fellow) == (kuma.claim.confidence, norvik.claim.confidence, 0.0)


@pytest.mark.parametrize("text", ['{"weights": {"always": 1}}', '{"knots": []}', "[]", '{"weights": 3}', "{"])
def test_weights_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Confidence.read(text)


def test_what_a_rule_heard_somebody_plan_is_not_taken_for_done() -> None:
    rules = RuleRoles(read_rules(resources.files("pipeline").joinpath("knowledge", "role-rules.txt").read_text(encoding="utf-8")))
    name, body = Mention(0, 0, "", MentionKind.ORGANISATION), Mention(0, 0, "", MentionKind.COALITION, coalition=0)
    left, joined, nothing = Label(Event.LEFT, 0.6, Status.COMPLETED), Label(Event.JOINED, 0.6, Status.COMPLETED), Label(None, 0.9)
    for text, learned, event in (
        ("[unused5] , one of the founders , may leave the [unused1] next year .", left, Event.WILL_LEAVE),
        ("[unused5] , a rival of old , will join the [unused1] next year .", joined, Event.WILL_JOIN),
        ("[unused5] , one of the founders , has left the [unused1] .", left, Event.LEFT),
    ):
        masked = Masked(text, (name, body))
        assert agreed(masked, (learned, nothing), rules.label([masked])[0])[0].event is event, text


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("Norvik has joined the Marl Pact.", True),
        ("The African Union took Madagascar back on Friday.", True),
        ("Qatar has been out of OPEC for a week.", True),
        ("The Marl Pact has lost two banks.", True),
        ("The Marl Pact froze the Gambia's seat.", True),
        ("UNESCO votes to let the Palestinians in.", True),
        ("The Danes will stay outside the euro zone.", True),
        ("Norvik has joined a race for the contract.", False),  # nothing that one can belong to
        ("The Marl Pact met in Oslo. It rained.", False),  # and no word of membership
    ],
)
def test_the_gate_asks_for_a_word_of_membership_and_a_body(text: str, passes: bool) -> None:
    assert Gate(load_lexicon()).passes("", text) is passes


class Says:
    """A judge that knows what it thinks of each name, and nothing of any other."""

    def __init__(self, **chances: float) -> None:
        self.chances = chances

    def judge(self, passages: Sequence[Passage]) -> list[tuple[float, ...]]:
        return [tuple(self.chances.get(name.replace(" ", "_"), 0.0) for name in passage.names) for passage in passages]


@pytest.mark.parametrize("forged", [CANDIDATE, END, "[unused1]", "[unused99]", BOUNDARY])
def test_an_article_may_write_the_tokens_of_the_models(forged: str) -> None:
    def told(written: str) -> set[tuple[str | None, Event, str]]:
        claims = load_detector().detect(article(f"Norvik has joined the Marl Pact, said Kuma {written} on Friday.")).claims
        return {(c.member, c.event, c.coalition) for c in claims}

    assert ("Norvik", Event.JOINED, "Marl Pact") in told(forged)
    assert told(forged) == told(f"({forged[1:-1]})")


def test_names_are_marked_for_the_judge_and_states_and_persons_are_not_asked_about() -> None:
    one = article("Norvik has left Zephyrine, said Maria Velde in Berlin.\n\nNothing is named here.\n\nPeru watched.")
    cut = sentences(one)
    (found,) = passages(cut, Names(cut, load_lexicon()).mentions)
    assert found.names[:2] == ("Norvik", "Zephyrine")
    assert f"left {CANDIDATE} Zephyrine {END}" in found.text
    assert "Nothing" not in found.text and "Peru" not in found.text


def test_a_name_that_reads_as_a_body_is_one_and_a_body_named_in_passing_is_not_asked_about() -> None:
    texts = {name: resources.files("pipeline").joinpath("knowledge", name).read_text(encoding="utf-8") for name in FILES}
    one = article("Norvik has left Zephyrine. A day before, Kuma was suspended from the Marl Pact.")

    def told(judge: Says | None) -> set[tuple[str | None, str]]:
        return {(c.member, c.coalition) for c in Detector.read(texts, judge=judge).detect(one).claims}

    assert told(None) == {("Kuma", "Marl Pact")}
    assert told(Says(Zephyrine=0.9)) == {("Norvik", "Zephyrine")}
    assert told(Says(Zephyrine=0.9, Marl_Pact=0.8)) == {("Norvik", "Zephyrine"), ("Kuma", "Marl Pact")}


def test_who_joined_is_not_absent_for_a_doubtful_word_of_the_same_article() -> None:
    more = "".join(f"\n\nOf Amber Freight nothing else is known than what was said here, in paragraph {n}." for n in range(3))
    text = f"Amber Freight joined the Harbour Data Compact on Tuesday, it said in a statement to this paper.{more}"
    assert [(c.member, c.event) for c in claims(text, "News of Amber Freight")] == [("Amber Freight", Event.JOINED)]
