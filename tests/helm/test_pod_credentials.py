"""What each pod logs in and signs with: roles of PostgreSQL, keys of models, TLS, and users of Kafka."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from ordercast.infra.migrations.rights import ROLES
from ordercast.infra.migrations.upgrade import MigrationSettings
from ordercast.kafka_security import client_security
from ordercast.services.predictor.settings import PredictorSettings
from ordercast.services.trainer.settings import TrainerSettings
from tests.helm.chart import Helm, Rendered, containers
from tests.helm.test_pods import APPS, SETTINGS, WITHOUT_DATABASE, programs, secrets_of, settings_of


def test_with_roles_each_service_gets_its_own_url_and_the_migrations_all(
    helm: Helm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered = helm.render(settings=["database.rolesSecret=roles"])
    assert secrets_of(rendered, "schema") == {
        "ordercast_database_url": "ordercast-database",
        **{f"ordercast_{role}_database_url": "roles" for role in ROLES},
    }
    settings = settings_of(rendered, "schema", tmp_path, monkeypatch)
    assert isinstance(settings, MigrationSettings)
    assert settings.logins.keys() == set(ROLES)
    for program in APPS.keys() - WITHOUT_DATABASE:
        [pod] = [pod for pod in rendered.pods.values() if any(c["name"] == program for c in containers(pod))]
        [volume] = [volume for volume in pod["spec"]["volumes"] if volume["name"] == "database"]
        key = f"ordercast_{program.replace('-', '_')}_database_url"
        assert volume["secret"]["items"] == [{"key": key, "path": "ordercast_database_url"}]
        assert volume["secret"]["secretName"] == "roles"


def test_the_trainer_alone_signs_models_and_the_predictor_checks_them(
    helm: Helm, rendered: Rendered, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not any("MODEL" in variable["name"] for c in programs(rendered).values() for variable in c["env"])
    signing = helm.render(settings=["models.keysSecret=model-keys"])
    keys = {
        component: [
            item
            for volume in pod["spec"].get("volumes", ())
            if volume["name"] == "models"
            for item in volume["secret"]["items"]
        ]
        for component, pod in signing.pods.items()
    }
    assert {component: items for component, items in keys.items() if items} == {
        "trainer": [{"key": "model_private_key.pem", "path": "private.pem"}],
        "predictor": [{"key": "model_public_key.pem", "path": "public.pem"}],
    }
    trainer = settings_of(signing, "trainer", tmp_path, monkeypatch)
    assert isinstance(trainer, TrainerSettings)
    assert trainer.model_private_key_file == Path("/run/secrets/models/private.pem")
    predictor = settings_of(signing, "predictor", tmp_path, monkeypatch)
    assert isinstance(predictor, PredictorSettings)
    assert predictor.model_public_key_file == Path("/run/secrets/models/public.pem")


@pytest.mark.parametrize("program", [name for name in SETTINGS if name not in WITHOUT_DATABASE])
def test_every_client_of_postgresql_speaks_tls_as_the_values_say(helm: Helm, program: str) -> None:
    """By the variables that `ordercast/database_tls.py` reads."""
    rendered = helm.render(settings=["database.sslmode=verify-ca", "database.caSecret.name=db-ca"])
    variables = {variable["name"]: variable for variable in programs(rendered)[program]["env"]}
    assert variables["ORDERCAST_DATABASE_SSLMODE"]["value"] == "verify-ca"
    reference = variables["ORDERCAST_DATABASE_CA"]["valueFrom"]["secretKeyRef"]
    assert reference == {"name": "db-ca", "key": "ca.crt"}


# Each component's key in the values.
KEYS: Final = {
    "order-api": "orderApi",
    "relay": "relay",
    "feature-worker": "featureWorker",
    "trainer": "trainer",
    "predictor": "predictor",
}
ONE_USER: Final = {
    "protocol": "SASL_SSL",
    "username": "shop",
    "passwordSecret.name": "shop",
    "caSecret.name": "kafka-ca",
}


def kafka_users(rendered: Rendered) -> dict[str, tuple[str, str, str]]:
    """User, Secret and key that each pod logs into Kafka with."""
    users = {}
    for component, pod in rendered.pods.items():
        for container in containers(pod):
            variables = {variable["name"]: variable for variable in container.get("env", ())}
            if "ORDERCAST_KAFKA_BOOTSTRAP" in variables:
                password = variables["ORDERCAST_KAFKA_PASSWORD"]["valueFrom"]["secretKeyRef"]
                users[component] = (variables["ORDERCAST_KAFKA_USERNAME"]["value"], password["name"], password["key"])
    return users


def test_the_console_has_no_password_no_key_and_no_way_to_get_one(secured: Rendered) -> None:
    pod = secured.pods["console"]
    assert [volume["name"] for volume in pod["spec"]["volumes"]] == ["tmp"]
    [container] = containers(pod)
    assert not [variable for variable in container["env"] if "valueFrom" in variable]


def render_secured(helm: Helm, security: Mapping[str, str]) -> Rendered:
    return helm.render(settings=[f"kafka.security.{name}={value}" for name, value in security.items()])


def test_each_workload_logs_into_kafka_as_its_own_user(helm: Helm) -> None:
    own = {
        key: value
        for service in KEYS.values()
        for key, value in {
            f"users.{service}.username": f"of-{service}",
            f"users.{service}.passwordSecret.name": f"secret-{service.lower()}",
            f"users.{service}.passwordSecret.key": f"key-{service}",
        }.items()
    }
    rendered = render_secured(helm, {**ONE_USER, **own})
    found = kafka_users(rendered)
    assert rendered.workloads.keys() == KEYS.keys() | {"console"}
    assert found == {"migrations": ("shop", "shop", "password")} | {
        component: (f"of-{key}", f"secret-{key.lower()}", f"key-{key}") for component, key in KEYS.items()
    }


def test_a_service_without_a_user_of_its_own_logs_in_as_the_one_of_all(helm: Helm) -> None:
    relay = {"users.relay.username": "relay", "users.relay.passwordSecret.name": "of-relay"}
    found = kafka_users(render_secured(helm, {**ONE_USER, **relay}))
    assert found.pop("relay") == ("relay", "of-relay", "password")
    assert found.keys() == {*KEYS, "migrations"} - {"relay"}
    assert set(found.values()) == {("shop", "shop", "password")}


@pytest.mark.parametrize("component", ["order-api", "relay", "feature-worker", "trainer", "predictor", "migrations"])
def test_every_client_of_kafka_logs_in_as_the_values_say(helm: Helm, component: str) -> None:
    """By the variables that `ordercast/kafka_security.py` reads; the password and the certificates come from Secrets."""
    rendered = render_secured(helm, ONE_USER)
    *_, container = containers(rendered.pods[component])
    variables = {variable["name"]: variable.get("value") or variable["valueFrom"] for variable in container["env"]}
    assert {name: value for name, value in variables.items() if name.startswith("ORDERCAST_KAFKA_")} == {
        "ORDERCAST_KAFKA_BOOTSTRAP": "ordercast-kafka-bootstrap.ordercast.svc:9092",
        "ORDERCAST_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "ORDERCAST_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
        "ORDERCAST_KAFKA_USERNAME": "shop",
        "ORDERCAST_KAFKA_PASSWORD": {"secretKeyRef": {"name": "shop", "key": "password"}},
        "ORDERCAST_KAFKA_CA": {"secretKeyRef": {"name": "kafka-ca", "key": "ca.crt"}},
    }
    read = client_security(
        {name: value if isinstance(value, str) else "" for name, value in variables.items()}
        | {"ORDERCAST_KAFKA_PASSWORD": "secret"}
    )
    assert (read["security_protocol"], read["sasl_plain_username"]) == ("SASL_SSL", "shop")
