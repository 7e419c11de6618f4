"""The cost of capture: loading the plugin, capturing an event, memory per event."""

import gc
import json
import os
import subprocess
import sys
import time
import tracemalloc
from importlib.metadata import version
from statistics import median
from typing import Any, Final

from benchmarks.environment import machine
from benchmarks.results import replace_section

ROUNDS: Final = 9
EVENTS: Final = 20_000
KEPT: Final = 100_000

LOAD = """
import time, sys, pytest
began = time.process_time()
import narration_capture.plugin
loaded = time.process_time() - began
import narration_capture._session
print((loaded, time.process_time() - began, "narration_core" in sys.modules))
"""

RUN = """
import sys, time, pytest
began = time.process_time()
pytest.main(["-q", "-p", "no:cacheprovider", *sys.argv[1:]])
print("took", time.process_time() - began)
"""


def loading() -> dict[str, float]:
    """CPU milliseconds to load the plugin, and what the plugin costs a run without narration."""
    loads = []
    for _ in range(ROUNDS):
        done = subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True, check=True)
        module, session, used = eval(done.stdout)
        assert not used, "the plugin loads narration_core"
        loads.append((module * 1000, session * 1000))
    folder = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"narration-bench-{os.getpid()}")  # noqa: PTH118
    os.makedirs(folder, exist_ok=True)  # noqa: PTH103
    with open(os.path.join(folder, "test_it.py"), "w", encoding="utf-8") as file:  # noqa: PTH118
        file.write("def test_it(): pass\n")
    times: dict[str, list[float]] = {"with": [], "without": []}
    for _ in range(ROUNDS):
        for name, extra in (("with", []), ("without", ["-p", "no:narration"])):
            done = subprocess.run(
                [sys.executable, "-c", RUN, folder, *extra], capture_output=True, text=True, check=True, cwd=folder
            )
            times[name].append(float(done.stdout.rsplit(maxsplit=1)[1]) * 1000)
    return {
        "module": median(module for module, _ in loads),
        "session": median(session for _, session in loads),
        "run": min(times["with"]) - min(times["without"]),
    }


def _emit(count: int) -> float:
    """Return CPU microseconds per event."""
    from narration_core import Narrator, bind

    narrate = Narrator("pool-managerd")
    with bind(correlation_id="req-xyz", job_id="job-123", pool_id="default"):
        began = time.process_time()
        for _ in range(count):
            narrate.info("spawn", "GPU0", "Spawning engine {engine} on {device}", engine="llamacpp-v1", device="GPU0")
        return (time.process_time() - began) / count * 1e6


def capturing() -> dict[str, float]:
    """CPU microseconds per event: in strict mode as under pytest, with source locations, and captured."""
    from narration_capture import capture
    from narration_core import configure

    took: dict[str, list[float]] = {"strict": [], "located": [], "captured": []}
    for _ in range(ROUNDS):
        configure(sinks=[], strict=True)
        took["strict"].append(_emit(EVENTS))
        configure(sinks=[], strict=True, source_location=True)
        took["located"].append(_emit(EVENTS))
        configure(sinks=[], strict=True)
        with capture():
            took["captured"].append(_emit(EVENTS))
    return {name: min(times) for name, times in took.items()}


def memory() -> float:
    """Bytes of memory per captured event."""
    from narration_capture import capture
    from narration_core import configure

    configure(sinks=[], strict=True)
    with capture() as captured:
        _emit(10)
        captured.clear()
        gc.collect()
        tracemalloc.start()
        _emit(KEPT)
        gc.collect()
        size, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return size / KEPT


def main() -> None:
    """Measure everything and write the section."""
    load, cost, kept = loading(), capturing(), memory()
    added = (cost["captured"] / cost["strict"] - 1) * 100
    rows: list[tuple[str, str, Any]] = [
        ("plugin loaded, CPU ms", "≤ 30", f"{load['session']:.1f}"),
        ("a run without narration, added CPU ms", "≤ 30", f"{load['run']:.1f}"),
        ("captured event compared with strict mode, as under pytest", "≤ +25 %", f"{added:+.0f} %"),
        (
            "the same, both with source locations",
            "",
            f"{(cost['captured'] / cost['located'] - 1) * 100:+.0f} %",
        ),
        ("captured event, CPU µs", "", f"{cost['captured']:.1f}"),
        (f"{KEPT:,} captured events, bytes per event", "≤ 1024", f"{kept:.0f}"),
    ]
    lines = [
        f"{machine()}, pytest {version('pytest')}; best of {ROUNDS} rounds, CPU time.",
        "",
        "| what | target | measured |",
        "|---|---|---|",
    ]
    lines += [f"| {what} | {goal} | {reached} |" for what, goal, reached in rows]
    print(json.dumps({"load": load, "cost": cost, "kept": kept}))
    replace_section("capture", lines)


if __name__ == "__main__":
    main()
