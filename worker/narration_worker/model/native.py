"""All access to llama.cpp through ctypes: devices, log, abort flag, model and context.

This module imports llama_cpp, which takes a third of a second: import it only where a model is loaded.
"""

import ctypes
import os
import re
import struct
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import llama_cpp
from llama_cpp import _ggml

from narration_worker import points
from narration_worker.model.cuda import Cuda, query
from narration_worker.model.devices import Device

CHUNK: Final = 128
"""Prompt tokens evaluated at once. Part of reproducibility: other chunk sizes add numbers in another order."""

GREEDY_BELOW: Final = 1e-6
"""Temperatures below this are 0: dividing by them gives infinity in 32 bits."""

_LOCK_KEPT_UP_TO: Final = 4096
"""Size of a vocabulary, in tokens, up to which sampling takes less time than getting Python's lock back after it."""

_FLASH_ATTENTION_OFF: Final = 0
_GPU_DEVICE: Final = 1
_ALL_LAYERS: Final = 9999
_LOG_KEPT: Final = 20
_PLACED_KEPT: Final = 4096
_PREFIX: Final = re.compile(r"^(?:\w+: |error loading model(?: architecture| hyperparameters| vocabulary)?: )*")
_LEVEL_ERROR, _LEVEL_CONTINUE = 4, 5  # of ggml_log_level


class NativeError(Exception):
    """llama.cpp failed; the message is what its log said."""


class AbortFlag:
    """A flag that llama.cpp's CPU backend polls between operations, without Python's lock.

    The callback is libc's `strlen` on a two-byte buffer: length 0 means go on, length 1 means stop.
    """

    def __init__(self) -> None:
        self._buffer = ctypes.create_string_buffer(2)
        self.callback = ctypes.cast(ctypes.CDLL(None).strlen, llama_cpp.ggml_abort_callback)
        self.data = ctypes.cast(self._buffer, ctypes.c_void_p)

    def set(self) -> None:
        """Stop the running evaluation, and any that starts before `clear`."""
        self._buffer[0] = b"\x01"

    def clear(self) -> None:
        """Allow evaluations again."""
        self._buffer[0] = b"\x00"


class _Log:
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


_log = _Log()


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
    _log.install()
    _log.errors.clear()
    parameters = llama_cpp.llama_model_default_params()
    parameters.vocab_only = True
    with tempfile.NamedTemporaryFile(suffix=".gguf") as file:
        file.write(_header_without_weights(name))
        file.flush()
        model = llama_cpp.llama_model_load_from_file(os.fsencode(file.name), parameters)
    if not model:
        raise NativeError(_log.cause())
    try:
        return Architecture(
            llama_cpp.llama_model_has_encoder(model),
            llama_cpp.llama_model_has_decoder(model),
            llama_cpp.llama_model_is_diffusion(model),
        )
    finally:
        llama_cpp.llama_model_free(model)


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


class _KeepingTheLock:
    """llama.cpp's functions by name, called without releasing Python's lock.

    For calls that take less time than waiting until another thread gives the lock back.
    """

    def __init__(self) -> None:
        self._library = ctypes.PyDLL(llama_cpp.llama_cpp._lib._name)  # noqa: SLF001 - the path of the library

    def __getattr__(self, name: str) -> Any:
        released = getattr(llama_cpp, name)
        function = self._library[name]
        function.argtypes, function.restype = released.argtypes, released.restype
        setattr(self, name, function)
        return function


_short: Final = _KeepingTheLock()


class Burst(NamedTuple):
    """Some tokens in a row.

    Attributes:
        tokens: the bytes and the id of each; no bytes for special tokens, None for one that ends the answer.
        code: of the evaluation after the last one; 0 unless it went wrong. See `Model.evaluate`.
    """

    tokens: list[tuple[bytes | None, int]]
    code: int


class _Pieces(dict[int, bytes | None]):
    """The bytes of tokens, none for special ones, None for those that end an answer; looked up once.

    Each native call releases Python's lock and must get it back.

    Args:
        vocabulary: llama.cpp's pointer to it.
    """

    def __init__(self, vocabulary: Any) -> None:
        super().__init__()
        self._vocabulary = vocabulary

    def __missing__(self, token: int) -> bytes | None:
        piece = self[token] = self._look_up(token)
        return piece

    def _look_up(self, token: int) -> bytes | None:
        if llama_cpp.llama_vocab_is_eog(self._vocabulary, token):
            return None
        room = 256
        while True:
            buffer = ctypes.create_string_buffer(room)
            size = llama_cpp.llama_token_to_piece(self._vocabulary, token, buffer, room, 0, False)  # noqa: FBT003
            if size >= 0:
                return buffer.raw[:size]
            room = -size


