"""The program that makes users and topics, where it cannot."""

import subprocess
import sys

import pytest

from ordercast.infra.kafka.rights import ROLES

PASSWORDS = {f"ORDERCAST_KAFKA_{role.upper()}_PASSWORD": "a secret" for role in ROLES}
BOOTSTRAP = {"ORDERCAST_KAFKA_BOOTSTRAP": "127.0.0.1:1"}


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        (PASSWORDS, "ORDERCAST_KAFKA_BOOTSTRAP: Field required"),
        (BOOTSTRAP, "ORDERCAST_KAFKA_ORDER_API_PASSWORD is missing"),
        (PASSWORDS | BOOTSTRAP, "the users of Kafka were not made: "),
    ],
)
def test_it_says_in_one_line_why_it_cannot(environment: dict[str, str], reason: str) -> None:
    command = [sys.executable, "-m", "ordercast.infra.kafka.set_up"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith(f"kafka: {reason}")
    assert "a secret" not in line
