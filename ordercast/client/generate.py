"""`python -m ordercast.client.generate`: writes `ordercast/client/blocking`, the client without asyncio, from the one with it.

Each `await` becomes the plain call, and what waits (locks, queues, sleep, httpx's clients) becomes its counterpart of threads.
"""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).resolve().parent
BLOCKING: Final = FOLDER / "blocking"
# What waits for answers. All other modules of the client are of both forms.
MODULES: Final = (
    "__init__",
    "dead_letters",
    "edits",
    "events",
    "follow_events",
    "follow_training",
    "order_api",
    "pairs",
    "predictor",
    "reviews",
    "session",
    "shop_pages",
    "trainer",
    "transport",
)
_NOTE: Final = "# Made from ordercast/client/{name}.py by `python -m ordercast.client.generate`: change it there.\n"
_REPLACED: Final = (
    (r"\basync (with|for|def) ", r"\1 "),
    (r"\bawait ", ""),
    (r"\bAwaitable\[(\w+)\]", r"\1"),
    (r"\bAsyncGenerator\[(\w+), None\]", r"Generator[\1, None, None]"),
    (r"\bAsync(Generator|Iterator|Iterable|ExitStack)\b", r"\1"),
    (r"\bhttpx\.AsyncClient\b", "httpx.Client"),
    (r"\basynccontextmanager\b", "contextmanager"),
    (r"\benter_async_context\b", "enter_context"),
    (r"\ba(read|close|iter_bytes)\(\)", r"\1()"),
    (r"\basyncio\.Lock\b", "threading.Lock"),
    (r"\basyncio\.LifoQueue\b", "queue.LifoQueue"),
    (r"\basyncio\.sleep\b", "time.sleep"),
    (r"^import asyncio$", "import queue\nimport threading\nimport time"),  # ruff leaves those that are needed
    (r"\bmany tasks at once\.\n.*without asyncio\.$", "many threads at once."),
    (rf"\bordercast\.client(?=\.(?:{'|'.join(MODULES)})\b)", "ordercast.client.blocking"),
)
# The width, imports and line breaks of a shorter text: as ruff, which the checkout has, would have them.
_TIDY: Final = (("check", "--quiet", "--fix", "--select", "I,F401"), ("format", "--quiet"))


def generated(name: str) -> str:
    """The module of this name without asyncio."""
    text = (FOLDER / f"{name}.py").read_text()
    for pattern, replacement in _REPLACED:
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    path = str(BLOCKING / f"{name}.py")
    for command in _TIDY:
        tidy = [sys.executable, "-m", "ruff", *command, "--stdin-filename", path, "-"]
        text = subprocess.run(tidy, input=text, text=True, check=True, capture_output=True).stdout  # noqa: S603 - ours
    return _NOTE.format(name=name) + text


def main() -> None:
    BLOCKING.mkdir(exist_ok=True)
    (BLOCKING / "__init__.py").touch()  # ruff sorts imports by what is there
    for name in MODULES:
        (BLOCKING / f"{name}.py").write_text(generated(name))


if __name__ == "__main__":
    main()
