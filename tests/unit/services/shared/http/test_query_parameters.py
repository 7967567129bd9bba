"""A query parameter that nobody knows is refused, not ignored."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from tests.support.small_app import client_of, small_app

router = APIRouter()


async def zone(tz: str = "UTC") -> str:
    return tz


@router.get("/days")
async def days(tz: Annotated[str, Depends(zone)], first: Annotated[str, Query(alias="from")] = "") -> list[str]:
    return [tz, first]


@router.post("/bare")
async def bare() -> str:
    return "done"


async def test_an_unknown_parameter_is_refused_with_those_that_are_known() -> None:
    async with client_of(small_app(router)) as client:
        answer = await client.get("/days?from=1&first=2&status=PENDING")
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-request")
    message = "is not known here; known are from, tz"
    assert answer.json()["errors"] == [
        {"field": "first", "message": message},
        {"field": "status", "message": message},
    ]


async def test_known_ones_are_taken_by_their_names_in_a_query_those_of_dependencies_too() -> None:
    async with client_of(small_app(router)) as client:
        assert (await client.get("/days?from=1&tz=Asia/Seoul")).json() == ["Asia/Seoul", "1"]
        assert (await client.get("/days?")).json() == ["UTC", ""]


async def test_a_parameter_that_comes_twice_is_refused() -> None:
    async with client_of(small_app(router)) as client:
        answer = await client.get("/days?from=1&tz=UTC&from=2")
    assert (answer.status_code, answer.json()["errors"]) == (
        422,
        [{"field": "from", "message": "may be given once"}],
    )


async def test_a_route_without_parameters_says_so() -> None:
    async with client_of(small_app(router)) as client:
        answer = await client.post("/bare?dry_run=true")
    assert answer.json()["errors"] == [
        {"field": "dry_run", "message": "is not known here; this takes no query parameters"}
    ]


async def test_thousands_of_long_names_get_a_short_answer() -> None:
    async with client_of(small_app(router)) as client:
        answer = await client.get("/days?" + "&".join(f"{number}{'x' * 200}" + "=1" for number in range(200)))
    assert answer.status_code == 422
    assert len(answer.content) < 3_000


async def test_health_and_metrics_take_the_parameters_of_probes_and_scrapers() -> None:
    async with client_of(small_app(router)) as client:
        for path in ("/healthz", "/readyz", "/metrics"):
            assert (await client.get(path, params={"probe": "1"})).status_code == 200
