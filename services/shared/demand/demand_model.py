"""A version of `demand` as it answers: the trainer judges and calibrates by this class, and the predictor serves by it.

All methods take features in the order of the whole list (`PAIR_FEATURES`, `PRODUCT_FEATURES`); each question picks its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ordercast.contracts.because import Sentence, sentence
from ordercast.contracts.demand_forward import DemandAnswer, DemandNetworks
from ordercast.contracts.demand_manifest import Question
from ordercast.services.shared.demand.boosted_member import BoostedMember
from ordercast.services.shared.demand.closed_shop import left_of
from ordercast.services.shared.demand.conformal import Calibration, Floats, Ints, thresholds_and_most
from ordercast.services.shared.demand.feature_list import PAIR_FEATURES, PRODUCT_FEATURES, Feature, names
from ordercast.services.shared.demand.interval_groups import (
    ON_SALE_DAYS,
    YOUNG_DAYS,
    Bools,
    line_groups,
    pair_groups,
    product_groups,
    stock_groups,
)
from ordercast.services.shared.demand.intervals import Said, intervals, most_by_mean, of_several_weeks, stock
from ordercast.services.shared.demand.seen import Seen, outside
from ordercast.services.shared.demand.silences import (
    PRODUCT_SILENCE,
    dead_as_usual,
    lasting,
    never_sold,
    silent_products,
)
from ordercast.services.shared.demand.spread import said_of_pairs, said_of_pieces
from ordercast.services.shared.demand.young_products import leveled, resting

FEATURES: Final[Mapping[Question, tuple[Feature, ...]]] = {
    "pair": PAIR_FEATURES,
    "line": PAIR_FEATURES,
    "product": PRODUCT_FEATURES,
}
CALIBRATIONS: Final = ("pair", "line", "week", "stock")
# Rows that are answered at once: ten members of 64 units are 20 MB.
SLICE: Final = 8_192
# Of a product, in products by week.
AGE: Final = "age"
VISIT_LEVEL: Final = "visit_level"
SMOOTHED_LEVEL: Final = "level"


@dataclass(frozen=True, slots=True)
class QuestionModel:
    """The networks of one question, which columns of its features they take, and the boosted member if it has one.

    `levels_young`: the level answers for products younger than any learned from. `rests`: silences that nothing learned from had
    let what is expected fall, and a week without any order of the shop is none like others. The version was judged and calibrated
    so. `shop_rests`: the place among all features of the days for which the shop rests, in questions that have them. `of_products`:
    it is asked for products by week.
    """

    features: tuple[Feature, ...]
    columns: Ints
    level: int
    networks: DemandNetworks
    seen: Seen
    horizon_days: int
    boosted: BoostedMember | None = None
    levels_young: bool = True
    rests: bool = True
    shop_rests: int | None = None
    of_products: bool = False

    @property
    def age(self) -> int | None:
        """The place of a product's age among the features, if it is one of them."""
        found = names(self.features)
        return found.index(AGE) if AGE in found else None

    def answer(self, values: Floats, weeks_ahead: int = 0, *, spread: bool = True) -> DemandAnswer:
        """For values [rows, all features], a slice of the rows at a time; `spread` as the networks have it."""
        inputs = np.empty((len(values), len(self.columns) + 1))
        inputs[:, :-1], inputs[:, -1] = self._own(values), weeks_ahead
        level = np.expm1(values[:, self.level])
        parts = [
            self._of_slice(
                values[first : first + SLICE], inputs[first : first + SLICE], level[first : first + SLICE], spread
            )
            for first in range(0, max(len(values), 1), SLICE)
        ]
        if len(parts) == 1:
            return parts[0]
        columns = (
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("order_probability", "mean", "low", "median", "high")
        )
        return DemandAnswer(*columns)

    def _of_slice(self, values: Floats, inputs: Floats, level: Floats, spread: bool) -> DemandAnswer:
        answer = self.networks.answer(inputs, level, spread=spread)
        if self.boosted is not None:
            answer = self.boosted.mixed(answer, inputs, level, np.expm1(values[:, self.boosted.holds_back]))
        features = inputs[:, :-1]
        if "order" in self.networks.heads:
            # An order has a piece at least; networks said 0.6 in the mean of pairs that they know little of.
            answer = replace(answer, mean=np.maximum(answer.mean, np.float32(1)))
        if self.rests and "order" in self.networks.heads:
            lasts = lasting(self.seen, self.features, features, self.horizon_days)
            if self.shop_rests is not None:
                lasts = lasts * left_of(values[:, self.shop_rests])
            return replace(answer, order_probability=answer.order_probability * lasts.astype(np.float32))
        if self.levels_young and self.age is not None:
            answer = leveled(answer, level, features[:, self.age] < self.seen.low[self.age])
        if self.rests and self.of_products:
            silent = silent_products(self.seen, self.features, features)
            unsold = never_sold(values)
            # Of a silent one no more than smoothing says: a curve goes on for months where a product sells seldom.
            known = np.where(silent, np.minimum(level, np.expm1(values[:, _place(SMOOTHED_LEVEL)])), level)
            # What visits let expect of one that never sold, and nothing without any; of a shop that rests not even that.
            known = np.where(unsold & ~silent, np.expm1(values[:, _place(VISIT_LEVEL)]), known)
            answer = resting(answer, known, silent | unsold)
        return answer

    def may_sell_nothing(self, values: Floats) -> Bools:
        """By row of a product: it rests, or never sold, so that its level answers, and its intervals begin at 0."""
        silent = silent_products(self.seen, self.features, self._own(values))
        return np.asarray((silent | never_sold(values)) & self.rests, np.bool_)

    def outside(self, values: Floats, product_ids: Ints, silent_days: int = 0) -> list[tuple[Sentence, ...]]:
        """By row, why what was learned says nothing about it, or about a shop so long silent; empty where it does."""
        found = outside(self.seen, self.features, self._own(values), product_ids, self.horizon_days, silent_days)
        if self.shop_rests is None:
            return found
        rests = np.rint(np.expm1(values[:, self.shop_rests])).astype(np.int64).tolist()
        return [
            (sentence("shop-rests", days=days), *reasons) if days else reasons
            for days, reasons in zip(rests, found, strict=True)
        ]

    def _own(self, values: Floats) -> Floats:
        """The features that the networks take, of all."""
        own = values[:, self.columns]
        return own if self.rests else dead_as_usual(self.features, own)


