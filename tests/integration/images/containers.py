"""Containers of an image, run as a cluster would: no right, no capability, a read-only root, `/tmp` in memory."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

# Time (s) for a command in a fresh container, and for a service to become healthy, on a busy machine.
DEADLINE_S: Final = 120.0
POLL_S: Final = 0.2
# Time (s) that `docker stop` leaves before it kills, which would show as exit code 137.
STOP_S: Final = 20
HARDENED: Final = (
    "--read-only",
    "--tmpfs=/tmp",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    # PostgreSQL and Kafka of the tests are reached on the machine's own loopback address.
    "--network=host",
)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a container ended."""

    code: int
    output: str
    error: str


@dataclass(frozen=True, slots=True)
class Image:
    """An image by its name and tag."""

    name: str

    def __str__(self) -> str:
        return self.name

    def config(self) -> Mapping[str, Any]:
        """What the engine knows of it."""
        return dict(json.loads(docker("image", "inspect", self.name).output)[0]["Config"])

    def run(self, *arguments: str, environment: Mapping[str, str] | None = None, entrypoint: str = "") -> Ended:
        """Runs it to its end. `entrypoint` replaces its own."""
        options = [f"--entrypoint={entrypoint}"] if entrypoint else []
        return docker("run", "--rm", *HARDENED, *options, *_variables(environment), self.name, *arguments)

    def python(self, code: str) -> str:
        """What a line of Python prints in it."""
        ended = self.run("-c", code, entrypoint="python")
        assert ended.code == 0, ended.error
        return ended.output

    @asynccontextmanager
    async def running(
        self, *arguments: str, environment: Mapping[str, str], mounts: tuple[str, ...] = ()
    ) -> AsyncIterator["Container"]:
        """A container of it, removed with its volumes at the end."""
        volumes = [f"--volume={mount}" for mount in mounts]
        command = ("run", "--detach", *HARDENED, *volumes, *_variables(environment), self.name, *arguments)
        started = await asyncio.to_thread(docker, *command)
        assert started.code == 0, started.error
        container = Container(started.output.strip())
        try:
            yield container
        finally:
            await asyncio.to_thread(docker, "rm", "--force", "--volumes", container.id)


@dataclass(frozen=True, slots=True)
class Container:
    """A running container."""

    id: str

    def state(self) -> Mapping[str, Any]:
        return dict(json.loads(docker("inspect", self.id).output)[0]["State"])

    def log(self) -> str:
        ended = docker("logs", self.id)
        return ended.output + ended.error

    async def until_healthy(self) -> None:
        """Fails with its log if it ends or does not become healthy."""
        async with asyncio.timeout(DEADLINE_S):
            while (state := await asyncio.to_thread(self.state))["Health"]["Status"] != "healthy":
                assert state["Running"], self.log()
                await asyncio.sleep(POLL_S)

    async def stop(self) -> int:
        """Sends the image's stop signal; the exit code."""
        await asyncio.to_thread(docker, "stop", f"--time={STOP_S}", self.id)
        return int(self.state()["ExitCode"])


def docker(*arguments: str) -> Ended:
    """Runs a docker command."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    return Ended(done.returncode, done.stdout, done.stderr)


def _variables(environment: Mapping[str, str] | None) -> list[str]:
    return [f"--env={name}={value}" for name, value in (environment or {}).items()]
