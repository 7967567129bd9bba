"""What the forms of personal data send."""

from ordercast.services.console.log_in.schemas import Form, Text


class EraseForm(Form):
    """The nickname once more: what is erased by mistake is gone."""

    nickname: Text = ""
