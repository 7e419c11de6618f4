"""What the CUDA runtime that llama.cpp brings along says of a GPU."""

import ctypes
from typing import Final, NamedTuple

_MAJOR, _MINOR = 75, 76  # of cudaDeviceAttr: the parts of the compute capability
_PREFIX: Final = "CUDA"


class Cuda(NamedTuple):
    """A GPU and the runtime that it is reached through; None is what nobody says.

    Attributes:
        sm: compute capability, such as 9.0.
        runtime_version: such as 12.8.
    """

    sm: str | None = None
    runtime_version: str | None = None


def ask(library: ctypes.CDLL, device: str) -> Cuda:
    """Return what the runtime says of a device.

    Args:
        library: anything that is linked with CUDA's runtime: a name is looked up in it and in all that it needs.
        device: llama.cpp's name of it, such as CUDA0, whose number is the runtime's own.
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
    except AttributeError:  # a build without CUDA, or with the runtime sealed inside
        return Cuda()
    thousands, rest = divmod(version.value, 1000)
    return Cuda(f"{major.value}.{minor.value}" if capable else None, f"{thousands}.{rest // 10}" if known else None)
