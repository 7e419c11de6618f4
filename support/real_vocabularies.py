"""Tiny models with random weights and real vocabularies, for the architectures that people use.

The vocabularies, with llama.cpp's own tokenisation cases, come out of the source package of llama-cpp-python, which pip
downloads once into the per-user cache: they are never part of this repository.
"""

import ctypes
import fcntl
import os
import shutil
import struct
import sys
import tempfile
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from gguf import GGMLQuantizationType

from tools.build_llama import SDIST_SHA256, BuildError, cache_folder, fetch_source

SEED: Final = 1230
_ALIGNMENT: Final = 32
_STRING, _ARRAY = 8, 9
_WIDTHS: Final = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_DIVIDER: Final = "\n__ggml_vocab_test__\n"

Array = npt.NDArray[Any]


class Case(NamedTuple):
    """A text and the tokens that llama.cpp expects for it, without special tokens around them."""

    text: str
    tokens: list[int]


class SourceError(Exception):
    """The source package cannot be had; the message says why."""


def vocabularies() -> Path:
    """Return the folder with llama.cpp's vocabularies; fetches them the first time.

    Raises:
        SourceError: the package index does not deliver the source package.
    """
    folder = cache_folder().parent / f"vocabularies-{SDIST_SHA256[:16]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            folder.mkdir(exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder.parent) as work:
                try:
                    _copy(fetch_source(Path(sys.executable), Path(work), Path(work) / "log"), folder)
                except BuildError as error:
                    raise SourceError(str(error)) from error
            (folder / "complete").touch()
    return folder


def _copy(source: Path, folder: Path) -> None:
    for path in (source / "vendor" / "llama.cpp" / "models").glob("ggml-vocab-*"):
        shutil.copy(path, folder / path.name)


def cases(vocabulary: Path) -> list[Case]:
    """Return llama.cpp's tokenisation cases of a vocabulary; none when it has none."""
    texts, tokens = Path(f"{vocabulary}.inp"), Path(f"{vocabulary}.out")
    if not texts.is_file():
        return []
    inputs = texts.read_bytes().decode("utf-8").split(_DIVIDER)
    outputs = [[int(number) for number in line.split()] for line in tokens.read_text("utf-8").split("\n")]
    return [Case(text, expected) for text, expected in zip(inputs, outputs, strict=False)]


def quantised(values: Array, kind: GGMLQuantizationType) -> Array:
    """Return values as blocks of a tensor type, quantised by llama.cpp itself.

    Args:
        values: 32-bit floats; the last dimension is a row.
        kind: the tensor type.
    """
    from llama_cpp import _ggml  # noqa: PLC0415 - loads the native library

    library = _ggml.libggml
    library.ggml_row_size.restype = library.ggml_quantize_chunk.restype = ctypes.c_size_t
    flat = np.ascontiguousarray(values, np.float32)
    length, rows = flat.shape[-1], flat.size // flat.shape[-1]
    width = library.ggml_row_size(ctypes.c_int(int(kind)), ctypes.c_int64(length))
    out = np.zeros(rows * width, np.uint8)
    importance = np.ones(length, np.float32)
    pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (flat, out, importance)]
    written = library.ggml_quantize_chunk(
        ctypes.c_int(int(kind)), pointers[0], pointers[1], ctypes.c_int64(0),
        ctypes.c_int64(rows), ctypes.c_int64(length), pointers[2],
    )  # fmt: skip
    if written != out.size:
        raise ValueError(f"{kind.name}: {written} bytes were written, {out.size} expected")
    return out.reshape(*flat.shape[:-1], width)


