"""Steps of features/gpu.feature: real engines and residency, with GPUs and a driver that only the scenario knows."""

from pathlib import Path

import pytest
from pytest_bdd import given, parsers, when

from capture import rows
from worker import native
from worker.config import DeviceKind
from worker.engine import Engine
from worker.residency import Residency

TOTAL_BYTES = 80_000_000_000


@given("llama.cpp sees the devices:")
def devices(datatable: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    seen = [
        native.Device(row["name"], "GPU of a scenario", place, int(row["free_bytes"]), TOTAL_BYTES)
        for place, row in enumerate(rows(datatable), start=1)
    ]
    # The one place where the worker asks llama.cpp; no machine has both a CUDA and a Metal device.
    monkeypatch.setattr(native, "gpu_devices", lambda: seen)


@when(parsers.parse('an engine looks for a device of the kind "{kind}"'))
def looks(kind: DeviceKind) -> None:
    Engine(Path("never-opened.gguf"), kind).check_device()


@given(parsers.parse('a model that took {taken:d} bytes of "{device}"'), target_fixture="placed")
def placed(taken: int, device: str) -> tuple[str, int]:
    return device, taken


@when(parsers.parse("the driver says that the process holds {held:d} bytes"))
def driver_says(placed: tuple[str, int], held: int) -> None:
    Residency(*placed, held=lambda: held, used=lambda: None).check()
