"""Which errors a route answers with, beside those that every route has.

    @router.post("/products", status_code=201)
    @raises(errors.SkuTaken)
    async def add(...) -> ProductAnswer: ...

The API's documentation lists each under its status (`openapi.py`).
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from ordercast.services.shared.problem_types.problem_type import ProblemType

_ATTRIBUTE: Final = "__raises__"

Raised = type[Exception] | ProblemType
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def raises(*errors: Raised) -> Callable[[Endpoint], Endpoint]:
    """Errors of the service's problem table, or problems that the route makes itself."""

    def note(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _ATTRIBUTE, errors)
        return endpoint

    return note


def raised_by(endpoint: Callable[..., Any]) -> tuple[Raised, ...]:
    raised: tuple[Raised, ...] = getattr(endpoint, _ATTRIBUTE, ())
    return raised
