"""How a file writes numbers: 1,234.50 or 1.234,50."""

import re
from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Final

from ordercast.contracts.because import sentence
from ordercast.imports.errors import Undecided

# Between groups of three digits: the other separator, an apostrophe, or a space (also one that does not break).
_SPACES: Final = " '’\u00a0\u202f"
# A currency's name or sign may stand before or behind.
_AROUND: Final = re.compile(
    r"(?:[A-Za-z]{3}|[A-Z]{0,2}[$€£¥₩₹₽])?[ \u00a0]?([+-]?[0-9.,\u00a0\u202f '’]*[0-9])[ \u00a0]?(?:[A-Za-z]{3}|[$€£¥₩₹₽])?"
)


class Decimals(StrEnum):
    """What stands before the decimals."""

    POINT = "point"
    COMMA = "comma"


def _pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    grouped = rf"[1-9][0-9]{{0,2}}(?:[{re.escape(thousands + _SPACES)}][0-9]{{3}})+"
    return re.compile(rf"[+-]?(?:{grouped}|[0-9]{{1,18}})?(?:{re.escape(decimal)}[0-9]{{1,12}})?")


_PATTERNS: Final = {Decimals.POINT: _pattern(".", ","), Decimals.COMMA: _pattern(",", ".")}


@lru_cache(maxsize=50_000)  # many rows have the same price
def read_number(text: str, decimals: Decimals) -> Decimal | None:
    """The number, None where the text is none that is written so."""
    around = _AROUND.fullmatch(text)
    if around is None or not _PATTERNS[decimals].fullmatch(around[1]):
        return None
    number = around[1].translate({ord(space): None for space in _SPACES})
    if decimals is Decimals.POINT:
        return Decimal(number.replace(",", ""))
    return Decimal(number.replace(".", "").replace(",", "."))


def find_decimals(values: Iterable[str], *, typed: bool = False) -> Decimals:
    """The way in which most of the values can be read; a few others are faults of their rows.

    Raises:
        Undecided: both ways read as many, and not the same numbers.
    """
    fitting = dict.fromkeys(Decimals, 0)
    differing: list[str] = []
    for value in values:
        readings = {decimals: read_number(value, decimals) for decimals in Decimals}
        for decimals, number in readings.items():
            fitting[decimals] += number is not None
        if len(set(readings.values())) > 1 and len(differing) < 3:
            differing.append(value)
    point, comma = fitting[Decimals.POINT], fitting[Decimals.COMMA]
    if point == comma and differing and not typed:
        raise Undecided(sentence("decimals-unclear", examples=", ".join(differing)), hint=sentence("say-decimals"))
    return Decimals.COMMA if comma > point else Decimals.POINT
