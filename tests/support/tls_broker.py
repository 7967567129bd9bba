"""The broker of this machine with a second port, at which its users log in over TLS."""

from dataclasses import dataclass
from pathlib import Path

from ordercast.infra.certificates import make_certificate
from ordercast.infra.local.kafka import SCRAM, KafkaBroker
from ordercast.infra.local.ports import HOST


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerWithTls(KafkaBroker):
    """Its certificate is of an authority of its own, which lies in `ca`."""

    tls_port: int

    @property
    def tls_bootstrap(self) -> str:
        return f"{HOST}:{self.tls_port}"

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    async def prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        made = make_certificate([HOST])
        self._certificate.write_text(made.key + made.certificate)
        self.ca.write_text(made.ca)
        await KafkaBroker.prepare(self)

    @property
    def _certificate(self) -> Path:
        return self.folder / "broker.pem"

    def _settings(self) -> dict[str, str | int]:
        settings = KafkaBroker._settings(self)
        log_in = f"{SCRAM.lower()}.sasl.jaas.config"
        return {
            **settings,
            "listeners": f"{settings['listeners']},TLS://{self.tls_bootstrap}",
            "advertised.listeners": f"{settings['advertised.listeners']},TLS://{self.tls_bootstrap}",
            "listener.security.protocol.map": f"{settings['listener.security.protocol.map']},TLS:SASL_SSL",
            "listener.name.tls.sasl.enabled.mechanisms": SCRAM,
            f"listener.name.tls.{log_in}": settings[f"listener.name.clients.{log_in}"],
            "listener.name.tls.ssl.keystore.type": "PEM",
            "listener.name.tls.ssl.keystore.location": str(self._certificate),
        }
