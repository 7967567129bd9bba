"""The plain way to predict: ten Keras files and a joblib scaler. `python plain_prediction.py FOLDER VIEW_COUNT` prints it."""

import sys

import joblib
import keras
import numpy as np


def main(folder: str, view_count: float) -> None:
    scaler = joblib.load(f"{folder}/ordersModelScaler.pkl")
    scaled = scaler.transform(np.array([[view_count]]))
    answers = [
        float(keras.models.load_model(f"{folder}/ordersModel_{number}.h5", compile=False)(scaled)[0, 0])
        for number in range(1, 11)
    ]
    sys.stdout.write(f"{np.mean(answers):.9f}\n")


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
