"""The state folder of one system: its data, keys and logs, who works on it, and where everything listens.

.ordercast/
  lock             held by the supervisor for as long as it runs; its text is the supervisor's pid
  control          the socket that the running system is controlled through
  system.json      ports, addresses and pids of the running system; other commands find it by this file
  processes.json   the addresses of the running services alone, which the console reads as they come and go
  keys/            token_private.pem, token_public.pem, model_private.pem, model_public.pem, database_password, role_passwords.json,
                   kafka_passwords.json
  postgres/ kafka/ artifacts/ logs/
  prometheus/      if one was asked for
"""

import contextlib
import fcntl
import os
import secrets
import shlex
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import msgspec
import psutil

from ordercast.infra.kafka import rights as kafka_rights
from ordercast.infra.local.errors import NotRunning, StateFolderBusy, StateFolderUnusable
from ordercast.infra.local.private_files import write_private
from ordercast.infra.migrations import rights as database_rights

DEFAULT_FOLDER: Final = ".ordercast"
# For the owner alone: logs name accounts, topics hold their orders. Root's PostgreSQL runs as another user (launch.py), which has
# to pass this folder to its own, and may list nothing.
PRIVATE_FOLDER_MODE: Final = 0o700
ROOTS_FOLDER_MODE: Final = 0o711
# Written before anything starts: a page, which a disk that still takes a file's name may not take.
PROBE_BYTES: Final = 4_096
# Two readings of a process's start time (s) may differ by the clock's tick.
START_TIME_TOLERANCE_S: Final = 1.0


class ProcessRecord(msgspec.Struct, frozen=True):
    """A process as it was started: the start time tells it from a later process with the same pid."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> "ProcessRecord | None":
        """The record of a running process, or None if it is gone."""
        try:
            return cls(pid, psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            return None

    @classmethod
    def current(cls) -> "ProcessRecord":
        """The record of this process."""
        return cls(os.getpid(), psutil.Process().create_time())

    def process(self) -> psutil.Process | None:
        """The process, if it still runs."""
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(self.pid)
            running = process.is_running() and process.status() != psutil.STATUS_ZOMBIE
            if running and abs(process.create_time() - self.started) < START_TIME_TOLERANCE_S:
                return process
        return None


class SystemInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The text of system.json. Addresses are complete: nobody else adds ports or names to them."""

    supervisor: ProcessRecord
    phase: Literal["starting", "running", "stopping"]
    folder: str
    port_offset: int
    ports: dict[str, int]
    # Of each process of a service, by name: order_api, trainer, predictor, feature_worker, relay, relay-2...; and prometheus,
    # if one was asked for.
    urls: dict[str, str]
    # postgresql+asyncpg://, with the password: of the schema's owner, and of who may only read. A release before has the first.
    database_url: str
    reader_database_url: str | None = None
    # host:port, and user:password of what commands log in as; a broker of a release before knows no users.
    kafka_bootstrap: str
    kafka_login: str | None = None
    partitions: int
    token_private_key_file: str
    token_public_key_file: str
    artifacts_dir: str
    logs_dir: str
    # The Unix socket that the system is controlled through, for its owner alone.
    control_socket: str
    processes: dict[str, ProcessRecord]

    @property
    def kafka_address(self) -> str:
        """The broker with the login of commands, for our own clients."""
        return f"{self.kafka_login}@{self.kafka_bootstrap}" if self.kafka_login else self.kafka_bootstrap


