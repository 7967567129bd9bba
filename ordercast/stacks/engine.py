"""The Docker engine: images, and containers that are removed however the run ends. Errors say in one line what is missing."""

import asyncio
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar, cast

import docker
from docker.errors import APIError, DockerException, ImageNotFound
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient
from testcontainers.core.network import Network

from ordercast.errors import ActionableError
from ordercast.first_line import first_line
from ordercast.infra.local.errors import StartFailed
from ordercast.infra.local.ports import HOST
from ordercast.stacks import sweep
from ordercast.stacks.images import Image
from ordercast.stacks.made import Report

LABEL: Final = "ordercast.testing"
LOG_LINES: Final = 15

Started = TypeVar("Started", bound=DockerContainer)
Result = TypeVar("Result")


class EngineMissing(ActionableError):
    """No Docker engine answers."""


class ImageMissing(ActionableError):
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
            f"no Docker engine answers: {first_line(error)}",
            hint="start one, name one with DOCKER_HOST, or choose the embedded stack",
        ) from error


class Engine:
    """An engine, and what this run has made in it: all of it carries one label. Its containers share a network."""

    def __init__(self, client: DockerClient, label: str, report: Report) -> None:
        self._client = client
        self.label = label
        self._labels = {LABEL: label}
        self._report = report
        self._network = Network(docker_network_kw={"labels": self._labels})
        self._opened: list[docker.DockerClient] = [client.client]

    @property
    def host(self) -> str:
        """Where published ports are reached from here."""
        found = self._client.host()
        return HOST if found == "localhost" else found

    def close(self) -> None:
        for client in self._opened:
            client.close()

    async def ensure(self, images: Iterable[Image]) -> None:
        """Pulls what is not there yet.

        Raises:
            ImageMissing: naming the image and the setting that names it.
        """
        await asyncio.gather(*(asyncio.to_thread(self._ensure, image) for image in set(images)))

    async def make_network(self) -> None:
        await to_the_end(self._network.create)

    async def start(self, container: Started, *, alias: str) -> Started:
        """The container, started. The others reach it as `alias`.

        Raises:
            StartFailed: it does not start.
        """
        self._opened.append(container.get_docker_client().client)
        if self.host == HOST:
            # For this machine alone, not for the network that it is in: the broker asks nobody who he is.
            cast("Any", container).ports = {inside: (HOST, port) for inside, port in container.ports.items()}
        container.with_network(self._network).with_network_aliases(alias)
        container.with_kwargs(**container._kwargs, labels=self._labels)
        try:
            await to_the_end(container.start)
        except APIError as error:
            raise StartFailed(f"{container.image} cannot be started: {error.explanation or error}") from error
        except Exception as error:
            raise StartFailed(
                f"{container.image} does not start: {first_line(error)}\n{log_tail(container)}"
            ) from error
        return container

    async def volume(self) -> str:
        """The name of a new volume."""
        volume = await to_the_end(lambda: self._client.client.volumes.create(labels=self._labels))
        return str(volume.name)

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
                    f"the image {name} is not here and cannot be pulled: {first_line(error)}",
                    hint=f"build it, or name another one with {image.setting}",
                ) from error


@asynccontextmanager
async def open_engine(report: Report = lambda _: None) -> AsyncIterator[Engine]:
    """The engine; at the end of the block all that was made through it is removed, and also when this process is killed.

    Raises:
        EngineMissing: none answers.
    """
    client = await asyncio.to_thread(connect)
    label = uuid.uuid4().hex
    sweeper = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", sweep.__file__, f"{LABEL}={label}"),
        stdin=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C goes to the tests alone
    )
    engine = Engine(client, label, report)
    # The sweeper does what testcontainers' own reaper would do, and needs no image for it.
    reaper_disabled, testcontainers_config.ryuk_disabled = testcontainers_config.ryuk_disabled, True
    try:
        await engine.make_network()
        yield engine
    finally:
        testcontainers_config.ryuk_disabled = reaper_disabled
        engine.close()
        _, said = await sweeper.communicate(sweep.DONE)
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
        return f"  (no log: {first_line(error)})"
    return "\n".join(["  its last lines:", *(f"  | {line}" for line in lines)])
