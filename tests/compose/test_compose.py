"""infra/compose.yaml: whole, closed, and gone without a trace."""

import json
import re
import ssl
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError

from ordercast.infra.compose_secrets import ADMIN_EMAIL
from ordercast.infra.local.processes import SERVICES
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

# What a program beside the broker gets: an answer to the question that any Kafka answers before a login, and which TLS it speaks.
ASK_BROKER: Final = """
import json, socket, ssl, struct, sys
address = ("kafka", int(sys.argv[1]))
question = struct.pack(">ihhih", 10, 18, 0, 1, -1)
with socket.create_connection(address, timeout=10) as plain:
    plain.sendall(question)
    try:
        got = plain.recv(1)
    except ConnectionResetError:
        got = b""
    # An alert of TLS is no answer of Kafka.
    answer = "" if got in (b"", b"\x15") else "answered"
context = ssl.create_default_context(cafile="/run/secrets/ordercast_kafka_ca")
with context.wrap_socket(socket.create_connection(address, timeout=10), server_hostname="kafka") as tls:
    print(json.dumps({"plain": answer, "tls": tls.version()}))
"""


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
    for broker in BROKERS & set(services):
        listeners = services[broker]["environment"]["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"]
        assert {listener.partition(":")[2] for listener in listeners.split(",")} == {"SASL_SSL"}
    replication = services["topics"]["environment"]["ORDERCAST_REPLICATION"]
    assert replication == ("3" if files else "1")


def test_the_demo_passes_against_it(system: ComposeProject, tmp_path: Path) -> None:
    told = system.cli("demo", "--orders", DEMO_ORDERS, "--accounts", DEMO_ACCOUNTS, "--out", str(tmp_path))
    assert "Every step held." in told
    assert "verify: 0 differences" in told
    for result in ("prediction_curve.png", "pair_predictions.png", "product_weeks.png", "forecasts.csv"):
        assert (tmp_path / result).stat().st_size > 0, result


async def test_nobody_without_tls_or_a_login_uses_the_published_port_of_kafka(system: ComposeProject) -> None:
    ours = system.kafka_client("operator")
    async with open_client(AIOKafkaProducer(**ours), start_deadline_s=DEADLINE_S):
        pass
    strangers = {
        "plain": {"bootstrap_servers": ours["bootstrap_servers"]},
        "a login without TLS": ours | {"security_protocol": "SASL_PLAINTEXT", "ssl_context": None},
        "another authority": ours | {"ssl_context": ssl.create_default_context()},
        "TLS without a login": ours | {"security_protocol": "SSL"},
        "a guessed password": ours | {"sasl_plain_password": "guessed"},
    }
    for name, stranger in strangers.items():
        with pytest.raises(KafkaConnectionError):
            async with open_client(AIOKafkaProducer(**stranger), start_deadline_s=DEADLINE_S):
                raise AssertionError(f"{name}: let in")


@pytest.mark.parametrize("port", [9092, 9093, 9094])
def test_other_containers_find_no_port_of_the_broker_that_speaks_without_tls(system: ComposeProject, port: int) -> None:
    asked = system.compose("exec", "--no-TTY", "relay", "python", "-c", ASK_BROKER, str(port))
    assert json.loads(asked) == {"plain": "", "tls": "TLSv1.3"}


def test_a_second_up_changes_nothing(system: ComposeProject) -> None:
    before = {name: container["Id"] for name, container in (system.containers()).items()}
    system.up()
    assert {name: container["Id"] for name, container in (system.containers()).items()} == before


def test_containers_may_do_no_more_than_they_must(system: ComposeProject) -> None:
    containers = system.containers()
    assert JOBS | {"postgres", "kafka", *SERVICES} == containers.keys()
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


async def test_the_console_lets_the_admin_in_and_shows_every_service_as_well(system: ComposeProject) -> None:
    """After the demo: before it the predictor misses a model."""
    address = f"http://{LOOPBACK}:{system.ports['CONSOLE']}"
    password = (system.secrets / "ordercast_admin_password").read_text()
    async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=DEADLINE_S) as http:
        form = {"email": ADMIN_EMAIL, "password": password, "after": "/"}
        found = re.search(r'name="csrf" value="([^"]+)"', (await http.get("/log-in")).text)
        assert found
        assert (await http.post("/log-in", data=form | {"csrf": found[1]})).headers["location"] == "/"
        page = (await http.get("/overview/numbers")).text
    states = dict(re.findall(r'<th scope="row">(\w+)</th><td>\s*<span class="state (\w+)">', page))
    assert states == dict.fromkeys(SERVICES.keys() - {"console"}, "on")


def test_the_console_has_no_secret(system: ComposeProject) -> None:
    assert not system.containers()["console"]["Mounts"]


def test_down_leaves_nothing(compose: str, tmp_path: Path) -> None:
    with compose_project(compose, tmp_path) as project:
        project.up("postgres", "kafka")
        assert len(project.left()) >= 5
    assert project.left() == []
