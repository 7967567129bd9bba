"""`python -m ordercast.services.shared.event_contract.generate`: writes docs/reference/events from the code.

With `--release` it also keeps the schemas as those of this version, which later ones are compared with.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from ordercast.contracts.events import EVENT_TYPES
from ordercast.contracts.json_schema import event_schema
from ordercast.services.shared.event_contract.asyncapi import asyncapi_document

# Of the checkout: from `ordercast/services`, which is a link there, the way up would lead elsewhere.
FOLDER: Final = Path(__file__).resolve().parents[3] / "docs" / "reference" / "events"
RELEASED: Final = FOLDER / "released"


def generated() -> dict[Path, str]:
    """Each file with the text that it should have."""
    schemas = {FOLDER / f"{name}.schema.json": event_schema(name) for name in EVENT_TYPES}
    documents = {FOLDER / "asyncapi.json": asyncapi_document(), **schemas}
    return {path: json.dumps(document, indent=2, ensure_ascii=False) + "\n" for path, document in documents.items()}


def released() -> dict[str, dict[str, Any]]:
    """The documents of the last release, by their files' names."""
    last = max(RELEASED.iterdir(), key=lambda folder: [int(part) for part in folder.name.split(".")])
    return {path.name: json.loads(path.read_text()) for path in last.glob("*.json")}


def main() -> None:
    folders = [FOLDER, *([RELEASED / version("ordercast")] if "--release" in sys.argv[1:] else [])]
    for path, text in generated().items():
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / path.name).write_text(text)


if __name__ == "__main__":
    main()
