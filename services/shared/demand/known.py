"""What was known at a moment: sums by pair, product and account of everything that came to be known before that day."""

from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from ordercast.services.shared.demand.activity import AMOUNT_UNITS, Activity, Bools, Floats, Ints

# Logarithms as whole multiples of 2**-20: their sums are exact in any order, and a millionth is finer than any use.
LOG_UNITS: Final = 2**20
# Pieces of one pair on one day count as at most four times what the largest but one in a hundred of all (and at least one) had. A
# rank further up would be a huge order itself in a small shop that has had some.
CAPPED_SHARE: Final = 100
CAPPED_TIMES: Final = 4
# Or four times the median of the product's, or the pair's, own lines, if it has so many: who always sells thousands in a shop of
# single pieces is not held to these. A median does not hear of huge orders that are fewer than half of all, nor of a few in all.
OWN_LINES: Final = 10
# Views or carts of one pair on one day: whoever looks more often is a machine.
MOST_VIEWS_A_DAY: Final = 20
# Lines that the mean of all counts for, beside a product's own.
PRODUCT_PRIOR: Final = 10
# Lines that an account's factor of one counts for, beside its own.
ACCOUNT_PRIOR: Final = 5
# Mean log quantity of a shop without a line, log(1 + 6 pieces).
NO_LINES_LOG: Final = float(np.log1p(6))


@dataclass(frozen=True, slots=True)
class PairDays:
    """Known pair-days by pair, then day; `ordered` where pieces are left after what was cancelled."""

    pair: Ints
    account: Ints
    product: Ints
    day: Ints
    pieces: Ints  # capped, negative for a cancellation whose order stands on another day
    log_pieces: Ints  # in 1 / LOG_UNITS
    log_price: Ints  # of a piece, in 1 / LOG_UNITS
    priced: Bools  # pieces were ordered at a price
    views: Ints
    carts: Ints
    ordered: Bools

    def where(self, chosen: Bools) -> "PairDays":
        """Some of them."""
        return PairDays(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})


@dataclass(frozen=True, slots=True)
class Known:
    """The state at `moment` (days since 1970-01-01): what happened on this day is not in it.

    Each table by pair, product or account has one place more, the last (-1): one of which nothing is known.
    """

    moment: int
    activity: Activity
    pairs: int
    products: int
    accounts: int
    days: PairDays
    cap: int  # of the shop
    mean_log: float
    product_log: Floats  # by product, shrunken to all
    factor: Floats  # by account: mean of log quantity over its products' means, shrunken to 0
    factor_60: Floats  # of the last 60 days, shrunken to `factor`
    account_orders: Ints


def known_at(activity: Activity, moment: int, *, own_caps: bool = True) -> Known:
    """The state at a moment, from the rows known before it alone; without `own_caps` all pieces are held to the shop's cap."""
    rows = int(np.searchsorted(activity.row_known_on, moment))
    account = activity.pair_account[activity.pair_day_pair[activity.row_pair_day[:rows]]]
    orders = total(account, activity.sums["first_lines"][:rows], len(activity.accounts) + 1)
    return of_days(activity, moment, *_pair_days(activity, moment, own_caps), orders)


def of_days(activity: Activity, moment: int, days: PairDays, cap: int, orders: Ints) -> Known:
    """The state at a moment, from the pair-days and the accounts' orders that are to count."""
    pairs, products, accounts = (
        len(keys) + 1 for keys in (activity.pair_account, activity.products, activity.accounts)
    )
    lines = total(days.product, days.ordered, products)
    log_sum = total(days.product, days.log_pieces, products)
    all_lines = int(lines.sum())
    mean_log = float(log_sum.sum() / all_lines / LOG_UNITS) if all_lines else NO_LINES_LOG
    product_log = (log_sum / LOG_UNITS + PRODUCT_PRIOR * mean_log) / (lines + PRODUCT_PRIOR)
    expected = np.rint(product_log * LOG_UNITS).astype(np.int64)
    over = np.where(days.ordered, days.log_pieces - expected[days.product], 0)
    recent = days.day >= moment - 60
    factor = total(days.account, over, accounts) / LOG_UNITS
    factor /= total(days.account, days.ordered, accounts) + ACCOUNT_PRIOR
    factor_60 = total(days.account, np.where(recent, over, 0), accounts) / LOG_UNITS + ACCOUNT_PRIOR * factor
    factor_60 /= total(days.account, days.ordered & recent, accounts) + ACCOUNT_PRIOR
    return Known(
        moment, activity, pairs, products, accounts, days, cap, mean_log, product_log, factor, factor_60, orders
    )


