"""What the worker does with a GPU's memory, on machines without one: only the GPU itself is made up."""

import http.client
import json
import threading

import llama_cpp
import pytest
from click.testing import CliRunner

from narration_core import MemorySink, configure
from narration_worker import lifecycle
from narration_worker.cli import command
from narration_worker.config import BUNDLED
from narration_worker.errors import WorkerError
from narration_worker.model.devices import Device
from narration_worker.model.engine import Engine
from narration_worker.model.gguf_check import check
from narration_worker.model.memory_estimate import HEADROOM_BYTES, cache_bytes_per_token, require_room
from narration_worker.model.residency import Residency, parse_placement

HELD_BYTES = 123_456_789
SMALL_GPU = Device("CUDA0", "made-up GPU", 0, 1_000_000, 8_000_000)
GPU = Device("CUDA0", "made-up GPU", 0, 8_000_000_000, 80_000_000_000)
pytestmark = pytest.mark.usefixtures("strict")


@pytest.fixture
def loaded(strict):
    """Yield an engine with the bundled model in the CPU's memory, and the device that it is on."""
    engine = Engine(BUNDLED, "cpu")
    engine.load(None)
    yield engine, GPU._replace(name="CPU")
    engine.close()


@pytest.mark.req("M0-W-1010")
def test_a_model_that_llama_cpp_put_elsewhere_is_refused_and_freed(loaded):
    engine, _ = loaded
    with pytest.raises(WorkerError, match=r"is not wholly on CUDA0: (\d+) of \1 layers are on CPU") as refused:
        engine._check_placement(engine.model, GPU)
    assert refused.value.code == "INSUFFICIENT_VRAM"
    assert engine.residency is None
    assert engine.vram_bytes == 0


@pytest.mark.req("M0-W-1010")
@pytest.mark.skipif(llama_cpp.llama_supports_gpu_offload(), reason="this llama.cpp would use a GPU")
def test_loading_for_a_gpu_that_llama_cpp_does_not_use_fails():
    engine = Engine(BUNDLED, "auto")
    with pytest.raises(WorkerError, match="is not wholly on CUDA0") as refused:
        engine.load(GPU)
    assert refused.value.code == "INSUFFICIENT_VRAM"
    assert not engine.loaded


@pytest.mark.req("M0-W-1011")
def test_the_tracked_memory_is_what_llama_cpp_took_on_the_device(loaded):
    engine, device = loaded
    buffers = parse_placement(engine.model.placement_log()).buffers
    engine._check_placement(engine.model, device)
    assert engine.vram_bytes == sum(size for (place, _), size in buffers.items() if place == "CPU")
    assert engine.vram_bytes > 1_000_000
    assert engine.resident


class _OnGpu(Engine):
    """An engine whose model is said to be on a GPU."""

    def check_device(self):
        self.gpu_device = GPU.name
        return GPU

    def load(self, device):
        assert device is GPU
        super().load(None)
        self.vram_bytes = HELD_BYTES
        self.residency = Residency(GPU.name, HELD_BYTES, lambda: HELD_BYTES, lambda: None)


class _WaitsFor(MemorySink):
    """Says when the second check of residency is narrated: the first is part of the start."""

    def __init__(self):
        super().__init__()
        self.checked_twice = threading.Event()

    def write(self, batch):
        super().write(batch)
        if sum(event.action == "residency" for event in self.events) > 1:
            self.checked_twice.set()


@pytest.mark.req("M0-W-1011", "M0-W-1012", "M0-W-1340")
def test_a_worker_reports_its_gpu_memory_and_checks_it_at_the_interval_that_it_was_given(monkeypatch):
    sink = _WaitsFor()
    configure(sinks=[sink], strict=True)
    monkeypatch.setattr(lifecycle, "Engine", _OnGpu)
    monkeypatch.setattr(lifecycle, "configure", lambda **_: None)  # the test's own sink stays
    found = {}

    def ask():
        found["in time"] = sink.checked_twice.wait(60)
        bound = next(event for event in sink.events if event.action == "server_bound")

        def call(method, path):
            connection = http.client.HTTPConnection("127.0.0.1", bound.get("port"), timeout=60)
            connection.request(method, path)
            body = connection.getresponse().read().decode()
            connection.close()
            return body

        for path in ("/health", "/metrics"):
            found[path] = call("GET", path)
        call("POST", "/shutdown")

    asking = threading.Thread(target=ask)
    asking.start()
    arguments = ["--model", "bundled", "--worker-id", "w-1", "--residency-check-sec", "0.1"]
    result = CliRunner().invoke(command, arguments)
    asking.join(60)
    assert result.exit_code == 0, result.output
    assert found["in time"]
    health = json.loads(found["/health"])
    assert (health["device"], health["resident"], health["vram_bytes_used"]) == ("CUDA0", True, HELD_BYTES)
    assert 'worker_vram_bytes{worker_id="w-1"} 1.23456789e+08' in found["/metrics"].splitlines()
    assert sink.events[-1].event == "shutdown"


class _OnSmallGpu(Engine):
    """An engine on a GPU that is too small; only the GPU is made up."""

    def check_device(self):
        self.gpu_device = SMALL_GPU.name
        return SMALL_GPU


@pytest.mark.req("M0-W-1020", "M0-W-1010")
def test_a_gpu_that_is_too_small_ends_the_worker_and_is_never_replaced(strict, monkeypatch):
    monkeypatch.setattr(lifecycle, "Engine", _OnSmallGpu)
    monkeypatch.setattr(lifecycle, "configure", lambda **_: None)  # the test's own sinks stay
    arguments = ["--model", str(BUNDLED), "--device", "cuda", "--port", "0"]
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 1
    failed = next(event for event in strict.events if event.error_kind == "insufficient_vram")
    assert "haiku" in result.output
    for shown in ("needs", "MB, 1 MB free on CUDA0"):
        assert shown in result.output
        assert shown in failed.human
    assert not [event for event in strict.events if event.action == "ready"]


@pytest.mark.req("M0-W-1020")
def test_the_amounts_of_memory_are_those_of_file_cache_and_headroom():
    file = check(BUNDLED)
    needed = file.size + cache_bytes_per_token(file) * 512 + HEADROOM_BYTES
    require_room(file, 512, "haiku.gguf", SMALL_GPU._replace(free_bytes=needed))
    with pytest.raises(WorkerError) as refused:
        require_room(file, 512, "haiku.gguf", SMALL_GPU._replace(free_bytes=needed - 1))
    assert (refused.value.code, refused.value.status) == ("INSUFFICIENT_VRAM", 503)


@pytest.mark.req("M0-W-1010")
def test_without_a_word_about_the_device_it_is_the_gpu():
    (option,) = (option for option in command.params if option.name == "device")
    assert option.default == "cuda"
    assert list(option.type.choices) == ["cuda", "metal", "cpu"]
