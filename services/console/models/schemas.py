"""What the forms of the models' page send, and what its questions are asked with."""

from typing import Annotated, Literal

from fastapi import Path

from ordercast.services.console.log_in.schemas import Form

Version = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]+$", max_length=64)]
Recipe = Literal["baseline", "demand"]


class UnpinForm(Form):
    recipe: Recipe = "demand"
