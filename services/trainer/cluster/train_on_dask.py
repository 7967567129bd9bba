"""Fits an ensemble on a Dask cluster, through joblib's backend for it. It runs in the training process.

The weights are those that train_ensemble gives here: a member's result does not depend on who trains its group. A worker that
dies has its share trained anew by another one. A cluster that is gone ends the training, which then goes back into the queue.
"""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, Final
from uuid import uuid4

import msgspec
from distributed import Client
from joblib import Parallel, delayed, parallel_config
from joblib._dask import DaskDistributedBackend

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
            shares = _shares(fit, workers=len(client.nthreads(callback_timeout=ANSWER_WITHIN_S)))
            told: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
            client.subscribe_topic(PROGRESS, lambda event: told.put(event[1]))
            training = _in_a_thread(partial(_train_shares, client, fit, shares))
            training.add_done_callback(lambda _: told.put(None))  # behind its last epoch
            _follow(client, told, shares, on_epoch)
            return joined(training.result())
    except TrainerError:
        raise
    except Exception as error:
        reason = first_line(error)
        raise ClusterFailed(f"the Dask cluster at {scheduler} failed: {reason}") from error


def _shares(fit: EnsembleFit, workers: int) -> list[Share]:
    run, versions = uuid4().hex, decisive_versions()
    groups = shares_of(member_groups(fit.recipe.members), workers)
    return [Share(run, number, part, versions) for number, part in enumerate(groups)]


def _train_shares(client: Client, fit: EnsembleFit, shares: Sequence[Share]) -> list[TrainedEnsemble]:
    backend = ClusterBackend(client=client, scatter=[fit])  # the rows go to each worker once
    with parallel_config(backend=backend):
        trained = Parallel(batch_size=1, pre_dispatch="all")(delayed(train_share)(fit, share) for share in shares)
    return list(trained)


def _in_a_thread(work: Callable[[], list[TrainedEnsemble]]) -> "Future[list[TrainedEnsemble]]":
    """joblib blocks until all is done or failed; a cluster that falls silent must not hold up who follows it."""
    outcome: Future[list[TrainedEnsemble]] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # a future that Dask cancels raises past Exception
            outcome.set_exception(error if isinstance(error, Exception) else ClusterFailed(repr(error)))

    threading.Thread(target=run, name="train-shares", daemon=True).start()
    return outcome


def _follow(
    client: Client,
    told: "queue.SimpleQueue[dict[str, Any] | None]",
    shares: Sequence[Share],
    on_epoch: Callable[[EpochLosses], None],
) -> None:
    """Passes the epochs on until the training's end. Raises if the cluster has no worker or does not answer."""
    epochs = JoinedEpochs(len(shares), on_epoch)
    seen = time.monotonic()
    while True:
        try:
            event = told.get(timeout=QUIET_S)
        except queue.Empty:
            if client.nthreads(callback_timeout=ANSWER_WITHIN_S):
                seen = time.monotonic()
            elif time.monotonic() - seen > WORKER_WITHIN_S:
                raise ClusterFailed(f"the Dask cluster has had no worker for {WORKER_WITHIN_S} s") from None
            continue
        if event is None:
            return
        if event["run"] == shares[0].run:
            epochs.passed(event["number"], msgspec.convert(event["losses"], EpochLosses))


class ClusterBackend(DaskDistributedBackend):  # type: ignore[misc]  # joblib has no types
    """joblib's backend for Dask, which by itself waits forever for a task that failed before or after its own code."""

    def effective_n_jobs(self, n_jobs: int) -> int:
        """At least two: a single job joblib runs in the calling process, and not on the one worker that there is."""
        slots: int = super().effective_n_jobs(n_jobs)
        return max(2, slots)

    def submit(self, func: Any, callback: Callable[[Any], None]) -> "Future[Any]":
        """A failure of the cluster's own (KilledWorker, a task that cannot be read) calls back as well."""
        job: Future[Any] = super().submit(func, callback)
        job.add_done_callback(lambda done: callback(done.exception()) if done.exception() else None)
        return job
