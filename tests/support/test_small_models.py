"""Small models for tests do what they promise when the worker's own engine runs them."""

import gguf
import numpy as np
import pytest

from narration_worker.config import BUNDLED
from narration_worker.model.engine import Engine
from narration_worker.model.generation import Result, StopSwitch
from narration_worker.requests import ExecuteRequest
from support import small_models

PROMPT = "Write a haiku about GPU computing"


@pytest.fixture
def run():
    """Return a function that runs a model and gives tokens, text and why it ended."""
    engines = {}

    def go(path, seed=1, **how):
        if path not in engines:
            engines[path] = Engine(path, "cpu")
            engines[path].load(None)
        engine = engines[path]
        request = ExecuteRequest(prompt=PROMPT, seed=seed, **how)
        *tokens, result = engine.generate(request, engine.tokenise(request), seed, StopSwitch())
        assert isinstance(result, Result)
        return [token.token for token in tokens if token.token >= 0], "".join(token.text for token in tokens), result

    yield go
    for engine in engines.values():
        engine.close()


@pytest.mark.parametrize("temperature", [0.0, 0.7])
def test_a_never_stopping_model_goes_on_where_the_real_one_ends(tmp_path, run, temperature):
    real, text, ended = run(BUNDLED, temperature=temperature)
    endless = small_models.never_stopping(tmp_path / "endless.gguf")
    more, longer, cut = run(endless, temperature=temperature, max_tokens=600)
    assert (ended.stop_reason, cut.stop_reason, len(more)) == ("eos", "length", 600)
    assert more[: len(real)] == real
    assert longer.startswith(text + "\n--\n")


def test_a_never_stopping_model_does_not_stop_by_chance_either(tmp_path, run):
    endless = small_models.never_stopping(tmp_path / "endless.gguf")
    reasons = {run(endless, seed, temperature=2.0, max_tokens=500)[2].stop_reason for seed in range(5)}
    assert reasons == {"length"}


def test_an_end_can_only_be_taken_from_a_model_of_a_known_kind(tmp_path):
    other = tmp_path / "other.gguf"
    writer = gguf.GGUFWriter(other, "llama")
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_token_list([b"a", b"b", b"c"])
    writer.add_tensor("token_embd.weight", np.zeros((3, 32), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(ValueError, match="cannot remove the end token of"):
        small_models.never_stopping(tmp_path / "endless.gguf", other)


def test_invalid_text_comes_out_as_replacement_characters(tmp_path, run):
    tokens, text, result = run(small_models.invalid_text_model(tmp_path / "bad.gguf"), temperature=1.0, max_tokens=200)
    assert (result.stop_reason, len(tokens)) == ("length", 200)
    assert text.count("\N{REPLACEMENT CHARACTER}") > 20
    assert min(tokens) >= small_models.FIRST_BYTE


@pytest.mark.parametrize("megabytes", [0.2, 1, 3.9, 4, 12.5])
def test_a_random_model_has_the_size_asked_for(tmp_path, megabytes):
    path = small_models.random_model(tmp_path / "random.gguf", megabytes)
    assert path.stat().st_size == pytest.approx(megabytes * 1e6, rel=0.1)


def test_a_random_model_runs_and_does_not_stop(tmp_path, run):
    path = small_models.random_model(tmp_path / "random.gguf", 5)
    for temperature in (0.0, 2.0):
        tokens, _, result = run(path, temperature=temperature, max_tokens=100)
        assert (result.stop_reason, len(tokens)) == ("length", 100)


def test_the_same_call_makes_the_same_bytes(tmp_path):
    makers = {
        "endless": small_models.never_stopping,
        "bad": small_models.invalid_text_model,
        "random": lambda target: small_models.random_model(target, 1),
    }
    for name, make in makers.items():
        first, second = make(tmp_path / f"{name}-1.gguf"), make(tmp_path / f"{name}-2.gguf")
        assert first.read_bytes() == second.read_bytes(), name
    other = small_models.random_model(tmp_path / "other.gguf", 1, seed=1)
    assert other.read_bytes() != (tmp_path / "random-1.gguf").read_bytes()


def test_the_command_makes_all_three(tmp_path, capsys):
    assert small_models.main([str(tmp_path / "models"), "--megabytes", "1"]) == 0
    named = capsys.readouterr().out.split()
    assert sorted(named) == sorted(str(path) for path in (tmp_path / "models").iterdir())
    assert len(named) == 3


def test_the_command_refuses_sizes_it_cannot_make(tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        small_models.main([str(tmp_path), "--megabytes", "0.01"])
    assert stopped.value.code == 2
    assert "must be from 0.2 to 2000" in capsys.readouterr().err
