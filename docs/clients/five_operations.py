"""five_operations.py EMAIL PRODUCT: signs up, logs in, orders the product, lists the orders, and asks for a prediction.

With the clients that openapi-python-client makes of the services' documents; README.md says how.
"""

import os
import sys
from typing import TypeVar
from uuid import uuid4

from order_api_client import AuthenticatedClient, Client
from order_api_client.api.accounts import create_account_accounts_post as sign_up
from order_api_client.api.accounts import log_in_auth_token_post as log_in
from order_api_client.api.orders import list_orders_orders_get as list_orders
from order_api_client.api.orders import place_orders_post as place_order
from order_api_client.models import (
    AccountAnswer,
    ItemRequest,
    OrderAnswer,
    OrderPage,
    PasswordGrant,
    PlaceOrderRequest,
    SignUpRequest,
    TokenAnswer,
)
from predictor_client import Client as PredictorClient
from predictor_client.api.predictions import predict_for_view_count_predictions_get as predict
from predictor_client.models import Prediction

ORDER_API = os.environ.get("ORDER_API", "http://127.0.0.1:8000")
PREDICTOR = os.environ.get("PREDICTOR", "http://127.0.0.1:8002")
PASSWORD = "a long enough password"  # noqa: S105

Answer = TypeVar("Answer")


def expected(kind: type[Answer], answer: object) -> Answer:
    """The answer, if it is of this kind; every problem of the document has a class of its own."""
    if not isinstance(answer, kind):
        raise SystemExit(f"no {kind.__name__}, but {answer}")
    return answer


def main(email: str, product_id: int) -> None:
    open_client = Client(base_url=ORDER_API)
    account = SignUpRequest(email=email, nickname=email.partition("@")[0], password=PASSWORD)
    print("account", expected(AccountAnswer, sign_up.sync(client=open_client, body=account)).id)

    grant = PasswordGrant(username=email, password=PASSWORD)
    token = expected(TokenAnswer, log_in.sync(client=open_client, body=grant)).access_token
    client = AuthenticatedClient(base_url=ORDER_API, token=token)

    wanted = PlaceOrderRequest(items=[ItemRequest(product_id=product_id, quantity=3)])
    order = expected(OrderAnswer, place_order.sync(client=client, body=wanted, idempotency_key=str(uuid4())))
    print("order", order.id, order.total, order.currency)

    print("orders", *(each.id for each in expected(OrderPage, list_orders.sync(client=client)).data))

    prediction = predict.sync(client=PredictorClient(base_url=PREDICTOR), view_count=5000)
    print("quantity", expected(Prediction, prediction).quantity)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
