"""The endpoints that every service has for its keeper: /healthz, /readyz, /metrics."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from ordercast.first_line import first_line
from ordercast.services.shared.http.problem import Problem
from ordercast.services.shared.http.raises import raises
from ordercast.services.shared.problem_types.every_service import NOT_READY

# A part that has not answered by then (s) counts as missing: whoever asks gives up soon after.
PROBE_DEADLINE_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Check:
    """Whether one part that the service needs is there.

    `probe` returns when it is and raises when it is not; the exception's text is shown to whoever asks. Without a part that
    is not `required` the service still does some of its work, and so stays ready.
    """

    probe: Callable[[], Awaitable[object]]
    required: bool = True


class Health(BaseModel):
    status: Literal["ok"]


class Readiness(BaseModel):
    """`checks` has "ok" or the reason for each part. `status` is "degraded" when one that is not required is missing."""

    status: Literal["ready", "degraded"]
    checks: dict[str, str]


class PrometheusText(Response):
    media_type = CONTENT_TYPE_LATEST


router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> Health:
    """The process is alive and its event loop turns."""
    return Health(status="ok")


@router.get("/readyz")
@raises(NOT_READY)
async def readyz(request: Request) -> Readiness:
    """Whether all is there that requests need; 503 names what is missing."""
    checks: Mapping[str, Check] = request.app.state.service.checks
    results = dict(zip(checks, await asyncio.gather(*map(_outcome, checks.values())), strict=True))
    missing = [name for name, outcome in results.items() if outcome != "ok"]
    if any(checks[name].required for name in missing):
        raise Problem(NOT_READY, f"not there: {', '.join(missing)}", members={"checks": results})
    return Readiness(status="degraded" if missing else "ready", checks=results)


async def _outcome(check: Check) -> str:
    try:
        async with asyncio.timeout(PROBE_DEADLINE_S):
            await check.probe()
    except TimeoutError:
        return "did not answer in time"
    except Exception as error:
        return first_line(error)
    return "ok"


@router.get("/metrics", response_class=PrometheusText)
async def metrics() -> PrometheusText:
    """All metrics of the process in Prometheus's text format."""
    return PrometheusText(generate_latest())
