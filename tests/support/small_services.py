"""Programs of the supervisor whose process is tests/support/small_service.py."""

import os
import sys
from pathlib import Path
from typing import Final

from ordercast.infra.local.child import Command
from ordercast.infra.local.leftovers import SUPERVISED_VARIABLE
from ordercast.infra.local.probes import answers_ok
from ordercast.infra.local.processes import Program, SystemPlan

SCRIPT: Final = Path(__file__).parent / "small_service.py"


def small_command(log: Path, port: int, *behaviour: str, name: str = "small", stop_deadline_s: float = 5.0) -> Command:
    """The command of one small service."""
    return Command(
        name=name,
        arguments=(sys.executable, str(SCRIPT), str(port), *behaviour),
        environment={**os.environ, "SMALL_SERVICE_NOTES": str(log.with_suffix(".notes"))},
        log=log,
        stop_deadline_s=stop_deadline_s,
    )


def small_services(plan: SystemPlan) -> list[Program]:
    """Small services in place of all real ones, on their ports and marked as theirs."""
    return [_in_place_of(name, port, plan) for name, port in plan.service_ports.items()]


def _in_place_of(name: str, port: int, plan: SystemPlan) -> Program:
    command = small_command(plan.folder.logs / f"{name}.log", port, name=name)
    marked = Command(
        name, command.arguments, {**command.environment, SUPERVISED_VARIABLE: str(plan.folder.root)}, command.log
    )
    return Program(marked, lambda: answers_ok(port))
