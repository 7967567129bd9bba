"""What the curve of predictions draws."""

from ordercast.client.model_answers import Prediction, Predictions
from ordercast.services.console.predict.read_prediction import STEPS, Curve


def test_a_curve_of_small_answers_rises_with_each_step() -> None:
    """Rounded to three decimals, answers about 0.03 were a staircase."""
    quantities = [0.03 + 0.000_05 * step for step in range(STEPS + 1)]
    answers = [
        Prediction(quantity, 0.004, [quantity, 1.1 * quantity], "20261120T0300-b", 100 * step)
        for step, quantity in enumerate(quantities)
    ]
    plot = Curve(Predictions(answers, "20261120T0300-b"), 0, 100).plot
    for line in (plot["mean"], plot["low"], plot["high"], *plot["members"]):
        assert len(set(line)) == STEPS + 1