@dataclass(frozen=True, slots=True)
class PairAnswers:
    """By row: the probability of an order within the horizon, pieces if there is one, and all pieces with their interval."""

    order_probability: Floats
    mean: Floats
    median: Floats
    expected: Floats
    low: Ints
    high: Ints


@dataclass(frozen=True, slots=True)
class PieceAnswers:
    """Expected pieces and their interval: [rows] of order lines, [rows, weeks] of products."""

    expected: Floats
    median: Floats
    low: Ints
    high: Ints


@dataclass(frozen=True, slots=True)
class DemandModel:
    """It holds no state of a call, so any thread may use it.

    `young_apart`: young products have intervals of their own. The version was calibrated so. `before`: it is to be asked by
    features as releases up to `ordercast.demand/5` made them (`Features`), and its intervals are rounded as theirs.
    """

    questions: Mapping[Question, QuestionModel]
    calibrations: Mapping[str, Calibration]
    young_apart: bool = True
    before: bool = False

    def pairs(self, values: Floats, level: float) -> PairAnswers:
        """Within the horizon. Raises ValueError for a level that no calibration has."""
        return self.with_intervals(self.questions["pair"].answer(values), level)

    def with_intervals(self, answer: DemandAnswer, level: float) -> PairAnswers:
        """What `pairs` says from what the networks have answered."""
        said = self._as_calibrated(said_of_pairs(answer))
        groups = _groups_of_pairs(answer, said)
        low, high = _intervals(self.calibrations["pair"], said, groups, level)
        probability, mean, median = (
            column.astype(np.float64) for column in (answer.order_probability, answer.mean, answer.median)
        )
        # An order has a piece at least.
        return PairAnswers(probability, mean, np.maximum(median, 1.0), said.mean, low, high)

    def lines(self, values: Floats, level: float) -> PieceAnswers:
        """The next order line. Raises ValueError for a level that no calibration has."""
        answer, said, groups = self.said_of_lines(values)
        low, high = _intervals(self.calibrations["line"], said, groups, level)
        return PieceAnswers(said.mean, answer.median.astype(np.float64), low, high)

    def products(self, values: Floats, weeks: int, level: float) -> PieceAnswers:
        """Pieces of the next weeks, each [rows, weeks]. Raises ValueError for a level that no calibration has."""
        return self._weeks(values, self._said_by_week(values, weeks), level)

    def forecasts(self, values: Floats, weeks: int, level: float, service_level: float) -> tuple[PieceAnswers, Ints]:
        """What `products` says, and pieces that are enough for all of the next weeks with the probability `service_level` [rows].

        Raises ValueError for a level that no calibration has.
        """
        by_week = self._said_by_week(values, weeks)
        return self._weeks(values, by_week, level), self._stock(values, [said for said, _ in by_week], service_level)

    def stock(self, values: Floats, weeks: int, service_level: float) -> Ints:
        """The second of these alone."""
        return self._stock(values, [said for said, _ in self._said_by_week(values, weeks)], service_level)

    def _weeks(self, values: Floats, by_week: Sequence[tuple[Said, Ints]], level: float) -> PieceAnswers:
        columns, calibration, unsold = [], self.calibrations["week"], _off_sale(values)
        nothing = self.questions["product"].may_sell_nothing(values)
        for said, groups in by_week:
            low, high = intervals(said, *_bounds(calibration, said, groups, level, unsold))
            columns.append((said.mean, np.expm1(said.middle), np.where(nothing, 0, low), high))
        return PieceAnswers(*(np.column_stack(column) for column in zip(*columns, strict=True)))

    def _stock(self, values: Floats, by_week: Sequence[Said], service_level: float) -> Ints:
        """At least what is enough for fewer weeks.

        Each number of weeks has thresholds of its own, where enough of it is held out: by themselves they could say less for more
        weeks.
        """
        enough, calibration = np.zeros(len(by_week[0].mean), np.int64), self.calibrations["stock"]
        young, unsold = self._young(values), _off_sale(values)
        for count in range(1, len(by_week) + 1):
            said, groups = _of_weeks_together(by_week[:count], young)
            enough = np.maximum(enough, stock(said, *_bounds(calibration, said, groups, service_level, unsold)))
        return enough

    def said_of_pairs(self, values: Floats) -> tuple[DemandAnswer, Said, Ints]:
        """The answer, its spread, and the groups of its interval."""
        answer = self.questions["pair"].answer(values)
        said = self._as_calibrated(said_of_pairs(answer))
        return answer, said, _groups_of_pairs(answer, said)

    def said_of_lines(self, values: Floats) -> tuple[DemandAnswer, Said, Ints]:
        """The same of the next order line."""
        answer = self.questions["line"].answer(values)
        said = self._as_calibrated(said_of_pieces(answer))
        known = values[:, names(PAIR_FEATURES).index("pair_known")] > 0
        return answer, said, line_groups(said.mean, _lines(PAIR_FEATURES, values), known)

    def said_of_week(self, values: Floats, ahead: int) -> tuple[Said, Ints]:
        """The spread of a product's pieces in one of the next weeks, from 1 on, and the groups of its interval."""
        said = self._as_calibrated(said_of_pieces(self.questions["product"].answer(values, ahead)))
        return said, product_groups(said.mean, _lines(PRODUCT_FEATURES, values), self._young(values))

    def said_of_weeks_together(self, values: Floats, weeks: int) -> tuple[Said, Ints]:
        """The same of all pieces of the next weeks."""
        return _of_weeks_together([said for said, _ in self._said_by_week(values, weeks)], self._young(values))

    def _as_calibrated(self, said: Said) -> Said:
        return replace(said, outward=False) if self.before else said

    def _young(self, values: Floats) -> Bools:
        age = values[:, names(PRODUCT_FEATURES).index(AGE)]
        return np.asarray((age < np.log1p(YOUNG_DAYS)) & self.young_apart, np.bool_)

    def _said_by_week(self, values: Floats, weeks: int) -> list[tuple[Said, Ints]]:
        return [self.said_of_week(values, ahead) for ahead in range(1, weeks + 1)]


