"""When this run began: lines that are older were not emitted by it."""

import time
from typing import Final

STARTED_MS: Final = time.time_ns() // 1_000_000
"""When this process imported the plugin, in milliseconds since the epoch."""
