"""What `import narration_core` costs and brings along."""

import subprocess
import sys

OPTIONAL = (
    "aiohttp ahocorasick_rs asyncio click gguf hyperscan llama_cpp logging numpy opentelemetry prometheus_client "
    "pytest regex redis rich structlog subprocess yaml"
).split()


def fresh(program):
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    return done.stdout.strip()


def test_no_optional_or_heavy_package_is_imported():
    loaded = fresh("import sys, narration_core; print(*sys.modules)").split()
    assert not set(OPTIONAL) & set(loaded)


def test_everything_public_is_there():
    assert fresh("import narration_core as n; print([x for x in n.__all__ if not hasattr(n, x)])") == "[]"


def test_the_cpu_cost_is_a_small_multiple_of_importing_a_standard_module():
    """A ratio, since machines differ; the budget is 60 ms of CPU on the machine of benchmarks/RESULTS.md."""
    program = "import time; a = time.process_time(); import {}; print(time.process_time() - a)"
    # In turn: processors change their speed, and then the fastest of one is no measure for the other.
    costs = [[float(fresh(program.format(name))) for name in ("narration_core", "asyncio")] for _ in range(7)]
    ours, theirs = sorted(costs, key=lambda pair: pair[0] / pair[1])[len(costs) // 2]
    assert ours <= 1.5 * theirs, f"narration_core {ours * 1000:.0f} ms, asyncio {theirs * 1000:.0f} ms"
