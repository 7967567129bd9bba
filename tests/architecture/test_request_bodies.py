"""What is sent to any route is held to the same bounds."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any, get_args

import pytest
from fastapi import APIRouter
from fastapi.params import Form
from fastapi.routing import APIRoute

from ordercast.services.order_api import app as order_api
from ordercast.services.predictor import app as predictor
from ordercast.services.shared.http.requests import BodyModel
from ordercast.services.trainer import app as trainer


def routes_with_a_body(service: ModuleType) -> Iterator[APIRoute]:
    for router in vars(service).values():
        if isinstance(router, APIRouter):
            for route in router.routes:
                if (
                    isinstance(route, APIRoute)
                    and route.body_field
                    and not isinstance(route.body_field.field_info, Form)
                ):
                    yield route


@pytest.mark.parametrize("service", [order_api, predictor, trainer])
def test_of_each_body_in_json_few_errors_are_named(service: ModuleType) -> None:
    bodies: dict[str, Any] = {
        route.path: route.body_field.field_info.annotation
        for route in routes_with_a_body(service)
        if route.body_field is not None
    }
    assert bodies
    of_many = [path for path, body in bodies.items() if BodyModel not in _without_none(body).__mro__]
    assert of_many == []


def _without_none(body: Any) -> Any:
    """Of a body that may be left out."""
    return next(iter(get_args(body)), body)
