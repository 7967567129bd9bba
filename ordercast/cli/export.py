"""`ordercast export`: the four data sets of the recipe."""

from pathlib import Path
from typing import Annotated

import typer

from ordercast.cli.options import Context, command, one_command
from ordercast.progress import bars
from ordercast.reading.export import export as write_files
from ordercast.reading.table_files import Format, TooManyRows
from ordercast.system.access import SYSTEM_ERRORS

app = one_command()


@app.command()
@command(expected=(*SYSTEM_ERRORS, TooManyRows), against=True)
async def export(
    context: Context,
    file_format: Annotated[Format, typer.Option("--format", help="Of the files.")] = "xlsx",
    out: Annotated[Path, typer.Option(help="The folder to write them to.")] = Path("out"),
) -> None:
    """Write orders, view counts, both joined, and the first row of each pair, as they are at this moment."""
    target = context.target()
    with bars(context.console, {"rows": None}) as progress:
        files = await write_files(
            target.database_url, out, file_format, written=lambda rows: progress.advance("rows", rows)
        )
    context.result(
        [{"path": str(file.path), "rows": file.rows} for file in files],
        "\n".join(f"{file.path}  {file.rows:,} rows" for file in files),
    )
