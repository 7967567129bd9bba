"""`ordercast train`: a training on the feature table, followed to its end."""

from typing import Annotated

import typer

from ordercast.cli.options import CommandFailed, Context, command, one_command
from ordercast.client.answers import Metrics, Training
from ordercast.client.follow_training import follow_training
from ordercast.progress import member_bars
from ordercast.system.access import SYSTEM_ERRORS, open_access

app = one_command()


@app.command()
@command(expected=SYSTEM_ERRORS, against=True)
async def train(
    context: Context,
    recipe: Annotated[str, typer.Option(help="What to train.")] = "baseline",
    members: Annotated[int | None, typer.Option(help="Networks, in place of the recipe's.", show_default=False)] = None,
    epochs: Annotated[int | None, typer.Option(help="In place of the recipe's.", show_default=False)] = None,
    batch_size: Annotated[int | None, typer.Option(help="In place of the recipe's.", show_default=False)] = None,
    seed: Annotated[int | None, typer.Option(help="Makes the same model again.", show_default=False)] = None,
) -> None:
    """Train a model on the feature table, with a bar for each network, and say how good it is.

    Ctrl-C leaves the training running. Exit code 1 if it did not succeed.
    """
    asked = {"members": members, "epochs": epochs, "batch_size": batch_size, "seed": seed}
    changes = {name: value for name, value in asked.items() if value is not None}
    async with open_access(context.target()) as access:
        started = await access.admin.trainer.start(recipe, **changes)
        context.report(f"training {started.id}")
        with member_bars(context.console) as progress:
            training = await follow_training(access.admin.trainer, started.id, progress.show)
    if training.metrics is None or training.status != "succeeded":
        raise CommandFailed(f"the training {training.status}: {training.error or 'it was stopped'}")
    context.result(training, _text(training, training.metrics))


def _text(training: Training, metrics: Metrics) -> str:
    named = (("ensemble", metrics.ensemble), ("the mean", metrics.mean), ("a straight line", metrics.line))
    lines = [f"{name:<16} mse {errors.mse:8.4f}   mae {errors.mae:8.4f}" for name, errors in named]
    return "\n".join([f"model {training.model_version}, on {metrics.holdout_rows:,} held-out rows", *lines])
