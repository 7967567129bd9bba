"""The machine's own Prometheus beside the services: it scrapes them, evaluates the alert rules, and keeps what it has seen."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from ordercast.infra import observability
from ordercast.infra.local.child import Command
from ordercast.infra.local.errors import PrometheusMissing
from ordercast.infra.local.ports import HOST
from ordercast.infra.local.probes import answers_ok

ALERTS: Final = Path(observability.__file__).parent / "alerts.yaml"
# Time (s) between two scrapes of one machine's system. Well below what the alert rules' windows need.
SCRAPE_EVERY_S: Final = 5.0
# What it keeps on disk: some weeks of one system.
RETENTION: Final = "512MB"
READY_PATH: Final = "/-/ready"


def find_prometheus() -> str:
    """The path of the program. Raises PrometheusMissing."""
    found = shutil.which("prometheus")
    if found is None:
        raise PrometheusMissing(
            "there is no program `prometheus` on this machine's PATH",
            hint="install it (Debian: apt-get install prometheus; macOS: brew install prometheus), or start without it",
        )
    return found


@dataclass(frozen=True, slots=True)
class PrometheusServer:
    """One Prometheus with its data folder."""

    executable: str
    folder: Path
    port: int
    log: Path
    scrape_every_s: float = SCRAPE_EVERY_S

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def prepare(self) -> None:
        """Writes the configuration."""
        self.folder.mkdir(parents=True, exist_ok=True)
        # JSON is YAML, too.
        self._config.write_bytes(msgspec.json.format(msgspec.json.encode(self._settings()), indent=2))

    def watch(self, urls: Mapping[str, str]) -> None:
        """Scrapes the services at these base URLs from now on, by the names of their processes; itself is left out."""
        targets = [
            # Alert rules and dashboards know each service by this label; "relay-2" is one more relay.
            {"targets": [url.removeprefix("http://")], "labels": {"job": name.partition("-")[0]}}
            for name, url in urls.items()
            if url != self.url
        ]
        new = self._targets.with_suffix(".new")
        new.write_bytes(msgspec.json.encode(targets))
        new.replace(self._targets)

    def command(self) -> Command:
        return Command(
            name="prometheus",
            arguments=(
                self.executable,
                f"--config.file={self._config}",
                f"--storage.tsdb.path={self.folder / 'data'}",
                f"--storage.tsdb.retention.size={RETENTION}",
                f"--web.listen-address={HOST}:{self.port}",
                "--log.level=warn",
            ),
            environment=os.environ,
            log=self.log,
        )

    async def answers(self) -> bool:
        return await answers_ok(self.port, READY_PATH)

    @property
    def _config(self) -> Path:
        return self.folder / "prometheus.json"

    @property
    def _targets(self) -> Path:
        return self.folder / "targets.json"

    def _settings(self) -> dict[str, object]:
        every = f"{round(self.scrape_every_s * 1000)}ms"
        return {
            "global": {"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": every},
            "rule_files": [str(ALERTS)],
            "scrape_configs": [{"job_name": "ordercast", "file_sd_configs": [{"files": [str(self._targets)]}]}],
        }
