"""Check in Python, with limits, that a file is a GGUF model that may be given to the native library.

A damaged header can make native code abort the process, so everything that can be checked from outside is checked
first. The layout is GGUF version 3: header, metadata pairs, tensor infos, aligned data.
"""

import mmap
import re
import struct
from pathlib import Path
from typing import Any, Final, NamedTuple

from narration_core.nouns import counted
from narration_worker.model.gguf_limits import DATA_ALIGNMENT, NO_TOKENIZERS, fault_of_sizes
from narration_worker.model.tensor_types import type_size

MAX_TENSORS: Final = 100_000
MAX_PAIRS: Final = 10_000
MAX_STRING: Final = 16 * 1024 * 1024
MAX_ARRAY: Final = 4_000_000
MAX_DIMENSIONS: Final = 4
MAX_ALIGNMENT: Final = 1 << 16
BYTE_TOKENS: Final = 256
_MAGIC: Final = b"GGUF"
_VERSIONS: Final = (2, 3)
_STRING, _ARRAY = 8, 9
_SCALARS: Final = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
# First bytes of files that are often given by mistake, and what they are.
_OTHER_FILES: Final = (
    (b"version https://git-lfs", "a Git LFS pointer; fetch the file itself with `git lfs pull`"),
    (b"\x1f\x8b", "compressed with gzip; unpack it first"),
    (b"PK\x03\x04", "a ZIP archive, perhaps a PyTorch checkpoint; convert it to GGUF"),
    (b"\x80\x02", "a PyTorch checkpoint; convert it to GGUF"),
    (b"lmgg", "an old GGML file; convert it to GGUF"),
    (b"fmgg", "an old GGML file; convert it to GGUF"),
    (b"tjgg", "an old GGML file; convert it to GGUF"),
    (b"<", "a web page, perhaps of a failed download"),
)
_NOT_FOR_TEXT: Final = {
    "adapter": "a LoRA adapter, not a model; merge it into its model",
    "mmproj": "a projector for images or sound (mmproj), not a model",
    "imatrix": "an importance matrix for quantisation, not a model",
    "vocab": "a vocabulary without weights",
}
"""What a file is, by its `general.type`."""

_POOLING: Final = {1: "mean", 2: "cls", 3: "last", 4: "rank"}
_PER_LAYER: Final = 4096
"""Arrays of numbers up to this length are kept: they may hold one number for each layer."""

_SHARD: Final = re.compile(r"(?P<prefix>.*)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf", re.DOTALL)


class NotAModelError(ValueError):
    """The file is not a model that can be loaded.

    Attributes:
        hint: what to do; None when the message says it.
    """

    hint: str | None = "give a GGUF version 3 file with --model"


class UnreadableError(NotAModelError):
    """The system does not let the file be read, whatever is in it."""

    hint = None


class ShardError(NotAModelError):
    """The file is a part of a model: not the first one, or others are missing."""

    hint = "give the first shard with --model, and put all of them into its folder under their own names"


class NotForTextError(NotAModelError):
    """The file is a sound one, of something that generates no text."""

    hint = "give a model that generates text with --model"


