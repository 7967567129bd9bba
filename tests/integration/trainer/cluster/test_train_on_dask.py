"""Trainings on a Dask cluster of a scheduler and two workers: the networks that this machine trains alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
import pytest
from safetensors.numpy import load

from ordercast.contracts.model_manifest import MANIFEST_FILE, WEIGHTS_FILE, decode_manifest
from ordercast.infra.local.ports import free_port
from ordercast.services.shared.process.errors import CannotStart
from ordercast.services.trainer.cluster import ask_scheduler as cluster_checks
from ordercast.services.trainer.cluster import train_on_dask as client_side
from ordercast.services.trainer.cluster.train_share import decisive_versions
from ordercast.services.trainer.errors import ClusterFailed, OtherVersions, TransientError
from ordercast.services.trainer.jobs.tables import Training
from ordercast.services.trainer.jobs.train_in_child import train_in_child
from ordercast.services.trainer.networks.fit import EnsembleFit, EpochLosses, NetworksLooked, News
from ordercast.services.trainer.training.messages import TrainedModel
from ordercast.services.trainer.wiring import open_trainer
from tests.integration.trainer.conftest import Workplace, eventually, start, until
from tests.support.dask_cluster import DaskCluster, dask_cluster
from tests.support.training_jobs import SMALL_LAYERS, job, training_set

# A training is three processes here that import TensorFlow and compile at once.
pytestmark = pytest.mark.timeout(900)

SEVEN = 7  # members, in two groups of four: the last one holds one that is trained for nothing
EPOCHS = 300  # some seconds, so that there is a middle of it


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    with dask_cluster(tmp_path_factory.mktemp("dask"), workers=2) as cluster:
        yield cluster


async def trained(folder: Path, scheduler: str | None = None, on_epoch: Any = None) -> tuple[TrainedModel, list[int]]:
    """As the service has it trained, by this machine or by a cluster, and the epochs that were told."""
    told: list[int] = []

    async def note(losses: News) -> None:
        if isinstance(losses, NetworksLooked):
            return
        told.append(losses.epoch)
        assert len(losses.constant) == SEVEN
        assert len(losses.loss) == len(losses.val_loss) == SEVEN
        if on_epoch:
            on_epoch(losses)

    asked = msgspec.structs.replace(
        job(folder, members=SEVEN, epochs=EPOCHS, layers=SMALL_LAYERS), dask_scheduler=scheduler
    )
    model = await train_in_child(asked, training_set(60), note)
    assert isinstance(model, TrainedModel)
    return model, told


@pytest.fixture(scope="module")
async def local(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TrainedModel]:
    folder = tmp_path_factory.mktemp("local")
    return folder, (await trained(folder))[0]


def assert_same_model(folder: Path, model: TrainedModel, local: tuple[Path, TrainedModel]) -> None:
    there, here = (load((at / m.version / WEIGHTS_FILE).read_bytes()) for at, m in ((folder, model), local))
    assert {name: array.tobytes() for name, array in there.items()} == {n: a.tobytes() for n, a in here.items()}
    assert model.metrics == local[1].metrics


async def test_two_workers_train_the_networks_that_this_machine_trains_alone(
    cluster: DaskCluster, local: tuple[Path, TrainedModel], tmp_path: Path
) -> None:
    model, told = await trained(tmp_path, cluster.address)

    assert_same_model(tmp_path, model, local)
    assert told == list(range(1, EPOCHS + 1))
    assert cluster.workers_that_trained() == 2


async def test_a_worker_killed_in_the_middle_changes_nothing(
    cluster: DaskCluster, local: tuple[Path, TrainedModel], tmp_path: Path
) -> None:
    killed_at: list[int] = []

    def kill_once(losses: EpochLosses) -> None:
        if not killed_at:
            killed_at.append(losses.epoch)
            assert len(cluster.tasks()) == 2
            cluster.kill_a_worker()

    model, told = await trained(tmp_path, cluster.address, kill_once)

    assert killed_at == [1]
    assert_same_model(tmp_path, model, local)
    assert told == list(range(1, EPOCHS + 1))


async def test_a_cancelled_training_ends_on_the_workers_too(cluster: DaskCluster, workplace: Workplace) -> None:
    await workplace.add_pairs(60)
    async with workplace.trainer(trainer_backend="dask", dask_scheduler=cluster.address) as client:
        training_id = await start(client, epochs=10_000, members=SEVEN)
        await eventually(client, training_id, lambda training: training["progress"]["epoch"] > 0)
        assert len(cluster.tasks()) == 2
        assert (await client.delete(f"/trainings/{training_id}")).status_code == 202
        training = await eventually(client, training_id, lambda t: t["status"] == "cancelled")

        async def idle() -> bool:
            return not cluster.tasks()

        await until(idle)

    assert training["model_version"] is None
    assert workplace.versions == []


async def test_a_task_that_takes_its_workers_down_fails_instead_of_waiting_forever(tmp_path: Path) -> None:
    with dask_cluster(tmp_path, workers=1, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0") as alone:

        def kill_once(losses: EpochLosses) -> None:
            if losses.epoch == 1:
                alone.kill_a_worker()

        with pytest.raises(TransientError, match=r"the Dask cluster at tcp://\S+ failed"):
            await trained(tmp_path, alone.address, kill_once)


def test_workers_with_other_versions_are_refused_by_name(cluster: DaskCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    other = decisive_versions() | {"tensorflow": "2.0.0"}
    monkeypatch.setattr(client_side, "decisive_versions", lambda: other)
    fit = EnsembleFit(job(Path()).recipe, 1, np.zeros(8, np.float32), np.zeros(8, np.float32), learned=6)

    with pytest.raises(OtherVersions, match=r"worker tcp://\S+ has tensorflow \S+ instead of 2\.0\.0"):
        client_side.train_on_dask(fit, cluster.address, lambda _: None)


async def test_a_training_waits_for_a_scheduler_that_has_gone_and_then_succeeds(
    cluster: DaskCluster, workplace: Workplace
) -> None:
    await workplace.add_pairs(60)
    async with workplace.trainer(trainer_backend="dask", dask_scheduler=cluster.address) as client:
        training_id = await start(client, epochs=200)
        await eventually(client, training_id, lambda training: training["progress"]["epoch"] > 0)
        cluster.kill_the_scheduler()
        await eventually(client, training_id, lambda training: training["status"] == "queued")

        async def shows() -> bool:
            ready = (await client.get("/readyz")).json()
            return bool(ready["status"] == "degraded" and "no Dask scheduler" in ready["checks"]["cluster"])

        await until(shows)
        cluster.restart_the_scheduler()
        cluster.add_workers(2)
        training = await eventually(client, training_id, lambda t: t["status"] in ("succeeded", "failed"))
        assert (await client.get("/readyz")).json()["checks"]["cluster"] == "ok"

    assert (training["status"], training["error"]) == ("succeeded", None)
    (version,) = workplace.versions
    manifest = decode_manifest((version / MANIFEST_FILE).read_bytes())
    assert (manifest.training_id, manifest.recipe.members) == (training_id, 2)
    async with workplace.sessions() as session:
        assert (await session.get_one(Training, UUID(training_id))).attempts == 2  # the wait cost none


def test_a_scheduler_that_is_not_there_is_told_with_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_side, "ANSWER_WITHIN_S", 1)
    nowhere = f"tcp://127.0.0.1:{free_port()}"

    with pytest.raises(ClusterFailed, match=nowhere):
        client_side.train_on_dask(None, nowhere, lambda _: None)  # type: ignore[arg-type]


@pytest.mark.parametrize("missing", ["scheduler", "package"])
async def test_a_cluster_that_cannot_be_used_is_said_at_the_start(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    address = f"tcp://127.0.0.1:{free_port()}"
    reasons = {
        "scheduler": f"no Dask scheduler answers at {address}: .*ORDERCAST_DASK_SCHEDULER",
        "package": r"\[dask\]",
    }
    if missing == "package":
        monkeypatch.setattr(cluster_checks, "find_spec", lambda name: None)
    settings = workplace.settings.model_copy(update={"trainer_backend": "dask", "dask_scheduler": address})

    with pytest.raises(CannotStart, match=reasons[missing]) as refused:
        async with open_trainer(settings):
            pass
    assert "\n" not in str(refused.value)
