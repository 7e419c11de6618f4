"""Redaction of lines that come one by one: what a line says may depend on the lines before it."""

from typing import Final

from narration_core.redaction._redactor import Redactor
from narration_core.redaction._spans import Secret

_LINES: Final = 3
_HALF: Final = 1024
"""Characters of the first and of the last lines that are kept of a block."""


class Context:
    """The lines before, as far as the next one may belong to them: a private key's header, a name, the head of a table."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._before = ""

    def spans(self, text: str) -> list[Secret]:
        """Return the secrets in the text that comes next, those included that only the lines before give away.

        Args:
            text: one or more lines.
        """
        before = self._before
        alone = self._redactor.wanted_spans(text)
        if not before:
            return alone
        start = len(before)
        joined = self._redactor.wanted_spans(before + text)
        return alone + [
            Secret(max(span.start - start, 0), span.end - start, span.rule) for span in joined if span.end > start
        ]

    def add(self, text: str, *, continued: bool) -> None:
        """Keep what the next line may belong to.

        Args:
            text: the lines as they were given, with their ends.
            continued: they belong to the lines before, which stay as well.
        """
        before = self._before + text
        if continued and len(before) > 2 * _HALF:
            before = before[:_HALF].rpartition("\n")[0] + "\n" + before[-_HALF:].partition("\n")[2]
        elif not continued:
            begun = before.rfind("-----BEGIN")
            if begun >= 0 and "-----END" not in before[begun:]:
                before = before[begun:]
            before = "".join(before[-2 * _HALF :].splitlines(keepends=True)[-_LINES:])
        self._before = before if before and self._redactor.gate(before) else ""


class LineRedactor:
    """Takes one line after another and returns each without secrets; for a program's output, as it comes.

    Args:
        redactor: finds the secrets.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._context = Context(redactor)

    def line(self, text: str) -> str:
        """Return a line with its secrets masked; the same object when there is none.

        Args:
            text: the line, without its end.
        """
        spans = self._context.spans(text)
        hidden = self._redactor.replaced(text, spans) if spans else text
        self._context.add(f"{text}\n", continued=bool(spans))
        return hidden if hidden is text else self._redactor.text(hidden)
