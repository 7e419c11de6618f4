"""How much memory a model needs, told before anything is loaded."""

from pathlib import Path

import pytest

from narration_worker.errors import WorkerError
from narration_worker.model.devices import Device
from narration_worker.model.gguf_check import ModelFile, check
from narration_worker.model.memory_estimate import HEADROOM_BYTES, cache_bytes_per_token, context_length, require_room

SEVEN_B = {
    "llama.block_count": 32,
    "llama.embedding_length": 4096,
    "llama.context_length": 8192,
    "llama.attention.head_count": 32,
    "llama.attention.head_count_kv": 8,
}


def model(**changed):
    values = SEVEN_B | {f"llama.{name.replace('__', '.')}": value for name, value in changed.items()}
    return ModelFile(Path("model.gguf"), 4_000_000_000, "llama", 291, values)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, 2 * 32 * (128 + 128) * 8),
        ({"attention__head_count_kv": 32}, 2 * 32 * (128 + 128) * 32),
        ({"attention__key_length": 192, "attention__value_length": 128}, 2 * 32 * (192 + 128) * 8),
        ({"attention__head_count_kv": "many"}, 2 * 32 * (128 + 128) * 32),
        ({"attention__head_count": 0, "attention__head_count_kv": -1}, 2 * 32 * (4096 + 4096)),
    ],
)
def test_what_a_token_takes_in_the_cache(changed, expected):
    assert cache_bytes_per_token(model(**changed)) == expected


@pytest.mark.parametrize(
    ("wanted", "cache_mb", "expected"),
    [(None, None, 4096), (6000, None, 6000), (None, 64, 512), (100, 64, 100), (6000, 64, 512), (None, 0, 8)],
)
def test_the_context_is_shortened_to_the_cache_allowed(wanted, cache_mb, expected):
    assert context_length(model(), wanted, cache_mb) == expected


def test_the_cache_really_has_that_size(root, strict):
    """llama.cpp says how large it made the cache; the figure computed beforehand is that."""
    from narration_worker.model import native
    from narration_worker.model.residency import MIB, parse_placement

    file = check(root / "worker" / "narration_worker" / "models" / "haiku-1m-q8_0.gguf")
    loaded = native.Model(file.path, None, 512, 1, lambda _: True)
    try:
        (size,) = (size for (_, kind), size in parse_placement(loaded.placement_log()).buffers.items() if kind == "KV")
    finally:
        loaded.close()
    assert abs(size - 512 * cache_bytes_per_token(file)) < MIB / 50


@pytest.mark.req("M0-W-1020")
def test_too_little_memory_is_told_with_the_amounts():
    needed = 4_000_000_000 + 4096 * cache_bytes_per_token(model()) + HEADROOM_BYTES
    require_room(model(), 4096, "seven-b", Device("CUDA0", "", 1, needed, 1 << 40))
    with pytest.raises(WorkerError, match=r"seven-b needs 4806 MB, 4805 MB free on CUDA0") as refused:
        require_room(model(), 4096, "seven-b", Device("CUDA0", "", 1, needed - 1, 1 << 40))
    assert refused.value.code == "INSUFFICIENT_VRAM"
    assert "--context-length" in refused.value.hint
