"""The dashboards as files: as their source says, whole, and laid out without overlaps."""

import itertools
from pathlib import Path

import pytest
import yaml

from ordercast.infra.observability.dashboards import DASHBOARDS
from ordercast.infra.observability.generate import DASHBOARDS_DIR, generated
from ordercast.infra.observability.metrics_table import described
from ordercast.infra.observability.panels import COLUMNS, Dashboard
from tests.support.dashboards import panels_of

PROVISIONING = DASHBOARDS_DIR.parent / "provisioning"


@pytest.mark.parametrize("path", generated(), ids=lambda path: path.name)
def test_a_generated_file_is_as_its_source_says(path: Path) -> None:
    assert path.read_text() == generated()[path], "run: python -m ordercast.infra.observability.generate"


def test_there_is_no_dashboard_without_a_source() -> None:
    assert set(DASHBOARDS_DIR.iterdir()) == {path for path in generated() if path.suffix == ".json"}


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.uid)
def test_each_panel_has_a_unit_a_description_and_a_place_of_its_own(dashboard: Dashboard) -> None:
    panels = dashboard.json()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for one, other in itertools.combinations(panels, 2):
        assert not _overlap(one["gridPos"], other["gridPos"]), (one["title"], other["title"])
    for panel in panels:
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= COLUMNS
    for panel in panels_of(dashboard.json()):
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["targets"]


def test_every_metric_is_on_a_dashboard() -> None:
    queries = " ".join(
        target["expr"] for board in DASHBOARDS for panel in panels_of(board.json()) for target in panel["targets"]
    )
    assert [metric.name for metric in described() if metric.name not in queries] == []


def test_grafana_finds_the_data_source_and_the_dashboards() -> None:
    [source] = yaml.safe_load((PROVISIONING / "datasources" / "prometheus.yaml").read_text())["datasources"]
    [provider] = yaml.safe_load((PROVISIONING / "dashboards" / "ordercast.yaml").read_text())["providers"]
    assert (source["type"], source["url"], source["isDefault"]) == ("prometheus", "http://prometheus:9090", True)
    assert (provider["type"], provider["options"]["path"]) == ("file", "/var/lib/grafana/dashboards")


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    return (
        one["x"] < other["x"] + other["w"]
        and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"]
        and other["y"] < one["y"] + one["h"]
    )
