"""Follows a training to its end, with a bar for each network, or cancels it: `ordercast train` and `ordercast trainings`."""

import asyncio
from contextlib import suppress
from typing import Final
from uuid import UUID

import typer

from ordercast.cli.describe_training import worth_of
from ordercast.cli.options import EXIT_INTERRUPTED, CommandFailed, Context
from ordercast.client import open_client
from ordercast.client.errors import ClientError
from ordercast.client.follow_training import follow_training
from ordercast.client.trainer import TrainerApi
from ordercast.client.training_answers import FINISHED, Training
from ordercast.progress import member_bars

# Time (s) between two looks whether a training has ended, which it does within about a second.
CANCEL_POLL_S: Final = 0.25
# A predictor that loads its first model is waited for this long (s): what is asked of it is only an addition.
PREDICTOR_RETRY_FOR_S: Final = 3.0
# What becomes of the model of a training that goes on alone, by what was asked.
_PROMISED: Final[dict[str | None, str]] = {
    "always": ", and its model goes live when it succeeds, unless one is pinned",
    "if-better": ", and its model goes live if it is good enough, unless one is pinned",
    "never": "",
}


async def follow(context: Context, trainer: TrainerApi, asked: Training) -> None:
    """Answers with what the model is worth. Raises as `followed`."""
    training = await followed(context, trainer, asked)
    pinned = await _pinned(context, training.serves) if training.model_version else None
    unpin = f"ordercast models unpin --recipe {training.serves}"
    waits = [f"it waits as a challenger: {pinned} is pinned ({unpin})"] if pinned else []
    context.result(training, "\n".join([*worth_of(training), *waits]))


async def followed(context: Context, trainer: TrainerApi, asked: Training) -> Training:
    """The training when it has succeeded, with a bar for each network meanwhile.

    Raises:
        CommandFailed: the training did not succeed.
        Exit: Ctrl-C; the training goes on.
    """
    context.report(f"training {asked.id}")
    try:
        with member_bars(context.console) as progress:
            training = await follow_training(
                trainer, asked.id, progress.show, progress.wait, lambda networks: progress.tell(networks.lines())
            )
    except asyncio.CancelledError:
        context.report(
            f"The training goes on{_PROMISED.get(asked.publish, '')}.\n"
            f"To follow it: ordercast trainings follow {asked.id}{context.where}\n"
            f"To cancel it: ordercast trainings cancel {asked.id}{context.where}"
        )
        raise typer.Exit(EXIT_INTERRUPTED) from None
    if training.status != "succeeded":
        if training.status == "cancelled":
            raise CommandFailed("the training was cancelled")
        raise CommandFailed(f"the training {training.status}: {training.error}")
    return training


async def cancel(context: Context, trainer: TrainerApi, training_id: UUID) -> None:
    """Answers when the training has ended.

    Raises:
        CommandFailed: it was over before it heard of it.
    """
    await trainer.cancel(training_id)
    while (training := await trainer.get(training_id)).status not in FINISHED:
        await asyncio.sleep(CANCEL_POLL_S)
    if training.status != "cancelled":
        raise CommandFailed(f"the training was over: it {training.status}")
    context.result(training, f"training {training_id} is cancelled")


async def _pinned(context: Context, recipe: str) -> str | None:
    """The version that is served whatever was trained; None if there is no such one, or no predictor says so."""
    with suppress(ClientError):
        async with open_client(context.target().addresses, retry_for_s=PREDICTOR_RETRY_FOR_S) as anonymous:
            current = await anonymous.predictor.current_model(recipe)
            return current.version if current.pinned else None
    return None
