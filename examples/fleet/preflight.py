"""`python -m fleet.preflight`: looks whether an engine can compute here, in a process of its own, and writes it down.

A process of its own, because a native library can end the process that loads it, and because one that has looked at a
GPU keeps some of its memory.

Exit codes: 0 it has looked, and has written the summary if there is such a device; 1 the library cannot be used.
"""

import argparse
import sys
import textwrap
from importlib.metadata import version
from pathlib import Path
from typing import Final, get_args

import msgspec

from fleet.staging import sha256_of, write_whole
from fleet.wire import Device, PreparedEngine
from narration_core import Narrator, configure, register_field

_PACKAGE: Final = "llama-cpp-python"
_WORKER_DEVICES: Final[dict[Device, tuple[str, ...]]] = {
    "gpu": ("--device", "cuda", "--gpu-device", "0"),
    "cpu": ("--device", "cpu"),
}
_SHOWN: Final = 60  # of a reason in a sentence, in characters
narrate: Final = Narrator("engine-provisioner")
register_field("reason", str, "why it failed, in a few words")


def look(device: Device) -> PreparedEngine | None:
    """Return the engine for a device; None when there is no such device."""
    import llama_cpp  # noqa: PLC0415 - what it does when it is loaded is what this process is for

    from narration_worker.model.native import gpu_devices  # noqa: PLC0415 - loads it too

    found = gpu_devices()
    if device == "gpu" and not found:
        return None
    library = next(Path(llama_cpp.__file__).parent.glob("lib/*llama.*"))
    return PreparedEngine(
        name="llama.cpp",
        version=version(_PACKAGE),
        build=llama_cpp.llama_print_system_info().decode().strip(" |"),
        digest=sha256_of(library),
        flags=_WORKER_DEVICES[device],
        mode=device,
        path=str(library),
    )


def main() -> int:
    """Look, and write the summary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("device", choices=get_args(Device))
    parser.add_argument("summary", type=Path, help="the file to write")
    given = parser.parse_args()
    configure(service="engine-provisioner")
    try:
        engine = look(given.device)
    except (ImportError, OSError, RuntimeError, StopIteration) as error:
        narrate.error(
            "preflight", _PACKAGE, "Could not load {target}: {reason}",
            reason=textwrap.shorten(str(error), _SHOWN, placeholder=" ..."), error_kind=type(error).__name__,
        )  # fmt: skip
        return 1
    if engine is None:
        narrate.warn("preflight", "gpu", "Found no GPU that llama.cpp can use", error_kind="no_gpu")
        return 0
    write_whole(given.summary, [msgspec.json.format(msgspec.json.encode(engine)), b"\n"])
    narrate(
        "preflight", given.device, "Found llama.cpp {engine_version} for the {target}", engine_version=engine.version
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
