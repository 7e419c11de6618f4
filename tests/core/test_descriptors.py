"""Lines go where they belong, or nowhere: descriptors that are closed, and whose numbers others get, as in a daemon."""

import json
import subprocess
import sys
import textwrap

import pytest

TOLD = """
n("act", "t", "After")
n.error("act", "t", "Fails", error_kind="x")
print(json.dumps(dict(stats()["outputs"], left=flush(1))), file=sys.stderr)
"""


def run(program, output, *, cwd):
    """Run a program whose standard output is a file, a pipe or nothing; returns what it wrote there, and said."""
    text = "import json, os, socket, sys\nfrom narration_core import FileSink, Narrator, configure, flush, stats\n"
    text += "n = Narrator('svc')\n" + textwrap.dedent(program) + TOLD
    out = cwd / "out"
    command = [sys.executable, "-c", text]
    with out.open("wb") as file:
        piped = output == "pipe"
        done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE if piped else file, stderr=subprocess.PIPE,
                              text=True, timeout=60, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    written = done.stdout if piped else out.read_text()
    return [json.loads(line)["human"] for line in written.splitlines()], done.stderr.splitlines()


OTHERS = {
    "a data file": "os.open('data', os.O_RDWR | os.O_CREAT)",
    "a log of others": "os.open('data', os.O_WRONLY | os.O_CREAT | os.O_APPEND)",
    "a socket": "s, t = socket.socketpair(); assert 1 in (s.fileno(), t.fileno())",
}


@pytest.mark.req("DEL-02")
@pytest.mark.parametrize("output", ["file", "pipe"])
@pytest.mark.parametrize("before", ["", "n('act', 't', 'Before')"], ids=["at once", "later"])
@pytest.mark.parametrize("other", OTHERS)
def test_no_line_is_written_into_a_file_that_got_the_number_of_standard_output(tmp_path, other, before, output):
    program = f"{before}\nos.close(1)\n{OTHERS[other]}"
    if other == "a socket":
        program += "\nimport atexit; u = t if s.fileno() == 1 else s; u.setblocking(False)"
        program += "\natexit.register(lambda: print(u.recv(9), file=sys.stderr))"
    written, said = run(program, output, cwd=tmp_path)
    assert written == (["Before"] if before else [])
    if other == "a socket":
        assert "BlockingIOError" in said[-1]
    else:
        assert (tmp_path / "data").read_bytes() == b""
    assert json.loads(next(line for line in said if line.startswith("{")))["stdout"]["state"] == "failed"
    assert any("belongs to another file" in line for line in said)


PUT_THERE = {
    "dup2 of a file": "f = os.open('data', os.O_WRONLY | os.O_CREAT); os.dup2(f, 1); os.close(f)",
    "dup2 over a closed one": "os.close(1); f = os.open('x', os.O_RDWR | os.O_CREAT); "
    "g = os.open('data', os.O_WRONLY | os.O_CREAT); os.dup2(g, 1)",
    "a stream of its own": "os.close(1); sys.stdout = open('data', 'w')",
}


@pytest.mark.req("DEL-02")
@pytest.mark.parametrize("output", ["file", "pipe"])
@pytest.mark.parametrize("before", ["", "n('act', 't', 'Before')"], ids=["at once", "later"])
@pytest.mark.parametrize("how", PUT_THERE)
def test_what_a_program_puts_in_the_place_of_standard_output_gets_its_lines(tmp_path, how, before, output):
    written, said = run(f"{before}\n{PUT_THERE[how]}", output, cwd=tmp_path)
    assert written == (["Before"] if before else [])
    there = (tmp_path / "data").read_text().splitlines()
    assert [json.loads(line)["human"] for line in there] == ["After", "Fails"]
    assert len(said) == 1


@pytest.mark.req("DEL-02")
def test_standard_output_that_children_do_not_get_is_still_standard_output(tmp_path):
    assert run("os.set_inheritable(1, False)", "pipe", cwd=tmp_path)[0] == ["After", "Fails"]
    assert run("os.set_inheritable(1, False)", "file", cwd=tmp_path)[0] == ["After", "Fails"]


@pytest.mark.req("DEL-02")
@pytest.mark.parametrize("reused", [False, True])
def test_a_daemon_that_closes_all_descriptors_goes_on_writing_its_file_and_no_other(tmp_path, reused):
    program = """
        configure(sinks=[FileSink("events")])
        n("act", "t", "Before")
        os.closerange(3, 4096)
    """
    if reused:
        program += "    files = [os.open(f'data{i}', os.O_RDWR | os.O_CREAT) for i in range(20)]"
    _, said = run(program, "pipe", cwd=tmp_path)
    lines = (tmp_path / "events").read_text().splitlines()
    assert [json.loads(line)["human"] for line in lines] == ["Before", "After", "Fails"]
    assert not any(path.read_bytes() for path in tmp_path.glob("data*"))
    assert json.loads(said[0])["left"] == 0


@pytest.mark.req("DEL-02")
def test_a_file_is_written_where_a_program_may_open_few(tmp_path):
    program = """
        import resource
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        configure(sinks=[FileSink("events")])
    """
    run(program, "pipe", cwd=tmp_path)
    assert len((tmp_path / "events").read_text().splitlines()) == 2
