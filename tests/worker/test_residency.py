"""Whether the model is where it belongs, by llama.cpp's log and the driver's word."""

import asyncio

import pytest

from narration_worker.model.residency import MIB, Residency, parse_placement, process_bytes

ON_GPU = """
load_tensors: layer   0 assigned to device CUDA0, is_swa = 0
load_tensors: layer   1 assigned to device CUDA0, is_swa = 0
load_tensors:   CPU_Mapped model buffer size =   102.54 MiB
load_tensors:        CUDA0 model buffer size =  1000.00 MiB
llama_context:  CUDA_Host  output buffer size =     0.49 MiB
llama_kv_cache:      CUDA0 KV buffer size =   128.00 MiB
sched_reserve:      CUDA0 compute buffer size =    64.00 MiB
sched_reserve:  CUDA_Host compute buffer size =     8.01 MiB
""".splitlines()


@pytest.mark.req("M0-W-1011", "M0-W-1012")
def test_a_model_that_is_wholly_on_the_gpu():
    placement = parse_placement(ON_GPU)
    assert placement.fault("CUDA0") is None
    assert placement.bytes_on("CUDA0") == (1000 + 128 + 64) * MIB


@pytest.mark.req("M0-W-1010")
@pytest.mark.parametrize(
    ("line", "instead", "said"),
    [
        ("layer   1 assigned to device CUDA0", "layer   1 assigned to device CPU", "1 of 2 layers are on CPU"),
        ("CUDA0 KV buffer", "CPU KV buffer", "128 MB of the KV cache are on CPU"),
        ("CUDA0 KV buffer", "CUDA1 KV buffer", "128 MB of the KV cache are on CUDA1"),
    ],
)
def test_anything_elsewhere_is_a_fault(line, instead, said):
    assert parse_placement([text.replace(line, instead) for text in ON_GPU]).fault("CUDA0") == said


def test_a_log_that_says_nothing_proves_nothing():
    assert parse_placement([]).fault("CUDA0")
    assert parse_placement(ON_GPU).fault("CUDA1")


@pytest.mark.req("M0-W-1012")
@pytest.mark.parametrize(
    ("held", "used", "resident"),
    [
        (1000, None, True),
        (900, None, True),
        (899, 5000, False),
        (0, 5000, False),
        (None, 1000, True),
        (None, 100, False),
        (None, None, False),
    ],
)
def test_the_driver_must_still_show_what_was_allocated(strict, held, used, resident):
    residency = Residency("CUDA0", 1000, lambda: held, lambda: used)
    assert residency.check() is resident
    assert residency.resident is resident
    (told,) = strict.events
    assert told.action == "residency"
    assert (told.level, told.error_kind) == (("info", None) if resident else ("error", "residency_lost"))


@pytest.mark.req("M0-W-1012")
def test_it_is_checked_again_and_again_and_recovers(strict):
    answers = iter((1000, 10, 1000))
    residency = Residency("CUDA0", 1000, lambda: next(answers), lambda: None)
    seen = []

    async def off_loop(check):
        seen.append(check())
        if len(seen) == 3:
            raise asyncio.CancelledError
        return seen[-1]

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(residency.watch(0.0, off_loop))
    assert seen == [True, False, True]
    assert [event.level for event in strict.events] == ["info", "error", "info"]


def test_without_a_driver_nobody_says_what_a_process_holds():
    held = process_bytes()
    assert held is None or held >= 0
