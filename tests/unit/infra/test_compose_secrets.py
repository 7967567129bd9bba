"""The folder of secrets that infra/compose.yaml mounts its files from."""

import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509

from ordercast.infra.compose_secrets import make_secrets
from ordercast.infra.kafka import rights as kafka_rights
from ordercast.infra.migrations.rights import ROLES
from ordercast.services.shared.http.token_keys import load_private_key, load_public_key

KAFKA_USERS = (*kafka_rights.ROLES, kafka_rights.ADMIN)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    make_secrets(tmp_path / "secrets", {})
    first = contents(tmp_path / "secrets")
    make_secrets(tmp_path / "secrets", {})
    assert contents(tmp_path / "secrets") == first


def test_the_folder_is_closed_to_others_and_what_is_mounted_from_it_open_to_the_users_in_containers(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "secrets"
    make_secrets(folder, {})
    assert [folder.stat().st_mode & 0o777, (folder / "cli").stat().st_mode & 0o777] == [0o700, 0o700]
    mounted = [path for path in folder.iterdir() if path.is_file()]
    assert len(mounted) == 13 + len(ROLES) + len(KAFKA_USERS)
    assert {path.stat().st_mode & 0o777 for path in mounted} == {0o444}
    assert {path.stat().st_mode & 0o777 for path in (folder / "cli").iterdir()} == {0o600}


def test_no_two_systems_share_a_secret(tmp_path: Path) -> None:
    for name in ("a", "b"):
        make_secrets(tmp_path / name, {})
    a, b = contents(tmp_path / "a"), contents(tmp_path / "b")
    same = {name for name in a if a[name] == b[name]}
    same_names = ("admin_email", "kafka_bootstrap", "kafka_security_protocol", "kafka_username")
    assert same == {f"cli/ordercast_{name}" for name in same_names}


def test_the_keys_are_a_pair(tmp_path: Path) -> None:
    make_secrets(tmp_path, {})
    public = load_private_key(tmp_path / "token_private.pem").public_key()
    assert public == load_public_key(tmp_path / "token_public.pem")


def test_commands_find_the_published_ports(tmp_path: Path) -> None:
    ports = {"ORDERCAST_POSTGRES_PORT": "25432", "ORDERCAST_KAFKA_PORT": "29092"}
    make_secrets(tmp_path, {**ports, "ORDERCAST_ADMIN_EMAIL": "ann@example.com"})
    password = (tmp_path / "database_password").read_text()
    commands = {path.name: path.read_text() for path in (tmp_path / "cli").iterdir()}
    assert commands["ordercast_database_url"] == f"postgresql+asyncpg://ordercast:{password}@127.0.0.1:25432/ordercast"
    assert commands["ordercast_kafka_bootstrap"] == "127.0.0.1:29092"
    assert commands["ordercast_kafka_username"] == "ordercast_operator"
    assert commands["ordercast_kafka_password"] == (tmp_path / "ordercast_kafka_operator_password").read_text()
    assert commands["ordercast_kafka_security_protocol"] == "SASL_SSL"
    assert commands["ordercast_kafka_ca"] == (tmp_path / "ordercast_kafka_ca").read_text()
    assert commands["ordercast_admin_email"] == "ann@example.com"
    assert (tmp_path / "ordercast_database_url").read_text().endswith("@postgres:5432/ordercast")


def test_each_service_has_a_role_and_a_password_of_its_own(tmp_path: Path) -> None:
    make_secrets(tmp_path, {})
    urls = {role: urlsplit((tmp_path / f"ordercast_{role}_database_url").read_text()) for role in ROLES}
    assert {role: url.username for role, url in urls.items()} == {role: f"ordercast_{role}" for role in ROLES}
    assert {url.hostname for url in urls.values()} == {"postgres"}
    passwords = {url.password for url in urls.values()} | {(tmp_path / "database_password").read_text()}
    assert len(passwords) == len(ROLES) + 1


@pytest.mark.parametrize(
    ("ca", "server"), [("ordercast_kafka_ca", "kafka_broker.pem"), ("ordercast_database_ca", "postgres_server.pem")]
)
@pytest.mark.parametrize("missing", [0, 1], ids=["no authority", "no server"])
def test_servers_show_a_certificate_of_the_authority_that_clients_check_it_with(
    tmp_path: Path, ca: str, server: str, missing: int
) -> None:
    """Also where one of both files was removed."""
    make_secrets(tmp_path, {})
    (tmp_path / (ca, server)[missing]).unlink()
    make_secrets(tmp_path, {})
    shown = x509.load_pem_x509_certificate((tmp_path / server).read_bytes())
    shown.verify_directly_issued_by(x509.load_pem_x509_certificate((tmp_path / ca).read_bytes()))
    assert (tmp_path / "cli" / ca).read_text() == (tmp_path / ca).read_text()


def test_new_certificates_leave_all_other_secrets_as_they_are(tmp_path: Path) -> None:
    make_secrets(tmp_path, {})
    before = contents(tmp_path)
    make_secrets(tmp_path, {}, new_certificates=True)
    after = contents(tmp_path)
    authorities = ("ordercast_kafka_ca", "ordercast_database_ca")
    servers = {"kafka_broker.pem", "postgres_server.pem"}
    assert after.keys() == before.keys()
    assert {name for name in after if after[name] != before[name]} == {
        *authorities,
        *(f"cli/{name}" for name in authorities),
        *servers,
    }


def test_a_folder_of_the_release_before_gets_what_is_missing_and_keeps_the_rest(tmp_path: Path) -> None:
    make_secrets(tmp_path, {})
    before = contents(tmp_path)
    for name in [
        *(f"ordercast_{role}_database_url" for role in ROLES),
        *(f"ordercast_kafka_{user}_password" for user in KAFKA_USERS),
        "ordercast_kafka_ca",
        "kafka_broker.pem",
        "ordercast_database_ca",
        "postgres_server.pem",
    ]:
        (tmp_path / name).unlink()
    make_secrets(tmp_path, {})
    assert contents(tmp_path).keys() == before.keys()
    assert (tmp_path / "ordercast_database_url").read_bytes() == before["ordercast_database_url"]


@pytest.mark.parametrize("umask", ["077", "000"])
def test_the_program_says_where_they_are_and_shows_none(tmp_path: Path, umask: str) -> None:
    folder = tmp_path / "secrets"
    command = f'umask {umask}; exec "{sys.executable}" -m ordercast.infra.compose_secrets "{folder}"'
    told = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True).stdout
    assert f"ORDERCAST_SECRETS_DIR={folder}/cli" in told
    assert (folder / "database_password").read_text() not in told
    assert (folder / "database_password").stat().st_mode & 0o777 == 0o444


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    command = [sys.executable, "-m", "ordercast.infra.compose_secrets", str(tmp_path / "file" / "secrets")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("compose_secrets: ")
    assert done.stderr.count("\n") == 1
