"""The sampler chain of one request (M0-W-1030, M0-W-1032)."""

import secrets
from typing import Any, Final, NamedTuple

PENALTY_WINDOW: Final = 64
"""How many of the last tokens the repetition penalty looks at."""

GREEDY_BELOW: Final = 1e-3
"""Temperatures below this are greedy: dividing by them would overflow."""

LEAST_PENALTY: Final = 1e-3
_RANDOM_IN_LLAMA: Final = 0xFFFFFFFF
_U32: Final = 0xFFFFFFFF


class Sampling(NamedTuple):
    """How the next token is chosen.

    Attributes:
        temperature: 0 is greedy.
        top_p: keep the likeliest tokens up to this probability; 1 keeps all.
        top_k: keep so many tokens; 0 keeps all.
        min_p: drop tokens less likely than this part of the likeliest; 0 drops none.
        repetition_penalty: above 1 makes repetition less likely; 1 and 0 change nothing.
        seed: uint64.
    """

    temperature: float
    top_p: float
    top_k: int
    min_p: float
    repetition_penalty: float
    seed: int


def new_seed() -> int:
    """Return a random seed, below 2**32 - 1 so that every client can write it down exactly."""
    return secrets.randbelow(_RANDOM_IN_LLAMA)


def native_seed(seed: int) -> int:
    """Return llama.cpp's 32-bit seed for a uint64: itself where it fits; never the value that means "random"."""
    folded = (seed ^ (seed >> 32)) & _U32
    return folded if folded != _RANDOM_IN_LLAMA else _RANDOM_IN_LLAMA - 1


def make_chain(api: Any, sampling: Sampling, vocabulary_size: int, prompt: list[int]) -> Any:
    """Return a sampler chain: penalties, top_k, top_p, min_p, temperature, choice. The caller frees it.

    Args:
        api: the module `llama_cpp`.
        sampling: what the request asks for.
        vocabulary_size: of the model.
        prompt: tokens that the repetition penalty knows from the start.
    """
    chain = api.llama_sampler_chain_init(api.llama_sampler_chain_default_params())

    def add(sampler: Any) -> None:
        api.llama_sampler_chain_add(chain, sampler)

    penalty = sampling.repetition_penalty
    if penalty not in (0.0, 1.0):
        add(api.llama_sampler_init_penalties(vocabulary_size, PENALTY_WINDOW, max(penalty, LEAST_PENALTY), 0.0, 0.0))
    if sampling.temperature < GREEDY_BELOW:
        add(api.llama_sampler_init_greedy())
    else:
        if sampling.top_k > 0:
            add(api.llama_sampler_init_top_k(min(sampling.top_k, vocabulary_size)))
        if sampling.top_p < 1.0:
            add(api.llama_sampler_init_top_p(sampling.top_p, 1))
        if sampling.min_p > 0.0:
            add(api.llama_sampler_init_min_p(sampling.min_p, 1))
        add(api.llama_sampler_init_temp(sampling.temperature))
        add(api.llama_sampler_init_dist(native_seed(sampling.seed)))
    if penalty not in (0.0, 1.0):
        for token in prompt[-PENALTY_WINDOW:]:
            api.llama_sampler_accept(chain, token)
    return chain
