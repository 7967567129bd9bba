"""`ordercast models`: the published versions, what each is worth, and which one is served."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
import typer
from rich.table import Table

from ordercast.cli.compare_models import side_by_side
from ordercast.cli.follow import followed
from ordercast.cli.forecast_table import RETRY_FOR_S
from ordercast.cli.options import CommandFailed, Context, command, several_commands
from ordercast.cli.reproduce import asked_again, compared
from ordercast.client import Client, open_client
from ordercast.client.compare_models import NotComparable, compare
from ordercast.client.model_answers import Model
from ordercast.system.access import SYSTEM_ERRORS, open_access
from ordercast.system.service_program import run_program

app = several_commands("Show model versions, and choose the one of each recipe that is served.")

RecipeName = Literal["baseline", "demand"]
Recipe = Annotated[RecipeName, typer.Option(help="Whose version.")]
Version = Annotated[str, typer.Argument(metavar="VERSION", help="As `list` shows it.")]


@app.command(name="list")
@command(expected=SYSTEM_ERRORS, against=True)
async def list_(
    context: Context, limit: Annotated[int, typer.Option(min=1, max=100, help="The newest so many.")] = 20
) -> None:
    """Show the newest versions and what each is worth."""
    async with open_client(context.target().addresses, retry_for_s=RETRY_FOR_S) as anonymous:
        models = await anonymous.predictor.models(limit)
    context.result(models, table(models))


@app.command()
@command(expected=SYSTEM_ERRORS, against=True)
async def show(context: Context, version: Version) -> None:
    """Show what is known of a version."""
    async with open_client(context.target().addresses, retry_for_s=RETRY_FOR_S) as anonymous:
        model = await anonymous.predictor.model(version)
    worth = model.judgement.lines() if model.judgement else of_questions(model) or ["what it is worth was not judged"]
    pinned = ", pinned" if model.pinned else ""
    rows = f"{model.rows:,} rows" if model.rows else "rows unknown"
    title = f"{model.version} ({model.recipe}, {rows}): {model.refused or model.state}{pinned}"
    context.result(model, "\n".join([title, *written_recipe(model), *worth]))


@app.command()
@command(expected=SYSTEM_ERRORS, against=True)
async def diff(
    context: Context,
    first: Annotated[str, typer.Argument(metavar="A", help="As `list` shows it.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another version of the same recipe.")],
    everything: Annotated[bool, typer.Option("--all", help="Also what is the same.")] = False,
) -> None:
    """Show two versions side by side: recipe, data, scores, collapsed members, and in what they differ."""
    async with open_client(context.target().addresses, retry_for_s=RETRY_FOR_S) as anonymous:
        models = [await anonymous.predictor.model(version) for version in (first, second)]
    try:
        compared = compare(*models)
    except NotComparable as error:
        raise CommandFailed(str(error), hint="ordercast models list shows the recipe of each") from error
    context.result(compared, side_by_side(compared, everything=everything))


@app.command()
@command(expected=SYSTEM_ERRORS, against=True)
async def live(context: Context, version: Version) -> None:
    """Show what the predictions of a version of demand have come to: said against ordered; its age and its features' drift."""
    async with open_access(context.target(), retry_for_s=RETRY_FOR_S) as access:
        accuracy = await access.admin.predictor.live(version)
        drift = await access.admin.predictor.drift(version)
    context.result({"live": accuracy, "drift": drift}, "\n".join([*accuracy.lines(), *drift.lines()]))


@app.command()
@command(expected=SYSTEM_ERRORS, against=True)
async def reproduce(context: Context, version: Version) -> None:
    """Train a version again by its recipe, seed and data, publish nothing, and compare what was learned to the bit.

    Exit code 1 if it is not the same, with what differs: data, libraries, machine.
    """
    async with open_access(context.target()) as access:
        trainer = access.admin.trainer
        model = await access.admin.predictor.model(version)
        recipe, asked = asked_again(model, await trainer.recipes())
        training = await followed(context, trainer, await trainer.start(recipe, **asked))
    if training.made is None:
        raise CommandFailed("the trainer is of a release that does not say what came out of a training")
    found = compared(model, str(training.id), training.made, training.questions)
    words = f"{version} came out the same: {', '.join(found.files)}" if found.same else "\n".join(found.differs)
    context.result(found, words)
    if not found.same:
        raise typer.Exit(1)


@app.command()
@command(expected=SYSTEM_ERRORS, against=True)
async def card(
    context: Context,
    version: Version,
    out: Annotated[Path, typer.Option(help="The file to write.", dir_okay=False)],
) -> None:
    """Write the card of a version, an HTML page: data, recipe, curves, scores, calibration, residuals, worst rows."""
    async with open_access(context.target(), retry_for_s=RETRY_FOR_S) as access:
        page = await access.admin.predictor.card(version)
    try:
        out.write_bytes(page)
    except OSError as error:
        raise CommandFailed(f"{out} cannot be written: {error.strerror or error}", hint="name another --out") from error
    context.result({"version": version, "out": str(out), "bytes": len(page)}, f"{out}: the card of {version}")


