"""The learned role stage: says for every name of a masked sentence what the sentence says of it and the coalition in question.

It is given the bytes of a model and of its tokenizer and reads no file itself. It sees mask tokens only, never a name, keeps no
state between calls and answers the same for the same input. It does not guess where a text and its mentions disagree
(an article that holds a mask token of its own): such a sentence gets no label.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from pipeline.detect.spans import BOUNDARY, IN_QUESTION, NAME, OTHER, PERSON, PLACE, STATE, Label, Masked
from pipeline.model import Event, Role, Status

MASKS = (IN_QUESTION, OTHER, PERSON, STATE, NAME, PLACE)
EVENTS: tuple[Event | None, ...] = (None, *Event)
STATUSES: tuple[Status, ...] = tuple(Status)
ROLES: tuple[Role | None, ...] = (None, *Role)
"""What the outputs of the model stand for, in order. A model that was trained on another order is refused."""

ORDER = " ".join([*(e or "-" for e in EVENTS), "/", *STATUSES, "/", *(r or "-" for r in ROLES)])

LONGEST = 192
"""Tokens that the model is given at once; it was trained on no more."""

HEAD = 56
"""Tokens from the beginning of a sentence that stand before every later window of it: a roster of sixty names needs its verb."""

TOKENS_AT_ONCE = 4096
"""Tokens of one call of the model, padding counted: bounds its memory to some tens of megabytes."""

NOTHING = Label(None, 0.0)


class ModelError(ValueError):
    """The bytes are no model for this program; the message says why."""


@dataclass(frozen=True, slots=True)
class Window:
    """As much of a masked sentence as the model reads at once. `places` pairs a token's index with the index of its mention."""

    ids: tuple[int, ...]
    places: tuple[tuple[int, int], ...]


class Encoder:
    """Turns masked sentences into windows of token ids."""

    def __init__(self, tokenizer: bytes) -> None:
        try:
            self.tokenizer = Tokenizer.from_str(tokenizer.decode("utf-8"))
        except Exception as error:
            raise ModelError(f"the tokenizer cannot be read: {error}") from error
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        wanted = (*MASKS, BOUNDARY, "[CLS]")
        ids = {token: number for token in wanted if (number := self.tokenizer.token_to_id(token)) is not None}
        if missing := [token for token in wanted if token not in ids]:
            raise ModelError(f"the tokenizer lacks {', '.join(missing)}")
        self.masks = frozenset(ids[token] for token in MASKS)
        self.start, self.boundary = ids["[CLS]"], ids[BOUNDARY]

    def mentions(self, text: str) -> int:
        """Counts the mask tokens of the sentence, those of its context left out."""
        return sum(len(window.places) for window in self.windows(text))

    def windows(self, text: str) -> list[Window]:
        """Splits a masked sentence so that each mask token of it stands in exactly one window.

        A context that does not fit loses its beginning. A sentence that does not fit is cut, and its head put before each piece.
        """
        ids = self.tokenizer.encode(text, add_special_tokens=False).ids
        at = len(ids) - ids[::-1].index(self.boundary) if self.boundary in ids else 0
        context, sentence = ids[: max(at - 1, 0)], ids[at:]
        room = LONGEST - 2
        if len(sentence) <= room:
            left = room - len(sentence) - 1
            before = [*context[-left:], self.boundary] if context and left > 0 else []
            return [self._window([self.start, *before], sentence, 0)]
        windows, cut, seen = [], 0, 0
        while cut < len(sentence):
            before = [self.start, *(sentence[:HEAD] if cut else [])]
            piece = sentence[cut : cut + LONGEST - 1 - len(before)]
            windows.append(self._window(before, piece, seen))
            cut += len(piece)
            seen += len(windows[-1].places)
        return windows

    def _window(self, before: list[int], piece: list[int], seen: int) -> Window:
        found = [len(before) + i for i, number in enumerate(piece) if number in self.masks]
        return Window((*before, *piece, self.boundary), tuple((place, seen + n) for n, place in enumerate(found)))


class Tagger:
    """Labels the mentions of masked sentences with a trained model."""

    def __init__(self, model: bytes, tokenizer: bytes) -> None:
        """Loads a model; raises ModelError for bytes that are none, and for a model with other labels."""
        self.encoder = Encoder(tokenizer)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # an arena keeps the memory of the longest batch for ever
        options.log_severity_level = 3
        try:
            self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise ModelError(f"the model cannot be read: {error}") from error
        order = self.session.get_modelmeta().custom_metadata_map.get("order", "")
        if order != ORDER:
            raise ModelError(f"the model was trained for other labels ({order or 'none said'}): train it again")

    def label(self, masked: Sequence[Masked]) -> list[tuple[Label, ...]]:
        """Gives a label for each mention of each masked sentence, in order."""
        answers = [[NOTHING] * len(one.mentions) for one in masked]
        wanted: dict[Window, list[int]] = {}
        for number, one in enumerate(masked):
            windows = self.encoder.windows(one.text) if one.mentions else []
            if sum(len(window.places) for window in windows) != len(one.mentions):
                continue
            for window in windows:
                if window.places:
                    wanted.setdefault(window, []).append(number)
        for window, labels in self._answers(sorted(wanted, key=lambda w: (len(w.ids), w.ids))):
            for number in wanted[window]:
                for (_, mention), label in zip(window.places, labels, strict=True):
                    answers[number][mention] = label
        return [tuple(labels) for labels in answers]

    def _answers(self, windows: Sequence[Window]) -> Iterator[tuple[Window, list[Label]]]:
        for batch in batches(windows):
            longest = max(len(window.ids) for window in batch)
            ids = np.zeros((len(batch), longest), dtype=np.int64)
            mask = np.zeros((len(batch), longest), dtype=np.int64)
            for row, window in enumerate(batch):
                ids[row, : len(window.ids)] = window.ids
                mask[row, : len(window.ids)] = 1
            event, status, role = (softmax(scores) for scores in self.session.run(["event", "status", "role"], {"ids": ids, "mask": mask}))
            for row, window in enumerate(batch):
                labels = []
                for place, _ in window.places:
                    best = int(event[row, place].argmax())
                    labels.append(
                        Label(
                            EVENTS[best],
                            float(event[row, place, best]),
                            STATUSES[int(status[row, place].argmax())],
                            ROLES[int(role[row, place].argmax())] if EVENTS[best] else None,
                        )
                    )
                yield window, labels


def batches(windows: Sequence[Window]) -> Iterator[Sequence[Window]]:
    """Groups windows that are sorted by length, so that a group padded to its longest holds at most TOKENS_AT_ONCE tokens."""
    start = 0
    for end in range(1, len(windows) + 1):
        if end == len(windows) or (end + 1 - start) * len(windows[end].ids) > TOKENS_AT_ONCE:
            yield windows[start:end]
            start = end


def softmax(scores: np.ndarray) -> np.ndarray:
    """Turns scores of the last axis into probabilities."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))
