"""What operators of a Kafka are told to allow: the whole table of rights, and no more."""

import json
import re

import pytest
from typer.testing import CliRunner

from ordercast.cli.kafka import app
from ordercast.infra.kafka.rights import RIGHTS, ROLES, user_of

TABLE = {(user_of(right.role), right.kind, right.name, right.operation) for right in RIGHTS}


def told(*options: str) -> str:
    result = CliRunner().invoke(app, ["rights", *options])
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_json_has_each_right_once() -> None:
    rights = json.loads(told("--json"))
    assert len(rights) == len(TABLE)
    assert {tuple(right[name] for name in ("user", "kind", "name", "operation")) for right in rights} == TABLE


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_commands_have_each_right_once(options: tuple[str, ...]) -> None:
    said = told("--commands", *options)
    lines = json.loads(said) if options else said.splitlines()
    form = re.compile(
        r"--add --allow-principal User:(\w+) --operation (Read|Write) --(topic|group|transactional-id) ([\w-]+)"
    )
    found = [match.groups() for line in lines if (match := form.fullmatch(line))]
    assert len(lines) == len(found) == len(TABLE)
    assert {
        (user, kind.upper().replace("-", "_"), name, operation.upper()) for user, operation, kind, name in found
    } == TABLE


def test_the_table_has_a_line_for_each_user() -> None:
    _, *rows = told().splitlines()
    assert [row.split()[0] for row in rows] == [user_of(role) for role in ROLES]
    [worker] = [row for row in rows if row.startswith("ordercast_feature_worker")]
    assert re.split(r"  +", worker.rstrip())[1:] == ["orders, predictions, views", "dead-letters", "feature_worker"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("ordercast_relay", "--group", "totals"), "'ordercast_relay' is no name for a user"),
        (("my shop", "--group", "totals"), "'my shop' is no name for a user"),
        (("shop", "--group", "feature_worker"), "'feature_worker' is no name for a consumer group"),
        (("shop", "--group", "my totals"), "'my totals' is no name for a consumer group"),
        (("shop", "--group", "totals", "--topic", "dead-letters"), "there is no topic dead-letters for readers"),
    ],
)
def test_a_reader_is_no_user_of_the_services_and_reads_what_is_published(arguments: tuple[str, ...], says: str) -> None:
    result = CliRunner().invoke(app, ["add-reader", *arguments])
    assert (result.exit_code, says in result.stderr, "hint: " in result.stderr) == (1, True, True)
