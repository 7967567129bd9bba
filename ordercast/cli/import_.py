"""`ordercast import orders|views|products FILE`: a shop's own data, from whatever file it has."""

import asyncio
import hashlib
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from rich.text import Text

from ordercast.cli.import_again import again
from ordercast.cli.options import EXIT_INTERRUPTED, CommandFailed, Context, command, one_command
from ordercast.imports.columns.numbers import Decimals
from ordercast.imports.find_form import Choices
from ordercast.imports.import_file import VIEWS_SENT, ReadFile, import_file, read_file, sender_of, try_file
from ordercast.imports.profiles.mapping import Subject, read_mapping, write_mapping
from ordercast.imports.report import Report
from ordercast.imports.send import CHUNK_ROWS, OnConflict, SimulatedViews
from ordercast.imports.sent_batches import SentBatches
from ordercast.progress import bars, steps
from ordercast.system.access import SYSTEM_ERRORS, open_access

app = one_command()

OUT: Final = Path("out")
# Documents that a dry run shows.
SHOWN: Final = 3
_FORM: Final = "How the file is read"


@app.command(name="import")
@command(expected=SYSTEM_ERRORS, against=True)
async def import_(
    context: Context,
    subject: Annotated[Subject, typer.Argument(help="What the rows of the file are.")],
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV, TSV, XLSX, ODS, Parquet or NDJSON, also in .gz or .zip; a folder where a profile has several."
        ),
    ],
    zone: Annotated[
        str | None, typer.Option(help="Of times that say none, such as Asia/Seoul.", rich_help_panel=_FORM)
    ] = None,
    currency: Annotated[
        str | None, typer.Option(help="Of prices that say none, such as EUR.", rich_help_panel=_FORM)
    ] = None,
    profile: Annotated[
        str | None, typer.Option(help="Of a known export; found by the header if not given.", rich_help_panel=_FORM)
    ] = None,
    map_: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="FIELD=COLUMN",
            help="Which column is what; FIELD==TEXT for all rows.",
            rich_help_panel=_FORM,
        ),
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="A file that --save-mapping wrote.", rich_help_panel=_FORM)
    ] = None,
    save_mapping: Annotated[
        Path | None, typer.Option(help="Write what was told and found to this TOML file.", rich_help_panel=_FORM)
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WORD=view|cart|order",
            help="Your word for a view, or for what was put into the cart; of orders, the word of the rows that are some.",
            rich_help_panel=_FORM,
        ),
    ] = None,
    status: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WORD=STATUS",
            help="Your word for PENDING, CONFIRMED or CANCELLED.",
            rich_help_panel=_FORM,
        ),
    ] = None,
    group_by: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Rows that agree in these columns are one order.", rich_help_panel=_FORM),
    ] = None,
    sum_duplicate_lines: Annotated[
        bool | None,
        typer.Option(
            "--sum-duplicate-lines/--keep-duplicate-lines",
            help="Rows of an order with the same product and price are one item; if not given, the profile says.",
            rich_help_panel=_FORM,
        ),
    ] = None,
    dayfirst: Annotated[
        bool | None,
        typer.Option("--dayfirst/--monthfirst", help="Where the file does not tell.", rich_help_panel=_FORM),
    ] = None,
    decimal_point: Annotated[
        bool | None,
        typer.Option("--decimal-point/--decimal-comma", help="Where the file does not tell.", rich_help_panel=_FORM),
    ] = None,
    encoding: Annotated[str | None, typer.Option(help="Of text; found if not given.", rich_help_panel=_FORM)] = None,
    account_prefix: Annotated[
        str, typer.Option(help="Before each customer's number, for two shops whose numbers are the same.")
    ] = "",
    on_conflict: Annotated[
        OnConflict, typer.Option(help="What becomes of a known order with another content.")
    ] = "refuse",
    rejects: Annotated[
        Path | None, typer.Option(help="Where refused rows go; out/rejects_NAME.csv if not given.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would come in and what would be refused; write nothing.")
    ] = False,
    simulate_views: Annotated[
        bool, typer.Option("--simulate-views", help="Add views that the orders could have had, marked as simulated.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of the simulated views.")] = 1,
) -> None:
    """Import orders, views or products from a file of any common form, through the HTTP API.

    It says how it reads the file, and asks for what the file leaves open. Every row is imported, refused or left out, each with a
    reason. The same file twice changes nothing, and of a file that was appended to only what is new comes in.
    Exit code 1 if no row of it came in.
    """
    if simulate_views and (context.remote or subject is not Subject.ORDERS):
        raise CommandFailed(
            "--simulate-views goes with orders, and not with --against: a state folder keeps what was sent"
        )
    if rejects and rejects.resolve() == file.resolve():
        raise CommandFailed("--rejects is the file itself, which would be overwritten", hint="name another file")
    choices = Choices(
        subject,
        profile,
        map_ or (),
        read_mapping(mapping) if mapping else None,
        group_by or (),
        sum_duplicate_lines,
        zone,
        currency,
        account_prefix,
        dayfirst,
        None if decimal_point is None else Decimals.POINT if decimal_point else Decimals.COMMA,
        encoding,
        kind or (),
        status or (),
    )
    with ExitStack() as opened:
        with steps(context.console) as step:
            step.now(f"reading {file.name}")
            reading = read_file(file, choices, lambda rows: step.now(f"reading {file.name}: {rows:,} rows"))
            read = opened.enter_context(reading)
        for words in read.found.words:
            context.report(Text(words))
        if dry_run:
            _show(context, read)
            return
        if save_mapping:
            write_mapping(save_mapping, read.found.saved())
        simulated = (
            SimulatedViews(seed, SentBatches(context.folder.root / "simulated_views_sent")) if simulate_views else None
        )
        refused = rejects or rejects_of(file)
        report = await _import(context, read, refused, on_conflict, simulated)
        command_again = again(context, refused, choices, mapping, read.found.form, on_conflict, simulated)
    _answer(context, report, refused, command_again)


