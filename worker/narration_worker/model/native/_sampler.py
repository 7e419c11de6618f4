"""The choice of the next token: llama.cpp's samplers, and the calls that are too short to release Python's lock."""

import ctypes
from collections.abc import Sequence
from typing import Any, Final

import llama_cpp

GREEDY_BELOW: Final = 1e-6
"""Temperatures below this are 0: dividing by them gives infinity in 32 bits."""


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


SHORT: Final = _KeepingTheLock()


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
        self.chain = SHORT.llama_sampler_chain_init(SHORT.llama_sampler_chain_default_params())
        penalises = repetition_penalty not in {0.0, 1.0}  # llama.cpp would divide by 0
        if penalises:
            self._add(SHORT.llama_sampler_init_penalties(vocabulary_size, 64, repetition_penalty, 0.0, 0.0))
        if temperature < GREEDY_BELOW:
            self._add(SHORT.llama_sampler_init_greedy())
        else:
            if top_k > 0:
                self._add(SHORT.llama_sampler_init_top_k(top_k))
            if top_p < 1:
                self._add(SHORT.llama_sampler_init_top_p(top_p, 1))
            if min_p > 0:
                self._add(SHORT.llama_sampler_init_min_p(min_p, 1))
            self._add(SHORT.llama_sampler_init_temp(temperature))
            self._add(SHORT.llama_sampler_init_dist(seed))
        if penalises:
            for token in prompt[-64:]:
                SHORT.llama_sampler_accept(self.chain, token)

    def _add(self, step: Any) -> None:
        SHORT.llama_sampler_chain_add(self.chain, step)

    def close(self) -> None:
        """Free the chain."""
        if self.chain:
            SHORT.llama_sampler_free(self.chain)
            self.chain = None
