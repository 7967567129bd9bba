"""Whether answers know the future: rows are asked anew of a history that ends at their moment.

Features are made to know nothing else. A mistake in one of them would make every score of a version too good, and is seen here.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ordercast.services.shared.demand.activity import KEYS, Activity, Bools, Floats, activity_of
from ordercast.services.shared.demand.feature_list import PAIR_FEATURES, PRODUCT_FEATURES, names
from ordercast.services.shared.demand.features import Features
from ordercast.services.shared.demand.known import known_at
from ordercast.services.shared.demand.rows import Rows


def with_other_future(
    expected: Floats, answer: Callable[[Rows], Floats], activity: Activity, rows: Rows, *, rests: bool = True
) -> Floats:
    """What is answered where nothing from the first of the rows' moments on has happened: rows of that moment are asked anew.

    `rests`: whether pairs of a shop that rests have the features of its last day. Those that are judged have not (`pair_rows`).
    """
    first, other = rows_without_future(activity, rows, rests=rests)
    known, without = answer(rows.where(first)), answer(other)
    answers = expected.copy()
    # Beside each other, for another number of rows may be multiplied in another order.
    answers[first] = np.where(without == known, expected[first], without)
    return answers


def rows_without_future(activity: Activity, rows: Rows, *, rests: bool = True) -> tuple[Bools, Rows]:
    """Which rows are of the first moment, and these with the features of a history that ends there."""
    moment = int(rows.moment.min())
    first = np.asarray(rows.moment == moment, np.bool_)
    asked, features = rows.where(first), Features(known_at(_before(activity, moment), moment), rests=rests)
    values = np.empty_like(asked.values)  # laid out alike in memory: sums of rows are made in that order
    values[:] = _values(features, asked)
    return first, replace(asked, values=values)


def _values(features: Features, asked: Rows) -> Floats:
    of_pairs = bool(asked.account_id.any())
    listed = names(PAIR_FEATURES if of_pairs else PRODUCT_FEATURES)
    values = (
        features.of_pairs(asked.account_id, asked.product_id) if of_pairs else features.of_products(asked.product_id)
    )
    return values[:, [listed.index(feature.name) for feature in asked.features]]


def _before(activity: Activity, moment: int) -> Activity:
    """The same without what came to be known at the moment or later."""
    rows = int(np.searchsorted(activity.row_known_on, moment))
    pair_day = activity.row_pair_day[:rows]
    pair = activity.pair_day_pair[pair_day]
    keys = (
        activity.accounts[activity.pair_account[pair]],
        activity.products[activity.pair_product[pair]],
        activity.pair_day_day[pair_day],
        activity.row_known_on[:rows],
    )
    sums = {name: column[:rows] for name, column in activity.sums.items()}
    return activity_of(dict(zip(KEYS, keys, strict=True)) | sums)
