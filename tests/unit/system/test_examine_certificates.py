"""What `doctor` says of certificates, by servers that show one and say no more."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from ordercast.cli.status import remote_status, table_of
from ordercast.client import Addresses
from ordercast.client.certificates import SSL_REQUEST, WILLING
from ordercast.infra.certificates import ServerCertificate, make_certificate
from ordercast.infra.local.finding import Finding
from ordercast.system.examine_certificates import HINT, examine_certificates
from ordercast.system.remote import RemoteSettings, RemoteSystem

HOST = "127.0.0.1"


@asynccontextmanager
async def showing(made: ServerCertificate, folder: Path, *, asked_first: bool) -> AsyncIterator[str]:
    """The address of a server with a certificate, which a client asks for as of PostgreSQL, or has at once as of Kafka."""
    pem = folder / "server.pem"
    pem.write_text(made.key + made.certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if asked_first:
                assert await reader.readexactly(len(SSL_REQUEST)) == SSL_REQUEST
                writer.write(WILLING)
                await writer.start_tls(context)
            await reader.read()
        except OSError:
            pass  # the client refused
        finally:
            writer.transport.abort()

    async with await asyncio.start_server(accept, HOST, ssl=None if asked_first else context) as server:
        yield f"{HOST}:{server.sockets[0].getsockname()[1]}"


async def found(server: str, made: ServerCertificate, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    trusting(made, monkeypatch)
    async with showing(made, folder, asked_first=server == "PostgreSQL") as address:
        return [finding async for finding in examine_certificates(settings_of(server, address))]


def trusting(made: ServerCertificate, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("DATABASE_CA", "KAFKA_CA"):
        monkeypatch.setenv(f"ORDERCAST_{variable}", made.ca)
    monkeypatch.setenv("ORDERCAST_KAFKA_SECURITY_PROTOCOL", "SSL")


def settings_of(server: str, address: str) -> RemoteSettings:
    if server == "PostgreSQL":
        return RemoteSettings(database_url=f"postgresql+asyncpg://ordercast:secret@{address}/ordercast")
    return RemoteSettings(kafka_bootstrap=address)


@pytest.fixture(params=["PostgreSQL", "Kafka"])
def server(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.mark.parametrize(("days", "healthy"), [(3650, True), (31, True), (29, False), (1, False)])
async def test_it_says_the_days_that_are_left_and_finds_fault_with_less_than_thirty(
    server: str, days: int, healthy: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_certificate([HOST], timedelta(days=days, hours=1))
    [finding] = await found(server, made, tmp_path, monkeypatch)
    assert (finding.check, finding.healthy, finding.hint) == (f"certificate of {server}", healthy, HINT)
    assert finding.detail.endswith(f", {days} days")


async def test_one_that_has_ended_is_told_with_how_to_get_another(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [finding] = await found(server, make_certificate([HOST], timedelta(minutes=-1)), tmp_path, monkeypatch)
    assert not finding.healthy
    assert "certificate has expired" in finding.detail
    assert "make compose-renew" in finding.hint


async def test_of_a_server_that_is_not_known_or_not_checked_nothing_is_said() -> None:
    assert [finding async for finding in examine_certificates(RemoteSettings())] == []
    url = "postgresql+asyncpg://ordercast:secret@127.0.0.1:1/ordercast?sslmode=require"
    assert [finding async for finding in examine_certificates(RemoteSettings(database_url=url))] == []


async def test_a_server_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERCAST_DATABASE_CA", make_certificate([HOST]).ca)
    settings = RemoteSettings(database_url="postgresql+asyncpg://ordercast:secret@127.0.0.1:1/ordercast")
    [finding] = [finding async for finding in examine_certificates(settings)]
    assert (finding.healthy, "secret" in finding.detail) == (False, False)
    assert finding.detail


async def test_status_tells_of_them_beside_what_answers(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is as healthy as what answers."""
    made = make_certificate([HOST], timedelta(days=29, hours=1))
    trusting(made, monkeypatch)
    nobody = "http://127.0.0.1:1"
    async with showing(made, tmp_path, asked_first=server == "PostgreSQL") as address:
        system = RemoteSystem(Addresses(nobody, nobody, nobody), frozenset(), settings_of(server, address))
        status = await remote_status(system)
    [certificate] = status.certificates
    assert (certificate.check, certificate.healthy) == (f"certificate of {server}", False)
    assert "29 days" in certificate.detail
    written = StringIO()
    Console(file=written, width=200).print(table_of(status))
    assert f"certificate of {server}: {certificate.detail} ({HINT})" in written.getvalue()
