"""Check in Python, with limits, that a file is a GGUF model that may be given to the native library.

A damaged header can make native code abort the process, so everything that can be checked from outside is checked
first. The layout is GGUF version 3: header, metadata pairs, tensor infos, aligned data.
"""

import mmap
import struct
from pathlib import Path
from typing import Any, Final, NamedTuple

MAX_TENSORS: Final = 100_000
MAX_PAIRS: Final = 10_000
MAX_STRING: Final = 16 * 1024 * 1024
MAX_ARRAY: Final = 4_000_000
MAX_DIMENSIONS: Final = 4
MAX_ALIGNMENT: Final = 1 << 16
SIZES: Final = {"context_length": 1 << 30, "embedding_length": 1 << 20, "block_count": 512}
"""llama.cpp's limits; it ends the whole process when there are more blocks."""

BYTE_TOKENS: Final = 256
_MAGIC: Final = b"GGUF"
_VERSIONS: Final = (2, 3)
_STRING, _ARRAY = 8, 9
_SCALARS: Final = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
# Block size and bytes of a block for each tensor type that llama.cpp still reads.
_TENSOR_TYPES: Final = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 40),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292),
    16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82),
    23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2),
    34: (256, 54), 35: (256, 66), 39: (32, 17),
}  # fmt: skip


class NotAModelError(ValueError):
    """The file is not a model that can be loaded; the message says why."""


class ModelFile(NamedTuple):
    """What a model file says about itself.

    Attributes:
        path: the file.
        size: bytes of the file.
        architecture: such as llama.
        tensors: how many tensors it holds.
        metadata: its metadata; arrays of numbers are replaced by their length.
    """

    path: Path
    size: int
    architecture: str
    tensors: int
    metadata: dict[str, Any]


