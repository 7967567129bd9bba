"""The alert rules: valid, each with a runbook, each seen firing and silent by promtool."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from ordercast.infra.local.ports import BASES
from ordercast.infra.local.processes import SERVICES
from tests.support.prometheus import installed

ROOT = Path(__file__).parents[4]
FOLDER = ROOT / "infra" / "observability"
RUNBOOKS = ROOT / "docs" / "runbooks.md"


def read(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text())


ALERTS: list[dict[str, Any]] = [rule for group in read("alerts.yaml")["groups"] for rule in group["rules"]]
NAMES = [alert["alert"] for alert in ALERTS]


def promtool(*arguments: str) -> None:
    run = subprocess.run(
        [installed("promtool"), *arguments], cwd=FOLDER, capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_promtool_finds_the_rules_and_the_scrape_configuration_valid() -> None:
    promtool("check", "rules", "alerts.yaml")
    promtool("check", "config", "prometheus.yaml")


def test_promtool_sees_each_alert_firing_and_silent_as_the_test_file_says() -> None:
    promtool("test", "rules", "alerts_test.yaml")


@pytest.mark.parametrize("name", NAMES)
def test_the_test_file_has_each_alert_firing_and_silent(name: str) -> None:
    [test] = [test for test in read("alerts_test.yaml")["tests"] if test["name"] == name]
    about_it = [
        case for case in test["promql_expr_test"] if name in case["expr"] and 'alertstate="firing"' in case["expr"]
    ]
    assert {bool(case["exp_samples"]) for case in about_it} == {True, False}


@pytest.mark.parametrize("alert", ALERTS, ids=NAMES)
def test_an_alert_says_how_bad_it_is_what_it_means_and_what_to_do(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in {"critical", "warning"}
    assert alert["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert alert["annotations"]["runbook_url"] == f"docs/runbooks.md#{alert['alert'].lower()}"


def test_each_alert_has_its_paragraph_and_each_paragraph_its_alert() -> None:
    headings = re.findall(r"^## (.*)$", RUNBOOKS.read_text(), re.MULTILINE)
    assert sorted(headings) == sorted(NAMES)
    for paragraph in re.split(r"^## ", RUNBOOKS.read_text(), flags=re.MULTILINE)[1:]:
        assert len(paragraph.split()) > 40, f"too short to help: {paragraph}"


def test_compose_scrapes_each_service_under_its_name_and_port() -> None:
    scraped = {
        job["job_name"]: (target["names"], target["port"])
        for job in read("prometheus.yaml")["scrape_configs"]
        for target in job["dns_sd_configs"]
    }
    assert scraped == {name: ([name], BASES[name]) for name in SERVICES}


def test_each_service_is_missed_when_it_is_not_there() -> None:
    expressions = {alert["alert"]: alert["expr"] for alert in ALERTS}
    for service in SERVICES:
        assert f'absent(up{{job="{service}"}})' in expressions["ServiceDown"]
        assert re.search(rf'up{{job=~"[^"]*\b{service}\b', expressions["ServiceDown"])
        assert re.search(rf"[\"|]{service}[\"|]", expressions["ServiceRestarts"])
