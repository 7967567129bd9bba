# Made from ordercast/client/follow_training.py by `python -m ordercast.client.generate`: change it there.
"""Follows a training until it has ended, over breaks of the connection, and a new model until it is served."""

import time
from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

import msgspec

from ordercast.client.blocking.predictor import PredictorApi
from ordercast.client.blocking.trainer import TrainerApi, data_of
from ordercast.client.errors import ProblemAnswer, ServiceUnreachable
from ordercast.client.training_answers import FINISHED, Networks, Training

# Time (s) before the next look at something that is not ready yet.
POLL_S: Final = 0.25
# A predictor loads and warms a version within a second or two; one that takes longer than this (s) will not do it at all.
SERVED_WITHIN_S: Final = 60.0
UNAVAILABLE: Final = 503

# Told after each epoch: the epoch (from 1), the number of epochs, and the loss of each member (None: not finite).
OnEpoch = Callable[[int, int, Sequence[float | None]], None]
# Told before the first epoch, while the training waits for the feature worker: the events of orders that it has still to count.
OnWait = Callable[[int], None]
# Told when it is known which networks of a question answer one constant, and whenever it is others.
OnNetworks = Callable[[Networks], None]


def follow_training(
    trainer: TrainerApi,
    training_id: UUID,
    on_epoch: OnEpoch,
    on_wait: OnWait = lambda _: None,
    on_networks: OnNetworks = lambda _: None,
) -> Training:
    """The training when it has ended. A connection that breaks off is taken up again.

    Raises:
        ClientError: the trainer refuses, or stays away.
    """
    while True:
        try:
            for event in trainer.events(training_id):
                if event.name == "epoch":
                    data = data_of(event)
                    on_epoch(data["epoch"], data["epochs"], data["loss"])
                elif event.name == "waiting":
                    on_wait(data_of(event)["events_behind"])
                elif event.name == "networks":
                    on_networks(msgspec.convert(data_of(event), Networks))
        except ServiceUnreachable:
            pass  # the training goes on, or is found again by a trainer that was killed
        training = trainer.get(training_id)
        if training.status in FINISHED:
            return training
        time.sleep(POLL_S)


def until_served(predictor: PredictorApi, version: str, recipe: str = "baseline") -> None:
    """Returns when the predictor answers from that version of the recipe.

    No look at it begins after `SERVED_WITHIN_S`. One that began before lasts as long as any request of the client may: until its
    tries are over (`RETRY_FOR_S`) and the last one has its answer (`READ_TIMEOUT_S`).

    Raises:
        ServiceUnreachable: it still answered from another one, or had none, at the last look; or did not answer until the tries
            of one look were over; or another one is pinned.
    """
    began_at = time.monotonic()
    while not _serves(predictor, version, recipe):
        waited_s = time.monotonic() - began_at
        if waited_s + POLL_S > SERVED_WITHIN_S:
            raise ServiceUnreachable(f"no predictor serves {version} after {waited_s:.0f} s")
        time.sleep(POLL_S)


def _serves(predictor: PredictorApi, version: str, recipe: str) -> bool:
    try:
        current = predictor.current_model(recipe)
    except ProblemAnswer as problem:
        if problem.status != UNAVAILABLE:
            raise
        return False  # the first version is still loading
    if current.pinned and current.challenger == version:
        raise ServiceUnreachable(f"{version} waits as a challenger: {current.version} is pinned")
    return current.version == version
