"""A program that cannot do its work ends with one line that says why."""

import pytest

from ordercast.errors import ActionableError
from ordercast.services.shared.process.errors import CannotStart
from ordercast.services.shared.process.exit_with_reason import exit_with_reason


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (CannotStart("ORDERCAST_PORT: Field required"), "relay: ORDERCAST_PORT: Field required"),
        (OSError(5, "gone"), "relay: [Errno 5] gone"),
        (TimeoutError(), "relay: TimeoutError"),
        (ActionableError("no broker", hint="host:port"), "relay: no broker (host:port)"),
    ],
)
def test_what_is_expected_becomes_one_line(error: Exception, said: str) -> None:
    with pytest.raises(SystemExit) as ended, exit_with_reason("relay", OSError):
        raise error
    assert ended.value.code == said


def test_what_is_not_expected_keeps_its_traceback() -> None:
    with pytest.raises(KeyError), exit_with_reason("relay", OSError):
        raise KeyError("a mistake in the code")


def test_ctrl_c_ends_the_process_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end, exit_with_reason("example"):
        raise KeyboardInterrupt
    assert end.value.code == 130
    assert capsys.readouterr() == ("", "")
