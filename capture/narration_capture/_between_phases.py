"""What the sinks write between the phases of tests, when pytest captures nothing."""

import contextlib

from narration_core import flush, stats
from narration_core.tap import hold_output, release_output

_emitted_before = 0


def settle(*, hold: bool) -> None:
    """Let the sinks write now, so that lines become part of the captured output of the phase that narrated them.

    Args:
        hold: what other threads narrate from now on waits for `go_on`: pytest captures nothing between phases.
    """
    global _emitted_before  # noqa: PLW0603 - phases that emitted nothing should not wait for the sinks
    if hold:
        hold_output()
    emitted = sum(stats()["emitted"].values())
    if emitted != _emitted_before:
        _emitted_before = emitted
        with contextlib.suppress(Exception):  # a sink that fails concerns its own test
            flush(1.0)


def go_on() -> None:
    """Write what other threads narrated between two phases."""
    release_output()
