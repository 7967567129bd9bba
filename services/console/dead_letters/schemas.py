"""What the pages of dead letters are asked, and what their forms send."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from fastapi import Path, Query
from pydantic import Field, StringConstraints

from ordercast.services.console.dead_letters.read_letters import MOST_EDITED, Act, Step
from ordercast.services.console.log_in.schemas import Form
from ordercast.services.console.schemas import NONE_IF_EMPTY

State = Literal["waiting", "replayed", "discarded", "applied", "all"]
MOST_AT_ONCE: Final = 100

Id = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=r"^[^\s/?#]+$")]
_Cursor = Annotated[str, StringConstraints(max_length=300)]
PathId = Annotated[str, Path(max_length=300, pattern=r"^[^\s/?#]+$")]


@dataclass(frozen=True, slots=True)
class DeadLettersQuestion:
    state: Annotated[State, Query()] = "waiting"
    starting_after: Annotated[_Cursor | None, NONE_IF_EMPTY, Query()] = None

    @property
    def api_state(self) -> str | None:
        return None if self.state == "all" else self.state


class ActForm(Form):
    """What to do with some."""

    act: Act = "replay"
    ids: Annotated[list[Id], Field(max_length=MOST_AT_ONCE, default_factory=list)]


class EditForm(Form):
    """A record as it was typed; headers are lines of `name: value`. `step`: only look, ask first, or send it."""

    step: Step = "check"
    body: Annotated[str, StringConstraints(max_length=2 * MOST_EDITED)] = ""
    headers: Annotated[str, StringConstraints(max_length=MOST_EDITED)] = ""
