"""Who may talk to whom: the policies as Kubernetes reads them, and the public paths."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from ordercast.services.console.settings import ConsoleSettings
from tests.helm.chart import HELM, Helm, HelmFailed, Manifest, Rendered, load_manifests, selects
from tests.helm.conftest import VALUE_SETS
from tests.helm.test_pods import APPS, app_of, settings_of

PUBLIC: Final = {"order-api", "trainer", "predictor", "console"}
# What an app has beside its work; it stays inside.
INSIDE: Final = {"/healthz", "/readyz", "/metrics"}
# A path that begins as another service's: behind an ingress, which goes by the beginning, it is reached at the second one.
ALSO_AT: Final = {"/accounts/{account_id}/predictions": "/predictions/accounts/{account_id}"}
# The same at each service: the ingress leads it to one of them.
SHARED: Final = {"/problems/{slug}"}
MONITORING: Final = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
SAME_NAMESPACE: Final[Mapping[str, Any]] = {"podSelector": {}}

Rules = list[Mapping[str, Any]]


def policies_of(rendered: Rendered, component: str) -> list[Manifest]:
    pod = rendered.pods[component]
    return [policy for policy in rendered.of_kind("NetworkPolicy") if selects(policy["spec"]["podSelector"], pod)]


def rules(rendered: Rendered, component: str, direction: str) -> Rules:
    """What all policies of a pod let through together; nothing else passes if one of them names the direction."""
    policies = policies_of(rendered, component)
    assert any(direction in policy["spec"]["policyTypes"] for policy in policies)
    return [rule for policy in policies for rule in policy["spec"].get(direction.lower(), ())]


def ports(found: Rules) -> set[tuple[str, Any]]:
    assert all("ports" in rule for rule in found)  # a rule without them would open every port
    return {(port["protocol"], port["port"]) for rule in found for port in rule["ports"]}


def let_in(rendered: Rendered, source: str, target: str) -> set[tuple[str, Any]]:
    """The ports of one component that another one may reach, by the rules of both that name it by its labels."""

    def named(component: str, direction: str, side: str, other: str) -> Rules:
        return [
            rule
            for rule in rules(rendered, component, direction)
            for peer in rule.get(side, ())
            if (labels := peer.get("podSelector")) and selects(labels, rendered.pods[other])
        ]

    return ports(named(source, "Egress", "to", target)) & ports(named(target, "Ingress", "from", source))


def test_everything_is_denied_first(rendered: Rendered) -> None:
    for component in rendered.pods:
        denying = [p for p in policies_of(rendered, component) if not p["spec"].keys() & {"ingress", "egress"}]
        assert [policy["spec"]["policyTypes"] for policy in denying] == [["Ingress", "Egress"]]


def test_each_policy_is_for_one_component(rendered: Rendered) -> None:
    for component in rendered.pods:
        assert len(policies_of(rendered, component)) == 2  # the denial, and its own
    for policy in rendered.of_kind("NetworkPolicy"):
        chosen = {name for name, pod in rendered.pods.items() if selects(policy["spec"]["podSelector"], pod)}
        assert len(chosen) == 1 or chosen == rendered.pods.keys()


def test_exactly_the_needed_ports_are_reached(rendered: Rendered) -> None:
    dns, servers = {("UDP", 53), ("TCP", 53)}, {("TCP", 9092), ("TCP", 5432)}
    env = {variable["name"] for variable in rendered.pods["relay"]["spec"]["containers"][0]["env"]}
    traces = {("TCP", 4318)} if "OTEL_EXPORTER_OTLP_ENDPOINT" in env else set()
    reached = {component: ports(rules(rendered, component, "Egress")) for component in rendered.pods}
    assert reached == {
        **dict.fromkeys(APPS, dns | servers | traces),
        "console": dns | {("TCP", "http")} | traces,
        "migrations": dns | servers,
        "test": dns | {("TCP", "http")},
    }


def test_the_ports_are_those_of_the_servers(rendered: Rendered) -> None:
    env = {v["name"]: v.get("value") for v in rendered.pods["order-api"]["spec"]["containers"][0]["env"]}
    _, port = env["ORDERCAST_KAFKA_BOOTSTRAP"].rsplit(":", 1)
    assert ("TCP", int(port)) in ports(rules(rendered, "order-api", "Egress"))
    if endpoint := env.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        assert ("TCP", int(endpoint.rsplit(":", 1)[1])) in ports(rules(rendered, "order-api", "Egress"))


def test_only_the_own_port_is_open_and_only_to_whom_it_may(rendered: Rendered) -> None:
    for component in APPS:
        incoming = rules(rendered, component, "Ingress")
        assert ports(incoming) == {("TCP", "http")}
        assert [p["name"] for p in rendered.pods[component]["spec"]["containers"][0]["ports"]] == ["http"]
        peers = [peer for rule in incoming for peer in rule["from"]]
        assert MONITORING in peers
        assert let_in(rendered, "console", component) == (set() if component == "console" else {("TCP", "http")})
        assert (SAME_NAMESPACE in peers) == (component in PUBLIC)
    for component in ("migrations", "test"):
        assert rules(rendered, component, "Ingress") == []


def test_helms_test_reaches_whom_it_asks_and_is_let_in(rendered: Rendered) -> None:
    asked = {
        name
        for rule in rules(rendered, "test", "Egress")
        for peer in rule["to"]
        if "podSelector" in peer
        for name, pod in rendered.pods.items()
        if selects(peer["podSelector"], pod)
    }
    assert asked == PUBLIC
    for component in asked:
        peers = [peer for rule in rules(rendered, component, "Ingress") for peer in rule["from"]]
        own = [p for p in peers if p != SAME_NAMESPACE and "podSelector" in p]
        assert any(selects(peer["podSelector"], rendered.pods["test"]) for peer in own)
    urls = rendered.pods["test"]["spec"]["containers"][0]["args"]
    services = {s["metadata"]["name"]: s["spec"]["ports"][0]["port"] for s in rendered.of_kind("Service")}
    assert len(urls) == len(PUBLIC)
    for url in urls:
        host, _, rest = url.removeprefix("http://").partition(":")
        assert rest == f"{services[host]}/readyz"


def test_an_empty_list_of_peers_is_everybody_and_no_policy_is_none(helm: Helm) -> None:
    rendered = helm.render(settings=["networkPolicy.clients=null", "networkPolicy.metrics=null"])
    everybody = [rule for rule in rules(rendered, "order-api", "Ingress") if "from" not in rule]
    assert len(everybody) == 2  # who scrapes, and who asks
    assert helm.render(settings=["networkPolicy.enabled=false"]).of_kind("NetworkPolicy") == []


def test_more_ways_out_are_for_all_services(helm: Helm) -> None:
    rendered = helm.render(
        settings=[
            "networkPolicy.extraEgress[0].ports[0].port=8786",
            "networkPolicy.extraEgress[0].ports[0].protocol=TCP",
        ]
    )
    assert all(("TCP", 8786) in ports(rules(rendered, component, "Egress")) for component in APPS)


def test_the_console_is_told_where_the_others_answer_and_reaches_nobody_else(rendered: Rendered) -> None:
    services = {s["metadata"]["name"]: s for s in rendered.of_kind("Service")}
    env = {v["name"]: v.get("value", "") for v in rendered.pods["console"]["spec"]["containers"][0]["env"]}
    told = {name: value for name, value in env.items() if name.endswith("_URL") and "_PUBLIC_" not in name}
    others = APPS.keys() - {"console"}
    shared = {"order-api", "trainer", "predictor"}
    named = [*others, *(f"each-{component}" for component in shared)]
    assert told.keys() == {f"ORDERCAST_{name.replace('-', '_').upper()}_URL" for name in named}
    for url in told.values():
        host, _, port = url.removeprefix("http://").partition(":")
        assert int(port) == services[host]["spec"]["ports"][0]["port"]
    # Each pod is asked how it is, also when it is not ready.
    for name in ("relay", "feature-worker", *(f"{component}-each" for component in shared)):
        spec = services[f"shop-ordercast-{name}"]["spec"]
        assert (spec["clusterIP"], spec["publishNotReadyAddresses"]) == ("None", True)
    traces = [rule for rule in rules(rendered, "console", "Egress") if ports([rule]) == {("TCP", 4318)}]
    peers = [peer for rule in rules(rendered, "console", "Egress") for peer in rule["to"] if rule not in traces]
    reached = {
        name
        for peer in peers
        for name, pod in rendered.pods.items()
        if selects(peer.get("podSelector", {"matchLabels": {"": ""}}), pod)
    }
    assert reached == others


def test_webhooks_go_where_the_guide_says_and_from_the_relay_alone(helm: Helm, tmp_path: Path) -> None:
    _, section = (HELM / "README.md").read_text().split("## Where webhooks go\n")
    lines = section.split("\n## ")[0].splitlines()
    example = "\n".join(line.removeprefix("    ") for line in lines if line.startswith("    "))
    values = tmp_path / "values.yaml"
    values.write_text(example)
    rendered = helm.render(str(values))
    [[rule]] = [loaded["networkPolicy"]["webhooks"] for loaded in load_manifests(example)]
    with_it = {component for component in APPS if rule in rules(rendered, component, "Egress")}
    assert with_it == {"relay"}
    assert rule not in rules(helm.render(), "relay", "Egress")


@pytest.mark.parametrize("program", sorted(PUBLIC - {"console"}))
def test_the_ingress_leads_each_public_path_to_its_service(
    large: Rendered, program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = ingress_rule(large, "ordercast.example.com")
    backends = {path["path"]: path["backend"]["service"]["name"] for path in rule["http"]["paths"]}
    app = app_of(large, program, tmp_path, monkeypatch)
    own = {path for path in backends if backends[path] == f"shop-ordercast-{program}"}
    paths = app.openapi()["paths"].keys()
    assert not paths & ALSO_AT.keys() or paths >= set(ALSO_AT.values())
    public = paths - INSIDE - ALSO_AT.keys() - (SHARED if program != "order-api" else set())

    def leads(prefix: str, path: str) -> bool:
        return path == prefix or path.startswith(f"{prefix}/")

    assert all(any(leads(prefix, path) for prefix in own) for path in public)
    assert all(any(leads(prefix, path) for path in public) for prefix in own)  # and to nothing that is not there
    assert not any(leads(prefix, path) for prefix in backends for path in INSIDE)


def ingress_rule(rendered: Rendered, host: str) -> Manifest:
    [found] = [rule for rule in rendered.one("Ingress")["spec"]["rules"] if rule["host"] == host]
    assert isinstance(found, dict)
    return found


def test_the_console_has_a_host_of_its_own_where_its_pages_are_and_its_metrics_are_not(
    large: Rendered, helm: Helm
) -> None:
    paths = ingress_rule(large, "console.ordercast.example.com")["http"]["paths"]
    service = large.one("Service", "console")["metadata"]["name"]
    assert {path["backend"]["service"]["name"] for path in paths} == {service}
    exact = {path["path"] for path in paths if path["pathType"] == "Exact"}
    assert exact == {"/"}
    prefixes = {path["path"] for path in paths} - exact
    assert {"/log-in", "/static"} < prefixes  # which they have to be: tests/architecture/test_routes.py
    assert not prefixes & INSIDE
    without = helm.render("values-large.yaml", settings=["ingress.consoleHost="])
    assert [rule["host"] for rule in without.one("Ingress")["spec"]["rules"]] == ["ordercast.example.com"]


def test_the_console_s_cookies_go_over_tls_where_the_ingress_speaks_it(
    helm: Helm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for settings, secure in (((), True), (("ingress.tlsSecret=",), False), (("ingress.consoleHost=",), False)):
        rendered = helm.render("values-large.yaml", settings=settings)
        found = settings_of(rendered, "console", tmp_path, monkeypatch)
        assert isinstance(found, ConsoleSettings)
        assert found.secure_cookies is secure


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ((), "https://ordercast.example.com"),
        (("ingress.tlsSecret=",), "http://ordercast.example.com"),
        (("ingress.enabled=false",), None),
    ],
)
def test_the_console_names_the_ingress_s_host_to_whoever_reads_its_pages(
    helm: Helm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: tuple[str, ...], url: str | None
) -> None:
    found = settings_of(helm.render("values-large.yaml", settings=settings), "console", tmp_path, monkeypatch)
    assert isinstance(found, ConsoleSettings)
    assert {found.public_order_api_url, found.public_trainer_url, found.public_predictor_url} == {url}
    assert found.order_api_url == "http://shop-ordercast-order-api:8000"


def test_the_ingress_has_tls_and_needs_a_host(large: Rendered, helm: Helm) -> None:
    ingress = large.one("Ingress")["spec"]
    assert ingress["tls"] == [
        {"hosts": ["ordercast.example.com", "console.ordercast.example.com"], "secretName": "ordercast-tls"}
    ]
    assert ingress["ingressClassName"] == "nginx"
    with pytest.raises(HelmFailed, match=r"ingress\.host is missing"):
        helm.render(settings=["ingress.enabled=true"])
    for values in ("default", "small"):
        assert helm.render(*VALUE_SETS[values]).of_kind("Ingress") == []
