"""Rows of the three questions at past moments: features of what was known, and the pieces that came after.

Cancelled pieces are taken off the targets as far as they were known before `until`, the day before which all may be used.
`before`: with features as versions up to `ordercast.demand/5` learned from them (`Features`), for answers of such a version; the
rows are the same.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from ordercast.services.shared.demand.activity import Activity, Bools, Floats, Ints
from ordercast.services.shared.demand.feature_list import PAIR_FEATURES, PRODUCT_FEATURES, Feature, names
from ordercast.services.shared.demand.features import Features, features_at, features_of_products
from ordercast.services.shared.demand.interval_groups import ON_SALE_DAYS
from ordercast.services.shared.demand.known import Known, known_at, total

Advance = Callable[[int], None]
# No day has so high a number: that of the year 2243.
_MOST_DAYS = 100_000


class RowsRefused(ValueError):
    """The moments leave no time for what is asked to happen."""


@dataclass(frozen=True, slots=True)
class Rows:
    """`values` [rows, features] as of `moment`; `target` in whole pieces; `weeks_ahead` is 0 but for products by week.

    `account_id` is 0 for rows of a product.
    """

    features: tuple[Feature, ...]
    values: Floats
    moment: Ints
    account_id: Ints
    product_id: Ints
    weeks_ahead: Ints
    target: Ints

    def column(self, name: str) -> Floats:
        """A feature by name."""
        return self.values[:, names(self.features).index(name)]

    def where(self, chosen: Bools) -> "Rows":
        """Some of the rows."""
        return Rows(
            features=self.features,
            values=self.values[chosen],
            moment=self.moment[chosen],
            account_id=self.account_id[chosen],
            product_id=self.product_id[chosen],
            weeks_ahead=self.weeks_ahead[chosen],
            target=self.target[chosen],
        )

    def only(self, features: tuple[Feature, ...]) -> "Rows":
        """The rows with some of their features, in this order."""
        places = [names(self.features).index(feature.name) for feature in features]
        return replace(self, features=features, values=self.values[:, places])

    def __len__(self) -> int:
        return len(self.target)


def pair_rows(
    activity: Activity,
    moments: Iterable[int],
    horizon_days: int,
    until: int,
    advance: Advance = lambda _: None,
    most: int | None = None,
    *,
    judged: bool = False,
    before: bool = False,
) -> Rows:
    """All pairs known at each moment, also those only viewed, and their pieces within the horizon.

    Where more than `most` are known at a moment, every second, third... of them. A moment at which the shop rests has none: what
    its pairs are told is of another day, and was not followed by nothing. Of rows that are only `judged` by, also such a moment has
    them, as if no shop rested, if the shop sold within the horizon: all that is judged may be of one moment.

    Raises:
        RowsRefused: a horizon ends after `until`.
    """
    pieces = _net_pieces(activity, until)
    parts = []
    for moment in moments:
        _refuse_late(moment, horizon_days, until)
        known = known_at(activity, moment, own_caps=not before)
        pair = known.days.pair[np.diff(known.days.pair, prepend=-1) > 0]  # they stand in order
        target = _summed(activity, pieces, moment, horizon_days, activity.pair_day_pair, known.pairs)
        features = Features(known, before=before, rests=not (judged and target.any()))
        if features.resting_days:
            advance(1)
            continue
        if most is not None:
            pair = pair[:: max(-(-len(pair) // most), 1)]
        target = target[pair]
        parts.append(_pairs_at(features, activity, moment, pair, target))
        advance(1)
    return _joined(PAIR_FEATURES, parts)


def line_rows(
    activity: Activity,
    first: int,
    after_last: int,
    until: int,
    advance: Advance = lambda _: None,
    *,
    before: bool = False,
) -> Rows:
    """The lines from `first` on and before `after_last`: a pair's pieces of a day, as of that day's start.

    Lines of which nothing is left are no rows.

    Raises:
        RowsRefused: the last day ends after `until`.
    """
    _refuse_late(after_last, 0, until)
    pieces = _net_pieces(activity, until)
    parts = []
    for day in range(first, after_last):
        line = np.flatnonzero((activity.pair_day_day == day) & (pieces > 0))
        if len(line):
            features = features_at(activity, day, before=before)
            parts.append(_pairs_at(features, activity, day, activity.pair_day_pair[line], pieces[line]))
        advance(1)
    return _joined(PAIR_FEATURES, parts)


def product_rows(
    activity: Activity,
    moments: Iterable[int],
    weeks: int,
    until: int,
    advance: Advance = lambda _: None,
    youngest_days: int = 1,
    *,
    before: bool = False,
) -> Rows:
    """All products with an order in the 13 weeks before each moment, and the first at least so many days before it.

    Each has a row for each of the next weeks that ends by `until`; a week is seven days from the moment on.

    Raises:
        RowsRefused: not even the first week ends by `until`.
    """
    pieces = _net_pieces(activity, until)
    parts = []
    for moment in moments:
        _refuse_late(moment, 7, until)
        known = known_at(activity, moment, own_caps=not before)
        product = _on_sale(known, youngest_days)
        product_id = activity.products[product]
        values = features_of_products(known, product_id, before=before)
        row_product = activity.pair_product[activity.pair_day_pair]
        for ahead in range(1, min(weeks, (until - moment) // 7) + 1):
            start = moment + 7 * (ahead - 1)
            target = _summed(activity, pieces, start, 7, row_product, known.products)[product]
            nobody = np.zeros_like(product_id)
            parts.append((values, nobody + moment, nobody, product_id, nobody + ahead, target))
        advance(1)
    return _joined(PRODUCT_FEATURES, parts)


def pieces_together(rows: Rows) -> Ints:
    """By row of a product, its pieces from the moment on up to the end of the row's week."""
    order = np.lexsort((rows.weeks_ahead, rows.product_id, rows.moment))
    first = np.flatnonzero(rows.weeks_ahead[order] == 1)
    after = np.cumsum(rows.target[order])
    before_first = (after - rows.target[order])[first]
    together = np.empty(len(rows), np.int64)
    together[order] = after - np.repeat(before_first, np.diff(first, append=len(order)))
    return together


