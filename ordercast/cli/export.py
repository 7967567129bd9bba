"""`ordercast export`: the four data sets of the recipe, or the shop's own."""

from pathlib import Path
from typing import Annotated

import typer

from ordercast.cli.options import Context, command, one_command
from ordercast.progress import bars
from ordercast.reading.data_sets import RECIPE, SHOP, DataName
from ordercast.reading.export import export as write_files
from ordercast.reading.table_files import Format, TooManyRows
from ordercast.system.access import SYSTEM_ERRORS

app = one_command()


@app.command()
@command(expected=(*SYSTEM_ERRORS, TooManyRows), against=True)
async def export(
    context: Context,
    data: Annotated[
        list[DataName] | None,
        typer.Argument(metavar="NAME...", help="What to write; by default the recipe's four files."),
    ] = None,
    file_format: Annotated[Format, typer.Option("--format", help="Of the files.")] = "xlsx",
    out: Annotated[Path, typer.Option(help="The folder to write them to.")] = Path("out"),
) -> None:
    """Write data sets into files, as they are at this moment.

    The recipe's: orders_data, view_counts_data, preprocessed_orders_data (both joined) and orders_data_after_drop_duplication
    (the first row of each pair). The shop's, with ids, SKUs, names, status, times and currency: orders, order_lines, views (read
    in Kafka), features and activity (by day).
    """
    target = context.target()
    wanted = [data_set for data_set in (*RECIPE, *SHOP) if data_set.name in data] if data else RECIPE
    needs_kafka = any(data_set.query is None for data_set in wanted)
    with bars(context.console, {data_set.name: None for data_set in wanted}) as progress:
        files = await write_files(
            target.reading_url,
            out,
            file_format,
            wanted,
            kafka_bootstrap=target.kafka_bootstrap if needs_kafka else "",
            written=progress.advance,
        )
    context.result(
        [{"path": str(file.path), "rows": file.rows} for file in files],
        "\n".join(f"{file.path}  {file.rows:,} rows" for file in files),
    )
