"""A model small enough to write down in a test: each token has fixed scores. Written byte by byte, so that no test needs more than
onnxruntime and tokenizers."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from pipeline.detect.bodies import CANDIDATE, END
from pipeline.detect.judge import ORDER as JUDGE_ORDER
from pipeline.detect.spans import MASKS
from pipeline.detect.tagger import EVENTS, ORDER, ROLES, STATUSES
from pipeline.model import Event, Role, Status

ANSWERS: Mapping[str, tuple[object, ...]] = {"event": EVENTS, "status": STATUSES, "role": ROLES}
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *MASKS, CANDIDATE, END]


def tokenizer(words: list[str]) -> str:
    """The JSON of a tokenizer that knows the special tokens and these words."""
    made = Tokenizer(models.WordPiece({word: n for n, word in enumerate([*SPECIAL, *words])}, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.add_special_tokens(SPECIAL)
    return made.to_str()


def model(labels: Mapping[int, tuple[Event, Status, Role]], size: int, order: str = ORDER) -> bytes:
    """A tagger's ONNX model that gives the tokens of those numbers these labels, and all others none, surely."""
    tables = {name: np.zeros((size, len(answers)), dtype=np.float32) for name, answers in ANSWERS.items()}
    tables["event"][:, 0] = 4.0
    for number, label in labels.items():
        for (name, answers), answer in zip(ANSWERS.items(), label, strict=True):
            tables[name][number, answers.index(answer)] = 8.0
    return _network(tables, order)


def judge(bodies: Collection[int], size: int) -> bytes:
    """A judge's ONNX model that takes the tokens of those numbers for bodies, and no others."""
    table = np.zeros((size, 2), dtype=np.float32)
    table[:, 0] = 2.0
    for number in bodies:
        table[number, 1] = 5.0
    return _network({"body": table}, JUDGE_ORDER)


def _network(tables: Mapping[str, np.ndarray], order: str) -> bytes:
    graph = b"".join(
        _part(1, _text(1, f"{name}s") + _text(1, "ids") + _text(2, name) + _text(4, "Gather")) + _part(5, _tensor(f"{name}s", table))
        for name, table in tables.items()
    )
    graph += _text(2, "tiny") + _value(11, "ids", 7) + _value(11, "mask", 7)
    graph += b"".join(_value(12, name, 1, table.shape[1]) for name, table in tables.items())
    return _number(1, 8) + _part(7, graph) + _part(8, _number(2, 17)) + _part(14, _text(1, "order") + _text(2, order))


def _count(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def _number(field: int, value: int) -> bytes:
    return _count(field << 3) + _count(value)


def _part(field: int, content: bytes) -> bytes:
    return _count(field << 3 | 2) + _count(len(content)) + content


def _text(field: int, value: str) -> bytes:
    return _part(field, value.encode())


def _tensor(name: str, table: np.ndarray) -> bytes:
    dims = b"".join(_number(1, size) for size in table.shape)
    return dims + _number(2, 1) + _text(8, name) + _part(9, table.tobytes())


def _value(field: int, name: str, kind: int, last: int = 0) -> bytes:
    sizes = [_part(1, _text(2, "batch")), _part(1, _text(2, "tokens")), *([_part(1, _number(1, last))] if last else [])]
    return _part(field, _text(1, name) + _part(2, _part(1, _number(1, kind) + _part(2, b"".join(sizes)))))
