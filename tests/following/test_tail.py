"""Files as they grow: merged, rotated, cut, and torn lines never shown in two halves."""

import gzip
import os
import signal
import subprocess
import sys

import pytest

from narration_core.following._filter import Filter
from narration_core.following._scan import Counts
from narration_core.following._tail import Tail, last_lines

pytestmark = pytest.mark.req("FOL-01")


def said(lines):
    return [line.event.human if line.event else line.text for line in lines]


def test_new_lines_of_several_files_come_in_order_of_time(logs):
    logs.tell("a", 0, "x", "old")
    logs.tell("b", 0, "x", "old")
    tail = Tail([str(logs.path("a")), str(logs.path("b"))])
    assert tail.new_lines() == []
    logs.tell("b", 2, "x", "second")
    logs.tell("a", 1, "x", "first")
    logs.tell("a", 3, "x", "third")
    assert said(tail.new_lines()) == ["first", "second", "third"]
    assert tail.new_lines() == []


def test_a_line_is_shown_when_it_is_whole(logs):
    path = logs.path("a")
    path.write_bytes(b"")
    tail = Tail([str(path)])
    with path.open("ab", buffering=0) as file:
        file.write(b"2026-11-28T21:06:40Z half")
        assert tail.new_lines() == []
        file.write(b" and half\nnext")
        assert said(tail.new_lines()) == ["2026-11-28T21:06:40Z half and half"]


def test_a_rotated_file_is_read_to_its_end_and_the_new_one_from_its_beginning(logs):
    path = logs.path("a")
    logs.tell("a", 0, "x", "old")
    tail = Tail([str(path)])
    logs.tell("a", 1, "x", "before the rotation")
    path.rename(path.with_suffix(".log.1"))
    with path.with_suffix(".log.1").open("ab") as file:
        file.write(b"last words without a line end")
    logs.tell("a", 2, "x", "after it")
    assert sorted(said(tail.new_lines())) == ["after it", "before the rotation", "last words without a line end"]
    assert "another file has its name" in tail.notes()[0]


def test_a_file_that_is_cut_is_read_from_its_beginning(logs):
    path = logs.path("a")
    for number in range(10):
        logs.tell("a", number, "x", "old")
    tail = Tail([str(path)])
    path.write_bytes(b"")
    logs.tell("a", 20, "x", "new")
    assert said(tail.new_lines()) == ["new"]
    assert "was cut" in tail.notes()[0]


def test_a_file_that_comes_later_is_read_whole_and_one_that_goes_is_waited_for(logs):
    path = logs.path("late")
    tail = Tail([str(path)])
    assert tail.new_lines() == []
    logs.tell("late", 0, "x", "here")
    assert said(tail.new_lines()) == ["here"]
    path.unlink()
    assert tail.new_lines() == []
    logs.tell("late", 1, "x", "again")
    assert said(tail.new_lines()) == ["again"]


def test_a_line_without_an_end_does_not_fill_the_memory(logs):
    path = logs.path("a")
    path.write_bytes(b"")
    tail = Tail([str(path)])
    with path.open("ab") as file:
        file.write(b"x" * (3 << 20) + b"\n2026-11-28T21:06:40Z after\n")
    assert said(tail.new_lines()) == ["2026-11-28T21:06:40Z after"]
    assert "over 1 MiB" in tail.notes()[0]


def test_the_last_lines_come_first_packed_files_included(logs):
    for number in range(30):
        logs.tell("a", number * 2, "x", f"a{number}")
        logs.tell("b", number * 2 + 1, "x", f"b{number}")
    path = logs.path("b")
    path.with_suffix(".log.gz").write_bytes(gzip.compress(path.read_bytes()))
    lines = last_lines([str(logs.path("a")), str(path.with_suffix(".log.gz"))], 3, Counts())
    assert said(lines) == ["b28", "a29", "b29"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Filter(services=["a"]), ["one", "two"]),
        (Filter(actors=["b"]), ["three"]),
        (Filter(actions=["x"]), ["one", "three"]),
        (Filter(level="warn"), ["two"]),
    ],
)
def test_filters(logs, wanted, expected):
    logs.tell("a", 0, "x", "one")
    logs.tell("a", 1, "y", "two", level="error")
    logs.tell("b", 2, "x", "three")
    lines = last_lines([str(logs.path("a")), str(logs.path("b"))], 9, Counts())
    assert said(line for line in lines if wanted.takes(line)) == expected


def test_the_command_follows_until_it_is_interrupted(logs):
    logs.tell("a", 0, "x", "before")
    command = [
        sys.executable,
        "-m",
        "narration_core.cli",
        "tail",
        str(logs.folder),
        "--grep",
        "^a x",
        "--exclude",
        "secret",
    ]
    env = {**os.environ, "TZ": "UTC", "COLUMNS": "80"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=env, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "21:06:40.000  a  before\n"
        logs.tell("a", 1, "y", "left out")
        logs.tell("a", 2, "x", "a secret")
        logs.tell("a", 3, "x", "after")
        assert process.stdout.readline() == "21:06:40.003  a  after\n"
        process.send_signal(signal.SIGINT)
        assert process.wait() == 0


def test_tail_of_standard_input_ends_with_it(logs, narration):
    logs.tell("a", 0, "x", "Only this")
    done = narration("tail", "-", given=logs.path("a").read_bytes())
    assert (done.returncode, done.stdout) == (0, "21:06:40.000  a  Only this\n")


def test_tail_is_not_held_up_by_a_named_pipe(logs, narration):
    logs.tell("a", 0, "x", "Only this")
    os.mkfifo(logs.path("b"))
    done = narration("tail", "--no-follow", str(logs.folder))
    assert (done.returncode, done.stdout) == (3, "21:06:40.000  a  Only this\n")
