"""The flow for all readers: worked out and drawn once for each look."""

from ordercast.services.console.dead_letters.waiting import Waiting
from ordercast.services.console.flow.picture import PICTURES
from ordercast.services.console.flow.read_flow import flow_of
from ordercast.services.console.flow.shown import ShownFlow
from ordercast.services.console.parts import is_missing
from ordercast.services.console.texts import environments
from tests.support.console_flow import Numbers
from tests.unit.services.console.flow.test_read_flow import look, seen


def test_a_look_is_worked_out_once_and_the_next_one_anew() -> None:
    shown, looks = ShownFlow(), seen(Numbers(orders=1), looks=3)
    assert shown.of(looks) is shown.of(list(looks))
    assert shown.of([*looks, look(8.0, Numbers(orders=90).pages())]).orders == 90


def test_what_is_the_same_is_drawn_once_in_each_language_and_what_differs_again() -> None:
    shown, flow, drawn = ShownFlow(), object(), list[str]()

    def draw() -> str:
        drawn.append("x")
        return f"text {len(drawn)}"

    for _ in range(3):
        assert shown.drawn("en", {"flow": flow, "letters": Waiting(1)}, draw) == "text 1"
    assert shown.drawn("ko", {"flow": flow, "letters": Waiting(1)}, draw) == "text 2"
    assert shown.drawn("en", {"flow": flow, "letters": Waiting(0)}, draw) == "text 3"
    assert shown.drawn("en", {"flow": object(), "letters": Waiting(0)}, draw) == "text 4"


def test_after_a_restart_it_is_said_since_when_nothing_came_in() -> None:
    urls = dict.fromkeys(("order_api", "predictor"), "http://a")
    values = {"letters": Waiting(0), "pictures": (), "refreshed_s": 2, "missing": is_missing}
    template = environments(urls=urls, inner_urls=urls)["en"].get_template("flow_now.html")
    pages = Numbers().pages()
    pages["order_api"] += "process_start_time_seconds 1795000000\n"
    page = template.render(flow=flow_of([look(0, pages)]), **values)
    assert "Nothing has come in since order_api started, 2026-11-18 11:06:40 UTC." in page
    assert '<a id="to-orders" href="/orders">' in page
    untold = template.render(flow=flow_of([look(0, Numbers().pages())]), **values)
    assert "Nothing has come in since order_api started." in untold


def test_nothing_of_the_picture_is_of_whoever_reads_it() -> None:
    """It is drawn without anything that the frame of a page brings, which would fail where it is used."""
    urls = dict.fromkeys(("order_api", "predictor"), "http://a")
    values = {"letters": Waiting(2), "pictures": PICTURES, "refreshed_s": 2, "missing": is_missing}
    template = environments(urls=urls, inner_urls=urls)["en"].get_template("flow_now.html")
    assert "2 wait" in template.render(flow=ShownFlow().of(seen(Numbers(orders=1), looks=3)), **values)
