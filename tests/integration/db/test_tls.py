"""Clients of a PostgreSQL that speaks TLS alone: services, commands and migrations."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ordercast.client.database import DatabaseUnavailable, snapshot
from ordercast.infra.certificates import make_certificate
from ordercast.infra.migrations.upgrade import make_roles, upgrade
from ordercast.services.shared.db.engine import ask_database, open_database
from tests.support.tls_postgres import tls_postgres

CERTIFICATE = make_certificate(["127.0.0.1"])


@pytest.fixture
async def tls_url(empty_database_url: str, tmp_path: Path) -> AsyncIterator[str]:
    async with tls_postgres(empty_database_url, CERTIFICATE, tmp_path) as url:
        yield url


async def test_all_of_them_get_through_with_the_servers_root_certificate(
    tls_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORDERCAST_DATABASE_CA", CERTIFICATE.ca)
    await asyncio.to_thread(upgrade, tls_url)
    await make_roles(tls_url, {})
    async with open_database(tls_url, application="test") as sessions:
        await ask_database(sessions)
    async with snapshot(tls_url, application="test") as connection:
        assert await connection.fetchval("SELECT count(*) FROM orders") == 0


async def test_require_asks_for_no_certificate(tls_url: str) -> None:
    async with snapshot(f"{tls_url}?sslmode=require", application="test"):
        pass


@pytest.mark.parametrize("ca", [make_certificate(["127.0.0.1"]).ca, ""], ids=["another one", "the system's"])
async def test_a_certificate_that_nobody_vouches_for_is_refused(
    tls_url: str, ca: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORDERCAST_DATABASE_CA", ca)
    with pytest.raises(DatabaseUnavailable, match="certificate verify failed"):
        async with snapshot(f"{tls_url}?sslmode=verify-full", application="test"):
            pass


async def test_plain_words_are_not_let_in(tls_url: str) -> None:
    with pytest.raises(DatabaseUnavailable):
        async with snapshot(f"{tls_url}?sslmode=disable", application="test"):
            pass
