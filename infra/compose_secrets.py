"""Makes the secrets of infra/compose.yaml: `python -m ordercast.infra.compose_secrets [FOLDER]`, by default infra/secrets.

What is there stays, so it may run before each start; `--new-certificates` replaces those of the servers. The folder is open to
its owner alone. The files in it can be read by everybody who is in: they are mounted into containers one by one, each only where
it is needed, and there programs run as other users, whom a mode of 0600 would keep out. `cli/` is for nobody but the owner of the
folder: it holds what `ordercast ... --against` needs to know, under the names that ORDERCAST_SECRETS_DIR looks for.
"""

import os
import secrets
import sys
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from ordercast.first_line import first_line
from ordercast.infra.certificates import make_certificate
from ordercast.infra.kafka import rights as kafka_rights
from ordercast.infra.kafka.rights import ADMIN, user_of
from ordercast.infra.local.databases import DATABASE, USER
from ordercast.infra.local.ports import BASES, HOST
from ordercast.infra.migrations.grant_rights import Login
from ordercast.infra.migrations.rights import ROLES
from ordercast.services.shared.http.token_keys import create_key_pair

FOLDER: Final = Path(__file__).resolve().parent / "secrets"
PASSWORDS: Final = ("database_password", "ordercast_admin_password", "grafana_password")
PASSWORD_BYTES: Final = 24
# As compose.yaml has it.
SERVER: Final = "postgres:5432"
# By each name that a client calls them. The brokers share a certificate.
DATABASE_SERVER: Final = ("postgres", HOST)
BROKERS: Final = ("kafka", "kafka-2", "kafka-3", "brokers", HOST)
ADMIN_EMAIL: Final = "admin@example.com"


def make_secrets(folder: Path, environment: Mapping[str, str], *, new_certificates: bool = False) -> None:
    """Makes what is missing, and new certificates if asked. `environment` names ports and the admin's email as compose.yaml does.

    Raises:
        OSError: the folder cannot be written.
    """
    commands = folder / "cli"
    for part in (folder, commands):
        part.mkdir(mode=0o700, parents=True, exist_ok=True)
    for pair in ("token", "model"):
        private_key, public_key = folder / f"{pair}_private.pem", folder / f"{pair}_public.pem"
        create_key_pair(private_key, public_key)
        for key in (private_key, public_key):
            key.chmod(0o444)
    for name in PASSWORDS:
        _drawn(folder / name)
    owner = Login(USER, (folder / "database_password").read_text())
    _write(folder / "ordercast_database_url", _database_url(owner, SERVER), 0o444)
    for role in ROLES:
        path = folder / f"ordercast_{role}_database_url"
        if not path.exists():
            login = Login(f"{USER}_{role}", secrets.token_urlsafe(PASSWORD_BYTES))
            _write(path, _database_url(login, SERVER), 0o444)

    users = {role: _drawn(folder / f"ordercast_kafka_{role}_password") for role in (*kafka_rights.ROLES, ADMIN)}
    _write(folder / "kafka_jaas", _broker_login(users[ADMIN]), 0o444)
    if new_certificates:
        for ca in ("ordercast_database_ca", "ordercast_kafka_ca"):
            (folder / ca).unlink(missing_ok=True)
    database_ca = _certified(DATABASE_SERVER, folder / "postgres_server.pem", folder / "ordercast_database_ca")
    kafka_ca = _certified(BROKERS, folder / "kafka_broker.pem", folder / "ordercast_kafka_ca")

    postgres = f"{HOST}:{environment.get('ORDERCAST_POSTGRES_PORT') or BASES['postgres']}"
    kafka = f"{HOST}:{environment.get('ORDERCAST_KAFKA_PORT') or BASES['kafka']}"
    for name, value in {
        "admin_email": environment.get("ORDERCAST_ADMIN_EMAIL") or ADMIN_EMAIL,
        "admin_password": (folder / "ordercast_admin_password").read_text(),
        "database_url": _database_url(owner, postgres),
        "database_ca": database_ca,
        "kafka_bootstrap": kafka,
        "kafka_security_protocol": "SASL_SSL",
        "kafka_ca": kafka_ca,
        "kafka_username": user_of("operator"),
        "kafka_password": users["operator"],
    }.items():
        _write(commands / f"ordercast_{name}", value, 0o600)


def _drawn(path: Path) -> str:
    """The password in the file, made unless it is there."""
    if not path.exists():
        _write(path, secrets.token_urlsafe(PASSWORD_BYTES), 0o444)
    return path.read_text()


def _certified(names: Sequence[str], server: Path, ca: Path) -> str:
    """The authority (PEM) of a server with these names, made with the server's key and certificate unless both files are there."""
    if not (server.exists() and ca.exists()):
        ca.unlink(missing_ok=True)  # it comes last: where it is, both are of one making
        made = make_certificate(names)
        _write(server, made.key + made.certificate, 0o444)
        _write(ca, made.ca, 0o444)
    return ca.read_text()


def _broker_login(password: str) -> str:
    """The brokers' own login, and the one user that they know before any is made, in the form of JAAS."""
    admin, modules = user_of(ADMIN), "org.apache.kafka.common.security"
    return f"""KafkaServer {{
  {modules}.scram.ScramLoginModule required;
  {modules}.plain.PlainLoginModule required username="{admin}" password="{password}" user_{admin}="{password}";
}};
"""


def _database_url(login: Login, address: str) -> str:
    return f"postgresql+asyncpg://{login.user}:{login.password}@{address}/{DATABASE}"


def _write(path: Path, text: str, mode: int) -> None:
    """Whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        os.fchmod(file.fileno(), mode)  # whatever the umask
        file.write(text)
    part.replace(path)


def main() -> None:
    parser = ArgumentParser(
        prog="compose_secrets", description="Makes the secrets of infra/compose.yaml that are missing."
    )
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    parser.add_argument(
        "--new-certificates", action="store_true", help="of PostgreSQL and Kafka, also where they are there"
    )
    asked = parser.parse_args()
    folder: Path = asked.folder
    try:
        make_secrets(folder, os.environ, new_certificates=asked.new_certificates)
    except OSError as error:
        sys.exit(f"compose_secrets: {first_line(error)}")
    sys.stdout.write(
        f"the secrets are in {folder}; commands find them with: export ORDERCAST_SECRETS_DIR={folder}/cli\n"
    )


if __name__ == "__main__":
    main()
