"""`ordercast trainings`: which trainings there were, how each ended, and following or cancelling one."""

from typing import Annotated
from uuid import UUID

import typer
from rich.table import Table

from ordercast.cli.describe_training import worth_of
from ordercast.cli.follow import cancel, follow
from ordercast.cli.forecast_table import RETRY_FOR_S
from ordercast.cli.options import Context, command, several_commands
from ordercast.client.training_answers import Training
from ordercast.system.access import SYSTEM_ERRORS, open_access

app = several_commands("Show, follow and cancel trainings. To start one: ordercast train.")

TrainingId = Annotated[UUID, typer.Argument(metavar="ID", help="As `list` shows it.")]


@app.command(name="list")
@command(expected=SYSTEM_ERRORS, against=True)
async def list_(
    context: Context, limit: Annotated[int, typer.Option(min=1, max=100, help="The newest so many.")] = 20
) -> None:
    """Show the newest trainings."""
    async with open_access(context.target(), retry_for_s=RETRY_FOR_S) as access:
        trainings = await access.admin.trainer.newest(limit)
    context.result(trainings, table(trainings))


@app.command()
@command(expected=SYSTEM_ERRORS, against=True)
async def show(context: Context, training_id: TrainingId) -> None:
    """Show a training: what was asked for, how far it is, and how it ended."""
    async with open_access(context.target(), retry_for_s=RETRY_FOR_S) as access:
        training = await access.admin.trainer.get(training_id)
    horizon = f", horizon {training.horizon_days} days" if training.horizon_days else ""
    until = f", until {training.until}" if training.until else ""
    asked = (
        f"{training.recipe}, {training.members} members, {training.epochs} epochs, seed {training.seed}{horizon}{until}"
    )
    lines = [f"{training.id} ({asked}): {training.status}, {_progress(training)}"]
    lines += [f"asked for by rule: {training.asked_by_rule}"] if training.asked_by_rule else []
    lines += [line for networks in training.networks or [] for line in networks.lines()]
    lines += worth_of(training)
    lines += [training.error] if training.error else []
    context.result(training, "\n".join(lines))


@app.command(name="follow")
@command(expected=SYSTEM_ERRORS, against=True)
async def follow_(context: Context, training_id: TrainingId) -> None:
    """Follow a training to its end, with a bar for each network, and say what came of it.

    Ctrl-C leaves it running. Exit code 1 if it did not succeed.
    """
    async with open_access(context.target()) as access:
        await access.expect("trainer")
        training = await access.admin.trainer.get(training_id)  # nothing is said of one that there is not
        await follow(context, access.admin.trainer, training)


@app.command(name="cancel")
@command(expected=SYSTEM_ERRORS, against=True)
async def cancel_(context: Context, training_id: TrainingId) -> None:
    """Cancel a training: one that waits at once, one that runs within about a second."""
    async with open_access(context.target()) as access:
        await access.expect("trainer")
        await cancel(context, access.admin.trainer, training_id)


def table(trainings: list[Training]) -> Table | str:
    """The trainings as lines to read."""
    if not trainings:
        return "nothing was trained yet"
    shown = Table("id", "recipe", "status", "epochs", "model", "worth", box=None, pad_edge=False, header_style="bold")
    for training in trainings:
        progress = _progress(training).removeprefix("epoch ")
        shown.add_row(
            str(training.id), training.recipe, _status(training), progress, training.model_version, _worth(training)
        )
    return shown


def _status(training: Training) -> str:
    """One that found no model to publish has succeeded for the machine alone."""
    return "rejected" if training.verdict == "rejected" else training.status


def _worth(training: Training) -> str:
    """What was found and, unless a model or the status says it, what became of it."""
    quality = training.judgement.quality if training.judgement else None
    told = training.verdict == "rejected" or (quality and training.verdict == "published")
    verdict = None if told else training.verdict
    return "; ".join(said for said in (quality, verdict) if said)


def _progress(training: Training) -> str:
    progress = training.progress
    if training.status == "running" and progress.events_behind:
        return f"waiting for {progress.events_behind:,} events"
    return f"epoch {progress.epoch} of {progress.epochs}"
