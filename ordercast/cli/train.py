"""`ordercast train`: a training on the feature table, followed to its end."""

import asyncio
from contextlib import suppress
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

import typer

from ordercast.cli.describe_training import worth_of
from ordercast.cli.options import EXIT_INTERRUPTED, CommandFailed, Context, command, one_command
from ordercast.client import open_client
from ordercast.client.answers import FINISHED
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


class Publish(StrEnum):
    IF_BETTER = "if-better"
    ALWAYS = "always"
    NEVER = "never"


@app.command()
@command(expected=SYSTEM_ERRORS, against=True)
async def train(
    context: Context,
    recipe: Annotated[
        str, typer.Option(help="`baseline`: quantity by view count. `demand`: pairs, order lines and products by week.")
    ] = "baseline",
    members: Annotated[int | None, typer.Option(help="Networks, in place of the recipe's.", show_default=False)] = None,
    epochs: Annotated[int | None, typer.Option(help="In place of the recipe's.", show_default=False)] = None,
    batch_size: Annotated[int | None, typer.Option(help="In place of the recipe's.", show_default=False)] = None,
    seed: Annotated[int | None, typer.Option(help="Makes the same model again.", show_default=False)] = None,
    horizon_days: Annotated[
        int | None, typer.Option(help="Of `demand`: 7, 14, 28 (if not given) or 56.", show_default=False)
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="Of `demand`: what happened on this day (UTC) or later is not used.",
            show_default=False,
        ),
    ] = None,
    publish: Annotated[
        Publish | None,
        typer.Option(
            help="Whether the model goes live; if not given, `demand` if-better, `baseline` always.",
            show_default=False,
        ),
    ] = None,
    follow: Annotated[
        UUID | None, typer.Option(help="Start none, but follow this training to its end.", show_default=False)
    ] = None,
    cancel: Annotated[
        UUID | None, typer.Option(help="Start none, but cancel this training.", show_default=False)
    ] = None,
) -> None:
    """Train a model on what was ordered and viewed, with a bar for each network, and say how good it is.

    Ctrl-C leaves the training running, and says how to follow or cancel it. Exit code 1 if it did not succeed.
    """
    asked = {
        "members": members,
        "epochs": epochs,
        "batch_size": batch_size,
        "seed": seed,
        "horizon_days": horizon_days,
        "until": until.date().isoformat() if until else None,
        "publish": publish.value if publish else None,
    }
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
    if training.status != "succeeded":
        raise CommandFailed(f"the training {training.status}: {training.error or 'it was stopped'}")
    pinned = await _pinned(context, training.recipe) if training.model_version else None
    unpin = f"ordercast models unpin --recipe {training.recipe}"
    waits = [f"it waits as a challenger: {pinned} is pinned ({unpin})"] if pinned else []
    context.result(training, "\n".join([*worth_of(training), *waits]))


async def _pinned(context: Context, recipe: str) -> str | None:
    """The version that is served whatever was trained; None if there is no such one, or no predictor says so."""
    with suppress(ClientError):
        async with open_client(context.target().addresses, retry_for_s=PREDICTOR_RETRY_FOR_S) as anonymous:
            current = await anonymous.predictor.current_model(recipe)
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
