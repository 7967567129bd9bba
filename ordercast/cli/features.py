"""`ordercast features rebuild`."""

import asyncio
import os
import sys

import typer

from ordercast.cli.options import Context, command, several_commands
from ordercast.client.kafka import KafkaUnavailable, ends_of, open_consumer
from ordercast.contracts.topics import ORDERS

app = several_commands("Look after the feature table.")


@app.command()
@command(expected=(KafkaUnavailable,), against=True)
async def rebuild(context: Context) -> None:
    """Read the topics from the start into a new table beside the live one, compare, and swap. Serving goes on.

    The feature worker's own program does it; its exit code is this command's.
    """
    target = context.target()
    variables = {
        "ORDERCAST_DATABASE_URL": target.database_url,
        "ORDERCAST_KAFKA_BOOTSTRAP": target.kafka_bootstrap,
        "ORDERCAST_PARTITIONS": str(await _partitions(target.kafka_bootstrap)),
    }
    program = (sys.executable, "-P", "-m", "ordercast.services.feature_worker", "rebuild")
    process = await asyncio.create_subprocess_exec(*program, env={**os.environ, **variables})
    try:
        code = await process.wait()
    except asyncio.CancelledError:  # the program hears Ctrl-C, too; nothing is changed before its last step
        code = await process.wait()
    if code:
        raise typer.Exit(code)


async def _partitions(bootstrap: str) -> int:
    async with open_consumer(bootstrap) as consumer:
        return len(await ends_of(consumer, [ORDERS.name]))
