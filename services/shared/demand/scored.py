"""Held-out rows as calibrations take them: how far out each lay, and when it was asked for and known."""

from dataclasses import dataclass

import numpy as np

from ordercast.services.shared.demand.activity import Bools, Floats, Ints
from ordercast.services.shared.demand.conformal import Calibration, calibrate, most_pieces, thresholds


@dataclass(frozen=True, slots=True)
class Scored:
    """By row, as `calibrate` has them; asked for at `moment`, and known by the end of the day before `known_on`.

    `cells` is None where each row tells of something else, `accounts` where rows are nobody's. `uncut`: pieces that no bound takes
    out of an answer.
    """

    scores: Floats
    groups: Ints
    pieces: Ints
    cells: Ints | None
    uncut: Ints
    moment: Ints
    known_on: Ints
    accounts: Ints | None = None

    def where(self, chosen: Bools) -> "Scored":
        """Some of the rows."""
        return Scored(
            scores=self.scores[chosen],
            groups=self.groups[chosen],
            pieces=self.pieces[chosen],
            cells=None if self.cells is None else self.cells[chosen],
            uncut=self.uncut[chosen],
            moment=self.moment[chosen],
            known_on=self.known_on[chosen],
            accounts=None if self.accounts is None else self.accounts[chosen],
        )

    def missed(self, asked: Bools, calibration: Calibration, level: float) -> Bools:
        """Which of the rows `asked` lie outside of the interval or the stock that they were answered with, bound included."""
        groups = self.groups[asked]
        bound = np.maximum(most_pieces(calibration, groups), self.uncut[asked])
        outside = self.scores[asked] > thresholds(calibration, groups, level)
        return np.asarray(outside | (self.pieces[asked] > bound), np.bool_)

    def different(self, chosen: Bools) -> int:
        """How many different things some of the rows tell of."""
        return int(chosen.sum()) if self.cells is None else len(np.unique(self.cells[chosen]))

    def calibrated(self) -> Calibration:
        """Raises CalibrationRefused where they are too few."""
        return calibrate(self.scores, self.groups, self.pieces, self.cells, self.accounts)
