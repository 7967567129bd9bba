"""The public library of Standard Webhooks takes what we sign, and nothing else."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from ordercast.services.order_api.webhooks.signatures import new_secret, shown, signed_headers

BODY = b'{"type": "ordercast.order.placed.v1", "data": {"name": "B\xc3\xbcgel"}}'
ID = "orders:3:outbox:17"


@given(st.lists(st.binary(min_size=24, max_size=64), min_size=1, max_size=3))
def test_each_good_secret_checks_it(secrets: list[bytes]) -> None:
    headers = signed_headers(ID, int(time.time()), BODY, secrets)
    for secret in secrets:
        Webhook(shown(secret)).verify(BODY, dict(headers))


def test_it_is_the_signature_that_the_library_makes() -> None:
    secret, now = new_secret(), datetime.now(UTC).replace(microsecond=0)
    headers = signed_headers(ID, int(now.timestamp()), BODY, [secret])
    assert headers["webhook-signature"] == Webhook(shown(secret)).sign(ID, now, BODY.decode())


@pytest.mark.parametrize(
    ("changed", "body"),
    [
        ({}, BODY + b" "),
        ({"webhook-id": "orders:3:outbox:18"}, BODY),
        ({"webhook-timestamp": str(int(time.time()) - 60)}, BODY),
        ({"webhook-timestamp": str(int(time.time()) - 3_600)}, BODY),
    ],
)
def test_what_was_changed_or_is_old_is_refused(changed: dict[str, str], body: bytes) -> None:
    secret = new_secret()
    headers = {**signed_headers(ID, int(time.time()), BODY, [secret]), **changed}
    with pytest.raises(WebhookVerificationError):
        Webhook(shown(secret)).verify(body, headers)


def test_another_secret_does_not_check_it() -> None:
    headers = signed_headers(ID, int(time.time()), BODY, [new_secret()])
    with pytest.raises(WebhookVerificationError):
        Webhook(shown(new_secret())).verify(BODY, dict(headers))
