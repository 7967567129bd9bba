"""What a Dask worker does for a training: it fits a share of the ensemble's groups, and tells of each epoch.

Only arrays travel: rows, members and seed come, weights and losses go. TensorFlow is imported into the worker's process by the
first share and stays there for the next one.
"""

import platform
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final

import msgspec
from dask.system import CPU_COUNT  # what a container's limit leaves of the machine
from distributed import Worker, get_worker

from ordercast.services.trainer.errors import OtherVersions
from ordercast.services.trainer.networks.fit import EnsembleFit, EpochLosses, TrainedEnsemble
from ordercast.services.trainer.networks.import_tensorflow import import_tensorflow

# The topic of the scheduler's event log for all trainings: the log keeps a bounded number of events for each topic.
PROGRESS: Final = "ordercast-training"
# With another version of one of these, the same seed may give other networks.
DECISIVE: Final = ("ordercast", "numpy", "tensorflow")

_importing: Final = threading.Lock()  # a worker may have several threads


@dataclass(frozen=True, slots=True)
class Share:
    """Which groups, as part `number` of the training `run`; `versions` are the trainer's."""

    run: str
    number: int
    groups: tuple[range, ...]
    versions: Mapping[str, str]


class Abandoned(Exception):
    """Nobody waits for this share any more: it was cancelled, its trainer has gone, or its worker is closing."""


def train_share(fit: EnsembleFit, share: Share) -> TrainedEnsemble:
    """The trained members of the share's groups.

    Raises:
        OtherVersions: this worker would train other networks than the trainer.
    """
    worker = get_worker()
    _refuse_other_versions(worker, share.versions)
    task = worker.get_current_task()

    def tell(losses: EpochLosses) -> None:
        if not _is_wanted(worker, task):
            raise Abandoned(task)
        worker.log_event(PROGRESS, {"run": share.run, "number": share.number, "losses": msgspec.to_builtins(losses)})

    with _importing:
        if "tensorflow" not in sys.modules:
            import_tensorflow(CPU_COUNT)
        from ordercast.services.trainer.networks.ensemble import train_ensemble
    return train_ensemble(fit, tell, groups=share.groups, threads=CPU_COUNT)


def decisive_versions() -> dict[str, str]:
    """What trainer and workers must have alike."""
    return {name: version(name) for name in DECISIVE} | {"machine": platform.machine()}


def _refuse_other_versions(worker: Worker, wanted: Mapping[str, str]) -> None:
    own = decisive_versions()
    differing = [f"{name} {own[name]} instead of {wanted[name]}" for name in own if own[name] != wanted[name]]
    if differing:
        raise OtherVersions(
            f"the Dask worker {worker.address} has {', '.join(differing)}, so it would train other networks: "
            "run trainer and workers from the same image"
        )


def _is_wanted(worker: Worker, task: Any) -> bool:
    """Dask cannot stop a task that runs; it only marks it as cancelled."""
    known = worker.state.tasks.get(task)
    return worker.status.name == "running" and known is not None and known.state != "cancelled"
