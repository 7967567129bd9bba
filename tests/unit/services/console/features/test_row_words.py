"""Pages say of each field of a row what the contract says."""

from ordercast.contracts.features import FEATURES
from ordercast.services.console.features.row_words import ROW_WORDS


def test_each_field_means_what_the_contract_says() -> None:
    assert {name: words.text for name, words in ROW_WORDS.items()} == {one.name: one.meaning for one in FEATURES}
