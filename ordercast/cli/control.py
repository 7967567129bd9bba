"""`ordercast scale`, `restart` and `stop`: what a system on this machine is told while it runs."""

import time
from typing import Annotated, Any, Final

import typer
from rich.text import Text

from ordercast.cli.options import CommandFailed, Context, command, one_command
from ordercast.cli.service_counts import read_scale
from ordercast.client.control import NoControl, ask
from ordercast.infra.local.state import SystemInfo

scale_app = one_command()
restart_app = one_command()
stop_app = one_command()

# Time (s) for a supervisor that has stopped everything to end itself.
END_DEADLINE_S: Final = 10.0
# Time (s) between two looks whether it has.
POLL_S: Final = 0.05


@scale_app.command()
@command()
def scale(
    context: Context,
    counts: Annotated[list[str], typer.Argument(metavar="SERVICE=COUNT...", help="Such as relay=3 feature_worker=2.")],
) -> None:
    """Run services so many times from now on: further processes are started, or the last ones stopped in order.

    It returns when all of them are healthy. It holds until the system is stopped; `ordercast up --scale` starts it so.
    """
    info = context.system()
    urls: dict[str, str] = {}
    for service, count in read_scale(counts).items():
        urls = _ask(context, info, "scale", service=service, count=count)
    context.result(urls, Text("\n".join(f"{name}  {url}" for name, url in urls.items())))


@restart_app.command()
@command()
def restart(
    context: Context,
    name: Annotated[
        str, typer.Argument(metavar="SERVICE", help="A service, or one process of `ordercast status`, such as relay-2.")
    ],
) -> None:
    """Stop a service in order and start it again. Several processes of it go one after the other."""
    restarted = _ask(context, context.system(), "restart", name=name)
    context.result(restarted, f"restarted and healthy: {', '.join(restarted)}")


@stop_app.command()
@command()
def stop(context: Context) -> None:
    """Stop the system that runs on the folder, as Ctrl-C would where it was started. Its data stays."""
    info = context.system()
    _ask(context, info, "stop")
    give_up_at = time.monotonic() + END_DEADLINE_S
    # A process that has ended is listed until its parent asks for it, which some never do: that one counts as gone.
    while (supervisor := info.supervisor.process()) is not None:
        if time.monotonic() > give_up_at:
            raise CommandFailed(
                f"everything is stopped, but the supervisor (pid {supervisor.pid}) still runs", hint=_way_out(info)
            )
        time.sleep(POLL_S)
    context.result({"stopped": info.folder}, f"the system on {info.folder} is stopped")


def _ask(context: Context, info: SystemInfo, what: str, **arguments: Any) -> Any:
    """Asks the supervisor, and shows what it reports meanwhile."""
    try:
        return ask(info.control_socket, what, progress=context.report, **arguments)
    except NoControl as error:
        raise CommandFailed(
            f"{error}; its supervisor (pid {info.supervisor.pid}) does not listen",
            hint=_way_out(info),
        ) from error


def _way_out(info: SystemInfo) -> str:
    return f"look at {info.logs_dir}/supervisor.log, or end it with: kill {info.supervisor.pid}"
