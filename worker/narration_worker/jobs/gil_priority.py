"""Priority for Python's global lock: the inference thread needs it after every token, ahead of the event loop.

A thread that waits for the lock asks for it after the switch interval. Linux lengthens every timed wait by 50
microseconds unless the thread asks for exact timers. So the inference thread, which does, asks first. A token of a
small model takes no longer than a hundred microseconds, so this matters.
"""

import ctypes
import sys
from typing import Final

SWITCH_INTERVAL_S: Final = 0.000_005
_PR_SET_TIMERSLACK: Final = 29  # prctl(2)
_EXACT_NS: Final = 1


def shorten_switch_interval() -> None:
    """Make every thread release the lock soon after another asks for it; Python's default is 5 ms."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)


def use_exact_timers() -> None:
    """Let the calling thread ask for the lock before other threads do; only Linux supports this."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, _EXACT_NS, 0, 0, 0)
