"""What `helm test` runs: asks each URL for its readiness and ends with 1 if one of them is not ready in time."""

import sys
import time
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

# Time (s) that all of them have together, and between two tries.
DEADLINE_S = 60.0
PAUSE_S = 2.0
# Longer than a service takes to find out that a part is missing (2 s).
TIMEOUT_S = 5.0


def ask(url: str) -> tuple[bool, str]:
    """Whether it is ready, and what it says."""
    try:
        with urlopen(url, timeout=TIMEOUT_S) as answer:  # noqa: S310 - the chart gives the URLs
            return True, answer.read().decode()
    except HTTPError as error:
        return False, error.read().decode()
    except (URLError, OSError) as error:
        return (
            False,
            f"{error!r} (a Service without ready pods does not answer; a predictor is ready with its first model)",
        )


def main(urls: list[str]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    failed = False
    for url in urls:
        ready, words = ask(url)
        while not ready and time.monotonic() < deadline:
            time.sleep(PAUSE_S)
            ready, words = ask(url)
        sys.stdout.write(f"{'ready    ' if ready else 'NOT READY'} {url} {words.strip()}\n")
        failed = failed or not ready
    sys.exit(failed)


if __name__ == "__main__":
    main(sys.argv[1:])
