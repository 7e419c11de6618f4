"""The network: a small llama architecture."""

import math
from typing import Final

import torch
from torch import nn

WIDTH: Final = 128
LAYERS: Final = 4
HEADS: Final = 4
HIDDEN: Final = 384
EPSILON: Final = 1e-5
ROPE_BASE: Final = 10_000.0


class Norm(nn.Module):
    """Root mean square normalisation."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(WIDTH))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalise (..., WIDTH)."""
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + EPSILON) * self.weight


def rotate(x: torch.Tensor) -> torch.Tensor:
    """Apply rotary positions to (batch, heads, length, size); pairs are interleaved, which is llama.cpp's layout."""
    length, size = x.shape[-2:]
    angles = torch.outer(torch.arange(length), ROPE_BASE ** (-torch.arange(0, size, 2) / size))
    cos, sin = angles.cos(), angles.sin()
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)


class Block(nn.Module):
    """Attention and feed-forward."""

    def __init__(self) -> None:
        super().__init__()
        self.attn_norm, self.ffn_norm = Norm(), Norm()
        self.attn_q, self.attn_k, self.attn_v, self.attn_output = (
            nn.Linear(WIDTH, WIDTH, bias=False) for _ in range(4)
        )
        self.ffn_gate, self.ffn_up = (nn.Linear(WIDTH, HIDDEN, bias=False) for _ in range(2))
        self.ffn_down = nn.Linear(HIDDEN, WIDTH, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Transform (batch, length, WIDTH)."""
        batch, length, _ = x.shape
        h = self.attn_norm(x)
        q, k, v = (
            part(h).view(batch, length, HEADS, WIDTH // HEADS).transpose(1, 2)
            for part in (self.attn_q, self.attn_k, self.attn_v)
        )
        attended = nn.functional.scaled_dot_product_attention(rotate(q), rotate(k), v, is_causal=True)
        x = x + self.attn_output(attended.transpose(1, 2).reshape(batch, length, WIDTH))
        h = self.ffn_norm(x)
        gated: torch.Tensor = self.ffn_down(nn.functional.silu(self.ffn_gate(h)) * self.ffn_up(h))
        return x + gated


class Network(nn.Module):
    """Token ids in, logits out.

    Args:
        vocabulary: number of tokens.
    """

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.token_embd = nn.Embedding(vocabulary, WIDTH)
        self.blk = nn.ModuleList(Block() for _ in range(LAYERS))
        self.output_norm = Norm()
        self.output = nn.Linear(WIDTH, vocabulary, bias=False)
        for name, parameter in self.named_parameters():
            if parameter.dim() > 1:
                last = name.endswith(("attn_output.weight", "ffn_down.weight"))
                nn.init.normal_(parameter, std=0.02 / (math.sqrt(2 * LAYERS) if last else 1))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Return logits (batch, length, vocabulary) for ids (batch, length)."""
        x = self.token_embd(ids)
        for block in self.blk:
            x = block(x)
        logits: torch.Tensor = self.output(self.output_norm(x))
        return logits
