"""What infra/compose.yaml tells the console about itself."""

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
COMPOSE = "infra/compose.yaml"


@pytest.fixture
def services() -> Any:
    return yaml.safe_load((ROOT / COMPOSE).read_text("utf-8"))["services"]


def test_the_restart_command_of_the_console_finds_the_file_from_the_checkout(services: Any) -> None:
    """`docker compose` alone looks in the folder where it is called, as `make compose-up` is: there is none there."""
    command = services["console"]["environment"]["ORDERCAST_RESTART_COMMAND"].split()
    assert (ROOT / command[command.index("-f") + 1]).resolve() == ROOT / COMPOSE
    assert command[-2:] == ["restart", "SERVICE"]


@pytest.mark.parametrize("service", ["order_api", "trainer", "predictor"])
def test_the_console_names_the_published_port_of_a_service(services: Any, service: str) -> None:
    [published] = services[service]["ports"]
    address, _, _ = published.rpartition(":")
    assert services["console"]["environment"][f"ORDERCAST_PUBLIC_{service.upper()}_URL"] == f"http://{address}"
