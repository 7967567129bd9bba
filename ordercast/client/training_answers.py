"""What the trainer answers, as types. Fields that a newer service adds are passed over."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from ordercast.contracts.because import Because

# A training in one of these states stays in it.
FINISHED: Final = frozenset({"succeeded", "failed", "cancelled"})


class Errors(Struct, frozen=True):
    """Mean squared error (pieces squared) and mean absolute error (pieces) on held-out rows."""

    mse: float
    mae: float


class Metrics(Struct, frozen=True):
    """How good an ensemble is, beside the two plain guesses: the mean of the quantities and a straight line."""

    holdout_rows: int
    ensemble: Errors
    mean: Errors
    line: Errors


class Judgement(Struct, frozen=True):
    """What a model is worth on held-out rows beside answering their mean, by a deviance that no single row decides.

    `doubts` are the warnings as data.
    """

    quality: str
    reason: str
    collapsed_members: int
    deviance: float
    mean_deviance: float
    difference: float
    low: float
    high: float
    clip: float
    warnings: list[str] = []
    doubts: list[Because] = []

    def lines(self) -> list[str]:
        """To be read: what it is worth, and what makes its answers doubtful."""
        return [self.reason, *(f"warning: {warning}" for warning in self.warnings)]


class Scores(Struct, frozen=True):
    """Of one answer on held-out rows: Poisson deviance with large targets clipped, mean absolute error, pieces said over sold."""

    name: str
    deviance: float
    mae: float
    said: float


class Question(Struct, frozen=True):
    """What the networks of one question of `demand` are worth: `scores` begins with theirs, others' answers follow.

    `better_than`: by which share of an opponent's deviance theirs is less. `boosting`: trees, with their `weight`.
    """

    rows: int
    held_out: int
    members: int
    scores: list[Scores]
    better_than: dict[str, float]
    collapsed_members: int
    boosting: dict[str, Any] | None = None


class Networks(Struct, frozen=True):
    """Which networks of a question answer one constant after `epoch`, whatever is asked. Members count from 0.

    Those are trained again from another start, `attempts` times at most: `trained_again` are those that were, and `attempt` says
    which time is under way; 0: none.
    """

    question: str
    epoch: int
    collapsed: list[int]
    trained_again: list[int] = []
    attempt: int = 0
    attempts: int = 0

    @property
    def recovered(self) -> list[int]:
        """Those that were trained again, and answer by what is asked since."""
        return [member for member in self.trained_again if member not in self.collapsed]

    def lines(self) -> list[str]:
        """To be read; empty where nothing is wrong. Networks count from 1, as their bars do."""
        lines = []
        if self.collapsed:
            again = ", also trained again" if set(self.collapsed) & set(self.trained_again) else ""
            if self.attempt:
                again = f"; trained again, {_ordinal(self.attempt)} of {self.attempts}"
            verb = "answers" if len(self.collapsed) == 1 else "answer"
            lines.append(f"{self.question}: {_named(self.collapsed)} {verb} one constant{again}")
        if self.recovered:
            lines.append(f"{self.question}: {_named(self.recovered)} answered one constant until trained again")
        return lines


def _named(members: list[int]) -> str:
    return f"network{'s' if len(members) > 1 else ''} {', '.join(str(member + 1) for member in members)}"


def _ordinal(number: int) -> str:
    return {1: "1st", 2: "2nd", 3: "3rd"}.get(number, f"{number}th")


class Progress(Struct, frozen=True):
    """`events_behind`: so many events of orders the feature worker has still to count, before the first epoch."""

    epoch: int
    epochs: int
    events_behind: int = 0


class Made(Struct, frozen=True):
    """What came out of a training, kept or not: digests of its data and of the files that were learned, and with what."""

    digest: str
    rows: int
    files: dict[str, str]
    libraries: dict[str, str]


class Training(Struct, frozen=True):
    """A training job; `status` is queued, running, succeeded, failed or cancelled.

    `verdict` says whether the model of one that succeeded was published, was rejected, or was not to be. `metrics` and `judgement`
    are those of `baseline`, `questions` those of `demand`; `settings` are all values of a written recipe, whose name is `recipe`.
    `asked_by` is an account; or rules asked, `asked_by_rule` in words and `rules` as data. `because` is the reason of a verdict of
    `demand`, or the error, as data.
    """

    id: UUID
    recipe: str
    members: int
    epochs: int
    batch_size: int
    seed: int
    status: str
    progress: Progress
    metrics: Metrics | None = None
    model_version: str | None = None
    error: str | None = None
    judgement: Judgement | None = None
    horizon_days: int | None = None
    until: str | None = None
    verdict: str | None = None
    verdict_reason: str | None = None
    questions: dict[str, Question] | None = None
    networks: list[Networks] | None = None
    because: Because | None = None
    asked_by: int | None = None
    asked_by_rule: str | None = None
    rules: list[Because] = []
    settings: dict[str, Any] | None = None
    made: Made | None = None
    publish: str | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def serves(self) -> str:
        """Whose slot its version competes for: a written recipe is `demand` with other values."""
        return self.recipe if self.settings is None else "demand"


class Recipe(Struct, frozen=True):
    """What trainings go by: all its values, and how many were asked for with it. `serves`: whose slot its versions compete for."""

    name: str
    built_in: bool
    serves: str
    values: dict[str, Any]
    trainings: int
    last_asked_at: datetime | None


class Recipes(Struct, frozen=True):
    data: list[Recipe]
