"""Cuts the vocabulary of the starting weights down to what news in English needs, and tells the tokenizer of the mask tokens.

The words of BERT's vocabulary stand in order of frequency, so that the first of them and those of the training text are kept;
a word that is not kept is read in pieces. It saves half of the model's embeddings and costs no measurable score.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from tokenizers import Tokenizer

from pipeline.detect.bodies import CANDIDATE, END
from pipeline.detect.spans import BOUNDARY, MASKS

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", BOUNDARY, "[MASK]")
FIRST_WORD = 1996
"""The number of "the": what stands before are special tokens, unused ones and single characters."""


def reduced(tokenizer: str, texts: Iterable[str], until: int = 14_000) -> tuple[str, list[int]]:
    """The tokenizer with fewer words and the mask tokens, and the old number of each word kept, in the order of the new ones.

    `tokenizer` is the JSON of a WordPiece tokenizer; words up to number `until` are kept, and all that `texts` need.
    """
    old = Tokenizer.from_str(tokenizer)
    old.no_padding()
    old.no_truncation()
    known = json.loads(tokenizer)
    vocabulary: dict[str, int] = known["model"]["vocab"]
    special = (*SPECIAL, *MASKS, CANDIDATE, END)
    kept = {vocabulary[token] for token in special}
    kept |= {number for word, number in vocabulary.items() if len(word.removeprefix("##")) == 1 and ord(word[-1]) < 0x250}
    kept |= {number for number in vocabulary.values() if FIRST_WORD <= number < until}
    for encoded in old.encode_batch_fast(list(texts), add_special_tokens=False):
        kept.update(encoded.ids)
    order = sorted(kept)
    number_of = {number: place for place, number in enumerate(order)}
    known["model"]["vocab"] = {
        word: number_of[number] for word, number in sorted(vocabulary.items(), key=lambda pair: pair[1]) if number in number_of
    }
    known["added_tokens"] = [
        {
            "id": number_of[vocabulary[token]],
            "content": token,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for token in sorted(special, key=lambda token: vocabulary[token])
    ]
    known["post_processor"] = known["padding"] = known["truncation"] = None
    return json.dumps(known, ensure_ascii=False, separators=(",", ":")), order


OWN = {"[PAD]": "<pad>", "[CLS]": "<s>", BOUNDARY: "</s>", "[MASK]": "<mask>"}
"""What MPNet calls the special tokens: it has BERT's too, but never learned them."""


def numbers_in(tokenizer: str, reduced: str) -> list[int]:
    """The number that another tokenizer of BERT's words gives to each word of a reduced one, in the order of the reduced one.

    Both cut a text at the same places, so that two networks can be asked about the same tokens. Raises KeyError where a word is missing.
    """
    theirs: dict[str, int] = json.loads(tokenizer)["model"]["vocab"]
    ours: dict[str, int] = json.loads(reduced)["model"]["vocab"]
    return [theirs[OWN.get(word, word) if OWN.get(word) in theirs else word] for word, _ in sorted(ours.items(), key=lambda pair: pair[1])]
