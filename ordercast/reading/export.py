"""Data sets out of the running system into files, all of one moment: what PostgreSQL holds, and the views that it counts."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from ordercast.client.database import slices, snapshot
from ordercast.reading.data_sets import RECIPE, DataSet
from ordercast.reading.table_files import Format, open_table
from ordercast.reading.views_once import views_once


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A file that was written; `rows` without its header."""

    path: Path
    rows: int


async def export(
    database_url: str,
    folder: Path,
    file_format: Format,
    data_sets: Sequence[DataSet] = RECIPE,
    *,
    kafka_bootstrap: str = "",
    written: Callable[[str, int], None] = lambda name, rows: None,
) -> list[ExportedFile]:
    """Writes a file for each data set into `folder`; `written` is told the name of the file and the rows of each slice.

    `kafka_bootstrap` is needed for the views alone.

    Raises:
        DatabaseUnavailable: PostgreSQL does not answer.
        KafkaUnavailable: the broker with the views does not.
        TooManyRows: a data set does not fit an xlsx sheet; the files before it are written.
        OSError: the folder cannot be made or written to.
    """
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    files = []
    async with snapshot(database_url, application="ordercast export") as connection:
        for data_set in data_sets:
            path = folder / f"{data_set.name}.{file_format}"
            rows = 0
            with open_table(path, data_set.columns, file_format) as table:
                async for part in _rows(data_set, connection, kafka_bootstrap):
                    await asyncio.to_thread(table.write, part)
                    rows += len(part)
                    written(data_set.name, len(part))
            files.append(ExportedFile(path, rows))
    return files


def _rows(
    data_set: DataSet, connection: asyncpg.Connection, kafka_bootstrap: str
) -> AsyncIterator[Sequence[Sequence[Any]]]:
    if data_set.query is None:
        return views_once(connection, kafka_bootstrap)
    return slices(connection, data_set.query)
