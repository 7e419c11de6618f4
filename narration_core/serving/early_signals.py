"""Signals that arrive before the event loop can handle them: remembered, not lost.

The imports take most of a second. Without this, SIGTERM or SIGHUP during that time would end the process in silence.
"""

import signal
from types import FrameType
from typing import Final

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


def _remember(number: int, _: FrameType | None) -> None:
    _received.append(signal.Signals(number).name)
