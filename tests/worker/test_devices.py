"""Which GPU is taken, and when none is."""

import pytest

from narration_worker.errors import WorkerError
from narration_worker.model.devices import Device, choose_gpu

GIGABYTE = 1 << 30
SEEN = [
    Device("CUDA0", "GPU of a test", 1, 400 * 1024, 80 * GIGABYTE),
    Device("CUDA1", "GPU of a test", 2, 70 * GIGABYTE, 80 * GIGABYTE),
    Device("MTL0", "GPU of a laptop", 3, 9 * GIGABYTE, 16 * GIGABYTE),
]
pytestmark = [pytest.mark.usefixtures("strict"), pytest.mark.req("M0-W-1010")]


@pytest.mark.parametrize(("kind", "number", "name"), [("cuda", 0, "CUDA0"), ("cuda", 1, "CUDA1"), ("metal", 0, "MTL0")])
def test_the_gpu_that_was_asked_for_is_taken_and_narrated(narration, kind, number, name):
    assert choose_gpu(kind, number, SEEN).name == name
    narration.assert_event(action="device_init", gpu_device=name, level="info")


@pytest.mark.parametrize(
    ("kind", "number", "seen", "have"),
    [
        ("cuda", 2, SEEN, "CUDA0, CUDA1"),
        ("metal", 1, SEEN, "MTL0"),
        ("metal", 0, SEEN[:2], "none"),
        ("cuda", 0, [], "none"),
    ],
)
def test_another_gpu_is_never_taken_instead(narration, kind, number, seen, have):
    with pytest.raises(WorkerError, match=f"device {kind} number {number} is not available .found: {have}.") as refused:
        choose_gpu(kind, number, seen)
    assert refused.value.code == "CUDA_ERROR"
    assert "--device cpu" in refused.value.hint
    assert not narration.events
