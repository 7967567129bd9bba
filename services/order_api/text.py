"""Text that a shop names its things with."""

from typing import Annotated

from msgspec import Meta

# PostgreSQL's text takes every character but NUL.
Reference = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\A[^\x00]+\Z")]
