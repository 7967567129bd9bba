"""The embedded PostgreSQL by itself."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import asyncpg
import psutil
import pytest

from ordercast.infra.local.child import Child
from ordercast.infra.local.errors import StartFailed
from ordercast.infra.local.launch import TRAVERSE
from ordercast.infra.local.ports import free_port
from ordercast.infra.local.postgres import SETTINGS, PostgresServer, identity_for
from tests.support.embedded import running


def server_in(folder: Path) -> PostgresServer:
    return PostgresServer(folder / "postgres", free_port(), "with / and @", folder / "postgres.log", durable=False)


@asynccontextmanager
async def started(server: PostgresServer) -> AsyncIterator[Child]:
    await server.prepare()
    async with running(server.command(), server.answers) as child:
        yield child


@asynccontextmanager
async def connection(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url.replace("postgresql+asyncpg", "postgresql"))
    try:
        yield connection
    finally:
        await connection.close()


async def test_it_keeps_its_data_and_its_settings_over_a_restart_on_another_port(tmp_path: Path) -> None:
    first = server_in(tmp_path)
    async with started(first):
        await first.create_database()
        await first.create_database()  # a second time changes nothing
        async with connection(first.url()) as session:
            await session.execute("CREATE TABLE bread AS SELECT 'rye' AS kind")
    second = server_in(tmp_path)
    async with started(second), connection(second.url()) as session:
        assert await session.fetchval("SELECT kind FROM bread") == "rye"
        assert await session.fetchval("SHOW max_connections") == SETTINGS["max_connections"]
        assert await session.fetchval("SHOW synchronous_commit") == "on"
        assert (await session.fetchval("SHOW server_version")).startswith("18.")


async def test_it_has_nothing_in_dev_shm_where_others_might_remove_it(tmp_path: Path) -> None:
    server = server_in(tmp_path)
    async with started(server) as child, connection(server.url("postgres")) as session:
        assert await session.fetchval("SHOW dynamic_shared_memory_type") == "mmap"
        maps = Path(f"/proc/{child.pid}/maps").read_text()
    assert "postgres" in maps
    elsewhere = [line for line in maps.splitlines() if "/dev/shm/" in line and str(tmp_path) not in line]  # noqa: S108
    assert elsewhere == []


async def test_its_first_start_writes_nothing_into_its_log_that_is_no_news_of_the_server(tmp_path: Path) -> None:
    server = server_in(tmp_path)
    async with started(server):
        await server.create_database()
        assert await server.schema_revision() is None
    lines = server.log.read_text().splitlines()
    assert lines
    assert [line for line in lines if "LOG:" not in line] == []


async def test_a_wrong_password_is_refused(tmp_path: Path) -> None:
    server = server_in(tmp_path)
    async with started(server):
        with pytest.raises(asyncpg.InvalidPasswordError):
            async with connection(server.url("postgres").replace("with", "without")):
                pass


def test_only_throwaway_servers_do_not_wait_for_the_disk(tmp_path: Path) -> None:
    (tmp_path / "postgres" / "data").mkdir(parents=True)
    throwaway = server_in(tmp_path)
    assert "fsync=off" in throwaway.command().arguments
    assert "fsync=off" not in replace(throwaway, durable=True).command().arguments


async def test_below_a_folder_that_is_closed_to_others_it_runs_too(tmp_path: Path) -> None:
    """Root's home is such a folder. Run by root, the server is another user, who could not pass it."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = server_in(closed)
    async with started(server) as child:
        await server.create_database()
        assert os.geteuid() != 0 or psutil.Process(child.pid).uids().effective != 0
    if os.geteuid() == 0:
        assert identity_for(closed / "postgres" / "data").endswith(TRAVERSE)
    assert closed.stat().st_mode & 0o777 == 0o700


async def test_a_cluster_that_was_not_made_to_its_end_is_made_again(tmp_path: Path) -> None:
    server = server_in(tmp_path)
    half_made = tmp_path / "postgres" / "data.new"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18")
    async with started(server):
        assert await server.answers()


async def test_a_pid_that_now_belongs_to_another_process_does_not_stop_the_start(tmp_path: Path) -> None:
    server = server_in(tmp_path)
    await server.prepare()
    (tmp_path / "postgres" / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n")
    async with started(server):
        assert await server.answers()


async def test_a_server_that_still_runs_on_the_folder_is_not_started_over(tmp_path: Path) -> None:
    server = server_in(tmp_path)
    async with started(server):
        with pytest.raises(StartFailed, match="still runs on"):
            await server_in(tmp_path).prepare()


async def test_databases_are_copied_and_dropped(tmp_path: Path) -> None:
    server = server_in(tmp_path)
    async with started(server):
        await server.create_database("first")
        async with connection(server.url("first")) as session:
            await session.execute("CREATE TABLE bread ()")
        await server.create_database("second", template="first")
        async with connection(server.url("second")) as session:
            assert await session.fetchval("SELECT to_regclass('bread')") == "bread"
            await server.drop_database("first")
        with pytest.raises(asyncpg.InvalidCatalogNameError):
            async with connection(server.url("first")):
                pass
