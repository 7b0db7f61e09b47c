"""The network of the tagger: a BERT encoder as plain functions over named tensors, and three linear heads. Needs torch.

It is written out, not taken from a model library, so that the exported graph can be written from the same names
(`export.graph`) and so that training needs nothing but torch.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch.nn import functional

from pipeline.detect.tagger import EVENTS, ROLES, STATUSES

WIDTH, HEADS, EPSILON = 384, 12, 1e-12
"""The shape of all-MiniLM-L6-v2, from its config.json."""

Weights = dict[str, Any]


def starting_weights(path: Path, kept: list[int], layers: int, seed: int) -> Weights:
    """Reads the encoder from a safetensors file, with the rows of the words kept and its first layers, and adds new heads."""
    found = load_file(path)
    weights: Weights = {
        "words": found["embeddings.word_embeddings.weight"][kept].clone(),
        # sentences are never paired here, so that the embedding of the first type is a constant
        "places": found["embeddings.position_embeddings.weight"][:192].clone() + found["embeddings.token_type_embeddings.weight"][0],
        "norm.weight": found["embeddings.LayerNorm.weight"].clone(),
        "norm.bias": found["embeddings.LayerNorm.bias"].clone(),
    }
    names = {
        "query": "attention.self.query",
        "key": "attention.self.key",
        "value": "attention.self.value",
        "mixed": "attention.output.dense",
        "mixed.norm": "attention.output.LayerNorm",
        "wide": "intermediate.dense",
        "narrow": "output.dense",
        "narrow.norm": "output.LayerNorm",
    }
    for layer in range(layers):
        for short, long in names.items():
            for part in ("weight", "bias"):
                weights[f"{layer}.{short}.{part}"] = found[f"encoder.layer.{layer}.{long}.{part}"].clone()
    generator = torch.Generator().manual_seed(seed)
    for head, labels in (("event", EVENTS), ("status", STATUSES), ("role", ROLES)):
        weights[f"{head}.weight"] = torch.randn(len(labels), WIDTH, generator=generator) * 0.02
        weights[f"{head}.bias"] = torch.zeros(len(labels))
    for tensor in weights.values():
        tensor.requires_grad_(True)
    return weights


def layers_of(weights: Weights) -> int:
    """How many layers the encoder has."""
    return sum(name.endswith(".query.weight") for name in weights)


def forward(weights: Weights, ids: Any, mask: Any, dropout: float = 0.0) -> Any:
    """The state of each token after the last layer: batch × tokens × WIDTH. `mask` is 0 where there is padding."""

    def normal(x: Any, name: str) -> Any:
        return functional.layer_norm(x, (WIDTH,), weights[f"{name}.weight"], weights[f"{name}.bias"], EPSILON)

    def linear(x: Any, name: str) -> Any:
        return functional.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])

    def dropped(x: Any) -> Any:
        return functional.dropout(x, dropout) if dropout else x

    rows, length = ids.shape
    x = dropped(normal(functional.embedding(ids, weights["words"]) + weights["places"][:length], "norm"))
    seen = mask[:, None, None, :].bool()
    for layer in range(layers_of(weights)):
        query, key, value = (
            linear(x, f"{layer}.{name}").view(rows, length, HEADS, WIDTH // HEADS).transpose(1, 2) for name in ("query", "key", "value")
        )
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=seen, dropout_p=dropout)
        mixed = linear(mixed.transpose(1, 2).reshape(rows, length, WIDTH), f"{layer}.mixed")
        x = normal(x + dropped(mixed), f"{layer}.mixed.norm")
        x = normal(x + dropped(linear(functional.gelu(linear(x, f"{layer}.wide")), f"{layer}.narrow")), f"{layer}.narrow.norm")
    return x


def heads(weights: Weights, states: Any) -> tuple[Any, Any, Any]:
    """The scores of events, statuses and roles for each state."""
    event, status, role = (
        functional.linear(states, weights[f"{name}.weight"], weights[f"{name}.bias"]) for name in ("event", "status", "role")
    )
    return event, status, role