def _answer(context: Context, report: Report, rejects: Path, command_again: str) -> None:
    """Raises Exit if no row came in."""
    if not report.refused:
        context.result({**report.as_data(), "rejects": None}, Text(report.text()))
    else:
        where = f"refused rows with their reasons: {rejects}\ncorrect them there, then: {command_again}"
        context.result({**report.as_data(), "rejects": str(rejects)}, Text(f"{report.text()}\n{where}"))
    if report.rows and not report.rows_imported:
        raise typer.Exit(1)


def rejects_of(file: Path) -> Path:
    """Where the refused rows of a file go if nothing else is said. They are CSV, and not packed."""
    name = file.name
    for packed in (".gz", ".zip", ".csv"):
        name = name.removesuffix(packed)
    return OUT / f"rejects_{name}.csv"


def _show(context: Context, read: ReadFile) -> None:
    report, first = try_file(read, SHOWN)
    shown = "\n".join(msgspec.json.format(msgspec.json.encode(line)).decode() for line in first)
    text = f"{shown}\n{report.text()}\nnothing was written: --dry-run"
    context.result({**report.as_data(), "first_documents": first}, Text(text))


async def _import(
    context: Context, read: ReadFile, rejects: Path, on_conflict: OnConflict, simulated: SimulatedViews | None
) -> Report:
    """Raises Exit after Ctrl-C, once it is said what is in."""
    done = 0
    # Between two answers of the API nobody can say how many rows are in.
    name = f"rows, told by some {CHUNK_ROWS:,}"
    try:
        async with open_access(context.target()) as access:
            # Beside what it is true of: a system of this machine may be thrown away with its folder.
            sent = f"views_sent_{hashlib.sha256(access.target.addresses.order_api.encode()).hexdigest()[:12]}"
            views_sent = OUT / sent if context.remote else context.folder.root / VIEWS_SENT
            sender = sender_of(read, access.admin, on_conflict, views_sent, simulated)
            with bars(context.console, {name: read.rows}) as progress:

                def advance(rows: int, of: int) -> None:
                    nonlocal done
                    done = rows
                    progress.set(name, rows, of)

                return await import_file(read, sender, rejects, advance=advance)
    except asyncio.CancelledError:
        context.report(
            f"interrupted: {done:,} of {read.rows:,} rows were dealt with, and some of the next may be in, too.\n"
            "What came in stays. The same command again sends only what is missing."
        )
        raise typer.Exit(EXIT_INTERRUPTED) from None
