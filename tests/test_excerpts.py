"""What the tagger reads at once: how an article is cut, and what stands before each piece."""

from __future__ import annotations

import pytest

from pipeline.detect.excerpts import CONTEXT, WORDS, cuts, masked
from pipeline.detect.segment import sentences
from pipeline.detect.spans import BOUNDARY
from pipeline.model import Article


@pytest.mark.parametrize("lengths", [[], [5], [5] * 44, [5] * 45, [5] * 200, [400], [3, 400, 3], [200, 200, 200], [1] * 1000])
def test_excerpts_hold_each_sentence_once_and_are_about_as_long(lengths: list[int]) -> None:
    cut = sentences(Article("", "", " ".join("One" + " two" * (n - 1) + "." for n in lengths)))
    found = cuts(cut)
    assert [n for span in found for n in span] == list(range(len(lengths)))
    for span in found:
        words = sum(lengths[n] for n in span)
        assert words <= WORDS + max(lengths) or len(span) == 1
    assert len(found) <= max(1, -(-sum(lengths) // WORDS)) + 1


LONG = "Alpha one two three four five six seven eight nine. " * 30
ROSTER = "The following have signed:\n\n" + "\n".join(f"- Firm number {n} of the long list" for n in range(60))


@pytest.mark.parametrize(
    ("title", "text", "begins"),
    [
        ("A headline", "Alpha left. Beta stayed.", ["A headline : Alpha left."]),
        (
            "A headline",
            LONG,
            ["A headline : Alpha", f"A headline : Alpha one two three four five six seven eight nine.{' ' + LONG.split('. ')[0] + '.'}"],
        ),
        ("", LONG, ["Alpha", "Alpha one"]),
        ("Roster", ROSTER, ["Roster : The following have signed: * Firm", "Roster : The following have signed: " + BOUNDARY + " * Firm"]),
    ],
)
def test_an_excerpt_stands_behind_what_it_is_understood_by(title: str, text: str, begins: list[str]) -> None:
    cut = sentences(Article("", title, text))
    leads = {s.text: n for n, s in enumerate(cut)}
    nothing: list[tuple[()]] = [()] * len(cut)
    texts = [masked(cut, nothing, span, 0, leads.get(cut[span.start].lead)).text for span in cuts(cut)]
    assert len(texts) >= len(begins)
    for wanted, found in zip(begins, texts, strict=False):
        assert found.startswith(wanted)
    for found in texts[1:]:
        context = found.split(BOUNDARY)[0]
        assert len(context.split()) <= CONTEXT + len(title.split()) + 2
