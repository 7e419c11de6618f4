"""One event that a capture heard, and which assertions matched it."""

from typing import NamedTuple

import msgspec

from narration_core import Event


class StepAt(NamedTuple):
    """A Gherkin step of the running scenario.

    Attributes:
        place: which step of the scenario it is, from 0, background steps included.
        text: the step as written, with its keyword: "When a client asks".
        line: its line in the feature file.
    """

    place: int
    text: str
    line: int


class Heard(msgspec.Struct, gc=False, eq=False):
    """An event in the hands of a test. A struct without garbage collection: a test may hold a hundred thousand.

    Attributes:
        event: the event, as a sink would get it.
        step: the step that was running, or None outside of steps.
        asserted_by: which assertions matched it, in order, each once; coverage counts these.
    """

    event: Event
    step: StepAt | None
    asserted_by: tuple[str, ...] = ()

    def assert_by(self, how: str) -> None:
        """Note that an assertion matched this event."""
        if how not in self.asserted_by:
            self.asserted_by = (*self.asserted_by, how)
