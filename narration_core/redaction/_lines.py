"""Redaction of lines that come one by one: what a line says may depend on the lines before it."""

import re
from typing import Final

from narration_core.redaction._redactor import Redactor
from narration_core.redaction._spans import Secret

_LINES: Final = 3
_KEY_LINES: Final = 400
_BEGIN: Final = re.compile(r"-{3,5} ?BEGIN[ A-Z0-9_\-]{0,60}(?:PRIVATE|SECRET) KEY")
_END: Final = re.compile(r"-{3,5} ?END[ A-Z0-9_\-]{0,60}KEY")
# What a logger writes in front of a line of a key stays; the key's own lines are one word.
_KEY_LINE: Final = re.compile(
    r"(?:^|[\s|:>\]\"'])(?P<s>[A-Za-z0-9+/]{16,100}={0,2}|[A-Za-z0-9+/]{1,15}={1,2})(?:\\[nr]|[\s\"',+\\]){0,8}(?:\x1b\[[\d;]*m)?$"
)
_HALF: Final = 1024
"""Characters of the first and of the last lines that are kept of a block."""


class Context:
    """The lines before, as far as the next one may belong to them: a private key's header, a name, the head of a table."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._before = ""
        self._key_lines = 0

    def _of_a_key(self, line: str) -> list[Secret]:
        """Return the piece of a private key that one line shows, whatever stands in front of it on each line.

        Args:
            line: the line that comes next.
        """
        if "-----" in line or "--- " in line or "---\t" in line:
            if _END.search(line):
                self._key_lines = 0
            elif _BEGIN.search(line):
                self._key_lines = _KEY_LINES
        elif self._key_lines:
            self._key_lines -= 1
            found = _KEY_LINE.search(line)
            if found is not None:
                return [Secret(*found.span("s"), "private-key")]
        return []

    def spans(self, text: str) -> list[Secret]:
        """Return the secrets in the text that comes next, those included that only the lines before give away.

        Args:
            text: one or more lines.
        """
        before = self._before
        alone = self._redactor.wanted_spans(text)
        if "\n" not in text:
            alone += self._of_a_key(text)
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