class ModelFile(NamedTuple):
    """What a model file says about itself.

    Attributes:
        path: the file.
        size: bytes of the file and its further shards.
        architecture: such as llama.
        tensors: how many tensors it holds.
        metadata: its metadata; texts and long arrays of numbers are replaced by their length.
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
            raise NotAModelError(f"it ends after {counted(len(self._data), 'byte')}, in the middle of its header")
        self.position += count
        return self._data[self.position - count : self.position]

    def skip(self, count: int) -> None:
        if count > len(self._data) - self.position:
            raise NotAModelError(f"it ends after {counted(len(self._data), 'byte')}, in the middle of its header")
        self.position += count

    def number(self, form: str) -> Any:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def text(self) -> bytes:
        length = self.number("<Q")
        if length > MAX_STRING:
            raise NotAModelError(f"a text in its header claims {counted(length, 'byte')}")
        return self.take(length)

    def value(self, kind: int) -> Any:
        if kind in _SCALARS:
            return self.number(_SCALARS[kind])
        if kind == _STRING:
            return self.text().decode("utf-8", "replace")
        if kind == _ARRAY:
            return self.array()
        raise NotAModelError(f"its metadata has a value of unknown type {kind}")

    def array(self) -> list[bytes] | list[int | float] | int:
        """Return the values of an array, or the length of a long array of numbers."""
        kind, count = self.number("<I"), self.number("<Q")
        if count > MAX_ARRAY:
            raise NotAModelError(f"an array in its metadata claims {counted(count, 'value')}")
        if kind == _STRING:
            return [self.text() for _ in range(count)]
        if kind not in _SCALARS:
            raise NotAModelError(f"an array in its metadata has values of type {kind}")
        if count <= _PER_LAYER:
            return [self.number(_SCALARS[kind]) for _ in range(count)]
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
            raise NotAModelError(f"it has only {counted(size, 'byte')}")
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _check(path, size, _Reader(data))
    except FileNotFoundError:
        raise UnreadableError("there is no such file") from None
    except (OSError, ValueError) as error:
        if isinstance(error, NotAModelError):
            raise
        # Without the path, which the message has already.
        why = error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
        raise UnreadableError(f"it cannot be read: {why}") from None


def _check(path: Path, size: int, reader: _Reader) -> ModelFile:
    magic = reader.take(4)
    if magic != _MAGIC:
        raise NotAModelError(f"it is not GGUF: {_other_file(path, magic)}")
    version = reader.number("<I")
    if version.to_bytes(4, "little")[::-1] in {number.to_bytes(4, "little") for number in _VERSIONS}:
        raise NotAModelError("it is a big-endian GGUF file; a little-endian one is needed")
    if version not in _VERSIONS:
        raise NotAModelError(f"it has GGUF version {version}; version 3 is read")
    tensors, pairs = reader.number("<Q"), reader.number("<Q")
    if tensors > MAX_TENSORS or not 0 < pairs <= MAX_PAIRS:
        raise NotAModelError(f"its header claims {counted(tensors, 'tensor')} and {counted(pairs, 'metadata value')}")
    metadata: dict[str, Any] = {}
    for _ in range(pairs):
        key = reader.text().decode("utf-8", "replace")
        metadata[key] = reader.value(reader.number("<I"))
    _check_nature(metadata, int(tensors))
    if tensors:
        _check_tensors(reader, tensors, size, metadata.get("general.alignment", 32))
    architecture = _check_metadata(metadata)
    size += _size_of_further_shards(path, metadata)
    # Vocabularies take tens of megabytes as Python objects: only their length is kept.
    kept = {
        key: len(value) if isinstance(value, list) and value and isinstance(value[0], bytes) else value
        for key, value in metadata.items()
    }
    return ModelFile(path, size, architecture, int(tensors), kept)


def _other_file(path: Path, magic: bytes) -> str:
    with path.open("rb") as file:
        start = file.read(32)
    if start[8:9] == b"{" and start[3:8] == bytes(5):
        return "it is a safetensors file; convert it to GGUF"
    known = next((what for first, what in _OTHER_FILES if start.startswith(first)), None)
    return f"it is {known}" if known else f"it begins with {magic!r} instead of {_MAGIC!r}"


def _check_nature(metadata: dict[str, Any], tensors: int) -> None:
    """Refuse what cannot generate text, by its true name."""
    kind = metadata.get("general.type")
    architecture = metadata.get("general.architecture")
    if isinstance(kind, str) and kind in _NOT_FOR_TEXT:
        raise NotForTextError(f"it is {_NOT_FOR_TEXT[kind]}")
    if architecture == "clip":
        raise NotForTextError(f"it is {_NOT_FOR_TEXT['mmproj']}")
    shard, shards = metadata.get("split.no", 0), metadata.get("split.count", 0)
    if isinstance(shard, int) and shard > 0:
        raise ShardError(f"it is shard {shard + 1} of {shards}")
    if not tensors and not (isinstance(shards, int) and shards > 1):
        raise NotForTextError(f"it is {_NOT_FOR_TEXT['vocab']}")
    pooling = metadata.get(f"{architecture}.pooling_type")
    if isinstance(pooling, int) and pooling in _POOLING:
        what = "a reranker" if _POOLING[pooling] == "rank" else "an embedding model"
        raise NotForTextError(f"it is {what} (pooling {_POOLING[pooling]}); it cannot generate text")
    if metadata.get(f"{architecture}.attention.causal") is False:
        raise NotForTextError("it is an embedding model (its attention is not causal); it cannot generate text")


def _size_of_further_shards(path: Path, metadata: dict[str, Any]) -> int:
    """Return the bytes of all shards but the first.

    Raises:
        ShardError: one is missing.
    """
    named = _SHARD.fullmatch(path.name)
    count = metadata.get("split.count", 0)
    if named is None or not isinstance(count, int) or count != int(named["count"]):
        return 0
    others = [path.with_name(f"{named['prefix']}-{number:05d}-of-{count:05d}.gguf") for number in range(2, count + 1)]
    missing = [other.name for other in others if not other.is_file()]
    if missing:
        raise ShardError(f"shards missing: {len(missing)} of {count}, the first is {missing[0]}")
    return sum(other.stat().st_size for other in others)


def _check_tensors(reader: _Reader, tensors: int, size: int, alignment: Any) -> None:
    if not isinstance(alignment, int) or not 0 < alignment <= MAX_ALIGNMENT:
        raise NotAModelError(f"its alignment is {str(alignment)[:40]}")
    ends = []
    first = size
    for _ in range(tensors):
        name = reader.text()[:64].decode("utf-8", "replace")
        dimensions = reader.number("<I")
        if not 0 < dimensions <= MAX_DIMENSIONS:
            raise NotAModelError(f"tensor {name!r} has {counted(dimensions, 'dimension')}")
        shape = [reader.number("<Q") for _ in range(dimensions)]
        kind, offset = reader.number("<I"), reader.number("<Q")
        size_of_type = type_size(kind)
        if size_of_type is None:
            raise NotAModelError(f"tensor {name!r} has type {kind}, which this build of llama.cpp cannot read")
        values = 1
        for length in shape:
            values *= length
        block, width = size_of_type
        if values <= 0 or shape[0] % block or offset % alignment:
            raise NotAModelError(f"tensor {name!r} has a shape or place that its type does not allow")
        first = min(first, offset)
        ends.append((offset + values // block * width, name))
    start = -(-reader.position // alignment) * alignment
    last, name = max(ends)
    if (start + first) % DATA_ALIGNMENT:
        raise NotAModelError(f"its data begins at byte {start + first}, which is not a multiple of {DATA_ALIGNMENT}")
    if start + last > size:
        raise NotAModelError(f"it is cut short: tensor {name!r} ends at byte {start + last}, the file at byte {size}")


def _check_metadata(metadata: dict[str, Any]) -> str:
    architecture = metadata.get("general.architecture")
    if not isinstance(architecture, str) or not architecture:
        raise NotAModelError("its metadata does not say which architecture it has")
    fault = fault_of_sizes(metadata, architecture)
    if fault is not None:
        raise NotAModelError(fault)
    tokens = metadata.get("tokenizer.ggml.tokens")
    if not isinstance(tokens, list) or not tokens:
        raise NotAModelError("it has no tokenizer, so it cannot generate text")
    words = [word for token in tokens if (word := token.partition(b"\0")[0])]  # as C reads them
    twice = len(words) - len(set(words))
    if twice:
        raise NotAModelError(f"{twice} of the tokens in its vocabulary are there twice")
    kind = metadata.get("tokenizer.ggml.model")
    if isinstance(kind, str) and kind in NO_TOKENIZERS:
        raise NotAModelError(f"its tokenizer is {kind!r}, which cannot generate text")
    if kind == "llama":
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
