"""The example servers, held against the chart that runs on them and the contract."""

import ast
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest
import yaml

from ordercast.contracts.topics import ALL_TOPICS
from ordercast.infra.kafka.rights import ADMIN, RIGHTS, ROLES, Right, user_of
from ordercast.services.feature_worker.wiring import open_feature_worker
from ordercast.services.order_api.relay_wiring import open_relay
from ordercast.services.order_api.settings import OrderApiSettings
from ordercast.services.order_api.wiring import open_order_api
from ordercast.services.predictor.wiring import open_predictor
from ordercast.services.shared.db.engine import open_database
from ordercast.services.shared.kafka.topics import topic_configs
from ordercast.services.trainer.wiring import open_trainer
from tests.helm.chart import CHART, EXAMPLES, HELM, Helm, Manifest, Rendered, documented, load_manifests
from tests.helm.test_pod_credentials import kafka_users

VALUES: Final[Mapping[str, Any]] = yaml.safe_load((CHART / "values.yaml").read_text())
LARGE: Final[Mapping[str, Any]] = yaml.safe_load((HELM / "values-large.yaml").read_text())
# The namespace that README.md installs all into.
NAMESPACE: Final = "ordercast"
WIRINGS: Final[Mapping[str, Callable[..., object]]] = {
    "order-api": open_order_api,
    "relay": open_relay,
    "feature-worker": open_feature_worker,
    "trainer": open_trainer,
    "predictor": open_predictor,
}
# PostgreSQL keeps these for its superuser, and an admin and the exporter want some, too.
OTHERS: Final = 20


def example(file: str, kind: str) -> list[Manifest]:
    return [manifest for manifest in load_manifests((EXAMPLES / file).read_text()) if manifest["kind"] == kind]


KAFKA: Final = example("kafka.yaml", "Kafka")[0]
CLUSTER: Final = example("postgres.yaml", "Cluster")[0]


def test_the_topics_are_those_that_the_migration_makes() -> None:
    replication = VALUES["topics"]["replication"]
    made = {
        topic.name: (topic.partitions or VALUES["partitions"], replication, topic_configs(topic, replication))
        for topic in ALL_TOPICS
    }
    found = {
        topic["metadata"]["name"]: (topic["spec"]["partitions"], topic["spec"]["replicas"], topic["spec"]["config"])
        for topic in example("topics.yaml", "KafkaTopic")
    }
    assert found == made


def test_each_service_has_a_user_with_the_rights_of_the_table_and_a_super_user_makes_the_topics() -> None:
    users = {user["metadata"]["name"]: user["spec"] for user in example("users.yaml", "KafkaUser")}
    # A resource of Kubernetes is called without underscores.
    names = {role: user_of(role).replace("_", "-") for role in (*ROLES, ADMIN)}
    assert users.keys() == set(names.values())
    assert {spec["authentication"]["type"] for spec in users.values()} == {"scram-sha-512"}
    assert "authorization" not in users[names[ADMIN]]
    kinds = {"topic": "TOPIC", "group": "GROUP", "transactionalId": "TRANSACTIONAL_ID"}
    rights = [
        Right(role, kinds[acl["resource"]["type"]], acl["resource"]["name"], operation.upper())
        for role in ROLES
        for acl in users[names[role]]["authorization"]["acls"]
        for operation in acl["operations"]
    ]
    assert sorted(rights) == sorted(RIGHTS)


def test_the_documented_values_log_each_service_in_as_its_user_of_the_documented_kafka(
    helm: Helm, tmp_path: Path
) -> None:
    secured, values = documented("spec"), documented("kafka")
    [listener] = secured["spec"]["kafka"]["listeners"]
    assert values["kafka"]["bootstrap"].endswith(f":{listener['port']}")
    assert values["networkPolicy"]["kafka"]["ports"] == [listener["port"]]
    (tmp_path / "values.yaml").write_text(yaml.safe_dump(values))
    found = kafka_users(helm.render(str(tmp_path / "values.yaml")))
    names = {component: f"ordercast-{component}" for component in WIRINGS} | {"migrations": "ordercast-admin"}
    assert found == {component: (name, name, "password") for component, name in names.items()}
    assert secured["spec"]["kafka"]["authorization"]["superUsers"] == ["ordercast-admin"]


