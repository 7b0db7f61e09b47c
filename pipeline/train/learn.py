"""Training of the tagger: samples in, weights out. Needs torch; the same seed on the same machine gives the same weights.

It can be stopped at any moment: every so many steps it writes down where it is, and goes on from there when called again
with the same plan. A checkpoint of another plan is left alone and not used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch.nn import functional

from pipeline.detect.network import Encoder, Window
from pipeline.detect.tagger import EVENTS
from pipeline.train.network import ANSWERS, Weights, forward, heads
from pipeline.train.plan import Plan
from pipeline.train.sample import IGNORED, Sample, Target


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


def tensors(rows: Sequence[Row]) -> tuple[Any, Any, Any, Any, Any, Any]:
    """Ids, mask, the places of the mentions (row, token), which events would be right, status and role, and weights.

    Twenty names of one list teach the same thing: names in a row that do count as much as their root.
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
        weights += [len(run) ** -0.5 for _, same in groupby(row.targets) for run in [list(same)] for _ in run]
    return ids, mask, torch.tensor(places), torch.tensor(events), torch.tensor(rest), torch.tensor(weights)


def loss_of(weights: Weights, rows: Sequence[Row], plan: Plan) -> Any:
    """The mean loss over the marks of a batch: events and bodies whole, statuses and roles half. What a network does not answer, it
    is not asked."""
    ids, mask, places, events, rest, counts = tensors(rows)
    states = forward(weights, ids, mask, plan.dropout)[places[:, 0], places[:, 1]]
    scores = {name: score.float() for name, score in heads(weights, functional.dropout(states, plan.dropout)).items()}
    total = _event_loss(scores["event"], events, counts, plan) if "event" in scores else 0.0
    for column, (name, share) in enumerate((("status", 0.5), ("role", 0.5), ("body", 1.0))):
        if name in scores:
            total = total + share * _known_loss(scores[name], rest[:, column], counts, plan)
    return total


def _event_loss(score: Any, events: Any, counts: Any, plan: Plan) -> Any:
    """The loss of the events: where several would be right, what counts is the probability of them all together."""
    known = events.any(1)
    if not bool(known.any()):
        return score.sum() * 0.0
    chances = functional.log_softmax(score[known], -1)
    right = -torch.logsumexp(chances.masked_fill(~events[known], -1e4), -1)
    each = (1 - plan.smoothing) * right - plan.smoothing * chances.mean(-1)
    return (each * counts[known]).sum() / counts[known].sum()


def _known_loss(score: Any, wanted: Any, counts: Any, plan: Plan) -> Any:
    """The loss of an answer where the right one is known."""
    if not bool((wanted != IGNORED).any()):
        return score.sum() * 0.0
    each = functional.cross_entropy(score, wanted, ignore_index=IGNORED, reduction="none", label_smoothing=plan.smoothing)
    return (each * counts).sum() / (counts * (wanted != IGNORED)).sum()


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
    plain = [name for name in weights if name.endswith("bias") or "norm" in name]
    new = [name for name in weights if name.split(".")[0] in ANSWERS]
    groups = [
        {"params": [weights[n] for n in weights if n not in plain and n not in new], "weight_decay": plan.decay, "lr": plan.rate},
        {"params": [weights[n] for n in weights if n in plain and n not in new], "weight_decay": 0.0, "lr": plan.rate},
        {"params": [weights[n] for n in new], "weight_decay": 0.0, "lr": plan.rate * 5},
    ]
    # Half the width doubles the speed where the processor has the instructions, and is slower where it has not.
    half = bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)())
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98), fused=True)
    first = batched(rows_of(samples_of(0), encoder), plan.tokens, Random(f"{plan.seed}/batches/0"))
    total = len(first) * plan.epochs

    def pace(step: int) -> float:
        warm = plan.warm_up * total
        return min((step + 1) / warm, max(total - step, 0) / (total - warm)) if warm else 1.0

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, pace)
    key = hashlib.sha256(repr((plan, total, [row.window for row in first[0]])).encode()).hexdigest()
    done = _resume(checkpoint, key, weights, optimizer, schedule)
    step, lost, since = 0, 0.0, 0
    for epoch in range(plan.epochs):
        batches = first if epoch == 0 else batched(rows_of(samples_of(epoch), encoder), plan.tokens, Random(f"{plan.seed}/batches/{epoch}"))
        for batch in batches:
            step += 1
            if step <= done:
                continue
            torch.manual_seed(plan.seed * 1_000_003 + step)  # dropout is the same after a break
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
                loss = loss_of(weights, batch, plan)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(list(weights.values()), 1.0)
            optimizer.step()
            schedule.step()
            lost, since = lost + float(loss.detach()), since + 1
            if step % 50 == 0 and progress:
                progress(step, total, lost / since)
                lost, since = 0.0, 0
            if checkpoint and step % plan.checkpoint == 0:
                _save(checkpoint, key, step, weights, optimizer, schedule)
    return weights


def _save(path: Path, key: str, step: int, weights: Weights, optimizer: Any, schedule: Any) -> None:
    part = path.with_suffix(".part")
    state = {"key": key, "step": step, "weights": {n: t.detach() for n, t in weights.items()}}
    torch.save({**state, "optimizer": optimizer.state_dict(), "schedule": schedule.state_dict()}, part)
    part.replace(path)


def _resume(path: Path | None, key: str, weights: Weights, optimizer: Any, schedule: Any) -> int:
    """Takes up a checkpoint of the same plan and returns the steps that were done; 0 where there is none."""
    if path is None or not path.exists():
        return 0
    state = torch.load(path, weights_only=True)
    if state["key"] != key:
        return 0
    with torch.no_grad():
        for name, tensor in weights.items():
            tensor.copy_(state["weights"][name])
    optimizer.load_state_dict(state["optimizer"])
    schedule.load_state_dict(state["schedule"])
    return int(state["step"])
