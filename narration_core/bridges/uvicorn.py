"""uvicorn: its error and access lines as narration, inside the stories of the requests that they are about.

`uvicorn.run(app, log_config=LOG_CONFIG)`; on the command line `--log-config FILE`, where FILE is `LOG_CONFIG_FILE`.
"""

import json
from pathlib import Path
from typing import Any, Final

LOG_CONFIG_FILE: Final = Path(__file__).with_name("uvicorn.json")
"""The configuration as a file, for `uvicorn --log-config` and `UVICORN_LOG_CONFIG`."""

LOG_CONFIG: Final[dict[str, Any]] = json.loads(LOG_CONFIG_FILE.read_text("utf-8"))
"""The configuration: every logger narrates, the application's own included."""
