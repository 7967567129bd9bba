"""Where the boxes and arrows of the picture stand: side by side on a desktop, below each other on a phone.

The texts are the templates'; each picture says the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple


@dataclass(frozen=True, slots=True)
class Arrow:
    """`of` is what goes along it, and `d` the path. The middle of its label stands at `x`, `y`, if it has one."""

    of: str
    d: str
    x: int = 0
    y: int = 0


class Place(NamedTuple):
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Picture:
    name: str
    width: int
    height: int
    places: Mapping[str, Place]
    arrows: Sequence[Arrow]


WIDE: Final = Picture(
    "wide",
    1016,
    470,
    {
        "requests": Place(2, 70, 196, 104),
        "outbox": Place(274, 70, 196, 104),
        "topics": Place(546, 70, 196, 104),
        "worker": Place(818, 70, 196, 104),
        "rows": Place(818, 294, 196, 104),
        "trainer": Place(546, 294, 196, 104),
        "model": Place(274, 294, 196, 104),
        "predictor": Place(2, 294, 196, 104),
        "refused": Place(546, 210, 196, 48),
    },
    (
        Arrow("orders", "M198 122H268"),
        Arrow("published", "M470 122H540"),
        Arrow("read", "M742 122H812"),
        Arrow("views", "M100 70C100 44 112 28 140 28H604C632 28 644 44 644 64", 372, 18),
        Arrow("written", "M916 174V288"),
        Arrow("learned", "M818 346H748"),
        Arrow("trained", "M546 346H476"),
        Arrow("served", "M274 346H204"),
        Arrow("asked", "M916 398C916 426 904 440 876 440H140C112 440 100 426 100 404", 508, 460),
        Arrow("refused", "M850 174C850 233 800 237 748 237"),
        Arrow("refused", "M372 174C372 233 480 237 540 237"),
    ),
)
NARROW: Final = Picture(
    "narrow",
    364,
    580,
    {
        "requests": Place(2, 2, 164, 104),
        "outbox": Place(198, 2, 164, 104),
        "topics": Place(198, 134, 164, 104),
        "worker": Place(2, 134, 164, 104),
        "rows": Place(2, 266, 164, 104),
        "trainer": Place(198, 266, 164, 104),
        "model": Place(198, 398, 164, 104),
        "predictor": Place(2, 398, 164, 104),
        "refused": Place(2, 530, 360, 48),
    },
    (
        Arrow("orders", "M166 54H193"),
        Arrow("published", "M280 106V129"),
        Arrow("read", "M198 186H171"),
        Arrow("views", "M140 106L194 146"),
        Arrow("written", "M84 238V261"),
        Arrow("learned", "M166 318H193"),
        Arrow("trained", "M280 370V393"),
        Arrow("served", "M198 450H171"),
        Arrow("asked", "M84 370V393"),
    ),
)
PICTURES: Final = (WIDE, NARROW)
