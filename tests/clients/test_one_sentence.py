"""The one sentence: byte for byte the same in the golden file, in the terminal, in the stream and in the browser."""

import asyncio
import json
import os
import subprocess
import sys

import pytest

from support.hub import hub

SENTENCE = "Baking “Größe drei” for Zoë & <b>Ådne</b>: 75 % of 🍰 is done, 'as' \"told\""
FILES = {
    "shop.py": f"""
from narration_core import Narrator, bind, flush

def bake():
    with bind(job_id="job-1", correlation_id="req-1"):
        Narrator("shop")("bake", "cake", {SENTENCE!r})

if __name__ == "__main__":
    bake()
    flush()
""",
    "conftest.py": """
from pytest_bdd import when
from shop import bake

@when("the shop bakes")
def bakes():
    bake()
""",
    "features/shop.feature": """
Feature: Shop
  Scenario: A cake is baked
    When the shop bakes
    Then the narration includes "Baking"
""",
    "pyproject.toml": '[tool.pytest]\nnarration_features = "features"\npythonpath = ["."]\n',
}


def golden_sentence(folder):
    """What the golden file holds, line by line, after a first run."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--snapshot-update"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (golden,) = folder.rglob("*.story")
    lines = golden.read_bytes().split(b"\n")
    place = next(index for index, line in enumerate(lines) if line.startswith(b"  shop | bake | cake"))
    return lines[place + 1].strip()


async def said_by(folder, *command, **more):
    """What a command prints, line by line."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("NARRATION_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=folder, env={**clean, "COLUMNS": "200", **more}, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert process.returncode == 0
    return said.splitlines()


@pytest.mark.req("SSE-03", "HUB-07")
def test_one_sentence_is_the_same_bytes_in_golden_file_terminal_stream_and_browser(clients, tmp_path):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")

    async def main():
        async with hub() as one:
            (console,) = await said_by(tmp_path, "shop.py", NARRATION_HUB=one.url)
            async with one.stream("/v1/jobs/job-1/stream") as reader:
                name, data = await reader.next()
                assert name == "narration"
            *_, watched = await said_by(tmp_path, "-m", "narration_core.cli", "story", "req-1", "--hub", one.url)
            (seen,) = await clients.all_of(clients.panel("panel.mjs", "sentence", f"{one.url}/#story=req-1"))
            return console, watched, data, seen

    console, watched, data, seen = asyncio.run(asyncio.wait_for(main(), 110))
    wanted = golden_sentence(tmp_path)
    assert wanted == SENTENCE.encode()
    assert json.loads(console)["human"].encode() == wanted
    assert watched.endswith(b"  " + wanted), watched
    assert data["event"]["human"].encode() == wanted
    assert data["formatted"].endswith(f": {SENTENCE}")
    assert seen["row"].encode() == wanted
    assert seen["plain"] == data["formatted"]
    assert f"“{SENTENCE}”" in seen["verdict"]
    assert seen["complaints"] == []
