"""`make demo` shows the request through a hub; with KEEP=1 hub and worker stay, and the panel is one click away."""

import os
import signal
import subprocess
import sys
import urllib.request

import pytest


def demo(folder, **more):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("NARRATION_")}
    return subprocess.run(
        [sys.executable, "-m", "narration_worker.demo"], cwd=folder, env={**clean, **more}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip


@pytest.mark.req("HUB-01")
def test_the_demo_ends_with_what_the_hub_tells(tmp_path):
    done = demo(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    live, _, kept = done.stdout.partition("The same request as the hub tells it")
    told = [line for line in kept.splitlines() if line.startswith("[worker")]
    assert len(told) == 8
    assert all(line in live for line in told)
    assert done.stdout.splitlines()[-1].endswith("make demo KEEP=1")


@pytest.mark.req("HUB-01")
def test_kept_they_go_on_and_the_last_line_is_the_panels_address(tmp_path):
    done = demo(tmp_path, KEEP="1")
    assert (done.returncode, done.stderr) == (0, "")
    *_, how_to_stop, address = done.stdout.splitlines()
    try:
        with urllib.request.urlopen(f"{address}/v1/health") as answer:  # noqa: S310 - our own
            assert answer.status == 200
    finally:
        for number in how_to_stop.partition("kill ")[2].partition(".")[0].split():
            os.kill(int(number), signal.SIGTERM)