class Model:
    """A loaded model with its context and vocabulary. One thread at a time.

    Args:
        path: a checked GGUF file.
        device: the GPU to put everything on; None for the CPU.
        context_length: tokens of prompt and answer together.
        threads: processor threads.
        on_progress: called with 0.0 to 1.0 while weights are read; returns False to cancel.

    Raises:
        NativeError: it cannot be loaded.
    """

    def __init__(
        self,
        path: Path,
        device: Device | None,
        context_length: int,
        threads: int,
        on_progress: Callable[[float], bool],
    ) -> None:
        # When ggml gives up it would run a debugger on this process, which takes seconds and prints pages.
        os.environ.setdefault("GGML_NO_BACKTRACE", "1")
        _log.install()
        _log.errors.clear()
        _log.placed.clear()
        self.abort = AbortFlag()
        self._progress = llama_cpp.llama_progress_callback(lambda done, _: _unless_raising(on_progress, done))
        self._devices = (ctypes.c_void_p * 2)(device.handle if device else None, None)
        self._model: Any = self._load(path, device)
        self.vocabulary = llama_cpp.llama_model_get_vocab(self._model)
        self._context: Any = self._open_context(device, context_length, threads)
        self._memory = llama_cpp.llama_get_memory(self._context)
        # llama.cpp rounds the context up but not the batch, and a chunk longer than the batch ends the process.
        self.context_length = min(context_length, int(llama_cpp.llama_n_ctx(self._context)))
        self.vocabulary_size = int(llama_cpp.llama_vocab_n_tokens(self.vocabulary))
        self._pieces = _Pieces(self.vocabulary)
        # On a GPU sampling waits for the evaluation.
        is_short = device is None and self.vocabulary_size <= _LOCK_KEPT_UP_TO
        self._sample = (_short if is_short else llama_cpp).llama_sampler_sample
        self._one = (llama_cpp.llama_token * 1)()
        self._one_batch = llama_cpp.llama_batch_get_one(self._one, 1)

    def _load(self, path: Path, device: Device | None) -> Any:
        parameters = llama_cpp.llama_model_default_params()
        parameters.progress_callback = self._progress
        parameters.check_tensors = True
        parameters.load_mode = llama_cpp.LLAMA_LOAD_MODE_MMAP  # M0-W-1221
        parameters.n_gpu_layers = _ALL_LAYERS if device else 0
        parameters.split_mode = llama_cpp.LLAMA_SPLIT_MODE_NONE
        parameters.devices = ctypes.cast(self._devices, ctypes.c_void_p)
        model = llama_cpp.llama_model_load_from_file(os.fsencode(path), parameters)
        if not model:
            raise NativeError(_log.cause())
        return model

    def _open_context(self, device: Device | None, length: int, threads: int) -> Any:
        parameters = llama_cpp.llama_context_default_params()
        parameters.n_ctx = length
        parameters.n_batch = parameters.n_ubatch = CHUNK
        parameters.n_seq_max = 1
        parameters.n_threads = parameters.n_threads_batch = threads
        parameters.flash_attn_type = _FLASH_ATTENTION_OFF
        parameters.offload_kqv = device is not None
        parameters.abort_callback = self.abort.callback
        parameters.abort_callback_data = self.abort.data
        parameters.no_perf = True
        context = llama_cpp.llama_init_from_model(self._model, parameters)
        if not context:
            llama_cpp.llama_model_free(self._model)
            raise NativeError(_log.cause())
        return context

    def placement_log(self) -> list[str]:
        """Return the lines of the load's log that say where layers and buffers were placed."""
        return list(_log.placed)

    @property
    def quantisation(self) -> str:
        """How the weights are stored, such as Q8_0."""
        name = llama_cpp.llama_ftype_name(llama_cpp.llama_model_ftype(self._model))
        return name.decode() if name else "unknown"

    def tokenise(self, text: str, *, add_special: bool = True, parse_special: bool = False) -> list[int]:
        """Return a text's tokens. Any thread may call it: the vocabulary does not change.

        Args:
            text: valid Unicode.
            add_special: add the special tokens that the model wants around a text.
            parse_special: read `<s>` and the like as special tokens, not as text.

        Raises:
            NativeError: llama.cpp could not tokenise it.
        """
        return tokenise(self.vocabulary, text, add_special=add_special, parse_special=parse_special)

    def chat_template(self) -> str | None:
        """Return the model's chat template, or None when it has none."""
        template = llama_cpp.llama_model_chat_template(self._model, None)
        return template.decode("utf-8", "replace") if template else None

    def special_texts(self) -> tuple[str, str]:
        """Return the texts of the tokens that begin and end a text; empty when the model has none."""
        begin = llama_cpp.llama_vocab_bos(self.vocabulary)
        end = llama_cpp.llama_vocab_eos(self.vocabulary)
        return self._text_of(begin), self._text_of(end)

    def _text_of(self, token: int) -> str:
        if token < 0:
            return ""
        text = llama_cpp.llama_vocab_get_text(self.vocabulary, token)
        return text.decode("utf-8", "replace") if text else ""

    @property
    def has_logits(self) -> bool:
        """Whether the last evaluation gave something to sample from."""
        return bool(llama_cpp.llama_get_logits_ith(self._context, -1))

    def clear_cache(self) -> None:
        """Clear the key-value cache, so that a request does not depend on earlier ones."""
        llama_cpp.llama_memory_clear(self._memory, False)  # noqa: FBT003 - the buffer need not be zeroed

    def evaluate(self, tokens: Sequence[int]) -> int:
        """Evaluate at most `CHUNK` tokens; return llama.cpp's code: 0 done, 1 no room, 2 aborted, below 0 failed."""
        if _log.errors:
            _log.errors.clear()
        if len(tokens) == 1:
            self._one[0] = tokens[0]
            return int(llama_cpp.llama_decode(self._context, self._one_batch))
        array = (llama_cpp.llama_token * len(tokens))(*tokens)
        return int(llama_cpp.llama_decode(self._context, llama_cpp.llama_batch_get_one(array, len(tokens))))

    def next_tokens(self, sampler: "Sampler", most: int, at_least_ns: int) -> Burst:
        """Take tokens, and evaluate each but the last one of them.

        A token that ends the answer is the last one.

        Args:
            sampler: chooses them.
            most: how many at most, at least 1.
            at_least_ns: after so many nanoseconds no more are taken.
        """
        # Nothing in the loop that could be outside: evaluation drives Python out of the processor's caches, so that
        # each line between two evaluations costs many times what it seems to.
        sample, chain, context, one, batch = self._sample, sampler.chain, self._context, self._one, self._one_batch
        decode, now, pieces = llama_cpp.llama_decode, time.monotonic_ns, self._pieces
        taken: list[tuple[bytes | None, int]] = []
        until = now() + at_least_ns
        while True:
            token = one[0] = sample(chain, context, -1)
            piece = pieces[token]
            taken.append((piece, token))
            if piece is None or len(taken) == most or now() >= until:
                return Burst(taken, 0)
            code = decode(context, batch)
            if code:
                return Burst(taken, code)

    def last_error(self) -> str:
        """Return llama.cpp's first error since the last `evaluate` began."""
        return _log.cause()

    def close(self) -> None:
        """Free all native memory; the model must not be used again."""
        if self._context:
            llama_cpp.llama_free(self._context)
            llama_cpp.llama_model_free(self._model)
            self._context = self._model = None


