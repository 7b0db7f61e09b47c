"""A trained network as it runs: text with marked places in, probabilities for each place out. Needs onnxruntime and tokenizers only.

It is given a model and the bytes of its tokenizer. It keeps no state between calls and answers the same
for the same input. It does not guess where a text and its places disagree (an article that holds a mark of its own): such a text
gets no answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from pipeline.detect.spans import BOUNDARY

HEAD = 56
"""Tokens from the beginning of a sentence that stand before every later window of it: a roster of sixty names needs its verb."""

TOKENS_AT_ONCE = 256
"""Tokens of one call of the model, padding counted: less memory than 1,024 by 180 MB, and faster by a third, since less is padding."""


class ModelError(ValueError):
    """The bytes are no model for this program; the message says why."""


@dataclass(frozen=True, slots=True)
class Window:
    """As much of a text as the model reads at once. `places` pairs a token's index with the number of the mark."""

    ids: tuple[int, ...]
    places: tuple[tuple[int, int], ...]


class Encoder:
    """Turns texts into windows of at most `longest` token ids; `marks` are the tokens that a question is asked about."""

    def __init__(self, tokenizer: bytes, marks: Sequence[str], longest: int) -> None:
        self.longest = longest
        try:
            self.tokenizer = Tokenizer.from_str(tokenizer.decode("utf-8"))
        except Exception as error:
            raise ModelError(f"the tokenizer cannot be read: {error}") from error
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        wanted = (*marks, BOUNDARY, "[CLS]")
        ids = {token: number for token in wanted if (number := self.tokenizer.token_to_id(token)) is not None}
        if missing := [token for token in wanted if token not in ids]:
            raise ModelError(f"the tokenizer lacks {', '.join(missing)}")
        self.marks = frozenset(ids[token] for token in marks)
        self.start, self.boundary = ids["[CLS]"], ids[BOUNDARY]

    def windows(self, text: str) -> list[Window]:
        """Splits a text so that each mark of it stands in exactly one window.

        A context that does not fit loses its beginning. A sentence that does not fit is cut, and its head put before each piece.
        """
        ids = self.tokenizer.encode(text, add_special_tokens=False).ids
        at = len(ids) - ids[::-1].index(self.boundary) if self.boundary in ids else 0
        context, sentence = ids[: max(at - 1, 0)], ids[at:]
        room = self.longest - 2
        if len(sentence) <= room:
            left = room - len(sentence) - 1
            before = [*context[-left:], self.boundary] if context and left > 0 else []
            return [self._window([self.start, *before], sentence, 0)]
        windows, cut, seen = [], 0, 0
        while cut < len(sentence):
            before = [self.start, *(sentence[:HEAD] if cut else [])]
            piece = sentence[cut : cut + self.longest - 1 - len(before)]
            windows.append(self._window(before, piece, seen))
            cut += len(piece)
            seen += len(windows[-1].places)
        return windows

    def _window(self, before: list[int], piece: list[int], seen: int) -> Window:
        found = [len(before) + i for i, number in enumerate(piece) if number in self.marks]
        return Window((*before, *piece, self.boundary), tuple((place, seen + n) for n, place in enumerate(found)))


class Network:
    """A model with its tokenizer. `order` says what its answers stand for: a model that was trained on another is refused."""

    def __init__(self, model: bytes | str, tokenizer: bytes, marks: Sequence[str], longest: int, order: str) -> None:
        """Loads a model; raises ModelError for what is none, and for a model with other answers.

        A model may be its bytes or a path: onnxruntime reads a file itself with a hundred megabytes less than it takes for bytes.
        """
        self.encoder = Encoder(tokenizer, marks, longest)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = options.enable_mem_pattern = False  # an arena keeps the memory of the longest batch for ever
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise ModelError(f"the model cannot be read: {error}") from error
        found = self._session.get_modelmeta().custom_metadata_map.get("order", "")
        if found != order:
            raise ModelError(f"the model was trained for other labels ({found or 'none said'}): train it again")

    def answers(self, texts: Sequence[tuple[str, int]], heads: Sequence[str]) -> list[list[tuple[np.ndarray, ...]]]:
        """Gives for each text, with the number of marks it has, the probabilities of each head at each mark.

        A text whose marks are not that many gets none.
        """
        answers: list[list[tuple[np.ndarray, ...]]] = [[] for _ in texts]
        wanted: dict[Window, list[int]] = {}
        for number, (text, count) in enumerate(texts):
            windows = self.encoder.windows(text) if count else []
            if sum(len(window.places) for window in windows) != count:
                continue
            answers[number] = [()] * count
            for window in windows:
                if window.places:
                    wanted.setdefault(window, []).append(number)
        for batch in batches(sorted(wanted, key=lambda w: (len(w.ids), w.ids))):
            chances = self._run(batch, heads)
            for row, window in enumerate(batch):
                for place, mark in window.places:
                    for number in wanted[window]:
                        answers[number][mark] = tuple(chance[row, place] for chance in chances)
        return answers

    def _run(self, batch: Sequence[Window], heads: Sequence[str]) -> list[np.ndarray]:
        longest = max(len(window.ids) for window in batch)
        ids = np.zeros((len(batch), longest), dtype=np.int64)
        mask = np.zeros((len(batch), longest), dtype=np.int64)
        for row, window in enumerate(batch):
            ids[row, : len(window.ids)] = window.ids
            mask[row, : len(window.ids)] = 1
        return [softmax(scores) for scores in self._session.run(list(heads), {"ids": ids, "mask": mask})]


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
