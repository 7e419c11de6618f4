"""Facts about a GPU from the CUDA runtime that llama.cpp loads."""

import ctypes
from typing import Final, NamedTuple

_MAJOR, _MINOR = 75, 76  # of cudaDeviceAttr: the parts of the compute capability
_PREFIX: Final = "CUDA"


class Cuda(NamedTuple):
    """A GPU's compute capability and its CUDA runtime; None is unknown.

    Attributes:
        sm: compute capability, such as 9.0.
        runtime_version: such as 12.8.
    """

    sm: str | None = None
    runtime_version: str | None = None


def query(library: ctypes.CDLL, device: str) -> Cuda:
    """Return what the CUDA runtime reports about a device.

    Args:
        library: a library linked with the CUDA runtime; names are looked up in its dependencies too.
        device: llama.cpp's name for it, such as CUDA0; the number is the runtime's own.
    """
    number = device.removeprefix(_PREFIX)
    if not device.startswith(_PREFIX) or not number.isdigit():
        return Cuda()
    try:
        version, major, minor = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
        known = library.cudaRuntimeGetVersion(ctypes.byref(version)) == 0
        capable = all(
            library.cudaDeviceGetAttribute(ctypes.byref(part), kind, int(number)) == 0
            for part, kind in ((major, _MAJOR), (minor, _MINOR))
        )
    except AttributeError:  # a build without CUDA, or with the runtime linked statically
        return Cuda()
    thousands, rest = divmod(version.value, 1000)
    return Cuda(f"{major.value}.{minor.value}" if capable else None, f"{thousands}.{rest // 10}" if known else None)
