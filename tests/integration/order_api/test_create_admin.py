"""`python -m ordercast.services.order_api create-admin`, as the command line starts it."""

import asyncio
import json
import os
import sys
from functools import partial
from pathlib import Path

import pytest

from ordercast.services.order_api.accounts.commands import create_admin
from ordercast.services.shared.process.errors import CannotStart
from tests.support.order_api import PASSWORD, RunningApi

NO_DATABASE = "postgresql+asyncpg://nobody@127.0.0.1:1/nothing"
ROOT = {"--email": "root@example.com", "--nickname": "root"}


async def run_create_admin(
    database_url: str | None,
    options: dict[str, str],
    *,
    password: str | None = None,
    typed: str = "",
    secrets: Path | None = None,
) -> tuple[int | None, str, str]:
    """Exit status, stdout, stderr."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ORDERCAST_")}
    if database_url is not None:
        environment["ORDERCAST_DATABASE_URL"] = database_url
    if password is not None:
        environment["ORDERCAST_ADMIN_PASSWORD"] = password
    if secrets is not None:
        environment["ORDERCAST_SECRETS_DIR"] = str(secrets)
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "ordercast.services.order_api", "create-admin"),
        *(word for option in options.items() for word in option),
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, error = await child.communicate(typed.encode())
    return child.returncode, output.decode(), error.decode()


async def test_the_admin_can_log_in_and_do_what_admins_do(api: RunningApi, database_url: str) -> None:
    status, output, error = await run_create_admin(database_url, ROOT, password=PASSWORD)

    assert (status, error) == (0, "")
    created = json.loads(output)
    assert {name: created[name] for name in ("email", "nickname", "role")} == {
        "email": "root@example.com",
        "nickname": "root",
        "role": "ADMIN",
    }
    answer = await api.client.post("/auth/token", data={"username": "root@example.com", "password": PASSWORD})
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    product = {"sku": "A", "name": "A", "price": "1.00", "currency": "EUR"}
    assert (await api.client.post("/products", json=product, headers=headers)).status_code == 201


async def test_the_password_may_come_from_stdin(api: RunningApi, database_url: str) -> None:
    status, _, _ = await run_create_admin(database_url, ROOT, typed=f"{PASSWORD}\n")
    assert status == 0
    answer = await api.client.post("/auth/token", data={"username": "root@example.com", "password": PASSWORD})
    assert answer.status_code == 200


async def test_what_is_wrong_is_one_line_and_no_traceback() -> None:
    status, output, error = await run_create_admin(None, ROOT, password=PASSWORD)
    assert (status, output) == (1, "")
    assert error == "create-admin: ORDERCAST_DATABASE_URL: Field required\n"


async def test_the_database_and_the_password_may_come_from_files(
    api: RunningApi, database_url: str, tmp_path: Path
) -> None:
    (tmp_path / "ordercast_database_url").write_text(database_url)
    (tmp_path / "ordercast_admin_password").write_text(PASSWORD)
    status, _, error = await run_create_admin(None, ROOT, secrets=tmp_path)
    assert (status, error) == (0, "")
    answer = await api.client.post("/auth/token", data={"username": "root@example.com", "password": PASSWORD})
    assert answer.status_code == 200


async def test_a_second_admin_of_the_same_name_is_refused(database_url: str) -> None:
    root = partial(create_admin, database_url, nickname="root", password=PASSWORD)
    await asyncio.to_thread(root, email="root@example.com")
    with pytest.raises(CannotStart, match=r"^email and nickname taken$"):
        await asyncio.to_thread(root, email="ROOT@example.com")


async def test_an_admin_who_is_there_is_left_as_it_is_if_so_asked(database_url: str) -> None:
    root = partial(create_admin, database_url, nickname="root", password=PASSWORD, if_absent=True)
    made = await asyncio.to_thread(root, email="root@example.com")
    assert (await asyncio.to_thread(root, email="ROOT@example.com")).id == made.id


async def test_a_customer_with_that_email_does_not_become_an_admin(api: RunningApi, database_url: str) -> None:
    body = {"email": "root@example.com", "nickname": "rooty", "password": PASSWORD}
    assert (await api.client.post("/accounts", json=body)).status_code == 201
    root = partial(create_admin, database_url, nickname="root", password=PASSWORD, if_absent=True)
    with pytest.raises(CannotStart, match=r"^email taken$"):
        await asyncio.to_thread(root, email="root@example.com")


@pytest.mark.parametrize(
    ("email", "nickname", "password", "field"),
    [
        ("root@example.com", "root", "short", "password"),
        ("root@example.com", "root", "", "password"),
        ("root", "root", PASSWORD, "email"),
        ("root@example.com", " ", PASSWORD, "nickname"),
    ],
)
def test_a_bad_field_is_named_before_anything_is_asked_of_the_database(
    email: str, nickname: str, password: str, field: str
) -> None:
    with pytest.raises(CannotStart, match=f"^{field}: ") as refusal:
        create_admin(NO_DATABASE, email=email, nickname=nickname, password=password)
    assert "short" not in str(refusal.value)


def test_a_weak_password_is_refused_without_saying_it(database_url: str) -> None:
    for password in ("passwordpassword", "root@example.com", "not so long"):
        with pytest.raises(CannotStart, match=r"^the password (is easily|must)") as refusal:
            create_admin(database_url, email="root@example.com", nickname="root", password=password)
        assert password not in str(refusal.value)


def test_without_a_database_it_says_so() -> None:
    with pytest.raises(CannotStart, match=r"^the database cannot be reached"):
        create_admin(NO_DATABASE, email="root@example.com", nickname="root", password=PASSWORD)
