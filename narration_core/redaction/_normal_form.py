r"""Text as a reader would see it: every layer of encoding taken off, with a map back to the text as it was written.

Secrets are looked for in the text itself and in each form that `normal_forms` returns, so that no rule has to know that
`password` may be written `p\u0061ssword`, `%70assword`, `&#112;assword` or with a colour in the middle.
"""

import itertools
import re
import unicodedata
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final, NamedTuple

from narration_core._undisturbed import loaded
from narration_core.redaction._spans import Secret

MAX_LAYERS: Final = 5
"""How many encodings around each other are taken off."""

ENCODED: Final = r"[^\x09-\x0d\x1f-\x24\x27-\x5b\x5d-\x7e]|[a-z0-9][_\-][\r\n]{1,2}[\t ]*[A-Za-z0-9]{12}"
"""What every text with a normal form of its own has: controls, backslash, percent, ampersand, anything but ASCII; or
a token that goes on in the next line.

Told by what it is not, so that an engine that reads bytes and one that reads characters mean the same.
"""

_COLOUR: Final = r"(?:\x1b\[|\x9b)[0-9;:?]{0,32}[ -/]{0,4}[@-~]|\x1b[@-Z\\\]^_=>78]"
_CONTROL: Final = r"\x00-\x08\x0e-\x1a\x1c-\x1e\x7f"
# A search is fast when all that may start a match is one class of characters, or a few letters.
_UNSEEN: Final = rf"""(?xs) ( [{_CONTROL}\x1b\x1f\x80-\U0010ffff] (?:
    (?: (?<=\x1b) (?: \[[0-9;:?]{{0,32}}[ -/]{{0,4}}[@-~] | \][0-9]{{1,4}};[^\x00-\x1f]{{0,256}}\x07 | [()][0-9A-K] | [@-Z\\\]^_=>78] | (?=[\s -~]|\Z) )
        | (?<=\x9b) [0-9;:?]{{0,32}}[ -/]{{0,4}}[@-~]
        | (?<=[{_CONTROL}]) [{_CONTROL}]{{0,65535}}
        | (?<=\x1f) (?: (?<!\ \x1f) | (?!\ ) ) )                       # " \x1f " separates the texts of an event
  | (?<=[^\x00-\x7f]) [^\x00-\x7f]{{0,4095}} ) )
"""
_OVERSTRUCK: Final = rf"""(?xs) (
    {_COLOUR} | [^\n\x08]\x08 | [{_CONTROL}]{{1,65536}} | \x1b(?=[\s -~]|\Z) | (?<!\ )\x1f | \x1f(?!\ )
  | [^\x00-\x7f]{{1,4096}} )
"""
"""The same for a text with backspaces: bold, as a line printer writes it."""
# A line that ends with what may be the prefix of a token, before a line that starts like the rest of one.
_BROKEN: Final = r"""(?x)
    ( \n(?<=[a-z0-9][_\-]\n)[\t ]{0,16}(?=[A-Za-z0-9]{12}) | \r(?<=[a-z0-9][_\-]\r)\n[\t ]{0,16}(?=[A-Za-z0-9]{12})
        | \\(?<=[a-z0-9][_\-]\\)\r?\n[\t ]{0,16}(?=[A-Za-z0-9]{12}) )
"""
_SIGN: Final = r"""(?xs)
    \\ (?: (?P<backslashes> \\(?:\\\\){0,65535}(?:\\["'])? )
        | (?P<escape> ["'/nrtbf`]|e(?=\[)|033(?=\[) )
        | (?:u|x(?=[0-9a-fA-F]{2}(?![0-9a-fA-F]{2}\})))\{?(?P<code> (?<=u)[0-9a-fA-F]{4}|(?<=u\{)[0-9a-fA-F]{1,6}|(?<=x)[0-9a-fA-F]{2})\}?
        | U(?P<long> [0-9a-fA-F]{8} ) )
  | % (?: (?P<ascii> [0-7][0-9a-fA-F] )
        | u\{?(?P<point> (?<=u)[0-9a-fA-F]{4}|(?<=u\{)[0-9a-fA-F]{1,6})\}?
        | (?P<bytes> [cdCD][0-9a-fA-F]%[89abAB][0-9a-fA-F] | [eE][0-9a-fA-F](?:%[89abAB][0-9a-fA-F]){2} | [fF][0-7](?:%[89abAB][0-9a-fA-F]){3} ) )
  | & (?P<entity> (?:\#[0-9]{1,7}|\#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,8}); )
"""
_LAYER: Final = "(?xs)(" + re.sub(r"\(\?P<\w+>", "(?:", _SIGN.removeprefix("(?xs)")) + ")"
"""Every `_SIGN`, for a text that is split at them."""
_BREAKS: Final = ("_\n", "-\n", "_\r", "-\r", "\\\n", "\\\r")
"""One of these is wherever `_BROKEN` matches."""
_UNSEEN_BYTES: Final = bytes(code < 9 or 13 < code < 32 or code == 127 for code in range(256))
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "e": "\x1b", "033": "\x1b"}

