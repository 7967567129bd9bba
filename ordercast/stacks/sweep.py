"""Removes what one test run has made in a Docker engine, however that run ends.

    python -I sweep.py LABEL

It waits until its standard input ends, which happens when its parent closes it or dies, also by SIGKILL; then it removes
all containers, networks and volumes that carry the label. No image is needed for it, as testcontainers' own reaper
needs one. It runs as a file of its own and imports nothing of Ordercast, so that it is ready at once.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import docker
from docker.errors import APIError, NotFound
from docker.models.containers import Container

# What a parent says that has ended in order.
DONE = b"done"
# Time (s) for the engine to finish what it was making when the parent died without a word.
GRACE_S = 3.0
# Looks at whether anything is left, and the time (s) between two of them.
LOOKS = 10
PAUSE_S = 0.2


def main(label: str) -> None:
    engine = docker.from_env()
    if sys.stdin.buffer.read() != DONE:
        time.sleep(GRACE_S)
    for _ in range(LOOKS):
        if not swept(engine, label):
            return
        time.sleep(PAUSE_S)
    sys.exit(f"things with the label {label} cannot be removed")


def swept(engine: docker.DockerClient, label: str) -> int:
    """Removes what carries the label; how many things there were."""
    ours = {"label": label}
    containers = engine.containers.list(all=True, filters=ours, ignore_removed=True)
    with ThreadPoolExecutor() as pool:
        list(pool.map(_remove, containers))
    others = [*engine.networks.list(filters=ours), *engine.volumes.list(filters=ours)]
    for thing in others:
        try:
            thing.remove()
        except NotFound:
            continue
        except APIError as error:  # a container of it is still on its way out
            sys.stderr.write(f"{error!r}\n")
    return len(containers) + len(others)


def _remove(container: Container) -> None:
    try:
        container.remove(force=True, v=True)
    except NotFound:
        return
    except APIError as error:  # somebody else removes it already
        sys.stderr.write(f"{error!r}\n")


if __name__ == "__main__":
    main(sys.argv[1])
