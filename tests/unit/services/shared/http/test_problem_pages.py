"""/problems/{slug}, as anybody sees it."""

import httpx
import pytest

from ordercast.services.shared.problem_types.catalogue import CATALOGUE
from tests.support.small_app import client_of, small_app


async def asked(path: str, accept: str | None = None) -> httpx.Response:
    async with client_of(small_app()) as client:
        return await client.get(path, headers={"Accept": accept} if accept else {})


async def test_a_browser_gets_a_page_that_may_load_nothing() -> None:
    answer = await asked("/problems/too-many-requests", "text/html,application/xhtml+xml,*/*;q=0.8")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert "unsafe" not in policy["script-src"]
    assert "Too many requests" in answer.text


async def test_who_says_nothing_of_types_gets_the_page() -> None:
    assert (await asked("/problems/not-found")).headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("media", ["text/markdown", "application/json"])
async def test_who_prefers_another_type_gets_that(media: str) -> None:
    answer = await asked("/problems/not-found", media)
    assert answer.headers["content-type"].startswith(media)
    assert answer.headers["vary"] == "Accept"
    assert CATALOGUE["not-found"].remedy in answer.text


async def test_an_unknown_type_is_a_problem_with_a_page_of_its_own() -> None:
    answer = await asked("/problems/nothing-of-the-kind")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "there is no such type of problem"
    assert (await asked(answer.json()["type"])).status_code == 200


async def test_a_slug_has_a_bound() -> None:
    assert (await asked(f"/problems/{'x' * 101}")).status_code == 422
