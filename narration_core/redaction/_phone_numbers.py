"""What makes digits a telephone number: the lengths of each country's numbers and the layouts that people write."""

import re
from typing import Final

# National (significant) numbers by calling code: fewest and most digits (ITU-T E.164, national numbering plans).
_LENGTHS: Final = {
    code: (least, most)
    for (least, most), codes in {
        (10, 10): "1 7 30 52 57 58 90 91 92 98",
        (8, 10): "20 60 63 64 82 95",
        (9, 9): "27 31 33 34 40 41 48 56 61 93 94",
        (8, 9): "32 36 51 65 66",
        (6, 11): "39",
        (7, 13): "43",
        (9, 10): "44 81 84",
        (8, 8): "45 47 53",
        (7, 10): "46",
        (6, 12): "49 62",
        (10, 11): "54 55 86",
    }.items()
    for code in codes.split()
}
_OTHER: Final = (7, 12)
"""Countries whose calling code has three digits."""
_NOT_DIGIT: Final = re.compile(r"\D")


_NAME: Final = re.compile(
    r"(?:^|[_.\-\s])(?:tele?)?(?:phone|mobile|msisdn|fax|tel|gsm|whatsapp|telefon|handy)(?:[_ \-]?(?:number|num|no|nr))?$"
    r"|[a-z](?:Phone|Mobile|Fax)(?:Number|Num|No|Nr)?$|^(?:phone|mobile|fax)(?:Number|Num|No|Nr)$",
)
_DIALLED: Final = re.compile(r"[+(]?\d[\d ().\-/]{6,22}\d")
_DATE: Final = re.compile(
    r"(?:19|20)\d\d[-./ ]\d\d?[-./ ]\d\d?|\d\d?[./-]\d\d?[./-](?:19|20)\d\d|\d{1,3}(?:\.\d{1,3}){3}(?![.\d])"
)


def names_a_phone(name: str) -> bool:
    """Tell whether a name says that a telephone number stands under it: `phone`, `mobile_number`, `homePhone`.

    Args:
        name: a key of a mapping.
    """
    return _NAME.search(name) is not None or (name.isupper() and _NAME.search(name.lower()) is not None)


def dialled(text: str) -> bool:
    """Tell whether all of a text can be a telephone number; its name says that it is one.

    Args:
        text: what stands under the name.
    """
    return _DIALLED.fullmatch(text) is not None and 8 <= len(_digits(text)) <= 15 and _DATE.match(text) is None


def _digits(text: str) -> str:
    return _NOT_DIGIT.sub("", text)


def plausible_international(text: str) -> bool:
    """Tell whether text such as `+44 20 7946 0018` has a calling code and the number of digits of its country.

    Args:
        text: from the `+` or the `00` to the last digit.
    """
    if text.count(".") == 1 and not re.search(r"[ ()\-]", text):
        return False  # a signed decimal: +12.65
    number = _digits(text.removeprefix("00") if text.startswith("00") else text)
    if number.startswith("1"):
        return len(number) == 11 and number[1] > "1" and number[4] > "1"
    for size in (1, 2):
        lengths = _LENGTHS.get(number[:size])
        if lengths is not None:
            # A zero in brackets, as in +44 (0)20, is written but not dialled.
            return lengths[0] <= len(number) - size - text.count("(0)") <= lengths[1]
    return _OTHER[0] <= len(number) - 3 <= _OTHER[1]


def plausible_national(text: str) -> bool:
    """Tell whether text that a word such as "call" introduces is laid out like a telephone number.

    Args:
        text: digits and what stands between them.
    """
    number = _digits(text)
    if not 8 <= len(number) <= 15 or (text.count(".") == 1 and not re.search(r"[ ()\-]", text)):
        return False
    pieces = re.findall(r"\d+", text)
    if len(pieces) == 1:
        return (number[0] == "0" and len(number) in {10, 11}) or re.fullmatch(
            r"1?[2-9]\d{2}[2-9]\d{6}|1[3-9]\d{9}", number
        ) is not None
    if len(pieces) == 2 and re.fullmatch(r"3\d\d[ \-/]\d{6,7}", text):  # of Italian mobiles
        return True
    return text[0] in "(+" or number[0] in "01" or len(pieces) > 2 or (number[0] == "8" and "(" in text)
