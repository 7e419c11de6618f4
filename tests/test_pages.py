"""The examples of pages that only show code: each runs in a program of its own, and tells something."""

import json
import os
import re
import subprocess
import sys

import pytest

SENTENCES = {
    "migrate.md 1": ["Loaded haiku.gguf in 87 ms", "Could not load haiku.gguf"],
    "migrate.md 2": ["Spawning an engine on GPU0", "slow disk: 312 ms"],
    "migrate.md 3": ["Spawned engines on 2 GPUs"],
    "migrate.md 4": ["Loading haiku.gguf", "Loaded haiku.gguf"],
    "style.md 1": ["Gave up on the registry after 3 tries"],
}
PAGES = tuple(dict.fromkeys(name.split()[0] for name in SENTENCES))
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def examples(root):
    return {
        f"{page} {number}": block
        for page in PAGES
        for number, block in enumerate(BLOCK.findall((root / "docs" / page).read_text("utf-8")), start=1)
    }


@pytest.mark.req("ORCH-3306")
def test_every_example_tells_what_its_page_says(root):
    found = examples(root)
    sentences = {}
    for name, block in found.items():
        env = {**os.environ, "NARRATION_STRICT": "1"}
        done = subprocess.run([sys.executable, "-c", block], env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{name}: {done.stderr}"
        sentences[name] = [json.loads(line)["human"] for line in done.stdout.splitlines()]
    assert sentences == SENTENCES


def test_the_line_of_an_old_library_has_the_id_of_the_request(root):
    block = next(block for block in examples(root).values() if "old_library" in block)
    done = subprocess.run([sys.executable, "-c", block], capture_output=True, text=True, check=True)
    ids = [json.loads(line)["correlation_id"] for line in done.stdout.splitlines()]
    assert ids == ["req-xyz", "req-xyz"]


def test_loguru_takes_the_handler_as_it_is():
    program = """
from loguru import logger
from narration_core import bind
from narration_core.bridges.stdlib import NarrationHandler
logger.remove()
logger.add(NarrationHandler(), format="{message}")
with bind(correlation_id="req-xyz"):
    logger.warning("Slow disk")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    event = json.loads(done.stdout)
    assert (event["human"], event["level"], event["correlation_id"]) == ("Slow disk", "warn", "req-xyz")
