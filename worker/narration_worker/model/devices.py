"""The device that computes: the requested one, or an error."""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from narration_worker import points
from narration_worker.errors import WorkerError

GpuKind = Literal["cuda", "metal"]
DeviceKind = Literal["cuda", "metal", "cpu"]

_PREFIXES: Final[dict[GpuKind, tuple[str, ...]]] = {"cuda": ("CUDA",), "metal": ("METAL", "MTL")}
"""Prefixes of llama.cpp's device names, by kind."""

_POINTS: Final = {"cuda": points.device_cuda, "metal": points.device_metal}


class Device(NamedTuple):
    """A GPU that llama.cpp can compute on.

    Attributes:
        name: such as CUDA0.
        description: such as the GPU's product name.
        handle: native pointer, for `devices` in the model parameters.
        free_bytes: free memory now.
        total_bytes: all its memory.
    """

    name: str
    description: str
    handle: int
    free_bytes: int
    total_bytes: int


def choose_gpu(kind: GpuKind, number: int, found: Sequence[Device]) -> Device:
    """Return the requested GPU, and narrate the choice.

    Args:
        kind: cuda or metal.
        number: which GPU of this kind, from 0.
        found: the GPUs that llama.cpp sees.

    Raises:
        WorkerError: CUDA_ERROR, it does not exist; no other device is used instead.
    """
    usable = [device for device in found if device.name.upper().startswith(_PREFIXES[kind])]
    if number >= len(usable):
        have = ", ".join(device.name for device in usable) or "none"
        raise WorkerError(
            "CUDA_ERROR",
            f"device {kind} number {number} is not available (found: {have}); "
            "this build of llama.cpp or this machine has no such GPU",
            "install a llama-cpp-python built for the GPU, or ask for the CPU by name: --device cpu",
            f"no {kind} device number {number} (found: {have})",
        )
    device = usable[number]
    _POINTS[kind](gpu_device=device.name, device=device.name, available_bytes=device.free_bytes)
    return device
