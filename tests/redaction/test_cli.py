"""`narration redact`, as a real process."""

import subprocess
import sys
from pathlib import Path

import pytest

from narration_core.redaction import Redactor
from narration_core.redaction._spans import WINDOW
from narration_core.redaction._stream import StreamRedactor

SECRET = "q7Zk2Xw9" + "Lr4Tn8Vb3Mc6"
PEM = "\n".join(
    ["-----BEGIN " + "PRIVATE KEY-----", *["MIIE" + "madeUpByHand0123" * 3] * 20, "-----END " + "PRIVATE KEY-----"]
)


def run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "narration_core.cli._redact", *arguments],
        input=stdin,
        capture_output=True,
        timeout=60,
        check=False,
    )


def test_stdin_to_stdout() -> None:
    done = run(stdin=f"one\npassword={SECRET}\r\n\xff\xfe two".encode("latin-1"))
    assert done.returncode == 0
    assert done.stdout == b"one\npassword=[REDACTED]\r\n\xff\xfe two"
    assert done.stderr == b""


def test_json_lines_also_where_escapes_hide_the_name() -> None:
    line = '{"pass\\u0077ord": "' + SECRET + '", "n": 1}\n'
    assert run(stdin=(line + "{broken\n").encode()).stdout == line.replace(SECRET, "[REDACTED]").encode() + b"{broken\n"


def test_report_counts_and_never_shows(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text(f"password={SECRET}\nmail ann@example.org\nmail bob@example.org\n")
    done = run(str(log), "--report", "--marker", "rule")
    assert done.stdout == b"password=[REDACTED:secret-by-name]\nmail [REDACTED:email]\nmail [REDACTED:email]\n"
    assert done.stderr.split() == b"3 redactions 2 email 1 secret-by-name".split()
    assert log.read_text().count(SECRET) == 1


def test_check_says_where_and_exits_1(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text(f"fine\n\ntoken={SECRET}\n{PEM}\nmail ann@example.org\n")
    done = run("--check", str(log))
    assert done.returncode == 1
    assert done.stdout.decode().splitlines() == [
        f"{log}:3: secret-by-name",
        f"{log}:4: private-key",
        f"{log}:26: email",
    ]
    assert SECRET.encode() not in done.stdout + done.stderr
    assert run("-i", str(log)).returncode == 0
    done = run("--check", str(log))
    assert (done.returncode, done.stdout) == (0, b"")


def test_in_place_keeps_the_mode_and_leaves_nothing_behind(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text(f"password={SECRET}\n")
    log.chmod(0o640)
    assert run("-i", str(log)).returncode == 0
    assert log.read_text() == "password=[REDACTED]\n"
    assert log.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [log]


def test_what_cannot_be_read_or_makes_no_sense_exits_2(tmp_path: Path) -> None:
    assert run(str(tmp_path / "missing.log")).returncode == 2
    assert run("--in-place").returncode == 2
    assert run("--marker", "loud").returncode == 2
    log = tmp_path / "app.log"
    log.write_text("x")
    assert run(str(log), "-o", str(log)).returncode == 2
    assert log.read_text() == "x"
    assert run(str(log), "-o", str(tmp_path / "no" / "such" / "folder")).returncode == 2


def test_options_reach_the_policy(tmp_path: Path) -> None:
    out = tmp_path / "out.log"
    text = b"peer 192.0.2.17 mail ann@example.org, bob@example.org badge=b17"
    assert (
        run("--ips", "--allow", "ann@example.org", "--secret-key", "badge", "-o", str(out), stdin=text).returncode == 0
    )
    assert out.read_bytes() == b"peer [REDACTED] mail ann@example.org, [REDACTED] badge=[REDACTED]"
    assert run("--off", "email", stdin=b"bob@example.org").stdout == b"bob@example.org"


def test_lines_come_out_as_they_come_in() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "narration_core.cli._redact"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number in range(3):
            process.stdin.write(f"{number} password={SECRET}\n".encode())
            process.stdin.flush()
            assert process.stdout.readline() == f"{number} password=[REDACTED]\n".encode()
        process.stdin.close()
        assert process.wait(30) == 0


def test_a_reader_that_leaves_is_no_error() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "narration_core.cli._redact"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    _, said = process.communicate(b"fine\n" * 200_000, timeout=60)
    assert process.returncode == 0
    assert b"Traceback" not in said


# Linux counts what a process was before `exec` as its peak too: only a small parent gives an honest figure.
PEAK_OF_CHILD = """
import resource, subprocess, sys
subprocess.run([sys.executable, "-m", "narration_core.cli._redact"], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@pytest.mark.fault
def test_memory_is_bounded_for_one_line_without_an_end() -> None:
    piece = (f"x password={SECRET} " + "y" * 1000).encode()
    with subprocess.Popen(
        [sys.executable, "-c", PEAK_OF_CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for _ in range(60_000):
            process.stdin.write(piece)
        process.stdin.close()
        peak = int(process.stdout.read())
    assert process.returncode == 0
    assert peak < 150_000  # kilobytes, for 60 MB of input


def whole(text: str, pieces: int) -> str:
    stream = StreamRedactor(Redactor())
    size = len(text) // pieces + 1
    return "".join(stream.feed(text[at : at + size]) for at in range(0, len(text), size)) + stream.finish()


@pytest.mark.parametrize("pieces", [1, 7, 500])
@pytest.mark.parametrize("place", [0, WINDOW - 500, WINDOW, WINDOW + 15_000, 200_000])
def test_secrets_across_pieces_and_lines(pieces: int, place: int) -> None:
    filler = "all is well on this line\n" * 12_000
    cut = filler.rfind("\n", 0, place) + 1
    text = f"{filler[:cut]}{PEM}\nsecret={SECRET}\n{filler[cut:]}"
    assert whole(text, pieces) == f"{filler[:cut]}[REDACTED]\nsecret=[REDACTED]\n{filler[cut:]}"
