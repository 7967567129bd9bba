"""What `doctor` says of certificates, by servers that show one and say no more."""

from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from ordercast.cli.status import remote_status, table_of
from ordercast.client import Addresses
from ordercast.infra.certificates import ServerCertificate, make_certificate
from ordercast.infra.local.finding import Finding
from ordercast.system.examine_certificates import HINT, examine_certificates
from ordercast.system.remote import RemoteSettings, RemoteSystem
from tests.support.shown_certificates import HOST, showing, trusting


async def found(server: str, made: ServerCertificate, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    trusting(made, monkeypatch)
    async with showing(made, folder, asked_first=server == "PostgreSQL") as address:
        return [finding async for finding in examine_certificates(settings_of(server, address))]


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
