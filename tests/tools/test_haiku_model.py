"""The bundled model, read without native code: what its card says is true, and the file has what llama.cpp needs."""

import hashlib
import re

import gguf
import numpy as np
import pytest

NAME = "haiku-1m-q8_0.gguf"
FIRST_BYTE = 3


@pytest.fixture(scope="module")
def folder(pytestconfig):
    return pytestconfig.rootpath / "worker" / "narration_worker" / "models"


@pytest.fixture(scope="module")
def card(folder):
    return (folder / "README.md").read_text("utf-8")


@pytest.fixture(scope="module")
def model(folder):
    return gguf.GGUFReader(folder / NAME)


@pytest.fixture(scope="module")
def fact(model):
    return lambda name: model.fields[name].contents()


def test_the_card_is_about_this_file(folder, card):
    data = (folder / NAME).read_bytes()
    assert re.findall(r"`([0-9a-f]{64})`", card) == [hashlib.sha256(data).hexdigest()]
    assert f"{len(data):,} bytes" in card


def test_the_card_counts_its_parameters_and_tokens_right(card, model, fact):
    assert f"{sum(int(tensor.n_elements) for tensor in model.tensors):,}" in card
    assert f"{len(fact('tokenizer.ggml.tokens'))} tokens" in card


def test_it_is_small_enough_to_be_committed(folder):
    assert (folder / NAME).stat().st_size < 1_500_000


def test_it_says_what_it_is(fact):
    assert fact("general.architecture") == "llama"
    assert fact("general.file_type") == gguf.LlamaFileType.MOSTLY_Q8_0
    assert fact("general.license").lower() == "apache-2.0"
    assert fact("general.name")


def test_long_prompts_can_be_evaluated(fact):
    assert fact("llama.context_length") >= 2048


def test_there_is_no_chat_template(model):
    assert "tokenizer.chat_template" not in model.fields


def test_every_byte_has_its_token(fact):
    tokens, kinds = fact("tokenizer.ggml.tokens"), fact("tokenizer.ggml.token_type")
    # A missing byte token makes llama.cpp abort the process when a prompt needs it.
    places = range(FIRST_BYTE, FIRST_BYTE + 256)
    assert [tokens[place] for place in places] == [f"<0x{byte:02X}>" for byte in range(256)]
    assert {kinds[place] for place in places} == {gguf.TokenType.BYTE}
    assert kinds.count(gguf.TokenType.BYTE) == 256


def test_a_space_is_one_ordinary_token(fact):
    tokens, kinds = fact("tokenizer.ggml.tokens"), fact("tokenizer.ggml.token_type")
    assert kinds[tokens.index("\u2581")] == gguf.TokenType.NORMAL
    assert fact("tokenizer.ggml.add_space_prefix") is False


def test_tokens_scores_and_kinds_belong_together(fact):
    tokens, scores = fact("tokenizer.ggml.tokens"), fact("tokenizer.ggml.scores")
    assert len(tokens) == len(set(tokens)) == len(scores) == len(fact("tokenizer.ggml.token_type"))
    # Earlier pieces merge first: scores only fall.
    pieces = scores[FIRST_BYTE + 256 :]
    assert pieces == sorted(pieces, reverse=True)
    assert len(set(pieces)) == len(pieces)


def test_it_begins_and_ends_with_special_tokens(fact):
    kinds = fact("tokenizer.ggml.token_type")
    begin, end = fact("tokenizer.ggml.bos_token_id"), fact("tokenizer.ggml.eos_token_id")
    assert begin != end
    assert kinds[begin] == kinds[end] == gguf.TokenType.CONTROL
    assert fact("tokenizer.ggml.add_bos_token") is True
    assert fact("tokenizer.ggml.add_eos_token") is False


def test_every_tensor_is_there_in_its_shape(model, fact):
    width, hidden = fact("llama.embedding_length"), fact("llama.feed_forward_length")
    tokens = len(fact("tokenizer.ggml.tokens"))
    expected = {"token_embd": (tokens, width), "output_norm": (width,), "output": (tokens, width)}
    for layer in range(fact("llama.block_count")):
        block = f"blk.{layer}"
        expected |= {f"{block}.{name}": (width,) for name in ("attn_norm", "ffn_norm")}
        expected |= {f"{block}.attn_{name}": (width, width) for name in ("q", "k", "v", "output")}
        expected |= {f"{block}.ffn_gate": (hidden, width), f"{block}.ffn_up": (hidden, width)}
        expected |= {f"{block}.ffn_down": (width, hidden)}
    # GGUF names the fastest dimension first.
    shapes = {tensor.name.removesuffix(".weight"): tuple(map(int, tensor.shape[::-1])) for tensor in model.tensors}
    assert shapes == expected


def test_weights_are_eight_bit_and_finite(model):
    for tensor in model.tensors:
        flat = len(tensor.shape) == 1
        kind = gguf.GGMLQuantizationType.F32 if flat else gguf.GGMLQuantizationType.Q8_0
        assert tensor.tensor_type == kind, tensor.name
        weights = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        assert np.isfinite(weights).all(), tensor.name
        assert weights.std() > 0, tensor.name
