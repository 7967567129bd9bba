"""Commands that look into a system or change who may use it."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ordercast.cli import app
from ordercast.client.errors import ProblemAnswer
from ordercast.infra.local.state import StateFolder
from ordercast.services.shared.kafka.publisher import open_publisher
from ordercast.services.shared.kafka.records import Record
from ordercast.system.operator_account import AdminNotMade, create_admin, operator_login
from tests.integration.cli.conftest import Running

PASSWORD = {"ORDERCAST_ADMIN_PASSWORD": "correct horse battery"}


async def test_an_admin_can_be_made_and_can_do_what_admins_do(running: Running) -> None:
    result = await running.run("admin", "create", "--email", "ann@example.com", "--nickname", "ann", env=PASSWORD)
    assert result.exit_code == 0, result.output
    ann = await running.anonymous.log_in("ann@example.com", "correct horse battery")
    assert (await ann.order_api.me()).role == "ADMIN"


async def test_the_password_may_be_piped_in(running: Running) -> None:
    arguments = ("admin", "create", "--email", "piped@example.com", "--nickname", "piped", "--json")
    result = await running.run(*arguments, input="typed into a pipe\n")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["role"] == "ADMIN"
    await running.anonymous.log_in("piped@example.com", "typed into a pipe")


@pytest.mark.parametrize(
    ("email", "nickname", "password", "says"),
    [
        ("operator@example.com", "somebody", "correct horse battery", "email taken"),
        ("new@example.com", "operator", "correct horse battery", "nickname taken"),
        ("nonsense", "somebody", "correct horse battery", "email"),
        ("new@example.com", "somebody", "short", "password"),
    ],
)
async def test_an_admin_that_cannot_be_is_refused_in_one_line(
    running: Running, email: str, nickname: str, password: str, says: str
) -> None:
    result = await running.run(
        "admin", "create", "--email", email, "--nickname", nickname, env={"ORDERCAST_ADMIN_PASSWORD": password}
    )
    assert result.exit_code == 1
    assert says in result.stderr
    assert "Traceback" not in result.output
    assert password not in result.output


async def test_the_operator_acts_by_the_folders_key_and_its_password_is_kept_nowhere(running: Running) -> None:
    kept = running.system.folder.keys / "operator.json"
    kept.write_text('{"email": "operator@example.com", "password": "of a release before"}')
    result = await running.run("admin", "list", "--search", "operator@", "--json")
    assert result.exit_code == 0, result.output
    [operator] = json.loads(result.stdout)
    assert operator["role"] == "ADMIN"
    assert not kept.exists()
    assert (await running.admin.order_api.me()).email == "operator@example.com"


async def test_an_operator_who_was_blocked_acts_no_more(running: Running) -> None:
    operator = await running.admin.order_api.me()
    await create_admin(running.database_url, "other@example.com", "other", "correct horse battery")
    other = await running.anonymous.log_in("other@example.com", "correct horse battery")
    await other.order_api.change_account(operator.id, blocked=True)
    try:
        refused = await running.run("admin", "list")
        assert refused.exit_code == 1
        assert "is blocked or no admin any more" in refused.stderr
    finally:
        await other.order_api.change_account(operator.id, blocked=False)
    assert (await running.run("admin", "list")).exit_code == 0
    assert (await running.admin.order_api.me()).id == operator.id


async def test_a_folder_without_the_key_says_so_with_a_way_out(running: Running, tmp_path: Path) -> None:
    folder = StateFolder.at(tmp_path)
    folder.prepare()
    with pytest.raises(AdminNotMade, match="has no key") as caught:
        await operator_login(folder, running.system.info)
    assert "ORDERCAST_ADMIN_EMAIL" in caught.value.hint


async def test_commands_act_as_the_admin_that_the_environment_names(running: Running) -> None:
    wrong = {"ORDERCAST_ADMIN_EMAIL": "nobody@example.com", **PASSWORD}
    result = await running.run("sample", "--mode", "uniform", "--orders", "0", env=wrong)
    assert result.exit_code == 1
    assert "Traceback" not in result.output


async def test_tail_shows_events_as_lines_of_json(running: Running) -> None:
    product = await running.admin.order_api.create_product("tailed", "Tailed", "1.00", "USD")
    waiting = asyncio.create_task(running.run("tail", "orders", "--json", "-n", "1"))
    order = None
    while not waiting.done():
        order = await running.admin.order_api.place_order([(product.id, 2)])
        await asyncio.wait([waiting], timeout=0.5)
    result = await waiting
    event = json.loads(result.stdout)
    assert (event["topic"], event["type"]) == ("orders", "ordercast.order.placed.v1")
    assert event["data"]["items"][0]["product_id"] == product.id
    assert order is not None
    assert event["data"]["account_id"] == order.account_id


async def test_tail_names_a_topic_that_is_not_there(running: Running) -> None:
    result = await running.run("tail", "bread")
    assert result.exit_code == 1
    assert "there is no topic bread" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify",),
        ("export",),
        ("tail",),
        ("predict", "5000"),
        ("dead-letters", "list"),
        ("outbox", "list"),
        ("features", "rebuild"),
        ("sample", "--mode", "uniform"),
        ("admin", "create", "--email", "a@example.com", "--nickname", "a"),
    ],
)
def test_without_a_running_system_a_command_says_how_to_start_one(arguments: tuple[str, ...], tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [*arguments, "--state", str(tmp_path)], env=PASSWORD)
    assert result.exit_code == 1
    assert "no system runs on" in result.stderr
    assert "ordercast up" in result.stderr


@pytest.mark.parametrize("arguments", [("predict",), ("predict", "5", "--pair", "1/2"), ("predict", "--pair", "1-2")])
async def test_predict_asks_for_view_counts_or_pairs(running: Running, arguments: tuple[str, ...]) -> None:
    result = await running.run(*arguments)
    assert result.exit_code == 1
    assert "hint:" in result.stderr


async def test_dead_letters_are_sent_again_only_when_they_are_named(running: Running) -> None:
    nothing = await running.run("dead-letters", "replay")
    assert "say which events" in nothing.stderr
    unknown = await running.run("dead-letters", "replay", "views:0:999999")
    assert "there is no dead letter views:0:999999" in unknown.stderr
    assert (nothing.exit_code, unknown.exit_code) == (1, 1)


async def test_a_refused_event_is_counted_by_status_until_it_is_discarded_for_good(running: Running) -> None:
    async def status() -> dict[str, Any]:
        answer: dict[str, Any] = json.loads((await running.run("status", "--json")).stdout)
        return answer

    async with open_publisher(running.bootstrap, client_id="stranger") as publisher:
        await publisher.publish("views", 3, [Record(b"3", b"nonsense", [("ce_type", b"nonsense")], 1_700_000_000_000)])
    async with asyncio.timeout(30):
        while (await status())["dead_letters_waiting"] != 1:
            await asyncio.sleep(0.1)
    shown = await running.run("status")
    assert "1 wait: ordercast dead-letters list" in shown.stdout

    [refused] = json.loads((await running.run("dead-letters", "list", "--json")).stdout)
    assert (refused["state"], refused["topic"], refused["partition"]) == ("waiting", "views", 3)
    assert refused["accepted_at"] == "2023-11-14T22:13:20.000+00:00"
    discarded = await running.run("dead-letters", "discard", refused["id"], "--json")
    assert json.loads(discarded.stdout) == {"discarded": [refused["id"]]}
    assert (await status())["dead_letters_waiting"] == 0

    # A rebuild finds the refused event in the topic, but not that somebody has discarded it.
    assert (await running.run("features", "rebuild")).exit_code == 0
    [refused] = json.loads((await running.run("dead-letters", "list", "--json")).stdout)
    assert refused["state"] == "discarded"
    replayed = await running.run("dead-letters", "replay", refused["id"])
    assert (replayed.exit_code, "discarded" in replayed.stderr) == (1, True)
    everything = await running.run("dead-letters", "replay", "--all", "--json")
    assert json.loads(everything.stdout)["replayed"] == []
    unknown = await running.run("dead-letters", "discard", "views:0:999999")
    assert (unknown.exit_code, "there is no dead letter views:0:999999" in unknown.stderr) == (1, True)


async def test_an_api_key_speaks_to_all_services_until_it_is_revoked(running: Running) -> None:
    """Each service looks it up as its own role of PostgreSQL."""
    scopes = ("accounts:read", "trainings:read", "forecasts:read", "predictions:read")
    options = [word for scope in scopes for word in ("--scope", scope)]
    made = json.loads((await running.run("api-keys", "create", "a cron job", *options, "--days", "1", "--json")).stdout)
    number, machine = str(made["id"]), running.anonymous.with_key(made["key"])
    assert (await machine.order_api.me()).role == "ADMIN"
    await machine.trainer.newest()
    with pytest.raises(ProblemAnswer) as of_predictor:
        await machine.predictor.features(10**9, 1)
    assert of_predictor.value.status == 404  # and not 401
    with pytest.raises(ProblemAnswer, match="lacks the scope orders:read"):
        [order async for order in machine.order_api.orders()]

    listed = await running.run("api-keys", "list")
    by_key = await running.run("trainings", "list", env={"ORDERCAST_API_KEY": made["key"]})
    rotated = await running.run("api-keys", "rotate", number, "--overlap", "0", "--json")
    newest = running.anonymous.with_key(json.loads(rotated.stdout)["key"])
    assert "a cron job" in listed.stdout
    assert made["key"] not in listed.stdout
    assert by_key.exit_code == 0, by_key.output
    await newest.order_api.me()
    revoked = await running.run("api-keys", "revoke", number)
    assert revoked.stdout.endswith("is revoked\n")
    for key in (machine, newest):
        with pytest.raises(ProblemAnswer) as refused:
            await key.order_api.me()
        assert refused.value.status == 401


async def test_accounts_are_listed_blocked_and_given_roles(running: Running) -> None:
    made = await running.run(
        "admin", "create", "--email", "eve@example.com", "--nickname", "Eve", "--json", env=PASSWORD
    )
    eve = str(json.loads(made.stdout)["id"])

    listed = await running.run("admin", "list", "--search", "EVE@", "--role", "ADMIN", "--not-blocked")
    blocked = await running.run("admin", "block", eve)
    found = json.loads((await running.run("admin", "list", "--blocked", "--json")).stdout)
    unblocked = await running.run("admin", "unblock", eve)
    demoted = await running.run("admin", "role", eve, "CUSTOMER")
    missing = await running.run("admin", "block", "1000000000")

    assert listed.stdout.splitlines()[1].split() == [eve, "ADMIN", "eve@example.com", "Eve"]
    assert blocked.stdout == f"account {eve} (Eve) is ADMIN, blocked\n"
    assert [str(account["id"]) for account in found] == [eve]
    assert unblocked.stdout == f"account {eve} (Eve) is ADMIN\n"
    assert demoted.stdout == f"account {eve} (Eve) is CUSTOMER\n"
    assert missing.exit_code == 1
    assert "there is no account 1000000000" in missing.stderr
