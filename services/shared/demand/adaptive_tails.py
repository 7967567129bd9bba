"""How much of what a level leaves out is left out in fact: less where the last weeks' intervals held too little, else more.

Held-out weeks tell of the next ones as long as these come as they did; in a season that rises each year's first weeks do not.
So what intervals have held moves the level that the next ones are asked for (adaptive conformal inference: Gibbs and Candes 2021):
a week that missed 5 % more than the level leaves out takes 5 % off what the next ones leave out. Steps of five times that
overshot on the real file. It is told at the usual level, and other levels move with it, the lower the less (`conformal.tailed`).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from ordercast.services.shared.demand.conformal import Calibration, CalibrationRefused
from ordercast.services.shared.demand.scored import Scored

WEEK: Final = 7
# What came to be known in so many days is calibrated on, and so long what was missed is remembered: QUALITY.md judges this window.
WINDOW_DAYS: Final = 8 * WEEK
# On the real file 0.8 to 1.05 was asked for: beyond these bounds it is no drift that wider intervals could follow.
LEAST_TAIL: Final = 0.5
MOST_TAIL: Final = 1.5
# What one week missed of fewer products is chance.
FEWEST_TOLD: Final = 20


def calibrated_at(scored: Scored, day: int) -> Calibration:
    """On what came to be known in the window before the day. Raises CalibrationRefused where that is too little."""
    return scored.where((scored.known_on > day - WINDOW_DAYS) & (scored.known_on <= day)).calibrated()


def adapted(
    scored: Scored, first: int, day: int, level: float, calibrated: Callable[[int], Calibration] | None = None
) -> Calibration:
    """The calibration of a day, with the tail that the weeks before it ask for.

    Args:
        scored: rows of which all is known by the day, or not looked at before it is.
        first: a whole number of weeks before the day, and no day before it was answered by these scores.
        day: of the calibration.
        level: of which it is told what was missed.
        calibrated: the calibration of a day, if it is there already.

    Raises:
        CalibrationRefused: too little came to be known in the window before the day.
    """
    made = calibrated or (lambda of_day: calibrated_at(scored, of_day))
    last = made(day)
    tail, asked = 1.0, np.zeros(len(scored.scores), np.bool_)
    missed = np.zeros(len(scored.scores), np.bool_)
    for start in range(max(first, day - WINDOW_DAYS), day, WEEK):
        of_week = (scored.moment >= start) & (scored.moment < start + WEEK)
        if of_week.any():
            try:
                then = replace(made(start), tail=tail)
            except CalibrationRefused:
                continue
            missed[of_week] = scored.missed(of_week, then, level)
            asked |= of_week
        told = asked & (scored.known_on > start) & (scored.known_on <= start + WEEK)
        if scored.different(told) >= FEWEST_TOLD:
            tail = min(max(tail + (1 - level) - float(missed[told].mean()), LEAST_TAIL), MOST_TAIL)
    return replace(last, tail=tail)
