"""What the features of pairs and products are called on pages: as the model's own list says, by the catalogue in each language.

Values are told as numbers, days, pieces and prices, and not as their logs, which the model sees. The list itself stands beside the
model's mathematics, which the console does without; a test holds both together.
"""

import math
from collections.abc import Mapping
from typing import Final

from ordercast.services.console.words import Words

FEATURE_WORDS: Final[Mapping[str, Words]] = {
    "pair_known": Words("the pair has an order, of which pieces are left"),
    "pair_orders": Words("days with an order of the pair"),
    "pair_pieces": Words("pieces that the pair ordered, without cancelled ones"),
    "pair_days_since_first": Words("days since the pair's first order"),
    "pair_days_since_last": Words("days since the pair's last order"),
    "pair_last_quantity": Words("pieces of the pair's last order"),
    "pair_mean_log_quantity": Words("mean of log(1 + pieces) of the pair's orders"),
    "pair_level": Words(
        "mean of log(1 + pieces) of the pair's orders, shrunken to what product and account let expect"
    ),
    "pair_views_7": Words("views of the pair in the last 7 days"),
    "pair_views_28": Words("views of the pair in the last 28 days"),
    "pair_views_90": Words("views of the pair in the last 90 days"),
    "pair_views_since_order": Words("views on days after the pair's last order, all without one"),
    "pair_carts_28": Words("times put into the cart in the last 28 days"),
    "pair_carts_since_order": Words("times put into the cart on days after the pair's last order"),
    "product_level": Words("the product's pieces a week by exponential smoothing"),
    "product_lines": Words("pair-days with an order of the product"),
    "product_lines_28": Words("pair-days with an order of the product in the last 28 days"),
    "product_accounts": Words("accounts that ordered the product"),
    "product_mean_log_quantity": Words("mean of log(1 + pieces) of the product's lines, shrunken to all"),
    "product_mean_log_quantity_28": Words(
        "mean of log(1 + pieces) of the product's lines of the last 28 days, shrunken to that of all days"
    ),
    "product_mean_price": Words("price of a piece, geometric mean of the product's lines"),
    "product_price_ratio": Words("price on the product's last day with an order, against its mean price"),
    "product_age": Words("days since the product's first order"),
    "product_days_since_last": Words("days since the product's last order"),
    "product_views_28": Words("views of the product in the last 28 days"),
    "account_orders": Words("orders of the account"),
    "account_lines": Words("pair-days with an order of the account"),
    "account_products": Words("products that the account ordered"),
    "account_age": Words("days since the account's first order"),
    "account_days_since_last": Words("days since the account's last order"),
    "account_factor": Words("the account's log quantities against its products' means, shrunken to 0"),
    "account_factor_60": Words(
        "the account's log quantities of the last 60 days against its products' means, shrunken to those of all days"
    ),
    "account_views_28": Words("views of the account in the last 28 days"),
    "level": Words("pieces a week by exponential smoothing"),
    "visit_level": Words(
        "pieces a week as visits let expect them: their level, times the pieces that came of one; without visits, the level"
    ),
    "curve_level": Words(
        "pieces a week: the mean of the visits' level and of what the next four weeks are if level, trend and season so far go on"
    ),
    "week_1": Words("pieces in the last week but 0"),
    "week_2": Words("pieces in the last week but 1"),
    "week_3": Words("pieces in the last week but 2"),
    "week_4": Words("pieces in the last week but 3"),
    "week_5": Words("pieces in the last week but 4"),
    "week_6": Words("pieces in the last week but 5"),
    "mean_2": Words("mean pieces a week of the last 2 weeks"),
    "mean_4": Words("mean pieces a week of the last 4 weeks"),
    "mean_8": Words("mean pieces a week of the last 8 weeks"),
    "mean_13": Words("mean pieces a week of the last 13 weeks"),
    "mean_all": Words("mean pieces a week since the first order"),
    "median_8": Words("median pieces a week of the last 8 weeks"),
    "most_8": Words("most pieces a week of the last 8 weeks"),
    "empty_8": Words("weeks without a piece, of the last 8"),
    "lines": Words("pair-days with an order"),
    "lines_7": Words("pair-days with an order in the last 7 days"),
    "lines_28": Words("pair-days with an order in the last 28 days"),
    "views_28": Words("views in the last 28 days"),
    "mean_log_quantity": Words("mean of log(1 + pieces) of its lines, shrunken to all"),
    "mean_price": Words("price of a piece, geometric mean of its lines"),
    "price_ratio": Words("price on its last day with an order, against the mean price"),
    "age": Words("days since the first order"),
    "days_since_last": Words("days since the last order"),
    "shop_week": Words("pieces of all products in the last week, against the mean of 8 weeks"),
    "shop_month": Words("pieces of all products in the last 4 weeks, against the mean since the first"),
    "shop_rests": Words(
        "days without an order of the whole shop, once it rests: all else but the calendar is as before them"
    ),
    "weekday_sin": Words("sine of the moment's weekday"),
    "weekday_cos": Words("cosine of the moment's weekday"),
    "year_sin": Words("sine of the moment's day of the year"),
    "year_cos": Words("cosine of the moment's day of the year"),
}


# What is no log(1 + n), or is called a log by its own words: it is told as it is.
AS_THEY_ARE: Final = frozenset(
    {
        "pair_known",
        "pair_mean_log_quantity",
        "pair_level",
        "product_mean_log_quantity",
        "product_mean_log_quantity_28",
        "mean_log_quantity",
        "account_factor",
        "account_factor_60",
        "empty_8",
        "weekday_sin",
        "weekday_cos",
        "year_sin",
        "year_cos",
    }
)
# Logs of one number against another.
RATIOS: Final = frozenset({"product_price_ratio", "price_ratio", "shop_week", "shop_month"})
# Days since what never was; ten years ago, the most else, are less.
DAYS_SINCE: Final = "days_since_"
NEVER_FROM: Final = 8.20995
# Beyond it no value of a feature lies; that of a later release could be anything.
_MOST_LOG: Final = 100.0


def in_plain(feature: str, value: float) -> float | Words:
    """The value of a feature as people count it; as it is for one that a newer model has."""
    if feature not in FEATURE_WORDS or feature in AS_THEY_ARE or value > _MOST_LOG:
        return value
    if feature in RATIOS:
        return math.exp(value)
    if DAYS_SINCE in feature and value >= NEVER_FROM:
        return Words("not once")
    return math.expm1(value)


def in_words(feature: str) -> Words | str:
    """The name itself for one that a newer model has."""
    return FEATURE_WORDS.get(feature, feature)
