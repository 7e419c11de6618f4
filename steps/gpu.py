"""Steps of features/gpu.feature: GPUs and a driver that only the scenario knows."""

from pytest_bdd import given, parsers, when

from narration_capture import rows
from narration_worker.model.devices import Device, GpuKind, choose_gpu
from narration_worker.model.residency import Residency

TOTAL_BYTES = 80_000_000_000


@given("llama.cpp sees the devices:", target_fixture="devices")
def devices(datatable: list[list[str]]) -> list[Device]:
    return [
        Device(row["name"], "GPU of a scenario", number, int(row["free_bytes"]), TOTAL_BYTES)
        for number, row in enumerate(rows(datatable), start=1)
    ]


@when(parsers.parse('an engine looks for a device of the kind "{kind}"'))
def looks(devices: list[Device], kind: GpuKind) -> None:
    choose_gpu(kind, 0, devices)


@given(parsers.parse('a model that took {taken:d} bytes of "{device}"'), target_fixture="placed")
def placed(taken: int, device: str) -> tuple[str, int]:
    return device, taken


@when(parsers.parse("the driver says that the process holds {held:d} bytes"))
def driver_says(placed: tuple[str, int], held: int) -> None:
    Residency(*placed, held=lambda: held, used=lambda: None).check()
