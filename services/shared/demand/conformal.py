"""Split conformal prediction by group (Mondrian): of held-out rows' scores, what at most a share of new rows goes beyond.

A score says how far out a target lay; a new row's score is under a group's threshold of a level with at least that
probability, as long as new rows come as the held-out ones did (Vovk, Gammerman, Shafer: Algorithmic Learning in a Random World).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ordercast.first_line import first_line

# Not those of `activity`: a predictor that answers intervals needs no pandas.
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

LEAST_LEVEL: Final = 0.5
# Of intervals and of stock where none is asked for: what is judged, and told of the weeks before.
DEFAULT_LEVEL: Final = 0.9
DEFAULT_SERVICE_LEVEL: Final = 0.95
MOST_LEVEL: Final = 0.99
# What of a group's n different scores holds 90 % holds 90 +- sqrt(0.9 * 0.1 / n) of new rows: with 400, 87 % are two deviations
# away.
# A smaller group has the threshold of the next larger one. The coarsest kind of groups needs `FEWEST_IN_ALL` alone: a threshold
# that is uncertain by 3 % is better than that of all rows together, which are of another kind. So do groups under 0, whose rows are
# of another kind than the larger group's, and as unlike each other as launches: the most that came for one bounds no other.
FEWEST_IN_GROUP: Final = 400
# Of fewer accounts than this the ranks would be those of the widest intervals of all, by which nobody can plan.
FEWEST_ACCOUNTS: Final = 20
# With fewer scores than this in all, none lies above 99 % of a new row's.
FEWEST_IN_ALL: Final = 99
# More pieces than a float can tell apart: no bound.
UNBOUNDED: Final = 2**52
# No row is of this group.
_NOBODY: Final = -(2**31)
# Scores kept of a group: steps of 0.1 % from the lowest level on, 4 kB.
KEPT_SCORES: Final = 500


class CalibrationRefused(ValueError):
    """Scores or stored arrays from which no threshold can be had."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Thresholds by group. `groups` are sorted keys of (depth, group), depth 0 the finest; the last is all rows.

    `scores` holds each group's kept scores in ascending order, one group's after the other's, from `starts` on; `rows` says of
    how many they were kept, and so their ranks. `most` are the most pieces of a group's rows. `cells`: how many different
    things the rows tell of, or of how many accounts they are. `tail`: how much of what a level leaves out is left out in fact
    (`tailed`); not stored.
    """

    depths: int
    groups: Ints
    starts: Ints
    rows: Ints
    scores: Floats
    most: Ints
    cells: Ints
    tail: float = 1.0

    def arrays(self) -> dict[str, NDArray[np.int64] | NDArray[np.float64]]:
        """What is stored with a model version."""
        return {
            "depths": np.array([self.depths], np.int64),
            "groups": self.groups,
            "starts": self.starts,
            "rows": self.rows,
            "scores": self.scores,
            "most": self.most,
            "cells": self.cells,
        }


def from_arrays(arrays: Mapping[str, NDArray[np.int64] | NDArray[np.float64]]) -> Calibration:
    """What `arrays` gave.

    Raises:
        CalibrationRefused: an array is missing, or they do not belong together.
    """
    try:
        depths, groups, starts, rows = (
            arrays[name].astype(np.int64) for name in ("depths", "groups", "starts", "rows")
        )
        scores = arrays["scores"].astype(np.float64)
        # A calibration of a release before has no bound, and counts each row.
        most = arrays.get("most", np.full(len(rows), UNBOUNDED)).astype(np.int64)
        cells = arrays.get("cells", rows).astype(np.int64)
    except KeyError as error:
        raise CalibrationRefused(f"a calibration lacks its array {first_line(error)}") from error
    kept = [len(_kept_ranks(int(count))) for count in rows]
    if (
        not len(rows)
        or len(depths) != 1
        or not len(groups) == len(rows) == len(most) == len(cells)
        or (cells < 1).any()
        or starts.tolist() != np.cumsum([0, *kept]).tolist()
    ):
        raise CalibrationRefused("a calibration's groups, rows and starts differ")
    if len(scores) != starts[-1]:
        raise CalibrationRefused(f"a calibration has {len(scores)} scores in place of {starts[-1]}")
    return Calibration(int(depths[0]), groups, starts, rows, scores, most, cells)


def calibrate(
    scores: Floats,
    groups: Ints,
    pieces: Ints | None = None,
    cells: Ints | None = None,
    accounts: Ints | None = None,
) -> Calibration:
    """Keeps scores by group.

    Args:
        scores: of held-out rows; minus infinity for a target that no interval leaves out.
        groups: [rows, depths] group of each row, from the finest kind to the coarsest; all rows together come after these.
        pieces: the rows' targets, the most of which bounds intervals; nothing does without them.
        cells: what each row tells of, where several tell of the same: a product's week is asked for at eight moments, and eight
            answers that miss it are one miss. Without them each row counts.
        accounts: whose each row is, where one comes or stays away with all of its rows: a group of 400 rows of 20 accounts is
            large enough for a threshold, but its ranks are those of 20 (Dunn, Wasserman, Ramdas 2023). Without them those of
            the cells.

    Raises:
        CalibrationRefused: fewer than `FEWEST_IN_ALL` scores, or one that is no number.
    """
    if len(scores) < FEWEST_IN_ALL:
        raise CalibrationRefused(f"{len(scores)} held-out rows are too few for intervals, needed are {FEWEST_IN_ALL}")
    if np.isnan(scores).any():
        raise CalibrationRefused(f"{int(np.isnan(scores).sum())} of {len(scores):,} scores are no numbers")
    pieces = np.full(len(scores), UNBOUNDED) if pieces is None else pieces
    cells = np.arange(len(scores)) if cells is None else cells
    found, counts, kept, most, different = [], [], [], [], []
    keys = _keys(groups)
    for depth in range(keys.shape[1]):
        order = np.lexsort((scores, keys[:, depth]))
        group, first, rows = np.unique(keys[order, depth], return_index=True, return_counts=True)
        for key, start, count in zip(group, first, rows, strict=True):
            of_group = order[start : start + count]
            told = len(np.unique(cells[of_group]))
            fewest = FEWEST_IN_GROUP if depth < keys.shape[1] - 2 and key >= 0 else FEWEST_IN_ALL
            if told >= fewest or depth == keys.shape[1] - 1:  # of all rows together there are enough
                found.append(int(key))
                counts.append(int(count))
                different.append(told if accounts is None else _counted(accounts[of_group]))
                kept.append(scores[of_group][_kept_ranks(int(count)) - 1])
                most.append(int(pieces[of_group].max()))
    by_key = np.argsort(found)
    return Calibration(
        depths=keys.shape[1],
        groups=np.array(found, np.int64)[by_key],
        starts=np.cumsum([0, *(len(kept[place]) for place in by_key)]).astype(np.int64),
        rows=np.array(counts, np.int64)[by_key],
        scores=np.concatenate([kept[place] for place in by_key]),
        most=np.array(most, np.int64)[by_key],
        cells=np.array(different, np.int64)[by_key],
    )


def thresholds(calibration: Calibration, groups: Ints, level: float) -> Floats:
    """By row, the smallest kept score that a new row's stays under or at with at least this probability.

    Raises:
        ValueError: the level is not between `LEAST_LEVEL` and `MOST_LEVEL`.
    """
    _expect_level(level)
    return _of_level(calibration, _group_places(calibration, groups), level)


def thresholds_and_most(calibration: Calibration, groups: Ints, level: float) -> tuple[Floats, Ints]:
    """`thresholds` and `most_pieces`, whose groups are looked up once."""
    _expect_level(level)
    places = _group_places(calibration, groups)
    most = calibration.most[places] if groups.min(initial=0) >= 0 else most_pieces(calibration, groups)
    return _of_level(calibration, places, level), most


def tailed(level: float, tail: float) -> float:
    """The level whose threshold answers for one, where `tail` of what it leaves out is to be left out: as a factor of the odds, of
    what the lowest level leaves out.

    The tail is told at one level, and so moves those near it: the lowest one stays, and a higher level is a higher one still.
    """
    out = (1 - level) / (1 - LEAST_LEVEL)
    return 1 - (1 - LEAST_LEVEL) * tail * out / (1 - out + tail * out)


def rows_behind(calibration: Calibration, groups: Ints) -> Ints:
    """By row, of how many held-out rows its threshold comes."""
    return np.asarray(calibration.rows[_group_places(calibration, groups)], np.int64)


def most_pieces(calibration: Calibration, groups: Ints) -> Ints:
    """By row, the most pieces of a held-out row of its group: a new row has more with a probability of 1 / (rows + 1) at most.

    A row of a group under 0 has the bound of the next kind.
    """
    bounding = np.where(groups < 0, _NOBODY, groups)
    return np.asarray(calibration.most[_group_places(calibration, bounding)], np.int64)


def _expect_level(level: float) -> None:
    if not LEAST_LEVEL <= level <= MOST_LEVEL:
        raise ValueError(f"a level of {level:g} is not between {LEAST_LEVEL:g} and {MOST_LEVEL:g}")


def _of_level(calibration: Calibration, places: Ints, level: float) -> Floats:
    level = tailed(level, calibration.tail)
    by_group = np.zeros(len(calibration.rows))
    for group in np.flatnonzero(np.bincount(places, minlength=len(by_group))).tolist():
        kept = _place(int(calibration.rows[group]), int(calibration.cells[group]), level)
        by_group[group] = calibration.scores[calibration.starts[group] + kept]
    return by_group[places]


def _group_places(calibration: Calibration, groups: Ints) -> Ints:
    """By row, the place of the finest group that was kept."""
    if groups.shape[1] < calibration.depths - 1:
        raise ValueError(f"groups of {groups.shape[1]} kinds in place of {calibration.depths - 1}")
    # A calibration of a release before may lack the coarser kinds.
    keys = _keys(groups[:, : calibration.depths - 1])
    places = np.minimum(np.searchsorted(calibration.groups, keys), len(calibration.groups) - 1)
    finest = np.argmax(calibration.groups[places] == keys, axis=1)
    return np.asarray(places[np.arange(len(places)), finest], np.int64)


def _keys(groups: Ints) -> Ints:
    """One number for depth and group; all rows have the same in the last column."""
    depths = groups.shape[1] + 1
    keys = np.zeros((len(groups), depths), np.int64)
    np.multiply(groups, depths, out=keys[:, :-1])
    keys += np.arange(depths)
    return keys


def _counted(accounts: Ints) -> int:
    """Accounts of rows that are more than `FEWEST_ACCOUNTS`, and that many at least."""
    return max(len(np.unique(accounts)), FEWEST_ACCOUNTS)


def _kept_ranks(rows: int) -> Ints:
    """Ranks, from 1 on, of the scores that are kept of so many: all from the lowest level on, or `KEPT_SCORES` of them."""
    lowest = max(int(rows * LEAST_LEVEL), 1)
    if rows - lowest < KEPT_SCORES:
        return np.arange(lowest, rows + 1)
    steps = np.arange(KEPT_SCORES + 1)
    return np.asarray(lowest - (-steps * (rows - lowest) // KEPT_SCORES), np.int64)


@lru_cache(maxsize=4_096)
def _place(rows: int, cells: int, level: float) -> int:
    """Where the score of the level stands among the kept: of cells the one of rank (cells + 1) x level, which is that share of
    the rows, or the next one kept."""
    # 1e-9: a product like 0.9 x 100 that comes out a little above its whole number is meant to be it.
    rank = min(int(np.ceil((cells + 1) * level * rows / cells - 1e-9)), rows)
    return int(np.searchsorted(_kept_ranks(rows), rank))
