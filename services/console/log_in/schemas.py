"""What the forms of log-in and preferences send."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, Field, StringConstraints

from ordercast.services.shared.http.requests import WITHOUT_NUL

# Characters of a page to go to.
MOST_AFTER: Final = 1_024
Text = Annotated[str, StringConstraints(max_length=MOST_AFTER), WITHOUT_NUL]
# Fields of another form; more than any has but for those that are lists.
MOST_FIELDS: Final = 200


# What a service is told in a header: only visible ASCII can stand there.
HeaderText = Annotated[str, StringConstraints(max_length=255, pattern=r"^[\x21-\x7e]*$")]


class Form(BaseModel):
    """`csrf` is compared with what this browser was given; `after` is the page to go to."""

    csrf: Text = ""
    after: Text = ""


class LogInForm(Form):
    """`typed_name` and `typed_value` are what was typed into another form, which was not done."""

    email: Text = ""
    password: Text = ""
    typed_name: Annotated[tuple[Text, ...], Field(max_length=MOST_FIELDS)] = ()
    typed_value: Annotated[tuple[str, ...], Field(max_length=MOST_FIELDS)] = ()

    @property
    def typed(self) -> list[tuple[str, str]]:
        return list(zip(self.typed_name, self.typed_value, strict=False))


class SignUpForm(LogInForm):
    nickname: Text = ""


class PreferencesForm(Form):
    theme: Literal["auto", "light", "dark"] | None = None
    language: Annotated[str, StringConstraints(max_length=16)] | None = None
