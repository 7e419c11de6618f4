"""How much memory a model needs, estimated from its metadata before anything is loaded."""

from pathlib import Path
from typing import Final

from narration_worker.errors import WorkerError
from narration_worker.model.cpu import cgroup_folders, read_number
from narration_worker.model.devices import Device
from narration_worker.model.gguf_check import ModelFile

DEFAULT_CONTEXT: Final = 4096
HEADROOM_BYTES: Final = 256 * 1024 * 1024
"""On a GPU: for compute buffers and the driver's own use, at least."""

CPU_HEADROOM_BYTES: Final = 48 * 1024 * 1024
"""On a CPU: for small buffers, the tokenizer's tables and the answers under way."""

_CHUNK: Final = 128
_SHORTEST_CONTEXT: Final = 8
_BYTES_OF_A_NUMBER: Final = 2
_BYTES_OF_A_FLOAT: Final = 4
_TABLE_BYTES_PER_TOKEN: Final = 400
"""What llama.cpp's tokenizer keeps for each token of the vocabulary: its text twice, hash tables, merges."""

_MEGABYTE: Final = 1_000_000
_HINT: Final = "choose a smaller model, a shorter --context-length or a {place} with more free memory"


def cache_bytes_per_token(file: ModelFile) -> int:
    """Return the key-value cache's bytes for each token: keys and values of every layer, two bytes a number."""
    layers = _number(file, "block_count", 1)
    width = _number(file, "embedding_length", 1)
    heads = _per_layer(file, "attention.head_count", 1, layers)
    shared = _per_layer(file, "attention.head_count_kv", 0, layers)
    total = 0
    for count, count_kv in zip(heads, shared, strict=True):
        keys = _number(file, "attention.key_length", max(1, width // max(1, count)))
        values = _number(file, "attention.value_length", keys)
        total += (count_kv or count) * (keys + values)
    return _BYTES_OF_A_NUMBER * max(1, total)


def context_length(file: ModelFile, wanted: int | None, cache_mb: int | None) -> int:
    """Return the context length to open a model with, in tokens of prompt and answer.

    Args:
        file: the model.
        wanted: the requested length; when None, the model's trained length, at most `DEFAULT_CONTEXT`.
        cache_mb: largest key-value cache in MiB, which may shorten the context; unlimited when None.
    """
    length = wanted or min(_number(file, "context_length", DEFAULT_CONTEXT), DEFAULT_CONTEXT)
    if cache_mb is None:
        return length
    return min(length, max(_SHORTEST_CONTEXT, cache_mb * 1024 * 1024 // cache_bytes_per_token(file)))


def compute_bytes(file: ModelFile) -> int:
    """Return the bytes of llama.cpp's compute buffers: a chunk's activations, and its logits over the vocabulary."""
    vocabulary = file.metadata.get("tokenizer.ggml.tokens")
    vocabulary = vocabulary if isinstance(vocabulary, int) else 0
    width = _number(file, "embedding_length", 1)
    inner = max(_per_layer(file, "feed_forward_length", 4 * width, _number(file, "block_count", 1)), default=width)
    activations = _CHUNK * (8 * width + 3 * inner) * _BYTES_OF_A_FLOAT
    return activations + _CHUNK * vocabulary * _BYTES_OF_A_FLOAT + vocabulary * _TABLE_BYTES_PER_TOKEN


def estimate_bytes(file: ModelFile, length: int, *, on_gpu: bool) -> int:
    """Return how much memory a model needs, in bytes.

    Args:
        file: the model.
        length: tokens of its context.
        on_gpu: whether it is the GPU's memory that is needed.
    """
    compute = compute_bytes(file)
    besides = max(compute, HEADROOM_BYTES) if on_gpu else compute + CPU_HEADROOM_BYTES
    return file.size + cache_bytes_per_token(file) * length + besides


def available_bytes(meminfo: Path = Path("/proc/meminfo")) -> int | None:
    """Return how much memory this process may still take: the machine's free memory, or less by its cgroup's limit.

    Args:
        meminfo: the kernel's file with the machine's memory.

    Returns:
        None where the system does not say.
    """
    found = []
    try:
        lines = meminfo.read_text("ascii").splitlines()
        found += [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    except (OSError, ValueError, IndexError):
        pass
    for folder in cgroup_folders("memory"):
        limit = _first_number(folder, "memory.max", "memory.limit_in_bytes")
        used = _first_number(folder, "memory.current", "memory.usage_in_bytes")
        if limit is not None and used is not None:
            found.append(max(0, limit - used + _reclaimable(folder)))
    return min(found, default=None)


def _first_number(folder: Path, *names: str) -> int | None:
    """Return the number in the first of these files that has one: cgroup versions 2 and 1 name them differently."""
    return next((number for name in names if (number := read_number(folder / name)) is not None), None)


def _reclaimable(folder: Path) -> int:
    """Return the bytes of a cgroup's file cache, which the kernel gives back when they are needed."""
    try:
        lines = (folder / "memory.stat").read_text("ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith(("inactive_file ", "active_file ")))


def require_room(file: ModelFile, length: int, model_ref: str, device: Device | None) -> tuple[int, int | None]:
    """Refuse a model that cannot fit into the free memory; return how much it needs and how much is free, in bytes.

    Args:
        file: the model.
        length: tokens of its context.
        model_ref: the model's name in messages.
        device: the GPU; None for the CPU.

    Raises:
        WorkerError: INSUFFICIENT_VRAM or INSUFFICIENT_MEMORY, with the amounts.
    """
    needed = estimate_bytes(file, length, on_gpu=device is not None)
    free = device.free_bytes if device else available_bytes()
    if free is not None and needed > free:
        place = device.name if device else "this machine"
        amounts = f"needs {-(-needed // _MEGABYTE)} MB, {free // _MEGABYTE} MB free on {place}"
        raise WorkerError(
            "INSUFFICIENT_VRAM" if device else "INSUFFICIENT_MEMORY",
            f"model {model_ref} {amounts}",
            _HINT.format(place="GPU" if device else "machine"),
            amounts,
        )
    return needed, free


def trained_length(file: ModelFile) -> int:
    """Return the longest text that the model was trained on, in tokens."""
    return _number(file, "context_length", 0)


def _number(file: ModelFile, key: str, default: int) -> int:
    """Return a positive number of the architecture's metadata, or a default; the largest of a per-layer array."""
    value = file.metadata.get(f"{file.architecture}.{key}")
    if isinstance(value, list):
        value = max((part for part in value if isinstance(part, int)), default=0)
    return value if isinstance(value, int) and value > 0 else default


def _per_layer(file: ModelFile, key: str, default: int, layers: int) -> list[int]:
    """Return a number of the architecture's metadata for each layer."""
    value = file.metadata.get(f"{file.architecture}.{key}")
    if isinstance(value, list) and len(value) == layers and all(isinstance(part, int) for part in value):
        return value
    return [_number(file, key, default)] * layers