# Letters of other scripts that look like Latin ones (Unicode TR 39, the ones that fonts draw alike).
_LOOK_ALIKE: Final = str.maketrans(
    "аеорсухѕіјӏԁԛԝһԍАВЕКМНОРСТУХЅІЈԌԚԜαοριυνκγϲϳΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹօսոցհɑɡıɩɪᴀʙᴄᴅᴇꜰɢʜᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢⲣⲟⲥⲁⲔⲢⲞⲤꓑꓮꓢꓪꓳꓣꓓꓰꓚ",
    "aeopcyxsijldqwhgABEKMHOPCTYXSIJGQWaopiuvkycjABEZHIKMNOPTYXCounghagiiiabcdefghjklmnoprstuvwyzpocaKPOCPASWORDEC",
)


class Form(NamedTuple):
    """A text with one or more layers of encoding taken off.

    Attributes:
        text: what is left.
        layers: for each layer, outermost first, where it was changed.
    """

    text: str
    layers: "tuple[_Layer, ...]"

    @property
    def in_place(self) -> bool:
        """Whether every character is where it was: only what it looks like changed."""
        return not any(layer.starts for layer in self.layers)

    def spans(self, found: list[Secret]) -> list[Secret]:
        """Return where pieces of this form stand in the text that it was made of; a replaced character counts whole.

        Args:
            found: the pieces.
        """
        return _moved(found, [(of.starts, of.ends, of.raw_starts, of.raw_ends) for of in reversed(self.layers)])

    def places(self, found: list[Secret]) -> list[Secret]:
        """Return where pieces of the text that this form was made of stand in it: what `spans` undoes.

        Args:
            found: the pieces.
        """
        return _moved(found, [(of.raw_starts, of.raw_ends, of.starts, of.ends) for of in self.layers])


class _Layer(NamedTuple):
    """Where a decoder replaced characters: place by place, in order."""

    starts: Sequence[int]
    ends: Sequence[int]
    raw_starts: Sequence[int]
    raw_ends: Sequence[int]


_Places = Sequence[int]


def _moved(found: list[Secret], steps: list[tuple[_Places, _Places, _Places, _Places]]) -> list[Secret]:
    """Return where pieces of a text stand in another one.

    Args:
        found: the pieces; none is empty.
        steps: from text to text: where pieces were replaced, from and to, and the same in the next text.
    """
    if not found:
        return []
    starts = [start for start, _, _ in found]
    ends = [end for _, end, _ in found]
    for from_starts, from_ends, to_starts, to_ends in steps:
        if not from_starts:
            continue
        # All at once: a text may have tens of thousands of secrets.
        indexes = map(bisect_right, itertools.repeat(from_starts), starts)
        starts = [
            (at if not i else to_starts[i - 1] if at < from_ends[i - 1] else to_ends[i - 1] + at - from_ends[i - 1])
            for i, at in zip(indexes, starts, strict=True)
        ]
        indexes = map(bisect_left, itertools.repeat(from_starts), ends)
        ends = [
            (at if not i else to_ends[i - 1] if at <= from_ends[i - 1] else to_ends[i - 1] + at - from_ends[i - 1])
            for i, at in zip(indexes, ends, strict=True)
        ]
    return list(map(Secret._make, zip(starts, ends, [rule for _, _, rule in found], strict=True)))


