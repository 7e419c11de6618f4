"""Model files as people have them: names in any encoding, several parts, and machines and containers that are small."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys

import pytest
from gguf import GGUFReader, GGUFValueType, GGUFWriter

from narration_core import decode
from narration_worker.client import WorkerClient
from narration_worker.config import BUNDLED
from narration_worker.errors import WorkerError
from narration_worker.launch import launch
from narration_worker.model import memory_estimate
from narration_worker.model.cpu import cgroup_folders
from narration_worker.model.engine import Engine
from narration_worker.model.gguf_check import NotAModelError, check
from narration_worker.model.memory_estimate import available_bytes, estimate_bytes, require_room

STRICT = {"NARRATION_STRICT": "1", "NARRATION_FORMAT": "json"}
MEGABYTE = 1_000_000


def split(source, folder, parts):
    """Write a model as several files, as llama.cpp's gguf-split does; return them."""
    reader = GGUFReader(source)
    tensors = list(reader.tensors)
    files = [folder / f"model-{part + 1:05d}-of-{parts:05d}.gguf" for part in range(parts)]
    for part, file in enumerate(files):
        writer = GGUFWriter(file, "llama")
        writer.add_uint16("split.no", part)
        writer.add_uint16("split.count", parts)
        writer.add_int32("split.tensors.count", len(tensors))
        for field in reader.fields.values() if part == 0 else ():
            if not field.name.startswith("GGUF.") and field.name != "general.architecture":
                kind = field.types[0]
                writer.add_key_value(
                    field.name,
                    field.contents(),
                    kind,
                    sub_type=field.types[-1] if kind == GGUFValueType.ARRAY else None,
                )
        for tensor in tensors[part::parts]:
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
    return files


async def one_text(model):
    async with launch(model, environment=STRICT) as worker, WorkerClient(worker.url) as client:
        text = await client.text(prompt="Write a haiku", temperature=0.0, max_tokens=20)
        await worker.stop()
        return text, worker


@pytest.mark.req("M0-W-1200", "M0-W-1111")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("mod\u00e8le \u6a21\u578b \U0001f680.gguf".encode(), id="UTF-8"),
        pytest.param(b"mod\xe8le.gguf", id="Latin-1"),
        pytest.param(b"\xff\xfe\x80.gguf", id="no encoding"),
        pytest.param(b"line\nbreak \x1b[31m.gguf", id="control characters"),
        pytest.param(b"x" * 200 + b".gguf", id="long"),
    ],
)
def test_a_model_file_may_have_any_name_and_its_story_stays_readable(tmp_path, name):
    folder = os.fsencode(tmp_path)
    path = os.fsdecode(os.path.join(folder, name))  # noqa: PTH118 - a name of bytes
    shutil.copy(BUNDLED, path)
    text, worker = asyncio.run(one_text(path))
    assert text
    assert not worker.other_output  # nothing that is not narration: no warning either
    for event in worker.events:
        assert event.get("model_ref").isprintable()
        assert len(event.human) <= 100


@pytest.mark.req("M0-W-1200")
@pytest.mark.parametrize("parts", [2, 3])
def test_a_model_in_several_files_is_served_like_the_whole_one(tmp_path, parts):
    files = split(BUNDLED, tmp_path, parts)
    assert check(files[0]).size == sum(file.stat().st_size for file in files)
    whole, _ = asyncio.run(one_text(BUNDLED))
    assert asyncio.run(one_text(files[0]))[0] == whole


@pytest.mark.req("M0-W-1200")
def test_a_part_that_is_missing_or_comes_first_is_told_by_its_name(tmp_path):
    files = split(BUNDLED, tmp_path, 3)
    with pytest.raises(NotAModelError, match="it is shard 3 of 3"):
        check(files[2])
    files[1].unlink()
    missing = r"shards missing: 1 of 3, the first is model-00002-of-00003\.gguf"
    with pytest.raises(NotAModelError, match=missing) as refused:
        check(files[0])
    assert refused.value.hint is not None
    assert refused.value.hint.endswith("put all of them into its folder under their own names")


@pytest.fixture
def container(tmp_path, monkeypatch):
    """Return a function that makes this process live in a cgroup with these files."""

    def limits(membership, **files):
        (tmp_path / "cgroup").write_text(membership)
        for name, content in files.items():
            file = tmp_path / "fs" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)

        def folders(controller):
            return cgroup_folders(controller, tmp_path / "fs", tmp_path / "cgroup")

        monkeypatch.setattr(memory_estimate, "cgroup_folders", folders)
        (tmp_path / "meminfo").write_text("MemTotal: 9000000 kB\nMemAvailable: 4000000 kB\n")
        return available_bytes(tmp_path / "meminfo")

    return limits


