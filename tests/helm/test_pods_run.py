"""The pods as they are rendered, really run, from the services' images: with `--stack=containers`."""

import os
import time
from collections.abc import Iterator
from typing import Final

import pytest

from ordercast.services.shared.http.token_keys import create_key_pair
from tests.helm.chart import Helm, Manifest, Rendered, containers
from tests.helm.docker_pods import DockerPods, docker_pods, image_setting
from tests.helm.test_pods import APPS

BROKER: Final = "ordercast-kafka-bootstrap.ordercast.svc"
DATABASE: Final = "ordercast-db-rw"
SECRET: Final = "not-a-secret"
# For the servers, and then for the services, to start on a busy machine (s).
DEADLINE_S: Final = 300
PAUSE_S: Final = 2
ASK: Final = """
import sys, urllib.request, urllib.error
try:
    answer = urllib.request.urlopen(sys.argv[1], timeout=5)
except urllib.error.HTTPError as error:
    answer = error
print(answer.status, answer.read().decode())
"""


@pytest.fixture(scope="module")
def rendered(helm: Helm, request: pytest.FixtureRequest) -> Rendered:
    if request.config.getoption("--stack") != "containers":
        pytest.skip("runs with --stack=containers")
    prefix, _, repository = os.environ.get("ORDERCAST_IMAGES", "ordercast").rpartition("/")
    tag = os.environ.get("ORDERCAST_VERSION", "")
    images = [f"image.registry={prefix}", f"image.repository={repository}", f"image.tag={tag}"]
    return helm.render("values-small.yaml", settings=[*images, "topics.replication=1"])


@pytest.fixture(scope="module")
def pods(rendered: Rendered, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerPods]:
    """PostgreSQL and Kafka under the names of the examples."""
    secrets, work = tmp_path_factory.mktemp("secrets"), tmp_path_factory.mktemp("mounts")
    url = f"postgresql+asyncpg://ordercast:{SECRET}@{DATABASE}:5432/ordercast"
    (secrets / "ordercast_database_url").write_text(url)
    create_key_pair(secrets / "token_private_key.pem", secrets / "token_public_key.pem")
    with docker_pods(secrets, work) as running:
        database = {"POSTGRES_USER": "ordercast", "POSTGRES_DB": "ordercast", "POSTGRES_PASSWORD": SECRET}
        running.start_server(DATABASE, image_setting("ORDERCAST_POSTGRES_IMAGE"), database)
        running.start_server(
            BROKER,
            image_setting("ORDERCAST_KAFKA_IMAGE"),
            {
                "KAFKA_NODE_ID": "1",
                "KAFKA_PROCESS_ROLES": "broker,controller",
                "KAFKA_LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093",
                "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://{BROKER}:9092",
                "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
                "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
                "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
                "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
            },
        )
        yield running


def run_until_it_ends_well(pods: DockerPods, pod: Manifest, container: Manifest) -> str:
    """As a Job does it: again, while what it needs is not there yet. The last attempt's words."""
    deadline = time.monotonic() + DEADLINE_S
    while (done := pods.run(pod, container)).returncode != 0:
        assert time.monotonic() < deadline, f"{container['name']}: {done.stdout}{done.stderr}{pods.logs()}"
        time.sleep(PAUSE_S)
    return done.stdout


def test_the_pods_run_serve_and_leave_in_order(rendered: Rendered, pods: DockerPods) -> None:
    for container in containers(rendered.pods["migrations"]):
        run_until_it_ends_well(pods, rendered.pods["migrations"], container)
    services = {component: f"shop-ordercast-{component}" for component in APPS}
    for component, workload in rendered.workloads.items():
        pods.start(workload["spec"]["template"], services[component])

    # What `helm test` runs, but for the predictor, which has no model yet, and the two that have no clients.
    test = rendered.pods["test"]
    [asking] = containers(test)
    asked = [url for url in asking["args"] if "predictor" not in url]
    others = [f"http://{services['relay']}:8004/readyz", f"http://{services['feature-worker']}:8003/readyz"]
    said = run_until_it_ends_well(pods, test, {**asking, "args": [*asked, *others]})
    assert said.count("ready     http") == len(APPS) - 1
    words = pods.execute(services["predictor"], "python", "-c", ASK, "http://127.0.0.1:8002/readyz")
    assert words.startswith("503")
    assert '"detail": "not there: model, model of baseline, model of demand"' in words

    for component, workload in rendered.workloads.items():
        grace = workload["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
        assert pods.stop(services[component], grace) == 0, component
