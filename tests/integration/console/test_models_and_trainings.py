"""Versions and trainings in tables; what changes anything is asked for first."""

import asyncio
from typing import Any

import pytest

from tests.integration.console.test_log_in import csrf_in, log_in, reading
from tests.support.console_predictions import Predictions, training
from tests.support.console_services import Shop, console_of

TRAININGS = [
    training(1, "running"),
    training(2, "succeeded", verdict="published", verdict_reason="better than naive", model_version="20261120T0400-d"),
    training(3, "succeeded", verdict="rejected", verdict_reason="worse than what serves"),
    training(4, "failed", error="no order has come in yet"),
    training(5, "queued", started_at=None, finished_at=None, progress={"epoch": 0, "epochs": 90}, asked_by=7),
    training(6, "cancelled"),
]


async def test_by_keyboard_a_version_is_rolled_back_to_after_asking(open_reader: Any) -> None:
    shop = Shop()
    async with console_of(shop) as address:
        reader = await open_reader(address)
        await reader.log_in()
        await reader.page.click("nav >> text=Models")
        text = await reader.page.inner_text("main")
        for told in ("20261120T0400-d is pinned", "error from 0.79 to 0.71 over 3 versions", "20.0% less", "120,345"):
            assert told in text
        await reader.picture("models")
        assert await reader.violations() == []
        await reader.page.focus("text=Roll back to 20261113T0400-d…")
        await reader.page.keyboard.press("Enter")
        await reader.page.wait_for_url("**/serve")
        assert shop.predictions.done == []
        assert "ordercast models activate 20261113T0400-d" in await reader.page.inner_text("main")
        await reader.picture("model-serve")
        assert await reader.violations() == []
        await reader.page.focus("button.main")
        await reader.page.keyboard.press("Enter")
        await reader.page.wait_for_url("**/models#20261113T0400-d")
        assert shop.predictions.done == [("activate", "20261113T0400-d")]
        assert reader.problems == []


async def test_a_pin_is_removed_after_asking() -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "olga")
        asked = await http.get("/models/pin/remove?recipe=demand")
        assert "ordercast models unpin --recipe demand" in asked.text
        form = {"csrf": csrf_in(asked.text), "recipe": "demand"}
        assert (await http.post("/models/pin/remove", data=form)).status_code == 303
        assert shop.predictions.done == [("unpin", "demand")]


@pytest.mark.parametrize("path", ["/models/20261113T0400-d/serve", "/models/pin/remove", f"/trainings/{1:032x}/cancel"])
async def test_what_is_refused_is_told_where_it_was_asked_for(path: str) -> None:
    shop = Shop(predictions=Predictions(refuse="the artifacts are damaged"))
    async with reading(shop) as http:
        await log_in(http, "olga")
        csrf = csrf_in((await http.get("/trainings")).text)
        answer = await http.post(path, data={"csrf": csrf})
        assert answer.status_code == 409
        assert "the artifacts are damaged" in answer.text


@pytest.mark.parametrize(
    "path", ["/models/20261113T0400-d/serve", "/models/pin/remove", "/trainings", f"/trainings/{1:032x}/cancel"]
)
@pytest.mark.parametrize("name", ["olga", "carl"])
async def test_nothing_is_done_without_the_form_s_token_or_for_a_customer(path: str, name: str) -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, name)
        csrf = csrf_in((await http.get("/")).text) if name == "carl" else "made up"
        answer = await http.post(path, data={"csrf": csrf})
        assert answer.status_code == 403
        assert shop.predictions.done == []