def tokenise(vocabulary: Any, text: str, *, add_special: bool = True, parse_special: bool = False) -> list[int]:
    """Return a text's tokens; see `Model.tokenise`.

    Args:
        vocabulary: llama.cpp's pointer to a vocabulary.
        text: valid Unicode.
        add_special: add the special tokens that the model wants around a text.
        parse_special: read `<s>` and the like as special tokens, not as text.

    Raises:
        NativeError: llama.cpp could not tokenise it.
    """
    data = text.encode()
    room = len(data) + 8
    tokens = (llama_cpp.llama_token * room)()
    count = llama_cpp.llama_tokenize(vocabulary, data, len(data), tokens, room, add_special, parse_special)
    if count < 0:
        raise NativeError(f"the prompt of {len(data)} bytes could not be tokenised")
    return list(tokens[:count])


def _unless_raising(on_progress: Callable[[float], bool], done: float) -> bool:
    """Call a progress function from native code, where an exception would mean "cancel"."""
    try:
        return on_progress(done)
    except Exception:  # noqa: BLE001 - narrating progress must not fail the load
        return True


class Sampler:
    """The sampler chain of one request: penalties, top-k, top-p, min-p, temperature, choice.

    Args:
        vocabulary_size: tokens of the model.
        prompt: the prompt's tokens, which count for the repetition penalty.
        temperature: below `GREEDY_BELOW` the most likely token is always taken.
        top_k: 0 keeps all.
        top_p: 1 keeps all.
        min_p: 0 keeps all.
        repetition_penalty: 1 and 0 do nothing.
        seed: 32 bits.
    """

    def __init__(
        self,
        vocabulary_size: int,
        prompt: Sequence[int],
        *,
        temperature: float,
        top_k: int,
        top_p: float,
        min_p: float,
        repetition_penalty: float,
        seed: int,
    ) -> None:
        self.chain = _short.llama_sampler_chain_init(_short.llama_sampler_chain_default_params())
        penalises = repetition_penalty not in {0.0, 1.0}  # llama.cpp would divide by 0
        if penalises:
            self._add(_short.llama_sampler_init_penalties(vocabulary_size, 64, repetition_penalty, 0.0, 0.0))
        if temperature < GREEDY_BELOW:
            self._add(_short.llama_sampler_init_greedy())
        else:
            if top_k > 0:
                self._add(_short.llama_sampler_init_top_k(top_k))
            if top_p < 1:
                self._add(_short.llama_sampler_init_top_p(top_p, 1))
            if min_p > 0:
                self._add(_short.llama_sampler_init_min_p(min_p, 1))
            self._add(_short.llama_sampler_init_temp(temperature))
            self._add(_short.llama_sampler_init_dist(seed))
        if penalises:
            for token in prompt[-64:]:
                _short.llama_sampler_accept(self.chain, token)

    def _add(self, step: Any) -> None:
        _short.llama_sampler_chain_add(self.chain, step)

    def close(self) -> None:
        """Free the chain."""
        if self.chain:
            _short.llama_sampler_free(self.chain)
            self.chain = None
