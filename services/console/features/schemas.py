"""What the page of features is asked, and what its form sends."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from ordercast.services.console.forecasts.schemas import Search
from ordercast.services.console.log_in.schemas import Form
from ordercast.services.console.schemas import Id
from ordercast.services.shared.http.requests import MAX_ID, PLAIN_INTEGER


@dataclass(frozen=True, slots=True)
class FeaturesQuestion:
    """Whom and what somebody looks for, and which of those that were found."""

    account_search: Search = ""
    product_search: Search = ""
    account: Id = None
    product: Id = None


class VerifyForm(Form):
    account: Annotated[int, PLAIN_INTEGER, Field(ge=1, le=MAX_ID)]
    product: Annotated[int, PLAIN_INTEGER, Field(ge=1, le=MAX_ID)]
