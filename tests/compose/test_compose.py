"""infra/compose.yaml: whole, closed, and gone without a trace."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError

from ordercast.kafka_security import client_arguments
from ordercast.running_client import running as open_client
from tests.support.compose import ComposeProject, compose_project

# A busy machine takes minutes to start everything.
pytestmark = pytest.mark.timeout(600)

# Enough to learn from.
DEMO_ORDERS: Final = "1000"
DEMO_ACCOUNTS: Final = "300"
BROKERS: Final = {"kafka", "kafka-2", "kafka-3"}
JOBS: Final = {"migrations", "topics", "admin"}
DEADLINE_S: Final = 20.0
LOOPBACK: Final = "127.0.0.1"


@pytest.mark.parametrize(
    ("files", "profiles", "there", "absent"),
    [
        ((), (), {"kafka", "predictor"}, {"kafka-2", "kafka-3", "prometheus", "grafana"}),
        (("cluster.env",), (), BROKERS, {"prometheus"}),
        ((), ("observability",), {"kafka", "prometheus", "grafana"}, {"kafka-2"}),
        (("cluster.env",), ("cluster", "observability"), {*BROKERS, "prometheus", "grafana"}, set()),
    ],
)
def test_each_profile_is_valid_and_has_its_services(
    compose: str, tmp_path: Path, files: tuple[str, ...], profiles: tuple[str, ...], there: set[str], absent: set[str]
) -> None:
    project = ComposeProject(compose, tmp_path, *files)
    chosen = [word for profile in profiles for word in ("--profile", profile)]
    config = json.loads(project.compose(*chosen, "config", "--format", "json"))
    services: dict[str, Any] = config["services"]
    assert there <= set(services)
    assert not absent & set(services)
    for name, service in services.items():
        assert name in JOBS or "test" in service["healthcheck"], f"{name} has no healthcheck"
        assert {"mem_limit", "cpus", "pids_limit"} <= set(service), f"{name} has no limits"
        assert all(port["host_ip"] == LOOPBACK for port in service.get("ports", ())), f"{name} is open to others"
    replication = services["topics"]["environment"]["ORDERCAST_REPLICATION"]
    assert replication == ("3" if files else "1")


def test_the_demo_passes_against_it(system: ComposeProject, tmp_path: Path) -> None:
    told = system.cli("demo", "--orders", DEMO_ORDERS, "--accounts", DEMO_ACCOUNTS, "--out", str(tmp_path))
    assert "Every step held." in told
    assert "verify: 0 differences" in told
    for result in ("prediction_curve.png", "pair_predictions.png", "product_weeks.png", "forecasts.csv"):
        assert (tmp_path / result).stat().st_size > 0, result


async def test_nobody_without_a_login_uses_the_published_port_of_kafka(system: ComposeProject) -> None:
    ours = client_arguments(system.kafka("operator"))
    async with open_client(AIOKafkaProducer(**ours), start_deadline_s=DEADLINE_S):
        pass
    nobodys = {"bootstrap_servers": ours["bootstrap_servers"]}
    for stranger in (nobodys, ours | {"sasl_plain_password": "guessed"}):
        with pytest.raises(KafkaConnectionError):
            async with open_client(AIOKafkaProducer(**stranger), start_deadline_s=DEADLINE_S):
                raise AssertionError("let in")


def test_a_second_up_changes_nothing(system: ComposeProject) -> None:
    before = {name: container["Id"] for name, container in (system.containers()).items()}
    system.up()
    assert {name: container["Id"] for name, container in (system.containers()).items()} == before


def test_containers_may_do_no_more_than_they_must(system: ComposeProject) -> None:
    containers = system.containers()
    assert JOBS | {"postgres", "kafka", "order_api", "relay", "feature_worker", "trainer", "predictor"} == set(
        containers
    )
    for name, container in containers.items():
        host = container["HostConfig"]
        assert container["Config"]["User"].split(":")[0] not in ("", "0", "root"), name
        assert host["ReadonlyRootfs"], name
        assert host["CapDrop"] == ["ALL"], name
        assert "no-new-privileges:true" in host["SecurityOpt"], name
        assert host["Memory"] > 0, name
        assert {bound["HostIp"] for bounds in host["PortBindings"].values() for bound in bounds} <= {LOOPBACK}, name
        artifacts = {mount["RW"] for mount in container["Mounts"] if mount["Destination"].endswith("/artifacts")}
        assert artifacts == ({True} if name == "trainer" else {False} if name == "predictor" else set()), name


def test_secrets_come_as_files_to_those_alone_who_need_them(system: ComposeProject) -> None:
    secrets = {path.name: path.read_text() for path in system.secrets.iterdir() if path.is_file()}
    containers = system.containers()
    for name, container in containers.items():
        shown = json.dumps(container["Config"])
        assert not [secret for secret, value in secrets.items() if value in shown], name
    readers = {
        name
        for name, container in containers.items()
        if any(mount["Destination"].endswith("token_private.pem") for mount in container["Mounts"])
    }
    assert readers == {"order_api"}


def test_down_leaves_nothing(compose: str, tmp_path: Path) -> None:
    with compose_project(compose, tmp_path) as project:
        project.up("postgres", "kafka")
        assert len(project.left()) >= 5
    assert project.left() == []
