"""Bytes that are text: UTF-8, or UTF-16 and UTF-32 with a mark at the start or with the zeros that ASCII has in them."""

import codecs
from typing import Final

_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LOOKED_AT: Final = 512


def text_encoding(data: bytes) -> str:
    """Return the encoding of text, as `bytes.decode` takes it; "utf-8" where nothing says otherwise.

    Args:
        data: how the text starts; the mark, if there is one, is part of the text.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    start = data[: min(len(data), _LOOKED_AT) // 2 * 2]
    if len(start) >= 8:
        even, odd = start[::2].count(0), start[1::2].count(0)
        if odd > len(start) * 0.35 and even == 0:
            return "utf-16-le"
        if even > len(start) * 0.35 and odd == 0:
            return "utf-16-be"
    return "utf-8"
