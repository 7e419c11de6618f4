"""The engine in process: what it generates, how it stops, and files that must not take it down."""

import json
import random
import struct
import subprocess
import sys
import tempfile
import threading

import gguf
import pytest

from narration_worker.config import BUNDLED
from narration_worker.errors import WorkerError
from narration_worker.model import native
from narration_worker.model.engine import Engine
from narration_worker.model.generation import Result, Stopped, StopSwitch
from narration_worker.requests import ExecuteRequest

HAIKU = "Write a haiku about GPU computing"
pytestmark = pytest.mark.usefixtures("strict")


def generate(engine, switch=None, seed=7, **fields):
    request = ExecuteRequest(**{"prompt": HAIKU, **fields})
    steps = list(engine.generate(request, engine.tokenise(request), seed, switch or StopSwitch()))
    assert isinstance(steps[-1], Result)
    return [step.token for step in steps[:-1]], "".join(step.text for step in steps[:-1]), steps[-1]


@pytest.mark.req("M0-W-1826", "M0-W-1030")
@pytest.mark.parametrize("temperature", [0.0, 0.7, 2.0])
def test_the_same_seed_gives_the_same_tokens_whatever_ran_before(bundled, temperature):
    first = generate(bundled, temperature=temperature)
    generate(bundled, seed=99, temperature=1.5, prompt="something else")
    assert generate(bundled, temperature=temperature)[:2] == first[:2]


@pytest.mark.req("M0-W-1030")
def test_other_seeds_give_other_answers(bundled):
    assert len({generate(bundled, seed=seed, temperature=1.0)[1] for seed in range(8)}) > 1


@pytest.mark.req("M0-W-1032", "M0-W-1300")
@pytest.mark.parametrize(
    "fields",
    [
        {"temperature": 1e-30},
        {"top_p": 0.0},
        {"top_k": 1},
        {"top_k": 2**31 - 1},
        {"min_p": 1.0},
        {"repetition_penalty": 0.0},
        {"repetition_penalty": 1e-30},
        {"repetition_penalty": 2.0},
        {"temperature": 2.0, "top_p": 1.0, "min_p": 0.0},
    ],
)
def test_every_corner_of_the_sampler_is_survived(bundled, fields):
    tokens, _, result = generate(bundled, **{"temperature": 1.0, "max_tokens": 20, **fields})
    assert 0 < result.tokens_out <= 20
    assert len(tokens) >= result.tokens_out


@pytest.mark.req("M0-W-1800")
@pytest.mark.parametrize("most", [1, 2, 10, 31])
def test_an_answer_is_never_longer_than_it_may_be(bundled, most):
    tokens, _, result = generate(bundled, temperature=0.0, max_tokens=most)
    assert (len(tokens), result.tokens_out, result.stop_reason) == (most, most, "length")


@pytest.mark.req("M0-W-1825")
def test_a_prompt_that_does_not_fit_is_refused_and_the_next_one_works(bundled):
    with pytest.raises(WorkerError, match=r"\d+ tokens, the context holds 2048") as refused:
        generate(bundled, prompt="\u20ac" * 2000)
    assert refused.value.code == "INVALID_REQUEST"
    assert generate(bundled, temperature=0.0)[2].stop_reason == "eos"


@pytest.mark.req("M0-W-1825")
@pytest.mark.parametrize("length", [8, 32, 127, 128, 129, 255, 256, 257])
def test_any_context_length_works_to_its_end(make_model, length):
    engine = Engine(make_model("smallest.gguf", 0.2), "cpu", 0, length)
    engine.load(None)
    try:
        assert engine.model.context_length == length
        _, _, result = generate(engine, prompt="abc", max_tokens=4000, temperature=1.0)
        assert result.tokens_out <= length - 4
        with pytest.raises(WorkerError):
            generate(engine, prompt="x" * length)
    finally:
        engine.close()


@pytest.mark.req("M0-W-1330")
def test_a_switch_that_was_used_before_stops_at_once(bundled):
    switch = StopSwitch()
    assert switch.stop("cancelled")
    assert not switch.stop("timeout")
    with pytest.raises(Stopped) as stopped:
        generate(bundled, switch)
    assert stopped.value.cause == "cancelled"
    assert generate(bundled, temperature=0.0)[2].tokens_out == 31


@pytest.mark.req("M0-W-1330")
def test_native_evaluation_is_stopped_from_another_thread_and_the_next_answer_is_the_same(make_model):
    engine = Engine(make_model("slow.gguf", 30), "cpu")
    engine.load(None)
    try:
        before = generate(engine, prompt="ab", max_tokens=8, temperature=0.0)[:2]
        for _ in range(3):
            switch = StopSwitch()
            threading.Timer(0.05, switch.stop, ("cancelled",)).start()
            with pytest.raises(Stopped):
                generate(engine, switch, prompt="x" * 3500, max_tokens=4000)
        assert generate(engine, prompt="ab", max_tokens=8, temperature=0.0)[:2] == before
    finally:
        engine.close()


