"""What infra/compose.yaml tells the console about itself."""

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]
COMPOSE = "infra/compose.yaml"


def test_the_restart_command_of_the_console_finds_the_file_from_the_checkout() -> None:
    """`docker compose` alone looks in the folder where it is called, as `make compose-up` is: there is none there."""
    environment = yaml.safe_load((ROOT / COMPOSE).read_text("utf-8"))["services"]["console"]["environment"]
    command = environment["ORDERCAST_RESTART_COMMAND"].split()
    assert (ROOT / command[command.index("-f") + 1]).resolve() == ROOT / COMPOSE
    assert command[-2:] == ["restart", "SERVICE"]
