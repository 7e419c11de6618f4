"""The first use of the facade configures it, whichever use that is and however many threads come at once."""

import contextlib
from collections.abc import Callable

from narration_core._interruption import pass_on
from narration_core._locks import new_setup_lock

_lock = new_setup_lock()
_configure: Callable[[], None] | None = None
_fall_back: Callable[[BaseException], None] | None = None
_busy = False


def configure_with(configure: Callable[[], None], fall_back: Callable[[BaseException], None]) -> None:
    """Name the functions that configure the facade when it is first used and nobody has.

    Args:
        configure: configures it from the environment.
        fall_back: configures it when that raised.
    """
    global _configure, _fall_back
    _configure, _fall_back = configure, fall_back


def is_pending() -> bool:
    """Return whether nobody has configured the facade yet."""
    return _configure is not None


def is_configured() -> None:
    """Note that somebody has configured the facade."""
    global _configure  # noqa: PLW0603 - as above
    _configure = None


def ensure_configured() -> None:
    """Configure the facade now if nobody has. Threads that come meanwhile wait; a signal handler does not."""
    global _configure, _busy  # noqa: PLW0603 - as above
    if _configure is None:
        return
    with _lock:
        configure = _configure
        if _busy:
            return
        _busy = True
        try:
            if configure is not None:
                configure()
        except BaseException as error:  # noqa: BLE001 - whatever is wrong with the environment must not keep it mute
            pass_on(error)  # interrupted: the next use does it
            if _fall_back is not None:
                with contextlib.suppress(Exception):
                    _fall_back(error)
        finally:
            _busy = False
        _configure = None
