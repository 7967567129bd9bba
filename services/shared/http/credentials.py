"""What a request says of its caller: an access token, or an API key."""

from typing import Protocol

from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.http.key_secrets import PREFIX
from ordercast.services.shared.http.tokens import TokenVerifier


class ChecksKeys(Protocol):
    """As `api_keys.ApiKeys`, which knows the database."""

    async def verify(self, key: str) -> Caller: ...


class ChecksCallers(Protocol):
    """What a service brings for it."""

    @property
    def verifier(self) -> TokenVerifier: ...

    @property
    def api_keys(self) -> ChecksKeys: ...


async def caller_with(service: ChecksCallers, credential: str) -> Caller:
    """Who sends a token or a key.

    Raises:
        InvalidToken: it is not good; the message is fit for the client.
    """
    if credential.startswith(PREFIX):
        return await service.api_keys.verify(credential)
    return service.verifier.verify(credential)
