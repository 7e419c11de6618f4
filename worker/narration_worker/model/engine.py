"""One model, one request at a time: loading, prompt evaluation, generation, and stopping at any moment."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NoReturn

from narration_core.nouns import counted
from narration_worker import points
from narration_worker.errors import WorkerError
from narration_worker.model import chat, residency
from narration_worker.model.cpu import available_cpus, thread_count
from narration_worker.model.cuda import Cuda
from narration_worker.model.devices import Device, DeviceKind, choose_gpu
from narration_worker.model.generation import Result, StopSwitch, Token
from narration_worker.model.gguf_check import ModelFile, NotAModelError, NotForTextError, check
from narration_worker.model.memory_estimate import context_length, require_room, trained_length
from narration_worker.model.residency import Residency
from narration_worker.model.text_stream import TextStream
from narration_worker.requests import ExecuteRequest

if TYPE_CHECKING:
    from narration_worker.model.native import Model

PROGRESS_STEPS: Final = (0, 25, 50, 75)
BURST_NS: Final = 4_000_000
"""Longest time that a token waits for others, so that they are released together, in nanoseconds."""

_LONGEST_NAME: Final = 48
_NO_ROOM, _ABORTED = 1, 2


class Engine:
    """The model of this process.

    Args:
        path: the model's file.
        device: the device that computes.
        gpu: which GPU, by number.
        context_length: tokens of prompt and answer together; the model's own (at most 4096) when None.
        kv_cache_mb: largest key-value cache, in MiB; a context that needs more is shortened to fit.
        threads: threads that compute; chosen by affinity, quota and model size when None.
    """

    def __init__(
        self,
        path: Path,
        device: DeviceKind,
        gpu: int = 0,
        context_length: int | None = None,
        kv_cache_mb: int | None = None,
        threads: int | None = None,
    ) -> None:
        self.path = path
        self.model_ref = _short(path.name)
        self.device: DeviceKind = device
        self.gpu = gpu
        self.gpu_device: str | None = None
        self.file: ModelFile | None = None
        self.vram_bytes = 0
        self.residency: Residency | None = None
        self.cuda = Cuda()
        self._context_length = context_length
        self._kv_cache_mb = kv_cache_mb
        self._requested_threads = threads
        self.threads: int | None = None
        self.required_bytes: int | None = None
        self.available_bytes: int | None = None
        self._model: Model | None = None
        self._loading = StopSwitch()

    def check_device(self) -> Device | None:
        """Return the GPU to use, or None for the CPU, and narrate the choice; there is no fallback.

        Raises:
            WorkerError: CUDA_ERROR, the requested device does not exist.
        """
        if self.device == "cpu":
            points.device_cpu(device="cpu")
            return None
        from narration_worker.model import native  # noqa: PLC0415 - costs a third of a second; wrong arguments should answer at once

        device = choose_gpu(self.device, self.gpu, native.gpu_devices())
        self.gpu_device = device.name
        return device

    def check_file(self) -> ModelFile:
        """Check the model's file without native code.

        Raises:
            WorkerError: MODEL_LOAD_FAILED, it cannot be loaded.
        """
        try:
            self.file = check(self.path)
        except NotAModelError as error:
            raise WorkerError(
                "MODEL_LOAD_FAILED",
                f"cannot load model {self.path}: {error}",
                error.hint,
                str(error),
            ) from None
        size = self.file.size
        cpus = available_cpus()
        self.threads = thread_count(self._requested_threads, size, cpus)
        if self.threads > cpus:
            points.threads_exceed_cpus(threads=self.threads, cpus=cpus)
        return self.file

    def _require_generation(self, file: ModelFile) -> None:
        """Ask llama.cpp whether models of this architecture generate text, before the model is loaded."""
        from narration_worker.model import native  # noqa: PLC0415 - see check_device

        try:
            known = native.ask_architecture(file.architecture)
        except native.NativeError as error:
            raise WorkerError(
                "MODEL_LOAD_FAILED", f"cannot load model {self.path}: {error}", error.advice, str(error)
            ) from None
        if not known.has_decoder:
            what = "an encoder"
        elif known.has_encoder:
            what = "an encoder-decoder model"
        elif known.is_diffusion:
            what = "a diffusion model"
        else:
            return
        reason = f"{file.architecture} is {what}, which this worker cannot serve"
        raise WorkerError("MODEL_LOAD_FAILED", f"cannot load model {self.path}: {reason}", NotForTextError.hint, reason)

    def load(self, device: Device | None) -> None:
        """Load the model, warm it up and narrate progress at 0, 25, 50, 75 and 100 %. Blocks.

        Raises:
            WorkerError: MODEL_LOAD_FAILED or INSUFFICIENT_VRAM.
            Stopped: `cancel_load` was called.
        """
        from narration_worker.model import native  # noqa: PLC0415 - see check_device

        file = self.file or self.check_file()
        self._require_generation(file)
        length = context_length(file, self._context_length, self._kv_cache_mb)
        if length > trained_length(file) > 0:
            points.context_beyond_training(context_length=length, trained_length=trained_length(file))
        self.required_bytes, self.available_bytes = require_room(file, length, self.model_ref, device)
        steps = iter(PROGRESS_STEPS)
        upcoming = next(steps)

        def on_progress(done: float) -> bool:
            nonlocal upcoming
            while done * 100 >= upcoming and upcoming <= PROGRESS_STEPS[-1]:
                points.model_load_progress(model_ref=self.model_ref, percent=upcoming)
                upcoming = next(steps, 101)
            return self._loading.cause is None

        try:
            model = native.Model(self.path, device, length, self.threads or 1, on_progress)
        except native.NativeError as error:
            self._loading.check()
            raise WorkerError(
                "MODEL_LOAD_FAILED", f"cannot load model {self.path}: {error}", error.advice, str(error)
            ) from None
        on_progress(1.0)
        warm = [0] * native.CHUNK if model.context_length > native.CHUNK else [0]
        self._loading.connect(model.abort.set)
        code = model.evaluate(warm)
        self._loading.connect(None)
        if self._loading.cause is not None:
            model.close()
            self._loading.check()
        if code != 0:
            raise WorkerError("MODEL_LOAD_FAILED", f"model {self.path} loads but cannot compute: {model.last_error()}")
        if not model.has_logits:
            reason = "it computes, but not what text can be generated from"
            raise WorkerError("MODEL_LOAD_FAILED", f"cannot serve model {self.path}: {reason}", reason=reason)
        if not model.computes_numbers:
            reason = "it computes NaN: its weights or its metadata are damaged"
            raise WorkerError("MODEL_LOAD_FAILED", f"cannot serve model {self.path}: {reason}", reason=reason)
        if device is not None:
            self._check_placement(model, device)
            self.cuda = native.cuda(device)
        points.model_load_progress(model_ref=self.model_ref, percent=100)
        self._model = model

    def _check_placement(self, model: "Model", device: Device) -> None:
        """Refuse a model that is not wholly on the GPU; start to watch its memory."""
        placement = residency.parse_placement(model.placement_log())
        fault = placement.fault(device.name)
        if fault is not None:
            model.close()
            raise WorkerError(
                "INSUFFICIENT_VRAM",
                f"model {self.model_ref} is not wholly on {device.name}: {fault}",
                "choose a smaller model, a shorter --context-length or a GPU with more free memory",
            )
        self.vram_bytes = placement.bytes_on(device.name) or max(0, device.free_bytes - _free_bytes(device))
        self.residency = Residency(
            device.name, self.vram_bytes, residency.process_bytes, lambda: device.total_bytes - _free_bytes(device)
        )

    def cancel_load(self) -> None:
        """Stop a running load."""
        self._loading.stop("shutdown")

    @property
    def model(self) -> "Model":
        """The loaded model.

        Raises:
            WorkerError: LOADING, it is not loaded yet.
        """
        if self._model is None:
            raise WorkerError("LOADING", f"model {self.model_ref} is still loading")
        return self._model

    @property
    def loaded(self) -> bool:
        """Whether the model is ready."""
        return self._model is not None

    @property
    def resident(self) -> bool:
        """Whether the model is known to be in a GPU's memory."""
        return self.residency is not None and self.residency.resident

    def tokenise(self, request: ExecuteRequest) -> list[int]:
        """Return the prompt's tokens. Any thread may call it.

        Raises:
            WorkerError: INVALID_REQUEST, the prompt has no tokens or too many, or the model's template refuses it.
        """
        tokens = self._tokens(request)
        if not tokens:
            raise WorkerError("INVALID_REQUEST", "the prompt has no tokens in this model's vocabulary")
        if len(tokens) >= self.model.context_length:
            raise WorkerError(
                "INVALID_REQUEST",
                f"the prompt has {counted(len(tokens), 'token')}, the context holds {self.model.context_length}",
                "send a shorter prompt or start the worker with a larger --context-length",
            )
        return tokens

    def _tokens(self, request: ExecuteRequest) -> list[int]:
        model = self.model
        if request.messages is None:
            return model.tokenise(request.prompt or "", parse_special=request.parse_special)
        begin, end = model.special_texts()
        text = chat.render(model.chat_template(), request.messages, begin, end)
        # Most templates write the first token themselves; twice it would confuse the model.
        return model.tokenise(text, add_special=not (begin and text.startswith(begin)), parse_special=True)

    def generate(
        self, request: ExecuteRequest, prompt: list[int], seed: int, switch: StopSwitch
    ) -> Iterator[Token | Result]:
        """Clear the key-value cache, then yield each token and, last, the result. One thread at a time.

        Args:
            request: the request.
            prompt: its tokens, at least one.
            seed: 32 bits, not all ones.
            switch: stops the generation.

        Raises:
            Stopped: the switch was used.
            WorkerError: INTERNAL or VRAM_OOM, the native library failed; the next request works.
        """
        from narration_worker.model.native import CHUNK, Sampler  # noqa: PLC0415 - see check_device

        model = self.model
        model.clear_cache()
        limit = min(request.max_tokens, model.context_length - len(prompt))
        sampler = Sampler(
            model.vocabulary_size,
            prompt,
            temperature=request.temperature,
            top_k=request.top_k,
            top_p=request.top_p,
            min_p=request.min_p,
            repetition_penalty=request.repetition_penalty,
            seed=seed,
        )
        switch.connect(model.abort.set)
        text = TextStream(request.stop)
        began = time.monotonic_ns()
        try:
            for start in range(0, len(prompt), CHUNK):
                self._evaluate(prompt[start : start + CHUNK], switch)
            count = 0
            reason: Literal["eos", "length", "stop"] = "length"
            last: list[int] = []
            while count < limit and reason == "length":
                if last:
                    self._evaluate(last, switch)
                # A burst costs less than as many single tokens: evaluation drives Python out of the processor's caches.
                # The first token is sent by itself, so that it is early.
                most = 1 if request.stop or not last else limit - count
                burst = model.next_tokens(sampler, most, BURST_NS)
                if burst.code:
                    self._raise_failure(burst.code, 1, switch)
                fresh = [(piece, token) for piece, token in burst.tokens if piece is not None]
                if len(fresh) < len(burst.tokens):
                    reason = "eos"
                count += len(fresh)
                yield from text.tokens(fresh, count)
                if text.matched is not None:
                    reason = "stop"
                last = [burst.tokens[-1][1]]
            rest = text.finish()
            if rest:
                yield Token(rest, count, -1)
            if text.matched is not None:
                reason = "stop"
            yield Result(count, (time.monotonic_ns() - began) // 1_000_000, reason, text.matched)
        finally:
            switch.connect(None)
            model.abort.clear()
            sampler.close()

    def _evaluate(self, tokens: list[int], switch: StopSwitch) -> None:
        switch.check()
        code = self.model.evaluate(tokens)
        if code:
            self._raise_failure(code, len(tokens), switch)

    def _raise_failure(self, code: int, count: int, switch: StopSwitch) -> NoReturn:
        """Raise what an evaluation of so many tokens that went wrong means."""
        switch.check()
        reason = self.model.last_error()
        if code == _NO_ROOM:
            raise WorkerError("INTERNAL", f"the context is full: {reason}")
        kind = "VRAM_OOM" if "out of memory" in reason.lower() or "alloc" in reason.lower() else "INTERNAL"
        raise WorkerError(kind, f"llama.cpp could not evaluate {counted(count, 'token')} (code {code}): {reason}")

    def close(self) -> None:
        """Free the model."""
        if self._model is not None:
            self._model.close()
            self._model = None


def _short(name: str) -> str:
    """Return a file's name as one short piece of text; the middle of a long one is left out."""
    name = "".join(char if char.isprintable() else "?" for char in os.fsencode(name).decode("utf-8", "replace"))
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 23]}...{name[-20:]}"


def _free_bytes(device: Device) -> int:
    """Return a GPU's free memory now."""
    from narration_worker.model import native  # noqa: PLC0415 - see check_device

    return next((now.free_bytes for now in native.gpu_devices() if now.name == device.name), device.free_bytes)
