"""infra/compose.yaml under a project name, ports and secrets of its own, so that it meets nobody else's system."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from ordercast.infra.compose_secrets import make_secrets
from ordercast.infra.kafka.rights import user_of
from ordercast.infra.local.ports import free_port
from ordercast.kafka_security import client_arguments

INFRA: Final = Path(__file__).parents[2] / "infra"
CLI: Final = (sys.executable, "-P", "-m", "ordercast.cli")
# What docker itself needs of the environment, and the names of the images: nothing else of it shall reach compose.yaml.
KEPT: Final = ("PATH", "HOME", "DOCKER_", "XDG_", "ORDERCAST_IMAGES", "ORDERCAST_VERSION")
PORTS: Final = (
    "ORDER_API",
    "TRAINER",
    "PREDICTOR",
    "CONSOLE",
    "POSTGRES",
    "KAFKA",
    "KAFKA_2",
    "KAFKA_3",
    "PROMETHEUS",
    "GRAFANA",
)
# Some 40 s on a quiet machine.
UP_DEADLINE_S: Final = 280
COMMAND_DEADLINE_S: Final = 500


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

    def compose(self, *arguments: str) -> str:
        """What the command printed. Raises ComposeFailed."""
        return _output([*self._compose, *arguments], self._environment)

    def docker(self, *arguments: str) -> str:
        """The same for docker itself."""
        return _output(["docker", *arguments], self._environment)

    def up(self, *services: str) -> None:
        """Starts services with what they need, or all of the profile, and waits until they are healthy."""
        try:
            self.compose("up", "--wait", f"--wait-timeout={UP_DEADLINE_S}", "--quiet-pull", *services)
        except ComposeFailed as error:
            raise ComposeFailed(f"{error}\n{self.compose('logs', '--tail=20')}") from None

    def renew(self, *services: str) -> None:
        """New certificates, and services that were started anew with these: what `make compose-renew` does."""
        make_secrets(self.secrets, self._environment, new_certificates=True)
        self.up("--force-recreate", "--always-recreate-deps", *services)

    def brokers(self, *names: str) -> str:
        """Their published addresses."""
        return ",".join(f"127.0.0.1:{self.ports[name]}" for name in names or ("KAFKA",))

    def kafka_client(self, role: str) -> dict[str, Any]:
        """The arguments of a client on this machine that logs in as a role."""
        return client_arguments(
            self.brokers(),
            {
                "ORDERCAST_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
                "ORDERCAST_KAFKA_USERNAME": user_of(role),
                "ORDERCAST_KAFKA_PASSWORD": (self.secrets / f"ordercast_kafka_{role}_password").read_text(),
                "ORDERCAST_KAFKA_CA": (self.secrets / "ordercast_kafka_ca").read_text(),
            },
        )

    def containers(self) -> dict[str, dict[str, Any]]:
        """What docker knows of each, by the name of its service."""
        found = json.loads(self.docker("inspect", *self.compose("ps", "--all", "--quiet").split()))
        return {container["Config"]["Labels"]["com.docker.compose.service"]: container for container in found}

    def left(self) -> list[str]:
        """Containers, volumes and networks of the project that are there."""
        mine = f"label=com.docker.compose.project={self.name}"
        kinds = (("ps", "--all"), ("volume", "ls"), ("network", "ls"))
        return [row for kind in kinds for row in self.docker(*kind, "--quiet", "--filter", mine).split()]

    def cli(self, *arguments: str, **variables: str) -> str:
        """What `ordercast ... --against` this system prints. Raises ComposeFailed."""
        addresses = {
            option: f"http://127.0.0.1:{self.ports[name]}"
            for option, name in (("--against", "ORDER_API"), ("--trainer", "TRAINER"), ("--predictor", "PREDICTOR"))
        }
        others = {name: value for name, value in os.environ.items() if not name.startswith("ORDERCAST_")}
        return _output(
            [*CLI, *arguments, *(word for option in addresses.items() for word in option)],
            {**others, "ORDERCAST_SECRETS_DIR": str(self.secrets / "cli"), **variables},
        )


@contextmanager
def compose_project(binary: str, secrets: Path, *files: str) -> Iterator[ComposeProject]:
    """A project of which nothing is left at the end."""
    project = ComposeProject(binary, secrets, *files)
    try:
        yield project
    finally:
        # Of every profile: without it, compose would leave what a profile has started.
        project.compose("--profile=*", "down", "--volumes", "--timeout=10", "--remove-orphans")


def compose_binary() -> str:
    """The pinned compose, built if need be."""
    return _output([str(INFRA / "tools/build"), "compose"], os.environ).strip()


def _output(command: list[str], environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        command, env=dict(environment), capture_output=True, text=True, timeout=COMMAND_DEADLINE_S, check=False
    )
    if done.returncode:
        raise ComposeFailed(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout
