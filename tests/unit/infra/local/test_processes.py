"""What the processes of a system on this machine are started with."""

from pathlib import Path

import pytest

from ordercast.infra.local.kafka import KafkaBroker, KafkaInstall
from ordercast.infra.local.ports import Ports
from ordercast.infra.local.postgres import PostgresServer
from ordercast.infra.local.processes import SERVICES, SystemPlan
from ordercast.infra.local.state import StateFolder


def plan(folder: Path) -> SystemPlan:
    broker = KafkaBroker(KafkaInstall(folder), folder / "kafka", 1, 2, folder / "kafka.log")
    postgres = PostgresServer(folder / "postgres", 3, "secret", folder / "postgres.log")
    return SystemPlan(StateFolder(folder), Ports(), postgres, broker)


def test_services_keep_what_the_user_has_set_but_for_the_port_that_they_cannot_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one ORDERCAST_OPERATIONS_PORT for all, the second service would not start."""
    monkeypatch.setenv("ORDERCAST_OPERATIONS_PORT", "9900")
    monkeypatch.setenv("ORDERCAST_LOG_LEVEL", "debug")
    started = plan(tmp_path).services()
    assert [program.name for program in started] == list(SERVICES)
    for program in started:
        assert program.command.environment["ORDERCAST_LOG_LEVEL"] == "debug"
        assert "ORDERCAST_OPERATIONS_PORT" not in program.command.environment
