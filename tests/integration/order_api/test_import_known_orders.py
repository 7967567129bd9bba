"""An import of orders that are there already: compared, changed, refused or replaced."""

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from ordercast.services.order_api.orders.answers import ImportAnswer
from ordercast.services.shared.db.engine import Sessions
from tests.support.import_lines import KNOWN_ONLY, REPLACE, item, line, rows, run

ORDER: dict[str, Any] = {"items": [item(sku="a", quantity=2), item(sku="b", quantity=3)]}
LATER = "2011-02-01T00:00:00Z"


def counts(answer: ImportAnswer) -> tuple[int, int, int, int, int]:
    return answer.created, answer.repeated, answer.changed, answer.replaced, len(answer.refused)


async def events(sessions: Sessions) -> list[tuple[str, dict[str, Any]]]:
    found = await rows(
        sessions, "SELECT event_type, convert_from(body, 'UTF8') AS body FROM outbox ORDER BY shard, number"
    )
    return [(row.event_type.split(".")[2], json.loads(row.body)) for row in found]


async def quantities(sessions: Sessions) -> Counter[str]:
    """What all events together order and take back of each product, as the feature table sums them up."""
    names = {row.id: row.sku for row in await rows(sessions, "SELECT id, sku FROM products")}
    total: Counter[str] = Counter()
    for kind, body in await events(sessions):
        for entry in body.get("items", []):
            total[f"{kind} {names[entry['product_id']]}"] += entry["quantity"]
    return total


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"account_ref": "customer-2"}, "account_ref is another account there"),
        ({"occurred_at": "2011-01-04T10:00:01Z"}, "occurred_at is 2011-01-04T10:00:00Z there"),
        ({"currency": "EUR"}, "currency is GBP there"),
        ({"confirmed_at": LATER}, "confirmed_at is 2011-01-04T10:00:00Z there"),
        ({"kind": "cancellation"}, "it is an order there"),
        ({"items": ORDER["items"][:1]}, "the number of items is 2 there"),
        ({"items": [item(sku="a", quantity=2), item(sku="b", quantity=4)]}, "items.1.quantity is 3 there"),
        ({"items": [item(sku="a", quantity=2), item(sku="c", quantity=3)]}, "items.1.sku is another product there"),
        (
            {"items": [item(sku="a", quantity=2, unit_price="1.01"), item(sku="b", quantity=3)]},
            "items.0.unit_price is 1.00 there",
        ),
    ],
)
async def test_other_content_is_refused_with_what_differs_and_changes_nothing(
    sessions: Sessions, changes: dict[str, Any], difference: str
) -> None:
    await run(sessions, [line("1", **ORDER)])
    # Within one body the second line is judged against the first as well.
    answer = await run(sessions, [line("2", **ORDER), line("2", **(ORDER | changes)), line("1", **(ORDER | changes))])
    assert counts(answer) == (1, 0, 0, 0, 2)
    assert {refused.reason for refused in answer.refused} == {
        f"the order_ref is known with other content: {difference}"
    }
    assert [kind for kind, _ in await events(sessions)] == ["placed", "placed"]
    there = "SELECT (SELECT count(*) FROM products), (SELECT count(*) FROM accounts)"
    assert [tuple(row) for row in await rows(sessions, there)] == [(2, 1)]


async def test_the_same_order_written_in_another_way_is_repeated(sessions: Sessions) -> None:
    await run(sessions, [line("1", **ORDER)])
    again = {
        "items": [
            item(sku=" a", quantity=2.0, unit_price="1.0"),
            item(sku="b", quantity=3, unit_price="1.0000", name="B"),
        ],
        "occurred_at": "2011-01-04T11:00:00+01:00",
        "kind": "order",
        "currency": "GBP",
        "status": "CONFIRMED",
    }
    async with sessions() as session, session.begin():
        await session.execute(text("UPDATE products SET currency = 'EUR', price = 9"))
    assert counts(await run(sessions, [line("1", **again)], KNOWN_ONLY)) == (0, 1, 0, 0, 0)


async def test_a_later_status_is_applied_with_its_event_and_an_earlier_one_is_known(sessions: Sessions) -> None:
    await run(sessions, [line("1", status="PENDING", **ORDER)])
    confirmed = line("1", confirmed_at=LATER, **ORDER)
    cancelled = line("1", status="CANCELLED", cancelled_at="2011-03-01T00:00:00Z", **ORDER)
    assert counts(await run(sessions, [confirmed])) == (0, 0, 1, 0, 0)
    assert counts(await run(sessions, [cancelled, confirmed, line("1", status="PENDING", **ORDER)])) == (0, 2, 1, 0, 0)
    told = await events(sessions)
    assert [kind for kind, _ in told] == ["placed", "confirmed", "cancelled"]
    assert (told[1][1]["confirmed_at"], told[2][1]["cancelled_at"]) == (LATER, "2011-03-01T00:00:00Z")
    assert told[2][1]["placed_at"] == told[0][1]["placed_at"]
    assert [entry["quantity"] for entry in told[2][1]["items"]] == [2, 3]
    (order,) = await rows(sessions, "SELECT * FROM orders")
    assert (order.status, order.confirmed_at, order.cancelled_at) == (
        "CANCELLED",
        datetime(2011, 2, 1, tzinfo=UTC),
        datetime(2011, 3, 1, tzinfo=UTC),
    )


