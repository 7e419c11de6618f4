"""One captured event: where it came from, in which step, and which assertions matched it."""

from typing import Literal, NamedTuple

import msgspec

from narration_core import Event

Origin = Literal["here", "process", "replayed"]
"""Whether an event proves that code ran: in this process, in one that the test started, or not at all."""


class StepAt(NamedTuple):
    """A Gherkin step of the running scenario.

    Attributes:
        position: its place in the scenario, from 0, background steps included.
        text: the step as written, with its keyword: "When a client asks".
        line: its line in the feature file.
    """

    position: int
    text: str
    line: int


class CapturedEvent(msgspec.Struct, gc=False, eq=False):
    """An event in a capture. A struct without garbage collection: a test may hold a hundred thousand.

    Attributes:
        event: the event, as a sink would get it.
        step: the step that was running, or None outside of steps.
        origin: where it came from.
        asserted_by: the assertions that matched it as a single event, each once; coverage counts these.
        is_expected: whether an assertion named its action, sentence, level or error_kind.
        block: the number of the any-order block in which it was captured; 0 outside of such blocks.
    """

    event: Event
    step: StepAt | None
    origin: Origin = "here"
    asserted_by: tuple[str, ...] = ()
    is_expected: bool = False
    block: int = 0

    def assert_by(self, assertion: str, *, expected: bool = False) -> None:
        """Note that an assertion matched this event.

        Args:
            assertion: its name.
            expected: whether it named the event.
        """
        if assertion not in self.asserted_by:
            self.asserted_by = (*self.asserted_by, assertion)
        self.is_expected |= expected

    def expect(self) -> None:
        """Note that the test named this event, without a single assertion about it."""
        self.is_expected = True
