"""Every manifest against the schemas of what will read it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import kubernetes_validate
import pytest

from tests.helm.chart import (
    CHART,
    EXAMPLES,
    HELM,
    KUBERNETES,
    Helm,
    HelmFailed,
    Manifest,
    Rendered,
    documented,
    load_manifests,
)
from tests.helm.conftest import VALUE_SETS
from tests.helm.operators import IN_MODULES, OF_STRIMZI, definitions, refuse

# The oldest that Chart.yaml admits, and the newest three.
OLDEST: Final = "1.30.0"
VERSIONS: Final = (OLDEST, *list(dict.fromkeys(kubernetes_validate.utils.all_versions()))[-3:])  # it names each twice
CUSTOM: Final = {*IN_MODULES, *OF_STRIMZI}


@pytest.fixture(scope="session")
def custom_definitions(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Manifest]:
    return definitions(tmp_path_factory.mktemp("operators"))


@pytest.fixture(scope="session")
def examples() -> list[Manifest]:
    """Those of the files, and the Kafka with users that README.md describes."""
    found = [manifest for file in sorted(EXAMPLES.glob("*.yaml")) for manifest in load_manifests(file.read_text())]
    [kafka] = [manifest for manifest in found if manifest["kind"] == "Kafka"]
    secured = documented("spec")["spec"]
    spec = {**kafka["spec"], **secured, "kafka": {**kafka["spec"]["kafka"], **secured["kafka"]}}
    return [*found, {**kafka, "spec": spec}]


@pytest.mark.parametrize("values", VALUE_SETS.values(), ids=VALUE_SETS)
def test_helm_lints_the_chart_without_a_warning(helm: Helm, values: tuple[str, ...]) -> None:
    said = helm.run(
        "lint", "--strict", CHART, f"--kube-version={KUBERNETES}", *(f"--values={HELM / file}" for file in values)
    )
    assert "[WARNING]" not in said
    assert "[ERROR]" not in said
    assert "1 chart(s) linted, 0 chart(s) failed" in said


@pytest.mark.parametrize("version", VERSIONS)
def test_every_manifest_fits_kubernetes_strict_schemas(rendered: Rendered, version: str) -> None:
    native = [manifest for manifest in rendered.manifests if manifest["kind"] not in CUSTOM]
    assert len(native) > 20
    for manifest in native:
        kubernetes_validate.validate(manifest, version, strict=True)


def test_the_schemas_refuse_a_field_that_kubernetes_does_not_know(rendered: Rendered) -> None:
    """Or the test above would hold nothing."""
    service: dict[str, Any] = {**rendered.one("Service", "relay")}
    service["spec"] = {**service["spec"], "port": 8000}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(service, VERSIONS[-1], strict=True)


def test_every_custom_resource_fits_its_operators_definition(
    large: Rendered, secured: Rendered, examples: list[Manifest], custom_definitions: Mapping[str, Manifest]
) -> None:
    custom = large.of_kind(*CUSTOM) + secured.of_kind(*CUSTOM) + examples
    assert {manifest["kind"] for manifest in custom} == CUSTOM  # each definition is used
    assert [error for m in custom for error in refuse(m, custom_definitions[m["kind"]])] == []


def test_the_definitions_refuse_a_field_that_the_operator_does_not_know(
    secured: Rendered, examples: list[Manifest], custom_definitions: Mapping[str, Manifest]
) -> None:
    for manifest in secured.of_kind(*CUSTOM) + examples:
        extended = {**manifest, "spec": {**manifest["spec"], "unknownField": 1}}
        assert any("unknownField" in error for error in refuse(extended, custom_definitions[manifest["kind"]]))


def test_an_older_kubernetes_is_refused_at_once(helm: Helm) -> None:
    with pytest.raises(HelmFailed, match="requires kubeVersion"):
        helm.render(kubernetes="1.29.9")
    helm.render(kubernetes=OLDEST)


def test_a_packaged_chart_renders_the_same(helm: Helm, large: Rendered, tmp_path: Path) -> None:
    """With the alerts, which lie outside of the chart's folder and are linked into it."""
    said = helm.run("package", CHART, "--destination", tmp_path)
    package = Path(said.rpartition("saved it to: ")[2].strip())
    arguments = ("--namespace=ordercast", f"--kube-version={KUBERNETES}", f"--values={HELM / 'values-large.yaml'}")
    assert load_manifests(helm.run("template", "shop", package, *arguments)) == large.manifests
