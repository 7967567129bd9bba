"""Commands on a system that somebody else runs: the one of the fixture, of whose state folder they know nothing."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from ordercast.cli import app
from ordercast.infra.local.ports import free_port
from ordercast.system.operator_account import create_admin, sample_password
from tests.integration.cli.conftest import Running
from tests.support.tcp_gate import tcp_gate

Variables = dict[str, str]


@pytest.fixture
async def variables(running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Variables:
    """What somebody must know of the system, in a folder that is no state folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("ORDERCAST_SECRETS_DIR", "ORDERCAST_TRAINER_URL", "ORDERCAST_PREDICTOR_URL"):
        monkeypatch.delenv(name, raising=False)
    email, password = f"remote-{uuid4().hex[:8]}@example.com", "correct horse battery"
    await create_admin(running.database_url, email, email.partition("@")[0], password)
    return {
        "ORDERCAST_ADMIN_EMAIL": email,
        "ORDERCAST_ADMIN_PASSWORD": password,
        # The fixture's sample accounts have it.
        "ORDERCAST_SAMPLE_PASSWORD": sample_password(running.system.folder),
        "ORDERCAST_DATABASE_URL": running.database_url,
        "ORDERCAST_KAFKA_BOOTSTRAP": running.bootstrap,
    }


async def run(url: str, variables: Variables, *arguments: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, [*arguments, "--against", url], env=variables)


async def run_demo(url: str, variables: Variables, *arguments: str) -> tuple[int | None, str, str]:
    """Exit status, stdout, stderr of a process of its own, since the demo listens to signals."""
    process = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-P",
            "-m",
            "ordercast.cli",
            "demo",
            "--orders",
            "500",
            "--accounts",
            "100",
            "--against",
            url,
            *arguments,
        ),
        env={**os.environ, **variables},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, error = await process.communicate()
    return process.returncode, output.decode(), error.decode()


@pytest.fixture
async def lone_order_api(running: Running) -> AsyncIterator[str]:
    """The URL of an order_api that has no trainer and no predictor beside it."""
    async with tcp_gate("127.0.0.1", running.system.plan.ports["order_api"]) as gate:
        await gate.open()
        yield f"http://127.0.0.1:{gate.port}"


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("sample", "--mode", "uniform", "--orders", "20"), "20 orders; 0 orders refused"),
        (("verify",), "verify: 0 differences"),
        (("export", "--format", "csv"), "orders_data.csv"),
        (("tail", "orders", "--from-start", "-n", "1"), "order.placed"),
        (("dead-letters", "list"), ""),
        (("features", "rebuild"), ""),
        (("status",), "events not yet in the feature table"),
        (("doctor",), "all is healthy"),
        (("admin", "create", "--email", "remote@example.com", "--nickname", "remote"), "(remote@example.com)"),
    ],
)
async def test_commands_work_without_a_state_folder(
    running: Running, variables: Variables, tmp_path: Path, command: tuple[str, ...], says: str
) -> None:
    product = await running.admin.order_api.create_product(name := f"against{uuid4().hex[:8]}", name, Decimal(1), "USD")
    await running.admin.order_api.place_order([(product.id, 2)])
    result = await run(running.system.urls["order_api"], variables, *command)
    assert result.exit_code == 0, result.output
    assert says in result.stdout
    assert not (tmp_path / ".ordercast").exists()


async def test_commands_that_only_look_work_with_the_role_that_may_only_read(
    running: Running, variables: Variables
) -> None:
    reader = {**variables, "ORDERCAST_DATABASE_URL": running.system.info.reader_database_url or ""}
    for command in (("verify",), ("export", "--format", "csv"), ("status",), ("doctor",)):
        result = await run(running.system.urls["order_api"], reader, *command)
        assert result.exit_code == 0, result.output
    assert "; the services log in as ordercast_feature_worker, ordercast_order_api, " in " ".join(result.stderr.split())
    assert (await run(running.system.urls["order_api"], reader, "features", "rebuild")).exit_code == 1


async def test_the_demo_does_what_it_can_and_names_what_it_leaves_out(
    lone_order_api: str, variables: Variables, tmp_path: Path
) -> None:
    """With order_api alone the samples are sent; without a database, a trainer and a predictor the rest cannot be."""
    for name in ("ORDERCAST_DATABASE_URL", "ORDERCAST_KAFKA_BOOTSTRAP"):
        variables[name] = ""
    status, answer, told = await run_demo(lone_order_api, variables, "--json", "--out", str(tmp_path / "out"))
    assert status == 0, told
    assert json.loads(answer)["left_out"] == [
        "step 3",
        "step 4",
        "step 5",
        "step 7",
        "step 8",
    ]
    assert "500 orders, each a transaction of its own" in told
    assert "Left out: the address of PostgreSQL was not given. To have it, set ORDERCAST_DATABASE_URL" in told
    assert "Left out: no trainer was named" in told
    assert "All but step 3, step 4, step 5, step 7, step 8 held" in told
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["market_1.json"]  # what is true of what was sent


