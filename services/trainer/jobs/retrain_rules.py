"""Whether `demand` is to be trained again without anybody asking: decided by rules and by what is so. Nothing is read here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

from ordercast.contracts.because import Because, Sentence, sentence
from ordercast.services.shared.demand.feature_drift import FeatureDrift

# `waiting`: a training waits or runs. `paused`: the last one is too recent. `refused`: it is beyond the bounds, or its recipe is
# none any more.
Outcome = Literal["started", "not-due", "waiting", "paused", "pinned", "no-version", "unreadable", "refused"]
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)


@dataclass(frozen=True, slots=True)
class RetrainRules:
    """Each by itself is reason enough; None: it is no rule. After a training of demand nothing is started for `pause_hours`.

    `rows`: so many rows of activity are new since the training. `days`: it is so old. `drift`: a feature's population stability
    index is so high.
    """

    rows: int | None = None
    days: float | None = None
    drift: float | None = None
    pause_hours: float = 24.0

    @property
    def are_any(self) -> bool:
        return (self.rows, self.days, self.drift) != (None, None, None)


@dataclass(frozen=True, slots=True)
class Situation:
    """What the database says at a moment: `open` trainings of any recipe wait or run, `asked_at` was the last one of demand.

    `version` of demand serves. `rows` of activity there are; counted only where a rule asks.
    """

    at: datetime
    open: int
    asked_at: datetime | None
    version: str | None
    pinned: bool
    rows: int


@dataclass(frozen=True, slots=True)
class Served:
    """What a version's manifest says of its training, and the feature that has drifted most since, if that is known."""

    version: str
    trained_at: datetime
    rows: int
    drifted: FeatureDrift | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """`rules` that hold are the reason of one that starts, as data."""

    outcome: Outcome
    reason: str
    rules: Sequence[Because] = ()


def decide(rules: RetrainRules, now: Situation, served: Served | None) -> Decision:
    """`started` where a training is to start; `served` is None where the manifest of the version that serves cannot be read."""
    if now.version is None:
        return Decision("no-version", "no version of demand serves: the first training is asked for by somebody")
    if now.open:
        return Decision("waiting", f"trainings that wait or run: {now.open}")
    if now.pinned:
        return Decision("pinned", f"{now.version} is pinned: what came out would wait")
    if now.asked_at and now.at < (again_at := now.asked_at + timedelta(hours=rules.pause_hours)):
        last, again = (f"{moment:%Y-%m-%d %H:%M} UTC" for moment in (now.asked_at, again_at))
        return Decision("paused", f"the last training of demand was asked for at {last}: none before {again}")
    if served is None:
        return Decision("unreadable", f"the manifest of {now.version} is gone or damaged")
    if served.version != now.version:
        return Decision("not-due", f"{now.version} serves since a moment ago")
    holding = list(_holding(rules, now, served))
    if holding:
        return Decision("started", f"{served.version}: {', '.join(holding)}", [rule.because for rule in holding])
    return Decision("not-due", f"no rule holds of {served.version}")


def _holding(rules: RetrainRules, now: Situation, served: Served) -> Iterator[Sentence]:
    """The rules that hold."""
    new = now.rows - served.rows
    if rules.rows is not None and new >= rules.rows:
        yield sentence("rule-of-new-rows", rows=new, rule=rules.rows)
    age = (now.at - served.trained_at) / timedelta(days=1)
    if rules.days is not None and age >= rules.days:
        yield sentence("rule-of-age", days=age, rule=rules.days)
    if rules.drift is not None and served.drifted is not None and served.drifted.psi >= rules.drift:
        yield sentence("rule-of-drift", feature=served.drifted.feature, psi=served.drifted.psi, rule=rules.drift)
