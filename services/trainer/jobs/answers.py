"""What is told of a training: plain data, from which the HTTP side derives both its answers and their description."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from ordercast.contracts.demand_manifest import DEMAND, QUESTIONS, Publish, Verdict
from ordercast.contracts.model_manifest import Quality
from ordercast.services.trainer.jobs.tables import Status, Training, TrainingEpoch


@dataclass(frozen=True, slots=True)
class Progress:
    """`events_behind`: before its first epoch it waits until the feature worker has counted so many events of orders."""

    epoch: int
    epochs: int
    events_behind: int = 0


@dataclass(frozen=True, slots=True)
class NetworksEvent:
    """Which networks of a question answer one constant after `epoch`, whatever is asked. Members count from 0.

    `question` is pair, line or product, or views of `baseline`. `demand` trains such networks again from another start, `attempts`
    times at most: `trained_again` are those that were, and `attempt` says which time is under way; 0: none.
    """

    question: str
    epoch: int
    collapsed: Sequence[int]
    trained_again: Sequence[int]
    attempt: int
    attempts: int


@dataclass(frozen=True, slots=True)
class TrainingAnswer:
    """A training. Of `baseline`, `metrics` compares the ensemble on held-out rows with the mean and with a straight line.

    `quality` says what that comes to where no single row decides, and `judgement` why; `collapsed_members` are the networks that
    answer one constant. Of `demand`, `questions` says for each question what the networks are worth beside answers that need no
    learning. `verdict`: whether the model was published, was rejected, or was not to be; and its reason. `epochs` are those of each
    question. `asked_by` is the account that asked, or `asked_by_rule` says which rules did, `rules` the same as data. `settings`
    are all values of a written recipe, whose name is `recipe`. `made`: digests of the data and of the files that were learned, and
    the libraries and machine, also where no model was published. `networks` says of each question which networks answer one
    constant, as soon as it is known; null of a training from before that was kept. `because` is the reason of the verdict of
    `demand`, or the error, as data: a code and its values; null where there is only the sentence.
    """

    id: UUID
    recipe: str
    members: int
    epochs: int
    batch_size: int
    seed: int
    horizon_days: int | None
    until: date | None
    publish: Publish | None
    asked_by: int | None
    asked_by_rule: str | None
    rules: list[dict[str, Any]]
    settings: dict[str, Any] | None
    status: Status
    progress: Progress
    metrics: dict[str, Any] | None
    quality: Quality | None
    collapsed_members: int | None
    judgement: dict[str, Any] | None
    verdict: Verdict | None
    verdict_reason: str | None
    questions: dict[str, Any] | None
    networks: Sequence[NetworksEvent] | None
    because: dict[str, Any] | None
    made: dict[str, Any] | None
    model_version: str | None
    error: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class WaitingEvent:
    """So many events of orders the feature worker has still to count, before the training begins."""

    events_behind: int


@dataclass(frozen=True, slots=True)
class EpochEvent:
    """Loss of each member after an epoch, of `baseline` the mean squared error; null: not a finite number.

    `demand` has no rows that are only watched, so no `val_loss`.
    """

    epoch: int
    epochs: int
    loss: Sequence[float | None]
    val_loss: Sequence[float | None]


def answer_of(training: Training, epoch: int | None) -> TrainingAnswer:
    judgement = training.judgement or {}
    return TrainingAnswer(
        id=training.id,
        recipe=training.recipe,
        members=training.members,
        epochs=training.epochs,
        batch_size=training.batch_size,
        seed=training.seed,
        horizon_days=training.horizon_days,
        until=training.until,
        publish=training.publish,
        asked_by=training.asked_by,
        asked_by_rule=training.asked_by_rule,
        rules=training.rules or [],
        settings=training.settings,
        status=training.status,
        progress=Progress(epoch or 0, all_epochs(training), training.events_behind),
        metrics=training.metrics,
        quality=judgement.get("quality"),
        collapsed_members=_collapsed(training),
        judgement=training.judgement,
        verdict=training.verdict,
        verdict_reason=training.verdict_reason,
        questions=training.questions,
        networks=None if training.networks is None else networks_of(training),
        because=training.because,
        made=training.made,
        model_version=training.model_version,
        error=training.error,
        created_at=training.created_at,
        started_at=training.started_at,
        finished_at=training.finished_at,
    )


def event_of(training: Training, row: TrainingEpoch) -> EpochEvent:
    return EpochEvent(epoch=row.epoch, epochs=all_epochs(training), loss=row.loss, val_loss=row.val_loss)


def networks_of(training: Training) -> list[NetworksEvent]:
    """By question, in the order in which these are learned."""
    known = (msgspec.convert(networks, NetworksEvent) for networks in (training.networks or {}).values())
    return sorted(known, key=lambda networks: networks.epoch)


def all_epochs(training: Training) -> int:
    """Of all questions, where the recipe has several."""
    return training.epochs * (len(QUESTIONS) if training.serves == DEMAND else 1)


def _collapsed(training: Training) -> int | None:
    if training.questions is not None:
        return sum(int(question["collapsed_members"]) for question in training.questions.values())
    return training.judgement["collapsed_members"] if training.judgement else None
