"""Finds out how a file is to be read: its profile, its columns, and how they are written."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from ordercast.contracts.because import sentence
from ordercast.contracts.currencies import CURRENCIES
from ordercast.imports.columns.numbers import Decimals, find_decimals
from ordercast.imports.columns.times import TimeForm, find_time_form
from ordercast.imports.documents.cells import Form
from ordercast.imports.errors import Undecided
from ordercast.imports.files.spool import Spool
from ordercast.imports.files.table import Table
from ordercast.imports.files.typed_files import LINE
from ordercast.imports.files.unpack import GENEROUS, Bounds
from ordercast.imports.profiles.event_logs import only_orders
from ordercast.imports.profiles.known import GENERIC
from ordercast.imports.profiles.mapping import (
    NUMBERS,
    OPTIONAL,
    REQUIRED,
    TIMES,
    Columns,
    Mapping,
    SavedMapping,
    Subject,
    told_fields,
    told_kinds,
    told_mapping,
    told_statuses,
)
from ordercast.imports.profiles.recognise import recognise
from ordercast.imports.profiles.usual_names import fitted
from ordercast.imports.report import shortened


@dataclass(frozen=True, slots=True)
class Choices:
    """What the user tells; None and empty where the file decides, or nobody."""

    subject: Subject
    profile: str | None = None
    map: Sequence[str] = ()
    saved: SavedMapping | None = None
    group_by: Sequence[str] = ()
    sum_duplicate_lines: bool | None = None
    zone: str | None = None
    currency: str | None = None
    account_prefix: str = ""
    dayfirst: bool | None = None
    decimals: Decimals | None = None
    encoding: str | None = None
    kinds: Sequence[str] = ()
    statuses: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """The form of a file, and the words for what was found. `not_read`: columns that nothing comes from."""

    form: Form
    words: tuple[str, ...]
    not_read: tuple[str, ...] = ()

    def saved(self) -> SavedMapping:
        """What `--save-mapping` writes."""
        form = self.form
        zone = form.zone.key if form.zone else None
        return SavedMapping(form.subject, form.mapping, zone, form.currency, form.account_prefix)


def find_form(table: Table, spool: Spool, choices: Choices) -> Found:
    """
    Raises:
        Undecided: a column is not there, or something is not said; the hint says how to say it.
    """
    subject = choices.subject
    name, mapping = _mapping(table, spool, choices)
    columns = Columns(mapping, table.header)
    if twice := columns.ambiguous():
        raise Undecided(sentence("columns-of-one-name", name=twice), hint=sentence("rename-columns"))
    for field in told_fields(choices.map):
        if field in mapping.columns and field not in columns.fields:
            raise Undecided(
                sentence("no-such-column", column=mapping.columns[field][0], field=field),
                hint=sentence("there-are-columns", names=_names(table.header)),
            )
    own_lines = LINE in columns.fields
    if not own_lines and (missing := columns.missing(subject, mapping.constants)):
        raise Undecided(
            sentence("fields-without-column", fields=", ".join(missing), names=_names(table.header)),
            hint=sentence(
                "map-all-columns",
                options=" ".join(f"--map {field}=COLUMN" for field in missing),
                fields=", ".join((*REQUIRED[subject], *OPTIONAL[subject])),
            ),
        )
    for column in mapping.group_by:
        if columns.place(column) is None:
            hint = sentence("there-are-columns", names=_names(table.header))
            raise Undecided(sentence("no-column-to-group-by", column=column), hint=hint)
    decimals = choices.decimals or find_decimals(_values(spool, columns, NUMBERS), typed=table.typed)
    constants = mapping.constants
    times: dict[str, TimeForm] = {
        field: find_time_form(
            [*_values(spool, columns, [field]), *filter(None, [constants.get(field)])], choices.dayfirst
        )
        for field in TIMES
        if field in columns.fields or field in constants
    }
    says_currency = own_lines or "currency" in columns.fields or "currency" in constants
    zone, currency = _told(choices, columns, times, says_currency=says_currency)
    prefix = choices.account_prefix or (choices.saved.account_prefix if choices.saved else "")
    form = Form(subject, mapping, columns, decimals, times, zone, currency, prefix)
    return Found(form, _words(table, name, form), tuple(columns.not_read(mapping)))


def _names(header: Sequence[str]) -> str:
    return shortened([name for name in header if name.strip()])


def _mapping(table: Table, spool: Spool, choices: Choices) -> tuple[str, Mapping]:
    if choices.saved is not None:
        if choices.saved.subject is not choices.subject:
            raise Undecided(f"the mapping is one of {choices.saved.subject}", hint=f"import {choices.saved.subject}")
        name, mapping = "of the mapping", choices.saved.mapping
    else:
        profile = recognise(table.header, choices.subject, choices.profile)
        name, mapping = profile.name, profile.mappings[choices.subject]
        if profile is GENERIC:
            mapping = fitted(choices.subject, mapping, table.header, spool.distinct, told_fields(choices.map))
    if choices.map:
        mapping = told_mapping(choices.subject, choices.map, mapping)
    if choices.group_by:
        told_ref = any(entry.startswith("order_ref=") for entry in choices.map)
        columns = mapping.columns if told_ref else {f: c for f, c in mapping.columns.items() if f != "order_ref"}
        mapping = msgspec.structs.replace(mapping, group_by=list(choices.group_by), columns=columns)
    if choices.subject is Subject.VIEWS:
        mapping = told_kinds(choices.kinds, mapping) if choices.kinds else mapping
    elif choices.subject is Subject.ORDERS:
        if choices.kinds or name == GENERIC.name:
            only = only_orders(table.header, spool.distinct, choices.kinds)
            mapping = msgspec.structs.replace(mapping, only=only)
        mapping = told_statuses(choices.statuses, mapping) if choices.statuses else mapping
    elif choices.kinds:
        raise Undecided("--kind goes with views and orders", hint="leave it out")
    if choices.statuses and choices.subject is not Subject.ORDERS:
        raise Undecided("--status goes with orders alone", hint="leave it out")
    if choices.sum_duplicate_lines is not None:
        mapping = msgspec.structs.replace(mapping, sum_duplicate_lines=choices.sum_duplicate_lines)
    return name, mapping


def _values(spool: Spool, columns: Columns, fields: Sequence[str]) -> list[str]:
    return [value for field in fields for place in columns.fields.get(field, ()) for value in spool.distinct(place)]


def _told(
    choices: Choices, columns: Columns, times: dict[str, TimeForm], *, says_currency: bool
) -> tuple[ZoneInfo | None, str | None]:
    saved = choices.saved
    zone_name = choices.zone or (saved.zone if saved else None)
    currency = choices.currency or (saved.currency if saved else None)
    unzoned = [field for field, form in times.items() if not form.zoned]
    if unzoned and zone_name is None:
        raise Undecided(
            sentence("zone-not-said", name=columns.name(unzoned[0]), example=times[unzoned[0]].example),
            hint=sentence("say-zone"),
        )
    if currency is None and not says_currency:
        raise Undecided(sentence("currency-not-said"), hint=sentence("say-currency"))
    if currency is not None and currency.upper() not in CURRENCIES:
        raise Undecided(sentence("currency-is-none", currency=currency), hint=sentence("say-currency-code"))
    try:
        return (ZoneInfo(zone_name) if zone_name else None), (currency.upper() if currency else None)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Undecided(sentence("no-such-zone", zone=str(zone_name)), hint=sentence("names-of-zones")) from error


def _words(table: Table, profile: str, form: Form) -> tuple[str, ...]:
    columns = form.columns
    pairs = ", ".join(f"{field}={columns.name(field)}" for field in columns.fields)
    constants = ", ".join(f"{field} is {text} for all" for field, text in form.mapping.constants.items())
    words = [f"form: {table.found}", f"profile: {profile}", f"columns: {pairs}"]
    if constants:
        words.append(f"not in the file: {constants}")
    if any(field in columns.fields for field in NUMBERS):
        words.append(f"numbers: decimal {form.decimals}")
    words += [f"{columns.name(field)}: {found}" for field, found in form.times.items()]
    if form.zone is not None and any(not found.zoned for found in form.times.values()):
        words.append(f"times without a zone are those of {form.zone.key}")
    if form.mapping.sum_duplicate_lines:
        words.append("rows of an order with the same product and price are summed")
    return tuple(words)


def open_any(path: Path, folder: Path, encoding: str | None, bounds: Bounds = GENEROUS) -> Table:
    """The table of a file, or of a folder that a profile has.

    Raises:
        FileUnreadable: it cannot be read.
    """
    from ordercast.imports.files.open_table import open_table
    from ordercast.imports.profiles.olist import open_folder

    return open_folder(path, folder, encoding) if path.is_dir() else open_table(path, folder, encoding, bounds)
