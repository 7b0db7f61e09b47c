"""The last twelve months of a coalition in a strip: how many came and how many went, month by month, and as one small picture.

It counts what was told, and not who belongs: a membership that was only learned of is no coming. It knows no colours of the page: the
picture has its own, readable on light and on dark paper, and says in words what it shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pipeline.model import ChangeKind

MONTHS = 12
WIDTH, HEIGHT = 360, 62
"""Units of the picture; it is shown at most so wide."""
_TOP, _AXIS = 4.0, 24.0
_CAME = frozenset({ChangeKind.MEMBER_JOINED})
_WENT = frozenset({ChangeKind.MEMBER_LEFT, ChangeKind.MEMBER_EXPELLED, ChangeKind.MEMBER_SUSPENDED})
_SHORT = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


@dataclass(frozen=True, slots=True)
class Month:
    """A month, by its first day, with how many members came and went in it."""

    first: date
    came: int = 0
    went: int = 0


@dataclass(frozen=True, slots=True)
class Strip:
    """The months up to and with that of a digest, the oldest first."""

    months: tuple[Month, ...]

    @property
    def came(self) -> int:
        return sum(m.came for m in self.months)

    @property
    def went(self) -> int:
        return sum(m.went for m in self.months)


def first_month(until: date) -> date:
    """Gives the first day of the first month of a strip that ends with the month of a day.

    >>> str(first_month(date(2025, 5, 14))), str(first_month(date(2025, 12, 1)))
    ('2024-06-01', '2025-01-01')
    """
    month = until.year * 12 + until.month - MONTHS
    return date(month // 12, month % 12 + 1, 1)


def build(told: Sequence[tuple[ChangeKind, str]], until: date) -> Strip | None:
    """Counts what was told, each with its day or month (`2024-05-14`, `2024-05`); None where nobody came or went."""
    first = first_month(until)
    places = [first.year * 12 + first.month - 1 + n for n in range(MONTHS)]
    came, went = dict.fromkeys(places, 0), dict.fromkeys(places, 0)
    for kind, day in told:
        place = int(day[:4]) * 12 + int(day[5:7]) - 1
        if place in came:
            came[place] += kind in _CAME
            went[place] += kind in _WENT
    strip = Strip(tuple(Month(date(p // 12, p % 12 + 1, 1), came[p], went[p]) for p in places))
    return strip if strip.came or strip.went else None


def in_words(strip: Strip) -> str:
    """Says what a strip shows.

    >>> in_words(Strip((Month(date(2025, 4, 1), 2), Month(date(2025, 5, 1), 1, 1))))
    'In 12 months: 3 came, 1 went.'
    """
    parts = [f"{n} {word}" for n, word in ((strip.came, "came"), (strip.went, "went")) if n]
    return f"In {MONTHS} months: {', '.join(parts)}."


def in_detail(strip: Strip) -> str:
    """Says it month by month, for those who cannot see the picture."""
    told = [
        f"{_SHORT[m.first.month - 1]} {m.first.year}: " + ", ".join(f"{n} {w}" for n, w in ((m.came, "came"), (m.went, "went")) if n)
        for m in strip.months
        if m.came or m.went
    ]
    return "; ".join(told)


def svg(strip: Strip) -> str:
    """Draws a strip: who came above the line, who went below it, one pair of bars a month. There are no words of others in it."""
    most = max(max(m.came, m.went) for m in strip.months)
    step = WIDTH / len(strip.months)
    out = [
        f'<svg class="strip" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img"'
        f' aria-label="{in_words(strip)} {in_detail(strip)}">'
    ]
    for place, month in enumerate(strip.months):
        x, wide = place * step + step * 0.25, step * 0.5
        for n, kind, fill in ((month.came, "came", "#2f7d4f"), (month.went, "went", "#c4501b")):
            if n:
                tall = max(3.0, (_AXIS - _TOP) * n / most)
                y = _AXIS - tall if kind == "came" else _AXIS
                out.append(f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{tall:.1f}" fill="{fill}"/>')
    out.append(f'<line class="axis" x1="0" y1="{_AXIS:g}" x2="{WIDTH}" y2="{_AXIS:g}" stroke="#8a929b" stroke-width="1"/>')
    for place, anchor in ((0, "start"), (len(strip.months) // 2, "middle"), (len(strip.months) - 1, "end")):
        month = strip.months[place]
        x = {"start": 0.0, "middle": place * step + step / 2, "end": float(WIDTH)}[anchor]
        name = f"{_SHORT[month.first.month - 1]} {month.first.year}"
        out.append(f'<text class="tick" x="{x:.1f}" y="{HEIGHT - 3}" text-anchor="{anchor}" font-size="11" fill="#636c76">{name}</text>')
    return "".join(out) + "</svg>"
