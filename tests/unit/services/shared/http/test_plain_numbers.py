"""What is a number in a query."""

from typing import Annotated

import pytest
from fastapi import APIRouter, Query

from ordercast.services.shared.http.requests import PLAIN_INTEGER, PLAIN_NUMBER
from tests.support.small_app import client_of, small_app

router = APIRouter()


@router.get("/numbers")
async def numbers(
    count: Annotated[int, PLAIN_INTEGER, Query()] = 0, level: Annotated[float, PLAIN_NUMBER, Query(le=10)] = 0.0
) -> list[float]:
    return [count, level]


@pytest.mark.parametrize("level", ["0.9", "1", "-3", "9e-1", "5E+0"])
async def test_a_number_is_written_as_in_json(level: str) -> None:
    async with client_of(small_app(router)) as client:
        assert (await client.get("/numbers", params={"level": level})).json() == [0, float(level)]


@pytest.mark.parametrize("text", [" 0.9", "0.9 ", "0_9", "0.9\n", "+1", "1,5", "nan", "infinity", "", "٣"])
async def test_what_python_would_read_as_a_number_as_well_is_none(text: str) -> None:
    async with client_of(small_app(router)) as client:
        for name in ("level", "count"):
            answer = await client.get("/numbers", params={name: text})
            assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, [name]), text
