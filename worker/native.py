"""llama.cpp's C interface: everything that touches ctypes is here.

llama-cpp-python is imported when a model is about to be loaded, not before: it costs a third of a second.
"""

import ctypes
import ctypes.util
import os
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from worker import points

WARN_LEVEL: Final = 2
ERROR_LEVEL: Final = 3
CONTINUED: Final = 5
LAST_LINES: Final = 20
_GPU_TYPES: Final = (1, 2)  # GGML_BACKEND_DEVICE_TYPE_GPU, _IGPU
_SHOWN: Final = 70
_PIECE_BYTES: Final = 256
TOKENIZERS: Final = {1: "spm", 2: "bpe", 3: "wpm", 4: "ugm", 5: "rwkv", 6: "plamo2"}


class NativeDevice(NamedTuple):
    """A device that llama.cpp can compute on.

    Attributes:
        name: such as CPU, CUDA0 or Metal.
        description: the product's name.
        is_gpu: whether it is a GPU.
        free_bytes: free memory.
        total_bytes: all memory.
        handle: what the library knows it by.
    """

    name: str
    description: str
    is_gpu: bool
    free_bytes: int
    total_bytes: int
    handle: int


class NativeLog:
    """llama.cpp's own log: narrated at debug, never written to standard error; the last warnings are kept."""

    def __init__(self) -> None:
        self.last_words: deque[str] = deque(maxlen=LAST_LINES)
        self.lines: deque[str] = deque(maxlen=4096)
        self._part = ""
        self._level = 1

    def hear(self, level: int, text: bytes | None, _: Any) -> None:
        """Take a piece of log; it may be part of a line, and may be no valid UTF-8."""
        try:
            if level != CONTINUED:
                self._level = level
            self._part += (text or b"").decode("utf-8", "replace")
            while "\n" in self._part:
                line, self._part = self._part.split("\n", 1)
                self._line(line.strip())
            self._part = self._part[-8192:]
        except Exception:  # noqa: BLE001, S110 - nothing may be raised into C
            pass

    def _line(self, line: str) -> None:
        if not line:
            return
        self.lines.append(line)
        if self._level in (WARN_LEVEL, ERROR_LEVEL):
            self.last_words.append(line)
        points.native_log(problem=line[:_SHOWN], detail=line)


class Library:
    """The loaded library: `api` is the module `llama_cpp`, with its log turned into narration.

    Raises:
        ImportError: llama-cpp-python is not installed, or its library does not load on this machine.
    """

    def __init__(self) -> None:
        # Without it ggml runs a debugger on its own process before it dies.
        os.environ.setdefault("GGML_NO_BACKTRACE", "1")
        try:
            import llama_cpp  # noqa: PLC0415 - see the module's docstring
        except (OSError, RuntimeError) as why:
            raise ImportError(f"llama.cpp's library does not load: {why}") from why
        self.api: Any = llama_cpp
        self.log = NativeLog()
        self._callback = llama_cpp.llama_log_callback(self.log.hear)
        llama_cpp.llama_log_set(self._callback, ctypes.c_void_p(0))  # after the import, which installs its own
        llama_cpp.llama_backend_init()
        self._folder = Path(os.environ.get("LLAMA_CPP_LIB_PATH") or Path(llama_cpp.__file__).parent / "lib")

    def supports_gpu(self) -> bool:
        """Tell whether this build can offload to a GPU at all."""
        return bool(self.api.llama_supports_gpu_offload())

    def devices(self) -> list[NativeDevice]:
        """Return every device that the library sees."""
        registry, base = self._ggml("ggml"), self._ggml("ggml-base")
        registry.ggml_backend_dev_count.restype = ctypes.c_size_t
        registry.ggml_backend_dev_get.restype = ctypes.c_void_p
        registry.ggml_backend_dev_get.argtypes = [ctypes.c_size_t]
        for name, result in (("name", ctypes.c_char_p), ("description", ctypes.c_char_p), ("type", ctypes.c_int)):
            function = getattr(base, f"ggml_backend_dev_{name}")
            function.restype, function.argtypes = result, [ctypes.c_void_p]
        size_pointer = ctypes.POINTER(ctypes.c_size_t)
        base.ggml_backend_dev_memory.argtypes = [ctypes.c_void_p, size_pointer, size_pointer]
        base.ggml_backend_dev_memory.restype = None
        found = []
        for index in range(registry.ggml_backend_dev_count()):
            handle = registry.ggml_backend_dev_get(index)
            free, total = ctypes.c_size_t(), ctypes.c_size_t()
            base.ggml_backend_dev_memory(handle, ctypes.byref(free), ctypes.byref(total))
            found.append(
                NativeDevice(
                    base.ggml_backend_dev_name(handle).decode("utf-8", "replace"),
                    base.ggml_backend_dev_description(handle).decode("utf-8", "replace"),
                    base.ggml_backend_dev_type(handle) in _GPU_TYPES,
                    free.value,
                    total.value,
                    handle,
                )
            )
        return found

    def _ggml(self, name: str) -> Any:
        for suffix in (".so", ".so.0", ".dylib"):
            path = self._folder / f"lib{name}{suffix}"
            if path.exists():
                return ctypes.CDLL(str(path))
        raise ImportError(f"lib{name} is not beside llama.cpp in {self._folder}")


