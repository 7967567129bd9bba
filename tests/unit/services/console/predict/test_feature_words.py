"""Pages say of each feature what the model's own list says."""

from ordercast.services.console.predict.feature_words import FEATURE_WORDS, in_words
from ordercast.services.shared.demand.feature_list import PAIR_FEATURES, PRODUCT_FEATURES


def test_each_feature_is_called_what_it_means() -> None:
    assert {name: words.text for name, words in FEATURE_WORDS.items()} == {
        one.name: one.meaning for one in (*PAIR_FEATURES, *PRODUCT_FEATURES)
    }


def test_one_of_a_newer_model_is_called_by_its_name() -> None:
    assert in_words("pair_moon") == "pair_moon"
