"""What the pods run with, held against the programs that run in them."""

import ast
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from fastapi import FastAPI
from opentelemetry.sdk import environment_variables as opentelemetry
from pydantic_settings import BaseSettings

from ordercast.infra.migrations.upgrade import MigrationSettings
from ordercast.running_client import STOP_DEADLINE_S
from ordercast.services.console.app import console_app
from ordercast.services.console.settings import ConsoleSettings
from ordercast.services.feature_worker.app import feature_worker_app
from ordercast.services.feature_worker.settings import FeatureWorkerSettings
from ordercast.services.feature_worker.watchdog import SWITCH_S
from ordercast.services.order_api.app import order_api_app
from ordercast.services.order_api.relay_app import relay_app
from ordercast.services.order_api.settings import OrderApiSettings, RelaySettings
from ordercast.services.predictor.app import predictor_app
from ordercast.services.predictor.settings import PredictorSettings
from ordercast.services.shared.http.health import PROBE_DEADLINE_S
from ordercast.services.shared.kafka.consumer import SHOW_DEADLINE_S
from ordercast.services.shared.kafka.open_consumer import START_DEADLINE_S
from ordercast.services.shared.kafka.publisher import PUBLISH_DEADLINE_S
from ordercast.services.shared.kafka.topics import TopicSettings
from ordercast.services.shared.process.settings import read_settings
from ordercast.services.shared.serving.serve import SHUTDOWN_GRACE_S
from ordercast.services.trainer.app import trainer_app
from ordercast.services.trainer.jobs.train_in_child import END_WITHIN_S
from ordercast.services.trainer.settings import TrainerSettings
from tests.helm.chart import ROOT, Helm, Manifest, Rendered, component_of, containers

SETTINGS: Final[Mapping[str, type[BaseSettings]]] = {
    "order-api": OrderApiSettings,
    "relay": RelaySettings,
    "feature-worker": FeatureWorkerSettings,
    "trainer": TrainerSettings,
    "predictor": PredictorSettings,
    "console": ConsoleSettings,
    "schema": MigrationSettings,
    "topics": TopicSettings,
}
APPS: Final[Mapping[str, Any]] = {
    "order-api": order_api_app,
    "relay": relay_app,
    "feature-worker": feature_worker_app,
    "trainer": trainer_app,
    "predictor": predictor_app,
    "console": console_app,
}
# What has no login at PostgreSQL.
WITHOUT_DATABASE: Final = {"console", "topics"}
# Read before the settings, and by OpenTelemetry itself.
BESIDE_SETTINGS: Final = {
    "ORDERCAST_SECRETS_DIR",
    opentelemetry.OTEL_EXPORTER_OTLP_ENDPOINT,
    opentelemetry.OTEL_TRACES_SAMPLER,
    opentelemetry.OTEL_TRACES_SAMPLER_ARG,
}
# Read into this folder by `read_settings`; a key file's path is a setting of its own.
SECRETS_DIR: Final = "/run/secrets/ordercast"
DATABASE_URL: Final = "postgresql+asyncpg://ordercast:secret@ordercast-db-rw:5432/ordercast"
# A statement that PostgreSQL does not end within its deadline (s) is not waited for when a pod has to leave.
LAST_STATEMENT_S: Final = 10.0


def programs(rendered: Rendered) -> dict[str, Manifest]:
    """The containers that run one of our programs with settings, by name."""
    return {c["name"]: c for pod in rendered.pods.values() for c in containers(pod) if c["name"] in SETTINGS}


def secrets_of(rendered: Rendered, program: str) -> dict[str, str]:
    """File name -> name of the Secret, in the folder that settings are read from."""
    [pod] = [pod for pod in rendered.pods.values() if any(c["name"] == program for c in containers(pod))]
    [container] = [c for c in containers(pod) if c["name"] == program]
    mounted = [mount["name"] for mount in container["volumeMounts"] if mount["mountPath"] == SECRETS_DIR]
    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
    return {
        item["path"]: source.get("secretName") or source["name"]
        for name in mounted
        for source in _sources(volumes[name])
        for item in source["items"]
    }


def _sources(volume: Mapping[str, Any]) -> list[dict[str, Any]]:
    if "projected" in volume:
        return [source["secret"] for source in volume["projected"]["sources"]]
    return [volume["secret"]]


