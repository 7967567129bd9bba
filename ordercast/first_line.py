"""What an error says, in one line."""


def first_line(error: BaseException) -> str:
    """The first line of the error's text, or the name of its type where it has none (a bare TimeoutError, for example)."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
