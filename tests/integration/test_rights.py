"""What each service's role may do in the database: every role tried against every column of every table."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Final

import asyncpg
import pytest

from ordercast.database_tls import asyncpg_address
from ordercast.infra.local.databases import service_logins
from ordercast.infra.migrations.grant_rights import Login, RolesNotMade, grant_rights
from ordercast.infra.migrations.rights import GRANTS, ROLES
from ordercast.infra.migrations.tables import metadata
from ordercast.infra.migrations.upgrade import MigrationSettings, make_roles
from tests.support.database_rights import RELATIONS, connect, differences, may

LOGINS: Final = service_logins({role: f"password of {role}" for role in ROLES})


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(asyncpg_address(database_url)[0])
    yield connection
    await connection.close()


async def test_each_role_may_do_what_the_table_says_and_nothing_else(
    owner: asyncpg.Connection, database_url: str
) -> None:
    await grant_rights(owner, LOGINS)
    assert await asyncio.gather(*(differences(database_url, role, LOGINS[role]) for role in ROLES)) == [[]] * len(ROLES)


def test_no_table_of_the_code_is_missing_in_it() -> None:
    assert {table for table, _ in GRANTS} == {*metadata.tables, "alembic_version"}


def test_only_the_trainer_makes_versions_and_only_order_api_orders_and_accounts() -> None:
    def who(right: str, table: str) -> list[str]:
        return [role for role in ROLES if right in GRANTS[table, role]]

    assert who("INSERT", "models") == ["trainer"]
    assert GRANTS["models", "predictor"]["UPDATE"] == ("activated_at", "pinned_at")
    for table in ("accounts", "orders", "order_items", "products"):
        for right in ("INSERT", "UPDATE", "DELETE"):
            assert who(right, table) in (["order_api"], []), (right, table)
    assert [role for role in who("SELECT", "refresh_tokens") if not GRANTS["refresh_tokens", role]["SELECT"]] == [
        "order_api"
    ]
    assert not any(right != "SELECT" for (_, role), rights in GRANTS.items() if role == "reader" for right in rights)


async def test_rights_that_somebody_added_go_and_a_new_password_comes(
    owner: asyncpg.Connection, database_url: str
) -> None:
    await grant_rights(owner, LOGINS)
    await owner.execute("GRANT ALL ON accounts TO ordercast_predictor")
    changed = LOGINS | {"predictor": Login("ordercast_predictor", "another one")}
    assert await grant_rights(owner, changed) == []
    with pytest.raises(asyncpg.InvalidPasswordError):
        await connect(database_url, LOGINS["predictor"])
    connection = await connect(database_url, changed["predictor"])
    assert not await may(connection, "SELECT email FROM accounts")
    await connection.close()


async def test_several_that_grant_at_once_wait_for_each_other(database_url: str) -> None:
    urls = [make_roles(database_url, LOGINS) for _ in range(3)]
    assert len(set(await asyncio.gather(*urls))) == 1


class TestAnOwnerWhoIsNoSuperuser:
    """As a managed PostgreSQL or an operator of Kubernetes makes it."""

    @pytest.fixture
    async def plain_owner(self, owner: asyncpg.Connection, database_url: str) -> AsyncIterator[asyncpg.Connection]:
        """It owns the schema's tables and may make no role."""
        name = f"owner_{database_url.rpartition('_')[2]}"
        await owner.execute(
            f"CREATE ROLE {name} LOGIN PASSWORD 'x'; GRANT ALL ON SCHEMA public TO {name} WITH GRANT OPTION"
        )
        for relation, _, _ in await owner.fetch(RELATIONS):
            await owner.execute(f"ALTER TABLE {relation} OWNER TO {name}")
        connection = await connect(database_url, Login(name, "x"))
        yield connection
        await connection.close()

    async def test_it_says_which_role_is_missing_and_changes_nothing(
        self, owner: asyncpg.Connection, plain_owner: asyncpg.Connection
    ) -> None:
        await grant_rights(owner, LOGINS)  # roles are of the whole server: those of this test alone may be missing
        logins = {**LOGINS, "trainer": Login("shop_trainer", "x")}
        with pytest.raises(RolesNotMade, match=r"no role shop_trainer, and this one may not make roles .*, or leave"):
            await grant_rights(plain_owner, logins)

    async def test_roles_that_are_there_get_their_rights_and_keep_their_passwords(
        self, owner: asyncpg.Connection, plain_owner: asyncpg.Connection, database_url: str
    ) -> None:
        await grant_rights(owner, LOGINS)
        changed = {role: Login(login.user, "not theirs") for role, login in LOGINS.items()}
        assert await grant_rights(plain_owner, changed) == [login.user for login in LOGINS.values()]
        connection = await connect(database_url, LOGINS["trainer"])
        assert await may(connection, "SELECT 1 FROM models")
        assert not await may(connection, "SELECT 1 FROM orders")
        await connection.close()

    async def test_one_that_may_make_roles_makes_them(
        self, owner: asyncpg.Connection, plain_owner: asyncpg.Connection, database_url: str
    ) -> None:
        name = await plain_owner.fetchval("SELECT current_user")
        await owner.execute(f"ALTER ROLE {name} CREATEROLE")
        logins = {role: Login(f"{name}_{role}", login.password) for role, login in LOGINS.items()}
        for _ in range(2):
            assert await grant_rights(plain_owner, logins) == []
        connection = await connect(database_url, logins["order_api"])
        assert await may(connection, "SELECT 1 FROM accounts")
        await connection.close()

    async def test_without_roles_it_says_that_all_services_use_one(self) -> None:
        assert (await make_roles("postgresql+asyncpg://shop:secret@nowhere/shop", {})).startswith(
            "all services use the role shop, which owns the schema"
        )


async def test_a_service_that_would_log_in_as_the_owner_is_refused(owner: asyncpg.Connection) -> None:
    name = await owner.fetchval("SELECT current_user")
    with pytest.raises(RolesNotMade, match=f"cannot log in as {name}, who owns the schema"):
        await grant_rights(owner, LOGINS | {"relay": Login(name, "x")})


def test_urls_of_some_services_alone_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def settings(urls: Mapping[str, str]) -> MigrationSettings:
        for name, url in urls.items():
            monkeypatch.setenv(f"ORDERCAST_{name}_DATABASE_URL", url)
        return MigrationSettings(database_url="postgresql+asyncpg://shop@nowhere/shop")

    assert settings({}).logins == {}
    with pytest.raises(RolesNotMade, match="missing: ORDERCAST_RELAY_DATABASE_URL"):
        _ = settings({"ORDER_API": "postgresql+asyncpg://api@nowhere/shop"}).logins
    every = settings({role.upper(): f"postgresql+asyncpg://{role}:p%40ss@nowhere/shop" for role in ROLES})
    assert every.logins["trainer"] == Login("trainer", "p@ss")
