"""A step of the demo that does not hold ends it, and a system that runs already is used and stays."""

import io
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest
from rich.console import Console

from ordercast.client.follow_training import follow_training
from ordercast.client.model_answers import Prediction
from ordercast.demo import system_of
from ordercast.demo.data_steps import check_features, send_sample, write_data_sets
from ordercast.demo.demand_steps import DEMAND, ask_pairs, ask_products, train_demand, write_forecasts, write_pairs
from ordercast.demo.judge_answers import TRUTH
from ordercast.demo.market_steps import send_market
from ordercast.demo.model_steps import check_answers
from ordercast.demo.story import StepFailed, Story
from ordercast.sample.market.parameters import read_market
from ordercast.system.access import addresses_of, open_access
from ordercast.system.target import LocalSystem
from tests.integration.cli.conftest import Running
from tests.support.oracle_database import connected


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def story(told: list[str]) -> Story:
    return Story(Console(file=io.StringIO()), told.append)


async def test_a_running_system_is_used_and_goes_on_running(running: Running, story: Story, told: list[str]) -> None:
    async with system_of(running.system.folder, 0, story) as system:
        assert system.addresses == addresses_of(running.system.info)
    assert "it is used, and stays" in told[1]
    assert await running.admin.order_api.trends() is not None


async def test_sample_check_and_files_hold_on_a_sound_system(
    running: Running, story: Story, told: list[str], tmp_path: Path
) -> None:
    target = LocalSystem(running.system.folder, running.system.info)
    async with open_access(target) as access:
        posted = await send_sample(access, "uniform", 31, story, orders=50)
    assert posted.orders == 50
    await check_features(target, story)
    assert told[-1] == "verify: 0 differences"
    await write_data_sets(target, tmp_path, story)
    assert len(list(tmp_path.glob("*.xlsx"))) == 4


async def test_a_feature_table_that_differs_ends_the_demo_and_names_the_rows(
    running: Running, story: Story, told: list[str]
) -> None:
    target = LocalSystem(running.system.folder, running.system.info)
    name = f"demo{uuid4().hex[:8]}"
    product = await running.admin.order_api.create_product(name, name, Decimal(1), "USD")
    await running.admin.order_api.place_order([(product.id, 2)])
    await check_features(target, story)
    async with connected(running.database_url) as connection:
        change = "UPDATE feature_rows SET total_quantity = total_quantity + $1 WHERE product_id = $2"
        await connection.execute(change, 1, product.id)
        try:
            with pytest.raises(StepFailed, match="not what its source makes of it"):
                await check_features(target, story)
        finally:
            await connection.execute(change, -1, product.id)
    assert any(f"product_id={product.id}: total_quantity is 3, should be 2" in line for line in told)
    assert told[-1] == "verify: 1 differences"


async def test_demand_is_asked_about_weeks_that_it_does_not_know_and_judged_by_the_truth(
    running: Running, story: Story, told: list[str], tmp_path: Path
) -> None:
    """On a small market, with networks that hardly learn: everything is asked and written, and the truth stands first."""
    async with open_access(LocalSystem(running.system.folder, running.system.info)) as access:
        sent = await send_market(access, 41, 100, tmp_path, story)
        baseline = await access.admin.trainer.start("baseline", members=1, epochs=1)
        training = await train_demand(access, sent, story, publish="always", members=2, epochs=2, seed=1)
        await follow_training(access.admin.trainer, baseline.id, lambda *_: None)
        pairs = await ask_pairs(access, sent, training, 1, story, most=40)
        products = await ask_products(access, sent, story)
    assert read_market(tmp_path / "market_41.json") == sent.history.market
    assert [one.name for one in pairs.standing[:2]] == [TRUTH, DEMAND]
    assert all(one.over_floor > 0 for one in [*pairs.standing[1:], *products.standing[1:]])
    [first, *_] = pairs.answers
    assert (first.account_id, first.product_id) == (
        sent.account_ids[pairs.pairs.account[0]],
        sent.product_ids[pairs.pairs.product[0]],
    )
    assert {week.starts_on for week in products.forecasts[0].weeks} == {
        sent.moment + timedelta(7 * n) for n in range(8)
    }
    write_pairs(tmp_path / "pairs.csv", pairs)
    write_forecasts(tmp_path / "forecasts.csv", sent, products)
    assert len((tmp_path / "pairs.csv").read_text().splitlines()) == 1 + 40


@pytest.mark.parametrize(
    "answer", [Prediction(9.0, 0.5, [3.0, 5.0], "v1", 7), Prediction(4.0, 1.0, [3.0, 5.0], "v0", 7)]
)
def test_an_answer_of_another_version_or_that_is_not_the_mean_ends_the_demo(answer: Prediction) -> None:
    check_answers([Prediction(4.0, 1.0, [3.0, 5.0], "v1", 7)], "v1")
    with pytest.raises(StepFailed, match="no prediction of v1"):
        check_answers([answer], "v1")
