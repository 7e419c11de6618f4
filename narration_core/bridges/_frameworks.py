"""Exceptions that a framework answers by itself, so that no middleware sees them: Flask and Django send a signal."""

import sys
from typing import Any

from narration_core.bridges._serving import serving

_watched: set[str] = set()


def watch_exceptions() -> bool:
    """Hear of the exceptions of those frameworks that are imported; called when a server begins to serve.

    Returns:
        Whether there is such a framework.
    """
    for module in ("flask.signals", "django.core.signals"):
        signals: Any = sys.modules.get(module)
        if signals is not None and module not in _watched:
            _watched.add(module)
            signals.got_request_exception.connect(_failed)
    return bool(_watched)


def _failed(*_: object, exception: BaseException | None = None, **__: object) -> None:
    served, error = serving.get(), exception or sys.exception()
    if served is not None and error is not None:
        served.fail(error)
