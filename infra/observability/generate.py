"""`python -m ordercast.infra.observability.generate`: writes the dashboards' JSON and the documentation's table of metrics."""

import json
from pathlib import Path
from typing import Final

from ordercast.infra.observability.dashboards import DASHBOARDS
from ordercast.infra.observability.metrics_table import with_table

DASHBOARDS_DIR: Final = Path(__file__).parent / "grafana" / "dashboards"
# Of the checkout: from `ordercast/infra`, which is a link there, the way up would lead elsewhere.
DOCUMENT: Final = Path(__file__).resolve().parents[2] / "docs" / "observability.md"


def generated() -> dict[Path, str]:
    """Each file with the text that it should have."""
    files = {
        DASHBOARDS_DIR / f"{dashboard.uid}.json": json.dumps(dashboard.json(), indent=2) + "\n"
        for dashboard in DASHBOARDS
    }
    return {**files, DOCUMENT: with_table(DOCUMENT.read_text())}


def main() -> None:
    DASHBOARDS_DIR.mkdir(parents=True, exist_ok=True)
    for path, text in generated().items():
        path.write_text(text)


if __name__ == "__main__":
    main()
