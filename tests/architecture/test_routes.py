"""What holds of every route: the bounds of what is sent, that none needs a thread, and that the chart leads to it."""

from collections.abc import Callable, Iterator
from inspect import iscoroutinefunction
from pathlib import Path
from types import ModuleType
from typing import Any, Final, get_args

import pytest
import yaml
from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.params import Form
from fastapi.routing import APIRoute

from ordercast.services.console.app import console_app
from ordercast.services.console.settings import ConsoleSettings
from ordercast.services.order_api import app as order_api
from ordercast.services.predictor import app as predictor
from ordercast.services.shared.http.requests import BodyModel
from ordercast.services.trainer import app as trainer

COMPONENTS: Final = Path(__file__).parents[2] / "infra" / "helm" / "ordercast" / "templates" / "_components.tpl"
# What every app has. It stays inside, or is served by the APIs.
IN_THE_FRAME: Final = {"healthz", "readyz", "metrics", "problems"}


def routes(service: ModuleType) -> Iterator[APIRoute]:
    for router in vars(service).values():
        if isinstance(router, APIRouter):
            yield from (route for route in router.routes if isinstance(route, APIRoute))


def routes_with_a_body(service: ModuleType) -> Iterator[APIRoute]:
    for route in routes(service):
        if route.body_field and not isinstance(route.body_field.field_info, Form):
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


def calls(dependant: Dependant) -> Iterator[Callable[..., Any]]:
    """The function that answers, and those that it depends on."""
    if dependant.call is not None:
        yield dependant.call
    for dependency in dependant.dependencies:
        yield from calls(dependency)


@pytest.mark.parametrize("service", [order_api, predictor, trainer])
def test_nothing_that_a_route_needs_is_run_in_a_thread(service: ModuleType) -> None:
    """FastAPI hands a plain function or a class to a thread, which takes as long as a whole small request."""
    plain = {
        f"{route.path}: {call}"
        for route in routes(service)
        for call in calls(route.dependant)
        if not iscoroutinefunction(call) and not iscoroutinefunction(call.__call__)  # type: ignore[operator]
    }
    assert plain == set()


def _without_none(body: Any) -> Any:
    """Of a body that may be left out."""
    return next(iter(get_args(body)), body)


def test_the_chart_leads_to_every_page_of_the_console_and_to_nothing_else_of_it() -> None:
    _, _, text = COMPONENTS.read_text("utf-8").partition('{{- define "ordercast.components" -}}')
    pages = yaml.safe_load(text.removesuffix("{{- end -}}\n"))["console"]["pages"]
    paths = {path.split("/")[1] for path in console_app(ConsoleSettings()).openapi()["paths"]}
    first_page = {""}
    assert sorted(pages) == sorted(f"/{path}" for path in (paths | {"static"}) - first_page - IN_THE_FRAME)
