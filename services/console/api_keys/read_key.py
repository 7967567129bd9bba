"""One API key of an account."""

from ordercast.client import Client
from ordercast.client.account_answers import ApiKey
from ordercast.services.console.parts import NOT_FOUND, Missing, ask
from ordercast.services.console.words import Words


async def read_key(client: Client, account_id: int, key_id: int) -> ApiKey | Missing:
    """Raises:
    LoggedOut: the account's tokens are good no longer.
    """
    key = await ask("order_api", client.order_api.api_key(key_id))
    if isinstance(key, Missing) or key.account_id == account_id:
        return key
    words = Words("account %(account)s has no API key %(key)s", {"account": str(account_id), "key": str(key_id)})
    return Missing("order_api", words, "api-key-not-found", NOT_FOUND)
