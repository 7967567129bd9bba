"""Features of pairs and of products at a moment, by the same functions for a training's many rows and for one answer."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from ordercast.services.shared.demand.activity import Activity, Bools, Floats, Ints, pair_positions, positions
from ordercast.services.shared.demand.closed_shop import as_last_open, resting_days, unusual_pause
from ordercast.services.shared.demand.feature_list import (
    PAIR_FEATURES,
    PRODUCT_FEATURES,
    SHOP_RESTS,
    as_before,
    held,
    matrix,
    names,
)
from ordercast.services.shared.demand.known import LOG_UNITS, PRODUCT_PRIOR, Known, known_at, total
from ordercast.services.shared.demand.weekly_curves import YEAR_DAYS
from ordercast.services.shared.demand.weekly_levels import (
    curve_levels,
    lines_by_week,
    pieces_by_week,
    smoothed_levels,
    visit_levels,
    visits_by_week,
    weeks_on_sale,
)

_EPOCH_WEEKDAY: Final = 3  # 1970-01-01 was a Thursday; Monday is 0


class Features:
    """All that can be asked at one moment. Sums over what is known are made once, then any pairs are looked up.

    Pairs of a shop that rests have the features of the day after its last order, if it `rests`. `before`: all features as
    versions up to `ordercast.demand/5` learned from them, of quantities held to the shop's cap alone.
    """

    def __init__(self, known: Known, *, before: bool = False, rests: bool = True) -> None:
        self._known = known
        self.before = before
        self.resting_days = resting_days(known) if rests and not before else 0
        self._open = as_last_open(known) if self.resting_days else known
        pairs, self._products, accounts = _pairs(self._open), _products(self._open), _accounts(self._open)
        of_all = {SHOP_RESTS: float(np.log1p(self.resting_days)), **_calendar(known.moment)}
        self._of_all = np.array(list(of_all.values()))
        # Side by side, so that few steps lead to one answer.
        self._pair_values, self._product_values, self._account_values = (
            np.column_stack(list(columns.values())) for columns in (pairs, self._products, accounts)
        )
        self._pair_lines, self._pair_log_sum = pairs["lines"], pairs["log_sum"]
        self._pair_features = as_before(PAIR_FEATURES) if before else PAIR_FEATURES
        of_account, of_product = (
            (f"account_{name}" for name in accounts),
            (f"product_{name}" for name in self._products),
        )
        found = [*pairs, *of_account, *of_product, "pair_level", *of_all]
        self._pair_columns = np.array([found.index(name) for name in names(PAIR_FEATURES)], np.int64)

    @property
    def moment(self) -> int:
        """The day, counted from 1970-01-01, before which all is known."""
        return self._known.moment

    @property
    def silent_days(self) -> int:
        """Days before the moment of which nothing is known: no order, no view, nothing taken back."""
        known_on = self._known.activity.row_known_on
        rows = int(np.searchsorted(known_on, self.moment))
        return self.moment - 1 - int(known_on[rows - 1]) if rows else 0

    @cached_property
    def unusual_pause(self) -> int:
        """Days without an order of the whole shop before the moment, if they are far more than its usual pauses; else 0."""
        return unusual_pause(self._known)

    @cached_property
    def known_products(self) -> Ints:
        """The ids of the products with an order, a view or a cart before the moment, sorted."""
        known = np.zeros(len(self._known.activity.products), np.bool_)
        known[self._known.days.product] = True  # of a large shop fifty times as fast as sorting its days
        return np.asarray(self._known.activity.products[known], np.int64)

    def products_of(self, account_id: int) -> Ints:
        """The ids of the products that the account ordered, viewed or put into the cart before the moment, the latest first."""
        activity, days = self._known.activity, self._known.days
        [account] = positions(activity.accounts, np.array([account_id], np.int64))
        # Pairs are sorted by account, pair-days by pair and day: an account's stand together, and a pair's last day at its end.
        pairs = np.searchsorted(activity.pair_account, (account, account + 1))
        rows = slice(*np.searchsorted(days.pair, pairs)) if account >= 0 else slice(0)
        latest = np.flatnonzero(np.diff(days.pair[rows], append=-1))
        product_ids = activity.products[days.product[rows][latest]]
        return np.asarray(product_ids[np.lexsort((product_ids, -days.day[rows][latest]))], np.int64)

    def of_pairs(self, account_ids: Ints, product_ids: Ints) -> Floats:
        """[pairs, PAIR_FEATURES]; what is not known has the features of something new."""
        known = self._open
        pair, account, product = pair_positions(known.activity, account_ids, product_ids)
        expected = known.product_log[product] + known.factor[account]
        level = (self._pair_log_sum[pair] + expected) / (self._pair_lines[pair] + 1)
        found = (
            self._pair_values[pair],
            self._account_values[account],
            self._product_values[product],
            level[:, None],
            np.broadcast_to(self._of_all, (len(pair), len(self._of_all))),
        )
        return held(self._pair_features, np.take(np.concatenate(found, axis=1), self._pair_columns, axis=1))

    def touched(self, account_ids: Ints, product_ids: Ints) -> Bools:
        """Of pairs, whether the account had ordered or viewed the product, or put it into the cart, before the moment."""
        pair = pair_positions(self._known.activity, account_ids, product_ids)[0]
        return np.asarray((pair >= 0) & self._touched[pair], np.bool_)

    @cached_property
    def _touched(self) -> Bools:
        """By pair that anything ever happened to."""
        touched = np.zeros(self._known.pairs, np.bool_)
        touched[self._known.days.pair] = True
        return touched

    def of_known_pairs(self, most: int) -> Floats:
        """The same of the pairs with anything known, as if no shop rested; of more than `most`, every second, third and so on."""
        if self.resting_days:
            return Features(self._known, rests=False).of_known_pairs(most)
        activity, pair = self._known.activity, np.unique(self._known.days.pair)
        pair = pair[:: max(-(-len(pair) // most), 1)]
        account_ids = activity.accounts[activity.pair_account[pair]]
        return self.of_pairs(account_ids, activity.products[activity.pair_product[pair]])

    def of_products(self, product_ids: Ints) -> Floats:
        """[products, PRODUCT_FEATURES]; a product that is not known has the features of a new one."""
        return self._weekly.rows(product_ids, before=self.before)

    @cached_property
    def _weekly(self) -> "_Weekly":
        """Made when a product is asked for, and once: of a large shop it takes as long as a page may."""
        return _weekly(self._known, _products(self._known) if self.resting_days else self._products)


def features_at(activity: Activity, moment: int, *, before: bool = False) -> Features:
    """Of one moment; `before`: as a version of a release before learned from them."""
    return Features(known_at(activity, moment, own_caps=not before), before=before)


def features_of_products(known: Known, product_ids: Ints, *, before: bool = False) -> Floats:
    """The same as `Features.of_products`, without the sums by pair and account."""
    return _weekly(known, _products(known)).rows(product_ids, before=before)


@dataclass(frozen=True, slots=True)
class _Weekly:
    """All features of products: those `of_each`, and what is the same of all."""

    products: Ints
    of_each: dict[str, Floats]
    of_all: dict[str, float]

    def rows(self, product_ids: Ints, *, before: bool) -> Floats:
        product = positions(self.products, product_ids)
        columns = {name: column[product] for name, column in self.of_each.items()}
        features = as_before(PRODUCT_FEATURES) if before else PRODUCT_FEATURES
        return matrix(features, {**columns, **self.of_all}, len(product))


def _weekly(known: Known, products: dict[str, Floats]) -> _Weekly:
    weeks = pieces_by_week(known)
    by_week = _weeks(known, weeks, np.expm1(products["level"]))
    return _Weekly(
        known.activity.products, products | by_week, _shop(known, weeks.sum(axis=0)) | _calendar(known.moment)
    )


def _log(values: Ints | Floats) -> Floats:
    return np.log1p(np.maximum(values, 0).astype(np.float64))


def _ratio(part: Ints | Floats, whole: Ints | Floats) -> Floats:
    """The quotient; not-a-number without a whole."""
    return np.divide(part, whole, out=np.full(np.shape(part), np.nan), where=np.asarray(whole) > 0)


def _span(known: Known, group: Ints, groups: int) -> tuple[Ints, Ints]:
    """The first and the last day with an order by group; the moment itself and -1 without one."""
    ordered = known.days.ordered
    first, last = np.full(groups, known.moment, np.int64), np.full(groups, -1, np.int64)
    np.minimum.at(first, group[ordered], known.days.day[ordered])
    np.maximum.at(last, group[ordered], known.days.day[ordered])
    return first, last


def _ago(known: Known, day: Ints, orders: Ints) -> Floats:
    """log(1 + days) before the moment; unknown without an order."""
    return np.where(orders > 0, _log(known.moment - day), np.nan)


def _since(known: Known, days: int) -> Bools:
    return known.days.day >= known.moment - days


def _pairs(known: Known) -> dict[str, Floats]:
    days, groups = known.days, known.pairs
    orders, log_sum = total(days.pair, days.ordered, groups), total(days.pair, days.log_pieces, groups) / LOG_UNITS
    first, last = _span(known, days.pair, groups)
    after_last = days.day > last[days.pair]
    is_last = days.ordered & (days.day == last[days.pair])

    def summed(values: Ints, where: Bools) -> Floats:
        return _log(total(days.pair, np.where(where, values, 0), groups))

    return {
        "lines": orders.astype(np.float64),
        "log_sum": log_sum,
        "pair_known": (orders > 0).astype(np.float64),
        "pair_orders": _log(orders),
        "pair_pieces": _log(total(days.pair, days.pieces, groups)),
        "pair_days_since_first": _ago(known, first, orders),
        "pair_days_since_last": _ago(known, last, orders),
        "pair_last_quantity": summed(days.pieces, is_last),
        "pair_mean_log_quantity": _ratio(log_sum, orders),
        **{f"pair_views_{span}": summed(days.views, _since(known, span)) for span in (7, 28, 90)},
        "pair_views_since_order": summed(days.views, after_last),
        "pair_carts_28": summed(days.carts, _since(known, 28)),
        "pair_carts_since_order": summed(days.carts, after_last),
    }


def _products(known: Known) -> dict[str, Floats]:
    days, groups = known.days, known.products
    lines = total(days.product, days.ordered, groups)
    lines_28 = total(days.product, days.ordered & _since(known, 28), groups)
    log_28 = total(days.product, np.where(_since(known, 28), days.log_pieces, 0), groups) / LOG_UNITS
    first, last = _span(known, days.product, groups)
    is_last = days.day == last[days.product]
    log_price = _log_price(known, days.priced)
    level = smoothed_levels(pieces_by_week(known), weeks_on_sale(known))
    return {
        "level": _log(level),
        "lines": _log(lines),
        "lines_7": _log(total(days.product, days.ordered & _since(known, 7), groups)),
        "lines_28": _log(lines_28),
        "accounts": _log(_distinct(known, known.activity.pair_product, groups)),
        "mean_log_quantity": known.product_log,
        "mean_log_quantity_28": (log_28 + PRODUCT_PRIOR * known.product_log) / (lines_28 + PRODUCT_PRIOR),
        "mean_price": np.log1p(np.exp(log_price)),
        "price_ratio": _log_price(known, is_last) - log_price,
        "age": _ago(known, first, lines),
        "days_since_last": _ago(known, last, lines),
        "views_28": _log(total(days.product, np.where(_since(known, 28), days.views, 0), groups)),
    }


def _log_price(known: Known, where: Bools) -> Floats:
    """Mean log price of a piece by product over some pair-days, so that a large order counts as one; unknown without any."""
    days, counted = known.days, known.days.priced & where
    sums = total(days.product, np.where(counted, days.log_price, 0), known.products)
    return _ratio(sums / LOG_UNITS, total(days.product, counted, known.products))


def _accounts(known: Known) -> dict[str, Floats]:
    days, groups = known.days, known.accounts
    lines = total(days.account, days.ordered, groups)
    first, last = _span(known, days.account, groups)
    return {
        "orders": _log(known.account_orders),
        "lines": _log(lines),
        "products": _log(_distinct(known, known.activity.pair_account, groups)),
        "age": _ago(known, first, lines),
        "days_since_last": _ago(known, last, lines),
        "factor": known.factor,
        "factor_60": known.factor_60,
        "views_28": _log(total(days.account, np.where(_since(known, 28), days.views, 0), groups)),
    }


def _distinct(known: Known, side: Ints, groups: int) -> Ints:
    """Pairs with an order, by their product or account."""
    with_order = total(known.days.pair, known.days.ordered, known.pairs)[:-1] > 0
    return np.bincount(side[with_order], minlength=groups).astype(np.int64)


def _weeks(known: Known, weeks: Ints, level: Floats) -> dict[str, Floats]:
    last_8 = weeks[:, :8]
    visits = visits_by_week(known)
    visit_level, curve = visit_levels(weeks, visits, level), curve_levels(weeks, visits, lines_by_week(known))
    return {
        "visit_level": _log(visit_level),
        "curve_level": _log((visit_level + curve) / 2),
        **{f"week_{ago}": _log(weeks[:, ago - 1]) for ago in range(1, 7)},
        **{f"mean_{count}": _log(weeks[:, :count].sum(axis=1) / count) for count in (2, 4, 8, 13)},
        "mean_all": _log(_ratio(weeks.sum(axis=1), weeks_on_sale(known))),
        "median_8": _log(np.median(last_8, axis=1)),
        "most_8": _log(last_8.max(axis=1)),
        "empty_8": (last_8 == 0).mean(axis=1),
    }


def _shop(known: Known, weeks: Ints) -> dict[str, float]:
    """How all products went lately, from their pieces by week. Nothing sold is the lowest that a feature can be, for however long a
    shop has been closed; one that never had an order is as it always was."""
    sold = np.flatnonzero(weeks)
    since_first = weeks[: sold[-1] + 1] if len(sold) else weeks[:1]
    nothing = -np.inf if known.account_orders.any() else 0.0

    def ratio(part: Ints, whole: Ints) -> float:
        return float(np.log(part.mean() / whole.mean())) if part.any() else nothing

    return {"shop_week": ratio(weeks[:1], weeks[:8]), "shop_month": ratio(since_first[:4], since_first)}


def _calendar(moment: int) -> dict[str, float]:
    weekday = 2 * np.pi * ((moment + _EPOCH_WEEKDAY) % 7) / 7
    year = 2 * np.pi * (moment % YEAR_DAYS) / YEAR_DAYS
    return {
        "weekday_sin": float(np.sin(weekday)),
        "weekday_cos": float(np.cos(weekday)),
        "year_sin": float(np.sin(year)),
        "year_cos": float(np.cos(year)),
    }
