"""The export for plain scripts: each member as a Keras HDF5 file, and the scaler as scikit-learn and joblib keep it.

The predictor never reads these: loading them executes code.
"""

import logging
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import joblib
import keras
from sklearn.preprocessing import StandardScaler

from ordercast.contracts.ensemble_forward import Floats, bias_name, kernel_name
from ordercast.contracts.model_manifest import Recipe

SCALER_EXPORT: Final = "ordersModelScaler.pkl"
WARNING_FILE: Final = "READ_BEFORE_LOADING.txt"
WARNING: Final = f"""\
{SCALER_EXPORT} and the .h5 files are an export for plain scripts. Loading them runs code that is in them: joblib's pickle any,
HDF5 what Keras lets through. So load them only from a folder that nobody else could write to, and after checking them against
the sizes and SHA-256 in manifest.json, whose own SHA-256 the table `models` has, signed by the trainer. Ordercast itself never
loads them: weights.safetensors and scaler.json hold the same numbers, and nothing that runs.
"""


def member_export(member: int) -> str:
    """File name of a member, counted from 1."""
    return f"ordersModel_{member}.h5"


def export_keras(folder: Path, recipe: Recipe, arrays: Mapping[str, Floats], scaler: StandardScaler) -> None:
    """Write all members and the scaler into `folder`."""
    (folder / WARNING_FILE).write_text(WARNING)
    joblib.dump(scaler, folder / SCALER_EXPORT)
    network = keras_network(recipe)  # built once: only the weights differ
    with warnings.catch_warnings():
        # Keras 3.15 asks TensorFlow's variables for an array in a way that numpy 2 is about to drop.
        warnings.filterwarnings("ignore", "__array__ implementation doesn't accept a copy", DeprecationWarning)
        level = logging.getLogger("absl").level
        logging.getLogger("absl").setLevel(logging.ERROR)  # HDF5 is legacy to Keras, and what plain scripts load
        try:
            for member in range(recipe.members):
                names = [name for i in range(len(recipe.layers)) for name in (kernel_name(i), bias_name(i))]
                network.set_weights([arrays[name][member] for name in names])
                network.save(folder / member_export(member + 1))
        finally:
            logging.getLogger("absl").setLevel(level)


def keras_network(recipe: Recipe) -> Any:
    """One member as Keras builds it, compiled as the recipe says."""
    layers = [keras.layers.Input((1,))]
    for layer in recipe.layers:
        layers.append(keras.layers.Dense(layer.units, activation=layer.activation))
        if layer.dropout:
            layers.append(keras.layers.Dropout(layer.dropout))
    network = keras.Sequential(layers)
    network.compile(optimizer=keras.optimizers.Adam(recipe.learning_rate), loss="mse", metrics=["mae"])
    return network
