"""What importing costs and brings along."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import narration_core
import narration_core.following

USUAL = "from narration_core import Narrator, bind, configure"
OPTIONAL = (
    "aiohttp ahocorasick_rs asyncio click gguf hyperscan llama_cpp logging numpy opentelemetry prometheus_client "
    "pytest regex redis rich structlog subprocess yaml"
).split()


def fresh(program, **environment):
    env = {**os.environ, **environment}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, check=True, text=True)
    return done.stdout.strip()


def test_no_optional_or_heavy_package_is_imported():
    loaded = fresh(f"import sys; {USUAL}; print(*sys.modules)").split()
    assert not set(OPTIONAL) & set(loaded)


def test_what_only_an_event_needs_waits_for_the_first():
    loaded = fresh(f"import sys; {USUAL}; print(*sys.modules)").split()
    redaction = {name.rpartition(".")[2] for name in loaded if name.startswith("narration_core.redaction.")}
    assert redaction == {"_lines", "_policy", "_redactor", "_spans"}


def test_everything_public_is_there():
    assert fresh("import narration_core as n; print([x for x in n.__all__ if not hasattr(n, x)])") == "[]"


@pytest.mark.parametrize("package", [narration_core, narration_core.following], ids=lambda package: package.__name__)
def test_type_checkers_read_what_is_loaded(package):
    tree = ast.parse(Path(package.__file__).read_text("utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    read = {alias.name: node.module for node in imports for alias in node.names}
    ours = {name: module for name, module in read.items() if module.startswith("narration_core")}
    assert ours == package._HOMES
    assert set(ours) - {"__version__"} == set(package.__all__)


def test_the_package_alone_loads_none_of_its_modules():
    loaded = fresh("import sys, narration_core; print(*sys.modules)").split()
    assert not [name for name in loaded if name.startswith("narration_core.")]


def test_the_cpu_cost_is_a_small_multiple_of_importing_a_standard_module(tmp_path):
    """A ratio, since machines differ; the budget is 60 ms of CPU on the machine of benchmarks/RESULTS.md."""
    program = "import time; a = time.process_time(); {}; print(time.process_time() - a)"
    # In turn: processors change their speed, and then the fastest of one is no measure for the other.
    compiled = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(tmp_path)}  # as installed packages are
    fresh(f"{USUAL}; import asyncio", **compiled)
    costs = [[float(fresh(program.format(one), **compiled)) for one in (USUAL, "import asyncio")] for _ in range(7)]
    ours, theirs = sorted(costs, key=lambda pair: pair[0] / pair[1])[len(costs) // 2]
    assert ours <= 1.5 * theirs, f"narration_core {ours * 1000:.0f} ms, asyncio {theirs * 1000:.0f} ms"


BRIDGE = """
import logging
from narration_core.bridges.stdlib import NarrationHandler
logging.getLogger("a").addHandler(NarrationHandler())
logging.getLogger("a").warning("D")
"""
FIRSTS = {
    "narrator": "from narration_core import Narrator; Narrator('a')('b', 'c', 'D')",
    "catalogue": "from narration_core import Catalogue; Catalogue('a').point('b', 'b', 'c', 'D')()",
    "bridge": BRIDGE,
}


@pytest.mark.parametrize("name", FIRSTS)
def test_whatever_is_loaded_first_the_first_event_is_written(name):
    assert '"human":"D"' in fresh(FIRSTS[name])
