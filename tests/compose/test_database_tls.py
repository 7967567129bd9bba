"""The PostgreSQL of infra/compose.yaml speaks TLS alone, to programs on this machine as to other containers."""

import json
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg
import pytest

from ordercast.client.database import DatabaseUnavailable, snapshot
from ordercast.infra.certificates import make_certificate
from ordercast.system.examine_certificates import examine_certificates
from ordercast.system.remote import RemoteSettings
from tests.support.compose import ComposeProject, compose_project

# A busy machine takes minutes to start everything.
pytestmark = pytest.mark.timeout(600)

DEADLINE_S: Final = 20.0

# What a service gets by its own settings, and what it gets without TLS.
ASK_DATABASE: Final = """
import asyncio, asyncpg, json
from ordercast.database_tls import asyncpg_address
url = open("/run/secrets/ordercast_database_url").read()
async def ask(address, **tls):
    connection = await asyncpg.connect(address, timeout=10, **tls)
    try:
        return await connection.fetchval("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    finally:
        await connection.close()
async def main():
    address, tls = asyncpg_address(url, {"ORDERCAST_SECRETS_DIR": "/run/secrets"})
    by_settings = await ask(address, **tls)
    try:
        plain = await ask(address, ssl=False)
    except asyncpg.InvalidAuthorizationSpecificationError as error:
        plain = str(error)
    print(json.dumps({"checks the name": tls["ssl"].check_hostname, "by settings": by_settings, "plain": plain}))
asyncio.run(main())
"""


@pytest.fixture(scope="module")
def database(compose: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposeProject]:
    """PostgreSQL, on a volume that a release before has made, and the relay beside it."""
    with compose_project(compose, tmp_path_factory.mktemp("database") / "secrets") as project:
        made_before(project)
        project.up("relay")
        yield project


def made_before(project: ComposeProject) -> None:
    """A volume as a server without TLS makes it, with a table in it."""
    name = f"{project.name}-before"
    project.compose("run", "--detach", f"--name={name}", "--entrypoint=docker-entrypoint.sh", "postgres", "postgres")
    until_ready = "until pg_isready --quiet --host=127.0.0.1; do sleep 0.2; done"
    project.docker("exec", name, "timeout", f"{DEADLINE_S:.0f}", "bash", "-c", until_ready)
    project.docker(
        "exec", name, "psql", "--username=ordercast", "--command=CREATE TABLE made_before AS SELECT 42 AS kept"
    )
    assert "off" in project.docker("exec", name, "psql", "--username=ordercast", "--command=SHOW ssl")
    project.docker("stop", name)
    project.docker("rm", name)


@asynccontextmanager
async def connected(project: ComposeProject, tls: ssl.SSLContext | bool) -> AsyncIterator[asyncpg.Connection]:
    """As the owner, by the published port."""
    url = (project.secrets / "cli" / "ordercast_database_url").read_text().replace("+asyncpg", "")
    connection = await asyncpg.connect(url, ssl=tls, timeout=DEADLINE_S)
    try:
        yield connection
    finally:
        await connection.close()


async def test_what_a_release_before_has_kept_is_there_by_tls(database: ComposeProject) -> None:
    ca = (database.secrets / "ordercast_database_ca").read_text()
    async with connected(database, ssl.create_default_context(cadata=ca)) as connection:
        assert await connection.fetchval("SELECT kept FROM made_before") == 42
        assert await connection.fetchval("SELECT count(*) FROM orders") == 0


async def test_nobody_without_tls_is_let_in_though_the_password_is_right(database: ComposeProject) -> None:
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError, match="no encryption"):
        async with connected(database, False):
            pass


@pytest.mark.parametrize("ca", [make_certificate(["127.0.0.1"]).ca, None], ids=["another one", "the system's"])
async def test_a_client_with_another_authority_says_no_word_to_it(database: ComposeProject, ca: str | None) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="certificate verify failed"):
        async with connected(database, ssl.create_default_context(cadata=ca)):
            pass


async def test_commands_check_its_certificate(database: ComposeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = database.secrets / "cli"
    monkeypatch.setenv("ORDERCAST_SECRETS_DIR", str(folder))
    url = (folder / "ordercast_database_url").read_text()
    async with snapshot(url, application="test"):
        pass
    monkeypatch.setenv("ORDERCAST_DATABASE_CA", make_certificate(["127.0.0.1"]).ca)
    with pytest.raises(DatabaseUnavailable, match="certificate verify failed"):
        async with snapshot(url, application="test"):
            pass


async def test_doctor_says_how_long_the_certificates_are_good(
    database: ComposeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = database.secrets / "cli"
    monkeypatch.setenv("ORDERCAST_SECRETS_DIR", str(folder))
    settings = RemoteSettings(
        database_url=(folder / "ordercast_database_url").read_text(),
        kafka_bootstrap=(folder / "ordercast_kafka_bootstrap").read_text(),
    )
    findings = [finding async for finding in examine_certificates(settings)]
    assert [(finding.check, finding.healthy) for finding in findings] == [
        ("certificate of PostgreSQL", True),
        ("certificate of Kafka", True),
    ]
    assert all(finding.detail.endswith("3649 days") for finding in findings)


def test_a_service_checks_its_certificate_and_name_and_gets_nowhere_without_tls(database: ComposeProject) -> None:
    asked = json.loads(database.compose("exec", "--no-TTY", "relay", "python", "-c", ASK_DATABASE))
    assert "no encryption" in asked.pop("plain")
    assert asked == {"checks the name": True, "by settings": "TLSv1.3"}


def test_every_session_of_a_service_is_encrypted(database: ComposeProject) -> None:
    query = """
        SELECT count(*), count(*) FILTER (WHERE ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
        WHERE client_addr IS NOT NULL
    """
    psql = ("psql", "--username=ordercast", "--tuples-only", "--no-align", f"--command={query}")
    told = database.compose("exec", "--no-TTY", "postgres", *psql)
    sessions, encrypted = (int(number) for number in told.split("|"))
    assert sessions == encrypted > 0


async def test_new_certificates_take_the_place_of_the_old_ones_and_the_data_stays(database: ComposeProject) -> None:
    ca = database.secrets / "ordercast_database_ca"
    old = ca.read_text()
    database.renew("relay")
    async with connected(database, ssl.create_default_context(cadata=ca.read_text())) as connection:
        assert await connection.fetchval("SELECT kept FROM made_before") == 42
    with pytest.raises(ssl.SSLCertVerificationError, match="certificate verify failed"):
        async with connected(database, ssl.create_default_context(cadata=old)):
            pass
