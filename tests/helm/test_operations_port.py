"""With a port of their own, /metrics and /readyz are asked for there by all who ask, and nobody else reaches it."""

import shlex
from typing import Any

import pytest

from ordercast.services.console.texts import environments
from tests.helm.chart import Helm, HelmFailed, Rendered
from tests.helm.test_network import let_in, ports, rules
from tests.helm.test_pods import APPS, programs

PORT = 9100


@pytest.fixture
def apart(helm: Helm) -> Rendered:
    return helm.render(settings=[f"operationsPort={PORT}", "monitoring.podMonitor.enabled=true"])


def test_each_pod_serves_it_and_is_probed_for_readiness_there(apart: Rendered) -> None:
    for program in APPS:
        container = programs(apart)[program]
        assert {"name": "operations", "containerPort": PORT, "protocol": "TCP"} in container["ports"]
        assert {"name": "ORDERCAST_OPERATIONS_PORT", "value": str(PORT)} in container["env"]
        assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "operations"}
        assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}


def test_prometheus_and_the_chart_s_own_test_ask_there(apart: Rendered) -> None:
    [monitor] = apart.of_kind("PodMonitor")
    assert [endpoint["port"] for endpoint in monitor["spec"]["podMetricsEndpoints"]] == ["operations"]
    asked: list[Any] = [
        argument
        for pod in apart.of_kind("Pod")
        for container in pod["spec"]["containers"]
        for argument in container["args"]
    ]
    assert asked
    assert all(argument.endswith(f":{PORT}/readyz") for argument in asked)


def test_who_may_read_metrics_alone_reaches_it(helm: Helm) -> None:
    monitoring = "networkPolicy.metrics[0].namespaceSelector.matchLabels.name=monitoring"
    rendered = helm.render(settings=[f"operationsPort={PORT}", monitoring])
    for component in ("order-api", "trainer", "predictor"):
        ingress = rules(rendered, component, "Ingress")
        assert ports(ingress) == {("TCP", "operations"), ("TCP", "http")}
        [operations] = [rule for rule in ingress if ports([rule]) == {("TCP", "operations")}]
        metrics, test = operations["from"]
        assert metrics == {"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}
        assert test["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "test"


def test_the_console_asks_there_how_those_are_who_have_no_clients(apart: Rendered) -> None:
    """The others at their clients' port, where they answer what its pages show."""
    env = {variable["name"]: variable.get("value") for variable in programs(apart)["console"]["env"]}
    assert env["ORDERCAST_ORDER_API_URL"] == "http://shop-ordercast-order-api:8000"
    assert env["ORDERCAST_FEATURE_WORKER_URL"] == f"http://shop-ordercast-feature-worker:{PORT}"
    asked = {component: let_in(apart, "console", component) for component in APPS.keys() - {"console"}}
    assert asked == {
        "order-api": {("TCP", "http")},
        "trainer": {("TCP", "http")},
        "predictor": {("TCP", "http")},
        "relay": {("TCP", "operations")},
        "feature-worker": {("TCP", "operations")},
    }


@pytest.mark.parametrize("settings", [(), ("nameOverride=forecasts",)])
@pytest.mark.parametrize("component", sorted(APPS.keys() - {"console"}))
def test_the_command_that_the_console_names_restarts_the_one_that_is_away(
    helm: Helm, component: str, settings: tuple[str, ...]
) -> None:
    rendered = helm.render(settings=settings)
    [command] = [
        variable["value"]
        for variable in programs(rendered)["console"]["env"]
        if variable["name"] == "ORDERCAST_RESTART_COMMAND"
    ]
    shown = (
        environments(command)["en"].from_string("{{ restart(service) }}").render(service=component.replace("-", "_"))
    )
    *begin, kinds, _, selector = shlex.split(shown)
    assert begin == ["kubectl", "-n", "ordercast", "rollout", "restart"]
    labels = dict(one.split("=") for one in selector.split(","))
    found = [
        manifest["metadata"]["name"]
        for manifest in rendered.manifests
        if manifest["kind"].lower() in kinds.split(",") and labels.items() <= manifest["metadata"]["labels"].items()
    ]
    assert found == [rendered.workloads[component]["metadata"]["name"]]


@pytest.mark.parametrize("port", ["80", "70000", "many"])
def test_a_port_that_cannot_be_is_refused(helm: Helm, port: str) -> None:
    with pytest.raises(HelmFailed, match="operationsPort"):
        helm.render(settings=[f"operationsPort={port}"])
