"""What the forms of log-in and preferences send."""

from typing import Annotated, Literal

from pydantic import BaseModel, StringConstraints

from ordercast.services.shared.http.requests import WITHOUT_NUL

Text = Annotated[str, StringConstraints(max_length=1_024), WITHOUT_NUL]


# What a service is told in a header: only visible ASCII can stand there.
HeaderText = Annotated[str, StringConstraints(max_length=255, pattern=r"^[\x21-\x7e]*$")]


class Form(BaseModel):
    """`csrf` is compared with what this browser was given; `after` is the page to go to."""

    csrf: Text = ""
    after: Text = ""


class LogInForm(Form):
    email: Text = ""
    password: Text = ""


class SignUpForm(LogInForm):
    nickname: Text = ""


class PreferencesForm(Form):
    theme: Literal["auto", "light", "dark"] | None = None
    language: Annotated[str, StringConstraints(max_length=16)] | None = None
