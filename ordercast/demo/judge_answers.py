"""How far answers are from what is true of a simulated shop: exact expectations, with no luck of a draw in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from ordercast.demo.market_steps import Ints
from ordercast.sample.market.parameters import Floats

TRUTH: Final = "the truth itself"
# An answer of no pieces at all would be infinitely wrong where some are ordered.
LEAST_PIECES: Final = 1e-3


@dataclass(frozen=True, slots=True)
class Standing:
    """`deviance` is the Poisson deviance that the answer has on the average of all that may come; `over_floor` is by which share
    that is more than the truth's own; `said` are the pieces said for each that is truly to be expected."""

    name: str
    deviance: float
    over_floor: float
    said: float


def standings(truth: Floats, floor: Floats, answers: Mapping[str, Floats]) -> list[Standing]:
    """The truth, then the answers as they are given. `floor` is the deviance that the truth has, of each row."""
    lowest = float(floor.mean())
    standing = [Standing(TRUTH, lowest, 0.0, 1.0)]
    for name, answer in answers.items():
        said = np.maximum(answer, LEAST_PIECES)
        more = 2 * (truth * np.log(np.maximum(truth, np.finfo(float).tiny) / said) - truth + said)
        deviance = lowest + float(more.mean())
        standing.append(Standing(name, deviance, deviance / lowest - 1, float(answer.sum() / truth.sum())))
    return standing


def rate_so_far(pieces: Ints, weeks: int, weeks_ahead: int) -> Floats:
    """What each pair had by week until now goes on, one more week of the mean of all mixed in."""
    mean = pieces.mean() / weeks
    rate: Floats = weeks_ahead * (pieces + mean) / (weeks + 1)
    return rate


def table(standing: list[Standing]) -> list[str]:
    """Lines to be read."""
    lines = [f"  {'':<40} {'deviance':>9} {'over the noise floor':>21} {'said / true':>12}"]
    for one in standing:
        over = "-" if one.name == TRUTH else f"{one.over_floor:+,.1%}"
        lines.append(f"  {one.name:<40} {one.deviance:9.3f} {over:>21} {one.said:12.2f}")
    return lines
