"""What the first page says of all services together."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.client import Client
from ordercast.client.errors import ProblemAnswer
from ordercast.client.order_answers import DayTrend, Trends
from ordercast.services.console.dead_letters.waiting import Waiting
from ordercast.services.console.flow.numbers import Numbers
from ordercast.services.console.overview.look_at_services import ServiceState
from ordercast.services.console.overview.read_overview import (
    DayOfOrders,
    Orders,
    Overview,
    SameTime,
    last_quarter,
    read_orders,
)
from ordercast.services.console.parts import Missing
from ordercast.services.console.texts import environments
from tests.support.console_pages import drawn

AWAY = Missing("predictor", "nobody answers")

REFUSED = """# HELP ordercast_worker_lag_seconds How long
# TYPE ordercast_worker_lag_seconds gauge
ordercast_worker_lag_seconds{partition="0",topic="orders"} 0.5
ordercast_worker_lag_seconds{partition="1",topic="orders"} 2.5
ordercast_worker_dead_letters_total{reason="invalid",topic="orders"} 2.0
ordercast_worker_dead_letters_total{reason="unknown",topic="views"} 1.0
ordercast_worker_gap_streams 4.0
"""
HEALTHY = """ordercast_worker_lag_seconds{partition="2",topic="orders"} 0.0
ordercast_worker_dead_letters_total{reason="invalid",topic="orders"} 0.0
ordercast_worker_gap_streams 0.0
"""


def overview(*services: ServiceState) -> Overview:
    return Overview(datetime.now(UTC), AWAY, AWAY, None, list(services), Waiting(0))


def told(name: str, text: str) -> ServiceState:
    return ServiceState(name, failing={}, numbers=Numbers.of(text))


def test_no_worker_s_numbers_hide_those_of_another() -> None:
    found = overview(told("feature_worker", REFUSED), told("feature_worker-2", HEALTHY))
    assert found.gaps == 4
    assert [each.lag_s for each in found.services] == [2.5, 0]
    found = overview(told("feature_worker", REFUSED), told("feature_worker-2", REFUSED))
    assert found.gaps == 4


def test_each_relay_tells_of_the_whole_outbox() -> None:
    relays = [told(name, "ordercast_outbox_dead_letters_events 2.0\n") for name in ("relay", "relay-2")]
    assert overview(*relays).refused_by_kafka == 2


def test_services_without_these_numbers_call_for_nobody() -> None:
    found = overview(told("trainer", ""), ServiceState("predictor", tells=False))
    assert (found.refused_by_kafka, found.gaps) == (0, 0)
    assert found.services[0].lag_s is None


def test_services_that_do_not_tell_what_they_miss_are_named() -> None:
    found = overview(told("trainer", ""), ServiceState("relay", tells=False), ServiceState("predictor", tells=False))
    assert found.untold == "relay, predictor"
    assert overview(told("trainer", "")).untold == ""


def test_a_shop_that_sells_the_same_each_day_has_the_same_each_week_while_today_goes_on() -> None:
    first = date(2026, 11, 13)
    days = [DayOfOrders(first + timedelta(days=number), 10, 30) for number in range(14)]
    today, then = DayOfOrders(first + timedelta(days=14), 1, 2), DayOfOrders(first + timedelta(days=7), 1, 2)
    orders = Orders([*days, today], [], SameTime(time(2, 15), today, then))
    assert (orders.this_week.orders, orders.this_week.pieces) == (70, 210)
    assert (orders.week_before.orders, orders.week_before.pieces) == (70, 210)
    assert (orders.this_week.day, orders.week_before.day) == (days[7].day, days[0].day)
    assert orders.today.orders == 1
    assert len(orders.bars) == 14


@given(st.datetimes(timezones=st.just(UTC)))
def test_today_is_compared_until_a_quarter_of_an_hour_that_is_over(now: datetime) -> None:
    until = now.replace(hour=(quarter := last_quarter(now)).hour, minute=quarter.minute, second=0, microsecond=0)
    assert timedelta(0) <= now - until < timedelta(minutes=15)
    assert quarter.minute % 15 == quarter.second == quarter.microsecond == 0


class Trending:
    """An order_api with as many orders on each day as its number in the month; an `old` one does not know `until`."""

    def __init__(self, *, old: bool = False) -> None:
        self.asked: list[tuple[date, date, time | None]] = []
        self._old = old

    async def trends(self, *, first: date, last: date, until: time | None = None) -> Trends:
        self.asked.append((first, last, until))
        if self._old and until:
            raise ProblemAnswer(422, "invalid-request", "The request is not valid", fields={"until": "is not known"})
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        rest: dict[str, Any] = dict.fromkeys(
            ("order_lines", "quantity", "cancelled_quantity", "net_quantity", "views"), 0
        )
        return Trends("UTC", [DayTrend(date=day, orders=day.day, conversion=None, **rest) for day in days], [])


def asking(order_api: Trending) -> Client:
    return cast("Client", SimpleNamespace(order_api=order_api))


NOW = datetime(2026, 11, 27, 9, 40, tzinfo=UTC)


async def test_of_today_and_of_a_week_ago_what_lies_before_the_same_time_is_asked_for_and_of_no_day_between() -> None:
    order_api = Trending()
    found = await read_orders(asking(order_api), NOW)
    assert isinstance(found, Orders)
    same = found.same_time
    assert isinstance(same, SameTime)
    assert (same.until, same.today.orders, same.week_ago.orders) == (time(9, 30), 27, 20)
    assert (found.today.orders, found.week_ago) == (27, DayOfOrders(date(2026, 11, 20), 20, 0))
    until = {(first, last) for first, last, of_day in order_api.asked if of_day}
    assert until == {(date(2026, 11, day),) * 2 for day in (20, 27)}


async def test_an_order_api_of_the_release_before_brings_all_but_the_comparison() -> None:
    found = await read_orders(asking(Trending(old=True)), NOW)
    assert isinstance(found, Orders)
    assert found.today.orders == 27
    assert isinstance(found.same_time, Missing)
    overview = Overview(NOW, found, AWAY, None, [], Waiting(0))
    assert overview.missing == [found.same_time, AWAY]
    page = drawn("overview_numbers.html", overview=overview, refreshed_s=15)
    assert "Today so far" in page
    assert "The same day last week" not in page
    assert page.count("order_api did not bring this:") == 1


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [(200, 100, "-50%"), (100, 1_100, "+1,000%"), (1, 5_000, "from 1 to 5,000"), (0, 5_000, "")],
)
def test_a_change_beyond_ten_times_as_much_again_is_told_by_its_two_numbers(before: int, now: int, told: str) -> None:
    source = '{% from "parts.html" import change with context %}{{ change(now, before) }}'
    page = environments()["en"].from_string(source).render(now=now, before=before)
    assert re.sub("<[^>]*>", "", page).strip() == told


async def test_the_bars_have_a_scale_and_what_top_products_are_of_is_said() -> None:
    found = await read_orders(asking(Trending()), NOW)
    page = drawn("overview_numbers.html", overview=Overview(NOW, found, AWAY, None, [], Waiting(0)), refreshed_s=15)
    assert re.search(r'class="dim most">27 orders</span><span class="dim least">0</span>\s*<svg class="bars"', page)
    assert 'y="0.0" width="14" height="60.0"' in page
    assert "Nothing was ordered today and in the 6 days before." in page


@pytest.mark.parametrize(
    ("letters", "told"),
    [
        (Waiting(1), "1 event that the feature worker refused waits."),
        (Waiting(3), "3 events that the feature worker refused wait."),
        (Waiting(100, more=True), "More than 100 events that the feature worker refused wait."),
    ],
)
def test_refused_events_that_wait_call_for_somebody_however_often_the_worker_was_restarted(
    letters: Waiting, told: str
) -> None:
    found = replace(overview(ServiceState("feature_worker", failing={})), letters=letters)
    page = drawn("overview_numbers.html", overview=found, refreshed_s=15)
    assert told in page
    assert "no refused event waits" not in page


def test_refused_events_that_were_all_decided_about_call_for_nobody() -> None:
    training = cast("Any", SimpleNamespace(status="succeeded", verdict="published"))
    found = replace(overview(told("feature_worker", HEALTHY)), training=training)
    page = drawn("overview_numbers.html", overview=found, refreshed_s=15)
    assert "refused wait" not in page


def test_where_order_api_does_not_say_how_many_wait_nobody_is_told_that_none_does() -> None:
    unknown = Missing("order_api", "Kafka does not answer", "broker-unavailable")
    page = drawn("overview_numbers.html", overview=replace(overview(), letters=unknown), refreshed_s=15)
    assert "Kafka does not answer" in page
    assert "no refused event waits" not in page
