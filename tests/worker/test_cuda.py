"""What CUDA's runtime says, asked of a stand-in that was linked like the real one: into what llama.cpp loads."""

import ctypes
import shutil
import subprocess

import pytest

from narration_worker.model.cuda import Cuda, query

RUNTIME = """
int cudaRuntimeGetVersion(int *version) { *version = VERSION; return STATUS; }
int cudaDeviceGetAttribute(int *value, int attribute, int device) {
    if (device != 1) return 101;
    *value = attribute == 75 ? 12 : attribute == 76 ? 1 : -1;
    return 0;
}
"""


BACKEND = """
int cudaRuntimeGetVersion(int *);
int backend(int *version) { return cudaRuntimeGetVersion(version); }
"""


@pytest.fixture
def backend(tmp_path):
    """Return a function that compiles a runtime, links a backend with it and returns the backend."""
    compiler = shutil.which("cc") or pytest.skip(
        "needs a C compiler to build a stand-in for CUDA's runtime: install cc"
    )

    def make(version, status=0):
        name = f"runtime{version}status{status}"  # a process loads a library of one name once
        (tmp_path / "runtime.c").write_text(RUNTIME)
        (tmp_path / "backend.c").write_text(BACKEND)
        shared = [compiler, "-shared", "-fPIC", f"-DVERSION={version}", f"-DSTATUS={status}", "-o"]
        subprocess.run([*shared, f"lib{name}.so", "runtime.c"], cwd=tmp_path, check=True)
        linked = ["libbackend.so", "backend.c", "-L.", f"-l{name}", f"-Wl,-rpath,{tmp_path}"]
        subprocess.run([*shared, *linked], cwd=tmp_path, check=True)
        return ctypes.CDLL(str(tmp_path / "libbackend.so"))

    return make


@pytest.mark.req("M0-W-1320")
@pytest.mark.parametrize(
    ("version", "status", "device", "said"),
    [
        (12080, 0, "CUDA1", Cuda("12.1", "12.8")),
        (13000, 0, "CUDA1", Cuda("12.1", "13.0")),
        (11040, 35, "CUDA1", Cuda("12.1", None)),
        (12080, 0, "CUDA0", Cuda(None, "12.8")),
        (12080, 0, "Metal", Cuda()),
        (12080, 0, "CPU", Cuda()),
    ],
)
def test_the_runtime_is_asked_through_what_was_linked_with_it(backend, version, status, device, said):
    assert query(backend(version, status), device) == said


def test_a_build_without_cuda_says_nothing():
    assert query(ctypes.CDLL(None), "CUDA0") == Cuda()
