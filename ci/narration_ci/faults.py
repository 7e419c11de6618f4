"""What is wrong, said so that somebody can act on it: `path:line: what: why`."""

from typing import NamedTuple


class CoverageError(Exception):
    """The question cannot be answered: something is missing, unreadable, too old or too new. Exit code 2."""


class Fault(NamedTuple):
    """One reason why a gate fails.

    Attributes:
        rule: its short name, one of a few: "went-silent", "new-silent", "removed", ...
        place: `path:line`, or a path, or a test.
        what: what is wrong.
        why: why that counts, and what to do.
        key: of the point that it is about; empty when it is about none that is declared.
    """

    rule: str
    place: str
    what: str
    why: str
    key: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.what}: {self.why}"
