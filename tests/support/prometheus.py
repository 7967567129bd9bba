"""Debian's package `prometheus`: the server and promtool. And its HTTP API, as a dashboard asks it."""

import os
import shutil
from typing import Any

import httpx
import pytest


def installed(program: str) -> str:
    """The path of `prometheus` or `promtool`. Without it the test is skipped, and fails where CI=true says that all is there."""
    path = shutil.which(program)
    if path is None:
        missing = f"{program} is not installed (Debian: apt-get install prometheus)"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return path


class Prometheus:
    """Asks a running Prometheus."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def query(self, expr: str) -> list[dict[str, Any]]:
        """The samples of an expression now, each with its labels (`metric`) and its `value`."""
        answer = await self._get("query", query=expr)
        result: list[dict[str, Any]] = answer["result"]
        return result

    async def rules(self) -> list[dict[str, Any]]:
        return [rule for group in (await self._get("rules"))["groups"] for rule in group["rules"]]

    async def label_names(self) -> set[str]:
        """The labels of our own metrics."""
        return set(await self._get("labels", **{"match[]": '{__name__=~"ordercast_.+"}'}))

    async def _get(self, path: str, **parameters: str) -> Any:
        response = await self._client.get(f"/api/v1/{path}", params=parameters)
        answer = response.json()
        assert answer["status"] == "success", f"{parameters}: {answer.get('error')}"
        return answer["data"]
