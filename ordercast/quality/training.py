"""How long one training of `demand` on the real shop's history takes, and how much memory: the training process's whole work."""

import multiprocessing
import os
import resource
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Final

import msgspec
import numpy as np

from ordercast.quality.market import default_job
from ordercast.quality.online_retail import read_shop
from ordercast.quality.report import table
from ordercast.services.shared.demand.activity import Ints
from ordercast.services.trainer.networks.import_tensorflow import import_tensorflow
from ordercast.services.trainer.training.demand_rows import DemandRows
from ordercast.services.trainer.training.messages import DemandJob

# What the recipe promises for so many pairs on two cores.
PAIRS: Final = 100_000
PROMISED_BYTES: Final = 2 << 30
# And for the whole file.
PROMISED_S: Final = 300.0


@dataclass(frozen=True, slots=True)
class Spent:
    """`learned`: rows of all questions. `peak`: bytes that the process held at most; `at_start`, with TensorFlow alone."""

    pairs: int
    activity: int
    learned: int
    seconds: float
    peak: int
    at_start: int


def measure() -> list[Spent]:
    """All pairs of the file, then `PAIRS` of them; each in a process of its own, as the service trains."""
    columns = read_shop(anonymous=False, cancelled=True).columns
    job = msgspec.structs.replace(default_job(), until=None, threads=os.cpu_count() or 1)
    shops = (columns, first_pairs(columns, PAIRS))
    return [_in_a_process(shop, job) for shop in shops]


def first_pairs(columns: dict[str, Ints], pairs: int) -> dict[str, Ints]:
    """The rows of accounts, whole and in the order of their ids, until they have so many pairs."""
    kept = np.unique(np.column_stack([columns["account_id"], columns["product_id"]]), axis=0)[:pairs, 0]
    whole = np.isin(columns["account_id"], np.unique(kept))
    return {name: column[whole] for name, column in columns.items()}


def training_section(spent: list[Spent]) -> str:
    """In words and a table."""
    rows = [
        (
            f"{one.pairs:,}",
            f"{one.activity:,}",
            f"{one.learned:,}",
            f"{one.seconds:.0f} s",
            f"{one.peak / 2**30:.2f} GB",
            f"{one.at_start / 2**30:.2f} GB",
        )
        for one in spent
    ]
    head = ("pairs", "rows of activity", "rows learned from", "time", "memory at most", "of it before")
    whole, part = spent
    kept = whole.seconds <= PROMISED_S and part.peak <= PROMISED_BYTES
    return (
        "One training of `demand` with all three questions, on the file's rows with a customer: tables, ten networks each, trees, "
        "judging, calibration and the version on disk, from the moment at which TensorFlow is imported and the rows are read.\n\n"
        f"{table(head, rows)}\n\nPromised are {PROMISED_S:.0f} s for the whole file, and {PROMISED_BYTES >> 30} GB for "
        f"{PAIRS:,} pairs: {'kept' if kept else 'not kept'}."
    )


def _in_a_process(columns: dict[str, Ints], job: DemandJob) -> Spent:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_train, (columns, job))


def _train(columns: dict[str, Ints], job: DemandJob) -> Spent:
    import_tensorflow(job.threads)
    # Here, because whoever has TensorFlow imported in its own way does so before.
    from ordercast.services.trainer.training.train_demand_model import train_demand_model

    at_start, began = _peak(), monotonic()
    with TemporaryDirectory() as artifacts:
        asked = msgspec.structs.replace(job, artifacts_dir=artifacts)
        trained = train_demand_model(asked, DemandRows(columns, ()), lambda _losses: None)
    pairs = np.unique(np.column_stack([columns["account_id"], columns["product_id"]]), axis=0)
    learned = sum(record.rows for record in trained.questions.values())
    return Spent(len(pairs), len(columns["day"]), learned, monotonic() - began, _peak(), at_start)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux counts kilobytes
