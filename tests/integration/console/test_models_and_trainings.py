"""Versions and trainings in tables; what changes anything is asked for first."""

import asyncio
from typing import Any

import pytest

from tests.integration.console.test_log_in import csrf_in, log_in, reading
from tests.support.console_answers import training
from tests.support.console_predictions import Predictions
from tests.support.console_services import Shop, console_of
from tests.support.korean_pages import english_in

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
        await reader.log_in_by_keyboard()
        await reader.press("nav >> text=Models")
        await reader.page.wait_for_url("**/models")
        text = await reader.page.inner_text("main")
        for told in ("20261120T0400-d is pinned", "error from 0.79 to 0.71 over 3 versions", "20.0% less", "120,345"):
            assert told in text
        await reader.picture("models")
        assert await reader.violations() == []
        await reader.press("text=Roll back to 20261113T0400-d…")
        await reader.page.wait_for_url("**/serve")
        assert shop.predictions.done == []
        assert "ordercast models activate 20261113T0400-d" in await reader.page.inner_text("main")
        await reader.picture("model-serve")
        assert await reader.violations() == []
        await reader.press("button.main")
        await reader.page.wait_for_url("**/models#20261113T0400-d")
        assert shop.predictions.done == [("activate", "20261113T0400-d")]
        assert reader.problems == []


async def test_by_keyboard_versions_are_compared_looked_at_activated_and_pinned(open_reader: Any) -> None:
    shop = Shop()
    async with console_of(shop) as address:
        reader = await open_reader(address)
        page, press = reader.page, reader.press
        await reader.log_in()
        await page.goto(f"{address}/models")
        await press("section[aria-labelledby=demand] form button")
        await page.wait_for_url(lambda url: url.endswith("/compare?first=20261113T0400-d&second=20261120T0400-d"))
        text = await page.inner_text("main")
        assert "1 of 105 fields of their manifests differ." in text
        assert "As of " in text
        assert "ordercast models diff 20261113T0400-d 20261120T0400-d" in await page.inner_html("main")
        await press("text=Show all")
        await page.get_by_role("cell", name="the same").first.wait_for()
        assert await reader.violations() == []

        await page.goto(f"{address}/models")
        await press("th a[href='/models/20261113T0400-d']")
        await page.wait_for_url("**/models/20261113T0400-d")
        text = await page.inner_text("main")
        for told in ("91.3% of 4,210 intervals of 90% held what came.", "0.84", "dashed: network 3.", "6.2 days old"):
            assert told in text
        await press("text=Its model card")
        await page.wait_for_url("**/card")
        assert "Calibration of P(order)" in await page.inner_text("main")
        assert "ordercast models card 20261113T0400-d" in await page.inner_text("header")
        await reader.picture("model-card")
        # Drawn in its own style, which its policy lets in.
        assert await page.evaluate("getComputedStyle(document.body).maxWidth") == "1088px"
        assert await reader.violations() == []
        await press("header a[href='/models/20261113T0400-d']")
        await page.wait_for_url("**/models/20261113T0400-d")

        for version in ("20261119T0300-b", "20261120T0300-b"):  # activate one, pin the one that serves
            await page.goto(f"{address}/models")
            await press(f"a[href='/models/{version}/serve']")
            await page.wait_for_url("**/serve")
            await press("button.main")
            await page.wait_for_url(f"**/models#{version}")
        assert shop.predictions.done == [("activate", "20261119T0300-b"), ("activate", "20261120T0300-b")]
        assert reader.problems == []


async def test_the_card_of_damaged_files_is_told_and_nothing_but_its_style_is_let_in() -> None:
    async with reading(Shop()) as http:
        await log_in(http, "olga")
        card = await http.get("/models/20261113T0400-d/card")
        policy = card.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "unsafe" not in policy
        assert card.headers["cache-control"] == "no-store"
        korean = await http.get("/models/20261113T0400-d/card", headers={"accept-language": "ko"})
        assert '<html lang="ko">' in korean.text
        assert english_in(korean.text) == []
        damaged = await http.get("/models/20261106T0400-d/card")
        assert damaged.status_code == 409
        assert "The files are gone or damaged" in damaged.text