@pytest.mark.req("M0-W-1330")
def test_the_native_flag_stops_an_evaluation_and_nothing_else(bundled):
    model = bundled.model
    model.abort.set()
    assert model.evaluate([1, 5, 9]) == 2
    model.abort.clear()
    model.clear_cache()
    assert model.evaluate([1, 5, 9]) == 0
    model.clear_cache()


@pytest.fixture
def tokens_of(bundled):
    """Return a function that takes bursts of given lengths of an answer: its tokens, and the code of each burst."""
    from narration_worker.model.native import Sampler

    def take(lengths, at_least_ns=10**12, before=lambda: None):
        model, prompt = bundled.model, bundled.model.tokenise(HAIKU)
        model.clear_cache()
        assert model.evaluate(prompt) == 0
        plain = {"top_k": 0, "top_p": 1.0, "min_p": 0.0, "repetition_penalty": 1.0}
        sampler = Sampler(model.vocabulary_size, prompt, temperature=0.7, seed=7, **plain)
        tokens, codes = [], []
        try:
            for most in lengths:
                if tokens:
                    model.evaluate([tokens[-1][1]])
                before()
                burst = model.next_tokens(sampler, most, at_least_ns)
                tokens += burst.tokens
                codes.append(burst.code)
        finally:
            sampler.close()
            model.abort.clear()
        return tokens, codes

    return take


def test_tokens_are_the_same_one_by_one_and_in_bursts_which_end_with_the_answer(tokens_of):
    whole, codes = tokens_of([1000])
    assert codes == [0]
    assert [piece is None for piece, _ in whole] == [False] * (len(whole) - 1) + [True]
    assert tokens_of([1] * len(whole))[0] == whole
    assert tokens_of([3, 4, 1, 1000])[0] == whole
    assert tokens_of([1000] * len(whole), at_least_ns=0)[0] == whole


def test_a_burst_is_stopped_by_the_native_flag_as_well(tokens_of, bundled):
    tokens, codes = tokens_of([1000], before=bundled.model.abort.set)
    assert codes == [2]
    assert len(tokens) == 1


@pytest.mark.req("M0-W-1330")
def test_a_switch_holds_the_native_flag_exactly_while_its_request_is_evaluated(bundled):
    flags = []

    class Watched(StopSwitch):
        def connect(self, native):
            flags.append(native)
            super().connect(native)

    generate(bundled, Watched(), temperature=0.0)
    assert flags == [bundled.model.abort.set, None]


@pytest.mark.req("M0-W-1330", "M0-W-1611")
def test_a_stop_between_two_chunks_of_a_prompt_works_where_native_code_knows_no_flag(bundled, monkeypatch):
    """GPUs do not look at the flag: the check between chunks is what stops a long prompt there."""
    switch, evaluate, chunks = StopSwitch(), bundled.model.evaluate, []

    def one_chunk(tokens):
        chunks.append(len(tokens))
        code = evaluate(tokens)
        switch.stop("cancelled")
        return code

    monkeypatch.setattr(bundled.model.abort, "set", lambda: None)
    monkeypatch.setattr(bundled.model, "evaluate", one_chunk)
    with pytest.raises(Stopped):
        generate(bundled, switch, prompt="x" * 1000)
    assert len(chunks) == 1


@pytest.mark.req("M0-W-1330")
@pytest.mark.parametrize("stopped_first", [True, False])
def test_a_stop_reaches_the_native_flag_before_and_after_it_is_connected(stopped_first):
    switch, called = StopSwitch(), []
    if stopped_first:
        switch.stop("timeout")
    switch.connect(lambda: called.append(True))
    if not stopped_first:
        switch.stop("timeout")
    assert called == [True]
    assert switch.cause == "timeout"


@pytest.mark.req("M0-W-1621")
def test_loading_tells_every_quarter_once_and_in_order(strict, make_model):
    engine = Engine(make_model("smallest.gguf", 0.2), "cpu")
    before = len(strict.events)
    engine.load(None)
    engine.close()
    told = [event.percent for event in strict.events[before:] if event.event == "model_load_progress"]
    assert told == [0, 25, 50, 75, 100]


@pytest.mark.req("M0-W-1212")
def test_a_worker_starts_where_no_file_can_be_written(bundled, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", "/nonexistent")
    assert native.ask_architecture("llama").has_decoder
    engine = Engine(bundled.path, "cpu")
    engine.load(None)
    engine.close()


@pytest.mark.req("M0-W-1111")
@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("Resource temporarily unavailable", "ulimit -u"),
        ("mmap failed: Cannot allocate memory", "ulimit -v"),
        ("std::bad_alloc", "ulimit -v"),
        ("tensor 'a' has invalid data", None),
    ],
)
def test_a_limit_of_the_system_is_told_with_what_to_do(said, advice):
    found = native.NativeError(said).advice
    assert (found is None) == (advice is None)
    assert advice is None or advice in found


