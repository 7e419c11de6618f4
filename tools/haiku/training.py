"""Trains the network: a few minutes on one processor core, with the same result every time."""

import math
import random
import sys
import time
from typing import Final

import torch
from torch import nn

from tools.haiku import corpus
from tools.haiku.network import Network
from tools.haiku.tokenizer import BEGIN, END, Tokenizer

STEPS: Final = 900
BATCH: Final = 24
PEAK_RATE: Final = 3e-3
WARM_UP: Final = 40
SEED: Final = 20261121
_IGNORED: Final = -100


def batch(tokenizer: Tokenizer, chance: random.Random) -> tuple[torch.Tensor, torch.Tensor]:
    """Return inputs and targets (BATCH, length); targets are the answers without the requests."""
    rows = []
    for _ in range(BATCH):
        request, answer = corpus.sample(chance)
        prompt, target = [BEGIN, *tokenizer.encode(request)], [*tokenizer.encode(answer), END]
        ids = prompt + target
        rows.append((ids[:-1], [_IGNORED] * (len(prompt) - 1) + target))
    longest = max(len(ids) for ids, _ in rows)
    inputs = torch.tensor([ids + [END] * (longest - len(ids)) for ids, _ in rows])
    targets = torch.tensor([goal + [_IGNORED] * (longest - len(goal)) for _, goal in rows])
    return inputs, targets


def rate(step: int) -> float:
    """Return the learning rate: a short warm-up, then half a cosine."""
    if step < WARM_UP:
        return PEAK_RATE * (step + 1) / WARM_UP
    return PEAK_RATE * 0.5 * (1 + math.cos(math.pi * (step - WARM_UP) / (STEPS - WARM_UP)))


def train(tokenizer: Tokenizer, steps: int = STEPS) -> tuple[Network, float]:
    """Return the trained network and its last loss, averaged over 50 steps."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)  # more threads are not faster here, and add in a different order
    chance = random.Random(SEED)  # noqa: S311 - a corpus, not a secret
    network = Network(tokenizer.size)
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=0.05, betas=(0.9, 0.98))
    recent: list[float] = []
    began = time.monotonic()
    for step in range(steps):
        inputs, targets = batch(tokenizer, chance)
        for group in optimiser.param_groups:
            group["lr"] = rate(step)
        loss = nn.functional.cross_entropy(network(inputs).flatten(0, 1), targets.flatten(), ignore_index=_IGNORED)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        recent = [*recent[-49:], loss.item()]
        if step % 50 == 0 or step == steps - 1:
            sys.stderr.write(f"step {step:4d} of {steps}: loss {loss.item():.3f}, {time.monotonic() - began:.0f} s\n")
    return network.eval(), sum(recent) / len(recent)
