"""A loaded model: its context, its vocabulary, and the loop that generates."""

import ctypes
import math
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import llama_cpp

from narration_core.nouns import counted
from narration_worker.model.devices import Device
from narration_worker.model.native._library import LOG, NativeError
from narration_worker.model.native._sampler import SHORT, Sampler

CHUNK: Final = 128
"""Prompt tokens evaluated at once. Part of reproducibility: other chunk sizes add numbers in another order."""

_LOCK_KEPT_UP_TO: Final = 4096
"""Size of a vocabulary, in tokens, up to which sampling takes less time than getting Python's lock back after it."""

_FLASH_ATTENTION_OFF: Final = 0
_ALL_LAYERS: Final = 9999


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
        LOG.install()
        LOG.errors.clear()
        LOG.placed.clear()
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
        self._sample = (SHORT if is_short else llama_cpp).llama_sampler_sample
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
            raise NativeError(LOG.cause())
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
            raise NativeError(LOG.cause())
        return context

    def placement_log(self) -> list[str]:
        """Return the lines of the load's log that say where layers and buffers were placed."""
        return list(LOG.placed)

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

    @property
    def computes_numbers(self) -> bool:
        """Whether what the last evaluation gave are numbers: damaged weights or metadata give NaN, and then rubbish."""
        logits = llama_cpp.llama_get_logits_ith(self._context, -1)
        return not any(map(math.isnan, logits[: self.vocabulary_size]))

    def clear_cache(self) -> None:
        """Clear the key-value cache, so that a request does not depend on earlier ones."""
        llama_cpp.llama_memory_clear(self._memory, False)  # noqa: FBT003 - the buffer need not be zeroed

    def evaluate(self, tokens: Sequence[int]) -> int:
        """Evaluate at most `CHUNK` tokens; return llama.cpp's code: 0 done, 1 no room, 2 aborted, below 0 failed."""
        if LOG.errors:
            LOG.errors.clear()
        if len(tokens) == 1:
            self._one[0] = tokens[0]
            return int(llama_cpp.llama_decode(self._context, self._one_batch))
        array = (llama_cpp.llama_token * len(tokens))(*tokens)
        return int(llama_cpp.llama_decode(self._context, llama_cpp.llama_batch_get_one(array, len(tokens))))

    def next_tokens(self, sampler: Sampler, most: int, at_least_ns: int) -> Burst:
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
        return LOG.cause()

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
        raise NativeError(f"the prompt of {counted(len(data), 'byte')} could not be tokenised")
    return list(tokens[:count])


def _unless_raising(on_progress: Callable[[float], bool], done: float) -> bool:
    """Call a progress function from native code, where an exception would mean "cancel"."""
    try:
        return on_progress(done)
    except Exception:  # noqa: BLE001 - narrating progress must not fail the load
        return True
