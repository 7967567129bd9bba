"""The pods are scraped under the names that the alerts ask for, and the alerts are the project's."""

import re
from collections.abc import Mapping
from typing import Any, Final

import yaml

from ordercast.infra.local.processes import SERVICES
from tests.helm.chart import ROOT, Rendered, load_manifests, selects

ALERTS: Final = ROOT / "infra" / "observability" / "alerts.yaml"


def relabeled(relabelings: list[Mapping[str, Any]], labels: Mapping[str, str]) -> dict[str, str]:
    """The labels after Prometheus' action `replace`, as far as it is used here."""
    found = dict(labels)
    for rule in relabelings:
        value = ";".join(found.get(name, "") for name in rule["sourceLabels"])
        if match := re.fullmatch(rule.get("regex", "(.*)"), value):
            template = re.sub(r"\$\{?(\d+)\}?", r"\\g<\1>", rule.get("replacement", "$1"))
            found[rule["targetLabel"]] = match.expand(template)
    return found


def test_each_pod_is_scraped_under_its_services_name(large: Rendered) -> None:
    monitor = large.one("PodMonitor")["spec"]
    [endpoint] = monitor["podMetricsEndpoints"]
    assert endpoint["path"] == "/metrics"
    jobs = set()
    for pod in large.pods.values():
        assert selects(monitor["selector"], pod)
        ports = [port["name"] for container in pod["spec"]["containers"] for port in container.get("ports", ())]
        if endpoint["port"] in ports:
            component = pod["metadata"]["labels"]["app.kubernetes.io/component"]
            label = {"__meta_kubernetes_pod_label_app_kubernetes_io_component": component}
            jobs.add(relabeled(endpoint["relabelings"], label)["job"])
    assert jobs == SERVICES.keys()


def test_the_alerts_ask_for_jobs_that_are_scraped() -> None:
    asked = {
        job
        for group in yaml.safe_load(ALERTS.read_text())["groups"]
        for rule in group["rules"]
        for jobs in re.findall(r'job=~?"([^"]+)"', rule["expr"])
        for job in jobs.split("|")
    }
    assert asked
    assert asked <= SERVICES.keys()


def test_the_alerts_are_the_projects_word_for_word(large: Rendered) -> None:
    [alerts] = load_manifests(ALERTS.read_text())
    assert large.one("PrometheusRule")["spec"] == alerts
