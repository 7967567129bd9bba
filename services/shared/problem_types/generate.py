"""`python -m ordercast.services.shared.problem_types.generate`: writes docs/reference/problems.md from the code."""

from pathlib import Path
from typing import Final

from ordercast.services.shared.problem_types.catalogue import SUBJECTS, kinds_of
from ordercast.services.shared.problem_types.pages import as_markdown

# Of the checkout: from `ordercast/services`, which is a link there, the way up would lead elsewhere.
PAGE: Final = Path(__file__).resolve().parents[3] / "docs" / "reference" / "problems.md"
_INTRODUCTION: Final = """\
# Problems

Every error is answered as problem+json (RFC 9457). Its `type` is the address of a page, at the service that answered, which
says what happened and what to do; this page has all of them. It is made from
[`services/shared/problem_types`](../../services/shared/problem_types) by
`python -m ordercast.services.shared.problem_types.generate`. With `Accept: text/markdown` or `application/json` a service sends
its pages as such.

Programs go by `type`, people read `detail`; `errors` names the fields of the request that are wrong.
"""


def generated() -> str:
    """The text that docs/reference/problems.md should have."""
    parts = [_INTRODUCTION]
    for subject, module in SUBJECTS.items():
        parts += [f"## {subject}\n", *(as_markdown(kind, level=3) for kind in kinds_of(module))]
    return "\n".join(parts)


def main() -> None:
    PAGE.write_text(generated())


if __name__ == "__main__":
    main()
