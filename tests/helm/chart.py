"""The chart as Helm renders it, as Python objects to ask questions of."""

import re
import subprocess
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[2]
HELM: Final = ROOT / "infra" / "helm"
CHART: Final = HELM / "ordercast"
EXAMPLES: Final = HELM / "examples"
# The newest that the schemas know; Helm alone would take that of the library that it was built with.
KUBERNETES: Final = "1.37.0"

Manifest = Mapping[str, Any]

WORKLOADS: Final = ("Deployment", "StatefulSet")


class _StrictLoader(yaml.CSafeLoader):
    """Refuses a key that stands twice: Kubernetes would take the last one, silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if twice := {key for key in keys if keys.count(key) > 1}:
            raise yaml.constructor.ConstructorError(None, None, f"twice in a mapping: {twice}", node.start_mark)
        return super().construct_mapping(node, deep)


def documented(key: str) -> Manifest:
    """The block of YAML in README.md that begins with this key."""
    page = (HELM / "README.md").read_text()
    [block] = re.findall(rf"^    {key}:\n(?:      .*\n)+(?:    \w+:\n(?:      .*\n)+)*", page, re.MULTILINE)
    [loaded] = load_manifests(textwrap.dedent(block))
    return loaded


def load_manifests(text: str) -> list[Manifest]:
    return [manifest for manifest in yaml.load_all(text, _StrictLoader) if manifest]


class HelmFailed(Exception):
    """What Helm says on stderr."""


@dataclass(frozen=True, slots=True)
class Helm:
    """The command. `release` and `namespace` are those of all renderings unless given."""

    binary: str

    def run(self, *arguments: str | Path) -> str:
        done = subprocess.run([self.binary, *map(str, arguments)], capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise HelmFailed(done.stderr + done.stdout)
        return done.stdout

    def render(
        self,
        *files: str,
        settings: Sequence[str] = (),
        release: str = "shop",
        namespace: str = "ordercast",
        kubernetes: str = KUBERNETES,
    ) -> "Rendered":
        """The chart with values files of infra/helm and `key=value` settings."""
        arguments = [f"--values={HELM / file}" for file in files] + [f"--set={setting}" for setting in settings]
        return Rendered(
            load_manifests(
                self.run(
                    "template", release, CHART, f"--namespace={namespace}", f"--kube-version={kubernetes}", *arguments
                )
            )
        )


class Rendered:
    """The manifests of one rendering, hooks among them."""

    def __init__(self, manifests: Sequence[Manifest]) -> None:
        self.manifests = manifests

    def of_kind(self, *kinds: str) -> list[Manifest]:
        return [manifest for manifest in self.manifests if manifest["kind"] in kinds]

    def one(self, kind: str, component: str | None = None) -> Manifest:
        """The only one of its kind, of a component if there is one for each."""
        found = [m for m in self.of_kind(kind) if component is None or component_of(m) == component]
        assert len(found) == 1, f"{len(found)} of kind {kind} {component or ''}"
        return found[0]

    @cached_property
    def workloads(self) -> dict[str, Manifest]:
        """What runs for good, by component."""
        return {component_of(manifest): manifest for manifest in self.of_kind(*WORKLOADS)}

    @cached_property
    def pods(self) -> dict[str, Manifest]:
        """Every pod that there can be, by component: its template, or itself."""
        templates = {component_of(m): m["spec"]["template"] for m in self.of_kind(*WORKLOADS, "Job")}
        return templates | {component_of(manifest): manifest for manifest in self.of_kind("Pod")}


def component_of(manifest: Manifest) -> str:
    return str(manifest["metadata"]["labels"].get("app.kubernetes.io/component", ""))


def containers(pod: Manifest) -> Iterator[Manifest]:
    yield from pod["spec"].get("initContainers", ())
    yield from pod["spec"]["containers"]


def selects(selector: Mapping[str, Any], pod: Manifest) -> bool:
    """Whether a label selector of plain labels takes a pod."""
    assert selector.keys() <= {"matchLabels"}
    return bool(selector.get("matchLabels", {}).items() <= pod["metadata"]["labels"].items())
