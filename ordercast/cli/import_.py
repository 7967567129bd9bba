"""`ordercast import online-retail`: a shop's own history."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.text import Text

from ordercast.cli.options import CommandFailed, Context, command, several_commands
from ordercast.imports.import_online_retail import ImportReport, OnConflict, SimulatedViews, import_online_retail
from ordercast.imports.online_retail.rows import FileProgress, FileUnreadable
from ordercast.imports.sent_batches import SentBatches
from ordercast.progress import bars
from ordercast.system.access import SYSTEM_ERRORS, open_access

app = several_commands("Import a shop's history.")

REJECTS: Final = Path("out/online_retail_rejects.csv")


@app.command(name="online-retail")
@command(expected=(*SYSTEM_ERRORS, FileUnreadable), against=True)
async def online_retail(
    context: Context,
    file: Annotated[Path, typer.Argument(help="CSV, plain or gzip, with the columns of UCI Online Retail.")],
    rejects: Annotated[Path, typer.Option(help="Where refused rows go, each with its reason.")] = REJECTS,
    on_conflict: Annotated[
        OnConflict, typer.Option(help="What becomes of an invoice that is there with other rows.")
    ] = "refuse",
    simulate_views: Annotated[
        bool, typer.Option("--simulate-views", help="Add views that the orders could have had, marked as simulated.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of the simulated views.")] = 1,
) -> None:
    """Import orders and cancellations with their times, accounts and products, through the HTTP API.

    Every row is imported or refused with a reason; if all are refused, the exit status is 1.
    A second run changes nothing. Times without a zone are London's.
    """
    if simulate_views and context.remote:
        raise CommandFailed("--simulate-views does not go with --against: a state folder keeps which were sent")
    views = SimulatedViews(seed, SentBatches(context.folder.root / "simulated_views_sent")) if simulate_views else None

    async with open_access(context.target()) as access:
        with bars(context.console, {"MB read": None}) as progress:

            def advance(now: FileProgress) -> None:
                progress.set("MB read", round(now.position / 1e6, 1), round(now.size / 1e6, 1))

            report = await import_online_retail(
                access.admin, file, rejects, on_conflict=on_conflict, views=views, advance=advance
            )
    counts = {"rows": report.rows, "rows_refused": report.rows_refused, "refused": dict(report.refused)}
    data = {**asdict(report), **counts, "rejects": str(rejects)}
    context.result(data, Text(_text(report, rejects)))
    if report.refused and not report.rows_imported:
        raise typer.Exit(1)


def _text(report: ImportReport, rejects: Path) -> str:
    lines = [
        f"rows in {report.rows:,} = imported {report.rows_imported:,} + refused {report.rows_refused:,}",
        *(f"  refused {count:>9,}  {reason}" for reason, count in report.refused.most_common()),
        f"orders and cancellations: {report.orders_created:,} created, {report.orders_repeated:,} were there, "
        f"{report.orders_replaced:,} replaced",
        f"refused rows with their reasons: {rejects}",
    ]
    if report.view_events or report.view_batches_repeated:
        lines.append(
            f"simulated views: {report.view_events:,} events acknowledged (those of a repeated batch count once), "
            f"{report.view_batches_repeated:,} batches had been sent before"
        )
    return "\n".join(lines)
