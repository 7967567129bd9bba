"""Dashboards as Grafana reads them, and their queries as it sends them."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from ordercast.infra.observability.generate import DASHBOARDS_DIR


def panels_of(dashboard: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The panels that show something."""
    yield from (panel for panel in dashboard["panels"] if panel["type"] != "row")


class PanelQuery(NamedTuple):
    """A query as Grafana sends it, and the panel that it belongs to."""

    dashboard: str
    panel: str
    expr: str


def queries(rate_interval: str) -> Iterator[PanelQuery]:
    """Every query in the files, with Grafana's variables filled in: all services."""
    for path in sorted(DASHBOARDS_DIR.glob("*.json")):
        for panel in panels_of(json.loads(path.read_text())):
            for target in panel["targets"]:
                expr = target["expr"].replace("$__rate_interval", rate_interval).replace("$service", ".+")
                yield PanelQuery(path.stem, panel["title"], expr)
