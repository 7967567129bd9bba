"""A record as it stands in a form, and what of it was changed there. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from ordercast.client.dead_letter_answers import WholeDeadLetter


@dataclass(frozen=True, slots=True)
class Typed:
    """`headers` are lines of `name: value`."""

    body: str
    headers: str

    @classmethod
    def of(cls, letter: WholeDeadLetter) -> "Typed":
        return cls(letter.body, "\n".join(f"{header.name}: {header.value}" for header in letter.headers))

    @classmethod
    def as_sent(cls, body: str, headers: str) -> "Typed":
        """A form sends each line's end as two characters."""
        return cls(body.replace("\r\n", "\n"), headers.replace("\r\n", "\n"))

    def changed_body(self, letter: WholeDeadLetter) -> str | None:
        """None where it was left as it was: then the record's own bytes go. Of what was cut off there are none."""
        return None if not letter.is_cut and self.body == letter.body.replace("\r\n", "\n") else self.body

    def changed_headers(self, letter: WholeDeadLetter) -> Sequence[tuple[str, str]] | None:
        if not letter.is_cut and self.headers.strip() == Typed.of(letter).headers.replace("\r\n", "\n").strip():
            return None
        # By nothing else: a value may have other characters that end lines for Python.
        lines = (line.partition(":") for line in self.headers.split("\n") if line.strip())
        return [(name.strip(), value.strip()) for name, _, value in lines]