async def test_replacing_takes_back_what_was_ordered_and_orders_anew(sessions: Sessions) -> None:
    await run(sessions, [line("1", **ORDER)])
    corrected = line("1", account_ref="customer-2", items=[item(sku="a", quantity=5), item(sku="c", quantity=1)])
    assert counts(await run(sessions, [corrected], REPLACE)) == (0, 0, 0, 1, 0)
    assert counts(await run(sessions, [corrected], REPLACE)) == (0, 1, 0, 0, 0)
    assert await quantities(sessions) == {
        "placed a": 2 + 5,
        "placed b": 3,
        "placed c": 1,
        "cancelled a": 2,
        "cancelled b": 3,
    }
    orders = await rows(sessions, "SELECT order_ref, status FROM orders ORDER BY id")
    assert [tuple(row) for row in orders] == [(None, "CANCELLED"), ("1", "CONFIRMED")]


async def test_a_cancelled_order_is_not_taken_back_once_more(sessions: Sessions) -> None:
    await run(sessions, [line("1", status="CANCELLED", **ORDER)])
    assert counts(await run(sessions, [line("1", items=[item(sku="a")])], REPLACE)) == (0, 0, 0, 1, 0)
    assert (await quantities(sessions))["cancelled a"] == 2


async def test_a_line_that_is_refused_replaces_nothing(sessions: Sessions) -> None:
    await run(sessions, [line("1", **ORDER)])
    bad = [line("1", account_ref=4711), line("1", occurred_at="2999-01-01T00:00:00Z")]
    assert counts(await run(sessions, bad, REPLACE)) == (0, 0, 0, 0, 2)
    assert await rows(sessions, "SELECT status FROM orders") == [("CONFIRMED",)]


async def test_a_cancellation_of_the_release_before_is_repeated_under_its_old_and_its_new_name(
    sessions: Sessions,
) -> None:
    await run(sessions, [line("C1", kind="cancellation", **ORDER)])
    again = [line("C1", status="CANCELLED", **ORDER), line("C1", kind="cancellation", **ORDER)]
    assert counts(await run(sessions, again)) == (0, 2, 0, 0, 0)
    now_an_order = [line("C1", kind="order", status="CANCELLED", **ORDER)]
    refused = await run(sessions, now_an_order)
    assert "it is a cancellation there" in refused.refused[0].reason
    refused = await run(sessions, now_an_order, REPLACE)
    assert "a cancellation cannot be replaced" in refused.refused[0].reason


LINES = st.lists(
    st.builds(
        lambda ref, state: line(ref, **(ORDER | state)),
        st.sampled_from(["1", "2", "3"]),
        st.sampled_from(
            [
                {"status": "PENDING"},
                {"status": "CONFIRMED", "confirmed_at": LATER},
                {"status": "CANCELLED", "cancelled_at": "2011-03-01T00:00:00Z"},
                {"status": "CANCELLED", "confirmed_at": LATER},
            ]
        ),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=LINES, data=st.data())
async def test_any_order_and_batching_of_the_same_lines_gives_the_same_end(
    sessions: Sessions, lines: list[bytes], data: st.DataObject
) -> None:
    # The two ways of CANCELLED name different times: one of them alone for each order.
    other_way = [entry for entry in lines if b"cancelled_at" not in entry]
    with_time = [entry for entry in lines if not (b"CANCELLED" in entry and b"cancelled_at" not in entry)]
    for chosen in (other_way, with_time):
        ends = []
        for shuffled in (chosen, data.draw(st.permutations(chosen))):
            async with sessions() as session, session.begin():
                await session.execute(text("TRUNCATE accounts, products, orders, order_items, outbox CASCADE"))
            cut = data.draw(st.integers(0, len(shuffled)))
            for batch in (shuffled[:cut], shuffled[cut:]):
                assert (await run(sessions, batch)).refused == []
            state = "SELECT order_ref, status, confirmed_at, cancelled_at, total FROM orders ORDER BY order_ref"
            orders = [tuple(row) for row in await rows(sessions, state)]
            ends.append((orders, await quantities(sessions), Counter(kind for kind, _ in await events(sessions))))
        assert ends[0] == ends[1]
