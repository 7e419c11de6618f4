"""What an engine looks for, with any digit in place of every digit: text without it is clean whatever its digits are.

Programs say the same sentence again and again with other numbers. When no entry occurs in one of them, and none would
with other digits of the same count, the others need no scan.
"""

import re
import string
from typing import Final

from narration_core.redaction._engines import Entry

_ANY: Final = "[0-9]"
_TOKEN: Final = re.compile(
    r"""(?sx) \\x[0-9a-fA-F]{2} | \\.        # one character, or a class such as \w
        | \{[0-9,]+\}                        # how often
        | (?P<set> \[ \^? (?:\\.|[^\]\\])+ \])
        | (?P<digit> [0-9])
        | .
    """
)


def _any_digit(token: re.Match[str]) -> str:
    if token["digit"]:
        return _ANY
    if token["set"]:
        matched = [digit for digit in string.digits if re.fullmatch(token["set"], digit)]
        if 0 < len(matched) < len(string.digits):
            return f"(?:{token['set']}|{_ANY})"
    return token[0]


def any_digits(entry: Entry) -> Entry | None:
    """Return an entry that occurs wherever this one would with other digits; None where it is the same.

    Args:
        entry: a literal or a shape.
    """
    shape = re.escape(entry.literal) if entry.literal else entry.shape
    loose = _TOKEN.sub(_any_digit, shape)
    return None if loose == shape else Entry(shape=loose, caseless=entry.caseless or bool(entry.literal))