def weeks_told(rows: Rows, days: Ints | int = 7) -> Ints:
    """By row of a product, which of its weeks, or of its spans of so many days, the row tells of: several moments ask for one."""
    end = rows.moment + 7 * rows.weeks_ahead
    return np.asarray(rows.product_id * _MOST_DAYS + end // days, np.int64)


_Part = tuple[Floats, Ints, Ints, Ints, Ints, Ints]


def _pairs_at(features: Features, activity: Activity, moment: int, pair: Ints, target: Ints) -> _Part:
    account_id = activity.accounts[activity.pair_account[pair]]
    product_id = activity.products[activity.pair_product[pair]]
    values = features.of_pairs(account_id, product_id)
    return values, np.full(len(pair), moment, np.int64), account_id, product_id, np.zeros_like(pair), target


def _joined(features: tuple[Feature, ...], parts: list[_Part]) -> Rows:
    if not parts:
        none = np.zeros(0, np.int64)
        return Rows(features, np.zeros((0, len(features))), none, none, none, none, none)
    values, moment, account_id, product_id, weeks_ahead, target = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    return Rows(features, values, moment, account_id, product_id, weeks_ahead, target)


def _net_pieces(activity: Activity, until: int) -> Ints:
    """By pair-day, the pieces that were left at `until`; negative where an order of another day was taken back."""
    rows = int(np.searchsorted(activity.row_known_on, until))
    net = activity.sums["quantity"][:rows] - activity.sums["cancelled_quantity"][:rows]
    return total(activity.row_pair_day[:rows], net, len(activity.pair_day_pair))


def _summed(activity: Activity, pieces: Ints, start: int, days: int, group: Ints, groups: int) -> Ints:
    """Pieces of some days by group of the pair-days, never under 0."""
    within = (activity.pair_day_day >= start) & (activity.pair_day_day < start + days)
    return np.maximum(total(group[within], pieces[within], groups), 0)


def _on_sale(known: Known, youngest_days: int) -> Ints:
    product, day = known.days.product[known.days.ordered], known.days.day[known.days.ordered]
    early, late = product[day <= known.moment - youngest_days], product[day >= known.moment - ON_SALE_DAYS]
    return np.intersect1d(early, late)


def _refuse_late(moment: int, days: int, until: int) -> None:
    if moment + days > until:
        raise RowsRefused(
            f"the {days} days from {np.datetime64(moment, 'D')} on end after {np.datetime64(until, 'D')}, until which all is known"
        )
