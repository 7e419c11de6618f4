"""Writes the network as GGUF, the file format of llama.cpp."""

from pathlib import Path
from typing import Final

import gguf
import numpy as np

from tools.haiku.network import EPSILON, HEADS, HIDDEN, LAYERS, ROPE_BASE, WIDTH, Network
from tools.haiku.tokenizer import BEGIN, END, UNKNOWN, Tokenizer

CONTEXT: Final = 2048
_TYPES: Final = {
    "f32": (gguf.GGMLQuantizationType.F32, gguf.LlamaFileType.ALL_F32),
    "q8_0": (gguf.GGMLQuantizationType.Q8_0, gguf.LlamaFileType.MOSTLY_Q8_0),
}


def vocabulary(tokenizer: Tokenizer) -> tuple[list[bytes], list[float], list[int]]:
    """Return the tokens, scores and types for GGUF."""
    kinds = gguf.TokenType
    tokens = [b"<unk>", b"<s>", b"</s>"] + [f"<0x{byte:02X}>".encode() for byte in range(256)]
    scores = [0.0] * len(tokens)
    types = [kinds.UNKNOWN, kinds.CONTROL, kinds.CONTROL] + [kinds.BYTE] * 256
    for rank, piece in enumerate(tokenizer.pieces):
        tokens.append(piece.encode())
        scores.append(-float(rank + 1))
        types.append(kinds.NORMAL)
    return tokens, scores, [int(kind) for kind in types]


def write(network: Network, tokenizer: Tokenizer, path: Path, precision: str) -> None:
    """Write a GGUF file.

    Args:
        network: the trained network.
        tokenizer: its tokenizer.
        path: the file to write.
        precision: "f32" or "q8_0".
    """
    kind, file_type = _TYPES[precision]
    out = gguf.GGUFWriter(path, "llama")
    out.add_name("GPU haiku 1M")
    out.add_description("A test fixture: writes three-line haikus about GPUs.")
    out.add_license("Apache-2.0")
    out.add_file_type(file_type)
    out.add_context_length(CONTEXT)
    out.add_embedding_length(WIDTH)
    out.add_block_count(LAYERS)
    out.add_feed_forward_length(HIDDEN)
    out.add_head_count(HEADS)
    out.add_head_count_kv(HEADS)
    out.add_layer_norm_rms_eps(EPSILON)
    out.add_rope_dimension_count(WIDTH // HEADS)
    out.add_rope_freq_base(ROPE_BASE)
    out.add_vocab_size(tokenizer.size)
    tokens, scores, types = vocabulary(tokenizer)
    out.add_tokenizer_model("llama")
    out.add_token_list(tokens)
    out.add_token_scores(scores)
    out.add_token_types(types)
    out.add_unk_token_id(UNKNOWN)
    out.add_bos_token_id(BEGIN)
    out.add_eos_token_id(END)
    out.add_add_bos_token(value=True)
    out.add_add_eos_token(value=False)
    out.add_add_space_prefix(value=False)
    for name, tensor in network.state_dict().items():
        data = tensor.numpy().astype(np.float32)
        if data.ndim == 1 or kind is gguf.GGMLQuantizationType.F32:
            out.add_tensor(name, data)
        else:
            out.add_tensor(name, gguf.quants.quantize(data, kind), raw_dtype=kind)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()
