"""What the form of an API key sends."""

from typing import Annotated, Final, Literal

from pydantic import Field

from ordercast.services.console.log_in.schemas import Form, Text
from ordercast.services.console.schemas import NONE_IF_EMPTY

# Days after which a new key ends, to choose from.
KEY_DAYS: Final = (30, 90, 365)
MOST_SCOPES: Final = 100


class KeyForm(Form):
    """order_api says what is wrong with it."""

    name: Text = ""
    scopes: Annotated[tuple[Text, ...], Field(max_length=MOST_SCOPES)] = ()
    days: Annotated[Literal["30", "90", "365"] | None, NONE_IF_EMPTY] = None
