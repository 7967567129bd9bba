import asyncio
import os
import sys

from alembic import command

from ordercast.infra.migrations.upgrade import alembic_config, upgrade


async def test_the_migrations_make_exactly_the_tables_of_the_code(empty_database_url: str) -> None:
    await asyncio.to_thread(upgrade, empty_database_url)
    # `alembic check` raises when it would generate another migration.
    await asyncio.to_thread(command.check, alembic_config(empty_database_url))


async def test_every_migration_can_be_taken_back_and_made_again(empty_database_url: str) -> None:
    config = alembic_config(empty_database_url)
    await asyncio.to_thread(command.upgrade, config, "head")
    await asyncio.to_thread(command.downgrade, config, "base")
    await asyncio.to_thread(command.upgrade, config, "head")


async def test_replicas_that_migrate_at_once_wait_for_each_other(empty_database_url: str) -> None:
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-W",
            "error",
            "-m",
            "ordercast.infra.migrations.upgrade",
            env={**os.environ, "ORDERCAST_DATABASE_URL": empty_database_url},
            stderr=asyncio.subprocess.PIPE,
        )
        for _ in range(3)
    ]
    errors = [(await process.communicate())[1].decode() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], errors


async def test_without_a_database_the_error_names_the_variable() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "ORDERCAST_DATABASE_URL"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ordercast.infra.migrations.upgrade", env=environment, stderr=asyncio.subprocess.PIPE
    )
    _, error = await process.communicate()
    assert process.returncode == 1
    assert error.decode() == "migrations: ORDERCAST_DATABASE_URL: Field required\n"
