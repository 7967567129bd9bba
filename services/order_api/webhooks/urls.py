"""Which URLs a subscription may have. Names are looked at when something is sent: what they stand for may change any time."""

import re
from typing import Final
from urllib.parse import urlsplit

from ordercast.services.order_api.errors import WebhookUrlRefused
from ordercast.services.order_api.webhooks.addresses import is_public, written_address

MAX_URL: Final = 2_000
# Of a name, or of an IPv4 address however it is written. Others are read as one thing here and as another there.
_HOST: Final = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?")


def expect_good_url(url: str, *, private: bool) -> None:
    """`private`: addresses that are not public are allowed, and so is what anybody on the way may read.

    Raises:
        WebhookUrlRefused: with the reason.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise _refused(f"is no URL: {error}") from error
    if parts.scheme not in ("https", "http") or not host:
        raise _refused("must be a whole URL, such as https://shop.example/hook")
    if not url.isascii() or any(char <= " " or char in "\\\x7f" for char in url):
        raise _refused("must be of printable ASCII without blanks; encode what is not")
    if parts.username is not None or parts.password is not None:
        raise _refused("must not hold a user or password")
    if port == 0:
        raise _refused("must not have the port 0")
    address = written_address(host)
    if address is None and ("[" in url or not _HOST.fullmatch(host)):
        raise _refused("has a host that is neither a name nor an address")
    if "#" in url:
        raise _refused("must not hold a fragment, which is never sent")
    if private:
        return
    if parts.scheme != "https":
        raise _refused("must begin with https: what is sent holds the shop's orders")
    if address is not None and not is_public(address):
        raise _refused(f"has the address {address}, which is not a public one")
    name = host.removesuffix(".")
    if address is None and ("." not in name or name.endswith(".localhost")):
        raise _refused(f"names {name}, which is this machine or one of the own network")


def host_of(url: str) -> str:
    """For the audit log: the rest may hold what only its owner should know."""
    return urlsplit(url).hostname or ""


def _refused(reason: str) -> WebhookUrlRefused:
    return WebhookUrlRefused(f"the URL {reason}", fields={"url": reason})
