"""Redaction of text of any length as it comes in: bounded memory, secrets that span lines, JSON lines."""

import json
from typing import Any, Final, NamedTuple

from narration_core.redaction._lines import Context
from narration_core.redaction._redactor import Redactor
from narration_core.redaction._spans import OVERLAP, WINDOW, Secret, merged

MAX_JSON_LINE: Final = 1 << 20
"""A longer line is treated as text only, in characters."""


class Finding(NamedTuple):
    """A secret that was found: on which line, counted from 1, by which rule; never what it was."""

    line: int
    rule: str


class StreamRedactor:
    """Takes text in pieces and gives it back without secrets, a little later.

    A piece is held back until enough has followed that no secret can reach into it: at most `WINDOW` and
    `OVERLAP` characters are kept.

    Args:
        redactor: what finds the secrets.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._context = Context(redactor)
        self._held = ""
        self._line = 1
        self.findings: list[Finding] = []
        self.keep_findings = False

    def feed(self, text: str) -> str:
        """Take more text; return what can be given out.

        Args:
            text: the next piece, cut anywhere.
        """
        self._held += text
        if len(self._held) < WINDOW + OVERLAP:
            return ""
        return self._give(len(self._held) - OVERLAP)

    def flush(self) -> str:
        """Return the complete lines that are held back, because nothing more is coming for now.

        A private key that has begun but not ended stays, up to `OVERLAP` characters.
        """
        end = self._held.rfind("\n") + 1
        begun = self._held.rfind("-----BEGIN")
        if 0 <= begun < end and "-----END" not in self._held[begun:] and len(self._held) - begun < OVERLAP:
            end = self._held.rfind("\n", 0, begun) + 1
        return self._give(end, exact=True) if end else ""

    def finish(self) -> str:
        """Return everything that is left: the text has ended."""
        return self._give(len(self._held), exact=True) if self._held else ""

    def _give(self, end: int, *, exact: bool = False) -> str:
        held = self._held
        spans = self._context.spans(held)
        if not exact:
            end = held.rfind("\n", 0, end) + 1 or end
        # A secret is never cut in two: the whole of it goes now or later.
        for start, stop in merged(spans):
            if start < end < stop:
                end = start or stop
        self._held = held[end:]
        piece = held[:end]
        self._context.add(piece[-WINDOW:], continued=any(span.start < end for span in spans) and len(piece) < OVERLAP)
        inside = [Secret(span.start, min(span.end, end), span.rule) for span in spans if span.start < end]
        if self.keep_findings:
            told = 0
            for start, stop, rule in sorted(inside):
                if start >= told:  # what overlaps is one secret
                    self.findings.append(Finding(self._line + piece.count("\n", 0, start), rule))
                told = max(told, stop)
        given = self._redactor.replaced(piece, inside) if inside else piece
        first, self._line = self._line, self._line + piece.count("\n")
        return self._json_lines(given, first)

    def _json_lines(self, given: str, first: int) -> str:
        """Look into lines that are JSON objects once more: escapes may hide in text what they say in JSON."""
        if "{" not in given or not self._redactor.gate(given):
            return given
        lines = given.splitlines(keepends=True)
        changed = False
        for index, line in enumerate(lines):
            if line.startswith("{") and len(line) < MAX_JSON_LINE and self._redactor.gate(line):
                hidden = self._json_line(line)
                if hidden is not line:
                    lines[index] = hidden
                    changed = True
                    if self.keep_findings:
                        self.findings.append(Finding(first + index, "json"))
        return "".join(lines) if changed else given

    def _json_line(self, line: str) -> str:
        try:
            value: Any = json.loads(line)
        except (ValueError, RecursionError):
            return line
        hidden = self._redactor.value(value)
        if hidden is value:
            return line
        ending = line[len(line.rstrip("\r\n")) :]
        compact = '": ' not in line
        return json.dumps(hidden, ensure_ascii=line.isascii(), separators=(",", ":") if compact else None) + ending
