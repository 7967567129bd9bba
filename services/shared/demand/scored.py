"""Held-out rows as calibrations take them: how far out each lay, and when it was asked for and known."""

from dataclasses import dataclass

import numpy as np

from ordercast.services.shared.demand.activity import Bools, Floats, Ints
from ordercast.services.shared.demand.conformal import Calibration, calibrate


@dataclass(frozen=True, slots=True)
class Scored:
    """By row, as `calibrate` has them; asked for at `moment`, and known by the end of the day before `known_on`.

    `cells` is None where each row tells of something else.
    """

    scores: Floats
    groups: Ints
    pieces: Ints
    cells: Ints | None
    moment: Ints
    known_on: Ints

    def where(self, chosen: Bools) -> "Scored":
        """Some of the rows."""
        return Scored(
            scores=self.scores[chosen],
            groups=self.groups[chosen],
            pieces=self.pieces[chosen],
            cells=None if self.cells is None else self.cells[chosen],
            moment=self.moment[chosen],
            known_on=self.known_on[chosen],
        )

    def different(self, chosen: Bools) -> int:
        """How many different things some of the rows tell of."""
        return int(chosen.sum()) if self.cells is None else len(np.unique(self.cells[chosen]))

    def calibrated(self) -> Calibration:
        """Raises CalibrationRefused where they are too few."""
        return calibrate(self.scores, self.groups, self.pieces, self.cells)
