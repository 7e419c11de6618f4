"""Small GGUF models for tests, written when needed, with the same bytes every time.

    python -m support.small_models FOLDER                   all three; the random model has 30 MB
    python -m support.small_models FOLDER --megabytes 110   a larger random model, which is slower

`never_stopping` is the bundled model without an end token, `random_model` has any size and so any speed, and
`invalid_text_model` generates invalid UTF-8.
"""

import argparse
import sys
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter, LlamaFileType, TokenType

from narration_worker.config import BUNDLED

UNKNOWN, BEGIN, END = 0, 1, 2
SPECIAL: Final = (b"<unk>", b"<s>", b"</s>")
FIRST_BYTE: Final = len(SPECIAL)
SPACE: Final = "\u2581"
VOCABULARY: Final = FIRST_BYTE + 256 + 1
SEED: Final = 575

_DIVIDER: Final = "\n--\n"  # what a never-stopping model writes instead of its end token
_BLOCK: Final = 32  # weights that share one scale in Q8_0
_BLOCK_BYTES: Final = 2 + _BLOCK
_HEAD_WIDTH: Final = 32
_SPREAD: Final = 73.9  # standard deviation of a random byte
_NEVER: Final = 500.0  # how improbable special tokens are made
_CONSTANT: Final = 2.0**-10  # small compared with the values of a model: it changes norms by millionths
_CONSTANT_GAIN: Final = 1000.0  # makes it large enough for eight bits
_WRITES: Final = ("attn_output", "ffn_down")  # the matrices whose rows are dimensions of the residual stream
_SMALL: Final = 4.0  # megabytes; smaller models have two layers


