"""`ordercast keys`: the keys that access tokens are signed with."""

import contextlib
from pathlib import Path
from typing import Annotated

import typer

from ordercast.cli.options import CommandFailed, Context, command, several_commands
from ordercast.client.control import ask
from ordercast.infra.local.errors import NotRunning

app = several_commands("Replace the keys that access tokens are signed with.")


@app.command()
@command()
def rotate(
    context: Context,
    at_once: Annotated[
        bool, typer.Option("--at-once", help="End all tokens of the old key now, since somebody else may have it.")
    ] = False,
    folder: Annotated[
        Path | None,
        typer.Option(
            help="Of token_private.pem and token_public.pem, such as infra/secrets; the system's own unless given."
        ),
    ] = None,
) -> None:
    """Sign access tokens with a new key. Tokens of the old one are good until they end.

    A running system's order_api is restarted, process after process; the other services find the new key by themselves. Of a
    --folder nothing is restarted: recreate the containers of order_api, and of whoever does not see the files change.
    """
    # Here, since it takes a while to import: `ordercast --help` does without.
    from ordercast.services.shared.http.token_keys import load_verifying_keys, rotate_key_pair
    from ordercast.services.shared.process.errors import CannotStart

    keys = folder or context.folder.keys
    private, public = keys / "token_private.pem", keys / "token_public.pem"
    modes = {path: path.stat().st_mode & 0o777 for path in (private, public) if path.exists()}
    try:
        rotate_key_pair(private, public, at_once=at_once)
    except CannotStart as error:
        raise CommandFailed(str(error), hint="`ordercast up`, or compose_secrets, makes the first keys") from error
    for path, mode in modes.items():  # containers read them as other users
        path.chmod(mode)
    valid = [key.kid for key in load_verifying_keys(public)]
    restarted: list[str] = []
    if folder is None:
        with contextlib.suppress(NotRunning):
            restarted = ask(context.system().control_socket, "restart", progress=context.report, name="order_api")
    signed = f"tokens are signed by {valid[0]}"
    after = f"; restarted and healthy: {', '.join(restarted)}" if restarted else ", once order_api is started again"
    context.result({"kid": valid[0], "valid": valid, "restarted": restarted}, signed + after)
