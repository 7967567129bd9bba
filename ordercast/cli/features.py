"""`ordercast features rebuild`."""

import asyncio
import os
import sys

import typer

from ordercast.cli.options import Context, command, several_commands

app = several_commands("Look after the feature table.")


@app.command()
@command()
async def rebuild(context: Context) -> None:
    """Read the topics from the start into a new table beside the live one, compare, and swap. Serving goes on.

    The feature worker's own program does it; its exit code is this command's.
    """
    system = context.system()
    variables = {
        "ORDERCAST_DATABASE_URL": system.database_url,
        "ORDERCAST_KAFKA_BOOTSTRAP": system.kafka_bootstrap,
        "ORDERCAST_PARTITIONS": str(system.partitions),
    }
    program = (sys.executable, "-P", "-m", "ordercast.services.feature_worker", "rebuild")
    process = await asyncio.create_subprocess_exec(*program, env={**os.environ, **variables})
    if code := await process.wait():
        raise typer.Exit(code)
