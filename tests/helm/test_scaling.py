"""How many pods there may be, who decides it, and how many may be missing."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from ordercast.services.feature_worker.settings import FeatureWorkerSettings
from ordercast.services.feature_worker.wiring import TOPICS
from tests.helm.chart import CHART, Helm, HelmFailed, Manifest, Rendered, component_of, selects
from tests.helm.operators import KEDA, module_folder

# How KEDA's scaler declares what it reads: `keda:"name=lagThreshold,order=triggerMetadata,default=10"`.
KEDA_FIELD: Final = re.compile(r'keda:"name=(\w+),order=([\w;]+)')


def replicas_of(rendered: Rendered) -> dict[str, Any]:
    """The number of pods that the chart itself sets, by component."""
    return {component: manifest["spec"].get("replicas") for component, manifest in rendered.workloads.items()}


def partitions_of(rendered: Rendered) -> int:
    """What every pod and the migration agree upon."""
    found = {
        variable["value"]
        for pod in rendered.pods.values()
        for container in pod["spec"]["containers"]
        for variable in container.get("env", ())
        if variable["name"] == "ORDERCAST_PARTITIONS"
    }
    [partitions] = found
    return int(partitions)


def test_nobody_sets_the_number_of_pods_that_a_scaler_sets(large: Rendered) -> None:
    """Each upgrade would throw away what the scaler has decided."""
    targets = [m["spec"]["scaleTargetRef"] for m in large.of_kind("HorizontalPodAutoscaler", "ScaledObject")]
    scaled = {component for component, replicas in replicas_of(large).items() if replicas is None}
    assert scaled == {"order-api", "predictor", "feature-worker"}
    workloads = {(m["apiVersion"], m["kind"], m["metadata"]["name"]): c for c, m in large.workloads.items()}
    assert {workloads[t["apiVersion"], t["kind"], t["name"]] for t in targets} == scaled


def test_without_scalers_the_chart_sets_every_number(helm: Helm) -> None:
    small = helm.render("values-small.yaml")
    assert small.of_kind("HorizontalPodAutoscaler", "ScaledObject") == []
    assert replicas_of(small) == dict.fromkeys(replicas_of(small), 1)


def test_cpu_scales_what_has_a_cpu_request(large: Rendered) -> None:
    for scaler in large.of_kind("HorizontalPodAutoscaler"):
        [metric] = scaler["spec"]["metrics"]
        assert metric["resource"]["name"] == "cpu"
        pod = large.pods[component_of(scaler)]
        assert all(container["resources"]["requests"]["cpu"] for container in pod["spec"]["containers"])


def test_keda_asks_for_the_lag_of_the_workers_group_in_all_topics(large: Rendered) -> None:
    triggers = large.one("ScaledObject")["spec"]["triggers"]
    assert {trigger["type"] for trigger in triggers} == {"kafka"}
    assert tuple(trigger["metadata"]["topic"] for trigger in triggers) == TOPICS
    env = {v["name"]: v.get("value") for v in large.pods["feature-worker"]["spec"]["containers"][0]["env"]}
    default: str = FeatureWorkerSettings.model_fields["worker_group"].default
    for metadata in (trigger["metadata"] for trigger in triggers):
        assert metadata["consumerGroup"] == env["ORDERCAST_WORKER_GROUP"] == default
        assert metadata["bootstrapServers"] == env["ORDERCAST_KAFKA_BOOTSTRAP"]
        assert metadata["limitToPartitionsWithLag"] == "true"
        assert all(isinstance(value, str) for value in metadata.values())


def test_keda_reads_each_field_of_its_triggers(secured: Rendered, tmp_path: Path) -> None:
    """Its definition takes any metadata, so they are held against the scaler's own source."""
    source = (module_folder(KEDA, tmp_path) / "pkg" / "scalers" / "kafka_scaler.go").read_text()
    places = {name: order.split(";") for name, order in KEDA_FIELD.findall(source)}
    known = {name for name, order in places.items() if "triggerMetadata" in order}
    assert "limitToPartitionsWithLag" in known
    for trigger in secured.one("ScaledObject")["spec"]["triggers"]:
        assert trigger["metadata"].keys() <= known
        assert f'= "{trigger["metadata"]["sasl"]}"' in source
    for parameter in secured.one("TriggerAuthentication")["spec"]["env"]:
        assert "authParams" in places[parameter["parameter"]]


