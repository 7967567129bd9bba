"""Every error that a service can answer with is named by a route that can answer with it, so the API's document has it."""

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute

from ordercast.services.order_api import problems as of_order_api
from ordercast.services.order_api.accounts.routes import router as accounts
from ordercast.services.order_api.api_keys.routes import router as api_keys
from ordercast.services.order_api.dead_letters.routes import router as dead_letters
from ordercast.services.order_api.feed.routes import router as feed
from ordercast.services.order_api.orders.routes import router as orders
from ordercast.services.order_api.personal_data.routes import router as personal_data
from ordercast.services.order_api.products.routes import router as products
from ordercast.services.order_api.reviews.routes import router as reviews
from ordercast.services.order_api.trends.routes import router as trends
from ordercast.services.order_api.views.routes import router as views
from ordercast.services.order_api.webhooks.routes import router as webhooks
from ordercast.services.predictor import problems as of_predictor
from ordercast.services.predictor.batch_routes import router as batches
from ordercast.services.predictor.forecast_routes import router as forecasts
from ordercast.services.predictor.live_routes import router as live
from ordercast.services.predictor.model_routes import router as models
from ordercast.services.predictor.routes import router as predictions
from ordercast.services.shared.http.problem import ProblemTable
from ordercast.services.shared.http.raises import raised_by
from ordercast.services.trainer import problems as of_trainer
from ordercast.services.trainer.routes import router as trainings

SERVICES = {
    "order_api": (
        of_order_api.PROBLEMS,
        [accounts, personal_data, api_keys, orders, products, reviews, trends, views, feed, webhooks, dead_letters],
    ),
    "trainer": (of_trainer.PROBLEMS, [trainings]),
    "predictor": (of_predictor.PROBLEMS, [predictions, batches, forecasts, models, live]),
}


@pytest.mark.parametrize("service", SERVICES)
def test_every_error_is_named_by_a_route(service: str) -> None:
    problems: ProblemTable
    routers: list[APIRouter]
    problems, routers = SERVICES[service]
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    named = {error for route in routes for error in raised_by(route.endpoint)}
    missing = {error.__name__ for error in problems.keys() - named}
    assert missing == set(), "add them to @raises(...) of the routes that can answer with them"
    assert all(route.description for route in routes), "a route without a docstring has no summary"
