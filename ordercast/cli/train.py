"""`ordercast train`: a training on the feature table, followed to its end."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from ordercast.cli.follow import cancel as cancel_training
from ordercast.cli.follow import follow as follow_to_its_end
from ordercast.cli.options import CommandFailed, Context, command, one_command
from ordercast.cli.recipe_files import read_recipe_file
from ordercast.system.access import SYSTEM_ERRORS, open_access

app = one_command()


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
    recipe_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A recipe of your own, in TOML: `demand` with other features, layers, losses and so on.",
            show_default=False,
        ),
    ] = None,
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
        UUID | None, typer.Option(help="Start none: the same as `ordercast trainings follow`.", show_default=False)
    ] = None,
    cancel: Annotated[
        UUID | None, typer.Option(help="Start none: the same as `ordercast trainings cancel`.", show_default=False)
    ] = None,
) -> None:
    """Train a model on what was ordered and viewed, with a bar for each network, and say how good it is.

    Ctrl-C leaves the training running, and says how to follow or cancel it. Exit code 1 if it did not succeed;
    a model that is not good enough to go live is no failure, and it is said what to do.
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
    if (follow or cancel) and (changes or recipe_file or (follow and cancel)):
        raise CommandFailed("--follow and --cancel each go alone: they start no training")
    if recipe_file and recipe != "baseline":
        raise CommandFailed("--recipe-file is a recipe already: leave --recipe out")
    wanted = read_recipe_file(recipe_file) if recipe_file else recipe
    async with open_access(context.target()) as access:
        trainer = access.admin.trainer
        if cancel:
            await cancel_training(context, trainer, cancel)
        else:
            training = await (trainer.get(follow) if follow else trainer.start(wanted, **changes))
            await follow_to_its_end(context, trainer, training)
