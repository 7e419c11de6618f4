"""llama.cpp before a model is loaded: its log, the GPUs that it sees, the architectures that it knows."""

import contextlib
import ctypes
import os
import re
import struct
import tempfile
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import llama_cpp
from llama_cpp import _ggml

from narration_worker import points
from narration_worker.model.cuda import Cuda, query
from narration_worker.model.devices import Device

_GPU_DEVICE: Final = 1
_LOG_KEPT: Final = 20
_PLACED_KEPT: Final = 4096
_PREFIX: Final = re.compile(r"^(?:\w+: |error loading model(?: architecture| hyperparameters| vocabulary)?: )*")
_OPEN_FILES: Final = Path("/proc/self/fd")
_LEVEL_ERROR, _LEVEL_CONTINUE = 4, 5  # of ggml_log_level


_ADVICE: Final = {
    "Resource temporarily unavailable": "raise the limit of threads or memory (ulimit -u, ulimit -v, the container's)",
    "Cannot allocate memory": "raise the limit of memory (ulimit -v, the container's), or choose a smaller model",
    "bad_alloc": "raise the limit of memory (ulimit -v, the container's), or choose a smaller model",
}


class NativeError(Exception):
    """llama.cpp failed; the message is what its log said.

    Attributes:
        advice: what to do about it; None when its log does not tell.
    """

    @property
    def advice(self) -> str | None:
        """What to do."""
        return next((advice for sign, advice in _ADVICE.items() if sign in str(self)), None)


class Log:
    """Receives llama.cpp's log: lines become debug narration, the last errors explain failures."""

    def __init__(self) -> None:
        self.errors: deque[str] = deque(maxlen=_LOG_KEPT)
        self.placed: deque[str] = deque(maxlen=_PLACED_KEPT)
        self._lock = threading.Lock()
        self._line = ""
        self._level = 0
        self._callback = llama_cpp.llama_log_callback(self._take)

    def install(self) -> None:
        """Replace the callback that llama_cpp installs when it is imported."""
        llama_cpp.llama_log_set(self._callback, ctypes.c_void_p(0))

    def _take(self, level: int, text: bytes, _: Any) -> None:
        try:
            with self._lock:
                if level != _LEVEL_CONTINUE:
                    self._level = level
                self._line += text.decode("utf-8", "replace")
                *lines, self._line = self._line.split("\n")
                self._line = self._line[-4096:]
                if self._level == _LEVEL_ERROR:
                    self.errors.extend(line for line in lines if line.strip())
                self.placed.extend(line for line in lines if " assigned to " in line or " buffer size " in line)
            for line in lines:
                if line.strip():
                    points.native_log(native=line.strip()[:80])
        except Exception:  # noqa: BLE001, S110 - an exception must not unwind through native code
            pass

    def cause(self) -> str:
        """Return the first error since the last `clear`, without the names of native functions before it."""
        lines = [_PREFIX.sub("", line.strip()) for line in self.errors]
        return next((line for line in lines if line), "llama.cpp gave no reason")


LOG: Final = Log()


def gpu_devices() -> list[Device]:
    """Return the GPUs that this build of llama.cpp can use."""
    if not llama_cpp.llama_supports_gpu_offload():
        return []
    ggml = _ggml.libggml
    for name, result in (("get", ctypes.c_void_p), ("name", ctypes.c_char_p), ("description", ctypes.c_char_p)):
        getattr(ggml, f"ggml_backend_dev_{name}").restype = result
    ggml.ggml_backend_dev_count.restype = ctypes.c_size_t
    found = []
    for place in range(ggml.ggml_backend_dev_count()):
        handle = ctypes.c_void_p(ggml.ggml_backend_dev_get(ctypes.c_size_t(place)))
        if ggml.ggml_backend_dev_type(handle) != _GPU_DEVICE:
            continue
        free, total = ctypes.c_size_t(), ctypes.c_size_t()
        ggml.ggml_backend_dev_memory(handle, ctypes.byref(free), ctypes.byref(total))
        name, described = ggml.ggml_backend_dev_name(handle), ggml.ggml_backend_dev_description(handle)
        found.append(Device(name.decode(), described.decode(), int(handle.value or 0), free.value, total.value))
    return found


def cuda(device: Device) -> Cuda:
    """Return what the CUDA runtime reports about a device; nothing for other devices, or when it is not loaded."""
    return query(_ggml.libggml, device.name)


class Architecture(NamedTuple):
    """What llama.cpp knows about an architecture."""

    has_encoder: bool
    has_decoder: bool
    is_diffusion: bool


def ask_architecture(name: str) -> Architecture:
    """Return what this build of llama.cpp knows about an architecture; nothing of the model itself is loaded.

    Args:
        name: the value of `general.architecture`.

    Raises:
        NativeError: llama.cpp does not know it.
    """
    LOG.install()
    LOG.errors.clear()
    parameters = llama_cpp.llama_model_default_params()
    parameters.vocab_only = True
    with _file_of(_header_without_weights(name)) as path:
        model = llama_cpp.llama_model_load_from_file(path, parameters)
    if not model:
        raise NativeError(LOG.cause())
    try:
        return Architecture(
            llama_cpp.llama_model_has_encoder(model),
            llama_cpp.llama_model_has_decoder(model),
            llama_cpp.llama_model_is_diffusion(model),
        )
    finally:
        llama_cpp.llama_model_free(model)


@contextlib.contextmanager
def _file_of(data: bytes) -> Iterator[bytes]:
    """Yield the path of a file that holds the data: in memory where that works, because a disk may be read-only."""
    if hasattr(os, "memfd_create") and _OPEN_FILES.is_dir():
        descriptor = os.memfd_create("header.gguf")
        try:
            os.write(descriptor, data)
            yield f"{_OPEN_FILES}/{descriptor}".encode()
        finally:
            os.close(descriptor)
    else:
        with tempfile.NamedTemporaryFile(suffix=".gguf") as file:
            file.write(data)
            file.flush()
            yield os.fsencode(file.name)


def _header_without_weights(architecture: str) -> bytes:
    """Return a GGUF file that names an architecture and holds no vocabulary and no weights."""

    def text(value: str) -> bytes:
        data = value.encode()
        return struct.pack("<Q", len(data)) + data

    string, uint32 = struct.pack("<I", 8), struct.pack("<I", 4)
    pairs = (
        text("general.architecture") + string + text(architecture),
        text("tokenizer.ggml.model") + string + text("no_vocab"),
        text(f"{architecture}.vocab_size") + uint32 + struct.pack("<I", 1),
    )
    return b"GGUF" + struct.pack("<IQQ", 3, 0, len(pairs)) + b"".join(pairs) + bytes(64)
