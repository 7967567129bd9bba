"""The images that containers are made of. Each name is a setting: a variable of the environment, else the pinned default."""

import importlib.metadata
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dotenv import dotenv_values

from ordercast import infra

# In the installed package too: its names are written down nowhere else.
DEFAULTS: Final = Path(infra.__file__).parent / "images" / "default.env"
# Where the services' own images come from (a registry and a path, or a local prefix), and their tag.
PREFIX_VARIABLE: Final = "ORDERCAST_IMAGES"
PREFIX: Final = "ordercast"
VERSION_VARIABLE: Final = "ORDERCAST_VERSION"


@dataclass(frozen=True, slots=True)
class Image:
    """`name` with its tag; `setting` is the variable that names another one."""

    name: str
    setting: str


def server_image(setting: str) -> Image:
    """PostgreSQL's or Kafka's: ORDERCAST_POSTGRES_IMAGE or ORDERCAST_KAFKA_IMAGE."""
    return Image(os.environ.get(setting) or dotenv_values(DEFAULTS)[setting] or "", setting)


def service_image(name: str) -> Image:
    """One of the project's own: order-api, feature-worker, trainer, predictor or migrations."""
    prefix = os.environ.get(PREFIX_VARIABLE) or PREFIX
    version = os.environ.get(VERSION_VARIABLE) or importlib.metadata.version("ordercast")
    return Image(f"{prefix}/{name}:{version}", f"{PREFIX_VARIABLE} and {VERSION_VARIABLE}")
