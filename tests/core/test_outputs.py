"""What is held back between two phases of a test: nothing is lost, nothing stands before its time."""

import os
import subprocess
import sys

import pytest

from narration_core import Narrator, configure, flush
from narration_core.sinks import FileSink
from narration_core.tap import hold_output, release_output

narrate = Narrator("shop")


@pytest.fixture
def lines(tmp_path):
    path = tmp_path / "shop.jsonl"
    configure(sinks=[FileSink(path)], strict=False)

    def read():
        flush()
        return path.read_text().splitlines() if path.exists() else []

    yield read
    release_output()
    configure()


def test_what_is_held_is_written_when_it_is_released_in_order(lines):
    narrate("serve", "1", "Serving the first")
    hold_output()
    narrate("serve", "2", "Serving the second")
    narrate("serve", "3", "Serving the third")
    assert len(lines()) == 1
    release_output()
    assert [line.split('"target":"')[1][0] for line in lines()] == ["1", "2", "3"]
    narrate("serve", "4", "Serving the fourth")
    assert len(lines()) == 4


def test_more_than_fits_ends_the_hold_and_loses_nothing(lines):
    hold_output()
    for number in range(10_050):
        narrate("serve", str(number), "Serving somebody")
    assert [line.split('"target":"')[1].split('"')[0] for line in lines()] == [str(n) for n in range(10_050)]


def test_a_hold_outlives_a_new_configuration(lines, tmp_path):
    hold_output()
    narrate("serve", "1", "Serving the first")
    configure(sinks=[FileSink(tmp_path / "other.jsonl")])
    flush()
    assert not (tmp_path / "other.jsonl").exists() or not (tmp_path / "other.jsonl").read_text()
    release_output()
    flush()
    assert len((tmp_path / "other.jsonl").read_text().splitlines()) == 1


def test_a_forked_child_writes_its_own_events_at_once_and_none_of_its_parent(lines):
    hold_output()
    narrate("serve", "parent", "Serving in the parent")
    child = os.fork()
    if child == 0:
        narrate("serve", "child", "Serving in the child")
        flush()
        os._exit(0)
    os.waitpid(child, 0)
    assert [line.split('"target":"')[1].split('"')[0] for line in lines()] == ["child"]
    release_output()
    assert [line.split('"target":"')[1].split('"')[0] for line in lines()] == ["child", "parent"]


ALONE = """
from narration_core import Narrator, configure, flush
class Broken:
    name, background = "ledger", True
    def write(self, batch):
        raise RuntimeError("the shelf is full")
    def close(self):
        pass
configure(sinks=[Broken()], strict=False)
Narrator("shop")("serve", "1", "Serving the first")
flush(1)
"""


def test_when_the_only_sink_fails_one_line_on_standard_error_says_why():
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, timeout=60, check=True)
    first = done.stderr.splitlines()[0]
    assert first == "narration: Sink ledger failed, trying again in 5000 ms: RuntimeError: the shelf is full"
