"""What the looks say of the flow."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ordercast.services.console.flow.numbers import Numbers
from ordercast.services.console.flow.read_flow import Flow, flow_of
from ordercast.services.console.flow.watch import Look
from ordercast.services.console.overview.look_at_services import ServiceState
from tests.support import console_flow

BEGAN = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)


def look(at_s: float, pages: dict[str, str]) -> Look:
    states = [ServiceState(name, failing={}, numbers=Numbers.of(text)) for name, text in pages.items()]
    return Look(at_s, BEGAN + timedelta(seconds=at_s), states, {one.name: one.numbers for one in states})


def seen(numbers: console_flow.Numbers, looks: int = 20, **pace: float) -> list[Look]:
    found = []
    for number in range(looks):
        found.append(look(2.0 * number, numbers.pages()))
        numbers.go_on(2.0, **pace)
    return found


def test_each_stage_says_what_it_does_a_second() -> None:
    flow = flow_of(seen(console_flow.Numbers(orders=100, views=100, applied=200), orders=3, views=12))
    assert flow.orders_rate == pytest.approx(3)
    assert flow.views_rate == pytest.approx(12)
    assert flow.published_rate == pytest.approx(3)
    assert flow.applied_rate == pytest.approx(15)
    assert flow.predictions_rate == pytest.approx(2)
    assert flow.prediction_s == pytest.approx(0.0004)
    assert flow.fresh_s == pytest.approx(0.2)
    assert flow.orders == 100 + 3 * 38
    assert not flow.worker.is_late
    assert flow.worker.drain is not None
    assert not flow.worker.drain.waits
    assert [point.at_s for point in flow.worker.oldest_curve] == [-38.0 + 2 * number for number in range(20)]


def test_a_worker_that_catches_up_says_when_it_is_done() -> None:
    flow = flow_of(seen(console_flow.Numbers(lag_events=1_000), orders=5, views=5, counted=20))
    assert flow.worker.events == 1_000 - 10 * 38
    assert flow.worker.is_late
    assert flow.worker.drain is not None
    assert flow.worker.drain.left_s == pytest.approx(62)


def test_a_service_that_is_away_has_no_numbers_and_the_others_have_theirs() -> None:
    looks = seen(console_flow.Numbers(orders=4))
    gone = ServiceState("relay", away="nobody answers")
    last = look(40.0, console_flow.Numbers(orders=90).pages())
    looks.append(
        replace(
            last,
            services=[gone, *(one for one in last.services if one.name != "relay")],
            numbers=dict(last.numbers) | {"relay": Numbers()},
        )
    )
    flow = flow_of(looks)
    assert (flow.outbox.events, flow.outbox.oldest_s, flow.outbox.drain, flow.published_rate) == (None,) * 4
    assert flow.orders_rate is not None
    assert flow.away == [gone]


def test_several_processes_add_up_and_the_slowest_tells_how_late_it_is() -> None:
    one, other = console_flow.Numbers(lag_events=30), console_flow.Numbers(lag_events=50, applied=9)
    one.lag_s, other.lag_s = 3, 5
    pages = one.pages() | {"feature_worker-2": other.pages()["feature_worker"]}
    flow = flow_of([look(0, pages)])
    assert (flow.worker.events, flow.worker.oldest_s) == (80, 5)
    assert [state.name for state in flow.of("feature_worker")] == ["feature_worker", "feature_worker-2"]


def counted(events: float, started_s: float) -> str:
    """Of a worker that runs since `started_s` of the looks' time."""
    began = BEGAN.timestamp() + started_s
    return f'ordercast_worker_events_total{{outcome="applied"}} {events}\nprocess_start_time_seconds {began}\n'


def test_of_several_processes_one_that_restarts_loses_the_others_nothing() -> None:
    looks = [
        look(at_s, {"feature_worker": counted(1_000_000 + 10 * at_s, -90), "feature_worker-2": counted(*second)})
        for at_s, second in ((0, (50_000, -90)), (2, (50_020, -90)), (8, (20, 6)), (10, (40, 6)))
    ]
    assert flow_of(looks).applied_rate == pytest.approx((100 + 20 + 40) / 10)


def test_of_several_processes_one_that_misses_a_look_is_no_growth() -> None:
    looks = [
        look(
            at_s,
            {
                "feature_worker": counted(1_000_000 + 10 * at_s, -90),
                "feature_worker-2": "" if at_s == 4 else counted(500 + 5 * at_s, -90),
            },
        )
        for at_s in (0, 2, 4, 6, 8)
    ]
    assert flow_of(looks).applied_rate == pytest.approx(15)


def test_behind_one_address_each_process_counts_for_itself() -> None:
    counts = [(700 + 10 * at_s, -90) if at_s % 4 == 0 else (90_000 + 10 * at_s, -50) for at_s in range(0, 26, 2)]
    looks = [look(2.0 * number, {"feature_worker": counted(*one)}) for number, one in enumerate(counts)]
    assert flow_of(looks).applied_rate == pytest.approx((240 + 200) / 24)


def test_a_curve_goes_by_each_process_too() -> None:
    page = "ordercast_orders_accepted_total {}\nprocess_start_time_seconds {}\n"
    started_s = BEGAN.timestamp()
    looks = [
        look(2.0 * n, {"order_api": page.format(100 + n if n % 2 else 9_000 + n, started_s - 9 - n % 2)})
        for n in range(20)
    ]
    assert max(point.value for point in flow_of(looks).orders_curve) <= 1


def test_nothing_that_came_in_is_an_empty_flow_and_the_first_order_is_not() -> None:
    def flow_with(numbers: console_flow.Numbers) -> Flow:
        return flow_of([look(0, numbers.pages())])

    assert flow_with(console_flow.Numbers()).is_empty
    assert not flow_with(console_flow.Numbers(orders=1)).is_empty
    assert not flow_of([look(0, {"order_api": ""})]).is_empty


@pytest.mark.parametrize("name", ["relay", "feature_worker"])
def test_whether_it_flows_is_not_known_where_one_of_both_does_not_tell_or_misses_something(name: str) -> None:
    whole = look(0, console_flow.Numbers(orders=1).pages())
    assert flow_of([whole]).is_known

    def but(state: ServiceState) -> Look:
        others = [one for one in whole.services if one.name != state.name]
        return replace(whole, services=[*others, state], numbers=dict(whole.numbers) | {state.name: state.numbers})

    told = whole.numbers[name]
    assert not flow_of([but(ServiceState(name, tells=False))]).is_known
    assert not flow_of([but(ServiceState(name, failing={"database": "away"}, numbers=told))]).is_known
    assert not flow_of([but(ServiceState(name, failing={}))]).is_known
    # One of several alone.
    assert not flow_of([but(ServiceState(f"{name}-2", tells=False))]).is_known
    assert flow_of([but(ServiceState("trainer", tells=False))]).is_known


def test_what_answers_is_told_by_recipe() -> None:
    demand, baseline = flow_of([look(0, console_flow.Numbers().pages())]).served
    assert (demand.recipe, demand.version) == ("demand", console_flow.VERSION)
    assert demand.trained_at == datetime.fromtimestamp(console_flow.TRAINED_AT, UTC)
    assert (baseline.version, baseline.trained_at) == (None, None)
    assert flow_of([look(0, {"predictor": ""})]).served == []
