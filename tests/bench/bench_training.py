"""Training `baseline`: all members as one stacked graph, against Keras's `Model.fit` of one network after the other.

    python -m tests.bench.bench_training [--rows 700] [--plain-members 2] [--script sequential_ensemble.py]

Both train all epochs on the same rows, each in a fresh process, one after the other, and save their files; the stacked time
has the compiling of its graph in it, neither has the import of TensorFlow. The plain networks are all alike, so a few are
fitted and the time of all is their mean times ten. With --script that script's `fit` is the plain way.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final, TypeAlias

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

ROWS: Final = 700  # 7 accounts and 100 products: the sample's feature rows with an order
PLAIN_MEMBERS: Final = 2

# seconds for all ten networks, and the mean squared error of each that was trained
Figures: TypeAlias = dict[str, Any]


def make_rows(rows: int) -> list[tuple[int, int, float, float]]:
    """Feature rows with the quantity along a bell over the views, so that there is something to learn."""
    import numpy as np

    random = np.random.default_rng(1)
    views = random.integers(1_000, 10_001, rows)
    centre = 1.5 + 7 * np.exp(-(((views - 5_500) / 1_800) ** 2))
    quantities = np.clip(np.round(random.normal(centre, 0.7)), 1, 10)
    return [(1, i, float(view), float(q)) for i, (view, q) in enumerate(zip(views, quantities, strict=True))]


def train_stacked(rows: int) -> Figures:
    """From rows to a version on disk, as the training's process does it."""
    from ordercast.services.trainer.networks.import_tensorflow import import_tensorflow
    from ordercast.services.trainer.recipes import BASELINE

    import_tensorflow(os.cpu_count() or 1)
    from ordercast.services.trainer.training.messages import TrainingJob
    from ordercast.services.trainer.training.train_model import train_model
    from ordercast.services.trainer.training.training_set import TrainingSetBuilder

    builder = TrainingSetBuilder()
    builder.add(make_rows(rows))
    training_set = builder.finish(())
    ticks: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        job = TrainingJob("bench", BASELINE, 1, folder, os.cpu_count() or 1)
        began = time.perf_counter()
        trained = train_model(job, training_set, lambda _: ticks.append(time.perf_counter()))
        seconds = time.perf_counter() - began
    errors = [member.holdout.mse for member in trained.metrics.members]
    return {"seconds": seconds, "compiled": ticks[0] - began, "errors": errors}


def train_plain(rows: int, members: int) -> Figures:
    """The same networks with `Model.fit`, saved as they come."""
    import numpy as np
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    from ordercast.services.trainer.recipes import BASELINE
    from ordercast.services.trainer.training.export_keras import keras_network

    table = np.array(make_rows(rows), dtype=np.float32)
    inputs = StandardScaler().fit_transform(table[:, 2:3])
    train_x, test_x, train_y, test_y = train_test_split(inputs, table[:, 3], test_size=0.2, random_state=42)
    errors = []
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        for member in range(members):
            network = keras_network(BASELINE)
            network.fit(train_x, train_y, epochs=BASELINE.epochs, validation_split=0.2, batch_size=32, verbose=0)
            network.save(f"{folder}/ordersModel_{member + 1}.h5")
            errors.append(float(np.mean((network.predict(test_x, verbose=0).ravel() - test_y) ** 2)))
        return {"seconds": (time.perf_counter() - began) / members * BASELINE.members, "errors": errors}


def run_script(script: Path, rows: int, members: int) -> Figures:
    """The same by a script of the shape `SCRIPT fit ROWS.csv OUT MEMBERS`, which prints its errors and seconds."""
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "rows.csv"
        lines = [f"{int(views)},{int(quantity)}" for _, _, views, quantity in make_rows(rows)]
        table.write_text("\n".join(["viewCount,quantity", *lines, ""]))
        command = [sys.executable, str(script), "fit", str(table), folder, str(members)]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    errors = [float(error) for error in re.findall(r"test mse ([\d.]+)", printed)]
    seconds = float(re.findall(r"rows: ([\d.]+) s", printed)[0])
    return {"seconds": seconds / members * 10, "errors": errors}


def in_a_fresh_process(side: str, rows: int, members: int) -> Figures:
    """One side's figures, from a process that has done nothing else."""
    command = [sys.executable, "-m", "tests.bench.bench_training", "--side", side]
    command += ["--rows", str(rows), "--plain-members", str(members)]
    printed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    figures: Figures = json.loads(printed)
    return figures


def report(rows: int, members: int, plain: Figures, stacked: Figures) -> str:
    """The lines to print."""
    return "\n".join(
        [
            f"rows                        {rows:>8,}",
            f"one stacked graph           {stacked['seconds']:8.1f} s for 10 networks, {stacked['compiled']:.1f} s of it to the"
            " end of the first epoch",
            f"Model.fit one by one        {plain['seconds']:8.1f} s for 10 networks, from {members} of them",
            f"ratio                       {plain['seconds'] / stacked['seconds']:8.1f} times as fast",
            f"mse of each, held-out rows  {_sorted(stacked)} stacked; {_sorted(plain)} plain",
        ]
    )


def _sorted(side: Figures) -> str:
    return " ".join(f"{error:.2f}" for error in sorted(side["errors"]))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rows", type=int, default=ROWS)
    arguments.add_argument("--plain-members", type=int, default=PLAIN_MEMBERS)
    arguments.add_argument("--script", type=Path)
    arguments.add_argument("--side", choices=["plain", "stacked"], help=argparse.SUPPRESS)
    options = arguments.parse_args()
    rows, members = options.rows, options.plain_members
    if options.side:
        print(json.dumps(train_stacked(rows) if options.side == "stacked" else train_plain(rows, members)))
        return
    stacked = in_a_fresh_process("stacked", rows, members)
    plain = run_script(options.script, rows, members) if options.script else in_a_fresh_process("plain", rows, members)
    print(report(rows, members, plain, stacked))


if __name__ == "__main__":
    main()
