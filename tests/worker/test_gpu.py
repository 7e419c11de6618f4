"""On a real NVIDIA GPU: `make gpu CUDA=90`. Everywhere else each of these says why it did not run."""

import asyncio
import ctypes
import re
from contextlib import contextmanager

import pytest

from narration_worker.client import WorkerClient
from narration_worker.errors import WorkerError
from narration_worker.launch import WorkerEndedError, launch
from narration_worker.model import residency
from narration_worker.model.engine import Engine
from narration_worker.model.generation import Result, StopSwitch
from narration_worker.model.memory_estimate import cache_bytes_per_token
from narration_worker.requests import ExecuteRequest

HAIKU = "Write a haiku about GPU computing"
pytestmark = [pytest.mark.gpu, pytest.mark.usefixtures("gpu")]


@pytest.fixture(scope="module")
def gpu():
    """Return the first CUDA device, or skip."""
    from narration_worker.model import native

    found = [device for device in native.gpu_devices() if device.name.startswith("CUDA")]
    if not found:
        pytest.skip("llama.cpp sees no CUDA device: run `make gpu CUDA=<architecture>` on a machine with an NVIDIA GPU")
    return found[0]


@pytest.fixture
def make_engine(root):
    """Return a function that makes an engine for the bundled model on the GPU; each is closed at the end."""
    made = []

    def make(**options):
        made.append(Engine(root / "worker" / "narration_worker" / "models" / "haiku-1m-q8_0.gguf", "cuda", **options))
        return made[-1]

    yield make
    for engine in made:
        engine.close()


def generate(engine, seed=7, **fields):
    request = ExecuteRequest(**{"prompt": HAIKU, "temperature": 0.8, **fields})
    steps = list(engine.generate(request, engine.tokenise(request), seed, StopSwitch()))
    return [step.token for step in steps if not isinstance(step, Result)]


@pytest.mark.req("M0-W-1010")
def test_the_gpu_is_taken_and_told(narration, make_engine, gpu):
    assert make_engine().check_device().name == gpu.name
    narration.assert_event(action="device_init", gpu_device=gpu.name)


@pytest.mark.req("M0-W-1011", "M0-W-1012")
def test_every_layer_and_the_cache_are_on_the_gpu(narration, make_engine, gpu):
    engine = make_engine()
    engine.load(engine.check_device())
    placed = residency.parse_placement(engine.model.placement_log())
    assert placed.fault(gpu.name) is None
    assert set(placed.layers.values()) == {gpu.name}
    assert len(placed.layers) == engine.file.metadata[f"{engine.file.architecture}.block_count"] + 1  # and the output
    assert engine.residency.check()
    assert engine.resident
    narration.assert_event(action="residency", level="info", gpu_device=gpu.name)


@pytest.mark.req("M0-W-1320")
def test_the_runtime_says_what_it_is_and_what_the_gpu_can_do(make_engine):
    engine = make_engine()
    engine.load(engine.check_device())
    assert re.fullmatch(r"[1-9]\d*\.\d", engine.cuda.sm)
    assert re.fullmatch(r"1\d\.\d+", engine.cuda.runtime_version)


@pytest.mark.req("M0-W-1012")
def test_the_driver_sees_the_memory_that_is_accounted_for(make_engine):
    engine = make_engine()
    engine.load(engine.check_device())
    assert engine.vram_bytes > 0
    held = residency.process_bytes()
    assert held is None or held >= engine.vram_bytes * residency.TOLERANCE


@pytest.mark.req("M0-W-1020")
def test_a_context_that_cannot_fit_is_refused_before_anything_is_loaded(make_engine, gpu):
    probe = make_engine()
    beyond = gpu.total_bytes // cache_bytes_per_token(probe.check_file()) + 1
    engine = make_engine(context_length=beyond)
    with pytest.raises(WorkerError, match=rf"needs \d+ MB, \d+ MB free on {gpu.name}") as refused:
        engine.load(engine.check_device())
    assert refused.value.code == "INSUFFICIENT_VRAM"
    assert not engine.loaded


@pytest.mark.req("M0-W-1826", "M0-W-1030")
@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_the_same_seed_gives_the_same_tokens_in_two_engines(make_engine, temperature):
    drawn = []
    for _ in range(2):
        engine = make_engine()
        engine.load(engine.check_device())
        drawn += [generate(engine, temperature=temperature) for _ in range(2)]
    assert drawn[0]
    assert all(tokens == drawn[0] for tokens in drawn)


@contextmanager
def memory_taken(device, leaving_bytes):
    """Hold a device's free memory, all but so much."""
    from llama_cpp import _ggml

    ggml = _ggml.libggml
    for name in ("dev_buffer_type", "buft_alloc_buffer"):
        getattr(ggml, f"ggml_backend_{name}").restype = ctypes.c_void_p
    place = ctypes.c_void_p(ggml.ggml_backend_dev_buffer_type(ctypes.c_void_p(device.handle)))
    size = ctypes.c_size_t(device.free_bytes - leaving_bytes)
    held = ctypes.c_void_p(ggml.ggml_backend_buft_alloc_buffer(place, size))
    assert held.value, f"{size.value} bytes of {device.name} could not be taken"
    try:
        yield
    finally:
        ggml.ggml_backend_buffer_free(held)


@pytest.mark.fault
@pytest.mark.req("M0-W-1021")
def test_a_full_gpu_fails_one_request_at_most(make_engine):
    """The warm-up allocated what a request needs; where that is not enough it says so, and the next one works."""
    engine = make_engine()
    engine.load(engine.check_device())
    wanted = generate(engine)
    with memory_taken(engine.check_device(), leaving_bytes=64 * residency.MIB):
        try:
            meanwhile = generate(engine)
        except WorkerError as failed:
            meanwhile = failed.code
        assert meanwhile in (wanted, "VRAM_OOM")
    assert generate(engine) == wanted


@pytest.mark.req("M0-W-1320")
def test_a_worker_on_the_gpu_answers_and_says_where_it_is(gpu):
    async def run():
        async with (
            launch(device="cuda", environment={"NARRATION_STRICT": "1"}) as running,
            WorkerClient(running.url) as client,
        ):
            messages = [message async for message in client.execute(prompt=HAIKU, max_tokens=64, seed=1)]
            return running, await client.health(), messages, await client.metrics()

    running, health, messages, metrics = asyncio.run(run())
    assert (health["resident"], health["device"]) == (True, gpu.name)
    assert health["vram_bytes_used"] > 0
    assert health["sm"]
    assert messages[-1].name == "end"
    assert f'worker_vram_bytes{{worker_id="{health["worker_id"]}"}}' in metrics
    assert running.find(action="residency", level="info") is not None
    assert running.find(action="device_init", gpu_device=gpu.name) is not None


@pytest.mark.req("M0-W-1010")
def test_a_gpu_that_is_not_there_ends_the_worker():
    async def run():
        async with launch(device="cuda", arguments=("--gpu-device", "250")):
            pass

    with pytest.raises(WorkerEndedError, match="exit code 1"):
        asyncio.run(run())
