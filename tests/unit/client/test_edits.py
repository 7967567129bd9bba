"""What is read comes with its ETag, and a change brings it back."""

import json

import pytest

from ordercast.client.errors import ProblemAnswer
from tests.support.oracle_http import Answer
from tests.unit.client.test_client import against

MUG = {"id": 1, "sku": "MUG-1", "name": "Mug", "price": "12.50", "currency": "EUR"}
CHANGED = Answer(412, {"type": "/problems/product-changed", "title": "Somebody else changed the product"})


async def test_a_change_names_what_it_is_made_of() -> None:
    read = Answer(200, MUG, {"ETag": '"7"'})
    async with against(read, Answer(200, MUG), CHANGED) as (client, received):
        product, etag = await client.edits.product(1)
        assert product.sku == "MUG-1"
        await client.edits.change_product(1, etag, price="13.00")
        with pytest.raises(ProblemAnswer, match="Somebody else"):
            await client.edits.change_product(1, etag, price="14.00")
    assert [request.headers.get("if-match") for request in received] == [None, '"7"', '"7"']
    assert json.loads(received[1].body) == {"price": "13.00"}


async def test_what_came_without_an_etag_is_changed_without_a_condition() -> None:
    """From an order_api of the release before; the change may reach one of this release, to which "" is no ETag of anything."""
    async with against(Answer(200, MUG), Answer(200, MUG)) as (client, received):
        _, etag = await client.edits.product(1)
        await client.edits.change_product(1, etag, price="13.00")
    assert "if-match" not in received[1].headers