@pytest.mark.req("M0-W-1020")
@pytest.mark.parametrize(
    ("membership", "files", "free"),
    [
        ("0::/\n", {}, 4_096_000_000),
        ("0::/\n", {"memory.max": "max\n", "memory.current": "5"}, 4_096_000_000),
        ("0::/\n", {"memory.max": "300000000\n", "memory.current": "100000000\n"}, 200 * MEGABYTE),
        (
            "0::/\n",
            {
                "memory.max": "300000000",
                "memory.current": "290000000",
                "memory.stat": "anon 1\ninactive_file 100000000\nactive_file 50000000\n",
            },
            160 * MEGABYTE,
        ),
        ("0::/\n", {"memory.max": "300000000", "memory.current": "400000000"}, 0),
        (
            "0::/pod/worker\n",
            {
                "pod/memory.max": "200000000",
                "pod/memory.current": "50000000",
                "pod/worker/memory.max": "max",
                "pod/worker/memory.current": "50000000",
            },
            150 * MEGABYTE,
        ),
        (
            "9:memory:/\n",
            {"memory/memory.limit_in_bytes": "300000000", "memory/memory.usage_in_bytes": "100000000"},
            200 * MEGABYTE,
        ),
    ],
)
def test_free_memory_is_what_the_container_leaves(container, membership, files, free):
    assert container(membership, **files) == free


@pytest.mark.req("M0-W-1020")
def test_a_model_that_does_not_fit_into_the_container_is_refused_with_the_amounts(container, monkeypatch):
    file = check(BUNDLED)
    needed = estimate_bytes(file, 512, on_gpu=False)
    free = container("0::/\n", **{"memory.max": str(needed - 1), "memory.current": "0"})
    monkeypatch.setattr(memory_estimate, "available_bytes", lambda: free)
    with pytest.raises(WorkerError, match=r"haiku.gguf needs \d+ MB, \d+ MB free on this machine") as refused:
        require_room(file, 512, "haiku.gguf", None)
    assert (refused.value.code, refused.value.status) == ("INSUFFICIENT_MEMORY", 503)


@pytest.mark.req("M0-W-1340", "M0-W-1111")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("moment", ["check", "ask_architecture"])
def test_a_signal_while_the_file_is_checked_or_llama_cpp_is_loaded_is_narrated(root, moment, number):
    """The program stops itself at the moment in question, which no test could time from outside."""
    module = {"check": "gguf_check", "ask_architecture": "native"}[moment]
    program = (
        "import os, signal\n"
        "from narration_core.serving.early_signals import remember_signals\n"
        "remember_signals()\n"
        f"from narration_worker.model import engine, {module}\n"
        f"original = {module}.{moment}\n"
        "def interrupted(*args):\n"
        f"    os.kill(os.getpid(), {int(number)})\n"
        "    return original(*args)\n"
        f"{module}.{moment} = interrupted\n"
        f"if hasattr(engine, '{moment}'): engine.{moment} = interrupted\n"
        "from narration_worker.cli import command\n"
        "command(['--model', 'bundled', '--device', 'cpu'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, cwd=root,
        env={**os.environ, **STRICT}, check=False,
    )  # fmt: skip
    events = [decode(line.encode()) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr
    assert [event.action for event in events[-2:]] == ["drain", "shutdown"]
    assert events[-1].get("signal") == signal.Signals(number).name
    assert "ready" not in {event.action for event in events}


@pytest.mark.req("M0-W-1822")
@pytest.mark.parametrize(
    ("make", "message", "hint"),
    [
        (lambda path: path.symlink_to(path), "it cannot be read: too many levels of symbolic links", None),
        (lambda path: path.touch(), "it has only 0 bytes", "give a GGUF version 3 file with --model"),
        (lambda _: None, "there is no such file", None),
    ],
    ids=["a loop of links", "an empty file", "no file"],
)
def test_only_a_file_of_another_kind_is_answered_with_the_kind_that_is_needed(tmp_path, make, message, hint):
    path = tmp_path / "model.gguf"
    make(path)
    with pytest.raises(WorkerError) as refused:
        Engine(path, "cpu").check_file()
    assert (refused.value.message, refused.value.hint) == (f"cannot load model {path}: {message}", hint)
