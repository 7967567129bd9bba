#!/usr/bin/env python3
"""Ends with 0 if a service answers on this machine: healthcheck PORT ... (ORDERCAST_PORT, if set, wins)."""

import os
import sys
from urllib.request import urlopen

# Seconds for an answer; the container's own health check gives 5.
TIMEOUT_S = 4

if __name__ == "__main__":
    reasons = []
    own_port = os.environ.get("ORDERCAST_PORT")
    for port in [own_port] if own_port else sys.argv[1:]:
        try:
            with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=TIMEOUT_S):
                sys.exit(0)
        except OSError as error:
            reasons.append(f"port {port}: {error!r}")
    sys.exit("; ".join(reasons))
