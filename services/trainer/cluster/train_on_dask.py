"""Fits an ensemble on a Dask cluster. It runs in the training process.

The weights are those that train_ensemble gives here: a member's result does not depend on who trains its group. A worker that
dies has its share trained anew by another one. A cluster that is gone ends the training, which then goes back into the queue.
"""

import queue
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias
from uuid import uuid4

import msgspec
from distributed import Client, Future

from ordercast.first_line import first_line
from ordercast.services.trainer.cluster.train_share import PROGRESS, Share, decisive_versions, train_share
from ordercast.services.trainer.errors import ClusterFailed, TrainerError
from ordercast.services.trainer.networks.fit import EnsembleFit, EpochLosses, TrainedEnsemble
from ordercast.services.trainer.networks.member_groups import JoinedEpochs, joined, member_groups, shares_of

# The scheduler has this long (s) for an answer.
ANSWER_WITHIN_S: Final = 10
# A cluster may be without any worker for this long (s): the time that an autoscaler or a restart takes.
WORKER_WITHIN_S: Final = 60
# Without an epoch for this long (s), the cluster is asked whether it is still there.
QUIET_S: Final = 1.0

# What comes in while the workers train: their epochs, as train_share sends them, and the shares that are done or failed.
News: TypeAlias = "queue.SimpleQueue[dict[str, Any] | Future[TrainedEnsemble]]"


def train_on_dask(fit: EnsembleFit, scheduler: str, on_epoch: Callable[[EpochLosses], None]) -> TrainedEnsemble:
    """Fit the members on the workers of the cluster at `scheduler` (tcp://host:port).

    `on_epoch` is called as train_ensemble calls it, once all workers have passed an epoch.

    Raises:
        OtherVersions: a worker runs other versions than this process.
        ClusterFailed: the cluster cannot be reached, has no worker, or lost a share.
    """
    try:
        with Client(scheduler, timeout=ANSWER_WITHIN_S, set_as_default=False) as client:
            client.wait_for_workers(1, timeout=WORKER_WITHIN_S)
            news: News = queue.SimpleQueue()
            client.subscribe_topic(PROGRESS, lambda event: news.put(event[1]))
            run = uuid4().hex
            shares = _submit(client, fit, run)
            for share in shares:
                share.add_done_callback(news.put)
            return joined(_follow(client, news, run, shares, on_epoch))
    except TrainerError:
        raise
    except Exception as error:
        raise ClusterFailed(f"the Dask cluster at {scheduler} failed: {first_line(error)}") from error


def _submit(client: Client, fit: EnsembleFit, run: str) -> list["Future[TrainedEnsemble]"]:
    """A share for each worker, if there are as many groups; where that worker is gone, any other one trains it."""
    versions = decisive_versions()
    workers = sorted(client.nthreads(callback_timeout=ANSWER_WITHIN_S))
    groups = shares_of(member_groups(fit.recipe.members), len(workers))
    # The rows are a result of the cluster's own: each worker fetches them once, and what a dead one held is made again.
    rows = client.submit(_rows, fit, key=f"rows-{run}")
    return [
        client.submit(
            train_share,
            rows,
            Share(run, number, part, versions),
            key=f"share-{run}-{number}",
            workers=[worker],
            allow_other_workers=True,
        )
        for number, (part, worker) in enumerate(zip(groups, workers, strict=False))
    ]


def _rows(fit: EnsembleFit) -> EnsembleFit:
    return fit


def _follow(
    client: Client,
    news: News,
    run: str,
    shares: Sequence["Future[TrainedEnsemble]"],
    on_epoch: Callable[[EpochLosses], None],
) -> list[TrainedEnsemble]:
    """Passes the epochs on until all shares are there. Raises if one failed, or the cluster has no worker or no answer."""
    epochs = JoinedEpochs(len(shares), on_epoch)
    trained: dict[Any, TrainedEnsemble] = {}
    seen = time.monotonic()
    while len(trained) < len(shares):
        try:
            event = news.get(timeout=QUIET_S)
        except queue.Empty:
            if client.nthreads(callback_timeout=ANSWER_WITHIN_S):
                seen = time.monotonic()
            elif time.monotonic() - seen > WORKER_WITHIN_S:
                raise ClusterFailed(f"the Dask cluster has had no worker for {WORKER_WITHIN_S} s") from None
            continue
        if isinstance(event, Future):
            # Its worker may die before it is fetched: it is then trained anew, for which nobody waits longer than this.
            trained[event.key] = event.result(timeout=WORKER_WITHIN_S)
        elif event["run"] == run:
            epochs.passed(event["number"], msgspec.convert(event["losses"], EpochLosses))
    return [trained[share.key] for share in shares]
