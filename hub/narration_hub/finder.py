"""Finding the lines that hold a text, whatever the case of its letters, at nearly the speed of reading them."""

import re
from collections.abc import Iterator
from itertools import product
from typing import Final

import ahocorasick_rs

_SAMPLE: Final = 32 << 10  # bytes of lines that show well enough what is rare
_MOST_FORMS: Final = 16  # of a part: each letter doubles them
_LONGEST_PART: Final = 8
_OFTEN: Final = 64  # a part that a block holds more often tells too little
_CANDIDATE_COST: Final = 16  # of looking at a line, in stops at a byte that may begin a part
_UNCASED: Final = re.compile(rb"[^a-z]+")


class Finder:
    """Finds lines by a part of the text that is rare in them, and looks at those lines only.

    The part is searched in all its forms, of large and small letters; what it costs to search for them depends on how
    often its first byte occurs. Where the part is in too many lines, the whole text is searched in small letters.

    Args:
        text: what to find; letters of ASCII are small.
    """

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._sampled = -1
        self._parts = ahocorasick_rs.BytesAhoCorasick([text])

    def lines(self, data: bytes | bytearray, start: int = 0) -> Iterator[bytes]:
        """Yield the lines that hold the text, without their ends, the last one first.

        Args:
            data: whole lines.
            start: where the first one begins.
        """
        if self._sampled < min(_SAMPLE, len(data) - start):
            self._choose(bytes(data[max(start, len(data) - _SAMPLE) :]))
        with memoryview(data)[start:] as searched:
            found = self._parts.find_matches_as_indexes(searched)
        if len(found) > _OFTEN:
            yield from _lines_with(self._text, data, start)
            return
        begin = len(data)
        for _, place, _ in reversed(found):
            if start + place < begin:  # else it is in a line that was looked at already
                begin, end = _line_at(data, start + place)
                line = bytes(data[begin:end])
                if self._text in line.lower():
                    yield line

    def _choose(self, sample: bytes) -> None:
        self._sampled = len(sample)
        lines = sample.lower()
        part = min(sorted(_parts(self._text)), key=lambda part: _cost(part, lines))
        self._parts = ahocorasick_rs.BytesAhoCorasick(_forms(part))


def _lines_with(text: bytes, data: bytes | bytearray, start: int) -> Iterator[bytes]:
    lowered = data.lower()
    end = len(data)
    while (place := lowered.rfind(text, start, end)) >= 0:
        begin, stop = _line_at(data, place)
        yield bytes(data[begin:stop])
        end = max(0, begin - 1)


def _line_at(data: bytes | bytearray, place: int) -> tuple[int, int]:
    """Return where a line begins and ends."""
    end = data.find(b"\n", place)
    return data.rfind(b"\n", 0, place) + 1, end if end >= 0 else len(data)


def _parts(text: bytes) -> set[bytes]:
    """Return the parts of a text that have few forms."""
    parts = set(_UNCASED.findall(text))
    for start in range(len(text)):
        end, forms = start, 1
        while end < min(len(text), start + _LONGEST_PART) and (forms := forms * len(_cases(text[end]))) <= _MOST_FORMS:
            end += 1
        parts.add(text[start:end])
    return parts


def _cases(byte: int) -> tuple[int, ...]:
    """Return a byte and, if it is a small letter, the large one."""
    return (byte, byte - 32) if ord("a") <= byte <= ord("z") else (byte,)


def _forms(part: bytes) -> list[bytes]:
    return [bytes(form) for form in product(*map(_cases, part))]


def _cost(part: bytes, lines: bytes) -> int:
    """Return about what it costs to search for a part in lines in small letters."""
    stops = lines.count(part[:1]) if _UNCASED.fullmatch(part) is None else 0  # what has one form is found as a whole
    return stops + _CANDIDATE_COST * lines.count(part)
