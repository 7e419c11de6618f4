"""Residency: whether the whole model is in the GPU's memory, at the start and later.

There are two sources: llama.cpp's log says where each layer and buffer was placed, and the driver says how much
memory this process holds. The token embedding and small host buffers always stay on the CPU; nothing else may.
"""

import asyncio
import importlib
import os
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, NamedTuple

from narration_worker import points

MIB: Final = 1024 * 1024
TOLERANCE: Final = 0.9
"""Share of the allocated bytes that the driver must still report: page sizes and pools round both numbers."""

_LAYER: Final = re.compile(r"layer +(\d+) assigned to device (\S+?),?(?: |$)")
_BUFFER: Final = re.compile(r"(\S+) +(model|KV|RS|output|compute) buffer size = +([0-9.]+) MiB")
_MUST_BE_THERE: Final = ("KV", "RS")


class Placement(NamedTuple):
    """Where llama.cpp placed a model.

    Attributes:
        layers: device of each layer.
        buffers: bytes by (device, kind of buffer).
    """

    layers: dict[int, str]
    buffers: dict[tuple[str, str], int]

    def bytes_on(self, device: str) -> int:
        """Return how much of a device's memory the model uses, in bytes."""
        return sum(size for (place, _), size in self.buffers.items() if place == device)

    def fault(self, device: str) -> str | None:
        """Return why the model is not wholly on a device, or None when it is.

        Args:
            device: such as CUDA0.
        """
        if not self.layers:
            return "llama.cpp did not say where the layers are"
        elsewhere = [layer for layer, place in self.layers.items() if place != device]
        if elsewhere:
            return f"{len(elsewhere)} of {len(self.layers)} layers are on {self.layers[elsewhere[0]]}"
        for (place, kind), size in self.buffers.items():
            if kind in _MUST_BE_THERE and place != device and size:
                return f"{size // MIB} MB of the {kind} cache are on {place}"
        return None


def parse_placement(lines: Iterable[str]) -> Placement:
    """Return where a model was placed, from the log of its load."""
    layers: dict[int, str] = {}
    buffers: dict[tuple[str, str], int] = {}
    for line in lines:
        if found := _LAYER.search(line):
            layers[int(found[1])] = found[2]
        elif found := _BUFFER.search(line):
            key = (found[1], found[2])
            buffers[key] = buffers.get(key, 0) + int(float(found[3]) * MIB)
    return Placement(layers, buffers)


def process_bytes(pid: int | None = None) -> int | None:
    """Return the GPU memory that a process holds on all GPUs, in bytes, as NVIDIA's driver reports it.

    Args:
        pid: the process; this one when absent.

    Returns:
        None when the driver does not report it: there is none, or a container hides process ids.
    """
    try:
        pynvml: Any = importlib.import_module("pynvml")  # only where a GPU is used
        pynvml.nvmlInit()
    except Exception:  # noqa: BLE001 - a missing package, library or driver: nothing to report
        return None
    try:
        held = [
            process.usedGpuMemory
            for index in range(pynvml.nvmlDeviceGetCount())
            for process in pynvml.nvmlDeviceGetComputeRunningProcesses(pynvml.nvmlDeviceGetHandleByIndex(index))
            if process.pid == (pid or os.getpid())
        ]
    except pynvml.NVMLError:
        return None
    finally:
        pynvml.nvmlShutdown()
    known = [size for size in held if size is not None]
    return sum(known) if known else None


class Residency:
    """Checks that the model stays in GPU memory, for the life of the process.

    Args:
        device: such as CUDA0.
        expected_bytes: GPU memory that the model took when it was loaded.
        held: returns the GPU memory that this process holds now, or None when the driver does not report it.
        used: returns the GPU memory that all processes use now, or None.
    """

    def __init__(
        self,
        device: str,
        expected_bytes: int,
        held: Callable[[], int | None],
        used: Callable[[], int | None],
    ) -> None:
        self.resident = True
        self._device = device
        self._expected = expected_bytes
        self._held = held
        self._used = used

    def check(self) -> bool:
        """Check once and narrate the result; True when the model is in GPU memory."""
        held = self._held()
        if held is None:  # this process cannot hold more than all processes together
            held = self._used()
        enough = held is not None and held >= self._expected * TOLERANCE
        self.resident = enough
        fields = {"gpu_device": self._device, "required_bytes": self._expected, "available_bytes": held}
        if enough:
            points.residency_verified(**fields)
        else:
            points.residency_lost(**fields, error_kind="residency_lost")
        return enough

    async def watch(self, every_s: float, off_loop: Callable[[Callable[[], bool]], Awaitable[bool]]) -> None:
        """Check at intervals until cancelled.

        Args:
            every_s: seconds between checks.
            off_loop: runs a function that may block, such as `asyncio.to_thread`.
        """
        while True:
            await asyncio.sleep(every_s)
            await off_loop(self.check)
