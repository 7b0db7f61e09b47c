"""Training of the tagger: samples in, weights out. Needs torch; the same seed on the same machine gives the same weights.

It can be stopped at any moment: every so many steps it writes down where it is, and goes on from there when called again
with the same plan. A checkpoint of another plan is left alone and not used.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch.nn import functional

from pipeline.detect.network import Encoder, Window
from pipeline.detect.tagger import EVENTS
from pipeline.train import network
from pipeline.train.network import ANSWERS, Weights, forward, heads
from pipeline.train.plan import Plan
from pipeline.train.sample import IGNORED, Sample, Target

SEEN = 60
"""Samples over which is seen how far values reach: a few hundred sentences."""


@dataclass(frozen=True, slots=True)
class Row:
    """A window with the targets of its places."""

    window: Window
    targets: tuple[Target, ...]


def rows_of(samples: Sequence[Sample], encoder: Encoder) -> list[Row]:
    """Windows of the samples that teach anything; a sample whose text and targets disagree is an error of ours and raises ValueError."""
    rows = []
    for sample in samples:
        windows = encoder.windows(sample.text)
        if sum(len(window.places) for window in windows) != len(sample.targets):
            raise ValueError(f"{sample.source}: {len(sample.targets)} targets do not fit {sample.text!r}")
        for window in windows:
            targets = tuple(sample.targets[mention] for _, mention in window.places)
            if any(wanted.teaches() for wanted in targets):
                rows.append(Row(window, targets))
    return rows


def batched(rows: Sequence[Row], tokens: int, random: Random) -> list[list[Row]]:
    """Groups rows of about the same length, in random order."""
    ordered = sorted(rows, key=lambda row: len(row.window.ids) + random.random() * 8)
    groups: list[list[Row]] = [[]]
    longest = 0
    for row in ordered:
        longest = max(longest, len(row.window.ids))
        if groups[-1] and (len(groups[-1]) + 1) * longest > tokens:
            groups.append([])
            longest = len(row.window.ids)
        groups[-1].append(row)
    random.shuffle(groups)
    return groups


def rarity(rows: Sequence[Row], plan: Plan) -> tuple[float, ...]:
    """How much each event counts: 1, and more where there are few of it."""
    counts = Counter(wanted.events[0] for row in rows for wanted in row.targets if wanted.events)
    return tuple(min(4.0, max(1.0, (plan.rare / max(counts[event], 1)) ** 0.5)) for event in range(len(EVENTS)))


def tensors(rows: Sequence[Row], worth: Sequence[float]) -> tuple[Any, Any, Any, Any, Any, Any]:
    """Ids, mask, the places of the mentions (row, token), which events would be right, status and role, and weights.

    Twenty names of one list teach the same thing: names in a row that do count as much as their root. `worth` is how much each event
    counts.
    """
    longest = max(len(row.window.ids) for row in rows)
    ids = torch.zeros((len(rows), longest), dtype=torch.long)
    mask = torch.zeros((len(rows), longest), dtype=torch.long)
    places, events, rest, weights = [], [], [], []
    for number, row in enumerate(rows):
        ids[number, : len(row.window.ids)] = torch.tensor(row.window.ids)
        mask[number, : len(row.window.ids)] = 1
        for (place, _), wanted in zip(row.window.places, row.targets, strict=True):
            places.append((number, place))
            events.append([event in wanted.events for event in range(len(EVENTS))])
            rest.append((wanted.status, wanted.role, wanted.body))
        runs = (list(same) for _, same in groupby(row.targets))
        weights += [len(run) ** -0.5 * (worth[one.events[0]] if one.events else 1.0) for run in runs for one in run]
    return ids, mask, torch.tensor(places), torch.tensor(events), torch.tensor(rest), torch.tensor(weights)


def loss_of(weights: Weights, rows: Sequence[Row], plan: Plan, worth: Sequence[float] = (1.0,) * len(EVENTS)) -> tuple[Any, list[float]]:
    """The mean loss over the marks of a batch, and the worst loss of an event in each row.

    Events and bodies count whole, statuses and roles half. What a network does not answer, it is not asked.
    """
    ids, mask, places, events, rest, counts = tensors(rows, worth)
    states = forward(weights, ids, mask, plan.dropout)[places[:, 0], places[:, 1]]
    scores = {name: score.float() for name, score in heads(weights, network.thinned(states, plan.dropout)).items()}
    total: Any = 0.0
    worst = [math.inf] * len(rows)
    if "event" in scores:
        right = _surprise(scores["event"], events)
        worst = torch.zeros(len(rows)).scatter_reduce(0, places[:, 0], right.detach(), "amax").tolist()
        total = _event_loss(scores["event"], right, events.any(1), counts, plan)
    for column, (name, share) in enumerate((("status", 0.5), ("role", 0.5), ("body", 1.0))):
        if name in scores:
            total = total + share * _known_loss(scores[name], rest[:, column], counts, plan)
    return total, worst


def _surprise(score: Any, events: Any) -> Any:
    """How improbable the right events were held, mention by mention: where several would be right, all together; 0 where none is known."""
    found = -torch.logsumexp(functional.log_softmax(score, -1).masked_fill(~events, -1e4), -1)
    return torch.where(events.any(1), found, 0.0)


def _event_loss(score: Any, right: Any, known: Any, counts: Any, plan: Plan) -> Any:
    """The mean loss of the events of the mentions about which something is known."""
    each = (1 - plan.smoothing) * right - plan.smoothing * functional.log_softmax(score, -1).mean(-1)
    return (each * counts * known).sum() / (counts * known).sum().clamp(min=1e-6)


def _known_loss(score: Any, wanted: Any, counts: Any, plan: Plan) -> Any:
    """The loss of an answer where the right one is known."""
    if not bool((wanted != IGNORED).any()):
        return score.sum() * 0.0
    each = functional.cross_entropy(score, wanted, ignore_index=IGNORED, reduction="none", label_smoothing=plan.smoothing)
    return (each * counts).sum() / (counts * (wanted != IGNORED)).sum()


def reaches(weights: Weights, samples: Sequence[Sample], encoder: Encoder, plan: Plan) -> dict[str, Any]:
    """What `export.graph` has to know of what flows through a trained network, seen on some of the samples."""
    rows = rows_of(Random(plan.seed).sample(samples, min(SEEN, len(samples))), encoder)
    return network.reaches(weights, (tensors(batch, (1.0,) * len(EVENTS))[:2] for batch in batched(rows, plan.tokens, Random(plan.seed))))


def train(
    weights: Weights,
    samples_of: Callable[[int], Sequence[Sample]],
    encoder: Encoder,
    plan: Plan,
    checkpoint: Path | None = None,
    progress: Callable[[int, int, float], None] | None = None,
) -> Weights:
    """Trains the weights in place and returns them. `samples_of` gives the samples of an epoch, the same ones each time it is asked.

    `progress` is told step, steps in all (as far as known) and the mean loss since it was last told.
    """
    torch.set_num_threads(plan.threads)
    torch.manual_seed(plan.seed)
    for name, tensor in weights.items():
        tensor.requires_grad_(not _frozen(name, plan))
    learning = {name: tensor for name, tensor in weights.items() if tensor.requires_grad}
    plain = [name for name in learning if name.endswith("bias") or "norm" in name]
    new = [name for name in learning if name.split(".")[0] in ANSWERS]
    groups = [
        {"params": [learning[n] for n in learning if n not in plain and n not in new], "weight_decay": plan.decay, "lr": plan.rate},
        {"params": [learning[n] for n in learning if n in plain and n not in new], "weight_decay": 0.0, "lr": plan.rate},
        {"params": [learning[n] for n in new], "weight_decay": 0.0, "lr": plan.rate * 5},
    ]
    # Half the width doubles the speed where the processor multiplies matrices of it (AMX), and takes longer where it has but vectors of it.
    half = bool(getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)())
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98), fused=True)
    first = rows_of(samples_of(0), encoder)
    worth = rarity(first, plan)
    total = len(batched(first, plan.tokens, Random(f"{plan.seed}/batches/0"))) * plan.epochs

    def pace(step: int) -> float:
        warm = plan.warm_up * total
        return min((step + 1) / warm, max(total - step, 0) / (total - warm)) if warm else 1.0

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, pace)
    key = hashlib.sha256(repr((plan, total, [row.window for row in first])).encode()).hexdigest()
    at, step = _resume(checkpoint, key, weights, optimizer, schedule) or (Place(), 0)
    lost, since = 0.0, 0
    while step < total:
        rows = first if at.epoch == 0 else rows_of(samples_of(at.epoch), encoder)
        for batch in _lessons(rows, at, plan)[step - at.step :]:
            step += 1
            torch.manual_seed(plan.seed * 1_000_003 + step)  # dropout is the same after a break
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
                loss, worst = loss_of(weights, batch, plan, worth)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(list(learning.values()), 1.0)
            optimizer.step()
            schedule.step()
            at.now |= {hash(row.window.ids): surprise for row, surprise in zip(batch, worst, strict=True)}
            lost, since = lost + float(loss.detach()), since + 1
            if step % 50 == 0 and progress:
                progress(step, total, lost / since)
                lost, since = 0.0, 0
            if checkpoint and step % plan.checkpoint == 0:
                _save(checkpoint, key, step, at, weights, optimizer, schedule)
            if step == total:
                break
        at = Place(at.epoch + 1, step, dict(at.now), dict(at.now))
    return weights


def _frozen(name: str, plan: Plan) -> bool:
    """Whether a plan leaves a weight as it is: those of the first layers, and all that no layer and no answer owns."""
    first = name.split(".")[0]
    return plan.frozen > 0 and first not in ANSWERS and (not first.isdigit() or int(first) < plan.frozen)


@dataclass(slots=True)
class Place:
    """Where training is: the epoch, the steps done before it, and the worst losses of the rows, as they were then and as they are
    now."""

    epoch: int = 0
    step: int = 0
    then: dict[int, float] = field(default_factory=dict)
    now: dict[int, float] = field(default_factory=dict)


def _lessons(rows: Sequence[Row], at: Place, plan: Plan) -> list[list[Row]]:
    """The batches of an epoch: all rows that are not known yet, and some of those that are."""
    random = Random(f"{plan.seed}/batches/{at.epoch}")
    chosen = [row for row in rows if at.then.get(hash(row.window.ids), math.inf) >= plan.known or random.random() < plan.again]
    return batched(chosen or rows, plan.tokens, random)


def _save(path: Path, key: str, step: int, at: Place, weights: Weights, optimizer: Any, schedule: Any) -> None:
    part = path.with_suffix(".part")
    state = {"key": key, "step": step, "at": asdict(at), "weights": {n: t.detach() for n, t in weights.items()}}
    torch.save({**state, "optimizer": optimizer.state_dict(), "schedule": schedule.state_dict()}, part)
    part.replace(path)


def _resume(path: Path | None, key: str, weights: Weights, optimizer: Any, schedule: Any) -> tuple[Place, int] | None:
    """Takes up a checkpoint of the same plan and returns where it is and how many steps are done; None where there is none."""
    if path is None or not path.exists():
        return None
    state = torch.load(path, weights_only=True)
    if state["key"] != key:
        return None
    with torch.no_grad():
        for name, tensor in weights.items():
            tensor.copy_(state["weights"][name])
    optimizer.load_state_dict(state["optimizer"])
    schedule.load_state_dict(state["schedule"])
    return Place(**state["at"]), int(state["step"])
