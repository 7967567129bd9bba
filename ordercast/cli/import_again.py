"""The command that brings in what an import refused, once it is corrected."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from ordercast.cli.options import Context
from ordercast.imports.columns.numbers import Decimals
from ordercast.imports.documents.cells import Form
from ordercast.imports.find_form import Choices
from ordercast.imports.profiles.mapping import NUMBERS, plain, told_fields
from ordercast.imports.send import OnConflict, SimulatedViews


def again(
    context: Context,
    rejects: Path,
    choices: Choices,
    mapping: Path | None,
    form: Form,
    on_conflict: OnConflict,
    simulated: SimulatedViews | None,
) -> str:
    """With what was told, and with what was found in the whole file: a few of its rows may not tell it any more."""
    words = ["ordercast", "import", choices.subject, str(rejects), *_told(choices, mapping), *_found(choices, form)]
    if on_conflict != "refuse":
        words += ["--on-conflict", on_conflict]
    if simulated:
        words += ["--simulate-views", "--seed", str(simulated.seed)]
    return shlex.join(words) + context.where


def _told(choices: Choices, mapping: Path | None) -> Iterator[str]:
    if choices.profile:
        yield from ("--profile", choices.profile)
    if mapping:
        yield from ("--mapping", str(mapping))
    told_by_option = (
        ("--map", choices.map),
        ("--kind", choices.kinds),
        ("--status", choices.statuses),
        ("--group-by", choices.group_by),
    )
    for option, told in told_by_option:
        for one in told:
            yield from (option, one)
    if choices.sum_duplicate_lines is not None:
        yield f"--{'sum' if choices.sum_duplicate_lines else 'keep'}-duplicate-lines"
    if choices.account_prefix:
        yield from ("--account-prefix", choices.account_prefix)


def _found(choices: Choices, form: Form) -> Iterator[str]:
    fields = form.columns.fields
    if "kind" in fields and "kind" not in told_fields(choices.map) and plain(form.columns.name("kind")) != "kind":
        yield from ("--map", f"kind={form.columns.name('kind')}")
    if form.zone:
        yield from ("--zone", form.zone.key)
    if form.currency:
        yield from ("--currency", form.currency)
    for dayfirst in {found.dayfirst for found in form.times.values()} - {None}:
        yield "--dayfirst" if dayfirst else "--monthfirst"
    if any(field in fields for field in NUMBERS):
        yield "--decimal-point" if form.decimals is Decimals.POINT else "--decimal-comma"
