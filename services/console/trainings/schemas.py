"""What the forms of the trainings' page send."""

import shlex
from itertools import chain
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from fastapi import Query
from pydantic import StringConstraints

from ordercast.services.console.log_in.schemas import Form
from ordercast.services.console.schemas import NONE_IF_EMPTY, TYPED_NUMBER
from ordercast.services.shared.http.requests import PLAIN_INTEGER

# A field of a form that may be left empty.
Number = Annotated[int | None, PLAIN_INTEGER, TYPED_NUMBER, NONE_IF_EMPTY]

AfterTraining = Annotated[UUID | None, NONE_IF_EMPTY, Query()]


class TrainingForm(Form):
    """What is empty is the recipe's own. The trainer says what is out of bounds."""

    recipe: Annotated[str, StringConstraints(max_length=100)] = "demand"
    horizon_days: Number = None
    members: Number = None
    epochs: Number = None
    publish: Annotated[Literal["if-better", "always", "never"] | None, NONE_IF_EMPTY] = None

    def changes(self) -> dict[str, int | str]:
        """What stands in place of the recipe's own values."""
        told = self.model_dump(include={"horizon_days", "members", "epochs", "publish"})
        return {name: value for name, value in told.items() if value is not None}

    @property
    def options(self) -> str:
        """Of the command that does the same."""
        words = [("--" + name.replace("_", "-"), str(value)) for name, value in self.changes().items()]
        return shlex.join(["--recipe", self.recipe, *chain.from_iterable(words)])

    @property
    def body(self) -> str:
        """Of the request that does the same."""
        return msgspec.json.encode({"recipe": self.recipe, **self.changes()}).decode()
