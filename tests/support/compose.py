"""infra/compose.yaml under a project name, ports and secrets of its own, so that it meets nobody else's system."""

import asyncio
import json
import os
import subprocess
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from infra.compose_secrets import make_secrets
from infra.local.ports import free_port

INFRA: Final = Path(__file__).parents[2] / "infra"
# What docker itself needs of the environment, and the names of the images: nothing else of it shall reach compose.yaml.
KEPT: Final = ("PATH", "HOME", "DOCKER_", "XDG_", "ORDERCAST_IMAGES", "ORDERCAST_VERSION")
PORTS: Final = ("ORDER_API", "TRAINER", "PREDICTOR", "POSTGRES", "KAFKA", "KAFKA_2", "KAFKA_3", "PROMETHEUS", "GRAFANA")
UP_DEADLINE_S: Final = 200


class ComposeFailed(AssertionError):
    """A command of compose or docker ended with an error; the message has what it said."""


class ComposeProject:
    """One system. `files` are further env files."""

    def __init__(self, binary: str, secrets: Path, *files: str) -> None:
        self.name = f"ordercast-test-{uuid.uuid4().hex[:8]}"
        self.ports = {name: free_port() for name in PORTS}
        self.secrets = secrets
        self._compose = [binary, "--project-name", self.name, "--file", str(INFRA / "compose.yaml")]
        for file in ("images/default.env", *files):
            self._compose += ["--env-file", str(INFRA / file)]
        self._environment = {
            **{name: value for name, value in os.environ.items() if name.startswith(KEPT) or name.endswith("_IMAGE")},
            **{f"ORDERCAST_{name}_PORT": str(port) for name, port in self.ports.items()},
            "ORDERCAST_SECRETS": str(secrets),
        }
        make_secrets(secrets, self._environment)

    async def compose(self, *arguments: str) -> str:
        """What the command printed. Raises ComposeFailed."""
        return await self._run(*self._compose, *arguments)

    async def docker(self, *arguments: str) -> str:
        """The same for docker itself."""
        return await self._run("docker", *arguments)

    async def up(self, *services: str) -> None:
        """Starts services with what they need, or all of the profile, and waits until they are healthy."""
        try:
            await self.compose("up", "--wait", f"--wait-timeout={UP_DEADLINE_S}", "--quiet-pull", *services)
        except ComposeFailed as error:
            raise ComposeFailed(f"{error}\n{await self.compose('logs', '--tail=20')}") from None

    async def containers(self) -> dict[str, dict[str, Any]]:
        """What docker knows of each, by the name of its service."""
        found = {}
        for identity in (await self.compose("ps", "--all", "--quiet")).split():
            (container,) = json.loads(await self.docker("inspect", identity))
            found[container["Config"]["Labels"]["com.docker.compose.service"]] = container
        return found

    async def left(self) -> list[str]:
        """Containers, volumes and networks of the project that are there."""
        mine = f"label=com.docker.compose.project={self.name}"
        kinds = (("ps", "--all"), ("volume", "ls"), ("network", "ls"))
        return [row for kind in kinds for row in (await self.docker(*kind, "--quiet", "--filter", mine)).split()]

    async def door(self, *arguments: str, **variables: str) -> str:
        """What `ordercast ... --against` this system prints. Raises ComposeFailed."""
        found = {"ORDERCAST_SECRETS_DIR": str(self.secrets / "door"), **variables}
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ORDERCAST_")}
        process = await asyncio.create_subprocess_exec(
            str(INFRA.parent / ".venv/bin/ordercast"),
            *(*arguments, "--against", self.order_api),
            *("--trainer", f"http://127.0.0.1:{self.ports['TRAINER']}"),
            *("--predictor", f"http://127.0.0.1:{self.ports['PREDICTOR']}"),
            env={**environment, **found},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        return await _output(process, arguments)

    @property
    def order_api(self) -> str:
        return f"http://127.0.0.1:{self.ports['ORDER_API']}"

    async def _run(self, *command: str) -> str:
        process = await asyncio.create_subprocess_exec(
            *command, env=self._environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        return await _output(process, command)


@asynccontextmanager
async def compose_project(binary: str, secrets: Path, *files: str) -> AsyncIterator[ComposeProject]:
    """A project of which nothing is left at the end."""
    project = ComposeProject(binary, secrets, *files)
    try:
        yield project
    finally:
        await project.compose("down", "--volumes", "--timeout=10", "--remove-orphans")


def compose_binary() -> str:
    """The pinned compose, built if need be."""
    build = subprocess.run([INFRA / "tools/build", "compose"], stdout=subprocess.PIPE, text=True, check=True)
    return build.stdout.strip()


async def _output(process: asyncio.subprocess.Process, command: tuple[str, ...]) -> str:
    try:
        output, error = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        raise ComposeFailed(f"{' '.join(command)}: exit code {process.returncode}\n{output.decode()}{error.decode()}")
    return output.decode()
