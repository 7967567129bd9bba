"""Refuses query parameters that a route does not know: one that is ignored, a filter with a typing mistake, gives everybody's rows.

For the routes that services bring. Health and metrics take whatever comes: probes and scrapers add parameters of their own.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from fastapi import Request
from fastapi.dependencies.models import Dependant

from ordercast.services.shared.http.problem import INVALID_REQUEST, FieldError, Problem

# Unknown names that an answer lists: enough to find a mistake, and short for a query of a thousand of them.
MAX_NAMED: Final = 10


async def refuse_unknown_parameters(request: Request) -> None:
    """A dependency.

    Raises:
        Problem: 422, with the parameter and those that the route knows.
    """
    if not request.scope["query_string"]:
        return
    known = list(dict.fromkeys(_query_parameters(request.scope["route"].dependant)))
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        message = f"is not known here; {_listed(known)}"
        # Names are the client's own: a long one is cut.
        raise Problem(INVALID_REQUEST, errors=[FieldError(name[:100], message) for name in unknown[:MAX_NAMED]])


def _query_parameters(dependant: Dependant) -> Iterator[str]:
    """A route's own parameters and those of its dependencies, by their names in a query."""
    for parameter in dependant.query_params:
        yield parameter.alias
    for dependency in dependant.dependencies:
        yield from _query_parameters(dependency)


def _listed(known: Sequence[str]) -> str:
    return f"known are {', '.join(known)}" if known else "this takes no query parameters"