class TinyModel:
    """Writes one tiny model with random weights.

    The vocabulary's part of the file is copied byte for byte: reading and writing a hundred thousand texts in Python
    takes as long as everything else together.

    Args:
        target: where it goes.
        architecture: such as qwen2.
        vocabulary: a file of `vocabularies`.
        kind: the tensor type of its matrices.
    """

    width, layers, heads, shared_heads, inner, context = 64, 2, 4, 2, 128, 512

    def __init__(
        self,
        target: Path,
        architecture: str,
        vocabulary: Path,
        kind: GGMLQuantizationType = GGMLQuantizationType.Q8_0,
    ) -> None:
        self.target = target
        self.architecture = architecture
        self.kind = kind
        self.random = np.random.default_rng(SEED)
        self.tokens, self._pairs = _vocabulary_pairs(vocabulary.read_bytes())
        self._tensors: list[tuple[str, tuple[int, ...], GGMLQuantizationType, bytes]] = []
        self._pairs.append(_text("general.architecture") + _value(architecture))

    def facts(self, **values: Any) -> None:
        """Add metadata of the architecture; `__` stands for a dot."""
        self._pairs += [
            _text(f"{self.architecture}.{name.replace('__', '.')}") + _value(value) for name, value in values.items()
        ]

    def add_chat_template(self, template: str) -> None:
        """Put a Jinja template for chats in the place of the vocabulary's own."""
        key = _text("tokenizer.chat_template")
        self._pairs = [pair for pair in self._pairs if not pair.startswith(key)] + [key + _value(template)]

    def usual_facts(self, **more: Any) -> None:
        """Add the metadata that most architectures need."""
        self.facts(**{
            "context_length": self.context, "embedding_length": self.width, "block_count": self.layers,
            "feed_forward_length": self.inner, "attention__head_count": self.heads,
            "attention__head_count_kv": self.shared_heads, "attention__layer_norm_rms_epsilon": 1e-5,
            "rope__dimension_count": self.width // self.heads, **more,
        })  # fmt: skip

    def matrix(self, name: str, *shape: int, kind: GGMLQuantizationType | None = None) -> Array:
        """Add random weights; the shape begins with the length of a row. Returns them as they are before rounding."""
        values = (self.random.standard_normal(shape[::-1]) * 0.08).astype(np.float32)
        chosen = self.kind if kind is None else kind
        plain = len(shape) == 1 or chosen == GGMLQuantizationType.F32
        data = values if plain else quantised(values, chosen)
        self.add(name, shape, GGMLQuantizationType.F32 if plain else chosen, data)
        return values

    def add(self, name: str, shape: tuple[int, ...], kind: GGMLQuantizationType, data: Array) -> None:
        """Add a tensor as it is."""
        self._tensors.append((name, shape, kind, data.tobytes()))

    def ones(self, *names: str) -> None:
        """Add norms that do nothing."""
        for name in names:
            self.add(name, (self.width,), GGMLQuantizationType.F32, np.ones(self.width, np.float32))

    def frame(self, *, output: bool = True) -> None:
        """Add embedding, last norm and output."""
        self.matrix("token_embd.weight", self.width, self.tokens, kind=GGMLQuantizationType.Q8_0)
        self.ones("output_norm.weight")
        if output:
            self.matrix("output.weight", self.width, self.tokens, kind=GGMLQuantizationType.Q8_0)

    def finish(self) -> Path:
        """Write the file."""
        infos, offset = [], 0
        for name, shape, kind, data in self._tensors:
            infos.append(_text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, int(kind), offset))
            offset += len(data) + -len(data) % _ALIGNMENT
        header = b"GGUF" + struct.pack("<IQQ", 3, len(self._tensors), len(self._pairs))
        start = header + b"".join(self._pairs) + b"".join(infos)
        with self.target.open("wb") as file:
            file.write(start + bytes(-len(start) % _ALIGNMENT))
            for _, _, _, data in self._tensors:
                file.write(data + bytes(-len(data) % _ALIGNMENT))
        return self.target


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _value(value: Any) -> bytes:
    """Return a metadata value with its type, as GGUF writes it."""
    match value:
        case bool():
            return struct.pack("<I?", 7, value)
        case int():
            return struct.pack("<II", 4, value)
        case float():
            return struct.pack("<If", 6, value)
        case str():
            return struct.pack("<I", 8) + _text(value)
        case list():
            return struct.pack(f"<IIQ{len(value)}I", 9, 4, len(value), *value)
    raise TypeError(f"{value!r} has no place in the metadata")


def _vocabulary_pairs(data: bytes) -> tuple[int, list[bytes]]:
    """Return the number of tokens of a vocabulary file, and the bytes of each of its tokenizer's metadata pairs."""
    count = struct.unpack_from("<Q", data, 16)[0]
    position, size, pairs = 24, 0, []
    for _ in range(count):
        start = position
        length = struct.unpack_from("<Q", data, position)[0]
        key = data[position + 8 : position + 8 + length].decode()
        position += 8 + length
        kind = struct.unpack_from("<I", data, position)[0]
        position += 4
        if kind == _ARRAY:
            inner, items = struct.unpack_from("<IQ", data, position)
            position += 12
            if key == "tokenizer.ggml.tokens":
                size = items
        else:
            inner, items = kind, 1
        if inner == _STRING:
            for _ in range(items):
                position += 8 + struct.unpack_from("<Q", data, position)[0]
        else:
            position += _WIDTHS[inner] * items
        if key.startswith("tokenizer."):
            pairs.append(data[start:position])
    return size, pairs


def llama(target: Path, vocabulary: Path, architecture: str = "llama", **options: Any) -> Path:
    """Write a model of the llama family: llama, qwen2 (with biases) or gemma (without an output matrix)."""
    model = TinyModel(target, architecture, vocabulary, options.get("kind", GGMLQuantizationType.Q8_0))
    if "chat_template" in options:
        model.add_chat_template(options["chat_template"])
    shared = [model.shared_heads] * model.layers if options.get("per_layer") else model.shared_heads
    model.usual_facts(attention__head_count_kv=shared)
    model.frame(output=architecture != "gemma")
    narrow = model.width // model.heads * model.shared_heads
    for layer in (f"blk.{number}" for number in range(model.layers)):
        model.ones(f"{layer}.attn_norm.weight", f"{layer}.ffn_norm.weight")
        for name, rows in (("attn_q", model.width), ("attn_k", narrow), ("attn_v", narrow)):
            model.matrix(f"{layer}.{name}.weight", model.width, rows)
            if architecture == "qwen2":
                model.matrix(f"{layer}.{name}.bias", rows)
        model.matrix(f"{layer}.attn_output.weight", model.width, model.width)
        model.matrix(f"{layer}.ffn_gate.weight", model.width, model.inner)
        model.matrix(f"{layer}.ffn_up.weight", model.width, model.inner)
        model.matrix(f"{layer}.ffn_down.weight", model.inner, model.width)
    return model.finish()


