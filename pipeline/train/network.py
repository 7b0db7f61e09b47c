"""The network of the tagger: a BERT encoder as plain functions over named tensors, and three linear heads. Needs torch.

It is written out, not taken from a model library, so that the exported graph can be written from the same names
(`export.graph`) and so that training needs nothing but torch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch.nn import functional

from pipeline.detect.judge import ANSWERS as BODIES
from pipeline.detect.tagger import EVENTS, ROLES, STATUSES
from pipeline.train.plan import Plan

HEADS = 12
"""Attention heads of both families of starting weights, from their config.json."""

ANSWERS = {"event": len(EVENTS), "status": len(STATUSES), "role": len(ROLES), "body": len(BODIES)}
"""What networks are asked, and how many answers there are: the tagger the first three, the judge the last."""

BUCKETS = 32
"""Distances between words that MPNet tells apart: `relative_attention_num_buckets` of its config.json."""

Weights = dict[str, Any]

_BERT = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "mixed": "attention.output.dense",
    "mixed.norm": "attention.output.LayerNorm",
    "wide": "intermediate.dense",
    "narrow": "output.dense",
    "narrow.norm": "output.LayerNorm",
}
_MPNET = {
    **_BERT,
    "query": "attention.attn.q",
    "key": "attention.attn.k",
    "value": "attention.attn.v",
    "mixed": "attention.attn.o",
    "mixed.norm": "attention.LayerNorm",
}


def starting_weights(path: Path, kept: Sequence[int], plan: Plan, asked: Sequence[str]) -> Weights:
    """Reads the encoder from a safetensors file, with the rows of the words kept and the chosen of its layers, and adds new heads for what
    it will be `asked`.

    Two families are known by their names: BERT (MiniLM) and MPNet, whose attention also looks at the distance of two words.
    """
    found = load_file(path)
    mpnet = "encoder.relative_attention_bias.weight" in found
    places = found["embeddings.position_embeddings.weight"]
    weights: Weights = {
        "words": found["embeddings.word_embeddings.weight"][list(kept)].clone(),
        # MPNet counts its places from 2; in BERT sentences are never paired here, so that the first type is a constant
        "places": places[2 : 2 + plan.longest].clone()
        if mpnet
        else places[: plan.longest] + found["embeddings.token_type_embeddings.weight"][0],
        "norm.weight": found["embeddings.LayerNorm.weight"].clone(),
        "norm.bias": found["embeddings.LayerNorm.bias"].clone(),
    }
    if mpnet:
        weights["distances"] = found["encoder.relative_attention_bias.weight"].clone()
    for number, layer in enumerate(plan.layers):
        for short, long in (_MPNET if mpnet else _BERT).items():
            for part in ("weight", "bias"):
                weights[f"{number}.{short}.{part}"] = found[f"encoder.layer.{layer}.{long}.{part}"].clone()
    generator = torch.Generator().manual_seed(plan.seed)
    for head in asked:
        weights[f"{head}.weight"] = torch.randn(ANSWERS[head], weights["words"].shape[1], generator=generator) * 0.02
        weights[f"{head}.bias"] = torch.zeros(ANSWERS[head])
    for tensor in weights.values():
        tensor.requires_grad_(True)
    return weights


def further_weights(arrays: Mapping[str, Any]) -> Weights:
    """The weights of a network that has been trained, to train it further."""
    return {name: torch.tensor(array, dtype=torch.float32, requires_grad=True) for name, array in arrays.items()}


def reaches(weights: Weights, batches: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
    """How far what the last product of each layer is given reaches from zero, channel by channel, over batches of ids and masks."""
    found: dict[str, Any] = {}

    def note(name: str, x: Any) -> None:
        reach = x.detach().abs().float().flatten(0, 1).amax(0)
        found[name] = torch.maximum(found[name], reach) if name in found else reach

    with torch.no_grad():
        for ids, mask in batches:
            forward(weights, ids, mask, note=note)
    return {name: reach.numpy() for name, reach in found.items()}


def layers_of(weights: Weights) -> int:
    """How many layers the encoder has."""
    return sum(name.endswith(".query.weight") for name in weights)


def epsilon_of(weights: Weights) -> float:
    """What the norms add to a variance, from the families' config.json."""
    return 1e-5 if "distances" in weights else 1e-12