@dataclass(frozen=True, slots=True)
class StateFolder:
    """The paths in a state folder. Making the object touches no disk; `prepare` makes the folder."""

    root: Path

    @classmethod
    def at(cls, path: Path | str | None = None) -> "StateFolder":
        """The folder at `path`, else at ORDERCAST_STATE, else `.ordercast` in the current folder."""
        chosen = path or os.environ.get("ORDERCAST_STATE") or DEFAULT_FOLDER
        return cls(Path(chosen).expanduser().absolute())

    @property
    def option(self) -> str:
        """What names this folder to a command; nothing for the one that commands work on anyway."""
        return "" if self == StateFolder.at(None) else f" --state {shlex.quote(str(self.root))}"

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def kafka(self) -> Path:
        return self.root / "kafka"

    @property
    def prometheus(self) -> Path:
        return self.root / "prometheus"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def artifacts(self) -> Path:
        return self.root / "artifacts"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def token_private_key(self) -> Path:
        return self.keys / "token_private.pem"

    @property
    def token_public_key(self) -> Path:
        return self.keys / "token_public.pem"

    @property
    def model_private_key(self) -> Path:
        return self.keys / "model_private.pem"

    @property
    def model_public_key(self) -> Path:
        return self.keys / "model_public.pem"

    @property
    def lock_file(self) -> Path:
        return self.root / "lock"

    @property
    def system_file(self) -> Path:
        return self.root / "system.json"

    @property
    def processes_file(self) -> Path:
        return self.root / "processes.json"

    def prepare(self) -> None:
        """Makes the folder and its parts, and writes to it once. Raises StateFolderUnusable."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            self.root.chmod(ROOTS_FOLDER_MODE if os.geteuid() == 0 else PRIVATE_FOLDER_MODE)
            for part in (self.logs, self.artifacts, self.kafka, self.keys):
                part.mkdir(exist_ok=True)
                part.chmod(PRIVATE_FOLDER_MODE)  # also where a release before made it
            with tempfile.TemporaryFile(dir=self.root) as file:
                file.write(bytes(PROBE_BYTES))
                file.flush()
        except OSError as error:
            raise StateFolderUnusable(
                f"the state folder {self.root} cannot be written: {error.strerror or error}",
                hint="choose another one with --state DIR or ORDERCAST_STATE",
            ) from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the folder for one supervisor. The system frees the lock when the process ends, however it ends.

        Raises StateFolderBusy, naming the folder and the pid that holds it.
        """
        with self.lock_file.open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                raise StateFolderBusy(
                    f"another ordercast works on {self.root} (pid {file.read().strip() or 'unknown'})",
                    hint="stop it, or start a second system with --state DIR --port-offset N",
                ) from None
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            try:
                yield
            finally:
                file.truncate(0)

    def write_system(self, info: SystemInfo) -> None:
        """Replaces system.json in one step; only its owner can read it, because it holds a password."""
        new = self.system_file.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_bytes(msgspec.json.format(msgspec.json.encode(info), indent=2))
        new.replace(self.system_file)

    def write_processes(self, urls: Mapping[str, str]) -> None:
        """Replaces processes.json in one step."""
        new = self.processes_file.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_bytes(msgspec.json.encode(urls))
        new.replace(self.processes_file)

    def recorded_system(self) -> SystemInfo | None:
        """What system.json says, whether the system still runs or not; None without one, or with a broken one.

        Raises StateFolderUnusable if it may not be read: it is another user's.
        """
        try:
            return msgspec.json.decode(self.system_file.read_bytes(), type=SystemInfo)
        except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
            return None
        except OSError as error:
            raise StateFolderUnusable(
                f"{self.system_file} cannot be read: {error.strerror or error}",
                hint="run the command as the user who started the system, or name another folder with --state DIR",
            ) from error

    def system(self) -> SystemInfo:
        """The system that runs on this folder. Raises NotRunning, or StateFolderUnusable as `recorded_system` does."""
        info = self.recorded_system()
        if info is None or info.supervisor.process() is None:
            raise NotRunning(f"no system runs on {self.root}", hint=f"start it: ordercast up{self.option}")
        return info

    def database_password(self) -> str:
        """The password of the embedded PostgreSQL, made at the first call."""
        path = self.keys / "database_password"
        if not path.exists():
            write_private(path, secrets.token_urlsafe(24).encode())
        return path.read_text()

    def role_passwords(self) -> dict[str, str]:
        """Of PostgreSQL, by the role of each service; those that are missing are made."""
        return self._passwords("role_passwords.json", database_rights.ROLES)

    def kafka_passwords(self) -> dict[str, str]:
        """Of Kafka, by role, with the super user's."""
        return self._passwords("kafka_passwords.json", (*kafka_rights.ROLES, kafka_rights.ADMIN))

    def _passwords(self, name: str, roles: Iterable[str]) -> dict[str, str]:
        path = self.keys / name
        known = msgspec.json.decode(path.read_bytes(), type=dict[str, str]) if path.exists() else {}
        passwords = {role: known.get(role) or secrets.token_urlsafe(24) for role in roles}
        if passwords != known:
            write_private(path, msgspec.json.encode(passwords))
        return passwords

    def partitions(self, wanted: int | None, default: int) -> int:
        """The number of partitions of this folder's topics: `wanted` or `default` at the first call, then that for ever.

        Raises StateFolderUnusable if another number is wanted later.
        """
        path = self.root / "partitions"
        if not path.exists():
            write_private(path, str(wanted or default).encode())
        found = int(path.read_text())
        if wanted not in (None, found):
            raise StateFolderUnusable(
                f"the topics in {self.root} have {found} partitions; they cannot have {wanted}, because an account's events would"
                " change their partition",
                hint=f"leave the option out, or start a new system with --state DIR --partitions {wanted}",
            )
        return found

    def ensure_keys(self) -> bool:
        """Makes the Ed25519 pairs that access tokens and model versions are signed with, unless they are there.

        True where versions of a release before may be there, which nobody could sign yet.
        """
        # Here, since it takes a while to import: `ordercast --help` does without.
        from ordercast.services.shared.http.token_keys import create_key_pair

        is_upgraded = self.token_private_key.exists() and not self.model_private_key.exists()
        create_key_pair(self.token_private_key, self.token_public_key)
        create_key_pair(self.model_private_key, self.model_public_key)
        return is_upgraded
