"""Files that are no model: told in one line, at once, before native code sees them."""

import random
import struct
from pathlib import Path

import gguf
import pytest

from narration_worker.config import BUNDLED
from narration_worker.model.gguf_check import NotAModelError, check

MUTATIONS = 600


@pytest.fixture(scope="module")
def model(make_model) -> Path:
    return make_model("smallest.gguf", 0.2)


@pytest.fixture(scope="module")
def header(model) -> int:
    """Return how long the header is: everything before the tensors' data."""
    return gguf.GGUFReader(model).data_offset


def refusal(path, data=None) -> str:
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(NotAModelError) as why:
        check(path)
    said = str(why.value)
    assert said
    assert "\n" not in said
    assert len(said) < 400
    return said


@pytest.mark.req("M0-W-1200", "M0-W-1212")
def test_a_good_model_says_what_it_is(model):
    found = check(model)
    assert (found.architecture, found.size) == ("llama", model.stat().st_size)
    assert found.metadata["llama.context_length"] == 4096


def test_the_bundled_model_is_one(root):
    assert check(root / "worker" / "narration_worker" / "models" / "haiku-1m-q8_0.gguf").architecture == "llama"


@pytest.mark.req("M0-W-1200", "M0-W-1111")
def test_what_is_no_file_is_told(tmp_path):
    assert "no such file" in refusal(tmp_path / "absent.gguf")
    assert "not a file" in refusal(tmp_path)
    assert "0 bytes" in refusal(tmp_path / "empty.gguf", b"")
    assert "a web page" in refusal(tmp_path / "page.gguf", b"<!DOCTYPE html><html>Not found</html>")


@pytest.mark.req("M0-W-1200")
@pytest.mark.parametrize("version", [0, 1, 4, 2**32 - 1])
def test_other_versions_are_refused(tmp_path, model, version):
    data = bytearray(model.read_bytes())
    data[4:8] = struct.pack("<I", version)
    assert f"version {version}" in refusal(tmp_path / "other.gguf", data)


@pytest.mark.req("M0-W-1200")
@pytest.mark.parametrize("at", [8, 16])
@pytest.mark.parametrize("count", [0, 2**31, 2**62, 2**64 - 1])
def test_absurd_counts_are_refused_without_reading_on(tmp_path, model, at, count):
    data = bytearray(model.read_bytes())
    data[at : at + 8] = struct.pack("<Q", count)
    said = refusal(tmp_path / "counts.gguf", data)
    assert str(count) in said or (count == 0 and "without weights" in said)


@pytest.mark.req("M0-W-1200")
def test_a_file_cut_anywhere_is_refused(tmp_path, model, header):
    data = model.read_bytes()
    path = tmp_path / "cut.gguf"
    rng = random.Random(7)  # noqa: S311 - damage, not secrets
    last = len(data) - 32  # the file ends with padding to its alignment, which nothing needs
    cuts = {0, 1, 3, 4, 8, 23, 24, header - 1, header, header + 1, last, *rng.sample(range(last), 150)}
    for cut in cuts:
        refusal(path, data[:cut])


@pytest.mark.req("M0-W-1200")
def test_a_byte_token_that_is_missing_is_refused(tmp_path, model):
    """llama.cpp ends the whole process when it needs one."""
    data = model.read_bytes()
    assert "byte token" in refusal(tmp_path / "bytes.gguf", data.replace(b"<0x48>", b"<0xZZ>", 1))


@pytest.mark.req("M0-W-1212")
def test_a_file_without_an_architecture_is_refused(tmp_path, model):
    data = model.read_bytes().replace(b"general.architecture", b"general.architektura", 1)
    assert "architecture" in refusal(tmp_path / "none.gguf", data)


