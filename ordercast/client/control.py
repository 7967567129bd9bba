"""Asks a running system to do something, over the Unix socket that its process listens on.

A request is a line of JSON, {"command": name, "arguments": {...}}. The answer comes as lines of JSON: {"progress": text} as
the work goes on, then {"result": anything}, or {"error": text, "hint": text}. `infra/local/control.py` is the other side.
"""

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from ordercast.errors import ActionableError

# Time (s) for a process on this machine to take the connection. Its answer may take as long as the work does.
CONNECT_DEADLINE_S: Final = 5.0


class NoControl(ActionableError):
    """Nobody answers at the socket."""


class ControlRefused(ActionableError):
    """The system cannot do what it was asked to, or failed at it."""


def ask(path: Path | str, command: str, *, progress: Callable[[str], None] = lambda _: None, **arguments: Any) -> Any:
    """The command's result. It blocks until the system has done it.

    Raises:
        NoControl: nothing listens there, or it ended before it had answered.
        ControlRefused: the system says no, with its reason.
    """
    request = json.dumps({"command": command, "arguments": arguments}).encode() + b"\n"
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(CONNECT_DEADLINE_S)
            connection.connect(str(path))
            connection.settimeout(None)
            connection.sendall(request)
            with connection.makefile("rb") as lines:
                for line in lines:
                    answer = json.loads(line)
                    if "progress" not in answer:
                        return _result(answer)
                    progress(answer["progress"])
    except OSError as error:
        raise NoControl(f"the system does not answer at {path}: {error.strerror or error}") from error
    raise NoControl(f"the system at {path} ended before it had answered")


def _result(answer: dict[str, Any]) -> Any:
    if "error" in answer:
        raise ControlRefused(answer["error"], hint=answer.get("hint", ""))
    return answer["result"]
