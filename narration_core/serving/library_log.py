"""Log records of aiohttp and asyncio as narration: without their text, which may hold bytes of a request."""

import logging
from collections.abc import Callable
from typing import Final

from narration_core.bridges.stdlib import NarrationHandler
from narration_core.serving.repeats import Repeats

_LIBRARIES: Final = ("aiohttp", "asyncio")


class LibraryLogHandler(logging.Handler):
    """Narrates which library had a problem and of which kind; counts what is repeated.

    Args:
        problem: the point to narrate with, which has the fields `library`, `error_kind` and `repeated`.
    """

    def __init__(self, problem: Callable[..., None]) -> None:
        super().__init__(logging.WARNING)
        self._problem = problem
        self._repeats = Repeats()

    def emit(self, record: logging.LogRecord) -> None:
        """Narrate a record, unless the same problem was narrated just now."""
        error = record.exc_info[1] if record.exc_info else None
        kind = type(error).__name__ if error is not None else record.levelname.lower()
        if isinstance(error, OSError) and error.errno is not None:
            kind = f"{kind}_{error.errno}"
        repeated = self._repeats.count((record.name, kind))
        if repeated is not None:
            self._problem(library=record.name, error_kind=kind, repeated=repeated)


def narrate_logging(problem: Callable[..., None]) -> None:
    """Narrate everything that is logged in this process; without handlers it would be raw text on standard error.

    Args:
        problem: see `LibraryLogHandler`.
    """
    logging.basicConfig(handlers=[NarrationHandler()], level=logging.WARNING)
    handler = LibraryLogHandler(problem)
    for name in _LIBRARIES:
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.propagate = False