def mutate(data: bytes, header: int, rng: random.Random) -> bytes:
    """Return the data with one piece of its header damaged."""
    broken = bytearray(data)
    at = rng.randrange(header) if rng.random() < 0.7 else rng.randrange(400)
    match rng.randrange(6):
        case 0 | 1:
            for _ in range(rng.choice((1, 1, 2, 8))):
                broken[rng.randrange(header)] ^= 1 << rng.randrange(8)
        case 2:
            broken[at : at + 4] = struct.pack("<I", rng.choice((0, 1, 2**31 - 1, 2**31, 2**32 - 1)))
        case 3:
            broken[at : at + 8] = struct.pack("<Q", rng.choice((0, 1, 2**32, 2**62, 2**63, 2**64 - 1)))
        case 4:
            broken[at : at + 8] = rng.randbytes(8)
        case 5:
            del broken[at : at + rng.randrange(1, 9)]
    return bytes(broken)


@pytest.mark.req("M0-W-1200")
@pytest.mark.parametrize("seed", range(4))
def test_damaged_headers_by_the_hundred_are_answered(tmp_path, model, header, seed):
    data, path, rng = model.read_bytes(), tmp_path / "damaged.gguf", random.Random(seed)  # noqa: S311
    refused = 0
    for number in range(MUTATIONS):
        path.write_bytes(mutate(data, header, rng))
        try:
            check(path)
        except NotAModelError:
            refused += 1
        except Exception as error:  # noqa: BLE001 - any other exception is what this looks for
            pytest.fail(f"seed {seed}, mutation {number}: {error!r}")
    assert refused > MUTATIONS // 2


def header_with(**values) -> bytes:
    """Return a small file whose metadata has these values; a list becomes an array of texts."""
    pairs = b""
    for name, value in values.items():
        key = name.replace("__", ".").encode()
        pairs += struct.pack("<Q", len(key)) + key
        match value:
            case str():
                pairs += struct.pack("<IQ", 8, len(value)) + value.encode()
            case list():
                pairs += struct.pack("<IIQ", 9, 8, len(value))
                pairs += b"".join(struct.pack("<Q", len(text)) + text.encode() for text in value)
            case float():
                pairs += struct.pack("<If", 6, value)
            case int():
                pairs += struct.pack("<Iq", 11, value)
    tensor = struct.pack("<Q", 1) + b"t" + struct.pack("<IQIQ", 1, 32, 0, 0)
    return b"GGUF" + struct.pack("<IQQ", 3, 1, len(values)) + pairs + tensor + b"\0" * 4096


USUAL = {
    "general__architecture": "llama",
    "llama__context_length": 64,
    "llama__embedding_length": 32,
    "llama__block_count": 1,
    "tokenizer__ggml__model": "gpt2",
    "tokenizer__ggml__tokens": ["a", "b"],
}


def test_the_small_file_itself_is_accepted(tmp_path):
    path = tmp_path / "usual.gguf"
    path.write_bytes(header_with(**USUAL))
    assert check(path).tensors == 1


@pytest.mark.req("M0-W-1200")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("general__alignment", "x"),
        ("general__alignment", ["x"]),
        ("general__alignment", -1),
        ("general__alignment", float("inf")),
        ("general__alignment", float("nan")),
        ("general__architecture", ["llama"]),
        ("general__architecture", 7),
        ("general__architecture", ""),
        ("llama__context_length", "64"),
        ("llama__context_length", 0),
        ("llama__context_length", -1),
        ("llama__embedding_length", 3.5),
        ("llama__block_count", ["1"]),
        ("llama__block_count", 513),
        ("llama__context_length", 2**31),
        ("llama__attention__layer_norm_rms_epsilon", -1e-5),
        ("llama__attention__layer_norm_rms_epsilon", float("nan")),
        ("tokenizer__ggml__tokens", "a"),
        ("tokenizer__ggml__tokens", []),
        ("tokenizer__ggml__bos_token_id", 2),
        ("tokenizer__ggml__eos_token_id", -1),
        ("tokenizer__ggml__eos_token_id", ["1"]),
    ],
)  # fmt: skip
def test_metadata_of_the_wrong_kind_is_refused(tmp_path, name, value):
    refusal(tmp_path / "kind.gguf", header_with(**{**USUAL, name: value}))