async def test_versions_of_two_recipes_are_not_compared() -> None:
    async with reading(Shop()) as http:
        await log_in(http, "olga")
        answer = await http.get("/models/compare?first=20261113T0400-d&second=20261120T0300-b")
        assert answer.status_code == 422
        assert "they answer different questions" in answer.text


async def test_the_losses_of_ten_networks_come_by_themselves_until_the_training_has_ended(open_reader: Any) -> None:
    def at(epoch: int, status: str, **more: Any) -> dict[str, Any]:
        return training(1, status, progress={"epoch": epoch, "epochs": 90}, **more)

    shop = Shop(predictions=Predictions(trainings=[at(2, "running")]))
    async with console_of(shop) as address:
        reader = await open_reader(address)
        await reader.log_in(at="/trainings")
        await reader.page.click("th >> a")
        await reader.page.get_by_text("Loss of 10 networks after epoch 2 of 30").wait_for()
        await reader.page.click("summary >> text=As a table")
        looked = {"question": "line", "epoch": 30, "collapsed": [3], "trained_again": [3], "attempt": 2, "attempts": 3}
        shop.predictions.trainings = [at(30, "running", networks=[looked])]
        await reader.page.get_by_text("Answers one constant, dashed: network 4.").wait_for()
        assert (
            await reader.page.get_by_text("trained again, 2nd of 3").count() == 2
        )  # beside the lines, and in the table
        assert await reader.page.locator(".losses .collapsed").count() == 1
        assert await reader.page.get_by_role("status").inner_text() == "It runs. 1 network answers one constant."
        await reader.picture("training-networks")
        assert await reader.violations() == []
        known = {"networks": [looked | {"attempt": 0}]}
        shop.predictions.trainings = [at(31, "running", **known)]
        await reader.page.get_by_text("Loss of 10 networks after epoch 1 of 30").wait_for()
        assert await reader.page.get_by_text("after epoch 30 of 30").count() == 1
        shop.predictions.trainings = [at(35, "running", **known)]
        await reader.page.get_by_text("At this pace the epochs that are left take some").wait_for()
        assert await reader.page.get_by_role("columnheader", name="Loss at last").first.is_visible()
        assert await reader.violations() == []
        ended = {"verdict": "published", "verdict_reason": "better than naive", "model_version": "20261120T0400-d"}
        shop.predictions.trainings = [at(90, "succeeded", **ended)]
        await reader.page.get_by_text("published: better than naive").wait_for()
        assert await reader.page.get_by_role("status").inner_text() == "It has ended, and succeeded."
        await reader.page.get_by_text("Answers one constant, dashed: network 3.").wait_for()
        assert await reader.page.locator(".losses .collapsed").count() == 1
        assert await reader.violations() == []
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
        await reader.log_in(at="/trainings")
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
        while not shop.predictions.done:
            await asyncio.sleep(0.05)
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
        for over in (TRAININGS[1], TRAININGS[5]):
            page = (await http.get(f"/trainings/{over['id']}/cancel")).text
            assert "there is nothing to cancel" in page
            assert "Cancel the training" not in page


async def test_with_a_service_away_or_nothing_there_the_pages_say_what_to_do() -> None:
    async with reading(Shop(), away=("predictor", "trainer")) as http:
        await log_in(http, "olga")
        for path in ("/models", "/models/x", "/models/compare?first=x&second=y", "/models/x/card"):
            assert "ordercast restart predictor" in (await http.get(path)).text
        assert "ordercast restart trainer" in (await http.get(f"/trainings/{TRAININGS[0]['id']}")).text
        assert "ordercast restart trainer" in (await http.get("/trainings")).text
    async with reading(Shop(predictions=Predictions(models=[]))) as http:
        await log_in(http, "olga")
        assert "ordercast train --recipe demand" in (await http.get("/models")).text