class AbortFlag:
    """A flag that native code polls without taking the GIL: libc's `strlen` over two bytes is the callback."""

    def __init__(self, api: Any) -> None:
        self._buffer = ctypes.create_string_buffer(2)
        libc = ctypes.CDLL(ctypes.util.find_library("c") or None)
        self.callback = ctypes.cast(libc.strlen, api.ggml_abort_callback)
        self.data = ctypes.cast(self._buffer, ctypes.c_void_p)

    def set(self) -> None:
        """Ask native code to stop."""
        self._buffer[0] = b"\x01"

    def clear(self) -> None:
        """Let native code run."""
        self._buffer[0] = b"\x00"

    def is_set(self) -> bool:
        """Tell whether it was asked to stop."""
        return bool(self._buffer[0] != b"\x00")


class Vocabulary:
    """Text to tokens and back. Tokenising is safe on any thread; pieces are read by the inference thread."""

    def __init__(self, api: Any, handle: Any) -> None:
        self._api = api
        self._handle = handle
        self._pieces: dict[int, bytes | None] = {}
        self._buffer = ctypes.create_string_buffer(_PIECE_BYTES)
        self.size: int = api.llama_vocab_n_tokens(handle)
        self.kind: str = TOKENIZERS.get(api.llama_vocab_type(handle), "unknown")

    def tokenize(self, text: str) -> list[int]:
        """Return the tokens of a text, with what the model wants at its start."""
        data = text.encode()
        room = len(data) + 8
        tokens = (self._api.llama_token * room)()
        count = self._api.llama_tokenize(self._handle, data, len(data), tokens, room, True, True)  # noqa: FBT003 - C
        if count < 0:
            tokens = (self._api.llama_token * -count)()
            count = self._api.llama_tokenize(self._handle, data, len(data), tokens, -count, True, True)  # noqa: FBT003 - C
        return list(tokens[: max(count, 0)])

    def piece(self, token: int) -> bytes | None:
        """Return the bytes that a token stands for; None for one that ends the text."""
        try:
            return self._pieces[token]
        except KeyError:
            found = self._pieces[token] = self._read(token)
            return found

    def _read(self, token: int) -> bytes | None:
        if self._api.llama_vocab_is_eog(self._handle, token):
            return None
        buffer, room = self._buffer, _PIECE_BYTES
        size = self._api.llama_token_to_piece(self._handle, token, buffer, room, 0, False)  # noqa: FBT003 - C
        if size < 0:
            buffer = ctypes.create_string_buffer(-size)
            size = self._api.llama_token_to_piece(self._handle, token, buffer, -size, 0, False)  # noqa: FBT003 - C
        return bytes(buffer.raw[: max(size, 0)])


def model_params(
    library: Library,
    *,
    device: NativeDevice | None,
    progress: Callable[[float], bool],
    check_tensors: bool,
) -> tuple[Any, tuple[Any, ...]]:
    """Return the parameters of a model load, and what must stay alive while it runs.

    Args:
        library: the loaded library.
        device: the GPU that takes every layer; None computes on the CPU alone.
        progress: called with 0.0 to 1.0; False stops the load.
        check_tensors: look for invalid numbers in the weights.
    """
    api = library.api

    def safe(part: float, _: Any) -> bool:
        try:
            return progress(part)
        except Exception:  # noqa: BLE001 - an exception in the callback would count as False and fail the load
            return True

    params = api.llama_model_default_params()
    callback = api.llama_progress_callback(safe)
    devices = (ctypes.c_void_p * 2)(device.handle if device else None, None)
    params.progress_callback = callback
    params.devices = ctypes.cast(devices, ctypes.c_void_p)
    params.n_gpu_layers = -1 if device else 0
    params.split_mode = api.LLAMA_SPLIT_MODE_NONE
    params.main_gpu = 0
    params.check_tensors = check_tensors
    return params, (callback, devices)
