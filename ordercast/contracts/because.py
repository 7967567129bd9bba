"""Why something is so, or was refused, as data: whoever shows it makes words of it in a language."""

import re
from collections.abc import Mapping
from typing import Final, Self

import msgspec

from ordercast.contracts.english import ENGLISH

Value = int | float | str
# Values of these names are shares of one.
SHARES: Final = frozenset({"share", "level"})


class Because(msgspec.Struct, frozen=True):
    """`code` names the sentence, `values` what stands in it. The English sentence stands beside it wherever it is told.

    A reader that does not know a code shows that sentence.
    """

    code: str
    values: dict[str, Value] = {}


_GATE: Final = ("question", "deviance", "rows", "groups", "drawn", "difference", "low", "high", "against")
# Each code with the names of its values. One that changes what it says gets another name: trainings keep theirs.
CODES: Final[Mapping[str, tuple[str, ...]]] = {
    # What the gate found of `demand`; `difference` is that of the deviances, from `low` to `high`; `drawn` says what
    # the groups are.
    "better": _GATE,
    "worse": _GATE,
    "no-clear-difference": _GATE,
    "too-little-to-judge-by": ("question", "rows", "groups", "drawn", "needed_rows", "needed_groups"),
    "answers-not-finite": ("question", "count", "answers"),
    "one-answer": ("question", "answer"),
    "knows-the-future": ("question", "moved", "answers"),
    # What makes answers of `baseline` doubtful.
    "networks-collapsed": ("count", "members"),
    "one-quantity-decides": ("quantity", "share", "rows"),
    "one-view-count-decides": ("views", "share", "rows"),
    # Why a training failed.
    "no-data": (),
    "no-data-before": ("until",),
    "no-row-with-an-order": (),
    "history-too-short": ("days", "first", "until", "needed", "horizon"),
    "too-few-to-split": ("rows", "learned", "watched", "held_out", "needed"),
    "too-few-of-a-question": ("question", "learned", "held_out", "needed"),
    "history-ended-before": ("question", "learned", "held_out", "needed", "rows", "until", "ended"),
    "all-quantities-alike": ("rows", "quantity"),
    "too-few-for-intervals": (),
    "not-finite": (),
    "diverged": ("mse", "times", "mean_mse"),
    "worker-behind": ("behind", "seconds"),
    "trainer-died": ("times",),
    "process-died": (),
    **{code: tuple(dict.fromkeys(re.findall(r"%\((\w+)\)s", text))) for code, text in ENGLISH.items()},
}
# Looked up for each sentence.
_NAMES: Final = {code: frozenset(names) for code, names in CODES.items()}


def because(code: str, **values: Value) -> Because:
    """Raises ValueError unless the values are those of the code."""
    if values.keys() != _NAMES[code]:
        raise ValueError(f"{code} has the values {', '.join(CODES[code])} and not {', '.join(values)}")
    return Because(code, values)


class Sentence(str):
    """A text in English like any other, which knows what it was made of. An error's message, a row's reason can be one."""

    __slots__ = ("because",)
    because: Because

    def __new__(cls, text: str, because: Because) -> Self:
        made = super().__new__(cls, text)
        made.because = because
        return made

    def __reduce__(self) -> tuple[type[Self], tuple[str, Because]]:  # for copies, and between processes
        return type(self), (str(self), self.because)


def sentence(code: str, **values: Value) -> Sentence:
    """In the words that `ENGLISH` has for the code. Raises ValueError unless the values are those of the code."""
    why = because(code, **values)
    return Sentence(ENGLISH[code] % {name: _in_english(name, value) for name, value in values.items()}, why)


def sentence_of(error: Exception) -> Sentence | None:
    """Of an error that was made with one."""
    message = error.args[0] if error.args else None
    return message if isinstance(message, Sentence) else None


def _in_english(name: str, value: Value) -> str:
    """A text is shown as it is: what is no quantity, such as the id of an order, is handed over as one."""
    if isinstance(value, str):
        return value
    if name in SHARES:
        return f"{100 * value:.3g} %"
    return f"{value:,.3g}" if isinstance(value, float) and abs(value) < 100 else f"{value:,.0f}"
