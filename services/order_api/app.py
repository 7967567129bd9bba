"""order_api's HTTP side: its routes in the common frame."""

from functools import partial
from typing import Final

from fastapi import FastAPI

from ordercast.services.order_api.accounts.routes import router as accounts
from ordercast.services.order_api.api_keys.routes import router as api_keys
from ordercast.services.order_api.audit.routes import router as audit
from ordercast.services.order_api.dead_letters.routes import router as dead_letters
from ordercast.services.order_api.event_contract.routes import router as event_contract
from ordercast.services.order_api.feed.routes import router as feed
from ordercast.services.order_api.orders.routes import router as orders
from ordercast.services.order_api.pairs.routes import router as pairs
from ordercast.services.order_api.personal_data.routes import router as personal_data
from ordercast.services.order_api.problems import PROBLEMS
from ordercast.services.order_api.products.routes import router as products
from ordercast.services.order_api.reviews.routes import router as reviews
from ordercast.services.order_api.settings import OrderApiSettings
from ordercast.services.order_api.trends.routes import router as trends
from ordercast.services.order_api.views.routes import MAX_VIEW_BATCH_BYTES
from ordercast.services.order_api.views.routes import router as views
from ordercast.services.order_api.webhooks.routes import router as webhooks
from ordercast.services.order_api.wiring import open_order_api
from ordercast.services.shared.http.access import ACCESS
from ordercast.services.shared.http.app import create_app
from ordercast.services.shared.http.rate_limits import RateLimit

# An order of 2,000 lines takes up to 120 kB, written with indents twice as much.
MAX_BODY_BYTES: Final = 262_144
# Of a dead letter: a body of half a megabyte may take twice as much as a text in JSON, and its headers.
MAX_DEAD_LETTER_BYTES: Final = 2_097_152
# Each reads up to 2,000 records of Kafka: more at once take no longer one after the other.
DEAD_LETTERS_AT_ONCE: Final = 2
DEAD_LETTERS_PER_MINUTE: Final = 60
# Each reads up to 500,000 records of Kafka.
VERIFICATIONS_PER_MINUTE: Final = 60
# Each opens a reader of Kafka, and looks some twenty times for each event.
JOURNEYS_PER_MINUTE: Final = 60
JOURNEYS_AT_ONCE: Final = 2
# Of what comes without a token: a password has 128 characters at most.
MAX_LOGIN_BYTES: Final = 65_536


def order_api_app(settings: OrderApiSettings) -> FastAPI:
    """The app; its lifespan opens and closes the wiring."""
    return create_app(
        title="Ordercast order API",
        wiring=partial(open_order_api, settings),
        # Routes are tried one after the other: those with the most traffic come first.
        routers=[
            orders,
            views,
            products,
            accounts,
            personal_data,
            api_keys,
            reviews,
            trends,
            audit,
            feed,
            webhooks,
            dead_letters,
            pairs,
            event_contract,
        ],
        problems=PROBLEMS,
        max_body_bytes=MAX_BODY_BYTES,
        body_limits={
            "/accounts": MAX_LOGIN_BYTES,
            "/auth": MAX_LOGIN_BYTES,
            "/api-keys": MAX_LOGIN_BYTES,
            "/dead-letters": MAX_DEAD_LETTER_BYTES,
            "/views/batch": MAX_VIEW_BATCH_BYTES,
            "/orders/import": None,
            "/products/import": None,
        },
        rate_limits=[
            RateLimit("orders", "POST", "/orders", settings.part_of_limit(settings.orders_per_minute)),
            *(
                RateLimit("dead-letters", method, path, DEAD_LETTERS_PER_MINUTE, DEAD_LETTERS_AT_ONCE)
                for method, path in ACCESS
                if path.startswith("/dead-letters")
            ),
            RateLimit(
                "verifications", "POST", "/pairs/{account_id}/{product_id}/verification", VERIFICATIONS_PER_MINUTE, 1
            ),
            RateLimit("journeys", "GET", "/orders/{order_id}/journey", JOURNEYS_PER_MINUTE, JOURNEYS_AT_ONCE),
            RateLimit("sign-ups", "POST", "/accounts", settings.part_of_limit(settings.address_sign_ups_per_minute)),
        ],
        cors_origins=settings.allowed_origins,
        token_url="/auth/token",  # noqa: S106 - a path
    )
