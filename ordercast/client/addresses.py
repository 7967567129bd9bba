"""Where the services are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

ORDER_API_PORT: Final = 8000
TRAINER_PORT: Final = 8001
PREDICTOR_PORT: Final = 8002


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the services listen: URLs without a slash at the end."""

    order_api: str
    trainer: str
    predictor: str

    @classmethod
    def of(cls, urls: Mapping[str, str]) -> "Addresses":
        """The three out of the base URLs of all services."""
        return cls(urls["order_api"], urls["trainer"], urls["predictor"])

    @classmethod
    def local(cls, port_offset: int = 0) -> "Addresses":
        """The addresses of `ordercast up --port-offset N` on this machine."""
        ports = (ORDER_API_PORT, TRAINER_PORT, PREDICTOR_PORT)
        return cls(*(f"http://127.0.0.1:{port + port_offset}" for port in ports))
