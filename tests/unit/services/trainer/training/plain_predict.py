"""A script of somebody else's: Keras, joblib and the exported files, nothing of Ordercast. See test_train_model.py."""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import joblib
import numpy as np
import tensorflow as tf

folder, members, *view_counts = sys.argv[1:]
scaler = joblib.load(f"{folder}/ordersModelScaler.pkl")
networks = [
    tf.keras.models.load_model(f"{folder}/ordersModel_{index}.h5", custom_objects={"mse": "mse"})
    for index in range(1, int(members) + 1)
]
for view_count in view_counts:
    row = scaler.transform(np.array([[float(view_count)]]))
    print(np.mean([float(network.predict(row, verbose=0).flatten()[0]) for network in networks]))  # noqa: T201
