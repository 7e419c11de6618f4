"""A small SentencePiece-style tokenizer with byte fallback, the way llama.cpp reads and applies it."""

import itertools
from collections import Counter
from collections.abc import Iterable
from typing import Final

SPACE: Final = "\u2581"  # how SentencePiece writes a space
UNKNOWN, BEGIN, END, FIRST_BYTE = 0, 1, 2, 3
PIECES: Final = 256


class Tokenizer:
    """Pieces with their ids; a piece's rank is its score, earlier merges win.

    Args:
        pieces: what follows the three special and the 256 byte tokens.
    """

    def __init__(self, pieces: list[str]) -> None:
        self.pieces = pieces
        self.ids = {piece: FIRST_BYTE + 256 + place for place, piece in enumerate(pieces)}
        self.size = FIRST_BYTE + 256 + len(pieces)

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text: the adjacent pair whose union is the best-ranked piece merges first."""
        symbols = list(text.replace(" ", SPACE))
        while True:
            pairs = [
                (self.ids.get(a + b, self.size), place) for place, (a, b) in enumerate(itertools.pairwise(symbols))
            ]
            best, place = min(pairs, default=(self.size, 0))
            if best == self.size:
                break
            symbols[place : place + 2] = [symbols[place] + symbols[place + 1]]
        ids: list[int] = []
        for symbol in symbols:
            known = self.ids.get(symbol)
            ids.extend([known] if known is not None else [FIRST_BYTE + byte for byte in symbol.encode()])
        return ids


def learn(texts: Iterable[str]) -> Tokenizer:
    """Return a tokenizer whose pieces are the ASCII characters of the texts and their most frequent unions."""
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
            place = 0
            while place < len(symbols) - 1:
                if symbols[place] == a and symbols[place + 1] == b:
                    symbols[place : place + 2] = [a + b]
                place += 1
    return Tokenizer(pieces)
