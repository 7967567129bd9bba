"""Values that make no sense are refused, with the field named, before anything reaches a cluster."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest
import yaml

from tests.helm.chart import CHART, Helm, HelmFailed

# A setting, and what the error has to name.
BAD: Final = {
    "orderApi.replica=3": "/orderApi': additional properties 'replica'",
    "worker.replicas=3": "additional properties 'worker'",
    "orderApi.replicas=0": "/orderApi/replicas",
    "orderApi.replicas=two": "/orderApi/replicas",
    "relay.autoscaling.enabled=true": "/relay': additional properties 'autoscaling'",
    "partitions=0": "/partitions",
    "partitions=2.5": "/partitions",
    "topics.replication=0": "/topics/replication",
    "kafka.bootstrap=kafka": "/kafka/bootstrap",
    "kafka.bootstrap=": "/kafka/bootstrap",
    "kafka.bootstrap=PLAINTEXT://kafka:9092": "/kafka/bootstrap",
    "kafka.security.protocol=TLS": "/kafka/security/protocol",
    "kafka.security.mechanism=GSSAPI": "/kafka/security/mechanism",
    "kafka.security.password=secret": "/kafka/security': additional properties 'password'",
    "kafka.security.caSecret.name=Not_A_Name": "/kafka/security/caSecret/name",
    "kafka.security.protocol=SASL_SSL": "kafka.security.username",
    "kafka.security.users.worker.username=shop": "/kafka/security/users': additional properties 'worker'",
    "kafka.security.username=shop": "kafka.security names users (shop), but nobody logs in with its protocol PLAINTEXT",
    "database.existingSecret=": "/database/existingSecret",
    "database.url=postgresql://x": "/database': additional properties 'url'",
    "tokens.existingSecret=Not_A_Name": "/tokens/existingSecret",
    "artifacts.accessModes={ReadOnlyMany}": "/artifacts/accessModes/0",
    "artifacts.size=lots": "/artifacts/size",
    "image.pullPolicy=Sometimes": "/image/pullPolicy",
    "image.tag=a b": "/image/tag",
    "logFormat=xml": "/logFormat",
    "tracing.endpoint=collector:4318": "/tracing/endpoint",
    "tracing.sampleRatio=2": "/tracing/sampleRatio",
    "extraEnv[0].nam=X": "/extraEnv/0",
    "trainer.extraEnv[0].name=1X": "/trainer/extraEnv/0/name",
    "podSecurityContext.runAsUser=0": "/podSecurityContext/runAsUser",
    "podSecurityContext.runAsNonRoot=false": "/podSecurityContext': additional properties 'runAsNonRoot'",
    "predictor.autoscaling.targetCPUPercent=0": "/predictor/autoscaling/targetCPUPercent",
    "featureWorker.autoscaling.lagThreshold=0": "/featureWorker/autoscaling/lagThreshold",
    "featureWorker.group=": "/featureWorker/group",
    "orderApi.resources.limit.cpu=1": "/orderApi/resources",
    "disruptionBudget.maxUnavailable=0": "/disruptionBudget/maxUnavailable",
    "disruptionBudget.maxUnavailable=0%": "/disruptionBudget/maxUnavailable",
    "topologySpread.zone=Maybe": "/topologySpread/zone",
    "networkPolicy.kafka.ports={0}": "/networkPolicy/kafka/ports/0",
    "networkPolicy.clients[0].namespace=x": "/networkPolicy/clients/0",
    "ingress.host=https://shop": "/ingress/host",
    "ingress.consoleHost=*.shop": "/ingress/consoleHost",
    "monitoring.podMonitor.interval=15": "/monitoring/podMonitor/interval",
}
ONE_KAFKA_USER: Final = (
    "kafka.security.protocol=SASL_SSL",
    "kafka.security.username=shop",
    "kafka.security.passwordSecret.name=shop",
)
# What takes two values to see.
CONTRADICTORY: Final = {
    ("featureWorker.replicas=25",): "featureWorker.replicas (25) is more than partitions (24)",
    (
        "featureWorker.autoscaling.enabled=true",
        "featureWorker.autoscaling.maxReplicas=30",
    ): "featureWorker.autoscaling.maxReplicas (30) is more than partitions (24)",
    ("predictor.autoscaling.minReplicas=7",): "predictor.autoscaling.minReplicas (7) is more than its maxReplicas (6)",
    ("ingress.enabled=true",): "ingress.host is missing",
    ("ingress.host=a.shop", "ingress.consoleHost=a.shop"): "ingress.consoleHost is ingress.host",
    ("kafka.security.protocol=SASL_PLAINTEXT", "kafka.security.username=shop"): "kafka.security.passwordSecret.name",
    (
        *ONE_KAFKA_USER,
        "kafka.security.users.relay.username=shop-relay",
    ): "kafka.security.users.relay.passwordSecret.name",
    (
        *ONE_KAFKA_USER,
        "kafka.security.users.relay.passwordSecret.name=shop-relay",
    ): "kafka.security.users.relay.username",
}


@pytest.mark.parametrize("setting", BAD)
def test_a_bad_value_is_refused_with_its_field(helm: Helm, setting: str) -> None:
    with pytest.raises(HelmFailed) as failed:
        helm.render(settings=[setting])
    assert BAD[setting] in str(failed.value)


@pytest.mark.parametrize("settings", CONTRADICTORY)
def test_contradictory_values_are_refused_with_their_fields(helm: Helm, settings: tuple[str, ...]) -> None:
    with pytest.raises(HelmFailed) as failed:
        helm.render(settings=settings)
    assert CONTRADICTORY[settings] in str(failed.value)


def objects(schema: Any, path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every schema of an object, with where it stands."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield path, schema
        for key, value in schema.items():
            yield from objects(value, f"{path}/{key}")


def test_the_schema_knows_exactly_the_values_of_the_chart() -> None:
    """A value without a schema would not be checked, and a name in the schema without a value has no default."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())

    def compare(part: Mapping[str, Any], value: Mapping[str, Any], path: str) -> None:
        optional = {"global"} if path == "" else {"supplementalGroups"} if path == "/podSecurityContext" else set()
        assert part["properties"].keys() - optional == value.keys(), path
        for name, field in part["properties"].items():
            if field.get("type") == "object" and "properties" in field and name in value:
                compare(field, value[name], f"{path}/{name}")

    compare(schema, values, "")


def test_the_schema_leaves_no_object_open_but_those_of_kubernetes() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    still_open = {path for path, part in objects(schema) if "additionalProperties" not in part}
    assert {path.rpartition("/")[2] for path in still_open} == {
        "global",
        "affinity",
        "items",  # tolerations, rules of policies
        "valueFrom",
        "podSelector",
        "namespaceSelector",
        "ipBlock",
    }
