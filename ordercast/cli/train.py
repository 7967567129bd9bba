"""`ordercast train`: a training on the feature table, followed to its end."""

import asyncio
from contextlib import suppress
from typing import Annotated, Final
from uuid import UUID

import typer

from ordercast.cli.options import EXIT_INTERRUPTED, CommandFailed, Context, command, one_command
from ordercast.client import open_client
from ordercast.client.answers import FINISHED, Metrics, Training
from ordercast.client.errors import ClientError
from ordercast.client.follow_training import follow_training
from ordercast.client.trainer import TrainerApi
from ordercast.progress import member_bars
from ordercast.system.access import SYSTEM_ERRORS, open_access

app = one_command()

# Time (s) between two looks whether a training has ended, which it does within about a second.
CANCEL_POLL_S: Final = 0.25
# A predictor that loads its first model is waited for this long (s): what is asked of it is only an addition.
PREDICTOR_RETRY_FOR_S: Final = 3.0


@app.command()
@command(expected=SYSTEM_ERRORS, against=True)
async def train(
    context: Context,
    recipe: Annotated[str, typer.Option(help="What to train.")] = "baseline",
    members: Annotated[int | None, typer.Option(help="Networks, in place of the recipe's.", show_default=False)] = None,
    epochs: Annotated[int | None, typer.Option(help="In place of the recipe's.", show_default=False)] = None,
    batch_size: Annotated[int | None, typer.Option(help="In place of the recipe's.", show_default=False)] = None,
    seed: Annotated[int | None, typer.Option(help="Makes the same model again.", show_default=False)] = None,
    follow: Annotated[
        UUID | None, typer.Option(help="Start none, but follow this training to its end.", show_default=False)
    ] = None,
    cancel: Annotated[
        UUID | None, typer.Option(help="Start none, but cancel this training.", show_default=False)
    ] = None,
) -> None:
    """Train a model on the feature table, with a bar for each network, and say how good it is.

    Ctrl-C leaves the training running, and says how to follow or cancel it. Exit code 1 if it did not succeed.
    """
    asked = {"members": members, "epochs": epochs, "batch_size": batch_size, "seed": seed}
    changes = {name: value for name, value in asked.items() if value is not None}
    if (follow or cancel) and (changes or (follow and cancel)):
        raise CommandFailed("--follow and --cancel each go alone: they start no training")
    async with open_access(context.target()) as access:
        trainer = access.admin.trainer
        if cancel:
            await _cancel(context, trainer, cancel)
            return
        started = follow or (await trainer.start(recipe, **changes)).id
        context.report(f"training {started}")
        try:
            with member_bars(context.console) as progress:
                training = await follow_training(trainer, started, progress.show)
        except asyncio.CancelledError:
            context.report(
                f"The training goes on, and its model goes live when it succeeds, unless one is pinned.\n"
                f"To follow it: ordercast train --follow {started}\n"
                f"To cancel it: ordercast train --cancel {started}"
            )
            raise typer.Exit(EXIT_INTERRUPTED) from None
    if training.metrics is None or training.status != "succeeded":
        raise CommandFailed(f"the training {training.status}: {training.error or 'it was stopped'}")
    pinned = await _pinned(context)
    waits = f"\nit waits as a challenger: {pinned} is pinned (ordercast models unpin)" if pinned else ""
    context.result(training, _text(training, training.metrics) + waits)


async def _pinned(context: Context) -> str | None:
    """The version that is served whatever was trained; None if there is no such one, or no predictor says so."""
    with suppress(ClientError):
        async with open_client(context.target().addresses, retry_for_s=PREDICTOR_RETRY_FOR_S) as anonymous:
            current = await anonymous.predictor.current_model()
            return current.version if current.pinned else None
    return None


async def _cancel(context: Context, trainer: TrainerApi, training_id: UUID) -> None:
    """Returns when it has ended; it may be done before it hears of it."""
    await trainer.cancel(training_id)
    while (training := await trainer.get(training_id)).status not in FINISHED:
        await asyncio.sleep(CANCEL_POLL_S)
    if training.status != "cancelled":
        raise CommandFailed(f"the training was over: it {training.status}")
    context.result(training, f"training {training_id} is cancelled")


def _text(training: Training, metrics: Metrics) -> str:
    named = (("ensemble", metrics.ensemble), ("the mean", metrics.mean), ("a straight line", metrics.line))
    lines = [f"{name:<16} mse {errors.mse:8.4f}   mae {errors.mae:8.4f}" for name, errors in named]
    title = f"model {training.model_version}, on {metrics.holdout_rows:,} held-out rows"
    return "\n".join([title, *lines, *(training.judgement.lines() if training.judgement else ())])