async def test_a_training_is_started_with_a_form_and_its_progress_comes_by_itself(open_reader: Any) -> None:
    shop = Shop()
    async with console_of(shop) as address:
        reader = await open_reader(address)
        await reader.page.clock.install()
        await reader.log_in()
        await reader.page.click("nav >> text=Trainings")
        assert "There was none yet" in await reader.page.inner_text("main")
        await reader.picture("trainings-empty")
        await reader.page.select_option("[name=horizon_days]", "14")
        await reader.page.fill("[name=epochs]", "5")
        await reader.page.click("button.main")
        await reader.page.wait_for_url("**/trainings")
        assert shop.predictions.done == [("start", {"recipe": "demand", "horizon_days": 14, "epochs": 5})]
        shop.predictions.trainings = TRAININGS
        await reader.page.clock.run_for(15_500)
        await reader.page.get_by_text("epoch 12 of 90").wait_for()
        shop.predictions.trainings = [training(1, "running", progress={"epoch": 13, "epochs": 90}), *TRAININGS[1:]]
        await reader.page.clock.run_for(2_500)
        await reader.page.get_by_text("epoch 13 of 90").wait_for()
        text = await reader.page.inner_text("main")
        for told in ("published: better than naive", "worse than what serves", "no order has come in yet", "95 s"):
            assert told in text
        await reader.picture("trainings")
        assert await reader.violations() == []
        assert reader.problems == []


async def test_a_double_click_starts_one_training(open_reader: Any) -> None:
    shop = Shop()
    async with console_of(shop) as address:
        reader = await open_reader(address)
        await reader.log_in()
        await reader.page.goto(f"{address}/trainings")
        shop.predictions.may_start.clear()
        sent: list[str] = []
        reader.page.on("request", lambda request: sent.append(request.method))
        button = await reader.page.locator("button.main").bounding_box()
        # As a mouse does it: a click on the button itself would wait for the page that is to come.
        for clicks in (1, 2):
            await reader.page.mouse.click(button["x"] + 5, button["y"] + 5)
            while sent.count("POST") < clicks:
                await asyncio.sleep(0.05)
            await shop.predictions.asked_to_start.wait()
        shop.predictions.may_start.set()
        await reader.page.wait_for_load_state("networkidle")
        assert shop.predictions.done == [("start", {"recipe": "demand"})]
        # Another one, of a page that was loaded since.
        await reader.page.goto(f"{address}/trainings")
        await reader.page.click("button.main")
        await reader.page.wait_for_load_state("networkidle")
        assert len(shop.predictions.done) == 2


async def test_what_was_typed_stays_where_the_trainer_refuses_it() -> None:
    shop = Shop(predictions=Predictions(refuse="baseline has no horizon"))
    async with reading(shop) as http:
        await log_in(http, "olga")
        csrf = csrf_in((await http.get("/trainings")).text)
        form = {"csrf": csrf, "recipe": "baseline", "horizon_days": "14", "members": "", "epochs": "7", "publish": ""}
        answer = await http.post("/trainings", data=form)
        assert answer.status_code == 409
        assert "baseline has no horizon" in answer.text
        assert "<option selected>14</option>" in answer.text
        assert 'name="epochs" min="1" value="7"' in answer.text
        assert "ordercast train --recipe baseline --horizon-days 14 --epochs 7" in answer.text


async def test_a_training_is_cancelled_after_asking() -> None:
    shop = Shop(predictions=Predictions(trainings=TRAININGS))
    async with reading(shop) as http:
        await log_in(http, "olga")
        path = f"/trainings/{TRAININGS[0]['id']}/cancel"
        asked = await http.get(path)
        assert "epoch 12 of 90" in asked.text
        await http.post(path, data={"csrf": csrf_in(asked.text)})
        assert shop.predictions.done == [("cancel", TRAININGS[0]["id"])]


async def test_with_a_service_away_or_nothing_there_the_pages_say_what_to_do() -> None:
    async with reading(Shop(), away=("predictor", "trainer")) as http:
        await log_in(http, "olga")
        assert "ordercast restart predictor" in (await http.get("/models")).text
        assert "ordercast restart trainer" in (await http.get("/trainings")).text
    async with reading(Shop(predictions=Predictions(models=[]))) as http:
        await log_in(http, "olga")
        assert "ordercast train --recipe demand" in (await http.get("/models")).text
