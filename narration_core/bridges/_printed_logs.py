"""Log lines that Python, servers and frameworks print themselves where nobody has set them up: told instead.

As they print them, they show every secret, and stand in nobody's story.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from narration_core.bridges.stdlib import NarrationHandler

_UVICORN: Final = frozenset(
    (
        "%(levelprefix)s %(message)s",
        '%(levelprefix)s %(client_addr)s - "%(request_line)s" %(status_code)s',
    )
)
_GUNICORN: Final = "%(asctime)s [%(process)d] [%(levelname)s] %(message)s"


def _formatter(handler: logging.Handler) -> tuple[str, str]:
    """Return the module of a handler's formatter, and its format."""
    formatter: Any = handler.formatter
    return type(formatter).__module__, getattr(formatter, "_fmt", "")


def _is_uvicorns(handler: logging.Handler) -> bool:
    module, text = _formatter(handler)
    return module == "uvicorn.logging" and text in _UVICORN


def _is_gunicorns(handler: logging.Handler) -> bool:
    return (
        type(handler) is logging.StreamHandler and hasattr(handler, "_gunicorn") and _formatter(handler)[1] == _GUNICORN
    )


def _is_werkzeugs(handler: logging.Handler) -> bool:
    return type(handler).__module__ == "werkzeug._internal"


def _is_djangos(handler: logging.Handler) -> bool:
    in_debug_only = any(type(each).__name__ == "RequireDebugTrue" for each in handler.filters)
    return type(handler) is logging.StreamHandler and in_debug_only and handler.formatter is None


def _is_django_servers(handler: logging.Handler) -> bool:
    return type(handler) is logging.StreamHandler and _formatter(handler)[0] == "django.utils.log"


# By logger: whether a handler of it is the one that its owner gave it. Those of anybody else stay.
_OWN: Final[Mapping[str, Callable[[logging.Handler], bool]]] = {
    "uvicorn": _is_uvicorns,
    "uvicorn.access": _is_uvicorns,
    "gunicorn.error": _is_gunicorns,
    "werkzeug": _is_werkzeugs,
    "django": _is_djangos,
    "django.server": _is_django_servers,
}
_PYTHONS: Final = logging.lastResort


def tell_printed_logs() -> None:
    """Have narrated what would be printed because nobody said otherwise; called when a server begins to serve.

    Log lines for which there is no handler at all are printed by Python, from warnings on; these as well.
    """
    if _PYTHONS is not None and logging.lastResort is _PYTHONS:
        logging.lastResort = _in_place_of(_PYTHONS)
    for name, is_own in _OWN.items():
        log = logging.getLogger(name) if name in logging.root.manager.loggerDict else None
        if log is not None and any(map(is_own, log.handlers)):
            kept = [each for each in log.handlers if not is_own(each)]
            own = [] if _is_told_above(log) else [_in_place_of(each) for each in log.handlers if is_own(each)]
            log.handlers = [*kept, *own]


def _is_told_above(log: logging.Logger) -> bool:
    """Return whether what a logger passes on is narrated already."""
    above = log.parent if log.propagate else None
    while above is not None:
        if any(isinstance(each, NarrationHandler) for each in above.handlers):
            return True
        above = above.parent if above.propagate else None
    return False


def _in_place_of(handler: logging.Handler) -> Any:
    """Return a handler that narrates what another one lets pass."""
    narrating = NarrationHandler(handler.level)
    narrating.filters = [*handler.filters]
    return narrating