@pytest.mark.req("M0-W-1340")
def test_a_load_that_is_cancelled_does_not_wait_for_its_warm_up(make_model, monkeypatch):
    evaluated = []
    engine = Engine(make_model("small.gguf", 1), "cpu")
    evaluate = native.Model.evaluate

    def cancelled_meanwhile(model, tokens):
        engine.cancel_load()
        evaluated.append(evaluate(model, tokens))
        return evaluated[-1]

    monkeypatch.setattr(native.Model, "evaluate", cancelled_meanwhile)
    with pytest.raises(Stopped):
        engine.load(None)
    assert evaluated == [2]  # aborted
    assert not engine.loaded
    engine.close()


@pytest.mark.req("M0-W-1111")
@pytest.mark.parametrize("damage", [float("nan"), 0.0, -1.0])
def test_a_model_that_computes_no_numbers_is_refused_at_the_start(tmp_path, damage):
    key = b"llama.rope.freq_base"
    data = bytearray(BUNDLED.read_bytes())
    struct.pack_into("<f", data, data.index(key) + len(key) + 4, damage)  # behind the key: its type, then its value
    path = tmp_path / "damaged.gguf"
    path.write_bytes(data)
    engine = Engine(path, "cpu")
    with pytest.raises(WorkerError, match="it computes NaN"):
        engine.load(None)
    engine.close()


@pytest.mark.req("M0-W-1010")
@pytest.mark.parametrize("device", ["cuda", "metal"])
def test_a_gpu_that_is_not_there_is_never_replaced_by_the_cpu(root, device):
    engine = Engine(root / "worker" / "narration_worker" / "models" / "haiku-1m-q8_0.gguf", device, 250)
    with pytest.raises(WorkerError, match=r"--device cpu|not available") as refused:
        engine.check_device()
    assert refused.value.code == "CUDA_ERROR"


# Loads each file that Python let through in a child of its own and tells how the child ended.
_NATIVE = """
import json, os, signal, sys
from narration_worker.model.engine import Engine
from narration_worker.model.generation import StopSwitch
from narration_worker.errors import WorkerError
from narration_worker.requests import ExecuteRequest
from narration_core import configure
import narration_worker.model.native
from pathlib import Path

configure(sinks=[])
endings = {}
for name in sys.argv[1:]:
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        try:
            engine = Engine(Path(name), "cpu")
            engine.load(None)
            request = ExecuteRequest(prompt="a\\u20ac \\x00b", max_tokens=4)
            list(engine.generate(request, engine.tokenise(request), 1, StopSwitch()))
        except WorkerError:
            pass
        os._exit(0)
    endings[name] = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(json.dumps(endings))
"""


def damaged(data, header, rng):
    """Return the model with one number or a few bits of its header changed."""
    broken = bytearray(data)
    at = rng.randrange(header)
    if rng.random() < 0.5:
        for _ in range(rng.choice((1, 1, 2, 4))):
            broken[rng.randrange(header)] ^= 1 << rng.randrange(8)
    else:
        broken[at : at + 4] = struct.pack("<I", rng.choice((0, 1, 513, 2**31 - 1, 2**31, 2**32 - 1)))
    return bytes(broken)


@pytest.mark.fault
@pytest.mark.req("M0-W-1200")
def test_damaged_models_by_the_hundred_end_no_process(tmp_path, make_model):
    good = make_model("smallest.gguf", 0.2)
    data, header = good.read_bytes(), gguf.GGUFReader(good).data_offset
    names = []
    for name in ("context_length", "embedding_length", "block_count", "attention.head_count", "rope.dimension_count"):
        key = f"llama.{name}".encode()
        at = data.index(struct.pack("<Q", len(key)) + key) + 8 + len(key) + 4
        for value in (0, 1, 3, 33, 513, 2**20, 2**31 - 1, 2**31, 2**32 - 1):
            path = tmp_path / f"{name}-{value}.gguf"
            path.write_bytes(data[:at] + struct.pack("<I", value) + data[at + 4 :])
            names.append(str(path))
    rng = random.Random(11)  # noqa: S311 - damage, not secrets
    for number in range(150):
        path = tmp_path / f"random-{number}.gguf"
        path.write_bytes(damaged(data, header, rng))
        names.append(str(path))
    done = subprocess.run([sys.executable, "-c", _NATIVE, *names], capture_output=True, text=True, check=True)
    endings = json.loads(done.stdout)
    assert len(endings) == len(names)
    assert {name: code for name, code in endings.items() if code} == {}, done.stderr[-2000:]
