"""What a list of ids is."""

import pytest
from fastapi import APIRouter
from hypothesis import given
from hypothesis import strategies as st

from ordercast.services.shared.http.paging import MAX_LIMIT, Ids, ids_of
from ordercast.services.shared.http.requests import MAX_ID
from tests.support.small_app import client_of, small_app

router = APIRouter()


@router.get("/rows")
async def rows(ids: Ids | None = None) -> list[int]:
    return sorted(ids_of(ids)) if ids else []


@given(ids=st.lists(st.integers(0, MAX_ID), min_size=1, max_size=MAX_LIMIT))
def test_each_id_counts_once(ids: list[int]) -> None:
    assert ids_of(",".join(map(str, ids))) == set(ids)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        *(
            (text, "must be ids with commas between them, 100 at most")
            for text in ("", "1,", "1, 2", "a", "-1", "1.0", "٣", "1_0", "1" * 3_000)
        ),
        (",".join(["1"] * (MAX_LIMIT + 1)), "must be ids with commas between them, 100 at most"),
        (f"1,{MAX_ID + 1}", f"has an id beyond {MAX_ID}"),
    ],
)
async def test_what_is_no_list_of_ids_is_refused_with_the_reason(text: str, message: str) -> None:
    async with client_of(small_app(router)) as client:
        answer = await client.get("/rows", params={"ids": text})
        assert (answer.status_code, answer.json()["errors"]) == (422, [{"field": "ids", "message": message}])
        assert (await client.get("/rows", params={"ids": "2,1,2"})).json() == [1, 2]