def test_the_topics_and_brokers_belong_to_the_kafka_that_the_chart_asks() -> None:
    name = KAFKA["metadata"]["name"]
    pools = example("kafka.yaml", "KafkaNodePool")
    for manifest in (*example("topics.yaml", "KafkaTopic"), *example("users.yaml", "KafkaUser"), *pools):
        assert manifest["metadata"]["labels"]["strimzi.io/cluster"] == name
    [listener] = KAFKA["spec"]["kafka"]["listeners"]
    assert (listener["type"], listener["tls"]) == ("internal", False)  # the services speak no TLS to Kafka
    assert VALUES["kafka"]["bootstrap"] == f"{name}-kafka-bootstrap.{NAMESPACE}.svc:{listener['port']}"
    assert VALUES["networkPolicy"]["kafka"]["ports"] == [listener["port"]]
    brokers = sum(pool["spec"]["replicas"] for pool in pools if "broker" in pool["spec"]["roles"])
    assert brokers >= VALUES["topics"]["replication"]
    controllers = sum(pool["spec"]["replicas"] for pool in pools if "controller" in pool["spec"]["roles"])
    assert controllers % 2 == 1


def test_the_broker_lets_the_charts_pods_in(large: Rendered) -> None:
    [listener] = KAFKA["spec"]["kafka"]["listeners"]
    pods, keda = listener["networkPolicyPeers"]
    for pod in large.pods.values():
        assert pods["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    assert "namespaceSelector" in keda


def test_the_large_values_let_pods_out_to_the_examples_and_to_nobody_else() -> None:
    policy = LARGE["networkPolicy"]
    assert policy["kafka"]["peers"] == [
        {"podSelector": {"matchLabels": {"strimzi.io/cluster": KAFKA["metadata"]["name"]}}}
    ]
    assert policy["database"]["peers"] == [
        {"podSelector": {"matchLabels": {"cnpg.io/cluster": CLUSTER["metadata"]["name"]}}}
    ]


def pool_size(opens: Callable[..., object]) -> int:
    """The most connections that a service opens, from the calls in its wiring."""
    calls = [
        node
        for node in ast.walk(ast.parse(inspect.getsource(opens)))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == open_database.__name__
    ]
    assert calls
    default = inspect.signature(open_database).parameters["pool_size"].default
    given = [
        next((ast.unparse(keyword.value) for keyword in call.keywords if keyword.arg == "pool_size"), repr(default))
        for call in calls
    ]
    fields = OrderApiSettings.model_fields
    settings = SimpleNamespace(
        partitions=VALUES["partitions"],
        database_pool_size=fields["database_pool_size"].default,
        reading_pool_size=fields["reading_pool_size"].default,
    )
    names = vars(inspect.getmodule(opens)) | {"settings": settings}
    return sum(int(eval(size, names)) for size in given)  # noqa: S307 - expressions of our own source


def test_postgresql_has_enough_connections_for_the_large_values(large: Rendered) -> None:
    most = {component: m["spec"].get("replicas", 0) for component, m in large.workloads.items()} | {
        m["metadata"]["labels"]["app.kubernetes.io/component"]: m["spec"].get("maxReplicas")
        or m["spec"]["maxReplicaCount"]
        for m in large.of_kind("HorizontalPodAutoscaler", "ScaledObject")
    }
    assert most.keys() == WIRINGS.keys() | {"console"}  # which asks the others, and has no connections of its own
    needed = sum(most[component] * pool_size(opens) for component, opens in WIRINGS.items())
    assert needed + OTHERS <= int(CLUSTER["spec"]["postgresql"]["parameters"]["max_connections"])


def test_an_acknowledged_order_is_on_two_machines() -> None:
    synchronous = CLUSTER["spec"]["postgresql"]["synchronous"]
    assert (synchronous["number"], synchronous["dataDurability"]) == (1, "required")
    assert CLUSTER["spec"]["instances"] > synchronous["number"] + 1  # one may be away, and orders are still taken


@pytest.mark.parametrize("file", ["README.md", "examples/kafka.yaml", "examples/postgres.yaml"])
def test_the_readme_and_its_examples_use_the_names_of_the_values(file: str) -> None:
    text = (HELM / file).read_text()
    if file == "README.md":
        for name in (
            VALUES["database"]["existingSecret"],
            VALUES["database"]["key"],
            *VALUES["tokens"].values(),
            CLUSTER["metadata"]["name"],
            *(path.name for path in EXAMPLES.glob("*.yaml")),
            "values-small.yaml",
            "values-large.yaml",
        ):
            assert name in text, name
    assert "latest" not in text
