"""gunicorn: its error and access lines as narration, inside the stories of the requests that they are about.

`gunicorn -c python:narration_core.bridges.gunicorn app:app` takes this module as its configuration. In a configuration
of your own: `from narration_core.bridges.gunicorn import *`, or `logger_class = NarrationLogger`.
"""

from collections.abc import MutableMapping
from datetime import timedelta
from typing import Any, Final

from gunicorn.glogging import Logger

from narration_core._catalogue import Catalogue
from narration_core._configuration import flush
from narration_core._context import bind as bound_block
from narration_core.bridges._request import in_short
from narration_core.bridges.stdlib import NarrationHandler
from narration_core.bridges.wsgi import IDS

# Names that gunicorn knows are settings here: nothing may be called `bind` or `user`.
__all__ = ["NarrationLogger", "accesslog", "logconfig_dict", "logger_class", "worker_exit"]

_SERVER: Final = Catalogue("gunicorn")
_ACCESS: Final = _SERVER.point(
    "access",
    "access",
    "{request}",
    "Sent {status} for {request} after {duration_ms} ms",
    event="access",
    channel="request",
)


class NarrationLogger(Logger):
    """gunicorn's logger, narrating: `--logger-class narration_core.bridges.gunicorn.NarrationLogger`."""

    def setup(self, cfg: Any) -> None:
        """Narrate in place of gunicorn's own handlers."""
        super().setup(cfg)
        for logger in (self.error_log, self.access_log):
            logger.handlers = [NarrationHandler()]
            logger.propagate = False

    def access(self, resp: Any, req: Any, environ: MutableMapping[str, Any], request_time: timedelta) -> None:  # noqa: ARG002 - gunicorn's interface
        """Tell one answer, without its query, in the story of its request."""
        if not self.cfg.accesslog:
            return
        request = f"{environ.get('REQUEST_METHOD', '')[:20]} {environ.get('PATH_INFO', '')}"
        status = str(getattr(resp, "status", ""))[:3]
        with bound_block(**environ.get(IDS, {})):
            _ACCESS(
                request=in_short(request),
                status=int(status) if status.isdigit() else 0,
                duration_ms=request_time // timedelta(milliseconds=1),
            )


def worker_exit(server: Any, worker: Any) -> None:  # noqa: ARG001 - gunicorn calls it with both
    """Flush when a worker ends."""
    flush()


# The application's own log lines, and those of its libraries.
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"narration": {"class": "narration_core.bridges.stdlib.NarrationHandler"}},
    "root": {"level": "INFO", "handlers": ["narration"]},
    "loggers": {},  # in place of gunicorn's own, whose handlers are not here
}
logger_class = NarrationLogger
accesslog = "-"
