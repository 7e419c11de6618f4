"""What is wrong, as one line that a reader can act on: `path:line: what: why and what to do`."""

from typing import NamedTuple


class CoverageError(Exception):
    """No answer is possible: something is missing, unreadable, too old or too new. Exit code 2."""


class Finding(NamedTuple):
    """One reason why a check fails.

    Attributes:
        rule: its short name: "went-silent", "new-silent", "cannot-tell", ...
        place: `path:line`, a path, or a test.
        what: what is wrong.
        why: why it matters and what to do.
        key: the key of the point it is about; empty if it is about no declared point.
    """

    rule: str
    place: str
    what: str
    why: str
    key: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.what}: {self.why}"
