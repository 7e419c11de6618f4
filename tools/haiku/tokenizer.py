"""A small SentencePiece-style tokenizer with byte fallback, equal to llama.cpp's."""

import itertools
from collections import Counter
from collections.abc import Iterable
from typing import Final

SPACE: Final = "\u2581"  # SentencePiece's character for a space
UNKNOWN, BEGIN, END, FIRST_BYTE = 0, 1, 2, 3
PIECES: Final = 256


class Tokenizer:
    """Pieces of text and their ids; an earlier piece merges first.

    Args:
        pieces: the tokens after the three special ones and the 256 bytes.
    """

    def __init__(self, pieces: list[str]) -> None:
        self.pieces = pieces
        self.ids = {piece: FIRST_BYTE + 256 + index for index, piece in enumerate(pieces)}
        self.size = FIRST_BYTE + 256 + len(pieces)

    def encode(self, text: str) -> list[int]:
        """Return the token ids of a text; of all adjacent pairs, the one that forms the earliest piece merges first."""
        symbols = list(text.replace(" ", SPACE))
        while True:
            pairs = [
                (self.ids.get(a + b, self.size), index) for index, (a, b) in enumerate(itertools.pairwise(symbols))
            ]
            best, index = min(pairs, default=(self.size, 0))
            if best == self.size:
                break
            symbols[index : index + 2] = [symbols[index] + symbols[index + 1]]
        ids: list[int] = []
        for symbol in symbols:
            known = self.ids.get(symbol)
            ids.extend([known] if known is not None else [FIRST_BYTE + byte for byte in symbol.encode()])
        return ids


def learn(texts: Iterable[str]) -> Tokenizer:
    """Return a tokenizer with the ASCII characters of the texts and their most frequent combinations as pieces."""
    words = Counter(
        word
        for text in texts
        for line in text.split("\n")
        for word in line.replace(" ", f" {SPACE}").split(" ")
        if word.replace(SPACE, "").isascii()
    )
    splits = {word: list(word) for word in words}
    pieces = sorted({char for word in words for char in word} | {SPACE})
    while len(pieces) < PIECES:
        pairs: Counter[tuple[str, str]] = Counter()
        for word, symbols in splits.items():
            for pair in itertools.pairwise(symbols):
                pairs[pair] += words[word]
        if not pairs:
            break
        a, b = min(pairs, key=lambda pair: (-pairs[pair], pair))
        pieces.append(a + b)
        for symbols in splits.values():
            index = 0
            while index < len(symbols) - 1:
                if symbols[index] == a and symbols[index + 1] == b:
                    symbols[index : index + 2] = [a + b]
                index += 1
    return Tokenizer(pieces)
