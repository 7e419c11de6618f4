"""Checks that llama.cpp computes the same as the trainer, and that the model writes haikus."""

from pathlib import Path
from typing import Any, Final

import llama_cpp
import numpy as np
import torch

from tools.haiku import corpus
from tools.haiku.network import Network
from tools.haiku.tokenizer import Tokenizer

PROMPTS: Final = (
    "Write a haiku about GPU computing",
    "A haiku about memory, please",
    "Write a haiku about 🚀",
    "写一首关于显卡的俳句",
)


def load(path: Path) -> Any:
    """Return the model in llama.cpp, in full precision where there is a choice."""
    return llama_cpp.Llama(
        str(path),
        n_ctx=512,
        n_threads=1,
        logits_all=True,
        verbose=False,
        type_k=llama_cpp.GGML_TYPE_F32,
        type_v=llama_cpp.GGML_TYPE_F32,
    )


def token_parity(model: Any, tokenizer: Tokenizer) -> None:
    """Check that llama.cpp splits texts into the same tokens.

    Raises:
        AssertionError: the tokens differ.
    """
    for text in (*PROMPTS, *sorted(corpus.answers())[:200]):
        theirs = model.tokenize(text.encode(), add_bos=False, special=False)
        if theirs != tokenizer.encode(text):
            raise AssertionError(f"llama.cpp splits {text!r} into {theirs}, the trainer into {tokenizer.encode(text)}")


def logit_difference(model: Any, network: Network, tokenizer: Tokenizer) -> float:
    """Return the largest difference between llama.cpp's logits and the trainer's, over prompts and answers."""
    worst = 0.0
    for prompt in PROMPTS:
        ids = [1, *tokenizer.encode(prompt + "\nTen thousand small cores\n")]
        model.reset()
        model.eval(ids)
        with torch.no_grad():
            ours = network(torch.tensor([ids]))[0].numpy()
        worst = max(worst, float(np.abs(model.scores[: len(ids)] - ours).max()))
    return worst


def generate(model: Any, prompt: str, seed: int, temperature: float) -> str:
    """Return the model's answer."""
    answer = model.create_completion(
        prompt, max_tokens=128, seed=seed, temperature=temperature, top_p=1.0, min_p=0.0, top_k=0
    )
    text: str = answer["choices"][0]["text"]
    return text


def three_lines(text: str) -> bool:
    """Tell whether a text, stripped, has three lines and none is empty."""
    lines = text.strip().split("\n")
    return len(lines) == 3 and all(line.strip() for line in lines)  # noqa: PLR2004 - a haiku
