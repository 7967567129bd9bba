"""Orders and views in over HTTP, predictions out: every part is a process, or with --stack=containers a container, of its own."""

import asyncio
import sys
from pathlib import Path

import pandas as pd
import pytest

from ordercast.client.errors import ProblemAnswer
from ordercast.client.training_answers import FINISHED, Training
from ordercast.contracts.model_manifest import MANIFEST_FILE
from ordercast.reading.export import export
from tests.e2e.conftest import PASSWORD, Shop

# The first test starts a whole system, and the first one after that trains: minutes on a busy machine.
pytestmark = pytest.mark.timeout(900)
PLAIN_SCRIPT = Path(__file__).with_name("plain_prediction.py")
# The plain script and the predictor both compute in float32.
TOLERANCE = 1e-4


@pytest.fixture(scope="module")
async def training(shop: Shop) -> Training:
    """A training with few epochs that has ended, on the rows of the sample."""
    await shop.verified()  # the table has caught up
    started = await shop.admin.trainer.start("baseline", epochs=3, seed=7)
    seen = [event async for event in shop.admin.trainer.events(started.id)]
    assert seen, "a training tells of its progress"
    while (training := await shop.admin.trainer.get(started.id)).status not in FINISHED:
        await asyncio.sleep(0.1)
    return training


async def test_the_feature_table_equals_what_pandas_makes_of_orders_and_views(shop: Shop) -> None:
    assert (shop.posted.orders, shop.posted.failures) == (300, [])
    verification = await shop.verified()
    assert verification.differences == []
    assert verification.feature_rows == 7 * 100
    assert verification.order_items == sum(len(order.items) for order in shop.sample.orders())


async def test_the_exports_are_what_pandas_makes_of_each_other(shop: Shop, tmp_path: Path) -> None:
    await shop.verified()
    await export(shop.system.database_url, tmp_path, "csv")
    orders = pd.read_csv(tmp_path / "orders_data.csv")
    views = pd.read_csv(tmp_path / "view_counts_data.csv")
    pair = ["accountId", "productId"]
    joined = orders.merge(views, how="left", on=pair).fillna({"viewCount": 0}).astype({"viewCount": "int64"})
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "preprocessed_orders_data.csv"), joined)
    first = joined.drop_duplicates(pair, keep="first").reset_index(drop=True)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "orders_data_after_drop_duplication.csv"), first)


async def test_a_training_publishes_a_version_that_the_predictor_serves(shop: Shop, training: Training) -> None:
    assert (training.status, training.error) == ("succeeded", None)
    assert training.model_version
    async with asyncio.timeout(30):
        while (await shop.admin.predictor.current_model()).version != training.model_version:
            await asyncio.sleep(0.1)
    predictions = await shop.admin.predictor.predict_views([0, 1_000, 5_000])
    assert predictions.model_version == training.model_version
    assert [len(prediction.members) for prediction in predictions.data] == [10, 10, 10]


async def test_a_plain_keras_script_on_the_exported_files_gives_the_predictors_number(
    shop: Shop, training: Training, tmp_path: Path
) -> None:
    artifacts = tmp_path / "artifacts"
    await asyncio.to_thread(shop.system.copy_artifacts, artifacts)
    (folder,) = [manifest.parent for manifest in artifacts.rglob(MANIFEST_FILE)]
    plain = await asyncio.create_subprocess_exec(
        sys.executable, str(PLAIN_SCRIPT), str(folder), "4321", stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await plain.communicate()
    (ours,) = (await shop.admin.predictor.predict_views([4321])).data
    assert ours.quantity == pytest.approx(float(printed.split()[-1]), rel=TOLERANCE)


async def test_a_customer_asks_for_a_pair_and_sees_its_own_only(shop: Shop, training: Training) -> None:
    account, other = shop.posted.account_ids[:2]
    product = shop.posted.product_ids[0]
    user = await shop.anonymous.log_in(shop.sample.accounts[0].email, PASSWORD)
    features = await user.predictor.features(account, product)
    prediction = await user.predictor.predict(account, product)
    assert prediction.view_count == features.view_count >= 1_000
    assert prediction.features_as_of is not None
    assert (await user.predictor.predict_views([features.view_count])).data[0].quantity == pytest.approx(
        prediction.quantity, rel=TOLERANCE
    )
    with pytest.raises(ProblemAnswer) as refused:
        await user.predictor.predict(other, product)
    assert refused.value.status in (403, 404)


async def test_trends_add_up_to_the_orders(shop: Shop) -> None:
    await shop.verified()
    trends = await shop.admin.order_api.trends()
    assert sum(day.orders for day in trends.days) > 0
    assert sum(day.order_lines for day in trends.days) >= sum(day.orders for day in trends.days)
    assert len(trends.top_products) > 0
