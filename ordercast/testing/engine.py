"""The Docker engine: images, and containers that are removed however the run ends. Errors say in one line what is missing."""

import asyncio
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import docker
from docker.errors import APIError, DockerException, ImageNotFound
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient
from testcontainers.core.network import Network

from infra.local.errors import LocalError, StartFailed
from ordercast.testing import sweep
from ordercast.testing.images import Image
from ordercast.testing.system import Report

LABEL: Final = "ordercast.testing"
# A port that was free a moment ago may be taken by now: another one is drawn.
PORT_ATTEMPTS: Final = 5
PORT_TAKEN: Final = ("port is already allocated", "address already in use")
# Time (s) for the engine to remove everything; a busy one takes a second for each container.
SWEEP_DEADLINE_S: Final = 120.0
LOG_LINES: Final = 15

Started = TypeVar("Started", bound=DockerContainer)
Result = TypeVar("Result")


class EngineMissing(LocalError):
    """No Docker engine answers."""


class ImageMissing(LocalError):
    """An image is not on this machine and cannot be had from a registry."""


def connect() -> DockerClient:
    """A client of the engine that DOCKER_HOST, the current Docker context or the default socket names.

    Raises:
        EngineMissing: none answers there.
    """
    try:
        return DockerClient()
    except DockerException as error:
        raise EngineMissing(
            f"no Docker engine answers: {error}",
            hint="start one, name one with DOCKER_HOST, or choose the embedded stack",
        ) from error


class Engine:
    """An engine, and what this run has made in it: all of it carries one label."""

    def __init__(self, client: DockerClient, name: str, report: Report) -> None:
        self.name = name
        self.labels = {LABEL: name}
        self._client = client
        self._report = report
        self._opened: list[docker.DockerClient] = [client.client]

    @property
    def host(self) -> str:
        """Where mapped ports are reached from here."""
        return self._client.host()

    def close(self) -> None:
        for client in self._opened:
            client.close()

    async def ensure(self, images: Iterable[Image]) -> None:
        """Pulls what is not there yet.

        Raises:
            ImageMissing: naming the image and the setting that names it.
        """
        await asyncio.gather(*(asyncio.to_thread(self._ensure, image) for image in set(images)))

    async def start(self, make: Callable[[], Started]) -> Started:
        """A container made by `make`, which draws the ports, started and labelled.

        Raises:
            StartFailed: it does not start.
        """
        for attempt in range(1, PORT_ATTEMPTS + 1):
            container = make()
            self._opened.append(container.get_docker_client().client)
            try:
                await to_the_end(lambda made=container: self._start(made))  # type: ignore[misc]
            except APIError as error:
                if attempt < PORT_ATTEMPTS and any(taken in str(error) for taken in PORT_TAKEN):
                    continue
                raise StartFailed(f"{container.image} cannot be started: {error.explanation or error}") from error
            except Exception as error:
                raise StartFailed(f"{container.image} does not start: {error}\n{log_tail(container)}") from error
            else:
                return container
        raise AssertionError("the last attempt returns or raises")

    async def network(self) -> Network:
        """A network of this run's own."""
        network = Network(docker_network_kw={"labels": self.labels})
        await to_the_end(network.create)
        return network

    async def volume(self, **options: Any) -> str:
        """The name of a new volume."""
        volume = await to_the_end(lambda: self._client.client.volumes.create(labels=self.labels, **options))
        return str(volume.name)

    def _start(self, container: DockerContainer) -> None:
        container.with_kwargs(**{**container._kwargs, "labels": self.labels})
        # The sweep does what testcontainers' reaper would do, and needs no image for it.
        reaper_off, testcontainers_config.ryuk_disabled = testcontainers_config.ryuk_disabled, True
        try:
            container.start()
        finally:
            testcontainers_config.ryuk_disabled = reaper_off

    def _ensure(self, image: Image) -> None:
        name = testcontainers_config.hub_image_name_prefix + image.name
        try:
            self._client.client.images.get(name)
        except ImageNotFound:
            self._report(f"pulling the image {name}")
            try:
                self._client.client.images.pull(name)
            except DockerException as error:
                raise ImageMissing(
                    f"the image {name} is not here and cannot be pulled: {error}",
                    hint=f"build it, or name another one with {image.setting}",
                ) from error


@asynccontextmanager
async def open_engine(report: Report = lambda _: None) -> AsyncIterator[Engine]:
    """The engine; at the end of the block all that was made through it is removed, and also when this process is killed.

    Raises:
        EngineMissing: none answers.
    """
    client = await asyncio.to_thread(connect)
    name = f"ordercast-testing-{uuid.uuid4().hex[:8]}"
    sweeper = subprocess.Popen(
        [sys.executable, "-I", sweep.__file__, f"{LABEL}={name}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C goes to the tests alone
    )
    engine = Engine(client, name, report)
    try:
        yield engine
    finally:
        engine.close()
        _, said = await to_the_end(lambda: sweeper.communicate(timeout=SWEEP_DEADLINE_S))
        if sweeper.returncode:
            report(f"not everything was removed: {said.decode().strip()}")


async def to_the_end(call: Callable[[], Result]) -> Result:
    """A blocking call in a thread. A cancellation waits for its end, so that nothing is made after all was removed."""
    calling = asyncio.create_task(asyncio.to_thread(call))
    try:
        return await asyncio.shield(calling)
    except asyncio.CancelledError:
        await asyncio.wait([calling])
        raise


def log_tail(container: DockerContainer) -> str:
    """The last lines of a container's output, indented."""
    try:
        lines = container.get_wrapped_container().logs(tail=LOG_LINES).decode(errors="replace").splitlines()
    except Exception as error:  # it is gone, or never was
        return f"  (no log: {error})"
    return "\n".join(["  its last lines:", *(f"  | {line}" for line in lines)])
