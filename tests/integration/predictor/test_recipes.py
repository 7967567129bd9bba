"""Each recipe has a version of its own that is served, a pin of its own, and refusals that are no matter of the other's."""

import json
import shutil

import httpx
import pytest

from ordercast.contracts.demand_manifest import weights_file
from ordercast.contracts.model_manifest import MANIFEST_FILE
from tests.integration.predictor.conftest import Workplace
from tests.integration.predictor.watch import eventually, eventually_listens, eventually_serves, serves, states
from tests.support.demand_versions import WrittenDemand
from tests.support.fresh_topics import FreshTopics


async def serves_demand(client: httpx.AsyncClient, model: WrittenDemand) -> bool:
    current = await client.get("/models/current?recipe=demand")
    return current.status_code == 200 and current.json()["version"] == model.version


async def test_versions_of_both_recipes_are_served_beside_each_other(workplace: Workplace) -> None:
    older, baseline = await workplace.publish(1.0), await workplace.publish(2.0)
    demand = await workplace.publish_demand()
    async with workplace.predictor() as client:
        await eventually_serves(client, baseline)
        await eventually(lambda: serves_demand(client, demand))
        assert await states(client) == {
            older.version: "available",
            baseline.version: "current",
            demand.version: "current",
        }
        shown = (await client.get(f"/models/{demand.version}")).json()
        assert (shown["recipe"], shown["members"], shown["judgement"]) == ("demand", 3, None)
        assert shown["metrics"]["questions"]["pair"]["better_than"] == {"rate so far": 0.375}
        current = (await client.get("/models/current?recipe=demand")).json()
        assert (current["recipe"], current["metrics"]) == ("demand", shown["metrics"])


async def test_a_version_is_shown_with_its_manifest_and_the_ids_of_its_worst_rows_to_admins_alone(
    workplace: Workplace,
) -> None:
    demand = await workplace.publish_demand()
    whole = json.loads((demand.folder / MANIFEST_FILE).read_bytes())
    async with workplace.predictor() as client:
        address = f"/models/{demand.version}"
        of_admin = (await client.get(address, headers=workplace.token(1, "ADMIN"))).json()
        assert of_admin["manifest"] == whole
        anonymous = (await client.get(address)).json()
        customer = (await client.get(address, headers=workplace.token(7))).json()
        assert customer["manifest"] == anonymous["manifest"]  # its state changes while it is loaded
        [worst] = whole["diagnostics"]["pair"]["influential"]
        assert anonymous["manifest"]["diagnostics"]["pair"]["influential"] == [
            worst | {"account_id": None, "product_id": None}
        ]
        assert anonymous["manifest"]["diagnostics"]["pair"]["curves"] == whole["diagnostics"]["pair"]["curves"]
        assert (await client.get(address, headers={"Authorization": "Bearer nonsense"})).status_code == 401
        assert "manifest" not in (await client.get("/models")).json()["data"][0]
        card = await client.get(f"{address}/card")
        assert (card.status_code, card.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "default-src 'none'" in card.headers["content-security-policy"]
        assert "<td>70</td>" not in card.text
        of_admin_too = await client.get(f"{address}/card", headers=workplace.token(1, "ADMIN"))
        assert "<td>70</td>" in of_admin_too.text
        shutil.rmtree(demand.folder)
        assert (await client.get(f"{address}/card")).json()["type"] == "/problems/model-refused"


async def test_without_a_version_of_demand_the_predictor_is_ready_and_says_what_is_missing(
    workplace: Workplace, fresh_topics: FreshTopics
) -> None:
    model = await workplace.publish(1.0)
    async with workplace.predictor() as client:
        await eventually_serves(client, model)
        await eventually_listens(client)
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
        assert {name for name, state in ready.json()["checks"].items() if state != "ok"} == {"model of demand"}
        missing = await client.get("/models/current?recipe=demand")
        assert (missing.status_code, missing.json()["type"]) == (503, "/problems/no-model")
        assert "demand" in missing.json()["detail"]
        assert (await client.get("/models/current?recipe=other")).status_code == 422
        admin = workplace.token(1, "ADMIN")
        assert (await client.delete("/models/pin?recipe=other", headers=admin)).status_code == 422


async def test_a_pin_holds_for_its_recipe_alone(workplace: Workplace) -> None:
    baseline, pinned = await workplace.publish(1.0), await workplace.publish_demand()
    admin = workplace.token(1, "ADMIN")
    async with workplace.predictor() as client:
        assert (await client.post(f"/models/{baseline.version}/activate", headers=admin)).status_code == 200
        assert (await client.post(f"/models/{pinned.version}/activate", headers=admin)).status_code == 200
        pins = {row["version"]: row["pinned"] for row in (await client.get("/models")).json()["data"]}
        assert pins == {baseline.version: True, pinned.version: True}
    waiting, newer = await workplace.publish(2.0), await workplace.publish_demand()
    async with workplace.predictor() as restarted:
        await eventually_serves(restarted, baseline)
        await eventually(lambda: serves_demand(restarted, pinned))
        answer = (await restarted.delete("/models/pin?recipe=demand", headers=admin)).json()
        assert (answer["unpinned"], answer["version"]) == (pinned.version, newer.version)
        assert await serves(restarted, baseline)
        answer = (await restarted.delete("/models/pin", headers=admin)).json()
        assert (answer["unpinned"], answer["version"]) == (baseline.version, waiting.version)
        assert await serves_demand(restarted, newer)


@pytest.mark.parametrize("name", [weights_file("pair"), weights_file("product")])
async def test_a_damaged_version_of_demand_is_refused_and_baseline_goes_on(workplace: Workplace, name: str) -> None:
    baseline, good, bad = (
        await workplace.publish(1.0),
        await workplace.publish_demand(),
        await workplace.publish_demand(),
    )
    (bad.folder / name).write_bytes(b"damaged")
    async with workplace.predictor() as client:
        await eventually_serves(client, baseline)
        await eventually(lambda: serves_demand(client, good))
        row = (await client.get(f"/models/{bad.version}")).json()
        assert row["state"] == "refused"
        assert name in row["refused"]
        ready = await client.get("/readyz")
        assert ready.status_code == 200
        assert name in ready.json()["checks"]["newest demand model"]
        assert ready.json()["checks"]["newest model"] == "ok"
        answer = await client.post(f"/models/{bad.version}/activate", headers=workplace.token(1, "ADMIN"))
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/model-refused")
        assert await serves_demand(client, good)