KEDA_SECURITY: Final[Mapping[str, tuple[dict[str, str], set[str]]]] = {
    "PLAINTEXT": ({}, set()),
    "SSL": ({"tls": "enable"}, {"ca"}),
    "SASL_PLAINTEXT": ({"sasl": "scram_sha512"}, {"username", "password"}),
    "SASL_SSL": ({"sasl": "scram_sha512", "tls": "enable"}, {"username", "password", "ca"}),
}


@pytest.mark.parametrize("protocol", KEDA_SECURITY)
def test_keda_speaks_to_kafka_as_the_worker_does(helm: Helm, protocol: str) -> None:
    users = ("", "users.featureWorker.") if protocol.startswith("SASL") else ()
    names = [
        f"kafka.security.{user}{field}=of-worker" for user in users for field in ("username", "passwordSecret.name")
    ]
    security = [f"kafka.security.protocol={protocol}", "kafka.security.caSecret.name=kafka-ca", *names]
    rendered = helm.render("values-large.yaml", settings=security)
    metadata, parameters = KEDA_SECURITY[protocol]
    [worker] = rendered.pods["feature-worker"]["spec"]["containers"]
    variables = {variable["name"] for variable in worker["env"]}
    found = rendered.of_kind("TriggerAuthentication")
    read = {each["parameter"]: each for manifest in found for each in manifest["spec"]["env"]}
    assert read.keys() == parameters
    for each in read.values():
        assert each["containerName"] == worker["name"]
        assert each["name"] in variables
    for trigger in rendered.one("ScaledObject")["spec"]["triggers"]:
        assert {name: value for name, value in trigger["metadata"].items() if name in ("sasl", "tls")} == metadata
        reference = trigger.get("authenticationRef", {}).get("name")
        assert [reference] == ([manifest["metadata"]["name"] for manifest in found] or [None])


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"])
def test_keda_knows_each_mechanism(helm: Helm, mechanism: str, tmp_path: Path) -> None:
    source = (module_folder(KEDA, tmp_path) / "pkg" / "scalers" / "kafka_scaler.go").read_text()
    user = [f"kafka.security.{name}=shop" for name in ("username", "passwordSecret.name")]
    security = ["kafka.security.protocol=SASL_SSL", f"kafka.security.mechanism={mechanism}", *user]
    for trigger in helm.render("values-large.yaml", settings=security).one("ScaledObject")["spec"]["triggers"]:
        [constant] = re.findall(rf'(KafkaSASLType\w+) +kafkaSaslType = "{trigger["metadata"]["sasl"]}"', source)
        assert constant.removeprefix("KafkaSASLType").upper().startswith(mechanism.replace("-", ""))


def test_there_are_never_more_workers_than_partitions(rendered: Rendered) -> None:
    scaler = rendered.of_kind("ScaledObject")
    most = scaler[0]["spec"]["maxReplicaCount"] if scaler else replicas_of(rendered)["feature-worker"]
    assert 1 <= most <= partitions_of(rendered)


def test_small_and_large_have_the_same_partitions(helm: Helm) -> None:
    """So that a system can grow: the number is fixed for its life."""
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    sets = [helm.render(), helm.render("values-small.yaml"), helm.render("values-large.yaml")]
    assert {partitions_of(rendered) for rendered in sets} == {values["partitions"]}


