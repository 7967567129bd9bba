"""The steps of the demo that train models and ask them."""

import csv
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from ordercast.client.database import slices, snapshot
from ordercast.client.follow_training import follow_training, until_served
from ordercast.client.model_answers import Prediction
from ordercast.client.training_answers import Training
from ordercast.demo.draw_predictions import Point, draw_predictions
from ordercast.demo.story import StepFailed, Story
from ordercast.progress import member_bars
from ordercast.sample.make_sample import VIEWS_MAX
from ordercast.sample.post_sample import PostedSample
from ordercast.system.access import Access
from ordercast.system.target import NotGiven

# View counts whose predictions are told, and the step of the curve in the picture (views).
TOLD_VIEWS: Final = (1_000, 3_000, 5_500, 8_000, 10_000)
CURVE_STEP: Final = 50
TOLD_PAIRS: Final = 3
# Points in the picture: more would only hide each other.
POINTS_MAX: Final = 10_000

POINTS_SQL: Final = """
    SELECT f.view_count, f.first_quantity,
        CASE WHEN p.sku LIKE 'uniform-%' THEN 'uniform sample' WHEN p.sku LIKE 'signal-%' THEN 'signal sample'
            WHEN p.sku LIKE 'market-%' THEN 'market' ELSE 'other data' END
    FROM feature_rows f JOIN products p ON p.id = f.product_id
    WHERE f.order_count > 0 ORDER BY md5(f.account_id || '/' || f.product_id) LIMIT $1
"""


async def train(access: Access, story: Story) -> Training:
    """Trains the recipe `baseline` on the feature table and tells how good it is.

    Raises:
        StepFailed: it did not succeed.
    """
    with suppress(NotGiven):
        groups = Counter(point.group for point in await _points(access.target.database_url))
        story.say(f"To learn from: {', '.join(f'{pairs:,} pairs of the {group}' for group, pairs in groups.items())}")
    began = time.monotonic()
    started = await access.admin.trainer.start("baseline")
    with member_bars(story.console) as progress:
        training = await follow_training(access.admin.trainer, started.id, progress.show, progress.wait)
    if training.status != "succeeded" or training.metrics is None:
        raise StepFailed(f"the training {training.status}: {training.error}")
    metrics = training.metrics
    story.say(
        f"{training.model_version} in {time.monotonic() - began:.1f} s; on {metrics.holdout_rows:,} held-out rows:"
    )
    named = (("ensemble", metrics.ensemble), ("mean", metrics.mean), ("straight line", metrics.line))
    for name, errors in named:
        story.say(f"  {name:<14} mse {errors.mse:7.4f}   mae {errors.mae:7.4f}")
    beaten = [name for name, errors in named[1:] if metrics.ensemble.mse < errors.mse]
    story.say(f"  The ensemble beats {' and '.join(f'the {name}' for name in beaten) or 'neither of the two'}.")
    for line in training.judgement.lines() if training.judgement else ():
        story.say(f"  {line}")
    return training


async def predict(access: Access, posted: PostedSample, training: Training, out: Path, story: Story) -> None:
    """Asks the predictor for view counts and pairs, and draws the curve.

    Raises:
        StepFailed: it does not serve the new version, or an answer is not the mean of its members.
    """
    assert training.model_version is not None  # noqa: S101 - of a training that succeeded
    await access.expect("predictor")
    await until_served(access.admin.predictor, training.model_version)
    curve = (await access.admin.predictor.predict_views(range(0, VIEWS_MAX + 1, CURVE_STEP))).data
    pairs = [(posted.account_ids[0], product) for product in posted.product_ids[:TOLD_PAIRS]]
    of_pairs = (await access.admin.predictor.predict_pairs(pairs)).data
    check_answers([*curve, *of_pairs], training.model_version)
    for prediction in (prediction for prediction in curve if prediction.view_count in TOLD_VIEWS):
        story.say(f"  {prediction.view_count:>6,} views: {_quantity(prediction)}")
    for prediction in of_pairs:
        pair = f"account {prediction.account_id}, product {prediction.product_id}"
        story.say(f"  {pair}, {prediction.view_count:,} views: {_quantity(prediction)}")
    _write(out / "predictions.csv", curve)
    with story.part("the picture of the predictions"):
        draw_predictions(out / "prediction_curve.png", curve, await _points(access.target.database_url))
        story.say(f"{out / 'prediction_curve.png'}  the curve, its band and the data behind it")


def check_answers(predictions: Sequence[Prediction], version: str) -> None:
    """Raises StepFailed unless each comes from that version and is the mean of its members."""
    for prediction in predictions:
        mean = sum(prediction.members) / len(prediction.members)
        if prediction.model_version != version or abs(prediction.quantity - mean) > 1e-6 * max(1.0, abs(mean)):
            raise StepFailed(f"this is no prediction of {version}: {prediction}")


def _quantity(prediction: Prediction) -> str:
    return f"{prediction.quantity:.2f} pieces, spread {prediction.spread:.2f}"


def _write(path: Path, predictions: Sequence[Prediction]) -> None:
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["viewCount", "quantity", "spread", "modelVersion"])
        rows.writerows((p.view_count, p.quantity, p.spread, p.model_version) for p in predictions)


async def _points(database_url: str) -> list[Point]:
    async with snapshot(database_url, application="ordercast demo") as connection:
        return [Point(*row) async for rows in slices(connection, POINTS_SQL, POINTS_MAX) for row in rows]
