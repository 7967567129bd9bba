"""`ordercast doctor`: what is missing or wrong, and how to fix it."""

import typer
from rich.markup import escape

from ordercast.cli.options import Context, command, one_command
from ordercast.cli.status import system_status
from ordercast.infra.local.doctor import Finding, examine
from ordercast.infra.local.errors import NotRunning

app = one_command()


@app.command()
@command()
async def doctor(context: Context) -> None:
    """Find what is missing or wrong on this machine and in this folder, and how to fix it.

    Exit code 1 if anything is wrong.
    """
    findings = []
    async for finding in examine(context.folder, context.port_offset):
        findings.append(finding)
        _show(context, finding)
    for finding in await _running_system(context):
        findings.append(finding)
        _show(context, finding)
    wrong = sum(not finding.healthy for finding in findings)
    context.result(findings, f"{wrong} of {len(findings)} checks found something wrong" if wrong else "all is healthy")
    if wrong:
        raise typer.Exit(1)


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
            "healthy" if process.healthy else "does not answer",
            f"look at {info.logs_dir}/{process.name}.log",
        )
        for process in status.processes
    ]


def _show(context: Context, finding: Finding) -> None:
    verdict = "[green]ok[/]   " if finding.healthy else "[red]wrong[/]"
    context.report(f"{verdict} [bold]{finding.check}[/]: {escape(finding.detail)}")
    if not finding.healthy:
        context.report(f"      [dim]to fix it: {escape(finding.hint)}[/]")
