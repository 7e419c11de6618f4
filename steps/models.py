"""Models of random weights: no sense in what they write, but real inference of any size."""

from pathlib import Path

import gguf
import numpy as np

BYTES = 256
CONTROL = 3


def write_random_model(
    path: Path,
    *,
    layers: int = 2,
    embedding: int = 64,
    heads: int = 4,
    feed_forward: int = 192,
    context: int = 512,
    architecture: str = "llama",
    seed: int = 1,
    eos: bool = True,
) -> Path:
    """Write a model of the llama architecture with random weights and a byte vocabulary.

    Args:
        path: where.
        layers: how many blocks.
        embedding: width of the model.
        heads: attention heads.
        feed_forward: width of the feed-forward part.
        context: training context in tokens.
        architecture: what the file says it is.
        seed: of the weights.
        eos: name an end-of-sequence token, so that generation can end by itself.
    """
    rng = np.random.default_rng(seed)
    vocabulary = CONTROL + BYTES + 1
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name("random")
    writer.add_context_length(context)
    writer.add_embedding_length(embedding)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(feed_forward)
    writer.add_head_count(heads)
    writer.add_head_count_kv(heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(embedding // heads)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    tokens = [b"<unk>", b"<s>", b"</s>", *(f"<0x{byte:02X}>".encode() for byte in range(BYTES)), "\u2581".encode()]
    kinds = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL]
    kinds += [gguf.TokenType.BYTE] * BYTES + [gguf.TokenType.NORMAL]
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * vocabulary)
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2 if eos else 0)
    writer.add_add_space_prefix(value=False)
    writer.add_add_bos_token(value=True)

    def tensor(name: str, *shape: int) -> None:
        writer.add_tensor(name, (rng.standard_normal(shape) / np.sqrt(shape[-1])).astype(np.float32))

    tensor("token_embd.weight", vocabulary, embedding)
    for block in range(layers):
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{block}.{name}.weight", np.ones(embedding, np.float32))
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            tensor(f"blk.{block}.{name}.weight", embedding, embedding)
        tensor(f"blk.{block}.ffn_gate.weight", feed_forward, embedding)
        tensor(f"blk.{block}.ffn_up.weight", feed_forward, embedding)
        tensor(f"blk.{block}.ffn_down.weight", embedding, feed_forward)
    writer.add_tensor("output_norm.weight", np.ones(embedding, np.float32))
    tensor("output.weight", vocabulary, embedding)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
