"""Stop signals outside of the event loop's life: remembered before it, ignored after it.

The imports take most of a second. Without this, SIGTERM or SIGHUP during that time would end the process in silence,
and one that comes when the work is done would turn its exit code into a failure.
"""

import signal
from types import FrameType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # imports of its own would be a time in which signals are lost
    import asyncio

STOP_SIGNALS: Final = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name))
_received: list[str] = []


def remember_signals() -> None:
    """Remember stop signals from now on. A signal that the parent process ignores, as `nohup` does, stays ignored."""
    for number in STOP_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _remember)


def remembered_signal() -> str | None:
    """Return the name of the first signal that was remembered, or None."""
    return _received[0] if _received else None


def handled_signals() -> list[signal.Signals]:
    """Return the stop signals that are not ignored."""
    return [number for number in STOP_SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]


def ignore_signals(loop: "asyncio.AbstractEventLoop") -> None:
    """Ignore stop signals from now on, when all work is done. Closing the loop would give them back their power.

    Args:
        loop: the loop that handled them.
    """
    for number in handled_signals():
        loop.remove_signal_handler(number)
        signal.signal(number, signal.SIG_IGN)


def _remember(number: int, _: FrameType | None) -> None:
    _received.append(signal.Signals(number).name)
