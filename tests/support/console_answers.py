"""What the predictor, the trainer and order_api answer where the console is tested: made up, of one moment."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ordercast.contracts.because import sentence
from tests.support.demand_versions import demand_version

# As the predictor says it, in words and as data.
BEYOND: Final = sentence("far-more-than-seen", feature="level", value=3.2, seen=1.4)
TOO_FEW: Final = sentence("too-few-have-ended", ended=912, needed=1_000)
NOW: Final = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
ANN: Final = {
    "id": 11,
    "email": "ann@home.example",
    "nickname": "ann",
    "role": "CUSTOMER",
    "login_type": "PASSWORD",
    "account_ref": None,
    "blocked": False,
    "created_at": NOW.isoformat(),
}
ANNA: Final = ANN | {"id": 12, "email": "anna@home.example", "nickname": "anna"}
BACKEND: Final = ANN | {"id": 13, "email": "backend@shop.example", "nickname": "backend-13", "role": "SERVICE"}
# Out of a shop's history, and one that may not log in.
PAST: Final = ANN | {
    "id": 14,
    "email": None,
    "nickname": "customer 17850",
    "login_type": "EXTERNAL",
    "account_ref": "17850",
}
BLOCKED: Final = ANN | {"id": 15, "email": "bob@home.example", "nickname": "bob", "blocked": True}
MEMBERS: Final = 10
# Between two looks (s) whether a training has gone on.
LOOK_S: Final = 0.02


def page_of(rows: Sequence[dict[str, Any]], request: Request, name: str) -> Response:
    """A page of them, each known by its `name`: from the one on after which it is asked for."""
    asked = request.query_params
    names = [str(row[name]) for row in rows]
    first = names.index(asked["starting_after"]) + 1 if "starting_after" in asked else 0
    last = first + int(asked.get("limit", len(rows)))
    return JSONResponse({"data": list(rows[first:last]), "has_more": last < len(rows)})


def problem(status: int, slug: str, title: str) -> Response:
    body = {"type": f"/problems/{slug}", "title": title, "status": status}
    return JSONResponse(body, status, media_type="application/problem+json")


def forecast(product_id: int, weeks: int, first: date) -> dict[str, Any]:
    """More is expected of those with a small id."""
    expected = 100 / product_id
    return {
        "product_id": product_id,
        "sku": f"P-{product_id}",
        "expected": weeks * expected,
        "stock": int(weeks * expected * 1.3) + 1,
        "weeks": [
            {"starts_on": str(first + timedelta(weeks=week)), "expected": expected, "low": 0, "high": int(2 * expected)}
            for week in range(weeks)
        ],
        "extrapolates": product_id == 2,
        "extrapolates_because": [BEYOND] if product_id == 2 else [],
        "beyond": [msgspec.to_builtins(BEYOND.because)] if product_id == 2 else [],
        "recent": None,
    }


def recent(product_id: int, first: date) -> list[dict[str, Any]]:
    starts = [first - timedelta(weeks=ago) for ago in range(8, 0, -1)]
    return [{"starts_on": str(start), "quantity": (week * 40) // product_id} for week, start in enumerate(starts)]


def model(
    version: str, recipe: str, state: str, *, deviance: float = 0.8, pinned: bool = False, trained_at: datetime = NOW
) -> dict[str, Any]:
    score = {"name": "networks", "deviance": deviance, "mae": 0.5, "said": 1.0}
    naive = {"name": "naive", "deviance": deviance / 0.8, "mae": 0.7, "said": 1.3}
    better = {"naive": 0.2, "mean": 0.3}
    questions = {name: {"scores": [score, naive], "better_than": better} for name in ("pair", "line", "product")}
    judgement = {
        "quality": "good",
        "reason": "better than the mean",
        "collapsed_members": 0,
        "deviance": deviance,
        "mean_deviance": 1.0,
        "difference": 0.2,
        "low": 0.1,
        "high": 0.3,
        "clip": 50.0,
        "warnings": [],
    }
    return {
        "version": version,
        "recipe": recipe,
        "state": state,
        "pinned": pinned,
        "refused": "its signature does not hold" if state == "refused" else None,
        "published_at": NOW.isoformat(),
        "activated_at": None,
        "members": MEMBERS,
        "trained_at": trained_at.isoformat(),
        "rows": 120_345,
        "metrics": {
            "questions": questions,
            "until": "2026-11-01",
            "judgement": "pair: better than every opponent",
            "warnings": [],
        }
        if recipe == "demand"
        else {},
        "quality": None,
        "collapsed_members": 0,
        "judgement": judgement if recipe == "baseline" else None,
    }


def training(number: int, status: str, **more: Any) -> dict[str, Any]:
    return {
        "id": str(UUID(int=number)),
        "recipe": "demand",
        "members": MEMBERS,
        "epochs": 30,
        "batch_size": 256,
        "seed": 1,
        "status": status,
        "progress": {"epoch": 12, "epochs": 90},
        "created_at": NOW.isoformat(),
        "started_at": NOW.isoformat(),
        "finished_at": None if status == "running" else (NOW + timedelta(seconds=95)).isoformat(),
        **more,
    }


def losses(epoch: int) -> list[float | None]:
    """Of each member after an epoch; the fourth learns nothing, and the last one's is no finite number for a while."""
    learned = [1.0 + (2.0 + member / 10) / epoch for member in range(MEMBERS)]
    return [2.9 if member == 3 else None if member == 9 and epoch < 3 else loss for member, loss in enumerate(learned)]


def manifest(version: str, recipe: str) -> dict[str, Any]:
    """What is told of a version with its manifest."""
    if recipe == "baseline":
        by_epoch = [losses(epoch) for epoch in (1, 2, 10)]
        curves = {"epochs": [1, 2, 10], "loss": list(zip(*by_epoch, strict=True)), "val_loss": []}
        return {"version": version, "seed": 1, "diagnostics": {"curves": curves, "collapsed": [3]}}
    seed = int(version[6:8])
    told: dict[str, Any] = msgspec.to_builtins(replace(demand_version()[0], version=version, seed=seed))
    return told


VERSIONS: Final = (
    model("20261120T0400-d", "demand", "current", deviance=0.71, pinned=True),
    model("20261113T0400-d", "demand", "previous", deviance=0.75, trained_at=NOW - timedelta(days=7)),
    model("20261106T0400-d", "demand", "refused", deviance=0.79, trained_at=NOW - timedelta(days=14)),
    model("20261120T0300-b", "baseline", "current"),
    model("20261119T0300-b", "baseline", "available", deviance=0.9, trained_at=NOW - timedelta(days=1)),
)
