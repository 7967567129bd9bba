"""The stacked network as a Keras layer with a members axis and Keras's own Adam, against the hand-written graph.

    python -m tests.bench.bench_keras_members [--rows 700] [--rounds 3]

Both train all ten members of `baseline` with the same rows, starts, shuffles and dropout masks, each round in fresh processes, in
turns. Shuffles and masks stay ours either way: Keras's own (`fit`, `Dropout`) would draw for a whole group at once, so a member's
networks would depend on its company. Prints the times, and whether groups trained apart give the members that they give together.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from statistics import median
from typing import Any, Final

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import msgspec

from ordercast.services.trainer.networks.fit import EnsembleFit, EpochLosses, TrainedEnsemble
from ordercast.services.trainer.networks.member_groups import joined, member_groups
from ordercast.services.trainer.recipes import BASELINE

ROUNDS: Final = 3
SIDES: Final = ("graph", "keras")


def train_with_keras(fit: EnsembleFit, on_epoch: Callable[[EpochLosses], None], **options: Any) -> TrainedEnsemble:
    """What train_ensemble does, with Keras's layers and optimizer.

    They keep their numbers in variables (Keras's optimizers have no pure step with TensorFlow), so that each group has a network,
    an optimizer and a graph of its own.
    """
    import keras
    import numpy as np
    import tensorflow as tf

    from ordercast.services.trainer.networks import ensemble
    from ordercast.services.trainer.networks.stacked_network import (
        TrainingState,
        draw_keep_masks,
        initial_parameters,
    )

    class MembersDense(keras.layers.Layer):  # type: ignore[misc]
        """One dense layer of all members, with its dropout by a given mask [members, rows, units]."""

        def __init__(self, members: int, layer: Any) -> None:
            super().__init__()
            self.members, self.units, self.rate = members, layer.units, layer.dropout
            self.activation = keras.activations.get(layer.activation)

        def build(self, shape: Any) -> None:
            self.kernel = self.add_weight((self.members, shape[-1], self.units), initializer="zeros", name="kernel")
            self.bias = self.add_weight((self.members, self.units), initializer="zeros", name="bias")

        def call(self, value: Any, keep: Any = None) -> Any:
            value = self.activation(keras.ops.matmul(value, self.kernel) + self.bias[:, None, :])
            return value if keep is None else keras.ops.where(keep, value / (1 - self.rate), 0.0)

    class Members(keras.Model):  # type: ignore[misc]
        def __init__(self, members: int, layers: Sequence[Any]) -> None:
            super().__init__()
            self.stack = [MembersDense(members, layer) for layer in layers]

        def call(self, value: Any, keep: Sequence[Any] = ()) -> Any:
            masks = iter(keep)
            for layer in self.stack:
                value = layer(value, keep=next(masks) if keep and layer.rate else None)
            return value[:, :, 0]

    recipe, rows = msgspec.structs.replace(fit.recipe, members=len(member_groups(fit.recipe.members)[0])), fit.learned
    start, shuffles, dropouts = (int(word) for word in np.random.SeedSequence(fit.seed).generate_state(3) >> 1)
    steps = -(-rows // recipe.batch_size)
    learn, watch = (
        tf.constant(np.stack([fit.inputs[part], fit.targets[part]])) for part in (slice(rows), slice(rows, None))
    )
    real = tf.reshape(tf.cast(tf.range(steps * recipe.batch_size) < rows, tf.float32), [steps, recipe.batch_size])

    def made(group: range) -> tuple[Any, Any]:
        network = Members(recipe.members, recipe.layers)
        network(tf.zeros([recipe.members, 1, 1]))
        network.set_weights(initial_parameters(recipe.layers, start, group))
        optimizer = keras.optimizers.Adam(recipe.learning_rate)
        optimizer.build(network.trainable_variables)
        variables = [variable.value for variable in network.trainable_variables]

        def epoch(number: Any, first: Any) -> tuple[Any, Any]:
            inputs, targets = ensemble._shuffled_batches(recipe, learn, tf.stack([shuffles, number]), first)

            def step(batch: Any, sums: Any) -> tuple[Any, Any]:
                key = tf.stack([dropouts, number * steps + batch])
                keep = draw_keep_masks(recipe.layers, recipe.members, recipe.batch_size, key, first)
                with tf.GradientTape() as tape:
                    missed = tf.square(network(inputs[batch], keep=keep) - targets[batch]) * real[batch]
                    errors = tf.reduce_sum(missed, axis=1)
                    loss = tf.reduce_sum(errors) / tf.reduce_sum(real[batch])
                optimizer.apply(tape.gradient(loss, variables), network.trainable_variables)
                return batch + 1, sums + errors

            begin = (tf.constant(0), tf.zeros([recipe.members]))
            _, sums = tf.while_loop(lambda batch, _: batch < steps, step, begin, maximum_iterations=steps)
            unseen = tf.broadcast_to(watch[0][None, :, None], [recipe.members, watch.shape[1], 1])
            return sums / rows, tf.reduce_mean(tf.square(network(unseen) - watch[1]), axis=1)

        return network, tf.function(epoch, autograph=False, jit_compile=True)

    groups = options.get("groups") or member_groups(fit.recipe.members)
    networks = [made(group) for group in groups]

    def pass_rows(number: int, group: range, network: tuple[Any, Any]) -> Any:
        loss, val_loss = network[1](tf.constant(number), tf.constant(group.start))
        return loss.numpy(), val_loss.numpy()

    with ThreadPoolExecutor(min(options.get("threads", 1), len(groups))) as pool:
        for number in range(recipe.epochs):
            passed = list(pool.map(partial(pass_rows, number), groups, networks))
            loss, val_loss = (tuple(np.concatenate(losses).tolist()) for losses in zip(*passed, strict=True))
            on_epoch(EpochLosses(number + 1, loss, val_loss))
    states = [TrainingState([v.value for v in network.trainable_variables], [], []) for network, _ in networks]
    return TrainedEnsemble(ensemble._named(states, fit.recipe.members), loss, val_loss)


def train(side: str, rows: int) -> dict[str, Any]:
    """Seconds to the end of the first epoch and of the training, and whether groups apart give the same networks."""
    import numpy as np

    from ordercast.services.trainer.networks.import_tensorflow import import_tensorflow

    import_tensorflow(os.cpu_count() or 1)
    from ordercast.services.trainer.networks.ensemble import train_ensemble

    fit_members = train_with_keras if side == "keras" else train_ensemble
    random = np.random.default_rng(1)
    inputs = random.normal(size=rows).astype(np.float32)
    targets = (5 + 2 * np.sin(2 * inputs) + random.normal(size=rows)).astype(np.float32)
    fit = EnsembleFit(BASELINE, 1, inputs, targets, rows * 8 // 10)
    ticks: list[float] = []
    began, used = time.perf_counter(), time.process_time()
    together = fit_members(fit, lambda _: ticks.append(time.perf_counter()), threads=os.cpu_count() or 1)
    ended, used = time.perf_counter(), time.process_time() - used
    parts = [fit_members(fit, lambda _: None, groups=[group]) for group in member_groups(BASELINE.members)]
    apart = joined(parts).arrays
    same = all(apart[name].tobytes() == array.tobytes() for name, array in together.arrays.items())
    return {
        "first": ticks[0] - began,
        "epochs": ended - ticks[0],
        "processor": used,
        "same": same,
        "loss": float(np.mean(together.val_loss)),
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rows", type=int, default=700)
    arguments.add_argument("--rounds", type=int, default=ROUNDS)
    arguments.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if options.side:
        print(json.dumps(train(options.side, options.rows)))
        return
    figures: dict[str, list[dict[str, Any]]] = {side: [] for side in SIDES}
    for _ in range(options.rounds):
        for side in SIDES:
            command = [
                sys.executable,
                "-m",
                "tests.bench.bench_keras_members",
                "--side",
                side,
                "--rows",
                str(options.rows),
            ]
            printed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
            figures[side].append(json.loads(printed))
    for side, rounds in figures.items():
        first, epochs, used = (median(each[part] for each in rounds) for part in ("first", "epochs", "processor"))
        same = "the same to the bit" if all(each["same"] for each in rounds) else "other networks"
        print(
            f"{side:<6} {first:6.2f} s to the end of the first epoch, {epochs:6.2f} s for the others, "
            f"{used:6.2f} s of processor time; val_loss {rounds[0]['loss']:.4f}; groups apart: {same}"
        )


if __name__ == "__main__":
    main()
