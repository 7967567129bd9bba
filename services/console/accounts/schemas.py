"""What the pages of accounts are asked, and what their forms send."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Query

from ordercast.services.console.forecasts.schemas import Search
from ordercast.services.console.log_in.schemas import Form, HeaderText
from ordercast.services.console.schemas import NONE_IF_EMPTY, After, Reference, YesOrNo, flag
from ordercast.services.shared.http.caller import Role


@dataclass(frozen=True, slots=True)
class AccountsQuestion:
    """As GET /accounts is asked."""

    search: Search = ""
    role: Annotated[Role | None, NONE_IF_EMPTY, Query()] = None
    blocked: YesOrNo = None
    email: Reference = None
    account_ref: Reference = None
    starting_after: After = None

    def filters(self) -> dict[str, Any]:
        """As the API takes them."""
        told = {"role": self.role, "email": self.email, "account_ref": self.account_ref}
        found = {"search": self.search or None, "blocked": flag(self.blocked)}
        return told | found | {"starting_after": self.starting_after}

    @property
    def narrows(self) -> bool:
        return any((self.search, self.role, self.blocked, self.email, self.account_ref))


@dataclass(frozen=True, slots=True)
class AccountQuestion:
    """Of one account: the last line of the audit log, and the last API key, that the page before has."""

    audit_after: After = None
    keys_after: After = None


class RoleForm(Form):
    """`known` is the ETag of what the form was made of."""

    role: Role = "CUSTOMER"
    known: HeaderText = ""


class BlockForm(Form):
    """What is to hold from now on, and of what."""

    known: HeaderText = ""

    blocked: bool = True
