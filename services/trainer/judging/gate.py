"""The gate: whether a candidate may be published, and why, in words and numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from ordercast.contracts.because import Because, because
from ordercast.services.shared.demand.activity import Floats, Ints
from ordercast.services.trainer.judging.bootstrap import Difference, difference_in_each, paired_difference
from ordercast.services.trainer.judging.scores import row_deviance

# Fewer accounts than this can be drawn together by chance too often for a share of 95 % to mean anything.
FEWEST_GROUPS: Final = 20
# Of so few, an answer that is worse in every one is worse: by chance one in 32 that is as good would be.
FEWEST_ALIKE: Final = 5
FEWEST_ROWS: Final = 100
ACCOUNTS: Final = "accounts or products"
# What a comparison found, by its code.
_FOUND: Final[Mapping[str, str]] = {
    "better": "better than every opponent, by the least",
    "worse": "worse,",
    "no-clear-difference": "no clear difference,",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """`against`: the difference of deviance to each opponent, under 0 where the candidate is better; of too few groups to be drawn
    it holds what each of them says, so that who is worse in every one is known to be. `refused`: nothing of it was compared, for
    it may not be published however it compares. `because`: `reason` as data, of no question yet."""

    verdict: Literal["better", "not better"]
    reason: str
    against: Mapping[str, Difference]
    deviance: float = 0.0
    rows: int = 0
    drawn: str = ACCOUNTS
    because: Because | None = None
    refused: bool = False


def judge(
    answer: Floats,
    opponents: Mapping[str, Floats],
    target: Ints,
    group: Ints,
    clip: float | Floats,
    with_other_future: Floats | None = None,
    drawn: str = ACCOUNTS,
) -> Verdict:
    """Judges a candidate by the Poisson deviance of its answers, targets clipped, on rows after those it learned from.

    Args:
        answer: the candidate's pieces by row.
        opponents: the same of each opponent, by name; each has to be beaten beyond the noise of which accounts there are.
        target: what was ordered.
        group: the account (or product) of each row.
        clip: the largest target that counts as it is, or by row.
        with_other_future: what the candidate answers where all that happened from each row's moment on is replaced. Where
            that moves an answer, it knows the future.
        drawn: what the groups are, in words.

    Raises:
        ValueError: no opponent was given, or the lengths differ.
    """
    if not opponents or any(len(other) != len(target) for other in (answer, group, *opponents.values())):
        raise ValueError("a candidate is judged against at least one opponent, on the same rows")
    clipped = np.minimum(target, clip)
    if refusal := _refusal(answer, clipped, with_other_future):
        reason, why_not = refusal
        return Verdict("not better", reason, {}, because=why_not, refused=True)
    groups = len(np.unique(group))
    too_little = _too_little(len(target), groups, drawn)
    if too_little and groups < FEWEST_ALIKE:
        reason, why_not = too_little
        return Verdict("not better", reason, {}, because=why_not)
    loss = row_deviance(answer, clipped)
    losses = {name: row_deviance(other, clipped) for name, other in opponents.items()}
    mean = float(loss.mean())
    if too_little:
        reason, why_not = too_little
        in_each = {name: difference_in_each(loss, other, group) for name, other in losses.items()}
        return Verdict("not better", reason, in_each, mean, len(target), drawn, why_not)
    against = {name: paired_difference(loss, other, group) for name, other in losses.items()}
    closest, difference = max(against.items(), key=lambda named: named[1].high)
    code = "better" if difference.high < 0 else "worse" if difference.low > 0 else "no-clear-difference"
    reason, told = compared(code, mean, len(target), closest, difference, drawn)
    verdict: Literal["better", "not better"] = "better" if code == "better" else "not better"
    return Verdict(verdict, reason, against, mean, len(target), drawn, told)


def compared(
    code: str, deviance: float, rows: int, against: str, difference: Difference, drawn: str
) -> tuple[str, Because]:
    """What a comparison with one opponent came to, in words and as data."""
    reason = (
        f"deviance {deviance:.4g} on {rows:,} rows of {difference.groups:,} {drawn}: {_FOUND[code]} "
        f"{difference.mean:+.4g} ({difference.low:+.4g} to {difference.high:+.4g}) against {against}"
    )
    return reason, because(
        code,
        question="",
        deviance=deviance,
        rows=rows,
        groups=difference.groups,
        drawn=drawn,
        difference=difference.mean,
        low=difference.low,
        high=difference.high,
        against=against,
    )


def _too_little(rows: int, groups: int, drawn: str) -> tuple[str, Because] | None:
    """That nobody can tell whether the candidate is better, also as data; None where one can."""
    if rows >= FEWEST_ROWS and groups >= FEWEST_GROUPS:
        return None
    needed = {"needed_rows": FEWEST_ROWS, "needed_groups": FEWEST_GROUPS}
    return (
        f"too little to judge by: {rows} rows of {groups} {drawn}, needed are {FEWEST_ROWS} of {FEWEST_GROUPS}",
        because("too-little-to-judge-by", question="", rows=rows, groups=groups, drawn=drawn, **needed),
    )


def _refusal(answer: Floats, target: Floats, with_other_future: Floats | None) -> tuple[str, Because | None] | None:
    """Why the candidate need not be compared at all, also as data; None where it has to be.

    Where one answer is right, for all targets are alike, it is compared as any other.
    """
    if not np.isfinite(answer).all():
        count = int((~np.isfinite(answer)).sum())
        told = because("answers-not-finite", question="", count=count, answers=len(answer))
        return f"{count} of {len(answer):,} answers are no finite numbers", told
    if len(target) and np.ptp(target) and np.ptp(answer) <= 1e-6 * max(abs(float(answer[0])), 1e-6):
        one = float(answer[0])
        return f"it answers {one:.4g} whatever it is asked", because("one-answer", question="", answer=one)
    if with_other_future is not None and (moved := int((with_other_future != answer).sum())):
        told = because("knows-the-future", question="", moved=moved, answers=len(answer))
        return f"it knows the future: {moved:,} of {len(answer):,} answers move with what happened after them", told
    return None
