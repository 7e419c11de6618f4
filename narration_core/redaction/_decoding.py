"""Text that stands in base64 or hexadecimal: what of it gives it away, and what it says."""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from typing import Final

from narration_core.redaction._encodings import text_encoding

_FULL: Final = 6
_MOST: Final = 16_384
_PIECES: Final = re.compile(r"[^\x00-\x08\x0e-\x1f\x7f\ufffd]{6,}")
_WEB: Final = str.maketrans("-_", "+/")
_BLANKS: Final = re.compile(r"\s+|\\[nr]")
_HEX: Final = re.compile(r"(?:^|[/\-_+])((?:[0-9a-fA-F]{2}){8,})$")
_WRITTEN_OUT: Final = 0.9


def base64_of(word: bytes) -> Iterator[str]:
    """Yield what base64 writes for some bytes wherever they stand: one text for each place in a group of three.

    Characters that depend on the bytes around are left out.

    Args:
        word: the bytes to look for.
    """
    for before in range(3):
        coded = base64.b64encode(bytes(before) + word).decode().rstrip("=")
        start = -(-before * 8 // _FULL)
        yield coded[start : (before + len(word)) * 8 // _FULL]


def hints(words: Iterable[str], least: int) -> tuple[str, ...]:
    """Return what one of some words is written as in base64 (of UTF-8 or UTF-16, also twice) or hexadecimal.

    Args:
        words: the words, each in every letter case that counts.
        least: shorter texts occur by accident and are left out.
    """
    found: dict[str, None] = {}
    for word in sorted(words):  # the same in every process: compiled databases are known by their entries
        plain = word.encode()
        once = list(base64_of(plain))
        twice = (again for text in once for again in base64_of(text.encode())) if len(plain) >= 8 else ()
        for text in (*once, *base64_of(word.encode("utf-16-le")), *twice, plain.hex()):
            if len(text) >= least:
                found[text] = None
    return tuple(found)


def decoded(value: str) -> str:
    """Return the text that a value is in base64 or hexadecimal; empty when it is none.

    Args:
        value: the value, possibly over several lines, possibly with something of its alphabet directly before it.
    """
    value = _BLANKS.sub("", value[:_MOST])
    if (written := _HEX.search(value)) is not None:
        return _read(bytes.fromhex(written[1]))
    plain = value.rstrip("=").translate(_WEB)
    best = ""
    for start in range(4):  # something else may stand directly before it, such as the folder of a path
        piece = plain[start : start + (len(plain) - start) // 4 * 4]
        rest = plain[start + len(piece) :]
        try:
            data = base64.b64decode(piece + (f"{rest}{'=' * (-len(rest) % 4)}" if len(rest) > 1 else ""))
        except (binascii.Error, ValueError):
            continue
        text = _read(data)
        if len(text) > len(data) * _WRITTEN_OUT:
            return text
        best = max(best, text, key=len)
    return best


def _read(data: bytes) -> str:
    """Return the longest piece of text in some bytes."""
    encoding = text_encoding(data)
    return max(_PIECES.findall(data.decode(encoding, "replace")), key=len, default="")
