"""Dashboards of a few panels each, as the JSON that Grafana 12 reads."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Final, Literal, TypeAlias

Json: TypeAlias = dict[str, Any]

# Of Grafana 12.
SCHEMA_VERSION: Final = 41
# Grafana's grid.
COLUMNS: Final = 24
PANEL_HEIGHT: Final = 8
STAT_HEIGHT: Final = 4
# Whatever Prometheus the reader chooses at the top of the dashboard.
DATASOURCE: Final[Json] = {"type": "prometheus", "uid": "${datasource}"}


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL expression; `legend` names its series, with {{label}} in it."""

    expr: str
    legend: str = "__auto"


@dataclass(frozen=True, slots=True)
class Panel:
    """A picture of some queries.

    `unit` is one of Grafana's. From `warn` and from `alarm` on a value is shown in yellow and in red. `width` is in columns.
    `shows` is which part of a stat's series is written large.
    """

    title: str
    description: str
    unit: str
    queries: Sequence[Query]
    kind: Literal["timeseries", "stat"] = "timeseries"
    warn: float | None = None
    alarm: float | None = None
    width: int = 8
    shows: Literal["value", "name"] = "value"

    @property
    def height(self) -> int:
        return PANEL_HEIGHT if self.kind == "timeseries" else STAT_HEIGHT


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Rows of panels, each row with a heading. `by_service` adds a choice of services, $service in the queries."""

    uid: str
    title: str
    description: str
    rows: Sequence[tuple[str, Sequence[Panel]]]
    by_service: bool = False

    def json(self) -> Json:
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.description,
            "tags": ["ordercast"],
            "schemaVersion": SCHEMA_VERSION,
            "editable": True,
            "graphTooltip": 1,  # one cross-hair through all panels
            "refresh": "30s",
            "time": {"from": "now-1h", "to": "now"},
            "timezone": "browser",
            "templating": {"list": [_choice_of_datasource(), *([_choice_of_service()] if self.by_service else [])]},
            "links": [
                {
                    "type": "dashboards",
                    "title": "Ordercast",
                    "tooltip": "",
                    "icon": "dashboard",
                    "tags": ["ordercast"],
                    "asDropdown": False,
                    "targetBlank": False,
                    "keepTime": True,
                    "includeVars": False,
                }
            ],
            "panels": _laid_out(self.rows),
        }


def _laid_out(rows: Iterable[tuple[str, Sequence[Panel]]]) -> list[Json]:
    ids = count(1)
    laid_out: list[Json] = []
    top = 0
    for heading, panels in rows:
        position = {"h": 1, "w": COLUMNS, "x": 0, "y": top}
        laid_out.append(
            {"id": next(ids), "type": "row", "title": heading, "collapsed": False, "gridPos": position, "panels": []}
        )
        top += 1
        left = height = 0
        for panel in panels:
            if left + panel.width > COLUMNS:
                top, left, height = top + height, 0, 0
            position = {"h": panel.height, "w": panel.width, "x": left, "y": top}
            laid_out.append({"id": next(ids), "gridPos": position, **_panel(panel)})
            left, height = left + panel.width, max(height, panel.height)
        top += height
    return laid_out


def _panel(panel: Panel) -> Json:
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": DATASOURCE,
        "targets": [
            {
                "refId": chr(ord("A") + number),
                "datasource": DATASOURCE,
                "editorMode": "code",
                "expr": query.expr,
                "legendFormat": query.legend,
                "range": True,
            }
            for number, query in enumerate(panel.queries)
        ],
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "min": 0,
                "thresholds": {"mode": "absolute", "steps": _steps(panel)},
                "color": {"mode": "palette-classic" if panel.kind == "timeseries" else "thresholds"},
                "custom": _drawing(panel),
            },
            "overrides": [],
        },
        "options": _options(panel),
    }


def _steps(panel: Panel) -> list[Json]:
    coloured = [("green", None), ("yellow", panel.warn), ("red", panel.alarm)]
    return [{"color": colour, "value": value} for colour, value in coloured if value is not None or colour == "green"]


def _drawing(panel: Panel) -> Json:
    if panel.kind == "stat":
        return {}
    return {
        "drawStyle": "line",
        "lineWidth": 1,
        "fillOpacity": 10,
        "showPoints": "never",
        "spanNulls": False,
        "thresholdsStyle": {"mode": "off" if panel.warn is None and panel.alarm is None else "dashed"},
    }


def _options(panel: Panel) -> Json:
    if panel.kind == "timeseries":
        return {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    return {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "textMode": "name" if panel.shows == "name" else "auto",
        "colorMode": "value",
        "graphMode": "none" if panel.shows == "name" else "area",
        "justifyMode": "auto",
        "percentChangeColorMode": "standard",
        "showPercentChange": False,
        "wideLayout": True,
        "orientation": "auto",
    }


def _choice_of_datasource() -> Json:
    # The one of grafana/provisioning at first; where there is none of that uid, Grafana takes the first Prometheus it has.
    provisioned = {"text": "Prometheus", "value": "prometheus"}
    return {
        "name": "datasource",
        "label": "Prometheus",
        "type": "datasource",
        "query": "prometheus",
        "current": provisioned,
    }


def _choice_of_service() -> Json:
    question = "label_values(ordercast_http_request_seconds_count, job)"
    return {
        "name": "service",
        "label": "Service",
        "type": "query",
        "datasource": DATASOURCE,
        "query": {"query": question, "refId": "service"},
        "refresh": 2,  # when the time range changes
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".+",
        "current": {"text": ["All"], "value": ["$__all"]},
    }
