"""`make demo`: a real worker on a real model answers one request, narrated live and kept by a hub.

`KEEP=1` in the environment leaves a hub and a worker running, and the last line is the address of the hub's panel.

Exit codes: 0 success, 1 failure (the message says what failed), 2 an extra is not installed, 130 interrupted.
"""

import sys
from importlib.util import find_spec
from typing import Final

from narration_core.cli import missing_extra

_NEEDS: Final = ("llama_cpp", "gguf", "aiohttp", "prometheus_client")
"""What the worker imports, and with it the hub."""


def main() -> int:
    """Run the demo, or say in one line which extra it needs."""
    for name in _NEEDS:
        if find_spec(name) is None:
            missing = missing_extra(ModuleNotFoundError(name=name), "python -m narration_worker.demo")
            if missing is not None:
                missing.show()
                return missing.exit_code
    from narration_worker._demo import run  # noqa: PLC0415 - it cannot be imported without the extra

    return run()


if __name__ == "__main__":
    sys.exit(main())
