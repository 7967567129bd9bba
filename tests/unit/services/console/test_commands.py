"""Each command that a page names is one that the CLI takes."""

import html
import re
import shlex
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from jinja2 import meta
from typer.main import get_command

from ordercast import cli
from ordercast.services.console.settings import ConsoleSettings
from ordercast.services.console.texts import TEMPLATES, environments

# Blocks of commands to copy, and what stands in them.
BLOCK = re.compile(r"<pre><code>((?:ordercast|curl).*?)</code></pre>", re.DOTALL)
EXPRESSION = re.compile(r"{{ (.*?) }}")
QUOTED = re.compile(r'\| (shell$|shell if |map\("shell"\))')
# What says nothing that a shell takes for its own: numbers, ids and words of our own, settings, what is quoted where it is made,
# and JSON, which has no single quote.
HARMLESS = re.compile(
    r"""(\w+_)?urls\.\w+ | restart\(.*\)
    | (\w+\.)*((account|product|order|review|training|key)_)?id | order\.items\[0\]\.product_id | pair\.item\.product_id
    | (account|product)\.id\ if\ .* | .*\.quantity | review\.rating | most | (asked\.)?\w*weeks | (asked\.)?service_level
    | .*curve\.at | act | recipe | version | chosen.* | told\.subject | asked\.(first|second|sort|state|role\ .*|types\ .*)
    | cart\.key | (told|form)\.options | form\.body | form\.values\.body\(.* | \w+(\.done)?\ \|\ tojson
    | .*same(\ if\ same)? | asked\.search\ \|\ urlencode | "[A-Za-z-]+"\ if\ .*\ else\ "[A-Za-z-]+" | "\ --all"\ if\ .*
    | "/%d"\ %\ review\.review\ if\ .*
    """,
    re.VERBOSE,
)
CODE = re.compile(r"<code>(.*?)</code>", re.DOTALL)
ENVIRONMENT = environments(ConsoleSettings.model_fields["restart_command"].default)["en"]


class Sample(str):
    """Stands for whatever a page has: it is a text, and what it has is one, too."""

    __slots__ = ()

    def __new__(cls, text: str = "1") -> "Sample":
        return super().__new__(cls, text)

    def __getattr__(self, name: str) -> "Sample":
        if name.startswith("__"):
            raise AttributeError(name)
        return SAMPLES.get(name, Sample())

    def __index__(self) -> int:
        return int(str(self))


# Where not every text will do.
SAMPLES = {
    "act": Sample("replay"),
    "chosen": Sample("operator"),
    "role": Sample("operator"),
    "recipe": Sample("demand"),
    "training_id": Sample("00000000-0000-0000-0000-000000000001"),
    "subject": Sample("orders"),
    "options": Sample(""),
    "scopes": Sample(""),
}
NAMED = [
    (template, line.strip())
    for template in sorted(TEMPLATES.glob("*.html"))
    for code in CODE.findall(template.read_text("utf-8"))
    for line in code.splitlines()
    if line.strip().startswith("ordercast") or "restart(" in line
]


def shown(line: str) -> list[str]:
    """A line of a template with everything in it that it may have."""
    whole = re.sub(r"{% *(?:if|elif|endif)\b.*?%}", "", line)
    names = meta.find_undeclared_variables(ENVIRONMENT.parse(whole)) - ENVIRONMENT.globals.keys()
    values: dict[str, Any] = {name: SAMPLES.get(name, Sample()) for name in names}
    values["missing"] = lambda _: False
    return shlex.split(html.unescape(ENVIRONMENT.from_string(whole).render(values)))


def parse(words: list[str]) -> None:
    """As the program does, down to the command that it would run."""
    entry = next((entry for entry in cli.COMMANDS if entry.name == words[1]), None)
    assert entry is not None, f"there is no command {words[1]}"
    command: Any = get_command(getattr(import_module(entry.module), entry.app))
    context = command.make_context(entry.name, words[2:])
    while hasattr(command, "commands"):
        name, command, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        context = command.make_context(name, rest, parent=context)


@pytest.mark.parametrize(("template", "line"), NAMED, ids=lambda one: one.name if isinstance(one, Path) else "")
def test_the_cli_takes_it(template: Path, line: str) -> None:
    parse(shown(line))


def test_they_are_found() -> None:
    assert len(NAMED) > 80


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_what_others_may_write_is_quoted_for_the_shell(template: Path) -> None:
    written = [text for block in BLOCK.findall(template.read_text("utf-8")) for text in EXPRESSION.findall(block)]
    assert [text for text in written if not QUOTED.search(text) and not HARMLESS.fullmatch(text)] == []