async def test_a_service_that_was_named_must_answer(lone_order_api: str, variables: Variables) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    status, told, error = await run_demo(lone_order_api, variables, "--trainer", nowhere)
    assert status == 1
    assert "verify: 0 differences" in told
    assert f"error: nothing answers at {nowhere}" in error
    assert "Traceback" not in error


async def test_an_address_at_which_nobody_listens_is_told_at_once(variables: Variables) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    status, _, error = await run_demo(nowhere, variables)
    assert status == 1
    assert f"error: nothing answers at {nowhere}" in error


async def test_a_server_of_another_kind_is_told_from_ordercast(variables: Variables) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        result = await run(f"http://127.0.0.1:{port}", variables, "sample", "--mode", "uniform")
    assert result.exit_code == 1
    assert "is no service of Ordercast" in result.stderr


async def test_a_wrong_password_is_told_without_quoting_it(running: Running, variables: Variables) -> None:
    wrong = {**variables, "ORDERCAST_ADMIN_PASSWORD": "correct horse"}
    result = await run(running.system.urls["order_api"], wrong, "sample", "--mode", "uniform")
    assert result.exit_code == 1
    assert f"does not take {variables['ORDERCAST_ADMIN_EMAIL']} with its password" in result.stderr
    assert "correct horse" not in result.output


async def test_without_an_admin_the_hint_says_where_to_name_one(running: Running, variables: Variables) -> None:
    result = await run(
        running.system.urls["order_api"], {**variables, "ORDERCAST_ADMIN_EMAIL": ""}, "sample", "--mode", "uniform"
    )
    assert result.exit_code == 1
    assert "there is no API key and no admin to log in as" in result.stderr
    assert "ORDERCAST_ADMIN_EMAIL" in result.stderr


async def test_view_counts_are_predicted_for_anybody(running: Running, variables: Variables) -> None:
    nobody = dict.fromkeys(variables, "")
    result = await run(running.system.urls["order_api"], nobody, "predict", "5000")
    # No model is served in this system yet, which only the predictor can know.
    assert result.exit_code == 1
    assert "model" in result.stderr
    assert "admin" not in result.stderr


async def test_all_may_come_from_files_of_secrets(running: Running, variables: Variables, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name, value in variables.items():
        (secrets / name.lower()).write_text(value)
    from_files = {**dict.fromkeys(variables, ""), "ORDERCAST_SECRETS_DIR": str(secrets)}
    result = await run(running.system.urls["order_api"], from_files, "verify")
    assert result.exit_code == 0, result.output
    assert "verify: 0 differences" in result.stdout


async def test_views_are_not_simulated_where_nothing_remembers_them(running: Running, variables: Variables) -> None:
    command = ("import", "orders", "rows.csv", "--simulate-views")
    result = await run(running.system.urls["order_api"], variables, *command)
    assert result.exit_code == 1
    assert "not with --against" in result.stderr


async def test_status_and_doctor_need_no_more_than_the_address_of_order_api(
    running: Running, variables: Variables
) -> None:
    nothing = dict.fromkeys(variables, "")
    status = await run(running.system.urls["order_api"], nothing, "status", "--json")
    found = json.loads(status.stdout)
    assert [process["name"] for process in found["processes"]] == ["order_api", "trainer", "predictor", "console"]
    assert (found["outbox_backlog_events"], found["dead_letters_waiting"]) == (None, None)
    doctor = await run(running.system.urls["order_api"], nothing, "doctor")
    assert doctor.exit_code == 1
    assert "wrong PostgreSQL: the address of PostgreSQL was not given" in doctor.stderr
    assert "set ORDERCAST_KAFKA_BOOTSTRAP" in doctor.stderr


async def test_doctor_names_what_does_not_answer_and_who_is_not_let_in(
    lone_order_api: str, variables: Variables
) -> None:
    wrong = {
        **variables,
        "ORDERCAST_ADMIN_PASSWORD": "a wrong password",
        "ORDERCAST_DATABASE_URL": "postgresql+asyncpg://nobody@127.0.0.1:1/nothing",
        "ORDERCAST_KAFKA_BOOTSTRAP": "127.0.0.1:1",
    }
    result = await run(lone_order_api, wrong, "doctor")
    assert result.exit_code == 1
    assert f"ok    order_api: {lone_order_api}" in result.stderr
    for part in ("trainer", "predictor", "admin", "PostgreSQL", "Kafka"):
        assert f"wrong {part}: " in result.stderr
    assert "a wrong password" not in result.output
    assert "5 of 7 checks found something wrong" in result.stdout
