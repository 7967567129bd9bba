"""What services tell as data, as texts of the catalogue: their English is the key there."""

from typing import Final

from ordercast.contracts.because import SHARES, Because, Value
from ordercast.contracts.english import ENGLISH
from ordercast.services.console.predict.feature_words import in_words
from ordercast.services.console.words import Words

# Values of this name are features of a model.
_FEATURE: Final = "feature"


def words_of(because: Because | None) -> Words | None:
    """None where a page has the words itself (`reasons.html`), or there are none, as for what a later release says."""
    text = ENGLISH.get(because.code) if because else None
    if because is None or text is None:
        return None
    try:
        words = Words(text, {name: _shown(name, value) for name, value in because.values.items()})
        str(words)  # a later release may hand over other values
    except KeyError:
        return None
    return words


def _shown(name: str, value: Value) -> object:
    if name == _FEATURE and isinstance(value, str):
        return in_words(value)
    return f"{100 * value:.3g} %" if name in SHARES and not isinstance(value, str) else value
