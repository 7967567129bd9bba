"""The examples of a page of documentation, so that a test can run them as they stand there."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# An indented block; of several files or commands one after the other, there is an empty line between.
_BLOCK: Final = re.compile(r"(?:^    .*\n)+", re.MULTILINE)


@dataclass(frozen=True)
class Example:
    """A file to write, or a command to run."""

    file: str | None
    text: str


def examples(page: Path) -> list[Example]:
    found = []
    for block in _BLOCK.findall(page.read_text()):
        lines = [line[4:] for line in block.splitlines()]
        if lines[0].startswith("# "):
            found.append(Example(lines[0][2:], "\n".join(lines[1:]) + "\n"))
        else:
            found += [Example(None, line) for line in lines]
    return found
