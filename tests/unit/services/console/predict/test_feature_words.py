"""Pages say of each feature what the model's own list says."""

import math

import numpy as np
import pytest

from ordercast.services.console.predict.feature_words import FEATURE_WORDS, in_plain, in_words
from ordercast.services.console.words import Words
from ordercast.services.shared.demand.feature_list import PAIR_FEATURES, PRODUCT_FEATURES


def test_each_feature_is_called_what_it_means() -> None:
    assert {name: words.text for name, words in FEATURE_WORDS.items()} == {
        one.name: one.meaning for one in (*PAIR_FEATURES, *PRODUCT_FEATURES)
    }


def test_values_are_told_as_people_count_them() -> None:
    """As the model sees them they are logs; what is called a log by its own words is told as one."""
    for one in (*PAIR_FEATURES, *PRODUCT_FEATURES):
        is_called_log = "log" in one.meaning
        told = in_plain(one.name, 0.5)
        if one.kind in ("log count", "log days", "log quantity", "log price") and not is_called_log:
            assert told == math.expm1(0.5), one
        else:
            assert told == (math.exp(0.5) if one.kind == "log ratio" and not is_called_log else 0.5), one


def test_days_since_what_never_was_are_no_ten_years() -> None:
    never = next(one for one in PAIR_FEATURES if one.name == "pair_days_since_last")
    assert in_plain(never.name, float(np.float32(never.default))) == Words("not once")
    assert in_plain(never.name, float(np.float32(never.high))) == pytest.approx(3_676, abs=1)
    assert in_plain("pair_moon", 900.0) == in_plain("pair_orders", 900.0) == 900.0


def test_one_of_a_newer_model_is_called_by_its_name() -> None:
    assert in_words("pair_moon") == "pair_moon"