def _intervals(calibration: Calibration, said: Said, groups: Ints, level: float) -> tuple[Ints, Ints]:
    return intervals(said, *thresholds_and_most(calibration, groups, level))


def _off_sale(values: Floats) -> Bools:
    """Products that are none of those calibrated on: without an order for so long, or ever."""
    return np.asarray(values[:, _place(PRODUCT_SILENCE)] > np.log1p(ON_SALE_DAYS), np.bool_)


def _bounds(calibration: Calibration, said: Said, groups: Ints, level: float, off_sale: Bools) -> tuple[Floats, Ints]:
    """Thresholds of a product's interval or stock, and what bounds it: the most that was seen of its group.

    Thresholds say nothing of products off sale, for none was held out: those of the smallest group, as factors of half a piece,
    stocked 11,000 pieces of products of a real shop of which nine were expected. Of these the mean is all that is known.
    """
    wide, most = thresholds_and_most(calibration, groups, level)
    return wide, np.where(off_sale, np.minimum(most, most_by_mean(said.mean, level)), most)


def _of_weeks_together(by_week: Sequence[Said], young: Bools) -> tuple[Said, Ints]:
    said = of_several_weeks(by_week)
    return said, stock_groups(said.mean, np.full(len(said.mean), len(by_week)), young)


def _place(feature: str) -> int:
    """Of a product's feature, among all."""
    return names(PRODUCT_FEATURES).index(feature)


def _groups_of_pairs(answer: DemandAnswer, said: Said) -> Ints:
    return pair_groups(answer.order_probability.astype(np.float64), said.mean)


def _lines(features: Sequence[Feature], values: Floats) -> Floats:
    """Lines of each row's product so far."""
    name = "product_lines" if features is PAIR_FEATURES else "lines"
    return np.asarray(np.expm1(values[:, names(features).index(name)]), np.float64)