def phi3(target: Path, vocabulary: Path) -> Path:
    """Write a Phi-3 model: query, key and value in one matrix, gate and up in another."""
    model = TinyModel(target, "phi3", vocabulary)
    model.usual_facts(attention__head_count_kv=model.heads, rope__scaling__original_context_length=model.context)
    model.frame()
    for layer in (f"blk.{number}" for number in range(model.layers)):
        model.ones(f"{layer}.attn_norm.weight", f"{layer}.ffn_norm.weight")
        model.matrix(f"{layer}.attn_qkv.weight", model.width, 3 * model.width)
        model.matrix(f"{layer}.attn_output.weight", model.width, model.width)
        model.matrix(f"{layer}.ffn_up.weight", model.width, 2 * model.inner)
        model.matrix(f"{layer}.ffn_down.weight", model.inner, model.width)
    return model.finish()


def gpt_oss(target: Path, vocabulary: Path, experts_kind: GGMLQuantizationType = GGMLQuantizationType.MXFP4) -> Path:
    """Write a GPT-OSS model: experts in MXFP4, attention sinks.

    Args:
        target: where it goes.
        vocabulary: a file of `vocabularies`.
        experts_kind: MXFP4; F32 writes the values that MXFP4 stands for.
    """
    model = TinyModel(target, "gpt-oss", vocabulary)
    experts, head, inner = 4, 32, 64
    model.usual_facts(
        feed_forward_length=inner, expert_feed_forward_length=inner, expert_count=experts, expert_used_count=2,
        attention__key_length=head, attention__value_length=head, attention__sliding_window=128,
        rope__dimension_count=head,
    )  # fmt: skip
    model.frame()
    wide, narrow = model.heads * head, model.shared_heads * head
    for layer in (f"blk.{number}" for number in range(model.layers)):
        model.ones(f"{layer}.attn_norm.weight", f"{layer}.post_attention_norm.weight")
        for name, rows in (("attn_q", wide), ("attn_k", narrow), ("attn_v", narrow)):
            model.matrix(f"{layer}.{name}.weight", model.width, rows)
            model.matrix(f"{layer}.{name}.bias", rows)
        model.matrix(f"{layer}.attn_output.weight", wide, model.width)
        model.matrix(f"{layer}.attn_output.bias", model.width)
        model.matrix(f"{layer}.attn_sinks.weight", model.heads)
        model.matrix(f"{layer}.ffn_gate_inp.weight", model.width, experts, kind=GGMLQuantizationType.F32)
        model.matrix(f"{layer}.ffn_gate_inp.bias", experts)
        shapes = (("gate", model.width, inner), ("up", model.width, inner), ("down", inner, model.width))
        for name, columns, rows in shapes:
            _add_experts(model, f"{layer}.ffn_{name}_exps.weight", (columns, rows, experts), experts_kind)
        for name, rows in (("gate", inner), ("up", inner), ("down", model.width)):
            model.matrix(f"{layer}.ffn_{name}_exps.bias", rows, experts, kind=GGMLQuantizationType.F32)
    return model.finish()


def _add_experts(model: TinyModel, name: str, shape: tuple[int, ...], kind: GGMLQuantizationType) -> None:
    """Add the experts' weights in MXFP4, or the values that MXFP4 stands for."""
    values = (model.random.standard_normal(shape[::-1]) * 0.08).astype(np.float32)
    blocks = quantised(values, GGMLQuantizationType.MXFP4)
    if kind == GGMLQuantizationType.MXFP4:
        model.add(name, shape, kind, blocks)
    else:
        model.add(name, shape, kind, mxfp4_values(blocks))


def mxfp4_values(blocks: Array) -> Array:
    """Return the numbers that MXFP4 blocks stand for, by the OCP specification and not by llama.cpp's code.

    A block is one byte with a shared exponent (bias 127) and 16 bytes with two 4-bit floats each (sign, two bits of
    exponent with bias 1, one of mantissa): value i in the low half of byte i, value i + 16 in its high half.

    Args:
        blocks: bytes; the last dimension is a row of blocks of 17 bytes.
    """
    rows = blocks.reshape(*blocks.shape[:-1], -1, 17)
    magnitudes = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6], np.float32)
    floats = np.concatenate([magnitudes, -magnitudes])
    scale = np.exp2(rows[..., :1].astype(np.float32) - 127)
    halves = np.concatenate([rows[..., 1:] & 15, rows[..., 1:] >> 4], axis=-1)
    return (floats[halves] * scale).astype(np.float32).reshape(*blocks.shape[:-1], -1)


def main() -> int:
    """Fetch the vocabularies and print where they are."""
    print(vocabularies())
    return 0


if __name__ == "__main__":
    os.environ.setdefault("GGML_NO_BACKTRACE", "1")
    sys.exit(main())
