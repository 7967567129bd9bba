"""A service that does nothing but be healthy, for tests of the supervisor: `python small_service.py PORT [BEHAVIOUR]`.

Behaviours: `deaf` ignores SIGTERM; `slow` takes half a second over it; `broken` says why and ends; `parent` starts a
process of its own and writes its pid to the file that SMALL_SERVICE_NOTES names.
"""

import os
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

# What it says at /readyz: it answers, so it is healthy, and misses something.
READY = b'{"status":"unavailable","checks":{"database":"ok","flour":"there is none"}}'


class Health(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200 if self.path in ("/healthz", "/readyz") else 404)
        self.send_header("Content-Length", str(len(READY)))
        self.end_headers()
        self.wfile.write(READY)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Says nothing: the log belongs to what the tests look for."""


def end_slowly(*_: object) -> None:
    time.sleep(0.5)
    sys.exit()


def main(port: int, behaviour: str = "") -> None:
    if behaviour == "broken":
        sys.exit("the oven is cold")
    if behaviour == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if behaviour == "slow":
        signal.signal(signal.SIGTERM, end_slowly)
    if behaviour == "parent":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        Path(os.environ["SMALL_SERVICE_NOTES"]).write_text(str(child.pid))
    HTTPServer(("127.0.0.1", port), Health).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
