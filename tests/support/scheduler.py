"""How the tests are shared out among processes, where one of them may end hard.

xdist 3.8 gives a worker that takes the place of one that crashed also what is done already, and one test alone; for both
it waits for ever (its issues 1323 and 1327). And it runs the test that brought the process down again and again.
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

# A worker begins a test only when it knows the next one, or that there is none.
TESTS_TO_BEGIN = 2


class ScopesThatSurviveACrash(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Module by module; the test in which a worker ended has failed, and everything else is run once."""

    def remove_node(self, node: WorkerController) -> str | None:
        units = self.assigned_work[node]
        crashed = next((test for unit in units.values() for test, done in unit.items() if not done), None)
        pending = {
            scope: left
            for scope, unit in units.items()
            if (left := {test: False for test, done in unit.items() if not done and test != crashed})
        }
        self.assigned_work[node] = pending
        super().remove_node(node)
        return crashed

    def _reschedule(self, node: WorkerController) -> None:
        super()._reschedule(node)
        while not node.shutting_down and self._pending_of(self.assigned_work[node]) < TESTS_TO_BEGIN:
            super()._reschedule(node)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    return ScopesThatSurviveACrash(config, log) if config.getoption("dist") == "loadscope" else None
