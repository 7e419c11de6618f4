"""How much memory a model needs, estimated from its metadata before anything is loaded."""

from typing import Final

from narration_worker.errors import WorkerError
from narration_worker.model.devices import Device
from narration_worker.model.gguf_check import ModelFile

DEFAULT_CONTEXT: Final = 4096
HEADROOM_BYTES: Final = 256 * 1024 * 1024
"""For compute buffers and the driver's own use."""

_SHORTEST_CONTEXT: Final = 8
_BYTES_OF_A_NUMBER: Final = 2
_MEGABYTE: Final = 1_000_000


def cache_bytes_per_token(file: ModelFile) -> int:
    """Return the key-value cache's bytes for each token: keys and values of every layer, two bytes a number."""
    width = _positive(file, "embedding_length", 1)
    heads = _positive(file, "attention.head_count", 1)
    shared = _positive(file, "attention.head_count_kv", heads)
    keys = _positive(file, "attention.key_length", max(1, width // heads))
    values = _positive(file, "attention.value_length", keys)
    return _BYTES_OF_A_NUMBER * shared * (keys + values) * _positive(file, "block_count", 1)


def context_length(file: ModelFile, wanted: int | None, cache_mb: int | None) -> int:
    """Return the context length to open a model with, in tokens of prompt and answer.

    Args:
        file: the model.
        wanted: the requested length; when None, the model's trained length, at most `DEFAULT_CONTEXT`.
        cache_mb: largest key-value cache in MiB, which may shorten the context; unlimited when None.
    """
    length = wanted or min(_positive(file, "context_length", DEFAULT_CONTEXT), DEFAULT_CONTEXT)
    if cache_mb is None:
        return length
    return min(length, max(_SHORTEST_CONTEXT, cache_mb * 1024 * 1024 // cache_bytes_per_token(file)))


def require_room(file: ModelFile, length: int, model_ref: str, device: Device) -> None:
    """Refuse a model that cannot fit into a GPU's free memory.

    Args:
        file: the model.
        length: tokens of its context.
        model_ref: the model's name in messages.
        device: the GPU.

    Raises:
        WorkerError: INSUFFICIENT_VRAM, with the amounts.
    """
    needed = file.size + cache_bytes_per_token(file) * length + HEADROOM_BYTES
    if needed > device.free_bytes:
        amounts = f"needs {-(-needed // _MEGABYTE)} MB, {device.free_bytes // _MEGABYTE} MB free on {device.name}"
        raise WorkerError(
            "INSUFFICIENT_VRAM",
            f"model {model_ref} {amounts}",
            "choose a smaller model, a shorter --context-length or a GPU with more free memory",
            amounts,
        )


def _positive(file: ModelFile, key: str, default: int) -> int:
    """Return a positive number of the architecture's metadata, or a default; per-layer arrays are not read."""
    value = file.metadata.get(f"{file.architecture}.{key}")
    return value if isinstance(value, int) and value > 0 else default
