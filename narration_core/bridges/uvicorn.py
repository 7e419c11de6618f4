"""uvicorn: its error and access lines as narration, inside the stories of the requests that they are about.

`uvicorn.run(app, log_config=LOG_CONFIG)`; on the command line `--log-config FILE`, where FILE is `LOG_CONFIG_FILE`.
"""

import json
import logging
from pathlib import Path
from typing import Any, Final

LOG_CONFIG_FILE: Final = Path(__file__).with_name("uvicorn.json")
"""The configuration as a file, for `uvicorn --log-config` and `UVICORN_LOG_CONFIG`."""

LOG_CONFIG: Final[dict[str, Any]] = json.loads(LOG_CONFIG_FILE.read_text("utf-8"))
"""The configuration: every logger narrates, the application's own included. Access lines have no query."""

_PATH: Final = 2  # of the arguments: address, method, path with query, version, status


class WithoutQuery(logging.Filter):
    """Takes the query out of access lines: it holds tokens and names."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record; every one passes."""
        arguments = record.args
        if isinstance(arguments, tuple) and len(arguments) > _PATH:
            path = str(arguments[_PATH]).partition("?")[0]
            record.args = (*arguments[:_PATH], path, *arguments[_PATH + 1 :])
        return True