class _Reader:
    """Reads little-endian values from a mapped file and never past its end."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self.position = 0

    def take(self, count: int) -> bytes:
        if count > len(self._data) - self.position:
            raise NotAModelError(f"it ends after {len(self._data)} bytes, in the middle of its header")
        self.position += count
        return self._data[self.position - count : self.position]

    def skip(self, count: int) -> None:
        if count > len(self._data) - self.position:
            raise NotAModelError(f"it ends after {len(self._data)} bytes, in the middle of its header")
        self.position += count

    def number(self, form: str) -> Any:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def text(self) -> bytes:
        length = self.number("<Q")
        if length > MAX_STRING:
            raise NotAModelError(f"a text in its header claims {length} bytes")
        return self.take(length)

    def value(self, kind: int) -> Any:
        if kind in _SCALARS:
            return self.number(_SCALARS[kind])
        if kind == _STRING:
            return self.text().decode("utf-8", "replace")
        if kind == _ARRAY:
            return self.array()
        raise NotAModelError(f"its metadata has a value of unknown type {kind}")

    def array(self) -> list[bytes] | int:
        """Return the texts of an array of texts, or the length of any other array."""
        kind, count = self.number("<I"), self.number("<Q")
        if count > MAX_ARRAY:
            raise NotAModelError(f"an array in its metadata claims {count} values")
        if kind == _STRING:
            return [self.text() for _ in range(count)]
        if kind not in _SCALARS:
            raise NotAModelError(f"an array in its metadata has values of type {kind}")
        self.skip(struct.calcsize(_SCALARS[kind]) * count)
        return int(count)


def check(path: Path) -> ModelFile:
    """Return what a model file says about itself.

    Args:
        path: the file.

    Raises:
        NotAModelError: it is missing, not a GGUF file, damaged, or not for text generation.
    """
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise NotAModelError("it is not a file")
        if size < len(_MAGIC):
            raise NotAModelError(f"it has only {size} bytes")
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _check(path, size, _Reader(data))
    except FileNotFoundError:
        raise NotAModelError("there is no such file") from None
    except (OSError, ValueError) as error:
        if isinstance(error, NotAModelError):
            raise
        raise NotAModelError(f"it cannot be read: {error}") from None


def _check(path: Path, size: int, reader: _Reader) -> ModelFile:
    magic = reader.take(4)
    if magic != _MAGIC:
        raise NotAModelError(f"it is not GGUF: it begins with {magic!r} instead of {_MAGIC!r}")
    version = reader.number("<I")
    if version not in _VERSIONS:
        raise NotAModelError(f"it has GGUF version {version}; version 3 is read")
    tensors, pairs = reader.number("<Q"), reader.number("<Q")
    if not 0 < tensors <= MAX_TENSORS or not 0 < pairs <= MAX_PAIRS:
        raise NotAModelError(f"its header claims {tensors} tensors and {pairs} metadata values")
    metadata: dict[str, Any] = {}
    for _ in range(pairs):
        key = reader.text().decode("utf-8", "replace")
        metadata[key] = reader.value(reader.number("<I"))
    _check_tensors(reader, tensors, size, metadata.get("general.alignment", 32))
    return ModelFile(path, size, _check_metadata(metadata), int(tensors), metadata)


def _check_tensors(reader: _Reader, tensors: int, size: int, alignment: Any) -> None:
    if not isinstance(alignment, int) or not 0 < alignment <= MAX_ALIGNMENT:
        raise NotAModelError(f"its alignment is {str(alignment)[:40]}")
    ends = []
    for _ in range(tensors):
        name = reader.text()[:64].decode("utf-8", "replace")
        dimensions = reader.number("<I")
        if not 0 < dimensions <= MAX_DIMENSIONS:
            raise NotAModelError(f"tensor {name!r} has {dimensions} dimensions")
        shape = [reader.number("<Q") for _ in range(dimensions)]
        kind, offset = reader.number("<I"), reader.number("<Q")
        if kind not in _TENSOR_TYPES:
            raise NotAModelError(f"tensor {name!r} has the unknown type {kind}")
        values = 1
        for length in shape:
            values *= length
        block, width = _TENSOR_TYPES[kind]
        if values <= 0 or shape[0] % block or offset % alignment:
            raise NotAModelError(f"tensor {name!r} has a shape or place that its type does not allow")
        ends.append((offset + values // block * width, name))
    start = -(-reader.position // alignment) * alignment
    last, name = max(ends)
    if start + last > size:
        raise NotAModelError(f"it is cut short: tensor {name!r} ends at byte {start + last}, the file at byte {size}")


def _check_metadata(metadata: dict[str, Any]) -> str:
    architecture = metadata.get("general.architecture")
    if not isinstance(architecture, str) or not architecture:
        raise NotAModelError("its metadata does not say which architecture it has")
    _check_sizes(metadata, architecture)
    tokens = metadata.get("tokenizer.ggml.tokens")
    if not isinstance(tokens, list) or not tokens:
        raise NotAModelError("it has no tokenizer, so it cannot generate text")
    if metadata.get("tokenizer.ggml.model") == "llama":
        known = set(tokens)
        missing = [byte for byte in range(BYTE_TOKENS) if f"<0x{byte:02X}>".encode() not in known]
        if missing:
            # llama.cpp ends the whole process when it needs a byte token that is not there.
            raise NotAModelError(f"its tokenizer lacks {len(missing)} of the 256 byte tokens")
    for key in ("bos_token_id", "eos_token_id"):
        value = metadata.get(f"tokenizer.ggml.{key}", 0)
        if not isinstance(value, int) or not 0 <= value < len(tokens):
            raise NotAModelError(f"its {key} {value!r} is not in its vocabulary")
    return architecture


def _check_sizes(metadata: dict[str, Any], architecture: str) -> None:
    """Check the numbers that llama.cpp asserts on: it ends the process when one is wrong."""
    for key, most in SIZES.items():
        value = metadata.get(f"{architecture}.{key}")
        if not isinstance(value, int) or not 0 < value <= most:
            found = f"it is {str(value)[:40]}, allowed are 1 to {most}"
            raise NotAModelError(f"its metadata has no usable {architecture[:40]}.{key} ({found})")
    for key in ("layer_norm_epsilon", "layer_norm_rms_epsilon"):
        value = metadata.get(f"{architecture}.attention.{key}", 0.0)
        if not isinstance(value, float) or not 0 <= value < 1:
            raise NotAModelError(f"its metadata has no usable {key} (it is {str(value)[:40]})")
