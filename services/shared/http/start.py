"""Starting a service: its settings, and errors that a person at the terminal can act on."""

from typing import TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings


class CannotStart(Exception):
    """Permanent: the service cannot run as it is set up. The message is one line that says what to change."""


Settings = TypeVar("Settings", bound=BaseSettings)


def read_settings(settings: type[Settings]) -> Settings:
    """The settings from the environment.

    Raises:
        CannotStart: names each variable that is missing or wrong, without its value, which may be secret.
    """
    try:
        return settings()
    except ValidationError as error:
        prefix = settings.model_config.get("env_prefix", "")
        problems = [
            f"{prefix}{'.'.join(str(part) for part in problem['loc'])}".upper() + f": {problem['msg']}"
            for problem in error.errors(include_input=False, include_url=False)
        ]
        raise CannotStart("; ".join(problems)) from error
