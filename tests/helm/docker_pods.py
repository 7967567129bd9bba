"""Rendered pods as Docker containers under the same constraints: user, file system, capabilities, memory, variables, files.

What Docker cannot show stays with the other tests: scheduling, policies, scaling.
"""

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.helm.chart import ROOT, Manifest

DEFAULT_IMAGES: Final = ROOT / "infra" / "images" / "default.env"
# Starting a container on a busy machine, and what runs to its end in one (s).
DEADLINE_S: Final = 180


def image_setting(name: str) -> str:
    """The variable of the environment, else of infra/images/default.env."""
    lines = [line.partition("=") for line in DEFAULT_IMAGES.read_text().splitlines() if "=" in line]
    return os.environ.get(name) or {key: value for key, _, value in lines}[name]


def docker(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=DEADLINE_S)
    assert not check or done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr}"
    return done


class DockerPods:
    """A network of containers. `secrets` is a folder of files named like the keys of the chart's Secrets."""

    def __init__(self, name: str, secrets: Path, work: Path) -> None:
        self.name = name
        self._secrets = secrets
        self._work = work
        self._started: list[str] = []

    def start_server(self, alias: str, image: str, env: Mapping[str, str]) -> None:
        """Something that the chart expects to be there."""
        self._start(alias, image, [f"--env={key}={value}" for key, value in env.items()])

    def run(self, pod: Manifest, container: Manifest) -> subprocess.CompletedProcess[str]:
        """A container with a command, to its end."""
        first, *rest = container["command"]
        options = ["--rm", f"--network={self.name}", *self._options(pod, container), f"--entrypoint={first}"]
        return docker("run", *options, container["image"], *rest, *container.get("args", ()), check=False)

    def start(self, pod: Manifest, alias: str) -> None:
        """A pod of one container, under the name of its Service."""
        [container] = pod["spec"]["containers"]
        self._start(alias, container["image"], self._options(pod, container), container.get("args", ()))

    def execute(self, alias: str, *command: str) -> str:
        return docker("exec", self._container(alias), *command).stdout

    def logs(self) -> str:
        """The last lines of every container."""
        shown = [(name, docker("logs", "--tail=20", name, check=False)) for name in self._started]
        return "".join(f"\n{name}:\n{done.stdout}{done.stderr}" for name, done in shown)

    def stop(self, alias: str, grace_s: int) -> int:
        """As the kubelet does it: SIGTERM, and SIGKILL after the grace period. The exit status."""
        docker("stop", f"--time={grace_s}", self._container(alias))
        return int(docker("inspect", "--format={{.State.ExitCode}}", self._container(alias)).stdout)

    def remove(self) -> None:
        for name in self._started:
            docker("rm", "--force", "--volumes", name, check=False)
        docker("volume", "rm", "--force", f"{self.name}-artifacts", check=False)
        docker("network", "rm", self.name, check=False)

    def _container(self, alias: str) -> str:
        return f"{self.name}-{alias}"

    def _start(self, alias: str, image: str, options: Sequence[str], arguments: Sequence[str] = ()) -> None:
        name = self._container(alias)
        self._started.append(name)
        network = [f"--network={self.name}", f"--network-alias={alias}"]
        docker("run", "--detach", f"--name={name}", *network, *options, image, *arguments)

    def _options(self, pod: Manifest, container: Manifest) -> list[str]:
        user, own = pod["spec"]["securityContext"], container["securityContext"]
        assert own["readOnlyRootFilesystem"]
        assert not own["allowPrivilegeEscalation"]
        return [
            f"--user={user['runAsUser']}:{user['runAsGroup']}",
            f"--group-add={user['fsGroup']}",
            "--read-only",
            "--security-opt=no-new-privileges:true",
            *(f"--cap-drop={capability}" for capability in own["capabilities"]["drop"]),
            f"--memory={_docker_size(container['resources']['limits']['memory'])}",
            *(f"--env={v['name']}={_value(v, pod, container)}" for v in container.get("env", ())),
            *(self._mount(pod, mount) for mount in container.get("volumeMounts", ())),
        ]

    def _mount(self, pod: Manifest, mount: Mapping[str, object]) -> str:
        [volume] = [volume for volume in pod["spec"]["volumes"] if volume["name"] == mount["name"]]
        path, mode = mount["mountPath"], "ro" if mount.get("readOnly") else "rw"
        if "emptyDir" in volume:
            return f"--tmpfs={path}:size={_docker_size(volume['emptyDir']['sizeLimit'])},mode=1777"
        if "persistentVolumeClaim" in volume:
            return f"--volume={self.name}-artifacts:{path}:{mode}"
        folder = self._work / uuid.uuid4().hex
        folder.mkdir(mode=0o755)
        for item in volume["secret"]["items"]:
            file = Path(shutil.copy(self._secrets / item["key"], folder / item["path"]))
            os.chown(file, 0, pod["spec"]["securityContext"]["fsGroup"])
            file.chmod(volume["secret"]["defaultMode"])
        return f"--volume={folder}:{path}:{mode}"


@contextmanager
def docker_pods(secrets: Path, work: Path) -> Iterator[DockerPods]:
    """Everything that was started is removed at the end."""
    pods = DockerPods(f"ordercast-helm-{uuid.uuid4().hex[:8]}", secrets, work)
    docker("network", "create", pods.name)
    try:
        yield pods
    finally:
        pods.remove()


def _docker_size(quantity: str) -> str:
    return quantity.removesuffix("i").lower()


def _value(variable: Manifest, pod: Manifest, container: Manifest) -> str:
    if "value" in variable:
        return str(variable["value"])
    if "fieldRef" in variable["valueFrom"]:
        return f"{container['name']}-0"
    return str(container["resources"]["limits"]["cpu"])
