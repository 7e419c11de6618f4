"""The log files that pages of the documentation follow a request through: those of features/following.feature.

python -m support.example_logs FOLDER    writes FOLDER/logs and FOLDER/snapshots
"""

import sys
from pathlib import Path
from typing import Final

from narration_core import MemorySink, configure, encode, flush

STEPS: Final = Path(__file__).resolve().parents[1] / "steps"


def main() -> None:
    """Write five requests that went well, one that is stuck and one that failed, a file for each service."""
    sys.path.insert(0, str(STEPS))
    import following  # noqa: PLC0415 - a folder of step definitions is no package

    folder, sink = Path(sys.argv[1]), MemorySink()
    configure(sinks=[sink])
    following.went_well("req-a0")
    following.still_built("req-a")
    following.disk_full()
    flush()
    following.golden(folder)
    (folder / "logs").mkdir()
    for event in sink.events:
        with (folder / "logs" / f"{event.actor}.log").open("ab") as file:
            file.write(encode(event) + b"\n")


if __name__ == "__main__":
    main()
