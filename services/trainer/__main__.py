"""`python -m ordercast.services.trainer`: the API, and the trainings that it takes. `sign [VERSION...]` signs older versions."""

import os

# Set before numpy is imported: this process only carries numbers, and OpenBLAS keeps some 30 MB for each thread.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from ordercast.services.shared.quick_imports import quick_imports

with quick_imports():
    import argparse
    import asyncio
    import sys
    from collections.abc import Sequence

    import msgspec
    from sqlalchemy.exc import SQLAlchemyError

    from ordercast.services.shared.db.engine import open_database
    from ordercast.services.shared.http.token_keys import load_private_key
    from ordercast.services.shared.process.exit_with_reason import exit_with_reason
    from ordercast.services.shared.process.settings import read_settings
    from ordercast.services.shared.serving.run_service import run_service
    from ordercast.services.trainer.app import trainer_app
    from ordercast.services.trainer.jobs.sign_versions import sign_versions
    from ordercast.services.trainer.settings import SigningSettings, TrainerSettings


async def sign(versions: Sequence[str]) -> None:
    """A line of JSON for each."""
    settings = read_settings(SigningSettings)
    key = load_private_key(settings.model_private_key_file)
    async with open_database(settings.database_url, application="sign", pool_size=1) as sessions:
        async for signed in sign_versions(sessions, settings.artifacts_dir, key, versions):
            sys.stdout.write(msgspec.json.encode(signed).decode() + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m ordercast.services.trainer", description=__doc__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("serve", help="the API and trainings (the default)")
    signing = commands.add_parser("sign", help="sign versions that are known to be good; a line of JSON each")
    signing.add_argument("versions", nargs="*", metavar="VERSION", help="none: all that have no signature")
    arguments = parser.parse_args()
    with exit_with_reason(arguments.command or "trainer", SQLAlchemyError, OSError):
        if arguments.command == "sign":
            asyncio.run(sign(arguments.versions))
        else:
            run_service("trainer", TrainerSettings, trainer_app)


if __name__ == "__main__":
    main()
