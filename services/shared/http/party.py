"""Whom a network address stands for."""

import ipaddress
from typing import Final

# What one customer has of IPv6's addresses.
_IPV6_NETWORK: Final = 64


def party_of(address: str) -> str:
    """Whom an address stands for: of IPv6, whoever has a network has all of its addresses."""
    if ":" not in address:
        return address
    return str(ipaddress.ip_network((address.partition("%")[0], _IPV6_NETWORK), strict=False))