CHATML: Final = """{% for message in messages %}<|im_start|>{{ message['role'] }}
{{ message['content'] }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""
"""A template for chats that llama.cpp knows."""


class Shape(NamedTuple):
    """Sizes of a random model."""

    layers: int
    width: int
    feed_forward: int


def never_stopping(target: Path, source: Path = BUNDLED) -> Path:
    """Write a model that generates the same text as another, but never ends: where that one ends, it continues.

    The end token becomes a piece of text that looks like a newline to the model. The end token that the file names is
    one that is never generated: the model is widened by one block of dimensions, of which the first holds a constant
    (see `_add_random_weights`). The other weights stay, so the tokens are the same up to the first end.

    Args:
        target: the file to write.
        source: a Q8_0 model of the llama architecture with a byte-fallback tokenizer.

    Raises:
        ValueError: the source is not such a model.
    """
    reader = GGUFReader(source)
    facts = {name: field.contents() for name, field in reader.fields.items() if not name.startswith("GGUF.")}
    tokens: list[str] = facts["tokenizer.ggml.tokens"]
    starts = tuple(text.encode() for text in tokens[:FIRST_BYTE])
    if facts["general.file_type"] != LlamaFileType.MOSTLY_Q8_0 or starts != SPECIAL:
        raise ValueError(
            f"cannot remove the end token of {source}: it must be Q8_0, with <unk>, <s> and </s> as first tokens"
        )
    newline = tokens.index("<0x0A>")
    width: int = facts["llama.embedding_length"]
    head_width = width // facts["llama.attention.head_count"]
    shrunk = width / (width + _BLOCK)  # a mean over more dimensions is smaller; the norms compensate for it
    tokens[END] = _DIVIDER
    facts["tokenizer.ggml.token_type"][END] = int(TokenType.NORMAL)
    facts |= {
        "general.name": f"{facts['general.name']}, never stopping",
        "tokenizer.ggml.eos_token_id": UNKNOWN,
        "llama.embedding_length": width + _BLOCK,
        "llama.attention.layer_norm_rms_epsilon": facts["llama.attention.layer_norm_rms_epsilon"] * shrunk,
    }
    writer = GGUFWriter(target, facts.pop("general.architecture"))
    writer.add_key_length(head_width)
    writer.add_value_length(head_width)
    _copy_facts(writer, facts, reader)
    for tensor in reader.tensors:
        name = tensor.name.removesuffix(".weight")
        if tensor.tensor_type == GGMLQuantizationType.F32:
            constant = _CONSTANT_GAIN if name == "output_norm" else 0.0
            gains = np.concatenate([tensor.data * np.float32(shrunk**0.5), np.zeros(_BLOCK, np.float32)])
            gains[width] = constant
            writer.add_tensor(tensor.name, gains)
            continue
        if name.endswith(_WRITES):
            wider = np.pad(tensor.data, ((0, _BLOCK), (0, 0)))
        else:
            wider = np.pad(tensor.data, ((0, 0), (0, _BLOCK_BYTES)))
        if name == "token_embd":
            wider[END] = wider[newline]
            wider[:, -_BLOCK_BYTES:] = _block(_CONSTANT)
        elif name == "output":
            wider[[UNKNOWN, BEGIN], -_BLOCK_BYTES:] = _block(-_NEVER / _CONSTANT_GAIN / _CONSTANT)
        writer.add_tensor(tensor.name, wider, raw_dtype=GGMLQuantizationType.Q8_0)
    return _finish(writer, target)


def _copy_facts(writer: GGUFWriter, facts: dict[str, Any], reader: GGUFReader) -> None:
    for name, value in facts.items():
        kinds = reader.fields[name].types
        writer.add_key_value(name, value, kinds[0], kinds[-1] if len(kinds) > 1 else None)


def with_chat_template(target: Path, template: str = CHATML, source: Path = BUNDLED) -> Path:
    """Write a model that is another with a template for chats.

    Args:
        target: the file to write.
        template: the template, in Jinja.
        source: a Q8_0 model.
    """
    reader = GGUFReader(source)
    facts = {name: field.contents() for name, field in reader.fields.items() if not name.startswith("GGUF.")}
    writer = GGUFWriter(target, facts.pop("general.architecture"))
    _copy_facts(writer, facts, reader)
    writer.add_chat_template(template)
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    return _finish(writer, target)


def random_model(
    target: Path, megabytes: float, *, context: int = 4096, architecture: str = "llama", seed: int = SEED
) -> Path:
    """Write a model with random weights: it generates nonsense, at the cost of a real model of this size.

    Every byte of a prompt is one token, and an answer never ends by itself.

    Args:
        target: the file to write.
        megabytes: size of the file, in millions of bytes; accurate to 10 %, from 0.2 upwards.
        context: the context length that the file states, in tokens.
        architecture: the architecture that the file states; only llama can be loaded.
        seed: seed of the weights.
    """
    shape = shape_of(megabytes)
    writer = GGUFWriter(target, architecture)
    writer.add_name(f"random {megabytes:g} MB")
    writer.add_file_type(LlamaFileType.MOSTLY_Q8_0)
    writer.add_context_length(context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.width // _HEAD_WIDTH)
    writer.add_head_count_kv(shape.width // _HEAD_WIDTH)
    writer.add_rope_dimension_count(_HEAD_WIDTH)
    writer.add_rope_freq_base(10_000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    _add_byte_tokenizer(writer)
    _add_random_weights(writer, shape, seed)
    return _finish(writer, target)


def invalid_text_model(target: Path, *, seed: int = SEED) -> Path:
    """Write a tiny random model; above temperature 0 about half of the bytes that it generates are invalid UTF-8.

    Args:
        target: the file to write.
        seed: seed of the weights.
    """
    return random_model(target, 0.2, context=2048, seed=seed)


def header_only(target: Path, facts: dict[str, object]) -> Path:
    """Write a file with metadata and one tiny tensor: enough to be recognised, not to be loaded.

    Args:
        target: where it goes.
        facts: its metadata; `general.architecture` is required.
    """
    writer = GGUFWriter(target, str(facts["general.architecture"]))
    for name, value in facts.items():
        if name == "general.architecture":
            continue
        if isinstance(value, bool):
            writer.add_bool(name, value)
        elif isinstance(value, int):
            writer.add_uint32(name, value)
        elif isinstance(value, list):
            writer.add_array(name, value)
        else:
            writer.add_string(name, str(value))
    writer.add_tensor("nothing.weight", np.zeros(_BLOCK, np.float32))
    return _finish(writer, target)


NOT_FOR_TEXT: Final[dict[str, dict[str, object]]] = {
    "an encoder-decoder": {"general.architecture": "t5"},
    "an encoder": {"general.architecture": "t5encoder"},
    "an embedding model": {"general.architecture": "bert", "bert.attention.causal": False, "bert.pooling_type": 1},
    "a reranker": {"general.architecture": "qwen3", "qwen3.pooling_type": 4},
    "a LoRA adapter": {"general.architecture": "llama", "general.type": "adapter", "adapter.type": "lora"},
    "a projector": {"general.architecture": "clip", "general.type": "mmproj"},
    "a later shard": {"general.architecture": "llama", "split.no": 1, "split.count": 3},
}
"""Files that are GGUF and cannot generate text, by what they are; see `not_for_text`."""


def not_for_text(target: Path, what: str) -> Path:
    """Write a file that is GGUF and cannot generate text.

    Args:
        target: where it goes.
        what: one of `NOT_FOR_TEXT`.
    """
    facts = NOT_FOR_TEXT[what]
    architecture = facts["general.architecture"]
    usual = {
        f"{architecture}.context_length": 64,
        f"{architecture}.embedding_length": 32,
        f"{architecture}.block_count": 1,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.tokens": ["a", "b"],
    }
    return header_only(target, {**usual, **facts})


def shape_of(megabytes: float) -> Shape:
    """Return the dimensions of a random model of about this size, in millions of bytes."""
    weights = megabytes * 1e6 * _BLOCK / _BLOCK_BYTES
    layers = 2 if megabytes < _SMALL else 8
    # Attention has 4 width², feed-forward 9 width²; feed-forward also makes up for what rounding removed.
    width = max(_BLOCK, int((weights / (13 * layers)) ** 0.5) // _BLOCK * _BLOCK)
    left = (weights - 2 * VOCABULARY * width) / layers - 4 * width * width
    return Shape(layers, width, max(_BLOCK, round(left / (3 * width) / _BLOCK) * _BLOCK))


def _block(first: float) -> npt.NDArray[np.uint8]:
    """Return a Q8_0 block: its first weight as given, the rest zero."""
    sign = 127 if first > 0 else 256 - 127
    return np.frombuffer(np.float16(abs(first) / 127).tobytes() + bytes([sign]) + bytes(_BLOCK - 1), np.uint8)


def _finish(writer: GGUFWriter, target: Path) -> Path:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target


def _add_byte_tokenizer(writer: GGUFWriter) -> None:
    tokens = [*SPECIAL, *(f"<0x{byte:02X}>".encode() for byte in range(256)), SPACE.encode()]
    kinds = [TokenType.UNKNOWN, TokenType.CONTROL, TokenType.CONTROL, *[TokenType.BYTE] * 256, TokenType.NORMAL]
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types(kinds)
    writer.add_unk_token_id(UNKNOWN)
    writer.add_bos_token_id(BEGIN)
    writer.add_eos_token_id(END)
    writer.add_add_bos_token(True)  # noqa: FBT003 - gguf's signature
    writer.add_add_eos_token(False)  # noqa: FBT003
    writer.add_add_space_prefix(False)  # noqa: FBT003


def _add_random_weights(writer: GGUFWriter, shape: Shape, seed: int) -> None:
    """Add weights of unit gain, except along the first dimension of the residual stream.

    All tokens have the same value there, and no layer writes to it. It is a constant, which the output uses to make
    the special tokens so improbable that they are never generated.
    """
    bits = np.random.PCG64(seed)  # the raw stream is the same in every version of numpy
    width = shape.width

    def matrix(name: str, rows: int, columns: int, deviation: float) -> None:
        blocks = np.empty((rows, columns // _BLOCK, _BLOCK_BYTES), np.uint8)
        blocks[..., :2] = np.frombuffer(np.float16(deviation / _SPREAD).tobytes(), np.uint8)
        blocks[..., 2:] = bits.random_raw(rows * columns // 8).view(np.uint8).reshape(rows, -1, _BLOCK)
        if name == "token_embd":
            blocks[:, 0, 2] = 127
        elif name.endswith(_WRITES):
            blocks[0, :, 2:] = 0
        elif name == "output":
            blocks[:FIRST_BYTE] = 0
            blocks[:FIRST_BYTE, 0] = _block(-_NEVER)
        writer.add_tensor(f"{name}.weight", blocks.reshape(rows, -1), raw_dtype=GGMLQuantizationType.Q8_0)

    def norm(name: str) -> None:
        writer.add_tensor(f"{name}.weight", np.ones(width, np.float32))

    matrix("token_embd", VOCABULARY, width, 1.0)
    for layer in (f"blk.{number}" for number in range(shape.layers)):
        norm(f"{layer}.attn_norm")
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            matrix(f"{layer}.{name}", width, width, width**-0.5)
        norm(f"{layer}.ffn_norm")
        matrix(f"{layer}.ffn_gate", shape.feed_forward, width, width**-0.5)
        matrix(f"{layer}.ffn_up", shape.feed_forward, width, width**-0.5)
        matrix(f"{layer}.ffn_down", width, shape.feed_forward, shape.feed_forward**-0.5)
    norm("output_norm")
    matrix("output", VOCABULARY, width, width**-0.5)


def main(arguments: list[str] | None = None) -> int:
    """Write the models and print their paths."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="folder for the models; created if it is missing")
    parser.add_argument("--megabytes", type=float, default=30.0, help="size of the random model (default 30)")
    options = parser.parse_args(arguments)
    if not 0.2 <= options.megabytes <= 2000:  # noqa: PLR2004 - what shape_of and a 2 GB test machine can do
        parser.error(f"--megabytes must be from 0.2 to 2000, not {options.megabytes:g}")
    folder: Path = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    print(never_stopping(folder / "haiku-noeos-q8_0.gguf"))
    print(random_model(folder / f"random-{options.megabytes:g}mb-q8_0.gguf", options.megabytes))
    print(invalid_text_model(folder / "invalid-utf8-q8_0.gguf"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
