"""`ordercast doctor`: what is missing or wrong, and how to fix it."""

from collections.abc import AsyncIterator

import typer
from rich.markup import escape

from ordercast.cli.options import Context, command, one_command
from ordercast.cli.status import ProcessStatus, system_status
from ordercast.infra.local.doctor import examine
from ordercast.infra.local.errors import NotRunning
from ordercast.infra.local.finding import Finding
from ordercast.system.examine_remote import examine_remote

app = one_command()


@app.command()
@command(against=True)
async def doctor(context: Context) -> None:
    """Find what is missing or wrong on this machine and in this folder, and how to fix it.

    With --against it looks at a system that somebody else runs: whether each part answers, and whether what was given lets
    commands in. Exit code 1 if anything is wrong.
    """
    findings = []
    async for finding in examine_remote(context.remote) if context.remote else _examine_here(context):
        findings.append(finding)
        _show(context, finding)
    wrong = sum(not finding.healthy for finding in findings)
    context.result(findings, f"{wrong} of {len(findings)} checks found something wrong" if wrong else "all is healthy")
    if wrong:
        raise typer.Exit(1)


async def _examine_here(context: Context) -> AsyncIterator[Finding]:
    async for finding in examine(context.folder, context.port_offset):
        yield finding
    for finding in await _running_system(context):
        yield finding


async def _running_system(context: Context) -> list[Finding]:
    try:
        info = context.folder.system()
    except NotRunning:
        return []
    status = await system_status(info)
    return [
        Finding(
            process.name,
            process.healthy,
            _told(process),
            f"look at {info.logs_dir}/{process.name}.log",
        )
        for process in status.processes
    ]


def _told(process: ProcessStatus) -> str:
    if not process.healthy:
        return "does not answer"
    return "; ".join(["healthy", *(f"it misses {part}: {reason}" for part, reason in process.failing.items())])


def _show(context: Context, finding: Finding) -> None:
    verdict = "[green]ok[/]   " if finding.healthy else "[red]wrong[/]"
    context.report(f"{verdict} [bold]{finding.check}[/]: {escape(finding.detail)}")
    if not finding.healthy:
        context.report(f"      [dim]to fix it: {escape(finding.hint)}[/]")
