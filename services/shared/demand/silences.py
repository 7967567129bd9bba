"""Products, and accounts, that are silent for longer than any learned from, alone or with the whole shop: what is expected falls
with the silence.

A shop in which every product sold each week has taught nothing of one that sells nothing. Networks and trees, which correct the
level, then go on as it happened to be within: they said thrice what the level says of a shop that had closed.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from ordercast.services.shared.demand.activity import Bools, Floats
from ordercast.services.shared.demand.feature_list import PRODUCT_FEATURES, Feature, names, unknown
from ordercast.services.shared.demand.seen import MARGIN, Seen, silence_let_pass
from ordercast.services.shared.demand.weekly_levels import SMOOTHING

PRODUCT_SILENCE: Final = "days_since_last"
PAIR_SILENCE: Final = "product_days_since_last"
ACCOUNT_SILENCE: Final = "account_days_since_last"
SHOP_WEEK: Final = "shop_week"
OF_SHOP: Final = (SHOP_WEEK, "shop_month")


def silent_products(seen: Seen, features: Sequence[Feature], values: Floats) -> Bools:
    """By row of a product: it rests for longer than any that was learned from, or the whole shop had less than half of the pieces
    of the worst week learned from; or none at all, where every week learned from had some, however few; or more than twice the best
    one, as after a pause: one order of three pieces, years after a shop's last one, let its product expect fifty a week."""
    known = names(features)
    silent = _days_longer(seen, features, values, PRODUCT_SILENCE) > 0
    if SHOP_WEEK in known:
        place = known.index(SHOP_WEEK)
        week, worst, nothing = values[:, place], seen.low[place], features[place].low
        silent |= (week < worst - MARGIN) | ((week == nothing) & (worst > nothing)) | (week > seen.high[place] + MARGIN)
    return np.asarray(silent, np.bool_)


def never_sold(values: Floats) -> Bools:
    """By row of a product, with all its features: it has no order of which pieces are left. None was learned from."""
    place = names(PRODUCT_FEATURES).index(PRODUCT_SILENCE)
    return np.asarray(values[:, place] == PRODUCT_FEATURES[place].default, np.bool_)


def lasting(seen: Seen, features: Sequence[Feature], values: Floats, horizon_days: int) -> Floats:
    """By row of a pair, the share of its probability of an order that is left while its product is silent for longer than any that
    was learned from, or its account for so much longer that it is told (`seen`): as smoothing forgets, week by week.

    A product's orders tell how fast it is forgotten, an account's do not: within what is not told the networks may be right.
    """
    of_product = _days_longer(seen, features, values, PAIR_SILENCE)
    of_account = _days_longer(seen, features, values, ACCOUNT_SILENCE) - silence_let_pass(horizon_days)
    return np.asarray((1 - SMOOTHING) ** (np.maximum(of_product, of_account) / 7), np.float64)


def dead_as_usual(features: Sequence[Feature], values: Floats) -> Floats:
    """The values as they were before a release that rests: a week of the shop without any order was a usual one."""
    dead = np.array([feature.low if feature.name in OF_SHOP else np.nan for feature in features])
    return np.where(values == dead, 0.0, values)


def _days_longer(seen: Seen, features: Sequence[Feature], values: Floats, name: str) -> Floats:
    """Days of a silence beyond the longest that was seen; none of a product that never sold."""
    known = names(features)
    if name not in known:
        return np.zeros(len(values))
    place = known.index(name)
    column = values[:, place]
    longer = np.expm1(column) - np.expm1(seen.high[place])
    return np.where(column == unknown(features)[place], 0.0, np.maximum(np.rint(longer), 0.0))
