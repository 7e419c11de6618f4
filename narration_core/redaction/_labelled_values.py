"""Secrets in records that name them: the value stands beside a label, as in `{"type": "password", "content": "..."}`."""

import re
import sys
from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Final

from narration_core.redaction._policy import MARKER
from narration_core.redaction._rule import compiled
from narration_core.redaction._values import fits_held

IsSecret = Callable[[str], bool]
Place = tuple[int, int]

_LABELS: Final = ("name", "key", "field", "param", "header", "variable", "attribute", "property", "option", "setting", "column", "type", "path", "prop", "label")  # fmt: skip
_LABEL: Final = re.compile(
    rf"[kpnfhvaosctl](?<![\w.\-].)(?:{'|'.join(f'(?<={label[0]}){label[1:]}' for label in _LABELS)}"
    r"|(?<=p)(?:arameter|roperty_?(?:name|path))|(?<=f)ield_?name|(?<=c)olumn_?name|(?<=k)ey_?name|(?<=k))[\"'`]?\s{0,4}[:=]\s{0,4}[\"'`]?([a-z_][\w.\-]{1,63}+)[\"'`]?(?![\w.\-])",
    re.ASCII,
)
"""A label and the name that it gives, in a text of small letters."""
_SHORT_LABEL: Final = r"k[\"'`]?\s{0,4}[:=]"
_HELD: Final = re.compile(
    r"[vdcnoraipfbts](?<![\w.\-].)(?:(?<=v)al(?:ue)?|(?<=v)|(?<=d)ata|(?<=c)ontents?|(?<=d)efault|(?<=n)ew_?value|(?<=o)ld_?value|(?<=[rai])(?:(?<=r)ejected|(?<=a)ttempted|(?<=i)nvalid)_?value|(?<=c)urrent"
    r"|(?<=p)revious|(?<=c)onstant_?value|(?<=f)rom|(?<=t)o|(?<=b)efore|(?<=a)fter"
    r"|(?<=a)rgument|(?<=i)nput|(?<=s)tring_?value|(?<=f)ield_?value|(?<=p)arameter_?value)"
    r"[\"'`]?\s{0,4}[:=]\s{0,4}(?:\{\s{0,4}[\"'`]?(?:string|int|bytes|double)_?value[\"'`]?\s{0,4}:\s{0,4})?",
    re.ASCII,
)
"""What the value of a record stands under, in a text of small letters."""
_VALUE: Final = (
    r"(?P<quote>[\"'`])(?P<s>(?:[^\"'`\\\r\n]|\\.|(?!(?P=quote))[\"'`]){1,1024}+)|(?P<s>[^\s,;\"'`{}\[\]()]{4,512}+)"
)
_END_OF_RECORD: Final = re.compile(r"[{}\[\]\n;]")
_BESIDE: Final = 240


def find(text: str, low: str, is_secret: IsSecret) -> Iterator[Place]:
    """Yield the spans of values whose labels promise a secret.

    Args:
        text: the text.
        low: the same text with ASCII letters in lower case.
        is_secret: whether a name promises a secret.
    """
    labels = _labels(text, low, is_secret)
    held = _still_told(text, low) if labels else []
    if not held:
        return
    match = compiled(_VALUE).match
    starts = [start for start, _ in held]
    ends = [found.start() for found in _END_OF_RECORD.finditer(text)]
    judged: set[int] = set()  # records one after the other: each value is near several labels
    for label in labels:
        start, end = label.span()
        # The record ends where a bracket stands, or its line.
        index = bisect_left(ends, start)
        lowest = max(start - _BESIDE, ends[index - 1] if index else 0)
        first, last = bisect_left(starts, lowest), bisect_left(starts, min(end + _BESIDE, _after(ends, end)))
        if first == last or not is_secret(text[slice(*label.span(1))]):
            continue
        for number in range(first, last):
            if number in judged:
                continue
            value = match(text, held[number][1])
            if value is None:
                judged.add(number)
            elif value.end() <= start or starts[number] >= end:
                judged.add(number)
                if value["s"] != MARKER and fits_held(value["s"], quoted=value["quote"] is not None):
                    yield value.span("s")


def may_have(text: str) -> bool:
    """Tell whether a text may have a label and a value beside it."""
    if "=" in text or '"' in text or "'" in text:
        return text.count("=") + text.count(":") > 1  # a label has one, its value another
    return text.count(": ") > 1


def _labels(text: str, low: str, is_secret: IsSecret) -> list[re.Match[str]]:
    """Return the labels in a text; none when none of them gives a secret's name."""
    if not any(map(low.__contains__, _LABELS)) and ("k" not in low or compiled(_SHORT_LABEL).search(low) is None):
        return []  # told three times as fast as by the pattern of a label
    labels = list(_LABEL.finditer(low))
    return labels if any(is_secret(text[slice(*label.span(1))]) for label in labels) else []


def _still_told(text: str, low: str) -> list[Place]:
    """Return what values of records stand under, but for those that are hidden."""
    held = [found.span() for found in _HELD.finditer(low)]
    if MARKER not in text:
        return held
    return [(at, to) for at, to in held if not (text.startswith(MARKER, to) or text.startswith(MARKER, to + 1))]


def _after(places: list[int], at: int) -> int:
    """Return the first of some places, in order, that is not before a place; that of no text where there is none."""
    index = bisect_left(places, at)
    return places[index] if index < len(places) else sys.maxsize