def settings_of(rendered: Rendered, program: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> BaseSettings:
    """What the program makes of its pod's variables and files."""
    for file in secrets_of(rendered, program):
        (folder / file).write_text(DATABASE_URL)
    for variable in programs(rendered)[program]["env"]:
        value = variable.get("value")
        if value is None:
            source = variable["valueFrom"]
            value = "4" if "resourceFieldRef" in source else f"shop-ordercast-{program}-0"
        monkeypatch.setenv(variable["name"], str(folder) if value == SECRETS_DIR else value)
    return read_settings(SETTINGS[program])


def app_of(rendered: Rendered, program: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    app = APPS[program](settings_of(rendered, program, folder, monkeypatch))
    assert isinstance(app, FastAPI)
    return app


def test_each_variable_is_a_setting_of_the_program(rendered: Rendered) -> None:
    assert programs(rendered).keys() == SETTINGS.keys()
    for name, container in programs(rendered).items():
        known = {f"ORDERCAST_{field.upper()}" for field in SETTINGS[name].model_fields} | BESIDE_SETTINGS
        given = [variable["name"] for variable in container["env"]]
        assert set(given) <= known, name
        assert len(given) == len(set(given)), name


def test_each_secret_file_is_a_setting_of_the_program(rendered: Rendered) -> None:
    for name in programs(rendered):
        fields = {f"ordercast_{field}" for field in SETTINGS[name].model_fields}
        assert secrets_of(rendered, name).keys() <= fields
    assert secrets_of(rendered, "order-api") == {"ordercast_database_url": "ordercast-database"}


@pytest.mark.parametrize("program", SETTINGS)
def test_the_program_can_read_its_settings_from_its_pod(
    rendered: Rendered, program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(rendered, program, tmp_path, monkeypatch)
    if program not in WITHOUT_DATABASE:
        assert settings.database_url == DATABASE_URL  # type: ignore[attr-defined]
    if program in APPS:
        [port] = programs(rendered)[program]["ports"]
        assert (settings.host, settings.port) == ("0.0.0.0", port["containerPort"])  # type: ignore[attr-defined]  # noqa: S104
        assert settings.log_format == "json"  # type: ignore[attr-defined]
        # The number that the documentation of the service has, too.
        assert port["containerPort"] == SETTINGS[program].model_fields["port"].default


def test_the_private_key_is_in_order_api_alone(rendered: Rendered) -> None:
    def keys(pod: Manifest) -> dict[str, str]:
        return {
            f"/run/secrets/tokens/{item['path']}": item["key"]
            for volume in pod["spec"].get("volumes", ())
            if volume.get("secret", {}).get("secretName") == "ordercast-tokens"
            for item in volume["secret"]["items"]
        }

    public, private = "token_public_key.pem", "token_private_key.pem"
    mounted = {component: keys(pod) for component, pod in rendered.pods.items()}
    assert {component for component, files in mounted.items() if private in files.values()} == {"order-api"}
    assert {c for c, files in mounted.items() if public in files.values()} == {"order-api", "trainer", "predictor"}
    for component, files in mounted.items():
        for variable in next(containers(rendered.pods[component])).get("env", ()):
            if variable["name"].endswith("_KEY_FILE"):
                expected = private if "PRIVATE" in variable["name"] else public
                assert files[variable["value"]] == expected


def test_an_identity_is_the_pods_own_name_and_lasts_where_it_must(rendered: Rendered) -> None:
    identities = {"relay": "RELAY", "feature-worker": "WORKER", "trainer": "TRAINER"}
    for component, name in identities.items():
        env = {variable["name"]: variable for variable in programs(rendered)[component]["env"]}
        field = env[f"ORDERCAST_{name}_ID"]["valueFrom"]["fieldRef"]["fieldPath"]
        assert field == "metadata.name"
    # A static member of a Kafka group has to come back under its name; the others' successors may have another.
    assert {c: m["kind"] for c, m in rendered.workloads.items() if m["kind"] != "Deployment"} == {
        "feature-worker": "StatefulSet"
    }


def test_a_training_uses_the_cores_of_its_container(rendered: Rendered) -> None:
    trainer = programs(rendered)["trainer"]
    [threads] = [v for v in trainer["env"] if v["name"] == "ORDERCAST_TRAINER_THREADS"]
    assert threads["valueFrom"] == {"resourceFieldRef": {"resource": "limits.cpu"}}
    assert "cpu" in trainer["resources"]["limits"]


@pytest.mark.parametrize("program", APPS)
def test_probes_ask_paths_of_the_app_on_its_port(
    rendered: Rendered, program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = app_of(rendered, program, tmp_path, monkeypatch).openapi()["paths"]
    container = programs(rendered)[program]
    [port] = container["ports"]
    probes = {kind: container[f"{kind}Probe"] for kind in ("startup", "liveness", "readiness")}
    for probe in probes.values():
        assert probe["httpGet"]["port"] == port["name"] == "http"
        assert "get" in paths[probe["httpGet"]["path"]]
    # A part that is missing makes a pod unready and never restarts it.
    assert probes["startup"]["httpGet"]["path"] == probes["liveness"]["httpGet"]["path"] == "/healthz"
    assert probes["readiness"]["httpGet"]["path"] == "/readyz"
    assert probes["readiness"]["timeoutSeconds"] > PROBE_DEADLINE_S
    start = probes["startup"]["periodSeconds"] * probes["startup"]["failureThreshold"]
    assert start > max(SWITCH_S, START_DEADLINE_S + PUBLISH_DEADLINE_S)


def test_a_predictor_may_be_ready_without_a_model_when_that_is_asked_for(helm: Helm) -> None:
    rendered = helm.render(settings=["predictor.readyWithoutModel=true"])
    paths = {n: c["readinessProbe"]["httpGet"]["path"] for n, c in programs(rendered).items() if n in APPS}
    assert paths == {**dict.fromkeys(APPS, "/readyz"), "predictor": "/healthz"}


def test_the_grace_period_is_longer_than_the_longest_orderly_stop(rendered: Rendered) -> None:
    longest = {
        "order-api": SHUTDOWN_GRACE_S + LAST_STATEMENT_S + PUBLISH_DEADLINE_S + STOP_DEADLINE_S,
        "relay": SHUTDOWN_GRACE_S + PUBLISH_DEADLINE_S + LAST_STATEMENT_S + STOP_DEADLINE_S,
        "feature-worker": SHUTDOWN_GRACE_S + LAST_STATEMENT_S + SHOW_DEADLINE_S + 2 * STOP_DEADLINE_S,
        "trainer": SHUTDOWN_GRACE_S + 2 * END_WITHIN_S + LAST_STATEMENT_S + STOP_DEADLINE_S,
        "predictor": SHUTDOWN_GRACE_S + LAST_STATEMENT_S + STOP_DEADLINE_S,
        "console": SHUTDOWN_GRACE_S,
    }
    for component, workload in rendered.workloads.items():
        pod = workload["spec"]["template"]["spec"]
        hook = pod["containers"][0].get("lifecycle", {}).get("preStop", {"sleep": {"seconds": 0}})
        assert pod["terminationGracePeriodSeconds"] > longest[component] + hook["sleep"]["seconds"], component
        # Whoever is behind a Service goes on serving until its proxies know.
        assert (hook["sleep"]["seconds"] > 0) == (component in {"order-api", "trainer", "predictor", "console"})


def test_every_container_runs_without_rights(rendered: Rendered) -> None:
    assert rendered.pods.keys() == {*APPS, "migrations", "test"}
    for name, pod in rendered.pods.items():
        spec = pod["spec"]
        assert spec["automountServiceAccountToken"] is False, name
        # A Service called "ordercast" would set ORDERCAST_PORT=tcp://...
        assert spec["enableServiceLinks"] is False, name
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in containers(pod):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
            assert "memory" in container["resources"]["limits"]
            if name != "test":
                assert "/tmp" in {mount["mountPath"] for mount in container["volumeMounts"]}  # noqa: S108


def test_every_mount_has_its_volume(rendered: Rendered) -> None:
    for pod in rendered.pods.values():
        volumes = {volume["name"] for volume in pod["spec"].get("volumes", ())}
        mounts = {mount["name"] for container in containers(pod) for mount in container.get("volumeMounts", ())}
        assert mounts == volumes


def test_only_the_trainer_writes_artifacts(rendered: Rendered) -> None:
    claim = rendered.one("PersistentVolumeClaim")["metadata"]["name"]
    read_only = {}
    for component, pod in rendered.pods.items():
        volumes = [v["name"] for v in pod["spec"].get("volumes", ()) if "persistentVolumeClaim" in v]
        for mount in next(containers(pod)).get("volumeMounts", ()):
            if mount["name"] in volumes:
                read_only[component] = mount["readOnly"]
    assert read_only == {"trainer": False, "predictor": True}
    for component in read_only:
        [volume] = [v for v in rendered.pods[component]["spec"]["volumes"] if "persistentVolumeClaim" in v]
        assert volume["persistentVolumeClaim"]["claimName"] == claim


def test_an_existing_claim_and_account_are_used_and_not_made(helm: Helm) -> None:
    rendered = helm.render(
        settings=["artifacts.existingClaim=models", "serviceAccount.create=false", "serviceAccount.name=shop"]
    )
    assert rendered.of_kind("PersistentVolumeClaim", "ServiceAccount") == []
    [volume] = [v for v in rendered.pods["trainer"]["spec"]["volumes"] if "persistentVolumeClaim" in v]
    assert volume["persistentVolumeClaim"]["claimName"] == "models"
    assert {w["spec"]["template"]["spec"]["serviceAccountName"] for w in rendered.workloads.values()} == {"shop"}


def test_images_have_the_names_of_the_builds(helm: Helm) -> None:
    images = {name: c["image"] for name, c in programs(helm.render()).items()}
    assert images == {
        "order-api": "ordercast/order-api:0.1.0",
        "relay": "ordercast/order-api:0.1.0",
        "feature-worker": "ordercast/feature-worker:0.1.0",
        "trainer": "ordercast/trainer:0.1.0",
        "predictor": "ordercast/predictor:0.1.0",
        "console": "ordercast/console:0.1.0",
        "schema": "ordercast/migrations:0.1.0",
        "topics": "ordercast/migrations:0.1.0",
    }
    moved = helm.render(settings=["image.registry=images.example.com/shop", "image.tag=9.9", "image.pullSecrets={a,b}"])
    for pod in moved.pods.values():
        assert pod["spec"]["imagePullSecrets"] == [{"name": "a"}, {"name": "b"}]
        assert {c["image"].rpartition("/")[0] for c in containers(pod)} == {"images.example.com/shop/ordercast"}
        assert {c["image"].rpartition(":")[2] for c in containers(pod)} == {"9.9"}
    assert programs(moved)["relay"]["args"] == ["relay"]


def test_rules_of_training_are_off_unless_set_and_then_the_trainers(
    helm: Helm, rendered: Rendered, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    off = settings_of(rendered, "trainer", tmp_path, monkeypatch)
    assert isinstance(off, TrainerSettings)
    assert (off.retrain_after_rows, off.retrain_after_days, off.retrain_at_drift) == (None, None, None)
    values = tmp_path / "values.yaml"
    values.write_text("trainer: {retrain: {afterRows: 2000000, afterDays: 7.5, atDrift: 0.25, pauseHours: 6}}")
    on = settings_of(helm.render(str(values)), "trainer", tmp_path, monkeypatch)
    assert isinstance(on, TrainerSettings)
    assert (on.retrain_after_rows, on.retrain_after_days, on.retrain_at_drift) == (2_000_000, 7.5, 0.25)
    assert on.retrain_pause_hours == 6


def test_the_versions_are_the_projects(rendered: Rendered) -> None:
    [version] = re.findall(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert {m["metadata"]["labels"]["app.kubernetes.io/version"] for m in rendered.manifests} == {version}


def test_commands_run_modules_that_are_there(rendered: Rendered) -> None:
    for pod in rendered.pods.values():
        for container in containers(pod):
            if "command" in container and container["command"][:2] == ["python", "-m"]:
                [module] = container["command"][2:]
                assert ROOT.joinpath(*module.split(".")).with_suffix(".py").is_file()


def test_migrations_come_before_all_else_and_need_nothing_of_it(rendered: Rendered) -> None:
    def hook(manifest: Manifest) -> Mapping[str, str]:
        annotations: Mapping[str, str] = manifest["metadata"].get("annotations", {})
        return annotations

    job = rendered.one("Job")
    assert hook(job)["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert "serviceAccountName" not in job["spec"]["template"]["spec"]
    [policy] = [p for p in rendered.of_kind("NetworkPolicy") if component_of(p) == "migrations"]
    assert hook(policy)["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert int(hook(policy)["helm.sh/hook-weight"]) < int(hook(job)["helm.sh/hook-weight"])
    # The schema is there before the topics: a start that breaks off between them leaves nothing that a second cannot repair.
    assert [c["name"] for c in containers(job["spec"]["template"])] == ["schema", "topics"]


def test_more_variables_come_last(helm: Helm) -> None:
    rendered = helm.render(
        settings=[
            "extraEnv[0].name=TZ",
            "extraEnv[0].value=UTC",
            "orderApi.extraEnv[0].name=LANG",
            "orderApi.extraEnv[0].value=C.UTF-8",
        ]
    )
    assert programs(rendered)["relay"]["env"][-1] == {"name": "TZ", "value": "UTC"}
    assert programs(rendered)["order-api"]["env"][-1] == {"name": "LANG", "value": "C.UTF-8"}


def test_the_ready_script_uses_nothing_but_python() -> None:
    script = ROOT / "infra" / "helm" / "ordercast" / "files" / "ask_readyz.py"
    imported = {
        name.partition(".")[0]
        for node in ast.walk(ast.parse(script.read_text()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported == {"sys", "time", "urllib"}


def test_pods_share_the_limits_of_rate_among_as_many_as_there_may_be(helm: Helm) -> None:
    scaled = helm.render(settings=["orderApi.autoscaling.enabled=true", "orderApi.autoscaling.maxReplicas=7"])
    shares = {
        program: {variable["name"]: variable.get("value") for variable in container["env"]}.get(
            "ORDERCAST_RATE_LIMIT_PROCESSES"
        )
        for program, container in programs(scaled).items()
        if program in ("order-api", "predictor", "relay")
    }
    assert shares == {"order-api": "7", "predictor": "2", "relay": None}
