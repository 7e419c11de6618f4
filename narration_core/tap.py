"""For test adapters: functions that see every finished event, on the thread that emits it; and a hold on all output."""

from typing import Any

from narration_core._outputs import Tap
from narration_core._pipeline import PIPELINE
from narration_core._scope import active_scope

__all__ = ["Tap", "add_tap", "hold_output", "listener", "release_output", "remove_tap"]


def add_tap(tap: Tap) -> None:
    """Call `tap` with each finished event and with the fields as the caller gave them, which are not redacted."""
    PIPELINE.add_tap(tap)


def remove_tap(tap: Tap) -> None:
    """Stop calling `tap`; a tap that was never added is ignored."""
    PIPELINE.remove_tap(tap)


def hold_output() -> None:
    """Keep events back from the sinks that write, until `release_output`; some 10,000 of them end the hold."""
    PIPELINE.outputs.hold()


def release_output() -> None:
    """Write what was held back; a hold that nobody asked for may be released too."""
    PIPELINE.outputs.release()


def listener() -> Any:
    """Return the object bound as `listener` in the current context, or None."""
    return active_scope().listener
