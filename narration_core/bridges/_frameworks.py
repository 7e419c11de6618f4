"""What Flask and Django answer or log by themselves, so that no middleware sees it: they send signals."""

import logging
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
            if module == "flask.signals":
                signals.request_started.connect(_narrate_log)
    return bool(_watched)


def _failed(*_: object, exception: BaseException | None = None, **__: object) -> None:
    served, error = serving.get(), exception or sys.exception()
    if served is not None and error is not None:
        served.fail(error)


def _narrate_log(app: Any, **_: object) -> None:
    """Where nobody has set logging up, Flask prints log lines and tracebacks as they are, with every secret."""
    from flask.logging import default_handler  # noqa: PLC0415 - only inside Flask

    from narration_core.bridges.stdlib import NarrationHandler  # noqa: PLC0415 - as above

    log: logging.Logger = app.logger
    if default_handler in log.handlers and serving.get() is not None and not logging.getLogger().handlers:
        log.removeHandler(default_handler)
        log.addHandler(NarrationHandler())
