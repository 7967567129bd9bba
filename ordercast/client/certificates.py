"""Whom this machine trusts."""

import ssl
from functools import cache


@cache
def trusted_here() -> ssl.SSLContext:
    """The certificates of the machine's authorities, read once for all connections: there are many, which takes 20 ms."""
    return ssl.create_default_context()
