"""What holds of every page of documentation: its links lead somewhere, and what it tells to run is there.

Whether commands do what a page says, tests of that page find out, which run them; docs/README.md names these.
"""

import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest
from typer.main import get_command

from ordercast import cli
from ordercast.services.shared.http.access import ACCESS
from tests.architecture.test_style import ROOT

PAGES: Final = sorted(
    ROOT / name
    for name in subprocess.run(
        ("git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
)
_LINK: Final = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING: Final = re.compile(r"^#{1,6} +(.*?) *$", re.MULTILINE)
# Code: a block that is indented, or what stands between backticks, which may go over a line's end.
_BLOCK: Final = re.compile(r"^    (\S.*)$", re.MULTILINE)
_SPAN: Final = re.compile(r"`([^`]+)`")
# What every service has beside the table.
BESIDE: Final = {"/docs", "/openapi.json", "/healthz", "/readyz", "/metrics"}
COMMANDS: Final = {entry.name: get_command(getattr(import_module(entry.module), entry.app)) for entry in cli.COMMANDS}


def prose(page: Path) -> str:
    return _SPAN.sub("", _BLOCK.sub("", page.read_text()))


def code(page: Path) -> list[str]:
    """Lines of code, each without its comment and without the end that a `\\` carries on."""
    text = page.read_text().replace("\\\n", " ")
    blocks = [re.sub(r" +# .*$", "", line) for line in _BLOCK.findall(text)]
    return blocks + [" ".join(span.split()) for span in _SPAN.findall(_BLOCK.sub("", text))]


def anchors(page: Path) -> Iterator[str]:
    """As GitHub makes them of headings."""
    seen: Counter[str] = Counter()
    for heading in _HEADING.findall(_BLOCK.sub("", page.read_text())):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        yield f"{slug}-{seen[slug]}" if seen[slug] else slug
        seen[slug] += 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files_and_places_that_are_there(page: Path) -> None:
    broken = []
    for link in _LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", link):
            continue  # elsewhere
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_every_page_is_reached_from_the_first_one() -> None:
    reached, ahead = set(), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page in reached or page.suffix != ".md" or not page.is_file():
            continue
        reached.add(page)
        ahead += [(page.parent / link.partition("#")[0]).resolve() for link in _LINK.findall(prose(page))]
    assert set(PAGES) - reached == set(), "link them, for example from docs/README.md"


def unknown_parts(words: list[str]) -> Iterator[str]:
    """Of a command's words those that the program does not know; values and what stands for one are not looked at."""
    name, *rest = words
    command: Any = COMMANDS.get(name)
    if command is None:
        yield name
        return
    while hasattr(command, "commands"):
        if not rest or not re.fullmatch(r"[a-z][a-z-]*", rest[0]):
            break
        if rest[0] not in command.commands:
            yield rest[0]
            return
        command = command.commands[rest.pop(0)]
    known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)} | {"--help"}
    yield from (word for word in rest if re.match(r"--[a-z]", word) and word.partition("=")[0] not in known)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_and_their_options_are_there(page: Path) -> None:
    unknown = {}
    for line in code(page):
        if match := re.match(r"(?:\.venv/bin/)?ordercast ([a-z].*)$", line):
            first = re.split(r" [|>&]|;", match[1])[0]
            if parts := [*unknown_parts(first.split())]:
                unknown[line] = parts
    assert unknown == {}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_targets_of_make_are_there(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {match[1] for line in code(page) if (match := re.match(r"make ([a-z][a-z-]*)", line))}
    assert named - targets == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_is_asked_over_http_is_answered_by_a_service(page: Path) -> None:
    patterns = [re.sub(r"\{\w+\}", "[^/]+", path) for _, path in ACCESS] + sorted(BESIDE)
    asked = [
        path for line in code(page) for path in re.findall(r"(?:localhost|127\.0\.0\.1):800\d(/[^\s'\"?)]*)", line)
    ]
    assert [path for path in asked if not any(re.fullmatch(pattern, path) for pattern in patterns)] == []


@pytest.mark.parametrize(
    ("words", "unknown"),
    [
        ("verify --json", []),
        ("verify --nothing", ["--nothing"]),
        ("models nothing", ["nothing"]),
        ("nothing", ["nothing"]),
        ("import orders FILE --zone=Europe/Berlin", []),
    ],
)
def test_a_command_that_is_not_there_is_found(words: str, unknown: list[str]) -> None:
    assert [*unknown_parts(words.split())] == unknown
