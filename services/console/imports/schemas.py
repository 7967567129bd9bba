"""What the forms of an import send."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationError
from starlette.datastructures import FormData

from ordercast.imports.profiles.mapping import OPTIONAL, REQUIRED, Subject
from ordercast.services.console.imports.told import Kind, Told
from ordercast.services.console.log_in.schemas import Form
from ordercast.services.shared.http.problem import Problem, field_errors
from ordercast.services.shared.http.requests import WITHOUT_NUL
from ordercast.services.shared.problem_types.every_service import INVALID_REQUEST

Short = Annotated[str, StringConstraints(max_length=255, strip_whitespace=True), WITHOUT_NUL]
# More than any subject has.
_MOST_FIELDS = 20


def fields_of(subject: str) -> tuple[tuple[str, bool], ...]:
    """What the rows of a subject may tell, and whether they must."""
    known = Subject(subject)
    return (*((name, True) for name in REQUIRED[known]), *((name, False) for name in OPTIONAL[known]))


class ToldForm(Form):
    """`field` and `column` are pairs; a column that is empty is found by itself. Words stand between commas."""

    subject: Literal["orders", "views", "products"] = "orders"
    zone: Short = ""
    currency: Short = ""
    dates: Literal["", "dayfirst", "monthfirst"] = ""
    decimals: Literal["", "point", "comma"] = ""
    encoding: Short = ""
    view_words: Short = ""
    cart_words: Short = ""
    order_word: Short = ""
    field: Annotated[list[Short], Field(default_factory=list, max_length=_MOST_FIELDS)]
    column: Annotated[list[Short], Field(default_factory=list, max_length=_MOST_FIELDS)]

    @classmethod
    def of(cls, form: FormData) -> "ToldForm":
        """The fields that came beside a file.

        Raises:
            Problem: 422.
        """
        try:
            return cls.model_validate({name: value for name, value in form.items() if isinstance(value, str)})
        except ValidationError as error:
            raise Problem(INVALID_REQUEST, errors=field_errors(error.errors())) from error

    def told(self) -> Told:
        known = {name for name, _ in fields_of(self.subject)}
        pairs = zip(self.field, self.column, strict=False)
        columns = {name: column for name, column in pairs if column and name in known}
        return Told(
            self.subject, self.zone, self.currency, self.dates, self.decimals, self.encoding, columns, self._kinds()
        )

    def _kinds(self) -> dict[str, Kind]:
        if self.subject == "orders":
            return {self.order_word: "order"} if self.order_word else {}
        if self.subject == "products":
            return {}
        told: tuple[tuple[str, Kind], ...] = ((self.view_words, "view"), (self.cart_words, "cart"))
        return {word.strip(): kind for words, kind in told for word in words.split(",") if word.strip()}


class SendForm(Form):
    on_conflict: Literal["refuse", "replace"] = "refuse"
