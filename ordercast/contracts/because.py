"""Why a model was or was not published, and why a training failed, as data: whoever shows it makes words of it in a language."""

from collections.abc import Mapping
from typing import Final

import msgspec

Value = int | float | str


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
    "all-quantities-alike": ("rows", "quantity"),
    "too-few-for-intervals": (),
    "not-finite": (),
    "diverged": ("mse", "times", "mean_mse"),
    "worker-behind": ("behind", "seconds"),
    "trainer-died": ("times",),
    "process-died": (),
}


def because(code: str, **values: Value) -> Because:
    """Raises ValueError unless the values are those of the code."""
    if set(values) != set(CODES[code]):
        raise ValueError(f"{code} has the values {', '.join(CODES[code])} and not {', '.join(values)}")
    return Because(code, values)
