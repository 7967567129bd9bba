"""What can go wrong between a client and the services."""

from collections.abc import Mapping

from ordercast.contracts.because import Because


class ClientError(Exception):
    """The tree's root."""


class ServiceUnreachable(ClientError):
    """Transient: nobody answered, for as long as the client was willing to try again."""


class AnswerUnreadable(ClientError):
    """Permanent: the answer is not what this client knows; maybe another program answers at that address."""


class ApiKeyUnusable(ClientError):
    """Permanent: what was given as an API key cannot be sent as one. The text does not show it."""


class ProblemAnswer(ClientError):
    """The service said no (RFC 9457 problem+json).

    `kind` identifies the problem to programs; `fields` says what is wrong with which field of the request. Who asks too often (429)
    is answered in `wait_s` at the earliest. `because` is the detail as data, where the service has it so.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        title: str,
        detail: str | None = None,
        fields: Mapping[str, str] | None = None,
        *,
        wait_s: float = 0.0,
        because: Because | None = None,
    ) -> None:
        self.status = status
        self.kind = kind
        self.title = title
        self.detail = detail
        self.fields = dict(fields or {})
        self.wait_s = wait_s
        self.because = because
        super().__init__(status, kind, title, detail, self.fields)

    @property
    def _missing(self) -> str:
        """What there is not, where the title says no more than that."""
        before, _, what = self.title.partition("There is no such ")
        return "" if before else what

    def __str__(self) -> str:
        text = f"{self.title}: {self.detail}" if self.detail else self.title
        if self.detail and self._missing and self._missing in self.detail:
            text = self.detail  # "there is no webhook 7" needs no "There is no such webhook" before it
        # What the detail says already is not said again.
        messages = self.fields.items()
        fields = "; ".join(f"{name}: {said}" for name, said in messages if said not in (self.detail or ""))
        return f"{text} ({fields})" if fields else text