@app.command()
@command(expected=SYSTEM_ERRORS, against=True)
async def activate(context: Context, version: Version) -> None:
    """Serve this version, and pin it."""
    async with open_access(context.target(), retry_for_s=RETRY_FOR_S) as access:
        await _pin(context, access.admin, version)


@app.command()
@command(expected=SYSTEM_ERRORS, against=True)
async def pin(
    context: Context,
    version: Annotated[str | None, typer.Argument(metavar="[VERSION]", help="The current one if not given.")] = None,
    recipe: Recipe = "baseline",
) -> None:
    """Serve a version until it is unpinned; what is trained meanwhile waits as a challenger."""
    async with open_access(context.target(), retry_for_s=RETRY_FOR_S) as access:
        await _pin(context, access.admin, version or (await access.admin.predictor.current_model(recipe)).version)


@app.command()
@command(expected=SYSTEM_ERRORS, against=True)
async def unpin(context: Context, recipe: Recipe = "baseline") -> None:
    """Serve the latest version of a recipe again, and each that is trained from now on."""
    async with open_access(context.target(), retry_for_s=RETRY_FOR_S) as access:
        answer = await access.admin.predictor.unpin(recipe)
    told = f"{answer.unpinned} is pinned no more" if answer.unpinned else "no version was pinned"
    served = answer.version or f"no version of {recipe}"
    context.result(answer, f"{told}; {served} is served")


@app.command()
@command()
async def sign(
    context: Context,
    versions: Annotated[
        list[str] | None, typer.Argument(metavar="[VERSION]...", help="All that have no signature, if none is given.")
    ] = None,
) -> None:
    """Sign versions that are known to be good, with the trainer's key: the predictor serves no others.

    It is for versions from before there was a key, or after the key was lost. Where others run the trainer: python -m
    ordercast.services.trainer sign, in its container.
    """
    system = context.system()
    variables = {
        "ORDERCAST_MODEL_PRIVATE_KEY_FILE": str(context.folder.model_private_key),
        "ORDERCAST_ARTIFACTS_DIR": system.artifacts_dir,
    }
    lines = run_program("trainer", system.database_url, "sign", *(versions or ()), variables=variables)
    signed = [msgspec.json.decode(line) async for line in lines]
    told = [f"{each['version']} {each['recipe']}: {each['refused'] or 'signed'}" for each in signed]
    context.result(signed, "\n".join(told) or "all versions are signed")
    if any(each["refused"] for each in signed):
        raise typer.Exit(1)


async def _pin(context: Context, admin: Client, version: str) -> None:
    await admin.predictor.activate(version)
    model = await admin.predictor.model(version)
    if not model.pinned:
        raise CommandFailed(
            f"{version} was served and is not pinned any more: somebody has chosen another one meanwhile"
        )
    of_recipe = "" if model.recipe == "baseline" else f" --recipe {model.recipe}"
    context.result(model, f"{version} is served until it is unpinned (ordercast models unpin{of_recipe})")


def written_recipe(model: Model) -> list[str]:
    """The values of a recipe that somebody wrote; nothing for a built-in one."""
    settings = (model.manifest or {}).get("settings")
    if settings is None or settings["name"] == model.recipe:
        return []
    own = [f"{key} {value}" for key, value in settings.items() if not isinstance(value, dict) and key != "name"]
    lines = [f"recipe {settings['name']}: {', '.join(own)}"]
    for question, values in settings.items():
        if isinstance(values, dict):
            layers = ", ".join(map(str, values["layers"]))
            losses = ", ".join(f"{head} {weight:g}" for head, weight in values["losses"].items())
            lines.append(f"  {question}: {len(values['features'])} features, layers of {layers}, losses {losses}")
    return lines


def of_questions(model: Model) -> list[str]:
    """What was found of a version that answers several questions; nothing for one that does not."""
    metrics = model.metrics or {}
    judged = [f"{name}: {found['judgement']}" for name, found in metrics.get("questions", {}).items()]
    return judged + [f"warning: {warning}" for warning in metrics.get("warnings", [])]


def table(models: list[Model]) -> Table | str:
    """The versions as lines to read."""
    if not models:
        return "no model was published yet; what came of each training: ordercast trainings list"
    shown = Table("version", "recipe", "state", "collapsed", "worth", box=None, pad_edge=False, header_style="bold")
    for model in models:
        judgement = model.judgement
        collapsed = f"{judgement.collapsed_members} of {model.members}" if judgement else ""
        worth = judgement.quality if judgement else (model.metrics or {}).get("judgement", "not judged")
        state = f"{model.state}, pinned" if model.pinned else model.state
        shown.add_row(model.version, model.recipe, state, collapsed, worth)
    return shown