EXPERTS = {"llama__expert_count": 8, "llama__expert_used_count": 2}


@pytest.mark.req("M0-W-1200")
@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"llama__expert_count": 8}, "0 of 8 experts"),
        ({"llama__expert_used_count": 1}, "1 of 0 experts"),
        ({**EXPERTS, "llama__expert_used_count": 9}, "9 of 8 experts"),
        ({"llama__expert_count": 2048, "llama__expert_used_count": 2}, "at most 1024"),
        ({**EXPERTS, "llama__expert_group_count": 8}, "groups of 8 experts"),
        ({**EXPERTS, "llama__expert_group_count": 4}, "0 of 4 groups of 8 experts"),
        ({**EXPERTS, "llama__expert_group_count": 3, "llama__expert_group_used_count": 1}, "groups of 8 experts"),
        ({"llama__expert_group_count": 1}, "group of 0 experts"),
        ({"llama__nextn_predict_layers": 2}, "2 of its 1 layers"),
        ({"llama__rope__scaling__type": "stretched"}, "rope.scaling.type"),
        ({"tokenizer__ggml__model": "no_vocab"}, "its tokenizer is 'no_vocab'"),
        ({"tokenizer__ggml__model": "bert"}, "its tokenizer is 'bert'"),
        ({"tokenizer__ggml__tokens": ["a", "b", "a"]}, "1 of the tokens"),
        ({"tokenizer__ggml__tokens": ["a", "b", "b\0c"]}, "1 of the tokens"),
    ],
    ids=str,
)
def test_numbers_that_llama_cpp_would_end_the_process_for_are_refused(tmp_path, values, said):
    assert said in refusal(tmp_path / "asserted.gguf", header_with(**{**USUAL, **values}))


@pytest.mark.req("M0-W-1200")
@pytest.mark.parametrize(
    "values",
    [
        EXPERTS,
        {**EXPERTS, "llama__expert_group_count": 4, "llama__expert_group_used_count": 2},
        {**EXPERTS, "llama__expert_group_count": 1},
        {"llama__nextn_predict_layers": 1},
        {"llama__rope__scaling__type": "yarn"},
        {"tokenizer__ggml__tokens": ["a", "b", "", "", "\0"]},
    ],
    ids=str,
)
def test_such_numbers_that_belong_together_are_accepted(tmp_path, values):
    path = tmp_path / "experts.gguf"
    path.write_bytes(header_with(**{**USUAL, **values}))
    assert check(path).tensors == 1


@pytest.mark.req("M0-W-1200")
def test_data_at_a_place_that_cannot_be_mapped_is_refused(tmp_path):
    path = tmp_path / "aligned.gguf"

    def begins(alignment, length):
        path.write_bytes(header_with(**{**USUAL, "general__alignment": alignment, "general__name": "n" * length}))
        try:
            check(path)
        except NotAModelError as why:
            return int(str(why).removeprefix("its data begins at byte ").partition(",")[0])
        return None

    refused = [begins(8, length) for length in range(0, 32, 8)]
    assert refused.count(None) == 1  # by chance at a multiple of 32
    assert all(place % 32 for place in refused if place is not None)
    assert {begins(32, length) for length in range(0, 32, 8)} == {None}


@pytest.mark.req("M0-W-1200")
@pytest.mark.parametrize("cut", [100, 10_000, 500_000])
def test_a_model_whose_end_is_missing_is_refused_before_it_is_loaded(tmp_path, cut):
    file = tmp_path / "cut.gguf"
    file.write_bytes(BUNDLED.read_bytes()[:-cut])
    with pytest.raises(NotAModelError):
        check(file)


@pytest.mark.req("M0-W-1200")
@pytest.mark.parametrize("at", range(4))
def test_every_byte_of_the_magic_counts(tmp_path, at):
    data = bytearray(BUNDLED.read_bytes())
    data[at] ^= 1
    file = tmp_path / "other.gguf"
    file.write_bytes(data)
    with pytest.raises(NotAModelError):
        check(file)