def missing_at_once(budget: Manifest, replicas: int) -> int:
    """How many of so many pods the budget lets go; Kubernetes rounds a percentage up."""
    allowed = budget["spec"]["maxUnavailable"]
    return -(-int(allowed[:-1]) * replicas // 100) if isinstance(allowed, str) else int(allowed)


def test_no_budget_holds_up_the_draining_of_a_node(rendered: Rendered) -> None:
    budgets = {component_of(budget): budget for budget in rendered.of_kind("PodDisruptionBudget")}
    assert budgets.keys() == rendered.workloads.keys()
    for component, budget in budgets.items():
        assert "minAvailable" not in budget["spec"]
        assert missing_at_once(budget, 1) >= 1
        assert missing_at_once(budget, 3) <= 1  # and one pod at a time where there are few
        assert budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
        chosen = {name for name, pod in rendered.pods.items() if selects(budget["spec"]["selector"], pod)}
        assert chosen == {component}


def test_pods_spread_by_their_own_component(rendered: Rendered) -> None:
    for component, workload in rendered.workloads.items():
        constraints = workload["spec"]["template"]["spec"]["topologySpreadConstraints"]
        assert {c["topologyKey"] for c in constraints} == {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}
        revision = {"Deployment": "pod-template-hash", "StatefulSet": "controller-revision-hash"}[workload["kind"]]
        for constraint in constraints:
            chosen = {name for name, pod in rendered.pods.items() if selects(constraint["labelSelector"], pod)}
            assert chosen == {component}
            assert constraint["matchLabelKeys"] == [revision]


def test_selectors_and_services_find_their_pods_and_no_others(rendered: Rendered) -> None:
    for component, workload in rendered.workloads.items():
        chosen = {n for n, pod in rendered.pods.items() if selects(workload["spec"]["selector"], pod)}
        assert chosen == {component}
        # Selectors cannot change: nothing in them may move with a version.
        assert not {"version", "chart"} & {
            label.partition("/")[2] for label in workload["spec"]["selector"]["matchLabels"]
        }
    services = {s["metadata"]["name"].removeprefix("shop-ordercast-"): s for s in rendered.of_kind("Service")}
    assert {name.removesuffix("-each") for name in services} == rendered.workloads.keys()
    for service in services.values():
        component = component_of(service)
        assert {n for n, p in rendered.pods.items() if selects({"matchLabels": service["spec"]["selector"]}, p)} == {
            component
        }
        [port], [served] = service["spec"]["ports"], rendered.pods[component]["spec"]["containers"][0]["ports"]
        assert (port["targetPort"], port["port"]) == (served["name"], served["containerPort"])
    workers = rendered.workloads["feature-worker"]["spec"]
    assert workers["serviceName"] == services["feature-worker"]["metadata"]["name"]
    assert services["feature-worker"]["spec"]["clusterIP"] == "None"


def test_there_is_one_console_which_alone_knows_who_is_logged_in(helm: Helm) -> None:
    for values in ((), ("values-small.yaml",), ("values-large.yaml",)):
        assert replicas_of(helm.render(*values))["console"] == 1
    with pytest.raises(HelmFailed, match="additional properties 'replicas'"):
        helm.render(settings=["console.replicas=2"])


@pytest.mark.parametrize("release", ["a", "o" * 53, "ordercast", "shop-of-somebody-with-a-very-long-name-for-a-releas"])
def test_names_fit_whatever_the_release_is_called(helm: Helm, release: str) -> None:
    rendered = helm.render("values-large.yaml", release=release)
    for manifest in rendered.manifests:
        name = manifest["metadata"]["name"]
        # A StatefulSet's pods carry its name and a hash of 11 characters in one label.
        assert len(name) <= (52 if manifest["kind"] == "StatefulSet" else 63), name
        assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", name)
    labels: list[Mapping[str, str]] = [m["metadata"]["labels"] for m in (*rendered.manifests, *rendered.pods.values())]
    assert max(len(value) for found in labels for value in found.values()) <= 63


def test_two_long_names_stay_two(helm: Helm) -> None:
    names = {
        manifest["metadata"]["name"]
        for last in "ab"
        for manifest in helm.render(release="o" * 52 + last).of_kind("Service")
    }
    assert len(names) == 2 * 9
