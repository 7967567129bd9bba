"""The root of the errors whose text is for the user."""


class ActionableError(Exception):
    """A problem that the user can act on. `str(error)` is one or more plain sentences, `hint` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
