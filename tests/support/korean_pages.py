"""What of a page in Korean is English to whoever reads it or has it read."""

import re
from html.parser import HTMLParser
from typing import Final

# Two English words beside each other, as in a sentence.
PROSE: Final = re.compile(r"[A-Za-z]{2,}[,:]? [a-z]{2,}")
# Names of the made-up shop, what its customers wrote, scopes, dead letters, and a process's name.
DATA: Final = re.compile(
    r"Mug with a <cat>|Teapot number|Number \d+: pours well, and is <not> too heavy. I would buy it again.|"
    r"\banna?\b(?:@home\.example)?|\bbob\b|\b(?:backend|customer)[ -]\d+|[\w-]+:(?:read|write)|^imports$|views:\d:\d|feature worker"
)
# A word, where one alone is a text: in what names a part of the page or what is done with it.
WORD: Final = re.compile(r"[A-Za-z]{2,}")
NAMING: Final = frozenset({"h1", "h2", "h3", "label", "th", "button", "summary", "dt", "figcaption", "legend"})
# Within them: what is chosen from.
CHOSEN_FROM: Final = frozenset({"option"})
# What is called so in Korean, too: products and standards, services, recipes, features, files and versions.
NAMES: Final = re.compile(
    r"(?<![A-Za-z])(?:Ordercast|Kafka|SKU|ID|API|UTC|ISO|SHA|MB|CSV|TSV|XLSX|ODS|Parquet|NDJSON|gzip|zip|numpy|v?\d{8}T\d+-\w+|"
    r"[a-z]+(?:[_.][a-z]+)+|relay|trainer|predictor|demand|baseline|level)(?![A-Za-z])"
)
# What is no text of this console: commands and values, and what runs.
NO_TEXT: Final = frozenset({"code", "pre", "script", "style", "textarea"})
# Attributes of HTML whose text is shown or read aloud.
READ_ALOUD: Final = ("alt", "title", "aria-label", "placeholder")
# Elements without an end.
_VOID: Final = frozenset({"area", "br", "col", "hr", "img", "input", "link", "meta", "wbr"})


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        # Of the elements that are open: whether what stands in them is read as Korean, and is text; and whether it names something.
        self._open: list[tuple[str, bool, bool]] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        language = told.get("lang")
        is_read = self._is_read if language is None else language == "ko"
        if tag not in _VOID:
            names = tag in NAMING or (self._names and tag not in CHOSEN_FROM)
            self._open.append((tag, is_read and tag not in NO_TEXT, names))
        if is_read:
            self._look(*(told.get(name) or "" for name in READ_ALOUD))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._is_read:
            self._look(data, one_word=self._names)

    @property
    def _is_read(self) -> bool:
        return not self._open or self._open[-1][1]

    @property
    def _names(self) -> bool:
        return bool(self._open) and self._open[-1][2]

    def _look(self, *texts: str, one_word: bool = False) -> None:
        for text in (" ".join(text.split()) for text in texts):
            rest = DATA.sub("", text)
            if PROSE.search(rest) or (one_word and WORD.search(NAMES.sub("", rest))):
                self.found.append(text)


def english_in(page: str) -> list[str]:
    """Texts in a page in Korean that are English and not marked as such."""
    reader = _Reader()
    reader.feed(page)
    return reader.found