def buckets(length: int) -> Any:
    """The bucket of the distance of each two words, length × length: near ones each their own, far ones by logarithm up to 128.

    As in "Exploring the Limits of Transfer Learning" (Raffel et al. 2020), which MPNet follows: half of the buckets look each way.
    """
    at = torch.arange(length)
    distance = at[:, None] - at[None, :]
    half, near = BUCKETS // 2, BUCKETS // 4
    size = distance.abs()
    far = near + (torch.log(size.clamp(min=1).float() / near) / math.log(128 / near) * (half - near)).long()
    return (distance < 0).long() * half + torch.where(size < near, size, far.clamp(max=half - 1))


def thinned(x: Any, share: float) -> Any:
    """Dropout: a share of the values, in steps of 1/256, is zero and the others are so much larger.

    `functional.dropout` draws a number for each value, which takes a tenth of a step; here eight values share one.
    """
    least = round(share * 256)
    drawn = torch.randint(-(2**63), 2**63 - 1, (x.numel() // 8 + 1,)).view(torch.uint8)[: x.numel()].view(x.shape)
    return x * (drawn >= least).to(x.dtype).mul_(256 / (256 - least))


def forward(weights: Weights, ids: Any, mask: Any, dropout: float = 0.0, note: Callable[[str, Any], None] | None = None) -> Any:
    """The state of each token after the last layer: batch × tokens × width. `mask` is 0 where there is padding.

    `note` is told what the last product of each layer is given, by the name of its weights.
    """
    width, epsilon = weights["words"].shape[1], epsilon_of(weights)
    # Attention itself is not dropped out: it costs a tenth of a step where there is no graphics processor.

    def normal(x: Any, name: str) -> Any:
        return functional.layer_norm(x, (width,), weights[f"{name}.weight"], weights[f"{name}.bias"], epsilon)

    def linear(x: Any, name: str) -> Any:
        return functional.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])

    def dropped(x: Any) -> Any:
        return thinned(x, dropout) if dropout else x

    rows, length = ids.shape
    x = dropped(normal(functional.embedding(ids, weights["words"]) + weights["places"][:length], "norm"))
    seen = mask[:, None, None, :].bool()
    if "distances" in weights:
        near = functional.embedding(buckets(length), weights["distances"]).permute(2, 0, 1)[None]
        seen = near.masked_fill(~seen, -1e4)
    for layer in range(layers_of(weights)):
        query, key, value = (
            linear(x, f"{layer}.{name}").view(rows, length, HEADS, width // HEADS).transpose(1, 2) for name in ("query", "key", "value")
        )
        if "distances" in weights:
            seen = seen.to(query.dtype)
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=seen)
        mixed = linear(mixed.transpose(1, 2).reshape(rows, length, width), f"{layer}.mixed")
        x = normal(x + dropped(mixed), f"{layer}.mixed.norm")
        wide = functional.gelu(linear(x, f"{layer}.wide"))
        if note:
            note(f"{layer}.narrow", wide)
        x = normal(x + dropped(linear(wide, f"{layer}.narrow")), f"{layer}.narrow.norm")
    return x


def asked_of(weights: Weights) -> tuple[str, ...]:
    """What a network answers."""
    return tuple(name for name in ANSWERS if f"{name}.weight" in weights)


def heads(weights: Weights, states: Any) -> dict[str, Any]:
    """The scores of what the network answers, for each state."""
    return {name: functional.linear(states, weights[f"{name}.weight"], weights[f"{name}.bias"]) for name in asked_of(weights)}


def plain(weights: Weights) -> dict[str, Any]:
    """The weights as arrays."""
    return {name: tensor.detach().numpy() for name, tensor in weights.items()}
