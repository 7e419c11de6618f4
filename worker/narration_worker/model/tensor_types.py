"""Which tensor types this build of llama.cpp can read, asked of the library itself."""

import ctypes
from functools import cache
from typing import NamedTuple


class TypeSize(NamedTuple):
    """Size of a tensor type: values in a block, and bytes of a block."""

    block: int
    width: int


@cache
def type_size(kind: int) -> TypeSize | None:
    """Return the size of a tensor type, or None when the library cannot read it.

    Args:
        kind: the type's number in GGUF files.
    """
    import llama_cpp  # noqa: PLC0415 - a third of a second, only when a model is checked
    from llama_cpp import _ggml  # noqa: PLC0415

    if not 0 <= kind < llama_cpp.GGML_TYPE_COUNT:
        return None
    block_of, width_of = _ggml.libggml.ggml_blck_size, _ggml.libggml.ggml_type_size
    block_of.restype, width_of.restype = ctypes.c_int64, ctypes.c_size_t
    size = TypeSize(block_of(ctypes.c_int(kind)), width_of(ctypes.c_int(kind)))
    return size if size.block > 0 and size.width > 0 else None