def total(group: Ints, values: Ints | Bools, groups: int) -> Ints:
    """Sums of whole numbers by group; exact while they stay under 2**53."""
    return np.bincount(group, values, minlength=groups).astype(np.int64)


def _pair_days(activity: Activity, moment: int, own_caps: bool) -> tuple[PairDays, int]:
    rows = int(np.searchsorted(activity.row_known_on, moment))
    row_pair_day = activity.row_pair_day[:rows]
    known = np.flatnonzero(np.bincount(row_pair_day, minlength=len(activity.pair_day_pair)))

    def summed(name: str) -> Ints:
        return total(row_pair_day, activity.sums[name][:rows], len(activity.pair_day_pair))[known]

    gross = summed("quantity")
    net = gross - summed("cancelled_quantity")
    ordered = net > 0
    cap = _cap(net[ordered])
    pair = activity.pair_day_pair[known]
    product = activity.pair_product[pair]
    most = np.full(len(net), cap, np.int64)
    if own_caps:
        for group in (product, pair):
            np.maximum(most, _own_caps(group, net, ordered, cap), out=most)
    amount = summed("amount")
    priced = (gross > 0) & (amount > 0)
    price = np.divide(amount, gross * AMOUNT_UNITS, out=np.ones(len(known)), where=priced)
    days = PairDays(
        pair=pair,
        account=activity.pair_account[pair],
        product=product,
        day=activity.pair_day_day[known],
        pieces=np.clip(net, -most, most),
        log_pieces=np.rint(np.log1p(np.clip(net, 0, most)) * LOG_UNITS).astype(np.int64),
        log_price=np.rint(np.log(price) * LOG_UNITS).astype(np.int64),
        priced=priced,
        views=np.minimum(summed("views"), MOST_VIEWS_A_DAY),
        carts=np.minimum(summed("carts"), MOST_VIEWS_A_DAY),
        ordered=ordered,
    )
    return days, cap


def _cap(pieces: Ints) -> int:
    """The largest number of pieces that counts as it is: a rank, so that one row of any size moves it by one rank at most."""
    if not len(pieces):
        return 0
    above = min(-(-len(pieces) // CAPPED_SHARE), len(pieces) - 1)
    return CAPPED_TIMES * int(np.partition(pieces, len(pieces) - 1 - above)[len(pieces) - 1 - above])


def _own_caps(group: Ints, pieces: Ints, ordered: Bools, cap: int) -> Ints:
    """By pair-day what its group's own lines let count; 0 where that is no more than the cap of the shop."""
    groups = int(group.max()) + 1 if len(group) else 0
    lines = total(group, ordered, groups)
    large = total(group, ordered & (CAPPED_TIMES * pieces > cap), groups)
    # The others have a median, the lower one of two, that lets no more count: all need not be sorted.
    regular = np.flatnonzero((lines >= OWN_LINES) & (2 * large > lines))
    caps = np.zeros(groups, np.int64)
    if len(regular):
        chosen = ordered & np.isin(group, regular)
        of_group, found = group[chosen], pieces[chosen]
        order = np.lexsort((found, of_group))
        first = np.searchsorted(of_group[order], regular)
        caps[regular] = CAPPED_TIMES * found[order][first + (lines[regular] - 1) // 2]
    return caps[group]