class _Folding(dict[int, str]):
    """What each character outside ASCII is looked at as, found out when it is met."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        folded = char if code < 0x80 else _folded(char)
        if len(self) > 50_000:
            self.clear()
        self[code] = folded
        return folded


# Signs that stand between a name and its value, or around it, as the ASCII ones that they look like.
_SIGNS: Final = {
    "\u2236": ":",
    "\ua789": ":",
    "\u2212": "-",
    "\u2022": "-",
    "\u00b7": "-",
    "\u2027": "-",
    "\u00a6": "|",
    "\u2039": "\u00ab",
    "\u203a": "\u00bb",
}


def _folded(char: str) -> str:
    if char in _SIGNS:
        return _SIGNS[char]
    kind = unicodedata.category(char)
    if kind in {"Cf", "Cc", "Cs", "Co"} or 0x300 <= ord(char) <= 0x36F or unicodedata.name(char, "").endswith("FILLER"):
        return " " if char in "\x85\u2028\u2029" else ""
    if kind in {"Zs", "Zl", "Zp"}:
        return " "
    if kind == "Pd":
        return "-"
    apart = unicodedata.normalize("NFKD", char)
    if apart[0].isascii() and not apart.isascii():
        apart = "".join(filter(str.isascii, apart))  # an accent never changes which name it is
    return apart if apart.isascii() else unicodedata.normalize("NFKC", char)


_folding: Final = _Folding()


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def without_colours(text: str) -> str:
    """Return text with blanks in place of what colours a terminal, every other character at its place."""
    if "\x1b" not in text and "\x9b" not in text:
        return text
    return _compiled(_COLOUR).sub(lambda found: " " * len(found[0]), text)


def _plain(sign: str) -> str:
    """Return what a sign of an encoding stands for."""
    found = _compiled(_SIGN).match(f"{sign}[")  # as it stands in text: before a bracket, `\\e` is one
    kind = found.lastgroup if found is not None else None
    if kind is None or found is None:
        return sign
    text = found[0]
    if kind == "backslashes":
        return text[: (len(text) + 1) // 2 - 1] + text[-1]  # all that is JSON in JSON has a quote behind them
    if kind == "escape":
        return _ESCAPES.get(found["escape"], found["escape"])
    if kind == "ascii":
        return chr(int(text[1:], 16))
    if kind == "bytes":
        return bytes.fromhex(text.replace("%", "")).decode("utf-8", "replace")
    if kind == "entity":
        return str(loaded("html").unescape(text))  # text without entities never needs its tables
    code = int(found[kind], 16)
    return chr(code) if code < 0xD800 or 0xDFFF < code <= 0x10FFFF else "\ufffd"


def _looks_like(text: str) -> list[str]:
    """Return what each of some characters outside ASCII is looked at as."""
    pieces = [_folding[ord(char)] for char in text]
    letters = [char for piece in pieces for char in piece if not char.isascii() and char.isalpha()]
    if letters and all(ord(char) in _LOOK_ALIKE for char in letters):
        return [piece.translate(_LOOK_ALIKE) for piece in pieces]
    return pieces


_NOT_IN_PLACE: Final = rf"[{_CONTROL}\x1b\x1f\x80-\x9f]"
_WIDE: Final = r"[^\x00-\x7f]"
_LONG: Final = 1024
_FEW: Final = 48


def _in_place(text: str) -> str | None:
    """Return what a text is looked at as, when that is one character for each of its own; None when it is not.

    What `_without` finds out run by run, for a long text that is all words and no controls.

    Args:
        text: any text.
    """
    if len(text) < _LONG or len(set(text[:_LONG])) > _FEW or _compiled(_NOT_IN_PLACE).search(text):
        return None
    looks: dict[str, str] = {}
    rest = text
    while found := _compiled(_WIDE).search(rest):
        looks[found[0]] = look = _folding[ord(found[0])]
        if len(look) != 1 or len(looks) > _FEW:
            return None
        rest = rest.replace(found[0], "")
    folded = text
    for char, look in looks.items():
        if look != char:
            folded = folded.replace(char, look)  # each in a moment; `translate` asks for every character
    alike = [char for char, look in looks.items() if ord(look) in _LOOK_ALIKE]
    if not alike:
        return folded
    # A run is of one script when all of its letters look Latin.
    latin = [char for char, look in looks.items() if look.isascii() or not look.isalpha() or ord(look) in _LOOK_ALIKE]
    one = f"[{re.escape(''.join(latin))}]"  # first, because a search is fast where a match starts with one class
    run = rf"{one}(?<![^\x00-\x7f]{one}){one}*+(?![^\x00-\x7f])"
    pieces: list[str] = []
    done = 0
    for found in re.finditer(run, text):
        start, end = found.span()
        letters = folded[start:end]
        if not letters.isascii():
            pieces += (folded[done:start], letters.translate(_LOOK_ALIKE))
            done = end
    return "".join([*pieces, folded[done:]]) if pieces else folded


class _Decoded(dict[str, str]):
    """What each sign stands for, found out when it is met: a text says the same few signs again and again.

    Attributes:
        in_place: signs that are left, or of which every character is one character again.
        moved: runs outside ASCII of which that is not so, character by character.
    """

    def __init__(self, plain: Callable[[str], str]) -> None:
        super().__init__()
        self._plain = plain
        self.in_place: set[str] = set()
        self.moved: dict[str, list[str]] = {}

    def __missing__(self, sign: str) -> str:
        if sign[-1] <= "\x7f":
            decoded = self._plain(sign)
        else:
            pieces = _looks_like(sign)
            decoded = "".join(pieces)
            if all(len(piece) == 1 for piece in pieces):
                self.in_place.add(sign)
            elif decoded != sign:
                self.moved[sign] = pieces
        if decoded == sign:
            self.in_place.add(sign)
        self[sign] = decoded
        return decoded


def _gone(_: str) -> str:
    return ""


def _without(pattern: str, text: str) -> tuple[str, _Layer] | None:
    """Return a text with what a pattern finds decoded, and where; None when it finds nothing.

    Everything is done for all signs at once: a long text may have hundreds of thousands.

    Args:
        pattern: `_BROKEN`, `_UNSEEN`, `_OVERSTRUCK` or `_LAYER`.
        text: any text.
    """
    parts = _compiled(pattern).split(text)
    signs = parts[1::2]
    known = _Decoded(_plain if pattern is _LAYER else _gone)
    decoded = list(map(known.__getitem__, signs))
    if decoded == signs:
        return None
    lengths = list(map(len, parts))
    raw = array("q", itertools.accumulate(lengths))
    parts[1::2] = decoded
    lengths[1::2] = map(len, decoded)
    now = array("q", itertools.accumulate(lengths))
    layer = _Layer(now[:-1:2], now[1::2], raw[:-1:2], raw[1::2])
    if known.moved:
        layer = _by_character(signs, known, layer)
    elif known.in_place:
        noted = [sign not in known.in_place for sign in signs]
        layer = _Layer(*(array("q", itertools.compress(places, noted)) for places in layer))
    return "".join(parts), layer


def _by_character(signs: list[str], known: _Decoded, layer: _Layer) -> _Layer:
    """Return where characters were replaced, each character of a run outside ASCII on its own.

    Args:
        signs: what was replaced.
        known: what each sign stands for.
        layer: where.
    """
    starts, ends, raw_starts, raw_ends = (array("q") for _ in layer)
    for sign, start, end, raw_start, raw_end in zip(signs, *layer, strict=True):
        if sign in known.in_place:
            continue
        pieces = known.moved.get(sign)
        if pieces is None:
            starts.append(start)
            ends.append(end)
            raw_starts.append(raw_start)
            raw_ends.append(raw_end)
        else:
            reached = array("q", itertools.accumulate(map(len, pieces), initial=start))
            starts += reached[:-1]
            ends += reached[1:]
            raw_starts += array("q", range(raw_start, raw_end))
            raw_ends += array("q", range(raw_start + 1, raw_end + 1))
    return _Layer(starts, ends, raw_starts, raw_ends)


def _has_unseen(text: str) -> bool:
    """Tell whether a text may have something that a reader does not see, or sees as something else."""
    return not text.isascii() or 1 in text.encode().translate(_UNSEEN_BYTES)


def normal_forms(text: str) -> list[Form]:
    """Return a text with one layer of encoding taken off, with two, and so on; empty when it has no encoded part.

    What a reader does not see is dropped first: it may stand in the middle of an escape.

    Args:
        text: any text.
    """
    forms: list[Form] = []
    layers: tuple[_Layer, ...] = ()
    encodings = 0
    while True:
        decoded = None
        if _has_unseen(text):
            folded = _in_place(text)
            if folded is None:
                decoded = _without(_OVERSTRUCK if "\b" in text else _UNSEEN, text)
            elif folded != text:
                decoded = folded, _Layer((), (), (), ())
        if decoded is None and any(map(text.__contains__, _BREAKS)):
            decoded = _without(_BROKEN, text)
        if decoded is None and encodings < MAX_LAYERS:
            decoded = _without(_LAYER, text)
            encodings += 1
        if decoded is None:
            break
        text = decoded[0]
        layers = (*layers, decoded[1])
        forms.append(Form(text, layers))
    return forms


def normal(text: str) -> str:
    """Return a text with every layer of encoding taken off: a name as a reader would see it."""
    forms = normal_forms(text)
    return forms[-1].text if forms else text
