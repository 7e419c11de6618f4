"""Every line with a needle is found, whatever the block size, by a reader that never holds the file."""

import bz2
import gzip
import lzma
import os

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from narration_core.following import _scan
from narration_core.following._log_files import find
from narration_core.following._scan import Counts, LogReader

pytestmark = pytest.mark.req("FOL-01")

LINES = st.lists(st.binary(max_size=40).map(lambda line: line.replace(b"\n", b"").replace(b"\r", b"")), max_size=60)
NEEDLES = st.lists(st.binary(min_size=1, max_size=4).filter(lambda needle: b"\n" not in needle), min_size=1, max_size=8)


def hits(path, needles, counts=None):
    with LogReader() as reader:
        return [(hit.offset, hit.line) for hit in reader.hits(str(path), needles, counts or Counts())]


@settings(max_examples=300)
@given(
    lines=LINES,
    needles=NEEDLES,
    block=st.sampled_from([8, 16, 61, 256]),
    longest=st.sampled_from([10, 25, 1000]),
    ends=st.booleans(),
)
def test_the_lines_of_a_naive_reader_are_found(tmp_path_factory, lines, needles, block, longest, ends):
    path = tmp_path_factory.mktemp("scan") / "a.log"
    data = b"\n".join(lines) + (b"\n" if ends else b"")
    assume(not data.startswith((b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"PK\3\4")))  # packed
    path.write_bytes(data)
    expected, too_long, offset = [], 0, 0
    for line in data.split(b"\n"):
        if any(needle in line for needle in needles):
            if len(line) <= longest:
                expected.append((offset, line))
            else:
                too_long += 1
        offset += len(line) + 1
    counts = Counts()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_scan, "BLOCK", block)
        patch.setattr(_scan, "MAX_LINE", longest)
        found = hits(path, needles, counts)
    assert found == expected
    assert counts.too_long == too_long
    assert counts.bytes == len(data)


def test_a_packed_file_is_read_as_the_plain_one(tmp_path):
    (tmp_path / "a.log").write_bytes(b"one req-1\ntwo\nthree req-1")
    (tmp_path / "a.log.gz").write_bytes(gzip.compress(b"one req-1\ntwo\nthree req-1"))
    assert hits(tmp_path / "a.log.gz", [b"req-1"]) == hits(tmp_path / "a.log", [b"req-1"])


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_with_a_mark_is_read(tmp_path, encoding):
    mark = "\ufeff".encode(encoding)
    (tmp_path / "a.log").write_bytes(mark + "eins req-1 größer\r\nzwei".encode(encoding))
    assert [line.decode() for _, line in hits(tmp_path / "a.log", [b"req-1"])] == ["eins req-1 größer"]


def test_a_file_that_is_gone_or_damaged_is_counted_and_the_others_are_read(tmp_path):
    (tmp_path / "torn.log.gz").write_bytes(gzip.compress(b"req-1\n" * 100_000)[:-20])
    (tmp_path / "no.log.gz").write_bytes(b"not gzip at all")
    counts = Counts()
    assert hits(tmp_path / "missing.log", [b"req-1"], counts) == []
    assert hits(tmp_path / "no.log.gz", [b"req-1"], counts) == []
    assert len(hits(tmp_path / "torn.log.gz", [b"req-1"], counts)) > 1000
    assert len(counts.faults) == 3
    assert "missing.log: No such file" in counts.faults[0]


def test_the_last_part_of_a_file_starts_at_a_whole_line(tmp_path):
    (tmp_path / "a.log").write_bytes(b"".join(b"line %d\n" % number for number in range(1000)))
    with LogReader() as reader:
        lines = list(reader.lines(str(tmp_path / "a.log"), Counts(), last=100))
    assert lines == [b"line %d" % number for number in range(1000 - len(lines), 1000)]
    assert 9 <= len(lines) <= 12


def test_a_file_that_shrinks_while_it_is_read_stops_nothing(tmp_path):
    path = tmp_path / "a.log"
    path.write_bytes(b"req-1 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n" * 50_000)
    counts = Counts()
    with LogReader() as reader:
        found = reader.hits(str(path), [b"req-1"], counts)
        next(found)
        path.write_bytes(b"")
        rest = list(found)
    assert rest
    assert not counts.faults


@pytest.mark.parametrize(("name", "pack"), [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)])
def test_packed_files_are_known_by_their_name_or_by_their_first_bytes(tmp_path, name, pack):
    for path in (tmp_path / f"a.log.{name}", tmp_path / "a.log"):
        path.write_bytes(pack(b"one id-1\ntwo\n"))
        assert hits(path, [b"id-1"]) == [(0, b"one id-1")]


def test_a_file_packed_in_a_way_that_is_not_read_is_counted(tmp_path):
    path = tmp_path / "a.log"
    path.write_bytes(b"\x28\xb5\x2f\xfdrest")
    counts = Counts()
    assert hits(path, [b"id-1"], counts) == []
    assert counts.faults == [f"{path}: it is packed as .zst, which is not read here: unpack it first"]


@pytest.mark.parametrize("kind", ["named pipe", "device"])
def test_what_may_never_end_is_left_out_and_counted(tmp_path, kind):
    path = tmp_path / "a.log"
    os.mkfifo(path) if kind == "named pipe" else path.symlink_to("/dev/zero")
    counts = Counts()
    assert hits(path, [b"id-1"], counts) == []
    assert counts.faults == [f"{path}: it is no regular file, and may never end; left out"]


def test_a_pipe_that_is_open_already_can_be_searched_twice():
    read_end, write_end = os.pipe()
    os.write(write_end, b"one id-1\n")
    os.close(write_end)
    with LogReader() as reader:
        for _ in range(2):
            assert [hit.line for hit in reader.hits(f"/dev/fd/{read_end}", [b"id-1"], Counts())] == [b"one id-1"]
    os.close(read_end)


@pytest.mark.parametrize(
    "name", ["a.log", "a.jsonl.gz", "a.log.1", "a.log.2026-11-28", "a.log-20261128.xz", "a.log.1.bz2"]
)
def test_rotated_and_packed_logs_are_found_in_a_folder(tmp_path, name):
    (tmp_path / name).write_bytes(b"")
    assert find([str(tmp_path)]) == [str(tmp_path / name)]
